"""What a response says of the server's limits: how many more requests, and until when."""

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
"""What the names of all the headers start with that are read here."""

_FAMILIES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
"""Names before `remaining` and `reset`: of many services, and of drafts before draft-07."""

_REFUSALS = frozenset((403, 429, 503))
"""Statuses whose `Retry-After` speaks of more than the one request: RFC 6585, section 4, RFC 9110,
section 15.6.4; GitHub refuses with 403.
"""


@dataclass(frozen=True, slots=True)
class ServerLimit:
    """What a server says."""

    remaining: int
    """Requests that it still takes."""
    seconds: float
    """The time until it takes more."""
    source: str
    """The header that says so, for a person."""


def server_limit(status: int, headers: Headers, now: datetime | None = None) -> ServerLimit | None:
    """Return what a response of *status* with *headers* says of the server's limits; None when it
    says nothing that can be read. *now* is the time where the server does not say what time it is.

    `Retry-After` wins over all others (draft-ietf-httpapi-ratelimit-headers-11, section 5). Of
    several limits the one that is reached first counts.
    """
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        if name and name[0] in _INITIALS:
            lines.setdefault(name.lower(), []).append(value)
    if not lines:
        return None
    if status in _REFUSALS:
        waits = retry_after(lines.get("retry-after", ()), _server_time(headers, now))
        if waits is not None:
            return ServerLimit(0, waits, "Retry-After")
    limits = [*_structured(lines), *_conventional(lines, headers, now)]
    # Nothing left for the longest time is the strictest.
    return min(limits, key=lambda limit: (limit.remaining, -limit.seconds), default=None)


# draft-ietf-httpapi-ratelimit-headers-11


def _structured(lines: dict[str, list[str]]) -> Iterator[ServerLimit]:
    """Yield the limits of `RateLimit`. A policy has the window of one that does not say when it
    resets.
    """
    if "ratelimit" not in lines:
        return
    policies = {name: given.get("w") for name, given in _items(lines.get("ratelimit-policy", []))}
    for name, parameters in _items(lines["ratelimit"]):
        remaining = _count(parameters.get("r"))
        seconds = _count(parameters.get("t", policies.get(name)))
        if remaining is not None and seconds:
            yield ServerLimit(remaining, seconds, "RateLimit")


def _items(values: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the strings of a list with their parameters (RFC 9651, section 3.1); nothing of one
    that is malformed.
    """
    import http_sf  # few servers send such a list

    try:
        items: Any = http_sf.parse(", ".join(values).encode("ascii"), tltype="list")
    except ValueError:
        return []
    return [(name, parameters) for name, parameters in items if isinstance(name, str)]


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None


# The conventions before it

_EPOCH, _EPOCH_MILLISECONDS = 1e9, 1e12
"""Numbers from here on are moments: as delta seconds they were more than thirty years."""

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{0,9})?")
_DURATION = re.compile(
    r"(?=.)(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)s)?"
    r"(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)ms)?"
)
"""`6m0s`, `20ms`."""


def _conventional(
    lines: dict[str, list[str]], headers: Headers, now: datetime | None
) -> Iterator[ServerLimit]:
    """Yield the limits of `X-RateLimit-*` and its like: `…-Remaining` with `…-Reset`, and both
    with the same end, such as `-Requests`.
    """
    for name, values in lines.items():
        family = next((known for known in _FAMILIES if name.startswith(known)), None)
        if family is None or not name.startswith("remaining", len(family)) or len(values) > 1:
            continue
        end = name[len(family) + len("remaining") :]
        resets = lines.get(f"{family}reset-after{end}") or lines.get(f"{family}reset{end}", [])
        if not _NUMBER.fullmatch(values[0].strip()) or len(resets) != 1:
            continue
        seconds = _seconds_until(resets[0].strip(), lambda: _server_time(headers, now))
        if seconds is not None and seconds > 0:
            yield ServerLimit(int(float(values[0])), seconds, _as_sent(headers, name))


def _seconds_until(text: str, server_time: Callable[[], datetime]) -> float | None:
    """Return the seconds until the reset that *text* names: delta seconds, seconds or milliseconds
    since 1970, a duration, or a date. None for anything else.

    A moment is compared to the server's own time: clocks differ.
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
    return (date - server_time()).total_seconds() if date is not None else None


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
