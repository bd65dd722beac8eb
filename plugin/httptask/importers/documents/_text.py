"""The bytes of a description, checked to be UTF-8, with the lines and columns of positions."""

from __future__ import annotations

import codecs
from itertools import accumulate

from httptask._core import pointers
from httptask._http.charsets import UTF_16_MARKS
from httptask.errors import DescriptionError
from httptask.importers._bounds import MAX_BYTES, TOO_LARGE

_BLOCK = 64 * 1024
_FIRST_LETTERS = 4
"""A zero in so many first bytes means UTF-16, UTF-32 or binary data (RFC 4627, section 3)."""


class Text:
    """The text *data*, called *name* in errors. Positions count bytes.

    Raises `DescriptionError` if *data* is not UTF-8 or larger than `MAX_BYTES`.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        """The position after a byte order mark, or 0 without one."""
        self._lines_before: list[int] | None = None  # number of line breaks before each block
        self._check()

    def error(self, message: str, position: int) -> DescriptionError:
        """Build an error with *message* and the line and column of *position*."""
        line_start = max(self.data.rfind(b"\n", 0, position) + 1, self.start)
        column = self._characters(line_start, position) + 1
        return DescriptionError(
            f"column {column}: {message}",
            source=self.name,
            line=self.line(position),
        )

    def line(self, position: int) -> int:
        """Return the line of *position*, from 1."""
        if self._lines_before is None:
            blocks = range(0, len(self.data), _BLOCK)
            counts = (self.data.count(b"\n", start, start + _BLOCK) for start in blocks)
            self._lines_before = list(accumulate(counts, initial=0))
        block = position // _BLOCK
        return 1 + self._lines_before[block] + self.data.count(b"\n", block * _BLOCK, position)

    def line_within(self, start: int, end: int, tokens: tuple[str, ...]) -> int:
        """Return the line of the value at *tokens* in the JSON value from *start* to *end*."""
        first = self.line(start)
        if not tokens or self.data.find(b"\n", start, end) < 0:
            return first
        pointer = pointers.pointer(tokens)
        lines = pointers.lines_of(self.data[start:end].decode("utf-8"), [pointer])
        return first + lines.get(pointer, 1) - 1

    def _characters(self, start: int, end: int) -> int:
        """Return the number of characters between two positions.

        Continuation bytes do not count (RFC 3629, section 3).
        """
        # Block by block: a minified description is one line, and a copy of it would double the
        # memory.
        count = 0
        for position in range(start, end, _BLOCK):
            block = self.data[position : min(position + _BLOCK, end)]
            count += len(block.translate(None, _CONTINUING))
        return count

    def _check(self) -> None:
        """Check the size and that the bytes are UTF-8, block by block to save memory."""
        if len(self.data) > MAX_BYTES:
            raise DescriptionError(TOO_LARGE, source=self.name)
        if self.data.startswith(UTF_16_MARKS) or b"\0" in self.data[:_FIRST_LETTERS]:
            raise DescriptionError(
                "the text is UTF-16, or no text; save it as UTF-8", source=self.name
            )
        decoder = codecs.getincrementaldecoder("utf-8")()
        for start in range(0, len(self.data), _BLOCK):
            stop = start + _BLOCK
            pending = len(
                decoder.getstate()[0]
            )  # bytes of a character that began in the last block
            try:
                decoder.decode(self.data[start:stop], final=stop >= len(self.data))
            except UnicodeDecodeError as error:
                message = f"the text is not UTF-8 ({error.reason}); save it as UTF-8"
                raise self.error(message, start - pending + error.start) from error


_CONTINUING = bytes(range(0x80, 0xC0))
