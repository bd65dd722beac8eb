"""The network under the HTTP library: every address is looked up once, checked, and connected to as checked."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import httpcore

from httptask._threads import in_thread
from httptask.errors import BlockedError, ConnectionFailedError, DnsError, TaskError, TimedOutError, TlsError
from httptask.sending._head import HeadReader

CheckEgress = Callable[[str, str, int], str | None]
"""(host, address, port) -> the reason to refuse, or None."""


class Recorder:
    """What one hop did on the network: how long each phase took, and how far it got."""

    __slots__ = (
        "_began",
        "_first_byte",
        "_first_write",
        "_last_write",
        "_phases",
        "bytes_received",
        "bytes_sent",
        "closed_by_peer",
        "connected",
        "head",
    )

    def __init__(self) -> None:
        self._phases: dict[str, float] = {}
        self._began: tuple[str, float] | None = None
        self._first_write = self._last_write = self._first_byte = 0.0
        self.connected = False
        """A new connection was made for this hop; False is a kept-alive one, or none yet."""
        self.closed_by_peer = False
        """The last read found the connection closed."""
        self.bytes_sent = 0
        """Of the request, head and body, as HTTP writes them: before TLS."""
        self.bytes_received = 0
        """Of the response, head and body."""
        self.head = HeadReader()
        """What has come of the response's head."""

    @property
    def idle(self) -> bool:
        """Nothing happened on the network at all."""
        return not (self._phases or self._began or self._first_write)

    @property
    def sent(self) -> bool:
        """Some byte of the request went out."""
        return self._first_write > 0

    @property
    def answered(self) -> bool:
        """Some byte of a response came."""
        return self._first_byte > 0

    def begin(self, phase: str) -> None:
        """Start the clock of *phase*; one phase of making a connection runs at a time."""
        self._began = (phase, time.perf_counter())

    def end(self) -> None:
        """Stop the clock of the phase under way."""
        if self._began is not None:
            phase, since = self._began
            self._phases[phase] = time.perf_counter() - since
            self._began = None

    @property
    def phase(self) -> str:
        """The phase under way."""
        if self.answered:
            return "receive"
        if self.sent:
            return "wait"
        return self._began[0] if self._began is not None else "send"

    def wrote(self, size: int, since: float) -> None:
        """Note a write of *size* bytes that began at *since* and is done now."""
        self._first_write = self._first_write or since
        self._last_write = time.perf_counter()
        self.bytes_sent += size

    def read(self, data: bytes) -> None:
        """Note that *data* came; none is the end of the connection."""
        self.bytes_received += len(data)
        if not data:
            self.closed_by_peer = True
        elif not self._first_byte:
            self._first_byte = time.perf_counter()

    def ended_phases(self) -> dict[str, float]:
        """Return the seconds of the phases that have ended; every clock goes on."""
        return dict(self._phases)

    def phases(self) -> dict[str, float]:
        """Stop every clock and return the seconds by phase."""
        self.end()
        now = time.perf_counter()
        phases = dict(self._phases)
        if self.sent:
            phases["send"] = self._last_write - self._first_write
            phases["wait"] = (self._first_byte or now) - self._last_write
        if self.answered:
            phases["receive"] = now - self._first_byte
        return phases


recorder: ContextVar[Recorder | None] = ContextVar("httptask_recorder", default=None)
"""The recorder of the hop under way: the connection pool sits between the hop and the network and knows nothing of it."""


class _NotOurs(logging.Filter):
    """Drops what httpcore logs of our hops: at DEBUG it prints response headers as they came, secrets that are echoed too."""

    def filter(self, record: logging.LogRecord) -> bool:
        return recorder.get() is None


for _name in ("httpcore.connection", "httpcore.http11"):
    logging.getLogger(_name).addFilter(_NotOurs())


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that *check* lets through; *tls* makes the TLS settings, when they are needed."""

    def __init__(self, check: CheckEgress, tls: Callable[[], ssl.SSLContext]) -> None:
        self._check = check
        self._tls = tls
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve *host*, check every address, and connect to the first checked one that answers, all within *timeout*."""
        record = recorder.get() or Recorder()
        deadline = time.monotonic() + timeout if timeout is not None else None
        record.begin("dns")
        addresses = await _resolved(host, port, timeout)
        record.end()
        allowed = self._let_through(host, port, addresses)
        record.begin("connect")
        stream = await self._first(host, port, allowed, deadline, timeout, socket_options)
        record.end()
        record.connected = True
        return RecordedStream(stream, self._tls, deadline)

    def _let_through(self, host: str, port: int, addresses: list[str]) -> list[str]:
        refusals = {}
        for address in addresses:
            reason = self._check(host, address, port)
            if reason is not None:
                refusals[address] = reason
        allowed = [address for address in addresses if address not in refusals]
        if not addresses:
            raise DnsError(f"the host name {host!r} has no address")
        if not allowed:
            address, reason = next(iter(refusals.items()))
            raise BlockedError(f"the address {address} of {host} is refused: {reason}")
        return allowed

    async def _first(
        self,
        host: str,
        port: int,
        addresses: list[str],
        deadline: float | None,
        timeout: float | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.AsyncNetworkStream:
        failures: list[Exception] = []
        for position, address in enumerate(addresses):
            left = deadline - time.monotonic() if deadline is not None else None
            # Later addresses keep a share of the time, so that one dead address does not use up all of it.
            share = max(left, 0.001) / (len(addresses) - position) if left is not None else None
            try:
                return await self._backend.connect_tcp(address, port, share, None, socket_options)
            except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
                failures.append(error)
        if all(isinstance(failure, httpcore.ConnectTimeout) for failure in failures):
            raise connect_timed_out(f"{host}:{port}", timeout or 0) from failures[-1]
        refused = next(failure for failure in failures if not isinstance(failure, httpcore.ConnectTimeout))
        raise ConnectionFailedError(
            f"no connection to {host}:{port} ({', '.join(addresses)}): {_why(refused)}; is the server running?"
        ) from refused

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no egress rule speaks of sockets in the file system."""
        raise BlockedError("connections to Unix sockets are refused")

    async def sleep(self, seconds: float) -> None:
        """Wait *seconds*."""
        await asyncio.sleep(seconds)


_PIECE = 256 * 1024
"""Bytes that are written at a time."""


class RecordedStream(httpcore.AsyncNetworkStream):
    """A connection that tells the hop's recorder what happens on it."""

    def __init__(
        self, stream: httpcore.AsyncNetworkStream, tls: Callable[[], ssl.SSLContext], deadline: float | None
    ) -> None:
        self._stream = stream
        self._tls = tls
        self._deadline = deadline  # of the connection: the handshake is a part of it
        self.spent = False
        """Not to be used for another request."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        record = recorder.get()
        if record is None:
            return await self._stream.read(max_bytes, timeout)
        data = b"" if record.head.is_over else record.head.feed(b"")  # behind an interim response the next one may wait
        while not data:
            received = await self._stream.read(max_bytes, timeout)
            record.read(received)
            if not received or record.head.is_over:
                return received
            data = record.head.feed(received)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        record = recorder.get()
        # In pieces, so that a long body that makes its way is seen to do so.
        for start in range(0, len(buffer), _PIECE):
            piece = buffer[start : start + _PIECE]
            since = time.perf_counter()
            written = 0
            try:
                await self._stream.write(piece, timeout)
                written = len(piece)
            finally:  # a write that failed half-way may have delivered what it wrote
                if record is not None:
                    record.wrote(written, since)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        record = recorder.get() or Recorder()
        record.begin("tls")
        left = max(self._deadline - time.monotonic(), 0.001) if self._deadline is not None else timeout
        try:
            context = self._tls()
            context.set_alpn_protocols(["http/1.1"])
        except (OSError, ValueError) as error:
            await self.aclose()
            raise TlsError(
                f"the certificates to trust cannot be read (SSL_CERT_FILE, SSL_CERT_DIR): {_why(error)}"
            ) from error
        try:
            stream = await self._stream.start_tls(context, server_hostname, left)
        except httpcore.ConnectTimeout as error:
            raise connect_timed_out(f"the TLS handshake with {server_hostname}", timeout or 0) from error
        except (httpcore.ConnectError, ssl.SSLError) as error:
            raise tls_failed(server_hostname, error) from error
        record.end()
        return RecordedStream(stream, self._tls, None)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and (self.spent or _has_unread(self._stream)):
            return True  # the pool takes an idle connection that can be read for one the server has closed
        return self._stream.get_extra_info(info)


def _has_unread(stream: httpcore.AsyncNetworkStream) -> bool:
    """Say whether bytes wait in a buffer between the socket and us, where the socket's own readability does not show them."""
    layer: Any = getattr(stream, "_stream", None)  # anyio's; it has no public way to ask
    while layer is not None:
        if getattr(layer, "_read_bio", None) is None:
            protocol = getattr(layer, "_protocol", None)
            return bool(protocol is not None and protocol.read_queue)
        if layer._read_bio.pending or layer._ssl_object.pending():
            return True
        layer = layer.transport_stream
    return False


async def _resolved(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of *host*, in the system's order, each once."""
    try:
        async with asyncio.timeout(timeout):
            found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError as error:
        raise connect_timed_out(f"looking up {host}", timeout or 0) from error
    except (OSError, UnicodeError) as error:
        raise DnsError(f"the host name {host!r} has no address: {_why(error)}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect_timed_out(what: str, seconds: float) -> TaskError:
    """Return the error of a connection to *what* that was not made within *seconds*."""
    return TimedOutError(
        f"no connection after {seconds:g} s (connectionTimeoutSeconds): {what}", phase="connect", seconds=seconds
    )


def tls_failed(host: str | None, error: BaseException) -> TaskError:
    """Return the error of a failed TLS handshake with *host*, with OpenSSL's own reason."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, ssl.SSLError):
        reason = reason.__cause__ or reason.__context__
    why = "the peer closed the connection during the handshake"
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"its certificate is not accepted: {reason.verify_message}"
    elif isinstance(reason, ssl.SSLError):
        why = (reason.reason or str(reason)).replace("_", " ").lower()
    return TlsError(f"TLS with {host} failed: {why}")


def _why(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno).lower()  # asyncio's own text repeats the address
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
