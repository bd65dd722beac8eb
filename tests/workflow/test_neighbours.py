"""Which tasks come before a task on the routes to it, and which come after."""

from __future__ import annotations

from typing import Any

from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import earlier_tasks, later_tasks


def step(*ways: str, failed: str = "") -> dict[str, Any]:
    """Return a task that goes to the first of *ways*, or to any of several, or ends."""
    task: dict[str, Any] = {"type": "Wait", "seconds": 1}
    if len(ways) > 1:
        choices = [{"condition": "$ == 1", "nextTask": way} for way in ways[1:]]
        task = {"type": "Decision", "choices": choices, "defaultTask": ways[0]}
    elif ways:
        task["nextTask"] = ways[0]
    else:
        task["end"] = True
    return task | ({"onError": [{"errors": ["*"], "nextTask": failed}]} if failed else {})


def flow(start: str, **tasks: Any) -> dict[str, Any]:
    return {"startTask": start, "tasks": tasks}


BOTH = {
    "type": "Parallel",
    "branches": [
        flow("Left", Left=step("Turn"), Turn=step("Never", "Right"), Never=step(), Right=step()),
        flow("Other", Other=step()),
    ],
    "nextTask": "Last",
}
DEFINITION = WorkflowDefinition(
    flow(
        "First",
        First=step("Choice", failed="Sorry"),
        Choice=step("Small", "Large"),
        Small=step("Both"),
        Large=step("Both"),
        Both=BOTH,
        Last=step(),
        Sorry=step(),
        Lost=step("Last"),
    )
)


def earlier(name: str, definition: WorkflowDefinition = DEFINITION) -> dict[str, bool]:
    return {task.name: task.certain for task in earlier_tasks(definition, name)}


def test_earlier_tasks_are_those_on_the_routes_the_nearest_first() -> None:
    """A task on one of two ways may not have run; one that leads nowhere here is none of them, and
    an error route is a route.
    """
    assert earlier("First") == {}
    assert earlier("Sorry") == {"First": True}
    assert [*earlier("Both").items()] == [
        ("Small", False),
        ("Large", False),
        ("Choice", True),
        ("First", True),
    ]
    assert earlier("nobody") == {}


def test_tasks_of_branches_come_before_what_follows_their_parallel() -> None:
    """Inside a branch, what comes before the Parallel has run, and what runs in the branch beside
    it is left out.
    """
    before = {"Small": False, "Large": False, "Choice": True, "First": True}
    inside = {"Both": True, "Left": True, "Turn": True, "Never": False, "Right": False}
    assert earlier("Last") == inside | {"Other": True, "Lost": False} | before
    assert earlier("Turn") == {"Left": True} | before


def test_a_task_in_a_loop_comes_before_itself() -> None:
    """Its own last answer can be read, from the second visit on."""
    loop = WorkflowDefinition(
        flow("Poll", Poll=step("Ready"), Ready=step("Rest", "Done"), Rest=step("Poll"), Done=step())
    )
    assert earlier("Poll", loop) == {"Rest": False, "Ready": False, "Poll": False}
    assert earlier("Done", loop) == {"Ready": True, "Poll": True, "Rest": False}


def test_later_tasks_are_those_that_may_read_an_answer() -> None:
    """They are the tasks that it is an earlier one of."""
    names = [name for name in earlier("Last") if name not in ("Lost", "Both")] + ["Last", "Both"]
    for name in names:
        assert {*later_tasks(DEFINITION, name)} == {
            other for other in [*names, "Sorry", "Lost"] if name in earlier(other)
        }, name


def test_a_definition_of_any_shape_has_no_neighbours() -> None:
    """What is no object is passed over."""
    tasks: Any = {"A": 1, "B": {"nextTask": "A"}, "C": None}
    for document in ({}, {"tasks": []}, flow("A", **tasks), {"startTask": 3, "tasks": tasks}):
        definition = WorkflowDefinition(document)
        assert [task.certain for task in earlier_tasks(definition, "A")] in ([], [False])
        assert later_tasks(definition, "A") == []
