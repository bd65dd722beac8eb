"""Read a workflow definition, and walk its tasks, even if the definition is invalid."""

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
from httptask.workflow._other_documents import other_document

MAX_BYTES = 4 * 1024 * 1024
"""The size limit of a definition, in bytes: far more than a person writes, little enough to read at
once.
"""

MAX_NESTING = 100
"""The depth to which Parallel tasks may be nested."""


def load_definition(
    source: os.PathLike[str] | str,
    data: bytes | None = None,
) -> WorkflowDefinition:
    """Read the workflow definition in the file *source*; *data* are the file's bytes, if known.

    The document is not validated: see `problems`. Raises `DefinitionError` with one problem if the
    file does not exist, is not a JSON object (RFC 8259), or plainly holds something else: a task.
    """
    name = os.fspath(source)
    document, text = read_json(name, data)
    if not isinstance(document, dict):
        problem = Problem.of("definition-type", "", line=1, found=type_name(document))
        raise _refused(name, problem)
    code = other_document(document)
    if code is not None:
        problem = Problem.of(code, "", line=1, file=name[:200])
        raise _refused(name, problem)
    return WorkflowDefinition(document, source=name, text=text)


def read_json(name: str, data: bytes | None = None) -> tuple[Any, str]:
    """Return the JSON value and the text of the file *name*; *data* are its bytes, if known.

    Raises `DefinitionError` if the file cannot be read, is too large or is not JSON (RFC 8259).
    """
    data = read_file(name) if data is None else _within_limit(name, data)
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
    """Return a workflow definition made of a copy of *document*.

    Raises `DefinitionError` if *document* is not JSON: a value of another type, a NaN, a cycle.
    """
    try:
        return WorkflowDefinition(parse(dump(dict(document))))
    except (JsonError, TypeError, ValueError, RecursionError) as error:
        problem = Problem.of("not-json", "", jsonMessage=str(error))
        raise _refused(None, problem) from error


def as_definition(
    source: WorkflowDefinition | Mapping[str, Any] | os.PathLike[str] | str,
) -> WorkflowDefinition:
    """Return *source* as a workflow definition: itself, made of its JSON, or read from its file.

    Raises `DefinitionError`, as `definition_of` and `load_definition` do.
    """
    if isinstance(source, Mapping):
        return definition_of(source)
    if isinstance(source, WorkflowDefinition):
        return source
    return load_definition(source)


def _within_limit(name: str, data: bytes) -> bytes:
    """Return *data*. Raises `DefinitionError` if *data* are too large."""
    if len(data) > MAX_BYTES:
        raise _refused(name, Problem.of("definition-size", "", limit=MAX_BYTES // 2**20))
    return data


def read_file(name: str) -> bytes:
    """Return the bytes of the file *name*.

    Raises `DefinitionError` if the file cannot be read or is too large.
    """
    try:
        with Path(name).open("rb") as file:
            # With a limit, because the file may be a device or a pipe that never ends.
            return _within_limit(name, file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        problem = Problem.of(
            "definition-unreadable",
            "",
            systemMessage=f"{why[:1].lower()}{why[1:]}",
        )
        raise _refused(name, problem) from error


def _refused(source: str | None, problem: Problem) -> DefinitionError:
    return DefinitionError([problem], source=source)


# Walking the tasks of a valid or invalid definition


@dataclass(frozen=True, slots=True)
class Scope:
    """Tasks with routes between them: the definition's own tasks, or the tasks of a branch."""

    pointer: str
    """The JSON Pointer of the definition ("") or the branch."""
    start: Any
    """The value of `startTask`, unchecked."""
    tasks: Mapping[str, Any]
    """The values in `tasks` by name, unchecked; empty if `tasks` is no object."""
    depth: int
    """The number of Parallel tasks around the scope."""
    holder: Any
    """The definition or the branch itself."""

    def pointer_to(self, name: str) -> str:
        """Return the JSON Pointer of the task *name*."""
        return pointer_of(["tasks", name], self.pointer)


def own_scope(definition: WorkflowDefinition) -> Scope:
    """Return the scope of the definition's own tasks, without branches."""
    return _scope("", definition.document, 0)


def iter_scopes(definition: WorkflowDefinition) -> Iterator[Scope]:
    """Yield the scope of the definition, then the scopes of all branches, outer ones first.

    Branches nested deeper than `MAX_NESTING` are left out.
    """
    pending = [own_scope(definition)]
    while pending:
        scope = pending.pop()
        yield scope
        if scope.depth < MAX_NESTING:
            pending.extend(reversed(_inner_scopes(scope)))


def iter_tasks(definition: WorkflowDefinition) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield JSON Pointer, name and definition of every task, in document order.

    The tasks of branches follow their Parallel. Never raises: tasks that are no objects, and tasks
    nested deeper than `MAX_NESTING`, are left out.
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
    """Return the scopes of the branches of *task*, at *pointer*; [] if *task* is no Parallel."""
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
        pointer,
        holder.get("startTask"),
        tasks if isinstance(tasks, Mapping) else {},
        depth,
        holder,
    )


def _inner_scopes(scope: Scope) -> list[Scope]:
    """Return the scopes of the branches of all tasks in *scope*, one level deep."""
    return [
        inner
        for name, task in scope.tasks.items()
        for inner in branches_of(task, scope.pointer_to(name), scope.depth + 1)
    ]


def _tasks_of(scope: Scope) -> list[tuple[Scope, str, Mapping[str, Any]]]:
    return [(scope, name, task) for name, task in scope.tasks.items() if isinstance(task, Mapping)]
