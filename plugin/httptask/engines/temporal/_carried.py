"""The state that a run carries over when its history is too long, and a new one begins."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from httptask._core.strict_json import dump, parse
from httptask.engines._outcome import Outcome, item_end
from httptask.engines._unjournalled import Unjournalled
from httptask.engines.temporal._pages import PagesSoFar
from httptask.model.workflow import TaskOutcome, TaskRun

if TYPE_CHECKING:
    from httptask.engines.temporal._called import CalledVisits

Key = tuple[str, int]

_MOST = 1_500_000
"""In characters, compressed. A server takes 2 MB, with all other arguments."""


class ItemsSoFar(Unjournalled):
    """The ended and waiting items of running visits; replaces a `RunJournal`."""

    def __init__(self, carried: Iterable[Any] = (), turns: Iterable[Any] = ()) -> None:
        self._ended: dict[Key, dict[int, dict[str, Any]]] = {}
        for name, visit, index, outcome in carried:
            self._ended.setdefault((name, visit), {})[index] = outcome
        self._turns: dict[Key, dict[int, TaskOutcome]] = {}
        for name, visit, index, turn in turns:
            self._turns.setdefault((name, visit), {})[index] = _turn(**turn)

    def ended_items(self, key: Key) -> Collection[int]:
        """Return the indices of the ended items of the visit *key*."""
        return self._ended.get(key, {})

    def turn(self, key: Key, index: int) -> TaskOutcome | None:
        """Return the outcome by which the item *index* waits; None: it does not wait."""
        return self._turns.get(key, {}).get(index)

    def note_turn(self, key: Key, index: int, turn: TaskOutcome) -> None:
        """Record that the item *index* waits, by the outcome *turn*."""
        self._turns.setdefault(key, {})[index] = turn

    async def items(self, key: Key) -> dict[int, dict[str, Any]]:
        """Return the ends of the items of the visit *key*, by index; see `item_end`."""
        return dict(self._ended.get(key, {}))

    def note_item(
        self,
        key: Key,
        index: int,
        outcome: Outcome,
        tasks: int,
    ) -> None:
        """Record the end of the item *index*."""
        self._turns.get(key, {}).pop(index, None)
        self._ended.setdefault(key, {})[index] = item_end(outcome, tasks)

    def forget(self, key: Key) -> None:
        """Drop the items of the visit *key*, which has ended."""
        self._ended.pop(key, None)
        self._turns.pop(key, None)

    def to_json(self) -> list[Any]:
        """Return the ended items of all running visits."""
        return [
            [*key, index, outcome]
            for key, ended in self._ended.items()
            for index, outcome in ended.items()
        ]

    def turns_to_json(self) -> list[Any]:
        """Return the outcomes of the waiting items."""
        return [
            [
                *(*key, index),
                {"state": turn.state, "until": turn.wait_until, "awaits": turn.awaits_signal},
            ]
            for key, turns in self._turns.items()
            for index, turn in turns.items()
        ]


def _turn(state: Any, until: str | None, awaits: bool) -> TaskOutcome:
    return TaskOutcome(
        state=state,
        wait_until=until,
        awaits_signal=awaits,
    )


class Carried(NamedTuple):
    """The state with which a new history begins."""

    entries: list[TaskRun]
    items: ItemsSoFar
    pages: PagesSoFar
    signals: list[Any]
    """The signals that no task has taken."""
    called: list[Any]
    """The called visits and the notes: see `CalledVisits.to_json`."""


def packed(
    began_at: str,
    entries: Iterable[TaskRun],
    items: ItemsSoFar,
    pages: PagesSoFar,
    signals: list[Any],
    called: CalledVisits,
    *,
    may_be_large: bool,
) -> dict[str, Any] | None:
    """Return the state for a new history, compressed; None if it is too large.

    With *may_be_large*, any size is allowed, because there is a store for large values.
    """
    value = {
        "entries": [entry.to_json() for entry in entries],
        "items": items.to_json(),
        "pages": pages.to_json(),
        "signals": signals,
        "turns": items.turns_to_json(),
        "called": called.to_json(),
    }
    text = _compressed(value)
    is_too_large = len(text) > _MOST and not may_be_large
    if is_too_large:
        return None
    return {"began_at": began_at, "packed": text}


def taken_over(history: Iterable[TaskRun], began_at: str) -> dict[str, Any]:
    """Return the state of a new run that reuses *history*, the entries of an earlier run."""
    value = {
        "entries": [entry.to_json() for entry in history],
        "items": [],
        "signals": [],
    }
    return {"began_at": began_at, "packed": _compressed(value)}


def _compressed(value: Any) -> str:
    return base64.b64encode(zlib.compress(dump(value, compact=True).encode(), 6)).decode()


def unpacked(carried: Mapping[str, Any]) -> Carried:
    """Return the state in *carried*, a result of `packed`."""
    value = parse(zlib.decompress(base64.b64decode(carried["packed"])).decode())
    entries = [TaskRun.from_json(entry) for entry in value["entries"]]
    # Histories of older versions have no pages, turns and calls.
    items = ItemsSoFar(value["items"], value.get("turns", ()))
    pages = PagesSoFar(value.get("pages", ()))
    return Carried(entries, items, pages, value["signals"], value.get("called", []))
