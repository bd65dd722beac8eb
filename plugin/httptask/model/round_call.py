"""A call of a round in its exchange: of most of them only a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask.model.exchange import Attempt, SentRequest


@dataclass(frozen=True, slots=True)
class RoundCall:
    """One of the calls that a task of several calls made."""

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
    """None: only this line was kept, or it is the last one, whose attempts are the exchange's."""

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
            "attempts": None if attempts is None else [one.to_json() for one in attempts],
        }


def fields_of_call(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the `RoundCall` of which `to_json` made *value*."""
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
    calls: Sequence[RoundCall], omitted: int, next_request: SentRequest | None
) -> dict[str, Any]:
    """Return the members that the calls of every round have in an exchange."""
    return {
        "calls": [call.to_json() for call in calls],
        "omitted": omitted,
        "nextRequest": next_request.to_json() if next_request is not None else None,
    }


def fields_of_calls(
    value: Mapping[str, Any], call_of: Callable[[Mapping[str, Any]], RoundCall]
) -> dict[str, Any]:
    """Return the fields of which `calls_to_json` made members of *value*; *call_of* reads a
    call.
    """
    request = value["nextRequest"]
    return {
        "calls": tuple(map(call_of, value["calls"])),
        "omitted": value["omitted"],
        "next_request": SentRequest.from_json(request) if request is not None else None,
    }
