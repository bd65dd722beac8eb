"""Convert the arguments of an activity for the common code of the engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from temporalio import activity

from httptask.engines._compiled import CompiledDefinition
from httptask.model.definition import WorkflowDefinition
from httptask.model.environment import Environment
from httptask.model.for_each import Item
from httptask.model.pins import TaskPin
from httptask.model.task import Inputs
from httptask.model.workflow import Step

if TYPE_CHECKING:
    from httptask.engines.temporal._arguments import HttpTaskArguments
    from httptask.task import Runtime

_NAMELESS: Mapping[str, str] = {}


def step_of(arguments: HttpTaskArguments) -> Step:
    """Return the step of *arguments*."""
    return Step(arguments.name, arguments.visit, arguments.pointer, arguments.definition)


def compiled_task(arguments: HttpTaskArguments, runtime: Runtime) -> CompiledDefinition:
    """Return the compiled task of *arguments*, cached by *runtime*, so that it is prepared once.

    It is compiled as a definition with this one task.
    """
    document = {"tasks": {arguments.name: arguments.definition}}
    definition = WorkflowDefinition(document)
    key = "task", arguments.pointer, definition.key
    compiled: CompiledDefinition = runtime.definitions.get(
        key, lambda: CompiledDefinition(definition)
    )
    return compiled


def inputs_of(arguments: HttpTaskArguments, names: Mapping[str, str] = _NAMELESS) -> Inputs:
    """Return the inputs of the task of *arguments*; *names* are additional `swf:` names."""
    run = {**arguments.run, **names}
    if "workflowId" not in run:
        info = activity.info()
        activity_id = f"{info.workflow_id}/{info.workflow_run_id}/{info.activity_id}"
        run = {**run, "workflowId": activity_id}
    environment = arguments.environment
    item = arguments.item
    return Inputs(
        arguments.input,
        arguments.tasks,
        arguments.variables,
        run,
        Environment.from_json(environment) if environment is not None else None,
        arguments.previous,
        Item.from_json(item) if item is not None else None,
        TaskPin.from_json(arguments.pin) if arguments.pin is not None else None,
    )
