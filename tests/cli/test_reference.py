"""The reference of an endpoint as text: what `httptask show` prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from httptask.cli._reference import reference
from httptask.importers import read_api

COMPONENTS: dict[str, Any] = {
    "Name": {"type": "string", "description": "What it is called", "enum": ["a", "b"]},
    "Base": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"$ref": "#/components/schemas/Name"}},
    },
    "Tree": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    },
    "Cat": {"type": "object", "properties": {"lives": {"type": "integer", "default": 9}}},
    "Dog": {"type": "object", "properties": {"barks": {"type": "boolean"}}},
}


def lines(schema: dict[str, Any]) -> list[str]:
    """Return the lines of the reference about a JSON request body of *schema*."""
    content = {"application/json": {"schema": schema}}
    description = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "components": {"schemas": COMPONENTS},
        "paths": {"/a": {"post": {"requestBody": {"required": True, "content": content}}}},
    }
    read = read_api("api.json", data=json.dumps(description).encode(), provider="acme")
    text = reference(read.endpoints[0])
    return text.partition("Request body (application/json, required)\n")[2].splitlines()


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"properties": {"n": {"allOf": [ref("Name"), {"description": "Ours"}]}}},
            ["  n  string", "      What it is called", '      one of: "a", "b"'],
            id="what-is-joined-is-one-field",
        ),
        pytest.param(
            {"properties": {"n": {**ref("Name"), "description": "Ours", "default": "b"}}},
            ["  n  string", "      Ours", '      one of: "a", "b"', '      default: "b"'],
            id="what-stands-beside-a-reference",
        ),
        pytest.param(
            {"allOf": [ref("Base"), {"required": ["x"], "properties": {"x": {"type": "null"}}}]},
            [
                "  name  string, required",
                "      What it is called",
                '      one of: "a", "b"',
                "  x  null, required",
            ],
            id="fields-of-what-is-joined",
        ),
        pytest.param(
            ref("Tree"),
            ["  name  string", "  children  array of object"],
            id="recursion-is-listed-once",
        ),
        pytest.param(
            {"properties": {"pet": {"oneOf": [ref("Cat"), ref("Dog"), {"type": "null"}]}}},
            [
                "  pet  Cat or Dog or null",
                "  pet.lives  integer",
                "      default: 9",
                "  pet.barks  boolean",
            ],
            id="a-choice-by-the-names-of-its-options",
        ),
        pytest.param(
            {"properties": {"n": {"type": ["number", "null"]}, "any": {}}},
            ["  n  number or null", "  any  any"],
            id="types",
        ),
        pytest.param(
            {"properties": {"id": {"type": "string", "readOnly": True}, "b": {"const": 1}}},
            ["  b  any", "      one of: 1"],
            id="read-only-is-left-out",
        ),
    ],
)
def test_the_fields_of_a_body(schema: dict[str, Any], expected: list[str]) -> None:
    """Fields are shown as a form has them: references followed, `allOf` joined, choices named."""
    assert lines(schema) == expected
