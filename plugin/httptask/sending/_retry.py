"""Retries: an outcome in, whether and when to try again out."""

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
"""RFC 9110, section 9.2.2, and QUERY of RFC 10008."""
KEY_HEADER = "Idempotency-Key"
KEY_HEADERS = frozenset(
    (
        *("idempotency-key", "x-idempotency-key", "idempotency-token", "x-idempotency-token"),
        *("idempotence-key", "x-idempotence-key", "paypal-request-id"),
    )
)
"""What services call it, in lower case."""

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
"""Why a class of outcomes is never tried again."""


@dataclass(frozen=True, slots=True)
class EngineAttempt:
    """One attempt of several: an engine makes each with a call of its own, and waits between them.

    The error of the call says when the next one may follow.
    """

    before: int = 0
    """How many were made before."""
    seconds_before: float = 0.0
    """The seconds since the first one began."""


def why_not(
    error: TaskError, requests: Sequence[OutgoingRequest], statuses: Collection[int] = frozenset()
) -> str | None:
    """Return why *requests* are not sent again after *error*; None when another try may help and
    does no harm.

    *requests* are those of one attempt: the task's own, and one for each redirect that was
    followed. *statuses* are those that the author adds to the table.
    """
    if isinstance(error, TimedOutError) and error.phase in ("total", "queue"):
        return "no time is left" if error.retry_after is None else None
    rule = _rule(error, statuses)
    if rule is None:
        return _why_never(error)
    if not requests:  # a token endpoint that failed may be there again
        return None if isinstance(error, CredentialError) else "no request could be made"
    if _has_key(requests[0]):
        return None
    if rule == _WITH_KEY:
        return f"a 409 is tried again only with an {KEY_HEADER} header"
    unsent = rule == _ALWAYS or (
        error.kind in ("connection", "timeout") and not error.maybe_delivered
    )
    # After a redirect the first request was answered: it has had its effect.
    if unsent and len(requests) == 1 and not isinstance(error, CredentialError):
        return None
    unsafe_methods = [request.method for request in requests if request.method not in IDEMPOTENT]
    if not unsafe_methods:
        return None
    return (
        f"a {unsafe_methods[0]} that may have arrived is repeated only with an {KEY_HEADER} header"
    )


def is_repeatable(request: OutgoingRequest) -> bool:
    """Say whether *request* does no harm when it is sent again: its method is idempotent (RFC 9110,
    section 9.2.2), or it has an idempotency key.
    """
    return request.method in IDEMPOTENT or _has_key(request)


def _has_key(request: OutgoingRequest) -> bool:
    return any(name.lower() in KEY_HEADERS for name, _ in request.headers)


def _rule(error: TaskError, statuses: Collection[int]) -> str | None:
    if isinstance(error, CredentialError) and error.retryable:
        return _ALWAYS
    if isinstance(error, ConnectionFailedError) and error.is_final:
        return None
    if not isinstance(error, StatusError):
        return _BY_KIND.get(error.kind)
    status, asked_to_wait = error.status_code, error.retry_after is not None
    # The server refused the request, so it had no effect, and says when another may come.
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
    """Return the seconds to wait after *attempts* attempts: backoff with full jitter, at least
    *retry_after*.
    """
    try:
        longest = policy.interval_seconds * policy.backoff_rate ** (attempts - 1)
    except OverflowError:
        longest = math.inf
    return max(min(longest, 86400.0) * jitter(), retry_after or 0.0)


_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_JOINED = re.compile(r"\s*,\s*(?=[0-9.]+\s*(?:,|\Z))")
"""The comma of lines that were joined on the way (RFC 9110, section 5.3); a date has one, too."""
_MOST_SECONDS = 2.0**53
"""Longer waits are clamped to this: it is still an exact number in JSON."""


def retry_after(values: Iterable[str], now: datetime | None = None) -> float | None:
    """Return the seconds that *values* of `Retry-After` ask for, to a date in whole ones, rounded
    up; None without any.

    RFC 9110, section 10.2.3. The longest of several counts. Malformed values, negative numbers and
    dates in the past are ignored. *now* is the server's time, see `server_time`.
    """
    single = (part for value in values for part in _JOINED.split(value.strip()))
    waits = [seconds for part in single if (seconds := _seconds(part, now)) is not None]
    return min(max(waits), _MOST_SECONDS) if waits else None


def retry_after_of(headers: Mapping[str, str | list[str]]) -> float | None:
    """Return the seconds that the *headers* of a result, names in lower case, ask to wait."""
    value, date = headers.get("retry-after"), headers.get("date")
    if not isinstance(value, str):
        return None
    return retry_after([value], server_time([date] if isinstance(date, str) else []))


def server_time(dates: Iterable[str], now: datetime | None = None) -> datetime:
    """Return what time it is for the server that sent *dates*, its `Date` lines; else *now*.

    RFC 9110, section 6.6.1. Clocks differ, and a moment that a server names is one of its own.
    """
    return next(filter(None, map(http_date, dates)), None) or now or datetime.now(UTC)


def _seconds(value: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(value):
        # HTTP knows no decimals, but servers send them and mean them: all requests to an origin
        # wait, so that a second in place of a twentieth of one would be dear.
        return float(value)
    moment = http_date(value)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds() if moment is not None else 0
    return float(math.ceil(seconds)) if seconds > 0 else None
