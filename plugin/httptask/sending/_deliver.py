"""One call: attempts and the waits between them, within one deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from httptask._core.threads import in_thread
from httptask.errors import CredentialError, RedirectError, StatusError, TaskError
from httptask.model.credential import Owner, names_of
from httptask.model.exchange import Exchange, OutgoingRequest
from httptask.model.task import TaskResult
from httptask.sending._attempt import AttemptRecord
from httptask.sending._authorising import (
    Authorisation,
    Send,
    as_seen,
    authorised,
    authorised_anew,
    plain_following,
    send_token,
)
from httptask.sending._cookies import CookieJar
from httptask.sending._deadline import deadline_passed
from httptask.sending._exchange import cancelled_exchange, exchange_of, mask_error, result_of
from httptask.sending._files import BodyFile, BodyFiles
from httptask.sending._hop import Bodies, HopRecord, Received, send_hop
from httptask.sending._masked_body import MaskedBody, masked_body
from httptask.sending._progress import Progress, Wait, watched
from httptask.sending._redirect import FOLLOWED, circle, next_request, way_of
from httptask.sending._response import Verdict, View, outcome, view_of
from httptask.sending._retry import IDEMPOTENT, EngineAttempt, wait_seconds, why_not
from httptask.sending._terms import Terms
from httptask.sending._wire import Wire

_LONG = 256 * 1024
"""Bodies over this size, in bytes, are decoded and masked in a thread, so that the event loop does
not stop.
"""


@dataclass(slots=True)
class Ready:
    """A request that is ready to be sent. Every attempt gets a new one."""

    request: OutgoingRequest
    """The authorised request."""
    plain: OutgoingRequest
    """The request before it was authorised. Only this may be sent to other origins."""
    credential: Owner | None = None
    """The names of the credentials. Connections are not shared between different credentials."""
    authorisation: Authorisation | None = None
    """Set when the scheme does more than change the request: it may answer challenges."""


MakeReady = Callable[[Send], Awaitable[Ready]]
"""Makes the request of an attempt. The argument sends token requests."""


Judge = Callable[[TaskResult, View], Awaitable[Verdict]]
"""Decides whether a response is a success. Called once an attempt, except for a 2xx response whose
body cannot be read.
"""


RetryRefusal = Callable[[TaskError, str], str | None]
"""Returns why the limits of a URL's origin forbid a retry after an error; None if they allow it."""


@dataclass(slots=True)
class Delivery:
    """The outcome of a call."""

    exchange: Exchange | None
    """Secrets are masked. None for a success whose exchange was not asked for."""
    error: TaskError | None
    """None for a success. The error carries the exchange, and the result when a response came."""
    result: TaskResult | None = field(repr=False)
    """Not masked: the workflow may need everything in the response."""
    url: str = field(default="", repr=False)
    """The URL of the last request, not masked: links in the response are relative to it."""
    size: int = 0
    """Bytes of the last response's body, decoded."""
    make_exchange: Callable[[], Exchange] | None = field(default=None, repr=False)
    """Makes the exchange of a success later, when the caller finds an error in the response."""


@dataclass(slots=True)
class _Call:
    """The parts of a call that stay the same over all attempts."""

    terms: Terms
    ready: MakeReady
    wires: Callable[[bool], Wire]
    wire: Wire
    bodies: Bodies
    judge: Judge | None
    progress: Progress | None
    """Filled in while the call runs; None when nobody watches the call."""
    is_observed: bool
    """Whether the exchange of a success is wanted. An error always has its exchange."""
    retry_refusal: RetryRefusal | None
    engine_attempt: EngineAttempt | None
    """Set when a workflow engine makes the attempts: then this call makes one of them."""
    is_pinned: bool = False
    """Whether nothing is sent. Then attempts follow each other without a wait."""
    began: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return time.perf_counter() - self.began

    def masked(self, received: Received, view: View) -> MaskedBody:
        """Return the body of *received*, which decodes to *view*, with its secrets masked."""
        terms = self.terms
        return masked_body(received, view, terms.redactor, terms.reading.charset)


async def deliver(
    terms: Terms,
    ready: MakeReady,
    wires: Callable[[bool], Wire],
    *,
    new_file: Callable[[], BodyFile] = BodyFile,
    judge: Judge | None = None,
    is_observed: bool = True,
    retry_refusal: RetryRefusal | None = None,
    engine_attempt: EngineAttempt | None = None,
    is_pinned: bool = False,
) -> Delivery:
    """Send the request that *ready* makes, retry as *terms* allow, and return the outcome.

    *wires* returns the wire of the running event loop; with True the wire for token requests, which
    may run in another event loop.
    *new_file* makes files for bodies that are neither JSON nor text, unless *terms* say otherwise.
    *judge* decides whether a response is a success; without it any 2xx is. Without *is_observed* a
    success has no exchange: masking it would take a fifth of the call's time. *retry_refusal* may
    forbid a retry. With *engine_attempt*, only that attempt is made. With *is_pinned* the wire
    sends nothing, and attempts follow each other without a wait.
    Raises only the errors of *ready* (before anything was sent), and cancellation.
    """
    files = BodyFiles(new_file)
    bodies = Bodies(terms.limits.body, files.new, terms.reading)
    progress = watched.get()
    if progress is not None:
        progress.max_attempts = terms.retry.max_attempts
    call = _Call(
        terms,
        ready,
        wires,
        wires(False),
        bodies,
        judge,
        progress,
        is_observed,
        retry_refusal,
        engine_attempt,
        is_pinned,
    )
    result_file: BodyFile | None = None
    records: list[AttemptRecord] = []
    try:
        await _attempts(call, records)
        delivery, result_file = await _delivered(records, call)
    except asyncio.CancelledError:
        if progress is not None:
            _note_cancelled(records, call, progress)
        raise
    finally:
        files.close(result_file)
        if progress is not None:
            for record in records:
                progress.notes += map(terms.redactor.text, record.queue_notes())
    return delivery


async def _attempts(call: _Call, records: list[AttemptRecord]) -> None:
    """Make attempts until an attempt succeeds or no further attempt may follow; add them to
    *records*.

    Raises a `TaskError` only when the first attempt could not make its request and sent no token
    request: then nothing was sent at all.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + call.terms.timeouts.total
    waited = 0.0
    before = call.engine_attempt.before if call.engine_attempt is not None else 0
    while True:
        current = AttemptRecord(before + len(records) + 1, waited)
        records.append(current)
        if call.progress is not None:
            call.progress.attempt = current.number
            call.progress.wait = None
        try:
            async with asyncio.timeout_at(deadline):
                await _attempt(current, call)
        except TimeoutError:
            current.error = deadline_passed(records, call.terms)
        except TaskError as error:
            if not current.hops and not current.tokens and len(records) == 1:  # nothing was sent
                error.elapsed_seconds = call.elapsed()
                raise
            current.error = error
        current.elapsed_seconds = time.perf_counter() - current.began
        if current.error is None:
            return
        next_wait = _wait_after(current.error, records, call, deadline - loop.time())
        if next_wait is None:
            return
        current.shorten()
        if call.is_pinned:
            continue
        waited = next_wait
        if call.progress is not None:
            call.progress.wait = Wait(waited, current.error.retry_after)
        await asyncio.sleep(waited)


def _wait_after(
    error: TaskError,
    records: Sequence[AttemptRecord],
    call: _Call,
    seconds_left: float,
) -> float | None:
    """Return the seconds to wait before the next attempt; None when no attempt may follow.

    *error* ended the last of *records*. Its `maybe_delivered`, `retryable`, `next_attempt_seconds`
    and message are completed.
    """
    delivered_before = any(record.maybe_delivered for record in records)
    error.maybe_delivered = error.maybe_delivered or delivered_before
    requests = [hop.request for hop in records[-1].counting_hops]
    verdict = records[-1].verdict
    statuses = call.terms.retry.statuses
    is_unmet = verdict is not None and bool(verdict.unmet)
    if is_unmet and isinstance(error, StatusError):
        statuses |= {error.status_code}  # `retry.until` asks for another attempt
    refusal = why_not(error, requests, statuses)
    error.retryable = refusal is None
    attempts = records[-1].number
    if attempts >= call.terms.retry.max_attempts:
        if is_unmet and attempts > 1:
            error.message += f"; it stayed so over {attempts} attempts"
        return None
    wait = wait_seconds(call.terms.retry, attempts, error.retry_after)
    engine_attempt = call.engine_attempt
    if engine_attempt is not None:
        seconds_left -= engine_attempt.seconds_before
    if refusal is None and seconds_left <= 0:
        refusal = "no time is left"
    if refusal is None and wait >= seconds_left:
        refusal = f"waiting {wait:.0f} s is more than totalTimeoutSeconds leaves"
    if refusal is None:
        refusal = _refusal_of_limits(error, records[-1], call)
    if refusal is not None:  # the policy allows more attempts, so say why none follows
        error.message += f"; not tried again: {refusal}"
        return None
    if engine_attempt is not None:
        error.next_attempt_seconds = wait
        return None
    return wait


def _refusal_of_limits(
    error: TaskError,
    last: AttemptRecord,
    call: _Call,
) -> str | None:
    """Return why the limits of the origin forbid a retry after *error*; None when they allow it."""
    if not last.hops:
        return None
    if last.hops[-1].refused:
        return "it would be held back again"
    if call.retry_refusal:
        return call.retry_refusal(error, last.hops[-1].request.url)
    return None


async def _attempt(current: AttemptRecord, call: _Call) -> None:
    """Make one attempt: send the request, follow redirects, judge the response; fill in *current*.

    Raises the `TaskError` of an attempt that fails.
    """
    terms = call.terms
    redactor = terms.redactor
    ready = await call.ready(
        partial(send_token, current, partial(call.wires, True), terms.timeouts)
    )
    current.plain = ready.plain
    received = await _answer(current, ready, call)
    # The size of an encoded body is known only after decoding.
    may_be_long = len(received.body) > _LONG or bool(received.content_encoding)
    read = partial(_read, received, call)
    view, current.body = await in_thread(read) if may_be_long else read()
    current.view = view
    is_unreadable = received.is_success and view.error is not None
    if call.judge is not None and not is_unreadable:
        result = result_of(current, call.elapsed(), redactor)
        current.verdict = await call.judge(result, view) if result is not None else None
    error = outcome(received, view, redactor, current.verdict)
    if error is not None:
        if current.body is None:
            mask = partial(call.masked, received, view)
            current.body = await in_thread(mask) if may_be_long else mask()
        raise error


def _read(received: Received, call: _Call) -> tuple[View, MaskedBody | None]:
    """Return the view of *received*, and the masked body if an exchange is wanted."""
    view = view_of(received, call.terms.limits, call.terms.redactor, call.bodies)
    return view, call.masked(received, view) if call.is_observed else None


async def _answer(current: AttemptRecord, ready: Ready, call: _Call) -> Received:
    """Send the request of *ready*, answer challenges, follow redirects; return the last response.

    Raises `RedirectError`; its message lists the requests so far.
    """
    # In the loop, *request* is the next request without the cookies that responses have set, and
    # *sent* is the same request with these cookies. *plain* is the next request without its
    # authorisation; None once it must not be authorised any more.
    cookies = CookieJar()
    request = sent = ready.request
    authorisation = ready.authorisation
    plain = ready.plain if authorisation is not None else None
    may_be_challenged = True
    visited = set()
    while True:
        received = await _hop(current, sent, ready, call, on_own_origin=plain is not None)
        if (
            plain is not None
            and authorisation is not None
            and authorisation.sees(received.status_code)
        ):
            response = as_seen(received, sent.url)
            authorisation.responded(response)
            renewed = None
            if may_be_challenged:
                renewed = await authorised_anew(current.hops[-1], response, plain, authorisation)
            if renewed is not None:
                may_be_challenged = False
                cookies.store(sent.url, received.header_lines("set-cookie"))
                request = renewed
                sent = cookies.attached(renewed)
                received.shorten()
                continue
        if not call.terms.redirects or received.status_code not in FOLLOWED:
            return received
        cookies.store(sent.url, received.header_lines("set-cookie"))
        try:
            following = next_request(
                request,
                ready.plain,
                received.status_code,
                received.header("location"),
            )
            if following is None:
                return received
            visited.add((sent.method, sent.url, sent.header("cookie")))
            if len(current.counting_hops) > call.terms.redirects:
                raise RedirectError(f"more than {call.terms.redirects} redirects")
            plain = plain_following(plain, following, received)
            if plain is not None and authorisation is not None and authorisation.signs:
                following = await authorised(plain, authorisation)
            request, sent = following, cookies.attached(following)
            if (sent.method, sent.url, sent.header("cookie")) in visited:
                raise circle(sent)
        except RedirectError as error:
            error.maybe_delivered = True
            error.message += f"; the way there: {_way_there(current, ready)}"
            raise
        received.shorten()


def _way_there(current: AttemptRecord, ready: Ready) -> str:
    """Return the requests of the attempt so far, each with the status of its response."""
    answered = [
        (hop.request, hop.received.status_code)
        for hop in current.counting_hops
        if hop.received is not None
    ]
    # The first request is shown unauthorised: an API key may be in its authorised URL.
    return way_of([(ready.plain, answered[0][1]), *answered[1:]])


async def _hop(
    current: AttemptRecord,
    request: OutgoingRequest,
    ready: Ready,
    call: _Call,
    *,
    on_own_origin: bool,
) -> Received:
    """Send *request* once; again if a kept-alive connection was closed and the method is
    idempotent.

    The client certificate is used only with *on_own_origin*: it is for the credential's own origin.
    """
    record = HopRecord(request)
    current.hops.append(record)
    identity = None
    if on_own_origin and ready.authorisation is not None:
        identity = ready.authorisation.identity
    timeouts = call.terms.timeouts
    send = partial(send_hop, call.wire, request, ready.credential, timeouts, call.bodies)
    try:
        return await send(record, identity)
    except CredentialError as error:  # the client certificate cannot be used
        error.restate(error.code, names=[*names_of(ready.credential)])
        raise
    except TaskError:
        # Most likely the server had closed the kept-alive connection. Send the request once more
        # if that is safe (RFC 9112, section 9.3.1).
        if not record.stale or request.method not in IDEMPOTENT:
            raise
    current.hops[-1] = record = HopRecord(request)
    try:
        return await send(record, identity)
    finally:
        record.delivered = True  # the request on the old connection may have arrived after all


# How a call ends


async def _delivered(
    records: Sequence[AttemptRecord],
    call: _Call,
) -> tuple[Delivery, BodyFile | None]:
    """Return the outcome of the attempts *records*, and the file that the result refers to."""
    view = records[-1].view
    error = records[-1].error
    file = view.file if view is not None else None
    is_shown = error is not None or call.is_observed
    size = (file.size if file is not None else 0) + (_size(records) if is_shown else 0)
    deliver_now = partial(_delivery, records, call)
    takes_long = size > _LONG or (file is not None and file.is_slow)
    return await in_thread(deliver_now) if takes_long else deliver_now(), file


def _size(records: Sequence[AttemptRecord]) -> int:
    """Return the total size, in bytes, of the received bodies that are in memory."""
    received = [hop.received for record in records for hop in record.hops]
    return sum(len(response.body) for response in received if response is not None)


def _delivery(records: Sequence[AttemptRecord], call: _Call) -> Delivery:
    """Return the outcome: mask the error, keep the file, make the exchange and the result."""
    last = records[-1]
    redactor = call.terms.redactor
    error = last.error
    view = last.view
    if error is not None:
        mask_error(error, redactor)
    if view is not None and view.file is not None:
        view.file.keep()
    elapsed = call.elapsed()
    make_exchange = partial(_exchange, records, elapsed, call)
    exchange = make_exchange() if error is not None or call.is_observed else None
    result = result_of(last, elapsed, redactor)
    if error is not None:
        error.attempts = last.number
        error.elapsed_seconds = elapsed
        error.exchange = exchange
        error.result = result
    url = last.hops[-1].request.url if last.hops else ""
    return Delivery(
        exchange,
        error,
        result,
        url,
        view.size if view is not None else 0,
        make_exchange,
    )


def _exchange(
    records: Sequence[AttemptRecord],
    elapsed: float,
    call: _Call,
) -> Exchange:
    last = records[-1]
    received = last.hops[-1].received if last.hops else None
    if last.body is None and last.view is not None and received is not None:
        last.body = call.masked(received, last.view)
    return exchange_of(records, elapsed, call.terms.redactor)


def _note_cancelled(
    records: Sequence[AttemptRecord],
    call: _Call,
    progress: Progress,
) -> None:
    """Put the exchange of a cancelled call into *progress*; long bodies are cut short."""
    for record in records:
        record.note_so_far()
        record.shorten()
        record.elapsed_seconds = record.elapsed_seconds or time.perf_counter() - record.began
        received = record.hops[-1].received if record.hops else None
        if record.view is not None and record.body is None and received is not None:
            record.body = call.masked(received, record.view)
    progress.exchange = cancelled_exchange(records, call.elapsed(), call.terms.redactor)
    progress.maybe_delivered = any(record.maybe_delivered for record in records)
