"""One hop: one request out, one response in, and every library error translated into ours."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpcore
import httpx

from httptask._threads import in_thread
from httptask.errors import (
    ConnectionFailedError,
    DnsError,
    TaskError,
    TooLargeError,
)
from httptask.model.exchange import Headers, OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.model.task import Reading
from httptask.sending._codings import Decoder
from httptask.sending._files import BodyFile
from httptask.sending._head import readable
from httptask.sending._media import JSON, TEXT, kind_of, media_type
from httptask.sending._network import CheckedNetwork, CheckEgress, RecordedStream, Recorder, recorder
from httptask.sending._progress import watched
from httptask.sending._translations import KEPT_CAUSES, translated

_KEPT_ALIVE = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's own transport over our network. It stays httpx's class, so that what mocks httpx mocks us."""

    def __init__(self, network: CheckedNetwork) -> None:
        # Proxies of the environment are ignored and certificates are chosen in the network: nothing to prepare here.
        super().__init__(verify=False, trust_env=False)
        self.pool = self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            max_connections=_KEPT_ALIVE.max_connections,
            max_keepalive_connections=_KEPT_ALIVE.max_keepalive_connections,
            keepalive_expiry=_KEPT_ALIVE.keepalive_expiry,
            network_backend=network,
        )


class Connections:
    """Kept-alive connections of one event loop, never shared between credentials."""

    def __init__(self, check: CheckEgress) -> None:
        self._network = CheckedNetwork(check, self._tls)
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}

    def transport(self, credential: str | None) -> httpx.AsyncHTTPTransport:
        """Return the transport whose connections belong to *credential*."""
        if credential not in self._transports:
            self._transports[credential] = _Transport(self._network)
        return self._transports[credential]

    async def aclose(self) -> None:
        """Close every connection."""
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()  # certifi, or SSL_CERT_FILE and SSL_CERT_DIR

    def _tls(self) -> ssl.SSLContext:
        return self._context


@dataclass(slots=True)
class Received:
    """A response as far as it came."""

    http_version: str
    status_code: int
    reason_phrase: str
    headers: Headers = field(repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    """As it came; only its start when it is `shortened`."""
    complete: bool = False
    size: int = 0
    """Bytes of the body as it came."""
    may_have_body: bool = True
    """False for what has none, whatever its headers say."""
    file: BodyFile | None = None
    """Where a body went that is too large for memory, after content coding."""
    notes: list[str] = field(default_factory=list)
    """What was made of it that its reader would not expect."""
    shortened: bool = False
    """The rest of the body is in the file, or gone."""

    def shorten(self) -> None:
        """Keep no more of the body than its start, and no file."""
        if len(self.body) > SHOWN:
            self.body, self.shortened = self.body[:SHOWN], True
        if self.file is not None:
            self.file.discard()

    def header(self, name: str) -> str:
        """Return the values of header *name* joined with `, ` (RFC 9110, section 5.3); "" when there is none."""
        return ", ".join(self.header_lines(name))

    def header_lines(self, name: str) -> list[str]:
        """Return the value of each line of header *name*, in order."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def content_type(self) -> str:
        """The first Content-Type; RFC 9110, section 5.3 allows one, and some servers send it twice."""
        return next((value for key, value in self.headers if key.lower() == "content-type"), "")

    @property
    def media_type(self) -> str:
        """The type and subtype, in lower case; "" when the server does not say."""
        return media_type(self.content_type)

    @property
    def coding_note(self) -> str:
        """What a reader has to know of the content codings; "" when all are undone."""
        return Decoder(self.header("content-encoding")).note

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success (RFC 9110, section 15.3)."""
        return 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class Bodies:
    """How the bodies of a call's responses are kept: in memory, or in files."""

    limit: int
    """Bytes of one body in memory, as received and after content coding."""
    new_file: Callable[[], BodyFile] = BodyFile
    reading: Reading = field(default_factory=Reading)
    """How its task has a body read."""

    def wanted(self, received: Received) -> bool:
        """Say whether the body of *received* was asked for as a file. What failed is read, so that it says why."""
        return self.reading.body == "file" and received.is_success

    def kind(self, received: Received) -> str | None:
        """Return how the body of *received* is read, `json` or `text`; None: it becomes a file."""
        if self.wanted(received):
            return None
        if self.reading.body == TEXT or (self.reading.body == JSON and received.is_success):
            return self.reading.body
        return kind_of(received.media_type)


@dataclass(slots=True)
class HopRecord:
    """What one hop did; filled in while it goes on, so that it is there whatever ends it."""

    request: OutgoingRequest
    sent_headers: Headers = field(default=(), repr=False)
    received: Received | None = None
    phases: dict[str, float] = field(default_factory=dict)
    delivered: bool = False
    """The server could have got the request."""
    unparsed: bytes = field(default=b"", repr=False)
    """What came where no response could be read."""
    stale: bool = False
    """It failed on a kept-alive connection before the first byte of a response."""


async def send_hop(
    transport: httpx.AsyncHTTPTransport, request: OutgoingRequest, timeouts: Timeouts, bodies: Bodies, record: HopRecord
) -> Received:
    """Send *request* once and return the whole response. Raises the `TaskError` of what went wrong; fills in *record*."""
    network = Recorder()
    token = recorder.set(network)
    progress = watched.get()
    if progress is not None:
        progress.network = network
    try:
        outgoing = _httpx_request(request, timeouts)
        record.sent_headers = _text_headers(outgoing.headers.raw)
        record.delivered = True  # until the network says that nothing went out
        response = await transport.handle_async_request(outgoing)
        try:
            record.received = _head(response, request.method, network.head.notes)
            await (_read_body if record.received.may_have_body else _read_nothing)(response, record.received, bodies)
            _drop_surplus(response, transport)
        finally:
            await response.aclose()
    except TaskError as error:
        record.delivered = error.maybe_delivered = network.sent
        raise
    except Exception as error:  # noqa: BLE001 - no exception of a library reaches an author, known or not
        task_error = translated(error, request, network, record.received, timeouts)
        # Where a test has put something in place of the network, only what the error says is known.
        record.delivered = network.sent or (
            network.idle and record.delivered and not isinstance(error, _BEFORE_SENDING)
        )
        task_error.maybe_delivered = record.delivered
        broken = isinstance(task_error, ConnectionFailedError)
        record.stale = broken and network.sent and not network.connected and not network.answered
        raise task_error from (error if isinstance(error, KEPT_CAUSES) else None)
    finally:
        record.delivered = record.delivered and (network.sent or network.idle)
        if record.received is None:  # what came is shown, though it could not be read, or not be trusted
            head = network.head.final_head()
            if head is not None:
                record.received = Received(*head, may_have_body=False, notes=network.head.notes)
            record.unparsed = network.head.raw
        record.phases = network.phases()
        recorder.reset(token)
    return record.received


_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Errors that httpx raises before a byte of the request went out."""


def _httpx_request(request: OutgoingRequest, timeouts: Timeouts) -> httpx.Request:
    pace = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.read, "pool": timeouts.connect}
    headers = [(name.encode("ascii"), value.encode("utf-8")) for name, value in request.headers]
    # With no body, GET and the like must not say Content-Length: 0; httpx adds it where RFC 9110, section 8.6 wants it.
    outgoing = httpx.Request(
        request.method, request.url, headers=headers, content=request.body or None, extensions={"timeout": pace}
    )
    outgoing.method = request.method  # the library writes all in capitals; they have a case (RFC 9110, section 9.1)
    return outgoing


def _head(response: httpx.Response, method: str, notes: list[str]) -> Received:
    extensions = response.extensions
    received = Received(
        http_version=readable(extensions.get("http_version", b"HTTP/1.1")),
        status_code=response.status_code,
        reason_phrase=readable(extensions.get("reason_phrase", b""))
        if "reason_phrase" in extensions
        else response.reason_phrase,
        headers=_text_headers(response.headers.raw),
        may_have_body=method != "HEAD" and response.status_code not in _BODILESS,
        notes=notes,
    )
    if received.coding_note and received.may_have_body:
        received.notes.append(received.coding_note)
    return received


_BODILESS = frozenset((204, 205, 304))
"""RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5."""
_BLOCK = 1024 * 1024
"""Bytes that are decoded, hashed and written at a time, in a thread."""
SHOWN = 64 * 1024
"""Bytes at the start of a body in a file that an exchange shows."""


async def _read_body(response: httpx.Response, received: Received, bodies: Bodies) -> None:
    kind, declared = bodies.kind(received), received.header("content-length")
    is_length = declared.isascii() and declared.isdigit() and not received.header("transfer-encoding")
    if kind and is_length and int(declared) > bodies.limit:
        raise too_large(f"the response's body is {int(declared):,} bytes,", received, bodies)
    spilling: _Spilling | None = None
    chunks = 0
    async for chunk in _raw(response):
        received.size += len(chunk)
        if spilling is not None:
            await spilling.add(chunk)
            continue
        received.body += chunk
        chunks += 1
        if chunks % 256 == 0:  # what has arrived already comes without waiting: let others run
            await asyncio.sleep(0)
        if len(received.body) > bodies.limit:
            if kind:
                received.size = bodies.limit
                del received.body[bodies.limit :]
                raise too_large("the response's body is", received, bodies)
            spilling = _Spilling(received, bodies)
            await spilling.begin()
    if spilling is not None:
        await spilling.finish()
    received.complete = True


async def _read_nothing(response: httpx.Response, received: Received, bodies: Bodies) -> None:
    # The parser knows that nothing follows, but for a 205: there it would wait for what the headers speak of.
    if received.status_code != 205 or received.header("content-length") == "0":
        async for _ in _raw(response):
            pass
    received.complete = True


class _Spilling:
    """The way of a body that is too large for memory into a file."""

    def __init__(self, received: Received, bodies: Bodies) -> None:
        self._received = received
        self._decoder = Decoder(received.header("content-encoding"))
        self._block = bytearray()
        self._file = received.file = bodies.new_file()

    async def begin(self) -> None:
        """Write what has been received so far; only its start stays in memory."""
        self._block, self._received.body = self._received.body, self._received.body[:SHOWN]
        self._received.shortened = True
        await self._flush()

    async def add(self, chunk: bytes) -> None:
        self._block += chunk
        if len(self._block) >= _BLOCK:
            await self._flush()

    async def finish(self) -> None:
        await self._flush()
        self._decoder.finish()

    async def _flush(self) -> None:
        block, self._block = self._block, bytearray()
        await in_thread(lambda: self._write(block))

    def _write(self, block: bytearray) -> None:
        for piece in self._decoder.feed(block):
            self._file.write(piece)


def _drop_surplus(response: httpx.Response, transport: httpx.AsyncHTTPTransport) -> None:
    """See that bytes after the end of *response* are never taken for the next one: their connection is not used again."""
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, RecordedStream) or not isinstance(transport, _Transport):
        return
    for connection in transport.pool.connections:
        # Only the HTTP/1.1 parser knows where the response ended, and the pool has no public way to ask it.
        inner = getattr(connection, "_connection", None)
        if inner is not None and inner._network_stream is stream:
            stream.spent = bool(inner._h11_state.trailing_data[0])


def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    # The transport's stream itself: Response.aiter_raw would also count and close, and refuse mocks that were read before.
    stream = response.stream
    if isinstance(stream, httpx.AsyncByteStream):
        return stream.__aiter__()
    raise TypeError("the transport answered with a stream that is not asynchronous")


def too_large(what: str, received: Received, bodies: Bodies) -> TooLargeError:
    """Return the error of *what*, of *received*, is over the limit for bodies in memory."""
    line = f"{received.status_code} {received.reason_phrase}".strip()
    hint = '; "responseBody": "file" keeps a body of any size in a file' if received.is_success else f" ({line})"
    return TooLargeError(f"{what} over the limit of {bodies.limit:,} bytes{hint}", maybe_delivered=True)


def _text_headers(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((readable(name), readable(value)) for name, value in raw)


__all__ = ["Connections", "DnsError", "HopRecord", "Received", "send_hop"]
