"""`retry.until`: tried again while a condition over the result is false."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import servers
from httptask import errors
from httptask.errors import Problem
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime

READY = "${jsonata: body.state = 'ready'}"


@contextmanager
def answering(*answers: bytes) -> Iterator[servers.RawServer]:
    """A server with one answer after the other, the last one for ever."""
    left = list(answers)

    def handler(peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        peer.sendall(left.pop(0) if len(left) > 1 else left[0])
        return True

    with servers.raw_server(handler) as server:
        yield server


def state(name: str, status: str = "200 OK") -> bytes:
    return servers.response(json.dumps({"state": name}).encode(), servers.JSON, status=status)


def retry(until: str = READY, **fields: Any) -> dict[str, Any]:
    return {"intervalSeconds": 0, "maxAttempts": 4, "until": until, **fields}


MISSING = state("gone", "404 Not Found")


@pytest.mark.parametrize(
    ("answers", "until", "attempts"),
    [
        ([state("ready")], READY, 1),
        ([state("busy"), state("busy"), state("ready")], READY, 3),
        ([MISSING, state("ready")], READY, 2),
        ([servers.response(), state("ready")], READY, 2),
        ([state("busy"), state("ready")], "${$.body[?@ == 'ready']}", 2),
        ([state("busy"), state("ready", "201 Created")], "${jsonata: statusCode = 201}", 2),
    ],
)
def test_it_is_tried_again_until_the_condition_holds(
    answers: list[bytes], until: str, attempts: int
) -> None:
    """False, an empty list and what is not there ask for another try, whatever the status."""
    with answering(*answers) as server:
        result = call(http(server.url, retry=retry(until)))
    assert (result.body, result.attempts) == ({"state": "ready"}, attempts)


def test_a_condition_that_stays_false_says_so() -> None:
    """It ends in the class `status`, with the last response, after as many attempts as may be."""
    with answering(state("busy")) as server:
        error = failure(http(server.url, retry=retry()))
    assert isinstance(error, errors.StatusError)
    assert (error.attempts, error.retryable, error.status_code) == (4, True, 200)
    assert (
        f"answered 200 OK, and the condition of retry.until {READY} does not hold: it gave false"
        in str(error)
    )
    assert str(error).endswith("; it stayed so over 4 attempts")
    assert error.result is not None
    assert error.result.body == {"state": "busy"}


@pytest.mark.parametrize("key", [False, True])
def test_only_what_is_safe_to_repeat_is_tried_again(*, key: bool) -> None:
    """A POST that was answered has had its effect: it is repeated with an idempotency key only (RFC
    9110, section 9.2.2).
    """
    with answering(state("busy"), state("ready")) as server:
        task = http(
            server.url, request={"method": "POST"}, retry=retry(), idempotencyKey=key or None
        )
        if key:
            assert call(task).attempts == 2
            return
        error = failure(task)
    assert error.attempts == 1
    assert "a POST that may have arrived is repeated only with an Idempotency-Key" in str(error)


def test_a_condition_that_holds_leaves_the_status_as_it_is() -> None:
    """A 404 for which the condition holds fails at once; `successCondition` may take it for one."""
    with answering(MISSING) as server:
        until = "${jsonata: statusCode = 404}"
        assert failure(http(server.url, retry=retry(until))).attempts == 1
        task = http(server.url, retry=retry(until), successCondition=until)
        assert call(task).status_code == 404


def test_a_test_request_tries_again_too() -> None:
    """Its exchange shows each attempt."""
    with answering(state("busy"), state("ready")) as server:
        shown = exchange(http(server.url, retry=retry()))
    assert (len(shown.attempts), shown.outcome) == (2, "success")


@pytest.mark.parametrize(
    ("until", "code"),
    [
        ("body.state = 'ready'", "condition"),
        ("${jsonata: body.state = }", "expression-jsonata"),
        ("${$.bdy.state}", "expression-no-name"),
        (True, "type"),
        (None, None),
    ],
)
def test_a_wrong_condition_is_a_problem(until: Any, code: str | None) -> None:
    """It is checked as `successCondition` is; null is absent."""
    with runtime() as shared:
        task = http("https://a.example", retry={"until": until})
        found: list[Problem] = HttpTask(task, runtime=shared).problems()
    expected = [] if code is None else [(code, "/retry/until")]
    assert [(problem.code, problem.pointer) for problem in found] == expected
