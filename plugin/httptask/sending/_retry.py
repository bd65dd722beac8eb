"""Retries, decided purely: what happened in, whether and when to try again out."""

from __future__ import annotations

import email.utils
import math
import random
from collections.abc import Callable
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


def retryable(error: TaskError, request: OutgoingRequest) -> bool:
    """Say whether trying *request* again may help after *error* and cannot do harm."""
    if isinstance(error, TimedOutError) and error.phase == "total":
        return False
    rule = _BY_STATUS.get(error.status_code) if isinstance(error, StatusError) else _BY_KIND.get(error.kind)
    if rule is None:
        return False
    if error.kind in ("connection", "timeout") and not error.maybe_delivered:
        return True
    with_key = request.header(KEY_HEADER) is not None
    return rule == _ALWAYS or with_key or (rule == _SAFELY and request.method in IDEMPOTENT)


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
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:  # RFC 9110, section 5.6.7: an HTTP date is in GMT
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return seconds if seconds > 0 else None
