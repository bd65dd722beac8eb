"""The state of a job's round."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from httptask.errors import Job, TaskResult

_LISTED = 20
"""The number of states that are kept: the last states."""
LONGEST_STATE = 200
"""The number of characters of a state that are kept: servers may send any text."""


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a round: small, and JSON, so that another process can continue it."""

    url: str
    """The URL to poll."""
    convention: str
    """The convention by which the URL was found: see `Link`."""
    method: str = "GET"
    """The method of the request that started the job."""
    polls: int = 0
    failures: int = 0
    """The number of consecutive failed polls."""
    is_seen: bool = False
    """Whether a poll has succeeded."""
    began: float = field(default_factory=time.time)
    """When the job was started, or attached to: seconds since the epoch."""
    states: tuple[str, ...] = ()
    status: str | None = None
    location: str | None = None
    """The URL of the job's result, if a response named it."""
    cancel_url: str | None = None
    original: Mapping[str, Any] | None = None
    """The first response as JSON, if it will be the result of the task."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            "url": self.url,
            "convention": self.convention,
            "method": self.method,
            "polls": self.polls,
            "failures": self.failures,
            "isSeen": self.is_seen,
            "began": self.began,
            "states": list(self.states),
            "status": self.status,
            "location": self.location,
            "cancelUrl": self.cancel_url,
            "original": self.original,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the state from *value*, a result of `to_json`."""
        return cls(
            value["url"],
            value["convention"],
            value["method"],
            value["polls"],
            value["failures"],
            value["isSeen"],
            float(value["began"]),
            tuple(value["states"]),
            value["status"],
            value["location"],
            value["cancelUrl"],
            value["original"],
        )

    @property
    def elapsed(self) -> float:
        """The seconds since the job began; 0 if the clock was set back."""
        return max(0.0, time.time() - self.began)

    def seen(self, status: str | None) -> Self:
        """Return the state after a response that named *status*."""
        status = status[:LONGEST_STATE] if status is not None else None
        states = self.states
        if status is not None and status not in states:
            states = (*states, status)[-_LISTED:]
        return replace(self, states=states, status=status or self.status)

    def job(self, stopped_by: str | None) -> Job:
        """Return the summary of the job; *stopped_by* says why the round ended."""
        return Job(self.url, self.status, self.states, self.polls, stopped_by, self.elapsed)

    def first_answer(self) -> TaskResult | None:
        """Return the first response; None if `original` has no copy of it."""
        if self.original is None:
            return None
        return TaskResult.from_json(self.original)
