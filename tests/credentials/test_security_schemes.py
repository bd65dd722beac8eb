"""Which credential fits an endpoint, and where its key goes: what the description's security
schemes say.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decoding import decoding_server
from httptask import hookimpl
from httptask.credentials import KnownScheme
from httptask.credentials.plugin import httptask_auth_schemes
from httptask.errors import CredentialError
from httptask.importers import read_api
from httptask.model.api import Endpoint, Parameter
from httptask.model.credential import Credential
from httptask.settings import settings_schema
from httptask.task import HttpTask
from tasks import http, runtime

KEY = "k3y/v=a l"
SIGNED = "s%3Ak3y.v%2Ba"
"""A key that a cookie can hold; it is sent as it is given."""
HEADER = {"type": "apiKey", "in": "header", "name": "X-Key"}
QUERY = {"type": "apiKey", "in": "query", "name": "key"}
COOKIE = {"type": "apiKey", "in": "cookie", "name": "sid"}
SCHEMES: dict[str, dict[str, Any]] = {
    "header": HEADER,
    "query": QUERY,
    "cookie": COOKIE,
    "authorization": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "basic": {"type": "http", "scheme": "Basic"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "digest": {"type": "http", "scheme": "digest"},
    "hoba": {"type": "http", "scheme": "HOBA"},
    "oauth2": {"type": "oauth2", "flows": {}},
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example"},
    "mtls": {"type": "mutualTLS"},
    "mine": {"type": "mine"},
}
CREDENTIALS = {
    "key": {"type": "apiKey", "key": KEY},
    "placed key": {"type": "apiKey", "key": KEY, "in": "header", "name": "x-key"},
    "other key": {"type": "apiKey", "key": KEY, "in": "header", "name": "X-Other"},
    "basic": {"type": "basic", "username": "ann", "password": KEY},
    "bearer": {"type": "bearer", "token": "t0k3n"},
    "digest": {"type": "digest", "username": "ann", "password": KEY},
    "certificate": {"type": "tls", "certificate": "-----BEGIN CERTIFICATE-----", "key": KEY},
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with decoding_server() as url:
        yield url


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The credentials file, with one of each kind."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(CREDENTIALS))
    path.chmod(0o600)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    return path


def endpoint(*alternatives: str, **more: Any) -> Endpoint:
    """Return an endpoint that asks for one of *alternatives*, each the names of schemes that are
    asked for together.
    """
    security = tuple(dict.fromkeys(each.split(), ()) for each in alternatives)
    return Endpoint("i", "GET", "/a", "v", security=security, security_schemes=SCHEMES, **more)


def warnings(
    known: Endpoint, name: str | list[str] | None = None, *plugins: Any, **request: Any
) -> list[tuple[str, str]]:
    """Return what `validate` says of a task for *known* with the credential *name*: places and
    sentences, all warnings.
    """
    with runtime(*plugins) as shared:
        task = http(
            "https://h.example/a",
            request=request,
            inputParameters={"key": "", "all": {}},
            credentials=name,
        )
        found = HttpTask(task, runtime=shared, endpoint=known).problems()
    assert {problem.severity for problem in found} <= {"warning"}
    return [(problem.pointer, problem.message) for problem in found]


# Does it fit?

FITTING = {
    "header": {"key", "placed key"},
    "query": {"key"},
    "cookie": {"key"},
    "authorization": {"key", "basic", "bearer", "digest"},
    "basic": {"basic"},
    "bearer": {"bearer"},
    "oauth2": {"bearer"},
    "openid": {"bearer"},
    "header bearer": set(),
    "digest": {"digest"},
    "hoba": set(CREDENTIALS),
    "mtls": {"certificate"},
    "mine": set(CREDENTIALS),
}
"""What is asked for -> the credentials of which nothing is said: they fit, or nobody can say."""


@pytest.mark.parametrize("asked", FITTING)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_of_another_kind_is_told(asked: str, name: str) -> None:
    """By its type, and for an API key by its place; the warning says what it is and what is asked
    for, and no secret.
    """
    found = warnings(endpoint(asked), name)
    assert (found == []) == (name in FITTING[asked])
    for place, message in found:
        assert place == "/credentials"
        assert repr(name) in message
        assert KEY not in message
        assert "t0k3n" not in message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("header", "an API key in the header named 'X-Key'"),
        ("query", "an API key in the query named 'key'"),
        ("cookie", "an API key in a cookie named 'sid'"),
        ("basic", "a user name and a password (type basic)"),
        ("bearer", "a bearer token"),
        ("oauth2", "an OAuth 2.0 access token, as a bearer token"),
        ("openid", "an OpenID Connect access token, as a bearer token"),
        ("digest", "a user name and a password (type digest)"),
        ("hoba", "a credential of the HTTP scheme 'hoba'"),
        ("mtls", "a client's certificate (mutual TLS)"),
        ("mine", "a credential of the security scheme 'mine'"),
        ("header bearer", "an API key in the header named 'X-Key' and a bearer token"),
    ],
)
def test_no_credential_is_told(asked: str, said: str) -> None:
    """With what the endpoint asks for, in words."""
    assert warnings(endpoint(asked)) == [
        ("/credentials", f"this endpoint asks for {said}: name a credential")
    ]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("basic", {"basic", "authorization"}),
        ("bearer", {"bearer", "oauth2", "openid", "authorization"}),
        ("apiKey", {"header", "query", "cookie", "authorization"}),
        ("digest", {"digest", "authorization"}),
        ("awsSigV4", {"authorization"}),
        ("jwt", {"bearer", "oauth2", "openid", "authorization"}),
        ("tls", {"mtls"}),
        ("oauth2", {"bearer", "oauth2", "openid"}),
    ],
)
def test_the_security_schemes_that_a_type_may_meet(kind: str, asked: set[str]) -> None:
    """A key in `Authorization` may be any credential: OpenAPI 2.0 has no word for most of them."""
    scheme = next(scheme for scheme in httptask_auth_schemes() if scheme.name == kind)
    known = KnownScheme.of(scheme)
    assert {name for name, described in SCHEMES.items() if known.fits(described)} == asked
    assert {known.fits(described) for described in SCHEMES.values()} == {True, False}


def test_alternatives() -> None:
    """One that fits is enough; an empty one asks for nothing; all are named when none fits."""
    assert warnings(endpoint("header", "bearer"), "bearer") == []
    assert warnings(endpoint("bearer", "")) == []
    assert warnings(Endpoint("i", "GET", "/a", "v")) == []
    (found,) = warnings(endpoint("header", "bearer"), "basic")
    assert found[1].endswith("asks for an API key in the header named 'X-Key' or a bearer token")


def test_what_stands_in_the_settings_is_not_asked_for() -> None:
    """A header in the open, or by an expression, whatever its case; one expression for all of a
    group may hold it.
    """
    assert warnings(endpoint("header"), headers={"x-KEY": "${$.key}"}) == []
    known = endpoint("query", parameters=(Parameter("key", "query"),))
    assert warnings(known, query={"key": "${$.key}"}) == []
    assert warnings(endpoint("header"), headers="${$.all}") == []
    assert warnings(endpoint("header bearer"), "bearer", headers={"X-Key": "${$.key}"}) == []
    for asked in ("basic", "bearer", "digest", "oauth2", "openid"):  # RFC 9110, section 11.6.2
        assert warnings(endpoint(asked), headers={"authorization": "${$.key}"}) == []
        assert len(warnings(endpoint(asked), headers={"X-Key": "${$.key}"})) == 1
    assert len(warnings(endpoint("mtls"), headers={"Authorization": "${$.key}"})) == 1


def test_several_keys_at_once() -> None:
    """A credential is one of them: the others may stand in the settings, and the warning says that
    they are missing.
    """
    known = endpoint("query cookie")
    assert {"key"} == set(settings_schema(known)["properties"]["query"]["properties"])
    assert {"sid"} == set(settings_schema(known)["properties"]["cookies"]["properties"])
    assert "query" not in settings_schema(known)["required"]
    (found,) = warnings(known, "key")
    assert "an API key in a cookie named 'sid' is missing" in found[1]
    assert warnings(known, "key", query={"key": "${$.key}"}) == []
    assert settings_schema(endpoint("query"))["properties"]["query"]["properties"] == {}


def test_a_further_key_that_is_a_parameter_too_is_described_once() -> None:
    """Header names have no case (RFC 9110, section 5.1); those of a query have."""
    described = {"type": "string", "title": "Mine"}
    parameters = (
        Parameter("x-key", "header", schema=described),
        Parameter("KEY", "query", schema=described),
    )
    properties = settings_schema(endpoint("header query", parameters=parameters))["properties"]
    assert [name for name in properties["headers"]["properties"] if name.lower() == "x-key"] == [
        "x-key"
    ]
    assert properties["headers"]["properties"]["x-key"]["title"] == "Mine"
    assert set(properties["query"]["properties"]) == {"KEY", "key"}
    same = (Parameter("key", "query", schema=described),)
    properties = settings_schema(endpoint("header query", parameters=same))["properties"]
    assert properties["query"]["properties"]["key"]["title"] == "Mine"


def test_what_nobody_knows_is_not_guessed(store: Path) -> None:
    """A store without it, one that cannot be read, a plugin's store: nothing is said, nothing is
    asked.
    """

    class Vault:
        asked = False

        @hookimpl
        def httptask_credential(self, name: str) -> Credential | None:
            self.asked = True
            raise AssertionError("a vault is not asked to validate")

    vault = Vault()
    assert warnings(endpoint("bearer"), "absent") == []
    assert warnings(endpoint("bearer"), "basic", vault) == []
    assert not vault.asked
    store.write_text("{")
    assert warnings(endpoint("bearer"), "basic") == []


# Where it goes


def sent(server: str, known: Endpoint, name: str, **request: Any) -> Any:
    with runtime() as shared:
        return (
            HttpTask(
                http(f"{server}/a", request=request, credentials=name),
                runtime=shared,
                endpoint=known,
            )
            .call()
            .body
        )


def test_a_key_goes_where_the_description_says(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its name in a header, the query or a cookie; one that says its own place goes there."""
    assert sent(server, endpoint("header"), "key")["headers"]["x-key"] == KEY
    assert sent(server, endpoint("query"), "key")["args"] == [["key", KEY]]
    with pytest.raises(CredentialError) as caught:
        sent(server, endpoint("cookie"), "key")
    assert "RFC 6265" in str(caught.value)
    assert KEY not in str(caught.value)
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_COOKIE_KEY", json.dumps({"type": "apiKey", "key": SIGNED})
    )
    assert sent(server, endpoint("cookie"), "cookie key")["headers"]["cookie"] == f"sid={SIGNED}"
    assert sent(server, endpoint("authorization"), "key")["headers"]["authorization"] == KEY
    assert sent(server, endpoint("query"), "other key")["headers"]["x-other"] == KEY


def test_users_and_tokens(server: str) -> None:
    """HTTP's basic and bearer, and a token for OAuth 2.0 and OpenID Connect."""
    basic = base64.b64encode(f"ann:{KEY}".encode()).decode()
    assert sent(server, endpoint("basic"), "basic")["headers"]["authorization"] == f"Basic {basic}"
    for asked in ("bearer", "oauth2", "openid"):
        assert sent(server, endpoint(asked), "bearer")["headers"]["authorization"] == "Bearer t0k3n"


def test_the_first_place_of_several(server: str) -> None:
    """Any alternative does; of several keys at once it is the one that the settings do not hold."""
    read = sent(server, endpoint("bearer", "query", "header"), "key")
    assert (read["args"], "x-key" in read["headers"]) == ([["key", KEY]], False)
    read = sent(
        server,
        endpoint("query cookie header"),
        "key",
        headers={"x-key": "own"},
        cookies={"sid": "own"},
    )
    assert (read["args"], read["headers"]["x-key"]) == ([["key", KEY]], "own")
    read = sent(server, endpoint("query header"), "key", query={"key": "own"})
    assert (read["args"], read["headers"]["x-key"]) == ([["key", "own"]], KEY)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (endpoint("bearer"), "its endpoint does not describe one"),
        (Endpoint("i", "GET", "/a", "v"), "its endpoint does not describe one"),
        (endpoint("query header"), "several at once: query 'key'; header 'X-Key'"),
    ],
)
def test_a_key_without_a_place_is_not_sent(server: str, known: Endpoint, said: str) -> None:
    """The error says what to add, and names the task's `credentials`; the key is not in it."""
    with pytest.raises(CredentialError) as caught:
        sent(server, known, "key")
    assert said in str(caught.value)
    assert "add 'in' and 'name' to the credential" in str(caught.value)
    assert "/credentials" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_that_stands_in_the_settings_already(server: str) -> None:
    """One of the two is too much; the error says which place it is."""
    with pytest.raises(CredentialError, match="already: header 'X-Key'; leave that out"):
        sent(server, endpoint("header"), "key", headers={"x-key": "own"})


def test_a_key_that_is_described_as_a_parameter_too(server: str) -> None:
    """Many descriptions require it twice. The credential is enough; without one the warning asks
    for it; the parameter stays.
    """
    known = endpoint(
        "query",
        parameters=(
            Parameter("key", "query", required=True),
            Parameter("q", "query", required=True),
        ),
    )
    assert settings_schema(known)["properties"]["query"]["required"] == ["q"]
    assert warnings(known, "key", query={"q": 1}) == []
    assert sent(server, known, "key", query={"q": 1})["args"] == [["q", "1"], ["key", KEY]]
    assert sent(server, known, "bearer", query={"q": 1, "key": "own"})["args"] == [
        ["q", "1"],
        ["key", "own"],
    ]


def test_an_imported_description_says_it(server: str) -> None:
    """From Swagger 2.0's securityDefinitions to a key in the query and no warning."""
    document = {
        "swagger": "2.0",
        "info": {"title": "T", "version": "1"},
        "host": "h.example",
        "securityDefinitions": {"k": QUERY},
        "security": [{"k": []}],
        "paths": {"/a": {"get": {"responses": {"200": {"description": ""}}}}},
    }
    (known,) = read_api("t.json", data=json.dumps(document).encode()).endpoints
    assert warnings(known, "key") == []
    assert sent(server, known, "key")["args"] == [["key", KEY]]


# Several together


def test_several_credentials_fill_what_is_asked_for_together(
    store: Path,
) -> None:
    """Each fits one scheme; what is missing is named, and so is what fits nothing."""
    both = endpoint("header bearer", "query cookie header")
    assert warnings(both, ["bearer", "key"]) == []
    assert warnings(both, ["placed key", "bearer"]) == []
    assert warnings(endpoint("header query"), ["key", "placed key"]) == []
    [(place, message)] = warnings(endpoint("header bearer"), ["bearer", "digest"])[:1]
    assert place == "/credentials/1"
    assert "'digest' is of the type 'digest'" in message
    [(place, message)] = warnings(endpoint("header bearer"), ["bearer"])
    assert place == "/credentials"
    assert "an API key in the header named 'X-Key' is missing" in message
    [(place, message)] = warnings(endpoint("query cookie header"), ["key", "placed key"])
    assert message.count("missing") == 1
    assert warnings(endpoint("header bearer"), ["bearer", "who knows"]) == []
