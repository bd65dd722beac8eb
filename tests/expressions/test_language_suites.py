"""The languages' own cases: the compliance suite of RFC 9535, and what the reference implementation
of JSONata answers.

`suites/jsonpath.json` is the suite as the npm package `jsonpath-rfc9535` 1.3.0 ships it (BSD
2-Clause); `suites/jsonata.json` is a part of what `jsonatapy` 2.2.13 ships as test fixtures (MIT):
expressions, and what jsonata-js 2.2.2 made of them.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from httptask.expressions._document import only
from httptask.expressions._jsonata import Jsonata
from httptask.expressions._jsonpath import JsonPath
from places import DATA

SUITES = DATA / "suites"
JSONPATH: list[dict[str, Any]] = json.loads((SUITES / "jsonpath.json").read_text(encoding="utf-8"))
JSONATA: dict[str, dict[str, Any]] = json.loads(
    (SUITES / "jsonata.json").read_text(encoding="utf-8")
)
DIFFERENCES: dict[str, list[str]] = json.loads(
    (SUITES / "jsonata-differences.json").read_text(encoding="utf-8")
)
"""By reason: expressions that the library answers in another way."""

NOTHING, ERROR = "nothing", "an error"


@pytest.fixture
def deep_recursion() -> Iterator[None]:
    """As much of it as the helper process has."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("case", JSONPATH, ids=[case["name"] for case in JSONPATH])
def test_jsonpath_passes_its_compliance_suite(case: dict[str, Any]) -> None:
    """Every case of the suite: what a query selects, and what is no query."""
    language, selector = JsonPath(), case["selector"]
    if case.get("invalid_selector"):
        with pytest.raises(ValueError, match="JSONPath query"):
            language.check(selector)
        return
    expected = case["results"] if "results" in case else [case["result"]]
    try:
        selected = language.evaluate(selector, case["document"])
    except LookupError:  # a singular query that selects nothing
        assert expected == [[]]
        return
    if language.is_cheap(selector):  # a singular query yields the value itself
        selected = [selected]
    assert selected in expected


@pytest.mark.parametrize("name", JSONATA)
@pytest.mark.usefixtures("deep_recursion")
def test_jsonata_answers_as_the_reference_implementation(name: str) -> None:
    """All but the known differences, and each of these differs."""
    suite = JSONATA[name]
    known = {expression for expressions in DIFFERENCES.values() for expression in expressions}
    expected = (
        suite["values"]
        | dict.fromkeys(suite["nothing"], NOTHING)
        | dict.fromkeys(suite["errors"], ERROR)
    )
    answers = {expression: _answer(expression, suite["data"]) for expression in expected}
    differing = {
        expression
        for expression in expected
        if not _alike(answers[expression], expected[expression])
    }
    assert differing == known & expected.keys()


@pytest.mark.parametrize(
    "name", [name for name, suite in JSONATA.items() if isinstance(suite["data"], dict)]
)
@pytest.mark.usefixtures("deep_recursion")
def test_jsonata_reads_no_more_than_it_says(name: str) -> None:
    """Without the data that it says it does not read, an expression has the same value; and the
    data stays as it was.
    """
    suite, language = JSONATA[name], Jsonata()
    before = json.dumps(suite["data"])
    for expression in (*suite["values"], *suite["nothing"], *suite["errors"]):
        try:
            language.check(expression)
        except ValueError:
            continue
        part = only(suite["data"], language.reads(expression))
        assert _alike(_answer(expression, part), _answer(expression, suite["data"])), expression
    assert json.dumps(suite["data"]) == before


def test_every_known_difference_is_one_of_the_cases() -> None:
    """The list holds nothing else."""
    cases = {
        expression
        for suite in JSONATA.values()
        for expression in (*suite["values"], *suite["nothing"], *suite["errors"])
    }
    assert [
        each for expressions in DIFFERENCES.values() for each in expressions if each not in cases
    ] == []


def _answer(expression: str, data: Any) -> Any:
    try:
        return Jsonata().evaluate(expression, data)
    except LookupError:
        return NOTHING
    except Exception:  # noqa: BLE001 - the helper process turns each into a refusal
        return ERROR


def _alike(answer: Any, expected: Any) -> bool:
    if isinstance(answer, bool) or isinstance(expected, bool):
        return answer is expected
    if isinstance(answer, int | float) and isinstance(expected, int | float):
        return math.isclose(answer, expected, rel_tol=1e-14)
    if isinstance(answer, list) and isinstance(expected, list):
        return len(answer) == len(expected) and all(map(_alike, answer, expected))
    if isinstance(answer, dict) and isinstance(expected, dict):
        return answer.keys() == expected.keys() and all(
            _alike(answer[key], expected[key]) for key in answer
        )
    return bool(answer == expected)
