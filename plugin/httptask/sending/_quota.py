"""What one credential may still send to one origin, by what its server said last."""

from __future__ import annotations

import math
from dataclasses import dataclass

from httptask.sending._rate_headers import ServerLimit

_SAME_WINDOW_SECONDS = 1.5
"""Resets so close to each other are one: servers round to seconds."""


@dataclass(slots=True)
class Quota:
    """The requests that a server still takes, and when it takes more.

    When they are used up, requests wait for the reset. Then one goes ahead, and its response says
    how many may follow: nobody knows how many a server takes after a reset, and all at once would
    be refused again.
    """

    longest_pause: float
    under_way: int = 0
    """Requests that went out and have no response yet: the server may not have counted them."""
    remaining: int | None = None
    """None when all may go."""
    resets_at: float = 0
    source: str = ""
    """The header that says so."""
    is_probed: bool = False
    """The one that goes ahead after a reset is under way."""

    def ready_at(self, now: float) -> float | None:
        """Return when to ask again whether a request may go; None when it may go now."""
        if self.remaining is None:
            return None
        if now < self.resets_at:
            return None if self.under_way < self.remaining else self.resets_at
        if not self.is_probed and self.under_way < self.remaining:  # nobody had to wait
            self.remaining = None
            return None
        return math.inf if self.is_probed else None

    def closed_until(self, now: float) -> float | None:
        """Return when a request may go at the earliest, where that is certain."""
        return self.resets_at if self.remaining == 0 and now < self.resets_at else None

    def go(self, now: float) -> bool:
        """Note that a request goes out; say whether it is the one that goes ahead."""
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
        """Note that a request had a response, which says *limit*."""
        self.back(goes_ahead)
        if limit is None:
            if goes_ahead:
                self.remaining = None
            return
        resets_at = now + min(limit.seconds, self.longest_pause)
        is_same = now < self.resets_at and abs(resets_at - self.resets_at) < _SAME_WINDOW_SECONDS
        if self.remaining is not None and is_same:
            # Responses overtake each other: within a window the smallest number is the newest.
            self.remaining = min(self.remaining, limit.remaining)
            return
        self.remaining, self.resets_at = limit.remaining, resets_at
        self.source = limit.source
