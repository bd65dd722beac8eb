"""Token requests outside of a task: a person connects or tests a credential."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from httptask.errors import CredentialError
from httptask.model.authorisation import AuthResponse, TlsIdentity
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending._attempt import AttemptRecord
from httptask.sending._authorising import Send, send_token
from httptask.sending._limited_wire import LimitedWire
from httptask.sending._limits import Limiter
from httptask.sending._wire import Wire


def token_sender(wires: Callable[[], Wire], limiter: Limiter, timeouts: Timeouts) -> Send:
    """Return what sends token requests on the wire that *wires* gives, within the limits of
    *limiter*, each within the total time of *timeouts*. They are in no exchange.
    """
    total = timeouts.total

    async def send(
        request: OutgoingRequest, credential: str, identity: TlsIdentity | None
    ) -> AuthResponse:
        record = AttemptRecord(1, 0.0)
        deadline = time.monotonic() + total

        def limited() -> Wire:
            return LimitedWire(wires(), limiter, deadline, total)

        try:
            async with asyncio.timeout(total):
                return await send_token(record, limited, timeouts, request, credential, identity)
        except TimeoutError:
            reason = record.tokens[-1].hop.queue_reason if record.tokens else ""
            raise CredentialError.of(
                "credential-no-answer",
                retryable=True,
                name=credential,
                seconds=total,
                queueReason=reason or None,
            ) from None

    return send
