"""Finding header fields by name; names are case-insensitive (RFC 9110, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterable


def values_of(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return the value of each line of the header *name*, in order."""
    lower_name = name.lower()
    return [value for key, value in headers if key.lower() == lower_name]


def value_of(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the value of the first line of the header *name*, or None."""
    lower_name = name.lower()
    return next((value for key, value in headers if key.lower() == lower_name), None)
