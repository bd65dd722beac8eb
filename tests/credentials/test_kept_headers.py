"""What a credential adds to one request after another is kept, and never longer than it holds."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import servers
from bytecodes import counted
from httptask._core.redaction import Redactor
from httptask.credentials import _stores
from httptask.errors import CredentialError
from httptask.model.exchange import OutgoingRequest
from httptask.model.task import Inputs
from httptask.sending import Connections
from httptask.sending._wire import Answer, Recorder
from httptask.task import HttpTask, Runtime
from tasks import http, runtime, store
from token_server import TokenServer, token_server

BEARER = {"type": "bearer", "token": "c4n4ry-first"}


@pytest.fixture
def server() -> Iterator[servers.RawServer]:
    with servers.raw_server(servers.echo_json()) as running:
        yield running


def sent_with(server: servers.RawServer) -> list[str]:
    """Return the values of `Authorization` in the last request."""
    lines = server.received[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return [value for name, _, value in pairs if name.lower() == "authorization"]


@contextmanager
def warm(server: servers.RawServer) -> Iterator[Callable[..., Any]]:
    """Yield what calls a task with the credential `crm`, which has authorised two requests."""
    task = http(f"{server.url}/x", credentials="crm")
    with runtime() as shared:

        def call() -> Any:
            return HttpTask(task, runtime=shared).test_request()

        call()
        assert call().outcome == "success"
        yield call


def test_a_changed_credential_counts_in_the_next_attempt(
    server: servers.RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another token, another scheme, a broken one, none: and each secret is masked."""
    store(monkeypatch, crm=BEARER)
    with warm(server) as call:
        assert sent_with(server) == ["Bearer c4n4ry-first"]
        store(monkeypatch, crm={**BEARER, "token": "c4n4ry-second"})
        seen = call()
        assert sent_with(server) == ["Bearer c4n4ry-second"]
        assert "c4n4ry" not in json.dumps(seen.to_json())
        store(monkeypatch, crm={"type": "basic", "username": "ann", "password": "c4n4ry"})
        call()
        assert sent_with(server)[0].startswith("Basic ")
        for broken in ("{", "{}", ""):
            monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", broken)
            with pytest.raises(CredentialError):
                call()


def test_a_credential_bound_to_an_origin_goes_to_no_other(
    server: servers.RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the same task has sent it to its own before."""
    store(monkeypatch, crm={**BEARER, "origins": [server.url]})
    url = "${$.url}"
    task = http(url, credentials="crm", inputParameters={"url": "${$.input.url}"})
    with servers.raw_server(servers.echo_json()) as other, runtime() as shared:
        for _ in range(2):
            HttpTask(task, runtime=shared).call(Inputs(input={"url": server.url + "/x"}))
        assert sent_with(server) == ["Bearer c4n4ry-first"]
        for away in (other.url + "/x", other.url, server.url[:-1] + "/x"):
            with pytest.raises(CredentialError):
                HttpTask(task, runtime=shared).call(Inputs(input={"url": away}))
        assert not other.received


def test_a_header_of_the_author_is_still_replaced(
    server: servers.RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expression may leave it out of one request, and put it into the next."""
    store(monkeypatch, crm=BEARER)
    definition = http(
        f"{server.url}/x",
        credentials="crm",
        request={"headers": {"authorization": "${$.own}"}},
        inputParameters={"own": "${$.input.own}"},
        checkSettings="note",
    )
    with runtime() as shared:
        for own in (None, None, "Own 1", None):
            HttpTask(definition, runtime=shared).call(Inputs(input={"own": own}))
            assert sent_with(server) == ["Bearer c4n4ry-first"]


def test_a_file_counts_as_soon_as_it_is_changed(
    server: servers.RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Unchanged, it is not read again; with other bytes, another file, other permissions, or a
    variable before it, it is.
    """
    path = tmp_path / "credentials.json"
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    monkeypatch.setattr(_stores, "_STEP", -1_000_000_000)  # as if it were old
    reads: list[Path] = []

    def read(path: Path) -> bytes:
        reads.append(path)
        return path.read_bytes() if path.exists() else b"{}"

    monkeypatch.setattr(_stores, "read_owner_file", read)
    path.write_text(json.dumps({"crm": BEARER}))
    with warm(server) as call:
        call()
        assert reads == [path]
        path.write_text(json.dumps({"crm": {**BEARER, "token": "c4n4ry-2nd!!"}}))
        call()
        assert sent_with(server) == ["Bearer c4n4ry-2nd!!"]
        other = tmp_path / "other.json"
        other.write_text(json.dumps({"crm": {**BEARER, "token": "c4n4ry-third"}}))
        monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(other))
        call()
        assert sent_with(server) == ["Bearer c4n4ry-third"]
        os.replace(path, other)  # noqa: PTH105 - the name stays, the file is another
        call()
        assert sent_with(server) == ["Bearer c4n4ry-2nd!!"]
        before = len(reads)
        other.chmod(0o640)
        call()
        assert len(reads) == before + 1
        store(monkeypatch, crm={**BEARER, "token": "c4n4ry-fourth"})
        call()
        assert sent_with(server) == ["Bearer c4n4ry-fourth"]
        monkeypatch.delenv("HTTPTASK_CREDENTIAL_CRM")
        other.unlink()
        with pytest.raises(CredentialError):
            call()


def test_a_file_that_was_just_written_is_read_again(
    server: servers.RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second change within a step of the file system's clock leaves the same state."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"crm": BEARER}))
    path.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    assert _stores.from_file("crm") is not None
    assert _stores.from_unchanged_file("crm") is None


# Tokens


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    with token_server() as running:
        text = running.credential("refreshToken", refreshToken="refresh-0")
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", text)
        yield running


@contextmanager
def warm_token(tokens: TokenServer) -> Iterator[tuple[Runtime, HttpTask]]:
    with runtime() as shared:
        task = HttpTask(http(tokens.url + "/me", credentials="crm"), runtime=shared)
        for _ in range(3):
            task.call()
        assert tokens.granted == 1
        yield shared, task


def test_a_token_that_is_refused_is_refreshed_once_and_kept_no_longer(tokens: TokenServer) -> None:
    """The next attempts have the new one; neither is ever seen."""
    with warm_token(tokens) as (_, task):
        for round_number in (2, 3):
            tokens.revoke()
            seen = task.test_request()
            assert (seen.outcome, tokens.granted) == ("success", round_number)
            assert len(seen.attempts[0].hops) == 2
            task.call()
            assert tokens.granted == round_number
            shown = json.dumps(seen.to_json())
            assert not any(f"access-{number}" in shown for number in range(5))


def test_a_token_is_kept_until_it_is_stale_removed_or_anothers(
    tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the runtime's clock, by who removes it, and by the credential."""
    tokens.rotates = False
    with warm_token(tokens) as (shared, task):
        seen = shared.tokens._seen  # what this process knows
        [key] = seen
        later = seen[key].stale_at + 1
        monkeypatch.setattr(shared.tokens, "_clock", type(shared.clock)(lambda: 0, lambda: later))
        task.call()
        assert tokens.granted == 2
        asyncio.run(shared.tokens.put(key, None))
        task.call()
        assert tokens.granted == 3
        text = tokens.credential("refreshToken", refreshToken="refresh-0", scopes=["other"])
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_CRM", text)
        task.call()
        assert tokens.granted == 4


def test_a_request_that_is_only_shown_has_no_token(tokens: TokenServer) -> None:
    """Though one is at hand; and the next one that is sent has it."""
    with warm_token(tokens) as (_, task):
        assert ("Authorization", "Bearer •••") in task.render().headers
        task.call()
        assert tokens.granted == 1


def test_a_secret_stays_masked_that_was_first_seen_as_a_derived_value() -> None:
    """Values that were made of secrets are forgotten, and stored secrets are not."""
    redactor = Redactor()
    redactor.add_derived("c4n4ry-both")
    redactor.add("c4n4ry-both")
    for number in range(100):
        redactor.add_derived(f"another-value-{number}")
    assert redactor.text("c4n4ry-both") == "•••"


# What it costs


async def answering(_wire: Any, request: OutgoingRequest, *arguments: Any, **_: Any) -> Answer:
    """Stand in for the wire: answer *request* at once."""
    recorder = next(argument for argument in arguments if isinstance(argument, Recorder))
    recorder.sent_headers = tuple(request.headers)
    content = b'{"access_token": "1a2b3c4d", "token_type": "Bearer", "expires_in": 3600}'

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    headers = (("Content-Type", "application/json"),)
    return Answer("HTTP/1.1", 200, "OK", headers, [], chunks(), lambda: None)


@pytest.mark.parametrize(
    "credential",
    [
        BEARER,
        {"type": "basic", "username": "ann", "password": "c4n4ry"},
        {"type": "apiKey", "in": "header", "name": "X-Key", "key": "c4n4ry"},
        {
            "type": "oauth2",
            "grant": "clientCredentials",
            "tokenUrl": "https://api.example/token",
            "clientId": "client",
            "clientSecret": "c4n4ry-secret",
        },
    ],
    ids=lambda credential: credential["type"],
)
def test_a_credential_adds_little_to_a_request_once_it_is_known(
    credential: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eighth of our own work at most, which is a third of a request: no look at the fields, no
    thread, no search for secrets.
    """
    store(monkeypatch, crm=credential)
    monkeypatch.setattr(Connections, "send", answering)

    async def costs(**fields: Any) -> int:
        async with runtime() as shared:
            task = HttpTask(http("https://api.example/x", **fields), runtime=shared)
            for _ in range(3):
                await task.acall()
            with counted() as count:
                await task.acall()
            return count.bytecodes

    plain, authorised = asyncio.run(costs()), asyncio.run(costs(credentials="crm"))
    assert 1000 < plain < authorised < plain * 1.125
