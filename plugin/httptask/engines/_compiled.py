"""A definition compiled once: checked, its tasks prepared. The runtime keeps it for its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from httptask._core.pointers import pointer as pointer_of
from httptask.building import references
from httptask.errors import DefinitionError, Problem
from httptask.expressions import holds_expression
from httptask.protocols import TaskCheck
from httptask.workflow import iter_tasks, problems

if TYPE_CHECKING:
    from httptask.model.workflow import Step, WorkflowDefinition
    from httptask.protocols import RunOptions, TaskServices, TaskType
    from httptask.task import Runtime


async def compiled(
    definition: WorkflowDefinition, runtime: Runtime, options: RunOptions
) -> CompiledDefinition:
    """Return *definition* as *runtime* keeps it, or newly compiled.

    Raises `DefinitionError` with every error of it; nothing of it is run then. An engine that
    cannot wait for somebody outside refuses tasks that do: better said now than after half the run.
    """
    kept = kept_definition(definition, runtime)
    for endpoint_id in kept.endpoint_ids:
        await runtime.endpoints.load(endpoint_id)
    kept.refuse_broken(definition, runtime, Outside.of(options))
    return kept


def kept_definition(definition: WorkflowDefinition, runtime: Runtime) -> CompiledDefinition:
    """Return *definition* as *runtime* keeps it, or new; it may have problems."""
    key = definition.key
    if key is None:
        return CompiledDefinition(definition)
    kept: CompiledDefinition = runtime.definitions.get(
        key, lambda: CompiledDefinition(definition), len(key)
    )
    return kept


class Outside(NamedTuple):
    """Who can complete a task from outside."""

    can_signal: bool
    """Somebody with a journal, or whoever has the run's signals."""
    can_call: bool
    """An API, which calls a URL."""

    @classmethod
    def of(cls, options: RunOptions) -> Outside:
        """Return who can in a run with *options*."""
        can_signal = options.signals is not None or options.journal is not None
        return cls(can_signal, options.callbacks is not None)

    def refuses(self, task_type: Any, task: Mapping[str, Any], pointer: str) -> Problem | None:
        """Return the problem of a *task* that nobody could complete."""
        if not self.can_signal and getattr(task_type, "waits", False):
            at = pointer_of(["type"], pointer)
            return Problem.of("task-type-waits", at, name=task["type"])
        if not self.can_call and awaits_callback(task_type, task):
            return Problem.of("completion-receiver", pointer_of(["completion", "mode"], pointer))
        return None


def awaits_callback(task_type: Any, definition: Mapping[str, Any]) -> bool:
    """Say whether the task of *definition*, of the type *task_type*, waits for a callback."""
    asked = getattr(task_type, "awaits_callback", None)
    return asked is not None and bool(asked(definition))


class CompiledDefinition:
    """What engines need to know of *definition*; each part is made when it is first needed."""

    def __init__(self, definition: WorkflowDefinition) -> None:
        tasks = [task for _, _, task in iter_tasks(definition)]
        named = [task.get("endpoint") for task in tasks]
        self.endpoint_ids = frozenset(name for name in named if isinstance(name, str))
        self._has_endpoints = any(name is not None for name in named)
        self.runs_others = any(task.get("type") == "Workflow" for task in tasks)
        """Whether tasks of it run other definitions."""
        self._files = [] if definition.key is None else _files_in(definition.document)
        self._in_order: dict[Outside, Any] = {}
        """By who can complete tasks: the version of the catalogue, and the state of the files, with
        which no error was found.
        """
        self._prepared: dict[str, tuple[Any, Any]] = {}
        """By pointer: a task, and what its type prepared of it."""

    def refuse_broken(
        self, definition: WorkflowDefinition, runtime: Runtime, outside: Outside
    ) -> None:
        """Raise `DefinitionError` with every error of *definition*, which this was compiled from.

        One without errors is not looked at again, as long as the catalogue and the files that it
        names are what they were.
        """
        version = runtime.endpoints.version_for(names_endpoint=self._has_endpoints)
        files = runtime.readable
        around = version, files.folder, [files.state(reference) for reference in self._files]
        if self._in_order.get(outside) != around:
            _refuse(definition, runtime, outside)
            self._in_order[outside] = around

    def task(
        self, step: Step, task_type: TaskType, services: TaskServices
    ) -> tuple[Mapping[str, Any], Any]:
        """Return the task of *step*, and what *task_type* prepares of it, once; None when it does
        not.

        The task is the one that was prepared, whichever definition of this JSON is run: so whoever
        runs it sees that it is the very one.
        """
        prepare = getattr(task_type, "prepare", None)
        if prepare is None:
            return step.definition, None
        kept = self._prepared.get(step.pointer)
        if kept is None:
            task = TaskCheck(step.name, step.definition, services, step.pointer)
            kept = self._prepared[step.pointer] = step.definition, prepare(task)
        return kept


def _files_in(document: Any) -> list[Mapping[str, Any]]:
    """Return the references in *document* to files that are known before it runs."""
    return [value for _, value in references(document) if not holds_expression(value)]


def _refuse(definition: WorkflowDefinition, runtime: Runtime, outside: Outside) -> None:
    errors = [problem for problem in problems(definition, runtime) if problem.severity == "error"]
    if not errors:
        errors = _gates(definition, runtime, outside)
    if errors:
        raise DefinitionError(errors, source=definition.source)


def _gates(definition: WorkflowDefinition, runtime: Runtime, outside: Outside) -> list[Problem]:
    task_types = runtime.plugins.named("httptask_task_types")
    refusals = (
        outside.refuses(task_types[task["type"]], task, pointer)
        for pointer, _, task in iter_tasks(definition)
    )
    return [problem for problem in refusals if problem is not None]
