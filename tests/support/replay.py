"""A run replayed from its start with all of its results: the plainest interpreter, to judge the one
that goes forward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from httptask.model.workflow import TaskRun

Key = tuple[str, int]


@dataclass
class Replayed:
    """What a replay came to."""

    status: str = "Running"
    steps: list[Key] = field(default_factory=list)
    output: Any = None
    error: str | None = None


class _Ended:
    def __init__(self, output: Any) -> None:
        self.output = output


def replay(document: Any, results: Sequence[TaskRun], budget: int) -> Replayed:
    """Return what should be running after *results*, in order of completion, or how the run
    ended.
    """
    walk = _Walk(results, budget)
    end = walk.scope(document, "the definition", None)
    if walk.verdicts:
        _, verdict = min(walk.verdicts, key=lambda each: each[0])
        return verdict
    if end is not None:
        return Replayed("Completed", output=end.output)
    return Replayed(steps=walk.steps)


class _Walk:
    def __init__(self, results: Sequence[TaskRun], budget: int) -> None:
        self.results: dict[Key, tuple[int, TaskRun]] = {}
        for order, run in enumerate(results):
            self.results.setdefault((run.name, run.visit), (order, run))
        self.last = len(results)
        self.left = budget
        self.visits: Counter[str] = Counter()
        self.steps: list[Key] = []
        self.verdicts: list[tuple[int, Replayed]] = []

    def scope(self, scope: Any, where: str, before: Any) -> _Ended | None:
        name, output, order = scope["startTask"], before, -1
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
                ends = [
                    self.scope(
                        branch,
                        f"{where.removeprefix('the definition')}/tasks/{name}/branches/{index}",
                        output,
                    )
                    for index, branch in enumerate(task["branches"])
                ]
                if any(end is None for end in ends):
                    return None
                output = {
                    branch["startTask"]: end.output
                    for branch, end in zip(task["branches"], ends, strict=True)
                    if end is not None
                }
                name = task["nextTask"]
                continue
            if key not in self.results:
                self.steps.append(key)
                return None
            order, run = self.results[key]
            if run.status == "Failed":
                self.ends(order, "Failed", f"task {name!r} failed: {(run.error or {})['message']}")
                return None
            if run.terminate is not None:
                given = run.output if run.output is not None else output
                error = (
                    f"task {name!r} ended the run as Failed" if run.terminate == "Failed" else None
                )
                self.ends(order, run.terminate, error, given)
                return None
            if run.next_task is None:
                output = run.output
                if task.get("end"):
                    return _Ended(run.output)
            name = run.next_task or task["nextTask"]

    def ends(self, order: int, status: str, error: str | None, output: Any = None) -> None:
        self.verdicts.append((order, Replayed(status, output=output, error=error)))
