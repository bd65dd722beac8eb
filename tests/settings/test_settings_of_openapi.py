"""From an OpenAPI description to settings: what an author may write, judged by jsonschema, and what
is prefilled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from httptask import hookimpl
from httptask._http.unpackers import ACCEPT_ENCODING
from httptask.building import build
from httptask.cli._reference import reference as reference_text
from httptask.errors import BlockedError, Problem, SettingsError
from httptask.importers import read_api
from httptask.importers.openapi.schemas._heirs import MOST_HEIRS
from httptask.model.api import Endpoint
from httptask.plugins import plugin_manager
from httptask.settings import (
    foreseen,
    prepare,
    request_problems,
    schema_problems,
    settings_schema,
    still_to_fill,
)
from httptask.task import HttpTask
from places import DATA
from tasks import runtime

PLUGINS = plugin_manager(entry_points=False)
LIBRARY = DATA / "descriptions" / "library"
VERSIONS = ("2.0", "3.0", "3.1", "3.2")


def endpoints(root: dict[str, Any]) -> tuple[Endpoint, ...]:
    return read_api(
        "api.json", data=json.dumps(root).encode(), provider="acme", plugins=PLUGINS
    ).endpoints


def endpoint(
    operation: dict[str, Any], *, path: str = "/a", version: str = "3.0.3", **components: Any
) -> Endpoint:
    root = {"openapi": version, "info": {"title": "T"}, "servers": [{"url": "https://a.example"}]}
    (found,) = endpoints({**root, "paths": {path: {"post": operation}}, "components": components})
    return found


class Body:
    """What settings may have as a body, asked of us and of jsonschema, which agree about what is
    refused.
    """

    def __init__(
        self,
        schema: Any,
        schemas: dict[str, Any] | None = None,
        version: str = "3.0.3",
        **body: Any,
    ) -> None:
        operation = {"requestBody": {"content": {"application/json": {"schema": schema}}, **body}}
        derived = settings_schema(endpoint(operation, version=version, schemas=schemas or {}))
        Draft202012Validator.check_schema(
            derived, format_checker=None
        )  # a pattern is ECMA-262's, and not Python's
        self.schema = {**derived["properties"]["body"], "$defs": derived.get("$defs", {})}

    def problems(self, value: Any) -> list[Problem]:
        problems = schema_problems(self.schema, value)
        refused = [problem for problem in problems if problem.severity == "error"]
        assert Draft202012Validator(self.schema).is_valid(value) is not bool(refused), problems
        return problems

    def is_valid(self, value: Any) -> bool:
        return not any(problem.severity == "error" for problem in self.problems(value))


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


NUMBER = {"type": "integer", "readOnly": True}
PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": NUMBER, "name": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("schema", "schemas", "good", "bad"),
    [
        pytest.param(PET, {}, [{"name": "x"}], [{"name": "x", "id": 1}, {}], id="field"),
        pytest.param(
            ref("Pet"),
            {"Pet": PET},
            [{"name": "x"}],
            [{"name": "x", "id": 1}, {}],
            id="in-a-definition",
        ),
        pytest.param(
            {"type": "object", "required": ["id"], "properties": {"id": ref("Id")}},
            {"Id": ref("Number"), "Number": NUMBER},
            [{}],
            [{"id": 1}],
            id="by-references",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"allOf": [ref("Id"), {"minimum": 1}]}},
            },
            {"Id": NUMBER},
            [{}],
            [{"id": 1}],
            id="by-allOf",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"nullable": True, "allOf": [ref("Id")]}},
            },
            {"Id": NUMBER},
            [{}],
            [{"id": 1}, {"id": None}],
            id="nullable",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"oneOf": [ref("Id"), {**NUMBER, "type": "string"}]}},
            },
            {"Id": NUMBER},
            [{}],
            [{"id": 1}],
            id="all-alternatives",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"oneOf": [ref("Id"), {"type": "string"}]}},
            },
            {"Id": NUMBER},
            [{"id": "x"}],
            [{}],
            id="one-alternative-is-none",
        ),
        pytest.param(
            {"type": "array", "items": ref("Pet")},
            {"Pet": PET},
            [[{"name": "x"}]],
            [[{"name": "x", "id": 1}]],
            id="in-arrays",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": ref("Pet")},
            {"Pet": PET},
            [{"a": {"name": "x"}}],
            [{"a": {"name": "x", "id": 1}}],
            id="in-maps",
        ),
        pytest.param(
            {
                "allOf": [
                    {"type": "object", "properties": {"id": NUMBER, "name": {}}},
                    {"required": ["id", "name"]},
                ]
            },
            {},
            [{"name": "x"}],
            [{"name": "x", "id": 1}, {}],
            id="required-elsewhere",
        ),
        pytest.param(
            {"required": ["id"], "allOf": [ref("Pet")]},
            {"Pet": PET},
            [{"name": "x"}],
            [{"name": "x", "id": 1}, {}],
            id="required-around",
        ),
        pytest.param(
            {"allOf": [ref("Base"), {"type": "object", "properties": {"id": NUMBER}}]},
            {
                "Base": {
                    "type": "object",
                    "required": ["id", "name"],
                    "properties": {"id": {"type": "integer"}, "name": {}},
                }
            },
            [{"name": "x"}],
            [{"name": "x", "id": 1}, {}],
            id="read-only-in-what-extends",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {
                    "whole": ref("Base"),
                    "part": {"allOf": [ref("Base"), {"properties": {"id": NUMBER}}]},
                },
            },
            {
                "Base": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"id": {"type": "integer"}},
                }
            },
            [{"whole": {"id": 1}, "part": {}}],
            [{"whole": {}}, {"part": {"id": 1}}],
            id="the-base-by-itself-still-requires",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"id": NUMBER, "a": {}, "b": {}},
                "oneOf": [{"required": ["id", "a"]}, {"required": ["b"]}],
            },
            {},
            [{"a": 1}, {"b": 1}],
            [{"a": 1, "id": 1}, {}],
            id="required-by-an-alternative",
        ),
        pytest.param(
            ref("Node"),
            {
                "Node": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"id": NUMBER, "next": ref("Node")},
                }
            },
            [{"next": {"next": {}}}],
            [{"next": {"next": {"id": 1}}}],
            id="in-recursion",
        ),
        pytest.param(
            {**PET, "readOnly": True},
            {},
            [{"name": "x"}],
            [{"name": "x", "id": 1}],
            id="the-whole-body-is-sent-all-the-same",
        ),
        pytest.param(
            {"type": "object", "properties": {"id": {**NUMBER, "readOnly": False}}},
            {},
            [{"id": 1}, {}],
            [{"id": "x"}],
            id="false",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"any": True, "part": {"allOf": [True, {"type": "integer"}]}},
            },
            {},
            [{"any": 1, "part": 1}],
            [{"part": "x"}],
            id="a-schema-may-be-true",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["secret"],
                "properties": {"secret": {"type": "string", "writeOnly": True}},
            },
            {},
            [{"secret": "x"}],
            [{}],
            id="writeOnly-is-kept",
        ),
    ],
)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_what_is_read_only_is_not_asked_for_and_warned_of(
    schema: Any, schemas: dict[str, Any], good: list[Any], bad: list[Any], version: str
) -> None:
    """`readOnly` says that a field is not for requests wherever it stands, and of nothing else;
    `writeOnly` stays.
    """
    body = Body(schema, schemas, version)
    assert [value for value in good if body.problems(value)] == []
    assert [value for value in bad if not body.problems(value)] == []


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_a_read_only_field_is_sent_all_the_same(version: str) -> None:
    """OpenAPI 3.0.4, section 4.7.24: it SHOULD NOT be sent. An API's own examples do; so it is a
    warning, with its place.
    """
    pet = {
        **PET,
        "properties": {
            **PET["properties"],
            "code": ref("Code"),
            "parts": {"type": "array", "items": ref("Part")},
        },
    }
    part = {"type": "object", "properties": {"id": NUMBER}}
    schemas = {"Pet": pet, "Part": part, "Code": NUMBER}
    if version == "2.0":
        as_2_0 = json.loads(json.dumps(schemas).replace("components/schemas", "definitions"))
        parameter = {"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Pet"}}
        root = {
            "swagger": "2.0",
            "info": {"title": "T"},
            "host": "a.example",
            "definitions": as_2_0,
        }
        (known,) = endpoints({**root, "paths": {"/a": {"post": {"parameters": [parameter]}}}})
    else:
        operation = {"requestBody": {"content": {"application/json": {"schema": ref("Pet")}}}}
        known = endpoint(operation, version=version, schemas=schemas)
    request = {
        "url": "https://a.example/a",
        "method": "POST",
        "body": {"id": "${$.id}", "name": "x", "code": "${$.code}", "parts": [{"id": 1}]},
    }
    problems = request_problems(request, settings_schema(known), known, expressions=True)
    assert [(problem.pointer, problem.severity) for problem in problems] == [
        ("/body/id", "warning"),
        ("/body/code", "warning"),
        ("/body/parts/0/id", "warning"),
    ]
    assert "read-only" in problems[0].message


def test_a_read_only_field_that_is_declared_again_is_read_only() -> None:
    """One place that says so is enough (JSON Schema 2020-12, Validation, section 9.4): all that is
    shown agrees with that.
    """
    reference = {
        "type": "object",
        "required": ["id", "type"],
        "properties": {"id": {"type": "string"}, "type": {"type": "string", "readOnly": True}},
    }
    again = {
        "properties": {"type": {"enum": ["service_reference"], "default": "service_reference"}}
    }
    for service in (
        {"allOf": [ref("Ref"), again]},
        {"allOf": [ref("Ref"), ref("Again")]},
        {**again, "allOf": [ref("Ref")]},
    ):
        schema = {"type": "object", "required": ["service"], "properties": {"service": service}}
        body = Body(schema, {"Ref": reference, "Again": again})
        assert body.problems({"service": {"id": "a"}}) == []
        (problem,) = body.problems({"service": {"id": "a", "type": "anything"}})
        assert (problem.pointer, problem.severity) == ("/service/type", "warning")
        operation = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
        known = endpoint(operation, schemas={"Ref": reference, "Again": again})
        assert prepare(known)["httpRequest"]["body"] == {"service": {}}
        shown = reference_text(known)
        assert "service.id" in shown
        assert "service.type" not in shown


PET_TYPE = {"propertyName": "petType"}
CHOICE = {
    "Pet": {
        "type": "object",
        "required": ["petType"],
        "properties": {"petType": {"type": "string"}, "name": {"type": "string"}},
    },
    "Cat": {"allOf": [ref("Pet"), {"type": "object", "properties": {"purr": {"type": "boolean"}}}]},
    "Dog": {
        "allOf": [
            ref("Pet"),
            {
                "type": "object",
                "required": ["bark"],
                "properties": {"name": {"maxLength": 20}, "bark": {"type": "boolean"}},
            },
        ]
    },
}


def said(
    schema: Any, schemas: dict[str, Any], value: Any, version: str = "3.0.3"
) -> list[tuple[str, str]]:
    """Return pointer and sentence, with what is suggested, of what is refused in a body of the
    Schema Object *schema*.
    """
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    known = endpoint(operation, version=version, schemas=schemas)
    request = {"url": "https://a.example/a", "method": "POST", "body": value}
    problems = request_problems(request, settings_schema(known), known)
    return [
        (each.pointer, each.message + (f" [{each.suggestion}]" if each.suggestion else ""))
        for each in problems
    ]


OF_DOG = (
    "'bark' is a property of Dog, not of Cat, which the value of 'petType' selects: the API may"
    " ignore or refuse it"
)


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("discriminator", "value", "expected"),
    [
        (PET_TYPE, {"petType": "Dog", "bark": True}, []),
        (
            PET_TYPE,
            {"petType": "Cat", "bark": True, "name": "a name of more than twenty letters"},
            [("/body/bark", OF_DOG)],
        ),
        (PET_TYPE, {"petType": "Dog"}, [("/body", "'bark' is required: expected true or false")]),
        (
            PET_TYPE,
            {"petType": "Dgo", "bark": True},
            [("/body/petType", 'expected one of "Cat", "Dog", found the string "Dgo" ["Dog"]')],
        ),
        (
            {**PET_TYPE, "mapping": {"d": "#/components/schemas/Dog", "c": "Cat"}},
            {"petType": "b"},
            [("/body/petType", 'expected one of "d", "c", found the string "b"')],
        ),
        (
            {**PET_TYPE, "mapping": {"d": "#/components/schemas/Dog"}},
            {"petType": "x"},
            [("/body/petType", 'expected one of "d", "Cat", found the string "x"')],
        ),
        (
            {**PET_TYPE, "mapping": {"d": "#/components/schemas/Dog"}},
            {"petType": "d", "bark": False},
            [],
        ),
    ],
)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_the_discriminator_of_a_description_chooses(
    keyword: str, discriminator: Any, value: Any, expected: Any, version: str
) -> None:
    """By the name of a schema or by the mapping; forms that could not be told apart without it are
    no problem.
    """
    schema = {keyword: [ref("Cat"), ref("Dog")], "discriminator": discriminator}
    assert said(schema, CHOICE, value, version) == expected


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("#/components/schemas/acme.v1.Dog", "acme.v1.Dog"),
        ("#/components/schemas/Pet%20Dog", "Pet Dog"),
        ("#/components/schemas/a~1Dog", "a/Dog"),
        ("Dog.json", "Dog"),
        ("./Pet%20Dog.json", "Pet Dog"),
        ("Pets.json#/Dog", "Dog"),
    ],
)
def test_the_name_of_a_schema_chooses_it(reference: str, tag: str, tmp_path: Path) -> None:
    """As its key or its file is called, not as a reference spells it (OpenAPI 3.1.1, section
    4.8.25).
    """
    dog = {"type": "object", "properties": {"petType": {"type": "string"}}, "required": ["bark"]}
    schemas = dict.fromkeys(("acme.v1.Dog", "Pet Dog", "a/Dog"), dog)
    for name, content in {"Dog": dog, "Pet Dog": dog, "Pets": {"Dog": dog}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    schema = {"oneOf": [ref("Cat"), {"$ref": reference}], "discriminator": PET_TYPE}
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    root = {
        "openapi": "3.1.1",
        "info": {"title": "T"},
        "servers": [{"url": "https://a.example"}],
        "paths": {"/a": {"post": operation}},
        "components": {"schemas": {**CHOICE, **schemas}},
    }
    (tmp_path / "api.json").write_text(json.dumps(root))
    (known,) = read_api(tmp_path / "api.json", provider="acme", plugins=PLUGINS).endpoints
    request = {"url": "https://a.example/a", "method": "POST"}
    for body, messages in (
        ({"petType": tag, "bark": 1}, []),
        ({"petType": tag}, ["'bark' is required"]),
        ({"petType": "?"}, [f'expected one of "Cat", "{tag}", found the string "?"']),
    ):
        problems = request_problems({**request, "body": body}, settings_schema(known), known)
        assert [each.message for each in problems] == messages


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_discriminator_chooses_where_null_is_allowed(version: str) -> None:
    """Whether null is beside the alternatives or around them."""
    forms, null = [ref("Cat"), ref("Dog")], {"type": "null"}
    schemas = [{"oneOf": forms, "nullable": True}, {"anyOf": forms, "nullable": True}]
    if version == "3.1.0":
        schemas = [{"oneOf": [*forms, null]}, {"anyOf": [null, *forms]}]
    for schema in schemas:
        pet = {"type": "object", "properties": {"pet": {**schema, "discriminator": PET_TYPE}}}
        assert said(pet, CHOICE, {"pet": None}, version) == []
        assert said(pet, CHOICE, {"pet": {"petType": "Dog", "bark": True}}, version) == []
        assert said(pet, CHOICE, {"pet": {"petType": "Cta"}}, version) == [
            ("/body/pet/petType", 'expected one of "Cat", "Dog", found the string "Cta" ["Cat"]')
        ]


def test_the_default_mapping_of_3_2_chooses() -> None:
    """OpenAPI 3.2, section 4.25.2: without a known tag."""
    discriminator = {**PET_TYPE, "defaultMapping": "Other"}
    schemas = {**CHOICE, "Other": {"type": "object", "required": ["what"]}}
    for forms in ([ref("Cat"), ref("Dog")], [ref("Cat"), ref("Dog"), ref("Other")]):
        schema = {"oneOf": forms, "discriminator": discriminator}
        assert said(schema, schemas, {"petType": "unheard of", "what": 1}, "3.2.0") == []
        assert said(schema, schemas, {"petType": "unheard of"}, "3.2.0") == [
            ("/body", "'what' is required")
        ]


ANIMALS = {
    "Animal": {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind"],
        "discriminator": {"propertyName": "kind"},
        "properties": {"kind": {"type": "string"}},
    },
    "Dog": {
        "allOf": [
            ref("Animal"),
            {"required": ["barks"], "properties": {"barks": {"type": "boolean"}}},
        ]
    },
    "Puppy": {
        "allOf": [
            ref("Dog"),
            {"properties": {"weeks": {"type": "integer"}, "mother": ref("Animal")}},
        ]
    },
    "Cat": {
        "allOf": [ref("Animal"), {"properties": {"purrs": {"type": "boolean"}}}],
        "x-ms-discriminator-value": "#Cat",
    },
}
KINDS = '"Dog", "#Cat", "Puppy", "Animal"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "Dog", "barks": True}, []),
        ({"kind": "Animal"}, []),
        ({"kind": "#Cat", "purrs": True}, []),
        (
            {"kind": "Puppy", "barks": True, "weeks": 3, "mother": {"kind": "Dog", "barks": True}},
            [],
        ),
        ({"kind": "Dog"}, [("", "'barks' is required: expected true or false")]),
        (
            {"kind": "Dog", "barks": True, "purrs": 1},
            [("/purrs", 'unknown name \'purrs\'; known names: "kind", "barks"')],
        ),
        (
            {"kind": "Animal", "barks": True},
            [("/barks", "unknown name 'barks'; known names: \"kind\"")],
        ),
        ({"kind": "Dgo"}, [("/kind", f'expected one of {KINDS}, found the string "Dgo" ["Dog"]')]),
        ({}, [("", f"'kind' is required: expected one of {KINDS}")]),
        (
            {"kind": "Puppy", "barks": True, "mother": {"kind": "#Cat", "purrs": 1}},
            [("/mother/purrs", "expected true or false, found the number 1")],
        ),
    ],
)
@pytest.mark.parametrize(
    "reference", [ref("Animal"), {"allOf": [ref("Animal")], "description": "any of them"}]
)
@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_what_is_built_on_a_schema_may_stand_for_it(
    value: Any, expected: list[tuple[str, str]], reference: Any, version: str
) -> None:
    """OpenAPI 3.0.3, section 4.7.25: the tag names it; that the schema itself is closed refuses no
    field of its heirs.
    """
    expected = [("/body" + place, message) for place, message in expected]
    if version == "2.0":
        text = json.dumps({"definitions": ANIMALS, "schema": reference}).replace(
            "components/schemas", "definitions"
        )
        whole = json.loads(text.replace('{"propertyName": "kind"}', '"kind"'))
        parameter = {"in": "body", "name": "b", "schema": whole["schema"]}
        root = {
            "swagger": "2.0",
            "info": {"title": "T"},
            "host": "a.example",
            "definitions": whole["definitions"],
        }
        (known,) = endpoints({**root, "paths": {"/a": {"post": {"parameters": [parameter]}}}})
        request = {"url": "https://a.example/a", "method": "POST", "body": value}
        problems = request_problems(request, settings_schema(known), known)
        assert [(each.pointer, each.message.split(" [")[0]) for each in problems] == [
            (place, message.split(" [")[0]) for place, message in expected
        ]
    else:
        assert said(reference, ANIMALS, value, version) == expected


def test_the_tags_of_a_mapping_and_of_an_enum_name_heirs() -> None:
    """What the mapping says goes before the names; what the schema's own enum has beside them is
    the schema itself.
    """
    mapped = {
        "propertyName": "kind",
        "mapping": {"hound": "#/components/schemas/Dog", "any": "#/components/schemas/Animal"},
    }
    schemas = {**ANIMALS, "Animal": {**ANIMALS["Animal"], "discriminator": mapped}}
    assert said(ref("Animal"), schemas, {"kind": "hound", "barks": True}) == []
    assert said(ref("Animal"), schemas, {"kind": "any"}) == []
    assert said(ref("Animal"), schemas, {"kind": "any", "barks": True}) != []
    limited = {**ANIMALS["Animal"], "properties": {"kind": ref("Kind")}}
    schemas = {**ANIMALS, "Animal": limited, "Kind": {"type": "string", "enum": ["Dog", "fish"]}}
    assert said(ref("Animal"), schemas, {"kind": "Dog", "barks": True}) == []
    assert said(ref("Animal"), schemas, {"kind": "fish"}) == []
    assert said(ref("Animal"), schemas, {"kind": "Animal"}) != []


def test_a_schema_that_everything_is_built_on_stays_itself() -> None:
    """More heirs than anybody chooses from say nothing about a value."""
    heirs = {f"Heir{number}": {"allOf": [ref("Animal")]} for number in range(MOST_HEIRS + 1)}
    open_animal = {
        key: value for key, value in ANIMALS["Animal"].items() if key != "additionalProperties"
    }
    assert said(ref("Animal"), {"Animal": open_animal, **heirs}, {"kind": "anything", "x": 1}) == []


def test_read_only_in_one_alternative_says_nothing_of_another() -> None:
    """Only what is joined by `allOf` shares it; what all alternatives say holds for all of them."""
    by_id = {"required": ["id"], "properties": {"id": {"type": "string"}}}
    by_name = {
        "required": ["name"],
        "properties": {"id": {"type": "string", "readOnly": True}, "name": {}},
    }
    for keyword in ("anyOf", "oneOf"):
        for forms in ([by_id, by_name], [ref("ById"), ref("ByName")]):
            body = Body({"type": "object", keyword: forms}, {"ById": by_id, "ByName": by_name})
            assert body.is_valid({"id": "a"})
            assert body.is_valid({"name": "a"})
            assert not body.is_valid({})
    both = {
        "type": "object",
        "required": ["id"],
        "oneOf": [by_name, {**by_name, "required": ["size"]}],
    }
    assert Body(both).problems({"name": "a"}) == []


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        pytest.param(
            {
                "type": "object",
                "properties": {"id": {"type": "integer"}},
                "dependentRequired": {"a": ["id"]},
                "patternProperties": {"^r": {"readOnly": True}},
            },
            [{"a": 1, "id": 1}],
            [{"a": 1}, {"rx": 1}],
            id="patternProperties",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"id": NUMBER},
                "dependentRequired": {"a": ["id", "b"]},
            },
            [{"a": 1, "b": 2}],
            [{"a": 1}],
            id="dependentRequired",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"id": NUMBER},
                "if": {"required": ["a"]},
                "then": {"required": ["id", "b"]},
            },
            [{"a": 1, "b": 1}, {}],
            [{"a": 1}],
            id="then",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"id": NUMBER},
                "dependentSchemas": {"a": {"required": ["id", "b"]}},
            },
            [{"a": 1, "b": 1}, {}],
            [{"a": 1}],
            id="dependentSchemas",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"id": {"$ref": "#/components/schemas/Id", "readOnly": True}},
                "required": ["id"],
            },
            [{}],
            [{"id": 1}],
            id="beside-a-reference",
        ),
        pytest.param(
            {"type": "object", "properties": {"id": NUMBER}, "not": {"required": ["id"]}},
            [{}],
            [{"id": 1}],
            id="not-is-not-turned-round",
        ),
    ],
)
def test_read_only_beside_the_keywords_of_3_1(schema: Any, good: list[Any], bad: list[Any]) -> None:
    """What requires a read-only field under a condition does not, whatever keyword says so."""
    body = Body(schema, {"Id": {"type": "integer"}}, "3.1.0")
    assert [value for value in good if body.problems(value)] == []
    assert [value for value in bad if not body.problems(value)] == []


def test_a_read_only_parameter_is_sent() -> None:
    """A schema that is read-only as a field may be shared by a parameter, which is always sent."""
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": ref("Id")},
        {"name": "q", "in": "query", "schema": NUMBER},
    ]
    derived = settings_schema(
        endpoint({"parameters": parameters}, path="/{id}", schemas={"Id": NUMBER})
    )
    validator = Draft202012Validator(derived)
    request = {"url": "https://a.example/{id}", "method": "POST", "query": {"q": 1}}
    assert validator.is_valid({**request, "pathParameters": {"id": 1}})
    assert not validator.is_valid({**request, "pathParameters": {"id": "x"}})
    assert not validator.is_valid(request)


def test_references_that_lead_to_each_other_are_no_field_to_leave_out() -> None:
    """Definitions in a circle, and in long chains, end: nothing is taken for read-only that does
    not say so.
    """
    chain: dict[str, Any] = {
        f"C{number}": {"allOf": [ref(f"C{number + 1}"), ref(f"C{number + 1}")]}
        for number in range(300)
    }
    schemas = {
        **chain,
        "C300": NUMBER,
        "A": {"allOf": [ref("B"), ref("B")]},
        "B": {"allOf": [ref("A"), ref("A")]},
    }
    Body(
        {"type": "object", "properties": {"a": ref("A"), "c": ref("C0")}, "required": ["a", "c"]},
        schemas,
    )


# The whole of it


@pytest.mark.parametrize("version", VERSIONS)
def test_settings_of_the_library_accept_what_its_api_takes(version: str) -> None:
    """Good settings pass and wrong ones do not, whatever version the description is written in."""
    found = {
        each.title: each
        for each in read_api(LIBRARY / f"{version}.yaml", plugins=PLUGINS).endpoints
    }
    listed = Draft202012Validator(settings_schema(found["List books"]))
    url = {"url": "https://api.library.example/v1/books"}
    assert listed.is_valid(
        {
            **url,
            "query": {"branch": "north", "shelf[]": ["a"], "languages": ["日本語"], "above": 11},
        }
    )
    for query in (
        None,
        {},
        {"branch": "NORTH"},
        {"branch": "a", "languages": ["fr"]},
        {"branch": "a", "above": 0},
        {"branch": "a", "x": 1},
    ):
        assert not listed.is_valid({**url, **({"query": query} if query is not None else {})}), (
            query
        )
    added = Draft202012Validator(settings_schema(found["Add a book"]))
    book = {
        "kind": "b",
        "title": "Momo",
        "subtitle": None,
        "price": 99.5,
        "sequel": {"kind": "b", "title": "Two"},
    }
    post = {**url, "method": "POST"}
    assert added.is_valid(
        {**post, "body": book, "headers": {"Content-Type": "application/json", "X-Own": 1}}
    )
    assert not added.is_valid({**post, "body": book, "headers": {"Content-Type": "text/plain"}})
    assert not added.is_valid(post)
    for change in (
        {"title": ""},
        {"price": 100},
        {"subtitle": 3},
        {"sequel": {"kind": "b"}},
        {"kind": None},
    ):
        assert not added.is_valid({**post, "body": {**book, **change}}), change
    lent = Draft202012Validator(settings_schema(found["lend"]))
    lend = {
        "url": "https://api.library.example/v1/books/{id}/loans",
        "method": "POST",
        "pathParameters": {"id": 3},
    }
    assert lent.is_valid({**lend, "body": {"reader": "r", "days": 3}})
    assert not lent.is_valid({**lend, "body": {"days": 3}})
    assert not lent.is_valid({**lend, "body": {"reader": "r"}, "pathParameters": {"id": 0}})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_prepared_task_holds_what_the_description_gives_and_nothing_else(version: str) -> None:
    """URL, method, the only media type; required objects stand empty, and optional defaults stay in
    the schema.
    """
    found = {
        each.title: each
        for each in read_api(LIBRARY / f"{version}.yaml", plugins=PLUGINS).endpoints
    }
    assert prepare(found["lend"])["httpRequest"] == {
        "url": "https://api.library.example/v1/books/{id}/loans",
        "method": "POST",
        "pathParameters": {},
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": {},
    }
    assert '"default": 14' in json.dumps(settings_schema(found["lend"]))
    assert prepare(found["List books"])["httpRequest"]["query"] == {}


def test_several_media_types_are_alternatives() -> None:
    """The header chooses among the media types, and the body is one of theirs."""
    content = {
        "application/json": {"schema": {"type": "object"}},
        "text/plain; charset=utf-8": {"schema": {"type": "string"}},
    }
    derived = settings_schema(endpoint({"requestBody": {"content": content}}))
    assert derived["properties"]["headers"]["properties"]["Content-Type"] == {
        "enum": list(content),
        "default": "application/json",
    }
    validator = Draft202012Validator(derived)
    request = {"url": "https://a.example/a", "method": "POST"}
    assert validator.is_valid({**request, "body": {}})
    assert validator.is_valid({**request, "body": "text"})
    assert not validator.is_valid({**request, "body": 3})


def test_only_what_is_used_is_defined() -> None:
    """A description of thousands of schemas gives each endpoint its own few, and those that they
    need.
    """
    schemas: dict[str, Any] = {
        f"S{number}": {"type": "object", "properties": {"x": ref(f"S{number}")}}
        for number in range(2_000)
    }
    schemas["S0"]["properties"]["y"] = ref("S1")
    derived = settings_schema(
        endpoint({"requestBody": {"content": {"a/b": {"schema": ref("S0")}}}}, schemas=schemas)
    )
    assert derived["$defs"].keys() == {"S0", "S1"}


def test_settings_belong_to_whoever_asked_for_them() -> None:
    """Changing a settings schema changes no other, nor the endpoint."""
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {}, "kind": {"enum": ["a", {"b": []}]}},
    }
    found = endpoint(
        {"requestBody": {"content": {"a/b": {"schema": ref("S")}}}}, schemas={"S": schema}
    )
    before = json.dumps(settings_schema(found))
    changed = settings_schema(found)
    changed["$defs"]["S"]["properties"]["name"]["type"] = "integer"
    changed["$defs"]["S"]["required"].append("x")
    changed["$defs"]["S"]["properties"]["kind"]["enum"].append("x")
    changed["properties"]["headers"]["properties"].clear()
    assert json.dumps(settings_schema(found)) == before


def test_a_pattern_that_is_none_is_not_enforced() -> None:
    """What is no regular expression of ECMA-262 lets a value through; what is one refuses, whatever
    Python makes of it.
    """
    body = Body(
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "pattern": r"^\p{Lu}+$"},
                "b": {"type": "string", "pattern": "("},
            },
        }
    )
    assert not schema_problems(body.schema, {"a": "ÄB", "b": "anything"})
    assert schema_problems(body.schema, {"a": "Äb"})


def test_the_schema_of_the_media_type_that_is_meant_counts() -> None:
    """What another media type of the same body would take is no excuse; without a `Content-Type`
    any of them does.
    """
    form_type = "application/x-www-form-urlencoded"
    form = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer"}, "id": NUMBER},
    }
    content = {
        "application/json": {"schema": {"type": "object"}},
        form_type: {"schema": form},
        f"{form_type}; v=2": {"schema": form},
    }
    known = endpoint({"requestBody": {"content": content}})
    schema = settings_schema(known)
    Draft202012Validator.check_schema(schema)

    def found(body: Any, **headers: str) -> list[tuple[str, str]]:
        request = {"url": "https://h.example/a", "method": "POST", "headers": headers, "body": body}
        return [
            (each.pointer, each.message)
            for each in request_problems(request, schema, known, expressions=True)
        ]

    wrong = {"a": "x", "id": 1}
    assert found(wrong) == found(wrong, **{"Content-Type": "application/json"}) == []
    said = [
        ("/body/a", 'expected an integer, found the string "x"'),
        ("/body/id", "this field is read-only"),
    ]
    for named in (form_type, f"{form_type}; charset=utf-8"):
        problems = found(wrong, **{"content-type": named})
        assert [
            (place, message[: len(text)])
            for (place, message), (_, text) in zip(problems, said, strict=True)
        ] == said
    assert [place for place, _ in found([1], **{"Content-Type": form_type})] == ["/body"]
    assert found({"a": "${$.a}"}, **{"Content-Type": form_type}) == []
    assert [
        place for place, _ in found({"a": "${$.a}", "id": 1}, **{"Content-Type": form_type})
    ] == ["/body/id"]
    assert found(wrong, **{"Content-Type": "${$.type}"}) == []


def test_a_file_in_a_field_makes_a_body_multipart() -> None:
    """Nothing else carries it; without a file JSON comes first, and what is only worth a warning
    changes nothing.
    """
    parts = {
        "type": "object",
        "properties": {"photo": {"type": "string"}, "id": {"type": "integer"}},
    }
    with_id = {**parts, "properties": {**parts["properties"], "id": NUMBER}}
    content = {"multipart/form-data": {"schema": parts}, "application/json": {"schema": with_id}}
    known = endpoint({"requestBody": {"content": content}})
    schema = settings_schema(known)
    assert (
        foreseen({"body": {"photo": {"$file": {"path": "a.png"}}}}, schema, known)
        == "multipart/form-data"
    )
    assert foreseen({"body": {"photo": "x", "id": 1}}, schema, known) == "application/json"
    assert foreseen({"body": {"photo": "x", "id": "1"}}, schema, known) == "application/json"


def test_an_expression_fits_any_schema_when_a_media_type_is_foreseen() -> None:
    """What it yields is not known yet: it is no text that only one of the media types takes."""
    content = {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"id": {"type": "string"}}}
        },
        "application/json": {
            "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}
        },
    }
    known = endpoint({"requestBody": {"content": content}})
    schema = settings_schema(known)
    assert foreseen({"body": {"id": "${$.id}"}}, schema, known) == "application/json"
    assert foreseen({"body": {"id": "a"}}, schema, known) == "application/x-www-form-urlencoded"


IDS = {"type": "array", "items": {"type": "integer"}}
BOX = {"type": "object", "additionalProperties": {"type": "string"}}


def _with_parameter(parameter: dict[str, Any]) -> Endpoint:
    return endpoint({"parameters": [{"name": "X", **parameter}]})


def _with_body(media_type: str, schema: dict[str, Any], **encoding: Any) -> Endpoint:
    return endpoint(
        {"requestBody": {"content": {media_type: {"schema": schema, "encoding": encoding}}}}
    )


FORM_TYPE, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
DEEP = {"X": {"style": "deepObject", "explode": True}}
FIELD = {"type": "object", "properties": {"X": IDS}, "required": ["X"]}
NESTED = {"type": "object", "properties": {"a": IDS, "b": BOX}, "required": ["a"]}


@pytest.mark.parametrize(
    ("known", "settings", "place", "severity"),
    [
        (
            _with_parameter({"in": "query", "required": True, "schema": IDS}),
            {"query": {"X": []}},
            "/query/X",
            "error",
        ),
        (
            _with_parameter({"in": "query", "schema": IDS}),
            {"query": {"X": []}},
            "/query/X",
            "warning",
        ),
        (
            _with_parameter(
                {"in": "query", "required": True, "style": "deepObject", "schema": BOX}
            ),
            {"query": {"X": {}}},
            "/query/X",
            "error",
        ),
        (
            _with_parameter(
                {"in": "query", "required": True, "style": "deepObject", "schema": NESTED}
            ),
            {"query": {"X": {"a": [], "b": {"c": "d"}}}},
            "/query/X/a",
            "error",
        ),
        (
            _with_parameter(
                {"in": "query", "required": True, "style": "deepObject", "schema": NESTED}
            ),
            {"query": {"X": {"a": [1], "b": {}}}},
            "/query/X/b",
            "warning",
        ),
        (
            _with_parameter({"in": "header", "required": True, "schema": IDS}),
            {"headers": {"x": []}},
            "/headers/x",
            "error",
        ),
        (
            _with_parameter({"in": "cookie", "required": True, "schema": IDS}),
            {"cookies": {"X": []}},
            "/cookies/X",
            "error",
        ),
        (_with_body(FORM_TYPE, FIELD), {"body": {"X": []}}, "/body/X", "error"),
        (_with_body(PARTS, FIELD), {"body": {"X": []}}, "/body/X", "error"),
        (
            _with_body(FORM_TYPE, {**FIELD, "required": []}),
            {"body": {"X": []}},
            "/body/X",
            "warning",
        ),
        (
            _with_body(FORM_TYPE, {"type": "object", "properties": {"X": NESTED}}, **DEEP),
            {"body": {"X": {"a": [1], "b": {}}}},
            "/body/X/b",
            "warning",
        ),
    ],
)
def test_what_is_empty_and_not_sent_is_told(
    known: Endpoint, settings: dict[str, Any], place: str, severity: str
) -> None:
    """An empty array or object has no form in a query, a header, a cookie or a form: refused where
    it is required.
    """
    request = {"url": "https://a.example/a", "method": "POST", **settings}
    for expressions in (True, False):
        problems = request_problems(request, settings_schema(known), known, expressions=expressions)
        assert [(problem.pointer, problem.severity) for problem in problems] == [(place, severity)]
        _, group, *_, name = place.split("/")
        where = {"query": "a query", "headers": "a header", "cookies": "a cookie"}.get(
            group, "a body of "
        )
        assert f"has no form in {where}" in problems[0].message
        assert ("is required, but" in problems[0].message) == (severity == "error")
        assert (f"{name!r} is".lower() in problems[0].message.lower()) == (severity == "error")


LOOSE = {"type": "object", "properties": {"a": IDS, "b": {"properties": {"b": BOX}}}}
LOOSE_QUERY = {"in": "query", "required": True, "style": "deepObject", "schema": LOOSE}


@pytest.mark.parametrize(
    ("known", "settings", "pointers"),
    [
        (
            _with_parameter(LOOSE_QUERY),
            {"query": {"X": {"a": []}}},
            ["/query/X/a"],
        ),
        (
            _with_body(
                FORM_TYPE,
                {"type": "object", "properties": {"X": LOOSE}, "required": ["X"]},
                **DEEP,
            ),
            {"body": {"X": {"a": [], "b": {"b": {}}}}},
            ["/body/X/a", "/body/X/b/b"],
        ),
    ],
)
def test_what_is_required_and_holds_nothing_is_refused(
    known: Endpoint, settings: dict[str, Any], pointers: list[str]
) -> None:
    """An object of empty arrays and objects is not sent either: refused where it is required."""
    request = {"url": "https://a.example/a", "method": "POST", **settings}
    problems = request_problems(request, settings_schema(known), known, expressions=True)
    assert [problem.pointer for problem in problems] == pointers
    for problem in problems:
        assert problem.severity == "error"
        assert problem.message.startswith("'X' is required, but")


@pytest.mark.parametrize("empty", [[], {}])
def test_an_empty_value_is_no_header(empty: Any) -> None:
    """As the problem says, nothing is sent for it, not even a line without a value."""
    known = _with_parameter({"in": "header", "schema": IDS if empty == [] else BOX})
    settings = {"url": "https://a.example/a", "method": "POST"}
    assert build({**settings, "headers": {"X": empty}}, known).header("X") is None
    assert build({**settings, "headers": {"X": ""}}).header("X") == ""


@pytest.mark.parametrize(
    ("known", "settings"),
    [
        (_with_body("application/json", FIELD), {"body": {"X": []}}),
        (
            _with_body(FORM_TYPE, {"type": "object", "properties": {"X": BOX}, "required": ["X"]}),
            {"body": {"X": {}}},
        ),
        (
            _with_parameter(
                {"in": "query", "required": True, "content": {"application/json": {"schema": IDS}}}
            ),
            {"query": {"X": []}},
        ),
        (
            _with_parameter({"in": "query", "required": True, "schema": IDS}),
            {"query": {"X": "${$.ids}"}},
        ),
    ],
)
def test_what_is_empty_and_sent_is_no_problem(known: Endpoint, settings: dict[str, Any]) -> None:
    """JSON writes `[]` and `{}`, in a body, a parameter or a field."""
    request = {"url": "https://a.example/a", "method": "POST", **settings}
    assert request_problems(request, settings_schema(known), known, expressions=True) == []


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "boolean"}, [True, ""], ["yes"]),
        ({"type": "integer", "default": 3, "description": "d"}, [5, ""], [1.5]),
        ({"type": "string", "minLength": 2}, ["ab", ""], ["a"]),
        ({"type": "string", "enum": ["a"]}, ["a", ""], ["b"]),
        ({"type": "string"}, ["", "x"], [5]),
        ({"type": "array", "items": {"type": "integer"}}, [[1], ""], ["x"]),
    ],
)
@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_a_value_may_be_empty_where_the_description_says_so(
    schema: dict[str, Any], good: list[Any], bad: list[Any], version: str
) -> None:
    """`allowEmptyValue`: the name is sent with nothing behind it, in settings and in the URL's own
    query alike.
    """
    value = schema if version == "2.0" else {"schema": schema}
    parameters = [{"name": "flag", "in": "query", "allowEmptyValue": True, **value}]
    if version == "2.0":
        root = {"swagger": "2.0", "info": {"title": "T"}, "host": "a.example"}
        (known,) = endpoints({**root, "paths": {"/a": {"get": {"parameters": parameters}}}})
    else:
        root = {
            "openapi": version,
            "info": {"title": "T"},
            "servers": [{"url": "https://a.example"}],
        }
        (known,) = endpoints({**root, "paths": {"/a": {"get": {"parameters": parameters}}}})
    derived = settings_schema(known)

    def problems(**request: Any) -> list[Problem]:
        return request_problems({"url": "https://a.example/a", **request}, derived, known)

    assert [value for value in good if problems(query={"flag": value})] == []
    assert [value for value in bad if not problems(query={"flag": value})] == []
    assert problems(url="https://a.example/a?flag=") == []
    assert build({"url": "https://a.example/a", "query": {"flag": ""}}, known).url.endswith(
        "/a?flag="
    )
    strict = {**parameters[0], "allowEmptyValue": False}
    (known,) = endpoints({**root, "paths": {"/a": {"get": {"parameters": [strict]}}}})
    refused = request_problems(
        {"url": "https://a.example/a", "query": {"flag": ""}}, settings_schema(known), known
    )
    assert bool(refused) is (schema != {"type": "string"})


@pytest.mark.parametrize("place", ["query", "headers", "body"])
def test_the_media_type_that_is_meant_counts_when_expressions_are_known(place: str) -> None:
    """Whatever part of the settings an expression is in: what it yields is checked with the schema
    of the media type.
    """
    form_type = "application/x-www-form-urlencoded"
    form = {"type": "object", "properties": {"a": {"type": "integer"}}}
    content = {"application/json": {"schema": {"type": "object"}}, form_type: {"schema": form}}
    known = endpoint(
        {"parameters": [{"name": "q", "in": "query"}], "requestBody": {"content": content}}
    )
    request: dict[str, Any] = {"url": "http://127.0.0.1:1/a", "method": "POST"}
    request |= {"headers": {"Content-Type": form_type}, "body": {"a": 1}, "query": {"q": "x"}}
    wrong = {
        "headers": {"Content-Type": "${$.v}"},
        "body": {"a": "${$.v}"},
        "query": {"q": "${$.v}"},
    }
    given = {"headers": form_type, "body": "x", "query": "x"}[place]
    request[place] = wrong[place]
    if place == "headers":
        request["body"] = {"a": "x"}
    definition = {
        "type": "Http",
        "inputParameters": {"v": given},
        "httpRequest": request,
        "end": True,
    }
    with runtime(allow=[]) as shared:
        task = HttpTask(definition, runtime=shared, endpoint=known)
        assert task.problems() == []
        with pytest.raises(BlockedError if place == "query" else SettingsError) as caught:
            task.call()
    if isinstance(caught.value, SettingsError):
        assert [problem.pointer for problem in caught.value.problems] == ["/httpRequest/body/a"]


def test_a_media_type_is_prefilled_with_its_body() -> None:
    """Not for a body that need not come: a server may refuse a `Content-Type` that nothing
    follows.
    """
    content = {
        "application/json": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    }
    assert "headers" not in prepare(endpoint({"requestBody": {"content": content}}))["httpRequest"]
    assert prepare(endpoint({"requestBody": {"content": content, "required": True}}))[
        "httpRequest"
    ]["headers"] == {"Content-Type": "application/json"}


def test_a_plugin_may_replace_a_body_of_several_media_types() -> None:
    """What it leaves is what counts: nothing refers to a schema that is no more."""
    content = {
        "application/json": {"schema": {"type": "object"}},
        "text/csv": {"schema": {"type": "string"}},
    }
    known = endpoint({"requestBody": {"content": content}})

    class Plain:
        @hookimpl
        def httptask_refine_settings_schema(self, schema: dict[str, Any]) -> None:
            schema["properties"]["body"] = {"type": "object", "maxProperties": 0}

    request = {
        "url": "https://a.example/a",
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "body": {"a": 1},
    }
    definition = {"type": "Http", "httpRequest": request, "end": True}
    with runtime() as shared, runtime(Plain()) as refined:
        assert HttpTask(definition, runtime=shared, endpoint=known).problems() == []
        (problem,) = HttpTask(definition, runtime=refined, endpoint=known).problems()
    assert (problem.pointer, "schema" in problem.message) == ("/httpRequest/body", False)


# The media type that nobody names

OBJECT = {"type": "object", "additionalProperties": False}
JSON_URL = {**OBJECT, "required": ["media_url"], "properties": {"media_url": {"type": "string"}}}
FORM_MEDIA = {**OBJECT, "required": ["media"], "properties": {"media": {"type": "string"}}}
ROWS = {"type": "array", "items": {"type": "object"}}
ANY_OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
NUMBERED = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FORM_TYPE, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"

FITTING = [
    pytest.param({"application/json": JSON_URL, PARTS: FORM_MEDIA}, {"media": "x"}, PARTS, id="json-or-parts: parts"),
    pytest.param({"application/json": JSON_URL, PARTS: FORM_MEDIA}, {"media_url": "x"}, "application/json", id="json"),
    pytest.param({PARTS: FORM_MEDIA, "application/json": JSON_URL}, {"media": "x"}, PARTS, id="parts-first"),
    pytest.param({"application/json": ROWS, "text/csv": {"type": "string"}}, "a,b\n", "text/csv", id="csv"),
    pytest.param({"application/json": ROWS, "text/csv": {"type": "string"}}, [{"a": 1}], "application/json", id="rows"),
    pytest.param({FORM_TYPE: FORM_MEDIA, "application/json": JSON_URL}, {"media": "x"}, FORM_TYPE, id="form"),
    pytest.param({"application/xml": ANY_OBJECT, "application/json": NUMBERED}, {"a": "x"}, "application/xml", id="xml"),
    pytest.param({"application/xml": ANY_OBJECT, "application/json": NUMBERED}, {"a": 1}, "application/json", id="nearer"),
    pytest.param({"application/xml": JSON_URL, "application/json": FORM_MEDIA}, "<a/>", "application/xml", id="xml-text"),
    pytest.param({"application/xml": ANY_OBJECT, PARTS: {"type": "object"}}, {"a": "x"}, PARTS, id="both: stated order"),
    pytest.param({PARTS: ANY_OBJECT, FORM_TYPE: {"type": "object"}}, {"a": "x"}, FORM_TYPE, id="both: form first"),
    pytest.param({"a/b": {"type": "string"}, "application/xml": ANY_OBJECT}, {"a": "x"}, "application/xml", id="rest-last"),
    pytest.param({"application/vnd.a+json": JSON_URL, "application/json": FORM_MEDIA}, {"media_url": "x"},
                 "application/vnd.a+json", id="two-of-json"),
]  # fmt: skip


@pytest.mark.parametrize("expression", [False, True], ids=["constant", "expression"])
@pytest.mark.parametrize(("content", "body", "media_type"), FITTING)
def test_a_body_is_written_as_the_media_type_whose_schema_it_fits(
    content: dict[str, Any], body: Any, media_type: str, expression: bool
) -> None:
    """Checked and sent as the same one, which stands in the request; of several that it fits, in
    the stated order.
    """
    described = {name: {"schema": schema} for name, schema in content.items()}
    known = endpoint({"requestBody": {"content": described, "required": True}})
    request = {
        "url": "https://a.example/a",
        "method": "POST",
        "body": "${$.b}" if expression else body,
    }
    definition = {
        "type": "Http",
        "inputParameters": {"b": body},
        "httpRequest": request,
        "end": True,
    }
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared, endpoint=known)
        assert task.problems() == []
        sent = dict(task.render().headers)["Content-Type"]
    assert sent.partition("; boundary")[0] == media_type


def test_a_body_that_fits_no_media_type_is_told_what_is_wrong_by_the_nearest() -> None:
    """One sentence for each thing that is wrong, by the schema with the fewest."""
    other = {**OBJECT, "required": ["b", "c"], "properties": {"b": {}, "c": {}}}
    content = {"application/json": {"schema": other}, PARTS: {"schema": FORM_MEDIA}}
    known = endpoint({"requestBody": {"content": content, "required": True}})
    request = {"url": "https://a.example/a", "method": "POST", "body": {"media": 3}}
    with runtime() as shared:
        task = HttpTask(
            {"type": "Http", "httpRequest": request, "end": True}, runtime=shared, endpoint=known
        )
        problems = [(problem.pointer, problem.message) for problem in task.problems()]
    assert problems == [("/httpRequest/body/media", "expected a string, found the number 3")]


# What a request has without its author


ACCEPTED = [
    pytest.param({"200": ["application/vnd.acme.v2+json"]}, "application/vnd.acme.v2+json, */*", id="one"),
    pytest.param({"200": ["text/csv", "application/json"]}, "application/json, text/csv, */*", id="json-first"),
    pytest.param({"200": ["text/html"], "201": ["application/hal+json"], "404": ["application/problem+json"]},
                 "application/hal+json, text/html, */*", id="successes"),
    pytest.param({"2XX": ["image/png"], "default": ["application/json"]}, "image/png, */*", id="range"),
    pytest.param({"default": ["application/xml"]}, "application/xml, */*", id="default"),
    pytest.param({"404": ["application/json"]}, "*/*", id="failures-only"),
    pytest.param({"204": []}, "*/*", id="nothing"),
    pytest.param({"200": ["*/*", "application/json; charset=utf-8"]}, "application/json, */*", id="any-last"),
    pytest.param({"200": ["application/vnd.a+json;version=2"]}, "application/vnd.a+json;version=2, */*", id="parameter"),
    pytest.param({"200": ["json", "a/b\r\nX: 1", "text/plain"]}, "text/plain, */*", id="unusable"),
]  # fmt: skip


def rendered(known: Endpoint, **request: Any) -> tuple[dict[str, str], list[str]]:
    """Return the headers of the request, and everything there is to say of its settings."""
    definition = {
        "type": "Http",
        "httpRequest": {"url": "https://a.example/a", "method": "POST", **request},
        "end": True,
    }
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared, endpoint=known)
        return dict(task.render().headers), [
            f"{each.severity} {each.pointer}" for each in task.problems()
        ]


@pytest.mark.parametrize(("responses", "accept"), ACCEPTED)
def test_a_request_accepts_what_the_endpoint_answers_with(
    responses: dict[str, list[str]], accept: str
) -> None:
    """The media types of its successes, JSON first, anything last; what the author says wins. The
    form shows it.
    """
    described = {
        status: {"description": "", "content": {name: {} for name in names}}
        for status, names in responses.items()
    }
    known = endpoint({"responses": described})
    headers, problems = rendered(known)
    assert (headers["Accept"], problems) == (accept, [])
    shown = settings_schema(known)["properties"]["headers"]["properties"].get(
        "Accept", {"default": "*/*"}
    )
    assert shown["default"] == accept
    assert "headers" not in prepare(known)["httpRequest"]
    given = rendered(known, headers={"accept": "text/x"})[0]
    assert [value for name, value in given.items() if name.lower() == "accept"] == ["text/x"]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "string", "enum": ["text/csv", "application/json"]}, "application/json"),
        (
            {"type": "string", "enum": ["application/vnd.acme.v1", "application/vnd.acme.v2"]},
            "application/vnd.acme.v1",
        ),
        (
            {"type": "string", "default": "application/vnd.acme.v2+json"},
            "application/vnd.acme.v2+json",
        ),
        ({"type": "string"}, "application/json, */*"),
    ],
)
def test_a_described_accept_is_a_choice(version: str, schema: dict[str, Any], sent: str) -> None:
    """It is not asked for, however required; without a choice what the description gives is sent,
    and a wrong one is refused.
    """
    parameter = {"name": "Accept", "in": "header", "required": True, "schema": schema}
    responses = {"200": {"description": "", "content": {"application/json": {}}}}
    known = endpoint({"parameters": [parameter], "responses": responses}, version=version)
    headers, problems = rendered(known)
    assert (headers["Accept"], problems) == (sent, [])
    field = settings_schema(known)["properties"]["headers"]["properties"]["Accept"]
    assert (field["default"], field.get("enum")) == (sent, schema.get("enum"))
    if "enum" in schema:
        assert rendered(known, headers={"Accept": schema["enum"][0]}) == (
            {**headers, "Accept": schema["enum"][0]},
            [],
        )
        assert rendered(known, headers={"Accept": "text/html"})[1] == [
            "error /httpRequest/headers/Accept"
        ]


@pytest.mark.parametrize("default", [5, "", "text/csv\n"])
def test_a_described_accept_that_is_no_header_is_not_sent(default: Any) -> None:
    """A default that is no text, is empty, or would end the line counts as none."""
    parameter = {"name": "Accept", "in": "header", "schema": {"default": default}}
    responses = {"200": {"description": "", "content": {"application/json": {}}}}
    headers, _ = rendered(endpoint({"parameters": [parameter], "responses": responses}))
    assert headers["Accept"] == "application/json, */*"


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "Connection", "Host", "TE", "Expect", "Upgrade"]
)
def test_headers_that_frame_a_request_are_not_asked_for(name: str) -> None:
    """However required by the description; a value of one is no error, but for Host, and is not
    sent.
    """
    known = endpoint(
        {
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": {"type": "integer"}}
            ]
        }
    )
    assert settings_schema(known)["properties"]["headers"]["properties"] == {}
    assert rendered(known)[1] == []
    headers, problems = rendered(known, headers={name: 3}) if name != "Host" else rendered(known)
    assert name == "Host" or problems == [f"warning /httpRequest/headers/{name}"]
    assert name not in headers


EVERY_CODING = f"identity, {ACCEPT_ENCODING}"


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "string"}, None),
        ({"enum": ["gzip", "identity"]}, "gzip"),
        ({"enum": ["identity"]}, "identity"),
        ({"enum": ["x-unknown", "deflate"]}, "deflate"),
        ({"enum": ["x-unknown"]}, None),
        ({"default": "identity"}, "identity"),
        ({"default": "x-unknown"}, None),
        ({"enum": ["x-unknown", EVERY_CODING]}, EVERY_CODING),
        ({"default": EVERY_CODING}, EVERY_CODING),
        ({"type": "array", "items": {"enum": ["x-unknown", "gzip", "identity"]}}, "gzip"),
    ],
)
def test_the_codings_that_are_asked_for_are_ours_to_fill_in(
    schema: dict[str, Any], sent: str | None
) -> None:
    """A described Accept-Encoding is not asked for; of what it allows the first that can be undone
    is sent.
    """
    parameter = {"name": "Accept-Encoding", "in": "header", "required": True, "schema": schema}
    headers, problems = rendered(endpoint({"parameters": [parameter]}))
    assert (headers["Accept-Encoding"], problems) == (sent or ACCEPT_ENCODING, [])


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "string"}, None),
        ({"type": "string", "default": "acme-sdk/2"}, "acme-sdk/2"),
        ({"type": "string", "enum": ["acme", "other"]}, "acme"),
    ],
)
def test_the_user_agent_is_ours_to_fill_in(schema: dict[str, Any], sent: str | None) -> None:
    """One is always sent, so none is asked for; an author's own goes out in its place."""
    parameter = {"name": "User-Agent", "in": "header", "required": True, "schema": schema}
    described = endpoint({"parameters": [parameter]})
    headers, problems = rendered(described)
    assert problems == []
    assert headers["User-Agent"] == sent or (sent is None and "httptask/" in headers["User-Agent"])
    own = schema.get("enum", ["me/1"])[-1]
    assert rendered(described, headers={"user-agent": own})[0]["User-Agent"] == own


@pytest.mark.parametrize(("required", "words"), [(False, "optional"), (True, None)])
def test_an_optional_body_that_asks_for_something_is_mentioned(
    required: bool, words: str | None
) -> None:
    """With its media type: many descriptions forget to say that a body has to be there."""
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "more": {}},
    }
    other = {"type": "object", "properties": {"more": {}}}
    for content, media_type in (
        ({"application/json": schema}, "application/json"),
        ({"text/plain": {"type": "string"}, FORM_TYPE: schema}, FORM_TYPE),
        ({"application/json": {"$ref": "#/components/schemas/S"}}, "application/json"),
        ({"application/json": {"oneOf": [schema, {"type": "string"}]}}, "application/json"),
    ):
        described = {name: {"schema": each} for name, each in content.items()}
        known = endpoint(
            {"requestBody": {"content": described, "required": required}}, schemas={"S": schema}
        )
        derived = settings_schema(known)
        missing = dict(
            still_to_fill(derived, prepare(known, derived)["httpRequest"], "/httpRequest")
        )
        if words is None:
            assert "/httpRequest/headers/Content-Type" not in missing
        else:
            assert missing["/httpRequest/body"] == "optional: object; with it name"
            assert (
                missing["/httpRequest/headers/Content-Type"]
                == f"optional, with a body: {media_type}"
            )
            assert (
                still_to_fill(
                    derived, {"url": "https://a.example/a", "method": "POST", "body": {"name": "x"}}
                )
                == []
            )
    known = endpoint({"requestBody": {"content": {"application/json": {"schema": other}}}})
    assert still_to_fill(settings_schema(known), prepare(known)["httpRequest"]) == []
