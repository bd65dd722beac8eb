"""The embedded engine with a task type whose behaviour a test defines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from httptask import hookimpl
from httptask.engines import arun_workflow
from httptask.errors import ConnectionFailedError, Problem
from httptask.model.policy import Limits
from httptask.model.workflow import TaskOutcome, WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import TaskCall, TaskCheck
from httptask.task import Runtime

Behaviour = Callable[[TaskCall], Any]


class Do:
    """A task type of a plugin. It calls the behaviour for the task's name.

    Without a behaviour, the output of a task is its evaluated field `give`.
    """

    name = "Do"
    schema: Mapping[str, Any] = {"type": "object"}

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self.behaviours = behaviours
        self.calls: list[TaskCall] = []

    def problems(self, check: TaskCheck) -> list[Problem]:
        return []

    def run(self, call: TaskCall) -> Awaitable[TaskOutcome]:
        self.calls.append(call)
        behaviour = self.behaviours.get(call.name, self.give)
        given: Awaitable[TaskOutcome] = behaviour(call)
        return given

    async def give(self, call: TaskCall) -> TaskOutcome:
        give = call.definition.get("give")
        return TaskOutcome(
            await call.services.evaluate(give, call.inputs.document(), call.pointer), input=give
        )


class World:
    """A runtime with the type `Do`, and a way to run definitions in it."""

    def __init__(self, limits: Limits | None = None, **behaviours: Behaviour) -> None:
        self.do = Do(behaviours)
        self.limits = limits
        self.left: set[asyncio.Task[Any]] = set()

    @hookimpl
    def httptask_task_types(self) -> list[Do]:
        return [self.do]

    def run(self, definition: Any, given: Any = None, **options: Any) -> WorkflowRun:
        async def main() -> WorkflowRun:
            plugins = plugin_manager(self, entry_points=False)
            async with Runtime(
                plugins=plugins, limits=self.limits, allow_networks=["127.0.0.1"]
            ) as runtime:
                try:
                    return await arun_workflow(definition, given, runtime=runtime, **options)
                finally:
                    self.left = asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

        return asyncio.run(main())


def do(**fields: Any) -> dict[str, Any]:
    return {"type": "Do", **fields}


def workflow(start: str, tasks: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "name": "Test",
        "startTask": start,
        "tasks": dict(tasks),
        **fields,
    }


def fork(**tasks: Any) -> dict[str, Any]:
    """Return a definition with a Parallel that has one branch for each of *tasks*."""
    branches = [{"startTask": name, "tasks": {name: task}} for name, task in tasks.items()]
    fork = {
        "type": "Parallel",
        "branches": branches,
        "nextTask": "End",
    }
    return workflow("Fork", {"Fork": fork, "End": do(end=True, give="${$.tasks['Fork'].output}")})


def statuses(run: WorkflowRun) -> dict[str, str]:
    return {task.name: task.status for task in run.tasks}


async def for_ever(call: TaskCall) -> TaskOutcome:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def refused(call: TaskCall) -> TaskOutcome:
    raise ConnectionFailedError("no connection to crm.example", retryable=True)
