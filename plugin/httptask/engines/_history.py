"""Reuse the history of an earlier run in a new run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.workflow import iter_tasks


def history_before(
    definition: WorkflowDefinition,
    tasks: Iterable[TaskRun],
    key: tuple[str, int],
    note: str,
) -> list[TaskRun]:
    """Return the visits in *tasks*, an earlier run's history, that ended before the visit *key*.

    A run of *definition* that begins with the returned visits continues with the visit *key*, or
    with an earlier visit if the task of that visit is no longer in *definition*. The returned
    visits get the additional *note*.
    """
    types = {name: task.get("type") for _, name, task in iter_tasks(definition)}
    ended: list[TaskRun] = []
    for run in tasks:
        has_ended = run.status in ("Completed", "Failed") or run.error is not None
        is_gone = types.get(run.name) != run.type or run.next_task not in (None, *types)
        if is_gone or (run.key == key and has_ended):
            break
        if run.status in ("Completed", "Failed"):
            ended.append(run)
    # A failed task without a route is left out, so that it runs again; unless it is in a Parallel
    # that continued by its own route.
    has_routed_parallel = any(run.type == "Parallel" and run.next_task is not None for run in ended)
    # Parallel tasks are left out: the interpreter ends them again from their branches.
    reused = [
        run
        for run in ended
        if run.type != "Parallel"
        and (run.status == "Completed" or run.next_task or has_routed_parallel)
    ]
    # Without times: `${swf:now}` of the next task is the end of the last result, and must not be a
    # time in the earlier run.
    return [replace(run, ended_at=None, notes=(*run.notes, note)) for run in reused]
