"""A designer on a real uvicorn server, in a thread, which ends with its `with` block.

Every response to its client is checked against the OpenAPI description of the designer's API.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import uvicorn

from httptask.catalogue import Catalogue
from httptask.designer import create_app
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Response, Server
from places import ROOT

SEED = "procore-rest-v1-0-project-project_id-email_communications-post-176"
API_FILE = ROOT / "schemas" / "designer-api.openapi.json"
JSON = {"Content-Type": "application/json"}
COMMAND = [sys.executable, "-m", "httptask", "designer"]
PATIENT: dict[str, Any] = {"trust_env": False, "timeout": 60}
"""Options of an httpx client for a server on this machine: no proxy, and time for a busy machine."""


@dataclass(slots=True)
class RunningDesigner:
    """A running designer; *client* sends requests to its API."""

    url: str
    """`http://127.0.0.1:PORT/`."""
    client: httpx.Client
    server: uvicorn.Server

    @property
    def port(self) -> int:
        """The port on which the designer listens."""
        return int(self.url.rstrip("/").rpartition(":")[2])


@contextmanager
def running_designer(
    folder: Path,
    *,
    endpoints: Iterable[Endpoint] = (),
    lines: list[str] | None = None,
    **options: Any,
) -> Iterator[RunningDesigner]:
    """Run the designer, which may send requests to loopback.

    Its catalogue in *folder* has the shipped endpoint and *endpoints*. *options* are arguments of
    `create_app`.
    """
    path = folder / "designer-catalogue.sqlite3"
    with Catalogue.open(path) as catalogue:
        catalogue.put(list(endpoints), source="tests")
    options = {"allow_networks": ["127.0.0.0/8", "::1"], "catalogue": path} | options
    headers = {"Authorization": f"Bearer {options['token']}"} if options.get("token") else {}
    hooks = {"response": [held_against_description]}
    with (
        serving(create_app(**options), _designers) as (url, server),
        httpx.Client(
            base_url=url + "api/v1/", headers=headers, event_hooks=hooks, **PATIENT
        ) as client,
    ):
        yield RunningDesigner(url, client, server)


@contextmanager
def started(
    tmp_path: Path,
    *words: str,
    **environment: str,
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the command `httptask designer`, and yield the process and its first line of JSON.

    The process is killed at the end of the block.
    """
    process = subprocess.Popen(
        [
            *COMMAND,
            "--port",
            "0",
            "--json",
            "--catalogue",
            str(tmp_path / "catalogue.sqlite3"),
            *words,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "TMPDIR": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path / "data"),
            **environment,
        },
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


_designers: list[int] = []
"""The ports of this process's designers, those that have ended included. They may be used again: a
browser keeps what it has compiled of the page by the page's address, and asks the server whether a
file is still the same.
"""


def _listening(ports: list[int]) -> socket.socket:
    """Return a socket that listens on loopback, on one of *ports* if any is free; add its own."""
    for port in ports:
        with suppress(OSError):  # the server has not ended, or the port is another program's now
            return _listening_on(port)
    sock = _listening_on(0)
    ports.append(sock.getsockname()[1])
    return sock


def _listening_on(port: int) -> socket.socket:
    # With the protocol 0 in place of TCP's, asyncio would leave Nagle's algorithm on.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Connections of the server that has ended may still wait for late packets.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


@contextmanager
def serving(app: Any, ports: list[int] | None = None) -> Iterator[tuple[str, uvicorn.Server]]:
    """Run the ASGI application *app* on a free port of loopback, on one of *ports* if possible;
    yield its URL and the server.
    """
    with _listening([] if ports is None else ports) as sock:
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run,
            args=([sock],),
            name="server",
        )
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)
            yield f"http://127.0.0.1:{sock.getsockname()[1]}/", server
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the server did not end"


# The API's own description


@cache
def api_description() -> Any:
    """Return the OpenAPI description of the designer's API."""
    return json.loads(API_FILE.read_text(encoding="utf-8"))


def held_against_description(response: httpx.Response) -> None:
    """Fail if *response* does not match the description of its path, method and status."""
    operation = _operation(response.request.method, response.request.url.path)
    if operation is None:  # another path, or a method that the path does not have
        return
    described = (
        operation["responses"].get(str(response.status_code)) or operation["responses"]["default"]
    )
    if "$ref" in described:
        described = api_description()["components"]["responses"][
            described["$ref"].rpartition("/")[2]
        ]
    content = described.get("content", {})
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if media_type == "text/event-stream":
        assert media_type in content
        return
    response.read()
    if not content:
        assert not response.content
        return
    assert media_type in content, f"{media_type} is not documented: {response.text[:200]}"
    schema = content[media_type].get("schema")
    if schema is not None:
        conforms(schema, response.json())


def conforms(schema: Any, value: Any) -> None:
    """Fail if *value* does not satisfy *schema*, which may refer to the description."""
    whole = {
        "$ref": "#/$defs/whole",
        "$defs": {"whole": schema},
        "components": api_description()["components"],
    }
    jsonschema.Draft202012Validator(whole).validate(value)


@cache
def _templates() -> list[tuple[re.Pattern[str], Any]]:
    paths = api_description()["paths"]
    return [
        (re.compile("/api/v1" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))), item)
        for path, item in paths.items()
    ]


def _operation(method: str, path: str) -> Any:
    item = next((item for pattern, item in _templates() if pattern.fullmatch(path)), {})
    return item.get(method.lower())


# Server-sent events

Events = list[tuple[str, dict[str, Any]]]


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the server-sent events of *response* as (name, data); see HTML, section 9.2.6."""
    name = ""
    data = []
    for line in response.iter_lines():
        if not line:
            if data:
                value = json.loads("\n".join(data))
                conforms({"$ref": f"#/components/schemas/{name.capitalize()}Event"}, value)
                yield name, value
            name = ""
            data = []
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)


def events_of(designer: RunningDesigner, draft: dict[str, Any]) -> Events:
    """Run the test request *draft* to its end, and return its events."""
    with designer.client.stream("POST", "test-requests", json=draft) as response:
        assert response.status_code == 200, response.read()
        return list(events(response))


def last(designer: RunningDesigner, draft: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Run the test request *draft*, and return its last event."""
    return events_of(designer, draft)[-1]


# Endpoints to try things on

_NODE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
}
_THING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "size": {"enum": ["small", "large"]},
    },
}


def thing_endpoint(url: str, *, method: str = "GET") -> Endpoint:
    """Return an endpoint with documented responses at the server *url*."""
    body = (
        RequestBody({"application/json": MediaType({"$ref": "#/$defs/Node"})})
        if method == "POST"
        else None
    )
    return Endpoint(
        id=f"acme-things-id-{method.lower()}-0",
        method=method,
        path="/things/{id}",
        provider="acme",
        title="Get a thing" if method == "GET" else "Change a thing",
        description=(
            "# Things\n\nGet **one** <script>alert(1)</script>[here](javascript:alert(1)) "
            "<a href='javascript:alert(2)' onclick='alert(3)'>there</a>."
        ),
        servers=(Server(url),),
        parameters=(
            Parameter(
                "id", "path", required=True, schema={"type": "string"}, description="Its *id*."
            ),
            Parameter("limit", "query", schema={"type": "integer", "minimum": 1}),
        ),
        request_body=body,
        responses={
            "200": Response(
                "The thing.", {}, {"application/json": MediaType({"$ref": "#/$defs/Thing"})}
            ),
            "4XX": Response("Not there."),
        },
        security=({"key": ()}, {}),
        security_schemes={
            "key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "Your `key`."}
        },
        definitions={"Node": _NODE, "Thing": _THING},
        source="things.json",
    )


def thing_task(url: str, **request: Any) -> dict[str, Any]:
    """Return a task for `thing_endpoint` at the server *url*."""
    settings = {
        "url": url + "/things/{id}",
        "method": "GET",
        "pathParameters": {"id": "7"},
    } | request
    return {
        "type": "Http",
        "endpoint": "acme-things-id-get-0",
        "httpRequest": settings,
        "end": True,
    }
