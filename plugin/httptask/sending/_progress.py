"""How far a call is, for an observer outside of it. Filling it in costs next to nothing."""

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
    """The seconds the server asked for (RFC 9110, section 10.2.3); None when it did not ask."""


class Keeper(Protocol):
    """Keeps how far a call is, for another process that goes on when this one has died."""

    @property
    def is_left(self) -> bool:
        """Whether a call that is cancelled now is gone on with later."""
        ...

    async def keep(self, state: Any, part: Any) -> None:
        """Keep where a task of several calls is, and *part*, what its last call added, as JSON."""
        ...

    async def sends(self) -> None:
        """Keep that a request is sent now which must not be sent twice."""
        ...

    def note_unsent(self) -> None:
        """Note that a call which was cancelled has sent nothing."""
        ...


@dataclass(slots=True)
class Progress:
    """Filled in by the call that runs where `watched` holds it."""

    attempt: int = 0
    """From 1; 0 until the first one begins."""
    max_attempts: int = 0
    wait: Wait | None = None
    """Set between attempts."""
    network: Recorder | None = None
    """Of the hop under way, else of the last one."""
    received: Received | None = None
    """The response of that hop as far as it came, as it came: nothing in it is masked."""
    is_observed: bool = False
    """Whether the exchange of every call is wanted, not only that of a cancelled one."""
    exchange: Exchange | None = None
    """Of a cancelled call, as far as it got, else of the last call where they are observed; secrets
    masked.
    """
    maybe_delivered: bool = False
    """For a cancelled call: the server may have got a request."""
    round_state: Any = None
    """JSON: where a task of several calls is. Given to a new visit, it goes on from there."""
    waits_until: str | None = None
    """Of a test request that waits for a callback now: until when, RFC 3339."""
    notes: list[str] = field(default_factory=list)
    """Of the calls that have ended: what the queue did to their requests."""
    stopped: Mapping[str, Any] = field(default_factory=dict)
    """For a cancelled task of several calls: more fields of its error."""
    pinned: int = 0
    """Requests of the visit that pins answered, those before a crash included."""
    keeper: Keeper | None = None
    """Told, and waited for, before requests are sent."""


watched: ContextVar[Progress | None] = ContextVar("httptask_watched", default=None)
"""The progress that the call in this context fills in."""


@dataclass(frozen=True, slots=True)
class RoundNews:
    """What a task of several calls does next."""

    task: str
    """The name of the task."""
    url: str
    """Of the next call; secrets masked."""
    wait_seconds: float
    """The wait before it."""
    state: Mapping[str, Any]
    """Where the task is."""


told: ContextVar[Callable[[RoundNews], None] | None] = ContextVar("httptask_told", default=None)
"""Told, before each call but the first, what a task of several calls in this context does next."""
