"""Schemas as requests have them: without what is read-only, and with the definitions they use."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.settings._request_schema import READ_ONLY, called, requested_value

MARKED = {"type": "string", "readOnly": True}
TEXT = {"type": "string"}


def in_all_of(schema: Any, layers: int) -> Any:
    for _ in range(layers):
        schema = {"allOf": [schema]}
    return schema


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


FIELDS = {"properties": {"id": MARKED}}
OTHERS = {"properties": {"id": TEXT, "a": TEXT}, "required": ["id", "a"]}
MARKING: dict[str, tuple[dict[str, Any], bool]] = {
    "allOf": ({"allOf": [{}, FIELDS]}, True),
    "a reference": (ref("Marked"), True),
    "a reference below": ({"allOf": [ref("Around")]}, True),
    "every anyOf": ({"anyOf": [FIELDS, FIELDS, {"type": "null"}]}, True),
    "every oneOf": ({"oneOf": [FIELDS, ref("Marked")]}, True),
    "some anyOf": ({"anyOf": [FIELDS, {}]}, False),
    "some oneOf": ({"oneOf": [{}, FIELDS]}, False),
    "nothing but null": ({"anyOf": [{"type": "null"}]}, False),
    "then": ({"if": {}, "then": FIELDS}, False),
    "else": ({"if": {}, "else": FIELDS}, False),
    "not": ({"not": FIELDS}, False),
    "if": ({"if": FIELDS}, False),
    "fifty layers": (in_all_of(FIELDS, 50), True),
    "one more": (in_all_of(FIELDS, 51), False),
    "none": ({}, False),
    "what is no schema": ({"allOf": [True]}, False),
    "itself": (ref("Circle"), True),
}
DEFINITIONS = {
    "Marked": FIELDS,
    "Around": {"allOf": [ref("Marked")]},
    "Circle": {"allOf": [ref("Circle"), FIELDS]},
    "Id": MARKED,
    "Text": TEXT,
    "Loop": {"allOf": [ref("Loop")]},
}


@pytest.mark.parametrize("how", MARKING)
def test_a_mark_holds_for_the_same_field_elsewhere(how: str) -> None:
    """Where the schemas hold for one value together; where they are alternatives, if all say so."""
    marking, is_marked = MARKING[how]
    result = requested_value({**OTHERS, **marking}, DEFINITIONS)
    assert result["properties"] == {"id": READ_ONLY if is_marked else TEXT, "a": TEXT}
    assert result["required"] == (["a"] if is_marked else ["id", "a"])


MARKED_FIELDS: dict[str, tuple[Any, bool]] = {
    "itself": (MARKED, True),
    "a reference": (ref("Id"), True),
    "another reference": (ref("Text"), False),
    "a reference that leads nowhere": (ref("None"), False),
    "a circle": (ref("Loop"), False),
    "allOf": ({"allOf": [TEXT, MARKED]}, True),
    "every anyOf": ({"anyOf": [MARKED, {"type": "null"}]}, True),
    "every oneOf": ({"oneOf": [MARKED, ref("Id")]}, True),
    "some anyOf": ({"anyOf": [MARKED, TEXT]}, False),
    "some oneOf": ({"oneOf": [TEXT, MARKED]}, False),
    "nothing but null": ({"oneOf": [{"type": "null"}]}, False),
    "false": ({"readOnly": False}, False),
    "no truth value": ({"readOnly": "true"}, False),
    "fifty layers": (in_all_of(MARKED, 50), True),
    "one more": (in_all_of(MARKED, 51), False),
    "what is no schema": (True, False),
}


@pytest.mark.parametrize("group", ["properties", "patternProperties"])
@pytest.mark.parametrize("how", MARKED_FIELDS)
def test_a_field_is_marked_by_itself_or_by_all_that_it_is(how: str, group: str) -> None:
    """It is warned of, and not required."""
    field, is_marked = MARKED_FIELDS[how]
    schema = {
        group: {"id": field},
        "required": ["id", "a"],
        "dependentRequired": {"a": ["id", "b"]},
    }
    result = requested_value(schema, DEFINITIONS)
    assert (result[group]["id"] == READ_ONLY) == is_marked
    assert result["required"] == (["a"] if is_marked else ["id", "a"])
    assert result["dependentRequired"] == {"a": ["b"] if is_marked else ["id", "b"]}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"])
def test_what_holds_for_the_same_value_does_not_ask_for_a_marked_field(keyword: str) -> None:
    """Written out, or by a reference: then to a variant of what it leads to, made once."""
    part: Any = {"required": ["id", "a"]}
    definitions = {"Part": {**part, "properties": {"x": MARKED}}, "Part.request": TEXT}

    def used(schema: Any) -> Any:
        if keyword in ("then", "else"):
            return schema
        return {"a": schema} if keyword == "dependentSchemas" else [schema, schema]

    written = requested_value({**FIELDS, keyword: used(part)}, {})
    assert written[keyword] == used({"required": ["a"]})
    result = requested_value({**FIELDS, keyword: used(ref("Part"))}, definitions)
    assert result[keyword] == used(ref("Part.request_"))
    changed = {"required": ["a"], "properties": {"x": READ_ONLY}}
    assert result["$defs"] == {"Part.request_": changed}
    assert written["properties"] == {"id": READ_ONLY}


@pytest.mark.parametrize("keyword", ["not", "if"])
def test_what_only_asks_stays_as_it_is(keyword: str) -> None:
    """Otherwise the answer would be another."""
    asked = {"required": ["id"], "properties": {"id": MARKED}}
    assert requested_value({**FIELDS, keyword: asked}, {})[keyword] == asked


def test_the_same_variant_is_used_again_and_another_is_another() -> None:
    """By what is marked where it is used; a definition that marks all itself needs none."""
    definitions = {
        "Part": {"required": ["id", "a"]},
        "Whole": {"properties": {"id": MARKED}, "required": ["id"]},
        "Other": {"required": ["z"]},
    }
    marked = [{"properties": {name: MARKED}, "allOf": [ref("Part")]} for name in ("id", "id", "a")]
    schema = {
        "prefixItems": [*marked, {**FIELDS, "allOf": [ref("Whole"), ref("Other")]}],
        "items": ref("Part"),
    }
    result = requested_value(schema, definitions)
    assert [part["allOf"][0] for part in result["prefixItems"]] == [
        *(ref("Part.request"), ref("Part.request"), ref("Part.request_"), ref("Whole"))
    ]
    assert result["prefixItems"][3]["allOf"][1] == ref("Other")
    assert result["items"] == ref("Part")
    assert result["$defs"] == {
        "Other": {"required": ["z"]},
        "Part": {"required": ["id", "a"]},
        "Part.request": {"required": ["a"]},
        "Part.request_": {"required": ["id"]},
        "Whole": {"properties": {"id": READ_ONLY}, "required": []},
    }
    assert list(result["$defs"]) == sorted(result["$defs"])


def test_a_discriminator_leads_to_the_same_variants() -> None:
    """Its mapping, and the default of OpenAPI 3.2; what is no reference stays."""
    discriminator = {
        "propertyName": "kind",
        "mapping": {"a": "#/$defs/A", "b": "https://b.example"},
        "defaultMapping": "#/$defs/A",
    }
    schema = {**FIELDS, "oneOf": [ref("A")], "discriminator": discriminator}
    result = requested_value(schema, {"A": {"required": ["id"]}})
    assert result["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"a": "#/$defs/A.request", "b": "https://b.example"},
        "defaultMapping": "#/$defs/A.request",
    }
    assert result["oneOf"] == [ref("A.request")]
    plain = requested_value({**FIELDS, "discriminator": {"propertyName": "kind"}}, {})
    assert plain["discriminator"] == {"propertyName": "kind"}


def test_a_whole_value_is_sent_whatever_it_is_marked() -> None:
    """OpenAPI 3.0.4, section 4.7.24: the mark is about properties."""
    assert requested_value(MARKED, {}) == {**TEXT, "$defs": {}}
    assert requested_value({"items": MARKED, "enum": [{"readOnly": True}]}, {}) == {
        "items": TEXT,
        "enum": [{"readOnly": True}],
        "$defs": {},
    }


def test_a_variant_is_called_as_the_description_calls_it() -> None:
    """Wherever a person reads the name."""
    assert [called(name) for name in ("Pet", "Pet.request", None)] == ["Pet", "Pet", None]
