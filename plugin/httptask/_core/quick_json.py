"""JSON read by orjson where that keeps every digit of its numbers.

orjson reads a number as a 64-bit integer or a double, and says nothing where that changes it. So
only texts are read whose numbers are all short and without an exponent; `strict_json` reads others.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

UNREAD: Final = object()
"""What `read` returns for a text that it leaves to a stricter reader."""

_LONG = b"0" * 17
"""Digits and points of a number that a double may change: 15 digits are kept (IEEE 754, DBL_DIG),
and integers of 16.
"""
_SIGNS = bytes(
    ord("0") if sign in b"0123456789." else ord("e") if sign in b"eE" else ord(" ")
    for sign in range(256)
)
"""Digits and points as `0`, the letter of an exponent as `e`, everything else as a space."""
_LONGEST = 1 << 20
"""Characters of a text that is read: the copies that this takes are not worth it for more."""
_BEFORE_NUMBER = b"[:, \t\r\n"
_MOST_CHECKS = 100
"""Digits before an `e` that are looked at: in a text with more, the check costs more than it
saves.
"""


def read(text: str) -> Any:
    """Return the value of the JSON *text*, or `UNREAD`: where a number could be changed, where the
    text is long, is not JSON (RFC 8259), or is nested deeper than orjson reads (1,024 levels).

    Of members with the same name the last one counts, as with `json.loads`.
    """
    if len(text) > _LONGEST:
        return UNREAD
    try:
        content = text.encode()
        if _may_change_numbers(content):
            return UNREAD
        return orjson.loads(content)
    except ValueError:  # a lone surrogate, or what orjson refuses
        return UNREAD


def _may_change_numbers(content: bytes) -> bool:
    signs = content.translate(_SIGNS)
    if _LONG in signs:
        return True
    at = signs.find(b"0e")
    checks = 0
    while at >= 0:
        checks += 1
        if checks > _MOST_CHECKS or _is_number(content, signs, at):
            return True
        at = signs.find(b"0e", at + 2)
    return False


def _is_number(content: bytes, signs: bytes, last_digit: int) -> bool:
    """Say whether the digits that end at *last_digit* may begin a number, as they also may in a
    string.
    """
    window = signs[max(0, last_digit + 1 - len(_LONG)) : last_digit + 1]
    first = last_digit + 1 - (len(window) - len(window.rstrip(b"0")))
    if first > 0 and content[first - 1] == ord("-"):
        first -= 1
    return first == 0 or content[first - 1] in _BEFORE_NUMBER
