"""A job that nobody waits for any more is ended at the server, where its author wants that."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import servers
from httptask.sending import Progress, told, watched
from httptask.task import HttpTask
from jobs import accepted, completion, job_server, states
from lists import Asked, asked, list_server, page
from tasks import exchange, failure, http, runtime, store

STARTED = accepted(("Operation-Location", "/operations/7"), body={"id": 7})
LATE = {"timeoutSeconds": 0.05, "intervalSeconds": 0.02}


def cancelled(url: str, cancel: dict[str, Any], **poll: Any) -> dict[str, Any]:
    """Return a task that starts a job at *url*, and cancels it as *cancel* says."""
    request = {"method": "POST", "body": {"size": 3}}
    return http(url, request=request, completion=completion(**poll) | {"cancel": cancel})


def requests(server: servers.RawServer) -> list[tuple[str, str]]:
    """Return method and target of what *server* got."""
    received = [asked(one) for one in server.received]
    return [(one.method, one.target) for one in received]


@pytest.mark.parametrize(
    ("cancel", "first", "expected"),
    [
        ({}, STARTED, ("DELETE", "/operations/7")),
        ({"method": "POST"}, STARTED, ("POST", "/operations/7")),
        ({"url": "/jobs/${$.body.id}/stop"}, STARTED, ("DELETE", "/jobs/7/stop")),
        ({}, page({"name": "operations/7"}), ("POST", "/v1/operations/7:cancel")),
        ({"method": "DELETE"}, page({"name": "operations/7"}), ("DELETE", "/v1/operations/7")),
    ],
    ids=["auto", "method", "url", "google", "google-delete"],
)
def test_the_deadline_cancels_the_job(
    cancel: dict[str, Any], first: bytes, expected: tuple[str, str]
) -> None:
    """The request has no body; the error is that of the deadline, and the call is listed."""
    with job_server(first, *states("Running")) as server:
        error = failure(cancelled(f"{server.url}/v1/things", cancel, **LATE))
        sent = requests(server)
        assert asked(server.received[-1]).body == b""
    assert sent[-1] == expected
    assert [one for one in sent[1:-1] if one[0] != "GET"] == []
    assert error.kind == "completion"
    assert str(error).endswith("; it was cancelled")
    assert error.job is not None
    assert error.job.stopped_by == "deadline"
    assert error.exchange is not None
    assert error.exchange.job is not None
    assert error.exchange.job.calls[-1].purpose == "cancel"


def test_a_job_that_cannot_be_cancelled_is_said() -> None:
    """The error of the deadline says it, too."""

    def answer(asked: Asked) -> bytes:
        if asked.method == "POST":
            return STARTED
        refused = servers.response(b"", status="409 Conflict")
        return refused if asked.method == "DELETE" else page({"status": "Running"})

    with list_server(answer) as server:
        error = failure(cancelled(server.url, {}, **LATE))
    assert error.kind == "completion"
    assert "could not be cancelled" in str(error)
    assert "409" in str(error)


@pytest.mark.parametrize("last", [states("Succeeded"), states("Failed")], ids=["done", "failed"])
def test_a_job_that_ended_is_not_cancelled(last: list[bytes]) -> None:
    """There is nothing to end."""
    with job_server(STARTED, *last) as server:
        definition = cancelled(server.url, {})
        with runtime() as shared:
            HttpTask(definition, runtime=shared).test_request()
        assert [method for method, _ in requests(server)] == ["POST", "GET"]


def test_a_test_request_cancels_nothing() -> None:
    """Its job may go on; the next poll is shown."""
    with job_server(STARTED, *states("Running")) as server:
        seen = exchange(cancelled(server.url, {}))
        assert [method for method, _ in requests(server)] == ["POST", "GET", "GET"]
    assert seen.job is not None


def test_a_stopped_run_cancels_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the credential, before the run ends; the progress has the job."""
    store(monkeypatch, key={"type": "apiKey", "in": "header", "name": "X-Key", "key": "s3cret"})

    async def stopped(url: str) -> Progress:
        progress, waits = Progress(), asyncio.Event()
        watched.set(progress)
        told.set(lambda _: waits.set())
        definition = cancelled(url, {}, intervalSeconds=30) | {"credentials": "key"}
        async with runtime() as shared:
            running = asyncio.create_task(HttpTask(definition, runtime=shared).acall())
            await waits.wait()
            running.cancel()
            (outcome,) = await asyncio.gather(running, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError)
        return progress

    with job_server(STARTED, servers.response(b"", status="204 No Content")) as server:
        progress = asyncio.run(stopped(server.url))
        assert requests(server) == [("POST", "/"), ("DELETE", "/operations/7")]
        assert asked(server.received[1]).headers["x-key"] == "s3cret"
    assert progress.maybe_delivered
    assert progress.stopped["job"]["url"] == f"{server.url}/operations/7"


def test_a_run_that_is_stopped_while_it_reads_the_result_cancels_nothing() -> None:
    """The job is done already."""

    async def stopped(url: str) -> None:
        definition = cancelled(url, {}, result="location")
        async with runtime() as shared:
            running = asyncio.create_task(HttpTask(definition, runtime=shared).acall())
            while len(server.received) < 3:  # noqa: ASYNC110 - another thread receives
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def result(_: Asked) -> bytes:
        released.wait(5)
        return page({"rows": 3})

    released = threading.Event()
    done = page({"status": "Succeeded", "resourceLocation": "/results/7"})
    with job_server(STARTED, done, result) as server:
        asyncio.run(stopped(server.url))
        released.set()
        assert requests(server)[2:] == [("GET", "/results/7")]


def test_a_run_that_is_stopped_while_it_starts_a_job_cancels_nothing() -> None:
    """Nothing names the job yet."""

    async def stopped(url: str) -> None:
        async with runtime() as shared:
            task = HttpTask(cancelled(url, {}), runtime=shared)
            await asyncio.wait_for(task.acall(), 0.3)

    with (
        servers.raw_server(servers.silent()) as server,
        pytest.raises(TimeoutError),
    ):
        asyncio.run(stopped(server.url))
    assert len(server.received) <= 1
