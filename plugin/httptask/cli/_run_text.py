"""Format a run for a terminal: a line for each task, and the result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import dump
from httptask._visible import exact, in_line
from httptask.cli._items import failed_lines, items_text
from httptask.cli._job import job_line
from httptask.cli._output import emit, note
from httptask.cli._pages import summary_line

if TYPE_CHECKING:
    from httptask.model.workflow import WorkflowRun


def maybe_delivered(run: WorkflowRun) -> str:
    """Return a sentence naming the tasks of the stopped *run* whose request may have arrived,
    or "".
    """
    names = [
        repr(task.name) for task in run.tasks if task.error and task.error.get("maybeDelivered")
    ]
    return f"the server may have got the request of {' and '.join(names)}" if names else ""


def emit_run(
    arguments: argparse.Namespace,
    run: WorkflowRun,
    value: dict[str, Any],
) -> None:
    """Print *run*; *value* is its JSON without secrets."""
    if not arguments.json:
        for task in value["tasks"]:
            if task["status"] == "InProgress":
                note(task_line(task))
    emit(arguments, value, _run_text(run, value))


def task_line(task: Mapping[str, Any]) -> str:
    """Return a line on the result of *task* (JSON), followed by lines for its notes."""
    failed = f": {task['error'].get('message')}" if task.get("error") else ""
    output = task.get("error") or task.get("output")
    summary = ""
    if task["type"] == "Http" and isinstance(output, dict):
        summaries = [(output.get("pages"), summary_line), (output.get("job"), job_line)]
        summary = "".join(
            f"\n           {describe(value)}" for value, describe in summaries if value
        )
    if task.get("items"):
        summary = f"\n           {items_text(task['items'])}"
    line = (
        f"{task['status']:<10} {exact(task['name'])} ({task['type']}, {task['elapsedSeconds']:.3f}"
        f" s{', pinned' if task.get('pinned') else ''}){failed}{summary}"
    )
    notes = [*failed_lines(task), *task.get("notes", ())]
    return "\n".join([line, *(f"{'':<10} {in_line(text)}" for text in notes)])


def _run_text(run: WorkflowRun, value: Mapping[str, Any]) -> str:
    where = f" in the environment {run.environment}" if run.environment else ""
    name = exact(run.definition or "the workflow")
    lines = [f"{run.status}: {name}{where} in {run.elapsed_seconds:.3f} s"]
    if value.get("error"):
        lines.append(f"error: {_shortened(value)}")
    if value.get("output") is not None:
        lines += ["output:", dump(value["output"], indent=2)]
    if run.failure_run is not None:
        lines.append(f"failure workflow {run.failure_run.definition}: {run.failure_run.status}")
    return "\n".join(lines)


def _shortened(value: Mapping[str, Any]) -> str:
    """Return the error of the run *value*.

    If stdout and stderr are both terminals, the lines of tasks are visible too, and a message that
    one of them shows is left out.
    """
    error = str(value["error"])
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        return error
    for task in reversed(value["tasks"]):
        message = (task.get("error") or {}).get("message")
        if message and f": {message}" in error:
            return error.replace(f": {message}", "", 1)
    return error
