"""Test requests: one task runs once, and its events are streamed.

A test request is cancelled as soon as nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from httptask._core.threads import in_thread
from httptask.designer._arriving import Arriving
from httptask.designer._authorisation import authorisation
from httptask.designer._event_stream import Event
from httptask.designer._hints import hints
from httptask.designer._problems import Refused
from httptask.designer._rounds import shown_calls, shown_suggestion
from httptask.designer._shown_exchange import (
    Body,
    described,
    rounded,
    shown_attempt,
    shown_response,
)
from httptask.designer._wording import all_shown, error_text, shown
from httptask.errors import ExpressionError, HttpTaskError, SettingsError, TaskError
from httptask.model.api import Endpoint
from httptask.model.exchange import Exchange
from httptask.model.policy import TIMEOUT_SETTINGS
from httptask.model.task import Inputs, TestOptions
from httptask.plugins import PluginManager
from httptask.sending import Progress, Wait, watched
from httptask.settings import suggestion_after
from httptask.task import HttpTask

_log = logging.getLogger("httptask")

MOST_AT_ONCE = 8
_MOST_KEPT = 20
_MOST_BYTES_KEPT = 128 * 1024 * 1024
_LONGEST_SECONDS = 600.0
_LONG = 256 * 1024
"""Bytes. Longer bodies are decoded in a thread."""
_FIRST_INTERVAL, _LATER_INTERVAL = 0.02, 0.1
"""Seconds between checks of the network: short in the first half second, when phases are short."""
_HEARTBEAT = 1.0
"""Maximum time between two events, in seconds, by which a page shows that it is still connected."""


@dataclass(slots=True)
class _Running:
    """A test request under way."""

    id: str
    began: float = field(default_factory=time.perf_counter)
    progress: Progress = field(default_factory=Progress)
    work: asyncio.Task[Exchange] | None = None
    queued: list[Event] = field(default_factory=list)
    """Events not yet sent to the page."""
    cancelled: bool = False

    def start(self, work: Coroutine[Any, Any, Exchange]) -> None:
        context = contextvars.copy_context()
        context.run(watched.set, self.progress)
        self.work = asyncio.get_running_loop().create_task(work, context=context)
        # Mark the outcome as retrieved, or asyncio complains when the listener has left.
        self.work.add_done_callback(lambda done: done.cancelled() or done.exception())

    def cancel(self) -> None:
        self.cancelled = True
        if self.work is not None:
            self.work.cancel()

    @property
    def elapsed(self) -> float:
        return round(time.perf_counter() - self.began, 6)


class TestRequests:
    """The test requests under way, and the response bodies of recent ones."""

    __test__ = False  # a noun of ours, not a test class for pytest to collect

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._bodies: OrderedDict[str, Body | None] = OrderedDict()

    def begin(self) -> str:
        """Return the id of a new test request. Raises `Refused` if too many are under way."""
        if len(self._running) >= MOST_AT_ONCE:
            raise Refused(
                "too-many", f"{MOST_AT_ONCE} test requests are under way; cancel one or wait"
            )
        test_id = secrets.token_urlsafe(12)
        self._running[test_id] = _Running(test_id)
        return test_id

    def cancel(self, test_id: str) -> None:
        """Cancel a test request. One that has ended is left unchanged.

        Raises `Refused` if it is unknown.
        """
        running = self._running.get(test_id)
        if running is not None:
            running.cancel()
        elif test_id not in self._bodies:
            raise Refused(
                "unknown-test-request", "there is no such test request, or it ended long ago"
            )

    def end(self, test_id: str) -> None:
        """Forget a test request without a listener, and cancel it if it is still running."""
        running = self._running.pop(test_id, None)
        if running is not None:
            running.cancel()
            self._bodies.setdefault(test_id, None)
            self._forget()

    def cancel_all(self) -> None:
        """Cancel every test request when the designer ends."""
        for running in list(self._running.values()):
            running.cancel()

    def body(self, test_id: str) -> Body:
        """Return the response body of a test request.

        Raises `Refused` if there is none, or if it is no longer kept.
        """
        body = self._bodies.get(test_id)
        if body is None:
            raise Refused(
                "unknown-test-request",
                f"no body is kept of it; those of the last {_MOST_KEPT} test requests are",
            )
        return body

    async def events(
        self,
        test_id: str,
        task: HttpTask,
        inputs: Inputs,
        options: TestOptions,
        *,
        brief: bool,
    ) -> AsyncGenerator[Event, None]:
        """Run *task* as the test request *test_id* and yield its events.

        They are `started`, `request`, `phase`, `bytes`, `items`, and at the end exactly one of
        `response`, `error` and `cancelled`. The test request is cancelled if the caller stops
        listening.
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
                running.start(_work(running, task, inputs, options))
            request_event: dict[str, Any] = {}
            arriving = Arriving(task.runtime.redactor)
            async for name, event in _progress(running, arriving):
                if name == "request":
                    request_event = event
                yield name, {"id": test_id, **event}
            yield await self._end(running, task, request_event, brief=brief)
        finally:
            self.end(test_id)

    async def _end(
        self,
        running: _Running,
        task: HttpTask,
        request_event: dict[str, Any],
        *,
        brief: bool,
    ) -> Event:
        """Return the last event: `response`, `error` or `cancelled`."""
        work = running.work
        common: dict[str, Any] = {
            "id": running.id,
            "phases": {},
            "elapsedSeconds": running.elapsed,
        }
        if work is None or work.cancelled():
            return "cancelled", common | _so_far(running.progress, request_event)
        failure = work.exception()
        if failure is not None:
            error_event = common | _so_far(running.progress, request_event) | _failure(failure)
            url = _url(error_event, task)
            return "error", error_event | authorisation(
                error_event["kind"], None, url, *_known(task)
            )
        exchange = work.result()
        sent = exchange.request
        request_members = described(sent) if sent is not None else request_event
        common |= _calls_of(exchange, task)
        response = exchange.response
        url = _url(request_members, task)
        request_members |= authorisation(exchange.outcome, response, url, *_known(task))
        if response is None or exchange.outcome in _NO_RESPONSE:
            return "error", common | _unanswered(exchange) | request_members
        if len(response.body) > _LONG:
            body, response_members = await in_thread(
                lambda: shown_response(response, exchange.differences, task.endpoint)
            )
        else:
            body, response_members = shown_response(response, exchange.differences, task.endpoint)
        self._keep(running.id, body)
        if exchange.outcome != "success":
            response_members["message"] = exchange.error or ""
            response_members |= hints(response, sent, task.definition, _known(task)[0])
        event = (
            common
            | {"outcome": exchange.outcome, "body": f"test-requests/{running.id}/body"}
            | response_members
            | request_members
        )
        return "response", {
            name: value for name, value in event.items() if not brief or name not in _LONG_MEMBERS
        }

    def _keep(self, test_id: str, body: Body) -> None:
        self._bodies[test_id] = body
        self._forget()

    def _forget(self) -> None:
        """Drop the oldest bodies that exceed the limits. The newest body always stays."""
        while len(self._bodies) > _MOST_KEPT:
            self._bodies.popitem(last=False)
        sizes = {test_id: _size(body) for test_id, body in self._bodies.items()}
        total = sum(sizes.values())
        for test_id, size in list(sizes.items())[:-1]:
            if total <= _MOST_BYTES_KEPT:
                break
            self._bodies[test_id] = None
            total -= size


_NO_RESPONSE = frozenset(("blocked", "dns", "connection", "tls", "timeout", "protocol"))
"""Outcomes without a final response to the request.

The last response, if there is one, is a redirect or incomplete.
"""
_LONG_MEMBERS = frozenset(("text", "attempts", "raw", "curl"))
"""Members left out of a brief event."""


def _size(body: Body | None) -> int:
    if body is not None:
        return len(body.raw) + len(body.decoded or b"")
    return 0


def _url(event: Mapping[str, Any], task: HttpTask) -> str:
    """Return the URL of the request in *event*, or the URL as written in *task* if there is no
    request.
    """
    if "request" in event:
        return str(event["request"]["url"])
    written = task.definition.get("httpRequest")
    if isinstance(written, Mapping):
        return str(written.get("url", ""))
    return ""


def _known(task: HttpTask) -> tuple[Endpoint | None, PluginManager]:
    """Return the endpoint of *task*, or None, and the plugins."""
    try:
        endpoint = task.endpoint
    except TaskError:
        endpoint = None
    return endpoint, task.runtime.plugins


# Progress


async def _work(
    running: _Running,
    task: HttpTask,
    inputs: Inputs,
    options: TestOptions,
) -> Exchange:
    """Run the test request.

    First the request is rendered for the page, if the settings are valid.
    """
    async with asyncio.timeout(_LONGEST_SECONDS):
        problems = await in_thread(task.problems)  # in a thread, because a description may be large
        if options.send_anyway or not any(problem.severity == "error" for problem in problems):
            with contextlib.suppress(
                HttpTaskError
            ):  # the test request itself reports the error in full
                running.queued.append(("request", described(await task.arender(inputs))))
        return await task.atest_request(inputs, options)


async def _progress(running: _Running, arriving: Arriving) -> AsyncIterator[Event]:
    """Yield events until the work has ended.

    The work is observed from outside, so that reporting does not slow it down.
    """
    work = running.work
    progress = running.progress
    step: Any = None
    counts = (0, 0)
    last = running.elapsed
    while work is not None and not work.done():
        await asyncio.wait(
            [work], timeout=_FIRST_INTERVAL if running.elapsed < 0.5 else _LATER_INTERVAL
        )
        while running.queued:
            yield running.queued.pop(0)
        # Also after the end: for a stopped or broken-off response, this is the only report of its
        # items.
        news = arriving.news(progress.received)
        if news is not None:
            yield "items", news | {"elapsedSeconds": running.elapsed}
        network = progress.network
        if network is None or work.done():
            continue
        phase = "retry" if progress.wait is not None else network.phase
        waits_until = progress.waits_until
        phase = phase if waits_until is None else "callback"
        common = {"phase": phase, "elapsedSeconds": running.elapsed} | _attempts(progress)
        if step != (progress.attempt, phase):
            step = (progress.attempt, phase)
            yield (
                "phase",
                common
                | {"phases": rounded(network.ended_phases())}
                | _wait(progress.wait)
                | ({"queueReason": network.queue_reason} if phase == "queue" else {})
                | ({} if waits_until is None else {"waitUntil": waits_until}),
            )
        new_counts = (network.bytes_sent, network.bytes_received)
        pause = running.elapsed - last
        if (new_counts != counts and pause >= _LATER_INTERVAL) or pause >= _HEARTBEAT:
            counts = new_counts
            last = running.elapsed
            yield "bytes", common | {"sent": counts[0], "received": counts[1]}


def _attempts(progress: Progress) -> dict[str, Any]:
    return {"attempt": progress.attempt, "maxAttempts": progress.max_attempts}


def _wait(wait: Wait | None) -> dict[str, Any]:
    if wait is None:
        return {}
    server_wait = {} if wait.retry_after is None else {"retryAfter": wait.retry_after}
    return {"waitSeconds": round(wait.seconds, 6)} | server_wait


# Outcome


def _calls_of(exchange: Exchange, task: HttpTask) -> dict[str, Any]:
    """Return the members of the last event that describe the calls of *exchange*."""
    members: dict[str, Any] = {
        "phases": rounded(exchange.phases),
        "elapsedSeconds": round(exchange.elapsed_seconds, 6),
        "attempts": [shown_attempt(attempt) for attempt in exchange.attempts],
    }
    if exchange.pages is not None:
        members["pages"] = shown_calls(exchange.pages, exchange.response)
    if exchange.job is not None:
        members["job"] = shown_calls(exchange.job, exchange.response)
    if exchange.item is not None:
        members["item"] = exchange.item.to_json()
    suggestion = suggestion_after(exchange, task.endpoint, task.definition)
    if suggestion is not None:
        members["suggestedPagination"] = shown_suggestion(suggestion)
    return members


def _unanswered(exchange: Exchange) -> dict[str, Any]:
    """Return the members of an `error` event for an *exchange* without a response."""
    hops = (hop for attempt in exchange.attempts for hop in attempt.hops)
    return {
        "kind": exchange.outcome,
        "message": exchange.error or "no response came",
        "retryable": False,
        "maybeDelivered": any("send" in hop.phases for hop in hops),
        **_time_limit(exchange),
    }


def _time_limit(exchange: Exchange) -> dict[str, str]:
    """Return where the setting is whose time passed, if one did; a wait in the queue ends with the
    total.
    """
    phase = exchange.time_limit
    if phase is None:
        return {}
    return {"pointer": f"/{TIMEOUT_SETTINGS.get(phase, TIMEOUT_SETTINGS['total'])}"}


def _so_far(progress: Progress, request_event: dict[str, Any]) -> dict[str, Any]:
    """Return what is known about a call that did not complete: its request and its attempts.

    *request_event* is used if no request was sent.
    """
    exchange = progress.exchange
    if exchange is None:
        return request_event | {"maybeDelivered": False, "attempts": []}
    sent = exchange.request
    job = {} if exchange.job is None else {"job": shown_calls(exchange.job, exchange.response)}
    return (
        (described(sent) if sent is not None else request_event)
        | job
        | {
            "maybeDelivered": progress.maybe_delivered,
            "phases": rounded(exchange.phases),
            "attempts": [shown_attempt(attempt) for attempt in exchange.attempts],
        }
    )


def _failure(error: BaseException) -> dict[str, Any]:
    """Return the members of an `error` event for *error*, which a test request raised."""
    if isinstance(error, TimeoutError):
        message = f"the designer waits at most {_LONGEST_SECONDS:.0f} s for a test request"
        return {
            "kind": "timeout",
            "message": message,
            "retryable": False,
        }
    if not isinstance(error, HttpTaskError):
        _log.error("a test request failed", exc_info=error)
        message = f"unexpected {type(error).__name__}; the designer's log says where"
        return {
            "kind": "internal",
            "message": message,
            "retryable": False,
            "maybeDelivered": True,
        }
    fields: dict[str, Any] = {
        "kind": "internal",
        "message": error_text(error),
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
        fields["problems"] = all_shown(error.problems)
    elif isinstance(error, ExpressionError):
        fields |= {
            "pointer": error.pointer,
            "expression": error.expression,
            "known": list(error.known),
        }
        fields["problems"] = [shown(error.problem())]
    return fields
