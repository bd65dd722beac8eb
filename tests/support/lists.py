"""A server for paginated lists."""

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
    """A parsed request."""

    method: str
    target: str
    headers: Mapping[str, str]
    """The headers, by name in lower case."""
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
def list_server(answer: Answer, *, with_tls: bool = False) -> Iterator[servers.RawServer]:
    """Run a server that answers each request with *answer*; its `asked` lists the requests.

    *with_tls*: with https, for `localhost`.
    """

    def handler(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        peer.sendall(answer(asked(request)))
        return True

    tls = servers.tls_server(handler, "localhost") if with_tls else servers.raw_server(handler)
    with tls as server:
        yield server


def asked(request: bytes) -> Asked:
    """Parse the raw *request*."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Asked(method, target, headers, body)


def targets(server: servers.RawServer) -> list[str]:
    """Return the request targets that *server* has received, in order."""
    return [asked(request).target for request in server.received]


def page(value: Any, *headers: tuple[str, str], status: str = "200 OK") -> bytes:
    """Return a response with the JSON *value* as its body."""
    return servers.response(json.dumps(value).encode(), servers.JSON, *headers, status=status)


def items(count: int) -> list[dict[str, int]]:
    """Return *count* different items."""
    return [{"id": number} for number in range(1, count + 1)]


def cut(values: Sequence[Any], size: int, number: int) -> list[Any]:
    """Return page *number* (from 1) of *values*, with *size* values per page."""
    return list(values[(number - 1) * size : number * size])
