"""What a client signs: keys that cannot sign, a clock that is wrong, a package that is missing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

import servers
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.task import HttpTask
from tasks import call, failure, http, runtime
from token_server import TokenServer

VARIABLE = "HTTPTASK_CREDENTIAL_CRM"
SECRET = "c4n4ry-secret-of-32-bytes-or-more-for-HS256"
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def pem_of(key: Any, password: bytes = b"") -> str:
    if password:
        protection: Any = serialization.BestAvailableEncryption(password)
    else:
        protection = serialization.NoEncryption()
    return str(key.private_bytes(PEM, PKCS8, protection).decode())


def public_pem(key: Any) -> str:
    public = key.public_key()
    return str(public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP384R1())


@pytest.fixture
def use(server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Set the credential, and return a task that uses it."""

    def used(grant: str = "jwtBearer", **fields: Any) -> dict[str, Any]:
        given = {"clientSecret": None, **fields}
        monkeypatch.setenv(VARIABLE, server.credential(grant, **given))
        return http(server.url + "/me", credentials="crm")

    return used


@pytest.mark.parametrize(
    ("key", "alg", "signs_with"),
    [
        (RSA, None, "RS256"),
        (RSA, "PS512", "PS512"),
        (EC, None, "ES384"),
        (ec.generate_private_key(ec.SECP256R1()), None, "ES256"),
        (ec.generate_private_key(ec.SECP521R1()), None, "ES512"),
        (ec.generate_private_key(ec.SECP256K1()), None, "ES256K"),
        (ed25519.Ed25519PrivateKey.generate(), None, "EdDSA"),
    ],
)
def test_a_key_says_how_it_signs(
    server: TokenServer, use: Any, key: Any, alg: str | None, signs_with: str
) -> None:
    """`alg` is what fits the key where the credential does not say it."""
    written = {"pem": pem_of(key), "kid": "k1"} | ({"alg": alg} if alg else {})
    call(use(key=written, username="ann"))
    [assertion] = server.requests[0]["assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": signs_with, "kid": "k1", "typ": "JWT"}
    audience = server.url + "/token"
    claims = jwt.decode(assertion, key.public_key(), [signs_with], audience=audience)
    assert (claims["iss"], claims["sub"]) == ("client", "ann")
    assert 0 < claims["exp"] - time.time() <= 300


@pytest.mark.parametrize("alg", ["HS256", "HS512"])
@pytest.mark.filterwarnings("ignore:The HMAC key is:UserWarning")
def test_a_secret_signs_too(server: TokenServer, use: Any, alg: str) -> None:
    """The credential's claims take the place of what is there by itself; null leaves one out."""
    claims = {"aud": "https://login.acme.example", "sub": None, "scope": "a", "n": 5}
    call(use(clientSecret=SECRET, clientAuthentication="none", key={"alg": alg}, claims=claims))
    [assertion] = server.requests[0]["assertion"]
    seen = jwt.decode(assertion, SECRET, [alg], audience="https://login.acme.example")
    assert seen.pop("exp") == seen.pop("iat") + 300
    assert len(seen.pop("jti")) >= 20
    assert seen == {"iss": "client", "aud": "https://login.acme.example", "scope": "a", "n": 5}


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ({"pem": "c4n4ry"}, "it is PEM, from its BEGIN line"),
        ({"pem": public_pem(RSA)}, "it is what others check with"),
        ({"pem": pem_of(RSA, b"pw")}, "it is encrypted: give its password"),
        ({"pem": pem_of(RSA, b"pw"), "password": "c4n4ry"}, "its password is wrong"),
        ({"pem": pem_of(RSA), "password": "c4n4ry"}, "leave its password out"),
        ({"pem": pem_of(RSA), "alg": "ES256"}, "'ES256' does not sign with a private key of this"),
        ({"pem": pem_of(EC), "alg": "ES256"}, "write ES384"),
        ({"pem": pem_of(RSA), "alg": "none"}, "write RS256 or RS384"),
        ({"pem": pem_of(RSA), "alg": "HS256"}, "write RS256"),
        ({"pem": pem_of(dsa.generate_private_key(1024))}, "take RSA, EC or Ed25519"),
        ({}, "/key/pem is missing for 'jwtBearer': give it, or clientSecret"),
        ({"kId": "c4n4ry"}, "did you mean 'kid'?"),
    ],
)
def test_a_key_that_cannot_sign_says_why(
    server: TokenServer, use: Any, key: dict[str, str], says: str
) -> None:
    """No part of it is shown, and nothing is sent."""
    error = failure(use(key=key))
    assert isinstance(error, CredentialError)
    assert says in str(error)
    assert "c4n4ry" not in str(error)
    assert "PRIVATE KEY--" not in str(error)
    assert not server.requests


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"clientAuthentication": "privateKeyJwt"}, "'key' is missing"),
        ({"clientAuthentication": "privateKeyJwt", "key": {"kid": "1"}}, "/key/pem is missing for"),
        ({"clientAuthentication": "clientSecretJwt"}, "'clientSecret' is missing"),
        (
            {
                "clientAuthentication": "clientSecretJwt",
                "clientSecret": "c4n4ry",
                "key": {"pem": pem_of(RSA)},
            },
            "leave /key/pem out",
        ),
        ({"clientAuthentication": "tls", "key": {"pem": "c4n4ry"}}, "'certificate' is missing"),
        ({"grant": "authorizationCode"}, "'authorizationUrl' is missing: give it, or the issuer"),
        ({"grant": "deviceCode"}, "'deviceAuthorizationUrl' is missing: give it, or the issuer"),
        ({"grant": "tokenExchange"}, "'subjectToken' is missing"),
        ({"tokenUrl": None}, "'tokenUrl' is missing: give it, or the issuer"),
    ],
)
def test_a_credential_without_what_it_signs_with_says_so(
    server: TokenServer, use: Any, fields: dict[str, Any], says: str
) -> None:
    """Before anything is sent."""
    error = failure(use(**{"grant": "clientCredentials", **fields}))
    assert isinstance(error, CredentialError)
    assert says in str(error)
    assert "c4n4ry" not in str(error)
    assert not server.requests


def test_a_missing_package_names_its_extra(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who signs needs it."""
    definition = use(key={"pem": pem_of(RSA)})
    for package in ("jwt", "cryptography.hazmat.primitives"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, package, None)
            error = failure(definition)
        assert isinstance(error, CredentialError)
        assert "pip install 'httptask[keys]'" in str(error)


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        (-1, "the clock of this machine is 3,600 s behind the server's"),
        (1, "3,600 s ahead of the server's"),
        (0, ""),
    ],
)
def test_a_wrong_clock_is_what_a_refused_assertion_names(
    server: TokenServer, use: Any, hours: int, says: str
) -> None:
    """The server's `Date` tells; what a client signs holds the time."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_700_000_000))
    refusal = json.dumps({"error": "invalid_grant"}).encode()
    headers = (servers.JSON, ("Date", date))
    server.answer = lambda given: servers.response(refusal, *headers, status="400 Bad Request")
    definition = use(key={"pem": pem_of(RSA)})
    with runtime() as shared:
        shared.clock = Clock(wall=lambda: 1_700_000_000.0 + hours * 3600)
        with pytest.raises(CredentialError) as caught:
            HttpTask(definition, runtime=shared).call()
    assert says in str(caught.value)
    assert ("clock" in str(caught.value)) == bool(hours)


def test_an_assertion_is_seen_nowhere(server: TokenServer, use: Any) -> None:
    """It is worth a token: not in the exchange, and masked where an API echoes it."""
    definition = use(
        "clientCredentials", clientAuthentication="privateKeyJwt", key={"pem": pem_of(RSA)}
    )
    with runtime() as shared:
        seen = json.dumps(
            HttpTask(definition, runtime=shared).test_request().to_json(), ensure_ascii=False
        )
    [assertion] = server.requests[0]["client_assertion"]
    assert assertion not in seen
    assert assertion.split(".")[2] not in seen
    assert "client_assertion=•••" in seen
