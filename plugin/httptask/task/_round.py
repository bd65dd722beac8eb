"""A round: several calls of one task in a row, each made of what the one before was answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.threads import in_thread
from httptask.errors import TaskError
from httptask.sending import RoundNews, told, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.model.exchange import OutgoingRequest, SentRequest
    from httptask.sending import Delivery
    from httptask.task._visit import Visit


@dataclass(frozen=True, slots=True)
class NextCall:
    """A call of a round, as it differs from the task's settings."""

    settings: Mapping[str, Any] | None = None
    """The evaluated settings as they are for this call; None: as they are for the task."""
    url: str | None = None
    """A URL that a response named, absolute. The request goes there, and else is as it was; to
    another origin than the settings' own it goes without credential, cookies and secret headers.
    """
    method: str | None = None
    """Another method than the settings', or that of a call which is about another thing. The body
    is left out.
    """
    wait_seconds: float = 0.0
    """The wait before it."""
    number: int = 1
    """From 1. An idempotency key is of one call of a visit."""
    is_judged: bool = True
    """Whether it is what the author wrote of: the task's conditions decide on its response, and it
    has an idempotency key. For another, any 2xx is a success.
    """


FIRST = NextCall()
"""The call of a task that makes one only."""


PART = "part"
"""In a state that is handed on: what was collected. A secret in it is masked, as in a result."""

_CANCEL_SECONDS = 10.0
"""For the call that ends what a stopped run has begun."""


@dataclass(frozen=True, slots=True)
class RoundWaits(Exception):  # noqa: N818 - no error: the round goes on elsewhere
    """The next call of a round is not before some time; another round goes on from *state*."""

    wait_seconds: float
    state: Any


class Round(Protocol):
    """Decides which calls a visit makes; one object for one visit.

    What it has to know to go on elsewhere is small, and JSON: `state`.
    """

    preview: NextCall | None
    """A call that is only shown when the round has ended: a test request makes a few."""

    @property
    def is_slow(self) -> bool:
        """Whether `ended` and `failed` send a file elsewhere: not for an event loop."""
        ...

    @property
    def state(self) -> Any:
        """Return as JSON where the round is: given to a new round, it goes on from there."""
        ...

    @property
    def part(self) -> Any:
        """Return as JSON what the last answer added to what is collected. A new round that gets all
        of them with the state, as its `parts`, collects them again.
        """
        ...

    def handed_on(self, wait_seconds: float, longest_wait_seconds: float) -> Any:
        """Return as JSON the state from which a new round goes on with the next call, which is not
        before *wait_seconds*, and nobody waits longer here than *longest_wait_seconds*; None: this
        round goes on.
        """
        ...

    def first(self, settings: Mapping[str, Any]) -> NextCall:
        """Return the first call, *settings* being the task's, evaluated.

        Raises a `TaskError` when there is none.
        """
        ...

    def asks(self, request: OutgoingRequest, settings: Mapping[str, Any]) -> None:
        """Note the next call, *request* made of *settings*. Raises a `TaskError` if it must not be
        made.
        """
        ...

    async def following(self, delivery: Delivery) -> NextCall | None:
        """Return the call after the one that *delivery* ended; None: there is none."""
        ...

    def ended(self, delivery: Delivery, shown: SentRequest | None = None) -> Delivery:
        """Return what the round ended in, *delivery* being its last call's, and *shown* the request
        of its `preview`.
        """
        ...

    def failed(self, error: TaskError, delivery: Delivery | None) -> Delivery:
        """Return what the round ended in, *error* having kept the next call from being made.

        *delivery* is that of the last call; without one, *error* is raised.
        """
        ...

    def cancellation(self) -> NextCall | None:
        """Return the call that ends at the server what the round began; None: there is none. Asked
        when the run is stopped meanwhile.
        """
        ...

    def stopped(self) -> Mapping[str, Any]:
        """Return more fields for the error of a run that is stopped meanwhile."""
        ...

    def close(self) -> None:
        """Let go of what it holds; called however the round ends."""
        ...


async def go_round(visit: Visit, calls: Round) -> Delivery:
    """Make the *calls* of *visit*, and return what they ended in."""
    delivery = None
    try:
        call = calls.first(visit.settings)
        while True:
            handed_on = _handed_on(visit, calls, call)
            if handed_on is None:
                await _tell(visit, calls, call, is_first=delivery is None)
                if call.wait_seconds and not visit.is_pinned:
                    await asyncio.sleep(call.wait_seconds)
            try:
                outgoing = await visit.request(call)
                calls.asks(outgoing.built, outgoing.settings)
                if handed_on is not None:  # what keeps the call from being made is said here
                    raise handed_on
                delivery = await visit.deliver(outgoing)
            except TaskError as error:
                return await _made(calls, partial(calls.failed, error, delivery))
            following = await calls.following(delivery)
            if following is None:
                break
            call = following
        shown = await visit.shown(calls.preview) if calls.preview is not None else None
        return await _made(calls, partial(calls.ended, delivery, shown))
    except asyncio.CancelledError:
        progress = watched.get()
        delivered = progress is not None and progress.maybe_delivered
        if progress is None or progress.keeper is None or not progress.keeper.is_left:
            await _cancel(visit, calls.cancellation())
        if progress is not None:
            progress.maybe_delivered = delivered or delivery is not None
            progress.stopped = calls.stopped()
        raise
    finally:
        calls.close()


async def _made(calls: Round, make: Callable[[], Delivery]) -> Delivery:
    return await in_thread(make) if calls.is_slow else make()


def _handed_on(visit: Visit, calls: Round, call: NextCall) -> RoundWaits | None:
    """Return where another round goes on with *call*; None: this one does."""
    wait_seconds = 0.0 if visit.is_pinned else call.wait_seconds
    state = calls.handed_on(wait_seconds, visit.longest_wait_seconds)
    if state is None or not visit.may_travel({**state, PART: None}):
        return None
    return RoundWaits(wait_seconds, visit.kept(state))


async def _cancel(visit: Visit, call: NextCall | None) -> None:
    """Make *call*, which ends what a stopped run has begun. It is bounded, and its failure changes
    nothing: the error of the run says what may still be under way.
    """
    if call is None:
        return
    with contextlib.suppress(TaskError, TimeoutError):
        async with asyncio.timeout(_CANCEL_SECONDS):
            await visit.deliver(await visit.request(call))


async def _tell(visit: Visit, calls: Round, call: NextCall, *, is_first: bool) -> None:
    """Tell who watches that *call* is the next one."""
    progress, listener = watched.get(), told.get()
    if progress is not None:
        progress.round_state = calls.state
        if progress.keeper is not None and not is_first:
            await progress.keeper.keep(visit.kept(calls.state), calls.part)
    if listener is not None and not is_first:
        url = visit.mask(call.url or "")
        listener(RoundNews(visit.task_name, url, call.wait_seconds, calls.state))
