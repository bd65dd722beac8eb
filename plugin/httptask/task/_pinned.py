"""The pin of a task: it answers the requests of a visit instead of the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.errors import BlockedError
from httptask.model.pins import PinnedRequest
from httptask.sending import PinnedWire, watched
from httptask.task._pinned_response import PinFault, pinned_answer

if TYPE_CHECKING:
    from httptask.model.exchange import OutgoingRequest
    from httptask.model.task import Inputs
    from httptask.sending import PinnedError, PinnedResponse
    from httptask.task._http_task import HttpTask

_MOST = 1_000
"""The number of requests of one visit that a pin answers. There is no wait between them, so a poll
that never ends would spin until its timeout.
"""


class PinnedAnswers:
    """Answers the requests of a visit of *task* with the pin in *inputs*.

    *answered* requests of the visit were already answered before a crash.
    """

    def __init__(self, task: HttpTask, inputs: Inputs, answered: int = 0) -> None:
        if inputs.pin is None:
            raise AssertionError("only a task with a pin, or one that must not send, is answered")
        self._task = task
        self._pin = inputs.pin
        self._item = inputs.item.index if inputs.item is not None else None
        self.count = answered
        """The number of requests of the visit that were answered."""
        if answered and (progress := watched.get()) is not None:
            progress.pinned = answered

    @property
    def wire(self) -> PinnedWire:
        """A wire that takes its responses from the pin."""
        return PinnedWire(self._answer)

    async def _answer(self, request: OutgoingRequest) -> PinnedResponse | PinnedError:
        """Return the pinned response or error for *request*. Raises `BlockedError` without one."""
        try:
            answer = self._answer_of(self._next())
        except BlockedError as error:
            self._tell(request, error.message)
            raise
        self._tell(request, None)
        self.count += 1
        progress = watched.get()
        if progress is not None:
            progress.pinned = self.count
        return answer

    def _tell(self, request: OutgoingRequest, refusal: str | None) -> None:
        """Report *request* to the listener; *refusal* says why no pin answered it."""
        if self._pin.listener is not None:
            self._pin.listener(PinnedRequest(self._task.name, request.copy(), self._item, refusal))

    def _answer_of(self, pin: Mapping[str, Any]) -> PinnedResponse | PinnedError:
        try:
            return pinned_answer(pin, self._task.endpoint)
        except PinFault as fault:
            raise self._blocked(
                f"its pin does not fit any more: {fault}; pin it again, or take the pin away"
            ) from fault

    def _next(self) -> Any:
        """Return the part of the pin for the next request. Raises `BlockedError` without one.

        A list has one pin for each request of the run; for a task with `forEach`, one for each
        item, which is itself a pin or a list of pins.
        """
        pin = self._pin.pin
        position = self._pin.position + self.count
        if pin is None:
            raise self._blocked(
                "it has no pin, and nothing is sent offline: pin a response of it, or run without"
                " --offline"
            )
        # One pin for every request would let a loop over pages or polls run for ever.
        if self.count >= _MOST:
            raise self._blocked(
                f"its pin has answered {_MOST:,} requests of one visit, and it asks for another:"
                " give a list of responses, the last of which ends it"
            )
        if self._item is not None and isinstance(pin, list):
            pin = self._of_item(pin, self._item)
            position = self.count
        if not isinstance(pin, list):
            return pin
        if position >= len(pin):
            raise self._blocked(
                f"its list of pins has {len(pin):,}, and this is its request number"
                f" {position + 1:,}: add a pin to the list, or give one that answers every request"
            )
        return pin[position]

    def _of_item(self, pins: list[Any], index: int) -> Any:
        """Return the pin of the item *index*."""
        if index >= len(pins):
            raise self._blocked(
                f"its list of pins is for {len(pins):,} items, and this one has the index {index}:"
                " add a pin to the list, or give one that answers every request"
            )
        return pins[index]

    def _blocked(self, reason: str) -> BlockedError:
        return BlockedError(f"nothing answers the request of {self._task.name!r}: {reason}")
