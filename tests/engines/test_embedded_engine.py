"""The embedded engine: a definition in, a finished run out, and nothing left running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bytecodes import counted
from httptask import hookimpl, run_workflow
from httptask.engines import arun_workflow
from httptask.errors import DefinitionError, PluginError
from httptask.model.policy import Limits
from httptask.model.workflow import TaskOutcome, WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import TaskCall
from httptask.task import Runtime
from httptask.workflow import definition_of, load_definition
from worlds import Behaviour, World, do, for_ever, fork, refused, statuses, workflow

# From task to task


def test_a_task_sees_the_input_and_what_the_tasks_before_it_gave() -> None:
    """`$.input`, `$.tasks['Name'].input` and `.output`, and `$.variables` hold what they should."""
    seen = {
        "input": "${$.input.a}",
        "given": "${$.tasks['First one'].input.x}",
        "output": "${$.tasks['First one'].output}",
        "variable": "${$.variables.region}",
    }
    tasks = {
        "First one": do(give={"x": "${$.input.a}"}, nextTask="Second"),
        "Second": do(give=seen, end=True),
    }
    run = World().run(workflow("First one", tasks, variables={"region": "eu"}), {"a": [1, 2]})
    assert run.status == "Completed"
    assert run.error is None
    assert run.output == {
        "input": [1, 2],
        "given": "${$.input.a}",
        "output": {"x": [1, 2]},
        "variable": "eu",
    }
    assert [(task.name, task.visit, task.type, task.status) for task in run.tasks] == [
        ("First one", 1, "Do", "Completed"),
        ("Second", 1, "Do", "Completed"),
    ]


def test_variables_of_the_run_are_above_those_of_the_definition() -> None:
    """What the caller gives wins over what the definition has, name by name."""
    own = {"a": 1, "b": 1}
    definition = workflow("A", {"A": do(give="${$.variables}", end=True)}, variables=own)
    assert World().run(definition, variables={"b": 2}).output == {"a": 1, "b": 2}


def test_expressions_know_the_names_of_the_run() -> None:
    """`swf:` names give the run's id, the task's number, and the definition's name and version."""
    names = ["workflowId", "sequenceNumber", "workflowDefinitionId", "workflowDefinitionVersion"]
    give = {name: f"${{swf:{name}}}" for name in names}
    tasks = {"A": do(give=give, nextTask="B"), "B": do(give=give, end=True)}
    run = World().run(workflow("A", tasks, version=7))
    first, second = (task.output for task in run.tasks)
    assert first == {
        "workflowId": run.workflow_id,
        "sequenceNumber": 1,
        "workflowDefinitionId": "Test",
        "workflowDefinitionVersion": 7,
    }
    assert second == {**first, "sequenceNumber": 2}


def test_a_definition_without_a_name_is_called_by_its_file(tmp_path: Path) -> None:
    """Without `name` and `version`, the definition is known by its file's name, in version 1."""
    path = tmp_path / "customer-details.json"
    give = "${swf:workflowDefinitionId} ${swf:workflowDefinitionVersion}"
    path.write_text(
        json.dumps({"startTask": "A", "tasks": {"A": do(give=give, end=True)}}), "utf-8"
    )
    run = World().run(path)
    assert run.output == "customer-details 1"
    assert run.definition == "customer-details"


@pytest.mark.parametrize(
    ("value", "target"),
    [(True, "Yes"), (False, "No"), ([1], "Yes"), ([], "No")],
    ids=["true", "false", "a-match", "no-match"],
)
def test_a_decision_takes_the_first_choice_that_is_true(value: Any, target: str) -> None:
    """The first true condition wins; a list is true when there is anything in it; else
    `defaultTask`.
    """
    choices = [
        {"condition": "${jsonata: 1 = 2}", "nextTask": "Never"},
        {"condition": "${$.input}", "nextTask": "Yes"},
        {"condition": "${jsonata: true}", "nextTask": "No"},
    ]
    ends = {name: do(end=True, give=name) for name in ("Never", "Yes", "No")}
    decision = {"type": "Decision", "choices": choices, "defaultTask": "Never"}
    assert World().run(workflow("D", {"D": decision, **ends}), value).output == target


def test_a_decision_without_a_true_condition_takes_its_default() -> None:
    """When no condition is true the run goes to `defaultTask`."""
    choices = [{"condition": "${$.input[?@.a > 3]}", "nextTask": "Yes"}]
    decision = {"type": "Decision", "choices": choices, "defaultTask": "No"}
    definition = workflow(
        "D", {"D": decision, "Yes": do(end=True, give=1), "No": do(end=True, give=0)}
    )
    assert World().run(definition, [{"a": 3}]).output == 0
    assert World().run(definition, [{"a": 4}]).output == 1


@pytest.mark.parametrize(
    ("value", "found"),
    [("yes", "a string"), (1, "the number 1"), (None, "null"), ({}, "an object")],
    ids=str,
)
def test_a_condition_that_is_neither_true_nor_false_is_an_error(value: Any, found: str) -> None:
    """What is no truth value is not taken for one: the task fails and says what it got, and
    where.
    """
    decision = {
        "type": "Decision",
        "choices": [{"condition": "${$.input}", "nextTask": "A"}],
        "defaultTask": "A",
    }
    run = World().run(workflow("D", {"D": decision, "A": do(end=True)}), value)
    assert run.status == "Failed"
    (problem,) = (run.tasks[0].error or {})["problems"]
    assert problem["pointer"] == "/tasks/D/choices/0/condition"
    assert found in problem["message"]


def test_a_loop_goes_round_until_its_decision_lets_it_out() -> None:
    """A task in a loop is visited again, and what it gave last is what is seen."""

    async def count(call: TaskCall) -> TaskOutcome:
        return TaskOutcome({"visit": call.visit})

    choices = [{"condition": "${jsonata: tasks.Count.output.visit >= 3}", "nextTask": "End"}]
    tasks = {
        "Count": do(nextTask="Enough"),
        "Enough": {"type": "Decision", "choices": choices, "defaultTask": "Count"},
        "End": do(end=True, give="${$.tasks.Count.output.visit}"),
    }
    run = World(Count=count).run(workflow("Count", tasks))
    assert run.output == 3
    assert [task.visit for task in run.tasks if task.name == "Count"] == [1, 2, 3]


def test_a_loop_without_end_is_ended() -> None:
    """A loop that validation cannot see ends the run as failed after as many tasks as one run may
    execute.
    """

    async def again(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(next_task="A")

    run = World(Limits(steps=50), A=again).run(workflow("A", {"A": do(end=True)}))
    assert run.status == "Failed"
    assert "more than 50 tasks" in str(run.error)
    assert "a loop without end?" in str(run.error)
    assert len(run.tasks) == 50


def test_an_operator_s_limit_of_steps_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """`HTTPTASK_MAX_STEPS` is the limit of every runtime that is given no limits; one that is no
    number is refused.
    """
    monkeypatch.setenv("HTTPTASK_MAX_STEPS", "3")

    async def again(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(next_task="A")

    run = World(A=again).run(workflow("A", {"A": do(end=True)}))
    assert len(run.tasks) == 3
    assert "an operator raises the limit with --max-steps or HTTPTASK_MAX_STEPS" in str(run.error)
    for wrong in ("0", "-1", "many", "1.5"):
        monkeypatch.setenv("HTTPTASK_MAX_STEPS", wrong)
        with pytest.raises(
            ValueError, match=f"HTTPTASK_MAX_STEPS is '{wrong}'; expected a whole number from 1"
        ):
            Runtime()


def test_all_finished_tasks_can_be_seen_at_once() -> None:
    """`$` and `$.tasks` are plain JSON in either language, and hold what was finished when the task
    started.
    """
    seen = {
        "path": "${$.tasks}",
        "all": "${$}",
        "names": "${$.tasks.*.output}",
        "jsonata": "${jsonata: $keys(tasks)}",
    }
    tasks = {
        "A": do(give=1, nextTask="B"),
        "B": do(give=2, nextTask="C"),
        "C": do(give=seen, end=True),
    }
    run = World().run(workflow("A", tasks))
    finished = {"A": {"input": 1, "output": 1}, "B": {"input": 2, "output": 2}}
    assert run.output == {
        "path": finished,
        "all": {"input": None, "tasks": finished, "variables": {}},
        "names": [1, 2],
        "jsonata": ["A", "B"],
    }
    json.dumps(run.to_json())
    missing = World().run(
        workflow("A", {**tasks, "C": do(give="${$.tasks['A'].outputs}", end=True)})
    )
    assert "did you mean output?" in str(missing.error)


# Waits


def test_a_task_that_waits_is_run_again_with_what_it_left() -> None:
    """A task can ask for another turn: it gets its state back, its result counts, and the history
    has each turn.
    """

    async def poll(call: TaskCall) -> TaskOutcome:
        polls = (call.state or 0) + 1
        if polls == 3:
            return TaskOutcome(polls)
        return TaskOutcome(wait_until=datetime.now(UTC).isoformat(), state=polls)

    ended: list[str] = []
    run = World(A=poll).run(
        workflow("A", {"A": do(nextTask="B"), "B": do(give="${$.tasks['A'].output}", end=True)}),
        finished=lambda task: ended.append(task.name),
    )
    assert (run.status, run.output) == ("Completed", 3)
    assert [(task.name, task.status, task.state) for task in run.tasks] == [
        ("A", "Waiting", 1),
        ("A", "Waiting", 2),
        ("A", "Completed", None),
        ("B", "Completed", None),
    ]
    assert ended == ["A", "B"]


def test_a_wait_ends_with_the_run() -> None:
    """A wait is no longer than the run, and the task that waits was stopped before its end."""

    async def poll(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(wait_until="2999-01-01T00:00:00Z")

    world = World(A=poll)
    run = world.run(workflow("A", {"A": do(end=True)}, timeoutSeconds=0.05))
    assert (run.status, [task.status for task in run.tasks]) == (
        "TimedOut",
        ["Waiting", "InProgress"],
    )
    assert not world.left


@pytest.mark.parametrize("until", ["tomorrow", "2030-01-31T12:00:00", ""])
def test_a_wait_until_no_time_fails_the_task(until: str) -> None:
    """A time without an offset is no time; the task type is at fault, and is named."""

    async def poll(call: TaskCall) -> TaskOutcome:
        return TaskOutcome(wait_until=until)

    run = World(A=poll).run(workflow("A", {"A": do(end=True)}))
    assert run.status == "Failed"
    assert "the task type Do" in str(run.error)


def test_terminate_ends_the_run_with_its_status_and_output() -> None:
    """`terminationStatus` and the evaluated `workflowOutput` are the run's."""
    stop = {
        "type": "Terminate",
        "terminationStatus": "Failed",
        "workflowOutput": {"why": "${$.input}"},
    }
    run = World().run(workflow("T", {"T": stop}), "enough")
    assert (run.status, run.output) == ("Failed", {"why": "enough"})
    assert run.error == "task 'T' ended the run as Failed"


# Side by side


def test_branches_run_at_the_same_time_and_are_gathered() -> None:
    """Two branches that wait for each other both complete, and their outputs come under their start
    tasks' names.
    """
    both = asyncio.Barrier(2)

    async def meet(call: TaskCall) -> TaskOutcome:
        await both.wait()
        return TaskOutcome(call.name)

    world = World(L=meet, R=meet)
    run = world.run(fork(L=do(end=True), R=do(end=True)))
    assert run.output == {"L": "L", "R": "R"}
    assert {"L", "R", "Fork", "End"} == set(statuses(run))


def _branches(count: int) -> dict[str, Any]:
    return fork(**{f"B{number}": do(end=True) for number in range(count)})


def _chain(count: int) -> dict[str, Any]:
    tasks = {f"T{number}": do(nextTask=f"T{number + 1}") for number in range(count)}
    return workflow("T0", {**tasks, f"T{count}": do(end=True)})


@pytest.mark.parametrize("shape", [_chain, _branches])
def test_a_task_costs_the_same_among_many(shape: Callable[[int], dict[str, Any]]) -> None:
    """Whether they come one after another or side by side: within 10 % from 20 to 200."""

    async def cost(count: int) -> float:
        definition = definition_of(shape(count))
        plugins = plugin_manager(World(), entry_points=False)
        async with Runtime(plugins=plugins) as runtime:
            await arun_workflow(definition, runtime=runtime)  # it is compiled
            with counted() as counts:
                run = await arun_workflow(definition, runtime=runtime)
        assert run.status == "Completed"
        return counts.bytecodes / len(run.tasks)

    few, many = asyncio.run(cost(20)), asyncio.run(cost(200))
    assert 0.9 * few < many < 1.1 * few


def test_a_failing_branch_stops_the_others_before_the_run_returns() -> None:
    """One failing branch fails the run; the others are cancelled, have cleaned up, and count as
    still in progress.
    """
    tidied: list[str] = []
    started = asyncio.Event()

    async def slow(call: TaskCall) -> TaskOutcome:
        try:
            started.set()
            return await for_ever(call)
        finally:
            await asyncio.sleep(0)
            tidied.append(call.name)

    async def fails(call: TaskCall) -> TaskOutcome:
        await started.wait()
        return await refused(call)

    world = World(Slow=slow, Bad=fails)
    run = world.run(fork(Slow=do(end=True), Bad=do(end=True)))
    assert run.status == "Failed"
    assert run.error == "task 'Bad' failed: no connection to crm.example"
    assert tidied == ["Slow"]
    assert world.left == set()
    assert statuses(run) == {"Bad": "Failed", "Fork": "Failed", "Slow": "InProgress"}
    bad = run.tasks[0].error or {}
    assert (bad["kind"], bad["retryable"]) == ("connection", True)


def test_terminate_in_a_branch_stops_the_other_branches() -> None:
    """A Terminate ends the whole run from inside a branch."""
    world = World(Slow=for_ever)
    stop = {"type": "Terminate", "terminationStatus": "Completed", "workflowOutput": 3}
    run = world.run(fork(Slow=do(end=True), Stop=stop))
    assert (run.status, run.output) == ("Completed", 3)
    assert statuses(run) == {"Stop": "Completed", "Slow": "InProgress", "Fork": "InProgress"}
    assert world.left == set()


# Ends


def test_a_run_that_takes_too_long_is_timed_out() -> None:
    """After `timeoutSeconds` the run ends as `TimedOut`, and what was running is stopped."""
    world = World(A=for_ever)
    run = world.run(workflow("A", {"A": do(end=True)}, timeoutSeconds=0.02))
    assert run.status == "TimedOut"
    assert "0.02" in str(run.error)
    assert statuses(run) == {"A": "InProgress"}
    assert world.left == set()


@pytest.mark.parametrize("limit", [0, None, 10**400], ids=["zero", "null", "beyond-counting"])
def test_no_time_limit_is_no_limit(limit: Any) -> None:
    """0 and null are no limit, and a limit no clock can count does no harm."""
    assert World().run(workflow("A", {"A": do(end=True, give=1)}, timeoutSeconds=limit)).output == 1


def test_simple_is_refused_with_what_to_do() -> None:
    """A Simple task validates; without a journal the embedded engine says what to do, before it runs
    anything.
    """
    world = World()
    with pytest.raises(DefinitionError) as raised:
        world.run(
            workflow("A", {"A": do(nextTask="Gate"), "Gate": {"type": "Simple", "end": True}})
        )
    (problem,) = raised.value.problems
    assert problem.pointer == "/tasks/Gate/type"
    assert "httptask run --journal FILE" in problem.message
    assert world.do.calls == []


def test_a_decision_passes_on_what_came_before_it() -> None:
    """A run that ends in a Terminate without an output of its own, behind a Decision, has the last
    real task's output.
    """
    decide = {
        "type": "Decision",
        "choices": [{"condition": "${$.input[*].none}", "nextTask": "Done"}],
        "defaultTask": "Done",
    }
    done = {"type": "Terminate", "terminationStatus": "Completed"}
    run = World().run(
        workflow("A", {"A": do(give={"n": 5}, nextTask="D"), "D": decide, "Done": done})
    )
    assert run.output == {"n": 5}


def test_whoever_asks_is_told_of_every_task_that_ended() -> None:
    """`finished` gets each visit in the order of completion, failed ones too."""
    told: list[str] = []
    World().run(
        workflow("A", {"A": do(give=1, nextTask="B"), "B": do(give=2, end=True)}),
        finished=lambda task: told.append(f"{task.status} {task.name}"),
    )
    assert told == ["Completed A", "Completed B"]


def test_a_broken_definition_is_refused_before_anything_runs() -> None:
    """All problems come at once, and no task has been started."""
    world = World()
    with pytest.raises(DefinitionError) as raised:
        world.run(
            workflow(
                "A", {"A": do(nextTask="B"), "B": do(nextTask="Nowhere"), "C": {"type": "Http"}}
            )
        )
    assert len(raised.value.problems) >= 2
    assert world.do.calls == []


@pytest.mark.parametrize("endpoint", [["a"], {"id": "a"}, 7], ids=repr)
def test_an_endpoint_that_is_not_text_is_a_problem(endpoint: Any) -> None:
    """It names nothing that could be looked up, and is refused like any other wrong value."""
    task = {"type": "Http", "endpoint": endpoint, "httpRequest": {"url": "http://h/"}, "end": True}
    with pytest.raises(DefinitionError, match="/tasks/A/endpoint"):
        World().run(workflow("A", {"A": task}))


async def _sync_fault(call: TaskCall) -> TaskOutcome:
    raise ValueError("boom")


async def _cancels_itself(call: TaskCall) -> TaskOutcome:
    raise asyncio.CancelledError


async def _bad_output(call: TaskCall) -> TaskOutcome:
    return TaskOutcome(output=b"bytes")


async def _bad_end(call: TaskCall) -> TaskOutcome:
    return TaskOutcome(terminate="Finished")


async def _times_out(call: TaskCall) -> TaskOutcome:
    raise TimeoutError("its own")


def _raises_at_once(call: TaskCall) -> Any:
    raise KeyError("at once")


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        pytest.param(_sync_fault, "ValueError: boom", id="an-exception"),
        pytest.param(
            _raises_at_once, "KeyError: 'at once'", id="an-exception-before-it-is-awaited"
        ),
        pytest.param(_times_out, "TimeoutError: its own", id="a-timeout-of-its-own"),
        pytest.param(_cancels_itself, "it was cancelled from inside", id="a-cancellation"),
        pytest.param(_bad_output, "bytes is not JSON", id="bytes-for-an-output"),
        pytest.param(_bad_end, "'Finished'", id="an-unknown-end"),
        pytest.param(lambda call: 7, "gave int", id="no-outcome"),
        pytest.param(lambda call: None, "gave NoneType", id="nothing"),
    ],
)
def test_a_strangers_fault_fails_its_task_and_names_the_type(
    behaviour: Behaviour, says: str
) -> None:
    """Whatever a third-party task type raises or returns, the run ends as failed and says which
    type did what.
    """
    world = World(A=behaviour)
    run = world.run(workflow("A", {"A": do(nextTask="B"), "B": do(end=True)}, timeoutSeconds=60))
    assert run.status == "Failed"
    assert "task type Do" in str(run.error)
    assert says in str(run.error)
    assert statuses(run) == {"A": "Failed"}
    json.dumps(run.to_json())


def test_a_cancelled_run_leaves_nothing_running() -> None:
    """Cancelling the run stops its tasks, waits for their end, and goes on."""
    tidied: list[str] = []

    async def main() -> None:
        started = asyncio.Event()

        async def slow(call: TaskCall) -> TaskOutcome:
            started.set()
            try:
                return await for_ever(call)
            finally:
                await asyncio.sleep(0)
                tidied.append(call.name)

        world = World(A=slow)
        async with Runtime(plugins=plugin_manager(world, entry_points=False)) as runtime:
            definition = workflow("A", {"A": do(end=True)}, failureWorkflow="After")
            after = workflow("B", {"B": do(end=True)})
            running = asyncio.create_task(
                arun_workflow(definition, runtime=runtime, definitions={"After": after})
            )
            await started.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert tidied == ["A"]
            assert [call.name for call in world.do.calls] == ["A"]
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_an_impatient_second_cancellation_still_waits_for_the_tasks() -> None:
    """A run that is cancelled again while its tasks clean up returns only when they have ended."""
    tidied: list[str] = []

    async def main() -> None:
        started, tidying, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def slow(call: TaskCall) -> TaskOutcome:
            started.set()
            try:
                return await for_ever(call)
            finally:
                tidying.set()
                await go_on.wait()
                tidied.append(call.name)

        async with Runtime(plugins=plugin_manager(World(A=slow), entry_points=False)) as runtime:
            running = asyncio.create_task(
                arun_workflow(workflow("A", {"A": do(end=True)}), runtime=runtime)
            )
            await started.wait()
            running.cancel()
            await tidying.wait()
            running.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not running.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert tidied == ["A"]

    asyncio.run(main())


def test_an_interrupt_goes_through_and_stops_the_tasks() -> None:
    """Ctrl+C reaches the caller as it is, and the other tasks have ended by then."""
    tidied: list[str] = []
    started = asyncio.Event()

    async def slow(call: TaskCall) -> TaskOutcome:
        try:
            started.set()
            return await for_ever(call)
        finally:
            tidied.append(call.name)

    async def interrupt(call: TaskCall) -> TaskOutcome:
        await started.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        World(Slow=slow, Stop=interrupt).run(fork(Slow=do(end=True), Stop=do(end=True)))
    assert tidied == ["Slow"]


@pytest.mark.parametrize("turns", range(4))
def test_a_visit_that_is_cancelled_while_another_ends_stops_the_run(turns: int) -> None:
    """The run goes on from both, though they are told in one turn of the event loop."""

    async def fast(call: TaskCall) -> TaskOutcome:
        for _ in range(turns):
            await asyncio.sleep(0)
        return TaskOutcome()

    async def cancelled(call: TaskCall) -> TaskOutcome:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return TaskOutcome()

    definition = fork(Fast=do(end=True), Stop=do(end=True)) | {"timeoutSeconds": 5}
    with pytest.raises(asyncio.CancelledError):
        World(Fast=fast, Stop=cancelled).run(definition)


# Failure workflows


AFTER = {"name": "After", "startTask": "Tell", "tasks": {"Tell": do(end=True, give="${$.input}")}}


def test_a_failed_run_starts_its_failure_workflow_with_what_failed() -> None:
    """The failure workflow gets the failed run's input, its id, and the failing task with its
    error.
    """
    definition = workflow("A", {"A": do(end=True)}, failureWorkflow="after")
    run = World(A=refused).run(definition, {"customer": 7}, definitions={"after": AFTER})
    assert run.status == "Failed"
    after = run.failure_run
    assert after is not None
    assert (after.status, after.definition) == ("Completed", "After")
    assert after.workflow_id != run.workflow_id
    assert after.output["input"] == {"customer": 7}
    failed = after.output["failed"]
    assert failed["error"]["kind"] == "connection"
    assert {**failed, "error": failed["error"]["message"]} == {
        "workflowId": run.workflow_id,
        "definition": "Test",
        "status": "Failed",
        "task": "A",
        "error": "no connection to crm.example",
    }


def test_a_timed_out_run_starts_its_failure_workflow_too() -> None:
    """Running out of time is a failure for this purpose; no task failed."""
    definition = workflow("A", {"A": do(end=True)}, failureWorkflow="after", timeoutSeconds=0.01)
    run = World(A=for_ever).run(definition, definitions={"after": AFTER})
    assert run.failure_run is not None
    failed = run.failure_run.output["failed"]
    assert (failed["status"], failed["task"]) == ("TimedOut", None)
    assert failed["error"] == {"message": run.error}


def test_a_completed_run_starts_no_failure_workflow() -> None:
    """When nothing fails, nothing is told."""
    definition = workflow("A", {"A": do(end=True)}, failureWorkflow="after")
    assert World().run(definition, definitions={"after": AFTER}).failure_run is None


@pytest.mark.parametrize(
    ("definitions", "says"),
    [
        ({}, "'after' is not among the definitions given"),
        ({"after": {"startTask": "X"}}, "'tasks' is required"),
    ],
    ids=["missing", "broken"],
)
def test_a_failure_workflow_that_cannot_run_is_reported_with_the_failure(
    definitions: Any, says: str
) -> None:
    """A failure workflow that is not there or not valid does not hide the failure, and raises
    nothing.
    """
    definition = workflow("A", {"A": do(end=True)}, failureWorkflow="after")
    run = World(A=refused).run(definition, definitions=definitions)
    assert run.status == "Failed"
    assert str(run.error).startswith(
        "task 'A' failed: no connection to crm.example; its failure workflow 'after'"
    )
    assert says in str(run.error)


def test_the_failure_of_a_failure_workflow_starts_no_other() -> None:
    """A failure workflow that fails, and names itself as its own failure workflow, is run once."""
    definition = workflow("A", {"A": do(end=True)}, failureWorkflow="after")
    after = {**workflow("B", {"B": do(end=True)}), "failureWorkflow": "after"}
    world = World(A=refused, B=refused)
    run = world.run(definition, definitions={"after": after})
    assert run.failure_run is not None
    assert run.failure_run.status == "Failed"
    assert run.failure_run.failure_run is None
    assert [call.name for call in world.do.calls] == ["A", "B"]


# The public functions


def test_run_workflow_takes_a_file_a_document_and_a_definition(tmp_path: Path) -> None:
    """All three ways in come to the same output; without a runtime one is made and closed."""
    document = {
        "startTask": "T",
        "tasks": {
            "T": {
                "type": "Terminate",
                "terminationStatus": "Completed",
                "workflowOutput": "${$.input.a}",
            }
        },
    }
    path = tmp_path / "w.json"
    path.write_text(json.dumps(document), "utf-8")
    for given in (path, str(path), document, load_definition(path)):
        run = run_workflow(given, {"a": 1})
        assert (run.status, run.output) == ("Completed", 1)


def test_run_workflow_inside_an_event_loop_says_what_to_call() -> None:
    """The sync function names the async one where it cannot work."""

    async def main() -> None:
        run_workflow({"startTask": "A", "tasks": {}})

    with pytest.raises(RuntimeError, match="await arun_workflow"):
        asyncio.run(main())


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    """A misspelt engine gets the nearest name."""
    definition = workflow("A", {"A": do(end=True)})
    with pytest.raises(PluginError, match=r"no engine 'embeded'.*did you mean embedded"):
        World().run(definition, engine="embeded")


def test_an_input_that_is_not_json_is_refused() -> None:
    """What no expression could look into is refused before the run."""
    with pytest.raises(DefinitionError, match="the run's input"):
        World().run(workflow("A", {"A": do(end=True)}), {"when": object()})


def test_a_strangers_engine_is_found_by_its_name() -> None:
    """An engine that a plugin brings runs the definition instead of ours."""

    class Elsewhere:
        name = "elsewhere"

        async def run(self, definition: Any, options: Any, runtime: Any) -> WorkflowRun:
            return WorkflowRun("id", definition.name, "Completed", output=options.input)

    class Plugin:
        @hookimpl
        def httptask_engines(self) -> list[Elsewhere]:
            return [Elsewhere()]

    async def main() -> WorkflowRun:
        async with Runtime(plugins=plugin_manager(Plugin(), entry_points=False)) as runtime:
            return await arun_workflow(
                {"startTask": "A", "tasks": {}}, 5, engine="elsewhere", runtime=runtime
            )

    assert asyncio.run(main()).output == 5


@pytest.fixture
def server() -> Iterator[str]:
    """A server on loopback that answers with the path it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections alive

        def do_GET(self) -> None:
            body = json.dumps({"path": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_http_tasks_in_branches_reach_a_real_server(server: str) -> None:
    """A definition with two Http branches, made with the real Http type, gets both answers from a
    server on loopback.
    """
    request = {"url": server + "/found?id=${$.id}"}
    a = {
        "type": "Http",
        "inputParameters": {"id": "${$.input.id}"},
        "httpRequest": request,
        "end": True,
    }
    b = {
        "type": "Http",
        "httpRequest": {"url": server + "/b", "method": None, "body": None},
        "end": True,
    }
    run = World().run(fork(A=a, B=b), {"id": 7})
    assert run.status == "Completed", run.error
    assert {name: result["body"] for name, result in run.output.items()} == {
        "A": {"path": "/found?id=7"},
        "B": {"path": "/b"},
    }
    assert next(task.input for task in run.tasks if task.name == "A") == {"id": 7}


def test_one_runtime_serves_several_sync_runs(server: str) -> None:
    """A runtime given to `run_workflow` can be used again: no connection is kept that belongs to a
    closed event loop.
    """
    task = {"type": "Http", "httpRequest": {"url": server + "/again"}, "end": True}
    with Runtime(
        plugins=plugin_manager(entry_points=False), allow_networks=["127.0.0.1"]
    ) as runtime:
        runs = [run_workflow(workflow("A", {"A": task}), runtime=runtime) for _ in range(2)]
    assert [run.status for run in runs] == ["Completed", "Completed"], [run.error for run in runs]
