"""What operators see and type: commands, labels, and sentences for what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from temporalio.service import RPCError, RPCStatusCode

from command_line import Done, done
from engine_definitions import api, at, flow, get, post
from httptask.cli._temporal import TASK_QUEUE_VARIABLE
from httptask.engines.temporal import _types
from httptask.engines.temporal import client as temporal
from httptask.errors import EngineError
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from imports import description
from lists import Asked, list_server, page
from tasks import SEED, email_task, runtime
from temporal_servers import PATIENCE, dev_server, free_port
from temporal_worlds import Handle, TemporalWorld, worker_process
from worlds import World, do

Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, temporal_address: str) -> Command:
    """A function that runs `httptask` with a server's address in its environment."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)

    def run(*words: str, status: int = 0) -> Done:
        ended = done(words, Path.cwd(), os.environ)
        assert ended.status == status, ended.err
        return ended

    return run


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file of a definition with a task that waits for somebody."""
    tasks = {"Gate": {"type": "Simple", "nextTask": "A"}, "A": get("/things/1")}
    with api() as server:
        path = tmp_path / "gate.json"
        path.write_text(json.dumps(at(flow("Gate", tasks), server.url)))
        yield path


def test_a_run_is_started_seen_completed_and_waited_for(
    command: Command, gate: Path, temporal_address: str
) -> None:
    """`run --detach`, `status`, `complete`, and the status of what has ended."""
    queue = "operating"
    with worker_process(temporal_address, queue) as worker:
        assert f"takes runs of the task queue '{queue}'" in worker.said
        words = ("--engine", "temporal")
        started = command("run", str(gate), *words, "--detach", "--task-queue", queue, "--json")
        run_id = started.json["workflowId"]
        seen: dict[str, Any] = {}
        while not seen.get("waiting"):
            seen = command("status", run_id, *words, "--json").json
        assert [task["name"] for task in seen["waiting"]] == ["Gate"]
        assert (
            "waiting: Gate (Simple), for somebody outside" in command("status", run_id, *words).out
        )
        wrong = command("complete", run_id, "Gat", *words, status=1)
        assert "no task 'Gat'" in wrong.err
        assert "'Gate'" in wrong.err
        command("complete", run_id, "Gate", *words, "--output", '{"approved": true}')
        while seen["status"] == "Running":
            seen = command("status", run_id, *words, "--json").json
        assert seen["status"] == "Completed"
        assert seen["output"]["statusCode"] == 200


def test_each_item_of_a_gate_is_seen_and_completed(
    command: Command, tmp_path: Path, temporal_address: str
) -> None:
    """`status` says which items wait and how many have ended, `complete --item` completes one; an
    item that does not wait is a sentence.
    """
    each = {"items": [7, 8, 9], "concurrency": 2, "onError": "collect"}
    path = tmp_path / "gates.json"
    tasks = {"Gate": {"type": "Simple", "forEach": each, "end": True}}
    path.write_text(json.dumps(flow("Gate", tasks)))
    words, queue = ("--engine", "temporal"), "items"
    with worker_process(temporal_address, queue):
        run_id = command(
            "run", str(path), *words, "--detach", "--task-queue", queue, "--json"
        ).json["workflowId"]

        def items() -> Any:
            under_way = command("status", run_id, *words, "--json").json.get("underWay")
            return under_way[0].get("items", {}) if under_way else {}

        def waits_for(*numbers: int) -> Any:
            waiting = [{"index": number} for number in numbers]
            while (seen := items()).get("waiting") != waiting:
                pass
            return seen

        complete = ("complete", run_id, "Gate", *words)
        waits_for(0, 1)
        command(*complete, "--item", "1", "--output", '"second"')
        assert (waits_for(0, 2)["completed"], items()["failed"]) == (1, 0)
        told = command("status", run_id, *words).out
        assert "under way: Gate (Simple), 1 of 3 items" in told
        assert "item 2 waits for somebody outside" in told
        waits = "; those that wait: 0, 2"
        for item, says in {
            None: f"the task 'Gate' is done for each item: say which one by --item{waits}",
            "1": f"the item 1 of the task 'Gate' was completed already{waits}",
            "3": f"the task 'Gate' has no item 3: its items are numbered from 0 to 2{waits}",
        }.items():
            which = () if item is None else ("--item", item)
            assert says in command(*complete, *which, status=1).err
        command(*complete, "--item", "0", "--error", "too dear")
        waits_for(2)
        command(*complete, "--item", "2")
        seen: dict[str, Any] = {"status": "Running"}
        while seen["status"] == "Running":
            seen = command("status", run_id, *words, "--json").json
    assert (seen["status"], seen["output"][1:]) == ("Completed", ["second", None])
    assert seen["output"][0]["error"]["message"] == "too dear"


def test_run_shows_each_task_as_it_ends(
    command: Command, tmp_path: Path, temporal_address: str
) -> None:
    """Its output is that of the embedded engine. Pins travel: the worker needs no file of them."""
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "flow.json").write_text('{"tasks": {"A": {"body": 1}}}')
    with api() as server, worker_process(temporal_address, "shown"):
        path = tmp_path / "flow.json"
        tasks = {"A": get("/things/1", nextTask="B"), "B": get("/missing")}
        path.write_text(json.dumps(at(flow("A", tasks), server.url)))
        options = ("--engine", "temporal", "--task-queue", "shown")
        done = command("run", str(path), *options, "--pins", status=1)
        assert len(server.received) == 1
    assert re.search(r"Completed  A \(Http, [^)]*, pinned\)", done.err)
    assert "Failed     B (Http" in done.err
    assert done.out.startswith("Failed: Test in")


def test_run_shows_a_task_while_the_next_one_is_under_way(
    tmp_path: Path, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second task is answered only when the line of the first one has been read."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    shown = threading.Event()

    def answer(request: Asked) -> bytes:
        return page({"shown": request.path == "/first" or shown.wait(PATIENCE)})

    path = tmp_path / "flow.json"
    tasks = {"A": get("/first", nextTask="B"), "B": get("/second", readTimeoutSeconds=PATIENCE)}
    words = ("run", str(path), "--engine", "temporal", "--task-queue", "as-it-ends")
    with list_server(answer) as server, worker_process(temporal_address, "as-it-ends"):
        path.write_text(json.dumps(at(flow("A", tasks), server.url)))
        with subprocess.Popen(
            [sys.executable, "-m", "httptask", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "Completed" in line)
            assert "Completed  A (Http" in line
            assert process.poll() is None
            shown.set()
            out, err = process.communicate(timeout=PATIENCE)
    assert "Completed  B (Http" in err
    assert '"shown": true' in out


def test_cancel_ends_a_run(command: Command, gate: Path, temporal_address: str) -> None:
    """What waits is stopped. A run that has ended, and one that is not there, are refused."""
    words = ("--engine", "temporal")
    with worker_process(temporal_address, "cancelled"):
        started = command("run", str(gate), *words, "--detach", "--task-queue", "cancelled")
        run_id = started.out.strip()
        command("cancel", run_id)
        seen = {"status": "Running"}
        while seen["status"] == "Running":
            seen = command("status", run_id, *words, "--json").json
        assert seen["status"] == "Cancelled"
        assert "has ended: Cancelled" in command("cancel", run_id, status=1).err
        assert "there is no run 'nothing'" in command("cancel", "nothing", status=1).err


def test_the_beginning_of_an_id_is_enough(
    command: Command, gate: Path, temporal_address: str
) -> None:
    """For status, complete and cancel, as in a journal; what fits several runs is refused."""
    words = ("--engine", "temporal")
    options = (*words, "--detach", "--task-queue", "beginnings")
    with worker_process(temporal_address, "beginnings"):
        first, second = (command("run", str(gate), *options).out.strip() for _ in range(2))
        ended = "Running"
        while "waiting: Gate" not in ended:  # the server lists a run only after a while
            ended = done(["status", first[:13], *words], Path.cwd(), os.environ).out
        assert first in ended
        completed = command("complete", first[:13], "Gate", *words, "--output", "1")
        assert f"of the run {first}" in completed.out
        while done(["cancel", second[:13]], Path.cwd(), os.environ).status:
            pass
        assert command("status", second, *words, "--json").json["workflowId"] == second


def test_a_beginning_that_several_ids_have_is_refused() -> None:
    """And what is no id is not put into a query."""

    class Handle:
        async def describe(self) -> None:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")

    class Client:
        namespace = "here"
        queries: ClassVar[list[str]] = []

        def get_workflow_handle(self, workflow_id: str) -> Handle:
            return Handle()

        async def list_workflows(self, query: str, limit: int) -> AsyncIterator[Any]:
            self.queries.append(query)
            # A run that moved to a new history, or whose id was used again, is there several times.
            for name in ("3f2a-1", "3f2a-1", "3f2a-1", "3f2a-2")[:limit]:
                yield SimpleNamespace(id=name)

    client: Any = Client()
    with pytest.raises(EngineError, match="several runs begin with '3f2a': 3f2a-1, 3f2a-2"):
        asyncio.run(temporal.run_id(client, "3f2a"))
    with pytest.raises(EngineError, match="there is no run"):
        asyncio.run(temporal.run_id(client, '" OR WorkflowId != "'))
    assert len(client.queries) == 1


def test_no_server_is_one_sentence(
    command: Command, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the address, and what to do."""
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    page = ("designer", "--engine", "temporal", "--port", "0")
    for words in (("run", str(gate), "--engine", "temporal"), ("worker",), ("cancel", "a"), page):
        done = command(*words, status=1)
        assert f"no Temporal server answers at {address}" in done.err
        assert "TEMPORAL_ADDRESS" in done.err


@pytest.mark.parametrize("address", ["localhost:99999", "http://", "a b:7233"])
def test_an_address_that_is_none_is_one_sentence(
    command: Command, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the address, and says what one is."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    ended = command("status", "nothing", "--engine", "temporal", status=1)
    assert f"the address {address!r} of the Temporal server" in ended.err
    assert "an address is HOST:PORT" in ended.err


def test_a_profile_says_where_the_server_is(
    command: Command,
    temporal_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Temporal's own TOML file, by its own variables."""
    monkeypatch.delenv("TEMPORAL_ADDRESS")
    profiles = tmp_path / "temporal.toml"
    profiles.write_text(
        f'[profile.here]\naddress = "{temporal_address}"\n'
        f'[profile.there]\naddress = "{temporal_address}"\nnamespace = "nowhere"\n'
    )
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profiles))
    for profile, says in {
        "here": "there is no run 'nothing' in the namespace 'default'",
        "there": "has no namespace 'nowhere'",
    }.items():
        monkeypatch.setenv("TEMPORAL_PROFILE", profile)
        assert says in command("cancel", "nothing", status=1).err
    profiles.write_text("[profile")
    assert "Temporal's configuration cannot be read" in command("cancel", "a", status=1).err


def test_a_wrong_namespace_is_one_sentence(
    command: Command, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to create it."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    page = ("designer", "--engine", "temporal", "--port", "0")
    for words in (("run", str(gate), "--engine", "temporal"), ("worker",), page):
        assert "has no namespace 'nowhere'" in command(*words, status=1).err


def test_a_port_that_is_taken_is_one_sentence(command: Command) -> None:
    """Before it takes anything."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = command("worker", "--callbacks", address, status=1)
        metrics = command("worker", "--metrics", address, status=1)
    assert f"no call can be received at {address.replace(':', ', port ')}" in ended.err
    assert f"no metrics can be served at {address}: " in metrics.err
    chosen = command("worker", "--metrics", "localhost:0", status=2).err
    assert "--metrics: name a port" in chosen
    wrong = command("worker", "--metrics", "9000", status=2).err
    assert "--metrics '9000': write HOST:PORT" in wrong


def test_detach_needs_an_engine_that_outlives_the_command(command: Command, gate: Path) -> None:
    """The embedded engine does not."""
    assert "--engine temporal" in command("run", str(gate), "--detach", status=2).err


def test_without_the_extra_one_sentence_says_what_to_install(gate: Path) -> None:
    """Everything else works without it, and nothing imports the SDK."""
    code = (
        "import sys; sys.modules['temporalio'] = None\n"
        "from httptask.cli import main\n"
        f"assert main(['validate', {str(gate)!r}]) == 0\n"
        "sys.exit(main([*{words}, '--engine', 'temporal']))"
    )
    for words in (("run", str(gate)), ("designer", "--port", "0")):
        command = [sys.executable, "-c", code.replace("{words}", repr(words))]
        process = subprocess.run(command, capture_output=True, text=True)
        assert process.returncode == 2
        assert "pip install 'httptask[temporal]'" in process.stderr
        assert len(process.stderr.splitlines()) == 1


def test_a_definition_that_is_too_large_is_refused(command: Command, tmp_path: Path) -> None:
    """Before anything is started; the command says how to run it all the same."""
    path = tmp_path / "large.json"
    path.write_text(
        json.dumps(at(flow("A", {"A": post("/" + "x" * 2_000_000)}), "http://a.example"))
    )
    refused = command("run", str(path), "--engine", "temporal", status=1).err
    for words in ("2.0 MB together", "HTTPTASK_FILES or --files", "give large values as files"):
        assert words in refused
    assert len(refused.splitlines()) == 1


def test_a_catalogue_that_workers_lack_is_one_sentence(
    command: Command, tmp_path: Path, temporal_address: str
) -> None:
    """The run fails, and names the endpoint and the variable. The worker's metrics count its task,
    and the worker says where they are.
    """
    catalogue, described, path = (tmp_path / name for name in ("c.sqlite", "a.json", "flow.json"))
    described.write_text(json.dumps(description(1, 1)))
    command("import", str(described), "--catalogue", str(catalogue))
    (hit,) = command("search", "thing", "--catalogue", str(catalogue), "--json").json["hits"]
    endpoint = hit["id"]
    path.write_text(json.dumps(flow("A", {"A": {**post("/v1/things1/0"), "endpoint": endpoint}})))
    queue = ("--engine", "temporal", "--task-queue", "lacking")
    metrics = f"localhost:{free_port()}"
    with worker_process(temporal_address, "lacking", "--metrics", metrics) as worker:
        failed = command("run", str(path), *queue, "--catalogue", str(catalogue), status=1)
        served = httpx.get(f"http://{metrics}/metrics", trust_env=False).text
        worker.process.terminate()
        assert worker.process.stderr is not None
        assert worker.process.stderr.readline() == f"metrics: http://{metrics}/metrics\n"
    counted = re.compile(
        r'^temporal_activity_execution_latency_count\{.*"lacking".*\} 1$', re.MULTILINE
    )
    assert counted.search(served), served
    assert f"'lacking' has no endpoint {endpoint!r} in its catalogue" in failed.out
    assert "HTTPTASK_CATALOGUE" in failed.out


def labels(address: str, definition: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the memo and the search attributes of a run of *definition*."""

    async def main() -> tuple[dict[str, Any], dict[str, Any]]:
        world = TemporalWorld(address)
        client = await world.client()
        async with runtime() as shared:
            made = definition_of(definition)
            handle: Handle = await temporal.start_run(
                client, made, RunOptions({"rfi": {"id": 7}}), shared, world.queue
            )
        described = await handle.describe()
        attributes = {
            pair.key.name: pair.value
            for pair in described.typed_search_attributes.search_attributes
        }
        await handle.terminate()
        return dict(await described.memo()), attributes

    return asyncio.run(main())


_LABELLED = flow("A", {"A": email_task("http://127.0.0.1:9")}, version=3)


def test_operators_find_runs_by_name_version_and_provider(temporal_address: str) -> None:
    """In the memo, and as search attributes where the namespace has them."""
    assert _LABELLED["tasks"]["A"]["endpoint"] == SEED
    memo, attributes = labels(temporal_address, _LABELLED)
    assert memo == {"definition": "Test", "version": "3", "provider": ["procore"]}
    assert attributes["HttptaskDefinition"] == "Test"
    assert attributes["HttptaskVersion"] == "3"
    assert attributes["HttptaskProvider"] == ["procore"]


def test_activities_are_called_as_their_tasks(temporal_address: str) -> None:
    """On Temporal's page; those of items, with their number. Their deadline is that of the task."""
    tasks = {
        "B": get("/things/1", nextTask="C", forEach={"items": [7, 8]}),
        "C": get("/things/1", totalTimeoutSeconds=7),
    }
    world = TemporalWorld(temporal_address)
    with api() as server:
        assert world.run(at(flow("B", tasks), server.url)).status == "Completed"
    events = json.loads(world.history)["events"]
    scheduled = [one for one in events if "activityTaskScheduledEventAttributes" in one]
    summaries = [json.loads(b64decode(one["userMetadata"]["summary"]["data"])) for one in scheduled]
    assert sorted(summaries) == ["B [0]", "B [1]", "C"]
    last = scheduled[-1]["activityTaskScheduledEventAttributes"]
    # The activity keeps the task's own deadline; the server's comes after it.
    assert (last["startToCloseTimeout"], last["heartbeatTimeout"]) == ("17s", "10s")


def test_a_namespace_without_the_attributes_has_the_memo() -> None:
    """Runs start there all the same."""
    with dev_server(attributes=False) as server:
        memo, attributes = labels(server.address, _LABELLED)
    assert memo["definition"] == "Test"
    assert not attributes


def test_the_command_line_names_the_variable_of_the_engine() -> None:
    """It must not load the engine for that."""
    assert TASK_QUEUE_VARIABLE == _types.TASK_QUEUE_VARIABLE


def test_a_worker_without_a_task_type_says_which(temporal_address: str) -> None:
    """The task fails; a worker cannot know who has the plugin."""
    author = World()
    world = TemporalWorld(temporal_address, author)

    async def main() -> Any:
        handle = await world.start(flow("A", {"A": do(end=True)}))
        world.plugins = ()
        async with world.worker():
            return await world.end(handle)

    ended = asyncio.run(main())
    assert "has no task type 'Do'; install the plugin" in (ended.error or "")


def test_a_run_that_no_worker_takes_says_so_and_goes_on(
    command: Command, gate: Path, temporal_address: str
) -> None:
    """Whoever waits is told what to start; when they stop waiting, the run does not. The commands
    that are named can be pasted.
    """
    words = ("run", str(gate), "--engine", "temporal", "--task-queue", "nobody")
    process = subprocess.Popen(
        [sys.executable, "-m", "httptask", *words], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process.stderr:
        _, run_id, *_ = process.stderr.readline().replace(",", "").split()
        line = process.stderr.readline()
        assert "no worker takes runs of the task queue 'nobody'" in line
        assert line.endswith(": httptask worker --engine temporal --task-queue nobody\n")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.wait(60) == 130
    assert f"httptask cancel {run_id} ends it, httptask status {run_id} --engine temporal" in rest
    command("cancel", run_id)


@pytest.mark.parametrize(
    ("gate", "words"),
    [({"type": "Simple"}, []), ({"type": "Simple", "forEach": {"items": [7]}}, ["--item", "0"])],
)
def test_run_says_how_a_task_that_waits_is_completed(
    command: Command, tmp_path: Path, temporal_address: str, gate: Any, words: list[str]
) -> None:
    """With the run's id and the engine, as `run --journal` says it."""
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(flow("Ask", {"Ask": {**gate, "end": True}})))
    options = ("--engine", "temporal", "--task-queue", "told")
    with (
        worker_process(temporal_address, "told"),
        subprocess.Popen(
            [sys.executable, "-m", "httptask", "run", str(path), *options],
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        began, waits = process.stderr.readline(), process.stderr.readline()
        complete = waits.rstrip("\n").partition("somebody completes it with httptask ")[2].split()
        assert complete == ["complete", began.split()[1].strip(","), "Ask", *words, *options[:2]]
        command(*complete, "--output", "8")
        process.communicate()
        assert process.returncode == 0
