"""A task that is done for each item, beside the same task started by hand: CPU of this process per
item, which another program on the machine does not change much, and the time on the clock.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.engines import arun_workflow
from httptask.model.for_each import Item
from httptask.model.task import Inputs
from httptask.task import HttpTask
from httptask.workflow import definition_of
from local_server import local_server
from tasks import http, runtime

ITEMS, AT_ONCE, ROUNDS = 320, 32, 20


def item_rows(once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, its figure, and what it is compared with."""
    with local_server() as url:
        (ours, clock), (by_hand, by_hand_clock) = asyncio.run(
            _measured(url, 1 if once else ROUNDS, 64 if once else ITEMS)
        )
    compared = (
        f"CPU; tasks started by hand {by_hand * 1e6:.0f} µs: {by_hand / ours:.2f} of their speed,"
        f" on the clock {by_hand_clock / clock:.2f}; bar: 0.9"
    )
    yield f"an item of a task with forEach, {AT_ONCE} at once", f"{ours * 1e6:.0f} µs", compared


Spent = tuple[float, float]
"""Seconds of the processor, and on the clock."""


async def _measured(url: str, rounds: int, count: int) -> tuple[Spent, Spent]:
    """Return what an item takes, by an engine and by hand."""
    items = [{"id": number} for number in range(count)]
    setting = {"items": "${$.input}", "concurrency": AT_ONCE}
    request = {"method": "POST", "body": {"id": "${$.item.id}", "index": "${$.index}"}}
    definition = http(url, request=request, forEach=setting)
    flow = definition_of({"startTask": "A", "tasks": {"A": definition}})
    async with runtime() as shared:
        task = HttpTask(definition, name="A", runtime=shared)

        async def ours() -> Any:
            run = await arun_workflow(flow, items, runtime=shared)
            assert run.status == "Completed", run.error
            return run.output

        async def by_hand() -> Any:
            places = asyncio.Semaphore(AT_ONCE)

            async def one(index: int, item: Any) -> Any:
                async with places:
                    result = await task.acall(Inputs(input=items, item=Item(item, index)))
                    return result.to_json()

            return await asyncio.gather(*(one(*numbered) for numbered in enumerate(items)))

        # The connections are there before, and both keep the same results.
        assert _untimed(await ours()) == _untimed(await by_hand())
        spent: dict[str, list[Spent]] = {"ours": [], "by hand": []}
        for _ in range(rounds):
            spent["ours"].append(await _spent(ours, count))
            spent["by hand"].append(await _spent(by_hand, count))
    # The least of short rounds: others share the machine.
    return _least(spent["ours"]), _least(spent["by hand"])


def _least(spent: list[Spent]) -> Spent:
    processor, clock = zip(*spent, strict=True)
    return min(processor), min(clock)


def _untimed(results: list[Any]) -> list[Any]:
    return [{**result, "elapsedSeconds": 0} for result in results]


async def _spent(do: Callable[[], Awaitable[Any]], count: int) -> Spent:
    """Return what one of the *count* items that *do* does takes."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    await do()
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return processor / count, seconds / count


if __name__ == "__main__":
    for what, figure, compared in item_rows("--once" in sys.argv):
        print(f"{what:<48} {figure:>10}   {compared}", flush=True)
