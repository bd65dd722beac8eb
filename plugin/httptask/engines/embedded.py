"""The embedded engine: runs a workflow definition in this process, on asyncio, and keeps
nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from httptask.engines._compiled import compiled
from httptask.engines._for_each import ForEachVisit
from httptask.engines._nested import (
    maybe_delivered,
    nested_definition,
    nested_error,
    refuse_broken_nested,
    refused_error,
)
from httptask.engines._record import RunRecord, due, failure_input, failure_run_id
from httptask.engines._stopping import stop
from httptask.engines._task import TaskRunner
from httptask.errors import DefinitionError, HttpTaskError
from httptask.model.for_each import ForEach, Item
from httptask.model.task import Inputs
from httptask.model.workflow import (
    Signal,
    Step,
    TaskOutcome,
    TaskRun,
    Wait,
    WorkflowDefinition,
    WorkflowRun,
)
from httptask.protocols import RunOptions
from httptask.sending import Progress as CallProgress
from httptask.sending import watched
from httptask.workflow import Progress

if TYPE_CHECKING:
    from httptask.engines._compiled import CompiledDefinition
    from httptask.task import Runtime

Key = tuple[str, int]

_LONGEST = 10.0 * 365 * 24 * 3600
"""Ten years, in seconds. Longer limits are clamped: the event loop's clock overflows."""


class EmbeddedEngine:
    """Runs a definition to its end in this process.

    It waits for somebody outside where the options have `signals`.
    """

    name = "embedded"

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()

    async def run(
        self, definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
    ) -> WorkflowRun:
        """Run *definition* to its end and return how it ended.

        The run is `Completed`, `Failed` or `TimedOut` (after the definition's `timeoutSeconds`).
        Its `tasks` are every visit in order of completion, and as `InProgress` those that were
        stopped, because the run ended or went on without them.

        When it does not complete and the definition names a `failureWorkflow`, that one of
        `options.definitions` is run with the input `{"input": the run's input, "failed":
        {"workflowId", "definition", "status", "task", "error"}}`: `task` is the name of the task
        that failed, null when none did, and `error` an object with at least `message`. The failure
        of a failure workflow starts no other.

        *runtime* is open and stays open. Raises `DefinitionError` before anything is run when
        *definition* has problems, and `InputError` when its `inputSchema` refuses the input; a
        task's failure is not raised. A cancelled run leaves nothing
        running; `options.cancelled` is told how far it came.
        """
        await refuse_broken_nested(definition, options, runtime)
        run, _ = await _whole_run(definition, options, runtime, self._clock)
        return run


async def _whole_run(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime, clock: Clock
) -> tuple[WorkflowRun, TaskRun | None]:
    """Run *definition*, and its failure workflow after it; return also the task that failed it."""
    first = await _begun(definition, options, runtime, clock)
    run = await first.finish()
    if run.status == "Completed" or definition.failure_workflow is None:
        return run, first.cause
    failure = failure_input(run, first.cause, first.input)
    after = await _with_failure_workflow(
        run, failure, definition.failure_workflow, options, runtime, clock
    )
    return after, first.cause


class Clock:
    """The time of an engine, and how it waits. A test's own clock does not wait at all."""

    def now(self) -> datetime:
        """Return the time, with its offset."""
        return datetime.now(UTC)

    async def wait_until(self, time: datetime) -> None:
        """Return at *time*, at once if it has passed."""
        seconds = (time - self.now()).total_seconds()
        await asyncio.sleep(min(max(seconds, 0), _LONGEST))


async def _with_failure_workflow(
    run: WorkflowRun,
    failure: Any,
    name: str,
    options: RunOptions,
    runtime: Runtime,
    clock: Clock,
) -> WorkflowRun:
    definition = options.definitions.get(name)
    if definition is None:
        return replace(
            run,
            error=f"{run.error}; its failure workflow {name!r} is not among the definitions given",
        )
    cancelled, signals = options.cancelled, options.signals
    workflow_id = failure_run_id(run.workflow_id)
    options = replace(
        options,
        input=failure,
        workflow_id=workflow_id,
        cancelled=cancelled and (lambda after: cancelled(replace(run, failure_run=after))),
        signals=signals and signals.of_run(workflow_id),
    )
    try:
        after = await (await _begun(definition, options, runtime, clock)).finish()
    except DefinitionError as error:
        return replace(
            run, error=f"{run.error}; its failure workflow {name!r} was not run: {error}"
        )
    return replace(run, failure_run=after)


async def _begun(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime, clock: Clock
) -> _Run:
    """Return a run of *definition*. Raises `DefinitionError` when it has problems."""
    kept = await compiled(definition, runtime, can_wait=options.signals is not None)
    return _Run(definition, options, runtime, kept, clock)


class _Run:
    """One run of one definition, on this event loop."""

    def __init__(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Runtime,
        kept: CompiledDefinition,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._tasks = TaskRunner(kept, runtime, can_wait=options.signals is not None)
        self._limit = definition.timeout_seconds
        self._options = options
        self._runtime = runtime
        self._record = RunRecord(
            definition,
            options,
            steps=runtime.limits.steps if options.steps is None else options.steps,
            clock=time.monotonic,
            now=clock.now,
        )
        self._running: dict[asyncio.Task[None], Step] = {}
        self._stopped: set[Key] = set()
        """Visits that the run goes on without: whatever comes of them is no news."""
        self._news: deque[Progress | BaseException] = deque()
        """What the visits that ended changed, or died of; the run has not gone on from it yet."""
        self._has_news: asyncio.Future[None] | None = None
        """What the run waits for; None before it waits the first time."""
        self.input = self._record.input
        """The run's input, with defaults."""
        self.cause: TaskRun | None = None
        """The task whose failure ended the run, if one's did."""

    async def finish(self) -> WorkflowRun:
        """Run to the end, within the definition's time limit."""
        limit = self._limit
        progress = Progress(
            "TimedOut", error=f"the run took longer than its timeoutSeconds, {limit}"
        )
        try:
            try:
                if limit is None:
                    progress = await self._to_the_end()
                else:
                    async with asyncio.timeout(min(limit, _LONGEST)):
                        progress = await self._to_the_end()
            except TimeoutError:
                pass  # this limit's: a task that raises one of its own has failed
            finally:
                await stop(self._running)
        except asyncio.CancelledError:
            if self._options.cancelled is not None:
                stopped = Progress("Cancelled", error="the run was stopped before its end")
                self._options.cancelled(self._record.ended(stopped))
            raise
        self.cause = progress.cause
        return self._record.ended(progress)

    async def _to_the_end(self) -> Progress:
        progress = self._record.begin()
        while progress.status == "Running":
            self._stop_steps(progress.stopped)
            for step in progress.steps:
                self._start(step, self._record.start(step))
            while not self._news:
                self._has_news = asyncio.get_running_loop().create_future()
                await self._has_news
            news = self._news.popleft()
            if isinstance(news, BaseException):
                raise news
            progress = news
        return progress

    def _start(self, step: Step, inputs: Inputs) -> None:
        task = asyncio.create_task(self._visited(step, inputs), name=f"httptask: {step.name}")
        self._running[task] = step
        task.add_done_callback(self._note)

    def _stop_steps(self, keys: Collection[Key]) -> None:
        """Stop the visits *keys*: the Parallel that they are inside of has failed."""
        self._stopped.update(keys)
        for task, step in self._running.items():
            if step.key in keys:
                task.cancel()

    async def _visited(self, step: Step, inputs: Inputs) -> None:
        # Told here, not by the callback, which comes one turn of the event loop later.
        self._tell(await self._visit(step, inputs))

    def _note(self, task: asyncio.Task[None]) -> None:
        step = self._running.pop(task)
        # A visit records its failure; only what ends the process comes out here.
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and not (task.cancelled() and step.key in self._stopped):
            self._tell(error)

    def _tell(self, news: Progress | BaseException) -> None:
        self._news.append(news)
        if self._has_news is not None and not self._has_news.done():
            self._has_news.set_result(None)

    async def _visit(self, step: Step, inputs: Inputs) -> Progress:
        """Run *step* to its end, waits included, and return what its result changes."""
        call = CallProgress()
        watched.set(call)
        setting = ForEach.of_task(step.definition)
        if setting is not None:
            return await self._visit_items(step, inputs, setting)
        state, signal = None, None
        nested: list[WorkflowRun] = []
        try:
            while True:
                outcome = await self._tasks.run(step, inputs, state, signal)
                if not isinstance(outcome, TaskOutcome):
                    return self._record.fail(step, outcome, call.notes)
                if outcome.definition is not None:
                    return await self._run_nested(step, outcome, outcome.definition, nested)
                progress = self._record.complete(step, outcome, call.notes)
                if not progress.waits:
                    return progress
                state, signal = outcome.state, await self._awaited(progress.waits[0])
        except asyncio.CancelledError:
            stopped = nested[0] if nested else None
            is_maybe_delivered = call.maybe_delivered or any(map(maybe_delivered, nested))
            error = _stopped_error(call.attempt, is_maybe_delivered=is_maybe_delivered)
            error |= call.stopped
            self._record.stop(step, error, stopped)
            raise

    async def _awaited(self, wait: Wait) -> Signal | None:
        """Return what somebody outside gave to *wait*; None: its time has come before."""
        signals = self._options.signals
        waits: list[asyncio.Task[Any]] = []
        if wait.awaits_signal and signals is not None:
            waits.append(asyncio.create_task(signals.wait(*wait.key)))
        if wait.until is not None:
            waits.append(asyncio.create_task(self._clock.wait_until(due(wait.until))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop([wait for wait in waits if not wait.done()])
        # The signal stands first: of both at once, it counts.
        return next((wait.result() for wait in waits if wait.done() and not wait.cancelled()), None)

    async def _run_nested(
        self, step: Step, outcome: TaskOutcome, name: str, stopped: list[WorkflowRun]
    ) -> Progress:
        """Run the definition *name*, for which the task of *step* asked with *outcome*, and return
        what its end changes. A run that is cancelled goes to *stopped* as far as it came.
        """
        end, run = await self._nested_end(step, outcome, name, stopped)
        if isinstance(end, TaskOutcome):
            return self._record.complete(step, end, run=run)
        return self._record.fail(step, end, run=run)

    async def _nested_end(
        self,
        step: Step,
        outcome: TaskOutcome,
        name: str,
        stopped: list[WorkflowRun],
        item: Item | None = None,
    ) -> tuple[TaskOutcome | dict[str, Any], WorkflowRun | None]:
        """Run the definition *name*, and return what it ended in, or its error as JSON, and the
        run.
        """
        options = self._record.nested_options(step, outcome, item)
        options = replace(options, cancelled=stopped.append)
        try:
            definition = nested_definition(step, name, options, self._runtime)
            run, cause = await _whole_run(definition, options, self._runtime, self._clock)
        except DefinitionError as error:
            return refused_error(name, error), None
        except HttpTaskError as error:
            return error.to_json(), None
        if run.status != "Completed":
            return nested_error(name, run, cause), run
        return replace(outcome, output=run.output, definition=None), run

    async def _visit_items(self, step: Step, inputs: Inputs, setting: ForEach) -> Progress:
        """Run *step* once for each item, and return what its result changes."""
        visit = ForEachVisit(step, inputs, setting, self._runtime, self._record, self._to_its_end)
        try:
            outcome = await visit.run()
        except asyncio.CancelledError:
            error = _stopped_error(0, is_maybe_delivered=visit.may_have_sent)
            self._record.stop(step, error, items=visit.counts)
            raise
        if isinstance(outcome, TaskOutcome):
            return self._record.complete(step, outcome)
        return self._record.fail(step, outcome, items=visit.counts)

    async def _to_its_end(self, step: Step, inputs: Inputs) -> TaskOutcome | dict[str, Any]:
        """Run the task of *step* for one item, waits included."""
        state = None
        while True:
            outcome = await self._tasks.run(step, inputs, state)
            if not isinstance(outcome, TaskOutcome):
                return outcome
            if outcome.definition is not None:
                return await self._nested_of_item(step, outcome, outcome.definition, inputs.item)
            if outcome.wait_until is None:
                return outcome
            state = outcome.state
            await self._clock.wait_until(due(outcome.wait_until))

    async def _nested_of_item(
        self, step: Step, outcome: TaskOutcome, name: str, item: Item | None
    ) -> TaskOutcome | dict[str, Any]:
        """Run the definition *name* for one item. Its run is not kept: there may be thousands."""
        stopped: list[WorkflowRun] = []
        try:
            end, run = await self._nested_end(step, outcome, name, stopped, item)
        except asyncio.CancelledError:
            call = watched.get()
            if call is not None:
                call.maybe_delivered = any(map(maybe_delivered, stopped))
            raise
        if run is not None:
            self._record.spend(step, run)
        return end


def _stopped_error(attempts: int, *, is_maybe_delivered: bool) -> dict[str, Any]:
    """Return the error of a task that was stopped while it was under way."""
    delivered = "the server may have got the request" if is_maybe_delivered else "nothing was sent"
    return {
        "error": "Stopped",
        "message": f"stopped before its end; {delivered}",
        "kind": "cancelled",
        "maybeDelivered": is_maybe_delivered,
        "attempts": attempts,
    }
