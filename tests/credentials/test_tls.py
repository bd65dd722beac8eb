"""The auth scheme `tls`: a client's certificate, against a TLS server that demands one."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import servers
from httptask.errors import CredentialError
from tasks import call, exchange, failure, http, store

AUTHORITY = trustme.CA()
PASSWORD = b"c4n4ry-pass"


def issued(name: str, **more: Any) -> tuple[str, str]:
    """Return a certificate for *name*, and its key, both as PEM."""
    made = AUTHORITY.issue_cert(common_name=name, **more)
    chain = b"".join(each.bytes() for each in made.cert_chain_pems)
    return chain.decode(), made.private_key_pem.bytes().decode()


def locked(key: str) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    lock = serialization.BestAvailableEncryption(PASSWORD)
    loaded = serialization.load_pem_private_key(key.encode(), None)
    return loaded.private_bytes(encoding, form, lock).decode()


def bundle(chain: str, key: str = "") -> str:
    loaded: Any = serialization.load_pem_private_key(key.encode(), None) if key else None
    certificate = x509.load_pem_x509_certificate(chain.encode())
    lock = serialization.BestAvailableEncryption(PASSWORD)
    data = pkcs12.serialize_key_and_certificates(b"ann", loaded, certificate, None, lock)
    return base64.encodebytes(data).decode()


def subject(peer: servers.Peer) -> bool:
    """Answer with the name on the client's certificate."""
    if not peer.read_request():
        return False
    shown: Any = peer.socket.getpeercert()  # type: ignore[attr-defined]
    name = dict(pair for entry in shown["subject"] for pair in entry)["commonName"]
    peer.sendall(servers.response(json.dumps(name).encode(), servers.JSON))
    return True


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A task for a server that lets in who has a certificate of ours."""
    with servers.tls_server(subject, clients=AUTHORITY) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        yield http(server.url, credentials="bank")


CHAIN, KEY = issued("ann")
FORMS = {
    "pem": {"certificate": CHAIN, "key": KEY},
    "on one line": {
        "certificate": CHAIN.replace("\n", ""),
        "key": KEY.replace("\n", " "),
    },
    "escaped": {"certificate": CHAIN.replace("\n", "\\n"), "key": KEY.replace("\n", "\\r\\n")},
    "encrypted key": {"certificate": CHAIN, "key": locked(KEY), "password": PASSWORD.decode()},
    "pkcs12": {"pkcs12": bundle(CHAIN, KEY), "password": PASSWORD.decode()},
}


@pytest.mark.parametrize("fields", FORMS.values(), ids=FORMS)
def test_a_certificate_is_shown(
    fields: dict[str, str], bank: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server knows who it is; nothing else of the request changes, and no key is seen."""
    store(monkeypatch, bank={"type": "tls", **fields})
    assert call(bank).body == "ann"
    shown = json.dumps(exchange(bank).to_json())
    assert "c4n4ry" not in shown
    assert "PRIVATE KEY" not in shown


OTHER = issued("bob")[1]
WRONG = {
    "no key": ({"certificate": CHAIN}, "'key' is missing for 'certificate'"),
    "another key": ({"certificate": CHAIN, "key": OTHER}, "the key does not fit"),
    "locked": ({"certificate": CHAIN, "key": locked(KEY)}, "give its password"),
    "wrong password": ({**FORMS["pkcs12"], "password": "c4n4ry-other"}, "its password is wrong"),
    "both": ({**FORMS["pkcs12"], "certificate": CHAIN}, "or both together in 'pkcs12'"),
    "none": ({}, "or both together in 'pkcs12'"),
    "no key inside": (
        {**FORMS["pkcs12"], "pkcs12": bundle(CHAIN)},
        "holds no certificate with a key",
    ),
    "no base64": ({"pkcs12": "c4n4ry-ü"}, "base64 client.p12"),
    "key in the open": ({"certificate": CHAIN + KEY, "key": KEY}, "put that into 'key'"),
    "no certificate": ({"certificate": "c4n4ry-text", "key": KEY}, "BEGIN line"),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_shown_is_said(
    fields: dict[str, str], words: str, bank: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is of the class credential, and says what to do, without a secret."""
    store(monkeypatch, bank={"type": "tls", **fields})
    error = failure(bank)
    assert isinstance(error, CredentialError), repr(error)
    assert words in str(error)
    assert "c4n4ry" not in str(error)
    assert "'bank'" in str(error)


@pytest.mark.parametrize("form", ["pem", "pkcs12"])
def test_an_expired_certificate_is_warned_of(
    form: str,
    bank: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is sent, for the server to judge; the log says whose it is, and since when."""
    now = datetime.now(UTC)
    chain, key = issued(
        "ann", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
    )
    fields = {"certificate": chain, "key": key}
    if form == "pkcs12":
        fields = {"pkcs12": bundle(chain, key), "password": PASSWORD.decode()}
    store(monkeypatch, bank={"type": "tls", **fields})
    with caplog.at_level(logging.WARNING):
        error = failure(bank)
    assert error.kind in ("tls", "connection")
    [message] = [record.getMessage() for record in caplog.records if record.name == "httptask"]
    assert "CN=ann" in message
    assert f"expired on {now - timedelta(days=1):%Y-%m-%d}" in message


def test_a_server_that_wants_none_gets_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS there is nothing to show, and the task runs."""
    store(monkeypatch, bank={"type": "tls", **FORMS["pem"]})
    with servers.raw_server(servers.respond(servers.OK)) as server:
        assert call(http(server.url, credentials="bank")).status_code == 200
