"""Answers without a state where it is looked for: no job is done because its state is elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import servers
from httptask.errors import CompletionError
from jobs import accepted, completion, job_server
from lists import page
from tasks import call, failure, http

LOCATION = accepted(("Location", "/jobs/7"))
NO_CONTENT = servers.response(status="204 No Content")
NAMED = {"url": "/jobs/7"}


def task(server_url: str, **poll: Any) -> dict[str, Any]:
    return http(f"{server_url}/start", request={"method": "POST"}, completion=completion(**poll))


@pytest.mark.parametrize("poll", [NAMED, {}])
@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"data": {"status": "running"}}, "$.data.status"),
        ({"job": {"id": 7, "status": "queued"}, "links": {}}, "$.job.status"),
        ({"jobStatus": "IN_PROGRESS", "id": 7}, "$.jobStatus"),
        ({"operation": {"state": "Failed"}}, "$.operation.state"),
        ({"status": {"phase": "Running"}}, "$.status.phase"),
        ({"JOB_STATE": "RUNNING", "id": 7}, "$.JOB_STATE"),
        ({"status": {"code": "PENDING"}}, "$.status.code"),
        ({"jobs": [{"status": "running"}]}, "$.jobs[0].status"),
    ],
)
def test_a_state_elsewhere_is_named(poll: dict[str, Any], body: Any, where: str) -> None:
    """At `poll.url` and at a `Location`: the error says which query it is."""
    with job_server(LOCATION, page(body)) as server:
        error = failure(task(server.url, **poll))
        assert len(server.received) == 2
        assert isinstance(error, CompletionError)
        assert f"set poll.status to {where}" in str(error)
        assert error.job is not None
        assert error.job.url == f"{server.url}/jobs/7"
    done = {"$.data.status": {"data": {"status": "done"}}}
    if where in done:
        with job_server(LOCATION, page(body), page(done[where])) as server:
            assert call(task(server.url, **poll, status=where)).body == done[where]


@pytest.mark.parametrize(
    "body",
    [
        {"items": [1], "owner": {"status": "pending"}},
        {"order": {"state": "CA"}},
        {"address": {"state": "CA"}, "id": 1},
        {"paymentStatus": "pending", "id": 1},
        {"runtime": {"state": "pending"}, "important": {"status": "failed"}},
        {"rows": 5},
    ],
)
def test_a_result_may_have_states_of_its_own(body: Any) -> None:
    """What answers at a `Location` is the result, and is about a thing."""
    with job_server(LOCATION, page(body)) as server:
        assert call(task(server.url)).body == body


@pytest.mark.parametrize(
    "body", [{"rows": 5}, {"address": {"state": "CA"}}, {"job": {"status": "ok"}}]
)
def test_an_answer_without_a_state_is_the_result(body: Any) -> None:
    """At `poll.url`, too, where nothing says that the job runs."""
    with job_server(page({"id": 7}), page(body)) as server:
        assert call(task(server.url, **NAMED)).body == body


@pytest.mark.parametrize("answer", [page({"rows": 5}), NO_CONTENT])
def test_a_state_that_the_author_names_has_to_be_there(answer: bytes) -> None:
    """Neither another answer nor an empty one is done without it."""
    with job_server(LOCATION, answer) as server:
        error = failure(task(server.url, status="$.phase"))
    assert isinstance(error, CompletionError)
    assert "there is nothing at $.phase" in str(error)


def test_an_end_that_the_author_names_needs_no_state() -> None:
    """`until` alone says when the job is done."""
    steps = [page({"data": {"status": name}}) for name in ("running", "done")]
    with job_server(LOCATION, *steps) as server:
        until = "${jsonata: body.data.status = 'done'}"
        assert call(task(server.url, **NAMED, until=until)).body == {"data": {"status": "done"}}
