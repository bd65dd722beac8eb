"""JSON Pointers (RFC 6901), and the lines of a JSON text that they point at."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from httptask._core.strict_json import TOKEN

Path = tuple[str | int, ...]
"""Keys and indices from the document's root."""


def pointer(path: Iterable[str | int], base: str = "") -> str:
    """Return *path* as a JSON Pointer below the pointer *base* (RFC 6901, section 3)."""
    for part in path:
        base = f"{base}/{escaped(part if isinstance(part, str) else str(part))}"
    return base


def escaped(name: str) -> str:
    """Return *name* as a reference token (RFC 6901, section 3)."""
    if "~" not in name and "/" not in name:
        return name
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name that the reference *token* stands for (RFC 6901, section 4)."""
    return token.replace("~1", "/").replace("~0", "~")


def parts(text: str) -> tuple[str, ...]:
    """Return the reference tokens of the JSON Pointer *text*; indices stay strings."""
    return tuple(map(unescaped, text.split("/")[1:]))


def last(text: str) -> str:
    """Return the name at the end of the JSON Pointer *text*."""
    return unescaped(text.rpartition("/")[2])


# No list is longer: `int` of a stranger's long token takes time.
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def index(token: str, length: int) -> int | None:
    """Return the index that the reference *token* is in an array of *length* (RFC 6901, section
    4); None: it is none.
    """
    if not _INDEX.fullmatch(token) or int(token) >= length:
        return None
    return int(token)


def child(value: Any, token: str) -> Any:
    """Return the member or item of *value* that the reference *token* names; None: it has none."""
    if isinstance(value, dict):
        return value.get(token)
    at = index(token, len(value)) if isinstance(value, list) else None
    return value[at] if at is not None else None


def lines_of(text: str, pointers: Collection[str]) -> dict[str, int]:
    """Return the line, from 1, of each of *pointers* in the JSON *text*.

    It is the line of a member's name, or of a value that has none. A pointer to nothing has the
    line of its nearest existing parent; text that is no JSON has no lines. There is one pass,
    however many pointers: a definition with thousands of problems is reported as fast as it is
    read.
    """
    relevant = {parent for target in pointers for parent in _with_parents(target)}
    try:
        lines = _scan(text, relevant)
    except ValueError:  # not JSON: there is nothing to point at
        return {}
    if not lines:
        return {}
    return {target: _nearest_line(target, lines) for target in pointers}


def _nearest_line(target: str, lines: dict[str, int]) -> int:
    return next(lines[parent] for parent in _with_parents(target) if parent in lines)


def _with_parents(target: str) -> Iterator[str]:
    """Yield the JSON Pointer *target* and those of all values around it, inner ones first."""
    while target:
        yield target
        target = target.rpartition("/")[0]
    yield ""


def _scan(text: str, relevant: Collection[str]) -> dict[str, int]:
    """Return the lines of the *relevant* pointers that exist in the JSON *text*."""
    lines: dict[str, int] = {}
    # One entry for each open container: its pointer (None: nothing in it is relevant), and its
    # next index, None in objects.
    opened: list[tuple[str | None, int | None]] = []
    current: str | None = ""  # the pointer of the next value
    line, counted = 1, 0
    named = False
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in ",:":
            continue
        line, counted = line + text.count("\n", counted, token.start()), token.start()
        if mark in "}]":
            current, named = None, False
            if opened:
                opened.pop()
            continue
        if opened:
            parent, index = opened[-1]
            if index is not None:
                opened[-1] = (parent, index + 1)
                current = _below(parent, index, relevant)
            elif not named:
                current, named = _below(parent, json.loads(mark, strict=False), relevant), True
                if current is not None:
                    lines[current] = line
                continue
        named = False
        if current is not None:
            lines.setdefault(current, line)
        if mark in "{[":
            opened.append((current, 0 if mark == "[" else None))
    return lines


def _below(parent: str | None, key: str | int, relevant: Collection[str]) -> str | None:
    """Return the pointer of the member *key* of *parent* if it is *relevant*."""
    if parent is None:
        return None
    member = pointer([key], parent)
    return member if member in relevant else None
