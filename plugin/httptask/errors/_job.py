"""How far a job came that a task waits for.

It stands below the errors, which carry it; other parts import it from `httptask.model.completion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Job:
    """A summary of a job that a server goes on with after its first answer."""

    url: str
    """Where it is polled: what `attach` takes to wait for it again."""
    status: str | None = None
    """The last state it was seen in; None: no answer named one."""
    states: tuple[str, ...] = ()
    """The states it was seen in, in order, without repeats; the last twenty."""
    polls: int = 0
    """Polls that were made, those before a resumed run included."""
    stopped_by: str | None = None
    """Why it is not polled any more: `done`, `until`, `failed`, `deadline`, `testRequest`,
    `cancelled` or `error`. None while it is.
    """
    elapsed_seconds: float = 0.0
    """Since the job was sent, or attached to."""

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
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
        """Return the summary of which `to_json` made *value*."""
        return cls(
            value["url"],
            value["status"],
            tuple(value["states"]),
            value["polls"],
            value["stoppedBy"],
            float(value["elapsedSeconds"]),
        )
