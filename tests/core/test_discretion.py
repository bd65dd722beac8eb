"""Errors hold no secret: not in their text, not in their causes, and not where a crash reporter
looks.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import servers
from crash_reporter import reported
from httptask import errors, hookimpl
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Network
from httptask.model.task import Inputs
from httptask.task import HttpTask
from jobs import accepted, completion
from lists import page
from tasks import http, runtime

TOKEN = "c4n4ryT0kenOfALength"
ECHO = servers.respond(
    servers.response(json.dumps({"echo": TOKEN}).encode(), servers.JSON, status="403 No")
)
CREDENTIALS: dict[str, dict[str, str]] = {
    "header": {"type": "bearer", "token": TOKEN},
    "basic": {"type": "basic", "username": "ann", "password": TOKEN},
    "query": {"type": "apiKey", "in": "query", "name": "key", "key": TOKEN},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key", "key": TOKEN},
}


class Failing:
    """A plugin whose auth scheme quotes its secret in what it raises."""

    name = "failing"
    fields = {"token": "secret"}  # noqa: RUF012

    def authorise(self, request: Any, credential: Any) -> None:
        token = credential.fields["token"].reveal()
        raise RuntimeError(f"cannot sign with {token}")

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        return [self]


def refused(url: str, **fields: Any) -> dict[str, Any]:
    return http(url, credentials="api", **fields)


OUTCOMES: dict[str, tuple[servers.Handler | None, dict[str, Any]]] = {
    "credential": (None, {"url": "http://127.0.0.1:9", "type": "failing"}),
    "blocked": (None, {"url": "http://10.0.0.1"}),
    "dns": (None, {"url": "http://nowhere.invalid"}),
    "connection": (servers.close_at_once(after_request=True), {}),
    "tls": (lambda peer: peer.sendall(b"HTTP/1.1 400 No\r\n\r\n"), {"scheme": "https"}),
    "timeout": (servers.silent(), {"totalTimeoutSeconds": 0.5}),
    "protocol": (servers.bad_status_line(f"HTTP/1.1 nonsense {TOKEN}".encode()), {}),
    "protocol in a chunk": (
        servers.respond(
            f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{TOKEN}\r\nabc\r\n0\r\n\r\n".encode()
        ),
        {},
    ),
    "incomplete": (servers.cut_body(), {}),
    "decode": (servers.broken_gzip(), {}),
    "too_large": (servers.header_flood(10_000), {}),
    "parse": (servers.respond(servers.response(f'{{"echo": "{TOKEN}'.encode(), servers.JSON)), {}),
    "redirect": (servers.redirect(f"http://[{TOKEN}]/"), {}),
    "redirect to another scheme": (servers.redirect(f"ftp://{TOKEN}.example/"), {}),
    "status": (ECHO, {}),
}


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_error_shows_a_crash_reporter_the_secret(
    outcome: str,
    credential: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever a call ends in: no text, no cause, no local variable of any frame holds the
    credential; nor does the log.
    """
    handler, fields = OUTCOMES[outcome]
    fields = dict(fields)
    if "type" in fields:
        credential = {"type": fields.pop("type"), "token": TOKEN}
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", json.dumps(credential))
    with servers.raw_server(handler or servers.silent()) as server, runtime(Failing()) as shared:
        url = fields.pop("url", server.url).replace("http:", fields.pop("scheme", "http") + ":")
        try:
            HttpTask(refused(url, **fields), name="task", runtime=shared).call()
        except errors.TaskError as error:
            caught = error
            logging.getLogger("host").exception("a task failed")
    assert caught.kind == outcome.partition(" ")[0]
    assert [
        line[:300]
        for line in reported(caught).splitlines()
        if re.search("c4n4ry|YW5uOmM0bjRyeV", line)
    ] == []
    assert "c4n4ry" not in caplog.text
    assert "Traceback" in caplog.text


GIVEN = servers.response(json.dumps({"access_token": TOKEN}).encode(), servers.JSON)
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n0", qop="auth"')
BROKEN = f"HTTP/1.1 200 {TOKEN}\r\nContent-Type: {{}}\r\nContent-Length: 99\r\n\r\n{TOKEN}\n"
FAILED = page({"error": {"message": TOKEN}}, status="500 No")


def answering(*answers: bytes) -> servers.Handler:
    """Return a handler that gives one request after another its answer, and then hangs up."""
    pending = [*answers]

    def handle(peer: servers.Peer) -> bool:
        if peer.read_request() and pending:
            peer.sendall(pending.pop(0))
        return bool(pending)

    return handle


def _client(url: str) -> dict[str, Any]:
    grant = {"grant": "clientCredentials", "tokenUrl": f"{url}/token", "clientId": "c"}
    return {"type": "oauth2", "clientSecret": TOKEN, **grant}


def _plain(_: str) -> dict[str, Any]:
    return CREDENTIALS["header"]


NEXT = {"pagination": {"mode": "nextUrl", "items": "$.items", "next": "$.next"}}
PATHS: dict[str, tuple[servers.Handler, Callable[[str], dict[str, Any]], dict[str, Any]]] = {
    "a token endpoint": (answering(FAILED), _client, {}),
    "a token that is refused": (answering(GIVEN, FAILED), _client, {}),
    "a token cut off": (answering(GIVEN[:-3]), _client, {}),
    "a digest": (
        answering(servers.response(b"", CHALLENGE, status="401 No"), FAILED),
        lambda _: {"type": "digest", "username": "ann", "password": TOKEN},
        {},
    ),
    "a key in the body": (
        answering(FAILED),
        lambda _: {"type": "apiKey", "in": "body", "name": "k", "key": TOKEN},
        {"request": {"method": "POST", "body": {"a": 1}}},
    ),
    "a second page": (answering(page({"items": [1], "next": "/2"}), FAILED), _plain, NEXT),
    "the URL of a page": (
        answering(page({"items": [1], "next": f"http://[{TOKEN}"})),
        _plain,
        NEXT,
    ),
    "a job": (
        answering(accepted(("Operation-Location", "/job")), FAILED),
        _plain,
        completion(intervalSeconds=0.01),
    ),
    "a stream": (answering(BROKEN.format("text/event-stream").encode()), _plain, {}),
    "a file": (answering(BROKEN.format("image/png").encode()), _plain, {"responseBody": "file"}),
    "a condition": (
        answering(page({"echo": TOKEN})),
        _plain,
        {"successCondition": "${jsonata: $error(body.echo)}"},
    ),
}


@pytest.mark.parametrize("path", [*PATHS, "a proxy"])
def test_no_error_on_any_path_shows_a_crash_reporter_the_secret(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each request that a call makes, and of what it makes of the answers."""
    handler, credential, fields = PATHS.get(path, (answering(FAILED), _plain, {}))
    with servers.raw_server(handler) as server:
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", json.dumps(credential(server.url)))
        url = "https://api.example" if path == "a proxy" else server.url
        proxy = server.url.replace("//", f"//ann:{TOKEN}@") if path == "a proxy" else ""
        with runtime(network=Network(proxy=proxy)) as shared:
            task = HttpTask(refused(url, **fields), name="task", runtime=shared)
            with pytest.raises(errors.TaskError) as caught:
                task.call()
    assert re.findall(r".{,60}c4n4ry.{,60}", reported(caught.value)) == []


def test_an_expression_that_quotes_a_known_secret_is_masked() -> None:
    """Who calls a task in a program gets no more of it than a run's record."""
    definition = http("http://127.0.0.1:9", inputParameters={"a": "${jsonata: $error(input.s)}"})
    with runtime() as shared:
        shared.redactor.add(TOKEN)
        task = HttpTask(definition, name="task", runtime=shared)
        with pytest.raises(errors.ExpressionError) as caught:
            task.call(Inputs(input={"s": TOKEN}))
    told = [*traceback.format_exception(caught.value), json.dumps(caught.value.to_json())]
    assert "$error" in told[-1]
    assert TOKEN not in "".join(told)


def test_what_a_caller_handles_meanwhile_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is run while its caller handles an error takes nothing away from that error's
    frames.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", TOKEN)

    def fail() -> None:
        order = "order 7"
        raise LookupError(len(order))

    with servers.raw_server(ECHO) as server, runtime() as shared:
        try:
            fail()
        except LookupError as first:
            with pytest.raises(errors.StatusError):
                HttpTask(refused(server.url), name="task", runtime=shared).call()
            frames = [frame for frame, _ in traceback.walk_tb(first.__traceback__)]
            assert frames[-1].f_locals == {"order": "order 7"}


def test_what_the_network_did_stays_a_cause() -> None:
    """An error that cannot quote a secret is kept, for those who look at it in code."""
    with servers.raw_server(servers.reset(after_request=True)) as server, runtime() as shared:
        task = HttpTask(http(server.url), name="task", runtime=shared)
        with pytest.raises(errors.ConnectionFailedError) as caught:
            task.call()
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("before", [0, 150, 190])
def test_the_cut_of_a_malformed_head_saves_nothing_from_the_mask(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence quotes the start of what is no HTTP: it does not end in the middle of a secret."""
    token = TOKEN * 20
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", token)
    answer = b"HTTP/1.1 " + b"x" * before + b" Bearer " + token.encode() + b"\r\n\r\n"
    with servers.raw_server(servers.respond_and_close(answer)) as server, runtime() as shared:
        task = HttpTask(refused(server.url), name="task", runtime=shared)
        with pytest.raises(errors.ProtocolError) as caught:
            task.call()
    assert "HTTP/1.1" in str(caught.value)
    assert "c4n4ry" not in reported(caught.value)
    assert "c4n4ry" not in json.dumps(caught.value.exchange.to_json())


def test_a_request_does_not_print_what_a_credential_may_be_in() -> None:
    """The `repr` of a request has its method, address and the names of its headers."""
    request = OutgoingRequest(
        "GET", f"https://u:{TOKEN}@a.example/b?key={TOKEN}", [("X-Key", TOKEN)], TOKEN.encode()
    )
    assert (
        repr(request)
        == "<OutgoingRequest GET https://•••@a.example/b?••• [X-Key: •••] with a body of 20 bytes>"
    )
