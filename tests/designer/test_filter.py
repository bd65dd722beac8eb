"""What an expression picks out of a response, where the run of a later task would have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import RunningDesigner, last, running_designer, thing_endpoint, thing_task
from servers import JSON, raw_server, respond, response

BODY = {"items": [{"id": 1, "name": "Ä"}, {"id": 5, "name": "B"}], "total": 12345678901234567890}
PATH = ["tasks", "Get it", "output", "body"]


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    folder: Path = tmp_path_factory.mktemp("designer")
    with running_designer(folder, endpoints=[thing_endpoint("http://127.0.0.1:9")]) as running:
        yield running


def filtered(designer: RunningDesigner, expression: str, **more: Any) -> dict[str, Any]:
    """Return the server's answer to *expression*, with its value parsed."""
    question = {"expression": expression, "path": PATH, "text": json.dumps(BODY), **more}
    answer = designer.client.post("filter", json=question)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return {"value": json.loads(result["value"])} if "value" in result else result


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$.tasks['Get it'].output.body.items[?@.id > 1].name", ["B"]),
        ("$.tasks['Get it'].output.body.total", 12345678901234567890),
        ("jsonata: tasks.`Get it`.output.body.($sum(items.id))", 6),
        ("jsonata: [[tasks.`Get it`.output.body]].($count($))", 1),
        ("$.tasks['Get it'].output.body.items[0]['}']", None),
    ],
)
def test_a_filter_is_evaluated_as_the_expression_of_a_later_task(
    designer: RunningDesigner, expression: str, value: Any
) -> None:
    """The body stands where a run has it; a sentence names what is not there."""
    result = filtered(designer, expression)
    assert result.get("value") == value
    assert ("has no name" in result.get("problem", "")) == (value is None)


def test_an_item_of_for_each_has_its_own_place(designer: RunningDesigner) -> None:
    """An index on the way leads into a list."""
    path = ["tasks", "A", "output", 2, "body"]
    assert filtered(designer, "$.tasks.A.output[2].body.items[1].id", path=path) == {"value": 5}


def test_the_body_of_a_test_request_need_not_be_sent_back(designer: RunningDesigner) -> None:
    """One that is too long for the page is read where it is kept."""
    body = json.dumps([{"id": number, "name": "x" * 80} for number in range(5_000)]).encode()
    with raw_server(respond(response(body, JSON))) as server:
        _, event = last(designer, {"task": thing_task(server.url)})
    question = {"expression": "$.b[4999].id", "path": ["b"], "test": event["id"]}
    assert json.loads(designer.client.post("filter", json=question).json()["value"]) == 4999


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("$.tasks[", "JSONPath"),
        ("jsonata: $sum(", "JSONata"),
        ("jsonata: $string([1..300000])", "more than are shown here"),
    ],
)
def test_a_filter_that_fails_is_a_sentence(
    designer: RunningDesigner, expression: str, problem: str
) -> None:
    """Nothing runs away, and what is wrong is said, not raised."""
    result = filtered(designer, expression)
    assert problem in result["problem"]
    assert len(result["problem"]) < 400


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"path": []}, "bad-request"),
        ({"path": ["a", 10**9]}, "bad-request"),
        ({"path": ["a", True]}, "bad-request"),
        ({"path": ["a"] * 21}, "bad-request"),
        ({"text": "{"}, "bad-request"),
        ({"text": None}, "bad-request"),
    ],
)
def test_a_filter_of_another_shape_is_refused(
    designer: RunningDesigner, change: dict[str, Any], kind: str
) -> None:
    """A way that no run has builds nothing large."""
    question = {"expression": "$.a", "path": ["a"], "text": "{}", **change}
    answer = designer.client.post("filter", json=question)
    assert answer.json()["type"] == f"urn:httptask:problem:{kind}"


def test_a_filter_of_a_body_that_is_gone_says_so(designer: RunningDesigner) -> None:
    """Only the bodies of the latest test requests are kept."""
    answer = designer.client.post("filter", json={"expression": "$.a", "path": ["a"], "test": "x"})
    assert answer.json()["type"] == "urn:httptask:problem:unknown-test-request"
