"""The clock of an engine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

LONGEST = 10.0 * 365 * 24 * 3600
"""Ten years, in seconds. Longer limits are clamped: the event loop's clock overflows."""


class Clock:
    """The clock of an engine, for the time and for waits. Tests replace the clock, to save time."""

    def now(self) -> datetime:
        """Return the current time, with its offset."""
        return datetime.now(UTC)

    async def wait_until(self, time: datetime) -> None:
        """Wait until *time*; return at once if it has passed."""
        seconds = (time - self.now()).total_seconds()
        await asyncio.sleep(min(max(seconds, 0), LONGEST))
