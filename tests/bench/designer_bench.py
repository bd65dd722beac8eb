"""How fast the designer's server answers."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from designer import RunningDesigner, running_designer, thing_endpoint, thing_task
from httptask.model.api import Endpoint, MediaType, RequestBody, Server
from servers import Peer, raw_server

Row = tuple[str, str, str]
"""What, figure, and what it is compared to."""

FIELDS = 300
_NOWHERE = "http://127.0.0.1:9"


def answering(rounds: int = 60) -> list[Row]:
    """Measure a designer that runs here: picking an endpoint of 300 fields, and cancelling a test request."""
    with tempfile.TemporaryDirectory() as folder:
        endpoints = [thing_endpoint(_NOWHERE), *(_large(number) for number in range(rounds))]
        with running_designer(Path(folder), endpoints=endpoints) as designer:
            designer.client.event_hooks = {"response": []}
            picked = sorted(_seconds(designer, f"endpoints/large-{number}/form") for number in range(rounds))
            again = sorted(_seconds(designer, "endpoints/large-0/form") for _ in range(rounds))
            cancelled = sorted(_cancelled(designer) for _ in range(rounds))
    return [
        (f"form of {FIELDS} fields, never seen before: p50, worst", _figures(picked), "bar, painted: 150 ms"),
        (f"form of {FIELDS} fields, again: p50, worst", _figures(again), ""),
        ("cancel to closed upstream socket: p50, worst", _figures(cancelled), "bar: 100 ms"),
    ]


def _figures(seconds: Sequence[float]) -> str:
    return f"{seconds[len(seconds) // 2] * 1000:.1f}, {seconds[-1] * 1000:.1f} ms"


def _seconds(designer: RunningDesigner, path: str) -> float:
    began = time.perf_counter()
    designer.client.get(path).raise_for_status()
    return time.perf_counter() - began


def _cancelled(designer: RunningDesigner) -> float:
    asked, times = threading.Event(), []
    ended = threading.Event()

    def wait(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.wait_for_close()
        times.append(time.perf_counter())
        ended.set()

    with raw_server(wait) as server:
        draft = {"task": thing_task(server.url)}
        with designer.client.stream("POST", "test-requests", json=draft) as stream:
            asked.wait(10)
            began = time.perf_counter()
            designer.client.delete(f"test-requests/{stream.headers['test-request-id']}")
            ended.wait(10)
    return times[0] - began


def _large(number: int) -> Endpoint:
    texts = {
        f"field_{place}": {
            "type": "string",
            "description": f"The *{place}*th `field` of [{number}](https://x.example).\n\n- a\n- b",
        }
        for place in range(FIELDS // 2)
    }
    others = {
        f"other_{place}": {"type": "object", "properties": {"a": {"type": "integer"}}} for place in range(FIELDS // 4)
    }
    body = MediaType({"type": "object", "properties": texts | others, "required": list(texts)[::2]})
    return Endpoint(
        id=f"large-{number}",
        method="POST",
        path=f"/large/{number}",
        provider="acme",
        title="Large",
        servers=(Server(_NOWHERE),),
        request_body=RequestBody({"application/json": body}),
    )
