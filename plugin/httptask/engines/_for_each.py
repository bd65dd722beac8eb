"""One visit of a task with `forEach`: run the task for each item, some items concurrently."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from httptask.engines._outcome import Outcome, unexpected_failure, unkept_outputs
from httptask.engines._outputs import FileOutputs, ListOutputs, Outputs
from httptask.engines._record import RunRecord
from httptask.engines._stopping import stop
from httptask.errors import HttpTaskError
from httptask.model.for_each import ForEach, Item, ItemCounts, WaitingItem
from httptask.model.task import Inputs
from httptask.model.workflow import Step, TaskOutcome
from httptask.sending import Progress as CallProgress
from httptask.sending import watched
from httptask.task import item_source
from httptask.workflow import Items, failed_output

if TYPE_CHECKING:
    from httptask.engines._unjournalled import Unjournalled
    from httptask.engines.journal import CallJournal, RunJournal
    from httptask.task import ItemSource, Runtime

Do = Callable[[Step, Inputs, "CallJournal | None"], Awaitable[tuple[Outcome, int]]]
"""Runs the task of a step to its end; returns its outcome, and the number of tasks that a nested
run executed.
"""

_SENDS_NOTHING = frozenset(("Simple", "Wait"))
"""Types of tasks that send no requests. (A Workflow is not here: its nested tasks may send.)"""


class _ItemFailedError(Exception):
    """Ends the workers after an item has failed."""


class ForEachVisit:
    """The visit *step*, with *inputs*, of a task with *setting*; *do* runs the task for one item.

    *runtime* provides the items and stores the outputs; None: a subclass, of another engine, does
    both.
    """

    _lets_others_end = True
    """Whether the items whose responses have come all end before any of the next items starts.

    Requests that are sent together, and not one after each response, take less of the system's time
    and of the server's.
    """

    def __init__(
        self,
        step: Step,
        inputs: Inputs,
        setting: ForEach,
        runtime: Runtime | None,
        record: RunRecord,
        journal: RunJournal | Unjournalled,
        do: Do,
    ) -> None:
        self._step = step
        self._inputs = inputs
        self._setting = setting
        self._runtime = runtime
        self._record = record
        self._journal = journal
        self._do = do
        self._items: Items | None = None
        self._failure: Mapping[str, Any] = {}
        self._under_way: dict[int, CallProgress] = {}
        self._waiting: dict[int, WaitingItem] = {}
        self.maybe_delivered: list[int] = []
        """The indices of the stopped items whose request may have reached the server."""
        self.pinned = 0
        """The number of requests that pins answered, over all items."""

    @property
    def counts(self) -> ItemCounts | None:
        """The number of ended items, and the waiting items; None before the items were counted."""
        return self._counts(self._items) if self._items is not None else None

    def _counts(self, items: Items) -> ItemCounts:
        waiting_items = sorted(self._waiting.values(), key=attrgetter("index"))
        return replace(items.counts, waiting=tuple(waiting_items))

    @contextlib.contextmanager
    def waits(self, item: WaitingItem) -> Iterator[None]:
        """List *item* among the waiting items while the block lasts."""
        self._waiting[item.index] = item
        self._tell()
        try:
            yield
        finally:
            del self._waiting[item.index]

    def _tell(self) -> None:
        """Report the counts of the items."""
        if self._items is not None:
            self._record.advanced(self._step, partial(self._counts, self._items))

    @property
    def may_have_sent(self) -> bool:
        """Whether a request may have reached a server."""
        if self._step.definition["type"] in _SENDS_NOTHING:
            return False
        counts = self.counts
        has_ended = counts is not None and counts.completed > 0
        return has_ended or bool(self.maybe_delivered)

    async def run(self) -> Outcome:
        """Run the task for all items. Return the outcome, or the error as JSON."""
        outputs: Outputs | None = None
        try:
            source = await self._source()
            outputs = self._outputs(source)
            self._items = items = await self._items_so_far(source, outputs)
            if items.failed_at is None:
                await self._run_items(items, source, outputs)
            value = await outputs.value()
        except HttpTaskError as error:
            return self._failed(error.to_json())
        except OSError as error:
            return self._failed(unkept_outputs(error))
        finally:
            if outputs is not None:
                outputs.close()
        if items.failed_at is not None:
            return self._failed(self._failure, items.failed_at) | {"collected": value}
        return TaskOutcome(output=value, items=items.counts)

    async def _items_so_far(self, source: ItemSource, outputs: Outputs) -> Items:
        """Return the state of the items; items that ended in an earlier process count as ended."""
        setting = self._setting
        ended = await self._journal.items(self._step.key)
        for index, value in sorted(ended.items()):
            await source.item(index)  # skip it: a source yields items in order
            error = value.get("error")
            outputs.put(index, value.get("output") if error is None else failed_output(error))
            self._record.spend(self._step, value["tasks"])
        results = [(index, "error" in value) for index, value in ended.items()]
        stops = setting.on_error == "fail"
        items = Items.of(source.count, setting.concurrency, results, stops=stops)
        if items.failed_at is not None:
            self._failure = ended[items.failed_at]["error"]
        return items

    async def _source(self) -> ItemSource:
        pointer = self._step.pointer
        return await item_source(self._setting, self._inputs, self._own_runtime, pointer)

    @property
    def _own_runtime(self) -> Runtime:
        if self._runtime is None:
            raise AssertionError("an engine without a runtime says where its items are")
        return self._runtime

    def _outputs(self, source: ItemSource) -> Outputs:
        collect = self._setting.collect or ("file" if source.is_file else "items")
        if collect == "file":
            return FileOutputs(source.count, self._own_runtime)
        return ListOutputs(source.count)

    async def _run_items(self, items: Items, source: ItemSource, outputs: Outputs) -> None:
        """Run the task for the *items*, in as many workers as may run concurrently.

        If the failure of an item ends the visit, the other workers are stopped.
        """
        inputs_of = self._record.inputs_of_items(self._step, self._inputs, source.count)
        key = self._step.key
        lets_others_end = self._lets_others_end and len(items.under_way) > 1

        async def work(*started: int) -> None:
            # The end of an item starts at most one other item: a worker has one item at a time.
            while started and items.failed_at is None:
                (index,) = started
                journal = self._journal.call(key, index)
                call = self._under_way[index] = CallProgress(keeper=journal)
                watched.set(call)
                item = Item(await source.item(index), index, self._setting.name)
                item_outcome, tasks = await self._do(self._step, inputs_of(item), journal)
                outcome = self._checked(item_outcome)
                self.pinned += call.pinned
                self._record.spend(self._step, tasks)
                self._journal.note_item(key, index, outcome, tasks)
                if journal is not None:
                    await self._journal.written()  # so that a crash does not repeat the item
                del self._under_way[index]
                # The context refers to the progress until the next item: free the response now.
                call.network = call.received = None
                started = self._ended(index, outcome, items, outputs)
                if started and lets_others_end:
                    await asyncio.sleep(0)

        workers = [asyncio.create_task(work(index)) for index in items.under_way]
        if not workers:
            return
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await stop(workers)
            for call in self._under_way.values():
                if call.keeper is not None and not call.maybe_delivered:
                    call.keeper.note_unsent()
            self.maybe_delivered = [
                index for index, call in self._under_way.items() if call.maybe_delivered
            ]
        for worker in workers:
            error = None if worker.cancelled() else worker.exception()
            if error is not None and not isinstance(error, _ItemFailedError):
                raise error

    def _ended(
        self, index: int, outcome: Outcome, items: Items, outputs: Outputs
    ) -> tuple[int, ...]:
        """Record the end of the item *index*; return the indices of the items to start now.

        Raises `_ItemFailedError` if the visit ends with this failure, or has ended before.
        """
        if items.failed_at is None:
            has_failed = not isinstance(outcome, TaskOutcome)
            output = outcome.output if isinstance(outcome, TaskOutcome) else failed_output(outcome)
            outputs.put(index, output)
            started = items.record(index, has_failed=has_failed)
            self._tell()
            if not has_failed or self._setting.on_error == "collect":
                return started
            self._failure = outcome if isinstance(outcome, dict) else {}
        raise _ItemFailedError

    def _checked(self, outcome: Outcome) -> Outcome:
        """Return *outcome*, or an error if it tries to route or end the run."""
        if not isinstance(outcome, TaskOutcome):
            return outcome
        if outcome.next_task is None and outcome.terminate is None:
            return outcome
        reason = "it names the next task, which a task with forEach cannot"
        return unexpected_failure(self._step.definition["type"], reason)

    def _failed(self, error: Mapping[str, Any], failed_at: int | None = None) -> dict[str, Any]:
        """Return *error* with the counts of items; *failed_at* is the index of the failed item."""
        counts = self.counts
        if counts is None:
            return dict(error)
        message = error.get("message")
        items: dict[str, Any] = {**counts.to_json(), "maybeDelivered": self.maybe_delivered}
        if failed_at is not None:
            items["failedAt"] = failed_at
            message = (
                f"the item with index {failed_at} failed: {message}; {counts.completed:,} of"
                f" {counts.count:,} items completed"
            )
        is_maybe = bool(error.get("maybeDelivered")) or self.may_have_sent
        return {**error, "message": message, "maybeDelivered": is_maybe, "items": items}
