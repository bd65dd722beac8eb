"""10,000 tasks to a flaky API, without and with a dead one beside it.

One request in twenty to the flaky API ends in a reset, a 503, a 429 or silence; the dead API resets
every connection. `python tests/bench/flaky.py` prints these rows alone.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from httptask.errors import TaskError
from httptask.task import HttpTask
from local_server import Answering, local_server, response
from tasks import http, runtime

TASKS, AT_ONCE = 10_000, 40
_RETRY = {"maxAttempts": 4, "intervalSeconds": 0.05}
_BUSY = response(b"{}", "503 Service Unavailable")
_LIMITED = response(b"{}", "429 Too Many Requests", "Retry-After: 0.05\r\n")
_numbers = itertools.count(1)
_dead_connections = multiprocessing.Value("i", 0)


class Flaky(Answering):
    """Answers one request in twenty with a fault, spread by a multiplier prime to the modulus."""

    def answer(self, head: bytes) -> None:
        """Answer the request, or do not."""
        fault = next(_numbers) * 37 % 80
        if fault == 0:
            self.transport.abort()
        elif fault in (1, 2):
            self.transport.write((_BUSY, _LIMITED)[fault - 1])
        elif fault > 3:
            super().answer(head)


class Dead(asyncio.Protocol):
    """Resets every connection, and counts them."""

    def connection_made(self, transport: Any) -> None:
        """Reset the connection."""
        with _dead_connections.get_lock():
            _dead_connections.value += 1
        transport.abort()


def flaky_rows(*, once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield the figures."""
    count = 80 if once else TASKS
    with local_server(Flaky) as flaky, local_server(Dead) as dead:
        alone, _ = asyncio.run(_seconds([flaky], count))
        beside, failed = asyncio.run(_seconds([flaky, dead], count))
        asked = _dead_connections.value
    what = f"{count:,} tasks to a flaky API, a dead one beside"
    share = 1 - failed / count
    yield what, f"{share:.2%}", "of them succeed; wanted: 99.9 %"
    yield "the dead API's connections", f"{asked:,}", f"for {count:,} tasks with 4 attempts each"
    # What the silence of the flaky API takes stands in the last hundredth, and hides all else there.
    for nth, wanted in ((99, "; wanted: at most 1.2"), (90, "")):
        with_dead, without = (
            statistics.quantiles(seconds, n=100)[nth - 1] * 1000 for seconds in (beside, alone)
        )
        yield (
            f"the flaky API's {nth}th percentile, the dead one beside",
            f"{with_dead:.0f} ms",
            f"{with_dead / without:.2f} of {without:.0f} ms without it{wanted}",
        )


async def _seconds(urls: list[str], count: int) -> tuple[list[float], int]:
    """Send *count* tasks to each of *urls*; return the seconds of those to the first one, and how
    many of them failed.
    """
    seconds: list[float] = []
    failed = 0
    async with runtime(connections_per_origin=AT_ONCE) as shared:

        async def worker(task: HttpTask, left: Iterator[int], *, is_first: bool) -> None:
            nonlocal failed
            for _ in left:
                began = time.perf_counter()
                try:
                    await task.acall()
                except TaskError:
                    failed += is_first
                if is_first:
                    seconds.append(time.perf_counter() - began)

        workers = []
        for url in urls:
            task = HttpTask(http(url, retry=_RETRY, readTimeoutSeconds=1), runtime=shared)
            left = iter(range(count))
            workers += [worker(task, left, is_first=url == urls[0]) for _ in range(AT_ONCE)]
        await asyncio.gather(*workers)
    return seconds, failed


if __name__ == "__main__":
    for what, figure, compared in flaky_rows(once="--once" in sys.argv):
        print(f"{what:<58} {figure:>14}   {compared}", flush=True)
