"""Find out whether one task has run when another starts, from the routes between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from httptask._schema.graph import components
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow._definition import Scope, branches_of, iter_scopes
from httptask.workflow._graph import Arrows, reached, turned
from httptask.workflow._routes import STAYS_ON_ITS_WAY, arrows_of, transitions


class Ran(Enum):
    """Whether a task has run before another task."""

    ALWAYS = "on every route"
    MAYBE = "on some routes"
    NEVER = "on no route"
    UNKNOWN = "it cannot be told"


@dataclass(frozen=True, slots=True)
class Before:
    """The state of a task when another task starts."""

    ran: Ran
    completed: bool = True
    """Whether its last run may have completed."""
    failed: bool = True
    """Whether its last run may have failed, and an `onError` route continued."""


UNKNOWN = Before(Ran.UNKNOWN)

_NEAR = 64
"""The number of tasks that a search visits before the whole set of reachable tasks is computed:
most expressions read a task nearby, and a definition may have thousands of tasks.
"""

_MOST_CACHED = 256
"""The number of tasks whose sets of reachable tasks are cached."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A task, or a Parallel around it, in its scope."""

    scope: Scope
    name: str


class Routes:
    """The routes between the tasks of *definition*."""

    def __init__(self, definition: WorkflowDefinition) -> None:
        self._scopes = list(iter_scopes(definition))
        self._by_scope = {scope.pointer: _Ways(scope) for scope in self._scopes}
        self._inner = {name: scope for scope in reversed(self._scopes) for name in scope.tasks}
        self._holders = {
            branch.pointer: _Step(scope, name)
            for scope in self._scopes
            for name, task in scope.tasks.items()
            for branch in branches_of(task, scope.pointer_to(name))
        }
        self.before = cache(self._before)

    def _before(self, reader: str, name: str) -> Before:
        """Return the state of the task *name* when the task *reader* starts.

        Both tasks are traced outwards, from Parallel to Parallel, to the innermost scope that they
        share; there, the routes between the two tasks (or the Parallels around them) decide.
        """
        outwards = self._outwards(reader)
        around = {step.scope.pointer: step for step in self._outwards(name)}
        meeting = next((step for step in outwards if step.scope.pointer in around), None)
        if meeting is None:
            return UNKNOWN
        if any(self._of(step.scope).is_unknown for step in outwards):
            return UNKNOWN
        other = around[meeting.scope.pointer]
        if not all(self._of(step.scope).may_reach(step.name) for step in outwards):
            return UNKNOWN  # no run reaches the reader
        if other.name == meeting.name and name not in (reader, meeting.name):
            return UNKNOWN  # both are in the same Parallel: *name* may run at the same time
        # In a loop, *name* may have run in an earlier iteration.
        may_repeat = any(
            self._of(step.scope).leads(step.name, step.name)
            for step in outwards[outwards.index(meeting) :]
        )
        ways = self._of(meeting.scope)
        if other.name == meeting.name or not ways.leads(other.name, meeting.name):
            if may_repeat:
                return Before(Ran.MAYBE)
            return Before(Ran.NEVER)
        return self._earlier(meeting, other, name)

    def _earlier(self, meeting: _Step, other: _Step, name: str) -> Before:
        """Return the state of *name*, *other* or a task in it; *other* leads to *meeting*."""
        routes = self._of(meeting.scope)
        completed, failed = routes.leaves(other.name, meeting.name)
        always = not routes.avoids(other.name, meeting.name)
        if other.name == name:
            return Before(Ran.ALWAYS if always else Ran.MAYBE, completed, failed)
        inside = [step for step in self._outwards(name) if step.scope.depth > meeting.scope.depth]
        if any(self._of(step.scope).is_unknown for step in inside):
            return UNKNOWN
        # A failed Parallel may have stopped its branches before they came to the task.
        always = always and not failed
        always = always and all(self._of(step.scope).always_runs(step.name) for step in inside)
        task = inside[0].scope.tasks[name]
        has_routes = isinstance(task, Mapping) and bool(task.get("onError"))
        return Before(Ran.ALWAYS if always else Ran.MAYBE, True, failed or has_routes)

    def _of(self, scope: Scope) -> _Ways:
        return self._by_scope[scope.pointer]

    def _outwards(self, name: str) -> list[_Step]:
        """Return the task *name*, the Parallel around it, and so on outwards."""
        steps: list[_Step] = []
        scope = self._inner.get(name)
        step = None if scope is None else _Step(scope, name)
        while step is not None:
            steps.append(step)
            step = self._holders.get(step.scope.pointer)
        return steps


class _Ways:
    """The routes between the tasks of one scope. Loops and reachable sets are computed once."""

    def __init__(self, scope: Scope) -> None:
        self._start = scope.start if isinstance(scope.start, str) else ""
        self._arrows = arrows_of(scope)
        self._leading = turned(self._arrows)
        groups = components(self._arrows, self._arrows.__getitem__)
        self._in_loops = {
            name
            for group in groups
            for name in group
            if len(group) > 1 or name in self._arrows[name]
        }
        tasks = {
            name: task if isinstance(task, Mapping) else {} for name, task in scope.tasks.items()
        }
        self._failing = {name: _targets(task, failing=True) for name, task in tasks.items()}
        self._completing = {name: _targets(task, failing=False) for name, task in tasks.items()}
        self._ends = {name for name, task in tasks.items() if may_end(task)}
        self.is_unknown = not all(is_steered(task) for task in tasks.values())
        """Whether a plugin's task is in the scope: it may continue with any task."""
        # Each set has up to as many members as there are tasks: for all tasks, the sets would fill
        # the memory.
        cached = lru_cache(maxsize=_MOST_CACHED)
        self._reached_from = cached(lambda name: reached(self._arrows[name], self._arrows))
        self._reached_without = cached(lambda name: self._without([self._start], name))
        self._reached_after = cached(
            lambda name: (
                self._without(self._completing[name], name),
                self._without(self._failing[name], name),
            )
        )
        self._can_run = reached([self._start], self._arrows)

    def may_reach(self, name: str) -> bool:
        """Say whether a run may reach the task *name*."""
        return name in self._can_run

    def leads(self, name: str, target: str) -> bool:
        """Say whether a route leads from the task *name* to *target*; to itself: in a loop."""
        if name == target or name not in self._arrows:
            return name in self._in_loops
        near = _reaches(target, self._arrows[name], self._arrows)
        if near is None:
            return target in self._reached_from(name)
        return near

    def avoids(self, name: str, target: str) -> bool:
        """Say whether *target* can be reached from the start without the task *name*."""
        near = _reaches(
            self._start,
            [target],
            self._leading,
            without=name,
        )
        if near is None:
            return target in self._reached_without(name)
        return near

    def always_runs(self, name: str) -> bool:
        """Say whether every route from the start of the scope to an end contains *name*."""
        return self._reached_without(name).isdisjoint(self._ends - {name})

    def leaves(self, name: str, target: str) -> tuple[bool, bool]:
        """Say whether *name* may have completed, and whether it may have failed, before *target*.

        Only routes from *name* to *target* that do not contain *name* again are considered.
        """
        arrows = self._arrows
        near = [
            _reaches(target, filter(arrows.__contains__, following), arrows, without=name)
            for following in (self._completing[name], self._failing[name])
        ]
        if None in near:
            completed, failed = self._reached_after(name)
            near = [target in completed, target in failed]
        return bool(near[0]), bool(near[1])

    def _without(self, starts: Iterable[str], name: str) -> frozenset[str]:
        """Return the tasks that can be reached from *starts* without the task *name*."""
        visited = {name}
        pending = [task for task in starts if task in self._arrows]
        while pending:
            task = pending.pop()
            if task not in visited:
                visited.add(task)
                pending += self._arrows[task]
        return frozenset(visited - {name})


def _reaches(
    target: str,
    starts: Iterable[str],
    arrows: Arrows,
    *,
    without: str | None = None,
) -> bool | None:
    """Say whether *target* is in *starts* or can be reached from them, without the task *without*.

    None: unknown after `_NEAR` tasks, search all.
    """
    visited = {without}
    pending = deque(starts)
    for _ in range(_NEAR):
        if not pending:
            return False
        task = pending.popleft()
        if task not in visited:
            if task == target:
                return True
            visited.add(task)
            pending.extend(arrows.get(task, ()))
    return False if not pending else None


def _targets(task: Mapping[str, Any], *, failing: bool) -> list[str]:
    """Return the tasks that may follow *task* after it failed, or after it completed."""
    return [target for path, target in transitions(task) if (path[0] == "onError") is failing]


def may_end(task: Mapping[str, Any]) -> bool:
    """Say whether a branch may end with *task*, so that the task after its Parallel starts."""
    if task.get("end") is True:
        return True
    return next(transitions(task), None) is None and task.get("type") != "Terminate"


def is_steered(task: Mapping[str, Any]) -> bool:
    """Say whether the definition alone determines the task after *task*."""
    task_type = task.get("type")
    return isinstance(task_type, str) and task_type in (*STAYS_ON_ITS_WAY, "Terminate")
