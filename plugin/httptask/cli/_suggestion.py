"""Tell whether a test request confirms the suggested pagination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.cli._output import note

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange
    from httptask.task import HttpTask


def note_suggestion(task: HttpTask, exchange: Exchange) -> None:
    """Print on stderr whether the response confirms the pagination suggested for *task*.

    Nothing is printed if the task has a pagination, or if the request failed.
    """
    from httptask.settings import suggestion_after

    suggestion = suggestion_after(exchange, task.endpoint, task.definition)
    if suggestion is None:
        return
    word = "confirmed" if suggestion.confirmed else "not confirmed"
    note(f"pages can be read {suggestion.sentence}: {word}, {suggestion.reason}")
