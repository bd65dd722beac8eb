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
    """The job's state according to the response."""
    waited_seconds: float = 0.0
    """The wait before this call."""

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
        """Return the call that `to_json` wrote as *value*."""
        return cls(
            purpose=value["purpose"],
            state=value["state"],
            waited_seconds=float(value["waitedSeconds"]),
            **fields_of_call(value),
        )


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call to the callback URL of a waiting task; secrets masked."""

    method: str
    headers: tuple[tuple[str, str], ...]
    """Names are in lower case."""
    body: Any
    """As JSON: the parsed body, the fields of a form, or text; None if there is no body or it
    cannot be read.
    """
    received_at: str
    """RFC 3339, UTC."""
    status: int
    """The status that the caller got in response."""
    note: str = ""
    """Why the call did not end the wait; "" for the call that ended it."""

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
        """Return the call that `to_json` wrote as *value*."""
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
    """The calls about a job. The exchange's own attempts are those of the last call."""

    summary: Job
    """The job. Secrets in its URL are masked."""
    calls: tuple[JobCall, ...]
    """The first and the last calls, in order."""
    omitted: int = 0
    """The number of calls between these that are not listed."""
    next_request: SentRequest | None = None
    """The next poll of a test request, which stops before sending it."""
    received: tuple[ReceivedCall, ...] | None = None
    """The last twenty calls to the callback URL; None for a job that is polled."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary and the calls; `received` only for a job that calls back."""
        value = {
            **self.summary.to_json(),
            **calls_to_json(self.calls, self.omitted, self.next_request),
        }
        if self.received is not None:
            value["received"] = [call.to_json() for call in self.received]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the job that `to_json` wrote as *value*."""
        received = value.get("received")
        return cls(
            Job.from_json(value),
            **fields_of_calls(value, JobCall.from_json),
            received=tuple(map(ReceivedCall.from_json, received)) if received is not None else None,
        )
