"""A journal: the runs of one machine in one file, so that they survive a crash."""

from __future__ import annotations

import os
import shlex
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse
from httptask.engines._kept_run import KeptRun
from httptask.engines.journal._file import command_with
from httptask.engines.journal._gates import give
from httptask.engines.journal._listener import GateListener, RunListener
from httptask.engines.journal._listing import listed, look_up, summarised
from httptask.engines.journal._lock import RunLock
from httptask.engines.journal._operator import missing_options
from httptask.engines.journal._plan import different_parts, plan_of, started_with
from httptask.engines.journal._run_journal import RunJournal, append_history, stored_run
from httptask.engines.journal._store import Store
from httptask.errors import DefinitionError, JournalError
from httptask.model.workflow import Signal, TaskRun, WorkflowDefinition
from httptask.protocols import RunOptions

MOST_EXCHANGES = 200
"""The number of exchanges kept for a run."""

_REMOVE_OLD_EXCHANGES = """DELETE FROM exchange WHERE rowid IN (
  SELECT exchange.rowid FROM exchange JOIN run ON run.number = exchange.run
  WHERE id = ? ORDER BY exchange.rowid DESC LIMIT -1 OFFSET ?)"""


class Journal:
    """The journal in the file *path*, which is created if it does not exist. A context manager.

    It is for one machine, because its locks do not work over a network. *waits* is called when a
    task begins to wait for a signal, *listener* for every step of the runs. Raises `JournalError`
    if the file is not a journal, or cannot be written.
    """

    def __init__(
        self,
        path: os.PathLike[str] | str,
        *,
        waits: GateListener | None = None,
        listener: RunListener | None = None,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self._store = Store(self.path)
        self._waits = waits
        self._listener = listener
        self._masked: dict[str, tuple[dict[str, Any], Any]] = {}
        """The plans and inputs with masks of runs that are about to begin, by the id of the run."""
        self._whole: dict[str, tuple[dict[str, Any], Any]] = {}
        """The plans and inputs of runs that are stored with masks, by the id of the run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    # Running

    @contextmanager
    def storing_masked(
        self, workflow_id: str, definition: WorkflowDefinition, options: RunOptions
    ) -> Iterator[None]:
        """Store *definition* and *options*, which have masks, if the new run *workflow_id* begins
        while the block lasts.

        This process keeps the whole ones, with which the run begins.
        """
        self._masked[workflow_id] = plan_of(definition, options), options.input
        try:
            yield
        finally:
            self._masked.pop(workflow_id, None)  # it may have been refused before it began

    @contextmanager
    def new_run(
        self,
        definition: WorkflowDefinition,
        options: RunOptions,
        history: Sequence[TaskRun] = (),
        operator: Mapping[str, Any] | None = None,
    ) -> Iterator[RunOptions]:
        """Yield *options* with the journal of a new run of *definition*.

        The run is locked for this process. Its id is the id in *options*, or a new id. The visits
        of *history* count as ended. *operator* are the `operator_options` of this process.
        """
        workflow_id = options.workflow_id or str(uuid.uuid4())
        whole = plan_of(definition, options), options.input
        stored_plan, stored_input = self._masked.pop(workflow_id, whole)
        lacking = different_parts(stored_plan, whole[0])
        if stored_input != options.input:
            lacking.append("input")
        plan = _text({**stored_plan, "operator": operator, "lacksSecrets": lacking})
        input_text = _text(stored_input)

        def insert(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO run (id, definition, plan, input, began_at, changed_at) VALUES"
                    " (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'), strftime('%Y-%m-%dT%H:%M:%fZ'))",
                    (workflow_id, definition.title, plan, input_text),
                )
            except sqlite3.IntegrityError as error:
                raise JournalError(
                    f"the journal {self.path} has a run {workflow_id}; continue it with"
                    f" {command_with(self.path, 'resume', workflow_id)}"
                ) from error
            append_history(connection, workflow_id, history)

        with self._locked(workflow_id):
            self._store.do(insert)
            if lacking:
                self._whole[workflow_id] = whole
            try:
                yield replace(options, workflow_id=workflow_id, journal=self._run(workflow_id))
            except DefinitionError:  # nothing has been run: forget the run
                self._whole.pop(workflow_id, None)
                self._store.do(
                    lambda connection: connection.execute(
                        "DELETE FROM run WHERE id = ?", (workflow_id,)
                    )
                )
                raise

    @contextmanager
    def old_run(
        self, workflow_id: str, operator: Mapping[str, Any] | None = None, *, anyway: bool = False
    ) -> Iterator[tuple[WorkflowDefinition, RunOptions]]:
        """Yield the definition and options of the run *workflow_id*, to continue it.

        The options have its journal, and the run is locked for this process. Raises `JournalError`
        if the run does not exist, has ended, is nested, or is run by another process; and if
        *operator*, the `operator_options` of this process, lack options that the run had before,
        or if secrets of its definition or input are not stored. With *anyway*, the run goes on
        without them.
        """
        run = self.run(workflow_id)
        workflow_id = run.workflow_id
        with self._locked(workflow_id):
            row = self._store.do(
                lambda connection: connection.execute(
                    "SELECT plan, input, status FROM run WHERE id = ?", (workflow_id,)
                ).fetchone()
            )
            plan, input_text, status = row
            if plan is None:
                raise JournalError(
                    f"the run {workflow_id} is inside the run {run.inside}: resume that one"
                )
            if status is not None:
                raise JournalError(f"the run {workflow_id} has ended: {status}")
            stored_plan = parse(plan)
            if not anyway:
                self._refuse_lack(workflow_id, stored_plan, operator, input_text)
            if operator is not None:
                self._store_operator(workflow_id, stored_plan, operator)
            whole = self._whole.get(workflow_id, (stored_plan, parse(input_text)))
            definition, options = started_with(*whole)
            journal = self._run(workflow_id)
            yield definition, replace(options, workflow_id=workflow_id, journal=journal)

    def _refuse_lack(
        self,
        workflow_id: str,
        plan: Mapping[str, Any],
        operator: Mapping[str, Any] | None,
        input_text: str,
    ) -> None:
        """Raise `JournalError` with all that a process lacks that is to resume a run.

        Without options of the *operator*, the run's next task would fail for good; without the
        secrets of its definition and input, its tasks would send a mask in their place.
        """
        reasons: list[str] = []
        consequences: list[str] = []
        before = plan.get("operator") or {}  # journals may be older than this entry
        missing = missing_options(before, operator) if operator is not None else []
        if missing:
            words = shlex.join(missing)
            reasons.append(
                f"the run {workflow_id} had {words}, which this process lacks: give it again"
            )
            consequences.append(f"without {words}")
        lacking = self._lacking(workflow_id, plan, input_text)
        for name in dict.fromkeys(part.partition("/")[0] for part in lacking):
            noun, remedy = _REMEDIES[name]
            reasons.append(
                f"secrets in the {noun} of the run {workflow_id} are not stored: {remedy}"
            )
        if lacking:
            consequences.append("with a mask in the place of each secret")
        if reasons:
            resume = command_with(self.path, "resume", workflow_id, "--anyway")
            raise JournalError(
                f"nothing was run: {'; '.join(reasons)}. Or go on {' and '.join(consequences)}, by"
                f" {resume}"
            )

    def _store_operator(
        self, workflow_id: str, plan: dict[str, Any], operator: Mapping[str, Any]
    ) -> None:
        """Store *operator* in the *plan* of a run, for the next process that resumes it."""
        if operator != plan.get("operator"):
            changed = _text({**plan, "operator": operator})
            self._store.do(
                lambda connection: connection.execute(
                    "UPDATE run SET plan = ? WHERE id = ?", (changed, workflow_id)
                )
            )

    @contextmanager
    def _locked(self, workflow_id: str) -> Iterator[None]:
        """Hold the lock of a run while the block lasts. Raises `JournalError`."""
        lock = RunLock(self.path, workflow_id)
        lock.hold()
        try:
            yield
        finally:
            lock.release()

    def _run(self, workflow_id: str) -> RunJournal:
        stored = self._store.do(lambda connection: stored_run(connection, workflow_id))
        return RunJournal(
            self._store, workflow_id, stored, waits=self._waits, listener=self._listener
        )

    # Listing and completing

    def started_with(self, workflow_id: str) -> tuple[WorkflowDefinition, RunOptions]:
        """Return the definition and the options of a run, or of the outermost run around it.

        Raises `JournalError`.
        """
        run_id = self.run(workflow_id).outermost
        plan, input_text = self._plan_and_input(run_id)
        return started_with(*self._whole.get(run_id, (plan, parse(input_text))))

    def take(self, workflow_id: str, definition: WorkflowDefinition, options: RunOptions) -> None:
        """Take *definition* and *options* for those of the run, which are stored with masks."""
        self._whole[workflow_id] = plan_of(definition, options), options.input

    def lacking(self, workflow_id: str) -> list[str]:
        """Return the parts of a run that are stored with masks, and that this process does not
        have whole.

        They are members of its plan, nested definitions as `definitions/<name>`, and `input`.
        """
        run_id = self.run(workflow_id).outermost
        return self._lacking(run_id, *self._plan_and_input(run_id))

    def _lacking(self, run_id: str, plan: Mapping[str, Any], input_text: str) -> list[str]:
        if run_id in self._whole:
            return []
        masked_parts = plan.get("lacksSecrets")
        if isinstance(masked_parts, list):
            # Any part may have such a mask of its own, so that a mask alone tells nothing.
            return masked_parts
        # Older journals only tell whether there are masks (true or false), or not even that.
        nested = [f"definitions/{name}" for name in plan["definitions"]]
        parts = ["definition", *nested, "environment"] if masked_parts else []
        return [*parts, "input"] if MASK in input_text else parts

    def _plan_and_input(self, workflow_id: str) -> tuple[dict[str, Any], str]:
        run = self.run(workflow_id)
        plan, input_text = self._store.do(
            lambda connection: connection.execute(
                "SELECT plan, input FROM run WHERE id = ?", (run.outermost,)
            ).fetchone()
        )
        return parse(plan), input_text

    def operator_words(self, workflow_id: str) -> list[str]:
        """Return the operator's options of a run, or of the outermost run around it, as words of a
        command line; without the proxy, because the journal does not have its URL.
        """
        options = dict(self._plan_and_input(workflow_id)[0].get("operator") or {})
        options.pop("--proxy", None)
        return missing_options(options, {})

    def note_exchange(self, workflow_id: str, key: tuple[str, int], value: Any) -> None:
        """Queue the exchange of the visit *key* of a run: *value* is JSON without secrets.

        A run keeps its latest 200 exchanges.
        """
        text = _text(value)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO exchange (run, task, visit, value)"
                " SELECT number, ?, ?, ? FROM run WHERE id = ?",
                (*key, text, workflow_id),
            )
            connection.execute(_REMOVE_OLD_EXCHANGES, (workflow_id, MOST_EXCHANGES))

        self._store.note(change)

    def exchange(self, workflow_id: str, key: tuple[str, int]) -> Any:
        """Return the exchange of the visit *key* of a run; None if it is not stored."""
        row = self._store.do(
            lambda connection: connection.execute(
                "SELECT value FROM exchange JOIN run ON run.number = exchange.run"
                " WHERE id = ? AND exchange.task = ? AND exchange.visit = ?",
                (workflow_id, *key),
            ).fetchone()
        )
        return parse(row[0]) if row is not None else None

    def summaries(self) -> list[KeptRun]:
        """Return the runs as `runs` does, with their tasks, but without inputs and outputs."""
        return [self._with_holder(run) for run in self._store.do(summarised)]

    def keep_latest(self, count: int) -> None:
        """Remove all runs except the latest *count*, and the runs that a process is running."""
        old = [run for run in self.summaries()[count:] if run.holder is None]
        numbers = [(run.number,) for run in old]
        self._store.do(
            lambda connection: connection.executemany("DELETE FROM run WHERE number = ?", numbers)
        )
        for run in old:
            self._whole.pop(run.workflow_id, None)

    def runs(self) -> list[KeptRun]:
        """Return all runs except nested ones, the latest one first."""
        return [self._with_holder(run) for run in self._store.do(listed)]

    def run(self, workflow_id: str) -> KeptRun:
        """Return the run whose id is, or begins with, *workflow_id*. Raises `JournalError`."""
        return self._with_holder(
            self._store.do(lambda connection: look_up(connection, workflow_id, self.path))
        )

    def _with_holder(self, run: KeptRun) -> KeptRun:
        """Return *run* with the process that holds its lock; without one, it is `Interrupted`.

        The lock of a nested run is the lock of the outermost run.
        """
        if run.status not in ("Running", "Waiting"):
            return run
        holder = RunLock(self.path, run.outermost).holder()
        status = run.status if holder is not None else "Interrupted"
        return replace(run, status=status, holder=holder)

    def complete(
        self, workflow_id: str, task: str, signal: Signal, item: int | None = None
    ) -> None:
        """Give *signal* to the waiting *task* of a run; with `forEach`, to its item *item*.

        A process that is running the run continues within a second; otherwise the run continues
        when it is resumed. Raises `JournalError` if the task or item does not wait for a signal.
        """
        self._store.do(
            lambda connection: give(
                connection,
                look_up(connection, workflow_id, self.path),
                task,
                item,
                _text(signal.to_json()),
            )
        )


_FROM_FILE = "go on in the designer, which takes them from the file of the"
_REMEDIES = {
    "definition": ("definition", f"{_FROM_FILE} definition"),
    "definitions": ("nested definitions", f"{_FROM_FILE} nested definition"),
    "environment": ("environment", f"{_FROM_FILE} environment"),
    "pins": ("pins", f"{_FROM_FILE} pins"),
    "variables": ("variables", "start a new run with them"),
    "input": ("input", "go on in the designer, which takes them from the sample input"),
}
"""The name of each part of a run that may lack secrets, and what to do."""


def _text(value: Any) -> str:
    return dump(value, compact=True)
