"""The routes from task to task: where each may go, and what is wrong with the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem
from httptask.model.workflow import MAX_NAME_LENGTH, WorkflowDefinition
from httptask.workflow._definition import Scope, branches_of, iter_scopes
from httptask.workflow._graph import Arrows, endless_loops, loops_without, unreached


def transitions(task: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path in *task*, and the name, of every task it may go to. Never raises."""
    if task.get("type") == "Decision":
        choices = task.get("choices")
        for index, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, Mapping) and isinstance(choice.get("nextTask"), str):
                yield ("choices", index, "nextTask"), choice["nextTask"]
        if isinstance(task.get("defaultTask"), str):
            yield ("defaultTask",), task["defaultTask"]
    elif task.get("type") != "Terminate" and isinstance(task.get("nextTask"), str):
        yield ("nextTask",), task["nextTask"]
    error_routes = task.get("onError")
    for index, route in enumerate(error_routes if isinstance(error_routes, list) else ()):
        if isinstance(route, Mapping) and isinstance(route.get("nextTask"), str):
            yield ("onError", index, "nextTask"), route["nextTask"]


def target_problems(
    target: str, pointer: str, scope: Scope, pointers_by_name: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the problem of a route at *pointer* to a *target* that is no task of *scope*."""
    if target in scope.tasks:
        return
    if target in pointers_by_name:
        where = "branch" if scope.depth else "list of tasks"
        yield Problem.of(
            "route-outside",
            pointer,
            name=shown(target),
            place=pointers_by_name[target],
            scope=where,
        )
        return
    near = _near_task(target, scope.tasks)
    yield Problem.of("route-unknown-task", pointer, suggestion=near, name=shown(target))


def _near_task(target: str, names: Iterable[str]) -> str | None:
    # Comparing is slow: only names of much the same length, and none in a list nobody wrote by
    # hand.
    likely = [name for name in names if abs(len(name) - len(target)) <= _TYPO]
    near = nearest(target, likely) if len(likely) <= _MOST_COMPARED else []
    return near[0] if near else None


_TYPO = 3
"""Characters by which a misspelt name is longer or shorter, at most."""

_MOST_COMPARED = 300
"""Names that a wrong one is compared with."""


def step_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield what is wrong with the way on of a *task* that has either `nextTask` or `end`."""
    ends, goes_on = task.get("end") is True, "nextTask" in task
    if ends and goes_on:
        yield Problem.of("route-twice", pointer_of(["nextTask"], pointer))
    elif not goes_on and task.get("end", False) is False:
        yield Problem.of("route-missing", pointer)


def _decision_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if task.get("end") is True:
        yield Problem.of("decision-end", pointer_of(["end"], pointer))
    if "nextTask" in task:
        yield Problem.of("decision-next", pointer_of(["nextTask"], pointer))


def _parallel_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if task.get("end") is True:
        yield Problem.of("parallel-end", pointer_of(["end"], pointer))
    elif "nextTask" not in task:
        yield Problem.of("parallel-next", pointer)


def _terminate_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if "nextTask" in task:
        yield Problem.of("terminate-next", pointer_of(["nextTask"], pointer))


FLOWS: dict[str, Callable[[Mapping[str, Any], str], Iterator[Problem]]] = {
    "Decision": _decision_flow,
    "Parallel": _parallel_flow,
    "Terminate": _terminate_flow,
}
"""Task types with a way on of their own; every other one has either `nextTask` or `end`."""

STEERING_TYPES = frozenset(FLOWS)
"""These types."""

STAYS_ON_ITS_WAY = frozenset({"Http", "Simple", "Wait", "Decision", "Parallel", "Workflow"})
"""Types that go where their definition says. A plugin's may decide, or end the run, by itself."""


def unreached_tasks(definition: WorkflowDefinition) -> list[str]:
    """Return the names of the tasks that no run gets to, in document order: nothing leads there
    from `startTask`.

    Where `startTask` itself is wrong nothing can be told, and of the tasks inside a branch only the
    branch's own are looked at.
    """
    return [
        name for scope in iter_scopes(definition) for name in _unreached(scope, arrows_of(scope))
    ]


def arrows_of(scope: Scope) -> dict[str, list[str]]:
    """Return where each task of *scope* may go in it."""
    return {
        name: (
            [target for _, target in transitions(task) if target in scope.tasks]
            if isinstance(task, Mapping)
            else []
        )
        for name, task in scope.tasks.items()
    }


def _unreached(scope: Scope, arrows: Arrows) -> list[str]:
    if not isinstance(scope.start, str) or scope.start not in scope.tasks:
        return []
    return unreached(scope.start, arrows)


def way_problems(scope: Scope) -> Iterator[Problem]:
    """Yield the tasks of *scope* that are never reached, its loops without end, and those that
    wait for nothing.
    """
    if not isinstance(scope.start, str) or scope.start not in scope.tasks:
        return
    arrows = arrows_of(scope)
    # A task without a way on is a problem of its own already, and no part of a loop.
    ends = {name for name, task in scope.tasks.items() if not arrows[name] or _may_end(task)}
    for name in _unreached(scope, arrows):
        params: dict[str, Any] = {"name": shown(name), "start": shown(scope.start)}
        yield Problem.of("unreached", scope.pointer_to(name), severity="warning", **params)
    endless = list(endless_loops(scope.start, arrows, ends))
    for loop in endless:
        way = [shown(name) for name in [*loop, loop[0]]]
        yield Problem.of("endless-loop", scope.pointer_to(loop[0]), tasks=way)
    waits = {name for name, task in scope.tasks.items() if _may_wait(task)}
    for loop in loops_without(scope.start, arrows, waits.union(*endless)):
        way = [shown(name) for name in [*loop, loop[0]]]
        pointer = scope.pointer_to(loop[0])
        yield Problem.of("busy-loop", pointer, severity="warning", tasks=way)


def _may_wait(task: Any) -> bool:
    """Say whether a run may wait at *task*, or inside it; a plugin's task may do anything."""
    pending: list[Any] = [task]
    while pending:
        inner = pending.pop()
        if not isinstance(inner, Mapping) or inner.get("type") not in _DOES_NOT_WAIT:
            return True
        if any(inner.get(name) is not None for name in _WAITING_SETTINGS):
            return True
        for branch in branches_of(inner, ""):
            pending.extend(branch.tasks.values())
    return False


_DOES_NOT_WAIT = ("Http", "Decision", "Parallel", "Terminate")
_WAITING_SETTINGS = ("retry", "completion")


def _may_end(task: Any) -> bool:
    """Say whether a run may end with *task*, or inside it."""
    if not isinstance(task, Mapping) or task.get("end") is True:
        return True
    pending: list[Any] = [task]
    while pending:
        inner = pending.pop()
        if not isinstance(inner, Mapping):
            continue
        if not isinstance(inner.get("type"), str) or inner["type"] not in STAYS_ON_ITS_WAY:
            return True
        for branch in branches_of(inner, ""):
            pending.extend(branch.tasks.values())
    return False


def shown(name: str) -> str:
    """Return *name* as a problem shows it: no longer than a task's name may be."""
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"
