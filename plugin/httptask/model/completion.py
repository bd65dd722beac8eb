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
"""Use the URL that the first response names."""
RESULTS = ("self", "location", "original")
"""The keywords for the result of a polled job; an expression is also allowed."""
CALLBACK_RESULTS = ("self", "original")
"""The keywords for the result of a job that calls back; an expression is also allowed."""
_INTERVAL = 5.0


@dataclass(frozen=True, slots=True)
class Polling:
    """How a task asks for the state of a job. Expressions are kept as the author wrote them."""

    url: str = AUTO
    """`auto`, or a URL, usually an expression over the first response."""
    status: str | None = None
    """Query of the state; None: the member that the conventions define."""
    done: tuple[str, ...] = ()
    """States of a job that succeeded; empty: the states that the conventions define."""
    failed: tuple[str, ...] = ()
    """States of a job that failed; empty: the states that the conventions define."""
    until: str | None = None
    """An expression over the result of a poll; polling ends when it is true."""
    interval_seconds: float = _INTERVAL
    """The wait before the first poll, unless the server asks for another."""
    max_interval_seconds: float = 60.0
    backoff_rate: float = 1.5
    timeout_seconds: float = 3600.0
    """The time limit for the whole job; each request has its own limits as well."""
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
            done=tuple(value.get("done") or ()),
            failed=tuple(value.get("failed") or ()),
            **fields,
        )

    def wait_seconds(self, polls: int) -> float:
        """Return the seconds to wait before the next poll, after *polls* polls."""
        longest = max(self.interval_seconds, self.max_interval_seconds)
        try:
            return min(longest, self.interval_seconds * self.backoff_rate**polls)
        except OverflowError:
            return longest


@dataclass(frozen=True, slots=True)
class Cancelling:
    """The request that cancels a job when no task waits for it any more."""

    method: str | None = None
    """`DELETE` or `POST`; None: DELETE, and for a Google operation POST to its `:cancel`."""
    url: str = AUTO
    """`auto`: the URL of the job; else a URL, usually an expression over the first response."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """How a callback proves that it comes from the API: a keyed hash of its body (RFC 2104)."""

    header: str
    """The header with the signature."""
    credential: str
    """The name of a credential with a single secret: the key."""
    algorithm: str = "sha256"
    prefix: str = ""
    """The text before the signature in the header: `sha256=`."""
    encoding: str = "hex"


@dataclass(frozen=True, slots=True)
class Completion:
    """How a task waits for a job that its request started."""

    when: str | None = None
    """An expression over the first response: whether it started a job. None: by the conventions."""
    poll: Polling = Polling()
    cancel: Cancelling | None = None
    attach: Any = None
    """An expression for the URL of a running job: the task waits for this job and sends no first
    request.
    """
    is_called_back: bool = False
    """Whether the API calls back when the job ends.

    Then the job is not polled, and `poll` holds the settings that both modes share.
    """
    verify: Verifying | None = None

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the setting; an unset field has its default."""
        is_called_back = is_callback(value)
        cancel = value.get("cancel")
        fields = value.get("callback" if is_called_back else "poll") or {}
        verify = fields.get("verify") if is_called_back else None
        return cls(
            value.get("when"),
            Polling.of_json(fields),
            Cancelling(**cancel) if cancel is not None else None,
            value.get("attach"),
            is_called_back,
            Verifying(**verify) if verify is not None else None,
        )


def is_callback(setting: Any) -> bool:
    """Say whether *setting*, the `completion` of a task, waits for a callback."""
    return isinstance(setting, Mapping) and setting.get("mode") == "callback"
