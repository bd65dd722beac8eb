"""`import`: descriptions into the catalogue, with a report of everything that was guessed, skipped or missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from httptask.cli._output import command, emit, fail, note
from httptask.errors import DescriptionError

if TYPE_CHECKING:
    from httptask.model.api import Reading


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(commands, "import", "read descriptions of APIs into the catalogue", "httptask import page.txt")
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="a file, a folder of .txt pages, or - for standard input"
    )
    parser.add_argument("--provider", metavar="NAME", help="who offers the API, when its description does not say")
    parser.add_argument(
        "--server", action="append", default=[], metavar="URL", help="a server's address, instead of those described"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import every source; one that cannot be read does not keep the others out."""
    from httptask.catalogue import Catalogue
    from httptask.importers import read_api
    from httptask.plugins import plugin_manager

    plugins = plugin_manager()
    reports, failures = [], []
    with Catalogue.open(arguments.catalogue) as catalogue:
        for source, problem in _expanded(arguments.sources):
            try:
                if problem is not None:
                    raise problem
                data = sys.stdin.buffer.read() if source == "-" else None
                name = "standard input" if source == "-" else source
                reading = read_api(
                    name, data=data, provider=arguments.provider, servers=arguments.server, plugins=plugins
                )
            except DescriptionError as error:
                failures.append(error)
                if not arguments.json:
                    fail(error, False, 2)
                continue
            counts = catalogue.put(reading.endpoints, source=reading.source)
            reports.append((reading, counts))
            if not arguments.json:
                print(_report(reading, counts.added, counts.replaced, counts.unchanged))
    if arguments.json:
        report = {
            "sources": [{**reading.to_json(), "catalogue": counts.to_json()} for reading, counts in reports],
            "failed": [error.to_json() for error in failures],
        }
        emit(arguments, report, "")
    elif failures and reports:
        note(f"{len(failures)} of {len(failures) + len(reports)} sources could not be read")
    return 2 if failures else 0


def _expanded(sources: list[str]) -> Iterator[tuple[str, DescriptionError | None]]:
    """Give each source, those of a folder one by one, and what is wrong with it when that is known already."""
    for source in sources:
        path = Path(source)
        if source == "-" or not path.is_dir():
            yield source, None
            continue
        pages = sorted(path.rglob("*.txt"))
        for page in pages:
            yield str(page), None
        if not pages:
            yield source, DescriptionError("a folder without .txt pages", source=source)


def _report(reading: Reading, added: int, replaced: int, unchanged: int) -> str:
    done = {"added": added, "replaced": replaced, "unchanged": unchanged}
    counts = ", ".join(f"{count} {name}" for name, count in done.items() if count)
    lines = [f"{reading.source}: {reading.importer}, {counts}"]
    for endpoint in reading.endpoints:
        body = ", a body" if endpoint.request_body else ""
        lines.append(f"  {endpoint.method} {endpoint.path}: {len(endpoint.parameters)} parameters{body}")
        lines.append(f"  id: {endpoint.id}")
    lines += [f"  {f'line {note.line}: ' if note.line else ''}{note.kind}: {note.message}" for note in reading.notes]
    return "\n".join(lines)
