"""Rate limit headers: how many more requests a server takes, and until when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from httptask._http.syntax import http_date
from httptask.model.exchange import Headers
from httptask.sending._retry import retry_after, server_time

_INITIALS = frozenset("rRxX")
"""The first letters of all header names that are read here, to skip the others quickly."""

_FAMILIES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
"""The prefixes of header names before `remaining` and `reset`. Many services use them; the last
prefix is also the one of the IETF draft before draft-07.
"""

_REFUSALS = frozenset((403, 429, 503))
"""Statuses whose `Retry-After` applies to all requests, not only to this one: RFC 6585, section 4,
RFC 9110, section 15.6.4; GitHub uses 403.
"""


@dataclass(frozen=True, slots=True)
class ServerLimit:
    """A limit that a server announced."""

    remaining: int
    """The requests that the server still takes."""
    seconds: float
    """The time until the server takes more."""
    source: str
    """The name of the header, for messages."""


def server_limit(
    status: int,
    headers: Headers,
    now: datetime | None = None,
) -> ServerLimit | None:
    """Return the limit in *headers*, of a response with *status*; None without a readable limit.

    *now* is used as the server's time when there is no `Date`. `Retry-After` takes precedence
    (draft-ietf-httpapi-ratelimit-headers-11, section 5). Of several limits the strictest counts.
    """
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        if name and name[0] in _INITIALS:
            lines.setdefault(name.lower(), []).append(value)
    if not lines:
        return None
    if status in _REFUSALS:
        seconds = retry_after(lines.get("retry-after", ()), _server_time(headers, now))
        if seconds is not None:
            return ServerLimit(0, seconds, "Retry-After")
    limits = [*_structured(lines), *_conventional(lines, headers, now)]
    # The strictest: the fewest requests left, and among equals the longest time.
    return min(limits, key=lambda limit: (limit.remaining, -limit.seconds), default=None)


# draft-ietf-httpapi-ratelimit-headers-11


def _structured(lines: dict[str, list[str]]) -> Iterator[ServerLimit]:
    """Yield the limits in `RateLimit`. A limit without a reset time resets after the window of its
    policy in `RateLimit-Policy`.
    """
    if "ratelimit" not in lines:
        return
    policies = {
        name: parameters_of_policy.get("w")
        for name, parameters_of_policy in _items(lines.get("ratelimit-policy", []))
    }
    for name, parameters in _items(lines["ratelimit"]):
        remaining = _count(parameters.get("r"))
        seconds = _count(parameters.get("t", policies.get(name)))
        if remaining is not None and seconds:
            yield ServerLimit(remaining, seconds, "RateLimit")


def _items(values: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the strings of a structured list, with their parameters (RFC 9651, section 3.1).

    A malformed list counts as empty.
    """
    import http_sf  # imported late: few servers send such a list

    try:
        items: Any = http_sf.parse(", ".join(values).encode("ascii"), tltype="list")
    except ValueError:
        return []
    return [(name, parameters) for name, parameters in items if isinstance(name, str)]


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None


# The older conventions

_EPOCH, _EPOCH_MILLISECONDS = 1e9, 1e12
"""Numbers from these on are times since 1970, in seconds or milliseconds: durations as long would
be more than thirty years.
"""

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{0,9})?")
_DURATION = re.compile(
    r"(?=.)(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)s)?"
    r"(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)ms)?"
)
"""A duration such as `6m0s` or `20ms`."""


def _conventional(
    lines: dict[str, list[str]],
    headers: Headers,
    now: datetime | None,
) -> Iterator[ServerLimit]:
    """Yield the limits in `X-RateLimit-*` and similar headers: `…-Remaining` with `…-Reset`.

    Both may end in the same suffix, such as `-Requests`.
    """
    for name, values in lines.items():
        family = next((prefix for prefix in _FAMILIES if name.startswith(prefix)), None)
        if family is None or not name.startswith("remaining", len(family)) or len(values) > 1:
            continue
        suffix = name[len(family) + len("remaining") :]
        resets = lines.get(f"{family}reset-after{suffix}") or lines.get(
            f"{family}reset{suffix}", []
        )
        if not _NUMBER.fullmatch(values[0].strip()) or len(resets) != 1:
            continue
        seconds = _seconds_until(resets[0].strip(), lambda: _server_time(headers, now))
        if seconds is not None and seconds > 0:
            yield ServerLimit(int(float(values[0])), seconds, _as_sent(headers, name))


def _seconds_until(text: str, server_time: Callable[[], datetime]) -> float | None:
    """Return the seconds until *text*, the time of a reset; None if it cannot be parsed.

    *text* is a number of seconds, a time in seconds or milliseconds since 1970, a duration, or a
    date. Times are compared with the server's clock, which may differ from ours.
    """
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number < _EPOCH:
            return number
        moment = number if number < _EPOCH_MILLISECONDS else number / 1000
        return moment - server_time().timestamp()
    duration = _DURATION.fullmatch(text)
    if duration is not None:
        hours, minutes, seconds, milliseconds = (float(part or 0) for part in duration.groups())
        return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    date = http_date(text) or _rfc_3339(text)
    if date is not None:
        return (date - server_time()).total_seconds()
    return None


def _rfc_3339(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _server_time(headers: Headers, now: datetime | None) -> datetime:
    return server_time((value for name, value in headers if name.lower() == "date"), now)


def _as_sent(headers: Headers, name: str) -> str:
    return next(sent for sent, _ in headers if sent.lower() == name)
