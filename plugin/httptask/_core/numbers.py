"""Numbers as people write them."""

from __future__ import annotations

from typing import Any


def without_point(value: Any) -> Any:
    """Return the int for a float without a fraction, and any other *value* unchanged.

    `2.0` is an integer in JSON Schema, but no length, count or index in Python.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def number_from_1(text: str) -> int | None:
    """Parse *text*, a whole number from 1 in ASCII digits; None if it is anything else."""
    if not text.isascii() or not text.isdecimal():
        return None
    try:
        return int(text) or None
    except ValueError:  # more digits than Python converts
        return None
