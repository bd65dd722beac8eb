"""Schema Objects of OpenAPI 2.0 to 3.2 become JSON Schema 2020-12: valid, bounded, and meaning what
they meant.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator
from referencing import Registry

from httptask._schema.patterns import LONGEST_PATTERN, Budget, compiled
from httptask.importers.openapi.schemas._patterns import usable
from httptask.importers.openapi.schemas._schemas import (
    OPENAPI_3_0,
    OPENAPI_3_1,
    SWAGGER_2,
    Dialect,
    Schemas,
)

META = Draft202012Validator(Draft202012Validator.META_SCHEMA)
PLACE = "#/paths/~1a/post/requestBody/content/x/schema"


class Reading:
    """One description whose only part is its schemas; resolves references as a reader of documents
    does.
    """

    def __init__(
        self,
        components: Mapping[str, Any] | None = None,
        dialect: Dialect = OPENAPI_3_0,
        **root: Any,
    ) -> None:
        self.document: dict[str, Any] = {"components": {"schemas": components or {}}, **root}
        self.notes: list[tuple[str, str, str]] = []
        self.schemas = Schemas(dialect, self._resolve, lambda *note: self.notes.append(note))

    def _resolve(self, reference: str, base: str) -> tuple[str, Any]:
        if not reference.startswith("#"):
            raise LookupError(f"{reference!r} is not opened")
        if reference[1:2] not in ("/", ""):
            raise LookupError(f"{reference!r} names an anchor that no schema has")
        value: Any = self.document
        for token in reference[1:].split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, dict) or name not in value:
                raise LookupError(f"{reference!r} points at nothing")
            value = value[name]
        return reference, value

    def read(self, raw: Any) -> dict[str, Any]:
        return self.schemas.schema(raw, PLACE)

    def whole(self, raw: Any) -> dict[str, Any]:
        """Return the schema of *raw* with all that it refers to; every part of it is valid."""
        schema = self.read(raw)
        definitions = {name: definition for name, definition in self.schemas.definitions.items()}  # noqa: C416 - it grows
        for each in (schema, *definitions.values()):
            META.validate(each)
        return {**schema, "$defs": definitions}

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.notes]


def accepts(schema: Mapping[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(schema, registry=Registry()).is_valid(value))


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


# What every version has in common: raw, then what it becomes. Nothing is noted.

QUIET = {
    "nothing changes": ({"type": "string", "minLength": 1}, {"type": "string", "minLength": 1}),
    "nullable": ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    "nullable: false": ({"type": "string", "nullable": False}, {"type": "string"}),
    "nullable without a type": ({"nullable": True}, {}),
    "x-nullable": ({"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
    "nullable enum": (
        {"type": "string", "enum": ["a"], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable composition": (
        {"allOf": [{"type": "string"}], "nullable": True, "description": "d"},
        {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}], "description": "d"},
    ),
    "nullable alternatives": (
        {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    ),
    "nullable type beside a composition": (
        {"type": "object", "allOf": [{"minProperties": 1}], "nullable": True},
        {"anyOf": [{"type": "object", "allOf": [{"minProperties": 1}]}, {"type": "null"}]},
    ),
    "exclusive bounds": (
        {
            "type": "number",
            "minimum": 1,
            "exclusiveMinimum": True,
            "maximum": 9,
            "exclusiveMaximum": False,
        },
        {"type": "number", "exclusiveMinimum": 1, "maximum": 9},
    ),
    "an exclusive bound without its bound": ({"exclusiveMaximum": True}, {}),
    "example": ({"example": {"a": 1}}, {"examples": [{"a": 1}]}),
    "example and examples": ({"example": 1, "examples": [2, 1]}, {"examples": [1, 2]}),
    "example: null": ({"example": None}, {}),
    "file": ({"type": "file"}, {"type": "string", "format": "binary"}),
    "byte": ({"type": "string", "format": "byte"}, {"type": "string", "format": "byte"}),
    "annotations": (
        {
            "readOnly": True,
            "writeOnly": False,
            "deprecated": True,
            "xml": {"name": "x"},
            "title": "t",
            "default": 1,
        },
        {
            "readOnly": True,
            "writeOnly": False,
            "deprecated": True,
            "xml": {"name": "x"},
            "title": "t",
            "default": 1,
        },
    ),
    "what is only for others": (
        {"type": "string", "x-go-name": "A", "externalDocs": {"url": "u"}},
        {"type": "string"},
    ),
    "discriminator": (
        {"discriminator": {"propertyName": "kind", "x-a": 1}},
        {"discriminator": {"propertyName": "kind", "x-a": 1}},
    ),
    "discriminator of 2.0": (
        {"discriminator": "kind"},
        {"discriminator": {"propertyName": "kind"}},
    ),
    "array without items": ({"type": "array"}, {"type": "array"}),
    "the same value twice": (
        {"enum": ["a", "b", "a", 1, True, 1.5]},
        {"enum": ["a", "b", 1, True, 1.5]},
    ),
    "the same name twice": ({"required": ["a", "b", "a"]}, {"required": ["a", "b"]}),
    "null for a keyword": (
        {"title": None, "items": None, "enum": None, "maximum": None, "not": None},
        {},
    ),
    "names that are keywords": (
        {
            "properties": {
                "$ref": {"type": "string"},
                "type": {"type": "file"},
                "x-a": {},
                "nullable": {"nullable": True},
            }
        },
        {
            "properties": {
                "$ref": {"type": "string"},
                "type": {"type": "string", "format": "binary"},
                "x-a": {},
                "nullable": {},
            }
        },
    ),
    "names of all kinds": (
        {
            "properties": {
                name: {"x-a": 1}
                for name in ("__proto__", "constructor", "a[0].$b", "名", "\0", "\ud800")
            }
        },
        {
            "properties": {
                name: {} for name in ("__proto__", "constructor", "a[0].$b", "名", "\0", "\ud800")
            }
        },
    ),
}


@pytest.mark.parametrize("case", QUIET)
@pytest.mark.parametrize("dialect", [SWAGGER_2, OPENAPI_3_0], ids=lambda dialect: dialect.name)
def test_what_the_versions_before_3_1_say_differently_is_said_as_2020_12_has_it(
    dialect: Dialect, case: str
) -> None:
    """Each difference has one answer, the same in 2.0 and 3.0, and none of it is a guess worth a
    note.
    """
    raw, expected = QUIET[case]
    reading = Reading(dialect=dialect)
    assert reading.read(raw) == expected
    assert reading.notes == []


# What is wrong, and plain: raw, what it becomes, the kind of note.

REPAIRED = {
    "int": ({"type": "int"}, {"type": "integer"}, "guessed"),
    "Int64": ({"type": "Int64"}, {"type": "integer", "format": "int64"}, "guessed"),
    "String": ({"type": "String"}, {"type": "string"}, "guessed"),
    "float": ({"type": "float"}, {"type": "number", "format": "float"}, "guessed"),
    "bool": ({"type": "bool"}, {"type": "boolean"}, "guessed"),
    "any": ({"type": "any"}, {}, "guessed"),
    "date": ({"type": "date"}, {"type": "string", "format": "date"}, "guessed"),
    "datetime": ({"type": "dateTime"}, {"type": "string", "format": "date-time"}, "guessed"),
    "a type with its own format": (
        {"type": "date", "format": "us"},
        {"type": "string", "format": "us"},
        "guessed",
    ),
    "string|null": ({"type": "string|null"}, {"type": ["string", "null"]}, "guessed"),
    "list of a type": ({"type": "string[]"}, {"type": "array"}, "guessed"),
    "unknown type": ({"type": "Pet"}, {}, "skipped"),
    "type that is a schema": ({"type": {"type": "string"}}, {}, "skipped"),
    "types twice": ({"type": ["string", "String", None]}, {"type": ["string", "null"]}, "guessed"),
    "no types": ({"type": []}, {}, None),
    "type instead of a schema": (
        {"properties": {"a": "string"}},
        {"properties": {"a": {"type": "string"}}},
        "guessed",
    ),
    "no schema": ({"properties": {"a": 5}}, {"properties": {"a": {}}}, "skipped"),
    "required in the property": (
        {"properties": {"a": {"type": "string", "required": True}, "b": {"required": False}}},
        {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]},
        "guessed",
    ),
    "required is one name": (
        {"properties": {"a": {}}, "required": "a"},
        {"properties": {"a": {}}, "required": ["a"]},
        None,
    ),
    "required is no array": ({"required": {"a": 1}}, {}, "skipped"),
    "required with numbers": ({"required": ["a", 1, None]}, {"required": ["a"]}, "skipped"),
    "required and not allowed": (
        {"properties": {"a": {}}, "required": ["a", "b"], "additionalProperties": False},
        {"properties": {"a": {}}, "required": ["a"], "additionalProperties": False},
        "guessed",
    ),
    "items is a tuple": (
        {"items": [{"type": "file"}]},
        {"prefixItems": [{"type": "string", "format": "binary"}]},
        "guessed",
    ),
    "items is an empty tuple": ({"items": []}, {}, "skipped"),
    "tuple and the rest": (
        {"items": [{}], "additionalItems": False},
        {"prefixItems": [{}], "items": False},
        "guessed",
    ),
    "additionalItems alone": ({"items": {}, "additionalItems": False}, {"items": {}}, None),
    "dependencies": (
        {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
        {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
        None,
    ),
    "properties is an array": ({"properties": []}, {}, "skipped"),
    "enum is one value": ({"enum": "a"}, {"enum": ["a"]}, "guessed"),
    "enum is an object": ({"enum": {"a": 1}}, {}, "skipped"),
    "const is not in enum": ({"enum": [1, 2], "const": True}, {"enum": [True, 1, 2]}, "guessed"),
    "const is in enum": ({"enum": [1, 2], "const": 2}, {"enum": [1, 2], "const": 2}, None),
    "enum is empty": ({"type": "string", "enum": []}, {"type": "string"}, "skipped"),
    "a default that is no text": (
        {"type": "string", "default": 1.0},
        {"type": "string", "default": "1.0"},
        "guessed",
    ),
    "a default in quotes": (
        {"type": "integer", "default": "10"},
        {"type": "integer", "default": 10},
        "guessed",
    ),
    "a flag in quotes": (
        {"type": "boolean", "default": "False"},
        {"type": "boolean", "default": False},
        "guessed",
    ),
    "an array in quotes": (
        {"type": "array", "default": "[]"},
        {"type": "array", "default": []},
        "guessed",
    ),
    "a default of another type": (
        {"type": "integer", "default": "inf"},
        {"type": "integer"},
        "skipped",
    ),
    "a default of neither type": (
        {"type": "integer", "nullable": True, "default": "inf"},
        {"type": ["integer", "null"]},
        "skipped",
    ),
    "an example in quotes": (
        {"type": "integer", "example": "1"},
        {"type": "integer", "examples": [1]},
        "guessed",
    ),
    "an example of another type": (
        {"type": "integer", "example": "x"},
        {"type": "integer"},
        "skipped",
    ),
    "examples, one of another type": (
        {"type": "string", "examples": ["a", 1, {}]},
        {"type": "string", "examples": ["a", "1"]},
        "skipped",
    ),
    "a constant in quotes": (
        {"type": "integer", "const": "1"},
        {"type": "integer", "const": 1},
        "guessed",
    ),
    "some values of another type": (
        {"type": "integer", "enum": [1, "2", "x"]},
        {"type": "integer", "enum": [1, 2]},
        "skipped",
    ),
    "numbers as texts": (
        {"type": "integer", "enum": ["1", "2"]},
        {"type": "integer", "enum": [1, 2]},
        "guessed",
    ),
    "texts as numbers": (
        {"type": "string", "enum": [1, 2.5, True]},
        {"type": "string", "enum": ["1", "2.5", "true"]},
        "guessed",
    ),
    "booleans as texts": (
        {"type": "boolean", "enum": ["true"]},
        {"type": "boolean", "enum": [True]},
        "guessed",
    ),
    "values of another type": ({"type": "integer", "enum": ["a"]}, {"enum": ["a"]}, "guessed"),
    "values of the items": (
        {"type": "array", "items": {"type": "string"}, "enum": ["a"]},
        {"type": "array", "items": {"type": "string", "enum": ["a"]}},
        "guessed",
    ),
    "values that a bound refuses": (
        {"type": "string", "enum": ["MALE"], "maxLength": 1, "pattern": "^.$"},
        {"type": "string", "enum": ["MALE"]},
        "guessed",
    ),
    "bound as text": (
        {"minimum": "1.5", "maxLength": "10"},
        {"minimum": 1.5, "maxLength": 10},
        "guessed",
    ),
    "bound that is none": ({"minimum": "low", "maximum": True}, {}, "skipped"),
    "count below zero": ({"maxLength": -1}, {}, "skipped"),
    "count with a point": ({"maxLength": 10.0}, {"maxLength": 10}, None),
    "count with a fraction": ({"maxItems": 1.5}, {}, "skipped"),
    "multipleOf zero": ({"multipleOf": 0}, {}, "skipped"),
    "bounds the wrong way": (
        {"minItems": 5, "maxItems": 2},
        {"minItems": 2, "maxItems": 5},
        "guessed",
    ),
    "numbers the wrong way": (
        {"minimum": 5, "maximum": 2},
        {"minimum": 2, "maximum": 5},
        "guessed",
    ),
    "bounds that exclude all": (
        {"minimum": 5, "exclusiveMinimum": True, "maximum": 5},
        {"minimum": 5, "maximum": 5},
        "guessed",
    ),
    "no whole number between": (
        {
            "type": "integer",
            "minimum": 0,
            "maximum": 1,
            "exclusiveMinimum": True,
            "exclusiveMaximum": True,
        },
        {"type": "integer", "minimum": 0, "maximum": 1},
        "guessed",
    ),
    "flag as text": ({"readOnly": "true", "uniqueItems": "no idea"}, {"readOnly": True}, "guessed"),
    "title is no text": ({"title": 5}, {}, "skipped"),
    "format is no text": ({"format": 5}, {}, "skipped"),
    "pattern is no text": ({"pattern": 5}, {}, "skipped"),
    "additionalProperties is text": (
        {"additionalProperties": "false"},
        {"additionalProperties": False},
        None,
    ),
    "additionalProperties is nothing": ({"additionalProperties": 5}, {}, "skipped"),
    "allOf is a schema": (
        {"allOf": {"type": "string"}},
        {"allOf": [{"type": "string"}]},
        "guessed",
    ),
    "anyOf is empty": ({"anyOf": []}, {}, "skipped"),
    "oneOf is a number": ({"oneOf": 5}, {}, "skipped"),
    "$ref is no text": ({"$ref": 5, "type": "string"}, {"type": "string"}, "skipped"),
    "examples by name": ({"examples": {"a": {"value": 1}, "b": 2}}, {"examples": [1, 2]}, None),
    "discriminator without a name": ({"discriminator": {"mapping": {}}}, {}, "skipped"),
    "pattern that is none": (
        {"pattern": "(a"},
        {"$comment": "Not enforced: pattern (a"},
        "skipped",
    ),
    "pattern in slashes": ({"pattern": "/^a$/"}, {"pattern": "^a$"}, "guessed"),
    "pattern for names that is none": (
        {"patternProperties": {"(a": {}, "^b": {"x-a": 1}}, "additionalProperties": False},
        {"patternProperties": {"^b": {}}},
        "skipped",
    ),
    "alternatives that are the same": (
        {"oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "time"}]},
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "time"}]},
        "guessed",
    ),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_what_is_wrong_and_plain_is_repaired_and_noted(case: str) -> None:
    """A slip of the author ends in what was meant, and what was guessed or left out stands in the
    report, with its place.
    """
    raw, expected, kind = REPAIRED[case]
    reading = Reading()
    schema = reading.read(raw)
    assert schema == expected
    assert list(META.iter_errors(schema)) == []
    assert (
        (kind in reading.kinds())
        if kind
        else (reading.notes == [] or set(reading.kinds()) == {"guessed"})
    )
    assert all(place.startswith(PLACE) for _, _, place in reading.notes)


def test_a_note_names_the_keyword_and_its_place() -> None:
    """The pointer of a note leads to the very value, names escaped."""
    reading = Reading()
    reading.read({"properties": {"a/b": {"items": {"allOf": [{"maxLength": -1}]}}}})
    assert reading.notes == [
        (
            "skipped",
            "maxLength is left out: -1 is no count",
            f"{PLACE}/properties/a~1b/items/allOf/0/maxLength",
        )
    ]


def test_a_note_shows_a_flag_as_json_writes_it() -> None:
    """No description holds a `True`."""
    reading = Reading()
    reading.read({"type": "boolean", "default": "true"})
    assert [message for _, message, _ in reading.notes] == ["default: 'true' is taken for true"]


@pytest.mark.parametrize(
    ("schema", "default", "note"),
    [
        ({"type": "string", "enum": ["a", "b"], "default": "c"}, None, "'c' is none of the listed"),
        ({"enum": [1, 2], "default": 3}, None, "3 is none of the listed values"),
        ({"type": "integer", "maximum": 5, "default": "10"}, None, "10 is beyond the maximum, 5"),
        ({"type": "number", "minimum": 0, "default": -0.5}, None, "-0.5 is beyond the minimum, 0"),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", 2]}, ["a", "2"], "taken"),
        ({"type": "array", "items": {"type": "integer"}, "default": ["1"]}, [1], '["1"] is taken'),
        ({"type": "object", "default": "{}"}, {}, "'{}' is taken for {}"),
        ({"type": "array", "items": {"type": "integer"}, "default": [1, 2]}, [1, 2], ""),
        ({"type": "integer", "enum": [1, 2], "maximum": 2, "default": 2.0}, 2, ""),
        ({"type": "string", "nullable": True, "enum": ["a"], "default": None}, None, ""),
    ],
)
def test_no_default_goes_without_a_word(schema: Any, default: Any, note: str) -> None:
    """One that its schema refuses cannot be prefilled, and nobody would know why."""
    reading = Reading()
    assert reading.read(schema).get("default") == default
    messages = [message for _, message, _ in reading.notes]
    assert [note in message for message in messages] == ([True] if note else [])


@pytest.mark.parametrize("raw", [True, False, None, 5, "no type", [], [{}]], ids=repr)
def test_a_schema_is_always_an_object(raw: Any) -> None:
    """Whatever stands where a Schema Object should, the result is an object; only `false` allows
    nothing.
    """
    schema = Reading().read(raw)
    assert isinstance(schema, dict)
    assert accepts(schema, {"a": 1}) is (raw is not False)


def test_what_needs_no_change_is_not_copied() -> None:
    """A part that is valid already is the very same object in the result: descriptions are
    large.
    """
    inner = {
        "type": "object",
        "properties": {"a": {"type": "string", "enum": ["x"]}},
        "required": ["a"],
    }
    raw = {"type": "object", "properties": {"same": inner, "other": {"type": "file"}}}
    schema = Reading().read(raw)
    assert schema["properties"]["same"] is inner
    assert raw["properties"]["other"] == {"type": "file"}
    assert Reading().read(inner) is inner


# References


def test_a_reference_names_a_definition_that_is_converted_when_it_is_looked_at() -> None:
    """A target is resolved when it is met and converted on the first look, once."""
    reading = Reading({"User": {"type": "int"}})
    assert reading.read(ref("User")) == {"$ref": "#/$defs/User"}
    assert reading.notes == []
    assert reading.schemas.definitions["User"] == {"type": "integer"}
    assert reading.schemas.definitions["User"] is reading.schemas.definitions["User"]
    assert reading.kinds() == ["guessed"]


def test_definitions_hold_what_definitions_refer_to() -> None:
    """Going through the definitions meets those that others refer to, each once."""
    reading = Reading(
        {"A": {"items": ref("B")}, "B": {"items": ref("C")}, "C": {"items": ref("A")}, "D": {}}
    )
    reading.read(ref("A"))
    assert list(reading.schemas.definitions) == ["A"]
    assert [
        (name, each["items"]["$ref"][8:]) for name, each in reading.schemas.definitions.items()
    ] == [
        ("A", "B"),
        ("B", "C"),
        ("C", "A"),
    ]
    assert len(reading.schemas.definitions) == 3
    assert "D" not in reading.schemas.definitions
    with pytest.raises(KeyError):
        reading.schemas.definitions["D"]


def test_definitions_of_one_name_are_told_apart() -> None:
    """Names hold letters, digits, `.`, `_` and `-` only; one target has one name, however it is
    referred to.
    """
    body = {"schema": {"type": "integer"}}
    reading = Reading(
        {
            "Us er": {"title": "1"},
            "User": {"title": "2"},
            "名": {"title": "3"},
            "a.b-c_d": {"title": "4"},
        },
        paths={"/x": {"get": body}},
    )
    references = ["User", "Us er", "User", "名", "a.b-c_d"]
    names = [reading.read(ref(name))["$ref"] for name in references]
    names.append(reading.read({"$ref": "#/paths/~1x/get/schema"})["$ref"])
    assert names == [
        f"#/$defs/{name}" for name in ("User", "User_2", "User", "Schema", "a.b-c_d", "schema")
    ]
    assert reading.schemas.definitions["User_2"] == {"title": "1"}
    assert reading.schemas.definitions["schema"] == {"type": "integer"}


def test_recursion_stays_a_reference() -> None:
    """A tree is a definition that refers to itself, and is validated as one."""
    whole = Reading(
        {
            "Tree": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": ref("Tree")}},
            }
        }
    ).whole(ref("Tree"))
    assert whole["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert accepts(whole, {"children": [{"children": []}]})
    assert not accepts(whole, {"children": [{"children": [5]}]})


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"description": "d"}, {"description": "d"}),
        ({"type": "integer", "maximum": 1}, {}),
        (
            {"readOnly": True, "default": "x", "example": "y"},
            {"readOnly": True, "default": "x", "examples": ["y"]},
        ),
    ],
    ids=["description", "constraints", "annotations"],
)
def test_before_3_1_only_annotations_count_beside_a_reference(
    beside: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Siblings of `$ref` are ignored (OpenAPI 3.0.4, section 4.7.23); those that change no verdict
    are kept.
    """
    assert Reading({"A": {}}).read({**ref("A"), **beside}) == {"$ref": "#/$defs/A", **expected}


def test_nullable_beside_a_reference_allows_null() -> None:
    """What the author says is plain, though OpenAPI 3.0 ignores it there."""
    whole = Reading({"A": {"type": "string"}}).whole({**ref("A"), "nullable": True})
    assert whole["anyOf"] == [{"$ref": "#/$defs/A"}, {"type": "null"}]
    assert accepts(whole, None)
    assert not accepts(whole, 5)


def test_from_3_1_on_everything_counts_beside_a_reference() -> None:
    """JSON Schema 2020-12, Core, section 8.2.3.1."""
    whole = Reading({"A": {"type": "integer"}}, OPENAPI_3_1).whole({**ref("A"), "maximum": 1})
    assert accepts(whole, 1)
    assert not accepts(whole, 2)
    assert not accepts(whole, 0.5)


@pytest.mark.parametrize(
    "reference",
    ["#/components/schemas/Nope", "other.yaml#/A", "http://example.com/a", "#anchor", "[", ""],
)
@pytest.mark.parametrize("dialect", [OPENAPI_3_0, OPENAPI_3_1], ids=lambda dialect: dialect.name)
def test_a_reference_that_leads_nowhere_allows_anything_and_is_noted(
    dialect: Dialect, reference: str
) -> None:
    """One bad reference does not cost the schema around it."""
    reading = Reading(dialect=dialect)
    schema = reading.read({"properties": {"a": {"$ref": reference}}})
    assert schema == {"properties": {"a": {}}}
    assert reading.kinds() == ["missing"]
    assert reading.notes[0][2] == f"{PLACE}/properties/a"


@pytest.mark.parametrize("target", [5, "text", None, [{}]], ids=repr)
def test_a_reference_to_what_is_no_schema_is_noted(target: Any) -> None:
    """A reference to a text or a number of the description leads nowhere."""
    reading = Reading({"A": target})
    assert reading.read(ref("A")) == {}
    assert reading.kinds() == ["missing"]


def test_a_reference_to_a_response_leads_to_its_schema() -> None:
    """`#/components/responses/A` is often written where the schema in it is meant."""
    content = {"application/json": {"schema": {"type": "integer"}}}
    reading = Reading(
        responses={"A": {"description": "", "content": content}},
        parameters={"B": {"schema": {"type": "null"}}},
    )
    reading.read({"items": {"$ref": "#/responses/A"}, "not": {"$ref": "#/parameters/B"}})
    assert list(reading.schemas.definitions.values()) == [{"type": "integer"}, {"type": "null"}]


def test_the_mapping_of_a_discriminator_names_definitions() -> None:
    """A mapping's references and bare names lead to definitions; what leads nowhere stays as it
    is.
    """
    reading = Reading({"Cat": {"title": "cat"}, "Dog": {"title": "dog"}})
    mapping = {"c": "#/components/schemas/Cat", "d": "Dog", "e": "elsewhere.yaml"}
    schema = reading.read({"discriminator": {"propertyName": "kind", "mapping": mapping}})
    assert schema["discriminator"]["mapping"] == {
        "c": "#/$defs/Cat",
        "d": "#/$defs/Dog",
        "e": "elsewhere.yaml",
    }
    assert set(reading.schemas.definitions) == {"Cat", "Dog"}


# Circles


def test_references_that_only_lead_to_each_other_allow_anything() -> None:
    """A chain without an end is cut, with a note."""
    reading = Reading({"A": ref("B"), "B": ref("C"), "C": ref("A")})
    whole = reading.whole(ref("A"))
    assert {} in whole["$defs"].values()
    assert accepts(whole, 5)
    assert "guessed" in reading.kinds()


CIRCLES = {
    "allOf": {"A": {"allOf": [ref("A"), {"type": "string"}]}},
    "anyOf": {"A": {"anyOf": [ref("A"), {"type": "string"}]}},
    "oneOf": {
        "A": {"oneOf": [{"type": "string"}, ref("B")]},
        "B": {"oneOf": [ref("A"), {"type": "array"}]},
    },
    "not": {"A": {"type": "string", "not": ref("A")}},
    "nested": {
        "A": {"allOf": [{"anyOf": [{"allOf": [ref("B")]}, {"type": "string"}]}]},
        "B": {"allOf": [ref("A")]},
    },
    "if": {"A": {"type": "string", "if": ref("A"), "then": ref("A"), "else": {"not": ref("A")}}},
    "dependentSchemas": {"A": {"dependentSchemas": {"a": ref("A")}}},
    "a ring": {f"{n}": {"allOf": [ref(str((n + 1) % 50))]} for n in range(50)} | {"A": ref("0")},
}


@pytest.mark.parametrize("circle", CIRCLES)
@pytest.mark.parametrize("dialect", [OPENAPI_3_0, OPENAPI_3_1], ids=lambda dialect: dialect.name)
def test_a_validator_ends_on_a_schema_that_is_itself(dialect: Dialect, circle: str) -> None:
    """A circle for the same value is cut where it closes; what was valid stays valid."""
    reading = Reading(CIRCLES[circle], dialect)
    whole = reading.whole(ref("A"))
    assert accepts(whole, "text")
    accepts(whole, {"a": 1})
    assert "guessed" in reading.kinds()


def test_alternatives_that_are_built_on_their_base_keep_it() -> None:
    """`Pet` is a cat or a dog, and a cat is a pet with more: each keeps what all pets have, and no
    validator turns in circles.
    """
    reading = Reading(
        {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
                "oneOf": [ref("Cat"), ref("Dog")],
            },
            "Cat": {
                "allOf": [
                    ref("Pet"),
                    {"required": ["lives"], "properties": {"lives": {"type": "integer"}}},
                ]
            },
            "Dog": {
                "allOf": [
                    ref("Pet"),
                    {"required": ["barks"], "properties": {"barks": {"type": "boolean"}}},
                ]
            },
        }
    )
    whole = reading.whole(ref("Pet"))
    cat = {**whole, "$ref": "#/$defs/Cat"}
    assert accepts(whole, {"name": "Tom", "lives": 9})
    assert accepts(whole, {"name": "Rex", "barks": True})
    assert not accepts(whole, {"lives": 9})
    assert not accepts(whole, {"name": "Tom"})
    assert accepts(cat, {"name": "Tom", "lives": 9})
    assert not accepts(cat, {"lives": 9})
    assert "guessed" in reading.kinds()


ENDLESS = {
    "itself": {
        "A": {
            "type": "object",
            "required": ["a", "b"],
            "properties": {"a": ref("A"), "b": {"type": "string"}},
        }
    },
    "each other": {
        "A": {"type": "object", "required": ["b"], "properties": {"b": ref("B")}},
        "B": {"type": "object", "required": ["a"], "properties": {"a": ref("A")}},
    },
    "inline": {
        "A": {
            "required": ["a"],
            "properties": {"a": {"required": ["b"], "properties": {"b": ref("A")}}},
        }
    },
    "items": {"A": {"type": "array", "minItems": 2, "items": ref("A")}},
    "composed": {
        "A": {"allOf": [{"required": ["a"], "properties": {"a": {"anyOf": [ref("A"), ref("A")]}}}]}
    },
}


def smallest(schema: Any, definitions: Mapping[str, Any], depth: int = 0) -> Any:
    """Return an instance with all that is required; fails when that has no end."""
    assert depth < 20, "no finite instance"
    schema = definitions[schema["$ref"][8:]] if "$ref" in schema else schema
    for keyword in ("allOf", "anyOf"):
        if keyword in schema:
            return smallest(schema[keyword][0], definitions, depth + 1)
    if schema.get("type") == "array":
        return [
            smallest(schema["items"], definitions, depth + 1)
            for _ in range(schema.get("minItems", 0))
        ]
    if schema.get("type") == "string":
        return ""
    return {
        name: smallest(schema["properties"][name], definitions, depth + 1)
        for name in schema.get("required", ())
    }


@pytest.mark.parametrize("endless", ENDLESS)
def test_what_requires_itself_without_end_can_still_be_filled_in(endless: str) -> None:
    """The one requirement that has no finite instance is dropped, with a note; the others stay."""
    reading = Reading(ENDLESS[endless])
    whole = reading.whole(ref("A"))
    instance = smallest(whole, whole["$defs"])
    assert accepts(whole, instance)
    assert "guessed" in reading.kinds()
    if endless == "itself":
        assert whole["$defs"]["A"]["required"] == ["b"]


@pytest.mark.parametrize(
    "components",
    [
        {
            "A": {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {**ref("A"), "nullable": True}},
            }
        },
        {
            "A": {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "array", "items": ref("A")}},
            }
        },
        {
            "A": {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"anyOf": [ref("A"), {"type": "string"}]}},
            }
        },
    ],
    ids=["null", "an empty array", "another alternative"],
)
def test_recursion_that_can_end_is_left_alone(components: dict[str, Any]) -> None:
    """A requirement that a finite instance can meet stays."""
    reading = Reading(components)
    assert reading.whole(ref("A"))["$defs"]["A"]["required"] == ["a"]
    assert reading.notes == []


# Compositions


def test_any_number_of_annotated_references_is_read_whole() -> None:
    """A description may annotate a reference in `allOf` as often as it likes: AWS does so for each
    property. It takes nothing from the bound on compositions, so that the others are mended.
    """
    chain = {
        f"Level{level}": {"allOf": [{"$ref": f"#/components/schemas/Level{level + 1}"}]}
        for level in range(50)
    }
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    annotated = {"allOf": [{"$ref": "#/components/schemas/Level0"}, {"description": "A level"}]}
    reading = Reading({**chain, "Level50": {"type": "string"}, "Closed": closed})
    properties = {f"property{number}": annotated for number in range(4_000)}
    reading.read({"type": "object", "properties": properties})
    assert reading.notes == []
    built = {"properties": {"b": {"type": "string"}}}
    schema = reading.whole({"allOf": [{"$ref": "#/components/schemas/Closed"}, built]})
    assert accepts(schema, {"a": 1, "b": "x"})


@pytest.mark.parametrize("annotation", [[], [{"description": "Its owner", "readOnly": True}]])
def test_an_annotated_reference_is_mended_like_its_target(annotation: list[Any]) -> None:
    """What refuses everything it describes is mended wherever a schema only annotates it, and
    is noted there.
    """
    target = {
        "type": "object",
        "allOf": [{"properties": {"a": {"enum": [1]}}}, {"properties": {"a": {"enum": [2]}}}],
    }
    reading = Reading({"Owner": target})
    owner = {"allOf": [{"$ref": "#/components/schemas/Owner"}, *annotation]}
    schema = reading.whole({"properties": {"one": owner, "two": owner}})
    assert accepts(schema, {"one": {"a": 1}, "two": {"a": 2}})
    assert not accepts(schema, {"one": {"a": 3}})
    assert not accepts(schema, {"two": {"a": 3}})
    pointers = [pointer for _, _, pointer in reading.notes]
    assert pointers.count(f"{PLACE}/properties/one") == 1
    assert pointers.count(f"{PLACE}/properties/two") == 1


def test_alternatives_that_cannot_be_told_apart_need_not_be() -> None:
    """Of open objects the one that requires less accepts what the other describes: with `oneOf`
    nobody could send it.
    """
    mail = {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}}
    signed = {
        "type": "object",
        "required": ["to", "key"],
        "properties": {"to": {"type": "string", "title": "x"}, "key": {}},
    }
    reading = Reading({"Mail": mail, "Signed": signed})
    whole = reading.whole({"oneOf": [ref("Signed"), ref("Mail")]})
    assert accepts(whole, {"to": "a"})
    assert accepts(whole, {"to": "a", "key": 1})
    assert not accepts(whole, {"key": 1})
    assert reading.kinds() == ["guessed"]


@pytest.mark.parametrize(
    ("alternatives", "value", "other"),
    [
        ([{"type": "string", "nullable": True}, {"type": "integer", "nullable": True}], None, []),
        ([{**ref("Text"), "nullable": True}, {"type": "integer", "nullable": True}], None, []),
        (
            [
                {"type": "object", "properties": {"value": {"type": "number"}}},
                {"type": "object", "properties": {"value": {"type": "integer"}}},
            ],
            {"value": 1},
            {"value": "x"},
        ),
        ([{"type": "number"}, {"type": "integer"}], 1, "x"),
        (
            [
                {"type": "array", "items": {"type": "number"}},
                {"type": "array", "items": {"type": "integer"}, "maxItems": 9},
            ],
            [1],
            ["x"],
        ),
        (
            [
                {"type": "object", "properties": {"a": {"type": "array", "items": {"type": kind}}}}
                for kind in ("integer", "number")
            ],
            {"a": [1]},
            {"a": ["x"]},
        ),
        (
            [
                {
                    "type": "object",
                    "required": ["v"],
                    "properties": {"v": {"type": ["string", "integer"]}},
                },
                {
                    "type": "object",
                    "required": ["v"],
                    "properties": {"v": {"type": "string", "maxLength": 9}},
                },
            ],
            {"v": "a"},
            {"v": []},
        ),
    ],
)
def test_a_value_that_several_alternatives_describe_is_one_of_them(
    alternatives: list[Any], value: Any, other: Any
) -> None:
    """Null in each of several, a whole number where one says number and one integer: it is enough
    that one fits.
    """
    reading = Reading({"Text": {"type": "string"}})
    whole = reading.whole({"oneOf": alternatives})
    assert accepts(whole, value)
    assert not accepts(whole, other)
    assert reading.kinds() == ["guessed"]


@pytest.mark.parametrize(
    "parts",
    [
        [{"enum": ["host"]}, {"enum": ["peer"]}],
        [ref("Host"), {"type": "string", "enum": ["peer"]}],
        [ref("Host"), {"allOf": [{"const": "peer"}], "description": "d"}],
    ],
)
def test_enums_without_a_common_value_are_joined(parts: list[Any]) -> None:
    """By `allOf` nothing would fit; it is noted, and any of their values is taken."""
    reading = Reading({"Host": {"type": "string", "enum": ["host"]}}, OPENAPI_3_1)
    whole = reading.whole({"allOf": parts})
    assert accepts(whole, "host")
    assert accepts(whole, "peer")
    assert not accepts(whole, "other")
    ((kind, message, _),) = reading.notes
    assert kind == "guessed"
    assert "host" in message
    assert "peer" in message
    assert Reading().whole({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]})["allOf"] == [
        {"enum": ["a", "b"]},
        {"enum": ["b", "c"]},
    ]


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


REDECLARED = {
    "enums": (
        [of(t={"enum": ["a"]}), of(t={"enum": ["b"]})],
        ["t"],
        ["a", "b"],
        "c",
        ('"a", "b"', "enums of t"),
    ),
    "a constant": (
        [of(t={"const": "a"}), of(t={"enum": ["b"]})],
        ["t"],
        ["a", "b"],
        "c",
        ('"a", "b"',),
    ),
    "references": ([ref("A"), ref("B")], ["t"], ["a", "b"], "c", ('"a", "b"', "enums of t")),
    "depth": (
        [of(o=of(t={"enum": ["a"]})), {"allOf": [of(o={"allOf": [of(t={"enum": ["b"]})]})]}],
        ["o", "t"],
        ["a", "b"],
        "c",
        ("enums of o.t",),
    ),
    "items": (
        [of(l={"type": "array", "items": {"enum": ["a"]}}), of(l={"items": {"enum": ["b"]}})],
        ["l"],
        [["a", "b"]],
        ["c"],
        ("enums of l[]",),
    ),
    "enums with null": (
        [of(t={"enum": ["a", None]}), of(t={"enum": ["b", None]})],
        ["t"],
        ["a", None],
        "c",
        ('"b"',),
    ),
    "a type and an enum with null": (
        [of(t={"type": "integer"}), of(t={"enum": ["1", None]})],
        ["t"],
        ["1", None],
        1,
        ("integer, string, null",),
    ),
    "types": (
        [of(t={"type": "integer"}), of(t={"type": "string"})],
        ["t"],
        [1, "a"],
        [],
        ("integer, string",),
    ),
    "a type and an enum": (
        [of(t={"type": "integer"}), of(t={"enum": ["1"]})],
        ["t"],
        ["1"],
        1,
        ("integer, string",),
    ),
    "bounds": (
        [of(t={"type": "integer", "minimum": 5}), of(t={"maximum": 3})],
        ["t"],
        [1, 4, 9],
        "a",
        ("minimum 5", "maximum 3"),
    ),
    "exclusive bounds": (
        [of(t={"minimum": 5}), of(t={"exclusiveMaximum": 5})],
        ["t"],
        [5],
        None,
        ("exclusiveMaximum",),
    ),
    "lengths": (
        [of(t={"minLength": 3}), of(t={"maxLength": 2})],
        ["t"],
        ["a", "abcd"],
        None,
        ("minLength 3",),
    ),
}


@pytest.mark.parametrize(
    ("parts", "path", "fitting", "other", "told"),
    REDECLARED.values(),
    ids=REDECLARED.keys(),
)
def test_a_property_that_is_redeclared_without_a_common_value(
    parts: list[Any], path: list[str], fitting: list[Any], other: Any, told: tuple[str, ...]
) -> None:
    """What any of its schemas accepts is accepted; one note says where, and what contradicts."""

    def holding(value: Any) -> Any:
        for name in ["in", *path][::-1]:
            value = {name: value}
        return value

    components = {
        "A": of(t={"enum": ["a"]}),
        "B": {"allOf": [of(t=ref("Letter"))]},
        "Letter": {"enum": ["b"]},
    }
    reading = Reading(components, OPENAPI_3_1)
    whole = reading.whole({"properties": {"in": {"allOf": parts}}})
    for value in fitting:
        assert accepts(whole, holding(value))
    if other is not None:
        errors = list(Draft202012Validator(whole, registry=Registry()).iter_errors(holding(other)))
        assert errors
        assert len({error.message for error in errors}) == 1
    ((kind, message, place),) = reading.notes
    assert (kind, place) == ("guessed", f"{PLACE}/properties/in")
    for words in told:
        assert words in message


@pytest.mark.parametrize(
    "parts",
    [
        [of(t={"enum": ["a", "b"]}), of(t={"enum": ["b"]})],
        [of(t={"type": "number"}), of(t={"type": "integer"})],
        [of(t={"type": ["string", "null"]}), of(t={"type": "null"})],
        [of(t={"minimum": 3}), of(t={"maximum": 3})],
        [of(t={"type": "string", "minimum": 5}), of(t={"maximum": 3})],
        [of(t={"enum": ["a"]}), of(u={"enum": ["b"]})],
        [ref("Node"), of(next={"description": "d", **ref("Node")})],
        [of(t={"not": {"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}})],
    ],
)
def test_a_property_that_is_redeclared_with_a_common_value_stays(parts: list[Any]) -> None:
    """What both accept is what is meant; a schema that holds itself is looked at once."""
    reading = Reading({"Node": of(next=ref("Node"), t={"enum": ["a"]})}, OPENAPI_3_1)
    assert reading.read({"allOf": parts})["allOf"] == [reading.read(part) for part in parts]
    assert reading.notes == []


def test_what_stands_beside_a_reference_contradicts_it() -> None:
    """In OpenAPI 3.1 the keywords beside `$ref` are joined with it, as by `allOf`."""
    reading = Reading({"Host": {"enum": ["host"]}}, OPENAPI_3_1)
    whole = reading.whole({"properties": {"a": {**ref("Host"), "const": "peer"}}})
    assert accepts(whole, {"a": "host"})
    assert accepts(whole, {"a": "peer"})
    assert not accepts(whole, {"a": "x"})
    ((_, message, place),) = reading.notes
    assert '"peer", "host"' in message
    assert place == f"{PLACE}/properties/a"


@pytest.mark.parametrize(
    "alternatives",
    [
        [{"type": "string"}, {"type": "integer"}],
        [{"type": "string", "maxLength": 3}, {"type": "string", "minLength": 5}],
        [
            {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x"]}}},
            {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["y"]}}},
        ],
        [
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            {"type": "object", "properties": {"b": {}}, "additionalProperties": False},
        ],
        [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}],
        [{"type": "array", "items": {"type": name}} for name in ("string", "integer")],
    ],
    ids=["types", "lengths", "values", "closed", "required", "items"],
)
def test_alternatives_that_can_be_told_apart_stay(alternatives: list[Any]) -> None:
    """`oneOf` is what it says wherever something tells its schemas apart."""
    reading = Reading()
    assert reading.read({"oneOf": alternatives}) == {"oneOf": alternatives}
    assert reading.notes == []


def test_what_is_built_on_a_closed_object_has_the_properties_of_both() -> None:
    """`additionalProperties: false` in a part would refuse the properties of the others; together
    they are closed.
    """
    base = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}},
        "additionalProperties": False,
    }
    own = {"required": ["name"], "properties": {"name": {"type": "string"}}}
    reading = Reading({"Base": base, "Own": {"allOf": [ref("Base"), own]}})
    whole = reading.whole(ref("Own"))
    assert accepts(whole, {"id": 1, "name": "a"})
    assert not accepts(whole, {"id": 1})
    assert not accepts(whole, {"id": 1, "name": "a", "other": 1})
    assert reading.kinds() == ["guessed"]
    assert Reading({"Base": base}).whole(ref("Base"))["$defs"]["Base"] == base


def test_alternatives_below_a_closed_object_keep_their_properties() -> None:
    """The same holds for `oneOf` beside `additionalProperties: false`."""
    alternatives = [
        {"required": [name], "properties": {name: {"type": "integer"}}} for name in "ab"
    ]
    whole = Reading().whole(
        {"type": "object", "additionalProperties": False, "oneOf": alternatives}
    )
    assert accepts(whole, {"a": 1})
    assert accepts(whole, {"b": 1})
    assert not accepts(whole, {"a": 1, "c": 1})
    assert not accepts(whole, {})


# OpenAPI 3.1 and 3.2

KEPT_IN_3_1 = {
    "types": {"type": ["string", "null"]},
    "const": {"const": None},
    "prefixItems": {"prefixItems": [{"type": "string"}, True], "items": False},
    "if": {"if": {"minLength": 1}, "then": {"maxLength": 5}, "else": False},
    "dependent": {
        "dependentSchemas": {"a": {"required": ["b"]}},
        "dependentRequired": {"c": ["d"]},
    },
    "unevaluated": {"unevaluatedProperties": False, "unevaluatedItems": {"type": "string"}},
    "contains": {"contains": {"type": "integer"}, "minContains": 2, "maxContains": 3},
    "content": {
        "contentMediaType": "application/json",
        "contentEncoding": "base64",
        "contentSchema": {"type": "object"},
    },
    "names": {
        "propertyNames": {"pattern": "^a"},
        "patternProperties": {"^a": {}},
        "minProperties": 1,
    },
    "booleans": {"properties": {"a": True, "b": False}, "not": False},
    "exclusive": {"exclusiveMinimum": 1, "exclusiveMaximum": 2.5},
    "examples": {"examples": [1, None]},
    "unknown": {"someday": {"a": 1}},
}


@pytest.mark.parametrize("case", KEPT_IN_3_1)
def test_json_schema_2020_12_is_kept_as_it_is(case: str) -> None:
    """3.1 and 3.2 write 2020-12: nothing is changed, nothing is noted."""
    reading = Reading(dialect=OPENAPI_3_1)
    assert reading.read(KEPT_IN_3_1[case]) is KEPT_IN_3_1[case]
    assert reading.notes == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"items": [{}, {}]}, {"prefixItems": [{}, {}]}),
        ({"dependencies": {"a": ["b"]}}, {"dependentRequired": {"a": ["b"]}}),
        (
            {"id": "x", "$schema": "http://json-schema.org/draft-04/schema#", "type": "string"},
            {"type": "string"},
        ),
        ({"definitions": {"a": {}}, "$defs": {"b": 5}, "$vocabulary": 1}, {}),
    ],
    ids=["nullable", "exclusive", "tuple", "dependencies", "id", "definitions"],
)
def test_what_is_left_of_older_drafts_is_read_in_3_1_too(
    raw: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Descriptions carry their old schemas into 3.1; they are read as they were meant."""
    assert Reading(dialect=OPENAPI_3_1).read(raw) == expected


IDENTIFIED = {
    "a definition of its own": {
        "A": {
            "$id": "https://e.org/a",
            "$ref": "#/$defs/text",
            "$defs": {"text": {"type": "string"}},
        },
    },
    "a definition without an $id": {
        "A": {"allOf": [{"$ref": "#/$defs/text"}], "$defs": {"text": {"type": "string"}}}
    },
    "draft 4": {"A": {"$ref": "#/definitions/text", "definitions": {"text": {"type": "string"}}}},
    "an anchor": {"A": {"$ref": "#text", "$defs": {"x": {"$anchor": "text", "type": "string"}}}},
    "an anchor of another": {
        "A": {"$ref": "#text"},
        "B": {"items": {"$anchor": "text", "type": "string"}},
    },
    "an anchor of draft 4": {
        "A": {"$ref": "#text", "definitions": {"x": {"id": "#text", "type": "string"}}}
    },
    "an $id of another": {
        "A": {"$ref": "https://e.org/b"},
        "B": {"$id": "https://e.org/b", "type": "string"},
    },
    "relative to its $id": {
        "A": {"$id": "https://e.org/x/a", "$ref": "b#/items"},
        "B": {"$id": "https://e.org/x/b", "items": {"type": "string"}},
    },
    "an urn": {
        "A": {"$ref": "urn:b#text"},
        "B": {"$id": "urn:b", "items": {"$anchor": "text", "type": "string"}},
    },
    "an $id inside": {
        "A": {
            "$id": "https://e.org/a",
            "$ref": "inner",
            "$defs": {"x": {"$id": "inner", "type": "string"}},
        },
    },
    "the document behind an $id": {
        "A": {"$id": "https://e.org/a", **ref("B")},
        "B": {"type": "string"},
    },
    "an $id that is relative": {"A": {"$ref": "b"}, "B": {"$id": "b", "type": "string"}},
}


@pytest.mark.parametrize("case", IDENTIFIED)
def test_identifiers_and_anchors_are_resolved_and_left_out(case: str) -> None:
    """The schemas end up in one document: references by `$id` or anchor become references to its
    definitions.
    """
    reading = Reading(IDENTIFIED[case], OPENAPI_3_1)
    whole = reading.whole(ref("A"))
    assert "missing" not in reading.kinds()
    assert accepts(whole, "text")
    assert not accepts(whole, 5)
    assert not re.search(r'"(\$id|\$anchor|\$schema|id)"', json.dumps(whole))


def test_a_dynamic_reference_leads_to_the_outermost_anchor() -> None:
    """A list of anything is a list of users where the schema that refers to it says so (2020-12,
    Core, section 8.2.3.2).
    """
    page = {
        "$id": "https://e.org/page",
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"$dynamicRef": "#item"}}},
        "$defs": {"any": {"$dynamicAnchor": "item"}},
    }
    users = {
        "$id": "https://e.org/users",
        "$ref": "page",
        "$defs": {"user": {"$dynamicAnchor": "item", "type": "object", "required": ["name"]}},
    }
    components = {"Page": page, "Users": users}
    reading = Reading(components, OPENAPI_3_1)
    whole = reading.whole({"allOf": [ref("Users")]})
    plain = Reading(components, OPENAPI_3_1).whole(ref("Page"))
    independent = Draft202012Validator(
        users, registry=Registry().with_resource("https://e.org/page", _resource(page))
    )
    for value in ({"items": [{"name": "a"}]}, {"items": [{}]}, {"items": []}, 5):
        assert accepts(whole, value) is independent.is_valid(value)
    assert accepts(plain, {"items": [{}]})


def _resource(schema: Mapping[str, Any]) -> Any:
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012.create_resource(schema)


@pytest.mark.parametrize("keyword", ["$dynamicRef", "$recursiveRef"])
def test_a_tree_by_dynamic_reference_is_one_definition(keyword: str) -> None:
    """A schema that is dynamic in itself only is plain recursion."""
    anchor = {"$dynamicAnchor": "node"} if keyword == "$dynamicRef" else {"$recursiveAnchor": True}
    target = "#node" if keyword == "$dynamicRef" else "#"
    tree = {
        "$id": "https://e.org/tree",
        **anchor,
        "type": "object",
        "additionalProperties": {keyword: target},
    }
    whole = Reading({"Tree": tree}, OPENAPI_3_1).whole(ref("Tree"))
    assert list(whole["$defs"]) == ["Tree"]
    assert accepts(whole, {"a": {"b": {}}})
    assert not accepts(whole, {"a": {"b": 5}})


# Patterns


@pytest.mark.parametrize(
    ("written", "matching", "other"),
    [
        (r"^[[:alpha:]]+$", "ab", "5"),
        (r"^\p{^Lu}+$", "aé", "A"),
        (r"^\p{IsLatin}+$", "aé", "漢"),
        (r"^(?P<year>\d{4})-(?P=year)$", "2020-2020", "2020-2021"),
        (r"\A\w+\z", "ab", "a b"),
        (r"(?i)^ab$", "AB", "c"),
        (r"^a\h+b$", "a \tb", "ahb"),
        (r"^\x{60}$", "`", "x"),
        ("/^ab$/u", "ab", "/ab/"),
    ],
)
def test_a_pattern_of_another_dialect_is_written_anew(
    written: str, matching: str, other: str
) -> None:
    """What Perl, Python, Java or POSIX write differently keeps its meaning, and the change is
    said.
    """
    pattern = usable(written)
    assert pattern.text is not None
    assert pattern.why
    assert compiled(pattern.text).search(matching, Budget(1))
    assert not compiled(pattern.text).search(other, Budget(1))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{4}-\d{2}$",
        r"^[a-z]+(-[a-z]+)*$",
        r"^(\w+\.)*\w+$",
        "/api/",
        "",
        r"^\p{L}+$",
        r"^a\/b\-c$",
        r"^[\w-.]+$",
        r"^\cA$",
        "(a+)+$",
        "(?<=a+)b",
        "^[^]$",
    ],
)
def test_a_pattern_of_ecma_262_stays_as_it_is(pattern: str) -> None:
    """An author sees what the description says."""
    assert usable(pattern).text == pattern
    assert usable(pattern).why == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "*.json",
        "(",
        "[",
        r"\p{Nonsense}",
        r"\p\{L\}",
        r"[\p{L}&&[a]]",
        "a++",
        r"^(a|(?i)b)$",
        r"\Qa.b\E",
        "a{99999999999}",
        "x" * (LONGEST_PATTERN + 1),
        "(" * 5000 + ")" * 5000,
        "/a/i",
        r"\u{ffffffff}",
    ],
    ids=lambda value: value[:12],
)
def test_a_pattern_that_cannot_be_had_is_not_enforced(pattern: str) -> None:
    """It is left out with the reason; nothing raises."""
    found = usable(pattern)
    assert found.text is None
    assert found.why


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=r"ab\d[](){}?*+|^$-.,:<>!=pPuxk/0123&~é", max_size=30))
def test_no_pattern_breaks_the_check(pattern: str) -> None:
    """Whatever stands in a pattern, the answer is one that compiles, or none."""
    found = usable(pattern)
    assert (found.text is None) <= bool(found.why)
    if found.text is not None:
        compiled(found.text)


# Anything at all

WORDS = (
    "a",
    "b",
    "c",
    "A",
    "B",
    "string",
    "int",
    "date",
    "true",
    "5",
    "",
    "^a",
    "(a+)+$",
    "#",
    "#a",
    "https://e.org/a",
    "\0",
    "\ud800",
)
TYPES = (
    "string",
    "integer",
    "number",
    "boolean",
    "object",
    "array",
    "null",
    "int",
    "String",
    "file",
    "nonsense",
)
SINGLE = (
    "items",
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "additionalItems",
    "contentSchema",
)
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
MAPS = (
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
    "dependencies",
)
OTHERS = (
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "pattern",
    "format",
    "nullable",
    "x-nullable",
    "example",
    "examples",
    "default",
    "discriminator",
    "description",
    "title",
    "readOnly",
    "xml",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveRef",
    "$comment",
    "$ref",
    "$schema",
    "$vocabulary",
    "minContains",
    "minProperties",
    "dependentRequired",
)


class Scribbler:
    """Writes schemas as no author should: any value for any keyword, and references across."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left = 60  # schemas in all

    def value(self, depth: int = 0) -> Any:
        pick = self._random.randrange
        if depth < 3 and pick(4) == 0:
            return [self.value(depth + 1) for _ in range(pick(3))]
        if depth < 3 and pick(3) == 0:
            return {self._random.choice(WORDS): self.value(depth + 1) for _ in range(pick(4))}
        return self._random.choice(
            (None, True, False, pick(-3, 9), pick(-30, 90) / 7, self._random.choice(WORDS))
        )

    def schema(self, depth: int = 0) -> Any:
        pick, choice = self._random.randrange, self._random.choice
        self._left -= 1
        if depth > 4 or self._left < 0 or pick(12) == 0:
            return self.value()
        written: dict[str, Any] = {}
        if pick(2):
            written["type"] = choice(TYPES) if pick(4) else [choice(TYPES) for _ in range(pick(3))]
        if pick(4) == 0:
            written |= ref(choice("ABCD"))
        if pick(4) == 0:
            written["required"] = [choice("abc") for _ in range(pick(3))]
        for _ in range(pick(3)):
            written[choice(SINGLE)] = self.schema(depth + 1)
        for _ in range(pick(3)):
            written[choice(LISTS)] = [self.schema(depth + 1) for _ in range(pick(4))]
        for _ in range(pick(3)):
            written[choice(MAPS)] = {choice(WORDS): self.schema(depth + 1) for _ in range(pick(4))}
        for _ in range(pick(4)):
            written[choice(OTHERS)] = self.value()
        return written


@settings(max_examples=500, deadline=None)
@given(seed=st.integers(0, 2**32), dialect=st.sampled_from([SWAGGER_2, OPENAPI_3_0, OPENAPI_3_1]))
def test_whatever_stands_there_the_result_is_valid(seed: int, dialect: Dialect) -> None:
    """Any JSON value as a Schema Object, and any as its components, gives a valid schema on which a
    validator ends.
    """
    scribbler = Scribbler(seed)
    raw, components = scribbler.schema(), {name: scribbler.schema() for name in "ABC"}
    before = json.dumps([raw, components])
    reading = Reading(components, dialect)
    whole = reading.whole(raw)
    for value in ({"a": {"b": 1}}, ["a"], "a", 1, None):
        accepts(whole, value)
    assert json.dumps([raw, components]) == before


@pytest.mark.parametrize("dialect", [OPENAPI_3_0, OPENAPI_3_1], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("keyword", ["items", "not", "properties", "allOf", "oneOf"])
def test_depth_is_bounded(dialect: Dialect, keyword: str) -> None:
    """What is nested deeper than anybody writes ends in a schema for any value, with a note."""
    raw: Any = {"type": "string"}
    for _ in range(200):
        raw = {
            keyword: (
                {"a": raw}
                if keyword == "properties"
                else [raw, {}]
                if keyword.endswith("Of")
                else raw
            )
        }
    reading = Reading(dialect=dialect)
    META.validate(reading.read(raw))
    assert "skipped" in reading.kinds()


def test_size_is_bounded_by_what_was_written() -> None:
    """Definitions that refer to each other many times over are not written out: the result grows as
    the description does.
    """
    components = {
        f"N{n}": {"properties": {name: ref(f"N{n + 1}") for name in "abcdefgh"}} for n in range(60)
    }
    components["N60"] = {"type": "string"}
    reading = Reading(components)
    whole = reading.whole(ref("N0"))
    assert len(json.dumps(whole)) < 2 * len(json.dumps(components))


# The same verdicts as a validator of OpenAPI 3.0


def _schema_3_0(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    small = st.integers(0, 4)
    by_type = [
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={"minLength": st.integers(0, 2), "maxLength": st.integers(2, 4)},
        ),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["integer", "number"]),
                "minimum": st.integers(-4, 0),
                "maximum": st.integers(3, 9),
            },
            optional={
                "exclusiveMinimum": st.booleans(),
                "exclusiveMaximum": st.booleans(),
                "multipleOf": st.integers(1, 3),
            },
        ),
        st.fixed_dictionaries({"type": st.just("boolean")}),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={
                "minItems": st.integers(0, 1),
                "maxItems": st.integers(1, 3),
                "uniqueItems": st.booleans(),
            },
        ),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("abcAB"), inner, max_size=3),
            },
            optional={
                "required": st.lists(st.sampled_from("abcAB"), max_size=2, unique=True),
                "additionalProperties": st.just(True) | inner,
                "minProperties": st.integers(0, 1),
                "maxProperties": small.map(lambda number: number + 1),
            },
        ),
    ]
    typed = st.one_of(by_type).flatmap(
        lambda schema: st.sampled_from(
            [schema, {**schema, "nullable": True}, {**schema, "nullable": False}]
        )
    )
    composed = st.sampled_from(["allOf", "anyOf"]).flatmap(
        lambda keyword: st.fixed_dictionaries({keyword: st.lists(inner, min_size=1, max_size=3)})
    )
    return (
        typed
        | composed
        | st.fixed_dictionaries({"not": inner})
        | st.fixed_dictionaries({"enum": st.just(["a", 1, True])})
    )


SCHEMAS_3_0 = st.recursive(
    st.just({}) | st.fixed_dictionaries({"type": st.just("string")}), _schema_3_0, max_leaves=6
)
INSTANCES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10)
    | st.sampled_from([0.5, 2.5])
    | st.sampled_from(["", "a", "abc", "abcde"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcAB"), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(raw=SCHEMAS_3_0, values=st.lists(INSTANCES, min_size=3, max_size=6))
def test_verdicts_are_those_of_a_validator_of_openapi_3_0(
    raw: dict[str, Any], values: list[Any]
) -> None:
    """Converted, a schema accepts and refuses what it did: judged by another's validator of the
    original.
    """
    reading = Reading()
    schema = reading.whole(raw)
    original = OAS30Validator(raw)
    is_mended = any(message.startswith("allOf: no value") for _, message, _ in reading.notes)
    for value in values:
        verdict = original.is_valid(value)
        # What contradicts itself accepts nothing; mended, and noted, it accepts more.
        assert accepts(schema, value) is verdict or (is_mended and not verdict), value
