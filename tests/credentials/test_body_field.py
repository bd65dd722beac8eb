"""A credential in a field of the body."""

from __future__ import annotations

import hashlib
import hmac
import json
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

import servers
from httptask.building import curl_command
from httptask.credentials._body_field import put_into_body
from httptask.errors import CredentialError
from httptask.model.exchange import OutgoingRequest, StreamedBody
from tasks import exchange, failure, http, store

KEY = 'c4n4ry/é"key'
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def sent(
    monkeypatch: pytest.MonkeyPatch, name: str, body: Any, media_type: str, **given: Any
) -> tuple[bytes, bytes]:
    """Return the head and the body that went out, and see that the key is shown nowhere."""
    store(monkeypatch, api={"type": "apiKey", "in": "body", "name": name, "key": KEY})
    headers = {"Content-Type": media_type}
    with servers.raw_server(servers.respond(servers.OK)) as server:
        request = {"method": "POST", "headers": headers, "body": body}
        seen = exchange(http(server.url, credentials="api", request=request), **given)
        assert seen.outcome == "success", seen.error
        head, _, content = server.received[0].partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in head
    command = curl_command(seen.attempts[0].hops[0].request)
    for shown in (json.dumps(seen.to_json(), ensure_ascii=False), command):
        assert "c4n4ry" not in shown
    assert "HTTPTASK_SECRET" in command
    return head, content


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("key", {}, {"key": KEY}),
        ("key", {"a": [1.10, 12345678901234567890], "key": "old"}, None),
        ("/auth/key", {"a": 1}, {"a": 1, "auth": {"key": KEY}}),
        ("/items/1/key", {"items": [{}, {"b": 2}]}, {"items": [{}, {"b": 2, "key": KEY}]}),
        ("/a~1b", {"c": None}, {"c": None, "a/b": KEY}),
    ],
)
def test_a_json_body_gets_the_field(
    name: str, body: Any, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, or by a JSON Pointer; everything else stays, digit for digit."""
    _, content = sent(monkeypatch, name, body, JSON)
    if expected is None:
        assert b"12345678901234567890" in content
        expected = {**body, "key": KEY}
    assert json.loads(content) == expected


def test_a_form_gets_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of that name is replaced, and the rest stays."""
    _, content = sent(monkeypatch, "my key", {"a": "1 2", "my key": "old"}, FORM)
    assert parse_qsl(content.decode()) == [("a", "1 2"), ("my key", KEY)]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_multipart_body_gets_a_part(
    streamed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As its last one, beside a file, too; a parser that is not ours reads it."""
    (tmp_path / "a.bin").write_bytes(b"\x00\xff" * 9)
    body: dict[str, Any] = {"a": "1"}
    if streamed:
        body["file"] = {"$file": {"path": "a.bin"}}
    head, content = sent(monkeypatch, 'k"y', body, "multipart/form-data", files=tmp_path)
    kept = head.partition(b"\r\n")[2]
    parts: Any = message_from_bytes(kept + b"\r\n\r\n" + content, policy=policy.HTTP).get_payload()
    names = [part.get_param("name", header="Content-Disposition") for part in parts]
    assert names == ["a", *(["file"] if streamed else []), "k%22y"]
    assert parts[-1].get_payload(decode=True).decode() == KEY
    if streamed:
        assert parts[1].get_payload(decode=True) == b"\x00\xff" * 9


REFUSED: dict[str, tuple[str, Any, str, str]] = {
    "text": ("key", "hello", "text/plain", "this body is text/plain"),
    "list": ("key", [1], JSON, "has no object, where 'key' is to stand"),
    "no place": ("/a/b", {"a": 1}, JSON, "no object at /a"),
}


@pytest.mark.parametrize(("name", "body", "media_type", "words"), REFUSED.values(), ids=REFUSED)
def test_a_body_without_fields_is_told(
    name: str, body: Any, media_type: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is of the class credential, and nothing is sent."""
    store(monkeypatch, api={"type": "apiKey", "in": "body", "name": name, "key": KEY})
    request = {"method": "POST", "headers": {"Content-Type": media_type}, "body": body}
    error = failure(http("http://127.0.0.1:1", credentials="api", request=request))
    assert isinstance(error, CredentialError), repr(error)
    assert words in str(error)
    assert "c4n4ry" not in str(error)


AS_WRITTEN: list[tuple[list[tuple[str, str]], bytes, bytes]] = [
    ([], b"", b"key=k"),
    ([("Content-Type", JSON)], b"", b'{"key":"k"}'),
    ([("Content-Type", FORM)], b"keyring=1&key&key=2", b"keyring=1&key=k"),
    ([("Content-Type", FORM), ("Content-Encoding", "identity")], b"a=1", b"a=1&key=k"),
]


@pytest.mark.parametrize(("headers", "body", "expected"), AS_WRITTEN)
def test_a_body_gets_the_field_and_nothing_else(
    headers: list[tuple[str, str]], body: bytes, expected: bytes
) -> None:
    """One that is empty becomes a form of the field, or JSON where the task says so; a field
    whose name only begins like it stays.
    """
    request = OutgoingRequest("POST", "https://a.example", list(headers), body)
    put_into_body(request, "key", "k")
    assert request.body == expected
    assert request.header("Content-Type") == (headers[0][1] if headers else FORM)


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ([("Content-Type", FORM), ("Content-Encoding", "gzip")], b"a=1", "with a Content-Encoding"),
        ([("Content-Encoding", "gzip")], b"", "with a Content-Encoding"),
        ([("Content-Type", JSON)], b"{", "is no JSON"),
        ([], b"a", "body is neither"),
        (
            [("Content-Type", "multipart/form-data; boundary=x")],
            b"--x\r\n",
            "does not end as multipart",
        ),
        ([("Content-Type", JSON)], StreamedBody(()), "that is a file"),
    ],
)
def test_a_body_that_gets_no_field_stays(
    headers: list[tuple[str, str]], body: bytes | StreamedBody, words: str
) -> None:
    """What is compressed, no JSON, of no type, without its last delimiter, or a file."""
    request = OutgoingRequest("POST", "https://a.example", list(headers), body)
    with pytest.raises(ValueError, match=words):
        put_into_body(request, "key", "k")
    assert request.body is body


def test_a_signature_covers_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """What signs sees the body as it goes out."""
    send = [{"name": "X-Sign", "value": "{bodySha256}{signature}"}]
    key = {"type": "apiKey", "in": "body", "name": "key", "key": KEY}
    sign = {"type": "hmac", "secret": "c4n4ry-s", "stringToSign": "{body}", "send": send}
    store(monkeypatch, key=key, sign=sign)
    with servers.raw_server(servers.respond(servers.OK)) as server:
        request = {"method": "POST", "body": {"a": 1}}
        exchange(http(server.url, credentials=["sign", "key"], request=request))
        head, _, content = server.received[0].partition(b"\r\n\r\n")
    sha256 = hashlib.sha256(content).hexdigest()
    signature = hmac.digest(b"c4n4ry-s", content, "sha256").hex()
    assert f"X-Sign: {sha256}{signature}".encode() in head
    assert json.loads(content) == {"a": 1, "key": KEY}
