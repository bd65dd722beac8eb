"""The tasks before a task, whose outputs the task can read, and the tasks after it, which can read
its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask.model.workflow import WorkflowDefinition
from httptask.workflow._condition_members import Arrival, arrivals_of, last_before
from httptask.workflow._definition import Scope, branches_of, iter_scopes
from httptask.workflow._graph import Arrows, reached, turned
from httptask.workflow._routes import arrows_of


@dataclass(frozen=True, slots=True)
class EarlierTask:
    """A task on a route that leads to another task."""

    name: str
    task: Mapping[str, Any]
    certain: bool
    """Whether the task has run on every route."""


def earlier_tasks(definition: WorkflowDefinition, name: str) -> list[EarlierTask]:
    """Return the tasks that may have ended when the task *name* starts, the nearest tasks first.

    These are the tasks on the routes to *name*, including tasks in branches, and, if *name* is in a
    branch, the tasks before its Parallel. A task in a loop comes before itself. Tasks of parallel
    branches are left out: whether they have ended is unknown.
    """
    earlier: list[EarlierTask] = []
    for scope, task_name in _around(definition, name):
        earlier += _earlier_in(scope, task_name)
    return earlier


def later_tasks(definition: WorkflowDefinition, name: str) -> list[str]:
    """Return the names of the tasks that may read the output of the task *name*.

    They are the tasks for which *name* is among the `earlier_tasks`.
    """
    later: dict[str, None] = {}
    for scope, task_name in _around(definition, name):
        arrows = arrows_of(scope)
        after = reached(arrows.get(task_name, ()), arrows)
        for other in scope.tasks:
            if other in after:
                later.update(dict.fromkeys([other, *(inner for inner, _ in _inside(scope, other))]))
    return [*later]


def last_tasks(definition: WorkflowDefinition, decision: str) -> list[Arrival | None]:
    """Return the arrivals from the tasks whose output may be `$` in the conditions of *decision*.

    None: `$` may be the input of the run. The output before a Parallel is left out.
    """
    for scope, name in _around(definition, decision):
        arrivals = last_before(name, scope.start, arrivals_of(scope))
        return [arrival for arrival in arrivals if arrival is not None or not scope.depth]
    return []


def _around(definition: WorkflowDefinition, name: str) -> Iterator[tuple[Scope, str]]:
    """Yield the scope of the task *name* and *name*, then the scope and name of the Parallel around
    it, and so on outwards.
    """
    scopes = list(iter_scopes(definition))
    holders = {
        branch.pointer: (scope, task_name)
        for scope in scopes
        for task_name, task in scope.tasks.items()
        for branch in branches_of(task, scope.pointer_to(task_name))
    }
    inner = next((scope for scope in scopes if name in scope.tasks), None)
    step = None if inner is None else (inner, name)
    while step is not None:
        yield step
        step = holders.get(step[0].pointer)


def _earlier_in(scope: Scope, name: str) -> Iterator[EarlierTask]:
    """Yield the tasks before the task *name* of *scope*, including tasks in their branches."""
    arrows = arrows_of(scope)
    start = ""
    if isinstance(scope.start, str):
        start = scope.start
    can_run = reached([start], arrows)
    for other in _backwards(name, arrows):
        task = scope.tasks[other]
        if not isinstance(task, Mapping):
            continue
        is_before = name in can_run and other != name
        certain = is_before and not _avoids(start, other, {name}, arrows)
        yield EarlierTask(other, task, certain)
        for inner, is_certain in _inside(scope, other):
            yield EarlierTask(inner, _task_of(scope, other, inner), certain and is_certain)


def _backwards(name: str, arrows: Arrows) -> Iterator[str]:
    """Yield the tasks from which *name* can be reached, in order of distance."""
    predecessors = turned(arrows)
    visited: set[str] = set()
    pending = list(predecessors.get(name, ()))
    for other in pending:  # the loop appends to the list: a breadth-first search
        if other not in visited:
            visited.add(other)
            yield other
            pending += predecessors.get(other, ())


def _avoids(
    start: str,
    task: str,
    goals: set[str],
    arrows: Arrows,
) -> bool:
    """Say whether one of *goals* can be reached from *start* without *task*."""
    if start == task:
        return False
    remaining = {
        name: [target for target in arrows[name] if target != task]
        for name in arrows
        if name != task
    }
    return not goals.isdisjoint(reached([start], remaining))


def _inside(scope: Scope, name: str) -> Iterator[tuple[str, bool]]:
    """Yield the tasks in the branches of the task *name*, and whether every visit of *name* runs
    them.
    """
    for branch in branches_of(scope.tasks[name], scope.pointer_to(name)):
        arrows = arrows_of(branch)
        start = ""
        if isinstance(branch.start, str):
            start = branch.start
        ends = {other for other, targets in arrows.items() if not targets}
        for other in branch.tasks:
            certain = not _avoids(start, other, ends - {other}, arrows)
            yield other, certain
            for inner, is_certain in _inside(branch, other):
                yield inner, certain and is_certain


def _task_of(scope: Scope, parallel: str, name: str) -> Mapping[str, Any]:
    """Return the task *name*, at any depth in the branches of the task *parallel*."""
    pending = branches_of(scope.tasks[parallel], "")
    while pending:
        branch = pending.pop()
        task = branch.tasks.get(name)
        if isinstance(task, Mapping):
            return task
        for other in branch.tasks.values():
            pending += branches_of(other, "")
    return {}
