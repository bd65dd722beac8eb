"""The engine `temporal`, which needs the extra `temporal`."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import TYPE_CHECKING

from httptask.errors import PluginError

if TYPE_CHECKING:
    from types import ModuleType

    from httptask.model.workflow import WorkflowDefinition, WorkflowRun
    from httptask.protocols import RunOptions
    from httptask.task import Runtime


_log = logging.getLogger("httptask.engines")


class TemporalEngine:
    """Runs definitions on a Temporal server, whose workers run the tasks.

    A run outlives the process that started it.
    """

    name = "temporal"
    takes_pins = True

    async def run(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        runtime: Runtime,
    ) -> WorkflowRun:
        """Start a run, and wait for its end. If the wait is cancelled, the run continues.

        *runtime* is used to validate the definition; the tasks use the runtime of their worker.
        """
        client = temporal_module("client")
        connection = await client.connect(runtime)
        handle = await client.start_run(connection, definition, options, runtime)
        if options.begun is not None:
            options.begun(handle.id)
        try:
            run: WorkflowRun = await client.follow_run(connection, handle, options)
        except asyncio.CancelledError:
            _log.warning(
                "the run %s goes on: httptask cancel %s ends it, httptask status %s --engine"
                " temporal says how far it is",
                *[handle.id] * 3,
            )
            raise
        return run


def temporal_module(name: str) -> ModuleType:
    """Return the module *name* of `httptask.engines.temporal`.

    Raises `PluginError` if the extra `temporal` is not installed.
    """
    try:
        return import_module(f"httptask.engines.temporal.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "temporalio":
            raise
        raise PluginError(
            "the engine temporal needs one more library: pip install 'httptask[temporal]'"
        ) from None
