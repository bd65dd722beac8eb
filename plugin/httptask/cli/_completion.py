"""`completion`: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse

from httptask.cli._output import command, emit

SHELLS = ("bash", "zsh", "fish")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = command(
        commands,
        "completion",
        "print a script that completes commands and options in a shell",
        "httptask completion bash > ~/.local/share/bash-completion/completions/httptask",
        catalogue=False,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the script; it knows the plugins' commands too."""
    import shtab

    from httptask.cli import whole_parser  # which imports this module

    script = shtab.complete(whole_parser(), shell=arguments.shell)
    emit(arguments, {"shell": arguments.shell, "script": script}, script)
    return 0
