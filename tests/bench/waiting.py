"""More tasks at once than there are places: none fails for waiting, and the event loop stays free.

A wait for a place counts only towards the total time of a task. So the tasks that wait for seconds
have a connection timeout and a read timeout that are shorter than their wait. `python tests/bench/waiting.py` prints
these rows alone.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.errors import TaskError
from httptask.model.rates import OriginLimits
from httptask.task import HttpTask
from local_server import RESPONSE, Answering, local_server
from servers import dead_server
from tasks import http, runtime

Rows = Iterator[tuple[str, str, str]]


class Slow(Answering):
    """Answers after the seconds that the path of the request names."""

    def answer(self, head: bytes) -> None:
        """Answer the request, later."""
        seconds = float(head.split(b" ", 2)[1].removeprefix(b"/"))
        asyncio.get_running_loop().call_later(seconds, self.transport.write, RESPONSE)


class Case(NamedTuple):
    """So many tasks at once, to a server that takes so many seconds, with so many places."""

    tasks: int
    seconds: float
    places: int

    @property
    def ideal(self) -> float:
        """The seconds of one full load of the places after the other."""
        return math.ceil(self.tasks / self.places) * self.seconds


CASES = (Case(2000, 2, 800), Case(500, 0.6, 100))
_UNLIMITED = OriginLimits.off()
"""Without a circuit breaker, which would fail all tasks where a few do."""
FEW = (Case(40, 0.1, 20),)
"""What one round takes, to see that the figures can be taken."""


def waiting_rows(*, once: bool = False) -> Rows:
    """Yield what was measured, its figure, and what it is compared with."""
    with local_server(Slow) as url:
        for case in FEW if once else CASES:
            failed, seconds = asyncio.run(_all_at_once(f"{url}/{case.seconds}", case))
            yield (
                f"{case.tasks:,} tasks at once, the server takes {case.seconds:g} s",
                f"{failed:,} failed",
                f"wanted: 0; {seconds:.1f} s, ideal {case.ideal:.1f} s with {case.places} places",
            )
    with local_server() as url, dead_server() as port:
        yield from asyncio.run(_longest_block(url, 50 if once else 1000))
        count = 5 if once else 100
        yield from asyncio.run(_beside_a_dead_server(url, f"http://127.0.0.1:{port}", count))


async def _all_at_once(url: str, case: Case) -> tuple[int, float]:
    """Return how many of the tasks failed, and the seconds that all of them took."""
    definition = http(
        url,
        connectionTimeoutSeconds=max(1, math.ceil(case.ideal) - 1),
        readTimeoutSeconds=max(math.ceil(case.ideal) - 1, math.ceil(case.seconds) + 1),
    )
    places = {"connections": case.places, "connections_per_origin": case.places}
    async with runtime(**places, origin_limits=_UNLIMITED) as shared:
        task = HttpTask(definition, runtime=shared)
        began = time.perf_counter()
        results = await _results([task] * case.tasks)
        return _failed(results), time.perf_counter() - began


async def _longest_block(url: str, count: int) -> Rows:
    """Measure for how long nothing else of the event loop ran, while it started and ran the tasks,
    with the places that there are by default.
    """
    async with runtime() as shared:
        task = HttpTask(http(url), runtime=shared)
        await task.acall()
        turns = [time.perf_counter()]

        async def look_at_the_clock() -> None:
            while True:
                await asyncio.sleep(0)
                turns.append(time.perf_counter())

        clock = asyncio.create_task(look_at_the_clock())
        failed = _failed(await _results([task] * count))
        clock.cancel()
    longest = max(after - before for before, after in pairwise(turns))
    what = f"{count:,} tasks at once, the server answers at once"
    of_all = f"wanted: 0; {turns[-1] - turns[0]:.2f} s"
    return iter(
        [
            (what, f"{failed:,} failed", of_all),
            ("the same, longest block of the event loop", f"{longest * 1000:.0f} ms", ""),
        ]
    )


async def _beside_a_dead_server(live: str, dead: str, count: int) -> Rows:
    """Send the tasks to a server that no connection reaches, and as many to a live one."""
    places = {"connections": 60, "connections_per_origin": 50}
    async with runtime(**places, origin_limits=_UNLIMITED) as shared:
        slow, quick = (
            HttpTask(http(url, connectionTimeoutSeconds=1), runtime=shared) for url in (dead, live)
        )
        began = time.perf_counter()
        waits = [
            asyncio.create_task(_seconds_of(task)) for task in [slow] * count + [quick] * count
        ]
        results = await asyncio.gather(*waits)
        of_all = time.perf_counter() - began
    answered = [seconds for seconds in results[count:] if seconds is not None]
    row = (
        f"{count} tasks to a live server, {count} to a dead one beside",
        f"{count - len(answered)} failed",
        f"wanted: 0; the live ones {max(answered, default=0):.2f} s, all {of_all:.2f} s",
    )
    return iter([row])


async def _seconds_of(task: HttpTask) -> float | None:
    """Return the seconds until the task succeeded; None where it failed."""
    began = time.perf_counter()
    try:
        await task.acall()
    except TaskError:
        return None
    return time.perf_counter() - began


async def _results(tasks: list[HttpTask]) -> list[Any]:
    return await asyncio.gather(*(task.acall() for task in tasks), return_exceptions=True)


def _failed(results: list[Any]) -> int:
    return sum(isinstance(result, BaseException) for result in results)


if __name__ == "__main__":
    for what, figure, compared in waiting_rows(once="--once" in sys.argv):
        print(f"{what:<58} {figure:>14}   {compared}", flush=True)
