"""Many runs at once on several worker processes, with an API that counts requests."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import servers
from engine_definitions import at, flow, get, post
from httptask.engines.temporal import client as temporal
from httptask.model.pins import Pins
from httptask.model.workflow import WorkflowRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from lists import asked, page
from tasks import runtime
from temporal_worlds import Handle, TemporalWorld, WorkerProcess

_MARK = "?run=${swf:workflowId}"
_PATIENT = {"readTimeoutSeconds": 60}


def definition(url: str) -> dict[str, Any]:
    """Return four tasks at *url*: `first`, `keyed` and `last` may be sent twice, `once` must not."""
    to_last = [{"errors": ["connection"], "nextTask": "last"}]
    tasks = {
        "first": get(f"/first{_MARK}", nextTask="keyed", **_PATIENT),
        "keyed": post(f"/keyed{_MARK}", nextTask="once", **_PATIENT),
        "once": post(
            f"/once{_MARK}", idempotencyKey=False, nextTask="last", onError=to_last, **_PATIENT
        ),
        "last": get(f"/last{_MARK}", **_PATIENT),
    }
    made: dict[str, Any] = at(flow("first", tasks), url)
    return made


class Api:
    """Answers each request after *seconds*, and counts requests by task and run."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.requests: dict[str, Counter[str]] = defaultdict(Counter)
        self.keys: dict[str, set[str | None]] = defaultdict(set)
        """The idempotency keys of the task `keyed`, by run."""
        self._change = threading.Condition()
        self._count = 0

    def handle(self, peer: servers.Peer) -> bool:
        data = peer.read_request()
        if not data:
            return False
        request = asked(data)
        task, run = request.path[1:], request.query["run"]
        with self._change:
            self._count += 1
            self.requests[task][run] += 1
            if task == "keyed":
                self.keys[run].add(request.headers.get("idempotency-key"))
            self._change.notify_all()
        self.pause(task)
        peer.sendall(page({"task": task}))
        return True

    def pause(self, task: str) -> None:
        """Wait before the answer to a request of *task*."""
        time.sleep(self._seconds)

    def wait_until(self, count: int, patience: float) -> bool:
        """Wait for *count* requests; return False if they have not arrived within *patience*."""
        with self._change:
            return self._change.wait_for(lambda: self._count >= count, patience)


@contextmanager
def standing_in(seconds: float) -> Iterator[tuple[Api, str]]:
    """Run an API, and yield it with its URL."""
    api = Api(seconds)
    with servers.raw_server(api.handle) as server:
        yield api, server.url


async def start_all(
    world: TemporalWorld, definition: dict[str, Any], count: int, pins: Pins | None = None
) -> list[Handle]:
    """Start *count* runs of *definition*."""
    client = await world.client()
    made, options = definition_of(definition), RunOptions(pins=pins)
    async with runtime() as shared:
        arguments = await temporal.run_arguments(made, options, shared)
    arguments = replace(arguments, heartbeat_seconds=world.heartbeat_seconds)
    gate = asyncio.Semaphore(16)

    async def one() -> Handle:
        async with gate:
            return await temporal.start_arguments(client, arguments, options, world.queue)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def ends_of(world: TemporalWorld, handles: list[Handle]) -> list[WorkflowRun]:
    """Wait for the runs of *handles* to end, and return them."""
    client = await world.client()

    async def one(handle: Handle) -> WorkflowRun:
        own = client.get_workflow_handle(handle.id, result_type=temporal.RunEnd)
        return WorkflowRun.from_json((await temporal.end_of(client, own)).run)

    return list(await asyncio.gather(*(one(handle) for handle in handles)))


async def attempts_of(world: TemporalWorld, handles: list[Handle]) -> dict[str, Counter[str]]:
    """Return the number of attempts of each task's activity, by run and task, from the histories.

    Fails if a task had two activities.
    """
    client = await world.client()

    async def one(handle: Handle) -> Counter[str]:
        names: dict[int, str] = {}
        attempts: Counter[str] = Counter()
        for event in (await client.get_workflow_handle(handle.id).fetch_history()).events:
            if event.HasField("activity_task_scheduled_event_attributes"):
                name = json.loads(event.user_metadata.summary.data)
                assert name not in names.values(), f"{name} was scheduled twice"
                names[event.event_id] = name
            if event.HasField("activity_task_started_event_attributes"):
                started = event.activity_task_started_event_attributes
                attempts[names[started.scheduled_event_id]] = started.attempt
        return attempts

    counted = await asyncio.gather(*(one(handle) for handle in handles))
    return {handle.id: counts for handle, counts in zip(handles, counted, strict=True)}


class Fleet:
    """Worker processes, each with its own folder for temporary files."""

    def __init__(self, world: TemporalWorld, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._workers: dict[WorkerProcess, Path] = {}

    def add(self, **options: Any) -> WorkerProcess:
        """Start a worker; *options* are those of `WorkerProcess`."""
        kept = Path(tempfile.mkdtemp(dir=self._folder))
        worker = WorkerProcess(self._world.address, self._world.queue, folder=kept, **options)
        self._workers[worker] = kept
        return worker

    def left_by(self, worker: WorkerProcess) -> tuple[list[str], bool]:
        """Return the names of the files that the ended *worker* left behind, and whether processes
        of it are still alive.
        """
        try:
            os.killpg(worker.process.pid, 0)
        except ProcessLookupError:
            has_process = False
        else:
            has_process = True
        return sorted(path.name for path in self._workers[worker].rglob("*")), has_process

    def end(self) -> None:
        """Kill the workers that are still running."""
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.kill()


@contextmanager
def fleet(world: TemporalWorld, folder: Path) -> Iterator[Fleet]:
    """Yield a fleet, and kill its workers at the end of the block."""
    made = Fleet(world, folder)
    try:
        yield made
    finally:
        made.end()
