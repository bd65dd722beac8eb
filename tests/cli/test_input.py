"""The input of a run on the command line: from a file, by `--set`, asked for, or sampled."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

import servers
from command_line import Run
from tasks import http

SCHEMA = {
    "type": "object",
    "required": ["name", "count"],
    "properties": {
        "name": {"type": "string", "examples": ["Ada"]},
        "count": {"type": "integer", "examples": [2]},
        "page": {"type": "integer", "default": 3},
        "customer": {"type": "object", "properties": {"id": {"type": "string"}}},
    },
}


@pytest.fixture
def flow(tmp_path: Path) -> str:
    """Return the name of a definition that puts out its input."""
    end = {
        "type": "Terminate",
        "terminationStatus": "Completed",
        "workflowOutput": "${$.input}",
    }
    document = {"startTask": "End", "inputSchema": SCHEMA, "tasks": {"End": end}}
    (tmp_path / "flow.json").write_text(json.dumps(document), "utf-8")
    return "flow.json"


def test_values_of_an_input_are_set_by_name_or_pointer(run: Run, flow: str, tmp_path: Path) -> None:
    """`--set` gives single values with the types of the schema, over those of a file."""
    (tmp_path / "input.json").write_text('{"name": "Bob", "count": 1}', "utf-8")
    done = run(
        *("run", flow, "--json", "--input", "input.json"),
        *("--set", "name=7", "--set", "count=8", "--set", "/customer/id=9", "--set", "tags=[1]"),
    )
    assert done.json["output"] == {
        "name": "7",
        "count": 8,
        "page": 3,
        "customer": {"id": "9"},
        "tags": [1],
    }
    assert run("run", flow, "--set", "name").status == 2
    refused = run("run", flow, "--set", "name=a", "--set", "/name/first=b")
    assert (refused.status, "has no object there" in refused.err) == (2, True)


def test_an_input_that_lacks_something_is_refused_with_how_to_give_it(run: Run, flow: str) -> None:
    """Without a terminal nothing is asked: everything that is missing is listed, and how to give
    it.
    """
    done = run("run", flow)
    assert done.status == 2
    assert "'name' is required: expected a string" in done.err
    assert "'count' is required: expected an integer" in done.err
    assert "--input FILE" in done.err
    assert "--set NAME=VALUE" in done.err
    error = json.loads(run("run", flow, "--set", "name=a", "--json").err)
    assert (error["error"], [one["pointer"] for one in error["problems"]]) == ("InputError", [""])


def test_a_terminal_is_asked_for_what_is_required(flow: str, tmp_path: Path) -> None:
    """Only what is required is asked for, by its type, and again when it has another; the result
    alone goes to standard output.
    """
    typed = Terminal(["run", flow, "--json"], tmp_path)
    typed.answer("name (a string): ", "7")
    typed.answer("count (an integer): ", "many")
    typed.answer("count (an integer): ", "5")
    assert json.loads(typed.end())["output"] == {"name": "7", "count": 5, "page": 3}


class Terminal:
    """A command whose standard input and error are a terminal."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._master, inside = pty.openpty()
        environment = os.environ | {"HTTPTASK_CATALOGUE": str(folder / "catalogue.sqlite3")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "httptask", *words],
            cwd=folder,
            env=environment,
            stdin=inside,
            stderr=inside,
            stdout=subprocess.PIPE,
        )
        os.close(inside)

    def answer(self, prompt: str, text: str) -> None:
        shown = ""
        while not shown.endswith(prompt):
            assert select.select([self._master], [], [], servers.HANG_SECONDS)[0], shown
            shown += os.read(self._master, 1000).decode()
        os.write(self._master, f"{text}\n".encode())

    def end(self) -> str:
        out, _ = self._process.communicate(timeout=servers.HANG_SECONDS)
        os.close(self._master)
        return out.decode()


def test_a_test_request_takes_a_sample_of_the_schema(run: Run, tmp_path: Path) -> None:
    """Without an input the schema's examples and defaults are sent; an input that a run would
    refuse is told, and sent all the same.
    """
    task = http(
        "https://api.example/things",
        request={"query": {"name": "${$.name}", "page": "${$.page}"}},
        inputParameters={"name": "${$.input.name}", "page": "${$.input.page}"},
    )
    document = {"startTask": "Get", "inputSchema": SCHEMA, "tasks": {"Get": task}}
    (tmp_path / "flow.json").write_text(json.dumps(document), "utf-8")
    shown = run("test-request", "flow.json", "--curl")
    assert "https://api.example/things?name=Ada&page=3" in shown.out
    assert shown.err == ""
    given = run("test-request", "flow.json", "--curl", "--set", "count=x", "--set", "name=Bob")
    assert "/things?name=Bob&page=3" in given.out
    assert "a run would refuse this input: /count: expected an integer" in given.err
