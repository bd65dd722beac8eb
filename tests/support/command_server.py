"""Runs `httptask` commands, each in a process of its own that need not import anything: a fork.

Each line of standard input is one command as JSON, `{"words", "cwd", "environment", "stdin", "out",
"err"}`, the last three being paths; each line of standard output is its exit status. It has no
threads, so that a fork of it is a whole process.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading

_LOADED = (
    *("jsonschema", "httptask.catalogue", "httptask.credentials", "httptask.engines"),
    *("httptask.expressions", "httptask.settings", "httptask.task", "httptask.workflow"),
)
"""What commands import when they need it."""


def main() -> int:
    """Serve until standard input ends; in each fork return the status of its command."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as `python -m httptask`
    for name in _LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            return run(command)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


def run(command: dict[str, str]) -> int:
    """Become the process of *command*, and run it."""
    os.setsid()
    for descriptor, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "out", os.O_WRONLY),
        (2, "err", os.O_WRONLY),
    ):
        opened = os.open(command[name], flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["environment"])  # type: ignore[call-overload]
    sys.argv = ["httptask", *command["words"]]
    from httptask.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
