"""Find the endpoint of the catalogue for a pasted request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from httptask._http.syntax import PLACEHOLDER
from httptask.errors import UnknownEndpointError
from httptask.interchange._blanks import Blanks
from httptask.model.api import Endpoint

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue

_MOST_HITS = 60
_MOST_OTHERS = 5
_SERVER = re.compile(r"(?i)(https?)://([^/]*)(.*)", re.DOTALL)
_DEFAULT_PORT = re.compile(r":(?:80|443)\Z")


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint with the parts of a URL that fits it."""

    endpoint: Endpoint
    server: str
    """The part of the URL before the endpoint's path."""
    path_values: Mapping[str, str]
    """Name of a path parameter -> its value, percent-encoded."""
    fixed: int
    """The number of fixed characters in the path template. The more, the more specific."""


class Matching:
    """Finds endpoints in *catalogue*, with a cache of endpoints and searches."""

    def __init__(self, catalogue: Catalogue | None, blanks: Blanks) -> None:
        self._catalogue = catalogue
        self._blanks = blanks
        self._endpoints: dict[str, Endpoint | None] = {}
        self._hits: dict[tuple[str, str], list[str]] = {}

    def best(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str],
    ) -> Match | None:
        """Return the most specific endpoint for *method* and *url*, or None.

        Method, server and path must fit. An endpoint without servers fits on every server if its
        path is the whole path of *url*. *parameters* are the values of path parameters in *url*.
        """
        address = url.partition("?")[0]
        matches: list[Match] = []
        for endpoint in self._candidates(method, address):
            match = fitting(endpoint, method, url, parameters, self._blanks)
            if match is not None:
                matches.append(match)
        if not matches:
            return None
        # An endpoint whose server fits is more certain than one that fits on every server.
        matches.sort(key=lambda match: (bool(match.endpoint.servers), match.fixed), reverse=True)
        first = matches[0]
        is_open = self._blanks.in_text(first.server)
        if is_open and len({match.endpoint.id for match in matches}) > 1:
            return None  # the server is a blank, so that any of the endpoints may be meant
        return first

    def others(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str],
        best: Match | None,
    ) -> tuple[Endpoint, ...]:
        """Return other endpoints that may be meant: *url* fits them on any server."""
        candidates = (
            endpoint
            for endpoint in self._candidates(method, url.partition("?")[0])
            if (best is None or endpoint.id != best.endpoint.id)
            and fitting(endpoint, method, url, parameters, self._blanks, anywhere=True)
        )
        return tuple(islice(candidates, _MOST_OTHERS))

    def _candidates(self, method: str, address: str) -> Iterator[Endpoint]:
        """Yield endpoints that a search in the catalogue for *address* finds."""
        if self._catalogue is None:
            return
        query = PLACEHOLDER.sub("x", address)
        server = re.match(r"(?:[^/]*//)?[^/]*", query)
        if server is None or self._blanks.in_text(server[0]):
            query = query[server.end() if server else 0 :]
        key = (method, re.sub(r"\d+", "0", query))
        if key not in self._hits:
            hits = []
            if query:
                hits = self._catalogue.search(query, method=method, limit=_MOST_HITS)
            self._hits[key] = [hit.id for hit in hits]
        for endpoint_id in self._hits[key]:
            endpoint = self._endpoint(endpoint_id)
            if endpoint is not None:
                yield endpoint

    def _endpoint(self, endpoint_id: str) -> Endpoint | None:
        if endpoint_id not in self._endpoints and self._catalogue is not None:
            try:
                self._endpoints[endpoint_id] = self._catalogue.get(endpoint_id)
            except UnknownEndpointError:  # removed meanwhile
                self._endpoints[endpoint_id] = None
        return self._endpoints.get(endpoint_id)


def fitting(
    endpoint: Endpoint,
    method: str,
    url: str,
    parameters: Mapping[str, str],
    blanks: Blanks,
    *,
    anywhere: bool = False,
) -> Match | None:
    """Match *method* and *url* with *endpoint*; return None if they do not fit.

    With *anywhere*, any server fits: use it if the user has chosen the endpoint.
    """
    if endpoint.method != method:
        return None
    address, _, query = url.partition("?")
    target, _, fixed_query = endpoint.target.partition("?")
    # Some APIs tell their operations apart by the query alone, such as `?Action=ListUsers`.
    fixed_pairs = set(fixed_query.split("&")) if fixed_query else set()
    if not fixed_pairs <= set(query.split("&")):
        return None
    names = PLACEHOLDER.findall(target)
    own_path = _pattern(target)
    for server in _server_patterns(endpoint, blanks, anywhere=anywhere):
        match = re.fullmatch(f"(?P<server>{server}){own_path}", address)
        if match is None:
            continue
        # The server's pattern has groups, too: those of the path are the last.
        texts = match.groups()[-len(names) :] if names else ()
        values = {
            name: _path_value(text, parameters) for name, text in zip(names, texts, strict=True)
        }
        fixed = len(PLACEHOLDER.sub("", target)) + len(fixed_query)
        return Match(endpoint, match["server"], values, fixed)
    return None


def _path_value(value: str, parameters: Mapping[str, str]) -> str:
    """Return *value*, or if it is a placeholder `{name}`, the value of *name* in *parameters*."""
    placeholder = PLACEHOLDER.fullmatch(value)
    if placeholder is not None:
        return parameters.get(placeholder[1], value)
    return value


def _pattern(target: str) -> str:
    pieces = re.split(r"\{[^{}]*\}", target)
    return "([^/]+)".join(map(re.escape, pieces))


def _server_patterns(
    endpoint: Endpoint,
    blanks: Blanks,
    *,
    anywhere: bool,
) -> Iterator[str]:
    """Yield regular expressions for the part of a URL before the path of *endpoint*."""
    for server in endpoint.servers:
        match = _SERVER.fullmatch(server.url)
        if match is None:
            continue
        scheme, host, path = match.groups()
        # A URL with the default port is the same URL without it (RFC 9110, section 4.2.3).
        host = _DEFAULT_PORT.sub("", host)
        port = ":443" if scheme.lower() == "https" else ":80"
        variables = dict(server.variables)
        yield (
            f"(?i:{scheme}://{_with_variables(host, variables)}(?:{port})?)"
            + _with_variables(path, variables)
        )
        yield _open_server(blanks) + f"(?:{_with_variables(path, variables)})?"
    yield _open_server(blanks)
    if anywhere or not endpoint.servers:
        yield r"(?i:https?)://[^/]*" + (".*?" if anywhere else "")


def _open_server(blanks: Blanks) -> str:
    """Return a regular expression for a server that is a blank, as `{{baseUrl}}`."""
    return rf"(?:https?://)?{blanks.pattern}(?::\d+)?"


def _with_variables(text: str, variables: Mapping[str, Any]) -> str:
    """Return a regular expression for *text* with any values of its server variables."""
    pieces = re.split(r"(\{[^{}]*\})", text)
    patterns = []
    for piece in pieces:
        if not piece.startswith("{"):
            patterns.append(re.escape(piece))
            continue
        values = variables.get(piece[1:-1], {}).get("enum")
        if isinstance(values, list) and values:
            alternatives = "|".join(re.escape(str(value)) for value in values)
            patterns.append(f"(?:{alternatives})")
        else:
            patterns.append("[^/]+")
    return "".join(patterns)
