"""The idempotency key: on where it is declared or asked for, the same whatever is tried again."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

import servers
from httptask import errors
from httptask.model.api import Endpoint, Parameter, Server
from httptask.model.for_each import Item
from httptask.model.task import Inputs
from httptask.task import HttpTask
from lists import Asked, list_server, page
from tasks import failure, http, runtime

RUN = Inputs(input={"id": "o-7"}, run={"workflowId": "run-1"})


def keys(received: list[bytes], header: str = "Idempotency-Key") -> list[str]:
    """Return the values of *header* in the requests *received*, in order."""
    line = re.compile(rb"(?im)^" + header.encode() + rb": (.*?)\r$")
    return [match[1].decode() for request in received for match in line.finditer(request)]


def post(url: str, **fields: Any) -> dict[str, Any]:
    return http(url, request={"method": "POST", "body": {"a": 1}}, **fields)


def test_all_attempts_of_a_visit_have_one_key_and_a_post_is_tried_again() -> None:
    """A connection that breaks is no end for a POST with a key; another run has another key."""
    handlers = (servers.reset(after_request=True), servers.respond(servers.OK))
    with servers.raw_server(servers.sequence(*handlers)) as server, runtime() as shared:
        retry = {"maxAttempts": 2, "intervalSeconds": 0}
        definition = post(server.url, retry=retry, idempotencyKey=True)
        HttpTask(definition, name="Pay", runtime=shared).call(RUN)
        HttpTask(definition, name="Pay", runtime=shared).call(RUN)
        for name, run in (("Pay", "run-2"), ("Other", "run-1")):
            inputs = Inputs(run={"workflowId": run})
            HttpTask(definition, name=name, runtime=shared).call(inputs)
        first, second, resumed, *others = keys(server.received)
    assert first == second == resumed
    assert len({first, *others}) == 3
    assert first == "b17bf295-c2a3-53f6-a01b-e68e572a3659"  # it never changes


def test_without_a_run_each_call_has_a_key_of_its_own() -> None:
    """Two calls are two orders."""
    with servers.raw_server(servers.respond(servers.OK)) as server, runtime() as shared:
        task = HttpTask(post(server.url, idempotencyKey=True), runtime=shared)
        task.call()
        task.call()
        assert len(set(keys(server.received))) == 2


def test_each_visit_has_a_key() -> None:
    """A task that a run visits twice orders twice; a visit that is run again does not."""

    async def main(url: str) -> None:
        async with runtime() as shared:
            task = HttpTask(post(url, idempotencyKey=True), name="Pay", runtime=shared)
            for visit in (1, 2, 2):
                await task.arun(RUN, visit)

    with servers.raw_server(servers.respond(servers.OK)) as server:
        asyncio.run(main(server.url))
        first, second, again = keys(server.received)
    assert first != second == again


@pytest.mark.parametrize(("value", "expected"), [("${$.id}", "o-7"), ("fixed", "fixed")])
def test_an_author_writes_a_key(value: str, expected: str) -> None:
    """An expression is evaluated over the input parameters."""
    with servers.raw_server(servers.respond(servers.OK)) as server, runtime() as shared:
        parameters = {"id": "${$.input.id}"}
        definition = post(server.url, idempotencyKey=value, inputParameters=parameters)
        HttpTask(definition, runtime=shared).call(RUN)
        assert keys(server.received) == [expected]


@pytest.mark.parametrize("value", [True, None, [], {}, "", " a", "ä", "a\nb", "x" * 256])
def test_a_value_that_is_no_key_is_refused(value: Any) -> None:
    """Nothing is sent."""
    definition = post(
        "http://127.0.0.1:9", idempotencyKey="${$.id}", inputParameters={"id": "${$.input}"}
    )
    error = failure(definition, inputs=Inputs(input=value))
    assert isinstance(error, errors.ExpressionError)
    assert error.pointer == "/idempotencyKey"


@pytest.mark.parametrize(
    "name", ["Idempotency-Key", "idempotency-key", "X-Idempotency-Key", "PayPal-Request-Id"]
)
def test_a_declared_header_is_filled_in(name: str) -> None:
    """It may be required, and need not be written; false turns it off, and who writes it wins."""
    declared = Parameter(name, "header", required=True, schema={"type": "string"})
    with servers.raw_server(servers.respond(servers.OK)) as server, runtime() as shared:
        endpoint = Endpoint(
            id="e",
            method="POST",
            path="/a",
            provider="p",
            servers=(Server(server.url),),
            parameters=(declared,),
        )

        def task(headers: dict[str, str], **fields: Any) -> HttpTask:
            request = {"url": server.url + "/a", "method": "POST", "headers": headers}
            definition = {"type": "Http", "httpRequest": request, "end": True, **fields}
            return HttpTask(definition, runtime=shared, endpoint=endpoint)

        assert task({}).problems() == []
        task({}).call(RUN)
        task({name: "mine"}).call(RUN)
        generated, written = keys(server.received, name)
        assert written == "mine"
        assert re.fullmatch(r"[0-9a-f-]{36}", generated)
        with pytest.raises(errors.SettingsError):
            task({}, idempotencyKey=False).call(RUN)


def test_an_item_has_the_same_key_in_a_resumed_run() -> None:
    """Another process that goes on with the run, with inputs that travelled as JSON, sends the key
    of the item again; another item of the visit, and another visit, have keys of their own.
    """
    received: list[str] = []

    def answer(asked: Asked) -> bytes:
        received.append(asked.headers["idempotency-key"])
        return page(None)

    async def visit(index: int, number: int) -> None:
        inputs = Inputs(item=Item("a", index), run={"workflowId": "run-1"})
        travelled = Inputs.from_json(json.loads(json.dumps(inputs.to_json())))
        async with runtime() as shared:
            await HttpTask(definition, name="T", runtime=shared).arun(travelled, number)

    with list_server(answer) as server:
        request = {"method": "POST"}
        setting = {"forEach": {"items": ["a", "a"]}, "idempotencyKey": True}
        definition = http(server.url, request=request, **setting)
        for index, number in ((0, 1), (1, 1), (0, 1), (0, 2)):
            asyncio.run(visit(index, number))
    first, second, again, later = received
    assert first == again
    assert len({first, second, later}) == 3
