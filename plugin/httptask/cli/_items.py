"""Format the items of a task with `forEach` for a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._visible import exact
from httptask.cli._output import note, plural

if TYPE_CHECKING:
    from httptask.model.for_each import ItemCounts

_MOST_SHOWN = 200
"""Characters shown of a waiting item's input."""
_MOST_REASONS = 3
"""Different reasons of failed items that are shown."""
_BETWEEN = 1.0
"""Least seconds between two lines about the same task."""


def items_text(items: Mapping[str, Any]) -> str:
    """Return the counts in *items* (JSON) as text: `32 of 100 items, 1 failed`."""
    from httptask.model.for_each import ItemCounts

    counts = ItemCounts.from_json(items)
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    return f"{counts.ended:,} of {counts.count:,} items{failed}"


def waiting_lines(items: Mapping[str, Any] | None) -> list[str]:
    """Return a line for each of the *items* (JSON) that waits for somebody outside."""
    return [_waiting_line(item) for item in (items or {}).get("waiting", ())]


def failed_lines(task: Mapping[str, Any]) -> list[str]:
    """Return a line for each reason why items of *task* (JSON) failed, the most frequent first.

    Only of a task that collects failures: the error of any other task names its failed item.
    """
    output = task.get("output")
    counts = task.get("items") or {}
    if not counts.get("failed") or not isinstance(output, list):
        return []
    indexes: dict[str, list[int]] = {}
    for index, item in enumerate(output):
        # A failed item is `{"error": …}`; the output of another may have such a member, too.
        is_failed = isinstance(item, dict) and len(item) == 1
        error = item.get("error") if is_failed else None
        if isinstance(error, dict) and "message" in error:
            indexes.setdefault(str(error["message"]), []).append(index)
    reasons = sorted(indexes.items(), key=lambda reason: -len(reason[1]))
    lines = [_failed_line(*reason) for reason in reasons[:_MOST_REASONS]]
    rest = len(reasons) - _MOST_REASONS
    if rest <= 0:
        return lines
    return [*lines, f"and {plural(rest, 'other reason')}"]


def _failed_line(message: str, indexes: list[int]) -> str:
    others = len(indexes) - 1
    more = f" and {plural(others, 'other')}" if others else ""
    return f"item {indexes[0]}{more} failed: {message}"


def _waiting_line(item: Mapping[str, Any]) -> str:
    until = f", or until {item['until']}" if "until" in item else ""
    about = f": {_cut(dump(item['input'], compact=True))}" if "input" in item else ""
    return f"item {item['index']} waits for somebody outside{until}{about}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} …"


class ItemsProgress:
    """Prints the number of ended items from time to time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._printed: dict[str, float] = {}

    def __call__(self, name: str, counts: ItemCounts) -> None:
        """Report that an item of the task *name* has ended."""
        now = self._clock()
        printed = self._printed.setdefault(name, now)
        # The last item needs no line: the end of the task has its own.
        is_last = counts.ended >= counts.count
        if not is_last and now - printed >= _BETWEEN:
            self._printed[name] = now
            note(f"InProgress {exact(name)}: {items_text(counts.to_json())}")
