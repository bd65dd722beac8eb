"""A person's consent: what is asked, what a server answers to it, and what is stored."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import pickle
import re
import stat
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

import servers
from crash_reporter import reported
from httptask.credentials.oauth2 import DeviceConsent
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.task import HttpTask, Runtime, ask_consent, stored_token
from tasks import failure, http, runtime
from token_server import TokenServer

VARIABLE = "HTTPTASK_CREDENTIAL_CRM"
CALLBACK = "http://127.0.0.1:8765/callback"
PERSON = {"clientId": "client", "clientSecret": None}
ASKED = {
    "device_code": "c4n4ry-device",
    "user_code": "AB-CD",
    "verification_uri": "https://login.acme.example/device",
    "expires_in": 600,
}


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.even = 50.0
        self.clock = Clock(monotonic=lambda: self.even)


@pytest.fixture
def use(server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Set the credential, and return a task that uses it."""

    def used(grant: str, **fields: Any) -> dict[str, Any]:
        written = PERSON | {
            "authorizationUrl": "https://login.acme.example/authorize?tenant=1#top",
            "deviceAuthorizationUrl": server.url + "/token/device",
            **fields,
        }
        if grant != "deviceCode":
            del written["deviceAuthorizationUrl"]
        monkeypatch.setenv(VARIABLE, server.credential(grant, **written))
        return http(server.url + "/me", credentials="crm")

    return used


def run(shared: Runtime, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def running() -> Any:
        try:
            return await work()
        finally:
            await shared.aclose_connections()

    return asyncio.run(running())


def answering(body: Any, status: str = "200 OK", *headers: tuple[str, str]) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda given: servers.response(text, *(headers or (servers.JSON,)), status=status)


@contextmanager
def held(server: TokenServer) -> Iterator[None]:
    """Let the token endpoint answer nothing meanwhile."""
    server.held = threading.Event()
    try:
        yield
    finally:
        server.held.set()


def device(shared: Runtime) -> DeviceConsent:
    consent = run(shared, lambda: ask_consent(shared, "crm"))
    assert isinstance(consent, DeviceConsent)
    return consent


# In a browser


def test_a_consent_is_stored_where_tokens_are(
    server: TokenServer, use: Any, tmp_path: Path
) -> None:
    """Another process finds it: in the file of its owner's, and nowhere else."""
    definition = use("authorizationCode")
    file = tmp_path / "tokens.json"
    asked: dict[str, str] = {}

    async def consents() -> None:
        consent = await ask_consent(first, "crm", CALLBACK)
        assert consent.url.startswith("https://login.acme.example/authorize?tenant=1&response_type")
        assert "#" not in consent.url
        asked.update(parse_qsl(urlsplit(consent.url).query, strict_parsing=True))
        assert asked["state"] == consent.state
        await consent.finish(f"{CALLBACK}?code=c4n4ry-code&state={consent.state}")
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(consent._verifier)
        assert "c4n4ry" not in repr(consent)

    with runtime(tokens=file) as first:
        run(first, consents)
    [form] = server.requests
    assert form["code"] == ["c4n4ry-code"]
    assert form["redirect_uri"] == [CALLBACK]
    assert len(form["code_verifier"][0]) >= 43  # RFC 7636, section 4.1
    digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
    assert base64.urlsafe_b64decode(asked["code_challenge"] + "=") == digest
    assert asked["code_challenge_method"] == "S256"
    # RFC 6749, section 4.1.1
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", CALLBACK)
    assert asked["client_id"] == form.get("client_id", [asked["client_id"]])[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with runtime(tokens=file) as second:
        assert HttpTask(definition, runtime=second).call().status_code == 200
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "redirect_uri", ["", "http://acme.example/cb", "javascript:alert(1)", "https://a.example/#x"]
)
def test_a_code_is_sent_to_no_other_machine(use: Any, redirect_uri: str) -> None:
    """RFC 8252, section 7.3: https:, or this machine."""
    use("authorizationCode")
    with runtime() as shared, pytest.raises(CredentialError, match="http: on this machine"):
        run(shared, lambda: ask_consent(shared, "crm", redirect_uri))


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("code=a&state=STATE&code=b", "credential-consent-twice", "has a parameter twice"),
        ("code=a&state=another", "credential-consent-state", "its state is another"),
        ("code=a", "credential-consent-state", "its state is another"),
        ("state=STATE", "credential-consent-no-code", "holds no code"),
        ("code=&state=STATE", "credential-consent-no-code", "holds no code"),
        (
            "state=STATE&error=access_denied",
            "credential-consent-refused",
            "consent was refused (access_denied)",
        ),
        (
            "state=STATE&error=invalid_scope&error_description=no+such+scope",
            "credential-consent-not-given",
            "no consent was given (invalid_scope: no such scope)",
        ),
        (
            "state=STATE&code=a&iss=https://evil.example",
            "credential-consent-issuer",
            "is of another issuer, 'https://evil.example', not 'https://login.acme.example'",
        ),
    ],
)
def test_an_answer_that_is_none_asks_for_no_token(
    use: Any, server: TokenServer, answer: str, code: str, words: str
) -> None:
    """RFC 6749, sections 3.1, 4.1.2.1 and 10.12, and RFC 9207, section 2.4: who answers is asked
    nothing, and the right answer is still taken.
    """
    use("authorizationCode", issuer="https://login.acme.example")
    with runtime() as shared:

        async def consents() -> None:
            consent = await ask_consent(shared, "crm", CALLBACK)
            with pytest.raises(CredentialError) as caught:
                await consent.finish(f"{CALLBACK}?{answer.replace('STATE', consent.state)}")
            assert caught.value.code == code
            assert words in str(caught.value)
            assert not server.requests
            right = f"{CALLBACK}?code=c4n4ry&state={consent.state}&iss=https://login.acme.example"
            await consent.finish(right)
            with pytest.raises(CredentialError, match="was used already") as again:
                await consent.finish(right)
            assert again.value.code == "credential-consent-used"

        run(shared, consents)
    assert [form["code"] for form in server.requests] == [["c4n4ry"]]


def test_a_person_has_a_quarter_of_an_hour(use: Any, server: TokenServer) -> None:
    """An answer after that is not taken."""
    use("authorizationCode")
    time = Time()
    with runtime() as shared:
        shared.clock = time.clock
        consent = run(shared, lambda: ask_consent(shared, "crm", CALLBACK))
        time.even += consent.expires_in + 1
        late = f"{CALLBACK}?code=c&state={consent.state}"
        with pytest.raises(CredentialError, match="nobody consented within 900 s"):
            run(shared, lambda: consent.finish(late))
    assert not server.requests


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"grant": "clientCredentials", "authorizationUrl": None}, "gets tokens by itself"),
        ({"authorizationUrl": "http://login.acme.example/"}, "everybody on the way"),
        ({"tokenUrl": "/token"}, "write the whole URL"),
    ],
)
def test_a_credential_that_asks_nobody_says_so(use: Any, fields: dict[str, Any], says: str) -> None:
    """Before a person is bothered."""
    use(**{"grant": "authorizationCode", **fields})
    with runtime() as shared, pytest.raises(CredentialError, match=says):
        run(shared, lambda: ask_consent(shared, "crm", CALLBACK))


def test_a_scheme_without_consent_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bearer token has nothing stored, either."""
    monkeypatch.setenv(VARIABLE, "c4n4ry")
    with runtime() as shared:
        with pytest.raises(CredentialError, match="'bearer', asks nobody"):
            run(shared, lambda: ask_consent(shared, "crm", CALLBACK))
        assert run(shared, lambda: stored_token(shared, "crm")) is None


def test_a_consent_that_has_ended_says_how_to_connect_again(use: Any, server: TokenServer) -> None:
    """A refresh token that is not valid any more is not to be had without a person."""
    definition = use("authorizationCode")

    async def consents() -> None:
        consent = await ask_consent(shared, "crm", CALLBACK)
        await consent.finish(f"{CALLBACK}?code=c&state={consent.state}")

    with runtime() as shared:
        run(shared, consents)
        server.revoke()
        server.refresh = "another"
        with pytest.raises(CredentialError) as caught:
            HttpTask(definition, runtime=shared).call()
    assert "run `httptask credentials connect crm`, or press Connect" in str(caught.value)
    assert "/credentials" in str(caught.value)


# On another device


@pytest.mark.parametrize(
    ("lies", "expires_in", "interval"),
    [
        ({}, 600, 5),
        ({"interval": 7, "expires_in": "300"}, 300, 7),
        ({"interval": -1, "expires_in": -1}, 600, 5),
        ({"interval": True, "expires_in": True}, 600, 5),
        ({"interval": 1e308, "expires_in": 10**400}, 600, 3600),
        ({"interval": None, "expires_in": None}, 600, 5),
    ],
)
def test_a_server_may_lie_about_times(
    server: TokenServer, use: Any, lies: dict[str, Any], expires_in: float, interval: float
) -> None:
    """What is no time is RFC 8628's default; nobody waits for longer than an hour."""
    use("deviceCode")
    server.answer = answering(ASKED | lies)
    with runtime() as shared:
        consent = device(shared)
    assert (consent.expires_in, consent.interval) == (expires_in, interval)
    assert "c4n4ry" not in repr(consent)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (answering(b"<html>c", "200 OK", ("Content-Type", "text/html")), "an HTML page"),
        (answering({}), "no user code stands in it; check deviceAuthorizationUrl"),
        (answering(ASKED | {"verification_uri": "javascript:alert(1)"}), "no user code"),
        (answering(ASKED | {"user_code": 5}), "no user code"),
        (answering({"error": "invalid_client"}, "401 Unauthorized"), "check clientId"),
        (answering(b"", "404 Not Found"), "answered 404"),
        (answering(b"", "302 Found", ("Location", "/x?c=c4n4ry")), "is not redirected"),
    ],
)
def test_an_answer_without_a_user_code_says_what_to_do(
    server: TokenServer, use: Any, answer: Any, says: str
) -> None:
    """With the status and the start of the answer."""
    use("deviceCode")
    server.answer = answer
    with runtime() as shared, pytest.raises(CredentialError) as caught:
        device(shared)
    assert says in str(caught.value)
    assert caught.value.status_code is not None
    assert "c4n4ry" not in str(caught.value)


def test_polling_slows_down_when_it_is_told_to(server: TokenServer, use: Any) -> None:
    """RFC 8628, section 3.5: 5 seconds more for slow_down, twice as much for a server that is
    busy.
    """
    use("deviceCode")
    server.answer = answering(ASKED)
    with runtime() as shared:
        consent = device(shared)
        intervals = []
        for body, status in (
            ({"error": "authorization_pending"}, "400 Bad Request"),
            ({"error": "slow_down"}, "400 Bad Request"),
            ({}, "503 Service Unavailable"),
        ):
            server.answer = answering(body, status)
            assert run(shared, consent.poll) is None
            intervals.append(consent.interval)
        server.answer = None
        assert run(shared, consent.poll) is not None
    assert intervals == [5, 10, 20]
    assert server.requests[-1]["device_code"] == ["c4n4ry-device"]


def test_polling_ends_with_the_code(server: TokenServer, use: Any) -> None:
    """By the server's word, or by the time it named."""
    use("deviceCode")
    server.answer = answering(ASKED)
    time = Time()
    with runtime() as shared:
        shared.clock = time.clock
        consent = device(shared)
        server.answer = answering({"error": "expired_token"}, "400 Bad Request")
        with pytest.raises(CredentialError, match="nobody entered the code within 600 s"):
            run(shared, consent.poll)
        asked = len(server.requests)
        time.even += 601
        with pytest.raises(CredentialError, match="nobody entered the code within 600 s"):
            run(shared, consent.finish)
    assert len(server.requests) == asked


# A token endpoint that does not answer; a key that is another's


@pytest.mark.parametrize(
    ("handler", "limits", "says"),
    [
        (servers.silent(), {"readTimeoutSeconds": 1}, "(timeout): the server sent nothing for 1 s"),
        (servers.silent(), {"totalTimeoutSeconds": 1}, "no token came from 127.0.0.1"),
        (servers.drip(0.3), {"totalTimeoutSeconds": 1}, "no token came from 127.0.0.1"),
    ],
)
def test_a_token_endpoint_that_hangs_is_an_error_of_the_credential(
    use: Any, handler: servers.Handler, limits: dict[str, float], says: str
) -> None:
    """Whichever of the task's limits ends it: the task's own request was never sent, and another
    try may help.
    """
    # The runtime waits for the refresh that goes on: it ends with the server.
    with runtime() as shared, servers.raw_server(handler) as silent:
        fields = {"authorizationUrl": None, "tokenUrl": silent.url, "clientSecret": "c4n4ry"}
        task = use("clientCredentials", **fields) | {"readTimeoutSeconds": 5} | limits
        with pytest.raises(CredentialError) as failed:
            HttpTask(task, name="task", runtime=shared).call()
    error = failed.value
    assert says in str(error)
    assert (error.maybe_delivered, error.retryable) == (False, True)
    if "totalTimeoutSeconds" in limits:
        assert "the total of 1 s (totalTimeoutSeconds) passed" in str(error)
        assert "the task's request was never sent" in str(error)
        assert "raise totalTimeoutSeconds" in str(error)
    assert error.exchange is not None
    (attempt,) = error.exchange.attempts
    assert [part.kind for part in attempt.sub_exchanges] == ["token"]


def test_a_refresh_that_hangs_after_a_refusal_says_what_was_answered(
    server: TokenServer, use: Any
) -> None:
    """The API answered 401, the new token never came: that is said, and is no timeout of the
    API's.
    """
    definition = use("clientCredentials", authorizationUrl=None, clientSecret="c4n4ry")
    with runtime() as shared:
        task = HttpTask(definition | {"totalTimeoutSeconds": 2}, name="task", runtime=shared)
        task.call()
        server.revoke()
        with held(server), pytest.raises(CredentialError) as failed:
            task.call()
    assert "its server had answered 401, and nothing was sent again" in str(failed.value)


def test_a_token_that_another_task_waits_for_is_an_error_of_the_credential_too(
    server: TokenServer, use: Any
) -> None:
    """Who waits for the same refresh has sent nothing either, whoever asked for it."""
    definition = use("clientCredentials", authorizationUrl=None, clientSecret="c4n4ry")
    first, second = (definition | {"totalTimeoutSeconds": seconds} for seconds in (60, 1))
    with runtime() as shared:
        ended = []

        def run_first() -> None:
            try:
                HttpTask(first, name="task", runtime=shared).call()
            except CredentialError as error:
                ended.append(error)

        thread = threading.Thread(target=run_first)
        with held(server):
            thread.start()
            assert server.asked.wait(servers.HANG_SECONDS)
            with pytest.raises(CredentialError, match="the task's request was never sent"):
                HttpTask(second, name="task", runtime=shared).call()
        thread.join()
    assert len(ended) == 1


def test_questions_for_consent_keep_to_the_limits_of_their_origin(
    server: TokenServer, use: Any
) -> None:
    """What a server says of its limits holds for who connects, as for every other token request:
    the code that is asked for next waits until then, or says until when.
    """
    use("deviceCode")
    server.answer = answering(
        {"error": "temporarily_unavailable"}, "429 Too Many Requests", ("Retry-After", "90")
    )
    with runtime() as shared:
        with pytest.raises(CredentialError):
            device(shared)
        asked = len(server.requests)
        with pytest.raises(CredentialError, match=r"limited until 2.* no server was asked") as late:
            device(shared)
    assert late.value.retryable
    assert len(server.requests) == asked == 1


def test_questions_for_consent_keep_to_the_rate_of_their_credential(
    server: TokenServer, use: Any
) -> None:
    """One request in 90 s is one: polling does not send a second one at once."""
    use("deviceCode", rateLimit={"requests": 1, "seconds": 90, "burst": 1})
    server.answer = answering(ASKED)
    with runtime() as shared:
        consent = device(shared)
        assert run(shared, consent.poll) is None
    assert len(server.requests) == 1


def test_a_key_of_another_certificate_is_an_error_of_the_credential(
    server: TokenServer, use: Any
) -> None:
    """It is found out before anything is sent."""
    authority = trustme.CA()
    ann, bob = authority.issue_cert("ann"), authority.issue_cert("bob")
    fields = {
        "clientAuthentication": "tls",
        "certificate": ann.cert_chain_pems[0].bytes().decode(),
        "key": {"pem": bob.private_key_pem.bytes().decode()},
    }
    with servers.tls_server(servers.respond(servers.OK)) as guarded:
        definition = use("clientCredentials", authorizationUrl=None, tokenUrl=guarded.url, **fields)
        error = failure(definition)
    assert isinstance(error, CredentialError)
    assert "the key does not fit the client's certificate" in str(error)
    assert "PRIVATE" not in str(error)


# What its errors show

CODE = "c4n4ry-code"
NO_HTTP = b"HTTP/1.1 c4n4ry-secret\r\n\r\n"
ECHO = servers.response(b'{"echo": "c4n4ry-secret"}', servers.JSON, status="400 Bad Request")


@pytest.mark.parametrize("answer", [NO_HTTP, ECHO], ids=["no HTTP", "an echo"])
@pytest.mark.parametrize("grant", ["authorizationCode", "deviceCode", "asking a device"])
def test_no_error_of_a_consent_shows_a_secret(
    server: TokenServer, use: Any, grant: str, answer: bytes
) -> None:
    """Neither its text, nor a cause, nor a local variable of a frame: a command prints it, and a
    crash reporter takes the rest.
    """
    use("deviceCode" if "device" in grant else grant, clientSecret="c4n4ry-secret")
    server.answer = answering(ASKED)

    async def consent(shared: Runtime) -> None:
        if grant == "asking a device":
            server.answer = lambda _: answer
        asked = await ask_consent(shared, "crm", CALLBACK)
        server.answer = lambda _: answer
        if isinstance(asked, DeviceConsent):
            await asked.poll()
        else:
            await asked.finish(f"{CALLBACK}?code={CODE}&state={asked.state}")

    with runtime() as shared, pytest.raises(CredentialError) as caught:
        run(shared, lambda: consent(shared))
    assert re.findall(r".{,60}c4n4ry.{,60}", reported(caught.value)) == []
