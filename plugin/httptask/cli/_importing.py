"""`import`: read descriptions into the catalogue, and report everything uncertain."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._visible import in_line
from httptask.cli._output import (
    command,
    emit,
    fail,
    network_of,
    network_options,
    note,
    plural,
)
from httptask.cli._progress import Progress

if TYPE_CHECKING:
    from httptask.catalogue import ImportCounts
    from httptask.cli._output import Commands
    from httptask.errors import DescriptionError
    from httptask.importing import Import, Outcome, Read
    from httptask.model.api import Note

_MOST_LISTED = 20
"""A source with at most this many endpoints has all of them listed."""
_MOST_NOTES = 20
"""Notes listed for a source; `--check` lists all."""
_MOST_PLACES = 2
"""Further places listed for equal notes, after the first; `--json` has all."""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "import",
        "read descriptions of APIs into the catalogue",
        "httptask import openapi.yaml",
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help=(
            "a file, a folder, an archive (.zip, .tar, .tar.gz), https://…, npm:PACKAGE[@VERSION],"
            " or - for standard input: OpenAPI 2.0 to 3.2 or reference pages"
        ),
    )
    parser.add_argument(
        "--provider",
        metavar="NAME",
        help="the provider of the API, if the description does not name it",
    )
    parser.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="URL",
        help="the URL of the server, instead of the described ones",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="report what would be imported and what is wrong; store nothing",
    )
    network_options(parser, "let https:// and http:// sources be at this network or host too")
    parser.set_defaults(run=run)


@dataclass(slots=True)
class _Report:
    """The report of an import."""

    arguments: argparse.Namespace
    everything: bool
    """Whether every source is reported in full, however many there are."""
    sources: list[dict[str, Any]] = field(default_factory=list)
    failed: list[DescriptionError] = field(default_factory=list)

    def tell(self, outcome: Outcome) -> None:
        """Report one source: now, or in the JSON at the end."""
        as_json = self.arguments.json
        if outcome.error is not None:
            self.failed.append(outcome.error)
            if not as_json:
                fail(outcome.error, False, 2)
        elif as_json:
            self.sources.append(_json(outcome))
        elif self.everything and outcome.read is not None:
            most_notes = None if self.arguments.check else _MOST_NOTES
            emit(self.arguments, None, _text(outcome.read, outcome.counts, most_notes=most_notes))


def run(arguments: argparse.Namespace) -> int:
    """Import every source. An unreadable source does not stop the others."""
    from httptask.catalogue import Catalogue
    from httptask.fetching import Fetching
    from httptask.importers import import_options
    from httptask.importing import Import, input_of
    from httptask.plugins import plugin_manager

    # Almost no object that is read is cyclic; collecting garbage would take a fifth of the time.
    gc.set_threshold(50_000, 20, 50)
    options = import_options(arguments.provider, arguments.server)
    plugins = plugin_manager()
    network = network_of(arguments)
    # For a few named files the report is wanted even if nothing has changed.
    report = _Report(arguments, everything=arguments.check or _are_few(arguments.sources))
    with (
        Progress(total=_bytes_of(arguments.sources)) as progress,
        Fetching(
            allow_networks=arguments.allow_network,
            network=network,
            plugins=plugins,
            progress=progress.show_size,
        ) as fetching,
    ):
        inputs = [input_of(name, options, fetching, sys.stdin.buffer) for name in arguments.sources]
        work = Import(inputs, options, plugins, tell=report.tell, again=report.everything)
        work.idle = lambda: progress.show(work.size, _so_far(work.counts))
        if arguments.check:
            work.check()
        else:
            with Catalogue.open(arguments.catalogue) as catalogue:
                work.run(catalogue)
    if arguments.json:
        failed = [error.to_json() for error in report.failed]
        emit(arguments, {"sources": report.sources, "failed": failed}, "")
    else:
        _summary(work, report.everything)
    if report.failed:
        return 2
    return 1 if work.counts["incomplete"] else 0


_DONE = ("added", "replaced", "unchanged", "removed")
_DESCRIPTION_SUFFIXES = (".json", ".yaml", ".yml", ".txt")


def _json(outcome: Outcome) -> dict[str, Any]:
    """Return the report of one source as JSON."""
    read = outcome.read
    counts = outcome.counts
    done = {"catalogue": counts.to_json()} if counts is not None else {}
    if read is None:
        return {"source": outcome.source, **done}
    names = ("id", "method", "path", "parameters", "hasBody")
    value: dict[str, Any] = {
        "source": read.source,
        "importer": read.importer,
        "endpoints": [
            dict(zip(names, (id_, *line[1:]), strict=True))
            for id_, line in zip(_ids(read, counts), read.lines, strict=True)
        ],
        "notes": [note_.to_json() for note_ in read.notes],
    }
    return value | done


def _ids(read: Read, counts: ImportCounts | None) -> list[str]:
    """Return the id of each endpoint of *read*, as it is stored.

    A stored id is longer if another API already uses the endpoint's own id.
    """
    own = [id_ for id_, *_ in read.lines]
    if counts is None or len(counts.ids) != len(own):
        return own
    return [stored or id_ for stored, id_ in zip(counts.ids, own, strict=True)]


def _text(read: Read, counts: ImportCounts | None, *, most_notes: int | None) -> str:
    """Return the report of one source as text."""
    done = plural(len(read.lines), "endpoint")
    if counts:
        done = _counted({name: getattr(counts, name) for name in _DONE})
    lines = [f"{read.source}: {read.importer}, {done}"]
    if len(read.lines) <= _MOST_LISTED:
        for stored, (_, method, path, parameters, has_body) in zip(
            _ids(read, counts), read.lines, strict=True
        ):
            lines.append(
                f"  {method} {in_line(path)}:"
                f" {plural(parameters, 'parameter')}{', a body' if has_body else ''}"
            )
            lines.append(f"  id: {stored}")
    groups = _grouped(read.notes)
    lines += [_note_line(group) for group in groups[:most_notes]]
    if most_notes is not None and len(groups) > most_notes:
        counts_by_kind = _counted(Counter(note_.kind for note_ in read.notes))
        lines.append(f"  … {counts_by_kind} in all; `httptask import --check` lists each")
    return "\n".join(lines)


def _grouped(notes: Sequence[Note]) -> list[list[Note]]:
    """Return *notes* grouped by their text, errors first."""
    by_text: dict[tuple[bool, str, str], list[Note]] = {}
    for note_ in notes:
        key = (note_.severity != "error", note_.kind, note_.message)
        by_text.setdefault(key, []).append(note_)
    # By severity alone: within it, notes stay in the order of the description.
    return sorted(by_text.values(), key=lambda group: group[0].severity != "error")


def _note_line(equal_notes: Sequence[Note]) -> str:
    """Return the line for notes with the same text: the place of the first, and some further
    places.
    """
    first, *repeats = equal_notes
    where = f"{in_line(_location(first))}: " if _location(first) else ""
    severity = "error, " if first.severity == "error" else ""
    line = f"  {severity}{where}{first.kind}: {in_line(first.message)}"
    if not repeats:
        return line
    locations = [location for note_ in repeats if (location := _location(note_))]
    shown = locations[:_MOST_PLACES]
    remainder = f"{len(repeats)} more"
    if shown:
        remainder += f": {', '.join(shown)}"
    if len(repeats) > len(shown):
        remainder += ", …"
    return f"{line} (and {remainder})"


def _location(note_: Note) -> str:
    if note_.line:
        return f"line {note_.line}"
    return note_.pointer or ""


def _summary(work: Import, everything: bool) -> None:
    """Print the outcome of all sources together, if there are many."""
    counts = work.counts
    if not everything or counts["sources"] > 1:
        done = _counted({name: counts[name] for name in _DONE})
        print(_so_far(counts) + (f": {done}" if done else ""))
        if work.notes:
            print(f"{_counted(work.notes)}; `httptask import --check` lists each")
    if counts["parts"]:
        note(
            "no description, perhaps a part of one, and so not read by itself:"
            f" {plural(counts['parts'], 'file')}"
        )
    if counts["incomplete"]:
        note(f"of {counts['incomplete']} a part could not be read: see the errors among the notes")
    if counts["failed"] and counts["sources"]:
        note(
            f"{counts['failed']} of {counts['failed'] + counts['sources']} sources could not be"
            " read"
        )


def _so_far(counts: Counter[str]) -> str:
    return f"{plural(counts['sources'], 'description')}, {plural(counts['endpoints'], 'endpoint')}"


def _counted(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _are_few(sources: list[str]) -> bool:
    if len(sources) > _MOST_LISTED:
        return False
    # A folder or a package may hold any number of descriptions.
    return not any(Path(name).is_dir() or name.startswith("npm:") for name in sources)


def _bytes_of(sources: list[str]) -> int | None:
    """Return the total size of *sources* in bytes; None if an archive or a stream hides it."""
    files: list[Path] = []
    for source in map(Path, sources):
        files += source.rglob("*") if source.is_dir() else [source]
    described = [path for path in files if path.suffix.lower() in _DESCRIPTION_SUFFIXES]
    if not described:
        return None
    try:
        return sum(path.stat().st_size for path in described)
    except OSError:
        return None
