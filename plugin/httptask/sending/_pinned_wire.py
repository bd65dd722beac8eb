"""A wire that sends nothing: pins answer its requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from httptask.sending._connections import head_of
from httptask.sending._httpx import address
from httptask.sending._wire import Answer

if TYPE_CHECKING:
    from httptask.errors import TaskError
    from httptask.model.authorisation import TlsIdentity
    from httptask.model.credential import Owner
    from httptask.model.exchange import Headers, OutgoingRequest
    from httptask.model.policy import Timeouts
    from httptask.sending._wire import Recorder


@dataclass(frozen=True, slots=True)
class PinnedResponse:
    """A response that a pin gives."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)
    """Without content coding and transfer coding."""


@dataclass(frozen=True, slots=True)
class PinnedError:
    """An error that a pin gives."""

    error: TaskError
    is_delivered: bool
    """Whether to treat the request as possibly received by the server."""


AnswerPinned = Callable[["OutgoingRequest"], Awaitable[PinnedResponse | PinnedError]]
"""Returns the pinned answer to a request. Raises a `TaskError` when there is none."""


@dataclass(frozen=True, slots=True)
class PinnedWire:
    """A wire that gets responses from *answer*. See `httptask.sending._wire.Wire`."""

    answer: AnswerPinned

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Answer *request*. A request that cannot be written as HTTP raises the usual error."""
        _, authority, target = recorder.address = address(request.url)
        _, recorder.sent_headers = head_of(request, authority, target, None)
        recorder.is_pinned = True
        pinned = await self.answer(request)
        if isinstance(pinned, PinnedError):
            recorder.is_replaced = pinned.is_delivered
            raise pinned.error
        recorder.is_replaced = True
        return Answer(
            http_version="HTTP/1.1",
            status_code=pinned.status,
            reason_phrase=_PHRASES.get(pinned.status, ""),
            headers=pinned.headers,
            notes=[],
            chunks=_chunks(pinned.body),
            close=lambda: None,
        )


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body
