"""One import: sources are found, read, and stored; whoever started it is told what became of
each.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from httptask.catalogue import Origin
from httptask.errors import DescriptionError
from httptask.fetching import Fetching, is_fetched
from httptask.importers import is_fragment
from httptask.importing._reading import Job, Read, digest, read_all
from httptask.protocols import Source

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue, ImportCounts
    from httptask.plugins import PluginManager
    from httptask.protocols import ImportOptions

_BATCH = 2_000
"""Endpoints that are written together."""
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """What somebody named: one or many descriptions."""

    name: str
    sources: Callable[[], Iterator[Source | DescriptionError]]
    """Opens them, one after the other."""
    origin: Origin | None = None
    """Where they can be read again; None when they cannot."""


def input_of(
    name: str, options: ImportOptions, fetching: Fetching, stdin: BinaryIO | None = None
) -> Input:
    """Return the input that *name*, a SOURCE of the command line, stands for; `-` is *stdin*."""
    if name == _STDIN:
        return Input("standard input", lambda: _of_stdin(fetching, stdin))
    source = name if is_fetched(name) else os.path.abspath(name)  # noqa: PTH100 - links stay as they are
    return Input(
        name,
        lambda: fetching.sources(name),
        Origin(source, name, options.provider, options.servers),
    )


def _of_stdin(fetching: Fetching, stdin: BinaryIO | None) -> Iterator[Source | DescriptionError]:
    for source in fetching.sources(_STDIN, stdin=stdin):
        if isinstance(source, Source) and source.name == _STDIN:
            source = replace(source, name="standard input")
        yield source


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source."""

    source: str
    read: Read | None = None
    """None when it was not read: it is unchanged, or it could not be."""
    counts: ImportCounts | None = None
    """What was done in the catalogue; None when nothing was."""
    error: DescriptionError | None = None


@dataclass(slots=True)
class Import:
    """One import of *inputs*. One that cannot be read does not keep the others out.

    *tell* is called with what became of each source, *idle* often: both in the thread of `run`,
    which ends with what either of them raises. What was written before stays; no source is there by
    half.
    """

    inputs: Sequence[Input]
    options: ImportOptions
    plugins: PluginManager
    tell: Callable[[Outcome], None]
    idle: Callable[[], None] = lambda: None
    again: bool = False
    """Whether to read what is unchanged since it was imported, too."""
    size: int = 0
    """Bytes of the sources so far."""
    counts: Counter[str] = field(default_factory=Counter)
    """So far: `sources`, `endpoints`; `added`, `replaced`, `unchanged`, `removed` of them; `parts`,
    which are no descriptions; `incomplete`, sources of which something could not be read; `failed`,
    those of which nothing could be."""
    notes: Counter[str] = field(default_factory=Counter)
    """How many notes of each kind."""

    def check(self) -> None:
        """Read everything and write nothing."""
        for read in read_all(self._jobs(None), self.plugins, self.idle):
            self._done(read, None)
            self.idle()

    def run(self, catalogue: Catalogue) -> None:
        """Read everything into *catalogue*."""
        unwritten: list[Read] = []
        for read in read_all(self._jobs(catalogue), self.plugins, self.idle):
            unwritten.append(read)
            if sum(len(each.lines) for each in unwritten) >= _BATCH:
                self._write(catalogue, unwritten)
            self.idle()
        self._write(catalogue, unwritten)
        if self.counts["added"] + self.counts["replaced"] >= _BATCH:
            catalogue.optimise()

    def _write(self, catalogue: Catalogue, unwritten: list[Read]) -> None:
        """Write what *unwritten* holds in one transaction, tell it, and empty the list."""
        counts = iter(
            catalogue.put_prepared(
                [read.prepared for read in unwritten if read.prepared is not None]
            )
        )
        for read in unwritten:
            self._done(read, next(counts) if read.prepared is not None else None)
        unwritten.clear()

    def _jobs(self, catalogue: Catalogue | None) -> Iterator[Job]:
        """Yield what has to be read; what was imported into *catalogue* before, unchanged, has
        not.
        """
        for given, source in self._sources():
            self.idle()
            if isinstance(source, DescriptionError):
                self._failed(source)
                continue
            self.size += len(source.data)
            if source.name != given.name and is_fragment(
                source
            ):  # what somebody named is no part by itself
                self.counts["parts"] += 1
                continue
            mark = digest(source, self.options)
            known = catalogue.known(mark) if catalogue is not None and not self.again else None
            if known is None or catalogue is None:
                yield Job(source, self.options, mark, given.origin, keep=catalogue is not None)
                continue
            if given.origin is not None:
                catalogue.remember(mark, given.origin)
            self.counts.update(sources=1, endpoints=known.unchanged, unchanged=known.unchanged)
            self.tell(Outcome(source.name, counts=known))

    def _sources(self) -> Iterable[tuple[Input, Source | DescriptionError]]:
        for given in self.inputs:
            for source in given.sources():
                yield given, source

    def _done(self, read: Read, counts: ImportCounts | None) -> None:
        if read.error is not None:
            self._failed(read.error)
            return
        self.counts.update(sources=1, endpoints=len(read.lines))
        if counts is not None:
            done = (counts.added, counts.replaced, counts.unchanged, counts.removed)
            self.counts.update(
                dict(zip(("added", "replaced", "unchanged", "removed"), done, strict=True))
            )
        self.notes.update(each.kind for each in read.notes)
        self.counts["incomplete"] += (
            any(each.severity == "error" for each in read.notes) or not read.lines
        )
        self.tell(Outcome(read.source, read, counts))

    def _failed(self, error: DescriptionError) -> None:
        self.counts["failed"] += 1
        self.tell(Outcome(error.source or "", error=error))
