"""An environment: the addresses, variables and credentials with which a definition runs in one
place, such as `live` or `staging`.
"""

from __future__ import annotations

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
    """The address in a definition -> the address that its requests go to here. Each is an origin,
    or one with the beginning of a path.
    """
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Values of `$.variables`, over those of the definition."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """The name of a credential in a definition -> the name of the one that is used here."""
    colour: str | None = None
    """What a page marks it with: a word, or `#rrggbb`."""
    description: str = ""
    is_live: bool = False
    """Whether what is sent here is real; for people."""

    def address(self, url: str) -> str:
        """Return where a request to *url* goes here: the longest server that it begins with is
        replaced. Paths begin with one another segment by segment.
        """
        for server in sorted(self.servers, key=len, reverse=True):
            rest = rest_below(server, url)
            if rest is not None:
                return self.servers[server].rstrip("/") + rest
        return url

    def followed(self, url: str) -> str:
        """Return where a request to *url* goes here, which a server named: the next page, a job.

        A server that stands here names its own address, which is not replaced once more.
        """
        here = _longest_base(self.servers.values(), url)
        return url if here >= _longest_base(self.servers, url) else self.address(url)

    def credential_names(self, names: Any) -> Any:
        """Return *names*, what a task's `credentials` are, as they are called here."""
        if isinstance(names, list):
            return [self.credential_names(name) for name in names]
        return self.credentials.get(names, names) if isinstance(names, str) else names

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
        """Return the environment of which `to_json` made *value*."""
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
    """Return what of *url* follows the address *server*; None when it does not begin with it."""
    if origin(server) != origin(url):
        return None
    base, path = urlsplit(server).path.rstrip("/"), _after_origin(url)
    if not path.startswith(base):
        return None
    rest = path[len(base) :]
    return rest if not rest or rest[0] in "/?#" else None


def _longest_base(servers: Iterable[str], url: str) -> int:
    """Return the length of the longest path of *servers* that *url* begins with; -1: of none."""
    bases = (urlsplit(one).path.rstrip("/") for one in servers if rest_below(one, url) is not None)
    return max(map(len, bases), default=-1)


def _after_origin(url: str) -> str:
    """Return *url* from its path on."""
    after = url.partition("://")[2]
    end = next((index for index, sign in enumerate(after) if sign in "/?#"), len(after))
    return after[end:]
