"""One run of one definition inside a workflow, driven by the pure interpreter.

Everything here is deterministic, for replays: the time is the workflow's, tasks are activities,
waits are timers and signals.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from temporalio import workflow

from httptask.engines._inbox import Inbox
from httptask.engines._outcome import due, stopped_error
from httptask.engines._record import RunRecord
from httptask.engines._stopping import stop
from httptask.engines.temporal._arguments import TaskSignal
from httptask.engines.temporal._called import CalledVisits
from httptask.engines.temporal._carried import ItemsSoFar, packed, unpacked
from httptask.engines.temporal._items import ItemsVisit
from httptask.engines.temporal._nested import ChildEnd, run_child
from httptask.engines.temporal._pages import PagesSoFar
from httptask.engines.temporal._tasks import (
    ActivityRunner,
    Ran,
    StoppedTaskError,
    stopped_between,
)
from httptask.engines.temporal._types import HTTP
from httptask.model.definition import WorkflowDefinition
from httptask.model.environment import Environment
from httptask.model.for_each import ForEach, Item, ItemCounts, WaitingItem
from httptask.model.pins import Pins
from httptask.model.workflow import Signal, TaskOutcome, TaskRun, Wait, WorkflowRun
from httptask.protocols import RunOptions
from httptask.sending import Progress as CallProgress
from httptask.sending import watched
from httptask.workflow import Progress

if TYPE_CHECKING:
    from httptask.engines.temporal._arguments import RunArguments
    from httptask.engines.temporal._signals import ReceivedSignals
    from httptask.model.task import Inputs
    from httptask.model.workflow import Step

Key = tuple[str, int]

_LONGEST = 10.0 * 365 * 24 * 3600
"""Ten years, in seconds: longer limits are clamped."""


class TooLongError(Exception):
    """The history is too long: the run continues in a new history."""


class _Counted:
    """A turn of *walk* for a task, or a nested run, while the block lasts.

    Not an async generator: a worker that stops throws away the coroutines of its workflows, and
    one inside the block of an async generator then complains on standard error.
    """

    def __init__(self, walk: Walk, *, is_child: bool = False) -> None:
        self._walk = walk
        self._is_child = is_child

    async def __aenter__(self) -> None:
        await self._walk.take_turn(is_child=self._is_child)

    async def __aexit__(self, *_: object) -> None:
        self._walk.give_turn_back(is_child=self._is_child)


class Walk:
    """The run of *arguments*; *signals* are the signals for its tasks.

    Raises `InputError` if the `inputSchema` refuses the input.
    """

    def __init__(self, arguments: RunArguments, signals: ReceivedSignals) -> None:
        definition = WorkflowDefinition(arguments.definition, arguments.title)
        self._arguments = arguments
        self._signals = signals
        self._limit = definition.timeout_seconds
        self._tasks = ActivityRunner(arguments, arguments.facts.get("", {}))
        environment, carried = arguments.environment, arguments.carried
        self._entries: list[TaskRun] = []
        """All entries that the record has noted, from which a new history rebuilds the record."""
        self._items, self._pages = ItemsSoFar(), PagesSoFar()
        called: list[Any] = []
        if carried is not None:
            self._entries, self._items, self._pages, received, called = unpacked(carried)
            for signal in received:
                signals.add(TaskSignal.from_json(signal))
        self.called = CalledVisits(self._items.ended_items, signals.add, called)
        """The visits with a callback URL."""
        self._pages.may_be_large = arguments.keeps_large_values
        options = RunOptions(
            arguments.input,
            arguments.variables,
            environment=Environment.from_json(environment) if environment is not None else None,
            depth=arguments.depth,
            pins=Pins.from_json(arguments.pins) if arguments.pins is not None else None,
        )
        self.record = RunRecord(
            definition,
            options,
            steps=arguments.steps,
            clock=workflow.time,
            workflow_id=workflow.info().workflow_id,
            now=workflow.now,
            began_at=carried["began_at"] if carried is not None else None,
            noted=self._entries.append,
        )
        self._has_begun = carried is not None
        self.is_under_way = False
        """Whether everything that should be running has started."""
        self._busy = 0
        """The number of running tasks and nested runs."""
        self._children = 0
        """The number of running nested runs. The history is not left while there is one, because a
        nested run may last for days.
        """
        most = arguments.at_once or sys.maxsize
        self._turns, self._turns_of_children = asyncio.Semaphore(most), asyncio.Semaphore(most)
        self._pauses = False
        """Whether no further task starts, because the history is becoming too long."""
        self._is_left = False
        """Whether the run is moving to a new history, so that visits stopped now have not ended."""
        self._is_too_large = False
        """Whether the state is too large to be carried over, so that the history is never left."""
        self._running: dict[asyncio.Task[None], Step] = {}
        self.waiting: dict[Key, Wait] = {}
        """The visits that wait, for a time or a signal."""
        self._visits_of_items: dict[Key, ItemsVisit] = {}
        """The running visits of tasks with `forEach`."""
        self._stopped: set[Key] = set()
        """The visits that were stopped because their Parallel failed; their end is ignored."""
        self._inbox = Inbox()
        self._resumes = asyncio.Event()
        """Set when the run cannot leave its history after all, so that paused tasks start."""
        self.cause: TaskRun | None = None
        """The visit whose failure ended the run; None: no failure of a task ended it."""

    @property
    def under_way(self) -> list[Step]:
        """The running visits, including waiting ones."""
        return list(self._running.values())

    def counts(self, step: Step) -> ItemCounts | None:
        """Return the counts of the items of the visit *step*; None without `forEach`."""
        visit = self._visits_of_items.get(step.key)
        return None if visit is None else visit.counts

    async def finish(self) -> WorkflowRun:
        """Run to the end, within the definition's `timeoutSeconds`, and return the run."""
        limit = self._limit
        progress = Progress(
            "TimedOut", error=f"the run took longer than its timeoutSeconds, {limit}"
        )
        try:
            async with asyncio.timeout(self._seconds_left()):
                progress = await self._to_the_end()
        except TimeoutError:
            pass  # only the run's limit: tasks raise no `TimeoutError` in a workflow
        finally:
            self.is_under_way = True
            await stop(self._running)
        self.cause = progress.cause
        return self.record.ended(progress)

    def _seconds_left(self) -> float | None:
        if self._limit is None:
            return None
        passed = self.record.seconds_since_began if self._has_begun else 0.0
        return max(min(self._limit, _LONGEST) - passed, 0.0)

    async def _to_the_end(self) -> Progress:
        """Start steps and take their results until the run ends; return its end."""
        if self._has_begun:
            progress = self.record.resumed(list(self._entries))
        else:
            progress = self.record.begin()
        waits = {wait.key: wait for wait in progress.waits}
        while progress.status == "Running":
            self._stop_steps(progress.stopped)
            for step in (*progress.steps, *(wait.step for wait in waits.values())):
                self._start(step, self.record.start(step), waits.get(step.key))
            waits = {}
            self.is_under_way = True
            while self._inbox.is_empty:
                if self._pauses and not self._busy:
                    await self._leave()
                await self._inbox.changed()
            progress = self._inbox.take()
        return progress

    async def _leave(self) -> None:
        """Stop all waits, and raise `TooLongError`, to continue in a new history.

        If the state is too large to be carried over, continue in this history.
        """
        if self.carried() is None:
            self._pauses, self._is_too_large = False, True
            self._resumes.set()
            return
        self._is_left = True
        await stop(self._running)
        raise TooLongError

    def carried(self) -> dict[str, Any] | None:
        """Return the state to carry over to a new history; None if it is too large."""
        return packed(
            self.record.began_at,
            self._entries,
            self._items,
            self._pages,
            self._signals.to_json(),
            self.called,
            may_be_large=self._arguments.keeps_large_values,
        )

    async def take_turn(self, *, is_child: bool) -> None:
        """Wait for a turn, and count a task, or a nested run, from then on.

        If the history is becoming too long, nothing starts: the run moves to a new history.
        """
        info = workflow.info()
        turns = self._turns_of_children if is_child else self._turns
        await turns.acquire()
        is_long = info.is_continue_as_new_suggested()
        if is_long and not self._is_too_large and not self._children:
            self._pauses = True
        if self._pauses:
            self._inbox.wake()
            try:
                await self._resumes.wait()
            except BaseException:
                turns.release()
                raise
        self._busy += 1
        self._children += is_child

    def give_turn_back(self, *, is_child: bool) -> None:
        """End what `take_turn` began."""
        self._busy -= 1
        self._children -= is_child
        if self._pauses:
            self._inbox.wake()
        (self._turns_of_children if is_child else self._turns).release()

    def _start(self, step: Step, inputs: Inputs, wait: Wait | None) -> None:
        if self._tasks.awaits_callback(step):
            self.called.open(step.key, self._tasks.judging(step, inputs))
        task = asyncio.create_task(self._visited(step, inputs, wait))
        self._running[task] = step
        task.add_done_callback(self._note)

    def _stop_steps(self, keys: Collection[Key]) -> None:
        """Stop the visits *keys*, because the Parallel around them has failed."""
        if not keys:  # the usual case; it saves walking thousands of running branches
            return
        self._stopped.update(keys)
        for task, step in self._running.items():
            if step.key in keys:
                task.cancel()

    async def _visited(self, step: Step, inputs: Inputs, wait: Wait | None) -> None:
        self._inbox.tell(await self._visit(step, inputs, wait))

    def _note(self, task: asyncio.Task[None]) -> None:
        step = self._running.pop(task)
        self.waiting.pop(step.key, None)
        self._visits_of_items.pop(step.key, None)
        if not self._is_left:
            self.called.close(step.key)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and step.key not in self._stopped and not self._is_left:
            self._inbox.tell(error)

    async def _visit(self, step: Step, inputs: Inputs, wait: Wait | None) -> Progress:
        """Run *step* to its end, including its waits, and return what its result changes.

        *wait* is the wait that the visit was in when the previous history was left.
        """
        setting = ForEach.of_task(step.definition)
        if setting is not None:
            return await self._visit_items(step, inputs, setting)
        state, signal = None, None
        try:
            while True:
                if wait is not None:
                    state, signal = wait.state, await self._awaited(wait)
                outcome, notes, pinned = await self._run_task(step, inputs, state, signal)
                signal = None
                notes += self.called.notes(step.key)
                if not isinstance(outcome, TaskOutcome):
                    return self.record.fail(step, outcome, notes, pinned=pinned)
                if outcome.definition is not None:
                    return await self._visit_nested(step, outcome, outcome.definition)
                progress = self.record.complete(step, outcome, notes, pinned=pinned)
                if not progress.waits:
                    return progress
                wait = progress.waits[0]
        except StoppedTaskError as stopped:
            self.record.stop(step, stopped.error)
            await self._tasks.cancel_job(step, inputs, stopped.state)
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            if not self._is_left:
                self.record.stop(step, self._stopped_error(step, wait))
                await self._tasks.cancel_job(step, inputs, wait.state if wait is not None else None)
            elif signal is not None:
                self._give_back(signal, step)
            raise

    def _stopped_error(self, step: Step, wait: Wait | None) -> dict[str, Any]:
        """Return the error of a stopped visit; *wait* is the wait that it was in, or None."""
        if wait is None or not self._has_sent(step):
            return stopped_error(0, is_maybe_delivered=False)
        return stopped_between(wait.state, is_sent=True)

    @staticmethod
    def _has_sent(step: Step) -> bool:
        """Say whether a waiting visit of *step* has sent a request: it waits for an answer."""
        return bool(step.definition["type"] == HTTP)

    def _give_back(self, signal: Signal, step: Step, item: int | None = None) -> None:
        """Keep *signal* for the new history, because the task has not run with it yet."""
        error = dict(signal.error) if signal.error is not None else None
        headers = dict(signal.headers) if signal.headers is not None else None
        given = TaskSignal(step.name, step.visit, signal.output, error, item, headers)
        self._signals.add(given)

    async def _run_task(
        self, step: Step, inputs: Inputs, state: Any = None, signal: Signal | None = None
    ) -> Ran:
        """Run the task of *step* once: by one activity, or by an activity for each page."""
        item = inputs.item.index if inputs.item is not None else None
        pages = self._pages.of(step, item)
        if pages is None:
            async with _Counted(self):
                return await self._tasks.run(step, inputs, state, signal)
        try:
            while True:
                async with _Counted(self):
                    ran = await self._tasks.run(step, inputs, pages.state)
                until = pages.take(ran)
                if until is None:
                    break
                await self._sleep(until)
        except (asyncio.CancelledError, StoppedTaskError) as stopped:
            if self._is_left or pages.state is None:
                raise
            error = stopped.error if isinstance(stopped, StoppedTaskError) else None
            raise StoppedTaskError(pages.stopped(error)) from None
        whole = await pages.whole(ran)
        self._pages.forget(step, item)
        return whole

    async def _awaited(self, wait: Wait) -> Signal | None:
        """Wait for the signal of *wait*; None: timed out. Show the wait meanwhile."""
        self.waiting[wait.key] = wait
        try:
            return await self._signal_of(wait)
        finally:
            self.waiting.pop(wait.key, None)

    async def _signal_of(self, wait: Wait, item: int | None = None) -> Signal | None:
        """Wait for the signal of *wait*, for *item* if the task has `forEach`; None: timed out."""
        if not wait.awaits_signal:
            await self._sleep(wait.until)
            return None
        received = asyncio.create_task(self._signals.wait(*wait.key, item))
        timer = asyncio.create_task(self._sleep(wait.until))
        try:
            await workflow.wait([received, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop([received, timer])
        # If both are there at once, the signal counts.
        return None if received.cancelled() else received.result()

    async def _signal_of_item(self, wait: Wait, index: int, given: Any) -> Signal | None:
        """Wait for the signal of the item *index*; None: timed out. Show the wait meanwhile.

        *given* is the input of the item's task, which is shown, too.
        """
        if not wait.awaits_signal:
            return await self._signal_of(wait, index)
        with self._visits_of_items[wait.key].waits(WaitingItem(index, given, wait.until)):
            return await self._signal_of(wait, index)

    @staticmethod
    async def _sleep(until: str | None) -> None:
        """Wait until the time *until*; None: for ever."""
        if until is None:
            await asyncio.get_running_loop().create_future()
            return
        seconds = (due(until) - workflow.now()).total_seconds()
        if seconds > 0:
            await workflow.sleep(min(seconds, _LONGEST))

    # Nested runs

    async def _visit_nested(self, step: Step, outcome: TaskOutcome, name: str) -> Progress:
        """Run the definition *name*, as *outcome* asks, and return what its end changes."""
        end = await self._nested_end(step, outcome, name)
        if isinstance(end.outcome, TaskOutcome):
            return self.record.complete(step, end.outcome, run=end.run)
        return self.record.fail(step, end.outcome, run=end.run)

    async def _nested_end(
        self, step: Step, outcome: TaskOutcome, name: str, item: Item | None = None
    ) -> ChildEnd:
        options = self.record.nested_options(step, outcome, item)
        async with _Counted(self, is_child=True):
            return await run_child(self._arguments, step, name, outcome, options)

    # Items

    async def _visit_items(self, step: Step, inputs: Inputs, setting: ForEach) -> Progress:
        """Run *step* once for each item, and return what its result changes."""
        visit = ItemsVisit(
            step, inputs, setting, self._tasks, self.record, self._items, self._item_end
        )
        self._visits_of_items[step.key] = visit
        try:
            outcome = await visit.run()
        except (asyncio.CancelledError, StoppedTaskError):
            if self._is_left:
                raise
            error = stopped_error(0, is_maybe_delivered=visit.may_have_sent)
            self.record.stop(step, error, items=visit.counts)
            raise asyncio.CancelledError from None
        self._items.forget(step.key)
        if isinstance(outcome, TaskOutcome):
            return self.record.complete(step, outcome, pinned=visit.pinned)
        return self.record.fail(step, outcome, items=visit.counts, pinned=visit.pinned)

    async def _item_end(
        self, step: Step, inputs: Inputs, journal: object = None
    ) -> tuple[TaskOutcome | dict[str, Any], int]:
        """Run the task of *step* for one item, including its waits.

        Return its outcome, and the number of tasks that its nested run executed.
        """
        index = inputs.item.index if inputs.item is not None else 0
        turn = self._items.turn(step.key, index)
        while True:
            outcome = await self._turn_of_item(step, inputs, index, turn)
            if not isinstance(outcome, TaskOutcome):
                return outcome, 0
            if outcome.definition is not None:
                end = await self._nested_end(step, outcome, outcome.definition, inputs.item)
                return end.outcome, end.steps
            if not outcome.is_waiting:
                return outcome, 0
            turn = outcome
            self._items.note_turn(step.key, index, turn)

    async def _turn_of_item(
        self, step: Step, inputs: Inputs, index: int, turn: TaskOutcome | None
    ) -> TaskOutcome | dict[str, Any]:
        """Run the task of *step* for the item *index* once, after the wait that *turn* asks for.

        *turn* is the outcome of the run before; None: the first run.
        """
        call, signal, state = watched.get() or CallProgress(), None, None
        try:
            if turn is not None:
                state = turn.state
                call.maybe_delivered = self._has_sent(step)
                wait = Wait(step, turn.wait_until, state, turn.awaits_signal)
                signal = await self._signal_of_item(wait, index, turn.input)
            outcome, _, pinned = await self._run_task(step, inputs, state, signal)
        except StoppedTaskError as stopped:
            call.maybe_delivered = bool(stopped.error.get("maybeDelivered"))
            await self._tasks.cancel_job(step, inputs, stopped.state)
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            if not self._is_left:
                await self._tasks.cancel_job(step, inputs, state)
            elif signal is not None:
                self._give_back(signal, step, index)
            raise
        call.pinned = pinned or call.pinned
        return outcome
