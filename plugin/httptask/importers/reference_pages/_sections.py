"""Divide a reference page into sections.

Descriptions, too, may contain lines such as `Servers` or `Query parameters`. Such a line is a
heading only if suitable lines follow. So the page is read from its end: when we come to a line, we
know the lines after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from httptask.importers.reference_pages._page import Page, with_single_spaces

DESCRIPTION, SERVERS, PATH, HEADERS, QUERY, BODY, STEPS = range(7)
"""The sections, in the order of every page."""

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
"""The types of rows."""

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
"""Characters that may precede the first step."""
_ROW = re.compile(rf"\S+ (?:{'|'.join(TYPES)}) (?:Yes|No)\Z")


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one section, without its heading."""

    kind: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Sections:
    """A page with its sections."""

    page: Page
    """The page without the headings."""
    sections: tuple[Section, ...]
    """The sections in the order of the page. The first is the description."""
    complete: bool
    """Whether the page has its last heading, so that nothing was cut off."""

    def of(self, kind: int) -> Section | None:
        """Return the section of *kind*, or None if the page has none."""
        return next((section for section in self.sections if section.kind == kind), None)


def divide(page: Page) -> Sections:
    """Divide *page* into sections."""
    chosen = list(_in_order(_candidates(page)))
    kinds = [DESCRIPTION, *(heading.kind for heading in chosen)]
    # The line of a glued heading belongs to the section before, without the heading.
    stops = [heading.index + (heading.before is not None) for heading in chosen]
    stops.append(len(page.lines))
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
    """Say whether *line* has the titles of the four columns, in either variant."""
    # The cheap check first: this is asked of each line of a page.
    may_be = line.endswith(("Description", "|"))
    return may_be and line.replace("|", " ").split() == COLUMNS


def is_rule(line: str) -> bool:
    """Say whether *line* is the rule below the header of a table: `--- | ---`."""
    return "---" in line and not line.strip("|:- ")


def starts_heading(line: str, after: int) -> bool:
    """Say whether the cut *line* may be the beginning of a heading of a section after *after*."""
    return any(
        kind > after and heading.startswith(with_single_spaces(line))
        for heading, kind in HEADINGS.items()
    )


def starts_columns(line: str) -> bool:
    """Say whether the cut *line* may be the beginning of a column line or of the rule below it."""
    start = with_single_spaces(line)
    may_be_rule = not line.strip("|-: ")
    return may_be_rule or any(text.startswith(start) for text in _COLUMN_LINES)


def address(line: str) -> str | None:
    """Return the text of a bullet with an address, or None for any other line."""
    match = _BULLET.match(line)
    if match and _ADDRESS.match(match[1]):
        return match[1]
    return None


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line that may be a heading."""

    index: int
    kind: int
    before: str | None = None
    """The text before the heading on the same line, if it is glued to a description."""
    sure: bool = True
    """False for steps without the usual first step: a description may have steps, too."""


def _in_order(candidates: list[_Heading]) -> Iterator[_Heading]:
    """Yield the headings that are in the order of a page. Others are in a description."""
    kinds = [candidate.kind for candidate in candidates]
    # All known pages have `Servers`: any other heading before it is part of the description.
    first = kinds.index(SERVERS) if SERVERS in kinds else 0
    current = DESCRIPTION
    for candidate in candidates[first:]:
        if candidate.kind > current and (candidate.sure or current > DESCRIPTION):
            current = candidate.kind
            yield candidate


def _candidates(page: Page) -> list[_Heading]:
    """Return the lines of *page*, read from its end, that may be headings."""
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
    """Return the heading in *line*, alone or glued to text, if the following lines confirm it."""
    for heading, kind in HEADINGS.items():
        # Ignore case: a page written by hand may have "Query Parameters".
        if line.casefold() == heading.casefold() and following.confirms(kind):
            return _Heading(index, kind, sure=kind != STEPS or following.has_first_step())
        if line.endswith(heading) and following.confirms_glued(kind, line.removesuffix(heading)):
            return _Heading(index, kind, before=line.removesuffix(heading))
    return None


class _Following:
    """Knows the lines after the present line, while a page is read from its end."""

    def __init__(self, page: Page, headings: dict[int, _Heading]) -> None:
        self._page = page
        self._headings = headings
        """Index -> heading, of those below. The caller adds to it while the page is read."""
        self._next: int | None = None
        """The index of the next line that is not blank."""
        self._after_addresses: int | None = None
        """The index of the next line that is neither blank nor a bullet with an address."""

    def pass_line(self, index: int, line: str) -> None:
        """Move up over *line*, at *index*."""
        self._next = index
        if address(line) is None:
            self._after_addresses = index

    def confirms(self, kind: int) -> bool:
        """Say whether the following lines can belong to a section of *kind*."""
        if kind == SERVERS:
            return self._leads_on(self._after_addresses, kind) or self._cut_address()
        if kind == STEPS:
            return self.has_first_step() or self._starts_first_step() or self._has_steps()
        if self._next is None or self._columns() or self._row():
            return True
        return self._leads_on(self._next, kind)

    def confirms_glued(self, kind: int, text: str) -> bool:
        """Like `confirms`, for a heading with *text* before it on the same line.

        This is stricter, because sentences may end in the same words.
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
        if kind == STEPS:
            return self.has_first_step()
        return self._columns()

    def _leads_on(self, index: int | None, kind: int) -> bool:
        """Say whether the line at *index* is the heading of a section after *kind*.

        The heading may be cut. None as the *index*, the end of the page, counts, too.
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
        address = bullet[1:].strip()
        return bullet.startswith(("-", "•", "*")) and "https://".startswith(address)

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
        """Say whether the usual first step follows."""
        if self._next is None:
            return False
        return self._page.lines[self._next].lstrip(_MARKS).startswith(_FIRST_STEP)

    def _starts_first_step(self) -> bool:
        """Say whether the page is cut before or in the usual first step."""
        if self._next is None:
            return True
        step = self._page.lines[self._next].lstrip(_MARKS)
        return self._page.is_open(self._next) and _FIRST_STEP.startswith(step)

    def _has_steps(self) -> bool:
        """Say whether any step follows, but no section.

        Steps in a description come before the sections.
        """
        if self._next is None or self._headings:
            return False
        return _STEP.match(self._page.lines[self._next]) is not None
