"""The job of an exchange: the calls that started it, polled it, and took its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Job
from httptask.model.exchange import SentRequest
from httptask.model.round_call import (
    RoundCall,
    calls_to_json,
    fields_of_call,
    fields_of_calls,
)


@dataclass(frozen=True, slots=True)
class JobCall(RoundCall):
    """One call about a job."""

    purpose: str = "poll"
    """`start`, `poll`, `result` or `cancel`."""
    state: str | None = None
    """The state that its answer names."""
    waited_seconds: float = 0.0
    """The wait before it."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            **RoundCall.to_json(self),
            "purpose": self.purpose,
            "state": self.state,
            "waitedSeconds": round(self.waited_seconds, 6),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the call of which `to_json` made *value*."""
        return cls(
            purpose=value["purpose"],
            state=value["state"],
            waited_seconds=float(value["waitedSeconds"]),
            **fields_of_call(value),
        )


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call of the URL that a task waited at; secrets masked."""

    method: str
    headers: tuple[tuple[str, str], ...]
    """By their names in lower case."""
    body: Any
    """As JSON: parsed, the fields of a form, or text; None where there is none, or it cannot be
    read.
    """
    received_at: str
    """RFC 3339, UTC."""
    status: int
    """What it was answered."""
    note: str = ""
    """Why it did not end the wait; empty for the one that did."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "method": self.method,
            "headers": [list(pair) for pair in self.headers],
            "body": self.body,
            "receivedAt": self.received_at,
            "status": self.status,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the call of which `to_json` made *value*."""
        return cls(
            value["method"],
            tuple((name, text) for name, text in value["headers"]),
            value["body"],
            value["receivedAt"],
            value["status"],
            value["note"],
        )


@dataclass(frozen=True, slots=True)
class JobCalls:
    """The calls about a job; the attempts of the exchange are those of the last one."""

    summary: Job
    """Its URL is masked."""
    calls: tuple[JobCall, ...]
    """In order: the first ones, and the last ones."""
    omitted: int = 0
    """Calls between them that are not listed."""
    next_request: SentRequest | None = None
    """The poll after a test request's last one: it was not sent."""
    received: tuple[ReceivedCall, ...] | None = None
    """Of a job that calls back: the calls that came, the last twenty; None for one that is
    polled.
    """

    def to_json(self) -> dict[str, Any]:
        """Return the summary with the calls, and with `received` where they may come."""
        value = {
            **self.summary.to_json(),
            **calls_to_json(self.calls, self.omitted, self.next_request),
        }
        if self.received is not None:
            value["received"] = [call.to_json() for call in self.received]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the job of which `to_json` made *value*."""
        received = value.get("received")
        return cls(
            Job.from_json(value),
            **fields_of_calls(value, JobCall.from_json),
            received=tuple(map(ReceivedCall.from_json, received)) if received is not None else None,
        )
