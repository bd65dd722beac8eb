"""Workers of two releases on one task queue, while the operator replaces one by the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from httptask.engines.temporal._reading import refusal_of
from httptask.model.pins import Pins
from older_release import release_before_pins_apart
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
    with standing_in(0.05) as (api, url), fleet(world, tmp_path) as workers:
        old = workers.add(command=UNCACHED, release=older)
        assert "takes runs" in old.said
        handles = asyncio.run(start_all(world, definition(url), RUNS))
        pinned = asyncio.run(start_all(world, definition(url), PINNED_RUNS, _PIN))
        for handle in pinned:
            asyncio.run(refused(world, handle))
        new = workers.add(command=UNCACHED)
        handles += asyncio.run(start_all(world, definition(url), RUNS))
        assert api.wait_until(5 * RUNS, PATIENCE)  # of 8: both releases are under load
        assert (old.stop(), new.process.poll()) == (0, None), old.rest
        handles += asyncio.run(start_all(world, definition(url), RUNS))
        runs = asyncio.run(asyncio.wait_for(ends_of(world, handles + pinned), 3 * PATIENCE))
        releases = asyncio.run(workers_of(world, handles))
    assert {run.status for run in runs} == {"Completed"}, [run.error for run in runs]
    ids, all_ids = ({one.id for one in some} for some in (handles, handles + pinned))
    assert api.requests["once"] == Counter(ids)
    for task in ("first", "keyed", "last"):
        assert api.requests[task] == Counter(all_ids)
    assert max(map(len, releases)) == 2  # the test has had what it is about


async def refused(world: TemporalWorld, handle: Handle) -> None:
    """Return when a worker has said why it does not go on with the run, and what to do."""
    client, reason = await world.client(), None
    async with asyncio.timeout(PATIENCE):
        while reason is None:
            reason = await refusal_of(client, handle)
    assert "upgrade the workers of its task queue" in reason


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
