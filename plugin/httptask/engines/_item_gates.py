"""Check which item of a task with `forEach` can be completed from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.model.for_each import ItemCounts


def is_item_of(items: ItemCounts | None, item: int | None) -> bool:
    """Say whether *item* is an index of *items*."""
    return items is not None and item is not None and 0 <= item < items.count


def item_refusal(
    task: str,
    items: ItemCounts | None,
    item: int | None,
    *,
    has_ended: bool,
) -> str | None:
    """Return why *item* of *task* cannot be completed; None if it can be completed.

    *items* are the counts of the task's items, None without `forEach`; *has_ended* says whether the
    item has ended.
    """
    if items is None:
        reason = f"the task {task!r} has no forEach: complete it without an item"
        return None if item is None else reason
    indices = [waiting_item.index for waiting_item in items.waiting]
    if item in indices:
        return None
    hint = f"those that wait: {', '.join(map(str, indices))}" if indices else "none waits now"
    if item is None:
        return f"the task {task!r} is done for each item: say which one by --item; {hint}"
    if not is_item_of(items, item):
        return (
            f"the task {task!r} has no item {item}: its items are numbered from 0 to"
            f" {items.count - 1}; {hint}"
        )
    state = "was completed already" if has_ended else "does not wait yet"
    return f"the item {item} of the task {task!r} {state}; {hint}"
