"""Workflow definitions and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.model.definition import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.model.for_each import ItemCounts

__all__ = [
    "MAX_NAME_LENGTH",
    "Signal",
    "Step",
    "TaskOutcome",
    "TaskRun",
    "Wait",
    "WorkflowDefinition",
    "WorkflowRun",
]


@dataclass(frozen=True, slots=True)
class Signal:
    """The result that somebody outside gives to a waiting task: an output, or an error."""

    output: Any = None
    """JSON: the output of the task, unless there is an error."""
    error: Mapping[str, Any] | None = None
    """The error as JSON; the task fails with it."""
    headers: Mapping[str, str] | None = None
    """The headers of the HTTP call that brought the output; None: it came another way."""

    def to_json(self) -> dict[str, Any]:
        """Return the signal; an unset field is left out."""
        return _set_fields(
            output=self.output,
            error=dict(self.error) if self.error is not None else None,
            headers=dict(self.headers) if self.headers is not None else None,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the signal that `to_json` wrote as *value*."""
        return cls(value.get("output"), value.get("error"), value.get("headers"))


# Not frozen: each item makes one, and to make a frozen one takes several times as long.
@dataclass(slots=True)
class TaskOutcome:
    """The result of a task type's `run` when the task completed.

    A task that fails raises a `TaskError` instead.
    """

    output: Any = None
    """JSON: the value of `$.tasks['Name'].output` from now on."""
    input: Any = None
    """JSON: the evaluated input parameters, `$.tasks['Name'].input`."""
    next_task: str | None = None
    """The next task, if the task itself decides (Decision).

    None follows the definition's `nextTask` or `end`.
    """
    terminate: str | None = None
    """`Completed` or `Failed` ends the whole run with that status (Terminate).

    The run's output is `output`.
    """
    wait_until: str | None = None
    """The task has not completed and is run again at this time, not before.

    RFC 3339, with its offset.
    """
    awaits_signal: bool = False
    """The task has not completed and is run again when somebody outside completes it.

    With `wait_until`, it is run again at that time at the latest.
    """
    state: Any = None
    """JSON: with `wait_until` or `awaits_signal`, the value that the task gets when it is run
    again.

    It should be small: it is stored and sent along.
    """
    definition: str | None = None
    """The task asks for a run of the definition with this id (Workflow), with `input` as its input.

    The engine runs it, and its output is the task's.
    """
    items: ItemCounts | None = None
    """How many items of a task with `forEach` have ended. The engine counts them."""

    @property
    def is_waiting(self) -> bool:
        """Whether the task has not completed and will be run again."""
        return self.awaits_signal or self.wait_until is not None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome; unset fields are left out."""
        return _set_fields(
            output=self.output,
            input=self.input,
            nextTask=self.next_task,
            terminate=self.terminate,
            waitUntil=self.wait_until,
            awaitsSignal=self.awaits_signal or None,
            state=self.state,
            definition=self.definition,
            items=self.items.to_json() if self.items is not None else None,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the outcome that `to_json` wrote as *value*."""
        return cls(
            output=value.get("output"),
            input=value.get("input"),
            next_task=value.get("nextTask"),
            terminate=value.get("terminate"),
            wait_until=value.get("waitUntil"),
            awaits_signal=value.get("awaitsSignal", False),
            state=value.get("state"),
            definition=value.get("definition"),
            items=_counts(value),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of one task that should be running now."""

    name: str
    visit: int
    """From 1; (name, visit) is the step's identity in a run."""
    pointer: str
    """The JSON Pointer of the task in its definition."""
    definition: Mapping[str, Any]
    """The task's definition without its unset fields (null means absent)."""
    before: tuple[str, int] | None = None
    """The name and the visit of the preceding task, not counting Decisions; None at the start of
    the run.
    """
    reached_at: str | None = None
    """The time when the run reached the step, RFC 3339 in UTC: the time of the preceding result.

    It is `${swf:now}`, and a replay sees the same time.
    """

    @property
    def key(self) -> tuple[str, int]:
        """The step's identity in its run."""
        return self.name, self.visit

    def to_json(self) -> dict[str, Any]:
        """Return the step; an unset field is left out."""
        return _set_fields(
            name=self.name,
            visit=self.visit,
            pointer=self.pointer,
            definition=dict(self.definition),
            before=list(self.before) if self.before is not None else None,
            reachedAt=self.reached_at,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the step that `to_json` wrote as *value*."""
        before = value.get("before")
        return cls(
            value["name"],
            value["visit"],
            value["pointer"],
            value["definition"],
            (before[0], before[1]) if before is not None else None,
            value.get("reachedAt"),
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """A step whose task waits: it is run again at a given time, or when somebody outside completes
    it, whichever comes first.
    """

    step: Step
    until: str | None
    """RFC 3339, with its offset: the step is run again then, unless somebody completes it earlier.

    None: it waits only for somebody to complete it.
    """
    state: Any = None
    """JSON: the value that the task gets when it is run again."""
    awaits_signal: bool = False
    """Whether somebody outside may complete it."""

    @classmethod
    def of(cls, step: Step | Wait, run: TaskRun) -> Wait:
        """Return the wait for which *run*, the result of *step*, asks.

        Raises `ValueError` if *run* neither names a time nor awaits a signal.
        """
        if run.wait_until is None and not run.awaits_signal:
            raise ValueError(
                f"the visit {run.visit} of task {run.name!r} waits, but does not say until when"
            )
        step = step if isinstance(step, Step) else step.step
        return cls(step, run.wait_until, run.state, run.awaits_signal)

    @property
    def key(self) -> tuple[str, int]:
        """The step's identity in its run."""
        return self.step.key

    @property
    def definition(self) -> Mapping[str, Any]:
        """The task's definition."""
        return self.step.definition

    def to_json(self) -> dict[str, Any]:
        """Return the wait with its step."""
        return _set_fields(
            step=self.step.to_json(),
            until=self.until,
            state=self.state,
            awaitsSignal=self.awaits_signal or None,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the wait that `to_json` wrote as *value*."""
        return cls(
            Step.from_json(value["step"]),
            value.get("until"),
            value.get("state"),
            value.get("awaitsSignal", False),
        )


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One visit of one task in a run: an entry of the run's history."""

    name: str
    visit: int
    """From 1: a task in a loop is visited several times."""
    type: str
    status: str
    """`InProgress`, `Waiting` (until `wait_until`, or for somebody outside), `Completed` or
    `Failed`.
    """
    input: Any = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    """The error as JSON, if the task failed."""
    next_task: str | None = None
    terminate: str | None = None
    wait_until: str | None = None
    awaits_signal: bool = False
    """Whether somebody outside may complete it."""
    state: Any = None
    """The value that the task gets when it is run again."""
    elapsed_seconds: float = 0.0
    ended_at: str | None = None
    """The time of the result, RFC 3339 in UTC."""
    notes: tuple[str, ...] = ()
    """Remarks that explain the result: why its requests waited in the queue, for example."""
    run: WorkflowRun | None = None
    """The run of another definition that the task asked for (Workflow)."""
    items: ItemCounts | None = None
    """How many items completed and failed, for a task with `forEach`."""
    pinned: int = 0
    """How many of its requests were answered by pins and not sent."""

    @property
    def key(self) -> tuple[str, int]:
        """The identity of the visit in its run."""
        return self.name, self.visit

    @property
    def steps(self) -> int:
        """The number of visits this entry counts for: its own, and those in the runs it asked
        for.
        """
        count = 1
        if self.items is not None:
            count += self.items.nested_tasks
        if self.run is not None:
            count += sum(task.steps for task in self.run.tasks)
        return count

    def to_json(self) -> dict[str, Any]:
        """Return the entry; unset fields are left out."""
        return _set_fields(
            name=self.name,
            visit=self.visit,
            type=self.type,
            status=self.status,
            input=self.input,
            output=self.output,
            error=dict(self.error) if self.error is not None else None,
            nextTask=self.next_task,
            terminate=self.terminate,
            waitUntil=self.wait_until,
            # False is the default, and is left out like an unset field.
            awaitsSignal=self.awaits_signal or None,
            state=self.state,
            elapsedSeconds=round(self.elapsed_seconds, 6),
            endedAt=self.ended_at,
            notes=list(self.notes) or None,
            run=self.run.to_json() if self.run is not None else None,
            items=self.items.to_json() if self.items is not None else None,
            pinned=self.pinned or None,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the entry that `to_json` wrote as *value*."""
        return cls(
            name=value["name"],
            visit=value["visit"],
            type=value["type"],
            status=value["status"],
            input=value.get("input"),
            output=value.get("output"),
            error=value.get("error"),
            next_task=value.get("nextTask"),
            terminate=value.get("terminate"),
            wait_until=value.get("waitUntil"),
            awaits_signal=value.get("awaitsSignal", False),
            state=value.get("state"),
            elapsed_seconds=float(value.get("elapsedSeconds", 0)),
            ended_at=value.get("endedAt"),
            notes=tuple(value.get("notes", ())),
            run=WorkflowRun.from_json(value["run"]) if value.get("run") is not None else None,
            items=_counts(value),
            pinned=value.get("pinned", 0),
        )


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A finished run."""

    workflow_id: str
    definition: str
    """The definition's name."""
    status: str
    """`Completed`, `Failed` or `TimedOut`. If somebody stopped it: `Interrupted` if a journal keeps
    it, so that it can go on, else `Cancelled`.
    """
    output: Any = None
    """Terminate's `workflowOutput`, else the last task's output."""
    tasks: tuple[TaskRun, ...] = ()
    """Every visit in the order of completion."""
    error: str | None = None
    """Why the run did not complete."""
    elapsed_seconds: float = 0.0
    failure_run: WorkflowRun | None = None
    """The run of the failure workflow, when one was started."""
    environment: str | None = None
    """The name of the environment it ran in."""

    def to_json(self) -> dict[str, Any]:
        """Return the run with its tasks; unset fields are left out."""
        return _set_fields(
            workflowId=self.workflow_id,
            definition=self.definition,
            status=self.status,
            output=self.output,
            error=self.error,
            elapsedSeconds=round(self.elapsed_seconds, 6),
            tasks=[task.to_json() for task in self.tasks],
            failureRun=self.failure_run.to_json() if self.failure_run is not None else None,
            environment=self.environment,
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the run that `to_json` wrote as *value*."""
        failure_run = value.get("failureRun")
        return cls(
            workflow_id=value["workflowId"],
            definition=value["definition"],
            status=value["status"],
            output=value.get("output"),
            tasks=tuple(TaskRun.from_json(task) for task in value["tasks"]),
            error=value.get("error"),
            elapsed_seconds=float(value.get("elapsedSeconds", 0)),
            failure_run=cls.from_json(failure_run) if failure_run is not None else None,
            environment=value.get("environment"),
        )


def _counts(value: Mapping[str, Any]) -> ItemCounts | None:
    """Read the member `items` of a task's outcome or run."""
    counts = value.get("items")
    if counts is not None:
        return ItemCounts.from_json(counts)
    return None


def _set_fields(**fields: Any) -> dict[str, Any]:
    """Return the *fields* that are set (not None)."""
    return {name: value for name, value in fields.items() if value is not None}
