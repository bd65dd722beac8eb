"""Where the endpoints of an authorization server are: what its issuer says, and what is refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

import servers
from httptask._core import packaged
from httptask.errors import CredentialError
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime

VARIABLE = "HTTPTASK_CREDENTIAL_CRM"
OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


class Issuer:
    """Answers each path as `answers` says: JSON, or a whole response; 404 otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.forms: list[str] = []

    def handle(self, peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        path = request.split(b" ", 2)[1].decode()
        self.asked.append(path)
        self.forms.append(request.partition(b"\r\n\r\n")[2].decode())
        missing = servers.response(b"{}", servers.JSON, status="404 Not Found")
        answer = self.answers.get(path, missing)
        if not isinstance(answer, bytes):
            answer = servers.response(json.dumps(answer).encode(), servers.JSON)
        peer.sendall(answer)
        return True


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    with servers.raw_server(running.handle) as server:
        running.url = server.url
        running.answers = {"/token": {"access_token": "c4n4ry", "expires_in": 3600}, "/me": {}}
        yield running


@pytest.fixture
def use(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Set the credential, and return a task that uses it."""

    def used(**fields: Any) -> dict[str, Any]:
        written = {"type": "oauth2", "grant": "clientCredentials", **fields}
        monkeypatch.setenv(VARIABLE, json.dumps(written))
        return http(issuer.url + "/me", credentials="crm")

    return used


@pytest.mark.parametrize(
    ("path", "well_known"),
    [
        ("", [OPENID]),
        ("", [OPENID, OAUTH]),
        ("/t1", ["/t1" + OPENID]),
        ("/t1", ["/t1" + OPENID, OAUTH + "/t1"]),
        ("/t1/", ["/t1" + OPENID]),
    ],
)
def test_an_issuer_is_asked_once_where_its_endpoints_are(
    issuer: Issuer, use: Any, path: str, well_known: list[str]
) -> None:
    """RFC 8414, section 3.1, and OpenID Connect Discovery, section 4; the answer is kept."""
    named = issuer.url + path
    issuer.answers[well_known[-1]] = {"issuer": named, "token_endpoint": issuer.url + "/token"}
    definition = use(issuer=named)
    with runtime() as shared:
        for scopes in ("a", "b"):
            use(issuer=named, scopes=[scopes])
            HttpTask(definition, runtime=shared).call()
    assert issuer.asked == [*well_known, "/token", "/me", "/token", "/me"]


HTML = servers.response(b"<html>c4n4ry</html>", ("Content-Type", "text/html"))
BUSY = servers.response(b"", ("Retry-After", "7"), status="503 Service Unavailable")
MOVED = servers.response(b"", ("Location", "/else?code=c4n4ry"), status="302 Found")


@pytest.mark.parametrize(
    ("answers", "status", "says"),
    [
        ({}, 404, "check issuer, or write tokenUrl"),
        ({OPENID: HTML, OAUTH: HTML}, 200, "check issuer"),
        ({OPENID: MOVED, OAUTH: MOVED}, 302, "check issuer"),
        ({OPENID: [], OAUTH: {}}, 200, "check issuer"),
        ({OPENID: BUSY}, 503, "check issuer"),
        (
            {OPENID: {"issuer": "https://evil.example", "token_endpoint": "/token"}},
            200,
            "another issuer, 'https://evil.example'",
        ),
        ({OPENID: {"issuer": 5}}, 200, "another issuer"),
        ({OPENID: {"issuer": "ISSUER"}}, None, "names no token_endpoint; give tokenUrl"),
        (
            {OPENID: {"issuer": "ISSUER", "token_endpoint": "file:///etc/passwd"}},
            None,
            "names no token_endpoint",
        ),
        (
            {OPENID: {"issuer": "ISSUER", "token_endpoint": "http://evil.example/"}},
            None,
            "everybody on the way",
        ),
    ],
)
def test_an_issuer_that_does_not_say_it_is_an_error(
    issuer: Issuer, use: Any, answers: dict[str, Any], status: int | None, says: str
) -> None:
    """Of the credential, with what to do. An answer of another issuer is never used."""
    for path, answer in answers.items():
        named = isinstance(answer, dict) and answer.get("issuer") == "ISSUER"
        issuer.answers[path] = answer | {"issuer": issuer.url} if named else answer
    error = failure(use(issuer=issuer.url))
    assert isinstance(error, CredentialError)
    assert error.status_code == status
    assert says in str(error)
    assert error.retryable == (status == 503)
    assert "/token" not in issuer.asked
    assert "code=" not in str(error)


def test_a_credentials_own_endpoint_is_the_one(issuer: Issuer, use: Any) -> None:
    """Then its issuer is not asked."""
    call(use(issuer=issuer.url, tokenUrl=issuer.url + "/token"))
    assert issuer.asked == ["/token", "/me"]


@pytest.mark.parametrize("field", ["tokenUrl", "issuer"])
@pytest.mark.parametrize("url", ["http://login.example/t", "http://10.0.0.1/t"])
def test_a_secret_is_not_sent_in_clear(use: Any, field: str, url: str) -> None:
    """RFC 6749, section 3.2: TLS, but for this machine. Nothing is asked of the network."""
    error = failure(use(**{field: url}, clientId="a", clientSecret="c4n4ry"))
    assert isinstance(error, CredentialError)
    assert f"{field} leads to {url[:-2]}, where everybody on the way reads" in str(error)
    assert "c4n4ry" not in str(error)


def test_a_network_of_ones_own_may_be_in_clear(
    issuer: Issuer, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes the credential says so, with its origins."""
    port = int(issuer.url.rpartition(":")[2])
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address])
    named = f"http://login.test:{port}"
    call(use(tokenUrl=named + "/token", origins=[named, issuer.url]))
    assert issuer.asked == ["/token", "/me"]


def test_a_client_with_a_certificate_asks_where_it_is_looked_at(issuer: Issuer, use: Any) -> None:
    """RFC 8705, section 5: a server may have other addresses for it; section 2: it compares the
    certificate with that of the client's id.
    """
    aliases = {"token_endpoint": issuer.url + "/mtls"}
    issuer.answers[OPENID] = {
        "issuer": issuer.url,
        "token_endpoint": issuer.url + "/token",
        "mtls_endpoint_aliases": aliases,
    }
    issuer.answers["/mtls"] = issuer.answers["/token"]
    client = {"clientId": "a", "certificate": "-", "key": {"kid": "1"}}
    call(use(issuer=issuer.url, clientAuthentication="tls", **client))
    assert issuer.asked == [OPENID, "/mtls", "/me"]
    assert issuer.forms[1] == "grant_type=client_credentials&client_id=a"


def test_what_an_issuer_is_asked_is_shown(issuer: Issuer, use: Any) -> None:
    """In the exchange, before the request for the token."""
    issuer.answers[OPENID] = {"issuer": issuer.url, "token_endpoint": issuer.url + "/token"}
    seen = exchange(use(issuer=issuer.url))
    written = seen.to_json()
    jsonschema.validate(written, packaged.schema("exchange"))
    shown = [each["request"] for each in written["attempts"][0]["subExchanges"]]
    assert [each["method"] for each in shown] == ["GET", "POST"]
    assert [each["url"] for each in shown] == [issuer.url + OPENID, issuer.url + "/token"]
