"""Compare requests on the wire: sent by the real curl, and by an imported task."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import npm
from httptask import hookimpl
from httptask.interchange import Imported, ImportedTask
from httptask.model.credential import Credential
from httptask.model.task import Inputs
from httptask.task import HttpTask
from servers import HANG_SECONDS, OK, Peer, RawServer, raw_server
from tasks import runtime

JUDGES = Path(__file__).parents[1] / "interchange" / "judges"
"""The folder of other programs that read curl commands and Postman collections."""

OF_CLIENTS = {"host", "content-length", "connection", "accept-encoding", "expect"}
"""Headers that differ from client to client."""


@dataclass(frozen=True)
class Sent:
    """A received request, normalised: requests with the same meaning are equal."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, list[str]]
    body: Any


def sent(raw: bytes) -> Sent:
    """Parse the request *raw*, without the differences that clients may have."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ", 2)
    path, _, query = target.partition("?")
    headers: dict[str, list[str]] = {}
    for name, _, value in (line.partition(":") for line in lines):
        if name.lower() not in OF_CLIENTS:
            headers.setdefault(name.lower(), []).append(value.strip())
    if headers.get("user-agent", [""])[0].startswith(("curl/", "httptask/")):
        del headers["user-agent"]
    if headers.get("accept") == ["*/*"]:
        del headers["accept"]
    content_type = headers.pop("content-type", [""])[0]
    essence = content_type.partition(";")[0].strip().lower()
    if essence != "multipart/form-data":
        headers["content-type"] = [content_type]
    if "cookie" in headers:
        headers["cookie"] = sorted("; ".join(headers["cookie"]).split("; "))
    if headers.get("authorization", [""])[0].startswith("Digest "):
        headers["authorization"] = ["Digest"]
    query = query.encode("latin-1").decode("utf-8", "surrogateescape")
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return Sent(method, unquote(path), pairs, headers, meaning(body, content_type))


def meaning(body: bytes, content_type: str) -> Any:
    """Return the values of *body* if it is JSON or a form, else its bytes."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence.endswith("json") and body:
        try:
            return {"json": json.dumps(json.loads(body), sort_keys=True)}
        except ValueError:
            return body
    if essence == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        return sorted(pairs) if body.count(b"=") == len(pairs) else body
    if essence == "multipart/form-data":
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        message = BytesParser().parsebytes(head + body)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part["Content-Type"] or "text/plain",
                part.get_payload(decode=True),
            )
            for part in message.get_payload()
        ]
    return body


def answered(peer: Peer) -> bool:
    """Answer every request with 200, or with a digest challenge if the path asks for one."""
    request = peer.read_request()
    if b" /digest" in request[:40] and b"\r\nAuthorization:" not in request:
        challenge = b'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
        peer.sendall(
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: "
            + challenge
            + b"\r\n\r\n"
        )
        return True
    peer.sendall(OK)
    return True


def judged(program: str, value: Any) -> Any:
    """Return the result of the *program* in the folder `judges` for the JSON *value*."""
    npm.install(JUDGES)
    printed = subprocess.run(
        ["node", program],
        cwd=JUDGES,
        input=json.dumps(value).encode(),
        stdout=subprocess.PIPE,
        timeout=HANG_SECONDS,
        check=True,
    ).stdout
    return json.loads(printed)


@contextmanager
def recorder() -> Iterator[RawServer]:
    """Run a server that stores all requests."""
    with raw_server(answered) as server:
        yield server


def sent_by_shell(command: str, server: RawServer, folder: Path) -> Sent:
    """Run *command* in bash in *folder*, and return the last received request."""
    before = len(server.received)
    done = subprocess.run(
        ["bash", "-c", command.encode()],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert len(server.received) > before, done.stderr.decode()
    return sent(server.received[-1])


class Given:
    """A credential store with the credentials that an import suggests."""

    def __init__(self, imported: Imported) -> None:
        self._imported = imported

    @hookimpl
    def httptask_credential(self, name: str) -> Credential | None:
        return self._imported.credentials.get(name)


def sent_by_task(
    imported: Imported,
    server: RawServer,
    folder: Path,
    task: ImportedTask | None = None,
    **values: Any,
) -> Sent:
    """Run the imported task with its credentials, and return the last received request."""
    one = task or imported.tasks[0]
    assert [problem for problem in one.problems if problem.severity == "error"] == []
    before = len(server.received)
    with runtime(Given(imported), files=str(folder)) as shared:
        HttpTask(one.task, name="task", runtime=shared).call(Inputs(input=values))
    assert len(server.received) > before
    return sent(server.received[-1])


def write_large_collection(
    path: Path, url: str, requests: int = 50, size: int = 50_000_000
) -> None:
    """Write a Postman collection of *size* bytes, request by request: what makes collections of
    that size are the responses that Postman has saved. The token is the text `hush-12345678`.
    """
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    saved = "0123456789" * (size // requests // 10)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"info": {"name": "Shop", "schema": schema}})[:-1] + ', "item": [')
        for number in range(requests):
            token = {"key": "Authorization", "value": "Bearer hush-12345678"}
            request = {"method": "GET", "url": f"{url}/orders/{number}", "header": [token]}
            item = {"name": f"Order {number}", "request": request, "response": [{"body": saved}]}
            file.write((", " if number else "") + json.dumps(item))
        file.write("]}")
