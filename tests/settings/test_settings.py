"""From an endpoint to settings: the derived schema, prefilled settings, and everything wrong with
given ones.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from httptask.errors import Problem
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from httptask.settings import (
    prepare,
    request_problems,
    schema_problems,
    settings_schema,
    still_to_fill,
    without_nulls,
)
from httptask.task import HttpTask
from httptask.workflow import definition_of
from httptask.workflow import problems as problems_of
from places import DATA
from tasks import PAGES, SEED, email_task, runtime

GOLDEN = DATA / "golden"
PAGE_NAMES = sorted(path.name for path in PAGES.glob("*.txt"))


def seed() -> Endpoint:
    with runtime() as shared:
        return shared.endpoint(SEED)


def all_problems(change: dict[str, Any]) -> list[str]:
    """Return the sentences of every problem of the seed's task with its `httpRequest` changed."""
    task = email_task("https://api.procore.com")
    task["httpRequest"].update(change)
    with runtime() as shared:
        return [str(problem) for problem in HttpTask(task, runtime=shared).problems()]


def problems(change: dict[str, Any] | None = None, **fields: Any) -> dict[str, str]:
    """Return pointer -> first sentence of the seed's task with its `httpRequest` changed."""
    task = email_task("https://api.procore.com", **fields)
    task["httpRequest"].update(change or {})
    sentences: dict[str, str] = {}
    with runtime() as shared:
        for problem in HttpTask(task, runtime=shared).problems():
            sentences.setdefault(problem.pointer, str(problem))
    return sentences


def test_the_seeds_schema_is_the_golden_file() -> None:
    """The settings schema of the endpoint everything began with does not change by accident."""
    assert settings_schema(seed()) == json.loads(
        (GOLDEN / "seed-settings.schema.json").read_text("utf-8")
    )


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_every_derived_schema_is_valid_json_schema(page: str) -> None:
    """Each real page gives a schema that jsonschema accepts as 2020-12, whose prefilled settings
    hold nothing undocumented.
    """
    (endpoint,) = read_api(PAGES / page).endpoints
    schema = settings_schema(endpoint)
    Draft202012Validator.check_schema(schema)
    task = prepare(endpoint)
    text = (PAGES / page).read_text("utf-8")
    for value in leaves(task["httpRequest"]):
        assert str(value) in text or json.dumps(value) in text or str(value).endswith(endpoint.path)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [value]


def test_a_child_is_required_only_when_its_parent_is_given() -> None:
    """`required` under an optional parent does not make the parent required."""
    child = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    body = {"type": "object", "properties": {"parent": child}, "additionalProperties": False}
    schema = settings_schema(
        Endpoint(
            "i", "POST", "/p", "v", request_body=RequestBody({"application/json": MediaType(body)})
        )
    )
    request = {"url": "https://h/p", "method": "POST"}
    validator = Draft202012Validator(schema)
    assert validator.is_valid({**request, "body": {}})
    assert not validator.is_valid({**request, "body": {"parent": {}}})
    assert validator.is_valid({**request, "body": {"parent": {"a": "x"}}})


def test_prepare_prefills_documented_defaults_and_nothing_else() -> None:
    """The seed's prepared task has its method and the one documented default; no zero, no first
    enum value.
    """
    task = prepare(seed())
    assert task["httpRequest"] == {
        "url": "/rest/v1.0/project/{project_id}/email_communications",
        "method": "POST",
        "pathParameters": {},
        "query": {},
        "headers": {"Content-Type": "application/json"},
        "body": {"communication": {}, "email": {}},
    }
    assert task["endpoint"] == SEED
    places = [place for place, _ in still_to_fill(settings_schema(seed()), task["httpRequest"])]
    assert places == [
        "/pathParameters/project_id",
        "/query/topic_id",
        "/query/topic_type",
        "/headers/Procore-Company-Id",
    ]


def test_prepare_leaves_optional_defaults_to_the_server() -> None:
    """A default of an optional parameter or field is not sent; it stays in the settings schema, for
    a form to show.
    """
    (droplets,) = read_api(PAGES / "digitalocean-v2-droplets-get-f6d.txt").endpoints
    assert "query" not in prepare(droplets)["httpRequest"]
    assert (
        settings_schema(droplets)["properties"]["query"]["properties"]["per_page"]["default"] == 20
    )
    (contacts,) = read_api(PAGES / "brevo-contacts-post-240.table.txt").endpoints
    assert "body" not in prepare(contacts)["httpRequest"]
    assert (
        settings_schema(contacts)["properties"]["body"]["properties"]["updateEnabled"]["default"]
        is False
    )


CONSTANTS = [
    ({"type": "string", "enum": ["incident"]}, True, "incident"),
    ({"const": "incident"}, True, "incident"),
    ({"const": "incident"}, False, "incident"),
    ({"allOf": [{"enum": ["incident", "event"]}, {"enum": ["incident"]}]}, True, "incident"),
    ({"type": "string", "enum": ["incident"]}, False, None),
    ({"type": "string", "enum": ["incident", "event"]}, True, None),
    ({"type": ["string", "null"], "enum": ["incident", None]}, True, None),
    ({"type": "string", "default": "incident"}, True, "incident"),
    ({"type": "string", "default": "incident"}, False, None),
    ({"type": ["string", "null"], "default": None}, True, None),
    ({"default": {"a": None}}, True, None),
    ({"const": None}, True, None),
]


@pytest.mark.parametrize("group", ["query", "headers", "cookies", "body"])
@pytest.mark.parametrize(("schema", "required", "value"), CONSTANTS)
def test_prepare_prefills_constants_and_required_defaults(
    group: str, schema: dict[str, Any], required: bool, value: Any
) -> None:
    """Wherever it stands; OpenAPI 3.0 writes a constant as an enumeration of one value. Never a
    null that nobody set.
    """
    if group == "body":
        body = {"type": "object", "properties": {"f": schema}, "required": ["f"] * required}
        content = {"application/json": MediaType(body)}
        endpoint = Endpoint(
            "i", "POST", "/p", "v", request_body=RequestBody(content, required=True)
        )
    else:
        location = {"query": "query", "headers": "header", "cookies": "cookie"}[group]
        endpoint = Endpoint(
            "i", "POST", "/p", "v", parameters=(Parameter("f", location, required, schema),)
        )
    prefilled = prepare(endpoint)["httpRequest"].get(group, {})
    assert prefilled == ({} if value is None else {"f": value})


def test_prepare_keeps_the_headers_that_are_to_be_filled_in() -> None:
    """The media type of a body that is left out is left out with it; a required header keeps its
    group.
    """
    content = {
        "application/json": MediaType({"type": "object"}),
        "text/plain": MediaType({"type": "string"}),
    }
    token = Parameter("X-Tenant", "header", True, {"type": "string"})
    for parameters, headers in (((token,), {}), ((), None)):
        endpoint = Endpoint(
            "i", "POST", "/p", "v", parameters=parameters, request_body=RequestBody(content)
        )
        assert prepare(endpoint)["httpRequest"].get("headers") == headers


def test_null_means_absent_where_the_format_names_the_fields() -> None:
    """In a task, its request, its retry, choices and branches; what the author passes on keeps its
    nulls.
    """
    task = {
        "type": "Http",
        "description": None,
        "retry": {"maxAttempts": None, "intervalSeconds": 1},
        "choices": [{"condition": "${$.a}", "nextTask": None}],
        "branches": [{"startTask": "A", "description": None}],
        "inputParameters": {"a": None},
        "httpRequest": {"url": None, "query": {"a": None, "b": 1}, "body": {"c": None}},
    }
    assert without_nulls(task) == {
        "type": "Http",
        "retry": {"intervalSeconds": 1},
        "choices": [{"condition": "${$.a}"}],
        "branches": [{"startTask": "A"}],
        "inputParameters": {"a": None},
        "httpRequest": {"query": {"b": 1}, "body": {"c": None}},
    }


def test_prepare_makes_no_optional_body_or_object_for_its_constants() -> None:
    """Neither a body nor an object in it comes to be because a description gives a constant
    inside.
    """
    inner = {"type": "object", "properties": {"kind": {"const": "a"}, "b": {}}, "required": ["b"]}
    body = {"type": "object", "properties": {"kind": {"const": "a"}, "inner": inner}}
    for required, prefilled in ((True, {"kind": "a"}), (False, None)):
        content = {"application/json": MediaType(body)}
        endpoint = Endpoint(
            "i", "POST", "/p", "v", request_body=RequestBody(content, required=required)
        )
        assert prepare(endpoint)["httpRequest"].get("body") == prefilled


def test_prepare_leaves_out_a_default_that_its_own_schema_refuses() -> None:
    """OpenAI's `max_tokens` is an integer or null, with the default `"inf"`: a form must not open
    with that problem.
    """
    schema = {
        "type": "object",
        "required": ["max_tokens", "n", "deep"],
        "properties": {
            "max_tokens": {"type": "integer", "default": "inf"},
            "n": {"type": "integer", "default": 1},
            "deep": {
                "type": "object",
                "required": ["size", "b"],
                "properties": {"size": {"enum": ["s", "m"], "default": "l"}, "b": {"default": "x"}},
            },
        },
    }
    endpoint = Endpoint(
        "i",
        "POST",
        "/p",
        "v",
        request_body=RequestBody({"application/json": MediaType(schema)}, required=True),
    )
    assert prepare(endpoint)["httpRequest"]["body"] == {"n": 1, "deep": {"b": "x"}}


def test_prepare_takes_the_documented_server() -> None:
    """With a documented server the URL is complete."""
    endpoint = Endpoint(
        "i",
        "GET",
        "/a",
        "v",
        servers=(Server("https://api.example/v3"), Server("https://eu.example")),
    )
    assert prepare(endpoint)["httpRequest"]["url"] == "https://api.example/v3/a"
    assert settings_schema(endpoint)["properties"]["url"]["examples"] == ["https://eu.example/a"]


def test_the_seeds_task_is_valid() -> None:
    """The complete task of the design has no problem."""
    assert problems() == {}


def test_all_problems_at_once_each_where_it_is_with_what_to_do() -> None:
    """One look says everything: pointers, what was expected, what was found, the nearest name or
    value.
    """
    found = problems(
        {
            "pathParameters": {"project_id": "1001"},
            "query": {"topic_id": None, "topic_type": "rfii", "topic_idd": 1},
            "headers": {"content-type": "application/json", "procore-company-id": True},
            "body": {"communication": {"subjekt": "x"}, "email": {"distribution_ids": 881}},
        }
    )
    assert found == {
        "/httpRequest/pathParameters/project_id": (
            '/httpRequest/pathParameters/project_id: expected an integer, found the string "1001";'
            " did you mean 1001?"
        ),
        "/httpRequest/query": (
            "/httpRequest/query: 'topic_id' is required: expected an integer; found 'topic_idd'"
            " instead"
        ),
        "/httpRequest/query/topic_idd": (
            "/httpRequest/query/topic_idd: unknown name 'topic_idd'; did you mean topic_id?"
        ),
        "/httpRequest/query/topic_type": found["/httpRequest/query/topic_type"],
        "/httpRequest/headers/procore-company-id": (
            "/httpRequest/headers/procore-company-id: expected an integer, found true"
        ),
        "/httpRequest/body/communication/subjekt": (
            "/httpRequest/body/communication/subjekt: unknown name 'subjekt'; did you mean subject?"
        ),
        "/httpRequest/body/email/distribution_ids": (
            "/httpRequest/body/email/distribution_ids: expected an array, found the number 881; did"
            " you mean [881]?"
        ),
    }
    assert found["/httpRequest/query/topic_type"].endswith(
        'found the string "rfii"; did you mean "rfi"?'
    )
    assert '"change_event_event"' in found["/httpRequest/query/topic_type"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/rest/v1.0/project/{project_id}/email_communications", "the description names no server"),
        ("ftp://h/rest/v1.0/project/{project_id}/email_communications", "https:// or http://"),
        ("https://api.procore.com/rest/v1.0/project/{project_id}/emails", "ends with /rest/v1.0"),
        (
            "https://u:p@h/rest/v1.0/project/{project_id}/email_communications",
            "must not contain a user name",
        ),
        ("https://h:99999/rest/v1.0/project/{project_id}/email_communications", "not a URL"),
        (
            "https://h/{tenant}/rest/v1.0/project/{project_id}/email_communications",
            "has no value for it",
        ),
        ("https://h/a b/rest/v1.0/project/{project_id}/email_communications", "percent-encode"),
    ],
)
def test_a_url_that_cannot_be_used_is_named(url: str, says: str) -> None:
    """A wrong URL is found before anything is sent, with what to write instead."""
    assert says in problems({"url": url})["/httpRequest/url"]


URL = "https://h/rest/v1.0/project/{project_id}/email_communications"


def test_query_text_in_the_url_counts_as_query() -> None:
    """Query text may stand in the URL of a described endpoint; it is checked like the rest, and
    where it stands is said.
    """
    assert problems({"url": URL + "?topic_id=7&topic_type=rfi", "query": None}) == {}
    assert problems({"url": URL + "?topic_id=7", "query": {"topic_type": "rfi"}}) == {}
    of_run = {"topic_id": "${$.topicId}"}
    assert problems({"url": URL + "?topic_type=rfi", "query": of_run}) == {}
    found = problems({"url": URL + "?topic_id=seven&topic_type=rfii&bogus=1", "query": {}})
    assert set(found) == {"/httpRequest/url"}
    every = "\n".join(
        all_problems({"url": URL + "?topic_id=seven&topic_type=rfii&bogus=1", "query": {}})
    )
    for needed in (
        "'topic_id' in the URL: expected an integer",
        "'topic_type' in the URL: expected one of",
        "unknown name 'bogus'",
    ):
        assert needed in every


CODES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "unknown name": (
        {"query": {"topic_id": 1, "x": 2}},
        "unknown-name",
        {"name": "x", "known": ["topic_id", "topic_type"]},
    ),
    "port zero": (
        {"url": "https://h:0/rest/v1.0/project/{project_id}/email_communications"},
        "url-port-zero",
        {},
    ),
    "header": ({"headers": {"a b": "c"}}, "header-name", {"name": "a b"}),
    "in the URL": (
        {"url": URL + "?topic_id=seven", "query": {"topic_type": "rfi"}},
        "type",
        {
            "types": ["integer"],
            "expected": "an integer",
            "found": 'the string "seven"',
            "inUrl": "topic_id",
        },
    ),
}


@pytest.mark.parametrize("name", CODES)
def test_a_problem_has_a_code_and_what_its_sentence_is_made_of(name: str) -> None:
    """Programs read these, so that they need not read the sentence; both go through JSON."""
    change, code, params = CODES[name]
    task = email_task("https://api.procore.com")
    task["httpRequest"].update(change)
    with runtime() as shared:
        problems = [each for each in HttpTask(task, runtime=shared).problems() if each.code == code]
    assert [{**each.params} for each in problems] == [params]
    told = problems[0].to_json()
    assert (told["code"], told.get("params", {})) == (code, params)
    assert Problem.from_json(told) == problems[0]


def test_a_required_field_is_a_param() -> None:
    """What is missing stands in the params, with what it should be."""
    task = email_task("https://api.procore.com")
    del task["httpRequest"]["pathParameters"]["project_id"]
    with runtime() as shared:
        problems = {each.code: each for each in HttpTask(task, runtime=shared).problems()}
    assert problems["required"].params == {"name": "project_id", "expected": "an integer"}
    assert problems["required"].message == "'project_id' is required: expected an integer"


def test_a_masked_problem_holds_the_secret_nowhere() -> None:
    """Neither in its sentence nor in what that is made of, lists included."""
    problem = Problem.of("unknown-name", "/a", name="s3cret", known=["b", "s3cret"], count=31)
    masked = problem.masked(lambda text: text.replace("s3cret", "***"))
    assert "s3cret" not in json.dumps(masked.to_json())
    assert masked.params == {"name": "***", "known": ["b", "***"], "count": 31}


def test_what_a_plugin_says_keeps_its_words() -> None:
    """A problem with no code of ours keeps its sentence, whatever params come to it."""
    for code in (None, "its-own"):
        assert (
            Problem("/a", "its own words", code=code).with_params(inUrl="q").message
            == "its own words"
        )


QUERY_SHAPES: list[tuple[dict[str, Any], str, bool]] = [
    ({"type": "integer"}, "n=5", True),
    ({"type": "integer"}, "n=five", False),
    ({"type": "integer"}, "n=" + "9" * 5000, False),
    ({"type": "boolean"}, "n=true", True),
    ({"type": "string", "enum": ["a"]}, "n=b", False),
    ({"type": "array", "items": {"type": "integer"}}, "n=1&n=2", True),
    ({"type": "array", "items": {"type": "integer"}}, "n=1,2", True),
    ({"type": ["integer", "null"]}, "n=5", True),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "n=5", True),
    ({"type": "object"}, "n[a]=1", True),
    ({"type": "integer"}, "m=1", False),
]


@pytest.mark.parametrize(
    ("schema", "text", "fits"), QUERY_SHAPES, ids=lambda value: str(value)[:40]
)
def test_query_text_is_checked_where_its_shape_can_be_told(
    schema: dict[str, Any], text: str, fits: bool
) -> None:
    """A plain value in the URL is checked; an array, object or union, which text does not show, is
    let through.
    """
    endpoint = Endpoint("i", "GET", "/p", "v", parameters=(Parameter("n", "query", schema=schema),))
    found = request_problems({"url": f"https://h/p?{text}"}, settings_schema(endpoint), endpoint)
    assert (found == []) == fits


def test_expressions_that_name_nothing_are_found_without_running() -> None:
    """Names outside input, tasks and variables, and input parameters that are not there, are
    problems of the definition.
    """
    found = problems({"query": {"topic_id": "${$.topicIdd}", "topic_type": "rfi"}})
    assert "did you mean topicId?" in found["/httpRequest/query/topic_id"]
    found = problems(None, inputParameters={"topicId": "${$.inptu.rfi.id}"})
    assert "did you mean input?" in found["/inputParameters/topicId"]
    assert (
        problems(
            None,
            inputParameters={
                "topicId": "${$.input.any.thing[0]}",
                "b": "${$.tasks['A'].output.body}",
            },
        )
        == {}
    )


def test_a_near_miss_of_a_required_header_is_named() -> None:
    """Other headers are allowed, so a misspelt one is found by the required one it leaves
    missing.
    """
    found = problems({"headers": {"Content-Type": "application/json", "Procore-CompanyId": 42}})
    assert found["/httpRequest/headers"].endswith("found 'Procore-CompanyId' instead")


@pytest.mark.parametrize(
    ("required", "given"),
    [
        ("Content-Encoding", "Content-Length"),
        ("If-Match", "if-none-match"),
        ("X-Range", "Range"),
        ("Accept-Languages", "Accept-Language"),
    ],
)
def test_a_header_of_a_standard_is_no_misspelling(required: str, given: str) -> None:
    """It means what it says: nobody meant the required one with it."""
    header = Parameter(required, "header", required=True)
    known = Endpoint(
        "a", "POST", "/a", "acme", parameters=(header,), servers=(Server("https://a"),)
    )
    request = {"url": "https://a/a", "method": "POST", "headers": {given: "x"}}
    messages = [each.message for each in request_problems(request, settings_schema(known), known)]
    assert f"'{required}' is required" in messages


@pytest.mark.parametrize(
    ("headers", "pointer", "says"),
    [
        ({"Host": "evil"}, "Host", "set by the HTTP library"),
        ({"content-length": 3}, "content-length", "set by the HTTP library"),
        ({"X y": "z"}, "X y", "not a header name"),
        ({"X": "a\r\nInjected: b"}, "X", "line break"),
        ({"a": "1", "A": "2"}, "A", "header names are not case-sensitive"),
    ],
)
def test_a_header_that_must_not_be_sent_is_named(
    headers: dict[str, Any], pointer: str, says: str
) -> None:
    """Framing headers, line breaks and doubles are found before anything is sent."""
    with runtime() as shared:
        definition = {
            "type": "Http",
            "httpRequest": {"url": "https://h/", "headers": headers},
            "end": True,
        }
        found = HttpTask(definition, runtime=shared).problems()
    assert any(
        problem.pointer == f"/httpRequest/headers/{pointer}" and says in problem.message
        for problem in found
    )


_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"

SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "header": ({"headers": {"authorization": "Bearer abc"}}, "/headers/authorization"),
    "other-header": ({"headers": {"PRIVATE-TOKEN": "abc"}}, "/headers/PRIVATE-TOKEN"),
    "session": ({"cookies": {"sessionid": "8f2c"}}, "/cookies/sessionid"),
    "query": ({"query": {"apikey": "abc"}}, "/query/apikey"),
    "list": ({"query": {"access_token": ["abc"]}}, "/query/access_token/0"),
    "in-the-url": ({"url": "https://h/?api_key=abc"}, "/url"),
    "deep-in-the-body": (
        {"body": {"auth": {"clients": [{"clientSecret": "abc"}]}}},
        "/body/auth/clients/0/clientSecret",
    ),
    "digits": ({"body": {"password": 12345678}}, "/body/password"),
    "path": (
        {
            "url": "https://h/{t}",
            "pathParameters": {"t": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"},
        },
        "/pathParameters/t",
    ),
    "whole-body": ({"body": "key: AKIAIOSFODNN7EXAMPLE"}, "/body"),
    "payment-key": ({"body": {"k": "sk_live_4eC39HqLyjWDarjt"}}, "/body/k"),
    "chat-token": ({"body": {"k": "xoxb-17653672481-19874698323"}}, "/body/k"),
    "web-token": ({"headers": {"X-Assertion": _JWT}}, "/headers/X-Assertion"),
    "basic": ({"headers": {"X-Forwarded": "Basic dXNlcjpwYXNz"}}, "/headers/X-Forwarded"),
    "basic of 8 octets": (
        {"headers": {"X-Forwarded": "Basic dXNlcjpwYXM="}},
        "/headers/X-Forwarded",
    ),
    "basic of 7 octets": (
        {"headers": {"X-Forwarded": "Basic dXNlcjpwYQ=="}},
        "/headers/X-Forwarded",
    ),
    "basic of 8 octets, not padded": (
        {"headers": {"X-Forwarded": "Basic dXNlcjpwYXM"}},
        "/headers/X-Forwarded",
    ),
    "basic of 7 octets, not padded": (
        {"headers": {"X-Forwarded": "Basic dXNlcjpwYQ"}},
        "/headers/X-Forwarded",
    ),
    "first of a list": ({"body": {"ids": ["AKIAIOSFODNN7EXAMPLE", "b"]}}, "/body/ids/0"),
    "private-key": ({"body": {"pem": "-----BEGIN RSA PRIVATE KEY-----\nMII"}}, "/body/pem"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_open_is_a_warning(name: str) -> None:
    """A secret in a definition, by its name or by its own look, is pointed out, wherever it stands;
    it still runs.
    """
    request, pointer = SECRETS[name]
    task = {"type": "Http", "httpRequest": {"url": "https://h/"} | request, "end": True}
    with runtime() as shared:
        (problem,) = HttpTask(task, runtime=shared).problems()
    assert (problem.severity, problem.code, problem.pointer) == (
        "warning",
        "secret-in-the-open",
        "/httpRequest" + pointer,
    )
    assert "credential" in problem.message
    assert not any(secret in problem.message for secret in ("abc", "ghp_", "AKIA", "eyJ"))


def test_a_secret_in_an_input_parameter_is_a_warning() -> None:
    """What expressions see stands in the definition, too."""
    task = {
        "type": "Http",
        "inputParameters": {"token": "abc"},
        "httpRequest": {"url": "https://h/"},
        "end": True,
    }
    with runtime() as shared:
        (problem,) = HttpTask(task, runtime=shared).problems()
    assert (problem.pointer, problem.code) == ("/inputParameters/token", "secret-in-the-open")


def test_a_secret_in_the_open_is_a_warning_anywhere_in_a_definition() -> None:
    """What a definition hands to its tasks, a run or somebody else is read there, too."""
    ask = {"type": "Http", "httpRequest": {"url": "https://h/"}}
    tasks: dict[str, Any] = {
        "Ask": ask | {"inputParameters": {"token": "abc", "${$.name}": 1}, "nextTask": "Gate"},
        "Gate": {"type": "Simple", "inputParameters": {"password": "abc"}, "nextTask": "Stop"},
        "Stop": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": {"apiKey": "abc"},
        },
    }
    fields = {"startTask": "Ask", "variables": {"apiKey": "abc", "region": "eu"}, "tasks": tasks}
    with runtime() as shared:
        told = [(one.code, one.pointer) for one in problems_of(definition_of(fields), shared)]
    assert told == [
        ("secret-in-the-open", "/variables/apiKey"),
        ("secret-in-the-open", "/tasks/Ask/inputParameters/token"),
        ("expression-not-evaluated", "/tasks/Ask/inputParameters/${$.name}"),
        ("secret-in-the-open", "/tasks/Gate/inputParameters/password"),
        ("secret-in-the-open", "/tasks/Stop/workflowOutput/apiKey"),
    ]


NO_SECRETS: list[dict[str, Any]] = [
    {
        "page_token": "CAUQAA",
        "nextPageToken": "CAUQAA",
        "client_token": "a-1",
        "cursor": "eyJpZCI6MX0",
    },
    {
        "max_tokens": 5,
        "tokenize": "yes",
        "token_type": "bearer",
        "password_policy": "strict",
        "secretName": "db",
    },
    {
        "author": "Ann",
        "keyboard": "de",
        "public_key": "ssh-ed25519 AAAA",
        "session_id": "17",
        "has_password": True,
    },
    {
        "plan": "Basic accounting",
        "note": "Bearer of bad news",
        "path": "risk-sk-life",
        "password": "",
        "token": None,
    },
    {"password": "${$.p}", "token": "Bearer ${$.p}", "api_key": "jsonata: p"},
]


@pytest.mark.parametrize("body", NO_SECRETS)
def test_what_only_sounds_like_a_secret_is_none(body: dict[str, Any]) -> None:
    """Places in a list, counts, policies, words and expressions raise no false alarm."""
    task = {
        "type": "Http",
        "inputParameters": {"p": "${$.input.p}"},
        "httpRequest": {"url": "https://h/", "method": "POST", "body": body},
        "end": True,
    }
    with runtime() as shared:
        assert HttpTask(task, runtime=shared).problems() == []


def test_expressions_may_stand_wherever_a_value_may() -> None:
    """A whole `${…}` fits an integer, an enum, an object and a whole group; the rest is still
    checked.
    """
    assert problems({"query": {"topic_id": "${$.topicId}", "topic_type": "${$.topicId}"}}) == {}
    assert problems({"query": "${$.topicId}", "body": "${jsonata: {'a': 1}}"}) == {}
    found = problems({"query": {"topic_id": "no ${$.topicId}", "topic_type": "rfi"}})
    assert (
        "/httpRequest/query/topic_id" in found
    )  # text around an expression makes a string, and an integer is wanted
    assert (
        problems({"query": {"topic_id": 1, "topic_type": "${$.topicId}_event"}}) == {}
    )  # may become an allowed value


def test_an_expression_that_cannot_be_read_is_a_problem_with_its_place() -> None:
    """Syntax errors in expressions are found without running anything."""
    found = problems({"query": {"topic_id": "${$.[}", "topic_type": "rfi"}})
    assert "/httpRequest/query/topic_id" in found


def test_nulls_are_absent_fields() -> None:
    """A task read back with explicit nulls is the task without them; inside the body null is a
    value.
    """
    task = {"credentials": None, "retry": None, "nextTask": None, "connectionTimeoutSeconds": None}
    assert problems({"cookies": None}, **task) == {}
    assert "/httpRequest/body/communication/subject" in problems(
        {"body": {"communication": {"subject": None}, "email": {}}}
    )


def test_the_generic_schema_checks_the_rest_of_the_task() -> None:
    """Time-outs, retry and unknown fields of the task are checked too."""
    found = problems(None, readTimeoutSeconds=0, retry={"maxAtempts": 3}, retri={})
    assert set(found) == {"/readTimeoutSeconds", "/retry/maxAtempts", "/retri"}
    assert "did you mean maxAttempts" in found["/retry/maxAtempts"]


def test_a_place_of_the_url_is_no_other_parameter() -> None:
    """A value that is described for the query fills no place of the URL, and has none."""
    known = Endpoint(
        "i",
        "GET",
        "/a/{id}",
        "v",
        parameters=(Parameter("id", "path"), Parameter("tenant", "query")),
    )
    schema = settings_schema(known)

    def found(url: str, **values: Any) -> dict[str, str]:
        request = {"url": url, "pathParameters": {"id": "1", **values}}
        return {each.pointer: each.message for each in request_problems(request, schema, known)}

    assert found("https://h.example/a/{id}") == {}
    assert found("https://{tenant}.example/a/{id}") == {
        "/url": "the URL has the placeholder {tenant}, but 'pathParameters' has no value for it"
    }
    filled = found("https://{tenant}.example/a/{id}", tenant="t")
    assert all("no place" not in message for message in filled.values())
    assert "the URL has no placeholder {tenant} for this value" in {
        each.message
        for each in request_problems(
            {"url": "https://h.example/a/{id}", "pathParameters": {"id": "1", "tenant": "t"}},
            schema,
            known,
        )
    }


@pytest.mark.parametrize(
    ("url", "values", "places"),
    [
        ("https://{host}.example/a", {"host": "eu"}, []),
        ("https://{host}.example/a", {"host": "evil.example/"}, ["/pathParameters/host"]),
        ("https://{host}.example/a", {"host": "a@b"}, ["/pathParameters/host"]),
        ("https://{host}.example/a", {"host": "${$.host}/"}, []),
        ("https://{host}.example/a", {"host": None}, []),
        ("https://{base}/a", {}, []),
        ("https://{base}/a", {"base": 5}, []),
        ("https://h.example/{host}/a", {"host": "b/c"}, []),
        ("https://h.example?q={host}", {"host": "b/c@d"}, []),
    ],
)
def test_a_value_may_not_change_which_server_is_meant(
    url: str, values: dict[str, Any], places: list[str]
) -> None:
    """Before anything is sent: a value of the server's part of the URL is a name."""
    variables = {"host": {"default": "eu"}, "base": {"default": "h"}}
    known = Endpoint(
        "i", "GET", "/a", "v", servers=(Server("https://{host}.example", variables=variables),)
    )
    request = {"url": url, "pathParameters": values}
    problems = request_problems(request, settings_schema(known), known, expressions=True)
    found = [problem for problem in problems if problem.code == "server-value"]
    assert [problem.pointer for problem in found] == places


def test_an_unknown_endpoint_names_the_nearest() -> None:
    """A misspelt endpoint id is a problem of the definition with the nearest id."""
    assert f"did you mean {SEED}?" in problems(None, endpoint=SEED[:-1] + "7")["/endpoint"]


def test_a_cut_description_does_not_refuse_what_it_could_not_list() -> None:
    """Where the description is incomplete undocumented names are allowed; elsewhere they are
    not.
    """
    endpoint = Endpoint(
        "i", "GET", "/p", "v", parameters=(Parameter("a", "query"),), incomplete=("query", "body")
    )
    schema = settings_schema(endpoint)
    request = {"url": "https://h/p", "query": {"b": 1}, "body": {"x": 1}}
    assert request_problems(request, schema, endpoint) == []
    whole = Endpoint("i", "GET", "/p", "v", parameters=(Parameter("a", "query"),))
    assert [
        problem.pointer for problem in request_problems(request, settings_schema(whole), whole)
    ] == [
        "/query/b",
        "/body",
    ]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (
            {
                "oneOf": [
                    {"type": "object", "required": ["a"]},
                    {"type": "object", "required": ["b"]},
                ]
            },
            {"a": "${$.x}", "b": 1},
        ),
        ({"not": {"const": "x"}}, "${$.x}"),
        ({"type": "array", "uniqueItems": True}, ["${$.x}", "${$.x}"]),
        ({"type": "string", "maxLength": 3}, "a ${$.x}"),
        ({"type": "array", "contains": {"const": 1}}, ["${$.x}"]),
        (
            {
                "anyOf": [
                    {"type": "integer"},
                    {"type": "object", "properties": {"n": {"type": "integer"}}},
                ]
            },
            {"n": "${$.x}"},
        ),
    ],
)
def test_what_an_expression_leaves_open_is_not_refused_before_it_is_known(
    schema: dict[str, Any], value: Any
) -> None:
    """Keywords about the content of a value wait until its expressions have been evaluated."""
    assert schema_problems(schema, value, expressions=True) == []
    assert schema_problems(schema, value) != [] or schema.keys() & {"not", "anyOf"}


def test_a_pattern_python_cannot_compile_is_not_enforced() -> None:
    """A description's ECMA-262 pattern that Python does not know refuses nothing and raises
    nothing.
    """
    assert schema_problems({"type": "string", "pattern": r"\p{Lu}[\u{1F600}"}, "anything") == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_strict_verdicts_are_jsonschemas_own(value: Any) -> None:
    """Our sentences change no verdict: a value has problems exactly when jsonschema itself refuses
    it.
    """
    schema = settings_schema(seed_once())
    for candidate in (value, {"url": value, "method": "POST", "body": value}):
        assert bool(schema_problems(schema, candidate)) == (
            not Draft202012Validator(schema).is_valid(candidate)
        )


_seed: list[Endpoint] = []


def seed_once() -> Endpoint:
    if not _seed:
        _seed.append(seed())
    return _seed[0]


@given(json_values)
def test_any_definition_gives_problems_and_never_an_exception(value: Any) -> None:
    """Whatever stands in a task, checking it ends in a list of problems."""
    with runtime() as shared:
        for definition in (
            {"type": "Http", "httpRequest": value},
            {"httpRequest": {"url": value, "headers": value}},
        ):
            assert all(
                isinstance(problem, Problem)
                for problem in HttpTask(definition, runtime=shared).problems()
            )


def test_a_body_made_of_itself_is_prepared() -> None:
    """Schemas that join each other in a circle end where they began, with the fields of both."""
    definitions = {
        "A": {
            "allOf": [{"$ref": "#/$defs/B"}],
            "required": ["a"],
            "properties": {"a": {"const": "x"}},
        },
        "B": {
            "allOf": [{"$ref": "#/$defs/A"}],
            "required": ["b"],
            "properties": {"b": {"const": 1}},
        },
    }
    content = {"application/json": MediaType({"$ref": "#/$defs/A"})}
    endpoint = Endpoint(
        "i",
        "POST",
        "/p",
        "v",
        request_body=RequestBody(content, required=True),
        definitions=definitions,
    )
    assert prepare(endpoint)["httpRequest"]["body"] == {"a": "x", "b": 1}


def _parameter(name: str, location: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": location, "schema": {"type": "string"}, **more}


def _key(location: str, name: str) -> dict[str, str]:
    return {"type": "apiKey", "in": location, "name": name}


DESCRIBED: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Things"},
    "servers": [
        {
            "url": "https://{region}.things.example:{port}",
            "variables": {
                "region": {"default": "eu", "enum": ["eu", "us"], "description": "Where it runs. "},
                "port": {"default": "443"},
            },
        },
        {"url": "https://things.example"},
    ],
    "paths": {
        "/things/{id}": {
            "post": {
                "summary": "Make a thing",
                "parameters": [
                    _parameter(
                        "id",
                        "path",
                        required=True,
                        description="Which one",
                        schema={"type": "integer", "description": "A number"},
                    ),
                    _parameter(
                        "q",
                        "query",
                        description="What to look for",
                        deprecated=True,
                        examples={"cats": {"value": "cats"}},
                    ),
                    _parameter("key", "query", required=True),
                    _parameter("X-Trace", "header", required=True),
                    _parameter("Content-Length", "header", required=True),
                    _parameter("sid", "cookie"),
                ],
                "requestBody": {
                    "required": True,
                    "description": "The thing",
                    "content": {
                        "text/plain": {"schema": {"type": "string"}},
                        "application/json": {"schema": {"type": "object"}},
                        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                    },
                },
                "responses": {
                    "200": {"description": "", "content": {"application/json": {}, "text/csv": {}}}
                },
                "security": [{"key": [], "app": [], "trace": [], "person": []}],
            }
        }
    },
    "components": {
        "securitySchemes": {
            "key": _key("query", "key"),
            "app": _key("header", "X-App"),
            "trace": _key("header", "x-trace"),
            "person": {"type": "http", "scheme": "basic"},
        }
    },
}


def _chooses(index: int, *media_types: str) -> dict[str, Any]:
    names = {"properties": {"Content-Type": {"enum": list(media_types)}}}
    headers = {"properties": {"headers": {**names, "required": ["Content-Type"]}}}
    return {
        "if": {**headers, "required": ["headers"]},
        "then": {"properties": {"body": {"$ref": f"#/properties/body/anyOf/{index}"}}},
    }


def test_all_that_a_description_says_of_a_request_is_in_its_schema() -> None:
    """Words, examples and what is deprecated, as the description has them; what a credential or we
    supply is not asked for.
    """
    (endpoint,) = read_api("things.json", data=json.dumps(DESCRIBED).encode()).endpoints
    assert settings_schema(endpoint) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Make a thing",
        "type": "object",
        "properties": {
            "url": {
                "type": "string",
                "description": "The server's address followed by /things/{id}",
                "default": "https://eu.things.example:443/things/{id}",
                "examples": ["https://things.example/things/{id}"],
            },
            "method": {"const": "POST"},
            "pathParameters": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer", "description": "A number"},
                    "region": {
                        "enum": ["eu", "us"],
                        "description": "Where it runs; eu when absent",
                    },
                    "port": {
                        "type": ["string", "integer"],
                        "description": "{port} in the server's address; 443 when absent",
                    },
                },
                "required": ["id"],
                "additionalProperties": False,
            },
            "query": {
                "type": "object",
                "properties": {
                    "q": {
                        "type": "string",
                        "description": "What to look for",
                        "deprecated": True,
                        "examples": ["cats"],
                    },
                    "key": {"type": "string"},
                },
                "additionalProperties": False,
            },
            "headers": {
                "type": "object",
                "properties": {
                    "X-Trace": {"type": "string"},
                    "X-App": {
                        "type": "string",
                        "description": "One of several keys that the API asks for at once; "
                        "a credential is one",
                    },
                    "Content-Type": {
                        "enum": [
                            "text/plain",
                            "application/json",
                            "application/x-www-form-urlencoded",
                        ],
                        "default": "application/json",
                    },
                    "Accept": {
                        "type": "string",
                        "default": "application/json, text/csv, */*",
                        "examples": ["application/json", "text/csv"],
                    },
                },
                "additionalProperties": {
                    "type": ["string", "number", "boolean", "array"],
                    "items": {"type": ["string", "number", "boolean"]},
                    "minItems": 1,
                },
            },
            "cookies": {
                "type": "object",
                "properties": {"sid": {"type": "string"}},
                "additionalProperties": False,
            },
            "body": {
                "anyOf": [{"type": "string"}, {"type": "object"}],
                "description": "The thing",
            },
        },
        "required": ["url", "method", "pathParameters", "body"],
        "additionalProperties": False,
        "allOf": [
            _chooses(0, "text/plain"),
            _chooses(1, "application/json", "application/x-www-form-urlencoded"),
        ],
    }


def test_what_a_description_says_twice_is_said_by_the_schema() -> None:
    """Its own words and examples come first; the whole of a query is one value (OpenAPI 3.2,
    section 4.12.1).
    """
    schema = {"type": "object", "description": "Filters", "examples": [{"a": 1}]}
    parameter = Parameter(
        "q", "querystring", schema=schema, description="Another", examples=({"b": 2},)
    )
    content = {"application/json": MediaType({"description": "A thing"})}
    endpoint = Endpoint(
        "i",
        "GET",
        "/a",
        "v",
        parameters=(parameter,),
        request_body=RequestBody(content, description="Another"),
    )
    derived = settings_schema(endpoint)
    assert derived["title"] == "GET /a"
    assert derived["required"] == ["url"]
    assert derived["properties"]["query"] == schema
    assert derived["properties"]["body"] == {"description": "A thing"}
    assert derived["properties"]["headers"]["properties"]["Content-Type"] == {
        "const": "application/json"
    }
    assert "default" not in derived["properties"]["url"]
    assert "examples" not in derived["properties"]["url"]
