"""Validate the members that a Decision's conditions name against the previous task's output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem
from httptask.workflow._definition import Scope
from httptask.workflow._routes import transitions

_RESULT = ("statusCode", "reasonPhrase", "headers", "body", "url", "attempts", "elapsedSeconds")
"""The members of every result of an Http task."""
_CONDITIONAL_MEMBERS = (("pagination", "pages"), ("completion", "job"))
"""The settings of an Http task that add a member to its result."""
_OTHER_DATA = ("input", "tasks", "variables")
"""The names that expressions can read, and conditions in the platform's own syntax cannot."""


def member_problems(scope: Scope) -> Iterator[Problem]:
    """Yield a warning for each member in a condition that no output on a route to the task has.

    Only the outputs of Http tasks and of failed tasks are known before a run.
    """
    arrivals = arrivals_of(scope)
    for name, task in scope.tasks.items():
        if not isinstance(task, Mapping) or task.get("type") != "Decision":
            continue
        members = _known_members(name, scope.start, arrivals)
        choices = task.get("choices")
        for index, choice in enumerate(choices if members and isinstance(choices, list) else ()):
            condition = None
            if isinstance(choice, Mapping):
                condition = choice.get("condition")
            pointer = pointer_of(["choices", index, "condition"], scope.pointer_to(name))
            yield from _condition_problems(condition, members, pointer)


def _condition_problems(
    condition: Any,
    known: list[str],
    pointer: str,
) -> Iterator[Problem]:
    """Yield a warning, with a suggestion, for each member in *condition* that is not in *known*."""
    from httptask.expressions import has_expression, members_compared

    if not isinstance(condition, str) or has_expression(condition):
        return
    for member in members_compared(condition):
        if member in known:
            continue
        params: dict[str, Any] = {"name": str(member), "known": known}
        suggestion = None
        if member in _OTHER_DATA:
            params["expression"] = f"${{jsonata: {member}.…}}"
        elif near := nearest(str(member), known):
            suggestion = f"$.{near[0]}"
        elif "body" in known:
            is_name = isinstance(member, str) and member.isidentifier()
            suggestion = f"$.body.{member}" if is_name else f"$.body[{member!r}]"
        yield Problem.of(
            "condition-member",
            pointer,
            severity="warning",
            suggestion=suggestion,
            **params,
        )


Arrival = tuple[str, Mapping[str, Any], bool]
"""A route to a task: the name of the task before, that task, and whether it failed."""


def arrivals_of(scope: Scope) -> dict[str, list[Arrival]]:
    """Return the routes that lead directly to each task of *scope*: task name -> arrivals."""
    arrivals: dict[str, list[Arrival]] = {}
    for name, task in scope.tasks.items():
        for path, target in transitions(task) if isinstance(task, Mapping) else ():
            arrivals.setdefault(target, []).append((name, task, path[0] == "onError"))
    return arrivals


def last_before(
    decision: str,
    start: Any,
    arrivals: Mapping[str, Sequence[Arrival]],
) -> Iterator[Arrival | None]:
    """Yield the arrivals from the tasks whose output may be `$` in *decision*.

    A Decision has no output, so the search goes on to the tasks before. None: no task ran since
    *start*.
    """
    pending = [decision]
    visited = {decision}
    while pending:
        target = pending.pop()
        if target == start:
            yield None
        for name, task, has_failed in arrivals.get(target, ()):
            if has_failed or task.get("type") != "Decision":
                yield name, task, has_failed
            elif name not in visited:
                visited.add(name)
                pending.append(name)


def _known_members(
    decision: str,
    start: Any,
    arrivals: Mapping[str, Sequence[Arrival]],
) -> list[str]:
    """Return the members that `$` may have in *decision*, over all routes; empty: unknown."""
    members: dict[str, None] = {}
    for arrival in last_before(decision, start, arrivals):
        if arrival is None:
            return []  # `$` is the run's input, or the output before the Parallel
        _, task, has_failed = arrival
        if has_failed:
            members["error"] = None
        elif task.get("type") != "Http" or task.get("forEach") is not None:
            return []
        else:
            added = [
                name for setting, name in _CONDITIONAL_MEMBERS if task.get(setting) is not None
            ]
            members |= dict.fromkeys([*_RESULT, *added])
    return list(members)
