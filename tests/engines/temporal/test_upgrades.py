"""Workers of two releases on one task queue, while the operator replaces one by the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.common import RetryPolicy

from engine_definitions import api, at, called, flow, get
from httptask.cli._temporal import _status_text
from httptask.engines.temporal import client as temporal
from httptask.engines.temporal._activities import Activities
from httptask.engines.temporal._arguments import FORMAT, TaskSignal
from httptask.engines.temporal._reading import refusal_of
from httptask.model.pins import Pins
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from older_release import release_before_pins_apart
from tasks import runtime
from temporal_load import definition, ends_of, fleet, standing_in, start_all
from temporal_servers import PATIENCE
from temporal_worlds import UNCACHED, Handle, TemporalWorld

RUNS = 20
"""Runs that are started at each stage of the upgrade."""
PINNED_RUNS = 4
_PIN = Pins({"once": {"body": "pinned"}})


@pytest.mark.slow
def test_two_releases_side_by_side_fail_no_run(temporal_address: str, tmp_path: Path) -> None:
    """Under load: runs that began on the older release go on on the newer one, and back; a run that
    only the newer one can do waits for it, and says so. No request is sent twice.
    """
    world = TemporalWorld(temporal_address, heartbeat_seconds=600)  # nobody waits for it
    older = release_before_pins_apart(tmp_path / "release")
    with standing_in(0.05) as (asked, url), fleet(world, tmp_path) as workers:
        old = workers.add(command=UNCACHED, release=older)
        assert "takes runs" in old.said
        handles = asyncio.run(start_all(world, definition(url), RUNS))
        pinned = asyncio.run(start_all(world, definition(url), PINNED_RUNS, _PIN))
        for handle in pinned:
            asyncio.run(refused(world, handle))
        new = workers.add(command=UNCACHED)
        handles += asyncio.run(start_all(world, definition(url), RUNS))
        assert asked.wait_until(5 * RUNS, PATIENCE)  # of 8: both releases are under load
        assert (old.stop(), new.process.poll()) == (0, None), old.rest
        handles += asyncio.run(start_all(world, definition(url), RUNS))
        runs = asyncio.run(asyncio.wait_for(ends_of(world, handles + pinned), 3 * PATIENCE))
        releases = asyncio.run(workers_of(world, handles))
    assert {run.status for run in runs} == {"Completed"}, [run.error for run in runs]
    ids, all_ids = ({one.id for one in some} for some in (handles, handles + pinned))
    assert asked.requests["once"] == Counter(ids)
    for task in ("first", "keyed", "last"):
        assert asked.requests[task] == Counter(all_ids)
    assert max(map(len, releases)) == 2  # the test has had what it is about


async def refused(
    world: TemporalWorld, handle: Handle, advice: str = "upgrade the workers of its task queue"
) -> None:
    """Return when a worker has said why it does not go on with the run, and gave *advice*."""
    client, reason = await world.client(), None
    async with asyncio.timeout(PATIENCE):
        while reason is None:
            reason = await refusal_of(client, handle)
    assert advice in reason


async def workers_of(world: TemporalWorld, handles: list[Handle]) -> list[set[str]]:
    """Return of each run the workers that took a step of its workflow."""
    client = await world.client()
    return [
        {
            event.workflow_task_completed_event_attributes.identity
            for event in (await client.get_workflow_handle(handle.id).fetch_history()).events
            if event.HasField("workflow_task_completed_event_attributes")
        }
        for handle in handles
    ]


def test_a_run_of_a_newer_version_waits_for_newer_workers(
    temporal_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An older worker says so, and does not fail the run. `status` repeats it, and so does `run`
    to whoever waits.
    """

    async def main() -> str:
        world = TemporalWorld(temporal_address)
        async with world.worker(), runtime() as shared:
            made, options = definition_of(flow("A", {"A": get("/a")})), RunOptions()
            arguments = await temporal.run_arguments(made, options, shared)
            newer = replace(arguments, format=FORMAT + 1)
            client = await world.client()
            handle = await temporal.start_arguments(client, newer, options, world.queue)
            waiting = asyncio.create_task(temporal.follow_run(client, handle, options))
            while not caplog.text:  # noqa: ASYNC110 - it comes from a log
                await asyncio.sleep(0.1)
            status = await temporal.run_status(client, handle.id)
            await handle.terminate()
            await waiting
            return _status_text(status)

    told = asyncio.run(main())
    assert told.startswith("Running")
    for text in (told, caplog.text):
        assert "a worker cannot go on with it: this run was started by a newer version" in text
        assert "upgrade the workers" in text


def test_a_run_that_a_worker_would_run_otherwise_waits_for_another(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its history has another activity than this worker would ask for. The run does not fail: it
    says what to do, and a worker of the version that began it goes on.
    """
    world = TemporalWorld(temporal_address)
    tasks = {"A": get("/a", nextTask="Gate"), "Gate": {"type": "Simple", "end": True}}

    async def main(url: str) -> tuple[str, Any]:
        async with world.worker():
            handle = await world.start(at(flow("A", tasks), url))
            async with asyncio.timeout(PATIENCE):
                while (await handle.query("status"))["finished"] < 1:  # noqa: ASYNC110 - elsewhere
                    await asyncio.sleep(0.05)
        await handle.signal("complete_task", TaskSignal("Gate", output=7))
        with monkeypatch.context() as patch:
            patch.setattr("httptask.engines.temporal._tasks.HTTP_ACTIVITY", "another")
            async with world.worker():
                await refused(world, handle, "upgrade all workers of its task queue to the newest")
                told = _status_text(await temporal.run_status(await world.client(), handle.id))
        async with world.worker():
            return told, await world.end(handle)

    with api() as server:
        told, run = asyncio.run(main(server.url))
        assert len(server.received) == 1
    assert "a worker cannot go on with it: its version of httptask would do something else" in told
    assert (run.status, run.output) == ("Completed", 7)


def test_older_workers_take_what_they_run_as_it_is_meant() -> None:
    """A run says which format its workers must know: that of the oldest ones that do."""
    gate = {"type": "Simple", "end": True}
    each = {"items": [1]}

    async def format_of(task: dict[str, Any], pins: Pins | None = None) -> int:
        async with runtime() as shared:
            made = definition_of(flow("A", {"A": task}))
            return (await temporal.run_arguments(made, RunOptions(pins=pins), shared)).format

    formats = [
        asyncio.run(format_of(task))
        for task in (gate, get("/a", forEach=each), called("/a", {}), {**gate, "forEach": each})
    ]
    assert formats == [1, 1, 3, 4]
    assert asyncio.run(format_of(get("/a"), Pins({}))) == FORMAT


def test_an_older_worker_sends_nothing_of_a_pinned_task(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows no pins, and does not have the activity: the task waits for a worker that has it."""
    world = TemporalWorld(temporal_address)
    of_now = Activities.functions.fget
    assert of_now is not None

    def of_before(own: Activities) -> Any:
        return [one for one in of_now(own) if one.__name__ != "pinned_task"]

    async def main(url: str) -> tuple[Any, int]:
        definition = at(flow("A", {"A": get("/a")}), url)
        handle = await world.start(definition, pins=Pins({"A": {"body": "pinned"}}))
        with monkeypatch.context() as patch:
            patch.setattr(Activities, "functions", property(of_before))
            async with world.worker():
                attempt = 0
                while attempt < 2:
                    described = await handle.describe()
                    assert described.close_time is None
                    pending = described.raw_description.pending_activities
                    attempt = max([one.attempt for one in pending], default=0)
        sent = len(server.received)
        async with world.worker():
            return (await world.end(handle)).output["body"], sent

    with api() as server:
        assert asyncio.run(main(server.url)) == ("pinned", 0)
        assert server.received == []


def test_a_task_that_no_worker_knew_fails_and_says_which_workers_to_upgrade(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its attempts, between which it waits for a newer worker: here there is one."""
    monkeypatch.setattr(
        "httptask.engines.temporal._tasks._OF_PINNED", RetryPolicy(maximum_attempts=1)
    )
    of_now = Activities.functions.fget
    assert of_now is not None

    def of_before(own: Activities) -> Any:
        return [one for one in of_now(own) if one.__name__ != "pinned_task"]

    monkeypatch.setattr(Activities, "functions", property(of_before))
    definition = at(flow("A", {"A": get("/a")}), "http://127.0.0.1:9")
    run = TemporalWorld(temporal_address).run(definition, pins=Pins({"A": {"body": 1}}))
    assert run.status == "Failed"
    assert run.tasks[0].error is not None
    assert "http_task_pinned" in run.tasks[0].error["message"]
    assert "; upgrade the workers of the task queue, some of which are of an older version" in (
        run.error or ""
    )
