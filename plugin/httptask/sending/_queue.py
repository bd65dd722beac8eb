"""The queue for connections: the origins take turns, and requests to one origin keep their
order.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from httptask.sending._wire import Origin, Recorder


class Places:
    """Limits the requests under way to *total*, and to *per_origin* for each origin.

    A place is the right to have one request under way.
    """

    def __init__(self, total: int, per_origin: int) -> None:
        self.total = total
        self.per_origin = per_origin
        self.taken = 0
        self._by_origin: Counter[Origin] = Counter()
        # In the order of turns: the first origin is next. Only origins with queued requests.
        self._queues: dict[Origin, deque[asyncio.Future[None]]] = {}

    async def take(self, origin: Origin, recorder: Recorder) -> None:
        """Take a place for a request to *origin*, after the requests that came before.

        Waits without a timeout: the caller's deadline cancels the wait.
        """
        if self._has_room(origin):
            self._hold(origin)
            return
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(origin, deque()).append(turn)
        recorder.begin("queue")
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it got a place just before it was cancelled
                self.give_back(origin)
            else:
                self._leave_queue(origin, turn)
            raise
        recorder.end()

    def give_back(self, origin: Origin) -> None:
        """Give a place back, and wake the next requests in turn."""
        self.taken -= 1
        self._by_origin[origin] -= 1
        if not self._by_origin[origin]:
            del self._by_origin[origin]
        while self.taken < self.total and (following := self._next()) is not None:
            following.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Take a place for the request that is next, and return its future; None without one."""
        while (
            origin := next((origin for origin in self._queues if self._has_room(origin)), None)
        ) is not None:
            queue = self._queues.pop(origin)
            while queue and queue[0].cancelled():  # cancelled, but `take` has not run again yet
                queue.popleft()
            if not queue:
                continue
            turn = queue.popleft()
            if queue:
                self._queues[origin] = queue  # to the end: the other origins come first
            self._hold(origin)
            return turn
        return None

    def _has_room(self, origin: Origin) -> bool:
        return self.taken < self.total and self._by_origin[origin] < self.per_origin

    def _hold(self, origin: Origin) -> None:
        self.taken += 1
        self._by_origin[origin] += 1

    def _leave_queue(self, origin: Origin, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(origin)
        if queue is None:
            return
        if turn in queue:
            queue.remove(turn)
        if not queue:
            del self._queues[origin]
