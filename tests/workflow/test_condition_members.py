"""Warnings of members that a Decision's condition names and the output before it never has."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import Problem
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import problems
from tasks import runtime

SHARED = runtime()


def http(**fields: Any) -> dict[str, Any]:
    return {
        "type": "Http",
        "httpRequest": {"url": "https://a.example"},
        "nextTask": "Choose",
        **fields,
    }


def warned(condition: str, **tasks: Any) -> list[Problem]:
    """The warnings of *condition*, in the Decision to which *tasks* lead."""
    choices = [{"condition": condition, "nextTask": "End"}]
    definition = {
        "startTask": next(iter(tasks)),
        "tasks": {
            **tasks,
            "Choose": {"type": "Decision", "choices": choices, "defaultTask": "End"},
            "End": {"type": "Terminate", "terminationStatus": "Completed"},
        },
    }
    listed = problems(WorkflowDefinition(definition), SHARED)
    assert [one.severity for one in listed] == ["warning"] * len(listed)
    return [one for one in listed if one.code == "condition-member"]


def test_a_member_that_no_result_has_is_warned_of() -> None:
    """A result has its data in `body`: the warning names what there is, and the member meant."""
    first, second = warned("$.value >= 20 && !($.body.x === $['the type'])", Get=http())
    assert str(first) == (
        "/tasks/Choose/choices/0/condition: $ is the output of the task before, which has no"
        " 'value'; it has statusCode, reasonPhrase, headers, body, url, attempts, elapsedSeconds;"
        " did you mean $.body.value?"
    )
    assert second.suggestion == "$.body['the type']"


@pytest.mark.parametrize(
    ("condition", "suggestion"),
    [
        ("$.statuscode === 200", "$.statusCode"),
        ("$.Body.id > 1", "$.body"),
        ("$[0].id > 1", "$.body[0]"),
        ("$.error && $.error.kind === 'status'", "$.body.error"),
        ("$.pages.complete", "$.body.pages"),
    ],
)
def test_the_nearest_member_is_suggested(condition: str, suggestion: str) -> None:
    """A misspelt member of the result is corrected; any other one is looked for in the body."""
    (problem,) = warned(condition, Get=http())
    assert problem.suggestion == suggestion


@pytest.mark.parametrize("name", ["input", "tasks", "variables"])
def test_the_runs_other_data_is_no_member(name: str) -> None:
    """What expressions see is read with an expression, as the warning says."""
    (problem,) = warned(f"$.{name}.x === 1", Get=http())
    assert problem.suggestion is None
    assert problem.message.endswith(f"other data is read as ${{jsonata: {name}.…}}")


FAILING = {"onError": [{"errors": ["*"], "nextTask": "Choose"}]}
OTHER = {
    "type": "Decision",
    "choices": [{"condition": "$.body", "nextTask": "Choose"}],
    "defaultTask": "End",
}


@pytest.mark.parametrize(
    ("condition", "tasks"),
    [
        ("$.body.value && $.statusCode < 300 && $.headers.etag", {"Get": http()}),
        ("$ && $.error.kind === 'timeout' || $.body.x", {"Get": http(**FAILING)}),
        ("$.pages.complete", {"Get": http(pagination={"mode": "link"})}),
        ("$.job.status === 'done'", {"Get": http(completion={"mode": "poll"})}),
        ("$.length > 1", {"Get": http(forEach={"items": [1]})}),
        ("$.until > 1", {"Get": http(), "W": {"type": "Wait", "seconds": 1, "nextTask": "Choose"}}),
        ("$.invoice", {"Run": {"type": "Workflow", "definition": "a", "nextTask": "Choose"}}),
        ("$.value", {"Choose": None}),
        ("$.value", {"Ask": OTHER}),
        ("${$.input.value}", {"Get": http()}),
    ],
)
def test_members_that_there_may_be_are_not_warned_of(condition: str, tasks: dict[str, Any]) -> None:
    """Nothing is said where a way to the Decision brings the member, or what it brings is not
    known.
    """
    assert warned(condition, **tasks) == []


def test_every_way_to_the_decision_counts() -> None:
    """A Decision in between puts out nothing, and a failed task puts out its error alone."""
    through = {"Get": http(nextTask="Ask"), "Ask": OTHER}
    assert [one.suggestion for one in warned("$.value", **through)] == ["$.body.value"]
    failed = {"Get": http(nextTask="End", **FAILING)}
    (problem,) = warned("$.value", **failed)
    assert (problem.params["known"], problem.suggestion) == (["error"], None)
