"""Read the runs of a journal, for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from httptask._core.strict_json import parse
from httptask.engines._kept_run import KeptRun, open_visits, status_of
from httptask.engines.journal._file import command_with
from httptask.errors import JournalError
from httptask.model.for_each import WaitingItem
from httptask.model.workflow import TaskRun

_COLUMNS = "number, id, parent, definition, began_at, changed_at, ended, status"

_SOURCE = "iif(json_valid(plan), json_extract(plan, '$.definition.source'), NULL)"
"""Selects the path of the definition's file from the plan, which a nested run lacks.

SQLite does not read JSON that is nested deeper than 1000 levels.
"""

_LARGE = "'$.input', '$.output', '$.error.result', '$.run', '$.turn.input'"
"""The paths of possibly large values, which a summary leaves out."""


_WAITING = (
    "SELECT task, visit, item, {state} FROM call WHERE run = ? AND item >= 0 AND state IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = call.run AND part.task = call.task"
    " AND part.visit = call.visit AND part.item = call.item AND part.number = 0) ORDER BY item"
)
"""Selects the states of the items that have got no signal yet (which is stored as part 0)."""


def _without_large(column: str) -> str:
    """Return SQL that selects the JSON in *column* without its large values."""
    # SQLite rejects JSON that is nested deeper than 1000 levels: such a value is selected whole.
    return f"iif(json_valid({column}), json_remove({column}, {_LARGE}), {column}) AS {column}"


def listed(connection: sqlite3.Connection) -> list[KeptRun]:
    """Return all runs except nested ones, the latest one first."""
    sql = f"SELECT {_COLUMNS} FROM run WHERE parent IS NULL ORDER BY number DESC"  # noqa: S608 - ours
    return [_read(connection, row) for row in connection.execute(sql).fetchall()]


def summarised(connection: sqlite3.Connection) -> list[KeptRun]:
    """Return the runs as `listed` does, without large values: inputs, outputs, results, runs."""
    columns = _COLUMNS.replace("ended", _without_large("ended"))
    sql = f"SELECT {columns} FROM run WHERE parent IS NULL ORDER BY number DESC"  # noqa: S608 - ours
    rows = connection.execute(sql).fetchall()
    return [_read(connection, row, _without_large) for row in rows]


def look_up(connection: sqlite3.Connection, workflow_id: str, path: Path) -> KeptRun:
    """Return the run of the journal *path* whose id is, or begins with, *workflow_id*.

    Raises `JournalError`.
    """
    sql = f"SELECT {_COLUMNS} FROM run WHERE substr(id, 1, ?) = ? LIMIT 3"  # noqa: S608 - ours
    rows = connection.execute(sql, (len(workflow_id), workflow_id)).fetchall()
    exact = [row for row in rows if row[1] == workflow_id]
    if not exact and len(rows) > 1:
        ids = ", ".join(row[1] for row in rows)
        raise JournalError(f"several runs begin with {workflow_id!r}: {ids}; write more of it")
    if not rows or not workflow_id:
        raise JournalError(
            f"the journal has no run {workflow_id!r}; {command_with(path, 'runs')} lists those that"
            " it has"
        )
    return _read(connection, (exact or rows)[0])


def _read(
    connection: sqlite3.Connection,
    row: tuple[Any, ...],
    selected: Callable[[str], str] = lambda column: column,
) -> KeptRun:
    """Return the run of *row*. *selected* returns the SQL that selects a JSON column."""
    number, workflow_id, parent, definition, began_at, changed_at, ended, status = row
    inside, outermost = _around(connection, workflow_id, parent)
    (source,) = connection.execute(
        f"SELECT {_SOURCE} FROM run WHERE id = ?",  # noqa: S608 - ours
        (outermost,),
    ).fetchone()
    nested = connection.execute("SELECT id FROM run WHERE parent = ? ORDER BY number", (number,))
    runs = tuple(id_ for (id_,) in nested)
    tasks = _tasks(connection, number, selected("value"))
    tasks = _with_items(connection, number, tasks, selected("state"))
    ended = parse(ended) if ended else {}
    if status is None and ended and parent is not None:
        status = ended["status"]
    if status is None:
        status = status_of(tasks)
    return KeptRun(
        number=number,
        workflow_id=workflow_id,
        definition=definition,
        source=source,
        status=status,
        began_at=began_at,
        changed_at=changed_at,
        tasks=tasks,
        ended=ended,
        inside=inside,
        outermost=outermost,
        runs=runs,
    )


def _around(
    connection: sqlite3.Connection, workflow_id: str, parent: int | None
) -> tuple[str | None, str]:
    """Return the ids of the run directly around a run (None if not nested) and of the outermost."""
    inside, outermost = None, workflow_id
    while parent is not None:
        sql = "SELECT id, parent FROM run WHERE number = ?"
        outermost, parent = connection.execute(sql, (parent,)).fetchone()
        inside = inside or outermost
    return inside, outermost


def _tasks(connection: sqlite3.Connection, number: int, value: str) -> tuple[TaskRun, ...]:
    """Return the history, without the starts of visits that also have a later entry."""
    sql = f"SELECT {value} FROM entry WHERE run = ? ORDER BY number"  # noqa: S608 - ours
    entries = [TaskRun.from_json(parse(value)) for (value,) in connection.execute(sql, (number,))]
    latest = {entry.key: index for index, entry in enumerate(entries)}
    return tuple(
        entry
        for index, entry in enumerate(entries)
        if entry.status != "InProgress" or latest[entry.key] == index
    )


def _with_items(
    connection: sqlite3.Connection, number: int, tasks: tuple[TaskRun, ...], state: str
) -> tuple[TaskRun, ...]:
    """Return *tasks*, with the counts of their ended items and the waiting items.

    *state* is the SQL that selects the state of a call.
    """
    # Not by json_extract, which rejects deeply nested JSON.
    sql = (
        "SELECT task, visit, count(*), sum(value LIKE '{\"error\"%') FROM item WHERE run = ?"
        " GROUP BY task, visit"
    )
    if all(task.items is None for task in open_visits(tasks)):
        return tasks
    ended = {
        (name, visit): (count, failed)
        for name, visit, count, failed in connection.execute(sql, (number,))
    }
    items_by_visit = _waiting_items(connection, number, state)

    def counted(task: TaskRun) -> TaskRun:
        if task.status != "InProgress" or task.items is None:
            return task
        count, failed = ended.get(task.key, (0, 0))
        waiting_items = tuple(items_by_visit.get(task.key, ()))
        counts = replace(task.items, completed=count - failed, failed=failed, waiting=waiting_items)
        return replace(task, items=counts)

    return tuple(map(counted, tasks))


def _waiting_items(
    connection: sqlite3.Connection, number: int, state: str
) -> dict[tuple[str, int], list[WaitingItem]]:
    """Return the items that wait for a signal and have not got one, by visit."""
    items_by_visit: dict[tuple[str, int], list[WaitingItem]] = {}
    for name, visit, item, text in connection.execute(_WAITING.format(state=state), (number,)):
        turn = parse(text).get("turn") or {}
        if turn.get("awaitsSignal"):
            waiting_item = WaitingItem(item, turn.get("input"), turn.get("waitUntil"))
            items_by_visit.setdefault((name, visit), []).append(waiting_item)
    return items_by_visit
