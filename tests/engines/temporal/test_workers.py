"""Workers that are killed or stopped in the middle of a request, and a server that is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy

import servers
from connections import peers
from engine_definitions import api, at, branch, flow, get, post
from httptask.cli._temporal import _status_text
from httptask.engines.temporal._activities import Activities, _HttpCall
from httptask.engines.temporal._arguments import HttpTaskOutcome, TaskSignal
from httptask.engines.temporal.client import run_status
from httptask.model.workflow import WorkflowRun
from jobs import accepted, completion, job_server, states
from lists import Asked, asked, list_server, page
from temporal_load import Api, ends_of
from temporal_recordings import history_of
from temporal_servers import PATIENCE, DevServer, free_port
from temporal_worlds import Handle, TemporalWorld, worker_process


class Held:
    """A server that holds its first request back, and answers every other one."""

    def __init__(self, held: Callable[[Asked], bool] = lambda request: True) -> None:
        self._held = held
        self.arrived = threading.Event()
        """The request that is held back is there."""
        self.closed = threading.Event()
        """The client has closed its connection."""
        self.release = threading.Event()
        self.requests: list[Asked] = []

    def handle(self, peer: servers.Peer) -> bool:
        data = peer.read_request()
        if not data:
            return False
        request = asked(data)
        self.requests.append(request)
        if self._held(request) and not self.arrived.is_set():
            self.arrived.set()
            while not self.release.is_set():
                readable, _, _ = select.select([peer.socket], [], [], 0.05)
                if readable and peer.socket.recv(1) == b"":
                    self.closed.set()
                    return False
        following = "/second" if request.target == "/first" else None
        listed = {"items": [request.target], "next": following}
        peer.sendall(page({"path": request.target, **listed}))
        return True


@contextmanager
def holding(held: Callable[[Asked], bool] = lambda request: True) -> Iterator[tuple[Held, str]]:
    hold = Held(held)
    with servers.raw_server(hold.handle) as server:
        yield hold, server.url


def keys(hold: Held) -> list[str | None]:
    return [request.headers.get("idempotency-key") for request in hold.requests]


def taken_over(
    world: TemporalWorld,
    definition: dict[str, Any],
    hold: Held,
    *,
    options: tuple[str, ...],
    end: Any,
) -> WorkflowRun:
    """Start a run on one worker, *end* that one while its request is held back, and return the run
    as another worker finishes it.
    """

    for task in definition["tasks"].values():
        task["readTimeoutSeconds"] = PATIENCE

    async def start() -> Handle:
        return await world.start(definition)

    with worker_process(world.address, world.queue, *options) as first:
        handle = asyncio.run(start())
        assert hold.arrived.wait(PATIENCE)
        end(first)
        with worker_process(world.address, world.queue):
            return asyncio.run(world.end(handle))


TOGETHER = {"mode": "nextUrl", "next": "$.next", "items": "$.items"}
LIST = {**TOGETHER, "each": "activity"}
TWO = {"A": get("/before", nextTask="B"), "B": post("/first", pagination=LIST)}


def test_another_worker_takes_over_from_a_killed_one(temporal_address: str) -> None:
    """The request under way is sent again, with the same key; the task before it is not, nor is the
    page before it.
    """
    world = TemporalWorld(temporal_address, heartbeat_seconds=2)
    with holding(lambda request: request.target == "/second") as (hold, url):
        run = taken_over(
            world, at(flow("A", TWO), url), hold, options=(), end=lambda worker: worker.kill()
        )
    assert run.status == "Completed"
    sent = ["/before", "/first", "/second", "/second"]
    assert [request.target for request in hold.requests] == sent
    assert keys(hold)[2] is not None
    assert keys(hold)[2] == keys(hold)[3]
    assert run.output["body"] == ["/first", "/second"]
    events = json.loads(asyncio.run(history_of(world, run.workflow_id)))["events"]
    assert lost_by(events) == ["TIMEOUT_TYPE_HEARTBEAT"]
    # What makes it two seconds more than the heartbeat timeout at most: the next attempt follows a
    # second after that, and a run waits two for the worker that had it in its cache, not the SDK's
    # ten (by the server's clock; it does not wait if it knows that the worker is gone).
    for event in events:
        scheduled = event.get("activityTaskScheduledEventAttributes")
        if scheduled is not None:
            assert scheduled["heartbeatTimeout"] == "2s"
            assert scheduled["retryPolicy"]["initialInterval"] == "1s"
    for seconds in waits_for_caches(events):
        assert 2 <= seconds < 10


def lost_by(events: list[dict[str, Any]]) -> list[str]:
    """Return by which timeouts attempts of activities were taken for lost, as *events* say."""
    started = [event.get("activityTaskStartedEventAttributes", {}) for event in events]
    failures = [one["lastFailure"] for one in started if "lastFailure" in one]
    return [failure["timeoutFailureInfo"]["timeoutType"] for failure in failures]


def waits_for_caches(events: list[dict[str, Any]]) -> list[float]:
    """Return how long the run waited in vain for the worker that had it in its cache, each time."""
    times = {event["eventId"]: datetime.fromisoformat(event["eventTime"]) for event in events}
    return [
        (times[event["eventId"]] - times[given_up["scheduledEventId"]]).total_seconds()
        for event in events
        if (given_up := event.get("workflowTaskTimedOutEventAttributes", {})).get("timeoutType")
        == "TIMEOUT_TYPE_SCHEDULE_TO_START"
    ]


def test_a_cancelled_run_ends_after_its_connection(temporal_address: str) -> None:
    """The worker, which goes on, closes the connection first and then says how far the task was."""
    task = get("/a", readTimeoutSeconds=PATIENCE)
    world = TemporalWorld(temporal_address)

    async def main(url: str) -> WorkflowRun:
        port = int(url.rpartition(":")[2])
        async with world.worker():
            handle = await world.start(at(flow("A", {"A": task}), url))
            await asyncio.to_thread(hold.arrived.wait, PATIENCE)
            assert port in peers()
            await handle.cancel()
            run = await world.end(handle)
            assert port not in peers()
            return run

    with holding() as (hold, url):
        run = asyncio.run(main(url))
        assert hold.closed.wait(PATIENCE)
    assert run.status == "Cancelled"
    assert run.tasks[0].error is not None
    assert (run.tasks[0].error["kind"], run.tasks[0].error["maybeDelivered"]) == ("cancelled", True)


def test_what_must_not_be_repeated_fails_as_maybe_delivered(temporal_address: str) -> None:
    """A POST without a key is sent once. Its route may take the failure."""
    route = [{"errors": ["connection"], "nextTask": "R"}]
    tasks = {
        "A": post("/once", idempotencyKey=False, retry={"maxAttempts": 5}, onError=route),
        "R": get("/after"),
    }
    world = TemporalWorld(temporal_address, heartbeat_seconds=2)
    with holding() as (hold, url):
        run = taken_over(
            world, at(flow("A", tasks), url), hold, options=(), end=lambda worker: worker.kill()
        )
    assert [request.target for request in hold.requests] == ["/once", "/after"]
    assert run.status == "Completed"
    error = run.tasks[0].error
    assert error is not None
    assert error["maybeDelivered"] is True
    assert "may have been delivered" in error["message"]


@pytest.mark.parametrize("apart", [{}, {"each": "activity"}], ids=["together", "apart"])
@pytest.mark.parametrize("each", [False, True], ids=["task", "items"])
def test_a_page_that_must_not_be_repeated_is_sent_once(
    apart: dict[str, Any], each: bool, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker is lost while it is under way. The error has what the pages before it brought, and
    the cursor of this one.
    """
    of_now = activity.heartbeat

    def beat(*details: Any) -> None:
        if not hold.arrived.is_set():
            of_now(*details)

    monkeypatch.setattr("httptask.engines.temporal._activities.activity.heartbeat", beat)
    world = TemporalWorld(temporal_address, heartbeat_seconds=1)
    task = post(
        "/first",
        pagination=TOGETHER | apart,
        idempotencyKey=False,
        retry={"maxAttempts": 5},
        readTimeoutSeconds=PATIENCE,
        **({"forEach": {"items": [1]}} if each else {}),
    )
    with holding(lambda request: request.target == "/second") as (hold, url):
        run = world.run(at(flow("A", {"A": task}, timeoutSeconds=PATIENCE), url))
    assert [request.target for request in hold.requests] == ["/first", "/second"]
    error = run.tasks[0].error
    assert error is not None
    assert error["maybeDelivered"] is True
    assert "may have been delivered" in error["message"]
    if each:  # the error of the task lists those of its items
        error = error["collected"][0]["error"]
    assert error["collected"] == ["/first"]
    assert error["pages"]["cursor"] == f"{url}/second"


def test_what_must_not_be_repeated_ends_when_its_worker_fails_after_it(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the worker failed by: nobody knows what has been sent."""

    def fail(*given: Any) -> Any:
        raise RuntimeError("a fault of the worker")

    monkeypatch.setattr("httptask.engines.temporal._activities.masked", fail)
    world = TemporalWorld(temporal_address)
    task = post("/a", idempotencyKey=False, retry={"maxAttempts": 5})
    with api() as server:
        run = world.run(at(flow("A", {"A": task}, timeoutSeconds=PATIENCE), server.url))
        assert len(server.received) == 1
    assert run.status == "Failed"
    error = run.tasks[0].error
    assert error is not None
    assert error["maybeDelivered"] is True
    assert error["message"].startswith("its worker failed: a fault of the worker; it may have been")


def test_what_no_worker_can_begin_fails_after_some_attempts(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a task that must not be repeated: nothing was sent, so other workers get it first."""
    policy = RetryPolicy(initial_interval=timedelta(milliseconds=1), maximum_attempts=3)
    monkeypatch.setattr("httptask.engines.temporal._tasks._OF_UNBEGUN", policy)
    of_now = Activities.functions.fget
    assert of_now is not None

    def without(own: Activities) -> Any:
        return [one for one in of_now(own) if one.__name__ != "http_task"]

    monkeypatch.setattr(Activities, "functions", property(without))
    world = TemporalWorld(temporal_address)
    with api() as server:
        run = world.run(at(flow("A", {"A": post("/a", idempotencyKey=False)}), server.url))
        assert server.received == []
    error = run.tasks[0].error
    assert error is not None
    assert not error.get("maybeDelivered")
    assert "upgrade the workers of the task queue" in error["message"]
    assert world.history.count("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED") == 3


def test_a_started_job_is_polled_on_although_its_worker_never_told_of_it(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its URL is the result of the activity that started it: no heartbeat has to arrive."""
    of_now, lost = _HttpCall.outcome, threading.Event()

    async def silent(call: _HttpCall) -> HttpTaskOutcome:
        if call._arguments.state is not None and not lost.is_set():
            lost.set()
            await asyncio.Event().wait()
        return await of_now(call)

    monkeypatch.setattr(_HttpCall, "outcome", silent)
    steps = [accepted(("Location", "/job")), *states("running", "succeeded")]
    world = TemporalWorld(temporal_address, heartbeat_seconds=1)
    task = post("/jobs", completion=completion(), idempotencyKey=False)
    with job_server(*steps) as server:
        run = world.run(at(flow("A", {"A": task}), server.url))
        methods = [asked(request).method for request in server.received]
    assert run.status == "Completed", run.error
    assert lost.is_set()
    assert methods == ["POST", "GET", "GET"]
    assert run.output["job"]["url"].endswith("/job")


@pytest.mark.parametrize("task", ["GET", "POST", "page"])
def test_a_worker_that_is_stopped_hands_its_task_back(task: str, temporal_address: str) -> None:
    """SIGTERM: after its grace it closes the connection and ends with 0. Another worker sends the
    request again at once, or the task fails if it must not be repeated.
    """
    is_safe, is_list = task == "GET", task == "page"
    listed = {"pagination": TOGETHER} if is_list else {}
    path = "/first" if is_list else "/a"
    one = get(path) if is_safe else post(path, idempotencyKey=False, **listed)
    world = TemporalWorld(temporal_address, heartbeat_seconds=600)  # nobody waits for it
    statuses: list[int] = []
    with holding(lambda request: request.target != "/first") as (hold, url):
        run = taken_over(
            world,
            at(flow("A", {"A": one}), url),
            hold,
            options=("--grace", "0"),
            end=lambda worker: statuses.append(worker.stop()),
        )
        assert hold.closed.wait(PATIENCE)
    assert statuses == [0]
    assert run.status == ("Completed" if is_safe else "Failed")
    assert len(hold.requests) == (2 if is_safe or is_list else 1)
    assert is_safe or "may have been delivered" in (run.error or "")
    assert not is_list or (run.tasks[0].error or {})["collected"] == ["/first"]


def test_a_worker_that_is_stopped_finishes_what_it_holds(temporal_address: str) -> None:
    """Within its grace a task comes to its end."""
    world = TemporalWorld(temporal_address)
    with holding() as (hold, url):

        def stop(worker: Any) -> None:
            worker.process.terminate()
            hold.release.set()

        definition = at(flow("A", {"A": post("/a", idempotencyKey=False)}), url)
        run = taken_over(world, definition, hold, options=("--grace", "60"), end=stop)
    assert run.status == "Completed"
    assert len(hold.requests) == 1


def test_nothing_is_lost_with_the_server(tmp_path: Path) -> None:
    """A server that is killed, and started again on its database, goes on with its runs: with
    requests that were under way, with a gate, a signal that came early, a timer, a nested run and
    items. Each request is sent once, and no task is run again.
    """
    port, database = free_port(), tmp_path / "temporal.db"
    first = DevServer(port, database)
    second: DevServer | None = None
    world = TemporalWorld(first.address, heartbeat_seconds=600)  # nobody waits for it
    count = 4
    given = {"Early": 1, "Gate": 2, "Inner": 3, "Items": [1, 2]}
    branches = {
        "Held": get("/held?run=${swf:workflowId}", readTimeoutSeconds=PATIENCE),
        "Gate": {"type": "Simple", "end": True},
        "Wait": {"type": "Wait", "seconds": 3, "end": True},
        "Inner": {"type": "Workflow", "definition": "inner", "end": True},
        "Items": {"type": "Simple", "forEach": {"items": [1, 2], "concurrency": 2}, "end": True},
    }
    fork = {"type": "Parallel", "branches": [branch(*one) for one in branches.items()]}
    tasks = {
        "First": get("/first?run=${swf:workflowId}", nextTask="P"),
        "P": {**fork, "nextTask": "Early"},
        "Early": {"type": "Simple", "nextTask": "Last"},
        "Last": post("/last?run=${swf:workflowId}", idempotencyKey=False, nextTask="End"),
        "End": {
            "type": "Terminate",
            "terminationStatus": "Completed",
            "workflowOutput": {name: f"${{$.tasks['{name}'].output}}" for name in given},
        },
    }
    inner = flow("InnerGate", {"InnerGate": {"type": "Simple", "end": True}}, name="Inner")

    async def begin() -> list[Handle]:
        handles = [
            await world.start(definition, definitions={"inner": inner}) for _ in range(count)
        ]
        assert await asyncio.to_thread(api.wait_until, 2 * count, PATIENCE)
        for handle in handles:
            await signalled(handle, "Early", 1)
            await signalled(handle, "Items", 1, item=0)
            is_under_way = False
            async with asyncio.timeout(PATIENCE):
                while not is_under_way:
                    described = (await handle.describe()).raw_description
                    is_under_way = bool(described.pending_children and described.pending_activities)
        return handles

    async def signalled(handle: Any, task: str, output: Any, item: int | None = None) -> None:
        own = (await world.client()).get_workflow_handle(handle.id)
        await own.signal("complete_task", TaskSignal(task, output=output, item=item))

    async def finish(handles: list[Handle]) -> list[WorkflowRun]:
        api.release.set()
        client = await world.client()
        for handle in handles:
            await signalled(handle, "Gate", 2)
            await signalled(handle, "Items", 2, item=1)
            described = await client.get_workflow_handle(handle.id).describe()
            (child,) = described.raw_description.pending_children
            await signalled(client.get_workflow_handle(child.workflow_id), "InnerGate", 3)
        return await ends_of(world, handles)

    api = HoldingApi()
    try:
        first.wait()
        with servers.raw_server(api.handle) as server:
            definition = at(flow("First", tasks), server.url)
            with worker_process(world.address, world.queue):
                handles = asyncio.run(begin())
                first.kill()
                second = DevServer(port, database)
                second.wait()
                runs = asyncio.run(finish(handles))
    finally:
        api.release.set()
        for one in filter(None, (first, second)):
            one.kill()
    assert [run.status for run in runs] == ["Completed"] * count, [run.error for run in runs]
    assert [run.output for run in runs] == [given] * count
    ids = Counter(handle.id for handle in handles)
    assert api.requests == {"first": ids, "held": ids, "last": ids}


class HoldingApi(Api):
    """Holds each request for `/held` until it is released."""

    def __init__(self) -> None:
        super().__init__(0)
        self.release = threading.Event()

    def pause(self, task: str) -> None:
        if task == "held":
            self.release.wait(PATIENCE)


def test_a_list_that_is_stopped_between_two_pages_says_how_far_it_came(
    temporal_address: str,
) -> None:
    """Nothing is under way then, and the server has got requests all the same."""
    setting = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
    setting |= {"each": "activity", "delaySeconds": 3600}
    fork = {
        "type": "Parallel",
        "branches": [
            branch("A", get("/list", pagination=setting)),
            branch("G", {"type": "Simple", "end": True}),
        ],
        "nextTask": "R",
        "onError": [{"errors": ["task"], "nextTask": "R"}],
    }
    world = TemporalWorld(temporal_address)

    async def fail(handle: Handle) -> None:
        while "TIMER_STARTED" not in (await handle.fetch_history()).to_json():  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.05)
        await handle.signal("complete_task", TaskSignal("G", error={"message": "no"}))

    with list_server(lambda request: page({"data": [request.target]})) as server:
        definition = at(flow("P", {"P": fork, "R": get("/after")}), server.url)
        run = world.run(definition, None, fail)
    assert run.status == "Completed", run.error
    (stopped,) = [task for task in run.tasks if task.name == "A"]
    assert stopped.error is not None
    assert (stopped.error["kind"], stopped.error["maybeDelivered"]) == ("cancelled", True)
    assert (stopped.error["pages"]["count"], stopped.error["pages"]["cursor"]) == (1, 2)
    assert stopped.error["attempts"] == 1


def test_what_is_stopped_while_nothing_is_under_way_says_what_was_sent(
    temporal_address: str,
) -> None:
    """Between two attempts, of which the server or a timer waits for the next one, and between two
    polls of a job, which is cancelled at its server.
    """
    retried = {"retry": {"maxAttempts": 2}, "totalTimeoutSeconds": 7200}
    polled = {"mode": "poll", "poll": {"timeoutSeconds": 86_400}, "cancel": {}}
    # A `Retry-After` holds its origin back, so each has an API of its own.
    waits = {"Soon": 30, "Later": 3600, "Job": 3600, "Jobs": 3600}
    tasks = {
        "Soon": get("/a", **retried),
        "Later": get("/a", **retried),
        "Job": post("/a", completion=polled, idempotencyKey=False),
        "Jobs": post("/a", completion=polled, forEach={"items": [1]}, idempotencyKey=False),
    }
    received: dict[str, list[str]] = {name: [] for name in tasks}

    def answer(name: str, request: Asked) -> bytes:
        received[name].append(f"{request.method} {request.path}")
        after = ("Retry-After", str(waits[name]))
        if name in ("Soon", "Later"):
            return page({}, after, status="503 Service Unavailable")
        return page({}, after, ("Location", "/job"), status="202 Accepted")

    async def fail(handle: Handle) -> None:
        timers, attempt = 0, 0
        async with asyncio.timeout(PATIENCE):
            while timers < 3 or attempt < 2:
                timers = (await handle.fetch_history()).to_json().count("EVENT_TYPE_TIMER_STARTED")
                pending = (await handle.describe()).raw_description.pending_activities
                attempt = max([one.attempt for one in pending], default=0)
        await handle.signal("complete_task", TaskSignal("G", error={"message": "no"}))

    with contextlib.ExitStack() as stack:
        for name, task in tasks.items():
            server = stack.enter_context(list_server(partial(answer, name)))
            tasks[name] = at(task, server.url)
        gate = branch("G", {"type": "Simple", "end": True})
        fork = {
            "type": "Parallel",
            "branches": [*(branch(*one) for one in tasks.items()), gate],
            "nextTask": "End",
            "onError": [{"errors": ["task"], "nextTask": "End"}],
        }
        end = {"type": "Terminate", "terminationStatus": "Completed"}
        run = TemporalWorld(temporal_address).run(flow("P", {"P": fork, "End": end}), None, fail)
    assert run.status == "Completed", run.error
    errors = {task.name: task.error for task in run.tasks if task.error is not None}
    assert {name for name, error in errors.items() if error["kind"] == "cancelled"} == set(tasks)
    assert all(errors[name]["maybeDelivered"] for name in tasks)
    assert errors["Later"]["attempts"] == 1
    assert errors["Job"]["job"]["url"].endswith("/job")
    assert received["Soon"] == received["Later"] == ["GET /a"]
    assert received["Job"] == received["Jobs"] == ["POST /a", "DELETE /job"]


def test_a_task_that_is_stopped_ends_although_its_request_succeeds(temporal_address: str) -> None:
    """The answer is there before the worker learns of the end: no poll, page or attempt follows."""
    polled = {"mode": "poll", "poll": {"timeoutSeconds": 86_400}, "cancel": {}}
    listed = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
    listed |= {"each": "activity", "delaySeconds": 3600}
    tasks = {
        "Soon": post("/a", completion=polled, idempotencyKey=False),
        "Later": post("/a", completion=polled, idempotencyKey=False),
        "Item": post("/a", completion=polled, forEach={"items": [1]}, idempotencyKey=False),
        "List": get("/a", pagination=listed),
        "Again": get("/a", retry={"maxAttempts": 2}, totalTimeoutSeconds=7200),
    }
    waits = {"Soon": 30, "Later": 3600, "Item": 3600, "Again": 3600}
    received: dict[str, list[str]] = {name: [] for name in tasks}
    released = threading.Event()

    def answer(name: str, request: Asked) -> bytes:
        received[name].append(f"{request.method} {request.path}")
        assert released.wait(PATIENCE)
        if name == "List":
            return page({"data": [1]})
        after = ("Retry-After", str(waits[name]))
        if name == "Again":
            return page({}, after, status="503 Service Unavailable")
        return page({}, after, ("Location", "/job"), status="202 Accepted")

    async def cancel(handle: Handle) -> None:
        async with asyncio.timeout(PATIENCE):
            while not all(received.values()):  # noqa: ASYNC110 - it is elsewhere
                await asyncio.sleep(0.01)
            await handle.cancel()
            requested = 0
            while requested < len(tasks):
                text = (await handle.fetch_history()).to_json()
                requested = text.count("EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED")
        released.set()

    with contextlib.ExitStack() as stack:
        for name, task in tasks.items():
            server = stack.enter_context(list_server(partial(answer, name)))
            tasks[name] = at(task, server.url)
        fork = {"type": "Parallel", "branches": [branch(*one) for one in tasks.items()]}
        # Far from the next heartbeat, which would tell the worker.
        world = TemporalWorld(temporal_address, heartbeat_seconds=3 * PATIENCE)
        end = {"type": "Terminate", "terminationStatus": "Completed"}
        run = world.run(flow("P", {"P": fork | {"nextTask": "End"}, "End": end}), None, cancel)
    assert run.status == "Cancelled"
    errors = {task.name: task.error for task in run.tasks if task.error is not None}
    assert {name for name, error in errors.items() if error["kind"] == "cancelled"} >= set(tasks)
    assert all(errors[name]["maybeDelivered"] for name in tasks)
    assert errors["Soon"]["job"]["url"].endswith("/job")
    assert errors["Later"]["job"]["url"].endswith("/job")
    assert errors["List"]["pages"]["count"] == errors["Again"]["attempts"] == 1
    for name in ("Soon", "Later", "Item"):
        assert received[name] == ["POST /a", "DELETE /job"]
    assert received["List"] == received["Again"] == ["GET /a"]


@pytest.mark.parametrize("start", [get, post])
def test_the_job_of_a_stopped_task_is_cancelled_although_its_poll_was_lost(
    start: Any, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker is lost after the stop; the workflow knows the job. It is cancelled once, whether
    the task may be repeated or not.
    """
    received: list[str] = []
    of_now, polling = _HttpCall.outcome, asyncio.Event()

    async def outcome(call: _HttpCall) -> HttpTaskOutcome:
        if call._arguments.state is not None:
            polling.set()
            await asyncio.Event().wait()  # no heartbeat comes any more
        return await of_now(call)

    def answer(request: Asked) -> bytes:
        received.append(f"{request.method} {request.path}")
        return page({}, ("Retry-After", "0"), ("Location", "/job"), status="202 Accepted")

    async def cancel(handle: Handle) -> None:
        async with asyncio.timeout(PATIENCE):
            await polling.wait()
        await handle.cancel()

    monkeypatch.setattr(_HttpCall, "outcome", outcome)
    polled = {"mode": "poll", "cancel": {"method": "POST"}}
    with list_server(answer) as server:
        task = start("/a", completion=polled, idempotencyKey=False)
        world = TemporalWorld(temporal_address, heartbeat_seconds=1)
        run = world.run(at(flow("A", {"A": task}), server.url), None, cancel)
    assert run.status == "Cancelled"
    (ended,) = run.tasks
    assert ended.error is not None
    assert (ended.error["kind"], ended.error["maybeDelivered"]) == ("cancelled", True)
    assert ended.error["job"]["url"].endswith("/job")
    assert received == [f"{start.__name__.upper()} /a", "POST /job"]


@pytest.mark.parametrize("start", [get, post])
def test_polls_that_lose_each_worker_end_by_the_deadline_of_the_job(
    start: Any, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the job's URL. Its `cancel` may have been sent, so it is not sent again."""
    received: list[str] = []
    sent: list[str] = []
    ended = threading.Event()

    def answer(request: Asked) -> bytes:
        received.append(f"{request.method} {request.path}")
        if request.path == "/job":
            ended.wait(PATIENCE)  # without heartbeats: as if the worker died of this poll
        return page({}, ("Retry-After", "0"), ("Location", "/job"), status="202 Accepted")

    monkeypatch.setattr("temporalio.activity.heartbeat", lambda *_: None)
    poll = {"timeoutSeconds": 1.5, "intervalSeconds": 0.1}
    polled = {"mode": "poll", "poll": poll, "cancel": {"method": "POST"}}
    with list_server(answer) as server:
        task = start("/a", completion=polled, idempotencyKey=False)
        world = TemporalWorld(temporal_address, heartbeat_seconds=1)

        async def set_ended(handle: Handle) -> None:
            with contextlib.suppress(WorkflowFailureError):
                await handle.result()
            sent.extend(received)  # before the polls that count as lost get their answers
            ended.set()

        run = world.run(at(flow("A", {"A": task}), server.url), None, set_ended)
    assert run.status == "Failed"
    error = run.tasks[0].error
    assert error is not None
    assert error["kind"] == "completion"
    assert error["job"]["url"].endswith("/job")
    assert sent[0] == f"{start.__name__.upper()} /a"
    assert set(sent[1:]) == {"GET /job"}


def test_status_says_how_many_items_have_ended(temporal_address: str) -> None:
    """While the others are under way."""
    task = get("/{n}", forEach={"items": [0, 1, 2]}, readTimeoutSeconds=PATIENCE)
    task["httpRequest"]["pathParameters"] = {"n": "${$.item}"}
    world, seen = TemporalWorld(temporal_address), {}

    async def look(handle: Handle) -> None:
        await asyncio.to_thread(hold.arrived.wait, PATIENCE)
        seen.update(await run_status(await world.client(), handle.id))
        hold.release.set()

    with holding(lambda request: request.target == "/2") as (hold, url):
        run = world.run(at(flow("A", {"A": task}), url), None, look)
    assert run.status == "Completed", run.error
    assert seen["underWay"][0]["items"] == {"count": 3, "completed": 2, "failed": 0}
    assert "under way: A (Http), 2 of 3 items" in _status_text(seen)


def test_status_has_the_inputs_of_items_that_wait_as_far_as_they_fit(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server takes no answer that is too large: the numbers are there all the same."""
    monkeypatch.setattr("httptask.engines.temporal._workflow._ANSWER", 80)
    gate = {"type": "Simple", "inputParameters": {"n": "${$.item}"}, "end": True}
    gate["forEach"] = {"items": ["x" * 40, "y" * 40], "concurrency": 2}
    world, seen = TemporalWorld(temporal_address), []

    async def look(handle: Handle) -> None:
        while len(seen) < 2:
            status = await run_status(await world.client(), handle.id)
            seen[:] = (status.get("underWay") or [{}])[0].get("items", {}).get("waiting", ())
        for item in (0, 1):
            await handle.signal("complete_task", TaskSignal("G", item=item))

    run = world.run(flow("G", {"G": gate}), None, look)
    assert run.status == "Completed", run.error
    assert seen == [{"index": 0, "input": {"n": "x" * 40}}, {"index": 1}]


def test_a_failed_branch_closes_the_connections_of_the_others(temporal_address: str) -> None:
    """A request under way is stopped, and the history says that it may have been delivered."""
    fork = {
        "type": "Parallel",
        "branches": [
            branch("A", post("/hang", idempotencyKey=False, readTimeoutSeconds=PATIENCE)),
            branch("G", {"type": "Simple", "end": True}),
        ],
        "nextTask": "R",
        "onError": [{"errors": ["task"], "nextTask": "R"}],
    }
    world = TemporalWorld(temporal_address)

    async def fail(handle: Handle) -> None:
        await asyncio.to_thread(hold.arrived.wait, PATIENCE)
        await handle.signal("complete_task", TaskSignal("G", error={"message": "no"}))

    with holding() as (hold, url):
        definition = at(flow("P", {"P": fork, "R": get("/after")}), url)
        run = world.run(definition, None, fail)
        assert hold.closed.wait(PATIENCE)
    assert run.status == "Completed", run.error
    (stopped,) = [task for task in run.tasks if task.name == "A"]
    assert stopped.status == "InProgress"
    assert stopped.error is not None
    assert (stopped.error["kind"], stopped.error["maybeDelivered"]) == ("cancelled", True)
