"""Decisions over the output of the task before, on the embedded engine."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import DefinitionError
from httptask.model.workflow import WorkflowRun
from worlds import World, do, refused, workflow


def decision(condition: str, yes: str = "Yes", no: str = "No", **fields: Any) -> dict[str, Any]:
    choices = [{"condition": condition, "nextTask": yes}]
    return {"type": "Decision", "choices": choices, "defaultTask": no, **fields}


ENDS = {name: do(end=True, give=name.lower()) for name in ("Yes", "No")}


def run(tasks: dict[str, Any], given: Any = None, **behaviours: Any) -> WorkflowRun:
    return World(**behaviours).run(workflow(next(iter(tasks)), {**tasks, **ENDS}), given)


@pytest.mark.parametrize(
    ("output", "end"),
    [
        ({"value": 20, "type": "Public"}, "yes"),
        ({"value": 20, "type": "Private"}, "no"),
        ({"value": 19}, "no"),
        ({}, "no"),
    ],
)
def test_a_condition_reads_the_output_of_the_task_before(output: Any, end: str) -> None:
    """`$` is what the task before put out, and a member that is not there makes nothing true."""
    condition = "$.value >= 20 && $.type !== 'Private'"
    assert run({"A": do(give=output, nextTask="D"), "D": decision(condition)}).output == end


def test_the_task_before_is_the_one_that_ran_last() -> None:
    """Where several tasks lead to a Decision, the way that was taken counts; a Decision on the way
    has no output of its own.
    """
    tasks = {
        "Which": decision("$.left", "L", "R"),
        "L": do(give={"side": "left"}, nextTask="Again"),
        "R": do(give={"side": "right"}, nextTask="Again"),
        "Again": decision("$.side", "D", "No"),
        "D": decision("$.side === 'left'"),
    }
    assert run(tasks, {"left": True}).output == "yes"
    assert run(tasks, {"left": False}).output == "no"


def test_each_visit_of_a_loop_sees_what_came_just_before() -> None:
    """The task before is a visit, not only a name."""
    tasks = {
        "Count": do(nextTask="D", give="${swf:sequenceNumber}"),
        "D": decision("$ >= 5", no="Count"),
    }
    ended = run(tasks)
    assert [task.output for task in ended.tasks if task.name == "Count"] == [1, 3, 5]


def test_a_branch_begins_with_the_task_before_its_parallel() -> None:
    """The first task of a branch follows the task before the Parallel; the Parallel's own output
    is what comes after it sees.
    """

    def branch(start: str) -> dict[str, Any]:
        tasks = {
            start: decision("$.n === 1", f"{start} yes", f"{start} no"),
            f"{start} yes": do(end=True, give=True),
            f"{start} no": do(end=True, give=False),
        }
        return {"startTask": start, "tasks": tasks}

    fork = {"type": "Parallel", "branches": [branch("X"), branch("Y")], "nextTask": "D"}
    tasks = {"A": do(give={"n": 1}, nextTask="P"), "P": fork, "D": decision("$.X && $['Y']")}
    assert run(tasks).output == "yes"


def test_after_a_failure_the_error_is_the_output() -> None:
    """A Decision behind `onError` reads the failure."""
    route = [{"errors": ["*"], "nextTask": "D"}]
    tasks = {
        "A": do(nextTask="No", onError=route),
        "D": decision("$.error && $.error.kind === 'connection'"),
    }
    assert run(tasks, A=refused).output == "yes"


def test_what_cannot_be_compared_fails_the_decision() -> None:
    """The failure names the condition and its place, and `onError` can take it."""
    tasks = {"A": do(give={"id": "7"}, nextTask="D"), "D": decision("$.id == 7")}
    ended = run(tasks)
    assert ended.status == "Failed"
    assert "/tasks/D/choices/0/condition: expression $.id == 7: == cannot" in str(ended.error)
    tasks["D"]["onError"] = [{"errors": ["expression"], "nextTask": "Yes"}]
    assert run(tasks).output == "yes"


def test_what_is_beyond_is_refused_before_anything_runs() -> None:
    """A definition with such a condition is not run."""
    with pytest.raises(DefinitionError, match="line 1, column 5"):
        run({"D": decision("$.a + 1 > 2")})
