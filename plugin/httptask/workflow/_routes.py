"""The routes between tasks, and their problems."""

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
    """Yield path and target of each route in *task*: the path of the target's name, and the name.

    Never raises, even if *task* is invalid.
    """
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
    target: str,
    pointer: str,
    scope: Scope,
    pointers_by_name: Mapping[str, str],
) -> Iterator[Problem]:
    """Yield a problem if *target*, named by the route at *pointer*, is not a task of *scope*."""
    if target in scope.tasks:
        return
    if target in pointers_by_name:
        scope_name = "branch" if scope.depth else "list of tasks"
        yield Problem.of(
            "route-outside",
            pointer,
            name=shown(target),
            place=pointers_by_name[target],
            scope=scope_name,
        )
        return
    near = _near_task(target, scope.tasks)
    yield Problem.of(
        "route-unknown-task",
        pointer,
        suggestion=near,
        name=shown(target),
    )


def _near_task(target: str, names: Iterable[str]) -> str | None:
    """Return the name that *target* may be a misspelling of; None: none is similar."""
    # Comparing is slow: compare only names of similar length, and only if there are few of them (a
    # generated definition may have thousands of tasks).
    candidates = [name for name in names if abs(len(name) - len(target)) <= _TYPO]
    matches = []
    if len(candidates) <= _MOST_COMPARED:
        matches = nearest(target, candidates)
    return matches[0] if matches else None


_TYPO = 3
"""The number of characters by which a misspelt name may be longer or shorter."""

_MOST_COMPARED = 300
"""The number of names that a misspelt name is compared with; with more names, none is suggested."""


def step_flow(task: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield a problem if *task* has both `nextTask` and `end`, or neither."""
    ends = task.get("end") is True
    goes_on = "nextTask" in task
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
"""Checks for task types with special routes. All other types have either `nextTask` or `end`."""

STEERING_TYPES = frozenset(FLOWS)
"""The task types with special routes."""

STAYS_ON_ITS_WAY = frozenset({"Http", "Simple", "Wait", "Decision", "Parallel", "Workflow"})
"""The types whose definition alone determines the next task. A plugin's type may choose another
task, or end the run.
"""


def unreached_tasks(definition: WorkflowDefinition) -> list[str]:
    """Return the names of the tasks without a route from `startTask`, in document order.

    Each branch is checked from its own `startTask`. A scope with a wrong `startTask` is left out.
    """
    return [
        name for scope in iter_scopes(definition) for name in _unreached(scope, arrows_of(scope))
    ]


def arrows_of(scope: Scope) -> dict[str, list[str]]:
    """Return the graph of *scope*: a task's name -> the tasks of *scope* that may follow it."""
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
    """Yield the unreachable tasks of *scope*, its endless loops, and its loops without a wait."""
    if not isinstance(scope.start, str) or scope.start not in scope.tasks:
        return
    arrows = arrows_of(scope)
    # A task without a next task counts as an end: another problem reports it.
    ends = set()
    for name, task in scope.tasks.items():
        if not arrows[name] or _may_end(task):
            ends.add(name)
    for name in _unreached(scope, arrows):
        params: dict[str, Any] = {"name": shown(name), "start": shown(scope.start)}
        yield Problem.of(
            "unreached",
            scope.pointer_to(name),
            severity="warning",
            **params,
        )
    endless = list(endless_loops(scope.start, arrows, ends))
    for loop in endless:
        names = [shown(name) for name in [*loop, loop[0]]]
        yield Problem.of("endless-loop", scope.pointer_to(loop[0]), tasks=names)
    waits = {name for name, task in scope.tasks.items() if _may_wait(task)}
    for loop in loops_without(scope.start, arrows, waits.union(*endless)):
        names = [shown(name) for name in [*loop, loop[0]]]
        pointer = scope.pointer_to(loop[0])
        yield Problem.of("busy-loop", pointer, severity="warning", tasks=names)


def _may_wait(task: Any) -> bool:
    """Say whether a run may wait in *task*, or in its branches; tasks of plugins may."""
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
"""Task types that wait only because of one of the settings below, if at all."""
_WAITING_SETTINGS = ("retry", "completion")


def _may_end(task: Any) -> bool:
    """Say whether a run, or a branch, may end with *task* or inside its branches."""
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
    """Return *name* for a problem's text, cut to the maximum length of a task's name."""
    if len(name) <= MAX_NAME_LENGTH:
        return name
    return name[: MAX_NAME_LENGTH - 1] + "…"
