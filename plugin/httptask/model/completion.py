"""The setting `completion` of an HTTP task, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask.errors import Job

__all__ = [
    "AUTO",
    "CALLBACK_RESULTS",
    "RESULTS",
    "Cancelling",
    "Completion",
    "Job",
    "Polling",
    "Verifying",
]

AUTO = "auto"
"""The URL is the one that the first answer names."""
RESULTS = ("self", "location", "original")
"""What may be the result of a job, besides an expression."""
CALLBACK_RESULTS = ("self", "original")
"""What may be the result of a job that calls back, besides an expression."""
_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Polling:
    """How a job is asked for its state. Expressions are as they were written."""

    url: str = AUTO
    """`auto`, or a URL, mostly an expression over the first answer."""
    status: str | None = None
    """Query of the state; None: where the conventions have it."""
    done: tuple[str, ...] = ()
    """States of a job that succeeded; empty: those of the conventions."""
    failed: tuple[str, ...] = ()
    """States of a job that failed; empty: those of the conventions."""
    until: str | None = None
    """An expression over the result of a poll: true is the end."""
    interval_seconds: float = _INTERVAL
    """The wait before the first poll, where the server does not ask for another."""
    max_interval_seconds: float = 60.0
    backoff_rate: float = 1.5
    timeout_seconds: float = 3600.0
    """The time for the job, beyond that of each request."""
    result: str = "self"
    """One of `RESULTS`, or an expression over the result of the last poll."""

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the setting; an unset field has its default."""
        names = {
            "url": "url",
            "status": "status",
            "until": "until",
            "interval_seconds": "intervalSeconds",
            "max_interval_seconds": "maxIntervalSeconds",
            "backoff_rate": "backoffRate",
            "timeout_seconds": "timeoutSeconds",
            "result": "result",
        }
        fields = {
            field: value[name] for field, name in names.items() if value.get(name) is not None
        }
        if "interval_seconds" not in fields and "max_interval_seconds" in fields:
            fields["interval_seconds"] = min(_INTERVAL, fields["max_interval_seconds"])
        return cls(
            done=tuple(value.get("done") or ()), failed=tuple(value.get("failed") or ()), **fields
        )

    def wait_seconds(self, polls: int) -> float:
        """Return the wait before the poll that follows *polls* others."""
        longest = max(self.interval_seconds, self.max_interval_seconds)
        try:
            return min(longest, self.interval_seconds * self.backoff_rate**polls)
        except OverflowError:
            return longest


@dataclass(frozen=True, slots=True)
class Cancelling:
    """The request that ends a job nobody waits for any more."""

    method: str | None = None
    """`DELETE` or `POST`; None: DELETE, and for a Google operation POST to its `:cancel`."""
    url: str = AUTO
    """`auto`: that of the job; else a URL, mostly an expression over the first answer."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """How a callback proves that it comes from the API: a keyed hash of its body (RFC 2104)."""

    header: str
    """The header with the signature."""
    credential: str
    """The name of the credential whose only secret is the key."""
    algorithm: str = "sha256"
    prefix: str = ""
    """What stands before the signature: `sha256=`."""
    encoding: str = "hex"


@dataclass(frozen=True, slots=True)
class Completion:
    """How a task waits for a job that its request started."""

    when: str | None = None
    """An expression over the first answer: whether there is a job. None: the conventions say."""
    poll: Polling = Polling()
    cancel: Cancelling | None = None
    attach: Any = None
    """An expression for the URL of a job to wait for, in place of the first request."""
    is_called_back: bool = False
    """Whether somebody calls when the job ends: then it is not polled, and `poll` holds what the
    settings of both modes have in common.
    """
    verify: Verifying | None = None

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the setting; an unset field has its default."""
        is_called_back = is_callback(value)
        cancel = value.get("cancel")
        waiting = value.get("callback" if is_called_back else "poll") or {}
        verify = waiting.get("verify") if is_called_back else None
        return cls(
            value.get("when"),
            Polling.of_json(waiting),
            Cancelling(**cancel) if cancel is not None else None,
            value.get("attach"),
            is_called_back,
            Verifying(**verify) if verify is not None else None,
        )


def is_callback(setting: Any) -> bool:
    """Say whether *setting*, the `completion` of a task, waits for a callback."""
    return isinstance(setting, Mapping) and setting.get("mode") == "callback"
