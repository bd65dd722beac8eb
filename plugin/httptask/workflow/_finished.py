"""What `$.tasks` holds: input and output of the tasks that have ended, as each task saw them at its
start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from httptask.model.workflow import TaskRun
from httptask.workflow._error_routes import failed_output

Ends = Mapping[str, Any]
"""`{"input", "output"}` of one visit."""


class FinishedTasks:
    """The tasks of a run that have completed, or failed, in order of completion.

    Neither a result nor a snapshot costs more because there were many before: a snapshot copies
    nothing. A run may have 100,000 of them, each of which the garbage collector walks.
    """

    def __init__(self, results: Iterable[TaskRun] = ()) -> None:
        self._runs: list[TaskRun] = []
        self._earlier: list[int | None] = []
        """Of each of these: the index of the same task's visit before it."""
        self._latest: dict[str, int] = {}
        """By task name, in the order of the first visits: the index of the last one."""
        for run in results:
            self.record(run)

    def record(self, run: TaskRun) -> None:
        """Take the result *run*; one that has not ended changes nothing."""
        if run.status in ("Completed", "Failed"):
            self._earlier.append(self._latest.get(run.name))
            self._latest[run.name] = len(self._runs)
            self._runs.append(run)

    def output_of(self, visit: tuple[str, int]) -> Any:
        """Return the output of a visit that has ended, by the task's name and its number."""
        name, number = visit
        for run in self.visits(name):
            if run.visit == number:
                return _output(run)
        raise KeyError(visit)

    def visits(self, name: str, count: int | None = None) -> Iterator[TaskRun]:
        """Yield the visits of the task *name*, the last one first: those among the first *count*
        results.
        """
        index = self._latest.get(name)
        while index is not None:
            if count is None or index < count:
                yield self._runs[index]
            index = self._earlier[index]

    def names(self, count: int) -> Iterator[str]:
        """Return the names of the first *count* tasks that ended; others may end meanwhile."""
        return iter(list(islice(self._latest, count)))

    def snapshot(self) -> Mapping[str, Ends]:
        """Return what `$.tasks` is now, of each task its latest visit; what completes later does
        not change it.
        """
        return _Snapshot(self, len(self._runs), len(self._latest))


def _output(run: TaskRun) -> Any:
    """Return the output of *run*; that of a failed one is `{"error": ...}`."""
    return run.output if run.status == "Completed" else failed_output(run.error)


class _Snapshot(Mapping[str, Ends]):
    """The first *count* results of *finished*, which are of *tasks* tasks."""

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
