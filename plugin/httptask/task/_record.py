"""The record of a round's calls: bounded, however many there are."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.model.exchange import Exchange, OutgoingRequest
    from httptask.model.round_call import RoundCall
    from httptask.sending import Delivery

_FULL = 3
"""Calls, from the first one, whose exchange is kept as a whole."""
_LISTED = 100
"""Calls that are listed at the start, and as many at the end."""

C = TypeVar("C", bound="RoundCall")


class CallRecord(Generic[C]):
    """Keeps a line of each of the first calls and of the last ones.

    *call* makes a call of its fields.
    """

    def __init__(self, call: Callable[..., C]) -> None:
        self._call = call
        # The fields of the calls, which are made only when somebody looks.
        self._first: list[tuple[Any, ...]] = []
        self._last: deque[tuple[Any, ...]] = deque(maxlen=_LISTED)
        self._count = 0
        self._whole: list[Callable[[], Exchange]] = []
        """Make the exchanges of the first calls: most runs are never looked at."""

    def add(
        self, number: int, request: OutgoingRequest, url: str, delivery: Delivery, *more: Any
    ) -> None:
        """Add the call *number*: *request*, at the masked *url*, ended in *delivery*.

        *more* are the fields that such a call has besides those of every round.
        """
        if self._count < _FULL and delivery.make_exchange is not None:
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
            result.elapsed_seconds if result is not None else 0.0,
            None,
            *more,
        )
        (self._first if len(self._first) < _LISTED else self._last).append(line)

    def listed(self) -> tuple[tuple[C, ...], int]:
        """Return the calls that are listed, and the number of those between them."""
        calls = [self._call(*line) for line in (*self._first, *self._last)]
        # The last one's attempts are those of the exchange.
        for index, make in enumerate(self._whole[: len(calls) - 1]):
            calls[index] = replace(calls[index], attempts=make().attempts)
        return tuple(calls), self._count - len(calls)
