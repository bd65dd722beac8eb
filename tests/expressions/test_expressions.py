"""Expressions: where they stand in text, what they mean, and what an author is told about a wrong
one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.errors import ExpressionError, PluginError
from httptask.expressions import Evaluator, Renamed, escape, has_expression, is_expression
from httptask.expressions._template import Expression, split
from httptask.expressions.plugin import httptask_expression_languages
from httptask.model.policy import Limits
from httptask.protocols import ExpressionLanguage

SHIPPED: Mapping[str, ExpressionLanguage] = {
    language.name: language for language in httptask_expression_languages()
}
RUN = {
    "workflowId": "run-1",
    "sequenceNumber": 7,
    "workflowDefinitionId": "def-1",
    "workflowDefinitionVersion": 3,
}


class Upper:
    """A stranger's language: a name of the data, in upper case. Costly, so that it runs in the
    helper.
    """

    name = "upper"
    prefix = "upper:"

    def check(self, source: str) -> None:
        if not source.isidentifier():
            raise ValueError(f"{source!r} is no name")

    def is_cheap(self, source: str) -> bool:
        return source == "cheap"

    def evaluate(self, source: str, data: Any) -> Any:
        return data[source].upper()


class Odd:
    """A stranger's language that does everything wrong, here or in the helper."""

    name = "odd"
    prefix = "odd:"

    def check(self, source: str) -> None:
        raise ZeroDivisionError("oops")

    def is_cheap(self, source: str) -> bool:
        if source == "unsure":
            raise ZeroDivisionError("oops")
        return source.startswith("here")

    def evaluate(self, source: str, data: Any) -> Any:
        def fail() -> Any:
            raise ZeroDivisionError("oops")

        what = source.removeprefix("here ")
        results: dict[str, Callable[[], Any]] = {
            "set": lambda: {1},
            "tuple": lambda: (1, 2),
            "names": lambda: {1: 2},
            "nan": lambda: [float("nan")],
            "digits": lambda: 10**5000,
            "deep": lambda: json.loads("[" * 600 + "]" * 600),
            "environment": lambda: sorted(os.environ),
            "print": lambda: print("between the messages", flush=True),
            "wordless": wordless,
        }
        return results.get(what, fail)()

    def missing(self, source: str, shape: Any) -> LookupError | None:
        if source == "unsure":
            raise ZeroDivisionError("oops")
        return UnexpectedError("maybe")


class UnexpectedError(LookupError):
    """What is not there in the data that is expected, and may be there all the same."""

    is_certain = False


class WordlessError(ValueError):
    """An error that fails to say what it is."""

    def __str__(self) -> str:
        raise ZeroDivisionError("oops")


def wordless() -> Any:
    raise WordlessError


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator({**SHIPPED, "upper": Upper(), "odd": Odd()}, Limits())
    yield evaluator
    evaluator.close()


def evaluated(
    evaluator: Evaluator, value: Any, data: Any = None, pointer: str = "/x", run: Any = RUN
) -> Any:
    return asyncio.run(evaluator.evaluate(value, data, pointer=pointer, run=run))


def refused(evaluator: Evaluator, value: Any, data: Any = None, **options: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluated(evaluator, value, data, **options)
    return caught.value


# ----------------------------------------------------------------------------------------------
# where expressions stand

PLACES = [
    # text, has_expression, is_expression
    ("", False, False),
    ("plain", False, False),
    ("${$.a}", True, True),
    ("${ $.a }", True, True),
    ("a ${$.a}", True, False),
    ("${$.a} ", True, False),
    ("${$.a}${$.b}", True, False),
    ("$${$.a}", False, False),
    ("$$${$.a}", True, False),
    ("$$$${$.a}", False, False),
    ("${$.a", True, False),
    ("$ {a}", False, False),
    ("$a {b}", False, False),
    ("${$['}']}", True, True),
    ('${$["}"]}', True, True),
    (r"${$['\'}']}", True, True),
    (r"${$['\'']}", True, True),
    (r"${$['\\']}", True, True),
    (r"${$['\\'}']}", True, False),
    (r"${$['\']}", True, False),
    ("${jsonata: /**/'}'}", True, True),
    ("${jsonata: /*}*/1}", True, True),
    ("${jsonata: /*/ } */ 1}", True, True),
    ("${jsonata: 1 /* }", True, False),
    ("${jsonata: ``&'}'}", True, True),
    ("${jsonata: `}", True, False),
    ("${$[?@.a == '}']}", True, True),
    ('${jsonata: {"a": {"b": 1}}}', True, True),
    ('${jsonata: {"a": "}"}}', True, True),
    ("${jsonata: `}`}", True, True),
    ("${jsonata: 1 /* } */ }", True, True),
    (r"${jsonata: $match(a, /\}/)}", True, True),
    (r"${jsonata: $match(a, /\/'\}/)}", True, True),
    (r"${jsonata: $match(a, /[\{/']/)}", True, True),
    ("${jsonata: $match(a, /'{1,2}/)}", True, True),
    ("${jsonata: a / b} and c/d", True, False),
    ("${jsonata: (a)/2} '${$.b}", True, False),
    ("${$['`']}", True, True),
    ("${$['a'] }'", True, False),
    ("jsonata: 1 + 1", True, True),
    ("jsonata: '${'", True, True),
    (" jsonata: 1", False, False),
    ("about jsonata: 1", False, False),
    ("${jsonata: a} it's ${jsonata: b}", True, False),
]


@pytest.mark.parametrize(
    ("text", "has", "is_one"), PLACES, ids=[place[0] or "empty" for place in PLACES]
)
def test_expressions_are_found_in_text(text: str, has: bool, is_one: bool) -> None:
    """Braces nest; what stands in quotes, quoted names, comments and regular expressions does not
    count.
    """
    assert (has_expression(text), is_expression(text)) == (has, is_one)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a ${ $.b } c", ("a ", Expression("${ $.b }", "$.b", 2), " c")),
        ("${$.a}${$.b}", (Expression("${$.a}", "$.a", 0), Expression("${$.b}", "$.b", 6))),
        ("$${a} ${$['}']}!", ("${a} ", Expression("${$['}']}", "$['}']", 6), "!")),
        ("$$${$.a}", ("$", Expression("${$.a}", "$.a", 2))),
        ("jsonata: 1 ", (Expression("jsonata: 1 ", "jsonata: 1", 0),)),
        ("plain", ("plain",)),
        ("", ()),
    ],
)
def test_an_expression_is_shown_as_it_stands_in_its_text(
    text: str, parts: tuple[str | Expression, ...]
) -> None:
    """With its `${` and `}`, from its own character on, and without what stands around it."""
    template = split(text)
    assert (template.parts, template.unclosed) == (parts, None)
    for part in parts:
        assert isinstance(part, str) or text.startswith(part.written, part.start)


@pytest.mark.parametrize(
    ("text", "unclosed", "reason"),
    [
        ("a ${$.b", "${$.b", "it is not closed by }; write a literal ${ as $${"),
        ("a $$${b", "${b", "it is not closed by }; write a literal ${ as $${"),
        ("${$.a} ${{b", "${{b", "a { inside it is not closed by }; write a literal ${ as $${"),
        ("x${$['b}", "${$['b}", "the ' opened at its character 5 is not closed"),
    ],
)
def test_where_an_expression_that_does_not_end_begins(
    text: str, unclosed: str, reason: str
) -> None:
    """What comes before it stands; the rest of the text is named with the reason."""
    template = split(text)
    assert (template.unclosed, str(template.fault)) == (unclosed, reason)


LITERALS = [
    ("$${a}", "${a}"),
    ("$${", "${"),
    ("$${}", "${}"),
    ("x$${a}y$${b}z", "x${a}y${b}z"),
    ("$${$.a} is ${$.a}", "${$.a} is 1"),
    ("$${ ${$.a} }", "${ 1 }"),
    ("$$${$.a}", "$1"),
    ("$$$${$.a}", "$${$.a}"),
    ("$$$$${$.a}", "$$1"),
    ("cost: $5, $$, ${$.a}$", "cost: $5, $$, 1$"),
    ("$a {b} $$", "$a {b} $$"),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS, ids=[text for text, _ in LITERALS])
def test_a_dollar_sign_before_a_brace_is_doubled(
    evaluator: Evaluator, text: str, expected: str
) -> None:
    """`$${…}` is a literal `${…}`, also beside other expressions; of a run before `{`, two stand
    for one.
    """
    assert evaluated(evaluator, text, {"a": 1}) == expected


TEXTS = st.lists(
    st.sampled_from(
        [
            "$",
            "${",
            "$${",
            "}",
            "{",
            "'",
            '"',
            "\\",
            "`",
            "/",
            "/*",
            "$.a",
            "jsonata:",
            "swf:",
            "x:",
            " ",
            "[",
        ]
    )
    | st.text(max_size=3)
).map("".join)


@given(TEXTS)
@settings(deadline=None)
def test_an_escaped_text_evaluates_to_itself(text: str) -> None:
    """What `escape` returns has no expression, except a JSONata string, and comes back exactly."""
    evaluator = Evaluator(SHIPPED, Limits())
    if text.startswith("jsonata:"):
        assert is_expression(escape(text))
        return
    assert not has_expression(escape(text))
    assert evaluated(evaluator, escape(text)) == text


@pytest.mark.parametrize("text", ["jsonata: 1", 'jsonata:"}\\', "jsonata: 😀\n\x01\ud800 é"])
def test_an_escaped_jsonata_text_evaluates_to_itself(evaluator: Evaluator, text: str) -> None:
    """A text that starts like a whole value `jsonata: …` can be escaped too, and stays readable."""
    assert evaluated(evaluator, escape(text)) == text
    assert escape("jsonata: é") == '${jsonata:"jsonata: é"}'


@given(TEXTS)
@settings(deadline=None, max_examples=200)
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    """Whatever an author writes, checking returns problems and evaluating fails with our error; and
    they agree.
    """
    evaluator = Evaluator(SHIPPED, Limits())
    problems = evaluator.check({"t": text}, "/x")
    assert all(problem.pointer == "/x/t" for problem in problems)
    if "jsonata:" in text:
        return  # evaluated below, with a helper that is kept
    try:
        evaluated(evaluator, text, {"a": 1})
    except ExpressionError as error:
        failed = error
    else:
        assert not problems
        return
    assert failed.expression in text
    assert failed.code.startswith("expression-")
    assert failed.code not in NOT_OURS


@given(st.text("$abn()[]{}.,;:=<>!&|?+*/%~^@#'\"`\\ 01xe-", max_size=12))
@settings(deadline=None, max_examples=150)
def test_no_jsonata_raises_anything_but_an_expression_error(text: str) -> None:
    """The same for JSONata, whose library was ported from another language and slips in its own
    ways.
    """
    problems = jsonata_evaluator.check(f"jsonata: {text}", "")
    try:
        evaluated(jsonata_evaluator, f"jsonata: {text}", {"a": {"b": [1]}})
    except ExpressionError as error:
        failed = error
    else:
        assert not problems
        return
    assert failed.code not in NOT_OURS
    assert {problem.code for problem in problems} <= {failed.code}


jsonata_evaluator: Evaluator
NOT_OURS = ("expression-failed", "expression-error")
"""Codes of what was raised without one: a plugin's words, and what nobody foresaw."""


@pytest.fixture(autouse=True, scope="module")
def _jsonata_evaluator() -> Iterator[None]:
    # hypothesis wants no function-scoped fixture, and a helper for each example would be slow.
    global jsonata_evaluator
    jsonata_evaluator = Evaluator(SHIPPED, Limits())
    yield
    jsonata_evaluator.close()


# -------------------------------------------------------------------------------------------------------
# what they mean


def test_a_value_without_expressions_is_returned_as_it_is(evaluator: Evaluator) -> None:
    """Nothing is copied and nothing changed when there is nothing to do."""
    value = {"a": ["x", 1, None, {"b": "$5"}]}
    assert evaluated(evaluator, value) is value


def test_expressions_are_evaluated_at_any_depth_and_the_value_is_not_changed(
    evaluator: Evaluator,
) -> None:
    """Values of objects and items of lists are evaluated; names of objects are not; the author's
    value stays.
    """
    value = {"a": [{"b": "${$.n}"}], "${$.n}": "kept", "c": "n=${$.n}"}
    before = json.dumps(value)
    assert evaluated(evaluator, value, {"n": 5}) == {"a": [{"b": 5}], "${$.n}": "kept", "c": "n=5"}
    assert json.dumps(value) == before


def test_a_deeply_nested_value_is_evaluated(evaluator: Evaluator) -> None:
    """No depth of the settings is too much."""
    value: Any = "${$.n}"
    for _ in range(5000):
        value = [value]
    result = evaluated(evaluator, value, {"n": 5})
    for _ in range(5000):
        result = result[0]
    assert result == 5


JSON_VALUES = [
    "text",
    "",
    "5",
    5,
    2**70,
    5.5,
    5.0,
    1e300,
    True,
    False,
    None,
    [],
    [1, "a"],
    {},
    {"a": {"b": [None]}},
]


@pytest.mark.parametrize("value", JSON_VALUES, ids=repr)
def test_a_whole_expression_keeps_the_json_type(evaluator: Evaluator, value: Any) -> None:
    """A string that is wholly one expression takes the value with its JSON type."""
    result = evaluated(evaluator, "${$.v}", {"v": value})
    assert result == value
    assert type(result) is type(value)


AS_TEXT = [
    ("text", "text"),
    ('say "hi"', 'say "hi"'),
    (5, "5"),
    (5.5, "5.5"),
    (True, "true"),
    (None, "null"),
    ([1, "é"], '[1,"é"]'),
    ({"a": {"b": None}}, '{"a":{"b":null}}'),
]


@pytest.mark.parametrize(("value", "text"), AS_TEXT, ids=[text for _, text in AS_TEXT])
def test_inside_text_a_result_becomes_text(evaluator: Evaluator, value: Any, text: str) -> None:
    """A string is inserted as it is, anything else as JSON."""
    assert evaluated(evaluator, "<${$.v}|${$.v}>", {"v": value}) == f"<{text}|{text}>"


def test_what_a_result_says_is_not_evaluated_again(evaluator: Evaluator) -> None:
    """Data is data: `${…}` in it stays."""
    assert evaluated(evaluator, ["${$.v}", "x${$.v}"], {"v": "${$.w} $${a}"}) == [
        "${$.w} $${a}",
        "x${$.w} $${a}",
    ]


@pytest.mark.parametrize("name", RUN)
def test_swf_names_the_run(evaluator: Evaluator, name: str) -> None:
    """The four `swf:` names yield what the run says, with its type."""
    assert evaluated(evaluator, [f"${{swf:{name}}}", f"<${{ swf:{name} }}>"]) == [
        RUN[name],
        f"<{RUN[name]}>",
    ]


def test_a_swf_name_the_run_does_not_have_is_an_error(evaluator: Evaluator) -> None:
    """A definition that was never saved has no id; null means absent."""
    error = refused(
        evaluator,
        "${swf:workflowDefinitionId}",
        run={"workflowId": "r", "workflowDefinitionId": None},
    )
    assert error.known == ("workflowId",)
    assert "this run has no workflowDefinitionId" in str(error)


@pytest.mark.parametrize(
    "text", ["${jsonata: a + 1}", "${jsonata:a + 1}", "${ jsonata: a + 1 }", "jsonata: a + 1"]
)
def test_jsonata_is_selected_by_its_prefix(evaluator: Evaluator, text: str) -> None:
    """`${jsonata: …}`, or a whole value `jsonata: …`."""
    assert evaluated(evaluator, text, {"a": 1}) == 2


def test_what_an_expression_sees_is_the_document(evaluator: Evaluator) -> None:
    """`$.input`, `$.tasks['Name'].output` and `$.variables` are found where the specification
    says.
    """
    data = {
        "input": {"rfi": {"id": 5}},
        "tasks": {"Look up": {"output": {"statusCode": 200}}},
        "variables": {"v": "x"},
    }
    value = [
        "${$.input.rfi.id}",
        "${$.tasks['Look up'].output.statusCode}",
        '${$.tasks["Look up"].output}',
        "${$.variables.v}",
    ]
    assert evaluated(evaluator, value, data) == [5, 200, {"statusCode": 200}, "x"]


# ------------------------------------------------------------------------------------------------------
# JSONPath: the RFC

BOOKS = json.loads("""{ "store": {
    "book": [
      { "category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95 },
      { "category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99 },
      { "category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99 },
      { "category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8",
        "price": 22.99 } ],
    "bicycle": { "color": "red", "price": 399 } } }""")
BOOK = BOOKS["store"]["book"]
BICYCLE = BOOKS["store"]["bicycle"]
AUTHORS = ["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"]
NAMES = {"o": {"j j": {"k.k": 3}}, "'": {"@": 2}}
WILD = {"o": {"j": 1, "k": 2}, "a": [5, 3]}
LETTERS = list("abcdefg")
FILTERS: Any = {
    "a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
    "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}},
    "e": "f",
}
DESCENDANTS = {"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}
NULLS: Any = {"a": None, "b": [None], "c": [{}], "null": 1}

RFC_9535: list[tuple[str, Any, str, list[Any]]] = [
    # Section 1.5, table 2
    ("1.5", BOOKS, "$.store.book[*].author", AUTHORS),
    ("1.5", BOOKS, "$..author", AUTHORS),
    ("1.5", BOOKS, "$.store.*", [BOOK, BICYCLE]),
    ("1.5", BOOKS, "$.store..price", [8.95, 12.99, 8.99, 22.99, 399]),
    ("1.5", BOOKS, "$..book[2]", [BOOK[2]]),
    ("1.5", BOOKS, "$..book[2].author", ["Herman Melville"]),
    ("1.5", BOOKS, "$..book[2].publisher", []),
    ("1.5", BOOKS, "$..book[-1]", [BOOK[3]]),
    ("1.5", BOOKS, "$..book[0,1]", BOOK[:2]),
    ("1.5", BOOKS, "$..book[:2]", BOOK[:2]),
    ("1.5", BOOKS, "$..book[?@.isbn]", BOOK[2:]),
    ("1.5", BOOKS, "$..book[?@.price<10]", [BOOK[0], BOOK[2]]),
    # Section 2.2.3
    ("2.2.3", {"k": "v"}, "$", [{"k": "v"}]),
    # Section 2.3.1.3, table 5
    ("2.3.1.3", NAMES, "$.o['j j']", [{"k.k": 3}]),
    ("2.3.1.3", NAMES, "$.o['j j']['k.k']", [3]),
    ("2.3.1.3", NAMES, '$.o["j j"]["k.k"]', [3]),
    ("2.3.1.3", NAMES, """$["'"]["@"]""", [2]),
    # Section 2.3.2.3, table 6
    ("2.3.2.3", WILD, "$[*]", [{"j": 1, "k": 2}, [5, 3]]),
    ("2.3.2.3", WILD, "$.o[*]", [1, 2]),
    ("2.3.2.3", WILD, "$.o[*, *]", [1, 2, 1, 2]),
    ("2.3.2.3", WILD, "$.a[*]", [5, 3]),
    # Section 2.3.3.3, table 7
    ("2.3.3.3", ["a", "b"], "$[1]", ["b"]),
    ("2.3.3.3", ["a", "b"], "$[-2]", ["a"]),
    # Section 2.3.4.3, table 9
    ("2.3.4.3", LETTERS, "$[1:3]", ["b", "c"]),
    ("2.3.4.3", LETTERS, "$[5:]", ["f", "g"]),
    ("2.3.4.3", LETTERS, "$[1:5:2]", ["b", "d"]),
    ("2.3.4.3", LETTERS, "$[5:1:-2]", ["f", "d"]),
    ("2.3.4.3", LETTERS, "$[::-1]", ["g", "f", "e", "d", "c", "b", "a"]),
    # Section 2.3.5.3, table 12
    ("2.3.5.3", FILTERS, "$.a[?@.b == 'kilo']", [{"b": "kilo"}]),
    ("2.3.5.3", FILTERS, "$.a[?(@.b == 'kilo')]", [{"b": "kilo"}]),
    ("2.3.5.3", FILTERS, "$.a[?@>3.5]", [5, 4, 6]),
    ("2.3.5.3", FILTERS, "$.a[?@.b]", [{"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}]),
    ("2.3.5.3", FILTERS, "$[?@.*]", [FILTERS["a"], FILTERS["o"]]),
    ("2.3.5.3", FILTERS, "$[?@[?@.b]]", [FILTERS["a"]]),
    ("2.3.5.3", FILTERS, "$.o[?@<3, ?@<3]", [1, 2, 1, 2]),
    ("2.3.5.3", FILTERS, '$.a[?@<2 || @.b == "k"]', [1, {"b": "k"}]),
    ("2.3.5.3", FILTERS, '$.a[?match(@.b, "[jk]")]', [{"b": "j"}, {"b": "k"}]),
    ("2.3.5.3", FILTERS, '$.a[?search(@.b, "[jk]")]', [{"b": "j"}, {"b": "k"}, {"b": "kilo"}]),
    ("2.3.5.3", FILTERS, "$.o[?@>1 && @<4]", [2, 3]),
    ("2.3.5.3", FILTERS, "$.o[?@.u || @.x]", [{"u": 6}]),
    ("2.3.5.3", FILTERS, "$.a[?@.b == $.x]", [3, 5, 1, 2, 4, 6]),
    ("2.3.5.3", FILTERS, "$.a[?@ == @]", FILTERS["a"]),
    # Section 2.5.1.3, table 15
    ("2.5.1.3", LETTERS, "$[0, 3]", ["a", "d"]),
    ("2.5.1.3", LETTERS, "$[0:2, 5]", ["a", "b", "f"]),
    ("2.5.1.3", LETTERS, "$[0, 0]", ["a", "a"]),
    # Section 2.5.2.3, table 16
    ("2.5.2.3", DESCENDANTS, "$..j", [1, 4]),
    ("2.5.2.3", DESCENDANTS, "$..[0]", [5, {"j": 4}]),
    ("2.5.2.3", DESCENDANTS, "$..o", [{"j": 1, "k": 2}]),
    ("2.5.2.3", DESCENDANTS, "$.o..[*, *]", [1, 2, 1, 2]),
    ("2.5.2.3", DESCENDANTS, "$.a..[0, 1]", [5, 3, {"j": 4}, {"k": 6}]),
    # Section 2.6.1, table 17
    ("2.6.1", NULLS, "$.a", [None]),
    ("2.6.1", NULLS, "$.a[0]", []),
    ("2.6.1", NULLS, "$.a.d", []),
    ("2.6.1", NULLS, "$.b[0]", [None]),
    ("2.6.1", NULLS, "$.b[*]", [None]),
    ("2.6.1", NULLS, "$.b[?@]", [None]),
    ("2.6.1", NULLS, "$.b[?@==null]", [None]),
    ("2.6.1", NULLS, "$.c[?@.d==null]", []),
    ("2.6.1", NULLS, "$.null", [1]),
]
SINGULAR = {"$", "$[1]", "$[-2]", "$.a", "$.a[0]", "$.a.d", "$.b[0]", "$.null"} | {
    query for s, _, query, _ in RFC_9535 if s == "2.3.1.3"
}


@pytest.mark.parametrize(
    ("data", "query", "nodes"),
    [row[1:] for row in RFC_9535],
    ids=[f"{row[0]} {row[2]}" for row in RFC_9535],
)
def test_the_tables_of_rfc_9535(
    evaluator: Evaluator, data: Any, query: str, nodes: list[Any]
) -> None:
    """A singular query yields its value, and is an error when there is none; any other yields a
    list, maybe empty.
    """
    text = "${" + query + "}"
    assert evaluator.check(text, "") == []
    if query not in SINGULAR:
        assert evaluated(evaluator, text, data) == nodes
    elif nodes:
        assert evaluated(evaluator, text, data) == nodes[0]
    else:
        refused(evaluator, text, data)


def test_every_descendant_of_the_bookstore(evaluator: Evaluator) -> None:
    """`$..*` of section 1.5: all member values and array elements of the input, in any order."""
    found = evaluated(evaluator, "${$..*}", BOOKS)
    leaves = [item for item in found if not isinstance(item, dict | list)]
    assert len(found) == 27
    assert sorted(map(str, leaves)) == sorted(
        str(value) for part in (*BOOK, BICYCLE) for value in part.values()
    )


COMPARISONS = [  # section 2.3.5.3, table 11
    ("$.absent1 == $.absent2", True),
    ("$.absent1 <= $.absent2", True),
    ("$.absent == 'g'", False),
    ("$.absent1 != $.absent2", False),
    ("$.absent != 'g'", True),
    ("1 <= 2", True),
    ("1 > 2", False),
    ("13 == '13'", False),
    ("'a' <= 'b'", True),
    ("'a' > 'b'", False),
    ("$.obj == $.arr", False),
    ("$.obj != $.arr", True),
    ("$.obj == $.obj", True),
    ("$.obj != $.obj", False),
    ("$.arr == $.arr", True),
    ("$.arr != $.arr", False),
    ("$.obj == 17", False),
    ("$.obj != 17", True),
    ("$.obj <= $.arr", False),
    ("$.obj < $.arr", False),
    ("$.obj <= $.obj", True),
    ("$.arr <= $.arr", True),
    ("1 <= $.arr", False),
    ("1 >= $.arr", False),
    ("1 > $.arr", False),
    ("1 < $.arr", False),
    ("true <= true", True),
    ("true > true", False),
]


@pytest.mark.parametrize(
    ("comparison", "holds"), COMPARISONS, ids=[text for text, _ in COMPARISONS]
)
def test_the_comparisons_of_rfc_9535(evaluator: Evaluator, comparison: str, holds: bool) -> None:
    """Table 11: what is absent equals what is absent, and only numbers and strings have an
    order.
    """
    data = {"obj": {"x": "y"}, "arr": [2, 3]}
    assert evaluated(evaluator, f"${{$.obj[?{comparison}]}}", data) == (["y"] if holds else [])


WELL_TYPED = [  # section 2.4.9, table 14
    ("$[?length(@) < 3]", True),
    ("$[?length(@.*) < 3]", False),
    ("$[?count(@.*) == 1]", True),
    ("$[?count(1) == 1]", False),
    ("$[?match(@.timezone, 'Europe/.*')]", True),
    ("$[?match(@.timezone, 'Europe/.*') == true]", False),
    ('$[?value(@..color) == "red"]', True),
    ("$[?value(@..color)]", False),
]


@pytest.mark.parametrize(("query", "valid"), WELL_TYPED, ids=[query for query, _ in WELL_TYPED])
def test_functions_are_well_typed(evaluator: Evaluator, query: str, valid: bool) -> None:
    """Section 2.4.9: a query that is not well-typed is a problem before anything is evaluated."""
    assert bool(evaluator.check("${" + query + "}", "")) is not valid


INVALID_QUERIES = [
    "a",
    "@.a",
    "$.",
    "$..",
    "$.a b",
    "$.tasks.Look up.output",
    "$.tasks[Look up]",
    "$a",
    "$[01]",
    "$[a]",
    "$['a]",
    "$[1",
    "$[?@.a=1]",
    "$[?nope(@)]",
    "$[9007199254740992]",
    "$.a[?@.b == @.*]",
    "$.a-b",
]


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_what_is_no_query_of_rfc_9535_is_refused(evaluator: Evaluator, query: str) -> None:
    """The grammar is strict: names with other signs are quoted, and nothing is guessed. Checking
    and evaluating agree.
    """
    text = "${" + query + "}"
    [problem] = evaluator.check([text], "/tasks")
    assert problem.pointer == "/tasks/0"
    error = refused(evaluator, [text], {"a": 1}, pointer="/tasks")
    assert (error.pointer, error.expression) == ("/tasks/0", text)


def test_a_name_in_any_script_needs_no_quotes(evaluator: Evaluator) -> None:
    """RFC 9535, section 2.5.1.1: the shorthand allows every letter above U+007F."""
    assert evaluated(evaluator, "${$.名前.größe}", {"名前": {"größe": 5}}) == 5


def test_large_and_small_data_give_the_same(evaluator: Evaluator) -> None:
    """A query over large data goes to the helper process, and nobody can tell."""
    items = [{"id": n, "name": f"n{n}"} for n in range(4000)]
    for query, expected in [
        ("${$.items[*].id}", list(range(4000))),
        ("${$..id}", list(range(4000))),
        ("${$.items}", items),
        ("${$.items[3999].name}", "n3999"),
        ("${$.items[::2000]}", [items[0], items[2000]]),
    ]:
        assert evaluated(evaluator, query, {"items": items}) == expected
        assert len(evaluated(evaluator, query, {"items": items[:10] + [items[0]] * 3990})) > 0


# ----------------------------------------------------------------------------------------------
# JSONata: its documentation

FRED = {
    "FirstName": "Fred",
    "Surname": "Smith",
    "Age": 28,
    "Address": {"Street": "Hursley Park", "City": "Winchester", "Postcode": "SO21 2JN"},
    "Phone": [
        {"type": "home", "number": "0203 544 1234"},
        {"type": "office", "number": "01962 001234"},
        {"type": "office", "number": "01962 001235"},
        {"type": "mobile", "number": "077 7700 1234"},
    ],
    "Other": {
        "Over 18 ?": True,
        "Misc": None,
        "Alternative.Address": {"Street": "Brick Lane", "City": "London", "Postcode": "E1 6RF"},
    },
    "Numbers": [1, 2.4, 3.5, 10, 20.9, 30],
}
NUMBERS = ["0203 544 1234", "01962 001234", "01962 001235", "077 7700 1234"]

JSONATA_DOCS: list[tuple[str, Any]] = [
    # docs.jsonata.org/simple
    ("Surname", "Smith"),
    ("Age", 28),
    ("Address.City", "Winchester"),
    ("Other.Misc", None),
    ("Other.`Over 18 ?`", True),
    ("Phone[0]", FRED["Phone"][0]),  # type: ignore[index]
    ("Phone[-1].number", "077 7700 1234"),
    ("Phone.number", NUMBERS),
    ("Phone.number[0]", NUMBERS),
    ("(Phone.number)[0]", "0203 544 1234"),
    ("Phone[[0..1]].number", NUMBERS[:2]),
    ("$[0].Surname", "Smith"),
    # docs.jsonata.org/predicate
    ("Phone[type='mobile'].number", "077 7700 1234"),
    ("Phone[type='office'].number", ["01962 001234", "01962 001235"]),
    ("Phone[type='mobile'][].number", ["077 7700 1234"]),
    ("Address.*", ["Hursley Park", "Winchester", "SO21 2JN"]),
    ("*.Postcode", "SO21 2JN"),
    ("**.Postcode", ["SO21 2JN", "E1 6RF"]),
    # docs.jsonata.org/expressions
    ("FirstName & ' ' & Surname", "Fred Smith"),
    ("Address.(Street & ', ' & City)", "Hursley Park, Winchester"),
    ("5&0&true", "50true"),
    ("Numbers[0] + Numbers[1]", 3.4),
    ("Numbers[0] - Numbers[4]", -19.9),
    ("Numbers[0] * Numbers[1]", 2.4),
    ("Numbers[0] / Numbers[1]", 0.4166666666667),
    ("Numbers[2] % Numbers[5]", 3.5),
    ("Numbers[0] = Numbers[5]", False),
    ("Numbers[0] != Numbers[4]", True),
    ("Numbers[1] < Numbers[5]", True),
    ('"01962 001234" in Phone.number', True),
    ("(Numbers[2] != 0) and (Numbers[5] != Numbers[1])", True),
    # docs.jsonata.org/construction, /sorting-grouping, /programming
    ("{'a': Age, 'b': [1, 2]}", {"a": 28, "b": [1, 2]}),
    ("Phone{type: number}", {"home": NUMBERS[0], "office": NUMBERS[1:3], "mobile": NUMBERS[3]}),
    ("Phone^(number).type", ["office", "office", "home", "mobile"]),
    ("Age > 18 ? 'adult' : 'minor'", "adult"),
    ("($x := 2; $x * $x)", 4),
    ("$map([1..3], function($v) { $v * $v })", [1, 4, 9]),
    ("$distinct([[1, 2], [1, 2], [2, 1], {'a': [1]}, {'a': [1]}])", [[1, 2], [2, 1], {"a": [1]}]),
    ("$map(['a', 'b'], $uppercase)", ["A", "B"]),
    ("$map([2, 3], $power)", [1, 3]),
    ("$map([2, 3], $string)", ["2", "3"]),
    ("$map([1, 'a'], $exists)", [True, True]),
    ("$filter([0, 1, 2], $boolean)", [1, 2]),
    ("$reduce([2, 3], $power)", 8),
    ("$uppercase(Surname) ~> $length", 5),
    ("({'a': 1} ~> |nothing|{'a': 2}|).a", 1),
    ("$replace('a/b', /\\//, '-')", "a-b"),
    ("$match('ababbabbcc', /a(b+)/)[0].groups", ["b"]),
]


@pytest.mark.parametrize(
    ("source", "expected"), JSONATA_DOCS, ids=[source for source, _ in JSONATA_DOCS]
)
def test_the_examples_of_jsonatas_documentation(
    evaluator: Evaluator, source: str, expected: Any
) -> None:
    """They give what the documentation says, in both ways of writing."""
    assert evaluator.check(["${jsonata: " + source + "}", "jsonata: " + source], "") == []
    first, second = evaluated(evaluator, ["${jsonata: " + source + "}", "jsonata: " + source], FRED)
    assert first == second
    assert first == (pytest.approx(expected) if isinstance(expected, float) else expected)


JSONATA_NUMBERS: list[tuple[str, Any]] = [
    ("n", 5),
    ("n + 1", 6),
    ("n * 1.0", 5),
    ("10 / n", 2),
    ("n / 2", 2.5),
    ("$sum([n, n])", 10),
    ("$average([4, 6])", 5),
    ("$number('7')", 7),
    ("$floor(2.5)", 2),
    ("[1..3]", [1, 2, 3]),
    ("{'a': [n / 5]}", {"a": [1]}),
    ("id", 9007199254740993),
    ("whole", 5),
    ("1e300", 1e300),
]


@pytest.mark.parametrize(
    ("source", "expected"), JSONATA_NUMBERS, ids=[source for source, _ in JSONATA_NUMBERS]
)
def test_jsonatas_whole_numbers_are_integers(
    evaluator: Evaluator, source: str, expected: Any
) -> None:
    """A whole number is written without a fraction, as JSON.stringify would; a selected integer
    keeps every digit.
    """
    result = evaluated(
        evaluator, f"jsonata: {source}", {"n": 5, "id": 9007199254740993, "whole": 5.0}
    )
    assert (json.dumps(result) == json.dumps(expected)) or (
        isinstance(expected, float) and result == expected
    )


def test_jsonata_tells_null_from_nothing(evaluator: Evaluator) -> None:
    """null is a value; a name that does not exist yields nothing, which is an error that names what
    is known.
    """
    assert evaluated(evaluator, "${jsonata: a}", {"a": None}) is None
    assert evaluated(evaluator, "${jsonata: [a, b]}", {"a": None}) == [None]
    # A range without one of its ends, or from the larger number to the smaller, has no items.
    for items in ("1..b", "b..1", "2..1"):
        assert evaluated(evaluator, f"${{jsonata: [{items}]}}", {}) == []
    error = refused(evaluator, "${jsonata: b}", {"a": None, "c": 1})
    assert error.known == ("a", "c")
    assert "found nothing" in str(error)


REGEXES = [
    ("/a**/", False),
    ("/(?i)a/", True),
    ("/(?si)a**/", True),
    ("/(?i)a**/", True),
    ("/(?s)a**/", False),
    ("/[a-z]+/i", True),
    ("/(?<n>a)/", False),
    ("/a{2,1}/", False),
    ("/[[a]]/", True),
]


@pytest.mark.parametrize(("regex", "valid"), REGEXES, ids=[regex for regex, _ in REGEXES])
def test_regular_expressions_are_checked_too(evaluator: Evaluator, regex: str, valid: bool) -> None:
    """One that Python cannot read is a problem before anything is evaluated, and warns nobody.

    What ignores case may take long to read: that is seen when it is evaluated, where time is
    limited.
    """
    text = f"jsonata: $contains('a', {regex})"
    assert bool(evaluator.check(text, "")) is not valid


IMPURE = [
    "$now()",
    "$millis()",
    "$random()",
    "$shuffle([1, 2])",
    "$eval('1')",
    "$map([1], $random)",
    "($r := $now; $r())",
]


@pytest.mark.parametrize("source", IMPURE)
def test_jsonata_has_no_clock_and_no_chance(evaluator: Evaluator, source: str) -> None:
    """What is not pure is refused by name, when checked and when evaluated, however it is
    reached.
    """
    text = "${jsonata: " + source + "}"
    [problem] = evaluator.check(text, "")
    assert "is not available" in problem.message
    assert "is not available" in str(refused(evaluator, text))


def test_jsonata_does_not_fill_a_date_from_today(evaluator: Evaluator) -> None:
    """`$toMillis` with a year is pure; without one it would take today's, and is refused."""
    assert (
        evaluated(evaluator, "jsonata: $toMillis('2020-02-03', '[Y0001]-[M01]-[D01]')")
        == 1580688000000
    )
    assert evaluated(evaluator, "jsonata: $toMillis('2020-02-03T00:00:00Z')") == 1580688000000
    assert "no clock" in str(refused(evaluator, "jsonata: $toMillis('12:30', '[H01]:[m01]')"))


DEFAULTS: list[tuple[str, Any]] = [
    ("items[-1].p ?: 0", 3),
    ("items[-1].p ?? 0", 3),
    ("a[-1] ?? 0", 9),
    ("a[-1] ?: 0", 9),
    ("[1, 2, 3][-1] ?: 42", 3),
    ('items[p > -1].s ?: "none"', ["x", "y"]),
    ('$substring(s, -8) ?: ""', "12345678"),
    ("-5 ?: 99", -5),
    ("-5 ?? 99", -5),
    ("(-5) ?: 99", -5),
    ("0 ?: -1", -1),
    ("0 ?? -1", 0),
    ("nothing ?? -1", -1),
    ("null ?? 1", None),
    ("null ?: 1", 1),
    ("items[s = 'x'][-1].p ?: 0", 3),
    ("items{s: p} ?: 0", {"x": 1, "y": 2, "z": 3}),
    ("items^(>p)[0].p ?: 0", 3),
    ("$map(a, function($v) { -$v ?: -1 })", [-7, -8, -9]),
    ("nothing ?: nothing ?: a[-1]", 9),
    ("(function($n) { $n > 0 ? $n : nothing ?: -7 })(0)", -7),
    ("[a[0] ?: 1][]", [7]),
]


@pytest.mark.parametrize(("source", "expected"), DEFAULTS, ids=[source for source, _ in DEFAULTS])
def test_the_left_side_of_a_default_is_what_it_is_alone(
    evaluator: Evaluator, source: str, expected: Any
) -> None:
    """`?:` stands in for what is false, `??` for nothing; the left side keeps its signs, filters
    and groups.
    """
    items = [{"p": 1, "s": "x"}, {"p": 2, "s": "y"}, {"p": 3, "s": "z"}]
    items = [*items[:2], {"p": 3, "s": "x"}] if "'x'" in source else items
    items = [*items[:2], {"p": -1, "s": "z"}] if "p > -1" in source else items
    data = {"items": items, "a": [7, 8, 9], "s": "0012345678"}
    assert evaluated(evaluator, f"jsonata: {source}", data) == expected


def test_nested_defaults_are_checked_once() -> None:
    """Each level takes as long as the one inside it, not twice as long."""
    assert SHIPPED["jsonata"].check("(" * 60 + "a" + " ?: 1)" * 60) is None


TEXTS: list[tuple[str, Any]] = [
    ("$replace(s, /(a)(b)/, function($m) { $m.groups[0] })", "axa"),
    ("$replace(s, /(a)(b)/, function($m) { $m.groups[1] & $m.groups[0] })", "baxba"),
    ("$replace(s, /(a)(b)/, function($m) { $m.match & $m.start & $m.end })", "ab02xab35"),
    ("$replace(s, /(a)(b)/, '$2$1$0$$')", "baab$xbaab$"),
    ("$replace(s, /(a)(b)/, '[$1]', 1)", "[a]xab"),
    ("$replace(s, /a/, function($m) { 'aa' }, 1)", "aabxab"),
    ("$replace(s, 'a', 'aa', 1)", "aabxab"),
    ("$match(s, /(a)(b)/).groups", ["a", "b", "a", "b"]),
    ("$match(s, /(a)(b)/)[0]", {"match": "ab", "index": 0, "groups": ["a", "b"]}),
    ("$match(s, /a/, 1).index", 0),
    ("/(a)(b)/(s).groups", ["a", "b"]),
    ("$split(s, /x/)", ["ab", "ab"]),
    ("$contains(s, /b/)", True),
    ("$lowercase('STRASSE\u00df')", "strasse\u00df"),
    ("$string({'a': 'é'})", '{"a":"é"}'),
]


@pytest.mark.parametrize(("source", "expected"), TEXTS, ids=[source for source, _ in TEXTS])
def test_groups_begin_with_the_first_group(
    evaluator: Evaluator, source: str, expected: Any
) -> None:
    """JSONata's documentation: `match` is the whole match, `groups` what stands in parentheses."""
    assert evaluated(evaluator, f"jsonata: {source}", {"s": "abxab"}) == expected


WITHOUT = [
    "$contains(s, nothing)",
    "$contains(nothing, s)",
    "$contains(nothing, /a/)",
    "$match(nothing, /a/)",
    "$replace(nothing, 'a', 'b')",
    "$split(nothing, 'a')",
    "$substring(nothing, 1)",
    "$substringBefore(nothing, 'a')",
    "$substringAfter(nothing, 'a')",
    "$lowercase(nothing)",
    "$uppercase(nothing)",
    "$length(nothing)",
    "$trim(nothing)",
    "$pad(nothing, 5)",
    "$join(nothing)",
    "$string(nothing)",
    "$number(nothing)",
    "$parse(nothing)",
    "$formatNumber(nothing, '0')",
    "$formatBase(nothing)",
    "$formatInteger(nothing, '0')",
    "$parseInteger(nothing, '0')",
    "$base64encode(nothing)",
    "$base64decode(nothing)",
    "$encodeUrl(nothing)",
    "$decodeUrl(nothing)",
    "$encodeUrlComponent(nothing)",
    "$decodeUrlComponent(nothing)",
    "$toMillis(nothing)",
    "$fromMillis(nothing)",
]


@pytest.mark.parametrize("source", WITHOUT)
def test_a_function_of_nothing_yields_nothing(evaluator: Evaluator, source: str) -> None:
    """No function for texts fails because a name does not exist: the author is told that it yielded
    nothing.
    """
    assert "it found nothing" in refused(evaluator, f"jsonata: {source}", {"s": "x"}).message
    assert evaluated(evaluator, f"jsonata: {source} ?? 'default'", {"s": "x"}) == "default"


NULLS = [
    "$lowercase(n)",
    "$contains('a', n)",
    "$number(n)",
    "$sum(n)",
    "$floor(n)",
    "$split('a', n)",
    "$substring(n, 1)",
]


@pytest.mark.parametrize("source", NULLS)
def test_null_is_no_text_and_no_number(evaluator: Evaluator, source: str) -> None:
    """Null is a value, and of another type than the function takes; the error names the
    function.
    """
    name = source.partition("(")[0]
    assert f"of function {name} " in refused(evaluator, f"jsonata: {source}", {"n": None}).message


STABLE: list[tuple[str, str]] = [
    ("$sort(rows, function($l, $r) { $l.k > $r.k }).v", "bdface"),
    ("$sort(rows, function($l, $r) { $l.k < $r.k }).v", "acebdf"),
    ("rows^(k).v", "bdface"),
    ("rows^(>k).v", "acebdf"),
    ("rows^(k, >v).v", "fdbeca"),
]


@pytest.mark.parametrize(("source", "order"), STABLE, ids=[source for source, _ in STABLE])
def test_what_is_sorted_alike_keeps_its_order(
    evaluator: Evaluator, source: str, order: str
) -> None:
    """With a function and with the operator, upwards and downwards."""
    rows = [{"k": 2 - index % 2, "v": name} for index, name in enumerate("abcdef")]
    assert evaluated(evaluator, f"jsonata: {source}", {"rows": rows}) == list(order)


PARSED: list[tuple[str, Any]] = [
    ('$parse(\'{"a": [1, 2.5, null, "x"]}\')', {"a": [1, 2.5, None, "x"]}),
    ("$parse('[1, 2]')[1]", 2),
    ("$parse('7')", 7),
    ("$parse('null')", None),
    ("$parse('\"text\"')", "text"),
    ("body.$parse()", {"id": 9007199254740993}),
    ("body ~> $parse", {"id": 9007199254740993}),
    ("$parse(body).id = 9007199254740993", True),
]


@pytest.mark.parametrize(("source", "expected"), PARSED, ids=[source for source, _ in PARSED])
def test_parse_reads_json_text(evaluator: Evaluator, source: str, expected: Any) -> None:
    """`$parse`, as AWS Step Functions has it, with every digit."""
    assert (
        evaluated(evaluator, f"jsonata: {source}", {"body": '{"id": 9007199254740993}'}) == expected
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'a': 1}", "$parse: the text is not JSON: line 1, column 2"),
        ("", "$parse: the text is empty"),
        ("[NaN]", "NaN is not JSON"),
        ("[1e999]", "the number 1e999 is too large"),
        ("[" * 20_000 + "]" * 20_000, "nested too deeply"),
    ],
    ids=["quotes", "empty", "nan", "too-large", "deep"],
)
def test_what_is_no_json_text_is_refused(evaluator: Evaluator, text: str, said: str) -> None:
    """The sentence says what is wrong with the text, and where."""
    assert said in refused(evaluator, "jsonata: $parse(t)", {"t": text}).message


def test_evaluating_leaves_the_data_as_it_is(evaluator: Evaluator) -> None:
    """Grouping an empty list adds nothing to it."""
    assert evaluated(evaluator, "jsonata: (items{name: 1}; $count(items))", {"items": []}) == 0


JSONATA_FAILURES = [
    ("1 / 0", "not a finite number"),
    ("$power(10, 400)", "not a finite number"),
    ("$sum", "is a function"),
    ("1 + 'a'", "must evaluate to a number"),
    ("$error('the order is empty')", "the order is empty"),
    ("$nope()", "no function $nope"),
    ("$number('x')", "x"),
    ("$number('0x" + "f" * 1001 + "')", "0xfff"),
    ("$number('0b" + "1" * 1001 + "')", "0b111"),
    ("$number('0o" + "7" * 1001 + "')", "0o777"),
]


@pytest.mark.parametrize(
    ("source", "said"), JSONATA_FAILURES, ids=[source for source, _ in JSONATA_FAILURES]
)
def test_a_failing_jsonata_says_why(evaluator: Evaluator, source: str, said: str) -> None:
    """The library's sentence reaches the author, with the expression and its place."""
    error = refused(evaluator, {"a": "${jsonata: " + source + "}"}, {}, pointer="/tasks/T")
    assert said in error.message
    assert str(error).startswith("/tasks/T/a: expression ${jsonata: " + source + "}: ")


def test_checking_jsonata_leaves_the_process_as_it_was() -> None:
    """The library raises the recursion limit when it is imported; that is the host's business."""
    program = (
        "import sys; from httptask.expressions import Evaluator; from httptask.model.policy import"
        " Limits;from httptask.expressions.plugin import httptask_expression_languages as"
        " languages;before = sys.getrecursionlimit(); lazy = 'jsonata' not in sys.modules and"
        " 'jsonpath_rfc9535' not in sys.modules;Evaluator({x.name: x for x in languages()},"
        " Limits()).check(['jsonata: 1', '${$.a}'], '');assert 'jsonata' in sys.modules and"
        " 'jsonpath_rfc9535' in sys.modules;print(lazy, sys.getrecursionlimit() == before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


# -------------------------------------------------------------------------------------------------
# what an author is told

WRONG_NAMES: list[tuple[str, str, tuple[str, ...]]] = [
    (
        "$.rfi.idd",
        "`$.rfi` has no name 'idd'; known: id, number; did you mean id?",
        ("id", "number"),
    ),
    (
        "$.rfj.id",
        "`$` has no name 'rfj'; known: rfi, items, Look up, none, s; did you mean rfi?",
        ("rfi", "items", "Look up", "none", "s"),
    ),
    ("$['Look up'].x", "`$['Look up']` has no name 'x'; it is empty", ()),
    (
        "$.items.id",
        (
            "`$.items` is a list, so it has no name 'id'; `$.items[0].id` is that of the first"
            " item, `$.items[*].id` of each"
        ),
        (),
    ),
    ("$.items[2]", "`$.items` has no item 2; it is a list of 2, counted from 0", ()),
    ("$.items[-3]", "`$.items` has no item -3; it is a list of 2, counted from 0", ()),
    ("$.items[0].x.y", "`$.items[0]` has no name 'x'; known: id", ("id",)),
    ("$.rfi[0]", "`$.rfi` is an object, so it has no item 0; known: id, number", ("id", "number")),
    ("$.none.x", "`$.none` is null, so it has no name 'x'", ()),
    ("$.s.x", "`$.s` is a string, so it has no name 'x'", ()),
    ("$.s[0]", "`$.s` is a string, so it has no item 0", ()),
    ("$.rfi.id.x", "`$.rfi.id` is a number, so it has no name 'x'", ()),
]


@pytest.mark.parametrize(
    ("query", "message", "known"), WRONG_NAMES, ids=[query for query, _, _ in WRONG_NAMES]
)
def test_a_name_that_does_not_exist(
    evaluator: Evaluator, query: str, message: str, known: tuple[str, ...]
) -> None:
    """The error says where the path stopped, which names were known there, and which was probably
    meant.
    """
    data = {
        "rfi": {"id": 5, "number": "7"},
        "items": [{"id": 1}, {"id": 2}],
        "Look up": {},
        "none": None,
        "s": "text",
    }
    error = refused(
        evaluator, {"query": {"a/b": "x ${" + query + "}"}}, data, pointer="/tasks/Tell/httpRequest"
    )
    assert error.message == message
    assert error.known == known
    assert error.expression == "${" + query + "}"
    assert error.pointer == "/tasks/Tell/httpRequest/query/a~1b"
    assert error.retryable is False


def test_among_very_many_names_the_error_stays_short(evaluator: Evaluator) -> None:
    """Ten names are shown and two hundred kept, so that an error never grows with the data."""
    error = refused(evaluator, "${$.x}", {f"name{n}": n for n in range(100_000)})
    assert "and 99990 more" in error.message
    assert len(error.known) == 200


def test_all_problems_are_reported_at_once(evaluator: Evaluator) -> None:
    """Checking walks the whole value and gives each problem its place, in order; what is right is
    not mentioned.
    """
    value = {
        "url": "https://x/${$.a}/${$.b c}/${",
        "headers": {"${": "names are not looked at", "A": "${jsonata: (}", "B": "$${"},
        "body": [
            1,
            None,
            "${foo: 1}",
            "${swf:workflowID}",
            "${}",
            "jsonata:",
            "${jsonata: }",
            "${$.fine}",
        ],
    }
    problems = evaluator.check(value, "/tasks/A~1B")
    assert [problem.pointer.removeprefix("/tasks/A~1B") for problem in problems] == [
        "/url",
        "/url",
        "/headers/A",
        *(f"/body/{index}" for index in range(2, 7)),
    ]
    said = "\n".join(problem.message for problem in problems)
    for part in (
        "${$.b c}",
        "not closed",
        "JSONata",
        "'foo:' selects no expression language",
        "'workflowID'",
        "empty",
        "nothing follows",
    ):
        assert part in said
    assert problems[4].suggestion == "workflowId"
    assert {problem.severity for problem in problems} == {"error"}


def test_a_misspelt_language_is_suggested(evaluator: Evaluator) -> None:
    """The known prefixes are named."""
    [problem] = evaluator.check("${jsonatta: 1}", "")
    assert problem.suggestion == "jsonata:"
    error = refused(evaluator, "${jsonatta: 1}")
    assert set(error.known) == {"jsonata:", "upper:", "odd:", "swf:"}
    assert "did you mean jsonata:?" in str(error)


def test_a_missing_dollar_sign_is_explained(evaluator: Evaluator) -> None:
    """The most common slip of people who come from another engine."""
    assert "as in `$.input.id`" in str(refused(evaluator, "${input.id}", {"input": {"id": 1}}))


UNCLOSED = [
    "${",
    "a ${$.b",
    "${jsonata: {}",
    "${$['a}",
    "${jsonata: `a}",
    "${jsonata: /* }",
    "${jsonata: a ~> /}",
]


@pytest.mark.parametrize("text", UNCLOSED)
def test_an_expression_that_does_not_end(evaluator: Evaluator, text: str) -> None:
    """It is reported with the rest of the text as the expression, and never sent as text."""
    [problem] = evaluator.check(text, "/p")
    assert "not closed" in problem.message
    error = refused(evaluator, text, pointer="/p")
    assert error.expression == text[text.index("${") :]
    assert "not closed" in error.message


def test_an_expression_has_a_longest_length(evaluator: Evaluator) -> None:
    """More than 64 KiB is no expression a person wrote, and is not even read."""
    text = "${$['" + "a" * 70_000 + "']}"
    assert "longer than 65536 characters" in evaluator.check(text, "")[0].message
    assert "longer than 65536 characters" in str(refused(evaluator, text))


# --------------------------------------------------------------------------------------------------
# languages of strangers


def test_a_strangers_language_works_here_and_in_the_helper(evaluator: Evaluator) -> None:
    """A language from a plugin is selected by its prefix, checked and evaluated like ours."""
    assert evaluator.check("${upper: name}", "") == []
    assert (
        evaluator.check("${upper: a b}", "")[0].message
        == "expression ${upper: a b}: 'a b' is no name"
    )
    data = {"name": "fred", "cheap": "here"}
    assert evaluated(evaluator, ["${upper: name}", "<${upper:cheap}>"], data) == ["FRED", "<HERE>"]


@pytest.mark.parametrize("source", ["upper: nope", "upper: number"])
def test_a_strangers_error_becomes_ours(evaluator: Evaluator, source: str) -> None:
    """LookupError, AttributeError or anything: the caller gets our error with the expression."""
    error = refused(evaluator, "${" + source + "}", {"number": 5})
    assert error.expression == "${" + source + "}"
    assert "nope" in error.message or "AttributeError" in error.message


ODD = [
    ("set", "a Python set"),
    ("tuple", "a Python tuple"),
    ("names", "an object's name is a Python int"),
    ("nan", "only finite numbers"),
    ("digits", "thousands of digits"),
    ("deep", "nested deeper than 500"),
    ("fail", "ZeroDivisionError: oops"),
    ("wordless", "the evaluation failed: WordlessError"),
]


@pytest.mark.parametrize("where", ["here ", ""], ids=["here", "in the helper"])
@pytest.mark.parametrize(("what", "said"), ODD, ids=[what for what, _ in ODD])
def test_what_is_not_json_is_refused(
    evaluator: Evaluator, where: str, what: str, said: str
) -> None:
    """A result that is not JSON reaches nobody, and no foreign exception does."""
    assert said in str(refused(evaluator, f"${{odd: {where}{what}}}"))


def test_a_strangers_renaming_is_certain_unless_it_says_otherwise() -> None:
    """A language that only returns the new source leaves nothing open."""
    assert Renamed("a") == Renamed("a", is_doubtful=False, yields_tasks=False)


def test_a_language_that_fails_its_check(evaluator: Evaluator) -> None:
    """An exception of another kind is a problem like any other; one about the cost means costly."""
    assert "ZeroDivisionError: oops" in evaluator.check("${odd: x}", "")[0].message
    assert "ZeroDivisionError: oops" in str(refused(evaluator, "${odd: unsure}"))


def test_what_a_strangers_language_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is a warning where the language is not sure, and none where it fails to tell."""
    monkeypatch.setattr(Odd, "check", lambda self, source: None)
    evaluator = Evaluator({"odd": Odd()}, Limits())
    [problem] = evaluator.check("${odd: x}", "/p", {"a": None})
    assert (problem.severity, problem.message) == ("warning", "expression ${odd: x}: maybe")
    assert evaluator.check("${odd: unsure}", "/p", {"a": None}) == []


def test_the_helper_knows_no_secrets_and_keeps_its_messages_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The environment stays with the parent; what a language prints does not end up between the
    messages.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", "hunter2hunter2")
    needed = ("DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "PATH", "PYTHONPYCACHEPREFIX", "SYSTEMROOT")
    for name in needed:  # to find Python's libraries, and where it may write
        monkeypatch.setenv(name, os.environ.get(name, str(tmp_path)))
    evaluator = Evaluator({"odd": Odd()}, Limits())
    try:
        names = evaluated(evaluator, "${odd: environment}")
        assert {"PYTHONPATH", *needed} <= set(names)
        assert "HTTPTASK_CREDENTIAL_CRM" not in names
        assert evaluated(evaluator, "${odd: print}") is None
    finally:
        evaluator.close()


def test_a_language_that_cannot_travel_is_explained() -> None:
    """An instance that cannot be pickled cannot be evaluated in the helper: said, not raised."""

    class Local(Upper):
        pass

    evaluator = Evaluator({"upper": Local()}, Limits())
    try:
        assert "cannot be sent to the helper process" in str(
            refused(evaluator, "${upper: a}", {"a": "x"})
        )
    finally:
        evaluator.close()


def test_two_languages_of_one_prefix_are_refused() -> None:
    """Both are named; the prefix of the run is nobody's."""

    class Other(Upper):
        name = "other"

    class Run(Upper):
        prefix = "swf:"

    with pytest.raises(PluginError, match=r"'upper' and 'other' have the same prefix 'upper:'"):
        Evaluator({"upper": Upper(), "other": Other()}, Limits())
    with pytest.raises(PluginError, match="names the run"):
        Evaluator({"upper": Run()}, Limits())


def test_without_a_default_language_a_query_is_explained() -> None:
    """A host may leave JSONPath out; then the prefixes that work are named."""
    evaluator = Evaluator({"upper": Upper()}, Limits())
    error = refused(evaluator, "${$.a}")
    assert "no default expression language" in str(error)
    assert error.known == ("upper:", "swf:")


def test_the_shipped_languages_keep_the_protocol() -> None:
    """JSONPath has the empty prefix and is the default; JSONata has its own."""
    assert all(isinstance(language, ExpressionLanguage) for language in SHIPPED.values())
    assert {name: language.prefix for name, language in SHIPPED.items()} == {
        "jsonpath": "",
        "jsonata": "jsonata:",
    }
