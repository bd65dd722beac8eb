"""Lists with an activity for each page (`"each": "activity"` of `pagination`).

The workflow collects the items: each activity gets the state of the list, and returns only the
items of its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask.engines._outcome import Outcome, stopped_error
from httptask.engines.temporal._large import MOST, too_large
from httptask.engines.temporal._tasks import Ran, written_lines
from httptask.engines.temporal._types import reads_page_by_page
from httptask.errors import HttpTaskError
from httptask.model.workflow import TaskOutcome
from httptask.task import PART

if TYPE_CHECKING:
    from httptask.model.workflow import Step

_MOST = MOST - 100_000
"""The size limit of a list without a store for large values, in bytes. The rest is for the other
fields of the result.
"""

PageKey = tuple[str, int, int | None]
"""The name of a task, the number of the visit, and the index of the item, None without one."""


class PagedList:
    """The list that the task of *step* reads; *carried* is its `to_json` from an earlier history.

    Unless *may_be_large*, the list ends with an error if it is too large for a history.
    """

    def __init__(
        self,
        step: Step,
        carried: Mapping[str, Any] | None = None,
        *,
        may_be_large: bool = True,
    ) -> None:
        self._step = step
        self._may_be_large = may_be_large
        values = carried or {}
        self.state: Any = values.get("state")
        """The state of the list; None before its first page."""
        self._items: list[Any] = values.get("items", [])
        self._notes: list[str] = values.get("notes", [])
        self._stopped: Mapping[str, Any] = values.get("stopped", {})
        self._size = 0
        self._measure(self._items)

    def _measure(self, items: list[Any]) -> None:
        """Add the size of *items*, if there is a limit."""
        if not self._may_be_large:
            self._size += len(dump(items, compact=True).encode())

    def to_json(self) -> dict[str, Any]:
        """Return the list so far, for a new history."""
        return {
            "state": self.state,
            "items": self._items,
            "notes": self._notes,
            "stopped": self._stopped,
        }

    def take(self, ran: Ran) -> str | None:
        """Add the page of *ran*, the result of an activity.

        Return the time at which the next page may be requested; None: it was the last page, the
        activity failed, or the list is too large.
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
        if self._size > _MOST:
            return None
        return outcome.wait_until

    async def whole(self, last: Ran) -> Ran:
        """Return *last*, the result of the last activity, with the items and notes of all pages."""
        outcome = last.outcome
        notes = tuple(self._notes)
        if isinstance(outcome, TaskOutcome):
            # There is no output if the list has become too large.
            collected = (outcome.output or {}).get("body")
        else:
            collected = outcome.get("collected")
        if isinstance(collected, list):
            self._measure(collected)
        if self._size > _MOST:
            outcome = too_large(self._size)
        else:
            try:
                outcome = await self._with_items(outcome, collected)
            except HttpTaskError as error:
                outcome = error.to_json()
        return last._replace(outcome=outcome, notes=notes)

    async def _with_items(self, outcome: Outcome, last: Any) -> Outcome:
        """Return *outcome* with the items of all pages; *last* are those of the last page.

        Raises `HttpTaskError` if they cannot be written to a file.
        """
        if isinstance(outcome, TaskOutcome):
            body = await self._collected(last)
            return replace(outcome, output={**outcome.output, "body": body})
        if "collected" in outcome:
            return {**outcome, "collected": await self._collected(last)}
        return outcome

    async def _collected(self, last: Any) -> Any:
        if not isinstance(last, list):  # a file, of a worker that read all pages in one activity
            return last
        items = [*self._items, *last]
        if self._step.definition["pagination"].get("collect") == "file":
            return await written_lines(self._step, items)
        return items

    def stopped(self, error: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the error of a stopped task; *error* is that of the running activity, if any."""
        newer = {} if error is None else {name: error.get(name) for name in self._stopped}
        newer_fields = {name: value for name, value in newer.items() if value is not None}
        return {
            **stopped_error(0, is_maybe_delivered=True),
            **self._stopped,
            **newer_fields,
        }


class PagesSoFar:
    """The lists that are being read; *carried* are those of an earlier history."""

    may_be_large = True
    """Whether there is a store for lists that are too large for a history."""

    def __init__(self, carried: Iterable[Any] = ()) -> None:
        self._carried = {(name, visit, item): value for name, visit, item, value in carried}
        self._lists: dict[PageKey, PagedList] = {}

    def of(self, step: Step, item: int | None) -> PagedList | None:
        """Return the list that the task of *step* reads for *item*.

        None: the task does not read its pages by activities.
        """
        if not reads_page_by_page(step.definition):
            return None
        key = (*step.key, item)
        if key not in self._lists:
            carried = self._carried.pop(key, None)
            self._lists[key] = PagedList(step, carried, may_be_large=self.may_be_large)
        return self._lists[key]

    def forget(self, step: Step, item: int | None) -> None:
        """Drop a list that has ended."""
        self._lists.pop((*step.key, item), None)

    def to_json(self) -> list[Any]:
        """Return all lists with at least one page, for a new history."""
        begun = {
            key: paged_list.to_json()
            for key, paged_list in self._lists.items()
            if paged_list.state is not None
        }
        return [[*key, value] for key, value in {**self._carried, **begun}.items()]
