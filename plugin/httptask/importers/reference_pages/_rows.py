"""The rows of a section, as printed: a name, a type, a mark (Yes or No) and lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field

from httptask.importers.reference_pages._page import Page, with_single_spaces
from httptask.importers.reference_pages._sections import Section, starts_heading
from httptask.model.api import Note

MARKS = {"Yes": True, "No": False}
"""The marks in the column `Required`."""
LABELS = ("Possible values:", "Valid values:", "Default value:")
"""The labels of possible values and of a default."""


@dataclass(slots=True)
class Row:
    """One row. Its text grows while the page is read."""

    name: str | None
    """None if the page has lost the name. Such a row is skipped."""
    type: str | None
    """The type as printed, or None if there is none."""
    required: bool
    line: int
    """The number of the row's first line."""
    text: list[tuple[int, str]] = field(default_factory=list)
    """(line number, text) of the description, with the possible values and the default."""
    cut: bool = False
    """Whether the page is cut after this row, so that more text may be missing."""
    open: bool = False
    """Whether the page is cut in the middle of a line."""

    def add(self, number: int, text: str) -> None:
        """Add a line of text, unless it is a second blank line."""
        if text or (self.text and self.text[-1][1]):
            self.text.append((number, text))


@dataclass(slots=True)
class Rows:
    """The rows of a section, with notes."""

    rows: list[Row] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tail: str | None = None
    """The beginning of a row or heading at which the page is cut."""

    @property
    def current(self) -> Row | None:
        """The last row, to which following text belongs."""
        if self.rows:
            return self.rows[-1]
        return None

    def start(
        self,
        name: str | None,
        type_: str | None,
        required: bool,
        number: int,
    ) -> Row:
        """Start a row. A row without a name causes a note, and is kept for the text after it."""
        row = Row(name, type_, required, number)
        self.rows.append(row)
        if name is None:
            self.note(
                "skipped",
                "a row without a name; names that are not printed are allowed beside the others",
                number,
            )
        return row

    def text(self, number: int, text: str) -> None:
        """Add *text* to the current row."""
        if self.current is not None:
            self.current.add(number, text)
        elif text:
            self.note("skipped", f"text before the first row: {shortened(text)}", number)

    def note(self, kind: str, message: str, number: int) -> None:
        """Add a note."""
        self.notes.append(Note(kind, message, number))

    def finish(self, page: Page, *, cut: bool) -> Rows:
        """Mark the last row as cut if the page is cut after it."""
        if cut and self.current is not None and self.tail is None:
            self.current.cut = True
            self.current.open = page.open_end
        return self


def starts_label(line: str) -> bool:
    """Say whether the cut *line* may be the beginning of one of `LABELS`."""
    start = with_single_spaces(line)
    return any(label.startswith(start) and label != start for label in LABELS)


def starts_something(line: str, section: Section) -> bool:
    """Say whether the cut *line* may be the beginning of a heading or a label, and so no text."""
    return starts_label(line) or starts_heading(line, section.kind)


def shortened(text: str, most: int = 60) -> str:
    """Return *text* in quotes for a note, cut to *most* characters."""
    return repr(text if len(text) <= most else text[:most] + "…")
