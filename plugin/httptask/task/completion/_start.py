"""Find out whether the first response started a job, and how to poll the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.json_types import shown
from httptask.errors import CompletionError
from httptask.model.completion import AUTO
from httptask.task._conditions import Truth
from httptask.task.completion._links import (
    LOCATION,
    NAMED,
    OPERATION,
    OWN,
    Link,
    header_of,
    link_of,
    resolved,
)
from httptask.task.completion._state import JobState
from httptask.task.completion._verdicts import verdict_of

if TYPE_CHECKING:
    from httptask.errors import TaskResult
    from httptask.expressions import Query
    from httptask.model.completion import Completion

_ACCEPTED = 202
_WRITES = ("PUT", "PATCH")


class Expressions(Protocol):
    """Evaluates the expressions of the setting over the JSON of a result."""

    async def evaluate(self, value: Any, path: str, data: Any) -> Any:
        """Return the expression *value*, at *path* below the setting, evaluated over *data*.

        Raises `ExpressionError`.
        """
        ...

    async def truth(self, condition: Any, path: str, result: Any) -> Truth:
        """Evaluate *condition*, at *path* below the setting, over *result*.

        Raises `ExpressionError` if *condition* cannot be evaluated.
        """
        ...


async def _url(
    expressions: Expressions,
    text: str,
    path: str,
    answer: FirstAnswer,
) -> str:
    """Return the URL that the expression *text* at *path* yields; *answer*'s URL is the base."""
    value = await expressions.evaluate(text, path, answer.result.to_json())
    if not isinstance(value, str) or not value:
        name = path.replace("/", ".")
        raise CompletionError(f"{name} gives {shown(value)}, and should be a URL")
    return resolved(answer.url, value)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The response to the request that may start a job."""

    result: TaskResult
    url: str
    """The URL that responded, after redirects."""
    method: str
    """The method of the request."""
    own_url: str
    """The URL of the request."""


async def job_of(
    answer: FirstAnswer,
    completion: Completion,
    query: Query | None,
    expressions: Expressions,
) -> JobState | None:
    """Return the state of the job that *answer* names; None if *answer* is the result itself.

    Raises a `TaskError` if the job cannot be polled.
    """
    link = await _link(answer, completion, expressions)
    if not await _is_job(answer.result, link, completion, query, expressions):
        return None
    if link is None:
        raise CompletionError(
            f"there is a job, but the answer ({answer.result.status_code}) has no URL to poll in"
            " Operation-Location, Azure-AsyncOperation, Location or Content-Location: set poll.url"
        )
    location = result_url(answer.result, answer.url, link.convention, answer.method, is_first=True)
    if location is None and answer.method in _WRITES:
        location = answer.own_url  # the result is the resource that was written
    cancel = completion.cancel
    cancel_url = None
    if cancel is not None and cancel.url != AUTO:
        cancel_url = await _url(expressions, cancel.url, "cancel/url", answer)
    is_original_needed = completion.poll.result == "original"
    return JobState(
        link.url,
        link.convention,
        answer.method,
        location=location,
        cancel_url=cancel_url,
        original=answer.result.to_json() if is_original_needed else None,
    )


async def _link(
    answer: FirstAnswer,
    completion: Completion,
    expressions: Expressions,
) -> Link | None:
    named = completion.poll.url
    if named == AUTO:
        return link_of(answer.result, answer.url, answer.method, answer.own_url)
    return Link(await _url(expressions, named, "poll/url", answer), NAMED)


async def _is_job(
    result: TaskResult,
    link: Link | None,
    completion: Completion,
    query: Query | None,
    expressions: Expressions,
) -> bool:
    """Say whether *result* starts a job.

    Decided by the author's `when`, else by the status 202, the convention of the *link*, or the
    state in the body.
    """
    if completion.when is not None:
        truth = await expressions.truth(completion.when, "when", result.to_json())
        if truth.absent is not None and result.status_code == _ACCEPTED:
            # With 202, a job was started: without a value of `when`, the response must not count
            # as the result.
            raise truth.absent
        return truth.holds
    if result.status_code == _ACCEPTED:
        return True
    if link is None:
        return False
    if link.convention not in (LOCATION, OWN):
        return True
    polling = completion.poll
    if query is None and not polling.done and not polling.failed:
        return verdict_of(result, link.convention, polling, None).is_certain
    try:
        return verdict_of(result, link.convention, polling, query).state is not None
    except CompletionError:  # the response names no state
        return False


def result_url(
    result: TaskResult,
    url: str,
    convention: str,
    method: str,
    *,
    is_first: bool = False,
) -> str | None:
    """Return the URL of the job's result that *result*, a response of *url*, names; None without.

    *method* is the method of the request that started the job. A `Location` does not name the
    result if it is the URL to poll; neither does it beside an operation of PUT or PATCH, whose
    result is the written resource. Raises `RedirectError`.
    """
    body = result.body
    named = body.get("resourceLocation") if isinstance(body, Mapping) else None
    if isinstance(named, str) and named:
        return resolved(url, named)
    is_operation = convention == OPERATION
    is_polled = not is_operation and (is_first or result.status_code == _ACCEPTED)
    if is_polled or (is_operation and method in _WRITES):
        return None
    location = header_of(result, "location")
    if location is None:
        return None
    return resolved(url, location)
