"""The auth scheme `jwt`: tokens that the client signs, judged by openssl and PyJWT."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import servers
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime, store

SECRET = "c4n4ry-secret-of-at-least-32-bytes"


def pem(key: Any, *, public: bool = False) -> str:
    encoding = serialization.Encoding.PEM
    if public:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return str(key.public_key().public_bytes(encoding, form).decode())
    plain = serialization.NoEncryption()
    return str(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode())


RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, tuple[Any, str]] = {
    "rsa": (RSA, "RS256"),
    "rsa-pss": (RSA, "PS256"),
    "ec": (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "ed25519": (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
}


def task(url: str) -> dict[str, Any]:
    return http(url, credentials="app")


def token_of(request: bytes) -> str:
    [token] = re.findall(r"(?im)^authorization: Bearer (\S+)\r$", request.decode())
    return str(token)


@pytest.mark.parametrize(("key", "alg"), KEYS.values(), ids=KEYS)
def test_a_token_is_signed_with_a_private_key(
    key: Any, alg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public key accepts it; it holds the claims and its age, and is seen nowhere."""
    fields = {"key": {"pem": pem(key), "kid": "k1", "alg": alg}, "issuer": "me", "subject": "you"}
    more = {"audience": ["a", "b"], "lifetimeSeconds": 60, "claims": {"role": "admin"}}
    store(monkeypatch, app={"type": "jwt", **fields, **more})
    with servers.raw_server(servers.echo_json()) as server:
        seen = exchange(task(server.url))
        token = token_of(server.received[0])
    claims = jwt.decode(token, pem(key, public=True), algorithms=[alg], audience="b")
    assert jwt.get_unverified_header(token) == {"alg": alg, "kid": "k1", "typ": "JWT"}
    assert claims.pop("exp") - claims.pop("iat") == 60
    assert claims == {"iss": "me", "sub": "you", "aud": ["a", "b"], "role": "admin"}
    assert token not in json.dumps(seen.to_json())
    assert "PRIVATE KEY" not in json.dumps(seen.to_json())


def test_openssl_accepts_the_signature(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """RS256 is the default of an RSA key, and its signature is over the token's first two parts."""
    store(monkeypatch, app={"type": "jwt", "key": {"pem": pem(RSA)}})
    with servers.raw_server(servers.respond(servers.OK)) as server:
        call(task(server.url))
        signed, _, signature = token_of(server.received[0]).rpartition(".")
    (tmp_path / "key.pem").write_text(pem(RSA, public=True))
    (tmp_path / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"]
    done = subprocess.run(command, input=signed.encode(), cwd=tmp_path, capture_output=True)
    assert done.stdout == b"Verified OK\n"


def test_a_token_is_kept_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one is signed when a tenth of its life is left, and once after a 401."""
    store(monkeypatch, app={"type": "jwt", "key": {"secret": SECRET}, "lifetimeSeconds": 100})
    now = 1_000_000.0
    refused = servers.respond(servers.response(status="401 Unauthorized"))
    ok = servers.respond(servers.OK)
    with (
        servers.raw_server(servers.sequence(ok, ok, ok, refused, ok)) as server,
        runtime() as shared,
    ):
        shared.clock = Clock(wall=lambda: now, monotonic=lambda: now)
        again = HttpTask(task(server.url), runtime=shared)
        for seconds in (0, 89, 91, 95):
            now = 1_000_000.0 + seconds
            again.call()
        tokens = [token_of(each) for each in server.received]
    options: Any = {"verify_exp": False, "verify_iat": False}
    ages = [
        jwt.decode(token, SECRET, algorithms=["HS256"], options=options)["iat"] - 1_000_000
        for token in tokens
    ]
    assert ages == [0, 0, 91, 91, 95]


def test_a_token_goes_where_the_api_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a header of another name, without a prefix."""
    send_as = {"in": "header", "name": "X-Token"}
    store(monkeypatch, app={"type": "jwt", "key": {"secret": SECRET}, "sendAs": send_as})
    with servers.raw_server(servers.respond(servers.OK)) as server:
        call(task(server.url))
        assert re.search(rb"\r\nX-Token: [\w-]+\.[\w-]+\.[\w-]+\r\n", server.received[0])


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no key": ({}, "give either a private key in /key/pem, or a secret"),
    "both": ({"pem": pem(RSA), "secret": SECRET}, "in /key/secret, not both"),
    "public": ({"pem": pem(RSA, public=True)}, "BEGIN PRIVATE KEY"),
    "another algorithm": ({"pem": pem(RSA), "alg": "ES256"}, "'ES256' does not sign with"),
    "unknown field": ({"secrets": SECRET}, "did you mean 'secret'"),
}


@pytest.mark.parametrize(("key", "words"), WRONG.values(), ids=WRONG)
def test_a_key_that_cannot_sign_is_told(
    key: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is of the class credential, says what to do, and shows no key."""
    store(monkeypatch, app={"type": "jwt", "key": key})
    error = failure(task("http://127.0.0.1:1"))
    assert isinstance(error, CredentialError)
    assert words in str(error)
    assert "c4n4ry" not in str(error)
