"""Nested runs: the checks before a run, and the errors of tasks whose nested run failed."""

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
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
) -> None:
    """Raise `DefinitionError` if a nested definition of *definition* is missing or has errors.

    Nested definitions are checked before the run, so that the run does not fail halfway.
    """
    if not kept_definition(definition, runtime).runs_others:  # the usual case, for speed
        return
    nested = nested_definitions(definition, options.definitions)
    for runner in (definition, *nested.values()):
        problems = nested_problems(runner, options.definitions)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            raise DefinitionError(errors, source=runner.source)
    for other in nested.values():
        await compiled(other, runtime, options)


def nested_definition(
    step: Step,
    name: str,
    options: RunOptions,
    limit: int,
) -> WorkflowDefinition:
    """Return the definition *name*; *options* are those of the nested run for the task of *step*.

    Raises `SettingsError` if there is no such definition, or if the run would be nested deeper than
    *limit*.
    """
    pointer = pointer_of(["definition"], step.pointer)
    if options.depth > limit:
        raise SettingsError([Problem.of("workflow-depth", pointer, name=name, limit=limit)])
    if name not in options.definitions:
        raise SettingsError([Problem.of("workflow-unknown", pointer, name=name[:100])])
    return options.definitions[name]


def refused_error(name: str, error: DefinitionError) -> dict[str, Any]:
    """Return, as JSON, the error of a task whose nested definition *name* was refused."""
    if isinstance(error, InputError):
        error = InputError(error.problems, source=f"the input of the definition {name!r}")
    return {
        **error.to_json(),
        "kind": SettingsError.kind,
        "retryable": False,
    }


def nested_error(name: str, run: WorkflowRun, cause: TaskRun | None) -> dict[str, Any]:
    """Return, as JSON, the error of a task whose nested *run* of *name* did not complete.

    That is the error of *cause*, the visit that failed the nested run; its message also names the
    task and the definition.
    """
    if run.status == "Failed" and cause is not None and cause.error:
        message = cause.error.get("message")
        subject = f"task {cause.name!r} of the definition {name!r}"
        return {**cause.error, "message": f"{subject} failed: {message}"}
    return {
        "error": "WorkflowFailed",
        "message": f"the run of the definition {name!r} ended as {run.status}: {run.error}",
        "kind": (TimedOutError if run.status == "TimedOut" else TaskError).kind,
        "retryable": False,
        "maybeDelivered": maybe_delivered(run),
    }


def maybe_delivered(run: WorkflowRun) -> bool:
    """Say whether a request of a failed or stopped task of *run* may have reached a server."""
    errors: list[Mapping[str, Any]] = [task.error for task in run.tasks if task.error]
    return any(error.get("maybeDelivered") for error in errors)
