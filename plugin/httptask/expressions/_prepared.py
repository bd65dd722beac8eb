"""A JSON value searched once for its texts with expressions, and then evaluated any number of
times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from httptask._core import pointers
from httptask.expressions._template import may_change


@dataclass(frozen=True, slots=True)
class TextSlot:
    """A text in a JSON value that an evaluation may replace."""

    container: int
    """The index in `Prepared.containers` of the object or array that holds the text."""
    key: Any
    path: pointers.Path
    text: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A JSON value, and the texts in it that an evaluation may replace."""

    value: Any
    slots: tuple[TextSlot, ...]
    """In document order."""
    containers: tuple[tuple[int, Any], ...]
    """The objects and arrays that enclose these texts, outer ones first.

    An entry is the index of its own container, and its name or index in it. The first entry is a
    list around the value itself.
    """

    @classmethod
    def of(cls, value: Any) -> Prepared:
        """Search *value*. No recursion, so that deep nesting does not fail."""
        # Paths begin at the list around the value.
        slots: list[TextSlot] = []
        containers: dict[pointers.Path, tuple[int, int, Any]] = {}
        queue: list[tuple[pointers.Path, Any]] = [((0,), value)]
        while queue:
            path, item = queue.pop()
            if isinstance(item, str):
                if may_change(item):
                    index = _index_of(containers, path[:-1])
                    slots.append(TextSlot(index, path[-1], path[1:], item))
            elif isinstance(item, dict):
                queue += [((*path, name), item[name]) for name in reversed(item)]
            elif isinstance(item, list):
                last = len(item) - 1
                queue += [((*path, index), item[index]) for index in range(last, -1, -1)]
        parents = ((parent, key) for _, parent, key in containers.values())
        return cls(value, tuple(slots), tuple(parents))

    def copied(self) -> list[Any]:
        """Return a copy of each of the `containers`; everything else is shared with the value."""
        copies: list[Any] = [[self.value]]
        for parent, key in self.containers[1:]:
            copy = copies[parent][key].copy()
            copies[parent][key] = copy
            copies.append(copy)
        return copies


def _index_of(containers: dict[pointers.Path, tuple[int, int, Any]], path: pointers.Path) -> int:
    """Return the index of the container at *path*; add it and its containers if missing."""
    for length in range(len(path) + 1):
        outer = path[:length]
        if outer not in containers:
            parent = 0
            if outer:
                parent = containers[outer[:-1]][0]
            containers[outer] = (len(containers), parent, outer[-1] if outer else None)
    return containers[path][0]
