"""The visits of one run: run each task to its end, with its waits, items and nested runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask.engines._for_each import ForEachVisit
from httptask.engines._nested import (
    maybe_delivered,
    nested_definition,
    nested_error,
    refused_error,
)
from httptask.engines._outcome import Outcome, due, stopped_error
from httptask.engines._stopping import stop
from httptask.engines._unjournalled import UNJOURNALLED
from httptask.errors import DefinitionError, HttpTaskError, JournalError
from httptask.model.for_each import ForEach, Item, WaitingItem
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
    from httptask.engines._clock import Clock
    from httptask.engines._record import RunRecord
    from httptask.engines._task import TaskRunner
    from httptask.engines.callbacks import Gate
    from httptask.engines.journal import CallJournal
    from httptask.task import Runtime

RunInside = Callable[
    [WorkflowDefinition, RunOptions], Awaitable[tuple[WorkflowRun, TaskRun | None]]
]
"""Runs a definition and its failure workflow; returns the run, and the visit that failed it."""


class Visits:
    """Makes the visits of the run of *record*.

    *tasks* runs the tasks of its definition, *run_inside* its nested definitions.
    """

    def __init__(
        self,
        record: RunRecord,
        tasks: TaskRunner,
        options: RunOptions,
        runtime: Runtime,
        clock: Clock,
        run_inside: RunInside,
    ) -> None:
        self._record = record
        self._tasks = tasks
        self._runtime = runtime
        self._clock = clock
        self._run_inside = run_inside
        self._journal = options.journal or UNJOURNALLED
        self._signals = options.signals or options.journal
        self._visits_of_items: dict[tuple[str, int], ForEachVisit] = {}
        """The running visits of tasks with `forEach`."""
        self._callbacks = options.callbacks

    def announce(self, step: Step, wait: Wait | None) -> CallJournal | None:
        """Return the journal of the call of *step*, which starts now.

        If the task is not repeatable, the journal records that it has started. With *wait*, this is
        recorded after the wait.
        """
        if ForEach.of_task(step.definition) is not None:
            return None  # each item has another journal
        journal = self._journal.call(step.key)
        if wait is None:
            self._announce(step, journal)
        return journal

    def _announce(self, step: Step, journal: CallJournal | None) -> None:
        if journal is not None and not self._tasks.is_repeatable(step) and not journal.was_sent:
            journal.note_sent()

    async def visit(
        self, step: Step, inputs: Inputs, journal: CallJournal | None, wait: Wait | None
    ) -> Progress:
        """Run *step* to its end, and return the changes by its result.

        *journal* is the journal of the call; *wait* is the wait that an earlier process began.
        """
        setting = ForEach.of_task(step.definition)
        if setting is not None:
            return await self._visit_items(step, inputs, setting)
        call = CallProgress(keeper=journal)
        self._journal.show(step.key, call)
        watched.set(call)
        nested: list[WorkflowRun] = []
        gate = self._gate(step, inputs, partial(self._journal.give, step.key), call.notes.append)
        try:
            if journal is not None and journal.was_sent:
                error = await self._tasks.cut_off(step, inputs, journal.state)
                return self._record.fail(step, error, pinned=call.pinned)
            if gate is not None:
                inputs = _with_names(inputs, gate)
                call.maybe_delivered = wait is not None
            return await self._turns(step, inputs, call, journal, wait, nested, gate)
        except asyncio.CancelledError:
            nested_run = nested[0] if nested else None
            is_maybe_delivered = call.maybe_delivered or any(map(maybe_delivered, nested))
            error = stopped_error(call.attempt, is_maybe_delivered=is_maybe_delivered)
            error |= call.stopped
            self._record.stop(step, error if gate is None else gate.mask(error), nested_run)
            # A task that is not repeatable may have sent something without recording it.
            is_known = self._tasks.is_repeatable(step)
            if call.keeper is not None and is_known and not is_maybe_delivered:
                call.keeper.note_unsent()
            raise
        finally:
            self._close(gate)

    def _close(self, gate: Gate | None) -> None:
        """Close *gate*, if the visit has one, and stop masking its tokens.

        The outcome of the visit is masked already, and each known secret slows down all masking.
        """
        if gate is not None and self._callbacks is not None:
            self._callbacks.close(gate)
            for token in gate.tokens:
                self._runtime.redactor.forget(token)

    def _gate(
        self,
        step: Step,
        inputs: Inputs,
        keep: Callable[[Signal], Awaitable[bool]],
        note: Callable[[str], None],
    ) -> Gate | None:
        """Open the gate that receives the callback of *step*.

        None if the task waits for no callback. The gate is opened before the request is sent,
        because the callback may come before the response. For *keep* and *note* see `Gate`.
        """
        if self._callbacks is None or not self._tasks.awaits_callback(step):
            return None
        item = () if inputs.item is None else (inputs.item.index,)
        return self._callbacks.open(
            (self._record.workflow_id, *step.key, *item),
            lambda gate: partial(self._tasks.answer_callback, step, _with_names(inputs, gate)),
            keep=keep,
            note=note,
        )

    async def _turns(
        self,
        step: Step,
        inputs: Inputs,
        call: CallProgress,
        journal: CallJournal | None,
        wait: Wait | None,
        nested: list[WorkflowRun],
        gate: Gate | None,
    ) -> Progress:
        """Run the task of *step*, again after each wait, until it has ended.

        If the visit is cancelled during a nested run, that run is appended to *nested*.
        """
        state = journal.state if journal is not None else None
        signal = None
        while True:
            if wait is not None:
                signal = await self._wait_for_signal(wait, gate)
                state = wait.state if state is None else state
                call.keeper = journal = self._journal.call(step.key)
                self._announce(step, journal)
                await self._journal.written()
            outcome = _masked(await self._tasks.run(step, inputs, state, signal), gate)
            if not isinstance(outcome, TaskOutcome):
                return self._record.fail(step, outcome, call.notes, pinned=call.pinned)
            if outcome.definition is not None:
                return await self._run_nested(step, outcome, outcome.definition, nested)
            progress = self._record.complete(step, outcome, call.notes, pinned=call.pinned)
            if not progress.waits:
                return progress
            await self._journal.written()
            state, wait = None, progress.waits[0]

    async def _wait_for_signal(
        self, wait: Wait, gate: Gate | None, item: int | None = None
    ) -> Signal | None:
        """Wait for the signal of *wait*, from a person or by a call at *gate*; None: timed out.

        *item* is the index of the waiting item, if the task has `forEach`.
        """
        # Signals before the time: if both have come, the signal counts.
        waiters: list[asyncio.Task[Any]] = []
        if wait.awaits_signal and gate is not None:
            waiters.append(asyncio.create_task(gate.wait()))
        if wait.awaits_signal and self._signals is not None:
            key = wait.key if item is None else (*wait.key, item)
            waiters.append(asyncio.create_task(self._signals.wait(*key)))
        if wait.until is not None:
            waiters.append(asyncio.create_task(self._clock.wait_until(due(wait.until))))
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop([waiter for waiter in waiters if not waiter.done()])
        ended = (waiter for waiter in waiters if waiter.done() and not waiter.cancelled())
        return next((waiter.result() for waiter in ended), None)

    # Nested runs

    async def _run_nested(
        self, step: Step, outcome: TaskOutcome, name: str, stopped: list[WorkflowRun]
    ) -> Progress:
        """Run the definition *name*, as *outcome* of *step* asks; return the changes by its end.

        If the nested run is cancelled, that run is appended to *stopped*.
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
    ) -> tuple[Outcome, WorkflowRun | None]:
        """Run the definition *name*; return the task's outcome or error as JSON, and the run."""
        options = self._record.nested_options(step, outcome, item)
        options = replace(options, cancelled=stopped.append)
        try:
            definition = nested_definition(step, name, options, self._runtime.limits.depth)
            if options.journal is not None:
                journal = await options.journal.inside(
                    str(options.workflow_id),
                    definition.title,
                    options.input,
                    self._record.time(),
                    step.key,
                    item.index if item is not None else None,
                )
                options = replace(options, journal=journal, input=journal.input)
            run, cause = await self._run_inside(definition, options)
        except JournalError:
            raise
        except DefinitionError as error:
            return refused_error(name, error), None
        except HttpTaskError as error:
            return error.to_json(), None
        if run.status != "Completed":
            return nested_error(name, run, cause), run
        return replace(outcome, output=run.output, definition=None), run

    # Items

    async def _visit_items(self, step: Step, inputs: Inputs, setting: ForEach) -> Progress:
        """Run *step* once for each item, and return the changes by its result."""
        self._journal.show(step.key, CallProgress())
        do = self._turns_of_item if self._callbacks is None else self._run_item
        visit = ForEachVisit(step, inputs, setting, self._runtime, self._record, self._journal, do)
        self._visits_of_items[step.key] = visit
        try:
            outcome = await visit.run()
        except asyncio.CancelledError:
            error = stopped_error(0, is_maybe_delivered=visit.may_have_sent)
            self._record.stop(step, error, items=visit.counts)
            raise
        finally:
            del self._visits_of_items[step.key]
        if isinstance(outcome, TaskOutcome):
            return self._record.complete(step, outcome, pinned=visit.pinned)
        return self._record.fail(step, outcome, items=visit.counts, pinned=visit.pinned)

    async def _run_item(
        self, step: Step, inputs: Inputs, journal: CallJournal | None
    ) -> tuple[Outcome, int]:
        """Run the task of *step* for one item, which may wait for a callback."""
        index = inputs.item.index if inputs.item is not None else 0
        keep = partial(self._journal.give_item, step.key, index)
        gate = self._gate(step, inputs, keep, lambda note: None)
        try:
            if gate is not None:
                inputs = _with_names(inputs, gate)
            return await self._turns_of_item(step, inputs, journal, gate)
        finally:
            self._close(gate)

    async def _turns_of_item(
        self, step: Step, inputs: Inputs, journal: CallJournal | None, gate: Gate | None = None
    ) -> tuple[Outcome, int]:
        """Run the task of *step* for one item, again after each wait, until it has ended.

        Return the outcome, and the number of tasks that the nested run of the item executed.
        """
        if journal is not None and journal.was_sent:
            return await self._tasks.cut_off(step, inputs, journal.state), 0
        index = inputs.item.index if inputs.item is not None else 0
        state = journal.state if journal is not None else None
        turn = journal.turn if journal is not None else None
        call, signal = watched.get(), None
        while True:
            if turn is not None:
                if turn.awaits_signal and gate is not None and call is not None:
                    call.maybe_delivered = True  # the item waits for a callback to its request
                signal = await self._signal_of_item(step, index, turn, gate)
                state = turn.state
            if journal is not None:
                self._announce(step, journal)
                await self._journal.written()
            outcome = _masked(await self._tasks.run(step, inputs, state, signal), gate)
            if not isinstance(outcome, TaskOutcome):
                return outcome, 0
            if outcome.definition is not None:
                return await self._nested_of_item(step, outcome, outcome.definition, inputs.item)
            if not outcome.is_waiting:
                return outcome, 0
            turn = outcome
            if journal is not None:
                journal.note_turn(turn)

    async def _signal_of_item(
        self, step: Step, index: int, turn: TaskOutcome, gate: Gate | None
    ) -> Signal | None:
        """Wait for the signal of an item of *step*; None: timed out.

        *turn* is the outcome that asked to wait.
        """
        wait = Wait(step, turn.wait_until, turn.state, turn.awaits_signal)
        if not wait.awaits_signal:
            return await self._wait_for_signal(wait, gate)
        await self._journal.written()
        with self._visits_of_items[step.key].waits(WaitingItem(index, until=wait.until)):
            return await self._wait_for_signal(wait, gate, index)

    async def _nested_of_item(
        self, step: Step, outcome: TaskOutcome, name: str, item: Item | None
    ) -> tuple[Outcome, int]:
        """Run the definition *name* for one item. The run is not stored: there may be thousands."""
        stopped: list[WorkflowRun] = []
        try:
            end, run = await self._nested_end(step, outcome, name, stopped, item)
        except asyncio.CancelledError:
            call = watched.get()
            if call is not None:
                call.maybe_delivered = any(map(maybe_delivered, stopped))
            raise
        return end, sum(task.steps for task in run.tasks) if run is not None else 0


def _masked(outcome: Outcome, gate: Gate | None) -> Outcome:
    """Return *outcome* with the tokens of *gate* masked; None: there are no tokens."""
    if gate is None:
        return outcome
    if not isinstance(outcome, TaskOutcome):
        error: dict[str, Any] = gate.mask(outcome)
        return error
    output, parameters, state = map(gate.mask, (outcome.output, outcome.input, outcome.state))
    return replace(outcome, output=output, input=parameters, state=state)


def _with_names(inputs: Inputs, gate: Gate) -> Inputs:
    """Return *inputs* with the `swf:` names of *gate*: its URL and tokens."""
    return replace(inputs, run={**inputs.run, **gate.names})
