"""`update`: read descriptions again; report the changes and the tasks that they break."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from httptask._core.nearest import nearest
from httptask.cli._differences import differences_text, tasks_text
from httptask.cli._output import (
    CommandError,
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
    from httptask.catalogue import Catalogue, Origin
    from httptask.cli._output import Commands
    from httptask.errors import DescriptionError
    from httptask.importing import Update, UpdatedDescription

_MOST_GONE = 5
"""How many missing descriptions are named."""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "update",
        "read descriptions again from their sources, and report the changes",
        "httptask update",
    )
    parser.add_argument(
        "provider",
        nargs="?",
        metavar="PROVIDER",
        help="only the descriptions of this provider (default: all)",
    )
    parser.add_argument(
        "--definition",
        action="append",
        default=[],
        metavar="FILE",
        help=("a workflow definition: report which of its tasks break, and why; may be repeated"),
    )
    network_options(parser, "let https:// and http:// sources be at this network or host too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read again, store and report; exit status 1 if a task of a definition breaks."""
    from httptask.catalogue import Catalogue
    from httptask.errors import DescriptionError
    from httptask.fetching import Fetching
    from httptask.importing import Update
    from httptask.plugins import plugin_manager
    from httptask.workflow import load_definition

    # First: a definition that cannot be read ends the command before the catalogue changes.
    definitions = [(name, load_definition(name)) for name in arguments.definition]
    plugins = plugin_manager()
    network = network_of(arguments)
    updated: list[UpdatedDescription] = []
    failed: list[DescriptionError] = []
    with (
        Catalogue.open(arguments.catalogue) as catalogue,
        Progress() as progress,
        Fetching(
            allow_networks=arguments.allow_network,
            network=network,
            plugins=plugins,
            progress=progress.show_size,
        ) as fetching,
    ):
        origins = _origins(catalogue, arguments.provider)
        only_known = arguments.provider is not None
        update = Update(
            catalogue,
            fetching,
            origins,
            only_known=only_known,
            definitions=definitions,
            plugins=plugins,
        )
        for result in update.run():
            if isinstance(result, DescriptionError):
                failed.append(result)
                if not arguments.json:
                    fail(result, False, 2)
            elif result is not None:
                updated.append(result)
                _tell(arguments, result)
            progress.show(0, plural(len(updated) + update.unchanged, "description"))
    _tell_all(arguments, update, updated, failed)
    if failed:
        return 2
    breaks = any(definition.broken for result in updated for definition in result.definitions)
    return 1 if breaks else 0


def _origins(catalogue: Catalogue, provider: str | None) -> dict[Origin, frozenset[str]]:
    """Return the origins to read again, each with the names of its descriptions.

    Raises `CommandError` if there are none.
    """
    all_origins = catalogue.origins(provider)
    origins = {origin: names for origin, names in all_origins.items() if origin is not None}
    if origins:
        return origins
    if provider is not None and not all_origins:
        near = nearest(provider, catalogue.providers())
        hint = f"; did you mean {near[0]}?" if near else ""
        raise CommandError(f"there is no provider {provider!r}{hint}")
    raise CommandError(
        "its source is not known: it ships with httptask, came from standard input, or an older"
        " httptask imported it; import it again"
    )


def _tell(arguments: argparse.Namespace, result: UpdatedDescription) -> None:
    """Print the changes of one description, and the tasks that they break."""
    if arguments.json:
        return
    lines = [f"{result.source}:", differences_text(result.differences)]
    lines += [
        f"{definition.definition}: {tasks_text(definition.broken, definition.used)}"
        for definition in result.definitions
        if definition.used
    ]
    emit(arguments, None, "\n".join(lines))


def _tell_all(
    arguments: argparse.Namespace,
    update: Update,
    updated: list[UpdatedDescription],
    failed: list[DescriptionError],
) -> None:
    """Print the outcome for all descriptions together."""
    counts = f"{plural(len(updated), 'description')} changed, {update.unchanged} unchanged"
    value = {
        "sources": [result.to_json() for result in updated],
        "unchanged": update.unchanged,
        "gone": update.gone,
        "failed": [error.to_json() for error in failed],
    }
    emit(arguments, value, counts)
    if update.gone and not arguments.json:
        shown = ", ".join(update.gone[:_MOST_GONE])
        more = ", …" if len(update.gone) > _MOST_GONE else ""
        note(f"no longer where they came from, and kept: {shown}{more}")
