"""The input of a run by its definition's `inputSchema`: what is refused, filled in, and foreseen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from httptask import run_workflow
from httptask.errors import HttpTaskError, InputError, Problem
from httptask.workflow import checked_input, definition_of, problems, sample_input, with_defaults
from tasks import runtime

ORDER = {
    "type": "object",
    "required": ["customer", "lines"],
    "additionalProperties": False,
    "properties": {
        "customer": {"$ref": "#/$defs/customer"},
        "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
        "currency": {"type": "string", "default": "AUD"},
    },
    "$defs": {
        "customer": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "integer", "examples": [7]},
                "country": {"type": "string", "default": "AU"},
            },
        },
        "line": {
            "type": "object",
            "required": ["sku"],
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "default": 1}},
        },
    },
}


def definition(schema: Any, output: Any = "${$.input}") -> dict[str, Any]:
    """Return a definition that takes an input by *schema* and puts out *output*."""
    end = {"type": "Terminate", "terminationStatus": "Completed", "workflowOutput": output}
    return {"name": "Order", "startTask": "End", "inputSchema": schema, "tasks": {"End": end}}


def found(document: Any) -> list[Problem]:
    with runtime() as shared:
        return problems(definition_of(document), shared)


def told(document: Any) -> list[tuple[str, str, str | None]]:
    return [(one.severity, one.pointer, one.code) for one in found(document)]


# A run


def test_an_input_is_checked_before_anything_runs_with_all_problems() -> None:
    """Every problem comes at once, with a JSON Pointer into the input."""
    given_input = {"customer": {"id": "7"}, "lines": [{"sku": 1}, {}], "currancy": "AUD"}
    with pytest.raises(InputError) as caught:
        run_workflow(definition(ORDER), given_input)
    assert [(one.pointer, one.code) for one in caught.value.problems] == [
        ("/currancy", "unknown-name"),
        ("/customer/id", "type"),
        ("/lines/0/sku", "type"),
        ("/lines/1", "required"),
    ]
    again = HttpTaskError.from_json(caught.value.to_json())
    assert isinstance(again, InputError)
    assert str(again) == str(caught.value)


def test_defaults_are_filled_in_where_a_property_is_absent() -> None:
    """A default counts in nested objects, in items of lists, and behind references; not where a
    value is given, and it makes no object that is not there.
    """
    given_input = {"customer": {"id": 7}, "lines": [{"sku": "a"}, {"sku": "b", "count": 2}]}
    run = run_workflow(definition(ORDER), given_input)
    assert run.output == {
        "customer": {"id": 7, "country": "AU"},
        "lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}],
        "currency": "AUD",
    }
    assert given_input == {
        "customer": {"id": 7},
        "lines": [{"sku": "a"}, {"sku": "b", "count": 2}],
    }
    optional = {"properties": {"page": {"properties": {"size": {"default": 100}}}}}
    assert with_defaults(optional, {}) == {}
    inherited = {"allOf": [{"properties": {"size": {"default": 100}}}], "type": "object"}
    assert with_defaults(inherited, None) == {"size": 100}
    whole = {"properties": {"page": {"default": {}, "properties": {"size": {"default": 100}}}}}
    assert with_defaults(whole, {"page": None}) == {"page": None}
    assert with_defaults(whole, {}) == {"page": {"size": 100}}


LINE = {"properties": {"count": {"default": 1}, "tax": {"default": {}, "$ref": "#/$defs/tax"}}}
TAX = {"$anchor": "tax", "properties": {"rate": {"default": 20}}}
FILLED = {"count": 1, "tax": {"rate": 20}}


@pytest.mark.parametrize(
    ("schema", "given_input", "filled"),
    [
        ({"additionalProperties": {"$ref": "#/$defs/line"}}, {"a": {}}, {"a": FILLED}),
        (
            {"properties": {"b": {}}, "additionalProperties": {"$ref": "#/$defs/line"}},
            {"b": {}},
            {"b": {}},
        ),
        ({"prefixItems": [{"$ref": "#/$defs/line"}, {}]}, [{}, {}], [FILLED, {}]),
        ({"prefixItems": [{}], "items": {"$ref": "#/$defs/line"}}, [{}, {}], [{}, FILLED]),
        (
            {"allOf": [{"$ref": "#/$defs/line"}], "properties": {"count": {"maximum": 9}}},
            {},
            FILLED,
        ),
        ({"default": {"tax": {}}, "$ref": "#/$defs/line"}, None, FILLED),
        (
            {
                "properties": {
                    "default": {"$anchor": "own", "properties": {"a": {"default": 1}}},
                    "b": {"$ref": "#own"},
                }
            },
            {"b": {}},
            {"b": {"a": 1}},
        ),
        (
            {"patternProperties": {"^line-": {"$ref": "#/$defs/line"}}},
            {"line-1": {}, "other": {}},
            {"line-1": FILLED, "other": {}},
        ),
        (
            {
                "patternProperties": {"^a": {"$ref": "#/$defs/line"}},
                "additionalProperties": {"$ref": "#/$defs/tax"},
            },
            {"a": {}, "b": {}},
            {"a": FILLED, "b": {"rate": 20}},
        ),
        (
            {
                "properties": {"a": {"properties": {"size": {"default": 1}}}},
                "patternProperties": {"a": {"$ref": "#/$defs/tax"}, "(": {}},
            },
            {"a": {}},
            {"a": {"size": 1, "rate": 20}},
        ),
        ({"properties": {"tax": {"$ref": "#tax"}}}, {"tax": {}}, {"tax": {"rate": 20}}),
        ({"properties": {"tax": {"$ref": "#none"}}}, {"tax": {}}, {"tax": {}}),
        ({"if": {}, "then": {"properties": {"count": {"default": 1}}}}, {}, {}),
        ({"dependentSchemas": {"a": {"properties": {"b": {"default": 1}}}}}, {"a": 1}, {"a": 1}),
    ],
    ids=[
        *("map", "property", "first-items", "other-items", "narrowed", "whole"),
        *("anchor-in-a-property", "pattern"),
        *("pattern-or-other", "property-and-pattern", "anchor", "no-anchor", "if", "dependent"),
    ],
)
def test_defaults_are_found_wherever_a_schema_has_them(
    schema: dict[str, Any], given_input: Any, filled: Any
) -> None:
    """In the values of a map, by patterns, in the items of a tuple, where a property is narrowed,
    behind an anchor, and as the whole input; not where a default could change what is meant.
    """
    root = {**schema, "$defs": {"line": LINE, "tax": TAX}}
    assert with_defaults(root, given_input) == filled


def test_defaults_inside_defaults_come_to_an_end() -> None:
    """A schema that refers to itself in two ways would make a million objects of an empty one."""
    whole = {"default": {}, "$ref": "#"}
    filled = with_defaults({"properties": {"a": whole, "b": whole}}, {})
    pending, objects = [filled], 0
    while pending:
        objects += 1
        pending += pending.pop().values()
    assert 3 < objects < 100_000


def test_defaults_of_a_long_list_are_all_filled_in() -> None:
    """Thirty thousand items are no more than one, as far as their schema goes."""
    root = {"items": {"$ref": "#/$defs/line"}, "$defs": {"line": LINE, "tax": TAX}}
    filled = with_defaults(root, [{} for _ in range(30_000)])
    assert all(item == FILLED for item in filled)


def test_no_input_is_an_empty_object_where_the_schema_describes_one() -> None:
    """A run without an input gets the defaults; a schema of a list still refuses nothing for it."""
    of_object = {"type": "object", "properties": {"page": {"default": 1}}}
    assert run_workflow(definition(of_object)).output == {"page": 1}
    with pytest.raises(InputError):
        run_workflow(definition({"type": "array"}))


def test_a_failure_workflow_with_a_schema_is_not_run_with_another_input() -> None:
    """The input of a failure workflow is checked by its own schema, and a refusal is told."""
    fails = definition({})
    fails["tasks"]["End"]["terminationStatus"] = "Failed"
    fails["failureWorkflow"] = "tell"
    after = definition({"properties": {"failed": {"properties": {"task": {"type": "integer"}}}}})
    run = run_workflow(fails, {}, definitions={"tell": after})
    assert run.failure_run is None
    assert "/failed/task: expected an integer" in (run.error or "")


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.text() | st.none(), max_size=3),
    st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3),
)
def test_an_input_is_judged_as_jsonschema_does(
    value: dict[str, Any], defaults: dict[str, int]
) -> None:
    """What is refused is what another validator refuses, with the defaults put in by hand."""
    properties = {name: {"type": "integer"} for name in "abc"}
    for name, default in defaults.items():
        properties[name] = {"type": "integer", "default": default}  # type: ignore[dict-item]
    schema = {"type": "object", "properties": properties, "required": ["a"]}
    filled = {**defaults, **value}
    whole = definition_of(definition(schema))
    if Draft202012Validator(schema).is_valid(filled):
        assert checked_input(whole, value) == filled
    else:
        with pytest.raises(InputError):
            checked_input(whole, value)


# The schema itself


@pytest.mark.parametrize(
    ("schema", "pointer", "code"),
    [
        ({"type": "objekt"}, "/type", "no-form"),
        ({"properties": {"a": {"minimum": "1"}}}, "/properties/a/minimum", "type"),
        ({"properties": []}, "/properties", "type"),
        ({"$ref": "https://crm.example/schema.json"}, "/$ref", "schema-reference-remote"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "/items/$ref", "schema-reference-remote"),
        ({"$ref": "other.json#/$defs/a"}, "/$ref", "schema-reference-remote"),
        ({"$ref": "#/$defs/none"}, "/$ref", "schema-reference-unknown"),
        ({"$ref": "#"}, "/$ref", "schema-loop"),
        (
            {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "type": "object"},
            "/$defs/a/allOf/0/$ref",
            "schema-loop",
        ),
        (
            {"properties": {"a": {"type": "integer", "default": "x"}}},
            "/properties/a/default",
            "schema-default",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_schema_that_is_none_is_an_error_where_it_is(
    schema: Any, pointer: str, code: str
) -> None:
    """`validate` says where the schema is none, and nothing is run by it or fetched for it."""
    document = definition(schema)
    assert ("error", f"/inputSchema{pointer}", code) in told(document)
    with pytest.raises(HttpTaskError) as caught:
        run_workflow(document, {})
    assert not isinstance(caught.value, InputError)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"child": {"$ref": "#"}}},
        {"$defs": {"a b": {}}, "$ref": "#/$defs/a%20b"},
        {"definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {"$defs": {"a": {"$anchor": "here"}}, "$ref": "#here"},
        {"properties": {"definitions": {"type": "string"}}},
        {"properties": {"$ref": {"type": "string"}}},
        True,
        {"not": {"enum": [{"$ref": "https://not.a.reference.example"}]}},
    ],
    ids=lambda schema: str(schema)[:30],
)
def test_local_references_and_odd_names_are_right(schema: Any) -> None:
    """Local references of every form work, recursive ones too; a name or a value is no keyword."""
    anything = {"child": {"child": {}}}
    assert told(definition(schema)) == []
    assert run_workflow(definition(schema), anything).output == anything


def test_misspelt_keywords_and_what_is_not_enforced_are_warnings() -> None:
    """A keyword near a known one, another dialect, and a pattern that cannot be read are told."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "requierd": ["a"],
        "x-order": 1,
        "properties": {"a": {"pattern": "((("}},
    }
    assert told(definition(schema)) == [
        ("warning", "/inputSchema/$schema", "schema-dialect"),
        ("warning", "/inputSchema/requierd", "name-ignored"),
        ("warning", "/inputSchema/properties/a/pattern", "schema-pattern"),
    ]


def test_a_hostile_schema_ends_in_a_problem() -> None:
    """References that double at each level have more ways through them than time: it is said so,
    and so is a schema that is nested without end.
    """
    twice = {f"d{n}": {"properties": {"x": {"allOf": [_to(n + 1), _to(n + 1)]}}} for n in range(60)}
    schema = {"$defs": {**twice, "d60": {}}, **_to(0)}
    value: Any = {}
    for _ in range(50):
        value = {"x": value}
    with pytest.raises(InputError) as caught:
        run_workflow(definition(schema), value)
    assert [one.code for one in caught.value.problems] == ["schema-work"]
    endless = {"properties": {"x": {"$ref": "#", "default": {}}}}
    assert sample_input(endless) is not None
    assert told(definition(endless, "${$.input.x.x.x}")) == []


def _to(number: int) -> dict[str, str]:
    return {"$ref": f"#/$defs/d{number}"}


# Expressions


@pytest.mark.parametrize(
    ("expression", "near"),
    [
        ("${$.input.custmer}", "customer"),
        ("${$.input.customer.idd}", "id"),
        ("${$.input.lines[0].skuu}", "sku"),
        ("${$.input.lines.sku}", "$.input.lines[0].sku"),
        ("${jsonata: input.custmer.id}", "customer"),
        ("${jsonata: $count(input.lines.skuu)}", "sku"),
        ("${jsonata: $sum(input.lines[count > 1].count) & input.currency}", None),
        ("${jsonata: input.lines.{'s': sku, 'n': nothing}}", None),
        ("${$.input.customer.id}", None),
        ("${$.input.lines[*].sku}", None),
        ("${$.input}", None),
    ],
)
def test_an_expression_that_names_what_no_input_has_is_a_warning(
    expression: str, near: str | None
) -> None:
    """A name below `$.input` that the schema does not list is told, with the nearest one."""
    warnings = found(definition(ORDER, expression))
    if near is None:
        assert warnings == []
    else:
        (warning,) = warnings
        code = "expression-name-of-list" if near.startswith("$") else "expression-no-name"
        assert (warning.severity, warning.code) == ("warning", code)
        assert near in (warning.params.get("near"), warning.params.get("first"))
        assert near in warning.message


@pytest.mark.parametrize(
    "more",
    [
        {"additionalProperties": True},
        {"additionalProperties": {"type": "string"}},
        {"patternProperties": {"^x": {}}},
        {"anyOf": [{"properties": {"other": {}}}]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_an_input_that_may_have_other_names_is_not_foreseen(more: dict[str, Any]) -> None:
    """Where the schema lets other names in, none of them is a mistake."""
    schema = {"type": "object", "properties": {"customer": {}}, **more}
    assert told(definition(schema, "${$.input.other}")) == []


# Samples


def test_a_sample_comes_from_examples_and_defaults() -> None:
    """Examples come first, then defaults and constants; what has none is left out."""
    assert sample_input(ORDER) == {"customer": {"id": 7, "country": "AU"}, "currency": "AUD"}
    assert sample_input({"type": "string", "example": "a", "default": "b"}) == "a"
    assert sample_input({"type": "object"}) is None
