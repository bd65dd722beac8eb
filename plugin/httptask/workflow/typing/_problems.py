"""The problems of expressions that are found by their types."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import by_nearness, nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.value_keywords import TYPES
from httptask.errors import Problem
from httptask.expressions import MissingName, Reading, TypedExpression
from httptask.model.workflow import WorkflowDefinition
from httptask.task import parameter_advice, reads_run
from httptask.workflow._condition_members import arrivals_of
from httptask.workflow._definition import Scope, iter_scopes, iter_tasks
from httptask.workflow._routes import shown
from httptask.workflow.typing._comparisons import missing_members, previous_output
from httptask.workflow.typing._data import TypedData
from httptask.workflow.typing._fit import in_words, misfit
from httptask.workflow.typing._routes import Ran
from httptask.workflow.typing._settings import Setting, TypedTask

if TYPE_CHECKING:
    from httptask.task import Runtime

_MOST_NAMES = 10
"""The number of names that a problem lists."""
_MOST_COMPARED = 300
"""The number of names that a misspelt name is compared with."""
_LONGEST_NAME = 100
_LONGEST_PATH = 200
"""The number of characters of a name, and of a path or condition, in a problem."""


def typing_problems(
    definition: WorkflowDefinition,
    runtime: Runtime,
    known: Iterable[Problem],
    definitions: Mapping[str, WorkflowDefinition] | None = None,
) -> Iterator[Problem]:
    """Yield the problems of the expressions of *definition* by the types of their data.

    *known* are the problems found without types; an expression with such a problem gets no other.
    *definitions* are the nested definitions by id.
    """
    reported = {problem.pointer for problem in known}
    data = TypedData(definition, runtime, definitions)
    for pointer, name, task in iter_tasks(definition):
        yield from _of_task(TypedTask(name, task, pointer, data), reported)
    for scope in iter_scopes(definition):
        yield from _of_comparisons(scope, data, reported)


def task_typing_problems(
    definition: WorkflowDefinition,
    name: str,
    runtime: Runtime,
    known: Iterable[Problem],
) -> list[Problem]:
    """Return the `typing_problems` of the task *name*, with pointers into the task."""
    data = TypedData(definition, runtime)
    for pointer, other, task in iter_tasks(definition):
        if other == name:
            reported = {f"{pointer}{problem.pointer}" for problem in known}
            problems = _of_task(TypedTask(name, task, pointer, data), reported)
            return [
                replace(problem, pointer=problem.pointer[len(pointer) :]) for problem in problems
            ]
    return []


def _of_task(task: TypedTask, reported: set[str]) -> Iterator[Problem]:
    for setting in task.settings():
        if setting.pointer not in reported:
            reported.add(setting.pointer)
            yield from _of_setting(setting, task.name, task.data)


def _of_comparisons(
    scope: Scope,
    data: TypedData,
    reported: Container[str],
) -> Iterator[Problem]:
    """Yield the problems of the conditions in the platform's own syntax in *scope*."""
    arrivals = arrivals_of(scope)
    for name, task in scope.tasks.items():
        choices = None
        if isinstance(task, Mapping):
            choices = task.get("choices")
        if not isinstance(choices, list) or task.get("type") != "Decision":
            continue
        output = previous_output(name, scope, arrivals, data)
        for index, choice in enumerate(choices):
            condition = None
            if isinstance(choice, Mapping):
                condition = choice.get("condition")
            pointer = pointer_of(["choices", index, "condition"], scope.pointer_to(name))
            if pointer not in reported:
                for missing in missing_members(condition, output):
                    yield _of_name(missing, str(condition)[:_LONGEST_PATH], pointer)


def _of_setting(setting: Setting, reader: str, data: TypedData) -> Iterator[Problem]:
    """Yield the problems of one text: of its expressions, or, without any, of its type."""
    text = data.typed(setting.text, setting.data)
    problems = [
        problem
        for expression in text.expressions
        for problem in _of_expression(expression, setting, reader, data)
    ]
    yield from problems
    if not problems and text.is_whole:
        yield from _of_type(text.expressions[0], setting)


def _of_expression(
    expression: TypedExpression,
    setting: Setting,
    reader: str,
    data: TypedData,
) -> Iterator[Problem]:
    """Yield the problems of one expression: tasks that may not have run, and unknown names."""
    names: set[str] = set()
    for reading in expression.typed.readings if setting.sees_tasks else ():
        name = _task_of(reading)
        if name is not None and name not in names:
            names.add(name)
            yield from _of_reading(name, reading, expression, setting.pointer, reader, data)
    for missing in expression.typed.missing:
        if setting.sees_parameters and reads_run(missing.path, missing.name):
            params = parameter_advice(
                expression.written,
                str(missing.name),
                [*missing.value.names()],
            )
            yield Problem.of(
                "expression-of-run",
                setting.pointer,
                severity="warning",
                **params,
            )
        else:
            yield _of_name(missing, expression.written, setting.pointer)


def _task_of(reading: Reading) -> str | None:
    """Return the name in *reading*, if it is a lookup in `$.tasks`."""
    steps = reading.steps
    if len(steps) < 2 or steps[0] != "tasks" or not isinstance(steps[1], str):
        return None
    return steps[1]


def _of_reading(
    name: str,
    reading: Reading,
    expression: TypedExpression,
    pointer: str,
    reader: str,
    data: TypedData,
) -> Iterator[Problem]:
    """Yield a problem if the task *name* may not have run when *reader* reads its output."""
    ran = data.routes.before(reader, name).ran
    params: dict[str, Any] = {"expression": expression.written, "name": shown(name)}
    if ran is Ran.NEVER:
        severity = "error" if reading.is_needed else "warning"
        yield Problem.of("task-not-run", pointer, severity=severity, **params)
    elif ran is Ran.MAYBE and reading.is_needed:
        yield Problem.of("task-may-not-run", pointer, severity="warning", **params)


def _of_name(missing: MissingName, written: str, pointer: str) -> Problem:
    """Return the problem of a name that its object does not have, by the documentation."""
    name = missing.name
    value = missing.value
    params: dict[str, Any] = {
        "expression": written,
        "path": missing.path[:_LONGEST_PATH],
        "name": name if isinstance(name, int) else name[:_LONGEST_NAME],
    }
    names = list(dict.fromkeys(islice(value.names(), _MOST_COMPARED)))
    if isinstance(name, int) or "object" not in value.types:
        type_words = in_words(value.types)
        return Problem.of(
            "name-of-other",
            pointer,
            severity="warning",
            found=type_words,
            **params,
        )
    near = nearest(name[:_LONGEST_NAME], names)
    total_count = None
    if len(names) > _MOST_NAMES:
        total_count = len(names)
    return Problem.of(
        "name-undocumented",
        pointer,
        suggestion=near[0] if near else None,
        severity="warning",
        known=by_nearness(name[:_LONGEST_NAME], names, _MOST_NAMES),
        count=total_count,
        **params,
    )


def _of_type(expression: TypedExpression, setting: Setting) -> Iterator[Problem]:
    """Yield a problem if the value of *expression* does not fit *setting*."""
    actual = expression.typed.type
    if setting.takes_null:
        actual = actual.of_types(TYPES - {"null"})
    mismatch = misfit(actual, setting.expected, takes_files=setting.takes_files)
    if mismatch is None:
        return
    params: dict[str, Any] = {
        "expression": expression.written,
        "found": mismatch.found,
        "expected": setting.expected_words or mismatch.expected,
        "items": mismatch.item,
        "convert": mismatch.convert,
        "member": mismatch.member,
    }
    is_certain = mismatch.is_certain and setting.is_enforced
    severity = "error" if is_certain else "warning"
    yield Problem.of(
        "expression-type",
        setting.pointer,
        severity=severity,
        **params,
    )
