"""Runs behind a designer whose operator chose the engine `temporal`: on a real server, by a real
worker.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import servers
from designer import PATIENT, Events, RunningDesigner, events, running_designer, started
from engine_definitions import at, flow, get
from servers import Peer, RawServer
from temporal_servers import PATIENCE, dev_server, free_port
from temporal_worlds import worker_process

KEY = "very-secret-key-41c9"
GATE = {"type": "Simple", "inputParameters": {"asks": "${$.input.of}"}, "nextTask": "A"}


class Api:
    """Answers with the path, and what `Authorization` said; `/silent` is never answered."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.was_asked, self.hung_up = threading.Event(), threading.Event()

    def __call__(self, peer: Peer) -> None:
        while head := peer.read_request():
            path = head.split()[1].decode()
            self.asked.append(path)
            if path == "/silent":
                self.was_asked.set()
                peer.wait_for_close()
                self.hung_up.set()
                return
            if path == "/large":
                peer.sendall(servers.response(json.dumps("x" * 300_000).encode(), servers.JSON))
                continue
            status = "404 Not Found" if path == "/missing" else "200 OK"
            body = json.dumps({"path": path, "echo": KEY}).encode()
            peer.sendall(servers.response(body, servers.JSON, status=status))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[RawServer]:
    with servers.raw_server(api) as running:
        yield running


@pytest.fixture
def designer(tmp_path: Path, folder: Path, task_queue: str) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path, workflows=folder, engine="temporal") as running:
        yield running


@pytest.fixture
def worker(designer: RunningDesigner, temporal_address: str, task_queue: str) -> Iterator[None]:
    with worker_process(temporal_address, task_queue):
        yield


def begun(designer: RunningDesigner, **body: Any) -> str:
    answer = designer.client.post("runs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def followed(designer: RunningDesigner, run_id: str) -> Events:
    with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
        return list(events(stream))


def told(
    designer: RunningDesigner, run_id: str, is_it: Callable[[str, dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the first event of a run that *is_it*."""
    with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
        return next(event for name, event in events(stream) if is_it(name, event))


def waits(name: str, event: dict[str, Any]) -> bool:
    return name == "visit" and bool(event.get("awaitsSignal"))


def shown(designer: RunningDesigner, run_id: str) -> Any:
    return designer.client.get(f"runs/{run_id}").json()


def value(designer: RunningDesigner, run_id: str, **query: Any) -> Any:
    return designer.client.get(f"runs/{run_id}/value", params=query).json()


def refusal(answer: Any, status: int = 409, slug: str = "run") -> str:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:httptask:problem:{slug}")
    return str(answer.json()["detail"])


@pytest.mark.usefixtures("worker")
def test_a_run_is_followed_completed_and_run_again(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """The definition as it stands in the page runs on the server: each visit is told with its
    state, a gate is completed, and input, output and error are there afterwards. *Run again* takes
    the same input. The list has both runs, and no other workflow.
    """
    tasks = {"G": GATE, "A": get("/a", nextTask="B"), "B": get("/missing")}
    definition = at(flow("G", tasks), server.url)
    assert designer.client.get("config").json()["engine"] == "temporal"
    run_id = begun(designer, definition=definition, workflow="flow", input={"of": 7})
    assert told(designer, run_id, waits)["name"] == "G"
    assert shown(designer, run_id)["status"] == "Waiting"
    wrong = designer.client.post(f"runs/{run_id}/signals", json={"task": "A", "output": 1})
    assert "no task 'A'" in refusal(wrong)
    done = designer.client.post(f"runs/{run_id}/signals", json={"task": "G", "output": {"yes": 1}})
    assert done.status_code == 204
    events_of_run = followed(designer, run_id)
    states = [(event["name"], event["status"]) for name, event in events_of_run if name == "visit"]
    assert states[-2:] == [("A", "Completed"), ("B", "Failed")]
    assert events_of_run[-1][0] == "ended"
    assert events_of_run[-1][1]["status"] == "Failed"
    run = shown(designer, run_id)
    assert [(visit["name"], visit["status"]) for visit in run["visits"]] == [
        ("G", "Completed"),
        ("A", "Completed"),
        ("B", "Failed"),
    ]
    assert run["visits"][2]["statusCode"] == 404
    assert value(designer, run_id, task="G", of="input") == {"asks": 7}
    assert value(designer, run_id, task="G") == {"yes": 1}
    assert value(designer, run_id, task="A")["body"]["path"] == "/a"
    assert value(designer, run_id, of="input") == {"of": 7}
    visit = designer.client.get(f"runs/{run_id}/visit", params={"task": "B"}).json()
    assert visit["error"]["kind"] == "status"
    assert "exchange" not in visit
    again = begun(designer, again={"run": run_id})
    assert value(designer, again, of="input") == {"of": 7}
    kept = {one["id"]: one for one in designer.client.get("runs").json()["items"]}
    assert kept.keys() == {run_id, again}
    assert (kept[run_id]["status"], kept[run_id]["definition"]) == ("Failed", "Test")
    assert kept[again]["status"] == "Running"
    assert (kept[run_id]["workflow"], kept[again]["workflow"]) == ("flow", "flow")
    assert [one["id"] for one in designer.client.get("runs?status=Failed").json()["items"]] == [
        run_id
    ]


@pytest.mark.usefixtures("worker")
def test_stopping_cancels_the_run(designer: RunningDesigner, server: RawServer, api: Api) -> None:
    """Its connection is closed, and what was under way says that it may have been delivered. It
    cannot go on: that is refused with what to do instead.
    """
    definition = at(flow("A", {"A": get("/silent", readTimeoutSeconds=PATIENCE)}), server.url)
    run_id = begun(designer, definition=definition)
    assert told(designer, run_id, lambda name, event: name == "visit")["status"] == "InProgress"
    assert api.was_asked.wait(PATIENCE)
    assert designer.client.delete(f"runs/{run_id}").status_code == 204
    assert followed(designer, run_id)[-1][1]["status"] == "Cancelled"
    assert api.hung_up.wait(PATIENCE)
    run = shown(designer, run_id)
    assert (run["status"], run["visits"][0]["status"]) == ("Cancelled", "Stopped")
    visit = designer.client.get(f"runs/{run_id}/visit", params={"task": "A"}).json()
    assert visit["error"]["maybeDelivered"] is True
    assert designer.client.delete(f"runs/{run_id}").status_code == 204
    assert "run it again" in refusal(designer.client.post(f"runs/{run_id}/resume"))


@pytest.mark.usefixtures("worker")
def test_a_run_from_a_task_on_takes_over_the_earlier_answers(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """What had ended before that task is not asked for again, and the tasks that follow read it;
    the changed definition is run from there.
    """
    tasks = {"A": get("/a", nextTask="B"), "B": get("/missing", nextTask="C"), "C": get("/c")}
    definition = at(flow("A", tasks), server.url)
    first = begun(designer, definition=definition, input={"of": 7})
    assert followed(designer, first)[-1][1]["status"] == "Failed"
    changed = definition["tasks"]["B"]
    changed["httpRequest"]["url"] = f"{server.url}${{$.path}}"
    changed["inputParameters"] = {"path": "${$.tasks['A'].output.body.path}"}
    second = begun(designer, definition=definition, again={"run": first, "task": "B"})
    assert followed(designer, second)[-1][1]["status"] == "Completed"
    assert api.asked == ["/a", "/missing", "/a", "/c"]
    visits = shown(designer, second)["visits"]
    assert [visit["name"] for visit in visits] == ["A", "B", "C"]
    assert visits[0]["notes"] == [f"taken over from the run {first}"]
    assert value(designer, second, of="input") == {"of": 7}


@pytest.mark.usefixtures("worker")
def test_items_wait_one_by_one(designer: RunningDesigner) -> None:
    """Those that wait are told, each is shown with its input, and completed by its number."""
    gate = {"type": "Simple", "inputParameters": {"order": "${$.item}"}, "end": True}
    gate["forEach"] = {"items": ["seven", "eight"], "concurrency": 2}
    run_id = begun(designer, definition=flow("G", {"G": gate}))

    def both_wait(name: str, event: dict[str, Any]) -> bool:
        return len(event.get("items", {}).get("waiting", ())) == 2

    told(designer, run_id, both_wait)
    assert value(designer, run_id, task="G", of="input", item=1) == {"order": "eight"}
    for item in (1, 0):
        signal = {"task": "G", "item": item, "output": item}
        assert designer.client.post(f"runs/{run_id}/signals", json=signal).status_code == 204
    assert followed(designer, run_id)[-1][1]["status"] == "Completed"
    assert value(designer, run_id) == [0, 1]


@pytest.mark.usefixtures("worker")
def test_pins_and_the_environment_travel(
    designer: RunningDesigner, server: RawServer, folder: Path, api: Api
) -> None:
    """A pinned task sends nothing; the other one goes where the environment says."""
    (folder / "pins").mkdir()
    (folder / "pins" / "flow.json").write_text('{"tasks": {"A": {"body": 1}}}')
    (folder / "environments").mkdir()
    variables = {"variables": {"path": "/b"}}
    (folder / "environments" / "live.json").write_text(json.dumps(variables))
    tasks = {"A": get("/a", nextTask="B"), "B": get("${$.path}")}
    tasks["B"]["inputParameters"] = {"path": "${$.variables.path}"}
    definition = at(flow("A", tasks), server.url)
    (folder / "flow.json").write_text(json.dumps(definition))
    body = {"definition": definition, "workflow": "flow", "environment": "live", "pins": "answer"}
    run_id = begun(designer, **body)
    assert followed(designer, run_id)[-1][1]["status"] == "Completed"
    assert api.asked == ["/b"]
    assert [visit.get("pinned") for visit in shown(designer, run_id)["visits"]] == [1, None]


def test_what_the_engine_cannot_do_is_refused_by_name(designer: RunningDesigner) -> None:
    """With a sentence that says what to do: a run from a task on without a worker, a list by tasks, a file
    that only the page has; and a definition with problems starts nothing.
    """
    assert designer.client.get("config").json()["runsOutlive"] is True
    run_id = begun(designer, definition=flow("G", {"G": {"type": "Simple", "end": True}}))
    client = designer.client
    from_here = client.post("runs", json={"again": {"run": run_id, "task": "G"}})
    assert f"the results of the run {run_id} are not known" in refusal(from_here)
    assert "start one: httptask worker" in refusal(from_here)
    assert "leave out 'task'" in refusal(client.get("runs", params={"task": "G"}))
    broken = client.post("runs", json={"definition": flow("A", {"A": get("/a", nextTask="B")})})
    assert "Nothing was run" in refusal(broken, 422, "definition")
    upload = client.post(
        "uploads?name=a.bin", content=b"\0", headers={"Content-Type": "a/b"}
    ).json()
    sends = get("/a")
    sends["httpRequest"] |= {"method": "POST", "body": upload}
    sent = client.post("runs", json={"definition": flow("A", {"A": sends})})
    assert "the file 'a.bin' was chosen in the page" in refusal(sent)
    assert "save the definition" in refusal(sent)
    assert [one["id"] for one in client.get("runs").json()["items"]] == [run_id]


def test_a_run_that_no_worker_takes_says_so_and_goes_on_without_the_designer(
    tmp_path: Path, folder: Path, task_queue: str, temporal_address: str
) -> None:
    """Whoever follows it is told what to start. The next designer lists it, and follows it to its
    end when a worker has come. What it has read of a run that has ended needs no worker any more.
    """
    definition = flow("W", {"W": {"type": "Wait", "seconds": 0, "end": True}})
    with running_designer(tmp_path, workflows=folder, engine="temporal") as first:
        run_id = begun(first, definition=definition)
        note = told(first, run_id, lambda name, event: "note" in event)["note"]
        assert f"no worker takes runs of the task queue '{task_queue}'" in note
        assert shown(first, run_id)["note"] == note
    with running_designer(tmp_path, workflows=folder, engine="temporal") as second:
        assert [one["id"] for one in second.client.get("runs").json()["items"]] == [run_id]
        with worker_process(temporal_address, task_queue):
            assert followed(second, run_id)[-1][1]["status"] == "Completed"
            run, output = shown(second, run_id), value(second, run_id, task="W")
        assert "note" not in run
        assert (shown(second, run_id), value(second, run_id, task="W")) == (run, output)


@pytest.mark.usefixtures("worker")
def test_runs_of_others_are_not_reached(
    designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path
) -> None:
    """A run of another task queue is neither shown nor stopped, nor is what is no run."""
    gate = flow("G", {"G": {"type": "Simple", "end": True}})
    monkeypatch.setenv("HTTPTASK_TASK_QUEUE", "of somebody else's")
    with running_designer(tmp_path, workflows=folder, engine="temporal") as other:
        run_id = begun(other, definition=gate)
        for name in (run_id, "nothing"):
            for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
                answer = designer.client.request(method, f"runs/{name}{path}")
                assert "has no run" in refusal(answer, 404, "unknown-run")
        assert shown(other, run_id)["status"] == "Running"
        assert other.client.delete(f"runs/{run_id}").status_code == 204


def test_a_designer_without_the_workers_folder_is_told_so(
    designer: RunningDesigner,
    server: RawServer,
    tmp_path: Path,
    temporal_address: str,
    task_queue: str,
) -> None:
    """A large value of a run is a file in it: whoever follows the run or looks at it needs it."""
    definition = at(flow("A", {"A": get("/large")}), server.url)
    with worker_process(temporal_address, task_queue, "--files", str(tmp_path / "theirs")):
        run_id = begun(designer, definition=definition)

        def is_told(name: str, event: dict[str, Any]) -> bool:
            return "HTTPTASK_FILES" in event.get("note", "")

        assert "give all workers" in told(designer, run_id, is_told)["note"]
        looked = designer.client.get(f"runs/{run_id}")
        assert "give all workers" in refusal(looked, 503, "engine")


def test_a_server_that_went_away_is_a_sentence(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else of the designer works without it, and with another one it goes on."""
    port = free_port()
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
    definition = flow("W", {"W": {"type": "Wait", "seconds": 0, "end": True}})
    with running_designer(tmp_path, workflows=folder, engine="temporal") as running:
        for answer in (
            running.client.get("runs"),
            running.client.post("runs", json={"definition": definition}),
        ):
            detail = refusal(answer, 503, "engine")
            assert f"no Temporal server answers at 127.0.0.1:{port}" in detail
        assert running.client.get("workflows").status_code == 200
        with dev_server(port=port):
            assert running.client.get("runs").status_code == 200
        detail = refusal(running.client.get("runs"), 503, "engine")
        assert f"no Temporal server answers at 127.0.0.1:{port}" in detail


def test_the_operator_chooses_the_engine(
    tmp_path: Path, temporal_address: str, task_queue: str
) -> None:
    """`--engine temporal` starts runs on the server, in the task queue that `--task-queue` names."""
    words = ("--engine", "temporal", "--task-queue", f"{task_queue}-2")
    definition = {"startTask": "G", "tasks": {"G": {"type": "Simple", "end": True}}}
    with started(tmp_path, *words, TEMPORAL_ADDRESS=temporal_address) as (process, said):
        api = said["address"] + "api/v1/"
        with httpx.Client(base_url=api, **PATIENT) as client:
            assert client.get("config").json()["engine"] == "temporal"
            run_id = client.post("runs", json={"definition": definition}).json()["id"]
            assert f"{task_queue}-2" in client.get(f"runs/{run_id}").json()["note"]
            assert client.delete(f"runs/{run_id}").status_code == 204
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
