"""Hundreds of processes with journalled runs, which are killed (`kill -9`).

A nursery is a process that has imported everything. It forks a child for each life. A child starts
or continues its runs until all have ended or it is killed: from outside, or by itself at one of its
writes to the journal.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from httptask.engines import aresume_run, arun_workflow
from httptask.engines.journal import Journal
from httptask.engines.journal._store import Store
from httptask.errors import JournalError
from httptask.plugins import plugin_manager
from httptask.task import Runtime

ENDED, SELF_KILLED = 0, -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Life:
    """The work of a child: *runs* are definitions by run id."""

    journal: str
    runs: Mapping[str, Any]
    definitions: Mapping[str, Any]
    writing: int | None = None
    """The number of the write to the journal, from 1, at which the child kills itself."""
    is_written: bool = False
    """Whether it kills itself after that write, and not before."""
    seconds: float | None = None
    """The seconds after which it is killed from outside."""


class Nursery:
    """Forks one child at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[str] = process.stdin
        self._out: IO[str] = process.stdout

    def end(self, life: Life) -> int:
        """Run *life* in a child, and return its exit status, or minus the signal that killed it."""
        fields = {name: getattr(life, name) for name in Life.__slots__}
        self._in.write(json.dumps(fields) + "\n")
        self._in.flush()
        return int(self._out.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Run a nursery."""
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    ) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


class MortalStore(Store):
    """A journal file whose process kills itself at one of its writes."""

    life: Life
    writings = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # A killed process loses no writes: only a power cut would need a sync to the disk.
        self._thread.submit(self._connection.execute, "PRAGMA synchronous = OFF").result()

    def _commit(self, notes: Any) -> None:
        MortalStore.writings += 1
        is_last = MortalStore.writings == self.life.writing
        if is_last and not self.life.is_written:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._commit(notes)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)


async def lead(life: Life) -> None:
    """Run all runs of *life* to their ends."""
    MortalStore.life = life
    plugins = plugin_manager(entry_points=False)
    async with Runtime(
        plugins=plugins, allow_networks=["127.0.0.1"], catalogue=":memory:"
    ) as runtime:
        with Journal(life.journal) as journal:
            known = {run.workflow_id: run for run in journal.runs()}

            async def one(workflow_id: str, definition: Any) -> None:
                if workflow_id not in known:
                    await arun_workflow(
                        definition,
                        definitions=life.definitions,
                        runtime=runtime,
                        journal=journal,
                        workflow_id=workflow_id,
                    )
                elif known[workflow_id].status == "Interrupted":
                    await aresume_run(journal, workflow_id, runtime=runtime)

            await asyncio.gather(*(one(*run) for run in life.runs.items()))


def warm_up() -> None:
    """Import all modules that a life needs, so that children have them."""
    pause = {
        "type": "Wait",
        "seconds": 0,
        "nextTask": "Ask",
    }
    ask = {
        "type": "Http",
        "httpRequest": {"url": "http://127.0.0.1:1/${swf:workflowId}"},
        "end": True,
    }
    definition = {"startTask": "Pause", "tasks": {"Pause": pause, "Ask": ask}}
    with tempfile.TemporaryDirectory() as folder:
        journal = str(Path(folder) / "journal.sqlite3")
        asyncio.run(lead(Life(journal, {"warm": definition}, {})))
    MortalStore.writings = 0


def main(lines: Sequence[str] | IO[str]) -> None:
    """Run a nursery: read a life per line, and print how its child has ended."""
    from httptask.engines.journal import _journal

    _journal.Store = MortalStore  # type: ignore[misc]
    warm_up()
    # A collection in a child would copy every page of what they share.
    gc.collect()
    gc.freeze()
    for line in iter(lines.readline, "") if not isinstance(lines, Sequence) else lines:
        child = os.fork()
        if not child:
            status = ENDED
            try:
                asyncio.run(lead(Life(**json.loads(line))))
            except JournalError as error:
                print(error, file=sys.stderr)
                status = 3
            except BaseException:  # noqa: BLE001 - it is told
                traceback.print_exc()
                status = 4
            sys.stderr.flush()
            os._exit(status)
        seconds = json.loads(line)["seconds"]
        if seconds is not None:
            time.sleep(seconds)
            os.kill(
                child, signal.SIGKILL
            )  # not waited for yet, so the id still belongs to this child
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(sys.stdin)
