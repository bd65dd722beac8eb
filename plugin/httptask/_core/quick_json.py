"""Parsing JSON with orjson, which is fast, if it keeps every digit of the numbers.

orjson converts a number to a 64-bit integer or a double, even if that changes its value. So it is
used only for texts in which all numbers are short and have no exponent; `strict_json` parses other
texts.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

UNREAD: Final = object()
"""Returned by `read` for a text that another parser must read."""

_LONG = b"0" * 17
"""A run of 17 digits and points, as `_SIGNS` maps them: such a number may be changed. A double
keeps 15 digits (IEEE 754, DBL_DIG), which with the point are 16 characters, and orjson keeps
integers of 16 digits.
"""
_SIGNS = bytes(
    ord("0") if sign in b"0123456789." else ord("e") if sign in b"eE" else ord(" ")
    for sign in range(256)
)
"""A table for `bytes.translate`: digits and points become `0`, the letters e and E become `e`, and
everything else becomes a space.
"""
_LONGEST = 1 << 20
"""The most characters of a text that is read here. For longer ones the copies take too long."""
_BEFORE_NUMBER = b"[:, \t\r\n"
_MOST_CHECKS = 100
"""The most places with a digit before an `e` that are checked. With more, the check takes longer
than orjson saves.
"""


def read(text: str) -> Any:
    """Parse the JSON *text*, or return `UNREAD`.

    `UNREAD` means that a number might be changed, or that the text is long, is not JSON (RFC 8259),
    or is nested deeper than orjson allows (1,024 levels). Of members with the same name the last
    one counts, as with `json.loads`.
    """
    if len(text) > _LONGEST:
        return UNREAD
    try:
        content = text.encode()
        if _may_change_numbers(content):
            return UNREAD
        return orjson.loads(content)
    except ValueError:  # a lone surrogate, or refused by orjson
        return UNREAD


def _may_change_numbers(content: bytes) -> bool:
    signs = content.translate(_SIGNS)
    if _LONG in signs:
        return True
    position = signs.find(b"0e")
    checks = 0
    while position >= 0:
        checks += 1
        if checks > _MOST_CHECKS or _is_number(content, signs, position):
            return True
        position = signs.find(b"0e", position + 2)
    return False


def _is_number(content: bytes, signs: bytes, last_digit: int) -> bool:
    """Say whether the digits up to *last_digit* may be a number, judging by the character before.

    The result may also be True for digits in a string.
    """
    window = signs[max(0, last_digit + 1 - len(_LONG)) : last_digit + 1]
    first = last_digit + 1 - (len(window) - len(window.rstrip(b"0")))
    if first > 0 and content[first - 1] == ord("-"):
        first -= 1
    return first == 0 or content[first - 1] in _BEFORE_NUMBER
