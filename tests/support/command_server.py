"""Run `httptask` commands in forks of this process, which has imported everything already.

Each line of standard input is a command as JSON, `{"words", "cwd", "environment", "stdin", "out",
"err"}`, where the last three are paths. Each line of standard output is the exit status of a
command. The process has no threads, because a fork would lose them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import tempfile
import threading

_LOADED = (
    *("jsonschema", "httptask.catalogue", "httptask.credentials", "httptask.engines"),
    *("httptask.engines.journal", "httptask.engines.temporal.client"),
    *("httptask.expressions", "httptask.settings", "httptask.task", "httptask.workflow"),
)
"""Modules that commands import late."""


def main() -> int:
    """Serve until standard input ends. In a fork, return the exit status of its command."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as `python -m httptask`
    for name in _LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1
    # A collection in a fork would copy every page of what they share.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            return run(command)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


def run(command: dict[str, str]) -> int:
    """Run *command* in this process, with its folder, environment and files."""
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
    tempfile.tempdir = None  # it is found out once, and TMPDIR may be another one now
    os.environ.clear()
    os.environ.update(command["environment"])  # type: ignore[call-overload]
    sys.argv = ["httptask", *command["words"]]
    from httptask.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
