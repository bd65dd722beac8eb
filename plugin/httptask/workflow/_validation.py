"""Validate a workflow definition and find all its problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.json_types import type_name
from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import deeper_than
from httptask.errors import Problem
from httptask.expressions import Expected
from httptask.model.policy import Limits
from httptask.model.task import Inputs
from httptask.model.workflow import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.protocols import TaskCheck
from httptask.settings import schema_problems, secrets_below, without_nulls
from httptask.task import Known, Services, output_shape
from httptask.workflow._condition_members import member_problems
from httptask.workflow._definition import (
    MAX_NESTING,
    Scope,
    branches_of,
    iter_scopes,
    iter_tasks,
)
from httptask.workflow._environment_files import environment_names
from httptask.workflow._error_route_problems import error_route_problems
from httptask.workflow._input import input_schema_problems, input_shape
from httptask.workflow._nested import Definitions, nested_problems
from httptask.workflow._order import in_order
from httptask.workflow._routes import (
    FLOWS,
    shown,
    step_flow,
    target_problems,
    transitions,
    way_problems,
)
from httptask.workflow.typing import typing_problems

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.protocols import TaskType
    from httptask.task import Runtime

_MAX_DEPTH = Limits().json_depth


def problems(
    definition: WorkflowDefinition,
    runtime: Runtime,
    environment: Environment | None = None,
    definitions: Definitions | None = None,
) -> list[Problem]:
    """Return all problems of *definition*, in document order.

    *runtime* provides the task types and endpoints. Each problem has a JSON Pointer, and a line
    number if the definition was read from text. An engine runs a definition without problems of the
    severity `error`; a `warning` is about something that runs but is probably a mistake.

    With an *environment*, the definition is checked as it runs in that environment. With
    *definitions*, the nested definitions by id, their existence and inputs are checked, too. Never
    raises, whatever the document holds. Nothing is evaluated or sent.
    """
    outputs = {name: output_shape(task) for _, name, task in iter_tasks(definition)}
    known = Known(outputs, *_known_shapes(definition, environment), environment)
    services = Services(runtime, Inputs(), known)
    types = _Types(runtime.plugins.named("httptask_task_types"), services)
    unordered = [*_all_problems(definition, types)]
    if definitions is not None:
        unordered += nested_problems(definition, definitions)
    if _UNREAD.isdisjoint(problem.code for problem in unordered):
        unordered += typing_problems(definition, runtime, unordered, definitions)
    return in_order(unordered, definition)


_UNREAD = frozenset(("definition-type", "definition-depth"))
"""Codes of problems after which the document is not examined further."""


@dataclass(frozen=True, slots=True)
class _Types:
    """The task types by name, and the services for their checks."""

    by_name: Mapping[str, TaskType]
    services: Services


def _all_problems(definition: WorkflowDefinition, types: _Types) -> Iterator[Problem]:
    """Yield the problems that are found without types, in no order."""
    document: Any = definition.document
    if not isinstance(document, Mapping):
        yield Problem.of("definition-type", "", found=type_name(document))
        return
    if deeper_than(document, _MAX_DEPTH):
        yield Problem.of("definition-depth", "", limit=_MAX_DEPTH)
        return
    yield from _definition_problems(document)
    yield from input_schema_problems(document)
    yield from _name_problems(definition)
    pointers_by_name = {
        name: pointer for pointer, name, _ in reversed(list(iter_tasks(definition)))
    }
    for scope in iter_scopes(definition):
        yield from _scope_problems(scope, pointers_by_name, types)


# The definition's own fields


def _definition_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of the definition's own fields: types, secrets, unknown names."""
    schema = packaged.schema("workflow-definition")["$defs"]["definition"]
    yield from schema_problems(
        schema, {name: value for name, value in document.items() if value is not None}
    )
    yield from secrets_below(document.get("variables"), "/variables")
    field_names = list(schema["properties"])
    missing = [name for name in field_names if name not in document]
    for name in document:
        if name not in field_names:
            near = nearest(str(name), missing)
            # Only a warning: unknown fields do no harm, and the platform may use some of its own.
            suggestion = near[0] if near else None
            yield Problem.of(
                "name-ignored",
                pointer_of([name]),
                severity="warning",
                suggestion=suggestion,
                name=name,
            )


def _known_shapes(
    definition: WorkflowDefinition,
    environment: Environment | None,
) -> tuple[Any, Any]:
    """Return the shapes of `$.input` and `$.variables`; None: any value.

    Without an environment, naming an unknown variable is only a warning: the run may get such a
    variable.
    """
    document: Any = definition.document
    if not isinstance(document, Mapping) or deeper_than(document, _MAX_DEPTH):
        return None, None
    written = document.get("variables")
    declared = written if isinstance(written, Mapping) else {}
    variables: Any = None
    if environment is not None:
        variables = dict.fromkeys([*environment.variables, *declared])
    elif not environment_names(definition):
        variables = Expected(dict.fromkeys(declared))
    return input_shape(document.get("inputSchema")), variables


def _name_problems(definition: WorkflowDefinition) -> Iterator[Problem]:
    """Yield the tasks with empty, too long and repeated names."""
    first: dict[str, str] = {}
    for scope in iter_scopes(definition):
        for name in scope.tasks:
            pointer = scope.pointer_to(name)
            if not name.strip():
                yield Problem.of("task-name-empty", pointer)
            elif len(name) > MAX_NAME_LENGTH:
                params: dict[str, Any] = {
                    "limit": MAX_NAME_LENGTH,
                    "which": repr(shown(name)),
                    "length": len(name),
                }
                yield Problem.of("task-name-length", pointer, **params)
            if name in first:
                yield Problem.of(
                    "task-name-taken",
                    pointer,
                    name=shown(name),
                    other=first[name],
                )
            first.setdefault(name, pointer)


# One set of tasks


def _scope_problems(
    scope: Scope,
    pointers_by_name: Mapping[str, str],
    types: _Types,
) -> Iterator[Problem]:
    """Yield the problems of the tasks in *scope*, and of the routes between them.

    *pointers_by_name* has all tasks of the definition, to find routes that leave the scope.
    """
    if isinstance(scope.start, str) and scope.tasks:
        yield from target_problems(
            scope.start,
            pointer_of(["startTask"], scope.pointer),
            scope,
            pointers_by_name,
        )
    for name, task in scope.tasks.items():
        pointer = scope.pointer_to(name)
        if not isinstance(task, Mapping):
            yield Problem.of("task-not-object", pointer, found=type_name(task))
            continue
        yield from _task_problems(name, without_nulls(task), pointer, types)
        for path, target in transitions(task):
            yield from target_problems(target, pointer_of(path, pointer), scope, pointers_by_name)
        if scope.depth == MAX_NESTING and branches_of(task, pointer):
            yield Problem.of("parallel-depth", pointer, limit=MAX_NESTING)
    yield from way_problems(scope)
    yield from member_problems(scope)


def _task_problems(
    name: str,
    task: dict[str, Any],
    pointer: str,
    types: _Types,
) -> Iterator[Problem]:
    """Yield the problems of one *task*: of its type, its routes, its `forEach`, its settings."""
    task_type = task.get("type")
    type_names = sorted(types.by_name)
    expected = f"one of {', '.join(type_names)}"
    if task_type is None:
        yield Problem.of("required", pointer, name="type", expected=expected)
    elif not isinstance(task_type, str):
        yield Problem.of(
            "type",
            pointer_of(["type"], pointer),
            types=["string"],
            expected=expected,
            found=type_name(task_type),
        )
    elif task_type not in types.by_name:
        near = nearest(task_type, types.by_name)
        suggestion = near[0] if near else None
        params: dict[str, Any] = {"name": shown(task_type), "known": type_names}
        yield Problem.of(
            "task-type-unknown",
            pointer_of(["type"], pointer),
            suggestion=suggestion,
            **params,
        )
    else:
        yield from FLOWS.get(task_type, step_flow)(task, pointer)
        yield from error_route_problems(task.get("onError"), pointer_of(["onError"], pointer))
        services = types.services
        if task.get("forEach") is not None:
            yield from services.for_each_problems(TaskCheck(name, task, services, pointer))
            services = services.of_item(task)
        check = TaskCheck(name, task, services, pointer)
        type_problems = [*_type_problems(types.by_name[task_type], check)]
        yield from type_problems
        flow = packaged.schema("workflow-definition")["$defs"]["flow"]
        reported = {(problem.pointer, problem.code) for problem in type_problems}
        for problem in schema_problems(flow, task, pointer):
            # The problem of the type may say more than the same problem of the flow.
            if (problem.pointer, problem.code) not in reported:
                yield problem


def _type_problems(task_type: TaskType, check: TaskCheck) -> Iterator[Problem]:
    """Yield the problems that the type's `problems` method finds, then those of the type's schema.

    If the method finds problems at a pointer, the schema's problems there are left out, because
    they say less.
    """
    # Routes must be known before the run, so an expression cannot replace a value of the types with
    # special routes. In the other types it can replace any value.
    expressions = task_type.name not in FLOWS
    # `onError` and `forEach` belong to tasks of every type, so the type's schema may lack them.
    own_fields = {
        name: value
        for name, value in check.definition.items()
        if name not in ("onError", "forEach")
    }
    schema_errors: list[Problem] = []
    try:
        schema_errors = schema_problems(
            task_type.schema,
            own_fields,
            check.pointer,
            expressions=expressions,
        )
        type_problems = list(task_type.problems(check))
    except Exception as error:  # noqa: BLE001 - a stranger's task type must not hide the other problems
        params: dict[str, Any] = {
            "name": task_type.name,
            "pythonMessage": f"{type(error).__name__}: {error}",
        }
        # If the schema has found problems, these are probably the reason why the method failed.
        type_problems = []
        if not schema_errors:
            type_problems = [Problem.of("task-type-failed", check.pointer, **params)]
    own_pointers = {problem.pointer for problem in type_problems}
    yield from type_problems
    yield from (problem for problem in schema_errors if problem.pointer not in own_pointers)
