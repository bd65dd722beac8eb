"""The embedded engine: runs workflow definitions in this process, on asyncio."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask.engines._clock import Clock
from httptask.engines._compiled import compiled
from httptask.engines._embedded_run import Run
from httptask.engines._nested import refuse_broken_nested
from httptask.engines._outcome import failure_input, failure_run_id, utc_text
from httptask.errors import DefinitionError
from httptask.model.workflow import TaskRun, WorkflowDefinition, WorkflowRun
from httptask.protocols import RunOptions

if TYPE_CHECKING:
    from httptask.task import Runtime

__all__ = ["Clock", "EmbeddedEngine"]


class EmbeddedEngine:
    """Runs a definition to its end in this process.

    Tasks can wait for signals if the options have `signals` or a journal. With a journal, the
    engine can continue a run that an earlier process did not end; without a journal, nothing is
    stored.
    """

    name = "embedded"
    keeps_journals = True
    takes_pins = True
    takes_callbacks = True

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()

    async def run(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Runtime,
    ) -> WorkflowRun:
        """Run *definition* to its end and return the run.

        The run is `Completed`, `Failed` or `TimedOut` (after the definition's `timeoutSeconds`).
        Its `tasks` are all visits in order of completion, and, as `InProgress`, the stopped visits.

        If the run does not complete and the definition names a `failureWorkflow`, that entry of
        `options.definitions` is run with the input `{"input": the run's input, "failed":
        {"workflowId", "definition", "status", "task", "error"}}`: `task` is the name of the failed
        task, null if no task failed, and `error` an object with at least `message`. The failure of
        a failure workflow starts no other.

        *runtime* is open and stays open. Raises, before anything is run, `DefinitionError` if
        *definition* has errors, and `InputError` if its `inputSchema` refuses the input. The
        failure of a task is not raised. After a cancellation nothing is left running,
        `options.cancelled` has been called with the run so far, and the run can be resumed from the
        journal. Raises `JournalError` if the journal cannot be written; earlier writes are kept.
        """
        await refuse_broken_nested(definition, options, runtime)
        if options.journal is not None:
            options.journal.mask(runtime.redactor.value)
        run, _ = await _whole_run(definition, options, runtime, self._clock)
        if options.journal is not None:
            await options.journal.close(run)
        return run


async def _whole_run(
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
    clock: Clock,
) -> tuple[WorkflowRun, TaskRun | None]:
    """Run *definition*, then its failure workflow; return the run, and the visit that failed it."""
    main_run = await _new_run(definition, options, runtime, clock)
    if options.begun is not None:
        options.begun(main_run.workflow_id)
    run = await main_run.finish()
    if run.status == "Completed" or definition.failure_workflow is None:
        return run, main_run.cause
    failure = failure_input(run, main_run.cause, main_run.input)
    whole_run = await _with_failure_workflow(
        run,
        failure,
        definition.failure_workflow,
        options,
        runtime,
        clock,
    )
    return whole_run, main_run.cause


async def _with_failure_workflow(
    run: WorkflowRun,
    failure: Any,
    name: str,
    options: RunOptions,
    runtime: Runtime,
    clock: Clock,
) -> WorkflowRun:
    """Run the failure workflow *name* with the input *failure*; return *run* with that run."""
    definition = options.definitions.get(name)
    if definition is None:
        return replace(
            run,
            error=f"{run.error}; its failure workflow {name!r} is not among the definitions given",
        )
    cancelled = options.cancelled
    signals = options.signals
    workflow_id = failure_run_id(run.workflow_id)
    options = replace(
        options,
        pins=options.pins and options.pins.inside(name),
        input=failure,
        workflow_id=workflow_id,
        cancelled=cancelled and (lambda stopped: cancelled(replace(run, failure_run=stopped))),
        signals=signals and signals.of_run(workflow_id),
    )
    if options.journal is not None:
        began_at = utc_text(clock.now())
        journal = await options.journal.inside(workflow_id, definition.title, failure, began_at)
        options = replace(options, journal=journal, input=journal.input)
    try:
        failure_run = await (await _new_run(definition, options, runtime, clock)).finish()
    except DefinitionError as error:
        return replace(
            run, error=f"{run.error}; its failure workflow {name!r} was not run: {error}"
        )
    return replace(run, failure_run=failure_run)


async def _new_run(
    definition: WorkflowDefinition,
    options: RunOptions,
    runtime: Runtime,
    clock: Clock,
) -> Run:
    """Return a new run of *definition*. Raises `DefinitionError` if *definition* has errors."""

    async def run_inside(
        definition: WorkflowDefinition,
        options: RunOptions,
    ) -> tuple[WorkflowRun, TaskRun | None]:
        return await _whole_run(definition, options, runtime, clock)

    compiled_definition = await compiled(definition, runtime, options)
    return Run(definition, options, runtime, compiled_definition, clock, run_inside)
