"""Content codings (RFC 9110, section 8.4.1): the libraries that undo them, in one shape.

gzip and deflate always; br (RFC 7932) and zstd (RFC 8878) if a library for them is installed. Each
produces little output at a time, however large a body unpacks.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

PIECE = 64 * 1024
"""Bytes of output at a time, or little more."""
_FRAME_BYTES = 512
"""Bytes of zstd input at a time, for a library without a bound for its output.

A block of four bytes unpacks to 128 KiB (RFC 8878, section 3.1.1.2).
"""
_WINDOW_LOG = 23
"""The largest window of zstd over HTTP is 8 MB (RFC 9659)."""


class Unpacker(Protocol):
    """Undoes one member: a stream or a frame of a coding."""

    errors: type[Exception]
    """The library's error for bytes that are not of this coding."""

    @property
    def eof(self) -> bool:
        """The member is over."""

    @property
    def unused(self) -> bytes:
        """The data after the member's end."""

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Yield the unpacked *data*, piece by piece."""


class _Inflate:
    """gzip and deflate."""

    errors: type[Exception] = zlib.error

    def __init__(self, window_bits: int) -> None:
        self._inflate = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused(self) -> bytes:
        return self._inflate.unused_data

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        while True:
            piece = self._inflate.decompress(data, PIECE)
            if piece:
                yield piece
            data = self._inflate.unconsumed_tail
            # A full piece may not be all of it, even when everything went in.
            if self._inflate.eof or (not data and len(piece) < PIECE):
                return


class _Brotli:
    """br, by Google's library."""

    unused = b""
    """Data after the end are an error of the library's."""

    def __init__(self, library: Any) -> None:
        self.errors = library.error
        self._decompressor = library.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        output = self._decompressor.process(bytes(data), output_buffer_limit=PIECE)
        # Not all output need have come out when all input has gone in.
        while output:
            yield from _cut(output)
            if self.eof:
                return
            output = self._decompressor.process(b"", output_buffer_limit=PIECE)


class _Zstd:
    """zstd, by Python's own module or its backport."""

    def __init__(self, library: Any) -> None:
        self.errors = library.ZstdError
        options = {library.DecompressionParameter.window_log_max: _WINDOW_LOG}
        self._decompressor = library.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    @property
    def unused(self) -> bytes:
        return bytes(self._decompressor.unused_data)

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        yield self._decompressor.decompress(data, PIECE)
        while not self._decompressor.eof and not self._decompressor.needs_input:
            yield self._decompressor.decompress(b"", PIECE)


class _ZstdInSlices:
    """zstd, by the package `zstandard`."""

    def __init__(self, library: Any) -> None:
        self.errors = library.ZstdError
        self._decompressor = library.ZstdDecompressor(
            max_window_size=2**_WINDOW_LOG
        ).decompressobj()
        self.unused = b""

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        whole = memoryview(data)
        for start in range(0, len(whole), _FRAME_BYTES):
            end = start + _FRAME_BYTES
            yield from _cut(self._decompressor.decompress(whole[start:end]))
            if self._decompressor.eof:
                self.unused = self._decompressor.unused_data + bytes(whole[end:])
                return


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


@dataclass(frozen=True, slots=True)
class Coding:
    """One content coding."""

    begin: Callable[[bytes], Unpacker]
    """Returns the unpacker of a member by the member's first *peek* bytes."""
    peek: int
    next_member: re.Pattern[bytes] | None = None
    """The start of a further member; None: there is only one."""
    padding: re.Pattern[bytes] = re.compile(b"")
    """What may stand between members and after the last."""


_GZIP = Coding(
    begin=lambda start: _Inflate(31),
    peek=2,
    next_member=re.compile(rb"\x1f\x8b"),  # RFC 1952, section 2.2: a gzip file is a row of members
    padding=re.compile(rb"\0*"),
)


def _deflate(start: bytes) -> Unpacker:
    """Return the unpacker of `deflate`: zlib, or raw, as some servers send it.

    RFC 1950, section 2.2.
    """
    is_zlib = start[0] & 0x0F == 8 and start[0] >> 4 <= 7 and int.from_bytes(start) % 31 == 0
    return _Inflate(15 if is_zlib else -15)


def _brotli() -> Coding | None:
    library = _installed("brotli")
    # Versions before 1.2 have no bound for what comes out.
    if library is None or not hasattr(library.Decompressor, "can_accept_more_data"):
        return None
    return Coding(begin=lambda start: _Brotli(library), peek=1)


def _zstd() -> Coding | None:
    for name, unpacker in (
        ("compression.zstd", _Zstd),
        ("backports.zstd", _Zstd),
        ("zstandard", _ZstdInSlices),
    ):
        library = _installed(name)
        if library is not None:
            return _frames(unpacker, library)
    return None


def _frames(unpacker: Callable[[Any], Unpacker], library: Any) -> Coding:
    # RFC 8878, section 3: a row of frames, of which some may be skippable ones
    frame = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
    return Coding(begin=lambda start: unpacker(library), peek=4, next_member=frame)


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _codings() -> dict[str, Coding]:
    codings = {
        "gzip": _GZIP,
        "deflate": Coding(begin=_deflate, peek=2),
        "br": _brotli(),
        "zstd": _zstd(),
    }
    return {name: coding for name, coding in codings.items() if coding is not None}


CODINGS = _codings()
"""The codings by name, in lower case."""
SAME_AS = {"x-gzip": "gzip"}
"""RFC 9110, section 8.4.1.3."""
ACCEPT_ENCODING = ", ".join(CODINGS)
"""The codings that requests ask for: all that can be undone."""
