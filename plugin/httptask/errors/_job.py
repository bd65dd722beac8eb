"""The summary of a job that a task waits for.

This module is here because errors carry the summary; other parts import it from
`httptask.model.completion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Job:
    """The summary of a job, which a server continues after its first response."""

    url: str
    """The URL to poll. `attach` takes it, to wait for the job again."""
    status: str | None = None
    """The last state of the job; None if no response named a state."""
    states: tuple[str, ...] = ()
    """The last twenty states of the job, in order, without repetitions."""
    polls: int = 0
    """The number of polls, including those before a resumed run."""
    stopped_by: str | None = None
    """Why polling ended: `done`, `until`, `failed`, `deadline`, `testRequest`, `cancelled` or
    `error`. None while polling goes on.
    """
    elapsed_seconds: float = 0.0
    """The seconds since the job was sent, or attached to."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object with all fields."""
        return {
            "url": self.url,
            "status": self.status,
            "states": list(self.states),
            "polls": self.polls,
            "stoppedBy": self.stopped_by,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the summary that `to_json` converted to *value*."""
        return cls(
            value["url"],
            value["status"],
            tuple(value["states"]),
            value["polls"],
            value["stoppedBy"],
            float(value["elapsedSeconds"]),
        )
