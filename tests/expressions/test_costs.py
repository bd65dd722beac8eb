"""What an expression reads of its document, and what it may cost where it is evaluated."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonpath_rfc9535 import JSONPathEnvironment

from httptask._core.strict_json import number
from httptask.errors import ExpressionError
from httptask.expressions import Evaluator
from httptask.expressions._document import Document, only
from httptask.expressions._jsonata import Jsonata
from httptask.expressions._jsonpath import JsonPath
from httptask.expressions._result import is_small
from httptask.expressions.plugin import httptask_expression_languages
from httptask.model.policy import Limits

SHIPPED = {language.name: language for language in httptask_expression_languages()}


@pytest.fixture
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator(SHIPPED, Limits())
    yield evaluator
    evaluator.close()


def evaluated(evaluator: Evaluator, value: Any, data: Any) -> Any:
    return asyncio.run(evaluator.evaluate(value, data, pointer="/x", run={}))


READS: dict[str, str | None] = {
    "'x'": "",
    "a": "a",
    "`b-c`.a": "b-c.a",
    "a.b.c": "a.b.c",
    "a.b[c = 1].d": "a.b",
    "a[0].b": "a",
    "a[].b": "a.b",
    "$.a.b": "a.b",
    "$$.a.b": "a.b",
    "a.(b.c)": "a",
    "(a; b.c)": "a b.c",
    "(a).b": "a",
    "a[b = $$.c.d]": "a c.d",
    "a[b = c.d]": "a",
    "a.[$$.b]": "a b",
    "a.*": "a",
    "a.**": "a",
    "a[$]": "a",
    "a.$": "a",
    "*": None,
    "**": None,
    "$": None,
    "$$": None,
    "$$.*": None,
    "a.$$": None,
    "$$[0].a": None,
    "$[0].a": None,
    "$${'k': a}.b": None,
    "a.b.%": None,
    "a#$i.b": None,
    "a@$x.b": None,
    "a = b.c ? $$.d : e": "a b.c d e",
    "a ?: b": "a b",
    "a ?? b": "a b",
    "[a, b.c]": "a b.c",
    "{a: b.c}": "a b.c",
    "a{b: $$.c}": "a c",
    "{'k': a}[k = b]": "a",
    "a^(b)": "a",
    "a^($$.b)": "a b",
    "-a": "a",
    "($x := a; $x.b)": "a",
    "($x := $; $x.b)": None,
    "$string(a)": "a",
    "$string()": None,
    "a & $string()": None,
    "$string": None,
    "a ~> $string": "a",
    "a ~> $string()": "a",
    "a ~> $count": "a",
    "a ~> $count()": "a",
    "$lookup(a, 'b')": "a",
    "$lookup('b')": None,
    "a ~> $lookup('b')": "a",
    "$each(a, function($v) { b })": "a b",
    "$each(function($v) { b })": None,
    "$sift(a, function($v) { b })": "a b",
    "$sift(a)": None,
    "$map(a, $lookup)": "a",
    "$substring(?, 1)": None,
    "function($v) { b }(a)": "a b",
    "function($v)<x-:x> { b }(a)": None,
    "a.$string()": "a",
    "a.($f := $string; $f())": "a",
    "a.(function($v)<x-:x> { $v }())": "a",
    "$sum(a.b) + $count(c.d)": "a.b c.d",
}


@pytest.mark.parametrize("source", READS)
def test_a_jsonata_expression_reads_what_its_names_lead_to(source: str) -> None:
    """Names are followed from the document; what goes back to all of it, or takes it as its
    context, reads everything.
    """
    expected = READS[source]
    names = (
        None if expected is None else frozenset(tuple(path.split(".")) for path in expected.split())
    )
    assert Jsonata().reads(source) == names


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$.a.b[0].c", [("a", "b")]),
        ("$.a['b c'][*].d", [("a", "b c")]),
        ("$.a..b", [("a",)]),
        ("$.a['b', 'c']", [("a",)]),
        ("$.a[?@.b == 1]", [("a",)]),
        ("$.a[?@.b == $.c]", None),
        ("$", None),
        ("$..a", None),
        ("$[0].a", None),
        ("$['a', 'b'].c", None),
    ],
)
def test_a_jsonpath_query_reads_below_the_names_it_begins_with(source: str, expected: Any) -> None:
    """Up to what may select more than one value; a filter that goes back to the root may read
    everything.
    """
    assert JsonPath().reads(source) == expected


DATA = {"a": {"b": {"x": 1}, "c": 2}, "l": [{"b": 1, "c": 2}], "n": 3}


@pytest.mark.parametrize(
    ("reads", "part"),
    [
        ((), {"a": None, "l": None, "n": None}),
        ([("n",)], {"a": None, "l": None, "n": 3}),
        ([("a", "c")], {"a": {"c": 2}, "l": None, "n": None}),
        ([("a", "c"), ("a", "b", "x")], {"a": {"c": 2, "b": {"x": 1}}, "l": None, "n": None}),
        ([("a", "b", "y")], {"a": {"b": {"x": None}}, "l": None, "n": None}),
        ([("a", "y"), ("a", "c")], {"a": {"b": None, "c": 2}, "l": None, "n": None}),
        ([("a", "c"), ("a",)], {"a": DATA["a"], "l": None, "n": None}),
        ([("a", "c", "deeper")], {"a": {"c": 2}, "l": None, "n": None}),
        ([("l", "b")], {"a": None, "l": DATA["l"], "n": None}),
        ([("elsewhere", "b")], {"a": None, "l": None, "n": None}),
        (None, DATA),
    ],
)
def test_a_part_of_a_document_has_what_is_read_and_the_names_at_the_top(
    reads: Any, part: Any
) -> None:
    """Lists are kept whole; what is read of an object is kept alone, with the names beside a missing
    one; the same part is made once.
    """
    assert only(DATA, reads) == part
    assert list(only(DATA, reads)) == list(DATA)
    document = Document(DATA)
    assert document.part(reads) == part
    assert document.part(reads) is document.part(None if reads is None else list(reversed(reads)))
    assert Document([DATA]).part(reads) == only([DATA], reads) == [DATA]


SCALAR_FUNCTIONS = {
    "$abs(a.n)": 2,
    "$average(l)": 2,
    "$boolean(a)": True,
    "$ceil(a.n)": -2,
    "$contains(a.s, 'é')": True,
    "$count(l)": 3,
    "$exists(a.x)": False,
    "$floor(a.n)": -2,
    "$length(a.s)": 4,
    "$lowercase(a.s)": " né ",
    "$max(l)": 3,
    "$min(l)": 1,
    "$not(a)": False,
    "$number('5')": 5,
    "$string(a.n)": "-2",
    "$substring(a.s, 1)": "Né ",
    "$substringAfter(a.s, 'N')": "é ",
    "$substringBefore(a.s, 'N')": " ",
    "$sum(l)": 6,
    "$trim(a.s)": "Né",
    "$type(l)": "array",
    "$uppercase(a.s)": " NÉ ",
}
BOUNDED = {
    **SCALAR_FUNCTIONS,
    "$[0].a.n": -2,
    "$.l[-1]": 3,
    "$$.a.n": -2,
    "l[$ > 1][0]": 2,
    "l[$ = 3 or $ < 2]": [1, 3],
    "rows[n >= 2 and n <= 2].s": "y",
    "rows[n != 2].s": "x",
    "rows[n * 2 = 4].s": "y",
    "rows[s & '!' = 'x!'].n": 1,
    "rows[].n": [1, 2],
    "'x' in rows.s": True,
    "[l, a.n]": [1, 2, 3, -2],
    "[a, a].n": [-2, -2],
    "-a.n": 2,
    "a.n + 1 - 2 * 3 / 4 % 5": -2.5,
    "a.n * a.n * a.n * a.n * a.n": -32,
    "a.n & l[0] & null & true": "-21nulltrue",
    "a.x ? 1 : $sum([a.n, l])": 4,
    "a.x ?: a.y ?? 'none'": "none",
    "a.n = -2": True,
}


def test_what_costs_what_it_reads_stays_in_this_process(evaluator: Evaluator) -> None:
    """Paths, comparisons, arithmetic and functions of a scalar need no helper, and have their
    values.
    """
    data = {
        "a": {"n": -2, "s": " Né "},
        "l": [1, 2, 3],
        "rows": [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}],
    }
    texts = [f"${{jsonata: {source}}}" for source in BOUNDED]
    assert dict(zip(BOUNDED, evaluated(evaluator, texts, data), strict=True)) == BOUNDED
    assert evaluator._worker is None


UNBOUNDED = [
    "l.$$.l",
    "l.[$$.l]",
    "l.$sum($$.l)",
    "l.[$, $]",
    "l.$string($ & $)",
    "a[b]",
    "a[b].c",
    "a[b + 1]",
    "a[[0, 0]]",
    "a[b in c]",
    "a[b = [1]]",
    "a[b[c = 1] = 2]",
    "a[$count(b) = 1]",
    "a[b = $$.c]",
    "a.b[c = $$.c]",
    "$string([a])",
    "$string([$string([$string([a])])])",
    "[a] & ''",
    "[[[a] & ''] & ''] & ''",
    "'' & (x ? [a] : b)",
    "$string(a, true)",
    "a * b * c * d * e * f",
    "(a)",
    "($x := a)",
    "a ~> $count",
    "{a: b}",
    "a{b: c}",
    "a^(b)",
    "a#$i.b",
    "a@$x.b",
    "a.*",
    "**",
    "a.%",
    "[1..5]",
    "$map(a, $count)",
    "($f := $count; $f(a))",
    "$x",
    "$pad(a, 9)",
    "$string",
    "function($v) { $v }(a)",
    "$match(a, /b/)",
    "a.$count()",
]


@pytest.mark.parametrize("source", UNBOUNDED)
def test_what_may_cost_more_than_it_reads_is_evaluated_in_the_helper(source: str) -> None:
    """What is evaluated again for each value, chooses a value many times, or makes text or numbers
    grow is no bounded one.
    """
    assert not Jsonata().is_linear(source)


@pytest.mark.parametrize(
    ("query", "linear"),
    [
        ("$.a.b", True),
        ("$.a[*].b", True),
        ("$..a", True),
        ("$.a..b..c", False),
        ("$['a', 'b', 'c', 'd']", True),
        ("$['a', 'b']['c', 'd', 'e']", False),
        ("$['a', 'b', 'c', 'd', 'e']", False),
        ("$[1:5]", True),
        ("$[?@.b]", True),
        ("$[?!@.b.c && @.d || @[0] < 5]", True),
        ("$[?@ == 1]", True),
        ("$..[?@.b == 1 || !(2 < @.c)]", True),
        ("$[?@.b == @.c]", True),
        ("$..[?@.b == @.c]", False),
        ("$..[?1 == @.b && !(@ == @)]", False),
        ("$..[?@ == @ || 1 == @.b]", False),
        ("$[?@]", False),
        ("$[?@.*]", False),
        ("$[?@.b == $.c]", False),
        ("$[?length(@.b) == 1]", False),
        ("$[?@.b == 1 && match(@.c, 'a')]", False),
        ("$[?!(@.b || @..c)]", False),
        ("$[?@.b == '" + "x" * 186 + "']", True),
        ("$[?@.b == '" + "x" * 200 + "']", False),
    ],
)
def test_which_queries_cost_what_they_read(query: str, linear: bool) -> None:
    """Filters that only compare, one descendant segment, few selectors: the rest is evaluated in
    the helper.
    """
    assert JsonPath().is_linear(query) is linear


def test_only_short_expressions_are_bounded() -> None:
    """Each symbol may look at all data once; at most 64 of them do."""
    assert Jsonata().is_linear(" + ".join(["a"] * 21))
    assert not Jsonata().is_linear(" + ".join(["a"] * 22))


def test_a_list_of_positions_does_not_multiply_the_answer_in_this_process() -> None:
    """A response that says where to look, millions of times, meets the helper's bounds."""
    rows = [{"at": [0] * 2000, "names": ["x" * 50] * 2000}]
    bounded = Evaluator(SHIPPED, Limits(expression_seconds=5, expression_result=1000))
    try:
        with pytest.raises(ExpressionError):
            evaluated(bounded, "${jsonata: rows[at].names}", {"rows": rows})
        assert bounded._worker is not None
    finally:
        bounded.close()


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (1, 1),
        ("", 1),
        ("x" * 127, 2),
        ("x" * 128, 3),
        (2**255 - 1, 1),
        (2**255, 2),
        (-(2**511), 3),
        (True, 1),
        (None, 1),
        (1.5, 1),
        ([], 1),
        ([1, [2]], 4),
        ({"a": 1, "b": {"c": []}}, 4),
    ],
)
def test_a_size_counts_values_and_what_is_long_several_times(value: Any, size: int) -> None:
    """64 characters of a text, and 256 bits of an integer, count as one more."""
    assert is_small(value, size)
    assert not is_small(value, size - 1)


@pytest.mark.parametrize(
    ("values", "place"), [(5_000, "loop"), (5_001, "thread"), (500_001, "helper")]
)
def test_the_size_of_what_is_read_decides_where(values: int, place: str) -> None:
    """Little is looked through at once, more in a thread, most in the helper; what is not read does
    not count.
    """
    places: list[str] = []

    class Seen(Jsonata):
        """Notes where it is asked."""

        def evaluate(self, source: str, data: Any) -> Any:
            places.append(
                "loop" if threading.current_thread() is threading.main_thread() else "thread"
            )
            return super().evaluate(source, data)

    bounded = Evaluator({"jsonata": Seen()}, Limits())
    data = {
        "l": [0] * (values - 3),
        "other": None,
    }  # the object, the list and what is not read are values too
    data_with_more = {**data, "other": [0] * 600_000}
    if place == "helper":  # which loads the language by its name
        bounded.close()
        bounded = Evaluator(SHIPPED, Limits())
    try:
        assert evaluated(bounded, "${jsonata: $count(l)}", data_with_more) == values - 3
        assert (bounded._worker is not None) is (place == "helper")
        assert places == ([] if place == "helper" else [place])
    finally:
        bounded.close()


def nested(depth: int, of: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = of(value)
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${jsonata: a = b}", True), ("${jsonata: a in [b]}", True), ("${$.l[?@.a == @.b].c}", [5])],
)
def test_what_is_too_deep_for_this_process_is_evaluated_in_the_helper(
    evaluator: Evaluator, text: str, expected: Any
) -> None:
    """A host's recursion limit is its own business: data that a response may have is compared all
    the same.
    """
    one, other = (nested(490, lambda value: {"x": value}) for _ in range(2))
    data = {"a": one, "b": other, "l": [{"a": one, "b": other, "c": 5}]}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(800)
    try:
        assert evaluated(evaluator, text, data) == expected
    finally:
        sys.setrecursionlimit(limit)


ITEMS: list[Any] = [
    {"b": 1, "c": "x", "d": {"e": 1}},
    {"b": 2.0, "c": "y", "d": {"e": None}},
    {"b": None, "c": ""},
    {"b": [1, 2], "d": [{"e": 1}, {"e": 2}]},
    {"b": [], "c": "z", "d": {"e": [3]}},
    {"b": {}, "d": {"e": {}}},
    {"b": False, "c": "x"},
    {"b": True, "d": 5},
    {"b": number("0.10000000000000000001"), "c": "1"},
    {},
    [],
    [{"b": 1}],
    "x",
    7,
    None,
    True,
]
PREDICATES = [
    "b",
    "d.e",
    "d.e.f",
    "b = 1",
    "1 = b",
    "b != 1",
    "b = 'x'",
    "c = 'x'",
    "b = null",
    "null = d.e",
    "b = true",
    "b = d.e",
    "$ = 7",
    "$ = null",
    "b and c",
    "b or c",
    "(b = 1) or c = 'x'",
    "b = 1 and d.e = 1",
    "b = 1 or d.e = 2",
    "c & '!' = 'x!'",
    "c & d.e = '1'",
    "1",
    "'x'",
    "null",
    "d[e = 1].e = 1",
    "b[0] = 1",
    "d.e[] = 3",
    "{'k': b}.k = 1",
    "$string(c) = 'x'",
    "c in ['x', 'z']",
    "-1",
    "b.$ = 1",
    "*",
]


@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_filter_chooses_what_it_does_item_by_item(predicate: str) -> None:
    """What is asked the quick way is what the condition says of each value by itself."""
    language = Jsonata()

    def answer(source: str, data: Any) -> Any:
        try:
            return language.evaluate(source, data)
        except LookupError:
            return "nothing"
        except ValueError as error:
            return str(error)

    for size in (len(ITEMS), 1):
        for start in range(0, len(ITEMS), size):
            data = {"a": ITEMS[start : start + size]}
            assert answer(f"[a[{predicate}]]", data) == answer(f"[a[({predicate})]]", data)


COMPARED = [
    ("b", "<", "2"),
    ("b", "<=", "d.e"),
    ("c", ">", "'w'"),
    ("b", ">=", "b"),
    ("d.e", "<", "b"),
    ("b", "+", "1"),
]


@pytest.mark.parametrize(("left", "operator", "right"), COMPARED)
def test_a_filter_refuses_what_cannot_be_compared(left: str, operator: str, right: str) -> None:
    """Of each value the quick way says what the operator says alone: also that it cannot compare
    the two.
    """
    language = Jsonata()
    for item in ITEMS:
        outcomes = []
        for source in (f"[a[{left} {operator} {right}]]", f"[a[({left} {operator} {right})]]"):
            try:
                outcomes.append(repr(language.evaluate(source, {"a": [item]})))
            except ValueError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]


FILTERS = [
    "@.b",
    "!@.b",
    "@",
    "!@",
    "@.d.e",
    "@.b[0]",
    "@.b[-1]",
    "@.b[-3]",
    "@.b[2]",
    "@[0]",
    "@[0].b",
    "@.b == 1",
    "@.b != 1",
    "1 == @.b",
    "@.b == null",
    "@.x == @.y",
    "@.b == @.d.e",
    "@ == 7",
    "@ == 'x'",
    "@.c == 'x'",
    "@.c < 'y'",
    "@.c <= 'x'",
    "@.c > 'x'",
    "@.c >= 'x'",
    "@.b < 2",
    "@.b <= 2",
    "@.b > 1",
    "@.b >= 1",
    "2 > @.b",
    "@.b == true",
    "@.b == false",
    "@.b && @.c",
    "@.b || @.c",
    "@.b == 1 && @.c == 'x'",
    "@.b == 2 || @.c == 'x'",
    "!(@.b == 1 || @.c == 'z')",
    "@.b && (@.c || !@.d)",
    "@.d[*]",
    "@..e",
    "@.d[?@.e == 2]",
    "@['b', 'c']",
    "length(@.c) == 1",
    "count(@.*) == 2",
    "$[0].b == @.b",
    "1 == 1",
    "1 < 1",
]


@pytest.mark.parametrize("expression", FILTERS)
@pytest.mark.parametrize("form", ["list", "object", "scalar"])
def test_a_filter_selects_what_the_library_selects(expression: str, form: str) -> None:
    """With the library's own filters (RFC 9535, section 2.3.5), from lists and objects, and nothing
    from anything else.
    """
    items = json.loads(
        json.dumps(
            [item for item in ITEMS if not (isinstance(item, dict) and item.get("c") == "1")]
        )
    )
    data = {
        "list": items,
        "object": {f"n{index}": item for index, item in enumerate(items)},
        "scalar": "x",
    }[form]
    query = f"$[?{expression}]"
    selected = JSONPathEnvironment().find(query, data).values()
    assert JsonPath().evaluate(query, data) == selected


def calls(source: str) -> int:
    """Return how many calls of Python functions the evaluation of *source* takes."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    language = Jsonata()
    language.evaluate(source, {})
    sys.setprofile(counted)
    try:
        language.evaluate(source, {})
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("predicate", "most"), [("[0]", 2), ("[-1]", 2), ("[$ > 5]", 14), ("[true]", 4), ("[[0]]", 14)]
)
def test_a_predicate_of_each_value_makes_no_lists(predicate: str, most: int) -> None:
    """A predicate behind a step is applied to what each value yields: a position takes a call or
    two more for each of them.
    """
    plain, filtered = calls("[1..500].($ * 2)"), calls(f"[1..500].($ * 2){predicate}")
    assert filtered - plain <= most * 500


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[1..3].($ * 2)[0]", [2, 4, 6]),
        ("[1..3].($ * 2)[-1]", [2, 4, 6]),
        ("[1..3].($ * 2)[$ > 2]", [4, 6]),
        ("[1..3].($ * 2)[[0, 0]]", [2, 2, 4, 4, 6, 6]),
        ("[1..3].($ * 2)[$ > 2][0]", [4, 6]),
        ("[1..3].[$, $ * 2][1]", [2, 4, 6]),
        ("[1..3].($[$ = 2])[0]", 2),
        ("[1..1].($)[0]", 1),
        ("[1..1].($)[0][]", [1]),
        ("([1..3].($ * 2))[0]", 2),
        ('[{"a": null}].a[0]', None),
        ('[{"a": [[1, 2], [3]]}].a[0]', [1, 2]),
        ('[{"a": [[1, 2], [3]]}].a[0][0]', 1),
    ],
)
def test_what_a_predicate_of_each_value_chooses(source: str, expected: Any) -> None:
    """A predicate binds closer than the map before it (JSONata, "Predicate queries")."""
    assert Jsonata().evaluate(source, {}) == expected
