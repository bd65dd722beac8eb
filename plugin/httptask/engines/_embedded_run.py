"""One run of one definition on this event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask.engines._clock import LONGEST
from httptask.engines._compiled import Outside
from httptask.engines._inbox import Inbox
from httptask.engines._record import RunRecord
from httptask.engines._stopping import stop
from httptask.engines._task import TaskRunner
from httptask.engines._unjournalled import UNJOURNALLED
from httptask.engines._visits import Visits
from httptask.errors import JournalError
from httptask.model.workflow import Step, TaskRun, Wait, WorkflowDefinition, WorkflowRun
from httptask.workflow import Progress

if TYPE_CHECKING:
    from httptask.engines._clock import Clock
    from httptask.engines._compiled import CompiledDefinition
    from httptask.engines._visits import RunInside
    from httptask.protocols import RunOptions
    from httptask.task import Runtime

Key = tuple[str, int]


class Run:
    """One run of *definition*, whose compiled form is *compiled_definition*.

    *run_inside* runs nested definitions. With a journal, the run continues where an earlier process
    stopped.
    """

    def __init__(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Runtime,
        compiled_definition: CompiledDefinition,
        clock: Clock,
        run_inside: RunInside,
    ) -> None:
        self._limit = definition.timeout_seconds
        self._options = options
        self._journal = options.journal or UNJOURNALLED
        self._record = RunRecord(
            definition,
            options,
            steps=runtime.limits.steps if options.steps is None else options.steps,
            clock=time.monotonic,
            workflow_id=self._journal.workflow_id,
            now=clock.now,
            began_at=self._journal.began_at,
            noted=self._journal.note,
        )
        tasks = TaskRunner(
            compiled_definition,
            runtime,
            can_wait=Outside.of(options) != (False, False),
        )
        self._visits = Visits(self._record, tasks, options, runtime, clock, run_inside)
        self._running: dict[asyncio.Task[None], Step] = {}
        self._stopped: set[Key] = set()
        """The visits that were stopped because their Parallel failed; their end is ignored."""
        self._inbox = Inbox()
        self.workflow_id = self._record.workflow_id
        self.input = self._record.input
        """The run's input, with defaults."""
        self.cause: TaskRun | None = None
        """The visit whose failure ended the run; None: no failure of a task ended it."""

    async def finish(self) -> WorkflowRun:
        """Run to the end, within the definition's `timeoutSeconds`, and return the run."""
        if self._journal.ended is not None:
            return self._finished_before()
        progress = Progress(
            "TimedOut", error=f"the run took longer than its timeoutSeconds, {self._limit}"
        )
        try:
            try:
                async with asyncio.timeout(self._seconds_left()):
                    progress = await self._to_the_end()
            except TimeoutError:
                pass  # only the run's limit: a `TimeoutError` of a task has become a failure
            except asyncio.CancelledError:
                self._journal.leave()
                raise
            finally:
                await stop(self._running)
        except asyncio.CancelledError:
            with contextlib.suppress(JournalError):
                await self._journal.written()  # the tasks that ended while others were stopped
            if self._options.cancelled is not None:
                # The word that a journal has for it: only such a run can go on.
                status = "Interrupted" if self._journal.is_left else "Cancelled"
                stopped = Progress(status, error="the run was stopped before its end")
                self._options.cancelled(self._record.ended(stopped))
            raise
        self.cause = progress.cause
        run = self._record.ended(progress)
        await self._journal.end(run)
        return run

    def _seconds_left(self) -> float | None:
        if self._limit is None:
            return None
        passed = self._record.seconds_since_began if self._journal.history else 0.0
        return max(min(self._limit, LONGEST) - passed, 0.0)

    def _finished_before(self) -> WorkflowRun:
        """Return the run from the journal: an earlier process has ended it."""
        progress = self._record.resumed(self._journal.history or ())
        self.cause = progress.cause
        run = WorkflowRun.from_json({**(self._journal.ended or {}), "tasks": []})
        return replace(run, tasks=self._record.ended(progress).tasks)

    async def _to_the_end(self) -> Progress:
        """Start steps and process their results until the run ends; return its final progress."""
        history = self._journal.history
        progress = self._record.resumed(history) if history else self._record.begin()
        waits = {wait.key: wait for wait in progress.waits}
        while progress.status == "Running":
            self._stop_steps(progress.stopped)
            steps = [*progress.steps, *(wait.step for wait in waits.values())]
            await self._start_all(steps, waits)
            waits = {}
            while self._inbox.is_empty:
                await self._inbox.changed()
            progress = self._inbox.take()
        return progress

    async def _start_all(self, steps: Collection[Step], waits: dict[Key, Wait]) -> None:
        """Start *steps*; a step in *waits* continues the wait that an earlier process began.

        All earlier results and the starts are on disk before any step does anything.
        """
        starts = []
        for step in steps:
            inputs = self._record.start(step)
            wait = waits.get(step.key)
            starts.append((step, inputs, self._visits.announce(step, wait), wait))
        await self._journal.written()
        for step, *start in starts:
            # The visit reports its result itself: a done callback would run one iteration of the
            # event loop later.
            visit = self._report_visit(step, *start)
            task = asyncio.create_task(visit, name=f"httptask: {step.name}")
            self._running[task] = step
            task.add_done_callback(self._note_end)

    def _stop_steps(self, keys: Collection[Key]) -> None:
        """Stop the visits *keys*, because the Parallel around them has failed."""
        if not keys:  # the usual case; it saves walking thousands of running branches
            return
        self._stopped.update(keys)
        for task, step in self._running.items():
            if step.key in keys:
                task.cancel()

    async def _report_visit(self, step: Step, *start: Any) -> None:
        self._inbox.tell(await self._visits.visit(step, *start))

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """Remove the ended *task* of a visit, and pass its exception, if any, to the run."""
        step = self._running.pop(task)
        # A visit records the failure of its task itself; any other exception ends the run.
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and not (task.cancelled() and step.key in self._stopped):
            self._inbox.tell(error)
