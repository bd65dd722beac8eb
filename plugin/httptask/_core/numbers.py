"""Numbers as operators write them."""

from __future__ import annotations


def number_from_1(text: str) -> int | None:
    """Return the whole number from 1 that *text* is in ASCII digits; None when it is none."""
    if not text.isascii() or not text.isdecimal():
        return None
    try:
        return int(text) or None
    except ValueError:  # more digits than Python converts
        return None
