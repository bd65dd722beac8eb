"""The error of a call that ran out of its total time. The message says what the call waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from httptask.errors import CredentialError, TaskError, TimedOutError
from httptask.model.policy import Limits
from httptask.sending._attempt import AttemptRecord
from httptask.sending._httpx import address
from httptask.sending._terms import Terms


def deadline_passed(records: Sequence[AttemptRecord], terms: Terms) -> TaskError:
    """Return the error of a call whose total time has passed; *records* are its attempts.

    When the last attempt was still waiting for its authorisation, the error is a `CredentialError`.
    """
    seconds = terms.timeouts.total
    passed = f"the total of {seconds:g} s (totalTimeoutSeconds) passed"
    last = records[-1]
    # The attempt was cut off: its phases and bytes are recorded only now.
    last.note_so_far()
    if terms.credentials and _is_authorising(last):
        return _no_token(records, seconds, terms.credentials)
    if last.hops and set(last.hops[-1].phases) == {"queue"}:
        return _queued_too_long(records, passed, seconds, terms.limits)
    count = f"{len(records)} attempts" if len(records) > 1 else "one attempt"
    return TimedOutError(f"{passed} in {count}", phase="total", seconds=seconds)


def _is_authorising(last: AttemptRecord) -> bool:
    """Say whether the attempt *last* was being authorised: before its request was sent, or after a
    challenge.
    """
    return last.plain is None or (bool(last.hops) and last.hops[-1].challenged)


def _no_token(
    records: Sequence[AttemptRecord],
    seconds: float,
    credentials: Sequence[str],
) -> CredentialError:
    """Return the error of a call that ran out of time while it waited for its authorisation."""
    last = records[-1]
    params: dict[str, Any] = {"names": [*credentials], "seconds": seconds}
    if last.hops and last.hops[-1].received is not None:
        params["answered"] = last.hops[-1].received.status_code
    else:
        # "Not sent" would be false if an earlier attempt reached the server.
        was_sent_before = any(record.maybe_delivered for record in records)
        params["request"] = "not-resent" if was_sent_before else "unsent"
    token = last.tokens[-1].hop if last.tokens else None
    if token is None or (token.received is not None and token.received.complete):
        return CredentialError.of("credential-deadline", retryable=True, **params)
    return CredentialError.of(
        "credential-token-deadline",
        retryable=True,
        host=str(address(token.request.url)[0]),
        queueReason=token.queue_reason or None,
        **params,
    )


def _queued_too_long(
    records: Sequence[AttemptRecord],
    passed: str,
    seconds: float,
    limits: Limits,
) -> TimedOutError:
    hop = records[-1].hops[-1]
    was_asked_before = any(record.maybe_delivered for record in records)
    what_was_asked = "it was not asked this time" if was_asked_before else "no server was asked"
    reason = hop.queue_reason or (
        "as many requests were under way as an operator allows,"
        f" {limits.connections_per_origin} to one origin and {limits.connections} in all"
    )
    message = f"{passed} in the queue for {address(hop.request.url)[0]}: {reason}; {what_was_asked}"
    return TimedOutError(message, phase="queue", seconds=seconds)
