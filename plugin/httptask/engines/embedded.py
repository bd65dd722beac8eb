"""The embedded engine: runs a workflow definition in this process, on asyncio, and keeps nothing."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from httptask._json import dump, pointer
from httptask.errors import DefinitionError, HttpTaskError, Problem
from httptask.model.task import Inputs
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowDefinition, WorkflowRun
from httptask.protocols import RunOptions, TaskCall
from httptask.sending import Progress as CallProgress
from httptask.sending import watched
from httptask.task import Services
from httptask.workflow import Progress, Step, iter_tasks, next_steps, problems, tasks_document

if TYPE_CHECKING:
    from httptask.protocols import TaskType
    from httptask.task import Runtime

_log = logging.getLogger(__name__)

_LONGEST = 10.0 * 365 * 24 * 3600
"""Seconds: ten years. A larger `timeoutSeconds` is no other than this one, and the event loop cannot count it."""


class EmbeddedEngine:
    """Runs a definition to its end in this process. It cannot wait for somebody outside: `Simple` fails."""

    name = "embedded"

    async def run(self, definition: WorkflowDefinition, options: RunOptions, runtime: Runtime) -> WorkflowRun:
        """Run *definition* to its end and return how it ended.

        The run is `Completed`, `Failed` or `TimedOut` (after the definition's `timeoutSeconds`). Its `tasks` are every visit
        in order of completion, and then, as `InProgress`, those that were stopped because the run ended without them.

        When it does not complete and the definition names a `failureWorkflow`, that one of `options.definitions` is run
        with the input `{"input": the run's input, "failed": {"workflowId", "definition", "status", "task", "error"}}`:
        `task` is the name of the task that failed, null when none did, and `error` an object with at least `message`. The
        failure of a failure workflow starts no other.

        *runtime* is open and stays open. Raises `DefinitionError` before anything is run when *definition* has problems;
        a task's failure is not raised. A cancelled run leaves nothing running; `options.cancelled` is told how far it came.
        """
        first = _Run(definition, options, runtime)
        run = await first.finish()
        if run.status == "Completed" or definition.failure_workflow is None:
            return run
        return await _with_failure_workflow(
            run, _what_failed(run, first.cause), definition.failure_workflow, options, runtime
        )


async def _with_failure_workflow(
    run: WorkflowRun, failed: dict[str, Any], name: str, options: RunOptions, runtime: Runtime
) -> WorkflowRun:
    definition = options.definitions.get(name)
    if definition is None:
        return replace(run, error=f"{run.error}; its failure workflow {name!r} is not among the definitions given")
    cancelled = options.cancelled
    told = replace(
        options,
        input={"input": options.input, "failed": failed},
        cancelled=cancelled and (lambda after: cancelled(replace(run, failure_run=after))),
    )
    try:
        after = await _Run(definition, told, runtime).finish()
    except DefinitionError as error:
        return replace(run, error=f"{run.error}; its failure workflow {name!r} was not run: {error}")
    return replace(run, failure_run=after)


def _what_failed(run: WorkflowRun, cause: TaskRun | None) -> dict[str, Any]:
    return {
        "workflowId": run.workflow_id,
        "definition": run.definition,
        "status": run.status,
        "task": cause.name if cause is not None else None,
        "error": dict(cause.error) if cause is not None and cause.error else {"message": run.error},
    }


class _Run:
    """One run of one definition."""

    def __init__(self, definition: WorkflowDefinition, options: RunOptions, runtime: Runtime) -> None:
        self._task_types = runtime.plugins.named("httptask_task_types")
        _refuse_broken(definition, runtime)
        self._definition = definition
        self._options = options
        self._runtime = runtime
        self._title = definition.name or PurePath(definition.source or "").stem
        self._variables = options.variables or definition.document.get("variables") or {}
        self._id = str(uuid.uuid4())
        self._names = {
            "workflowId": self._id,
            "workflowDefinitionId": self._title,
            "workflowDefinitionVersion": definition.document.get("version") or 1,
        }
        self._started = 0
        self._history: list[TaskRun] = []
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._under_way: dict[tuple[str, int], TaskRun] = {}
        self._began: dict[tuple[str, int], float] = {}
        self.cause: TaskRun | None = None
        """The task whose failure ended the run, if one's did."""

    async def finish(self) -> WorkflowRun:
        """Run to the end, within the definition's time limit."""
        began = time.monotonic()
        limit = self._definition.timeout_seconds
        progress = Progress("TimedOut", error=f"the run took longer than its timeoutSeconds, {limit}")
        try:
            try:
                async with asyncio.timeout(None if limit is None else min(limit, _LONGEST)):
                    progress = await self._to_the_end()
            except TimeoutError:
                pass  # this limit's: a task that raises one of its own has failed
            finally:
                await _stop(self._running.values())
        except asyncio.CancelledError:
            if self._options.cancelled is not None:
                stopped = Progress("Cancelled", error="the run was stopped before its end")
                self._options.cancelled(self._ended(stopped, began))
            raise
        self.cause = progress.cause
        return self._ended(progress, began)

    def _ended(self, progress: Progress, began: float) -> WorkflowRun:
        return WorkflowRun(
            workflow_id=self._id,
            definition=self._title,
            status=progress.status,
            output=progress.output,
            tasks=(*self._history, *self._stopped()),
            error=progress.error,
            elapsed_seconds=time.monotonic() - began,
        )

    async def _to_the_end(self) -> Progress:
        while True:
            progress = next_steps(self._definition, self._history, steps=self._runtime.limits.steps)
            self._note_parallels(progress)
            if progress.status != "Running":
                return progress
            for step in progress.steps:
                if step.key not in self._running:
                    self._start(step)
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
            for key in [key for key, task in self._running.items() if task.done()]:
                self._running.pop(
                    key
                ).result()  # a visit records its failure; only what ends the process comes out here

    def _start(self, step: Step) -> None:
        self._started += 1
        self._under_way[step.key] = TaskRun(step.name, step.visit, step.definition["type"], "InProgress")
        self._began[step.key] = time.monotonic()
        inputs = Inputs(
            input=self._options.input,
            tasks=tasks_document(self._history),
            variables=self._variables,
            run={**self._names, "sequenceNumber": self._started},
        )
        self._running[step.key] = asyncio.create_task(self._visit(step, inputs), name=f"httptask: {step.name}")

    async def _visit(self, step: Step, inputs: Inputs) -> None:
        run = self._under_way[step.key]
        call = CallProgress()
        watched.set(call)
        try:
            outcome = await self._outcome(step, inputs)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                self._under_way[step.key] = replace(run, error=_stopped_error(call))
                raise
            run = replace(run, status="Failed", error=_told(run, "it was cancelled from inside"))
        except HttpTaskError as error:
            run = replace(run, status="Failed", error=error.to_json())
        except Exception as error:  # noqa: BLE001 - a stranger's task type may raise anything, and it must not be lost
            _log.debug("task %r of type %s failed", step.name, run.type, exc_info=True)
            run = replace(
                run, status="Failed", error=_told(run, f"{type(error).__name__}: {error}", self._provider(run))
            )
        else:
            run = replace(
                run,
                status="Completed",
                input=outcome.input,
                output=outcome.output,
                next_task=outcome.next_task,
                terminate=outcome.terminate,
            )
        self._record(run)

    async def _outcome(self, step: Step, inputs: Inputs) -> TaskOutcome:
        task_type = self._task_types[step.definition["type"]]
        services = Services(self._runtime, inputs)
        given = task_type.run(TaskCall(step.name, step.definition, inputs, services, step.pointer, step.visit))
        outcome = await given if inspect.isawaitable(given) else given
        return _checked(outcome, step.definition["type"])

    def _provider(self, run: TaskRun) -> str:
        return str(self._runtime.plugins.provider_of("httptask_task_types", run.type))

    def _record(self, run: TaskRun) -> None:
        key = (run.name, run.visit)
        self._under_way.pop(key, None)
        ended = replace(run, elapsed_seconds=self._elapsed(key))
        self._history.append(ended)
        if self._options.finished is not None:
            self._options.finished(ended)

    def _note_parallels(self, progress: Progress) -> None:
        for run in progress.waiting:
            self._under_way.setdefault((run.name, run.visit), run)
            self._began.setdefault((run.name, run.visit), time.monotonic())
        for run in progress.joined:
            self._record(run)

    def _stopped(self) -> list[TaskRun]:
        return [replace(run, elapsed_seconds=self._elapsed(key)) for key, run in self._under_way.items()]

    def _elapsed(self, key: tuple[str, int]) -> float:
        now = time.monotonic()
        return now - self._began.get(key, now)


def _refuse_broken(definition: WorkflowDefinition, runtime: Runtime) -> None:
    errors = [problem for problem in problems(definition, runtime) if problem.severity == "error"]
    errors += [] if errors else _waiting(definition, runtime.plugins.named("httptask_task_types"))
    if errors:
        raise DefinitionError(errors, source=definition.source)


def _waiting(definition: WorkflowDefinition, task_types: Mapping[str, TaskType]) -> list[Problem]:
    """Return a problem for each task that waits for somebody outside: better said now than after half the run."""
    return [
        Problem(
            pointer(["type"], place),
            f"a {task['type']} task waits for somebody outside, and the embedded engine cannot wait: "
            "run this definition on a durable engine",
        )
        for place, _, task in iter_tasks(definition)
        if getattr(task_types[task["type"]], "waits", False)
    ]


def _checked(outcome: Any, kind: str) -> TaskOutcome:
    if not isinstance(outcome, TaskOutcome):
        raise TypeError(f"run() gave {type(outcome).__name__}, expected a TaskOutcome")
    if outcome.terminate not in (None, "Completed", "Failed"):
        raise ValueError(f"a run is terminated as Completed or Failed, not as {outcome.terminate!r}")
    if kind != "Http":  # ours, read from JSON as it is, and possibly megabytes
        for value in (outcome.input, outcome.output):
            dump(value)
    return outcome


def _told(run: TaskRun, what: str, provider: str | None = None) -> dict[str, Any]:
    """Return the error of a task type that failed in another way than a task type may."""
    where = f"the task type {run.type}" + (f" of the plugin {provider}" if provider else "")
    return {
        "error": "TaskTypeFailed",
        "message": f"{where} failed unexpectedly: {what}",
        "kind": "task",
        "retryable": False,
    }


def _stopped_error(call: CallProgress) -> dict[str, Any]:
    """Return the error of a task that was stopped while it was under way."""
    delivered = "the server may have got the request" if call.maybe_delivered else "nothing was sent"
    return {
        "error": "Stopped",
        "message": f"stopped before its end; {delivered}",
        "kind": "cancelled",
        "maybeDelivered": call.maybe_delivered,
        "attempts": call.attempt,
    }


async def _stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel *tasks* and wait until the last one has ended, even when the one who waits is cancelled meanwhile."""
    waiting = [task for task in tasks if not task.done()]
    for task in waiting:
        task.cancel()
    cancelled: asyncio.CancelledError | None = None
    while waiting:
        try:
            _, pending = await asyncio.wait(waiting)
            waiting = list(pending)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
