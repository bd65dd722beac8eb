"""A compiled definition: validated, its tasks prepared. The runtime caches it for all runs."""

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
    definition: WorkflowDefinition,
    runtime: Runtime,
    options: RunOptions,
) -> CompiledDefinition:
    """Return the compiled *definition*, cached by *runtime*, after validation.

    Raises `DefinitionError` with every error, before anything is run. Tasks that nobody could
    complete in a run with *options* are errors, too, so that the run does not fail halfway.
    """
    compiled_definition = kept_definition(definition, runtime)
    for endpoint_id in compiled_definition.endpoint_ids:
        await runtime.endpoints.load(endpoint_id)
    compiled_definition.refuse_broken(definition, runtime, Outside.of(options))
    return compiled_definition


def kept_definition(definition: WorkflowDefinition, runtime: Runtime) -> CompiledDefinition:
    """Return the compiled *definition*, cached by *runtime*; it may have errors."""
    key = definition.key
    if key is None:
        return CompiledDefinition(definition)
    cached: CompiledDefinition = runtime.definitions.get(
        key,
        lambda: CompiledDefinition(definition),
        len(key),
    )
    return cached


class Outside(NamedTuple):
    """The ways in which a waiting task can be completed from outside the run."""

    can_signal: bool
    """By a signal: through the journal, or the run's `signals`."""
    can_call: bool
    """By a call of a callback URL."""

    @classmethod
    def of(cls, options: RunOptions) -> Outside:
        """Return the ways for the tasks of a run with *options*."""
        can_signal = options.signals is not None or options.journal is not None
        return cls(can_signal, options.callbacks is not None)

    def refuses(
        self,
        task_type: Any,
        task: Mapping[str, Any],
        pointer: str,
    ) -> Problem | None:
        """Return the problem of *task* if it waits for something that cannot come; else None."""
        if not self.can_signal and getattr(task_type, "waits", False):
            type_pointer = pointer_of(["type"], pointer)
            return Problem.of("task-type-waits", type_pointer, name=task["type"])
        if not self.can_call and awaits_callback(task_type, task):
            return Problem.of("completion-receiver", pointer_of(["completion", "mode"], pointer))
        return None


def awaits_callback(task_type: Any, definition: Mapping[str, Any]) -> bool:
    """Say whether the task of *definition*, of the type *task_type*, waits for a callback."""
    method = getattr(task_type, "awaits_callback", None)
    return method is not None and bool(method(definition))


class CompiledDefinition:
    """The facts about *definition* that engines need. Tasks are prepared on first use."""

    def __init__(self, definition: WorkflowDefinition) -> None:
        tasks = [task for _, _, task in iter_tasks(definition)]
        named = [task.get("endpoint") for task in tasks]
        self.endpoint_ids = frozenset(name for name in named if isinstance(name, str))
        self._has_endpoints = any(name is not None for name in named)
        self.runs_others = any(task.get("type") == "Workflow" for task in tasks)
        """Whether tasks of the definition run other definitions."""
        self._files = [] if definition.key is None else _files_in(definition.document)
        self._valid_states: dict[Outside, Any] = {}
        """The state at each successful validation: catalogue version, folder and state of files.
        The same state is not validated again.
        """
        self._prepared: dict[str, tuple[Any, Any]] = {}
        """Pointer -> the task, and the result of its type's `prepare`."""

    def refuse_broken(
        self,
        definition: WorkflowDefinition,
        runtime: Runtime,
        outside: Outside,
    ) -> None:
        """Raise `DefinitionError` with every error of *definition*, from which this was compiled.

        After a success, the definition is not validated again as long as the catalogue and the
        named files are unchanged.
        """
        version = runtime.endpoints.version_for(names_endpoint=self._has_endpoints)
        files = runtime.readable
        state = version, files.folder, [files.state(reference) for reference in self._files]
        if self._valid_states.get(outside) != state:
            _refuse(definition, runtime, outside)
            self._valid_states[outside] = state

    def task(
        self,
        step: Step,
        task_type: TaskType,
        services: TaskServices,
    ) -> tuple[Mapping[str, Any], Any]:
        """Return the task of *step*, and the result of *task_type*'s `prepare`; None without one.

        `prepare` is called once. The returned task is always the object that was prepared, even if
        an equal definition is run, so that the type can compare it by identity.
        """
        prepare = getattr(task_type, "prepare", None)
        if prepare is None:
            return step.definition, None
        prepared = self._prepared.get(step.pointer)
        if prepared is None:
            task = TaskCheck(step.name, step.definition, services, step.pointer)
            prepared = self._prepared[step.pointer] = step.definition, prepare(task)
        return prepared


def _files_in(document: Any) -> list[Mapping[str, Any]]:
    """Return the references to files in *document* that hold no expressions."""
    return [value for _, value in references(document) if not holds_expression(value)]


def _refuse(definition: WorkflowDefinition, runtime: Runtime, outside: Outside) -> None:
    errors = [problem for problem in problems(definition, runtime) if problem.severity == "error"]
    if not errors:
        errors = _impossible_waits(definition, runtime, outside)
    if errors:
        raise DefinitionError(errors, source=definition.source)


def _impossible_waits(
    definition: WorkflowDefinition,
    runtime: Runtime,
    outside: Outside,
) -> list[Problem]:
    """Return the problems of tasks that wait for something that cannot come."""
    task_types = runtime.plugins.named("httptask_task_types")
    refusals = (
        outside.refuses(task_types[task["type"]], task, pointer)
        for pointer, _, task in iter_tasks(definition)
    )
    return [problem for problem in refusals if problem is not None]
