"""Response bodies: the head decides where the body ends (RFC 9112, section 6)."""

from __future__ import annotations

from typing import Protocol

from httptools import HttpParserError, HttpResponseParser

from httptask.errors import TooLargeError
from httptask.sending._head import HeadReader, MalformedHeadError
from httptask.sending._wire import MalformedError

_MOST_TRAILERS = 100 * 1024
"""The most bytes that may arrive without any body data: chunk extensions and trailers."""


class BodyReader(Protocol):
    """Reads the bytes that follow a head."""

    is_complete: bool
    """The end of the body has been received."""
    has_surplus: bool
    """More bytes arrived after the end of the body."""
    ends_with_connection: bool
    """The body ends when the server closes the connection."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces of the body in *data*."""
        ...

    def missing(self) -> str:
        """Say what is missing from a body that ended too early."""
        ...


def body_reader(head: HeadReader, method: str) -> BodyReader:
    """Return the reader for the body after *head*, the response to a request with *method*.

    Raises `MalformedHeadError` when the head leaves the end of the body uncertain.
    """
    if head.status == 101:  # RFC 9110, section 7.8; no task sends `Upgrade`
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
    # RFC 9112, section 6.3: both together are a sign of request smuggling or response splitting.
    if codings and size is not None:
        raise MalformedHeadError(
            "it has both Transfer-Encoding and Content-Length: where the body ends is not known"
        )
    if codings:
        return ChunkedBody()
    if size is None:
        return EndlessBody()
    return SizedBody(size)


def _size(values: list[bytes]) -> int | None:
    """Return the length that *values*, of `Content-Length`, agree on; None without any.

    A server may repeat the same length (RFC 9110, section 8.6).
    """
    lengths = {length.strip(b" \t") for value in values for length in value.split(b",")}
    if not lengths:
        return None
    length = lengths.pop()
    # 20 digits hold 2**64; `int` refuses thousands of digits with an error of its own.
    if lengths or not length.isdigit() or len(length) > 20:
        raise MalformedHeadError(
            "its Content-Length is not one number: where the body ends is not known"
        )
    return int(length)


class SizedBody:
    """A body of *size* bytes."""

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
    """A body that ends when the server closes the connection."""

    is_complete = has_surplus = False
    ends_with_connection = True

    def feed(self, data: bytes) -> list[bytes]:
        return [data] if data else []

    def missing(self) -> str:
        return "its end is missing"


class ChunkedBody:
    """A chunked body (RFC 9112, section 7.1), parsed by llhttp in strict mode with one exception:
    spaces after a chunk size are accepted.
    """

    ends_with_connection = False

    def __init__(self) -> None:
        self.is_complete = self.has_surplus = False
        self._pieces: list[bytes] = []
        self._tail = b""
        self._without_body = 0
        self._parser = HttpResponseParser(self)
        # Old servers pad chunk sizes with spaces. Accepting them is dangerous only for a proxy,
        # which passes the bytes on to a parser that may read them differently.
        self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        # The real head has been read already; this substitute tells llhttp that chunks follow.
        self._parser.feed_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    def feed(self, data: bytes) -> list[bytes]:
        self._pieces = []
        self._tail = (self._tail + data)[-6:] if len(data) < 6 else data[-6:]
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.is_complete:  # an error after the end of the body only means surplus bytes
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

    # Called by the parser

    def on_message_begin(self) -> None:
        self.has_surplus = self.is_complete  # llhttp parses surplus bytes as the next response

    def on_body(self, piece: bytes) -> None:
        if not self.is_complete:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True


def _is_end(tail: bytes) -> bool:
    """Say whether *tail*, the last six bytes, ends in exactly one empty line.

    llhttp silently skips further empty lines, though they are surplus bytes after the end.
    """
    return tail.endswith(b"\r\n\r\n") and tail != b"\r\n\r\n\r\n"
