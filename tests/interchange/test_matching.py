"""A pasted request finds the endpoint it is meant for, and its values get the described types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from httptask.catalogue import Catalogue
from httptask.interchange import ImportedTask, InterchangeError, read_requests
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from tasks import SEED

SERVER = Server(
    "https://{region}.acme.example/v1",
    variables={"region": {"default": "eu", "enum": ["eu", "us"]}},
)


def endpoint(path: str, method: str = "GET", *parameters: Parameter, **more: Any) -> Endpoint:
    more = {"servers": (SERVER,), "provider": "acme"} | more
    return Endpoint(f"{method}-{path}", method, path, parameters=parameters, **more)


def query(name: str, type_name: str, items: str | None = None, **more: Any) -> Parameter:
    schema: dict[str, Any] = {"type": type_name}
    if items is not None:
        schema["items"] = {"type": items}
    schema |= more.pop("schema", {})
    return Parameter(name, more.pop("location", "query"), schema=schema, **more)


NESTED = {"properties": {"price": {"type": "number"}, "tags": {"type": "array", "items": {"type": "integer"}}}}  # fmt: skip
ENDPOINTS = [
    endpoint("/users/{id}", "GET", query("id", "integer", location="path", required=True)),
    endpoint("/users/me"),
    endpoint("/users/{id}", "DELETE", query("id", "integer", location="path", required=True)),
    endpoint("/files/{name}.json", "GET", query("name", "string", location="path")),
    endpoint(
        "/search",
        "GET",
        query("q", "string"),
        query("page", "integer"),
        query("ratio", "number"),
        query("all", "boolean"),
        query("id", "array", "integer"),
        query("tag", "array", "string", explode=False),
        query("sort", "array", "string", style="pipeDelimited", explode=False),
        query("filter", "object", style="deepObject", schema=NESTED),
        query("where", "object", media_type="application/json"),
        query("X-Count", "integer", location="header"),
        query("lang", "string", location="cookie"),
    ),
    endpoint(
        "/forms",
        "POST",
        request_body=RequestBody(
            {
                "application/x-www-form-urlencoded": MediaType(
                    {
                        "type": "object",
                        "properties": {
                            "n": {"type": "integer"},
                            "on": {"type": "boolean"},
                            "s": {"type": "string"},
                            "l": {"type": "array", "items": {"type": "integer"}},
                        },
                    }
                )
            }
        ),
    ),
    endpoint("/things", servers=(Server("https://other.example"),)),
    endpoint("/things", servers=(Server("http://acme.example:8080/api"),), provider="second"),
    endpoint(
        "/keyed",
        security=({"k": ()},),
        security_schemes={"k": {"type": "apiKey", "in": "query", "name": "k"}},
    ),
]


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Catalogue]:
    with Catalogue.open(":memory:") as opened:
        opened.put(ENDPOINTS, source="test")
        yield opened


def read(command: str, catalogue: Catalogue, **given: Any) -> ImportedTask:
    (task,) = read_requests(command, catalogue=catalogue, **given).tasks
    return task


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("curl https://eu.acme.example/v1/users/7", "/users/{id}"),
        ("curl https://US.acme.example:443/v1/users/7?", "/users/{id}"),
        ("curl https://eu.acme.example/v1/users/me", "/users/me"),
        ("curl -X DELETE https://eu.acme.example/v1/users/7", "/users/{id}"),
        ("curl https://eu.acme.example/v1/files/a.json", "/files/{name}.json"),
        ("curl http://acme.example:8080/api/things", "/things"),
        ("curl https://other.example/things", "/things"),
        ("curl https://asia.acme.example/v1/users/7", None),
        ("curl https://eu.acme.example/v2/users/7", None),
        ("curl http://eu.acme.example/v1/users/7", None),
        ("curl -X PUT https://eu.acme.example/v1/users/7", None),
        ("curl https://eu.acme.example/v1/users/7/more", None),
        ("curl https://evil.example/v1/users/7", None),
        ("curl https://api.procore.com/rest/v1.0/project/1/email_communications", None),
        ('curl "$BASE/users/7"', "/users/{id}"),
        ('curl "$BASE/things"', None),
    ],
)
def test_method_server_and_path_decide(
    command: str, path: str | None, catalogue: Catalogue
) -> None:
    """The most specific endpoint is taken; where method, server or path differ, none is."""
    task = read(command, catalogue)
    assert (task.endpoint.path if task.endpoint is not None else None) == path
    if task.endpoint is not None:
        method, id_ = task.endpoint.method, task.endpoint.id
        assert (task.task["httpRequest"].get("method", "GET"), task.task["endpoint"]) == (
            method,
            id_,
        )
    assert task.problems == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("q=7", {"q": "7"}),
        ("page=7&ratio=0.50&all=true", {"page": 7, "ratio": 0.5, "all": True}),
        ("page=seven", {"page": "seven"}),
        ("page=9007199254740993", {"page": 9007199254740993}),
        ("id=1&id=2", {"id": [1, 2]}),
        ("id=1", {"id": [1]}),
        ("tag=a,b%20c", {"tag": ["a", "b c"]}),
        ("sort=a%7Cb", {"sort": ["a", "b"]}),
        ("sort=a|b", {"sort": ["a", "b"]}),
        ("filter[price]=2.5&filter[tags][]=1&filter[tags][]=2", {"filter": {"price": 2.5, "tags": [1, 2]}}),
        ("where=%7B%22a%22%3A1%7D", {"where": {"a": 1}}),
        ("other=7&page=1", {"page": 1, "other": "7"}),
    ],
)  # fmt: skip
def test_query_values_are_typed_by_their_schema_and_style(
    text: str, value: dict[str, Any], catalogue: Catalogue
) -> None:
    """Numbers, booleans, lists and objects are read back from the way they are written."""
    task = read(f"curl -g 'https://eu.acme.example/v1/search?{text}'", catalogue)
    assert task.task["httpRequest"]["query"] == value


def test_path_header_cookie_and_form_values_are_typed(catalogue: Catalogue) -> None:
    """Header names are spelt as the endpoint has them; a described cookie is no secret."""
    assert read("curl https://eu.acme.example/v1/users/7", catalogue).task["httpRequest"] == {
        "url": "https://eu.acme.example/v1/users/{id}",
        "pathParameters": {"id": 7},
    }
    command = "curl https://eu.acme.example/v1/search -H 'x-count: 3' -b 'lang=de; sid=s1'"
    searched = read(command, catalogue).task
    assert searched["httpRequest"]["headers"] == {"X-Count": 3}
    assert searched["httpRequest"]["cookies"] == {"lang": "de"}
    assert searched["credentials"] == "acme-sid-cookie"
    form = read("curl https://eu.acme.example/v1/forms -d 'n=1&on=true&s=2&l=3&l=4'", catalogue)
    assert form.task["httpRequest"]["body"] == {"n": 1, "on": True, "s": "2", "l": [3, 4]}


def test_what_the_endpoint_does_not_describe_is_kept_and_said(catalogue: Catalogue) -> None:
    """A value that does not fit is not lost: it stands in the settings, and in the problems."""
    task = read("curl 'https://eu.acme.example/v1/search?page=x&othr=1'", catalogue)
    assert task.task["httpRequest"]["query"] == {"page": "x", "othr": "1"}
    assert {(problem.code, problem.pointer) for problem in task.problems} == {
        ("type", "/httpRequest/query/page"),
        ("unknown-name", "/httpRequest/query/othr"),
    }


def test_what_the_description_calls_a_key_is_a_secret(catalogue: Catalogue) -> None:
    """A security scheme names its key, whatever it is called."""
    task = read("curl 'https://eu.acme.example/v1/keyed?k=abc&x=1'", catalogue)
    assert "abc" not in json.dumps(task.to_json())
    assert task.task["credentials"] == "acme-k"


def test_a_person_can_name_the_endpoint(catalogue: Catalogue) -> None:
    """Then the server may be any; method and path still have to fit."""
    wanted = catalogue.get("GET-/users/{id}")
    task = read("curl http://127.0.0.1:8080/sandbox/v1/users/7", catalogue, endpoint=wanted)
    assert task.task["httpRequest"] == {
        "url": "http://127.0.0.1:8080/sandbox/v1/users/{id}",
        "pathParameters": {"id": 7},
    }
    with pytest.raises(InterchangeError, match="does not fit the endpoint"):
        read("curl http://127.0.0.1:8080/v1/other/7", catalogue, endpoint=wanted)


def test_a_description_without_servers_fits_every_server() -> None:
    """Its whole path is the request's."""
    with Catalogue.open(":memory:") as shipped:
        url = "https://api.procore.com/rest/v1.0/project/1001/email_communications"
        body = '{"communication": {"subject": "RFI 7"}, "email": {}}'
        command = f"curl '{url}?topic_id=7&topic_type=rfi' -H 'Procore-Company-Id: 42' -d '{body}'"
        task = read(command, shipped)
        assert (task.task["endpoint"], task.problems) == (SEED, ())
        assert task.task["httpRequest"]["body"] == json.loads(body)
        elsewhere = command.replace("/rest/v1.0/", "/proxy/rest/v1.0/")
        assert read(elsewhere, shipped).endpoint is None
