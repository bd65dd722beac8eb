"""The routes for the expressions of a task: their data, their values, conditions as rows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._evaluation import value_at
from httptask.designer._inputs import environment
from httptask.designer._problems import Refused
from httptask.designer._scope import scope_of
from httptask.designer._surroundings import Surroundings, surroundings_of
from httptask.designer._workflows import MOST_BYTES, Workflows
from httptask.errors import UnknownEndpointError
from httptask.expressions import condition_rows, function_signatures
from httptask.model.workflow import WorkflowDefinition

if TYPE_CHECKING:
    from httptask.designer._catalogue import CatalogueEntry
    from httptask.model.api import Endpoint
    from httptask.task import Runtime

T = TypeVar("T")

_MOST_BYTES = MOST_BYTES + 16 * 1024 * 1024
"""Bytes of a definition together with samples of responses."""


class Expressions:
    """Expressions in definitions of *workflows*, evaluated by *runtime* with samples from the
    page.
    """

    def __init__(
        self,
        workflows: Workflows,
        runtime: Runtime,
        entry_of: Callable[[str], Awaitable[CatalogueEntry]],
    ) -> None:
        self._workflows = workflows
        self._runtime = runtime
        self._entry_of = entry_of

    async def scope(self, request: Request) -> Response:
        """Answer with the tree of the values that a task's expressions can read."""
        value = await json_object(request, _MOST_BYTES)
        pointer = member(value, "pointer", str) if "pointer" in value else None
        around = await self.surroundings(value)
        endpoints = {task.name: await self._endpoint_of(task.task) for task in around.earlier}
        endpoints[around.name] = await self._endpoint_of(around.task)
        scope = await in_thread(lambda: dump(scope_of(around, endpoints, pointer)))
        return Response(scope, media_type="application/json")

    async def evaluate(self, request: Request) -> Response:
        """Answer with the value of the expressions in one text of a task."""
        value = await json_object(request, _MOST_BYTES)
        pointer = member(value, "pointer", str)
        text = member(value, "text", str) if "text" in value else None

        async def evaluated() -> dict[str, Any]:
            of_request = not pointer.startswith("/inputParameters")
            around = await self.surroundings(value, of_request=of_request)
            return await value_at(around, pointer, self._runtime.evaluator, text)

        return as_json(await while_asked(request, evaluated()))

    async def conditions(self, request: Request) -> Response:
        """Answer with the conditions of a Decision as rows, if rows can express them."""
        conditions = member(await json_object(request, MOST_BYTES), "conditions", list)
        if not all(isinstance(condition, str) for condition in conditions):
            raise Refused("bad-request", "conditions are texts")
        items = await in_thread(lambda: [_as_rows(condition) for condition in conditions])
        return as_json({"items": items})

    async def functions(self, request: Request) -> Response:
        """Answer with the functions that JSONata expressions can call."""
        signatures = await in_thread(function_signatures)
        items = [{"name": name, "signature": words} for name, words in signatures.items()]
        return as_json({"items": items})

    async def surroundings(
        self, value: Mapping[str, Any], *, of_request: bool = True
    ) -> Surroundings:
        """Return the data for the task that *value* names in its definition, with samples."""
        definition = WorkflowDefinition(member(value, "definition", dict))
        chosen_environment = None
        if "environment" in value:
            name, workflow = member(value, "environment", str), member(value, "workflow", str)
            chosen_environment = await in_thread(
                lambda: environment(self._workflows.placed(workflow), name)
            )
        evaluator = self._runtime.evaluator
        return await surroundings_of(
            value, definition, chosen_environment, evaluator, of_request=of_request
        )

    async def _endpoint_of(self, task: Mapping[str, Any]) -> Endpoint | None:
        endpoint = task.get("endpoint")
        if not isinstance(endpoint, str):
            return None
        try:
            return (await self._entry_of(endpoint)).endpoint
        except UnknownEndpointError:
            return None


def _as_rows(condition: str) -> dict[str, Any]:
    rows = condition_rows(condition)
    if rows is None:
        return {}
    shown = [
        {name: value for name, value in asdict(row).items() if value is not None} for row in rows
    ]
    return {"rows": shown}


async def while_asked(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of *work*, or cancel it if the client of *request* disconnects.

    A page does so when a person types on, and asks for a newer text. The body of *request* must
    have been read. Raises `Refused` on a disconnect, though nobody receives the response.
    """
    working = asyncio.create_task(work)
    # After its body, the only further message of a request is that the client has disconnected.
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Refused("bad-request", "the client closed the connection")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
