"""An environment: the addresses, variables and credentials for running a definition in one place,
such as `live` or `staging`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from httptask._http.syntax import origin
from httptask.model.nulls import without_nulls


@dataclass(frozen=True, slots=True)
class Environment:
    """A named set of server addresses, variables and credential names."""

    name: str
    servers: Mapping[str, str] = field(default_factory=dict)
    """Address in a definition -> the address that requests go to in this environment.

    An address is an origin, or an origin and the beginning of a path.
    """
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Values of `$.variables`; they override the values in the definition."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Name of a credential in a definition -> the name of the credential to use instead."""
    colour: str | None = None
    """The colour in which a page shows it: a name, or `#rrggbb`."""
    description: str = ""
    is_live: bool = False
    """Whether requests in this environment have real effects. Only shown to people."""

    def address(self, url: str) -> str:
        """Return the address in this environment for a request to *url*.

        The longest server address that begins *url* is replaced. Paths are compared in whole
        segments.
        """
        for server in sorted(self.servers, key=len, reverse=True):
            rest = rest_below(server, url)
            if rest is not None:
                return self.servers[server].rstrip("/") + rest
        return url

    def followed(self, url: str) -> str:
        """Return the address in this environment for *url*, which a server named: the next page, a
        job.

        A server of this environment names its own address, which must not be replaced a second
        time.
        """
        own_length = _longest_base(self.servers.values(), url)
        replaceable_length = _longest_base(self.servers, url)
        # The longer base is the more exact one: `/sandbox` may be below the server it replaces.
        if own_length >= replaceable_length:
            return url
        return self.address(url)

    def credential_names(self, names: Any) -> Any:
        """Return *names* (a task's `credentials`) translated to the names in this environment."""
        if isinstance(names, list):
            return [self.credential_names(name) for name in names]
        if isinstance(names, str):
            return self.credentials.get(names, names)
        return names

    def to_json(self) -> dict[str, Any]:
        """Return the environment as its file has it, with its name."""
        fields = {
            "name": self.name,
            "description": self.description or None,
            "colour": self.colour,
            "live": self.is_live or None,
            "servers": dict(self.servers) or None,
            "variables": dict(self.variables) or None,
            "credentials": dict(self.credentials) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the environment that `to_json` wrote as *value*."""
        value = without_nulls(value)
        return cls(
            value["name"],
            value.get("servers", {}),
            value.get("variables", {}),
            value.get("credentials", {}),
            value.get("colour"),
            value.get("description", ""),
            value.get("live", False),
        )


def rest_below(server: str, url: str) -> str | None:
    """Return the part of *url* after the address *server*; None if it does not begin with it."""
    if origin(server) != origin(url):
        return None
    base = urlsplit(server).path.rstrip("/")
    path = _after_origin(url)
    if not path.startswith(base):
        return None
    rest = path[len(base) :]
    # `/v10` does not begin with the segment `/v1`.
    if not rest or rest[0] in "/?#":
        return rest
    return None


def _longest_base(servers: Iterable[str], url: str) -> int:
    """Return the length of the longest path among *servers* that begin *url*; -1 if none does."""
    bases = (
        urlsplit(server).path.rstrip("/")
        for server in servers
        if rest_below(server, url) is not None
    )
    return max(map(len, bases), default=-1)


def _after_origin(url: str) -> str:
    """Return *url* without its scheme and authority."""
    after = url.partition("://")[2]
    # As text, because `urlsplit` may change what it takes apart, such as an empty query.
    authority = re.split(r"[/?#]", after, maxsplit=1)[0]
    return after[len(authority) :]
