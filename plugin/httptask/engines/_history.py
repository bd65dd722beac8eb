"""What a new run takes over of an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.workflow import iter_tasks


def history_before(
    definition: WorkflowDefinition, tasks: Iterable[TaskRun], key: tuple[str, int], note: str
) -> list[TaskRun]:
    """Return those of *tasks*, the history of an earlier run, that had ended before the visit *key*
    did. A run of *definition* that begins with them goes on with that visit, or with the first one
    before it whose task *definition* does not have any more. Each carries *note*.
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
    # A failure in a branch is repeated where nothing led on from it.
    led_on = any(run.type == "Parallel" and run.next_task is not None for run in ended)
    # A Parallel ends again when its branches have.
    kept = [
        run
        for run in ended
        if run.type != "Parallel" and (run.status == "Completed" or run.next_task or led_on)
    ]
    # Without their times: what follows begins now, not when that run was.
    return [replace(run, ended_at=None, notes=(*run.notes, note)) for run in kept]
