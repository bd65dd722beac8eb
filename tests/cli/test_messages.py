"""What commands say to a person: once, with its place, and with what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import Run
from tasks import http

NOBODY = "http://127.0.0.1:9"
READER = http(NOBODY, inputParameters={"id": "${$.input.order.id}"})


@pytest.fixture
def flow(tmp_path: Path) -> Any:
    """Give a function that writes a definition with *tasks* and returns its name."""

    def write(*tasks: dict[str, Any], **fields: Any) -> str:
        document = {
            "startTask": "T0",
            "tasks": {f"T{number}": task for number, task in enumerate(tasks)},
            **fields,
        }
        (tmp_path / "flow.json").write_text(json.dumps(document), "utf-8")
        return "flow.json"

    return write


def test_a_failure_is_told_once(run: Run, flow: Any) -> None:
    """The line of the task has the sentence; the error of the run names the task."""
    done = run("run", flow(http(NOBODY)))
    assert (done.err + done.out).count("connection refused") == 1
    assert "error: task 'T0' failed\n" in done.out
    assert "connection refused" in run("run", flow(http(NOBODY)), "--json").json["error"]


@pytest.mark.parametrize("command", ["run", "test-request"])
def test_an_expression_over_no_input_says_how_one_is_given(
    run: Run, flow: Any, command: str
) -> None:
    """Where none was given: with one, and for other failures, there is no such hint."""
    hint = "give the input with --input FILE, or single values with --set NAME=VALUE"
    assert run(command, flow(READER)).err.count(hint) == 1
    assert hint not in run(command, flow(READER), "--set", "name=a").err
    assert hint not in run(command, flow(http(NOBODY))).err


def test_a_problem_of_a_whole_input_is_not_one_of_the_document(run: Run, flow: Any) -> None:
    """Its place is the input."""
    schema = {"type": "object", "required": ["a"]}
    done = run("run", flow(READER, inputSchema=schema))
    assert "  (the input): 'a' is required" in done.err
    noted = run("test-request", flow(READER, inputSchema=schema), "--set", "b=1").err
    assert "a run would refuse this input: (the input): 'a' is required" in noted


@pytest.mark.parametrize(
    ("assignments", "pointer"),
    [
        (["a=1", "a=2"], "/a"),
        (["a=1", "/a=1"], "/a"),
        (["/a/b=1", 'a={"c":1}'], "/a"),
        (["a={}", "/a/b=1", "/a/bc=1"], None),
    ],
)
def test_a_value_of_the_input_is_given_once(
    run: Run, flow: Any, assignments: list[str], pointer: str | None
) -> None:
    """By its name or its pointer; a part of an object that is given may be added."""
    options = [word for assignment in assignments for word in ("--set", assignment)]
    done = run("run", flow(http(NOBODY)), *options)
    if pointer is None:
        assert done.status == 1
    else:
        assert done.status == 2
        assert f"--set: {pointer} is given twice" in done.err


def test_a_variable_is_given_once(run: Run, flow: Any) -> None:
    """The last one would win in silence."""
    done = run("run", flow(http(NOBODY)), "--variable", "a=1", "--variable", "a=2")
    assert (done.status, "--variable: a is given twice" in done.err) == (2, True)


def test_one_task_is_one_task(run: Run, flow: Any) -> None:
    """A limit of one is said as such."""
    tasks = ({"type": "Wait", "seconds": 0, "nextTask": "T1"}, http(NOBODY))
    assert "needs more than 1 task, the most" in run("run", flow(*tasks), "--max-steps", "1").out
