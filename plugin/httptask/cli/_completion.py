"""`completion`: a shell script that completes commands and options."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from httptask.cli._output import command, emit

if TYPE_CHECKING:
    from httptask.cli._output import Commands

SHELLS = ("bash", "zsh", "fish")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "completion",
        "print a script that completes commands and options in a shell",
        "httptask completion bash > ~/.local/share/bash-completion/completions/httptask",
        catalogue=False,
    )
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=SHELLS,
        help=f"the shell: {', '.join(SHELLS)}",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the script. It includes the commands of plugins."""
    import shtab

    from httptask.cli import whole_parser  # imported here because that package imports this module

    script = shtab.complete(whole_parser(), shell=arguments.shell)
    emit(arguments, {"shell": arguments.shell, "script": script}, script)
    return 0
