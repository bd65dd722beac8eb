"""`import`: descriptions into the catalogue, with a report of everything that was guessed, skipped or missing."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask.cli._output import allow_network, command, emit, fail, note, plural
from httptask.cli._progress import Progress

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue, ImportCounts, Origin
    from httptask.cli._reading import Job, Read
    from httptask.fetching import Fetching
    from httptask.model.api import Note
    from httptask.plugins import PluginManager
    from httptask.protocols import ImportOptions

_MOST_LISTED = 20
"""Endpoints of a source up to which each is listed."""
_MOST_NOTES = 20
"""Notes of a source that are listed; `--check` lists all."""
_MOST_PLACES = 2
"""Places that are named beside the first where notes say the same; `--json` has all."""
_BATCH = 2_000
"""Endpoints that are written together."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(commands, "import", "read descriptions of APIs into the catalogue", "httptask import openapi.yaml")
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a file, a folder, an archive (.zip, .tar, .tar.gz), https://…, npm:PACKAGE[@VERSION], or - for standard "
        "input: OpenAPI 2.0 to 3.2 or reference pages",
    )
    parser.add_argument("--provider", metavar="NAME", help="who offers the API, when its description does not say")
    parser.add_argument(
        "--server", action="append", default=[], metavar="URL", help="a server's address, instead of those described"
    )
    parser.add_argument("--check", action="store_true", help="say what would be read and what is wrong; write nothing")
    allow_network(parser, "let https:// and http:// sources be at this network or host too")
    parser.set_defaults(run=run)


@dataclass(slots=True)
class _Report:
    """What is told at the end."""

    everything: bool
    """Whether every source is reported in full, however many there are."""
    sources: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Any] = field(default_factory=list)
    incomplete: int = 0
    """Sources of which a part, or all, could not be read."""
    counts: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def run(arguments: argparse.Namespace) -> int:
    """Import every source; one that cannot be read does not keep the others out."""
    from httptask.fetching import Fetching
    from httptask.importers import import_options
    from httptask.plugins import plugin_manager

    options, plugins = import_options(arguments.provider, arguments.server), plugin_manager()
    report = _Report(everything=arguments.check or _are_few(arguments.sources))
    with (
        Progress(total=_bytes_of(arguments.sources)) as progress,
        Fetching(allow_networks=arguments.allow_network, progress=progress.show_size) as fetching,
    ):
        work = _Work(arguments, options, report, fetching)
        if arguments.check:
            _check(work, plugins, progress)
        else:
            _import(work, plugins, progress)
    if arguments.json:
        failed = [error.to_json() for error in report.failed]
        emit(arguments, {"sources": report.sources, "failed": failed}, "")
    else:
        _summary(report)
    if report.failed:
        return 2
    return 1 if report.incomplete else 0


def _check(work: _Work, plugins: PluginManager, progress: Progress) -> None:
    from httptask.cli._reading import read_all

    for read in read_all(work.jobs(), plugins):
        _tell(work.arguments, work.report, read, None)
        progress.show(work.seen, _so_far(work.report))


def _import(work: _Work, plugins: PluginManager, progress: Progress) -> None:
    from httptask.catalogue import Catalogue
    from httptask.cli._reading import read_all

    arguments, report = work.arguments, work.report
    with Catalogue.open(arguments.catalogue) as catalogue:
        waiting: list[Read] = []
        work.catalogue = catalogue
        for read in read_all(work.jobs(), plugins):
            waiting.append(read)
            if sum(len(each.lines) for each in waiting) >= _BATCH:
                _write(arguments, catalogue, waiting, report)
            progress.show(work.seen, _so_far(report))
        _write(arguments, catalogue, waiting, report)
        if report.counts["added"] + report.counts["replaced"] >= _BATCH:
            catalogue.optimise()


def _write(arguments: argparse.Namespace, catalogue: Catalogue, waiting: list[Read], report: _Report) -> None:
    """Write what *waiting* holds in one transaction, report it, and empty it."""
    counts = iter(catalogue.put_prepared([read.prepared for read in waiting if read.prepared is not None]))
    for read in waiting:
        _tell(arguments, report, read, next(counts) if read.prepared is not None else None)
    waiting.clear()


class _Work:
    """Makes the jobs of one command; what was imported before, unchanged, is none."""

    def __init__(
        self, arguments: argparse.Namespace, options: ImportOptions, report: _Report, fetching: Fetching
    ) -> None:
        self.arguments = arguments
        self.report = report
        self.catalogue: Catalogue | None = None
        """Where what is read goes; None when it goes nowhere."""
        self._options = options
        self._fetching = fetching
        self.seen = 0
        """Bytes of the sources so far."""

    def jobs(self) -> Iterator[Job]:
        from httptask.cli._reading import Job, digest
        from httptask.errors import DescriptionError
        from httptask.importers import is_fragment

        for name in self.arguments.sources:
            origin = origin_of(name, self._options)
            for source in self._fetching.sources(name, stdin=sys.stdin.buffer if name == "-" else None):
                if isinstance(source, DescriptionError):
                    _failed(self.arguments, self.report, source)
                    continue
                self.seen += len(source.data)
                if source.name != name and is_fragment(source):  # what somebody named is no part by itself
                    self.report.counts["parts"] += 1
                    continue
                if source.name == "-":
                    source = replace(source, name="standard input")
                mark = digest(source, self._options)
                # Who names a few files wants their report, changed or not.
                known = self.catalogue.known(mark) if self.catalogue and not self.report.everything else None
                if known is not None and self.catalogue is not None:
                    if origin is not None:
                        self.catalogue.remember(mark, origin)
                    self._unchanged(source.name, known)
                else:
                    yield Job(source, self._options, mark, origin, keep=self.catalogue is not None)

    def _unchanged(self, name: str, counts: ImportCounts) -> None:
        self.report.counts.update(sources=1, endpoints=counts.unchanged, unchanged=counts.unchanged)
        if self.arguments.json:
            self.report.sources.append({"source": name, "catalogue": counts.to_json()})


def origin_of(name: str, options: ImportOptions) -> Origin | None:
    """Return where what *name* names can be read again; None for standard input."""
    from httptask.catalogue import Origin
    from httptask.fetching import is_fetched

    if name == "-":
        return None
    source = name if is_fetched(name) else os.path.abspath(name)  # noqa: PTH100 - links stay as they are
    return Origin(source, name, options.provider, options.servers)


def _tell(arguments: argparse.Namespace, report: _Report, read: Read, counts: ImportCounts | None) -> None:
    if read.error is not None:
        _failed(arguments, report, read.error)
        return
    report.counts.update(sources=1, endpoints=len(read.lines))
    if counts is not None:
        report.counts.update({name: getattr(counts, name) for name in _DONE})
    report.notes.update(each.kind for each in read.notes)
    report.incomplete += any(each.severity == "error" for each in read.notes) or not read.lines
    if arguments.json:
        report.sources.append(_json(read, counts))
    elif report.everything:
        emit(arguments, None, _text(read, counts, notes=None if arguments.check else _MOST_NOTES))


def _failed(arguments: argparse.Namespace, report: _Report, error: Any) -> None:
    report.failed.append(error)
    if not arguments.json:
        fail(error, False, 2)


_DONE = ("added", "replaced", "unchanged", "removed")


def _json(read: Read, counts: ImportCounts | None) -> dict[str, Any]:
    names = ("id", "method", "path", "parameters", "hasBody")
    value: dict[str, Any] = {
        "source": read.source,
        "importer": read.importer,
        "endpoints": [
            dict(zip(names, (id_, *line[1:]), strict=True))
            for id_, line in zip(_ids(read, counts), read.lines, strict=True)
        ],
        "notes": [each.to_json() for each in read.notes],
    }
    return value | ({"catalogue": counts.to_json()} if counts is not None else {})


def _ids(read: Read, counts: ImportCounts | None) -> list[str]:
    """Return the id of each endpoint of *read*: the one it is stored by, which is longer where another API has its own."""
    own = [id_ for id_, *_ in read.lines]
    if counts is None or len(counts.ids) != len(own):
        return own
    return [stored or id_ for stored, id_ in zip(counts.ids, own, strict=True)]


def _text(read: Read, counts: ImportCounts | None, *, notes: int | None) -> str:
    done = _counted({name: getattr(counts, name) for name in _DONE}) if counts else plural(len(read.lines), "endpoint")
    lines = [f"{read.source}: {read.importer}, {done}"]
    if len(read.lines) <= _MOST_LISTED:
        for stored, (_, method, path, parameters, has_body) in zip(_ids(read, counts), read.lines, strict=True):
            lines.append(f"  {method} {path}: {plural(parameters, 'parameter')}{', a body' if has_body else ''}")
            lines.append(f"  id: {stored}")
    alike = _alike(read.notes)
    lines += [_note_line(same) for same in alike[:notes]]
    if notes is not None and len(alike) > notes:
        kinds = _counted(Counter(each.kind for each in read.notes))
        lines.append(f"  … {kinds} in all; `httptask import --check` lists each")
    return "\n".join(lines)


def _alike(notes: Sequence[Note]) -> list[list[Note]]:
    """Return *notes* with those that say the same together; what was lost comes first."""
    by_text: dict[tuple[bool, str, str], list[Note]] = {}
    for each in notes:
        by_text.setdefault((each.severity != "error", each.kind, each.message), []).append(each)
    return [same for _, same in sorted(by_text.items(), key=lambda item: item[0][0])]


def _note_line(same: Sequence[Note]) -> str:
    """Return the line for notes of one text: the first one's place, and where else it is so."""
    first, *others = same
    places = [f"line {each.line}" if each.line else each.pointer for each in others]
    shown = [place for place in places if place][:_MOST_PLACES]
    more = (
        f"{len(others)} more" + (f": {', '.join(shown)}" if shown else "") + (", …" if len(others) > len(shown) else "")
    )
    place = f"line {first.line}: " if first.line else f"{first.pointer}: " if first.pointer else ""
    severity = "error, " if first.severity == "error" else ""
    return f"  {severity}{place}{first.kind}: {first.message}" + (f" (and {more})" if others else "")


def _summary(report: _Report) -> None:
    """Print what became of all sources together, when they are many."""
    counts = report.counts
    if not report.everything or counts["sources"] > 1:
        done = _counted({name: counts[name] for name in _DONE})
        print(_so_far(report) + (f": {done}" if done else ""))
        if report.notes:
            print(f"{_counted(report.notes)}; `httptask import --check` lists each")
    if counts["parts"]:
        note(f"{counts['parts']} files are no descriptions, perhaps parts of one, and were not read by themselves")
    if report.incomplete:
        note(f"of {report.incomplete} a part could not be read: see the errors among the notes")
    if report.failed and counts["sources"]:
        note(f"{len(report.failed)} of {len(report.failed) + counts['sources']} sources could not be read")


def _so_far(report: _Report) -> str:
    return f"{plural(report.counts['sources'], 'description')}, {plural(report.counts['endpoints'], 'endpoint')}"


def _counted(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _are_few(sources: list[str]) -> bool:
    many = any(Path(name).is_dir() or name.startswith("npm:") for name in sources)
    return not many and len(sources) <= _MOST_LISTED


def _bytes_of(sources: list[str]) -> int | None:
    """Return how large *sources* are, or None when an archive or a stream hides it."""
    files = (each for path in map(Path, sources) for each in (path.rglob("*") if path.is_dir() else [path]))
    described = [path for path in files if path.suffix.lower() in (".json", ".yaml", ".yml", ".txt")]
    if not described:
        return None
    try:
        return sum(path.stat().st_size for path in described)
    except OSError:
        return None
