"""Outcomes and errors of tasks, and the failure workflow's id and input, for every engine."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from httptask._core.strict_json import dump
from httptask.errors import ConnectionFailedError, TaskError
from httptask.model.workflow import Step, TaskOutcome, TaskRun, WorkflowRun

NESTED = uuid.UUID("5b9d7a1e-6f7f-4c0e-9a4b-0d2c52a3f1de")
"""The namespace of the ids of nested runs (RFC 9562, section 5.5)."""

Outcome = TaskOutcome | dict[str, Any]
"""The outcome of a task or an item, or its error as JSON."""


def item_end(outcome: Outcome, tasks: int) -> dict[str, Any]:
    """Return the JSON by which the end of an item is stored.

    *tasks* is the number of tasks that the nested runs of the item executed.
    """
    end = {"error": outcome} if isinstance(outcome, dict) else {"output": outcome.output}
    return {**end, "tasks": tasks}


def checked_outcome(outcome: Any, task_type: str) -> TaskOutcome:
    """Return *outcome*, the result of a task of the type *task_type*.

    Raises `TypeError` or `ValueError` if *outcome* is not a valid outcome.
    """
    if not isinstance(outcome, TaskOutcome):
        raise TypeError(f"run() gave {type(outcome).__name__}, expected a TaskOutcome")
    if outcome.terminate not in (None, "Completed", "Failed"):
        raise ValueError(
            f"a run is terminated as Completed or Failed, not as {outcome.terminate!r}"
        )
    if outcome.definition is not None and not isinstance(outcome.definition, str):
        raise TypeError(f"the id of a definition is text, not {outcome.definition!r}")
    if outcome.wait_until is not None:
        due(outcome.wait_until)
    # A plugin's values must be JSON. The values of `Http` are JSON; checking megabytes takes time.
    if task_type != "Http":
        for value in (outcome.input, outcome.output, outcome.state):
            if value is not None:
                dump(value)
    return outcome


def due(until: str) -> datetime:
    """Return the end of a wait.

    Raises `ValueError` if *until* is not a time with an offset (RFC 3339).
    """
    time = datetime.fromisoformat(until)
    if time.tzinfo is None:
        raise ValueError(
            "a task waits until a time with an offset, such as 2030-01-31T12:00:00Z, not until"
            f" {until!r}"
        )
    return time


def utc_text(time: datetime) -> str:
    """Return *time* in the format of `${swf:now}`: RFC 3339 in UTC, with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cut_off_error(
    step: Step, reason: str = "the process that ran it ended while it was under way"
) -> dict[str, Any]:
    """Return the error of a visit that ended without a result, if it must not be repeated.

    By default its process died during it.
    """
    message = f"{reason}; it may have been delivered, so it is not repeated"
    if step.definition["type"] == "Http":
        return ConnectionFailedError(message, maybe_delivered=True).to_json()
    return TaskError(message, maybe_delivered=True).to_json()


def unexpected_failure(
    task_type: str,
    reason: str,
    provider: str | None = None,
) -> dict[str, Any]:
    """Return the error of a task type that raised anything but an `HttpTaskError`."""
    subject = f"the task type {task_type}" + (f" of the plugin {provider}" if provider else "")
    return {
        "error": "TaskTypeFailed",
        "message": f"{subject} failed unexpectedly: {reason}",
        "kind": "task",
        "retryable": False,
    }


def unkept_outputs(error: OSError) -> dict[str, Any]:
    """Return the error of a task whose outputs no file could take, because of *error*."""
    return {
        "error": "TaskError",
        "message": f"the outputs could not be kept in a file: {error.strerror or error}",
        "kind": "task",
        "retryable": False,
    }


def failure_run_id(workflow_id: str) -> str:
    """Return the id of the failure workflow's run after the run *workflow_id*."""
    return str(uuid.uuid5(NESTED, f"{workflow_id}/failure"))


def failure_input(
    run: WorkflowRun,
    cause: TaskRun | None,
    run_input: Any,
) -> dict[str, Any]:
    """Return the input of the failure workflow after *run*, which failed because of *cause*.

    *run_input* is the input of *run*.
    """
    failed = {
        "workflowId": run.workflow_id,
        "definition": run.definition,
        "status": run.status,
        "task": cause.name if cause is not None else None,
        "error": dict(cause.error) if cause is not None and cause.error else {"message": run.error},
    }
    return {"input": run_input, "failed": failed}


def stopped_error(attempts: int, *, is_maybe_delivered: bool) -> dict[str, Any]:
    """Return the error of a task that was stopped before its end."""
    delivered = "the server may have got the request" if is_maybe_delivered else "nothing was sent"
    return {
        "error": "Stopped",
        "message": f"stopped before its end; {delivered}",
        "kind": "cancelled",
        "maybeDelivered": is_maybe_delivered,
        "attempts": attempts,
    }
