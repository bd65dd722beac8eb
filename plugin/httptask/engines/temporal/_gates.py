"""Tell a listener which tasks of a run wait for somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from httptask.model.workflow import TaskRun


class WaitingGates:
    """Calls *waits*, a `GateListener` or None, once for each task or item that waits."""

    def __init__(self, workflow_id: str, waits: Callable[..., None] | None) -> None:
        self._workflow_id = workflow_id
        self._waits = waits
        self._told: set[tuple[str, int, int | None]] = set()

    @property
    def are_told(self) -> bool:
        """Whether there is a listener."""
        return self._waits is not None

    def tell(self, visits: Iterable[TaskRun]) -> None:
        """Tell the listener of the *visits*, and of their items, that wait for a signal."""
        for visit in visits:
            if visit.status == "Waiting" and visit.awaits_signal:
                self._tell(visit)
            for item in visit.items.waiting if visit.items is not None else ():
                self._tell(visit, item.index)

    def _tell(self, visit: TaskRun, *item: int) -> None:
        key = (visit.name, visit.visit, item[0] if item else None)
        if self._waits is not None and key not in self._told:
            self._told.add(key)
            self._waits(self._workflow_id, visit.name, *item)
