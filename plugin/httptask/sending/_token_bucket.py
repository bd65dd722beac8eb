"""Token buckets for the rate limits of tasks and credentials, counted in this process."""

from __future__ import annotations

import threading
import time

from httptask.model.rates import RateLimit

_MOST_BUCKETS = 10_000
"""The most buckets that are remembered. Beyond that, full ones are forgotten."""


class TokenBuckets:
    """The built-in `httptask.protocols.RateLimiter`. It counts the requests of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By key, the moment when the bucket is full again. That is the theoretical arrival time of
        # the generic cell rate algorithm (ITU-T I.371), which needs no other state.
        self._full_at: dict[str, float] = {}

    def reserve(self, key: str, rate: RateLimit | None, longest: float) -> float:
        """See `httptask.protocols.RateLimiter`."""
        if rate is None:
            return 0
        with self._lock:
            now = time.monotonic()
            full_at = max(self._full_at.get(key, now), now)
            wait = max(full_at - (rate.most_at_once - 1) * rate.interval - now, 0)
            # Who cannot wait that long takes nothing: the others would wait for a request never
            # sent.
            if wait <= longest:
                self._full_at[key] = full_at + rate.interval
            if len(self._full_at) > _MOST_BUCKETS:
                self._full_at = {
                    name: moment for name, moment in self._full_at.items() if moment > now
                }
            return wait

    def pause(self, key: str, seconds: float) -> None:
        """Do nothing: within this process `Quota` already knows what servers announce."""
