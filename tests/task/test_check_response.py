"""A response held against its documentation: notes in the exchange, a failure only where the author
asks.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask import errors, hookimpl
from httptask._core import packaged
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.model.credential import Credential
from httptask.model.exchange import Exchange
from httptask.model.task import TaskResult
from httptask.task import HttpTask
from tasks import http, runtime

THING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "size": {"enum": ["small", "large"]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
    },
}
RESPONSES = {
    "200": {
        "description": "",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    },
    "204": {"description": ""},
    "4XX": {
        "description": "",
        "content": {"application/problem+json": {"schema": {"required": ["title"]}}},
    },
}
GOOD = {"id": 1, "name": None, "size": "large", "parts": [{"id": 2, "name": "x"}]}
BAD = {
    "id": "1",
    "size": "huge",
    "parts": [{"id": 2, "name": "x"}, {"id": 3, "name": 4}],
    "more": 1,
}
WRONG = {
    ("missing", "/name"),
    ("type", "/id"),
    ("value", "/size"),
    ("type", "/parts/1/name"),
    ("undocumented", "/more"),
}
FAIL = {"checkResponse": "fail"}


def endpoint(responses: dict[str, Any] | None = None, method: str = "get") -> Endpoint:
    """Return an endpoint as OpenAPI describes it, with *responses*."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://things.example"}],
        "paths": {
            "/things": {method: {"responses": RESPONSES if responses is None else responses}}
        },
        "components": {"schemas": {"Thing": THING}},
    }
    (found,) = read_api("things.json", data=json.dumps(document).encode()).endpoints
    return found


def answer(body: Any, *headers: tuple[str, str], status: str = "200 OK") -> servers.Handler:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return servers.respond(servers.response(content, *(headers or (servers.JSON,)), status=status))


def sent(
    handler: servers.Handler, *plugins: Any, described: Endpoint | None = None, **fields: Any
) -> Exchange:
    """Run a test request of a task for an endpoint, *described* or the usual one, and return its
    exchange.
    """
    with servers.raw_server(handler) as server, runtime(*plugins) as shared:
        task = http(server.url + "/things", **fields)
        seen = HttpTask(task, runtime=shared, endpoint=described or endpoint()).test_request()
    Draft202012Validator(packaged.schema("exchange")).validate(seen.to_json())
    return seen


def run(
    handler: servers.Handler, *plugins: Any, described: Endpoint | None = None, **fields: Any
) -> TaskResult:
    """Run the same task and return its result."""
    with servers.raw_server(handler) as server, runtime(*plugins) as shared:
        task = http(server.url + "/things", **fields)
        return HttpTask(task, runtime=shared, endpoint=described or endpoint()).call()


def kinds(seen: Exchange) -> set[tuple[str, str]]:
    return {(each.kind, each.pointer) for each in seen.differences}


def test_what_differs_is_a_note() -> None:
    """Missing, of another type, of another value, not documented: each with its place, and the call
    is a success.
    """
    seen = sent(answer(BAD))
    assert seen.outcome == "success"
    assert kinds(seen) == WRONG
    documents = {each["pointer"]: each["message"] for each in seen.to_json()["differences"]}
    assert documents["/id"] == "documented as integer, found string"
    for fields in ({}, {"checkResponse": "note"}, {"checkResponse": None}):
        assert run(answer(BAD), **fields).body == BAD


def test_what_is_as_documented_has_no_notes() -> None:
    """A response that jsonschema accepts passes the strictest check."""
    schema = {"$ref": "#/components/schemas/Thing", "components": {"schemas": {"Thing": THING}}}
    Draft202012Validator(schema).validate(GOOD)
    assert not Draft202012Validator(schema).is_valid(BAD)
    assert sent(answer(GOOD), **FAIL).differences == ()
    assert run(answer(GOOD), **FAIL).body == GOOD


def test_an_author_may_have_it_fail() -> None:
    """`"checkResponse": "fail"` ends in `status`, says the first difference, and carries the
    result; nobody tries again.
    """
    task = {"retry": {"maxAttempts": 3, "intervalSeconds": 0}}
    seen = sent(answer(BAD), **FAIL, **task)
    with pytest.raises(errors.StatusError) as raised:
        run(answer(BAD), **FAIL, **task)
    error = raised.value
    assert error.exchange is not None
    assert kinds(error.exchange) == kinds(seen) == WRONG
    assert (seen.outcome, len(seen.attempts)) == ("status", 1)
    assert seen.error == str(error)
    assert "it is not as documented: " in str(error)
    assert "(and 4 more)" in str(error)
    assert error.result is not None
    assert (error.result.status_code, error.result.body) == (200, BAD)
    assert not error.retryable


@pytest.mark.parametrize(
    ("status", "content_type", "body", "wanted"),
    [
        ("201 Created", "application/json", GOOD, {("status", "")}),
        ("200 OK", "text/html", b"<p>", {("media-type", "")}),
        ("200 OK", "image/png", b"\x89PNG", {("media-type", "")}),
        ("200 OK", "application/vnd.things+json", BAD, WRONG),
        ("200 OK", "application/json", b"", {("missing", "")}),
        ("200 OK", "application/json", b" ", {("missing", "")}),
        ("200 OK", "application/json", [], {("type", "")}),
        ("200 OK", "application/json", b"null", {("type", "")}),
        ("404 Gone", "application/problem+json", {"title": "x"}, set()),
        ("404 Gone", "application/problem+json", {}, {("missing", "/title")}),
        ("404 Gone", "text/html", b"<p>", {("media-type", "")}),
        ("500 Oh", "application/json", {}, {("status", "")}),
    ],
)
def test_each_status_has_its_documentation(
    status: str, content_type: str, body: Any, wanted: set[tuple[str, str]]
) -> None:
    """A response is held against what is documented for its status and media type; a failed one has
    its notes too.
    """
    headers = ("Content-Type", content_type)
    seen = sent(answer(body, headers, status=status))
    assert kinds(seen) == wanted
    assert seen.outcome == ("success" if status.startswith("2") else "status")
    assert sent(answer(body, headers, status=status), **FAIL).outcome == (
        "success" if status.startswith("2") and not wanted else "status"
    )


def test_no_body_where_none_is_documented() -> None:
    """204 without a body is as documented; HEAD has none to compare."""
    assert sent(servers.respond(b"HTTP/1.1 204 No Content\r\n\r\n"), **FAIL).differences == ()
    head = servers.respond(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    )
    assert (
        sent(head, described=endpoint(method="head"), request={"method": "HEAD"}, **FAIL).outcome
        == "success"
    )


def test_where_nothing_is_documented_nothing_differs() -> None:
    """An endpoint without responses, and a task without an endpoint, are never refused; `validate`
    says it checks nothing.
    """
    bare = endpoint({})
    assert sent(answer(BAD), described=bare, **FAIL).differences == ()
    with runtime() as shared:
        for known in (bare, None):
            (problem,) = HttpTask(
                http("https://things.example/things", **FAIL), runtime=shared, endpoint=known
            ).problems()
            assert (problem.pointer, problem.severity) == ("/checkResponse", "warning")
        task = http("https://things.example/things", **FAIL)
        assert HttpTask(task, runtime=shared, endpoint=endpoint()).problems() == []


@pytest.mark.parametrize("value", ["fial", True, 1, ["fail"]])
def test_another_word_is_refused(value: Any) -> None:
    """`note` and `fail` are all there is, and a near word is offered; nothing is sent."""
    with runtime() as shared:
        (problem,) = HttpTask(
            http("https://things.example", checkResponse=value), runtime=shared
        ).problems()
    assert problem.pointer == "/checkResponse"
    assert '"fail"' in problem.message
    with pytest.raises(errors.SettingsError):
        run(answer(GOOD), checkResponse=value)


def test_the_condition_comes_first() -> None:
    """A response that the author's own condition refuses is refused for that; what differs is noted
    all the same.
    """
    seen = sent(answer(BAD), successCondition="${jsonata: body.id = 2}", **FAIL)
    assert "success condition" in str(seen.error)
    assert kinds(seen) == WRONG
    accepted = sent(
        answer({}, status="404 Gone"), successCondition="${jsonata: statusCode = 404}", **FAIL
    )
    assert "not as documented" in str(accepted.error)


def test_notes_are_those_of_the_last_response() -> None:
    """What was tried before, and redirects, are not held against the documentation."""
    handler = servers.sequence(
        answer({}, status="503 No"), servers.redirect("/things?again"), answer(BAD)
    )
    seen = sent(handler, retry={"maxAttempts": 2, "intervalSeconds": 0})
    assert len(seen.attempts) == 2
    assert kinds(seen) == WRONG


def test_a_file_is_compared_by_its_type_only() -> None:
    """A body that was kept as a file is not opened again."""
    assert sent(answer(BAD), responseBody="file", **FAIL).differences == ()
    assert kinds(sent(answer(b"x", ("Content-Type", "text/csv")), responseBody="file")) == {
        ("media-type", "")
    }


def test_broken_json_is_told_once() -> None:
    """What is no JSON is `parse`; there is nothing to compare."""
    seen = sent(answer(b"{", servers.JSON))
    assert (seen.outcome, seen.differences) == ("parse", ())


def test_async_and_observers_see_the_same_notes() -> None:
    """acall's error, the async test request and `httptask_exchange_finished` have what the sync
    ones have.
    """
    told: list[Exchange] = []

    class Observer:
        @hookimpl
        def httptask_exchange_finished(self, exchange: Exchange) -> None:
            told.append(exchange)

    async def both(url: str) -> Exchange:
        async with runtime(Observer()) as shared:
            task = HttpTask(http(url + "/things", **FAIL), runtime=shared, endpoint=endpoint())
            with pytest.raises(errors.StatusError):
                await task.acall()
            return await task.atest_request()

    with servers.raw_server(answer(BAD)) as server:
        seen = asyncio.run(both(server.url))
    assert kinds(seen) == WRONG
    assert [kinds(each) for each in told] == [WRONG, WRONG]


def test_much_that_differs_is_a_few_notes() -> None:
    """Thousands of items wrong in the same way are one note, and thousands of ways end
    somewhere.
    """
    items = {"id": 1, "name": "", "parts": [{"id": "x", "name": ""}] * 20_000}
    assert kinds(sent(answer(items))) == {("type", "/parts/0/id")}
    many = {"id": 1, "name": "", **{f"field{number}": number for number in range(20_000)}}
    assert 10 < len(sent(answer(many)).differences) <= 100


def test_a_deep_response_ends() -> None:
    """A recursive schema and a response as deep as may be: the call ends, whatever is noted."""
    value: dict[str, Any] = {"id": 1, "name": ""}
    for _ in range(240):
        value = {"id": 1, "name": "", "parts": [value]}
    assert sent(answer(value)).outcome == "success"


def test_a_secret_in_a_note_is_masked() -> None:
    """A server that echoes the token where something else is documented: it stands in no note and
    no error.
    """

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            return Credential(name, "bearer", {"token": "canary-t0ken"})

    body = {"id": 1, "name": "x", "size": "canary-t0ken", "canary-t0ken": 1}
    seen = sent(answer(body), Vault(), credentials="v", **FAIL)
    assert len(seen.differences) == 2
    assert "canary" not in json.dumps(seen.to_json())
