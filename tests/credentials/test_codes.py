"""What is wrong with a credential is a value: a code and its params, beside the sentence."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

import pytest

import servers
from httptask import hookimpl
from httptask.credentials.oauth2._grants import GRANTS
from httptask.errors import CredentialError, HttpTaskError, Problem
from httptask.model.credential import Credential
from httptask.model.exchange import OutgoingRequest
from httptask.task import ask_consent
from tasks import failure, http, runtime, store

KEY = "c4n4ry-k3y"


class Scheme:
    """A plugin's scheme that fails by what *fail* raises."""

    name = "acme"
    fields: ClassVar[dict[str, str]] = {"key": "secret"}

    def __init__(self, error: Exception) -> None:
        self._error = error

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        return [self]

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        raise self._error


def refusal(url: str = "http://127.0.0.1:1", *plugins: Any, **fields: Any) -> CredentialError:
    error = failure(http(url, **{"credentials": "crm", **fields}), *plugins)
    assert isinstance(error, CredentialError), repr(error)
    return error


OAUTH = {"type": "oauth2", "grant": "clientCredentials", "clientId": "me", "clientSecret": KEY}
WRITTEN: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (
        {"type": "baerer", "token": KEY},
        "credential-type-unknown",
        {"name": "crm", "type": "baerer", "near": "bearer"},
    ),
    (
        {"type": "bearer", "token": KEY, "origins": ["https://a.example", "https://b.example"]},
        "credential-origin",
        {
            "name": "crm",
            "allowed": ["https://a.example", "https://b.example"],
            "found": "http://127.0.0.1:1",
        },
    ),
]


@pytest.mark.parametrize(("credential", "code", "params"), WRITTEN, ids=[c for _, c, _ in WRITTEN])
def test_a_credential_that_cannot_be_used_has_a_code(
    monkeypatch: pytest.MonkeyPatch, credential: Any, code: str, params: dict[str, Any]
) -> None:
    """Its params are data, without a sentence among them; its problem stands where the task names
    the credential, and the problem's sentence is the error's.
    """
    store(monkeypatch, crm=credential)
    error = refusal()
    assert (error.code, error.params) == (code, params)
    problem = error.problem("/credentials")
    assert problem == Problem.of(code, "/credentials", **params)
    assert error.message.removeprefix("/credentials: ") == problem.message


HMAC = {"type": "hmac", "secret": KEY, "stringToSign": "{method}"}
SIGNED = [{"name": "X-S", "value": "{signature}"}]
JWT_BEARER = {**OAUTH, "grant": "jwtBearer", "tokenUrl": "http://127.0.0.1:1/token"}
OF_SCHEMES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"type": "basic", "username": "a:b", "password": KEY}, "credential-user-colon", {}),
    ({"type": "bearer", "token": f"{KEY}\n"}, "credential-token-text", {}),
    ({"type": "apiKey", "key": KEY}, "credential-api-key-of-none", {"missing": ["in", "name"]}),
    (
        {"type": "apiKey", "key": f"{KEY};", "in": "cookie", "name": "sid"},
        "credential-cookie",
        {},
    ),
    (
        {"type": "apiKey", "key": KEY, "in": "header", "name": "Host"},
        "credential-header",
        {"header": "Host"},
    ),
    (
        {**HMAC, "send": [{"name": "X-S", "value": "none"}]},
        "credential-signature-unsent",
        {},
    ),
    (
        {**HMAC, "send": SIGNED, "secretEncoding": "hex"},
        "credential-not-encoded",
        {"field": "secret", "encoding": "hex", "says": "secretEncoding"},
    ),
    ({"type": "jwt", "key": {"pem": "none"}}, "credential-signing-key-no-pem", {}),
    (
        {"type": "jwt", "key": {"secret": KEY, "alg": "RS256"}},
        "credential-signing-key-algorithm",
        {"found": "RS256", "key": "a secret", "known": ["HS256", "HS384", "HS512"]},
    ),
    (
        {k: v for k, v in JWT_BEARER.items() if k != "clientSecret"},
        "credential-field-missing",
        {"field": "/key/pem", "use": "jwtBearer", "instead": "clientSecret"},
    ),
    (
        {**OAUTH, "tokenUrl": "http://idp.example/token"},
        "credential-url-plain",
        {"field": "tokenUrl", "found": "http://idp.example"},
    ),
    ({**OAUTH, "tokenUrl": "/token"}, "credential-url-relative", {"field": "tokenUrl"}),
    (
        {"type": "bearer", "token": KEY, "origins": ["nowhere"]},
        "credential-store-origin",
        {"source": "HTTPTASK_CREDENTIAL_CRM", "found": "nowhere"},
    ),
    (
        {"token": KEY},
        "credential-store-entry",
        {"source": "HTTPTASK_CREDENTIAL_CRM"},
    ),
]


@pytest.mark.parametrize(
    ("credential", "code", "params"), OF_SCHEMES, ids=[code for _, code, _ in OF_SCHEMES]
)
def test_what_our_own_schemes_and_stores_refuse_has_a_code(
    monkeypatch: pytest.MonkeyPatch, credential: Any, code: str, params: dict[str, Any]
) -> None:
    """It says which credential; the code and the params come through a token request, too."""
    store(monkeypatch, crm=credential)
    error = refusal()
    assert (error.code, error.params) == (code, {"name": "crm", **params})
    assert error.problem("/credentials").message == str(error).removeprefix("/credentials: ")
    assert str(error).startswith("/credentials: credential 'crm': ")
    assert KEY not in json.dumps(error.to_json())


def test_a_credential_that_no_store_has_says_where_it_could_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable and the file are params."""
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", "/nowhere/credentials.json")
    error = refusal(credentials=["first", "crm"])
    assert error.code == "credential-not-stored"
    assert error.params == {
        "name": "first",
        "variable": "HTTPTASK_CREDENTIAL_FIRST",
        "file": "/nowhere/credentials.json",
    }
    assert error.problem("/credentials").pointer == "/credentials/0"


def test_a_certificate_that_cannot_be_shown_has_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names all credentials of the task, one of which has the certificate."""
    store(monkeypatch, crm={"type": "tls", "certificate": "none", "key": "none"})
    with servers.raw_server(servers.close_at_once()) as server:
        error = refusal(server.url.replace("http:", "https:"))
    assert (error.code, error.params) == ("credential-certificate-no-pem", {"names": ["crm"]})
    assert str(error).startswith("credential 'crm': the client's certificate, or its key, cannot")


ANSWERS: list[tuple[bytes, str, dict[str, Any]]] = [
    (
        b'{"error": "invalid_client"}',
        "credential-client-refused",
        {
            "error": "invalid_client",
            "authentication": "basic",
            "checked": ["clientId", "clientSecret"],
            "others": ["basicRaw", "post", "clientSecretJwt"],
        },
    ),
    (b'{"error": "invalid_grant"}', "credential-grant-ended", {"error": "invalid_grant"}),
    (b'{"error": "invalid_scope"}', "credential-scopes-refused", {"error": "invalid_scope"}),
    (b'{"error": "of_its_own"}', "credential-no-token", {"error": "of_its_own"}),
    (b"{}", "credential-no-token", {}),
]


@pytest.mark.parametrize(("answer", "code", "params"), ANSWERS)
def test_a_token_endpoint_that_gives_no_token_is_told_as_data(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, code: str, params: dict[str, Any]
) -> None:
    """The server's words are a param of their own; what to do about them is the code."""
    refused = servers.response(answer, servers.JSON, status="400 Bad Request")
    with servers.raw_server(servers.respond(refused)) as server:
        store(monkeypatch, crm={**OAUTH, "tokenUrl": server.url + "/token"})
        error = refusal(server.url)
        common = {"name": "crm", "server": server.url, "status": 400}
        assert error.code == code
        assert error.params == {**common, "serverMessage": answer.decode(), **params}


ENDED = {
    "clientCredentials": ({}, "credential-grant-ended"),
    "refreshToken": ({"refreshToken": KEY}, "credential-refresh-token-ended"),
    "password": ({"username": "ann", "password": KEY}, "credential-grant-ended"),
    "jwtBearer": ({"clientSecret": KEY * 4}, "credential-grant-ended"),
    "tokenExchange": ({"subjectToken": KEY}, "credential-grant-ended"),
}


@pytest.mark.parametrize("grant", ENDED)
def test_a_grant_that_has_ended_is_told_by_what_renews_it(
    monkeypatch: pytest.MonkeyPatch, grant: str
) -> None:
    """RFC 6749, section 5.2: `invalid_grant`, for each grant that begins without a person."""
    fields, code = ENDED[grant]
    answer = servers.response(b'{"error": "invalid_grant"}', servers.JSON, status="400 Bad Request")
    with servers.raw_server(servers.respond(answer)) as server:
        url = server.url + "/token"
        store(monkeypatch, crm={**OAUTH, "tokenUrl": url, "grant": grant, **fields})
        error = refusal(server.url)
    assert (error.code, error.params["error"]) == (code, "invalid_grant")


GRANT_FACTS = {
    "clientCredentials": (False, True),
    "refreshToken": (True, False),
    "password": (True, True),
    "jwtBearer": (True, True),
    "tokenExchange": (True, True),
    "authorizationCode": (True, False),
    "deviceCode": (True, False),
}


def test_which_grants_refresh_and_which_begin_again_without_a_person() -> None:
    """RFC 6749, section 4.4.3: client credentials need no refresh; a person consents once."""
    facts = {name: (grant.refreshes, grant.begins_again) for name, grant in GRANTS.items()}
    assert facts == GRANT_FACTS
    of_a_person = ("authorizationCode", "deviceCode")
    assert {GRANTS[name].ended for name in of_a_person} == {"credential-consent-ended"}


@pytest.mark.parametrize(
    ("error", "params"),
    [
        (CredentialError(f"the key {KEY} is worn out"), {}),
        (ValueError(f"the key {KEY} is worn out"), {"name": "crm"}),
    ],
)
def test_the_words_of_a_plugins_scheme_are_a_param(
    monkeypatch: pytest.MonkeyPatch, error: Exception, params: dict[str, Any]
) -> None:
    """One code is for all that schemes of plugins raise. A secret in their words is masked in the
    params as it is in the sentence.
    """
    store(monkeypatch, crm={"type": "acme", "key": KEY})
    caught = refusal("http://127.0.0.1:1", Scheme(error))
    assert caught.code == "credential-scheme"
    assert caught.params == {"schemeMessage": "the key ••• is worn out", **params}
    assert str(caught).endswith("the key ••• is worn out")
    assert KEY not in json.dumps(caught.to_json())


WRONG_FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("/tokenURL", "credential-field-unknown", {"field": "tokenURL", "near": "tokenUrl"}),
    ("/clientId", "credential-field-type", {"field": "clientId", "types": ["string"]}),
    ("/scopes/1", "credential-field-type", {"field": "/scopes/1", "types": ["string"]}),
    ("/tokenAt/of", "credential-field-unknown", {"field": "/tokenAt/of"}),
]


def test_what_is_wrong_with_its_fields_is_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its place, code and params; the sentences are made of them, also after a journey,
    and of secrets nothing is told.
    """
    fields = {**OAUTH, "tokenURL": KEY, "clientId": 5, "scopes": ["a", 5], "tokenAt": {"of": KEY}}
    store(monkeypatch, crm=fields)
    error = refusal()
    assert error.code == "credential-fields"
    travelled = HttpTaskError.from_json(json.loads(json.dumps(error.to_json())))
    assert isinstance(travelled, CredentialError)
    problem = travelled.problem("")
    assert problem == error.problem("") == Problem.from_json(error.problem("").to_json())
    nested = [Problem.from_json(one) for one in problem.params["problems"]]
    told = {(one.pointer, one.code or "", json.dumps(one.params)) for one in nested}
    assert told >= {(at, code, json.dumps(params)) for at, code, params in WRONG_FIELDS}
    for one in nested:
        assert one == Problem.of(one.code or "", one.pointer, **one.params)
        assert one.message in problem.message
    assert KEY not in json.dumps(error.to_json())


def test_brackets_of_a_sentence_stay_where_no_param_is_in_them() -> None:
    """They are what pip is given, and no part that may be left out."""
    missing = {"use": "PKCS#12", "package": "cryptography", "extra": "keys"}
    assert "pip install 'httptask[keys]'" in Problem.of("credential-package", "", **missing).message


def test_a_credential_error_travels_with_its_code() -> None:
    """What an engine stores and reads again is the same value."""
    error = CredentialError.of(
        "credential-unanswered",
        retryable=True,
        retry_after=2.5,
        name="crm",
        server=None,
        outcome="dns",
        failureMessage="the host has no address",
    ).at("/credentials/1")
    back = HttpTaskError.from_json(json.loads(json.dumps(error.to_json())))
    assert isinstance(back, CredentialError)
    assert back.to_json() == error.to_json()
    assert back.problem("") == error.problem("")
    assert "server" not in back.params


def test_nobody_is_asked_by_a_credential_without_consent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outside a task there is no place to point at."""
    store(monkeypatch, crm={"type": "bearer", "token": KEY})
    with runtime() as shared, pytest.raises(CredentialError) as caught:
        asyncio.run(ask_consent(shared, "crm"))
    assert caught.value.code == "credential-asks-nobody"
    assert caught.value.params == {"name": "crm", "type": "bearer"}
    assert caught.value.pointer == ""
