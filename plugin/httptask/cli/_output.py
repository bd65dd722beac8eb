"""What commands print: JSON for programs, text for people, untrusted text made harmless for a terminal."""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Sequence
from typing import Any

from httptask._json import dump
from httptask.errors import HttpTaskError

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of text around."""


STRICT_HELP = (
    "fail when an installed plugin is broken, instead of leaving it out (environment: HTTPTASK_STRICT_PLUGINS)"
)


class CommandError(HttpTaskError):
    """A command cannot do its work; *status* is the exit status."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def prepare_streams() -> None:
    """Have stdout and stderr escape what their encoding cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """Return *text* with control characters shown, not obeyed: a description must not steer somebody's terminal."""
    return _CONTROLS.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def emit(arguments: argparse.Namespace, value: Any, text: str) -> None:
    """Print *value* as JSON when `--json` was given, else *text*."""
    print(dump(value, indent=2) if arguments.json else printable(text))


def note(text: str) -> None:
    """Print *text* for a person to stderr, where it does not mix with the result."""
    print(printable(text), file=sys.stderr)


def fail(error: HttpTaskError, as_json: bool, status: int) -> int:
    """Print *error* to stderr and return *status*."""
    print(dump(error.to_json(), indent=2) if as_json else printable(f"httptask: {error}"), file=sys.stderr)
    return status


def plural(count: int, noun: str) -> str:
    """Return *count* and *noun*, with an s unless it is one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return *rows* as aligned columns; the last is as long as it is."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_: str,
    example: str,
    *,
    catalogue: bool = True,
) -> argparse.ArgumentParser:
    """Add the command *name* with what every command has; *example* is one that works."""
    parser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # an example broken over two lines cannot be pasted
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict-plugins", action="store_true", help=STRICT_HELP)
    if catalogue:
        parser.add_argument(
            "--catalogue",
            metavar="FILE",
            help="the catalogue file (environment: HTTPTASK_CATALOGUE; default: in the user's data folder)",
        )
    return parser
