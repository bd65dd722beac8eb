"""Which tasks are never reached, and which loops never end: pure questions about names and
arrows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Arrows = Mapping[str, Sequence[str]]
"""A task's name -> the tasks it may go to."""


def reached(starts: Iterable[str], arrows: Arrows) -> set[str]:
    """Return everything that can be reached from *starts*, themselves included."""
    visited: set[str] = set()
    pending = list(starts)
    while pending:
        name = pending.pop()
        if name not in visited:
            visited.add(name)
            pending.extend(arrows.get(name, ()))
    return visited


def unreached(start: str, arrows: Arrows) -> list[str]:
    """Return the tasks that cannot be reached from *start*, in their order."""
    visited = reached([start], arrows)
    return [name for name in arrows if name not in visited]


def endless_loops(start: str, arrows: Arrows, ends: Collection[str]) -> Iterator[list[str]]:
    """Give the loops that can be reached from *start* and from which none of *ends* can be; of
    tangled ones, one.
    """
    can_end = reached(ends, turned(arrows))
    visited = reached([start], arrows)
    lost = [name for name in arrows if name in visited and name not in can_end]
    seen: set[str] = set()
    for name in lost:
        path: list[str] = []
        while name not in seen:
            seen.add(name)
            path.append(name)
            # Everything a lost task goes to is lost too, or the task could end.
            name = next(iter(arrows.get(name, ())), name)
        if name in path:
            yield path[path.index(name) :]


def loops_without(start: str, arrows: Arrows, stops: Collection[str]) -> Iterator[list[str]]:
    """Give the loops that can be reached from *start* and go through none of *stops*; of tangled
    ones, one.
    """
    visited = reached([start], arrows)
    inside = dict.fromkeys(name for name in arrows if name in visited and name not in stops)
    within = {name: [to for to in arrows[name] if to in inside] for name in inside}
    # What leads to no loop drops out, task by task; the rest goes round.
    leading = turned(within)
    open_ways = {name: len(targets) for name, targets in within.items()}
    pending = [name for name, count in open_ways.items() if not count]
    while pending:
        for before in leading.get(pending.pop(), ()):
            open_ways[before] -= 1
            if not open_ways[before]:
                pending.append(before)
    seen: set[str] = set()
    for name in [name for name, count in open_ways.items() if count]:
        path: list[str] = []
        while name not in seen:
            seen.add(name)
            path.append(name)
            name = next(to for to in within[name] if open_ways[to])
        if name in path:
            yield path[path.index(name) :]


def turned(arrows: Arrows) -> dict[str, list[str]]:
    """Return each task's name -> the tasks that may go to it."""
    leading: dict[str, list[str]] = {}
    for name, targets in arrows.items():
        for target in targets:
            leading.setdefault(target, []).append(name)
    return leading
