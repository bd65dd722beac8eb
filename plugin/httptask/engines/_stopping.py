"""How an engine stops what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


async def stop(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and wait until the last one has ended, even when the one who waits is
    cancelled meanwhile.
    """
    # In their order, which a replay repeats.
    pending: Collection[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    if not all(map(_can_go_on, pending)):
        return  # a worker lets go of a run in the middle: its tasks go with it, and none runs again
    for task in pending:
        if not task.cancelling():  # it may be cleaning up already
            task.cancel()
    cancelled: asyncio.CancelledError | None = None
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _can_go_on(task: asyncio.Task[Any]) -> bool:
    try:
        return task.get_loop() is asyncio.get_running_loop()
    except RuntimeError:
        return False
