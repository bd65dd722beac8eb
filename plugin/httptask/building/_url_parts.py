"""Splitting the URL of a request into parts, each with the setting that the part comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from httptask._core.pointers import pointer
from httptask._http.syntax import PLACEHOLDER
from httptask.building._escaping import UnwritableError
from httptask.building._references import is_pairs
from httptask.building._url_template import UrlTemplate, overridden, path_text
from httptask.building._writer import Writer
from httptask.errors import SettingsError
from httptask.model.api import Endpoint


@dataclass(frozen=True, slots=True)
class UrlPart:
    """A part of a URL, as it is sent."""

    text: str
    pointer: str | None = None
    """The JSON Pointer of the setting that the part comes from; None: it is text of the URL
    setting.
    """
    is_missing: bool = False
    """Whether there is no value yet that can be sent; *text* is then the name in braces."""


def url_parts(
    request: Mapping[str, Any],
    endpoint: Endpoint | None = None,
    at: str = "",
) -> tuple[list[UrlPart], list[UrlPart]]:
    """Return the URL of *request* as two lists of parts: the server, and the path with the query.

    *request* is evaluated settings, which may be incomplete. For *endpoint* and *at* see `build`.
    The texts together are the URL that `build` makes. A value that is absent or cannot be
    written is a missing part.
    """
    parts = _UrlParts(request, endpoint, Writer(endpoint, at))
    return list(parts.server()), [*parts.path(), *parts.query()]


class _UrlParts:
    def __init__(
        self,
        request: Mapping[str, Any],
        endpoint: Endpoint | None,
        writer: Writer,
    ) -> None:
        url = request.get("url")
        values = request.get("pathParameters")
        self._template = UrlTemplate(
            {
                "url": url if isinstance(url, str) else "",
                "pathParameters": values if isinstance(values, Mapping) else {},
            },
            endpoint,
            writer,
        )
        self._query_setting = request.get("query")
        self._writer = writer
        self._required = [
            parameter.name
            for parameter in (endpoint.parameters if endpoint is not None else ())
            if parameter.location == "query" and parameter.required
        ]

    def server(self) -> Iterator[UrlPart]:
        template = self._template
        yield from self._filled(template.server, template.server_text)

    def path(self) -> Iterator[UrlPart]:
        template = self._template
        for part in self._filled(template.path or "/", template.path_piece):
            yield part if part.is_missing else replace(part, text=path_text(part.text))

    def _filled(self, text: str, fill: Callable[[re.Match[str]], str]) -> Iterator[UrlPart]:
        """Yield the parts of *text*; *fill* returns the text for a placeholder."""
        start = 0
        for match in PLACEHOLDER.finditer(text):
            yield from self._own(text[start : match.start()])
            value_pointer = pointer(["pathParameters", match[1]], self._writer.at)
            try:
                yield UrlPart(fill(match), value_pointer)
            except (SettingsError, UnwritableError):
                yield UrlPart(match[0], value_pointer, is_missing=True)
            start = match.end()
        yield from self._own(text[start:])

    @staticmethod
    def _own(text: str) -> Iterator[UrlPart]:
        if text:
            yield UrlPart(text)

    def query(self) -> Iterator[UrlPart]:
        """Yield the query with its `?`: first the pairs in the URL's text, then the pairs in the
        settings.
        """
        groups = [group for group in self._pairs() if group]
        own_query = self._own_query(
            "&".join("".join(part.text for part in group) for group in groups)
        )
        for index, group in enumerate([[UrlPart(own_query)], *groups] if own_query else groups):
            yield UrlPart("&" if index else "?")
            yield from group

    def _own_query(self, query: str) -> str:
        try:
            return overridden(self._template.own_query(), query, self._writer)
        except SettingsError:
            return self._template.query

    def _pairs(self) -> Iterator[list[UrlPart]]:
        """Yield the parts of each pair in the settings, then of each required query parameter
        without a value.
        """
        query = self._query_setting
        writer = self._writer
        if writer.querystring is not None:
            query_pointer = pointer(["query"], writer.at)
            write = partial(writer.query, {} if query is None else query)
            yield self._written(write, "", query_pointer)
            return
        names = query if isinstance(query, Mapping) else {}
        for name, value in names.items():
            yield self._pair(name, value, pointer(["query", name], writer.at))
        if isinstance(query, list) and is_pairs(query):
            for index, (name, value) in enumerate(query):
                if value is not None:
                    yield self._pair(name, value, pointer(["query", index, 1], writer.at))
            return
        for name in self._required:
            if name not in names:
                value_pointer = pointer(["query", name], writer.at)
                yield [UrlPart(f"{name}="), UrlPart(f"{{{name}}}", value_pointer, is_missing=True)]

    def _pair(self, name: str, value: Any, value_pointer: str) -> list[UrlPart]:
        write = partial(self._writer.written, "query", name, value)
        return self._written(write, name, value_pointer)

    def _written(
        self,
        write: Callable[[], str],
        name: str,
        value_pointer: str,
    ) -> list[UrlPart]:
        """Return the parts of the text that *write* returns, the value at *value_pointer*.

        A missing part, with *name* if there is one, if the value cannot be written.
        """
        try:
            text = write()
        except SettingsError:
            missing = UrlPart(f"{{{name}}}", value_pointer, is_missing=True)
            if name:
                return [UrlPart(f"{name}="), missing]
            return [missing]
        if not text:
            return []
        label, equals, value = text.partition("=")
        if not equals:
            return [UrlPart(text, value_pointer)]
        return [UrlPart(label + equals), UrlPart(value, value_pointer)]
