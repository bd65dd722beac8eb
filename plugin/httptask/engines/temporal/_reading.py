"""Read the progress of a run step by step, each entry of its history once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from httptask.engines.temporal._arguments import RunStatus, TaskRuns
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import TaskRun

if TYPE_CHECKING:
    from temporalio.client import WorkflowHandle

PATIENCE = timedelta(seconds=5)
"""The time limit for a query, which a worker answers."""

T = TypeVar("T")


class RunReader:
    """Reads the run of *handle* by queries, which a worker answers within *patience*."""

    def __init__(self, handle: WorkflowHandle[Any, Any], patience: timedelta = PATIENCE) -> None:
        self._handle = handle
        self._patience = patience
        self.tasks: list[TaskRun] = []
        """The entries of the history that have been read."""
        self.hindrance = ""
        """Why the last query was not answered; "": it was."""
        self._count = 0

    @property
    def has_all(self) -> bool:
        """Whether the last answer reached the end of the history.

        It saves a query: for a query about an ended run, a worker replays the run.
        """
        return len(self.tasks) >= self._count

    async def more(self) -> list[TaskRun]:
        """Return the next entries of the history, as many as fit into an answer.

        Return [] if no worker answers at the moment.
        """
        answer = await self._asked("tasks", TaskRuns, len(self.tasks))
        entries = [TaskRun.from_json(value) for value in answer.tasks] if answer else []
        self.tasks += entries
        self._count = answer.count if answer else 0
        return entries

    async def under_way(self) -> list[TaskRun]:
        """Return the running visits, as `InProgress`."""
        status = await self._asked("status", RunStatus)
        return [_begun(**visit) for visit in status.under_way] if status else []

    async def _asked(self, query: str, result_type: type[T], *arguments: Any) -> T | None:
        try:
            answer: T = await self._handle.query(
                query, args=arguments, result_type=result_type, rpc_timeout=self._patience
            )
        except (RPCError, WorkflowQueryFailedError) as error:
            self.hindrance = str(error)
            return None
        self.hindrance = ""
        return answer


def _begun(name: str, visit: int, type: str, items: Any = None, **_: Any) -> TaskRun:  # noqa: A002 - the word of the format
    counts = ItemCounts.from_json(items) if items is not None else None
    return TaskRun(name, visit, type, "InProgress", items=counts)
