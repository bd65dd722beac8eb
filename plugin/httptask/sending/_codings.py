"""Content codings (RFC 9110, section 8.4), undone piece by piece: whatever a body unpacks to, little of it is in memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

from httptask.errors import DecodeError, TooLargeError

_MOST_CODINGS = 3
"""Content codings in a row; more is an attack, not a response."""
_MOST_MEMBERS = 1000
_MOST_TIMES = 1100
"""Deflate makes a body at most 1032 times as short; what gets longer was encoded twice over, to fill memory or a disk."""
_PIECE = 64 * 1024
"""Bytes. So much goes in and comes out at a time."""
_SMALL = 1024 * 1024
"""Bytes that any body may unpack to."""

# What zlib calls wbits.
_GZIP, _ZLIB, _RAW = 31, 15, -15  # RFC 1952, RFC 1950, RFC 1951
_GZIP_NAMES = frozenset(("gzip", "x-gzip"))
_KNOWN = _GZIP_NAMES | {"deflate"}
_GZIP_MAGIC = b"\x1f\x8b"
_ZEROS = re.compile(rb"\0*")


class Decoder:
    """Undoes the codings that *encoding*, a `Content-Encoding`, names. Raises `DecodeError` for one that was not asked for."""

    def __init__(self, encoding: str) -> None:
        codings = [coding.strip().lower() for coding in encoding.split(",")]
        codings = [coding for coding in codings if coding not in ("", "identity")]
        if len(codings) > _MOST_CODINGS:
            raise DecodeError(f"the response is encoded {len(codings)} times over; at most {_MOST_CODINGS} are undone")
        unknown = next((coding for coding in codings if coding not in _KNOWN), None)
        if unknown is not None:
            raise DecodeError(f"the response is encoded as {unknown!r}; gzip and deflate are asked for, and undone")
        self._stages = [_Stage(coding) for coding in reversed(codings)]
        self._fed = self._unpacked = 0

    def feed(self, data: bytes | bytearray) -> Iterator[bytes | memoryview]:
        """Yield what *data* unpacks to, in pieces of at most 64 KiB. Raises `DecodeError` and, for a bomb, `TooLargeError`."""
        whole = memoryview(data)
        self._fed += len(whole)
        for start in range(0, len(whole), _PIECE):
            for piece in _through(self._stages, whole[start : start + _PIECE]):
                self._unpacked += len(piece)
                if self._unpacked > _SMALL + self._fed * _MOST_TIMES:
                    raise TooLargeError(f"the response unpacks to more than {_MOST_TIMES:,} times its size")
                yield piece

    def finish(self) -> None:
        """Raise `DecodeError` when what was fed does not end where a coding does."""
        for stage in self._stages:
            stage.finish()


def _through(stages: Sequence[_Stage], data: bytes | memoryview) -> Iterator[bytes | memoryview]:
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from _through(stages[1:], piece)


class _Stage:
    """One coding."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflate: zlib._Decompress | None = None
        """None: before the first member, or between two."""
        self._members = 0
        self._waiting = b""
        """The first byte of what may be a member."""
        self._over = False
        """What still comes is padding; others ignore it too."""

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        rest = memoryview(self._waiting + bytes(data)) if self._waiting else memoryview(data)
        self._waiting = b""
        while rest and not self._over:
            if self._inflate is None:
                rest = self._begin(rest)
                continue
            inflate = self._inflate
            yield from self._inflated(inflate, rest)
            if not inflate.eof:
                return
            rest = rest[len(rest) - len(inflate.unused_data) :]
            self._inflate, self._over = None, self._coding not in _GZIP_NAMES

    def finish(self) -> None:
        if self._inflate is not None or (self._waiting and not self._members):
            raise DecodeError(f"the response's {self._coding} coding is truncated")

    def _begin(self, data: memoryview) -> memoryview:
        """Begin a member at the start of *data* and return what belongs to it; nothing, when more has to come first."""
        is_gzip = self._coding in _GZIP_NAMES
        if is_gzip and self._members:  # zeros may stand between members and after the last
            data = data[_ZEROS.match(data).end() :]  # type: ignore[union-attr]
        if len(data) < 2:
            self._waiting = bytes(data)
            return data[:0]
        start = bytes(data[:2])
        if self._members and start != _GZIP_MAGIC:
            self._over = True
            return data[:0]
        self._members += 1  # RFC 1952, section 2.2: a gzip file is a row of members
        if self._members > _MOST_MEMBERS:
            raise DecodeError(f"the response's {self._coding} coding has more than {_MOST_MEMBERS} members")
        self._inflate = zlib.decompressobj(_GZIP if is_gzip else _window(start))
        return data

    def _inflated(self, inflate: zlib._Decompress, data: memoryview) -> Iterator[bytes]:
        waiting: bytes | memoryview = data
        while True:
            try:
                piece = inflate.decompress(waiting, _PIECE)
            except zlib.error as error:
                raise DecodeError(f"the response's {self._coding} coding is broken: {error}") from error
            if piece:
                yield piece
            waiting = inflate.unconsumed_tail
            # A full piece may not be all of it, even when everything went in.
            if inflate.eof or (not waiting and len(piece) < _PIECE):
                return


def _window(start: bytes) -> int:
    """Return what `deflate` is by its first two bytes: zlib, or raw, as some servers send it (RFC 1950, section 2.2)."""
    is_zlib = start[0] & 0x0F == 8 and start[0] >> 4 <= 7 and int.from_bytes(start) % 31 == 0
    return _ZLIB if is_zlib else _RAW
