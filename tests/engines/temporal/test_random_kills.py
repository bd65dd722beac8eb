"""Many runs over two workers, whose processes are killed at random moments, or replaced."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from temporal_load import attempts_of, definition, ends_of, fleet, standing_in, start_all
from temporal_servers import PATIENCE
from temporal_worlds import Handle, TemporalWorld

RUNS = 500
"""Runs of four tasks each, over two workers."""
KILLS = 12
"""`kill -9` of one of the two workers; another takes its place."""
UPGRADED_RUNS = 50
"""Runs that are started before each upgrade."""
UPGRADES = 4


@pytest.mark.slow
def test_every_run_ends_however_often_workers_are_killed(
    temporal_address: str, tmp_path: Path
) -> None:
    """Each key reaches the API at least once, and is the only one of its task; what must not be
    repeated reaches it at most once, and its route takes over when nobody knows whether it did.
    """
    world = TemporalWorld(temporal_address, heartbeat_seconds=2)
    chance = random.Random(15)
    with standing_in(0.02) as (api, url), fleet(world, tmp_path) as workers:
        handles = asyncio.run(start_all(world, definition(url), RUNS))
        # Workers come after the runs, so that they have work left at each kill, however fast they are.
        living = [workers.add(), workers.add()]
        for count in sorted(chance.sample(range(1, 2 * RUNS), KILLS)):
            assert api.wait_until(count, PATIENCE)
            living.pop(chance.randrange(2)).kill()
            living.append(workers.add())
        runs = asyncio.run(ends_of(world, handles))
        attempts = asyncio.run(attempts_of(world, handles))
    ids = {handle.id for handle in handles}
    assert {run.status for run in runs} == {"Completed"}
    assert attempts.keys() == ids
    # Kills in the middle of a request, which the test is about: tasks were repeated, some were not.
    assert max(count for by_task in attempts.values() for count in by_task.values()) > 1
    assert {task.name for run in runs for task in run.tasks if task.status == "Failed"} == {"once"}
    for run, by_task in attempts.items():
        for task, count in by_task.items():
            assert api.requests[task][run] <= count, (task, run)
    for task in ("first", "keyed", "last"):
        assert set(api.requests[task]) == ids
    assert {len(api.keys[run]) for run in ids} == {1}
    assert None not in set().union(*api.keys.values())
    assert len(set().union(*api.keys.values())) == RUNS
    assert set(api.requests["once"].values()) == {1}
    failed = {run.workflow_id for run in runs for task in run.tasks if task.status == "Failed"}
    assert ids - set(api.requests["once"]) <= failed  # those that were never sent


def test_upgrading_workers_under_load_fails_no_run(temporal_address: str, tmp_path: Path) -> None:
    """New workers come, old ones get SIGTERM and finish what they hold: no request is sent twice.
    A worker that stops ends with 0, and leaves neither a process nor a file.
    """
    world = TemporalWorld(temporal_address, heartbeat_seconds=600)  # nobody waits for it
    with standing_in(0.05) as (api, url), fleet(world, tmp_path) as workers:
        living = [workers.add(), workers.add()]
        handles: list[Handle] = []
        for _ in range(UPGRADES):
            all_so_far = 4 * len(handles)
            handles += asyncio.run(start_all(world, definition(url), UPGRADED_RUNS))
            assert api.wait_until(all_so_far + 20, PATIENCE)
            living.append(workers.add())
            old = living.pop(0)
            assert (old.stop(), old.rest) == (0, "stopped\n"), old.said
            assert workers.left_by(old) == ([], False)
        runs = asyncio.run(ends_of(world, handles))
    ids = {handle.id for handle in handles}
    assert {run.status for run in runs} == {"Completed"}
    for task in ("first", "keyed", "once", "last"):
        assert api.requests[task] == Counter(ids)
