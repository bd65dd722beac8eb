"""`Content-Encoding` of a request: the body is what its header says."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from httptask import HttpTask, Runtime
from httptask.building import build, curl_command
from httptask.errors import Problem, SettingsError
from httptask.model.exchange import SentRequest
from servers import raw_server, respond, response

JSON = {"name": "é" * 50}


def task(url: str, coding: Any, body: Any, **headers: str) -> dict[str, Any]:
    request = {
        "url": url,
        "method": "POST",
        "headers": {"Content-Encoding": coding, **headers},
        "body": body,
    }
    return {"type": "Http", "httpRequest": request, "end": True}


@pytest.mark.parametrize(
    ("coding", "undo"),
    [
        ("gzip", gzip.decompress),
        ("GZIP", gzip.decompress),
        ("x-gzip", gzip.decompress),
        ("deflate", zlib.decompress),
        ("identity", bytes),
    ],
)
def test_a_body_is_written_in_its_content_coding(
    coding: str, undo: Callable[[bytes], bytes]
) -> None:
    """RFC 9110, section 8.4: the bytes on the wire are what `Content-Encoding` says, its length is
    theirs, and the exchange and curl's copy have the same bytes.
    """
    with (
        raw_server(respond(response(b"{}"))) as server,
        Runtime(allow_networks=["127.0.0.1"]) as runtime,
    ):
        sent = HttpTask(task(server.url, coding, JSON), name="T", runtime=runtime).test_request()
        head, _, body = server.received[0].partition(b"\r\n\r\n")
        assert json.loads(undo(body)) == JSON
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert sent.request is not None
        assert sent.request.body == body
        subprocess.run(curl_command(sent.request), shell=True, check=True, capture_output=True)
        head, _, copy = server.received[1].partition(b"\r\n\r\n")
    assert copy == body
    assert f"Content-Encoding: {coding}".encode() in head


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-www-form-urlencoded", {"a": "1"}),
        ("text/plain", "text"),
        ("application/json", {"$text": "{}"}),
        ("multipart/form-data", {"a": "1"}),
    ],
)
def test_bodies_of_every_media_type_are_coded(media_type: str, body: Any) -> None:
    """A form, text, text as it is, and multipart without files."""
    headers = {"Content-Type": media_type}
    plain = build({"url": "https://h/", "method": "POST", "headers": headers, "body": body})
    headers["Content-Encoding"] = "gzip"
    coded = build({"url": "https://h/", "method": "POST", "headers": headers, "body": body})
    assert isinstance(plain.body, bytes)
    assert isinstance(coded.body, bytes)
    boundary = plain.header("Content-Type").partition("boundary=")[2].encode()  # type: ignore[union-attr]
    own = coded.header("Content-Type").partition("boundary=")[2].encode()  # type: ignore[union-attr]
    unpacked = gzip.decompress(coded.body)
    assert (unpacked.replace(own, boundary) if own else unpacked) == plain.body
    shown = SentRequest("POST", "https://h/", tuple(coded.headers), coded.body)
    assert "base64 -d" in curl_command(shown)


def test_a_body_that_is_a_file_is_encoded_already() -> None:
    """Its author gives bytes in that coding: they are not coded again."""
    packed = gzip.compress(b"{}")
    content = {"contentBase64": base64.b64encode(packed).decode(), "contentType": "text/plain"}
    headers = {"Content-Encoding": "gzip"}
    request = {"url": "https://h/", "headers": headers, "body": {"$file": content}}
    assert build({**request, "method": "PUT"}).body == packed


def test_a_form_with_files_cannot_be_coded() -> None:
    """It is streamed: nothing is sent, and the header is pointed at."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "multipart/form-data"}
    body = {"f": {"$file": {"path": "a.txt"}}}
    with pytest.raises(SettingsError) as caught:
        build({"url": "https://h/", "method": "POST", "headers": headers, "body": body})
    at = "/headers/Content-Encoding"
    assert list(caught.value.problems) == [Problem.of("header-coding-of-files", at, found="gzip")]


@pytest.mark.parametrize("coding", ["br", "aws-chunked", "gzip, br", "UTF-8"])
def test_a_coding_that_is_not_written_is_warned_of(coding: str) -> None:
    """The body goes out as it is, under the author's header, who is told."""
    assert build(task("https://h/", coding, {})["httpRequest"]).body == b"{}"
    at = "/httpRequest/headers/Content-Encoding"
    warning = Problem.of("header-coding", at, severity="warning", found=coding)
    assert HttpTask(task("https://h/", coding, {})).problems() == [warning]
    assert HttpTask(task("https://h/", coding, {"$file": {"path": "a.br"}})).problems() == []


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "identity", " GZIP "])
def test_a_coding_that_is_written_is_no_problem(coding: str) -> None:
    """In any case (RFC 9110, section 8.4.1)."""
    assert HttpTask(task("https://h/", coding, {})).problems() == []
