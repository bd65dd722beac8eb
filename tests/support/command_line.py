"""Run an `httptask` command in a separate process."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import servers

Run = Callable[..., "Done"]

_OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG")
"""Prefixes of variables that an interpreter reads only when it starts."""


class Done:
    """The exit status and the output of a command."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr
        assert "Traceback" not in self.err, self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def done(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    stdin: str = "",
) -> Done:
    """Run the command *words* in *cwd* with *environment*, and return its result.

    The process is a fork of one that has imported everything, which is fast. If *environment*
    contains variables that an interpreter reads when it starts, a new interpreter is started.
    """
    own = {name for name in environment if name.startswith(_OF_THE_INTERPRETER)}
    if any(environment[name] != os.environ.get(name) for name in own):
        return Done(
            subprocess.run(
                [sys.executable, "-m", "httptask", *words],
                cwd=cwd,
                env=environment,
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                timeout=servers.HANG_SECONDS,
                check=False,
            )
        )
    with tempfile.TemporaryDirectory() as name:
        files = {stream: Path(name, stream) for stream in ("stdin", "out", "err")}
        for stream, path in files.items():
            path.write_text(stdin if stream == "stdin" else "", encoding="utf-8", newline="")
        status = _server(threading.get_ident()).status(
            {
                "words": list(words),
                "cwd": str(cwd),
                "environment": dict(environment),
                **{stream: str(path) for stream, path in files.items()},
            }
        )
        out, err = (files[stream].read_text(encoding="utf-8") for stream in ("out", "err"))
    return Done(subprocess.CompletedProcess(words, status, out, err))


class _Server:
    """The process whose forks run the commands."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("command_server.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        atexit.register(self._end)

    def status(self, command: Mapping[str, Any]) -> int:
        """Run *command*, and return its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(command), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the server of commands has ended"
        return int(line)

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()


@cache
def _server(thread: int) -> _Server:
    """Return the server of *thread*, so that commands of several threads run side by side."""
    return _Server()
