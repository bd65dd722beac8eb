"""What is written out again and again in one description, read once."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, TypeVar

from httptask.importers.openapi._notes import Notes

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes of what was read that are kept; then all of it is forgotten, and gathered anew."""

Value = TypeVar("Value")


class Repeats:
    """Remembers what was read of the equal parts of one description.

    Four of five parameters, and three of four responses, are equal to another of their description.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._values: dict[tuple[str, str, bytes], Any] = {}
        self._room = _MOST_BYTES

    def read(self, what: str, raw: Any, place: str, read: Callable[[Any, str], Value]) -> Value:
        """Return what *read* makes of *raw*, which stands at *place*.

        *what* names what that is, and all else that the result depends on. What causes
        a note is read each time, since the note names its place; but the notes on a bare reference
        are the same for all.
        """
        try:
            # Version 2 is the last in which equal values have equal bytes.
            written = marshal.dumps(raw, 2)
        except ValueError:  # an object of which the members are built when they are asked for
            return read(raw, place)
        key = what, place.partition("#")[0], written
        if key in self._values:
            value: Value = self._values[key]
            return value
        before = self._notes.added
        value = read(raw, place)
        if self._notes.added == before or (isinstance(raw, dict) and raw.keys() == {"$ref"}):
            self._keep(key, value)
        return value

    def _keep(self, key: tuple[str, str, bytes], value: Any) -> None:
        self._room -= len(key[2])
        if self._room < 0:
            self._values.clear()
            self._room = _MOST_BYTES - len(key[2])
        self._values[key] = value
