"""The journal of one run: its history, and the state of its running visits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse
from httptask.engines._outcome import Outcome, item_end
from httptask.model.workflow import Signal, TaskOutcome, TaskRun, WorkflowRun

if TYPE_CHECKING:
    from httptask.engines.journal._listener import GateListener, RunListener
    from httptask.engines.journal._store import Store
    from httptask.sending import Progress

Key = tuple[str, int]

NO_ITEM = -1
"""The `item` of a call without `forEach`."""

_POLL_SECONDS = 0.1
_MOST_POLL_SECONDS = 0.8
"""Seconds between two polls of the file for a signal: the first number for each waiting task or
item, up to the second.
"""

_FORGOTTEN = (
    "DELETE FROM call WHERE run = ? AND task = ? AND visit = ?",
    "DELETE FROM part WHERE run = ? AND task = ? AND visit = ?",
    "DELETE FROM item WHERE run = ? AND task = ? AND visit = ?",
    "DELETE FROM signal WHERE run = ? AND task = ? AND visit = ?",
)
"""Remove the data of a visit except its history. The first two are used after each call."""
_PARTS = (
    "SELECT value FROM part WHERE run = ? AND task = ? AND visit = ? AND item = ? ORDER BY number"
)
_SIGNAL = "SELECT value FROM signal WHERE run = ? AND task = ? AND visit = ?"
# The parts of a round are numbered from 1. The part 0 of an item is its signal.
GIVEN_TO_ITEM = (
    "SELECT value FROM part WHERE run = ? AND task = ? AND visit = ? AND item = ? AND number = 0"
)


@dataclass(slots=True)
class Stored:
    """The stored data of a run."""

    number: int
    input: Any
    began_at: str
    history: list[TaskRun] = field(default_factory=list)
    ended: Mapping[str, Any] | None = None
    """The run as JSON without its tasks, once its definition has ended."""
    calls: dict[tuple[str, int, int], Call] = field(default_factory=dict)
    """The calls that were running, by task, visit and item."""


@dataclass(slots=True)
class Call:
    """The stored data of a call that an earlier process made."""

    is_sent: bool
    """Whether a request was sent that must not be sent twice."""
    state: Any = None
    """The state of its round, with its parts; or the outcome (`turn`) by which an item waits."""


class RunJournal:
    """The journal of the run *workflow_id* in *store*.

    An engine writes to the journal, and reads the entries of an earlier process. *outer* is the
    journal of the run around a nested run.
    """

    def __init__(
        self,
        store: Store,
        workflow_id: str,
        stored: Stored,
        *,
        outer: RunJournal | None = None,
        waits: GateListener | None = None,
        listener: RunListener | None = None,
    ) -> None:
        self._store = store
        self.workflow_id = workflow_id
        self._number = stored.number
        self.began_at = stored.began_at
        self.input = stored.input
        """The run's input when it began."""
        self.history: list[TaskRun] | None = stored.history
        """The entries that an earlier process wrote."""
        self.ended = stored.ended
        """The run as JSON without its tasks, if its definition has ended; else None."""
        self._calls = stored.calls
        self._outer = outer
        self._waits = waits
        self._listener = listener
        self._count = len(stored.history)
        self._is_left = False
        self._open_gates = 0
        """The number of running waits for signals."""
        self._mask: Callable[[Any], Any] = lambda value: value

    @property
    def is_left(self) -> bool:
        """Whether this process leaves the run before its end, so that another can continue it."""
        return self._is_left if self._outer is None else self._outer.is_left

    def leave(self) -> None:
        """Do not record stopped visits any more: the next process continues them."""
        self._is_left = True

    def mask(self, mask: Callable[[Any], Any]) -> None:
        """Set the function that masks the secrets in every JSON value before it is written."""
        self._mask = mask

    # The history

    def note(self, entry: TaskRun) -> None:
        """Add *entry* to the history: a result, or a start as `InProgress`."""
        is_end = entry.status != "InProgress" or entry.error is not None
        if is_end and entry.status == "InProgress" and self.is_left:
            return
        self._count += 1
        number, key = self._count, entry.key
        value = self._mask(entry.to_json())

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO entry VALUES (?, ?, ?)", (self._number, number, _text(value))
            )
            connection.execute(
                "UPDATE run SET changed_at = strftime('%Y-%m-%dT%H:%M:%fZ') WHERE number = ?",
                (self._number,),
            )
            if is_end:
                self._forget(connection, key, is_over=entry.status != "Waiting")

        self._store.note(change)
        if self._listener is not None:
            self._listener.noted(self.workflow_id, value)
        if is_end:
            self._calls.pop((*key, NO_ITEM), None)

    def _forget(self, connection: sqlite3.Connection, key: Key, *, is_over: bool) -> None:
        """Remove the data of the visit *key* except its history; if *is_over*, its signal, too."""
        visit_key = (self._number, *key)
        for statement in _FORGOTTEN if is_over else _FORGOTTEN[:2]:
            connection.execute(statement, visit_key)
        if is_over:  # its entry in the history contains the whole nested run
            connection.execute(
                "DELETE FROM run WHERE parent = ? AND task = ? AND visit = ?", visit_key
            )

    def show(self, key: Key, call: Progress) -> None:
        """Show the progress of the visit *key*'s call to the listener."""
        if self._listener is not None:
            call.is_observed = True
            self._listener.called(self.workflow_id, key, call)

    async def written(self) -> None:
        """Wait until everything noted so far is on disk."""
        await self._store.written()

    async def end(self, run: WorkflowRun) -> None:
        """Write the end of the run's definition; its failure workflow may still run."""
        value = self._mask(_without_tasks(run))

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE run SET ended = ? WHERE number = ?", (_text(value), self._number)
            )

        self._store.note(change)
        await self.written()

    async def close(self, run: WorkflowRun) -> None:
        """Write the end of the whole run, its failure workflow included."""
        failure = self._mask(run.failure_run.to_json()) if run.failure_run is not None else None
        value = {**self._mask(_without_tasks(run)), "failureRun": failure}

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE run SET ended = ?, status = ? WHERE number = ?",
                (_text(value), run.status, self._number),
            )
            connection.execute("DELETE FROM run WHERE parent = ?", (self._number,))

        self._store.note(change)
        await self.written()

    # Nested runs

    async def inside(
        self,
        workflow_id: str,
        title: str,
        input_value: Any,
        began_at: str,
        key: Key | None = None,
        item: int | None = None,
    ) -> RunJournal:
        """Open the journal of a nested run, which an earlier process may have begun.

        The visit *key* (or its item *item*) asked for the run; *key* None: the failure workflow is
        run. *input_value* is the input of the run, *title* the name of its definition.
        """
        value = self._mask(input_value)
        task, visit = key if key is not None else (None, None)

        def open_run(connection: sqlite3.Connection) -> tuple[Stored, bool]:
            inserted = connection.execute(
                "INSERT OR IGNORE INTO run (id, parent, task, visit, item, definition, input,"
                " began_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(workflow_id, self._number, task, visit, item),
                    *(title, _text(value), began_at, began_at),
                ),
            )
            return stored_run(connection, workflow_id), inserted.rowcount == 1

        await self.written()  # so that the start of the task is on disk before its nested run
        stored, is_new = await self._store.ado(open_run)
        journal = RunJournal(self._store, workflow_id, stored, outer=self, waits=self._waits)
        if is_new or MASK in _text(stored.input):
            journal.input = input_value  # a task must not send a mask in place of a secret
        journal.mask(self._mask)
        return journal

    # Running calls

    def call(self, key: Key, item: int | None = None) -> CallJournal:
        """Return the journal of the call of the visit *key*, or of its item *item*."""
        call_key = (*key, NO_ITEM if item is None else item)
        return CallJournal(self, call_key, self._calls.pop(call_key, None))

    async def items(self, key: Key) -> dict[int, dict[str, Any]]:
        """Return the stored ends of the items of the visit *key*, by index; see `item_end`."""
        rows = await self._store.read(
            "SELECT item, value FROM item WHERE run = ? AND task = ? AND visit = ?",
            *(self._number, *key),
        )
        return {index: parse(value) for index, value in rows}

    def note_item(self, key: Key, index: int, outcome: Outcome, tasks: int) -> None:
        """Store the *outcome* of an item; its nested runs executed *tasks*."""
        value = self._mask(item_end(outcome, tasks))
        item_key = (self._number, *key, index)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO item VALUES (?, ?, ?, ?, ?)", (*item_key, _text(value)))
            for statement in _FORGOTTEN[:2]:
                connection.execute(f"{statement} AND item = ?", item_key)
            connection.execute(
                "DELETE FROM run WHERE parent = ? AND task = ? AND visit = ? AND item = ?", item_key
            )

        self._store.note(change)

    # Signals

    async def give(self, key: Key, signal: Signal) -> bool:
        """Store *signal* for the visit *key*, and return whether it is the first signal.

        The visit need not be waiting yet.
        """
        text = _text(self._mask(signal.to_json()))

        def insert(connection: sqlite3.Connection) -> bool:
            visit_key = (self._number, *key)
            sql = "SELECT 1 FROM signal WHERE run = ? AND task = ? AND visit = ?"
            if connection.execute(sql, visit_key).fetchone() is not None:
                return False
            connection.execute("INSERT INTO signal VALUES (?, ?, ?, ?)", (*visit_key, text))
            return True

        return await self._store.ado(insert)

    async def give_item(self, key: Key, index: int, signal: Signal) -> bool:
        """Store *signal* for the item *index* of the visit *key*; see `give`."""
        text = _text(self._mask(signal.to_json()))
        item_key = (self._number, *key, index)
        return await self._store.ado(lambda connection: give_to_item(connection, item_key, text))

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        """Wait for the signal of the visit, or of its item *item*, and return it.

        Another process may write the signal, so the file is polled.
        """
        item_index = () if item is None else (item,)
        sql, values = (
            GIVEN_TO_ITEM if item_index else _SIGNAL,
            (self._number, task, visit, *item_index),
        )
        rows = await self._store.read(sql, *values)
        if not rows and self._waits is not None:
            self._waits(self.workflow_id, task, *item_index)
        self._open_gates += 1
        try:
            while not rows:
                # The more tasks wait, the less often each asks: the file is not read more often for
                # them.
                seconds = self._open_gates * _POLL_SECONDS
                await asyncio.sleep(min(seconds, _MOST_POLL_SECONDS))
                rows = await self._store.read(sql, *values)
        finally:
            self._open_gates -= 1
        return Signal.from_json(parse(rows[0][0]))


class CallJournal:
    """The journal of one running call: *key* is its task, visit and item.

    *before* is the data that an earlier process stored.
    """

    def __init__(self, run: RunJournal, key: tuple[str, int, int], before: Call | None) -> None:
        self._run = run
        self._key = (run._number, *key)
        self.was_sent = before is not None and before.is_sent
        """Whether an earlier process sent a request that must not be sent twice."""
        self.state = before.state if before is not None else None
        """The state in which an earlier process left its round."""
        self.turn: TaskOutcome | None = None
        """The outcome by which an item waits, stored by an earlier process."""
        if isinstance(self.state, dict) and "turn" in self.state:
            self.turn, self.state = TaskOutcome.from_json(self.state["turn"]), None
        self._parts = len((self.state or {}).get("parts", ()))
        self._is_sent = False
        self._keeps = True

    @property
    def is_left(self) -> bool:
        """Whether another process continues the call after a cancellation."""
        return self._run.is_left

    def note_sent(self) -> None:
        """Record that the call does something that must not be repeated."""
        self._is_sent = True
        self._note_call(None, None, 1)

    def note_turn(self, turn: TaskOutcome) -> None:
        """Record that an item waits by *turn*, so that no request is open."""
        self._is_sent = False
        self._note_call({"turn": self._run._mask(turn.to_json())}, None, 0)

    def note_unsent(self) -> None:
        """Record that nothing was sent after all, if another process continues the run."""
        if self._is_sent and self.is_left:
            self._is_sent = False
            self._note_call(None, None, 0)

    async def sends(self) -> None:
        """Write to disk that the call sends a request that must not be sent twice."""
        if not self._is_sent:
            self.note_sent()
            await self._run.written()

    async def keep(self, state: Any, part: Any) -> None:
        """Write the state of the round, and the part that its last call added."""
        masked = self._run._mask([state, part])
        # A state or part with a secret is not stored, and no later state or part: a round cannot
        # continue from a masked state, nor without one of its parts.
        self._keeps = self._keeps and masked == [state, part]
        if not self._keeps or state is None:
            return
        self._is_sent = False
        self._note_call(state, part, 0)
        await self._run.written()

    def _note_call(self, state: Any, part: Any, is_sent: int) -> None:
        """Queue the data of the call: *state* None keeps the stored state; *part* is appended."""
        self._parts += part is not None
        number = self._parts

        def change(connection: sqlite3.Connection) -> None:
            text = _text(state) if state is not None else None
            connection.execute(
                "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET is_sent ="
                " excluded.is_sent, state = coalesce(excluded.state, state)",
                (*self._key, is_sent, text),
            )
            if part is not None:
                connection.execute(
                    "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", (*self._key, number, _text(part))
                )

        self._run._store.note(change)


def stored_run(connection: sqlite3.Connection, workflow_id: str) -> Stored:
    """Return the stored data of the run *workflow_id*, which must exist."""
    sql = "SELECT number, input, began_at, ended FROM run WHERE id = ?"
    number, input_text, began_at, ended = connection.execute(sql, (workflow_id,)).fetchone()
    stored = Stored(number, parse(input_text), began_at, ended=parse(ended) if ended else None)
    rows = connection.execute("SELECT value FROM entry WHERE run = ? ORDER BY number", (number,))
    stored.history = [TaskRun.from_json(parse(value)) for (value,) in rows]
    calls = connection.execute(
        "SELECT task, visit, item, is_sent, state FROM call WHERE run = ?", (number,)
    )
    for *key, is_sent, text in calls.fetchall():
        call = Call(bool(is_sent))
        if text is not None:
            rows = connection.execute(_PARTS, (number, *key))
            parts = [parse(value) for (value,) in rows]
            call.state = {**parse(text), "parts": parts} if parts else parse(text)
        stored.calls[tuple(key)] = call
    return stored


def give_to_item(
    connection: sqlite3.Connection, key: tuple[int, str, int, int], signal: str
) -> bool:
    """Store *signal* for an item; return whether it is the first signal.

    *key* is run, task, visit and item.
    """
    sql = "INSERT OR IGNORE INTO part VALUES (?, ?, ?, ?, 0, ?)"
    return connection.execute(sql, (*key, signal)).rowcount == 1


def append_history(
    connection: sqlite3.Connection, workflow_id: str, history: Sequence[TaskRun]
) -> None:
    """Write *history* as the first entries of the run *workflow_id*."""
    sql = "INSERT INTO entry SELECT number, ?, ? FROM run WHERE id = ?"
    for number, entry in enumerate(history, 1):
        connection.execute(sql, (number, _text(entry.to_json()), workflow_id))


def _text(value: Any) -> str:
    return dump(value, compact=True)


def _without_tasks(run: WorkflowRun) -> dict[str, Any]:
    """Return *run* as JSON without its tasks and its failure run, which are stored separately."""
    value = run.to_json()
    del value["tasks"]
    value.pop("failureRun", None)
    return value
