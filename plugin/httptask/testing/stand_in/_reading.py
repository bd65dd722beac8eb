"""Read requests from a connection (RFC 9112)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NoReturn

from httptask.testing.stand_in._messages import ReceivedRequest, quoted, refuse

MAX_BODY_BYTES = 1_048_576
MAX_LINE_BYTES = 65_536
_MAX_HEADERS = 100

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2
_REQUEST_LINE = re.compile(rb"(%b) ([!-~]+) (HTTP/1\.[01])\r\n" % _TOKEN)  # RFC 9112, section 3
_HEADER_LINE = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)\r\n" % _TOKEN)  # RFC 9112, section 5
# RFC 9112, section 7.1
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")


class ClientLeftError(Exception):
    """The client closed the connection in the middle of a request."""


def read_head(stream: BufferedIOBase) -> ReceivedRequest | None:
    """Return the next request without its body; None if the client has closed the connection."""
    line = stream.readline(MAX_LINE_BYTES)
    # RFC 9112, section 2.2: an empty line before the request line is ignored.
    if line == b"\r\n":
        line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    if len(line) == MAX_LINE_BYTES:
        refuse(414, "request line", f"is longer than {MAX_LINE_BYTES} bytes")
    parts = _REQUEST_LINE.fullmatch(line)
    if not parts:
        refuse(
            400,
            "request line",
            f"must be `METHOD target HTTP/1.1`, found {quoted(line.decode('latin-1').strip())}",
        )
    method, target, version = (part.decode("ascii") for part in parts.groups())
    return ReceivedRequest(method, target, version, tuple(_read_headers(stream)))


def _read_headers(stream: BufferedIOBase) -> Iterator[tuple[str, str]]:
    for _ in range(_MAX_HEADERS + 1):
        line = _read_line(stream, 431, "headers")
        if line == b"\r\n":
            return
        parts = _HEADER_LINE.fullmatch(line)
        if not parts:
            refuse(
                400,
                "headers",
                f"this is no header line: {quoted(line.decode('latin-1').strip())}",
            )
        yield parts[1].decode("ascii"), parts[2].strip(b" \t").decode("latin-1")
    refuse(431, "headers", f"are more than {_MAX_HEADERS}")


def _read_line(stream: BufferedIOBase, status: int, where: str) -> bytes:
    line = stream.readline(MAX_LINE_BYTES)
    if len(line) == MAX_LINE_BYTES:
        refuse(status, where, f"a line is longer than {MAX_LINE_BYTES} bytes")
    if not line.endswith(b"\n"):
        raise ClientLeftError
    return line


def check_framing(head: ReceivedRequest) -> None:
    """Refuse a request whose headers about the connection and the body are wrong or not
    supported.
    """
    if head.version == "HTTP/1.1" and len(head.values("Host")) != 1:
        refuse(400, "headers.Host", "must be given exactly once")  # RFC 9112, section 3.2
    expectations = head.values("Expect")
    if expectations and [value.lower() for value in expectations] != ["100-continue"]:
        refuse(
            417,
            "headers.Expect",
            f"only 100-continue is known, found {quoted(', '.join(expectations))}",
        )
    length = _body_length(head)
    if length is not None and length > MAX_BODY_BYTES:
        _refuse_size()


def _body_length(head: ReceivedRequest) -> int | None:
    """Return the length of the body; None if it is chunked (RFC 9112, section 6.3)."""
    codings = head.values("Transfer-Encoding")
    lengths = head.values("Content-Length")
    if codings and (lengths or head.version == "HTTP/1.0"):
        refuse(
            400,
            "headers.Transfer-Encoding",
            "must not stand beside Content-Length, nor in HTTP/1.0",
        )
    if codings and [value.lower() for value in codings] != ["chunked"]:
        refuse(
            501,
            "headers.Transfer-Encoding",
            f"only chunked is known, found {quoted(', '.join(codings))}",
        )
    if codings:
        return None
    if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", value) for value in lengths):
        refuse(
            400,
            "headers.Content-Length",
            f"must be one number, found {quoted(', '.join(lengths))}",
        )
    if lengths:
        return int(lengths[0])
    return 0


def read_body(stream: BufferedIOBase, head: ReceivedRequest) -> bytes:
    length = _body_length(head)
    if length is None:
        return _read_chunks(stream)
    return _read_exactly(stream, length)


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while size := _read_chunk_size(stream):
        if len(body) + size > MAX_BODY_BYTES:
            _refuse_size()
        body += _read_exactly(stream, size)
        if _read_exactly(stream, 2) != b"\r\n":
            refuse(400, "body", "a chunk does not end where its size says")
    deque(_read_headers(stream), maxlen=0)  # trailers are read and checked, then dropped
    return bytes(body)


def _read_chunk_size(stream: BufferedIOBase) -> int:
    line = _read_line(stream, 400, "body")
    parts = _CHUNK_LINE.fullmatch(line)
    if not parts:
        refuse(400, "body", f"this is no chunk size: {quoted(line.decode('latin-1').strip())}")
    return int(parts[1], 16)


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise ClientLeftError
    return data


def _refuse_size() -> NoReturn:
    refuse(413, "body", f"is larger than {MAX_BODY_BYTES} bytes")


def expects_continue(head: ReceivedRequest) -> bool:
    return head.version == "HTTP/1.1" and bool(head.values("Expect"))  # RFC 9110, section 10.1.1


def wants_close(head: ReceivedRequest) -> bool:
    options = ",".join(head.values("Connection")).lower().split(",")
    return head.version == "HTTP/1.0" or "close" in (option.strip() for option in options)
