"""What tests of importing share: descriptions to import, and a look at the processes that read
them.
"""

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
    """An API of its own: so many operations, each with the same recursive body."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    paths = {
        f"/things{number}/{each}": {
            "post": {"summary": f"Make thing {each}", "requestBody": body, "responses": {}}
        }
        for each in range(operations)
    }
    return {**API, "info": {"title": f"Things {number}", "version": "1"}, "paths": paths, **changes}


def folder_of(path: Path, count: int, operations: int = 3) -> Path:
    path.mkdir()
    for number in range(count):
        (path / f"api{number:03}.json").write_text(json.dumps(description(number, operations)))
    return path


def as_json(value: Any) -> bytes:
    return servers.response(json.dumps(value).encode(), servers.JSON)


def paths() -> set[str]:
    """The paths that the catalogue holds beside what is shipped."""
    with Catalogue.open() as catalogue:
        return {each.path for each in catalogue.endpoints() if each.provider != "procore"}


def running(parent: int) -> list[int]:
    """The processes that were started by the process *parent*."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Any, seconds: float = 60.0) -> Any:
    """Wait until *holds* returns something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")


class Silent:
    """A server that is asked and does not answer."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.closed = threading.Event()

    def __call__(self, peer: servers.Peer) -> None:
        peer.read_request()
        self.asked.set()
        peer.recv()
        self.closed.set()
