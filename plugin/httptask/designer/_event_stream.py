"""Streams of events for pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from httptask._core.strict_json import dump

Event = tuple[str, dict[str, Any]]


class EventStream(StreamingResponse):
    """Server-sent events (HTML, section 9.2), each with one line of JSON.

    *ended* is called when nobody listens any more.
    """

    def __init__(
        self,
        events: AsyncGenerator[Event, None],
        headers: Mapping[str, str] | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._events = events
        self._ended = ended
        headers = {
            **(headers or {}),
            "X-Accel-Buffering": "no",
        }  # keeps a proxy from buffering them
        super().__init__(self._lines(), media_type="text/event-stream", headers=headers)

    async def _lines(self) -> AsyncIterator[bytes]:
        async for name, data in self._events:
            yield f"event: {name}\ndata: {dump(data, ascii_only=True)}\n\n".encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the last one, or until the page disconnects."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()
            self._ended()  # also if the page disconnected before the first event
