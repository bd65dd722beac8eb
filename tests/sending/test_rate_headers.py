"""What responses say of a server's limits: each case is a header as a specification or a service
writes it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from httptask.sending._rate_headers import ServerLimit, server_limit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
DATE = ("Date", "Sun, 01 Mar 2026 12:00:00 GMT")


def said(*headers: tuple[str, str], status: int = 200) -> tuple[int, float] | None:
    limit = server_limit(status, headers, NOW)
    return (limit.remaining, limit.seconds) if limit is not None else None


def test_a_limit_says_which_header_it_is_from() -> None:
    """The header's name is kept as it was sent, for the exchange."""
    headers = (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "30"))
    assert server_limit(200, headers, NOW) == ServerLimit(0, 30, "X-RateLimit-Remaining")


@pytest.mark.parametrize(
    ("policy", "value", "expected"),
    [
        # draft-ietf-httpapi-ratelimit-headers-11, sections 3.2, 4 and 4.2
        ('"default";q=100;w=10', '"default";r=50;t=30', (50, 30)),
        ('"permin";q=50;w=60,"perhr";q=1000;w=3600', '"permin";r=25;t=45', (25, 45)),
        ("", '"default";r=999;pk=:dHJpYWwxMjEzMjM=:', None),
        ('"default";q=100;w=10', '"default";r=999;pk=:dHJpYWwxMjEzMjM=:', (999, 10)),
        ("", '"day";r=100;t=36000', (100, 36000)),
        ("", '"a";r=5;t=10, "b";r=0;t=20, "c";r=0;t=60', (0, 60)),
        # RFC 9651: what is malformed anywhere is ignored as a whole
        ("", '"default";r=50;t=30,', None),
        ("", '"default;r=0;t=30', None),
        ("", "limit=10, remaining=0, reset=30", None),
        ("", '"default";r=-1;t=30', None),
        ("", '"default";r=0;t=30.5', None),
        ("", '"default";r=?0;t=?1', None),
        ("", '"default";r=0', None),
        ("", '"dé";r=0;t=3', None),
        ("not; a list,,", '"default";r=0;t=30', (0, 30)),
    ],
)
def test_structured_fields(policy: str, value: str, expected: object) -> None:
    """`RateLimit` is a list of items; a policy's window stands in for a reset that is not said."""
    headers = [("RateLimit", value), *([("RateLimit-Policy", policy)] if policy else [])]
    assert said(*headers) == expected


@pytest.mark.parametrize(
    ("name", "remaining", "reset", "expected"),
    [
        ("X-RateLimit", "0", str(EPOCH + 90), (0, 90)),  # GitHub: seconds since 1970
        ("x-ratelimit", "4999", str(EPOCH + 3600), (4999, 3600)),
        ("X-Rate-Limit", "0", str(EPOCH + 5), (0, 5)),  # Okta, X
        ("X-RateLimit", "0", str(EPOCH * 1000 + 5500), (0, 5.5)),  # milliseconds since 1970
        ("X-RateLimit", "0", "90", (0, 90)),  # delta seconds
        ("X-RateLimit", "0", "0.25", (0, 0.25)),
        ("RateLimit", "3", "17", (3, 17)),  # drafts 00 to 06
        ("X-RateLimit", "0", "6m0s", (0, 360)),
        ("X-RateLimit", "0", "1h2m3.5s", (0, 3723.5)),
        ("X-RateLimit", "0", "20ms", (0, 0.02)),
        ("X-RateLimit", "0", "Sun, 01 Mar 2026 12:01:00 GMT", (0, 60)),
        ("X-RateLimit", "0", "2026-03-01T12:00:30Z", (0, 30)),
        ("X-RateLimit", "12.5", "30", (12, 30)),
        # what cannot be read, or is over, says nothing
        ("X-RateLimit", "0", str(EPOCH - 5), None),
        ("X-RateLimit", "0", "0", None),
        ("X-RateLimit", "0", "-5", None),
        ("X-RateLimit", "0", "soon", None),
        ("X-RateLimit", "0", "", None),
        ("X-RateLimit", "0", "9" * 400, None),
        ("X-RateLimit", "0", "2026-03-01T12:00:30", None),
        ("X-RateLimit", "none", "30", None),
        ("X-RateLimit", "-1", "30", None),
        ("X-RateLimit", "", "30", None),
        ("X-RateLimit", "٣", "30", None),
    ],
)
def test_conventions(name: str, remaining: str, reset: str, expected: object) -> None:
    """A number of thirty years or more is a moment, a smaller one is delta seconds."""
    headers = [DATE, (f"{name}-Remaining", remaining), (f"{name}-Reset", reset)]
    assert said(*headers) == expected


def test_a_moment_is_compared_to_the_server_s_clock() -> None:
    """A clock that is an hour off, here or there, changes no wait."""
    late = ("Date", "Sun, 01 Mar 2026 13:00:00 GMT")
    headers = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", str(EPOCH + 3600 + 40))]
    assert said(late, *headers) == (0, 40)


def test_a_remaining_without_a_reset_says_nothing() -> None:
    """And so does one that stands twice: nobody knows which one counts."""
    assert said(("X-RateLimit-Remaining", "0")) is None
    twice = [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Remaining", "7")]
    assert said(*twice, ("X-RateLimit-Reset", "30")) is None


def test_limits_of_several_things_are_told_apart() -> None:
    """`-Requests` and `-Tokens` have resets of their own; the one that is used up counts."""
    headers = [
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ]
    assert said(*headers) == (0, 360)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_of_a_refusal_wins(status: int) -> None:
    """`Retry-After` takes precedence over what else says when to come back."""
    headers = [("Retry-After", "7"), ("RateLimit", '"default";r=0;t=60')]
    assert said(*headers, status=status) == (0, 7)


@pytest.mark.parametrize("status", [200, 202, 301, 404, 500])
def test_retry_after_of_anything_else_is_not_about_the_origin(status: int) -> None:
    """After a 202 or a 404 it speaks of the one resource."""
    assert said(("Retry-After", "7"), status=status) is None


@pytest.mark.parametrize("value", ["-1", "tomorrow", "Sun, 01 Mar 2020 12:00:00 GMT", ""])
def test_a_retry_after_that_cannot_be_read_says_nothing(value: str) -> None:
    """Garbage, and moments that are over, hold nobody back."""
    assert said(("Retry-After", value), status=429) is None
