"""Decode a reference page, split it into lines, and check its first line."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from httptask.errors import DescriptionError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""The methods that a page may document."""

_FIRST_LINE = re.compile(rf"({'|'.join(METHODS)})\s+(/\S{{0,2047}})\Z")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_INVISIBLE = {ord(character): None for character in "\ufeff\u200b\u2060"}
"""Zero-width characters, which are in text copied from a browser."""
_LONGEST_START = 16_384
"""The first line must be within so many bytes."""


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page, without invisible characters and trailing spaces."""

    method: str
    path: str
    lines: tuple[str, ...]
    first: int
    """The index of the line with method and path. The number of a line is its index + 1."""
    open_end: bool
    """Whether the text ends without a line break: the last line may be cut."""

    @property
    def last(self) -> int:
        """The index of the last line."""
        return len(self.lines) - 1

    def is_open(self, index: int) -> bool:
        """Say whether the line at *index* may be cut: it is the last, without a line break."""
        return self.open_end and index == self.last


def is_page(data: bytes) -> bool:
    """Say whether *data* starts with a method and a path, like a reference page."""
    start = data[:_LONGEST_START]
    decoder = codecs.getincrementaldecoder("utf-8-sig")("ignore")
    lines = (_clean(line).strip() for line in _NEWLINE.split(decoder.decode(start)))
    return _FIRST_LINE.match(next(filter(None, lines), "")) is not None


def read_page(source: str, data: bytes) -> Page:
    """Decode the page *data*. A character that is cut at the end of the text is dropped.

    Raises `DescriptionError` if *data* is not UTF-8 or does not start with a method and a path.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DescriptionError(
            "the text is not UTF-8; save it as UTF-8",
            source=source,
            line=line,
        ) from error
    cut_character = bool(decoder.getstate()[0])
    lines = [_clean(line) for line in _NEWLINE.split(text)]
    first = next((index for index, line in enumerate(lines) if line), 0)
    match = _FIRST_LINE.match(lines[first].strip())
    if match is None:
        raise DescriptionError(
            "a reference page starts with `METHOD /path/{parameter}`,"
            " for example `GET /users/{id}`",
            source=source,
            line=first + 1,
        )
    open_end = bool(lines[-1] or cut_character)
    if not open_end:
        lines.pop()  # the empty string after the last line break is no line
    return Page(
        match[1],
        match[2],
        tuple(lines),
        first,
        open_end=open_end,
    )


def with_single_spaces(line: str) -> str:
    """Return *line* with each run of white space, also non-breaking, replaced by one space."""
    return " ".join(line.split())


def _clean(line: str) -> str:
    if line.isascii():
        return line.rstrip()
    return line.translate(_INVISIBLE).rstrip()
