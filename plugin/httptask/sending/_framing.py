"""Where the body of a response ends (RFC 9112, section 6): decided from its head."""

from __future__ import annotations

from typing import Protocol

from httptools import HttpParserError, HttpResponseParser

from httptask.errors import TooLargeError
from httptask.sending._head import HeadReader, MalformedHeadError
from httptask.sending._wire import MalformedError

_MOST_TRAILERS = 100 * 1024
"""Bytes in a row that may hold nothing of the body: chunk extensions and trailers."""


class BodyReader(Protocol):
    """Takes the bytes behind a head."""

    is_complete: bool
    """The body's end has come."""
    has_surplus: bool
    """Bytes came behind the end."""
    ends_with_connection: bool
    """Closing the connection is the end."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces of the body in *data*."""
        ...

    def missing(self) -> str:
        """Say what a body that ended too early lacks."""
        ...


def body_reader(head: HeadReader, method: str) -> BodyReader:
    """Return the reader of the body behind *head*, the answer to a request with *method*.

    Raises `MalformedHeadError` when it is not certain where the body ends.
    """
    if head.status == 101:  # RFC 9110, section 7.8; no task may ask for it
        raise MalformedHeadError("it changes to another protocol, which was not asked for")
    codings = head.values(b"transfer-encoding")
    size = _size(head.values(b"content-length"))
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        raise MalformedHeadError(
            "its Transfer-Encoding is not one 'chunked': where the body ends is not known"
        )
    is_tunnel = method == "CONNECT" and head.status < 300
    if head.status in (204, 304) or method == "HEAD" or is_tunnel:
        return SizedBody(0)
    # RFC 9112, section 6.3: a sign of request smuggling or response splitting.
    if codings and size is not None:
        raise MalformedHeadError(
            "it has both Transfer-Encoding and Content-Length: where the body ends is not known"
        )
    if codings:
        return ChunkedBody()
    return EndlessBody() if size is None else SizedBody(size)


def _size(values: list[bytes]) -> int | None:
    """Return the one length in *values* of `Content-Length`; None without any.

    The same length may come twice (RFC 9110, section 8.6).
    """
    lengths = {length.strip(b" \t") for value in values for length in value.split(b",")}
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > 20:
        raise MalformedHeadError(
            "its Content-Length is not one number: where the body ends is not known"
        )
    return int(length)


class SizedBody:
    """A body of so many bytes."""

    __slots__ = ("_missing", "_size", "ends_with_connection", "has_surplus", "is_complete")

    def __init__(self, size: int) -> None:
        self._size = self._missing = size
        self.is_complete = size == 0
        self.has_surplus = self.ends_with_connection = False

    def feed(self, data: bytes) -> list[bytes]:
        piece = data[: self._missing]
        self.has_surplus = len(piece) < len(data)
        self._missing -= len(piece)
        self.is_complete = self._missing == 0
        return [piece] if piece else []

    def missing(self) -> str:
        return f"{self._missing:,} of {self._size:,} bytes are missing"


class EndlessBody:
    """A body that the end of the connection ends."""

    is_complete = has_surplus = False
    ends_with_connection = True

    def feed(self, data: bytes) -> list[bytes]:
        return [data] if data else []

    def missing(self) -> str:
        return "its end is missing"


class ChunkedBody:
    """A body in chunks (RFC 9112, section 7.1), read by llhttp in its strict mode with one
    exception.
    """

    ends_with_connection = False

    def __init__(self) -> None:
        self.is_complete = self.has_surplus = False
        self._pieces: list[bytes] = []
        self._tail = b""
        self._without_body = 0
        self._parser = HttpResponseParser(self)
        # Old servers pad chunk sizes with spaces. That is safe here: nobody behind us reads the
        # same bytes differently.
        self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        # The real head was read already. This one only tells llhttp that chunks follow.
        self._parser.feed_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    def feed(self, data: bytes) -> list[bytes]:
        self._pieces = []
        self._tail = (self._tail + data)[-6:] if len(data) < 6 else data[-6:]
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.is_complete:  # bytes behind the end are not read, only noted
                raise MalformedError(f"its chunks are broken: {error}".rstrip(".")) from None
            self.has_surplus = True
        if self.is_complete and not _is_end(self._tail):
            self.has_surplus = True
        self._without_body = 0 if self._pieces else self._without_body + len(data)
        if self._without_body > _MOST_TRAILERS:
            raise TooLargeError(
                "the response's trailers are over the limit of 100 KiB", maybe_delivered=True
            )
        return self._pieces

    def missing(self) -> str:
        return "its last chunk is missing"

    # What the parser calls

    def on_message_begin(self) -> None:
        self.has_surplus = self.is_complete  # llhttp goes on to what it takes for the next response

    def on_body(self, piece: bytes) -> None:
        if not self.is_complete:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True


def _is_end(tail: bytes) -> bool:
    """Say whether *tail*, the last six bytes, ends in one empty line, not in two.

    llhttp silently skips further empty lines, which are bytes behind the end.
    """
    return tail.endswith(b"\r\n\r\n") and tail != b"\r\n\r\n\r\n"
