"""Run the designer with uvicorn until it is stopped."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Collection
from typing import Any

import uvicorn

from httptask.designer._app import create_app
from httptask.designer._guards import Guards, is_loopback
from httptask.errors import HttpTaskError

_GRACE_SECONDS = 2
"""Seconds that streams may continue after the designer is asked to stop."""


class ServeError(HttpTaskError):
    """The designer cannot be started with these options."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    hosts: Collection[str] = (),
    started: Callable[[str], None] | None = None,
    **options: Any,
) -> None:
    """Run the designer on *host* and *port* (0: a free one) until Ctrl+C or SIGTERM.

    A *host* that others can reach needs a *token* of at least 16 characters, and *hosts*, the names
    by which they reach it. *started* is called with the address once requests are answered.
    *options* are those of `create_app`. Raises `ServeError`.
    """
    if not is_loopback(host):
        _check_public_host(host, token, hosts)
    try:
        app = create_app(
            hosts=hosts,
            token=token,
            **options,
        )
    except ValueError as error:
        raise ServeError(str(error)) from error
    with _listening(host, port) as listening:
        named = f"[{host}]" if ":" in host else host
        own = f"{named}:{listening.getsockname()[1]}"
        address = f"http://{own if is_loopback(host) else next(iter(hosts))}/"
        server = _Server(_config(app), lambda: started(address) if started is not None else None)
        server.run([listening])


def _check_public_host(host: str, token: str | None, hosts: Collection[str]) -> None:
    """Raise `ServeError` if *host*, which others can reach, lacks a *token* or *hosts*."""
    if token is None:
        raise ServeError(
            f"{host} can be reached by others, and whoever reaches the designer can send"
            " requests with your credentials: give a token (HTTPTASK_DESIGNER_TOKEN), or bind"
            " to 127.0.0.1"
        )
    if not hosts:
        raise ServeError(
            f"to listen on {host}, give the name under which it is reached: --allow-host NAME:PORT"
        )


def _config(app: Guards) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a client could forge them
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
        limit_concurrency=200,
        backlog=64,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, with a callback once it answers requests."""

    def __init__(self, config: uvicorn.Config, answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._answering = answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _collect_rarely()
            self._answering()


def _collect_rarely() -> None:
    """Keep the garbage collector off what stays until the end.

    A collection of the modules and of the cached forms stops every request for up to 0.1 s, and
    frees next to nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 100)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP is named explicitly: without it asyncio leaves Nagle's algorithm on, and each response
    # waits 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ServeError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from error
    return listening
