"""`--callbacks`: receive the calls for which the tasks of a run wait."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from httptask._visible import exact
from httptask.cli._output import CommandError, note

if TYPE_CHECKING:
    from httptask.engines.callbacks import Callbacks, Secret
    from httptask.engines.temporal.worker import CallbackServer
    from httptask.model.workflow import WorkflowDefinition


def callbacks_options(parser: argparse.ArgumentParser) -> None:
    """Add `--callbacks` and `--callback-url` to *parser*."""
    parser.add_argument(
        "--callbacks",
        metavar="HOST:PORT",
        help=(
            "listen here for the callbacks that tasks wait for (default: callbacks are not"
            " received)"
        ),
    )
    parser.add_argument(
        "--callback-url",
        metavar="URL",
        help=(
            "the URL under which APIs reach --callbacks, such as https://public.example/hooks"
            " (default: http://HOST:PORT)"
        ),
    )


@asynccontextmanager
async def callbacks_of(arguments: argparse.Namespace) -> AsyncIterator[Callbacks | None]:
    """Receive calls as specified in *arguments*; yield None if they ask for none.

    Raises `CommandError`.
    """
    if arguments.callbacks is None:
        if arguments.callback_url is not None:
            raise CommandError("--callback-url needs --callbacks HOST:PORT: add it")
        yield None
        return
    from httptask.engines.callbacks import receiving, server_secret

    host, port, address = _place(arguments)
    secret = _secret(server_secret)
    announced: set[str] = set()

    def opened(task: str, url: str) -> None:
        if task in announced:  # the task runs for many items, or in a loop
            return
        announced.add(task)
        note(f"{'Receiving':<10} {exact(task)}: calls of {url}")

    receiver = receiving(host, port, secret, address=address, opened=opened)
    try:
        callbacks = await receiver.__aenter__()
    except OSError as error:
        raise CommandError(
            f"--callbacks {arguments.callbacks}: cannot listen there: {_reason(error)}"
        ) from error
    try:
        yield callbacks
    finally:
        await receiver.__aexit__(None, None, None)


def _reason(error: OSError) -> str:
    """Return the system's words for *error*: asyncio puts its own around those for an address."""
    if error.errno is not None and error.errno > 0:  # negative: a name was not resolved
        return os.strerror(error.errno)
    return error.strerror or str(error)


def callback_server_of(arguments: argparse.Namespace) -> CallbackServer | None:
    """Return the server by which a worker receives calls; None if *arguments* ask for none.

    Raises `CommandError`.
    """
    if arguments.callbacks is None and arguments.callback_url is None:
        return None
    from httptask.engines import temporal_module
    from httptask.engines.callbacks import shared_secret

    server: type[CallbackServer] = temporal_module("worker").CallbackServer
    secret = _secret(shared_secret)
    if arguments.callbacks is None:  # another process receives the calls
        return server(secret, address_of(arguments.callback_url))
    host, port, address = _place(arguments)
    return server(secret, address, host, port)


def _secret(of: Callable[[], Secret]) -> Secret:
    try:
        return of()
    except (OSError, ValueError) as error:
        raise CommandError(f"callbacks: {error}") from error


def _place(arguments: argparse.Namespace) -> tuple[str, int, str | None]:
    """Return the host and port to listen on, and the URL by which others reach them, if given."""
    host, port = host_and_port("--callbacks", arguments.callbacks)
    address = address_of(arguments.callback_url)
    if address is None and _is_unspecified(host):
        raise CommandError(
            f"--callbacks listens on every address ({host}), which is not one that an API can call:"
            " add --callback-url, the URL under which it is reached"
        )
    return host, port, address


def host_and_port(option: str, address: str) -> tuple[str, int]:
    """Parse *address*, the value of *option*, as host and port. Raises `CommandError`."""
    host, colon, port = address.rpartition(":")
    # The brackets of an IPv6 address belong to the notation (RFC 3986, section 3.2.2).
    host = host.removeprefix("[").removesuffix("]")
    # `isdigit` also accepts other digits than those of ASCII.
    is_number = port.isascii() and port.isdigit()
    if not colon or not host or not is_number or int(port) > 65535:
        raise CommandError(f"{option} {address!r}: write HOST:PORT, such as 127.0.0.1:8400")
    return host, int(port)


def address_of(url: str | None) -> str | None:
    """Return *url*, the URL by which others reach a receiver, or None. Raises `CommandError`."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_absolute = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        is_absolute = is_plain = False
    if not (is_absolute and is_plain):
        raise CommandError(
            f"--callback-url {url!r}: write an http or https URL without a query, such as"
            " https://public.example/hooks"
        )
    return url


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def awaiting_tasks(definition: WorkflowDefinition) -> Iterator[str]:
    """Yield the names of the tasks in *definition* that wait for a callback."""
    from httptask.model.completion import is_callback
    from httptask.workflow import iter_tasks

    for _, name, task in iter_tasks(definition):
        if is_callback(task.get("completion")):
            yield name
