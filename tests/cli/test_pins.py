"""Pins on the command line: `--pins` and `--offline`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import Run
from tasks import http

URL = "https://api.acme.example/things"


@pytest.fixture
def flow(tmp_path: Path) -> str:
    """Return the name of a definition of two tasks, of which the first has pins."""
    get = http(URL, retry={"maxAttempts": 2, "intervalSeconds": 600}, totalTimeoutSeconds=9000)
    del get["end"]
    tasks: dict[str, Any] = {"Get": {**get, "nextTask": "Tell"}, "Tell": http(URL + "/tell")}
    document = {"name": "Things", "startTask": "Get", "tasks": tasks}
    (tmp_path / "flow.json").write_text(json.dumps(document, indent=1), "utf-8")
    write(tmp_path, {"Get": [{"status": 503}, {"body": {"id": 7}}]})
    return "flow.json"


def write(folder: Path, tasks: dict[str, Any], name: str = "flow") -> None:
    (folder / "pins").mkdir(exist_ok=True)
    (folder / f"pins/{name}.json").write_text(json.dumps({"tasks": tasks}, indent=1), "utf-8")


def test_a_whole_workflow_replays(run: Run, flow: str, tmp_path: Path) -> None:
    """With pins for all tasks nothing is sent, and the run says which were pinned."""
    write(tmp_path, {"Get": {"body": {"id": 7}}, "Tell": {"status": 204}}, "all")
    done = run("run", flow, "--pins", "pins/all.json", "--json")
    assert done.status == 0
    assert [task["pinned"] for task in done.json["tasks"]] == [1, 1]
    assert done.json["output"]["statusCode"] == 204
    shown = run("run", flow, "--pins", "pins/all.json")
    assert "s, pinned)" in shown.err
    assert "not pinned" not in shown.err


def test_offline_refuses_what_has_no_pin(run: Run, flow: str) -> None:
    """By the name of the task, with what to do; `--offline` alone takes the pins next to it."""
    for words in (("--pins", "--offline"), ("--offline",)):
        done = run("run", flow, *words)
        assert done.status == 1
        assert "'Tell': it has no pin, and nothing is sent offline" in done.out
    assert "sent" not in run("run", flow, "--offline").err.partition("nothing")[0]


def test_what_is_sent_in_spite_of_pins_is_said(run: Run, flow: str) -> None:
    """Without `--offline`, before anything is sent."""
    done = run("run", flow, "--pins")
    assert "not pinned, and sent to their servers (--offline refuses them): Tell" in done.err


def test_a_test_request_is_answered_by_the_pin(run: Run, flow: str) -> None:
    """The exchange shows the request, and says that nothing was sent."""
    done = run("test-request", flow, "--task", "Get", "--pins")
    assert done.status == 0
    assert "pinned, not sent:\n> GET /things HTTP/1.1\n> Host: api.acme.example" in done.out
    assert "attempts: 2," in done.out
    value = run("test-request", flow, "--task", "Get", "--pins", "--json").json
    assert value["attempts"][-1]["hops"][0]["pinned"] is True
    bare = run("test-request", flow, "--task", "Tell", "--pins", "--offline")
    assert bare.status == 1
    assert "outcome: blocked" in bare.out


def test_pins_that_are_not_there_stop_the_run(run: Run, flow: str) -> None:
    """Nothing is sent, and the command says why."""
    done = run("run", flow, "--pins", "none.json")
    assert done.status == 2
    assert "none.json" in done.err


def test_a_misspelt_task_is_said(run: Run, flow: str, tmp_path: Path) -> None:
    """Its requests would be sent."""
    write(tmp_path, {"Gte": {"body": 1}})
    done = run("run", flow, "--pins")
    assert done.status == 2
    assert "/tasks/Gte: there is no task 'Gte' that sends a request; did you mean Get?" in done.err


def test_validate_says_everything_wrong_with_pins_at_once(
    run: Run, flow: str, tmp_path: Path
) -> None:
    """Neither a misspelt field nor a misspelt task hides a pin that does not fit, and broken JSON does not hide the
    definition's own problems.
    """
    own = {"Get": {"bdy": 1}, "Gte": {"body": 1}, "Tell": {"body": 1, "endpoint": "other"}}
    write(tmp_path, own)
    done = run("validate", flow)
    assert done.status == 1
    assert "/tasks/Get/bdy: unknown name" in done.out
    assert "error: pins/flow.json: line 6, /tasks/Gte: there is no task 'Gte'" in done.out
    assert "did you mean Get?" in done.out
    assert "/tasks/Tell/endpoint: " in done.out
    (tmp_path / "broken.json").write_text("{", "utf-8")
    broken = run("validate", flow, "--pins", "broken.json", "--json")
    assert broken.status == 1
    assert broken.json["problems"] == []
    assert broken.json["pins"]["problems"][0]["code"] == "json"
    missing = run("validate", flow, "--pins", "nowhere.json")
    assert "there are no pins in nowhere.json: pin a response on the page" in missing.out
