"""The engine `temporal` with a worker in this process and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from httptask.engines.temporal import HttpTaskPlugin
from httptask.engines.temporal import client as temporal
from httptask.engines.temporal._arguments import RunEnd
from httptask.engines.temporal._converter import exact
from httptask.engines.temporal._receiver import CallbackServer, receiving
from httptask.model.definition import WorkflowDefinition
from httptask.model.workflow import WorkflowRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from tasks import runtime

Handle = WorkflowHandle[Any, RunEnd]


_HANDED_ON = ("HTTPTASK_", "AWS_")
"""The prefixes of environment variables that a worker process inherits from the test."""


class TemporalWorld:
    """Runs definitions on the server at *address*; *plugins* are httptask's."""

    def __init__(
        self,
        address: str,
        *plugins: Any,
        heartbeat_seconds: float = 10.0,
    ) -> None:
        self.address = address
        self.plugins = plugins
        self.queue = f"test-{uuid.uuid4()}"
        self.heartbeat_seconds = heartbeat_seconds
        self.callbacks: CallbackServer | None = None
        """Where workers in this process receive callbacks."""
        self.history = ""
        """The history of the last run, as JSON."""
        self.run_id = ""
        """The id of the last run."""

    async def client(self) -> Client:
        return await Client.connect(self.address, data_converter=exact(None))

    @contextlib.asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[Worker]:
        """Run a worker while the block lasts."""
        async with runtime(*self.plugins) as shared, contextlib.AsyncExitStack() as stack:
            urls = None
            if self.callbacks is not None:
                receiver = receiving(self.callbacks, await self.client(), shared)
                urls = await stack.enter_async_context(receiver)
            plugin = HttpTaskPlugin(shared, urls=urls)
            client = await Client.connect(self.address, plugins=[plugin])
            async with Worker(client, task_queue=self.queue, **options) as worker:
                yield worker

    async def start(self, definition: Any, given: Any = None, **options: Any) -> Handle:
        """Start a run."""
        options.setdefault("definitions", {})
        others = {name: definition_of(one) for name, one in options.pop("definitions").items()}
        first: WorkflowDefinition = definition_of(definition)
        async with runtime(*self.plugins) as shared:
            made = RunOptions(given, definitions=others, **options)
            arguments = await temporal.run_arguments(first, made, shared)
        arguments = replace(arguments, heartbeat_seconds=self.heartbeat_seconds)
        client = await self.client()
        return await temporal.start_arguments(client, arguments, made, self.queue)

    async def end(self, handle: Handle, **options: Any) -> WorkflowRun:
        """Wait for the end of the run of *handle*, and return the run."""
        made = RunOptions(**options)
        return await temporal.follow_run(await self.client(), handle, made)

    def run(
        self,
        definition: Any,
        given: Any = None,
        during: Callable[[Handle], Any] | None = None,
        **options: Any,
    ) -> WorkflowRun:
        """Run *definition* to its end. *during* is called with the handle of the running run."""

        async def main() -> WorkflowRun:
            async with self.worker():
                handle = await self.start(definition, given, **options)
                if during is not None:
                    await during(handle)
                self.run_id = handle.id
                run = await self.end(handle, finished=options.get("finished"))
                self.history = (await handle.fetch_history()).to_json()
                return run

        return asyncio.run(main())


_COMMAND = ("-m", "httptask", "worker")
UNCACHED = (str(Path(__file__).with_name("uncached_worker.py")),)
"""The command of a worker without a cache of workflows."""


class WorkerProcess:
    """`httptask worker` in a separate process.

    *folder* is its folder for temporary files, *release* the folder of another release of the
    package.
    """

    def __init__(
        self,
        address: str,
        queue: str,
        *options: str,
        folder: Path | None = None,
        command: tuple[str, ...] = _COMMAND,
        release: Path | None = None,
    ) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)},
            "PATH": os.environ["PATH"],
            "HTTPTASK_ALLOW_NETWORKS": "127.0.0.0/8",
            "TEMPORAL_ADDRESS": address,
            **({} if folder is None else {"TMPDIR": str(folder)}),
            **({} if release is None else {"PYTHONPATH": str(release)}),
        }
        self.process = subprocess.Popen(
            [sys.executable, *command, "--task-queue", queue, *options],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # its children are in its process group
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()

    def kill(self) -> None:
        self.process.kill()
        self._end()

    def stop(self) -> int:
        """Stop the worker (SIGTERM), and return its exit status."""
        self.process.terminate()
        return self._end()

    def _end(self) -> int:
        _, self.rest = self.process.communicate(timeout=60)
        return self.process.returncode


@contextlib.contextmanager
def worker_process(address: str, queue: str, *options: str) -> Iterator[WorkerProcess]:
    """Run a worker process while the block lasts, or until it is stopped."""
    worker = WorkerProcess(address, queue, *options)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
        if worker.process.stderr is not None and not worker.process.stderr.closed:
            worker.process.communicate(timeout=60)
