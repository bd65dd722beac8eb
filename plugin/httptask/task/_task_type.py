"""The task type `Http`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask.model.completion import is_callback

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.callback import Answer, Received
    from httptask.model.workflow import TaskOutcome
    from httptask.protocols import TaskCall, TaskCheck


class Http:
    """A request to an HTTP API."""

    name = "Http"
    is_repeatable = True
    """The HTTP task itself records in the journal which requests must not be sent twice."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of any HTTP task. The settings schema of the endpoint is stricter."""
        schema: Mapping[str, Any] = packaged.schema("http-task")
        return schema

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return all problems of the task."""
        return check.services.http_problems(check)

    def prepare(self, task: TaskCheck) -> Any:
        """Return the task with the text by which each visit finds the cached plan."""
        return task.services.prepare_http(task)

    def run(self, call: TaskCall) -> Awaitable[TaskOutcome]:
        """Send the request."""
        return call.services.call_http(call)

    def awaits_callback(self, definition: Mapping[str, Any]) -> bool:
        """Say whether the task of *definition* waits for a callback."""
        return is_callback(definition.get("completion"))

    async def answer_callback(self, call: TaskCall, received: Received) -> Answer:
        """Return the answer to *received*, a call of the task's callback URL."""
        return await call.services.answer_callback(call, received)
