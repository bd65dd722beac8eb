"""Tasks that wait for somebody outside: `Simple`, and any that asks for a signal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from httptask import hookimpl
from httptask.engines import arun_workflow
from httptask.engines.embedded import Clock, EmbeddedEngine
from httptask.errors import DefinitionError
from httptask.model.for_each import ItemCounts
from httptask.model.workflow import Signal, TaskOutcome, TaskRun, Wait, WorkflowRun
from httptask.plugins import plugin_manager
from httptask.protocols import RunOptions, Signals, TaskCall
from httptask.task import Runtime
from httptask.workflow import RunState, definition_of
from worlds import World, do, fork, workflow

SOON, LATER = "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


class Desk:
    """Somebody outside: gives what a test left for a visit, or nothing, for ever.

    *answers* are by the names of the tasks, those of an item by the name and the index, `Gate.0`;
    *asked* are the visits that somebody waits for.
    """

    def __init__(self, **answers: Signal) -> None:
        self.answers = answers
        self.asked: list[tuple[Any, ...]] = []
        self.run = "own"

    async def wait(self, task: str, visit: int, item: int | None = None) -> Signal:
        which = () if item is None else (item,)
        self.asked.append((self.run, task, visit, *which))
        name = ".".join(map(str, (task, *which)))
        if name not in self.answers:
            await asyncio.Event().wait()
        return self.answers[name]

    def of_run(self, workflow_id: str) -> Signals:
        nested = Desk(**self.answers)
        nested.run, nested.asked = workflow_id, self.asked
        return nested


def simple(**fields: Any) -> dict[str, Any]:
    return {"type": "Simple", **fields}


def test_a_gate_completes_with_what_somebody_gives() -> None:
    """Its evaluated parameters are its input, what came is its output, and the history has the wait
    before the end.
    """
    gate = simple(inputParameters={"who": "${$.input.who}"}, nextTask="End")
    definition = workflow("Gate", {"Gate": gate, "End": do(give="${$.tasks['Gate']}", end=True)})
    desk = Desk(Gate=Signal({"approved": True}))
    run = World().run(definition, {"who": "Ann"}, signals=desk)
    assert run.output == {"input": {"who": "Ann"}, "output": {"approved": True}}
    assert [(task.status, task.awaits_signal, task.input) for task in run.tasks[:2]] == [
        ("Waiting", True, {"who": "Ann"}),
        ("Completed", False, {"who": "Ann"}),
    ]
    assert desk.asked == [("own", "Gate", 1)]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"message": "too dear", "code": 17}, "too dear"),
        ({}, "somebody outside failed it and did not say why"),
    ],
)
def test_a_gate_that_somebody_fails_fails_with_their_error(error: Any, message: str) -> None:
    """The error has the class `task`, their message and all that they gave; a route takes it."""
    route = [{"errors": ["task"], "nextTask": "End"}]
    give = "${$.tasks['Gate'].output.error}"
    tasks = {"Gate": simple(end=True, onError=route), "End": do(give=give, end=True)}
    run = World().run(workflow("Gate", tasks), signals=Desk(Gate=Signal(error=error)))
    assert run.status == "Completed"
    assert (run.output["message"], run.output["details"]) == (message, error)
    assert run.output["kind"] == "task"
    tasks["Gate"] = simple(end=True)
    failed = World().run(workflow("Gate", tasks), signals=Desk(Gate=Signal(error=error)))
    assert failed.error == f"task 'Gate' failed: {message}"


def test_a_gate_in_a_branch_holds_up_no_other_branch() -> None:
    """The other branch goes on, and the Parallel ends when somebody has completed the gate."""
    desk, done = Desk(), asyncio.Event()

    async def other(call: TaskCall) -> TaskOutcome:
        desk.answers["Gate"] = Signal("yes")
        done.set()
        return TaskOutcome("other")

    async def wait(task: str, visit: int, item: int | None = None) -> Signal:
        await done.wait()
        return desk.answers[task]

    desk.wait = wait  # type: ignore[method-assign]
    definition = fork(Gate=simple(end=True), Other=do(end=True))
    run = World(Other=other).run(definition, signals=desk)
    assert run.output == {"Gate": "yes", "Other": "other"}


def test_a_gate_of_a_stopped_branch_is_waited_for_no_more() -> None:
    """A failure of another branch ends the wait, and leaves nothing."""

    async def fails(call: TaskCall) -> TaskOutcome:
        raise ZeroDivisionError

    definition = fork(Gate=simple(end=True), Other=do(end=True))
    definition["tasks"]["Fork"]["onError"] = [{"errors": ["*"], "nextTask": "End"}]
    world = World(Other=fails)
    run = world.run(definition, signals=Desk())
    assert run.status == "Completed"
    assert world.left == set()


def test_a_gate_inside_another_run_is_completed_by_that_runs_id() -> None:
    """Gates of one name in two runs are two gates: a run inside another one has its own signals."""
    inner = workflow("Gate", {"Gate": simple(end=True)})
    outer = workflow(
        "Gate",
        {
            "Gate": simple(nextTask="Run"),
            "Run": {"type": "Workflow", "definition": "inner", "end": True},
        },
    )
    desk = Desk(Gate=Signal(1))
    run = World().run(outer, definitions={"inner": inner}, signals=desk)
    assert run.output == 1
    nested = run.tasks[-1].run
    assert nested is not None
    assert desk.asked == [("own", "Gate", 1), (nested.workflow_id, "Gate", 1)]


def test_a_gate_of_a_failure_workflow_has_that_runs_signals() -> None:
    """Its id is derived from that of the run that failed."""
    after = workflow("Gate", {"Gate": simple(end=True)})
    first = workflow(
        "T", {"T": {"type": "Terminate", "terminationStatus": "Failed"}}, failureWorkflow="after"
    )
    desk = Desk(Gate=Signal("seen"))
    run = World().run(first, definitions={"after": after}, signals=desk)
    assert run.failure_run is not None
    assert run.failure_run.output == "seen"
    assert desk.asked == [(run.failure_run.workflow_id, "Gate", 1)]


@pytest.mark.parametrize("nested", [False, True])
def test_without_anybody_a_gate_is_refused_before_anything_runs(nested: bool) -> None:
    """Also one in a definition that a task runs."""
    inner = workflow("Gate", {"Gate": simple(end=True)})
    outer = workflow(
        "A", {"A": do(nextTask="B"), "B": {"type": "Workflow", "definition": "inner", "end": True}}
    )
    world = World()
    with pytest.raises(DefinitionError) as raised:
        world.run(outer if nested else inner, definitions={"inner": inner})
    (problem,) = raised.value.problems
    assert (problem.code, problem.pointer) == ("task-type-waits", "/tasks/Gate/type")
    assert world.do.calls == []


# A deadline


def gate_until(until: str | None, seen: list[TaskCall]) -> Any:
    async def gate(call: TaskCall) -> TaskOutcome:
        seen.append(call)
        if call.state is None:
            return TaskOutcome(awaits_signal=True, wait_until=until, state="asked")
        return TaskOutcome("nobody came" if call.signal is None else call.signal.output)

    return gate


def test_a_deadline_ends_a_gate_that_nobody_completed() -> None:
    """The task is run again without a signal, with its state."""
    seen: list[TaskCall] = []
    world = World(A=gate_until(SOON, seen))
    run = world.run(workflow("A", {"A": do(end=True)}), signals=Desk())
    assert run.output == "nobody came"
    assert [(call.state, call.signal) for call in seen] == [(None, None), ("asked", None)]
    assert world.left == set()


@pytest.mark.parametrize("until", [LATER, SOON])
def test_a_signal_before_the_deadline_ends_the_gate(until: str) -> None:
    """The wait for the time ends with it. Of both at once, the signal counts."""
    seen: list[TaskCall] = []
    world = World(A=gate_until(until, seen))
    run = world.run(workflow("A", {"A": do(end=True)}), signals=Desk(A=Signal("here")))
    assert run.output == "here"
    assert world.left == set()


def test_a_gate_ends_with_its_run() -> None:
    """A time limit of the run ends the wait, and the task is one that was stopped."""
    definition = workflow("Gate", {"Gate": simple(end=True)}, timeoutSeconds=0.05)
    world = World()
    run = world.run(definition, signals=Desk())
    assert (run.status, run.tasks[-1].status) == ("TimedOut", "InProgress")
    assert world.left == set()


def test_a_plugins_task_that_waits_where_nobody_can_come_fails() -> None:
    """It is not known before it runs; its error says what to do, and where."""
    run = World(A=gate_until(LATER, [])).run(workflow("A", {"A": do(end=True)}))
    error = run.tasks[-1].error or {}
    assert (run.status, error["kind"]) == ("Failed", "settings")
    assert error["problems"][0]["pointer"] == "/tasks/A/type"


# For each item


def gate_of(items: Any, **setting: Any) -> dict[str, Any]:
    """Return a definition whose task `Gate` waits for somebody for each of *items*."""
    parameters = {"what": "${$.item}", "number": "${$.index}"}
    gate = simple(inputParameters=parameters, forEach={"items": items, **setting}, end=True)
    return workflow("Gate", {"Gate": gate})


def test_each_item_is_completed_by_itself() -> None:
    """In whatever order: the output is the list in the order of the items. At most `concurrency` of
    them wait at once, and who listens is told which.
    """
    desk, asked, told = Desk(), [], []
    come = {item: asyncio.Event() for item in (2, 3)}

    async def wait(task: str, visit: int, item: int | None = None) -> Signal:
        assert item is not None
        asked.append(item)
        if item > 1:  # the item 1 is completed when the 2 waits, all others when the 3 does
            come[item].set()
        await come[2 if item == 1 else 3].wait()
        return Signal(f"number {item}")

    def advanced(name: str, counts: ItemCounts) -> None:
        told.append((counts.completed, [item.index for item in counts.waiting]))

    desk.wait = wait  # type: ignore[method-assign]
    items = ["a", "b", "c", "d"]
    run = World().run(gate_of("${$.input}", concurrency=3), items, signals=desk, advanced=advanced)
    assert run.output == ["number 0", "number 1", "number 2", "number 3"]
    assert run.tasks[0].items == ItemCounts(4, 4)
    # The item 1 ends first, and makes room for the last one.
    assert told[:5] == [(0, [0]), (0, [0, 1]), (0, [0, 1, 2]), (1, [0, 2]), (1, [0, 2, 3])]
    assert asked == [0, 1, 2, 3]


def test_an_item_that_somebody_fails_is_data_or_ends_the_others() -> None:
    """As `onError` says. Nothing was sent, so nothing may have been delivered."""
    answers = {
        "Gate.0": Signal("yes"),
        "Gate.1": Signal(error={"message": "too dear"}),
        "Gate.2": Signal("no"),
    }
    collected = World().run(gate_of([1, 2, 3], onError="collect"), signals=Desk(**answers))
    assert collected.output[0::2] == ["yes", "no"]
    assert collected.output[1]["error"]["message"] == "too dear"
    desk = Desk(**answers)
    failed = World().run(gate_of([1, 2, 3]), signals=desk)
    error = failed.tasks[0].error or {}
    assert (error["kind"], error["items"]["failedAt"]) == ("task", 1)
    assert (error["maybeDelivered"], error["collected"][::2]) == (False, ["yes", None])
    assert error["message"].startswith("the item with index 1 failed: too dear")
    assert [item for *_, item in desk.asked] == [0, 1]


def test_gates_of_no_item_or_of_too_many_are_none() -> None:
    """No items are an empty list; of a list that is too long, nobody is asked for any."""
    desk = Desk()
    assert World().run(gate_of([]), signals=desk).output == []
    many = World().run(gate_of("${$.input}", maxItems=2), [1, 2, 3], signals=desk)
    assert (many.status, (many.tasks[0].error or {})["kind"]) == ("Failed", "settings")
    assert desk.asked == []


def test_items_of_a_stopped_branch_are_waited_for_no_more() -> None:
    """A failure of another branch ends all waits; nothing was sent."""
    desk, last_one_waits = Desk(), asyncio.Event()

    async def wait(task: str, visit: int, item: int | None = None) -> Signal:
        if item == 2:
            last_one_waits.set()
        if item != 0:
            await asyncio.Event().wait()
        return Signal(1)

    desk.wait = wait  # type: ignore[method-assign]

    async def fails(call: TaskCall) -> TaskOutcome:
        await last_one_waits.wait()
        raise ZeroDivisionError

    gate = gate_of([1, 2, 3], concurrency=2)["tasks"]["Gate"]
    world = World(Other=fails)
    run = world.run(fork(Gate=gate, Other=do(end=True)), signals=desk)
    (stopped,) = (task for task in run.tasks if task.name == "Gate")
    assert (stopped.status, stopped.items) == ("InProgress", ItemCounts(3, 1))
    assert (stopped.error or {})["maybeDelivered"] is False
    assert world.left == set()


@pytest.mark.parametrize(("until", "output"), [(SOON, "nobody came"), (LATER, "here")])
def test_an_item_of_a_plugins_task_waits_until_its_deadline(until: str, output: str) -> None:
    """Any task that asks for a signal may do so for each item."""
    seen: list[TaskCall] = []
    task = do(end=True, forEach={"items": [1, 2], "concurrency": 2})
    answers = {} if until == SOON else {"A.0": Signal("here"), "A.1": Signal("here")}
    world = World(A=gate_until(until, seen))
    assert world.run(workflow("A", {"A": task}), signals=Desk(**answers)).output == [output] * 2
    assert world.left == set()


def test_without_anybody_a_gate_of_items_is_refused() -> None:
    """As any other gate."""
    with pytest.raises(DefinitionError, match="which needs a run with a"):
        World().run(gate_of([1]))


# Pure


def test_the_interpreter_tells_of_a_gate_and_travels() -> None:
    """A result that waits for a signal is a wait without a time, and survives JSON."""
    definition = definition_of(workflow("A", {"A": simple(end=True)}))
    waiting = TaskRun("A", 1, "Simple", "Waiting", awaits_signal=True, state=[1])
    progress = RunState.of(definition, [waiting]).progress
    (wait,) = progress.waits
    assert (wait.until, wait.awaits_signal, wait.state) == (None, True, [1])
    assert Wait.from_json(wait.to_json()) == wait
    done = TaskRun("A", 1, "Simple", "Completed", output=2)
    assert RunState.of(definition, [waiting, done]).progress.output == 2


def test_a_cancelled_run_stops_waiting() -> None:
    """Whoever cancels it is told of the gate that was open."""
    told: list[WorkflowRun] = []

    class Watched(Desk):
        def __init__(self) -> None:
            super().__init__()
            self.is_asked = asyncio.Event()

        async def wait(self, task: str, visit: int) -> Signal:
            self.is_asked.set()
            return await super().wait(task, visit)

    async def main() -> None:
        desk = Watched()
        definition = definition_of(workflow("Gate", {"Gate": simple(end=True)}))
        async with Runtime(plugins=plugin_manager(entry_points=False)) as runtime:
            options = RunOptions(cancelled=told.append, signals=desk)
            engine = EmbeddedEngine(Clock())
            running = asyncio.create_task(engine.run(definition, options, runtime))
            await desk.is_asked.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert (told[0].status, told[0].tasks[-1].status) == ("Cancelled", "InProgress")


def test_signals_reach_a_plugins_engine() -> None:
    """`run_workflow` hands them on as options."""
    seen: list[Any] = []

    class Recording:
        name = "recording"

        async def run(self, definition: Any, options: RunOptions, runtime: Any) -> WorkflowRun:
            seen.append(options.signals)
            return WorkflowRun("1", "", "Completed")

    class Plugin:
        @hookimpl
        def httptask_engines(self) -> list[Any]:
            return [Recording()]

    async def main() -> None:
        plugins = plugin_manager(Plugin(), entry_points=False)
        async with Runtime(plugins=plugins) as runtime:
            desk = Desk()
            definition = workflow("A", {"A": simple(end=True)})
            await arun_workflow(definition, runtime=runtime, engine="recording", signals=desk)
            assert seen == [desk]

    asyncio.run(main())
