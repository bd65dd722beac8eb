"""Runs of whole definitions on a Temporal server, executed by its workers.

They continue without the designer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from httptask.building import REFERENCE, references
from httptask.designer._event_stream import EventStream
from httptask.designer._live_run import LiveRun
from httptask.designer._problems import Refused
from httptask.designer._run_keeper import MOST_KEPT
from httptask.designer._run_views import seconds_of
from httptask.engines import temporal_module
from httptask.errors import EngineError

if TYPE_CHECKING:
    from starlette.requests import Request

    from httptask.designer._starting import Start
    from httptask.engines import KeptRun
    from httptask.engines.temporal.runs import ServerRuns
    from httptask.model.workflow import Signal, TaskRun, WorkflowDefinition
    from httptask.protocols import RunOptions
    from httptask.task import Runtime

_log = logging.getLogger("httptask")

_PAUSE = 2.0
"""Seconds to wait before asking a server again that did not answer."""


class RunsOnServer:
    """The runs in the operator's task queue on Temporal; *runtime* checks definitions before they
    start.

    Raises `PluginError` if the engine is not installed.
    """

    engine = "temporal"
    outlive, lists_tasks = True, False

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._server: ServerRuns = temporal_module("runs").ServerRuns(runtime)

    async def latest(self) -> Sequence[KeptRun]:
        """Return the latest runs, without their tasks."""
        return await self._server.latest(MOST_KEPT)

    async def run(self, workflow_id: str, *, with_tasks: bool = True) -> KeptRun:
        """Return a run, including its tasks, about which workers are asked, if *with_tasks*.

        Raises `Refused` if there is none.
        """
        server = self._server
        run = await (server.run if with_tasks else server.summary)(workflow_id)
        if run is None:
            raise Refused(
                "unknown-run",
                f"the server has no run {workflow_id[:100]!r} in this designer's task queue, or"
                " does not keep it any more",
            )
        return run

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition of a run, and the options with which it was started."""
        return await self._server.started_with(workflow_id)

    async def lacking(self, workflow_id: str) -> Collection[str]:
        """Return nothing: the server has the whole runs, because workers need them."""
        return ()

    async def start(self, start: Start, request: Request) -> str:
        """Start a run, and return its id. Raises `DefinitionError`."""
        _refuse_uploads(start)
        return await self._server.start(start.definition, start.options, start.history)

    async def resume(self, run: KeptRun, request: Request, sample_input: Any) -> NoReturn:
        """Refuse: these runs are never interrupted."""
        raise Refused(
            "run",
            f"a run on Temporal goes on by itself, this one is {run.status}: run it again to begin"
            " anew with the same input",
        )

    async def stop(self, run: KeptRun) -> None:
        """Cancel *run*, if it has not ended.

        The server has the request when this returns; the workers get it soon after.
        """
        if run.status not in ("Running", "Waiting"):
            return
        with contextlib.suppress(EngineError):  # it has ended meanwhile, which the page will show
            await self._server.cancel(run.workflow_id)

    async def complete(self, run: KeptRun, task: str, signal: Signal, item: int | None) -> None:
        """Send *signal* to a waiting *task*, or to a waiting *item* of it."""
        try:
            await self._server.complete(run.workflow_id, task, signal, item)
        except EngineError as failure:
            raise Refused("run", str(failure)) from failure

    async def events(self, run: KeptRun) -> EventStream:
        """Stream the past and future events of *run*.

        The server is asked while somebody listens.
        """
        live = LiveRun(run.workflow_id, seconds_of(run))
        work = asyncio.create_task(self._follow(live))

        def leave() -> None:
            work.cancel()

        return EventStream(live.follow(), ended=leave)

    async def _follow(self, live: LiveRun) -> None:
        mask = self._runtime.redactor.value

        def noted(entry: dict[str, Any]) -> None:
            live.noted(mask(entry))

        while True:
            try:
                ended = await self._server.follow(live.id, noted, live.hindered)
            except EngineError as error:
                live.hindered(str(error))
                await asyncio.sleep(_PAUSE)
            except Exception as error:  # noqa: BLE001 - told to the page, and logged
                _log.exception("a run could not be followed")
                live.hindered(f"unexpected {type(error).__name__}; see the designer's log")
                return
            else:
                live.finish(ended.status, error=mask(ended.error))
                return

    async def exchange(self, run: KeptRun, task: TaskRun) -> None:
        """Return None: only the worker had the exchange."""
        return

    def callback_url(self, run: KeptRun, task: TaskRun) -> NoReturn:
        """Refuse: the URLs are made by workers."""
        raise Refused(
            "run",
            "on Temporal, workers make the callback URLs, and the designer does not know them: the"
            f" API has received the URL in the request of the task {task.name!r}",
        )

    def with_callback(self, workflow_id: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return *entry* unchanged."""
        return entry

    async def aclose(self) -> None:
        """Do nothing: streams end with who listens to them."""


def _refuse_uploads(start: Start) -> None:
    """Raise `Refused` for a file that only this designer has."""
    for _, value in references([start.definition.to_json(), start.input]):
        reference = value[REFERENCE]
        if isinstance(reference, Mapping) and "upload" in reference:
            raise Refused(
                "run",
                f"the file {str(reference.get('name', ''))[:100]!r} was chosen in the page, and"
                " workers do not have it: save the definition, which puts the file into the folder"
                " of files, or name one of that folder. Nothing was run",
            )
