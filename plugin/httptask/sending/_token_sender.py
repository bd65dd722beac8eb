"""Token requests outside of a task: a person connects a credential."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from httptask.errors import CredentialError
from httptask.model.authorisation import AuthResponse, TlsIdentity
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending._attempt import AttemptRecord
from httptask.sending._authorising import Send, send_token
from httptask.sending._wire import Wire


def token_sender(wires: Callable[[], Wire], timeouts: Timeouts) -> Send:
    """Return what sends token requests on the wire that *wires* gives, each within the total time
    of *timeouts*. They are in no exchange.
    """

    async def send(
        request: OutgoingRequest, credential: str, identity: TlsIdentity | None
    ) -> AuthResponse:
        record = AttemptRecord(1, 0.0)
        try:
            async with asyncio.timeout(timeouts.total):
                return await send_token(record, wires, timeouts, request, credential, identity)
        except TimeoutError:
            raise CredentialError(
                f"credential {credential!r}: no answer within {timeouts.total:g} s", retryable=True
            ) from None

    return send
