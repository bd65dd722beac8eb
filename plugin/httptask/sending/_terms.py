"""The terms of a task: the settings that apply to each of its calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from httptask._core.redaction import Redactor
from httptask.model.policy import Limits, RetryPolicy, Timeouts
from httptask.model.task import Reading


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that apply to every call of a task. Made once for a task that runs
    repeatedly.
    """

    timeouts: Timeouts
    retry: RetryPolicy
    limits: Limits
    redactor: Redactor
    reading: Reading
    """How the task's settings say that bodies are to be read."""
    redirects: int
    """The most redirects that are followed; never more than `limits` allow."""
    credentials: Sequence[str]
    """The names of the credentials of the task's requests."""
