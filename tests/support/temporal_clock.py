"""A Temporal server whose clock skips to the next timer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from httptask.engines.temporal import HttpTaskPlugin
from httptask.engines.temporal import client as temporal
from httptask.engines.temporal._arguments import RunEnd
from httptask.model.rates import OriginLimits
from httptask.model.workflow import WorkflowRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from tasks import runtime
from temporal_servers import BINARIES


@asynccontextmanager
async def skipping() -> AsyncIterator[Client]:
    """Yield the client of a server whose clock goes on to the next timer, with a worker."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(BINARIES / "temporal-test-server")
        ) as environment,
        # A server's Retry-After holds its origin back by this machine's clock, which nobody skips.
        runtime(origin_limits=OriginLimits.parsed("off")) as shared,
    ):
        config = environment.client.config()
        config["plugins"] = [HttpTaskPlugin(shared)]
        client = Client(**config)
        async with Worker(client, task_queue="skipping"):
            yield client


async def ended(client: Client, definition: dict[str, Any]) -> tuple[WorkflowRun, str]:
    """Return the end of a run of *definition* on the server of *client*, and its history."""
    options = RunOptions()
    async with runtime() as shared:
        made = definition_of(definition)
        arguments = await temporal.run_arguments(made, options, shared)
    handle = await client.start_workflow(
        "HttpTaskWorkflow", arguments, id="a", task_queue="skipping", result_type=RunEnd
    )
    run = await temporal.follow_run(client, handle, options)
    return run, (await handle.fetch_history()).to_json()
