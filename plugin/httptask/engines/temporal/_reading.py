"""Read the progress of a run step by step, each entry of its history once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from httptask._visible import one_line
from httptask.engines.temporal._arguments import RunStatus, TaskRuns
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import TaskRun

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

PATIENCE = timedelta(seconds=5)
"""The time limit for a query, which a worker answers."""

_LATEST = 20
"""The number of events, from the end of a history, among which the latest workflow task is."""

_LONGEST = 500
"""The number of characters of a failure that are shown."""

_OTHER_VERSION = (
    "its version of httptask would do something else than the one that ran it before; upgrade all"
    " workers of its task queue to the newest version that has run it, and it goes on: "
)

T = TypeVar("T")


async def refusal_of(client: Client, handle: WorkflowHandle[Any, Any]) -> str | None:
    """Return why workers cannot go on with the run of *handle*; None if they can.

    A newer version may have started it, for example. Such a run answers no queries, and only its
    history has the reason.
    """
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.enums.v1 import WorkflowTaskFailedCause
    from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest

    of_worker = {
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: "",
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR: _OTHER_VERSION,
    }
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=handle.id, run_id=handle.run_id or ""),
        maximum_page_size=_LATEST,
    )
    try:
        response = await client.workflow_service.get_workflow_execution_history_reverse(request)
    except RPCError:  # not everybody may ask
        return None
    for event in response.history.events:
        if event.HasField("workflow_task_completed_event_attributes"):
            return None
        failed = event.workflow_task_failed_event_attributes
        if failed.cause in of_worker:
            message = one_line(failed.failure.message)[:_LONGEST]
            return f"a worker cannot go on with it: {of_worker[failed.cause]}{message}"
    return None


class RunReader:
    """Reads the run of *handle* by queries, which a worker answers within *patience*."""

    def __init__(
        self, client: Client, handle: WorkflowHandle[Any, Any], patience: timedelta = PATIENCE
    ) -> None:
        self._client = client
        self._handle = handle
        self._patience = patience
        self.tasks: list[TaskRun] = []
        """The entries of the history that have been read."""
        self.hindrance = ""
        """Why the last query was not answered; "": it was."""
        self.refusal: str | None = None
        """Why workers cannot go on with the run; None: they can."""
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
            self.refusal = await refusal_of(self._client, self._handle)
            self.hindrance = self.refusal or str(error)
            return None
        self.hindrance, self.refusal = "", None
        return answer


def _begun(name: str, visit: int, type: str, items: Any = None, **_: Any) -> TaskRun:  # noqa: A002 - the word of the format
    counts = ItemCounts.from_json(items) if items is not None else None
    return TaskRun(name, visit, type, "InProgress", items=counts)
