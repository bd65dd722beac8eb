"""One run of one definition, on this event loop: which visits are under way, and how it ends."""

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
    """One run of *definition*, which was compiled to *kept*; *run_inside* runs those that its tasks
    ask for. With a journal, it goes on where an earlier process stopped.
    """

    def __init__(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Runtime,
        kept: CompiledDefinition,
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
        tasks = TaskRunner(kept, runtime, can_wait=Outside.of(options) != (False, False))
        self._visits = Visits(self._record, tasks, options, runtime, clock, run_inside)
        self._running: dict[asyncio.Task[None], Step] = {}
        self._stopped: set[Key] = set()
        """Visits that the run goes on without: whatever comes of them is no news."""
        self._inbox = Inbox()
        self.input = self._record.input
        """The run's input, with defaults."""
        self.cause: TaskRun | None = None
        """The task whose failure ended the run, if one's did."""

    async def finish(self) -> WorkflowRun:
        """Run to the end, within the definition's time limit."""
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
                pass  # this limit's: a task that raises one of its own has failed
            except asyncio.CancelledError:
                self._journal.leave()
                raise
            finally:
                await stop(self._running)
        except asyncio.CancelledError:
            with contextlib.suppress(JournalError):
                await self._journal.written()  # tasks that ended meanwhile
            if self._options.cancelled is not None:
                stopped = Progress("Cancelled", error="the run was stopped before its end")
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
        """Return the run, whose end an earlier process wrote."""
        progress = self._record.resumed(self._journal.history or ())
        self.cause = progress.cause
        run = WorkflowRun.from_json({**(self._journal.ended or {}), "tasks": []})
        return replace(run, tasks=self._record.ended(progress).tasks)

    async def _to_the_end(self) -> Progress:
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
        """Start *steps*, those in *waits* with the wait that an earlier process was in.

        What led to them, and that they start, is on disk before any of them does anything.
        """
        starts = []
        for step in steps:
            inputs, wait = self._record.start(step), waits.get(step.key)
            starts.append((step, inputs, self._visits.announce(step, wait), wait))
        await self._journal.written()
        for step, *start in starts:
            # Told in it, not by the callback, which comes one turn of the event loop later.
            visit = self._visited(step, *start)
            task = asyncio.create_task(visit, name=f"httptask: {step.name}")
            self._running[task] = step
            task.add_done_callback(self._note)

    def _stop_steps(self, keys: Collection[Key]) -> None:
        """Stop the visits *keys*: the Parallel that they are inside of has failed."""
        if not keys:  # asked in every turn, and every branch may be under way
            return
        self._stopped.update(keys)
        for task, step in self._running.items():
            if step.key in keys:
                task.cancel()

    async def _visited(self, step: Step, *start: Any) -> None:
        self._inbox.tell(await self._visits.visit(step, *start))

    def _note(self, task: asyncio.Task[None]) -> None:
        step = self._running.pop(task)
        # A visit records its failure; only what ends the process comes out here.
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and not (task.cancelled() and step.key in self._stopped):
            self._inbox.tell(error)
