"""`checkSettings`: settings that do not fit the endpoint's schema are refused, or sent as they are
written with a note.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import servers
from httptask._core import packaged
from httptask.errors import SettingsError
from httptask.importers import read_api
from httptask.model.api import Endpoint
from httptask.model.task import Inputs, TestOptions
from httptask.task import HttpTask
from tasks import runtime

PATCHED = {
    "type": "object",
    "required": ["@odata.type"],
    "properties": {"@odata.type": {"type": "string"}},
}
DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "paths": {
        "/things/{id}": {
            "patch": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "tags", "in": "query", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": PATCHED}},
                },
                "responses": {"default": {"description": "any"}},
            }
        }
    },
}
WRONG = {
    "pathParameters": {"id": "a"},
    "query": {"tags": ["x", "y"], "extra": 1},
    "body": [{"op": "remove", "path": "/a"}],
}
POINTERS = [
    "/httpRequest/pathParameters/id",
    "/httpRequest/query/extra",
    "/httpRequest/query/tags",
    "/httpRequest/body",
]


def endpoint_at(url: str) -> Endpoint:
    data = json.dumps(
        {**DESCRIPTION, "servers": [{"url": "{origin}", "variables": {"origin": {"default": url}}}]}
    )
    return read_api("api.json", data=data.encode(), provider="acme").endpoints[0]


def task_at(url: str, shared: Any, **fields: Any) -> HttpTask:
    request = {"url": f"{url}/things/{{id}}", "method": "PATCH", **WRONG}
    return HttpTask(
        {"type": "Http", "httpRequest": request, "end": True, **fields},
        runtime=shared,
        endpoint=endpoint_at(url),
    )


@pytest.mark.parametrize("fields", [{}, {"checkSettings": "fail"}, {"checkSettings": None}])
def test_settings_that_do_not_fit_are_refused(fields: dict[str, Any]) -> None:
    """By default nothing is sent."""
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        task = task_at(server.url, shared, **fields)
        assert {each.pointer for each in task.problems() if each.severity == "error"} == set(
            POINTERS
        )
        with pytest.raises(SettingsError):
            task.call()
        assert server.received == []


@pytest.mark.parametrize("evaluated", [False, True])
def test_with_a_note_they_are_sent_as_written(evaluated: bool) -> None:
    """Each difference is a warning before, and stands in the exchange afterwards; so it is for what
    expressions yield.
    """
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        task = task_at(server.url, shared, checkSettings="note")
        if evaluated:
            given = {name: f"${{$.{name}}}" for name in WRONG}
            task.definition["httpRequest"].update(given)
            task.definition["inputParameters"] = WRONG
        problems = task.problems()
        assert {each.severity for each in problems} <= {"warning"}
        assert evaluated or {each.pointer for each in problems} == set(POINTERS)
        exchange = task.test_request(Inputs())
        echo = task.call().body
    assert (echo["target"], echo["body"]) == (
        "/things/a?tags=x&tags=y&extra=1",
        '[{"op":"remove","path":"/a"}]',
    )
    assert {each.pointer for each in exchange.settings_problems} == set(POINTERS)
    Draft202012Validator(packaged.schema("exchange")).validate(exchange.to_json())
    assert [each["pointer"] for each in exchange.to_json()["settingsProblems"]]


def test_what_cannot_be_sent_at_all_stays_an_error() -> None:
    """A header with a line break, a host that cannot be, a place without a value, a value that has
    no form.
    """
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"headers": {"X-A": "a\nb"}}, "/httpRequest/headers/X-A"),
        ({"url": "https://a..b/things/{id}"}, "/httpRequest/url"),
        ({"url": "https://a.example/{other}/things/{id}"}, "/httpRequest/url"),
        ({"headers": {"Content-Type": "image/png"}}, "/httpRequest/body"),
    ]
    for change, pointer in wrong:
        with runtime() as shared:
            task = task_at("https://a.example", shared, checkSettings="note")
            task.definition["httpRequest"].update(change)
            assert pointer in {each.pointer for each in task.problems() if each.severity == "error"}
            with pytest.raises(SettingsError):
                task.call()


def test_a_request_that_is_sent_anyway_says_what_is_wrong_with_it() -> None:
    """In its exchange, too; and its server's variables have their defaults."""
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        task = task_at(server.url, shared)
        exchange = task.test_request(Inputs(), TestOptions(send_anyway=True))
    assert {each.pointer for each in exchange.settings_problems} == set(POINTERS)


def test_the_variables_of_a_server_have_their_defaults_wherever_the_request_is_made(
    tmp_path: Path,
) -> None:
    """Checked, shown as a curl command, sent, and sent anyway: `{protocol}://{host}:{port}` needs
    no values.
    """
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        host, port = server.url.removeprefix("http://").split(":")
        variables = {"protocol": "http", "host": host, "port": port}
        known = {name: {"default": value} for name, value in variables.items()}
        root = {
            **DESCRIPTION,
            "servers": [{"url": "{protocol}://{host}:{port}/v1", "variables": known}],
        }
        endpoint = read_api("api.json", data=json.dumps(root).encode(), provider="acme").endpoints[
            0
        ]
        request = {
            "url": "{protocol}://{host}:{port}/v1/things/{id}",
            "method": "PATCH",
            "pathParameters": {"id": 1},
        }
        request["body"] = {"@odata.type": "a"}
        task = HttpTask(
            {"type": "Http", "httpRequest": request, "end": True}, runtime=shared, endpoint=endpoint
        )
        assert task.problems() == []
        assert task.render().url == f"{server.url}/v1/things/1"
        assert task.call().status_code == 200
        assert task.test_request(Inputs(), TestOptions(send_anyway=True)).outcome == "success"
