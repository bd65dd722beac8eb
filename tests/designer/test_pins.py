"""Pins behind the designer: kept next to the definition, and what a run answers with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import SEED, RunningDesigner, events, running_designer
from tasks import http

URL = "https://api.acme.example/things"
NEW = {"If-None-Match": "*"}


@pytest.fixture
def designer(tmp_path: Path, folder: Path) -> Iterator[RunningDesigner]:
    with running_designer(tmp_path, workflows=folder) as running:
        yield running


def put(designer: RunningDesigner, task: str, value: Any, guard: dict[str, str]) -> Any:
    return designer.client.put(f"workflows/flow/pins/{task}", json=value, headers=guard)


def test_a_response_becomes_a_pin_without_secrets(designer: RunningDesigner, folder: Path) -> None:
    """In `pins/ID.json`: without what says how it travelled, and with secrets masked."""
    assert designer.client.get("workflows/flow/pins").json() == {"tasks": {}}
    response = {
        "status": 200,
        "headers": [
            ["Content-Type", "application/json"],
            ["Content-Encoding", "gzip"],
            ["Set-Cookie", "session=1"],
            ["X-Api-Key", "k-1"],
            ["Link", "</2>; rel=next"],
            ["Link", "</9>; rel=last"],
        ],
        "decodedAs": "json",
        "text": '{"id": 12345678901234567890, "access_token": "t-1", "note": "Bearer abc123def456"}',
        "endpoint": "acme-things-get",
    }
    answer = put(designer, "Get/all", {"response": response}, NEW)
    pin = answer.json()["tasks"]["Get/all"]
    assert pin.pop("pinnedAt").endswith("Z")
    assert pin == {
        "status": 200,
        "headers": {
            "Content-Type": "application/json",
            "Link": ["</2>; rel=next", "</9>; rel=last"],
        },
        "body": {"id": 12345678901234567890, "access_token": "•••", "note": "•••"},
        "endpoint": "acme-things-get",
    }
    kept = json.loads((folder / "pins/flow.json").read_text("utf-8"))
    assert kept["tasks"]["Get/all"]["body"] == pin["body"]
    again = designer.client.get("workflows/flow/pins")
    assert again.json() == {"tasks": kept["tasks"]}
    assert again.headers["ETag"] == answer.headers["ETag"]


def test_two_tabs_do_not_write_over_one_another(designer: RunningDesigner, folder: Path) -> None:
    """Whoever does not know the newest pins changes nothing, and is told."""
    first = put(designer, "Get", {"pin": {"body": 1}}, NEW).headers["ETag"]
    second = put(designer, "Tell", {"pin": {"body": 2}}, {"If-Match": first})
    assert set(second.json()["tasks"]) == {"Get", "Tell"}
    for late in (NEW, {"If-Match": first}):
        refused = put(designer, "Get", {"pin": {"body": 3}}, late)
        assert (refused.status_code, refused.headers["ETag"]) == (412, second.headers["ETag"])
        assert "another tab" in refused.json()["detail"]
    assert put(designer, "Get", {"pin": {"body": 3}}, {}).status_code == 428
    guard = {"If-Match": second.headers["ETag"]}
    left = designer.client.delete("workflows/flow/pins/Get", headers=guard)
    assert left.json() == {"tasks": {"Tell": {"body": 2}}}
    kept = json.loads((folder / "pins/flow.json").read_text("utf-8"))
    assert kept == {"tasks": {"Tell": {"body": 2}}}


def test_a_wrong_pin_is_not_kept(designer: RunningDesigner, folder: Path) -> None:
    """It is said with its place; a broken file stays as it is; links are not followed."""
    refused = put(designer, "Get", {"pin": {"bdy": 1}}, NEW)
    assert refused.status_code == 422
    (problem,) = refused.json()["problems"]
    assert (problem["pointer"], problem["suggestion"]) == ("/bdy", "body")
    gone = put(designer, "Get", {"pin": {"example": True}, "endpoint": SEED}, NEW)
    assert (gone.status_code, gone.json()["type"]) == (422, "urn:httptask:problem:pins")
    assert "no documented example" in gone.json()["detail"]
    assert not (folder / "pins").exists()
    (folder / "pins").mkdir()
    file = folder / "pins/flow.json"
    file.write_text("{", "utf-8")
    listed = designer.client.get("workflows/flow/pins")
    assert "Mend the file" in listed.json()["broken"]
    guard = {"If-Match": listed.headers["ETag"]}
    assert put(designer, "Get", {"pin": {"body": 1}}, guard).status_code == 422
    assert file.read_text("utf-8") == "{"
    file.unlink()
    file.symlink_to(folder.parent / "elsewhere.json")
    assert put(designer, "Get", {"pin": {"body": 1}}, NEW).status_code == 422
    assert not (folder.parent / "elsewhere.json").exists()


def test_a_run_answers_with_pins(designer: RunningDesigner) -> None:
    """Each visit says that it was pinned; offline, a task without a pin is refused; wrong pins run
    nothing.
    """
    get = http(URL)
    del get["end"]
    tasks = {"Get": {**get, "nextTask": "Tell"}, "Tell": http(URL)}
    definition = {"name": "flow", "startTask": "Get", "tasks": tasks}
    tag = put(designer, "Get", {"pin": {"body": {"id": 7}}}, NEW).headers["ETag"]

    def ran(mode: str) -> Any:
        start = {"definition": definition, "workflow": "flow", "pins": mode}
        return designer.client.post("runs", json=start)

    with designer.client.stream("GET", f"runs/{ran('offline').json()['id']}/events") as stream:
        told = list(events(stream))
    visits = {one["name"]: one for kind, one in told if kind == "visit"}
    assert (visits["Get"]["status"], visits["Get"]["pinned"]) == ("Completed", 1)
    assert "has no pin, and nothing is sent offline" in visits["Tell"]["message"]
    tag = put(designer, "Tell", {"pin": {"status": 204}}, {"If-Match": tag}).headers["ETag"]
    with designer.client.stream("GET", f"runs/{ran('answer').json()['id']}/events") as stream:
        assert list(events(stream))[-1][1]["status"] == "Completed"
    put(designer, "Gte", {"pin": {"body": 1}}, {"If-Match": tag})
    refused = ran("answer")
    assert refused.status_code == 422
    assert "there is no task 'Gte'" in refused.json()["detail"]
