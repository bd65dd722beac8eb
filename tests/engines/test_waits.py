"""`Wait` tasks, and the values that are fixed for a visit."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from httptask import hookimpl
from httptask.engines import arun_workflow
from httptask.engines._record import RunRecord
from httptask.engines.embedded import Clock, EmbeddedEngine
from httptask.model.task import Inputs
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowDefinition, WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import RunOptions, TaskCall
from httptask.task import Runtime
from httptask.workflow import RunState
from worlds import World, do, workflow

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


class QuickClock(Clock):
    """A clock on which waits pass at once."""

    def __init__(self) -> None:
        self.time = NOON
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.time

    async def wait_until(self, time: datetime) -> None:
        self.waits.append((time - self.time).total_seconds())
        self.time = max(self.time, time)


def run(
    tasks: dict[str, Any], given: Any = None, clock: Clock | None = None, **behaviours: Any
) -> WorkflowRun:
    """Run *tasks* on an engine with a clock of its own."""
    world = World(**behaviours)

    class Engines:
        @hookimpl
        def httptask_engines(self) -> list[Any]:
            engine = EmbeddedEngine(clock or QuickClock())
            engine.name = "quick"
            return [engine]

    async def main() -> WorkflowRun:
        plugins = plugin_manager(world, Engines(), entry_points=False)
        async with Runtime(plugins=plugins) as runtime:
            definition = workflow(next(iter(tasks)), tasks)
            return await arun_workflow(definition, given, runtime=runtime, engine="quick")

    return asyncio.run(main())


def wait(**fields: Any) -> dict[str, Any]:
    return {"type": "Wait", "nextTask": "End", **fields}


END = do(end=True, give="${$.tasks['W'].output.until}")


@pytest.mark.parametrize(
    ("fields", "given", "seconds"),
    [
        ({"seconds": 90}, None, 90),
        ({"seconds": 0.5}, None, 0.5),
        ({"seconds": "${$.input.pause}"}, {"pause": 7}, 7),
        ({"seconds": "${jsonata: input.pause * 2}"}, {"pause": 7}, 14),
        ({"until": "2030-01-31T13:00:00+01:00"}, None, 0),
        ({"until": "2030-01-31T12:01:00Z"}, None, 60),
        ({"until": "2030-01-31t12:01:00.250z"}, None, 60.25),
        ({"until": "${$.input.at}"}, {"at": "2030-01-31T12:00:30-00:00"}, 30),
        ({"until": "2029-01-01T00:00:00Z", "seconds": None}, None, -34171200),
    ],
)
def test_a_wait_lasts_as_long_as_it_says(fields: Any, given: Any, seconds: float) -> None:
    """Seconds from the moment the run got there, or a time, which may have passed."""
    clock = QuickClock()
    ended = run({"W": wait(**fields), "End": END}, given, clock)
    assert clock.waits == [seconds]
    assert datetime.fromisoformat(ended.output) == NOON + timedelta(seconds=seconds)
    assert [task.status for task in ended.tasks] == ["Waiting", "Completed", "Completed"]


@pytest.mark.parametrize(
    ("fields", "value", "says"),
    [
        (
            {"seconds": "${$.input}"},
            "5",
            'expected seconds, a number from 0 to 316224000, found "5"',
        ),
        ({"seconds": "${$.input}"}, -1, "found -1"),
        ({"seconds": "${$.input}"}, True, "found true"),
        ({"seconds": "${$.input}"}, 1e12, "from 0 to 316224000"),
        ({"until": "${$.input}"}, "tomorrow", "expected a time with its offset, such as 2030"),
        ({"until": "${$.input}"}, "2030-01-31T12:00:00", "with its offset"),
        ({"until": "${$.input}"}, 1893456000, "found 1893456000"),
        ({"until": "${$.input}"}, {}, "found an object"),
    ],
)
def test_what_is_no_time_fails_the_wait(fields: Any, value: Any, says: str) -> None:
    """The failure has the class `settings` and the place, and `onError` can take it."""
    ended = run({"W": wait(**fields), "End": END}, value)
    assert ended.status == "Failed"
    (problem,) = (ended.tasks[0].error or {})["problems"]
    assert problem["pointer"] == f"/tasks/W/{next(iter(fields))}"
    assert says in problem["message"]
    route = [{"errors": ["settings"], "nextTask": "End"}]
    caught = run({"W": wait(**fields, onError=route), "End": do(end=True)}, value)
    assert caught.status == "Completed"


def test_a_loop_that_waits_goes_round() -> None:
    """Each visit of a Wait in a loop waits anew."""

    async def count(call: TaskCall) -> TaskOutcome:
        return TaskOutcome({"n": call.visit})

    choices = [{"condition": "$.n >= 3", "nextTask": "End"}]
    tasks = {
        "A": do(nextTask="D"),
        "D": {"type": "Decision", "choices": choices, "defaultTask": "W"},
        "W": wait(seconds=5, nextTask="A"),
        "End": do(end=True),
    }
    clock = QuickClock()
    assert run(tasks, clock=clock, A=count).status == "Completed"
    assert clock.waits == [5, 5]
    assert clock.time == NOON + timedelta(seconds=10)


def test_a_wait_is_no_longer_than_its_run_and_can_be_cancelled() -> None:
    """`timeoutSeconds` ends it, and so does whoever cancels the run."""
    definition = workflow("W", {"W": wait(seconds=1000), "End": END}, timeoutSeconds=0.05)
    assert World().run(definition).status == "TimedOut"
    told: list[WorkflowRun] = []

    class EndlessClock(Clock):
        def __init__(self) -> None:
            self.is_waiting = asyncio.Event()

        async def wait_until(self, time: datetime) -> None:
            self.is_waiting.set()
            await asyncio.Event().wait()

    async def main() -> None:
        clock = EndlessClock()
        async with Runtime(plugins=plugin_manager(World(), entry_points=False)) as runtime:
            engine, options = EmbeddedEngine(clock), RunOptions(cancelled=told.append)
            running = asyncio.create_task(
                engine.run(WorkflowDefinition(definition), options, runtime)
            )
            await clock.is_waiting.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(main())
    assert (told[0].status, told[0].tasks[-1].status) == ("Cancelled", "InProgress")


def test_a_failing_branch_ends_the_waits_of_the_others() -> None:
    """A wait in a branch does not hold up a Parallel that has failed."""

    async def fails(call: TaskCall) -> TaskOutcome:
        raise ZeroDivisionError

    branches = [
        {"startTask": "A", "tasks": {"A": do(end=True)}},
        {"startTask": "W", "tasks": {"W": {"type": "Wait", "seconds": 1000, "end": True}}},
    ]
    route = [{"errors": ["*"], "nextTask": "End"}]
    fork = {"type": "Parallel", "branches": branches, "nextTask": "End", "onError": route}
    world = World(A=fails)
    ended = world.run(workflow("F", {"F": fork, "End": do(end=True)}))
    assert ended.status == "Completed"
    assert world.left == set()


# What is fixed for a visit


def test_now_and_uuid_are_those_of_the_visit() -> None:
    """Each place where they stand, and each turn of a task that waits, sees the same; another
    visit has others.
    """
    seen: list[dict[str, Any]] = []

    async def look(call: TaskCall) -> TaskOutcome:
        names = {"now": "${swf:now}", "uuid": "${swf:uuid}", "again": "${swf:uuid}"}
        seen.append(await call.services.evaluate(names, {}, call.pointer))
        if call.state is None:
            later = (NOON + timedelta(seconds=10 * call.visit)).isoformat()
            return TaskOutcome(wait_until=later, state=1)
        return TaskOutcome(next_task="A" if call.visit == 1 else None)

    ended = run({"A": do(end=True)}, A=look)
    first, second = seen[0], seen[2]
    assert seen == [first, first, second, second]
    assert first["again"] == first["uuid"] != second["uuid"]
    assert (first["now"], second["now"]) == ("2030-01-31T12:00:00.000Z", "2030-01-31T12:00:10.000Z")
    assert uuid.UUID(first["uuid"]).version == 5
    assert [task.ended_at for task in ended.tasks] == [
        "2030-01-31T12:00:00.000Z",
        *["2030-01-31T12:00:10.000Z"] * 2,
        "2030-01-31T12:00:20.000Z",
    ]


def test_a_replay_gives_the_same() -> None:
    """What a state rebuilt from recorded results says of a visit does not depend on when that is
    done.
    """
    tasks = {"A": do(nextTask="B"), "B": do(end=True)}
    definition = WorkflowDefinition({"startTask": "A", "tasks": tasks})
    clock = QuickClock()

    def record() -> RunRecord:
        options = RunOptions(input={})
        clocks = {"clock": lambda: 0.0, "now": clock.now}
        return RunRecord(definition, options, steps=9, workflow_id="run 7", **clocks)  # type: ignore[arg-type]

    def names(inputs: Inputs) -> tuple[Any, Any]:
        return inputs.run["now"], inputs.run["uuid"]

    live = record()
    (step,) = live.begin().steps
    first = names(live.start(step))
    clock.time += timedelta(seconds=3)
    (step,) = live.complete(step, TaskOutcome(1)).steps
    second = names(live.start(step))
    assert (first[0], second[0]) == ("2030-01-31T12:00:00.000Z", "2030-01-31T12:00:03.000Z")

    stored = [json.loads(json.dumps(run.to_json())) for run in live.ended(live.begin()).tasks]
    results = [TaskRun.from_json(entry) for entry in stored]
    rebuilt = RunState.of(definition, results, began_at=first[0]).progress.steps
    assert rebuilt == (step,)
    clock.time += timedelta(days=1)
    again = record()
    (step,) = again.begin().steps
    again.start(step)
    again.complete(step, TaskOutcome(1))
    assert names(again.start(rebuilt[0])) == second


def test_a_run_by_the_real_clock_has_the_time_of_today() -> None:
    """`${swf:now}` is RFC 3339 in UTC."""
    before = datetime.now(UTC)
    ended = World().run(workflow("A", {"A": do(end=True, give="${swf:now}")}))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ended.output)
    now = datetime.fromisoformat(ended.output)
    assert before - timedelta(seconds=1) <= now <= datetime.now(UTC)
