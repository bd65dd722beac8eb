"""The state of a task with `forEach`: decides which items start next. Pure, small, and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from httptask.model.for_each import ItemCounts


class Items:
    """The state of the *count* items of one visit, of which at most *concurrency* run at once.

    An engine starts the items that `begun` and `record` return, and calls `record` for each ended
    item. Items start in order, so that the running items are always the first items that have not
    ended: the state rebuilt from results is the same, whatever their order. With *stops*, the first
    failure ends the visit, and the engine stops the running items.
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
        """The index of the failed item that ended the visit; None: no failure ended it."""
        self.begun = tuple(index for _ in range(concurrency) for index in self._start_next())
        """The indices of the first items to start."""

    @classmethod
    def of(
        cls, count: int, concurrency: int, results: Iterable[tuple[int, bool]], *, stops: bool
    ) -> Self:
        """Return the state after *results*: pairs of an index and whether the item failed."""
        items = cls(count, concurrency, stops=stops)
        early: dict[int, bool] = {}
        for index, has_failed in results:
            # Items may have ended in another order than they started: a result waits here until
            # its item has started in this replay.
            early[index] = has_failed
            while ready := early.keys() & items._under_way:
                first = min(ready)
                items.record(first, has_failed=early.pop(first))
        return items

    def record(self, index: int, *, has_failed: bool) -> tuple[int, ...]:
        """Record the end of the item *index*; return the indices of the items to start now.

        A second end of the same item is ignored, and so is every end after the visit has ended.
        Raises `ValueError` for an item that was not started.
        """
        if not 0 <= index < self._next:
            raise ValueError(f"the item {index} was not started")
        if self.failed_at is not None or index not in self._under_way:
            return ()
        self._under_way.discard(index)
        if not has_failed:
            self._completed += 1
            return self._start_next()
        self._failed += 1
        if self._stops:
            self.failed_at = index
            return ()
        return self._start_next()

    @property
    def under_way(self) -> tuple[int, ...]:
        """The sorted indices of the running items; after a failure, of the items to stop."""
        return tuple(sorted(self._under_way))

    @property
    def is_ended(self) -> bool:
        """Whether the visit has ended."""
        return self.failed_at is not None or not self._under_way

    @property
    def counts(self) -> ItemCounts:
        """The number of items, of completed items, and of failed items."""
        return ItemCounts(self._count, self._completed, self._failed)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON; its size depends only on the number of running items."""
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
        """Return the state from *value*, a result of `to_json`; the running items start again."""
        items = cls(value["count"], value["concurrency"], stops=value["stops"])
        items._completed, items._failed = value["completed"], value["failed"]
        items._next, items._under_way = value["next"], set(value["underWay"])
        items.failed_at = value["failedAt"]
        items.begun = items.under_way
        return items

    def _start_next(self) -> tuple[int, ...]:
        """Start the next item, and return its index; empty if all items were started."""
        index = self._next
        if index >= self._count:
            return ()
        self._next = index + 1
        self._under_way.add(index)
        return (index,)
