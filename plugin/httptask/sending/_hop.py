"""One hop: one request and its response. All errors are converted to `TaskError`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from httptask._core.redaction import Redactor
from httptask._core.threads import in_thread
from httptask._http.media_types import JSON, TEXT, reading_of, received_essence
from httptask._http.syntax import WITHOUT_CONTENT
from httptask.errors import ConnectionFailedError, TaskError, TooLargeError
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Owner
from httptask.model.exchange import Headers, Hop, OutgoingRequest, RawResponse, SentRequest
from httptask.model.policy import Timeouts
from httptask.model.task import Reading
from httptask.sending._codings import Decoder
from httptask.sending._files import BodyFile
from httptask.sending._head import readable
from httptask.sending._progress import watched
from httptask.sending._translations import KEPT_CAUSES, translated
from httptask.sending._wire import DIRECT, Answer, Recorder, Way, Wire


@dataclass(slots=True)
class Received:
    """A response, complete or as far as it was received."""

    http_version: str
    status_code: int
    reason_phrase: str
    headers: Headers = field(repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    """The bytes before content decoding; only the first ones when `shortened`."""
    complete: bool = False
    size: int = 0
    """Bytes of the body received, before content decoding."""
    may_have_body: bool = True
    """False when the method or the status rules out a body, whatever the headers say."""
    file: BodyFile | None = None
    """The decoded body, when it is too large for memory."""
    notes: list[str] = field(default_factory=list)
    """Remarks for people: header lines that were left out, content codings that were not undone."""
    shortened: bool = False
    """The rest of the body is in the file, or was dropped."""
    content_type: str = field(init=False)
    """The first Content-Type: RFC 9110, section 5.3 allows only one, but some servers send two."""
    media_type: str = field(init=False)
    """The type and subtype, in lower case; "" without a Content-Type."""
    content_encoding: str = field(init=False)
    """The value of Content-Encoding; "" without one."""
    _lines: dict[str, list[str]] = field(init=False, repr=False)
    """The values of each header, by its name in lower case."""

    def __post_init__(self) -> None:
        self._lines = {}
        for name, value in self.headers:
            self._lines.setdefault(name.lower(), []).append(value)
        self.content_type = self.header_lines("content-type", ("",))[0]
        self.media_type = received_essence(self.content_type)
        self.content_encoding = self.header("content-encoding")

    def shorten(self) -> None:
        """Drop all but the start of the body, and discard the file."""
        if len(self.body) > SHOWN:
            self.body = self.body[:SHOWN]
            self.shortened = True
        if self.file is not None:
            self.file.discard()

    def header(self, name: str) -> str:
        """Return the values of header *name* joined with `, ` (RFC 9110, section 5.3), or ""."""
        return ", ".join(self.header_lines(name))

    def header_lines(self, name: str, default: Sequence[str] = ()) -> Sequence[str]:
        """Return the value of each line of header *name*, in order, or *default* without any."""
        return self._lines.get(name, default)

    @property
    def coding_note(self) -> str:
        """A note on the content codings that are not undone; "" when all are undone."""
        if self.content_encoding:
            return Decoder(self.content_encoding).note
        return ""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx (RFC 9110, section 15.3)."""
        return 200 <= self.status_code < 300


@dataclass(slots=True)
class Bodies:
    """How a call stores the bodies of its responses: in memory, or in files."""

    limit: int
    """The most bytes of one body in memory, both before and after content decoding."""
    new_file: Callable[[], BodyFile] = BodyFile
    reading: Reading = field(default_factory=Reading)
    """How the task's settings say that bodies are to be read."""

    def wants_file(self, received: Received) -> bool:
        """Say whether the task wants the body of *received* in a file.

        The body of an error response is never put in a file for that: it explains the error.
        """
        return self.reading.body == "file" and received.is_success

    def decoded_as(self, received: Received) -> str | None:
        """Return how to decode the body of *received*: `json`, `text` or `items`. None: its bytes
        become a file.
        """
        if self.wants_file(received):
            return None
        if self.reading.body == TEXT or (self.reading.body == JSON and received.is_success):
            return self.reading.body
        return reading_of(received.media_type)


@dataclass(slots=True)
class HopRecord:
    """The record of one hop, filled in while it runs: it is complete however the hop ends."""

    request: OutgoingRequest
    sent_headers: Headers = field(default=(), repr=False)
    received: Received | None = None
    phases: dict[str, float] = field(default_factory=dict)
    delivered: bool = False
    """The server may have received the request."""
    unparsed: bytes = field(default=b"", repr=False)
    """The bytes received when they could not be read as a response."""
    way: Way = DIRECT
    """The proxy, and whether the certificate was checked."""
    stale: bool = False
    """The request failed on a kept-alive connection before the first byte of a response."""
    challenged: bool = False
    """The response was a challenge: the next hop is the same request with new authorisation."""
    queue_reason: str = ""
    """The limit that made the request wait in the queue; "" if none did."""
    refused: bool = False
    """A limit refused the request: nothing was sent."""
    pinned: bool = False
    """A pin answered or refused the request: nothing was sent."""
    network: Recorder | None = field(default=None, repr=False)
    """The source of `note_so_far`; None before the hop begins and after it has ended."""

    def note_so_far(self) -> None:
        """Copy the state of a running hop into this record.

        Needed while a token request is still running when its task ends.
        """
        network = self.network
        if network is None:
            return
        self.delivered = network.sent
        self.queue_reason = network.queue_reason
        self.refused = network.is_refused
        self.sent_headers = network.sent_headers
        self.pinned = network.is_pinned
        self.way = network.way
        self.phases = network.phases()

    def shown(
        self,
        request: SentRequest,
        response: RawResponse | None,
        redactor: Redactor,
    ) -> Hop:
        """Convert this record for an exchange; *request* and *response* are already masked."""
        is_unread = self.received is None
        return Hop(
            request,
            response,
            self.phases,
            readable(redactor.bytes(self.unparsed)[:SHOWN]) if is_unread else "",
            self.challenged,
            proxy=self.way.shown_proxy,
            is_insecure=self.way.is_insecure,
            queue_reason=redactor.text(self.queue_reason),
            is_pinned=self.pinned,
        )


async def send_hop(
    wire: Wire,
    request: OutgoingRequest,
    credential: Owner | None,
    timeouts: Timeouts,
    bodies: Bodies,
    record: HopRecord,
    identity: TlsIdentity | None = None,
) -> Received:
    """Send *request* once, and return the complete response.

    The connection is one of *credential*, made with the client certificate *identity*. Fills in
    *record*. Raises a `TaskError`.
    """
    network = record.network = Recorder()
    progress = watched.get()
    if progress is not None:
        progress.network = network
        progress.received = None
    try:
        answer = await wire.send(request, credential, timeouts, network, identity)
        try:
            record.received = _head(answer, request.method)
            if progress is not None:
                progress.received = record.received
            read = _read_body if record.received.may_have_body else _read_nothing
            await read(answer, record.received, bodies)
            record.received.complete = True
        except BaseException as error:
            answer.broke(error)
            raise
        finally:
            answer.close()
    except TaskError as error:
        error.maybe_delivered = network.sent
        raise
    except Exception as error:  # noqa: BLE001 - users see no exceptions of libraries
        task_error = translated(error, request, network, record.received, timeouts)
        task_error.maybe_delivered = network.sent
        broken = isinstance(task_error, ConnectionFailedError)
        is_kept_alive = not network.connected and not network.is_replaced
        record.stale = broken and network.sent and is_kept_alive and not network.answered
        raise task_error from (error if isinstance(error, KEPT_CAUSES) else None)
    finally:
        record.note_so_far()
        record.network = None
        # Show what was received even if it could not be parsed or trusted.
        if record.received is None:
            head = network.head.final_head()
            if head is not None:
                record.received = Received(*head, may_have_body=False, notes=network.head.notes)
            record.unparsed = network.head.raw
    return record.received


def _head(answer: Answer, method: str) -> Received:
    received = Received(
        http_version=answer.http_version,
        status_code=answer.status_code,
        reason_phrase=answer.reason_phrase,
        headers=answer.headers,
        may_have_body=method != "HEAD" and answer.status_code not in WITHOUT_CONTENT,
        notes=answer.notes,
    )
    if received.coding_note and received.may_have_body:
        received.notes.append(received.coding_note)
    return received


_BLOCK = 1024 * 1024
"""Bytes that a thread decodes, hashes and writes at a time."""
SHOWN = 64 * 1024
"""Bytes of a shortened body that stay in memory, for the exchange."""


async def _read_body(answer: Answer, received: Received, bodies: Bodies) -> None:
    """Read the body into memory, or from `bodies.limit` on into a file if it need not be decoded.

    Raises `TooLargeError` for a body over the limit that must be decoded.
    """
    stays_in_memory = bodies.decoded_as(received) is not None
    declared = received.header("content-length")
    is_number = declared.isascii() and declared.isdigit()
    is_length = is_number and not received.header("transfer-encoding")  # RFC 9112, section 6.3
    if stays_in_memory and is_length and int(declared) > bodies.limit:
        raise too_large(f"the response's body is {int(declared):,} bytes,", received, bodies)
    spilling: _Spilling | None = None
    chunks = 0
    async for chunk in answer.chunks:
        received.size += len(chunk)
        if spilling is not None:
            await spilling.add(chunk)
            continue
        received.body += chunk
        chunks += 1
        if chunks % 256 == 0:  # buffered chunks arrive without a wait: let other tasks run
            await asyncio.sleep(0)
        if len(received.body) > bodies.limit:
            if stays_in_memory:
                received.size = bodies.limit
                del received.body[bodies.limit :]
                raise too_large("the response's body is", received, bodies)
            spilling = _Spilling(received, bodies)
            await spilling.begin()
    if spilling is not None:
        await spilling.finish()


async def _read_nothing(answer: Answer, received: Received, bodies: Bodies) -> None:
    # The wire expects no body after HEAD, 204 or 304. After a 205 the wire would wait for the body
    # that the headers announce, so the body of a 205 is not read.
    if received.status_code != 205 or received.header("content-length") == "0":
        async for _ in answer.chunks:
            pass


class _Spilling:
    """Moves a body that is too large for memory into a file, one block at a time."""

    def __init__(self, received: Received, bodies: Bodies) -> None:
        self._received = received
        self._decoder = Decoder(received.content_encoding)
        self._block = bytearray()
        self._file = received.file = bodies.new_file()

    async def begin(self) -> None:
        """Write the bytes received so far; only the first of them stay in memory."""
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


def too_large(subject: str, received: Received, bodies: Bodies) -> TooLargeError:
    """Build the error for a body over the in-memory limit; *subject* starts its message."""
    line = f"{received.status_code} {received.reason_phrase}".strip()
    hint = f" ({line})"
    if received.is_success:
        hint = '; "responseBody": "file" keeps a body of any size in a file'
    return TooLargeError(
        f"{subject} over the limit of {bodies.limit:,} bytes{hint}", maybe_delivered=True
    )
