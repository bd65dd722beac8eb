"""One of several calls in an exchange, mostly reduced to a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask.model.exchange import Attempt, SentRequest


@dataclass(frozen=True, slots=True)
class RoundCall:
    """One of the calls of a task that makes several: for pages, or about a job."""

    number: int
    """From 1."""
    method: str
    url: str
    """Secrets masked."""
    status_code: int | None
    """None when no response came."""
    outcome: str
    """`success` or the outcome class."""
    elapsed_seconds: float = 0.0
    attempts: tuple[Attempt, ...] | None = None
    """None if only this line was kept, or if it is the last call: its attempts are the
    exchange's.
    """

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        attempts = self.attempts
        return {
            "number": self.number,
            "method": self.method,
            "url": self.url,
            "statusCode": self.status_code,
            "outcome": self.outcome,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
            "attempts": None if attempts is None else [attempt.to_json() for attempt in attempts],
        }


def fields_of_call(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `RoundCall` from *value*, which its `to_json` wrote."""
    attempts = value["attempts"]
    return {
        "number": value["number"],
        "method": value["method"],
        "url": value["url"],
        "status_code": value["statusCode"],
        "outcome": value["outcome"],
        "elapsed_seconds": float(value["elapsedSeconds"]),
        "attempts": None if attempts is None else tuple(map(Attempt.from_json, attempts)),
    }


def calls_to_json(
    calls: Sequence[RoundCall],
    omitted: int,
    next_request: SentRequest | None,
) -> dict[str, Any]:
    """Return the JSON members that exchanges with several calls have in common."""
    return {
        "calls": [call.to_json() for call in calls],
        "omitted": omitted,
        "nextRequest": next_request.to_json() if next_request is not None else None,
    }


def fields_of_calls(
    value: Mapping[str, Any],
    call_of: Callable[[Mapping[str, Any]], RoundCall],
) -> dict[str, Any]:
    """Return the constructor arguments from *value*, whose members `calls_to_json` wrote.

    *call_of* reads one call.
    """
    request = value["nextRequest"]
    return {
        "calls": tuple(map(call_of, value["calls"])),
        "omitted": value["omitted"],
        "next_request": SentRequest.from_json(request) if request is not None else None,
    }
