"""Output of commands: JSON for programs, harmless text for a person's terminal."""

from __future__ import annotations

import argparse
import codecs
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from httptask._core.strict_json import dump
from httptask._visible import STEERING, one_line, printable
from httptask.errors import HttpTaskError

if TYPE_CHECKING:
    from httptask.model.policy import Network

    # argparse has no public name for it, and it takes no type argument when the program runs.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001
    """The commands of a parser, or the subcommands of a command."""

_BEYOND_ASCII = re.compile(r"[\x7f-\U0010ffff]")


STRICT_HELP = (
    "end with an error if an installed plugin is broken, instead of leaving it out (environment:"
    " HTTPTASK_STRICT_PLUGINS)"
)


class CommandError(HttpTaskError):
    """A command cannot do its work; *status* is the exit status."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def prepare_streams() -> None:
    """Make stdout and stderr escape characters that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def json_text(value: Any, stream: TextIO, indent: int | None = 2) -> str:
    """Return *value* as JSON in characters that the encoding of *stream* can represent.

    RFC 8259, section 8.1, requires UTF-8. For another encoding, characters beyond ASCII are
    escaped. Characters that control a terminal are always escaped.
    """
    text = dump(value, indent=indent)
    unprintable = STEERING if _is_utf8(stream) else _BEYOND_ASCII
    return unprintable.sub(lambda match: json.dumps(match.group())[1:-1], text)


def _is_utf8(stream: TextIO) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"  # a text buffer has no encoding
    return codecs.lookup(encoding).name == "utf-8"


def emit_json(value: Any, *, indent: int | None = 2) -> None:
    """Print *value* as JSON."""
    print(json_text(value, sys.stdout, indent), flush=True)


def emit(arguments: argparse.Namespace, value: Any, text: str) -> None:
    """Print *value* as JSON if `--json` was given, else *text*."""
    if arguments.json:
        emit_json(value)
    else:
        print(coloured(printable(text), sys.stdout))


def note(text: str) -> None:
    """Print *text* for a person on stderr, separate from the result."""
    print(coloured(printable(text), sys.stderr), file=sys.stderr)


def fail(error: HttpTaskError, as_json: bool, status: int) -> int:
    """Print *error*, followed by its notes for people, to stderr and return *status*."""
    if as_json:
        print(json_text(error.to_json(), sys.stderr), file=sys.stderr)
    else:
        note("\n".join([f"httptask: {error}", *getattr(error, "__notes__", ())]))
    return status


_RED, _GREEN, _YELLOW, _DIM = "31", "32", "33", "2"
_COLOURS = (
    (
        re.compile(
            r"^(?:httptask: |error: |outcome:"
            r" (?!success)|(?:Failed|TimedOut|Cancelled|Interrupted)\b|breaks\b|  !)",
            re.MULTILINE,
        ),
        _RED,
    ),
    (re.compile(r"^warning: ", re.MULTILINE), _YELLOW),
    (re.compile(r"^(?:Completed\b|outcome: success)", re.MULTILINE), _GREEN),
    (re.compile(r"^(?:[><] .*|phases: .*)$", re.MULTILINE), _DIM),
)
"""Pattern of the start of a line, or of a whole line -> its colour, as an SGR parameter (ECMA-48,
section 8.3.117).
"""


def coloured(text: str, stream: TextIO) -> str:
    """Return *text* with colours if *stream* is a terminal without `NO_COLOR` (no-color.org)."""
    is_unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if is_unwanted or not stream.isatty():
        return text
    for beginning, colour in _COLOURS:
        text = beginning.sub(f"\x1b[{colour}m\\g<0>\x1b[0m", text)
    return text


def plural(count: int, noun: str) -> str:
    """Return *count* and *noun*, with an s unless *count* is 1."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return *rows* as aligned columns; the last column is not padded."""
    if not rows:
        return ""
    rows = [[one_line(cell) for cell in row] for row in rows]
    *padded_columns, _ = zip(*rows, strict=True)
    widths = [max(map(len, column)) for column in padded_columns]
    lines = []
    for *padded_cells, last in rows:
        cells = [cell.ljust(width) for cell, width in zip(padded_cells, widths, strict=True)]
        # An empty last cell would leave spaces at the end of the line.
        lines.append("  ".join([*cells, last]).rstrip())
    return "\n".join(lines)


def command(
    commands: Commands,
    name: str,
    help_: str,
    example: str,
    *,
    catalogue: bool = True,
    is_below: bool = False,
) -> argparse.ArgumentParser:
    """Add the command *name* with the options that every command has; *example* is a working
    example.

    *is_below* marks a subcommand: the same options may stand before or after its name.
    """
    default = argparse.SUPPRESS if is_below else False
    parser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example: {example}",
        # an example broken over two lines could not be pasted
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=default,
        help="print JSON",
    )
    parser.add_argument(
        "--strict-plugins",
        action="store_true",
        default=default,
        help=STRICT_HELP,
    )
    if catalogue:
        parser.add_argument(
            "--catalogue",
            metavar="FILE",
            help=(
                "the catalogue file (environment: HTTPTASK_CATALOGUE; default: in the user's data"
                " folder)"
            ),
        )
    return parser


def network_options(parser: argparse.ArgumentParser, allow_help: str) -> None:
    """Add the options for the operator's network to *parser*.

    *allow_help* begins the help of `--allow-network`.
    """
    parser.add_argument(
        "--allow-network",
        action="append",
        metavar="NETWORK",
        help=f"{allow_help}, such as 127.0.0.1 (environment: HTTPTASK_ALLOW_NETWORKS)",
    )
    parser.add_argument(
        "--proxy",
        metavar="URL",
        help=(
            "send requests through this proxy, http://HOST:PORT or https://…; 'environment' uses"
            " http_proxy and similar variables; other users can read options, so put a password"
            " into the variable (environment: HTTPTASK_PROXY)"
        ),
    )
    parser.add_argument(
        "--no-proxy",
        action="append",
        metavar="HOST",
        help=(
            "reach this host and its subdomains, or this network, without the proxy (environment:"
            " HTTPTASK_NO_PROXY)"
        ),
    )
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="trust the certificates in this file, too (environment: HTTPTASK_CA_FILE)",
    )
    parser.add_argument(
        "--insecure-host",
        action="append",
        metavar="HOST[:PORT]",
        help="do not verify the certificate of this host (environment: HTTPTASK_INSECURE_HOSTS)",
    )


def network_of(arguments: argparse.Namespace) -> Network:
    """Return the operator's network from *arguments*. Raises `CommandError`."""
    from httptask.model.policy import Network
    from httptask.sending import ways

    network = Network(
        proxy=getattr(arguments, "proxy", None),
        no_proxy=getattr(arguments, "no_proxy", None),
        ca_file=getattr(arguments, "ca_file", None),
        insecure_hosts=getattr(arguments, "insecure_host", None),
    )
    try:
        ways(network)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return network
