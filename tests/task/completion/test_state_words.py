"""Words for states: how servers write them, and what each is taken for."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import CompletionError
from jobs import accepted, completion, job_server, page, states
from tasks import call, failure, http

POST = {"method": "POST", "body": {"size": 3}}
STARTED = accepted(("Location", "/jobs/7"))


def poll_task(url: str, **poll: Any) -> dict[str, Any]:
    """Return a task that starts a job at *url* and polls it by *poll*."""
    return http(f"{url}/start", request=POST, completion=completion(**poll))


@pytest.mark.parametrize(
    "state",
    ["TIMED_OUT", "timeout", "expired", "Rejected", "TERMINATED", "killed", "INTERNAL_ERROR"],
)
def test_a_job_that_ended_without_success_is_a_failure(state: str) -> None:
    """Conductor, batches of OpenAI, YARN and Databricks end so, with a 200; it is no result."""
    with job_server(STARTED, page({"status": state, "id": 7})) as server:
        error = failure(poll_task(server.url))
    assert isinstance(error, CompletionError)
    assert error.job is not None
    assert (error.job.status, error.job.stopped_by) == (state, "failed")


def test_case_does_not_tell_the_states_of_an_author_apart() -> None:
    """A job whose end is written otherwise is not polled until the time for it is over."""
    with job_server(STARTED, *states("RUNNING", "COMPLETED")) as server:
        result = call(poll_task(server.url, done=["completed"], timeoutSeconds=1))
    assert result.body == {"status": "COMPLETED"}
    with job_server(STARTED, *states("RUNNING", "STALLED")) as server:
        error = failure(poll_task(server.url, failed=["Stalled"], timeoutSeconds=1))
    assert "the job ended in the state 'STALLED'" in str(error)
