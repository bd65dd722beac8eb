"""Runs whose history becomes too long, and that go on in a new one."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from calling import SECRET, call, calling_api, export
from engine_definitions import api, at, branch, flow, get, post
from httptask.engines.temporal._arguments import TaskSignal
from httptask.engines.temporal._receiver import CallbackServer
from lists import Asked, cut, list_server, page, targets
from tasks import http
from temporal_recordings import histories_of
from temporal_servers import PATIENCE, dev_server
from temporal_worlds import Handle, TemporalWorld

LONG = 40


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    """The address of a server that calls a history of `LONG` events long."""
    with dev_server(long=LONG) as server:
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


def test_the_time_limit_of_a_run_holds_over_its_histories(impatient: str) -> None:
    """It counts from the first one: the timers of all of them end at the same time."""
    world = TemporalWorld(impatient)
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)

    with api() as server:
        run = world.run(at(flow("T1", chain(14), timeoutSeconds=3600), server.url), None, note)
    assert run.status == "Completed", run.error
    texts = asyncio.run(histories_of(world, handles[0]))
    assert len(texts) > 1
    first, *others = map(time_limit, texts)
    assert [(other - first).total_seconds() for other in others] == pytest.approx(
        [0] * len(others), abs=0.01
    )


def time_limit(text: str) -> datetime:
    """Return when the first timer of the history *text* ends, by the server's clock."""
    events = json.loads(text)["events"]
    began = next(one for one in events if one["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_STARTED")
    timer = next(one for one in events if one["eventType"] == "EVENT_TYPE_TIMER_STARTED")
    seconds = timer["timerStartedEventAttributes"]["startToFireTimeout"].removesuffix("s")
    return datetime.fromisoformat(began["eventTime"]) + timedelta(seconds=float(seconds))


def test_a_run_stays_in_its_history_while_a_nested_run_is_under_way(impatient: str) -> None:
    """However long the history is; the nested run is not started again, and when it has ended, the
    run moves.
    """
    branches = [
        branch("N", {"type": "Workflow", "definition": "inner", "end": True}),
        {"startTask": "T1", "tasks": chain(14)},
    ]
    fork = {"type": "Parallel", "branches": branches, "nextTask": "End"}
    inner = flow("Gate", {"Gate": {"type": "Simple", "end": True}}, name="Inner")
    world = TemporalWorld(impatient)
    handles: list[Handle] = []
    lengths: list[int] = []

    async def give(handle: Handle) -> None:
        handles.append(handle)
        finished = 0
        async with asyncio.timeout(PATIENCE):
            while finished < 14:
                finished = (await handle.query("status"))["finished"]
        described = await handle.describe()
        assert described.run_id == handle.first_execution_run_id
        lengths.append(described.history_length)
        (child,) = described.raw_description.pending_children
        nested = (await world.client()).get_workflow_handle(child.workflow_id)
        await nested.signal("complete_task", TaskSignal("Gate", output={"by": "Ann"}))

    with api() as server:
        definition = at(flow("P", {"P": fork, "End": get("/end")}), server.url)
        run = world.run(definition, None, give, definitions={"inner": inner})
        assert len(server.received) == 15
    assert run.status == "Completed", run.error
    assert lengths[0] > 2 * LONG
    assert next(task.output for task in run.tasks if task.name == "N") == {"by": "Ann"}
    assert len(asyncio.run(histories_of(world, handles[0]))) == 2


def test_a_run_whose_state_is_too_large_to_carry_stays_in_its_history(
    impatient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder for large values. All its tasks run."""
    monkeypatch.delenv("HTTPTASK_FILES", raising=False)
    monkeypatch.setattr("httptask.engines.temporal._carried._MOST", 10)
    world = TemporalWorld(impatient)
    with api() as server:
        run = world.run(at(flow("T1", chain(14)), server.url))
        assert len(server.received) == 14
    assert run.status == "Completed", run.error
    events = json.loads(world.history)["events"]
    assert "continuedExecutionRunId" not in events[0]["workflowExecutionStartedEventAttributes"]
    assert len(events) > 2 * LONG


def test_a_task_has_as_many_activities_at_once_as_its_concurrency(temporal_address: str) -> None:
    """The history tells when each was scheduled and ended."""
    task = get("/things/1", forEach={"items": list(range(10)), "concurrency": 3})
    world = TemporalWorld(temporal_address)
    with api() as server:
        run = world.run(at(flow("A", {"A": task}), server.url))
    assert run.status == "Completed", run.error
    changes = {"EVENT_TYPE_ACTIVITY_TASK_SCHEDULED": 1, "EVENT_TYPE_ACTIVITY_TASK_COMPLETED": -1}
    events = json.loads(world.history)["events"]
    at_once = list(accumulate(changes.get(event["eventType"], 0) for event in events))
    assert (max(at_once), at_once[-1]) == (3, 0)


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


def test_jobs_of_items_go_on_in_the_new_history(
    impatient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two polls of the others it begins; none of the jobs is started again."""
    monkeypatch.setattr("httptask.engines.temporal._tasks.LONGEST_WAIT", 0.01)

    def answer(request: Asked) -> bytes:
        if request.method == "POST":
            return page({}, ("Location", f"/jobs{request.target}"), status="202 Accepted")
        polls[request.target] += 1
        return page({"status": "succeeded" if polls[request.target] > 2 else "running"})

    polls: Counter[str] = Counter()
    completion = {"mode": "poll", "poll": {"intervalSeconds": 0.2, "backoffRate": 1}}
    task = post("/{n}", forEach={"items": list(range(8)), "concurrency": 8}, completion=completion)
    task["httpRequest"]["pathParameters"] = {"n": "${$.item}"}
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)

    world = TemporalWorld(impatient)
    with list_server(answer) as server:
        run = world.run(at(flow("A", {"A": task}), server.url), None, note)
        started = [target for target in targets(server) if not target.startswith("/jobs")]
    assert run.status == "Completed", run.error
    assert sorted(started) == [f"/{number}" for number in range(8)]
    assert asyncio.run(histories(handles[0], world)) > 1


def test_items_wait_on_in_the_new_history_for_their_calls(impatient: str) -> None:
    """No job is started again; the call by which the history became too long counts, and so do
    those that come after. A repeated one is told so.
    """
    count, seen = 8, []
    world = TemporalWorld(impatient)
    world.callbacks = CallbackServer(SECRET, None, "127.0.0.1")

    def calls() -> None:
        for _ in range(count):
            jobs.next_url()
        urls = {asked.json["of"]: asked.json["callback"] for asked in jobs.came}
        for index in (*range(count), 0):
            seen.append(call(urls[index], f'{{"of": {index}}}')[0])  # noqa: PERF401 - in order

    async def during(handle: Handle) -> None:
        handles.append(handle)
        await asyncio.to_thread(calls)
        await handle.signal("complete_task", TaskSignal("Gate"))

    handles: list[Handle] = []
    with calling_api() as jobs:
        task = export(jobs, timeoutSeconds=60, task={"nextTask": "Gate"})
        task["forEach"] = {"items": list(range(count)), "concurrency": count}
        task["httpRequest"]["body"]["of"] = "${$.item}"
        run = world.run(
            flow("A", {"A": task, "Gate": {"type": "Simple", "end": True}}), None, during
        )
        assert len(jobs.came) == count
    assert run.status == "Completed", run.error
    assert seen == [202] * count + [200]
    outputs = next(task.output for task in run.tasks if task.name == "A")
    assert [output["body"]["of"] for output in outputs] == list(range(count))
    assert asyncio.run(histories(handles[0], world)) > 1


@pytest.mark.parametrize("is_nested", [False, True], ids=["activities", "children"])
def test_a_wide_run_asks_for_no_more_at_once_than_a_server_takes(
    monkeypatch: pytest.MonkeyPatch, is_nested: bool
) -> None:
    """However many branches and items it has: the server would let nothing of it go on."""
    monkeypatch.setattr("httptask.engines.temporal._types.MOST_AT_ONCE", 8)
    one = (
        {"type": "Workflow", "definition": "inner", "end": True} if is_nested else get("/things/1")
    )
    items = {**one, "forEach": {"items": list(range(15)), "concurrency": 15}}
    branches = [branch(f"T{number}", one) for number in range(15)] + [branch("Items", items)]
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    wide = {"type": "Parallel", "branches": branches, "nextTask": "End"}
    definition = flow("P", {"P": wide, "End": end})
    with dev_server(most=10) as server, api() as things:
        world, url = TemporalWorld(server.address), things.url
        inner = at(flow("I", {"I": get("/things/1")}), url)
        run = world.run(at(definition, url), definitions={"inner": inner})
    assert run.status == "Completed", run.error
    assert len(things.received) == 30
