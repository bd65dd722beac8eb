"""Journals: runs that go on in another process, and what people do with them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import servers
from httptask.engines import Journal, arun_workflow, resume_run, run_workflow
from httptask.errors import DefinitionError, JournalError, PluginError
from httptask.model.environment import Environment
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import Signal, TaskOutcome, WorkflowRun
from httptask.protocols import RunOptions, TaskCall
from httptask.workflow import definition_of
from lists import Asked, cut, items, list_server, page, targets
from tasks import http, runtime
from worlds import Do, World, do, workflow


class Stop(BaseException):
    """Ends a process in a test: nothing of ours catches it."""


async def dies(call: TaskCall) -> TaskOutcome:
    raise Stop


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of the type `Do` may be run again after a crash."""
    monkeypatch.setattr(Do, "is_repeatable", True, raising=False)


def crashed(file: Path, definition: Any, given: Any = None, **options: Any) -> str:
    """Run *definition* in a world where the process dies, and return the run's id."""
    world = options.pop("world")
    with Journal(file) as journal:
        with pytest.raises(Stop):
            world.run(definition, given, journal=journal, **options)
        (run,) = journal.runs()
        assert run.status == "Interrupted"
        return run.workflow_id


def resumed(file: Path, workflow_id: str, world: World) -> WorkflowRun:
    with Journal(file) as journal, runtime(world) as shared:
        return resume_run(journal, workflow_id, runtime=shared)


def names(world: World) -> list[str]:
    return [call.name for call in world.do.calls]


def test_a_resumed_run_repeats_no_task_that_ended(file: Path, repeatable: None) -> None:
    """It goes on with the task after it, which knows what the others put out; nothing but the
    journal is needed, and the result is that of a run that was never interrupted.
    """
    definition = workflow(
        "A",
        {
            "A": do(give={"in": "${$.input}", "of": "${$.variables.of}"}, nextTask="Pause"),
            "Pause": {"type": "Wait", "seconds": 0, "nextTask": "B"},
            "B": do(give="${$.tasks['A'].output}", end=True),
        },
    )
    told: list[str] = []
    first = World()
    first.do.behaviours = {"B": dies}
    environment = Environment("live", variables={"of": "live"})
    workflow_id = crashed(file, definition, 7, world=first, environment=environment)
    second = World()
    with Journal(file) as journal, runtime(second) as shared:
        run = resume_run(
            journal, workflow_id, runtime=shared, finished=lambda task: told.append(task.name)
        )
        (kept,) = journal.runs()
    assert names(second) == ["B"] == told
    assert (run.status, run.output) == ("Completed", {"in": 7, "of": "live"})
    assert run.environment == "live"
    assert [task.name for task in run.tasks] == ["A", "Pause", "Pause", "B"]
    assert (kept.status, kept.ended["output"]) == ("Completed", run.output)


def test_the_names_of_a_visit_are_the_same_after_a_crash(file: Path, repeatable: None) -> None:
    """`${swf:now}`, `${swf:uuid}` and `${swf:sequenceNumber}`, and what other tasks put out when it
    began, are those of the first time.
    """
    seen: list[Any] = []

    def look(after: Callable[[TaskCall], Any]) -> Any:
        async def behaviour(call: TaskCall) -> TaskOutcome:
            seen.append((dict(call.inputs.run), sorted(call.inputs.tasks)))
            return await after(call)

        return behaviour

    async def ends(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(1)

    branches = [
        {"startTask": name, "tasks": {name: do(end=True, nextTask=None)}} for name in ("L", "R")
    ]
    fork = {"type": "Parallel", "branches": branches, "nextTask": "E"}
    definition = workflow("F", {"F": fork, "E": do(end=True)})
    first = World(L=look(ends), R=look(dies))
    workflow_id = crashed(file, definition, world=first)
    before, seen[:] = {each[0]["uuid"]: each for each in seen}, []
    run = resumed(file, workflow_id, World(L=look(ends), R=look(ends)))
    assert run.status == "Completed"
    assert seen
    assert [before[names["uuid"]] for names, _ in seen] == seen


def test_a_strangers_task_is_not_repeated_unless_it_says_so(file: Path) -> None:
    """It fails, saying that it may have been delivered, and a route goes on from it."""
    route = [{"errors": ["task"], "nextTask": "B"}]
    give = "${$.tasks['A'].output.error.maybeDelivered}"
    definition = workflow("A", {"A": do(end=True, onError=route), "B": do(give=give, end=True)})
    workflow_id = crashed(file, definition, world=World(A=dies))
    second = World()
    run = resumed(file, workflow_id, second)
    assert names(second) == ["B"]
    assert (run.status, run.output) == ("Completed", True)
    assert "may have been delivered" in str((run.tasks[0].error or {})["message"])


@pytest.mark.parametrize(
    ("method", "fields", "sent", "kind"),
    [
        ("GET", {}, 2, None),
        ("PUT", {}, 2, None),
        ("POST", {"idempotencyKey": True}, 2, None),
        ("POST", {}, 1, "connection"),
        ("PATCH", {}, 1, "connection"),
    ],
)
def test_a_request_is_repeated_where_that_does_no_harm(
    file: Path, method: str, fields: Any, sent: int, kind: str | None
) -> None:
    """An idempotent method, or a key, which is the same; any other says `maybeDelivered`."""
    keys: list[str | None] = []

    async def main(url: str) -> None:
        got = asyncio.Event()
        loop = asyncio.get_running_loop()
        server.asked = lambda: loop.call_soon_threadsafe(got.set)  # type: ignore[attr-defined]
        definition = workflow("A", {"A": http(url, request={"method": method}, **fields)})
        with Journal(file) as journal:
            async with runtime() as shared:
                run = asyncio.create_task(
                    arun_workflow(definition, runtime=shared, journal=journal)
                )
                await got.wait()
                run.cancel()  # as Ctrl+C does
                with pytest.raises(asyncio.CancelledError):
                    await run

    def answer(asked: Asked) -> bytes:
        keys.append(asked.headers.get("idempotency-key"))
        if len(keys) == 1:
            server.asked()  # type: ignore[attr-defined]
            silence.wait()
        return page({})

    import threading

    silence = threading.Event()
    with list_server(answer) as server:
        try:
            asyncio.run(main(server.url))
        finally:
            silence.set()
        with Journal(file) as journal, runtime() as shared:
            (kept,) = journal.runs()
            assert (kept.status, [task.name for task in kept.under_way]) == ("Interrupted", ["A"])
            run = resume_run(journal, kept.workflow_id, runtime=shared)
    assert len(keys) == sent
    assert len(set(keys)) == 1
    error = run.tasks[0].error or {}
    assert (error.get("kind"), error.get("maybeDelivered")) == (kind, True if kind else None)


def test_a_post_that_was_not_sent_is_sent(file: Path) -> None:
    """Ctrl+C before the connection: nothing was sent, and nothing has to be feared."""
    task = http("http://127.0.0.1:{port}", request={"method": "POST"})

    async def main() -> None:
        with Journal(file) as journal:
            async with runtime(connections=1) as shared:
                silent = http(f"{quiet.url}/quiet")
                holding = asyncio.create_task(
                    arun_workflow(workflow("A", {"A": silent}), runtime=shared)
                )
                await asyncio.to_thread(quiet.started.wait)  # type: ignore[attr-defined]
                run = asyncio.create_task(
                    arun_workflow(workflow("A", {"A": task}), runtime=shared, journal=journal)
                )
                while not any(one.under_way for one in journal.runs()):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                for one in (run, holding):
                    one.cancel()
                await asyncio.gather(run, holding, return_exceptions=True)

    import threading

    started, silence = threading.Event(), threading.Event()

    def answer(asked: Asked) -> bytes:
        if asked.path == "/quiet":
            started.set()
            silence.wait()
        return page({})

    with list_server(answer) as quiet:
        quiet.started = started  # type: ignore[attr-defined]
        task["httpRequest"]["url"] = quiet.url
        try:
            asyncio.run(main())
        finally:
            silence.set()
        with Journal(file) as journal, runtime() as shared:
            run = resume_run(journal, journal.runs()[0].workflow_id, runtime=shared)
    assert (run.status, run.tasks[0].error) == ("Completed", None)


@pytest.mark.parametrize("each", [False, True], ids=["task", "items"])
def test_a_page_that_must_not_be_repeated_is_sent_once(each: bool, file: Path) -> None:
    """The error has what the pages before it brought, and its cursor."""

    class Deadly:
        """A plugin that dies after the second page was sent."""

        from httptask import hookimpl

        @hookimpl
        def httptask_exchange_finished(self, exchange: Any) -> None:
            if len(server.received) == 2:
                raise Stop

    def answer(asked: Asked) -> bytes:
        return page({"data": [asked.target], "next": "/second"})

    listed = {"mode": "nextUrl", "next": "$.next", "items": "$.data"}
    options = {"forEach": {"items": [1]}} if each else {}
    with list_server(answer) as server:
        post = {"method": "POST"}
        task = http(f"{server.url}/first", request=post, pagination=listed, **options)
        with Journal(file) as journal, runtime(Deadly()) as shared:
            with pytest.raises(Stop):
                run_workflow(workflow("Pages", {"Pages": task}), runtime=shared, journal=journal)
            (kept,) = journal.runs()
        with Journal(file) as journal, runtime() as shared:
            run = resume_run(journal, kept.workflow_id, runtime=shared)
        assert targets(server) == ["/first", "/second"]
    error = run.tasks[0].error
    assert error is not None
    assert (error["kind"], error["maybeDelivered"]) == ("connection", True)
    assert "may have been delivered" in error["message"]
    if each:  # the error of the task lists those of its items
        error = error["collected"][0]["error"]
    assert error["collected"] == ["/first"]
    assert error["pages"]["cursor"] == f"{server.url}/second"


def test_items_pages_and_jobs_go_on_where_they_were(file: Path) -> None:
    """An item that ended, a page that was read and a job that was started are not asked for again,
    and what they brought is all there.
    """
    asked_for: list[str] = []
    deadly: set[str] = set()

    def answer(asked: Asked) -> bytes:
        asked_for.append(asked.target)
        if asked.target in deadly:
            deadly.discard(asked.target)
            return servers.response(b"", status="500 Dead")
        if asked.path.startswith("/pages"):
            number = int(asked.query.get("page", 1))
            return page({"data": cut(items(6), 2, number), "total": 6})
        return page({"at": asked.path})

    pagination = {
        "mode": "page",
        "parameter": {"in": "query", "name": "page"},
        "items": "$.data",
        "identity": "$.id",
        "total": "$.total",
    }

    class Deadly:
        """A plugin that dies before a request to what a test names."""

        from httptask import hookimpl

        @hookimpl
        def httptask_prepare_request(self, request: Any, task: Any) -> None:
            if any(request.url.endswith(end) for end in doomed):
                raise Stop

    doomed = {"/items/2"}
    with list_server(answer) as server:
        each = http(
            f"{server.url}/items/{{id}}",
            request={"pathParameters": {"id": "${$.item}"}},
            forEach={"items": [0, 1, 2, 3]},
            nextTask="Pages",
        )
        del each["end"]
        pages = http(f"{server.url}/pages", pagination=pagination)
        definition = workflow("Items", {"Items": each, "Pages": pages})
        with Journal(file) as journal, runtime(Deadly()) as shared:
            with pytest.raises(Stop):
                run_workflow(definition, runtime=shared, journal=journal)
            (kept,) = journal.runs()
        doomed = {"page=3"}
        with Journal(file) as journal, runtime(Deadly()) as shared, pytest.raises(Stop):
            resume_run(journal, kept.workflow_id, runtime=shared)
        doomed = set()
        with Journal(file) as journal, runtime(Deadly()) as shared:
            run = resume_run(journal, kept.workflow_id, runtime=shared)
    assert run.output["body"] == items(6)
    assert [one["body"]["at"] for one in run.tasks[0].output] == [f"/items/{n}" for n in range(4)]
    assert asked_for == [
        *("/items/0", "/items/1", "/items/2", "/items/3"),
        *("/pages?page=1", "/pages?page=2", "/pages?page=3"),
    ]


def test_a_journal_says_how_many_items_have_ended(file: Path) -> None:
    """Of a task under way, those that failed included."""

    class Deadly:
        from httptask import hookimpl

        @hookimpl
        def httptask_prepare_request(self, request: Any, task: Any) -> None:
            if request.url.endswith("/3"):
                raise Stop

    def answer(asked: Asked) -> bytes:
        return page({}, status="404 Not Found" if asked.target == "/1" else "200 OK")

    with list_server(answer) as server:
        task = http(
            f"{server.url}/{{id}}",
            request={"pathParameters": {"id": "${$.item}"}},
            forEach={"items": [0, 1, 2, 3], "onError": "collect"},
        )
        with Journal(file) as journal, runtime(Deadly()) as shared:
            with pytest.raises(Stop):
                run_workflow(workflow("Items", {"Items": task}), runtime=shared, journal=journal)
            (kept,) = journal.runs()
    assert [task.items for task in kept.under_way] == [ItemCounts(4, completed=2, failed=1)]


def test_a_run_inside_another_goes_on_too(file: Path, repeatable: None) -> None:
    """Its tasks are not repeated either, and its journal ends with the task that asked for it."""
    inner = workflow("X", {"X": do(give="x", nextTask="Y"), "Y": do(give="y", end=True)})
    outer = workflow(
        "Run",
        {
            "Run": {"type": "Workflow", "definition": "inner", "nextTask": "E"},
            "E": do(give="${$.tasks['Run'].output}", end=True),
        },
    )
    workflow_id = crashed(file, outer, world=World(Y=dies), definitions={"inner": inner})
    with Journal(file) as journal:
        kept = journal.run(workflow_id)
        (inside,) = kept.runs
        assert journal.run(inside).inside == workflow_id
        with pytest.raises(JournalError, match=f"is inside the run {workflow_id}"):
            resume_run(journal, inside)
    second = World()
    run = resumed(file, workflow_id, second)
    assert names(second) == ["Y", "E"]
    assert (run.status, run.output) == ("Completed", "y")
    assert run.tasks[0].run is not None
    assert [task.output for task in run.tasks[0].run.tasks] == ["x", "y"]
    with Journal(file) as journal, pytest.raises(JournalError, match="has no run"):
        journal.run(inside)


def test_a_failure_workflow_goes_on_too(file: Path, repeatable: None) -> None:
    """The run that failed is not run again; the failure workflow is where it was."""
    fails = workflow(
        "T", {"T": {"type": "Terminate", "terminationStatus": "Failed"}}, failureWorkflow="after"
    )
    after = workflow("X", {"X": do(give=1, nextTask="Y"), "Y": do(give=2, end=True)})
    workflow_id = crashed(file, fails, world=World(Y=dies), definitions={"after": after})
    second = World()
    run = resumed(file, workflow_id, second)
    assert names(second) == ["Y"]
    assert run.status == "Failed"
    assert run.failure_run is not None
    assert [task.output for task in run.failure_run.tasks] == [1, 2]


def test_a_time_limit_counts_from_the_beginning(file: Path) -> None:
    """The time in which nobody ran it counts, too."""
    definition = workflow("A", {"A": do(end=True)}, timeoutSeconds=60)
    workflow_id = crashed(file, definition, world=World(A=dies))
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE run SET began_at = ?", (past,))
    run = resumed(file, workflow_id, World())
    assert run.status == "TimedOut"
    assert run.elapsed_seconds > 3600


# People


GATE = workflow(
    "Gate", {"Gate": {"type": "Simple", "inputParameters": {"who": "Ann"}, "end": True}}
)


def test_a_gate_is_completed_while_its_process_lives(file: Path) -> None:
    """Another process writes the journal; the run goes on with what it gave."""
    waiting: list[tuple[str, str]] = []

    def give(workflow_id: str, task: str) -> None:
        waiting.append((workflow_id, task))
        with Journal(file) as other:
            assert other.run(workflow_id).status == "Waiting"
            other.complete(workflow_id[:6], task, Signal({"ok": True}))

    with Journal(file, waits=give) as journal:
        run = World().run(GATE, journal=journal)
    assert (run.status, run.output) == ("Completed", {"ok": True})
    assert waiting == [(run.workflow_id, "Gate")]


def test_a_gate_is_completed_while_nobody_runs_it(file: Path) -> None:
    """Whoever resumes the run finds what was given; it is given once, and to a task that waits."""

    def stop(workflow_id: str, task: str) -> None:
        raise Stop

    with Journal(file, waits=stop) as journal:
        with pytest.raises(Stop):
            World().run(GATE, journal=journal)
        (kept,) = journal.runs()
        assert (kept.status, kept.under_way[0].input) == ("Interrupted", {"who": "Ann"})
        with pytest.raises(JournalError, match="those that wait are: Gate"):
            journal.complete(kept.workflow_id, "Gaet", Signal(1))
        journal.complete(kept.workflow_id, "Gate", Signal(error={"message": "too dear"}))
        with pytest.raises(JournalError, match=r"no task 'Gate' .* waits for anybody"):
            journal.complete(kept.workflow_id, "Gate", Signal(1))
        with runtime() as shared:
            run = resume_run(journal, kept.workflow_id, runtime=shared)
        assert run.error == "task 'Gate' failed: too dear"
        with pytest.raises(JournalError, match="the run has ended: Failed"):
            journal.complete(kept.workflow_id, "Gate", Signal(1))
        with pytest.raises(JournalError, match="has ended: Failed"):
            resume_run(journal, kept.workflow_id)
        with pytest.raises(JournalError, match="the journal has no run 'nobody'"):
            journal.run("nobody")


GATES = workflow(
    "Gate",
    {
        "Gate": {
            "type": "Simple",
            "inputParameters": {"order": "${$.item}"},
            "forEach": {"items": [7, 8, 9], "concurrency": 2},
            "end": True,
        }
    },
)


def test_each_item_of_a_gate_is_completed_while_its_process_lives(file: Path) -> None:
    """The journal says which items wait, with their input, and how many have ended."""
    seen: list[Any] = []

    def give(workflow_id: str, task: str, item: int = -1, /) -> None:
        with Journal(file) as other:
            run = other.run(workflow_id)
            (gate,) = run.under_way
            assert gate.items is not None
            counts = gate.items.to_json()
            if item == 0:  # it waits while the others do
                return
            seen.append((run.status, item, counts.pop("waiting"), counts))
            other.complete(workflow_id, task, Signal({"ok": item}), item)
            if item == 2:
                other.complete(workflow_id, task, Signal({"ok": 0}), 0)

    with Journal(file, waits=give) as journal:
        run = World().run(GATES, journal=journal)
        (kept,) = journal.runs()
    assert run.output == [{"ok": 0}, {"ok": 1}, {"ok": 2}]
    first, second, third = ({"index": n, "input": {"order": 7 + n}} for n in range(3))
    assert seen == [
        ("Waiting", 1, [first, second], {"count": 3, "completed": 0, "failed": 0}),
        ("Waiting", 2, [first, third], {"count": 3, "completed": 1, "failed": 0}),
    ]
    assert kept.tasks[-1].items == ItemCounts(3, 3)


def test_items_of_a_gate_are_completed_while_nobody_runs_it(file: Path) -> None:
    """Whoever resumes the run finds what was given, and asks for the other items only. What cannot
    be completed is said in a sentence.
    """

    def stop(workflow_id: str, task: str, item: int = -1, /) -> None:
        if item == 1:
            raise Stop

    asked: list[int] = []

    def give(workflow_id: str, task: str, item: int = -1, /) -> None:
        asked.append(item)
        journal.complete(workflow_id, task, Signal(item), item)

    with Journal(file, waits=stop) as journal:
        with pytest.raises(Stop):
            World().run(GATES, journal=journal)
        (kept,) = journal.runs()
        assert kept.status == "Interrupted"

        def refusal(item: int | None, task: str = "Gate") -> str:
            with pytest.raises(JournalError) as raised:
                journal.complete(kept.workflow_id, task, Signal(1), item)
            return str(raised.value)

        waits = "those that wait: 0, 1"
        which = "the task 'Gate' is done for each item: say which one by --item; "
        numbered = "its items are numbered from 0 to 2; "
        assert refusal(None) == which + waits
        assert refusal(3) == f"the task 'Gate' has no item 3: {numbered}{waits}"
        assert refusal(-1) == f"the task 'Gate' has no item -1: {numbered}{waits}"
        assert refusal(10**30).startswith("the task 'Gate' has no item 1000")
        assert refusal(2) == f"the item 2 of the task 'Gate' does not wait yet; {waits}"
        assert "those that wait are: Gate" in refusal(0, "Gaet")
        journal.complete(kept.workflow_id, "Gate", Signal("early"), 1)
        ended = "the item 1 of the task 'Gate' was completed already; "
        assert refusal(1) == f"{ended}those that wait: 0"
        journal.complete(kept.workflow_id, "Gate", Signal("late"), 0)
        assert refusal(1) == f"{ended}none waits now"
    with Journal(file, waits=give) as journal, runtime() as shared:
        run = resume_run(journal, kept.workflow_id, runtime=shared)
        assert (run.output, asked) == (["late", "early", 2], [2])
        assert "the run has ended: Completed" in refusal(0)


def test_a_gate_without_items_is_completed_without_one(file: Path) -> None:
    """A number is for a task with `forEach`."""

    def give(workflow_id: str, task: str) -> None:
        with Journal(file) as other:
            with pytest.raises(JournalError, match="'Gate' has no forEach: complete it without an"):
                other.complete(workflow_id, task, Signal(1), 0)
            other.complete(workflow_id, task, Signal(2))

    with Journal(file, waits=give) as journal:
        assert World().run(GATE, journal=journal).output == 2


def test_one_process_runs_a_run(file: Path) -> None:
    """A second one is told which process has it."""
    import os

    told: list[str] = []

    def again(workflow_id: str, task: str) -> None:
        with Journal(file) as other:
            try:
                with other.old_run(workflow_id):
                    raise AssertionError("it is run already")
            except JournalError as error:
                told.append(str(error))
            other.complete(workflow_id, task, Signal(1))

    with Journal(file, waits=again) as journal:
        run = World().run(GATE, journal=journal)
    assert told == [f"the run {run.workflow_id} is being run by the process {os.getpid()}"]
    assert list((file.parent / f"{file.name}-locks").iterdir()) == []


def test_what_is_refused_leaves_no_run(file: Path) -> None:
    """A definition or an input that is wrong has not been run; an id is used once; another engine
    has no journal of ours.
    """
    with Journal(file) as journal:
        with pytest.raises(DefinitionError):
            World().run({"startTask": "No", "tasks": {}}, journal=journal)
        assert journal.runs() == []
        World().run(workflow("A", {"A": do(end=True)}), journal=journal, workflow_id="one")
        with pytest.raises(JournalError, match="has a run one; continue it with httptask res"):
            World().run(workflow("A", {"A": do(end=True)}), journal=journal, workflow_id="one")

        class Other:
            name = "other"

            async def run(self, *given: Any) -> WorkflowRun:
                raise AssertionError("it keeps no journal")

        class Plugin:
            from httptask import hookimpl

            @hookimpl
            def httptask_engines(self) -> list[Any]:
                return [Other()]

        with runtime(Plugin()) as shared, pytest.raises(PluginError, match="keeps no journal"):
            run_workflow(GATE, runtime=shared, engine="other", journal=journal)
        assert [run.workflow_id for run in journal.runs()] == ["one"]


def test_no_secret_gets_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential is a name; what a server echoes of it is masked, as in the result."""
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_CRM", json.dumps({"type": "bearer", "token": "s3cr3t-t0ken"})
    )
    with list_server(lambda asked: page(dict(asked.headers))) as server:
        definition = workflow("A", {"A": http(server.url, credentials="CRM")})
        with Journal(file) as journal, runtime() as shared:
            run = run_workflow(definition, runtime=shared, journal=journal)
        assert "s3cr3t-t0ken" in run.output["body"]["authorization"]
        found = [path for path in file.parent.rglob("*") if path.is_file()]
        assert not any(b"s3cr3t-t0ken" in path.read_bytes() for path in found)
    assert file.stat().st_mode & 0o77 == 0


def test_an_inner_run_gets_a_secret_that_the_journal_does_not(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The input of an inner run is whole while its process lives; what is written of it is masked."""
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_CRM", json.dumps({"type": "bearer", "token": "s3cr3t-t0ken"})
    )
    end = {
        "type": "Terminate",
        "terminationStatus": "Completed",
        "workflowOutput": "${$.input.echo}",
    }
    inner = workflow("End", {"End": end})
    with list_server(lambda asked: page(dict(asked.headers))) as server:
        ask = http(server.url, credentials="CRM", nextTask="Run", end=False)
        echoed = {"echo": "${$.tasks['Ask'].output.body.authorization}"}
        run_inner = {
            "type": "Workflow",
            "definition": "inner",
            "inputParameters": echoed,
            "end": True,
        }
        outer = workflow("Ask", {"Ask": ask, "Run": run_inner})
        with Journal(file) as journal, runtime() as shared:
            run = run_workflow(outer, runtime=shared, journal=journal, definitions={"inner": inner})
    assert run.output == "Bearer s3cr3t-t0ken"
    found = [path for path in file.parent.rglob("*") if path.is_file()]
    assert not any(b"s3cr3t-t0ken" in path.read_bytes() for path in found)


def begin_masked(file: Path, definition: dict[str, Any]) -> None:
    """Begin a run, and die in its task: the key in its input and one in its task are masked."""
    (task,) = definition["tasks"].values()
    stored = workflow("A", {"A": {**task, "key": "•••"}} if "key" in task else definition["tasks"])
    options = RunOptions({"key": "•••"}, {}, {})
    with (
        Journal(file) as journal,
        journal.storing_masked("run", definition_of(stored), options),
        pytest.raises(Stop),
    ):
        World(A=dies).run(definition, {"key": "k-1"}, journal=journal, workflow_id="run")


def test_masks_of_the_definition_and_the_input_are_not_sent(file: Path, repeatable: None) -> None:
    """A run that is stored with masks does not go on with them, unless it is given the whole
    definition and input.
    """
    definition = workflow("A", {"A": do(give=["${$.input.key}", "k-2"], key="k-2", end=True)})
    begin_masked(file, definition)
    with Journal(file) as journal, runtime(World()) as shared:
        (kept,) = journal.runs()
        with pytest.raises(JournalError) as refused:
            resume_run(journal, kept.workflow_id, runtime=shared)
        for name, source in (("definition", "the file of the definition"), ("input", "the sample")):
            assert f"secrets in the {name} of the run" in str(refused.value)
            assert f"which takes them from {source}" in str(refused.value)
        stored, options = journal.started_with(kept.workflow_id)
        assert (stored.tasks["A"]["key"], options.input) == ("•••", {"key": "•••"})
        whole = replace(options, input={"key": "k-1"})
        journal.take(kept.workflow_id, definition_of(definition), whole)
        assert journal.started_with(kept.workflow_id)[0].tasks == definition["tasks"]
        run = resume_run(journal, kept.workflow_id, runtime=shared)
    assert (run.status, run.output) == ("Completed", ["k-1", "k-2"])


def test_a_mask_of_the_author_is_a_text_like_others(file: Path, repeatable: None) -> None:
    """Nothing is lacking: the definition and the input hold such a mask themselves."""
    definition = workflow("A", {"A": do(give="${$.input.key}", key="•••", end=True)})
    with Journal(file) as journal, pytest.raises(Stop):
        World(A=dies).run(definition, {"key": "•••"}, journal=journal)
    with Journal(file) as journal, runtime(World()) as shared:
        (kept,) = journal.runs()
        assert journal.lacking(kept.workflow_id) == []
        assert resume_run(journal, kept.workflow_id, runtime=shared).output == "•••"


def test_all_that_a_process_lacks_is_said_at_once(file: Path) -> None:
    """`anyway` waives options and secrets: nobody waives the ones for the other without a word."""
    definition = workflow("A", {"A": do(end=True)})
    begin_masked(file, definition)
    with Journal(file) as journal, runtime(World(), allow=[]) as shared:
        (kept,) = journal.runs()
        with pytest.raises(JournalError) as refused:
            resume_run(journal, kept.workflow_id, runtime=shared)
    assert "had --allow-network 127.0.0.1, which this process lacks" in str(refused.value)
    assert "secrets in the input of the run" in str(refused.value)
    consequences = "without --allow-network 127.0.0.1 and with a mask in the place of each secret"
    assert f"Or go on {consequences}, by httptask resume" in str(refused.value)


def test_an_inner_run_that_goes_on_gets_no_mask(file: Path, repeatable: None) -> None:
    """Its stored input is masked; the run around it has the whole one."""
    inner = workflow("A", {"A": do(give="${$.input.key}", end=True)})
    run_inner = {"type": "Workflow", "definition": "inner", "end": True}
    outer = workflow("Run", {"Run": {**run_inner, "inputParameters": {"key": "${$.input.key}"}}})
    given = {"key": "s3cr3t-k3y"}
    with Journal(file) as journal, runtime(World(A=dies)) as shared:
        shared.redactor.add(given["key"])
        options: Any = {"journal": journal, "definitions": {"inner": inner}}
        with pytest.raises(Stop):
            run_workflow(outer, given, runtime=shared, **options)
    with Journal(file) as journal, runtime(World()) as shared:
        (kept,) = journal.runs()
        run = resume_run(journal, kept.workflow_id, runtime=shared)
    assert (run.status, run.output) == ("Completed", "s3cr3t-k3y")


def test_no_secret_gets_in_by_an_item_that_waits(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its input is shown to whoever completes it: what a server echoed is masked there, too."""
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_CRM", json.dumps({"type": "bearer", "token": "s3cr3t-t0ken"})
    )
    shown: list[Any] = []

    def give(workflow_id: str, task: str, item: int = -1, /) -> None:
        with Journal(file) as other:
            (gate,) = other.run(workflow_id).under_way
            assert gate.items is not None
            shown.append(gate.items.waiting[0].input)
            found = [path for path in file.parent.rglob("*") if path.is_file()]
            assert not any(b"s3cr3t-t0ken" in path.read_bytes() for path in found)
            other.complete(workflow_id, task, Signal(1), item)

    with list_server(lambda asked: page(dict(asked.headers))) as server:
        echoed = {"echoed": "${$.tasks['A'].output.body.authorization}"}
        gate = {"type": "Simple", "inputParameters": echoed, "forEach": {"items": [1]}, "end": True}
        tasks = {"A": http(server.url, credentials="CRM", nextTask="Gate", end=False), "Gate": gate}
        with Journal(file, waits=give) as journal, runtime() as shared:
            run_workflow(workflow("A", tasks), runtime=shared, journal=journal)
    ((echo,),) = (one.values() for one in shown)
    assert echo.startswith("Bearer ")


def test_tasks_that_end_together_are_written_together(file: Path) -> None:
    """A journal costs writings, not tasks: thirty branches take a few."""
    count = 0

    tasks = {f"T{number}": do(end=True) for number in range(30)}
    branches = [{"startTask": name, "tasks": {name: task}} for name, task in tasks.items()]
    fork = {"type": "Parallel", "branches": branches, "nextTask": "E"}
    definition = definition_of(workflow("F", {"F": fork, "E": do(end=True)}))
    with Journal(file) as journal:
        commit = journal._store._commit

        def counted(notes: Any) -> None:
            nonlocal count
            count += 1
            commit(notes)

        journal._store._commit = counted  # type: ignore[method-assign]
        run = World().run(definition, journal=journal)
    assert len(run.tasks) == 32
    assert count < 45
