"""Read the rows of the plain variant: `name Type Yes|No`, a blank line, a description.

A description may contain lines that look like a row, and a row may lack its type or its blank line.
So a line is a row or not depending on its position, which the lines before it determine.
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
    starts_columns,
)

# Positions of a line. By the format, a blank line and a description follow a row. Without a
# description, or after the last bullet of possible values, the next row follows directly.
AFTER_ROW = "after a row, a bullet or the column line"
FIRST = "the first paragraph of a description"
PARAGRAPH = "after a description"
INLINE = "inside a paragraph"

# Kinds of lines that look like a row.
TYPED = "typed"
UNTYPED = "untyped"
ODD = "odd type"
NAMELESS = "nameless"
MARK = "mark only"
SPACED = "name with spaces"
DESCRIBED = "description on the line"
CONTENT_TYPE = "Content-Type with description"

_ACCEPTED = {
    TYPED: {AFTER_ROW, FIRST, PARAGRAPH, INLINE},
    CONTENT_TYPE: {AFTER_ROW, FIRST, PARAGRAPH, INLINE},
    NAMELESS: {AFTER_ROW, FIRST, PARAGRAPH, INLINE},
    UNTYPED: {AFTER_ROW, PARAGRAPH},
    ODD: {AFTER_ROW, PARAGRAPH},
    MARK: {AFTER_ROW},
    SPACED: {AFTER_ROW},
    DESCRIBED: {AFTER_ROW},
}
"""Kind of a line -> the positions in which it is a row. The less it looks like one, the fewer."""

_GUESSES = {
    SPACED: "a name with spaces",
    DESCRIBED: "a row with its description on the same line",
}

_QUOTES = "\"'\u2018\u2019\u201c\u201d"
_NO_NAME = _QUOTES + "(•-"
"""Characters with which no name begins."""
_NAME = re.compile(rf"[\w$@%{{\[*~<][^{_QUOTES};,|]*(?<![:,.;!?])\Z")
_BULLET = re.compile(r"\s*[-•*]\s")
_GLUED_TYPE = re.compile(rf"[a-z0-9_\]](?:{'|'.join(TYPES)})\Z")
_GLUED_MARK = re.compile(rf"({'|'.join(TYPES)})(Yes|No)\Z")
_REMARK = re.compile(r"(?:note|notes|warning|important|tip|caution|attention)\b", re.IGNORECASE)
# fmt: off
_OTHER_TYPES = frozenset({
    "Any", "Binary", "Bytes", "Date", "DateTime", "Decimal", "Double", "Enum", "File", "Float",
    "Int", "Json", "List", "Long", "Map", "Null", "Time", "Timestamp", "Uri", "Url", "Uuid", "UUID",
})
# fmt: on
"""Types of other languages, used by no known page. `avatar File No` is a row, `Read Only No` is a
remark."""
_REMARKS = frozenset(
    {"Required", "Optional", "Nullable", "Deprecated", "Default", "Example", "Note", "Yes", "No"}
)
"""Words that are no names: a line such as `Optional No` in a description is a remark, not a row."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The content of a line that looks like a row."""

    kind: str
    name: str | None
    type: str | None
    required: bool
    text: str = ""


def plain_rows(page: Page, section: Section, *, cut: bool) -> Rows:
    """Read the rows of *section*. *cut* says whether the page is cut in this section."""
    reader = _Reader(page, section)
    for index in range(section.start, section.stop):
        if not reader.take(index):
            break
    return reader.rows.finish(page, cut=cut)


def shape_of(line: str) -> Shape | None:
    """Parse a line that looks like a row. Return None for any other line."""
    if "Yes" not in line and "No" not in line:
        return None
    # The cases are ordered from the most to the least certain.
    tokens = line.split(maxsplit=3)
    match tokens:
        case [mark] if mark in MARKS:
            return Shape(MARK, None, None, MARKS[mark])
        case [type_, mark] if type_ in TYPES and mark in MARKS:
            return Shape(NAMELESS, None, type_, MARKS[mark])
        case [name, mark] if mark in MARKS and _NAME.match(name):
            return Shape(UNTYPED, name, None, MARKS[mark])
        case [name, glued] if _NAME.match(name) and (parts := _GLUED_MARK.match(glued)):
            return Shape(
                TYPED,
                name,
                parts[1],
                MARKS[parts[2]],
            )
        case [name, type_, mark] if mark in MARKS and type_ in TYPES and _is_name(name):
            return Shape(TYPED, name, type_, MARKS[mark])
        case [name, type_, mark] if mark in MARKS and type_[0].isalpha() and _NAME.match(name):
            is_type = type_.capitalize() in TYPES or type_[0].isupper()
            if is_type:
                return Shape(ODD, name, type_, MARKS[mark])
            return None
        case _:
            return _long_shape(line, tokens)


def _long_shape(line: str, tokens: list[str]) -> Shape | None:
    """Parse a line with more words: a row with its description, or with a long name, or None."""
    if tokens[0].lower() == "content-type" and len(tokens) > 2:
        if tokens[1] in MARKS:
            return Shape(
                CONTENT_TYPE,
                tokens[0],
                None,
                MARKS[tokens[1]],
                " ".join(tokens[2:]),
            )
        if tokens[2] in MARKS:
            return Shape(
                CONTENT_TYPE,
                tokens[0],
                tokens[1],
                MARKS[tokens[2]],
                " ".join(tokens[3:]),
            )
    if len(tokens) < 4:
        return None
    if tokens[1] in TYPES and tokens[2] in MARKS and _is_name(tokens[0]):
        return Shape(
            DESCRIBED,
            tokens[0],
            tokens[1],
            MARKS[tokens[2]],
            tokens[3],
        )
    *words, type_, mark = line.rsplit(maxsplit=2)
    if words and type_ in TYPES and mark in MARKS and not _BULLET.match(line):
        return Shape(
            SPACED,
            " ".join(line.split()[:-2]),
            type_,
            MARKS[mark],
        )
    return None


def _is_name(token: str) -> bool:
    return token[0] not in _NO_NAME and token[-1] not in ":;,"


class _Reader:
    """Reads a section line by line."""

    def __init__(self, page: Page, section: Section) -> None:
        self.rows = Rows()
        self._page = page
        self._section = section
        self._last = "start"
        """The type of the last line with text: `start`, `columns`, `row`, `bullet` or `text`."""
        self._blank = False
        """Whether the previous line is blank."""
        self._block = "text"
        """The type of the present paragraph: `text`, `remark`, or `table` (flattened to lines)."""
        self._spaced, self._loose = self._spacing()

    def take(self, index: int) -> bool:
        """Read the line at *index*. Return False if the page is cut here: no more lines follow."""
        line = self._page.lines[index]
        if not line:
            self._blank = True
            self._text(index, "")
        elif self._page.is_open(index) and self._is_tail(line):
            self.rows.tail = line.strip()
            return False
        elif self._last == "start" and is_column_line(line):
            self._pass("columns")
        elif (shape := shape_of(line)) is not None and self._accepts(shape):
            self._row(index, shape)
        else:
            self._take_text(index, line)
        return True

    def _row(self, index: int, shape: Shape) -> None:
        row = self.rows.start(
            shape.name,
            shape.type,
            shape.required,
            index + 1,
        )
        if shape.text:
            row.add(index + 1, shape.text)
        if shape.kind in _GUESSES:
            self.rows.note(
                "guessed",
                f"{shortened(shape.name or '')} is read as {_GUESSES[shape.kind]}",
                index + 1,
            )
        if shape.kind == UNTYPED and _GLUED_TYPE.search(shape.name or ""):
            self.rows.note(
                "guessed",
                f"{shortened(shape.name or '')} has no type, unless its name ends with it",
                index + 1,
            )
        self._pass("row" if not shape.text else "text")

    def _take_text(self, index: int, line: str) -> None:
        """Add *line* to the text of the current row, with a note if it looks like a row."""
        shape = shape_of(line)
        if shape is not None and shape.kind in (UNTYPED, TYPED, ODD, SPACED):
            self.rows.note(
                "guessed",
                f"{shortened(line.strip())} reads like a row but is taken as description",
                index + 1,
            )
        if self._blank or self._last != "text":
            self._block = "remark" if _REMARK.match(line.lstrip()) else "text"
        if _names_columns(line):
            self._block = "table"
        self._text(index, line)
        self._pass("bullet" if _BULLET.match(line) else "text")

    def _text(self, index: int, line: str) -> None:
        self.rows.text(index + 1, line)

    def _pass(self, line_type: str) -> None:
        self._last = line_type
        self._blank = False

    def _position(self) -> str:
        """Return the position of the present line, which follows from the lines before it."""
        if self._last in ("start", "columns"):
            return AFTER_ROW
        if self._last in ("row", "bullet") and not self._blank:
            return AFTER_ROW
        if self._last == "row":
            return PARAGRAPH if self._loose else FIRST
        return PARAGRAPH if self._blank else INLINE

    def _accepts(self, shape: Shape) -> bool:
        """Say whether the present line, which has *shape*, is a row: if not, it is text."""
        position = self._position()
        if position == INLINE and self._block == "table" and self._spaced:
            return False
        if position == INLINE and shape.kind == UNTYPED:
            return self._block == "remark" or not self._spaced
        if position == PARAGRAPH and shape.kind == UNTYPED:
            return shape.name not in _REMARKS
        if position == PARAGRAPH and shape.kind == ODD:
            return shape.type in _OTHER_TYPES or (shape.type or "").capitalize() in TYPES
        return position in _ACCEPTED[shape.kind]

    def _is_tail(self, line: str) -> bool:
        """Say whether the cut *line* may be the beginning of a row, a heading or a label."""
        if _BULLET.match(line + " "):
            return False
        if starts_something(line, self._section):
            return True
        if self._last == "start" and starts_columns(line):
            return True
        position = self._position()
        if position == FIRST:
            return False
        shape = shape_of(line)
        if shape is not None:
            # "Card No" may be the beginning of "Card Notes are …".
            return shape.kind not in (TYPED, CONTENT_TYPE, NAMELESS) and position != AFTER_ROW
        tokens = line.split(maxsplit=3)
        may_be_row = position == AFTER_ROW and len(tokens) < 4 and _is_name(tokens[0])
        return may_be_row or _starts_row(tokens)

    def _spacing(self) -> tuple[bool, bool]:
        """Say whether blank lines separate any lines, and whether they separate all lines."""
        separates = adjacent = gap = False
        previous = ""
        for line in self._page.lines[self._section.start : self._section.stop]:
            if line:
                separates = separates or (gap and bool(previous) and not is_column_line(previous))
                adjacent = adjacent or (not gap and bool(previous))
                previous = line
            gap = not line
        return separates, not adjacent


def _starts_row(tokens: list[str]) -> bool:
    """Say whether a cut line, split into *tokens*, may be the beginning of a row."""
    match tokens:
        case [name]:
            return name[0] not in _NO_NAME and name[-1] not in "!?"
        case [name, start]:
            starts_word = any(word.startswith(start) for word in (*TYPES, *MARKS))
            return _is_name(name) and starts_word
        case [name, type_, start]:
            starts_mark = any(mark.startswith(start) for mark in MARKS)
            return _is_name(name) and type_ in TYPES and starts_mark
        case _:
            return False


def _names_columns(line: str) -> bool:
    tokens = line.split(maxsplit=6)
    titles = 2 <= len(tokens) <= 6 and all(token[0].isupper() for token in tokens)
    return titles and not {"Type", "Required"}.isdisjoint(tokens)
