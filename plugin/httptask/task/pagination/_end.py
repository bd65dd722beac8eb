"""Decide whether a page is the last page of its list. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from httptask.model.pagination import Pagination
from httptask.task.pagination._modes import BY_ITEMS, TotalName
from httptask.task.pagination._start import Earlier


@dataclass(slots=True)
class Answer:
    """The information in a page. Not frozen, because frozen objects are slower to make."""

    items: Sequence[Any]
    count: int
    """The number of all its items, including items that the query does not select."""
    cursor: Any
    """The token, number or URL that asks for the next page; None: the page names none."""
    more: bool | None
    """Whether there are more items, according to the server; None: it does not say."""
    total: int | None
    """The number of items in the whole list, if this page or an earlier one names it."""
    is_at_least: bool
    """Whether the total is only a lower bound: see `_statements`."""
    is_changed: bool
    """Whether the total differs from the total of the page before."""
    is_last: bool
    """Whether the author's `until` holds."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a list."""

    stopped_by: str
    """Why the list ends here: `until`, `more`, `next`, `empty` or `total`."""
    is_complete: bool
    """Whether nothing in the pages says that items are missing."""


def end_of(
    pagination: Pagination,
    answer: Answer,
    kept_count: int,
    read_count: int,
    earlier: Earlier,
    total_name: TotalName,
) -> End | None:
    """Return the end of the list if *answer* is its last page; None: another page follows.

    *read_count* items were read so far, duplicates included; *kept_count* of them were kept.
    *earlier* is the number of items before the first page. *total_name* tells what the total is.
    The author's `until` and the server's statements decide first, then the items. A page shorter
    than the others is no sign of the end.
    """
    # The number of pages, or a position, says nothing about the items.
    total = None if total_name.is_about_pages else answer.total
    at_most = earlier.at_most
    are_items_missing = False
    if total is not None and at_most is not None:
        # Reading as many items as a lower bound is not enough: the list may have more items, which
        # the API does not give.
        most = at_most + read_count - answer.is_at_least
        are_items_missing = most < total
    is_by_items = pagination.mode in BY_ITEMS
    if answer.is_last:
        return End("until", not are_items_missing)
    if answer.more is False:
        return End("more", not are_items_missing)
    if answer.cursor is None:
        return End("empty" if is_by_items else "next", not (answer.more or are_items_missing))
    if not answer.count and pagination.on_empty == "stop":
        return End("empty", is_by_items and not (answer.more or are_items_missing))
    if total is None or answer.is_at_least or not pagination.counts:
        return None
    # Duplicates do not count for the total: if items moved to a later page during the reading,
    # the last items are still to come. In a list that contains duplicates, the total of kept
    # items is never reached; there, an empty page shows that all items have come.
    most = earlier.at_least if at_most is None else at_most
    came_count = earlier.at_least + kept_count
    are_all_read = most + read_count >= total and not answer.count
    if came_count < total and not are_all_read:
        return None
    if _is_number_of_items(total, answer, came_count):
        return End("total", is_complete=True)
    # With `"onEmpty": "continue"`, nothing else would end the list.
    return None if answer.count else End("total", is_complete=False)


def _is_number_of_items(total: int, answer: Answer, came_count: int) -> bool:
    """Say whether *total* can be the number of items in the list, of which *came_count* came.

    It cannot if more items came, although *total* did not change with this page, if this page alone
    has more, or if the server says that more items follow: then *total* may be the number of pages,
    or of something else.
    """
    if came_count > total and not answer.is_changed:
        return False
    return total >= answer.count and not (answer.more and answer.count)
