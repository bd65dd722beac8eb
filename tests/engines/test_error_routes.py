"""Runs that go on when a task fails, on the embedded engine."""

from __future__ import annotations

import asyncio
from typing import Any

from httptask.errors import Problem, SettingsError
from httptask.model.workflow import TaskOutcome, WorkflowRun
from httptask.protocols import TaskCall
from servers import raw_server, respond
from worlds import World, do, for_ever, refused, statuses, workflow


def run(tasks: dict[str, Any], world: World | None = None, **fields: Any) -> WorkflowRun:
    return (world or World()).run(workflow(next(iter(tasks)), tasks, **fields))


def to_end(*classes: str, **route: Any) -> list[dict[str, Any]]:
    return [{"errors": list(classes), "nextTask": "End", **route}]


def test_a_404_goes_another_way_with_the_response() -> None:
    """A failed request goes on; later expressions read its class, its status and its body."""
    seen = {
        "kind": "${$.tasks['Find'].output.error.kind}",
        "status": "${$.tasks['Find'].output.error.result.statusCode}",
        "body": "${$.tasks['Find'].output.error.result.body}",
        "delivered": "${$.tasks['Find'].output.error.maybeDelivered}",
    }
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno"
    with raw_server(respond(answer)) as server:
        find = {"type": "Http", "httpRequest": {"url": server.url + "/people/7"}}
        ended = run(
            {
                "Find": {**find, "end": True, "onError": to_end("status", statuses=[404])},
                "End": do(end=True, give=seen),
            }
        )
    assert ended.status == "Completed"
    assert ended.output == {"kind": "status", "status": 404, "body": "no", "delivered": True}
    assert statuses(ended) == {"Find": "Failed", "End": "Completed"}
    assert ended.tasks[0].next_task == "End"


def test_a_task_of_every_kind_goes_on_when_it_fails() -> None:
    """A Decision whose condition fails, a plugin's task, and a Parallel take their routes."""

    async def broken(call: TaskCall) -> TaskOutcome:
        raise ZeroDivisionError

    choices = [{"condition": "${$.input.missing}", "nextTask": "End"}]
    decision = {"type": "Decision", "choices": choices, "defaultTask": "End"}
    fork = {"type": "Parallel", "nextTask": "End"}
    fork["branches"] = [{"startTask": "A", "tasks": {"A": do(end=True)}}]  # type: ignore[assignment]
    for task, world, kind in (
        (decision, World(), "expression"),
        (do(end=True), World(T=broken), "task"),
        (fork, World(A=refused), "connection"),
    ):
        end = do(end=True, give="${$.tasks['T'].output.error.kind}")
        ended = run({"T": {**task, "onError": to_end(kind)}, "End": end}, world)
        assert (ended.status, ended.output) == ("Completed", kind)
        unmet = run({"T": {**task, "onError": to_end("tls")}, "End": end}, world)
        assert unmet.status == "Failed"


def test_a_failing_branch_stops_the_others_and_the_run_goes_on() -> None:
    """Nothing of the other branches stays under way; the history says that they were stopped, and
    after how long.
    """
    cleaned_up: list[str] = []

    async def slow(call: TaskCall) -> TaskOutcome:
        try:
            return await for_ever(call)
        finally:
            await asyncio.sleep(0)
            cleaned_up.append(call.name)

    inner = {"type": "Parallel", "branches": [{"startTask": "C", "tasks": {"C": do(end=True)}}]}
    tasks = {
        "Fork": {
            "type": "Parallel",
            "branches": [
                {"startTask": "A", "tasks": {"A": do(end=True)}},
                {"startTask": "B", "tasks": {"B": do(end=True)}},
                {"startTask": "I", "tasks": {"I": {**inner, "nextTask": "D"}, "D": do(end=True)}},
            ],
            "nextTask": "End",
            "onError": to_end("*"),
        },
        "End": do(end=True, give="${$.tasks['Fork'].output.error.task}"),
    }

    async def later(call: TaskCall) -> TaskOutcome:
        await asyncio.sleep(0.01)
        return await refused(call)

    world = World(A=later, B=slow, C=slow)
    ended = run(tasks, world)
    assert (ended.status, ended.output) == ("Completed", "A")
    assert statuses(ended) == {
        "A": "Failed",
        "Fork": "Failed",
        **dict.fromkeys("BCI", "InProgress"),
        "End": "Completed",
    }
    errors = {task.name: (task.error or {}).get("error") for task in ended.tasks}
    assert (errors["B"], errors["C"]) == ("Stopped", "Stopped")
    assert sorted(cleaned_up) == ["B", "C"]
    assert world.left == set()


def test_a_cancelled_run_and_a_run_over_its_time_are_not_caught() -> None:
    """`timeoutSeconds` of the definition ends the run whatever its tasks' routes say."""
    tasks = {"A": do(end=True, onError=to_end("*")), "End": do(end=True)}
    ended = run(tasks, World(A=for_ever), timeoutSeconds=0.05)
    assert (ended.status, statuses(ended)) == ("TimedOut", {"A": "InProgress"})


def test_a_failure_is_caught_again_in_a_loop() -> None:
    """A route may lead back: each visit is one of its own, and later expressions see the last."""

    async def third_time(call: TaskCall) -> TaskOutcome:
        if call.visit < 3:
            raise SettingsError([Problem("", f"no {call.visit}")])
        return TaskOutcome("there")

    tasks = {
        "A": do(nextTask="End", onError=[{"errors": ["settings"], "nextTask": "A"}]),
        "End": do(end=True, give="${$.tasks['A'].output}"),
    }
    ended = run(tasks, World(A=third_time))
    assert (ended.output, [task.status for task in ended.tasks]) == (
        "there",
        ["Failed", "Failed", "Completed", "Completed"],
    )
