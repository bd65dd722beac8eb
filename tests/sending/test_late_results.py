"""Work with a time limit: what it makes too late is not lost, and its end is not an error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from httptask.sending._dial import _within


class Work:
    """Ends when it is told to, however often it is stopped before, unless it *gives way*."""

    def __init__(self, *, gives_way: bool = False) -> None:
        self.gives_way = gives_way
        self.ended = asyncio.Event()
        self.error: Exception | None = None

    async def run(self) -> str:
        while not self.ended.is_set():
            try:
                await self.ended.wait()
            except asyncio.CancelledError:
                if self.gives_way:
                    raise
        if self.error is not None:
            raise self.error
        return "a connection"


def late(work: Work) -> tuple[list[str], list[Any]]:
    """Return what was discarded of *work*, which ends too late, and what the event loop reports."""
    discarded: list[str] = []
    reports: list[Any] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
        with pytest.raises(TimeoutError):
            await _within(0.001, work.run(), discarded.append)
        work.ended.set()
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(run())
    return discarded, reports


def test_a_result_that_comes_too_late_is_discarded() -> None:
    """A connection, for example, has to be closed."""
    assert late(Work()) == (["a connection"], [])


def test_what_ends_too_late_without_a_result_leaves_nothing() -> None:
    """Neither does what was stopped, nor an error of which nobody wants to hear."""
    assert late(Work(gives_way=True)) == ([], [])
    failing = Work()
    failing.error = OSError("refused")
    assert late(failing) == ([], [])


def test_a_result_in_time_is_returned() -> None:
    """And so is an error."""

    async def run() -> None:
        work = Work()
        work.ended.set()
        assert await _within(60, work.run()) == "a connection"
        work.error = OSError("refused")
        with pytest.raises(OSError, match="refused"):
            await _within(60, work.run())

    asyncio.run(run())
