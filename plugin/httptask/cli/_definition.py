"""Shared by the commands for workflow definitions: their arguments, the file, the runtime."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from httptask._core.numbers import number_from_1
from httptask.cli._output import CommandError, network_of, network_options

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.task import Runtime


def count(text: str) -> int:
    """Parse *text* as a whole number from 1, for `type=` of an argument."""
    number = number_from_1(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text[:40]!r}")
    return number


def definition_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the definition to *parser*."""
    parser.add_argument(
        "definition",
        metavar="DEFINITION",
        help="a workflow definition: a JSON file, or - for standard input",
    )


def run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that sends requests to *parser*."""
    network_options(parser, "let requests go to this network or host too")
    host_header_option(parser)
    files_option(parser)


def files_option(parser: argparse.ArgumentParser) -> None:
    """Add `--files` and `--bucket` to *parser*."""
    parser.add_argument(
        "--files",
        metavar="FOLDER",
        help=(
            "the folder from which requests may send files, and in which responses are stored as"
            " files (environment: HTTPTASK_FILES)"
        ),
    )
    bucket_option(parser)


def bucket_option(parser: argparse.ArgumentParser) -> None:
    """Add `--bucket` to *parser*."""
    parser.add_argument(
        "--bucket",
        metavar="URL",
        help=(
            "an S3-compatible bucket through which machines share the files of the folder,"
            " s3://BUCKET or s3://BUCKET/PREFIX (environment: HTTPTASK_BUCKET)"
        ),
    )


def host_header_option(parser: argparse.ArgumentParser) -> None:
    """Add `--allow-host-header` to *parser*."""
    parser.add_argument(
        "--allow-host-header",
        action="store_true",
        default=None,
        help="allow tasks to set the header Host (environment: HTTPTASK_ALLOW_HOST_HEADER=1)",
    )


def connections_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for connections and limits per origin to *parser*."""
    parser.add_argument(
        "--connections",
        type=count,
        metavar="N",
        help=(
            "the largest number of requests at once; further ones wait (environment:"
            " HTTPTASK_CONNECTIONS; default: 500)"
        ),
    )
    parser.add_argument(
        "--connections-per-origin",
        type=count,
        metavar="N",
        help=(
            "the largest number of requests at once to one origin (environment:"
            " HTTPTASK_CONNECTIONS_PER_ORIGIN; default: 100)"
        ),
    )
    parser.add_argument(
        "--origin-limits",
        metavar="LIMITS",
        help=(
            "the limits for every origin, such as pause=60,share=0.8, or off (environment:"
            " HTTPTASK_ORIGIN_LIMITS)"
        ),
    )


def load(source: str) -> WorkflowDefinition:
    """Return the definition in the file *source*; `-` is standard input."""
    from httptask.workflow import load_definition

    if source == "-":
        return load_definition("standard input", sys.stdin.buffer.read())
    return load_definition(source)


def runtime_of(arguments: argparse.Namespace) -> Runtime:
    """Return a runtime with the options in *arguments*. Raises `CommandError`."""
    from httptask.model.rates import OriginLimits
    from httptask.task import Runtime, operator_limits

    # Not every command has all of these options.
    max_steps = getattr(arguments, "max_steps", None)
    max_depth = getattr(arguments, "max_depth", None)
    try:
        limits = operator_limits(max_steps, max_depth)
    except ValueError as error:
        raise CommandError(str(error)) from error
    origin_limits = getattr(arguments, "origin_limits", None)
    try:
        return Runtime(
            catalogue=arguments.catalogue,
            limits=limits,
            allow_networks=getattr(arguments, "allow_network", None),
            network=network_of(arguments),
            files=getattr(arguments, "files", None),
            bucket=getattr(arguments, "bucket", None),
            allow_host_header=getattr(arguments, "allow_host_header", None),
            connections=getattr(arguments, "connections", None),
            connections_per_origin=getattr(arguments, "connections_per_origin", None),
            origin_limits=OriginLimits.parsed(origin_limits) if origin_limits else None,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error
