"""The interpreter: which tasks of a run should be running now, or how the run ended.

Pure: no clock, no I/O, no randomness. A `RunState` goes forward one result at a time, and what a
result costs does not depend on how many came before. The same definition and the same results
always lead to the same state, so a durable engine rebuilds it from the results after a crash: that
is all `next_steps` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from httptask.model.nulls import without_nulls
from httptask.model.policy import MAX_STEPS_OPTION, MAX_STEPS_VARIABLE, Limits
from httptask.model.workflow import Step, TaskRun, Wait, WorkflowDefinition
from httptask.workflow._definition import Scope, branches_of, own_scope
from httptask.workflow._error_routes import error_route, failed_output
from httptask.workflow._progress import News, Progress
from httptask.workflow._tracks import Key, Parallel, Track, around, under_way

MAX_STEPS = Limits().steps
"""Tasks one run may execute, when nobody says otherwise."""


def next_steps(
    definition: WorkflowDefinition,
    results: Iterable[TaskRun],
    *,
    steps: int = MAX_STEPS,
    began_at: str | None = None,
) -> Progress:
    """Return what a run of *definition* should do now, *results* being its history in order of
    completion. *began_at* is the time when the run began, RFC 3339 in UTC.

    This rebuilds the run's state from its results. An engine that keeps a `RunState` pays for each
    result once.
    """
    return RunState.of(definition, results, steps=steps, began_at=began_at).progress


_Move = tuple[Track, Any]
"""A track, and the name of the task it goes to."""


class RunState:
    """The state of one run of *definition*: goes forward with each result that `record` is told of.

    A run that executes more than *steps* tasks fails: a loop without end. The first result that
    failed or terminated decides how the run ends, whatever comes after it.

    A failed task goes on by its `onError`, with `{"error": ...}` as its output. Without a route
    that matches, it fails the Parallel that it is inside of, which may have a route, and so on
    outwards; the other branches are stopped. What no route takes fails the run.

    A Parallel completes with `{startTask of a branch: output of the task that ended the branch}`. A
    run's output is that of its last task, or what a Terminate gives; a Terminate without
    `workflowOutput` passes on the task's before it.

    *definition* must be one that `problems` finds no error in.
    """

    def __init__(
        self,
        definition: WorkflowDefinition,
        *,
        steps: int = MAX_STEPS,
        began_at: str | None = None,
    ) -> None:
        self._budget = steps
        self._time = began_at
        """That of the last result: a state has no clock."""
        self._executed = 0
        self._visits: Counter[str] = Counter()
        self._active: dict[Key, tuple[Track, Step | Wait]] = {}
        self._early: dict[Key, TaskRun] = {}
        """Results that came before the run got to their steps."""
        self._known: set[Key] = set()
        """Parallel tasks that the results tell of."""
        self._joined: dict[Key, TaskRun] = {}
        """Parallel tasks that ended and that the results do not tell of yet."""
        self._end: Progress | None = None
        self._news = News()
        self._root = Track(own_scope(definition), None, None)
        self._follow(self._root, self._root.scope.start)
        self.begun = self._news.told(self._end)
        """What the run starts with."""

    @classmethod
    def of(
        cls,
        definition: WorkflowDefinition,
        results: Iterable[TaskRun],
        *,
        steps: int = MAX_STEPS,
        began_at: str | None = None,
    ) -> RunState:
        """Rebuild the state that a run of *definition* has after *results*, in order of
        completion.
        """
        state = cls(definition, steps=steps, began_at=began_at)
        for run in results:
            state.record(run)
        return state

    def record(self, run: TaskRun) -> Progress:
        """Take the result *run*, and return what it changes: new steps, waits and Parallel tasks,
        or the run's end.

        A result with the status `InProgress` counts as not there, and so does a second one of the
        same visit, and what comes after the run's end. A result may come before the run gets to its
        step; it is kept until then.
        """
        self._news = News()
        key = (run.name, run.visit)
        if run.type == "Parallel":
            self._known.add(key)
            self._joined.pop(key, None)
        elif run.status != "InProgress" and self._end is None:
            self._executed += run.steps - 1
            track, step = self._active.pop(key, (None, None))
            if track is not None and step is not None:
                self._time = run.ended_at or self._time
                self._proceed(self._left(track, step, run))
            elif run.visit > self._visits[run.name]:
                self._early[key] = run
        return self._news.told(self._end)

    @property
    def remaining_steps(self) -> int:
        """The number of tasks that the run may still execute, those of nested runs included."""
        return max(self._budget - self._executed, 0)

    @property
    def progress(self) -> Progress:
        """The whole of how far the run is, in the definition's order. Costs what is under way;
        `record` tells the news.
        """
        joined = tuple(self._joined.values())
        if self._end is not None:
            return Progress(
                self._end.status,
                joined=joined,
                parallels=self._end.parallels,
                output=self._end.output,
                error=self._end.error,
                cause=self._end.cause,
            )
        everything = list(under_way(self._root))
        active = [self._active[at][1] for at in everything if not isinstance(at, Parallel)]
        return Progress(
            "Running",
            steps=tuple(step for step in active if isinstance(step, Step)),
            waits=tuple(step for step in active if isinstance(step, Wait)),
            joined=joined,
            parallels=tuple(at.run for at in everything if isinstance(at, Parallel)),
        )

    # Going forward

    def _follow(self, track: Track, name: Any) -> None:
        self._proceed([(track, name)])

    def _proceed(self, moves: list[_Move]) -> None:
        """Make *moves*, the first one first, and those that follow from them, until every track is
        under way or ended.
        """
        moves.reverse()
        while moves and self._end is None:
            track, name = moves.pop()
            # A result that came early may have failed the Parallel that *track* is inside of.
            if not any(parallel.has_failed for parallel in around(track)):
                moves.extend(reversed(self._visited(track, name)))

    def _visited(self, track: Track, name: Any) -> list[_Move]:
        """Let *track* visit the task called *name*, and return the moves that follow at once."""
        task = track.scope.tasks.get(name)
        if task is None:
            where = track.scope.pointer or "the definition"
            self._fail(track, f"there is no task {name!r} to go to in {where}")
            return []
        self._visits[name] += 1
        if not self._is_affordable(track):
            return []
        visit, pointer = self._visits[name], track.scope.pointer_to(name)
        if task.get("type") == "Parallel":
            run = TaskRun(name, visit, "Parallel", "InProgress")
            return self._forked(Parallel(run, task, track), branches_of(task, pointer))
        step = Step(name, visit, pointer, without_nulls(task), track.before, self._time)
        early = self._early.pop(step.key, None)
        if early is not None:
            return self._left(track, step, early)
        self._activate(track, step)
        self._news.steps.append(step)
        return []

    def _activate(self, track: Track, step: Step | Wait) -> None:
        self._active[step.key] = track, step
        track.at = step.key

    def _left(self, track: Track, step: Step | Wait, run: TaskRun) -> list[_Move]:
        """Let *track* leave *step*, whose result is *run*, and return the moves that follow."""
        if run.status == "Waiting":
            wait = Wait.of(step, run)
            if self._is_affordable(track):  # a task that waits for ever is a loop without end, too
                self._activate(track, wait)
                self._news.waits.append(wait)
            return []
        return self._onward(track, step.definition, run)

    def _onward(self, track: Track, task: Mapping[str, Any], run: TaskRun) -> list[_Move]:
        """Let *track* go on from *task*, whose visit *run* has ended."""
        track.at = None
        if run.status == "Failed":
            return self._failed(track, task, run)
        if run.terminate is not None:
            self._terminate(track, task, run)
            return []
        if run.type != "Decision":
            track.before = run.key
        if (
            run.next_task is not None
        ):  # a Decision says where to go; it has nothing to say of its own
            return [(track, run.next_task)]
        track.output = run.output
        if task.get("end") is True:
            return self._arrived(track)
        if task.get("nextTask") is None:
            self._fail(
                track, f"task {run.name!r} says neither where to go next nor that the run ends"
            )
            return []
        return [(track, task["nextTask"])]

    def _forked(self, parallel: Parallel, branches: list[Scope]) -> list[_Move]:
        """Start a track for each of *branches*."""
        parallel.track.at = parallel
        parallel.branches = [
            Track(branch, parallel, parallel.track.output, parallel.track.before)
            for branch in branches
        ]
        parallel.running = len(branches)
        self._news.parallels.append(parallel.run)
        return [(branch, branch.scope.start) for branch in parallel.branches] or self._met(parallel)

    def _arrived(self, track: Track) -> list[_Move]:
        """Note that *track* came to its end. The last branch of a Parallel ends that one, too."""
        parallel = track.parallel
        if parallel is None:
            self._end = Progress("Completed", output=track.output)
            return []
        parallel.running -= 1
        return [] if parallel.running else self._met(parallel)

    def _met(self, parallel: Parallel) -> list[_Move]:
        """Complete *parallel*, every branch of which has ended, and go on behind it."""
        output = {str(branch.scope.start): branch.output for branch in parallel.branches}
        run = TaskRun(parallel.run.name, parallel.run.visit, "Parallel", "Completed", output=output)
        self._join(run)
        return self._onward(parallel.track, parallel.task, run)

    def _join(self, run: TaskRun) -> None:
        run = replace(run, ended_at=self._time)
        if run.key not in self._known:
            self._joined[run.key] = run
            self._news.joined.append(run)

    # Failures

    def _failed(self, track: Track, task: Mapping[str, Any], run: TaskRun) -> list[_Move]:
        """Follow the route of *task* for the failure *run*; else fail the Parallel tasks around
        it, inner ones first, up to one that has a route; else fail the run.
        """
        reason = (run.error or {}).get("message") or "it failed and does not say why"
        error = f"task {run.name!r} failed: {reason}"
        failed: list[Parallel] = []
        at, failure = track, run
        while (target := error_route(task, failure.error)) is None:
            parallel = at.parallel
            if parallel is None:
                self._end_failed(failed, error, run)
                return []
            failure = replace(parallel.run, status="Failed", error=_branch_error(error, run))
            self._join(failure)
            failed.append(parallel)
            at, task = parallel.track, parallel.task
        if failed:
            self._stop_branches(failed[-1], failed)
        at.at = None
        at.output, at.before = failed_output(failure.error), failure.key
        return [(at, target)]

    def _stop_branches(self, parallel: Parallel, failed: Collection[Parallel]) -> None:
        """End what is under way in the branches of *parallel*, but for those that have *failed*."""
        ended = {id(one) for one in failed}
        parallel.has_failed = True
        for branch in parallel.branches:
            for at in reversed(list(under_way(branch))):
                if not isinstance(at, Parallel):
                    del self._active[at]
                    self._news.stopped.append(at)
                elif id(at) not in ended:
                    self._news.stopped.append(at.run.key)

    # Ends of the whole run

    def _fail(self, track: Track, error: str) -> None:
        """End the run for what no route can take: the definition, or the budget, is at fault."""
        failed = list(around(track))
        for parallel in failed:
            self._join(replace(parallel.run, status="Failed", error=_branch_error(error)))
        self._end_failed(failed, error)

    def _end_failed(self, failed: list[Parallel], error: str, cause: TaskRun | None = None) -> None:
        self._end = Progress("Failed", parallels=self._stopped(failed), error=error, cause=cause)

    def _terminate(self, track: Track, task: Mapping[str, Any], run: TaskRun) -> None:
        has_output = run.output is not None or task.get("workflowOutput") is not None
        failed = run.terminate == "Failed"
        self._end = Progress(
            "Failed" if failed else "Completed",
            parallels=self._stopped([]),
            output=run.output if has_output else track.output,
            error=f"task {run.name!r} ended the run as Failed" if failed else None,
            cause=run if failed else None,
        )

    def _stopped(self, failed: list[Parallel]) -> tuple[TaskRun, ...]:
        """Return the Parallel tasks that are under way when the run ends; *failed* ones have
        ended.
        """
        failures = {id(parallel) for parallel in failed}
        parallels = [at for at in under_way(self._root) if isinstance(at, Parallel)]
        return tuple(parallel.run for parallel in parallels if id(parallel) not in failures)

    def _is_affordable(self, track: Track) -> bool:
        """Count one more execution; end the run when it is one too many."""
        self._executed += 1
        if self._executed > self._budget:
            self._fail(track, self._over_budget())
        return self._end is None

    def _over_budget(self) -> str:
        name, visits = self._visits.most_common(1)[0]
        loop = (
            f"; task {name!r} was visited {visits} times: a loop without end?" if visits > 1 else ""
        )
        noun = "task" if self._budget == 1 else "tasks"
        return (
            f"the run needs more than {self._budget:,} {noun}, the most that one run may"
            f" execute{loop} (an operator raises the limit with {MAX_STEPS_OPTION} or"
            f" {MAX_STEPS_VARIABLE})"
        )


def _branch_error(error: str, cause: TaskRun | None = None) -> dict[str, Any]:
    """Return the error of a Parallel in which *error* happened: that of its *cause*, class and
    result included, so that routes and expressions treat it alike.
    """
    inner = dict(cause.error or {}) if cause is not None else {}
    task = {"task": cause.name} if cause is not None else {}
    return {**inner, "error": "BranchFailed", "message": f"a branch failed: {error}", **task}
