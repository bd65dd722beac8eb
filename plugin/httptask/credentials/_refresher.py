"""Where tokens are refreshed: an event loop in a thread of its own.

Whoever waits for a refresh may be cancelled, or its event loop may end; the refresh goes on. And
tasks on several event loops can wait for the same one.
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
"""What a refresh has left when its runtime is closed, or the process ends: its answer may hold a
new refresh token in place of the old one. A server that takes longer must not hold up the end.
"""
_ENDING_SECONDS = 2.0
"""What one that was cancelled has left to release what it holds."""


class Refresher:
    """Runs coroutines on an event loop in a daemon thread, which starts with the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: set[concurrent.futures.Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()  # an event loop holds its tasks only weakly
        _all.add(self)

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> concurrent.futures.Future[T]:
        """Start *work*, in a copy of the caller's context, and return its future."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        context = contextvars.copy_context()  # what may be connected to stands there

        async def run() -> None:
            try:
                result = await work()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
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
            if self._process != os.getpid():  # it was forked, and the thread has stayed behind
                self._process, self._loop = os.getpid(), None
                self._running, self._tasks = set(), set()
            loop = self._started()
            self._running.add(future)
            loop.call_soon_threadsafe(begin, loop)
        return future

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_run, args=(loop,), name="httptask-tokens", daemon=True
            )
            self._thread.start()
        return self._loop

    def end(self, deadline: float) -> None:
        """Wait for everything that runs until *deadline*, by the monotonic clock, and cancel what
        runs on. Blocks.
        """
        loop = self._loop
        if loop is None or self._process != os.getpid():
            return

        def cancel() -> None:
            for task in self._tasks:
                task.cancel()

        left = max(deadline - time.monotonic(), 0)
        if concurrent.futures.wait(list(self._running), timeout=left).not_done:
            loop.call_soon_threadsafe(cancel)
            concurrent.futures.wait(list(self._running), timeout=_ENDING_SECONDS)

    def close(self, last: Callable[[], Awaitable[None]]) -> None:
        """End what runs, wait for *last*, and end the thread. Blocks."""
        if self._loop is None or self._process != os.getpid():
            return
        self.end(time.monotonic() + GRACE_SECONDS)

        async def ending() -> None:
            await last()

        with contextlib.suppress(Exception):
            self.start(ending).result(_ENDING_SECONDS)
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
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
    """Wait for *future*, and return its result. Whoever is cancelled here does not cancel it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not done.done():
            done.set_result(None)

    def ended(_: concurrent.futures.Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(tell)

    future.add_done_callback(ended)
    await done
    return future.result()
