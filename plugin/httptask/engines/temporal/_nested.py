"""Nested runs, as child workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from temporalio import workflow
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    is_cancelled_exception,
)

from httptask.engines._nested import nested_definition, nested_error
from httptask.engines._outcome import failure_run_id, stopped_error
from httptask.engines.temporal._arguments import RunArguments, RunEnd
from httptask.engines.temporal._labels import search_attributes
from httptask.engines.temporal._tasks import StoppedTaskError
from httptask.engines.temporal._types import WORKFLOW
from httptask.errors import SettingsError
from httptask.model.definition import WorkflowDefinition
from httptask.model.pins import Pins
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowRun

if TYPE_CHECKING:
    from httptask.model.workflow import Step
    from httptask.protocols import RunOptions


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """The end of a nested run."""

    outcome: TaskOutcome | dict[str, Any]
    """The outcome of the task that asked for the run, or its error as JSON."""
    run: WorkflowRun | None = None
    steps: int = 0
    """The number of tasks that the run executed."""


async def run_child(
    arguments: RunArguments,
    step: Step,
    name: str,
    outcome: TaskOutcome,
    options: RunOptions,
) -> ChildEnd:
    """Run the definition *name* as a child of the run of *arguments*, and return its end.

    *outcome* is the outcome of *step* that asked for the run, *options* are the options of the
    nested run.
    """
    documents = arguments.definitions
    parsed = {
        nested_name: WorkflowDefinition(document) for nested_name, document in documents.items()
    }
    try:
        nested_definition(step, name, replace(options, definitions=parsed), arguments.max_depth)
    except SettingsError as error:
        return ChildEnd(error.to_json())
    child = replace(
        _other(arguments, name),
        input=options.input,
        steps=options.steps or 0,
        depth=options.depth,
        pins=options.pins.to_json() if options.pins is not None else None,
    )
    try:
        end = await _ended(child, name, options.workflow_id or "", f"{step.name}: {name}")
    except ChildWorkflowError as error:
        if is_cancelled_exception(error):
            raise StoppedTaskError(stopped_error(0, is_maybe_delivered=True)) from None
        return ChildEnd(_foreign(name, error))
    run = WorkflowRun.from_json(end.run)
    if run.status != "Completed":
        cause = TaskRun.from_json(end.cause) if end.cause is not None else None
        return ChildEnd(_error(name, run, cause, end), run, end.steps)
    return ChildEnd(replace(outcome, output=run.output, definition=None), run, end.steps)


async def run_failure_workflow(
    arguments: RunArguments,
    run: WorkflowRun,
    name: str,
    failure: Any,
) -> WorkflowRun:
    """Run the failure workflow *name* with the input *failure*; return *run* with its run."""
    if name not in arguments.definitions:
        return replace(
            run,
            error=f"{run.error}; its failure workflow {name!r} is not among the definitions given",
        )
    pins = Pins.from_json(arguments.pins).inside(name) if arguments.pins is not None else None
    child = replace(
        _other(arguments, name),
        input=failure,
        pins=pins.to_json() if pins is not None else None,
    )
    try:
        end = await _ended(child, name, failure_run_id(run.workflow_id), f"failure: {name}")
    except ChildWorkflowError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from None
        reason = f"{run.error}; its failure workflow {name!r} was not run: {error.cause or error}"
        return replace(run, error=reason)
    return replace(run, failure_run=WorkflowRun.from_json(end.run))


def _other(arguments: RunArguments, name: str) -> RunArguments:
    """Return the arguments of a run of the definition *name*, based on *arguments*."""
    return replace(
        arguments,
        definition=arguments.definitions[name],
        title=name,
        facts={**arguments.facts, "": arguments.facts.get(name, {})},
        labels={**arguments.labels, "": arguments.labels.get(name, {})},
        carried=None,
    )


async def _ended(
    child: RunArguments,
    name: str,
    workflow_id: str,
    summary: str,
) -> RunEnd:
    """Run *child*, and return its end, also of a failed run.

    Raises `ChildWorkflowError` if the run did not end by itself.
    """
    labels = child.labels.get("", {})
    try:
        end: RunEnd = await workflow.execute_child_workflow(
            WORKFLOW,
            child,
            id=workflow_id,
            result_type=RunEnd,
            cancellation_type=workflow.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            memo=labels,
            search_attributes=(search_attributes(labels) if child.has_search_attributes else None),
            static_summary=summary[:200],
        )
    except ChildWorkflowError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.details:
            details = cause.details[0]
            if isinstance(details, Mapping) and "run" in details:
                return RunEnd.from_json(details)
        raise
    return end


def _error(
    name: str,
    run: WorkflowRun,
    cause: TaskRun | None,
    end: RunEnd,
) -> dict[str, Any]:
    error = nested_error(name, run, cause)
    return {**error, "maybeDelivered": bool(error.get("maybeDelivered")) or end.maybe_delivered}


def _foreign(name: str, error: ChildWorkflowError) -> dict[str, Any]:
    """Return the error of a task whose nested run was ended from outside (terminated, say)."""
    return {
        "error": "WorkflowFailed",
        "message": f"the run of the definition {name!r} ended: {error.cause or error}",
        "kind": "task",
        "retryable": False,
        "maybeDelivered": True,
    }
