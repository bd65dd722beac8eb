"""Histories hold nothing large."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.common import RetryPolicy

import servers
from engine_definitions import at, flow, get, post
from httptask.engines.temporal._large import THRESHOLD, FolderDriver
from httptask.errors import EngineError
from httptask.model.pins import Pins
from lists import Asked, asked, list_server, page
from temporal_servers import PATIENCE
from temporal_worlds import Handle, TemporalWorld, worker_process

LARGE = {"items": ["x" * 1000] * 3000, "ok": "yes"}
"""The answer of `/large`: 3 MB, more than a server of Temporal takes."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that workers and whoever starts runs share."""
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path / "shared"))
    return tmp_path / "shared"


@pytest.fixture
def large() -> Iterator[servers.RawServer]:
    def answer(request: Asked) -> bytes:
        if request.path == "/file":
            return servers.response(bytes(range(256)) * 2000, ("Content-Type", "image/png"))
        return page(LARGE if request.path == "/large" else {"size": len(request.body)})

    with list_server(answer) as server:
        yield server


def values_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def sent_on(path: str, body: Any) -> dict[str, Any]:
    """Return tasks that read *path*, and send *body* of the answer on."""
    task = post("/size", inputParameters={"value": body})
    task["httpRequest"]["body"] = "${$.value}"
    return {"A": get(path, nextTask="B"), "B": task}


def in_history(world: TemporalWorld, handle: Handle) -> str:
    async def main() -> str:
        client = await world.client()
        return (await client.get_workflow_handle(handle.id).fetch_history()).to_json()

    return asyncio.run(main())


def test_large_values_are_files_that_workers_share(
    folder: Path, large: servers.RawServer, temporal_address: str
) -> None:
    """Of a JSON body of 3 MB the history has a hash; expressions read it as ever, on any worker."""
    world = TemporalWorld(temporal_address)
    definition = at(flow("A", sent_on("/large", "${$.tasks['A'].output.body}")), large.url)
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)

    run = world.run(definition, {"notes": "y" * THRESHOLD}, note)
    assert run.status == "Completed", run.error
    assert asked(large.received[1]).json == LARGE
    assert run.tasks[0].output["body"] == LARGE
    assert len(world.history) < 20_000
    assert values_below(folder)
    assert not [path for path in values_below(folder) if path.name.startswith(".part-")]


def test_a_download_is_sent_on_by_another_worker(
    folder: Path, large: servers.RawServer, temporal_address: str
) -> None:
    """The history has its reference."""
    world = TemporalWorld(temporal_address)
    tasks = sent_on("/file", "${$.tasks['A'].output.body}")
    tasks["A"]["nextTask"] = "Gate"
    tasks["Gate"] = {"type": "Simple", "nextTask": "B"}

    async def start() -> Handle:
        return await world.start(at(flow("A", tasks), large.url))

    async def give(handle: Handle) -> None:
        while (await handle.query("status"))["finished"] < 1:  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.1)

    with worker_process(world.address, world.queue) as first:
        handle = asyncio.run(start())
        asyncio.run(give(handle))
        first.kill()
    with worker_process(world.address, world.queue):
        asyncio.run(completed(world, handle))
        run = asyncio.run(world.end(handle))
    assert run.status == "Completed", run.error
    assert run.output["body"] == {"size": 512_000}


async def completed(world: TemporalWorld, handle: Handle) -> None:
    client = await world.client()
    own = client.get_workflow_handle(handle.id)
    await own.signal("complete_task", {"task": "Gate", "output": None})


def test_without_a_folder_a_large_result_is_refused_once(
    large: servers.RawServer, temporal_address: str
) -> None:
    """It is not asked for again, and the error says which folder to name."""
    world = TemporalWorld(temporal_address)
    run = world.run(at(flow("A", {"A": get("/large", retry={"maxAttempts": 5})}), large.url))
    assert run.status == "Failed"
    assert "a value of 3.0 MB is too large" in (run.error or "")
    assert "HTTPTASK_FILES" in (run.error or "")
    assert run.tasks[0].error is not None
    assert run.tasks[0].error["kind"] == "too_large"
    assert len(large.received) == 1


def test_items_of_a_file_go_to_a_file(
    folder: Path, large: servers.RawServer, temporal_address: str
) -> None:
    """A worker reads it, and another one may write the outputs: both have the folder."""
    folder.mkdir()
    (folder / "in.jsonl").write_text('"a"\n"bc"\n')
    task = post("/size", forEach={"items": {"$file": {"path": "in.jsonl"}}})
    task["httpRequest"]["body"] = "${$.item}"
    run = TemporalWorld(temporal_address).run(at(flow("A", {"A": task}), large.url))
    assert run.status == "Completed", run.error
    written = Path(run.output["$file"]["path"])
    assert written.parent == folder
    sizes = [json.loads(line)["body"]["size"] for line in written.read_text().splitlines()]
    assert sizes == [len(asked(request).body) for request in large.received]
    assert [asked(request).body for request in large.received] == [b"a", b"bc"]


def test_a_large_result_that_cannot_be_kept_is_asked_for_again_if_it_may_be(
    large: servers.RawServer, temporal_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first result of each task is lost. A pinned task has sent nothing; a POST is sent once."""
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path))
    write, lost = FolderDriver._write, set[str]()

    def losing(driver: FolderDriver, payload: Any) -> str:
        if activity.in_activity():
            info = activity.info()
            if info.activity_id not in lost:
                lost.add(info.activity_id)
                raise EngineError("the value cannot be kept")
        return write(driver, payload)

    monkeypatch.setattr(FolderDriver, "_write", losing)
    pinned = get("/pinned", nextTask="B")
    once = post("/large", idempotencyKey=False, retry={"maxAttempts": 5})
    tasks = {"A": pinned, "B": get("/large", nextTask="C"), "C": once}
    definition = at(flow("A", tasks, timeoutSeconds=PATIENCE), large.url)
    pins = Pins({"A": {"body": "x" * 2 * THRESHOLD}})
    run = TemporalWorld(temporal_address).run(definition, pins=pins)
    assert run.status == "Failed"
    assert [asked(request).method for request in large.received] == ["GET", "GET", "POST"]
    assert len(lost) == 3
    assert [task.status for task in run.tasks] == ["Completed", "Completed", "Failed"]
    error = run.tasks[-1].error
    assert error is not None
    assert "the value cannot be kept" in error["message"]
    assert error["maybeDelivered"] is True


@pytest.mark.parametrize("is_longer", [True, False], ids=["longer", "whole"])
def test_without_a_folder_a_list_ends_where_it_is_too_large(
    temporal_address: str, is_longer: bool
) -> None:
    """Each of its pages is small; together no history takes them. No further page is asked for,
    whether there is one or not.
    """
    setting = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
    task = get("/list", pagination={**setting, "each": "activity"})

    def answer(request: Asked) -> bytes:
        items = [{"at": request.target, "text": "x" * 700_000}]
        return page({"data": items, "more": is_longer or not request.target.endswith("3")})

    task["pagination"]["more"] = "$.more"
    with list_server(answer) as server:
        run = TemporalWorld(temporal_address).run(at(flow("A", {"A": task}), server.url))
        assert len(server.received) == 3
    assert run.status == "Failed"
    assert run.tasks[0].error is not None
    assert run.tasks[0].error["kind"] == "too_large"
    assert "a value of 2.1 MB is too large" in (run.error or "")


def test_outputs_that_no_worker_can_write_to_a_file_fail_their_task(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of items, and of pages: their routes take the failure, which says why."""
    monkeypatch.setenv("HTTPTASK_FILES", "/dev/null/none")
    monkeypatch.setattr(
        "httptask.engines.temporal._tasks._AT_ONCE", RetryPolicy(maximum_attempts=1)
    )
    setting = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
    setting |= {"total": "$.total", "each": "activity", "collect": "file"}
    tasks = {
        "A": get("/a", forEach={"items": [1, 2], "collect": "file"}),
        "B": get("/b", pagination=setting),
        "C": get("/c"),
    }
    for name, following in (("A", "B"), ("B", "C")):
        tasks[name] |= {"onError": [{"errors": ["task"], "nextTask": following}], "end": True}
    with list_server(lambda request: page({"data": [1], "total": 1})) as server:
        run = TemporalWorld(temporal_address).run(at(flow("A", tasks), server.url))
    assert [(task.name, task.status) for task in run.tasks if task.status != "InProgress"] == [
        ("A", "Failed"),
        ("B", "Failed"),
        ("C", "Completed"),
    ]
    for task in run.tasks:
        if task.error is not None:
            assert "could not be kept in a file: Not a directory" in task.error["message"]
            assert task.error["maybeDelivered"] is True


def test_who_lacks_the_folder_is_told_so(
    large: servers.RawServer,
    temporal_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever follows a run needs it, too."""
    world = TemporalWorld(temporal_address)
    options = ("--files", str(tmp_path / "theirs"))

    async def start() -> Handle:
        return await world.start(at(flow("A", {"A": get("/large")}), large.url))

    with worker_process(world.address, world.queue, *options):
        handle = asyncio.run(start())
        with pytest.raises(Exception, match="give all workers, and whoever starts runs, the same"):
            asyncio.run(world.end(handle))
