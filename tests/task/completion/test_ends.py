"""What a wait for a job ends in, whatever the server does: the job is never lost in silence."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask._core import packaged
from httptask.errors import CompletionError, SettingsError, TaskError
from httptask.model.exchange import Exchange
from httptask.model.task import Inputs
from httptask.sending import Progress, RoundNews, told, watched
from httptask.task import HttpTask, lost_state
from httptask.task.completion._state import JobState
from jobs import accepted, completion, job_server, states
from lists import Asked, asked, list_server, page, targets
from tasks import call, exchange, failure, http, runtime, store

POST = {"method": "POST", "body": {"size": 3}}
STARTED = accepted(("Operation-Location", "/operations/7"))
BUSY = servers.response(b"", status="503 Service Unavailable")
MISSING = servers.response(b"", status="404 Not Found")


def poll_task(server_url: str, **fields: Any) -> dict[str, Any]:
    """Return a task that starts a job at *url*; *fields* are of `poll`, but `about`: of the task."""
    about = fields.pop("about", {})
    return http(f"{server_url}/start", request=POST, completion=completion(**fields), **about)


# States and conditions


def test_the_author_names_the_states() -> None:
    """With `done` any other word goes on, those of the conventions too."""
    steps = states("completed", "done", "SHIPPED", field="phase")
    with job_server(STARTED, *steps) as server:
        result = call(poll_task(server.url, status="$.phase", done=["SHIPPED"]))
    assert result.job is not None
    assert result.job.states == ("completed", "done", "SHIPPED")


def test_a_state_that_the_author_calls_failed_is_a_failure() -> None:
    """Whatever else the answer says."""
    with job_server(STARTED, *states("Waiting", "Stalled")) as server:
        error = failure(poll_task(server.url, failed=["Stalled"]))
    assert "'Stalled'" in str(error)


def test_a_state_may_stand_in_a_header() -> None:
    """A query that begins with `$.headers` reads them."""
    steps = [page({}, ("X-State", "busy")), page({"id": 5}, ("X-State", "ok"))]
    with job_server(STARTED, *steps) as server:
        result = call(poll_task(server.url, status="$.headers['X-State']", done=["ok"]))
    assert result.body == {"id": 5}


def test_a_condition_ends_the_wait() -> None:
    """`until` over the poll's result; a failed state still ends it."""
    condition = "${jsonata: body.left = 0}"
    steps = [page({"left": 2}), page({"left": 0})]
    with job_server(STARTED, *steps) as server:
        result = call(poll_task(server.url, until=condition))
    assert result.job is not None
    assert (result.job.polls, result.job.stopped_by) == (2, "until")
    with job_server(STARTED, page({"left": 2, "status": "failed"})) as server:
        error = failure(poll_task(server.url, until=condition))
    assert error.kind == "completion"


def test_the_author_says_whether_there_is_a_job() -> None:
    """`when` decides alone, over the first answer."""
    when = {"when": "${jsonata: body.queued}"}
    setting = completion(url="/jobs/${$.body.id}") | when
    for queued, polls in ((True, 1), (False, 0)):
        first = page({"queued": queued, "id": 7})
        with job_server(first, page({"status": "done"})) as server:
            call(http(server.url, request=POST, completion=setting))
            assert targets(server)[1:] == ["/jobs/7"] * polls


def test_the_author_says_where_the_job_is() -> None:
    """`poll.url` may be made of the first answer, and any success is then a job."""
    with job_server(page({"id": 7, "status": "ok"}), *states("running", "done")) as server:
        result = call(poll_task(server.url, url="/jobs/${$.body.id}"))
        assert targets(server) == ["/start", "/jobs/7", "/jobs/7"]
    assert result.body == {"status": "done"}


def test_states_that_nobody_named_are_named_at_the_deadline() -> None:
    """The wait ends in the class `completion`; the job may still run, and can be attached to."""
    steps = states("Warming", "Grinding")
    with job_server(STARTED, *steps) as server:
        error = failure(
            poll_task(server.url, done=["Served"], intervalSeconds=0.01, timeoutSeconds=0.3)
        )
        assert len(server.received) > 3
    assert isinstance(error, CompletionError)
    assert "states seen: 'Warming', 'Grinding'" in str(error)
    assert "attach to job.url" in str(error)
    assert error.maybe_delivered
    assert not error.retryable
    assert error.job is not None
    assert (error.job.stopped_by, error.job.url) == ("deadline", f"{server.url}/operations/7")
    assert error.result is not None
    assert error.result.body == {"status": "Grinding"}
    again = TaskError.from_json(json.loads(json.dumps(error.to_json())))
    assert isinstance(again, CompletionError)
    assert again.to_json() == error.to_json()


# Waits


def test_retry_after_is_obeyed() -> None:
    """Of the first answer and of each poll; else the interval grows up to its maximum."""
    first = accepted(("Operation-Location", "/operations/7"), ("Retry-After", "1"))
    steps = [page({"status": "Running"})] * 3 + [page({"status": "Succeeded"})]
    with job_server(first, *steps) as server:
        news: list[RoundNews] = []
        token = told.set(news.append)
        call(poll_task(server.url, intervalSeconds=0.01, backoffRate=2, maxIntervalSeconds=0.03))
        told.reset(token)
    assert [one.wait_seconds for one in news] == [1.0, 0.02, 0.03, 0.03]
    assert news[-1].state["polls"] == 3


def test_no_server_is_asked_more_often_than_the_task_would() -> None:
    """`Retry-After: 0` means the interval, up to a second."""
    steps = [page({"status": "Running"}, ("Retry-After", "0"))] * 2
    first = accepted(("Operation-Location", "/operations/7"), ("Retry-After", "0"))
    with job_server(first, *steps, page({"status": "Succeeded"})) as server:
        news: list[RoundNews] = []
        token = told.set(news.append)
        call(poll_task(server.url, intervalSeconds=0.02, backoffRate=2))
        told.reset(token)
    assert [one.wait_seconds for one in news] == [0.02] * 3


def test_a_wait_longer_than_the_time_for_the_job_ends_it_at_once() -> None:
    """The error says how long the server asks to wait."""
    first = accepted(("Operation-Location", "/operations/7"), ("Retry-After", "500"))
    with job_server(first) as server:
        error = failure(poll_task(server.url))
        assert len(server.received) == 1
    assert error.retry_after == 500
    assert "500 s" in str(error)


# Polls without an answer


def test_a_job_that_is_not_known_yet_is_asked_for_again() -> None:
    """Two times 404 right after its creation are no end, a third one is."""
    with job_server(STARTED, MISSING, MISSING, *states("Succeeded")) as server:
        result = call(poll_task(server.url))
    assert result.job is not None
    assert result.job.polls == 3
    with job_server(STARTED, MISSING) as server:
        error = failure(poll_task(server.url))
        assert len(server.received) == 4
    assert error.kind == "status"
    assert error.job is not None


def test_a_job_that_vanishes_is_an_error() -> None:
    """A 404 after an answer is the class of its call, with the job."""
    with job_server(STARTED, *states("Running"), MISSING, *states("Succeeded")) as server:
        error = failure(poll_task(server.url))
    assert (error.kind, error.job and error.job.status) == ("status", "Running")
    assert error.maybe_delivered


def test_a_server_that_is_busy_does_not_lose_the_job() -> None:
    """Four polls in a row may fail as what may be tried again; the fifth ends the wait."""
    with job_server(STARTED, *[BUSY] * 4, *states("Running"), BUSY, *states("Succeeded")) as server:
        result = call(poll_task(server.url))
    assert result.body == {"status": "Succeeded"}
    with job_server(STARTED, BUSY) as server:
        error = failure(poll_task(server.url))
        assert len(server.received) == 6
    assert error.kind == "status"
    assert error.job is not None
    assert error.job.url == f"{server.url}/operations/7"


def test_a_poll_is_tried_again_as_the_task_says() -> None:
    """Each poll is a call with the task's retry, and each attempt is counted."""
    with job_server(STARTED, BUSY, BUSY, *states("Succeeded")) as server:
        retry = {"intervalSeconds": 0, "maxAttempts": 3}
        result = call(poll_task(server.url, about={"retry": retry}))
    assert result.job is not None
    assert (result.job.polls, result.attempts) == (1, 4)


def test_a_poll_that_is_refused_ends_the_wait() -> None:
    """401 is not tried again."""
    refused = servers.response(b"", status="401 Unauthorized")
    with job_server(STARTED, refused) as server:
        error = failure(poll_task(server.url))
        assert len(server.received) == 2
    assert error.kind == "status"
    assert error.job is not None
    assert error.job.stopped_by == "error"


def test_a_first_request_that_fails_starts_no_job() -> None:
    """It ends in its own class, without a job."""
    with job_server(BUSY) as server:
        error = failure(poll_task(server.url))
    assert (error.kind, error.job) == ("status", None)


def test_the_conditions_of_the_task_are_for_its_own_request() -> None:
    """`successCondition` decides on the first answer, not on polls."""
    about = {"successCondition": "${jsonata: statusCode = 202}"}
    with job_server(STARTED, *states("Running", "Succeeded")) as server:
        assert call(poll_task(server.url, about=about)).status_code == 200


# Origins and secrets


def test_another_origin_gets_no_credential_and_no_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job elsewhere is polled without what is secret."""
    store(monkeypatch, key={"type": "apiKey", "in": "header", "name": "X-Key", "key": "s3cret"})
    with list_server(lambda _: page({"status": "Succeeded"})) as other:
        first = accepted(("Operation-Location", f"{other.url}/operations/7?sig=abc"))
        with job_server(first) as server:
            call(poll_task(server.url, about={"credentials": "key"}))
            assert asked(server.received[0]).headers["x-key"] == "s3cret"
        polled = asked(other.received[0])
    assert (polled.method, polled.target, polled.body) == ("GET", "/operations/7?sig=abc", b"")
    assert "x-key" not in polled.headers


def test_its_own_origin_gets_the_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll is a whole call."""
    store(monkeypatch, key={"type": "apiKey", "in": "header", "name": "X-Key", "key": "s3cret"})
    with job_server(STARTED, *states("Succeeded")) as server:
        call(poll_task(server.url, about={"credentials": "key"}))
        assert asked(server.received[1]).headers["x-key"] == "s3cret"


def test_egress_rules_look_at_each_poll() -> None:
    """A job at an address that is not allowed is not asked, and is not forgotten."""
    first = accepted(("Operation-Location", "http://127.0.0.2:9/operations/7"))
    with job_server(first) as server:
        error = failure(poll_task(server.url), allow=["127.0.0.1/32"])
    assert error.kind == "blocked"
    assert error.job is not None
    assert error.maybe_delivered


@pytest.mark.parametrize("url", ["ftp://a.example/7", "http://user:pw@a.example/7"])
def test_a_url_that_is_not_followed_is_an_error(url: str) -> None:
    """It is said, and the server may have the job."""
    with job_server(accepted(("Operation-Location", url))) as server:
        error = failure(poll_task(server.url))
    assert error.maybe_delivered
    assert "a poll" in str(error)


def test_https_does_not_fall_back_to_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status of a job that was started with https is not asked for with http."""
    with job_server(page({"status": "Succeeded"})) as plain:
        first = accepted(("Operation-Location", plain.url))
        with job_server(first, with_tls=True) as server:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
            error = failure(poll_task(server.url), allow=["localhost", "127.0.0.1"])
        assert plain.received == []
    assert f"a poll from https to http is not followed: {plain.url}" in str(error)


def test_a_poll_has_no_idempotency_key() -> None:
    """The key is that of the request which starts the job."""
    with job_server(STARTED, *states("Succeeded")) as server:
        call(poll_task(server.url, about={"idempotencyKey": True}))
        keys = ["idempotency-key" in asked(one).headers for one in server.received]
    assert keys == [True, False]


# Results


def test_the_result_may_be_where_an_answer_says() -> None:
    """`location`: a request for the `resourceLocation`, or the `Location` of a header."""
    done = {"status": "Succeeded", "resourceLocation": "/things/5"}
    for last in (page(done), page({"status": "Succeeded"}, ("Location", "/things/5"))):
        with job_server(STARTED, last, page({"id": 5})) as server:
            result = call(poll_task(server.url, result="location"))
            assert targets(server) == ["/start", "/operations/7", "/things/5"]
            assert asked(server.received[2]).method == "GET"
        assert result.body == {"id": 5}
        assert result.job is not None
        assert result.job.stopped_by == "done"


def test_a_result_that_cannot_be_read_does_not_lose_the_job() -> None:
    """The class is that of the call, and the job says that it was done."""
    done = page({"status": "Succeeded"}, ("Location", "/things/5"))
    with job_server(STARTED, done, MISSING) as server:
        error = failure(poll_task(server.url, result="location"))
    assert error.kind == "status"
    assert error.job is not None
    assert error.job.status == "Succeeded"


def test_what_was_put_is_the_result() -> None:
    """`location` of a PUT without a `Location` is the URL that was written."""
    with job_server(STARTED, *states("Succeeded"), page({"id": 5})) as server:
        request = {"method": "PUT", "body": {}}
        definition = http(
            f"{server.url}/things/5", request=request, completion=completion(result="location")
        )
        assert call(definition).body == {"id": 5}
        assert targets(server)[-1] == "/things/5"


def test_a_result_that_no_answer_names_is_an_error() -> None:
    """It is not replaced by another in silence."""
    with job_server(STARTED, *states("Succeeded")) as server:
        error = failure(poll_task(server.url, result="location"))
    assert error.kind == "completion"
    assert "where its result is" in str(error)


def test_the_first_answer_may_be_the_result() -> None:
    """`original`, with the summary of the job."""
    first = accepted(("Operation-Location", "/operations/7"), body={"id": 5})
    with job_server(first, *states("Succeeded")) as server:
        result = call(poll_task(server.url, result="original"))
    assert (result.status_code, result.body) == (202, {"id": 5})
    assert result.job is not None
    assert result.job.status == "Succeeded"


def test_the_result_may_be_an_expression() -> None:
    """Over the last poll's result; its value is the body."""
    with job_server(STARTED, page({"status": "Succeeded", "rows": [1, 2]})) as server:
        result = call(poll_task(server.url, result="${$.body.rows}"))
        assert result.body == [1, 2]
    with job_server(STARTED, *states("Succeeded")) as server:
        error = failure(poll_task(server.url, result="${$.body.rows}"))
    assert error.kind == "expression"
    assert error.job is not None


# Going on


def test_a_second_run_attaches_to_the_job() -> None:
    """`job.url` of the first run, as an input parameter: nothing is started again."""
    setting = completion() | {"attach": "${$.job}"}
    with job_server(*states("Running", "Succeeded")) as server:
        definition = http(
            f"{server.url}/start",
            request=POST,
            inputParameters={"job": "${$.input.job}"},
            completion=setting,
        )
        inputs = Inputs(input={"job": f"{server.url}/operations/7"})
        result = call(definition, inputs=inputs)
        assert targets(server) == ["/operations/7"] * 2
        assert {asked(one).method for one in server.received} == {"GET"}
    assert result.body == {"status": "Succeeded"}
    with job_server(page({"id": 5})) as server:
        definition["httpRequest"]["url"] = f"{server.url}/start"
        assert call(definition, inputs=Inputs(input={"job": None})).body == {"id": 5}
        assert targets(server) == ["/start"]


def test_what_is_attached_to_is_a_url() -> None:
    """Another value is a problem of the settings: nothing is sent."""
    definition = http(
        "http://127.0.0.1:9/",
        inputParameters={"job": "${$.input.job}"},
        completion=completion() | {"attach": "${$.job}"},
    )
    for job in (7, "operations/7", {"url": "http://a.example"}):
        error = failure(definition, inputs=Inputs(input={"job": job}))
        assert isinstance(error, SettingsError)
        assert error.problems[0].pointer == "/completion/attach"


def test_another_process_goes_on_with_the_state() -> None:
    """The state of the progress is JSON, and with it no job is started."""

    async def stopped(url: str) -> Progress:
        progress, waits = Progress(), asyncio.Event()
        watched.set(progress)
        told.set(lambda _: waits.set())
        async with runtime() as shared:
            task = HttpTask(poll_task(url, intervalSeconds=30), name="Wait", runtime=shared)
            running = asyncio.create_task(task.acall())
            await waits.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return progress

    async def goes_on(url: str, state: Any) -> Any:
        async with runtime() as shared:
            task = HttpTask(poll_task(url, result="original"), name="Wait", runtime=shared)
            return await task.arun(Inputs(), state=state)

    with job_server(STARTED, *states("Succeeded")) as server:
        progress = asyncio.run(stopped(server.url))
        assert progress.maybe_delivered
        assert progress.stopped["job"]["url"] == f"{server.url}/operations/7"
        state = json.loads(json.dumps(progress.round_state))
        state["original"] = {"statusCode": 202, "reasonPhrase": "Accepted", "headers": {}}
        state["original"] |= {"body": 1, "url": "", "attempts": 1, "elapsedSeconds": 0}
        outcome = asyncio.run(goes_on(server.url, state))
        assert targets(server) == ["/start", "/operations/7"]
    assert outcome.output["body"] == 1
    assert outcome.output["job"]["polls"] == 1


@pytest.mark.parametrize("cancel", [None, {"method": "POST"}], ids=["", "cancel"])
def test_a_poll_that_is_lost_at_the_deadline_is_the_last_one(cancel: Any) -> None:
    """A poll that loses every process must end. The job may be cancelled already: nothing is sent.

    Before the deadline, and without a loss, the job is polled.
    """

    async def goes_on(url: str, state: Any, seconds: float) -> Any:
        definition = poll_task(url, timeoutSeconds=seconds)
        definition["completion"] |= {"cancel": cancel} if cancel else {}
        async with runtime() as shared:
            task = HttpTask(definition, name="Wait", runtime=shared)
            return await task.arun(Inputs(), state=state)

    with job_server(*states("Succeeded")) as server:
        url = f"{server.url}/operations/7"
        state = JobState(url, "operation", polls=1, began=time.time() - 60).to_json()
        with pytest.raises(CompletionError, match="the process that made it was lost") as raised:
            asyncio.run(goes_on(server.url, lost_state(state), 30))
        assert server.received == []
        assert asyncio.run(goes_on(server.url, lost_state(state), 90)).output["job"]["polls"] == 2
        assert asyncio.run(goes_on(server.url, state, 30)).output["job"]["polls"] == 2
    assert raised.value.job is not None
    assert (raised.value.job.url, raised.value.job.stopped_by) == (url, "deadline")


def test_a_state_without_end_is_cut() -> None:
    """What a server calls a state stands in the error and the exchange; it is bounded there."""
    with job_server(STARTED, *states("x" * 100_000)) as server:
        error = failure(poll_task(server.url, failed=["x" * 100_000]))
    assert error.job is not None
    assert error.job.states == ("x" * 200,)
    assert len(str(error)) < 400
    assert error.exchange is not None
    assert error.exchange.job is not None
    assert error.exchange.job.calls[-1].state == "x" * 200


# Test requests


@pytest.mark.parametrize(
    ("last", "more"),
    [("Running", {}), ("Failed", {}), ("Succeeded", {"result": "location"}), ("Succeeded", {})],
)
def test_the_exchange_is_as_its_schema_says(last: str, more: dict[str, Any]) -> None:
    """However the job ended."""
    schema = packaged.schema("exchange")
    with job_server(STARTED, *states(last)) as server:
        seen = exchange(poll_task(server.url, **more)).to_json()
    assert seen["job"]["status"] == last
    assert list(Draft202012Validator(schema).iter_errors(seen)) == []


def test_a_test_request_makes_two_polls() -> None:
    """And shows the request of the third one."""
    with job_server(STARTED, *states("Running")) as server:
        seen = exchange(poll_task(server.url))
        assert len(server.received) == 3
    assert seen.outcome == "success"
    assert seen.job is not None
    assert (seen.job.summary.stopped_by, seen.job.summary.status) == ("testRequest", "Running")
    assert [one.purpose for one in seen.job.calls] == ["start", "poll", "poll"]
    assert seen.job.next_request is not None
    assert seen.job.next_request.url == f"{server.url}/operations/7"
    assert Exchange.from_json(seen.to_json()).to_json() == seen.to_json()


def test_a_test_request_does_not_wait_longer_than_a_request_may_take() -> None:
    """A wait beyond `totalTimeoutSeconds` is not begun: the next poll is shown."""
    with job_server(STARTED, *states("Running")) as server:
        about = {"totalTimeoutSeconds": 3}
        seen = exchange(poll_task(server.url, intervalSeconds=5, about=about))
        assert len(server.received) == 1
    assert seen.job is not None
    assert seen.job.summary.polls == 0
    assert seen.job.next_request is not None


def test_many_polls_take_a_bounded_record() -> None:
    """The first and the last calls are listed, and the number of those between them."""
    steps = [*states("Running") * 300, *states("Failed")]
    with job_server(STARTED, *steps) as server:
        error = failure(poll_task(server.url, timeoutSeconds=600))
    assert error.exchange is not None
    assert error.exchange.job is not None
    assert error.exchange.job.summary.polls == 301
    assert len(error.exchange.job.calls) == 200
    assert error.exchange.job.omitted == 102


def test_a_secret_in_the_url_of_a_job_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange has a mask; the poll has the key once."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})

    def started(asked: Asked) -> bytes:
        return accepted(("Location", f"/jobs/7?key={asked.query['key']}"))

    with job_server(started, *states("Running")) as server:
        seen = exchange(poll_task(server.url, about={"credentials": "key"}))
        assert targets(server)[1] == "/jobs/7?key=s3cret-value"
    assert "s3cret-value" not in json.dumps(seen.to_json())
