"""A set of digests that takes little memory: 16 MB for a million."""

from __future__ import annotations

import base64
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from httptask.model.exchange import OutgoingRequest

_SMALLEST = 1024


class Identities:
    """A set of values, each stored as a digest of 64 bits.

    A Python `set` has an object for each member, and is six times as large as this hash table.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def __contains__(self, value: bytes) -> bool:
        digest = digest_of(value)
        return self._table[_index_of(self._table, digest)] == digest

    def add(self, value: bytes) -> bool:
        """Add *value*; return whether it is new."""
        return self._add(digest_of(value))

    def to_text(self) -> str:
        """Return the digests in base64, 8 bytes each, big-endian."""
        digests = (digest.to_bytes(8, "big") for digest in self._table if digest)
        return base64.b64encode(b"".join(digests)).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the set from *text*, a result of `to_text`."""
        identities = cls()
        data = base64.b64decode(text)
        for start in range(0, len(data), 8):
            identities._add(int.from_bytes(data[start : start + 8], "big"))
        return identities

    def _add(self, digest: int) -> bool:
        index = _index_of(self._table, digest)
        if self._table[index] == digest:
            return False
        self._table[index] = digest
        self._count += 1
        if self._count * 3 > len(self._table) * 2:  # above two thirds, searches get slow
            self._grow()
        return True

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._table)))
        for digest in self._table:
            if digest:
                larger[_index_of(larger, digest)] = digest
        self._table = larger


def request_identity(request: OutgoingRequest, header: str | None) -> bytes:
    """Return bytes that differ for each request of a round: method, URL, *header* and body.

    *header* is the header that holds the page's token, if a header does.
    """
    value = request.header(header) if header is not None else None
    text = f"{request.method} {request.url}\0{value or ''}\0".encode()
    body = request.body
    if isinstance(body, bytes):
        return text + body
    return text + b"\0".join(
        piece if isinstance(piece, bytes) else piece.placeholder for piece in body.pieces
    )


def digest_of(value: bytes) -> int:
    """Return a digest of *value* with 64 bits; never 0, which marks a free slot of the table."""
    return int.from_bytes(blake2b(value, digest_size=8).digest(), "big") or 1


def _index_of(table: array[int], digest: int) -> int:
    """Return the index of *digest* in *table*, or of the free slot (0) for *digest*.

    Open addressing with linear probing.
    """
    mask = len(table) - 1
    index = digest & mask
    while table[index] not in (0, digest):
        index = (index + 1) & mask
    return index
