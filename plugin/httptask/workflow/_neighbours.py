"""Which tasks have run when a task starts, and which run after it: what its expressions may read,
and who may read its answer.
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
    """A task on a route that leads to another one."""

    name: str
    task: Mapping[str, Any]
    certain: bool
    """It has run on every route."""


def earlier_tasks(definition: WorkflowDefinition, name: str) -> list[EarlierTask]:
    """Return the tasks that may have ended when the task *name* starts, the nearest ones first.

    Those are the tasks on the routes to it, those in the branches of a Parallel on such a route,
    and, of a task in a branch, what comes before its Parallel. A task in a loop comes before
    itself. What runs in another branch at the same time is left out: whether it has ended cannot be
    told.
    """
    earlier: list[EarlierTask] = []
    for scope, task_name in _around(definition, name):
        earlier += _earlier_in(scope, task_name)
    return earlier


def later_tasks(definition: WorkflowDefinition, name: str) -> list[str]:
    """Return the names of the tasks that may read what the task *name* put out: those to which it
    is an earlier one.
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
    """Return the ways on which a task ran whose output is `$` in the conditions of *decision*; None
    is the start of the run, whose input it is then. What comes before a Parallel is left out.
    """
    for scope, name in _around(definition, decision):
        arrivals = last_before(name, scope.start, arrivals_of(scope))
        return [one for one in arrivals if one is not None or not scope.depth]
    return []


def _around(definition: WorkflowDefinition, name: str) -> Iterator[tuple[Scope, str]]:
    """Yield the scope of the task *name* with that name, then the scope around it with the name of
    the Parallel that it is in, and so on outwards.
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
    """Yield the tasks of *scope*, and of branches in it, that come before its task *name*."""
    arrows = arrows_of(scope)
    start = scope.start if isinstance(scope.start, str) else ""
    can_run = reached([start], arrows)
    for other in _backwards(name, arrows):
        task = scope.tasks[other]
        if not isinstance(task, Mapping):
            continue
        certain = name in can_run and other != name and not _avoids(start, other, {name}, arrows)
        yield EarlierTask(other, task, certain)
        for inner, is_certain in _inside(scope, other):
            yield EarlierTask(inner, _task_of(scope, other, inner), certain and is_certain)


def _backwards(name: str, arrows: Arrows) -> Iterator[str]:
    """Yield the tasks from which *name* can be reached, by their distance."""
    leading = turned(arrows)
    seen: set[str] = set()
    pending = list(leading.get(name, ()))
    for other in pending:  # grows while it is walked
        if other not in seen:
            seen.add(other)
            yield other
            pending += leading.get(other, ())


def _avoids(start: str, task: str, goals: set[str], arrows: Arrows) -> bool:
    """Say whether one of *goals* can be reached from *start* without *task*."""
    if start == task:
        return False
    without = {name: [to for to in arrows[name] if to != task] for name in arrows if name != task}
    return not goals.isdisjoint(reached([start], without))


def _inside(scope: Scope, name: str) -> Iterator[tuple[str, bool]]:
    """Yield the tasks in the branches of the task *name*, and whether each run of it runs them."""
    for branch in branches_of(scope.tasks[name], scope.pointer_to(name)):
        arrows = arrows_of(branch)
        start = branch.start if isinstance(branch.start, str) else ""
        ends = {other for other, ways in arrows.items() if not ways}
        for other in branch.tasks:
            certain = not _avoids(start, other, ends - {other}, arrows)
            yield other, certain
            for inner, is_certain in _inside(branch, other):
                yield inner, certain and is_certain


def _task_of(scope: Scope, parallel: str, name: str) -> Mapping[str, Any]:
    """Return the task *name*, somewhere in the branches of the task *parallel*."""
    pending = branches_of(scope.tasks[parallel], "")
    while pending:
        branch = pending.pop()
        task = branch.tasks.get(name)
        if isinstance(task, Mapping):
            return task
        for other in branch.tasks.values():
            pending += branches_of(other, "")
    return {}
