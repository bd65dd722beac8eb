"""`runs`, `status`, `complete`: the runs in a journal, and the tasks that wait."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import JsonError, dump, parse
from httptask._visible import in_line
from httptask.cli import _temporal
from httptask.cli._items import waiting_lines
from httptask.cli._output import CommandError, command, emit, note, table
from httptask.cli._run_text import task_line
from httptask.cli._temporal import EMBEDDED, TEMPORAL, engine_option

if TYPE_CHECKING:
    from httptask.cli._output import Commands
    from httptask.engines import Journal, KeptRun
    from httptask.engines.journal import GateListener
    from httptask.model.workflow import Signal

ENVIRONMENT = "HTTPTASK_JOURNAL"
"""The environment variable with the journal's file, if `--journal` is not given."""

_INDEX = re.compile("[0-9]{1,9}", re.ASCII)

_FILE_NAME = re.compile(r"/|\\|\.[A-Za-z0-9]{1,8}$")
"""What a file's name has and a word does not: a separator, or an extension at its end."""

STATUSES = ("Running", "Waiting", "Interrupted", "Completed", "Failed", "TimedOut")


def journal_option(
    parser: argparse.ArgumentParser,
    meaning: str = "the file that keeps the runs",
) -> None:
    """Add `--journal` to *parser*; *meaning* begins its help."""
    parser.add_argument(
        "--journal",
        metavar="FILE",
        help=f"{meaning} (environment: {ENVIRONMENT}; default: none)",
    )


def journal_named(arguments: argparse.Namespace) -> str | None:
    """Return the journal's file named in *arguments* or the environment, or None."""
    name: str | None = arguments.journal
    if name is not None:
        return name
    return os.environ.get(ENVIRONMENT) or None


def option_words(arguments: argparse.Namespace) -> list[str]:
    """Return the options by which another command finds the runs of this one."""
    if getattr(arguments, "engine", EMBEDDED) == TEMPORAL:
        return ["--engine", TEMPORAL]
    if arguments.journal is None:
        return []
    return ["--journal", arguments.journal]


def named_journal(
    arguments: argparse.Namespace,
    *,
    is_new: bool = True,
    waits: GateListener | None = None,
) -> Journal:
    """Open the journal that is named. With *is_new*, the file may be created.

    *waits* is called for tasks that begin to wait for somebody. Raises `CommandError` if no journal
    is named, and `JournalError`.
    """
    from httptask.engines import Journal

    name = journal_named(arguments)
    if not name:
        raise CommandError(f"which journal? name its file with --journal FILE or {ENVIRONMENT}")
    if not is_new and not Path(name).expanduser().exists():
        raise CommandError(f"there is no journal {name}; httptask run --journal {name} makes one")
    return Journal(name, waits=waits)


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_runs(commands)
    _add_status(commands)
    _add_complete(commands)


def _add_runs(commands: Commands) -> None:
    runs = command(
        commands,
        "runs",
        "list the runs of a journal, the latest one first",
        "httptask runs --journal runs.sqlite3 --status Interrupted",
        catalogue=False,
    )
    journal_option(runs)
    runs.add_argument("--status", choices=STATUSES, help="only runs with this status")
    runs.set_defaults(run=run_runs)


def _add_status(commands: Commands) -> None:
    status = command(
        commands,
        "status",
        "show a run of a journal with its tasks",
        "httptask status 3f2a --journal runs.sqlite3",
        catalogue=False,
    )
    _run_argument(status)
    engine_option(status, ("embedded", TEMPORAL), "embedded")
    journal_option(status)
    status.set_defaults(run=run_status)


def _add_complete(commands: Commands) -> None:
    complete = command(
        commands,
        "complete",
        "complete a task that waits for a person or another program",
        "httptask complete 3f2a Approve --output '{\"approved\": true}'",
        catalogue=False,
    )
    _run_argument(complete)
    complete.add_argument("task", metavar="TASK", help="the name of the task")
    complete.add_argument(
        "--item",
        type=_index,
        metavar="NUMBER",
        help=(
            "the item of a task with forEach, counted from 0; the command status lists those that"
            " wait"
        ),
    )
    engine_option(complete, ("embedded", TEMPORAL), "embedded")
    journal_option(complete)
    complete.add_argument(
        "--output",
        metavar="FILE|JSON",
        help="the task's output: JSON, a file with it, or - for standard input",
    )
    complete.add_argument(
        "--error",
        metavar="TEXT|JSON",
        help="let the task fail instead: the message, or an object with a message",
    )
    complete.set_defaults(run=run_complete)


def _run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the id of the run, or its beginning")


def _index(text: str) -> int:
    """Parse *text* as the index of an item."""
    if not _INDEX.fullmatch(text):
        raise argparse.ArgumentTypeError(f"an item is its number, from 0, not {text[:40]!r}")
    return int(text)


def run_runs(arguments: argparse.Namespace) -> int:
    """List the runs."""
    with named_journal(arguments, is_new=False) as journal:
        runs = [run for run in journal.runs() if arguments.status in (None, run.status)]
    rows = [("ID", "STATUS", "STARTED", "LAST CHANGE", "DEFINITION", "AT")] if runs else []
    rows += [
        (
            run.workflow_id,
            run.status,
            run.began_at,
            run.changed_at,
            run.definition,
            ", ".join(task.name for task in run.under_way),
        )
        for run in runs
    ]
    # Without tasks and outputs, which may be large: `status` shows those of one run.
    emit(arguments, [_summary(run.to_json()) for run in runs], table(rows) or "no runs")
    return 0


def _summary(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in run.items()
        if value is not None and name not in ("tasks", "output")
    }


def run_status(arguments: argparse.Namespace) -> int:
    """Show a run."""
    if arguments.engine == TEMPORAL:
        return _temporal.run_status(arguments)
    with named_journal(arguments, is_new=False) as journal:
        run = journal.run(arguments.id)
    emit(arguments, run.to_json(), _run_text(run))
    return 0


def _run_text(run: KeptRun) -> str:
    title = run.definition or "the workflow"
    lines = [f"{run.status}: {title}, run {run.workflow_id}"]
    if run.inside is not None:
        lines.append(f"inside the run {run.inside}")
    if run.holder is not None:
        lines.append(f"run by {run.holder}")
    lines.append(f"began {run.began_at}, last change {run.changed_at}")
    lines += [task_line(_shown(task.to_json())) for task in run.tasks]
    lines += [f"inside it: the run {inner}" for inner in run.runs]
    if run.ended.get("error"):
        lines.append(f"error: {run.ended['error']}")
    if run.ended.get("output") is not None:
        lines += ["output:", dump(run.ended["output"], indent=2)]
    return "\n".join(lines)


def _shown(task: dict[str, Any]) -> dict[str, Any]:
    """Return *task* with notes for what its line does not show."""
    notes = list(task.get("notes", ()))
    output = task.get("output")
    if output is None:
        output = task.get("error")
    attempts = output.get("attempts") if isinstance(output, dict) else None
    if isinstance(attempts, int) and attempts > 1:
        notes.append(f"{attempts} attempts")
    if task["status"] == "Waiting":
        time_text = f"until {task['waitUntil']}" if "waitUntil" in task else ""
        person_text = "for somebody outside" if task.get("awaitsSignal") else ""
        notes.append("waits " + ", or ".join(filter(None, [person_text, time_text])))
    notes += waiting_lines(task.get("items"))
    return {**task, "notes": notes}


def run_complete(arguments: argparse.Namespace) -> int:
    """Complete a waiting task."""
    from httptask.model.workflow import Signal

    if arguments.output is not None and arguments.error is not None:
        raise CommandError("a task is completed with --output, or failed with --error: give one")
    if arguments.error is not None:
        signal = Signal(error=_error(arguments.error))
    else:
        signal = Signal(_output(arguments.output))
    if arguments.engine == TEMPORAL:
        _temporal.complete(arguments, signal)
        _emit_completed(arguments, arguments.id, signal)
        return 0
    with named_journal(arguments, is_new=False) as journal:
        journal.complete(arguments.id, arguments.task, signal, arguments.item)
        run = journal.run(arguments.id)
        operator = journal.operator_words(run.workflow_id)
    _emit_completed(arguments, run.workflow_id, signal)
    if run.holder is None and not arguments.json:
        words = ["httptask", "resume", run.outermost, *option_words(arguments), *operator]
        note(f"no process runs it: {in_line(shlex.join(words))} goes on")
    return 0


def _emit_completed(
    arguments: argparse.Namespace,
    workflow_id: str,
    signal: Signal,
) -> None:
    item = arguments.item
    which = {} if item is None else {"item": item}
    value = {
        "workflowId": workflow_id,
        "task": arguments.task,
        **which,
        **signal.to_json(),
    }
    whose = f"the task {arguments.task!r} of the run {workflow_id}"
    whose = whose if item is None else f"the item {item} of {whose}"
    emit(arguments, value, f"{'failed' if signal.error is not None else 'completed'}: {whose}")


def _output(argument: str | None) -> Any:
    """Return the JSON in *argument*, or in the file that *argument* names."""
    if argument is None:
        return None
    if argument == "-":
        return _json(sys.stdin.buffer.read(), "standard input")
    path = Path(argument)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # JSON text may be no valid file name
        is_file = False
    try:
        if is_file:
            return _json(path.read_bytes(), argument)
        return parse(argument.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise CommandError(f"{argument}: cannot be read: {error.strerror}") from error
    except JsonError as error:
        raise CommandError(f"--output: {_advice(argument, error)}") from error


def _json(data: bytes, source: str) -> Any:
    try:
        return parse(data)
    except JsonError as error:
        raise CommandError(f"{source}: not JSON: {error}") from error


def _advice(argument: str, error: JsonError) -> str:
    """Return what is wrong with *argument*, which is neither a file nor JSON, and what to write."""
    if argument[:1] in ("{", "[", '"'):
        return f"not JSON: {error}"
    if _FILE_NAME.search(argument):
        return f"there is no file {argument!r}, and it is not JSON"
    text = shlex.quote(dump(argument))
    return f"{argument!r} is not JSON; as a text, write it in double quotes: --output {text}"


def _error(argument: str) -> dict[str, Any]:
    """Return the error in *argument*: a JSON object, or else its message."""
    try:
        value = parse(argument)
    except JsonError:
        value = argument
    if isinstance(value, dict):
        return value
    return {"message": argument}


def interrupted_run(journal: Journal, workflow_id: str | None) -> str:
    """Return the id of the run to resume: the one named, or the only interrupted one.

    Raises `CommandError` if the choice is not clear.
    """
    if workflow_id is not None:
        return journal.run(workflow_id).workflow_id
    runs = [run for run in journal.runs() if run.status == "Interrupted"]
    if len(runs) == 1:
        return runs[0].workflow_id
    if not runs:
        raise CommandError("no run of the journal was interrupted: there is nothing to go on with")
    lines = [f"  {run.workflow_id}  {run.definition}, began {run.began_at}" for run in runs]
    raise CommandError("\n".join(["several runs were interrupted; name one of them:", *lines]))
