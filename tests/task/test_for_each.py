"""One task with `forEach` by itself: a test request takes the first item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from httptask.errors import ExpressionError, SettingsError
from httptask.model.exchange import Exchange
from httptask.model.for_each import Item, ItemNumber
from httptask.model.task import Inputs
from httptask.task import HttpTask
from lists import Asked, list_server, page
from tasks import call, exchange, failure, http, runtime


def echo(asked: Asked) -> bytes:
    return page({"path": asked.path})


def of_items(url: str, items: Any = "${$.input.ids}", **fields: Any) -> dict[str, Any]:
    request = {"pathParameters": {"id": "${$.item}"}}
    return http(url + "/{id}", request=request, forEach={"items": items}, **fields)


IDS = Inputs(input={"ids": ["a", "b", "c"]})


def test_a_test_request_takes_the_first_item_and_says_so() -> None:
    """The exchange says which item of how many, also when it travels; one request is sent."""
    with list_server(echo) as server:
        made = exchange(of_items(server.url), inputs=IDS)
        assert made.outcome == "success", made.error
        assert len(server.received) == 1
    assert made.item == ItemNumber(0, 3)
    assert made.request is not None
    assert made.request.url.endswith("/a")
    assert made.to_json()["item"] == {"index": 0, "count": 3}
    assert Exchange.from_json(made.to_json()).item == made.item


def test_a_test_request_of_a_task_without_items_says_nothing_of_them() -> None:
    with list_server(echo) as server:
        made = exchange(http(server.url))
    assert "item" not in made.to_json()


@pytest.mark.parametrize(("index", "path"), [(0, "/a"), (1, "/b"), (9, "/c")])
def test_the_request_of_an_item_can_be_shown(index: int, path: str) -> None:
    """It is the first one, or that at an index, or the last one; nothing is sent for it."""
    inputs = replace(IDS, item_index=index)
    assert Inputs.from_json(inputs.to_json()) == inputs
    with runtime() as shared:
        shown = HttpTask(of_items("http://127.0.0.1:9"), runtime=shared).render(inputs)
    assert shown.url == f"http://127.0.0.1:9{path}"


def test_a_test_request_takes_the_first_line_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "ids.jsonl").write_text('"x"\n"y"\n')
    with list_server(echo) as server:
        task = of_items(server.url, {"$file": {"path": "ids.jsonl"}})
        made = exchange(task, files=tmp_path)
    assert made.item == ItemNumber(0, 2)
    assert made.request is not None
    assert made.request.url.endswith("/x")


@pytest.mark.parametrize(
    ("items", "code"),
    [([], "for-each-empty"), (None, "for-each-no-list"), ("a", "for-each-no-list")],
)
def test_a_test_request_without_an_item_sends_nothing(items: Any, code: str) -> None:
    with runtime() as shared:
        task = HttpTask(of_items("http://127.0.0.1:9"), runtime=shared)
        with pytest.raises(SettingsError) as caught:
            task.test_request(Inputs(input={"ids": items}))
    (problem,) = caught.value.problems
    assert (problem.code, problem.pointer) == (code, "/forEach/items")


def test_items_that_an_expression_does_not_find_are_told() -> None:
    with runtime() as shared, pytest.raises(ExpressionError, match="ids"):
        HttpTask(of_items("http://127.0.0.1:9"), runtime=shared).test_request(Inputs(input={}))


def test_a_wrong_setting_is_told_by_a_test_request() -> None:
    task = http("http://127.0.0.1:9", forEach={"items": [1], "concurrency": 0})
    with runtime() as shared, pytest.raises(SettingsError) as caught:
        HttpTask(task, runtime=shared).test_request()
    assert [problem.pointer for problem in caught.value.problems] == ["/forEach/concurrency"]


def test_an_engine_or_a_caller_brings_the_item() -> None:
    """A call without an item is refused; inputs with one travel as JSON."""
    refused = failure(of_items("http://127.0.0.1:9"), inputs=IDS)
    assert isinstance(refused, SettingsError)
    assert refused.problems[0].code == "for-each-engine"
    inputs = Inputs(item=Item("b", 1))
    assert Inputs.from_json(inputs.to_json()) == inputs
    with list_server(echo) as server:
        assert call(of_items(server.url), inputs=inputs).body == {"path": "/b"}


def test_the_problems_of_a_task_alone_include_those_of_its_items() -> None:
    """As the page asks for them."""
    task = {**of_items("http://127.0.0.1:9", "a"), "inputParameters": {"index": 1}}
    with runtime() as shared:
        problems = HttpTask(task, runtime=shared).problems()
    codes = {problem.pointer: problem.code for problem in problems}
    assert codes == {
        "/forEach/items": "for-each-no-list",
        "/inputParameters/index": "for-each-parameter",
    }


def test_a_right_setting_has_no_problem_and_no_warning() -> None:
    """An expression may stand in `items`."""
    with runtime() as shared:
        assert HttpTask(of_items("http://127.0.0.1:9"), runtime=shared).problems() == []
