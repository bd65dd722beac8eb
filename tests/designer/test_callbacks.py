"""Calls that runs of the designer wait for, received at its own server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import servers
from calling import CallingApi, call, calling_api, export, status_of
from designer import Events, RunningDesigner, events, running_designer
from httptask._core.redaction import MASK
from worlds import workflow

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    with running_designer(folder, token=TOKEN, hosts=["designer.example:8000"]) as running:
        yield running


def begun(designer: RunningDesigner, api: CallingApi, **headers: str) -> tuple[str, str]:
    """Start a run whose task waits for a call; return its id and the URL that the API got."""
    definition = workflow("Export", {"Export": export(api)})
    answer = designer.client.post("runs", json={"definition": definition}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"]), api.next_url()


def followed(designer: RunningDesigner, run_id: str) -> Iterator[Events]:
    """Follow a run: yield what was told once it waits, and again at its end."""
    told: Events = []
    with designer.client.stream("GET", f"runs/{run_id}/events") as stream:
        for name, event in events(stream):
            told.append((name, event))
            if event.get("status") == "Waiting" or name == "ended":
                yield told


def test_a_run_waits_for_a_call_of_the_designers_own_server(
    designer: RunningDesigner, api: CallingApi
) -> None:
    """The API gets a URL of the address that the page is open at, and calls it without token and
    by a Host of its own; the page is told that the run waits, without the secret part of the URL,
    and gives the whole one only to who may use it.
    """
    run_id, url = begun(designer, api)
    assert url.startswith(f"{designer.url}callbacks/")
    following = followed(designer, run_id)
    visit = next(following)[-1][1]
    shown = f"{designer.url}callbacks/{MASK}"
    assert (visit["callback"], visit["awaitsSignal"], "waitUntil" in visit) == (shown, True, True)
    kept = designer.client.get(f"runs/{run_id}").json()
    assert [visit["callback"] for visit in kept["visits"]] == [shown]
    path = f"runs/{run_id}/callback?task=Export"
    assert designer.client.get(path).json() == {"url": url}
    stranger = servers.curl(f"{designer.url}api/v1/{path}").stdout
    assert status_of(stranger) == 401
    status, answer = call(url, '{"rows": 5}', "-H", "Host: public.example", "-H",
                          "Origin: https://evil.example", "-H", "Content-Type: application/json")  # fmt: skip
    assert status == 202
    assert "access-control" not in answer.lower()
    told = next(following)
    assert (told[-1][0], told[-1][1]["status"]) == ("ended", "Completed")
    output = designer.client.get(f"runs/{run_id}/value", params={"task": "Export"}).json()
    assert output["body"] == {"rows": 5}
    assert url.rpartition("/")[2] not in str(told) + str(output)
    assert designer.client.get(path).status_code == 409
    assert call(url)[0] == 200  # it was the first call that counted


def test_a_stranger_learns_nothing_there(designer: RunningDesigner, api: CallingApi) -> None:
    """Only a URL that was given out is answered by its task; all others are alike, and no path
    below leads past the token and the Host.
    """
    _, url = begun(designer, api)
    home, _, token = url.rpartition("/")
    guessed = f"{home}/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"
    answers = {call(other)[1].partition("\r\n\r\n")[2] for other in (guessed, f"{home}/{'x' * 43}")}
    assert len(answers) == 1
    assert [call(other)[0] for other in (guessed, f"{home}/x", f"{url}/", f"{home}/")] == [404] * 4
    assert status_of(servers.curl(url).stdout) == 405
    large = "x" * (1024 * 1024 + 1)
    assert status_of(servers.curl("--data-binary", "@-", url, stdin=large).stdout) == 413
    host = ("-H", "Host: evil.example")
    for path in ("/api/v1/config", "/callbacks/../api/v1/config", "/callbacks/%2e%2e/api/v1/config",
                 "//callbacks/../api/v1/config", "/Callbacks/x", "/callbacks"):  # fmt: skip
        asked = servers.curl("--path-as-is", *host, designer.url.rstrip("/") + path)
        assert status_of(asked.stdout) in (403, 404), path
        assert '"version"' not in asked.stdout
    # It waited all the time, and a Host that is none keeps nobody away: with Starlette 1.0, too.
    assert call(url, "{}", "-H", "Host: [", "-H", "Content-Type: application/json")[0] == 202


def test_a_call_is_bounded_in_time_and_number(
    designer: RunningDesigner, api: CallingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never ends is answered 408, and one too many 503; the task waits on."""
    _, url = begun(designer, api)
    parts = urlsplit(url)
    with monkeypatch.context() as patch:
        patch.setattr("httptask.designer._callbacks.SECONDS", 0.1)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            head = f"POST {parts.path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"
            connection.sendall(head.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        patch.setattr("httptask.designer._callbacks._MOST_AT_ONCE", 0)
        assert call(url)[0] == 503
    assert call(url)[0] == 202


def test_a_run_that_was_stopped_goes_on_waiting(
    tmp_path: Path, folder: Path, api: CallingApi
) -> None:
    """Stop ends the wait, and a call is told so; the run goes on in another process, at another
    address, with the same secret part, and sends nothing again.
    """
    asked = len(api.came)
    with running_designer(tmp_path, workflows=folder) as first:
        run_id, url = begun(first, api)
        next(followed(first, run_id))
        assert first.client.delete(f"runs/{run_id}").status_code == 204
        assert call(url)[0] == 410
    address = "https://public.example/hooks"
    with running_designer(tmp_path, workflows=folder, callback_url=address) as second:
        assert second.client.post(f"runs/{run_id}/resume", json={}).status_code == 201
        following = followed(second, run_id)
        waiting = second.client.get(f"runs/{run_id}").json()["visits"]
        assert [visit["callback"] for visit in waiting] == [f"{address}/callbacks/{MASK}"]
        token = url.rpartition("/")[2]
        path = f"runs/{run_id}/callback?task=Export"
        assert second.client.get(path).json() == {"url": f"{address}/callbacks/{token}"}
        assert call(f"{second.url}callbacks/{token}", '"done"')[0] == 202
        assert next(following)[-1][1]["status"] == "Completed"
    assert len(api.came) == asked + 1


def test_a_test_request_waits_and_shows_the_call(
    designer: RunningDesigner, api: CallingApi
) -> None:
    """The page is told until when, and at the end what came. The preview has a placeholder."""
    draft = {"task": export(api), "name": "Export"}
    told: Events = []
    with designer.client.stream("POST", "test-requests", json=draft) as stream:
        for name, event in events(stream):
            told.append((name, event))
            if event.get("phase") == "callback" and name == "phase":
                url = api.next_url()
                assert url.startswith(f"{designer.url}callbacks/")
                assert "waitUntil" in event
                assert call(url)[0] == 202
    name, event = told[-1]
    assert (name, event["outcome"], event["status"]) == ("response", "success", 202)
    assert [received["body"] for received in event["job"]["received"]] == [{"rows": 5}]
    assert url.rpartition("/")[2] not in str(told)
    asked = len(api.came)
    value = {**draft, "within": {"tasks": {"Export": draft["task"]}}, "preview": {}}
    answer = designer.client.post("validate", json=value).json()
    assert "problem" not in answer["preview"]
    shown = "".join(part["text"] for part in answer["preview"]["body"])
    assert "https://callback.invalid/callbacks/TOKEN" in shown
    assert len(api.came) == asked


def test_without_a_secret_nothing_is_received(
    tmp_path: Path, api: CallingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that can be guessed is none: the run is refused, and says so, before anything is
    sent; others run.
    """
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", "short")
    definition: Any = workflow("Export", {"Export": export(api)})
    asked = len(api.came)
    with running_designer(tmp_path) as designer:
        refused = designer.client.post("runs", json={"definition": definition})
        assert [problem["code"] for problem in refused.json()["problems"]] == [
            "completion-receiver"
        ]
        end = {"type": "Terminate", "terminationStatus": "Completed"}
        other = designer.client.post("runs", json={"definition": workflow("End", {"End": end})})
        assert other.status_code == 201
        assert call(f"{designer.url}callbacks/{'x' * 43}")[0] == 404
    assert len(api.came) == asked
