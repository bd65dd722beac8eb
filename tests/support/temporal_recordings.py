"""Runs whose histories are stored although they are in no `CASES`: each needs something to happen
from outside, hours to pass, a server of its own, or a folder of files.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine_definitions import api, at, branch, called, flow, get, nested, post
from httptask.engines.temporal._arguments import HttpTaskOutcome, TaskSignal
from httptask.engines.temporal._large import THRESHOLD
from httptask.engines.temporal._receiver import CallbackServer
from lists import Asked, list_server, page
from places import DATA
from temporal_clock import ended, skipping
from temporal_servers import PATIENCE, dev_server
from temporal_worlds import Handle, TemporalWorld, WorkerProcess, worker_process
from worlds import World, do, refused, workflow

FOLDER = DATA / "temporal"
"""The stored histories."""
VALUES = FOLDER / "values"
"""The large values to which histories refer, compressed, by their paths in the folder of files."""
_FILES = Path(tempfile.gettempdir()) / "httptask-files"
"""The folder of files of the recorded run. Its history contains the path."""

_APART = {"mode": "page", "parameter": {"in": "query", "name": "page"}, "items": "$.data"}
_APART |= {"total": "$.total", "each": "activity"}
_GATE = {"type": "Simple", "end": True}
_JOB = {"mode": "poll", "poll": {"intervalSeconds": 0, "backoffRate": 1}}


def unpack_values(folder: Path) -> None:
    """Put the large values of all histories into *folder*, the folder of files."""
    for packed in VALUES.rglob("*.gz"):
        path = folder / packed.relative_to(VALUES).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(packed.read_bytes()))


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


async def history_of(world: TemporalWorld, workflow_id: str, run_id: str | None = None) -> str:
    """Return the history of a run, as JSON; without *run_id*, the latest one."""
    handle = (await world.client()).get_workflow_handle(workflow_id, run_id=run_id)
    return (await handle.fetch_history()).to_json()


async def histories_of(world: TemporalWorld, handle: Handle) -> list[str]:
    """Return all histories of a run that continued as new, in order."""
    texts, run_id = [], handle.first_execution_run_id
    while run_id:
        texts.append(await history_of(world, handle.id, run_id))
        last = json.loads(texts[-1])["events"][-1]
        left = last.get("workflowExecutionContinuedAsNewEventAttributes", {})
        run_id = left.get("newExecutionRunId")
    return texts


# Time


def hours() -> dict[str, str]:
    """Waits of more than a minute, which are timers: of a Wait, between attempts, polls and pages."""
    polls = iter(["running", "running", "succeeded"])
    came: list[str] = []

    def answer(request: Asked) -> bytes:
        came.append(request.path)
        if request.path == "/busy" and came.count("/busy") == 1:
            return page({}, ("Retry-After", "3600"), status="503 Service Unavailable")
        if request.method == "POST":
            return page({}, ("Location", "/job"), status="202 Accepted")
        if request.path == "/job":
            return page({"status": next(polls)})
        return page({"data": [request.query], "total": 3})

    poll = {"intervalSeconds": 3600, "timeoutSeconds": 1_000_000, "backoffRate": 1}
    apart = {**_APART, "delaySeconds": 3600}
    items = {"items": [1, 2, 3], "concurrency": 2}
    tasks = {
        "Wait": {"type": "Wait", "seconds": 86400, "nextTask": "Busy"},
        "Busy": get("/busy", nextTask="Job", retry={"maxAttempts": 2}, totalTimeoutSeconds=7200),
        "Job": post("/jobs", nextTask="List", completion={"mode": "poll", "poll": poll}),
        "List": get("/pages", nextTask="Items", pagination=apart),
        "Items": {"type": "Wait", "seconds": 3600, "forEach": items, "end": True},
    }

    async def main(url: str) -> str:
        async with skipping() as client:
            run, text = await ended(client, at(flow("Wait", tasks), url))
            assert run.status == "Completed", run.error
            history = json.loads(text)
            # This server leaves out the id, which the real one writes, and which a replay needs.
            began = history["events"][0]["workflowExecutionStartedEventAttributes"]
            began["workflowId"] = run.workflow_id
            return json.dumps(history)

    with list_server(answer) as server:
        return {"hours": asyncio.run(main(server.url))}


# Something happens from outside


@dataclass
class _Held:
    """An API that holds every first request below `/held` until it is released."""

    came: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    seen: set[str] = field(default_factory=set)

    def answer(self, request: Asked) -> bytes:
        if request.path == "/jobs":
            return page({}, ("Location", "/held/job"), status="202 Accepted")
        if request.path.startswith("/held") and request.path not in self.seen:
            self.seen.add(request.path)
            self.came.set()
            self.release.wait(PATIENCE)
        return page({"status": "succeeded", "path": request.path})


def cancelled() -> dict[str, str]:
    """A run that is cancelled while all kinds of tasks are under way."""
    held = _Held()
    call = called("/calls/never", {"timeoutSeconds": 600}, end=True)
    call["inputParameters"] = {"of": 1}
    branches = {
        "A": get("/held/a", readTimeoutSeconds=PATIENCE),
        "G": _GATE,
        "C": call,
        "W": {"type": "Wait", "seconds": 3600, "end": True},
        "N": nested("inner"),
        "I": {**_GATE, "forEach": {"items": [1, 2, 3], "concurrency": 2}},
        "L": get("/pages", pagination={**_APART, "delaySeconds": 3600}),
    }
    fork = {"type": "Parallel", "branches": [branch(*one) for one in branches.items()]}
    last = {"type": "Terminate", "terminationStatus": "Completed"}

    def answer(request: Asked) -> bytes:
        if request.path == "/pages":
            return page({"data": [1], "total": 3})
        return held.answer(request)

    async def cancel(handle: Handle) -> None:
        await asyncio.to_thread(held.came.wait, PATIENCE)
        waiting = 0
        while waiting < 4:  # the gate, the call, the Wait, and the inner run's task is nobody's
            status = await handle.query("status")
            waiting = len(status["waiting"]) + (len(status["under_way"]) == 4)
        await handle.cancel()

    with dev_server() as server, list_server(answer) as things:
        world = TemporalWorld(server.address)
        world.callbacks = CallbackServer(b"a secret of the workers of a test", None, "127.0.0.1")
        definition = flow("P", {"P": {**fork, "nextTask": "T"}, "T": last})
        inner = flow("G", {"G": _GATE}, name="Inner")
        made = at(definition, things.url)
        run = world.run(made, None, cancel, definitions={"inner": inner})
        held.release.set()
    assert run.status == "Cancelled", run.status
    return {"cancelled": world.history}


def refused_gates() -> dict[str, str]:
    """Gates that somebody lets fail: one with a route, one of items, one with a running request
    beside it, which is stopped.
    """
    held = _Held()
    routed = {"onError": [{"errors": ["task"], "nextTask": "I"}]}
    items = {"items": [1, 2], "concurrency": 2, "onError": "collect"}
    branches = [branch("A", get("/held/a", readTimeoutSeconds=PATIENCE)), branch("H", _GATE)]
    tasks = {
        "G": {"type": "Simple", "nextTask": "I", **routed},
        "I": {"type": "Simple", "forEach": items, "nextTask": "P"},
        "P": {
            "type": "Parallel",
            "branches": branches,
            "nextTask": "R",
            "onError": [{"errors": ["task"], "nextTask": "R"}],
        },
        "R": get("/things/1"),
    }
    no = {"message": "no", "reason": {"code": 7}}

    async def refuse(handle: Handle) -> None:
        await handle.signal("complete_task", TaskSignal("G", error=no))
        await handle.signal("complete_task", TaskSignal("I", error=no, item=1))
        await handle.signal("complete_task", TaskSignal("I", output=1, item=0))
        await asyncio.to_thread(held.came.wait, PATIENCE)
        await handle.signal("complete_task", TaskSignal("H", error=no))

    with dev_server() as server, list_server(held.answer) as things:
        world = TemporalWorld(server.address)
        run = world.run(at(flow("G", tasks), things.url), None, refuse)
        held.release.set()
    assert run.status == "Completed", run.error
    return {"refused-gates": world.history}


def in_doubt() -> dict[str, str]:
    """A task that must not be repeated, whose worker fails after its request, and then a job that
    is cancelled because its run goes on without it.
    """
    polled = {"mode": "poll", "poll": {"timeoutSeconds": 86_400}, "cancel": {}}
    to_job = [{"errors": ["connection"], "nextTask": "P"}]
    job = post("/jobs", completion=polled, idempotencyKey=False)
    tasks = {
        "Once": post("/once", idempotencyKey=False, nextTask="P", onError=to_job),
        "P": {
            "type": "Parallel",
            "branches": [branch("Job", job), branch("G", _GATE)],
            "nextTask": "R",
            "onError": [{"errors": ["task"], "nextTask": "R"}],
        },
        "R": get("/things/1"),
    }
    cancelled: list[str] = []

    def answer(request: Asked) -> bytes:
        if request.path == "/jobs":
            location, after = ("Location", "/job"), ("Retry-After", "3600")
            return page({}, location, after, status="202 Accepted")
        cancelled.append(request.method)
        return page({"path": request.path})

    def fail_once(outcome: HttpTaskOutcome, mask: Any) -> HttpTaskOutcome:
        if "/once" in json.dumps(outcome.output):
            raise RuntimeError("a fault of the worker")
        return outcome

    async def refuse(handle: Handle) -> None:
        while "TIMER_STARTED" not in (await handle.fetch_history()).to_json():  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.05)
        await handle.signal("complete_task", TaskSignal("G", error={"message": "no"}))

    with (
        dev_server() as server,
        list_server(answer) as things,
        patch("httptask.engines.temporal._activities.masked", fail_once),
    ):
        world = TemporalWorld(server.address)
        run = world.run(at(flow("Once", tasks), things.url), None, refuse)
    assert (run.status, "DELETE" in cancelled) == ("Completed", True), run.error
    return {"in-doubt": world.history}


def _disturbed(end: Callable[[WorkerProcess], Any], *options: str) -> str:
    """Return the history of a run, three tasks of which lose their worker by *end*: one that may be
    sent again, one that must not, and a job, which is polled on.
    """
    patient = {"readTimeoutSeconds": PATIENCE, "idempotencyKey": False}
    to_job = [{"errors": ["connection"], "nextTask": "Job"}]
    tasks = {
        "Safe": get("/held/safe", nextTask="Once", readTimeoutSeconds=PATIENCE),
        "Once": post("/held/once", nextTask="Job", onError=to_job, **patient),
        "Job": post("/jobs", completion=_JOB, **patient),
    }
    held = _Held()
    with dev_server() as server, list_server(held.answer) as things:
        world = TemporalWorld(server.address, heartbeat_seconds=2)
        definition = at(flow("Safe", tasks), things.url)
        handle = asyncio.run(world.start(definition))
        for name in tasks:
            with worker_process(world.address, world.queue, *options) as worker:
                assert held.came.wait(PATIENCE)
                held.came.clear()
                if name == "Job":
                    asyncio.run(_job_is_known(world, handle))
                end(worker)
        held.release.set()
        with worker_process(world.address, world.queue):
            run = asyncio.run(world.end(handle))
        assert run.status == "Completed", run.error
        return asyncio.run(history_of(world, handle.id))


async def _job_is_known(world: TemporalWorld, handle: Handle) -> None:
    """Return when the server has got the heartbeat that tells of the job."""
    own = (await world.client()).get_workflow_handle(handle.id)
    is_known = False
    while not is_known:
        pending = (await own.describe()).raw_description.pending_activities
        is_known = any(b"/held/job" in one.heartbeat_details.SerializeToString() for one in pending)


def lost_workers() -> dict[str, str]:
    """Workers that are killed in the middle of a request."""
    return {"lost-workers": _disturbed(WorkerProcess.kill)}


def handed_back() -> dict[str, str]:
    """Workers that are stopped in the middle of a request, and hand it back."""
    return {"handed-back": _disturbed(WorkerProcess.stop, "--grace", "0")}


# Plugins, files, large values


def plugin_tasks() -> dict[str, str]:
    """Tasks of a plugin's type: one succeeds, one fails and takes its route, and one has items."""
    tasks = {
        "A": do(give="${$.input.n}", nextTask="B"),
        "B": do(onError=[{"errors": ["connection"], "nextTask": "C"}], end=True),
        "C": do(forEach={"items": [1, 2]}, give="${$.item}", end=True),
    }
    with dev_server() as server:
        world = TemporalWorld(server.address, World(B=refused))
        run = world.run(workflow("A", tasks), {"n": 7})
        assert run.status == "Completed", run.error
        return {"plugin-tasks": world.history}


def large_values() -> dict[str, str]:
    """Values that are files in the folder of files, in the input, an output and a nested run, and
    outputs that become a file: of items, and of pages.
    """

    def answer(request: Asked) -> bytes:
        if request.path == "/pages":
            return page({"data": [{"id": request.query.get("page", "1")}], "total": 2})
        return page({"text": "x" * (THRESHOLD + 1)})

    large = "${$.tasks['A'].output.body.text}"
    body = post("/size", nextTask="N", inputParameters={"value": large})
    body["httpRequest"]["body"] = "${$.value}"
    items = {"items": [1, 2], "collect": "file"}
    tasks = {
        "A": get("/large", nextTask="B"),
        "B": body,
        "N": nested("inner", end=False, nextTask="F", inputParameters={"value": large}),
        "F": get("/pages", forEach=items, nextTask="L", inputParameters={"n": "${$.item}"}),
        "L": get("/pages", pagination={**_APART, "collect": "file"}),
    }
    given = "${jsonata: $length($.input.value)}"
    end = {"type": "Terminate", "terminationStatus": "Completed", "workflowOutput": given}
    shutil.rmtree(_FILES, ignore_errors=True)
    try:
        with (
            _environment(HTTPTASK_FILES=str(_FILES)),
            dev_server() as server,
            list_server(answer) as things,
        ):
            world = TemporalWorld(server.address)
            definition, inner = at(flow("A", tasks), things.url), flow("T", {"T": end})
            given_run = {"notes": "y" * (THRESHOLD + 1)}
            run = world.run(definition, given_run, definitions={"inner": inner})
            assert run.status == "Completed", run.error
        for path in (_FILES / ".httptask-values").rglob("*"):
            if path.is_file():
                packed = VALUES / f"{path.relative_to(_FILES)}.gz"
                packed.parent.mkdir(parents=True, exist_ok=True)
                packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    finally:
        shutil.rmtree(_FILES, ignore_errors=True)
    return {"large-values": world.history}


# Several histories


def long_chain() -> dict[str, str]:
    """The first and the last history of a run that continued as new."""
    names = [f"T{number}" for number in range(1, 13)]
    tasks = {name: get("/things/1", nextTask=following) for name, following in pairwise(names)}
    tasks[names[-1]] = get("/things/1")
    texts = _continued(flow("T1", tasks))
    return {"long-begins": texts[0], "long-goes-on": texts[-1]}


def long_fork() -> dict[str, str]:
    """The first, second and last history of a run in which items, pages, waits, gates and signals
    that came early, and items that wait, are carried over, and a nested run ends before.
    """
    items = {"items": list(range(12)), "concurrency": 3}
    gates = {"items": [1, 2, 3], "concurrency": 3}
    apart = {**_APART, "delaySeconds": 1}
    branches = [
        branch("I", get("/things/1", forEach=items, inputParameters={"n": "${$.item}"})),
        branch("L", get("/pages", pagination=apart)),
        branch("G", _GATE),
        branch("J", {**_GATE, "forEach": gates}),
        branch("W", {"type": "Wait", "seconds": 5, "end": True}),
    ]
    tasks = {
        "N": nested("inner", end=False, nextTask="P"),
        "P": {"type": "Parallel", "branches": branches, "nextTask": "Early"},
        "Early": {"type": "Simple", "nextTask": "End"},
        "End": get("/things/{g}", inputParameters={"g": "${$.tasks['G'].output}"}),
    }
    tasks["End"]["httpRequest"]["pathParameters"] = {"g": "${$.g}"}
    inner = flow("A", {"A": get("/things/1")}, name="Inner")

    async def give(handle: Handle) -> None:
        await handle.signal("complete_task", TaskSignal("Early", output=1))
        await handle.signal("complete_task", TaskSignal("J", output=1, item=0))
        finished = 0
        while finished < 3:  # the inner run, items and pages
            finished = (await handle.query("status"))["finished"]
        for item in (1, 2):
            await handle.signal("complete_task", TaskSignal("J", output=1, item=item))
        await handle.signal("complete_task", TaskSignal("G", output=8))

    definition = flow("N", tasks, timeoutSeconds=3600)
    texts = _continued(definition, give, {"inner": inner})
    assert len(texts) > 2, len(texts)
    names = ("long-fork-begins", "long-fork-goes-on", "long-fork-ends")
    return dict(zip(names, (*texts[:2], texts[-1]), strict=True))


def _continued(
    definition: dict[str, Any],
    during: Callable[[Handle], Any] | None = None,
    others: dict[str, Any] | None = None,
) -> list[str]:
    """Return the histories of a run on a server that calls a history of 40 events long."""
    handles: list[Handle] = []

    async def note(handle: Handle) -> None:
        handles.append(handle)
        if during is not None:
            await during(handle)

    with dev_server(long=40) as server, api() as things:
        world = TemporalWorld(server.address)
        made = at(definition, things.url)
        run = world.run(made, None, note, definitions=at(others or {}, things.url))
        assert run.status == "Completed", run.error
        return asyncio.run(histories_of(world, handles[0]))


RECORDINGS: dict[tuple[str, ...], Callable[[], dict[str, str]]] = {
    ("hours",): hours,
    ("cancelled",): cancelled,
    ("refused-gates",): refused_gates,
    ("in-doubt",): in_doubt,
    ("lost-workers",): lost_workers,
    ("handed-back",): handed_back,
    ("plugin-tasks",): plugin_tasks,
    ("large-values",): large_values,
    ("long-begins", "long-goes-on"): long_chain,
    ("long-fork-begins", "long-fork-goes-on", "long-fork-ends"): long_fork,
}
"""How histories are recorded, by their names."""
