"""Tests of workflows as their authors write them: `run_pinned`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from httptask.model.workflow import WorkflowDefinition
from httptask.testing import arun_pinned, run_pinned
from tasks import http

URL = "https://api.acme.example/things"


def flow(**tasks: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Flow", "startTask": next(iter(tasks)), "tasks": tasks}


def test_nobody_waits() -> None:
    """Not even a `Wait` task; what it was told is the time that it waited for."""
    wait = {"type": "Wait", "seconds": 86_400, "nextTask": "Get"}
    task = http(URL, request={"query": {"at": "${swf:now}"}})
    ended = run_pinned(flow(Wait=wait, Get=task), {"tasks": {"Get": {"status": 204}}})
    assert ended.status == "Completed"
    before, after = (ended.run.tasks[index].ended_at for index in (0, -1))
    assert before is not None
    assert after is not None
    assert before[:10] < after[:10]


def test_a_request_without_a_pin_fails_the_test() -> None:
    """Whatever the run made of it: a route of its errors would hide it."""
    task = http(URL, onError=[{"errors": ["blocked"], "nextTask": "End"}])
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    with pytest.raises(AssertionError, match=r"request of 'Get': it has no pin"):
        run_pinned(flow(Get=task, End=end), {})
    with pytest.raises(AssertionError, match=r"has 1, and this is its request number 2"):
        run_pinned(
            flow(Get=http(URL, retry={"maxAttempts": 2})), {"tasks": {"Get": [{"status": 503}]}}
        )


def test_a_failed_run_is_looked_at() -> None:
    """With its error, its tasks and what they would have sent."""
    post = http(URL, request={"method": "POST", "body": {"a": [1]}})
    ended = run_pinned(flow(Post=post), {"tasks": {"Post": {"status": 422, "body": "no"}}})
    assert (ended.status, ended.output) == ("Failed", None)
    assert "422" in str(ended.error)
    (request,) = ended.requests_of("Post")
    assert (request.method, request.url, request.json()) == ("POST", URL, {"a": [1]})
    assert request.header("content-type") == "application/json"
    with pytest.raises(AssertionError, match=r"did not reach the task 'Past', only: Post"):
        ended.task("Past")


def test_definitions_in_files_find_theirs_and_their_pins(tmp_path: Path) -> None:
    """Those that they run, with the pins next to each; in async tests, too."""
    outer = flow(Run={"type": "Workflow", "definition": "inner", "end": True})
    (tmp_path / "pins").mkdir()
    for name, document in {
        "outer": outer,
        "inner": flow(Get=http(URL)),
        "pins/outer": {},
        "pins/inner": {"tasks": {"Get": {"body": "found"}}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), "utf-8")
    ended = asyncio.run(arun_pinned(tmp_path / "outer.json"))
    assert ended.output["body"] == "found"
    definition = WorkflowDefinition(outer, source=str(tmp_path / "outer.json"))
    assert run_pinned(definition).output["body"] == "found"
