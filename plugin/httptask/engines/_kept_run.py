"""A run as stored in a journal, or on a Temporal server, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A stored run, with its tasks so far."""

    workflow_id: str
    definition: str
    """The name of the definition, or of its file."""
    source: str | None = None
    """The path of the definition's file; for a nested run in a journal, that of the outermost run.

    None if it was run without a file.
    """
    status: str
    """`Running`, `Waiting` (everything that is running waits for signals), `Completed`, `Failed` or
    `TimedOut`; in a journal also `Interrupted` (no process runs it), on a server also `Cancelled`
    or `Terminated`.
    """
    began_at: str
    changed_at: str
    tasks: tuple[TaskRun, ...] = ()
    """The history, and the running visits as `InProgress` or `Waiting`."""
    ended: Mapping[str, Any] = field(default_factory=dict)
    """The ended run as JSON, without its tasks; empty before the end."""
    number: int = 0
    """The number of the run in its journal."""
    holder: str | None = None
    """The process that runs the run; None: no process does."""
    inside: str | None = None
    """The id of the run directly around a nested run."""
    outermost: str = ""
    """The id of the outermost run around a nested run; else the id of the run itself."""
    runs: tuple[str, ...] = ()
    """The ids of the running nested runs."""
    note: str | None = None
    """Why the run does not continue, or is shown incompletely, and what to do."""

    @property
    def under_way(self) -> tuple[TaskRun, ...]:
        """The visits that have not ended."""
        is_open = self.status in ("Running", "Waiting", "Interrupted")
        if is_open:
            return tuple(open_visits(self.tasks))
        return ()

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
    """Return the status of a run that has not ended, from its *tasks*."""
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
    """Say whether the running *task* can only be continued by a signal, not by time."""
    if task.items is None:
        return task.awaits_signal and task.wait_until is None
    waiting_items = task.items.waiting
    return bool(waiting_items) and all(item.until is None for item in waiting_items)
