"""What changed between two versions of a description, and which tasks of a definition that
breaks.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from httptask.changes import Change, changes
from httptask.cli import main
from httptask.importers import endpoint_id, read_api
from httptask.model.api import Endpoint
from httptask.plugins import plugin_manager
from places import DATA

PLUGINS = plugin_manager(entry_points=False)

OPERATION: dict[str, Any] = {
    "summary": "Change a pet",
    "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
        {
            "name": "tags",
            "in": "query",
            "schema": {"type": "array", "items": {"type": "string"}, "maxItems": 9},
        },
        {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["cat", "dog"]}},
        {
            "name": "X-Trace",
            "in": "header",
            "schema": {"type": "string", "maxLength": 20, "default": "0"},
        },
    ],
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    },
    "responses": {
        "200": {
            "description": "ok",
            "headers": {
                "X-Left": {"required": True, "schema": {"type": "integer"}},
                "X-Right": {"schema": {"type": "integer"}},
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
        },
        "5XX": {"description": "failed"},
    },
    "security": [{}, {"key": []}, {"account": ["read"]}],
}
API: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://api.pets.example/v1"}, {"url": "https://test.pets.example/v1"}],
    "paths": {"/pets/{id}": {"put": OPERATION}, "/pets": {"get": {"summary": "List pets"}}},
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "age": {"type": "integer", "minimum": 0},
                    "owner": {"$ref": "#/components/schemas/Owner"},
                    "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                },
            },
            "Owner": {"type": "object", "properties": {"email": {"type": "string"}}},
        },
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "account": {"type": "http", "scheme": "bearer"},
        },
    },
}

Edit = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Changes a description, given with its operation, in place."""


def edited(edit: Edit) -> dict[str, Any]:
    api = copy.deepcopy(API)
    edit(api, api["paths"]["/pets/{id}"]["put"])
    return api


def operation_of(api: dict[str, Any]) -> Endpoint:
    found = read_api(
        "api.json", data=json.dumps(api).encode(), provider="pets", plugins=PLUGINS
    ).endpoints
    return next(endpoint for endpoint in found if endpoint.method == "PUT")


def differences(edit: Edit) -> list[Change]:
    return changes(operation_of(API), operation_of(edited(edit)))


def schema_of(api: dict[str, Any], name: str = "Pet") -> dict[str, Any]:
    found: dict[str, Any] = api["components"]["schemas"][name]
    return found


def parameter(operation: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in operation["parameters"] if each["name"] == name)
    return found


def left(operation: dict[str, Any]) -> dict[str, Any]:
    header: dict[str, Any] = operation["responses"]["200"]["headers"]["X-Left"]
    return header


NARROWER: dict[str, tuple[Edit, str]] = {
    "parameter-removed": (lambda api, op: op["parameters"].pop(1), "query.dry: removed"),
    "parameter-required": (
        lambda api, op: op["parameters"][1].update(required=True),
        "query.dry: now required",
    ),
    "required-parameter-added": (
        lambda api, op: op["parameters"].append(
            {"name": "n", "in": "query", "required": True, "schema": {}}
        ),
        "query.n: added, required",
    ),
    "parameter-style": (
        lambda api, op: parameter(op, "tags").update(style="pipeDelimited", explode=False),
        "query.tags: written in another style",
    ),
    "parameter-as-json": (
        lambda api, op: parameter(op, "dry").update(
            content={"application/json": {"schema": parameter(op, "dry").pop("schema")}}
        ),
        "query.dry: written in another style",
    ),
    "type": (
        lambda api, op: parameter(op, "dry").update(schema={"type": "string"}),
        'query.dry: type was "boolean", is "string"',
    ),
    "enum-shorter": (
        lambda api, op: parameter(op, "kind")["schema"]["enum"].pop(),
        "query.kind: no more dog",
    ),
    "shorter-text": (
        lambda api, op: parameter(op, "X-Trace")["schema"].update(maxLength=10),
        "headers.x-trace: maxLength was 20, is 10",
    ),
    "items": (
        lambda api, op: parameter(op, "tags")["schema"].update(items={"type": "integer"}),
        'query.tags[]: type was "string", is "integer"',
    ),
    "pattern-added": (
        lambda api, op: parameter(op, "X-Trace")["schema"].update(pattern="^a"),
        'headers.x-trace: now with pattern "^a"',
    ),
    "body-required": (
        lambda api, op: op["requestBody"].update(required=True),
        "body: now required",
    ),
    "body-removed": (lambda api, op: op.pop("requestBody"), "body: removed"),
    "body-media-type": (
        lambda api, op: op["requestBody"].update(content={"text/xml": {}}),
        "body: no more as application/json",
    ),
    "field-required": (
        lambda api, op: schema_of(api)["required"].append("age"),
        "body.age: now required",
    ),
    "field-removed": (lambda api, op: schema_of(api)["properties"].pop("age"), "body.age: removed"),
    "field-of-a-field": (
        lambda api, op: schema_of(api, "Owner").update(required=["email"]),
        "body.owner.email: now required",
    ),
    "closed": (
        lambda api, op: schema_of(api).update(additionalProperties=False),
        "body: now with additionalProperties false",
    ),
    "minimum": (
        lambda api, op: schema_of(api)["properties"]["age"].update(minimum=1),
        "body.age: minimum was 0, is 1",
    ),
    "server": (
        lambda api, op: api.update(servers=[{"url": "https://api.pets.example/v2"}]),
        "url: the first server was https://api.pets.example/v1, is https://api.pets.example/v2",
    ),
    "security-alternative-gone": (
        lambda api, op: op.update(security=[{"account": ["read"]}]),
        "security: was nothing, key, account (read), is account (read)",
    ),
    "more-scopes": (
        lambda api, op: op.update(security=[{"key": []}, {"account": ["read", "write"]}]),
        "security: was nothing, key, account (read), is key, account (read, write)",
    ),
    "key-elsewhere": (
        lambda api, op: api["components"]["securitySchemes"]["key"].update({"in": "query"}),
        "security.key: another kind of credential, or sent in another place",
    ),
    "response-header-gone": (
        lambda api, op: op["responses"]["200"].pop("headers"),
        "responses.200.headers.x-left: removed",
    ),
    "response-media-type-gone": (
        lambda api, op: op["responses"]["200"].update(content={"text/xml": {}}),
        "responses.200: no more as application/json",
    ),
    "credential-needed": (
        lambda api, op: op["security"].remove({}),
        "security: was nothing, key, account (read), is key, account (read)",
    ),
    "another-status": (
        lambda api, op: op.update(responses={"202": {"description": "later"}}),
        "responses.200: removed",
    ),
    "response-without-a-body": (
        lambda api, op: op["responses"]["200"].pop("content"),
        "responses.200: no more as application/json",
    ),
    "response-header-type": (
        lambda api, op: left(op).update(schema={"type": "string"}),
        'responses.200.headers.x-left: type was "integer", is "string"',
    ),
    "response-header-not-sure": (
        lambda api, op: left(op).update(required=False),
        "responses.200.headers.x-left: no more always sent",
    ),
    "media-type-parameter": (
        lambda api, op: op["requestBody"].update(content={"application/json; v=2": {}}),
        "body: no more as application/json",
    ),
    "response-media-type-range": (
        lambda api, op: op["responses"]["200"].update(content={"*/*": {}}),
        "responses.200: no more as application/json",
    ),
    "parameter-moved": (
        lambda api, op: parameter(op, "kind").update({"in": "header"}),
        "query.kind: removed",
    ),
    "second-server-gone": (
        lambda api, op: api["servers"].pop(),
        "url: no more at https://test.pets.example/v1",
    ),
    "field-becomes-readOnly": (
        lambda api, op: schema_of(api)["properties"]["age"].update(readOnly=True),
        "body.age: now readOnly",
    ),
    "answered-field-not-sure": (
        lambda api, op: schema_of(api).update(required=[]),
        "responses.200.name: no more required",
    ),
}
WIDER: dict[str, tuple[Edit, str]] = {
    "deprecated": (lambda api, op: op.update(deprecated=True), "endpoint: now deprecated"),
    "parameter-added": (
        lambda api, op: op["parameters"].append({"name": "n", "in": "query", "schema": {}}),
        "query.n: added",
    ),
    "enum-longer": (
        lambda api, op: parameter(op, "kind")["schema"]["enum"].append("cow"),
        "query.kind: now also cow",
    ),
    "longer-text": (
        lambda api, op: parameter(op, "X-Trace")["schema"].update(maxLength=30),
        "headers.x-trace: maxLength was 20, is 30",
    ),
    "no-limit": (
        lambda api, op: parameter(op, "X-Trace")["schema"].pop("maxLength"),
        "headers.x-trace: no more with maxLength 20",
    ),
    "or-null": (
        lambda api, op: parameter(op, "dry")["schema"].update(nullable=True),
        'query.dry: type was "boolean", is ["boolean", "null"]',
    ),
    "integer-to-number": (
        lambda api, op: parameter(op, "id").update(schema={"type": "number"}),
        'pathParameters.id: type was "integer", is "number"',
    ),
    "media-type-added": (
        lambda api, op: op["requestBody"]["content"].update({"text/xml": {}}),
        "body: now also as text/xml",
    ),
    "status-added": (lambda api, op: op["responses"].update({"404": {}}), "responses.404: added"),
    "security-alternative": (
        lambda api, op: op["security"].append({"key": [], "account": []}),
        (
            "security: was nothing, key, account (read), is nothing, key, account (read), account"
            " and key"
        ),
    ),
    "nothing-needed": (
        lambda api, op: op.update(security=[]),
        "security: was nothing, key, account (read), is nothing",
    ),
    "server-added-first": (
        lambda api, op: api["servers"].insert(0, {"url": "https://new.pets.example"}),
        "url: the first server was https://api.pets.example/v1, is https://new.pets.example",
    ),
    "parameter-default": (
        lambda api, op: parameter(op, "X-Trace")["schema"].update(default="x"),
        'headers.x-trace: default was "0", is "x"',
    ),
    "parameter-deprecated": (
        lambda api, op: parameter(op, "kind").update(deprecated=True),
        "query.kind: now deprecated",
    ),
    "fewer-scopes": (
        lambda api, op: op["security"].__setitem__(2, {"account": []}),
        "security: was nothing, key, account (read), is nothing, key, account",
    ),
    "security-not-described": (
        lambda api, op: op.pop("security"),
        "security: was nothing, key, account (read), is not described",
    ),
    "media-type-range": (
        lambda api, op: op["requestBody"]["content"].update({"*/*": {}}),
        "body: now also as */*",
    ),
    "status-range": (
        lambda api, op: op["responses"].update({"2XX": op["responses"].pop("200")}),
        "responses.200: now described as 2XX",
    ),
    "other-status-gone": (
        lambda api, op: op["responses"].pop("5XX"),
        "responses.5XX: removed",
    ),
    "response-header-is-sure": (
        lambda api, op: op["responses"]["200"]["headers"]["X-Right"].update(required=True),
        "responses.200.headers.x-right: now always sent",
    ),
    "response-header-added": (
        lambda api, op: op["responses"]["200"]["headers"].update(New={"schema": {}}),
        "responses.200.headers.new: added",
    ),
    "answered-field-is-sure": (
        lambda api, op: schema_of(api)["required"].append("age"),
        "responses.200.age: now required",
    ),
}
NONE: dict[str, Edit] = {
    "nothing": lambda api, op: None,
    "texts": lambda api, op: op.update(
        summary="Other", description="Other", tags=["x"], operationId="x"
    ),
    "descriptions-of-fields": (
        lambda api, op: schema_of(api)["properties"]["name"].update(description="x", example="y")
    ),
    "default-style-written-out": (
        lambda api, op: parameter(op, "tags").update(style="form", explode=True)
    ),
    "case-of-a-header": lambda api, op: parameter(op, "X-Trace").update(name="x-TRACE"),
    "charset": lambda api, op: [
        each.update(
            content={"Application/JSON; charset=utf-8": each["content"]["application/json"]}
        )
        for each in (op["requestBody"], op["responses"]["200"])
    ],
    "case-of-a-response-header": (
        lambda api, op: op["responses"]["200"]["headers"].update(
            {"x-LEFT": op["responses"]["200"]["headers"].pop("X-Left")}
        )
    ),
    "case-of-a-range": lambda api, op: op["responses"].update({"5xx": op["responses"].pop("5XX")}),
    "case-of-a-scheme": (
        lambda api, op: api["components"]["securitySchemes"]["account"].update(scheme="Bearer")
    ),
    "order-of-parameters": lambda api, op: op["parameters"].reverse(),
    "order-of-security": lambda api, op: op["security"].reverse(),
    "everything-allowed-written-out": (
        lambda api, op: schema_of(api).update(additionalProperties=True)
    ),
    "name-of-a-definition": lambda api, op: (
        api["components"]["schemas"].update(Person=schema_of(api, "Owner")),
        schema_of(api)["properties"].update(owner={"$ref": "#/components/schemas/Person"}),
    ),
    "unused-definition": (
        lambda api, op: api["components"]["schemas"].update(More={"type": "string"})
    ),
}


@pytest.mark.parametrize("name", NARROWER)
def test_a_change_that_may_break_is_said_and_marked(name: str) -> None:
    """Whatever a valid request, or whoever reads the response, may not survive is named with its
    place.
    """
    edit, expected = NARROWER[name]
    found = {f"{change.place}: {change.message}": change.narrows for change in differences(edit)}
    assert found.get(expected) is True, found


@pytest.mark.parametrize("name", WIDER)
def test_a_change_that_breaks_nothing_is_said_but_not_marked(name: str) -> None:
    """What only allows more is named, and not marked."""
    edit, expected = WIDER[name]
    found = {f"{change.place}: {change.message}": change.narrows for change in differences(edit)}
    assert found.get(expected) is False, found


@pytest.mark.parametrize("name", NONE)
def test_what_means_the_same_is_no_change(name: str) -> None:
    """Texts, examples, orders and other ways to write the same are no change."""
    assert differences(NONE[name]) == []


def test_a_credential_where_none_was_described_is_marked() -> None:
    """Tasks that sent no credential are refused by an endpoint that was silent, and names one
    now.
    """
    silent = edited(lambda api, op: op.pop("security"))
    cases: list[tuple[list[Any], bool]] = [([{"key": []}], True), ([{"key": []}, {}], False)]
    for security, narrows in cases:
        named = copy.deepcopy(API)
        named["paths"]["/pets/{id}"]["put"]["security"] = security
        (change,) = changes(operation_of(silent), operation_of(named))
        assert (change.place, change.narrows) == ("security", narrows)
    assert (
        changes(operation_of(silent), operation_of(edited(lambda api, op: op.update(security=[]))))
        == []
    )


@pytest.mark.parametrize(
    ("before", "after", "narrows"),
    [
        ([{"key": []}], [{"account": []}], True),
        ([{"account": ["read"]}], [{"account": ["write"]}], True),
        ([{"account": ["read", "write"]}], [{"account": ["write"]}], False),
        ([{"key": []}], [{"key": [], "account": []}], True),
        ([{"key": [], "account": []}], [{"key": []}], False),
        ([{"key": []}], [{"account": []}, {"key": []}], False),
        ([{"key": []}, {"account": []}], [{"key": []}], True),
    ],
)
def test_a_credential_is_marked_where_it_lets_nobody_in_any_more(
    before: list[Any], after: list[Any], narrows: bool
) -> None:
    """What was enough stays enough only with the same schemes and all scopes that are asked for
    now.
    """
    old, new = (
        edited(lambda api, op, asked=asked: op.update(security=asked)) for asked in (before, after)
    )
    (change,) = changes(operation_of(old), operation_of(new))
    assert (change.place, change.narrows) == ("security", narrows)


def test_another_name_of_a_credential_is_not_marked() -> None:
    """The name of a security scheme is the description's own; what is sent is the same."""

    def rename(api: dict[str, Any], operation: dict[str, Any]) -> None:
        schemes = api["components"]["securitySchemes"]
        schemes["apiKey"] = schemes.pop("key")
        operation["security"][1] = {"apiKey": []}

    assert [change.narrows for change in differences(rename)] == [False]


def test_ranges_of_statuses_are_compared_with_the_statuses_they_become() -> None:
    """What comes for a status is described by it, by its range, or by `default`, in this order."""

    def split(api: dict[str, Any], operation: dict[str, Any]) -> None:
        responses = operation["responses"]
        responses["500"] = responses.pop("5XX")
        responses["default"] = responses.pop("200")
        responses["default"]["content"]["application/json"]["schema"] = {"type": "object"}

    found = {f"{change.place}: {change.message}": change.narrows for change in differences(split)}
    assert found["responses.5XX: now described as 500"] is False
    assert found["responses.200: now described as default"] is False
    assert found["responses.200.name: removed"] is True


def test_circular_schemas_come_to_an_end() -> None:
    """A change deep in schemas that contain each other is named once, at its first place."""
    found = differences(lambda api, op: schema_of(api)["properties"]["age"].update(maximum=30))
    assert [change.place for change in found] == ["body.age", "responses.200.age"]
    assert [change.narrows for change in found] == [True, False]


def test_a_description_that_changed_everywhere_has_a_list_with_an_end() -> None:
    """Thousands of changes of one endpoint are cut, which is said."""
    fields = {f"f{number}": {"type": "string"} for number in range(500)}
    found = differences(lambda api, op: schema_of(api).update(properties=fields))
    assert len(found) < 300
    assert found[-1].message == "more changes are not listed"


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "3.2"])
def test_another_version_of_the_format_is_no_change(version: str) -> None:
    """The same API written in another version of OpenAPI has no differences."""
    library = DATA / "descriptions" / "library"
    one, other = (
        read_api(library / f"{each}.yaml", plugins=PLUGINS).endpoints for each in (version, "3.0")
    )
    assert [changes(old, new) for old, new in zip(one, other, strict=True)] == [
        [],
        [],
        [],
        [],
        [],
        [],
    ]


# The command


class Done:
    """What one `httptask diff` did."""

    def __init__(self, status: int, out: str) -> None:
        self.status = status
        self.out = out

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that compares `API` with another description, for the tasks of a definition
    when there are some.
    """

    def run(
        new: dict[str, Any],
        *words: str,
        tasks: dict[str, Any] | None = None,
        old: dict[str, Any] = API,
    ) -> Done:
        (tmp_path / "old.json").write_text(json.dumps(old), "utf-8")
        (tmp_path / "new.json").write_text(json.dumps(new), "utf-8")
        more: list[str] = []
        if tasks is not None:
            definition = {"name": "D", "startTask": next(iter(tasks), "x"), "tasks": tasks}
            (tmp_path / "definition.json").write_text(json.dumps(definition, indent=1), "utf-8")
            more = ["--definition", str(tmp_path / "definition.json")]
        status = main(
            ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), *more, *words]
        )
        return Done(status, capsys.readouterr().out)

    return run


def test_added_removed_changed_and_unchanged_are_told(diff: Run) -> None:
    """Each endpoint is in one of the four groups, in words and in JSON."""

    def edit(api: dict[str, Any], operation: dict[str, Any]) -> None:
        operation["parameters"].pop(1)
        api["paths"]["/owners"] = {"get": {"summary": "List owners"}}
        api["paths"]["/more"] = api["paths"].pop("/pets")

    found = diff(edited(edit), "--json")
    assert found.status == 0
    names = {
        key: [(each["method"], each["path"]) for each in found.json[key]]
        for key in ("added", "removed", "changed")
    }
    assert names == {
        "added": [("GET", "/owners"), ("GET", "/more")],
        "removed": [("GET", "/pets")],
        "changed": [("PUT", "/pets/{id}")],
    }
    assert found.json["changed"][0]["changes"] == [
        {"place": "query.dry", "message": "removed", "narrows": True}
    ]
    assert found.json["unchanged"] == 0
    lines = diff(edited(edit)).out.splitlines()
    assert lines == [
        "added    GET /owners  List owners",
        "added    GET /more  List pets",
        "removed  GET /pets  List pets",
        "changed  PUT /pets/{id}",
        "  ! query.dry: removed",
        "2 added, 1 removed, 1 changed, 0 unchanged",
    ]
    assert diff(API).out == "no differences, 2 unchanged\n"


def renamed(api: dict[str, Any], operation: dict[str, Any]) -> None:
    operation["parameters"][0]["name"] = "petId"
    api["paths"] = {"/pets/{petId}": {"put": operation}, "/pets": api["paths"]["/pets"]}


def test_a_renamed_path_parameter_is_a_change_of_one_endpoint(diff: Run) -> None:
    """Paths of one shape are one endpoint, not one that went and one that came."""
    found = diff(edited(renamed), "--json").json
    assert (found["added"], found["removed"], found["unchanged"]) == ([], [], 1)
    messages = [
        f"{change['place']}: {change['message']}" for change in found["changed"][0]["changes"]
    ]
    assert messages == [
        "endpoint: the path was /pets/{id} and is /pets/{petId}",
        "pathParameters.id: removed",
        "pathParameters.petId: added, required",
    ]


ID = endpoint_id("pets", "/pets/{id}", "PUT")
REQUEST: dict[str, Any] = {
    "url": "https://api.pets.example/v1/pets/{id}",
    "method": "PUT",
    "pathParameters": {"id": 7},
    "query": {"dry": True, "kind": "dog"},
    "headers": {"Content-Type": "application/json"},
    "body": {"name": "Momo", "age": "${$.input.age}", "owner": {}},
}


def task(*, by_id: bool, **change: Any) -> dict[str, Any]:
    named = {"endpoint": ID} if by_id else {}
    return {"type": "Http", **named, "httpRequest": {**REQUEST, **change}, "end": True}


BREAKING: dict[str, tuple[Edit, str, str]] = {
    "removed": (
        lambda api, op: api["paths"].pop("/pets/{id}"),
        "",
        "PUT /pets/{id} is not in the new description",
    ),
    "parameter-removed": (
        lambda api, op: op["parameters"].pop(1),
        "/httpRequest/query/dry",
        "'dry'",
    ),
    "value-gone": (
        lambda api, op: parameter(op, "kind")["schema"]["enum"].pop(),
        "/httpRequest/query/kind",
        "expected",
    ),
    "required-parameter": (
        lambda api, op: parameter(op, "X-Trace").update(required=True),
        "/httpRequest/headers",
        "required",
    ),
    "field-required": (
        lambda api, op: schema_of(api, "Owner").update(required=["email"]),
        "/httpRequest/body/owner",
        "required",
    ),
    "field-type": (
        lambda api, op: schema_of(api)["properties"].update(name={"type": "integer"}),
        "/httpRequest/body/name",
        "integer",
    ),
    "media-type": (
        lambda api, op: op["requestBody"].update(content={"text/xml": {}}),
        "/httpRequest/headers/Content-Type",
        "text/xml",
    ),
    "credential": (
        lambda api, op: op["security"].remove({}),
        "/credentials",
        "an API key in the header named 'X-Key' or a bearer token: name a credential",
    ),
    "read-only-field": (
        lambda api, op: schema_of(api)["properties"]["name"].update(readOnly=True),
        "/httpRequest/body/name",
        "read-only",
    ),
    "patternProperties": (
        lambda api, op: schema_of(api).update(patternProperties={"^na": {"maxLength": 3}}),
        "/httpRequest/body/name",
        "3",
    ),
    "servers": (
        lambda api, op: api.update(servers=[{"url": "https://api.pets.example/v2"}]),
        "/httpRequest/url",
        "https://api.pets.example/v2",
    ),
}


@pytest.mark.parametrize("by_id", [True, False], ids=["by-id", "by-url"])
@pytest.mark.parametrize("name", BREAKING)
def test_a_task_that_breaks_is_named_with_the_reason(name: str, by_id: bool, diff: Run) -> None:
    """Exit status 1, the task, the endpoint, the place in the definition with its line, and why;
    tasks of others are left alone.
    """
    edit, place, words = BREAKING[name]
    other = {
        "type": "Http",
        "httpRequest": {"url": "https://other.example/v1/pets/{id}", "method": "PUT"},
        "end": True,
    }
    found = diff(edited(edit), "--json", tasks={"change": task(by_id=by_id), "other": other})
    assert found.status == 1
    (broken,) = found.json["broken"]
    assert (broken["task"], broken["endpoint"]) == ("change", ID)
    (problem,) = broken["problems"]
    place = place or ("/endpoint" if by_id else "/httpRequest/url")
    assert problem["pointer"] == f"/tasks/change{place}"
    assert words in problem["message"]
    assert problem["line"] > 1
    text = diff(edited(edit), tasks={"change": task(by_id=by_id)})
    assert text.status == 1
    assert "breaks   the task 'change'" in text.out


@pytest.mark.parametrize("by_id", [True, False], ids=["by-id", "by-url"])
@pytest.mark.parametrize("name", [*WIDER, *NONE, "field-not-used", "parameter-not-used"])
def test_no_task_is_said_to_break_that_does_not(name: str, by_id: bool, diff: Run) -> None:
    """What a task does not use, or what only allows more, breaks nothing: exit status 0."""
    unused: dict[str, Edit] = {
        "field-not-used": lambda api, op: schema_of(api)["properties"].pop("friends"),
        "parameter-not-used": lambda api, op: op["parameters"].pop(2),
    }
    edit = WIDER[name][0] if name in WIDER else (NONE | unused)[name]
    found = diff(edited(edit), "--json", tasks={"change": task(by_id=by_id)})
    assert found.json["broken"] == []
    assert found.status == 0


def test_a_renamed_path_parameter_breaks_tasks_that_name_the_endpoint_only(diff: Run) -> None:
    """Settings of the endpoint name the parameter; a free-form task has a template of its own, and
    sends the same.
    """
    assert diff(edited(renamed), tasks={"change": task(by_id=False)}).status == 0
    found = diff(edited(renamed), "--json", tasks={"change": task(by_id=True)})
    assert found.status == 1
    problems = {each["pointer"]: each for each in found.json["broken"][0]["problems"]}
    assert problems["/tasks/change/endpoint"]["suggestion"] == endpoint_id(
        "pets", "/pets/{petId}", "PUT"
    )
    assert "'petId' is required" in problems["/tasks/change/httpRequest/pathParameters"]["message"]
    assert "/tasks/change/httpRequest/pathParameters/id" in problems


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param("https://api.pets.example/v1/pets/{id}", 1, id="template"),
        pytest.param("https://api.pets.example/v1/pets/{other}", 1, id="template-of-its-own"),
        pytest.param("https://api.pets.example/v1/pets/7?dry=true#x", 1, id="values"),
        pytest.param("https://test.pets.example/v1/pets/7", 1, id="second-server"),
        pytest.param("${$.variables.base}/pets/{id}", 1, id="expression-for-the-server"),
        pytest.param("https://other.example/v1/pets/{id}", 0, id="another-host"),
        pytest.param("https://api.pets.example/v1/more/pets/{id}", 0, id="another-path"),
        pytest.param("https://api.pets.example/v1/pets/7/friends", 0, id="longer-path"),
        pytest.param("https://api.pets.example/v1/pets/", 0, id="no-value"),
        pytest.param(7, 0, id="no-text"),
    ],
)
def test_a_task_without_an_endpoint_is_found_by_its_url(url: Any, status: int, diff: Run) -> None:
    """Server, path and method together tell the endpoint; what is for another address is not of
    this API.
    """
    gone = edited(lambda api, op: api["paths"].pop("/pets/{id}"))
    assert diff(gone, tasks={"t": task(by_id=False, url=url)}).status == status


def test_a_lengthened_id_is_the_same_endpoint_and_another_is_not(diff: Run) -> None:
    """A catalogue lengthens the hash of an id where two would be equal; an id that only starts the
    same is another's.
    """
    gone = edited(lambda api, op: api["paths"].pop("/pets/{id}"))
    longer = {
        **task(by_id=True, url="https://x.example"),
        "endpoint": endpoint_id("pets", "/pets/{id}", "PUT", 8),
    }
    assert diff(gone, tasks={"t": longer}).status == 1
    for other in (f"{ID}0", f"{ID}-get-123", "else", 3, None):
        assert diff(gone, tasks={"t": {**longer, "endpoint": other}}).status == 0


def test_what_was_wrong_before_is_no_break(diff: Run) -> None:
    """A task that was not right for the old description is not broken by the change, though it is
    not right for the new one.
    """
    wrong = task(by_id=True, query={"kind": "cow", "unknown": 1})
    changed = edited(lambda api, op: parameter(op, "kind")["schema"]["enum"].append("horse"))
    assert diff(changed, tasks={"t": wrong}).status == 0
    lacking = task(by_id=True, body={})
    more = edited(lambda api, op: schema_of(api)["required"].append("age"))
    (broken,) = diff(more, "--json", tasks={"t": lacking}).json["broken"]
    assert ["'age'" in problem["message"] for problem in broken["problems"]] == [True]


def test_tasks_in_branches_and_of_other_types(diff: Run) -> None:
    """Tasks deep in a definition are found; other types are none of ours, whatever they hold."""
    branch = {"startTask": "inner", "tasks": {"inner": task(by_id=True)}}
    tasks = {
        "both": {"type": "Parallel", "branches": [branch], "end": True},
        "stop": {"type": "Terminate", "endpoint": ID},
        "odd": {"type": "Http", "httpRequest": "x"},
    }
    found = diff(edited(lambda api, op: op["parameters"].pop(1)), "--json", tasks=tasks)
    assert found.status == 1
    assert [each["task"] for each in found.json["broken"]] == ["inner"]


def test_bad_input_is_exit_status_2(diff: Run, tmp_path: Path) -> None:
    """A description or definition that cannot be read is bad input, with a sentence."""
    assert diff({"no": "description"}).status == 2
    diff(API)
    assert (
        main(
            [
                "diff",
                str(tmp_path / "old.json"),
                str(tmp_path / "new.json"),
                "--definition",
                "none.json",
            ]
        )
        == 2
    )
