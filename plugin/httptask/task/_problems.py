"""The problems of a task that are found before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import deeper_than
from httptask.building import build, data_places, unwritable_constants, with_values
from httptask.errors import CatalogueError, Problem, SettingsError, UnknownEndpointError
from httptask.expressions import holds_expression, may_change
from httptask.settings import (
    any_settings_schema,
    normalised,
    request_problems,
    schema_problems,
    secrets_below,
    task_warnings,
    without_nulls,
)
from httptask.task._checks import is_error, task_schema
from httptask.task._judge import judging_problems, reading_problems
from httptask.task._over_parameters import over_parameters
from httptask.task.completion import completion_problems
from httptask.task.pagination import pagination_problems, placed

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task._plan import Plan


def problems_of(plan: Plan) -> Iterator[Problem]:
    """Yield all problems of the definition of *plan*, warnings included.

    A definition that is no object, or too deep, gets only that problem.
    """
    if not isinstance(plan.definition, Mapping):
        yield Problem.of("task-not-object", plan.pointer)
        return
    definition = without_nulls(plan.definition)
    if deeper_than(definition, plan.runtime.limits.json_depth // 2):
        yield Problem.of("too-deep", plan.pointer, what="task")
        return
    schema_errors, round_problems = plan.shape_problems
    yield from schema_errors
    yield from round_problems
    endpoint_problems, schema, endpoint = _described(plan)
    yield from endpoint_problems
    if "httpRequest" in definition:
        checks = plan.checks(schema, endpoint, expressions=True)
        problems = checks.problems(plan.paged(definition["httpRequest"]))
        problems = placed(problems, plan.pagination, plan.request_pointer, plan.pointer)
        # `paged` puts values of `pagination` into the request: do not report the same fault twice.
        reported = {problem.pointer for problem in round_problems}
        yield from (problem for problem in problems if problem.pointer not in reported)
    yield from task_warnings(plan.definition, plan.pointer)
    yield from _expression_problems(plan, definition)
    yield from judging_problems(definition, endpoint, plan.runtime.evaluator, plan.pointer)
    yield from reading_problems(definition, plan.pointer)


def shape_problems(plan: Plan) -> tuple[list[Problem], list[Problem]]:
    """Return the problems that do not depend on the endpoint.

    First the problems found by the task schema, then the problems of `pagination` and `completion`.
    """
    if not isinstance(plan.definition, Mapping):
        return list(plan.problems), []
    definition = without_nulls(plan.definition)
    problems = schema_problems(task_schema(), definition, plan.pointer)
    return problems, _round_problems(plan, definition)


def _round_problems(plan: Plan, definition: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of `pagination` and `completion`."""
    evaluator = plan.runtime.evaluator
    is_sound = plan.pagination is not None
    page_problems = pagination_problems(definition, evaluator, plan.pointer, is_sound=is_sound)
    return page_problems + completion_problems(definition, evaluator, plan.pointer)


def _described(plan: Plan) -> tuple[list[Problem], Mapping[str, Any], Endpoint | None]:
    """Return the problems of `endpoint`, the settings schema and the endpoint of *plan*.

    If the endpoint cannot be looked up, the schema is the schema of any request.
    """
    try:
        return [], plan.checked_schema, plan.endpoint
    except UnknownEndpointError as error:
        suggestion = error.nearest[0] if error.nearest else None
        endpoint_pointer = pointer_of(["endpoint"], plan.pointer)
        problem = Problem.of(
            "endpoint-unknown",
            endpoint_pointer,
            suggestion=suggestion,
            name=error.endpoint_id,
        )
    except CatalogueError as error:
        problem = error.problem(pointer_of(["endpoint"], plan.pointer))
    return [problem], any_settings_schema(), None


def _expression_problems(plan: Plan, definition: Mapping[str, Any]) -> list[Problem]:
    problems = [*plan.parameter_problems]
    problems += secrets_below(definition.get("inputParameters", {}), plan.parameters_pointer)
    for name in ("httpRequest", "idempotencyKey"):
        pointer = pointer_of([name], plan.pointer)
        problems += over_parameters(
            definition, definition.get(name), pointer, plan.runtime.evaluator
        )
    return problems


def waived_problems(plan: Plan, request: Any) -> tuple[Problem, ...]:
    """Return the errors in *request*, evaluated settings that are sent despite these errors.

    Secrets are masked.
    """
    if plan.endpoint is None:
        return ()
    problems = request_problems(
        request,
        plan.checked_schema,
        plan.endpoint,
        plan.request_pointer,
        host_header=True,
    )
    mask = plan.runtime.redactor.text
    return tuple(problem.masked(mask) for problem in problems if is_error(problem))


def unwritable(plan: Plan) -> Sequence[Problem]:
    """Return the settings of *plan* that no value of an expression could make serialisable.

    For validation only.
    """
    settings = plan.field("httpRequest")
    if plan.refusal or not isinstance(settings, Mapping):
        return ()
    has_expressions = bool(plan.evaluated_groups)
    paged = plan.paged(settings)
    request = normalised(paged, plan.header_names) if has_expressions else plan.sendable(paged)
    # A file's content does not matter here: a placeholder saves reading it.
    request = with_values(request, {path: "-" for path, _ in data_places(request)})
    if has_expressions:
        return tuple(
            unwritable_constants(
                request,
                plan.endpoint,
                plan.request_pointer,
                is_open=lambda value: holds_expression(value, may_change),
                media_type=plan.media_type,
            )
        )
    try:
        build(request, plan.endpoint, plan.request_pointer)
    except SettingsError as error:
        return error.problems
    return ()
