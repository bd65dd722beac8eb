"""The record of the pages' calls: bounded, however many pages there are."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from httptask.model.page_exchange import PageCall, PageCalls

if TYPE_CHECKING:
    from httptask.errors import Pages
    from httptask.model.exchange import OutgoingRequest, SentRequest
    from httptask.sending import Delivery

FULL = 3
"""Pages, from the first one, whose exchange is kept as a whole."""
_LISTED = 100
"""Pages that are listed at the start, and as many at the end."""


class CallRecord:
    """Keeps a line of each of the first pages and of the last ones."""

    def __init__(self) -> None:
        self._first: list[PageCall] = []
        self._last: deque[PageCall] = deque(maxlen=_LISTED)
        self._count = 0

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
        error, exchange = delivery.error, delivery.exchange
        result = error.result if error is not None else delivery.result
        elapsed = result.elapsed_seconds if result is not None else 0.0
        items, duplicates, size = pages
        is_full = exchange is not None and self._count < FULL
        call = PageCall(
            number,
            request.method,
            url,
            result.status_code if result is not None else None,
            error.kind if error is not None else "success",
            items,
            duplicates,
            size,
            error.elapsed_seconds if error is not None else elapsed,
            exchange.attempts if is_full and exchange is not None else None,
        )
        self._count += 1
        (self._first if len(self._first) < _LISTED else self._last).append(call)

    def calls(self, summary: Pages, next_request: SentRequest | None = None) -> PageCalls:
        """Return the record, with *summary*."""
        calls = (*self._first, *self._last)
        if calls:  # the last one's attempts are those of the exchange
            calls = (*calls[:-1], replace(calls[-1], attempts=None))
        return PageCalls(summary, calls, self._count - len(calls), next_request)
