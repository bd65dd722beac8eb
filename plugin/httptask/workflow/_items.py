"""The items of a task with `forEach`: which are to be done next. Pure; small state that travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from httptask.model.for_each import ItemCounts


class Items:
    """Where the items of one visit are: *count* of them, at most *concurrency* under way at once.

    An engine starts those that `begun` and `record` name, and tells `record` of each that ended.
    Items start in order, so the ones under way are always the lowest that have not ended: a state
    rebuilt from the results, in whatever order they came, is the same. With *stops* the first
    failure ends it: those under way are then to be stopped.
    """

    def __init__(self, count: int, concurrency: int, *, stops: bool) -> None:
        self._concurrency = concurrency
        self._stops = stops
        self._completed = 0
        self._failed = 0
        self._count = count
        self._under_way: set[int] = set()
        self._next = 0
        self.failed_at: int | None = None
        """The index of the failure that ended it, if one did."""
        self.begun = self._started()
        """The indices that it starts with."""

    @classmethod
    def of(
        cls, count: int, concurrency: int, results: Iterable[tuple[int, bool]], *, stops: bool
    ) -> Self:
        """Rebuild the state after *results*: index, and whether the item failed."""
        items = cls(count, concurrency, stops=stops)
        early: dict[int, bool] = {}
        for index, has_failed in results:
            # An item that a replay has not started yet ended in the run that it replays.
            early[index] = has_failed
            while ready := early.keys() & items._under_way:
                first = min(ready)
                items.record(first, has_failed=early.pop(first))
        return items

    def record(self, index: int, *, has_failed: bool) -> tuple[int, ...]:
        """Take the end of the item *index*, and return the indices that start now.

        A second end of the same item counts as not there, and so does one after a failure ended
        all. Raises `ValueError` for an item that was never started.
        """
        if not 0 <= index < self._next:
            raise ValueError(f"the item {index} was not started")
        if self.failed_at is not None or index not in self._under_way:
            return ()
        self._under_way.discard(index)
        if not has_failed:
            self._completed += 1
            return self._started()
        self._failed += 1
        if self._stops:
            self.failed_at = index
            return ()
        return self._started()

    @property
    def under_way(self) -> tuple[int, ...]:
        """The indices that should be under way, or are to be stopped, in order."""
        return tuple(sorted(self._under_way))

    @property
    def is_ended(self) -> bool:
        """Whether no item is to be done any more."""
        return self.failed_at is not None or not self._under_way

    @property
    def counts(self) -> ItemCounts:
        """How many have ended."""
        return ItemCounts(self._count, self._completed, self._failed)

    def to_json(self) -> dict[str, Any]:
        """Return the state: as long as there are items under way, however many there are."""
        return {
            **self.counts.to_json(),
            "next": self._next,
            "underWay": list(self.under_way),
            "failedAt": self.failed_at,
            "concurrency": self._concurrency,
            "stops": self._stops,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the state of which `to_json` made *value*; those under way are to be done."""
        items = cls(value["count"], value["concurrency"], stops=value["stops"])
        items._completed, items._failed = value["completed"], value["failed"]
        items._next, items._under_way = value["next"], set(value["underWay"])
        items.failed_at = value["failedAt"]
        items.begun = items.under_way
        return items

    def _started(self) -> tuple[int, ...]:
        if self._next >= self._count:
            return ()
        free = self._concurrency - len(self._under_way)
        started = range(self._next, min(self._next + free, self._count))
        self._next += len(started)
        self._under_way.update(started)
        return tuple(started)
