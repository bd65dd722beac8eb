"""The circuit breaker, the retry budget, what a server still takes, and token buckets: decisions
without a network.
"""

from __future__ import annotations

import math

import pytest

from httptask.model.rates import OriginLimits, RateLimit
from httptask.sending._breaker import Breaker
from httptask.sending._quota import Quota
from httptask.sending._rate_headers import ServerLimit
from httptask.sending._token_bucket import TokenBuckets


def breaker(successes: int = 0, failures: int = 0, **limits: float) -> Breaker:
    made = Breaker(OriginLimits(**limits))  # type: ignore[arg-type]
    for _ in range(successes):
        made.succeeded(1000)
    for _ in range(failures):
        made.failed(1000, "connection")
    return made


@pytest.mark.parametrize(
    ("successes", "failures", "is_open"),
    [(0, 19, False), (0, 20, True), (20, 20, True), (21, 20, False), (1000, 60, False)],
)
def test_it_opens_at_a_share_of_a_count(successes: int, failures: int, is_open: bool) -> None:
    """Half of the requests must have failed, and twenty: who tries by hand never gets there."""
    assert (breaker(successes, failures).refuses_until(1000) is not None) is is_open


def test_old_failures_are_forgotten() -> None:
    """What happened before the window opens nothing."""
    made = breaker(failures=19)
    made.failed(1031, "connection")
    assert made.refuses_until(1031) is None


def test_one_probe_at_a_time_goes_through() -> None:
    """After its time an open breaker lets one request through, and holds the others until it is
    known what came of it.
    """
    made = breaker(failures=20)
    assert made.refuses_until(1029) == 1030
    assert made.refuses_until(1030) is None
    made.admit(1030)
    assert made.refuses_until(1031) == 1060
    made.failed(1031, "timeout")
    assert (made.refuses_until(1032), made.last_failure) == (1061, "timeout")
    made.failed(1032, "status")  # of a request from before: no probe has failed
    assert (made.refuses_until(1033), made.last_failure) == (1061, "status")
    made.admit(1062)
    made.succeeded(1063)
    assert made.refuses_until(1063) is None
    made.failed(1064, "connection")
    assert made.refuses_until(1064) is None  # it counts anew


def test_a_probe_that_tells_nothing_or_is_lost_makes_room_for_the_next() -> None:
    """A cancelled probe does not hold the origin for ever."""
    made = breaker(failures=20)
    made.admit(1030)
    made.abandoned()
    assert made.refuses_until(1031) is None
    made.admit(1031)
    assert made.refuses_until(1061) is None


def test_what_fails_late_keeps_it_open_no_longer() -> None:
    """Requests that were under way when it opened tell nothing new: also when it opened again, or
    a probe told nothing.
    """
    made = breaker(failures=20)
    made.failed(1001, "connection")
    assert made.refuses_until(1001) == 1030
    made.admit(1030)
    made.abandoned()
    made.failed(1031, "connection")
    assert made.refuses_until(1031) is None
    made.admit(1031)
    made.succeeded(1032)
    for now in (1033,) * 20 + (1034,):
        made.failed(now, "connection")
    assert made.refuses_until(1034) == 1063


def test_retries_are_held_to_a_share_with_a_floor() -> None:
    """A few retries are always allowed, and more where there are many requests."""
    few = breaker()
    assert sum(few.may_retry(1000) for _ in range(100)) == 20
    many = breaker(successes=990, failures=10)
    assert sum(many.may_retry(1000) for _ in range(1000)) == 200
    assert many.may_retry(1031)


def test_it_can_be_off() -> None:
    """An operator turns all of it off."""
    off = Breaker(OriginLimits.off())
    for _ in range(1000):
        off.failed(1000, "connection")
    assert off.refuses_until(1000) is None
    assert all(off.may_retry(1000) for _ in range(1000))


# What a server still takes


def test_requests_wait_before_the_limit() -> None:
    """With as many requests under way as the server still takes, the next one waits."""
    quota = Quota(300)
    for _ in range(4):
        quota.go(0)
    quota.answered(1, ServerLimit(4, 10, "RateLimit"), goes_ahead=False)
    assert (quota.under_way, quota.ready_at(2)) == (3, None)
    quota.go(2)
    assert quota.ready_at(2) == 11
    assert quota.closed_until(2) is None  # a response may show that those under way were counted


def test_responses_that_overtake_each_other_give_nothing_back() -> None:
    """Of the responses of one window the smallest number counts."""
    quota = Quota(300)
    for _ in range(2):
        quota.go(0)
    quota.answered(1, ServerLimit(0, 10, "RateLimit"), goes_ahead=False)
    quota.answered(1.2, ServerLimit(1, 10, "RateLimit"), goes_ahead=False)
    assert quota.closed_until(2) == 11


def test_after_the_reset_one_goes_ahead() -> None:
    """All at once would be refused again: the first response says how many may follow."""
    quota = Quota(300)
    quota.go(0)
    quota.answered(0, ServerLimit(0, 10, "RateLimit"), goes_ahead=False)
    assert quota.ready_at(10) is None
    assert quota.go(10)
    assert quota.ready_at(10) == math.inf
    quota.back(True)  # it got no response: the next one goes
    assert quota.ready_at(11) is None
    assert quota.go(11)
    quota.answered(12, ServerLimit(2, 10, "RateLimit"), goes_ahead=True)
    quota.go(12)
    quota.go(12)
    assert quota.ready_at(12) == 22


def test_a_server_that_says_no_more_sets_all_free() -> None:
    """The limit is forgotten when the response after the reset names none."""
    quota = Quota(300)
    quota.go(0)
    quota.answered(0, ServerLimit(0, 10, "RateLimit"), goes_ahead=False)
    quota.answered(11, None, quota.go(11))
    assert quota.remaining is None


def test_no_server_holds_an_origin_for_a_year() -> None:
    """A pause has a longest time; then a request is tried."""
    quota = Quota(300)
    quota.go(0)
    quota.answered(0, ServerLimit(0, 31_536_000, "X-RateLimit-Remaining"), goes_ahead=False)
    assert quota.closed_until(1) == 300
    assert quota.ready_at(300) is None


def test_a_limit_that_nobody_reached_stops_nobody_at_its_reset() -> None:
    """Requests go on side by side when a window ends with some left."""
    quota = Quota(300)
    quota.go(0)
    quota.answered(0, ServerLimit(98, 1, "RateLimit"), goes_ahead=False)
    assert quota.ready_at(1) is None
    assert not quota.go(1)
    assert quota.ready_at(1) is None


# Token buckets


def test_a_burst_goes_at_once_and_the_rest_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten requests four go at once, the others every half second; each key has its own."""
    monkeypatch.setattr("httptask.sending._token_bucket.time.monotonic", lambda: 1000.0)
    buckets, rate = TokenBuckets(), RateLimit(2, 1, 4)
    waits = [buckets.reserve("a", rate, 60) for _ in range(8)]
    assert waits == [0, 0, 0, 0, 0.5, 1.0, 1.5, 2.0]
    assert buckets.reserve("b", rate, 60) == 0


def test_who_does_not_wait_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is refused leaves its place to the next one."""
    monkeypatch.setattr("httptask.sending._token_bucket.time.monotonic", lambda: 1000.0)
    buckets, rate = TokenBuckets(), RateLimit(1, 10)
    assert [buckets.reserve("a", rate, 5) for _ in range(3)] == [0, 10, 10]


# What an operator and an author write


def test_an_operator_writes_figures() -> None:
    """Each figure has a name; an origin has its connections."""
    text = "pause=60, share=0.8,failures=5,window=10,open=3,retries=0.1,floor=7"
    assert OriginLimits.parsed(f"{text},https://API.acme.example:443=5") == OriginLimits(
        60, 0.8, 5, 10, 3, 0.1, 7, {"https://api.acme.example": 5}
    )
    assert OriginLimits.parsed("") == OriginLimits()
    assert OriginLimits.parsed("off,pause=9") == OriginLimits(9, 0, retry_share=0)


@pytest.mark.parametrize(
    "text",
    [
        *("on", "pause", "pause=", "pause=-1", "pause=1e3", "pause=99999999", "share=2"),
        *("floor=0", "floor=1.5", "pauses=3", "off=1"),
        *("https://a.example=0", "https://a.example", "http://[=3"),
    ],
)
def test_a_figure_that_is_none_is_refused(text: str) -> None:
    """A typing error changes no limit silently."""
    with pytest.raises(ValueError, match=r"is no limit for origins|is no origin"):
        OriginLimits.parsed(text)


@pytest.mark.parametrize(
    "value",
    [
        *(7, [], {}, {"requests": 0}, {"requests": True}, {"requests": 1.5}, {"requests": "3"}),
        *({"requests": 1, "seconds": 0}, {"requests": 1, "burst": 0}, {"requests": 1, "per": 3}),
    ],
)
def test_a_rate_limit_that_is_none_is_refused(value: object) -> None:
    """A credential's store says what is wrong."""
    with pytest.raises(ValueError, match="rateLimit"):
        RateLimit.of_json(value)
