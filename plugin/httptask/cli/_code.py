"""`test-request --as`: print the request as a command or a program instead of sending it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from httptask.cli._output import emit_json

if TYPE_CHECKING:
    from httptask.model.task import Inputs
    from httptask.task import HttpTask


def code_options(parser: argparse.ArgumentParser) -> None:
    """Add `--as` and `--curl` to *parser*."""
    code = parser.add_mutually_exclusive_group()
    code.add_argument(
        "--as",
        dest="language",
        choices=("curl", "httpie", "python", "javascript", "go"),
        help="print the request as a command or a program instead of sending it",
    )
    code.add_argument(
        "--curl",
        dest="language",
        action="store_const",
        const="curl",
        help="print the request as a curl command instead of sending it",
    )


def print_code(arguments: argparse.Namespace, task: HttpTask, inputs: Inputs) -> int:
    """Print the request of *task* in the chosen language. Nothing is sent."""
    from httptask.interchange import code_of

    text = code_of(task.render(inputs), arguments.language)
    if arguments.json:
        emit_json({arguments.language: text}, indent=None)
    else:
        print(text.removesuffix("\n"))
    return 0
