"""Authorising the requests of an attempt: sending token requests, and answering challenges.

The auth schemes are in `httptask.credentials`. This module sends their token requests and hands
them the responses.
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
"""The most bytes of a response body that are handed to an auth scheme."""

_BODIES = Bodies(MOST_BYTES, reading=Reading(body="text"))
"""A token response stays in memory, whatever its media type."""

_MAY_HELP = frozenset(("dns", "connection", "timeout", "incomplete", "decode"))
"""The outcomes of a token request after which another attempt may succeed."""


class Authorisation(Protocol):
    """The authorisation of one attempt, by a scheme that does more than change the request."""

    @property
    def identity(self) -> TlsIdentity | None:
        """The client certificate to use for connections; None without one."""
        ...

    @property
    def signs(self) -> bool:
        """Whether the authorisation is valid for one URL only, as a signature is."""
        ...

    async def authorise(self, request: OutgoingRequest) -> None:
        """Authorise *request* in place."""
        ...

    def sees(self, status: int) -> bool:
        """Say whether the scheme wants to see a response with *status*."""
        ...

    def responded(self, response: AuthResponse) -> None:
        """Hand *response* to the scheme."""
        ...

    async def challenged(self, response: AuthResponse) -> bool:
        """Say whether the request is to be authorised again, and sent again, after *response*."""
        ...


Send = Callable[[OutgoingRequest, str, TlsIdentity | None], Awaitable[AuthResponse]]
"""Sends a token request; the other arguments are the credential's name and client certificate."""


@dataclass(slots=True)
class TokenRecord:
    """One token request. The record is filled in while the request runs."""

    before_hop: int
    """The position of the hop that needed the token."""
    hop: HopRecord
    content: bytes = field(default=b"", repr=False)
    """The response's body, with its content coding undone."""


async def send_token(
    record: AttemptRecord,
    wires: Callable[[], Wire],
    timeouts: Timeouts,
    request: OutgoingRequest,
    credential: str,
    identity: TlsIdentity | None = None,
) -> AuthResponse:
    """Send the token *request* on a connection of *credential*, and return the response.

    The request and its response are added to *record*. Raises `CredentialError` when no complete
    response arrived.
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
                wire,
                hop.request,
                credential,
                timeouts,
                _BODIES,
                hop,
                identity,
            )
            token.content = _content(received)
        except TaskError as error:
            # Most likely the server had closed the kept-alive connection: try a new one, once.
            if hop.stale and may_try_again:
                token.hop = hop = HopRecord(request.copy())
                continue
            raise _unanswered(error, request, credential) from None
        break
    return AuthResponse(received.status_code, received.headers, token.content, request.url)


def _unanswered(
    error: TaskError,
    request: OutgoingRequest,
    credential: str,
) -> CredentialError:
    """Convert *error*, the outcome of the token *request*, to an error of *credential*."""
    if isinstance(error, CredentialError):  # the client certificate cannot be used
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
    """Return the body of *received* with its content coding undone.

    Raises `DecodeError` and `TooLargeError`.
    """
    encoding = received.content_encoding
    if not encoding or not received.body:
        return bytes(received.body)
    decoder = Decoder(encoding)
    content = bytearray()
    for piece in decoder.feed(received.body):
        content += piece
        if len(content) > MOST_BYTES:
            raise TooLargeError(f"the answer unpacks to more than {MOST_BYTES:,} bytes")
    decoder.finish()
    return bytes(content)


# Challenges


async def authorised_anew(
    hop: HopRecord,
    response: AuthResponse,
    plain: OutgoingRequest,
    authorisation: Authorisation,
) -> OutgoingRequest | None:
    """Return *plain* with new authorisation, to be sent again after *response*.

    *plain* is the request of *hop* before it was authorised. Returns None when the response is
    final: the scheme does not ask for another request, or the body cannot be read twice.
    """
    body = plain.body
    is_repeatable = not isinstance(body, StreamedBody) or body.is_repeatable
    if not is_repeatable or not await authorisation.challenged(response):
        return None
    hop.challenged = True
    return await authorised(plain, authorisation)


async def authorised(plain: OutgoingRequest, authorisation: Authorisation) -> OutgoingRequest:
    """Return an authorised copy of *plain*."""
    request = plain.copy()
    await authorisation.authorise(request)
    return request


def as_seen(received: Received, url: str) -> AuthResponse:
    """Convert *received*, the response from *url*, to the form that auth schemes get.

    The body is decoded only when the scheme reads it.
    """

    def content() -> bytes:
        try:
            return _content(received)[:MOST_BYTES]
        except (DecodeError, TooLargeError):  # the attempt itself reports the broken body
            return b""

    return AuthResponse(received.status_code, received.headers, content, url)


def plain_following(
    plain: OutgoingRequest | None,
    following: OutgoingRequest,
    received: Received,
) -> OutgoingRequest | None:
    """Return *following*, the request after the redirect *received*, without authorisation.

    *plain* is the request that was redirected, without authorisation. Returns None once a redirect
    has left the credential's origin; a redirect back does not authorise the request again.
    """
    # Another origin chose the URL of a redirect back: it could ask for what it wants with our
    # secret.
    if plain is None or origin(plain.url) != origin(following.url):
        return None
    redirected = next_request(plain, plain, received.status_code, received.header("location"))
    if redirected is not None:
        redirected.url = following.url
    return redirected
