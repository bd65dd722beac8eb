"""JSON text read strictly, JSON Pointers (RFC 6901), and the line a pointer points at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from json.decoder import scanstring  # the standard library's own string scanner, to skip strings as it reads them
from typing import Any

Path = tuple[str | int, ...]
"""Keys and indices from the document's root."""

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")


class JsonError(ValueError):
    """Text that is not JSON (RFC 8259): *message*, *line* and *column* from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


def parse(text: str | bytes) -> Any:
    """Return the value of JSON *text*.

    Stricter than `json.loads`: `NaN` and `Infinity` are refused, and so is an object with the same name twice, because
    one of the two would be lost (RFC 8259, section 4: names should be unique). Raises `JsonError`.
    """
    text = _decoded(text).removeprefix("\ufeff")
    duplicates: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            names = [name for name, _ in pairs]
            duplicates.extend(sorted({name for name in names if names.count(name) > 1}))
        return value

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON; use a number, a string or null")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise JsonError(_plain(error, text), error.lineno, error.colno) from error
    except RecursionError as error:
        raise JsonError("nested too deeply to be read", 1, 1) from error
    except ValueError as error:  # a constant, or an integer of more digits than Python converts
        raise JsonError(str(error), *_place_of_constant(text)) from error
    if duplicates:
        line, column = _place_of_second(text, duplicates[0])
        raise JsonError(f"the name {duplicates[0]!r} stands twice in one object; one would be lost", line, column)
    return value


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise JsonError("the text is not UTF-8", line, error.start - text.rfind(b"\n", 0, error.start)) from error


def dump(value: Any, *, indent: int | None = None) -> str:
    """Return *value* as JSON text; non-ASCII characters stand as themselves, lone surrogates are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return json.dumps(value, indent=indent, allow_nan=False)
    return text


def pointer(path: Iterable[str | int], base: str = "") -> str:
    """Return *path* as a JSON Pointer below the pointer *base* (RFC 6901, section 3)."""
    return base + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def parts(text: str) -> tuple[str, ...]:
    """Return the reference tokens of the JSON Pointer *text*; indices stay strings."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def line_of(text: str, target: str) -> int | None:
    """Return the line, from 1, on which the value at JSON Pointer *target* (its name, in an object) starts in *text*.

    Where the value does not exist, the line of its nearest existing parent; None for text that is not JSON.
    """
    try:
        position = _find(text, 0, parts(target))
    except (ValueError, IndexError, RecursionError):
        return None
    return text.count("\n", 0, position) + 1


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _find(text: str, at: int, tokens: tuple[str, ...]) -> int:
    at = start = _skip_space(text, at)
    if not tokens or text[at] not in "{[":
        return start
    closing, index = ("}" if text[at] == "{" else "]"), 0
    at = _skip_space(text, at + 1)
    while text[at] != closing:
        place, key = at, str(index)
        if closing == "}":
            key, at = scanstring(text, at + 1)
            at = _skip_space(text, at) + 1  # the colon
        if key == tokens[0]:
            return place if len(tokens) == 1 else max(place, _find(text, at, tokens[1:]))
        at = _skip_space(text, _skip_value(text, at))
        index += 1
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return start


def _skip_value(text: str, at: int) -> int:
    at = _skip_space(text, at)
    if text[at] == '"':
        return int(scanstring(text, at + 1)[1])
    if text[at] not in "{[":
        match = _SCALAR.match(text, at)
        if match is None:
            raise ValueError("not JSON")
        return match.end()
    depth = 0
    while True:
        if text[at] == '"':
            at = scanstring(text, at + 1)[1]
            continue
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return at


def _plain(error: json.JSONDecodeError, text: str) -> str:
    if not text.strip():
        return "the file is empty; JSON was expected"
    found = text[error.pos : error.pos + 1]
    message = error.msg[0].lower() + error.msg[1:]
    return f"{message}, found {found!r}" if found.strip() else message


def _place_of_constant(text: str) -> tuple[int, int]:
    match = re.search(r"(?<![\w\"])-?(?:NaN|Infinity)\b|\d{4000,}", text)
    position = match.start() if match else 0
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _place_of_second(text: str, name: str) -> tuple[int, int]:
    written = re.escape(json.dumps(name, ensure_ascii=False))
    matches = [match.start() for match in re.finditer(written + r"\s*:", text)]
    position = matches[1] if len(matches) > 1 else 0
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
