"""The requests that one credential may still send to one origin, as the server last said."""

from __future__ import annotations

import math
from dataclasses import dataclass

from httptask.sending._rate_headers import ServerLimit

_SAME_WINDOW_SECONDS = 1.5
"""Reset times closer than this belong to the same window: servers round them to seconds."""


@dataclass(slots=True)
class Quota:
    """The number of requests that a server still takes, and when it takes more.

    When the number is used up, requests wait for the reset. After the reset one request goes ahead,
    and its response says how many may follow. Otherwise all queued requests would be sent at once,
    and the server would refuse most of them again.
    """

    longest_pause: float
    under_way: int = 0
    """Requests without a response yet: `remaining` may not include them."""
    remaining: int | None = None
    """The number in the last response; None: no limit is known."""
    resets_at: float = 0
    """The end of the window, by the monotonic clock."""
    source: str = ""
    """The header that set the limit."""
    is_probed: bool = False
    """Whether the request that goes ahead after a reset is under way."""

    def ready_at(self, now: float) -> float | None:
        """Return the moment to ask again; None when a request may go now. See `Gate`."""
        if self.remaining is None:
            return None
        if now < self.resets_at:
            if self.under_way < self.remaining:
                return None
            return self.resets_at
        # The window ended before the limit was reached: no probe is needed.
        if not self.is_probed and self.under_way < self.remaining:
            self.remaining = None
            return None
        return math.inf if self.is_probed else None

    def closed_until(self, now: float) -> float | None:
        """Return the earliest moment for another request, if that is certain."""
        if self.remaining == 0 and now < self.resets_at:
            return self.resets_at
        return None

    def go(self, now: float) -> bool:
        """Note that a request goes out, and say whether it is the one that goes ahead."""
        self.under_way += 1
        goes_ahead = self.remaining is not None and now >= self.resets_at
        self.is_probed = self.is_probed or goes_ahead
        return goes_ahead

    def back(self, goes_ahead: bool) -> None:
        """Note that a request ended without a response."""
        self.under_way -= 1
        if goes_ahead:
            self.is_probed = False

    def answered(self, now: float, limit: ServerLimit | None, goes_ahead: bool) -> None:
        """Note that a request had a response, with the server's *limit* if it has one."""
        self.back(goes_ahead)
        if limit is None:
            if goes_ahead:
                self.remaining = None
            return
        resets_at = now + min(limit.seconds, self.longest_pause)
        is_same = now < self.resets_at and abs(resets_at - self.resets_at) < _SAME_WINDOW_SECONDS
        if self.remaining is not None and is_same:
            # Responses may arrive out of order: within a window the smallest number is the newest.
            self.remaining = min(self.remaining, limit.remaining)
            return
        self.remaining = limit.remaining
        self.resets_at = resets_at
        self.source = limit.source
