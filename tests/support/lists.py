"""Lists that a server on loopback gives page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import servers


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a list's server reads it."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Asked], bytes]


@contextmanager
def list_server(answer: Answer) -> Iterator[servers.RawServer]:
    """Run a server that gives each request to *answer*; `asked` has them in order."""

    def handler(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        peer.sendall(answer(asked(request)))
        return True

    with servers.raw_server(handler) as server:
        yield server


def asked(request: bytes) -> Asked:
    """Return *request*, as it came, as it is read."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Asked(method, target, headers, body)


def targets(server: servers.RawServer) -> list[str]:
    """Return the targets of the requests that *server* got, in order."""
    return [asked(request).target for request in server.received]


def page(value: Any, *headers: tuple[str, str], status: str = "200 OK") -> bytes:
    """Return the response with the JSON *value*."""
    return servers.response(json.dumps(value).encode(), servers.JSON, *headers, status=status)


def items(count: int) -> list[dict[str, int]]:
    """Return *count* items, no two of them the same."""
    return [{"id": number} for number in range(1, count + 1)]


def cut(values: Sequence[Any], size: int, number: int) -> list[Any]:
    """Return page *number*, from 1, of *values* in pages of *size*."""
    return list(values[(number - 1) * size : number * size])
