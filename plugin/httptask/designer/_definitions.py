"""The routes for definitions: their file, environments, input, and drafts of their tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._drafts import Draft, draft_of
from httptask.designer._inputs import environment, environments, input_form
from httptask.designer._problems import Refused
from httptask.designer._wording import all_shown
from httptask.designer._workflows import MOST_BYTES, Workflows
from httptask.errors import DefinitionError, Problem
from httptask.model.environment import Environment
from httptask.model.workflow import WorkflowDefinition
from httptask.workflow import definitions_of, rename_task
from httptask.workflow.typing import task_typing_problems

if TYPE_CHECKING:
    from httptask.task import Runtime


class Definitions:
    """The definitions in *workflows*, with the files next to them."""

    def __init__(self, workflows: Workflows, runtime: Runtime) -> None:
        self._workflows = workflows
        self._runtime = runtime

    async def list(self, request: Request) -> Response:
        """List the definitions."""
        listing = await in_thread(self._workflows.listing)
        return as_json(
            {
                "items": list(listing.items),
                **({"notes": list(listing.notes)} if listing.notes else {}),
            }
        )

    async def rename(self, request: Request) -> Response:
        """Answer with a definition in which a task and all references to it are renamed.

        Nothing is saved.
        """
        value = await json_object(request, MOST_BYTES * 2)
        definition = WorkflowDefinition(member(value, "definition", dict))
        before, after = member(value, "name", str), member(value, "to", str)
        try:
            renamed = await in_thread(
                lambda: rename_task(definition, before, after, self._runtime.evaluator)
            )
        except DefinitionError as error:
            raise Refused(
                "bad-request", "; ".join(problem.message for problem in error.problems)
            ) from error
        problems = all_shown(renamed.problems)
        return as_json({"definition": renamed.definition.document, "problems": problems})

    async def show(self, request: Request) -> Response:
        """Answer with a definition as stored on disk."""
        workflow_id = request.path_params["id"]
        stored = await in_thread(lambda: self._workflows.read(workflow_id))
        headers = {"ETag": stored.etag, "Cache-Control": "no-cache"}
        none_match = request.headers.get("if-none-match", "")
        if none_match.strip() == "*" or stored.etag in none_match:
            return Response(status_code=304, headers=headers)
        return Response(stored.data, 200, headers, "application/json")

    async def save(self, request: Request) -> Response:
        """Replace a definition, or create one."""
        definition = await json_object(request, MOST_BYTES)
        workflow_id = request.path_params["id"]
        headers = request.headers
        stored, is_new = await in_thread(
            lambda: self._workflows.write(
                workflow_id,
                definition,
                match=headers.get("if-match"),
                none_match=headers.get("if-none-match"),
            )
        )
        answer = {"ETag": stored.etag}
        if is_new:
            answer["Location"] = quote(workflow_id)
        return Response(stored.data, 201 if is_new else 200, answer, "application/json")

    async def environments(self, request: Request) -> Response:
        """List the environments of a definition."""
        definition = self._workflows.placed(request.path_params["id"])
        return as_json({"items": await in_thread(lambda: environments(definition))})

    async def remove(self, request: Request) -> Response:
        """Remove a definition, and answer with the new path of its file."""
        workflow_id, match = request.path_params["id"], request.headers.get("if-match")
        removed_path = await in_thread(lambda: self._workflows.remove(workflow_id, match=match))
        return as_json({"kept": removed_path})

    async def input_form(self, request: Request) -> Response:
        """Answer with the form for a definition's input."""
        value = await json_object(request)
        form = await in_thread(lambda: dump(input_form(value.get("inputSchema"))))
        return Response(form, media_type="application/json")

    def id_of(self, source: str) -> str:
        """Return the id of the definition in the file *source*; its path if it is elsewhere."""
        return self._workflows.id_of(source)

    async def placed(
        self, value: Mapping[str, Any]
    ) -> tuple[WorkflowDefinition, dict[str, WorkflowDefinition] | None]:
        """Return the definition in *value*, and the definitions that it runs.

        The latter are None if the page does not say where the definition is stored, or if one is
        broken.
        """
        document = member(value, "definition", dict)
        if "workflow" not in value:
            return WorkflowDefinition(document), None
        definition = self._workflows.placed(member(value, "workflow", str), document)
        try:
            # Next to a single file, any definition that its tasks name; in a folder, those the page
            # can open.
            load = self._workflows.load if self._workflows.takes_new else None
            return definition, await in_thread(lambda: definitions_of(definition, load))
        except DefinitionError:  # one is broken, which is reported when it is opened
            return definition, None

    async def draft(self, value: Mapping[str, Any]) -> Draft:
        """Return the draft in *value*, in the environment that *value* names."""
        return draft_of(value, await self.environment(value))

    async def environment(self, value: Mapping[str, Any]) -> Environment | None:
        """Return the environment that *value* names; None if it names none."""
        if "environment" not in value:
            return None
        name, workflow = member(value, "environment", str), member(value, "workflow", str)
        return await in_thread(lambda: environment(self._workflows.placed(workflow), name))


def problems_within(
    value: Mapping[str, Any],
    name: str,
    runtime: Runtime,
    problems: Sequence[Problem],
) -> Sequence[Problem]:
    """Return *problems* of the task *name*, and the problems of its expressions.

    The latter need the definition in `within` of *value*; without it, there are none.
    """
    if "within" not in value:
        return problems
    definition = WorkflowDefinition(member(value, "within", dict))
    return [*problems, *task_typing_problems(definition, name, runtime, problems)]
