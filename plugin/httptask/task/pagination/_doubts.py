"""Find signs that a list changed during the reading, that pages leave items out, or that a total
counts something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptask.task.pagination._statements import page_facts

if TYPE_CHECKING:
    from httptask.expressions import Query
    from httptask.model.pagination import Pagination
    from httptask.task.pagination._page import Page
    from httptask.task.pagination._so_far import SoFar


def doubt(
    pagination: Pagination,
    so_far: SoFar,
    number: int,
    total: int | None,
    count: int,
) -> str | None:
    """Return why items may be missing, according to page *number* with *count* items; else None.

    The signs are another *total* than on the pages *so_far*, or a last page with fewer items than
    the offset grew by. Only pages with numbers or offsets shift when a list changes; a token or a
    URL still points to the same item.
    """
    if not pagination.counts:
        return None
    if None not in (total, so_far.total) and total != so_far.total:
        return (
            f"page {number}: the total was {so_far.total:,} before, and is {total:,}: items that"
            " moved from page to page may be missing, or be there twice"
        )
    step = pagination.step if pagination.mode == "offset" else None
    if step is not None and count and so_far.count is not None and 0 < so_far.count < step:
        return (
            f"page {number - 1} had {so_far.count:,} items, and the offset grew by {step:,} (step):"
            " items between may be missing"
        )
    return None


def total_doubt(
    pagination: Pagination,
    so_far: SoFar,
    page: Page,
    came_count: int,
    query: Query,
) -> str | None:
    """Return why the total at *query* may not be the number of items, although it ends the list
    with *page*; None: it is. *came_count* items came.

    A total that is reached exactly by full pages may also be the number of pages, or of the items
    on a page. A page shorter than the page before it, or than the size, is a last page. Nothing
    tells whether the first page is full if no size is known.
    """
    if not page.count or came_count != so_far.total:
        return None
    facts = page_facts(page.result.body, came_count)
    size = so_far.count or pagination.size_value or facts.size
    if size is None or page.count < size or facts.is_clear:
        return None
    return (
        f"page {page.number}: {query.text} is {came_count:,}, and as many items came with full"
        " pages: it cannot be told whether it is the number of items in the whole list; if it is"
        " that of pages, or of the items on a page, more items follow"
    )
