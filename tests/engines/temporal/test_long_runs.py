"""Runs whose history becomes too long, and that go on in a new one."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine_definitions import api, at, branch, flow, get, post
from httptask.engines.temporal._arguments import TaskSignal
from lists import Asked, cut, list_server, page, targets
from tasks import http
from temporal_servers import dev_server
from temporal_worlds import Handle, TemporalWorld


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    """The address of a server that calls a history of 40 events long."""
    with dev_server(long=40) as server:
        yield server.address


def chain(count: int) -> dict[str, Any]:
    """Return *count* tasks, each of which reads the one before and the first one."""
    tasks: dict[str, Any] = {}
    for number in range(1, count + 1):
        following = {"nextTask": f"T{number + 1}"} if number < count else {}
        tasks[f"T{number}"] = post("/things", **following)
        if number > 1:
            tasks[f"T{number}"]["inputParameters"] = {
                "first": "${$.tasks['T1'].output.statusCode}",
                "last": f"${{$.tasks['T{number - 1}'].output.body.path}}",
            }
    return tasks


async def histories(handle: Handle, world: TemporalWorld) -> int:
    """Return in how many histories the run of *handle* went on."""
    client = await world.client()
    return await count_of(client, f"WorkflowId = '{handle.id}'")


async def count_of(client: Any, query: str) -> int:
    while True:  # the server's list of runs comes a moment later
        count = (await client.count_workflows(query)).count
        if count > 1:
            return int(count)
        await asyncio.sleep(0.1)


def test_a_long_chain_goes_on_in_new_histories(impatient: str) -> None:
    """No task is run again, and each still reads what came before; the run has all its tasks."""
    world = TemporalWorld(impatient)
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)

    with api() as server:
        run = world.run(at(flow("T1", chain(30)), server.url), None, note)
        assert len(server.received) == 30
    assert run.status == "Completed", run.error
    assert [task.name for task in run.tasks] == [f"T{number}" for number in range(1, 31)]
    assert run.tasks[-1].input == {"first": 200, "last": "/things"}
    assert asyncio.run(histories(handles[0], world)) > 1


def test_items_that_ended_are_not_done_again(impatient: str) -> None:
    """Outputs are in the order of the items."""
    each = {"items": list(range(40)), "concurrency": 5}
    task = get("/things/{n}", forEach=each, inputParameters={})
    task["httpRequest"]["pathParameters"] = {"n": "${$.item}"}
    with api() as server:
        run = TemporalWorld(impatient).run(at(flow("A", {"A": task}), server.url))
        paths = targets(server)
    assert run.status == "Completed", run.error
    assert sorted(paths) == sorted(f"/things/{number}" for number in range(40))
    assert [output["body"]["path"] for output in run.output] == [
        f"/things/{number}" for number in range(40)
    ]


def test_pages_apart_go_on_in_the_new_history(
    impatient: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page is asked for again. What came before is in the folder of large values, and the list
    becomes one file.
    """
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path))
    items = [
        {"id": number, "text": random.Random(number).randbytes(1000).hex()}
        for number in range(1800)
    ]
    setting = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
    setting |= {"each": "activity", "collect": "file"}
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)

    def answer(request: Asked) -> bytes:
        return page({"data": cut(items, 200, int(request.query["at"]))})

    world = TemporalWorld(impatient)
    with list_server(answer) as server:
        task = http(f"{server.url}/list", pagination=setting)
        run = world.run(flow("A", {"A": task}), None, note)
        assert len(server.received) == 10
    assert run.status == "Completed", run.error
    assert run.output["pages"]["items"] == 1800
    lines = Path(run.output["body"]["$file"]["path"]).read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == items
    assert len(world.history) < 50_000
    assert asyncio.run(histories(handles[0], world)) > 1


def test_waits_go_on_in_the_new_history(impatient: str) -> None:
    """A gate is still open there, and a signal that came early counts there, too."""
    tasks = chain(20)
    tasks["T20"] = {"type": "Simple", "end": True}
    side = {"startTask": "T1", "tasks": tasks}
    fork = {
        "type": "Parallel",
        "branches": [side, branch("Gate", {"type": "Simple", "end": True})],
        "nextTask": "End",
    }
    end = get("/end", inputParameters={"gate": "${$.tasks['Gate'].output}"})

    async def give(handle: Handle) -> None:
        await handle.signal("complete_task", TaskSignal("T20", output={"by": "Ann"}))
        while (await handle.query("status"))["finished"] < 20:  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.1)
        await handle.signal("complete_task", TaskSignal("Gate", output={"by": "Bob"}))

    with api() as server:
        definition = at(flow("P", {"P": fork, "End": end}), server.url)
        run = TemporalWorld(impatient).run(definition, None, give)
        assert len(server.received) == 20
    assert run.status == "Completed", run.error
    outputs = {task.name: task.output for task in run.tasks}
    assert outputs["T20"] == {"by": "Ann"}
    assert run.tasks[-1].input == {"gate": {"by": "Bob"}}
