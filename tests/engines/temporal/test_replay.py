"""Runs that an earlier version began go on on this one: their histories are replayed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from engine_definitions import CASES
from httptask.engines.temporal import HttpTaskPlugin
from places import DATA, TESTS

HISTORIES = sorted((DATA / "temporal").glob("*.json"))


def replay(text: str) -> None:
    """Replay the history *text*. Raises when the workflow does something else now."""
    began = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]

    async def main() -> None:
        history = WorkflowHistory.from_json(began["workflowId"], text)
        await Replayer(workflows=[], plugins=[HttpTaskPlugin()]).replay_workflow(history)

    asyncio.run(main())


def test_every_feature_has_a_history() -> None:
    """A new one is recorded by `python tests/support/temporal_record.py`."""
    names = {path.stem for path in HISTORIES}
    assert set(CASES) <= names
    assert {name for name in names if name.startswith("long-")}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_stored_history_replays(path: Path) -> None:
    """A change that breaks running workflows fails here first."""
    replay(path.read_text("utf-8"))


def test_a_workflow_that_does_something_else_does_not_replay() -> None:
    """The test above can fail: here a history has another activity."""
    text = (DATA / "temporal" / "chain.json").read_text("utf-8")
    assert '"http_task"' in text
    with pytest.raises(workflow.NondeterminismError):
        replay(text.replace('"http_task"', '"another"'))


def test_the_sandbox_executes_no_module_anew() -> None:
    """Of no feature: it would do so for each run, and refuses what threads need. A process that has
    imported nothing before tells, as a worker does.
    """
    script = TESTS / "support" / "sandboxed_modules.py"
    process = subprocess.run([sys.executable, script, *HISTORIES], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    assert set(told) == {path.stem for path in HISTORIES}
    anew = {name for replay in told.values() for name in replay["modules"]}
    assert anew == {"__main__"}  # the sandbox's own, and empty


def test_histories_hold_nothing_of_a_machine() -> None:
    """Neither stack traces nor processes, which name places."""
    for path in HISTORIES:
        value: Any = json.loads(path.read_text("utf-8"))
        text = json.dumps(value)
        assert "stackTrace" not in text, path
