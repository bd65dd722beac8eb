"""The client of a Temporal server: start, follow and cancel runs, complete tasks."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.building import REFERENCE, Files, references
from httptask.engines._compiled import compiled
from httptask.engines._item_gates import item_refusal
from httptask.engines._nested import refuse_broken_nested
from httptask.engines._outcome import utc_text
from httptask.engines.temporal import _types
from httptask.engines.temporal._arguments import (
    PINS_APART,
    RunArguments,
    RunEnd,
    RunStatus,
    TaskSignal,
)
from httptask.engines.temporal._carried import taken_over
from httptask.engines.temporal._connection import connect, server_error
from httptask.engines.temporal._facts import task_facts
from httptask.engines.temporal._gates import WaitingGates
from httptask.engines.temporal._labels import NAMES, labels_of, search_attributes
from httptask.engines.temporal._large import MOST, keeps_large_values
from httptask.engines.temporal._reading import PATIENCE, RunReader, refusal_of
from httptask.engines.temporal._run_ids import no_run, run_id
from httptask.engines.temporal._types import (
    TASK_QUEUE,
    TASK_QUEUE_VARIABLE,
    WORKFLOW,
    completes_items_apart,
    reads_page_by_page,
)
from httptask.errors import EngineError, HttpTaskError
from httptask.model.exchange import FilePiece
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import Signal, TaskRun, WorkflowRun
from httptask.workflow import checked_input, iter_tasks, nested_definitions

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowDefinition
    from httptask.protocols import RunOptions
    from httptask.task import Runtime

__all__ = [
    "cancel_run",
    "complete_task",
    "connect",
    "follow_run",
    "run_arguments",
    "run_id",
    "run_status",
    "start_arguments",
    "start_run",
    "task_queue",
]

_log = logging.getLogger("httptask.engines")

STATUSES = {
    WorkflowExecutionStatus.RUNNING: "Running",
    WorkflowExecutionStatus.COMPLETED: "Completed",
    WorkflowExecutionStatus.CANCELED: "Cancelled",
    WorkflowExecutionStatus.TERMINATED: "Terminated",
    WorkflowExecutionStatus.TIMED_OUT: "TimedOut",
}
"""The server's states of workflows -> the status of a run. All other states are `Failed`."""

_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
"""The shortest and the longest time between two queries for the progress of a run, in seconds."""


def task_queue(name: str | None = None) -> str:
    """Return the task queue: *name*, or the operator's, or the default."""
    return name or os.environ.get(TASK_QUEUE_VARIABLE) or TASK_QUEUE


async def start_run(
    client: Client,
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
    queue: str | None = None,
    history: Sequence[TaskRun] = (),
) -> WorkflowHandle[Any, RunEnd]:
    """Validate *definition*, start a run of it, and return a handle to follow the run.

    Raises `DefinitionError` if the definition has errors, and `EngineError` if the server refuses
    the run.
    """
    arguments = await run_arguments(definition, options, runtime)
    if history:
        carried = taken_over(history, utc_text(datetime.now(UTC)))
        arguments = replace(arguments, carried=carried)
    await in_thread(partial(_share_files, arguments, runtime))
    return await start_arguments(client, arguments, options, queue)


def _share_files(arguments: RunArguments, runtime: Runtime) -> None:
    """Upload the files that the run names to the bucket, if there is a bucket.

    A person or another program has put them only into the folder here. Raises `EngineError` if an
    upload fails.
    """
    shared = runtime.shared_files
    if shared is None or shared.bucket is None:
        return
    folder_files = Files(
        replace(shared, bucket=None)
    )  # looks only in the folder, not in the bucket
    for _, value in references(arguments.to_json()):
        reference = value[REFERENCE]
        try:
            file = folder_files.find(FilePiece(str(reference.get("name", "")), reference, ""))
        except (HttpTaskError, LookupError, TypeError):
            continue  # it holds an expression, or the file is missing, which the task will report
        path = file.folder.joinpath(*file.steps)
        try:
            shared.keep(shared.folder.joinpath(*file.steps), path)
        except OSError as error:
            raise EngineError(f"the file {path} cannot be shared: {error.strerror}") from error


async def start_arguments(
    client: Client,
    arguments: RunArguments,
    options: RunOptions,
    queue: str | None = None,
) -> WorkflowHandle[Any, RunEnd]:
    """Start the run of *arguments*. Raises `EngineError` if the server refuses it."""
    size = len(dump(arguments.to_json(), compact=True).encode())
    if size > MOST and not keeps_large_values(client.data_converter):
        raise EngineError(
            f"the definition, those it runs, the pins and the input are {size / 1e6:.1f} MB"
            " together, and Temporal takes less than 2 MB: name a folder that the workers have, too"
            " (HTTPTASK_FILES or --files), give large values as files ($file), or split the"
            " definition into tasks of the type Workflow"
        )
    labels = arguments.labels[""]
    try:
        has_attributes = await _has_search_attributes(client)
        arguments = replace(
            arguments,
            has_search_attributes=has_attributes,
            keeps_large_values=keeps_large_values(client.data_converter),
        )
        return await client.start_workflow(
            WORKFLOW,
            arguments,
            id=options.workflow_id or str(uuid.uuid4()),
            task_queue=task_queue(queue),
            result_type=RunEnd,
            memo=labels,
            search_attributes=search_attributes(labels) if has_attributes else None,
            static_summary=labels["definition"][:200] or None,
        )
    except WorkflowAlreadyStartedError as error:
        raise EngineError(f"there is a run with the id {error.workflow_id!r} already") from error
    except RPCError as error:
        raise server_error(client, error) from error


async def run_arguments(
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
) -> RunArguments:
    """Return the argument of the workflow that runs *definition*, after validation.

    Raises `DefinitionError` if *definition* or a nested definition has errors.
    """
    # Waiting tasks are allowed: the workflow takes signals and callbacks.
    outside: Any = _Outside()
    checked = replace(options, signals=options.signals or outside, callbacks=outside)
    await refuse_broken_nested(definition, checked, runtime)
    await compiled(definition, runtime, checked)
    checked_input(definition, options.input)
    others = dict(nested_definitions(definition, options.definitions))
    failure = definition.failure_workflow
    if failure is not None and failure in options.definitions:
        others[failure] = options.definitions[failure]
    title = definition.name or (definition.source or "")
    definitions = {"": definition, **others}
    environment = options.environment
    has_pins = options.pins is not None
    facts = {
        name: task_facts(known_definition, runtime)
        for name, known_definition in definitions.items()
    }
    return RunArguments(
        definition.to_json(),
        options.input,
        dict(options.variables),
        environment.to_json() if environment is not None else None,
        {name: other.to_json() for name, other in others.items()},
        # As a response is stored. Everything else that a worker needs is sent whole.
        runtime.redactor.value(options.pins.to_json()) if options.pins is not None else None,
        title,
        options.steps or runtime.limits.steps,
        options.depth,
        runtime.limits.depth,
        facts,
        {
            name: labels_of(known_definition, name or title, runtime)
            for name, known_definition in definitions.items()
        },
        at_once=_types.MOST_AT_ONCE,
        format=_format(definitions.values(), facts.values(), has_pins=has_pins),
    )


def _format(
    definitions: Iterable[WorkflowDefinition],
    facts: Iterable[Mapping[str, Any]],
    *,
    has_pins: bool,
) -> int:
    """Return the oldest `FORMAT` whose workers can run *definitions* with the tasks' *facts*."""
    if has_pins:
        return PINS_APART
    tasks = [task for definition in definitions for _, _, task in iter_tasks(definition)]
    if any(map(completes_items_apart, tasks)):
        return 4
    if any(
        facts_of_task.get("awaits_callback")
        for facts_of_tasks in facts
        for facts_of_task in facts_of_tasks.values()
    ):
        return 3
    if any(map(reads_page_by_page, tasks)):
        return 2
    return 1


class _Outside:
    """Replaces the signals and callbacks of a run during validation, so that tasks may wait."""

    async def wait(self, task: str, visit: int) -> Any:
        """Raise `NotImplementedError`: only workflows wait for signals."""
        raise NotImplementedError

    def of_run(self, workflow_id: str) -> _Outside:
        """Return this object."""
        return self


async def _has_search_attributes(client: Client) -> bool:
    """Say whether the namespace has the search attributes by which runs are found."""
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        response = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise
        return False  # without the permission to list them, do not use them
    return all(name in response.custom_attributes for name in NAMES)


async def follow_run(
    client: Client,
    handle: WorkflowHandle[Any, RunEnd],
    options: RunOptions,
    noted: Callable[[dict[str, Any]], None] | None = None,
    looked: Callable[[RunReader], Awaitable[None]] | None = None,
) -> WorkflowRun:
    """Wait for the end of the run of *handle*, and return the run with its tasks.

    `options.finished` is called with each task that has ended, *noted* with each entry of the
    history and each running visit, as JSON, and *looked* with the reader after each query.
    """
    reader = RunReader(client, handle)
    result = asyncio.ensure_future(end_of(client, handle))
    under_way: list[TaskRun] = []
    gates = WaitingGates(handle.id, options.waits)
    pause = _PAUSE
    try:
        await _warn_of_no_workers(client, handle)
        while not result.done():
            await asyncio.wait([result], timeout=pause)
            before_refusal = reader.refusal
            is_news = await _told(reader, options, noted)
            if reader.refusal not in (None, before_refusal):
                _log.warning("the run %s waits: %s", handle.id, reader.refusal)
            gates.tell(reader.tasks)
            if noted is not None or gates.are_told:
                before, under_way = under_way, await reader.under_way()
                is_news = is_news or before != under_way
                gates.tell(under_way)
                if noted is not None:
                    for visit in under_way:
                        noted(visit.to_json())
            if looked is not None:
                await looked(reader)
            pause = _PAUSE if is_news else min(pause * 1.5, _LONGEST_PAUSE)
    finally:
        result.cancel()
    run = WorkflowRun.from_json(result.result().run)
    while await _told(reader, options, noted) and not reader.has_all:
        pass
    rest = run.tasks[len(reader.tasks) :]
    if noted is not None:
        for visit in rest:
            noted(visit.to_json())
    return replace(run, tasks=(*reader.tasks, *rest))


async def _told(
    reader: RunReader,
    options: RunOptions,
    noted: Callable[[dict[str, Any]], None] | None,
) -> bool:
    """Report the new entries of *reader*, and return whether there were any."""
    entries = await reader.more()
    for task in entries:
        if options.finished is not None and task.status in ("Completed", "Failed"):
            options.finished(task)
        if noted is not None:
            noted(task.to_json())
    return bool(entries)


async def _warn_of_no_workers(client: Client, handle: WorkflowHandle[Any, RunEnd]) -> None:
    """Log a warning if no worker takes runs of the task queue of *handle*."""
    try:
        queue = (await handle.describe()).task_queue
    except RPCError:  # not everybody may ask
        return
    lack = await lack_of_workers(client, queue)
    if lack is not None:
        _log.warning("%s", lack)


async def lack_of_workers(client: Client, queue: str) -> str | None:
    """Return a message if no worker takes runs of *queue*; None if there is one."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

    try:
        response = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
    except RPCError:  # not everybody may ask
        return None
    if response.pollers:
        return None
    words = [] if queue == TASK_QUEUE else ["--task-queue", queue]
    start = shlex.join(["httptask", "worker", "--engine", "temporal", *words])
    return f"no worker takes runs of the task queue {queue!r}; start one: {start}"


async def end_of(client: Client, handle: WorkflowHandle[Any, RunEnd]) -> RunEnd:
    """Wait for the run of *handle*, and return its end, also if it failed or was cancelled."""
    try:
        return await handle.result()
    except WorkflowFailureError as failure:
        cause = failure.cause
        if isinstance(cause, ApplicationError) and cause.details:
            details = cause.details[0]
            if isinstance(details, Mapping) and "run" in details:
                return RunEnd.from_json(details)
        status = "Cancelled" if isinstance(cause, CancelledError) else "Failed"
        reason = "it was cancelled" if status == "Cancelled" else str(cause)
        run = WorkflowRun(handle.id, "", status, error=reason)
        return RunEnd(run.to_json())
    except RPCError as error:
        raise server_error(client, error) from error


async def run_status(client: Client, workflow_id: str) -> dict[str, Any]:
    """Return the state of the run *workflow_id* as JSON: status, running and waiting visits."""
    handle = client.get_workflow_handle(workflow_id, result_type=RunEnd)
    try:
        description = await handle.describe()
    except RPCError as error:
        raise no_run(client, workflow_id, error) from error
    memo = await description.memo()
    value: dict[str, Any] = {
        "workflowId": workflow_id,
        "definition": memo.get("definition", ""),
        "version": memo.get("version"),
        "status": STATUSES.get(description.status or WorkflowExecutionStatus.FAILED, "Failed"),
        "startedAt": description.start_time.isoformat(),
    }
    if description.status == WorkflowExecutionStatus.RUNNING:
        return {**value, **await _progress(client, handle)}
    end = await end_of(client, handle)
    run = WorkflowRun.from_json(end.run)
    ended = {
        "status": run.status,
        "error": run.error,
        "output": run.output,
    }
    return {**value, **{name: one for name, one in ended.items() if one is not None}}


async def _progress(client: Client, handle: WorkflowHandle[Any, RunEnd]) -> dict[str, Any]:
    try:
        status = await handle.query("status", result_type=RunStatus, rpc_timeout=PATIENCE)
    except (RPCError, WorkflowQueryFailedError) as error:
        refusal = await refusal_of(client, handle)
        return {"note": refusal or f"no worker tells how far it is: {error}"}
    return {
        "finished": status.finished,
        "underWay": status.under_way,
        "waiting": status.waiting,
    }


async def complete_task(
    client: Client,
    workflow_id: str,
    task: str,
    given: Signal,
    item: int | None = None,
) -> None:
    """Give the signal *given* to the waiting *task* of the run *workflow_id*.

    With `forEach`, *item* is the index of the waiting item. Raises `EngineError` if the task or
    item does not wait for a signal.
    """
    error = dict(given.error) if given.error is not None else None
    signal = TaskSignal(task, None, given.output, error, item)
    status = await run_status(client, workflow_id)
    if status["status"] != "Running":
        raise EngineError(f"the run {workflow_id!r} has ended: {status['status']}")
    if "waiting" in status:
        signal = replace(signal, visit=_waiting_visit(status, workflow_id, task, item))
    handle = client.get_workflow_handle(workflow_id)
    try:
        await handle.signal("complete_task", signal)
    except RPCError as error:
        raise no_run(client, workflow_id, error) from error


def _waiting_visit(
    status: Mapping[str, Any],
    workflow_id: str,
    task: str,
    item: int | None,
) -> int:
    """Return the number of the visit of *task* that waits for a signal, from the run's *status*.

    Raises `EngineError` if there is none, or its *item* does not wait.
    """
    of_items = [
        visit_state
        for visit_state in status["underWay"]
        if visit_state.get("items", {}).get("waiting")
    ]
    waiting_visits = [
        *(visit_state for visit_state in status["waiting"] if visit_state.get("awaitsSignal")),
        *of_items,
    ]
    visits_of_task = [visit_state for visit_state in waiting_visits if visit_state["name"] == task]
    if not visits_of_task:
        names = ", ".join(repr(visit_state["name"]) for visit_state in waiting_visits) or "none"
        raise EngineError(
            f"no task {task!r} of the run {workflow_id!r} waits for somebody; those that"
            f" wait: {names}"
        )
    value = visits_of_task[0].get("items")
    items = ItemCounts.from_json(value) if value is not None else None
    # Items start in order, so the started ones are those with a lower index.
    begun = items.ended + len(items.waiting) if items is not None else 0
    refusal = item_refusal(task, items, item, has_ended=item is not None and item < begun)
    if refusal is not None:
        raise EngineError(refusal)
    visit: int = visits_of_task[0]["visit"]
    return visit


async def cancel_run(client: Client, workflow_id: str) -> None:
    """Cancel the run *workflow_id*; its running requests are stopped.

    Raises `EngineError` if there is no such run, or if it has ended.
    """
    handle = client.get_workflow_handle(workflow_id)
    try:
        status = (await handle.describe()).status
        if status not in (None, WorkflowExecutionStatus.RUNNING):
            shown = STATUSES.get(status, "Failed")
            raise EngineError(f"the run {workflow_id!r} has ended: {shown}")
        await handle.cancel()
    except RPCError as error:
        raise no_run(client, workflow_id, error) from error
