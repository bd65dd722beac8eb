"""The inbox of a run: its ended visits report here."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.workflow import Progress


class Inbox:
    """Changes and exceptions of ended visits that the run has not processed yet.

    One run waits for changes, on its event loop. The engine `temporal` uses an inbox, too.
    """

    def __init__(self) -> None:
        self._news: deque[Progress | BaseException] = deque()
        self._changed: asyncio.Future[None] | None = None
        """The future that the run waits for; None before its first wait."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to process."""
        return not self._news

    def tell(self, news: Progress | BaseException) -> None:
        """Add *news*, and wake the run."""
        self._news.append(news)
        self.wake()

    def wake(self) -> None:
        """Let `changed` return."""
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def changed(self) -> None:
        """Wait until `tell` or `wake` is called."""
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def take(self) -> Progress:
        """Remove the oldest entry; return it if it is changes, raise it if it is an exception."""
        news = self._news.popleft()
        if isinstance(news, BaseException):
            raise news
        return news
