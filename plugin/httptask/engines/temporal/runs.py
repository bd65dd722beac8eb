"""The runs of a task queue, for who starts and shows them: the designer."""

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
    from temporalio.client import Client, WorkflowExecution, WorkflowHandle

    from httptask.model.workflow import Signal, TaskRun
    from httptask.task import Runtime

__all__ = ["ServerRuns", "see_server"]

_NEW = 10
"""Runs started here that are looked up one by one: a server lists them after a while."""
_READ = 4
"""Runs that have ended and were read here: whoever looks at one looks at each of its visits."""
_REPLAYED = timedelta(seconds=10)
"""How long a worker may take to tell of a run that has ended, which it replays."""


async def see_server() -> None:
    """Raise `EngineError` when no server answers, or it has no such namespace."""
    await see_namespace(await connect())


class ServerRuns:
    """The runs of the task queue *queue*, by default the operator's. The first question connects to
    the server. *runtime* checks what is started.

    Everything here raises `EngineError` when the server does not answer, or refuses.
    """

    def __init__(self, runtime: Runtime, queue: str | None = None) -> None:
        self._runtime = runtime
        self._queue = task_queue(queue)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._new: deque[str] = deque(maxlen=_NEW)
        self._read: deque[KeptRun] = deque(maxlen=_READ)

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None:
                self._client = await connect(self._runtime)
            return self._client

    async def start(
        self, definition: WorkflowDefinition, options: RunOptions, history: Sequence[TaskRun] = ()
    ) -> str:
        """Start a run, and return its id. Raises `DefinitionError` for a wrong definition."""
        client = await self._connected()
        handle = await start_run(client, definition, options, self._runtime, self._queue, history)
        self._new.append(handle.id)
        return handle.id

    async def latest(self, count: int) -> list[KeptRun]:
        """Return the latest runs that no task asked for, at most *count*, without their tasks."""
        client = await self._connected()
        queue = self._queue.replace("'", "''")
        query = (
            f"WorkflowType = '{WORKFLOW}' AND TaskQueue = '{queue}'"
            " AND ExecutionStatus != 'ContinuedAsNew'"
        )
        found: dict[str, KeptRun] = {}
        try:
            async for execution in client.list_workflows(query):
                if execution.parent_id is None:
                    found[execution.id] = await _summary(execution)
                if len(found) == count:
                    break
        except RPCError as error:
            raise server_error(client, error) from error
        # What the server lists may be some seconds old.
        uncertain = [id_ for id_, run in found.items() if run.status == "Running"]
        for run in await asyncio.gather(*map(self.summary, {*uncertain, *self._new})):
            if run is not None:
                found[run.workflow_id] = run
        return sorted(found.values(), key=lambda run: run.began_at, reverse=True)[:count]

    async def summary(self, workflow_id: str) -> KeptRun | None:
        """Return the run without its tasks; None where there is none of this task queue."""
        described = await self._described(workflow_id)
        return described[0] if described is not None else None

    async def run(self, workflow_id: str) -> KeptRun | None:
        """Return the run with its tasks; None where there is none of this task queue."""
        read = next((run for run in self._read if run.workflow_id == workflow_id), None)
        if read is not None:
            return read
        described = await self._described(workflow_id)
        if described is None:
            return None
        kept, handle = described
        lack = await lack_of_workers(await self._connected(), self._queue)
        if kept.status != "Running":
            return await self._ended(kept, handle, lack)
        reader = RunReader(handle)
        under_way: list[TaskRun] = []
        if lack is None:
            while await reader.more() and not reader.has_all:
                pass
            under_way = await reader.under_way()
        tasks = (*reader.tasks, *under_way)
        note = lack or _silence(reader)
        return replace(kept, status=status_of(tasks), tasks=tasks, note=note)

    async def _ended(
        self, kept: KeptRun, handle: WorkflowHandle[Any, RunEnd], lack: str | None
    ) -> KeptRun:
        """Return *kept*, which has ended, with its tasks; for *lack* of workers, as the server has
        them.
        """
        reader = RunReader(handle, _REPLAYED)
        while lack is None and await reader.more() and not reader.has_all:
            pass
        run = WorkflowRun.from_json((await end_of(await self._connected(), handle)).run)
        status = run.status if kept.status == "Failed" else kept.status
        tasks = (*reader.tasks, *run.tasks[len(reader.tasks) :])
        note = lack or _silence(reader)
        whole = replace(kept, status=status, tasks=tasks, ended=_end(run, status), note=note)
        if note is None:
            self._read.append(whole)
        return whole

    async def _described(
        self, workflow_id: str
    ) -> tuple[KeptRun, WorkflowHandle[Any, RunEnd]] | None:
        """Return the run without its tasks, and its handle. Nobody reaches other workflows here."""
        client = await self._connected()
        handle = client.get_workflow_handle(workflow_id, result_type=RunEnd)
        try:
            description = await handle.describe()
        except RPCError as error:
            is_unknown = error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)
            if is_unknown and namespace_error(client, error.message) is None:
                return None
            raise server_error(client, error) from error
        is_ours = description.workflow_type == WORKFLOW and description.task_queue == self._queue
        return (await _summary(description), handle) if is_ours else None

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition of a run, and what it was started with."""
        client = await self._connected()
        try:
            events = client.get_workflow_handle(workflow_id).fetch_history_events(page_size=1)
            first = await anext(events)
        except RPCError as error:
            raise server_error(client, error) from error
        payloads = first.workflow_execution_started_event_attributes.input.payloads
        given: RunArguments
        (given,) = await client.data_converter.decode(payloads, [RunArguments])
        options = RunOptions(
            given.input,
            given.variables,
            {name: WorkflowDefinition(one) for name, one in given.definitions.items()},
            environment=Environment.from_json(given.environment) if given.environment else None,
            pins=Pins.from_json(given.pins) if given.pins else None,
        )
        return WorkflowDefinition(given.definition, given.title), options

    async def follow(
        self,
        workflow_id: str,
        noted: Callable[[dict[str, Any]], None],
        hindered: Callable[[str | None], None],
    ) -> WorkflowRun:
        """Wait for the end of a run, and return it. *noted* is told, as JSON, of what its visits do
        and did, and *hindered* why there is no news, or None when there is again.
        """
        client = await self._connected()
        handle = client.get_workflow_handle(workflow_id, result_type=RunEnd)

        async def look(reader: RunReader) -> None:
            lack = await lack_of_workers(client, self._queue) if reader.hindrance else None
            hindered(lack or _silence(reader))

        hindered(await lack_of_workers(client, self._queue))
        return await follow_run(client, handle, RunOptions(), noted, look)

    async def complete(
        self, workflow_id: str, task: str, signal: Signal, item: int | None = None
    ) -> None:
        """Give *signal* to the *task* that waits for it, or to an *item* of it."""
        await complete_task(await self._connected(), workflow_id, task, signal, item)

    async def cancel(self, workflow_id: str) -> None:
        """Ask a run to end: its requests are stopped."""
        await cancel_run(await self._connected(), workflow_id)


def _silence(reader: RunReader) -> str | None:
    """Return the sentence that says so when *reader* had no answer."""
    return f"no worker tells how far it is: {reader.hindrance}" if reader.hindrance else None


async def _summary(execution: WorkflowExecution) -> KeptRun:
    ended = execution.close_time
    return KeptRun(
        workflow_id=execution.id,
        definition=(await execution.memo()).get("definition", ""),
        status=STATUSES.get(execution.status or WorkflowExecutionStatus.FAILED, "Failed"),
        began_at=execution.start_time.isoformat(),
        changed_at=(ended or max(datetime.now(UTC), execution.start_time)).isoformat(),
        inside=execution.parent_id,
        outermost=execution.root_id or execution.id,
    )


def _end(run: WorkflowRun, status: str) -> dict[str, Any]:
    """Return how *run* ended, as JSON without its tasks."""
    left_out = {"tasks", "failureRun"}
    if not run.elapsed_seconds:  # nobody told: what the server has says more
        left_out.add("elapsedSeconds")
    value = {name: part for name, part in run.to_json().items() if name not in left_out}
    return {**value, "status": status}
