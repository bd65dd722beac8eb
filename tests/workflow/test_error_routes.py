"""Where a run goes when a task fails: `onError`, as it is checked and as the interpreter follows it."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.errors import Problem
from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.workflow import (
    FinishedTasks,
    RunState,
    error_route,
    next_steps,
    problems,
    rename_task,
    unreached_tasks,
)
from tasks import runtime

SHARED = runtime()


def http(**fields: Any) -> dict[str, Any]:
    return {"type": "Http", "httpRequest": {"url": "https://a.example"}, **fields}


def workflow(**tasks: Any) -> WorkflowDefinition:
    return WorkflowDefinition({"startTask": next(iter(tasks)), "tasks": tasks})


def found(definition: WorkflowDefinition) -> list[Problem]:
    return problems(definition, SHARED)


def of_routes(*routes: Any) -> list[Problem]:
    return found(workflow(A=http(end=True, onError=list(routes)), B=http(end=True)))


def failed(name: str, visit: int = 1, **error: Any) -> TaskRun:
    return TaskRun(name, visit, "Http", "Failed", error={"message": "no", **error})


def to_b(**route: Any) -> dict[str, Any]:
    return {**route, "nextTask": "B"}


# Which route

TIMEOUT = {"kind": "timeout", "message": "no"}
NOT_FOUND = {"kind": "status", "statusCode": 404, "result": {"statusCode": 404}}
SERVER_ERROR = {"kind": "status", "statusCode": 500, "result": {"statusCode": 500}}
NO_JSON = {"kind": "parse", "result": {"statusCode": 200}}
NO_TOKEN = {"kind": "credential", "statusCode": 404}


@pytest.mark.parametrize(
    ("route", "matched"),
    [
        ({"errors": ["timeout"]}, [TIMEOUT]),
        ({"errors": ["status"]}, [NOT_FOUND, SERVER_ERROR]),
        ({"errors": ["*"]}, [TIMEOUT, NOT_FOUND, SERVER_ERROR, NO_JSON, NO_TOKEN, {}]),
        ({"errors": ["status"], "statuses": [404]}, [NOT_FOUND]),
        ({"statuses": [404, 200]}, [NOT_FOUND, NO_JSON]),
        ({"errors": ["status", "timeout"], "statuses": [404]}, [TIMEOUT, NOT_FOUND]),
        ({"errors": ["*"], "statuses": [404]}, [NOT_FOUND]),
        ({"errors": None, "statuses": [500]}, [SERVER_ERROR]),
        ({"errors": ["parse"], "statuses": None}, [NO_JSON]),
    ],
)
def test_a_route_is_for_its_classes_and_statuses(
    route: dict[str, Any], matched: list[dict[str, Any]]
) -> None:
    """`statuses` narrows `status` and `*`; other classes match by themselves; null is absent."""
    task = {"onError": [to_b(**route)]}
    errors: list[dict[str, Any]] = [TIMEOUT, NOT_FOUND, SERVER_ERROR, NO_JSON, NO_TOKEN, {}]
    assert [error for error in errors if error_route(task, error) == "B"] == matched


def test_the_first_route_that_matches_is_taken() -> None:
    """Order decides, not which route is narrower."""
    routes = [{"errors": ["dns"], "nextTask": "X"}, {"errors": ["*"], "nextTask": "Y"}]
    assert error_route({"onError": [*routes, to_b(errors=["timeout"])]}, TIMEOUT) == "Y"
    assert error_route({"onError": None}, TIMEOUT) is None
    assert error_route({}, TIMEOUT) is None


# The interpreter


def test_a_failed_task_goes_on_by_its_route() -> None:
    """The run goes on; the task's output is its error, for whoever comes later."""
    definition = workflow(A=http(end=True, onError=[to_b(errors=["timeout"])]), B=http(end=True))
    failure = failed("A", kind="timeout")
    assert [step.key for step in next_steps(definition, [failure]).steps] == [("B", 1)]
    assert FinishedTasks([failure]).snapshot()["A"]["output"] == {
        "error": {"message": "no", "kind": "timeout"}
    }
    other = next_steps(definition, [failed("A", kind="dns")])
    assert (other.status, other.error) == ("Failed", "task 'A' failed: no")


def fork(**fields: Any) -> WorkflowDefinition:
    inner = {
        "type": "Parallel",
        "nextTask": "L2",
        "branches": [
            {"startTask": "I", "tasks": {"I": http(end=True)}},
            {"startTask": "J", "tasks": {"J": http(end=True)}},
        ],
    }
    branches = [
        {"startTask": "L", "tasks": {"L": inner, "L2": http(end=True)}},
        {"startTask": "R", "tasks": {"R": http(end=True)}},
    ]
    return workflow(
        P={"type": "Parallel", "branches": branches, "nextTask": "A", **fields},
        A=http(end=True),
        B=http(end=True),
    )


def test_a_parallel_that_fails_goes_on_by_its_route_and_stops_its_branches() -> None:
    """Its error has the class and the response of the task that failed. What else was under way in
    it is stopped, inner Parallel tasks included, and counts no more.
    """
    state = RunState(fork(onError=[to_b(statuses=[404])]))
    news = state.record(failed("I", **NOT_FOUND))
    assert [step.key for step in news.steps] == [("B", 1)]
    assert set(news.stopped) == {("J", 1), ("R", 1)}
    inner, outer = news.joined
    assert [(run.name, run.status) for run in (inner, outer)] == [("L", "Failed"), ("P", "Failed")]
    assert outer.error == {
        **NOT_FOUND,
        "error": "BranchFailed",
        "message": "a branch failed: task 'I' failed: no",
        "task": "I",
    }
    assert state.record(TaskRun("R", 1, "Http", "Completed")).steps == ()
    assert [step.key for step in state.progress.steps] == [("B", 1)]
    assert state.record(TaskRun("B", 1, "Http", "Completed", output=7)).output == 7


def test_a_failure_inside_another_branch_stops_the_inner_parallel() -> None:
    """The tasks of an inner Parallel are stopped before itself."""
    news = RunState(fork(onError=[to_b(errors=["*"])])).record(failed("R"))
    assert news.stopped == (("J", 1), ("I", 1), ("L", 1))


def test_a_failure_is_caught_as_far_in_as_there_is_a_route() -> None:
    """A route inside the branch keeps the failure from the Parallel around it."""
    definition = fork(onError=[to_b(errors=["*"])])
    branch = definition.document["tasks"]["P"]["branches"][0]["tasks"]
    branch["L"]["onError"] = [{"errors": ["*"], "nextTask": "L2"}]
    news = RunState(definition).record(failed("I"))
    assert [step.key for step in news.steps] == [("L2", 1)]
    assert news.stopped == (("J", 1),)


def test_early_results_of_a_parallel_that_has_failed_count_no_more() -> None:
    """A result that came before its step fails the Parallel as soon as the run gets there: no
    other branch is started.
    """
    definition = workflow(
        A=http(nextTask="P"),
        P={
            "type": "Parallel",
            "branches": [
                {"startTask": "L", "tasks": {"L": http(end=True)}},
                {"startTask": "R", "tasks": {"R": http(end=True)}},
            ],
            "nextTask": "B",
            "onError": [to_b(errors=["*"])],
        },
        B=http(end=True),
    )
    for early in ("L", "R"):
        state = RunState(definition)
        state.record(failed(early))
        news = state.record(TaskRun("A", 1, "Http", "Completed"))
        assert [step.key for step in news.steps] == [("B", 1)]
        assert [step.key for step in state.progress.steps] == [("B", 1)]


def test_what_the_definition_or_the_budget_is_at_fault_for_is_not_caught() -> None:
    """A loop without end and a task that names no task of the definition fail the run."""
    always = [{"errors": ["*"], "nextTask": "A"}]
    loop = workflow(A=http(end=True, onError=always))
    history = [failed("A", visit) for visit in range(1, 11)]
    ended = next_steps(loop, history, steps=10)
    assert (ended.status, "more than 10 tasks" in str(ended.error)) == ("Failed", True)
    lost = TaskRun("A", 1, "Http", "Completed", next_task="Nowhere")
    assert next_steps(loop, [lost]).status == "Failed"


# What is wrong with routes


def test_routes_are_checked_in_every_type_of_task() -> None:
    """Every type takes `onError`, and of every type a wrong one is a problem."""
    choices = [{"condition": "${$.input.a}", "nextTask": "Z"}]
    branch = {"startTask": "X", "tasks": {"X": http(end=True)}}
    for task in (
        http(nextTask="Z"),
        {"type": "Decision", "choices": choices, "defaultTask": "Z"},
        {"type": "Parallel", "branches": [branch], "nextTask": "Z"},
        {"type": "Terminate", "terminationStatus": "Completed"},
        {"type": "Simple", "nextTask": "Z"},
    ):
        right = {**task, "onError": [{"errors": ["*"], "nextTask": "Z"}]}
        assert found(workflow(A=right, Z=http(end=True))) == [], task["type"]
        wrong = {**task, "onError": [{"errors": ["*"], "nextTask": "Zz"}]}
        (problem,) = [one for one in found(workflow(A=wrong, Z=http(end=True))) if one.suggestion]
        assert (problem.pointer, problem.suggestion) == ("/tasks/A/onError/0/nextTask", "Z")


@pytest.mark.parametrize(
    ("route", "code", "at"),
    [
        (to_b(errors=["statuss"]), "error-class-unknown", "/errors/0"),
        (to_b(), "no-form", ""),
        (to_b(errors=[]), "min-items", "/errors"),
        (to_b(errors="*"), "type", "/errors"),
        (to_b(errors=["*"], statuses=["404"]), "type", "/statuses/0"),
        (to_b(errors=["*"], statuses=[99]), "minimum", "/statuses/0"),
        ({"errors": ["*"]}, "required", ""),
        ({"errors": ["*"], "nextTask": "B", "next": 1}, "unknown-name", "/next"),
        ("B", "type", ""),
    ],
)
def test_a_wrong_route_is_a_problem_at_its_place(route: Any, code: str, at: str) -> None:
    """Shapes, names and classes; a class that is misspelt has the nearest one as a suggestion."""
    listed = [problem for problem in of_routes(route) if problem.code != "unreached"]
    assert (code, f"/tasks/A/onError/0{at}") in [(one.code, one.pointer) for one in listed]
    assert all(problem.severity == "error" for problem in listed)


def test_a_problem_of_a_field_that_every_type_has_is_reported_once() -> None:
    """The schemas of all tasks and of the type both refuse it; the report that says more stays."""
    for name in ("onError", "forEach", "nextTask", "description", "retry"):
        wrong = [
            problem
            for problem in found(workflow(A=http(end=True) | {name: 5}))
            if problem.pointer == f"/tasks/A/{name}"
        ]
        assert len({problem.message for problem in wrong}) == len(wrong)
    (problem,) = found(workflow(A=http(end=True, onError="B"), B=http(end=True)))[:1]
    assert problem.suggestion == '["B"]'


def test_a_misspelt_class_says_which_is_meant() -> None:
    """The known classes are those of the one tree of errors, and `*`."""
    (problem,) = of_routes(to_b(errors=["tmeout"]))
    assert problem.suggestion == "timeout"
    assert {"status", "dns", "task", "*"} <= set(problem.params["known"])


@pytest.mark.parametrize(
    ("routes", "unused"),
    [
        ([to_b(errors=["*"]), to_b(errors=["dns"])], [1]),
        ([to_b(errors=["*"]), to_b(statuses=[404])], [1]),
        ([to_b(errors=["dns", "tls"]), to_b(errors=["dns"]), to_b(errors=["tls", "parse"])], [1]),
        ([to_b(errors=["status"]), to_b(statuses=[404])], [1]),
        ([to_b(statuses=[404, 410]), to_b(errors=["status"], statuses=[404])], [1]),
        ([to_b(statuses=[404]), to_b(statuses=[404, 410]), to_b(errors=["status"])], []),
        ([to_b(errors=["status"], statuses=[404]), to_b(errors=["*"])], []),
        ([to_b(errors=["*"], statuses=[404]), to_b(errors=["dns"])], []),
    ],
)
def test_a_route_that_is_never_taken_is_warned_of(routes: list[Any], unused: list[int]) -> None:
    """A route whose failures all go by an earlier one is a warning."""
    listed = [(one.code, one.severity, one.pointer) for one in of_routes(*routes)]
    expected = [("error-route-unused", "warning", f"/tasks/A/onError/{index}") for index in unused]
    assert listed == expected


def test_routes_stay_in_their_branch() -> None:
    """A route out of a branch is refused, as any other is."""
    definition = fork()
    definition.document["tasks"]["P"]["branches"][1]["tasks"]["R"]["onError"] = [to_b(errors=["*"])]
    problem = found(definition)[0]
    assert (problem.code, problem.pointer) == (
        "route-outside",
        "/tasks/P/branches/1/tasks/R/onError/0/nextTask",
    )


def test_routes_count_for_what_is_reached_and_for_loops() -> None:
    """A task that only a failure leads to is reached; a loop that a failure ends is none without
    end.
    """
    reached = workflow(A=http(end=True, onError=[to_b(errors=["*"])]), B=http(end=True))
    assert unreached_tasks(reached) == []
    loop = workflow(A=http(nextTask="A", onError=[to_b(errors=["*"])]), B=http(end=True))
    assert [one.code for one in found(loop) if one.severity == "error"] == []
    endless = workflow(A=http(nextTask="A", onError=[{"errors": ["*"], "nextTask": "A"}]))
    assert "endless-loop" in [one.code for one in found(endless)]


def test_routes_follow_a_new_name() -> None:
    """Renaming a task changes the routes that lead to it after a failure, too."""
    definition = workflow(A=http(end=True, onError=[to_b(errors=["*"])]), B=http(end=True))
    renamed = rename_task(definition, "B", "Recover", SHARED.evaluator).definition
    assert renamed.tasks["A"]["onError"] == [{"errors": ["*"], "nextTask": "Recover"}]
    assert found(renamed) == []


# Loops that wait for nothing


def busy(*types: str, **fields: Any) -> list[list[str]]:
    """The loops that are warned of, in a loop of a Decision and tasks of *types*."""
    names = [f"T{index}" for index in range(len(types))]
    choices = [{"condition": "$.go", "nextTask": names[0]}]
    tasks: dict[str, Any] = {
        "D": {"type": "Decision", "choices": choices, "defaultTask": "End"},
        "End": http(end=True),
    }
    for name, following, kind in zip(names, [*names[1:], "D"], types, strict=True):
        own = {"Http": http(), "Wait": {"type": "Wait", "seconds": 1}}.get(kind, {"type": kind})
        tasks[name] = {**own, "nextTask": following, **(fields if kind == "Http" else {})}
    listed = found(workflow(**tasks))
    assert [one.severity for one in listed] == ["warning"] * len(listed)
    return [one.params["tasks"] for one in listed if one.code == "busy-loop"]


def test_a_loop_that_waits_for_nothing_is_warned_of() -> None:
    """Nothing on its way waits: no Wait, no gate, no retry."""
    assert busy("Http") == [["D", "T0", "D"]]
    assert busy("Http", "Http") == [["D", "T0", "T1", "D"]]
    assert busy("Http", "Wait") == busy("Simple", "Http") == busy("Http", retry={}) == []
    assert busy("Http", retry=None) == [["D", "T0", "D"]]


def test_ways_back_after_a_failure_are_loops_too() -> None:
    """A failure that leads back at once is such a loop; one through a Wait is none."""
    again = http(end=True, onError=[{"errors": ["*"], "nextTask": "A"}])
    assert [one.code for one in found(workflow(A=again))] == ["busy-loop"]
    later = http(end=True, onError=[{"errors": ["*"], "nextTask": "W"}])
    pause = {"type": "Wait", "seconds": 5, "nextTask": "A"}
    assert found(workflow(A=later, W=pause)) == []


@pytest.mark.parametrize(
    ("fields", "code", "at"),
    [
        ({}, "wait-end", ""),
        ({"seconds": 1, "until": "2030-01-31T12:00:00Z"}, "wait-end", ""),
        ({"seconds": None, "until": None}, "wait-end", ""),
        ({"seconds": -1}, "minimum", "/seconds"),
        ({"seconds": "soon"}, "type", "/seconds"),
        ({"until": "tomorrow"}, "type", "/until"),
        ({"until": "2030-01-31T12:00:00"}, "type", "/until"),
        ({"until": "${$.inputs.at}"}, "expression-no-name", "/until"),
        ({"second": 1}, "unknown-name", "/second"),
    ],
)
def test_a_wrong_wait_is_a_problem(fields: dict[str, Any], code: str, at: str) -> None:
    """A Wait has exactly one end, and it is a time."""
    listed = found(workflow(W={"type": "Wait", "end": True, **fields}))
    assert (code, f"/tasks/W{at}") in [(one.code, one.pointer) for one in listed]
