"""The wire: one request out, one response in. It hides the library that carries the bytes.

`Connections` in `_connections` is our own wire, over asyncio. `_httpx` has the one that takes its
place where a test mocks httpx.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from httptask.errors import TaskError, TimedOutError
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Owner
from httptask.model.exchange import Headers, OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending._head import HeadReader

CheckEgress = Callable[[str, str, int], str | None]
"""(host, address, port) -> the reason to refuse, or None."""


class Origin(NamedTuple):
    """A server (RFC 9110, section 4.3.1)."""

    scheme: str
    host: str
    """As it is resolved: without brackets, in ASCII."""
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that an operator named."""

    origin: Origin
    authorization: str = field(default="", repr=False)
    """The value of `Proxy-Authorization`; "" without credentials. Sent to the proxy only."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What is masked wherever it appears."""

    def __str__(self) -> str:
        return f"{self.origin.scheme}://{self.origin}"


class Way(NamedTuple):
    """How the operator's network carries requests to one origin."""

    proxy: Proxy | None = None
    is_insecure: bool = False
    """The server's certificate is not checked."""

    @property
    def shown_proxy(self) -> str | None:
        """The proxy as an exchange has it."""
        return None if self.proxy is None else str(self.proxy)


DIRECT = Way()


class Recorder:
    """What one hop did on the network: how long each phase took, and how far it got."""

    __slots__ = (
        "_began",
        "_first_byte",
        "_first_write",
        "_last_write",
        "_phases",
        "address",
        "bytes_received",
        "bytes_sent",
        "check_again",
        "connected",
        "head",
        "is_pinned",
        "is_refused",
        "is_replaced",
        "queue_reason",
        "sent_headers",
        "way",
    )

    def __init__(self) -> None:
        self._phases: dict[str, float] = {}
        self._began: tuple[str, float] | None = None
        self._first_write = self._last_write = self._first_byte = 0.0
        self.address: tuple[Origin, str, str] | None = None
        """The origin of the request, its authority and its target, once somebody worked it out."""
        self.connected = False
        """A new connection was made for this hop; False is a kept-alive one, or none yet."""
        self.bytes_sent = 0
        """Of the request, head and body, as HTTP writes them: before TLS."""
        self.bytes_received = 0
        """Of the response, head and body."""
        self.head = HeadReader()
        """What has come of the response's head."""
        self.sent_headers: Headers = ()
        """The request's header fields as they are written."""
        self.is_replaced = False
        """A mock took the request instead of the network: bytes and phases are unknown."""
        self.is_pinned = False
        """A pin answers the request, or refuses it: nothing is sent."""
        self.way = DIRECT
        """How the operator's network carries it."""
        self.check_again: Callable[[], None] | None = None
        """Raises where the request is not to go out any more, after it waited for a place."""
        self.queue_reason = ""
        """Why the request waited in the phase `queue`, where a limit made it wait."""
        self.is_refused = False
        """A limit refused the request: no server was asked, and waiting would be in vain."""

    @property
    def sent(self) -> bool:
        """Whether a byte of the request went out."""
        return self._first_write > 0 or self.is_replaced

    @property
    def answered(self) -> bool:
        """Whether a byte of a response came."""
        return self._first_byte > 0

    def begin(self, phase: str) -> None:
        """Start the clock of *phase*; one phase before sending runs at a time."""
        self._began = (phase, time.perf_counter())

    def end(self) -> None:
        """Stop the clock of the phase under way."""
        if self._began is not None:
            phase, since = self._began
            seconds = time.perf_counter() - since
            self._phases[phase] = self._phases.get(phase, 0.0) + seconds
            self._began = None

    @property
    def phase(self) -> str:
        """The phase under way."""
        if self.answered:
            return "receive"
        if self._first_write:
            return "wait"
        return self._began[0] if self._began is not None else "send"

    def wrote(self, size: int, since: float) -> None:
        """Note a write of *size* bytes that began at *since* and is done now."""
        self._first_write = self._first_write or since
        self._last_write = time.perf_counter()
        self.bytes_sent += size

    def read(self, size: int) -> None:
        """Note that *size* bytes came."""
        self.bytes_received += size
        self._first_byte = self._first_byte or time.perf_counter()

    def ended_phases(self) -> dict[str, float]:
        """Return the seconds of the phases that have ended; no clock is stopped."""
        return dict(self._phases)

    def phases(self) -> dict[str, float]:
        """Return the seconds by phase, so far in the one under way; no clock is stopped."""
        now = time.perf_counter()
        phases = dict(self._phases)
        if self._began is not None:
            phase, since = self._began
            phases[phase] = phases.get(phase, 0.0) + now - since
        if self._first_write:
            phases["send"] = self._last_write - self._first_write
            # A server may answer before it has the whole request (RFC 9110, section 7.5).
            phases["wait"] = max((self._first_byte or now) - self._last_write, 0.0)
        if self.answered:
            phases["receive"] = now - self._first_byte
        return phases


@dataclass(slots=True)
class Answer:
    """A response whose head has come."""

    http_version: str
    status_code: int
    reason_phrase: str
    headers: Headers = field(repr=False)
    notes: list[str]
    """What was left out of the head, and why."""
    chunks: AsyncIterator[bytes] = field(repr=False)
    """The body as it comes, after transfer coding. Raises a `WireError` or an `OSError`."""
    close: Callable[[], None]
    """Ends the response. Its connection is kept when the response was read to its end, else
    closed.
    """
    broke: Callable[[BaseException], None] = lambda _: None
    """Is told what ended the reading of the body too early."""


class Wire(Protocol):
    """Carries requests."""

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Send *request* once on a connection of *credential*, and return the response when its
        head has come. *identity* is the client's certificate that the connection was made with.

        Raises a `TaskError` when no connection was made, else a `WireError` or an `OSError`; fills
        in *recorder*.
        """
        ...


class WireError(Exception):
    """An error on an established connection. It quotes nothing of the request or the response."""


class SilenceError(WireError):
    """A read or a write took longer than it may."""

    def __init__(self, *, is_writing: bool = False) -> None:
        super().__init__()
        self.is_writing = is_writing


class ClosedError(WireError):
    """The server closed the connection cleanly but too early; the text says what is missing."""


class MalformedError(WireError):
    """The response is not HTTP."""


class UnsendableError(WireError):
    """The request cannot be written as HTTP; nothing was sent."""


def connect_timed_out(what: str, seconds: float) -> TaskError:
    """Return the error of a connection to *what* that was not made within *seconds*."""
    return TimedOutError(
        f"no connection after {seconds:g} s (connectionTimeoutSeconds): {what}",
        phase="connect",
        seconds=seconds,
    )
