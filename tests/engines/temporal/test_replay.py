"""Runs that an earlier version began go on on this one: their histories are replayed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from engine_definitions import CASES
from httptask.engines.temporal import HttpTaskPlugin
from httptask.engines.temporal._carried import unpacked
from httptask.engines.temporal._tasks import _failure
from httptask.model.workflow import Step
from places import TESTS
from temporal_recordings import FOLDER, RECORDINGS, unpack_values

HISTORIES = sorted(FOLDER.glob("*.json"))

_EVENTS = {
    *("ACTIVITY_TASK_CANCEL_REQUESTED", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT"),
    *("CHILD_WORKFLOW_EXECUTION_CANCELED", "CHILD_WORKFLOW_EXECUTION_FAILED"),
    *("MARKER_RECORDED", "TIMER_CANCELED", "TIMER_FIRED"),
    *("WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_UPDATE_COMPLETED"),
    *("WORKFLOW_EXECUTION_CANCELED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"),
}
"""What may happen to a run, by the server's names of its events."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files with the large values to which histories refer."""
    folder = tmp_path_factory.mktemp("files")
    unpack_values(folder)
    return folder


@pytest.fixture(autouse=True)
def _named(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPTASK_FILES", str(files))


def replay(text: str) -> None:
    """Replay the history *text*. Raises when the workflow does something else now."""
    began = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]

    async def main() -> None:
        history = WorkflowHistory.from_json(began["workflowId"], text)
        await Replayer(workflows=[], plugins=[HttpTaskPlugin()]).replay_workflow(history)

    asyncio.run(main())


def test_every_feature_has_a_history() -> None:
    """A new one is recorded by `python tests/support/temporal_record.py`."""
    recorded = {name for names in RECORDINGS for name in names}
    assert {path.stem for path in HISTORIES} == set(CASES) | recorded
    texts = [path.read_text("utf-8") for path in HISTORIES]
    for event in _EVENTS:
        assert any(f'"EVENT_TYPE_{event}"' in text for text in texts), event
    # A large value is a reference in the events that begin a run, schedule a task and end it.
    (references,) = (path for path in HISTORIES if path.stem == "large-values")
    assert len(re.findall('"externalPayloads"', references.read_text("utf-8"))) > 2
    carried = unpacked(carried_into(FOLDER / "long-fork-goes-on.json"))
    assert carried.items.to_json()
    assert carried.items.turns_to_json()
    assert carried.pages.to_json()
    assert carried.signals


def carried_into(path: Path) -> Any:
    """Return the state with which the history *path* begins, from the one before."""
    began = json.loads(path.read_text("utf-8"))["events"][0]
    payload = began["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]
    return json.loads(b64decode(payload["data"]))["carried"]


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_stored_history_replays(path: Path) -> None:
    """A change that breaks running workflows fails here first."""
    replay(path.read_text("utf-8"))


def test_a_workflow_that_does_something_else_does_not_replay() -> None:
    """The test above can fail: here a history has another activity."""
    text = (FOLDER / "chain.json").read_text("utf-8")
    assert '"http_task"' in text
    with pytest.raises(workflow.NondeterminismError):
        replay(text.replace('"http_task"', '"another"'))


@pytest.mark.parametrize(("is_patched", "kind"), [(True, "connection"), (False, "task")])
def test_a_failure_of_a_worker_has_the_class_of_its_history(
    is_patched: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A route of `onError` by this class is taken in a replay as it was before."""
    monkeypatch.setattr(workflow, "patched", lambda name: is_patched)
    step = Step("A", 1, "/tasks/A", {"type": "Http"})
    ran = _failure(ApplicationError("a fault of the worker"), step, sends=True)
    assert ran.error["kind"] == kind


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
