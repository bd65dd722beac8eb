"""The record of a run, for every engine: its names, history, running visits and end."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from httptask.engines._names import VisitNames
from httptask.engines._outcome import NESTED, stopped_error, utc_text
from httptask.model.for_each import ItemCounts
from httptask.model.task import Inputs
from httptask.model.workflow import Step, TaskOutcome, TaskRun, WorkflowDefinition, WorkflowRun
from httptask.workflow import (
    FinishedTasks,
    Progress,
    RunState,
    checked_input,
    error_route,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.model.for_each import Item
    from httptask.model.pins import TaskPin
    from httptask.protocols import RunOptions

Key = tuple[str, int]


class RunRecord:
    """The record of one run of *definition*: takes starts and results, and returns what to do next.

    *clock* returns monotonic seconds, *now* the time; a durable engine passes its own.
    *workflow_id* is the run's id; None: a new one. *began_at* is the time when the run began (RFC
    3339, UTC); None: now. *noted* is called with every new entry of the history, and with every
    start, as `InProgress`; `resumed` takes these entries. Apart from the clocks every method is
    pure, so that a replay gets the same answers. Raises `InputError` if the `inputSchema` refuses
    the input of *options*.
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
        began_at: str | None = None,
        noted: Callable[[TaskRun], None] = lambda run: None,
    ) -> None:
        self.definition = definition
        self.workflow_id = workflow_id or options.workflow_id or str(uuid.uuid4())
        self.title = definition.title
        self.input = checked_input(definition, options.input)
        """The run's input, with the defaults of the definition's `inputSchema`."""
        self._options = options
        self._clock = clock
        self._now = now
        self._on_entry = noted
        self.began_at = began_at or self.time()
        """The time when the run began (RFC 3339, UTC)."""
        self._began = clock() - self.seconds_since_began
        self._state = RunState(definition, steps=steps, began_at=self.began_at)
        self._finished = FinishedTasks()
        self.history: list[TaskRun] = []
        """All results so far, in order. Entries are only appended."""
        self._started = 0
        self._under_way: dict[Key, tuple[TaskRun, float]] = {}
        """Running visits: their entry, as `InProgress`, and the clock at their start."""
        self._inputs: dict[Key, Inputs] = {}
        """The inputs of the running visits."""
        self._first_items: dict[Key, int] = {}
        """The sequence number of the first item, for running visits with `forEach`."""
        self._parallels: dict[Key, TaskRun] = {}
        """The ended Parallel tasks in the history, only while `resumed` reads it."""
        self._spent: Counter[Key] = Counter()
        """The number of tasks that nested runs of items executed, for running visits."""
        self._environment = options.environment
        self._pins = options.pins
        self._pinned: dict[Key, int] = {}
        """The number of requests that pins answered, by visit."""
        self._variables = variables_of(definition, options.environment, options.variables)
        self._names = {
            "workflowId": self.workflow_id,
            "workflowDefinitionId": self.title,
            "workflowDefinitionVersion": definition.document.get("version") or 1,
        }

    def begin(self) -> Progress:
        """Begin a new run, and return its first steps."""
        return self._record_parallels(self._state.begun)

    @property
    def seconds_since_began(self) -> float:
        """The seconds since the run began, including the time in which no process ran it."""
        seconds = (self._now() - datetime.fromisoformat(self.began_at)).total_seconds()
        return max(seconds, 0.0)  # negative if the clock was set back

    def resumed(self, history: Iterable[TaskRun]) -> Progress:
        """Continue a run from its `noted` entries; return everything that should be running now.

        Call this instead of `begin`. `start` returns the same inputs as before for a step that was
        started before. *history* may lack starts: a step then starts just before its result.
        """
        entries = list(history)
        self._parallels = {
            run.key: run for run in entries if run.type == "Parallel" and run.status != "InProgress"
        }
        pending: dict[Key, Step] = {}
        stopped: set[Key] = set()

        def follow(progress: Progress) -> None:
            pending.update((step.key, step) for step in progress.steps)
            stopped.update(progress.stopped)

        follow(self.begin())
        for run in entries:
            step = pending.pop(run.key, None)
            if step is not None:
                self._begin(step)
            if run.key not in self._under_way or run.type == "Parallel":
                continue
            if run.status != "InProgress":
                follow(self._apply(run))
            elif run.error is not None:
                self._end_stopped(run)
            elif run.items is not None:
                self._number_items(run.key, run.items.count)
        self._parallels = {}
        for key in stopped & self._under_way.keys():
            run, _ = self._under_way[key]
            self._end_stopped(replace(run, error=stopped_error(0, is_maybe_delivered=True)))
        return self._state.progress

    def start(self, step: Step) -> Inputs:
        """Record the start of *step*, and return its inputs.

        A step that was started before, by a process that died, is not recorded again.
        """
        if step.key not in self._inputs:
            self._on_entry(self._begin(step))
        return self._inputs[step.key]

    def _begin(self, step: Step) -> TaskRun:
        """Record the start of *step*, without noting it, and make its inputs."""
        self._started += 1
        before = step.before
        names = {
            **self._names,
            "sequenceNumber": self._started,
            # The end of the last result, not the clock: the same in a resumed or replayed run.
            "now": step.reached_at,
        }
        run = TaskRun(step.name, step.visit, step.definition["type"], "InProgress")
        self._under_way[step.key] = run, self._clock()
        self._inputs[step.key] = Inputs(
            input=self.input,
            tasks=self._finished.snapshot(),
            variables=self._variables,
            run=VisitNames(names, f"{step.visit}{self._identity(step)}"),
            environment=self._environment,
            previous=self.input if before is None else self._finished.output_of(before),
            pin=self._pin(step.name),
        )
        return run

    def _pin(self, name: str) -> TaskPin | None:
        """Return the pin for the next visit of the task *name*; None without pins."""
        if self._pins is None:
            return None
        answered = sum(count for (task, _), count in self._pinned.items() if task == name)
        return self._pins.of(name, answered)

    @property
    def remaining_steps(self) -> int:
        """The number of tasks that the run may still execute."""
        return max(self._state.remaining_steps - sum(self._spent.values()), 0)

    def spend(self, step: Step, tasks: int) -> None:
        """Count *tasks* that the nested run of an item of *step* executed."""
        if tasks:
            self._spent[step.key] += tasks

    def nested_options(
        self,
        step: Step,
        outcome: TaskOutcome,
        item: Item | None = None,
    ) -> RunOptions:
        """Return the options of the nested run that *outcome* asks for, for *item* if not None.

        The id is derived from the visit, so that a replay gets the same id.
        """
        name = f"{self.workflow_id}/{step.name}/{step.visit}"
        if item is not None:
            name += f"/{item.index}"
        workflow_id = str(uuid.uuid5(NESTED, name))
        signals = self._options.signals
        return replace(
            self._options,
            input=outcome.input,
            begun=None,
            finished=None,
            cancelled=None,
            advanced=None,
            steps=self.remaining_steps,
            depth=self._options.depth + 1,
            workflow_id=workflow_id,
            signals=signals and signals.of_run(workflow_id),
            pins=self._pins and self._pins.inside(outcome.definition or ""),
        )

    def inputs_of_items(
        self,
        step: Step,
        inputs: Inputs,
        count: int,
    ) -> Callable[[Item], Inputs]:
        """Return a function that returns the inputs of each of the *count* items of *step*.

        Each item has its own `swf:` names, which do not depend on when the item is run.
        """
        if step.key not in self._first_items:
            self._number_items(step.key, count)
            started, _ = self._under_way[step.key]
            self._on_entry(replace(started, items=ItemCounts(count)))
        first = self._first_items[step.key]
        run = {name: value for name, value in inputs.run.items() if name != "uuid"}
        visit, identity = step.visit, self._identity(step)

        def inputs_of(item: Item) -> Inputs:
            names = {**run, "sequenceNumber": first + item.index}
            # Not by `dataclasses.replace`, which takes longer than everything else here.
            return Inputs(
                inputs.input,
                inputs.tasks,
                inputs.variables,
                VisitNames(names, f"{visit}.{item.index}{identity}"),
                inputs.environment,
                inputs.previous,
                item,
                inputs.pin,
            )

        return inputs_of

    def _number_items(self, key: Key, count: int) -> None:
        """Reserve *count* sequence numbers for the items of the visit *key*."""
        self._first_items[key] = self._started + 1
        self._started += count

    def advanced(self, step: Step, counts: Callable[[], ItemCounts]) -> None:
        """Report the counts of *step*'s items; *counts* is called only if there is a listener."""
        if self._options.advanced is not None:
            self._options.advanced(step.name, counts())

    def complete(
        self,
        step: Step,
        outcome: TaskOutcome,
        notes: Iterable[str] = (),
        run: WorkflowRun | None = None,
        pinned: int = 0,
    ) -> Progress:
        """Record *outcome* as the result of *step*, and return the changes.

        *notes* are remarks for readers of the history; *run* is the nested run of the task;
        *pinned* is the number of the task's requests that pins answered.
        """
        if outcome.is_waiting:
            return self._record_result(
                step,
                status="Waiting",
                input=outcome.input,
                wait_until=outcome.wait_until,
                awaits_signal=outcome.awaits_signal,
                state=outcome.state,
                notes=tuple(notes),
                pinned=pinned,
            )
        return self._record_result(
            step,
            status="Completed",
            input=outcome.input,
            output=outcome.output,
            next_task=outcome.next_task,
            terminate=outcome.terminate,
            notes=tuple(notes),
            run=run,
            items=outcome.items,
            pinned=pinned,
        )

    def fail(
        self,
        step: Step,
        error: Mapping[str, Any],
        notes: Iterable[str] = (),
        run: WorkflowRun | None = None,
        items: ItemCounts | None = None,
        pinned: int = 0,
    ) -> Progress:
        """Record that *step* failed with *error*, as JSON, and return the changes.

        *items* are the counts of the step's items; for *notes*, *run* and *pinned* see `complete`.
        """
        route = error_route(step.definition, error)
        return self._record_result(
            step,
            status="Failed",
            error=error,
            next_task=route,
            notes=tuple(notes),
            run=run,
            items=items,
            pinned=pinned,
        )

    def stop(
        self,
        step: Step,
        error: Mapping[str, Any],
        run: WorkflowRun | None = None,
        items: ItemCounts | None = None,
    ) -> None:
        """Record that *step* was stopped before its end.

        *error*, as JSON, says whether a request may have been delivered; *run* is the unfinished
        nested run of the step, *items* are the counts of its items.
        """
        started, began = self._under_way[step.key]
        elapsed = self._clock() - began
        stopped = replace(
            started,
            error=error,
            elapsed_seconds=elapsed,
            run=run,
            items=items,
        )
        self._end_stopped(stopped)
        self._on_entry(stopped)

    def _end_stopped(self, run: TaskRun) -> None:
        self._forget(run.key)
        self.history.append(run)

    def _forget(self, key: Key) -> None:
        """Drop the data of the running visit *key*."""
        del self._under_way[key]
        self._inputs.pop(key, None)
        self._first_items.pop(key, None)

    def ended(self, progress: Progress) -> WorkflowRun:
        """Return the run that ended with *progress*; visits still running count as stopped."""
        now = self._clock()
        stopped = [
            replace(run, elapsed_seconds=now - began) for run, began in self._under_way.values()
        ]
        return WorkflowRun(
            workflow_id=self.workflow_id,
            definition=self.title,
            status=progress.status,
            output=progress.output,
            tasks=(*self.history, *stopped),
            error=progress.error,
            elapsed_seconds=now - self._began,
            environment=self._environment.name if self._environment is not None else None,
        )

    def _identity(self, step: Step) -> str:
        """Return the text that identifies the task of *step*, unique over all runs."""
        return f" {len(step.name)} {step.name} {self.workflow_id}"

    def _record_result(self, step: Step, **end: Any) -> Progress:
        """Record a result of *step* with the fields *end*, and return the changes."""
        run, began = self._under_way[step.key]
        elapsed = self._clock() - began
        time = self.time()
        spent = self._spent.pop(step.key, 0)
        items = end.get("items")
        if spent and items is not None:
            end["items"] = replace(items, nested_tasks=spent)
        run = TaskRun(
            run.name,
            run.visit,
            run.type,
            elapsed_seconds=elapsed,
            ended_at=time,
            **end,
        )
        self._tell(run)
        return self._apply(run)

    def _apply(self, run: TaskRun) -> Progress:
        """Apply the result *run*, new or from the history, and return the changes."""
        if run.status != "Waiting":
            self._forget(run.key)
        if run.pinned:
            self._pinned[run.key] = run.pinned
        self._append(run)
        return self._record_parallels(self._state.record(run))

    def _record_parallels(self, progress: Progress) -> Progress:
        """Record the started, ended and stopped Parallel tasks of *progress*; return *progress*."""
        now = self._clock()
        for run in progress.parallels:
            self._under_way.setdefault(run.key, (run, now))
        for run in progress.joined:
            _, began = self._under_way.pop(run.key, (run, now))
            joined = self._parallels.pop(run.key, None)
            if joined is None:
                joined = replace(run, elapsed_seconds=now - began)
                self._tell(joined)
            self._append(joined)
            self._state.record(joined)
        for key in progress.stopped:
            stopped = self._under_way.get(key)
            # Only Parallel tasks: for each stopped step, the engine calls `stop`.
            if stopped is not None and stopped[0].type == "Parallel":
                del self._under_way[key]
                self.history.append(replace(stopped[0], elapsed_seconds=now - stopped[1]))
        return progress

    def time(self) -> str:
        """Return the current time (RFC 3339, UTC)."""
        return utc_text(self._now())

    def _append(self, run: TaskRun) -> None:
        self.history.append(run)
        self._finished.record(run)

    def _tell(self, run: TaskRun) -> None:
        self._on_entry(run)
        if self._options.finished is not None and run.status != "Waiting":
            self._options.finished(run)
