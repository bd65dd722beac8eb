"""`HttpTaskPlugin`, as clients, workers and replayers are given it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from engine_definitions import api, at, get
from httptask.engines.temporal import HttpTaskPlugin
from httptask.task import Runtime
from own_workflow import Own
from places import ROOT
from servers import HANG_SECONDS
from tasks import runtime
from temporal_worlds import TemporalWorld


class Opened(Runtime):
    """A runtime that tells of itself."""

    open = 0

    def __init__(self) -> None:
        super().__init__(allow_networks=["127.0.0.0/8"], catalogue=":memory:")
        Opened.open += 1

    async def aclose(self) -> None:
        await super().aclose()
        Opened.open -= 1


def test_a_workflow_of_ones_own_runs_the_task(temporal_address: str) -> None:
    """The plugin of the client is all that its workers need; they share one runtime, which the
    last one closes.
    """

    async def main(url: str) -> tuple[Any, int]:
        plugin = HttpTaskPlugin(new_runtime=Opened)
        client = await Client.connect(temporal_address, plugins=[plugin])
        queue = f"own-{uuid.uuid4()}"
        async with Worker(client, task_queue=queue, workflows=[Own]):
            async with Worker(client, task_queue=f"{queue}-2"):
                pass
            task = at(get("/things/1"), url)
            body = await client.execute_workflow(Own.run, task, id=queue, task_queue=queue)
            return body, Opened.open

    with api() as server:
        body, opened = asyncio.run(main(server.url))
    assert body["path"] == "/things/1"
    assert (opened, Opened.open) == (1, 0)


def test_the_workflow_of_the_document_runs_as_it_stands(
    temporal_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both files of `docs/temporal-task.md`, but for the addresses of the server and the API."""
    document = (ROOT / "docs" / "temporal-task.md").read_text("utf-8")
    files = re.findall(r'^```python title="(.*?)"\n(.*?)^```$', document, re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("HTTPTASK_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.syspath_prepend(tmp_path)

    async def main() -> Any:
        worker = asyncio.create_task(importlib.import_module("worker").main())
        client = await Client.connect(temporal_address)
        run = f"document-{uuid.uuid4()}"
        body = await client.execute_workflow(
            "Greeting",
            "ann",
            id=run,
            task_queue="mine",
            execution_timeout=timedelta(seconds=HANG_SECONDS),
        )
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker
        return body

    with api() as server:
        for name, text in files:
            here = text.replace("localhost:7233", temporal_address)
            here = here.replace("https://api.example", server.url)
            (tmp_path / name).write_text(here, "utf-8")
        try:
            body = asyncio.run(main())
        finally:
            for name, _ in files:
                sys.modules.pop(name.removesuffix(".py"), None)
    assert body["path"] == "/people/ann"


def test_options_that_a_worker_was_given_stay(temporal_address: str) -> None:
    """The plugin sets what it needs, where nobody has said otherwise: a worker learns of a
    cancellation within a second, and a run waits two for the worker that has kept it.
    """
    names = ("max_heartbeat_throttle_interval", "sticky_queue_schedule_to_start_timeout")

    async def main() -> list[Any]:
        async with runtime() as shared:
            client = await Client.connect(temporal_address, plugins=[HttpTaskPlugin(shared)])
            usual = Worker(client, task_queue="a").config(active_config=True)
            nine: Any = dict.fromkeys(names, timedelta(seconds=9))
            given = Worker(client, task_queue="b", **nine).config(active_config=True)
            configured: Any = (usual, given)
            return [[one[name].total_seconds() for name in names] for one in configured]

    assert asyncio.run(main()) == [[1, 2], [9, 9]]


def test_numbers_keep_their_digits(temporal_address: str) -> None:
    """From the input to the output, whatever a double would make of them."""
    large = 12345678901234567890123
    definition = {
        "name": "Digits",
        "startTask": "T",
        "tasks": {
            "T": {
                "type": "Terminate",
                "terminationStatus": "Completed",
                "workflowOutput": "${$.input.n}",
            }
        },
    }
    run = TemporalWorld(temporal_address).run(definition, {"n": large})
    assert run.output == large
