"""A JSON value looked through once, for evaluating its expressions again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from httptask._core import pointers
from httptask.expressions._template import may_change


@dataclass(frozen=True, slots=True)
class Place:
    """A text that may have to be replaced."""

    container: int
    """Which of the `Prepared.containers` it stands in."""
    key: Any
    path: pointers.Path
    text: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A JSON value, and where in it the texts stand that an evaluation may have to replace."""

    value: Any
    places: tuple[Place, ...]
    """In document order."""
    containers: tuple[tuple[int, Any], ...]
    """The objects and arrays on the way to these texts, outer ones first: which other one each of
    them stands in, and under which name or index. The first one is around the value itself."""

    @classmethod
    def of(cls, value: Any) -> Prepared:
        """Look through *value*; without recursion, so that no depth of nesting fails."""
        # Paths begin at the array around the value.
        places: list[Place] = []
        containers: dict[pointers.Path, tuple[int, int, Any]] = {}
        queue: list[tuple[pointers.Path, Any]] = [((0,), value)]
        while queue:
            path, item = queue.pop()
            if isinstance(item, str):
                if may_change(item):
                    index = _numbered(containers, path[:-1])
                    places.append(Place(index, path[-1], path[1:], item))
            elif isinstance(item, dict):
                queue += [((*path, name), item[name]) for name in reversed(item)]
            elif isinstance(item, list):
                last = len(item) - 1
                queue += [((*path, index), item[index]) for index in range(last, -1, -1)]
        ways = ((parent, key) for _, parent, key in containers.values())
        return cls(value, tuple(places), tuple(ways))

    def copied(self) -> list[Any]:
        """Return a copy of each of the `containers`; all else is shared with the value."""
        copies: list[Any] = [[self.value]]
        for parent, key in self.containers[1:]:
            copy = copies[parent][key].copy()
            copies[parent][key] = copy
            copies.append(copy)
        return copies


def _numbered(containers: dict[pointers.Path, tuple[int, int, Any]], path: pointers.Path) -> int:
    """Return the number of the container at *path*, after it and those around it were noted."""
    for length in range(len(path) + 1):
        way = path[:length]
        if way not in containers:
            parent = containers[way[:-1]][0] if way else 0
            containers[way] = (len(containers), parent, way[-1] if way else None)
    return containers[path][0]
