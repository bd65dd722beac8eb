"""`update`: descriptions read again from where they came from; what changed, and which tasks that breaks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._nearest import nearest
from httptask.cli._output import CommandError, allow_network, command, emit, fail, note, plural
from httptask.cli._progress import Progress

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue, Origin
    from httptask.errors import DescriptionError
    from httptask.fetching import Fetching
    from httptask.importing import Job, Read
    from httptask.model.workflow import WorkflowDefinition
    from httptask.plugins import PluginManager

_MOST_GONE = 5
"""Descriptions that are no longer there which a sentence names."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(
        commands,
        "update",
        "read descriptions again from where they came from, and tell what changed",
        "httptask update",
    )
    parser.add_argument(
        "provider", nargs="?", metavar="PROVIDER", help="only the descriptions of this provider (default: all)"
    )
    parser.add_argument(
        "--definition",
        action="append",
        default=[],
        metavar="FILE",
        help="a workflow definition: tell which of its tasks break, and why; may be given more than once",
    )
    allow_network(parser, "let https:// and http:// sources be at this network or host too")
    parser.set_defaults(run=run)


@dataclass(slots=True)
class _Update:
    """One update: what it works with, and what is told of it."""

    arguments: argparse.Namespace
    catalogue: Catalogue
    fetching: Fetching
    plugins: PluginManager
    definitions: list[tuple[str, WorkflowDefinition]]
    sources: list[dict[str, Any]] = field(default_factory=list)
    failed: list[DescriptionError] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Names of descriptions that are no longer where they came from."""
    unchanged: int = 0
    """Descriptions."""
    broken: int = 0
    """Tasks."""

    def fail(self, error: DescriptionError) -> None:
        """Note and tell that a source could not be read; what the catalogue has of it stays."""
        self.failed.append(error)
        if not self.arguments.json:
            fail(error, False, 2)


def run(arguments: argparse.Namespace) -> int:
    """Read again, store and tell; exit status 1 when a task of a definition breaks."""
    from httptask.catalogue import Catalogue
    from httptask.fetching import Fetching
    from httptask.importing import read_all
    from httptask.plugins import plugin_manager
    from httptask.workflow import load_definition

    definitions = [(name, load_definition(name)) for name in arguments.definition]
    plugins = plugin_manager()
    with (
        Catalogue.open(arguments.catalogue) as catalogue,
        Progress() as progress,
        Fetching(allow_networks=arguments.allow_network, plugins=plugins, progress=progress.show_size) as fetching,
    ):
        origins = _origins(catalogue, arguments.provider)
        update = _Update(arguments, catalogue, fetching, plugins, definitions)
        for read in read_all(_jobs(update, origins), update.plugins):
            _store(update, read)
            progress.show(0, f"{plural(len(update.sources) + update.unchanged, 'description')}")
    _tell(update)
    if update.failed:
        return 2
    return 1 if update.broken else 0


def _origins(catalogue: Catalogue, provider: str | None) -> dict[Origin, frozenset[str]]:
    """Return where to read again, with the names of what came from there. Raises `CommandError` when that is nowhere."""
    found = catalogue.origins(provider)
    origins = {origin: names for origin, names in found.items() if origin is not None}
    if origins:
        return origins
    if provider is not None and not found:
        near = nearest(provider, catalogue.providers())
        raise CommandError(f"there is no provider {provider!r}" + (f"; did you mean {near[0]}?" if near else ""))
    raise CommandError(
        "nothing here says where it came from: it ships with httptask, came from standard input, or an older httptask "
        "imported it; import it again"
    )


def _jobs(update: _Update, origins: dict[Origin, frozenset[str]]) -> Iterator[Job]:
    """Yield what is not as it was when it was read last."""
    from httptask.errors import DescriptionError
    from httptask.importers import import_options, is_fragment
    from httptask.importing import Job, digest

    for origin, names in origins.items():
        options = import_options(origin.provider, origin.servers)
        seen: set[str] = set()
        complete = True
        for source in update.fetching.sources(origin.source):
            if isinstance(source, DescriptionError):
                update.fail(source)
                complete = False
                continue
            source = replace(source, name=_name(source.name, origin))
            seen.add(source.name)
            is_other = update.arguments.provider is not None and source.name not in names
            if is_other or (source.name not in names and is_fragment(source)):
                continue
            mark = digest(source, options)
            if update.catalogue.known(mark) is not None:
                update.unchanged += 1
            else:
                yield Job(source, options, mark, origin)
        if complete:  # or it may only be unreadable today
            update.gone += sorted(names - seen)


def _name(name: str, origin: Origin) -> str:
    """Return *name*, of what is at *origin*, as it was when it was imported from another folder."""
    if origin.source == origin.name or not name.startswith(origin.source):
        return name
    rest = name[len(origin.source) :]
    return str(Path(origin.name, rest[1:])) if Path(origin.source).is_dir() else origin.name + rest


def _store(update: _Update, read: Read) -> None:
    """Put what was *read* into the catalogue, and tell what that changes."""
    from httptask.cli._differences import Differences, broken_tasks, paired, tasks_text

    if read.error is not None or read.prepared is None:
        if read.error is not None:
            update.fail(read.error)
        return
    apis = [(api.provider, api.name) for api in read.prepared.apis]
    old = [update.catalogue.of_api(*api) for api in apis]
    update.catalogue.put_prepared([read.prepared])
    new = [update.catalogue.of_api(*api) for api in apis]
    pairs = [pair for before, after in zip(old, new, strict=True) for pair in paired(before, after)]
    differences = Differences.of(pairs)
    if not differences.any:
        update.unchanged += 1
        return
    found = [(name, *broken_tasks(definition, pairs, update.plugins)) for name, definition in update.definitions]
    update.broken += sum(len(broken) for _, broken, _ in found)
    broken_json = [{"definition": name, **task.to_json()} for name, broken, _ in found for task in broken]
    update.sources.append(
        {"source": read.source, **differences.to_json()} | ({"broken": broken_json} if update.definitions else {})
    )
    if update.arguments.json:
        return
    lines = [f"{read.source}:", differences.to_text()]
    lines += [f"{name}: {tasks_text(broken, used)}" for name, broken, used in found if used]
    emit(update.arguments, None, "\n".join(lines))


def _tell(update: _Update) -> None:
    """Tell what became of all descriptions together."""
    counts = f"{plural(len(update.sources), 'description')} changed, {update.unchanged} unchanged"
    failed = [error.to_json() for error in update.failed]
    value = {
        "sources": update.sources,
        "unchanged": update.unchanged,
        "gone": update.gone,
        "failed": failed,
    }
    emit(update.arguments, value, counts)
    if update.gone and not update.arguments.json:
        shown = ", ".join(update.gone[:_MOST_GONE]) + (", …" if len(update.gone) > _MOST_GONE else "")
        note(f"no longer where they came from, and kept: {shown}")
