"""Numbers keep their digits: read, compared, calculated with, written, and handed on to the next
request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask import run_workflow
from httptask._core import strict_json
from httptask.errors import ExpressionError
from httptask.expressions import Evaluator, _numbers
from httptask.expressions.plugin import httptask_expression_languages
from httptask.model.policy import Limits
from httptask.workflow import load_definition
from servers import Peer, raw_server, respond, response
from tasks import call, http, runtime

PRICE = "12345678901234567.89"
DATA: Any = strict_json.parse("""{
        "id": 9007199254740993, "near": 9007199254740992, "whole": 9007199254740992.0, "price": 12345678901234567.89,
        "items": [{"id": 9007199254740992, "n": "A"}, {"id": 9007199254740993, "n": "B"}],
        "ids": [9007199254740993, 9007199254740992, 9007199254740993, 9007199254740991],
        "mixed": [9007199254740993, 9007199254740992.0, 9007199254740992.5, 12345678901234567.89, 0.5],
        "short": 5890840712243077, "e16": 1e16, "e21": 1e21, "tiny": 1e-7, "third": 0.3333333333333333,
        "text": "{\\"price\\": 12345678901234567.89, \\"id\\": 9007199254740993}"
    }""")


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator(
        {language.name: language for language in httptask_expression_languages()}, Limits()
    )
    yield evaluator
    evaluator.close()


def evaluated(evaluator: Evaluator, value: str, data: Any = DATA) -> Any:
    return asyncio.run(evaluator.evaluate(value, data, pointer="/x", run={}))


JSONPATH = [
    ("$.items[?@.id==9007199254740993].n", ["B"]),
    ("$.items[?@.id==9007199254740992].n", ["A"]),
    ("$.items[?@.id==9007199254740992.0].n", ["A"]),
    ("$.items[?@.id!=9007199254740993].n", ["A"]),
    ("$.items[?@.id>9007199254740992].n", ["B"]),
    ("$.items[?@.id>=9007199254740993].n", ["B"]),
    ("$.items[?@.id<9007199254740993].n", ["A"]),
    ("$.items[?@.id<=9007199254740992].n", ["A"]),
    ("$.items[?@.id==$.id].n", ["B"]),
    ("$.items[?@.id==$.whole].n", ["A"]),
    ("$.items[?@.id<9007199254740992.5].n", ["A"]),
    ("$.ids[?@==9007199254740993]", [9007199254740993, 9007199254740993]),
    ("$.mixed[?@==12345678901234567.89]", [Decimal(PRICE)]),
    ("$.mixed[?@>12345678901234567.88]", [Decimal(PRICE)]),
    ("$.mixed[?@>12345678901234567.89]", []),
    ("$[?@==10000000000000000]", [1e16]),
    ("$[?@==1e3]", []),
]


@pytest.mark.parametrize(("query", "expected"), JSONPATH, ids=[query for query, _ in JSONPATH])
def test_a_filter_of_jsonpath_compares_every_digit(
    evaluator: Evaluator, query: str, expected: Any
) -> None:
    """In data and in the query's own text, beyond 2**53 and between integers and decimals."""
    assert evaluated(evaluator, f"${{{query}}}") == expected


JSONATA = [
    ("id = 9007199254740992", False),
    ("id = 9007199254740993", True),
    ("id != near", True),
    ("id = whole", False),
    ("near = whole", True),
    ("id > near", True),
    ("id <= near", False),
    ("id < 9007199254740993.5", True),
    ("id in [9007199254740992]", False),
    ("{'a': [id]} = {'a': [near]}", False),
    ("items[id = 9007199254740993].n", "B"),
    ("items[id = $$.id].n", "B"),
    ("id + 1", 9007199254740994),
    ("id - near", 1),
    ("id * 3", 27021597764222979),
    ("id % 10", 3),
    ("-id % 10", -3),
    ("-id", -9007199254740993),
    ("-9007199254740993", -9007199254740993),
    ("id / 1", 9007199254740993),
    ("id / 3", 3002399751580331),
    ("id + 0.5", Decimal("9007199254740993.5")),
    ("whole + 1", 9007199254740993),
    ("[id..id + 2]", [9007199254740993, 9007199254740994, 9007199254740995]),
    ("$sum([id, 1])", 9007199254740994),
    ("$sum(ids)", 36028797018963969),
    ("$max(ids)", 9007199254740993),
    ("$min([id, near])", 9007199254740992),
    ("$average([id, id])", 9007199254740993),
    ("$sort(ids)", [9007199254740991, 9007199254740992, 9007199254740993, 9007199254740993]),
    ("$sort(mixed)[0]", 0.5),
    ("$sort(mixed)[2]", Decimal("9007199254740992.5")),
    ("items^(>id).n", ["B", "A"]),
    ("$distinct(ids)", [9007199254740993, 9007199254740992, 9007199254740991]),
    ("$count($distinct(mixed))", 5),
    ("$string(id)", "9007199254740993"),
    ("$number('9007199254740993')", 9007199254740993),
    ("$number('0x20000000000001')", 9007199254740993),
    ("$number('0X" + "f" * 1000 + "')", 16**1000 - 1),
    ("$number('0o" + "7" * 1000 + "')", 8**1000 - 1),
    ("$number('0b" + "1" * 1000 + "')", 2**1000 - 1),
    ("$abs(-id)", 9007199254740993),
    ("$floor(id)", 9007199254740993),
    ("$ceil(id)", 9007199254740993),
    ("$round(id)", 9007199254740993),
    ("$round(id, -1)", 9007199254740990),
    ("$power(id, 2)", 81129638414606699710187514626049),
    ("$sqrt(id * id)", 9007199254740993),
    ("$formatNumber(id, '#,##0')", "9,007,199,254,740,993"),
    ("$formatBase(id, 16)", "20000000000001"),
    ("$formatInteger(id, '0')", "9007199254740993"),
    ("$parseInteger('9007199254740993', '0')", 9007199254740993),
    ("$reduce(ids, function($a, $b) { $a + $b })", 36028797018963969),
    ("$filter(ids, function($v) { $v = 9007199254740992 })", 9007199254740992),
    ("$parse(text).id", 9007199254740993),
    ("$clone({'a': id}).a", 9007199254740993),
    ("({'a': 1} ~> |$|{'a': 9007199254740993}|).a", 9007199254740993),
    ("$type(price)", "number"),
    ("price", Decimal(PRICE)),
    ("price = 12345678901234567.89", True),
    ("price > 12345678901234567.88", True),
    ("price + 0.11", 12345678901234568),
    ("price * 2", Decimal("24691357802469135.78")),
    ("price - 12345678901234567", 0.89),
    ("price % 1", 0.89),
    ("price / 3", Decimal("4115226300411522.63")),
    ("-price", Decimal("-12345678901234567.89")),
    ("$sum([price, price])", Decimal("24691357802469135.78")),
    ("$round(price, 1)", Decimal("12345678901234567.9")),
    ("$floor(price)", 12345678901234567),
    ("$number('12345678901234567.89')", Decimal(PRICE)),
    ("$formatNumber(price, '#,##0.00')", "12,345,678,901,234,567.89"),
    ("$parse(text).price", Decimal(PRICE)),
    ("0.1 + 0.2", 0.1 + 0.2),
    ("1 / 3", 1 / 3),
    ("10 / 5", 2),
    ("3.5 % 30", 3.5),
]


@pytest.mark.parametrize(("source", "expected"), JSONATA, ids=[source for source, _ in JSONATA])
def test_jsonata_keeps_every_digit(evaluator: Evaluator, source: str, expected: Any) -> None:
    """Operators, functions and literals are exact for integers, and for decimals that a double
    would change.
    """
    result = evaluated(evaluator, f"jsonata: {source}")
    assert result == expected
    assert type(result) is type(expected)


REFUSED = [
    ("$reduce([1..11], function($a, $b) { $a * $a }, price)", "more than 1000 digits; round"),
    ("1e308 * 10", "not a finite number"),
    ("id % 0", "not a finite number"),
    ("price / 0", "not a finite number"),
    ("$formatInteger(id, 'w')", "with digits only"),
    ("1e400", "out of range: 1e400"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED, ids=[source for source, _ in REFUSED])
def test_what_cannot_be_exact_is_an_error_that_says_so(
    evaluator: Evaluator, source: str, message: str
) -> None:
    """Nothing is rounded in silence."""
    with pytest.raises(ExpressionError, match=message):
        evaluated(evaluator, f"jsonata: {source}")


AS_TEXT = [
    ("${jsonata: '/users/' & short}", "/users/5890840712243077"),
    ("${jsonata: $string(short)}", "5890840712243077"),
    ("${jsonata: $join([$string(id), $string(price)], '|')}", f"9007199254740993|{PRICE}"),
    (
        "${jsonata: $string({'a': id, 'b': [price, e16]})}",
        f'{{"a":9007199254740993,"b":[{PRICE},10000000000000000]}}',
    ),
    ("${jsonata: e16 & ''}", "10000000000000000"),
    ("${jsonata: e21 & ''}", "1e+21"),
    ("${jsonata: 1000000000000000000000 & ''}", "1000000000000000000000"),
    ("${jsonata: tiny & ''}", "1e-7"),
    ("${jsonata: 0.000001 & ''}", "0.000001"),
    ("${jsonata: third & ''}", "0.3333333333333333"),
    ("${jsonata: 2.0 & ''}", "2"),
    # JSONata's documentation: what is calculated is written with 15 digits.
    ("${jsonata: (0.1 + 0.2) & ''}", "0.3"),
    ("<${$.short}>", "<5890840712243077>"),
    ("<${$.id}|${$.price}>", f"<9007199254740993|{PRICE}>"),
    ("<${$.e16}|${$.e21}|${$.tiny}>", "<10000000000000000|1e+21|1e-7>"),
    ("<${$.third}|${$.whole}>", "<0.3333333333333333|9007199254740992>"),
    ("<${$.items[0]}>", '<{"id":9007199254740992,"n":"A"}>'),
    ("<${$.mixed[3:]}>", f"<[{PRICE},0.5]>"),
]


@pytest.mark.parametrize(("text", "expected"), AS_TEXT, ids=[text for text, _ in AS_TEXT])
def test_numbers_become_text_as_json_writes_them(
    evaluator: Evaluator, text: str, expected: str
) -> None:
    """Whole numbers in full; doubles with all of their digits, and an exponent only where
    ECMAScript writes one.
    """
    assert evaluated(evaluator, text) == expected


# JSON


@pytest.mark.parametrize(
    "text",
    [
        PRICE,
        "-12345678901234567.89",
        "0.1000000000000000055511151231257827",
        "52.370215700000001234",
        "1e-400",
        "123456789012345678901234567890123.25",
    ],
)
def test_a_decimal_that_a_double_would_change_is_written_digit_for_digit(text: str) -> None:
    """In every form JSON is written in, at any depth, next to text that holds anything."""
    value = strict_json.parse(f'{{"a": [{text}, "{text}"], "b": {text}}}')
    assert value["a"] == [Decimal(text), text]
    assert strict_json.dump(value) == f'{{"a": [{text}, "{text}"], "b": {text}}}'
    assert strict_json.dump(value, compact=True) == f'{{"a":[{text},"{text}"],"b":{text}}}'
    assert (
        strict_json.dump(value, indent=1)
        == f'{{\n "a": [\n  {text},\n  "{text}"\n ],\n "b": {text}\n}}'
    )
    assert strict_json.parse(strict_json.dump(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e23", 1e23),
        ("5.0", 5.0),
        ("-0.0", -0.0),
        ("13.404953999999975", 13.404953999999975),
        ("5e-324", 5e-324),
        ("12345678901234567890.0", 12345678901234567890),
        ("1234567890123456789.5e1", 12345678901234567895),
    ],
)
def test_what_a_double_or_an_integer_holds_is_one(text: str, value: Any) -> None:
    """A `Decimal` stands only for what nothing else can stand for."""
    read = strict_json.parse(text)
    assert (read, type(read)) == (value, type(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
def test_every_number_is_read_and_written_as_the_same_number(number: Decimal) -> None:
    """Decimal for decimal, whatever stands for it meanwhile."""
    written = strict_json.dump(strict_json.parse(str(number)))
    assert Decimal(written) == number


NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just(Decimal(PRICE))
)


def _meant(number: Any) -> Fraction:
    """The number as it is written, which for a double is its shortest form."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


@given(NUMBERS, NUMBERS)
def test_comparisons_are_those_of_the_numbers_as_they_are_written(left: Any, right: Any) -> None:
    """Checked against fractions, which are exact; equal numbers also have equal identities."""
    order = (_meant(left) > _meant(right)) - (_meant(left) < _meant(right))
    assert _numbers.compare(left, right) == order
    assert _numbers.equal(left, right) is (order == 0)
    assert (_numbers.identity(left) == _numbers.identity(right)) is (order == 0)


@given(st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70))
def test_arithmetic_with_integers_is_exact(left: int, right: int) -> None:
    """Sums, differences, products, and quotients that come out even."""
    assert _numbers.add(left, right) == left + right
    assert _numbers.subtract(left, right) == left - right
    assert _numbers.multiply(left, right) == left * right
    if right:
        assert _numbers.divide(left * right, right) == left
        assert _numbers.add(
            _numbers.multiply(right, (left - _numbers.remainder(left, right)) // right), 0
        ) == (left - _numbers.remainder(left, right))


# From one request to the next

BODY = f'{{"price": {PRICE}, "id": 9007199254740993}}'.encode()


def _requests(second: dict[str, Any], path: str = "/next", definition: str = "{}") -> bytes:
    """Run a workflow whose first task gets `BODY` and whose second sends *second*; return that
    request.
    """
    seen: list[bytes] = []

    def serve(peer: Peer) -> bool:
        seen.append(peer.read_request())
        peer.sendall(response(BODY, ("Content-Type", "application/json")))
        return True

    with raw_server(serve) as server, runtime() as shared:
        base = f"http://127.0.0.1:{server.port}"
        tasks = {
            "Get": {"type": "Http", "httpRequest": {"url": base}, "nextTask": "Next"},
            "Next": {
                "type": "Http",
                "inputParameters": {
                    "price": "${$.tasks['Get'].output.body.price}",
                    **strict_json.parse(definition),
                },
                "httpRequest": {"url": base + path, **second},
                "end": True,
            },
        }
        text = strict_json.dump({"name": "Two", "startTask": "Get", "tasks": tasks})
        run = run_workflow(load_definition("two.json", text.encode()), runtime=shared)
    assert run.error is None
    return seen[1]


HANDED_ON = [
    ({"method": "POST", "body": {"price": "${$.price}"}}, f'{{"price":{PRICE}}}'),
    ({"method": "POST", "body": ["${$.price}", "for ${$.price}"]}, f'[{PRICE},"for {PRICE}"]'),
    (
        {"method": "POST", "body": "${jsonata: {'price': price, 'twice': price * 2}}"},
        f'"price":{PRICE},"twice":24691357802469135.78',
    ),
    ({"query": {"price": "${$.price}", "text": "p${$.price}"}}, f"?price={PRICE}&text=p{PRICE} "),
    ({"query": {"prices": ["${$.price}", 1]}}, f"prices={PRICE}"),
    ({"url": "http://127.0.0.1/{p}", "pathParameters": {"p": "${$.price}"}}, f"/{PRICE} "),
    ({"headers": {"X-Price": "${$.price}"}}, f"X-Price: {PRICE}"),
    ({"cookies": {"price": "${$.price}"}}, f"price={PRICE}"),
    (
        {
            "method": "POST",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            "body": {"price": "${$.price}"},
        },
        f"price={PRICE}",
    ),
    (
        {
            "method": "POST",
            "headers": {"Content-Type": "multipart/form-data"},
            "body": {"price": "${$.price}"},
        },
        f"\r\n\r\n{PRICE}\r\n",
    ),
    (
        {"method": "POST", "headers": {"Content-Type": "text/plain"}, "body": "p${$.price}"},
        f"\r\n\r\np{PRICE}",
    ),
]


@pytest.mark.parametrize(("second", "sent"), HANDED_ON, ids=[sent.strip() for _, sent in HANDED_ON])
def test_a_response_s_digits_are_kept_through_to_the_next_request(
    second: dict[str, Any], sent: str
) -> None:
    """In a body, a query, a path, a header, a cookie, a form, a part and in text."""
    path = "/{p}" if second.pop("url", None) else "/next"
    assert sent in _requests(second, path).decode()


def test_a_definition_s_digits_are_kept_too() -> None:
    """What is written in a definition goes out as it is written."""
    request = _requests(
        {"method": "POST", "body": "${$}"}, definition=f'{{"limit": {PRICE}, "small": 0.10}}'
    )
    body = request.partition(b"\r\n\r\n")[2]
    assert body == f'{{"price":{PRICE},"limit":{PRICE},"small":0.1}}'.encode()


def test_a_result_holds_a_decimal_for_a_number_that_a_double_would_change() -> None:
    """In Python it is a `Decimal`, which `json` refuses to write and `str` writes digit for
    digit.
    """
    with raw_server(respond(response(BODY, ("Content-Type", "application/json")))) as server:
        result = call(http(f"http://127.0.0.1:{server.port}/"))
    assert result.body == {"price": Decimal(PRICE), "id": 9007199254740993}
    with pytest.raises(TypeError):
        json.dumps(result.body)
