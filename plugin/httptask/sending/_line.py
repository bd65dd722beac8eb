"""A first-come, first-served queue for requests of several event loops and threads."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class Gate(Protocol):
    """Decides whether a request may go. Called with the lock held."""

    def ready_at(self, now: float) -> float | None:
        """Return None when a request may go now, else the moment to ask again.

        Infinity: not before `Line.advance` is called again.
        """
        ...

    def go(self, now: float) -> bool:
        """Note that a request goes. The result is a mark to be passed to `back`."""
        ...

    def back(self, mark: bool) -> None:
        """Note that a request is done, or did not go after all. *mark* is the result of `go`."""
        ...


@dataclass(slots=True, eq=False)
class _Turn:
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Future[None]
    asks_at: float = math.inf
    """The moment at which the queued request asks again by itself."""
    granted: bool = False
    mark: bool = False


class Line:
    """The requests that wait for *gate*. *lock* guards both."""

    def __init__(self, gate: Gate, lock: threading.Lock) -> None:
        self._gate = gate
        self._lock = lock
        # An ordered set: a request in the middle may give up, and a deque would be searched for it.
        self._turns: dict[_Turn, None] = {}

    def __len__(self) -> int:
        return len(self._turns)

    async def take(
        self,
        refuse: Callable[[float], None],
        during_wait: Callable[[], AbstractContextManager[None]],
    ) -> bool:
        """Wait until it is this request's turn, and return the result of the gate's `go`.

        *refuse* is called with the time and with the lock held; it raises an error if waiting is
        useless. *during_wait* returns a context manager, in which the request waits.
        """
        with self._lock:
            now = time.monotonic()
            # Nobody may pass those who wait already.
            if not self._turns and self._gate.ready_at(now) is None:
                return self._gate.go(now)
            refuse(now)
            loop = asyncio.get_running_loop()
            turn = _Turn(loop, loop.create_future())
            self._turns[turn] = None
        try:
            with during_wait():
                await self._wait(turn, refuse)
        except BaseException:
            with self._lock:
                if turn.granted:
                    self._gate.back(turn.mark)
                else:
                    self._turns.pop(turn, None)
                self.advance()
            raise
        return turn.mark

    def leave(self) -> None:
        """Note that a request is done, and let others go. The caller holds the lock."""
        self._gate.back(False)
        self.advance()

    async def _wait(self, turn: _Turn, refuse: Callable[[float], None]) -> None:
        while True:
            with self._lock:
                ask_again = self.advance()
                if turn.granted:
                    return
                now = time.monotonic()
                refuse(now)
                turn.asks_at = ask_again
                if turn.woken.done():
                    turn.woken = turn.loop.create_future()
            seconds = None if math.isinf(ask_again) else max(ask_again - now, 0.001)
            await asyncio.wait([turn.woken], timeout=seconds)

    def advance(self) -> float:
        """Let as many requests go as the gate allows, first come first served.

        Returns the moment to ask again. The caller holds the lock.
        """
        while self._turns:
            now = time.monotonic()
            ask_again = self._gate.ready_at(now)
            turn = next(iter(self._turns))
            if ask_again is not None:
                if ask_again < turn.asks_at and not _wake(turn):
                    del self._turns[turn]
                    continue
                return ask_again
            del self._turns[turn]
            turn.mark = self._gate.go(now)
            turn.granted = True
            if not _wake(turn):
                self._gate.back(turn.mark)
        return math.inf


def _wake(turn: _Turn) -> bool:
    """Make *turn* ask again in its event loop. Returns False if that event loop is closed."""

    def wake() -> None:
        if not turn.woken.done():
            turn.woken.set_result(None)

    try:
        turn.loop.call_soon_threadsafe(wake)
    except RuntimeError:
        return False
    return True
