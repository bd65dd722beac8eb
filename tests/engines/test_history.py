"""Runs that take over what an earlier run did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from httptask.engines import Journal, history_before, run_workflow
from httptask.errors import JournalError, TaskError
from httptask.model.workflow import TaskOutcome, TaskRun, WorkflowRun
from httptask.protocols import TaskCall
from httptask.workflow import definition_of
from tasks import runtime
from worlds import World, do, workflow

THREE = workflow(
    "A",
    {
        "A": do(give="of A", nextTask="B"),
        "B": do(give="${$.tasks['A'].output}", nextTask="C"),
        "C": do(give="${$.tasks['B'].output}", end=True),
    },
)


def taken(definition: Any, earlier: WorkflowRun, name: str, visit: int = 1) -> list[TaskRun]:
    return history_before(definition_of(definition), earlier.tasks, (name, visit), "as before")


def run_again(folder: Path, definition: Any, history: list[TaskRun], world: World) -> WorkflowRun:
    with Journal(folder / "again.sqlite3") as journal, runtime(world) as shared:
        return run_workflow(definition, journal=journal, runtime=shared, history=history)


def names(world: World) -> list[str]:
    return [call.name for call in world.do.calls]


def test_what_had_ended_before_a_task_is_not_run_again(tmp_path: Path) -> None:
    """Later tasks see what it put out then; the new run's history has it, with a note, and not the
    time of the earlier one.
    """
    earlier = World().run(THREE)
    again = World()
    run = run_again(tmp_path, THREE, taken(THREE, earlier, "C"), again)
    assert names(again) == ["C"]
    assert (run.status, run.output) == ("Completed", "of A")
    assert [(task.name, task.notes) for task in run.tasks] == [
        ("A", ("as before",)),
        ("B", ("as before",)),
        ("C", ()),
    ]
    assert run.tasks[0].ended_at is None


def test_what_the_definition_has_no_more_ends_what_is_taken_over(tmp_path: Path) -> None:
    """From the first task that is gone, or led to one that is gone, everything is run."""
    earlier = World().run(THREE)
    changed = workflow(
        "A", {"A": do(give=1, nextTask="X"), "X": do(give=2, nextTask="C"), "C": do(end=True)}
    )
    again = World()
    assert run_again(tmp_path, changed, taken(changed, earlier, "C"), again).status == "Completed"
    assert names(again) == ["X", "C"]


@pytest.mark.parametrize("is_caught", [False, True], ids=["ended-the-run", "led-on"])
def test_a_failure_is_taken_over_where_something_led_on_from_it(
    tmp_path: Path, is_caught: bool
) -> None:
    """A failure that an error route took is an answer like any other; one that ended the run is
    tried again.
    """

    async def fails(call: TaskCall) -> TaskOutcome:
        raise TaskError("broken")

    route = {"onError": [{"errors": ["*"], "nextTask": "B"}]} if is_caught else {}
    definition = workflow("A", {"A": do(nextTask="B", **route), "B": do(end=True)})
    world = World()
    world.do.behaviours = {"A": fails}
    earlier = world.run(definition)
    history = taken(definition, earlier, "B")
    again = World()
    assert run_again(tmp_path, definition, history, again).status == "Completed"
    assert names(again) == (["B"] if is_caught else ["A", "B"])


def test_a_visit_of_a_loop_is_one_of_several(tmp_path: Path) -> None:
    """The visits before the one that is named are taken over."""
    choice = {"condition": "${$.tasks['A'].output.more}", "nextTask": "A"}
    loop = {
        "A": do(give={"more": "${$.previous}"}, nextTask="More"),
        "More": {"type": "Decision", "choices": [choice], "defaultTask": "End"},
        "End": do(end=True),
    }
    definition = workflow("A", loop)

    async def twice(call: TaskCall) -> TaskOutcome:
        return TaskOutcome({"more": call.visit < 3})

    worlds = [World(), World()]
    for world in worlds:
        world.do.behaviours = {"A": twice}
    earlier = worlds[0].run(definition)
    history = taken(definition, earlier, "A", 2)
    run = run_again(tmp_path, definition, history, worlds[1])
    assert [task.key for task in run.tasks] == [task.key for task in earlier.tasks]
    assert names(worlds[0]) == ["A", "A", "A", "End"]
    assert names(worlds[1]) == ["A", "A", "End"]


def test_history_takes_a_journal(tmp_path: Path) -> None:
    """Without one, the run is refused before anything is done."""
    world = World()
    history = taken(THREE, World().run(THREE), "C")
    with pytest.raises(JournalError, match="journal"), runtime(world) as shared:
        run_workflow(THREE, runtime=shared, history=history)
    assert names(world) == []


def test_a_journal_lets_old_runs_go_but_none_that_goes_on(tmp_path: Path) -> None:
    """The latest are kept; summaries have their states and tasks, and nothing that may be large."""
    with Journal(tmp_path / "runs.sqlite3") as journal, runtime(World()) as shared:
        runs = [run_workflow(THREE, journal=journal, runtime=shared) for _ in range(3)]
        journal.keep_latest(2)
        kept = journal.summaries()
        assert [run.workflow_id for run in kept] == [run.workflow_id for run in runs[:0:-1]]
        assert {task.name for task in kept[0].tasks} == {"A", "B", "C"}
        assert all(task.output is None and task.input is None for task in kept[0].tasks)
        assert "output" not in kept[0].ended


def test_who_looks_sees_all_that_was_told(tmp_path: Path) -> None:
    """Whoever is told of an entry finds it in the journal, although it is written a moment later
    for the engine.
    """
    seen: list[bool] = []

    class Looking:
        def noted(self, workflow_id: str, entry: dict[str, Any]) -> None:
            names = {task.name for task in journal.run(workflow_id).tasks}
            seen.append(entry["name"] in names)

        def called(self, workflow_id: str, key: tuple[str, int], call: object) -> None:
            pass

    path = tmp_path / "runs.sqlite3"
    with Journal(path, listener=Looking()) as journal, runtime(World()) as shared:
        run_workflow(THREE, journal=journal, runtime=shared)
    assert seen == [True] * 6
