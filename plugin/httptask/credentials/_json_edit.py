"""Changes to one member of a JSON object in text: the others stay as they were written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=True)


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    start: int
    value_start: int
    end: int


def with_member(text: str, name: str, value: Any) -> str:
    """Return *text*, a JSON object, with *value* as its member *name*."""
    members, opening, closing = _members(text)
    indent = _indent(text, members, opening)
    written = json.dumps(value, indent=indent or None, ensure_ascii=False)
    if indent:
        written = written.replace("\n", "\n" + indent)
    for member in members:
        if member.name == name:
            return text[: member.value_start] + written + text[member.end :]
    separator = "\n" + indent if indent else " " if members else ""
    added = f"{separator}{json.dumps(name, ensure_ascii=False)}: {written}"
    if members:
        last = members[-1].end
        return f"{text[:last]},{added}{text[last:]}"
    return f"{text[: opening + 1]}{added}{chr(10) if indent else ''}{text[closing:]}"


def without_member(text: str, name: str) -> str:
    """Return *text*, a JSON object, without its member *name*."""
    members, opening, closing = _members(text)
    for number, member in enumerate(members):
        if member.name != name:
            continue
        if number + 1 < len(members):
            return text[: member.start] + text[members[number + 1].start :]
        if number:
            return text[: members[number - 1].end] + text[member.end :]
        return text[: opening + 1] + text[closing:]
    return text


def _members(text: str) -> tuple[list[_Member], int, int]:
    """Return the members of the object *text*, which has been read, and where its braces stand."""
    members: list[_Member] = []
    opening = _after_blanks(text, 1 if text.startswith("\ufeff") else 0)
    at = _after_blanks(text, opening + 1)
    while text[at] != "}":
        name, after = _DECODER.raw_decode(text, at)
        value_start = _after_blanks(text, _after_blanks(text, after) + 1)  # the colon
        _, end = _DECODER.raw_decode(text, value_start)
        members.append(_Member(name, at, value_start, end))
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return members, opening, at


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _indent(text: str, members: list[_Member], opening: int) -> str:
    """Return how far the members of *text* stand in; "" where all stand in one line."""
    if not members:
        return "  "
    between = text[opening + 1 : members[0].start]
    return between.rpartition("\n")[2] if "\n" in between else ""
