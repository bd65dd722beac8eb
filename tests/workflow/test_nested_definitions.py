"""What `validate` says of a task that runs another definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bytecodes import counted
from httptask.errors import DefinitionError, Problem
from httptask.workflow import (
    definition_of,
    definitions_of,
    load_definition,
    nested_problems,
    problems,
)
from tasks import runtime

BILLING = {
    "type": "object",
    "required": ["customer"],
    "properties": {"customer": {"type": "integer"}, "currency": {"default": "AUD"}},
}


def workflow(name: str, **fields: Any) -> dict[str, Any]:
    """Return a task that runs the definition *name*, and ends."""
    return {"type": "Workflow", "definition": name, "end": True, **fields}


def definition(task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"startTask": "Run", "tasks": {"Run": task}, **fields}


def ending(**fields: Any) -> dict[str, Any]:
    return definition({"type": "Terminate", "terminationStatus": "Completed"}, **fields)


def told(document: dict[str, Any], **others: dict[str, Any]) -> list[Problem]:
    definitions = {name: definition_of(other) for name, other in others.items()}
    with runtime() as shared:
        return problems(definition_of(document), shared, definitions=definitions)


def test_a_definition_that_there_is_not_names_the_nearest() -> None:
    """A task's definition is looked up where failure workflows are; without a folder nothing is
    said.
    """
    document = definition(workflow("biling"))
    (unknown,) = told(document, billing=ending())
    assert (unknown.code, unknown.pointer) == ("workflow-unknown", "/tasks/Run/definition")
    assert unknown.suggestion == "billing"
    with runtime() as shared:
        assert problems(definition_of(document), shared) == []


@pytest.mark.parametrize(
    ("name", "code"), [("${$.input.kind}", "workflow-expression"), (7, "type")]
)
def test_an_id_is_text_without_expressions(name: Any, code: str) -> None:
    """Each wrong id is one problem, which says why."""
    (problem,) = told(definition(workflow(name)), billing=ending())
    assert (problem.code, problem.pointer) == (code, "/tasks/Run/definition")


def test_a_failure_workflow_that_there_is_not_is_warned_of() -> None:
    """It would be missed first when a run has failed; the run itself ends as it does without it."""
    (unknown,) = told(ending(failureWorkflow="biling"), billing=ending())
    assert (unknown.severity, unknown.code) == ("warning", "workflow-unknown")
    assert (unknown.pointer, unknown.suggestion) == ("/failureWorkflow", "billing")
    assert told(ending(failureWorkflow="billing"), billing=ending()) == []
    assert told(ending(failureWorkflow=None)) == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"customer": 7}, []),
        ({"customer": "${$.input.customer}"}, []),
        ("${$.input}", []),
        ({}, [("error", "/tasks/Run/inputParameters", "required")]),
        (None, [("error", "/tasks/Run/inputParameters", "required")]),
        ({"customer": "7"}, [("error", "/tasks/Run/inputParameters/customer", "type")]),
        (
            {"customer": 7, "curency": "EUR"},
            [("warning", "/tasks/Run/inputParameters/curency", "unknown-name")],
        ),
    ],
    ids=str,
)
def test_inputs_are_checked_as_far_as_they_are_known(parameters: Any, expected: Any) -> None:
    """What the other definition's `inputSchema` refuses is an error; an expression may bring
    anything.
    """
    document = definition(workflow("billing", inputParameters=parameters))
    found = told(document, billing=ending(inputSchema=BILLING))
    assert [(one.severity, one.pointer, one.code) for one in found] == expected


def test_a_way_back_is_told_with_the_chain(tmp_path: Path) -> None:
    """Definitions that run each other are a warning, with each of them in order."""
    for name, other in {"orders": "bill", "bill": "tell", "tell": "bill", "alone": "alone"}.items():
        document = json.dumps(definition(workflow(other)))
        (tmp_path / f"{name}.json").write_text(document, "utf-8")
    chains = {}
    for name in ("orders", "bill", "alone"):
        first = load_definition(tmp_path / f"{name}.json")
        with runtime() as shared:
            (warning,) = problems(first, shared, definitions=definitions_of(first))
        assert (warning.severity, warning.code) == ("warning", "workflow-cycle")
        chains[name] = warning.params["tasks"]
    assert chains == {
        "orders": ["bill", "tell", "bill"],
        "bill": ["bill", "tell", "bill"],
        "alone": ["alone", "alone"],
    }


def test_a_definition_that_many_tasks_run_is_walked_once() -> None:
    """A step of the check costs the same in a long definition as in a short one."""

    def steps(count: int) -> float:
        """Return the bytecodes for a task, where *count* tasks run a definition of as many."""
        names = [f"T{index}" for index in range(count)]
        runners = definition_of({"tasks": {name: workflow("other") for name in names}})
        other = definition_of({"tasks": {name: {"type": "Simple"} for name in names}})
        with counted() as cost:
            assert list(nested_problems(runners, {"other": other})) == []
        return cost.bytecodes / count

    assert steps(80) < steps(20) * 1.2


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "", "${$.input.name}", "x\0y"])
def test_an_id_leads_to_no_other_folder(tmp_path: Path, name: str) -> None:
    """Only files next to the definition are looked at, and no expression chooses one."""
    (tmp_path / "secret.json").write_text(json.dumps(ending()), "utf-8")
    (tmp_path / "flows").mkdir()
    path = tmp_path / "flows/flow.json"
    path.write_text(json.dumps(definition(workflow(name))), "utf-8")
    first = load_definition(path)
    assert definitions_of(first) == {}
    with runtime() as shared:
        assert problems(first, shared, definitions=definitions_of(first))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A definition that is no JSON is refused with its own file."""
    (tmp_path / "flow.json").write_text(json.dumps(definition(workflow("other"))), "utf-8")
    (tmp_path / "other.json").write_text("{", "utf-8")
    with pytest.raises(DefinitionError, match=r"other\.json"):
        definitions_of(load_definition(tmp_path / "flow.json"))
