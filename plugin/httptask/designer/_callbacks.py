"""Receive callbacks for the tasks of runs and test requests, at the designer's own server.

Anybody who knows a URL may call it, from anywhere. Each URL is made for one visit and cannot be
guessed. Nothing else can be read or done there.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.designer._bodies import pieces
from httptask.engines.callbacks import (
    MOST_BYTES,
    SECONDS,
    Callbacks,
    joined,
    response_of,
    server_secret,
)
from httptask.model.callback import Answer, Received

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("httptask")

_MOST_AT_ONCE = 50
"""Callbacks under way: fewer than the server's connections, some of which the page needs."""


class Receiver:
    """Receives callbacks.

    *address* is the URL by which APIs reach it; None: the URL of the page that starts the run.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._callbacks: Callbacks | None = None
        self._under_way = 0

    async def callbacks(self, request: Request) -> Callbacks | None:
        """Return the receiver for tasks that *request* starts.

        None if the secret for the URLs cannot be stored; the log says why.
        """
        if self._callbacks is None:
            try:
                secret = await in_thread(server_secret)
            except (OSError, ValueError) as error:
                _log.warning("no callbacks are received: %s", error)
                return None
            self._callbacks = self._callbacks or Callbacks("", secret)
        return self._callbacks.at(self._address or str(request.base_url))

    def url_of(self, visit: tuple[str, str, int]) -> str | None:
        """Return the secret URL for *visit*: the id of a run, the name of a task, the number of the
        visit.
        """
        if self._callbacks is not None:
            return self._callbacks.url_of(visit)
        return None

    async def receive(self, request: Request) -> Response:
        """Answer a callback."""
        if self._under_way >= _MOST_AT_ONCE:
            return _response(Answer(503, "too many calls at once"))
        self._under_way += 1
        try:
            async with asyncio.timeout(SECONDS):
                content = b"".join([piece async for piece in pieces(request, MOST_BYTES)])
            return _response(await self._answer(request, content))
        except TimeoutError:
            return _response(Answer(408, "the call took too long"))
        finally:
            self._under_way -= 1

    async def _answer(self, request: Request, content: bytes) -> Answer:
        if self._callbacks is None:  # no task has waited yet
            return Answer(404, "there is nothing here")
        headers: Mapping[str, str] = joined(request.headers.items())
        # Not from the request's `url`, which Starlette 1.0 builds from an unchecked `Host`.
        query = request.scope["query_string"].decode("latin-1")
        received = Received(headers, content, query, request.method)
        return await self._callbacks.receive(request.scope["path"], received)


def _response(answer: Answer) -> Response:
    headers, body = response_of(answer)
    return Response(body, answer.status, headers)
