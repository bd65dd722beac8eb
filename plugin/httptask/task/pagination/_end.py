"""Where a list ends: by what a page says, and by what it does not have. Nothing is read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from httptask.model.pagination import Pagination
from httptask.task.pagination._modes import BY_ITEMS
from httptask.task.pagination._start import Earlier


@dataclass(slots=True)
class Answer:
    """What a page answers. Not frozen: each page makes one, and nobody changes it."""

    items: Sequence[Any]
    cursor: Any
    """What asks for the next page; None: there is nothing to ask with."""
    more: bool | None
    """Whether the server says that there is more; None: it does not say."""
    total: int | None
    """The number of items in the whole list, if it or a page before it says so."""
    is_last: bool
    """Whether the author's `until` holds."""


@dataclass(frozen=True, slots=True)
class End:
    """A list that was read to its end."""

    stopped_by: str
    is_complete: bool
    """Whether the server says nothing of items that are missing."""


def end_of(
    pagination: Pagination, answer: Answer, kept: int, came: int, earlier: Earlier
) -> End | None:
    """Return where the list ends with *answer*; None: another page follows.

    *kept* items were kept of the list so far, of *came* that came, behind the *earlier* ones. What
    the author and the server say decides first, then what the items say; a short page says nothing.
    """
    total, at_most = answer.total, earlier.at_most
    is_short_of = total is not None and at_most is not None and at_most + came < total
    is_by_items = pagination.mode in BY_ITEMS
    if answer.is_last:
        return End("until", not is_short_of)
    if answer.more is False:
        return End("more", not is_short_of)
    if answer.cursor is None:
        return End("empty" if is_by_items else "next", not (answer.more or is_short_of))
    if not answer.items and pagination.on_empty == "stop":
        return End("empty", is_by_items and not (answer.more or is_short_of))
    if total is not None and pagination.counts and _is_number_of_items(total, answer):
        # Doubles do not count: where items moved from page to page, the last ones are to come. Of a
        # list with doubles of its own an empty page tells that they did not move.
        most = earlier.at_least if at_most is None else at_most
        all_came = most + came >= total and not answer.items
        if earlier.at_least + kept >= total or all_came:
            return End("total", is_complete=True)
    return None


def _is_number_of_items(total: int, answer: Answer) -> bool:
    """Say whether *total* may be the number of items in the list: not where one page has more of
    them, nor where the server says that more follow. It may count pages, or nothing.
    """
    return total >= len(answer.items) and not (answer.more and answer.items)
