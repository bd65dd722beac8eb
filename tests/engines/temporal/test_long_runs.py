"""Runs whose history becomes too long, and that go on in a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine_definitions import api, at, branch, flow, get, post
from httptask.engines.temporal._arguments import TaskSignal
from lists import targets
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
