"""Jobs of servers on loopback, each by its convention, with `{"mode": "poll"}` alone."""

from __future__ import annotations

from typing import Any

import pytest

import servers
from httptask.errors import CompletionError, Job
from jobs import accepted, completion, job_server, states
from lists import asked, page, targets
from tasks import call, failure, http

POST = {"method": "POST", "body": {"size": 3}}


def poll_task(url: str, *, request: dict[str, Any] | None = None, **poll: Any) -> dict[str, Any]:
    """Return a task that starts a job at *url* and waits for it."""
    return http(url, request=POST if request is None else request, completion=completion(**poll))


@pytest.mark.parametrize("header", ["Operation-Location", "Azure-AsyncOperation"])
def test_an_operation_is_polled_until_its_state_is_an_end(header: str) -> None:
    """Any state that is no end goes on; the result is the last poll's."""
    steps = states("NotStarted", "Copying data", "Succeeded")
    with job_server(accepted((header, "/operations/7")), *steps) as server:
        result = call(poll_task(f"{server.url}/copies"))
        assert targets(server) == ["/copies", *["/operations/7"] * 3]
    assert result.body == {"status": "Succeeded"}
    assert result.attempts == 4
    assert isinstance(result.job, Job)
    assert result.job.to_json() | {"elapsedSeconds": 0} == {
        "url": f"{server.url}/operations/7",
        "status": "Succeeded",
        "states": ["NotStarted", "Copying data", "Succeeded"],
        "polls": 3,
        "stoppedBy": "done",
        "elapsedSeconds": 0,
    }


def test_the_operation_comes_before_the_location() -> None:
    """Of several headers that name a URL the one of the job is polled, in the documented order."""
    headers = [
        ("Content-Location", "/d"),
        ("Location", "/c"),
        ("Azure-AsyncOperation", "/b"),
        ("Operation-Location", "/a"),
    ]
    for count, expected in ((4, "/a"), (3, "/b"), (2, "/c"), (1, "/d")):
        with job_server(accepted(*headers[:count]), page({"status": "Succeeded"})) as server:
            call(poll_task(f"{server.url}/start"))
            assert targets(server) == ["/start", expected]


def test_a_location_is_polled_until_it_is_no_202() -> None:
    """The first 200 is the result, whatever its body."""
    steps = [accepted(), accepted(("Location", "/monitor/8")), page({"id": 5, "status": "active"})]
    with job_server(accepted(("Location", "/monitor/7")), *steps) as server:
        result = call(poll_task(f"{server.url}/things"))
        assert targets(server) == ["/things", "/monitor/7", "/monitor/7", "/monitor/8"]
    assert result.body == {"id": 5, "status": "active"}


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted"])
def test_a_content_location_is_polled_where_there_is_no_location(status: str) -> None:
    """The last of the headers that may name a job; relative to the answer's URL."""
    started = page({"status": "running"}, ("Content-Location", "jobs/7"), status=status)
    with job_server(started, page({"status": "running"}), page({"rows": 3})) as server:
        result = call(poll_task(f"{server.url}/v1/start"))
        assert targets(server) == ["/v1/start", "/v1/jobs/7", "/v1/jobs/7"]
    assert result.body == {"rows": 3}


def test_a_job_at_a_location_says_itself_how_it_is() -> None:
    """A 200 whose `status` is a word for a running job goes on."""
    steps = states("queued", "in_progress", "rendering", "completed")
    with job_server(accepted(("Location", "jobs/7")), *steps) as server:
        result = call(poll_task(f"{server.url}/v1/start"))
        assert targets(server)[1:] == ["/v1/jobs/7"] * 4
    assert result.body == {"status": "completed"}


def test_a_status_monitor_may_redirect_to_the_result() -> None:
    """A 303 is followed; what answers there is the result, though it names no state."""
    see_other = servers.response(b"", ("Location", "/things/5"), status="303 See Other")
    steps = [page({"status": "Running"}), see_other, page({"id": 5})]
    with job_server(accepted(("Operation-Location", "/operations/7")), *steps) as server:
        assert call(poll_task(f"{server.url}/things")).body == {"id": 5}


@pytest.mark.parametrize("more", [{}, {"method": "QUERY", "body": {"a": 1}}], ids=["GET", "QUERY"])
def test_without_a_url_a_get_is_asked_again(more: dict[str, Any]) -> None:
    """A 202 until the 200, at the same URL; the request stays as it was."""
    request = {"query": {"year": 2026}, "headers": {"X-Team": "red"}, **more}
    with job_server(accepted(), accepted(), page([1, 2])) as server:
        result = call(poll_task(f"{server.url}/stats", request=request))
        assert targets(server) == ["/stats?year=2026"] * 3
        assert {asked(one).headers["x-team"] for one in server.received} == {"red"}
        assert len({(asked(one).method, asked(one).body) for one in server.received}) == 1
    assert result.body == [1, 2]


@pytest.mark.parametrize("status", ["200 OK", "201 Created"])
def test_a_resource_is_read_until_it_is_provisioned(status: str) -> None:
    """A PUT whose answer has `properties.provisioningState` is a job at its own URL."""

    def resource(state: str, status: str = "200 OK") -> bytes:
        return page({"id": 5, "properties": {"provisioningState": state}}, status=status)

    steps = [resource("Creating", status), resource("AlmostThere"), resource("Succeeded")]
    request = {"method": "PUT", "body": {"size": 3}}
    with job_server(*steps) as server:
        result = call(poll_task(f"{server.url}/things/5", request=request))
        methods = [asked(one).method for one in server.received]
        assert methods == ["PUT", "GET", "GET"]
        assert [asked(one).body for one in server.received][1:] == [b"", b""]
    assert result.body["properties"] == {"provisioningState": "Succeeded"}


@pytest.mark.parametrize(
    ("path", "name", "polled"),
    [
        ("/v1/projects/p/things", "projects/p/operations/7", "/v1/projects/p/operations/7"),
        ("/v1beta2/things:import", "operations/7", "/v1beta2/operations/7"),
        ("/api/v2/things", "operations/7", "/api/v2/operations/7"),
        ("/things", "/v3/operations/7", "/v3/operations/7"),
        ("/things", "operations/7", "/operations/7"),
    ],
)
def test_a_google_operation_is_polled_by_its_name(path: str, name: str, polled: str) -> None:
    """`name` is relative to the API's version, and `done` may be left out while it is false."""
    done = {"name": name, "done": True, "response": {"id": 5}}
    with job_server(page({"name": name}), page({"name": name}), page(done)) as server:
        result = call(poll_task(f"{server.url}{path}", result="${$.body.response}"))
        assert targets(server) == [path, polled, polled]
    assert result.body == {"id": 5}
    assert result.job is not None
    assert result.job.states == ("running", "done")


def test_a_google_operation_that_is_done_at_once_is_not_polled() -> None:
    """The first answer is then the result."""
    done = {"name": "operations/7", "done": True, "response": {"id": 5}}
    with job_server(page(done)) as server:
        assert call(poll_task(f"{server.url}/v1/things")).body == done
        assert len(server.received) == 1


def test_a_google_operation_fails_with_its_error() -> None:
    """`done` with an `error` is a failure, whose reason is named."""
    error = {"code": 8, "message": "the quota is used up"}
    failed = page({"name": "operations/7", "done": True, "error": error})
    with job_server(page({"name": "operations/7", "done": False}), failed) as server:
        problem = failure(poll_task(f"{server.url}/v1/things"))
    assert isinstance(problem, CompletionError)
    assert "8: the quota is used up" in str(problem)


@pytest.mark.parametrize(
    "answer",
    [
        page({"id": 5}),
        page({"id": 5, "status": "active"}),
        page({"id": 5}, ("Location", "/things/5"), status="201 Created"),
        page({"id": 5, "status": "created"}, ("Location", "/things/5"), status="201 Created"),
        page({"name": "Ann", "done": False}),
        servers.response(b"", status="204 No Content"),
    ],
    ids=["200", "status-of-a-thing", "201", "created", "to-do", "204"],
)
def test_an_answer_without_a_job_is_the_result(answer: bytes) -> None:
    """Nothing is polled, and there is no `job`."""
    with job_server(answer) as server:
        result = call(poll_task(f"{server.url}/things"))
        assert len(server.received) == 1
    assert result.job is None


@pytest.mark.parametrize("state", ["Failed", "CANCELED", "cancelled", "error"])
def test_a_failed_job_fails_the_task(state: str) -> None:
    """In the class `completion`, not to be tried again, with the last answer and the job."""
    answer = page({"status": state, "error": {"code": "Full", "message": "no room"}})
    with job_server(accepted(("Operation-Location", "/operations/7")), answer) as server:
        error = failure(poll_task(f"{server.url}/things", request=POST), limits=None)
    assert error.kind == "completion"
    assert f"the job ended in the state {state!r}: Full: no room" in str(error)
    assert not error.retryable
    assert error.maybe_delivered
    assert error.result is not None
    assert error.result.body["status"] == state
    assert error.job is not None
    assert error.job.stopped_by == "failed"
    assert error.result.job == error.job


def test_an_operation_without_a_state_is_an_error() -> None:
    """It is said where the state was looked for, and the job is not lost."""
    with job_server(accepted(("Operation-Location", "/operations/7")), page({"id": 7})) as server:
        error = failure(poll_task(f"{server.url}/things"))
    assert error.kind == "completion"
    assert "$.status" in str(error)
    assert error.job is not None
    assert error.job.url == f"{server.url}/operations/7"


def test_a_job_without_a_url_is_an_error() -> None:
    """A POST that is answered 202 and no more: its URL is not to be asked."""
    with job_server(accepted()) as server:
        error = failure(poll_task(f"{server.url}/things"))
        assert len(server.received) == 1
    assert error.kind == "completion"
    assert "poll.url" in str(error)
    assert error.maybe_delivered
