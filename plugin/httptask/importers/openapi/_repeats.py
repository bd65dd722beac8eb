"""A cache of the equal parts of one description."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, TypeVar

from httptask.importers.openapi._notes import Notes

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes of serialised values in the cache; when it is full, it is emptied."""

Value = TypeVar("Value")


class Repeats:
    """Caches what was read of equal parts of one description.

    Four of five parameters, and three of four responses, are equal to another one of their
    description.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._values: dict[tuple[str, str, bytes], Any] = {}
        self._room = _MOST_BYTES

    def read(self, what: str, raw: Any, uri: str, read: Callable[[Any, str], Value]) -> Value:
        """Return `read(raw, uri)`, from the cache if an equal *raw* was read before.

        *what* names the kind of object, and everything else that the result depends on. A value
        that causes notes is not cached, because a note names its URI; but a bare reference is: the
        notes on its target are the same for all.
        """
        try:
            # Version 2 is the last in which equal values have equal bytes.
            serialised = marshal.dumps(raw, 2)
        except ValueError:  # a lazy object, whose members are built on access
            return read(raw, uri)
        key = what, uri.partition("#")[0], serialised
        if key in self._values:
            value: Value = self._values[key]
            return value
        before = self._notes.added
        value = read(raw, uri)
        if self._notes.added == before or (isinstance(raw, dict) and raw.keys() == {"$ref"}):
            self._keep(key, value)
        return value

    def _keep(self, key: tuple[str, str, bytes], value: Any) -> None:
        self._room -= len(key[2])
        if self._room < 0:
            self._values.clear()
            self._room = _MOST_BYTES - len(key[2])
        self._values[key] = value
