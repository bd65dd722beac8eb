"""Limits on the requests to one origin: per task or credential, and for the whole process."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The `rateLimit` of a task or a credential: a token bucket for each origin."""

    requests: int
    """Average number of requests in `seconds`."""
    seconds: float = 1
    burst: int = 0
    """Requests that may go at once after a pause; 0 means `requests`."""

    @classmethod
    def of_json(cls, value: Any) -> Self | None:
        """Parse the limit in the JSON object *value*; None for null. Raises `ValueError`."""
        if value is None:
            return None
        if not isinstance(value, Mapping) or value.keys() - {"requests", "seconds", "burst"}:
            raise ValueError('a rateLimit looks like {"requests": 10, "seconds": 1, "burst": 20}')
        requests: Any = value.get("requests")
        seconds: Any = value.get("seconds", 1)
        # Checked like `requests`, its default.
        burst: Any = value.get("burst", requests)
        if not _is_count(requests) or not _is_count(burst) or not _is_seconds(seconds):
            raise ValueError(
                "a rateLimit has requests and burst as whole numbers from 1, and seconds above 0"
            )
        return cls(requests, seconds, burst)

    @property
    def interval(self) -> float:
        """The average number of seconds between two requests."""
        return self.seconds / self.requests

    @property
    def most_at_once(self) -> int:
        """The requests that may go at once after a pause."""
        return self.burst or self.requests

    def __str__(self) -> str:
        per = "second" if self.seconds == 1 else f"{self.seconds:g} s"
        return f"{self.requests} requests per {per}"


@dataclass(frozen=True, slots=True)
class OriginLimits:
    """Limits that an operator sets for every origin, besides those that servers announce."""

    longest_pause: float = 300
    """The longest that requests wait because a server said so, in seconds; then one is tried.

    0: only retries wait for the times that servers announce.
    """
    failure_share: float = 0.5
    """The share of failed requests at which the circuit breaker opens; 0: it never does."""
    failure_count: int = 20
    """The number of failed requests in the window below which the circuit breaker stays closed."""
    window_seconds: float = 30
    """The window of the circuit breaker and the retry budget, in seconds."""
    open_seconds: float = 30
    """Seconds for which an open circuit breaker refuses requests; then it lets one probe pass."""
    retry_share: float = 0.2
    """Allowed retries per request within the window; 0: retries are not limited."""
    retry_floor: int = 20
    """Number of retries within the window that are always allowed."""
    connections: Mapping[str, int] = field(default_factory=dict)
    """Origin -> the most concurrent requests to it, over all event loops.

    Example: `{"https://api.acme.example": 5}`.
    """

    @classmethod
    def off(cls) -> Self:
        """Return limits that limit nothing."""
        return cls(
            longest_pause=0,
            failure_share=0,
            retry_share=0,
        )

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Parse the limits in *text*: `pause=60,share=0.8`, or `off`.

        A limit that is not named keeps its default. Raises `ValueError` with a sentence for the
        operator.
        """
        limits = cls()
        connections = {}
        for item in filter(None, (item.strip() for item in text.split(","))):
            name, _, value = item.rpartition("=")
            if item == "off":
                limits = cls.off()
            elif "://" in name:
                connections[_origin(name)] = _number(item, value, _COUNT)
            elif name in _FIGURES:
                member, allowed = _FIGURES[name]
                limits = replace(limits, **{member: _number(item, value, allowed)})
            else:
                names = ", ".join(_FIGURES)
                raise ValueError(
                    f"{item!r} is no limit for origins: expected off, NAME=NUMBER with a name of"
                    f" {names}, or ORIGIN=CONNECTIONS"
                )
        return replace(limits, connections=connections)


_COUNT = "a whole number from 1"
_SHARE = "a number from 0 to 1"
_SECONDS = "a number of seconds"

_FIGURES = {
    "pause": ("longest_pause", _SECONDS),
    "share": ("failure_share", _SHARE),
    "failures": ("failure_count", _COUNT),
    "window": ("window_seconds", _SECONDS),
    "open": ("open_seconds", _SECONDS),
    "retries": ("retry_share", _SHARE),
    "floor": ("retry_floor", _COUNT),
}
"""Name of a limit in an operator's text -> the field of `OriginLimits`, and its allowed values."""

_ALLOWED: dict[str, Callable[[float], bool]] = {
    _COUNT: lambda number: number >= 1 and number.is_integer(),
    _SHARE: lambda number: 0 <= number <= 1,
    _SECONDS: lambda number: 0 <= number <= 86400,
}


def _number(item: str, text: str, allowed: str) -> Any:
    """Parse *text*, the number in *item*, and check that it is *allowed* (a key of `_ALLOWED`)."""
    # `float` alone also reads `1e9`, `1_0`, `inf`, and the digits of other scripts.
    is_decimal = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
    number = float(text) if is_decimal else math.nan
    if not _ALLOWED[allowed](number):
        raise ValueError(f"{item!r} is no limit for origins: expected {allowed}")
    return int(number) if allowed == _COUNT else number


def _origin(text: str) -> str:
    from httptask._http.syntax import origin

    try:
        return origin(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no origin: {error}") from error


def _is_count(value: Any) -> bool:
    # In Python, a boolean is an `int`.
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and 1 <= value <= 1_000_000


def _is_seconds(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= _LONGEST_SECONDS


_LONGEST_SECONDS = 366 * 86_400
"""A leap year."""
