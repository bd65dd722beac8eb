"""A round: consecutive calls of one task; each call depends on the response to the call before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.threads import in_thread
from httptask.errors import ConnectionFailedError, TaskError
from httptask.sending import RoundNews, told, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.model.exchange import OutgoingRequest, SentRequest
    from httptask.sending import Delivery
    from httptask.task._visit import Visit


@dataclass(frozen=True, slots=True)
class NextCall:
    """A call of a round: its differences from the task's settings."""

    settings: Mapping[str, Any] | None = None
    """The evaluated settings of this call; None: the task's settings."""
    url: str | None = None
    """An absolute URL from a response, which replaces the URL of the settings. To another origin
    the request is sent without credential, cookies and secret headers.
    """
    method: str | None = None
    """The method of this call, if it differs from the settings' or the call is not judged; the body
    is then left out.
    """
    wait_seconds: float = 0.0
    """The wait before the call."""
    number: int = 1
    """The number of the call in the visit, from 1. Each call has its own idempotency key."""
    is_judged: bool = True
    """Whether this is a call that the author wrote: the task's conditions decide on its response,
    and it has an idempotency key. For other calls, a poll for example, any 2xx is a success.
    """


FIRST = NextCall()
"""The only call of a task without a round."""


PART = "part"
"""The field of a handed-on state that holds the collected values. Secrets in it are masked, as in a
result.
"""

UNREPEATABLE = "unrepeatable"
"""The field of a state that says that the next call must not be sent twice."""

_LOST = "lost"
"""The field of a state that says that a process was lost which went on from this state."""

_CUT_OFF = "cutOff"
"""The field of a state that holds the reason why the round must not go on."""

_CANCEL_SECONDS = 10.0
"""The time limit for the call that cancels a job after its run was stopped."""


@dataclass(frozen=True, slots=True)
class RoundWaits(Exception):  # noqa: N818 - no error: the round goes on elsewhere
    """The next call of a round is due in *wait_seconds*; a new round continues from *state*."""

    wait_seconds: float
    state: Any


def lost_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return *state* with the mark that a process was lost which went on from it."""
    return {**state, _LOST: True}


def is_lost(state: Any) -> bool:
    """Say whether a process was lost which went on from *state*."""
    return isinstance(state, Mapping) and bool(state.get(_LOST))


def cut_off_state(state: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Return *state* with the *reason* for which the round must not go on.

    Its next call may have been sent already. A new round with this state makes no call, and fails
    with what was collected.
    """
    return {**state, _CUT_OFF: reason}


def cut_off_reason(state: Any) -> str | None:
    """Return the reason in *state* for which the round must not go on; None: it may go on."""
    return state.get(_CUT_OFF) if isinstance(state, Mapping) else None


class Round(Protocol):
    """Decides which calls a visit makes. Each visit has a new object.

    A round can continue in another process: its `state` is small, and JSON.
    """

    preview: NextCall | None
    """A call that is shown and not sent when the round has ended: a test request sends only a few.
    """

    @property
    def is_slow(self) -> bool:
        """Whether `ended` and `failed` upload a file, so that they must run in a thread."""
        ...

    @property
    def state(self) -> Any:
        """The position of the round, as JSON: a new round with this state continues here."""
        ...

    @property
    def part(self) -> Any:
        """The values that the last response added, as JSON.

        A new round that gets all parts with the state, as its `parts`, collects them again.
        """
        ...

    def handed_on(self, wait_seconds: float, longest_wait_seconds: float) -> Any:
        """Return the state to hand on to a new round, as JSON; None: this round continues.

        The next call is due in *wait_seconds*; this process waits at most *longest_wait_seconds*.
        """
        ...

    def first(self, settings: Mapping[str, Any]) -> NextCall:
        """Return the first call; *settings* are the task's evaluated settings.

        Raises a `TaskError` if there is no call to make.
        """
        ...

    def asks(self, request: OutgoingRequest, settings: Mapping[str, Any]) -> None:
        """Record the next call: *request*, built from *settings*.

        Raises a `TaskError` if the call must not be made.
        """
        ...

    async def following(self, delivery: Delivery) -> NextCall | None:
        """Return the call that follows the call with *delivery*; None: the round has ended."""
        ...

    def ended(self, delivery: Delivery, shown: SentRequest | None = None) -> Delivery:
        """Return the delivery of the whole round.

        *delivery* is that of the last call, *shown* the request of `preview`.
        """
        ...

    def failed(self, error: TaskError, delivery: Delivery | None) -> Delivery:
        """Return the delivery of a round whose next call could not be made because of *error*.

        *delivery* is that of the last call; raise *error* if no call was made.
        """
        ...

    def cancellation(self) -> NextCall | None:
        """Return the call that cancels the job at the server, after the run was stopped.

        None: there is nothing to cancel.
        """
        ...

    def stopped(self) -> Mapping[str, Any]:
        """Return more fields for the error of a run that is stopped during the round."""
        ...

    def close(self) -> None:
        """Release files; called however the round ends."""
        ...


async def go_round(
    visit: Visit,
    calls: Round,
    *,
    continues: bool = False,
    cut_off: str | None = None,
) -> Delivery:
    """Make the *calls* of *visit*, and return the delivery of the whole round.

    *continues*: an earlier round made calls before. *cut_off*: the reason for which no further call
    may be made, because the next one may have been sent already.
    """
    delivery = None
    try:
        if cut_off is not None:
            doubt = ConnectionFailedError(cut_off, maybe_delivered=True)
            return await _made(calls, partial(calls.failed, doubt, None))
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
                # Only now: if the call cannot be made, this process reports why.
                if handed_on is not None:
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
        # The keeper's run may go on in another process, which still needs the job.
        if progress is None or progress.keeper is None or not progress.keeper.is_left:
            await cancel_job(visit, calls)
        if progress is not None:
            progress.maybe_delivered = delivered or delivery is not None or continues
            progress.stopped = calls.stopped()
        raise
    finally:
        calls.close()


async def _made(calls: Round, make: Callable[[], Delivery]) -> Delivery:
    """Return the result of *make*; in a thread if making it uploads a file."""
    if calls.is_slow:
        return await in_thread(make)
    return make()


def _handed_on(visit: Visit, calls: Round, call: NextCall) -> RoundWaits | None:
    """Return the exception that hands *call* on to a new round; None: this round makes the call.

    A state with a secret in it must not leave the process.
    """
    wait_seconds = 0.0 if visit.is_pinned else call.wait_seconds
    state = calls.handed_on(wait_seconds, visit.longest_wait_seconds)
    if state is None or not visit.may_travel({**state, PART: None}):
        return None
    return RoundWaits(wait_seconds, visit.kept(state, call))


async def cancel_job(visit: Visit, calls: Round) -> None:
    """Cancel the job of *calls* at the server after its run was stopped, if there is one to cancel.

    The time of the call is limited, and its failure is ignored: the run's error names the job,
    which may still be running.
    """
    call = calls.cancellation()
    if call is None:
        return
    with contextlib.suppress(TaskError, TimeoutError):
        async with asyncio.timeout(_CANCEL_SECONDS):
            await visit.deliver(await visit.request(call))


async def _tell(
    visit: Visit,
    calls: Round,
    call: NextCall,
    *,
    is_first: bool,
) -> None:
    """Report the next call to the run's progress, its journal, and the listener."""
    progress = watched.get()
    listener = told.get()
    if progress is not None:
        progress.round_state = calls.state
        if progress.keeper is not None and not is_first:
            await progress.keeper.keep(visit.kept(calls.state, call), calls.part)
    if listener is not None and not is_first:
        url = visit.mask(call.url or "")
        listener(RoundNews(visit.task_name, url, call.wait_seconds, calls.state))
