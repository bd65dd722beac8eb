"""A simple interpreter that replays a run from its start, to compare the incremental one with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun

Key = tuple[str, int]
Before = tuple[Any, Key | None]
"""The output and the visit of the previous task."""


@dataclass
class Replayed:
    """The result of a replay."""

    status: str = "Running"
    steps: list[Key] = field(default_factory=list)
    before: list[Key | None] = field(default_factory=list)
    """The visit before each step."""
    output: Any = None
    error: str | None = None


class _Ended:
    def __init__(self, output: Any) -> None:
        self.output = output


@dataclass
class _Joined:
    """A finished Parallel."""

    target: str
    output: Any


@dataclass
class _Failure:
    """A failure that no route has handled yet."""

    order: int
    task: str
    sentence: str
    error: dict[str, Any]


def _route(task: Any, error: dict[str, Any]) -> str | None:
    for route in task.get("onError") or ():
        if {"*", error.get("kind")} & set(route["errors"]):
            return str(route["nextTask"])
    return None


def replay(document: Any, results: Sequence[TaskRun], budget: int) -> Replayed:
    """Return the steps that should be running after *results*, or the end of the run.

    *results* are in order of completion.
    """
    walk = _Walk(results, budget)
    end = walk.scope(document, "the definition", (None, None), len(results))
    if isinstance(end, _Failure):
        walk.ends(end.order, "Failed", end.sentence)
    if walk.verdicts:
        _, verdict = min(walk.verdicts, key=lambda each: each[0])
        return verdict
    if isinstance(end, _Ended):
        return Replayed("Completed", output=end.output)
    return Replayed(steps=[step for step, _ in walk.steps], before=[key for _, key in walk.steps])


class _Walk:
    def __init__(self, results: Sequence[TaskRun], budget: int) -> None:
        self.results: dict[Key, tuple[int, TaskRun]] = {}
        for order, run in enumerate(results):
            self.results.setdefault((run.name, run.visit), (order, run))
        self.last = len(results)
        self.left = budget
        self.visits: Counter[str] = Counter()
        self.steps: list[tuple[Key, Key | None]] = []
        self.verdicts: list[tuple[int, Replayed]] = []

    def scope(
        self,
        scope: Any,
        where: str,
        before: Before,
        last: int,
    ) -> _Ended | _Failure | None:
        """Walk through the tasks of *scope*, using the results up to the number *last*."""
        name = scope["startTask"]
        order = -1
        output, before_key = before
        while True:
            task = scope["tasks"].get(name)
            if task is None:
                self.ends(order, "Failed", f"there is no task {name!r} to go to in {where}")
                return None
            self.visits[name] += 1
            self.left -= 1
            key = (name, self.visits[name])
            if self.left < 0:
                self.ends(self.last, "Failed", "the run needs more tasks")
                return None
            if task["type"] == "Parallel":
                place = f"{where.removeprefix('the definition')}/tasks/{name}"
                joined = self.parallel(task, place, (output, before_key), last)
                if not isinstance(joined, _Joined):
                    return joined
                name = joined.target
                output = joined.output
                before_key = key
                continue
            if key not in self.results or self.results[key][0] > last:
                self.steps.append((key, before_key))
                return None
            order, run = self.results[key]
            if run.status == "Failed":
                error = dict(run.error or {})
                route = _route(task, error)
                if route is None:
                    sentence = f"task {name!r} failed: {error['message']}"
                    return _Failure(order, name, sentence, error)
                name = route
                output = {"error": error}
                before_key = key
                continue
            if run.terminate is not None:
                result = run.output if run.output is not None else output
                error = (
                    f"task {name!r} ended the run as Failed" if run.terminate == "Failed" else None
                )
                self.ends(order, run.terminate, error, result)
                return None
            before_key = before_key if run.type == "Decision" else key
            if run.next_task is None:
                output = run.output
                if task.get("end"):
                    return _Ended(run.output)
            name = run.next_task or task["nextTask"]

    def parallel(
        self,
        task: Any,
        pointer: str,
        before: Before,
        last: int,
    ) -> _Joined | _Failure | None:
        visits, left, steps, verdicts = (
            *(Counter(self.visits), self.left),
            *(len(self.steps), len(self.verdicts)),
        )
        ends = self.branches(task, pointer, before, last)
        failures = [end for end in ends if isinstance(end, _Failure)]
        if failures:
            # After the first failure, results in other branches do not count.
            first = min(failures, key=lambda failure: failure.order)
            self.visits = visits
            self.left = left
            del self.steps[steps:], self.verdicts[verdicts:]
            self.branches(task, pointer, before, first.order)
            del self.steps[steps:]
            message = f"a branch failed: {first.sentence}"
            error = first.error | {"error": "BranchFailed", "message": message, "task": first.task}
            route = _route(task, error)
            if route is None:
                return first
            return _Joined(route, {"error": error})
        outputs = [end.output for end in ends if isinstance(end, _Ended)]
        if len(outputs) < len(ends):
            return None
        starts = [branch["startTask"] for branch in task["branches"]]
        return _Joined(task["nextTask"], dict(zip(starts, outputs, strict=True)))

    def branches(
        self,
        task: Any,
        pointer: str,
        before: Before,
        last: int,
    ) -> list[_Ended | _Failure | None]:
        return [
            self.scope(branch, f"{pointer}/branches/{index}", before, last)
            for index, branch in enumerate(task["branches"])
        ]

    def ends(
        self,
        order: int,
        status: str,
        error: str | None,
        output: Any = None,
    ) -> None:
        self.verdicts.append((order, Replayed(status, output=output, error=error)))
