"""The progress of a running call, for an observer outside the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange
    from httptask.sending._hop import Received
    from httptask.sending._wire import Recorder


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait before the next attempt."""

    seconds: float
    retry_after: float | None
    """The seconds in the server's `Retry-After` (RFC 9110, section 10.2.3); None without one."""


class Keeper(Protocol):
    """Stores the progress of a call, so that another process can continue after a crash."""

    @property
    def is_left(self) -> bool:
        """Whether a call that is cancelled now will be continued later."""
        ...

    async def keep(self, state: Any, part: Any) -> None:
        """Store the *state* of a task of several calls, and *part*, the result of its last call.

        Both are JSON.
        """
        ...

    async def sends(self) -> None:
        """Store that a request which must not be sent twice is about to be sent."""
        ...

    def note_unsent(self) -> None:
        """Note that a cancelled call has sent nothing."""
        ...


@dataclass(slots=True)
class Progress:
    """The progress of a call. The call that runs in the context of `watched` fills it in."""

    attempt: int = 0
    """The number of the attempt, from 1; 0 before the first attempt begins."""
    max_attempts: int = 0
    wait: Wait | None = None
    """Set between attempts, else None."""
    network: Recorder | None = None
    """The network record of the current or last hop."""
    received: Received | None = None
    """The response of that hop, as far as it was received. Not masked."""
    is_observed: bool = False
    """Whether the exchange of every call is wanted, not only the exchange of a cancelled call."""
    exchange: Exchange | None = None
    """The exchange of a cancelled call, up to the cancellation; with `is_observed`, also the
    exchange of the last call. Secrets are masked.
    """
    maybe_delivered: bool = False
    """For a cancelled call: whether a server may have received a request."""
    round_state: Any = None
    """The state of a task of several calls, as JSON. A new visit with this state continues the
    task.
    """
    waits_until: str | None = None
    """The deadline (RFC 3339) of a test request that is waiting for a callback, else None."""
    notes: list[str] = field(default_factory=list)
    """Notes on the requests of ended calls that waited in a queue."""
    stopped: Mapping[str, Any] = field(default_factory=dict)
    """For a cancelled task of several calls: additional fields of its error."""
    pinned: int = 0
    """The number of the visit's requests that pins answered, requests before a crash included."""
    keeper: Keeper | None = None
    """Stores the progress. Its `sends` is awaited before a request is sent."""


watched: ContextVar[Progress | None] = ContextVar("httptask_watched", default=None)
"""The progress object that the call in this context fills in; None when nobody watches."""


@dataclass(frozen=True, slots=True)
class RoundNews:
    """The next step of a task of several calls."""

    task: str
    """The name of the task."""
    url: str
    """The URL of the next call, with its secrets masked."""
    wait_seconds: float
    """The wait before the next call."""
    state: Mapping[str, Any]
    """The state of the task: see `Progress.round_state`."""


told: ContextVar[Callable[[RoundNews], None] | None] = ContextVar("httptask_told", default=None)
"""Called before each call but the first of a task of several calls in this context."""
