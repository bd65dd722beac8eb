"""The ways through the tasks of a run, branch by branch, and what is under way on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun
from httptask.workflow._definition import Scope

Key = tuple[str, int]
"""A step's identity in its run: the task's name and the visit."""


@dataclass(slots=True)
class Parallel:
    """A visit of a Parallel whose branches are under way."""

    run: TaskRun
    """As `InProgress`."""
    task: Mapping[str, Any]
    track: Track
    """The track that goes on once every branch has ended."""
    branches: list[Track] = field(default_factory=list)
    running: int = 0
    """Branches that have not ended."""
    has_failed: bool = False
    """Whether a failure in a branch ended it: then no branch goes on."""


@dataclass(slots=True)
class Track:
    """One way through one set of tasks, from its start to an end task. Branches are tracks of their
    own.
    """

    scope: Scope
    parallel: Parallel | None
    """The one it is a branch of; None for the definition's own tasks."""
    output: Any
    """What the task before put out; once the track has ended, what it ended with."""
    before: Key | None = None
    """The task before; a Decision has nothing to say, so it is the one before that."""
    at: Key | Parallel | None = None
    """What is under way on it now."""


def around(track: Track) -> Iterable[Parallel]:
    """Give the Parallel tasks that *track* is inside of, inner ones first."""
    parallel = track.parallel
    while parallel is not None:
        yield parallel
        parallel = parallel.track.parallel


def under_way(root: Track) -> Iterable[Key | Parallel]:
    """Give what is under way on *root* and on the branches below it, in the definition's order."""
    tracks = [root]
    while tracks:
        at = tracks.pop().at
        if at is not None:
            yield at
        if isinstance(at, Parallel):
            tracks.extend(reversed(at.branches))
