"""A worker: runs workflow definitions and their tasks until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.worker import Worker

from httptask.engines.callbacks import CALLBACKS
from httptask.engines.temporal._connection import connect, namespace_error, see_namespace
from httptask.engines.temporal._plugin import HttpTaskPlugin
from httptask.engines.temporal._receiver import CallbackServer, receiving
from httptask.engines.temporal.client import task_queue
from httptask.errors import EngineError

if TYPE_CHECKING:
    from temporalio.client import Client

    from httptask.task import Runtime

__all__ = ["GRACE_SECONDS", "CallbackServer", "run_worker"]

GRACE_SECONDS = 10.0
"""How long a worker that stops lets its tasks go on; then it hands them back."""


async def run_worker(
    runtime: Runtime,
    stop: asyncio.Event,
    *,
    queue: str | None = None,
    grace_seconds: float = GRACE_SECONDS,
    started: Callable[[str], None] = lambda _: None,
    callbacks: CallbackServer | None = None,
) -> None:
    """Take runs of the task queue *queue*, whose tasks share *runtime*, until *stop* is set.

    Tasks under way have *grace_seconds* to end then. Those that have not are stopped: another
    worker goes on with them, unless a request may have been delivered that must not be repeated.
    *started* is told where it works. *callbacks* is where it receives calls that tasks wait for;
    without it, tasks that do fail. Raises `EngineError` when there is no server, or no such
    namespace, or it cannot listen there.
    """
    async with contextlib.AsyncExitStack() as stack:
        urls = None
        if callbacks is not None:
            caller = await connect(runtime)
            urls = await stack.enter_async_context(receiving(callbacks, caller, runtime))
        client = await connect(runtime, [HttpTaskPlugin(runtime, urls=urls)])
        await see_namespace(client)
        where = f"; APIs call {urls.address}{CALLBACKS}" if urls is not None else ""
        await _work(client, runtime, stop, task_queue(queue), grace_seconds, where, started)


async def _work(
    client: Client,
    runtime: Runtime,
    stop: asyncio.Event,
    name: str,
    grace_seconds: float,
    where: str,
    started: Callable[[str], None],
) -> None:
    worker = Worker(
        client,
        task_queue=name,
        max_concurrent_activities=runtime.limits.connections,
        graceful_shutdown_timeout=timedelta(seconds=grace_seconds),
    )
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    started(
        f"takes runs of the task queue {name!r} at {client.service_client.config.target_host},"
        f" namespace {client.namespace!r}{where}"
    )
    try:
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await worker.shutdown()
        await running
    except RuntimeError as error:
        raise namespace_error(client, str(error)) or EngineError(
            f"the worker failed: {error}"
        ) from error
    finally:
        stopping.cancel()
