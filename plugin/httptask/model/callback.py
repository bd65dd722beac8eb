"""A call from outside that may complete a waiting task, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from httptask.model.workflow import Signal


@dataclass(frozen=True, slots=True)
class Received:
    """A call of a callback URL, as it came. Nothing of it is trusted."""

    headers: Mapping[str, str]
    """By their names in lower case; of several fields of one name, joined with `, `."""
    content: bytes = field(repr=False)
    query: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to such a call."""

    status: int
    message: str = ""
    """Why it was refused, for whoever called."""
    signal: Signal | None = None
    """What the call completes the task with; None: the task goes on waiting."""
    note: str = ""
    """What whoever reads the run's history should know of the call."""
