"""The plugin of the task type `Http` and of the built-in test request."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.model.exchange import Exchange
    from httptask.model.task import Inputs, TestOptions
    from httptask.protocols import TaskType
    from httptask.task._http_task import HttpTask


@hookimpl
def httptask_task_types() -> Sequence[TaskType]:
    """Bring `Http`."""
    from httptask.task._task_type import Http

    return [Http()]


@hookimpl(trylast=True)
def httptask_test_request(
    task: HttpTask,
    inputs: Inputs,
    options: TestOptions,
) -> Awaitable[Exchange]:
    """Run the test request in this process."""
    return task.run_test_request(inputs, options)
