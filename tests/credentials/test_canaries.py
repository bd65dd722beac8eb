"""No secret of any credential that ships is seen, wherever a person or a store looks.

The secrets are canaries: texts that stand nowhere else. A server echoes what it got in every part
of its answer, in every encoding; then everything that httptask shows is searched, by a function
that shares nothing with the masking. Tests of that function let a leak through, and it finds it.
"""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from canaries import (
    ANSWERS,
    ANY,
    CASES,
    HEAD,
    TAIL,
    VISIBLE,
    Case,
    Echo,
    case_of,
    echoing,
    leaks,
    needles_of,
    on_the_wire,
    task_of,
    written,
)
from designer import RunningDesigner, events_of, running_designer
from httptask import hookimpl, run_workflow
from httptask._core.redaction import Redactor
from httptask.building import curl_command
from httptask.cli import main
from httptask.credentials._known import known_schemes
from httptask.errors import TaskError
from httptask.model.policy import Network
from httptask.plugins import plugin_manager
from httptask.task import HttpTask
from tasks import runtime

each_credential = pytest.mark.parametrize("name", CASES)


def test_every_scheme_has_a_credential_here() -> None:
    """A scheme that ships without a row in this file is not looked at by it."""
    tried = {case.credential["type"] for case in CASES.values()}
    assert tried == set(known_schemes(plugin_manager(entry_points=False)))


each_answer = pytest.mark.parametrize("answer", ANSWERS)


# Where it may be seen


class Watcher:
    """A plugin that keeps what `httptask_exchange_finished` is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def httptask_exchange_finished(self, exchange: Any, task: Any) -> None:
        self.told += [json.dumps(exchange.to_json()), repr(exchange), repr(task)]


def of_exchange(exchange: Any) -> str:
    """Return all that an exchange shows: its JSON, its text, its pickle, and a copy for curl."""
    hops = [hop for attempt in exchange.attempts for hop in attempt.hops]
    texts = [json.dumps(exchange.to_json()), repr(exchange), str(exchange)]
    texts += [curl_command(hop.request) for hop in hops]
    texts += [hop.response.body.decode("latin-1") for hop in hops if hop.response is not None]
    return "\n".join([*texts, pickle.dumps(exchange).decode("latin-1")])


def of_error(error: TaskError) -> str:
    """Return all that an error shows but the response that it came with."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    written = {name: value for name, value in error.to_json().items() if name != "result"}
    return "\n".join([str(error), repr(error), *told.format(), json.dumps(written, default=repr)])


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(
        f"{record.getMessage()} {record.args!r} {record.exc_text} {vars(record)!r}"
        for record in caplog.records
    )


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Let every logger say everything."""
    for name in [None, *logging.root.manager.loggerDict]:
        caplog.set_level(logging.DEBUG, name)


def ended(task: HttpTask) -> TaskError | None:
    """Return the error that *task* ends in. No local variable of this frame holds a secret."""
    try:
        task.call()
    except TaskError as error:
        return error
    return None


def library(case: Case, url: str, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return what a program sees of a test request, and of a call that ends in an error."""
    watcher = Watcher()
    listen(caplog)
    with runtime(watcher) as shared:
        task = HttpTask(task_of(case, url), name="task", runtime=shared)
        shown = {"exchange": of_exchange(task.test_request()), "curl": curl_command(task.render())}
        if (error := ended(task)) is not None:
            shown["error"] = of_error(error)
            if error.exchange is not None:
                shown["error's exchange"] = of_exchange(error.exchange)
    return shown | {"hook": "\n".join(watcher.told), "log": log_of(caplog)}


def commands(
    case: Case, url: str, folder: Path, capsys: pytest.CaptureFixture[str], *, runs: bool
) -> dict[str, str]:
    """Return what the commands print."""
    file = folder / "definition.json"
    definition = {"startTask": "Try", "tasks": {"Try": task_of(case, url)}}
    file.write_text(json.dumps(definition))
    shown = {}
    lines = [["test-request"], ["test-request", "--json"], ["test-request", "--curl"]]
    lines += [["run"], ["run", "--json"]] if runs else []
    for line in lines:
        main([*line, str(file), "--allow-network", "127.0.0.1"])
        printed = capsys.readouterr()
        shown[" ".join(line)] = printed.out + printed.err
    return shown


def all_leaks(shown: Mapping[str, str], echo: Echo) -> dict[str, list[str]]:
    """Return where something is seen, and what of it."""
    problems = {sink: leaks(text, needles_of(echo)) for sink, text in shown.items()}
    return {sink: texts for sink, texts in problems.items() if texts}


# The tests


@each_answer
@each_credential
def test_a_program_sees_no_secret(
    name: str,
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Exchange, error, traceback, curl, log and hook show none, whatever the server echoes."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = library(case, f"{url}/{answer}", caplog)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@each_credential
def test_a_command_prints_no_secret(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor does what `test-request` and `run` print, as text and as JSON, and the copy for curl.

    What a response says in a run is its result: that of `run` is looked at where there is none.
    """
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = commands(case, f"{url}/json", tmp_path, capsys, runs=False)
        shown |= commands(case, f"{url}/no-http", tmp_path, capsys, runs=True)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@each_credential
def test_a_run_keeps_no_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that an engine keeps of a run has none, but in a response that it holds."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url), runtime() as shared:
        definition = {"startTask": "Try", "tasks": {"Try": task_of(case, f"{url}/no-http")}}
        run = run_workflow(definition, runtime=shared)
        assert run.status == "Failed"
        assert on_the_wire(echo)
    shown = {"json": json.dumps(run.to_json()), "repr": repr(run)}
    assert all_leaks(shown, echo) == {}


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    # Each TLS server of a test has a certificate of its own.
    network = Network(insecure_hosts=("localhost",))
    folder = tmp_path_factory.mktemp("designer")
    with running_designer(folder, network=network) as running:
        yield running


def of_designer(case: Case, url: str, designer: RunningDesigner) -> dict[str, str]:
    """Return all that the designer tells its page about a test request."""
    draft = {"task": task_of(case, url), "name": "Tried"}
    told = events_of(designer, draft)
    asked = {"body": {}, "decoded": {"as": "decoded"}}
    place = told[-1][1].get("body")
    shown = {
        "events": json.dumps(told),
        "render": designer.client.post("render", json=draft).text,
        "credentials": designer.client.get("credentials").text,
    }
    for name, query in asked.items() if isinstance(place, str) else ():
        shown[name] = designer.client.get(place, params=query).text
    return shown


@pytest.mark.parametrize("answer", ["json", "error-body", "no-http"])
@each_credential
def test_the_designer_tells_no_secret(
    name: str, answer: str, designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its events, nor the body it keeps, nor what it renders has one."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = of_designer(case, f"{url}/{answer}", designer)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("oauth2")])
def test_a_refused_token_shows_no_secret(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A token endpoint that echoes in its refusal what it got is quoted without it."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        echo.refuses = True
        shown = library(case, f"{url}/json", caplog)
        shown |= commands(case, f"{url}/json", tmp_path, capsys, runs=True)
        assert "error" in shown
        assert b"/token" in echo.got
    assert all_leaks(shown, echo) == {}


# The search finds what is there


@pytest.mark.parametrize("spelling", [*written("a"), "utf-16", "numbers in html", "deep"])
def test_the_search_finds_every_spelling(spelling: str) -> None:
    """Each way in which a server writes a secret is one that the search knows."""
    others = {
        "utf-16": ANY.encode("utf-16-le"),
        "numbers in html": "".join(f"&#{ord(character)};" for character in ANY),
        "deep": json.dumps({"body": base64.b64encode(json.dumps([ANY]).encode()).decode()}),
    }
    spelt = (others | written(ANY))[spelling]
    for text in spelt if isinstance(spelt, list) else [spelt]:
        around = b"a " + text + b" b" if isinstance(text, bytes) else f"a {text} b"
        assert leaks(around, (HEAD, TAIL))
    assert not leaks("•••", (HEAD, TAIL))


def test_the_search_finds_what_is_not_masked(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    designer: RunningDesigner,
) -> None:
    """Without masking, the same searches find the secret in everything that quotes a response."""
    for name in ("text", "bytes", "value", "pairs"):
        monkeypatch.setattr(Redactor, name, lambda self, given: given)
    monkeypatch.setattr(Redactor, "finds", lambda self, text: False)
    case = CASES["apiKey in the query"]
    with echoing(case, monkeypatch) as (echo, url):
        shown = library(case, f"{url}/error-body", caplog)
        shown |= commands(case, f"{url}/no-http", tmp_path, capsys, runs=True)
        shown |= of_designer(case, f"{url}/json", designer)
    silent = {"curl", "render", "credentials", "test-request --curl", "log"}
    assert set(shown) - set(all_leaks(shown, echo)) <= silent
    assert {"exchange", "error", "hook", "run", "run --json", "events", "body"} <= set(
        all_leaks(shown, echo)
    )


class Spilling:
    """A scheme of a plugin that writes the secret, encoded, into its own log."""

    name = "spilling"
    fields: Mapping[str, str] = {"key": "secret"}

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        return [self]

    def authorise(self, request: Any, credential: Any) -> None:
        key = credential.fields["key"].reveal()
        logging.getLogger("acme.spilling").debug("%s", base64.b64encode(key.encode()).decode())
        request.set_header("X-Key", key)


def test_the_search_finds_what_a_plugin_spills(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log of a plugin is its own; that it is found shows that logs are searched."""
    case = case_of("spilling", VISIBLE, "key")
    listen(caplog)
    with echoing(case, monkeypatch) as (echo, url):
        task = HttpTask(task_of(case, f"{url}/json"), runtime=runtime(Spilling()))
        shown = {"exchange": of_exchange(task.test_request()), "log": log_of(caplog)}
    assert set(all_leaks(shown, echo)) == {"log"}
