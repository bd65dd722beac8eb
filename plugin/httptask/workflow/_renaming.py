"""Rename a task: its name, the routes that lead to it, and the expressions that name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask.errors import DefinitionError, Problem
from httptask.expressions import may_change
from httptask.model.workflow import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.workflow._definition import Scope, definition_of, iter_scopes, iter_tasks
from httptask.workflow._routes import transitions

if TYPE_CHECKING:
    from httptask.expressions import Evaluator

_NOT_EVALUATED = frozenset(
    (
        *("type", "description", "endpoint", "credentials", "branches"),
        *("nextTask", "defaultTask", "end", "onError"),
    )
)
"""The fields of a task without expressions. (`branches` is here because `iter_tasks` yields the
tasks of branches, too.)
"""


@dataclass(frozen=True, slots=True)
class RenamedTask:
    """A definition after one of its tasks was renamed."""

    definition: WorkflowDefinition
    problems: tuple[Problem, ...]
    """A warning for each expression that may still use the old name, with its pointer."""


def rename_task(
    definition: WorkflowDefinition,
    before: str,
    after: str,
    evaluator: Evaluator,
) -> RenamedTask:
    """Return a copy of *definition* with the task *before* renamed to *after*.

    Routes and expressions are changed. In expressions, the expression language changes the names,
    and never the text of a string. If the language cannot tell whether an expression names the task
    (`$..Phone`, or a name computed in the run), the expression stays, and a problem reports it.
    Raises `DefinitionError` if *before* is missing, or *after* is taken, empty or too long.
    """
    copy = definition_of(definition.document)
    names = [name for _, name, _ in iter_tasks(copy)]
    refusal = _refusal(names, before, after)
    if refusal:
        raise DefinitionError([refusal])
    for scope in list(iter_scopes(copy)):
        _rename_routes(scope, before, after)
    doubts = [
        problem
        for pointer, _, task in iter_tasks(copy)
        for problem in _rename_in(task, pointer, before, after, evaluator)
    ]
    return RenamedTask(copy, tuple(doubts))


def _refusal(names: list[str], before: str, after: str) -> Problem | None:
    """Return the problem that prevents the renaming; None: the task can be renamed."""
    if before not in names:
        return Problem.of("rename-unknown-task", "", name=before)
    if after in names:
        return Problem.of("rename-taken", "", name=after)
    if not after.strip():
        return Problem.of("task-name-empty", "")
    if len(after) > MAX_NAME_LENGTH:
        return Problem.of(
            "task-name-length",
            "",
            limit=MAX_NAME_LENGTH,
            which="this one",
            length=len(after),
        )
    return None


def _rename_routes(scope: Scope, before: str, after: str) -> None:
    """Rename the task in the names and routes of *scope*, in place; the order of tasks stays."""
    if scope.start == before:
        scope.holder["startTask"] = after
    for task in scope.tasks.values():
        if not isinstance(task, dict):
            continue
        # A list, because the loop changes what `transitions` reads.
        for path, target in list(transitions(task)):
            if target == before:
                holder: Any = task
                for step in path[:-1]:
                    holder = holder[step]
                holder[path[-1]] = after
    if before in scope.tasks:
        # A new object: a new key in the old one would move the task to the end.
        scope.holder["tasks"] = {
            after if name == before else name: task for name, task in scope.tasks.items()
        }


def _rename_in(
    task: Any,
    pointer: str,
    before: str,
    after: str,
    evaluator: Evaluator,
) -> Iterator[Problem]:
    """Rename in the expressions of *task*, in place; yield a problem if one is doubtful."""
    parameters_hold_tasks = False
    for name in [name for name in task if name not in _NOT_EVALUATED and name != "httpRequest"]:
        for holder, key, path in _texts(task, name, pointer_of([name], pointer)):
            renamed = evaluator.task_renamed(holder[key], before, after)
            holder[key] = renamed.source
            parameters_hold_tasks |= renamed.yields_tasks and name == "inputParameters"
            if renamed.is_doubtful:
                yield _doubt(path, before, after)
    # The request reads only the input parameters. If these hold `$.tasks`, the request may use the
    # task's name, too.
    if parameters_hold_tasks:
        for holder, key, path in _texts(task, "httpRequest", pointer_of(["httpRequest"], pointer)):
            if before in holder[key]:
                yield _doubt(path, before, after)


def _doubt(pointer: str, before: str, after: str) -> Problem:
    return Problem.of(
        "rename-doubt",
        pointer,
        severity="warning",
        before=before,
        after=after,
    )


def _texts(container: Any, key: Any, pointer: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield container, key and JSON Pointer of each text that may hold an expression.

    The texts are at *key* of *container*, and below.
    """
    pending = [(container, key, pointer)]
    while pending:
        holder, name, text_pointer = pending.pop()
        value = holder.get(name) if isinstance(holder, Mapping) else holder[name]
        if isinstance(value, str):
            if may_change(value):
                yield holder, name, text_pointer
        elif isinstance(value, dict | list):
            names: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
            # Reversed, because the last one is taken first: texts come in document order.
            pending += [
                (value, inner, pointer_of([inner], text_pointer)) for inner in reversed(names)
            ]
