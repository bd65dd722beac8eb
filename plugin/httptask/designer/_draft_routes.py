"""The routes for a draft: its problems, its preview, its request. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._catalogue import CatalogueThread, task_of
from httptask.designer._definitions import Definitions, problems_within
from httptask.designer._drafts import Draft, draft_of
from httptask.designer._expressions import Expressions, while_asked
from httptask.designer._inputs import refused_input
from httptask.designer._pins import pin_fit
from httptask.designer._preview import preview_of
from httptask.designer._problems import Refused
from httptask.designer._shown_exchange import described
from httptask.designer._wording import all_shown
from httptask.errors import HttpTaskError
from httptask.interchange import LANGUAGES, code_of
from httptask.workflow import problems as definition_problems
from httptask.workflow import unreached_tasks

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.task import Runtime


class DraftRoutes:
    """Drafts of tasks in *definitions*, with endpoints from *catalogue*."""

    def __init__(
        self,
        catalogue: CatalogueThread,
        definitions: Definitions,
        expressions: Expressions,
        runtime: Runtime,
    ) -> None:
        self._catalogue = catalogue
        self._definitions = definitions
        self._expressions = expressions
        self._runtime = runtime

    async def validate(self, request: Request) -> Response:
        """Answer with every problem of a task, or of a whole definition."""
        value = await json_object(request)
        answer: dict[str, Any] = {}
        if "definition" in value:
            definition, nested = await self._definitions.placed(value)
            problems: Sequence[Problem] = await self._catalogue.check(
                lambda runtime: definition_problems(definition, runtime, definitions=nested)
            )
            of_pins = await self._catalogue.check(
                lambda runtime: pin_fit(definition, nested or {}, runtime)
            )
            answer["unreached"] = unreached_tasks(definition)
            answer["pinProblems"] = all_shown(of_pins)
        else:
            draft = draft_of(value)
            task_problems, answer["mediaType"] = await self._checked(draft)
            problems = await self._catalogue.check(
                lambda runtime: problems_within(value, draft.name, runtime, task_problems)
            )
            if (schema := value.get("inputSchema")) is not None:
                input_problems = await in_thread(lambda: refused_input(schema, draft.inputs.input))
                answer["inputProblems"] = all_shown(input_problems)
            if "preview" in value:
                answer["preview"] = await while_asked(request, self._preview(value))
        valid = not any(problem.severity == "error" for problem in problems)
        return as_json({"valid": valid, "problems": all_shown(problems), **answer})

    async def _checked(self, draft: Draft) -> tuple[Sequence[Problem], str | None]:
        """Return the problems of *draft*, and the media type of its body."""
        entry = await self._catalogue.entry_of(draft)

        def check(runtime: Runtime) -> tuple[Sequence[Problem], str | None]:
            task = task_of(draft, entry, runtime)
            return task.problems(), task.media_type()

        return await self._catalogue.check(check)

    async def _preview(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the preview of the draft in *value*, with the samples in its `preview`.

        If it cannot be made, for example because the environment no longer exists, `problem` says
        why, and the validation still reports its problems.
        """
        try:
            return await self._previewed(value, member(value, "preview", dict))
        except (Refused, HttpTaskError) as error:
            return {"server": [], "url": [], "problem": str(error)}

    async def _previewed(
        self, value: Mapping[str, Any], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        task, within = member(value, "task", dict), member(value, "within", dict)
        draft = await self._definitions.draft({**options, "task": task, "name": value.get("name")})
        around = await self._expressions.surroundings(
            {**options, "task": draft.name, "definition": within}
        )
        entry = await self._catalogue.entry_of(draft)
        samples = member(options, "samples", dict, dict)
        endpoint = None if entry is None else entry.endpoint
        return await preview_of(task_of(draft, entry, self._runtime), around, samples, endpoint)

    async def render(self, request: Request) -> Response:
        """Answer with the request of a draft and its curl command, and with code if the query has
        `as`.

        Nothing is sent.
        """
        language = request.query_params.get("as")
        if language is not None and language not in LANGUAGES:
            expected = ", ".join(LANGUAGES)
            raise Refused("bad-request", f"'as' is one of {expected}; found {language[:50]!r}")
        draft = await self._definitions.draft(await json_object(request))
        entry = await self._catalogue.entry_of(draft)
        rendered = await task_of(draft, entry, self._runtime).arender(draft.inputs)
        code = {} if language is None else {"code": code_of(rendered, language)}
        return as_json(described(rendered) | code)
