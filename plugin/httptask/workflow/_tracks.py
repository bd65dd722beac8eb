"""Tracks: the position of a run in its definition and in each running branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun
from httptask.workflow._definition import Scope

Key = tuple[str, int]
"""The identity of a step in its run: the task's name and the number of the visit."""


@dataclass(slots=True)
class Parallel:
    """A visit of a Parallel with running branches."""

    run: TaskRun
    """The visit, with the status `InProgress`."""
    task: Mapping[str, Any]
    track: Track
    """The track that contains the Parallel, and continues after its last branch has ended."""
    branches: list[Track] = field(default_factory=list)
    running: int = 0
    """The number of branches that have not ended."""
    has_failed: bool = False
    """Whether a failure in a branch has ended the Parallel, so that no branch continues."""


@dataclass(slots=True)
class Track:
    """The position of a run in one scope: in the definition's tasks, or in one branch."""

    scope: Scope
    parallel: Parallel | None
    """The Parallel around the branch; None for the definition's own tasks."""
    output: Any
    """The output of the task before; after the end of the track, the output of its last task."""
    before: Key | None = None
    """The task before, leaving out Decisions, because they have no output."""
    at: Key | Parallel | None = None
    """The running step or Parallel; None before the first and after the last task."""


def around(track: Track) -> Iterable[Parallel]:
    """Yield the Parallel tasks around *track*, inner ones first."""
    parallel = track.parallel
    while parallel is not None:
        yield parallel
        parallel = parallel.track.parallel


def under_way(root: Track) -> Iterable[Key | Parallel]:
    """Yield the running steps and Parallel tasks of *root* and of all branches below it.

    They are in the definition's order, a Parallel before its branches.
    """
    tracks = [root]
    while tracks:
        item = tracks.pop().at
        if item is not None:
            yield item
        if isinstance(item, Parallel):
            # Reversed, because the last track is taken first.
            tracks.extend(reversed(item.branches))
