"""Waits of hours, on a server whose clock skips them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from engine_definitions import at, flow, get, post
from httptask.engines.temporal import HttpTaskPlugin
from httptask.engines.temporal import client as temporal
from httptask.engines.temporal._arguments import RunEnd
from httptask.model.rates import OriginLimits
from httptask.model.workflow import WorkflowRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from jobs import accepted, job_server, states
from lists import page
from tasks import runtime
from temporal_servers import BINARIES


@asynccontextmanager
async def skipping() -> AsyncIterator[Client]:
    """Yield the client of a server whose clock goes on to the next timer, with a worker."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(BINARIES / "temporal-test-server")
        ) as environment,
        # A server's Retry-After holds its origin back by this machine's clock, which nobody skips.
        runtime(origin_limits=OriginLimits.parsed("off")) as shared,
    ):
        config = environment.client.config()
        config["plugins"] = [HttpTaskPlugin(shared)]
        client = Client(**config)
        async with Worker(client, task_queue="skipping"):
            yield client


def run(definition: dict[str, Any]) -> WorkflowRun:
    """Return the end of a run of *definition*."""

    async def main() -> WorkflowRun:
        async with skipping() as client:
            options = RunOptions()
            async with runtime() as shared:
                made = definition_of(definition)
                arguments = await temporal.run_arguments(made, options, shared)
            handle = await client.start_workflow(
                "HttpTaskWorkflow",
                arguments,
                id="a",
                task_queue="skipping",
                result_type=RunEnd,
            )
            return await temporal.follow_run(client, handle, options)

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
