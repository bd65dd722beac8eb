"""What `$.tasks` holds: input and output of the tasks that have ended, as each task saw them at its
start.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from httptask.model.workflow import TaskRun
from httptask.workflow._error_routes import failed_output

Ends = Mapping[str, Any]
"""`{"input", "output"}` of one visit."""


class FinishedTasks:
    """The tasks of a run that have completed, or failed, in order of completion.

    Neither a result nor a snapshot costs more because there were many before: a snapshot copies
    nothing.
    """

    def __init__(self, results: Iterable[TaskRun] = ()) -> None:
        self._count = 0
        self._visits: dict[str, tuple[list[int], list[Ends]]] = {}
        """By task name: when its visits completed, counted from 0, and what they were given and put
        out.
        """
        self._outputs: dict[tuple[str, int], Any] = {}
        for run in results:
            self.record(run)

    def record(self, run: TaskRun) -> None:
        """Take the result *run*. The output of a failed one is `{"error": ...}`; one that has not
        ended changes nothing.
        """
        if run.status not in ("Completed", "Failed"):
            return
        output = run.output if run.status == "Completed" else failed_output(run.error)
        orders, ends = self._visits.setdefault(run.name, ([], []))
        orders.append(self._count)
        ends.append({"input": run.input, "output": output})
        self._outputs[run.key] = output
        self._count += 1

    def output_of(self, visit: tuple[str, int]) -> Any:
        """Return the output of a visit that has ended, by the task's name and its number."""
        return self._outputs[visit]

    def snapshot(self) -> Mapping[str, Ends]:
        """Return what `$.tasks` is now, of each task its latest visit; what completes later does
        not change it.
        """
        return _Snapshot(self._visits, self._count)


class _Snapshot(Mapping[str, Ends]):
    """The first *count* completed visits among *visits*, which only grow."""

    __slots__ = ("_count", "_visits")

    def __init__(self, visits: dict[str, tuple[list[int], list[Ends]]], count: int) -> None:
        self._visits = visits
        self._count = count

    def __getitem__(self, name: str) -> Ends:
        orders, ends = self._visits[name]
        seen = bisect_left(orders, self._count)
        if not seen:
            raise KeyError(name)
        return ends[seen - 1]

    def __iter__(self) -> Iterator[str]:
        return iter(
            [name for name, (orders, _) in list(self._visits.items()) if orders[0] < self._count]
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))
