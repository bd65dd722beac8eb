"""What is wrong with a `completion`: one problem for each wrong value, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.task import HttpTask
from tasks import http, runtime


def problems_of(completion: Any, **fields: Any) -> dict[str, str]:
    """Return the codes of the problems of a task by their pointers."""
    with runtime() as shared:
        definition = http("https://api.acme.example/jobs", completion=completion, **fields)
        problems = HttpTask(definition, runtime=shared).problems()
    assert len({problem.pointer for problem in problems}) == len(problems)
    assert all(str(problem) for problem in problems)
    return {problem.pointer: problem.code for problem in problems}


def poll(**fields: Any) -> dict[str, Any]:
    return {"mode": "poll", "poll": fields}


@pytest.mark.parametrize(
    ("completion", "pointer", "code"),
    [
        ([], "", "type"),
        ({}, "", "required"),
        ({"mode": "wait"}, "/mode", "enum"),
        ({"mode": "poll", "pol": {}}, "/pol", "unknown-name"),
        ({"mode": "poll", "when": "$.body"}, "/when", "condition"),
        ({"mode": "poll", "when": "${$.bdy}"}, "/when", "expression-no-name"),
        ({"mode": "poll", "attach": "jobs/7"}, "/attach", "completion-value"),
        ({"mode": "poll", "attach": 7}, "/attach", "type"),
        ({"mode": "poll", "cancel": {"method": "PUT"}}, "/cancel/method", "enum"),
        ({"mode": "poll", "cancel": {"url": "jobs"}}, "/cancel/url", "completion-value"),
        (poll(url="Auto"), "/poll/url", "completion-value"),
        (poll(url="ftp://a.example"), "/poll/url", "completion-value"),
        (poll(status="status"), "/poll/status", "completion-value"),
        (poll(status="${$.status}"), "/poll/status", "completion-value"),
        (poll(status="$..a..b"), "/poll/status", "completion-value"),
        (poll(done="Succeeded"), "/poll/done", "type"),
        (poll(done=[]), "/poll/done", "min-items"),
        (poll(done=[1]), "/poll/done/0", "type"),
        (poll(done=["A", "B"], failed=["B"]), "/poll/failed", "completion-states"),
        (poll(until="done"), "/poll/until", "condition"),
        (poll(intervalSeconds=-1), "/poll/intervalSeconds", "minimum"),
        (poll(intervalSeconds=9, maxIntervalSeconds=3), "/poll/maxIntervalSeconds", ""),
        (poll(backoffRate=0.5), "/poll/backoffRate", "minimum"),
        (poll(timeoutSeconds=0), "/poll/timeoutSeconds", "exclusive-minimum"),
        (poll(result="selv"), "/poll/result", "completion-value"),
        (poll(result="${$.bdy}"), "/poll/result", "expression-no-name"),
    ],
)
def test_a_wrong_value_is_one_problem(completion: Any, pointer: str, code: str) -> None:
    """At the value, by a code of its own; nothing else is said."""
    problems = problems_of(completion)
    assert problems == {f"/completion{pointer}": code or "completion-interval"}


@pytest.mark.parametrize(
    "completion",
    [
        {"mode": "poll"},
        {"mode": "poll", "poll": None, "attach": None},
        poll(url="/jobs/${$.body.id}", status="$.headers['x-state']", result="location"),
        poll(until="${$.body[?@.ready == true]}", result="${$.body.rows}", done=None),
        poll(maxIntervalSeconds=1),
        {"mode": "poll", "cancel": {}},
        {"mode": "poll", "cancel": {"method": "POST", "url": "/jobs/${$.body.id}/cancel"}},
        {"mode": "poll", "when": "${jsonata: statusCode = 202}", "attach": "${$.job}"},
    ],
)
def test_a_right_setting_has_no_problem(completion: Any) -> None:
    """An unset field is null or absent."""
    assert problems_of(completion, inputParameters={"job": "${$.input.job}"}) == {}


def test_a_task_waits_or_reads_pages() -> None:
    """Not both."""
    problems = problems_of({"mode": "poll"}, pagination={"mode": "link"})
    assert problems == {"/completion": "completion-with-pagination"}


@pytest.mark.parametrize("reading", ["text", "file"])
def test_states_are_read_from_parsed_json(reading: str) -> None:
    """A body that is not parsed has none."""
    problems = problems_of({"mode": "poll"}, responseBody=reading)
    assert problems == {"/responseBody": "completion-unread"}


def test_all_problems_are_reported_at_once() -> None:
    """A wrong type at one value does not hide what is wrong with another."""
    problems = problems_of(poll(done="Succeeded", until="x", url=7) | {"when": []})
    assert problems == {
        "/completion/when": "type",
        "/completion/poll/done": "type",
        "/completion/poll/url": "type",
        "/completion/poll/until": "condition",
    }
