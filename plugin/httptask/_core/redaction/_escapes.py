"""The ways to escape characters: how escapes are written, and how they are undone."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache

from httptask._core.redaction._spellings import single_byte

_JSON_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\['\"\\/bfnrt]")
_PERCENT_ESCAPES = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_FORM_ESCAPES = re.compile(r"(?:\+|%[0-9a-fA-F]{2})+")
"""Escapes in a form: a space is a plus sign (the URL Standard, section 5.1).

Which other characters are escaped depends on the encoder.
"""
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
"""The named references for characters that HTML and XML must escape. For others, encoders use
numbers.
"""
_REFERENCES = re.compile(rf"(?i)&(?:#(\d{{1,7}})|#x([0-9a-f]{{1,6}})|({'|'.join(_ENTITIES)}));?")


_SHORT_ESCAPES = dict(zip("'\"\\/\b\f\n\r\t", "'\"\\/bfnrt", strict=True))
"""Character -> the character that follows the backslash in its short escape (RFC 8259, section 7).

JSON has no escape for an apostrophe, but Python and JavaScript have.
"""
_OF_SHORT_ESCAPE = {letter: character for character, letter in _SHORT_ESCAPES.items()}


def _json_characters(escapes: re.Match[str]) -> str:
    if escapes[0][1] != "u":
        return _OF_SHORT_ESCAPE[escapes[0][1]]
    return bytes.fromhex(escapes[0].replace("\\u", "")).decode("utf-16-be", "surrogatepass")


def _percent_characters(escapes: re.Match[str]) -> str:
    octets = bytes.fromhex(escapes[0].replace("%", "").replace("+", "20"))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _referenced_character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name:
        return _ENTITIES[name.lower()]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    if number <= sys.maxunicode:
        return chr(number)
    return ""


_Spelling = Callable[[str], tuple[str, ...]]
ESCAPES: tuple[tuple[str, _Spelling, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("\\", lambda character: _json_spellings(character), _JSON_ESCAPES, _json_characters),
    ("%", lambda character: (f"%{ord(character):02x}",), _PERCENT_ESCAPES, _percent_characters),
    (
        "+",
        lambda character: ("+",) if character == " " else (),
        _FORM_ESCAPES,
        _percent_characters,
    ),
    ("&", lambda _: ("&",), _REFERENCES, _referenced_character),
)
"""The ways to escape a character.

Each has the first character of its escapes, a function from a character to the possible starts of
its escape, a pattern for escapes, and a function from a match to the characters it stands for.
"""
MARKS = tuple(mark for mark, *_ in ESCAPES)
Escape = tuple[str, tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]]


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _json_spellings(character: str) -> tuple[str, ...]:
    letter = _SHORT_ESCAPES.get(character)
    if letter:
        return (_json_escape(character), f"\\{letter}")
    return (_json_escape(character),)


@lru_cache(maxsize=256)
def escaped(secret: str) -> re.Pattern[str]:
    """Return a pattern for *secret* in which any of the characters may be escaped."""
    return re.compile(
        "".join(f"(?:{'|'.join(_spellings(character))})" for character in secret), re.IGNORECASE
    )


def _spellings(character: str) -> Iterator[str]:
    """Yield patterns for *character* unescaped, and in each way to escape it."""
    octets = character.encode("utf-8", "surrogatepass")
    encodings = {octets, *single_byte(character)}
    as_text = {re.escape(encoded.decode("latin-1")) for encoded in encodings}
    yield from sorted(as_text | {re.escape(character)})
    for encoded in encodings:
        # In a URL within a URL, and in JSON within JSON, the escapes themselves are escaped.
        yield "".join(f"%(?:25){{0,64}}{octet:02x}" for octet in encoded)
    yield _json_escape(character).replace("\\", r"\\{1,64}")
    letter = _SHORT_ESCAPES.get(character)
    if letter:
        yield (r"\\{1,64}" if letter == "\\" else rf"\\{{1,64}}{letter}")
    yield rf"&#0*{ord(character)};?"
    yield rf"&#x0*{ord(character):x};?"
    yield from (f"&{name};?" for name, meaning in _ENTITIES.items() if meaning == character)
    if character == " ":
        yield r"\+"
