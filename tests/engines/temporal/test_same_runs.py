"""A definition runs on Temporal as it does in the embedded engine."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import Any

import pytest

from engine_definitions import CASES, Case, api, at, flow, get, name_and_item
from httptask.engines import arun_workflow
from httptask.engines.callbacks import receiving
from httptask.engines.temporal._arguments import TaskSignal
from httptask.engines.temporal._receiver import CallbackServer
from httptask.model.workflow import Signal, WorkflowRun
from tasks import runtime
from temporal_worlds import Handle, TemporalWorld

SECRET = b"a secret of the workers of a test"

_OWN = {
    "elapsedSeconds",
    "endedAt",
    "workflowId",
    "waitUntil",
    "state",
    "headers",
    "uuid",
    "run",
    "until",
}
"""Members that differ from run to run. Of a run inside, Temporal's history has the tasks."""


class Desk:
    """Somebody outside, who gives *outputs* to the tasks that wait."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self._outputs = outputs

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        which = task if item is None else f"{task}.{item}"
        if which not in self._outputs:  # somebody calls it
            await asyncio.get_running_loop().create_future()
        return Signal(self._outputs[which])

    def of_run(self, workflow_id: str) -> Desk:
        return self


def embedded(case: Case, url: str) -> WorkflowRun:
    async def main() -> WorkflowRun:
        receiver = receiving("127.0.0.1", 0, SECRET)
        async with runtime() as shared, receiver as callbacks:
            return await arun_workflow(
                at(case.definition, url),
                case.given,
                definitions=at(case.definitions, url),
                signals=Desk(case.signals),
                callbacks=callbacks,
                pins=case.pins,
                runtime=shared,
            )

    return asyncio.run(main())


def on_temporal(case: Case, url: str, world: TemporalWorld) -> WorkflowRun:
    async def give(handle: Handle) -> None:
        for which, output in case.signals.items():
            task, item = name_and_item(which)
            await handle.signal("complete_task", TaskSignal(task, output=output, item=item))

    world.callbacks = CallbackServer(SECRET, None, "127.0.0.1")
    definition, others = at(case.definition, url), at(case.definitions, url)
    return world.run(definition, case.given, give, definitions=others, pins=case.pins)


def compared(value: Any) -> Any:
    """Return the JSON *value* without what differs from run to run."""
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if name not in _OWN}
        if "failureRun" in value:
            value["failureRun"] = {**value["failureRun"], "tasks": None}
        return {name: compared(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return [compared(one) for one in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"http://127\.0\.0\.1:\d+", "", value)  # of the API, and of a receiver


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_both_engines_come_to_the_same_end(case: Case, temporal_address: str) -> None:
    """Status, output, error and the history of tasks are the same, numbers digit for digit; a
    request is sent as often.
    """
    ends, requests = [], []
    for run in (
        lambda url: embedded(case, url),
        lambda url: on_temporal(case, url, TemporalWorld(temporal_address)),
    ):
        with api() as server:
            ended = run(server.url)
            ends.append(compared(ended.to_json()))
            requests.append(len(server.received))
    assert ends[0]["status"] == case.status
    for end in ends:  # side by side, tasks end in any order
        end["tasks"].sort(key=lambda task: (task["name"], task["visit"], task["status"]))
    assert json.dumps(ends[1], indent=1) == json.dumps(ends[0], indent=1)
    assert requests[1] == requests[0]


def test_an_activity_is_given_what_its_task_reads(temporal_address: str) -> None:
    """Not all that came before: a history grows with each task alike, however many there are."""
    tasks = {
        "A": get("/things/1", nextTask="B"),
        "B": get("/things/2", nextTask="C"),
        "C": get("/things/3", inputParameters={"was": "${$.tasks['A'].output.statusCode}"}),
    }
    world = TemporalWorld(temporal_address)
    with api() as server:
        run = world.run(at(flow("A", tasks), server.url), {"large": "x" * 1000})
    assert run.tasks[-1].input == {"was": 200}
    given = [
        json.loads(base64.b64decode(payload["data"]))
        for event in json.loads(world.history)["events"]
        if event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"
        for payload in event["activityTaskScheduledEventAttributes"]["input"]["payloads"]
    ]
    assert [one.get("tasks") for one in given] == [
        None,
        None,
        {"A": {"output": {"statusCode": 200}}},
    ]
    assert not any("input" in one for one in given)


_SIBLINGS = {
    "output.bdoy.path": "`$.tasks.A.output` has no name 'bdoy'; known: statusCode, ",
    "output.body.paht": "`$.tasks.A.output.body` has no name 'paht'; known: path, method, key",
}


@pytest.mark.parametrize("path", _SIBLINGS)
def test_a_missing_name_is_told_with_the_names_beside_it(path: str, temporal_address: str) -> None:
    """Although an activity is given only what its task reads: the sentence is the same."""
    reader = get("/things/2", inputParameters={"was": f"${{$.tasks['A'].{path}}}"})
    case = Case(flow("A", {"A": get("/things/1", nextTask="B"), "B": reader}))
    with api() as server:
        runs = [
            embedded(case, server.url),
            on_temporal(case, server.url, TemporalWorld(temporal_address)),
        ]
    first, second = (str(run.error) for run in runs)
    assert second == first
    assert _SIBLINGS[path] in second
