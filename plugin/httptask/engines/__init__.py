"""Engines run workflow definitions: `embedded` in this process, others where a plugin says.

run = run_workflow("customer.json", {"customerId": 7})
print(run.status, run.output)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from httptask.errors import HttpTaskError, PluginError

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.model.for_each import ItemCounts
    from httptask.model.workflow import TaskRun, WorkflowDefinition, WorkflowRun
    from httptask.protocols import Engine, RunOptions, Signals
    from httptask.task import Runtime

    DefinitionLike = WorkflowDefinition | Mapping[str, Any] | os.PathLike[str] | str

__all__ = ["arun_workflow", "run_workflow"]


def run_workflow(
    definition: DefinitionLike,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    engine: str = "embedded",
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    signals: Signals | None = None,
) -> WorkflowRun:
    """Run *definition* to its end and return how it ended: `arun_workflow` for code that is not
    async.

    Raises `RuntimeError` where an event loop is running already.
    """
    from httptask._core.sync import run_sync

    async def run() -> WorkflowRun:
        try:
            return await arun_workflow(
                definition,
                input,
                engine=engine,
                variables=variables,
                environment=environment,
                definitions=definitions,
                runtime=runtime,
                finished=finished,
                cancelled=cancelled,
                advanced=advanced,
                signals=signals,
            )
        finally:
            if runtime is not None:
                await runtime.aclose_connections()  # they belong to this call's event loop

    return run_sync(run, "arun_workflow")


async def arun_workflow(
    definition: DefinitionLike,
    input: Any = None,  # noqa: A002 - the word of the format: `$.input`
    *,
    engine: str = "embedded",
    variables: Mapping[str, Any] | None = None,
    environment: Environment | str | None = None,
    definitions: Mapping[str, DefinitionLike] | None = None,
    runtime: Runtime | None = None,
    finished: Callable[[TaskRun], None] | None = None,
    cancelled: Callable[[WorkflowRun], None] | None = None,
    advanced: Callable[[str, ItemCounts], None] | None = None,
    signals: Signals | None = None,
) -> WorkflowRun:
    """Run *definition* to its end and return how it ended.

    A run that fails is returned too, with its `status` and `error`.
    *definition* is a `WorkflowDefinition`, a JSON document or the path of a file. *input* is the
    run's `$.input`, JSON.
    *engine* names one of the installed engines. *variables* are `$.variables`, over those of
    the environment and the definition's own. *environment* is where it runs: an `Environment`, or
    the name of one that stands next to the definition's file.
    *finished* is told of every task that has ended. *cancelled* is told of the run so far when this
    call is cancelled: the status is `Cancelled`, and the error of an `InProgress` task says whether
    its request may have been delivered. *advanced* is told of every item that has ended, of a task
    with `forEach`. *signals* are what tasks get that wait for somebody outside; without them, a
    definition with a `Simple` task is refused.
    *definitions* are definitions by id, for `failureWorkflow` and tasks of the type `Workflow`.
    *runtime* is an open `httptask.task.Runtime`, which stays open; without one, one is made and
    closed.

    Raises `DefinitionError` with every problem when a definition cannot be read or has problems, or
    *input* is not JSON or not what the definition's `inputSchema` allows (`InputError`), and
    `PluginError` when there is no such engine; nothing has been run then.
    """
    from httptask.protocols import RunOptions

    first = _definition(definition)
    others = {name: _definition(other) for name, other in (definitions or {}).items()}
    if isinstance(environment, str):
        from httptask.workflow import load_environment

        environment = load_environment(first, environment)
    options = RunOptions(
        _json_input(input),
        variables or {},
        others,
        finished,
        cancelled,
        environment,
        advanced=advanced,
        signals=signals,
    )
    if runtime is not None:
        return await _run(engine, first, options, runtime)
    from httptask.task import Runtime

    async with Runtime() as own:
        return await _run(engine, first, options, own)


async def _run(
    name: str, definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> WorkflowRun:
    engine = _engine(name, runtime.plugins.named("httptask_engines"))
    try:
        return await engine.run(definition, options, runtime)
    except HttpTaskError:
        raise
    except Exception as error:
        provider = runtime.plugins.provider_of("httptask_engines", name)
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"the engine {name} of the plugin {provider} failed: {reason}") from error


def _engine(name: str, engines: Mapping[str, Engine]) -> Engine:
    if name in engines:
        return engines[name]
    from httptask._core.nearest import nearest

    near = "".join(f"; did you mean {other}?" for other in nearest(name, engines))
    raise PluginError(
        f"there is no engine {name!r}; installed are: {', '.join(engines) or 'none'}{near}"
    )


def _definition(source: DefinitionLike) -> WorkflowDefinition:
    if isinstance(source, Mapping):
        from httptask.workflow import definition_of

        return definition_of(source)
    if isinstance(source, str | os.PathLike):
        from httptask.workflow import load_definition

        return load_definition(source)
    return source


def _json_input(value: Any) -> Any:
    if value is None:
        return None
    from httptask._core.strict_json import dump
    from httptask.errors import InputError, Problem

    try:
        dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError([Problem.of("not-json", "", reason=str(error))]) from error
    return value
