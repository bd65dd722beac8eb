"""Pins on the command line: `--pins`, `--offline`, and their problems for `validate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from httptask._visible import exact
from httptask.cli._output import note
from httptask.errors import DefinitionError

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.pins import Pins
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime

_OWN_FILE = ""
"""The value of `--pins` without a file."""


def pins_option(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add `--pins` to *parser*; *meaning* begins its help."""
    parser.add_argument(
        "--pins",
        nargs="?",
        const=_OWN_FILE,
        metavar="FILE",
        help=f"{meaning} (default: pins/NAME.json next to the definition NAME.json)",
    )


def offline_option(parser: argparse.ArgumentParser) -> None:
    """Add `--offline` to *parser*."""
    parser.add_argument(
        "--offline",
        action="store_true",
        help="send no requests: a task without a pin fails (uses the pins next to the definition)",
    )


def pins_of(arguments: argparse.Namespace, definition: WorkflowDefinition) -> Pins | None:
    """Return the pins requested in *arguments*; None if none are requested.

    Raises `DefinitionError` if the pins are wrong.
    """
    from httptask.workflow import load_pins

    if arguments.pins is None and not arguments.offline:
        return None
    source = arguments.pins or arguments.pins is not None
    return load_pins(definition, source, is_offline=arguments.offline)


def note_sent(definition: WorkflowDefinition, pins: Pins) -> None:
    """Print the tasks of *definition* whose requests are sent in spite of *pins*."""
    from httptask.workflow import iter_tasks

    names = [name for _, name, task in iter_tasks(definition) if task.get("type") == "Http"]
    sent = [name for name in names if name not in pins.tasks]
    if sent and not pins.is_offline:
        named = ", ".join(map(exact, sent))
        note(f"not pinned, and sent to their servers (--offline refuses them): {named}")


def pin_problems(
    arguments: argparse.Namespace,
    definition: WorkflowDefinition,
    runtime: Runtime,
) -> tuple[Path, list[Problem]] | None:
    """Return the file of pins to check and its problems: the file named, or the one next to
    *definition*. None if there is no file.
    """
    from httptask.workflow import definitions_of, pin_file_problems, pins_path

    path = Path(arguments.pins) if arguments.pins else pins_path(definition)
    if path is None or (arguments.pins is None and not path.is_file()):
        return None
    try:
        return path, pin_file_problems(definition, path, definitions_of(definition), runtime)
    except DefinitionError as error:
        return path, list(error.problems)
