"""What the visits of a run tell it when they end."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.workflow import Progress


class Inbox:
    """What the visits that ended changed, or died of; the run has not gone on from it yet.

    One run waits for it, on its own event loop; a workflow of Temporal has one, too.
    """

    def __init__(self) -> None:
        self._news: deque[Progress | BaseException] = deque()
        self._changed: asyncio.Future[None] | None = None
        """What the run waits for; None before it waits the first time."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to go on from."""
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
        """Return when something was told, or `wake` was called."""
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def take(self) -> Progress:
        """Take what was told first. Raises the error that a visit died of."""
        news = self._news.popleft()
        if isinstance(news, BaseException):
            raise news
        return news
