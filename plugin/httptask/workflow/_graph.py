"""Graph algorithms on tasks: unreachable tasks, and loops that never end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Arrows = Mapping[str, Sequence[str]]
"""A task's name -> the names of the tasks that may follow it."""


def reached(starts: Iterable[str], arrows: Arrows) -> set[str]:
    """Return the tasks that can be reached from *starts*, including *starts*."""
    # A loop, not a recursion: a definition may have more tasks than Python's stack has room.
    visited: set[str] = set()
    pending = list(starts)
    while pending:
        name = pending.pop()
        if name not in visited:
            visited.add(name)
            pending.extend(arrows.get(name, ()))
    return visited


def unreached(start: str, arrows: Arrows) -> list[str]:
    """Return the tasks that cannot be reached from *start*, in the order of *arrows*."""
    visited = reached([start], arrows)
    return [name for name in arrows if name not in visited]


def endless_loops(
    start: str,
    arrows: Arrows,
    ends: Collection[str],
) -> Iterator[list[str]]:
    """Yield loops that can be reached from *start* and have no route to any of *ends*.

    Of loops that share tasks, only one loop is yielded.
    """
    can_end = reached(ends, turned(arrows))
    visited = reached([start], arrows)
    trapped = [name for name in arrows if name in visited and name not in can_end]
    walked: set[str] = set()
    for name in trapped:
        path: list[str] = []
        while name not in walked:
            walked.add(name)
            path.append(name)
            # All tasks after a trapped task are trapped, too: a route from them to an end would
            # also lead the trapped task to that end.
            name = next(iter(arrows.get(name, ())), name)
        if name in path:
            yield path[path.index(name) :]


def loops_without(
    start: str,
    arrows: Arrows,
    stops: Collection[str],
) -> Iterator[list[str]]:
    """Yield loops that can be reached from *start* and contain none of *stops*.

    Of loops that share tasks, only one loop is yielded.
    """
    visited = reached([start], arrows)
    candidates = dict.fromkeys(name for name in arrows if name in visited and name not in stops)
    inner_arrows = {
        name: [target for target in arrows[name] if target in candidates] for name in candidates
    }
    # Remove tasks without a following task, again and again: each remaining task leads to a loop.
    predecessors = turned(inner_arrows)
    open_count = {name: len(targets) for name, targets in inner_arrows.items()}
    pending = [name for name, count in open_count.items() if not count]
    while pending:
        for before in predecessors.get(pending.pop(), ()):
            open_count[before] -= 1
            if not open_count[before]:
                pending.append(before)
    walked: set[str] = set()
    for name in [name for name, count in open_count.items() if count]:
        path: list[str] = []
        while name not in walked:
            walked.add(name)
            path.append(name)
            # There always is one: a task without a remaining target was removed above.
            name = next(target for target in inner_arrows[name] if open_count[target])
        if name in path:
            yield path[path.index(name) :]


def turned(arrows: Arrows) -> dict[str, list[str]]:
    """Return the reversed graph: a task's name -> the tasks that may precede it."""
    predecessors: dict[str, list[str]] = {}
    for name, targets in arrows.items():
        for target in targets:
            predecessors.setdefault(target, []).append(name)
    return predecessors
