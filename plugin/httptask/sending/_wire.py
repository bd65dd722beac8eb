"""The interface of a wire, which sends one request and returns its response, and its errors.

`Connections` in `_connections` is the wire over the network. `MockedWire` in `_httpx` replaces it
when a test mocks httpx.
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
    """The host name to resolve, or an address: in ASCII, without brackets."""
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that an operator named."""

    origin: Origin
    authorization: str = field(default="", repr=False)
    """The value of `Proxy-Authorization`; "" without credentials. Sent only to the proxy."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that are masked wherever they appear."""

    def __str__(self) -> str:
        return f"{self.origin.scheme}://{self.origin}"


class Way(NamedTuple):
    """How the operator's network carries requests to one origin."""

    proxy: Proxy | None = None
    is_insecure: bool = False
    """The server's certificate is not checked."""

    @property
    def shown_proxy(self) -> str | None:
        """The proxy as text, for an exchange; without credentials."""
        if self.proxy is None:
            return None
        return str(self.proxy)


DIRECT = Way()


class Recorder:
    """The network record of one hop: how long each phase took, and how far the hop got."""

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
        """The origin of the request, its authority and its target, once computed."""
        self.connected = False
        """A new connection was made for this hop. False: a kept-alive connection, or none yet."""
        self.bytes_sent = 0
        """Bytes of the request, head and body, before TLS."""
        self.bytes_received = 0
        """Bytes of the response, head and body, after TLS."""
        self.head = HeadReader()
        """The response's head, as far as it was received."""
        self.sent_headers: Headers = ()
        """The request's header fields as they are written."""
        self.is_replaced = False
        """A mock or a pin took the request instead of the network: bytes and phases are unknown."""
        self.is_pinned = False
        """A pin answers or refuses the request: nothing is sent."""
        self.way = DIRECT
        """The proxy, and whether the certificate is checked."""
        self.check_again: Callable[[], None] | None = None
        """Called after the request waited for a connection; raises if the request must not be sent
        any more.
        """
        self.queue_reason = ""
        """The limit that made the request wait in the phase `queue`; "" if none did."""
        self.is_refused = False
        """A limit refused the request, because waiting was useless: nothing was sent."""

    @property
    def sent(self) -> bool:
        """Whether a byte of the request may have been sent."""
        return self._first_write > 0 or self.is_replaced

    @property
    def answered(self) -> bool:
        """Whether a byte of a response was received."""
        return self._first_byte > 0

    def begin(self, phase: str) -> None:
        """Start the clock of *phase*. Before sending, only one phase runs at a time."""
        self._began = (phase, time.perf_counter())

    def end(self) -> None:
        """Stop the clock of the current phase."""
        if self._began is not None:
            phase, since = self._began
            seconds = time.perf_counter() - since
            self._phases[phase] = self._phases.get(phase, 0.0) + seconds
            self._began = None

    @property
    def phase(self) -> str:
        """The name of the current phase."""
        if self.answered:
            return "receive"
        if self._first_write:
            return "wait"
        if self._began is not None:
            return self._began[0]
        return "send"

    def wrote(self, size: int, since: float) -> None:
        """Note a write of *size* bytes that began at *since* and has just ended."""
        self._first_write = self._first_write or since
        self._last_write = time.perf_counter()
        self.bytes_sent += size

    def read(self, size: int) -> None:
        """Note that *size* bytes were received."""
        self.bytes_received += size
        self._first_byte = self._first_byte or time.perf_counter()

    def ended_phases(self) -> dict[str, float]:
        """Return the seconds of each phase that has ended."""
        return dict(self._phases)

    def phases(self) -> dict[str, float]:
        """Return the seconds of each phase; the current phase is counted until now."""
        now = time.perf_counter()
        phases = dict(self._phases)
        if self._began is not None:
            phase, since = self._began
            phases[phase] = phases.get(phase, 0.0) + now - since
        if self._first_write:
            phases["send"] = self._last_write - self._first_write
            # Not negative: a server may respond before it has the whole request (RFC 9110, 7.5).
            phases["wait"] = max((self._first_byte or now) - self._last_write, 0.0)
        if self.answered:
            phases["receive"] = now - self._first_byte
        return phases


@dataclass(slots=True)
class Answer:
    """A response whose head has been received."""

    http_version: str
    status_code: int
    reason_phrase: str
    headers: Headers = field(repr=False)
    notes: list[str]
    """The lines that were left out of the head, and why."""
    chunks: AsyncIterator[bytes] = field(repr=False)
    """The body after transfer decoding, as it arrives. Raises a `WireError` or an `OSError`."""
    close: Callable[[], None]
    """Ends the response. Keeps the connection if the response was read to its end, else closes
    it.
    """
    broke: Callable[[BaseException], None] = lambda _: None
    """Called with the error that ended the reading of the body early."""


class Wire(Protocol):
    """Sends requests."""

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Send *request* once, and return the response as soon as its head has been received.

        The connection is one of *credential*, made with the client certificate *identity*. Fills in
        *recorder*. Raises a `TaskError` if no connection was made, else a `WireError` or an
        `OSError`.
        """
        ...


class WireError(Exception):
    """An error on an established connection.

    Except for `UnsendableError`, the message quotes neither the request nor the response.
    """


class SilenceError(WireError):
    """A read or a write took longer than the read timeout."""

    def __init__(self, *, is_writing: bool = False) -> None:
        super().__init__()
        self.is_writing = is_writing


class ClosedError(WireError):
    """The server closed the connection cleanly but too early; the message says what is missing."""


class MalformedError(WireError):
    """The response is not HTTP."""


class UnsendableError(WireError):
    """The request cannot be written as HTTP; nothing was sent."""


def connect_timed_out(what: str, seconds: float) -> TaskError:
    """Return the error for *what*, a step of connecting that did not end within *seconds*."""
    return TimedOutError(
        f"no connection after {seconds:g} s (connectionTimeoutSeconds): {what}",
        phase="connect",
        seconds=seconds,
    )
