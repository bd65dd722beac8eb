"""Blocking work, in threads that never keep an event loop from closing."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run *work* in a daemon thread of its own and return its result.

    Not in asyncio's pool: a hung look-up would keep a thread of it for ever, and closing the event
    loop would wait for it, whatever the deadline was. A cancelled caller goes on at once; the
    thread goes on until its work ends, and the result is dropped.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()  # a store may tell its tenant by a context variable
    future: asyncio.Future[T] = loop.create_future()

    def settle(error: BaseException | None, result: T | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(work)
        except BaseException as failure:  # noqa: BLE001 - whatever it was belongs to the caller
            # A StopIteration cannot be set on a future.
            error = RuntimeError(repr(failure)) if isinstance(failure, StopIteration) else failure
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, error, result)

    try:
        threading.Thread(target=run, name="httptask", daemon=True).start()
    except RuntimeError as error:
        if "shutdown" not in str(error):
            raise
        run()  # Python 3.12 starts none while the process ends: a token has still to be stored then
    return await future
