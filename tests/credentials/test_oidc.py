"""OAuth 2.0 as node-oidc-provider judges it: grants, clients, rotation, consent."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.task import HttpTask, Runtime, ask_consent, forget_token, stored_token
from oidc import Judge, judge
from tasks import call, failure, http, runtime

pytestmark = pytest.mark.npm

SECRET = "c4n4ry-secret-of-32-bytes-or-more-for-HS256"
VARIABLE = "HTTPTASK_CREDENTIAL_CRM"
CALLBACK = "http://127.0.0.1:8765/callback"


def pem_of(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


KEYS: dict[str, tuple[str, Any, Any]] = {
    "rsa": ("RS256", RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
    "ec": ("ES256", ECAlgorithm, ec.generate_private_key(ec.SECP256R1())),
    "okp": ("EdDSA", OKPAlgorithm, ed25519.Ed25519PrivateKey.generate()),
}


def jwk_of(name: str) -> dict[str, Any]:
    _, algorithm, key = KEYS[name]
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}


PERSON = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
GRANTS = [
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]


def client(name: str, method: str, **fields: Any) -> dict[str, Any]:
    return {
        "client_id": name,
        "token_endpoint_auth_method": method,
        "grant_types": [*GRANTS, *PERSON],
        "response_types": ["code"],
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback"],
        **({"client_secret": SECRET} if method.startswith("client_secret") else {}),
        **fields,
    }


CLIENTS = [
    client("basic", "client_secret_basic"),
    client("post", "client_secret_post"),
    client("jwt", "client_secret_jwt"),
    client("public", "none", grant_types=PERSON),
    *(client(name, "private_key_jwt", jwks={"keys": [jwk_of(name)]}) for name in KEYS),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Judge]:
    with judge(CLIENTS, assertionKeys={"keys": [jwk_of(name) for name in KEYS]}) as running:
        yield running


@pytest.fixture
def use(server: Judge, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Set the credential, and return a task that uses it."""

    def used(grant: str = "clientCredentials", **fields: Any) -> dict[str, Any]:
        written = {"type": "oauth2", "grant": grant, "issuer": server.issuer, **fields}
        monkeypatch.setenv(VARIABLE, json.dumps(written))
        return http(server.api, credentials="crm")

    return used


def connect(server: Judge, shared: Runtime) -> None:
    """Consent as a person does in a browser."""

    async def run() -> None:
        try:
            consent = await ask_consent(shared, "crm", CALLBACK)
            await consent.finish(server.consent(consent.url))
        finally:
            await shared.aclose_connections()

    asyncio.run(run())


# Clients


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("basic", {"clientSecret": SECRET}),
        ("post", {"clientSecret": SECRET, "clientAuthentication": "post"}),
        ("jwt", {"clientSecret": SECRET, "clientAuthentication": "clientSecretJwt"}),
        *(
            (
                name,
                {
                    "clientAuthentication": "privateKeyJwt",
                    "key": {"pem": pem_of(key), "kid": name, "alg": alg},
                },
            )
            for name, (alg, _, key) in KEYS.items()
        ),
        (
            "rsa",
            {
                "clientAuthentication": "privateKeyJwt",
                "key": {"pem": pem_of(KEYS["rsa"][2]).replace("\n", "\\n")},
            },
        ),
    ],
)
def test_a_client_is_known_by_the_server(use: Any, name: str, fields: dict[str, Any]) -> None:
    """However it authenticates; the issuer alone says where tokens are asked for."""
    definition = use(
        clientId=name, resource=["https://api.acme.example"], scopes=["read"], **fields
    )
    body = call(definition).body
    assert (body["client"], body["scope"]) == (name, "read")
    assert body["aud"] == "https://api.acme.example"


@pytest.mark.parametrize("name", list(KEYS))
def test_an_assertion_is_a_grant(use: Any, name: str) -> None:
    """RFC 7523: jose, which we did not write, verifies it."""
    key = {"pem": pem_of(KEYS[name][2]), "kid": name}
    definition = use("jwtBearer", clientId="basic", clientSecret=SECRET, username="bob", key=key)
    body = call(definition).body
    assert (body["client"], body["account"]) == ("basic", "bob")


def test_a_token_is_exchanged(use: Any, server: Judge) -> None:
    """RFC 8693: for one of the same person, to another client."""
    use("authorizationCode", clientId="public", scopes=["openid", "read"])
    with runtime() as shared:
        connect(server, shared)
        token = asyncio.run(stored_token(shared, "crm"))
        assert token is not None
    fields = {"subjectToken": token.access_token, "requestedTokenType": "access_token"}
    definition = use("tokenExchange", clientId="basic", clientSecret=SECRET, **fields)
    body = call(definition).body
    assert (body["client"], body["account"]) == ("basic", "ann")
    wrong = failure(
        use("tokenExchange", clientId="basic", clientSecret=SECRET, subjectToken="c4n4ry")
    )
    assert "invalid_grant" in str(wrong)
    assert "c4n4ry" not in str(wrong)


@pytest.mark.parametrize("token_type", [None, "access_token"])
def test_a_token_is_exchanged_for_one_that_another_acts_with(
    use: Any, server: Judge, token_type: str | None
) -> None:
    """RFC 8693, section 2.1: the actor's token goes along with its type, and the server says who
    acts; one that it does not know is refused, and never shown.
    """
    use("authorizationCode", clientId="public", scopes=["openid", "read"])
    with runtime() as shared:
        connect(server, shared)
        person = asyncio.run(stored_token(shared, "crm"))
    use("clientCredentials", clientId="post", clientSecret=SECRET, clientAuthentication="post")
    with runtime() as shared:
        HttpTask(http(server.api, credentials="crm"), name="task", runtime=shared).call()
        robot = asyncio.run(stored_token(shared, "crm"))
    assert person is not None
    assert robot is not None
    who = {"clientId": "basic", "clientSecret": SECRET, "subjectToken": person.access_token}
    if token_type is not None:
        who["actorTokenType"] = token_type
    definition = use("tokenExchange", **who, actorToken=robot.access_token)
    body = call(definition).body
    assert (body["client"], body["account"], body["actor"]) == ("basic", "ann", "post")
    wrong = failure(use("tokenExchange", **who, actorToken="c4n4ry-actor"))
    assert "invalid_grant" in str(wrong)
    assert "c4n4ry" not in str(wrong)
    assert wrong.exchange is not None
    assert "c4n4ry" not in json.dumps(wrong.exchange.to_json())


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        (
            "basic",
            {"clientSecret": "c4n4ry", "clientAuthentication": "clientSecretJwt"},
            "id and secret encoded in the header",
        ),
        ("nobody", {"clientSecret": "c4n4ry"}, "check clientId and clientSecret"),
        ("post", {"clientSecret": "c4n4ry" * 9}, '"clientAuthentication": "post"'),
        (
            "rsa",
            {"clientAuthentication": "privateKeyJwt", "key": {"pem": pem_of(KEYS["ec"][2])}},
            "check clientId and key",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key is:UserWarning")
def test_a_client_that_the_server_does_not_know_says_what_to_do(
    use: Any, name: str, fields: dict[str, Any], says: str
) -> None:
    """The status, what the server answers, and the other ways."""
    error = failure(use(clientId=name, **fields))
    assert isinstance(error, CredentialError)
    assert error.status_code in (400, 401)
    assert "invalid_client" in str(error)
    assert says in str(error)
    assert "c4n4ry" not in str(error)


@pytest.mark.parametrize("name", ["jwt", "rsa"])
def test_a_server_refuses_what_a_wrong_clock_signed(use: Any, name: str) -> None:
    """An hour behind, an assertion has ended before it was sent; the error names the clock."""
    ways = {
        "jwt": {"clientSecret": SECRET, "clientAuthentication": "clientSecretJwt"},
        "rsa": {"key": {"pem": pem_of(KEYS["rsa"][2])}, "clientAuthentication": "privateKeyJwt"},
    }
    definition = use(clientId=name, **ways[name])
    with runtime() as shared:
        shared.clock = Clock(wall=lambda: time.time() - 3600)
        error = refusal(definition, shared)
        assert "invalid_client" in str(error)
        assert re.search(r"the clock of this machine is 3,(599|600|601) s behind", str(error))
        shared.clock = Clock()
        assert HttpTask(definition, runtime=shared).call().body["client"] == name


# Consent


def test_a_consent_is_used_and_refreshed(use: Any, server: Judge) -> None:
    """Authorization code with PKCE, once; each refresh rotates the refresh token."""
    definition = use(
        "authorizationCode",
        clientId="public",
        scopes=["openid", "offline_access", "read"],
        extra={"authorization": {"prompt": "consent"}},
    )
    with runtime() as shared:
        assert "httptask credentials connect crm" in str(refusal(definition, shared))
        connect(server, shared)
        task = HttpTask(definition, runtime=shared)
        used = []
        for _ in range(3):
            assert task.call().body["account"] == "ann"
            token = asyncio.run(stored_token(shared, "crm"))
            assert token is not None
            used.append(token.refresh_token)
            expire(shared)
        assert len(set(used)) == 3
        asyncio.run(forget_token(shared, "crm"))
        assert "connect crm" in str(refusal(definition, shared))


def expire(shared: Runtime) -> None:
    """Let the stored token be past its life."""
    key, seen = next(iter(shared.tokens._seen.items()))
    shared.tokens._seen[key] = type(seen)(seen.token, seen.token.expires_in or 0.0, seen.seen_at)


def refusal(definition: dict[str, Any], shared: Runtime) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        HttpTask(definition, runtime=shared).call()
    return caught.value


def test_a_consent_asks_as_the_credential_says(use: Any, server: Judge) -> None:
    """PKCE with S256, a state, scopes, whom the token is for, and fields of the provider's own; a
    resource comes back in the token.
    """
    extra = {"authorization": {"prompt": "consent", "hd": "acme.example"}}
    resource = ["https://api.acme.example"]
    fields = {"scopes": ["openid", "read"], "resource": resource, "extra": extra}
    definition = use("authorizationCode", clientId="public", **fields)

    async def run() -> None:
        consent = await ask_consent(shared, "crm", CALLBACK)
        fields = parse_qs(urlsplit(consent.url).query)
        assert fields.pop("state") == [consent.state]
        assert len(fields.pop("code_challenge")[0]) == 43
        assert fields == {
            "response_type": ["code"],
            "client_id": ["public"],
            "redirect_uri": [CALLBACK],
            "scope": ["openid read"],
            "code_challenge_method": ["S256"],
            "resource": resource,
            "prompt": ["consent"],
            "hd": ["acme.example"],
        }
        await consent.finish(server.consent(consent.url))
        await shared.aclose_connections()

    with runtime() as shared:
        asyncio.run(run())
        assert HttpTask(definition, runtime=shared).call().body["aud"] == resource[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: url.replace("state=", "state=x"), "its state is another"),
        (lambda url: url.partition("?")[0], "its state is another"),
        (lambda url: url.replace("iss=http", "iss=https"), "another issuer, 'https"),
        (lambda url: url.partition("&iss=")[0], "does not say its issuer"),
        (lambda url: url + "&state=y", "a parameter twice"),
        (lambda url: url.replace("code=", "code=c4n4ry"), "invalid_grant"),
        (lambda url: url.replace("code=", "kode="), "holds no code"),
        (
            lambda url: url.replace("code=", "error=access_denied&error_description=no&x="),
            "consent was refused (access_denied: no)",
        ),
    ],
)
def test_an_answer_that_is_not_the_one_to_the_question_is_refused(
    use: Any, server: Judge, change: Callable[[str], str], says: str
) -> None:
    """RFC 6749, section 10.12, and RFC 9207: nothing is stored, and nothing secret is said."""
    use("authorizationCode", clientId="public", scopes=["openid"])

    async def run() -> None:
        consent = await ask_consent(shared, "crm", CALLBACK)
        callback = server.consent(consent.url)
        with pytest.raises(CredentialError) as caught:
            await consent.finish(change(callback))
        assert says in str(caught.value)
        assert "c4n4ry" not in str(caught.value)
        assert parse_qs(urlsplit(callback).query)["code"][0] not in str(caught.value)
        assert await stored_token(shared, "crm") is None
        await shared.aclose_connections()

    with runtime() as shared:
        asyncio.run(run())


def test_a_code_is_used_once(use: Any, server: Judge) -> None:
    """RFC 6749, section 4.1.2: a second time, the server would revoke what it gave."""
    use("authorizationCode", clientId="public", scopes=["openid"])

    async def run() -> None:
        consent = await ask_consent(shared, "crm", CALLBACK)
        callback = server.consent(consent.url)
        await consent.finish(callback)
        with pytest.raises(CredentialError, match="used already"):
            await consent.finish(callback)
        await shared.aclose_connections()

    with runtime() as shared:
        asyncio.run(run())


def test_a_code_is_entered_on_another_device(use: Any, server: Judge) -> None:
    """RFC 8628: it is asked for until somebody has decided, and the token is refreshed then."""
    definition = use("deviceCode", clientId="public", scopes=["openid", "read", "offline_access"])

    async def run() -> None:
        consent = await ask_consent(shared, "crm")
        assert consent.verification_uri == server.issuer + "/device"
        assert consent.user_code in consent.verification_uri_complete
        assert "crm" in repr(consent)
        assert await consent.poll() is None
        server.enter(consent.user_code)
        consent.interval = 0.05
        await consent.finish()
        await shared.aclose_connections()

    with runtime() as shared:
        assert "httptask credentials connect crm" in str(refusal(definition, shared))
        asyncio.run(run())
        task = HttpTask(definition, runtime=shared)
        for _ in range(2):
            assert task.call().body["account"] == "ann"
            expire(shared)


def test_a_person_on_another_device_may_refuse(use: Any, server: Judge) -> None:
    """The waiting ends, and says so."""
    use("deviceCode", clientId="public", scopes=["openid"])

    async def run() -> None:
        consent = await ask_consent(shared, "crm")
        server.enter(consent.user_code, refuse=True)
        consent.interval = 0.05
        with pytest.raises(CredentialError, match="consent was refused"):
            await consent.finish()
        await shared.aclose_connections()

    with runtime() as shared:
        asyncio.run(run())


# Certificates of clients


AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Judge, dict[str, Any]]]:
    """A server behind TLS, and what its clients are made with."""
    own = trustme.CA()
    shown = own.issue_cert("localhost")
    trusted = tmp_path_factory.mktemp("oidc") / "ca.pem"
    own.cert_pem.write_to_path(str(trusted))
    issued = AUTHORITY.issue_cert("ann@acme.example", common_name="ann")
    key = issued.private_key_pem.bytes().decode()
    chain = issued.cert_chain_pems[0].bytes().decode()
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    certificate = "".join(chain.splitlines()[1:-1])
    jwk = ECAlgorithm.to_jwk(public, as_dict=True) | {"x5c": [certificate]}
    clients = [
        client("self", "self_signed_tls_client_auth", jwks={"keys": [jwk]}),
        client("pki", "tls_client_auth", tls_client_auth_subject_dn="CN=ann"),
    ]
    for each in clients:
        each["tls_client_certificate_bound_access_tokens"] = True
    tls = {
        "cert": b"".join(each.bytes() for each in shown.cert_chain_pems).decode(),
        "key": shown.private_key_pem.bytes().decode(),
        "ca": AUTHORITY.cert_pem.bytes().decode(),
    }
    with judge(clients, tls=tls) as running:
        fields = {"certificate": chain, "key": {"pem": key}, "trusted": str(trusted)}
        yield running, fields


@pytest.mark.parametrize("name", ["self", "pki"])
def test_a_certificate_says_who_the_client_is(
    guarded: tuple[Judge, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """RFC 8705: at the token endpoint, and at the API, whose token is bound to it."""
    server, given = guarded
    monkeypatch.setenv("SSL_CERT_FILE", given["trusted"])
    fields = {"certificate": given["certificate"], "key": given["key"], "clientId": name}
    written = {"type": "oauth2", "grant": "clientCredentials", "issuer": server.issuer, **fields}
    monkeypatch.setenv(VARIABLE, json.dumps(written | {"clientAuthentication": "tls"}))
    definition = http(server.api, credentials="crm")
    assert call(definition).body == {"client": name, "bound": True}
    other = trustme.CA().issue_cert("bob@acme.example", common_name="bob")
    fields["certificate"] = other.cert_chain_pems[0].bytes().decode()
    fields["key"] = {"pem": other.private_key_pem.bytes().decode()}
    monkeypatch.setenv(VARIABLE, json.dumps(written | fields | {"clientAuthentication": "tls"}))
    error = failure(definition)
    assert isinstance(error, CredentialError)
    assert "invalid_client" in str(error)
    assert "check clientId and certificate and key" in str(error)


def test_a_certificate_in_a_bundle_says_who_the_client_is(
    guarded: tuple[Judge, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKCS#12 does as PEM does, opened by `password` as in a `tls` credential, or by that of the
    key. With a wrong one it is said what is wrong, and the bundle is not shown.
    """
    server, given = guarded
    monkeypatch.setenv("SSL_CERT_FILE", given["trusted"])
    key: Any = serialization.load_pem_private_key(given["key"]["pem"].encode(), None)
    certificate = x509.load_pem_x509_certificate(given["certificate"].encode())
    lock = serialization.BestAvailableEncryption(b"c4n4ry-pass")
    data = pkcs12.serialize_key_and_certificates(b"ann", key, certificate, None, lock)
    bundle = base64.encodebytes(data).decode()
    written = {
        "type": "oauth2",
        "grant": "clientCredentials",
        "issuer": server.issuer,
        "clientId": "pki",
        "clientAuthentication": "tls",
        "pkcs12": bundle,
    }
    definition = http(server.api, credentials="crm")
    for password in ({"password": "c4n4ry-pass"}, {"key": {"password": "c4n4ry-pass"}}):
        monkeypatch.setenv(VARIABLE, json.dumps(written | password))
        assert call(definition).body == {"client": "pki", "bound": True}
    wrong = {"password": "c4n4ry-other"}
    both = {"password": "c4n4ry-pass", **{name: given[name] for name in ("certificate", "key")}}
    for fields, says in ((wrong, "its password is wrong"), (both, "both together in 'pkcs12'")):
        monkeypatch.setenv(VARIABLE, json.dumps(written | fields))
        error = failure(definition)
        assert isinstance(error, CredentialError)
        assert says in str(error)
        assert "c4n4ry" not in str(error)
        assert bundle[:40] not in str(error)


def test_many_tasks_refresh_one_token_once(use: Any, server: Judge) -> None:
    """The server revokes everything where a refresh token is used twice (RFC 9700, section
    4.14.2): it is not.
    """
    scopes = ["openid", "offline_access", "read"]
    extra = {"authorization": {"prompt": "consent"}}
    definition = use("authorizationCode", clientId="public", scopes=scopes, extra=extra)

    async def many(shared: Runtime) -> set[int]:
        calls = [HttpTask(definition, runtime=shared).acall() for _ in range(20)]
        results = await asyncio.gather(*calls)
        await shared.aclose_connections()
        return {result.status_code for result in results}

    with runtime() as shared:
        connect(server, shared)
        used = []
        for _ in range(3):
            assert asyncio.run(many(shared)) == {200}
            token = asyncio.run(stored_token(shared, "crm"))
            assert token is not None
            used.append(token.access_token)
            expire(shared)
        assert len(set(used)) == 3
