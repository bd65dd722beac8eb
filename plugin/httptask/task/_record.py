"""The record of a round's calls, of bounded size."""

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
"""The number of first calls whose whole exchanges are kept."""
_LISTED = 100
"""The number of first calls, and of last calls, that are listed."""

C = TypeVar("C", bound="RoundCall")


class CallRecord(Generic[C]):
    """Records the first calls and the last calls of a round.

    *call* is the class of the records.
    """

    def __init__(self, call: Callable[..., C]) -> None:
        self._call = call
        # Only the arguments of *call*: most runs are never looked at.
        self._first: list[tuple[Any, ...]] = []
        self._last: deque[tuple[Any, ...]] = deque(maxlen=_LISTED)
        self._count = 0
        self._whole: list[Callable[[], Exchange]] = []
        """Functions that make the exchanges of the first calls, called when they are shown."""

    def add(
        self,
        number: int,
        request: OutgoingRequest,
        url: str,
        delivery: Delivery,
        *more: Any,
    ) -> None:
        """Add the call *number*: *request*, at the masked *url*, ended in *delivery*.

        *more* are the additional fields of this kind of call.
        """
        # Exchanges hold bodies: of thousands of calls, only the first few are kept whole.
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
        """Return the listed calls, and the number of calls left out in the middle."""
        calls = [self._call(*line) for line in (*self._first, *self._last)]
        # The exchange itself shows the attempts of the last call.
        for index, make in enumerate(self._whole[: len(calls) - 1]):
            calls[index] = replace(calls[index], attempts=make().attempts)
        return tuple(calls), self._count - len(calls)
