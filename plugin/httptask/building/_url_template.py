"""The URL of a request whose placeholders are filled in from its settings."""

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
"""Server, path and query of a URL that may hold templates; it matches whatever there is."""
_SEGMENT = re.compile(r"(?:\{[^{}]*\}|[^/])++")
_CLIMBING = re.compile(r"(?:^|[/\\])\.\.?(?:\Z|[/\\;])")
"""Dot segments (RFC 3986, section 5.2.4), escaped ones included.

A receiver may unescape first, take a backslash for a slash, and drop what follows `;`.
"""
# What the author wrote into the URL stays: all that may stand there, and escapes.
path_text = leaving("!$&'()*+,;=:@/-._~")
_query_text = leaving("!$&'()*+,;=:@/?-._~[]")


class UrlTemplate:
    """The URL of a request, with placeholders.

    The request's path parameters fill them in, and the defaults of a server's variables.
    """

    def __init__(
        self, request: Mapping[str, Any], endpoint: Endpoint | None, writer: Writer
    ) -> None:
        self._url: str = request["url"]
        self._values: Mapping[str, Any] = request.get("pathParameters", {})
        self._variables = endpoint.server_variables if endpoint is not None else {}
        self._writer = writer
        self.server, self.path, self.query = next(_IN_URL.finditer(self._url)).groups()

    def address(self) -> tuple[str, str]:
        """Return server and path, and the query that stands in the URL's text."""
        try:
            server = PLACEHOLDER.sub(self.server_text, self.server)
            path = path_text(_SEGMENT.sub(self._segment, self.path) or "/")
        except UnwritableError as error:  # of a server's variable: it takes no array or object
            at = pointer(["pathParameters"], self._writer.at)
            raise SettingsError([error.problem(at)]) from error
        return server + path, self.own_query()

    def own_query(self) -> str:
        """Return the query that stands in the URL's text."""
        return _query_text(PLACEHOLDER.sub(self._written, self.query))

    def server_text(self, match: re.Match[str]) -> str:
        """Return what fills the placeholder *match* of the server.

        Raises `SettingsError` for a value that would move the host or climb out of the path.
        """
        text = self._text(match)
        before = PLACEHOLDER.sub(self._text, self.server[: match.start()])
        after = PLACEHOLDER.sub(self._text, self.server[match.end() :]) + self.path
        # A description may have no text here, or a base path right behind the host.
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
        """Return what fills the placeholder *match* of the path.

        Raises `SettingsError` for a value that is missing or empty.
        """
        text = self._text(match)
        if match[1] in self._variables:
            text = path_text(text)
        # The description may say that there is no base path.
        if not text and self._default(match[1]) != "":
            raise self._refused(match[1], "path-value-empty")
        return text

    def _text(self, match: re.Match[str]) -> str:
        # A server's variable stands for a piece of its address, slashes included; a path's for one
        # value (OpenAPI 3.2, sections 4.7 and 4.9).
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


def merged(text: str, query: str, writer: Writer) -> str:
    """Return the URL's own query *text* and then *query*, which overrides equal names."""
    if not text or not query or writer.querystring is not None:
        return "&".join(filter(None, (text, query)))
    return "&".join([*filter(None, [overridden(text, query, writer)]), query])


def overridden(text: str, query: str, writer: Writer) -> str:
    """Return the URL's own query *text* without the names that *query* has."""
    if not query or writer.querystring is not None:
        return text
    given_names = {_name(pair) for pair in query.split("&")}
    return "&".join(pair for pair in text.split("&") if _name(pair) not in given_names)


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
