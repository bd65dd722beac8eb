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
    """A request that must not be sent twice is kept account of by itself."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of any HTTP task; the settings schema of its endpoint says more."""
        schema: Mapping[str, Any] = packaged.schema("http-task")
        return schema

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return everything that is wrong with the settings."""
        return check.services.http_problems(check)

    def prepare(self, task: TaskCheck) -> Any:
        """Return what tells the task from others: by this its plan is found at each visit."""
        return task.services.prepare_http(task)

    def run(self, call: TaskCall) -> Awaitable[TaskOutcome]:
        """Send the request."""
        return call.services.call_http(call)

    def awaits_callback(self, definition: Mapping[str, Any]) -> bool:
        """Say whether the task of *definition* waits for a callback."""
        return is_callback(definition.get("completion"))

    async def answer_callback(self, call: TaskCall, received: Received) -> Answer:
        """Return the answer to *received*, a call of the URL that the task waits for."""
        return await call.services.answer_callback(call, received)
