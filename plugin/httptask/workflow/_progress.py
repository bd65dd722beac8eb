"""The progress of a run, and the changes by one result, as engines get them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from httptask.model.workflow import Step, TaskRun, Wait
from httptask.workflow._tracks import Key


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run, or the changes by one result."""

    status: str
    """`Running`, `Completed` or `Failed`."""
    steps: tuple[Step, ...] = ()
    """The steps that should be running now: the engine starts those that it has not started yet. A
    step stays here until it has a result or the run has ended; then the engine stops it.
    """
    waits: tuple[Wait, ...] = ()
    """The steps to run again later; each has the time, and the state of its task."""
    joined: tuple[TaskRun, ...] = ()
    """The ended Parallel tasks that are not in the results yet, inner ones first. The engine adds
    them to the results; there is nothing to run for them.
    """
    parallels: tuple[TaskRun, ...] = ()
    """The Parallel tasks with running branches, as `InProgress`, outer ones first."""
    stopped: tuple[Key, ...] = ()
    """Only in the changes by one result: the steps and inner Parallel tasks that were ended because
    the result failed the Parallel around them, and the run continues by its `onError`. The engine
    stops them, and their results are ignored.
    """
    output: Any = None
    """The output of the ended run."""
    error: str | None = None
    """Why the run failed: a sentence."""
    cause: TaskRun | None = None
    """The result that made the run fail; None if no task failed (an endless loop, for example)."""


class News:
    """Collects the changes by one result."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.waits: list[Wait] = []
        self.joined: list[TaskRun] = []
        self.parallels: list[TaskRun] = []
        self.stopped: list[Key] = []

    def told(self, end: Progress | None) -> Progress:
        """Return the changes; if the run has ended, *end* without anything to start."""
        joined = tuple(self.joined)
        if end is not None:
            # An ended run starts nothing, but its Parallel tasks still belong to the results.
            if joined:
                return replace(end, joined=joined)
            return end
        stopped = set(self.stopped)
        return Progress(
            "Running",
            # An early result may have stopped a step that was started within the same `record`.
            steps=tuple(step for step in self.steps if step.key not in stopped),
            waits=tuple(wait for wait in self.waits if wait.key not in stopped),
            joined=joined,
            parallels=tuple(run for run in self.parallels if run.key not in stopped),
            stopped=tuple(self.stopped),
        )
