"""One HTTP/1.1 connection as an asyncio protocol. It carries one request at a time."""

from __future__ import annotations

import asyncio
import math
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import cast

from httptask.errors import TaskError
from httptask.model.exchange import OutgoingRequest, StreamedBody
from httptask.sending._framing import BodyReader, body_reader
from httptask.sending._head import MalformedHeadError
from httptask.sending._wire import ClosedError, Recorder, SilenceError, UnsendableError, WireError

_PIECE = 256 * 1024
"""A long request body is written in pieces of so many bytes, so that observers see progress."""
_SHORT = 64 * 1024
"""Requests up to this size, in bytes, are written at once: the transport's buffer holds them."""
_READ_AHEAD = 512 * 1024
"""Bytes of a response body to buffer before reading from the socket is paused."""


class Connection(asyncio.Protocol):
    """A connection. *lost* is called when the connection is closed, by the server or by us."""

    def __init__(self, lost: Callable[[Connection], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self.gone: asyncio.Future[None] = self._loop.create_future()
        # Done when the transport can take more data; None while the transport's buffer has room.
        self._writable: asyncio.Future[None] | None = None
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._request: OutgoingRequest | None = None  # None: idle
        self._gives_up_at = math.inf
        # One timer serves many requests: to make and cancel one for each takes longer.
        self._timer: asyncio.TimerHandle | None = None

    def begin(
        self,
        request: OutgoingRequest,
        recorder: Recorder,
        patience: float,
    ) -> None:
        """Prepare for the response to *request*. No read or write may take longer than *patience*
        seconds.
        """
        self._request = request
        self._recorder = recorder
        self._patience = patience
        self._body: BodyReader | None = None
        self._pieces: deque[bytes] = deque()
        self._ahead = 0
        self._error: Exception | None = None

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._request is None or (self._body is not None and self._body.is_complete):
            self.abort()  # data that belongs to no request (RFC 9112, section 9.2)
            return
        self._recorder.read(len(data))
        try:
            self._take(data, self._request)
        except (MalformedHeadError, WireError, TaskError) as error:
            self._fail(error)
        self._wake()

    def eof_received(self) -> None:
        self._ended(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._ended(error)
        self.resume_writing()
        if self._timer is not None:
            self._timer.cancel()
        if not self.gone.done():
            self.gone.set_result(None)
        self._lost(self)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # Called by the wire

    def start(self, head: bytes, body: bytes | StreamedBody) -> None:
        """Begin to write *head* and *body*. A separate task sends a long body, so that the response
        can be read at the same time.
        """
        if isinstance(body, bytes) and len(head) + len(body) <= _SHORT and not self._is_chunked:
            self._put(head + body)
        else:
            self._sender = self._loop.create_task(self._send(head, body))

    async def answered(self) -> None:
        """Wait for the head of the final response. Raises the error that ended the connection."""
        while self._body is None:
            if self._error is not None:
                raise self._error
            await self._wait()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. An error is raised after all bytes that arrived before."""
        while True:
            # Before the error: bytes that arrived are the body's, even if the connection broke
            # after them.
            while self._pieces:
                piece = self._pieces.popleft()
                self._ahead -= len(piece)
                yield piece
            if self._is_complete:
                return
            if self._error is not None:
                raise self._error
            if self._is_paused:
                self._flow()
            await self._wait()

    def leave(self) -> bool:
        """End the exchange, and say whether the connection can be used again.

        The connection is closed unless the whole request was sent, the response was read exactly to
        its end, and the server keeps the connection open.
        """
        recorder = self._recorder
        body = self._body
        sender = self._sender
        self._request = self._sender = None
        was_sent = sender is None or (
            sender.done() and not sender.cancelled() and sender.exception() is None
        )
        # Surplus bytes would be taken for the response to the next request (RFC 9112, section 9.2).
        was_read = body is not None and body.is_complete and not body.has_surplus
        is_open = self._error is None and not self.is_closing
        if was_sent and was_read and is_open and recorder.head.keeps_alive:
            self._pieces.clear()
            if self._is_paused:
                self._flow()
            return True
        if sender is not None:
            # A request that was sent in part leaves the server waiting for the rest: nothing else
            # may follow.
            sender.cancel()
        self.abort()
        return False

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent: the server has neither closed the idle connection
        nor sent anything on it.
        """
        return not self.is_closing and not _readable(self._transport)

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # Internal

    @property
    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._transport is None or self.gone.done() or self._transport.is_closing()

    @property
    def _is_chunked(self) -> bool:
        return self._request is not None and self._request.has_header("transfer-encoding")

    @property
    def _is_complete(self) -> bool:
        if self._body is None:
            return False
        at_end = isinstance(self._error, ClosedError) and self._body.ends_with_connection
        return self._body.is_complete or at_end

    def _take(self, data: bytes, request: OutgoingRequest) -> None:
        """Pass received *data* to the head or the body of the response to *request*.

        Reading is paused while too much of the body is buffered.
        """
        if self._body is None:
            head = self._recorder.head
            rest = head.feed(data)
            if rest is None:
                return
            self._body = body_reader(head, request.method)
            data = rest
        if self._body.is_complete:
            self._body.has_surplus = self._body.has_surplus or bool(data)
            return
        for piece in self._body.feed(data):
            self._pieces.append(piece)
            self._ahead += len(piece)
        if self._ahead > _READ_AHEAD and not self._is_paused and self._transport is not None:
            # A reader slower than the server must not fill the memory: TCP then slows the server
            # down.
            self._transport.pause_reading()
            self._is_paused = True

    def _flow(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._is_paused = False

    def _ended(self, error: Exception | None) -> None:
        if self._request is not None:
            missing = self._body.missing() if self._body is not None else "no whole head came"
            self._fail(error or ClosedError(missing))

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        """Wait until data, an error, or the end of sending arrives. Raises `SilenceError`.

        The read timeout does not run while the request is still being sent: then each write has a
        timeout.
        """
        self._waiter = waiter = self._loop.create_future()
        if self._sender is None or self._sender.done():
            self._gives_up_at = self._loop.time() + self._patience
            if self._timer is None or self._timer.when() > self._gives_up_at:
                self._watch()
        try:
            await waiter
        finally:
            self._gives_up_at = math.inf
            self._waiter = None

    def _watch(self) -> None:
        """End the wait when it has taken too long. The timer may run on when the wait has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._gives_up_at > self._loop.time():
            if self._gives_up_at < math.inf:
                self._timer = self._loop.call_at(self._gives_up_at, self._watch)
        elif self._waiter is not None:
            _give_up(self._waiter, False)

    async def _send(self, head: bytes, body: bytes | StreamedBody) -> None:
        """Write *head* and *body*. An error ends the exchange: the reader raises it."""
        chunked = self._is_chunked
        declared = len(body)
        sent = 0
        try:
            await self._write(head)
            async for piece in _pieces(body):
                sent += len(piece)
                await self._write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                await self._write(b"0\r\n\r\n")
            elif sent != declared:
                raise UnsendableError(f"its body has {sent:,} bytes, not {declared:,}")
        except Exception as error:  # noqa: BLE001 - from a file or a plugin; the reader raises it
            self._fail(error)
        finally:
            self._wake()

    async def _write(self, data: bytes) -> None:
        if self.is_closing:  # not an error: the server may have sent its response already
            return
        since = self._put(data)
        writable = self._writable
        if writable is not None:
            timer = self._loop.call_later(self._patience, _give_up, writable, True)
            try:
                await writable
            finally:
                timer.cancel()
            self._recorder.wrote(0, since)

    def _put(self, data: bytes) -> float:
        since = time.perf_counter()
        if self._transport is not None and not self.is_closing:
            self._transport.write(data)
            self._recorder.wrote(len(data), since)
        return since


def _give_up(waiter: asyncio.Future[None], is_writing: bool) -> None:
    # Data that arrived while the event loop was busy counts: asyncio handles sockets before timers.
    if not waiter.done():
        waiter.set_exception(SilenceError(is_writing=is_writing))


async def _pieces(body: bytes | StreamedBody) -> AsyncIterator[bytes]:
    if isinstance(body, StreamedBody):
        async for piece in body:
            yield piece
        return
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _readable(transport: asyncio.Transport | None) -> bool:
    """Say whether data, or the end of the connection, waits in the socket, unseen by the event
    loop.
    """
    socket = transport.get_extra_info("socket") if transport is not None else None
    if socket is None:
        return False
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
