"""Whether a task that an expression reads has run, on the routes to the expression."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytecodes import counted
from httptask.workflow import definition_of, problems
from httptask.workflow._definition import iter_scopes
from httptask.workflow._graph import loops_without, reached
from httptask.workflow._routes import arrows_of
from httptask.workflow.typing import _routes
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


@settings(max_examples=50)
@given(st.data())
def test_what_is_near_tells_the_same_as_all_that_can_be_reached(data: st.DataObject) -> None:
    """However far a search goes before all that can be reached is worked out, each task of any
    definition is known to have run before each other one, or not, by the same routes.
    """
    names = "ABCDEF"[: data.draw(st.integers(1, 6))]
    some = st.sampled_from(names)
    tasks = {
        name: data.draw(
            st.one_of(
                st.builds(step, st.none() | some, failed=st.just("") | some),
                st.lists(some, min_size=1, max_size=3).map(lambda targets: choice(*targets)),
            )
        )
        for name in names
    }
    definition = definition_of(branch(data.draw(some), **tasks))

    def known(near: int) -> list[_routes.Before]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_routes, "_NEAR", near)
            routes = _routes.Routes(definition)
            return [routes.before(reader, name) for reader in names for name in names]

    assert known(1) == known(3) == known(64) == known(0)
    (scope,) = iter_scopes(definition)
    arrows, ways = arrows_of(scope), _routes._Ways(scope)
    loops = [name for name in names if name in reached(arrows[name], arrows)]
    assert [name for name in names if ways.leads(name, name)] == loops


def test_a_task_nearby_is_told_of_at_the_same_cost_in_a_long_definition() -> None:
    """The check of a definition of thousands of tasks costs little more for each than one of few."""

    def steps(count: int) -> float:
        """Return the bytecodes for a task, each of *count* reading the one before."""
        tasks = {f"T{n}": step(f"T{n + 1}") for n in range(count)} | {f"T{count}": step()}
        routes = _routes.Routes(definition_of(branch("T0", **tasks)))
        with counted() as cost:
            for number in range(count):
                assert routes.before(f"T{number + 1}", f"T{number}").ran is _routes.Ran.ALWAYS
        return cost.bytecodes / count

    assert steps(240) < steps(60) * 1.2


class _Named(str):
    """A name that counts how often one is compared with another."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        _Named.compared += 1
        return str.__eq__(self, other)


def test_loops_are_looked_for_without_comparing_every_task_with_every_other() -> None:
    """In a definition of thousands of tasks, that would take longer than all else of its check."""
    count = 300
    names = [_Named(f"T{number}") for number in range(count)]
    arrows = {name: [_Named(f"T{number + 1}")] for number, name in enumerate(names[:-1])}
    arrows[names[-1]] = [_Named("T7")]
    _Named.compared = 0
    (loop,) = loops_without(names[0], arrows, frozenset())
    assert loop[0] == "T7"
    assert _Named.compared < 20 * count
