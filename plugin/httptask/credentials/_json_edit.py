"""Changing one member of a JSON object in its text; the rest of the text stays unchanged."""

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
    """Return *text*, a JSON object, with the member *name* set to *value*."""
    members, opening, closing = _members(text)
    indent = _indent(text, members, opening)
    value_text = json.dumps(value, indent=indent or None, ensure_ascii=False)
    if indent:
        value_text = value_text.replace("\n", "\n" + indent)
    for member in members:
        if member.name == name:
            return text[: member.value_start] + value_text + text[member.end :]
    separator = "\n" + indent if indent else " " if members else ""
    member_text = f"{separator}{json.dumps(name, ensure_ascii=False)}: {value_text}"
    if members:
        last = members[-1].end
        return f"{text[:last]},{member_text}{text[last:]}"
    return f"{text[: opening + 1]}{member_text}{chr(10) if indent else ''}{text[closing:]}"


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
    """Return the members of *text*, a valid JSON object, and the positions of its braces."""
    members: list[_Member] = []
    opening = _after_blanks(text, 1 if text.startswith("\ufeff") else 0)
    position = _after_blanks(text, opening + 1)
    while text[position] != "}":
        name, after = _DECODER.raw_decode(text, position)
        value_start = _after_blanks(text, _after_blanks(text, after) + 1)  # the colon
        _, end = _DECODER.raw_decode(text, value_start)
        members.append(_Member(name, position, value_start, end))
        position = _after_blanks(text, end)
        if text[position] == ",":
            position = _after_blanks(text, position + 1)
    return members, opening, position


def _after_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _indent(text: str, members: list[_Member], opening: int) -> str:
    """Return the indentation of the members of *text*; "" if the object is on one line."""
    if not members:
        return "  "
    between = text[opening + 1 : members[0].start]
    if "\n" in between:
        return between.rpartition("\n")[2]
    return ""
