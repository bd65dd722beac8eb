"""A list of many pages, beside the same loop by hand on bare aiohttp: CPU of this process per page,
which another program on the machine does not change much, and the time on the clock.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.task import HttpTask
from local_server import Answering, local_server, response
from tasks import http, runtime

PAGES, ITEMS, ROUNDS = 1000, 100, 3


class Listing(Answering):
    """Answers with a page of 100 items; 1,000 pages have a next one, or as many as a run asks
    for.
    """

    def answer(self, head: bytes) -> None:
        """Answer the request that has this *head*."""
        number = int(head.split(b" ")[1].partition(b"page=")[2])
        first = number * ITEMS
        found = [
            {"id": first + index, "name": f"Thing {index}", "state": "open", "price": 12.5}
            for index in range(ITEMS)
        ]
        more = number + 1 if number < PAGES else None
        body = json.dumps({"data": found, "next": more}).encode()
        self.transport.write(response(body, "200 OK"))


def page_rows(once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, its figure, and what it is compared with."""
    with local_server(Listing) as url:
        pages, rounds = (20, 1) if once else (PAGES, ROUNDS)
        (ours, clock), (by_hand, by_hand_clock) = asyncio.run(_measured(url, pages, rounds))
    compared = (
        f"CPU; by hand on aiohttp {by_hand * 1e6:.0f} µs: {by_hand / ours:.2f} of its speed,"
        f" on the clock {by_hand_clock / clock:.2f}; bar: 0.6"
    )
    yield f"a page of {ITEMS} items, of {pages:,}", f"{ours * 1e6:.0f} µs", compared


Spent = tuple[float, float]
"""Seconds of the processor, and on the clock."""


async def _measured(url: str, pages: int, rounds: int) -> tuple[Spent, Spent]:
    """Return what one of the last *pages* of the list takes, by a task and by hand."""
    first = PAGES - pages + 1
    setting = {
        "mode": "cursor",
        "items": "$.data",
        "next": "$.next",
        "parameter": {"in": "query", "name": "page"},
        "maxPages": pages,
        "maxItems": pages * ITEMS,
    }
    async with runtime() as shared, aiohttp.ClientSession() as session:
        request = {"query": {"page": first}}
        task = HttpTask(http(url, request=request, pagination=setting), runtime=shared)

        async def ours() -> list[Any]:
            items: list[Any] = (await task.acall()).body
            return items

        async def by_hand() -> list[Any]:
            items: list[Any] = []
            cursor = first
            while cursor is not None:
                async with session.get(url, params={"page": cursor}) as answer:
                    page = await answer.json()
                items += page["data"]
                cursor = page["next"]
            return items

        spent: dict[str, list[Spent]] = {"ours": [], "by hand": []}
        for _ in range(rounds):
            spent["ours"].append(await _spent(ours, pages))
            spent["by hand"].append(await _spent(by_hand, pages))
    return _median(spent["ours"]), _median(spent["by hand"])


def _median(spent: list[Spent]) -> Spent:
    processor, clock = zip(*spent, strict=True)
    return statistics.median(processor), statistics.median(clock)


async def _spent(read: Callable[[], Awaitable[list[Any]]], pages: int) -> Spent:
    """Return what one of the *pages* that *read* reads takes."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    items = await read()
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    if len(items) != pages * ITEMS:
        raise AssertionError(f"{len(items)} items came")
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return processor / pages, seconds / pages


if __name__ == "__main__":
    for what, figure, compared in page_rows("--once" in sys.argv):
        print(f"{what:<32} {figure:>10}   {compared}", flush=True)
