"""Read a workflow definition, and walk its tasks however broken it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httptask._core.json_types import type_name
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import JsonError, dump, parse
from httptask.errors import DefinitionError, Problem
from httptask.model.workflow import WorkflowDefinition

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of a definition's text: far more than anybody writes, and little enough to read at once."""

MAX_NESTING = 100
"""Parallel tasks inside one another."""


def load_definition(
    source: os.PathLike[str] | str, data: bytes | None = None
) -> WorkflowDefinition:
    """Read the workflow definition in the file *source*, or in *data* when its bytes are at hand
    already.

    The document is kept as it is; whether an engine can run it is what `problems` says. Raises
    `DefinitionError` with one problem when there is no such file or it is not a JSON object (RFC
    8259).
    """
    name = os.fspath(source)
    document, text = read_json(name, data)
    if not isinstance(document, dict):
        raise _refused(name, Problem.of("definition-type", "", line=1, found=type_name(document)))
    return WorkflowDefinition(document, source=name, text=text)


def read_json(name: str, data: bytes | None = None) -> tuple[Any, str]:
    """Return the JSON in the file *name*, or in its bytes *data*, and its text.

    Raises `DefinitionError` when it cannot be read, is too large or is not JSON (RFC 8259).
    """
    data = read_file(name) if data is None else _bounded(name, data)
    try:
        return parse(data), data.decode("utf-8-sig")
    except JsonError as error:
        problem = Problem.of(
            "json",
            "",
            line=error.line,
            jsonMessage=error.message,
            atLine=error.line,
            column=error.column,
        )
        raise _refused(name, problem) from error


def definition_of(document: Mapping[str, Any]) -> WorkflowDefinition:
    """Return a workflow definition of a copy of *document*, which may change later.

    Raises `DefinitionError` when *document* is not JSON: a value of another type, a NaN, a cycle.
    """
    try:
        return WorkflowDefinition(parse(dump(dict(document))))
    except (JsonError, TypeError, ValueError, RecursionError) as error:
        raise _refused(None, Problem.of("not-json", "", jsonMessage=str(error))) from error


def as_definition(
    source: WorkflowDefinition | Mapping[str, Any] | os.PathLike[str] | str,
) -> WorkflowDefinition:
    """Return the workflow definition that *source* is, holds as JSON, or names by its file.

    Raises `DefinitionError`, as `definition_of` and `load_definition` do.
    """
    if isinstance(source, Mapping):
        return definition_of(source)
    return source if isinstance(source, WorkflowDefinition) else load_definition(source)


def _bounded(name: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise _refused(name, Problem.of("definition-size", "", limit=MAX_BYTES // 2**20))
    return data


def read_file(name: str) -> bytes:
    """Return the bytes of the file *name*. Raises `DefinitionError` when it cannot be read or is
    too large.
    """
    try:
        with Path(name).open("rb") as file:
            # bounded: the name may be that of a device or a pipe
            return _bounded(name, file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        problem = Problem.of(
            "definition-unreadable", "", systemMessage=f"{why[:1].lower()}{why[1:]}"
        )
        raise _refused(name, problem) from error


def _refused(source: str | None, problem: Problem) -> DefinitionError:
    return DefinitionError([problem], source=source)


# Walking, whatever the shape


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of tasks that may go to one another: the definition's own, or those of one branch."""

    pointer: str
    """Of the definition ("") or the branch."""
    start: Any
    """`startTask` as it stands there."""
    tasks: Mapping[str, Any]
    """Everything in `tasks` by name, well formed or not; empty when `tasks` is no object."""
    depth: int
    """Parallel tasks around it."""
    holder: Any
    """The definition or the branch itself."""

    def pointer_to(self, name: str) -> str:
        """Return the JSON Pointer of the task called *name*."""
        return pointer_of(["tasks", name], self.pointer)


def own_scope(definition: WorkflowDefinition) -> Scope:
    """Return the definition's own tasks."""
    return _scope("", definition.document, 0)


def iter_scopes(definition: WorkflowDefinition) -> Iterator[Scope]:
    """Yield the definition's own tasks, then those of every branch, outer ones first.

    Stops at `MAX_NESTING`.
    """
    pending = [own_scope(definition)]
    while pending:
        scope = pending.pop()
        yield scope
        if scope.depth < MAX_NESTING:
            pending.extend(reversed(_inner_scopes(scope)))


def iter_tasks(definition: WorkflowDefinition) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield JSON Pointer, name and task as written of every task, in document order.

    Those of branches follow their Parallel. Never raises: what is not an object is left out, and so
    is what lies deeper than `MAX_NESTING`.
    """
    pending = [iter(_tasks_of(own_scope(definition)))]
    while pending:
        following = next(pending[-1], None)
        if following is None:
            pending.pop()
            continue
        scope, name, task = following
        yield scope.pointer_to(name), name, task
        if scope.depth < MAX_NESTING:
            inner = branches_of(task, scope.pointer_to(name), scope.depth + 1)
            pending.append(iter([item for branch in inner for item in _tasks_of(branch)]))


def branches_of(task: Any, pointer: str, depth: int = 0) -> list[Scope]:
    """Return the branches of a Parallel *task* that stands at *pointer*; none for any other."""
    if (
        not isinstance(task, Mapping)
        or task.get("type") != "Parallel"
        or not isinstance(task.get("branches"), list)
    ):
        return []
    return [
        _scope(pointer_of(["branches", index], pointer), branch, depth)
        for index, branch in enumerate(task["branches"])
    ]


def _scope(pointer: str, holder: Any, depth: int) -> Scope:
    holder = holder if isinstance(holder, Mapping) else {}
    tasks = holder.get("tasks")
    return Scope(
        pointer, holder.get("startTask"), tasks if isinstance(tasks, Mapping) else {}, depth, holder
    )


def _inner_scopes(scope: Scope) -> list[Scope]:
    return [
        inner
        for name, task in scope.tasks.items()
        for inner in branches_of(task, scope.pointer_to(name), scope.depth + 1)
    ]


def _tasks_of(scope: Scope) -> list[tuple[Scope, str, Mapping[str, Any]]]:
    return [(scope, name, task) for name, task in scope.tasks.items() if isinstance(task, Mapping)]
