"""OAuth 2.0: what is sent to a token endpoint, what is made of its answer, and where a token goes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

import servers
from httptask.errors import CredentialError
from httptask.model.api import Endpoint, Server
from httptask.task import HttpTask, stored_token
from tasks import call, exchange, failure, http, runtime
from token_server import TokenServer, decoded, token_server

VARIABLE = "HTTPTASK_CREDENTIAL_CRM"


@pytest.fixture
def use(server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Set the credential, and return a task that uses it."""

    def used(grant: str = "clientCredentials", **fields: Any) -> dict[str, Any]:
        monkeypatch.setenv(VARIABLE, server.credential(grant, **fields))
        return http(server.url + "/me", credentials="crm")

    return used


# The token request


def test_client_credentials_ask_once_and_keep_the_token(server: TokenServer, use: Any) -> None:
    """One runtime asks for one token, whichever tasks it runs, and however."""
    definition = use(scopes=["a", "b"], audience="api", resource=["https://r/1", "https://r/2"])
    with runtime() as shared:
        for _ in range(3):
            HttpTask(definition, runtime=shared).call()
    [form] = server.requests
    assert form == {
        "grant_type": ["client_credentials"],
        "scope": ["a b"],
        "audience": ["api"],
        "resource": ["https://r/1", "https://r/2"],
    }
    assert len(server.sent) == 3


def test_a_separator_and_extra_fields_are_sent_as_the_credential_says(
    server: TokenServer, use: Any
) -> None:
    """Providers differ in what stands between scopes, and want fields of their own."""
    extra = {"token": {"tenant": "t1", "flag": True}, "headers": {"X-Extra": "1"}}
    call(use(scopes=["a", "b"], scopeSeparator=",", extra=extra))
    assert server.requests[0]["scope"] == ["a,b"]
    assert server.requests[0]["tenant"] == ["t1"]
    assert server.requests[0]["flag"] == ["true"]


def test_a_password_is_a_grant(server: TokenServer, use: Any) -> None:
    """User name and password go to the token endpoint alone; what follows is a refresh."""
    server.lives = 1
    definition = use("password", username="ann", password="pw")
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared)
        seen = task.test_request()
        server.revoke()
        task.call()
    first, second = server.requests
    assert (first["username"], first["password"]) == (["ann"], ["pw"])
    assert second["grant_type"] == ["refresh_token"]
    shown = json.dumps(seen.to_json())
    assert '"password=' not in shown
    assert "password=pw" not in shown


def test_a_password_begins_again_when_its_refresh_token_has_ended(
    server: TokenServer, use: Any
) -> None:
    """Who can ask anew does."""
    definition = use("password", username="ann", password="pw")
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared)
        task.call()
        server.revoke()
        server.refresh = "another"
        assert task.call().status_code == 200
    assert [form["grant_type"][0] for form in server.requests] == [
        "password",
        "refresh_token",
        "password",
    ]


def test_a_refresh_token_rotates(server: TokenServer, use: Any) -> None:
    """The new one is used from then on."""
    definition = use("refreshToken", refreshToken="refresh-0")
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared)
        for _ in range(3):
            task.call()
            server.revoke()
    used = [form["refresh_token"][0] for form in server.requests]
    assert used == ["refresh-0", "c4n4ry-refresh-1", "c4n4ry-refresh-2"]


def test_a_refresh_token_that_is_not_given_anew_stays(server: TokenServer, use: Any) -> None:
    """RFC 6749, section 6: without a new one, the old one is used again."""
    server.rotates = False
    server.answer = lambda given: servers.response(
        json.dumps({"access_token": given["access_token"]}).encode(), servers.JSON
    )
    definition = use("refreshToken", refreshToken="refresh-0")
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared)
        task.call()
        server.revoke()
        task.call()
    assert server.granted == 2


@pytest.mark.parametrize(
    ("grant", "fields", "form"),
    [
        (  # RFC 6749, section 4.3.2
            "password",
            {"username": "johndoe", "password": "A3ddj3w", "scopes": ["a", "b"]},
            {
                "grant_type": "password",
                "username": "johndoe",
                "password": "A3ddj3w",
                "scope": "a b",
            },
        ),
        (  # RFC 8693, section 2.3
            "tokenExchange",
            {"subjectToken": "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC"},
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC",
                "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            },
        ),
        (
            "tokenExchange",
            {
                "subjectToken": "for-ann",
                "subjectTokenType": "jwt",
                "actorToken": "by-a-robot",
                "requestedTokenType": "urn:acme:ticket",
            },
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": "for-ann",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "actor_token": "by-a-robot",
                "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "requested_token_type": "urn:acme:ticket",
            },
        ),
    ],
)
def test_a_token_request_has_the_fields_of_its_grant(
    server: TokenServer, use: Any, grant: str, fields: dict[str, Any], form: dict[str, str]
) -> None:
    """And no others: as the RFC of the grant has them."""
    call(use(grant, **fields))
    assert server.requests == [{name: [value] for name, value in form.items()}]


CLIENT = {"clientId": "a:b c", "clientSecret": "s%:é"}


@pytest.mark.parametrize(
    ("authentication", "pair", "form"),
    [
        (None, "a%3Ab+c:s%25%3A%C3%A9", {}),
        ("basic", "a%3Ab+c:s%25%3A%C3%A9", {}),
        ("basicRaw", "a:b c:s%:é", {}),
        ("post", "", {"client_id": ["a:b c"], "client_secret": ["s%:é"]}),
        ("none", "", {"client_id": ["a:b c"]}),
    ],
)
def test_a_client_says_who_it_is_as_the_credential_says(
    server: TokenServer, use: Any, authentication: str | None, pair: str, form: dict[str, Any]
) -> None:
    """Basic encodes by RFC 6749, section 2.3.1; providers that do not decode have `basicRaw`."""
    call(use(clientAuthentication=authentication, **CLIENT))
    assert server.clients == [pair]
    assert server.requests[0] == {"grant_type": ["client_credentials"], **form}
    if authentication in (None, "basic"):
        assert decoded(pair) == ["a:b c", "s%:é"]


def test_a_relative_token_url_is_one_of_the_endpoints_server(
    server: TokenServer, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is resolved against the described server; a server that is no origin of the credential is
    refused, and without any server the whole URL is asked for.
    """
    definition = use(tokenUrl="/token")
    endpoint = Endpoint("me", "GET", "/me", "acme", servers=(Server(server.url + "/v1"),))
    with runtime() as shared:
        HttpTask(definition, runtime=shared, endpoint=endpoint).call()
        assert server.granted == 1
        use(tokenUrl="/token", origins=[server.url, "https://b.example"])
        elsewhere = Endpoint("me", "GET", "/me", "acme", servers=(Server("https://c.example"),))
        with pytest.raises(CredentialError, match="none of its origins"):
            HttpTask(definition, runtime=shared, endpoint=elsewhere).call()
    use(tokenUrl="/token")
    assert "write the whole URL" in str(failure(definition))


# Its answer


def answered(body: str | bytes, *headers: tuple[str, str], status: str = "200 OK") -> Any:
    raw = body.encode() if isinstance(body, str) else body
    return lambda given: servers.response(
        raw.replace(b"TOKEN", given["access_token"].encode()), *headers, status=status
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": "TOKEN"}',
        '\ufeff{"access_token": "TOKEN", "expires_in": null}',
        '{"access_token": "TOKEN", "expires_in": "3600"}',
        '{"access_token": "TOKEN", "expires_in": 3599.5}',
        '{"access_token": "TOKEN", "expires_in": "soon", "token_type": "BEARER"}',
        '{"access_token": "TOKEN", "expires_in": -5, "token_type": null}',
        '{"access_token": "TOKEN", "expires_in": 1e300}',
        '{"access_token": "TOKEN", "expires_in": true, "refresh_token": ""}',
        "access_token=TOKEN&expires_in=3600&token_type=bearer",
        '{"access_token": "TOKEN", "scope": "a", "scope": "a b"}',
        '{"access_token": "TOKEN", "user": "Zo\xeb"}'.encode("latin-1"),
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "text/html", "text/plain"])
def test_an_answer_is_read_whatever_its_form(
    server: TokenServer, use: Any, body: str | bytes, media_type: str
) -> None:
    """JSON or form encoding, of any media type; a life that is none, a name that comes twice and
    letters that are no UTF-8 do not matter.
    """
    server.answer = answered(body, ("Content-Type", media_type))
    with runtime() as shared:
        task = HttpTask(use(), runtime=shared)
        assert task.call().status_code == 200
        task.call()
    assert server.granted == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"scope": "a", "access_token": "c4n4ry-new',
        '{"refresh_token": "c4n4ry-\\',
        '\ufeff{"refresh_token": "c4n4ry-new", "expires_in":',
        '{"access_token": ["c4n4ry-new", "c4n4ry-newer"]}',
    ],
)
def test_a_token_of_an_answer_that_cannot_be_read_is_shown_nowhere(
    server: TokenServer, use: Any, body: str
) -> None:
    """Cut off in its middle, behind a byte order mark, in a list: nobody knows it, and it may be
    valid.
    """
    server.answer = answered(body, servers.JSON)
    seen = exchange(use())
    assert seen.outcome == "credential"
    assert "c4n4ry" not in json.dumps(seen.to_json()) + repr(seen)


def test_a_secret_that_a_long_answer_echoes_is_shown_in_no_part(
    server: TokenServer, use: Any
) -> None:
    """Nor where an exchange shows no more of the answer; what is shown is said to be its start."""
    end = b'c4n4ry-secret"}'
    for length, is_cut in ((131_072, False), (131_079, True)):
        server.answer = lambda given, length=length: servers.response(
            json.dumps(given).replace("}", ', "echo": "').encode().ljust(length - len(end), b"x")
            + end,
            servers.JSON,
        )
        seen = exchange(use())
        assert seen.outcome == "success"
        (token,) = seen.attempts[0].sub_exchanges
        assert token.hop.response is not None
        assert token.hop.response.truncated is is_cut
        assert (token.hop.response.decoded_as == "json") is not is_cut
        assert "c4n4ry" not in json.dumps(seen.to_json()) + repr(seen)


def test_a_compressed_answer_is_read(server: TokenServer, use: Any) -> None:
    """Its coding is taken off first (RFC 9110, section 8.4), as far as a token can be long."""
    padding = ""

    def answer(given: dict[str, Any]) -> bytes:
        body = json.dumps({"access_token": given["access_token"], "padding": padding})
        return servers.response(servers.compressed(body.encode()), servers.JSON, servers.GZIP)

    server.answer = answer
    assert call(use()).status_code == 200
    padding = "x" * 2_000_000
    assert "unpacks to more than" in str(failure(use()))


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ("<html>Sign in</html>", "200 OK", "HTML page"),
        ("<html>Sign in</html>", "404 Not Found", "check tokenUrl"),
        ("ok", "200 OK", "neither JSON nor a form"),
        ('{"token": "TOKEN"}', "200 OK", "tokenAt.accessToken"),
        ('{"access_token": 5}', "200 OK", "tokenAt.accessToken"),
        ('{"access_token": "a\\nb"}', "200 OK", "tokenAt.accessToken"),
        ('{"access_token": ', "200 OK", "neither JSON"),
        # Tokens in what is not understood
        (""")]}',\n{"access_token": "TOKEN"}""", "200 OK", "neither JSON"),
        ('\ufeff{"accessToken": "TOKEN"}', "200 OK", "tokenAt.accessToken"),
        ('"TOKEN"', "200 OK", "neither JSON"),
        ("TOKEN.TOKEN\n", "200 OK", "neither JSON"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJjIjoxfQ.c4n4ry", "200 OK", "neither JSON"),
        ('<script>t = {\'a\': 1, "id_token": "TOKEN"}</script>', "200 OK", "HTML page"),
        ('{"error": "bad_verification_code"}', "200 OK", "bad_verification_code"),
        (
            '{"error": "invalid_client"}',
            "401 Unauthorized",
            'the secret in the body: "clientAuthentication": "post"',
        ),
        ('{"error": "invalid_scope"}', "400 Bad Request", "check the scopes"),
        ('{"access_token": "TOKEN", "token_type": "DPoP"}', "200 OK", "'DPoP'"),
        ("", "302 Found", "is https://elsewhere.example/token the tokenUrl?"),
    ],
)
def test_an_answer_without_a_token_says_what_to_do(
    server: TokenServer, use: Any, body: str, status: str, says: str
) -> None:
    """Class `credential`, with the status, the start of the answer and what to do; no secret."""
    location = ("Location", "https://elsewhere.example/token?code=c4n4ry")
    server.answer = answered(
        body, location if status.startswith("302") else servers.JSON, status=status
    )
    error = failure(use())
    assert isinstance(error, CredentialError)
    assert error.status_code == int(status[:3])
    assert not error.retryable
    assert says in str(error)
    assert "c4n4ry" not in str(error) + json.dumps(
        error.exchange.to_json() if error.exchange else 0
    )
    assert not server.sent


def test_a_token_may_stand_anywhere_in_an_answer(server: TokenServer, use: Any) -> None:
    """`tokenAt` says where, and it is masked there, too."""
    server.answer = answered(
        '{"data": {"jwt-value": "TOKEN", "ttl": 5000}, "error": 0}', servers.JSON
    )
    at = {"accessToken": "$.data['jwt-value']", "expiresIn": "$.data.ttl"}
    seen = exchange(use(tokenAt=at))
    assert seen.outcome == "success"
    assert "c4n4ry" not in json.dumps(seen.to_json())


@pytest.mark.parametrize("is_renamed", [True, False])
def test_every_field_of_an_answer_may_stand_elsewhere(
    server: TokenServer, use: Any, is_renamed: bool
) -> None:
    """`tokenAt` names each; those that it does not are where RFC 6749, section 5.1, has them."""
    fields = {
        "access_token": "TOKEN",
        "refresh_token": "c4n4ry-r",
        "id_token": "c4n4ry-i",
        "token_type": "bearer",
        "expires_in": 5000,
        "scope": "a b",
    }
    names = ("accessToken", "refreshToken", "idToken", "tokenType", "expiresIn", "scope")
    at = {name: f"$.data.{name}" for name in names}
    moved = {"data": dict(zip(names, fields.values(), strict=True)), "refresh_token": "other"}
    server.answer = answered(json.dumps(moved if is_renamed else fields), servers.JSON)
    with runtime() as shared:
        HttpTask(use(**({"tokenAt": at} if is_renamed else {})), runtime=shared).call()
        token = asyncio.run(stored_token(shared, "crm"))
    assert token is not None
    assert token.refresh_token == "c4n4ry-r"
    assert (token.id_token, token.scope) == ("c4n4ry-i", "a b")
    assert token.expires_in == 5000


# Where the token goes


@pytest.mark.parametrize(
    ("send_as", "first_line"),
    [
        ({"in": "header", "name": "X-Token"}, "GET /me HTTP/1.1"),
        ({"in": "header", "name": "Authorization", "prefix": "Token "}, "GET /me HTTP/1.1"),
        ({"in": "query"}, "GET /me?access_token=c4n4ry-access-1 HTTP/1.1"),
        ({"in": "query", "name": "t"}, "GET /me?t=c4n4ry-access-1 HTTP/1.1"),
    ],
)
def test_a_token_goes_where_the_credential_says(
    use: Any, send_as: dict[str, str], first_line: str
) -> None:
    """In a header of any name and prefix, or in the query; masked in each."""
    with servers.raw_server(servers.respond(servers.OK)) as api, token_server() as tokens:
        definition = use(tokenUrl=tokens.url + "/token", sendAs=send_as)
        definition["httpRequest"]["url"] = api.url + "/me"
        seen = exchange(definition)
        [sent] = api.received
    assert sent.decode().splitlines()[0] == first_line
    if send_as["in"] == "header":
        wanted = f"{send_as['name']}: {send_as.get('prefix', '')}c4n4ry-access-1"
        assert wanted in sent.decode()
    assert "c4n4ry" not in json.dumps(seen.to_json())


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        ("application/json", {"a": 1}, b'{"a":1,"auth":"c4n4ry-access-1"}'),
        ("application/x-www-form-urlencoded", {"a": 1}, b"a=1&auth=c4n4ry-access-1"),
    ],
)
def test_a_token_may_be_a_field_of_the_body(
    use: Any, media_type: str, body: Any, expected: bytes
) -> None:
    """Of a JSON object or a form."""
    with servers.raw_server(servers.respond(servers.OK)) as api, token_server() as tokens:
        fields = {"in": "body", "name": "auth"}
        definition = use(tokenUrl=tokens.url + "/token", sendAs=fields)
        definition["httpRequest"] |= {
            "url": api.url,
            "method": "POST",
            "headers": {"Content-Type": media_type},
            "body": body,
        }
        seen = exchange(definition)
        assert api.received[0].endswith(expected)
    assert "c4n4ry" not in json.dumps(seen.to_json())


def test_showing_a_request_asks_for_no_token(server: TokenServer, use: Any) -> None:
    """A mask stands where the token would."""
    with runtime() as shared:
        shown = HttpTask(use(), runtime=shared).render()
    assert ("Authorization", "Bearer •••") in shown.headers
    assert not server.requests


# A token that is not valid any more


def test_a_refused_token_is_refreshed_once(server: TokenServer, use: Any) -> None:
    """On a 401 the request is sent again with a new token, within the same attempt."""
    with runtime() as shared:
        task = HttpTask(use(), runtime=shared)
        task.call()
        server.revoke()
        seen = task.test_request()
    assert seen.outcome == "success"
    [attempt] = seen.attempts
    assert [hop.challenged for hop in attempt.hops] == [True, False]
    assert [each.before_hop for each in attempt.sub_exchanges] == [1]
    assert server.granted == 2


def test_a_condition_says_that_a_token_is_not_valid_any_more(server: TokenServer, use: Any) -> None:
    """Some servers say it with 200 and a code of their own."""
    expired = servers.response(b'{"errcode": 40001}', servers.JSON)
    when = {"status": [], "condition": "${jsonata: body.errcode = 40001}"}
    with servers.raw_server(
        servers.sequence(servers.respond(expired), servers.respond(servers.OK))
    ) as api:
        definition = use(refreshWhen=when)
        definition["httpRequest"]["url"] = api.url
        assert call(definition).body == {"ok": True}
    assert server.granted == 2


# The credential


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"grant": "implicit"}, "'grant' must be one of clientCredentials"),
        ({"tokenURL": "c4n4ry"}, "did you mean 'tokenUrl'?"),
        ({"scopes": "c4n4ry"}, "'scopes' must be a list"),
        ({"scopes": ["a", 5]}, "/scopes/1 must be text"),
        ({"tokenAt": {"accesToken": "$.c4n4ry"}}, "did you mean 'accessToken'?"),
        ({"tokenAt": {"accessToken": "c4n4ry"}}, "JSONPath"),
        ({"sendAs": {"in": "c4n4ry"}}, "header, query, cookie, body"),
        ({"grant": "password", "username": "c4n4ry"}, "'password' is missing"),
        ({"clientSecret": None, "clientAuthentication": "post"}, "'clientSecret' is missing"),
        ({"tokenUrl": None}, "'tokenUrl' is missing"),
        ({"clientAuthentication": "tls"}, "'certificate' is missing"),
        ({"clientAuthentication": "tls"}, "needs it, or pkcs12"),
        ({"extra": {"token": "c4n4ry"}}, "/extra/token must be an object"),
    ],
)
def test_a_credential_that_cannot_be_used_says_why(
    use: Any, fields: dict[str, Any], says: str
) -> None:
    """Where, what, and what would be right; no value is shown."""
    error = failure(use(**fields))
    assert isinstance(error, CredentialError)
    assert says in str(error)
    assert "c4n4ry" not in str(error)


def test_nothing_secret_of_a_credential_is_shown_anywhere(
    server: TokenServer, use: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nested values neither: what an API echoes of any of them is masked."""
    caplog.set_level(logging.DEBUG)
    extra = {"token": {"pin": "c4n4ry-pin"}, "headers": {"X-Partner": "c4n4ry-partner"}}
    echoed = urlencode({"a": "c4n4ry-pin", "b": "c4n4ry-partner", "c": "c4n4ry-secret"})
    with servers.raw_server(
        servers.respond(servers.response(echoed.encode(), ("Content-Type", "text/plain")))
    ) as api:
        definition = use(extra=extra)
        definition["httpRequest"]["url"] = api.url
        seen = exchange(definition)
    assert seen.outcome == "success"
    assert "c4n4ry" not in json.dumps(seen.to_json()) + repr(seen) + caplog.text
