"""Descriptions in OpenAPI as they are written and as they are met: everything kept, every guess
told with its place.
"""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from httptask._core import packaged
from httptask._schema.subschemas import definition_names
from httptask.errors import DescriptionError
from httptask.importers import endpoint_id, read_api
from httptask.importers.openapi._notes import MOST_NOTES
from httptask.model.api import Endpoint, Reading
from httptask.plugins import plugin_manager
from httptask.settings import prepare, settings_schema
from places import DATA

SPLIT = DATA / "descriptions" / "split"
ENDPOINT = Draft202012Validator(packaged.schema("endpoint"))
META = Draft202012Validator(Draft202012Validator.META_SCHEMA)
PLUGINS = plugin_manager(entry_points=False)
SERVER = {"url": "https://a.example"}


def described(paths: Any, version: str = "3.0.3", **root: Any) -> dict[str, Any]:
    """Return a description of *paths*."""
    given = {
        "openapi": version,
        "info": {"title": "T", "version": "1"},
        "servers": [SERVER],
        "paths": paths,
    }
    return given | root


def read(data: bytes, name: str = "api.json", **given: Any) -> Reading:
    return read_api(name, data=data, plugins=PLUGINS, **given)


def reading(root: Any, **given: Any) -> Reading:
    """Read the description *root*; what comes out is what our own schemas and the report
    promise.
    """
    found = read(json.dumps(root).encode(), **{"provider": "acme", **given})
    for note in found.notes:
        assert note.kind in ("guessed", "skipped", "missing", "truncated")
        assert note.pointer is not None
        assert exists(root, note.pointer), note
    for endpoint in found.endpoints:
        check(endpoint)
    return found


def exists(root: Any, pointer: str) -> bool:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(root, list) and name.isdigit() and int(name) < len(root):
            root = root[int(name)]
        elif isinstance(root, dict) and name in root:
            root = root[name]
        else:
            return False
    return True


def check(endpoint: Endpoint) -> None:
    """Hold *endpoint* against the schema of endpoints, its settings against JSON Schema, and both
    against a round trip.
    """
    value = endpoint.to_json()
    ENDPOINT.validate(value)
    assert Endpoint.from_json(json.loads(json.dumps(value))).to_json() == value
    schema = settings_schema(endpoint)
    META.validate(schema)
    assert set(definition_names(schema)) <= schema.get("$defs", {}).keys()
    json.dumps(prepare(endpoint))


def one(
    operation: Any, *, method: str = "post", path: str = "/a", version: str = "3.0.3", **root: Any
) -> dict[str, Any]:
    """Return the only endpoint of a description as JSON."""
    (endpoint,) = reading(described({path: {method: operation}}, version, **root)).endpoints
    return endpoint.to_json()


def told(found: Reading) -> list[tuple[str, str | None]]:
    return [(note.kind, note.pointer) for note in found.notes]


# Servers


@pytest.mark.parametrize(
    ("servers", "urls", "kinds"),
    [
        pytest.param(
            [{"url": "https://a.example/v1/"}], ["https://a.example/v1"], [], id="slash-at-the-end"
        ),
        pytest.param([SERVER, SERVER], ["https://a.example"], [], id="twice"),
        pytest.param(
            [{"url": "a.example/v1"}], ["https://a.example/v1"], ["guessed"], id="no-scheme"
        ),
        pytest.param(
            [{"url": "//a.example"}], ["https://a.example"], ["guessed"], id="no-scheme-but-slashes"
        ),
        pytest.param(
            [{"url": "localhost:8080"}], ["https://localhost:8080"], ["guessed"], id="localhost"
        ),
        pytest.param([{"url": "/v1"}], ["/v1"], ["missing"], id="relative"),
        pytest.param([{"url": "/"}], [], ["missing", "missing"], id="relative-root"),
        pytest.param(
            [{"url": "wss://a.example"}, SERVER], ["https://a.example"], ["skipped"], id="websocket"
        ),
        pytest.param(
            [{"url": "file:///etc"}, SERVER], ["https://a.example"], ["skipped"], id="file"
        ),
        pytest.param(
            [{"url": "https://a.example?x=1#y"}], ["https://a.example"], ["guessed"], id="query"
        ),
        pytest.param(
            [None, 3, {}, {"url": 3}, SERVER],
            ["https://a.example"],
            ["skipped"] * 4,
            id="no-servers",
        ),
        pytest.param({"url": "x"}, [], ["skipped", "missing"], id="no-array"),
        pytest.param([], [], ["missing"], id="empty"),
        pytest.param(None, [], ["missing"], id="null"),
    ],
)
def test_servers_are_absolute_or_it_is_said(
    servers: Any, urls: list[str], kinds: list[str]
) -> None:
    """Whatever stands in `servers`, the endpoint has usable addresses, or the report says what is
    missing.
    """
    found = reading(described({"/a": {"get": {}}}, servers=servers))
    assert [server.url for server in found.endpoints[0].servers] == urls
    assert [note.kind for note in found.notes] == kinds


def test_variables_of_servers_are_kept() -> None:
    """A variable has its default, its values and its description; the address has the default in
    its place.
    """
    server = {
        "url": "https://{region}.a.example:{port}/{base}",
        "description": "Ours",
        "variables": {
            "region": {"default": "eu", "enum": ["eu", "us"], "description": "Where"},
            "port": {"default": 8443, "enum": [8443, 9443]},
            "base": {"enum": ["v1", True]},
            "unused": {"default": "x"},
        },
    }
    found = reading(described({"/a": {"get": {}}}, servers=[server]))
    assert found.endpoints[0].servers[0].to_json() == {
        "url": "https://{region}.a.example:{port}/{base}",
        "description": "Ours",
        "variables": {
            "region": {"default": "eu", "enum": ["eu", "us"], "description": "Where"},
            "port": {"default": "8443", "enum": ["8443", "9443"]},
            "base": {"default": "v1", "enum": ["v1", "true"]},
        },
    }
    assert (
        settings_schema(found.endpoints[0])["properties"]["url"]["default"]
        == "https://eu.a.example:8443/v1/a"
    )
    assert told(found) == [("missing", "/servers/0/variables")]
    found = reading(described({"/a": {"get": {}}}, servers=[{"url": "https://{host}"}]))
    assert found.endpoints[0].servers[0].url == "https://{host}"
    assert told(found) == [("missing", "/servers/0")]


def test_a_default_is_one_of_the_values() -> None:
    """A default outside the variable's own values is not taken."""
    server = {
        "url": "https://{host}.example.com",
        "variables": {"host": {"default": "evil.example/#", "enum": ["eu"]}},
    }
    found = reading(described({"/a": {"get": {}}}, servers=[server]))
    assert (
        settings_schema(found.endpoints[0])["properties"]["url"]["default"]
        == "https://eu.example.com/a"
    )
    assert told(found) == [("guessed", "/servers/0/variables/host/default")]
    assert "'evil.example/#'" in found.notes[0].message


def test_no_id_holds_what_no_command_line_can() -> None:
    """A path keeps characters that nobody sees, and its id goes without; so do the names of the
    provider and of the API, and the title.
    """
    steering = "\0\t\n\x1b\x9b\u061c\u200b\u2028\u202e\ufeff\U000e0041"
    unseen = f"{steering}\xa0\xad\u200d\u3000\u3164\ufe0f"
    paths = {f"/a{unseen}b": {"get": {}}, "/a-b": {"get": {}}}
    info = {"title": f"A{unseen}b", "version": "1\n2", "x-providerName": f"ac{unseen}me"}
    endpoint, other = reading(described(paths, info=info), provider=None).endpoints
    assert endpoint.path == f"/a{unseen}b"
    assert endpoint.id != other.id
    assert {each.id.rpartition("-")[0] for each in (endpoint, other)} == {"ac-me-a-b-get"}
    assert endpoint.api.version == "1 2"
    for line in (endpoint.title, endpoint.api.title, endpoint.provider):
        assert not set(line) & set(steering)
    assert endpoint_id("a b", "/c d/\u202e", "GET").startswith("a-b-c-d--get-")


def test_the_nearest_servers_count() -> None:
    """Servers of the operation win over those of the path, and these over those of the
    description.
    """
    paths = {
        "/a": {"servers": [{"url": "https://path.example"}], "get": {}, "put": {"servers": [{"url": "https://own.example"}]}},
        "/b": {"get": {"servers": []}},
    }  # fmt: skip
    found = [endpoint.servers[0].url for endpoint in reading(described(paths)).endpoints]
    assert found == ["https://path.example", "https://own.example", "https://a.example"]


def test_servers_and_provider_may_be_given() -> None:
    """What a person says replaces what the description says."""
    found = reading(
        described({"/a": {"get": {}}}), provider="other", servers=["https://{x}.example/"]
    )
    (endpoint,) = found.endpoints
    assert (endpoint.provider, endpoint.servers[0].url) == ("other", "https://{x}.example")
    assert endpoint.id.startswith("other-a-get-")


# Parameters


def test_parameters_of_the_path_are_those_of_each_operation() -> None:
    """The operation's own win by name and place; header names have no case; the order is kept."""
    paths = {
        "/{id}/a": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "q", "in": "query", "schema": {"type": "string"}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
            ],
            "get": {
                "parameters": [
                    {
                        "name": "x-trace",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "integer"},
                    },
                    {"name": "id", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "q", "in": "query", "schema": {"type": "number"}},
                ]
            },
            "delete": {},
        }
    }
    changed, plain = (
        [
            (each.name, each.location, each.required, each.schema["type"])
            for each in endpoint.parameters
        ]
        for endpoint in reading(described(paths)).endpoints
    )
    assert changed == [
        ("id", "path", True, "string"),
        ("q", "query", False, "number"),
        ("x-trace", "header", True, "integer"),
        ("id", "query", False, "boolean"),
    ]
    assert plain == [
        ("id", "path", True, "string"),
        ("q", "query", False, "string"),
        ("X-Trace", "header", False, "string"),
    ]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(
            {"in": "path", "style": style, "explode": explode}, id=f"path-{style}-{explode}"
        )
        for style in ("simple", "label", "matrix")
        for explode in (True, False)
    ]
    + [
        pytest.param(
            {"in": "query", "style": style, "explode": explode}, id=f"query-{style}-{explode}"
        )
        for style in ("form", "spaceDelimited", "pipeDelimited", "deepObject")
        for explode in (True, False)
    ]
    + [
        pytest.param({"in": "header", "style": "simple", "explode": True}, id="header"),
        pytest.param({"in": "cookie", "style": "form", "explode": False}, id="cookie"),
        pytest.param({"in": "query", "allowReserved": True}, id="allow-reserved"),
        pytest.param({"in": "query", "deprecated": True, "description": "Why."}, id="deprecated"),
        pytest.param({"in": "cookie", "required": True}, id="required"),
    ],
)
def test_every_kind_of_parameter_is_kept_as_it_is_written(written: dict[str, Any]) -> None:
    """Place, style, explode, allowReserved and what annotates a parameter: written, read, and
    written again the same.
    """
    raw = {"name": "x", **written, "schema": {"type": "object"}}
    if written["in"] == "path":
        raw["required"] = True
    operation = {"parameters": [raw], "responses": {"200": {"description": "ok"}}}
    validate(described({"/{x}" if written["in"] == "path" else "/a": {"get": operation}}))
    endpoint = one(operation, path="/{x}" if written["in"] == "path" else "/a")
    assert endpoint["parameters"] == [raw]


def test_a_parameter_may_be_serialised_by_a_media_type() -> None:
    """`content` keeps its media type, schema and examples; of several the first is taken, which is
    said.
    """
    content = {
        "application/json; charset=utf-8": {"schema": {"type": "object"}, "example": {"a": 1}}
    }
    found = reading(
        described(
            {"/a": {"get": {"parameters": [{"name": "f", "in": "query", "content": content}]}}}
        )
    )
    (parameter,) = found.endpoints[0].parameters
    assert (parameter.media_type, parameter.schema) == (
        "application/json; charset=utf-8",
        {"type": "object"},
    )
    assert parameter.examples == ({"a": 1},)
    assert found.notes == ()
    raw = {"name": "f", "in": "query", "content": {"a/b": {}, "c/d": {}}}
    found = reading(described({"/a": {"get": {"parameters": [raw]}}}))
    assert found.endpoints[0].parameters[0].media_type == "a/b"
    assert told(found) == [("guessed", "/paths/~1a/get/parameters/0/content")]


def test_names_are_as_they_are_sent() -> None:
    """Brackets, dots, dollars and letters of any script stay in names of parameters."""
    names = ["filter[trade][]", "$top", "a.b", "größe", "数", "x y", "a/b~c", "{z}"]
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    (endpoint,) = reading(described({"/a": {"get": {"parameters": parameters}}})).endpoints
    assert [each.name for each in endpoint.parameters] == names
    assert list(settings_schema(endpoint)["properties"]["query"]["properties"]) == names


@pytest.mark.parametrize(
    ("path", "parameters", "names", "kinds"),
    [
        pytest.param("/{a}/{b}", [], ["a", "b"], ["guessed", "guessed"], id="undeclared"),
        pytest.param("/{a}/{b}", ["b", "a"], ["a", "b"], [], id="order-of-the-path"),
        pytest.param("/a", ["a"], [], ["skipped"], id="no-place"),
        pytest.param("/{a*}", ["a"], ["a*"], ["guessed"], id="exploded"),
        pytest.param("/{+a}", ["a"], ["+a"], ["guessed"], id="reserved"),
        pytest.param("/{a:[0-9]+}", ["a"], ["a:[0-9]+"], ["guessed"], id="pattern"),
        pytest.param("/{a}/{a}", ["a"], ["a"], [], id="twice-in-the-path"),
        pytest.param("/{a}?x={b}", ["a"], ["a", "b"], ["guessed", "guessed"], id="in-the-query"),
        pytest.param("/#a/c", ["a"], ["a"], ["guessed"], id="hash-for-a-place"),
        pytest.param("/a#{b}", ["b"], [], ["guessed", "skipped"], id="behind-a-hash"),
    ],
)
def test_path_parameters_fit_the_path(
    path: str, parameters: list[str], names: list[str], kinds: list[str]
) -> None:
    """Every place of the path has a required parameter, in its order, and every guess about that is
    told.
    """
    raw = [{"name": name, "in": "path", "schema": {"type": "integer"}} for name in parameters]
    found = reading(described({path: {"get": {"parameters": raw}}}))
    (endpoint,) = found.endpoints
    assert [(each.name, each.location, each.required) for each in endpoint.parameters] == [
        (name, "path", True) for name in names
    ]
    assert sorted(note.kind for note in found.notes) == sorted(kinds)
    assert all(each.schema["type"] == "integer" for each in endpoint.parameters[: len(parameters)])


def test_of_two_parameters_of_one_name_the_first_counts() -> None:
    """A duplicate is told; the same name in another place is none."""
    written = (("query", "string"), ("query", "integer"), ("header", "number"))
    raw = [{"name": "a", "in": place, "schema": {"type": kind}} for place, kind in written]
    found = reading(described({"/a": {"get": {"parameters": raw}}}))
    assert [(each.location, each.schema["type"]) for each in found.endpoints[0].parameters] == [
        ("query", "string"),
        ("header", "number"),
    ]
    assert told(found) == [("guessed", "/paths/~1a/get/parameters")]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param({"in": "query"}, "skipped", id="no-name"),
        pytest.param({"in": "query", "name": ""}, "skipped", id="empty-name"),
        pytest.param({"in": "query", "name": ["x"]}, "skipped", id="name-no-text"),
        pytest.param({"name": "x"}, "skipped", id="nowhere"),
        pytest.param({"name": "x", "in": "nowhere"}, "skipped", id="unknown-place"),
        pytest.param({"name": "x", "in": ["query"]}, "skipped", id="place-no-text"),
        pytest.param("x", "skipped", id="text"),
        pytest.param([], "skipped", id="array"),
        pytest.param({"$ref": "#/components/parameters/none"}, "missing", id="dangling"),
        pytest.param(
            {"name": "Content-Type", "in": "header"}, "skipped", id="ignored-content-type"
        ),
        pytest.param(
            {"name": "authorization", "in": "header"}, "skipped", id="ignored-authorization"
        ),
    ],
)
def test_what_is_no_parameter_is_left_out_and_told(raw: Any, kind: str) -> None:
    """One unusable parameter loses itself only, and the report names its place."""
    good = {"name": "good", "in": "query", "schema": {}}
    found = reading(described({"/a": {"get": {"parameters": [raw, good]}}}))
    assert [each.name for each in found.endpoints[0].parameters] == ["good"]
    assert told(found) == [(kind, "/paths/~1a/get/parameters/0")]


@pytest.mark.parametrize(
    ("raw", "style"),
    [
        pytest.param(
            {"style": "deepObject", "schema": {"type": "array"}}, "deepObject", id="deep-array"
        ),
        pytest.param(
            {"style": "deepObject", "schema": {"type": "array", "nullable": True}},
            "deepObject",
            id="or-null",
        ),
        pytest.param(
            {"style": "deepObject", "schema": {"$ref": "#/components/schemas/L"}},
            "deepObject",
            id="by-ref",
        ),
        pytest.param({"style": "matrix", "schema": {}}, None, id="style-of-another-place"),
        pytest.param({"style": ["form"], "schema": {}}, None, id="style-no-text"),
    ],
)
def test_a_style_that_cannot_be_is_told(raw: dict[str, Any], style: str | None) -> None:
    """deepObject on arrays is kept, and told; a style of another place is not taken."""
    schemas = {"L": {"type": "array", "items": {"type": "string"}}}
    found = reading(
        described(
            {"/a": {"get": {"parameters": [{"name": "x", "in": "query", **raw}]}}},
            components={"schemas": schemas},
        )
    )
    assert found.endpoints[0].parameters[0].style == style
    assert told(found) == [("guessed", "/paths/~1a/get/parameters/0")]


# Bodies and responses


def test_a_body_has_every_media_type_and_its_encoding() -> None:
    """Media types keep their parameters and their order; fields of forms keep how they are
    written.
    """
    encoding = {
        "file": {
            "contentType": "image/png, image/jpeg",
            "headers": {"X-Id": {"schema": {"type": "integer"}}},
        },
        "tags": {"style": "pipeDelimited", "explode": False, "allowReserved": True},
    }
    form = {"type": "object", "properties": {"file": {"type": "string"}, "tags": {"type": "array"}}}
    content = {
        "multipart/form-data": {"schema": form, "encoding": encoding},
        "application/vnd.a.v2+json; charset=utf-8": {"schema": {"type": "object"}, "example": {}},
        "text/*": {
            "schema": {"type": "string"},
            "examples": {"short": {"value": "x"}, "none": {"externalValue": "u"}},
        },
    }
    operation = {
        "requestBody": {"required": True, "description": "All.", "content": content},
        "responses": {},
    }
    body = one(operation)["requestBody"]
    assert (body["required"], body["description"], list(body["content"])) == (
        True,
        "All.",
        list(content),
    )
    assert body["content"]["multipart/form-data"] == {"schema": form, "encoding": encoding}
    assert body["content"]["text/*"]["examples"] == ["x"]
    assert body["content"]["application/vnd.a.v2+json; charset=utf-8"]["examples"] == [{}]


@pytest.mark.parametrize(
    "method", ["get", "delete", "head", "options", "trace", "patch", "put", "post"]
)
def test_every_method_may_have_a_body(method: str) -> None:
    """A body on GET or DELETE is kept like any other."""
    endpoint = one({"requestBody": {"content": {"text/plain": {}}}}, method=method)
    assert endpoint["method"] == method.upper()
    assert list(endpoint["requestBody"]["content"]) == ["text/plain"]


@pytest.mark.parametrize(
    ("raw", "names", "told_as"),
    [
        pytest.param({}, ["*/*"], "guessed", id="no-content"),
        pytest.param({"content": {}}, ["*/*"], "guessed", id="empty-content"),
        pytest.param({"content": {"x-ms": 1, "a/b": {}}}, ["a/b"], None, id="extension"),
        pytest.param({"content": {"a/b": "x"}}, ["a/b"], "skipped", id="media-type-no-object"),
        pytest.param("x", None, "skipped", id="no-object"),
        pytest.param({"$ref": "#/nowhere"}, None, "missing", id="dangling"),
        pytest.param(None, None, None, id="null"),
    ],
)
def test_an_incomplete_body_is_read_and_told(
    raw: Any, names: list[str] | None, told_as: str | None
) -> None:
    """What a body does not say is guessed where a value can be sent, else it is left out: told both
    times.
    """
    found = reading(described({"/a": {"post": {"requestBody": raw}}}))
    body = found.endpoints[0].request_body
    assert (list(body.content) if body is not None else None) == names
    assert [note.kind for note in found.notes] == ([told_as] if told_as else [])


def test_a_range_of_multipart_media_types_is_told() -> None:
    """Reading notes what a body is sent as."""
    content = {"multipart/*": {"schema": {"type": "object"}}}
    operation = {"requestBody": {"content": content}, "responses": {}}
    (note,) = reading(described({"/a": {"post": operation}})).notes
    assert note.pointer == "/paths/~1a/post/requestBody/content/multipart~1*"
    assert "multipart/form-data" in note.message


def test_body_and_form_data_of_2_are_understood_in_3() -> None:
    """Parameters in `body` and `formData` become the body they mean; beside a request body they do
    not count. Both is told.
    """
    field = {"name": "f", "in": "formData", "schema": {"type": "string"}, "required": True}
    found = reading(described({"/a": {"post": {"parameters": [field]}}}))
    body = found.endpoints[0].request_body
    assert body is not None
    assert body.content["application/x-www-form-urlencoded"].schema["properties"] == {
        "f": {"type": "string"}
    }
    assert told(found) == [("guessed", "/paths/~1a/post/parameters/0")]
    whole = {"name": "b", "in": "body", "schema": {"type": "object"}}
    found = reading(described({"/a": {"post": {"parameters": [whole, field]}}}))
    body = found.endpoints[0].request_body
    assert body is not None
    assert list(body.content) == ["application/json"]
    assert [note.kind for note in found.notes] == ["guessed", "guessed"]
    found = reading(
        described(
            {"/a": {"post": {"parameters": [whole], "requestBody": {"content": {"a/b": {}}}}}}
        )
    )
    body = found.endpoints[0].request_body
    assert body is not None
    assert list(body.content) == ["a/b"]
    assert told(found) == [("skipped", "/paths/~1a/post/parameters/0")]


def test_fields_whose_names_are_no_text_are_told() -> None:
    """Whatever stands for the name of a form's field, the others are read."""
    fields = [
        {"name": name, "in": "formData", "type": "string"} for name in (["x"], {}, None, "", "good")
    ]
    found = reading(described({"/a": {"post": {"parameters": fields}}}))
    body = found.endpoints[0].request_body
    assert body is not None
    (media_type,) = body.content.values()
    assert list(media_type.schema["properties"]) == ["good"]
    assert [note.kind for note in found.notes].count("skipped") == 4


def test_responses_are_kept() -> None:
    """Status, ranges, default, descriptions, headers by schema and by content, media types and
    examples; extensions not.
    """
    responses = {
        "200": {
            "description": "ok",
            "headers": {
                "X-Rate": {"description": "Left.", "required": True, "schema": {"type": "integer"}},
                "X-Data": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "X-Ref": {"$ref": "#/components/headers/h"},
            },
            "content": {
                "application/json": {"schema": {"type": "string"}, "example": "x"},
                "text/html": {},
            },
        },
        "4xx": {"$ref": "#/components/responses/no"},
        "default": {"description": "else"},
        "x-more": {},
        "500": "broken",
    }
    components = {
        "headers": {"h": {"schema": {"type": "boolean"}}},
        "responses": {"no": {"description": "no"}},
    }
    found = reading(described({"/a": {"get": {"responses": responses}}}, components=components))
    assert found.endpoints[0].to_json()["responses"] == {
        "200": {
            "description": "ok",
            "headers": {
                "X-Rate": {"description": "Left.", "required": True, "schema": {"type": "integer"}},
                "X-Data": {"schema": {"type": "object"}},
                "X-Ref": {"schema": {"type": "boolean"}},
            },
            "content": {
                "application/json": {"schema": {"type": "string"}, "examples": ["x"]},
                "text/html": {"schema": {}},
            },
        },
        "4XX": {"description": "no"},
        "default": {"description": "else"},
    }
    assert told(found) == [("skipped", "/paths/~1a/get/responses/500")]


# Security


SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "Ask us."},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "open": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/.well-known"},
    "tls": {"type": "mutualTLS"},
    "named": {"$ref": "#/components/securitySchemes/key"},
    "odd": {"type": "magic"},
    "lost": {"type": "apiKey", "name": "X"},
}


@pytest.mark.parametrize(
    ("security", "expected", "kinds"),
    [
        pytest.param([{"key": []}, {"bearer": []}], [{"key": []}, {"bearer": []}], [], id="or"),
        pytest.param([{"key": [], "bearer": []}], [{"key": [], "bearer": []}], [], id="and"),
        pytest.param([{"open": ["a", "b"]}], [{"open": ["a", "b"]}], [], id="scopes"),
        pytest.param([{}, {"key": []}], [{}, {"key": []}], [], id="optional"),
        pytest.param([], [], [], id="none-needed"),
        pytest.param(None, [{"tls": []}], [], id="null-is-the-description's"),
        pytest.param([{"named": []}], [{"named": []}], [], id="by-reference"),
        pytest.param([{"nope": []}, {"key": []}], [{"key": []}], ["missing"], id="unknown"),
        pytest.param(
            [{"nope": [], "key": []}],
            [{"nope": [], "key": []}],
            ["missing"],
            id="unknown-and-known",
        ),
        pytest.param([{"odd": []}], [{"odd": []}], ["skipped", "missing"], id="unknown-type"),
        pytest.param(
            [{"lost": []}], [{"lost": []}], ["skipped", "missing"], id="key-without-a-place"
        ),
        pytest.param(
            [3, None, {"key": None}], [{"key": []}], ["skipped", "skipped"], id="no-objects"
        ),
        pytest.param({"key": []}, None, ["skipped"], id="no-array"),
    ],
)
def test_security_is_alternatives_of_schemes(
    security: Any, expected: Any, kinds: list[str]
) -> None:
    """AND, OR, none and optional are kept; what names no usable scheme never becomes "none is
    needed".
    """
    components = {"securitySchemes": SCHEMES}
    found = reading(
        described(
            {"/a": {"get": {"security": security}}},
            "3.1.0",
            components=components,
            security=[{"tls": []}],
        )
    )
    endpoint = found.endpoints[0].to_json()
    assert endpoint.get("security") == expected
    assert [note.kind for note in found.notes] == kinds
    names = dict.fromkeys(name for each in expected or () for name in each)
    described_schemes = names.keys() - {"nope", "odd", "lost"}
    wanted = {
        name: SCHEMES["key" if name == "named" else name]
        for name in names
        if name in described_schemes
    }
    assert endpoint.get("securitySchemes", {}) == wanted
    if kinds == ["missing"]:
        assert "'nope'" in found.notes[0].message


# Texts


@pytest.mark.parametrize(
    ("operation", "title"),
    [
        pytest.param({"summary": "List pets."}, "List pets", id="summary"),
        pytest.param({"description": "Lists. More.\nAnd more."}, "Lists", id="first-sentence"),
        pytest.param({"operationId": "pets_list"}, "pets_list", id="operation-id"),
        pytest.param({}, "GET /a", id="nothing"),
        pytest.param({"summary": "Список &amp; Ελληνικά<br>"}, "Список & Ελληνικά", id="markup"),
        pytest.param(
            {"summary": 3, "description": ["x"], "operationId": None}, "GET /a", id="no-texts"
        ),
    ],
)
def test_every_endpoint_has_a_title(operation: dict[str, Any], title: str) -> None:
    """The summary, else the first sentence, else the operationId, else the method and the path."""
    assert one(operation, method="get")["title"] == title


def test_a_long_summary_is_not_lost() -> None:
    """What a title cuts stands in the description."""
    summary = "word " * 60 + "end"
    endpoint = one({"summary": summary, "description": "More."})
    assert len(endpoint["title"]) <= 100
    assert endpoint["description"] == f"{summary}\n\nMore."


def test_tags_deprecation_and_identity() -> None:
    """Tags in any script, `deprecated`, operationId, API and ids are kept; what is no tag is
    not.
    """
    operation = {
        "tags": ["Haustiere", "ペット", 3, None],
        "deprecated": True,
        "operationId": "a.b/c",
    }
    endpoint = one(operation, info={"title": "Мой API", "version": 2.0, "x-serviceName": "core"})
    assert endpoint["tags"] == ["Haustiere", "ペット"]
    assert (endpoint["deprecated"], endpoint["operationId"]) == (True, "a.b/c")
    assert endpoint["api"] == {"name": "core", "title": "Мой API", "version": "2.0"}
    assert endpoint["id"].startswith("acme-core-a-post-")


@pytest.mark.parametrize(
    ("root", "provider", "is_guessed"),
    [
        pytest.param(
            {"servers": [{"url": "https://api.brevo.com/v3"}]}, "brevo", True, id="server"
        ),
        pytest.param({"servers": [], "info": {"title": "My Shop!"}}, "my-shop", True, id="title"),
        pytest.param(
            {"servers": [], "info": {"title": "Магазин"}}, "магазин", True, id="any-script"
        ),
        pytest.param({"servers": [], "info": {}}, "unknown", True, id="nothing"),
        pytest.param({"info": {"x-providerName": "github.com"}}, "github", False, id="said"),
        pytest.param({"info": "x", "servers": []}, "unknown", True, id="info-no-object"),
    ],
)
def test_the_provider_is_said_or_guessed(
    root: dict[str, Any], provider: str, is_guessed: bool
) -> None:
    """Who offers an API comes from the description, its server, or its title; a guess is told."""
    found = reading({**described({"/a": {"get": {}}}), **root}, provider=None)
    assert found.endpoints[0].provider == provider
    assert any("--provider" in note.message for note in found.notes) is is_guessed


# Paths and operations


def test_paths_and_methods_as_they_are_met() -> None:
    """No leading slash, a query, a fragment, capital letters: each is read and told; what is no
    operation is named.
    """
    paths = {
        "plain": {"get": {}},
        "/q?type=a": {"get": {}},
        "/f#part": {"get": {}},
        "/up": {"GET": {}, "get": {"summary": "second"}},
        "/none": None,
        "/text": "x",
        "/list": [],
        "/odd": {
            "get": "x",
            "put": None,
            "fo/o~": {},
            "x-own": {},
            "summary": "S",
            "parameters": {},
            "post": {},
        },
        "x-extension": {"get": {}},
    }
    found = reading(described(paths))
    assert [(each.method, each.path, each.target) for each in found.endpoints] == [
        ("GET", "plain", "/plain"),
        ("GET", "/q?type=a", "/q?type=a"),
        ("GET", "/f#part", "/f"),
        ("GET", "/up", "/up"),
        ("POST", "/odd", "/odd"),
    ]
    assert sorted(told(found)) == sorted(
        [
            ("guessed", "/paths/plain/get"),
            ("guessed", "/paths/~1q?type=a/get"),
            ("guessed", "/paths/~1f#part/get"),
            ("guessed", "/paths/~1up/GET"),
            ("skipped", "/paths/~1up/get"),
            ("skipped", "/paths/~1text"),
            ("skipped", "/paths/~1list"),
            ("skipped", "/paths/~1odd/get"),
            ("skipped", "/paths/~1odd/fo~1o~0"),
            ("skipped", "/paths/~1odd/parameters"),
        ]
    )


def test_ambiguous_paths_are_endpoints_of_their_own() -> None:
    """Paths that differ in the names of their parameters only are both read, with ids of their
    own.
    """
    parameter = {"in": "path", "required": True, "schema": {}}
    paths = {
        f"/a/{{{name}}}": {"get": {"parameters": [{"name": name, **parameter}]}}
        for name in ("x", "y")
    }
    paths["/a/mine"] = {"get": {}}
    found = reading(described(paths))
    assert len({endpoint.id for endpoint in found.endpoints}) == 3
    assert found.notes == ()


# References


def files(folder: Path, **texts: Any) -> Path:
    for name, value in texts.items():
        path = folder / name.replace("__", "/").replace("_json", ".json").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return folder


def split_facts(found: Reading) -> list[dict[str, Any]]:
    return [{**settings_schema(endpoint), "id": endpoint.id} for endpoint in found.endpoints]


def test_a_description_may_be_spread_over_files() -> None:
    """Path items, parameters, responses and schemas in files beside, each relative to where it is
    named, also back and in a circle.
    """
    found = read_api(SPLIT / "openapi.yaml")
    assert [note.pointer for note in found.notes] == ["/info"]  # whose API it is
    placed, one_order = found.endpoints
    assert [each.name for each in placed.parameters] == ["X-Tenant"]
    assert [(each.name, each.location) for each in one_order.parameters] == [
        ("id", "path"),
        ("X-Tenant", "header"),
    ]
    schema = settings_schema(placed)
    body = Draft202012Validator({**schema["properties"]["body"], "$defs": schema["$defs"]})
    assert body.is_valid(
        {"lines": [{"sku": "x"}], "total": {"amount": 1}, "replaces": {"lines": []}}
    )
    assert not body.is_valid({"lines": [{"sku": 1}]})
    assert not body.is_valid({"lines": [], "replaces": {}})
    assert not body.is_valid({"lines": [], "total": {"amount": "x"}})
    settings_of_one = Draft202012Validator(settings_schema(one_order))
    request = {"url": "https://x.example", "headers": {"X-Tenant": "t"}}
    assert settings_of_one.is_valid(
        {**request, "pathParameters": {"id": "abc"}}
    )  # read-only speaks of properties
    assert not settings_of_one.is_valid({**request, "pathParameters": {"id": "a"}})
    assert placed.responses["201"].description == "The order."
    for endpoint in found.endpoints:
        check(endpoint)


def test_an_archive_is_read_like_the_folder_it_holds(tmp_path: Path) -> None:
    """The same description in a ZIP and in a compressed tar archive gives the same endpoints."""
    expected = split_facts(read_api(SPLIT / "openapi.yaml"))
    with zipfile.ZipFile(tmp_path / "api.zip", "w") as archive:
        for path in sorted(SPLIT.rglob("*.*")):
            archive.write(path, path.relative_to(SPLIT.parent))
    with tarfile.open(tmp_path / "api.tar.gz", "w:gz") as tar:
        tar.add(SPLIT, "split")
    for name in ("api.zip", "api.tar.gz"):
        assert split_facts(read_api(tmp_path / name)) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "http://a.example/p.json#/p",
        "https://a.example/p.json",
        "//a.example/p.json",
        "file:///etc/passwd",
        "/etc/passwd",
        "../secret.json#/p",
        "%2e%2e/secret.json#/p",
        "sub/../../secret.json#/p",
        "missing.json#/p",
        "sub",
        "data:application/json,{}",
        "\\\\host\\share",
        "C:\\secret.json",
        "a\0b.json",
        "#/components/parameters/none",
        "#anchor",
        "#/paths/~1a/get/parameters/0",
        "#/paths/~1a/get/parameters/9",
        "#/info/title/x",
        "p.json#/p\ud800",
        "",
        "[",
        "?x=1",
        "link.json",
    ],
)
def test_no_reference_leads_out(reference: str, tmp_path: Path) -> None:
    """A parameter or a schema that is somewhere else is not opened: it is named as missing, the
    rest is read.
    """
    folder = tmp_path / "api"
    files(
        folder,
        api_json=described(
            {
                "/a": {
                    "get": {
                        "parameters": [
                            {"$ref": reference},
                            {"name": "good", "in": "query", "schema": {}},
                        ]
                    },
                    "post": {
                        "requestBody": {
                            "content": {"application/json": {"schema": {"$ref": reference}}}
                        }
                    },
                }
            }
        ),
        sub__p_json={"p": {}},
    )
    files(
        tmp_path,
        secret_json={"p": {"name": "SECRET", "in": "query", "schema": {"title": "SECRET"}}},
    )
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    found = read_api(folder / "api.json", provider="acme")
    for endpoint in found.endpoints:
        check(endpoint)
        assert "SECRET" not in json.dumps(endpoint.to_json())
    assert [each.name for each in found.endpoints[0].parameters][-1] == "good"
    assert len(found.endpoints) == 2
    places = {note.pointer for note in found.notes if note.kind in ("missing", "skipped")}
    assert "/paths/~1a/get/parameters/0" in places or reference == ""
    assert (
        "/paths/~1a/post/requestBody/content/application~1json/schema" in places
        or reference
        in (
            "",
            "#/paths/~1a/get/parameters/0",
        )
    )


def test_parts_of_a_description_that_is_not_in_a_folder_are_named(tmp_path: Path) -> None:
    """From standard input there is nothing beside: the reference is named, nothing is opened."""
    found = reading(described({"/a": {"get": {"parameters": [{"$ref": "p.json#/p"}]}}}))
    assert told(found) == [("missing", "/paths/~1a/get/parameters/0")]


@pytest.mark.parametrize("length", [2, 49, 500])
def test_a_chain_of_references_leads_to_its_end(length: int) -> None:
    """However many parameters only refer to the next, the last one is read."""
    parameters: dict[str, Any] = {
        f"p{number}": {"$ref": f"#/components/parameters/p{number + 1}"} for number in range(length)
    }
    parameters[f"p{length}"] = {"name": "end", "in": "query", "schema": {}}
    paths = {"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/p0"}]}}}
    found = reading(described(paths, components={"parameters": parameters}))
    assert [each.name for each in found.endpoints[0].parameters] == ["end"]
    assert found.notes == ()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_references_in_a_circle_are_named(length: int) -> None:
    """Parameters, bodies, responses, headers, path items and schemas that only lead to each other:
    each is told, all else is read.
    """
    circle = {
        f"c{number}": {"$ref": f"#/x-circle/c{(number + 1) % length}"} for number in range(length)
    }
    start = {"$ref": "#/x-circle/c0"}
    operation = {
        "parameters": [start, {"name": "q", "in": "query", "schema": start}],
        "requestBody": start,
        "responses": {
            "200": start,
            "201": {"headers": {"h": start}, "content": {"a/b": start, "c/d": {"schema": start}}},
        },
    }
    root = described({"/a": {"get": operation, "put": start}, "/b": start}, **{"x-circle": circle})
    found = reading(root)
    (endpoint,) = found.endpoints
    assert [each.name for each in endpoint.parameters] == ["q"]
    assert list(endpoint.responses) == ["201"]
    assert list(endpoint.responses["201"].content) == ["a/b", "c/d"]
    assert [note.kind for note in found.notes].count("missing") >= 7


def test_circular_components_are_one_definition_each() -> None:
    """Schemas that contain each other are referred to, not unfolded, and a value of any depth is
    checked.
    """
    schemas = {
        "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Edge"}}},
        "Edge": {
            "type": "object",
            "required": ["to"],
            "properties": {"to": {"$ref": "#/components/schemas/Node"}},
        },
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}
    (endpoint,) = reading(
        described(
            {"/a": {"post": {"requestBody": {"content": content}}}}, components={"schemas": schemas}
        )
    ).endpoints
    schema = settings_schema(endpoint)
    assert schema["$defs"].keys() == schemas.keys()
    body = Draft202012Validator({"$ref": "#/$defs/Node", "$defs": schema["$defs"]})
    assert body.is_valid({"next": {"to": {"next": {"to": {}}}}})
    assert not body.is_valid({"next": {"to": {"next": {}}}})


def test_an_endpoint_as_json_holds_every_definition_it_refers_to() -> None:
    """What is written of an endpoint can be read alone: no reference in it leads to nothing."""
    schemas: dict[str, Any] = {
        f"S{number}": {"properties": {"x": {"$ref": f"#/components/schemas/S{number + 1}"}}}
        for number in range(5)
    }
    schemas["S5"] = {"type": "string"}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}
    root = described(
        {"/a": {"post": {"requestBody": {"content": content}}}}, components={"schemas": schemas}
    )
    (endpoint,) = read_api("api.json", data=json.dumps(root).encode()).endpoints
    assert endpoint.to_json()["$defs"].keys() == schemas.keys()


# Texts of files


def test_what_was_guessed_of_yaml_is_told_with_its_line() -> None:
    """Tags that are not followed and names that stand twice are in the report."""
    text = """\
openapi: 3.0.3
info: {title: T}
servers: [{url: https://a.example}]
paths:
  /a:
    get:
      summary: !mine One
      deprecated: false
      deprecated: true
"""
    found = read_api("api.yaml", data=text.encode(), provider="acme")
    assert found.endpoints[0].deprecated is True
    assert {(note.kind, note.line, note.pointer) for note in found.notes} == {
        ("guessed", 7, None),
        ("guessed", None, "/paths/~1a/get/deprecated"),
    }


def test_yaml_1_2_has_no_yes_and_no_dates() -> None:
    """`on`, `no` and dates are texts, numbers of responses are names."""
    text = """\
openapi: 3.0.3
info: {title: T}
servers: [{url: https://a.example}]
paths:
  /on:
    get:
      summary: no
      parameters:
        - {name: on, in: query, schema: {type: string, enum: [on, off, yes, no, 2024-01-01]}}
      responses:
        200: {description: yes}
"""
    (endpoint,) = read_api("api.yaml", data=text.encode(), provider="acme").endpoints
    assert endpoint.title == "no"
    assert endpoint.parameters[0].schema == {
        "type": "string",
        "enum": ["on", "off", "yes", "no", "2024-01-01"],
    }
    assert endpoint.responses["200"].description == "yes"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b'{"openapi": "3.0.0", "paths": {', "column 32", id="cut"),
        pytest.param(b'["openapi: 3.0"]', "object|mapping", id="no-object"),
        pytest.param(b"openapi: 3.0.0\n\tpaths: x", "YAML", id="tab"),
        pytest.param(
            b'{"paths": {"/a": {"openapi": "3.0.0"}}}', "from 2.0 on", id="version-further-down"
        ),
    ],
)
def test_what_is_no_description_is_refused_with_the_reason(data: bytes, message: str) -> None:
    """A document that cannot be one ends in one error that says why."""
    with pytest.raises(DescriptionError, match=message):
        read_api("api", data=data)


def test_the_report_is_bounded() -> None:
    """A description with more faults than anybody reads gets the first of them, and their
    number.
    """
    parameters = [{"in": "query"} for _ in range(MOST_NOTES + 5)]
    found = read_api(
        "a.json", data=json.dumps(described({"/a": {"get": {"parameters": parameters}}})).encode()
    )
    assert len(found.notes) <= MOST_NOTES + 1
    assert "more notes" in found.notes[-1].message
    long = "/" + "x" * 50_000
    found = read_api(
        "a.json", data=json.dumps(described({long: {"get": {"parameters": parameters}}})).encode()
    )
    assert sum(len(note.message) + len(note.pointer or "") for note in found.notes) < 2**23


# Untrusted


NAMES = [
    "__proto__",
    "constructor",
    "toString",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "${x}",
    "<script>",
    "a\nb",
    "%2F",
    "\u202e",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_data(name: str) -> None:
    """Names with a meaning elsewhere, null characters and lone surrogates come through reading,
    settings and JSON unchanged.
    """
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "enum": [name]}},
        "required": [name],
    }
    operation = {
        "summary": name,
        "tags": [name],
        "operationId": f"x{name}",
        "parameters": [
            {"name": f"q{name}", "in": "query", "schema": {"type": "string", "default": name}}
        ],
        "requestBody": {
            "content": {
                f"a/{name}": {"schema": {"$ref": "#/components/schemas/S"}, "example": {name: name}}
            }
        },
        "responses": {"200": {"description": name, "headers": {f"h{name}": {"schema": {}}}}},
        "security": [{name: [name]}],
    }
    components = {
        "schemas": {"S": schema, name: {}},
        "securitySchemes": {name: {"type": "http", "scheme": name}},
    }
    found = reading(
        described({f"/{name}": {"post": operation}}, components=components, info={"title": name})
    )
    (endpoint,) = found.endpoints
    assert endpoint.path == f"/{name}"
    assert endpoint.tags == (name,)
    assert [each.name for each in endpoint.parameters if each.location == "query"] == [f"q{name}"]
    assert endpoint.security == ({name: (name,)},)
    derived = json.loads(json.dumps(settings_schema(endpoint)))
    assert derived["$defs"]["S"] == schema
    assert derived["properties"]["query"]["properties"][f"q{name}"]["default"] == name
    assert derived["properties"]["headers"]["properties"]["Content-Type"] == {
        "const": f"a/{name}".strip()
    }


KEYS = st.sampled_from(
    [
        "get",
        "post",
        "GET",
        "query",
        "$ref",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "servers",
        "content",
        "schema",
        "name",
        "in",
        "style",
        "explode",
        "required",
        "description",
        "examples",
        "example",
        "headers",
        "encoding",
        "200",
        "default",
        "application/json",
        "multipart/form-data",
        "type",
        "items",
        "properties",
        "allOf",
        "enum",
        "url",
        "variables",
        "tags",
        "collectionFormat",
        "additionalOperations",
        "callbacks",
        "x-a",
        "/a/{b}",
        "summary",
        "schemes",
        "consumes",
        "produces",
    ]
)
WORDS = st.sampled_from(
    [
        "query",
        "path",
        "header",
        "cookie",
        "body",
        "formData",
        "querystring",
        "string",
        "array",
        "object",
        "file",
        "b",
        "k",
        "form",
        "#/paths",
        "#/components/schemas/S",
        "#",
        "#/paths/~1a",
        "other.json",
        "deepObject",
        "csv",
        "https://{x}",
        "/v1",
        "true",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.just(1.5) | WORDS | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def objects(names: str, **fields: Any) -> st.SearchStrategy[Any]:
    """Return objects with any of *names*, whose values may be anything, and of *fields*, whose
    values are often right.
    """
    right = {name: strategy | VALUES for name, strategy in fields.items()}
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names.split(), VALUES) | right)


def maps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(KEYS, values | VALUES, max_size=2)


def lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values | VALUES, max_size=3)


PARAMETERS = lists(
    objects("name schema style type collectionFormat content explode examples", **{"in": WORDS})
)
OPERATIONS = objects(
    "tags summary deprecated schemes consumes produces",
    parameters=PARAMETERS,
    requestBody=objects("required", content=maps(objects("schema encoding examples"))),
    responses=maps(objects("headers content schema examples")),
    security=lists(st.dictionaries(WORDS, VALUES, max_size=2)),
    servers=lists(objects("variables", url=WORDS)),
)
ITEMS = st.dictionaries(
    st.sampled_from(
        ["get", "post", "Put", "query", "parameters", "servers", "additionalOperations", "$ref"]
    ),
    OPERATIONS | PARAMETERS | VALUES,
    max_size=3,
)
PATHS = st.dictionaries(
    st.sampled_from(["/a", "/a/{b}", "a?b={c}", "/#d/e", ""]), ITEMS | VALUES, max_size=3
)
ROOTS = objects(
    "securityDefinitions security servers info host basePath schemes consumes produces webhooks"
    " $self",
    paths=PATHS,
    components=objects(
        "parameters", schemas=st.dictionaries(st.just("S"), VALUES), securitySchemes=maps(VALUES)
    ),
)
VERSION = st.sampled_from(
    [("swagger", "2.0"), ("openapi", "3.0.3"), ("openapi", "3.1.0"), ("openapi", "3.2.0")]
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(ROOTS, VERSION)
def test_no_description_breaks_the_reader(root: dict[str, Any], version: tuple[str, str]) -> None:
    """Whatever stands where, reading ends in endpoints that are whole or in a DescriptionError,
    never in anything else.
    """
    root = {version[0]: version[1], **root}
    try:
        found = read(json.dumps(root).encode())
    except DescriptionError as error:
        if error.__cause__ is not None:  # an exception of another kind, translated at the border
            raise
        return
    for endpoint in found.endpoints:
        check(endpoint)
    for note in found.notes:
        json.dumps(note.to_json())
        assert note.pointer is not None
        assert exists(root, note.pointer), note


# References in unusual places

IN_FILES = {
    "security.yaml": (
        "key: {type: apiKey, in: header, name: X-Key}\nnested: {$ref: 'more.yaml#/all/basic'}\n"
    ),
    "more.yaml": "all: {$ref: 'schemes.yaml'}\n",
    "schemes.yaml": "basic: {type: http, scheme: basic}\n",
    "paths.yaml": (
        "/a:\n  get:\n    parameters: {$ref: 'parts.yaml#/parameters'}\n    responses: {$ref:"
        " 'parts.yaml#/responses'}\n    security: [{key: []}, {nested: []}]\n  post: {$ref:"
        " 'parts.yaml#/paths/~1b/post'}\n"
    ),
    "parts.yaml": (
        "parameters: [{name: q, in: query, schema: {$ref: '#/schemas/Q/properties/id'}}]\n"
        "responses: {'200': {description: fine, content: {$ref: '#/content'}}}\n"
        "content: {application/json: {schema: {$ref: '#/schemas/Q'}}}\n"
        "schemas: {Q: {$ref: 'q.yaml'}}\n"
        "paths: {$ref: 'more-paths.yaml'}\n"
    ),
    "q.yaml": "type: object\nproperties: {id: {type: integer}}\n",
    "more-paths.yaml": "/b:\n  post: {summary: More, requestBody: {content: {text/plain: {}}}}\n",
}


def in_files(folder: Path, root: dict[str, Any], files: dict[str, str]) -> Reading:
    """Read the description *root* from a file of its own among *files*."""
    for name, text in {**files, "api.json": json.dumps(root)}.items():
        (folder / name).write_text(text)
    return read_api(folder / "api.json", plugins=PLUGINS, provider="acme")


def test_references_stand_wherever_there_is_an_object(tmp_path: Path) -> None:
    """Paths, security schemes, lists of parameters, responses and content may be in other files,
    and a pointer may pass through a reference on its way.
    """
    components = {"securitySchemes": {"$ref": "security.yaml"}}
    found = in_files(
        tmp_path, described({"$ref": "paths.yaml"}, "3.1.0", components=components), IN_FILES
    )
    assert found.notes == ()
    get, post = found.endpoints
    assert [(each.name, each.schema) for each in get.parameters] == [("q", {"$ref": "#/$defs/id"})]
    assert get.definitions["id"] == {"type": "integer"}
    assert list(get.responses["200"].content) == ["application/json"]
    assert get.security_schemes == {
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "nested": {"type": "http", "scheme": "basic"},
    }
    assert post.title == "More"
    assert post.request_body is not None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"paths": {"$ref": "gone.yaml"}}, "/paths"),
        ({"paths": {"/a": {"get": {}}, "/b": {"$ref": "gone.yaml"}}}, "/paths/~1b"),
        (
            {"paths": {"/a": {"get": {"parameters": [{"$ref": "gone.yaml"}]}}}},
            "/paths/~1a/get/parameters/0",
        ),
        (
            {"paths": {"/a": {"get": {"requestBody": {"$ref": "gone.yaml"}}}}},
            "/paths/~1a/get/requestBody",
        ),
        ({"components": {"securitySchemes": {"$ref": "gone.yaml"}}}, "/components/securitySchemes"),
        ({"components": {"$ref": "gone.yaml"}}, "/components"),
        (
            {"components": {"securitySchemes": {"key": {"$ref": "#/x/y"}}}, "x": {"$ref": "#/x"}},
            "/components/securitySchemes/key",
        ),
        ({"paths": {}}, ""),
    ],
)
def test_what_cannot_be_followed_is_an_error(
    tmp_path: Path, change: dict[str, Any], pointer: str
) -> None:
    """It is said where it stands, and an endpoint whose security is not known does not look like an
    open one.
    """
    paths = {"/a": {"get": {"summary": "A"}}}
    root = {**described(paths, "3.1.0", security=[{"key": []}]), **change}
    found = in_files(tmp_path, root, {})
    assert pointer in {note.pointer for note in found.notes if note.severity == "error"}
    assert all(endpoint.security == ({"key": ()},) for endpoint in found.endpoints)


# How a value is written


OWN_TEXT = [
    "1.0",
    "2.10",
    "2.1",
    "0x1F",
    "0o17",
    "007",
    "+1",
    "1e3",
    "True",
    "false",
    "2020-01-31",
    "on",
    "no",
    "12:30",
]
SCALARS = """
openapi: 3.0.3
info: {title: T, version: %(scalar)s}
servers: [{url: 'https://a.example/{a}/{b}', variables: {a: {default: %(scalar)s, enum: [%(scalar)s]}, b: %(scalar)s}}]
x-shared: &shared {type: string, default: %(scalar)s}
paths:
  /a:
    post:
      parameters:
      - {name: a, in: query, schema: {type: string, enum: [%(scalar)s, other], default: %(scalar)s, example: %(scalar)s}}
      - {name: b, in: query, schema: {type: string}, example: %(scalar)s}
      - {name: c, in: query, schema: {type: array, items: {type: string}, enum: [%(scalar)s]}}
      - {name: d, in: query, schema: *shared}
      - {name: e, in: query, schema: {<<: *shared, description: merged}}
      requestBody:
        content: {text/plain: {schema: {type: string}, examples: {one: {value: %(scalar)s}}}}
"""
SWAGGER_SCALARS = """
swagger: "2.0"
info: {title: T, version: %(scalar)s}
host: a.example
paths:
  /a:
    post:
      parameters:
      - {name: a, in: query, type: string, enum: [%(scalar)s], default: %(scalar)s}
      - {name: f, in: formData, type: string, enum: [%(scalar)s], default: %(scalar)s}
"""


@pytest.mark.parametrize("scalar", OWN_TEXT)
def test_a_scalar_keeps_its_text_where_text_is_asked_for(scalar: str) -> None:
    """YAML reads 2.10 as a number; an API that asks for the version 2.10 as a string does not take
    2.1.
    """
    found = read((SCALARS % {"scalar": scalar}).encode(), "api.yaml")
    (endpoint,) = found.endpoints
    a, b, c, d, e = endpoint.parameters
    assert a.schema == {
        "type": "string",
        "enum": [scalar, "other"],
        "default": scalar,
        "examples": [scalar],
    }
    assert b.examples == (scalar,)
    assert c.schema["items"]["enum"] == [scalar]
    assert d.schema["default"] == e.schema["default"] == scalar
    assert endpoint.request_body is not None
    assert endpoint.request_body.content["text/plain"].examples == (scalar,)
    assert endpoint.api.version == scalar
    assert endpoint.servers[0].variables == {
        "a": {"default": scalar, "enum": [scalar]},
        "b": {"default": scalar},
    }
    (endpoint,) = read((SWAGGER_SCALARS % {"scalar": scalar}).encode(), "api.yaml").endpoints
    assert endpoint.parameters[0].schema == {"type": "string", "enum": [scalar], "default": scalar}
    assert endpoint.request_body is not None
    form = endpoint.request_body.content["application/x-www-form-urlencoded"].schema
    assert form["properties"]["f"] == {"type": "string", "enum": [scalar], "default": scalar}


def test_a_number_of_json_keeps_its_text_where_text_is_asked_for() -> None:
    """JSON has several spellings of a fraction, too."""
    text = json.dumps(
        described({"/a": {"get": {"parameters": [{"name": "v", "in": "query", "schema": "S"}]}}})
    )
    text = text.replace('"S"', '{"type": "string", "enum": [2.1, 2.10, 1e3, 5], "default": 2.10}')
    (parameter,) = read(text.encode()).endpoints[0].parameters
    assert parameter.schema == {
        "type": "string",
        "enum": ["2.1", "2.10", "1e3", "5"],
        "default": "2.10",
    }


# Names in another case


MISCASED = {
    "Query": {"name": "q", "in": "Query"},
    "HEADER": {"name": "X-H", "in": "HEADER", "schema": {"type": "String"}},
    "style": {"name": "s", "in": "query", "style": "DeepObject", "schema": {"type": "object"}},
}


def test_names_in_another_case_are_mended_and_noted() -> None:
    """Places, styles, types of schemas and of security schemes: what differs in case alone is
    plainly meant.
    """
    schemes = {
        "key": {"type": "APIKEY", "in": "Header", "name": "X-Key"},
        "token": {"type": "HTTP", "scheme": "Bearer"},
        "flow": {
            "type": "OAuth2",
            "flows": {"ClientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {}}},
        },
    }
    body = {
        "multipart/form-data": {"schema": {"type": "object"}, "encoding": {"f": {"style": "FORM"}}}
    }
    operation = {
        "parameters": [*MISCASED.values(), {"name": "id", "in": "Path"}],
        "requestBody": {"content": body},
    }
    security = [{"key": []}, {"token": []}, {"flow": []}]
    root = described(
        {"/{id}": {"post": operation}}, components={"securitySchemes": schemes}, security=security
    )
    found = reading(root)
    (endpoint,) = found.endpoints
    places = [(each.name, each.location, each.style) for each in endpoint.parameters]
    assert places == [
        ("id", "path", None),
        ("q", "query", None),
        ("X-H", "header", None),
        ("s", "query", "deepObject"),
    ]
    assert endpoint.request_body is not None
    assert endpoint.request_body.content["multipart/form-data"].encoding == {"f": {"style": "form"}}
    assert endpoint.security_schemes["key"] == {"type": "apiKey", "in": "header", "name": "X-Key"}
    assert endpoint.security_schemes["token"] == {"type": "http", "scheme": "bearer"}
    assert list(endpoint.security_schemes["flow"]["flows"]) == ["clientCredentials"]
    assert {note.kind for note in found.notes} == {"guessed"}
    assert len(found.notes) == 12


def test_swaggers_names_in_another_case_are_mended() -> None:
    """Bodies, form fields, collection formats and flows of Swagger 2.0."""
    fields = [
        {
            "name": "f",
            "in": "FormData",
            "type": "array",
            "items": {"type": "string"},
            "collectionFormat": "Pipes",
        },
        {"name": "g", "in": "formdata", "type": "File"},
    ]
    query = {
        "name": "q",
        "in": "query",
        "type": "array",
        "items": {"type": "string"},
        "collectionFormat": "MULTI",
    }
    schemes = {"flow": {"type": "oauth2", "flow": "AccessCode"}, "basic": {"type": "Basic"}}
    root = {
        "swagger": "2.0",
        "host": "a.example",
        "schemes": ["HTTPS"],
        "paths": {
            "/a": {
                "post": {"parameters": [query, *fields]},
                "put": {"parameters": [{"name": "b", "in": "Body"}]},
            }
        },
        "securityDefinitions": schemes,
        "security": [{"flow": []}, {"basic": []}],
    }
    form, body = reading(root).endpoints
    assert [(each.style, each.explode) for each in form.parameters] == [("form", True)]
    assert form.request_body is not None
    assert form.request_body.content["multipart/form-data"].encoding == {
        "f": {"style": "pipeDelimited", "explode": False}
    }
    assert body.request_body is not None
    assert form.security_schemes["basic"] == {"type": "http", "scheme": "basic"}
    assert list(form.security_schemes["flow"]["flows"]) == ["authorizationCode"]
    assert form.servers[0].url == "https://a.example"


def test_equal_parts_of_a_description_are_read_once() -> None:
    """A parameter, a body and a response that are written out again are not read again."""
    operation = {
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "integer"}}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {"200": {"description": "Yes"}},
    }
    paths = {"/a": {"post": operation}, "/b": {"post": operation}}
    one, other = reading(described(paths)).endpoints
    assert one.parameters[0] is other.parameters[0]
    assert one.request_body is other.request_body
    assert one.responses["200"] is other.responses["200"]


def test_what_is_guessed_about_equal_parts_is_noted_at_each_of_them() -> None:
    """Two parameters, bodies or responses with one mistake are two mistakes to mend."""
    operation = {
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "int"}}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "str"}}}},
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": {"type": "bool"}}},
            }
        },
    }
    found = reading(described({"/a": {"post": operation}, "/b": {"post": operation}}))
    wrong = (
        "parameters/0/schema/type",
        "requestBody/content/application~1json/schema/type",
        "responses/200/content/application~1json/schema/type",
    )
    assert sorted(str(note.pointer) for note in found.notes) == [
        f"/paths/~1{path}/post/{pointer}" for path in "ab" for pointer in wrong
    ]


def test_equal_parts_of_a_body_keep_their_own_pointers() -> None:
    """What is wrong in the body of Swagger 2.0's second operation is not told of the first."""
    field = {"name": "f", "in": "formData", "type": "int"}
    paths = {"/a": {"post": {"parameters": [field]}}, "/b": {"post": {"parameters": [field]}}}
    found = reading({"swagger": "2.0", "host": "a.example", "schemes": ["https"], "paths": paths})
    assert [note.pointer for note in found.notes] == [
        "/paths/~1a/post/parameters/0/type",
        "/paths/~1b/post/parameters/0/type",
    ]


def test_equal_references_in_two_files_lead_where_their_file_says(tmp_path: Path) -> None:
    """`#/Size` of one file is not `#/Size` of another."""
    operation = {"parameters": [{"name": "q", "in": "query", "schema": {"$ref": "#/Size"}}]}
    for name, kind in (("a", "integer"), ("b", "string")):
        part = {"path": {"get": operation}, "Size": {"type": kind}}
        (tmp_path / f"{name}.json").write_text(json.dumps(part))
    paths = {f"/{name}": {"$ref": f"{name}.json#/path"} for name in "ab"}
    (tmp_path / "openapi.json").write_text(json.dumps(described(paths)))
    one, other = read_api(tmp_path / "openapi.json", plugins=PLUGINS).endpoints
    types = [
        [each.definitions[name]["type"] for name in definition_names(each.parameters[0].schema)]
        for each in (one, other)
    ]
    assert types == [["integer"], ["string"]]
