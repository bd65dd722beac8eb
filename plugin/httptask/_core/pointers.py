"""JSON Pointers (RFC 6901), and the lines of a JSON text that they point at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from httptask._core.strict_json import TOKEN

Path = tuple[str | int, ...]
"""Keys and indices from the document's root."""


def pointer(path: Iterable[str | int], base: str = "") -> str:
    """Return *path* as a JSON Pointer below the pointer *base* (RFC 6901, section 3)."""
    for part in path:
        token = part if isinstance(part, str) else str(part)
        if "~" in token or "/" in token:
            token = token.replace("~", "~0").replace("/", "~1")
        base = f"{base}/{token}"
    return base


def parts(text: str) -> tuple[str, ...]:
    """Return the reference tokens of the JSON Pointer *text*; indices stay strings."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def child(value: Any, token: str) -> Any:
    """Return the member or the item of *value* that the pointer's *token* names; None when it has
    none.
    """
    if isinstance(value, dict):
        return value.get(token)
    if (
        isinstance(value, list)
        and token.isdecimal()
        and len(token) < 10
        and int(token) < len(value)
    ):
        return value[int(token)]
    return None


def lines_of(text: str, pointers: Collection[str]) -> dict[str, int]:
    """Return the line, from 1, of each of *pointers* in the JSON *text*: the place of its name, in
    an object, or of its value.

    A place that does not exist has the line of its nearest existing parent; text that is no JSON
    has no lines. There is one pass, however many are asked for: a definition with thousands of
    problems is reported as fast as it is read.
    """
    wanted = {parent for each in pointers for parent in _with_parents(each)}
    try:
        lines = _scan(text, wanted)
    except ValueError:  # not JSON: there is nothing to point at
        return {}
    return {
        each: next(lines[parent] for parent in _with_parents(each) if parent in lines)
        for each in pointers
        if lines
    }


def _with_parents(place: str) -> Iterator[str]:
    while place:
        yield place
        place = place.rpartition("/")[0]
    yield ""


def _scan(text: str, wanted: Collection[str]) -> dict[str, int]:
    lines: dict[str, int] = {}
    # One entry for each open container: its pointer (None: nothing in it is wanted), and its next
    # index, None in objects.
    opened: list[tuple[str | None, int | None]] = []
    here: str | None = ""  # the pointer of the value that comes next
    line, counted = 1, 0
    named = False
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in ",:":
            continue
        line, counted = line + text.count("\n", counted, token.start()), token.start()
        if mark in "}]":
            here, named = None, False
            if opened:
                opened.pop()
            continue
        if opened:
            parent, index = opened[-1]
            if index is not None:
                opened[-1] = (parent, index + 1)
                here = _below(parent, index, wanted)
            elif not named:
                here, named = _below(parent, json.loads(mark, strict=False), wanted), True
                if here is not None:
                    lines[here] = line
                continue
        named = False
        if here is not None:
            lines.setdefault(here, line)
        if mark in "{[":
            opened.append((here, 0 if mark == "[" else None))
    return lines


def _below(parent: str | None, key: str | int, wanted: Collection[str]) -> str | None:
    if parent is None:
        return None
    place = pointer([key], parent)
    return place if place in wanted else None
