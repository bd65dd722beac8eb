"""The calls that tasks of runs and test requests wait for: received at the designer's own server.

Whoever knows a URL may call it, from anywhere: it was made for one visit, and nobody can guess it.
Nothing else can be learnt or done there.
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
"""Calls under way: fewer than the server's connections, which the page needs, too."""


class Receiver:
    """Receives calls. APIs reach it at *address*, a URL; None: as the page that starts a run
    does.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._callbacks: Callbacks | None = None
        self._under_way = 0

    async def callbacks(self, request: Request) -> Callbacks | None:
        """Return where tasks wait for calls that *request* starts; None where the secret of their
        URLs cannot be kept: the log says why.
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
        """Return the URL that *visit* (the id of a run, a task, a number) waits at: a secret."""
        return self._callbacks.url_of(visit) if self._callbacks is not None else None

    async def receive(self, request: Request) -> Response:
        """Answer a call."""
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
        if self._callbacks is None:  # nothing has waited yet
            return Answer(404, "there is nothing here")
        headers: Mapping[str, str] = joined(request.headers.items())
        # Not of the request's `url`, which Starlette 1.0 makes of whatever `Host` says.
        query = request.scope["query_string"].decode("latin-1")
        received = Received(headers, content, query, request.method)
        return await self._callbacks.receive(request.scope["path"], received)


def _response(answer: Answer) -> Response:
    headers, body = response_of(answer)
    return Response(body, answer.status, headers)
