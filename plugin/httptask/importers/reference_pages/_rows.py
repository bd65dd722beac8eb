"""The rows of a section's table, as they are printed: a name, a type, a mark, and lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field

from httptask.importers.reference_pages._page import Page, with_single_spaces
from httptask.importers.reference_pages._sections import Section, starts_heading
from httptask.model.api import Note

MARKS = {"Yes": True, "No": False}
"""What stands in the column `Required`."""
LABELS = ("Possible values:", "Valid values:", "Default value:")
"""What stands before an enumeration and a default."""


@dataclass(slots=True)
class Row:
    """One row. Its text grows while the page is read."""

    name: str | None
    """None: the page lost it, and the row is skipped."""
    type: str | None
    """As printed; None when the page does not say."""
    required: bool
    line: int
    """The number of the line it starts on."""
    text: list[tuple[int, str]] = field(default_factory=list)
    """Numbered lines of the description, with the enumeration and the default still in them."""
    cut: bool = False
    """The page stops with this row: it may go on."""
    open: bool = False
    """It stops in the middle of a line."""

    def add(self, number: int, text: str) -> None:
        """Add a line of text; several blank lines count as one."""
        if text or (self.text and self.text[-1][1]):
            self.text.append((number, text))


@dataclass(slots=True)
class Rows:
    """The rows of a section, and notes on what is no row."""

    rows: list[Row] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tail: str | None = None
    """The start of a row or heading at which the page stops."""

    @property
    def current(self) -> Row | None:
        """Return the row that text belongs to."""
        return self.rows[-1] if self.rows else None

    def start(self, name: str | None, type_: str | None, required: bool, number: int) -> Row:
        """Start a row; one without a name is noted and only takes the text that follows."""
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
        """Add *text* to the row before it."""
        if self.current is not None:
            self.current.add(number, text)
        elif text:
            self.note("skipped", f"text before the first row: {shortened(text)}", number)

    def note(self, kind: str, message: str, number: int) -> None:
        """Add a note."""
        self.notes.append(Note(kind, message, number))

    def finish(self, page: Page, *, cut: bool) -> Rows:
        """Mark the last row when the page stops with it."""
        if cut and self.current is not None and self.tail is None:
            self.current.cut, self.current.open = True, page.open_end
        return self


def starts_label(line: str) -> bool:
    """Say whether the cut *line* may be the start of a label of values or of a default."""
    start = with_single_spaces(line)
    return any(label.startswith(start) and label != start for label in LABELS)


def starts_something(line: str, section: Section) -> bool:
    """Say whether the cut *line* may be the start of a heading or a label: it is no text then."""
    return starts_label(line) or starts_heading(line, section.kind)


def shortened(text: str, most: int = 60) -> str:
    """Return *text* in quotes, cut to *most* characters, for a note."""
    return repr(text if len(text) <= most else text[:most] + "…")
