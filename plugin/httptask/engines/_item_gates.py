"""Which item of a task with `forEach` somebody outside completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.model.for_each import ItemCounts


def is_item_of(items: ItemCounts | None, item: int | None) -> bool:
    """Say whether there is the index *item* among *items*."""
    return items is not None and item is not None and 0 <= item < items.count


def item_refusal(
    task: str, items: ItemCounts | None, item: int | None, *, has_ended: bool
) -> str | None:
    """Say why *item* of *task* cannot be completed; None: it can. *items* are those of the task,
    None without `forEach`; *has_ended* says whether this one has.
    """
    if items is None:
        reason = f"the task {task!r} has no forEach: complete it without an item"
        return None if item is None else reason
    waiting = [one.index for one in items.waiting]
    if item in waiting:
        return None
    those = f"those that wait: {', '.join(map(str, waiting))}" if waiting else "none waits now"
    if item is None:
        return f"the task {task!r} is done for each item: say which one by --item; {those}"
    if not is_item_of(items, item):
        return (
            f"the task {task!r} has no item {item}: its items are numbered from 0 to"
            f" {items.count - 1}; {those}"
        )
    state = "was completed already" if has_ended else "does not wait yet"
    return f"the item {item} of the task {task!r} {state}; {those}"
