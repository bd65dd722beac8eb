"""A run as whoever keeps it shows it: a journal, or a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run with its tasks, so far as it came."""

    workflow_id: str
    definition: str
    """The definition's name, or that of its file."""
    status: str
    """`Running`, `Waiting` (for somebody outside, and nothing else is under way), `Completed`,
    `Failed` or `TimedOut`; in a journal `Interrupted` (no process runs it), on a server `Cancelled`
    or `Terminated`.
    """
    began_at: str
    changed_at: str
    tasks: tuple[TaskRun, ...] = ()
    """Its history, and as `InProgress` or `Waiting` what is under way."""
    ended: Mapping[str, Any] = field(default_factory=dict)
    """How it ended, as JSON without its tasks."""
    number: int = 0
    """Which run of its journal it is."""
    holder: str | None = None
    """The process that runs it."""
    inside: str | None = None
    """The id of the run around it."""
    outermost: str = ""
    """The id of the run that all of this is inside of, or its own."""
    runs: tuple[str, ...] = ()
    """The ids of the runs inside it that are under way."""
    note: str | None = None
    """Why it does not go on, or is not told of as a whole, and what to do."""

    @property
    def under_way(self) -> tuple[TaskRun, ...]:
        """The visits that have not ended."""
        is_open = self.status in ("Running", "Waiting", "Interrupted")
        return tuple(open_visits(self.tasks)) if is_open else ()

    def to_json(self) -> dict[str, Any]:
        """Return the run; unset fields are left out."""
        fields = {
            **self.ended,
            "workflowId": self.workflow_id,
            "definition": self.definition,
            "status": self.status,
            "beganAt": self.began_at,
            "changedAt": self.changed_at,
            "at": [task.name for task in self.under_way] or None,
            "tasks": [task.to_json() for task in self.tasks],
            "heldBy": self.holder,
            "inside": self.inside,
            "runs": list(self.runs) or None,
            "note": self.note,
        }
        return {name: value for name, value in fields.items() if value is not None}


def status_of(tasks: Iterable[TaskRun]) -> str:
    """Return the status of a run that has not ended, which has *tasks*."""
    pending = open_visits(tasks)
    is_waiting = bool(pending) and all(map(_waits_for_somebody, pending))
    return "Waiting" if is_waiting else "Running"


def open_visits(tasks: Iterable[TaskRun]) -> list[TaskRun]:
    """Return the latest entry of each visit that has not ended."""
    latest = {task.key: task for task in tasks}
    return [
        task
        for task in latest.values()
        if task.status in ("InProgress", "Waiting") and task.error is None
    ]


def _waits_for_somebody(task: TaskRun) -> bool:
    """Say whether *task*, which has not ended, goes on by nobody but somebody outside."""
    if task.items is None:
        return task.awaits_signal and task.wait_until is None
    waiting = task.items.waiting
    return bool(waiting) and all(item.until is None for item in waiting)
