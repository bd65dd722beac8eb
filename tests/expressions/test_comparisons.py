"""Conditions in the platform's own form, judged by JavaScript itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.errors import ExpressionError, Problem
from httptask.expressions import (
    UNDEFINED,
    Comparison,
    ConditionRow,
    comparison_problems,
    condition_problems,
    condition_rows,
    members_compared,
    paths_compared,
)

DATA_FOLDER = Path(__file__).parent.parent / "data" / "suites"
DATA: dict[str, Any] = {
    "value": 20,
    "type": "Private",
    "zero": 0,
    "half": 0.5,
    "text": "10",
    "empty": "",
    "no": False,
    "yes": True,
    "null": None,
    "list": [1, "two", {"three": 3}],
    "object": {"a b": 1, "quote'd": 2, "0": "zeroth", "length": 7},
    "other": {"a b": 1},
    "emoji": "a\U0001f600",
    "bmp": "\uffee",
    "$dollar": 1,
    "é": 1,
}

CONDITIONS = [
    "$.value >= 20 && $.type !== 'Private'",
    "$.value >= 20 && $.type === 'Private'",
    "$.value>20||$.yes",
    "$",
    "$.missing",
    "$.missing > 1",
    "$.missing === undefined && $.missing !== null && $.missing == null",
    "$.null == undefined && $.null === null",
    "$.missing == 1 || $.missing != 1",
    "!$.value === false",
    "!(!$.value === false)",
    "!!$.empty || !!$.zero || !!$.null",
    "$.list && $.object && !$.no",
    "1 < 2 < 3",
    "3 > 2 > 1",
    "1 === 1 === true",
    "1 < 2 === true",
    "true || false && false",
    "(true || false) && false",
    "$.text > 9",
    "$.text > '9'",
    "$.text >= 10 && $.text <= 10",
    "$.empty < 1 && ' \\n' < 1 && '0x10' > 15 && '0x10' < 17 && '-0x10' < 0",
    "'1_0' < 100 || '1e1000' > 1 && '-Infinity' < 0 && 'infinity' < 0",
    "$.null >= 0 && $.null <= 0 && $.yes > $.no",
    "$.half === .5 && $.half === 5e-1 && $.half === 0.50 && 1. === 1 && 1E2 === 100",
    "-1 < $.zero && - 1 < 0 && -0 === 0",
    "$.list[0] === 1 && $.list['1'] === \"two\" && $['list'][2].three === 3",
    "$.list[3] === undefined && $.list['01'] === undefined && $.list.length === 3",
    "$.object['a b'] === 1 && $.object['quote\\'d'] === 2 && $.object[0] === 'zeroth'",
    "$.object.length === 7 && $.type.length === 7 && $.emoji.length === 3",
    "$.type[0] === 'P' && $.emoji[1] === '\\ud83d' && $.value.length === undefined",
    "$.object === $.object && $.object !== $.other && $.list === $['list']",
    "$.object == $.other || $.object == $.object",
    "$.object === null || $.object === 'x' || null === $.list",
    *(
        condition
        for nothing in ("$.null", "$.missing", "null", "undefined")
        for name in ("zero", "empty", "no", "yes", "text", "list", "object", "null", "missing")
        for condition in (f"$.{name} == {nothing}", f"{nothing} != $.{name}")
    ),
    "($.missing || $.list) === $.list && ($.yes && $.object) === $.object",
    "$.emoji < $.bmp",
    "'\\x41\\u0042\\u{43}\\n\\0\\q' === \"ABC\\n\\x00q\"",
    "'\\ud83d\\ude00' === $.emoji[1] || '\U0001f600' === '\\ud83d\\ude00'",
    "$.$dollar === 1 && $.é === 1 && $.true === undefined && $.null === null",
    "$.e\u0301 === undefined && $.\u0928\u093e\u092e === undefined && $.名_1 === undefined",
    "\n  $.value\t>\r\n\u00a010\ufeff ",
    "'' === \"\" && 'a' < 'b' && 'B' < 'a' && '10' < '9'",
    "9007199254740991 > 9007199254740990",
]


def judged(conditions: list[str], data: Any) -> list[Any]:
    """What JavaScript makes of *conditions* with `$` being *data*: true, false, or "throws"."""
    program = """
    const [conditions, data] = JSON.parse(require("fs").readFileSync(0, "utf-8"));
    const judge = (text) => {
      try { return new Function("$", "return !!(" + text + "\\n)")(data); }
      catch (error) { return error instanceof SyntaxError ? "syntax" : "throws"; }
    };
    console.log(JSON.stringify(conditions.map(judge)));
    """
    given_json = json.dumps([conditions, data])
    ran = subprocess.run(
        ["node", "-e", program], input=given_json, capture_output=True, text=True, check=True
    )
    answers: list[Any] = json.loads(ran.stdout)
    return answers


def ours(condition: str, data: Any) -> bool | str:
    try:
        return Comparison.of(condition).holds(data)
    except ExpressionError:
        return "throws"


ANSWERS: dict[str, bool] = json.loads((DATA_FOLDER / "conditions.json").read_text("utf-8"))
"""Condition -> what JavaScript makes of it, as Node.js 20 said."""


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_means_what_javascript_means(condition: str) -> None:
    """Each of these conditions is true, or false, as in JavaScript; `value` gives what it is."""
    assert ours(condition, DATA) is ANSWERS[condition]
    value = Comparison.of(condition).value(DATA)
    truth = isinstance(value, dict | list) or (value is not UNDEFINED and bool(value))
    assert truth is ANSWERS[condition]


@pytest.mark.npm
def test_the_answers_are_javascripts() -> None:
    """The file holds those of each condition, and no others."""
    assert judged(CONDITIONS, DATA) == [ANSWERS[condition] for condition in CONDITIONS]
    assert ANSWERS.keys() == set(CONDITIONS)


def row(left: str, operator: str, right: str | None, text: str | None = None) -> ConditionRow:
    return ConditionRow(left, operator, right, text)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (
            "$.value >= 20 && $['type'] !== \"it's\"",
            [row("$.value", ">=", "20"), row("$.type", "!==", "'it\\'s'", "it's")],
        ),
        ("$.list[0] && !$['a b']", [row("$.list[0]", "", None), row("$['a b']", "!", None)]),
        (
            "($ === null) && $.x == undefined",
            [row("$", "===", "null"), row("$.x", "==", "undefined")],
        ),
        ("$.a < $.b.c", [row("$.a", "<", "$.b.c")]),
        ("$.a === '$\\{b}'", [row("$.a", "===", "'$\\{b}'", "${b}")]),
        ("$.a || $.b", None),
        ("!($.a === 1)", None),
        ("1 < $.a", None),
        ("$.a < 1 < 2", None),
        ("$.a && ($.b || $.c)", None),
        ("$.a === !$.b", None),
        ("$.a ===", None),
        ("${$.a}", None),
    ],
)
def test_comparisons_that_must_all_hold_are_rows(
    condition: str, rows: list[ConditionRow] | None
) -> None:
    """A member and what it is compared with; whatever else a condition says is none."""
    assert condition_rows(condition) == rows


def test_the_members_that_a_condition_compares() -> None:
    """Those of which its value is asked, once each in their order; whether there is one is not."""
    condition = (
        "$.a.b > 1 && !$.c && ($.d[0] === 'x' || 2 < $.a.b) && $.e == null && $.f !== undefined"
    )
    assert members_compared(condition) == ["a", "c", "d", "e", "f"]
    assert paths_compared(condition) == [("a", "b"), ("d", 0)]
    assert members_compared("$ === 1") == members_compared("$.a ===") == []


def test_a_condition_by_an_expression_is_wholly_one() -> None:
    """Who writes another language than JSONata is told which one compares."""
    problem = Problem("/x", "wrong")

    def check(condition: Any, at: str) -> list[Problem]:
        return [problem]

    assert condition_problems("$.a > ${b}", "/x", check) == [
        Problem.of("condition", "/x", found="$.a > ${b}")
    ]
    assert condition_problems("${jsonata: a}", "/x", check) == [problem]
    (hinted,) = condition_problems("${$.a}", "/x", check)
    assert hinted.params["hint"] == "jsonata-compares"


IN_ROWS = [
    *(
        f"$.type === {text}"
        for text in (r"'$\{a}'", r"'it\'s'", '"\\"\\n\\\\\u2028\x85"', r"'\u{1f600}'")
    ),
    "$.emoji === 'a\U0001f600' && $['emoji'] !== '\U0001f600'",
    "($.object['quote\\'d'] === 2) && ($.value < 1E2) && !($.no)",
]


@pytest.mark.npm
def test_the_rows_of_a_condition_mean_what_it_means() -> None:
    """Rows joined by `&&` are true, or false, in JavaScript where the condition is."""
    rows = {condition: condition_rows(condition) for condition in [*CONDITIONS, *IN_ROWS]}
    with_rows = {condition: joined for condition, joined in rows.items() if joined}
    assert [*IN_ROWS] == [condition for condition in with_rows if condition in IN_ROWS]
    assert len(with_rows) > 14
    texts = [" && ".join(map(written, joined)) for joined in with_rows.values()]
    assert judged(texts, DATA) == judged([*with_rows], DATA)
    assert [condition_rows(text) for text in texts] == [*with_rows.values()]


def written(row: ConditionRow) -> str:
    """Write *row* as the page does."""
    if row.right is None:
        return row.operator + row.left
    return f"{row.left} {row.operator} {row.right}"


PATHS = [f"$.{name}" for name in ("value", "text", "empty", "no", "null", "list", "object", "x")]
OPERANDS = st.sampled_from([*PATHS, "$.list[0]", "'b'", "'5'", "20", "-1", "null", "true", "''"])
OPERATORS = ["===", "!==", "<", ">", "<=", ">=", "&&", "||"]


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(OPERATORS)
    both = st.builds(lambda left, sign, right: f"{left} {sign} {right}", inner, operators, inner)
    return both | both.map(lambda text: f"({text})") | inner.map(lambda text: f"!{text}")


@pytest.mark.npm
@settings(deadline=None, max_examples=15)
@given(st.lists(st.recursive(OPERANDS, joined, max_leaves=8), min_size=60, max_size=60))
def test_any_condition_means_what_javascript_means(conditions: list[str]) -> None:
    """Ranks, conversions and truth are JavaScript's; containers are ordered by neither ours nor
    at all.
    """
    answers = judged(conditions, DATA)
    for condition, answer in zip(conditions, answers, strict=True):
        own = ours(condition, DATA)
        if own == "throws":  # a container is neither larger nor smaller than anything
            assert any(f"$.{name}" in condition for name in ("list", "object")), condition
        else:
            assert own == answer, condition


@pytest.mark.parametrize(
    ("condition", "place", "code"),
    [
        ("$.a > 1 + 1", "line 1, column 9", "condition-calculates"),
        ("$.a > 1 - 1", "line 1, column 9", "condition-calculates"),
        ("$.a.includes('b')", "line 1, column 13", "condition-calls"),
        ("$.a &&\n  b > 1", "line 2, column 3", "condition-name"),
        ("$.a = 1", "line 1, column 5", "condition-assigns"),
        ("$.a & 1", "line 1, column 5", "condition-and"),
        ("$.a | 1", "line 1, column 5", "condition-or"),
        ("$.a > ${$.b}", "line 1, column 8", "condition-expression"),
        ("$.a ?? 1", "line 1, column 5", "condition-sign"),
        ("$.a?.b", "line 1, column 4", "condition-sign"),
        ("$[$.key]", "line 1, column 3", "condition-expects-key"),
        ("$[1.5]", "line 1, column 3", "condition-expects-key"),
        ("$.a === `b`", "line 1, column 9", "condition-quotes"),
        ("$.a === 'b", "line 1, column 9", "condition-quote-unclosed"),
        ("$.a === 'b\nc'", "line 1, column 9", "condition-quote-unclosed"),
        ("$.a === '\\u12'", "line 1, column 10", "condition-escape"),
        ("$.a === '\\07'", "line 1, column 10", "condition-escape-unread"),
        ("$.a === 012", "line 1, column 9", "condition-number"),
        ("$.a === 0x10", "line 1, column 9", "condition-number"),
        ("$.a === 1n", "line 1, column 9", "condition-number"),
        ("$.a === 1e999", "line 1, column 9", "condition-number-unread"),
        ("$.a ===", "line 1, column 8", "condition-ends"),
        ("($.a", "line 1, column 5", "condition-expects-sign"),
        ("$.a)", "line 1, column 4", "condition-misplaced"),
        ("", "line 1, column 1", "condition-ends"),
        ("$.", "line 1, column 3", "condition-expects-name"),
        ("'a'.length", "line 1, column 4", "condition-members"),
        ("-$.a", "line 1, column 2", "condition-minus"),
        ("$.a // why", "line 1, column 5", "condition-calculates"),
        ("NaN === 1", "line 1, column 1", "condition-name"),
        ("typeof $.a", "line 1, column 1", "condition-name"),
        ("(" * 101 + "1" + ")" * 101, "line 1, column 101", "condition-depth"),
        ("1" + " && 1" * 4000, "line 1, column 16385", "condition-length"),
    ],
)
def test_anything_beyond_is_refused_with_its_place(condition: str, place: str, code: str) -> None:
    """No guess is made: the problem has the line and the column, and says what to write instead."""
    (problem,) = comparison_problems(condition, "/tasks/D/choices/0/condition")
    assert (problem.code, problem.params["place"]) == (code, place)
    assert problem == Problem.of(code, problem.pointer, **problem.params)


def test_long_conditions_are_evaluated() -> None:
    """Length alone is no depth."""
    text = " && ".join(["$.value !== 1"] * 800)
    assert comparison_problems(text, "") == []
    assert Comparison.of(text).holds(DATA)
    assert Comparison.of("$" + "[0]" * 3000).holds("x")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("$.missing.name === 1", "$.missing is undefined, which has no member 'name'"),
        ("$.null['a']", "$.null is null, which has no member 'a'"),
        ("$.value == '20'", "== cannot compare a number with a string; write ==="),
        ("$.yes != 1", "== cannot compare a boolean with a number"),
        ("$.list > 1", "an array is neither larger nor smaller"),
    ],
)
def test_what_cannot_be_told_fails_with_the_reason(condition: str, message: str) -> None:
    """A member of nothing throws, as in JavaScript; what JavaScript would convert is refused."""
    with pytest.raises(ExpressionError) as caught:
        Comparison.of(condition).holds(DATA, "/tasks/D/choices/0/condition")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"/tasks/D/choices/0/condition: expression {condition}")


def test_integers_are_exact() -> None:
    """Two ids that a double would take for one are two."""
    data = {"id": 9007199254740993}
    assert Comparison.of("$.id === 9007199254740993 && $.id !== 9007199254740992").holds(data)
