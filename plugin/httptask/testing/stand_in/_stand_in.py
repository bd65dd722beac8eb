"""The stand-in: a server that runs while a `with` block lasts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from httptask.testing.stand_in._answers import Answers
from httptask.testing.stand_in._messages import ReceivedRequest
from httptask.testing.stand_in._server import Server

_POLL_SECONDS = 0.01
"""How often the listener checks whether to stop, in seconds."""


class StandIn:
    """Run a stand-in of the Procore endpoint while the `with` block lasts.

    *host* and *port* are the address on which it listens; port 0 takes any free one. With *token*
    every request must carry `Authorization: Bearer <token>`. *failures* holds error statuses (400
    to 599) for the first requests, one each; 429 and 503 carry *retry_after* in their
    `Retry-After`. With *verbose* each request is a line on standard error; otherwise nothing is
    printed.

    Entering raises OSError if the port is taken. Leaving closes the port and every connection, and
    ends every thread.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        failures: Sequence[int] = (),
        retry_after: int | str = 0,
        verbose: bool = False,
    ) -> None:
        if not all(400 <= status <= 599 for status in failures):
            raise ValueError(
                f"failures must be error statuses from 400 to 599, found {list(failures)}"
            )
        self._address = (host, port)
        self._answers = Answers(
            token=token,
            failures=failures,
            retry_after=retry_after,
            verbose=verbose,
        )
        self.requests: list[ReceivedRequest] = self._answers.requests
        """Every request received, refused ones too, in the order they came."""
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address, `http://127.0.0.1:PORT`. Raises RuntimeError outside the `with` block."""
        if self._server is None:
            raise RuntimeError("the stand-in is not running; use it in a `with` block")
        return f"http://{self._server.server_name}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = Server(self._address, self._answers)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="stand-in listener",
            daemon=True,
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        server = self._server
        self._server = None
        if server is not None and self._thread is not None:
            server.stop()
            self._thread.join()
