"""One call: attempts and the waits between them, within one deadline; the exchange of all of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from httptask._core.redaction import Redactor
from httptask._core.threads import in_thread
from httptask.errors import RedirectError, SettingsError, TaskError, TimedOutError
from httptask.model.exchange import Exchange, OutgoingRequest
from httptask.model.policy import Limits, RetryPolicy, Timeouts
from httptask.model.task import Reading, TaskResult
from httptask.sending._cookies import CookieJar
from httptask.sending._exchange import ShownBody, attempt_of, masked_differences, shown_body
from httptask.sending._files import BodyFile, BodyFiles
from httptask.sending._hop import SHOWN, Bodies, HopRecord, Received, send_hop
from httptask.sending._httpx import address
from httptask.sending._progress import Progress, Wait, watched
from httptask.sending._redirect import circle, next_request, way_of
from httptask.sending._response import NO_VIEW, Verdict, View, outcome, task_result, view
from httptask.sending._retry import IDEMPOTENT, wait_seconds, why_not
from httptask.sending._wire import Wire

_LONG = 256 * 1024
"""Bytes. Longer bodies are decoded, masked and stored in a thread, so that the event loop goes
on.
"""


@dataclass(slots=True)
class Ready:
    """A request ready to be sent, as it is made anew for every attempt."""

    request: OutgoingRequest
    """Authorised."""
    plain: OutgoingRequest
    """Before it was authorised: all that may cross origins."""
    credential: str | None = None
    """The name of the credential that authorised it: its connections are shared with no other."""


Judge = Callable[[TaskResult, View], Awaitable[Verdict]]
"""Says of a response that is what it says it is whether it is a success; asked once an attempt."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a call."""

    exchange: Exchange
    """Secrets masked."""
    error: TaskError | None
    """What it ended in; None for success. It carries the exchange, and the result when a response
    came.
    """
    result: TaskResult | None = field(repr=False)
    """Not masked: a workflow may need what a response says."""


@dataclass(slots=True)
class Try:
    """One attempt under way."""

    number: int
    waited: float
    plain: OutgoingRequest | None = None
    """The request before it was authorised; None until it was made."""
    started_at: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds")
    )
    began: float = field(default_factory=time.perf_counter)
    hops: list[HopRecord] = field(default_factory=list)
    view: View | None = None
    shown: ShownBody | None = None
    """What an exchange may hold of the body that `view` was made of."""
    verdict: Verdict | None = None
    error: TaskError | None = None
    elapsed: float = 0.0

    def shorten(self) -> None:
        """Let go of what is long: there may be a hundred attempts, and only the last one has a
        result.
        """
        for hop in self.hops:
            if hop.received is not None:
                hop.received.shorten()
        if self.view is not None and (self.view.file is not None or len(self.view.content) > SHOWN):
            if self.view.file is not None:
                self.view.file.discard()
            self.view = self.shown = None
        if self.error is not None:  # its frames hold the body too
            self.error.__traceback__ = self.error.__cause__ = self.error.__context__ = None


@dataclass(frozen=True, slots=True)
class _Call:
    """What stays the same over all attempts."""

    ready: Callable[[], Awaitable[Ready]]
    wire: Wire
    timeouts: Timeouts
    retry: RetryPolicy
    limits: Limits
    redactor: Redactor
    bodies: Bodies
    judge: Judge | None
    progress: Progress
    redirects: int
    """How many are followed."""
    began: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return time.perf_counter() - self.began

    def result(self, current: Try, elapsed: float) -> TaskResult | None:
        """Return the result that *current* has come to after *elapsed* seconds; None when no
        response came.
        """
        final = current.hops[-1] if current.hops else None
        if final is None or final.received is None:
            return None
        url = self.redactor.text(final.request.url)
        seen = (
            current.view or NO_VIEW
        )  # of a body that was cut off, or too large, there is nothing to read
        # A redirect may have set what a later task needs.
        before = [
            line
            for hop in current.hops[:-1]
            if hop.received
            for line in hop.received.header_lines("set-cookie")
        ]
        return task_result(
            final.received, seen, before, url=url, attempts=current.number, elapsed=elapsed
        )


async def deliver(
    ready: Callable[[], Awaitable[Ready]],
    wire: Wire,
    *,
    timeouts: Timeouts,
    retry: RetryPolicy,
    limits: Limits,
    redactor: Redactor,
    new_file: Callable[[], BodyFile] = BodyFile,
    reading: Reading | None = None,
    judge: Judge | None = None,
    redirects: int | None = None,
) -> Delivery:
    """Send what *ready* makes, again where *retry* and what happened allow it, and return what came
    of it.

    *wire* carries the requests; *new_file* makes files for bodies that are neither JSON nor text;
    *reading* says otherwise. *judge* says what a success is; any 2xx when there is none. At most
    *redirects* are followed, and never more than *limits* has. Raises only what *ready* raises
    (nothing was sent), and cancellation.
    """
    files = BodyFiles(new_file)
    bodies = Bodies(limits.body, files.new, reading or Reading())
    followed = limits.redirects if redirects is None else min(redirects, limits.redirects)
    progress = watched.get() or Progress()
    call = _Call(ready, wire, timeouts, retry, limits, redactor, bodies, judge, progress, followed)
    call.progress.max_attempts = retry.max_attempts
    kept: BodyFile | None = None
    tries: list[Try] = []
    try:
        delivery, kept = await _deliver(call, tries)
    except asyncio.CancelledError:
        _tell_cancelled(tries, call)
        raise
    finally:
        files.close(kept)
    return delivery


async def _deliver(call: _Call, tries: list[Try]) -> tuple[Delivery, BodyFile | None]:
    """Return what came of *call*, and the file that its result refers to; fills in *tries*."""
    timeouts, retry = call.timeouts, call.retry
    deadline = asyncio.get_running_loop().time() + timeouts.total
    waited = 0.0
    while True:
        current = Try(len(tries) + 1, waited)
        tries.append(current)
        call.progress.attempt, call.progress.wait = current.number, None
        try:
            async with asyncio.timeout_at(deadline):
                await _attempt(current, call)
        except TimeoutError:
            current.error = _deadline_passed(tries, call)
        except TaskError as error:
            if not current.hops and len(tries) == 1:  # nothing was sent
                error.elapsed_seconds = call.elapsed()
                raise
            current.error = error
        current.elapsed = time.perf_counter() - current.began
        failure = current.error
        if failure is None:
            break
        failure.maybe_delivered = failure.maybe_delivered or any(
            hop.delivered for one in tries for hop in one.hops
        )
        refusal = why_not(failure, [hop.request for hop in current.hops], retry.statuses)
        failure.retryable = refusal is None
        if len(tries) >= retry.max_attempts:
            break
        waited = wait_seconds(retry, len(tries), failure.retry_after)
        if refusal is None and waited >= deadline - asyncio.get_running_loop().time():
            refusal = f"waiting {waited:.0f} s is more than totalTimeoutSeconds leaves"
        if refusal is not None:  # there was leave to, so its author asks why
            failure.message += f"; not tried again: {refusal}"
            break
        current.shorten()
        call.progress.wait = Wait(waited, failure.retry_after)
        await asyncio.sleep(waited)
    last = tries[-1]
    kept = last.view.file if last.view is not None else None
    long = (
        sum(len(hop.received.body) for one in tries for hop in one.hops if hop.received is not None)
        > _LONG
    )
    if long or (kept is not None and kept.size > _LONG):
        return await in_thread(lambda: _delivery(tries, call)), kept
    return _delivery(tries, call), kept


async def _attempt(current: Try, call: _Call) -> None:
    """Send one request and follow its redirects; fill in *current*. Raises the `TaskError` it ends
    in.
    """
    made = await call.ready()
    limits, redactor = call.limits, call.redactor
    current.plain = made.plain
    received = await _answer(current, made, call)

    def read() -> tuple[View, ShownBody]:
        seen = view(received, limits, redactor, call.bodies)
        return seen, shown_body(received, seen, redactor, call.bodies.reading.charset)

    if len(received.body) > _LONG or received.header(
        "content-encoding"
    ):  # how long it gets is known after decoding
        seen, current.shown = await in_thread(read)
    else:
        seen, current.shown = read()
    current.view = seen
    if call.judge is not None and not (received.is_success and seen.error is not None):
        result = call.result(current, call.elapsed())
        current.verdict = await call.judge(result, seen) if result is not None else None
    error = outcome(received, seen, redactor, current.verdict)
    if error is not None:
        raise error


async def _answer(current: Try, made: Ready, call: _Call) -> Received:
    """Send what was *made*, follow the redirects, and return the last response. Raises
    `RedirectError` with the way there.
    """
    cookies = CookieJar()
    request = sent = made.request
    visited = set()
    while True:
        visited.add((sent.method, sent.url, sent.header("cookie")))
        received = await _hop(current, sent, made.credential, call)
        if not call.redirects:
            return received
        cookies.store(sent.url, received.header_lines("set-cookie"))
        try:
            following = next_request(
                request, made.plain, received.status_code, received.header("location")
            )
            if following is None:
                return received
            if len(current.hops) > call.redirects:
                raise RedirectError(f"more than {call.redirects} redirects")
            request, sent = following, cookies.attached(following)
            if (sent.method, sent.url, sent.header("cookie")) in visited:
                raise circle(sent)
        except RedirectError as error:
            error.maybe_delivered = True
            answered = [
                (hop.request, hop.received.status_code)
                for hop in current.hops
                if hop.received is not None
            ]
            error.message += (
                f"; the way there: {way_of([(made.plain, answered[0][1]), *answered[1:]])}"
            )
            raise
        received.shorten()


async def _hop(
    current: Try, request: OutgoingRequest, credential: str | None, call: _Call
) -> Received:
    record = HopRecord(request)
    current.hops.append(record)
    try:
        return await send_hop(call.wire, request, credential, call.timeouts, call.bodies, record)
    except TaskError:
        # A kept-alive connection that the server had closed meanwhile, most likely: once more, at
        # once, where that is safe.
        if not record.stale or request.method not in IDEMPOTENT:
            raise
    current.hops[-1] = record = HopRecord(request)
    try:
        return await send_hop(call.wire, request, credential, call.timeouts, call.bodies, record)
    finally:
        record.delivered = True  # the first sending may have arrived after all


def _deadline_passed(tries: list[Try], call: _Call) -> TimedOutError:
    seconds = call.timeouts.total
    passed = f"the total of {seconds:g} s (totalTimeoutSeconds) passed"
    hops = [hop for one in tries for hop in one.hops]
    if hops and set(hops[-1].phases) == {"queue"}:
        asked = (
            "it was not asked this time"
            if any(hop.delivered for hop in hops)
            else "no server was asked"
        )
        limits = call.limits
        message = (
            f"{passed} in the queue for {address(hops[-1].request.url)[0]}: as many requests were"
            f" under way as an operator allows, {limits.connections_per_origin} to one origin and"
            f" {limits.connections} in all; {asked}"
        )
        return TimedOutError(message, phase="queue", seconds=seconds)
    count = f"{len(tries)} attempts" if len(tries) > 1 else "one attempt"
    return TimedOutError(f"{passed} in {count}", phase="total", seconds=seconds)


# The exchange


def _tell_cancelled(tries: list[Try], call: _Call) -> None:
    """Leave in the call's progress what there is to tell of a call that was cancelled; of long
    bodies only their start.
    """
    for one in tries:
        one.shorten()
        one.elapsed = one.elapsed or time.perf_counter() - one.began
    attempts = tuple(attempt_of(one, call.redactor, "cancelled") for one in tries)
    call.progress.exchange = Exchange(attempts, "cancelled", elapsed_seconds=call.elapsed())
    call.progress.maybe_delivered = any(hop.delivered for one in tries for hop in one.hops)


def _delivery(tries: list[Try], call: _Call) -> Delivery:
    last, redactor = tries[-1], call.redactor
    error = last.error
    if error is not None:
        error.message = redactor.text(error.message)
        error.args = (error.message,)
        if isinstance(error, SettingsError):
            error.problems = tuple(one.masked(redactor.text) for one in error.problems)
    if last.view is not None and last.view.file is not None:
        last.view.file.keep()
    elapsed = call.elapsed()
    exchange = Exchange(
        attempts=tuple(attempt_of(one, redactor) for one in tries),
        outcome=error.kind if error is not None else "success",
        error=str(error) if error is not None else None,
        elapsed_seconds=elapsed,
        differences=masked_differences(last.verdict, redactor),
    )
    result = call.result(last, elapsed)
    if error is not None:
        error.attempts, error.elapsed_seconds, error.exchange, error.result = (
            len(tries),
            elapsed,
            exchange,
            result,
        )
    return Delivery(exchange, error, result)
