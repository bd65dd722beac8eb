"""The exchange of a call: its attempts, requests and responses, with every secret masked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from httptask._core.redaction import MASK, Redactor, secret_part
from httptask.errors import TaskError, TimedOutError
from httptask.model.exchange import (
    Attempt,
    Difference,
    Exchange,
    Hop,
    OutgoingRequest,
    RawResponse,
    SentRequest,
)
from httptask.model.task import TaskResult
from httptask.sending._attempt import AttemptRecord
from httptask.sending._hop import HopRecord, Received
from httptask.sending._masked_body import masked_bytes
from httptask.sending._masked_token import sub_exchange
from httptask.sending._response import NO_VIEW, Verdict, task_result

_ADDED_HEADERS = {"host", "content-length"}
"""Headers that are added when a request is written; they hold no secret."""


def exchange_of(
    records: Sequence[AttemptRecord],
    elapsed: float,
    redactor: Redactor,
) -> Exchange:
    """Return the exchange of the attempts *records*, which took *elapsed* seconds.

    The outcome is that of the last attempt. Its error must be masked before (`mask_error`).
    """
    last = records[-1]
    error = last.error
    return Exchange(
        attempts=tuple(_attempt(record, redactor, "success") for record in records),
        outcome=error.kind if error is not None else "success",
        error=str(error) if error is not None else None,
        elapsed_seconds=elapsed,
        differences=_differences(last.verdict, redactor),
        time_limit=error.phase if isinstance(error, TimedOutError) else None,
    )


def cancelled_exchange(
    records: Sequence[AttemptRecord],
    elapsed: float,
    redactor: Redactor,
) -> Exchange:
    """Return the exchange of a call that was cancelled after *elapsed* seconds."""
    attempts = tuple(_attempt(record, redactor, "cancelled") for record in records)
    return Exchange(attempts, "cancelled", elapsed_seconds=elapsed)


def result_of(
    record: AttemptRecord,
    elapsed: float,
    redactor: Redactor,
) -> TaskResult | None:
    """Return the result of the attempt *record*; None when no response came.

    *elapsed* is the seconds since the call began. Only the URL is masked: the workflow may need
    everything in the response.
    """
    last = record.hops[-1] if record.hops else None
    if last is None or last.received is None:
        return None
    # Redirects may have set cookies that a later task needs.
    cookie_lines: list[str] = []
    for hop in record.hops[:-1]:
        cookie_lines += hop.received.header_lines("set-cookie") if hop.received else ()
    return task_result(
        last.received,
        record.view or NO_VIEW,  # a body that was cut off or too large has no view
        cookie_lines,
        url=redactor.text(last.request.url),
        attempts=record.number,
        elapsed=elapsed,
    )


def mask_error(error: TaskError, redactor: Redactor) -> None:
    """Mask every secret in the message and the problems of *error*, in place."""
    error.mask(redactor.text)


def masked(
    request: OutgoingRequest,
    plain: OutgoingRequest | None,
    redactor: Redactor,
    headers: Sequence[tuple[str, str]] | None = None,
) -> SentRequest:
    """Return *request* with every secret masked.

    Known secrets are masked wherever they appear. So is everything that authorisation added to or
    changed in *plain*, the request before it was authorised. *headers* are the headers as written;
    None: the request's own.
    """
    url = request.url
    if headers is None:
        headers = request.headers
    if plain is not None:
        headers = _without_authorisation(headers, plain)
        if url != plain.url and url.startswith(plain.url):
            # What follows was added by authorisation, such as an API key: parameter names stay
            # readable.
            url = plain.url + re.sub(r"=[^&]*", f"={MASK}", url[len(plain.url) :])
    return SentRequest(
        request.method,
        redactor.text(url),
        redactor.pairs(headers),
        redactor.bytes(request.body),
    )


def _without_authorisation(
    headers: Sequence[tuple[str, str]],
    plain: OutgoingRequest,
) -> list[tuple[str, str]]:
    """Return *headers*; those that are not in *plain*, or have another value there, are masked."""
    lines = [(name.lower(), value) for name, value in plain.headers]
    plain_lines = set(lines)
    plain_values = dict(lines)
    shown = []
    for name, value in headers:
        key = name.lower()
        if (key, value) in plain_lines or key in _ADDED_HEADERS:
            shown.append((name, value))
            continue
        # The public part stays, such as the word Bearer: it shows which scheme was used.
        public, _ = secret_part(name, value, plain_values.get(key))
        shown.append((name, public + MASK))
    return shown


def _attempt(record: AttemptRecord, redactor: Redactor, outcome: str) -> Attempt:
    """Convert *record* to an attempt of an exchange; *outcome* is used when it has no error."""
    error = record.error
    return Attempt(
        number=record.number,
        hops=tuple(_hop(hop, record, redactor) for hop in record.hops),
        outcome=error.kind if error is not None else outcome,
        error=redactor.text(str(error)) if error is not None else None,
        started_at=datetime.fromtimestamp(record.started, UTC).isoformat(timespec="milliseconds"),
        waited_seconds=record.waited_seconds,
        elapsed_seconds=record.elapsed_seconds,
        sub_exchanges=tuple(sub_exchange(token, redactor) for token in record.tokens),
    )


def _hop(hop: HopRecord, attempt: AttemptRecord, redactor: Redactor) -> Hop:
    response = None
    if hop.received is not None:
        response = _response(hop.received, attempt, hop is attempt.hops[-1], redactor)
    headers = hop.sent_headers or hop.request.headers
    request = masked(hop.request, attempt.plain, redactor, headers)
    return hop.shown(request, response, redactor)


def _response(
    received: Received,
    attempt: AttemptRecord,
    is_last: bool,
    redactor: Redactor,
) -> RawResponse:
    """Convert *received* for an exchange. Only the body of the last response was decoded."""
    body = attempt.body if is_last else None
    if body is None:
        body = masked_bytes(received, redactor)
    file = attempt.view.file if is_last and attempt.view is not None else None
    return RawResponse(
        http_version=received.http_version,
        status_code=received.status_code,
        reason_phrase=redactor.text(received.reason_phrase),
        headers=redactor.pairs(received.headers),
        body=body.body,
        decoded=body.decoded,
        decoded_as=body.decoded_as,
        size=received.size,
        truncated=body.truncated,
        file=redactor.value(file.reference()["$file"]) if file is not None else None,
        notes=tuple(redactor.text(note) for note in received.notes),
    )


def _differences(verdict: Verdict | None, redactor: Redactor) -> tuple[Difference, ...]:
    if verdict is None:
        return ()
    return tuple(
        Difference(
            difference.kind, redactor.text(difference.pointer), redactor.text(difference.message)
        )
        for difference in verdict.differences
    )
