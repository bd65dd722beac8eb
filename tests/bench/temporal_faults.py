"""How soon a connection is closed when its run is cancelled, and how soon another worker goes on
for one that was killed.
"""

from __future__ import annotations

import asyncio
import select
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import servers
from engine_definitions import at, flow, get
from lists import page
from temporal_servers import PATIENCE, dev_server
from temporal_worlds import TemporalWorld, worker_process

CANCELLED = 10
"""Runs that are cancelled: the longest time counts."""
KILLED = 3
"""Workers that are killed: the longest time counts."""


class Holding:
    """A server that answers no request until it is released."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        """When each request came."""
        self.closed: list[float] = []
        """When a client closed its connection before it was answered."""
        self.came, self.went, self.release = (threading.Event() for _ in range(3))

    def handle(self, peer: servers.Peer) -> bool:
        if not peer.read_request():
            return False
        self.arrived.append(time.perf_counter())
        self.came.set()
        while not self.release.is_set():
            readable, _, _ = select.select([peer.socket], [], [], 0.05)
            if readable and peer.socket.recv(1) == b"":
                self.closed.append(time.perf_counter())
                self.went.set()
                return False
        peer.sendall(page({}))
        return True


class _Noting(Interceptor):
    """Notes in *told* when the worker learns of a cancellation."""

    def __init__(self, told: list[float]) -> None:
        self._told = told

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _NotingActivity(next, self._told)


class _NotingActivity(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, told: list[float]) -> None:
        super().__init__(following)
        self._told = told

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        async def note() -> None:
            await activity.wait_for_cancelled()
            self._told.append(time.perf_counter())

        noting = asyncio.create_task(note())
        try:
            return await self.next.execute_activity(input)
        finally:
            noting.cancel()


def cancelled(address: str, count: int) -> list[tuple[float, float]]:
    """Return of each of *count* runs that are cancelled the seconds until its connection was
    closed: since its worker knew, and since it was asked for.
    """
    told: list[float] = []
    taken = []

    async def one(world: TemporalWorld) -> None:
        holding = Holding()
        with servers.raw_server(holding.handle) as server:
            task = get("/a", readTimeoutSeconds=PATIENCE)
            handle = await world.start(at(flow("A", {"A": task}), server.url))
            await asyncio.to_thread(holding.came.wait, PATIENCE)
            asked = time.perf_counter()
            await handle.cancel()
            await asyncio.to_thread(holding.went.wait, PATIENCE)
        taken.append((holding.closed[0] - told[-1], holding.closed[0] - asked))

    async def main() -> None:
        world = TemporalWorld(address)
        async with world.worker(interceptors=[_Noting(told)]):
            for _ in range(count):
                await one(world)

    asyncio.run(main())
    return taken


def taken_over(address: str, heartbeat_seconds: float) -> float:
    """Return the seconds from the end of a worker, killed in the middle of a request, to the same
    request of another that was there already.
    """
    world, holding = TemporalWorld(address, heartbeat_seconds=heartbeat_seconds), Holding()
    with servers.raw_server(holding.handle) as server:
        task = get("/a", readTimeoutSeconds=PATIENCE)
        definition = at(flow("A", {"A": task}), server.url)
        with worker_process(world.address, world.queue) as first:
            handle = asyncio.run(world.start(definition))
            holding.came.wait(PATIENCE)
            with worker_process(world.address, world.queue):
                killed = time.perf_counter()
                first.kill()
                holding.release.set()
                asyncio.run(world.end(handle))
    again = holding.arrived[1] - killed
    # A busy machine may let a worker's heartbeats be late, and it is taken for lost before.
    return again if again > 0 else taken_over(address, heartbeat_seconds)


def fault_rows(address: str, *, once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured on the server at *address*, its figure, and what is wanted."""
    taken = cancelled(address, 1 if once else CANCELLED)
    known = [since for since, _ in taken]
    yield (
        "Temporal, a cancelled run: its connection is closed",
        f"{max(known) * 1000:.0f} ms",
        (
            f"the longest of {len(known)}, after its worker knew, wanted: at most 100; the median"
            f" {statistics.median(known) * 1000:.0f} ms, and {statistics.median(o for _, o in taken):.1f}"
            " s after somebody cancelled it"
        ),
    )
    for heartbeat in () if once else (2.0, 10.0):  # the tests of workers kill one, too
        seconds = max(taken_over(address, heartbeat) for _ in range(KILLED))
        yield (
            f"Temporal, a worker killed, heartbeat {heartbeat:.0f} s: sent again",
            f"{seconds:.1f} s",
            f"the longest, wanted: at most {heartbeat + 2:.0f}",
        )


if __name__ == "__main__":
    with dev_server() as started:
        for row in fault_rows(started.address, once="--once" in sys.argv):
            print(f"{row[0]:<58} {row[1]:>14}   {row[2]}", flush=True)
