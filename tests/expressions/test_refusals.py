"""Every refusal of an expression is a code with params, and one table makes its sentence."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from httptask.errors import ExpressionError, HttpTaskError, Problem
from httptask.expressions import Comparison, Evaluator
from httptask.expressions.plugin import httptask_expression_languages
from httptask.model.policy import Limits

DATA = {"rfi": {"id": 7, "number": "12"}, "items": [{"id": 1}], "none": None, "n": 1}

REFUSALS: list[tuple[str, str, dict[str, Any]]] = [
    # How it is written
    ("${" + "a" * 70_000 + "}", "expression-length", {"limit": 65_536}),
    ("${}", "expression-empty", {}),
    ("a ${$.b", "expression-unclosed", {}),
    ("${{b", "expression-brace-unclosed", {}),
    ("${$['b}", "expression-sign-unclosed", {"sign": "'", "character": 5}),
    ("${cel: a}", "expression-prefix", {"found": "cel:", "near": None}),
    ("${jsonatta: a}", "expression-prefix", {"found": "jsonatta:", "near": "jsonata:"}),
    ("${jsonata: }", "expression-prefix-alone", {"prefix": "jsonata:"}),
    ("${swf:workflowID}", "expression-run-name", {"name": "workflowID", "near": "workflowId"}),
    ("${swf:uuid}", "expression-run-lacks", {"name": "uuid", "known": ["now"]}),
    ("${$.a b}", "expression-jsonpath", {"character": 5, "jsonpathMessage": ...}),
    # Too many digits for Python
    ("${$[" + "1" * 5000 + "]}", "expression-jsonpath", {}),
    ("${rfi}", "expression-jsonpath-start", {"example": "$.rfi", "jsonpathMessage": ...}),
    ("${jsonata: a +}", "expression-jsonata", {"jsonataCode": "S0207", "character": 4}),
    ("${jsonata: a 1}", "expression-jsonata", {"jsonataCode": "S0201", "character": 4}),
    (
        "${jsonata: $match('a', /a**/)}",
        "expression-regex",
        {"pattern": "a**", "pythonMessage": ...},
    ),
    # What it may not do
    ("${jsonata: $now()}", "expression-clock", {"name": "now"}),
    ("${jsonata: $millis()}", "expression-clock", {"name": "millis"}),
    ("${jsonata: $random()}", "expression-random", {"name": "random"}),
    ("${jsonata: $shuffle([1])}", "expression-shuffle", {"name": "shuffle"}),
    ("${jsonata: $eval('1')}", "expression-eval", {"name": "eval"}),
    ("${jsonata: $toMillis('02-03', '[M01]-[D01]')}", "expression-date", {}),
    (
        "${jsonata: $uppercas('a')}",
        "expression-function",
        {"name": "uppercas", "near": "$uppercase"},
    ),
    ("${jsonata: n > 1 ? $toInt('1') : 2}", "expression-function", {"name": "toInt"}),
    ("${jsonata: 'a' ~> $upper(?)}", "expression-function", {"name": "upper"}),
    ("${jsonata: 'a' ~> $lenght}", "expression-function", {"near": "$length"}),
    # What is not there
    (
        "${$.rfi.idd}",
        "expression-no-name",
        {"path": "$.rfi", "name": "idd", "known": ["id", "number"], "near": "id", "more": None},
    ),
    ("${$.items[1]}", "expression-no-item", {"path": "$.items", "item": 1, "count": 1}),
    ("${$.rfi[0]}", "expression-item-of-object", {"path": "$.rfi", "item": 0}),
    (
        "${$.items.id}",
        "expression-name-of-list",
        {"first": "$.items[0].id", "each": "$.items[*].id"},
    ),
    ("${$.none.x}", "expression-no-members", {"path": "$.none", "found": "null", "name": "x"}),
    ("${$.n[0]}", "expression-no-members", {"path": "$.n", "found": "a number", "item": 0}),
    ("${jsonata: nothing}", "expression-nothing", {"known": [*DATA]}),
    # Its evaluation
    ("${jsonata: 1 + 'a'}", "expression-jsonata-failed", {"jsonataCode": "T2002"}),
    ("${jsonata: $error('it is empty')}", "expression-author", {"authorMessage": "it is empty"}),
    ("${jsonata: $assert(false, 'no')}", "expression-author", {"authorMessage": "no"}),
    ("${jsonata: $parse('{')}", "expression-parse", {"jsonMessage": ...}),
    ("${jsonata: $parse('')}", "expression-parse-empty", {}),
    (
        "${jsonata: $formatInteger(9007199254740993, 'w')}",
        "expression-format-integer",
        {"found": "9007199254740993"},
    ),
    ("${jsonata: 1 / 0}", "expression-number-division", {}),
    ("${jsonata: 0.5 / 0}", "expression-number-division", {}),
    ("${jsonata: 1 % 0}", "expression-number-division", {}),
    ("${jsonata: 0.5 % 0}", "expression-number-division", {}),
    ("${jsonata: 1e308 * 10}", "expression-number-size", {}),
    ("${jsonata: $power(-8, 0.5)}", "expression-number-root", {}),
    ("${jsonata: ($f := function($n) { 1 + $f($n) }; $f(1))}", "expression-depth", {}),
    # Its result
    ("${jsonata: [1..1000]}", "expression-result-size", {"limit": 3100}),
    ("${jsonata: $sum}", "expression-result-function", {}),
]


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    shipped = {language.name: language for language in httptask_expression_languages()}
    evaluator = Evaluator(shipped, Limits(expression_result=3100))
    yield evaluator
    evaluator.close()


def refused(evaluator: Evaluator, text: str, data: Any = DATA) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        asyncio.run(evaluator.evaluate(text, data, pointer="/x", run={"now": "today"}))
    return caught.value


def check(error: ExpressionError, code: str, params: dict[str, Any]) -> None:
    """See that *error* is the refusal *code*, with *params*, of which `...` is any text; that they
    alone make its sentence; and that all of it comes back from JSON.
    """
    assert error.code == code
    told = {name: error.params.get(name) for name in params}
    assert told == {name: told[name] if value is ... else value for name, value in params.items()}
    assert all(told[name] for name, value in params.items() if value is ...)
    assert Problem.of(code, "/x", **error.params).message == error.message
    problem = error.problem()
    assert problem.message == f"expression {error.expression}: {error.message}"
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem
    back = HttpTaskError.from_json(json.loads(json.dumps(error.to_json())))
    assert isinstance(back, ExpressionError)
    assert (back.problem(), back.known, str(back)) == (problem, error.known, str(error))


@pytest.mark.parametrize(
    ("text", "code", "params"), REFUSALS, ids=[f"{row[1]}-{row[0][:30]}" for row in REFUSALS]
)
def test_a_refusal_is_a_code_with_params(
    evaluator: Evaluator, text: str, code: str, params: dict[str, Any]
) -> None:
    """When it is evaluated, here or in the helper; and when it is checked, if it is seen then."""
    check(refused(evaluator, text), code, params)
    for problem in evaluator.check(text, "/x"):
        assert problem.code == code
        assert {name: problem.params.get(name) for name in params if name != "near"} == {
            name: refused(evaluator, text).params.get(name) for name in params if name != "near"
        }


JSONATA_CODES = [
    ("'a' + 1", "T2001", "left side of the + operator"),
    ("1 - 'a'", "T2002", "right side of the - operator"),
    ("-'a'", "D1002", "negate"),
    ("1 < 'a'", "T2009", "1 and a either side of operator <"),
    ("'a' > true", "T2010", "operator >"),
    ("['a'..1]", "T2003", "left side"),
    ("[1..1.5]", "T2004", "right side"),
    ("[0..10000000]", "D2014", "10000001"),
    ("1 ~> 2", "T2006", "must be a function"),
    ("[1, 'a']^($)", "T2007", "1 and a"),
    ("[1, true]^($)", "T2008", "order-by"),
    ("{'a': 1} ~> |$|5|", "T2011", "an object: 5"),
    ("{'a': 1} ~> |$|{}, 5|", "T2012", "array of strings"),
    ("{'a': 1, 'a': 2}", "D1009", "same key: a"),
    ("{1: 2}", "T1003", "got: 1"),
    ("$number('a')", "D3030", "to a number: a"),
    ("$number([1])", "T0410", "Argument 1 of function $number"),
    ("$replace('a', 'a', 1)", "T0411", "Context value"),
    ("$sum(['a'])", "T0412", "Argument 1 of function $sum must be an array of n"),
    ("$match('a', /a/, -1)", "D3040", "match function"),
    ("$match('a', function($text) { 1 })", "T1010", "matcher"),
    ("$replace('a', '', 'b')", "D3010", "empty string"),
    ("$replace('a', 'a', 'b', -1)", "D3011", "positive number"),
    ("$replace('a', /a/, function($match) { 1 })", "D3012", "non-string"),
    ("$replace('ab', /x*/, 'y')", "D1004", "zero length"),
    ("$split('a', 'b', -1)", "D3020", "split function"),
    ("$reduce([1, 2], function($item) { $item })", "D3050", "two arguments"),
    ("$sqrt(-1)", "D3060", "-1"),
    ("$power(2, nothing)", "D3061", "base=2"),
    ("$sort([1, 'a'])", "D3070", "array of numbers"),
    ("$formatBase(1, 1)", "D3100", "given 1"),
    ("$formatBase(1, 37)", "D3100", "given 37"),
    ("$single([1, 1])", "D3138", "matched more"),
    ("$single([1], function() { false })", "D3139", "matched 0"),
    ("sum(1)", "T1005", "Did you mean $sum?"),
    ("nope(1)", "T1006", "non-function"),
]
"""Code and words of jsonata-js's table of errors (its `errorCodes`)."""


@pytest.mark.parametrize(
    ("source", "code", "words"), JSONATA_CODES, ids=[source for source, *_ in JSONATA_CODES]
)
def test_a_failure_has_the_code_of_the_reference_implementation(
    evaluator: Evaluator, source: str, code: str, words: str
) -> None:
    """An author can look it up, and reads what it is about."""
    error = refused(evaluator, "${jsonata: " + source + "}")
    assert error.code == "expression-jsonata-failed"
    assert error.params["jsonataCode"] == code
    assert words in str(error.params["jsonataMessage"])


IN_BOTH = ("1 + 'a'", "$error('no')", "nothing", "1 / 0", "$sum", "[1..1000]", "$parse('{')")


@pytest.mark.parametrize("source", IN_BOTH)
def test_the_helper_process_refuses_alike(evaluator: Evaluator, source: str) -> None:
    """The code, the params, and whether something is only absent cross the process whole."""
    here = refused(evaluator, f"jsonata: {source}")
    there = refused(evaluator, f"jsonata: ($f := function() {{ {source} }}; $f())")
    assert (here.code, here.params, here.is_absent) == (there.code, there.params, there.is_absent)


def test_texts_in_params_are_masked() -> None:
    """Those that quote data, and names; the sentence is made of what is masked."""
    error = ExpressionError.of(
        "expression-no-name", expression="${$.a}", path="$", name="a", known=["s3cret", "b"]
    )
    error.mask(lambda text: text.replace("s3cret", "***"))
    assert error.known == ("***", "b")
    assert "s3cret" not in json.dumps([error.to_json(), error.problem().to_json()])
    assert Problem.of(error.code, "", **error.params).message == error.message


@pytest.mark.parametrize(
    ("condition", "code", "params"),
    [
        ("$.none.x > 1", "condition-no-member", {"path": "$.none", "found": "null", "name": "x"}),
        ("$.rfi == 7", "condition-types", {"left": "an object", "right": "a number"}),
        ("$.items > 1", "condition-order", {"found": "an array"}),
    ],
)
def test_a_condition_refuses_with_a_code(condition: str, code: str, params: dict[str, Any]) -> None:
    """The platform's conditions, too."""
    with pytest.raises(ExpressionError) as caught:
        Comparison.of(condition).holds(DATA, "/x")
    check(caught.value, code, params)
