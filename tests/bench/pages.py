"""A list of many pages, beside the same loop by hand on bare aiohttp: CPU of this process per page,
which another program on the machine does not change much.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp

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
        ours, by_hand = asyncio.run(_measured(url, 1 if once else ROUNDS))
    compared = (
        f"CPU; by hand on aiohttp {by_hand * 1e6:.0f} µs: {by_hand / ours:.2f} of its speed,"
        " bar: 0.6"
    )
    yield f"a page of {ITEMS} items, of {PAGES:,}", f"{ours * 1e6:.0f} µs", compared


async def _measured(url: str, rounds: int) -> tuple[float, float]:
    """Return the CPU seconds of a page, by a task and by hand."""
    setting = {
        "mode": "cursor",
        "items": "$.data",
        "next": "$.next",
        "parameter": {"in": "query", "name": "page"},
        "maxPages": PAGES,
        "maxItems": PAGES * ITEMS,
    }
    async with runtime() as shared, aiohttp.ClientSession() as session:
        request = {"query": {"page": 1}}
        task = HttpTask(http(url, request=request, pagination=setting), runtime=shared)

        async def ours() -> list[Any]:
            items: list[Any] = (await task.acall()).body
            return items

        async def by_hand() -> list[Any]:
            items: list[Any] = []
            cursor = 1
            while cursor is not None:
                async with session.get(url, params={"page": cursor}) as answer:
                    page = await answer.json()
                items += page["data"]
                cursor = page["next"]
            return items

        spent: dict[str, list[float]] = {"ours": [], "by hand": []}
        for _ in range(rounds):
            spent["ours"].append(await _cpu(ours))
            spent["by hand"].append(await _cpu(by_hand))
    return statistics.median(spent["ours"]), statistics.median(spent["by hand"])


async def _cpu(read: Callable[[], Awaitable[list[Any]]]) -> float:
    """Return the CPU seconds of a page of the list that *read* reads."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    items = await read()
    after = resource.getrusage(resource.RUSAGE_SELF)
    if len(items) != PAGES * ITEMS:
        raise AssertionError(f"{len(items)} items came")
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / PAGES


if __name__ == "__main__":
    for what, figure, compared in page_rows("--once" in sys.argv):
        print(f"{what:<32} {figure:>10}   {compared}", flush=True)
