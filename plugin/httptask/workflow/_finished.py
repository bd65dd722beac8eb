"""The data behind `$.tasks`: input and output of the tasks that ended before a task started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from httptask.model.workflow import TaskRun
from httptask.workflow._error_routes import failed_output

Ends = Mapping[str, Any]
"""`{"input", "output"}` of one visit."""


class FinishedTasks:
    """The completed and failed tasks of a run, in order of completion.

    Recording a result and taking a snapshot take constant time: a snapshot copies nothing. A run
    may have 100,000 results, and copies of them would slow down every garbage collection.
    """

    def __init__(self, results: Iterable[TaskRun] = ()) -> None:
        self._runs: list[TaskRun] = []
        self._earlier: list[int | None] = []
        """For each run in `_runs`, the index of the previous visit of the same task."""
        self._latest: dict[str, int] = {}
        """Task name -> index of its last visit, in the order of the tasks' first visits."""
        for run in results:
            self.record(run)

    def record(self, run: TaskRun) -> None:
        """Add the result *run*; a run that has not ended is ignored."""
        if run.status in ("Completed", "Failed"):
            self._earlier.append(self._latest.get(run.name))
            self._latest[run.name] = len(self._runs)
            self._runs.append(run)

    def output_of(self, visit: tuple[str, int]) -> Any:
        """Return the output of the ended *visit*, a task's name and the number of its visit."""
        name, number = visit
        for run in self.visits(name):
            if run.visit == number:
                return _output(run)
        raise KeyError(visit)

    def visits(self, name: str, count: int | None = None) -> Iterator[TaskRun]:
        """Yield the visits of the task *name* among the first *count* results, newest first."""
        index = self._latest.get(name)
        while index is not None:
            # Visits after the snapshot come first, because they are newer: step over them.
            if count is None or index < count:
                yield self._runs[index]
            index = self._earlier[index]

    def names(self, count: int) -> Iterator[str]:
        """Return the names of the first *count* tasks that ended.

        It is an iterator over a copy, because other tasks may end during the iteration.
        """
        return iter(list(islice(self._latest, count)))

    def snapshot(self) -> Mapping[str, Ends]:
        """Return `$.tasks` as it is now: task name -> input and output of its latest visit.

        Later results do not change the snapshot.
        """
        return _Snapshot(self, len(self._runs), len(self._latest))


def _output(run: TaskRun) -> Any:
    """Return the output of *run*; the output of a failed run is `{"error": ...}`."""
    if run.status == "Completed":
        return run.output
    return failed_output(run.error)


class _Snapshot(Mapping[str, Ends]):
    """The first *count* results of *finished*, which belong to *tasks* different tasks."""

    __slots__ = ("_count", "_finished", "_tasks")

    def __init__(self, finished: FinishedTasks, count: int, tasks: int) -> None:
        self._finished = finished
        self._count = count
        self._tasks = tasks

    def __getitem__(self, name: str) -> Ends:
        for run in self._finished.visits(name, self._count):
            return {"input": run.input, "output": _output(run)}
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return self._finished.names(self._tasks)

    def __len__(self) -> int:
        return self._tasks

    def __repr__(self) -> str:
        return repr(dict(self))
