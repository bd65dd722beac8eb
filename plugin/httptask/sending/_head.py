"""The head of a response: its size is bounded, and it is parsed here and nowhere else."""

from __future__ import annotations

import re

from httptask.errors import TooLargeError

_MOST_BYTES = 100 * 1024
_MOST_FIELDS = 1000
"""Bytes and header fields of one response's head."""
_END = re.compile(rb"\n\r?\n")
_START = b"HTTP/"
_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([^\x00\x0b\x0c\r\n]*))?")
"""RFC 9112, section 4. Many servers leave out the space before an empty reason phrase.

A status below 100 has no class (RFC 9110, section 15); it is no interim response.
"""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00\x0b\x0c\r\n]*")
"""RFC 9112, section 5. Other control characters in a value do no harm (RFC 9110, section 5.5)."""
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\x0b\x0c\r\n]*)")
_FRAMING = (b"content-length", b"transfer-encoding")
_SEPARATOR = re.compile(rb"([\s:=,;\"]+)")
_SHOWN = 200
"""Bytes of a response that an error's message quotes."""

Head = tuple[str, int, str, tuple[tuple[str, str], ...]]
"""Version, status, reason phrase, header fields."""


class MalformedHeadError(Exception):
    """The bytes are no head of a response, or its framing cannot be trusted; the text says why."""


class HeadReader:
    """Reads the heads of the responses to one request: interim ones (RFC 9110, section 15.2) and
    the final one.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._head = b""
        self.is_over = False
        """The final response's head has come: its body follows."""
        self.version = self.reason = b""
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        """Of the final response, without the lines that are no header fields."""
        self.notes: list[str] = []
        """The lines that were left out, and why."""

    @property
    def raw(self) -> bytes:
        """The last head as it came, or its start when it is not complete."""
        return self._head or bytes(self._buffer)

    def feed(self, data: bytes) -> bytes | None:
        """Take *data* and return the bytes behind the final head; None until that is complete.

        Raises `MalformedHeadError` and, over the limits, `TooLargeError`.
        """
        self._buffer += data
        start = 0
        while start < len(self._buffer):
            if not self._buffer.startswith(_START[: len(self._buffer) - start], start):
                raise MalformedHeadError(f"it starts with {_quoted(bytes(self._buffer[start:]))}")
            end = _END.search(self._buffer, max(self._searched - 2, start))
            size = (end.end() if end is not None else len(self._buffer)) - start
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
                rest, self._buffer = bytes(self._buffer[start:]), bytearray()
                return rest
            self._head = b""
        del self._buffer[:start]
        self._searched = len(self._buffer)
        return None

    def values(self, name: bytes) -> list[bytes]:
        """Return the value of each field *name* (in lower case) of the final head."""
        return [value for key, value in self.fields if key.lower() == name]

    @property
    def keeps_alive(self) -> bool:
        """Whether the server may take another request on this connection (RFC 9112, section
        9.3).
        """
        options = b",".join(self.values(b"connection")).lower().split(b",")
        if self.version < b"HTTP/1.1":
            return False
        return b"close" not in [option.strip(b" \t") for option in options]

    def final_head(self) -> Head | None:
        """Return the last head as it came; None without one, or when it cannot be parsed."""
        line, fields = _split(self._head)
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            return None
        pairs = (b" ".join(field).partition(b":") for field in fields)
        headers = tuple((readable(name), readable(value.strip(b" \t"))) for name, _, value in pairs)
        return readable(status[1]), int(status[2]), readable(status[3] or b""), headers

    def _read_head(self) -> None:
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
        for field in lines:
            first = _FIELD.fullmatch(field[0])
            if first is None or not all(_VALUE.fullmatch(part) for part in field[1:]):
                self.notes.append(_left_out(b" ".join(field)))
                continue
            value = (
                first[2]
                if len(field) == 1
                else b" ".join([first[2], *(part.strip(b" \t") for part in field[1:])])
            )
            self.fields.append((first[1], value.strip(b" \t")))
        self.is_over = self.status >= 200 or self.status == 101


def _split(head: bytes) -> tuple[bytes, list[list[bytes]]]:
    """Return the status line, and the lines of each header field.

    A field has several lines where it is folded (RFC 9112, section 5.2).
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
    """Return the note on *line*, which is no header field.

    Raises `MalformedHeadError` when it may be meant as a field about the framing.
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
    """Return the start of *data* for a message."""
    if len(data) <= _SHOWN:
        return repr(readable(data))
    return repr(readable(start_of(data, _SHOWN))) + "..."


def start_of(data: bytes, size: int) -> bytes:
    """Return the first *size* bytes of *data* or fewer, cut between words: half a secret would not
    be masked.
    """
    return data if len(data) <= size else b"".join(_SEPARATOR.split(data[:size])[:-1])


def readable(data: bytes) -> str:
    """Return *data*, octets of a head, as text: UTF-8 where it is valid, else Latin-1.

    Servers send UTF-8, though HTTP does not know it (RFC 9110, section 5.5).
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
