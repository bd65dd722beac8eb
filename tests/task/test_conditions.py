"""Conditions that have no value, or cannot be evaluated: never silently false for ever."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import ExpressionError, TaskError
from jobs import accepted, completion, job_server, states
from lists import items, list_server, page
from tasks import call, exchange, failure, http

BROKEN = {
    "${jsonata: $number(body.name) > 1}": "Unable to cast value to a number",
    "${$.body.name}": "true or false, this one gave a string; compare it with something",
    "${jsonata: body.count}": "true or false, this one gave 1; compare it with something",
}
"""Conditions over `BODY` that are wrong, whatever its values, and why."""
BODY = {"name": "a", "count": 1}
ABSENT = "${$.body.finshed}"
OPERATION = ("Operation-Location", "/jobs/1")

each_broken = pytest.mark.parametrize("condition", BROKEN)


def check(error: TaskError, condition: str, pointer: str) -> None:
    """See that *error* says what is wrong with *condition*, and where."""
    assert isinstance(error, ExpressionError)
    assert (error.pointer, error.expression) == (pointer, condition)
    assert BROKEN[condition] in error.message
    assert error.maybe_delivered


# Pages


def paged(url: str, until: str) -> dict[str, Any]:
    parameter = {"in": "query", "name": "at"}
    setting = {"mode": "page", "parameter": parameter, "items": "$.data", "until": until}
    return http(url, pagination=setting)


@each_broken
def test_an_end_of_a_list_that_cannot_be_told_is_an_error(condition: str) -> None:
    """It is its author's mistake: the first page says so."""
    with list_server(lambda _: page({"data": items(1), **BODY})) as server:
        error = failure(paged(server.url, condition))
        assert len(server.received) == 1
    check(error, condition, "/pagination/until")
    assert error.pages is not None
    assert (error.pages.stopped_by, error.collected) == ("error", [])


def test_an_end_that_no_page_names_is_noted() -> None:
    """It may be right: a server may name it in its last page alone, and this list has none."""
    pages = {"1": items(1), "2": []}
    with list_server(lambda asked: page({"data": pages[asked.query["at"]]})) as server:
        result = call(paged(server.url, ABSENT))
        shown = exchange(paged(server.url, ABSENT)).to_json()["pages"]
    assert result.pages is not None
    assert result.pages.note is not None
    assert result.pages.note.startswith("until had no value on any page: /pagination/until: ")
    assert "finshed" in result.pages.note
    assert shown["note"] == result.pages.note


def test_an_end_that_one_page_names_is_not_noted() -> None:
    """The last page has what the others lack."""
    last = {"data": items(2), "finshed": True}
    pages = {"1": {"data": items(1)}, "2": last}
    with list_server(lambda asked: page(pages[asked.query["at"]])) as server:
        result = call(paged(server.url, ABSENT))
    assert result.pages is not None
    assert (result.pages.stopped_by, result.pages.note) == ("until", None)


def test_a_list_without_an_end_says_that_its_end_had_no_value() -> None:
    """The error of the bound names it."""
    with list_server(lambda asked: page({"data": [asked.query["at"]]})) as server:
        definition = paged(server.url, ABSENT)
        definition["pagination"]["maxPages"] = 2
        error = failure(definition)
    assert error.kind == "pagination"
    assert "maxPages" in str(error)
    assert "; until had no value on any page: " in str(error)


# Jobs


@each_broken
def test_a_job_that_cannot_be_told_is_an_error(condition: str) -> None:
    """`when` is asked of the first answer: it is not taken for the result."""
    with job_server(page(BODY)) as server:
        setting = {**completion(), "when": condition}
        error = failure(http(server.url, completion=setting))
    check(error, condition, "/completion/when")


def test_a_job_whose_condition_has_no_value_is_not_its_result() -> None:
    """A 202 says that there is one; with another status there is none."""
    setting = {**completion(), "when": ABSENT}
    with job_server(accepted(OPERATION, body=BODY), *states("Succeeded")) as server:
        error = failure(http(server.url, completion=setting))
        assert len(server.received) == 1
    assert isinstance(error, ExpressionError)
    assert error.pointer == "/completion/when"
    with job_server(page(BODY)) as server:
        assert call(http(server.url, completion=setting)).body == BODY


@each_broken
def test_an_end_of_a_job_that_cannot_be_told_is_an_error(condition: str) -> None:
    """The first poll says so, with the job to go on with."""
    with job_server(accepted(OPERATION), page(BODY)) as server:
        error = failure(http(server.url, completion=completion(until=condition)))
        assert len(server.received) == 2
    check(error, condition, "/completion/poll/until")
    assert error.job is not None
    assert (error.job.url, error.job.stopped_by) == (f"{server.url}/jobs/1", "error")


def test_a_job_that_is_late_says_that_its_end_had_no_value() -> None:
    """It was waited for as long as may be: the error names what no poll had."""
    with job_server(accepted(OPERATION), page(BODY)) as server:
        poll = {"until": ABSENT, "intervalSeconds": 0.01, "timeoutSeconds": 0.2}
        error = failure(http(server.url, completion=completion(**poll)))
    assert error.kind == "completion"
    assert "poll.until has no value: /completion/poll/until: expression ${$.body.finshed}" in str(
        error
    )


# Retries


def retried(url: str, until: str) -> dict[str, Any]:
    return http(url, retry={"intervalSeconds": 0, "maxAttempts": 3, "until": until})


@each_broken
def test_a_success_that_cannot_be_judged_is_not_tried_again(condition: str) -> None:
    """No other try would help."""
    with list_server(lambda _: page(BODY)) as server:
        error = failure(retried(server.url, condition))
        assert len(server.received) == 1
    check(error, condition, "/retry/until")
    assert error.result is not None
    assert error.result.body == BODY


@each_broken
def test_a_failure_that_cannot_be_judged_is_tried_again(condition: str) -> None:
    """Its body may be another one's: a proxy's, say."""
    answers = [page(BODY, status="503 Service Unavailable"), page({"name": True, "count": True})]
    with list_server(lambda _: answers.pop(0)) as server:
        until = condition if "number" not in condition else "${jsonata: $number(body.count) = 1}"
        assert call(retried(server.url, until)).attempts == 2


def test_what_is_not_there_yet_is_waited_for() -> None:
    """A name that the last try has is no mistake, and one that none has is said."""
    answers = [page(BODY), page({**BODY, "finshed": True})]
    with list_server(lambda _: answers.pop(0) if len(answers) > 1 else answers[0]) as server:
        assert call(retried(server.url, ABSENT)).attempts == 2
    with list_server(lambda _: page(BODY)) as server:
        error = failure(retried(server.url, ABSENT))
    assert (error.kind, error.attempts) == ("status", 3)
    assert "finshed" in str(error)
