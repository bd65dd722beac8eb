"""Ended runs, as the page reads them from their workers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine_definitions import api, at, flow, get
from httptask.engines.temporal._reading import RunReader
from httptask.engines.temporal.runs import ServerRuns
from tasks import runtime
from temporal_worlds import TemporalWorld

_CHAIN = flow(
    "A",
    {"A": get("/1", nextTask="B"), "B": get("/2", nextTask="C"), "C": get("/3")},
)


def test_a_run_that_was_read_in_part_is_read_on(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how much was read and what to do; what was read is not asked for again."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setattr("httptask.engines.temporal._workflow._ANSWER", 80)  # a task an answer
    asked: list[int] = []
    ask = RunReader._asked

    async def _asked(reader: RunReader, query: str, result_type: Any, *arguments: Any) -> Any:
        asked.append(*arguments)
        if len(asked) == 2:
            reader.hindrance = "it took too long"
            return None
        return await ask(reader, query, result_type, *arguments)

    async def main(url: str) -> list[Any]:
        world = TemporalWorld(temporal_address)
        async with world.worker(), runtime() as shared:
            handle = await world.start(at(_CHAIN, url))
            await handle.result()
            monkeypatch.setattr(RunReader, "_asked", _asked)
            runs = ServerRuns(shared, world.queue)
            return [await runs.run(handle.id) for _ in range(3)]

    with api() as server:
        first, second, third = asyncio.run(main(server.url))
    assert [task.name for task in first.tasks] == ["A", "B", "C"]
    assert [task.output is None for task in first.tasks] == [False, True, True]
    assert first.note is not None
    assert "1 of this run's tasks could be read" in first.note
    assert "it took too long. Open the run again" in first.note
    assert second.note is None
    assert [task.output["body"]["path"] for task in second.tasks] == ["/1", "/2", "/3"]
    assert third is second
    assert asked == [0, 1, 1, 2]


def test_runs_of_the_same_id_are_read_apart(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id may be used again when its run has ended: what was read of that one, whole or in part,
    is not shown for the other.
    """
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    end = {"type": "Terminate", "terminationStatus": "Completed", "workflowOutput": "${$.input}"}
    is_hindered = asyncio.Event()
    ask = RunReader._asked

    async def _asked(reader: RunReader, query: str, result_type: Any, *arguments: Any) -> Any:
        if not is_hindered.is_set() or not reader.tasks:
            return await ask(reader, query, result_type, *arguments)
        reader.hindrance = "it took too long"
        return None

    async def main() -> list[Any]:
        monkeypatch.setattr("httptask.engines.temporal._workflow._ANSWER", 1)  # a task an answer
        monkeypatch.setattr(RunReader, "_asked", _asked)
        world, outputs = TemporalWorld(temporal_address), []
        wait = {"type": "Wait", "seconds": 0, "nextTask": "T"}
        definition = flow("W", {"W": wait, "T": end})
        async with world.worker(), runtime() as shared:
            runs = ServerRuns(shared, world.queue)
            for given in (1, 2, 3):
                is_hindered.clear()
                if given == 2:
                    is_hindered.set()
                handle = await world.start(definition, given, workflow_id=world.queue)
                await handle.result()
                outputs.append(await runs.run(world.queue))
        return outputs

    whole, in_part, other = asyncio.run(main())
    assert (whole.note, whole.tasks[-1].output) == (None, 1)
    assert in_part.note is not None
    assert (other.note, other.tasks[-1].output) == (None, 3)
    assert len({run.tasks[0].wait_until for run in (whole, in_part, other)}) == 3
