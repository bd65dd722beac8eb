"""Everything wrong with a workflow definition, at once: its shape, its names, the way from task to
task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.json_types import type_name
from httptask._core.nearest import nearest
from httptask._core.pointers import lines_of, parts
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import deeper_than
from httptask.errors import Problem
from httptask.model.policy import Limits
from httptask.model.task import Inputs
from httptask.model.workflow import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.protocols import TaskCheck
from httptask.settings import schema_problems, without_nulls
from httptask.task import Known, Services
from httptask.workflow._definition import (
    MAX_NESTING,
    Scope,
    branches_of,
    iter_scopes,
    iter_tasks,
)
from httptask.workflow._graph import Arrows, endless_loops, unreached
from httptask.workflow._input import input_schema_problems, input_shape

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.protocols import TaskServices, TaskType
    from httptask.task import Runtime

_MAX_DEPTH = Limits().json_depth


def problems(
    definition: WorkflowDefinition, runtime: Runtime, environment: Environment | None = None
) -> list[Problem]:
    """Return everything wrong with *definition*, in document order, for the task types and
    endpoints *runtime* knows.

    Each problem has a JSON Pointer, and its line when the definition was read from text. An engine
    runs a definition that has no problem of severity `error`; a `warning` is something that runs
    but was hardly meant. With an *environment*, it is checked as it runs there. Never raises,
    whatever the document holds. Nothing is evaluated or sent.
    """
    names = [name for _, name, _ in iter_tasks(definition)]
    known = Known(names, *_known_below(definition.document, environment), environment)
    services = Services(runtime, Inputs(), known)
    types = _Types(runtime.plugins.named("httptask_task_types"), services)
    return _in_order(_all_problems(definition, types), definition)


@dataclass(frozen=True, slots=True)
class _Types:
    """The task types, and what they may ask."""

    by_name: Mapping[str, TaskType]
    services: TaskServices


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


def _known_below(document: Any, environment: Environment | None) -> tuple[Any, Any]:
    """Return what expressions may name below `$.input` and `$.variables`; None: anything."""
    if not isinstance(document, Mapping) or deeper_than(document, _MAX_DEPTH):
        return None, None
    own = document.get("variables")
    variables = None
    if environment is not None:
        names = [*environment.variables, *(own if isinstance(own, Mapping) else ())]
        variables = dict.fromkeys(names)
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
                    "which": repr(_shown(name)),
                    "length": len(name),
                }
                yield Problem.of("task-name-length", pointer, **params)
            if name in first:
                yield Problem.of("task-name-taken", pointer, name=_shown(name), other=first[name])
            first.setdefault(name, pointer)


# One set of tasks


def _scope_problems(
    scope: Scope, pointers_by_name: Mapping[str, str], types: _Types
) -> Iterator[Problem]:
    if isinstance(scope.start, str) and scope.tasks:
        yield from _target_problems(
            scope.start, pointer_of(["startTask"], scope.pointer), scope, pointers_by_name
        )
    for name, task in scope.tasks.items():
        pointer = scope.pointer_to(name)
        if not isinstance(task, Mapping):
            yield Problem.of("task-not-object", pointer, found=type_name(task))
            continue
        yield from _task_problems(name, without_nulls(task), pointer, types)
        for path, target in transitions(task):
            yield from _target_problems(target, pointer_of(path, pointer), scope, pointers_by_name)
        if scope.depth == MAX_NESTING and branches_of(task, pointer):
            yield Problem.of("parallel-depth", pointer, limit=MAX_NESTING)
    yield from _way_problems(scope)


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
        params: dict[str, Any] = {"name": _shown(task_type), "known": type_names}
        yield Problem.of(
            "task-type-unknown", pointer_of(["type"], pointer), suggestion=suggestion, **params
        )
    else:
        yield from schema_problems(
            packaged.schema("workflow-definition")["$defs"]["flow"], task, pointer
        )
        yield from _FLOWS.get(task_type, _step_flow)(task, pointer)
        yield from _type_problems(
            types.by_name[task_type], TaskCheck(name, task, types.services, pointer)
        )


def _type_problems(task_type: TaskType, check: TaskCheck) -> Iterator[Problem]:
    """Yield what the type's schema refuses, and what the type does, whose own words go first."""
    # Where a run goes must be known before it starts; any other value may come from an expression.
    expressions = task_type.name not in _FLOWS
    by_schema: list[Problem] = []
    try:
        by_schema = schema_problems(
            task_type.schema, check.definition, check.pointer, expressions=expressions
        )
        own = list(task_type.problems(check))
    except Exception as error:  # noqa: BLE001 - a stranger's task type must not hide the other problems
        params: dict[str, Any] = {
            "name": task_type.name,
            "reason": f"{type(error).__name__}: {error}",
        }
        # A type may trip over what its schema has found already.
        own = [] if by_schema else [Problem.of("task-type-failed", check.pointer, **params)]
    own_pointers = {problem.pointer for problem in own}
    yield from own
    yield from (problem for problem in by_schema if problem.pointer not in own_pointers)


# From task to task


def transitions(task: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path in *task*, and the name, of every task it may go to. Never raises."""
    if task.get("type") == "Decision":
        choices = task.get("choices")
        for index, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, Mapping) and isinstance(choice.get("nextTask"), str):
                yield ("choices", index, "nextTask"), choice["nextTask"]
        if isinstance(task.get("defaultTask"), str):
            yield ("defaultTask",), task["defaultTask"]
    elif task.get("type") != "Terminate" and isinstance(task.get("nextTask"), str):
        yield ("nextTask",), task["nextTask"]


def _target_problems(
    target: str, pointer: str, scope: Scope, pointers_by_name: Mapping[str, str]
) -> Iterator[Problem]:
    if target in scope.tasks:
        return
    if target in pointers_by_name:
        where = "branch" if scope.depth else "list of tasks"
        yield Problem.of(
            "route-outside",
            pointer,
            name=_shown(target),
            place=pointers_by_name[target],
            scope=where,
        )
        return
    near = _near_task(target, scope.tasks)
    yield Problem.of("route-unknown-task", pointer, suggestion=near, name=_shown(target))


def _near_task(target: str, names: Iterable[str]) -> str | None:
    # Comparing is slow: only names of much the same length, and none in a list nobody wrote by
    # hand.
    likely = [name for name in names if abs(len(name) - len(target)) <= _TYPO]
    near = nearest(target, likely) if len(likely) <= _MOST_COMPARED else []
    return near[0] if near else None


_TYPO = 3
"""Characters by which a misspelt name is longer or shorter, at most."""

_MOST_COMPARED = 300
"""Names that a wrong one is compared with."""


def _step_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    ends, goes_on = task.get("end") is True, "nextTask" in task
    if ends and goes_on:
        yield Problem.of("route-twice", pointer_of(["nextTask"], pointer))
    elif not goes_on and task.get("end", False) is False:
        yield Problem.of("route-missing", pointer)


def _decision_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if task.get("end") is True:
        yield Problem.of("decision-end", pointer_of(["end"], pointer))
    if "nextTask" in task:
        yield Problem.of("decision-next", pointer_of(["nextTask"], pointer))


def _parallel_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if task.get("end") is True:
        yield Problem.of("parallel-end", pointer_of(["end"], pointer))
    elif "nextTask" not in task:
        yield Problem.of("parallel-next", pointer)


def _terminate_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if "nextTask" in task:
        yield Problem.of("terminate-next", pointer_of(["nextTask"], pointer))


_FLOWS: dict[str, Callable[[Mapping[str, Any], str], Iterator[Problem]]] = {
    "Decision": _decision_flow,
    "Parallel": _parallel_flow,
    "Terminate": _terminate_flow,
}
"""Task types with a way on of their own; every other one has either `nextTask` or `end`."""

_STAYS_ON_ITS_WAY = frozenset({"Http", "Simple", "Decision", "Parallel"})
"""Types that go where their definition says. A plugin's may decide, or end the run, by itself."""


def unreached_tasks(definition: WorkflowDefinition) -> list[str]:
    """Return the names of the tasks that no run gets to, in document order: nothing leads there
    from `startTask`.

    Where `startTask` itself is wrong nothing can be told, and of the tasks inside a branch only the
    branch's own are looked at.
    """
    return [name for scope in iter_scopes(definition) for name in _unreached(scope, _arrows(scope))]


def _arrows(scope: Scope) -> dict[str, list[str]]:
    return {
        name: (
            [target for _, target in transitions(task) if target in scope.tasks]
            if isinstance(task, Mapping)
            else []
        )
        for name, task in scope.tasks.items()
    }


def _unreached(scope: Scope, arrows: Arrows) -> list[str]:
    if not isinstance(scope.start, str) or scope.start not in scope.tasks:
        return []
    return unreached(scope.start, arrows)


def _way_problems(scope: Scope) -> Iterator[Problem]:
    if not isinstance(scope.start, str) or scope.start not in scope.tasks:
        return
    arrows = _arrows(scope)
    # A task without a way on is a problem of its own already, and no part of a loop.
    ends = {name for name, task in scope.tasks.items() if not arrows[name] or _may_end(task)}
    for name in _unreached(scope, arrows):
        params: dict[str, Any] = {"name": _shown(name), "start": _shown(scope.start)}
        yield Problem.of("unreached", scope.pointer_to(name), severity="warning", **params)
    for loop in endless_loops(scope.start, arrows, ends):
        way = [_shown(name) for name in [*loop, loop[0]]]
        yield Problem.of("endless-loop", scope.pointer_to(loop[0]), tasks=way)


def _may_end(task: Any) -> bool:
    """Say whether a run may end with *task*, or inside it."""
    if not isinstance(task, Mapping) or task.get("end") is True:
        return True
    pending: list[Any] = [task]
    while pending:
        inner = pending.pop()
        if not isinstance(inner, Mapping):
            continue
        if not isinstance(inner.get("type"), str) or inner["type"] not in _STAYS_ON_ITS_WAY:
            return True
        for branch in branches_of(inner, ""):
            pending.extend(branch.tasks.values())
    return False


# Order and lines


def _in_order(unordered: Iterable[Problem], definition: WorkflowDefinition) -> list[Problem]:
    order = _Order(definition.document)
    listed = sorted(dict.fromkeys(unordered), key=lambda problem: order.of(problem.pointer))
    if definition.text is None:
        return listed
    lines = lines_of(definition.text, {problem.pointer for problem in listed})
    return [replace(problem, line=problem.line or lines.get(problem.pointer)) for problem in listed]


class _Order:
    """Where a pointer stands in a document, as something to sort by."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._positions: dict[int, dict[str, int]] = {}

    def of(self, pointer: str) -> tuple[int, ...]:
        position: list[int] = []
        value = self._document
        for part in parts(pointer):
            indices = self._indices(value)
            if part not in indices:  # a name that is missing comes after those that are there
                position.append(len(indices))
                break
            position.append(indices[part])
            value = value[part] if isinstance(value, Mapping) else value[int(part)]
        return tuple(position)

    def _indices(self, value: Any) -> dict[str, int]:
        """Return the index of each name, or item, of *value*."""
        if id(value) not in self._positions:
            names: Iterable[Any] = ()
            if isinstance(value, Mapping):
                names = value
            elif isinstance(value, list):
                names = range(len(value))
            self._positions[id(value)] = {str(name): index for index, name in enumerate(names)}
        return self._positions[id(value)]


def _shown(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"
