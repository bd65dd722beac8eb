"""A tunnel through a proxy: the CONNECT request and its response (RFC 9110, section 9.3.6)."""

from __future__ import annotations

import asyncio
from typing import cast

from httptask.errors import (
    ConnectionFailedError,
    ProtocolError,
    TaskError,
    TooLargeError,
)
from httptask.sending._framing import BodyReader, body_reader
from httptask.sending._head import HeadReader, MalformedHeadError, readable, start_of
from httptask.sending._retry import retry_after, server_time
from httptask.sending._wire import MalformedError, Origin, Proxy

_SHOWN = 500
"""The most bytes of a refusal's body that the error quotes."""
_PATIENCE_SECONDS = 1
"""How long to wait for the body of a refusal."""


class Tunnel(asyncio.Protocol):
    """Asks *proxy* for a tunnel to *origin*. TLS with the origin then starts on the same
    transport.
    """

    def __init__(self, proxy: Proxy, origin: Origin) -> None:
        self._loop = asyncio.get_running_loop()
        self.proxy = proxy
        self.origin = origin
        self._head = HeadReader()
        self._body: BodyReader | None = None
        self._refusal = bytearray()
        self._is_at_end = False
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self.transport: asyncio.Transport | None = None

    async def open(self) -> asyncio.Transport:
        """Send CONNECT and return the transport once it leads to the origin. Raises a
        `TaskError`.
        """
        transport = self.transport
        if transport is None:
            raise self._broken()
        lines = [f"CONNECT {self.origin} HTTP/1.1", f"Host: {self.origin}"]
        if self.proxy.authorization:
            lines.append(f"Proxy-Authorization: {self.proxy.authorization}")
        transport.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        await self._answered
        if not 200 <= self._head.status < 300:
            refusal = bytes(self._refusal)
            if not self._is_at_end:  # cut at a word: the end may be half of an echoed password
                refusal = start_of(refusal, len(refusal) - 1)
            raise proxy_refused(self.proxy, f"CONNECT {self.origin}", self._head, refusal)
        return transport

    def abort(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._take(data)
        except (MalformedHeadError, MalformedError) as error:
            self._end(ProtocolError(f"the proxy {self.proxy} does not answer in HTTP: {error}"))
        except TooLargeError as error:
            self._end(TooLargeError(f"the proxy {self.proxy}: {error}"))

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        if self._body is None:
            self._end(self._broken(error))
        else:
            self._is_at_end |= self._body.ends_with_connection and error is None
            self._end(None)

    # Internal

    def _take(self, data: bytes) -> None:
        """Pass received *data* to the head or the body of the proxy's response."""
        if self._body is None:
            rest = self._head.feed(data)
            if rest is None:
                return
            self._body = body_reader(self._head, "CONNECT")
            data = rest
            if self._body.is_complete and data:
                # The origin sends nothing before TLS begins: somebody else sent these bytes.
                raise MalformedError(f"{len(data):,} bytes follow its answer to CONNECT")
            self._loop.call_later(_PATIENCE_SECONDS, self._end, None)
        if not self._body.is_complete:
            self._refusal += b"".join(self._body.feed(data))
        self._is_at_end = self._body.is_complete
        if self._body.is_complete or len(self._refusal) > _SHOWN:
            self._end(None)

    def _end(self, error: TaskError | None) -> None:
        if self._answered.done():
            return
        if self.transport is not None:
            self.transport.pause_reading()  # the bytes that follow belong to TLS
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)

    def _broken(self, error: Exception | None = None) -> TaskError:
        why = f": {error}" if error is not None else ""
        return ConnectionFailedError(
            f"the proxy {self.proxy} closed the connection before it answered CONNECT"
            f" {self.origin}{why}"
        )


def proxy_refused(
    proxy: Proxy,
    request_name: str,
    head: HeadReader,
    body: bytes = b"",
) -> ConnectionFailedError:
    """Return the error for *proxy*, which refused *request_name*.

    *head* is the head of its response, *body* the start of the body.
    """
    line = f"{head.status} {readable(head.reason)}".strip()
    # Compressed bytes are no text to quote.
    excerpt = "" if head.values(b"content-encoding") else _text(body)
    quotation = f"; it says: {excerpt}" if excerpt else ""
    wait = retry_after(
        map(readable, head.values(b"retry-after")), server_time(map(readable, head.values(b"date")))
    )
    may_retry = head.status >= 500 or head.status in (408, 429)
    return ConnectionFailedError(
        f"the proxy {proxy} refuses {request_name}: {line}; {_advice(proxy, head)}{quotation}",
        retry_after=wait if may_retry else None,
        is_final=not may_retry,
    )


def _text(body: bytes) -> str:
    return " ".join(readable(start_of(body, _SHOWN)).split())


def _advice(proxy: Proxy, head: HeadReader) -> str:
    if head.status in (401, 407):  # some proxies, such as tinyproxy, send 401 instead of 407
        return _credentials_advice(proxy, head)
    if head.status >= 500:
        return "it could not reach the server"
    return "its rules forbid it: ask who runs it, or name the host in HTTPTASK_NO_PROXY"


def _credentials_advice(proxy: Proxy, head: HeadReader) -> str:
    schemes = {
        readable(value).partition(" ")[0].strip(",") for value in head.values(b"proxy-authenticate")
    }
    if schemes and "basic" not in {scheme.lower() for scheme in schemes}:
        return f"it asks for {', '.join(sorted(schemes))}, and only Basic is supported"
    if proxy.authorization:
        return "it does not accept the user and the password in HTTPTASK_PROXY"
    return "it asks for credentials: HTTPTASK_PROXY=http://USER:PASSWORD@HOST:PORT has them"
