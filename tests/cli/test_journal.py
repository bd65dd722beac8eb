"""`run --journal`, `resume`, `runs`, `status` and `complete`."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import servers
from command_line import Run
from lists import Asked, list_server, page

JOURNAL = ("--journal", "runs.sqlite3")
GATE: dict[str, Any] = {
    "name": "Gate",
    "startTask": "Pause",
    "tasks": {
        "Pause": {"type": "Wait", "seconds": 0, "nextTask": "Ask"},
        "Ask": {"type": "Simple", "inputParameters": {"who": "Ann"}, "end": True},
    },
}


@contextmanager
def process(tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command in the folder *tmp_path*; it does not outlive the test."""
    names = {name: value for name, value in os.environ.items() if not name.startswith("HTTPTASK_")}
    with subprocess.Popen(
        [sys.executable, "-m", "httptask", *words],
        cwd=tmp_path,
        env={**names, "HTTPTASK_CATALOGUE": str(tmp_path / "c.sqlite3")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def line_with(started: subprocess.Popen[str], text: str) -> str:
    """Read what a process tells until a line has *text*, and return that line."""
    assert started.stderr is not None
    return next(line for line in started.stderr if text in line)


def wait_while_it_runs(event: threading.Event, started: subprocess.Popen[str]) -> None:
    """Wait for *event*, which the process brings about; what it wrote is shown if it ends first."""
    for _ in range(int(servers.HANG_SECONDS)):
        if event.wait(1):
            return
        assert started.poll() is None, started.communicate()
    raise AssertionError("the process neither did it nor ended")


def write(tmp_path: Path, definition: Any) -> None:
    (tmp_path / "flow.json").write_text(json.dumps(definition), "utf-8")


def test_a_killed_run_goes_on(run: Run, tmp_path: Path) -> None:
    """After `kill -9` in the middle of a request, `resume` sends the one under way again, with the
    same key, and not the one before; it needs no definition.
    """
    got, silence = threading.Event(), threading.Event()
    came: list[tuple[str, str | None]] = []

    def answer(asked: Asked) -> bytes:
        came.append((asked.path, asked.headers.get("idempotency-key")))
        if asked.path == "/second" and len(came) == 2:
            got.set()
            silence.wait()
        return page({"at": asked.path})

    # The server waits for its connections when it ends, and so it ends last.
    with list_server(answer) as server, ExitStack() as stack:
        stack.callback(silence.set)
        second = {"url": f"{server.url}/second", "method": "POST"}
        patient = {"type": "Http", "readTimeoutSeconds": servers.HANG_SECONDS}
        patient["totalTimeoutSeconds"] = servers.HANG_SECONDS
        tasks = {
            "First": {**patient, "httpRequest": {"url": f"{server.url}/first"}},
            "Second": {**patient, "httpRequest": second, "idempotencyKey": True, "end": True},
        }
        tasks["First"]["nextTask"] = "Second"
        write(tmp_path, {"name": "Two", "startTask": "First", "tasks": tasks})
        words = ("run", "flow.json", *JOURNAL, "--allow-network", "127.0.0.1")
        with process(tmp_path, *words) as started:
            wait_while_it_runs(got, started)
            running = run("runs", *JOURNAL, "--json").json
            assert (running[0]["status"], running[0]["at"]) == ("Running", ["Second"])
            refused = run("resume", *JOURNAL, running[0]["workflowId"])
            assert refused.status == 2
            assert f"is being run by the process {started.pid}" in refused.err
            started.kill()
        silence.set()
        (tmp_path / "flow.json").unlink()
        listed = run("runs", *JOURNAL, "--status", "Interrupted")
        assert "Interrupted" in listed.out
        assert "Second" in listed.out
        done = run("resume", *JOURNAL, "--json")
        assert done.json["output"]["body"] == {"at": "/second"}
    assert [path for path, _ in came] == ["/first", "/second", "/second"]
    assert came[1][1] == came[2][1] is not None
    again = run("resume", *JOURNAL)
    assert (again.status, "there is nothing to go on with" in again.err) == (2, True)


def test_a_gate_is_completed_from_another_terminal(run: Run, tmp_path: Path) -> None:
    """The run says how; the output is that of the task, from a file or as JSON."""
    write(tmp_path, GATE)
    with process(tmp_path, "run", "flow.json", *JOURNAL, "--json") as started:
        line = line_with(started, "somebody completes it with")
        command = shlex.split(line.partition("completes it with httptask ")[2])
        (tmp_path / "yes.json").write_text('{"approved": true}', "utf-8")
        status = run("status", command[1], *JOURNAL)
        assert "Waiting: Gate" in status.out
        assert "waits for somebody outside" in status.out
        assert run(*command, "--output", "yes.json").out.startswith("completed: the task 'Ask'")
        out, _ = started.communicate(timeout=servers.HANG_SECONDS)
    assert json.loads(out)["output"] == {"approved": True}
    shown = run("status", command[1][:8], *JOURNAL, "--json").json
    assert (shown["status"], shown["output"]) == ("Completed", {"approved": True})
    assert [task["status"] for task in shown["tasks"]] == ["Waiting", "Completed"] * 2


GATES: dict[str, Any] = {
    "name": "Gates",
    "startTask": "Ask",
    "tasks": {
        "Ask": {
            "type": "Simple",
            "inputParameters": {"order": "${$.order}", "line": "${$.index}"},
            "forEach": {"items": "${$.input}", "as": "order", "concurrency": 2},
            "end": True,
        }
    },
}


def test_each_item_of_a_gate_is_completed_over_a_kill(run: Run, tmp_path: Path) -> None:
    """`kill -9` between two items: the one that was completed is not asked for again. `status` says
    which items wait, with their input, and how many have ended.
    """
    write(tmp_path, GATES)
    (tmp_path / "orders.json").write_text("[7, 8, 9]", "utf-8")
    words = ("run", "flow.json", "--input", "orders.json", *JOURNAL)
    with process(tmp_path, *words) as started:
        line = line_with(started, "Ask, item 1: somebody completes it with")
        command = shlex.split(line.partition("completes it with httptask ")[2])
        assert command[2:] == ["Ask", "--item", "1", *JOURNAL]
        given = run(*command, "--output", '"second"')
        assert given.out.startswith("completed: the item 1 of the task 'Ask'")
        line_with(started, "Ask, item 2: somebody")
        shown = run("status", command[1], *JOURNAL)
        assert "Waiting: Gates" in shown.out
        assert "1 of 3 items" in shown.out
        assert 'item 0 waits for somebody outside: {"order":7,"line":0}' in shown.out
        assert 'item 2 waits for somebody outside: {"order":9,"line":2}' in shown.out
        started.kill()
    (kept,) = run("runs", *JOURNAL, "--json").json
    assert kept["status"] == "Interrupted"
    complete = ("complete", command[1], "Ask", *JOURNAL)
    first = run(*complete, "--item", "0", "--output", '"first"', "--json").json
    assert (first["task"], first["item"], first["output"]) == ("Ask", 0, "first")
    with process(tmp_path, "resume", *JOURNAL, "--json") as resumed:
        line_with(resumed, "Ask, item 2: somebody")
        (task,) = run("status", command[1], *JOURNAL, "--json").json["tasks"]
        waits = [{"index": 2, "input": {"order": 9, "line": 2}}]
        assert task["items"] == {"count": 3, "completed": 2, "failed": 0, "waiting": waits}
        assert run(*complete, "--item", "2", "--error", "too dear").out.startswith("failed: the it")
        out, told = resumed.communicate(timeout=servers.HANG_SECONDS)
    assert "item 0:" not in told
    ended = json.loads(out)
    assert ended["error"].startswith("task 'Ask' failed: the item with index 2 failed: too dear")
    assert ended["tasks"][-1]["error"]["collected"][:2] == ["first", "second"]


def test_an_item_that_does_not_wait_is_a_sentence(run: Run, tmp_path: Path) -> None:
    """Without a number, too; each says which items wait."""
    write(tmp_path, GATES)
    (tmp_path / "orders.json").write_text("[7, 8, 9]", "utf-8")
    with process(tmp_path, "run", "flow.json", "--input", "orders.json", *JOURNAL) as started:
        line = line_with(started, "Ask, item 1: somebody completes it with")
        command = shlex.split(line.partition("completes it with httptask ")[2])
        complete = ("complete", command[1], "Ask", *JOURNAL)
        assert run(*complete, "--item", "1").status == 0
        line_with(started, "Ask, item 2: somebody")
        waits = "; those that wait: 0, 2"
        for words, says in {
            (): f"the task 'Ask' is done for each item: say which one by --item{waits}",
            ("--item", "1"): f"the item 1 of the task 'Ask' was completed already{waits}",
            (
                "--item",
                "3",
            ): f"the task 'Ask' has no item 3: its items are numbered from 0 to 2{waits}",
            ("--item", "-1"): "argument --item: an item is its number, from 0, not '-1'",
            ("--item", "two"): "argument --item: an item is its number, from 0, not 'two'",
        }.items():
            refused = run(*complete, *words)
            assert (refused.status, says in refused.err) == (2, True), refused.err


def test_a_stopped_run_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    """Ctrl+C leaves it interrupted, with the exact command; a failed gate fails the run."""
    write(tmp_path, GATE)
    with process(tmp_path, "run", "flow.json", *JOURNAL, "--max-steps", "200000") as started:
        line_with(started, "somebody completes it")
        started.send_signal(signal.SIGINT)
        out, told = started.communicate(timeout=servers.HANG_SECONDS)
    assert started.returncode == 130
    (kept,) = run("runs", *JOURNAL, "--json").json
    assert kept["status"] == "Interrupted"
    assert out.startswith("Interrupted: Gate")
    command = shlex.split(told.partition("go on with: httptask ")[2])
    assert command[0] == "resume"
    assert command[2:] == [*JOURNAL, "--max-steps", "200000"]
    completed = run("complete", command[1], "Ask", *JOURNAL, "--error", "too dear")
    resume = shlex.join(["httptask", *command])
    assert f"no process runs it: {resume} goes on" in completed.err
    done = run(*command, "--json")
    assert (done.status, done.json["error"]) == (1, "task 'Ask' failed: too dear")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("runs",), "which journal? name its file with --journal FILE or HTTPTASK_JOURNAL"),
        (("runs", "--journal", "no.sqlite3"), "there is no journal no.sqlite3"),
        (("runs", "--journal", "text.txt"), "it is not a SQLite file; name another journal"),
        (("runs", "--journal", "."), "it is no file"),
        (("status", "x", *JOURNAL), "/runs.sqlite3 lists those that it has"),
        (("complete", "x", "A", *JOURNAL), "the journal has no run 'x'"),
        (("complete", "x", "A", *JOURNAL, "--output", "{no"), "--output: not JSON"),
        (
            ("complete", "x", "A", *JOURNAL, "--output", "it's fine"),
            """as a text, write it in double quotes: --output '"it'"'"'s fine"'""",
        ),
        (("complete", "x", "A", *JOURNAL, "--output", "y.json"), "there is no file 'y.json', and"),
        (("complete", "x", "A", *JOURNAL, "--output", "a/b"), "there is no file 'a/b', and it is"),
        (("run", "flow.json", "--input", '{"a": 1}'), "is no file: write the JSON into one"),
        (("complete", "x", "A", "--output", "1", "--error", "e"), "give one"),
        (("run", "flow.json", "--journal", "text.txt"), "it is not a SQLite file"),
        (("run", "flow.json", "--journal", "no/../text.txt/x"), "cannot be opened"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    run: Run, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    """Bad usage or input is exit status 2, and the sentence says what to do."""
    write(tmp_path, GATE)
    (tmp_path / "text.txt").write_text("hello " * 300, "utf-8")
    from httptask.engines import Journal

    Journal(tmp_path / "runs.sqlite3").close()
    done = run(*words)
    assert done.status == 2
    assert says in done.err
    assert (tmp_path / "text.txt").read_text("utf-8") == "hello " * 300


def test_an_endpoint_that_is_gone_is_named(run: Run, tmp_path: Path) -> None:
    """The catalogue is not in the journal: the run goes on when it has the endpoint again."""
    import sqlite3

    write(tmp_path, GATE)
    with process(tmp_path, "run", "flow.json", *JOURNAL) as started:
        line_with(started, "somebody completes it")
        started.kill()
    with closing(sqlite3.connect(tmp_path / "runs.sqlite3")) as file, file:
        (plan,) = file.execute("SELECT plan FROM run").fetchone()
        request = {"url": "http://127.0.0.1/"}
        task = {"type": "Http", "endpoint": "gone-get", "httpRequest": request, "end": True}
        changed = json.loads(plan)
        changed["definition"]["document"]["tasks"]["Ask"] = task
        file.execute("UPDATE run SET plan = ?", (json.dumps(changed),))
    done = run("resume", *JOURNAL)
    assert done.status == 2
    assert "gone-get" in done.err
    assert "a catalogue without the endpoint for example, and resume it again" in done.err


BLOCKED_AFTER_GATE: dict[str, Any] = {
    "startTask": "Ask",
    "tasks": {
        "Ask": {"type": "Simple", "nextTask": "Get"},
        "Get": {"type": "Http", "httpRequest": {"url": "http://127.0.0.1:1/"}, "end": True},
    },
}


def interrupted(tmp_path: Path, definition: Any, *words: str) -> None:
    """Leave a run of *definition* in the journal, killed while its first task waits."""
    write(tmp_path, definition)
    with process(tmp_path, "run", "flow.json", *JOURNAL, *words) as started:
        line_with(started, "somebody completes it")
        started.kill()


def test_a_run_does_not_go_on_without_the_options_that_it_had(run: Run, tmp_path: Path) -> None:
    """It stays interrupted, and the sentence names the option: its next task would have failed for
    good. A network around the earlier one will do. A process that got more is what counts next.
    """
    interrupted(tmp_path, GATE, "--allow-network", "127.0.0.1")
    nothing = {"HTTPTASK_ALLOW_NETWORKS": ""}
    refused = run("resume", *JOURNAL, **nothing)
    assert (refused.status, "nothing was run" in refused.err) == (2, True), refused.err
    assert "--allow-network 127.0.0.1, which this process lacks" in refused.err
    (kept,) = run("runs", *JOURNAL, "--json").json
    assert kept["status"] == "Interrupted"
    words = ("--allow-network", "127.0.0.0/8", "--allow-host-header")
    with process(tmp_path, "resume", *JOURNAL, *words) as started:
        line_with(started, "somebody completes it")
        started.kill()
    refused = run("resume", *JOURNAL, *words[:2], **nothing)
    assert "had --allow-host-header, which this process lacks" in refused.err
    assert run("complete", kept["workflowId"], "Ask", *JOURNAL).status == 0
    done = run("resume", *JOURNAL, *words, **nothing)
    assert done.status == 0, done.err


def test_a_run_goes_on_without_the_options_that_it_had_if_somebody_says_so(
    run: Run, tmp_path: Path
) -> None:
    """`--anyway`: what the task needs is refused then, as in any run."""
    interrupted(tmp_path, BLOCKED_AFTER_GATE, "--allow-network", "127.0.0.1")
    (kept,) = run("runs", *JOURNAL, "--json").json
    run("complete", kept["workflowId"], "Ask", *JOURNAL)
    done = run("resume", *JOURNAL, "--anyway", HTTPTASK_ALLOW_NETWORKS="")
    assert (done.status, "Failed" in done.out) == (1, True)


def test_a_run_that_went_on_without_an_option_has_it_no_more(run: Run, tmp_path: Path) -> None:
    """The next `resume` asks for nothing that was given up, and the command that the refusal names
    is one that works as it stands.
    """
    interrupted(tmp_path, GATE, "--allow-network", "127.0.0.1")
    nothing = {"HTTPTASK_ALLOW_NETWORKS": ""}
    refused = run("resume", *JOURNAL, **nothing)
    command = shlex.split(refused.err.partition("go on without --allow-network 127.0.0.1, by ")[2])
    assert command[:2] == ["httptask", "resume"]
    with process(tmp_path, *command[1:]) as started:
        line_with(started, "somebody completes it")
        started.kill()
    (kept,) = run("runs", *JOURNAL, "--json").json
    assert run("complete", kept["workflowId"], "Ask", *JOURNAL).status == 0
    done = run("resume", *JOURNAL, **nothing)
    assert done.status == 0, done.err


def test_what_is_refused_before_it_began_is_not_kept(run: Run, tmp_path: Path) -> None:
    """A wrong input, definition or engine: nothing says that the run is kept, and none is."""
    schema = {"type": "object", "required": ["id"]}
    write(tmp_path, {**GATE, "inputSchema": schema})
    for words in ([], ["--set", "id=1", "--engine", "nowhere"]):
        refused = run("run", "flow.json", *JOURNAL, *words)
        assert (refused.status, "kept in" in refused.err) == (2, False)
    write(tmp_path, {**GATE, "startTask": "Nowhere"})
    refused = run("run", "flow.json", *JOURNAL)
    assert (refused.status, "kept in" in refused.err) == (2, False)
    assert run("runs", *JOURNAL).out == "no runs\n"
