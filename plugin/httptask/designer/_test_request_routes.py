"""The routes for test requests: to run one, to cancel it, to get the body of its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.designer._bodies import json_object, member
from httptask.designer._callbacks import Receiver
from httptask.designer._catalogue import CatalogueThread, task_of
from httptask.designer._definitions import Definitions
from httptask.designer._event_stream import EventStream
from httptask.designer._problems import Refused
from httptask.designer._shown_bodies import unpacked
from httptask.designer._test_requests import TestRequests
from httptask.model.task import TestOptions

if TYPE_CHECKING:
    from httptask.task import Runtime


class TestRequestRoutes:
    """The test requests that *tests* runs, of drafts in *definitions*."""

    __test__ = False  # a noun of ours, not a test class for pytest to collect

    def __init__(
        self,
        tests: TestRequests,
        catalogue: CatalogueThread,
        definitions: Definitions,
        runtime: Runtime,
        receiver: Receiver,
    ) -> None:
        self._tests = tests
        self._catalogue = catalogue
        self._definitions = definitions
        self._runtime = runtime
        self._receiver = receiver

    async def start(self, request: Request) -> Response:
        """Run a test request and stream its events."""
        value = await json_object(request)
        draft = await self._definitions.draft(value)
        send_anyway = member(value, "sendAnyway", bool, bool)
        detail = member(value, "detail", str, lambda: "full")
        if detail not in ("full", "brief"):
            raise Refused("bad-request", f"'detail' is 'full' or 'brief', found {detail[:50]!r}")
        entry = await self._catalogue.entry_of(draft)
        task = task_of(draft, entry, self._runtime)
        callbacks = await self._receiver.callbacks(request)
        options = TestOptions(send_anyway, callbacks=callbacks)
        test_id = self._tests.begin()
        is_brief = detail == "brief"
        events = self._tests.events(test_id, task, draft.inputs, options, brief=is_brief)
        return EventStream(events, {"Test-Request-Id": test_id}, lambda: self._tests.end(test_id))

    async def cancel(self, request: Request) -> Response:
        """Cancel a test request."""
        self._tests.cancel(request.path_params["id"])
        return Response(status_code=204)

    async def body(self, request: Request) -> Response:
        """Answer with the response body of a test request.

        The query's `as` is `raw` for the bytes as received, `file` for the bytes without their
        content coding, or `decoded` for the text.
        """
        body = self._tests.body(request.path_params["id"])
        form = request.query_params.get("as", "raw")
        if form not in ("raw", "file", "decoded"):
            raise Refused("bad-request", f"'as' is 'raw', 'file' or 'decoded', found {form[:50]!r}")
        # Another server's response must never be interpreted as a page of this origin.
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        if form == "decoded":
            if body.decoded is None:
                raise Refused("not-found", "this body is neither JSON nor text; download its bytes")
            return Response(body.decoded, 200, headers, body.media_type)
        if len(body.raw) < body.size:
            detail = (
                f"this body has {body.size:,} bytes, more than are held for a download; a run keeps"
                " it as a file"
            )
            raise Refused("too-large", detail, limit=self._runtime.limits.body)
        content: bytes | None = body.raw
        if form == "file" and body.encoding:
            content = await in_thread(lambda: unpacked(body.raw, body.encoding))
        if content is None:
            raise Refused("not-found", "the content coding of this body cannot be undone here")
        headers["Content-Disposition"] = (
            f'attachment; filename="response-{request.path_params["id"]}.bin"'
        )
        return Response(content, 200, headers, "application/octet-stream")
