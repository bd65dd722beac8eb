"""The interpreter: (definition, results so far) -> what should be running now, or how the run ended.

Pure: no clock, no I/O, no randomness, nothing remembered between calls. It replays the run from its start each time, taking
from the results what each visited task gave, so the same definition and the same results always give the same answer; a
durable engine can ask again after a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask.model.policy import Limits
from httptask.model.workflow import TaskRun, WorkflowDefinition
from httptask.settings import without_nulls
from httptask.workflow._definition import Scope, branches_of, iter_scopes

MAX_STEPS = Limits().steps
"""Tasks one run may execute, when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of one task that should be running now."""

    name: str
    visit: int
    """From 1; (name, visit) is the step's identity in a run."""
    pointer: str
    """Where the task stands in its definition: a JSON Pointer."""
    definition: Mapping[str, Any]
    """The task's definition without its unset fields (null means absent)."""

    @property
    def key(self) -> tuple[str, int]:
        """The step's identity in its run."""
        return self.name, self.visit


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    status: str
    """`Running`, `Completed` or `Failed`."""
    steps: tuple[Step, ...] = ()
    """Everything that should be running now: the engine starts what it has not started yet. A step stays here until it has
    a result or the run has ended; what is still running then is stopped."""
    joined: tuple[TaskRun, ...] = ()
    """Parallel tasks that ended through their branches and are not in the results yet, inner ones first: the engine adds
    them to the results. Nothing is to be run for them."""
    waiting: tuple[TaskRun, ...] = ()
    """Parallel tasks whose branches are under way, as `InProgress`."""
    output: Any = None
    """The run's output, when it has ended."""
    error: str | None = None
    """Why it failed: a sentence."""
    cause: TaskRun | None = None
    """The result that made it fail; None when it was not a task's failure (a loop without end)."""


def next_steps(definition: WorkflowDefinition, results: Sequence[TaskRun], *, steps: int = MAX_STEPS) -> Progress:
    """Return what a run of *definition* should do now, *results* being its history in order of completion.

    Results with the status `InProgress` count as not there. The first result that failed or terminated decides how the
    run ends, whatever came after it. A run that executes more than *steps* tasks fails: a loop without end.

    A Parallel completes with `{startTask of a branch: output of the task that ended the branch}`. A run's output is that
    of its last task, or what a Terminate gives; a Terminate without `workflowOutput` passes on the task's before it.

    *definition* must be one that `problems` finds no error in.
    """
    return _Replay(results, steps).run(next(iter_scopes(definition)))


def tasks_document(results: Sequence[TaskRun]) -> dict[str, dict[str, Any]]:
    """Return what `$.tasks` is after *results*: input and output of every completed task, of its latest visit."""
    completed = [run for run in results if run.status == "Completed"]
    return {run.name: {"input": run.input, "output": run.output} for run in completed}


@dataclass(frozen=True, slots=True)
class _Ended:
    """A set of tasks was walked to an end task."""

    output: Any


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Something that ends the whole run."""

    order: int
    """Its place in the history: the first one counts."""
    status: str
    error: str | None = None
    output: Any = None
    cause: TaskRun | None = None
    inside: tuple[TaskRun, ...] = ()
    """The Parallel tasks around it, outer ones first."""


class _Replay:
    """One walk through a run. Lives for one call of `next_steps`."""

    def __init__(self, results: Sequence[TaskRun], budget: int) -> None:
        finished = [run for run in results if run.status != "InProgress"]
        self._results = {(run.name, run.visit): (order, run) for order, run in enumerate(finished)}
        self._budget = budget
        self._visits: Counter[str] = Counter()
        self._executed = 0
        self._steps: list[Step] = []
        self._joined: list[TaskRun] = []
        self._waiting: list[TaskRun] = []
        self._verdicts: list[_Verdict] = []
        self._inside: tuple[TaskRun, ...] = ()

    def run(self, scope: Scope) -> Progress:
        end = self._walk(scope, None)
        if self._verdicts:
            return self._decided(min(self._verdicts, key=lambda verdict: verdict.order))
        if end is not None:
            return Progress("Completed", joined=tuple(self._joined), output=end.output)
        return Progress("Running", tuple(self._steps), tuple(self._joined), tuple(self._waiting))

    def _walk(self, scope: Scope, before: Any) -> _Ended | None:
        """Follow one set of tasks as far as the results go; None when it is not at its end."""
        name, output, order = scope.start, before, -1
        while True:
            task = scope.tasks.get(name)
            if task is None:
                self._fail(order, f"there is no task {name!r} to go to in {scope.pointer or 'the definition'}")
                return None
            self._visits[name] += 1
            self._executed += 1
            if self._executed > self._budget:
                self._fail(len(self._results), self._over_budget())
                return None
            run = self._visited(scope, name, task, output)
            if run is None:
                return None
            order = self._results[name, run.visit][0] if (name, run.visit) in self._results else order
            if run.terminate is not None:
                self._terminate(order, run, task, output)
                return None
            if run.next_task is None:  # a Decision says where to go; it has nothing to say of its own
                output = run.output
            target = run.next_task or (None if task.get("end") is True else task.get("nextTask"))
            if target is None:
                return self._at_end(order, run, task)
            name = target

    def _visited(self, scope: Scope, name: str, task: Mapping[str, Any], before: Any) -> TaskRun | None:
        """Return the completed visit of the task called *name*; None when it is under way, or failed."""
        visit, place = self._visits[name], scope.place(name)
        if task.get("type") == "Parallel":
            return self._parallel(TaskRun(name, visit, "Parallel", "InProgress"), branches_of(task, place), before)
        if (name, visit) not in self._results:
            self._steps.append(Step(name, visit, place, without_nulls(task)))
            return None
        order, run = self._results[name, visit]
        if run.status == "Failed":
            said = (run.error or {}).get("message") or "it failed and does not say why"
            self._fail(order, f"task {name!r} failed: {said}", run)
            return None
        return run

    def _parallel(self, under_way: TaskRun, branches: Sequence[Scope], before: Any) -> TaskRun | None:
        around = self._inside
        self._inside = (*around, under_way)
        ends = [self._walk(branch, before) for branch in branches]
        self._inside = around
        if any(end is None for end in ends):
            self._waiting.append(under_way)
            return None
        output = {str(branch.start): end.output for branch, end in zip(branches, ends, strict=True) if end is not None}
        run = TaskRun(under_way.name, under_way.visit, "Parallel", "Completed", output=output)
        self._join(run)
        return run

    def _join(self, run: TaskRun) -> None:
        if (run.name, run.visit) not in self._results:
            self._joined.append(run)

    # Ends of the whole run

    def _fail(self, order: int, error: str, cause: TaskRun | None = None) -> None:
        self._verdicts.append(_Verdict(order, "Failed", error, cause=cause, inside=self._inside))

    def _terminate(self, order: int, run: TaskRun, task: Mapping[str, Any], before: Any) -> None:
        given = run.output is not None or task.get("workflowOutput") is not None
        failed = run.terminate == "Failed"
        self._verdicts.append(
            _Verdict(
                order,
                "Failed" if failed else "Completed",
                f"task {run.name!r} ended the run as Failed" if failed else None,
                output=run.output if given else before,
                cause=run if failed else None,
            )
        )

    def _at_end(self, order: int, run: TaskRun, task: Mapping[str, Any]) -> _Ended | None:
        if task.get("end") is True:
            return _Ended(run.output)
        self._fail(order, f"task {run.name!r} says neither where to go next nor that the run ends")
        return None

    def _over_budget(self) -> str:
        name, visits = self._visits.most_common(1)[0]
        loop = f"; task {name!r} was visited {visits} times: a loop without end?" if visits > 1 else ""
        return f"the run needs more than {self._budget} tasks, the most that one run may execute{loop}"

    def _decided(self, verdict: _Verdict) -> Progress:
        failed = {(run.name, run.visit) for run in verdict.inside}
        waiting = tuple(run for run in self._waiting if (run.name, run.visit) not in failed)
        for run in reversed(verdict.inside):
            error = {"error": "BranchFailed", "message": f"a branch failed: {verdict.error}"}
            self._join(TaskRun(run.name, run.visit, "Parallel", "Failed", error=error))
        return Progress(verdict.status, (), tuple(self._joined), waiting, verdict.output, verdict.error, verdict.cause)
