"""Test requests: one task run once, told as it happens, and cancelled the moment nobody waits for
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask._http.media_types import essence
from httptask.building import curl_command
from httptask.designer._drafts import SHOWN_TEXT, raw_request, shown_request
from httptask.designer._problems import Refused
from httptask.errors import ExpressionError, HttpTaskError, SettingsError, TaskError
from httptask.model.api import Endpoint
from httptask.model.exchange import Attempt, Difference, Exchange, RawResponse, SentRequest
from httptask.model.task import Inputs, TestOptions
from httptask.sending import Progress, Wait, watched
from httptask.task import HttpTask

_log = logging.getLogger("httptask")

MOST_AT_ONCE = 8
_MOST_KEPT = 20
_MOST_BYTES_KEPT = 128 * 1024 * 1024
_LONGEST_SECONDS = 600.0
_LONG = 256 * 1024
"""Bytes. Longer bodies are worked on in a thread."""
_FIRST_LOOKS, _LATER_LOOKS = 0.02, 0.1
"""Seconds between looks at what the network does: often at first, when phases are short."""
_HEARTBEAT = 1.0

Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Body:
    """A response's body, secrets masked."""

    raw: bytes
    """As it came."""
    decoded: bytes | None
    """As UTF-8 text, after content coding and charset; None when it is no text."""
    media_type: str
    """Of the decoded text: `application/json` or `text/plain`."""
    size: int
    """Bytes of the whole; more than those of *raw* when it was too large to be held."""


@dataclass(slots=True)
class _Running:
    id: str
    began: float = field(default_factory=time.perf_counter)
    progress: Progress = field(default_factory=Progress)
    work: asyncio.Task[Exchange] | None = None
    told: list[Event] = field(default_factory=list)
    """Events of the work that the page has not been told yet."""
    cancelled: bool = False

    def start(self, work: Coroutine[Any, Any, Exchange]) -> None:
        context = contextvars.copy_context()
        context.run(watched.set, self.progress)
        self.work = asyncio.get_running_loop().create_task(work, context=context)
        # Nobody may be there to hear how it ended.
        self.work.add_done_callback(lambda done: done.cancelled() or done.exception())

    def cancel(self) -> None:
        self.cancelled = True
        if self.work is not None:
            self.work.cancel()

    @property
    def elapsed(self) -> float:
        return round(time.perf_counter() - self.began, 6)


class TestRequests:
    """The test requests under way, and the bodies of the last ones."""

    __test__ = False  # a noun of ours, not a test class for pytest to collect

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._bodies: OrderedDict[str, Body | None] = OrderedDict()

    def begin(self) -> str:
        """Return the id of a new test request. Raises `Refused` when too many are under way."""
        if len(self._running) >= MOST_AT_ONCE:
            raise Refused(
                "too-many", f"{MOST_AT_ONCE} test requests are under way; cancel one or wait"
            )
        test_id = secrets.token_urlsafe(12)
        self._running[test_id] = _Running(test_id)
        return test_id

    def cancel(self, test_id: str) -> None:
        """Cancel a test request; one that has ended is left as it is. Raises `Refused` for one that
        never was.
        """
        running = self._running.get(test_id)
        if running is not None:
            running.cancel()
        elif test_id not in self._bodies:
            raise Refused(
                "unknown-test-request", "there is no such test request, or it ended long ago"
            )

    def end(self, test_id: str) -> None:
        """Forget a test request that nobody listens to any more; what still runs of it is
        cancelled.
        """
        running = self._running.pop(test_id, None)
        if running is not None:
            running.cancel()
            self._bodies.setdefault(test_id, None)
            self._forget()

    def cancel_all(self) -> None:
        """Cancel every test request: the designer ends."""
        for running in list(self._running.values()):
            running.cancel()

    def body(self, test_id: str) -> Body:
        """Return the body of a test request's response. Raises `Refused` when there is none, or no
        longer.
        """
        body = self._bodies.get(test_id)
        if body is None:
            raise Refused(
                "unknown-test-request",
                f"no body is kept of it; those of the last {_MOST_KEPT} test requests are",
            )
        return body

    async def events(
        self, test_id: str, task: HttpTask, inputs: Inputs, *, send_anyway: bool, brief: bool
    ) -> AsyncGenerator[Event, None]:
        """Run *task* as the test request *test_id* and give its events; exactly one of the last
        three ends them.

        `started`, `request`, `phase`, `bytes`, then `response`, `error` or `cancelled`. Whoever
        stops listening cancels it.
        """
        running = self._running[test_id]
        try:
            yield (
                "started",
                {"id": test_id, "startedAt": datetime.now(UTC).isoformat(timespec="milliseconds")},
            )
            yield (
                "phase",
                {
                    "id": test_id,
                    "phase": "prepare",
                    "phases": {},
                    "elapsedSeconds": running.elapsed,
                },
            )
            if not running.cancelled:
                running.start(_work(running, task, inputs, TestOptions(send_anyway=send_anyway)))
            told: dict[str, Any] = {}
            async for name, event in _progress(running):
                if name == "request":
                    told = event
                yield name, {"id": test_id, **event}
            yield await self._end(running, task, told, brief=brief)
        finally:
            self.end(test_id)

    async def _end(
        self, running: _Running, task: HttpTask, told: dict[str, Any], *, brief: bool
    ) -> Event:
        """Return the event that ends it: `response`, `error` or `cancelled`."""
        work = running.work
        common: dict[str, Any] = {"id": running.id, "phases": {}, "elapsedSeconds": running.elapsed}
        if work is None or work.cancelled():
            return "cancelled", common | _so_far(running.progress, told)
        failure = work.exception()
        if failure is not None:
            return "error", common | _so_far(running.progress, told) | _failure(failure)
        exchange = work.result()
        sent = exchange.request
        seen = described(sent) if sent is not None else told
        common["phases"] = _rounded(exchange.phases)
        common["elapsedSeconds"] = round(exchange.elapsed_seconds, 6)
        common["attempts"] = [_attempt(attempt) for attempt in exchange.attempts]
        response = exchange.response
        if response is None or exchange.outcome in _NO_RESPONSE:
            return "error", common | {
                "kind": exchange.outcome,
                "message": exchange.error or "no response came",
                "retryable": False,
                "maybeDelivered": any(
                    "send" in hop.phases for one in exchange.attempts for hop in one.hops
                ),
                **seen,
            }
        if len(response.body) > _LONG:
            body, shown = await in_thread(
                lambda: _answer(response, exchange.differences, task.endpoint)
            )
        else:
            body, shown = _answer(response, exchange.differences, task.endpoint)
        self._keep(running.id, body)
        if exchange.outcome != "success":
            shown["message"] = exchange.error or ""
        event = (
            common
            | {"outcome": exchange.outcome, "body": f"test-requests/{running.id}/body"}
            | shown
            | seen
        )
        return "response", {
            name: value for name, value in event.items() if not brief or name not in _LONG_MEMBERS
        }

    def _keep(self, test_id: str, body: Body) -> None:
        self._bodies[test_id] = body
        self._forget()

    def _forget(self) -> None:
        while len(self._bodies) > _MOST_KEPT:
            self._bodies.popitem(last=False)
        sizes = {test_id: _size(body) for test_id, body in self._bodies.items()}
        left = sum(sizes.values())
        for test_id, size in list(sizes.items())[:-1]:
            if left <= _MOST_BYTES_KEPT:
                break
            self._bodies[test_id] = None
            left -= size


_NO_RESPONSE = frozenset(("blocked", "dns", "connection", "tls", "timeout", "protocol"))
"""Outcomes whose last response, if there is one, is no answer to the request: a redirect's, or a
part of one.
"""
_LONG_MEMBERS = frozenset(("text", "attempts", "raw", "curl"))
"""What a brief answer leaves out."""


def _size(body: Body | None) -> int:
    return len(body.raw) + len(body.decoded or b"") if body is not None else 0


# While it goes on


async def _work(
    running: _Running, task: HttpTask, inputs: Inputs, options: TestOptions
) -> Exchange:
    async with asyncio.timeout(_LONGEST_SECONDS):
        problems = await in_thread(
            task.problems
        )  # a description may be large: not on the event loop
        if options.send_anyway or not any(problem.severity == "error" for problem in problems):
            with contextlib.suppress(HttpTaskError):  # the request itself says it better
                running.told.append(("request", described(await task.arender(inputs))))
        return await task.atest_request(inputs, options)


async def _progress(running: _Running) -> AsyncIterator[Event]:
    """Give what happens until the work has ended; it is looked at from outside, so that it is not
    slowed down.
    """
    work, progress = running.work, running.progress
    step: Any = None
    counts, last = (0, 0), running.elapsed
    while work is not None and not work.done():
        await asyncio.wait([work], timeout=_FIRST_LOOKS if running.elapsed < 0.5 else _LATER_LOOKS)
        while running.told:
            yield running.told.pop(0)
        network = progress.network
        if network is None or work.done():
            continue
        phase = "retry" if progress.wait is not None else network.phase
        common = {"phase": phase, "elapsedSeconds": running.elapsed} | _attempts(progress)
        if step != (progress.attempt, phase):
            step = (progress.attempt, phase)
            yield (
                "phase",
                common | {"phases": _rounded(network.ended_phases())} | _wait(progress.wait),
            )
        found = (network.bytes_sent, network.bytes_received)
        pause = running.elapsed - last
        if (found != counts and pause >= _LATER_LOOKS) or pause >= _HEARTBEAT:
            counts, last = found, running.elapsed
            yield "bytes", common | {"sent": counts[0], "received": counts[1]}


def _attempts(progress: Progress) -> dict[str, Any]:
    return {"attempt": progress.attempt, "maxAttempts": progress.max_attempts}


def _wait(wait: Wait | None) -> dict[str, Any]:
    if wait is None:
        return {}
    asked = {} if wait.retry_after is None else {"retryAfter": wait.retry_after}
    return {"waitSeconds": round(wait.seconds, 6)} | asked


# Afterwards


def _so_far(progress: Progress, told: dict[str, Any]) -> dict[str, Any]:
    """Return what there is to show of a call that did not come to an end: what was *told* of it,
    and its attempts.
    """
    exchange = progress.exchange
    if exchange is None:
        return told | {"maybeDelivered": False, "attempts": []}
    sent = exchange.request
    return (described(sent) if sent is not None else told) | {
        "maybeDelivered": progress.maybe_delivered,
        "phases": _rounded(exchange.phases),
        "attempts": [_attempt(attempt) for attempt in exchange.attempts],
    }


def described(request: SentRequest) -> dict[str, Any]:
    """Return `{"request", "curl", "raw"}`: *request* for a page, a shell and a reader."""
    curl = curl_command(request) if len(request.shown_body) <= SHOWN_TEXT else ""
    return {"request": shown_request(request), "curl": curl, "raw": raw_request(request)}


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, TimeoutError):
        message = f"the designer waits at most {_LONGEST_SECONDS:.0f} s for a test request"
        return {"kind": "timeout", "message": message, "retryable": False}
    if not isinstance(error, HttpTaskError):
        _log.error("a test request failed", exc_info=error)
        message = f"unexpected {type(error).__name__}; the designer's log says where"
        return {"kind": "internal", "message": message, "retryable": False, "maybeDelivered": True}
    fields: dict[str, Any] = {
        "kind": "internal",
        "message": str(error),
        "retryable": False,
        "maybeDelivered": False,
    }
    if isinstance(error, TaskError):
        fields |= {
            "kind": error.kind,
            "retryable": error.retryable,
            "maybeDelivered": error.maybe_delivered,
        }
    if isinstance(error, SettingsError):
        fields["problems"] = [problem.to_json() for problem in error.problems]
    elif isinstance(error, ExpressionError):
        fields |= {
            "pointer": error.pointer,
            "expression": error.expression,
            "known": list(error.known),
        }
        fields["problems"] = [error.problem().to_json()]
    return fields


def _attempt(attempt: Attempt) -> dict[str, Any]:
    hops: list[dict[str, Any]] = []
    value = {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "startedAt": attempt.started_at,
        "waitedSeconds": round(attempt.waited_seconds, 6),
        "elapsedSeconds": round(attempt.elapsed_seconds, 6),
        "hops": hops,
    }
    for hop in attempt.hops:
        shown: dict[str, Any] = {
            "request": shown_request(hop.request),
            "phases": _rounded(hop.phases),
        }
        if hop.response is not None:
            shown |= {"status": hop.response.status_code, "statusLine": hop.response.status_line}
            shown["headers"] = [list(pair) for pair in hop.response.headers]
        if hop.unparsed:
            shown["unparsed"] = hop.unparsed
        hops.append(shown)
    return value | ({"error": attempt.error} if attempt.error else {})


def _answer(
    response: RawResponse, found: Sequence[Difference], endpoint: Endpoint | None
) -> tuple[Body, dict[str, Any]]:
    """Return the body to keep, and the members of the event that describe *response*."""
    declared = next(
        (value for name, value in response.headers if name.lower() == "content-type"), ""
    )
    media_type = essence(declared)
    text = _text(response)
    is_json = response.decoded_as == "json"
    body = Body(
        response.body,
        text.encode("utf-8", "replace") if text is not None else None,
        "application/json" if is_json else "text/plain",
        response.size or len(response.body),
    )
    shown: dict[str, Any] = {
        "status": response.status_code,
        "reasonPhrase": response.reason_phrase,
        "httpVersion": response.http_version,
        "headers": [list(pair) for pair in response.headers],
        "mediaType": media_type,
        "size": body.size,
        "decodedAs": response.decoded_as,
        "decodedSize": len(body.decoded) if body.decoded is not None else 0,
        "truncated": text is not None and len(text) > SHOWN_TEXT,
        "notes": list(response.notes),
        "differences": [difference.to_json() for difference in found],
        "documented": endpoint is not None and bool(endpoint.responses),
    }
    return body, shown | ({"text": text[:SHOWN_TEXT]} if text is not None else {})


def _text(response: RawResponse) -> str | None:
    """Return the decoded body as text: JSON as the server wrote it, wherever its bytes are at
    hand.
    """
    if response.decoded_as == "text":
        return str(response.decoded)
    if response.decoded_as != "json":
        return None
    if not any(name.lower() == "content-encoding" for name, _ in response.headers):
        with contextlib.suppress(UnicodeDecodeError):
            return response.body.decode(json.detect_encoding(response.body)).removeprefix("\ufeff")
    return dump(response.decoded)


def _rounded(phases: Mapping[str, float]) -> dict[str, float]:
    return {name: round(seconds, 6) for name, seconds in phases.items()}
