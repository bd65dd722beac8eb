"""The auth scheme `awsSigV4`, beside curl, and beside the examples of AWS."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import servers
from httptask.credentials.schemes._aws import AwsSigV4
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import Exchange, OutgoingRequest
from httptask.task import HttpTask
from tasks import exchange, failure, http, runtime, store

KEY = "c4n4ry/wJalrXUtnFEMI+K7MDENG"
ANSWER = servers.response(b"{}", servers.JSON)


@pytest.fixture(autouse=True)
def credential(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    fields = {"type": "awsSigV4", "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": KEY}
    fields |= {"region": "us-east-1", "service": "execute-api"}
    store(monkeypatch, aws=fields)
    return fields


def task(url: str, **request: Any) -> dict[str, Any]:
    return http(url, credentials="aws", request=request)


def at(moment: str) -> Clock:
    seconds = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    return Clock(wall=lambda: seconds)


def sent(definition: dict[str, Any], clock: Clock) -> Exchange:
    with runtime() as shared:
        shared.clock = clock
        return HttpTask(definition, runtime=shared).test_request()


def header(request: bytes, name: str) -> str:
    [value] = re.findall(rf"(?im)^{name}: (.*?)\r?$", request.decode())
    return str(value)


TARGETS = {
    "root": "/",
    "blanks": "/a%20b/c",
    "unicode": "/caf%C3%A9",
    "queries": "/a?a=1&b=2",
    "empty": "/a?a=&b=2",
    "escapes": "/a?q=x%20y%2Fz%3A",
}


@pytest.mark.parametrize("service", ["s3", "execute-api"])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_request_is_signed_as_curl_signs_it(
    target: str, service: str, credential: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same signature of the same headers, at the same moment."""
    store(monkeypatch, aws={**credential, "service": service})
    empty = hashlib.sha256().hexdigest()
    more = ("-H", f"x-amz-content-sha256: {empty}") if service == "s3" else ()
    # curl 7.88 encodes no path a second time, as all services but S3 do
    path, _, _ = target.partition("?")
    with servers.raw_server(servers.respond(ANSWER)) as server:
        signing = ("--aws-sigv4", f"aws:amz:us-east-1:{service}", "--user", f"AKIDEXAMPLE:{KEY}")
        servers.curl(*signing, *more, server.url + target)
        [judged] = server.received
        clock = at(header(judged, "X-Amz-Date"))
        sent(task(server.url + target), clock)
        ours = server.received[-1]
    assert ours.split()[1] == judged.split()[1] == target.encode()
    if service == "s3" or "%" not in path:
        assert header(ours, "Authorization") == header(judged, "Authorization")


def expected(request: bytes, service: str, path: str) -> str:
    """Return the signature that AWS would compute of *request*, whose canonical path is *path*."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, target, _ = head.decode().split(" ", 2)
    signed = re.search(r"SignedHeaders=([^,]+)", head.decode())
    assert signed is not None
    query = sorted(pair.partition("=") for pair in target.partition("?")[2].split("&") if pair)
    names = signed[1].split(";")
    lines = [method, path, "&".join(f"{name}={value}" for name, _, value in query)]
    lines += [f"{name}:{header(request, name)}" for name in names]
    lines += ["", ";".join(names), hashlib.sha256(body).hexdigest()]
    date = header(request, "x-amz-date")
    scope = f"{date[:8]}/us-east-1/{service}/aws4_request"
    canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{KEY}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{canonical}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


PATHS = {
    # what the author writes: what goes out, its canonical path for S3, and for the others
    "/a%20b": ("/a%20b", "/a%20b", "/a%2520b"),
    "/a%2Fb": ("/a%2Fb", "/a%2Fb", "/a%252Fb"),
    "/a:b+c=d@": ("/a%3Ab%2Bc%3Dd%40", "/a%3Ab%2Bc%3Dd%40", "/a%253Ab%252Bc%253Dd%2540"),
    "/a//b": ("/a//b", "/a//b", "/a/b"),
    "/é~": ("/%C3%A9~", "/%C3%A9~", "/%25C3%25A9~"),
    "": ("/", "/", "/"),
    "/?z=1&a=x+y:&b=&b": ("/?z=1&a=x%20y%3A&b=&b", "/", "/"),
}


@pytest.mark.parametrize("service", ["s3", "execute-api"])
@pytest.mark.parametrize("written", PATHS)
def test_what_goes_out_is_what_was_signed(
    written: str, service: str, credential: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Path and query are encoded as AWS encodes them, once for S3 and twice for the others."""
    store(monkeypatch, aws={**credential, "service": service})
    target, s3_path, path = PATHS[written]
    with servers.raw_server(servers.respond(ANSWER)) as server:
        exchange(task(server.url + written, method="POST", body={"a": ["é"]}))
        [request] = server.received
    assert request.split()[1].decode() == target
    canonical = s3_path if service == "s3" else path
    assert f"Signature={expected(request, service, canonical)}" in header(request, "Authorization")
    assert "content-type;host" in header(request, "Authorization")


class Given:
    """The context of a request that AWS published."""

    def __init__(self, host: str, target: str, moment: str) -> None:
        self.host, self.target, self.clock = host, target, at(moment)

    async def body_sha256(self) -> str:
        return hashlib.sha256().hexdigest()

    def mask(self, *secrets: str) -> None:
        assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)


EXAMPLES = {
    "get-vanilla": (
        ("service", "example.amazonaws.com", "/", "20150830T123600Z"),
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "s3 lifecycle": (
        ("s3", "examplebucket.s3.amazonaws.com", "/?lifecycle", "20130524T000000Z"),
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "s3 list": (
        ("s3", "examplebucket.s3.amazonaws.com", "/?max-keys=2&prefix=J", "20130524T000000Z"),
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_aws(name: str) -> None:
    """Its test suite's first, and those of the S3 API reference."""
    (service, host, target, moment), secret, signature = EXAMPLES[name]
    access = "AKIDEXAMPLE" if service == "service" else "AKIAIOSFODNN7EXAMPLE"
    fields = {"accessKeyId": access, "secretAccessKey": Secret(secret)}
    fields |= {"region": "us-east-1", "service": service}
    request = OutgoingRequest("GET", f"https://{host}{target}")
    context: Any = Given(host, target, moment)
    asyncio.run(AwsSigV4().authorise(request, Credential("a", "awsSigV4", fields), context))
    assert (request.header("Authorization") or "").endswith(f"Signature={signature}")


def test_nothing_secret_is_seen(
    credential: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither keys nor signature stand in an exchange or in a log, though a server echoes them."""
    caplog.set_level(logging.DEBUG)
    store(monkeypatch, aws={**credential, "sessionToken": "c4n4ry-session"})
    with servers.raw_server(servers.echo_json()) as server:
        seen = exchange(task(server.url + "/a"))
        [request] = server.received
    assert header(request, "X-Amz-Security-Token") == "c4n4ry-session"
    signature = header(request, "Authorization").rpartition("=")[2]
    shown = json.dumps(seen.to_json()) + caplog.text
    assert "c4n4ry" not in shown
    assert signature not in shown


def test_a_wrong_clock_is_explained() -> None:
    """A refusal by a server whose clock is an hour ahead says so; any other refusal stands."""
    for ahead, kind in ((3600, "credential"), (0, "status")):
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
        refused = servers.response(b"{}", servers.JSON, ("Date", date), status="403 Forbidden")
        with servers.raw_server(servers.respond(refused)) as server:
            error = failure(task(server.url))
        assert error.kind == kind
        assert ("s behind the server's" in str(error)) == bool(ahead)


def test_a_redirect_is_signed_for_its_own_url() -> None:
    """A signature holds for one URL alone."""
    away = servers.redirect("/b", 307)
    handler = servers.sequence(away, servers.respond(ANSWER))
    with servers.raw_server(handler) as server:
        exchange(task(server.url + "/a", method="POST", body={}))
        request = server.received[-1]
    assert request.startswith(b"POST /b ")
    assert expected(request, "execute-api", "/b") in header(request, "Authorization")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setitem(sys.modules, "httptask.credentials.schemes._aws_signer", None)
    error = failure(task("http://127.0.0.1:1"))
    assert isinstance(error, CredentialError)
    assert "pip install 'httptask[aws]'" in str(error)
