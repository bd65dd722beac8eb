"""Workflow definitions and what comes of running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_NAME_LENGTH = 80
"""Characters in a task's name."""


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """A workflow definition. The document is kept as its author wrote it; the properties read from it."""

    document: Mapping[str, Any]
    """The JSON object, unchanged: unknown fields and explicit nulls included."""
    source: str | None = None
    """The file it was read from."""
    text: str | None = field(default=None, repr=False, compare=False)
    """The text it was read from, so that a problem can name its line."""

    @property
    def name(self) -> str:
        """The definition's name; "" when it has none."""
        return self.document.get("name") or ""

    @property
    def start_task(self) -> str:
        """The name of the first task."""
        return str(self.document["startTask"])

    @property
    def tasks(self) -> Mapping[str, Mapping[str, Any]]:
        """Task definitions by name; those inside branches are not listed here."""
        tasks: Mapping[str, Mapping[str, Any]] = self.document["tasks"]
        return tasks

    @property
    def timeout_seconds(self) -> float | None:
        """Seconds a run may take; None is no limit (0 and null mean that too)."""
        return self.document.get("timeoutSeconds") or None

    @property
    def failure_workflow(self) -> str | None:
        """The id of the definition to run when this one fails."""
        return self.document.get("failureWorkflow") or None

    def to_json(self) -> dict[str, Any]:
        """Return the document as it was given."""
        return dict(self.document)


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a task type's `run` returns when the task completed. A task that fails raises a `TaskError` instead."""

    output: Any = None
    """JSON; what `$.tasks['Name'].output` is from now on."""
    input: Any = None
    """JSON; the evaluated input parameters, `$.tasks['Name'].input`."""
    next_task: str | None = None
    """Where to go, when the task itself decides (Decision); None follows the definition's `nextTask` or `end`."""
    terminate: str | None = None
    """`Completed` or `Failed` ends the whole run with that status and `output` as the run's output (Terminate)."""


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One visit of one task in a run: an entry of the run's history."""

    name: str
    visit: int
    """From 1: a task in a loop is visited several times."""
    type: str
    status: str
    """`InProgress`, `Completed` or `Failed`."""
    input: Any = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    """The error as JSON, when it failed."""
    next_task: str | None = None
    terminate: str | None = None
    elapsed_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the entry; unset fields are left out."""
        fields = {
            "name": self.name,
            "visit": self.visit,
            "type": self.type,
            "status": self.status,
            "input": self.input,
            "output": self.output,
            "error": dict(self.error) if self.error is not None else None,
            "nextTask": self.next_task,
            "terminate": self.terminate,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A finished run."""

    workflow_id: str
    definition: str
    """The definition's name."""
    status: str
    """`Completed`, `Failed` or `TimedOut`; `Cancelled` where somebody stopped it."""
    output: Any = None
    """Terminate's `workflowOutput`, else the last task's output."""
    tasks: tuple[TaskRun, ...] = ()
    """Every visit in the order of completion."""
    error: str | None = None
    """Why it did not complete."""
    elapsed_seconds: float = 0.0
    failure_run: WorkflowRun | None = None
    """The run of the failure workflow, when one was started."""

    def to_json(self) -> dict[str, Any]:
        """Return the run with its tasks; unset fields are left out."""
        fields = {
            "workflowId": self.workflow_id,
            "definition": self.definition,
            "status": self.status,
            "output": self.output,
            "error": self.error,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
            "tasks": [task.to_json() for task in self.tasks],
            "failureRun": self.failure_run.to_json() if self.failure_run is not None else None,
        }
        return {name: value for name, value in fields.items() if value is not None}
