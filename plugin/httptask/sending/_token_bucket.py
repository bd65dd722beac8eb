"""Token buckets of this process: the limits that tasks and credentials set."""

from __future__ import annotations

import threading
import time

from httptask.model.rates import RateLimit

_MOST_BUCKETS = 10_000
"""Beyond it, those are forgotten that are full again."""


class TokenBuckets:
    """The shipped `httptask.protocols.RateLimiter`: it counts the requests of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When the bucket is full again: the theoretical arrival time of the generic cell rate
        # algorithm (ITU-T I.371), which needs no other state.
        self._full_at: dict[str, float] = {}

    def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
        """See `httptask.protocols.RateLimiter`."""
        if rate is None:
            return 0
        with self._lock:
            now = time.monotonic()
            full_at = max(self._full_at.get(key, 0), now)
            wait = max(full_at - (rate.most_at_once - 1) * rate.interval - now, 0)
            if wait <= longest:
                self._full_at[key] = full_at + rate.interval
            if len(self._full_at) > _MOST_BUCKETS:
                self._full_at = {name: at for name, at in self._full_at.items() if at > now}
            return wait

    def pause(self, key: str, seconds: float) -> None:
        """See `httptask.protocols.RateLimiter`: what servers say is known in this process."""
