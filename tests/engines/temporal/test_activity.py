"""The activity `http_task` by itself, as workflows of one's own use it."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.api.common.v1 import Payload
from temporalio.converter import StorageDriverSelectContext
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import servers
from connections import peers
from crash_reporter import chain, reported
from engine_definitions import api, at, get, post
from httptask.engines.temporal import HttpTaskArguments, HttpTaskOutcome, activities, http_task
from httptask.engines.temporal._activities import Activities
from httptask.engines.temporal._arguments import TaskProgress
from httptask.engines.temporal._large import MOST, large_values
from httptask.model.rates import OriginLimits
from httptask.task import Runtime
from jobs import accepted, completion, job_server, states
from lists import asked, page
from tasks import http, runtime
from temporal_servers import PATIENCE


@pytest.fixture(autouse=True)
def _this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPTASK_ALLOW_NETWORKS", "127.0.0.0/8")


def environment(**info: Any) -> ActivityEnvironment:
    made = ActivityEnvironment()
    now = datetime.now(UTC)
    fields = {"scheduled_time": now, "started_time": now, **info}
    made.info = replace(made.info, **fields)
    return made


def ran(definition: dict[str, Any], made: ActivityEnvironment | None = None) -> HttpTaskOutcome:
    arguments = HttpTaskArguments(definition, "A", input={"n": 7})
    outcome: HttpTaskOutcome = asyncio.run((made or environment()).run(http_task, arguments))
    return outcome


def failed(definition: dict[str, Any], made: ActivityEnvironment | None = None) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        ran(definition, made)
    return caught.value


def test_it_returns_the_result_and_the_evaluated_parameters() -> None:
    """Without a plugin, as a test environment runs it."""
    assert http_task in activities
    names = [function.__name__ for function in activities]
    assert names == [function.__name__ for function in Activities().functions]
    with api() as server:
        outcome = ran(at(get("/things/1", inputParameters={"n": "${$.input.n}"}), server.url))
    assert outcome.input == {"n": 7}
    assert outcome.output["statusCode"] == 200
    assert outcome.output["body"]["path"] == "/things/1"


def test_a_failure_that_no_repetition_helps_is_not_retried() -> None:
    """Its type is the class of the error, its details are the error as JSON."""
    with api() as server:
        error = failed(at(get("/missing", retry={"maxAttempts": 5}), server.url))
    assert (error.type, error.non_retryable) == ("StatusError", True)
    assert error.details[0].error["result"]["statusCode"] == 404


@pytest.mark.parametrize(
    ("attempt", "is_final"), [(1, False), (2, False), (3, True)], ids=["first", "second", "last"]
)
def test_temporal_makes_the_attempts_that_retry_allows(attempt: int, is_final: bool) -> None:
    """One run of the activity is one attempt of the request, whatever `retry` says."""
    task = get("/busy/9", retry={"maxAttempts": 3, "intervalSeconds": 30})
    with api() as server:
        error = failed(at(task, server.url), environment(attempt=attempt))
        assert len(server.received) == 1
    assert error.non_retryable is is_final
    assert error.details[0].error["attempts"] == attempt
    delay = error.next_retry_delay
    assert is_final == (delay is None)
    assert delay is None or delay.total_seconds() <= 30 * 2 ** (attempt - 1)


def test_the_server_says_when_the_next_attempt_may_come() -> None:
    """`Retry-After` is never undercut."""
    busy = page({}, ("Retry-After", "120"), status="429 Too Many Requests")
    with servers.raw_server(servers.respond(busy)) as server:
        task = get("/a", retry={"maxAttempts": 2, "intervalSeconds": 0})
        error = failed(at(task, server.url))
        assert error.next_retry_delay is not None
        assert error.next_retry_delay.total_seconds() == 120
        error = failed(at({**task, "totalTimeoutSeconds": 60}, server.url))
        assert error.non_retryable
        assert "not tried again: waiting 120 s" in error.message


def test_the_key_is_the_same_over_attempts_and_differs_from_activity_to_activity() -> None:
    """Whoever gives no run of their own has a key for each activity."""
    with api() as server:
        for info in ({}, {"attempt": 2}, {"activity_id": "other"}, {"workflow_run_id": "other"}):
            ran(at(post("/things"), server.url), environment(**info))
        keys = [asked(request).headers["idempotency-key"] for request in server.received]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_cancellation_closes_the_connection_before_the_activity_ends() -> None:
    """The worker's own runtime stays open. The failure says what may have been delivered."""
    arrived = threading.Event()

    def handle(peer: servers.Peer) -> bool:
        peer.read_request()
        arrived.set()
        peer.socket.recv(1)
        return False

    async def main(url: str) -> dict[str, Any]:
        made, port = environment(), int(url.rpartition(":")[2])
        arguments = HttpTaskArguments(at(post("/a"), url), "A")
        async with runtime() as shared:
            running = asyncio.ensure_future(made.run(Activities(shared).http_task, arguments))
            await asyncio.to_thread(arrived.wait, PATIENCE)
            assert port in peers()
            made.cancel(ActivityCancellationDetails(cancel_requested=True))
            with pytest.raises(ApplicationError) as caught:
                await running
            assert port not in peers()
        error: dict[str, Any] = caught.value.details[0].error
        return error

    with servers.raw_server(handle) as server:
        error = asyncio.run(main(server.url))
    assert (error["kind"], error["maybeDelivered"]) == ("cancelled", True)


def test_a_state_that_cannot_be_kept_is_named() -> None:
    """The SDK cancels an activity whose heartbeat cannot be stored, and nobody stopped the task."""
    arrived = threading.Event()

    def handle(peer: servers.Peer) -> bool:
        peer.read_request()
        arrived.set()
        peer.socket.recv(1)
        return False

    async def main(url: str) -> dict[str, Any]:
        made = environment()
        running = asyncio.ensure_future(
            made.run(http_task, HttpTaskArguments(at(post("/a"), url), "A"))
        )
        await asyncio.to_thread(arrived.wait, PATIENCE)
        made.cancel(None)  # type: ignore[arg-type] - the SDK gives no details then
        with pytest.raises(ApplicationError) as caught:
            await running
        error: dict[str, Any] = caught.value.details[0].error
        return error

    with servers.raw_server(handle) as server:
        error = asyncio.run(main(server.url))
    assert (error["kind"], error["maybeDelivered"]) == ("task", True)
    assert "could not keep the state of the task" in error["message"]
    assert "HTTPTASK_FILES" in error["message"]


@pytest.mark.parametrize(
    ("activity_type", "may_have_sent"),
    [("http_task", True), ("http_task_pinned", False), ("httptask_items", False)],
)
def test_a_value_that_is_too_large_says_whether_a_request_was_sent(
    activity_type: str, may_have_sent: bool
) -> None:
    """A pin answers instead of a server, and the items of a task are only listed."""
    selected = large_values(None).driver_selector
    assert callable(selected)

    async def work() -> None:
        selected(StorageDriverSelectContext(), Payload(data=b"x" * (MOST + 1)))

    with pytest.raises(ApplicationError) as caught:
        asyncio.run(environment(activity_type=activity_type).run(work))
    assert caught.value.details[0].error["maybeDelivered"] is may_have_sent


def test_an_attempt_that_is_stopped_before_its_request_tells_of_those_before() -> None:
    """The first one has sent nothing; whoever tried before may have."""

    async def stopped(shared: Runtime, url: str, attempt: int) -> bool:
        made, waits = environment(attempt=attempt), asyncio.Event()
        made.on_heartbeat = lambda *details: waits.set()
        task = get("/a", rateLimit={"requests": 1, "seconds": 60}, retry={"maxAttempts": 3})
        arguments = HttpTaskArguments(at(task, url), "A")
        running = asyncio.ensure_future(made.run(Activities(shared).http_task, arguments))
        await asyncio.wait(
            [running, asyncio.ensure_future(waits.wait())], return_when="FIRST_COMPLETED"
        )
        if running.done():  # it had the only token
            return True
        made.cancel(ActivityCancellationDetails(cancel_requested=True))
        with pytest.raises(ApplicationError) as caught:
            await running
        return bool(caught.value.details[0].error["maybeDelivered"])

    async def main(url: str) -> list[bool]:
        async with runtime() as shared:
            assert await stopped(shared, url, 1)
            return await asyncio.gather(*(stopped(shared, url, attempt) for attempt in (1, 2)))

    with api() as server:
        assert asyncio.run(main(server.url)) == [False, True]
        assert len(server.received) == 1


def test_the_next_attempt_polls_the_job_that_the_last_one_started() -> None:
    """A heartbeat tells of the job before the first poll; it is not started again."""
    steps = [accepted(("Location", "/jobs/1")), *states("running", "succeeded")]
    task = post("/jobs", completion=completion())
    told: list[Any] = []
    made = environment()
    made.on_heartbeat = lambda *details: told.append(details[0])
    with job_server(*steps) as server:
        ran(at(task, server.url), made)
        started = len(server.received)
    assert told[0].state["url"].endswith("/jobs/1")
    with job_server(*states("succeeded")) as server:
        state = {**told[0].state, "url": f"{server.url}/jobs/1"}
        details = (TaskProgress(state).to_json(),)
        outcome = ran(at(task, server.url), environment(attempt=2, heartbeat_details=details))
        assert [asked(request).method for request in server.received] == ["GET"]
    assert started > 1
    assert outcome.output["job"]["url"] == f"{server.url}/jobs/1"


def test_a_long_wait_between_polls_ends_the_activity() -> None:
    """Where the workflow says so: its timer waits, and no worker is held."""
    steps = [accepted(("Location", "/jobs/1"), ("Retry-After", "3600")), *states("succeeded")]
    task = post("/jobs", completion={"mode": "poll", "poll": {"timeoutSeconds": 86400}})
    with job_server(*steps) as server:
        arguments = HttpTaskArguments(at(task, server.url), "A", longest_wait_seconds=60)
        outcome = asyncio.run(environment().run(http_task, arguments))
        assert outcome.wait_until is not None
        wait = datetime.fromisoformat(outcome.wait_until) - datetime.now(UTC)
        assert 3500 < wait.total_seconds() <= 3600
        again = replace(arguments, state=outcome.state)
        done = asyncio.run(environment().run(http_task, again))
        assert len(server.received) == 2
    assert done.output["job"]["polls"] == 1


def test_the_start_of_a_job_can_end_the_activity() -> None:
    """The result has the job's URL before anything is polled. A job that is over at once is one
    activity all the same, and an attached one is not started.
    """
    task = post("/jobs", completion=completion(result="location"), idempotencyKey=False)
    steps = [
        accepted(("Location", "/jobs/1")),
        *states("running", "succeeded"),
        page({"at": "end"}),
    ]
    with job_server(*steps) as server:
        arguments = HttpTaskArguments(at(task, server.url), "A", hands_on_start=True)
        outcome = asyncio.run(environment().run(http_task, arguments))
        assert outcome.state["url"] == f"{server.url}/jobs/1"
        assert len(server.received) == 1
        again = replace(arguments, state=outcome.state)
        done = asyncio.run(environment().run(http_task, again))
        assert len(server.received) == 3
    assert done.output["job"]["polls"] == 2
    known = post("/jobs", completion=completion(url="/jobs/1", done=["succeeded"]))
    with job_server(*states("succeeded")) as server:
        arguments = HttpTaskArguments(at(known, server.url), "A", hands_on_start=True)
        done = asyncio.run(environment().run(http_task, arguments))
        assert len(server.received) == 1
    assert done.wait_until is None
    assert done.output["job"]["polls"] == 0
    with job_server(*states("running", "succeeded")) as server:
        attached = {**completion(), "attach": f"{server.url}/jobs/1"}
        arguments = HttpTaskArguments(
            at(post("/jobs", completion=attached), server.url), "A", hands_on_start=True
        )
        done = asyncio.run(environment().run(http_task, arguments))
        assert len(server.received) == 2
    assert done.wait_until is None


def test_an_endpoint_that_the_worker_does_not_have_is_said_so() -> None:
    """The sentence names the queue, the endpoint and what to do."""
    with api() as server:
        error = failed({**at(get("/a"), server.url), "endpoint": "acme-nothing"})
    assert error.non_retryable
    assert "has no endpoint 'acme-nothing' in its catalogue" in error.message
    assert "HTTPTASK_CATALOGUE" in error.message


def test_the_next_attempt_reads_on_where_the_last_one_stopped() -> None:
    """A heartbeat tells of the pages so far, and what they brought is in the result all the same."""
    pagination = {
        "mode": "page",
        "parameter": {"in": "query", "name": "page"},
        "items": "$.data",
        "total": "$.total",
    }
    told: list[Any] = []
    made = environment()
    made.on_heartbeat = lambda *details: told.append(details[0])
    with api() as server:
        task = at(get("/pages", pagination=pagination), server.url)
        whole = ran(task, made)
        details = (told[0].to_json(),)
        rest = ran(task, environment(attempt=2, heartbeat_details=details))
        asked_for = [asked(request).query.get("page", "1") for request in server.received]
    assert asked_for == ["1", "2", "3", "2", "3"]
    assert rest.output["body"] == whole.output["body"] == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_no_context_of_a_failure_has_what_was_masked_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does a local variable of any frame: a server that echoes the credential is quoted by
    neither.
    """
    token = "c4n4ryT0kenOfALength"
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", json.dumps({"type": "bearer", "token": token}))
    answer = servers.response(
        json.dumps({"echo": token}).encode(), servers.JSON, status="403 Forbidden"
    )
    with servers.raw_server(servers.respond(answer)) as server:
        error = failed(http(server.url, credentials="api"))
    assert error.details[0].error["result"]["body"] == {"echo": "•••"}
    for one in chain(error):
        assert token not in repr((one, vars(one), [vars(detail) for detail in one.details]))
    assert token not in reported(error)


def test_what_a_server_says_of_its_limits_holds_for_all_tasks_of_a_worker() -> None:
    """They share the worker's runtime: a task that comes after a refusal waits as long as that
    said, and says why.
    """
    busy = page({}, ("Retry-After", "1"), status="503 Service Unavailable")

    async def main(url: str) -> HttpTaskOutcome:
        async with runtime() as shared:
            own = Activities(shared)
            first = HttpTaskArguments(at(get("/a", retry={"maxAttempts": 2}), url), "A")
            with pytest.raises(ApplicationError):
                await environment().run(own.http_task, first)
            second = HttpTaskArguments(at(get("/b"), url), "B")
            outcome: HttpTaskOutcome = await environment().run(own.http_task, second)
            return outcome

    with job_server(busy, page({"ok": True})) as server:
        outcome = asyncio.run(main(server.url))
    assert "Retry-After" in "".join(outcome.notes or ())


async def of_worker(shared: Runtime, definition: dict[str, Any]) -> dict[str, Any]:
    """Run *definition* by a worker with the runtime *shared*; return its error, {} for none."""
    arguments = HttpTaskArguments(definition, "A")
    try:
        await environment().run(Activities(shared).http_task, arguments)
    except ApplicationError as failure:
        error: dict[str, Any] = failure.details[0].error
        return error
    return {}


def test_a_token_bucket_holds_for_all_tasks_of_a_worker_and_for_no_other_worker() -> None:
    """The second task finds the bucket empty, for longer than it may take; on another worker there
    is a token.
    """
    limit = {"requests": 1, "seconds": 600}

    async def main(url: str) -> list[dict[str, Any]]:
        task = get("/a", rateLimit=limit, totalTimeoutSeconds=60)
        async with runtime() as one, runtime() as other:
            return [await of_worker(shared, at(task, url)) for shared in (one, one, other)]

    with api() as server:
        first, second, elsewhere = asyncio.run(main(server.url))
        assert len(server.received) == 2
    assert (first, elsewhere) == ({}, {})
    assert second["maybeDelivered"] is False
    assert "1 requests per 600 s" in second["message"]


def test_a_circuit_breaker_opens_in_its_worker_alone() -> None:
    """After two failures a worker sends no third request; another one does."""
    limits = OriginLimits(failure_count=2, open_seconds=600)

    async def main(url: str) -> list[dict[str, Any]]:
        task = at(get("/broken"), url)
        async with runtime(origin_limits=limits) as one, runtime(origin_limits=limits) as other:
            return [await of_worker(shared, task) for shared in (one, one, one, other)]

    with api() as server:
        errors = asyncio.run(main(server.url))
        assert len(server.received) == 3
    assert [error["kind"] for error in errors] == ["status", "status", "connection", "status"]
    assert "circuit breaker" in errors[2]["message"]
