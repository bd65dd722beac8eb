"""The calls of a task with several calls, for the page: a line for each, and the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httptask.designer._drafts import raw_request

if TYPE_CHECKING:
    from httptask.model.job_exchange import JobCalls
    from httptask.model.page_exchange import PageCalls
    from httptask.model.pagination import SuggestedPagination


def shown_calls(calls: PageCalls | JobCalls) -> dict[str, Any]:
    """Return the *calls* for pages, or about a job, as a member of a `response` or `error`
    event.
    """
    value = calls.to_json()
    next_request = value.pop("nextRequest")
    value["calls"] = [
        {name: item for name, item in call.items() if name != "attempts"} for call in value["calls"]
    ]
    if next_request is not None and calls.next_request is not None:
        value["nextRequest"] = raw_request(calls.next_request)
    return value


def shown_suggestion(suggestion: SuggestedPagination) -> dict[str, Any]:
    """Return the pagination that a description suggests: the setting, and the evidence in words.

    If a response was examined, `confirmed` and `reason` are included.
    """
    shown = {"setting": dict(suggestion.setting), "sentence": suggestion.sentence}
    if suggestion.confirmed is None:
        return shown
    return {**shown, "confirmed": suggestion.confirmed, "reason": suggestion.reason}
