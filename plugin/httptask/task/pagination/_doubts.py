"""Find signs that a list changed during the reading, or that pages leave items out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.model.pagination import Pagination
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
