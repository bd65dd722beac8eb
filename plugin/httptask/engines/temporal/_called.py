"""The visits of a run that wait until somebody calls their URL. Nothing here knows a URL: who
receives calls tells of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from httptask.engines.callbacks import MOST_NOTES
from httptask.engines.temporal._arguments import (
    CallbackState,
    CallbackVisit,
    HttpTaskArguments,
    ReceivedCall,
    TaskSignal,
)
from httptask.model.workflow import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING, CALLED, OVER = "Waiting", "Called", "Over"
_REMEMBERED = 10_000
"""Visits that were called: a repeated call is told so."""

Key = tuple[str, int]
Which = tuple[str, int, int | None]
"""A task, which visit of it, and the index of the item that the visit is for."""


class CalledVisits:
    """The visits under way that may be called. *ended* returns which items of one have ended, and
    *give* takes the signal of the call that counts. *carried* is what an earlier history had.
    """

    def __init__(
        self,
        ended: Callable[[Key], Collection[int]],
        give: Callable[[TaskSignal], None],
        carried: Iterable[Any] = (),
    ) -> None:
        self._ended = ended
        self._give = give
        self._open: dict[Key, HttpTaskArguments] = {}
        self._called: dict[Which, None] = {}
        self._notes: dict[Which, list[str]] = {}
        for task, visit, item, is_called, notes in carried:
            if is_called:
                self._called[task, visit, item] = None
            if notes:
                self._notes[task, visit, item] = notes

    def open(self, key: Key, task: HttpTaskArguments) -> None:
        """Let the visit *key* be called: calls of it are judged by *task*."""
        self._open[key] = task

    def close(self, key: Key) -> None:
        """Let go of the visit *key*, which has ended."""
        if self._open.pop(key, None) is not None:
            for which in [which for which in self._notes if which[:2] == key]:
                del self._notes[which]

    def notes(self, key: Key) -> tuple[str, ...]:
        """Return what is noted of calls of the visit *key*. Those of items are not kept for it."""
        return tuple(self._notes.get((*key, None), ()))

    def state(self, visit: CallbackVisit | ReceivedCall) -> CallbackState:
        """Return how far *visit* is."""
        key, which = (visit.task, visit.visit), (visit.task, visit.visit, visit.item)
        task = self._open.get(key)
        if which in self._called:
            return CallbackState(CALLED)
        if task is None or (visit.item is not None and visit.item in self._ended(key)):
            return CallbackState(OVER)
        noted = len(self._notes.get(which, ()))
        return CallbackState(WAITING, task.to_json(), noted < MOST_NOTES)

    def receive(self, call: ReceivedCall) -> CallbackState:
        """Take *call*, and return how far its visit was before."""
        before = self.state(call)
        if before.state != WAITING:
            return before
        which = (call.task, call.visit, call.item)
        if call.note is not None and before.takes_notes:
            self._notes.setdefault(which, []).append(call.note)
        if call.signal is not None:
            self._called[which] = None
            if len(self._called) > _REMEMBERED:
                del self._called[next(iter(self._called))]
            signal = Signal.from_json(call.signal)
            headers = dict(signal.headers) if signal.headers is not None else None
            self._give(TaskSignal(call.task, call.visit, signal.output, None, call.item, headers))
        return CallbackState(before.state)

    def to_json(self) -> list[Any]:
        """Return what a new history goes on from."""
        return [
            [*which, which in self._called, self._notes.get(which, [])]
            for which in dict.fromkeys((*self._called, *self._notes))
        ]
