"""An unattended tour of the product, from a reference page to a finished run.

`make demo`, or `python -m httptask.testing.demo`. Every step is a real command in its own process.
The API is a stand-in on loopback that refuses wrong requests; nothing leaves this machine. Ends
with status 0, or with 1 if a step does not do what it promises.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from httptask._core import packaged
from httptask.testing.stand_in import StandIn

SEED = "procore-rest-v1-0-project-project_id-email_communications-post-176"
TOKEN = "sandbox-token-2f9c"  # noqa: S105 - the stand-in's, made up
TASK = "Tell the project"


class _UnexpectedError(Exception):
    """A step of the demo did not do what it promises."""


class _Shell:
    """Runs `httptask` commands in *folder* and prints them as a person would type them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "HTTPTASK_CATALOGUE": str(folder / "catalogue.sqlite3"),
            "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
            "HTTPTASK_CREDENTIAL_PROCORE_SANDBOX": TOKEN,
            "PYTHONIOENCODING": "utf-8",
        }

    def run(self, *words: str, expect: int = 0) -> str:
        """Run a command and print it with its output; *expect* is the exit status it must have."""
        print(f"\n$ httptask {shlex.join(words)}", flush=True)
        process = subprocess.run(
            [sys.executable, "-m", "httptask", *words],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        print(process.stdout.rstrip(), flush=True)
        if process.returncode != expect:
            raise _UnexpectedError(f"exit status {process.returncode}, expected {expect}")
        return process.stdout

    def read(self, *words: str) -> Any:
        """Run a command without printing it, and return the JSON of its output."""
        command = [sys.executable, "-m", "httptask", *words]
        return json.loads(subprocess.check_output(command, cwd=self._folder, env=self._environment))

    def write(self, name: str, value: Any) -> None:
        """Write *value* as JSON to the file *name*."""
        (self._folder / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Run the demo and return the exit status."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="httptask-demo-") as folder,
            StandIn(token=TOKEN) as stand_in,
        ):
            _tour(_Shell(Path(folder)), Path(folder), stand_in.url)
            received = len(stand_in.requests)
    except _UnexpectedError as error:
        print(f"\ndemo: that step did not do what it promises: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running", file=sys.stderr)
        return 130
    print(f"\nThe stand-in received {received} requests and is stopped. That was the whole way.")
    return 0


def _tour(shell: _Shell, folder: Path, server: str) -> None:
    (page,) = packaged.pages()
    shutil.copy(page, folder)

    _title(
        "1. Import a reference page into a catalogue, and find it (the package ships this one: it"
        " is there already)"
    )
    shell.run("import", page.name)
    shell.run("search", "procore", "send", "email")

    _title("2. Its reference, and a task prefilled with what is documented")
    shell.run("show", SEED)
    shell.run("prepare", SEED)

    _title("3. The task in a workflow definition, its settings filled in")
    prepared = shell.read("prepare", SEED, "--json")
    definition = _definition(_filled_in(prepared, server))
    shell.write("tell-the-project.json", definition)
    shell.write("input.json", {"rfi": {"id": 7, "subject": "Slab pour moved to Friday"}})
    print(json.dumps(definition, indent=2))
    shell.run("validate", "tell-the-project.json")

    _title("4. What a broken definition gets")
    shell.write("broken.json", _broken(definition))
    shell.run("validate", "broken.json", expect=1)

    _title(f"5. Test request: the raw exchange with a stand-in of the API at {server}")
    shell.run("test-request", "tell-the-project.json", "--task", TASK, "--input", "input.json")
    shell.run(
        "test-request", "tell-the-project.json", "--task", TASK, "--input", "input.json", "--curl"
    )

    _title("6. The whole definition")
    shell.run("run", "tell-the-project.json", "--input", "input.json")


def _title(text: str) -> None:
    print(f"\n\n{text}\n{'-' * len(text)}", flush=True)


def _filled_in(task: dict[str, Any], server: str) -> dict[str, Any]:
    """Return the prepared *task* with all its settings filled in, for the API at *server*."""
    request = task["httpRequest"]
    request["url"] = server + request["url"]
    request["pathParameters"]["project_id"] = 1001
    request["query"] = {"topic_id": "${$.topicId}", "topic_type": "rfi"}
    request["headers"]["Procore-Company-Id"] = 42
    request["body"] = {
        "communication": {"subject": "${$.subject}"},
        "email": {"body": "See RFI ${$.topicId}.", "distribution_ids": [881]},
    }
    del task["end"]
    return task | {
        "inputParameters": {"topicId": "${$.input.rfi.id}", "subject": "${$.input.rfi.subject}"},
        "credentials": "procore-sandbox",
        "retry": {"intervalSeconds": 1, "maxAttempts": 3, "backoffRate": 2.0},
        "totalTimeoutSeconds": 30,
        "nextTask": "Was it created?",
    }


def _definition(task: dict[str, Any]) -> dict[str, Any]:
    """Return a workflow definition with *task* and tasks that examine its response."""
    output = f"$.tasks['{TASK}'].output"
    return {
        "name": "Tell the project",
        "startTask": TASK,
        "tasks": {
            TASK: task,
            "Was it created?": {
                "type": "Decision",
                "choices": [
                    {
                        "condition": f"${{jsonata: tasks.`{TASK}`.output.statusCode = 201}}",
                        "nextTask": "Done",
                    },
                ],
                "defaultTask": "Not created",
            },
            "Done": {
                "type": "Terminate",
                "terminationStatus": "Completed",
                "workflowOutput": {
                    "communicationId": f"${{{output}.body.id}}",
                    "subject": f"${{{output}.body.subject}}",
                },
            },
            "Not created": {
                "type": "Terminate",
                "terminationStatus": "Failed",
                "workflowOutput": f"${{{output}}}",
            },
        },
    }


def _broken(definition: dict[str, Any]) -> dict[str, Any]:
    """Return *definition* with several mistakes, for `validate` to find."""
    broken: dict[str, Any] = json.loads(json.dumps(definition))
    task = broken["tasks"][TASK]
    task["nextTask"] = "Was it craeted?"
    task["httpRequest"]["query"] = {"topic_id": "seven", "topic_typ": "rfi"}
    task["httpRequest"]["body"]["email"]["distribution_ids"] = 881
    task["httpRequest"]["body"]["communication"]["subject"] = "${$.subject"
    return broken


if __name__ == "__main__":
    sys.exit(main())
