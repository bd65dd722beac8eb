"""The visits of a run that wait for a call of their URL. The receiver of calls knows the URLs."""

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
"""The number of called visits that are kept, to recognise repeated calls."""

Key = tuple[str, int]
Which = tuple[str, int, int | None]
"""The name of a task, the number of the visit, and the index of the item, None without one."""


class CalledVisits:
    """The running visits with a callback URL.

    *ended* returns the ended items of a visit, *give* delivers the signal of the first valid call.
    *carried* is the `to_json` of the previous history.
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
        """Accept calls of the visit *key*; *task* are the arguments with which they are judged."""
        self._open[key] = task

    def close(self, key: Key) -> None:
        """Accept no more calls of the visit *key*, which has ended."""
        if self._open.pop(key, None) is not None:
            for which in [which for which in self._notes if which[:2] == key]:
                del self._notes[which]

    def notes(self, key: Key) -> tuple[str, ...]:
        """Return the notes about calls of the visit *key*, without those of its items."""
        return tuple(self._notes.get((*key, None), ()))

    def state(self, visit: CallbackVisit | ReceivedCall) -> CallbackState:
        """Return the state of *visit*."""
        key = (visit.task, visit.visit)
        item_key = (visit.task, visit.visit, visit.item)
        task = self._open.get(key)
        if item_key in self._called:
            return CallbackState(CALLED)
        if task is None or (visit.item is not None and visit.item in self._ended(key)):
            return CallbackState(OVER)
        noted = len(self._notes.get(item_key, ()))
        return CallbackState(WAITING, task.to_json(), noted < MOST_NOTES)

    def receive(self, call: ReceivedCall) -> CallbackState:
        """Apply *call*, and return the state of its visit before."""
        before = self.state(call)
        if before.state != WAITING:
            return before
        item_key = (call.task, call.visit, call.item)
        if call.note is not None and before.takes_notes:
            self._notes.setdefault(item_key, []).append(call.note)
        if call.signal is not None:
            self._called[item_key] = None
            if len(self._called) > _REMEMBERED:
                del self._called[next(iter(self._called))]
            signal = Signal.from_json(call.signal)
            headers = dict(signal.headers) if signal.headers is not None else None
            self._give(TaskSignal(call.task, call.visit, signal.output, None, call.item, headers))
        return CallbackState(before.state)

    def to_json(self) -> list[Any]:
        """Return the called visits and the notes, for a new history."""
        return [
            [*which, which in self._called, self._notes.get(which, [])]
            for which in dict.fromkeys((*self._called, *self._notes))
        ]
