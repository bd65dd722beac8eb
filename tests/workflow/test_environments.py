"""Environments: addresses, variables and credentials of one place, next to a definition."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servers
from httptask.engines import run_workflow
from httptask.errors import CredentialError, DefinitionError
from httptask.model.environment import Environment
from httptask.model.exchange import Exchange
from httptask.model.task import Inputs
from httptask.model.workflow import WorkflowRun
from httptask.task import HttpTask
from httptask.workflow import (
    environment_names,
    environment_problems,
    load_definition,
    load_environment,
    problems,
)
from tasks import http, runtime

LIVE = "https://api.acme.example"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a definition with one task and its environments."""

    def files(task: dict[str, Any], fields: Any = None, **environments: Any) -> Path:
        document = {"name": "Flow", "startTask": "Get", "tasks": {"Get": task}, **(fields or {})}
        path = tmp_path / "flow.json"
        path.write_text(json.dumps(document, indent=1), "utf-8")
        for name, environment in environments.items():
            (tmp_path / "environments").mkdir(exist_ok=True)
            text = environment if isinstance(environment, str) else json.dumps(environment)
            (tmp_path / f"environments/{name}.json").write_text(text, "utf-8")
        return path

    return files


# Addresses


@pytest.mark.parametrize(
    ("servers_", "url", "address"),
    [
        ({LIVE: "https://s.example"}, f"{LIVE}/v1/x?a=b", "https://s.example/v1/x?a=b"),
        ({LIVE: "https://s.example/base/"}, f"{LIVE}/v1", "https://s.example/base/v1"),
        ({LIVE: "https://s.example"}, LIVE, "https://s.example"),
        ({LIVE: "https://s.example"}, f"{LIVE}?a=b", "https://s.example?a=b"),
        ({f"{LIVE}:443/": "https://s.example"}, f"{LIVE}/x", "https://s.example/x"),
        ({LIVE.upper(): "https://s.example"}, f"{LIVE}/X", "https://s.example/X"),
        ({f"{LIVE}/v1": "https://s.example"}, f"{LIVE}/v1/x", "https://s.example/x"),
        ({f"{LIVE}/v1": "https://s.example"}, f"{LIVE}/v10/x", f"{LIVE}/v10/x"),
        ({f"{LIVE}/v1": "https://s.example"}, f"{LIVE}/V1/x", f"{LIVE}/V1/x"),
        ({LIVE: "https://s.example"}, "https://api.acme.example.evil.example/x", None),
        ({LIVE: "https://s.example"}, "http://api.acme.example/x", None),
        ({LIVE: "https://a.example", f"{LIVE}/v1": "https://b.example"}, f"{LIVE}/v1/x", None),
    ],
)
def test_a_server_stands_for_what_begins_with_it(
    servers_: dict[str, str], url: str, address: str | None
) -> None:
    """An origin is replaced whole, a path segment by segment, and the longest server counts."""
    expected = {None: url}.get(address, address)
    if len(servers_) > 1:
        expected = "https://b.example/x"
    assert Environment("e", servers=servers_).address(url) == expected


@given(st.text("ab/", max_size=8), st.text("ab/", max_size=8))
def test_another_path_is_never_taken_for_one_below(base: str, path: str) -> None:
    """What is replaced are whole segments: read back, it is the URL that it was."""
    server = f"{LIVE}/{base}".rstrip("/")
    url = f"{LIVE}/{path}"
    address = Environment("e", servers={server: "https://s.example/own"}).address(url)
    below = url == server or url.startswith(f"{server}/")
    assert (address != url) == below
    if below:
        assert server + address.removeprefix("https://s.example/own") == url


@pytest.mark.parametrize(
    ("servers_", "url", "address"),
    [
        ({LIVE: f"{LIVE}/v2"}, f"{LIVE}/v2/x?page=2", f"{LIVE}/v2/x?page=2"),
        ({LIVE: f"{LIVE}/v2"}, f"{LIVE}/x", f"{LIVE}/v2/x"),
        ({f"{LIVE}/v1": LIVE}, f"{LIVE}/v1/x", f"{LIVE}/x"),
        ({f"{LIVE}/v1": f"{LIVE}/v1-test"}, f"{LIVE}/v1/x", f"{LIVE}/v1-test/x"),
        ({LIVE: "https://s.example"}, f"{LIVE}/x", "https://s.example/x"),
        ({LIVE: "https://s.example", "https://s.example": LIVE}, f"{LIVE}/x", f"{LIVE}/x"),
    ],
)
def test_an_address_that_a_server_names_is_replaced_once(
    servers_: dict[str, str], url: str, address: str
) -> None:
    """A server of the environment names itself; what names the definition's server goes to it."""
    assert Environment("e", servers=servers_).followed(url) == address


# Runs and test requests


def test_the_next_page_comes_from_the_server_of_the_first(write: Callable[..., Path]) -> None:
    """Its relative URL does not get the beginning of the environment's path a second time."""
    answer = servers.response(b'{"data": [1], "next": "?page=2"}', servers.JSON)
    with servers.raw_server(servers.respond(answer)) as server:
        setting = {"mode": "nextUrl", "next": "$.next", "maxPages": 2, "atLimit": "keep"}
        task = http(f"{server.url}/things", pagination=setting)
        path = write(task, sandbox={"servers": {server.url: f"{server.url}/v2"}})
        assert run(path, "sandbox").status == "Completed"
        received = [request.split(b" ")[1] for request in server.received]
    assert received == [b"/v2/things", b"/v2/things?page=2"]


def run(path: Path, environment: str | None, **given_: Any) -> WorkflowRun:
    with runtime() as shared:
        return run_workflow(path, {}, environment=environment, runtime=shared, **given_)


def test_a_run_sends_to_the_environments_server_with_its_credential_and_variables(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address, the credential and the variables are the environment's; given variables are
    above it, the definition's below; the run says where it was.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM_STAGING", '{"type": "bearer", "token": "stag1ng"}')
    task = http(
        f"{LIVE}/v1/things",
        request={"query": {name: f"${{$.{name}}}" for name in "abc"}},
        inputParameters={name: f"${{$.variables.{name}}}" for name in "abc"},
        credentials="crm",
    )
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        staging = {
            "servers": {LIVE: f"{server.url}/base"},
            "variables": {"b": 2, "c": 2},
            "credentials": {"crm": "crm-staging"},
        }
        path = write(task, {"variables": {"a": 1, "b": 1, "c": 1}}, staging=staging)
        ended = run(path, "staging", variables={"c": 3})
        (received,) = server.received
    assert (ended.status, ended.environment) == ("Completed", "staging")
    assert received.startswith(b"GET /base/v1/things?a=1&b=2&c=3 HTTP/1.1\r\n")
    assert b"Authorization: Bearer stag1ng" in received
    assert WorkflowRun.from_json(ended.to_json()).environment == "staging"


def test_a_test_request_says_in_which_environment_it_was_sent(write: Callable[..., Path]) -> None:
    """The exchange names it, and survives JSON; a task shown without sending has its address."""
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        path = write(http(f"{LIVE}/x"), staging={"servers": {LIVE: server.url}})
        staging = load_environment(load_definition(path), "staging")
        inputs = Inputs.from_json(Inputs(environment=staging).to_json())
        with runtime() as shared:
            task = HttpTask(http(f"{LIVE}/x"), runtime=shared)
            exchange = task.test_request(inputs)
            assert task.render(inputs).url == f"{server.url}/x"
            assert task.render().url == f"{LIVE}/x"  # the plan is shared, and unchanged
    assert exchange.environment == "staging"
    assert Exchange.from_json(exchange.to_json()).environment == "staging"


def test_a_credential_stays_bound_to_its_origins(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address of an environment outside a credential's origins is refused, and nothing sent."""
    bound = {"type": "bearer", "token": "l1ve", "origins": [LIVE]}
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", json.dumps(bound))
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        path = write(http(f"{LIVE}/x", credentials="crm"), staging={"servers": {LIVE: server.url}})
        ended = run(path, "staging")
        assert server.received == []
    (task,) = ended.tasks
    assert task.error is not None
    assert task.error["error"] == CredentialError.__name__


def test_a_failure_workflow_runs_in_the_same_environment(write: Callable[..., Path]) -> None:
    """What is run after a failure goes where the failed run went."""
    after = {"startTask": "Tell", "tasks": {"Tell": http(f"{LIVE}/told")}}
    failing = http(f"{LIVE}/x", successCondition="${jsonata: false}")
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        path = write(failing, {"failureWorkflow": "tell"}, staging={"servers": {LIVE: server.url}})
        run(path, "staging", definitions={"tell": after})
        paths = [received.split(b" ")[1] for received in server.received]
    assert paths == [b"/x", b"/told"]


# Files


def test_an_unknown_environment_names_the_nearest(write: Callable[..., Path]) -> None:
    """The error lists what there is, and a name leads nowhere else."""
    path = write(http(LIVE), live={}, staging={})
    definition = load_definition(path)
    assert environment_names(definition) == ["live", "staging"]
    with pytest.raises(DefinitionError, match=r"there are: live, staging; did you mean live\?"):
        load_environment(definition, "liev")
    (path.parent / "other.json").write_text("{}", "utf-8")
    (path.parent / "environments/.hidden.json").write_text("{}", "utf-8")
    for name in ("../flow", "../other", "", ".hidden", "a/b", "live.json"):
        with pytest.raises(DefinitionError):
            load_environment(definition, name)


@pytest.mark.parametrize(
    ("environment", "pointer", "code"),
    [
        ("[]", "", "type"),
        ('{"server": {}}', "/server", "unknown-name"),
        ('{"colour": "pinkish"}', "/colour", "pattern"),
        (
            '{"servers": {"api.acme.example": "https://a.example"}}',
            "/servers",
            "environment-server",
        ),
        ('{"servers": {"https://a.example": "ftp://b.example"}}', "/servers", "environment-server"),
        (
            '{"servers": {"https://a.example": "https://b.example?x=1"}}',
            "/servers",
            "environment-server",
        ),
        ('{"credentials": {"crm": 7}}', "/credentials/crm", "type"),
    ],
)
def test_a_wrong_file_is_refused_with_every_place(
    write: Callable[..., Path], environment: str, pointer: str, code: str
) -> None:
    """Nothing runs in an environment whose file is wrong."""
    path = write(http(LIVE), live=environment)
    with pytest.raises(DefinitionError) as caught:
        run(path, "live")
    assert caught.value.source == str(path.parent / "environments/live.json")
    assert any(
        one.pointer.startswith(pointer) and one.code == code for one in caught.value.problems
    )


def test_validate_says_what_an_environment_lacks_and_has_for_nothing(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing variable is an error; a server no task uses, a credential no task names, one that
    nobody knows, and a secret are warnings.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM_STAGING", '{"type": "bearer", "token": "stag1ng"}')
    task = http(
        f"{LIVE}/v1/${{$.id}}",
        inputParameters={"id": "${$.variables.region}"},
        credentials="crm",
    )
    staging = {
        "servers": {f"{LIVE}/v1/a": "https://s.example", "https://b.example": "https://c.example"},
        "variables": {"apiToken": "sk-veryS3cretValue0123456789"},
        "credentials": {"crm": "crm-stagin", "crmm": "crm-staging"},
    }
    definition = load_definition(write(task, staging=staging, live={"variables": {"region": "eu"}}))
    with runtime() as shared:
        of_file, of_definition = environment_problems(definition, "staging", shared)
        assert environment_problems(definition, "live", shared) == ([], [])
    told = [(one.severity, one.pointer, one.code, one.suggestion) for one in of_file]
    assert sorted(told) == [
        ("warning", "/credentials/crm", "environment-credential-unknown", "crm-staging"),
        ("warning", "/credentials/crmm", "environment-credential-unused", "crm"),
        ("warning", "/servers/https:~1~1b.example", "environment-server-unused", None),
        ("warning", "/variables/apiToken", "secret-in-the-open", None),
    ]
    (missing,) = of_definition
    assert (missing.severity, missing.pointer) == ("error", "/tasks/Get/inputParameters/id")
    assert "no name 'region'" in missing.message


def test_a_variable_of_an_environment_is_somewhere(write: Callable[..., Path]) -> None:
    """Without one, a variable that only an environment has is no warning: it is told in those that
    lack it.
    """
    task = http(LIVE, inputParameters={"a": "${$.variables.region}"})
    definition = load_definition(write(task, live={"variables": {"region": "eu"}}))
    with runtime() as shared:
        assert problems(definition, shared) == []


def test_environments_are_those_of_every_definition_in_the_folder(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    """A server that only another definition of the folder uses is used; neither a broken one nor a
    pipe, which nobody writes to, is a bar.
    """
    path = write(http("https://b.example/x"), live={"servers": {LIVE: "https://c.example"}})
    (tmp_path / "broken.json").write_text("{", "utf-8")
    os.mkfifo(tmp_path / "pipe.json")
    with runtime() as shared:
        (unused,) = environment_problems(load_definition(path), "live", shared)[0]
        assert unused.code == "environment-server-unused"
        other = {"startTask": "Get", "tasks": {"Get": http(f"{LIVE}/x")}}
        (tmp_path / "other.json").write_text(json.dumps(other), "utf-8")
        assert environment_problems(load_definition(path), "live", shared) == ([], [])


def test_a_password_in_an_address_is_not_repeated(write: Callable[..., Path]) -> None:
    """The error of an address with a password does not say the password."""
    environment = {"servers": {LIVE: "https://user:hunter2@s.example"}}
    with pytest.raises(DefinitionError) as caught:
        run(write(http(LIVE), live=environment), "live")
    assert "hunter2" not in str(caught.value)
