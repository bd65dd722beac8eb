"""What is wrong with a `pagination`: one problem for each wrong value, before anything is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from httptask.errors import PaginationError, SettingsError
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.task import HttpTask
from lists import items, list_server, page
from tasks import call, failure, http, runtime

QUERY = {"in": "query", "name": "page"}


def problems_of(pagination: Any, **fields: Any) -> dict[str, tuple[str | None, str]]:
    """Return code and sentence of the problems of a task by their pointers."""
    url = fields.pop("url", "https://api.acme.example/{kind}/things")
    request = {"pathParameters": {"kind": "a"}} if "{kind}" in url else {}
    request |= fields.pop("request", {})
    with runtime() as shared:
        task = HttpTask(http(url, request=request, pagination=pagination, **fields), runtime=shared)
        problems = task.problems()
    assert len({problem.pointer for problem in problems}) == len(problems)
    return {problem.pointer: (problem.code, str(problem)) for problem in problems}


@pytest.mark.parametrize(
    ("pagination", "pointer", "code"),
    [
        ([], "/pagination", "type"),
        ({}, "/pagination", "required"),
        ({"mode": "pages"}, "/pagination/mode", "enum"),
        ({"mode": "link", "page": 1}, "/pagination/page", "unknown-name"),
        ({"mode": "nextUrl"}, "/pagination", "pagination-needs"),
        ({"mode": "cursor", "next": "$.next"}, "/pagination", "pagination-needs"),
        ({"mode": "page"}, "/pagination", "pagination-needs"),
        ({"mode": "offset"}, "/pagination", "pagination-needs"),
        ({"mode": "lastItem", "parameter": QUERY}, "/pagination", "pagination-needs"),
        ({"mode": "link", "next": "$.next"}, "/pagination/next", "pagination-refuses"),
        ({"mode": "link", "parameter": QUERY}, "/pagination/parameter", "pagination-refuses"),
        ({"mode": "link", "start": 1}, "/pagination/start", "pagination-refuses"),
        (
            {"mode": "page", "parameter": QUERY, "nextMethod": "GET"},
            "/pagination/nextMethod",
            "pagination-refuses",
        ),
        (
            {"mode": "page", "parameter": QUERY, "next": "$.next"},
            "/pagination/next",
            "pagination-refuses",
        ),
        (
            {"mode": "cursor", "parameter": QUERY, "next": "$.next", "start": 1},
            "/pagination/start",
            "pagination-refuses",
        ),
        ({"mode": "link", "items": "$.data["}, "/pagination/items", "pagination-query"),
        ({"mode": "link", "items": "data"}, "/pagination/items", "pagination-query"),
        ({"mode": "link", "items": "${$.data}"}, "/pagination/items", "pagination-query"),
        ({"mode": "link", "items": "$..a..b"}, "/pagination/items", "pagination-query"),
        ({"mode": "link", "items": "$.headers.link"}, "/pagination/items", "pagination-query"),
        ({"mode": "link", "total": "$.a b"}, "/pagination/total", "pagination-query"),
        ({"mode": "link", "more": "$["}, "/pagination/more", "pagination-query"),
        ({"mode": "link", "identity": "id"}, "/pagination/identity", "pagination-query"),
        ({"mode": "nextUrl", "next": "next"}, "/pagination/next", "pagination-query"),
        ({"mode": "link", "until": "$.body.done"}, "/pagination/until", "condition"),
        ({"mode": "link", "until": "${$.bodi.done}"}, "/pagination/until", "expression-no-name"),
        ({"mode": "link", "resume": "${$.cursor}"}, "/pagination/resume", "expression-no-name"),
        ({"mode": "page", "parameter": QUERY, "resume": "two"}, "/pagination/resume", "type"),
        ({"mode": "link", "maxPages": 0}, "/pagination/maxPages", "minimum"),
        ({"mode": "link", "maxItems": "9"}, "/pagination/maxItems", "type"),
        ({"mode": "link", "maxBytes": 1.5}, "/pagination/maxBytes", "type"),
        ({"mode": "link", "atLimit": "stop"}, "/pagination/atLimit", "enum"),
        ({"mode": "link", "delaySeconds": -1}, "/pagination/delaySeconds", "minimum"),
        ({"mode": "link", "collect": "list"}, "/pagination/collect", "enum"),
        ({"mode": "link", "onEmpty": True}, "/pagination/onEmpty", "enum"),
        ({"mode": "page", "parameter": {"in": "query"}}, "/pagination/parameter", "required"),
        (
            {"mode": "page", "parameter": {"in": "cookie", "name": "p"}},
            "/pagination/parameter/in",
            "enum",
        ),
        (
            {"mode": "page", "parameter": {"in": "path", "name": "number"}},
            "/pagination/parameter/name",
            "pagination-path",
        ),
        (
            {"mode": "page", "parameter": {"in": "header", "name": "X Page"}},
            "/pagination/parameter/name",
            "header-name",
        ),
        (
            {"mode": "page", "parameter": {"in": "header", "name": "Content-Length"}},
            "/pagination/parameter/name",
            "header-framing",
        ),
        ({"mode": "link", "size": {"name": "n"}}, "/pagination/size", "required"),
        ({"mode": "link", "size": {"name": "n", "value": 0}}, "/pagination/size/value", "minimum"),
        (
            {"mode": "page", "parameter": QUERY, "size": {"name": "page", "value": 9}},
            "/pagination/size/name",
            "pagination-same-name",
        ),
        (
            {"mode": "page", "parameter": QUERY, "onEmpty": "continue"},
            "/pagination/onEmpty",
            "pagination-endless",
        ),
        (
            {"mode": "offset", "parameter": QUERY, "onEmpty": "continue", "total": "$.total"},
            "/pagination/onEmpty",
            "pagination-endless",
        ),
        (
            {"mode": "lastItem", "parameter": QUERY, "identity": "$.id", "onEmpty": "continue"},
            "/pagination/onEmpty",
            "pagination-endless",
        ),
    ],
)
def test_a_wrong_value_is_one_problem(pagination: Any, pointer: str, code: str) -> None:
    """It says where, and what to do; nothing else is said of it."""
    assert {where: problem[0] for where, problem in problems_of(pagination).items()} == {
        pointer: code
    }


@pytest.mark.parametrize(
    ("name", "body", "is_wrong"),
    [
        ("page", None, False),
        ("page", {"a": 1}, False),
        ("page", [["a", "1"]], False),
        ("page", "text", True),
        ("page", "${$.body}", False),
        ("/variables/page", {"variables": {}}, False),
        ("/variables/page", {"variables": "${$.variables}"}, False),
        ("/variables/page", {"variables": 7}, True),
        ("/0/page", [{"a": 1}], False),
        ("/1/page", [{"a": 1}], True),
        ("page", {"$text": "a"}, True),
    ],
)
def test_a_body_takes_the_value_or_is_a_problem(name: str, body: Any, is_wrong: bool) -> None:
    """A name of its object, or a JSON Pointer that leads somewhere."""
    request = {"method": "POST", **({"body": body} if body is not None else {})}
    parameter = {"in": "body", "name": name}
    parameters = {"body": None, "variables": None}
    found = problems_of(
        {"mode": "page", "parameter": parameter}, request=request, inputParameters=parameters
    )
    expected = {"/pagination/parameter/name": "pagination-body"} if is_wrong else {}
    assert {pointer: problem[0] for pointer, problem in found.items()} == expected


@pytest.mark.parametrize("reading", ["text", "file"])
def test_a_body_that_is_not_parsed_has_no_items(reading: str) -> None:
    """`responseBody` and `pagination` fit together."""
    found = problems_of({"mode": "link"}, responseBody=reading)
    assert {pointer: problem[0] for pointer, problem in found.items()} == {
        "/responseBody": "pagination-unread"
    }


def test_several_problems_are_said_at_once() -> None:
    """Each with its own pointer."""
    found = problems_of(
        {"mode": "cursor", "parameter": QUERY, "items": "$[", "total": "x", "start": 3}
    )
    assert set(found) == {
        "/pagination",
        "/pagination/items",
        "/pagination/total",
        "/pagination/start",
    }


def test_a_wrong_mode_does_not_hide_a_wrong_query() -> None:
    """What can be said without the mode is said at once, too."""
    found = problems_of({"mode": "pages", "items": "data[", "next": 7, "total": ""})
    assert {pointer: problem[0] for pointer, problem in found.items()} == {
        "/pagination/mode": "enum",
        "/pagination/items": "pagination-query",
        "/pagination/next": "type",
        "/pagination/total": "min-length",
    }


def test_nulls_are_absent_fields() -> None:
    """In the setting and in its objects."""
    setting = {
        "mode": "page",
        "next": None,
        "parameter": {"in": "query", "name": "page"},
        "size": {"name": "n", "value": 2, "in": None},
        "total": None,
    }
    assert problems_of(setting) == {}
    with list_server(lambda asked: page(items(2) if asked.query["page"] == "1" else [])) as server:
        assert call(http(server.url, pagination=setting)).body == items(2)
    assert problems_of(None) == {}


def test_a_wrong_setting_sends_nothing() -> None:
    """Neither a run nor a test request that is sent anyway."""
    with list_server(lambda _: page([])) as server, runtime() as shared:
        definition = http(server.url, pagination={"mode": "link", "items": "$["})
        assert isinstance(failure(definition), SettingsError)
        with pytest.raises(SettingsError, match="pagination/items"):
            HttpTask(definition, runtime=shared).render()
        assert server.received == []


@pytest.mark.parametrize("cursor", ["x", -1, 1.5, {}, [1]])
def test_a_cursor_that_is_no_number_is_refused(cursor: Any) -> None:
    """`resume` of a mode that counts yields a whole number: nothing is sent without."""
    setting = {"mode": "page", "parameter": QUERY, "resume": "${$.cursor}"}
    with list_server(lambda _: page([])) as server:
        definition = http(server.url, pagination=setting, inputParameters={"cursor": cursor})
        error = failure(definition)
        assert server.received == []
    assert isinstance(error, SettingsError)
    assert error.problems[0].pointer == "/pagination/resume"


@pytest.mark.parametrize(
    ("location", "group"), [("query", "query"), ("header", "headers"), ("path", "pathParameters")]
)
@pytest.mark.parametrize("value", [7, True, "text", [[]], [1]])
def test_values_of_another_type_are_the_requests_own_problem(
    location: str, group: str, value: Any
) -> None:
    """What a number cannot be put into is said as without pages, and nothing is sent; also where an
    expression brings it.
    """
    setting = {"mode": "page", "parameter": {"in": location, "name": "at"}}
    url = "http://127.0.0.1:9/{at}" if location == "path" else "http://127.0.0.1:9/"
    for given in (value, "${$.value}"):
        definition = http(
            url,
            request={group: given},
            pagination=setting,
            inputParameters={"value": value},
        )
        error = failure(definition)
        assert isinstance(error, SettingsError)
        assert f"/httpRequest/{group}" in str(error)


# With an endpoint

PARAMETERS = [
    {
        "name": "page",
        "in": "query",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
]


def endpoint(url: str) -> Endpoint:
    """Return an endpoint whose page is required, and whose size is bounded."""
    operation = {"parameters": PARAMETERS, "responses": {"200": {"description": "OK"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": url}],
        "paths": {"/things": {"get": operation}},
    }
    (only,) = read_api("things.json", data=json.dumps(document).encode()).endpoints
    return only


def test_what_a_list_of_numbers_counts_from_is_one_number() -> None:
    """The problem stands at the parameter whose value it is, not at a `resume` nobody wrote."""
    setting = {"mode": "page", "parameter": QUERY}
    name = QUERY["name"]
    error = failure(
        http("http://127.0.0.1:9", request={"query": {name: [0, 1]}}, pagination=setting)
    )
    assert isinstance(error, SettingsError)
    assert error.problems[0].pointer == "/pagination/parameter"


def test_a_parameter_that_pages_fill_in_need_not_be_written() -> None:
    """What the endpoint requires is in the first request, too."""
    setting = {"mode": "page", "parameter": QUERY, "size": {"name": "limit", "value": 2}}
    with (
        list_server(lambda asked: page(items(2) if asked.query["page"] == "1" else [])) as server,
        runtime() as shared,
    ):
        definition = http(f"{server.url}/things", endpoint="things", pagination=setting)
        task = HttpTask(definition, runtime=shared, endpoint=endpoint(server.url))
        assert task.problems() == []
        assert task.call().body == items(2)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"size": {"name": "limit", "value": 100}}, "/pagination/size/value"),
        ({"size": {"name": "limits", "value": 10}}, "/pagination/size/name"),
        ({"start": 0}, "/pagination/start"),
        ({"parameter": {"in": "query", "name": "pages"}}, "/pagination/parameter/name"),
    ],
)
def test_what_pages_fill_in_is_checked_by_the_endpoint(more: dict[str, Any], pointer: str) -> None:
    """The problem stands where the value was written."""
    setting = {"mode": "page", "parameter": QUERY, **more}
    url = "https://api.acme.example"
    with runtime() as shared:
        definition = http(
            f"{url}/things", request={"query": {"page": 1}}, endpoint="things", pagination=setting
        )
        task = HttpTask(definition, runtime=shared, endpoint=endpoint(url))
        assert [problem.pointer for problem in task.problems()] == [pointer]


def test_a_token_that_the_endpoint_refuses_is_an_error() -> None:
    """What a page says is checked as what an author writes: the page is named."""
    setting = {"mode": "cursor", "next": "$.next", "parameter": QUERY}
    with (
        list_server(lambda _: page({"data": [1], "next": "two"})) as server,
        runtime() as shared,
    ):
        definition = http(
            f"{server.url}/things",
            request={"query": {"page": 1}},
            endpoint="things",
            pagination=setting,
        )
        task = HttpTask(definition, runtime=shared, endpoint=endpoint(server.url))
        with pytest.raises(PaginationError, match=r"page 2: .*an integer") as raised:
            task.call()
        assert len(server.received) == 1
        noted = HttpTask(
            {**definition, "checkSettings": "note"}, runtime=shared, endpoint=endpoint(server.url)
        )
        with pytest.raises(PaginationError, match="made before"):
            noted.call()
    assert raised.value.collected == [1]
