"""The bucket behind the folder of files: machines that share no disk share their files.

The store is a real one, and botocore says what is in it. A machine with an empty disk is a folder
that was emptied.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import servers
from buckets import Bucket, seaweedfs
from designer import running_designer
from engine_definitions import at, flow, get, post
from httptask import Runtime
from httptask._core.shared_files import SharedFiles
from httptask.engines import arun_workflow
from httptask.engines.temporal import client as temporal
from httptask.errors import EngineError
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from lists import Asked, asked, list_server, page
from temporal_worlds import Handle, TemporalWorld, worker_process

IMAGE = bytes(range(256)) * 2000
LARGE = {"items": ["x" * 1000] * 400, "ok": "yes"}
"""More than stays in a history."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with seaweedfs(tmp_path_factory.mktemp("bucket")) as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture
def folder(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's folder, which has the bucket behind it."""
    monkeypatch.setenv("HTTPTASK_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("HTTPTASK_BUCKET", bucket.url)
    return tmp_path / "files"


@pytest.fixture
def server() -> Iterator[servers.RawServer]:
    def answer(request: Asked) -> bytes:
        if request.path == "/file":
            return servers.response(IMAGE, ("Content-Type", "image/png"))
        return page(LARGE if request.path == "/large" else {"size": len(request.body)})

    with list_server(answer) as running:
        yield running


def sending(body: Any, **fields: Any) -> dict[str, Any]:
    """Return a task that sends *body*."""
    task = post("/size", **fields)
    task["httpRequest"]["body"] = body
    return task


def sent_on(path: str) -> dict[str, Any]:
    """Return tasks that read *path*, wait for somebody, and send on what they read."""
    task = sending("${$.value}", inputParameters={"value": "${$.tasks['A'].output.body}"})
    return {"A": get(path, nextTask="Gate"), "Gate": {"type": "Simple", "nextTask": "B"}, "B": task}


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/file", "/large"])
def test_another_machine_goes_on(
    path: str, folder: Path, server: servers.RawServer, temporal_address: str
) -> None:
    """What a worker read, a file or a large value, another one sends on that has nothing on its
    disk.
    """
    world = TemporalWorld(temporal_address)

    async def start() -> Handle:
        return await world.start(at(flow("A", sent_on(path)), server.url))

    async def give(handle: Handle) -> None:
        while (await handle.query("status"))["finished"] < 1:  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.1)

    async def complete(handle: Handle) -> None:
        own = (await world.client()).get_workflow_handle(handle.id)
        await own.signal("complete_task", {"task": "Gate", "output": None})

    with worker_process(world.address, world.queue) as first:
        handle = asyncio.run(start())
        asyncio.run(give(handle))
        first.kill()
    shutil.rmtree(folder)
    with worker_process(world.address, world.queue):
        asyncio.run(complete(handle))
        run = asyncio.run(world.end(handle))
    assert run.status == "Completed", run.error
    sent = asked(server.received[-1])
    assert sent.body == IMAGE if path == "/file" else sent.json == LARGE


def test_a_response_is_kept_in_the_bucket(
    folder: Path, bucket: Bucket, server: servers.RawServer
) -> None:
    """Below the prefix, by its path in the folder; a task elsewhere sends it on."""
    tasks = {"A": get("/file", nextTask="B"), "B": sent_on("/file")["B"]}

    async def run(definition: dict[str, Any]) -> Any:
        async with Runtime(allow_networks=["127.0.0.0/8"]) as runtime:
            return await arun_workflow(definition, runtime=runtime)

    first = asyncio.run(run(at(flow("A", {"A": get("/file", end=True)}), server.url)))
    reference = first.output["body"]["$file"]
    path = Path(reference["path"])
    assert bucket.objects()[f"of/workers/{path.name}"] == IMAGE
    path.unlink()
    tasks = {"B": sending({"$file": reference})}
    second = asyncio.run(run(at(flow("B", tasks), server.url)))
    assert second.output["body"] == {"size": len(IMAGE)}


def test_a_file_of_the_author_reaches_workers(
    folder: Path, bucket: Bucket, temporal_address: str, server: servers.RawServer
) -> None:
    """A file that lies in the folder of whoever starts the run is in the bucket by then."""
    folder.mkdir()
    (folder / "by hand.txt").write_text("mine")
    world = TemporalWorld(temporal_address)
    task = sending({"$file": {"path": "by hand.txt"}})
    definition = definition_of(at(flow("B", {"B": task}), server.url))

    async def start() -> None:
        async with Runtime(allow_networks=["127.0.0.0/8"]) as runtime:
            client = await world.client()
            handle = await temporal.start_run(
                client, definition, RunOptions(), runtime, world.queue
            )
            await handle.terminate()

    asyncio.run(start())
    assert bucket.objects()["of/workers/by hand.txt"] == b"mine"


def test_an_upload_of_a_saved_task_is_kept_in_the_bucket(
    folder: Path, bucket: Bucket, tmp_path: Path
) -> None:
    """Workers need it: the definition that was saved names its path in the folder."""
    workflows = tmp_path / "workflows"
    workflows.mkdir()
    with running_designer(tmp_path, workflows=workflows) as designer:
        uploaded = designer.client.post("uploads?name=plan.pdf", content=b"%PDF of mine").json()
        task = sending(uploaded)
        saved = designer.client.put(
            "workflows/flow", json=flow("A", {"A": task}), headers={"If-None-Match": "*"}
        )
        assert saved.status_code < 300, saved.text
    assert bucket.objects()["of/workers/plan.pdf"] == b"%PDF of mine"


def test_what_a_bucket_does_not_do_is_said(
    folder: Path,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    server: servers.RawServer,
    temporal_address: str,
) -> None:
    """A response is not lost with its file, and a large value names the bucket."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-another")
    shared = SharedFiles.named()
    assert shared is not None
    with pytest.raises(OSError, match=r"the bucket s3://shared/of/workers .* privileges") as raised:
        shared.fetch(folder / "x")
    assert raised.value.strerror
    world = TemporalWorld(temporal_address)
    run = world.run(at(flow("A", {"A": get("/file", end=True)}), server.url))
    problem = run.output["body"]["$file"]["problem"]
    assert problem.startswith("the file could not be kept: the bucket s3://shared/of/workers")
    with pytest.raises(EngineError, match=r"cannot be kept in .*: the bucket s3://shared"):
        asyncio.run(world.start(at(flow("A", {"A": get("/file")}), server.url), LARGE))


@pytest.mark.parametrize(
    ("files", "named", "message"),
    [
        (
            None,
            "s3://b",
            "the bucket s3://b needs a folder on this machine, too: name one with --files",
        ),
        ("f", "b", "the bucket is 'b'; write it as s3://BUCKET or s3://BUCKET/PREFIX"),
        ("f", "s3://", "the bucket is 's3://'; write it as s3://BUCKET or s3://BUCKET/PREFIX"),
        ("f", "https://b.example", "the bucket is 'https://b.example'; write it as s3://BUCKET"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_refused_with_what_to_write(
    files: str | None, named: str, message: str
) -> None:
    """It needs a folder on this machine, and the scheme `s3`; nothing has to be sent to see that."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Runtime(files=files, bucket=named)


def test_without_its_library_a_bucket_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said when the runtime is made, not by the first file."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ValueError, match=r"pip install 'httptask\[s3\]'"):
        Runtime(files="f", bucket="s3://b")


def test_large_objects_come_in_pieces(folder: Path, tmp_path: Path) -> None:
    """20 MB go and come as they were; a file that nobody put there is not there, and no part of
    one stays.
    """
    shared = SharedFiles.named()
    assert shared is not None
    content = tmp_path / "content"
    content.write_bytes(IMAGE * 40)
    shared.keep(folder / "below" / "ü #1.bin", content)
    assert shared.fetch(folder / "below" / "ü #1.bin")
    read = (folder / "below" / "ü #1.bin").read_bytes()
    assert hashlib.sha256(read).digest() == hashlib.sha256(content.read_bytes()).digest()
    assert not shared.fetch(folder / "none")
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["ü #1.bin"]
