"""Long jobs on a server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import servers
from lists import Answer, Asked, list_server, page

QUICK = {"intervalSeconds": 0, "timeoutSeconds": 10}
"""A `poll` that does not wait."""

Step = bytes | Callable[[Asked], bytes]


@contextmanager
def job_server(*steps: Step, with_tls: bool = False) -> Iterator[servers.RawServer]:
    """Run a server that answers with *steps* in order, and repeats the last one."""
    left = list(steps)

    def answer(asked: Asked) -> bytes:
        step = left.pop(0) if len(left) > 1 else left[0]
        return step if isinstance(step, bytes) else step(asked)

    with list_server(answer, with_tls=with_tls) as server:
        yield server


def accepted(*headers: tuple[str, str], body: Any = None) -> bytes:
    """Return a 202 with *headers*."""
    return page(body, *headers, status="202 Accepted")


def states(*names: str, field: str = "status") -> Sequence[bytes]:
    """Return an answer for each state."""
    return [page({field: name}) for name in names]


def completion(**poll: Any) -> dict[str, Any]:
    """Return the setting with *poll*, which does not wait."""
    return {"mode": "poll", "poll": QUICK | poll}


__all__ = ["QUICK", "Answer", "Step", "accepted", "completion", "job_server", "states"]
