"""Whole tasks, one and many at a time, beside bare httpx and bare aiohttp: CPU of this process per
request.

The server runs in a process of its own. Everything is measured in turns, in one run, and the median
of the rounds counts.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import httpx

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.engines import arun_workflow
from httptask.task import HttpTask
from httptask.workflow import definition_of
from tasks import http, runtime

BODY = {"subject": "RFI answered", "distribution_ids": [881]}
_WANTED = {
    1: "wanted: 1.8 x httpx",
    32: "wanted: 6 x httpx, 0.4 of aiohttp",
    200: "wanted: 0.85 to 1.15 of 32",
    500: "wanted: 0.85 to 1.15 of 32",
}
"""How many are under way at a time, and what their rate is to be."""
ROUNDS = 3

Call = Callable[[], Awaitable[object]]


def concurrency_rows(url: str, once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured against the server at *url*, its figure, and what it is compared
    with.
    """
    at_32 = 0.0
    for at_once in _WANTED:
        # To see that the figures can be taken, 32 at once are enough.
        spent = asyncio.run(_measured(url, min(at_once, 32) if once else at_once, once))
        ours, bare_httpx, bare_aiohttp = spent["task"], spent["httpx"], spent["aiohttp"]
        at_32 = ours if at_once == 32 else at_32
        many = "one at a time" if at_once == 1 else f"{at_once} at once"
        compared = (
            f"CPU; httpx {bare_httpx * 1e6:.0f} µs, aiohttp {bare_aiohttp * 1e6:.0f} µs: "
            f"{bare_httpx / ours:.2f} x the rate of httpx, {bare_aiohttp / ours:.2f} of aiohttp's"
        )
        if at_once > 32:
            compared += f"; {ours / at_32:.2f} of what it takes at 32"
        yield f"a whole task, {many}", f"{ours * 1e6:.0f} µs", f"{compared}; {_WANTED[at_once]}"
        if at_once <= 32:
            a_second = f"{1 / spent['definition']:,.0f}/s"
            yield f"one-task definitions, {many}", a_second, "a core, with a server; wanted: 1,500"


async def _measured(url: str, at_once: int, once: bool) -> dict[str, float]:
    """Return the CPU seconds of a request by client, *at_once* of them under way at a time."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        runtime() as shared,
        httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        task = HttpTask(http(url, request={"method": "POST", "body": BODY}), runtime=shared)

        async def by_aiohttp() -> None:
            async with session.post(url, json=BODY) as response:
                await response.json()

        async def by_httpx() -> None:
            (await client.post(url, json=BODY)).json()

        definition = definition_of({"startTask": "A", "tasks": {"A": task.definition}})
        calls: dict[str, Call] = {
            "task": task.acall,
            "definition": lambda: arun_workflow(definition, runtime=shared),
            "httpx": by_httpx,
            "aiohttp": by_aiohttp,
        }
        spent: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(1 if once else ROUNDS):
            for name, call in calls.items():
                spent[name].append(
                    await _cpu(call, at_once, each=1 if once else max(1, 500 // at_once))
                )
    return {name: statistics.median(figures) for name, figures in spent.items()}


async def _cpu(call: Call, at_once: int, each: int) -> float:
    """Return the CPU seconds of one of *at_once* times *each* calls, *at_once* of them under way at
    a time.
    """

    async def one_after_another() -> None:
        for _ in range(each):
            await call()

    await asyncio.gather(*(call() for _ in range(at_once)))  # the connections are there before
    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / (at_once * each)


if __name__ == "__main__":
    for what, figure, compared in concurrency_rows(sys.argv[1], "--once" in sys.argv):
        print(f"{what:<32} {figure:>10}   {compared}", flush=True)
