"""Authorising as an attempt sees it: token requests, and challenges.

What a scheme does stands in `httptask.credentials`. Here is how its requests go out, and how a
response reaches it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from httptask._core import packaged
from httptask._http.syntax import origin
from httptask.errors import CredentialError, DecodeError, TaskError, TooLargeError
from httptask.model.authorisation import AuthResponse, TlsIdentity
from httptask.model.exchange import OutgoingRequest, StreamedBody
from httptask.model.policy import Timeouts
from httptask.model.task import Reading
from httptask.sending._codings import Decoder
from httptask.sending._hop import Bodies, HopRecord, Received, send_hop
from httptask.sending._redirect import next_request
from httptask.sending._wire import Wire

if TYPE_CHECKING:
    from httptask.sending._attempt import AttemptRecord

MOST_BYTES = 1_000_000
"""Bytes of a response that a scheme sees."""

_BODIES = Bodies(MOST_BYTES, reading=Reading(body="text"))
"""A token's answer stays in memory, whatever its media type."""

_MAY_HELP = frozenset(("dns", "connection", "timeout", "incomplete", "decode"))
"""Classes of outcomes of a token request after which another attempt may succeed."""


class Authorisation(Protocol):
    """The authorisation of one attempt, by a scheme that does more than to change a request."""

    @property
    def identity(self) -> TlsIdentity | None:
        """The client's certificate that connections are made with."""
        ...

    @property
    def signs(self) -> bool:
        """Whether what it adds holds for one URL alone."""
        ...

    async def authorise(self, request: OutgoingRequest) -> None:
        """Authorise *request* in place."""
        ...

    def sees(self, status: int) -> bool:
        """Say whether the scheme has to see a response with *status*."""
        ...

    def responded(self, response: AuthResponse) -> None:
        """Tell the scheme of *response*."""
        ...

    async def challenged(self, response: AuthResponse) -> bool:
        """Say whether the request is to be authorised anew after *response*."""
        ...


Send = Callable[[OutgoingRequest, str, TlsIdentity | None], Awaitable[AuthResponse]]
"""Sends a token request for the credential of that name, with its certificate."""


@dataclass(slots=True)
class TokenRecord:
    """One token request; filled in while it runs."""

    before_hop: int
    """The position of the hop that it was for."""
    hop: HopRecord
    content: bytes = field(default=b"", repr=False)
    """The response's body after content coding."""


async def send_token(
    record: AttemptRecord,
    wires: Callable[[], Wire],
    timeouts: Timeouts,
    request: OutgoingRequest,
    credential: str,
    identity: TlsIdentity | None = None,
) -> AuthResponse:
    """Send the token *request* on a connection of *credential*, and return the response; note both
    in *record*.

    Raises `CredentialError` when no whole response came.
    """
    request = request.copy()
    if request.header("User-Agent") is None:  # RFC 9110, section 10.1.5; some servers insist
        request.headers.append(("User-Agent", f"httptask/{packaged.manifest()['version']}"))
    hop = HopRecord(request)
    wire = wires()
    token = TokenRecord(len(record.hops), hop)
    record.tokens.append(token)
    for may_try_again in (True, False):
        try:
            received = await send_hop(
                wire, hop.request, credential, timeouts, _BODIES, hop, identity
            )
            token.content = _content(received)
        except TaskError as error:
            # The server had closed the kept-alive connection meanwhile: no byte of an answer came.
            if hop.stale and may_try_again:
                token.hop = hop = HopRecord(request.copy())
                continue
            raise _unanswered(error, request, credential) from None
        break
    return AuthResponse(received.status_code, received.headers, token.content, request.url)


def _unanswered(error: TaskError, request: OutgoingRequest, credential: str) -> CredentialError:
    """Return *error*, which the token *request* ended in, as the task's."""
    if isinstance(error, CredentialError):  # its certificate cannot be shown
        error.restate(error.code, names=[credential])
        return error
    server = None
    with contextlib.suppress(ValueError):
        server = origin(request.url)
    return CredentialError.of(
        "credential-unanswered",
        retryable=error.kind in _MAY_HELP,
        retry_after=error.retry_after,
        name=credential,
        server=server,
        outcome=error.kind,
        failureMessage=error.message,
    )


def _content(received: Received) -> bytes:
    """Return the body of *received* after content coding. Raises `DecodeError`, `TooLargeError`."""
    encoding = received.content_encoding
    if not encoding or not received.body:
        return bytes(received.body)
    decoder, content = Decoder(encoding), bytearray()
    for piece in decoder.feed(received.body):
        content += piece
        if len(content) > MOST_BYTES:
            raise TooLargeError(f"the answer unpacks to more than {MOST_BYTES:,} bytes")
    decoder.finish()
    return bytes(content)


# Challenges


async def authorised_anew(
    hop: HopRecord, response: AuthResponse, plain: OutgoingRequest, authorisation: Authorisation
) -> OutgoingRequest | None:
    """Return the request of *hop*, which is *plain* without authorisation, authorised anew; None
    when its *response* stands.
    """
    body = plain.body
    is_repeatable = not isinstance(body, StreamedBody) or body.is_repeatable
    if not is_repeatable or not await authorisation.challenged(response):
        return None
    hop.challenged = True
    return await authorised(plain, authorisation)


async def authorised(plain: OutgoingRequest, authorisation: Authorisation) -> OutgoingRequest:
    """Return *plain* authorised."""
    request = plain.copy()
    await authorisation.authorise(request)
    return request


def as_seen(received: Received, url: str) -> AuthResponse:
    """Return *received*, the response from *url*, as an auth scheme sees it. Its body is decoded
    when it is asked for.
    """

    def content() -> bytes:
        try:
            return _content(received)[:MOST_BYTES]
        except (DecodeError, TooLargeError):  # what is wrong with it, the attempt says
            return b""

    return AuthResponse(received.status_code, received.headers, content, url)


def plain_following(
    plain: OutgoingRequest | None, following: OutgoingRequest, received: Received
) -> OutgoingRequest | None:
    """Return *following*, the request after the redirect *received*, as it is without
    authorisation; *plain* is the request before it.

    None once the redirects have left the credential's origin, and for ever after.
    """
    if plain is None or origin(plain.url) != origin(following.url):
        return None
    redirected = next_request(plain, plain, received.status_code, received.header("location"))
    if redirected is not None:
        redirected.url = following.url
    return redirected
