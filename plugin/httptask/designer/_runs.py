"""The routes for runs of whole definitions. Runs continue without a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._journalled_runs import FOLDER
from httptask.designer._problems import Refused
from httptask.designer._run_views import listed, shown_run, value_in, visit_of
from httptask.designer._secret_inputs import masked_input
from httptask.designer._starting import start_of
from httptask.designer._wording import all_shown
from httptask.designer._workflows import MOST_BYTES, folder_of
from httptask.errors import DefinitionError, InputError
from httptask.model.workflow import Signal

if TYPE_CHECKING:
    from httptask.designer._definitions import Definitions
    from httptask.designer._run_keeper import RunKeeper
    from httptask.engines import KeptRun
    from httptask.task import Runtime

_MOST_BYTES = MOST_BYTES + 16 * 1024 * 1024
"""Bytes of a definition together with its input."""


def runs_file(runs: Any, workflows: Path | None) -> Path | None:
    """Return the path of the journal: *runs*, else next to the definitions."""
    if runs is not None or workflows is None:
        return Path(runs).absolute() if runs is not None else None
    return folder_of(workflows).absolute() / FOLDER / "runs.sqlite3"


class Runs:
    """The runs that *keeper* starts, stores and finds, of definitions in *definitions*."""

    def __init__(self, keeper: RunKeeper, runtime: Runtime, definitions: Definitions) -> None:
        self._keeper = keeper
        self._runtime = runtime
        self._mask = runtime.redactor.value
        self._definitions = definitions

    async def list(self, request: Request) -> Response:
        """List the runs, the latest one first."""
        keeper, query = self._keeper, request.query_params
        status, task = query.get("status"), query.get("task")
        if task is not None and not keeper.lists_tasks:
            raise Refused(
                "run",
                f"runs on the engine {keeper.engine} are not found by their tasks: leave out 'task'"
                " and look at them one by one",
            )
        runs = await keeper.latest()
        return as_json({"items": listed(runs, status, task, self._definitions.id_of)})

    async def start(self, request: Request) -> Response:
        """Start a run."""
        value = await json_object(request, _MOST_BYTES)
        try:
            start = await start_of(value, self._keeper, self._definitions, self._runtime)
            return _begun(await self._keeper.start(start, request))
        except DefinitionError as error:
            raise _refused(error) from error

    async def show(self, request: Request) -> Response:
        """Answer with a run."""
        run = await self._found(request)
        shown = shown_run(run, self._keeper.with_callback, self._definitions.id_of)
        return Response(await in_thread(lambda: dump(self._mask(shown))), 200, None, _JSON)

    async def events(self, request: Request) -> Response:
        """Stream the past and future events of a run."""
        return await self._keeper.events(await self._found(request, with_tasks=False))

    async def stop(self, request: Request) -> Response:
        """Stop a run."""
        await self._keeper.stop(await self._found(request, with_tasks=False))
        return Response(status_code=204)

    async def resume(self, request: Request) -> Response:
        """Resume a run that no process runs."""
        run = await self._found(request, with_tasks=False)
        has_body = request.headers.get("content-length", "0") != "0"
        value = await json_object(request, _MOST_BYTES) if has_body else {}
        try:
            return _begun(await self._keeper.resume(run, request, value.get("input")))
        except DefinitionError as error:
            raise _refused(error) from error

    async def signal(self, request: Request) -> Response:
        """Complete or fail a task, or an item of one, that waits for somebody outside."""
        run = await self._found(request, with_tasks=False)
        value = await json_object(request)
        task, error = member(value, "task", str), member(value, "error", dict, dict)
        item = None if value.get("item") is None else member(value, "item", int)
        signal = Signal(error=error) if error else Signal(value.get("output"))
        await self._keeper.complete(run, task, signal, item)
        return Response(status_code=204)

    async def visit(self, request: Request) -> Response:
        """Answer with one visit of a task."""
        run = await self._found(request)
        task = visit_of(run, request.query_params)
        exchange = await self._keeper.exchange(run, task)
        error = {name: part for name, part in (task.error or {}).items() if name != "result"}
        value: dict[str, Any] = {
            "name": task.name,
            "visit": task.visit,
            "has": [name for name in ("input", "output") if getattr(task, name) is not None],
        }
        value |= ({"error": error} if error else {}) | ({"exchange": exchange} if exchange else {})
        return as_json(self._mask(value))

    async def callback(self, request: Request) -> Response:
        """Answer with the callback URL of a visit, by which anybody can complete the task."""
        run = await self._found(request)
        return as_json({"url": self._keeper.callback_url(run, visit_of(run, request.query_params))})

    async def value(self, request: Request) -> Response:
        """Answer with the input, output or error of a visit, or of the whole run, unshortened."""
        run = await self._found(request)
        query = request.query_params
        if "task" not in query and query.get("of", "output") == "input":
            definition, options = await self._keeper.started_with(run.workflow_id)
            value, _ = masked_input(definition.input_schema, options.input)
        else:
            value = value_in(run, query)
        # A server's response must never be interpreted as a page of this origin.
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(await in_thread(lambda: dump(self._mask(value))), 200, headers, _JSON)

    async def _found(self, request: Request, *, with_tasks: bool = True) -> KeptRun:
        return await self._keeper.run(request.path_params["id"], with_tasks=with_tasks)


_JSON = "application/json"


def _begun(workflow_id: str) -> Response:
    return as_json({"id": workflow_id}, 201, {"Location": f"runs/{workflow_id}"})


def _refused(failure: DefinitionError) -> Refused:
    """Return the problem for *failure*, the error that kept a run from starting."""
    slug = "input" if isinstance(failure, InputError) else "definition"
    problems = all_shown(failure.problems)
    errors = [problem["message"] for problem in problems if problem["severity"] == "error"]
    detail = f"{'; '.join(errors[:3])}{'; …' if len(errors) > 3 else ''}. Nothing was run"
    return Refused(slug, detail, problems=problems)
