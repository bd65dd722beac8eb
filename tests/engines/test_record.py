"""The record of a run, rebuilt from its history by whoever goes on with it."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from httptask.engines._record import RunRecord
from httptask.model.task import Inputs
from httptask.model.workflow import Step, TaskOutcome, TaskRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of
from worlds import do, workflow

BEGAN = "2030-01-31T12:00:00.000Z"

LOOP = {
    "type": "Decision",
    "choices": [{"condition": "$ < 3", "nextTask": "A"}],
    "defaultTask": "F",
}
FORK = {
    "type": "Parallel",
    "nextTask": "End",
    "branches": [
        {"startTask": "L1", "tasks": {"L1": do(nextTask="L2"), "L2": do(end=True)}},
        {"startTask": "R1", "tasks": {"R1": do(end=True)}},
    ],
}
DEFINITION = definition_of(
    workflow("A", {"A": do(nextTask="Again?"), "Again?": LOOP, "F": FORK, "End": do(end=True)})
)


class Time:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat(BEGAN)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def record(noted: list[TaskRun]) -> RunRecord:
    return RunRecord(
        DEFINITION,
        RunOptions(input=0),
        steps=100,
        clock=lambda: 0.0,
        workflow_id="run",
        now=Time(),
        began_at=BEGAN,
        noted=noted.append,
    )


def known(inputs: Inputs) -> Any:
    return json.loads(json.dumps({**inputs.to_json(), "tasks": dict(sorted(inputs.tasks.items()))}))


def outcome(step: Step) -> TaskOutcome:
    if step.definition["type"] == "Decision":
        return TaskOutcome(next_task="A" if step.visit < 3 else "F")
    return TaskOutcome(output=step.visit)


def lived() -> tuple[list[TaskRun], list[tuple[int, dict[Any, Any]]], Any]:
    """Live a run; return its history, and for each moment how long that was, and what the tasks
    under way knew, and the run's end.
    """
    noted: list[TaskRun] = []
    live = record(noted)
    moments = []
    under_way: dict[Any, Any] = {}
    progress = live.begin()
    queue: deque[Step] = deque(progress.steps)
    while progress.status == "Running" or queue:
        step = queue.popleft()
        under_way[step.key] = known(live.start(step))
        moments.append((len(noted), dict(under_way)))
        if len(queue) and step.name == "L1":
            queue.append(step)
            continue
        progress = live.complete(step, outcome(step))
        del under_way[step.key]
        queue.extend(progress.steps)
        moments.append((len(noted), dict(under_way)))
    return noted, moments, live.ended(progress).to_json()


@pytest.mark.parametrize("has_starts", [True, False])
def test_a_record_is_rebuilt_at_any_moment(has_starts: bool) -> None:
    """A task under way knows what it knew, names of the run included, and the run ends as it did.
    A history without starts is enough for a run that does one task after another.
    """
    noted, moments, end = lived()
    assert len(moments) > 15
    for length, under_way in moments:
        history = [
            TaskRun.from_json(json.loads(json.dumps(run.to_json()))) for run in noted[:length]
        ]
        if not has_starts:
            history = [run for run in history if run.status != "InProgress"]
        later: list[TaskRun] = []
        again = record(later)
        progress = again.resumed(history)
        steps = {step.key: step for step in progress.steps}
        if has_starts:
            assert under_way.keys() <= steps.keys()
            for key, inputs in under_way.items():
                assert known(again.start(steps[key])) == inputs
            assert later == []
        queue = deque(progress.steps)
        while progress.status == "Running":
            step = queue.popleft()
            again.start(step)
            progress = again.complete(step, outcome(step))
            queue.extend(progress.steps)
        ended = again.ended(progress).to_json()
        assert (ended["status"], ended["output"]) == (end["status"], end["output"])
        visits = [(task["name"], task["visit"], task.get("output")) for task in ended["tasks"]]
        assert sorted(map(str, visits)) == sorted(
            str((task["name"], task["visit"], task.get("output"))) for task in end["tasks"]
        )


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    """A run resumed on a clock that is behind has taken no time, rather than less than none."""
    early = datetime(2029, 1, 1, tzinfo=UTC)
    rebuilt = RunRecord(
        DEFINITION, RunOptions(), steps=9, clock=lambda: 0.0, now=lambda: early, began_at=BEGAN
    )
    assert rebuilt.seconds_since_began == 0
