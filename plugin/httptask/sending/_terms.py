"""What holds for every call of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from httptask._core.redaction import Redactor
from httptask.model.policy import Limits, RetryPolicy, Timeouts
from httptask.model.task import Reading


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every call of a task: a task that runs again and again makes it once."""

    timeouts: Timeouts
    retry: RetryPolicy
    limits: Limits
    redactor: Redactor
    reading: Reading
    """How the task wants a body to be read."""
    redirects: int
    """How many are followed; never more than `limits` has."""
    credentials: Sequence[str]
    """The names of what authorises its requests."""
