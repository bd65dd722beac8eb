"""The record of the pages' calls: bounded, however many pages there are."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from httptask.model.page_exchange import PageCall, PageCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.errors import Pages
    from httptask.model.exchange import Exchange, OutgoingRequest, SentRequest
    from httptask.sending import Delivery

FULL = 3
"""Pages, from the first one, whose exchange is kept as a whole."""
_LISTED = 100
"""Pages that are listed at the start, and as many at the end."""


_Line = tuple[int, str, str, int | None, str, int, int, int, float]


class CallRecord:
    """Keeps a line of each of the first pages and of the last ones."""

    def __init__(self) -> None:
        # The fields of a `PageCall`, which is made only when somebody looks.
        self._first: list[_Line] = []
        self._last: deque[_Line] = deque(maxlen=_LISTED)
        self._count = 0
        self._whole: list[Callable[[], Exchange]] = []
        """Make the exchanges of the first pages: most runs are never looked at."""

    def add(
        self,
        number: int,
        request: OutgoingRequest,
        url: str,
        delivery: Delivery,
        pages: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Add the call of page *number*: *request*, at the masked *url*, ended in *delivery*.

        *pages* are items, duplicates and bytes of the page.
        """
        if self._count < FULL and delivery.make_exchange is not None:
            self._whole.append(delivery.make_exchange)
        self._count += 1
        error = delivery.error
        result = error.result if error is not None else delivery.result
        line = (
            number,
            request.method,
            url,
            result.status_code if result is not None else None,
            error.kind if error is not None else "success",
            *pages,
            result.elapsed_seconds if result is not None else 0.0,
        )
        (self._first if len(self._first) < _LISTED else self._last).append(line)

    def calls(self, summary: Pages, next_request: SentRequest | None = None) -> PageCalls:
        """Return the record, with *summary*."""
        calls = [PageCall(*line) for line in (*self._first, *self._last)]
        # The last one's attempts are those of the exchange.
        for index, make in enumerate(self._whole[: len(calls) - 1]):
            calls[index] = replace(calls[index], attempts=make().attempts)
        return PageCalls(summary, tuple(calls), self._count - len(calls), next_request)
