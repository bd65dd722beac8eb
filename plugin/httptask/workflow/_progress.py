"""What an engine is told of a run: how far it is, or what one result changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from httptask.model.workflow import Step, TaskRun, Wait
from httptask.workflow._tracks import Key


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, or what one result changed."""

    status: str
    """`Running`, `Completed` or `Failed`."""
    steps: tuple[Step, ...] = ()
    """Everything that should be running now: the engine starts what it has not started yet. A step
    stays here until it has a result or the run has ended; what is still running then is stopped."""
    waits: tuple[Wait, ...] = ()
    """Steps that have to be run again later: each says when, and what its task wants to know
    then.
    """
    joined: tuple[TaskRun, ...] = ()
    """Parallel tasks that ended through their branches and are not in the results yet, inner ones
    first: the engine adds them to the results. Nothing is to be run for them."""
    parallels: tuple[TaskRun, ...] = ()
    """Parallel tasks whose branches are under way, as `InProgress`, outer ones first."""
    stopped: tuple[Key, ...] = ()
    """Of a result only: steps and inner Parallel tasks that this result ended, because it failed
    their Parallel and the run goes on by that one's `onError`. The engine stops them. What they
    come to after all counts no more.
    """
    output: Any = None
    """The run's output, when it has ended."""
    error: str | None = None
    """Why it failed: a sentence."""
    cause: TaskRun | None = None
    """The result that made it fail; None when it was not a task's failure (a loop without end)."""


class News:
    """What one result changed, so far."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.waits: list[Wait] = []
        self.joined: list[TaskRun] = []
        self.parallels: list[TaskRun] = []
        self.stopped: list[Key] = []

    def told(self, end: Progress | None) -> Progress:
        """Return the news; of a run that has ended, there is nothing to be started."""
        joined = tuple(self.joined)
        if end is not None:
            return replace(end, joined=joined) if joined else end
        stopped = set(self.stopped)
        return Progress(
            "Running",
            # A result that came early may have ended what another one started just now.
            steps=tuple(step for step in self.steps if step.key not in stopped),
            waits=tuple(wait for wait in self.waits if wait.key not in stopped),
            joined=joined,
            parallels=tuple(run for run in self.parallels if run.key not in stopped),
            stopped=tuple(self.stopped),
        )
