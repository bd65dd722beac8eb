"""What a credential adds to a request: in our own code alone, and of a whole task with a server.

`python tests/bench/authorised.py` prints these rows alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.credentials._stores import variable
from httptask.model.exchange import OutgoingRequest
from httptask.sending._wire import Answer, Recorder
from httptask.task import HttpTask
from local_server import ANSWER, TOKEN, local_server
from tasks import http, runtime

Rows = Iterator[tuple[str, str, str]]

CREDENTIALS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": "abcdefgh-12345"},
    "oauth2, its token at hand": {
        "type": "oauth2",
        "grant": "clientCredentials",
        "clientId": "bench",
        "clientSecret": "12345-abcdefgh",
    },
}
ROUNDS, CALLS = 250, 10


async def stubbed(
    _wire: Any,
    request: OutgoingRequest,
    _credential: Any,
    _timeouts: Any,
    recorder: Recorder,
    _identity: Any = None,
    **_: Any,
) -> Answer:
    """Stand in for the wire: answer *request* without a network."""
    content = TOKEN if request.url.endswith("/token") else ANSWER
    recorder.wrote(len(request.body), time.perf_counter())
    recorder.read(len(content))
    recorder.sent_headers = tuple(request.headers)
    headers = (("Content-Type", "application/json"),)
    return Answer("HTTP/1.1", 201, "Created", headers, [], _chunks(content), lambda: None)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


def authorised_rows(*, once: bool = False) -> Rows:
    """Yield what each credential adds."""
    with patch("httptask.sending.Connections.send", stubbed):
        yield from _rows("https://api.example", "wire stubbed", once=once)
    with local_server() as url:
        yield from _rows(url, "a whole task with a server; wanted: at most 1.05", once=once)


def _rows(origin: str, network: str, *, once: bool) -> Rows:
    least = asyncio.run(_least(origin, *((1, 1) if once else (ROUNDS, CALLS))))
    plain = least["none"]
    for what in CREDENTIALS:
        without = f"{least[what] / plain:.3f} of one without a credential, {plain * 1000:.3f} ms"
        yield (
            f"a free-form request authorised by {what}",
            f"{least[what] * 1000:.3f} ms",
            f"CPU, {network}; {without}",
        )


async def _least(origin: str, rounds: int, calls: int) -> dict[str, float]:
    """Return the CPU seconds of a call by credential: in turns, the least of *rounds* counts."""
    for document in CREDENTIALS.values():
        own = {"tokenUrl": f"{origin}/token"} if document["type"] == "oauth2" else {}
        text = json.dumps({**document, **own, "origins": [origin]})
        os.environ[variable(document["type"])] = text
    task = http(f"{origin}/things", request={"method": "POST", "body": {"subject": "RFI"}})
    async with runtime() as shared:
        tasks = {"none": HttpTask(task, runtime=shared)} | {
            what: HttpTask({**task, "credentials": document["type"]}, runtime=shared)
            for what, document in CREDENTIALS.items()
        }
        costs: dict[str, list[float]] = {what: [] for what in tasks}
        for _ in range(rounds):
            for what, one in tasks.items():
                costs[what].append(await _cpu(one.acall, calls))
    return {what: min(seconds) for what, seconds in costs.items()}


async def _cpu(call: Callable[[], Awaitable[Any]], count: int) -> float:
    """Return the CPU seconds of one call of *count*, once there is a connection, and a token."""
    await call()
    began = time.process_time()
    for _ in range(count):
        await call()
    return (time.process_time() - began) / count


if __name__ == "__main__":
    for what, figure, compared in authorised_rows(once="--once" in sys.argv):
        print(f"{what:<62} {figure:>10}   {compared}", flush=True)
