"""The server that receives callbacks: HTTP/1.1, one call per connection, with limits on size, time
and connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from httptask.engines.callbacks._callbacks import Callbacks, Opened
from httptask.engines.callbacks._calls import (
    METHODS,
    MOST_BYTES,
    SECONDS,
    joined,
    response_of,
)
from httptask.engines.callbacks._tokens import Secret
from httptask.model.callback import Answer, Received

Receive = Callable[[str, Received], Awaitable[Answer]]
"""Returns the answer to a call of a path."""

_MOST_HEAD = 32 * 1024
"""The size limit of the request line and headers, in bytes."""
_CLOSE_SECONDS = 2.0
"""The time for open calls when the server closes, so that the call that ended the run still gets
its answer.
"""
_MOST_CONNECTIONS = 200
"""The number of connections; further connections are answered with the status 503."""


@contextlib.asynccontextmanager
async def receiving(
    host: str,
    port: int,
    secret: Secret,
    *,
    address: str | None = None,
    opened: Opened | None = None,
) -> AsyncIterator[Callbacks]:
    """Serve callbacks on *host* and *port* (0: a free port), and yield the `Callbacks` of tasks.

    *address* is the URL by which APIs reach the server, for example the URL of a proxy; None: the
    URL of *host* and the port. For *secret* and *opened* see `Callbacks`. Raises `OSError`.
    """

    async def receive(path: str, received: Received) -> Answer:
        return await callbacks.receive(path, received)

    async with serving(host, port, receive) as bound:
        callbacks = Callbacks(address or bound, secret, opened=opened)
        yield callbacks


@contextlib.asynccontextmanager
async def serving(host: str, port: int, receive: Receive) -> AsyncIterator[str]:
    """Serve on *host* and *port* (0: a free port) while the block lasts; *receive* answers calls.

    Yield the URL of the server. Raises `OSError`.
    """
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        await _serve(receive, reader, writer, is_full=len(connections) > _MOST_CONNECTIONS)

    server = await asyncio.start_server(serve, host, port, limit=_MOST_HEAD)
    bound_port = server.sockets[0].getsockname()[1]
    shown_host = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown_host}:{bound_port}"
    finally:
        server.close()
        if connections:
            # A callback that is just being answered may finish: its sender would otherwise repeat
            # it.
            _, unfinished = await asyncio.wait(connections, timeout=_CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()


async def _serve(
    receive: Receive,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    is_full: bool,
) -> None:
    """Serve one connection: read one call, answer it, and close."""
    try:
        async with asyncio.timeout(SECONDS):
            answer = Answer(503, "too many calls at once")
            if not is_full:
                answer = await _answer(receive, reader, writer)
            writer.write(_response(answer))
            await writer.drain()
            # Read what still comes for a second: closing with unread data would reset the
            # connection, and the caller might lose the answer (RFC 9112, section 9.6).
            writer.write_eof()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while await reader.read(65536):
                        pass
    except (OSError, TimeoutError):
        pass  # the caller has gone, or is too slow
    finally:
        writer.close()


@dataclass(slots=True)
class _Call:
    """A call while it is read. `HttpRequestParser` calls the methods `on_…`."""

    target: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)
    head_size: int = 0
    has_head: bool = False
    is_whole: bool = False

    def on_url(self, url: bytes) -> None:
        self.target += url
        self.head_size += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))
        self.head_size += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, data: bytes) -> None:
        if len(self.content) <= MOST_BYTES:  # a longer body is refused, so the rest is dropped
            self.content += data

    def on_message_complete(self) -> None:
        self.is_whole = True

    def header(self, name: str) -> str:
        return joined(self.headers).get(name, "")

    def refusal(self, method: str) -> Answer | None:
        """Return the answer that refuses the call, as soon as it is known; else None."""
        if method not in METHODS:
            return Answer(405, "a callback is a POST or a PUT")
        length = self.header("content-length")
        is_long = length.isdigit() and int(length[:20]) > MOST_BYTES
        if is_long or len(self.content) > MOST_BYTES:
            return Answer(413, f"a callback has at most {MOST_BYTES:,} bytes")
        return None


async def _answer(
    receive: Receive,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> Answer:
    """Read a call, and return the answer to it."""
    call = _Call()
    parser = HttpRequestParser(call)
    size, is_continued = 0, False
    while not call.is_whole:
        data = await reader.read(65536)
        if not data:
            return Answer(400, "the call ended early")
        size += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            return Answer(400, "this is no HTTP request that is understood here")
        if call.head_size > _MOST_HEAD or (not call.has_head and size > _MOST_HEAD):
            return Answer(431, f"the head of a call has at most {_MOST_HEAD:,} bytes")
        if not call.has_head:
            continue
        refusal = call.refusal(parser.get_method().decode("latin-1"))
        if refusal is not None:
            return refusal
        # RFC 9110, section 10.1.1: a client that sent `Expect: 100-continue` may wait for this
        # response before it sends the body.
        if not is_continued and not call.is_whole and call.header("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            is_continued = True
    path, _, query = call.target.decode("latin-1").partition("?")
    method = parser.get_method().decode("latin-1")
    received = Received(joined(call.headers), bytes(call.content), query, method)
    return await receive(path, received)


def _response(answer: Answer) -> bytes:
    headers, body = response_of(answer)
    status = http.HTTPStatus(answer.status)
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
