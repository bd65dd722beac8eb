"""One import: sources are opened, read and stored, and each outcome is reported."""

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
"""Endpoints written in one transaction: each writes most pages of the indices again."""
_MANY = 2_000
"""New endpoints from which on searches need `Catalogue.optimise`."""
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """An input of an import: one or many descriptions."""

    name: str
    sources: Callable[[], Iterator[Source | DescriptionError]]
    """Opens them, one after the other."""
    origin: Origin | None = None
    """Where they can be read again; None: they cannot."""


def input_of(
    name: str, options: ImportOptions, fetching: Fetching, stdin: BinaryIO | None = None
) -> Input:
    """Return the input that a SOURCE of the command line names; `-` is *stdin*."""
    if name == _STDIN:
        return Input("standard input", lambda: _of_stdin(fetching, stdin))
    # Not `Path.resolve`: links stay as they are.
    source = name if is_fetched(name) else os.path.abspath(name)  # noqa: PTH100
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
    """The outcome of one source."""

    source: str
    read: Read | None = None
    """None if it was not read: it is unchanged, or unreadable."""
    counts: ImportCounts | None = None
    """The changes in the catalogue; None: there are none."""
    error: DescriptionError | None = None


@dataclass(slots=True)
class Import:
    """One import of *inputs*. An unreadable one does not keep the others out.

    *tell* is called with each outcome, and *idle* often, both in the thread of `run`. An exception
    of either ends the import: the sources written so far stay, and none is stored by half.
    """

    inputs: Sequence[Input]
    options: ImportOptions
    plugins: PluginManager
    tell: Callable[[Outcome], None]
    idle: Callable[[], None] = lambda: None
    again: bool = False
    """Whether to read descriptions again that have not changed since they were imported."""
    size: int = 0
    """Bytes of the sources so far."""
    counts: Counter[str] = field(default_factory=Counter)
    """Counts so far.

    `sources`; `endpoints`, and of them `added`, `replaced`, `unchanged` and `removed`; `parts` of
    descriptions, which are none themselves; `incomplete` sources, in which something could not be
    read; `failed` sources, in which nothing could be read.
    """
    notes: Counter[str] = field(default_factory=Counter)
    """Numbers of notes by their kind."""

    def check(self) -> None:
        """Read everything and write nothing."""
        for read in read_all(self._jobs(None), self.plugins, self.idle):
            self._done(read, None)
            self.idle()

    def run(self, catalogue: Catalogue) -> None:
        """Read everything into *catalogue*."""
        unwritten: list[Read] = []
        endpoints = 0
        for read in read_all(self._jobs(catalogue), self.plugins, self.idle):
            unwritten.append(read)
            endpoints += len(read.lines)
            if endpoints >= _BATCH:
                self._write(catalogue, unwritten)
                endpoints = 0
            self.idle()
        self._write(catalogue, unwritten)
        if self.counts["added"] + self.counts["replaced"] >= _MANY:
            catalogue.optimise()

    def _write(self, catalogue: Catalogue, unwritten: list[Read]) -> None:
        """Write *unwritten* in one transaction, report the outcomes, and empty the list."""
        prepared = [read.prepared for read in unwritten if read.prepared is not None]
        counts = iter(catalogue.put_prepared(prepared))
        for read in unwritten:
            self._done(read, next(counts) if read.prepared is not None else None)
        unwritten.clear()

    def _jobs(self, catalogue: Catalogue | None) -> Iterator[Job]:
        """Yield the descriptions to read, without those that *catalogue* already has unchanged."""
        for input_, source in self._sources():
            self.idle()
            if isinstance(source, DescriptionError):
                self._failed(source)
                continue
            self.size += len(source.data)
            # A file that somebody named is read even if it looks like a part of a description.
            if source.name != input_.name and is_fragment(source):
                self.counts["parts"] += 1
                continue
            source_digest = digest(source, self.options)
            known = None
            if catalogue is not None and not self.again:
                known = catalogue.known(source_digest)
            if known is None or catalogue is None:
                keep = catalogue is not None
                yield Job(source, self.options, source_digest, input_.origin, keep=keep)
                continue
            if input_.origin is not None:
                catalogue.remember(source_digest, input_.origin)
            self.counts.update(sources=1, endpoints=known.unchanged, unchanged=known.unchanged)
            self.tell(Outcome(source.name, counts=known))

    def _sources(self) -> Iterable[tuple[Input, Source | DescriptionError]]:
        for input_ in self.inputs:
            for source in input_.sources():
                yield input_, source

    def _done(self, read: Read, counts: ImportCounts | None) -> None:
        if read.error is not None:
            self._failed(read.error)
            return
        self.counts.update(sources=1, endpoints=len(read.lines))
        if counts is not None:
            self.counts.update(
                added=counts.added,
                replaced=counts.replaced,
                unchanged=counts.unchanged,
                removed=counts.removed,
            )
        self.notes.update(note.kind for note in read.notes)
        has_errors = any(note.severity == "error" for note in read.notes)
        self.counts["incomplete"] += has_errors or not read.lines
        self.tell(Outcome(read.source, read, counts))

    def _failed(self, error: DescriptionError) -> None:
        self.counts["failed"] += 1
        self.tell(Outcome(error.source or "", error=error))
