"""Helpers for tests of importing: descriptions, and the processes that read them."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import servers
from httptask.catalogue import Catalogue

LOCAL = ("--allow-network", "127.0.0.1")

API = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "servers": [{"url": "https://api.things.example/v1"}],
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "parts": {"$ref": "#/components/schemas/Parts"},
                },
            },
            "Parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        }
    },
}


def description(number: int, operations: int = 3, **changes: Any) -> dict[str, Any]:
    """Return the description of API *number*, whose *operations* have the same recursive body."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    paths = {
        f"/things{number}/{operation}": {
            "post": {"summary": f"Make thing {operation}", "requestBody": body, "responses": {}}
        }
        for operation in range(operations)
    }
    return {
        **API,
        "info": {"title": f"Things {number}", "version": "1"},
        "paths": paths,
        **changes,
    }


def folder_of(path: Path, count: int, operations: int = 3) -> Path:
    path.mkdir()
    for number in range(count):
        (path / f"api{number:03}.json").write_text(json.dumps(description(number, operations)))
    return path


def as_json(value: Any) -> bytes:
    return servers.response(json.dumps(value).encode(), servers.JSON)


def paths() -> set[str]:
    """Return the paths of the catalogue's endpoints, without the shipped one."""
    with Catalogue.open() as catalogue:
        return {
            endpoint.path for endpoint in catalogue.endpoints() if endpoint.provider != "procore"
        }


def running(parent: int) -> list[int]:
    """Return the process ids of the children of the process *parent*."""
    children = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent
            ):
                children.append(int(entry.name))
        except OSError:
            continue
    return children


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Any, seconds: float = 60.0) -> Any:
    """Call *holds* until it returns a true value, and return that value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen")


class Silent:
    """A server that reads a request and never answers."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.closed = threading.Event()

    def __call__(self, peer: servers.Peer) -> None:
        peer.read_request()
        self.asked.set()
        peer.recv()
        self.closed.set()
