"""What a request may be: any method, headers and values that repeat, text and files as their author
means them; and warnings.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import servers
from httptask.errors import SettingsError
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody
from httptask.task import HttpTask
from tasks import call, email_task, failure, http, runtime

FORM = "application/x-www-form-urlencoded"


# Methods


@pytest.mark.parametrize(
    "method", ["PROPFIND", "REPORT", "QUERY", "M-SEARCH", "purge", "x!#$%&'*+.^_`|~1"]
)
def test_any_token_is_a_method(method: str) -> None:
    """Every token is a method (RFC 9110, section 9.1), and is sent as it is written, its case
    included.
    """
    with servers.raw_server(servers.respond(servers.OK)) as server:
        task = http(server.url, request={"method": method, "body": {"a": 1}})
        with runtime() as shared:
            assert HttpTask(task, runtime=shared).problems() == []
        call(task)
        assert server.received[0].startswith(f"{method} / ".encode())
        assert server.received[0].endswith(b'{"a":1}')


@pytest.mark.parametrize("method", ["post", "Post", "propfind", "query", "version-control"])
def test_a_registered_method_is_in_capitals(method: str) -> None:
    """Mended with a note; an expression's, too."""
    with servers.raw_server(servers.respond(servers.OK)) as server:
        task = http(server.url, request={"method": method})
        (problem,) = HttpTask(task).problems()
        assert (problem.severity, problem.pointer) == ("warning", "/httpRequest/method")
        assert problem.suggestion == json.dumps(method.upper())
        call(task)
        call(http(server.url, request={"method": "${$.m}"}, inputParameters={"m": method}))
        assert [each.split(b" ")[0].decode() for each in server.received] == [method.upper()] * 2
    seed_task = email_task("https://api.procore.com")
    seed_task["httpRequest"]["method"] = "post"
    with runtime() as shared:
        assert [each.severity for each in HttpTask(seed_task, runtime=shared).problems()] == [
            "warning"
        ]


@pytest.mark.parametrize("method", ["GET POST", "", "GÉT", "CONNECT", "connect", "a/b", 5])
def test_what_is_no_method_is_refused(method: Any) -> None:
    """With what one is; CONNECT is for proxies."""
    problem, *_ = HttpTask(http("https://h.example", request={"method": method})).problems()
    assert (problem.severity, problem.pointer) == ("error", "/httpRequest/method")
    assert "GET" in problem.message or "a string" in problem.message


# Host


def test_the_host_header_is_the_operators_to_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused unless an operator lets tasks set it; the connection goes where the URL says, and
    egress rules look there.
    """
    with servers.raw_server(servers.respond(servers.OK)) as server:
        task = http(server.url, request={"headers": {"host": "shop.example:8080"}})
        (problem,) = HttpTask(task).problems()
        assert problem.pointer == "/httpRequest/headers/host"
        assert "--allow-host-header" in problem.message
        call(task, allow_host_header=True)
        monkeypatch.setenv("HTTPTASK_ALLOW_HOST_HEADER", "1")
        call(task)
        for received in server.received:
            hosts = [line for line in received.split(b"\r\n") if line.lower().startswith(b"host:")]
            assert hosts == [b"host: shop.example:8080"]
        monkeypatch.setenv("HTTPTASK_ALLOW_HOST_HEADER", "yes")
        with pytest.raises(ValueError, match="HTTPTASK_ALLOW_HOST_HEADER is 'yes'; expected 1"):
            call(task)
        monkeypatch.setenv("HTTPTASK_ALLOW_HOST_HEADER", "1")
        assert failure(task, allow=[]).kind == "blocked"
        assert failure(task, allow_host_header=False).kind == "settings"
        wrong = http(server.url, request={"headers": {"Host": "a b"}})
        assert [each.pointer for each in HttpTask(wrong).problems()] == [
            "/httpRequest/headers/Host"
        ]


# Warnings


@pytest.mark.parametrize(
    ("body", "content_type", "warned"),
    [
        ('{"a":1}', "application/json", True),
        (' [1, "${$.n}"]\n', "application/vnd.a+json", True),
        ('{"a": ${$.n}}', "application/json", True),
        ("${$.n}", "application/json", False),
        ("{a}", "application/json", False),
        ("5", "application/json", False),
        ('{"a":1}', "text/plain", False),
        ({"$text": '{"a":1}'}, "application/json", False),
    ],
)
def test_text_that_reads_as_json_gets_a_warning(body: Any, content_type: str, warned: bool) -> None:
    """Under a JSON type it would be a string in quotes; `$text` sends it as it is."""
    request = {"method": "POST", "body": body, "headers": {"Content-Type": content_type}}
    found = HttpTask(
        http("https://h.example", request=request, inputParameters={"n": 1})
    ).problems()
    assert [(each.severity, each.pointer) for each in found] == [
        ("warning", "/httpRequest/body")
    ] * warned
    assert all("$text" in each.message for each in found)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (
            {"httpRequest": {"url": "https://h.example", "body": {"a": [{"${$.k}": 1}]}}},
            "/httpRequest/body/a/0/${$.k}",
        ),
        (
            {"httpRequest": {"url": "https://h.example", "query": {"a${$.k}": 1}}},
            "/httpRequest/query/a${$.k}",
        ),
        ({"inputParameters": {"k": {"${$.input}": 1}}}, "/inputParameters/k/${$.input}"),
        ({"credentials": "${$.input.c}"}, "/credentials"),
        ({"nextTask": "${$.input.next}", "end": None}, "/nextTask"),
        ({"responseBody": "${$.input.k}"}, "/responseBody"),
        ({"retry": {"maxAttempts": "${$.input.n}"}}, "/retry/maxAttempts"),
    ],
)
def test_an_expression_where_none_can_stand_gets_a_warning(
    change: dict[str, Any], pointer: str
) -> None:
    """In a name, and in every field that is not evaluated."""
    task = {**http("https://h.example", inputParameters={"k": 1}), **change}
    messages = {
        each.pointer: each.message
        for each in HttpTask(task).problems()
        if each.severity == "warning"
    }
    assert "an expression is not possible here" in messages[pointer]
    assert (
        HttpTask(
            {
                **task,
                "description": "Takes ${$.input}",
                **dict.fromkeys(change),
                "httpRequest": {"url": "https://h.example"},
            }
        ).problems()
        == []
    )


# Pairs, headers that repeat, and text for a form


def described(method: str = "POST", **content: Any) -> Endpoint:
    parameters = (
        Parameter("ids", "query", schema={"type": "array", "items": {"type": "integer"}}),
        Parameter("limit", "query", schema={"type": "integer", "maximum": 5}),
        Parameter("X-Ids", "header", schema={"type": "array", "items": {"type": "integer"}}),
        Parameter("X-One", "header", schema={"type": "string"}),
    )
    body = (
        RequestBody({name: MediaType(schema) for name, schema in content.items()})
        if content
        else None
    )
    return Endpoint("i", method, "/a", "v", parameters=parameters, request_body=body)


def pointers(known: Endpoint | None, **request: Any) -> list[str]:
    task = http("https://h.example/a", request={"method": "POST", **request})
    found = HttpTask(task, endpoint=known).problems()
    return [each.pointer.removeprefix("/httpRequest") for each in found if each.severity == "error"]


def test_pairs_are_checked_by_the_endpoint() -> None:
    """Each by the schema of its name; the problem stands where the pair does."""
    known = described()
    assert pointers(known, query=[["ids", "1"], ["limit", 5], ["ids", 2]]) == []
    assert pointers(known, query=[["ids", 1], ["limit", "6"]]) == ["/query/1/1"]
    assert pointers(known, query=[["ids", 1], ["ids", "x"]]) == ["/query/1/1"]
    assert pointers(known, query=[["limit", 1], ["limit", 2]]) == ["/query/0/1"]
    assert pointers(known, query=[["limt", 1]]) == ["/query/0/1"]
    assert pointers(known, query=[["a"]]) == ["/query"]
    assert pointers(None, query=[["a", 1], ["b", 2], ["a", 3]]) == []
    assert pointers(None, query=[["a", 1], ["b"]]) == ["/query/1"]
    form = described(
        **{
            FORM: {
                "type": "object",
                "properties": {"a": {"type": "integer"}},
                "additionalProperties": False,
            }
        }
    )
    headers = {"Content-Type": FORM}
    assert pointers(form, body=[["a", 1]], headers=headers) == []
    assert pointers(form, body=[["b", 1]], headers=headers) == ["/body/0/1"]
    assert pointers(form, body=[["a", "x"]], headers=headers) == ["/body/0/1"]


def test_headers_that_repeat_are_checked() -> None:
    """An array is a described array, or a header that is not described; a described text is one
    text.
    """
    known = described()
    assert (
        pointers(known, headers={"X-Ids": [1], "X-Tag": ["a", 1], "Accept": ["text/csv", "*/*"]})
        == []
    )
    assert pointers(known, headers={"X-One": ["a"]}) == ["/headers/X-One"]
    assert pointers(known, headers={"X-Tag": [{}]}) == ["/headers/X-Tag/0"]
    assert pointers(None, headers={"X-Tag": ["a", 1]}) == []
    assert pointers(None, headers={"User-Agent": ["a", "b"]}) == ["/headers/User-Agent"]


@pytest.mark.parametrize("content_type", ["*/*", "image/*", "multipart/*", "application/*+json"])
@pytest.mark.parametrize("is_described", [False, True])
def test_a_range_is_no_media_type_of_a_body(content_type: str, is_described: bool) -> None:
    """It would be sent as it stands, and no server knows what the body is (RFC 6838, section
    4.2).
    """
    known = described(**{content_type: {}}) if is_described else None
    headers = {"Content-Type": content_type}
    assert pointers(known, body={"a": 1}, headers=headers)[:1] == ["/headers/Content-Type"]
    definition = http(
        "https://h.example/a",
        request={"method": "POST", "body": {"a": 1}, "headers": {"Content-Type": "${$.name}"}},
        inputParameters={"name": content_type},
    )
    with pytest.raises(SettingsError) as caught:
        HttpTask(definition, endpoint=known).call()
    assert [each.code for each in caught.value.problems] == ["media-type-range"]


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data", "*/*", "application/*"],
)
def test_text_for_a_form_is_checked_by_its_schema(content_type: str) -> None:
    """It is no object; `$text` says that it is encoded already."""
    known = described(**{content_type: {"type": "object", "required": ["media"]}})
    headers = {} if "*" in content_type else {"Content-Type": content_type}
    found = HttpTask(
        http("https://h.example/a", request={"method": "POST", "body": "a=1", "headers": headers}),
        endpoint=known,
    ).problems()
    assert {each.pointer for each in found} == {"/httpRequest/body"}
    assert found[0].message.startswith("expected an object")
    assert headers == {} or "$text" in found[0].message
    own = (
        {"Content-Type": f"{content_type}; boundary=x"}
        if content_type == "multipart/form-data"
        else headers
    )
    text = "--x--" if content_type == "multipart/form-data" else "media=1"
    assert pointers(known, body={"$text": text}, headers=own) == []


def test_multipart_text_needs_its_boundary() -> None:
    """Without one nobody could read it."""
    for body in ("--x--", {"$text": "--x--"}):
        assert pointers(None, body=body, headers={"Content-Type": "multipart/form-data"}) == [
            "/body"
        ]
        assert (
            pointers(None, body=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
            == []
        )
