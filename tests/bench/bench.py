"""`make bench`: figures, with what they are compared to. A report; nothing here passes or fails.

Machines are shared and noisy: every ratio is taken in one run, alternately, and the median is
quoted.
"""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import chain
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import corpus
import designer_bench
import downloads
import own_work
import transfers
from answers import answer_rows
from concurrency import concurrency_rows
from flaky import flaky_rows
from httptask._core import packaged
from httptask.building import build
from httptask.importers import read_api
from httptask.model.policy import Limits
from httptask.sending._hop import Received
from httptask.sending._response import outcome, view_of
from httptask.settings import normalised, request_problems, settings_schema
from httptask.task import HttpTask
from items import item_rows
from local_server import ANSWER, local_server
from pages import page_rows
from tasks import RFI, SEED, email_task, runtime
from temporal_bench import temporal_rows
from waiting import waiting_rows


def row(what: str, figure: str, compared: str = "") -> None:
    print(f"{what:<58} {figure:>14}   {compared}", flush=True)


# Starting


ONCE = "--once" in sys.argv


def cpu_seconds(code: list[str], runs: int = 1 if ONCE else 15) -> list[float]:
    """Return the CPU seconds (user and system) of running Python with *code*, each in a process of
    its own.
    """
    spent = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return spent


def starting() -> None:
    bare = statistics.median(cpu_seconds(["-c", "pass"]))
    row("Python's own start", f"{bare * 1000:.0f} ms", "CPU, median of 15")
    for what, code, bar in (
        ("httptask --version, beyond Python's start", ["-m", "httptask", "--version"], 150),
        ("import httptask, beyond Python's start", ["-c", "import httptask"], 120),
        ("import httptask and all its public names", ["-c", "from httptask import *"], None),
        ("import httpx alone", ["-c", "import httpx"], None),
    ):
        spent = statistics.median(cpu_seconds(code)) - bare
        row(what, f"{spent * 1000:.0f} ms", f"wanted: under {bar} ms" if bar else "for comparison")


# Work without a network


def microseconds(work: Callable[[], Any], rounds: int = 1 if ONCE else 7, each: int = 500) -> float:
    """Return the median over *rounds* of the mean time of *work*, in microseconds."""
    if ONCE:
        each = 2
    means = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(each):
            work()
        means.append((time.perf_counter() - began) / each * 1e6)
    return statistics.median(means)


def reading_and_validating() -> None:
    (page,) = packaged.pages()
    row("reading the seed's page", f"{microseconds(lambda: read_api(page), each=20):.0f} µs")
    with runtime() as shared:
        endpoint = shared.endpoint(SEED)
        row(
            "deriving its settings schema",
            f"{microseconds(lambda: settings_schema(endpoint)):.0f} µs",
        )
        task = HttpTask(email_task("https://api.procore.com"), runtime=shared)
        schema, request = task.settings_schema, task.definition["httpRequest"]
        written = microseconds(
            lambda: request_problems(request, schema, endpoint, expressions=True)
        )
        row(
            "validating the seed's settings as written", f"{written:.0f} µs", "wanted: under 300 µs"
        )
        whole = microseconds(lambda: fresh_problems(task, shared), each=200)
        row(
            "validating the seed's whole task",
            f"{whole:.0f} µs",
            "wanted: under 300 µs; definition, settings, expressions",
        )


def fresh_problems(task: HttpTask, shared: Any) -> None:
    again = HttpTask(task.definition, runtime=shared, endpoint=task.endpoint)
    if again.problems():
        raise AssertionError("the seed's task has problems")


# A request


async def seconds(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def requests(url: str, rounds: int = 3 if ONCE else 1500) -> None:
    async with runtime() as shared, httpx.AsyncClient() as client:
        task = HttpTask(email_task(url), runtime=shared)
        body = task.definition["httpRequest"]["body"]

        async def bare() -> None:
            await client.post(
                f"{url}/rest/v1.0/project/1001/email_communications",
                params={"topic_id": 7, "topic_type": "rfi"},
                headers={"Procore-Company-Id": "42"},
                json=body,
            )

        async def ours() -> None:
            await task.acall(RFI)

        for _ in range(1 if ONCE else 100):
            await bare()
            await ours()
        times: dict[str, list[float]] = {"bare": [], "ours": [], "work": []}
        received = Received(
            "HTTP/1.1",
            201,
            "Created",
            (("Content-Type", "application/json"),),
            bytearray(ANSWER),
            True,
        )
        for _ in range(rounds):
            times["bare"].append(await seconds(bare))
            times["ours"].append(await seconds(ours))
            times["work"].append(await seconds(lambda: work_around(task, received)))
        bare_us, ours_us, work_us = (
            statistics.median(times[name]) * 1e6 for name in ("bare", "ours", "work")
        )
        row(
            "one request, bare httpx.AsyncClient",
            f"{bare_us:.0f} µs",
            f"one at a time, alternating, median of {rounds}",
        )
        row(
            "the same as a task, expressions and checks included",
            f"{ours_us:.0f} µs",
            f"{ours_us / bare_us:.2f} of bare",
        )
        row(
            "our work around it: validate, evaluate, build, classify",
            f"{work_us:.0f} µs",
            f"{work_us / bare_us:.1%} of bare; wanted: under 25 %",
        )


async def work_around(task: HttpTask, received: Received) -> None:
    """Do everything a call does, but for the sending."""
    evaluator = task.runtime.evaluator
    definition = task.definition
    parameters = await evaluator.evaluate(
        definition["inputParameters"], RFI.document(), pointer="", run=RFI.run
    )
    request = await evaluator.evaluate(
        definition["httpRequest"], parameters, pointer="", run=RFI.run
    )
    plan = task.plan
    if plan.check_of_evaluated.problems(request):
        raise AssertionError("the seed's request has problems")
    build(normalised(request), task.endpoint)
    redactor = task.runtime.redactor
    if outcome(received, view_of(received, Limits(), redactor), redactor) is not None:
        raise AssertionError("a 201 is a success")


def sending() -> None:
    with local_server() as url:
        asyncio.run(requests(url))
        for line in concurrency_rows(url, ONCE):
            row(*line)


# Sizes


def sizes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        build = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
            "-w",
            folder,
            ".",
        ]
        subprocess.run(
            build, check=True, cwd=Path(__file__).parent.parent.parent, capture_output=True
        )
        (wheel,) = Path(folder).glob("*.whl")
        row("the wheel", f"{wheel.stat().st_size / 1024:.0f} KiB")
    package = Path(packaged.__file__).parent.parent
    files = [path for path in package.rglob("*.py") if "node_modules" not in path.parts]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    row("lines of Python in the package", f"{lines:,}")


def main() -> None:
    """Print every figure; with `--once` each from one round only, to see that it can be taken."""
    print(
        f"httptask {packaged.manifest()['version']}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores\n"
    )
    starting()
    reading_and_validating()
    sending()
    rounds = (
        waiting_rows,
        own_work.rows,
        answer_rows,
        flaky_rows,
        page_rows,
        item_rows,
        temporal_rows,
    )
    for figures in chain.from_iterable(rows(once=ONCE) for rows in rounds):
        row(*figures)
    sizes()
    with tempfile.TemporaryDirectory() as folder:
        for figures in corpus.rows(Path(folder), once=ONCE):
            row(*figures)
    for figures in chain(downloads.download_rows(once=ONCE), transfers.upload_rows(once=ONCE)):
        row(*figures)
    for figures in designer_bench.answering(*([1] if ONCE else [])):
        row(*figures)


if __name__ == "__main__":
    main()
