"""A request about to be sent, and its body."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from httptask._core.redaction import MASK
from httptask._http.header_fields import value_of


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A file as a piece of a body. It is opened, and read, only when the request is sent."""

    name: str
    """The name shown to a person: its path in the settings, or an upload's file name."""
    reference: Mapping[str, Any]
    """The value of `$file` in the settings."""
    pointer: str
    """The JSON Pointer of its reference in the settings, for errors."""
    size: int = 0
    """Bytes; 0 until the file is opened."""

    @property
    def placeholder(self) -> bytes:
        """A short text shown in place of its bytes: `[1,024 bytes of NAME]`."""
        return f"[{self.size:,} bytes of {self.name}]".encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A body that is partly in files and never in memory as a whole.

    A new one is built for every attempt and redirect.
    """

    pieces: tuple[bytes | FilePiece, ...]
    """In order, with nothing between them."""

    def __len__(self) -> int:
        """The number of bytes on the wire, once its files are opened."""
        return sum(
            piece.size if isinstance(piece, FilePiece) else len(piece) for piece in self.pieces
        )

    def __bool__(self) -> bool:
        """True even if it has no bytes: an empty file is still a body."""
        return True

    @property
    def is_repeatable(self) -> bool:
        """Whether it can be sent again within an attempt. Files can be read again."""
        return True

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes on the wire.

        Only a subclass that has opened the files can; this one raises.
        """
        raise TypeError("the files of this body were not looked for")

    @property
    def shown(self) -> bytes:
        """The body for a person, with a placeholder for the bytes of each file."""
        return b"".join(
            piece.placeholder if isinstance(piece, FilePiece) else piece for piece in self.pieces
        )

    def masked(self, mask: Callable[[bytes], bytes]) -> StreamedBody:
        """Return the body for a person: *mask* is applied to every piece that is not a file."""
        pieces = tuple(
            piece if isinstance(piece, FilePiece) else mask(piece) for piece in self.pieces
        )
        return StreamedBody(pieces)


_NAME = itemgetter(0)


@dataclass(slots=True, repr=False)
class OutgoingRequest:
    """A request about to be sent. Mutable on purpose: hooks and auth schemes change it in place.

    Its `repr` hides the parts that may hold a credential: the query, the header values, the body.
    """

    method: str
    url: str
    """Absolute, percent-encoded."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | StreamedBody = b""

    def __repr__(self) -> str:
        address, query_mark, _ = self.url.partition("?")
        address = re.sub(r"(?<=://)[^/@]*@", f"{MASK}@", address)
        headers = ", ".join(f"{name}: {MASK}" for name, _ in self.headers)
        shown = f"{address}{query_mark}{MASK if query_mark else ''}"
        return (
            f"<OutgoingRequest {self.method} {shown} [{headers}] with a body of {len(self.body):,}"
            " bytes>"
        )

    def header(self, name: str) -> str | None:
        """Return the first value of header *name*, whatever its case, or None."""
        return value_of(self.headers, name)

    def has_header(self, lower_name: str) -> bool:
        """Say whether there is a header *lower_name* (given in lower case)."""
        return lower_name in map(str.lower, map(_NAME, self.headers))  # asked in every attempt

    def set_header(self, name: str, value: str) -> None:
        """Set header *name* to *value*, replacing every field of that name, whatever its case."""
        lower_name = name.lower()
        others = self.headers
        if self.has_header(lower_name):
            others = [(key, old) for key, old in others if key.lower() != lower_name]
        self.headers = [*others, (name, value)]

    def copy(self) -> OutgoingRequest:
        """Return a copy that shares nothing mutable."""
        return OutgoingRequest(self.method, self.url, list(self.headers), self.body)
