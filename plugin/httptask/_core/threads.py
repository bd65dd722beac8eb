"""Running blocking work in threads that do not keep an event loop from closing."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run *work* in a new daemon thread, and return its result.

    asyncio's thread pool is not used: a hanging DNS query would occupy one of its threads, and
    closing the event loop would wait for that thread in spite of any deadline. If the caller is
    cancelled, it continues at once; the thread goes on, and its result is dropped.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()  # plugins may depend on context variables
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
        except BaseException as failure:  # noqa: BLE001 - any exception is raised to the caller
            # A future does not accept StopIteration.
            error = RuntimeError(repr(failure)) if isinstance(failure, StopIteration) else failure
        with contextlib.suppress(RuntimeError):  # the event loop may be closed already
            loop.call_soon_threadsafe(settle, error, result)

    try:
        threading.Thread(target=run, name="httptask", daemon=True).start()
    except RuntimeError as error:
        if "shutdown" not in str(error):
            raise
        # Since Python 3.12 no thread can be started while the process ends. But a token may have to
        # be stored even then: do the work in this thread.
        run()
    return await future
