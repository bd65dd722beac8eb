"""Runs of whole definitions in this process, stored in a journal. They continue without a page."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask.designer._event_stream import EventStream
from httptask.designer._literal_secrets import (
    masked_plan,
    refuse_masked_answers,
    whole_definition,
    whole_options,
)
from httptask.designer._live_run import LiveRun
from httptask.designer._problems import Refused
from httptask.designer._run_keeper import MOST_KEPT
from httptask.designer._secret_inputs import masked_input, whole_input
from httptask.designer._shown_exchange import kept_exchange
from httptask.engines import Journal, aresume_run, arun_workflow
from httptask.engines.callbacks import without_token
from httptask.errors import HttpTaskError, JournalError

if TYPE_CHECKING:
    from starlette.requests import Request

    from httptask.designer._callbacks import Receiver
    from httptask.designer._starting import Start
    from httptask.engines import KeptRun
    from httptask.engines.callbacks import Callbacks
    from httptask.model.for_each import ItemCounts
    from httptask.model.workflow import Signal, TaskRun, WorkflowDefinition, WorkflowRun
    from httptask.protocols import RunOptions
    from httptask.sending import Progress
    from httptask.task import Runtime

_log = logging.getLogger("httptask")

MOST_AT_ONCE = 8
FOLDER = ".httptask"
"""The folder of the journal, next to the definitions."""


class JournalledRuns:
    """The runs in the journal *path*; None: a temporary file.

    *runtime* runs them by *engine*, and *receiver* gets the calls for which their tasks wait.
    """

    outlive, lists_tasks = False, True

    def __init__(
        self, path: Path | None, runtime: Runtime, receiver: Receiver, engine: str
    ) -> None:
        self.engine = engine
        self._path = path
        self._receiver = receiver
        self._runtime = runtime
        self._journal: Journal | None = None
        self._opening = asyncio.Lock()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._live: dict[str, LiveRun] = {}
        """By id: runs of this process, including the latest that have ended."""

    async def aclose(self) -> None:
        """Stop every run. They can be resumed later."""
        works = [live.work for live in self._live.values() if live.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        if self._journal is not None:
            await in_thread(self._journal.close)
        if self._temporary is not None:
            await in_thread(self._temporary.cleanup)

    # Called by the journal

    def noted(self, workflow_id: str, entry: dict[str, Any]) -> None:
        """Record an *entry* of a run's history."""
        exchange = self._live[workflow_id].noted(self.with_callback(workflow_id, entry))
        if exchange is not None and self._journal is not None:
            value = kept_exchange(exchange, self._runtime.redactor)
            self._journal.note_exchange(workflow_id, (entry["name"], entry["visit"]), value)

    def called(self, workflow_id: str, key: tuple[str, int], call: Progress) -> None:
        """Record the progress of a call that begins."""
        self._live[workflow_id].called(key, call)

    # The methods of a `RunKeeper`

    async def latest(self) -> Sequence[KeptRun]:
        """Return the runs, the latest one first."""
        if self._journal is None and not (self._path is not None and self._path.exists()):
            return ()
        journal = await self._opened()
        return await in_thread(journal.summaries)

    async def run(self, workflow_id: str, *, with_tasks: bool = True) -> KeptRun:
        """Return a run with its tasks. Raises `Refused` if there is none."""
        journal = await self._opened()
        try:
            return await in_thread(lambda: journal.run(workflow_id))
        except JournalError as error:
            raise Refused(
                "unknown-run",
                f"there is no run {workflow_id[:100]!r}; the latest {MOST_KEPT} are kept",
            ) from error

    async def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition of a stored run, and the options with which it was started."""
        journal = await self._opened()
        return await in_thread(lambda: journal.started_with(workflow_id))

    async def lacking(self, workflow_id: str) -> Collection[str]:
        """Return the parts of a stored run whose secrets are not known."""
        journal = await self._opened()
        return await in_thread(lambda: journal.lacking(workflow_id))

    async def start(self, start: Start, request: Request) -> str:
        """Start a run, and return its id once its first task has started."""
        journal = await self._opened()
        callbacks = await self._receiver.callbacks(request)
        return await self._begun(
            str(uuid.uuid4()), lambda live: self._run(live, journal, start, callbacks)
        )

    async def resume(self, run: KeptRun, request: Request, sample_input: Any) -> str:
        """Resume *run*, which no process runs.

        Its secrets are not stored: *sample_input* has those of its input, the files of its
        definition have the literal ones.
        """
        if run.inside is not None or run.status != "Interrupted":
            raise Refused("run", f"only a run that was interrupted goes on; this one: {run.status}")
        journal = await self._opened()
        stored, stored_options = await self.started_with(run.workflow_id)
        lacking = await self.lacking(run.workflow_id)

        def take() -> None:
            definition, options = self._whole(stored, stored_options, lacking, sample_input)
            refuse_masked_answers(run.tasks, options.pins, self._runtime)
            # Also of a run that is stored whole: a server may repeat its literal secrets.
            self._masked(definition, options)
            if lacking:
                journal.take(run.workflow_id, definition, options)

        await in_thread(take)
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
                engine=self.engine,
            ),
        )

    async def stop(self, run: KeptRun) -> None:
        """Stop *run* and close its connections. It can be resumed later."""
        live = self._live.get(run.workflow_id)
        if live is not None and live.work is not None:
            live.work.cancel()
            await asyncio.wait([live.work])
        elif run.holder is not None:
            raise Refused("run", f"{run.holder} runs it: stop it there")

    async def complete(self, run: KeptRun, task: str, signal: Signal, item: int | None) -> None:
        """Send *signal* to a waiting *task*, or to a waiting *item* of it."""
        journal = await self._opened()
        try:
            await in_thread(lambda: journal.complete(run.workflow_id, task, signal, item))
        except JournalError as failure:
            raise Refused("run", str(failure)) from failure

    async def events(self, run: KeptRun) -> EventStream:
        """Stream the past and future events of a run of this process."""
        live = self._live.get(run.workflow_id)
        if live is None:
            whose = f"{run.holder} runs it" if run.holder else f"it is {run.status}"
            raise Refused("run", f"there is nothing to follow: {whose}")
        return EventStream(live.follow())

    async def exchange(self, run: KeptRun, task: TaskRun) -> dict[str, Any] | None:
        """Return the exchange of a visit, if it is stored."""
        journal = await self._opened()
        exchange: dict[str, Any] | None = await in_thread(
            lambda: journal.exchange(run.workflow_id, task.key)
        )
        return exchange

    def callback_url(self, run: KeptRun, task: TaskRun) -> str:
        """Return the callback URL of a visit. Raises `Refused` if it waits for no callback."""
        url = self._receiver.url_of((run.workflow_id, *task.key))
        if url is None:
            raise Refused("run", f"the task {task.name!r} waits for no callback now")
        return url

    def with_callback(self, workflow_id: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the history's *entry* with the callback URL it waits for, without the secret
        part.
        """
        if entry["status"] != "Waiting" or not entry.get("awaitsSignal"):
            return entry
        url = self._receiver.url_of((workflow_id, entry["name"], entry["visit"]))
        return entry if url is None else {**entry, "callback": without_token(url)}

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
        elif path.parent.name == FOLDER:
            self._make_folder(path.parent)
        return Journal(path, listener=self)

    def _whole(
        self,
        stored: WorkflowDefinition,
        options: RunOptions,
        lacking: Collection[str],
        sample_input: Any,
    ) -> tuple[WorkflowDefinition, RunOptions]:
        """Return *stored* and *options* with the secrets of their *lacking* parts.

        Raises `Refused` if these are nowhere.
        """
        if "input" in lacking:
            options = replace(options, input=whole_input(options.input, sample_input))
        is_masked = "definition" in lacking
        definition = whole_definition(stored, self._runtime, is_masked=is_masked)
        return definition, whole_options(stored, options, self._runtime, lacking)

    def _masked(
        self, definition: WorkflowDefinition, options: RunOptions
    ) -> tuple[WorkflowDefinition, RunOptions]:
        """Return *definition* and *options* as they are stored, and mask their secrets in what
        follows.
        """
        stored_definition, stored, literals = masked_plan(definition, options, self._runtime)
        stored_input, secrets = masked_input(definition.input_schema, options.input)
        for secret in (*literals, *secrets):
            # For good: of derived values, the signatures of later requests would take their places.
            text = secret if isinstance(secret, str) else dump(secret)
            self._runtime.redactor.add_distinct(text)
        return stored_definition, replace(stored, input=stored_input)

    def _make_folder(self, folder: Path) -> None:
        """Make *folder*, with a `.gitignore`: responses should not get into a repository."""
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

    async def _begun(
        self, workflow_id: str, run: Callable[[LiveRun], Awaitable[WorkflowRun]]
    ) -> str:
        """Start the coroutine from *run*; return the run's id once its first task has started."""
        if sum(live.end is None for live in self._live.values()) >= MOST_AT_ONCE:
            raise Refused("too-many", f"{MOST_AT_ONCE} runs are under way; stop one or wait")
        live = self._live[workflow_id] = LiveRun(workflow_id)
        live.work = asyncio.create_task(self._to_the_end(live, run))
        await live.begun.wait()
        if live.failure is not None:
            await asyncio.wait([live.work])
            if isinstance(live.failure, JournalError):
                raise Refused("run", str(live.failure)) from live.failure
            raise live.failure
        return workflow_id

    async def _run(
        self, live: LiveRun, journal: Journal, start: Start, callbacks: Callbacks | None
    ) -> WorkflowRun:
        options = start.options
        # In a thread: recognising secrets takes as long as validation.
        stored = await in_thread(lambda: self._masked(start.definition, options))
        with journal.storing_masked(live.id, *stored):
            return await arun_workflow(
                start.definition,
                options.input,
                engine=self.engine,
                variables=options.variables,
                environment=options.environment,
                definitions=options.definitions,
                history=start.history,
                pins=options.pins,
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
        """Forget all but the latest runs, here and in the journal."""
        ended = [id_ for id_, live in self._live.items() if live.end is not None]
        for id_ in ended[:-MOST_KEPT]:
            del self._live[id_]
        journal = await self._opened()
        try:
            await in_thread(lambda: journal.keep_latest(MOST_KEPT))
        except JournalError as error:
            _log.warning("old runs cannot be removed: %s", error)

    def _take(self, live: LiveRun, stopped: WorkflowRun) -> None:
        """Record what the unfinished visits of the *stopped* run may have done."""
        for task in stopped.tasks:
            if task.status == "InProgress" and task.error is not None:
                live.noted(self._runtime.redactor.value(task.to_json()))


def _advance(live: LiveRun, name: str, items: ItemCounts) -> None:
    live.advanced(name, items.to_json())
