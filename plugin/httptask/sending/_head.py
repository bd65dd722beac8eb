"""Parsing the head of a response. Its size is limited."""

from __future__ import annotations

import re

from httptask.errors import TooLargeError

_MOST_BYTES = 100 * 1024
_MOST_FIELDS = 1000
"""The most bytes, and the most header fields, of one response's head."""
_END = re.compile(rb"\n\r?\n")
_START = b"HTTP/"
_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([^\x00\x0b\x0c\r\n]*))?")
"""RFC 9112, section 4, but the space before an empty reason phrase is optional: many servers omit
it. A status below 100 is invalid (RFC 9110, section 15).
"""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00\x0b\x0c\r\n]*")
"""RFC 9112, section 5. Other control characters are harmless and retained (RFC 9110, section 5.5).
"""
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\x0b\x0c\r\n]*)")
_FRAMING = (b"content-length", b"transfer-encoding")
_SEPARATOR = re.compile(rb"([\s:=,;\"]+)")
_SHOWN = 200
"""The most bytes of a response that an error message quotes."""

Head = tuple[str, int, str, tuple[tuple[str, str], ...]]
"""Version, status, reason phrase, header fields."""


class MalformedHeadError(Exception):
    """The bytes are not a response head, or its framing cannot be trusted; the message says why."""


class HeadReader:
    """Reads the heads of the interim responses (RFC 9110, section 15.2) and of the final response
    to one request.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._head = b""
        self.is_over = False
        """The head of the final response is complete: the body follows."""
        self.version = self.reason = b""
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        """The header fields of the last head, without the lines that are not header fields."""
        self._values: dict[bytes, list[bytes]] = {}
        self.notes: list[str] = []
        """The lines that were left out, and why."""

    @property
    def raw(self) -> bytes:
        """The bytes of the last head, or of its start while it is incomplete."""
        return self._head or bytes(self._buffer)

    def feed(self, data: bytes) -> bytes | None:
        """Add *data*, and return the bytes after the final head; None until the head is complete.

        Raises `MalformedHeadError`, and `TooLargeError` for a head over the limits.
        """
        self._buffer += data
        start = 0
        while start < len(self._buffer):
            if not self._buffer.startswith(_START[: len(self._buffer) - start], start):
                raise MalformedHeadError(f"it starts with {_quoted(bytes(self._buffer[start:]))}")
            # The end may be split between two pieces, but what was searched before is not searched
            # again.
            end = _END.search(self._buffer, max(self._searched - 2, start))
            size = (end.end() if end is not None else len(self._buffer)) - start
            # Checked for an incomplete head, too: its end may never come.
            if size > _MOST_BYTES:
                raise TooLargeError(
                    f"the response's headers are over the limit of {_MOST_BYTES // 1024} KiB"
                )
            if end is None:
                break
            self._head = bytes(self._buffer[start : end.end()])
            self._read_head()
            start = end.end()
            if self.is_over:
                rest = bytes(self._buffer[start:])
                self._buffer = bytearray()
                return rest
            self._head = b""
        # Interim heads are done with; the rest is the start of the next one.
        del self._buffer[:start]
        self._searched = len(self._buffer)
        return None

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of the header fields *name* (in lower case) of the last head."""
        return self._values.get(name, [])

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may be used for another request (RFC 9112, section 9.3)."""
        options = b",".join(self.values(b"connection")).lower().split(b",")
        if self.version < b"HTTP/1.1":
            return False
        return b"close" not in [option.strip(b" \t") for option in options]

    def final_head(self) -> Head | None:
        """Return the last head with all of its lines, even those that are not header fields.

        Returns None without a complete head, or when its status line cannot be parsed.
        """
        line, fields = _split(self._head)
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            return None
        pairs = (b" ".join(field).partition(b":") for field in fields)
        headers = tuple((readable(name), readable(value.strip(b" \t"))) for name, _, value in pairs)
        return readable(status[1]), int(status[2]), readable(status[3] or b""), headers

    def _read_head(self) -> None:
        """Parse the complete head in the buffer. Raises `MalformedHeadError` and
        `TooLargeError`.
        """
        line, lines = _split(self._head)
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            raise MalformedHeadError(f"{_quoted(line)} is no status line")
        if len(lines) > _MOST_FIELDS:
            raise TooLargeError(
                f"the response has {len(lines):,} headers, over the limit of {_MOST_FIELDS:,}"
            )
        self.version, self.status, self.reason = status[1], int(status[2]), status[3] or b""
        self.fields = []
        self._values = {}
        for field_line, *folded in lines:
            first = _FIELD.fullmatch(field_line)
            if first is None or (folded and not all(map(_VALUE.fullmatch, folded))):
                # No error, unless the line may say where the body ends: see `_left_out`.
                self.notes.append(_left_out(b" ".join([field_line, *folded])))
                continue
            name, value = first[1], first[2]
            if folded:
                value = b" ".join([value, *(part.strip(b" \t") for part in folded)])
            value = value.strip(b" \t")
            self.fields.append((name, value))
            self._values.setdefault(name.lower(), []).append(value)
        # Other heads from 100 are interim: the final one follows (RFC 9110, section 15.2). None
        # follows 101.
        self.is_over = self.status >= 200 or self.status == 101


def _split(head: bytes) -> tuple[bytes, list[list[bytes]]]:
    """Return the status line, and the lines of each header field.

    A folded header field has several lines (RFC 9112, section 5.2).
    """
    line, *rest = (line.removesuffix(b"\r") for line in head.rstrip(b"\r\n").split(b"\n"))
    fields: list[list[bytes]] = []
    for field_line in rest:
        if field_line[:1] in (b" ", b"\t") and fields:
            fields[-1].append(field_line)
        else:
            fields.append([field_line])
    return line, fields


def _left_out(line: bytes) -> str:
    """Return the note on *line*, which is not a valid header field.

    Raises `MalformedHeadError` when *line* may be meant as `Content-Length` or `Transfer-Encoding`.
    """
    name = b"".join(_NAME.findall(line.partition(b":")[0])).lower()
    if any(framing in name for framing in _FRAMING):
        raise MalformedHeadError(
            f"the header line {_quoted(line)} may say where the body ends, and cannot be trusted"
        )
    return (
        f"the header line {_quoted(line)} is left out: it is no header field (RFC 9112, section 5)"
    )


def _quoted(data: bytes) -> str:
    """Return the start of *data*, in quotes, for a message."""
    if len(data) <= _SHOWN:
        return repr(readable(data))
    return repr(readable(start_of(data, _SHOWN))) + "..."


def start_of(data: bytes, size: int) -> bytes:
    """Return at most the first *size* bytes of *data*, cut between words: masking would not find
    half a secret.
    """
    if len(data) <= size:
        return data
    return b"".join(_SEPARATOR.split(data[:size])[:-1])


def readable(data: bytes) -> str:
    """Decode *data*, bytes of a head, as UTF-8, or as Latin-1 when they are not valid UTF-8.

    Servers send UTF-8, though HTTP does not define it for headers (RFC 9110, section 5.5).
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
