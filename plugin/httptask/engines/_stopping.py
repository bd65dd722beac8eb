"""Stop running asyncio tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


async def stop(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and wait until all have ended, even if the caller is cancelled meanwhile."""
    # In their order: a replay on Temporal must cancel in the same order.
    pending: Collection[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    if not all(map(_can_go_on, pending)):
        return  # a Temporal worker is evicting the run: its tasks are destroyed, and never resume
    for task in pending:
        if not task.cancelling():  # a second cancellation would interrupt its clean-up
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
    """Say whether the event loop of *task* is running, so that *task* can end."""
    try:
        return task.get_loop() is asyncio.get_running_loop()
    except RuntimeError:
        return False
