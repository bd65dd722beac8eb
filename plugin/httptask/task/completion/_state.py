"""Where a round of polls is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from httptask.errors import Job, TaskResult

_LISTED = 20
"""States that are kept, the last ones."""
LONGEST_STATE = 200
"""Characters of a state that are kept: it comes from the server."""


@dataclass(frozen=True, slots=True)
class JobState:
    """Where a round is: small, and JSON, so that another process can go on from it."""

    url: str
    """Where the job is polled."""
    convention: str
    """What named the URL: see `Link`."""
    method: str = "GET"
    """The method of the request that started it."""
    polls: int = 0
    failures: int = 0
    """Polls without an answer since the last one with one."""
    is_seen: bool = False
    """Whether a poll was answered."""
    began: float = field(default_factory=time.time)
    """When the job was sent, or attached to: seconds since 1970."""
    states: tuple[str, ...] = ()
    status: str | None = None
    location: str | None = None
    """Where its result is, as far as an answer named it."""
    cancel_url: str | None = None
    original: Mapping[str, Any] | None = None
    """The first answer, as JSON, where it is to be the result."""

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
        """Return the state of which `to_json` made *value*."""
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
        """The seconds since the job began; a clock that was set back does not count."""
        return max(0.0, time.time() - self.began)

    def seen(self, status: str | None) -> Self:
        """Return the state after an answer that named *status*."""
        status = status[:LONGEST_STATE] if status is not None else None
        states = self.states
        if status is not None and status not in states:
            states = (*states, status)[-_LISTED:]
        return replace(self, states=states, status=status or self.status)

    def job(self, stopped_by: str | None) -> Job:
        """Return the summary of a round that is here."""
        return Job(self.url, self.status, self.states, self.polls, stopped_by, self.elapsed)

    def first_answer(self) -> TaskResult | None:
        """Return the first answer, where it was kept."""
        return None if self.original is None else TaskResult.from_json(self.original)
