"""No secret of any credential that ships is in a history of Temporal, or in what is kept beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from canaries import ANSWERS, CASES, echoing, leaks, needles_of, on_the_wire, task_of
from engine_definitions import flow
from temporal_servers import dev_server
from temporal_worlds import TemporalWorld


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dev_server() as server:
        yield server.address


ENDS = {"quiet": "Completed", "json": "Completed", "error-body": "Failed", "no-http": "Failed"}
"""An answer of the server -> how its run ends."""


@pytest.mark.parametrize("name", CASES)
def test_a_history_holds_no_secret(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every payload is searched, those that are kept as files, too. A server that echoes a secret
    brings none in.
    """
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path))
    monkeypatch.setattr("httptask.engines.temporal._large.THRESHOLD", 200)
    monkeypatch.setitem(ANSWERS, "quiet", lambda echo: servers.response(b"{}", servers.JSON))
    world = TemporalWorld(address)

    async def shown(url: str) -> list[bytes]:
        client = await world.client()
        histories = []
        async with world.worker():
            for answer, status in ENDS.items():
                task = task_of(CASES[name], f"{url}/{answer}")
                handle = await world.start(flow("A", {"A": task}))
                run = await world.end(handle)
                assert run.status == status, run.error
                history = await client.get_workflow_handle(handle.id).fetch_history()
                histories += [event.SerializeToString() for event in history.events]
                histories.append(history.to_json().encode())
        return histories

    with echoing(CASES[name], monkeypatch) as (echo, url):
        histories = asyncio.run(shown(url))
        assert on_the_wire(echo)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    for text in histories + kept:
        assert not leaks(text, needles_of(echo))
