"""Token requests outside a task, when a person connects or tests a credential."""

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


def token_sender(
    wires: Callable[[], Wire],
    limiter: Limiter,
    timeouts: Timeouts,
) -> Send:
    """Return a function that sends token requests. No exchange records them.

    It uses the wire that *wires* returns, keeps the limits of *limiter*, and gives each request the
    total time of *timeouts*.
    """
    total = timeouts.total

    async def send(
        request: OutgoingRequest,
        credential: str,
        identity: TlsIdentity | None,
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
