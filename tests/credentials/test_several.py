"""Several credentials for one task."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from typing import Any

import pytest
import trustme

import servers
from httptask.errors import CredentialError, TaskError
from httptask.model.api import Endpoint
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime, store

SECRET = "c4n4ry-secret"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    send = [{"name": "X-Sign", "value": "{signature}"}]
    template = "{query} {header:Authorization} {body}"
    store(
        monkeypatch,
        user={"type": "bearer", "token": "c4n4ry-token"},
        key={"type": "apiKey", "in": "query", "name": "key", "key": "c4n4ry/key"},
        open_key={"type": "apiKey", "key": "c4n4ry-open"},
        sign={"type": "hmac", "secret": SECRET, "stringToSign": template, "send": send},
        cam={"type": "digest", "username": "ann", "password": "c4n4ry-pass"},
        bound={
            "type": "basic",
            "username": "a",
            "password": "c4n4ry-b",
            "origins": ["https://a.b"],
        },
    )


def head(request: bytes) -> list[str]:
    return request.partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_all_of_them_authorise_and_a_signature_covers_the_others() -> None:
    """Whatever their order in the list, what signs comes last; nothing secret is seen."""
    for names in (["sign", "user", "key"], ["key", "user", "sign"]):
        with servers.raw_server(servers.echo_json()) as server:
            seen = exchange(http(server.url + "/a?b=1", credentials=names))
            [request] = server.received
        lines = head(request)
        assert lines[0] == "GET /a?b=1&key=c4n4ry%2Fkey HTTP/1.1"
        assert "Authorization: Bearer c4n4ry-token" in lines
        text = b"b=1&key=c4n4ry%2Fkey Bearer c4n4ry-token "
        signature = hmac.digest(SECRET.encode(), text, "sha256").hex()
        assert f"X-Sign: {signature}" in lines
        shown = json.dumps(seen.to_json())
        assert "c4n4ry" not in shown
        assert signature not in shown


def test_plain_ones_need_no_flow() -> None:
    """A key and a token stand in one request; a list of one is that one."""
    with servers.raw_server(servers.echo_json()) as server:
        call(http(server.url, credentials=["user", "key"]))
        call(http(server.url, credentials=["user"]))
        first, second = map(head, server.received)
    assert first[0] == "GET /?key=c4n4ry%2Fkey HTTP/1.1"
    assert "Authorization: Bearer c4n4ry-token" in first
    assert "Authorization: Bearer c4n4ry-token" in second
    assert second[0] == "GET / HTTP/1.1"


def test_a_key_without_a_name_takes_what_is_left() -> None:
    """The endpoint asks for two keys: one says where it goes, so that the other is known."""
    schemes = {
        "app": {"type": "apiKey", "in": "query", "name": "key"},
        "user": {"type": "apiKey", "in": "header", "name": "X-User"},
    }
    security = ({"app": (), "user": ()},)
    known = Endpoint("i", "GET", "/a", "v", security=security, security_schemes=schemes)
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        task = http(server.url + "/a", credentials=["key", "open_key"])
        HttpTask(task, runtime=shared, endpoint=known).call()
        [request] = server.received
    assert head(request)[0] == "GET /a?key=c4n4ry%2Fkey HTTP/1.1"
    assert "X-User: c4n4ry-open" in head(request)


def test_a_challenge_is_answered_beside_another_credential() -> None:
    """The request that is sent again has both, each once."""
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
    refused = servers.respond(servers.response(b"", challenge, status="401 Unauthorized"))
    with servers.raw_server(servers.sequence(refused, servers.respond(servers.OK))) as server:
        call(http(server.url, credentials=["cam", "key"]))
        first, second = map(head, server.received)
    assert not any(line.startswith("Authorization") for line in first)
    assert second[0] == first[0] == "GET /?key=c4n4ry%2Fkey HTTP/1.1"
    [line] = [line for line in second if line.startswith("Authorization")]
    [cnonce] = re.findall('cnonce="([^"]+)"', line)
    key, target = (
        hashlib.md5(text).hexdigest() for text in (b"ann:r:c4n4ry-pass", b"GET:/?key=c4n4ry%2Fkey")
    )
    right = hashlib.md5(f"{key}:n:00000001:{cnonce}:auth:{target}".encode()).hexdigest()
    assert f'response="{right}"' in line


def test_connections_are_those_of_all_of_them() -> None:
    """Another list, or one of them alone, has connections of its own."""
    with servers.raw_server(servers.respond(servers.OK)) as server, runtime() as shared:
        lists: list[Any] = [["user", "key"], ["user", "key"], ["user"], "user", ["key", "cam"]]

        async def run() -> None:
            for names in lists:
                task = HttpTask(http(server.url, credentials=names), runtime=shared)
                await task.acall()
            await shared.aclose_connections()

        asyncio.run(run())
        assert server.connections == 3


def test_each_stays_within_its_origins() -> None:
    """One that may not be sent there refuses the request; the error says which and where."""
    with servers.raw_server(servers.respond(servers.OK)) as server:
        error = failure(http(server.url, credentials=["user", "bound"]))
        assert server.received == []
    assert isinstance(error, CredentialError)
    assert str(error).startswith("/credentials/1: credential 'bound' may only be sent to")
    missing = failure(http(server.url, credentials=["user", "nobody"]))
    assert str(missing).startswith("/credentials/1: no credential 'nobody'")


def test_one_does_not_silently_replace_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header has one value; a cookie is added to those that are there."""
    cookie = {"type": "apiKey", "in": "cookie", "key": "c4n4ry-c"}
    store(
        monkeypatch,
        other={"type": "basic", "username": "a", "password": "c4n4ry-b"},
        one={**cookie, "name": "one"},
        two={**cookie, "name": "two"},
    )
    with servers.raw_server(servers.respond(servers.OK)) as server:
        error = failure(http(server.url, credentials=["user", "key", "other"]))
        assert server.received == []
        call(http(server.url, credentials=["one", "two"]))
        assert b"Cookie: one=c4n4ry-c; two=c4n4ry-c\r\n" in server.received[-1]
    assert isinstance(error, CredentialError)
    assert "/credentials/2: the credentials 'user' and 'other' both stand in" in str(error)
    assert "c4n4ry" not in str(error)


def test_two_certificates_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection shows one."""
    made = trustme.CA().issue_cert(common_name="ann")
    pem = {"certificate": made.cert_chain_pems[0].bytes().decode()}
    pem |= {"key": made.private_key_pem.bytes().decode()}
    store(monkeypatch, one={"type": "tls", **pem}, two={"type": "tls", **pem})
    error = failure(http("https://127.0.0.1:1", credentials=["one", "user", "two"]))
    assert isinstance(error, CredentialError)
    assert "/credentials/2: the credentials 'one' and 'two' both have a certificate" in str(error)


@pytest.mark.parametrize("names", [[], ["a", "a"], [1], [""], {"a": 1}, ["${$.name}"]])
def test_what_is_no_list_of_names_is_told(names: Any) -> None:
    """By the schema, where it stands."""
    with runtime() as shared:
        problems = HttpTask(http("http://h.example", credentials=names), runtime=shared).problems()
    assert problems
    assert problems[0].pointer.startswith("/credentials")


def test_a_request_is_shown_with_all_of_them() -> None:
    """Rendering sends nothing, and shows where each goes."""
    with runtime() as shared:
        task = http("http://127.0.0.1:1/a", credentials=["user", "key", "cam", "sign"])
        shown = HttpTask(task, runtime=shared).render()
    assert shown.url == "http://127.0.0.1:1/a?key=•••"
    assert ("Authorization", "Bearer •••") in shown.headers
    assert "X-Sign" in dict(shown.headers)


def test_the_limit_of_each_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential's `rateLimit` counts its requests beside another credential, too."""
    slow = {"requests": 1, "seconds": 600}
    store(monkeypatch, slow={"type": "bearer", "token": "c4n4ry", "rateLimit": slow})
    with servers.raw_server(servers.respond(servers.OK)) as server, runtime() as shared:
        names: list[Any] = ["slow", ["key", "slow"]]
        first, second = (
            HttpTask(http(server.url, credentials=each, totalTimeoutSeconds=5), runtime=shared)
            for each in names
        )
        first.call()
        with pytest.raises(TaskError, match="rateLimit of the credential"):
            second.call()
        assert len(server.received) == 1
