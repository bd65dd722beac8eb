"""What commands say to a person: once, with its place, and with what to do."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import servers
from command_line import Run
from httptask import hookimpl
from httptask.cli import main
from httptask.cli._job import job_line
from httptask.cli._pages import summary_line
from httptask.errors import Job, Pages
from httptask.workflow import definition_of, stored_credential_problems
from tasks import http, runtime

NOBODY = "http://127.0.0.1:9"
READER = http(NOBODY, inputParameters={"id": "${$.input.order.id}"})


@pytest.fixture
def flow(tmp_path: Path) -> Any:
    """Give a function that writes a definition with *tasks* and returns its name."""

    def write(*tasks: dict[str, Any], **fields: Any) -> str:
        document = {
            "startTask": "T0",
            "tasks": {f"T{number}": task for number, task in enumerate(tasks)},
            **fields,
        }
        (tmp_path / "flow.json").write_text(json.dumps(document), "utf-8")
        return "flow.json"

    return write


def test_a_failure_is_told_once_on_a_terminal(run: Run, flow: Any, tmp_path: Path) -> None:
    """The line of the task has the sentence; the error of the run names the task. Where only one of
    the streams is read, it has all.
    """
    name = flow(http(NOBODY))
    apart = run("run", name)
    assert "connection refused" in apart.err
    assert "error: task 'T0' failed: no connection" in apart.out
    outside, inside = pty.openpty()
    environment = os.environ | {
        "HTTPTASK_CATALOGUE": str(tmp_path / "catalogue.sqlite3"),
        "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
        "NO_COLOR": "1",
    }
    subprocess.run(
        [sys.executable, "-m", "httptask", "run", name],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=inside,
        stderr=inside,
        timeout=servers.HANG_SECONDS,
        check=False,
    )
    shown = os.read(outside, 10_000).decode()  # a few lines: the terminal holds them
    os.close(inside)
    os.close(outside)
    assert shown.count("connection refused") == 1
    assert "error: task 'T0' failed\r\n" in shown


@pytest.mark.parametrize("command", ["run", "test-request"])
def test_an_expression_over_no_input_says_how_one_is_given(
    run: Run, flow: Any, command: str
) -> None:
    """Where none was given: with one, and for other failures, there is no such hint."""
    hint = "give the input with --input FILE, or single values with --set NAME=VALUE\n"
    told = run(command, flow(READER)).err
    assert (told.count(hint), told.endswith(hint)) == (1, True)
    assert hint not in run(command, flow(READER), "--set", "name=a").err
    assert hint not in run(command, flow(http(NOBODY))).err


def test_an_expression_over_earlier_tasks_says_how_they_are_given(
    run: Run, flow: Any, tmp_path: Path
) -> None:
    """`--tasks`, with the name of the task, also for the items of `forEach` and for `--as`; a file
    of another shape is refused.
    """
    reader = {**http(NOBODY), "inputParameters": {"a": "${$.tasks.List.output.id}"}}
    items = {**http(NOBODY), "forEach": {"items": "${$.tasks.List.output.ids}"}}
    hint = 'earlier tasks answered with --tasks FILE: {"List": {"output": …}}\n'
    for task in (reader, items):
        for words in ((), ("--as", "curl")):
            assert run("test-request", flow(task), *words).err.endswith(hint)
    (tmp_path / "tasks.json").write_text('{"List": {"id": 7}}', "utf-8")
    refused = run("test-request", flow(reader), "--tasks", "tasks.json")
    assert 'the task \'List\' has no output; write {"List": {"output": …}}' in refused.err
    (tmp_path / "tasks.json").write_text('{"List": {"output": {"ids": [7]}}}', "utf-8")
    words = ("--tasks", "tasks.json", "--as", "curl")
    assert run("test-request", flow(items), *words).status == 0
    assert hint not in run("test-request", flow(reader), *words).err


@pytest.mark.parametrize("command", ["run", "test-request"])
def test_an_expression_over_variables_says_how_they_are_given(
    run: Run, flow: Any, command: str
) -> None:
    """With a value, or by an environment; not where some were given."""
    reader = {**http(NOBODY), "inputParameters": {"a": "${$.variables.tenant}"}}
    hint = "give a variable with --variable NAME=VALUE, or an environment with --env NAME\n"
    assert run(command, flow(reader)).err.endswith(hint)
    assert hint not in run(command, flow(reader), "--variable", "b=1").err


@pytest.mark.parametrize("command", ["run", "test-request"])
def test_a_number_where_a_text_is_wanted_says_how_a_text_is_given(
    run: Run, flow: Any, command: str
) -> None:
    """`--set` reads JSON: the option to write can be pasted."""
    task = http(NOBODY, inputParameters={"a": "${$.input.a}"})
    task["httpRequest"] = {"url": NOBODY, "method": "${$.a}"}
    told = run(command, flow(task), "--set", "a=7").err
    assert told.endswith("""write it in double quotes: --set 'a="7"'\n"""), told
    assert "write it in double quotes" not in run(command, flow(task), "--set", "a=GET").err


@pytest.mark.parametrize("command", ["run", "validate", "test-request"])
def test_a_file_that_is_not_there_is_one_line(run: Run, flow: Any, command: str) -> None:
    """Nothing is counted, and no place in it is named."""
    says = "httptask: nowhere.json: the file cannot be read: no such file or directory\n"
    assert run(command, "nowhere.json").err == says
    assert run(command, flow(http(NOBODY)), "--env", "nix").err.count("\n") == 1


def test_a_problem_of_a_whole_input_is_not_one_of_the_document(run: Run, flow: Any) -> None:
    """Its place is the input."""
    schema = {"type": "object", "required": ["a"]}
    done = run("run", flow(READER, inputSchema=schema))
    assert "  (the input): 'a' is required" in done.err
    assert done.err.endswith("--set NAME=VALUE\n")
    noted = run("test-request", flow(READER, inputSchema=schema), "--set", "b=1").err
    assert "a run would refuse this input: (the input): 'a' is required" in noted


@pytest.mark.parametrize(
    ("assignments", "pointer"),
    [
        (["a=1", "a=2"], "/a"),
        (["a=1", "/a=1"], "/a"),
        (["/a/b=1", 'a={"c":1}'], "/a"),
        (["a={}", "/a/b=1", "/a/bc=1"], None),
    ],
)
def test_a_value_of_the_input_is_given_once(
    run: Run, flow: Any, assignments: list[str], pointer: str | None
) -> None:
    """By its name or its pointer; a part of an object that is given may be added."""
    options = [word for assignment in assignments for word in ("--set", assignment)]
    done = run("run", flow(http(NOBODY)), *options)
    if pointer is None:
        assert done.status == 1
    else:
        assert done.status == 2
        assert f"--set: {pointer} is given twice" in done.err


def test_a_variable_is_given_once(run: Run, flow: Any) -> None:
    """The last one would win in silence."""
    done = run("run", flow(http(NOBODY)), "--variable", "a=1", "--variable", "a=2")
    assert (done.status, "--variable: a is given twice" in done.err) == (2, True)


def test_one_task_is_one_task(run: Run, flow: Any) -> None:
    """A limit of one is said as such."""
    tasks = ({"type": "Wait", "seconds": 0, "nextTask": "T1"}, http(NOBODY))
    assert "needs more than 1 task, the most" in run("run", flow(*tasks), "--max-steps", "1").out


def test_one_of_anything_is_one() -> None:
    """One item of one byte, one poll; more of them have their thousands apart."""
    pages = Pages(count=1, items=1, bytes=1, complete=True, stopped_by="next").to_json()
    assert summary_line(pages) == "pages: 1, 1 item, 1 byte; complete (ended by next)"
    more = summary_line({**pages, "items": 1000, "bytes": 0})
    assert more == "pages: 1, 1,000 items, 0 bytes; complete (ended by next)"
    job = Job("https://a.example/7", "done", ("done",), 1, "done", 0.5).to_json()
    assert job_line(job).endswith(" 1 poll in 0.500 s")


def test_a_credential_that_no_store_has_is_a_warning(run: Run, flow: Any, tmp_path: Path) -> None:
    """Once for all tasks, with the nearest name; what an environment maps is another name there."""
    stored = {"crm-staging": {"type": "bearer", "token": "hunter2hunter2"}}
    (tmp_path / "no-credentials.json").write_text(json.dumps(stored), "utf-8")
    (tmp_path / "no-credentials.json").chmod(0o600)
    task = http("https://a.example", credentials="crm-stagin")
    name = flow({**task, "nextTask": "T1", "end": None}, task)
    done = run("validate", name)
    sentence = (
        "there is no credential 'crm-stagin' on this machine: httptask credentials set crm-stagin"
        " adds it; did you mean crm-staging?"
    )
    assert done.status == 0
    assert f"/tasks/T0/credentials: {sentence} (and in 1 other place)" in done.out
    assert done.out.count("crm-stagin'") == 1
    failed = run("test-request", name, "--task", "T0")
    assert "no credential 'crm-stagin': httptask credentials set crm-stagin adds it" in failed.err
    removed = run("credentials", "remove", "crm-stagin")
    assert "httptask credentials lists those there are" in removed.err
    assert "hunter2" not in done.out + done.err
    told = run("validate", name, "--json").json
    assert [problem["code"] for problem in told["problems"]] == ["credential-unknown"] * 2
    assert told["valid"] is True
    (tmp_path / "environments").mkdir()
    mapped = {"credentials": {"crm-stagin": "crm-staging"}}
    (tmp_path / "environments" / "live.json").write_text(json.dumps(mapped), "utf-8")
    assert run("validate", name).out == "flow.json: valid\n"


def test_a_credential_that_a_plugin_may_bring_is_no_warning() -> None:
    """Its store cannot be listed."""

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> None:
            return None

    task = http("https://a.example", credentials=["one", "${$.two}"])
    definition = definition_of({"startTask": "T", "tasks": {"T": task}})
    with runtime() as shared:
        (unknown,) = stored_credential_problems(definition, shared)
    assert (unknown.pointer, unknown.severity) == ("/tasks/T/credentials/0", "warning")
    with runtime(Vault()) as shared:
        assert stored_credential_problems(definition, shared) == []


def test_what_many_tasks_lack_in_an_environment_is_said_once(
    run: Run, flow: Any, tmp_path: Path
) -> None:
    """The line names the first place, and how many others there are."""
    reader = http(NOBODY, inputParameters={"a": "${$.variables.region}"})
    tasks = [{**reader, "nextTask": f"T{number}", "end": None} for number in (1, 2)]
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "live.json").write_text('{"variables": {"a": 1}}', "utf-8")
    done = run("validate", flow(*tasks, reader))
    assert done.out.count("no name 'region'") == 1
    assert "error: in live: line 1, /tasks/T0/inputParameters/a: " in done.out
    assert "(and in 2 other places)" in done.out
    assert done.out.endswith("flow.json: 3 problems\n")


def test_twenty_equal_warnings_are_one_line_and_every_error_is_one(
    flow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line has the first place and how many others there are; JSON has each of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(tmp_path / "catalogue.sqlite3"))
    task = http(NOBODY, checkResponse="fail", request={"headers": {"Host": "a", "X-A": "a\nb"}})
    tasks = [{**task, "nextTask": f"T{number}", "end": None} for number in range(1, 20)]
    name = flow(*tasks, task)
    assert main(["validate", name]) == 1
    told = capsys.readouterr().out.splitlines()
    warnings = [line for line in told if line.startswith("warning: ")]
    assert [line.split(": ", 2)[1] for line in warnings] == ["line 1, /tasks/T0/checkResponse"]
    assert warnings[0].endswith(" (and in 19 other places)")
    assert len([line for line in told if line.startswith("error: ")]) == 40
    main(["validate", name, "--json"])
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert len({problem["pointer"] for problem in problems}) == 60
