"""One hop: one request out, one response in, and every library error translated into ours."""

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
    """What a reader of the response would not expect: header lines left out, codings not undone."""
    shortened: bool = False
    """The rest of the body is in the file, or gone."""
    content_type: str = field(init=False)
    """The first Content-Type; RFC 9110, section 5.3 allows one, and some servers send it twice."""
    media_type: str = field(init=False)
    """The type and subtype, in lower case; "" when the server does not say."""
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
        """Keep only the start of the body, and no file."""
        if len(self.body) > SHOWN:
            self.body, self.shortened = self.body[:SHOWN], True
        if self.file is not None:
            self.file.discard()

    def header(self, name: str) -> str:
        """Return the values of header *name* joined with `, ` (RFC 9110, section 5.3); "" when
        there is none.
        """
        return ", ".join(self.header_lines(name))

    def header_lines(self, name: str, default: Sequence[str] = ()) -> Sequence[str]:
        """Return the value of each line of header *name*, in order; *default* when there is
        none.
        """
        return self._lines.get(name, default)

    @property
    def coding_note(self) -> str:
        """What a reader has to know of the content codings; "" when all are undone."""
        return Decoder(self.content_encoding).note if self.content_encoding else ""

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success (RFC 9110, section 15.3)."""
        return 200 <= self.status_code < 300


@dataclass(slots=True)
class Bodies:
    """How the bodies of a call's responses are kept: in memory, or in files."""

    limit: int
    """Bytes of one body in memory, as received and after content coding."""
    new_file: Callable[[], BodyFile] = BodyFile
    reading: Reading = field(default_factory=Reading)
    """How the task wants a body to be read."""

    def wants_file(self, received: Received) -> bool:
        """Say whether the task asks for the body of *received* as a file.

        The body of a failed request is read nevertheless: it says why.
        """
        return self.reading.body == "file" and received.is_success

    def decoded_as(self, received: Received) -> str | None:
        """Return how the body of *received* is read, `json` or `text`; None: it becomes a file."""
        if self.wants_file(received):
            return None
        if self.reading.body == TEXT or (self.reading.body == JSON and received.is_success):
            return self.reading.body
        return reading_of(received.media_type)


@dataclass(slots=True)
class HopRecord:
    """What one hop did; filled in while it runs, so that it is there whatever ends it."""

    request: OutgoingRequest
    sent_headers: Headers = field(default=(), repr=False)
    received: Received | None = None
    phases: dict[str, float] = field(default_factory=dict)
    delivered: bool = False
    """The server could have got the request."""
    unparsed: bytes = field(default=b"", repr=False)
    """What came where no response could be read."""
    way: Way = DIRECT
    """How the operator's network carried it."""
    stale: bool = False
    """It failed on a kept-alive connection before the first byte of a response."""
    challenged: bool = False
    """The response asked for other authorisation: the next hop is the same request again."""
    queue_reason: str = ""
    """Why it waited in the queue, where a limit made it wait."""
    refused: bool = False
    """A limit refused it: no server was asked."""
    pinned: bool = False
    """A pin answered it, or refused it: nothing was sent."""
    network: Recorder | None = field(default=None, repr=False)
    """What `note_so_far` reads, while it runs."""

    def note_so_far(self) -> None:
        """Fill in what has happened, while it runs: a token request goes on when its task ends."""
        network = self.network
        if network is None:
            return
        self.delivered = network.sent
        self.queue_reason, self.refused = network.queue_reason, network.is_refused
        self.sent_headers, self.pinned = network.sent_headers, network.is_pinned
        self.way = network.way
        self.phases = network.phases()

    def shown(self, request: SentRequest, response: RawResponse | None, redactor: Redactor) -> Hop:
        """Return it as an exchange shows it, with *request* and *response*, which are masked."""
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
    """Send *request* once, on a connection of *credential* (made with *identity*, the client's
    certificate), and return the whole response.

    Fills in *record*. Raises the `TaskError` of what went wrong.
    """
    network = record.network = Recorder()
    progress = watched.get()
    if progress is not None:
        progress.network, progress.received = network, None
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
    except Exception as error:  # noqa: BLE001 - no exception of a library reaches an author
        task_error = translated(error, request, network, record.received, timeouts)
        task_error.maybe_delivered = network.sent
        broken = isinstance(task_error, ConnectionFailedError)
        is_kept_alive = not network.connected and not network.is_replaced
        record.stale = broken and network.sent and is_kept_alive and not network.answered
        raise task_error from (error if isinstance(error, KEPT_CAUSES) else None)
    finally:
        record.note_so_far()
        record.network = None
        # What came is shown, though it could not be read, or not be trusted.
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
"""Bytes that are decoded, hashed and written at a time, in a thread."""
SHOWN = 64 * 1024
"""Bytes at the start of a body in a file that an exchange shows."""


async def _read_body(answer: Answer, received: Received, bodies: Bodies) -> None:
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
        if chunks % 256 == 0:  # chunks that are there already come without a wait: let others run
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
    # The wire knows that nothing follows, except for a 205: there it would wait for the body that
    # the headers announce.
    if received.status_code != 205 or received.header("content-length") == "0":
        async for _ in answer.chunks:
            pass


class _Spilling:
    """Moves a body that is too large for memory into a file, block by block."""

    def __init__(self, received: Received, bodies: Bodies) -> None:
        self._received = received
        self._decoder = Decoder(received.content_encoding)
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


def too_large(what: str, received: Received, bodies: Bodies) -> TooLargeError:
    """Build the error for a body over the in-memory limit; *what* starts its message."""
    line = f"{received.status_code} {received.reason_phrase}".strip()
    hint = f" ({line})"
    if received.is_success:
        hint = '; "responseBody": "file" keeps a body of any size in a file'
    return TooLargeError(
        f"{what} over the limit of {bodies.limit:,} bytes{hint}", maybe_delivered=True
    )
