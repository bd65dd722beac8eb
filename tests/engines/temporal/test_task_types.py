"""Task types of plugins on Temporal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from httptask.model.workflow import TaskOutcome, WorkflowRun
from httptask.protocols import TaskCall
from temporal_worlds import TemporalWorld
from worlds import World, do, refused, workflow


def shape(run: WorkflowRun) -> list[Any]:
    """What both engines tell of a run, without times."""
    tasks = [(task.name, task.status, task.input, task.output) for task in run.tasks]
    errors = [(task.error or {}).get("message") for task in run.tasks]
    return [run.status, run.output, tasks, errors]


async def broken(call: TaskCall) -> TaskOutcome:
    raise RuntimeError("out of order")


GIVES = {
    "A": do(give="${$.input.n}", nextTask="B"),
    "B": do(give=["${$.tasks['A'].output}"], end=True),
}
ITEMS = do(forEach={"items": "${$.input.list}"}, give="${$.input.n}", end=True)
ROUTE = [{"errors": ["connection"], "nextTask": "B"}]
ROUTED = {
    "A": do(onError=ROUTE, end=True),
    "B": do(give="${$.tasks['A'].output.error.error}", end=True),
}


@pytest.mark.parametrize(
    ("tasks", "behaviours", "status"),
    [
        (GIVES, {}, "Completed"),
        ({"A": ITEMS}, {}, "Completed"),
        (ROUTED, {"A": refused}, "Completed"),
        ({"A": do(end=True)}, {"A": refused}, "Failed"),
        ({"A": do(end=True)}, {"A": broken}, "Failed"),
    ],
    ids=["two", "items", "routed", "failed", "broken"],
)
def test_a_task_of_a_plugins_type_runs_as_in_the_embedded_engine(
    temporal_address: str, tasks: Any, behaviours: Any, status: str
) -> None:
    """Its output, its failure, and the route of its failure are the same."""
    definition, given = workflow("A", tasks), {"n": 7, "list": [1, 2]}
    here = World(**behaviours).run(definition, given)
    there = TemporalWorld(temporal_address, World(**behaviours)).run(definition, given)
    assert here.status == status
    assert shape(there) == shape(here)


@pytest.mark.parametrize("is_repeatable", [True, False])
def test_a_task_whose_worker_stops_is_run_again_only_if_its_type_allows_that(
    temporal_address: str, is_repeatable: bool
) -> None:
    """Any other may have done something already: the run fails, and says so."""
    author = World()
    author.do.is_repeatable = is_repeatable  # type: ignore[attr-defined]
    world = TemporalWorld(temporal_address, author)

    async def main() -> WorkflowRun:
        begun = asyncio.Event()

        async def never_ends(call: TaskCall) -> TaskOutcome:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        author.do.behaviours = {"A": never_ends}
        async with world.worker():
            handle = await world.start(workflow("A", {"A": do(give="again", end=True)}))
            await begun.wait()
        author.do.behaviours = {}
        async with world.worker():
            return await world.end(handle)

    ended = asyncio.run(main())
    if is_repeatable:
        assert (ended.status, ended.output) == ("Completed", "again")
    else:
        error = ended.tasks[-1].error
        assert error is not None
        assert (ended.status, error["maybeDelivered"]) == ("Failed", True)
