"""`diff`: the changes between two versions of a description, and the tasks that they break."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from httptask.cli._differences import differences_text, tasks_text
from httptask.cli._output import command, emit

if TYPE_CHECKING:
    from httptask.cli._output import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "diff",
        "report the changes between two versions of a description",
        "httptask diff old.yaml new.yaml",
    )
    parser.add_argument("old", metavar="OLD", help="the description for which tasks were written")
    parser.add_argument("new", metavar="NEW", help="the newer description")
    parser.add_argument(
        "--definition",
        metavar="FILE",
        help="a workflow definition: report which of its tasks break, and why",
    )
    parser.add_argument(
        "--provider",
        metavar="NAME",
        help="the provider of the API, if the description does not name it",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences; exit status 1 if a task of the definition breaks."""
    from httptask.changes import Differences, broken_tasks, paired
    from httptask.importers import read_api
    from httptask.plugins import plugin_manager
    from httptask.workflow import load_definition

    definition = load_definition(arguments.definition) if arguments.definition else None
    plugins = plugin_manager()
    old, new = (
        read_api(source, provider=arguments.provider, plugins=plugins).endpoints
        for source in (arguments.old, arguments.new)
    )
    pairs = list(paired(old, new))
    differences = Differences.of(pairs)
    value: dict[str, Any] = differences.to_json()
    if definition is None:
        emit(arguments, value, differences_text(differences))
        return 0
    broken, used = broken_tasks(definition, pairs, plugins)
    emit(
        arguments,
        value | {"broken": [task.to_json() for task in broken]},
        differences_text(differences),
    )
    if not arguments.json:
        print(tasks_text(broken, used))
    return 1 if broken else 0
