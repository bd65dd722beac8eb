"""Run one import: open, read and store sources, and report each outcome."""

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
"""How many endpoints are written in a transaction. Each transaction rewrites most index pages."""
_MANY = 2_000
"""With so many new endpoints, searches need `Catalogue.optimise`."""
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """An input of an import, with one or many descriptions."""

    name: str
    sources: Callable[[], Iterator[Source | DescriptionError]]
    """Opens the descriptions one after the other."""
    origin: Origin | None = None
    """Where the descriptions can be read again, or None if they cannot."""


def input_of(
    name: str,
    options: ImportOptions,
    fetching: Fetching,
    stdin: BinaryIO | None = None,
) -> Input:
    """Return the input for *name*, a SOURCE argument of the command line; `-` is *stdin*."""
    if name == _STDIN:
        return Input("standard input", lambda: _of_stdin(fetching, stdin))
    # Not `Path.resolve`, which would replace links by their present targets.
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
    """The result of reading. None if the source is unchanged or unreadable."""
    counts: ImportCounts | None = None
    """The counts of the catalogue. None if nothing was stored."""
    error: DescriptionError | None = None


@dataclass(slots=True)
class Import:
    """One import of *inputs*. If an input cannot be read, the others are imported all the same.

    *tell* is called with each outcome, and *idle* often, both in the thread of `run`. An exception
    of either ends the import. Sources that were written before stay; each source is written
    completely or not at all.
    """

    inputs: Sequence[Input]
    options: ImportOptions
    plugins: PluginManager
    tell: Callable[[Outcome], None]
    idle: Callable[[], None] = lambda: None
    again: bool = False
    """Whether to read descriptions that have not changed since their last import."""
    size: int = 0
    """The bytes of the sources so far."""
    counts: Counter[str] = field(default_factory=Counter)
    """The counts so far.

    `sources`, `endpoints`, and of these `added`, `replaced`, `unchanged` and `removed`; `parts`
    (fragments of descriptions, which are not imported by themselves); `incomplete` (sources of
    which a part could not be read); `failed` (sources of which nothing could be read).
    """
    notes: Counter[str] = field(default_factory=Counter)
    """Kind of note -> number of notes."""

    def check(self) -> None:
        """Read all inputs, but write nothing."""
        for result in read_all(self._jobs(None), self.plugins, self.idle):
            self._done(result, None)
            self.idle()

    def run(self, catalogue: Catalogue) -> None:
        """Read all inputs and store them in *catalogue*."""
        unwritten: list[Read] = []
        endpoints = 0
        for result in read_all(self._jobs(catalogue), self.plugins, self.idle):
            unwritten.append(result)
            endpoints += len(result.lines)
            if endpoints >= _BATCH:
                self._write(catalogue, unwritten)
                endpoints = 0
            self.idle()
        self._write(catalogue, unwritten)
        if self.counts["added"] + self.counts["replaced"] >= _MANY:
            catalogue.optimise()

    def _write(self, catalogue: Catalogue, unwritten: list[Read]) -> None:
        """Write *unwritten* in one transaction, report the outcomes, and empty the list."""
        prepared = [result.prepared for result in unwritten if result.prepared is not None]
        counts = iter(catalogue.put_prepared(prepared))
        for result in unwritten:
            # The catalogue counts only what was prepared, in the same order.
            result_counts = next(counts) if result.prepared is not None else None
            self._done(result, result_counts)
        unwritten.clear()

    def _jobs(self, catalogue: Catalogue | None) -> Iterator[Job]:
        """Yield a job for each description, except those that *catalogue* has unchanged."""
        for input_, source in self._sources():
            self.idle()
            if isinstance(source, DescriptionError):
                self._failed(source)
                continue
            self.size += len(source.data)
            # Fragments in folders and archives are skipped. A file that the user named is read.
            if source.name != input_.name and is_fragment(source):
                self.counts["parts"] += 1
                continue
            source_digest = digest(source, self.options)
            counts = None
            if catalogue is not None and not self.again:
                counts = catalogue.known(source_digest)
            if counts is None or catalogue is None:
                keep = catalogue is not None
                yield Job(source, self.options, source_digest, input_.origin, keep=keep)
                continue
            if input_.origin is not None:
                catalogue.remember(source_digest, input_.origin)
            self.counts.update(
                sources=1,
                endpoints=counts.unchanged,
                unchanged=counts.unchanged,
            )
            self.tell(Outcome(source.name, counts=counts))

    def _sources(self) -> Iterable[tuple[Input, Source | DescriptionError]]:
        for input_ in self.inputs:
            for source in input_.sources():
                yield input_, source

    def _done(self, result: Read, counts: ImportCounts | None) -> None:
        """Count and report the *result* of one source; *counts* are those of the catalogue."""
        if result.error is not None:
            self._failed(result.error)
            return
        self.counts.update(sources=1, endpoints=len(result.lines))
        if counts is not None:
            self.counts.update(
                added=counts.added,
                replaced=counts.replaced,
                unchanged=counts.unchanged,
                removed=counts.removed,
            )
        self.notes.update(note.kind for note in result.notes)
        has_errors = any(note.severity == "error" for note in result.notes)
        self.counts["incomplete"] += has_errors or not result.lines
        self.tell(Outcome(result.source, result, counts))

    def _failed(self, error: DescriptionError) -> None:
        self.counts["failed"] += 1
        self.tell(Outcome(error.source or "", error=error))
