"""What a test request's answer says of the pagination that a description suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.cli._output import note

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange
    from httptask.task import HttpTask


def note_suggestion(task: HttpTask, exchange: Exchange) -> None:
    """Print on stderr that the answer confirms or refutes the pagination that *task*'s description
    suggests. Nothing where the task has a pagination, or the answer is no success.
    """
    from httptask.settings import suggestion_after

    held = suggestion_after(exchange, task.endpoint, task.definition)
    if held is None:
        return
    word = "confirmed" if held.confirmed else "not confirmed"
    note(f"pages can be read {held.sentence}: {word}, {held.reason}")
