"""What a request and a step cost in our own code: the network is a function, and nothing is waited
for.

The rows of requests come twice. With the wire stubbed, everything above the bytes is measured, and
nothing else. With httpx's transport mocked, as pytest-httpx does in a test, the mock's own requests
and responses are in the figure too. `python tests/bench/own_work.py` prints these rows alone.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from authorised import authorised_rows, stubbed
from httptask import hookimpl
from httptask.engines import arun_workflow
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowDefinition
from httptask.protocols import RunOptions
from httptask.task import HttpTask, Runtime
from httptask.workflow import RunState, definition_of
from local_server import ANSWER
from tasks import RFI, email_task, http, runtime

FREE_FORM = http(
    "https://api.example/things",
    request={"method": "POST", "body": {"subject": "RFI", "ids": [881]}},
)

Rows = Iterator[tuple[str, str, str]]


async def _mocked(_transport: Any, _request: Any) -> httpx.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": b"Created"}
    headers = {"Content-Type": "application/json"}
    return httpx.Response(
        201, headers=headers, stream=httpx.ByteStream(ANSWER), extensions=extensions
    )


NETWORKS: dict[str, tuple[str, Any]] = {
    "wire stubbed": ("httptask.sending.Connections.send", stubbed),
    "httpx mocked": ("httpx.AsyncHTTPTransport.handle_async_request", _mocked),
}


def rows(*, once: bool = False) -> Rows:
    """Yield every row; with *once* each from one round."""
    count = 1 if once else 1000
    for network, (target, stand_in) in NETWORKS.items():
        with patch(target, stand_in):
            yield from asyncio.run(_requests(count, network))
            yield from asyncio.run(_one_task_definitions(count, network))
    yield from authorised_rows(once=once)
    yield from _interpreter_steps(1 if once else 5)
    yield from _engine_steps(1 if once else 3)


async def _cpu_per_call(call: Callable[[], Awaitable[Any]], count: int) -> float:
    """Return the CPU seconds of one call, the least of rounds of ten: others share the machine, and
    whatever runs between two calls takes the caches.
    """
    for _ in range(min(count, 20)):
        await call()
    calls = min(count, 10)
    rounds = []
    for _ in range(count // calls):
        began = time.process_time()
        for _ in range(calls):
            await call()
        rounds.append((time.process_time() - began) / calls)
    return min(rounds)


async def _requests(count: int, network: str) -> Rows:
    async with runtime() as shared:
        described = email_task("https://api.example")
        figures = (
            ("our own work, a free-form request", HttpTask(FREE_FORM, runtime=shared), None),
            (
                "our own work, a described one with an expression",
                HttpTask(described, runtime=shared),
                RFI,
            ),
        )
        costs = [
            (what, await _cpu_per_call(partial(task.acall, inputs), count))
            for what, task, inputs in figures
        ]
        new = await _cpu_per_call(lambda: HttpTask(described, runtime=shared).acall(RFI), count)
    costs.append(("the same, as a new task each time", new))
    compared = f"CPU, {network}; wanted: under 0.12 ms"
    return iter([(what, f"{seconds * 1000:.3f} ms", compared) for what, seconds in costs])


async def _one_task_definitions(count: int, network: str) -> Rows:
    definition = definition_of({"name": "One", "startTask": "A", "tasks": {"A": FREE_FORM}})
    async with runtime() as shared:
        seconds = await _cpu_per_call(lambda: arun_workflow(definition, runtime=shared), count)
    compared = f"a core, {network}; wanted: 3,000"
    return iter([("one-task definitions", f"{1 / seconds:,.0f}/s", compared)])


# Steps

LENGTHS, WIDTHS = (50, 800, 5000, 20_000), (10, 2000)


class _Do:
    """A task type that does nothing: what is left is the step's own cost."""

    name = "Do"
    schema: Mapping[str, Any] = {"type": "object"}

    def problems(self, check: Any) -> list[Any]:
        return []

    async def run(self, call: Any) -> TaskOutcome:
        return TaskOutcome(output=call.visit)

    @hookimpl
    def httptask_task_types(self) -> list[Any]:
        return [self]


def _chain(length: int) -> dict[str, Any]:
    last = length - 1
    tasks = {
        f"T{n}": {"type": "Do", **({"end": True} if n == last else {"nextTask": f"T{n + 1}"})}
        for n in range(length)
    }
    return {"startTask": "T0", "tasks": tasks}


def _fork(width: int) -> dict[str, Any]:
    end = {"type": "Do", "end": True}
    branches = [{"startTask": f"B{n}", "tasks": {f"B{n}": end}} for n in range(width)]
    return {
        "startTask": "P",
        "tasks": {"P": {"type": "Parallel", "nextTask": "E", "branches": branches}, "E": end},
    }


def _interpreter_steps(rounds: int) -> Rows:
    yield from _compared(
        "a step of the interpreter", lambda document: _interpreted(document), rounds
    )


def _engine_steps(rounds: int) -> Rows:
    yield from _compared(
        "a step of the embedded engine", lambda document: asyncio.run(_run(document)), rounds
    )


def _compared(what: str, cost: Callable[[dict[str, Any]], float], rounds: int) -> Rows:
    """Yield the cost of a step for each size, beside the smallest one of its shape; alternately,
    the least counts.
    """
    for shape, sizes, noun in ((_chain, LENGTHS, "steps"), (_fork, WIDTHS, "branches")):
        if rounds == 1:  # to see that the figures can be taken
            sizes = (sizes[0], 2 * sizes[0])
        documents = {size: shape(size) for size in sizes}
        costs: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(rounds):
            for size, document in documents.items():
                repeats = 1 if rounds == 1 else max(1, 400 // size)
                costs[size] += [cost(document) for _ in range(repeats)]
        first = min(costs[sizes[0]])
        for size in sizes:
            least = min(costs[size])
            yield (
                f"{what}, {size:,} {noun}",
                f"{least * 1e6:.1f} us",
                f"{least / first:.2f} of {sizes[0]}; wanted: 0.9 to 1.1",
            )


def _interpreted(document: dict[str, Any]) -> float:
    began, count = time.process_time(), 0
    state = RunState(WorkflowDefinition(document))
    queue = list(state.begun.steps)
    while queue:
        step = queue.pop()
        count += 1
        queue += state.record(TaskRun(step.name, step.visit, "Do", "Completed", output=count)).steps
    return (time.process_time() - began) / count


async def _run(document: dict[str, Any]) -> float:
    """Return the CPU seconds of a step, without what it costs to check the definition before the
    run.
    """
    definition = WorkflowDefinition(document)
    async with runtime(_Do()) as shared:
        run = await arun_workflow(definition, runtime=shared)
        if run.status != "Completed":
            raise AssertionError(run.error)
        checked = await _checking(definition, shared)
        began = time.process_time()
        run = await arun_workflow(definition, runtime=shared)
        return (time.process_time() - began - checked) / len(run.tasks)


async def _checking(definition: WorkflowDefinition, shared: Runtime) -> float:
    from httptask.engines._compiled import compiled

    began = time.process_time()
    await compiled(definition, shared, RunOptions())
    return time.process_time() - began


if __name__ == "__main__":
    for what, figure, compared in rows(once="--once" in sys.argv):
        print(f"{what:<58} {figure:>14}   {compared}", flush=True)
