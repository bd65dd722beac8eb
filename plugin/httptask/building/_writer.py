"""Writing the values outside the body as the endpoint describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer
from httptask._http.media_types import FORM, essence, is_json
from httptask._http.syntax import FRAMING
from httptask.building._bodies import body, chosen
from httptask.building._escaping import (
    ESCAPED,
    RESERVED,
    Encode,
    UnwritableError,
    cookie_as_it_is,
    encoded,
)
from httptask.building._fields import Described
from httptask.building._references import Path, is_pairs
from httptask.building._styles import DEFAULTS, written
from httptask.errors import Problem, SettingsError
from httptask.model.api import PARAMETER_GROUPS, Endpoint, MediaType, Parameter
from httptask.model.exchange import StreamedBody

_MOST_CACHED, _LONGEST_CACHED = 256, 64
"""The most values whose text is cached, and the most characters of such a value."""

_NOT_IN_A_HEADER = re.compile(r"[^\x20-\x7e]")


def refused_at(at: str, code: str, **params: Any) -> SettingsError:
    """Return the error for the value at the pointer *at*, which cannot be sent."""
    return SettingsError([Problem.of(code, at, **params)])


def described_framing(endpoint: Endpoint | None) -> frozenset[str]:
    """Return the framing headers, in lower case, that *endpoint* describes as parameters.

    These headers are set when the request is written. The author's value for a described header is
    ignored rather than refused: the author followed the description. `Host` is never returned: it
    decides where the request goes, which only an operator may change.
    """
    parameters = endpoint.parameters if endpoint is not None else ()
    names = {parameter.name.lower() for parameter in parameters if parameter.location == "header"}
    return (FRAMING - {"host"}) & names


class Writer:
    """Writes the values outside the body as the endpoint describes them."""

    def __init__(self, endpoint: Endpoint | None, at: str) -> None:
        self.at = at
        self._definitions = endpoint.definitions if endpoint is not None else {}
        self._described_parameters = {
            _key(parameter.location, parameter.name): parameter
            for parameter in (endpoint.parameters if endpoint else ())
        }
        self._texts: dict[tuple[str, str, str | int], str] = {}
        """A cache for short values: most values are the same in every run of a task."""
        self.framing = described_framing(endpoint)
        whole = [
            parameter
            for parameter in self._described_parameters.values()
            if parameter.location == "querystring"
        ]
        self.querystring = whole[0] if whole else None

    def is_described(self, location: str, name: str) -> bool:
        """Say whether the endpoint describes the parameter *name* in *location*."""
        return _key(location, name) in self._described_parameters

    def written(
        self,
        location: str,
        name: str,
        value: Any,
        path: Path | None = None,
    ) -> str:
        """Write *value* of the parameter *name* for *location*; "" when nothing is to be sent.

        *path* leads to the value in its group; None: the path is the name. Raises `SettingsError`.
        """
        is_short = type(value) is str and len(value) <= _LONGEST_CACHED
        if not is_short and type(value) is not int:
            return self._written(location, name, value, path)
        # 1 and True are equal as keys, and so are 1 and 1.0: only str and int themselves are
        # cached.
        key = location, name, value
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) >= _MOST_CACHED:
                self._texts.clear()
            text = self._texts[key] = self._written(location, name, value, path)
        return text

    def _written(
        self,
        location: str,
        name: str,
        value: Any,
        path: Path | None,
    ) -> str:
        """Write *value* as the described parameter *name*, or by the default style of
        *location*.
        """
        parameter = self._described_parameters.get(_key(location, name))
        is_plain = type(value) is str or (type(value) is int and value.bit_length() <= 64)
        if parameter is None and location == "query" and value != "" and is_plain:
            escape = ESCAPED["query"]  # fast path: an undescribed parameter has the style form
            return f"{escape(name)}={escape(str(value))}"
        if parameter is None:
            # In an undescribed cookie, each item of an array is a separate cookie.
            style = "cookie" if location == "cookie" else None
            parameter = Parameter(name, location, style=style)
        try:
            return self._described(parameter, name, value)
        except UnwritableError as error:
            steps = (PARAMETER_GROUPS[location], *(path or (name,)))
            raise SettingsError([error.problem(pointer(steps, self.at))]) from error

    def query(self, value: Any) -> str:
        """Write *value* as the whole query.

        The query is serialised as a media type if the endpoint describes one (OpenAPI 3.2,
        `in: querystring`), else as parameters. Raises `SettingsError`.
        """
        if self.querystring is None:
            return "&".join([text for text in self._parameters(value) if text])
        media_type = self.querystring.media_type or FORM
        try:
            text = self._serialised(value, self.querystring, media_type)
        except UnwritableError as error:
            raise SettingsError([error.problem(pointer(["query"], self.at))]) from error
        if essence(media_type) == FORM and isinstance(value, dict):
            return text
        return ESCAPED["query"](text)

    def _parameters(self, value: Any) -> Iterator[str]:
        """Yield the text of each parameter of the query *value*.

        *value* is an object, or a list of names and values, whose order is kept.
        """
        if isinstance(value, dict | Mapping):
            for name, item in value.items():
                yield self.written("query", name, item)
        elif is_pairs(value):
            for index, (name, item) in enumerate(value):
                if item is not None:
                    yield self.written("query", name, item, (index, 1))
        elif value != []:
            raise refused_at(
                pointer(["query"], self.at),
                "query-type",
                example='[["a", "1"], ["a", "2"]]',
            )

    def _described(self, parameter: Parameter, name: str, value: Any) -> str:
        """Write *value* as *parameter* describes: as a media type, or by a style."""
        location = parameter.location
        style = parameter.style or DEFAULTS[parameter.location]
        if parameter.media_type is not None:
            text = self._serialised(value, parameter, parameter.media_type)
            if location == "header" and is_json(parameter.media_type):
                text = _NOT_IN_A_HEADER.sub(_json_escape, text)
            # JSON contains characters that are not allowed in a cookie: percent-encode them.
            escape = encoded if location == "cookie" else ESCAPED[location]
            return written(name, text, location, DEFAULTS[location], None, escape)
        encode: Encode = (RESERVED if parameter.allow_reserved else ESCAPED)[location]
        if style == "cookie":
            encode = cookie_as_it_is
        return written(
            name,
            value,
            location,
            style,
            parameter.explode,
            encode,
            parameter.item_delimiters,
        )

    def _serialised(self, value: Any, parameter: Parameter, media_type: str) -> str:
        """Serialise *value* as *media_type*, which may be a range.

        Raises `UnwritableError`.
        """
        described = MediaType(parameter.schema, parameter.encoding)
        # Without a charset: the charset of a URL is UTF-8.
        content_type = essence(chosen(value, {media_type: described}))
        content = body(value, content_type, Described(described, self._definitions)).content
        if isinstance(content, StreamedBody):
            raise UnwritableError("unwritable-file")
        return content.decode("utf-8")


def _key(location: str, name: str) -> tuple[str, str]:
    # The names of headers are case-insensitive.
    return location, name.lower() if location == "header" else name


def _json_escape(match: re.Match[str]) -> str:
    """Return the JSON escape of a character, in UTF-16 (RFC 8259, section 7).

    This is correct anywhere in a JSON text: characters outside ASCII are only in strings.
    """
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
