"""Runs of whole definitions: a journal keeps them, and pages follow them. They go on when the page
leaves.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._event_stream import EventStream
from httptask.designer._live_run import LiveRun
from httptask.designer._problems import Refused
from httptask.designer._run_views import listed, shown_run, value_in, visit_of
from httptask.designer._starting import Start, start_of
from httptask.designer._workflows import MOST_BYTES, folder_of
from httptask.engines import Journal, aresume_run, arun_workflow
from httptask.engines.callbacks import without_token
from httptask.errors import DefinitionError, HttpTaskError, InputError, JournalError
from httptask.model.workflow import Signal

if TYPE_CHECKING:
    from httptask.designer._callbacks import Receiver
    from httptask.designer._definitions import Definitions
    from httptask.engines.callbacks import Callbacks
    from httptask.engines.journal import JournalledRun
    from httptask.model.for_each import ItemCounts
    from httptask.model.workflow import WorkflowRun
    from httptask.sending import Progress
    from httptask.task import Runtime

_log = logging.getLogger("httptask")

MOST_KEPT = 50
MOST_AT_ONCE = 8
_MOST_BYTES = MOST_BYTES + 16 * 1024 * 1024
"""Bytes of a definition with its input."""
_FOLDER = ".httptask"


def runs_file(runs: Any, workflows: Path | None) -> Path | None:
    """Return the file of the journal: *runs*, else next to the definitions."""
    if runs is not None or workflows is None:
        return Path(runs).absolute() if runs is not None else None
    return folder_of(workflows).absolute() / _FOLDER / "runs.sqlite3"


class Runs:
    """The runs that the journal in the file *path* keeps; None: a file that ends with the designer.
    *runtime* runs them, and *receiver* gets the calls that their tasks wait for.
    """

    def __init__(
        self,
        path: Path | None,
        runtime: Runtime,
        definitions: Definitions,
        receiver: Receiver,
    ) -> None:
        self._path = path
        self._receiver = receiver
        self._runtime = runtime
        self._definitions = definitions
        self._journal: Journal | None = None
        self._opening = asyncio.Lock()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._live: dict[str, LiveRun] = {}
        """By id: the runs of this process, the latest ones that have ended among them."""

    async def aclose(self) -> None:
        """Stop every run; they can go on later."""
        works = [live.work for live in self._live.values() if live.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        if self._journal is not None:
            await in_thread(self._journal.close)
        if self._temporary is not None:
            await in_thread(self._temporary.cleanup)

    # A listener of the journal

    def noted(self, workflow_id: str, entry: dict[str, Any]) -> None:
        """Take an *entry* of a run's history."""
        self._live[workflow_id].noted(self._with_callback(workflow_id, entry))

    def called(self, workflow_id: str, key: tuple[str, int], call: Progress) -> None:
        """Take the progress of a call that begins."""
        self._live[workflow_id].called(key, call)

    # Routes

    async def list(self, request: Request) -> Response:
        """List the runs, the latest one first."""
        if self._journal is None and not (self._path is not None and self._path.exists()):
            return as_json({"items": []})
        journal = await self._opened()
        query = request.query_params
        runs = await in_thread(journal.summaries)
        return as_json({"items": listed(runs, query.get("status"), query.get("task"))})

    async def start(self, request: Request) -> Response:
        """Start a run."""
        value = await json_object(request, _MOST_BYTES)
        journal = await self._opened()
        try:
            start = await start_of(value, journal, self._definitions)
        except DefinitionError as error:
            raise _refused(error) from error
        callbacks = await self._receiver.callbacks(request)
        return await self._begun(
            str(uuid.uuid4()), lambda live: self._run(live, journal, start, callbacks)
        )

    async def show(self, request: Request) -> Response:
        """Answer with a run."""
        _, run = await self._found(request)
        return Response(
            await in_thread(lambda: dump(shown_run(run, self._with_callback))), 200, None, _JSON
        )

    async def events(self, request: Request) -> Response:
        """Stream what a run of this process did and does."""
        _, run = await self._found(request)
        live = self._live.get(run.workflow_id)
        if live is None:
            whose = f"{run.holder} runs it" if run.holder else f"it is {run.status}"
            raise Refused("run", f"there is nothing to follow: {whose}")
        return EventStream(live.follow())

    async def stop(self, request: Request) -> Response:
        """Stop a run: its connections are closed. It can go on later."""
        _, run = await self._found(request)
        live = self._live.get(run.workflow_id)
        if live is not None and live.work is not None:
            live.work.cancel()
            await asyncio.wait([live.work])
        elif run.holder is not None:
            raise Refused("run", f"{run.holder} runs it: stop it there")
        return Response(status_code=204)

    async def resume(self, request: Request) -> Response:
        """Go on with a run that nobody runs."""
        journal, run = await self._found(request)
        if run.inside is not None or run.status != "Interrupted":
            raise Refused("run", f"only a run that was interrupted goes on; this one: {run.status}")
        callbacks = await self._receiver.callbacks(request)
        return await self._begun(
            run.workflow_id,
            lambda live: aresume_run(
                journal,
                live.id,
                runtime=self._runtime,
                cancelled=lambda stopped: self._take(live, stopped),
                advanced=lambda name, items: _advance(live, name, items),
                callbacks=callbacks,
            ),
        )

    async def signal(self, request: Request) -> Response:
        """Complete a task, or an item of it, that waits for somebody outside, or fail it."""
        journal, run = await self._found(request)
        value = await json_object(request)
        task, error = member(value, "task", str), member(value, "error", dict, dict)
        item = None if value.get("item") is None else member(value, "item", int)
        signal = Signal(error=error) if error else Signal(value.get("output"))
        try:
            await in_thread(lambda: journal.complete(run.workflow_id, task, signal, item))
        except JournalError as failure:
            raise Refused("run", str(failure)) from failure
        return Response(status_code=204)

    async def visit(self, request: Request) -> Response:
        """Answer with one visit of a task."""
        _, run = await self._found(request)
        task = visit_of(run, request.query_params)
        live = self._live.get(run.workflow_id)
        exchange = live.exchanges.get(task.key) if live is not None else None
        error = {name: part for name, part in (task.error or {}).items() if name != "result"}
        value: dict[str, Any] = {
            "name": task.name,
            "visit": task.visit,
            "has": [name for name in ("input", "output") if getattr(task, name) is not None],
        }
        value |= ({"error": error} if error else {}) | ({"exchange": exchange} if exchange else {})
        return as_json(value)

    async def callback(self, request: Request) -> Response:
        """Answer with the URL that a visit waits at: whoever has it can complete the task."""
        _, run = await self._found(request)
        task = visit_of(run, request.query_params)
        url = self._receiver.url_of((run.workflow_id, *task.key))
        if url is None:
            raise Refused("run", f"the task {task.name!r} waits for no callback now")
        return as_json({"url": url})

    def _with_callback(self, workflow_id: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return *entry* of a run's history with the URL of the call that it waits for, without
        its secret part.
        """
        if entry["status"] != "Waiting" or not entry.get("awaitsSignal"):
            return entry
        url = self._receiver.url_of((workflow_id, entry["name"], entry["visit"]))
        return entry if url is None else {**entry, "callback": without_token(url)}

    async def value(self, request: Request) -> Response:
        """Answer with the input, output or error of a visit, or of the whole run, as it is."""
        journal, run = await self._found(request)
        query = request.query_params
        if "task" not in query and query.get("of", "output") == "input":
            _, options = await in_thread(lambda: journal.started_with(run.workflow_id))
            value = self._runtime.redactor.value(options.input)
        else:
            value = value_in(run, query)
        # What a server answered must never run as a page of this origin.
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(await in_thread(lambda: dump(value)), 200, headers, _JSON)

    # Running

    async def _opened(self) -> Journal:
        async with self._opening:
            if self._journal is None:
                self._journal = await in_thread(self._open)
            return self._journal

    def _open(self) -> Journal:
        path = self._path
        if path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="httptask-runs-")
            path = Path(self._temporary.name) / "runs.sqlite3"
        elif path.parent.name == _FOLDER:
            self._make_folder(path.parent)
        return Journal(path, listener=self)

    def _make_folder(self, folder: Path) -> None:
        """Make *folder*; what runs answered does not belong into anybody's repository."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ignored = folder / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", "utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise JournalError(
                f"runs are kept in {folder}, which cannot be written: {reason}; check its"
                " permissions"
            ) from error

    async def _found(self, request: Request) -> tuple[Journal, JournalledRun]:
        journal, workflow_id = await self._opened(), request.path_params["id"]
        try:
            return journal, await in_thread(lambda: journal.run(workflow_id))
        except JournalError as error:
            raise Refused(
                "unknown-run",
                f"there is no run {workflow_id[:100]!r}; the latest {MOST_KEPT} are kept",
            ) from error

    async def _begun(
        self, workflow_id: str, run: Callable[[LiveRun], Awaitable[WorkflowRun]]
    ) -> Response:
        """Begin what *run* returns, and answer once its first task has started."""
        if sum(live.end is None for live in self._live.values()) >= MOST_AT_ONCE:
            raise Refused("too-many", f"{MOST_AT_ONCE} runs are under way; stop one or wait")
        live = self._live[workflow_id] = LiveRun(workflow_id)
        live.work = asyncio.create_task(self._to_the_end(live, run))
        await live.begun.wait()
        if live.failure is not None:
            await asyncio.wait([live.work])
            raise _refused(live.failure) from live.failure
        return as_json({"id": workflow_id}, 201, {"Location": f"runs/{workflow_id}"})

    def _run(
        self, live: LiveRun, journal: Journal, start: Start, callbacks: Callbacks | None
    ) -> Awaitable[WorkflowRun]:
        return arun_workflow(
            start.definition,
            start.input,
            variables=start.variables,
            environment=start.environment,
            definitions=start.definitions,
            history=start.history,
            pins=start.pins,
            runtime=self._runtime,
            cancelled=lambda stopped: self._take(live, stopped),
            advanced=lambda name, items: _advance(live, name, items),
            journal=journal,
            workflow_id=live.id,
            callbacks=callbacks,
        )

    async def _to_the_end(
        self, live: LiveRun, run: Callable[[LiveRun], Awaitable[WorkflowRun]]
    ) -> None:
        try:
            ended = await run(live)
        except asyncio.CancelledError:
            live.finish("Interrupted")
        except HttpTaskError as error:
            live.failure = error
            live.finish("Interrupted", error=str(error))
        except Exception as error:  # noqa: BLE001 - told to the page, and logged
            _log.exception("a run failed")
            live.failure = error
            live.finish(
                "Interrupted", error=f"unexpected {type(error).__name__}; see the designer's log"
            )
        else:
            live.finish(ended.status, error=self._runtime.redactor.value(ended.error))
        await self._forget_old()

    async def _forget_old(self) -> None:
        ended = [id_ for id_, live in self._live.items() if live.end is not None]
        for id_ in ended[:-MOST_KEPT]:
            del self._live[id_]
        journal = await self._opened()
        try:
            await in_thread(lambda: journal.keep_latest(MOST_KEPT))
        except JournalError as error:
            _log.warning("old runs cannot be removed: %s", error)

    def _take(self, live: LiveRun, stopped: WorkflowRun) -> None:
        """Take from *stopped* what its visits under way may have done."""
        for task in stopped.tasks:
            if task.status == "InProgress" and task.error is not None:
                live.noted(self._runtime.redactor.value(task.to_json()))


_JSON = "application/json"


def _advance(live: LiveRun, name: str, items: ItemCounts) -> None:
    live.advanced(name, items.to_json())


def _refused(failure: Exception) -> Exception:
    """Return the answer to a start that *failure* kept from being one."""
    if not isinstance(failure, DefinitionError):
        return failure if not isinstance(failure, JournalError) else Refused("run", str(failure))
    slug = "input" if isinstance(failure, InputError) else "definition"
    problems = [problem.to_json() for problem in failure.problems]
    errors = [one["message"] for one in problems if one["severity"] == "error"]
    detail = f"{'; '.join(errors[:3])}{'; …' if len(errors) > 3 else ''}. Nothing was run"
    return Refused(slug, detail, problems=problems)
