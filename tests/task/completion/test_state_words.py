"""Words for states: how servers write them, and what each is taken for."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import CompletionError
from jobs import accepted, completion, job_server, page, states
from tasks import call, failure, http

POST = {"method": "POST", "body": {"size": 3}}
STARTED = accepted(("Location", "/jobs/7"))


def poll_task(server_url: str, **poll: Any) -> dict[str, Any]:
    """Return a task that starts a job at *server_url* and polls it by *poll*."""
    return http(f"{server_url}/start", request=POST, completion=completion(**poll))


@pytest.mark.parametrize(
    "state",
    [
        *("TIMED_OUT", "timeout", "expired", "Rejected", "TERMINATED", "killed", "INTERNAL_ERROR"),
        *("TRAINING_FAILED", "Cancelled by user", "failed: disk full", "ValidationError"),
    ],
)
def test_a_job_that_ended_without_success_is_a_failure(state: str) -> None:
    """Conductor, batches of OpenAI, YARN and Databricks end so, with a 200; it is no result."""
    with job_server(STARTED, page({"status": state, "id": 7})) as server:
        error = failure(poll_task(server.url))
    assert isinstance(error, CompletionError)
    assert error.job is not None
    assert (error.job.status, error.job.stopped_by) == (state, "failed")


@pytest.mark.parametrize(
    "state",
    [
        *("PENDING_REVIEW", "PendingApproval", "waiting for a worker", "processing (3/5)"),
        *("UPDATE_IN_PROGRESS", "enqueued", "In Queue", "not-ready", "scheduled", "initiated"),
    ],
)
def test_a_job_at_a_location_that_says_it_goes_on_is_no_result(state: str) -> None:
    """In several words, too: the 200 is not taken for its result."""
    with job_server(STARTED, page({"status": state}), page({"rows": 3})) as server:
        result = call(poll_task(server.url))
    assert result.body == {"rows": 3}
    assert result.job is not None
    assert result.job.states == (state,)


@pytest.mark.parametrize("state", ["created", "NEW", "paused", "On hold", "suspended", "active"])
@pytest.mark.parametrize(
    ("location", "members"),
    [
        ("/jobs/7", {}),
        ("/v1/operations/7/status", {}),
        ("/exports/7", {}),
        ("/things/7", {"progress": 0}),
        ("/things/7", {"completed_at": None}),
    ],
)
def test_a_job_at_a_location_that_has_not_begun_or_stands_still_is_no_result(
    location: str, members: dict[str, Any], state: str
) -> None:
    """Its URL is one of jobs, or it has what only a job has: it is polled on."""
    started = accepted(("Location", location))
    with job_server(started, page({"status": state, **members}), *states("completed")) as server:
        result = call(poll_task(server.url))
    assert result.body == {"status": "completed"}
    assert result.job is not None
    assert result.job.states == (state, "completed")


@pytest.mark.parametrize("state", ["created", "active", "new", "paused"])
def test_other_words_of_what_is_at_a_location_are_its_own(state: str) -> None:
    """They may be those of the thing that was made."""
    with job_server(accepted(("Location", "/things/7")), page({"status": state})) as server:
        assert call(poll_task(server.url)).body == {"status": state}


@pytest.mark.parametrize("state", ["processing complete", "no error", "archived"])
def test_a_word_that_nobody_knows_is_an_end_at_a_location(state: str) -> None:
    """At that of a job, too: waiting for another word might last for ever."""
    with job_server(STARTED, page({"status": state})) as server:
        assert call(poll_task(server.url)).body == {"status": state}


def test_the_authors_end_comes_before_the_words_of_conventions() -> None:
    """A state that an author waits for is no failure, whatever the word says elsewhere."""
    with job_server(STARTED, *states("RUNNING", "EXPIRED")) as server:
        result = call(poll_task(server.url, done=["expired"]))
    assert result.body == {"status": "EXPIRED"}


@pytest.mark.parametrize("progress", [100, 100.0, "100"])
def test_a_number_may_be_the_state(progress: Any) -> None:
    """However it is written."""
    steps = page({"progress": 50.5}), page({"progress": progress})
    with job_server(STARTED, *steps) as server:
        result = call(poll_task(server.url, status="$.progress", done=["100"]))
    assert result.job is not None
    assert result.job.states == ("50.5", "100")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"code": "X", "message": "no"}}, 'error: {"code":"X","message":"no"}'),
        ({"success": False, "message": "no"}, "success: false"),
        ({"errorMessage": "disk full"}, 'errorMessage: "disk full"'),
    ],
)
@pytest.mark.parametrize("poll", [{}, {"url": "/jobs/7"}])
def test_an_answer_that_tells_of_an_error_is_no_result(
    poll: dict[str, Any], body: Any, told: str
) -> None:
    """With a 200, too, and without a state."""
    with job_server(STARTED, page(body)) as server:
        error = failure(poll_task(server.url, **poll))
    assert isinstance(error, CompletionError)
    assert str(error) == f"the answer names no state, and tells of an error ({told})"
    assert error.job is not None
    assert error.result is not None


@pytest.mark.parametrize(
    "body",
    [
        {"error": None, "rows": 3},
        {"rows": 3, "errors": [{"row": 7}]},
        {"success": True},
        {"error": ""},
    ],
)
def test_an_answer_with_names_of_errors_may_be_a_result(body: Any) -> None:
    """Without an error in it, and with those of a few rows."""
    with job_server(STARTED, page(body)) as server:
        assert call(poll_task(server.url)).body == body


def test_case_does_not_tell_the_states_of_an_author_apart() -> None:
    """A job whose end is written otherwise is not polled until the time for it is over."""
    with job_server(STARTED, *states("RUNNING", "COMPLETED")) as server:
        result = call(poll_task(server.url, done=["completed"], timeoutSeconds=1))
    assert result.body == {"status": "COMPLETED"}
    with job_server(STARTED, *states("RUNNING", "STALLED")) as server:
        error = failure(poll_task(server.url, failed=["Stalled"], timeoutSeconds=1))
    assert "the job ended in the state 'STALLED'" in str(error)


def test_a_state_that_nobody_knows_is_no_end_where_the_author_names_the_job() -> None:
    """Behind `poll.url` and `attach` is a job: its answer is not the result while it may run."""
    steps = states("created", "IN_REVIEW", "completed")
    with job_server(page({"id": 7}), *steps) as server:
        result = call(poll_task(server.url, url="/jobs/${$.body.id}"))
    assert result.body == {"status": "completed"}
    with job_server(*steps) as server:
        task = poll_task(server.url)
        task["completion"]["attach"] = f"{server.url}/jobs/7"
        result = call(task)
    assert result.body == {"status": "completed"}
    assert result.job is not None
    assert result.job.states == ("created", "IN_REVIEW", "completed")


@pytest.mark.parametrize("state", ["ok", "PASSED", "processed", "available"])
def test_a_word_for_success_is_an_end(state: str) -> None:
    """Envelopes, checks and stored things end so."""
    with job_server(page({"id": 7}), page({"status": state})) as server:
        assert call(poll_task(server.url, url="/jobs/7")).body == {"status": state}


def test_a_long_wait_is_told_in_digits() -> None:
    """1e+11 is no number of seconds that a reader can use."""
    started = accepted(("Location", "/jobs/7"), ("Retry-After", "99999999999"))
    with job_server(started) as server:
        error = failure(poll_task(server.url))
    assert "the server asks to wait 99999999999 s more" in str(error)
