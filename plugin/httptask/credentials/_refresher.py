"""Refreshing tokens on an event loop in a separate thread.

A refresh goes on even if the task that waits for it is cancelled, or the task's event loop ends.
Tasks on several event loops can wait for the same refresh.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import contextvars
import os
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 5.0
"""The time for a running refresh when its runtime is closed or the process ends. The response may
hold a new refresh token that replaces the old one, so it is waited for, but not for ever.
"""
_ENDING_SECONDS = 2.0
"""The time for a cancelled refresh to release its lease."""


class Refresher:
    """Runs coroutines on an event loop in a daemon thread, which starts with the first
    coroutine.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: set[concurrent.futures.Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()  # event loops hold only weak references
        _all.add(self)

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> concurrent.futures.Future[T]:
        """Start *work*, in a copy of the caller's context, and return its future."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        context = contextvars.copy_context()  # it holds the allowed networks, among others

        async def run() -> None:
            try:
                result = await work()
            except BaseException as error:  # noqa: BLE001 - raised to those who wait
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                self._running.discard(future)

        def begin(loop: asyncio.AbstractEventLoop) -> None:
            task = loop.create_task(run(), context=context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        with self._lock:
            if self._process != os.getpid():  # after a fork, the thread exists only in the parent
                self._process = os.getpid()
                self._loop = None
                self._running, self._tasks = set(), set()
            loop = self._started()
            self._running.add(future)
            loop.call_soon_threadsafe(begin, loop)
        return future

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_run,
                args=(loop,),
                name="httptask-tokens",
                daemon=True,
            )
            self._thread.start()
        return self._loop

    def end(self, deadline: float) -> None:
        """Wait for running coroutines until *deadline*, by the monotonic clock; then cancel them.

        Blocks.
        """
        loop = self._loop
        # After a fork the thread is the parent's: waiting for it here would never end.
        if loop is None or self._process != os.getpid():
            return

        def cancel() -> None:
            for task in self._tasks:
                task.cancel()

        seconds_left = max(deadline - time.monotonic(), 0)
        if concurrent.futures.wait(list(self._running), timeout=seconds_left).not_done:
            loop.call_soon_threadsafe(cancel)
            concurrent.futures.wait(list(self._running), timeout=_ENDING_SECONDS)

    def close(self, last: Callable[[], Awaitable[None]]) -> None:
        """End running coroutines, run *last*, and end the thread. Blocks."""
        if self._loop is None or self._process != os.getpid():
            return
        self.end(time.monotonic() + GRACE_SECONDS)

        async def ending() -> None:
            await last()

        # Ending goes on whatever *last* does: an error here would leave the thread running.
        with contextlib.suppress(Exception):
            self.start(ending).result(_ENDING_SECONDS)
        with self._lock:
            loop = self._loop
            thread = self._thread
            self._loop = None
            self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_ENDING_SECONDS)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


_all: weakref.WeakSet[Refresher] = weakref.WeakSet()


@atexit.register
def _finish() -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    for refresher in list(_all):
        refresher.end(deadline)


async def outcome(future: concurrent.futures.Future[T]) -> T:
    """Wait for *future*, and return its result. Cancelling the wait does not cancel *future*."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not done.done():
            done.set_result(None)

    def ended(_: concurrent.futures.Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the waiting event loop may be closed already
            loop.call_soon_threadsafe(tell)

    future.add_done_callback(ended)
    await done
    return future.result()
