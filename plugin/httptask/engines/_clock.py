"""The time of an engine, and how it waits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

LONGEST = 10.0 * 365 * 24 * 3600
"""Ten years, in seconds. Longer limits are clamped: the event loop's clock overflows."""


class Clock:
    """The time of an engine, and how it waits. A test's own clock does not wait at all."""

    def now(self) -> datetime:
        """Return the time, with its offset."""
        return datetime.now(UTC)

    async def wait_until(self, time: datetime) -> None:
        """Return at *time*, at once if it has passed."""
        seconds = (time - self.now()).total_seconds()
        await asyncio.sleep(min(max(seconds, 0), LONGEST))
