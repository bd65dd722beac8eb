"""Filling in the placeholders in the URL of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from httptask._core.pointers import pointer
from httptask._http.server_templates import fits
from httptask._http.syntax import PLACEHOLDER
from httptask.building._escaping import UnwritableError, leaving
from httptask.building._styles import scalar
from httptask.building._writer import Writer, refused_at
from httptask.errors import SettingsError
from httptask.model.api import Endpoint

_IN_URL = re.compile(r"((?:[^/?#]*//[^/?#]*)?)((?:\{[^{}]*\}|[^?#])*+)\??([^#]*)")
"""The server, path and query of a URL that may contain placeholders. The pattern matches any text.
"""
_SEGMENT = re.compile(r"(?:\{[^{}]*\}|[^/])++")
_CLIMBING = re.compile(r"(?:^|[/\\])\.\.?(?:\Z|[/\\;])")
"""Dot segments (RFC 3986, section 5.2.4), in unescaped text.

A server may unescape the path first, read a backslash as a slash, and drop what follows `;`.
"""
# Characters that are valid there, and existing escapes, are kept as the author wrote them.
path_text = leaving("!$&'()*+,;=:@/-._~")
_query_text = leaving("!$&'()*+,;=:@/?-._~[]")


class UrlTemplate:
    """The URL of a request, with placeholders.

    The placeholders are filled in from the request's path parameters, and from the defaults of the
    server's variables.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        endpoint: Endpoint | None,
        writer: Writer,
    ) -> None:
        self._url: str = request["url"]
        self._values: Mapping[str, Any] = request.get("pathParameters", {})
        self._variables = endpoint.server_variables if endpoint is not None else {}
        self._writer = writer
        self.server, self.path, self.query = next(_IN_URL.finditer(self._url)).groups()

    def address(self) -> tuple[str, str]:
        """Return the server with the path, and the query in the URL's text."""
        try:
            server = PLACEHOLDER.sub(self.server_text, self.server)
            path = path_text(_SEGMENT.sub(self._segment, self.path) or "/")
        except UnwritableError as error:  # a server variable cannot be an array or object
            group_pointer = pointer(["pathParameters"], self._writer.at)
            raise SettingsError([error.problem(group_pointer)]) from error
        return server + path, self.own_query()

    def own_query(self) -> str:
        """Return the query in the URL's text, filled in and escaped."""
        return _query_text(PLACEHOLDER.sub(self._written, self.query))

    def server_text(self, match: re.Match[str]) -> str:
        """Return the text for the placeholder *match* of the server.

        Raises `SettingsError` for a value that would change the host, or contains dot segments.
        """
        text = self._text(match)
        before = PLACEHOLDER.sub(self._text, self.server[: match.start()])
        after = PLACEHOLDER.sub(self._text, self.server[match.end() :]) + self.path
        # Only a value from the description may be empty, or contain a slash (a base path).
        is_plain = bool(text) and "/" not in text
        if not fits(before, text, after) or not (is_plain or self._is_documented(match[1], text)):
            raise self._refused(match[1], "server-value", found=text[:60])
        if _CLIMBING.search(unquote(text[len(text.partition("/")[0]) :])):
            raise self._refused(match[1], "path-climbs", found=text[:60])
        return text

    def _segment(self, match: re.Match[str]) -> str:
        segment = PLACEHOLDER.sub(self.path_piece, match[0])
        if _CLIMBING.search(unquote(segment)):
            names = PLACEHOLDER.findall(match[0])
            raise self._refused(names[-1] if names else "", "path-climbs", found=segment)
        return segment

    def path_piece(self, match: re.Match[str]) -> str:
        """Return the text for the placeholder *match* of the path.

        Raises `SettingsError` for a value that is missing or empty.
        """
        text = self._text(match)
        if match[1] in self._variables:
            text = path_text(text)
        # Empty is allowed as a default in the description: there is no base path then.
        if not text and self._default(match[1]) != "":
            raise self._refused(match[1], "path-value-empty")
        return text

    def _text(self, match: re.Match[str]) -> str:
        # A server variable is a piece of the URL, and may contain slashes; a path parameter is one
        # escaped value (OpenAPI 3.2, sections 4.7 and 4.9).
        if match[1] in self._variables:
            return scalar(self._value(match[1]))
        return self._written(match)

    def _written(self, match: re.Match[str]) -> str:
        return self._writer.written("path", match[1], self._value(match[1]))

    def _value(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if "default" in self._variables.get(name, {}):
            return self._variables[name]["default"]
        raise refused_at(pointer(["url"], self._writer.at), "path-value-missing", name=name)

    def _is_documented(self, name: str, text: str) -> bool:
        variable = self._variables.get(name, {})
        return text == self._default(name) or text in map(scalar, variable.get("enum", ()))

    def _default(self, name: str) -> str | None:
        default = self._variables.get(name, {}).get("default")
        return None if default is None else scalar(default)

    def _refused(self, name: str, code: str, **params: Any) -> SettingsError:
        path = ["pathParameters", name] if name in self._values else ["url"]
        return refused_at(pointer(path, self._writer.at), code, **params)


def merged(own_query: str, query: str, writer: Writer) -> str:
    """Join *own_query*, the query in the URL's text, and *query*, which overrides equal names."""
    if not own_query or not query or writer.querystring is not None:
        return "&".join(filter(None, (own_query, query)))
    return "&".join([*filter(None, [overridden(own_query, query, writer)]), query])


def overridden(own_query: str, query: str, writer: Writer) -> str:
    """Return *own_query*, the query in the URL's text, without the names that *query* has."""
    if not query or writer.querystring is not None:
        return own_query
    names = {_name(pair) for pair in query.split("&")}
    return "&".join(pair for pair in own_query.split("&") if _name(pair) not in names)


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
