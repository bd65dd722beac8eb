"""A cache for the equal parts of one description."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, TypeVar

from httptask.importers.openapi._notes import Notes

_MOST_BYTES = 16 * 1024 * 1024
"""The most bytes of serialised raw values in the cache. When it is full, it is emptied."""

Value = TypeVar("Value")


class Repeats:
    """Reads equal parts of one description only once.

    This is worth it: 80% of parameters and 75% of responses equal another one in the description.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._values: dict[tuple[str, str, bytes], Any] = {}
        self._room = _MOST_BYTES

    def read(
        self,
        kind: str,
        raw: Any,
        uri: str,
        read: Callable[[Any, str], Value],
    ) -> Value:
        """Return `read(raw, uri)`, from the cache if an equal *raw* was read before.

        *kind* names the kind of object and everything else on which the result depends. A result
        with notes is not cached, because notes contain the URI. The exception is a bare `$ref`: its
        notes are on the target, and the same for all references to it.
        """
        try:
            # Format 2 is the last without back references: equal values have equal bytes.
            serialised = marshal.dumps(raw, 2)
        except ValueError:  # a lazy object: see `Document.root`
            return read(raw, uri)
        key = kind, uri.partition("#")[0], serialised
        if key in self._values:
            value: Value = self._values[key]
            return value
        before = self._notes.added
        value = read(raw, uri)
        is_reference = isinstance(raw, dict) and raw.keys() == {"$ref"}
        if self._notes.added == before or is_reference:
            self._keep(key, value)
        return value

    def _keep(self, key: tuple[str, str, bytes], value: Any) -> None:
        self._room -= len(key[2])
        if self._room < 0:
            self._values.clear()
            self._room = _MOST_BYTES - len(key[2])
        self._values[key] = value
