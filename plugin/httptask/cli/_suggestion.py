"""What a test request's answer says of the pagination that a description suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.cli._output import note
from httptask.model.exchange import Exchange

if TYPE_CHECKING:
    from httptask.task import HttpTask


def note_suggestion(task: HttpTask, exchange: Exchange) -> None:
    """Print on stderr that the answer confirms or refutes the pagination that *task*'s description
    suggests. Nothing where the task has a pagination, or the answer is no success.
    """
    from httptask.settings import confirmed_by, suggested_pagination

    endpoint = task.endpoint
    if endpoint is None or task.definition.get("pagination") or exchange.outcome != "success":
        return
    suggestion = suggested_pagination(endpoint)
    response = exchange.attempts[-1].hops[-1].response
    if suggestion is None or response is None or response.decoded_as != "json":
        return
    headers: dict[str, str] = {}
    for name, value in response.headers:
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    held = confirmed_by(suggestion, response.decoded, headers)
    word = "confirmed" if held.confirmed else "not confirmed"
    note(f"pages can be read {held.sentence}: {word}, {held.reason}")
