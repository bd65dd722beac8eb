"""What is wrong with a task, found before anything of it runs."""

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
from httptask.task._for_each import with_item
from httptask.task._judge import judging_problems, reading_problems
from httptask.task.completion import completion_problems
from httptask.task.pagination import pagination_problems, placed

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task._plan import Plan


def problems_of(plan: Plan) -> Iterator[Problem]:
    """Yield everything wrong with the definition of *plan*, warnings included."""
    if not isinstance(plan.definition, Mapping):
        yield Problem.of("task-not-object", plan.pointer)
        return
    definition = without_nulls(plan.definition)
    if deeper_than(definition, plan.runtime.limits.json_depth // 2):
        yield Problem.of("too-deep", plan.pointer, what="task")
        return
    of_shape, of_rounds = plan.shape_problems
    yield from of_shape
    yield from of_rounds
    of_endpoint, schema, endpoint = _described(plan)
    yield from of_endpoint
    if "httpRequest" in definition:
        checks = plan.checks(schema, endpoint, expressions=True)
        of_request = checks.problems(plan.paged(definition["httpRequest"]))
        of_request = placed(of_request, plan.pagination, plan.request_pointer, plan.pointer)
        known = {problem.pointer for problem in of_rounds}
        yield from (problem for problem in of_request if problem.pointer not in known)
    yield from task_warnings(plan.definition, plan.pointer)
    yield from _expression_problems(plan, definition)
    yield from judging_problems(definition, endpoint, plan.runtime.evaluator, plan.pointer)
    yield from reading_problems(definition, plan.pointer)


def shape_problems(plan: Plan) -> tuple[list[Problem], list[Problem]]:
    """Return what is wrong with the task of *plan* whatever its endpoint says: by the schema of a
    task, and with the pages and the job that it waits for.
    """
    if not isinstance(plan.definition, Mapping):
        return list(plan.problems), []
    definition = without_nulls(plan.definition)
    problems = schema_problems(task_schema(), definition, plan.pointer)
    return problems, _round_problems(plan, definition)


def _round_problems(plan: Plan, definition: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the pages and the job that the task of *plan* waits for."""
    evaluator, is_sound = plan.runtime.evaluator, plan.pagination is not None
    of_pages = pagination_problems(definition, evaluator, plan.pointer, is_sound=is_sound)
    return of_pages + completion_problems(definition, evaluator, plan.pointer)


def _described(plan: Plan) -> tuple[list[Problem], Mapping[str, Any], Endpoint | None]:
    """Return what is wrong with the `endpoint` of *plan*, and its schema and endpoint: those of any
    request where there is something.
    """
    try:
        return [], plan.checked_schema, plan.endpoint
    except UnknownEndpointError as error:
        near = error.nearest[0] if error.nearest else None
        at = pointer_of(["endpoint"], plan.pointer)
        problem = Problem.of("endpoint-unknown", at, suggestion=near, name=error.endpoint_id)
    except CatalogueError as error:
        problem = error.problem(pointer_of(["endpoint"], plan.pointer))
    return [problem], any_settings_schema(), None


def _expression_problems(plan: Plan, definition: Mapping[str, Any]) -> list[Problem]:
    check, parameters = plan.runtime.evaluator.check, definition.get("inputParameters", {})
    problems = [*plan.parameter_problems]
    problems += secrets_below(parameters, plan.parameters_pointer)
    # What the request's expressions see is written right beside them.
    shape = dict.fromkeys(parameters) if isinstance(parameters, Mapping) else None
    shape = with_item(shape, definition)
    problems += check(definition.get("httpRequest"), plan.request_pointer, shape)
    key_pointer = pointer_of(["idempotencyKey"], plan.pointer)
    return problems + check(definition.get("idempotencyKey"), key_pointer, shape)


def waived_problems(plan: Plan, request: Any) -> tuple[Problem, ...]:
    """Return what the endpoint of *plan* says against *request*, the evaluated settings, that are
    sent all the same.
    """
    if plan.endpoint is None:
        return ()
    problems = request_problems(
        request, plan.checked_schema, plan.endpoint, plan.request_pointer, host_header=True
    )
    mask = plan.runtime.redactor.text
    return tuple(problem.masked(mask) for problem in problems if is_error(problem))


def unwritable(plan: Plan) -> Sequence[Problem]:
    """Return the settings of *plan* that cannot be serialised, whatever expressions yield. Not
    asked in a run.
    """
    written = plan.field("httpRequest")
    if plan.refusal or not isinstance(written, Mapping):
        return ()
    is_open, paged = bool(plan.evaluated_groups), plan.paged(written)
    request = normalised(paged, plan.header_names) if is_open else plan.sendable(paged)
    # No file is read for this.
    request = with_values(request, {path: "-" for path, _ in data_places(request)})
    if is_open:
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
