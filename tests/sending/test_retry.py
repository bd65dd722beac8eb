"""Retries, decided purely: the table of when, and the arithmetic of how long."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from httptask import errors
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import RetryPolicy
from httptask.sending._retry import retry_after, server_time, wait_seconds, why_not


def request(method: str, *, key: bool = False) -> OutgoingRequest:
    return OutgoingRequest(method, "http://h/", [("idempotency-key", "k")] if key else [])


TIMEOUT = {"phase": "read", "seconds": 1}
CASES: list[tuple[type[errors.TaskError], dict[str, object], str]] = [
    (errors.DnsError, {}, "any"),
    (errors.ConnectionFailedError, {"maybe_delivered": False}, "any"),
    (errors.ConnectionFailedError, {"maybe_delivered": True}, "idempotent"),
    (errors.TimedOutError, {**TIMEOUT, "maybe_delivered": True}, "idempotent"),
    (errors.TimedOutError, {"phase": "connect", "seconds": 1, "maybe_delivered": False}, "any"),
    (errors.TimedOutError, {"phase": "total", "seconds": 1, "maybe_delivered": False}, "never"),
    (errors.IncompleteError, {"maybe_delivered": True}, "idempotent"),
    (errors.DecodeError, {"maybe_delivered": True}, "idempotent"),
    (errors.TlsError, {}, "never"),
    (errors.BlockedError, {}, "never"),
    (errors.ProtocolError, {}, "never"),
    (errors.TooLargeError, {}, "never"),
    (errors.ParseError, {}, "never"),
    (errors.RedirectError, {}, "never"),
    (errors.CredentialError, {}, "never"),
]


@pytest.mark.parametrize(
    ("kind", "fields", "rule"), CASES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_what_is_tried_again(
    kind: type[errors.TaskError], fields: dict[str, object], rule: str
) -> None:
    """Each class of outcome, for a safe, an unsafe and a keyed request."""
    error = kind("x", **fields)  # type: ignore[arg-type]
    allowed = {
        "any": (True, True, True),
        "idempotent": (True, False, True),
        "never": (False, False, False),
    }[rule]
    asked = (request("PUT"), request("PATCH"), request("POST", key=True))
    assert tuple(why_not(error, [one]) is None for one in asked) == allowed


def test_each_class_that_is_never_tried_again_says_why() -> None:
    """A reason of its own, not the sentence for classes that have none."""
    asked = [request("GET")]
    never = [kind("x", **fields) for kind, fields, rule in CASES if rule == "never"]  # type: ignore[arg-type]
    never += [errors.SettingsError("x"), errors.ExpressionError("x", expression="y")]
    reasons = [why_not(error, asked) for error in never]
    assert len(set(reasons)) == len(reasons)
    assert "another try would not help" not in reasons


STATUSES: list[tuple[int, float | None, str]] = [
    *((status, None, "any") for status in (421, 425, 429)),
    *((status, 1.0, "any") for status in (400, 403, 404, 408, 409, 413, 421, 425, 429, 451)),
    *((status, None, "idempotent") for status in (408, 500, 502, 503, 504, 520, 522, 529)),
    *((status, 1.0, "idempotent") for status in (500, 501, 503, 505, 507, 522)),
    (409, None, "key"),
    *(
        (status, None, "never")
        for status in (400, 401, 403, 404, 410, 413, 422, 501, 505, 507, 530)
    ),
    *((status, 1.0, "never") for status in (200, 202, 302, 304)),
]


@pytest.mark.parametrize(("status", "after", "rule"), STATUSES)
def test_which_statuses_are_tried_again(status: int, after: float | None, rule: str) -> None:
    """A refusal that names Retry-After is tried again by any method; a failing server as its kind
    is.
    """
    allowed = {
        "any": (True, True, True),
        "idempotent": (True, False, True),
        "key": (False, False, True),
        "never": (False, False, False),
    }[rule]
    error = errors.StatusError("x", status_code=status, retry_after=after, maybe_delivered=True)
    asked = (request("QUERY"), request("PATCH"), request("POST", key=True))
    assert tuple(why_not(error, [one]) is None for one in asked) == allowed


@pytest.mark.parametrize("status", [404, 202, 409, 501])
def test_statuses_that_an_author_adds(status: int) -> None:
    """`retry.statuses` adds to the table for what can do no harm, and takes nothing from it."""
    error = errors.StatusError("x", status_code=status, maybe_delivered=True)
    assert why_not(error, [request("GET")], {status}) is None
    assert why_not(error, [request("POST", key=True)], {status}) is None
    assert "POST that may have arrived" in (why_not(error, [request("POST")], {status}) or "")
    busy = errors.StatusError("x", status_code=429, maybe_delivered=True)
    assert why_not(busy, [request("POST")], {429}) is None


def test_behind_a_redirect_the_first_request_counts() -> None:
    """A request that was answered with a redirect has done what it does: only a chain that is
    idempotent all along goes again.
    """
    error = errors.StatusError("x", status_code=429)
    assert why_not(error, [request("POST")]) is None
    assert why_not(error, [request("POST"), request("GET")])
    assert why_not(errors.DnsError("x"), [request("POST"), request("GET")])
    assert why_not(error, [request("GET"), request("GET")]) is None
    assert why_not(error, [request("POST", key=True), request("GET")]) is None
    assert why_not(error, [])


@pytest.mark.parametrize(
    ("attempts", "jitter", "after", "expected"),
    [
        (1, 1.0, None, 2),
        (2, 1.0, None, 6),
        (3, 1.0, None, 18),
        (3, 0.5, None, 9),
        (3, 0.0, None, 0),
        (1, 0.0, 7.0, 7),
        (3, 1.0, 7.0, 18),
        (5000, 1.0, None, 86400),
    ],
)
def test_waits_back_off_with_full_jitter_and_never_undercut_the_server(
    attempts: int, jitter: float, after: float | None, expected: float
) -> None:
    """interval * rate^(n-1), times a random number up to 1, at most a day; Retry-After is a
    minimum.
    """
    policy = RetryPolicy(interval_seconds=2, max_attempts=9, backoff_rate=3)
    assert wait_seconds(policy, attempts, after, jitter=lambda: jitter) == expected


def test_waits_differ() -> None:
    """Without a fixed number the jitter is random: a hundred waits are not one."""
    assert len({wait_seconds(RetryPolicy(), 1, None) for _ in range(100)}) > 50


NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60),
        ("Mon, 23 Nov 2026 12:01:00", 60),
        ("Monday, 23-Nov-26 12:01:00 GMT", 60),
        ("Mon Nov 23 12:01:00 2026", 60),
        ("Mon, 23 Nov 2026 11:00:00 GMT", None),
        ("-5", None),
        ("2.0", 2),
        ("1.5", 1.5),
        (".5", 0.5),
        ("3.", 3),
        ("0.0", 0),
        ("5, 7", 7),
        ("7 ,1.5,x", 7),
        ("1,2.5,2", 2.5),
        ("Mon, 23 Nov 2026 12:01:00 GMT, 5", 60),
        ("-1.5", None),
        ("+5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("5 s", None),
        ("9999999999", 9_999_999_999),
        ("Mon, 23 Nov 2026 12:00:00 GMT", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999", 2.0**53),
        ("9" * 5000, 2.0**53),
        ("\u0661", None),
        ("Mon, 01 Jan 2020 00:00:00 +9999999999999", None),
        ("Mon, 01 Jan 2020 99999999999999999999:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """RFC 9110, section 10.2.3: seconds, or any of the three date formats; garbage and the past are
    ignored.
    """
    assert retry_after([value], NOW) == seconds


def test_of_several_retry_afters_the_longest_counts() -> None:
    """A minimum is never undercut, whichever line names it; garbage beside it takes nothing from
    it.
    """
    assert retry_after(["1", "Mon, 23 Nov 2026 12:01:00 GMT", "soon"], NOW) == 60
    assert retry_after([], NOW) is None


def test_a_server_tells_the_time_with_its_date() -> None:
    """RFC 9110, section 6.6.1: the first `Date` that is one; our own time without any."""
    dates = ["soon", "Mon, 23 Nov 2026 13:00:00 GMT", "Mon, 23 Nov 2026 14:00:00 GMT"]
    assert server_time(dates, NOW) == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert server_time(["soon"], NOW) == NOW
