"""The visits of one run: each task to its end, with its waits, items and runs inside."""

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
from httptask.engines._outcome import Outcome, cut_off_error, due, stopped_error
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
"""Runs a definition, and its failure workflow; returns also the task that failed it."""


class Visits:
    """Does the visits of the run that *record* keeps, *tasks* being its definition's; *run_inside*
    runs the definitions that its tasks ask for.
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
        """Those under way that do their task for each item."""
        self._callbacks = options.callbacks

    def announce(self, step: Step, wait: Wait | None) -> CallJournal | None:
        """Return the journal of the call that *step* makes when it is visited now, with the news
        that it may do something which must not be done twice. What *wait* waits for comes first.
        """
        if ForEach.of_task(step.definition) is not None:
            return None  # each item has its own
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
        """Do *step* to its end, and return what its result changes. *wait* is the wait that an
        earlier process was in; *journal* is that of the call.
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
                return self._record.fail(step, cut_off_error(step))
            if gate is not None:
                inputs = _with_names(inputs, gate)
                call.maybe_delivered = wait is not None
            return await self._turns(step, inputs, call, journal, wait, nested, gate)
        except asyncio.CancelledError:
            stopped = nested[0] if nested else None
            is_maybe_delivered = call.maybe_delivered or any(map(maybe_delivered, nested))
            error = stopped_error(call.attempt, is_maybe_delivered=is_maybe_delivered)
            error |= call.stopped
            self._record.stop(step, error if gate is None else gate.mask(error), stopped)
            # What a stranger's task has done nobody knows.
            is_known = self._tasks.is_repeatable(step)
            if call.keeper is not None and is_known and not is_maybe_delivered:
                call.keeper.note_unsent()
            raise
        finally:
            self._close(gate)

    def _close(self, gate: Gate | None) -> None:
        """Close *gate*, if there is one. What its visit came to is masked: nobody need know its
        token any longer, and each that is known costs time in every text.
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
        """Return where the call is received that the task of *step* waits for, from now on: it may
        come before the task waits. None where it waits for none. *keep* and *note* are those of a
        `Gate`.
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
        """Run the task of *step* until it has ended. The run that it asks for goes to *nested* as
        far as it came, when it is cancelled.
        """
        state = journal.state if journal is not None else None
        signal = None
        while True:
            if wait is not None:
                signal = await self._awaited(wait, gate)
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

    async def _awaited(
        self, wait: Wait, gate: Gate | None, item: int | None = None
    ) -> Signal | None:
        """Return what somebody outside gave to *wait*, which is that of *item*, if of one, by hand
        or by a call at *gate*; None: its time has come before.
        """
        waits: list[asyncio.Task[Any]] = []
        if wait.awaits_signal and gate is not None:
            waits.append(asyncio.create_task(gate.wait()))
        if wait.awaits_signal and self._signals is not None:
            which = wait.key if item is None else (*wait.key, item)
            waits.append(asyncio.create_task(self._signals.wait(*which)))
        if wait.until is not None:
            waits.append(asyncio.create_task(self._clock.wait_until(due(wait.until))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop([wait for wait in waits if not wait.done()])
        # The signal stands first: of both at once, it counts.
        return next((wait.result() for wait in waits if wait.done() and not wait.cancelled()), None)

    # Runs inside

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
    ) -> tuple[Outcome, WorkflowRun | None]:
        """Run the definition *name*, and return what it ended in, or its error as JSON, and the
        run.
        """
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
        """Do *step* once for each item, and return what its result changes."""
        self._journal.show(step.key, CallProgress())
        visit = ForEachVisit(
            step, inputs, setting, self._runtime, self._record, self._journal, self._to_its_end
        )
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

    def _to_its_end(
        self, step: Step, inputs: Inputs, journal: CallJournal | None
    ) -> Awaitable[tuple[Outcome, int]]:
        """Do the task of *step* for one item, waits included. Return also how many tasks a run
        inside it executed.
        """
        if self._callbacks is None:
            return self._turns_of_item(step, inputs, journal, None)
        return self._called_back(step, inputs, journal)

    async def _called_back(
        self, step: Step, inputs: Inputs, journal: CallJournal | None
    ) -> tuple[Outcome, int]:
        """Do the task of *step* for one item, which may wait for a callback."""
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
        self, step: Step, inputs: Inputs, journal: CallJournal | None, gate: Gate | None
    ) -> tuple[Outcome, int]:
        if journal is not None and journal.was_sent:
            return cut_off_error(step), 0
        index = inputs.item.index if inputs.item is not None else 0
        state = journal.state if journal is not None else None
        turn = journal.turn if journal is not None else None
        call, signal = watched.get(), None
        while True:
            if turn is not None:
                if turn.awaits_signal and gate is not None and call is not None:
                    # Its request was sent.
                    call.maybe_delivered = True
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
        """Return what an item of *step* waits for, *turn* being the outcome by which it does; None:
        its time has come before.
        """
        wait = Wait(step, turn.wait_until, turn.state, turn.awaits_signal)
        if not wait.awaits_signal:
            return await self._awaited(wait, gate)
        await self._journal.written()
        with self._visits_of_items[step.key].waits(WaitingItem(index, until=wait.until)):
            return await self._awaited(wait, gate, index)

    async def _nested_of_item(
        self, step: Step, outcome: TaskOutcome, name: str, item: Item | None
    ) -> tuple[Outcome, int]:
        """Run the definition *name* for one item. Its run is not kept: there may be thousands."""
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
    """Return *outcome* without the token of *gate*, if there is one."""
    if gate is None:
        return outcome
    if not isinstance(outcome, TaskOutcome):
        error: dict[str, Any] = gate.mask(outcome)
        return error
    output, given, state = map(gate.mask, (outcome.output, outcome.input, outcome.state))
    return replace(outcome, output=output, input=given, state=state)


def _with_names(inputs: Inputs, gate: Gate) -> Inputs:
    """Return *inputs* with the names of *gate* for expressions."""
    return replace(inputs, run={**inputs.run, **gate.names})
