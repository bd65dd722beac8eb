"""Whether a task that an expression reads has run, on the routes to the expression."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.workflow import definition_of, problems
from tasks import runtime

NOT_RUN = [("error", "task-not-run")]
MAY_NOT_RUN = [("warning", "task-may-not-run")]


def step(following: str | None = None, *, failed: str = "", **fields: Any) -> dict[str, Any]:
    """Return a task that goes to *following*, or ends; to *failed* when it fails."""
    task = {"type": "Http", "httpRequest": {"url": "https://a.example"}, **fields}
    task |= {"nextTask": following} if following else {"end": True}
    return task | ({"onError": [{"errors": ["*"], "nextTask": failed}]} if failed else {})


def choice(*targets: str) -> dict[str, Any]:
    """Return a Decision between *targets*, the last of which is the default."""
    choices = [{"condition": "$.body.a === 1", "nextTask": target} for target in targets[:-1]]
    return {"type": "Decision", "choices": choices, "defaultTask": targets[-1]}


def branch(start: str, **tasks: Any) -> dict[str, Any]:
    return {"startTask": start, "tasks": tasks}


def reading(expression: str, following: str | None = None, **fields: Any) -> dict[str, Any]:
    return step(following, inputParameters={"a": expression}, **fields)


def told(start: str, **tasks: Any) -> list[tuple[str, str | None]]:
    """Return severity and code of what is told of the expressions of *tasks*."""
    with runtime() as shared:
        found = problems(definition_of(branch(start, **tasks)), shared)
    return [(one.severity, one.code) for one in found if one.code not in ("busy-loop", "unreached")]


def read(name: str, member: str = "body") -> str:
    return f"${{$.tasks['{name}'].output.{member}}}"


@pytest.mark.parametrize(
    ("expected", "tasks"),
    [
        ([], {"A": step("B"), "B": reading(read("A"))}),
        (NOT_RUN, {"A": reading(read("B"), "B"), "B": step()}),
        (NOT_RUN, {"A": reading(read("A"))}),
        (MAY_NOT_RUN, {"A": reading(read("A"), "B"), "B": choice("A", "C"), "C": step()}),
        (
            MAY_NOT_RUN,
            {"A": choice("B", "C"), "B": step("D"), "C": step("D"), "D": reading(read("B"))},
        ),
        (NOT_RUN, {"A": choice("B", "C"), "B": step(), "C": reading(read("B"))}),
        ([], {"A": step("B"), "B": choice("C", "D"), "C": reading(read("A")), "D": step()}),
        # Unreached tasks have a warning of their own.
        ([], {"A": step(), "B": reading(read("A"))}),
        # A list of what there is, and JSONata that asks first
        (
            [],
            {"A": choice("B", "C"), "B": step("C"), "C": reading("${$.tasks['B'].output.body[*]}")},
        ),
        ([], {"A": choice("B", "C"), "B": step("C"), "C": reading("${$.tasks['A', 'B'].output}")}),
        ([("warning", "task-not-run")], {"A": reading("${$.tasks.B.output[*]}", "B"), "B": step()}),
        (
            [],
            {
                "A": choice("B", "C"),
                "B": step("C"),
                "C": reading("${jsonata: $exists(tasks.B) ? tasks.B.output.body : 0}"),
            },
        ),
        (
            [],
            {"A": choice("B", "C"), "B": step("C"), "C": reading("${jsonata: [tasks.B.output]}")},
        ),
        (
            MAY_NOT_RUN,
            {"A": choice("B", "C"), "B": step("C"), "C": reading("${jsonata: tasks.B.output}")},
        ),
        # Failures
        ([], {"A": step("B", failed="C"), "B": step(), "C": reading(read("A", "error.kind"))}),
        (
            [("warning", "name-undocumented")],
            {"A": step("B", failed="C"), "B": step(), "C": reading(read("A"))},
        ),
        (
            [("warning", "name-undocumented")],
            {"A": step("B", failed="C"), "B": reading(read("A", "error")), "C": step()},
        ),
        ([], {"A": step("B", failed="B"), "B": reading(read("A"))}),
        ([], {"A": step("B", failed="B"), "B": reading(read("A", "error.kind"))}),
        # A task that is tried again puts out what it did last.
        (
            [("warning", "name-undocumented")],
            {"A": step("B", failed="W"), "W": step("A"), "B": reading(read("A", "error"))},
        ),
        # A plugin's task goes on wherever it likes.
        (
            [("error", "task-type-unknown")],
            {"A": reading(read("B"), "B"), "B": {"type": "Acme", "nextTask": "C"}, "C": step()},
        ),
    ],
)
def test_a_task_that_has_not_run_on_a_route_is_told(expected: Any, tasks: dict[str, Any]) -> None:
    """Never: an error, where the expression fails without it. On some routes: a warning. What it
    put out is that of a success, or an error, by the route.
    """
    assert told("A", **tasks) == expected


def both(following: str, *, failed: str = "", **branches: Any) -> dict[str, Any]:
    """Return a Parallel of *branches*, each the tasks of one, which begins with the first."""
    listed = [branch(next(iter(tasks)), **tasks) for tasks in branches.values()]
    task: dict[str, Any] = {"type": "Parallel", "branches": listed, "nextTask": following}
    return task | ({"onError": [{"errors": ["*"], "nextTask": failed}]} if failed else {})


@pytest.mark.parametrize(
    ("expected", "tasks"),
    [
        ([], {"A": both("C", l={"L": step()}, r={"R": step()}), "C": reading(read("L"))}),
        ([], {"A": step("P"), "P": both("C", l={"L": reading(read("A"))}), "C": step()}),
        (NOT_RUN, {"P": both("C", l={"L": reading(read("C"))}), "C": step()}),
        (NOT_RUN, {"P": both("C", l={"L": reading(read("P", "L"))}), "C": step()}),
        # At the same time: it cannot be told.
        ([], {"P": both("C", l={"L": reading(read("R"))}, r={"R": step()}), "C": step()}),
        (
            MAY_NOT_RUN,
            {
                "P": both("C", l={"L": choice("M", "N"), "M": step("N"), "N": step()}),
                "C": reading(read("M")),
            },
        ),
        (
            [],
            {
                "P": both("C", l={"L": step("M"), "M": choice("N", "O"), "N": step(), "O": step()}),
                "C": reading(read("L")),
            },
        ),
        (MAY_NOT_RUN, {"P": both("C", failed="C", l={"L": step()}), "C": reading(read("L"))}),
        ([], {"P": both("C", l={"L": step()}, r={"R": step()}), "C": reading(read("P", "L.body"))}),
        (
            [("warning", "name-undocumented")],
            {"P": both("C", l={"L": step()}, r={"R": step()}), "C": reading(read("P", "LL"))},
        ),
        (
            [("warning", "name-undocumented")],
            {"P": both("C", l={"L": step()}), "C": reading(read("P", "L.bdy"))},
        ),
    ],
)
def test_tasks_in_branches_have_run_when_all_branches_ended(
    expected: Any, tasks: dict[str, Any]
) -> None:
    """A Parallel puts out what its branches end with; of one that failed, any may be missing."""
    assert told(next(iter(tasks)), **tasks) == expected
