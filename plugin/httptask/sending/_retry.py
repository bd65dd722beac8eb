"""Retries, decided purely: what happened in, whether and when to try again out."""

from __future__ import annotations

import email.utils
import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from httptask.errors import StatusError, TaskError, TimedOutError
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import RetryPolicy

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, section 9.2.2
KEY_HEADER = "Idempotency-Key"

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


def retryable(error: TaskError, requests: Sequence[OutgoingRequest]) -> bool:
    """Say whether sending *requests* again may help after *error* and cannot do harm.

    *requests* are those of one attempt: the task's own, and one more for each redirect that was followed.
    """
    if not requests or (isinstance(error, TimedOutError) and error.phase == "total"):
        return False
    rule = _BY_STATUS.get(error.status_code) if isinstance(error, StatusError) else _BY_KIND.get(error.kind)
    if rule is None:
        return False
    if any(request.header(KEY_HEADER) is not None for request in requests[:1]):
        return True
    if rule == _WITH_KEY:
        return False
    if len(requests) > 1:  # the first one was answered: it has done what it does
        return all(request.method in IDEMPOTENT for request in requests)
    unsent = error.kind in ("connection", "timeout") and not error.maybe_delivered
    return rule == _ALWAYS or unsent or requests[0].method in IDEMPOTENT


def why_not(error: TaskError, requests: Sequence[OutgoingRequest]) -> str:
    """Return why *requests* are not sent again after *error*, where their author may have expected it; else ""."""
    status = error.status_code if isinstance(error, StatusError) else 0
    if _BY_STATUS.get(status, _BY_KIND.get(error.kind)) not in (_ALWAYS, _SAFELY):
        return ""
    unsafe = next((request.method for request in requests if request.method not in IDEMPOTENT), None)
    if unsafe is None:
        return ""
    return f"; not tried again: a {unsafe} that may have arrived is repeated only with an {KEY_HEADER} header"


def wait_seconds(
    policy: RetryPolicy, attempts: int, retry_after: float | None, jitter: Callable[[], float] = random.random
) -> float:
    """Return how long to wait after *attempts* attempts: backoff with full jitter, never less than *retry_after*."""
    try:
        longest = policy.interval_seconds * policy.backoff_rate ** (attempts - 1)
    except OverflowError:
        longest = math.inf
    return max(min(longest, 86400.0) * jitter(), retry_after or 0.0)


def retry_after(value: str, now: datetime | None = None) -> float | None:
    """Return the seconds of a `Retry-After` header's *value* (RFC 9110, section 10.2.3); None for garbage or the past."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:  # RFC 9110, section 5.6.7: an HTTP date is in GMT
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if seconds > 0 else None
