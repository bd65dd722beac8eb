"""The auth scheme `hmac`: public APIs' signatures, computed by openssl and by their own words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import servers
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.task import HttpTask
from tasks import exchange, failure, http, runtime, store

SECRET = "c4n4ry-secret"
BODY = {"a": ["é", 1]}
MOMENT = 1_700_000_000.25


def signed_by_openssl(text: bytes, algorithm: str = "sha256", secret: str = SECRET) -> str:
    command = ["openssl", "dgst", f"-{algorithm}", "-hmac", secret, "-r"]
    return (
        subprocess.run(command, input=text, capture_output=True, check=True)
        .stdout.split()[0]
        .decode()
    )


def sent(
    credential: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: str = "/", **request: Any
) -> tuple[str, dict[str, str], bytes]:
    """Return the target, the headers and the body of the request that *credential* signed."""
    store(monkeypatch, api={"type": "hmac", "secret": SECRET, **credential})
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        shared.clock = Clock(wall=lambda: MOMENT)
        task = http(server.url + path, credentials="api", request=request)
        seen = HttpTask(task, runtime=shared).test_request()
        head, _, body = server.received[0].partition(b"\r\n\r\n")
    assert seen.outcome == "success", seen.error
    assert "c4n4ry" not in json.dumps(seen.to_json())
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return first.split()[1], headers, body


def test_as_github_signs_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """`X-Hub-Signature-256: sha256=…` over the body."""
    send = [{"name": "X-Hub-Signature-256", "value": "sha256={signature}"}]
    credential = {"stringToSign": "{body}", "send": send}
    _, headers, body = sent(credential, monkeypatch, method="POST", body=BODY)
    assert headers["x-hub-signature-256"] == "sha256=" + signed_by_openssl(body)


def test_as_stripe_signs_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Stripe-Signature: t=…,v1=…` over the time and the body."""
    send = [{"name": "Stripe-Signature", "value": "t={timestamp},v1={signature}"}]
    credential = {"stringToSign": "{timestamp}.{body}", "send": send}
    _, headers, body = sent(credential, monkeypatch, method="POST", body=BODY)
    right = signed_by_openssl(b"1700000000." + body)
    assert headers["stripe-signature"] == f"t=1700000000,v1={right}"


def test_as_binance_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The query with the time in it is signed, and the signature is its last parameter."""
    credential = {
        "keyId": "my-key",
        "timestamp": "milliseconds",
        "stringToSign": "{query}{body}",
        "send": [
            {"name": "X-MBX-APIKEY", "value": "{keyId}"},
            {"in": "query", "name": "signature", "value": "{signature}"},
            {"in": "query", "name": "timestamp", "value": "{timestamp}"},
        ],
    }
    target, headers, _ = sent(credential, monkeypatch, "/api/v3/order?symbol=LT%20C&side=BUY")
    query, _, signature = target.partition("?")[2].partition("&signature=")
    assert query == "symbol=LT%20C&side=BUY&timestamp=1700000000250"
    assert signature == signed_by_openssl(query.encode())
    assert headers["x-mbx-apikey"] == "my-key"


def test_as_bybit_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time, key, window and body are signed; each goes into a header."""
    credential = {
        "keyId": "my-key",
        "timestamp": "milliseconds",
        "stringToSign": "{timestamp}{keyId}5000{query}{body}",
        "send": [
            {"name": "X-BAPI-SIGN", "value": "{signature}"},
            {"name": "X-BAPI-TIMESTAMP", "value": "{timestamp}"},
            {"name": "X-BAPI-API-KEY", "value": "{keyId}"},
            {"name": "X-BAPI-RECV-WINDOW", "value": "5000"},
        ],
    }
    _, headers, body = sent(credential, monkeypatch, "/v5/order", method="POST", body=BODY)
    assert headers["x-bapi-sign"] == signed_by_openssl(b"1700000000250my-key5000" + body)
    assert headers["x-bapi-recv-window"] == "5000"


def test_as_azure_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in base64, the date and a hash of the body in headers, and a signature in base64."""
    key = b"c4n4ry\x00\xff-key"
    credential = {
        "secret": base64.b64encode(key).decode(),
        "secretEncoding": "base64",
        "encoding": "base64",
        "timestamp": "httpDate",
        "stringToSign": "{method}\n{target}\n{timestamp};{host};{bodySha256Base64}",
        "send": [
            {"name": "x-ms-date", "value": "{timestamp}"},
            {"name": "x-ms-content-sha256", "value": "{bodySha256Base64}"},
            {
                "name": "Authorization",
                "value": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&"
                "Signature={signature}",
            },
        ],
    }
    target, headers, body = sent(credential, monkeypatch, "/kv?a=1", method="POST", body=BODY)
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    date = "Tue, 14 Nov 2023 22:13:20 GMT"
    text = f"POST\n{target}\n{date};{headers['host']};{sha256}"
    right = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    assert headers["authorization"].endswith(f"&Signature={right}")
    assert (headers["x-ms-date"], headers["x-ms-content-sha256"]) == (date, sha256)


def test_a_signature_is_seen_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the exchange's URL or headers, nor where the server echoes it."""
    for where in ("header", "query"):
        send = [{"in": where, "name": "x-sign", "value": "v1={signature}"}]
        credential = {"type": "hmac", "secret": SECRET, "stringToSign": "{path}", "send": send}
        store(monkeypatch, api=credential)
        with servers.raw_server(servers.echo_json()) as server:
            seen = exchange(http(server.url + "/a", credentials="api"))
            right = signed_by_openssl(b"/a")
            assert right.encode() in server.received[0]
        assert right not in json.dumps(seen.to_json())


def test_every_part_is_as_it_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts, algorithms and encodings of the table."""
    parts = "{methodLower}|{path}|{query}|{sortedQuery}|{header:X-a}|{header:Host}|{header:No}"
    template = parts + "|{bodySha256}|{timestamp}|{nonce}|{unknown"
    send = [
        {"name": "X-Nonce", "value": "{nonce}"},
        {"in": "query", "name": "s", "value": "{signature}"},
    ]
    for algorithm in ("sha1", "sha256", "sha512"):
        credential = {"stringToSign": template, "send": send, "algorithm": algorithm}
        credential |= {"timestamp": "iso8601", "encoding": "base64"}
        path = "/a%20b/%2F?z=1&a=%C3%A9"
        target, headers, _ = sent(credential, monkeypatch, path, headers={"X-A": "é!"})
        sha256, time = hashlib.sha256().hexdigest(), "2023-11-14T22:13:20Z"
        text = (
            f"get|/a%20b/%2F|z=1&a=%C3%A9|a=%C3%A9&z=1|é!|{headers['host']}||{sha256}|{time}"
            f"|{headers['x-nonce']}|{{unknown"
        )
        signature = unquote(target.rpartition("&s=")[2])
        assert base64.b64decode(signature).hex() == signed_by_openssl(text.encode(), algorithm)
        assert re.fullmatch("[0-9a-f]{32}", headers["x-nonce"])


def test_a_streamed_body_is_signed_by_its_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file is read for it; the whole body cannot be a part of the string to sign."""
    (tmp_path / "a.bin").write_bytes(b"x" * 100_000)
    send = [{"name": "X-Signature", "value": "{signature}"}]
    credential = {"type": "hmac", "secret": SECRET, "stringToSign": "{bodySha256}", "send": send}
    store(monkeypatch, api=credential)
    body = {"$file": {"path": "a.bin"}}
    with servers.raw_server(servers.respond(servers.OK)) as server:
        headers = {"Content-Type": "application/octet-stream"}
        request = {"method": "PUT", "headers": headers, "body": body}
        task = http(server.url, credentials="api", request=request)
        seen = exchange(task, files=tmp_path)
        assert seen.outcome == "success", seen.error
        right = signed_by_openssl(hashlib.sha256(b"x" * 100_000).hexdigest().encode())
        assert f"X-Signature: {right}".encode() in server.received[0]
        store(monkeypatch, api={**credential, "stringToSign": "{body}"})
        error = failure(task, files=tmp_path)
    assert "{bodySha256}" in str(error)


WRONG = {
    "unknown part": ({"stringToSign": "{url}"}, "{url} is no part of a request"),
    "not sent": ({"send": [{"name": "X-A", "value": "a"}]}, "would not be sent"),
    "no base64": ({"secretEncoding": "base64"}, "'secret' is not base64"),
    "no hex": ({"secretEncoding": "hex"}, "'secret' is not hex, which 'secretEncoding' says it is"),
    "algorithm": ({"algorithm": "md5"}, "'algorithm' must be one of sha256"),
    "no name": ({"send": [{"value": "{signature}"}]}, "/send/0/name is missing"),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_told(
    fields: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is of the class credential, and names the field."""
    send = [{"name": "X-Signature", "value": "{signature}"}]
    credential = {"type": "hmac", "secret": SECRET, "stringToSign": "{body}", "send": send}
    store(monkeypatch, api=credential | fields)
    error = failure(http("http://127.0.0.1:1", credentials="api"))
    assert isinstance(error, CredentialError)
    assert words in str(error)
    assert "c4n4ry" not in str(error)


def test_a_signature_is_new_for_each_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server takes a time, or a nonce, once."""
    send = [{"name": "X-Signature", "value": "{signature}"}]
    credential = {"type": "hmac", "secret": SECRET, "stringToSign": "{nonce}", "send": send}
    store(monkeypatch, api=credential)
    busy = servers.respond(servers.response(status="503 Service Unavailable"))
    with servers.raw_server(servers.sequence(busy, servers.respond(servers.OK))) as server:
        retry = {"maxAttempts": 2, "intervalSeconds": 0.01}
        exchange(http(server.url, credentials="api", retry=retry))
        first, second = (re.findall(rb"X-Signature: (\w+)", each) for each in server.received)
    assert first != second
