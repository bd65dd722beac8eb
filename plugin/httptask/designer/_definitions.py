"""What a page asks of a definition apart from its file: environments, its input, drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._drafts import Draft, draft_of
from httptask.designer._inputs import environment, environments, input_form
from httptask.designer._workflows import Workflows
from httptask.errors import DefinitionError
from httptask.model.environment import Environment
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import definitions_of


class Definitions:
    """The definitions in *workflows*, with what stands next to them."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    async def environments(self, request: Request) -> Response:
        """List the environments of a definition."""
        definition = self._workflows.placed(request.path_params["id"])
        return as_json({"items": await in_thread(lambda: environments(definition))})

    async def input_form(self, request: Request) -> Response:
        """Answer with the form of a definition's input."""
        value = await json_object(request)
        form = await in_thread(lambda: dump(input_form(value.get("inputSchema"))))
        return Response(form, media_type="application/json")

    async def placed(
        self, value: Mapping[str, Any]
    ) -> tuple[WorkflowDefinition, dict[str, WorkflowDefinition] | None]:
        """Return the definition in *value*, and those it runs, where the page says its place."""
        document = member(value, "definition", dict)
        if "workflow" not in value:
            return WorkflowDefinition(document), None
        definition = self._workflows.placed(member(value, "workflow", str), document)
        try:
            return definition, await in_thread(lambda: definitions_of(definition))
        except DefinitionError:  # one of them is broken: that is said where it is opened
            return definition, None

    async def draft(self, value: Mapping[str, Any]) -> Draft:
        """Return the draft in *value*, in the environment that it names."""
        return draft_of(value, await self.environment(value))

    async def environment(self, value: Mapping[str, Any]) -> Environment | None:
        """Return the environment that *value* names; None when it names none."""
        if "environment" not in value:
            return None
        name, workflow = member(value, "environment", str), member(value, "workflow", str)
        return await in_thread(lambda: environment(self._workflows.placed(workflow), name))
