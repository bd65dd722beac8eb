"""Authorisation as a flow: token requests, challenges and certificates of clients, along the one
guarded path.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import trustme

import proxies
import servers
from httptask import hookimpl
from httptask._core import packaged
from httptask.errors import CredentialError, TaskError
from httptask.model.authorisation import AuthResponse, TlsIdentity
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import Exchange, OutgoingRequest, StreamedBody
from httptask.model.policy import Network
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime

CANARY = "c4n4ry-token"
REFUSED = servers.response(b"{}", servers.JSON, status="401 Unauthorized")
TOKEN = servers.response(
    json.dumps(
        {"access_token": CANARY, "refresh_token": "c4n4ry-r", "id_token": "c4n4ry-i"}
    ).encode(),
    servers.JSON,
)


class Scheme:
    """A scheme of a plugin that brings itself and one credential of it."""

    name = "acme"
    fields: ClassVar[dict[str, str]] = {"key": "secret"}

    def __init__(self, token_url: str = "") -> None:
        self.token_url = token_url
        self.asked: list[AuthResponse] = []
        self.calls = 0

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        return [self]

    @hookimpl
    def httptask_credential(self, name: str) -> Credential:
        return Credential(name, self.name, {"key": Secret("c4n4ry-key")})

    def answered(self, response: AuthResponse, context: Any) -> str:
        if response.status != 200:
            raise context.failure(response, "a token was asked for", "look at the key")
        return str(response.json()["access_token"])

    async def authorise(
        self, request: OutgoingRequest, credential: Credential, context: Any
    ) -> None:
        self.calls += 1
        if not self.token_url:
            request.set_header("Authorization", f"Acme {self.calls}")
            return
        body = b"grant_type=x&client_secret=abc&refresh_token=c4n4ry-old&scope=a"
        form = ("Content-Type", "application/x-www-form-urlencoded")
        basic = ("Authorization", "Basic " + base64.b64encode(b"id:c4n4ry-key").decode())
        asked = OutgoingRequest("POST", self.token_url, [form, basic], body)
        token = self.answered(await context.send(asked), context)
        request.set_header("Authorization", f"Bearer {token}")


class Challenged(Scheme):
    """Authorises anew on a challenge."""

    def challenged(self, response: AuthResponse, credential: Credential, context: Any) -> bool:
        self.asked.append(response)
        return True


def task(url: str, **fields: Any) -> dict[str, Any]:
    return http(url, credentials="crm", **fields)


def schema_allows(seen: Exchange) -> Any:
    written = seen.to_json()
    jsonschema.validate(written, packaged.schema("exchange"))
    assert Exchange.from_json(written).to_json() == written
    return written


# Token requests


def test_a_token_request_is_shown_in_the_exchange_and_its_secrets_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server gets all of it; exchange and log show who was asked, and what is no secret."""
    caplog.set_level(logging.DEBUG)
    api = servers.sequence(servers.respond(TOKEN), servers.respond(servers.OK))
    with servers.raw_server(api) as server:
        seen = exchange(task(server.url), Scheme(server.url + "/token"))
        asked, sent = server.received
        assert b"client_secret=abc&refresh_token=c4n4ry-old" in asked
        assert f"Authorization: Bearer {CANARY}".encode() in sent
    written = schema_allows(seen)
    assert "c4n4ry" not in json.dumps(written) + repr(seen) + caplog.text
    [token] = written["attempts"][0]["subExchanges"]
    assert (token["kind"], token["beforeHop"]) == ("token", 0)
    assert token["request"]["body"] == "grant_type=x&client_secret=•••&refresh_token=•••&scope=a"
    assert ["Authorization", "Basic •••"] in token["request"]["headers"]
    decoded = dict.fromkeys(("access_token", "refresh_token", "id_token"), "•••")
    assert token["response"]["decoded"] == decoded
    assert "host" in {name.lower() for name, _ in token["request"]["headers"]}
    assert seen.outcome == "success"
    assert len(seen.attempts[0].hops) == 1


def test_a_compressed_answer_is_shown_unpacked() -> None:
    """A person reads what was in it, masked, and a note says that it did not come like this."""
    answer = json.dumps({"access_token": CANARY, "expires_in": 5}).encode()
    packed = servers.response(servers.compressed(answer), servers.JSON, servers.GZIP)
    api = servers.sequence(servers.respond(packed), servers.respond(servers.OK))
    with servers.raw_server(api) as server:
        seen = exchange(task(server.url), Scheme(server.url + "/token"))
    [token] = seen.attempts[0].sub_exchanges
    shown = token.hop.response
    assert shown is not None
    assert shown.decoded == {"access_token": "•••", "expires_in": 5}
    assert shown.notes == ("the body is shown without its Content-Encoding, gzip",)


def test_a_token_that_an_api_echoes_is_masked() -> None:
    """What a token endpoint gave is a secret from then on, wherever it comes back."""
    echoed = servers.response(json.dumps({"you": CANARY}).encode(), servers.JSON, ("X-You", CANARY))
    api = servers.sequence(servers.respond(TOKEN), servers.respond(echoed))
    with servers.raw_server(api) as server:
        seen = exchange(task(server.url), Scheme(server.url + "/token"))
    assert "c4n4ry" not in json.dumps(seen.to_json())


@pytest.mark.parametrize(
    ("body", "decoded", "decoded_as"),
    [
        (b"", None, None),
        (b"sorry, not today", "sorry, not today", "text"),
        (b'{"error": "sorry"}', {"error": "sorry"}, "json"),
        (b"access_token=c4n4ry&scope=a", "access_token=•••&scope=a", "text"),
    ],
)
def test_a_refusal_of_a_token_is_shown_as_it_reads(
    body: bytes, decoded: object, decoded_as: str | None
) -> None:
    """As JSON, as text, or as nothing; tokens in its headers are masked, too."""
    headers = (("Location", "/next?access_token=c4n4ry&page=2"), ("X-Auth-Token", "c4n4ry"))
    refusal = servers.response(body, *headers, status="400 No")
    with servers.raw_server(servers.respond(refusal)) as server:
        seen = exchange(task(server.url), Scheme(server.url + "/token?code=c4n4ry"))
    [token] = seen.attempts[0].sub_exchanges
    shown = token.hop.response
    assert shown is not None
    assert (shown.decoded, shown.decoded_as) == (decoded, decoded_as)
    assert (shown.status_line, shown.size, shown.truncated) == (
        "HTTP/1.1 400 No",
        len(body),
        False,
    )
    assert ("Location", "/next?access_token=•••&page=2") in shown.headers
    assert ("X-Auth-Token", "•••") in shown.headers
    assert "c4n4ry" not in json.dumps(seen.to_json())


def test_a_long_answer_to_a_token_request_is_shown_by_its_start() -> None:
    """Less than was read is shown: a secret that was cut off in the middle is no secret by name."""
    long = servers.response(b"a " * 100_000, status="400 No")
    with servers.raw_server(servers.respond(long)) as server:
        seen = exchange(task(server.url), Scheme(server.url + "/token"))
    [token] = seen.attempts[0].sub_exchanges
    shown = token.hop.response
    assert shown is not None
    assert shown.truncated
    assert shown.size == 200_000
    assert 60_000 < len(shown.body) < 100_000
    assert shown.body == (b"a " * 100_000)[: len(shown.body)]


def test_a_redirect_of_a_token_request_is_not_followed() -> None:
    """The scheme gets the redirect itself, and its error says the status."""
    away = servers.response(b"", ("Location", "/elsewhere"), status="307 Temporary Redirect")
    with servers.raw_server(servers.respond(away)) as server:
        error = failure(task(server.url), Scheme(server.url + "/token"))
        assert len(server.received) == 1
    assert isinstance(error, CredentialError)
    assert error.status_code == 307
    assert error.exchange is not None
    assert not error.exchange.attempts[0].hops


def test_a_token_request_keeps_the_egress_rules() -> None:
    """An address that the task may not connect to, its token requests may not either."""
    error = failure(task("http://127.0.0.1:1"), Scheme("http://169.254.1.1/token"))
    assert isinstance(error, CredentialError)
    assert "169.254.1.1" in str(error)
    assert "refused" in str(error)
    assert not error.retryable


def test_an_answer_over_one_megabyte_is_refused() -> None:
    """Neither plain nor compressed does an answer fill the memory."""
    large = servers.response(b" " * 1_000_001, ("Content-Type", "image/png"))
    with servers.raw_server(servers.respond(large)) as server:
        error = failure(task(server.url), Scheme(server.url))
    assert isinstance(error, CredentialError)
    assert "1,000,000 bytes" in str(error)


def test_a_token_endpoint_that_hangs_ends_with_the_total_time() -> None:
    """The token request is within the task's own deadline, and the error says who was asked."""
    with servers.raw_server(servers.silent()) as server:
        definition = task(server.url, totalTimeoutSeconds=1, readTimeoutSeconds=60)
        error = failure(definition, Scheme(server.url))
    assert isinstance(error, CredentialError)
    assert f"no token came from 127.0.0.1:{server.port}: the total of 1 s" in str(error)
    assert "the task's request was never sent" in str(error)


def test_a_credential_that_is_not_ready_in_time_blames_no_token_endpoint() -> None:
    """Its token came: what the scheme does with it took too long."""

    class Stuck(Scheme):
        async def authorise(
            self, request: OutgoingRequest, credential: Credential, context: Any
        ) -> None:
            await context.send(OutgoingRequest("POST", self.token_url, []))
            await asyncio.Event().wait()

    with servers.raw_server(servers.respond(TOKEN)) as server:
        error = failure(task(server.url, totalTimeoutSeconds=0.5), Stuck(server.url))
        assert len(server.received) == 1
    assert isinstance(error, CredentialError)
    assert "the credential was not ready: the total of 0.5 s" in str(error)


RETRY = {"maxAttempts": 3, "intervalSeconds": 0, "backoffRate": 1}


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests"])
def test_a_token_endpoint_that_may_recover_is_asked_again(status: str) -> None:
    """Nothing was sent to the API, so even a POST is tried again."""
    busy = servers.respond(servers.response(b"busy", status=status))
    api = servers.sequence(busy, servers.respond(TOKEN), servers.respond(servers.OK))
    with servers.raw_server(api) as server:
        definition = task(server.url, request={"method": "POST", "body": {}}, retry=RETRY)
        result = call(definition, Scheme(server.url + "/token"))
    assert result.attempts == 2


def test_a_token_request_that_is_refused_is_not_sent_again() -> None:
    """A 400 says that the credential is wrong: class `credential`, with status, answer and what to
    do; the answer's secrets masked.
    """
    answer = json.dumps({"error": "invalid_client", "refresh_token": "xyz", "pad": "p" * 900})
    wrong = servers.response(answer.encode(), servers.JSON, status="400 Bad Request")
    with servers.raw_server(servers.respond(wrong)) as server:
        error = failure(task(server.url, retry=RETRY), Scheme(server.url + "/token"))
        assert len(server.received) == 1
    assert isinstance(error, CredentialError)
    assert (error.status_code, error.retryable, error.attempts) == (400, False, 1)
    message = str(error)
    for part in ("/credentials", "'crm'", "400", "invalid_client", "look at the key"):
        assert part in message
    assert "xyz" not in message
    assert "p" * 400 in message
    assert "p" * 500 not in message
    again = TaskError.from_json(error.to_json())
    assert isinstance(again, CredentialError)
    assert again.status_code == 400


def test_a_broken_token_endpoint_may_be_there_again() -> None:
    """A connection that is refused is retried, and ends in the class `credential`."""
    with servers.raw_server(servers.silent()) as server:
        gone = server.url
    error = failure(task(gone, retry=RETRY), Scheme(gone))
    assert isinstance(error, CredentialError)
    assert error.retryable
    assert error.attempts == 3
    assert not error.maybe_delivered


def test_showing_a_request_sends_nothing() -> None:
    """A scheme that has to ask for a token leaves the request as it is."""
    with servers.raw_server(servers.silent()) as server, runtime(Scheme(server.url)) as shared:
        shown = HttpTask(task(server.url), runtime=shared).render()
        assert not server.connections
    assert not any(name == "Authorization" for name, _ in shown.headers)


# What a scheme is given


class Old(Scheme):
    """Takes two arguments."""

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:  # type: ignore[override]
        request.set_header("X-Key", "old")


class OldWithDefault(Scheme):
    """Has a third argument of its own."""

    def authorise(  # type: ignore[override]
        self, request: OutgoingRequest, credential: Credential, header: str = "X-Key"
    ) -> None:
        request.set_header(header, "old")


class OldWithAny(Scheme):
    """Takes anything, as a decorator does."""

    def authorise(self, *given: Any) -> None:  # type: ignore[override]
        request, _ = given
        request.set_header("X-Key", "old")


class ByKeyword(Scheme):
    """Takes the context by its name alone."""

    async def authorise(  # type: ignore[override]
        self, request: OutgoingRequest, credential: Credential, *, context: Any
    ) -> None:
        request.set_header("X-Key", await context.body_sha256())


class OtherName(Scheme):
    """Calls the context something else."""

    async def authorise(  # type: ignore[override]
        self, request: OutgoingRequest, credential: Credential, flow: Any
    ) -> None:
        request.set_header("X-Key", await flow.body_sha256())


@pytest.mark.parametrize("scheme", [Old, OldWithDefault, OldWithAny])
def test_a_scheme_of_the_old_signature_works(scheme: Callable[[], Scheme]) -> None:
    """Whoever takes two arguments gets two."""
    with servers.raw_server(servers.respond(servers.OK)) as server:
        call(task(server.url), scheme())
        assert b"X-Key: old" in server.received[0]


@pytest.mark.parametrize("scheme", [ByKeyword, OtherName])
def test_a_scheme_may_sign_a_streamed_body(scheme: Callable[[], Scheme], tmp_path: Path) -> None:
    """The digest is that of the bytes as they go out, those of a file too."""
    (tmp_path / "a.bin").write_bytes(b"\x00\xff" * 300_000)
    body = {"$file": {"path": "a.bin"}}
    with servers.raw_server(servers.respond(servers.OK)) as server:
        definition = task(server.url, request={"method": "POST", "body": body})
        call(definition, scheme(), files=tmp_path)
        expected = hashlib.sha256(b"\x00\xff" * 300_000).hexdigest()
        assert f"X-Key: {expected}".encode() in server.received[0]


# Challenges


def test_a_challenge_is_answered_once_and_takes_no_attempt() -> None:
    """After a 401 the request is authorised anew and sent again; both legs are in the exchange."""
    api = servers.sequence(servers.respond(REFUSED), servers.respond(servers.OK))
    with servers.raw_server(api) as server:
        seen = exchange(
            task(server.url, request={"method": "POST", "body": {"a": 1}}), Challenged()
        )
        first, second = server.received
    assert b"Acme 1" in first
    assert b"Acme 2" in second
    assert second.endswith(b'{"a":1}')
    written = schema_allows(seen)
    [attempt] = written["attempts"]
    assert [hop["challenged"] for hop in attempt["hops"]] == [True, False]
    assert [hop["response"]["statusCode"] for hop in attempt["hops"]] == [401, 200]


def test_a_second_challenge_stands() -> None:
    """A server that refuses again has refused."""
    scheme = Challenged()
    with servers.raw_server(servers.respond(REFUSED)) as server:
        error = failure(task(server.url, retry=RETRY), scheme)
        assert len(server.received) == 2
    assert len(scheme.asked) == 1
    assert scheme.asked[0].json() == {}
    assert error.kind == "status"
    assert error.attempts == 1


def test_a_post_that_was_challenged_and_then_not_answered_is_not_repeated() -> None:
    """Only the refused leg had no effect."""
    reset = servers.reset(after_request=True)
    with servers.raw_server(servers.sequence(servers.respond(REFUSED), reset)) as server:
        definition = task(server.url, request={"method": "POST", "body": {}}, retry=RETRY)
        error = failure(definition, Challenged())
        assert len(server.received) == 2
    assert error.attempts == 1


class Once(StreamedBody):
    """A body that can be made once."""

    __slots__ = ()

    @property
    def is_repeatable(self) -> bool:
        return False

    async def __aiter__(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        yield b"once"

    def __len__(self) -> int:
        return 4


class ChallengedOnce(Challenged):
    @hookimpl
    def httptask_prepare_request(self, request: OutgoingRequest, task: Any) -> None:
        request.body = Once(())
        request.set_header("Content-Length", "4")


def test_a_body_that_cannot_be_made_again_is_not_sent_again() -> None:
    """The response stands as it is, and the scheme is not asked."""
    scheme = ChallengedOnce()
    with servers.raw_server(servers.respond(REFUSED)) as server:
        error = failure(task(server.url, request={"method": "PUT"}), scheme)
        assert len(server.received) == 1
    assert error.kind == "status"
    assert not scheme.asked


def test_another_origin_cannot_challenge() -> None:
    """After a redirect elsewhere nothing is authorised, not even when that server asks for it."""
    scheme = Challenged()
    with servers.raw_server(servers.respond(REFUSED)) as other:
        away = servers.response(b"", ("Location", other.url), status="302 Found")
        with servers.raw_server(servers.respond(away)) as server:
            failure(task(server.url), scheme)
        assert len(other.received) == 1
        assert b"Acme" not in other.received[0]
    assert not scheme.asked


def test_a_challenge_after_a_redirect_on_the_own_origin_is_answered() -> None:
    """The redirected request is authorised anew, and not the first one."""
    away = servers.response(b"", ("Location", "/b"), status="302 Found")
    api = servers.sequence(*map(servers.respond, (away, REFUSED, servers.OK)))
    with servers.raw_server(api) as server:
        call(task(server.url + "/a", redirects=1), Challenged())
        paths = [request.split()[1] for request in server.received]
    assert paths == [b"/a", b"/b", b"/b"]
    assert b"Acme 2" in server.received[2]


class Asks(Challenged):
    """Takes a 200 with an error in it for a challenge."""

    async def challenges(
        self, response: AuthResponse, credential: Credential, context: Any
    ) -> bool:
        data = {"status": response.status, "body": response.json()}
        return bool(await context.evaluate("${jsonata: body.errcode = 40001}", data))


def test_a_scheme_says_what_a_challenge_is() -> None:
    """Some servers say with 200 that a token has expired."""
    expired = servers.response(b'{"errcode": 40001}', servers.JSON)
    api = servers.sequence(*map(servers.respond, (expired, servers.OK)))
    with servers.raw_server(api) as server:
        assert call(task(server.url), Asks()).body == {"ok": True}


# Certificates of clients


class Certified(Scheme):
    """Has a client's certificate."""

    def __init__(self, identity: TlsIdentity, token_url: str = "") -> None:
        super().__init__(token_url)
        self.identity = identity

    def tls_identity(self, credential: Credential) -> TlsIdentity:
        return self.identity


AUTHORITY = trustme.CA()


def certificate(name: str) -> tuple[bytes, str]:
    issued = AUTHORITY.issue_cert(common_name=name)
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return chain, issued.private_key_pem.bytes().decode()


def pkcs12(password: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12 as format_

    chain, key = certificate("pkcs")
    return format_.serialize_key_and_certificates(
        b"name",
        serialization.load_pem_private_key(key.encode(), None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate(chain),
        None,
        serialization.BestAvailableEncryption(password),
    )


def subject(peer: servers.Peer) -> bool:
    """Answer with the name on the client's certificate."""
    if not peer.read_request():
        return False
    shown: Any = peer.socket.getpeercert()  # type: ignore[attr-defined]
    name = dict(pair for entry in shown["subject"] for pair in entry)["commonName"]
    peer.sendall(servers.response(json.dumps({"access_token": name}).encode(), servers.JSON))
    return True


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Any:
    with servers.tls_server(subject, clients=AUTHORITY) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        yield server


def test_a_clients_certificate_is_shown_and_owns_its_connections(guarded: Any) -> None:
    """Another certificate gets another connection, the same one the kept one; token requests show
    it too.
    """
    chain, key = certificate("ann")
    ann = TlsIdentity(chain, Secret(key))
    chain, key = certificate("bob")
    bob = TlsIdentity(chain, Secret(key))
    scheme = Certified(ann, guarded.url + "/token")
    with runtime(scheme) as shared:

        async def names() -> list[Any]:
            name = HttpTask(task(guarded.url), runtime=shared)
            first = (await name.acall()).body
            scheme.identity = bob
            second = (await name.acall()).body
            scheme.identity = TlsIdentity(ann.certificate, ann.key)
            return [first, second, (await name.acall()).body]

        async def run() -> list[Any]:
            try:
                return await names()
            finally:
                await shared.aclose_connections()

        seen = [body["access_token"] for body in asyncio.run(run())]
    assert seen == ["ann", "bob", "ann"]
    assert guarded.connections == 2
    assert "ann" not in repr(ann)


def test_a_clients_certificate_is_shown_to_the_server_behind_a_proxy(guarded: Any) -> None:
    """In the tunnel, also where the server's own certificate is not checked, and to no proxy;
    token requests take the same way.
    """

    def tunnel(peer: servers.Peer) -> None:
        peer.read_request()
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        proxies.relay(guarded.port)(peer)

    chain, key = certificate("ann")
    scheme = Certified(TlsIdentity(chain, Secret(key)), guarded.url + "/token")
    with servers.tls_server(tunnel) as proxy:
        hosts = (f"localhost:{guarded.port}", f"localhost:{proxy.port}")
        network = Network(proxy=proxy.url, insecure_hosts=hosts)
        shown = exchange(task(guarded.url), scheme, network=network)
        assert shown.outcome == "success", shown.error
        attempt = shown.attempts[0]
        assert attempt.hops[0].proxy == proxy.url
        assert attempt.hops[0].is_insecure
        assert [each.hop.proxy for each in attempt.sub_exchanges] == [proxy.url]
        assert proxy.connections == guarded.connections == 1


def test_a_pkcs12_is_a_certificate_too(guarded: Any) -> None:
    """With its password; a wrong one is an error of the credential."""
    bundle = pkcs12(b"c4n4ry-pass")
    right = TlsIdentity(bundle, None, Secret("c4n4ry-pass"), "pkcs12")
    assert call(task(guarded.url), Certified(right)).body == {"access_token": "pkcs"}
    wrong = TlsIdentity(bundle, None, Secret("other"), "pkcs12")
    error = failure(task(guarded.url), Certified(wrong))
    assert isinstance(error, CredentialError)
    assert "password is wrong" in str(error)


def test_a_key_of_another_certificate_is_an_error_of_the_credential(guarded: Any) -> None:
    """It says so; a key that is encrypted does not ask at the terminal."""
    chain, _ = certificate("ann")
    _, other = certificate("bob")
    error = failure(task(guarded.url), Certified(TlsIdentity(chain, Secret(other))))
    assert isinstance(error, CredentialError)
    assert "does not fit" in str(error)
    assert "crm" in str(error)
    broken = failure(task(guarded.url), Certified(TlsIdentity(b"no PEM", Secret("c4n4ry"))))
    assert isinstance(broken, CredentialError)
    assert "PEM" in str(broken)
    assert "c4n4ry" not in str(broken)


def test_another_origin_does_not_see_the_certificate(
    guarded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect to another origin goes there without it."""
    chain, key = certificate("ann")
    away = servers.response(b"", ("Location", guarded.url), status="302 Found")
    with servers.tls_server(servers.respond(away), clients=AUTHORITY) as first:
        both = Path(first.ca_pem).read_text() + Path(guarded.ca_pem).read_text()
        trusted = Path(first.ca_pem).with_name("both.pem")
        trusted.write_text(both)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        error = failure(task(first.url), Certified(TlsIdentity(chain, Secret(key))))
    assert error.kind in ("tls", "connection")
    assert not guarded.received
