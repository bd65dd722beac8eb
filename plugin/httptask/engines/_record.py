"""What every engine keeps of a run: its names, its history, what is under way, and how it ended. No
clock of its own.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.model.task import Inputs
from httptask.model.workflow import Step, TaskOutcome, TaskRun, WorkflowDefinition, WorkflowRun
from httptask.workflow import (
    FinishedTasks,
    Items,
    Progress,
    RunState,
    checked_input,
    error_route,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.model.for_each import Item, ItemCounts
    from httptask.protocols import RunOptions

Key = tuple[str, int]

_VISITS = uuid.UUID("0b2f6a3c-5f0d-5c8e-9a51-7c4b3d1e8f62")
"""The namespace of `${swf:uuid}` (RFC 9562, section 6.5). It never changes: a run may outlive a
release.
"""
_NESTED = uuid.UUID("5b9d7a1e-6f7f-4c0e-9a4b-0d2c52a3f1de")
"""The namespace of the ids of nested runs (RFC 9562, section 5.5)."""


class RunRecord:
    """The record of one run of *definition*: what the engine tells it, it keeps, and says what to
    do next.

    *clock* gives seconds that only grow, *now* the time; a durable engine gives its own.
    *workflow_id* is the run's id, a new one when absent. Every method is pure but for the clocks:
    an engine that replays tells the same and gets the same. Raises `InputError` when the input of
    *options* is not what the definition's `inputSchema` allows.
    """

    def __init__(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        *,
        steps: int,
        clock: Callable[[], float],
        workflow_id: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.definition = definition
        self.workflow_id = workflow_id or options.workflow_id or str(uuid.uuid4())
        self.title = definition.name or PurePath(definition.source or "").stem
        self.input = checked_input(definition, options.input)
        """The run's input, with the defaults of the definition's `inputSchema`."""
        self._options = options
        self._clock = clock
        self._now = now
        self._began = clock()
        self._state = RunState(definition, steps=steps, began_at=self._time())
        self._finished = FinishedTasks()
        self._history: list[TaskRun] = []
        self._started = 0
        self._under_way: dict[Key, tuple[TaskRun, float]] = {}
        """By visit: what is under way, as `InProgress`, and when it began."""
        self._spent: Counter[Key] = Counter()
        """By visit under way: tasks that its items' runs executed."""
        self._environment = options.environment
        self._variables = variables_of(definition, options.environment, options.variables)
        self._names = {
            "workflowId": self.workflow_id,
            "workflowDefinitionId": self.title,
            "workflowDefinitionVersion": definition.document.get("version") or 1,
        }

    def begin(self) -> Progress:
        """Return what the run starts with."""
        return self._noted(self._state.begun)

    def start(self, step: Step) -> Inputs:
        """Note that *step* starts now, and return what its task knows."""
        self._started += 1
        before = step.before
        names = {
            **self._names,
            "sequenceNumber": self._started,
            # Fixed for a visit: of a resumed or replayed run they are the same.
            "now": step.reached_at,
            "uuid": self._uuid(step, f"{step.visit}"),
        }
        run = TaskRun(step.name, step.visit, step.definition["type"], "InProgress")
        self._under_way[step.key] = run, self._clock()
        return Inputs(
            input=self.input,
            tasks=self._finished.snapshot(),
            variables=self._variables,
            run=names,
            environment=self._environment,
            previous=self.input if before is None else self._finished.output_of(before),
        )

    @property
    def remaining_steps(self) -> int:
        """The number of tasks that the run may still execute."""
        return max(self._state.remaining_steps - sum(self._spent.values()), 0)

    def spend(self, step: Step, run: WorkflowRun) -> None:
        """Count the tasks of *run*, which an item of *step* asked for."""
        self._spent[step.key] += sum(task.steps for task in run.tasks)

    def nested_options(
        self, step: Step, outcome: TaskOutcome, item: Item | None = None
    ) -> RunOptions:
        """Return the options of the run that *outcome* asks for, one of *item*'s own if there is
        one. Its id is derived: an engine that replays gets the same.
        """
        name = f"{self.workflow_id}/{step.name}/{step.visit}"
        if item is not None:
            name += f"/{item.index}"
        workflow_id = str(uuid.uuid5(_NESTED, name))
        signals = self._options.signals
        return replace(
            self._options,
            input=outcome.input,
            finished=None,
            cancelled=None,
            advanced=None,
            steps=self.remaining_steps,
            depth=self._options.depth + 1,
            workflow_id=workflow_id,
            signals=signals and signals.of_run(workflow_id),
        )

    def inputs_of_items(self, step: Step, inputs: Inputs, count: int) -> Callable[[Item], Inputs]:
        """Return what gives the inputs of each of the *count* items of *step*: with names of the
        run of its own, the same whenever the item is done.
        """
        first = self._started + 1
        self._started += count
        run = inputs.run

        def inputs_of(item: Item) -> Inputs:
            names = {
                **run,
                "sequenceNumber": first + item.index,
                "uuid": self._uuid(step, f"{step.visit}.{item.index}"),
            }
            # Not by `replace`, which costs more than everything else here.
            return Inputs(
                inputs.input,
                inputs.tasks,
                inputs.variables,
                names,
                inputs.environment,
                inputs.previous,
                item,
            )

        return inputs_of

    def advanced(self, step: Step, items: Items) -> None:
        """Tell that one of the *items* of *step* has ended."""
        if self._options.advanced is not None:
            self._options.advanced(step.name, items.counts)

    def complete(
        self,
        step: Step,
        outcome: TaskOutcome,
        notes: Iterable[str] = (),
        run: WorkflowRun | None = None,
    ) -> Progress:
        """Note that the task of *step* gave *outcome*, and return what that changes. *notes* are
        what a reader of the history would not expect; *run* is the run that the task asked for.
        """
        if outcome.is_waiting:
            return self._recorded(
                step,
                status="Waiting",
                input=outcome.input,
                wait_until=outcome.wait_until,
                awaits_signal=outcome.awaits_signal,
                state=outcome.state,
                notes=tuple(notes),
            )
        return self._recorded(
            step,
            status="Completed",
            input=outcome.input,
            output=outcome.output,
            next_task=outcome.next_task,
            terminate=outcome.terminate,
            notes=tuple(notes),
            run=run,
            items=outcome.items,
        )

    def fail(
        self,
        step: Step,
        error: Mapping[str, Any],
        notes: Iterable[str] = (),
        run: WorkflowRun | None = None,
        items: ItemCounts | None = None,
    ) -> Progress:
        """Note that the task of *step* failed with *error*, as JSON, and return what that
        changes. *notes* and *run* are as in `complete`, *items* are the counts of its items.
        """
        route = error_route(step.definition, error)
        return self._recorded(
            step,
            status="Failed",
            error=error,
            next_task=route,
            notes=tuple(notes),
            run=run,
            items=items,
        )

    def stop(
        self,
        step: Step,
        error: Mapping[str, Any],
        run: WorkflowRun | None = None,
        items: ItemCounts | None = None,
    ) -> None:
        """Note that the task of *step* was stopped before its end: *error*, as JSON, says what it
        may have done. *run* is the run that the task asked for, as far as it came; *items* are the
        counts of its items.
        """
        started, began = self._under_way.pop(step.key)
        elapsed = self._clock() - began
        stopped = replace(started, error=error, elapsed_seconds=elapsed, run=run, items=items)
        self._history.append(stopped)

    def ended(self, progress: Progress) -> WorkflowRun:
        """Return the run, which ended with *progress*; what is still under way was stopped."""
        now = self._clock()
        stopped = [
            replace(run, elapsed_seconds=now - began) for run, began in self._under_way.values()
        ]
        return WorkflowRun(
            workflow_id=self.workflow_id,
            definition=self.title,
            status=progress.status,
            output=progress.output,
            tasks=(*self._history, *stopped),
            error=progress.error,
            elapsed_seconds=now - self._began,
            environment=self._environment.name if self._environment is not None else None,
        )

    def _uuid(self, step: Step, visit: str) -> str:
        name = f"{visit} {len(step.name)} {step.name} {self.workflow_id}"
        return named_uuid(_VISITS.bytes, name)

    def _recorded(self, step: Step, **end: Any) -> Progress:
        run, began = self._under_way[step.key]
        elapsed = self._clock() - began
        time = self._time()
        spent, items = self._spent.pop(step.key, 0), end.get("items")
        if spent and items is not None:
            end["items"] = replace(items, nested_tasks=spent)
        run = TaskRun(run.name, run.visit, run.type, elapsed_seconds=elapsed, ended_at=time, **end)
        if run.status != "Waiting":
            del self._under_way[step.key]
        self._keep(run)
        return self._noted(self._state.record(run))

    def _noted(self, progress: Progress) -> Progress:
        now = self._clock()
        for run in progress.parallels:
            self._under_way.setdefault(run.key, (run, now))
        for run in progress.joined:
            _, began = self._under_way.pop(run.key, (run, now))
            joined = replace(run, elapsed_seconds=now - began)
            self._keep(joined)
            self._state.record(joined)
        for key in progress.stopped:
            stopped = self._under_way.get(key)
            # The engine stops the steps, and tells of it.
            if stopped is not None and stopped[0].type == "Parallel":
                del self._under_way[key]
                self._history.append(replace(stopped[0], elapsed_seconds=now - stopped[1]))
        return progress

    def _time(self) -> str:
        time = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        return time.replace("+00:00", "Z")

    def _keep(self, run: TaskRun) -> None:
        self._history.append(run)
        self._finished.record(run)
        if self._options.finished is not None and run.status != "Waiting":
            self._options.finished(run)


def named_uuid(namespace: bytes, name: str) -> str:
    """Return the text of `uuid.uuid5`, several times as fast (RFC 9562, section 5.5): there is one
    for each item.
    """
    digits = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def checked_outcome(outcome: Any, task_type: str) -> TaskOutcome:
    """Return *outcome*, what a task of the type *task_type* gave. Raises `TypeError` or
    `ValueError` when it is none.
    """
    if not isinstance(outcome, TaskOutcome):
        raise TypeError(f"run() gave {type(outcome).__name__}, expected a TaskOutcome")
    if outcome.terminate not in (None, "Completed", "Failed"):
        raise ValueError(
            f"a run is terminated as Completed or Failed, not as {outcome.terminate!r}"
        )
    if not isinstance(outcome.definition, str | None):
        raise TypeError(f"the id of a definition is text, not {outcome.definition!r}")
    if outcome.wait_until is not None:
        due(outcome.wait_until)
    if task_type != "Http":  # ours, read from JSON as it is, and possibly megabytes
        for value in (outcome.input, outcome.output, outcome.state):
            dump(value)
    return outcome


def due(until: str) -> datetime:
    """Return the time that a wait lasts to. Raises `ValueError` when *until* is not a time with an
    offset (RFC 3339).
    """
    time = datetime.fromisoformat(until)
    if time.tzinfo is None:
        raise ValueError(
            "a task waits until a time with an offset, such as 2030-01-31T12:00:00Z, not until"
            f" {until!r}"
        )
    return time


def unexpected_failure(task_type: str, reason: str, provider: str | None = None) -> dict[str, Any]:
    """Return the error of a task type that failed in another way than a task type may."""
    where = f"the task type {task_type}" + (f" of the plugin {provider}" if provider else "")
    return {
        "error": "TaskTypeFailed",
        "message": f"{where} failed unexpectedly: {reason}",
        "kind": "task",
        "retryable": False,
    }


def failure_run_id(workflow_id: str) -> str:
    """Return the id of the run of the failure workflow of the run *workflow_id*."""
    return str(uuid.uuid5(_NESTED, f"{workflow_id}/failure"))


def failure_input(run: WorkflowRun, cause: TaskRun | None, run_input: Any) -> dict[str, Any]:
    """Return the input of the failure workflow of *run*, which failed because of *cause*.

    *run_input* is the input of *run* itself.
    """
    failed = {
        "workflowId": run.workflow_id,
        "definition": run.definition,
        "status": run.status,
        "task": cause.name if cause is not None else None,
        "error": dict(cause.error) if cause is not None and cause.error else {"message": run.error},
    }
    return {"input": run_input, "failed": failed}
