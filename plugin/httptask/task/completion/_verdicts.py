"""Decide from a response whether a job is running, done or failed. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.numbers import without_point
from httptask.errors import CompletionError
from httptask.expressions import ABSENT, Query
from httptask.task._queries import values_of
from httptask.task._told_errors import error_in
from httptask.task.completion._links import (
    ATTACHED,
    GOOGLE,
    NAMED,
    OPERATION,
    is_google_operation,
)
from httptask.task.completion._nested_states import is_job, is_of_job, named_states

if TYPE_CHECKING:
    from httptask.errors import TaskResult
    from httptask.model.completion import Polling

RUNNING, DONE, FAILED = "running", "done", "failed"
_ACCEPTED, _NO_CONTENT = 202, 204

_DONE = frozenset(
    (
        *("succeeded", "success", "successful", "completed", "complete", "done", "finished"),
        *("ready", "ok", "passed", "processed", "available"),
    )
)
_FAILED = frozenset(
    (
        *("failed", "failure", "error", "errored", "canceled", "cancelled", "aborted", "faulted"),
        *("timedout", "timeout", "expired", "rejected", "terminated", "killed", "crashed"),
        *("unsuccessful", "internalerror"),
    )
)
_RUNNING = frozenset(
    (
        *("accepted", "queued", "enqueued", "inqueue", "submitted", "scheduled"),
        *("notstarted", "unstarted", "started", "initiated", "initialized", "initialised"),
        "notready",
    )
)
"""In addition to words that end in -ing or in progress. All are in lower case, letters and digits
only.
"""

_UNFINISHED = frozenset(
    (
        *("created", "new", "active", "requested", "received", "registered", "planned", "assigned"),
        *("paused", "onhold", "held", "suspended", "blocked", "stalled", "delayed", "deferred"),
        *("throttled", "retry", "toberetried", "incomplete", "interrupted"),
    )
)
"""States of a job before its end. A resource may have the same states for as long as it exists."""

_ONLY_A_JOB = (OPERATION, NAMED, ATTACHED)
"""Conventions whose URL is certainly the URL of a job, so that an unknown state is the job's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a job according to a response."""

    outcome: str
    """`RUNNING`, `DONE` or `FAILED`."""
    state: str | None = None
    """The state in the response's spelling."""
    is_certain: bool = True
    """Whether a state or the status 202 decided; False: only that the status is 2xx."""


def verdict_of(
    result: TaskResult,
    convention: str,
    polling: Polling,
    query: Query | None,
    *,
    is_redirected: bool = False,
) -> Verdict:
    """Return the verdict of *result* on a job that is polled by *convention*.

    *query* selects the state, if the author names it. The author's states decide first, then the
    states of the conventions, then the status: 202 means running, any other 2xx done.
    *is_redirected*: the response is from another URL than the polled URL, and may be the result.
    Raises `CompletionError` if the state is missing.
    """
    if query is not None or polling.done or polling.failed:
        return _named_verdict(result, polling, query, is_redirected=is_redirected)
    body = result.body
    if convention == GOOGLE or (is_google_operation(body) and "done" in body):
        return _google_verdict(body)
    state, is_provisioning = _state_of(body)
    if _has_failed(state):
        return Verdict(FAILED, state)
    if _word(state) in _DONE and (convention == OPERATION or result.status_code != _ACCEPTED):
        return Verdict(DONE, state)
    if result.status_code == _ACCEPTED or _is_running(state):
        return Verdict(RUNNING, state)
    if state is not None and (convention in _ONLY_A_JOB or is_provisioning):
        return Verdict(RUNNING, state)
    if not is_redirected and _word(state) in _UNFINISHED and is_job(result.url, body):
        return Verdict(RUNNING, state)
    if state is None and not is_redirected and polling.until is None:
        _check_no_state_elsewhere(body, convention)
    if convention == OPERATION and result.status_code != _NO_CONTENT and not is_redirected:
        raise CompletionError(f"the answer of the job's URL names no state, {_NAME_IT}")
    return Verdict(DONE, state, is_certain=False)


def called_verdict(
    result: TaskResult,
    polling: Polling,
    query: Query | None,
) -> Verdict:
    """Return the verdict of *result*, a callback, on the job.

    If the author names no states, the first call ends the job. Raises `CompletionError` if the
    state is missing.
    """
    if query is None and not polling.done and not polling.failed:
        return Verdict(DONE, is_certain=False)
    verdict = _named_verdict(result, polling, query, is_redirected=False)
    is_other = verdict.outcome == RUNNING and not polling.done and verdict.state is not None
    # If the author names only `failed`, any other state ends the job, unless it means "running".
    if is_other and not _is_running(verdict.state):
        return Verdict(DONE, verdict.state)
    return verdict


_NAME_IT = (
    "neither at $.status nor at $.properties.provisioningState: name it in poll.status, or the end"
    " in poll.until"
)


def check_no_error(result: TaskResult) -> None:
    """Raise `CompletionError` if *result*, without a state, reports an error.

    Such a job must not count as done because of a 200. A member `errors` is not enough: it may be
    about a few rows.
    """
    error_text = error_in(result.body, counts_parts=False)
    if error_text is not None:
        raise CompletionError(f"the answer names no state, and tells of an error ({error_text})")


def _check_no_state_elsewhere(body: Any, convention: str) -> None:
    """Raise `CompletionError` if *body* seems to have its state at an unusual path.

    Otherwise the job would count as done because of the status 2xx. At the URL of a job, any open
    or unknown state counts. Another response may be the result, with states of resources; there,
    only an open state of a job counts.
    """
    for path, state in named_states(body):
        is_open = _has_failed(state) or _is_running(state)
        if convention in _ONLY_A_JOB:
            is_unknown = path[-1] == "status" and _word(state) not in _DONE
            is_job_state = is_open or is_unknown
        else:
            is_job_state = is_open and is_of_job(body, path)
        if is_job_state:
            query = Query.of_steps(path).text
            raise CompletionError(
                f"the answer names no state at $.status, but {state!r} at {query}: if that is it,"
                f" set poll.status to {query}, else name the end in poll.until"
            )


def _named_verdict(
    result: TaskResult,
    polling: Polling,
    query: Query | None,
    *,
    is_redirected: bool,
) -> Verdict:
    """Return the verdict of *result* by the states that the author names."""
    if query is None:
        state, _ = _state_of(result.body)
    else:
        state = _text(next(iter(values_of(query, result)), ABSENT))
    if state is None:
        if result.status_code == _ACCEPTED or polling.until is not None:
            return Verdict(RUNNING, is_certain=result.status_code == _ACCEPTED)
        is_result = is_redirected or (query is None and result.status_code == _NO_CONTENT)
        if is_result:
            return Verdict(DONE)
        where = query.text if query is not None else "$.status"
        raise CompletionError(f"the answer names no state: there is nothing at {where}")
    is_done = _is_named(state, polling.done) if polling.done else _word(state) in _DONE
    if is_done and polling.done:
        return Verdict(DONE, state)  # the author's word, whatever it means by the conventions
    if _is_named(state, polling.failed) if polling.failed else _has_failed(state):
        return Verdict(FAILED, state)
    return Verdict(DONE if is_done else RUNNING, state)


def _is_named(state: str, named: Sequence[str]) -> bool:
    """Say whether *state* is in *named*.

    Case is ignored, so that a wait for `Failed` sees the end of a `FAILED` job.
    """
    return state.casefold() in map(str.casefold, named)


def _google_verdict(body: Any) -> Verdict:
    """Return the verdict of an operation (AIP-151): `done`, and `error` if it failed."""
    if not isinstance(body, Mapping) or body.get("done") is not True:
        return Verdict(RUNNING, "running")
    if body.get("error") is not None:
        return Verdict(FAILED, "failed")
    return Verdict(DONE, "done")


def _state_of(body: Any) -> tuple[str | None, bool]:
    """Return the state in *body*, and whether it is an Azure resource's `provisioningState`."""
    if not isinstance(body, Mapping):
        return None, False
    for name in ("status", "state"):
        if isinstance(body.get(name), str) and body[name]:
            return body[name], False
    properties = body.get("properties")
    if isinstance(properties, Mapping):
        state = properties.get("provisioningState")
        if isinstance(state, str) and state:
            return state, True
    return None, False


def is_provisioned(body: Any) -> bool:
    """Say whether *body* is an Azure resource whose provisioning is done."""
    state, is_provisioning = _state_of(body)
    return is_provisioning and _word(state) in _DONE


def _text(value: Any) -> str | None:
    """Return the state *value* as text; None if it is empty or no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    value = without_point(value)  # a progress of 100.0 is one of 100
    if isinstance(value, str | int | float):
        return str(value) or None
    return None


def _word(state: str | None) -> str:
    """Return *state* in lower case, letters and digits only: `In-Progress` is `inprogress`."""
    return "".join(filter(str.isalnum, state or "")).lower()


def _words(state: str | None) -> list[str]:
    """Return the words of a state: `pending`, `review` of `PENDING_REVIEW` and `PendingReview`."""
    return [word.lower() for word in _WORDS.findall(state or "")]


_WORDS = re.compile("[A-Z]?[a-z]+|[A-Z]+")


def _has_failed(state: str | None) -> bool:
    """Say whether *state* means a failure: `failed`, `Cancelled by user`, `TRAINING_FAILED`."""
    words = _words(state)
    if _word(state) in _FAILED:
        return True
    return words[:1] != ["no"] and not _FAILED.isdisjoint((*words[:1], *words[-1:]))


def _is_running(state: str | None) -> bool:
    """Say whether *state* means that the job is still running.

    `queued`, `running`, `pending review` and `UPDATE_IN_PROGRESS` do, `processing complete` does
    not.
    """
    word = _word(state)
    words = _words(state)
    begins = bool(words) and words[0].endswith("ing") and words[-1] not in _DONE
    return word in _RUNNING or word.endswith(("ing", "inprogress")) or begins


def reason_of(body: Any) -> str:
    """Return the reason in *body* why a job failed; "" without one."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        texts = [_text(error.get(name)) for name in ("code", "message")]
        error = ": ".join(filter(None, texts))
    if isinstance(error, str):
        return error[:300]
    return ""
