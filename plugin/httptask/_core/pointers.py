"""JSON Pointers (RFC 6901), and finding the lines of a JSON text that they refer to."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from httptask._core.strict_json import TOKEN

Path = tuple[str | int, ...]
"""Names and indices that lead from the document's root to a value."""


def pointer(path: Iterable[str | int], base: str = "") -> str:
    """Return the JSON Pointer for *path* below the pointer *base* (RFC 6901, section 3)."""
    for part in path:
        base = f"{base}/{escaped(part if isinstance(part, str) else str(part))}"
    return base


def escaped(name: str) -> str:
    """Return *name* as a reference token (RFC 6901, section 3)."""
    if "~" not in name and "/" not in name:
        return name
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name in the reference *token* (RFC 6901, section 4)."""
    return token.replace("~1", "/").replace("~0", "~")


def parts(text: str) -> tuple[str, ...]:
    """Return the unescaped reference tokens of the JSON Pointer *text*; indices stay strings."""
    return tuple(map(unescaped, text.split("/")[1:]))


def last(text: str) -> str:
    """Return the name at the end of the JSON Pointer *text*."""
    return unescaped(text.rpartition("/")[2])


# At most nine digits: no list is longer, and converting a very long token would take time.
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def index(token: str, length: int) -> int | None:
    """Parse the reference *token* as an index of an array with *length* items (RFC 6901, section
    4).

    Returns None if it is not a valid index.
    """
    if not _INDEX.fullmatch(token) or int(token) >= length:
        return None
    return int(token)


def child(value: Any, token: str) -> Any:
    """Return the member or item of *value* that the reference *token* names, or None."""
    if isinstance(value, dict):
        return value.get(token)
    position = index(token, len(value)) if isinstance(value, list) else None
    if position is not None:
        return value[position]
    return None


def lines_of(text: str, pointers: Collection[str]) -> dict[str, int]:
    """Return the line, from 1, of each of *pointers* in the JSON *text*.

    It is the line of a member's name, or of an array's item. A pointer to a value that does not
    exist gets the line of its nearest existing parent. Text that is not JSON gives no lines. The
    text is read only once, so that thousands of problems are located quickly.
    """
    relevant = {parent for target in pointers for parent in _with_parents(target)}
    try:
        lines = _scan(text, relevant)
    except ValueError:  # not JSON
        return {}
    if not lines:
        return {}
    return {target: _nearest_line(target, lines) for target in pointers}


def _nearest_line(target: str, lines: dict[str, int]) -> int:
    return next(lines[parent] for parent in _with_parents(target) if parent in lines)


def _with_parents(target: str) -> Iterator[str]:
    """Yield the JSON Pointer *target*, then those of its parents up to the root."""
    while target:
        yield target
        target = target.rpartition("/")[0]
    yield ""


def _scan(text: str, relevant: Collection[str]) -> dict[str, int]:
    """Return the line of each of the *relevant* pointers that exists in the JSON *text*."""
    lines: dict[str, int] = {}
    # A stack with an entry for each open container: its pointer (None: nothing in it is relevant),
    # and for arrays the index of the next item (None for objects).
    opened: list[tuple[str | None, int | None]] = []
    current: str | None = ""  # the pointer of the next value
    line, counted = 1, 0
    is_named = False
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in ",:":
            continue
        line = line + text.count("\n", counted, token.start())
        counted = token.start()
        if mark in "}]":
            current, is_named = None, False
            if opened:
                opened.pop()
            continue
        if opened:
            parent, index = opened[-1]
            if index is not None:
                opened[-1] = (parent, index + 1)
                current = _below(parent, index, relevant)
            elif not is_named:
                current = _below(parent, json.loads(mark, strict=False), relevant)
                is_named = True
                if current is not None:
                    lines[current] = line
                continue
        is_named = False
        if current is not None:
            lines.setdefault(current, line)
        if mark in "{[":
            opened.append((current, 0 if mark == "[" else None))
    return lines


def _below(parent: str | None, key: str | int, relevant: Collection[str]) -> str | None:
    """Return the pointer of the member or item *key* of *parent* if it is *relevant*, or None."""
    if parent is None:
        return None
    member = pointer([key], parent)
    return member if member in relevant else None
