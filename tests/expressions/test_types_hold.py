"""What is told of an expression beforehand holds for each document that its schema allows."""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from httptask._schema.value_types import SchemaSource
from httptask._schema.views import json_type
from httptask.expressions._jsonata import Jsonata
from httptask.expressions._jsonpath import JsonPath

NAMES = ("a", "b", "c")
SCALARS: dict[str, Any] = {
    "string": st.sampled_from(["", "a", "1"]),
    "integer": st.integers(-3, 3),
    "number": st.sampled_from([-1.5, 0, 0.5, 2]),
    "boolean": st.booleans(),
    "null": st.none(),
}
SCALAR_SCHEMAS = st.one_of(
    st.sampled_from([{"type": name} for name in SCALARS]),
    st.lists(st.sampled_from([*SCALARS]), min_size=1, max_size=3, unique=True).map(
        lambda names: {"type": names}
    ),
    st.sampled_from([{"enum": ["a", 1, None]}, {"const": 0.5}, {"const": True}]),
    st.sampled_from([{"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Word"}]),
)
DEFINITIONS = {
    "Word": {"type": "string"},
    "Tree": {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "additionalProperties": False,
    },
}


def _objects(inner: Any) -> Any:
    properties = st.dictionaries(st.sampled_from(NAMES), inner, min_size=1)
    return st.one_of(
        properties.map(
            lambda listed: {"type": "object", "properties": listed, "additionalProperties": False}
        ),
        st.tuples(properties, inner).map(
            lambda both: {
                "type": "object",
                "properties": both[0],
                "additionalProperties": both[1],
            }
        ),
        inner.map(lambda others: {"type": "object", "additionalProperties": others}),
    )


def _arrays(inner: Any) -> Any:
    return st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.tuples(st.lists(inner, min_size=1, max_size=2), inner).map(
            lambda both: {"type": "array", "prefixItems": both[0], "items": both[1]}
        ),
        st.lists(inner, min_size=1, max_size=2).map(
            lambda first: {"type": "array", "prefixItems": first, "items": False}
        ),
    )


SCHEMAS = st.recursive(
    SCALAR_SCHEMAS,
    lambda inner: st.one_of(
        _objects(inner),
        _arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
        inner.map(lambda one: {"allOf": [one, {}]}),
        st.tuples(inner, inner).map(lambda both: {"allOf": [{"anyOf": [*both]}, both[0]]}),
    ),
    max_leaves=8,
)


@st.composite
def documents(draw: st.DrawFn, schema: Any, depth: int = 0) -> Any:
    """Draw a value that *schema* most likely allows."""
    if schema is True or schema == {}:
        return draw(SCALARS["integer"])
    if "$ref" in schema:
        return draw(documents(DEFINITIONS[schema["$ref"].rpartition("/")[2]], depth))
    if "allOf" in schema:
        return draw(documents(schema["allOf"][-1] or schema["allOf"][0], depth))
    if "anyOf" in schema:
        return draw(documents(draw(st.sampled_from(schema["anyOf"])), depth))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "const" in schema:
        return schema["const"]
    types = schema["type"]
    name = draw(st.sampled_from(types)) if isinstance(types, list) else types
    if name == "object":
        return draw(_object_of(schema, depth + 1))
    if name == "array":
        return draw(_array_of(schema, depth + 1))
    return draw(SCALARS[name])


@st.composite
def _object_of(draw: st.DrawFn, schema: Any, depth: int) -> Any:
    listed, others = schema.get("properties", {}), schema["additionalProperties"]
    members = {}
    for name in NAMES if depth < 4 else ():
        inner = listed.get(name, others)
        if inner is not False and draw(st.booleans()):
            members[name] = draw(documents(inner, depth))
    return members


@st.composite
def _array_of(draw: st.DrawFn, schema: Any, depth: int) -> Any:
    first, items = schema.get("prefixItems", []), schema["items"]
    most = 0 if depth >= 4 else len(first) + (0 if items is False else 2)
    count = draw(st.integers(0, most))
    inner = [*first, *[items] * 2][:count]
    return [draw(documents(one, depth)) for one in inner]


SEGMENTS = st.one_of(
    st.sampled_from([f".{name}" for name in NAMES]),
    st.sampled_from(
        ["[0]", "[1]", "[-1]", "[*]", ".*", "[0:1]", "[::2]", "['a', 'b']", "[0, 'c']"]
    ),
    st.sampled_from(["..a", "..b", "..*", "..[0]"]),
    st.sampled_from(["[?@.a]", "[?@ > 0]", "[?@.b == $.a]", "[?!@.c]", "[?length(@.a) > 0]"]),
)
QUERIES = st.lists(SEGMENTS, max_size=4).map(lambda parts: "$" + "".join(parts))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(st.data(), SCHEMAS, QUERIES)
def test_no_query_finds_what_it_was_told_not_to(data: Any, schema: Any, query: str) -> None:
    """Nothing is found where nothing was told to be, and of no other types than told. The judges
    are the library for RFC 9535 and jsonschema.
    """
    root = {**schema, "$defs": DEFINITIONS}
    document = data.draw(documents(schema))
    assume(Draft202012Validator(root).is_valid(document))
    told = JsonPath().typed(query, SchemaSource(root).type_of(root))
    found = jsonpath_rfc9535.find(query, document).values()
    is_singular = jsonpath_rfc9535.compile(query).singular_query()
    selected = told.type if is_singular else told.type.items()
    assert {json_type(value) for value in found} <= selected.types, (query, document)
    if is_singular and told.missing:
        assert found == []


EXPRESSIONS = st.recursive(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(".".join),
    lambda inner: st.one_of(
        inner.map(lambda one: f"$count({one})"),
        inner.map(lambda one: f"$string({one})"),
        inner.map(lambda one: f"$boolean({one})"),
        inner.map(lambda one: f"[{one}]"),
        inner.map(lambda one: f'{{"a": {one}}}'),
        inner.map(lambda one: f"({one})[0]"),
        inner.map(lambda one: f"({one})[a = 1]"),
        inner.map(lambda one: f"({one})[-1].b"),
        inner.map(lambda one: f"a.({one})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}) = ({both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}) & ({both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"$exists({both[0]}) ? {both[0]} : {both[1]}"),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}) ?? ({both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"($x := {both[0]}; [$x, {both[1]}])"),
    ),
    max_leaves=4,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(st.data(), SCHEMAS, EXPRESSIONS)
def test_no_expression_yields_another_type_than_told(
    data: Any, schema: Any, expression: str
) -> None:
    """What JSONata yields, evaluated for real, is of a type that was told."""
    root = {**schema, "$defs": DEFINITIONS}
    document = data.draw(documents(schema))
    assume(Draft202012Validator(root).is_valid(document))
    told = Jsonata().typed(expression, SchemaSource(root).type_of(root))
    try:
        value = Jsonata().evaluate(expression, document)
    except (LookupError, ValueError):
        return  # it yields nothing, or fails
    assert json_type(value) in told.type.types, (expression, document)
    if isinstance(value, list):
        types = {json_type(item) for item in value}
        assert types <= told.type.items().types, (expression, document)


@pytest.mark.parametrize(
    ("expression", "types"),
    [
        ('{"b": a}', {"object"}),
        ("{}", {"object"}),
        ("[a]", {"array"}),
        ("-1", {"integer"}),
        ("a", {"string"}),
        ('a = "1" ? 1', {"integer"}),
        ('a = "1" ? 1 : a', {"integer", "string"}),
    ],
)
def test_an_expression_tells_its_own_type(expression: str, types: set[str]) -> None:
    """What it makes is known, and no other type is told; without an else there may be nothing."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert Jsonata().typed(expression, SchemaSource(schema).type_of(schema)).type.types == types
