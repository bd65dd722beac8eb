"""Everything wrong with a workflow definition, at once: its shape, its names, the way from task to
task.
"""

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
    """Return everything wrong with *definition*, in document order, for the task types and
    endpoints *runtime* knows.

    Each problem has a JSON Pointer, and its line when the definition was read from text. An engine
    runs a definition that has no problem of severity `error`; a `warning` is something that runs
    but was hardly meant. With an *environment*, it is checked as it runs there, and with
    *definitions*, by id, that those it runs are there and take their inputs. Never raises, whatever
    the document holds. Nothing is evaluated or sent.
    """
    outputs = {name: output_shape(task) for _, name, task in iter_tasks(definition)}
    known = Known(outputs, *_known_below(definition, environment), environment)
    services = Services(runtime, Inputs(), known)
    types = _Types(runtime.plugins.named("httptask_task_types"), services)
    unordered = [*_all_problems(definition, types)]
    if definitions is not None:
        unordered += nested_problems(definition, definitions)
    if _UNREAD.isdisjoint(problem.code for problem in unordered):
        unordered += typing_problems(definition, runtime, unordered, definitions)
    return in_order(unordered, definition)


_UNREAD = frozenset(("definition-type", "definition-depth"))
"""Codes of problems of a document that is not looked into."""


@dataclass(frozen=True, slots=True)
class _Types:
    """The task types, and what they may ask."""

    by_name: Mapping[str, TaskType]
    services: Services


def _all_problems(definition: WorkflowDefinition, types: _Types) -> Iterator[Problem]:
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
    schema = packaged.schema("workflow-definition")["$defs"]["definition"]
    yield from schema_problems(
        schema, {name: value for name, value in document.items() if value is not None}
    )
    yield from secrets_below(document.get("variables"), "/variables")
    field_names = list(schema["properties"])
    for name in document:
        if name not in field_names:
            near = nearest(str(name), field_names)
            # Only a warning: the platform may read back fields of its own, and they hurt nobody.
            suggestion = near[0] if near else None
            yield Problem.of(
                "name-ignored",
                pointer_of([name]),
                severity="warning",
                suggestion=suggestion,
                name=name,
            )


def _known_below(
    definition: WorkflowDefinition, environment: Environment | None
) -> tuple[Any, Any]:
    """Return what expressions may name below `$.input` and `$.variables`; None: anything.

    Without an environment, a variable that is nowhere is only not expected: a run may be given it.
    """
    document: Any = definition.document
    if not isinstance(document, Mapping) or deeper_than(document, _MAX_DEPTH):
        return None, None
    written = document.get("variables")
    own = written if isinstance(written, Mapping) else {}
    variables: Any = None
    if environment is not None:
        variables = dict.fromkeys([*environment.variables, *own])
    elif not environment_names(definition):
        variables = Expected(dict.fromkeys(own))
    return input_shape(document.get("inputSchema")), variables


def _name_problems(definition: WorkflowDefinition) -> Iterator[Problem]:
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
                yield Problem.of("task-name-taken", pointer, name=shown(name), other=first[name])
            first.setdefault(name, pointer)


# One set of tasks


def _scope_problems(
    scope: Scope, pointers_by_name: Mapping[str, str], types: _Types
) -> Iterator[Problem]:
    if isinstance(scope.start, str) and scope.tasks:
        yield from target_problems(
            scope.start, pointer_of(["startTask"], scope.pointer), scope, pointers_by_name
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
    name: str, task: dict[str, Any], pointer: str, types: _Types
) -> Iterator[Problem]:
    task_type, type_names = task.get("type"), sorted(types.by_name)
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
            "task-type-unknown", pointer_of(["type"], pointer), suggestion=suggestion, **params
        )
    else:
        yield from schema_problems(
            packaged.schema("workflow-definition")["$defs"]["flow"], task, pointer
        )
        yield from FLOWS.get(task_type, step_flow)(task, pointer)
        yield from error_route_problems(task.get("onError"), pointer_of(["onError"], pointer))
        services = types.services
        if task.get("forEach") is not None:
            yield from services.for_each_problems(TaskCheck(name, task, services, pointer))
            services = services.of_item(task)
        yield from _type_problems(
            types.by_name[task_type], TaskCheck(name, task, services, pointer)
        )


def _type_problems(task_type: TaskType, check: TaskCheck) -> Iterator[Problem]:
    """Yield what the type's schema refuses, and what the type does, whose own words go first."""
    # Where a run goes must be known before it starts; any other value may come from an expression.
    expressions = task_type.name not in FLOWS
    # These are every task's, whether or not its type knows of them.
    own_fields = {
        name: value
        for name, value in check.definition.items()
        if name not in ("onError", "forEach")
    }
    by_schema: list[Problem] = []
    try:
        by_schema = schema_problems(
            task_type.schema, own_fields, check.pointer, expressions=expressions
        )
        own = list(task_type.problems(check))
    except Exception as error:  # noqa: BLE001 - a stranger's task type must not hide the other problems
        params: dict[str, Any] = {
            "name": task_type.name,
            "pythonMessage": f"{type(error).__name__}: {error}",
        }
        # A type may trip over what its schema has found already.
        own = [] if by_schema else [Problem.of("task-type-failed", check.pointer, **params)]
    own_pointers = {problem.pointer for problem in own}
    yield from own
    yield from (problem for problem in by_schema if problem.pointer not in own_pointers)
