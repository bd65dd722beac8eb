"""`successCondition`: what a task takes for a success, said by its author; what fails keeps the
same result and retry rules.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import servers
from httptask import WorkflowDefinition, errors, hookimpl, run_workflow
from httptask.model.credential import Credential
from httptask.model.task import Inputs
from httptask.task import HttpTask
from httptask.workflow import problems as problems_of
from tasks import call, exchange, failure, http, runtime

ITEM = {"id": 7, "name": "Spanner", "tags": ["a", "b"], "ok": True, "none": [], "total": 0}
SENT = json.dumps(ITEM).encode()


def answer(
    status: str = "200 OK", body: bytes = SENT, *headers: tuple[str, str]
) -> servers.Handler:
    return servers.respond(
        servers.response(body, servers.JSON, ("X-Left", "3"), *headers, status=status)
    )


def comparable(result: Any) -> dict[str, Any]:
    """Return *result* without the time it took."""
    return {name: value for name, value in result.to_json().items() if name != "elapsedSeconds"}


@pytest.mark.parametrize(
    "condition",
    [
        "${jsonata: statusCode = 200}",
        "${jsonata: body.name = 'Spanner' and $number(headers.`x-left`) > 1}",
        "${jsonata: $exists(body.id) and attempts = 1 and reasonPhrase = 'OK'}",
        "${jsonata: $contains(url, '127.0.0.1')}",
        "${$.body.ok}",
        "${$.body.tags[?@ == 'b']}",
        "${$..name}",
    ],
)
def test_a_condition_that_holds(condition: str) -> None:
    """True, or a list with anything in it, is a success; the expression sees all of the result."""
    with servers.raw_server(answer()) as server:
        assert call(http(server.url, successCondition=condition)).body == ITEM


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("${jsonata: body.id = 8}", "gave false"),
        ("${jsonata: statusCode = 201}", "gave false"),
        ("${$.body.tags[?@ == 'c']}", "an empty list"),
        ("${$.body.none}", "an empty list"),
        ("${$.body.nope}", "no name 'nope'"),
        ("${$.body.name}", "true or false, this one gave a string"),
        ("${$.body.total}", "true or false, this one gave 0"),
        ("${$.body.id}", "true or false, this one gave 7"),
        ("${jsonata: body.nope}", "known: statusCode"),
        ("${jsonata: body}", "true or false, this one gave an object"),
        ("${jsonata: $number(body.name) > 1}", "does not hold"),
        ("${jsonata: ($f := function($x) { $f($x + 1) }; $f(1))}", "does not hold"),
    ],
)
def test_a_condition_that_does_not_hold(condition: str, says: str) -> None:
    """Anything else, what it cannot find or compute included, ends in `status` with the same result
    as a success, and says why.
    """
    with servers.raw_server(answer()) as server:
        expected = comparable(call(http(server.url)))
        error = failure(http(server.url, successCondition=condition))
    assert isinstance(error, errors.StatusError)
    assert says in str(error)
    assert "200 OK" in str(error)
    assert error.status_code == 200
    assert not error.retryable
    assert error.result is not None
    assert comparable(error.result) == expected
    assert error.to_json()["result"]["body"] == ITEM
    assert error.exchange is not None
    assert (error.exchange.outcome, error.exchange.attempts[0].outcome) == ("status", "status")


@pytest.mark.parametrize("status", [404, 409, 500, 503, 304])
def test_a_status_may_be_taken_for_a_success(status: int) -> None:
    """A 404 can be what an author waits for: a result as any other, and not tried again."""
    task = {"retry": {"maxAttempts": 3, "intervalSeconds": 0}}
    condition = f"${{jsonata: statusCode in [200, {status}]}}"
    with servers.raw_server(answer(f"{status} So")) as server:
        result = call(http(server.url, successCondition=condition, **task))
        assert len(server.received) == 1
    assert (result.status_code, result.attempts) == (status, 1)
    assert result.body == (None if status == 304 else ITEM)


def test_without_a_condition_a_success_is_2xx() -> None:
    """200 to 299, and nothing else."""
    for status, good in (
        (200, True),
        (226, True),
        (299, True),
        (300, False),
        (304, False),
        (400, False),
        (599, False),
    ):
        with servers.raw_server(answer(f"{status} So")) as server:
            seen = exchange(http(server.url))
        assert (seen.outcome == "success") is good, status


@pytest.mark.parametrize(
    ("method", "status", "sendings"),
    [("GET", 200, 1), ("GET", 404, 1), ("GET", 503, 3), ("POST", 503, 1), ("POST", 429, 3)],
)
def test_what_is_tried_again_is_a_matter_of_the_status(
    method: str, status: int, sendings: int
) -> None:
    """A condition changes what a success is, not what another try may help with."""
    task = {
        "retry": {"maxAttempts": 3, "intervalSeconds": 0},
        "successCondition": "${jsonata: body.id = 8}",
    }
    with servers.raw_server(answer(f"{status} So")) as server:
        error = failure(http(server.url, request={"method": method}, **task))
        assert len(server.received) == sendings
    assert error.attempts == sendings
    assert isinstance(error, errors.StatusError)
    assert error.status_code == status


def test_a_condition_is_asked_in_every_attempt() -> None:
    """503 and then what it waits for: the second attempt's result is the task's, with its
    number.
    """
    handler = servers.sequence(answer("503 No"), answer())
    task = {
        "retry": {"maxAttempts": 3, "intervalSeconds": 0},
        "successCondition": "${jsonata: attempts = 2}",
    }
    with servers.raw_server(handler) as server:
        assert call(http(server.url, **task)).attempts == 2


def test_a_body_that_is_not_what_it_says_is_no_success_whatever_the_condition() -> None:
    """Broken JSON under 200 stays `parse`; under a status that nobody takes for a success it is
    `status`, with the text.
    """
    condition = {"successCondition": "${jsonata: statusCode = 200}"}
    for status, kind in ((200, errors.ParseError), (404, errors.StatusError)):
        with servers.raw_server(answer(f"{status} So", b"<html>")) as server:
            error = failure(http(server.url, **condition))
        assert type(error) is kind
        assert error.result is not None
        assert error.result.body == "<html>"


def test_a_condition_sees_a_file_by_its_reference() -> None:
    """What a body of bytes is known by, its size say, can be asked for."""
    png = servers.response(b"\x89PNG", ("Content-Type", "image/png"))
    condition = "${jsonata: body.`$file`.size > %d and body.`$file`.mediaType = 'image/png'}"
    with servers.raw_server(servers.respond(png)) as server:
        assert call(http(server.url, successCondition=condition % 3)).body["$file"]["size"] == 4
        error = failure(http(server.url, successCondition=condition % 4))
    assert error.result is not None
    assert error.result.body["$file"]["size"] == 4


def test_the_last_response_of_redirects_is_the_one_that_counts() -> None:
    """A redirect is followed, not asked about."""
    handler = servers.sequence(servers.redirect("/there"), answer())
    with servers.raw_server(handler) as server:
        result = call(
            http(
                server.url,
                successCondition="${jsonata: statusCode = 200 and $contains(url, 'there')}",
            )
        )
    assert result.url.endswith("/there")


def test_every_way_to_call_agrees() -> None:
    """call, acall, a step of a workflow and a test request fail for the same reason, with the same
    result.
    """
    with servers.raw_server(answer()) as server:
        task = http(server.url, successCondition="${jsonata: body.id = 8}")
        told = failure(task)

        async def asynchronously() -> list[errors.TaskError]:
            async with runtime() as shared:
                found = []
                for start in (
                    HttpTask(task, runtime=shared).acall(),
                    HttpTask(task, runtime=shared).arun(Inputs()),
                ):
                    with pytest.raises(errors.StatusError) as raised:
                        await start
                    found.append(raised.value)
                return found

        tested = exchange(task)
        others = asyncio.run(asynchronously())
        with runtime() as shared:
            workflow = WorkflowDefinition({"name": "w", "startTask": "A", "tasks": {"A": task}})
            run = run_workflow(workflow, runtime=shared)
    assert (tested.outcome, tested.error) == ("status", str(told))
    assert [(str(each), comparable(each.result)) for each in others] == [
        (str(told), comparable(told.result))
    ] * 2
    assert run.status == "Failed"
    assert run.tasks[0].error is not None
    assert run.tasks[0].error["result"]["body"] == ITEM
    assert run.tasks[0].error["kind"] == "status"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("statusCode = 200", "is not an expression"),
        ("yes: ${$.statusCode}", "is not an expression"),
        ("${$.statuscode}", "statusCode"),
        ("${$.status == 200}", "JSONata"),
        ("${jsonata: statusCode = }", "not a JSONata expression"),
        ("${$.body", "}"),
        ("", ""),
        (200, "a string"),
        (True, "a string"),
        ({"jsonata": "true"}, "a string"),
    ],
)
def test_a_wrong_condition_is_found_before_anything_is_sent(condition: Any, says: str) -> None:
    """`problems`, the validation of a definition, a run and a test request name the place; nothing
    goes out.
    """
    with servers.raw_server(answer()) as server, runtime() as shared:
        task = http(server.url, successCondition=condition)
        definition = WorkflowDefinition({"name": "w", "startTask": "A/b", "tasks": {"A/b": task}})
        found = [
            problem for problem in problems_of(definition, shared) if problem.severity == "error"
        ]
        assert {problem.pointer for problem in found} == {"/tasks/A~1b/successCondition"}
        assert any(says in str(problem) for problem in found)
        error = failure(task)
        assert isinstance(error, errors.SettingsError)
        assert [problem.pointer for problem in error.problems] == ["/successCondition"] * len(found)
        with pytest.raises(errors.SettingsError):
            exchange(task)
        assert server.received == []


def test_null_is_no_condition() -> None:
    """A null is an absent field."""
    with servers.raw_server(answer()) as server:
        assert call(http(server.url, successCondition=None)).body == ITEM


def test_a_secret_in_what_a_condition_says_is_masked() -> None:
    """A server that echoes the token in a field's name does not get it into the error or the
    exchange.
    """

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            return Credential(name, "bearer", {"token": "canary-t0ken"})

    body = json.dumps({"canary-t0ken": 1}).encode()
    task = {"successCondition": "${$.body.nope}", "credentials": "v"}
    with servers.raw_server(answer(body=body)) as server:
        error = failure(http(server.url, **task), Vault())
        seen = exchange(http(server.url, **task), Vault())
    assert error.exchange is not None
    for text in (str(error), json.dumps(error.exchange.to_json()), json.dumps(seen.to_json())):
        assert "nope" in text or "body" in text
        assert "canary" not in text
