"""References where OpenAPI has none, but descriptions of several files do: followed, or told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from httptask.errors import DescriptionError
from httptask.importers import read_api
from httptask.model.api import Endpoint, Reading
from httptask.plugins import plugin_manager
from httptask.settings import prepare, settings_schema, still_to_fill

PLUGINS = plugin_manager(entry_points=False)
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


def reading(folder: Path, files: dict[str, Any], **root: Any) -> Reading:
    """Read a description of `POST /p` that has *root*, among *files*."""
    described: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "paths": {"/p": {"post": {}}},
    }
    for name, value in {**files, "api.json": described | root}.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text, encoding="utf-8")
    return read_api(folder / "api.json", plugins=PLUGINS, provider="acme")


@pytest.mark.parametrize(
    "root",
    [
        {"security": {"$ref": "parts.json#/security"}},
        {"security": [{"$ref": "parts.json#/security/0"}]},
        {"security": {"$ref": "list.yaml"}},
        {"paths": {"/p": {"post": {"security": {"$ref": "list.yaml"}}}}},
    ],
    ids=["all", "one", "file", "operation"],
)
def test_an_endpoint_whose_security_is_elsewhere_is_not_an_open_one(
    root: dict[str, Any], tmp_path: Path
) -> None:
    """The requirements in another file are followed, of the description and of an operation."""
    files = {"parts.json": {"security": [{"key": []}]}, "list.yaml": "- key: []\n"}
    found = reading(tmp_path, files, components={"securitySchemes": {"key": KEY}}, **root)
    assert found.notes == ()
    assert found.endpoints[0].security == ({"key": ()},)
    assert found.endpoints[0].security_schemes == {"key": KEY}


def test_requirements_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    """An endpoint does not look open because of a dangling reference: the import fails."""
    found = reading(tmp_path, {}, security={"$ref": "gone.json"})
    assert [(note.pointer, note.severity) for note in found.notes] == [("/security", "error")]


def test_the_flows_of_a_scheme_may_be_elsewhere(tmp_path: Path) -> None:
    """References anywhere in a security scheme are followed: a token is asked for at an address."""
    flows = {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"r": "read"}}}
    scheme = {"type": "oauth2", "flows": {"$ref": "flows.json"}}
    found = reading(
        tmp_path,
        {"flows.json": flows},
        security=[{"login": ["r"]}],
        components={"securitySchemes": {"login": scheme}},
    )
    assert found.endpoints[0].security_schemes["login"]["flows"] == flows


@pytest.mark.parametrize(
    "servers",
    [
        {"$ref": "servers.json"},
        [{"$ref": "servers.json#/0"}],
        [{"url": "https://{host}.example", "variables": {"$ref": "servers.json#/0/variables"}}],
        [
            {
                "url": "https://{host}.example",
                "variables": {"host": {"$ref": "servers.json#/0/variables/host"}},
            }
        ],
    ],
    ids=["all", "one", "variables", "variable"],
)
def test_servers_may_be_elsewhere(servers: Any, tmp_path: Path) -> None:
    """A list of servers, a server, and its variables, also in a file that is an array."""
    files = {"servers.json": [{"url": "https://{host}.example", "variables": {"host": HOST}}]}
    found = reading(tmp_path, files, servers=servers)
    assert found.notes == ()
    (server,) = found.endpoints[0].servers
    assert (server.url, server.variables) == ("https://{host}.example", {"host": HOST})


HOST = {"default": "b", "enum": ["b", "c"]}


def body(tmp_path: Path, schema: dict[str, Any], **files: Any) -> tuple[Reading, Endpoint]:
    """Return the reading of a required JSON body with *schema*, and its endpoint."""
    content = {"application/json": {"schema": schema}}
    operation = {"requestBody": {"required": True, "content": content}}
    found = reading(
        tmp_path,
        {name.replace("_", "."): value for name, value in files.items()},
        paths={"/p": {"post": operation}},
        components={"schemas": {"Pet": PET}},
    )
    return found, found.endpoints[0]


def missing_of(endpoint: Endpoint) -> list[str]:
    schema = settings_schema(endpoint)
    return [pointer for pointer, _ in still_to_fill(schema, prepare(endpoint)["httpRequest"])]


PET = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "a/b%": {"type": "integer"}},
}


@pytest.mark.parametrize(
    ("schema", "missing"),
    [
        (
            {
                "type": "object",
                "properties": {"$ref": "#/components/schemas/Pet/properties"},
                "required": {"$ref": "#/components/schemas/Pet/required"},
            },
            ["/body/name"],
        ),
        ({"allOf": {"$ref": "all.yaml"}}, ["/body/q"]),
        ({"allOf": {"$ref": "parts.json#/all"}}, ["/body/q"]),
    ],
    ids=["properties", "array-file", "array"],
)
def test_keywords_of_a_schema_may_be_elsewhere(
    schema: dict[str, Any], missing: list[str], tmp_path: Path
) -> None:
    """Where a keyword has an array, or an object of schemas, a reference leads to it; references
    in there are relative to their own file.
    """
    found, endpoint = body(
        tmp_path,
        schema,
        all_yaml="- type: object\n  required: [q]\n  properties: {q: {$ref: 'parts.json#/q'}}\n",
        parts_json={"q": {"type": "integer"}, "all": [{"$ref": "all.yaml#/0"}]},
    )
    assert found.notes == ()
    assert missing_of(endpoint) == missing
    assert "$ref" not in settings_schema(endpoint)["properties"]["body"].get("properties", {})


def test_the_schema_that_has_the_keyword_is_taken_for_its_value(tmp_path: Path) -> None:
    """`properties: {$ref: Pet}` means the properties of Pet, which is noted."""
    found, endpoint = body(tmp_path, {"properties": {"$ref": "#/components/schemas/Pet"}})
    assert [note.kind for note in found.notes] == ["guessed"]
    properties = settings_schema(endpoint)["properties"]["body"]["properties"]
    assert list(properties) == ["name", "a/b%"]


def test_a_property_may_be_called_ref(tmp_path: Path) -> None:
    """`$ref` with a schema is a property of that name; only a text is a reference."""
    schema = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
    found, endpoint = body(tmp_path, schema)
    assert found.notes == ()
    assert missing_of(endpoint) == ["/body/$ref"]


def test_listed_values_may_be_elsewhere(tmp_path: Path) -> None:
    """An enum in another file holds; its only value is filled in."""
    color = {"type": "string", "enum": {"$ref": "colors.json"}}
    schema = {"type": "object", "required": ["c"], "properties": {"c": color}}
    _, endpoint = body(tmp_path, schema, colors_json=["red"])
    assert prepare(endpoint)["httpRequest"]["body"] == {"c": "red"}


def test_the_description_itself_is_no_array() -> None:
    """Only files that a description refers to may be arrays."""
    with pytest.raises(DescriptionError, match="no object"):
        read_api("api.json", data=b'[{"openapi": "3.0.3"}]', plugins=PLUGINS)
