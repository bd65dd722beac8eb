"""Running async code from synchronous code; this is the only place that does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(start: Callable[[], Coroutine[Any, Any, T]], instead: str) -> T:
    """Run the coroutine that *start* returns in a new event loop, and return its result.

    Raises `RuntimeError` if an event loop is already running; the message says to await *instead*.
    """
    if _is_running():
        raise RuntimeError(f"an event loop is running here: await {instead} instead")
    results: list[T] = []

    async def run() -> None:
        # The result is not returned: it would be in the repr of the main task, which `asyncio.run`
        # builds for an error that `signal` drops. For a body of megabytes that takes seconds.
        results.append(await start())

    asyncio.run(run())
    return results[0]


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
