"""What a task lends to the auth scheme of its credential."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from httptask.credentials import Surroundings
from httptask.model.authorisation import AuthResponse
from httptask.model.exchange import OutgoingRequest
from httptask.model.task import Inputs
from httptask.sending import Send, host_and_target, refused, secrets_of

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.task._runtime import Runtime


def surroundings(
    runtime: Runtime, credential: str, endpoint: Endpoint | None, pointer: str, send: Send | None
) -> Surroundings:
    """Return what the scheme of *credential*, which is named at *pointer*, may use.

    *send* sends token requests; None where a request is only shown.
    """
    redactor = runtime.redactor

    async def sent(send: Send, request: OutgoingRequest, *owner: Any) -> AuthResponse:
        # Before it is sent, too: what it holds may come back in an error.
        for secret in secrets_of(request, b""):
            redactor.add_derived(secret, credential)
        response = await send(request, *owner)
        for secret in secrets_of(request, response.body):
            redactor.add_derived(secret, credential)
        return response

    async def evaluate(expression: Any, data: Any) -> Any:
        run = Inputs().run
        return await runtime.evaluator.evaluate(expression, data, pointer=pointer, run=run)

    return Surroundings(
        redactor,
        runtime.clock,
        partial(sent, send) if send is not None else None,
        evaluate,
        lambda response, what, advice: refused(response, credential, what, advice, redactor),
        runtime.tokens,
        host_and_target,
        endpoint,
        pointer,
    )
