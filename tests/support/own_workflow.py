"""A hand-written Temporal workflow that uses only the HTTP task."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from httptask.engines.temporal import HttpTaskArguments, http_task


@workflow.defn
class Own:
    """Runs one task, and returns the body of its response."""

    @workflow.run
    async def run(self, task: dict[str, Any]) -> Any:
        """Run *task*."""
        done = await workflow.execute_activity(
            http_task,
            HttpTaskArguments(task, "Get", input={"n": 1}),
            start_to_close_timeout=timedelta(seconds=60),
        )
        return done.output["body"]
