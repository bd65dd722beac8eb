"""Stored runs in the form that pages get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from httptask.designer._live_run import shown_visit
from httptask.designer._problems import Refused

if TYPE_CHECKING:
    from httptask.engines import KeptRun
    from httptask.model.for_each import WaitingItem
    from httptask.model.workflow import TaskRun

WorkflowOf = Callable[[str], str]
"""Returns the id of the definition in a file, or the path of a file elsewhere."""

_UNDER_WAY = ("Running", "Waiting")


def listed(
    runs: Iterable[KeptRun],
    status: str | None,
    task: str | None,
    workflow_of: WorkflowOf,
) -> list[dict[str, Any]]:
    """Return *runs* for a list, filtered by *status* and by the name of a visited *task*.

    *workflow_of* returns the id of the definition in a file.
    """
    return [
        _shown(run, workflow_of)
        for run in runs
        if status in (None, run.status) and (task is None or task in names_in(run))
    ]


def names_in(run: KeptRun) -> list[str]:
    """Return the names of the tasks that *run* visited."""
    return list(dict.fromkeys(task.name for task in run.tasks))


def shown_run(
    run: KeptRun,
    with_callback: Callable[[str, dict[str, Any]], dict[str, Any]],
    workflow_of: WorkflowOf,
) -> dict[str, Any]:
    """Return *run* with its visits, without members that may be large.

    *with_callback* adds the callback for which a visit waits to its entry; *workflow_of* returns
    the id of the definition in a file.
    """
    is_over = run.status not in _UNDER_WAY
    # A wait adds an entry of its own before the final one.
    latest = {task.key: task for task in run.tasks}
    entries = [with_callback(run.workflow_id, task.to_json()) for task in latest.values()]
    visits = [shown_visit(entry, is_over=is_over) for entry in entries]
    shown = _shown(run, workflow_of)
    return shown | {"visits": visits, "hasOutput": run.ended.get("output") is not None}


def _shown(run: KeptRun, workflow_of: WorkflowOf) -> dict[str, Any]:
    fields = {
        "id": run.workflow_id,
        "status": run.status,
        "definition": run.definition,
        "workflow": workflow_of(run.source) if run.source else None,
        "beganAt": run.began_at,
        "changedAt": run.changed_at,
        "elapsedSeconds": seconds_of(run),
        "at": [task.name for task in run.under_way] or None,
        "tasks": names_in(run),
        "error": run.ended.get("error"),
        "environment": run.ended.get("environment"),
        "heldBy": run.holder,
        "inside": run.inside,
        "note": run.note,
    }
    return {name: value for name, value in fields.items() if value is not None}


def seconds_of(run: KeptRun) -> float:
    """Return how long *run* took, or has taken so far."""
    told: float | None = run.ended.get("elapsedSeconds")
    if told is not None:
        return told
    began, changed = (datetime.fromisoformat(time) for time in (run.began_at, run.changed_at))
    return max((changed - began).total_seconds(), 0.0)


def visit_of(run: KeptRun, query: Mapping[str, str]) -> TaskRun:
    """Return the latest entry of the visit that *query* names. Raises `Refused`."""
    name = query.get("task", "")
    number = query.get("visit", "1")
    for task in reversed(run.tasks):
        if task.name == name and str(task.visit) == number:
            return task
    raise Refused(
        "not-found", f"the run has not reached the visit {number[:20]} of the task {name[:100]!r}"
    )


def value_in(run: KeptRun, query: Mapping[str, str]) -> Any:
    """Return the `input`, `output` or `error` that *query* names, of a visit or of the run.

    For a waiting item, it is the item's input.
    """
    member = query.get("of", "output")
    if member not in ("input", "output", "error"):
        raise Refused("bad-request", f"'of' is input, output or error, not {member[:50]!r}")
    if "item" in query:
        return _item_of(visit_of(run, query), query["item"]).input
    value = getattr(visit_of(run, query), member) if "task" in query else run.ended.get(member)
    if value is None:
        raise Refused("not-found", f"there is no {member}")
    return value


def _item_of(task: TaskRun, index: str) -> WaitingItem:
    """Return the item *index* of *task*, if it waits for somebody. Raises `Refused`."""
    for item in task.items.waiting if task.items is not None else ():
        if str(item.index) == index:
            return item
    raise Refused("not-found", f"the item {index[:20]} of the task {task.name!r} does not wait")
