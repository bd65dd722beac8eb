"""A worker: runs workflow definitions and their tasks until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.runtime import PrometheusConfig, TelemetryConfig
from temporalio.runtime import Runtime as SDKRuntime
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

__all__ = ["GRACE_SECONDS", "CallbackServer", "run_worker", "serve_metrics"]

GRACE_SECONDS = 10.0
"""How long a stopping worker lets its tasks run, in seconds; then other workers get the tasks."""


def serve_metrics(host: str, port: int) -> None:
    """Serve the SDK's metrics of this process for Prometheus at *host*, a name or an IP address.

    Call it before anything connects. Raises `EngineError` if nobody can listen there.
    """
    try:
        # The SDK takes no names.
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
        bound = f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
        metrics = PrometheusConfig(bind_address=bound)
        runtime = SDKRuntime(telemetry=TelemetryConfig(metrics=metrics))
    except (OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"no metrics can be served at {host}:{port}: {error}; name another address with"
            " --metrics"
        ) from error
    SDKRuntime.set_default(runtime, error_if_already_set=False)


async def run_worker(
    runtime: Runtime,
    stop: asyncio.Event,
    *,
    queue: str | None = None,
    grace_seconds: float = GRACE_SECONDS,
    started: Callable[[str], None] = lambda _: None,
    callbacks: CallbackServer | None = None,
) -> None:
    """Run the runs of the task queue *queue* until *stop* is set. All tasks share *runtime*.

    After *stop*, running tasks have *grace_seconds* to end. The others are stopped, and another
    worker continues them, unless a request that must not be repeated may have been delivered.

    *started* is called with a sentence about queue and server. *callbacks* is the receiver of
    callbacks; without it, tasks that wait for a callback fail. Raises `EngineError` if no server
    answers, the namespace does not exist, or the worker cannot listen for callbacks.
    """
    async with contextlib.AsyncExitStack() as stack:
        urls = None
        if callbacks is not None:
            caller = await connect(runtime)
            urls = await stack.enter_async_context(receiving(callbacks, caller, runtime))
        client = await connect(runtime, [HttpTaskPlugin(runtime, urls=urls)])
        await see_namespace(client)
        callbacks_note = f"; APIs call {urls.address}{CALLBACKS}" if urls is not None else ""
        await _work(
            client,
            runtime,
            stop,
            task_queue(queue),
            grace_seconds,
            callbacks_note,
            started,
        )


async def _work(
    client: Client,
    runtime: Runtime,
    stop: asyncio.Event,
    name: str,
    grace_seconds: float,
    callbacks_note: str,
    started: Callable[[str], None],
) -> None:
    """Run a worker of the task queue *name* until *stop* is set, or it fails."""
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
        f" namespace {client.namespace!r}{callbacks_note}"
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
