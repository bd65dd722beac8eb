"""Runs on a Temporal server, beside a hand-written workflow and activity that make the same request
with the same client.

The server, the API and the workers are processes of their own. Theirs and ours take turns in one
run; the median of the rounds counts. CPU is that of the workers.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client
from temporalio.worker import Worker

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from by_hand import BODY, CLIENT, SIDE_BY_SIDE, ByHand, Shape, by_hand
from httptask.engines.temporal import HttpTaskPlugin
from httptask.engines.temporal import client as temporal
from httptask.engines.temporal._arguments import RunArguments
from httptask.engines.temporal._converter import exact
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from local_server import local_server
from places import DATA, TESTS
from tasks import http, runtime
from temporal_faults import fault_rows
from temporal_servers import dev_server

ROUNDS = 4
"""Theirs go first in one round, and ours in the next."""
AT_ONCE = 16
"""One-task workflows that are under way at once."""


def definition(shape: Shape) -> dict[str, Any]:
    """Return the definition that does what *shape* says."""
    task = http(shape.url, request={"method": "POST", "body": BODY})
    if shape.is_side_by_side:
        items = {"items": list(range(shape.count)), "concurrency": min(shape.count, SIDE_BY_SIDE)}
        return {"startTask": "T1", "tasks": {"T1": {**task, "forEach": items}}}
    tasks = {}
    for number in range(1, shape.count + 1):
        following = {"nextTask": f"T{number + 1}", "end": False} if number < shape.count else {}
        tasks[f"T{number}"] = {**task, **following}
    return {"startTask": "T1", "tasks": tasks}


# Workers


def _work(address: str, queue: str, pipe: Any) -> None:
    async def main() -> None:
        async with runtime() as shared, httpx.AsyncClient(trust_env=False) as client:
            CLIENT.append(client)
            plugin = HttpTaskPlugin(shared)
            connection = await Client.connect(address, plugins=[plugin])
            async with Worker(
                connection, task_queue=queue, workflows=[ByHand], activities=[by_hand]
            ):
                pipe.send(True)
                while await asyncio.to_thread(pipe.recv):
                    pipe.send(time.process_time())

    asyncio.run(main())


@contextmanager
def worker(address: str, queue: str) -> Iterator[Any]:
    """Run a worker of both in a process of its own; yield a pipe that tells its CPU seconds."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(address, queue, there), daemon=True)
    process.start()
    try:
        here.recv()
        yield here
    finally:
        here.send(False)
        process.join(60)


def spent(pipes: list[Any]) -> float:
    """Return the CPU seconds of the workers so far."""
    for pipe in pipes:
        pipe.send(True)
    return sum(pipe.recv() for pipe in pipes)


# Measuring


async def _checked(shape: Shape) -> tuple[RunArguments, float]:
    """Return what our workflow is given, and the seconds that it took: a definition is checked."""
    began = time.perf_counter()
    async with runtime() as shared:
        first = definition_of(definition(shape))
        return await temporal.run_arguments(first, RunOptions(), shared), (
            time.perf_counter() - began
        )


async def _ours(client: Client, queue: str, arguments: RunArguments, runs: int) -> None:
    async def one() -> None:
        handle = await client.start_workflow(
            "HttpTaskWorkflow", arguments, id=str(uuid.uuid4()), task_queue=queue
        )
        await handle.result()

    await _many(one, runs)


async def _theirs(client: Client, queue: str, shape: Shape, runs: int) -> None:
    async def one() -> None:
        await client.execute_workflow("ByHand", shape, id=str(uuid.uuid4()), task_queue=queue)

    await _many(one, runs)


async def _many(one: Any, runs: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def in_turn() -> None:
        async with gate:
            await one()

    await asyncio.gather(*(in_turn() for _ in range(runs)))


async def measured(
    address: str, queue: str, pipes: list[Any], shape: Shape, runs: int, rounds: int
) -> dict[str, tuple[float, float]]:
    """Return by whose they are the seconds and CPU seconds of one request of *shape*; as `first`
    the seconds that its check took, and the CPU seconds of one of the first run.
    """
    client = await Client.connect(address, data_converter=exact(None))
    figures: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    arguments, checking = await _checked(shape)
    before = spent(pipes)
    await _ours(client, queue, arguments, 1)  # each worker compiles each task once
    compiling = (spent(pipes) - before) / shape.count
    works: tuple[tuple[str, Any], ...] = (
        ("theirs", lambda: _theirs(client, queue, shape, runs)),
        ("ours", lambda: _ours(client, queue, arguments, runs)),
    )
    for number in range(rounds):
        for name, work in works if number % 2 else works[::-1]:
            before, began = spent(pipes), time.perf_counter()
            await work()
            seconds, cpu = time.perf_counter() - began, spent(pipes) - before
            requests = runs * shape.count
            figures[name].append((seconds / requests, cpu / requests))
    return {
        "first": (checking / shape.count, compiling),
        **{
            name: (
                statistics.median(one[0] for one in taken),
                statistics.median(one[1] for one in taken),
            )
            for name, taken in figures.items()
        },
    }


def temporal_rows(*, once: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, its figure, and what it is compared with."""
    with local_server() as url, dev_server() as server:
        for workers in (1,) if once else (1, 2):
            queue = str(uuid.uuid4())
            with ExitStack() as stack:
                pipes = [stack.enter_context(worker(server.address, queue)) for _ in range(workers)]
                yield from _rows(server.address, queue, pipes, _shapes(url, workers, once=once))
        yield from fault_rows(server.address, once=once)
    yield _sandbox_row()


def _sandbox_row() -> tuple[str, str, str]:
    """Measure the first workflow of a process: what its imports cost, a later one has."""
    histories = [DATA / "temporal" / f"{name}.json" for name in ("chain", "wait", "gate")]
    script = TESTS / "support" / "sandboxed_modules.py"
    output = subprocess.check_output([sys.executable, script, *histories], text=True)
    first, _, later = json.loads(output).values()
    anew = set(first["modules"]) - {"__main__"}
    return (
        "Temporal, the first workflow of a worker, replayed",
        f"{first['seconds'] * 1000:.0f} ms",
        (
            f"a later one: {later['seconds'] * 1000:.0f} ms; the sandbox executes {len(anew)}"
            " modules anew, wanted: 0"
        ),
    )


def _shapes(url: str, workers: int, *, once: bool) -> list[tuple[str, Shape, int, int]]:
    """Return what is measured with *workers*: its name, shape, and how many runs and rounds."""
    if once:
        return [
            ("a chain of 2", Shape(url, 2), 1, 1),
            ("a fan-out of 2", Shape(url, 2, True), 1, 1),
        ]
    shapes = [
        ("a chain of 20", Shape(url, 20), 5, ROUNDS),
        ("a fan-out of 200", Shape(url, 200, True), 1, ROUNDS),
        ("one-task workflows", Shape(url, 1), 200, ROUNDS),
    ]
    if workers > 1:  # one run has no use for a second worker
        return shapes
    # Both alone: the tasks of several runs share what a worker does for each of its polls.
    few, many = Shape(url, 20), Shape(url, 2_000)
    alone = [("a chain of 20 alone", few, 1, 4 * ROUNDS), ("a chain of 2,000 alone", many, 1, 1)]
    return [*shapes, *alone]


def _rows(
    address: str, queue: str, pipes: list[Any], shapes: list[tuple[str, Shape, int, int]]
) -> Iterator[tuple[str, str, str]]:
    asyncio.run(measured(address, queue, pipes, replace(shapes[0][1], count=2), 8, 1))  # to warm up
    spent_by_count = {}
    many = "1 worker" if len(pipes) == 1 else f"{len(pipes)} workers"
    for what, shape, runs, rounds in shapes:
        took = asyncio.run(measured(address, queue, pipes, shape, runs, rounds))
        (ours, cpu), (theirs, their_cpu) = took["ours"], took["theirs"]
        checking, first_cpu = took["first"]
        spent_by_count[shape.count] = cpu, their_cpu
        compared = (
            f"{ours / theirs:.2f} of a hand-written one's {theirs * 1000:.1f} ms, wanted: at most"
            f" 1.15; CPU {cpu * 1000:.1f} ms, {cpu / their_cpu:.2f} of theirs, wanted: at most 1.3"
        )
        yield f"Temporal, {what}, {many}: a task", f"{ours * 1000:.1f} ms", compared
    if 2_000 in spent_by_count:
        yield (
            "a definition of 2,000 tasks is checked before it runs: a task",
            f"{checking * 1000:.1f} ms",
            "once a run, whatever the engine",
        )
        many, few = spent_by_count[2_000], spent_by_count[20]
        ratio, their_ratio = (one / other for one, other in zip(many, few, strict=True))
        compared = (
            f"CPU; wanted: no more than 1; a hand-written one's: {their_ratio:.2f}; in the first"
            f" run, which compiles each task: {first_cpu / few[0]:.2f}"
        )
        yield "a task of 2,000 beside one of 20", f"{ratio:.2f}", compared


if __name__ == "__main__":
    for row in temporal_rows(once="--once" in sys.argv):
        print(f"{row[0]:<58} {row[1]:>14}   {row[2]}", flush=True)
    print("load", os.getloadavg())
