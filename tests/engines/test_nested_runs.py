"""Runs inside runs: a task of the type `Workflow`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import servers
from httptask.engines import arun_workflow, run_workflow
from httptask.engines._record import RunRecord
from httptask.errors import DefinitionError
from httptask.model.policy import Limits
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowRun
from httptask.protocols import RunOptions
from httptask.workflow import definition_of, next_steps
from tasks import http, runtime


def end(output: Any = None, status: str = "Completed") -> dict[str, Any]:
    return {"type": "Terminate", "terminationStatus": status, "workflowOutput": output}


def workflow(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "Workflow", "definition": name, "end": True, **fields}


def definition(task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "Outer", "startTask": "Run", "tasks": {"Run": task}, **fields}


def run(document: Any, given: Any = None, **definitions: Any) -> WorkflowRun:
    with runtime() as shared:
        return run_workflow(document, given, definitions=definitions, runtime=shared)


def test_a_task_runs_another_definition_with_its_inputs() -> None:
    """The evaluated parameters are the input, with defaults; the output is the task's; the run
    stands in the result, and survives JSON.
    """
    schema = {"type": "object", "properties": {"size": {"default": 10}}}
    inner = definition(end("${$.input}"), name="Inner", inputSchema=schema)
    first = workflow("inner", inputParameters={"id": "${$.input.id}"}, nextTask="End")
    del first["end"]
    outer = {
        "startTask": "Run",
        "tasks": {"Run": first, "End": end("${$.tasks['Run']}")},
    }
    ended = run(outer, {"id": 7}, inner=inner)
    assert ended.output == {"input": {"id": 7}, "output": {"id": 7, "size": 10}}
    nested = ended.tasks[0].run
    assert nested is not None
    assert (nested.definition, nested.status) == ("Inner", "Completed")
    assert WorkflowRun.from_json(ended.to_json()).to_json() == ended.to_json()


def test_a_failure_is_the_same_error_with_where_it_was() -> None:
    """The error of the task that failed fails the task that ran it, through every definition."""
    with servers.raw_server(
        servers.respond(servers.response(b"{}", servers.JSON, status="404 Not Found"))
    ) as server:
        inner = definition(http(f"{server.url}/x"))
        middle = definition(workflow("inner"))
        ended = run(definition(workflow("middle")), inner=inner, middle=middle)
    (task,) = ended.tasks
    assert task.error is not None
    assert (task.error["error"], task.error["kind"]) == ("StatusError", "status")
    assert task.error["result"]["statusCode"] == 404
    assert task.error["message"].startswith(
        "task 'Run' of the definition 'middle' failed: task 'Run' of the definition 'inner' failed:"
    )


@pytest.mark.parametrize(
    ("inner", "kind", "says"),
    [
        (definition(end(status="Failed")), "task", "ended as Failed"),
        (definition(end(), inputSchema={"required": ["id"]}), "settings", "'id' is required"),
        (
            {"startTask": "A", "tasks": {"A": http("http://127.0.0.1:1/")}, "timeoutSeconds": 1e-9},
            "timeout",
            "ended as TimedOut",
        ),
    ],
    ids=["terminated", "input", "timed-out"],
)
def test_an_end_without_a_failed_task_is_an_error_too(
    inner: dict[str, Any], kind: str, says: str
) -> None:
    """A run that was ended as failed, took too long, or was refused its input fails the task."""
    ended = run(definition(workflow("inner", inputParameters="${$.input}")), {}, inner=inner)
    (task,) = ended.tasks
    assert task.error is not None
    assert (task.status, task.error["kind"]) == ("Failed", kind)
    assert says in task.error["message"]


def test_a_failure_inside_can_take_another_way() -> None:
    """`onError` of the task that ran the definition sees the class of the failure inside it."""
    with servers.raw_server(
        servers.respond(servers.response(b"{}", servers.JSON, status="404 Not Found"))
    ) as server:
        inner = definition(http(f"{server.url}/x"))
        routes = [{"errors": ["status"], "statuses": [404], "nextTask": "Else"}]
        outer = definition(workflow("inner", onError=routes))
        outer["tasks"]["Else"] = end("${$.tasks['Run'].output.error.result.statusCode}")
        ended = run(outer, inner=inner)
    assert (ended.status, ended.output) == ("Completed", 404)
    assert ended.tasks[0].run is not None


def test_what_is_not_there_or_broken_is_refused_before_anything_runs() -> None:
    """Definitions are checked as far as they lead, whether a run gets there or not."""
    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        first = http(f"{server.url}/x", nextTask="Run")
        del first["end"]
        outer = {"startTask": "Get", "tasks": {"Get": first, "Run": workflow("inner")}}
        for inner in (definition(workflow("none")), {"startTask": "x", "tasks": {}}):
            with pytest.raises(DefinitionError):
                run(outer, inner=inner)
        with pytest.raises(DefinitionError, match="there is no definition 'inner'"):
            run(outer)
        assert server.received == []


def test_runs_inside_runs_are_bounded() -> None:
    """A definition that runs itself ends at the operator's limit, by an error that says so."""
    loop = definition(workflow("loop"))
    with runtime(limits=Limits(depth=3)) as shared:
        ended = run_workflow(loop, definitions={"loop": loop}, runtime=shared)
    depth, task = 0, ended.tasks[0]
    while task.run is not None:
        depth, task = depth + 1, task.run.tasks[0]
    assert depth == 3
    assert "--max-depth" in (ended.error or "")


def test_tasks_of_nested_runs_count() -> None:
    """The limit of tasks holds for a run with all runs inside it, however they are nested."""
    again = {"startTask": "Run", "tasks": {"Run": workflow("inner", nextTask="More")}}
    del again["tasks"]["Run"]["end"]
    choice = {"condition": "${jsonata: true}", "nextTask": "Run"}
    again["tasks"]["More"] = {"type": "Decision", "choices": [choice], "defaultTask": "End"}
    again["tasks"]["End"] = end()
    with runtime(limits=Limits(steps=20)) as shared:
        ended = run_workflow(again, definitions={"inner": definition(end())}, runtime=shared)
    assert ended.status == "Failed"
    assert sum(task.steps for task in ended.tasks) <= 20


def test_a_replay_gives_the_same_ids_and_keys() -> None:
    """A nested run's id follows from that of the run around it, the task and the visit; another
    visit has another, and so have its idempotency keys.
    """
    inner = definition(end("${swf:workflowId}"))
    outer = definition_of(definition(workflow("inner")))

    def nested_id(workflow_id: str, visit: int) -> str | None:
        options = RunOptions(workflow_id=workflow_id)
        record = RunRecord(outer, options, steps=10, clock=lambda: 0.0)
        (step,) = record.begin().steps
        return record.nested_options(replace(step, visit=visit), TaskOutcome()).workflow_id

    assert nested_id("a", 1) == nested_id("a", 1)
    assert len({nested_id("a", 1), nested_id("a", 2), nested_id("b", 1)}) == 3
    first = run(definition(workflow("inner")), inner=inner)
    assert first.tasks[0].run is not None
    assert first.output == first.tasks[0].run.workflow_id


def test_the_interpreter_goes_on_from_results_with_their_nested_runs() -> None:
    """A rebuilt state counts what nested runs executed, and starts nothing again."""
    outer = definition_of(definition(workflow("inner")))
    nested = WorkflowRun("n", "Inner", "Completed", tasks=(TaskRun("A", 1, "Do", "Completed"),) * 5)
    result = TaskRun("Run", 1, "Workflow", "Completed", output=1, run=nested)
    result = TaskRun.from_json(result.to_json())
    assert result.steps == 6
    progress = next_steps(outer, [result])
    assert (progress.status, progress.output, progress.steps) == ("Completed", 1, ())


@pytest.mark.parametrize("limit", ["timeout", "cancel"])
def test_the_end_of_a_run_reaches_into_the_runs_inside_it(limit: str) -> None:
    """A run that is cancelled, or takes too long, stops the nested one: what it may have sent is
    told, and how far it came.
    """

    async def main() -> WorkflowRun:
        ended: list[WorkflowRun] = []
        with servers.raw_server(servers.silent()) as server:
            inner = definition(http(f"{server.url}/x"), name="Inner")
            outer = definition(
                workflow("inner"), **({"timeoutSeconds": 1} if limit == "timeout" else {})
            )
            async with runtime() as shared:
                running = asyncio.create_task(
                    arun_workflow(
                        outer,
                        definitions={"inner": inner},
                        runtime=shared,
                        cancelled=ended.append,
                    )
                )
                if limit == "timeout":
                    return await running
                await _until(lambda: bool(server.received))
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
        return ended[0]

    run_ = asyncio.run(main())
    (task,) = run_.tasks
    assert run_.status == {"timeout": "TimedOut", "cancel": "Cancelled"}[limit]
    assert task.status == "InProgress"
    assert task.error is not None
    assert task.error["maybeDelivered"] is True
    assert task.run is not None
    assert (task.run.status, task.run.tasks[0].status) == ("Cancelled", "InProgress")


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(servers.HANG_SECONDS):
        while not holds():  # noqa: ASYNC110 - the server's threads know no event of this loop
            await asyncio.sleep(0.01)


def test_a_nested_run_has_its_own_failure_workflow() -> None:
    """The failure workflow of a nested definition runs after it, and the task fails all the same."""
    inner = definition(end(status="Failed"), failureWorkflow="tell")
    ended = run(definition(workflow("inner")), inner=inner, tell=definition(end("told")))
    nested = ended.tasks[0].run
    assert ended.status == "Failed"
    assert nested is not None
    assert nested.failure_run is not None
    assert nested.failure_run.output == "told"
