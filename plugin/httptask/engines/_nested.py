"""Runs inside runs: what is refused before anything runs, and how their end is a task's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask.engines._compiled import compiled, kept_definition
from httptask.errors import (
    DefinitionError,
    InputError,
    Problem,
    SettingsError,
    TaskError,
    TimedOutError,
)
from httptask.workflow import nested_definitions, nested_problems

if TYPE_CHECKING:
    from httptask.model.workflow import Step, TaskRun, WorkflowDefinition, WorkflowRun
    from httptask.protocols import RunOptions
    from httptask.task import Runtime


async def refuse_broken_nested(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> None:
    """Raise `DefinitionError` where a definition that *definition* runs is not there or broken:
    better said now than after half the run.
    """
    if not kept_definition(definition, runtime).runs_others:  # by far the most
        return
    nested = nested_definitions(definition, options.definitions)
    for runner in (definition, *nested.values()):
        found = nested_problems(runner, options.definitions)
        errors = [problem for problem in found if problem.severity == "error"]
        if errors:
            raise DefinitionError(errors, source=runner.source)
    for other in nested.values():
        await compiled(other, runtime, options)


def nested_definition(step: Step, name: str, options: RunOptions, limit: int) -> WorkflowDefinition:
    """Return the definition *name* that the task of *step* runs, *options* being those of its run,
    which may stand inside *limit* others.

    Raises `SettingsError` when there is none, or it would stand inside too many runs.
    """
    pointer = pointer_of(["definition"], step.pointer)
    if options.depth > limit:
        raise SettingsError([Problem.of("workflow-depth", pointer, name=name, limit=limit)])
    if name not in options.definitions:
        raise SettingsError([Problem.of("workflow-unknown", pointer, name=name[:100])])
    return options.definitions[name]


def refused_error(name: str, error: DefinitionError) -> dict[str, Any]:
    """Return, as JSON, the error of a task whose definition *name* was not run."""
    if isinstance(error, InputError):
        error = InputError(error.problems, source=f"the input of the definition {name!r}")
    return {**error.to_json(), "kind": SettingsError.kind, "retryable": False}


def nested_error(name: str, run: WorkflowRun, cause: TaskRun | None) -> dict[str, Any]:
    """Return, as JSON, the error of a task whose *run* of the definition *name* did not complete:
    that of the task that was the *cause*, with where it was.
    """
    if run.status == "Failed" and cause is not None and cause.error:
        message = cause.error.get("message")
        where = f"task {cause.name!r} of the definition {name!r}"
        return {**cause.error, "message": f"{where} failed: {message}"}
    return {
        "error": "WorkflowFailed",
        "message": f"the run of the definition {name!r} ended as {run.status}: {run.error}",
        "kind": (TimedOutError if run.status == "TimedOut" else TaskError).kind,
        "retryable": False,
        "maybeDelivered": maybe_delivered(run),
    }


def maybe_delivered(run: WorkflowRun) -> bool:
    """Say whether a server may have got a request of a task that did not complete."""
    errors: list[Mapping[str, Any]] = [task.error for task in run.tasks if task.error]
    return any(error.get("maybeDelivered") for error in errors)
