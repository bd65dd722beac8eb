"""The plugin of the task types that control a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask.hookspecs import hookimpl

if TYPE_CHECKING:
    from httptask.protocols import TaskType


@hookimpl
def httptask_task_types() -> Sequence[TaskType]:
    """Bring `Decision`, `Parallel`, `Terminate`, `Wait`, `Workflow` and `Simple`."""
    from httptask.workflow.task_types import Decision, Parallel, Simple, Terminate, Workflow
    from httptask.workflow.waiting import Wait

    return [Decision(), Parallel(), Terminate(), Wait(), Workflow(), Simple()]
