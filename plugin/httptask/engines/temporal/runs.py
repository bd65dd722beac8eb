"""The runs of a task queue, for the designer, which starts and shows them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from httptask.engines._kept_run import KeptRun, status_of
from httptask.engines.temporal._arguments import RunArguments, RunEnd
from httptask.engines.temporal._connection import (
    connect,
    namespace_error,
    see_namespace,
    server_error,
)
from httptask.engines.temporal._reading import RunReader
from httptask.engines.temporal._types import WORKFLOW
from httptask.engines.temporal.client import (
    STATUSES,
    cancel_run,
    complete_task,
    end_of,
    follow_run,
    lack_of_workers,
    start_run,
    task_queue,
)
from httptask.model.definition import WorkflowDefinition
from httptask.model.environment import Environment
from httptask.model.pins import Pins
from httptask.model.workflow import WorkflowRun
from httptask.protocols import RunOptions

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution

    from httptask.model.workflow import Signal, TaskRun
    from httptask.task import Runtime

__all__ = ["ServerRuns", "see_server"]

_NEW = 10
"""The number of recently started runs that are looked up by their ids, because a server lists them
only after a while.
"""
_READ = 4
"""The number of ended runs that are cached: a person who opens one opens many of its visits."""
_REPLAYED = timedelta(seconds=60)
"""The time limit for a query about an ended run, which a worker has to replay: some milliseconds a
task.
"""


async def see_server() -> None:
    """Raise `EngineError` if no server answers, or the namespace does not exist."""
    await see_namespace(await connect())


class ServerRuns:
    """The runs of the task queue *queue*; None: the operator's queue.

    *runtime* is used to validate definitions. The first call connects to the server. All methods
    raise `EngineError` if the server does not answer, or refuses.
    """

    def __init__(self, runtime: Runtime, queue: str | None = None) -> None:
        self._runtime = runtime
        self._queue = task_queue(queue)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._new: deque[str] = deque(maxlen=_NEW)
        # Temporal's run ids are the keys: several runs may have had the same workflow id.
        self._read: dict[str, KeptRun] = {}
        """The ended runs that were read to the end."""
        self._partly_read: dict[str, RunReader] = {}
        """The readers of ended runs that no worker answered to the end."""

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None:
                self._client = await connect(self._runtime)
            return self._client

    async def start(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        history: Sequence[TaskRun] = (),
    ) -> str:
        """Start a run, and return its id. Raises `DefinitionError` if the definition has errors."""
        client = await self._connected()
        handle = await start_run(client, definition, options, self._runtime, self._queue, history)
        self._new.append(handle.id)
        return handle.id

    async def latest(self, count: int) -> list[KeptRun]:
        """Return the latest runs except nested ones, at most *count*, without their tasks."""
        client = await self._connected()
        queue = self._queue.replace("'", "''")
        query = (
            f"WorkflowType = '{WORKFLOW}' AND TaskQueue = '{queue}'"
            " AND ExecutionStatus != 'ContinuedAsNew'"
        )
        runs: dict[str, KeptRun] = {}
        try:
            async for execution in client.list_workflows(query):
                if execution.parent_id is None:
                    runs[execution.id] = await _summary(execution)
                if len(runs) == count:
                    break
        except RPCError as error:
            raise server_error(client, error) from error
        # What the server lists may be some seconds old.
        uncertain = [id_ for id_, run in runs.items() if run.status == "Running"]
        for run in await asyncio.gather(*map(self.summary, {*uncertain, *self._new})):
            if run is not None:
                runs[run.workflow_id] = run
        return sorted(runs.values(), key=lambda run: run.began_at, reverse=True)[:count]

    async def summary(self, workflow_id: str) -> KeptRun | None:
        """Return the run without its tasks; None if it is not in this task queue."""
        described = await self._described(workflow_id)
        if described is not None:
            return described[0]
        return None

    async def run(self, workflow_id: str) -> KeptRun | None:
        """Return the run with its tasks; None if it is not in this task queue."""
        described = await self._described(workflow_id)
        if described is None:
            return None
        kept, run_id = described
        if run_id in self._read:
            return self._read[run_id]
        client = await self._connected()
        lack = await lack_of_workers(client, self._queue)
        if kept.status != "Running":
            return await self._ended(kept, run_id, lack)
        # Without the run id: the run may move to a new history, which has another one.
        reader = RunReader(client, client.get_workflow_handle(workflow_id))
        under_way: list[TaskRun] = []
        if lack is None:
            while await reader.more() and not reader.has_all:
                pass
            under_way = await reader.under_way()
        tasks = (*reader.tasks, *under_way)
        note = lack or _silence(reader)
        return replace(
            kept,
            status=status_of(tasks),
            tasks=tasks,
            note=note,
        )

    async def _ended(self, kept: KeptRun, run_id: str, lack: str | None) -> KeptRun:
        """Return *kept*, an ended run with the id *run_id* on the server, with its tasks.

        *lack* says that there are no workers; the tasks are then the outlines on the server. Tasks
        that were read are kept for the next call, which goes on after them.
        """
        client = await self._connected()
        handle = client.get_workflow_handle(kept.workflow_id, run_id=run_id, result_type=RunEnd)
        reader = self._partly_read.pop(run_id, None) or RunReader(client, handle, _REPLAYED)
        while lack is None and await reader.more() and not reader.has_all:
            pass
        run = WorkflowRun.from_json((await end_of(client, handle)).run)
        status = run.status if kept.status == "Failed" else kept.status
        tasks = (*reader.tasks, *run.tasks[len(reader.tasks) :])
        note = lack or _rest_unread(reader)
        whole = replace(
            kept,
            status=status,
            tasks=tasks,
            ended=_end(run, status),
            note=note,
        )
        if note is None:
            self._read = dict([*self._read.items(), (run_id, whole)][-_READ:])
        elif reader.tasks:
            self._partly_read = dict([*self._partly_read.items(), (run_id, reader)][-_READ:])
        return whole

    async def _described(self, workflow_id: str) -> tuple[KeptRun, str] | None:
        """Return the latest run with this id, without its tasks, and its id on the server.

        Return None for workflows of other kinds.
        """
        client = await self._connected()
        try:
            description = await client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            is_unknown = error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)
            if is_unknown and namespace_error(client, error.message) is None:
                return None
            raise server_error(client, error) from error
        is_ours = description.workflow_type == WORKFLOW and description.task_queue == self._queue
        return (await _summary(description), description.run_id) if is_ours else None

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition and the options of a run, from the first event of its history."""
        client = await self._connected()
        try:
            events = client.get_workflow_handle(workflow_id).fetch_history_events(page_size=1)
            first = await anext(events)
        except RPCError as error:
            raise server_error(client, error) from error
        payloads = first.workflow_execution_started_event_attributes.input.payloads
        arguments: RunArguments
        (arguments,) = await client.data_converter.decode(payloads, [RunArguments])
        options = RunOptions(
            arguments.input,
            arguments.variables,
            {
                name: WorkflowDefinition(document)
                for name, document in arguments.definitions.items()
            },
            environment=Environment.from_json(arguments.environment)
            if arguments.environment
            else None,
            pins=Pins.from_json(arguments.pins) if arguments.pins else None,
        )
        source = arguments.labels.get("", {}).get("source", arguments.title)
        return WorkflowDefinition(arguments.definition, source), options

    async def follow(
        self,
        workflow_id: str,
        noted: Callable[[dict[str, Any]], None],
        hindered: Callable[[str | None], None],
    ) -> WorkflowRun:
        """Wait for the end of a run, and return the run.

        *noted* is called with each entry and each running visit, as JSON; *hindered* with the
        reason why queries are not answered, or with None if they are again.
        """
        client = await self._connected()
        handle = client.get_workflow_handle(workflow_id, result_type=RunEnd)

        async def look(reader: RunReader) -> None:
            lack = await lack_of_workers(client, self._queue) if reader.hindrance else None
            hindered(lack or _silence(reader))

        hindered(await lack_of_workers(client, self._queue))
        return await follow_run(client, handle, RunOptions(), noted, look)

    async def complete(
        self,
        workflow_id: str,
        task: str,
        signal: Signal,
        item: int | None = None,
    ) -> None:
        """Give *signal* to the waiting *task*, or to its waiting *item*."""
        await complete_task(await self._connected(), workflow_id, task, signal, item)

    async def cancel(self, workflow_id: str) -> None:
        """Cancel a run; its running requests are stopped."""
        await cancel_run(await self._connected(), workflow_id)


def _silence(reader: RunReader) -> str | None:
    """Return a message if the last query of *reader* was not answered; else None."""
    if reader.refusal:
        return reader.refusal
    return f"no worker tells how far it is: {reader.hindrance}" if reader.hindrance else None


def _rest_unread(reader: RunReader) -> str | None:
    """Return a message if *reader* could not read an ended run to its end; else None."""
    if not reader.hindrance:
        return None
    return (
        f"{len(reader.tasks) or 'None'} of this run's tasks could be read with input and output:"
        f" {reader.hindrance}. Open the run again to read on"
    )


async def _summary(execution: WorkflowExecution) -> KeptRun:
    ended = execution.close_time
    memo = await execution.memo()
    return KeptRun(
        workflow_id=execution.id,
        definition=memo.get("definition", ""),
        source=memo.get("source"),
        status=STATUSES.get(execution.status or WorkflowExecutionStatus.FAILED, "Failed"),
        began_at=execution.start_time.isoformat(),
        changed_at=(ended or max(datetime.now(UTC), execution.start_time)).isoformat(),
        inside=execution.parent_id,
        outermost=execution.root_id or execution.id,
    )


def _end(run: WorkflowRun, status: str) -> dict[str, Any]:
    """Return the ended *run* as JSON, without its tasks."""
    left_out = {"tasks", "failureRun"}
    if not run.elapsed_seconds:  # unknown: the run's times on the server tell more
        left_out.add("elapsedSeconds")
    value = {name: part for name, part in run.to_json().items() if name not in left_out}
    return {**value, "status": status}
