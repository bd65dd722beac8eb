"""Engines run workflow definitions: `embedded` in this process, others elsewhere.

run = run_workflow("customer.json", {"customerId": 7})
print(run.status, run.output)
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask._core.lazy import lazily
from httptask.errors import HttpTaskError, JournalError, PluginError

if TYPE_CHECKING:
    from types import ModuleType

    from httptask.engines._kept_run import KeptRun
    from httptask.engines.callbacks import Callbacks
    from httptask.engines.journal import GateListener, Journal
    from httptask.model.environment import Environment
    from httptask.model.for_each import ItemCounts
    from httptask.model.pins import Pins
    from httptask.model.workflow import TaskRun, WorkflowDefinition, WorkflowRun
    from httptask.plugins import PluginManager
    from httptask.protocols import Engine, RunOptions, Signals
    from httptask.task import Runtime
    from httptask.workflow import PinsLike

    DefinitionLike = WorkflowDefinition | Mapping[str, Any] | os.PathLike[str] | str

__all__ = [
    "Journal",
    "KeptRun",
    "aresume_run",
    "arun_workflow",
    "engine_named",
    "history_before",
    "resume_run",
    "run_workflow",
    "temporal_module",
]

# Imported on first access: only runs with a journal need SQLite.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "Journal": "httptask.engines.journal",
        "KeptRun": "httptask.engines._kept_run",
        "history_before": "httptask.engines._history",
    },
)


def run_workflow(
    definition: DefinitionLike,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    engine: Engine | str = "embedded",
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    begun: Callable[[str], None] | None = None,
    waits: GateListener | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    signals: Signals | None = None,
    journal: Journal | None = None,
    workflow_id: str | None = None,
    history: Sequence[TaskRun] = (),
    pins: PinsLike | None = None,
) -> WorkflowRun:
    """Run *definition* to its end and return the run: `arun_workflow`, for synchronous code.

    Raises `RuntimeError` if an event loop is already running in this thread.
    """

    async def run() -> WorkflowRun:
        return await arun_workflow(
            definition,
            input,
            engine=engine,
            variables=variables,
            environment=environment,
            definitions=definitions,
            runtime=runtime,
            begun=begun,
            waits=waits,
            finished=finished,
            cancelled=cancelled,
            advanced=advanced,
            signals=signals,
            journal=journal,
            workflow_id=workflow_id,
            history=history,
            pins=pins,
        )

    return _in_sync(run, runtime, "arun_workflow")


async def arun_workflow(
    definition: DefinitionLike,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    engine: Engine | str = "embedded",
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    begun: Callable[[str], None] | None = None,
    waits: GateListener | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    signals: Signals | None = None,
    callbacks: Callbacks | None = None,
    journal: Journal | None = None,
    workflow_id: str | None = None,
    history: Sequence[TaskRun] = (),
    pins: PinsLike | None = None,
) -> WorkflowRun:
    """Run *definition* to its end and return the run.

    A failed run is returned, too, with its `status` and `error`.

    *definition* is a `WorkflowDefinition`, a JSON document or the path of a file. *definitions* are
    definitions by id, for `failureWorkflow` and tasks of the type `Workflow`. *input* is `$.input`,
    a JSON value. *variables* are `$.variables`; they override the variables of the environment and
    of the definition. *environment* is an `Environment`, or the name of an environment next to the
    definition's file. *engine* is an engine, or the name of an installed engine. *runtime* is an
    open `httptask.task.Runtime`, which stays open; None: a new runtime, closed at the end.

    *begun* is called with the run's id once its definition and input have been validated, and
    *waits* when a task begins to wait for somebody, on an engine that stores runs itself (a
    `Journal` has its own argument *waits*). *finished* is called with each ended visit of a task,
    *advanced* whenever an item of a task with `forEach` has ended or begins to wait. *cancelled* is
    called with the run so far when this call is cancelled: the status is `Cancelled`, or
    `Interrupted` with a journal, and the error of an `InProgress` task says whether its request may
    have been delivered.

    *signals* end the waits of tasks; without signals and without a journal, a definition with a
    `Simple` task is refused. *callbacks* receive the calls that tasks wait for, see
    `httptask.engines.callbacks`. *pins* answer the requests of the tasks that they name, instead of
    a server: `httptask.model.pins.Pins`, JSON, the path of a file, or True for the file next to the
    definition's.

    *journal* stores everything needed to resume the run if this process dies, see `aresume_run`.
    *workflow_id* is the run's id; None: a new one. *history* are finished tasks of an earlier run,
    whose outputs are reused, see `history_before`.

    Raises, before anything is run: `DefinitionError` with every problem if a definition cannot be
    read or has errors; `InputError` if *input* is not JSON or the `inputSchema` refuses it;
    `PluginError` if the engine does not exist. Raises `JournalError` if the journal cannot be
    written, or *history* is passed without a journal.
    """
    from httptask.protocols import RunOptions
    from httptask.workflow import as_definition

    workflow_definition = as_definition(definition)
    nested = {name: as_definition(other) for name, other in (definitions or {}).items()}
    if isinstance(environment, str):
        from httptask.workflow import load_environment

        environment = load_environment(workflow_definition, environment)
    options = RunOptions(
        input=_json_input(input),
        variables=variables or {},
        definitions=nested,
        environment=environment,
        begun=begun,
        waits=waits,
        finished=finished,
        advanced=advanced,
        cancelled=cancelled,
        signals=signals,
        callbacks=callbacks,
        pins=_pins(workflow_definition, pins, nested),
        workflow_id=workflow_id,
    )
    async with _opened(runtime) as open_runtime:
        if journal is None:
            if history:
                raise JournalError("only a run with a journal can take over earlier answers")
            return await _run(engine, workflow_definition, options, open_runtime)
        # Before the run is written to the journal.
        _refuse_unsupported(_engine_of(engine, open_runtime), options, has_journal=True)
        operator = _operator_options(open_runtime)
        with journal.new_run(workflow_definition, options, history, operator) as journalled:
            return await _run(engine, workflow_definition, journalled, open_runtime)


def resume_run(
    journal: Journal,
    workflow_id: str,
    *,
    runtime: Runtime | None = None,
    begun: Callable[[str], None] | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    engine: Engine | str = "embedded",
    anyway: bool = False,
) -> WorkflowRun:
    """Resume a run of *journal* and return it: `aresume_run`, for synchronous code."""

    async def run() -> WorkflowRun:
        return await aresume_run(
            journal,
            workflow_id,
            runtime=runtime,
            begun=begun,
            finished=finished,
            cancelled=cancelled,
            advanced=advanced,
            engine=engine,
            anyway=anyway,
        )

    return _in_sync(run, runtime, "aresume_run")


async def aresume_run(
    journal: Journal,
    workflow_id: str,
    *,
    runtime: Runtime | None = None,
    begun: Callable[[str], None] | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    callbacks: Callbacks | None = None,
    engine: Engine | str = "embedded",
    anyway: bool = False,
) -> WorkflowRun:
    """Resume the run *workflow_id* of *journal*, run it to its end, and return it.

    The journal holds the definition, the input and the other options of the run; for the arguments
    see `arun_workflow`. Ended tasks are not run again. An interrupted task is run again, with the
    same idempotency key, unless that might repeat an effect: then the task fails, and its error has
    `maybeDelivered`. Raises `JournalError` if the run does not exist, has ended, or is run by
    another process; and, unless *anyway*, if *runtime* lacks an option of the operator that the run
    had before, such as an allowed network. With *anyway*, the run goes on without such options, and
    needs them no more.
    """
    async with _opened(runtime) as opened:
        operator = _operator_options(opened)
        with journal.old_run(workflow_id, operator, anyway=anyway) as (definition, options):
            options = replace(
                options,
                begun=begun,
                finished=finished,
                cancelled=cancelled,
                advanced=advanced,
                callbacks=callbacks,
            )
            return await _run(engine, definition, options, opened)


def _operator_options(runtime: Runtime) -> dict[str, Any]:
    from httptask.engines.journal import operator_options

    return operator_options(runtime)


def _in_sync(
    start: Callable[[], Coroutine[Any, Any, WorkflowRun]], runtime: Runtime | None, name: str
) -> WorkflowRun:
    """Run the coroutine of *start* in a new event loop; errors name the async function *name*."""
    from httptask._core.sync import run_sync

    async def run() -> WorkflowRun:
        try:
            return await start()
        finally:
            if runtime is not None:
                # The connections belong to the event loop, which ends with this call.
                await runtime.aclose_connections()

    return run_sync(run, name)


@asynccontextmanager
async def _opened(runtime: Runtime | None) -> AsyncIterator[Runtime]:
    """Yield *runtime*, or a new runtime that is closed at the end."""
    if runtime is not None:
        yield runtime
        return
    from httptask.task import Runtime

    async with Runtime() as new_runtime:
        yield new_runtime


def temporal_module(name: str) -> ModuleType:
    """Return the module *name* of `httptask.engines.temporal`: `client`, `runs` or `worker`.

    Raises `PluginError` if the extra `temporal` is not installed.
    """
    from httptask.engines._temporal_engine import temporal_module

    return temporal_module(name)


async def _run(
    engine: Engine | str, definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> WorkflowRun:
    """Run *definition* on *engine*, an engine or its name.

    Raises `PluginError` for an unknown engine, and if an engine raises anything but an
    `HttpTaskError`.
    """
    provider = ""
    if isinstance(engine, str):
        engine = _engine_of(engine, runtime)
        plugin = runtime.plugins.provider_of("httptask_engines", engine.name)
        provider = f" of the plugin {plugin}"
    _refuse_unsupported(engine, options, has_journal=options.journal is not None)
    try:
        return await engine.run(definition, options, runtime)
    except HttpTaskError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"the engine {engine.name}{provider} failed: {reason}") from error


def _engine_of(engine: Engine | str, runtime: Runtime) -> Engine:
    return engine_named(engine, runtime.plugins) if isinstance(engine, str) else engine


def _refuse_unsupported(engine: Engine, options: RunOptions, *, has_journal: bool) -> None:
    """Raise `PluginError` if a run needs something that *engine* does not support."""
    name = engine.name
    if has_journal and not getattr(engine, "keeps_journals", False):
        raise PluginError(
            f"the engine {name} keeps no journal: leave it out (--journal, HTTPTASK_JOURNAL), or"
            " run it embedded"
        )
    if options.pins is not None and not getattr(engine, "takes_pins", False):
        raise PluginError(f"the engine {name} takes no pins: leave them out, or run it embedded")
    if options.callbacks is not None and not getattr(engine, "takes_callbacks", False):
        raise PluginError(
            f"the engine {name} receives no callbacks in this process: leave them out, or run it"
            " embedded; on Temporal, give --callbacks to httptask worker"
        )


def engine_named(name: str, plugins: PluginManager) -> Engine:
    """Return the engine *name* of *plugins*. Raises `PluginError`, which suggests similar names."""
    engines = plugins.named("httptask_engines")
    if name in engines:
        engine: Engine = engines[name]
        return engine
    from httptask._core.nearest import nearest

    hints = "".join(f"; did you mean {other}?" for other in nearest(name, engines))
    raise PluginError(
        f"there is no engine {name!r}; installed are: {', '.join(engines) or 'none'}{hints}"
    )


def _pins(
    definition: WorkflowDefinition,
    pins: PinsLike | None,
    definitions: Mapping[str, WorkflowDefinition],
) -> Pins | None:
    """Load the *pins* of *definition*. Raises `DefinitionError` if they have errors."""
    if pins is None or pins is False:
        return None
    from httptask.workflow import load_pins

    return load_pins(definition, pins, definitions=definitions)


def _json_input(value: Any) -> Any:
    """Return *value*. Raises `InputError` if *value* is not JSON."""
    if value is None:
        return None
    from httptask._core.strict_json import dump
    from httptask.errors import InputError, Problem

    try:
        dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError([Problem.of("not-json", "", jsonMessage=str(error))]) from error
    return value
