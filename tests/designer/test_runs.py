"""Runs of whole definitions behind the designer: followed, stopped, kept, and begun again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import servers
from designer import Events, RunningDesigner, events, running_designer
from httptask.designer import create_app
from httptask.engines import arun_workflow
from httptask.engines.embedded import EmbeddedEngine
from httptask.engines.journal import Journal
from httptask.errors import PluginError
from httptask.hookspecs import hookimpl
from httptask.model.workflow import WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import Engine
from servers import Peer, RawServer
from tasks import http, runtime

KEY = "very-secret-key-41c9"


@pytest.fixture
def designer(tmp_path: Path, folder: Path) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


class Api:
    """An API: what it answers by path, and the paths that were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.answers: dict[str, list[bytes]] = {}
        """By path, the answers to come before it answers with the path."""
        self.silent: set[str] = set()
        """Paths that it never answers."""
        self.was_asked, self.hung_up = threading.Event(), threading.Event()

    def __call__(self, peer: Peer) -> None:
        while head := peer.read_request():
            path = head.split()[1].decode()
            self.asked.append(path)
            self.heads.append(head)
            if path in self.silent:
                self.was_asked.set()
                peer.wait_for_close()
                self.hung_up.set()
                return
            body = json.dumps({"path": path, "echo": KEY}).encode()
            default = servers.response(body, servers.JSON)
            waiting = self.answers.get(path)
            peer.sendall(waiting.pop(0) if waiting else default)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[RawServer]:
    with servers.raw_server(api) as running:
        yield running


def flow(url: str, *names: str, **more: Any) -> dict[str, Any]:
    """A definition of GETs in a row, one for each name."""
    tasks = {
        name: http(
            f"{url}/{name}?of=${{$.of}}",
            inputParameters={"of": "${$.input.of}"},
            **({"nextTask": after, "end": None} if after else {}),
        )
        for name, after in zip(names, [*names[1:], None], strict=True)
    }
    return {"name": "flow", "startTask": names[0], "tasks": tasks} | more


def begun(designer: RunningDesigner, **body: Any) -> str:
    answer = designer.client.post("runs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def followed(designer: RunningDesigner, run_id: str) -> Events:
    """Follow a run to its end."""
    with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
        return list(events(stream))


def states(told: Events) -> list[tuple[str, str]]:
    """What was told of visits, each state once."""
    seen = [(event["name"], event["status"]) for name, event in told if name == "visit"]
    return list(dict.fromkeys(seen))


def value(designer: RunningDesigner, run_id: str, **query: Any) -> Any:
    return designer.client.get(f"runs/{run_id}/value", params=query).json()


def test_a_run_is_followed_and_kept(
    designer: RunningDesigner, server: RawServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The definition is run as it stands in the page, saved or not; each visit is told with its
    state, and its input, output and exchange can be looked at afterwards, without secrets.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_ACME", KEY)
    definition = flow(server.url, "A", "B")
    for task in definition["tasks"].values():
        task["credentials"] = "acme"
    run_id = begun(designer, definition=definition, workflow="flow", input={"of": 7})
    told = followed(designer, run_id)
    assert ("A", "Completed") in states(told)
    assert states(told)[-1] == ("B", "Completed")
    assert told[-1][0] == "ended"
    assert told[-1][1]["status"] == "Completed"
    run = designer.client.get(f"runs/{run_id}").json()
    assert [(visit["name"], visit["statusCode"]) for visit in run["visits"]] == [
        ("A", 200),
        ("B", 200),
    ]
    assert value(designer, run_id, task="A", of="input") == {"of": 7}
    assert value(designer, run_id, task="B")["body"]["path"] == "/B?of=7"
    assert value(designer, run_id)["body"]["path"] == "/B?of=7"
    assert value(designer, run_id, of="input") == {"of": 7}
    visit = designer.client.get(f"runs/{run_id}/visit", params={"task": "B"}).json()
    assert visit["has"] == ["input", "output"]
    (attempt,) = visit["exchange"]["attempts"]
    assert attempt["hops"][0]["status"] == 200
    assert visit["exchange"]["request"]["url"] == f"{server.url}/B?of=7"
    whole = json.dumps([run, visit, value(designer, run_id, task="B"), told])
    assert KEY not in whole
    kept = (folder / ".httptask").glob("runs.sqlite3*")
    assert not any(KEY.encode() in file.read_bytes() for file in kept if file.is_file())
    assert (folder / ".httptask" / ".gitignore").read_text() == "*\n"


def test_attempts_and_waits_are_told(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """While a task waits for its next attempt, the page hears which attempt it is in, and the
    wait; afterwards it has each attempt.
    """
    busy = servers.response(b"", ("Retry-After", "1"), status="503 Busy")
    api.answers["/A?of=1"] = [busy]
    definition = flow(server.url, "A")
    definition["tasks"]["A"]["retry"] = {"maxAttempts": 3, "intervalSeconds": 0}
    run_id = begun(designer, definition=definition, input={"of": 1})
    told = followed(designer, run_id)
    waits = [event for name, event in told if name == "visit" and "waitSeconds" in event]
    assert waits[0]["attempt"] == 1
    assert waits[0]["maxAttempts"] == 3
    assert waits[0]["waitSeconds"] >= 1
    visit = designer.client.get(f"runs/{run_id}/visit", params={"task": "A"}).json()
    statuses = [attempt["hops"][0]["status"] for attempt in visit["exchange"]["attempts"]]
    assert statuses == [503, 200]


def test_stopping_closes_the_connection_and_the_run_can_go_on(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """DELETE ends the stream, and the connection to the API is closed then; what had ended is not
    run again by whoever goes on.
    """
    api.silent.add("/B?of=1")
    run_id = begun(designer, definition=flow(server.url, "A", "B"), input={"of": 1})
    assert api.was_asked.wait(60)
    assert designer.client.delete(f"runs/{run_id}").status_code == 204
    assert api.hung_up.wait(60)
    told = followed(designer, run_id)
    assert states(told)[-1] == ("B", "Stopped")
    assert told[-1][1]["status"] == "Interrupted"
    run = designer.client.get(f"runs/{run_id}").json()
    assert (run["status"], run["at"]) == ("Interrupted", ["B"])
    assert run["visits"][-1]["status"] == "Stopped"
    api.silent.clear()
    assert designer.client.post(f"runs/{run_id}/resume").status_code == 201
    assert followed(designer, run_id)[-1][1]["status"] == "Completed"
    assert api.asked == ["/A?of=1", "/B?of=1", "/B?of=1"]
    again = designer.client.post(f"runs/{run_id}/resume")
    assert (again.status_code, again.json()["type"]) == (409, "urn:httptask:problem:run")
    assert designer.client.delete(f"runs/{run_id}").status_code == 204


def test_a_run_goes_on_when_the_page_leaves_and_two_pages_follow_one(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """Closing the stream stops nothing: any page can follow the run, from its beginning."""
    api.silent.add("/A?of=1")
    run_id = begun(designer, definition=flow(server.url, "A"), input={"of": 1})
    for _ in range(2):
        with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
            assert next(event for name, event in events(stream) if name == "visit")["name"] == "A"
    (run,) = designer.client.get("runs").json()["items"]
    assert (run["status"], run["at"]) == ("Running", ["A"])
    designer.client.delete(f"runs/{run_id}")


def test_a_run_whose_server_died_is_kept_and_goes_on(
    tmp_path: Path, folder: Path, server: RawServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next designer lists it as interrupted, with where it was, and can go on with it; it has
    nothing to follow until then. It shows the exchange of what had ended: masked, a long body cut.
    """
    api.silent.add("/B?of=1")
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_ACME", KEY)
    definition = flow(server.url, "A", "B")
    definition["tasks"]["A"]["httpRequest"] |= {
        "method": "POST",
        "body": {"text": KEY + "x" * 100_000},
    }
    definition["tasks"]["A"]["credentials"] = "acme"
    with running_designer(tmp_path, workflows=folder) as first:
        run_id = begun(first, definition=definition, input={"of": 1})
        assert api.was_asked.wait(60)
    api.silent.clear()
    with running_designer(tmp_path, workflows=folder) as second:
        (run,) = second.client.get("runs").json()["items"]
        assert (run["id"], run["status"], run["at"]) == (run_id, "Interrupted", ["B"])
        assert second.client.get(f"runs/{run_id}/events").status_code == 409
        visit = second.client.get(f"runs/{run_id}/visit", params={"task": "A"}).json()
        request = visit["exchange"]["request"]
        assert (request["method"], request["url"]) == ("POST", f"{server.url}/A?of=1")
        assert "•••" in json.dumps(request["headers"], ensure_ascii=False)
        assert request["body"].startswith('{"text":"•••x')
        assert request["body"].endswith("x\n… (cut: a run keeps the first 65,536 characters)")
        assert visit["exchange"]["attempts"][0]["hops"][0]["status"] == 200
        assert second.client.post(f"runs/{run_id}/resume").status_code == 201
        assert followed(second, run_id)[-1][1]["status"] == "Completed"
    assert api.asked.count("/A?of=1") == 1
    with closing(sqlite3.connect(folder / ".httptask" / "runs.sqlite3")) as connection:
        exchanges = connection.execute("SELECT task, value FROM exchange ORDER BY task").fetchall()
    assert [task for task, _ in exchanges] == ["A", "B"]
    assert KEY not in str(exchanges)


def test_secrets_of_definition_and_input_are_not_written_by_a_run_that_goes_on(
    tmp_path: Path, folder: Path, server: RawServer, api: Api
) -> None:
    """The next designer gets those of the input with the request to go on, and the literal ones
    from the files. It writes none of them, however many there are, also if a server repeats them.
    """
    secrets = [f"hunter22-{number:03}" for number in range(70)]
    whole = {"of": 1, "people": [{"password": secret} for secret in secrets]}
    definition = flow(server.url, "A", "B", variables={"apiToken": "literal-1"})
    tasks = definition["tasks"]
    for task in tasks.values():
        task["inputParameters"] |= {"people": "${$.input.people}", "password": "literal-2"}
        task["httpRequest"] |= {
            "headers": {"X-Api-Key": "literal-3", "Authorization": "Bearer literal-4"},
            "cookies": {"sessionid": "literal-5"},
        }
    tasks["A"]["httpRequest"]["url"] += "&api_key=literal-6"
    inner = flow(server.url, "C")
    inner["tasks"]["C"]["httpRequest"]["headers"] = {"X-Api-Key": "literal-7"}
    tasks["A"] |= {"nextTask": "Run"}
    run_inner = {"type": "Workflow", "definition": "inner", "inputParameters": {"of": 1}}
    tasks["Run"] = {**run_inner, "nextTask": "B"}
    (folder / "environments").mkdir()
    live, path = folder / "environments/live.json", folder / "flow.json"
    live.write_text('{"variables": {"apiKey": "literal-8"}}', "utf-8")
    (folder / "inner.json").write_text(json.dumps(inner), "utf-8")
    path.write_text(json.dumps(definition), "utf-8")
    started = {"definition": definition, "workflow": "flow", "environment": "live"}
    api.silent.add("/B?of=1")
    with running_designer(tmp_path, workflows=folder) as first:
        run_id = begun(first, **started, input=whole)
        assert api.was_asked.wait(60)
        assert value(first, run_id, task="A")["body"]["path"] == "/A?of=1&api_key=•••"
    api.silent.clear()
    with running_designer(tmp_path, workflows=folder) as second:
        resume = f"runs/{run_id}/resume"
        refused = second.client.post(resume)
        assert "/people/0/password" in refused.json()["detail"]
        for changed, name in ((path, "definition 'flow'"), (live, "environment 'live'")):
            text = changed.read_text("utf-8")
            changed.write_text(text.replace("literal", "${$.input.key} literal"), "utf-8")
            refused = second.client.post(resume, json={"input": whole})
            assert f"secrets in the {name} are not stored" in refused.json()["detail"]
            refused = second.client.post("runs", json={"again": {"run": run_id}, "input": whole})
            assert f"secrets in the {name} are not stored" in refused.json()["detail"]
            changed.write_text(text, "utf-8")
        assert api.asked == ["/A?of=1&api_key=literal-6", "/C?of=1", "/B?of=1"]
        resumed = second.client.post(resume, json={"input": whole})
        assert resumed.status_code == 201
        assert followed(second, run_id)[-1][1]["status"] == "Completed"
        again = begun(second, again={"run": run_id}, input=whole)
        assert followed(second, again)[-1][1]["status"] == "Completed"
    assert api.asked[3:] == ["/B?of=1", "/A?of=1&api_key=literal-6", "/C?of=1", "/B?of=1"]
    for head in api.heads:
        assert b"literal-7" in head if b" /C" in head else b"Bearer literal-4" in head
    files = [path for path in folder.glob(".httptask/runs.sqlite3*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert b"Completed" in written
    assert not [secret for secret in secrets if secret.encode() in written]
    assert b"literal-" not in written


def test_literal_secrets_of_a_run_of_another_command_are_masked_in_what_follows(
    tmp_path: Path, folder: Path, server: RawServer, api: Api
) -> None:
    """A run that began elsewhere, with the same journal, is stored whole. If it goes on in the
    designer, a server that repeats a secret of the definition gives it away to nobody.
    """
    definition = flow(server.url, "A")
    definition["tasks"]["A"]["httpRequest"]["url"] += "&api_key=literal-6"
    path = "/A?of=1&api_key=literal-6"
    api.silent.add(path)
    (folder / ".httptask").mkdir()

    async def interrupted(journal: Journal) -> None:
        async with runtime() as shared:
            run = arun_workflow(definition, {"of": 1}, runtime=shared, journal=journal)
            work = asyncio.create_task(run)
            assert await asyncio.to_thread(api.was_asked.wait, 60)
            work.cancel()
            await asyncio.wait([work])

    with Journal(folder / ".httptask" / "runs.sqlite3") as journal:
        asyncio.run(interrupted(journal))
    api.silent.clear()
    with running_designer(tmp_path, workflows=folder) as designer:
        (run,) = designer.client.get("runs").json()["items"]
        assert designer.client.post(f"runs/{run['id']}/resume").status_code == 201
        assert followed(designer, run["id"])[-1][1]["status"] == "Completed"
        answer = value(designer, run["id"], task="A")
    assert api.asked == [path, path]
    assert answer["body"]["path"] == "/A?of=1&api_key=•••"


def test_a_run_that_is_repeated_needs_no_pins_of_the_earlier_one(
    tmp_path: Path, folder: Path, server: RawServer, api: Api
) -> None:
    """The new run begins with the pins that are asked for now: the file of the earlier ones, whose
    secrets are not stored, may be gone. To begin later in that run, it is needed.
    """
    (folder / "flow.json").write_text(json.dumps(flow(server.url, "A", "B")), "utf-8")
    pins = folder / "pins" / "flow.json"
    pins.parent.mkdir()
    pins.write_text('{"tasks": {"A": [{"body": {"access_token": "literal-1"}}]}}', "utf-8")
    started = {"definition": flow(server.url, "A", "B"), "workflow": "flow", "input": {"of": 1}}
    with running_designer(tmp_path, workflows=folder) as designer:
        pinned = begun(designer, **started, pins="answer")
        assert followed(designer, pinned)[-1][1]["status"] == "Completed"
        assert api.asked == ["/B?of=1"]
    pins.unlink()
    with running_designer(tmp_path, workflows=folder) as designer:
        again = begun(designer, again={"run": pinned})
        assert followed(designer, again)[-1][1]["status"] == "Completed"
        assert api.asked[1:] == ["/A?of=1", "/B?of=1"]
        later = designer.client.post("runs", json={"again": {"run": pinned, "task": "B"}})
    assert "secrets in the pins of 'flow' are not stored" in later.json()["detail"]


def test_a_run_from_a_task_on_takes_over_the_earlier_answers(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """What had ended before that task is not asked for again, the changed definition is run from
    there, and the earlier run stays as it was. Without a task, all of it is run again.
    """
    definition = flow(server.url, "A", "B", "C")
    first = begun(designer, definition=definition, input={"of": 7})
    followed(designer, first)
    definition["tasks"]["B"]["httpRequest"]["url"] = f"{server.url}/changed?of=${{$.of}}"
    again = {"run": first, "task": "B"}
    second = begun(designer, definition=definition, again=again)
    told = followed(designer, second)
    assert told[-1][1]["status"] == "Completed"
    assert api.asked == ["/A?of=7", "/B?of=7", "/C?of=7", "/changed?of=7", "/C?of=7"]
    visits = designer.client.get(f"runs/{second}").json()["visits"]
    assert [visit["name"] for visit in visits] == ["A", "B", "C"]
    assert visits[0]["notes"] == [f"taken over from the run {first}"]
    third = begun(designer, again={"run": first})
    followed(designer, third)
    assert "workflow" not in designer.client.get(f"runs/{third}").json()  # it has no file
    assert api.asked[5:] == ["/A?of=7", "/B?of=7", "/C?of=7"]
    assert value(designer, first, task="B")["body"]["path"] == "/B?of=7"


def test_a_task_that_failed_in_one_branch_is_run_again_with_the_answers_of_the_other(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """Its failure is not taken over: the run goes on from there, joins, and completes."""
    api.answers["/B?of=1"] = [servers.response(b"", status="404 Not Found")]
    branches = [flow(server.url, "A"), flow(server.url, "B")]
    for branch in branches:
        del branch["name"]
    wait = {"type": "Wait", "seconds": 0, "nextTask": "B"}
    branches[1] = {"startTask": "Pause", "tasks": {"Pause": wait, **branches[1]["tasks"]}}
    parallel = {"type": "Parallel", "branches": branches, "nextTask": "C"}
    definition = flow(server.url, "C")
    definition |= {"startTask": "Both", "tasks": {"Both": parallel, **definition["tasks"]}}
    first = begun(designer, definition=definition, input={"of": 1})
    assert followed(designer, first)[-1][1]["status"] == "Failed"
    second = begun(designer, again={"run": first, "task": "B"})
    assert followed(designer, second)[-1][1]["status"] == "Completed"
    assert api.asked.count("/B?of=1") == 2


def test_a_gate_is_completed_from_the_page(designer: RunningDesigner) -> None:
    """A task that waits for somebody is told as waiting; the page's output is its output, and an
    error fails it. What does not wait says so.
    """
    gate = {"type": "Simple", "end": True}
    definition = {"startTask": "Approve", "tasks": {"Approve": gate}}
    run_id = begun(designer, definition=definition)
    with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
        for name, event in events(stream):
            if name == "visit" and event["status"] == "Waiting":
                assert event["awaitsSignal"] is True
                break
    (listed,) = designer.client.get("runs", params={"status": "Waiting"}).json()["items"]
    assert listed["id"] == run_id
    wrong = designer.client.post(f"runs/{run_id}/signals", json={"task": "Other", "output": 1})
    assert wrong.status_code == 409
    assert "Approve" in wrong.json()["detail"]
    given = designer.client.post(
        f"runs/{run_id}/signals", json={"task": "Approve", "output": {"approved": True}}
    )
    assert given.status_code == 204
    assert followed(designer, run_id)[-1][1]["status"] == "Completed"
    assert value(designer, run_id) == {"approved": True}
    failed = begun(designer, definition=definition)
    error = {"task": "Approve", "error": {"message": "too dear"}}
    while designer.client.post(f"runs/{failed}/signals", json=error).status_code != 204:
        pass
    assert followed(designer, failed)[-1][1]["error"].count("too dear") == 1


def test_each_item_of_a_gate_is_completed_from_the_page(designer: RunningDesigner) -> None:
    """Who follows the run is told which items wait, and asks for the input of one. What does not
    wait says so.
    """
    gate = {
        "type": "Simple",
        "inputParameters": {"order": "${$.item}"},
        "forEach": {"items": [7, 8, 9], "concurrency": 2},
        "end": True,
    }
    run_id = begun(designer, definition={"startTask": "Approve", "tasks": {"Approve": gate}})

    def given(status: int = 204, **signal: Any) -> Any:
        body = {"task": "Approve", "output": signal.get("item"), **signal}
        answer = designer.client.post(f"runs/{run_id}/signals", json=body)
        assert answer.status_code == status
        return answer.json()["detail"] if status != 204 else None

    def item_input(item: int) -> Any:
        query = {"task": "Approve", "of": "input", "item": item}
        return designer.client.get(f"runs/{run_id}/value", params=query).json()

    def wait_for(stream: Any, *items: int) -> None:
        waiting = [{"index": item} for item in items]
        next(event for _, event in stream if event.get("items", {}).get("waiting") == waiting)

    with designer.client.stream("GET", f"runs/{run_id}/events") as response:
        stream = events(response)
        wait_for(stream, 0, 1)
        (listed,) = designer.client.get("runs", params={"status": "Waiting"}).json()["items"]
        assert listed["at"] == ["Approve"]
        assert item_input(1) == {"order": 8}
        assert "the item 2 of the task 'Approve' does not wait" in item_input(2)["detail"]
        given(item=1)
        wait_for(stream, 0, 2)
        (shown,) = designer.client.get(f"runs/{run_id}").json()["visits"]
        assert shown["items"] == {
            "count": 3,
            "completed": 1,
            "failed": 0,
            "waiting": [{"index": 0}, {"index": 2}],
        }
        assert "those that wait: 0, 2" in given(409)
        assert "was completed already" in given(409, item=1)
        assert "'item' must be an integer" in given(400, item="0")
        given(item=2)
        given(item=0)
    assert followed(designer, run_id)[-1][1]["status"] == "Completed"
    assert value(designer, run_id) == [0, 1, 2]


def test_a_run_has_the_id_of_its_workflow(
    tmp_path: Path, folder: Path, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files may have one name, and a journal the runs of several folders: the page must not
    take a run for one of another workflow. The id stays over a restart, and if the run is repeated.
    """
    with running_designer(tmp_path, workflows=folder) as first:
        run_id = begun(first, definition=flow(server.url, "A"), workflow="first", input={"of": 7})
        assert followed(first, run_id)[-1][1]["status"] == "Completed"
    journal_path = folder / ".httptask" / "runs.sqlite3"
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    with running_designer(tmp_path, workflows=Path(folder.name)) as second:
        again = begun(second, again={"run": run_id})
        followed(second, again)
        listed = second.client.get("runs").json()["items"]
        assert [run["workflow"] for run in listed] == ["first"] * 2
    with running_designer(tmp_path, workflows=other, runs=journal_path) as third:
        path = str(folder.absolute() / "first.json")
        assert third.client.get(f"runs/{again}").json()["workflow"] == path


def test_the_latest_runs_are_kept_and_found(
    designer: RunningDesigner, server: RawServer, api: Api
) -> None:
    """Fifty runs are kept, older ones removed; they are found by their state and by a task."""
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    short = {"name": "short", "startTask": "End", "tasks": {"End": end}}
    first = begun(designer, definition=short)
    for _ in range(49):
        followed(designer, begun(designer, definition=short))
    api.answers["/A?of=1"] = [servers.response(b"", status="404 Not Found")]
    failed = begun(designer, definition=flow(server.url, "A"), input={"of": 1})
    followed(designer, failed)
    last = begun(designer, definition=short)
    followed(designer, last)

    def ids(**query: str) -> list[str]:
        items = designer.client.get("runs", params=query).json()["items"]
        return [item["id"] for item in items]

    while len(ids()) > 50:  # they are removed once the run has ended
        pass
    assert ids()[:2] == [last, failed]
    assert first not in ids()
    assert ids(status="Failed") == [failed] == ids(task="A")
    assert ids(task="Nobody") == []
    gone = designer.client.get(f"runs/{first}")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:httptask:problem:unknown-run")


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        (
            {"definition": {"startTask": "A", "tasks": {"A": {"type": "Http", "end": True}}}},
            "definition",
            "/tasks/A",
        ),
        (
            {
                "definition": {
                    "startTask": "A",
                    "inputSchema": {"required": ["of"]},
                    "tasks": {"A": {"type": "Terminate", "terminationStatus": "Completed"}},
                },
                "input": {},
            },
            "input",
            "",
        ),
    ],
    ids=["definition", "input"],
)
def test_what_cannot_run_is_said_with_its_places(
    designer: RunningDesigner, body: dict[str, Any], slug: str, pointer: str
) -> None:
    """Nothing runs and no run is kept; every problem comes with its pointer."""
    answer = designer.client.post("runs", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == f"urn:httptask:problem:{slug}"
    assert any(each["pointer"].startswith(pointer) for each in answer.json()["problems"])
    assert answer.json()["detail"].endswith("Nothing was run")
    assert designer.client.get("runs").json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "runs", {}, 400),
        ("POST", "runs", {"definition": [], "input": 1}, 400),
        ("POST", "runs", {"again": {"run": "nothing"}}, 404),
        ("GET", "runs/nothing", None, 404),
        ("GET", "runs/nothing/events", None, 404),
        ("GET", "runs/nothing/visit?task=A", None, 404),
        ("GET", "runs/nothing/value", None, 404),
        ("DELETE", "runs/nothing", None, 404),
        ("POST", "runs/nothing/resume", None, 404),
        ("POST", "runs/nothing/signals", {"task": "A"}, 404),
    ],
)
def test_bad_requests_are_refused(
    designer: RunningDesigner, method: str, path: str, body: Any, status: int
) -> None:
    """With a problem that says what is wrong."""
    answer = designer.client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_runs_obey_the_rules_of_egress(tmp_path: Path, folder: Path, server: RawServer) -> None:
    """A run reaches what a test request reaches, and nothing else."""
    with running_designer(tmp_path, workflows=folder, allow_networks=[]) as closed:
        run_id = begun(closed, definition=flow(server.url, "A"), input={"of": 1})
        told = followed(closed, run_id)
    assert told[-1][1]["status"] == "Failed"
    assert "127.0.0.1" in told[-1][1]["error"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, folder: Path) -> None:
    """Nothing runs, and the problem names the folder."""
    (folder / ".httptask").write_text("in the way")
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    with running_designer(tmp_path, workflows=folder) as running:
        answer = running.client.post(
            "runs", json={"definition": {"startTask": "E", "tasks": {"E": end}}}
        )
    assert answer.status_code == 503
    assert ".httptask" in answer.json()["detail"]


class Loud(EmbeddedEngine):
    """An engine of a plugin that keeps journals, as it is the embedded one."""

    name = "loud"

    def __init__(self) -> None:
        super().__init__()
        self.ran = 0

    async def run(self, *run: Any) -> WorkflowRun:
        self.ran += 1
        return await super().run(*run)


class Forgetful(Loud):
    """An engine that keeps none."""

    name = "forgetful"
    keeps_journals = False


class Brings:
    """A plugin that brings *engine*."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @hookimpl
    def httptask_engines(self) -> list[Engine]:
        """Bring it."""
        return [self._engine]


def test_the_engine_of_a_plugin_runs_what_the_page_runs(
    tmp_path: Path, folder: Path, server: RawServer, api: Api
) -> None:
    """Where the operator chose it; a run that was stopped goes on by it, too. One that keeps no
    journal is refused before anything is served.
    """
    loud = Loud()
    api.silent.add("/A?of=1")
    with running_designer(
        tmp_path, workflows=folder, plugins=plugin_manager(Brings(loud)), engine="loud"
    ) as running:
        run_id = begun(running, definition=flow(server.url, "A"), input={"of": 1})
        assert api.was_asked.wait(60)
        assert running.client.delete(f"runs/{run_id}").status_code == 204
        api.silent.clear()
        assert running.client.post(f"runs/{run_id}/resume").status_code == 201
        assert followed(running, run_id)[-1][1]["status"] == "Completed"
    assert loud.ran == 2
    with pytest.raises(PluginError, match="the engine forgetful keeps no journal"):
        create_app(plugins=plugin_manager(Brings(Forgetful())), engine="forgetful")
