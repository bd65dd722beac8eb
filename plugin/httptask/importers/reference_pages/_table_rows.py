"""Read the rows of the table variant: `name |`, `Type | Yes|No |`, `description |` on three lines.

Without a description, the line with the type ends in an empty cell. So this line shows whether a
description follows. Descriptions may contain pipes. So only a line with a single cell directly
before a line with a type is a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from httptask.importers.reference_pages._page import Page
from httptask.importers.reference_pages._rows import MARKS, Rows, shortened, starts_something
from httptask.importers.reference_pages._sections import (
    TYPES,
    Section,
    is_column_line,
    is_rule,
    starts_columns,
)

_TYPE_LINE = re.compile(
    r"\|?\s*(?:(?P<type>[A-Z][^|\s]*)\s*\|\s*)?(?P<mark>Yes|No)(?P<rest>\s*\|.*)?\Z"
)
_TYPE_START = re.compile(r"\|?\s*(?:[A-Z][^|\s]*\s*(?:\|\s*(?:Y|Ye|N)?)?)?\Z")


@dataclass(frozen=True, slots=True)
class TypeLine:
    """The second line of a row: type, mark and perhaps the description."""

    type: str | None
    required: bool
    text: str
    closed: bool
    """Whether the row is complete: no description follows on the next line."""


def table_rows(page: Page, section: Section, *, cut: bool) -> Rows:
    """Read the rows of *section*. *cut* says whether the page is cut in this section."""
    reader = _Reader(page, section, cut)
    reader.read()
    return reader.rows.finish(page, cut=cut)


def type_line(line: str) -> TypeLine | None:
    """Parse the second line of a row. Return None for any other line."""
    match = _TYPE_LINE.match(line.strip())
    if match is None or (match["rest"] is None and match["type"] is None):
        return None
    description = (match["rest"] or "").strip().removeprefix("|").strip()
    return TypeLine(
        match["type"],
        MARKS[match["mark"]],
        description.rstrip("| "),
        closed="|" in description,
    )


class _Reader:
    """Reads a section line by line."""

    def __init__(self, page: Page, section: Section, cut: bool) -> None:
        self.rows = Rows()
        self._page = page
        self._section = section
        self._cut = cut
        self._closed = True
        """Whether the previous row is complete, so that a name may follow."""
        self._bare = False
        """Whether the previous line is only a pipe: a lost name, or an empty cell."""

    def read(self) -> None:
        """Read the section."""
        index: int | None = self._header()
        while index is not None and index < self._section.stop:
            index = self._take(index)

    def _header(self) -> int:
        """Skip the column line and the rule below it; return the index of the first row."""
        index = self._skip_blank(self._section.start)
        if index < self._section.stop and is_column_line(self._page.lines[index]):
            index = self._skip_blank(index + 1)
        if index >= self._section.stop:
            return index
        if is_rule(self._page.lines[index]) or self._is_cut_header(index):
            index = self._skip_blank(index + 1)
        return index

    def _is_cut_header(self, index: int) -> bool:
        """Say whether the page is cut in the column line or the rule below."""
        return self._page.is_open(index) and starts_columns(self._page.lines[index])

    def _skip_blank(self, index: int) -> int:
        while index < self._section.stop and not self._page.lines[index]:
            index += 1
        return index

    def _take(self, index: int) -> int | None:
        """Read the line at *index*, and perhaps the next; return the index of the line after them.

        Return None if the page is cut here: there are no more lines.
        """
        line = self._page.lines[index].strip()
        if not line:
            if not self._closed:
                self.rows.text(index + 1, "")
            return index + 1
        if not line.strip("| "):
            self._closed = self._bare = True
            return index + 1
        following = self._skip_blank(index + 1)
        if self._is_tail(index, line, following):
            self.rows.tail = line
            return None
        after = self._row(index, line, following) or self._text(index, line)
        self._bare = False
        return after

    def _row(self, index: int, line: str, following: int) -> int | None:
        """Start a row if *line* begins one; return the index after it, or None if it does not."""
        second = None
        if following < self._section.stop:
            second = type_line(self._page.lines[following])
        name = line.removeprefix("|").removesuffix("|").strip()
        is_single_cell = line.endswith("|") and "|" not in name and type_line(line) is None
        if second is not None and is_single_cell:
            if not self._closed and not _reads_like_name(name):
                return None
            current = self.rows.current
            if not self._closed and current is not None and not current.text:
                # By the format, this line is the description of the previous row, and the next row
                # has no name. It is more likely that the previous row has no description.
                self.rows.note("guessed", f"{shortened(name)} is read as a name", index + 1)
            self._start(name, second, index, following)
            return following + 1
        one_line = _whole_row(line) if self._closed else None
        if one_line is not None:
            self._start(
                one_line[0],
                one_line[1],
                index,
                index,
            )
            return index + 1
        alone = type_line(line)
        if alone is not None and (self._bare or alone.type in TYPES):
            self._start(None, alone, index, index)
            return index + 1
        return None

    def _start(
        self,
        name: str | None,
        second: TypeLine,
        index: int,
        second_index: int,
    ) -> None:
        row = self.rows.start(
            name,
            second.type,
            second.required,
            index + 1,
        )
        if second.text:
            row.add(second_index + 1, second.text)
        self._closed = second.closed

    def _text(self, index: int, line: str) -> int:
        self._closed = line.endswith("|")
        self.rows.text(index + 1, line.strip("| "))
        return index + 1

    def _is_tail(self, index: int, line: str, following: int) -> bool:
        """Say whether the page is cut here, in a heading, a label or the first lines of a row."""
        if not self._cut:
            return False
        if self._page.is_open(index):
            if starts_something(line, self._section):
                return True
            return self._closed and type_line(line) is None and _whole_row(line) is None
        if not self._closed or not line.endswith("|") or type_line(line) or _whole_row(line):
            return False
        if following >= self._section.stop:
            return True
        if not self._page.is_open(following):
            return False
        start = self._page.lines[following].strip()
        return type_line(start) is None and _TYPE_START.match(start) is not None


def _whole_row(line: str) -> tuple[str | None, TypeLine] | None:
    """Parse a row on one line; return its name and the rest, or None for any other line."""
    cells = [cell.strip() for cell in line.removeprefix("|").split("|", 3)]
    if len(cells) < 3:
        return None
    name, type_, mark, *description = cells
    if mark not in MARKS or type_ not in ("", *TYPES):
        return None
    text = ""
    if description:
        text = description[0].rstrip("| ")
    return name or None, TypeLine(type_ or None, MARKS[mark], text, closed=True)


def _reads_like_name(text: str) -> bool:
    return len(text.split()) == 1 and text[-1] not in ".,:;!?"
