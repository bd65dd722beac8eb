"""Lists whose pages are activities of their own (`"each": "activity"` of `pagination`).

The workflow holds what they brought: each activity is given where the list is, and returns its own
items only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.engines._outcome import stopped_error
from httptask.engines.temporal._large import MOST, too_large
from httptask.engines.temporal._tasks import Ran, written_lines
from httptask.engines.temporal._types import reads_page_by_page
from httptask.model.workflow import TaskOutcome
from httptask.task import PART

if TYPE_CHECKING:
    from httptask.model.workflow import Step

_MOST = MOST - 100_000
"""Bytes of a list without a place for large values: a result has more than its body."""

PageKey = tuple[str, int, int | None]
"""A task, which visit of it, and the index of the item that the visit is for."""


class PagedList:
    """The list that the task of *step* reads; *carried* is what an earlier history had of it.

    Unless it *may_be_large*, it ends with an error where no history takes all of it.
    """

    def __init__(
        self, step: Step, carried: Mapping[str, Any] | None = None, *, may_be_large: bool = True
    ) -> None:
        self._step = step
        self._may_be_large = may_be_large
        has = carried or {}
        self.state: Any = has.get("state")
        """Where it is; None before its first page."""
        self._items: list[Any] = has.get("items", [])
        self._notes: list[str] = has.get("notes", [])
        self._stopped: Mapping[str, Any] = has.get("stopped", {})
        self._size = 0
        self._measure(self._items)

    def _measure(self, items: list[Any]) -> None:
        if not self._may_be_large:
            self._size += len(dump(items, compact=True).encode())

    def to_json(self) -> dict[str, Any]:
        """Return what a new history goes on from."""
        return {
            "state": self.state,
            "items": self._items,
            "notes": self._notes,
            "stopped": self._stopped,
        }

    def take(self, ran: Ran) -> str | None:
        """Take *ran*, what an activity came to. Return when the next page may be asked for; None:
        it was the last one, or there are too many.
        """
        self._notes += ran.notes
        outcome = ran.outcome
        if not isinstance(outcome, TaskOutcome) or outcome.wait_until is None:
            return None
        state = dict(outcome.state)
        part = state.pop(PART)
        self._items += part
        self._measure(part)
        self._stopped = state.pop("stopped")
        self.state = state
        return None if self._size > _MOST else outcome.wait_until

    async def whole(self, last: Ran) -> Ran:
        """Return *last*, what the last activity came to, as of one activity for all pages."""
        outcome, notes = last.outcome, tuple(self._notes)
        if isinstance(outcome, TaskOutcome):
            collected = (outcome.output or {}).get("body")  # a page too many has none
        else:
            collected = outcome.get("collected")
        if isinstance(collected, list):
            self._measure(collected)
        if self._size > _MOST:
            outcome = too_large(self._size)
        elif isinstance(outcome, TaskOutcome):
            body = await self._collected(collected)
            outcome = replace(outcome, output={**outcome.output, "body": body})
        elif "collected" in outcome:
            outcome = {**outcome, "collected": await self._collected(collected)}
        return last._replace(outcome=outcome, notes=notes)

    async def _collected(self, last: Any) -> Any:
        if not isinstance(last, list):  # a file, of a worker that reads all pages at once
            return last
        items = [*self._items, *last]
        if self._step.definition["pagination"].get("collect") == "file":
            return await written_lines(self._step, items)
        return items

    def stopped(self, error: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the error of a task that is stopped; *error* is that of the activity under way, if
        one was.
        """
        later = {} if error is None else {name: error.get(name) for name in self._stopped}
        known = {name: value for name, value in later.items() if value is not None}
        return {**stopped_error(0, is_maybe_delivered=True), **self._stopped, **known}


class PagesSoFar:
    """The lists under way; *carried* are those of an earlier history."""

    may_be_large = True
    """Whether there is a place for lists that no history takes."""

    def __init__(self, carried: Iterable[Any] = ()) -> None:
        self._carried = {(name, visit, item): value for name, visit, item, value in carried}
        self._lists: dict[PageKey, PagedList] = {}

    def of(self, step: Step, item: int | None) -> PagedList | None:
        """Return the list that the task of *step* reads for *item*; None where its pages are no
        activities.
        """
        if not reads_page_by_page(step.definition):
            return None
        key = (*step.key, item)
        if key not in self._lists:
            carried = self._carried.pop(key, None)
            self._lists[key] = PagedList(step, carried, may_be_large=self.may_be_large)
        return self._lists[key]

    def forget(self, step: Step, item: int | None) -> None:
        """Let go of a list that has ended."""
        self._lists.pop((*step.key, item), None)

    def to_json(self) -> list[Any]:
        """Return all that have begun."""
        begun = {key: one.to_json() for key, one in self._lists.items() if one.state is not None}
        return [[*key, value] for key, value in {**self._carried, **begun}.items()]
