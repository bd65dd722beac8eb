"""What `httptask diff` says of two versions of a schema: what is accepted counts, not how it is
written.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from httptask.changes._acceptance import Acceptance
from httptask.changes._constraints import SchemaViews
from httptask.changes._schemas import SchemaChanges

TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}


def thing(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def a(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return thing({"a": schema}, **more)


def to(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


DEFINITIONS: dict[str, Any] = {
    "Cat": thing({"meow": TEXT}),
    "Dog": thing({"bark": TEXT}),
    "Cow": thing({"moo": TEXT}),
    "Node": thing({"next": to("Node"), "value": TEXT}),
    "Link": {"allOf": [to("Next"), thing({"value": TEXT})]},
    "Next": thing({"next": to("Link")}),
    "Loop": {"allOf": [to("Loop"), TEXT]},
    "NeedsB": {"required": ["b"]},
}
IF_TWO: dict[str, Any] = {"if": {"minProperties": 2}, "then": {"required": ["b"]}}
ONE_OF_TWO: dict[str, Any] = {"oneOf": [to("Cat"), to("Dog")]}

Case = tuple[dict[str, Any], dict[str, Any], list[str], list[str]]
CASES: dict[str, Case] = {
    # What refuses more: `!` in a request, a plain line in a response, which only promises more.
    "patternProperties": (
        a(TEXT),
        a(TEXT, patternProperties={"^x-": TEXT}),
        ["! body: now describes fields that match ^x-"],
        ["  body: now describes fields that match ^x-"],
    ),
    "patternProperties-of-a-closed-object": (
        a(TEXT, additionalProperties=False),
        a(TEXT, patternProperties={"^x-": TEXT}, additionalProperties=False),
        ["  body: now describes fields that match ^x-"],
        ["! body: now describes fields that match ^x-"],
    ),
    "patternProperties-of-a-map": (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": TEXT, "patternProperties": {"^x-": WHOLE}},
        ["! body: now describes fields that match ^x-"],
        ["! body: now describes fields that match ^x-"],
    ),
    "dependentSchemas": (
        a(TEXT),
        a(TEXT, dependentSchemas={"a": {"minProperties": 2}}),
        ["! body: now has rules for when a is given"],
        ["  body: now has rules for when a is given"],
    ),
    "dependentRequired": (
        a(TEXT),
        a(TEXT, dependentRequired={"a": ["b"]}),
        ['! body: now with dependentRequired {"a": ["b"]}'],
        ['  body: now with dependentRequired {"a": ["b"]}'],
    ),
    "required-where-nothing-was-described": (
        {},
        {"required": ["k"]},
        ["! body.k: now required"],
        ["  body.k: now required"],
    ),
    "condition": (
        a(TEXT),
        a(TEXT, **IF_TWO),
        [
            '! body: now with a condition {"if": {"minProperties": 2}, "then": {"required": ["b"]}}',
        ],
        [
            '  body: now with a condition {"if": {"minProperties": 2}, "then": {"required": ["b"]}}',
        ],
    ),
    "condition-asks-more": (
        a(TEXT, **IF_TWO),
        a(TEXT, **IF_TWO | {"then": {"required": ["c", "b"]}}),
        ["! body (then).c: now required"],
        ["  body (then).c: now required"],
    ),
    "condition-asks-otherwise": (
        a(TEXT, **IF_TWO),
        a(TEXT, **IF_TWO, **{"else": {"required": ["c"]}}),
        ["! body (else).c: now required"],
        ["  body (else).c: now required"],
    ),
    "refused-values": (
        a({"not": {"enum": ["x"]}}),
        a({"not": {"enum": ["x", "y"]}}),
        ['! body.a: not was {"enum": ["x"]}, is {"enum": ["x", "y"]}'],
        ['  body.a: not was {"enum": ["x"]}, is {"enum": ["x", "y"]}'],
    ),
    "format": (
        a(TEXT),
        a({**TEXT, "format": "uuid"}),
        ['! body.a: now with format "uuid"'],
        ['  body.a: now with format "uuid"'],
    ),
    "map-of-another-type": (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": WHOLE},
        ['! body (additionalProperties): type was "string", is "integer"'],
        ['! body (additionalProperties): type was "string", is "integer"'],
    ),
    "closed": (
        a(TEXT),
        a(TEXT, additionalProperties=False),
        ["! body: now with additionalProperties false"],
        ["  body: now with additionalProperties false"],
    ),
    # The other way round
    "opened-to-a-map": (
        a(TEXT, additionalProperties=False),
        a(TEXT, additionalProperties=TEXT),
        ['  body: additionalProperties was false, is {"type": "string"}'],
        ['! body: additionalProperties was false, is {"type": "string"}'],
    ),
    "alternative-more": (
        ONE_OF_TWO,
        {"oneOf": [to("Cow"), to("Dog"), to("Cat")]},
        ["  body: now also as Cow"],
        ["! body: now also as Cow"],
    ),
    "alternative-less": (
        {"oneOf": [to("Cow"), to("Dog"), to("Cat")]},
        ONE_OF_TWO,
        ["! body: no more as Cow"],
        ["  body: no more as Cow"],
    ),
    "first-alternatives": (
        to("Cat"),
        ONE_OF_TWO,
        ["  body: now also as Dog"],
        ["! body: now also as Dog"],
    ),
    "alternatives-of-an-element": (
        {"type": "array", "items": ONE_OF_TWO},
        {"type": "array", "items": {"anyOf": [to("Cow"), to("Dog"), to("Cat")]}},
        ["  body[]: now also as Cow"],
        ["! body[]: now also as Cow"],
    ),
    "field-of-an-alternative": (
        {"oneOf": [to("Cat"), a({**TEXT, "maxLength": 3})]},
        {"oneOf": [a({**TEXT, "maxLength": 4}), to("Cat")]},
        ["  body (object).a: maxLength was 3, is 4"],
        ["! body (object).a: maxLength was 3, is 4"],
    ),
    "const-to-values-that-hold-it": (
        a({"const": "x"}),
        a({"type": "string", "enum": ["y", "x"]}),
        ["  body.a: now also y"],
        ["! body.a: now also y"],
    ),
    "pattern-of-everything": (
        a({**TEXT, "pattern": "^x"}),
        a({**TEXT, "pattern": ".*"}),
        ['  body.a: no more with pattern "^x"'],
        ['! body.a: no more with pattern "^x"'],
    ),
    "longer-integers": (
        a({**WHOLE, "format": "int32"}),
        a({**WHOLE, "format": "int64"}),
        ['  body.a: format was "int32", is "int64"'],
        ['! body.a: format was "int32", is "int64"'],
    ),
    "multiples": (
        a({**WHOLE, "multipleOf": 4}),
        a({**WHOLE, "multipleOf": 2}),
        ["  body.a: multipleOf was 4, is 2"],
        ["! body.a: multipleOf was 4, is 2"],
    ),
    "null": (
        a(TEXT),
        a({"anyOf": [TEXT, {"type": "null"}]}),
        ['  body.a: type was "string", is ["string", "null"]'],
        ['! body.a: type was "string", is ["string", "null"]'],
    ),
    "condition-gone": (
        a(TEXT, **IF_TWO),
        a(TEXT),
        [
            (
                '  body: no more with a condition {"if": {"minProperties": 2}, "then": {"required":'
                ' ["b"]}}'
            ),
        ],
        [
            (
                '! body: no more with a condition {"if": {"minProperties": 2}, "then": {"required":'
                ' ["b"]}}'
            ),
        ],
    ),
    # One direction only
    "becomes-readOnly": (a(TEXT), a({**TEXT, "readOnly": True}), ["! body.a: now readOnly"], []),
    "becomes-readOnly-by-reference": (
        a(to("Cat")),
        a({"allOf": [to("Cat")], "readOnly": True}),
        ["! body.a: now readOnly"],
        [],
    ),
    "no-more-readOnly": (
        a({**TEXT, "readOnly": True}),
        a(TEXT),
        ["  body.a: no more readOnly"],
        [],
    ),
    "becomes-writeOnly": (a(TEXT), a({**TEXT, "writeOnly": True}), [], ["! body.a: now writeOnly"]),
    "readOnly-field": (
        a({**TEXT, "readOnly": True}),
        a({**WHOLE, "readOnly": True}, required=["a"]),
        [],
        ["  body.a: now required", '! body.a: type was "string", is "integer"'],
    ),
    "writeOnly-field": (
        a({**TEXT, "writeOnly": True}, required=["a"]),
        thing({}),
        ["  body.a: no more required", "! body.a: removed"],
        [],
    ),
    "default": (
        a({**WHOLE, "default": 20}),
        a({**WHOLE, "default": 100}),
        ["  body.a: default was 20, is 100"],
        [],
    ),
    # Both
    "deprecated": (
        a(TEXT),
        a({**TEXT, "deprecated": True}),
        ["  body.a: now deprecated"],
        ["  body.a: now deprecated"],
    ),
    "field-removed": (a(TEXT), thing({}), ["! body.a: removed"], ["! body.a: removed"]),
    "field-of-a-map-removed": (
        a(TEXT, additionalProperties=TEXT),
        thing({}, additionalProperties=TEXT),
        ["  body.a: removed"],
        ["  body.a: removed"],
    ),
    "field-added": (thing({}), a(TEXT), ["  body.a: added"], ["  body.a: added"]),
}
SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "allOf": (
        thing({"a": TEXT, "b": WHOLE}, required=["a"]),
        {"allOf": [a(TEXT, required=["a"]), thing({"b": WHOLE})]},
    ),
    "allOf-of-a-definition": (
        thing({"meow": TEXT, "b": WHOLE}),
        {"allOf": [to("Cat"), thing({"b": WHOLE})]},
    ),
    "allOf-that-is-closed": (
        {"allOf": [a(TEXT)], "unevaluatedProperties": False},
        a(TEXT, additionalProperties=False),
    ),
    "reordered": (ONE_OF_TWO, {"oneOf": [to("Dog"), to("Cat")]}),
    "reordered-without-names": ({"anyOf": [TEXT, WHOLE]}, {"anyOf": [WHOLE, TEXT]}),
    "anyOf-and-oneOf": (ONE_OF_TWO, {"anyOf": [to("Dog"), to("Cat")]}),
    "nested-alternatives": (
        {"oneOf": [to("Cat"), to("Dog"), to("Cow")]},
        {"oneOf": [{"oneOf": [to("Cow"), to("Cat")]}, to("Dog")]},
    ),
    "types": ({"anyOf": [TEXT, WHOLE]}, {"type": ["integer", "string"]}),
    "null": (a({"type": ["null", "string"]}), a({"oneOf": [{"type": "null"}, TEXT]})),
    "const": (a({"const": "x"}), a({"type": "string", "enum": ["x"]})),
    "values-with-titles": (
        {"oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]},
        {"enum": ["y", "x"]},
    ),
    "booleans": (a({"type": "boolean"}), a({"enum": [False, True]})),
    "values-of-a-type": (a({"type": "number", "enum": [1, 1.5, "x"]}), a({"enum": [1.5, 1]})),
    "bounds-of-integers": (a({**WHOLE, "minimum": 1}), a({**WHOLE, "exclusiveMinimum": 0})),
    "nothing": (
        a(TEXT),
        a({**TEXT, "minLength": 0, "pattern": "", "title": "A"}, required=[], minProperties=0),
    ),
    "another-type's-keyword": (a(WHOLE), a({**WHOLE, "maxLength": 10})),
    "order-of-required": (a(TEXT, required=["a", "b"]), a(TEXT, required=["b", "a"])),
    "order-of-dependentRequired": (
        a(TEXT, dependentRequired={"a": ["b", "c"], "d": []}),
        a(TEXT, dependentRequired={"d": [], "a": ["c", "b"]}),
    ),
    "dependent-names-as-schemas": (
        a(TEXT, dependentRequired={"a": ["b"], "b": ["c"]}),
        a(TEXT, dependentSchemas={"a": to("NeedsB"), "b": {"type": "object", "required": ["c"]}}),
    ),
    "dependent-names-as-a-condition": (
        a(TEXT, dependentRequired={"a": ["b", "c"]}),
        a(
            TEXT,
            dependentRequired={"a": ["c"]},
            **{"if": {"required": ["a"]}, "then": to("NeedsB")},
        ),
    ),
    "recursion": (to("Node"), to("Link")),
    "made-of-itself": (to("Loop"), TEXT),
    "description-of-a-refused-value": (
        a({"not": {"const": "x"}}),
        a({"not": {"const": "x", "description": "No x"}}),
    ),
}


def lines(old: Any, new: Any, *, is_answer: bool) -> list[str]:
    comparison = SchemaChanges(DEFINITIONS, DEFINITIONS, is_answer=is_answer)
    return [
        f"{'!' if change.narrows else ' '} {change.place}: {change.message}"
        for change in comparison.changes(old, new, "body")
    ]


@pytest.mark.parametrize("name", CASES)
def test_what_a_change_means_for_requests_and_for_responses(name: str) -> None:
    """A mark stands where a valid request may be refused, or an answer may come that none was
    like.
    """
    old, new, request, answer = CASES[name]
    assert lines(old, new, is_answer=False) == request
    assert lines(old, new, is_answer=True) == answer


@pytest.mark.parametrize("name", SAME)
def test_another_way_to_write_the_same_is_no_change(name: str) -> None:
    """What accepts the same is the same, in both orders and both directions."""
    for old, new in itertools.permutations(SAME[name]):
        assert lines(old, new, is_answer=False) == lines(old, new, is_answer=True) == []


PLAIN: list[dict[str, Any]] = [
    {},
    *({"type": name} for name in ("string", "integer", "number", "boolean", "null", "array")),
    {"type": ["string", "null"]},
    {"enum": ["x", 1, None]},
    {"const": 1},
    {"const": True},
    {"enum": ["x", "yy"]},
    {**TEXT, "minLength": 2},
    {**TEXT, "maxLength": 1},
    {"maxLength": 1},
    {**WHOLE, "minimum": 1},
    {**WHOLE, "exclusiveMinimum": 0, "maximum": 4},
    {"type": "number", "exclusiveMinimum": 1},
    {"type": "number", "multipleOf": 2},
    {**WHOLE, "multipleOf": 4},
    {"not": {"type": "string"}},
    {"not": {"enum": [1, "x"]}},
    {"anyOf": [TEXT, WHOLE]},
    {"anyOf": [{**TEXT, "maxLength": 1}, {"type": "null"}]},
    {"allOf": [{"minimum": 1}, {"type": ["integer", "string"]}]},
    {"allOf": [{"pattern": "x"}, {"pattern": "y"}], "type": "string"},
    {"if": TEXT, "then": {"minLength": 2}},
    {"if": TEXT, "then": {"minLength": 2}, "else": WHOLE},
    {"type": "array", "items": TEXT},
    {"type": "array", "items": False},
    {"type": "array", "prefixItems": [WHOLE], "items": TEXT},
    {"type": "array", "prefixItems": [WHOLE], "items": False},
    {"type": "array", "prefixItems": [WHOLE, TEXT], "maxItems": 2},
    {"type": "array", "contains": WHOLE},
    {"type": "array", "minItems": 1, "uniqueItems": True},
    {"type": "object"},
    {"type": "object", "required": ["x-a"]},
    {"type": "object", "additionalProperties": False},
    {"type": "object", "additionalProperties": TEXT},
    {"type": "object", "patternProperties": {"^x-": TEXT}},
    {"type": "object", "patternProperties": {"^x-": TEXT}, "additionalProperties": False},
    {"type": "object", "patternProperties": {"-a$": WHOLE}, "additionalProperties": TEXT},
    {"type": "object", "propertyNames": {"minLength": 2}},
    {"type": "object", "dependentRequired": {"x-a": ["b"]}},
    {"type": "object", "dependentSchemas": {"b": {"required": ["x-a"]}}},
    {"dependentSchemas": {"b": {"maxProperties": 1}, "x-a": {"type": "object", "required": ["b"]}}},
    {"if": {"required": ["b"]}, "then": {"type": "object", "required": ["x-a"]}},
    {"type": "object", "anyOf": [{"required": ["b"]}, {"required": ["x-a"]}]},
    {"type": "object", "maxProperties": 1},
    {"allOf": [{"additionalProperties": TEXT}, {"additionalProperties": WHOLE}]},
]
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 4, 5, 1.5, -3, "", "x", "yy", "xy"),
    *([], [1], ["x"], [1, "x"], ["x", "x"], [1, "x", "x"], [None]),
    *(
        {},
        {"x-a": "x"},
        {"x-a": 1},
        {"b": "x"},
        {"b": 1},
        {"x-a": "x", "b": "x"},
        {"x-a": 1, "b": 1},
    ),
]


@pytest.mark.parametrize("is_answer", [False, True], ids=["request", "response"])
def test_what_is_accepted_is_accepted_by_a_validator(is_answer: bool) -> None:
    """Where one schema is said to accept what another does, every value that is valid there is
    valid here.
    """
    views = SchemaViews({}, is_answer=is_answer), SchemaViews({}, is_answer=is_answer)
    acceptance = Acceptance(*views)
    valid = [[Draft202012Validator(schema).is_valid(value) for value in VALUES] for schema in PLAIN]
    wrong = [
        (wide, narrow, value)
        for (wide, here), (narrow, there) in itertools.product(
            zip(PLAIN, valid, strict=True), repeat=2
        )
        if acceptance.accepts(wide, narrow)
        for value, is_here, is_there in zip(VALUES, here, there, strict=True)
        if is_there and not is_here
    ]
    assert wrong == []
    assert all(acceptance.same(schema, dict(schema)) for schema in PLAIN)


JOINED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "minimum": ({"minimum": 1}, {"minimum": 3}, {"type": "number", "minimum": 3}),
    "maximum": ({"maximum": 1}, {"maximum": 3}, {"type": "number", "maximum": 1}),
    "exclusiveMinimum": (
        {"exclusiveMinimum": 1},
        {"exclusiveMinimum": 3},
        {"type": "number", "exclusiveMinimum": 3},
    ),
    "exclusiveMaximum": (
        {"exclusiveMaximum": 1},
        {"exclusiveMaximum": 3},
        {"type": "number", "exclusiveMaximum": 1},
    ),
    "minLength": ({"minLength": 1}, {"minLength": 3}, {"type": "string", "minLength": 3}),
    "maxLength": ({"maxLength": 1}, {"maxLength": 3}, {"type": "string", "maxLength": 1}),
    "minItems": ({"minItems": 1}, {"minItems": 3}, {"type": "array", "minItems": 3}),
    "maxItems": ({"maxItems": 1}, {"maxItems": 3}, {"type": "array", "maxItems": 1}),
    "minProperties": (
        {"minProperties": 1},
        {"minProperties": 3},
        {"type": "object", "minProperties": 3},
    ),
    "maxProperties": (
        {"maxProperties": 1},
        {"maxProperties": 3},
        {"type": "object", "maxProperties": 1},
    ),
    "uniqueItems": (
        {"uniqueItems": False},
        {"uniqueItems": True},
        {"type": "array", "uniqueItems": True},
    ),
    "required": (
        {"required": ["a"]},
        {"required": ["b"]},
        {"type": "object", "required": ["a", "b"]},
    ),
    "dependentRequired": (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["c"], "d": ["e"]}},
        {"type": "object", "dependentRequired": {"a": ["b", "c"], "d": ["e"]}},
    ),
    "type": (
        {"type": ["number", "string"]},
        {"type": ["integer", "string", "null"]},
        {"type": ["integer", "string"]},
    ),
    "enum": ({"enum": [1, "x", None]}, {"enum": [None, True, 1]}, {"enum": [1, None]}),
    "items": (
        {"items": {"minimum": 1}},
        {"items": {"type": "integer"}},
        {"type": "array", "items": {"type": "integer", "minimum": 1}},
    ),
}


@pytest.mark.parametrize("turned", [False, True], ids=["in-order", "turned"])
@pytest.mark.parametrize("keyword", JOINED)
def test_constraints_joined_by_all_of_are_the_one_constraint_that_they_mean(
    keyword: str, turned: bool
) -> None:
    """The narrower of two bounds, the values in both lists, the names in either: nothing has
    changed.
    """
    one, other, joined = JOINED[keyword]
    parts: dict[str, Any] = {"allOf": [other, one] if turned else [one, other]}
    if "type" in joined and keyword != "type":
        parts["type"] = joined["type"]
    for is_answer in (False, True):
        assert lines(parts, joined, is_answer=is_answer) == []
        assert lines(joined, parts, is_answer=is_answer) == []


def test_what_is_too_large_to_compare_is_marked() -> None:
    """Schemas in each other without end, or too many pairs of them, are not said to be accepted."""
    deep: dict[str, Any] = TEXT
    for _ in range(80):
        deep = {"anyOf": [a(deep), a(deep, required=["a"])]}
    views = SchemaViews({}, is_answer=False), SchemaViews({}, is_answer=False)
    assert Acceptance(*views).accepts(deep, {**deep, "title": "T"}) is False


def test_a_change_at_the_end_of_a_long_chain_is_told() -> None:
    """However many definitions lead from one to the next, a change in the last one is told."""
    old = {f"D{number}": a(to(f"D{number + 1}")) for number in range(700)} | {"D700": TEXT}
    comparison = SchemaChanges(old, {**old, "D700": WHOLE}, is_answer=False)
    (change,) = comparison.changes(to("D0"), to("D0"), "body")
    assert (change.message, change.narrows) == ('type was "string", is "integer"', True)
    assert change.place == "body" + ".a" * 700
