"""What a client of Temporal is given: the workflow, the activities, and the runtime they share."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkerConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from httptask.engines.temporal._activities import Activities
from httptask.engines.temporal._converter import exact
from httptask.engines.temporal._workflow import HttpTaskWorkflow
from httptask.task import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from httptask.engines.callbacks import SignedUrls

_DEFAULT_THROTTLE = timedelta(seconds=60)
_THROTTLE = timedelta(seconds=1)
"""Between two heartbeats that are sent: the answer to one is how an activity learns that it is
cancelled.
"""
_DEFAULT_STICKY = timedelta(seconds=10)
_STICKY = timedelta(seconds=2)
"""How long a workflow waits for the worker that has it in memory. When that one was killed, all its
workflows wait so long.
"""


class HttpTaskPlugin(SimplePlugin):
    """The HTTP task for Temporal: `Client.connect(..., plugins=[HttpTaskPlugin()])`.

    Workers of such a client run workflow definitions, and the activity `http_task` of workflows of
    your own. *runtime* is what their tasks share; it stays open. Without one, the first worker
    opens what *new_runtime* returns, `Runtime()` by default, and the last one closes it. *urls*
    are what tasks of definitions give to APIs that call back; a receiver answers the calls.
    """

    def __init__(
        self,
        runtime: Runtime | None = None,
        *,
        new_runtime: Callable[[], Runtime] = Runtime,
        urls: SignedUrls | None = None,
    ) -> None:
        self._activities = Activities(runtime, urls)
        self._given = runtime
        self._new_runtime = new_runtime
        self._workers = 0
        """Those that run now: they share the runtime."""
        super().__init__(
            "httptask",
            data_converter=partial(exact, shared=runtime.shared_files if runtime else None),
            activities=self._activities.functions,
            workflows=[HttpTaskWorkflow],
            workflow_runner=_passing_through,
            run_context=self._opened,
        )

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Add what a worker needs; what it was given stays."""
        config = super().configure_worker(config)
        if config.get("max_heartbeat_throttle_interval") == _DEFAULT_THROTTLE:
            config["max_heartbeat_throttle_interval"] = _THROTTLE
        if config.get("sticky_queue_schedule_to_start_timeout") == _DEFAULT_STICKY:
            config["sticky_queue_schedule_to_start_timeout"] = _STICKY
        return config

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        if self._given is not None:
            yield
            return
        self._workers += 1
        if self._activities.runtime is None:
            self._activities.runtime = self._new_runtime()
        try:
            yield
        finally:
            self._workers -= 1
            runtime = self._activities.runtime
            if not self._workers and runtime is not None:
                self._activities.runtime = None
                await runtime.aclose()


def _passing_through(runner: WorkflowRunner | None) -> WorkflowRunner:
    """Return *runner* such that workflows share httptask's modules, which keep no state of a run:
    each would import them anew.
    """
    if runner is None:
        runner = SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions: Any = runner.restrictions.with_passthrough_modules("httptask")
    return dataclasses.replace(runner, restrictions=restrictions)
