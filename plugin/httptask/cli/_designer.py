"""`designer`: serve the page until Ctrl+C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.cli._definition import bucket_option
from httptask.cli._output import CommandError, command, network_of, network_options, note
from httptask.cli._receiver import address_of
from httptask.cli._temporal import TEMPORAL, see_server, take_task_queue, task_queue_option

if TYPE_CHECKING:
    from httptask.cli._output import Commands
    from httptask.testing import StandIn

TOKEN_VARIABLE = "HTTPTASK_DESIGNER_TOKEN"  # noqa: S105 - a name


def add(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "designer",
        "search, fill in, test and save HTTP tasks on a page",
        "httptask designer --demo",
    )
    parser.add_argument(
        "workflows",
        nargs="?",
        metavar="DEFINITIONS",
        help="a folder of workflow definitions, or one definition file",
    )
    _address_options(parser)
    network_options(parser, "let test requests reach this network or host too")
    _files_options(parser)
    parser.add_argument(
        "--engine",
        default="embedded",
        metavar="NAME",
        help="the engine that runs definitions (default: embedded)",
    )
    task_queue_option(parser)
    parser.add_argument(
        "--import",
        dest="imports",
        action=argparse.BooleanOptionalAction,
        help=(
            "allow or forbid importing APIs on the page (default: allowed, unless --allow-host or"
            " --allow-origin is given)"
        ),
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help=("add a sample API on this machine and a sample definition, which is kept for later"),
    )
    parser.set_defaults(run=run)


def _address_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the designer's address and for who may reach it."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (default 127.0.0.1); others need a token",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8710,
        help="the port to listen on (default 8710; 0: any free port)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME:PORT",
        help="a further host name under which the page is reached",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="another origin whose pages may use the designer",
    )
    parser.add_argument(
        "--callback-url",
        metavar="URL",
        help=(
            "the URL under which APIs reach the designer for callbacks, such as"
            " https://public.example/hooks (default: the address of the page)"
        ),
    )


def _files_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the files that requests send."""
    parser.add_argument(
        "--files",
        metavar="FOLDER",
        help=(
            "the folder from which requests send files, and to which uploads of saved tasks move"
            " (environment: HTTPTASK_FILES; default: files, next to the definitions)"
        ),
    )
    bucket_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl+C."""
    try:
        from httptask.designer import ServeError, serve
    except ImportError as error:
        raise CommandError(
            f"the designer needs more libraries ({error.name}): pip install 'httptask[designer]'"
        ) from error
    take_task_queue(arguments)
    if arguments.engine == TEMPORAL:
        see_server()
    # SIGTERM ends it like Ctrl+C, so that temporary files are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options: dict[str, Any] = {
        "workflows": arguments.workflows,
        "allow_networks": arguments.allow_network,
        "network": network_of(arguments),
        "files": arguments.files,
        "bucket": arguments.bucket,
        "imports": arguments.imports,
        "callback_url": address_of(arguments.callback_url),
        "engine": arguments.engine,
    }
    with ExitStack() as stack:
        if arguments.demo:
            options |= stack.enter_context(_demo(arguments))
        try:
            serve(
                host=arguments.host,
                port=arguments.port,
                token=os.environ.get(TOKEN_VARIABLE) or None,
                hosts=arguments.allow_host,
                origins=arguments.allow_origin,
                catalogue=arguments.catalogue,
                started=lambda address: _print_address(arguments, address, options["workflows"]),
                **options,
            )
        except ServeError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass
    if not arguments.json:
        workflows = options["workflows"]
        saved = f"; tasks are kept in {workflows}" if workflows is not None else ""
        print(f"stopped{saved}", file=sys.stderr)
    return 0


@contextmanager
def _demo(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the options for the designer of a demo.

    The demo has a stand-in of an API, can reach nothing else on this machine, and opens a sample
    definition.
    """
    from httptask.designer import OnlyPort, sample
    from httptask.plugins import plugin_manager

    definition_path = _demo_definition(arguments)
    with _stand_in(arguments, definition_path.parent / _PORT_FILE) as stand_in:
        if not definition_path.exists():
            definition_path.write_text(sample(stand_in.url), encoding="utf-8")
        # Any value will do: the stand-in does not check it.
        os.environ.setdefault("HTTPTASK_CREDENTIAL_PROCORE_SANDBOX", "made-up-token-2f9c")
        allowed = arguments.allow_network or []
        guards = () if allowed else (OnlyPort(_port_of(stand_in)),)
        yield {
            "workflows": arguments.workflows or str(definition_path.parent),
            "allow_networks": [*allowed, "127.0.0.1"],
            "plugins": plugin_manager(*guards),
            "servers": {"procore": [stand_in.url]},
        }


_PORT_FILE = ".stand-in-port"
"""The file with the port of the demo's stand-in.

Definitions saved in an earlier demo refer to that port.
"""


def _demo_definition(arguments: argparse.Namespace) -> Path:
    """Return the path of the demo's sample definition.

    It is in the given folder or file, else in the user's data folder.
    """
    import platformdirs

    from httptask.designer import SAMPLE

    data_folder = platformdirs.user_data_dir("httptask", appauthor=False)
    default_path = Path(data_folder, "designer-demo")
    definition_path = default_path if arguments.workflows is None else Path(arguments.workflows)
    if definition_path.suffix != ".json":
        definition_path /= SAMPLE.name
    folder = definition_path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"{folder}: cannot be made: {error.strerror}; name a folder for definitions"
        ) from error
    return definition_path


@contextmanager
def _stand_in(arguments: argparse.Namespace, port_file: Path) -> Iterator[StandIn]:
    """Run a stand-in of an API, at the last demo's port if that is free."""
    last_port = _last_port(port_file)
    # Port 0: any that is free.
    next_port = min(arguments.port + 1, 65_535) if arguments.port else 0
    ports = [next_port, 0]
    if last_port is not None:
        ports.insert(0, last_port)
    with ExitStack() as stack:
        stand_in = _first_free(ports, stack)
        port = _port_of(stand_in)
        # A port used for once is not recorded: definitions saved before refer to the last one.
        if last_port in (None, port):
            port_file.write_text(f"{port}\n", encoding="ascii")
        else:
            note(
                f"port {last_port} is taken: tasks saved in an earlier demo lead there, this demo's"
                f" API is at {stand_in.url}"
            )
        yield stand_in


def _last_port(port_file: Path) -> int | None:
    """Return the port in *port_file*, or None if no demo has written one."""
    if not port_file.is_file():
        return None
    port = port_file.read_text(encoding="ascii", errors="replace").strip()
    if port.isdigit() and int(port) <= 65_535:
        return int(port)
    return None


def _first_free(ports: Sequence[int], stack: ExitStack) -> StandIn:
    """Start a stand-in at the first of *ports* that is free; *stack* stops it."""
    from httptask.testing import StandIn

    for port in ports:
        with suppress(OSError):  # the port is taken
            return stack.enter_context(StandIn(port=port))
    raise CommandError("the demo's API cannot listen on 127.0.0.1: no port is free")


def _port_of(stand_in: StandIn) -> int:
    return int(stand_in.url.rpartition(":")[2])


def _print_address(arguments: argparse.Namespace, address: str, workflows: Any) -> None:
    if arguments.json:
        folder = str(workflows) if workflows is not None else None
        print(dump({"address": address, "workflows": folder}), flush=True)
        return
    # Flushed, because a program that started the designer waits for the address.
    print(f"The designer is at {address}", flush=True)
    if os.environ.get(TOKEN_VARIABLE):
        print(f"Open it with the token once: {address}?token=… ({TOKEN_VARIABLE})", flush=True)
    if workflows is not None:
        nothing = "" if Path(workflows).exists() else ", which does not exist yet"
        print(f"Tasks are saved in {workflows}{nothing}", flush=True)
    print("Ctrl+C stops it.", flush=True)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, found {text!r}")
    return int(text)
