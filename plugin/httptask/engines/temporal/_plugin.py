"""The plugin for Temporal clients: the workflow, the activities, and their shared runtime."""

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
"""The interval at which the SDK sends heartbeats. Their answers tell an activity that it is
cancelled, so the default would delay cancellations by a minute.
"""
_DEFAULT_STICKY = timedelta(seconds=10)
_STICKY = timedelta(seconds=2)
"""How long a workflow waits for the worker that has cached it. After a worker was killed, all its
workflows wait for this time.
"""


class HttpTaskPlugin(SimplePlugin):
    """The HTTP task for Temporal: `Client.connect(..., plugins=[HttpTaskPlugin()])`.

    Workers of such a client run workflow definitions, and the activity `http_task` for your own
    workflows. All tasks share *runtime*, which stays open. Without it, the first worker creates a
    runtime by *new_runtime*, and the last worker closes it. *urls* makes the callback URLs of
    tasks; a receiver must answer the calls.
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
        """The number of running workers, which share the runtime."""
        super().__init__(
            "httptask",
            data_converter=partial(exact, shared=runtime.shared_files if runtime else None),
            activities=self._activities.functions,
            workflows=[HttpTaskWorkflow],
            workflow_runner=_passing_through,
            run_context=self._opened,
        )

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Set shorter intervals in a worker's *config*, unless the user has set others."""
        config = super().configure_worker(config)
        if config.get("max_heartbeat_throttle_interval") == _DEFAULT_THROTTLE:
            config["max_heartbeat_throttle_interval"] = _THROTTLE
        if config.get("sticky_queue_schedule_to_start_timeout") == _DEFAULT_STICKY:
            config["sticky_queue_schedule_to_start_timeout"] = _STICKY
        return config

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        """Hold the shared runtime open while a worker runs."""
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
    """Return *runner* with httptask's modules shared between workflows.

    The sandbox would import them again for each workflow. Sharing is safe, because the modules hold
    no state of a run.
    """
    if runner is None:
        runner = SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions: Any = runner.restrictions.with_passthrough_modules("httptask")
    return dataclasses.replace(runner, restrictions=restrictions)
