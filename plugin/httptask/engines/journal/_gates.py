"""Give signals to the waiting tasks of a journalled run."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from httptask.engines._item_gates import is_item_of, item_refusal
from httptask.engines.journal._run_journal import GIVEN_TO_ITEM, give_to_item
from httptask.errors import JournalError

if TYPE_CHECKING:
    from httptask.engines._kept_run import KeptRun
    from httptask.model.workflow import TaskRun

_ENDED = "SELECT 1 FROM item WHERE run = ? AND task = ? AND visit = ? AND item = ?"


def give(
    connection: sqlite3.Connection,
    run: KeptRun,
    name: str,
    item: int | None,
    signal: str,
) -> None:
    """Give *signal* to the task *name* of *run*; with `forEach`, to its item with the index *item*.

    Raises `JournalError` if the task or item does not wait for a signal.
    """
    tasks = {task.name: task for task in run.under_way}
    task = tasks.get(name)
    gates = _open_gates(connection, run)
    if task is None or (item is None and name not in gates):
        raise JournalError(_no_gate(run, name, gates))
    has_ended = _has_ended(connection, run, task, item)
    refusal = item_refusal(name, task.items, item, has_ended=has_ended)
    if refusal is not None:
        raise JournalError(refusal)
    if item is not None:
        give_to_item(connection, (run.number, *task.key, item), signal)
        return
    values = (run.number, *task.key, signal)
    connection.execute("INSERT INTO signal VALUES (?, ?, ?, ?)", values)


def _open_gates(connection: sqlite3.Connection, run: KeptRun) -> list[str]:
    """Return the names of the tasks of *run* that wait for a signal, and have got none yet."""
    sql = "SELECT task, visit FROM signal WHERE run = ?"
    completed = set(connection.execute(sql, (run.number,)))
    return [
        task.name
        for task in run.under_way
        if (task.items is not None and task.items.waiting)
        or (task.awaits_signal and task.status == "Waiting" and task.key not in completed)
    ]


def _has_ended(
    connection: sqlite3.Connection,
    run: KeptRun,
    task: TaskRun,
    item: int | None,
) -> bool:
    """Say whether *item* of *task* has ended, or has got a signal."""
    if not is_item_of(task.items, item):
        return False
    item_key = (run.number, *task.key, item)
    return any(connection.execute(sql, item_key).fetchone() for sql in (_ENDED, GIVEN_TO_ITEM))


def _no_gate(run: KeptRun, task: str, names: list[str]) -> str:
    reason = f"no task {task!r} of the run {run.workflow_id} waits for anybody"
    if run.status not in ("Running", "Waiting", "Interrupted"):
        return f"{reason}: the run has ended: {run.status}"
    inner = "" if not run.runs else f"; inside it are the runs {', '.join(run.runs)}"
    if not names:
        return f"{reason}, and no other does{inner}"
    return f"{reason}; those that wait are: {', '.join(names)}{inner}"
