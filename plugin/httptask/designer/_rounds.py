"""The calls of a task with several calls, for the page: a line for each, and the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httptask._http.header_fields import by_name
from httptask.designer._drafts import raw_request
from httptask.model.job_exchange import JobCalls

if TYPE_CHECKING:
    from httptask.model.exchange import RawResponse
    from httptask.model.page_exchange import PageCalls
    from httptask.model.pagination import SuggestedPagination


def shown_calls(calls: PageCalls | JobCalls, last: RawResponse | None) -> dict[str, Any]:
    """Return the *calls* for pages, or about a job, as a member of a `response` or `error`
    event.

    *last* is the response to the last of them.
    """
    value = calls.to_json()
    next_request = value.pop("nextRequest")
    value["calls"] = [
        {name: item for name, item in call.items() if name != "attempts"} for call in value["calls"]
    ]
    if next_request is not None and calls.next_request is not None:
        value["nextRequest"] = raw_request(calls.next_request)
    if isinstance(calls, JobCalls) and (answer := _first_answer(calls, last)) is not None:
        value["firstAnswer"] = answer
    return value


def _first_answer(calls: JobCalls, last: RawResponse | None) -> dict[str, Any] | None:
    """Return the response that started the job as expressions read it.

    None if it is not known in full.
    """
    first = calls.calls[0] if calls.calls else None
    if first is None or first.purpose != "start":
        return None
    hops = first.attempts[-1].hops if first.attempts else ()
    response = hops[-1].response if hops else last if len(calls.calls) == 1 else None
    if response is None or response.truncated:
        return None
    headers = by_name(response.headers)
    return {
        "statusCode": response.status_code,
        "headers": headers,
        "body": response.decoded,
    }


def shown_suggestion(suggestion: SuggestedPagination) -> dict[str, Any]:
    """Return the pagination that a description suggests: the setting, and the evidence in words.

    If a response was examined, `confirmed` and `reason` are included.
    """
    shown = {"setting": dict(suggestion.setting), "sentence": suggestion.sentence}
    if suggestion.confirmed is None:
        return shown
    return {
        **shown,
        "confirmed": suggestion.confirmed,
        "reason": suggestion.reason,
    }
