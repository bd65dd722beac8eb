"""Decoding of content codings (RFC 9110, section 8.4), one piece of the body at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from httptask._http.unpackers import ACCEPT_ENCODING, CODINGS, PIECE, SAME_AS, Unpacker
from httptask.errors import DecodeError, TooLargeError

_MOST_CODINGS = 3
"""The most content codings of one body that are undone; a body with more is an attack."""
_MOST_MEMBERS = 1000
"""The most members (gzip members, zstd frames) of one body."""
_MOST_TIMES = 1100
"""How many times larger than its encoded form a decoded body may be. Deflate reaches 1032 at most;
a body that grows more was encoded several times, to fill memory or a disk.
"""
_SMALL = 8 * 1024 * 1024
"""Bytes that are always allowed, whatever the ratio: br and zstd pack repetitive data into a
thousandth of its size.
"""


class Decoder:
    """Undoes the codings of *encoding*, a `Content-Encoding` value.

    The coding that was applied last is undone first. Decoding stops at the first unknown coding.
    """

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        applied = [SAME_AS.get(name, name) for name in names if name not in ("", "identity")]
        self._stages: list[_Stage] = []
        while applied and applied[-1] in CODINGS and len(self._stages) < _MOST_CODINGS:
            self._stages.append(_Stage(applied.pop()))
        self.remaining = tuple(applied)
        """The codings that are not undone, in the order in which they were applied."""
        self._fed = self._unpacked = 0

    @property
    def note(self) -> str:
        """A note on the codings that are not undone; "" when all are undone."""
        if not self.remaining:
            return ""
        why = f"{ACCEPT_ENCODING} are undone"
        if len(self._stages) == _MOST_CODINGS:
            why = f"at most {_MOST_CODINGS} codings are undone"
        return f"the Content-Encoding {', '.join(self.remaining)!r} is left as it came: {why}"

    def feed(self, data: bytes | bytearray) -> Iterator[bytes | memoryview]:
        """Decode *data* and yield the result in pieces of at most 64 KiB.

        Raises `DecodeError`, and `TooLargeError` for a decompression bomb.
        """
        whole = memoryview(data)
        self._fed += len(whole)
        for start in range(0, len(whole), PIECE):
            for piece in _decoded(self._stages, whole[start : start + PIECE]):
                self._unpacked += len(piece)
                # Checked piece by piece, so that a bomb ends before it fills the memory.
                if self._unpacked > _SMALL + self._fed * _MOST_TIMES:
                    raise TooLargeError(
                        f"the response unpacks to more than {_MOST_TIMES:,} times its size"
                    )
                yield piece

    def finish(self) -> None:
        """Raise `DecodeError` when the encoded data ended too early."""
        for stage in self._stages:
            stage.finish()


def _decoded(stages: Sequence[_Stage], data: bytes | memoryview) -> Iterator[bytes | memoryview]:
    """Yield *data* after all *stages*, the first stage first."""
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from _decoded(stages[1:], piece)


class _Stage:
    """The decoder of one coding, whose data is a sequence of members (RFC 1952, section 2.2)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._coding = CODINGS[name]
        self._unpacker: Unpacker | None = None
        """The decoder of the current member; None before the first member and between members."""
        self._members = 0
        self._start = b""
        """Bytes that may begin a member, too few to decide."""
        self._is_over = False
        """The last member has ended. The rest is padding, which other clients ignore too."""

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        rest = memoryview(self._start + bytes(data)) if self._start else memoryview(data)
        self._start = b""
        while rest and not self._is_over:
            if self._unpacker is None:
                rest = self._begin(rest)
                continue
            unpacker = self._unpacker
            yield from self._unpacked(unpacker, rest)
            if not unpacker.eof:
                return
            rest = rest[len(rest) - len(unpacker.unused) :]
            self._unpacker = None
            self._is_over = self._coding.next_member is None

    def finish(self) -> None:
        if self._unpacker is not None or (self._start and not self._members):
            raise DecodeError(f"the response's {self._name} coding is truncated")

    def _begin(self, data: memoryview) -> memoryview:
        """Begin a member at the start of *data*, and return the member's bytes so far.

        Returns no bytes when more data is needed to decide, or when no further member follows.
        """
        coding = self._coding
        if self._members:
            data = data[coding.padding.match(data).end() :]  # type: ignore[union-attr]
        if len(data) < coding.peek:
            self._start = bytes(data)
            return data[:0]
        start = bytes(data[: coding.peek])
        if self._members and not (coding.next_member and coding.next_member.match(start)):
            self._is_over = True
            return data[:0]
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise DecodeError(
                f"the response's {self._name} coding has more than {_MOST_MEMBERS} members"
            )
        self._unpacker = coding.begin(start)
        return data

    def _unpacked(self, unpacker: Unpacker, data: memoryview) -> Iterator[bytes]:
        try:
            yield from unpacker.feed(data)
        except unpacker.errors as error:
            raise DecodeError(f"the response's {self._name} coding is broken: {error}") from error
