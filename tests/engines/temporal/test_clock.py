"""Waits of hours, on a server whose clock skips them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from engine_definitions import at, flow, get, post
from httptask.model.workflow import WorkflowRun
from jobs import accepted, job_server, states
from lists import page
from temporal_clock import ended as ended_on
from temporal_clock import skipping


def run(definition: dict[str, Any]) -> WorkflowRun:
    """Return the end of a run of *definition*."""

    async def main() -> WorkflowRun:
        async with skipping() as client:
            return (await ended_on(client, definition))[0]

    return asyncio.run(main())


def hours(ended: WorkflowRun) -> float:
    """Return how long the run lasted by the clock of the server."""
    return ended.elapsed_seconds / 3600


def test_a_wait_of_a_day_is_a_timer() -> None:
    """Its end is told when it begins."""
    ended = run(flow("W", {"W": {"type": "Wait", "seconds": 86400, "end": True}}))
    assert ended.status == "Completed"
    assert 24 <= hours(ended) < 25
    until = datetime.fromisoformat(ended.output["until"])
    assert ended.tasks[-1].ended_at is not None
    assert datetime.fromisoformat(ended.tasks[-1].ended_at) >= until


def test_a_retry_after_an_hour_is_a_timer() -> None:
    """The server's `Retry-After` is waited for by Temporal."""
    busy = page({}, ("Retry-After", "3600"), status="503 Service Unavailable")
    task = get("/a", retry={"maxAttempts": 2}, totalTimeoutSeconds=7200)
    with job_server(busy, page({"ok": True})) as server:
        ended = run(at(flow("A", {"A": task}), server.url))
        assert len(server.received) == 2
    assert ended.status == "Completed"
    assert 1 <= hours(ended) < 2


def test_polls_an_hour_apart_are_timers() -> None:
    """Each poll is an activity of its own; the job is started once."""
    poll = {"intervalSeconds": 3600, "timeoutSeconds": 1_000_000, "backoffRate": 1}
    steps = [accepted(("Location", "/jobs/1")), *states("running", "running", "succeeded")]
    task = post("/jobs", completion={"mode": "poll", "poll": poll}, idempotencyKey=False)
    with job_server(*steps) as server:
        ended = run(at(flow("A", {"A": task}), server.url))
        methods = [request.split(b" ")[0] for request in server.received]
    assert ended.status == "Completed", ended.error
    assert methods == [b"POST", b"GET", b"GET", b"GET"]
    assert 3 <= hours(ended) < 4


def test_the_time_limit_of_a_run_ends_its_waits() -> None:
    """A run that takes too long is `TimedOut`, by the server's clock."""
    wait = {"type": "Wait", "seconds": 86400, "end": True}
    ended = run(flow("W", {"W": wait}, timeoutSeconds=3600))
    assert (ended.status, round(hours(ended))) == ("TimedOut", 1)


def test_waits_of_items_are_side_by_side() -> None:
    """Twenty items wait an hour each, and the run lasts an hour."""
    items = {"items": list(range(20)), "concurrency": 20}
    ended = run(flow("W", {"W": {"type": "Wait", "seconds": 3600, "end": True, "forEach": items}}))
    assert ended.status == "Completed"
    assert round(hours(ended)) == 1
