"""Read JSON text whose large objects are parsed member by member, so that a bomb is never built.

The text stays in memory as bytes. One walk finds the position of each member of the large objects
and parses it, to check that it is valid JSON, not too large and not too deep. The parsed values are
cached up to a limit of memory; the others are parsed again when they are needed.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from httptask._core import pointers, strict_json
from httptask.errors import DescriptionError
from httptask.importers.documents._text import Text

MAX_MEMBER_BYTES = 2 * 1024 * 1024
"""The most bytes of a member: three times the largest path among 125,000 operations."""
MAX_MEMBERS = 100_000
"""The most members of all large objects together: four times the largest known description."""
MAX_NAME_BYTES = 64 * 1024
MAX_DEPTH = 200
"""The most levels of nesting in one member: far below Python's recursion limit of 1,000."""
MAX_CONTAINERS = 200_000
"""The most objects and arrays in one member. An empty one is 2 bytes of text and 60 in memory."""
MAX_DUPLICATES = 1_000
"""How many duplicate names are reported."""

_WINDOWS = (16 * 1024, 256 * 1024, MAX_MEMBER_BYTES + 1)
"""The sizes in bytes of the windows of text that are tried in turn to parse a member.

Most members are small, and a member that is too large must not be built.
"""
_BYTES_OF_BYTE = 3
_BYTES_OF_CONTAINER = 150
"""`_BYTES_OF_BYTE` and this: about the memory, in CPython, for each byte of text and each object or
array that was parsed."""
_MEMORY = 128 * 1024 * 1024
"""Bytes of memory for the cache of values that are read repeatedly: schemas, responses."""
_MEMORY_OF = {"/paths": 32 * 1024 * 1024, "/webhooks": 32 * 1024 * 1024}
"""The same for objects that are read once, in order: only references read a member again."""
_MEMORY_AHEAD = 32 * 1024 * 1024
"""The part of a cache, in bytes of memory, for values that the walk parsed and nobody read yet."""

_LEVELS = {
    "/paths": 1,
    "/webhooks": 1,
    "/components": 2,
    "/definitions": 1,
    "/parameters": 1,
    "/responses": 1,
}
"""Pointer of an object that is parsed member by member -> the number of levels of such objects,
itself included."""
_EXTENSION = "/x-"
"""Extensions at the top level are parsed member by member, too.

Nobody reads them, and some are larger than a member may be.
"""

_SPACE = re.compile(rb"[ \t\n\r]*+")
_NAME = re.compile(rb'"((?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+)"')
_VALUE_REFUSED = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|(-?(?:NaN|Infinity)|-?\d{300,}|-?[\d.]+[eE]\+?\d{3,})', re.DOTALL
)
"""A string, or (as group 1) a number that Python accepts but JSON does not have."""


_NAME_EXPECTED = f"a name in double quotes, of at most {MAX_NAME_BYTES // 1024} KB, was expected"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_DECODER = json.JSONDecoder(parse_constant=strict_json.no_constant, parse_float=strict_json.finite)

_DECODER_OF_CHECKED = json.JSONDecoder()
"""Parses text that `_DECODER` accepted before. Faster, because it does not check the numbers."""


class _ValueCache:
    """A cache of the values in *data* that were used last: about *budget* bytes of memory."""

    def __init__(self, data: bytes, budget: int) -> None:
        self._data = data
        self._budget = budget
        self._ahead = min(budget // 2, _MEMORY_AHEAD)
        self._values: OrderedDict[int, tuple[Any, int]] = OrderedDict()

    def offer(self, start: int, value: Any, size: int) -> None:
        """Cache *value*, parsed from the text at *start*, if the part for the walk has room."""
        if size <= self._ahead:
            self._ahead -= size
            self._budget -= size
            self._values[start] = value, size

    def value(self, start: int, end: int) -> Any:
        """Return the value of the text from *start* to *end*, from the cache or parsed again."""
        if start in self._values:
            self._values.move_to_end(start)
            return self._values[start][0]
        value, size = _built(self._data, start, end)
        self._values[start] = value, size
        self._budget -= size
        while self._budget < 0:
            _, (_, freed) = self._values.popitem(last=False)
            self._budget += freed
        return value


class Members(Mapping[str, Any]):
    """An object of the text, in document order. A member is parsed when it is read."""

    def __init__(self, start: int, build: Callable[[int, int], Any]) -> None:
        self.start = start
        """The position of the object in the text."""
        self.spans: dict[str, Span] = {}
        """Name -> span of the member. The last member of a name counts, as for `json.loads`."""
        self._build = build

    def __getitem__(self, name: str) -> Any:
        span = self.spans[name]
        if isinstance(span, Members):
            return span
        return self._build(*span)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the member *name*, or *default*. `Mapping.get` is slow: it uses an exception."""
        if name in self.spans:
            return self[name]
        return default

    def __iter__(self) -> Iterator[str]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)

    def __contains__(self, name: object) -> bool:
        return name in self.spans


Span = tuple[int, int] | Members
"""The start and end of a value in the text, or a `Members` if it is parsed member by member."""


class JsonText:
    """The JSON value in *text*, which is checked at once. Raises `DescriptionError`."""

    def __init__(self, text: Text, *, takes_array: bool = False) -> None:
        self._text = text
        self._data = text.data
        self._count = 0
        self._spelt: tuple[tuple[int, int], Any] | None = None
        """Cache of `text_of`: the last span, and its value with fractions as strings."""
        self.duplicates: list[str] = []
        """JSON Pointers of duplicate names in the objects that are parsed member by member."""
        self.notes: list[tuple[str, int]] = []
        """Guesses, as (sentence, line). Always empty: only YAML needs guesses."""
        start = self._space(text.start)
        cache = _ValueCache(self._data, _MEMORY)
        if takes_array and self._data[start : start + 1] == b"[":
            end = self._end(start, "", cache)
            self._span: Span = (start, end)
            self.root: Any = cache.value(start, end)
        else:
            self._expect(b"{", start, "the top level is no object; a description is one, `{…}`")
            self.root, end = self._object(start, "", cache)
            self._span = self.root
        end = self._space(end)
        if end < len(self._data):
            raise text.error("more text stands behind the end of the value", end)

    def text_of(self, tokens: tuple[str, ...], value: Any) -> str | None:
        """Return the spelling of *value* at *tokens* if it is a number with a fraction (`2.10`)."""
        if not isinstance(value, float):
            return None  # an integer has only one spelling in JSON
        span, remaining = self._nearest(tokens)
        if isinstance(span, Members):
            return None
        if self._spelt is None or self._spelt[0] != span:
            json_text = self._data[span[0] : span[1]].decode("utf-8")
            self._spelt = span, json.loads(json_text, parse_float=str)
        spelling = self._spelt[1]
        for token in remaining:
            spelling = pointers.child(spelling, token)
        if not isinstance(spelling, str) or _NUMBER.fullmatch(spelling) is None:
            return None
        return spelling if float(spelling) == value else None

    def line_of(self, tokens: tuple[str, ...]) -> int:
        """Return the line of the value at *tokens*, or of its nearest parent that exists."""
        span, remaining = self._nearest(tokens)
        if isinstance(span, Members):
            return self._text.line(span.start)
        return self._text.line_within(*span, remaining)

    def _nearest(self, tokens: tuple[str, ...]) -> tuple[Span, tuple[str, ...]]:
        """Follow *tokens* through `Members`; return the last span and the remaining tokens."""
        span = self._span
        while isinstance(span, Members) and tokens and tokens[0] in span.spans:
            span = span.spans[tokens[0]]
            tokens = tokens[1:]
        return span, tokens

    def _object(
        self,
        start: int,
        pointer: str,
        cache: _ValueCache,
        levels: int = 0,
    ) -> tuple[Members, int]:
        """Return the object at *start*, parsed member by member, and its end.

        Objects down to *levels* below it are parsed member by member, too.
        """
        members = Members(start, cache.value)
        position = self._space(start + 1)
        if self._data[position : position + 1] == b"}":
            return members, position + 1
        while True:
            name, position = self._name(position)
            member_pointer = pointers.pointer([name], pointer)
            # The last one wins, as in most parsers (RFC 8259, section 4), and is noted.
            if name in members and len(self.duplicates) < MAX_DUPLICATES:
                self.duplicates.append(member_pointer)
            members.spans[name], position = self._member(
                position,
                member_pointer,
                cache,
                levels or _levels(member_pointer),
            )
            position = self._space(position)
            if self._data[position : position + 1] == b"}":
                return members, position + 1
            self._expect(b",", position, "',' or '}' was expected")
            position = self._space(position + 1)

    def _member(
        self,
        start: int,
        pointer: str,
        cache: _ValueCache,
        levels: int,
    ) -> tuple[Span, int]:
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise self._text.error(
                f"the description holds more than {MAX_MEMBERS:,} paths, schemas and such", start
            )
        if levels and self._data[start : start + 1] == b"{":
            if pointer in _MEMORY_OF:
                cache = _ValueCache(self._data, _MEMORY_OF[pointer])
            return self._object(start, pointer, cache, levels - 1)
        end = self._end(start, pointer, cache)
        return (start, end), end

    def _name(self, position: int) -> tuple[str, int]:
        """Return the name at *position*, and the start of its value."""
        match = _NAME.match(self._data, position, position + MAX_NAME_BYTES)
        if match is None:
            raise self._text.error(_NAME_EXPECTED, position)
        try:
            name = json.loads(match[0]) if b"\\" in match[1] else match[1].decode("utf-8")
        except ValueError as error:
            raise self._text.error("an escape in this name is none of JSON's", position) from error
        position = self._space(match.end())
        self._expect(b":", position, "':' was expected")
        return name, self._space(position + 1)

    def _end(self, start: int, pointer: str, cache: _ValueCache) -> int:
        """Return the end of the value at *start*, after all checks that could fail later.

        The value is parsed from windows of the text of growing size, decoded as Latin-1: each byte
        is a character. This finds the right end because JSON's syntax is ASCII, whose bytes are
        never part of another UTF-8 character (RFC 3629, section 1). If all bytes are ASCII, the
        parsed value is right, too, and is offered to *cache*.
        """
        failure: tuple[int, str] | None = None
        for size in _WINDOWS:
            window = self._data[start : start + size].decode("latin-1")
            is_rest = start + size >= len(self._data)
            if (
                size > MAX_MEMBER_BYTES
                and _containers(self._data, start, start + size) > MAX_CONTAINERS
            ):
                raise self._text.error(
                    f"{pointer} holds more than {MAX_CONTAINERS:,} objects and arrays", start
                )
            try:
                value, end = _DECODER.raw_decode(window)
            except json.JSONDecodeError as error:
                # If a larger window has the same error, the text is wrong, not the window too
                # small. Except for a string without end: its error is always at its start.
                is_unterminated = error.msg.startswith("Unterminated")
                stays = failure == (error.pos, error.msg) and not is_unterminated
                if is_rest or stays:
                    raise self._text.error(_decoder_message(error), start + error.pos) from error
                failure = error.pos, error.msg
                continue
            except RecursionError as error:
                raise self._too_deep(start, pointer) from error
            except ValueError as error:
                # ValueError: a constant such as NaN, or an integer too long for Python to convert.
                raise self._text.error(_refusal(error), start + _refused_at(window)) from error
            if not is_rest and end == len(window):
                continue  # a number may continue after the window
            # Counting brackets is cheap, and nearly always shows that the depth is fine.
            containers = _containers(self._data, start, start + end)
            if containers > MAX_DEPTH and strict_json.deeper_than(value, MAX_DEPTH):
                raise self._too_deep(start, pointer)
            if window.isascii() or window[:end].isascii():
                cache.offer(start, value, _memory(end, containers))
            return start + end
        raise self._text.error(
            f"{pointer} is larger than {MAX_MEMBER_BYTES // 2**20} MB, or has a string without end",
            start,
        )

    def _too_deep(self, start: int, pointer: str) -> DescriptionError:
        return self._text.error(
            f"{pointer} is nested too deeply: more than {MAX_DEPTH} levels", start
        )

    def _expect(self, mark: bytes, position: int, message: str) -> None:
        if self._data[position : position + 1] != mark:
            raise self._text.error(message, position)

    def _space(self, position: int) -> int:
        """Return the end of the white space at *position*."""
        match = _SPACE.match(self._data, position)
        return match.end() if match else position


def _built(data: bytes, start: int, end: int) -> tuple[Any, int]:
    """Parse *data* from *start* to *end*, checked before; return the value and its memory."""
    size = _memory(end - start, _containers(data, start, end))
    return _DECODER_OF_CHECKED.decode(data[start:end].decode("utf-8")), size


def _containers(data: bytes, start: int, end: int) -> int:
    """Return an upper bound of the number of objects and arrays: brackets in strings count, too."""
    return data.count(b"{", start, end) + data.count(b"[", start, end)


def _memory(length: int, containers: int) -> int:
    """Estimate the memory of the value of *length* bytes of text with so many *containers*."""
    return _BYTES_OF_BYTE * length + _BYTES_OF_CONTAINER * containers


def _levels(pointer: str) -> int:
    """Return how many levels of objects at *pointer* are parsed member by member."""
    is_extension = pointer.startswith(_EXTENSION) and pointer.count("/") == 1
    if is_extension:
        return 1
    return _LEVELS.get(pointer, 0)


def _decoder_message(error: json.JSONDecodeError) -> str:
    """Return the decoder's message, with the character at which it stopped if that is visible."""
    character = error.doc[error.pos : error.pos + 1]
    message = error.msg[0].lower() + error.msg[1:]
    is_visible = character.isascii() and character.isprintable() and character.strip() != ""
    return f"{message}, found {character!r}" if is_visible else message


def _refusal(error: ValueError) -> str:
    if "digits" in str(error):
        return str(error).partition(":")[0]
    return str(error)


def _refused_at(window: str) -> int:
    """Return the position in *window* of the first number that is not JSON but Python accepts."""
    return next((match.start(1) for match in _VALUE_REFUSED.finditer(window) if match[1]), 0)
