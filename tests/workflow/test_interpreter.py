"""The interpreter: a pure function from a definition and results to what comes next."""

from __future__ import annotations

import ast
import gc
import inspect
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.workflow import (
    FinishedTasks,
    Progress,
    RunState,
    Step,
    Wait,
    _interpreter,
    next_steps,
    problems,
)
from replay import replay
from tasks import runtime

SHARED = runtime()

Answer = Callable[[Step], TaskRun]


def http(**fields: Any) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": "https://a.example"}, **fields}


def branch(start: str, **tasks: Any) -> dict[str, Any]:
    return {"startTask": start, "tasks": tasks}


def parallel(*branches: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "Parallel", "branches": list(branches), **fields}


def workflow(start: str, **tasks: Any) -> WorkflowDefinition:
    return WorkflowDefinition({"startTask": start, "tasks": tasks})


def done(name: str, visit: int = 1, output: Any = None, **fields: Any) -> TaskRun:
    return TaskRun(name, visit, "Http", "Completed", output=output, **fields)


def failed(name: str, message: str = "no", visit: int = 1, **error: Any) -> TaskRun:
    return TaskRun(name, visit, "Http", "Failed", error={"message": message, **error})


def names(progress: Progress) -> list[tuple[str, int]]:
    return [step.key for step in progress.steps]


SEQUENCE = workflow("A", A=http(nextTask="B"), B=http(end=True))
FORK = workflow(
    "P",
    P=parallel(
        branch("L", L=http(nextTask="L2"), L2=http(end=True)),
        branch("R", R=http(end=True)),
        nextTask="E",
    ),
    E=http(end=True),
)


def test_a_run_starts_with_the_start_task() -> None:
    """Without results, the start task's first visit is to be run, with its place and definition."""
    progress = next_steps(SEQUENCE, [])
    assert progress == Progress("Running", (Step("A", 1, "/tasks/A", http(nextTask="B")),))


def test_a_task_leads_to_its_next_task_and_an_end_task_to_the_end() -> None:
    """`nextTask` goes on, `end` completes the run with the last task's output."""
    assert names(next_steps(SEQUENCE, [done("A")])) == [("B", 1)]
    assert next_steps(SEQUENCE, [done("A"), done("B", output=7)]) == Progress("Completed", output=7)


def test_null_fields_are_absent() -> None:
    """A definition read back with explicit nulls runs the same, and steps come without the
    nulls.
    """
    definition = workflow(
        "A", A=http(nextTask="B", end=None, retry=None), B=http(end=True, nextTask=None)
    )
    assert "retry" not in next_steps(definition, []).steps[0].definition
    assert next_steps(definition, [done("A"), done("B")]).status == "Completed"


def test_a_task_in_progress_is_still_to_be_run() -> None:
    """A result that is `InProgress` is no result yet."""
    assert names(next_steps(SEQUENCE, [TaskRun("A", 1, "Http", "InProgress")])) == [("A", 1)]


def test_a_failed_task_fails_the_run() -> None:
    """An error fails the whole workflow, and names the task and its words."""
    result = failed("A", "it broke")
    assert next_steps(SEQUENCE, [result]) == Progress(
        "Failed", error="task 'A' failed: it broke", cause=result
    )


def test_a_decision_goes_where_its_result_says() -> None:
    """`next_task` of a result wins over the definition's."""
    definition = workflow("A", A=http(nextTask="B"), B=http(end=True), C=http(end=True))
    assert names(next_steps(definition, [done("A", next_task="C")])) == [("C", 1)]


def test_a_loop_visits_a_task_again() -> None:
    """Each visit of a task in a loop has a number of its own."""
    history = [done("A", 1), done("B", 1, next_task="A"), done("A", 2)]
    definition = workflow("A", A=http(nextTask="B"), B=http(nextTask="C"), C=http(end=True))
    assert names(next_steps(definition, history)) == [("B", 2)]


def test_a_loop_without_end_fails_with_the_visits() -> None:
    """A run that executes more tasks than its budget fails, and says which task went round."""
    definition = workflow("A", A=http(nextTask="A"))
    history = [done("A", visit) for visit in range(1, 11)]
    assert next_steps(definition, history[:9], steps=10).status == "Running"
    progress = next_steps(definition, history, steps=10)
    assert progress.status == "Failed"
    assert "more than 10 tasks" in str(progress.error)
    assert "'A' was visited 11 times: a loop without end?" in str(progress.error)


def test_branches_run_side_by_side() -> None:
    """A Parallel is not run itself: the first task of each branch is, and the Parallel is under
    way.
    """
    progress = next_steps(FORK, [])
    assert names(progress) == [("L", 1), ("R", 1)]
    assert [step.pointer for step in progress.steps] == [
        "/tasks/P/branches/0/tasks/L",
        "/tasks/P/branches/1/tasks/R",
    ]
    assert progress.parallels == (TaskRun("P", 1, "Parallel", "InProgress"),)
    assert names(next_steps(FORK, [done("R")])) == [("L", 1)]
    assert names(next_steps(FORK, [done("L")])) == [("L2", 1), ("R", 1)]


def test_a_parallel_waits_for_all_branches_and_gathers_their_outputs() -> None:
    """When every branch has ended, the Parallel completes with each branch's last output by its
    start task.
    """
    history = [done("L", output=1), done("R", output=2), done("L2", output=3)]
    joined = TaskRun("P", 1, "Parallel", "Completed", output={"L": 3, "R": 2})
    progress = next_steps(FORK, history)
    assert progress.joined == (joined,)
    assert names(progress) == [("E", 1)]
    assert next_steps(FORK, [*history, joined]).joined == ()


def test_a_failing_branch_fails_its_parallel_and_stops_the_others() -> None:
    """One failing branch ends the run: nothing else is wanted, and the Parallel has failed because
    of it.
    """
    progress = next_steps(FORK, [done("L"), failed("R", "it broke")])
    assert progress.status == "Failed"
    assert progress.steps == ()
    assert progress.error == "task 'R' failed: it broke"
    (joined,) = progress.joined
    assert (joined.name, joined.status) == ("P", "Failed")
    assert "it broke" in (joined.error or {})["message"]


def test_the_first_result_that_ends_the_run_decides() -> None:
    """Of a failure and a termination in two branches, the one that came first counts."""
    ended = done("L", output=5, terminate="Completed")
    assert next_steps(FORK, [ended, failed("R")]) == Progress(
        "Completed", parallels=(TaskRun("P", 1, "Parallel", "InProgress"),), output=5
    )
    assert next_steps(FORK, [failed("R"), ended]).status == "Failed"


def test_terminate_ends_the_run_from_inside_a_branch() -> None:
    """A Terminate in a branch ends the whole run, other branches included."""
    progress = next_steps(FORK, [done("L", output="out", terminate="Failed")])
    assert (progress.status, progress.output, progress.steps) == ("Failed", "out", ())
    assert progress.error == "task 'L' ended the run as Failed"


def test_terminate_without_output_passes_on_the_one_before_it() -> None:
    """The run's output is the last task's output when a Terminate gives none; a null it gives is a
    null.
    """
    stop = {"type": "Terminate", "terminationStatus": "Completed"}
    history = [done("A", output=7), done("T", terminate="Completed")]
    assert next_steps(workflow("A", A=http(nextTask="T"), T=stop), history).output == 7
    given = {**stop, "workflowOutput": "${$.input.nothing}"}
    assert next_steps(workflow("A", A=http(nextTask="T"), T=given), history).output is None


def test_a_parallel_in_a_loop_starts_its_branches_again() -> None:
    """The second visit of a Parallel visits its branches' tasks a second time."""
    definition = workflow(
        "P",
        P=parallel(branch("L", L=http(end=True)), nextTask="D"),
        D=http(nextTask="E"),
        E=http(end=True),
    )
    progress = next_steps(definition, [done("L"), done("D", next_task="P")])
    assert names(progress) == [("L", 2)]
    assert progress.parallels == (TaskRun("P", 2, "Parallel", "InProgress"),)


@pytest.mark.parametrize("target", ["Nowhere", "L"], ids=["unknown", "inside-a-branch"])
def test_a_task_that_asks_for_an_impossible_next_task_fails_the_run(target: str) -> None:
    """A third-party task that names a task which is not there, or in a branch, fails the run;
    nothing raises.
    """
    definition = workflow(
        "A",
        A=http(nextTask="P"),
        P=parallel(branch("L", L=http(end=True)), nextTask="E"),
        E=http(end=True),
    )
    progress = next_steps(definition, [done("A", next_task=target)])
    assert progress.status == "Failed"
    assert repr(target) in str(progress.error)


def test_finished_tasks_are_seen_with_their_latest_visit() -> None:
    """`$.tasks` holds input and output of the latest visit that ended; the output of one that
    failed is its error.
    """
    history = [
        done("A", 1, output=1),
        done("A", 2, output=2, input={"x": 1}),
        failed("B"),
        TaskRun("C", 1, "Http", "InProgress"),
    ]
    assert FinishedTasks(history).snapshot() == {
        "A": {"input": {"x": 1}, "output": 2},
        "B": {"input": None, "output": {"error": {"message": "no"}}},
    }


def test_what_a_task_saw_stays_as_it_was() -> None:
    """A snapshot of the finished tasks does not change with what completes later, a second visit
    included.
    """
    finished = FinishedTasks([done("A", output=1)])
    before = finished.snapshot()
    finished.record(done("B", output=2))
    finished.record(done("A", 2, output=3))
    assert before == {"A": {"input": None, "output": 1}}
    assert (len(before), "B" in before, list(before)) == (1, False, ["A"])
    assert {name: ends["output"] for name, ends in finished.snapshot().items()} == {"A": 3, "B": 2}


ENDS = st.lists(st.tuples(st.sampled_from("ABC"), st.booleans()), max_size=12)


@given(ENDS)
def test_each_task_saw_the_latest_visits_before_it(ends: list[tuple[str, bool]]) -> None:
    """Of every task the latest visit, in the order in which the tasks first ended, in a snapshot
    from after any of the results.
    """
    finished, visits = FinishedTasks(), Counter[str]()
    seen: dict[str, Any] = {}
    snapshots = []
    for name, has_failed in ends:
        visits[name] += 1
        run = failed(name, visit=visits[name]) if has_failed else done(name, visits[name])
        run = replace(run, input=visits[name])
        finished.record(run)
        output = {"error": {"message": "no"}} if has_failed else None
        assert finished.output_of(run.key) == output
        seen = {**seen, name: {"input": visits[name], "output": output}}
        snapshots.append((finished.snapshot(), seen))
    for snapshot, expected in snapshots:
        assert list(snapshot.items()) == list(expected.items())
        assert len(snapshot) == len(expected)
        assert [name in snapshot for name in "ABC"] == [name in expected for name in "ABC"]


def test_finished_tasks_are_kept_without_objects_of_their_own() -> None:
    """The garbage collector walks all objects that are kept, again and again while a run goes on
    for 100,000 steps: of a task there is its entry in the history, and nothing else.
    """
    runs = [done(f"T{number}", output=number) for number in range(1000)]
    gc.collect()
    before = len(gc.get_objects())
    finished = FinishedTasks(runs)
    assert len(gc.get_objects()) - before < 50
    assert finished.output_of(("T7", 1)) == 7


def test_a_task_that_waits_is_a_step_of_its_own_until_it_has_ended() -> None:
    """A result can ask for another turn at a later time: the step becomes a wait, with what the
    task wants to know then.
    """
    state = RunState(SEQUENCE)
    (step,) = state.begun.steps
    later = TaskRun(
        "A", 1, "Http", "Waiting", wait_until="2030-01-31T12:00:00Z", state={"polls": 1}
    )
    wait = Wait(step, "2030-01-31T12:00:00Z", {"polls": 1})
    assert state.record(later) == Progress("Running", waits=(wait,))
    assert state.progress == next_steps(SEQUENCE, [later]) == Progress("Running", waits=(wait,))
    again = replace(later, wait_until="2030-01-31T12:01:00Z", state={"polls": 2})
    assert [wait.state for wait in state.record(again).waits] == [{"polls": 2}]
    assert names(state.record(done("A"))) == [("B", 1)]
    assert state.progress.waits == ()
    assert names(next_steps(SEQUENCE, [later, again, done("A")])) == [("B", 1)]


def test_a_task_that_waits_for_ever_is_a_loop_without_end() -> None:
    """Each turn counts as a task that was executed."""
    later = TaskRun("A", 1, "Http", "Waiting", wait_until="2030-01-31T12:00:00Z")
    assert next_steps(SEQUENCE, [later] * 9, steps=10).status == "Running"
    assert "more than 10 tasks" in str(next_steps(SEQUENCE, [later] * 10, steps=10).error)


def test_the_limit_of_steps_names_itself_and_what_to_do() -> None:
    """A run may execute 100,000 tasks unless an operator says otherwise; the error says how."""
    definition = workflow("A", A=http(nextTask="A"))
    state = RunState(definition)
    for visit in range(1, 100_000):
        state.record(done("A", visit))
    assert state.progress.status == "Running"
    error = str(state.record(done("A", 100_000)).error)
    assert "the run needs more than 100,000 tasks" in error
    assert "--max-steps or HTTPTASK_MAX_STEPS" in error


def test_a_result_is_taken_once() -> None:
    """A second result of the same visit changes nothing, nor does one that comes after the end, nor
    a joined Parallel.
    """
    state = RunState(SEQUENCE)
    state.record(done("A"))
    assert state.record(failed("A")) == Progress("Running")
    end = state.record(done("B", output=7))
    assert state.record(failed("B")) == end == Progress("Completed", output=7)


def test_the_interpreter_stands_alone() -> None:
    """A fresh Python that interprets a definition has loaded neither httpx nor jsonschema, nor what
    waits and sends.
    """
    code = """
import json, sys
from httptask.workflow import RunState, next_steps
from httptask.model.workflow import TaskRun, WorkflowDefinition
definition = WorkflowDefinition({"startTask": "A", "tasks": {"A": {"type": "Http", "end": True}}})
print(next_steps(definition, [TaskRun("A", 1, "Http", "Completed")]).status)
print(json.dumps(sorted(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    status, loaded = ran.stdout.splitlines()
    assert status == "Completed"
    foreign = {
        "httpx",
        "httpcore",
        "jsonschema",
        "referencing",
        "anyio",
        "asyncio",
        "ssl",
        "sqlite3",
        "pluggy",
    }
    assert foreign.isdisjoint(json.loads(loaded))


def test_the_interpreter_has_no_clock_and_does_no_io() -> None:
    """What decides the next step imports nothing that could tell two replays apart."""
    tree = ast.parse(inspect.getsource(_interpreter))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {
        "__future__",
        "collections",
        "collections.abc",
        "dataclasses",
        "typing",
        "httptask.model.policy",
        "httptask.model.workflow",
        "httptask.model.nulls",
        "httptask.workflow._definition",
        "httptask.workflow._error_routes",
        "httptask.workflow._progress",
        "httptask.workflow._tracks",
    }


# Any definition, any order
#  `replay` walks a run from its start anew for each question, which is slow and plainly right: the
# judge of `RunState`.


@st.composite
def scopes(
    draw: st.DrawFn, prefix: str = "", depth: int = 2, *, with_error_routes: bool = False
) -> dict[str, Any]:
    """A set of tasks that always ends: arrows point forward, save for decisions, which go back
    twice at most.
    """
    own = [f"{prefix}{letter}" for letter in "ABCD"[: draw(st.integers(1, 4))]]
    tasks: dict[str, Any] = {}
    for index, name in enumerate(own):
        later = own[index + 1 :]
        kinds = (
            ["end"]
            if not later
            else ["Http", "Decision", "end"] + (["Parallel"] * 2 if depth else [])
        )
        kind = draw(st.sampled_from(kinds))
        if kind == "end":
            tasks[name] = http(end=True)
        elif kind == "Http":
            tasks[name] = http(nextTask=draw(st.sampled_from(later)))
        elif kind == "Decision":
            choices = [{"condition": "${$.input.a}", "nextTask": draw(st.sampled_from(own))}]
            tasks[name] = {
                "type": "Decision",
                "choices": choices,
                "defaultTask": draw(st.sampled_from(later)),
            }
        else:
            inner = [
                draw(scopes(f"{name}{number}", depth - 1, with_error_routes=with_error_routes))
                for number in range(draw(st.integers(1, 3)))
            ]
            tasks[name] = parallel(*inner, nextTask=draw(st.sampled_from(later)))
        if with_error_routes and later and draw(st.booleans()):
            classes = draw(st.sampled_from([["*"], ["timeout"], ["dns", "timeout"]]))
            route = {"errors": classes, "nextTask": draw(st.sampled_from(later))}
            tasks[name]["onError"] = [{"errors": ["tls"], "nextTask": later[0]}, route]
    return {"startTask": own[0], "tasks": tasks}


def answer(name: str, visit: int, task: Any) -> TaskRun:
    """What a task gives: it depends on the visit alone, never on the order."""
    if task["type"] == "Decision":
        target = task["choices"][0]["nextTask"] if visit <= 2 else task["defaultTask"]
        return TaskRun(name, visit, "Decision", "Completed", output=target, next_task=target)
    return done(name, visit, output=[name, visit])


def drive(
    definition: WorkflowDefinition, order: random.Random, broken: Iterable[str] = ()
) -> tuple[Progress, list[TaskRun]]:
    """Run *definition* to its end, completing what is under way in a random order."""
    history: list[TaskRun] = []
    while True:
        progress = next_steps(definition, tuple(history), steps=10_000)
        assert next_steps(definition, list(history), steps=10_000) == progress
        history.extend(progress.joined)
        if progress.status != "Running":
            return progress, history
        assert progress.steps
        assert len({step.key for step in progress.steps}) == len(progress.steps)
        assert not {step.key for step in progress.steps} & {
            (run.name, run.visit) for run in history
        }
        for step in progress.steps:
            assert at(definition.document, step.pointer) == step.definition
        step = order.choice(progress.steps)
        bad = step.name in broken
        history.append(
            failed(step.name, visit=step.visit)
            if bad
            else answer(step.name, step.visit, step.definition)
        )


def at(document: Any, place: str) -> Any:
    for part in place.split("/")[1:]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def one_after_the_other(scope: Any, visits: dict[str, int]) -> Any:
    """Run the plainest way there is, branch by branch: the outcome every order must come to."""
    name = scope["startTask"]
    while True:
        task = scope["tasks"][name]
        visits[name] = visits.get(name, 0) + 1
        if task["type"] == "Parallel":
            output: Any = {
                inner["startTask"]: one_after_the_other(inner, visits) for inner in task["branches"]
            }
            name = task["nextTask"]
            continue
        run = answer(name, visits[name], task)
        output = run.output
        if task.get("end"):
            return output
        name = run.next_task or task["nextTask"]


@settings(deadline=None)
@given(scopes(), st.randoms(use_true_random=False))
def test_every_order_of_completion_comes_to_the_same_end(
    document: Any, order: random.Random
) -> None:
    """Whichever branch is faster, a run ends as it would one task after the other, with the same
    visits.

    On the way, replaying gives the same steps, each step is a task of the definition, and none is
    asked for twice.
    """
    definition = WorkflowDefinition(document)
    visits: dict[str, int] = {}
    output = one_after_the_other(document, visits)
    progress, history = drive(definition, order)
    assert (progress.status, progress.output) == ("Completed", output)
    seen = [(run.name, run.visit) for run in history]
    assert len(seen) == len(set(seen))
    assert set(seen) == {
        (name, visit) for name, count in visits.items() for visit in range(1, count + 1)
    }


@settings(deadline=None)
@given(scopes(), st.randoms(use_true_random=False), st.data())
def test_a_task_that_always_fails_fails_every_run_that_reaches_it(
    document: Any, order: random.Random, data: st.DataObject
) -> None:
    """A failing task fails the run, whatever order the others complete in, and with it the Parallel
    tasks around it.
    """
    visits: dict[str, int] = {}
    one_after_the_other(document, visits)
    leaves = sorted(
        name for name in visits if f'"{name}": {{"type": "Parallel"' not in json.dumps(document)
    )
    broken = data.draw(st.sampled_from(leaves))
    progress, history = drive(WorkflowDefinition(document), order, [broken])
    assert progress.status == "Failed"
    assert progress.cause is not None
    assert progress.cause.name == broken
    others = [run.name for run in history if run.status == "Failed" and run.name != broken]
    assert all(broken.startswith(name) for name in others)
    assert len(others) == (len(broken) - 1) // 2


@settings(deadline=None)
@given(scopes(with_error_routes=True), st.randoms(use_true_random=False), st.data())
def test_a_state_that_went_forward_is_the_one_rebuilt_from_the_results(
    document: Any, order: random.Random, data: st.DataObject
) -> None:
    """Result by result, a state that goes forward, one rebuilt from all results and a replay agree:
    steps, outcome, all.

    Also where tasks fail, with a route or without, end the run or come twice, where results are
    reread from JSON, and where the news of each result, added up, are all an engine ever looks at.
    """
    definition = WorkflowDefinition(document)
    state = RunState(definition, steps=200, began_at="0")
    active = {step.key: step for step in state.begun.steps}
    history: list[TaskRun] = []
    while True:
        travelled = [TaskRun.from_json(json.loads(json.dumps(run.to_json()))) for run in history]
        rebuilt = RunState.of(
            WorkflowDefinition.from_json(document), travelled, steps=200, began_at="0"
        )
        assert rebuilt.progress == state.progress
        replayed = replay(document, history, 200)
        assert (state.progress.status, names(state.progress)) == (replayed.status, replayed.steps)
        assert [step.before for step in state.progress.steps] == replayed.before
        for step in state.progress.steps:
            assert Step.from_json(json.loads(json.dumps(step.to_json()))) == step
        assert (state.progress.output, state.progress.error) == (replayed.output, replayed.error)
        if state.progress.status != "Running":
            break
        assert set(active) == {step.key for step in state.progress.steps}
        step = active.pop(order.choice(sorted(active)))
        run = data.draw(st.sampled_from(RESULTS))(step)
        run = replace(run, ended_at=str(len(history) + 1))
        news = state.record(run)
        assert all(step.reached_at == run.ended_at for step in news.steps)
        history += [run, *news.joined]
        for joined in news.joined:
            state.record(joined)
        active |= {step.key: step for step in news.steps}
        for key in news.stopped:
            active.pop(key, None)
        if history and order.random() < 0.2:  # delivered once more
            assert state.record(history[0]).steps == ()


RESULTS: list[Answer] = [
    *[lambda step: answer(step.name, step.visit, step.definition)] * 12,
    lambda step: failed(step.name, "it broke", step.visit),
    *[lambda step: failed(step.name, "too late", step.visit, kind="timeout")] * 4,
    lambda step: done(step.name, step.visit, [step.name], terminate="Completed"),
    lambda step: done(step.name, step.visit, terminate="Failed"),
    lambda step: done(step.name, step.visit, next_task="Nowhere"),
]


@settings(deadline=None)
@given(scopes(with_error_routes=True))
def test_definitions_that_always_end_validate(document: Any) -> None:
    """What the interpreter can run to its end has no error for validation either."""
    listed = problems(WorkflowDefinition(document), SHARED)
    assert [problem for problem in listed if problem.severity == "error"] == []
