"""What is made once and kept while it is used: the newest ones, no more than a certain number, and
no more than a certain weight.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, at most *most* of them, and of *most_weight* together: the one that was not
    asked for the longest goes first. For any thread.
    """

    def __init__(self, most: int, most_weight: float = math.inf) -> None:
        self._most = most
        self._most_weight = most_weight
        self._weight = 0
        self._weights: dict[Hashable, int] = {}
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], weight: int = 0) -> T:
        """Return the value of *key*; make it when there is none. What *make* raises goes on, and
        nothing is kept; neither is a value with a *weight* over the limit for all.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()  # not under the lock: it may take long, and two that are equal do no harm
        if weight <= self._most_weight:
            with self._lock:
                self._weight += weight - self._weights.get(key, 0)
                self._values[key], self._weights[key] = value, weight
                while len(self._values) > self._most or self._weight > self._most_weight:
                    oldest, _ = self._values.popitem(last=False)
                    self._weight -= self._weights.pop(oldest)
        return value

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._values.clear()
            self._weights.clear()
            self._weight = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)
