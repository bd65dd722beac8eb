"""A least-recently-used cache with a limit for the number of values and for their weight."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """A cache of at most *most* values, whose weights sum up to at most *most_weight*.

    The least recently used value is removed first. Safe to use from several threads.
    """

    def __init__(self, most: int, most_weight: float = math.inf) -> None:
        self._most = most
        self._most_weight = most_weight
        self._weight = 0
        self._weights: dict[Hashable, int] = {}
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], weight: int = 0) -> T:
        """Return the value of *key*, or the result of *make*, which is then cached.

        An exception of *make* propagates. A value heavier than the whole limit is not cached.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        # Without the lock, because `make` may be slow. Two threads may both make an equal value,
        # which does no harm.
        value = make()
        if weight <= self._most_weight:
            with self._lock:
                self._weight += weight - self._weights.get(key, 0)
                self._values[key], self._weights[key] = value, weight
                while len(self._values) > self._most or self._weight > self._most_weight:
                    oldest, _ = self._values.popitem(last=False)
                    self._weight -= self._weights.pop(oldest)
        return value

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._values.clear()
            self._weights.clear()
            self._weight = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)
