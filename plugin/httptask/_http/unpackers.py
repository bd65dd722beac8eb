"""Decoders for content codings (RFC 9110, section 8.4.1): one interface for several libraries.

gzip and deflate are always available, br (RFC 7932) and zstd (RFC 8878) if a library is installed.
Each decoder returns its output in small pieces, however large the decoded body is.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

PIECE = 64 * 1024
"""The size of a piece of output, in bytes; some libraries return a little more."""
_FRAME_BYTES = 512
"""Bytes of zstd input to decode at a time with a library that cannot limit its output.

A block of four bytes can decode to 128 KiB (RFC 8878, section 3.1.1.2).
"""
_WINDOW_LOG = 23
"""The binary logarithm of zstd's largest window over HTTP, 8 MB (RFC 9659)."""


class Unpacker(Protocol):
    """Decodes one member: a stream or a frame of a coding."""

    errors: type[Exception]
    """The library's error for invalid data."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""

    @property
    def unused(self) -> bytes:
        """The data after the end of the member."""

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Decode *data*, and yield the result in pieces."""


class _Inflate:
    """gzip and deflate, by zlib."""

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
            # After a full piece there may be more output, even if all input has been consumed.
            if self._inflate.eof or (not data and len(piece) < PIECE):
                return


class _Brotli:
    """br, by Google's library."""

    unused = b""
    """Always empty: for data after the end, the library raises an error."""

    def __init__(self, library: Any) -> None:
        self.errors = library.error
        self._decompressor = library.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        output = self._decompressor.process(bytes(data), output_buffer_limit=PIECE)
        # There may be more output after all input has been consumed.
        while output:
            yield from _cut(output)
            if self.eof:
                return
            output = self._decompressor.process(b"", output_buffer_limit=PIECE)


class _Zstd:
    """zstd, by Python's module `compression.zstd` or its backport."""

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
    """zstd, by the package `zstandard`, which cannot limit its output."""

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
    """Returns the decoder of a member; the argument is the member's first *peek* bytes."""
    peek: int
    next_member: re.Pattern[bytes] | None = None
    """A pattern for the start of another member; None: there is only one member."""
    padding: re.Pattern[bytes] = re.compile(b"")
    """A pattern for the bytes that may follow a member."""


_GZIP = Coding(
    begin=lambda start: _Inflate(31),
    peek=2,
    next_member=re.compile(rb"\x1f\x8b"),  # RFC 1952, section 2.2: a file may have several members
    padding=re.compile(rb"\0*"),
)


def _deflate(start: bytes) -> Unpacker:
    """Return the decoder of `deflate`: for the zlib format (RFC 1950, section 2.2), or for raw
    deflate data, which some servers send.
    """
    is_zlib = start[0] & 0x0F == 8 and start[0] >> 4 <= 7 and int.from_bytes(start) % 31 == 0
    return _Inflate(15 if is_zlib else -15)


def _brotli() -> Coding | None:
    library = _installed("brotli")
    # Versions before 1.2 cannot limit their output.
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
    # RFC 8878, section 3: the data are frames, some of which may be skippable frames.
    frame = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
    return Coding(
        begin=lambda start: unpacker(library),
        peek=4,
        next_member=frame,
    )


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
"""Name, in lower case -> coding."""
SAME_AS = {"x-gzip": "gzip"}
"""Another name of a coding -> its name (RFC 9110, section 8.4.1.3)."""
ACCEPT_ENCODING = ", ".join(CODINGS)
"""The default `Accept-Encoding`: all codings that can be decoded."""
