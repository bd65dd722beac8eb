"""The one edge between sync and async code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(start: Callable[[], Coroutine[Any, Any, T]], instead: str) -> T:
    """Run the coroutine that *start* returns in an event loop of its own and return its result.

    Raises `RuntimeError` if a loop is running already; it names *instead*, which is to be awaited.
    """
    if _is_running():
        raise RuntimeError(f"an event loop is running here: await {instead} instead")
    results: list[T] = []

    async def run() -> None:
        # A task that returned the result would have it in its repr, and `asyncio.run` makes that
        # of the main task (in an error that `signal` drops): seconds for a body of megabytes.
        results.append(await start())

    asyncio.run(run())
    return results[0]


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
