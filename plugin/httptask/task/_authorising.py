"""Authorise the requests of a task: resolve its credentials, run their auth schemes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask.credentials import (
    Flow,
    Flows,
    NotSentError,
    Resolved,
    authorise,
    blamed,
    kept_header,
    resolve_known,
)
from httptask.model.exchange import OutgoingRequest
from httptask.model.task import Inputs
from httptask.sending import Ready, Send, host_and_target, refused, secrets_of

if TYPE_CHECKING:
    from httptask.errors import CredentialError
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import AuthResponse, TlsIdentity
    from httptask.task._plan import Plan
    from httptask.task._runtime import Runtime

Credentials = Sequence[tuple[str, Resolved]]
"""The credentials of a request, each with the pointer to its name in the task."""


class Lent:
    """The services that the auth scheme of *credential* may use.

    Implements `httptask.credentials.Surroundings`. *pointer* points to the credential's name in the
    task. *send* sends token requests; None where the request is only shown.
    """

    __slots__ = (
        "_credential",
        "_pointer",
        "_runtime",
        "_send",
        "clock",
        "endpoint",
        "redactor",
        "sends",
        "tokens",
    )

    def __init__(
        self,
        runtime: Runtime,
        credential: str,
        endpoint: Endpoint | None,
        pointer: str,
        send: Send | None,
    ) -> None:
        self._runtime = runtime
        self._credential = credential
        self._send = send
        self.clock = runtime.clock
        self.endpoint = endpoint
        self._pointer = pointer
        self.redactor = runtime.redactor
        self.sends = send is not None
        self.tokens = runtime.tokens

    async def send(self, request: OutgoingRequest, identity: TlsIdentity | None) -> AuthResponse:
        """Send the token *request*, and mask the secrets of request and response from then on."""
        if self._send is None:
            raise NotSentError.of("credential-not-asked")
        # Mask before sending, too: an error may repeat parts of the request.
        self._mask(request, b"")
        response = await self._send(request, self._credential, identity)
        self._mask(request, response.body)
        return response

    def _mask(self, request: OutgoingRequest, content: bytes) -> None:
        for secret in secrets_of(request, content):
            self.redactor.add_derived(secret, self._credential)

    async def evaluate(self, expression: Any, data: Any) -> Any:
        """Evaluate the expressions in *expression* over *data*."""
        run = Inputs().run
        evaluator = self._runtime.evaluator
        return await evaluator.evaluate(expression, data, pointer=self._pointer, run=run)

    def failure(
        self,
        response: AuthResponse,
        what: str,
        advice: str,
    ) -> CredentialError:
        """Return the error of a refused token request."""
        return refused(response, self._credential, what, advice, self.redactor)

    def address(self, url: str) -> tuple[str, str]:
        """Return the value of `Host` and the target of a request to *url*."""
        return host_and_target(url)


async def resolved_anew(runtime: Runtime, pointer: str, name: str) -> Resolved:
    """Resolve the credential *name* in the stores, keep it, and mask its secrets from now on.

    *pointer* points to the name in the task, for errors.
    """
    redactor = runtime.redactor
    with blamed(name, pointer, redactor):
        resolved = await resolve_known(name, runtime.plugins)
    runtime.limiter.know(name, resolved.credential.rate_limit)
    for secret in resolved.secrets:
        redactor.add(secret)
    runtime.credentials.keep(name, resolved)
    return resolved


def authorised_again(
    plan: Plan,
    plain: OutgoingRequest,
    credentials: Credentials,
    send: Send | None,
) -> Ready | None:
    """Return *plain* with the header that the credential added to the last request of *plan*.

    None: the header cannot be reused, call `authorised`.
    """
    kept_header = plan.kept_header
    runtime = plan.runtime
    if (
        kept_header is None
        or len(credentials) > 1
        or (send is None and kept_header.token is not None)
    ):
        return None
    pointer, resolved = credentials[0]
    endpoint = plan.endpoint
    redactor = runtime.redactor
    request = kept_header.added_to(plain, resolved, endpoint, runtime.tokens, redactor)
    if request is None:
        return None
    name = resolved.credential.name
    if not resolved.known.is_flow:
        return Ready(request, plain, name)
    lend = partial(Lent, runtime, name, endpoint, pointer, send)
    return Ready(
        request,
        plain,
        name,
        Flow(resolved, pointer, redactor, lend, kept_header, request),
    )


async def authorised(
    plan: Plan,
    plain: OutgoingRequest,
    credentials: Credentials,
    send: Send | None,
) -> Ready:
    """Return *plain*, a request of *plan*'s task, authorised by *credentials*.

    *send* sends token requests; None where the request is only shown.
    """
    runtime = plan.runtime
    endpoint = plan.endpoint
    if len(credentials) > 1:
        return await _authorised_together(runtime, plain, credentials, endpoint, send)
    pointer, resolved = credentials[0]
    request = plain.copy()
    redactor = runtime.redactor
    name = resolved.credential.name
    is_constant = not plan.builder.changing
    if not resolved.known.is_flow:
        with blamed(name, pointer, redactor):
            await authorise(request, resolved.credential, resolved.known, redactor, endpoint)
        plan.kept_header = kept_header(
            resolved,
            endpoint,
            plain,
            request,
            redactor,
            is_constant=is_constant,
        )
        return Ready(request, plain, name)
    flow = Flow(resolved, pointer, redactor, partial(Lent, runtime, name, endpoint, pointer, send))
    try:
        await flow.authorise(request)
    except NotSentError:  # the request is only shown: show it unauthorised
        request = plain.copy()
    if send is not None:
        plan.kept_header = flow.kept_header(plain, request, endpoint, is_constant=is_constant)
    return Ready(request, plain, name, flow)


async def _authorised_together(
    runtime: Runtime,
    plain: OutgoingRequest,
    credentials: Credentials,
    endpoint: Endpoint | None,
    send: Send | None,
) -> Ready:
    """Return *plain* authorised by several *credentials*."""
    request = plain.copy()
    flows = []
    for pointer, resolved in credentials:
        lend = partial(Lent, runtime, resolved.credential.name, endpoint, pointer, send)
        flows.append(Flow(resolved, pointer, runtime.redactor, lend))
    together = Flows(flows)
    await together.authorise(request)
    return Ready(request, plain, tuple(flow.credential.name for flow in flows), together)
