"""A wire that keeps one call within the limits of the origins it sends requests to."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from httptask.errors import ConnectionFailedError, TaskError, TimedOutError
from httptask.model.credential import Owner, names_of
from httptask.sending._httpx import address
from httptask.sending._limits import BROKEN, FAILURES, key_of, name_of
from httptask.sending._rate_headers import server_limit
from httptask.sending._translations import translated

if TYPE_CHECKING:
    from httptask.model.authorisation import TlsIdentity
    from httptask.model.exchange import OutgoingRequest
    from httptask.model.policy import Timeouts
    from httptask.model.rates import RateLimit
    from httptask.sending._breaker import Breaker
    from httptask.sending._limits import CredentialState, Limiter, OriginState
    from httptask.sending._line import Line
    from httptask.sending._quota import Quota
    from httptask.sending._wire import Answer, Origin, Recorder, Wire


@dataclass(slots=True)
class LimitedWire:
    """*wire* for one call, within the limits of *limiter*. See `httptask.sending._wire.Wire`."""

    wire: Wire
    limiter: Limiter
    deadline: float
    """The end of the call, by the monotonic clock."""
    total: float
    """`totalTimeoutSeconds`, for messages."""
    rate: RateLimit | None = None
    """The rate limit of the task."""
    scope: str = ""
    """The key of the task's rate limit: tasks with different scopes count separately."""
    is_test: bool = False
    """Whether this is a test request. Neither the circuit breaker nor a limit that the server
    announced holds it back: a person wants to see the server's answer.
    """

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Wait for the limits, then send *request*: see `Wire`.

        Raises also when the limits leave no time before the deadline: then nothing is sent.
        """
        recorder.address = address(request.url)
        origin = recorder.address[0]
        limiter = self.limiter
        passed = None
        has_rate = self.rate is not None or (
            bool(limiter.rates) and any(name in limiter.rates for name in names_of(credential))
        )
        if not has_rate and not limiter.is_shared:
            passed = self._at_once(origin, credential)
        if passed is None:
            passed = await self._in_turn(origin, credential, recorder)
        passed.failure = partial(_failure, request, timeouts, recorder, self.deadline)
        recorder.check_again = partial(self._check_again, passed, origin, recorder)
        try:
            answer = await self.wire.send(request, credential, timeouts, recorder, identity)
        except BaseException as error:
            passed.broke(error)
            raise
        recorder.check_again = None  # break the reference cycle: recorder -> check -> recorder
        limited_for = passed.answered(answer)
        if limited_for and limiter.is_shared:
            pause = min(limited_for, limiter.limits.longest_pause)
            for name in names_of(credential) or (None,):
                await limiter.tell(key_of(origin, credential=name), pause)
        return answer

    def _at_once(self, origin: Origin, credential: Owner | None) -> _Passed | None:
        """Let the request pass without waiting, the common case; None when a limit applies."""
        limiter = self.limiter
        with limiter.lock:
            origin_state, credential_state = limiter.of(origin, credential)
            quota = credential_state.quota
            is_free = quota.remaining is None and origin_state.breaker.open_until is None
            if not is_free or origin_state.room is not None or credential_state.line:
                return None
            quota.under_way += 1
            return _Passed(limiter, origin_state, credential_state)

    async def _in_turn(
        self,
        origin: Origin,
        credential: Owner | None,
        recorder: Recorder,
    ) -> _Passed:
        """Wait for all limits: circuit breaker, rate limits, the server's limit, concurrent
        requests.

        The breaker is checked before and after: it may open during the wait.
        """
        limiter = self.limiter
        with limiter.lock:
            origin_state, credential_state = limiter.of(origin, credential)
            if not self.is_test:
                self._refuse_broken(origin, origin_state.breaker, recorder)
        await self._reserve(origin, credential, recorder)
        passed = _Passed(limiter, origin_state, credential_state)
        quota = credential_state.quota
        if self.is_test:
            with limiter.lock:
                passed.goes_ahead = quota.go(time.monotonic())
        else:
            passed.goes_ahead = await credential_state.line.take(
                lambda now: self._refuse_late(origin, quota, now, recorder),
                lambda: _queued(recorder, _server_says(quota)),
            )
        try:
            if origin_state.room is not None:
                room = origin_state.room
                reason = "as many requests are under way as the operator allows for this origin"
                await room.take(lambda _: None, lambda: _queued(recorder, reason))
                passed.room = room
            with limiter.lock:
                if not self.is_test:
                    self._refuse_broken(origin, origin_state.breaker, recorder)
                passed.is_probe = origin_state.breaker.open_until is not None
                origin_state.breaker.admit(time.monotonic())
        except BaseException:
            # A request that goes no further must not hold back those behind it.
            passed.give_back()
            raise
        return passed

    def _check_again(self, passed: _Passed, origin: Origin, recorder: Recorder) -> None:
        """Refuse the request if the circuit breaker opened while it waited for a connection."""
        breaker = passed.origin.breaker
        if breaker.open_until is None or passed.is_probe or self.is_test:
            return
        with self.limiter.lock:
            self._refuse_broken(origin, breaker, recorder)
            passed.is_probe = breaker.open_until is not None
            breaker.admit(time.monotonic())

    async def _reserve(
        self,
        origin: Origin,
        credential: Owner | None,
        recorder: Recorder,
    ) -> None:
        """Wait until the rate limits of the task and of the credential allow the request."""
        limiter = self.limiter
        limits: list[tuple[str, RateLimit | None, str]] = []
        if self.rate is not None:
            limits.append((key_of(origin, task=self.scope), self.rate, "of the task"))
        for name in names_of(credential) or (None,):
            rate = None if name is None else limiter.rates.get(name)
            if rate is not None or limiter.is_shared:
                limits.append((key_of(origin, credential=name), rate, "of the credential"))
        for key, rate, owner in limits:
            seconds_left = self.deadline - time.monotonic()
            wait = await limiter.reserve(key, rate, seconds_left)
            if wait <= 0:
                continue
            cause = f"the rateLimit {owner} is {rate}" if rate is not None else "its server said so"
            reason = f"limited until {_moment(wait)}: {cause}"
            if wait > seconds_left:
                raise self._too_late(origin, reason, wait, recorder)
            with _queued(recorder, reason):
                await asyncio.sleep(wait)

    def _refuse_late(
        self,
        origin: Origin,
        quota: Quota,
        now: float,
        recorder: Recorder,
    ) -> None:
        until = quota.closed_until(now)
        if until is not None and until > self.deadline:
            raise self._too_late(origin, _server_says(quota), until - now, recorder)

    def _too_late(
        self,
        origin: Origin,
        reason: str,
        wait: float,
        recorder: Recorder,
    ) -> TimedOutError:
        recorder.queue_reason = reason
        recorder.is_refused = True
        seconds_left = max(self.deadline - time.monotonic(), 0)
        return TimedOutError(
            f"{name_of(origin)} is {reason}; that is longer than the {seconds_left:.3g} s which"
            " totalTimeoutSeconds leaves; no server was asked",
            phase="queue",
            seconds=self.total,
            retryable=True,
            retry_after=float(math.ceil(wait)),
        )

    def _refuse_broken(
        self,
        origin: Origin,
        breaker: Breaker,
        recorder: Recorder,
    ) -> None:
        """Raise an error if the circuit breaker is open."""
        now = time.monotonic()
        until = breaker.refuses_until(now)
        if until is None:
            return
        reason = (
            f"circuit breaker open until {_moment(until - now)}: too many requests failed, the last"
            f" one with {breaker.last_failure}"
        )
        recorder.queue_reason = reason
        recorder.is_refused = True
        raise ConnectionFailedError(
            f"{name_of(origin)}: {reason}; no server was asked",
            retryable=True,
            retry_after=float(math.ceil(until - now)),
        )


@dataclass(slots=True)
class _Passed:
    """A request that was let through. It reports its outcome to the limits that count it."""

    limiter: Limiter
    origin: OriginState
    credential: CredentialState
    goes_ahead: bool = False
    """The first request after the server's limit was reset: see `Quota`."""
    is_probe: bool = False
    """The circuit breaker is open, and this request tries whether the origin works again."""
    room: Line | None = None
    """The limit of concurrent requests that counts the request."""
    failure: Callable[[BaseException], str] = lambda _: ""
    """Returns the word by which an error counts against the origin; "" if it does not count."""
    _status: int = 0
    _is_counted: bool = False
    _close: Callable[[], None] = lambda: None

    def answered(self, answer: Answer) -> float:
        """Note that the head of *answer* arrived, and watch how its body ends.

        Returns the seconds for which the server takes no more requests; 0 if it takes more.
        """
        limiter = self.limiter
        quota = self.credential.quota
        status = answer.status_code
        self._status = status
        self._close = answer.close
        answer.close = self.ended
        answer.broke = self.broke
        limit = server_limit(status, answer.headers) if limiter.limits.longest_pause else None
        with limiter.lock:
            if limit is None and not self.goes_ahead:  # the common case, without a function call
                quota.under_way -= 1
            else:
                quota.answered(time.monotonic(), limit, self.goes_ahead)
            if self.credential.line:
                self.credential.line.advance()
        if limit is not None and not limit.remaining:
            return limit.seconds
        return 0

    def broke(self, error: BaseException) -> None:
        """Note that *error* ended the request, or the reading of the response."""
        self._count(self.failure(error))
        if not self._status:
            self.give_back()

    def ended(self) -> None:
        """Note that the response was read, or is no longer wanted."""
        self._close()
        self._count(str(self._status) if self._status in BROKEN else None)
        self._leave_room()

    def give_back(self) -> None:
        """Note that the request had no response: it no longer counts, and others may go."""
        with self.limiter.lock:
            self.credential.quota.back(self.goes_ahead)
            self.credential.line.advance()
        self._leave_room()

    def _leave_room(self) -> None:
        if self.room is None:
            return
        with self.limiter.lock:
            self.room.leave()
        self.room = None

    def _count(self, failure: str | None) -> None:
        """Report the outcome to the circuit breaker, once. None is a success; "" proves nothing."""
        if self._is_counted:
            return
        # Response, error and end of the body may all report: only the first says how it went.
        self._is_counted = True
        breaker = self.origin.breaker
        with self.limiter.lock:
            now = time.monotonic()
            if failure is None:
                breaker.succeeded(now)
            elif failure:
                breaker.failed(now, failure)
            elif self.is_probe:
                breaker.abandoned()


def _failure(
    request: OutgoingRequest,
    timeouts: Timeouts,
    recorder: Recorder,
    deadline: float,
    error: BaseException,
) -> str:
    """Return the word by which *error* counts against the origin; "" if it does not count."""
    if recorder.is_refused:
        return ""
    if isinstance(error, asyncio.CancelledError):
        has_waited = recorder.phase != "queue" and time.monotonic() >= deadline - 0.01
        return "timeout" if has_waited else ""
    if not isinstance(error, TaskError):
        is_reused = not recorder.connected and not recorder.is_replaced
        if is_reused and recorder.sent and not recorder.answered:
            return ""  # most likely the server had just closed the kept-alive connection
        if not isinstance(error, Exception):
            return ""
        error = translated(error, request, recorder, None, timeouts)
    if error.kind in FAILURES:
        return error.kind
    return ""


@contextmanager
def _queued(recorder: Recorder, reason: str) -> Iterator[None]:
    """Time the block as the phase `queue`, and record its *reason*."""
    recorder.queue_reason = reason
    recorder.begin("queue")
    yield
    recorder.end()


def _server_says(quota: Quota) -> str:
    seconds_left = quota.resets_at - time.monotonic()
    if seconds_left <= 0:
        return (
            f"limited by its server ({quota.source}): a request goes ahead to see if it takes more"
        )
    return f"limited until {_moment(seconds_left)} by its server ({quota.source})"


def _moment(seconds: float) -> str:
    """Return the time *seconds* from now (RFC 3339, UTC)."""
    moment = datetime.now(UTC) + timedelta(seconds=min(seconds, 1e9))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
