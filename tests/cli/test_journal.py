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

    with ExitStack() as stack, list_server(answer) as server:
        stack.callback(silence.set)
        second = {"url": f"{server.url}/second", "method": "POST"}
        tasks = {
            "First": {"type": "Http", "httpRequest": {"url": f"{server.url}/first"}},
            "Second": {"type": "Http", "httpRequest": second, "idempotencyKey": True, "end": True},
        }
        tasks["First"]["nextTask"] = "Second"
        write(tmp_path, {"name": "Two", "startTask": "First", "tasks": tasks})
        words = ("run", "flow.json", *JOURNAL, "--allow-network", "127.0.0.1")
        with process(tmp_path, *words) as started:
            assert got.wait(servers.HANG_SECONDS)
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


def test_a_stopped_run_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    """Ctrl+C leaves it interrupted, with the exact command; a failed gate fails the run."""
    write(tmp_path, GATE)
    with process(tmp_path, "run", "flow.json", *JOURNAL, "--max-steps", "50") as started:
        line_with(started, "somebody completes it")
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=servers.HANG_SECONDS)
    assert started.returncode == 130
    command = shlex.split(told.partition("go on with: httptask ")[2])
    assert command[0] == "resume"
    assert command[2:] == [*JOURNAL, "--max-steps", "50"]
    completed = run("complete", command[1], "Ask", *JOURNAL, "--error", "too dear")
    assert f"httptask resume {command[1]} goes on" in completed.err
    done = run(*command, "--json")
    assert (done.status, done.json["error"]) == (1, "task 'Ask' failed: too dear")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("runs",), "which journal? name its file with --journal FILE or HTTPTASK_JOURNAL"),
        (("runs", "--journal", "no.sqlite3"), "there is no journal no.sqlite3"),
        (("runs", "--journal", "text.txt"), "it is not a SQLite file; name another journal"),
        (("runs", "--journal", "."), "it is no file"),
        (("status", "x", *JOURNAL), "the journal has no run 'x'; httptask runs lists those"),
        (("complete", "x", "A", *JOURNAL), "the journal has no run 'x'"),
        (("complete", "x", "A", *JOURNAL, "--output", "{no"), "--output: not JSON"),
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
    assert "a catalogue without the endpoint for example, and resume again" in done.err
