"""The sections of a reference page.

A line that says `Servers` or `Query parameters` is a heading only when what follows makes it one:
descriptions use the same words. So the page is read once from its end, and for each line it is
known what comes after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from httptask.importers.reference_pages._page import Page, with_single_spaces

DESCRIPTION, SERVERS, PATH, HEADERS, QUERY, BODY, STEPS = range(7)
"""The sections in the order every page has them."""

HEADINGS = {
    "Servers": SERVERS,
    "Path parameters": PATH,
    "Request headers": HEADERS,
    "Query parameters": QUERY,
    "Request body fields": BODY,
    "How to start integrating": STEPS,
}
COLUMNS = ["Name", "Type", "Required", "Description"]
TYPES = ("String", "Integer", "Number", "Boolean", "Array", "Object")
"""The types that a row may print."""

_ENDINGS = tuple({heading.split()[-1].casefold() for heading in HEADINGS})
_COLUMN_LINES = (
    "Name Type Required Description",
    "Name | Type | Required | Description |",
    "| Name | Type | Required | Description |",
)
_BULLET = re.compile(r"\s*[-•*]\s+(\S.*)\Z")
_ADDRESS = re.compile(r"(?:\S*://|\{|/|[A-Za-z0-9-]+\.[A-Za-z0-9.-]+(?:/|\Z))\S*")
_STEP = re.compile(r"\s*(?:\d+[.)]|[-•*])\s")
_FIRST_STEP = "Add HTTP Task"
_MARKS = " 0123456789.)-•*"
"""What may stand before the first step."""
_ROW = re.compile(rf"\S+ (?:{'|'.join(TYPES)}) (?:Yes|No)\Z")


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one section, its heading excluded."""

    kind: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Sections:
    """A page, divided."""

    page: Page
    """The page with headings that were glued to a description taken off."""
    sections: tuple[Section, ...]
    """In the page's order; the first is the description."""
    complete: bool
    """The page has its last heading, so nothing was cut off."""

    def of(self, kind: int) -> Section | None:
        """Return the section of this kind, if the page has it."""
        return next((section for section in self.sections if section.kind == kind), None)


def divide(page: Page) -> Sections:
    """Return the sections of *page*."""
    chosen = list(_in_order(_candidates(page)))
    kinds = [DESCRIPTION, *(heading.kind for heading in chosen)]
    # A glued heading's line belongs to the section before it, with the heading taken off.
    stops = [heading.index + (heading.before is not None) for heading in chosen] + [len(page.lines)]
    starts = [page.first + 1, *(heading.index + 1 for heading in chosen)]
    lines = list(page.lines)
    for heading in chosen:
        lines[heading.index] = heading.before or ""
    return Sections(
        page=replace(page, lines=tuple(lines)),
        sections=tuple(Section(*parts) for parts in zip(kinds, starts, stops, strict=True)),
        complete=STEPS in kinds,
    )


def is_column_line(line: str) -> bool:
    """Say whether *line* names the four columns, in either variant."""
    return line.endswith(("Description", "|")) and line.replace("|", " ").split() == COLUMNS


def is_rule(line: str) -> bool:
    """Say whether *line* is the rule below a table's header."""
    return "---" in line and not line.strip("|:- ")


def starts_heading(line: str, after: int) -> bool:
    """Say whether the cut *line* may be the start of a heading that can follow section *after*."""
    return any(
        kind > after and heading.startswith(with_single_spaces(line))
        for heading, kind in HEADINGS.items()
    )


def starts_columns(line: str) -> bool:
    """Say whether the cut *line* may be the start of a column line or of the rule below it."""
    start = with_single_spaces(line)
    may_be_rule = not line.strip("|-: ")
    return may_be_rule or any(text.startswith(start) for text in _COLUMN_LINES)


def address(line: str) -> str | None:
    """Return what a bullet with an address says, None for any other line."""
    match = _BULLET.match(line)
    return match[1] if match and _ADDRESS.match(match[1]) else None


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line that can be a heading."""

    index: int
    kind: int
    before: str | None = None
    """The text before the heading, when it is glued to a description."""
    sure: bool = True
    """False for steps that do not begin with the known one: a description may have steps, too."""


def _in_order(candidates: list[_Heading]) -> Iterator[_Heading]:
    """Keep the headings that stand in the page's order; a description may repeat one."""
    kinds = [candidate.kind for candidate in candidates]
    # Every page seen has `Servers`: what looks like a heading before it is the description's.
    first = kinds.index(SERVERS) if SERVERS in kinds else 0
    current = DESCRIPTION
    for candidate in candidates[first:]:
        if candidate.kind > current and (candidate.sure or current > DESCRIPTION):
            current = candidate.kind
            yield candidate


def _candidates(page: Page) -> list[_Heading]:
    headings: dict[int, _Heading] = {}
    following = _Following(page, headings)
    for index in range(page.last, page.first, -1):
        line = page.lines[index]
        if not line:
            continue
        if line.casefold().endswith(_ENDINGS):
            candidate = _candidate(index, with_single_spaces(line), following)
            if candidate:
                headings[index] = candidate
        following.pass_line(index, line)
    return [headings[index] for index in sorted(headings)]


def _candidate(index: int, line: str, following: _Following) -> _Heading | None:
    for heading, kind in HEADINGS.items():
        # A page written by hand may have "Query Parameters"; what follows tells whether it is a
        # heading.
        if line.casefold() == heading.casefold() and following.confirms(kind):
            return _Heading(index, kind, sure=kind != STEPS or following.has_first_step())
        if line.endswith(heading) and following.confirms_glued(kind, line.removesuffix(heading)):
            return _Heading(index, kind, before=line.removesuffix(heading))
    return None


class _Following:
    """What comes after the line that is looked at, while a page is read from its end."""

    def __init__(self, page: Page, headings: dict[int, _Heading]) -> None:
        self._page = page
        self._headings = headings
        """The headings below, by index; they grow while the page is read."""
        self._next: int | None = None
        """The next line that is not blank."""
        self._after_addresses: int | None = None
        """The next line that is not blank and is no bullet with an address."""

    def pass_line(self, index: int, line: str) -> None:
        """Move up past *line*."""
        self._next = index
        if address(line) is None:
            self._after_addresses = index

    def confirms(self, kind: int) -> bool:
        """Say whether what follows fits a line that reads like the heading of *kind*."""
        if kind == SERVERS:
            return self._leads_on(self._after_addresses, kind) or self._cut_address()
        if kind == STEPS:
            return self.has_first_step() or self._starts_first_step() or self._has_steps()
        if self._next is None or self._columns() or self._row():
            return True
        return self._leads_on(self._next, kind)

    def confirms_glued(self, kind: int, text: str) -> bool:
        """Say the same of a heading with *text* before it.

        This is stricter: sentences end in these words, too.
        """
        if self._next is None:
            return False
        if kind == SERVERS:
            has_addresses = self._next != self._after_addresses
            if text.endswith(" ") and not has_addresses:
                return False
            return self._leads_on(self._after_addresses, kind)
        if text.endswith(" "):
            return False
        return self.has_first_step() if kind == STEPS else self._columns()

    def _leads_on(self, index: int | None, kind: int) -> bool:
        """Say whether the line at *index* is the heading of a later section or the end of the page.

        The heading may be cut.
        """
        if index is None:
            return True
        line = with_single_spaces(self._page.lines[index])
        if index in self._headings:
            return self._headings[index].kind > kind and self._headings[index].before is None
        if self._page.is_open(index):
            return starts_heading(line, kind)
        return self._next != self._after_addresses and HEADINGS.get(line, DESCRIPTION) > kind

    def _cut_address(self) -> bool:
        if self._after_addresses is None or not self._page.is_open(self._after_addresses):
            return False
        bullet = self._page.lines[self._after_addresses].strip()
        return bullet.startswith(("-", "•", "*")) and "https://".startswith(bullet[1:].strip())

    def _columns(self) -> bool:
        if self._next is None:
            return False
        line = self._page.lines[self._next]
        return is_column_line(line) or (self._page.is_open(self._next) and starts_columns(line))

    def _row(self) -> bool:
        if self._next is None:
            return False
        return _ROW.match(with_single_spaces(self._page.lines[self._next])) is not None

    def has_first_step(self) -> bool:
        """Say whether the step that every page has first follows."""
        if self._next is None:
            return False
        return self._page.lines[self._next].lstrip(_MARKS).startswith(_FIRST_STEP)

    def _starts_first_step(self) -> bool:
        """Say whether the page is cut before or in that step."""
        if self._next is None:
            return True
        step = self._page.lines[self._next].lstrip(_MARKS)
        return self._page.is_open(self._next) and _FIRST_STEP.startswith(step)

    def _has_steps(self) -> bool:
        """Say whether steps follow, in any words, and no section.

        Steps in a description stand before the sections.
        """
        if self._next is None or self._headings:
            return False
        return _STEP.match(self._page.lines[self._next]) is not None
