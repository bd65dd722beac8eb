"""The command line. Every command has `--json`.

Exit status 0: success, 1: the work failed, 2: wrong usage or input.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from httptask._core import packaged
from httptask._core.nearest import nearest
from httptask.cli import (
    _catalogue,
    _completion,
    _credentials,
    _designer,
    _diff,
    _importing,
    _interchange,
    _journal,
    _plugins,
    _run,
    _temporal,
    _updating,
    _workflow,
)
from httptask.cli._output import STRICT_HELP, CommandError, fail, prepare_streams
from httptask.cli._stopping import Stopped, stoppable
from httptask.errors import (
    CatalogueError,
    CredentialError,
    DefinitionError,
    DescriptionError,
    ExpressionError,
    HttpTaskError,
    InterchangeError,
    JournalError,
    PluginError,
    SettingsError,
)

if TYPE_CHECKING:
    from httptask.cli._output import Commands

FAMILIES = (
    _importing,
    _updating,
    _diff,
    _catalogue,
    _interchange,
    _workflow,
    _run,
    _journal,
    _temporal,
    _credentials,
    _designer,
    _plugins,
    _completion,
)
"""Modules with `add(commands)`, in the order of the help."""

_BAD_INPUT = (
    InterchangeError,
    DescriptionError,
    CatalogueError,
    DefinitionError,
    PluginError,
    JournalError,
    SettingsError,
    ExpressionError,
    CredentialError,
)
"""Errors of wrong input (exit status 2). All other errors mean that the work failed (1)."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, or JSON with `--json`."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse *value* if it is none of the action's choices, and name the nearest one."""
        if action.choices is None or value in action.choices:
            return
        guesses = nearest(str(value), action.choices)
        known = ", ".join(map(str, action.choices))
        hint = f"did you mean {guesses[0]}?" if guesses else f"it is one of {known}"
        raise argparse.ArgumentError(action, f"there is no {str(value)[:40]!r}; {hint}")

    def error(self, message: str) -> NoReturn:
        if "--json" in sys.argv:
            raise CommandError(message)
        self.exit(2, f"{self.prog}: {message}\nfor help: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line *arguments* (None: those of the process); return the exit status."""
    prepare_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    if (
        "--strict-plugins" in words
    ):  # the environment passes it on to the processes that read descriptions
        os.environ["HTTPTASK_STRICT_PLUGINS"] = "1"
    if as_json:  # stderr must be JSON as well; `plugins --json` lists the plugins left out
        logging.getLogger("httptask.plugins").setLevel(logging.ERROR)
    try:
        with stoppable():
            parsed = _parsed(words)
            status: int = _run_of(parsed, words)(parsed)
            sys.stdout.flush()
    except CommandError as error:
        return fail(error, as_json, error.status)
    except HttpTaskError as error:
        return fail(error, as_json, 2 if isinstance(error, _BAD_INPUT) else 1)
    except Stopped as stopped:
        return fail(CommandError(str(stopped)), as_json, stopped.status)
    except BrokenPipeError:  # the reader of the output has ended: head, less
        sys.stdout = None  # otherwise the interpreter reports an error when it flushes at exit
        return 1
    except Exception as error:
        logging.getLogger("httptask").debug("where it failed", exc_info=error)
        return fail(CommandError(f"unexpected {type(error).__name__}: {error}"), as_json, 1)
    return status


def _run_of(
    parsed: argparse.Namespace,
    words: Sequence[str],
) -> Callable[[argparse.Namespace], int]:
    """Return the function of the parsed command. A plugin's command may lack one."""
    run: Callable[[argparse.Namespace], int] | None = getattr(parsed, "run", None)
    if run is None:
        raise PluginError(
            f"the command {words[0]!r} of a plugin has no default `run`; see httptask_commands in"
            " hookspecs"
        )
    return run


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parse *words*. The commands of plugins are loaded only if the shipped ones do not suffice."""
    first = next((word for word in words if not word.startswith("-")), None)
    parser, commands = _own_parser()
    if first not in commands.choices and (first or "-h" in words or "--help" in words or not words):
        parser, commands = _with_plugins(parser, commands)
    if not words:
        parser.print_help()
        parser.exit()
    if first is not None and first not in commands.choices:
        guesses = nearest(first, commands.choices)
        names = ", ".join(commands.choices)
        hint = f"did you mean {guesses[0]}?" if guesses else f"the commands are: {names}"
        raise CommandError(f"there is no command {first!r}; {hint}\nfor help: httptask --help")
    parsed, unexpected = parser.parse_known_args(words)
    if unexpected:
        options = commands.choices[first]._option_string_actions if first else ()
        name = unexpected[0].partition("=")[0]
        if name in options:
            raise CommandError(
                f"{name} stands behind the command: {parser.prog} {first} {unexpected[0]}"
            )
        guesses = nearest(name, options)
        hint = (
            f"; did you mean {guesses[0]}?"
            if guesses
            else f"; for help: {parser.prog} {first} --help"
        )
        raise CommandError(f"unexpected {unexpected[0]!r}{hint}")
    return parsed


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands, including those of installed plugins."""
    return _with_plugins(*_own_parser())[0]


def _with_plugins(
    parser: _Parser,
    commands: Commands,
) -> tuple[_Parser, Commands]:
    """Return *parser* and its *commands* with the commands of the installed plugins added.

    A broken plugin is left out.
    """
    from httptask.plugins import plugin_manager

    plugins = plugin_manager()
    while True:
        try:
            with plugins.blaming("httptask_commands"):
                plugins.hook.httptask_commands(cli=commands)
        except PluginError as error:
            plugins.leave_out_culprit(error)
            parser, commands = _own_parser()  # commands of the other plugins cannot be added twice
        else:
            return parser, commands


def _own_parser() -> tuple[_Parser, Commands]:
    """Return a new parser with the shipped commands, and the object to which plugins add theirs."""
    parser = _Parser(
        prog="httptask",
        description=(
            "Search an API, prepare an HTTP task for it, test the request, run it in a workflow."
        ),
        epilog="example: httptask search send email procore",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"httptask {packaged.manifest()['version']}",
    )
    parser.add_argument("--strict-plugins", action="store_true", help=STRICT_HELP)
    commands: Commands = parser.add_subparsers(
        metavar="COMMAND",
        required=True,
        parser_class=_Parser,
    )
    for family in FAMILIES:
        family.add(commands)
    return parser, commands
