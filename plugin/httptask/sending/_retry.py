"""Retries: whether and when to try again after an error."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from httptask._http.syntax import http_date
from httptask.errors import (
    ConnectionFailedError,
    CredentialError,
    StatusError,
    TaskError,
    TimedOutError,
)
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import RetryPolicy

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "DELETE"})
"""Idempotent methods: RFC 9110, section 9.2.2, and QUERY of RFC 10008."""
KEY_HEADER = "Idempotency-Key"
KEY_HEADERS = frozenset(
    (
        *("idempotency-key", "x-idempotency-key", "idempotency-token", "x-idempotency-token"),
        *("idempotence-key", "x-idempotence-key", "paypal-request-id"),
    )
)
"""The names that services use for an idempotency key header, in lower case."""

_ALWAYS = "any method"
_SAFELY = "idempotent methods, or with an idempotency key"
_WITH_KEY = "with an idempotency key"

_BY_STATUS: dict[int, str] = {
    409: _WITH_KEY,
    **dict.fromkeys((421, 425, 429), _ALWAYS),
    **dict.fromkeys((408, 500, 502, 503, 504, *range(520, 530)), _SAFELY),
}
_BY_KIND: dict[str, str] = {
    "dns": _ALWAYS,
    "connection": _SAFELY,
    "timeout": _SAFELY,
    "incomplete": _SAFELY,
    "decode": _SAFELY,
}
_NEVER: dict[str, str] = {
    "settings": "the request cannot be sent as it is",
    "expression": "the expression would fail again",
    "credential": "the credential would fail again",
    "connection": "the proxy would refuse it alike",
    "blocked": "the rules refuse the address every time",
    "tls": "a certificate or a handshake that fails does so every time",
    "protocol": "a server that does not speak HTTP would answer alike",
    "too_large": "the answer would be as large again",
    "parse": "the answer would be the same",
    "redirect": "the server would redirect alike",
}
"""Why an outcome is never retried, by its kind."""


@dataclass(frozen=True, slots=True)
class EngineAttempt:
    """One of several attempts that an engine makes: it starts a call for each, and waits between.

    The error of a call says when the next attempt may follow.
    """

    before: int = 0
    """The number of attempts made before."""
    seconds_before: float = 0.0
    """The seconds between the start of the first attempt and the start of this one."""


def why_not(
    error: TaskError,
    requests: Sequence[OutgoingRequest],
    statuses: Collection[int] = frozenset(),
) -> str | None:
    """Return why an attempt must not be retried after *error*; None when a retry may help and does
    no harm.

    *requests* are the requests of the attempt: the task's request, and one for each redirect that
    was followed. *statuses* are additional statuses to retry, from `retry.statuses`.
    """
    if isinstance(error, TimedOutError) and error.phase in ("total", "queue"):
        return "no time is left" if error.retry_after is None else None
    rule = _rule(error, statuses)
    if rule is None:
        return _why_never(error)
    if not requests:  # only a failed token request can be retried: no other request was made
        return None if isinstance(error, CredentialError) else "no request could be made"
    if _has_key(requests[0]):
        return None
    if rule == _WITH_KEY:
        return f"a 409 is tried again only with an {KEY_HEADER} header"
    is_harmless = rule == _ALWAYS or (
        error.kind in ("connection", "timeout") and not error.maybe_delivered
    )
    # With more than one request there was a redirect: the first request was answered, and has had
    # its effect.
    if is_harmless and len(requests) == 1 and not isinstance(error, CredentialError):
        return None
    unsafe_methods = [request.method for request in requests if request.method not in IDEMPOTENT]
    if not unsafe_methods:
        return None
    return (
        f"a {unsafe_methods[0]} that may have arrived is repeated only with an {KEY_HEADER} header"
    )


def is_repeatable(request: OutgoingRequest) -> bool:
    """Say whether *request* can safely be sent twice: its method is idempotent (RFC 9110, section
    9.2.2), or it has an idempotency key.
    """
    return request.method in IDEMPOTENT or _has_key(request)


def _has_key(request: OutgoingRequest) -> bool:
    return any(name.lower() in KEY_HEADERS for name, _ in request.headers)


def _rule(error: TaskError, statuses: Collection[int]) -> str | None:
    """Return when a request that ended in *error* may be retried; None: never.

    *statuses* are additional statuses to retry.
    """
    if isinstance(error, CredentialError) and error.retryable:
        return _ALWAYS
    if isinstance(error, ConnectionFailedError) and error.is_final:
        return None
    if not isinstance(error, StatusError):
        return _BY_KIND.get(error.kind)
    status = error.status_code
    asked_to_wait = error.retry_after is not None
    # A 4xx with Retry-After: the server did not act on the request, and says when to try again.
    if asked_to_wait and 400 <= status < 500:
        return _ALWAYS
    rule = _BY_STATUS.get(status)
    is_asked_for = status in statuses or (asked_to_wait and status >= 500)
    if is_asked_for and rule in (None, _WITH_KEY):
        return _SAFELY
    return rule


def _why_never(error: TaskError) -> str:
    if isinstance(error, StatusError):
        return f"a {error.status_code} is tried again only when retry.statuses names it"
    return _NEVER.get(error.kind, "another try would not help")


def wait_seconds(
    policy: RetryPolicy,
    attempts: int,
    retry_after: float | None,
    jitter: Callable[[], float] = random.random,
) -> float:
    """Return the seconds to wait after *attempts* attempts: exponential backoff, at most a day,
    with full jitter; but never less than *retry_after*.
    """
    try:
        longest = policy.interval_seconds * policy.backoff_rate ** (attempts - 1)
    except OverflowError:
        longest = math.inf
    return max(min(longest, 86400.0) * jitter(), retry_after or 0.0)


_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_JOINED = re.compile(r"\s*,\s*(?=[0-9.]+\s*(?:,|\Z))")
"""The comma between values that a proxy joined (RFC 9110, section 5.3), not the comma in a date."""
_MOST_SECONDS = 2.0**53
"""Longer waits are clamped to this: up to 2**53, whole numbers are exact in JSON."""


def retry_after(values: Iterable[str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait by *values*, of `Retry-After` (RFC 9110, section 10.2.3).

    The time until a date is rounded up to whole seconds. Of several values the longest counts.
    Malformed values, negative numbers and dates in the past are ignored; None if none remains.
    *now* is the server's time: see `server_time`.
    """
    parts = (part for value in values for part in _JOINED.split(value.strip()))
    waits = [seconds for part in parts if (seconds := _seconds(part, now)) is not None]
    if waits:
        return min(max(waits), _MOST_SECONDS)
    return None


def retry_after_of(headers: Mapping[str, str | list[str]]) -> float | None:
    """Return the seconds in `Retry-After` of a result's *headers*, whose names are in lower
    case.
    """
    value = headers.get("retry-after")
    date = headers.get("date")
    if not isinstance(value, str):
        return None
    return retry_after([value], server_time([date] if isinstance(date, str) else []))


def server_time(dates: Iterable[str], now: datetime | None = None) -> datetime:
    """Return the server's time from *dates*, its `Date` lines (RFC 9110, section 6.6.1), else
    *now*.

    Dates that a server sends must be compared with the server's clock, which may differ from ours.
    """
    return next(filter(None, map(http_date, dates)), None) or now or datetime.now(UTC)


def _seconds(value: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(value):
        # HTTP defines no decimals, but servers send them. Rounding 0.05 up to a second would slow
        # down every request to the origin.
        return float(value)
    moment = http_date(value)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds() if moment is not None else 0
    if seconds > 0:
        return float(math.ceil(seconds))
    return None
