"""Header fields by name; names are case-insensitive (RFC 9110, section 5.1)."""

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


def by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return *headers* as expressions read them: values by lowercase name.

    The lines of one name are joined by commas; those of `set-cookie` are a list, because its values
    cannot be joined (RFC 9110, section 5.3).
    """
    values: dict[str, str | list[str]] = {}
    for name, value in headers:
        key = name.lower()
        earlier = values.get(key)
        if key == "set-cookie":
            values[key] = [*earlier, value] if isinstance(earlier, list) else [value]
        else:
            values[key] = value if earlier is None else f"{earlier}, {value}"
    return values
