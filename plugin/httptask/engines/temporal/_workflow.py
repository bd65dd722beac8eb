"""The workflow, which runs any definition."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from httptask.engines._outcome import failure_input
from httptask.engines.temporal._arguments import (
    FORMAT,
    CallbackState,
    CallbackVisit,
    ReceivedCall,
    RunArguments,
    RunEnd,
    RunStatus,
    TaskRuns,
    TaskSignal,
)
from httptask.engines.temporal._nested import run_failure_workflow
from httptask.engines.temporal._signals import ReceivedSignals
from httptask.engines.temporal._types import WORKFLOW
from httptask.engines.temporal._walk import TooLongError, Walk
from httptask.errors import DefinitionError
from httptask.model.definition import WorkflowDefinition
from httptask.model.workflow import TaskRun, WorkflowRun

_ANSWER = 1_000_000
"""The approximate size of an answer to a query, in bytes. A server takes at most 2 MB."""

_LISTED = 2_000
"""The number of tasks whose outlines a nested run returns to the run around it."""


class NewerRunError(Exception):
    """The arguments of a run are of a newer version than this one."""


@workflow.defn(name=WORKFLOW)
class HttpTaskWorkflow:
    """Runs the definition in its argument to the end.

    If the run fails, the workflow fails with a `RunEnd` in the details.
    """

    def __init__(self) -> None:
        self._signals = ReceivedSignals()
        self._walk: Walk | None = None

    @workflow.run
    async def run(self, arguments: RunArguments) -> RunEnd:
        """Run the definition, and its failure workflow if it fails."""
        if arguments.format > FORMAT:
            # This exception does not fail the run: Temporal repeats the workflow task until a newer
            # worker takes it.
            raise NewerRunError(
                "this run was started by a newer version of httptask than this worker's; upgrade"
                " the workers of its task queue, and it goes on"
            )
        try:
            # The check of the input imports what its schema needs (`regex` for a pattern, say). The
            # sandbox would import that anew for each run, and refuses a part of it.
            with workflow.unsafe.imports_passed_through():
                self._walk = walk = Walk(arguments, self._signals)
        except DefinitionError as error:
            raise ApplicationError(
                str(error),
                error.to_json(),
                type=type(error).__name__,
                non_retryable=True,
            ) from None
        try:
            run = await walk.finish()
        except TooLongError:
            workflow.continue_as_new(replace(arguments, carried=walk.carried()))
        # A run must not end before its updates (callbacks) have been answered.
        if not workflow.all_handlers_finished():
            await workflow.wait_condition(workflow.all_handlers_finished)
        failure_workflow = WorkflowDefinition(arguments.definition).failure_workflow
        if run.status != "Completed" and failure_workflow is not None:
            failure = failure_input(run, walk.cause, walk.record.input)
            run = await run_failure_workflow(arguments, run, failure_workflow, failure)
        end = _end(run, walk.cause)
        if run.status == "Completed":
            return end
        message = run.error or f"the run ended as {run.status}"
        raise ApplicationError(message, end, type=run.status, non_retryable=True)

    @workflow.signal
    def complete_task(self, signal: TaskSignal) -> None:
        """Complete a waiting task, or make it fail."""
        self._signals.add(signal)

    @workflow.update
    async def receive_callback(self, call: ReceivedCall) -> CallbackState:
        """Apply a call of a callback URL, and return the state of its visit before."""
        if not self._is_under_way():
            await workflow.wait_condition(self._is_under_way)
        return self._begun_walk.called.receive(call)

    def _is_under_way(self) -> bool:
        return self._walk is not None and self._walk.is_under_way

    @property
    def _begun_walk(self) -> Walk:
        if self._walk is None:
            raise ApplicationError("the run has not begun")
        return self._walk

    @workflow.query
    def callback(self, visit: CallbackVisit) -> CallbackState:
        """Return the state of a visit with a callback URL."""
        return self._begun_walk.called.state(visit)

    @workflow.query
    def tasks(self, after: int) -> TaskRuns:
        """Return the results so far, from the index *after* on, as many as fit into an answer."""
        finished = self._walk.record.history if self._walk is not None else ()
        listed: list[dict[str, Any]] = []
        size = 0
        for run in finished[after:]:
            value = run.to_json()
            size += len(json.dumps(value, default=str))
            if listed and size > _ANSWER:
                break
            listed.append(value)
        return TaskRuns(listed, len(finished))

    @workflow.query
    def status(self) -> RunStatus:
        """Return the running and the waiting visits."""
        walk = self._walk
        if walk is None:
            return RunStatus()
        waiting_visits = [
            {
                "name": wait.step.name,
                "visit": wait.step.visit,
                "type": wait.definition["type"],
                "until": wait.until,
                "awaitsSignal": wait.awaits_signal,
            }
            for wait in walk.waiting.values()
        ]
        return RunStatus(len(walk.record.history), _under_way(walk), waiting_visits)


def _under_way(walk: Walk) -> list[dict[str, Any]]:
    """Return the running visits, with the counts of their items.

    Waiting ones have their inputs, as many as fit into an answer.
    """
    visits: list[dict[str, Any]] = []
    size = 0
    for step in walk.under_way:
        if step.key in walk.waiting:
            continue
        visit = {
            "name": step.name,
            "visit": step.visit,
            "type": step.definition["type"],
        }
        counts = walk.counts(step)
        if counts is not None:
            items = counts.to_json()
            for item in items.get("waiting", ()):
                size += len(json.dumps(item, default=str))
                if size > _ANSWER:
                    item.pop("input", None)
            visit["items"] = items
        visits.append(visit)
    return visits


def _end(run: WorkflowRun, cause: TaskRun | None) -> RunEnd:
    """Return the end of *run*, with outlines of its tasks; the tasks are in the history."""
    outline = tuple(
        TaskRun(
            task.name,
            task.visit,
            task.type,
            task.status,
            error=task.error if task.status == "InProgress" else None,
            elapsed_seconds=task.elapsed_seconds,
            items=task.items,
            ended_at=task.ended_at,
        )
        for task in run.tasks[:_LISTED]
    )
    maybe = any(task.error.get("maybeDelivered") for task in run.tasks if task.error)
    return RunEnd(
        replace(run, tasks=outline).to_json(),
        sum(task.steps for task in run.tasks),
        replace(cause, output=None, input=None, run=None).to_json() if cause is not None else None,
        maybe,
    )
