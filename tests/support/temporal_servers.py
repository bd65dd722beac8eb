"""Real Temporal servers on this machine; the binaries are in the environment of the tests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from httptask.engines.temporal._converter import exact

BINARIES = Path(sys.executable).parent
PATIENCE = 60.0
"""The time in seconds for a server to answer, enough for a busy machine."""

_ATTRIBUTES = (
    *("HttptaskDefinition=Keyword", "HttptaskVersion=Keyword"),
    "HttptaskProvider=KeywordList",
)


_LONG = "limit.historyCount.suggestContinueAsNew"
_MOST = ("limit.numPendingActivities.error", "limit.numPendingChildExecutions.error")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class DevServer:
    """A `temporal server start-dev` at *port*, with its state in *database* or in memory.

    From *long* events on, it suggests that a workflow continues as new. A workflow may have *most*
    activities and children at once.
    """

    def __init__(
        self,
        port: int,
        database: Path | None = None,
        *,
        attributes: bool = True,
        long: int | None = None,
        most: int | None = None,
    ) -> None:
        self.address = f"127.0.0.1:{port}"
        kept = [] if database is None else ["--db-filename", str(database)]
        named = _ATTRIBUTES if attributes else ()
        self.process = subprocess.Popen(
            [
                BINARIES / "temporal",
                *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)),
                *("--log-level", "error", *kept),
                *([] if long is None else ["--dynamic-config-value", f"{_LONG}={long}"]),
                *(
                    []
                    if most is None
                    else [f"--dynamic-config-value={setting}={most}" for setting in _MOST]
                ),
                *(word for name in named for word in ("--search-attribute", name)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self) -> None:
        """Wait until the server answers. Raises the client's error if the server has ended."""
        asyncio.run(connected(self.address, self.process))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


async def connected(address: str, process: subprocess.Popen[bytes] | None = None) -> Client:
    """Return a client of the server at *address*, once it answers.

    *process* is the server.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            client = await Client.connect(address, data_converter=exact(None))
            await client.count_workflows()
        except (RuntimeError, RPCError):
            has_ended = process is not None and process.poll() is not None
            if has_ended or time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)
        else:
            return client


@contextlib.contextmanager
def dev_server(**options: Any) -> Iterator[DevServer]:
    """Run a server while the block lasts."""
    server = _started(**options)
    try:
        yield server
    finally:
        server.kill()


def _started(port: int | None = None, **options: Any) -> DevServer:
    # It looks for five more free ports, and another test's server may take one of them first.
    for _ in range(5):
        server = DevServer(port or free_port(), **options)
        try:
            server.wait()
        except (RuntimeError, RPCError):
            server.kill()
        else:
            return server
    raise AssertionError("no server of Temporal's stays up")
