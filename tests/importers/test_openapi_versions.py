"""The versions of OpenAPI: one API written in each reads the same, and what only one version has is
read there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from ruamel.yaml import YAML

from httptask.errors import DescriptionError
from httptask.importers import read_api
from httptask.model.api import Reading
from httptask.settings import settings_schema
from places import DATA

DESCRIPTIONS = DATA / "descriptions"
VERSIONS = ("2.0", "3.0", "3.1", "3.2")
INFO = {"title": "T", "version": "1"}


def loaded(path: Path) -> Any:
    """Return the YAML 1.2 file *path* as another library reads it, with the names that JSON has."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text("utf-8"))))


def reading(root: dict[str, Any]) -> Reading:
    return read_api("api.json", data=json.dumps(root).encode(), provider="acme")


def one(root: dict[str, Any]) -> dict[str, Any]:
    """Return the only endpoint of the description *root*."""
    (endpoint,) = reading(root).endpoints
    return endpoint.to_json()


def facts(found: Reading) -> list[dict[str, Any]]:
    """Return what *found* says of each endpoint, but for the name of the file."""
    return [{**endpoint.to_json(), "source": ""} for endpoint in found.endpoints]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_hand_made_descriptions_are_valid(version: str) -> None:
    """Somebody else's validator agrees that each description is one of its version."""
    validate(loaded(DESCRIPTIONS / "library" / f"{version}.yaml"))


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("version", VERSIONS)
def test_one_api_reads_the_same_in_every_version_and_form(version: str, form: str) -> None:
    """Servers, parameters, styles, bodies, forms, files, responses, schemas and security are equal,
    whatever they are written in.
    """
    path = DESCRIPTIONS / "library" / f"{version}.yaml"
    found = (
        read_api(path)
        if form == "yaml"
        else read_api("api.json", data=json.dumps(loaded(path)).encode())
    )
    expected = facts(read_api(DESCRIPTIONS / "library" / "3.1.yaml"))
    for endpoint, other in zip(facts(found), expected, strict=True):
        assert endpoint == other
    assert [(note.kind, note.pointer) for note in found.notes] == [("guessed", "/info")]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_library_says(version: str) -> None:
    """What stands in the description by hand is what the endpoints say: nothing is lost, nothing is
    added.
    """
    found = {
        each["title"]: each
        for each in facts(read_api(DESCRIPTIONS / "library" / f"{version}.yaml"))
    }
    listed, added = found["List books"], found["Add a book"]
    assert listed["servers"] == [{"url": "https://api.library.example/v1"}]
    assert listed["tags"] == ["Books"]
    assert added["tags"] == ["Books", "Бухгалтерия"]
    assert listed["parameters"] == [
        {
            "name": "branch",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "pattern": "^[a-z]+$"},
        },
        {
            "name": "shelf[]",
            "in": "query",
            "style": "form",
            "explode": True,
            "schema": {"type": "array", "items": {"type": "string"}},
        },
        {
            "name": "languages",
            "in": "query",
            "style": "pipeDelimited",
            "explode": False,
            "schema": {
                "type": "array",
                "items": {"type": "string", "enum": ["de", "en", "日本語"]},
            },
        },
        {
            "name": "fields",
            "in": "query",
            "explode": False,
            "schema": {"type": "array", "items": {"type": "string"}},
        },
        {
            "name": "above",
            "in": "query",
            "description": "Only books of more pages.",
            "schema": {"type": "integer", "exclusiveMinimum": 0, "default": 10},
        },
    ]
    assert listed["responses"]["200"] == {
        "description": "The books.",
        "headers": {
            "X-Total": {"description": "How many there are.", "schema": {"type": "integer"}}
        },
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {"$ref": "#/$defs/Book"}},
                "examples": [[{"id": 1, "title": "Momo"}]],
            }
        },
    }
    assert listed["responses"]["400"]["content"] == {
        "application/json": {"schema": {"$ref": "#/$defs/Error"}}
    }
    assert listed["security"] == [{"token": []}, {"account": ["books.read"]}]
    assert added["security"] == [{"account": ["books.read", "books.write"], "token": []}]
    assert listed["securitySchemes"] == {
        "token": {"type": "apiKey", "in": "header", "name": "X-Token"},
        "account": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "https://library.example/authorize",
                    "tokenUrl": "https://library.example/token",
                    "scopes": {"books.read": "See books", "books.write": "Change books"},
                }
            },
        },
    }
    removed = found["Remove a book"]
    assert removed["deprecated"] is True
    assert removed["security"] == []
    assert [(each["name"], each["schema"]) for each in removed["parameters"]] == [
        ("id", {"type": "string"}),
        ("X-Trace", {"type": "string"}),
    ]
    assert found["Get a book"]["parameters"][0] == {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "A book's number, from 1.",
        "schema": {"type": "integer", "minimum": 1},
    }
    assert found["lend"]["requestBody"]["content"]["application/x-www-form-urlencoded"][
        "schema"
    ] == {
        "type": "object",
        "properties": {
            "reader": {"type": "string", "description": "Who takes it."},
            "days": {"type": "integer", "default": 14},
            "notes": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["reader"],
    }
    cover = found["putCover"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert cover["properties"]["image"] == {"type": "string", "format": "binary"}
    book = added["$defs"]["Book"]["allOf"][1]["properties"]
    assert book["id"] == {"type": "integer", "readOnly": True}
    assert book["subtitle"] == {"type": ["string", "null"]}
    assert book["price"] == {"type": "number", "exclusiveMaximum": 100}
    assert book["sequel"] == {"$ref": "#/$defs/Book"}
    assert book["added"] == {"type": "string", "format": "date", "examples": ["2024-05-01"]}
    assert added["$defs"]["Book"]["allOf"][0] == {
        "$ref": "#/$defs/Item.base"
    }  # an item by itself: no other may stand here
    assert added["$defs"]["Item.base"]["required"] == ["kind", "title"]


# Versions as they are written


@pytest.mark.parametrize(
    ("written", "is_guessed"),
    [
        pytest.param('swagger: "2.0"', False, id="2.0"),
        pytest.param("swagger: 2.0", False, id="2.0-number"),
        pytest.param("swagger: 2", True, id="2"),
        pytest.param("openapi: 3.0.3", False, id="3.0.3"),
        pytest.param("openapi: 3.0", True, id="3.0-number"),
        pytest.param("openapi: v3.1.0", True, id="v3.1.0"),
        pytest.param("openapi: 3.1.0-rc1", False, id="3.1.0-rc1"),
        pytest.param("openapi: 3.2.0", False, id="3.2.0"),
        pytest.param("openapi: 3.9.0", True, id="newer"),
        pytest.param("openapi: 4.0.0", True, id="much-newer"),
        pytest.param('"openapi" : "3.0.3"', False, id="quoted"),
    ],
)
def test_a_version_is_read_like_the_nearest_known_one(written: str, is_guessed: bool) -> None:
    """Patches, numbers and newer versions are read; where the nearest version is taken the report
    says so.
    """
    rest = (
        "info: {title: T, version: 1.0.0}\nservers: [{url: https://a.example}]\npaths: {/a: {get:"
        " {}}}\n"
    )
    found = read_api("api.yaml", data=f"{written}\n{rest}".encode(), provider="acme")
    assert [endpoint.path for endpoint in found.endpoints] == ["/a"]
    assert [note.message for note in found.notes if "version" in note.message] == [
        note.message for note in found.notes
    ]
    assert bool(found.notes) is is_guessed


@pytest.mark.parametrize("version", ["1.2", "1.1", 1, "0.9"])
def test_swagger_1_is_named_as_what_it_is(version: Any) -> None:
    """A format of the past is no description of ours: the error says from which version on they are
    read.
    """
    with pytest.raises(DescriptionError, match=r"from 2\.0 on"):
        reading({"swagger": version, "apis": []})


# Swagger 2.0


def swagger(
    operation: dict[str, Any] | None = None, method: str = "post", **root: Any
) -> dict[str, Any]:
    given = {"swagger": "2.0", "info": INFO, "host": "a.example", "schemes": ["https"]}
    return given | {"paths": {"/a": {method: {"responses": {}, **(operation or {})}}}} | root


@pytest.mark.parametrize(
    ("root", "urls"),
    [
        pytest.param({"schemes": ["https"]}, ["https://a.example"], id="https"),
        pytest.param(
            {"schemes": ["http", "https"]},
            ["https://a.example", "http://a.example"],
            id="https-first",
        ),
        pytest.param({"schemes": ["ws", "http"]}, ["http://a.example"], id="no-websocket"),
        pytest.param({"basePath": "/v1/"}, ["https://a.example/v1"], id="base-path"),
        pytest.param({"basePath": "v1"}, ["https://a.example/v1"], id="base-path-without-slash"),
        pytest.param({"host": "a.example:8443"}, ["https://a.example:8443"], id="port"),
        pytest.param({"host": None}, [], id="no-host"),
        pytest.param(
            {"servers": [{"url": "https://b.example"}]}, ["https://b.example"], id="servers-of-3"
        ),
    ],
)
def test_host_base_path_and_schemes_are_servers(root: dict[str, Any], urls: list[str]) -> None:
    """A 2.0 description's address is the servers that 3.x would name, the safe one first."""
    assert [server["url"] for server in one(swagger(**root))["servers"]] == urls


def test_an_operation_has_schemes_of_its_own() -> None:
    """`schemes` of an operation win over those of the description."""
    assert one(swagger({"schemes": ["http"]}))["servers"] == [{"url": "http://a.example"}]


@pytest.mark.parametrize(
    ("location", "written", "expected"),
    [
        pytest.param("query", {}, {"explode": False}, id="default-is-csv"),
        pytest.param("query", {"collectionFormat": "csv"}, {"explode": False}, id="csv"),
        pytest.param("query", {"collectionFormat": "ssv"}, {"style": "spaceDelimited", "explode": False}, id="ssv"),
        pytest.param("query", {"collectionFormat": "tsv"}, {"style": "tabDelimited", "explode": False}, id="tsv"),
        pytest.param("query", {"collectionFormat": "pipes"}, {"style": "pipeDelimited", "explode": False}, id="pipes"),
        pytest.param("query", {"collectionFormat": "multi"}, {"style": "form", "explode": True}, id="multi"),
        pytest.param("header", {"collectionFormat": "csv"}, {"explode": False}, id="header"),
        pytest.param(
            "query", {"collectionFormat": "pipes", "x-nullable": True}, {"style": "pipeDelimited", "explode": False}, id="nullable"
        ),
    ],
)  # fmt: skip
def test_a_collection_format_is_a_style(
    location: str, written: dict[str, Any], expected: dict[str, Any]
) -> None:
    """How 2.0 writes a list is said as 3.x says it."""
    raw = {"name": "x", "in": location, "type": "array", "items": {"type": "string"}, **written}
    (parameter,) = one(swagger({"parameters": [raw]}))["parameters"]
    assert {key: parameter[key] for key in ("style", "explode") if key in parameter} == expected


@pytest.mark.parametrize("name", ["header", "path"])
def test_multi_is_for_query_and_form_only(name: str) -> None:
    """Where 2.0 has no `multi`, commas are taken, and the report says so."""
    raw = {
        "name": "x",
        "in": name,
        "type": "array",
        "items": {"type": "string"},
        "collectionFormat": "multi",
    }
    root = {
        **swagger(),
        "paths": {"/{x}" if name == "path" else "/a": {"get": {"parameters": [raw]}}},
    }
    found = reading(root)
    assert found.endpoints[0].parameters[0].style is None
    assert ["multi" in note.message for note in found.notes] == [True]


@pytest.mark.parametrize(
    ("fields", "consumes", "names"),
    [
        pytest.param([{"type": "string"}], None, ["application/x-www-form-urlencoded"], id="urlencoded"),
        pytest.param([{"type": "string"}], ["multipart/form-data"], ["multipart/form-data"], id="said"),
        pytest.param([{"type": "file"}], None, ["multipart/form-data"], id="file"),
        pytest.param([{"type": "file"}], ["application/x-www-form-urlencoded"], ["multipart/form-data"], id="file-wins"),
        pytest.param([{"type": "string"}], ["application/json"], ["application/x-www-form-urlencoded"], id="no-form"),
    ],
)  # fmt: skip
def test_form_data_is_a_form(
    fields: list[dict[str, Any]], consumes: list[str] | None, names: list[str]
) -> None:
    """`formData` becomes the form that `consumes` names; only multipart carries a file."""
    parameters = [
        {"name": f"f{number}", "in": "formData", **each} for number, each in enumerate(fields)
    ]
    operation = {"parameters": parameters} | ({"consumes": consumes} if consumes else {})
    assert list(one(swagger(operation))["requestBody"]["content"]) == names


def test_a_form_fields_list_is_written_as_its_collection_format_says() -> None:
    """Lists in a form have the encoding that 3.x would give them."""
    formats = ("csv", "ssv", "tsv", "pipes", "multi")
    fields = [
        {"name": each, "in": "formData", "type": "array", "items": {}, "collectionFormat": each}
        for each in formats
    ]
    (media_type,) = one(swagger({"parameters": fields}))["requestBody"]["content"].values()
    assert {
        name: (each["style"], each["explode"]) for name, each in media_type["encoding"].items()
    } == {
        "csv": ("form", False),
        "ssv": ("spaceDelimited", False),
        "tsv": ("tabDelimited", False),
        "pipes": ("pipeDelimited", False),
    }


def test_consumes_and_produces_are_the_media_types() -> None:
    """An operation's `consumes` and `produces` win over the description's; examples are of their
    media type.
    """
    operation = {
        "consumes": ["application/vnd.a+json; v=2", "application/xml"],
        "produces": ["text/csv"],
        "parameters": [{"name": "b", "in": "body", "schema": {"type": "object"}}],
        "responses": {
            "200": {
                "schema": {"type": "string"},
                "examples": {"text/csv": "a,b", "text/html": "<p>"},
            }
        },
    }
    endpoint = one(swagger(operation, consumes=["application/json"], produces=["application/json"]))
    assert list(endpoint["requestBody"]["content"]) == [
        "application/vnd.a+json; v=2",
        "application/xml",
    ]
    assert endpoint["responses"]["200"]["content"] == {
        "text/csv": {"schema": {"type": "string"}, "examples": ["a,b"]},
        "text/html": {"schema": {"type": "string"}, "examples": ["<p>"]},
    }
    inherited = one(
        swagger({**operation, "consumes": [], "produces": []}, consumes=["a/b"], produces=["c/d"])
    )
    assert list(inherited["requestBody"]["content"]) == ["a/b"]
    assert "c/d" in inherited["responses"]["200"]["content"]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        pytest.param({"type": "basic"}, {"type": "http", "scheme": "basic"}, id="basic"),
        pytest.param(
            {"type": "apiKey", "in": "query", "name": "key"},
            {"type": "apiKey", "in": "query", "name": "key"},
            id="key",
        ),
        pytest.param(
            {
                "type": "oauth2",
                "flow": "accessCode",
                "authorizationUrl": "a",
                "tokenUrl": "t",
                "scopes": {"s": "S"},
            },
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "a",
                        "tokenUrl": "t",
                        "scopes": {"s": "S"},
                    }
                },
            },
            id="access-code",
        ),
        pytest.param(
            {"type": "oauth2", "flow": "application", "tokenUrl": "t", "scopes": {}},
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "t", "scopes": {}}}},
            id="application",
        ),
        pytest.param(
            {"type": "oauth2", "flow": "implicit", "authorizationUrl": "a", "scopes": {}},
            {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "a", "scopes": {}}}},
            id="implicit",
        ),
        pytest.param(
            {
                "type": "oauth2",
                "flow": "password",
                "tokenUrl": "t",
                "scopes": {},
                "description": "D",
            },
            {
                "type": "oauth2",
                "flows": {"password": {"tokenUrl": "t", "scopes": {}}},
                "description": "D",
            },
            id="password",
        ),
    ],
)
def test_security_definitions_are_said_as_3_says_them(
    scheme: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Every security scheme of 2.0 has the form of 3.x."""
    endpoint = one(swagger(securityDefinitions={"s": scheme}, security=[{"s": []}]))
    assert endpoint["securitySchemes"] == {"s": expected}


def test_headers_that_3_ignores_are_parameters_in_2() -> None:
    """2.0 has no rule that leaves out `Authorization`; 3.x has (4.7.12), and what is left out is
    reported.
    """
    raw = {"name": "Authorization", "in": "header", "type": "string"}
    assert [each["name"] for each in one(swagger({"parameters": [raw]}))["parameters"]] == [
        "Authorization"
    ]
    found = reading(openapi("3.0.3", {"parameters": [{**raw, "schema": {}}]}))
    assert found.endpoints[0].parameters == ()
    assert [(note.kind, note.pointer) for note in found.notes] == [
        ("skipped", "/paths/~1a/post/parameters/0")
    ]


# OpenAPI 3.1 and 3.2


def openapi(
    version: str, operation: dict[str, Any] | None = None, method: str = "post", **root: Any
) -> dict[str, Any]:
    given = {"openapi": version, "info": INFO, "servers": [{"url": "https://a.example"}]}
    return given | {"paths": {"/a": {method: {"responses": {}, **(operation or {})}}}} | root


def test_a_description_may_have_only_webhooks() -> None:
    """3.1 allows a description without paths: it has no endpoint, and the report says why."""
    root = {"openapi": "3.1.0", "info": INFO, "webhooks": {"paid": {"post": {}}}}
    validate(
        {**root, "webhooks": {"paid": {"post": {"responses": {"200": {"description": "ok"}}}}}}
    )
    found = reading(root)
    assert found.endpoints == ()
    assert {(note.kind, note.pointer) for note in found.notes} >= {
        ("missing", ""),
        ("skipped", "/webhooks"),
    }


def test_a_path_item_may_be_a_component() -> None:
    """3.1's `components/pathItems`, with a description beside the reference that wins."""
    root = openapi(
        "3.1.0", components={"pathItems": {"p": {"summary": "Old", "get": {"responses": {}}}}}
    )
    root["paths"] = {"/a": {"$ref": "#/components/pathItems/p", "summary": "New"}}
    assert one(root)["title"] == "New"


def test_json_schema_of_3_1_is_kept_whole() -> None:
    """Keywords that only JSON Schema has stay as they are."""
    schema = {
        "type": ["object", "null"],
        "properties": {
            "kind": {"const": "a"},
            "at": {"type": "array", "prefixItems": [{"type": "number"}]},
        },
        "patternProperties": {"^x-": {"type": "string"}},
        "unevaluatedProperties": False,
        "if": {"required": ["kind"]},
        "then": {"required": ["at"]},
        "dependentRequired": {"at": ["kind"]},
        "propertyNames": {"maxLength": 9},
        "$comment": "kept",
    }
    endpoint = one(
        openapi("3.1.0", {"requestBody": {"content": {"application/json": {"schema": schema}}}})
    )
    assert endpoint["requestBody"]["content"]["application/json"]["schema"] == schema


def test_query_is_a_method_from_3_2_on() -> None:
    """`query` is read in 3.2, and named as unknown before."""
    assert one(openapi("3.2.0", method="query"))["method"] == "QUERY"
    found = reading(openapi("3.1.0", method="query"))
    assert found.endpoints == ()
    assert ("skipped", "/paths/~1a/query") in [(note.kind, note.pointer) for note in found.notes]


def test_additional_operations_are_endpoints() -> None:
    """3.2's methods of any name; one that is no token is named."""
    root = openapi("3.2.0")
    root["paths"]["/a"] = {
        "additionalOperations": {"PURGE": {}, "copy": {}, "NO METHOD": {}, "LINK": 3}
    }
    found = reading(root)
    assert [endpoint.method for endpoint in found.endpoints] == ["PURGE", "COPY"]
    more = "/paths/~1a/additionalOperations"
    assert {(note.kind, note.pointer) for note in found.notes} == {
        ("guessed", f"{more}/copy"),
        ("skipped", f"{more}/NO METHOD"),
        ("skipped", f"{more}/LINK"),
    }


def test_the_whole_query_may_be_one_value() -> None:
    """3.2's `in: querystring`: the media type serialises it, and the settings' `query` has its
    schema.
    """
    content = {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "encoding": {"a": {"style": "form", "explode": False}},
        }
    }
    root = openapi(
        "3.2.0",
        {
            "parameters": [
                {"name": "all", "in": "querystring", "required": True, "content": content}
            ]
        },
    )
    (endpoint,) = reading(root).endpoints
    assert endpoint.to_json()["parameters"] == [
        {"name": "all", "in": "querystring", "required": True, "content": content}
    ]
    assert settings_schema(endpoint)["properties"]["query"]["properties"] == {
        "a": {"type": "integer"}
    }


def test_what_else_3_2_has() -> None:
    """Cookie style, streams of items, examples as data or as sent, the device flow, and media types
    by reference.
    """
    root = openapi(
        "3.2.0",
        {
            "parameters": [
                {"name": "c", "in": "cookie", "style": "cookie", "schema": {"type": "array"}}
            ],
            "requestBody": {"$ref": "#/components/requestBodies/b"},
            "responses": {
                "200": {"content": {"application/jsonl": {"$ref": "#/components/mediaTypes/lines"}}}
            },
            "security": [{"o": []}],
        },
        components={
            "requestBodies": {
                "b": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "integer"},
                            "examples": {
                                "data": {"dataValue": 1},
                                "sent": {"serializedValue": "2"},
                                "old": {"value": 3},
                            },
                        }
                    }
                }
            },
            "mediaTypes": {"lines": {"itemSchema": {"type": "object"}}},
            "securitySchemes": {
                "o": {
                    "type": "oauth2",
                    "oauth2MetadataUrl": "https://a.example/m",
                    "deprecated": True,
                    "flows": {
                        "deviceAuthorization": {
                            "deviceAuthorizationUrl": "d",
                            "tokenUrl": "t",
                            "scopes": {},
                        }
                    },
                }
            },
        },
    )
    endpoint = one(root)
    assert endpoint["parameters"][0]["style"] == "cookie"
    assert endpoint["requestBody"]["content"]["application/json"]["examples"] == [1, "2", 3]
    assert endpoint["responses"]["200"]["content"]["application/jsonl"]["schema"] == {
        "type": "array",
        "items": {"type": "object"},
    }
    assert endpoint["securitySchemes"] == root["components"]["securitySchemes"]


def test_self_is_the_address_of_the_description() -> None:
    """3.2's `$self`: relative servers are below it, none is its root, and references to it stay
    here.
    """
    root = openapi(
        "3.2.0",
        {"parameters": [{"$ref": "https://a.example/v1/api.json#/components/parameters/p"}]},
    )
    root |= {"$self": "https://a.example/v1/api.json", "servers": [{"url": "./v2"}]}
    root["components"] = {"parameters": {"p": {"name": "p", "in": "query", "schema": {}}}}
    endpoint = one(root)
    assert endpoint["servers"] == [{"url": "https://a.example/v1/v2"}]
    assert [each["name"] for each in endpoint["parameters"]] == ["p"]
    del root["servers"]
    assert one(root)["servers"] == [{"url": "https://a.example"}]
