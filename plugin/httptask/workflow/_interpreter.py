"""The interpreter: decides which tasks of a run should be running now, and how the run ended.

Pure: no clock, no I/O, no randomness. A `RunState` advances one result at a time; the cost of a
result does not depend on the number of results before. The same definition and the same results
always lead to the same state, so a durable engine can rebuild the state from the results after a
crash, with `next_steps`.
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
"""The default number of tasks that a run may execute."""


def next_steps(
    definition: WorkflowDefinition,
    results: Iterable[TaskRun],
    *,
    steps: int = MAX_STEPS,
    began_at: str | None = None,
) -> Progress:
    """Return what a run of *definition* should do after *results*, in order of completion.

    *steps* is the number of tasks the run may execute, *began_at* the time when it began (RFC 3339,
    UTC). This rebuilds the run's state each time; an engine that keeps a `RunState` processes each
    result only once.
    """
    return RunState.of(definition, results, steps=steps, began_at=began_at).progress


_Move = tuple[Track, Any]
"""A track, and the name of its next task."""


class RunState:
    """The state of one run of *definition*. Each call of `record` advances it by one result.

    A run that executes more than *steps* tasks fails, because it is probably in an endless loop.
    The first failure without a route, or the first Terminate, ends the run; later results are
    ignored.

    A failed task continues by its `onError` route, with the output `{"error": ...}`. Without a
    matching route, the Parallel around it fails, its other branches are stopped, and its `onError`
    applies, and so on outwards. Without any matching route, the run fails.

    A Parallel completes with `{startTask of a branch: output of the task that ended the branch}`.
    The run's output is the output of its last task, or the `workflowOutput` of a Terminate; without
    `workflowOutput`, it is the output of the task before the Terminate.

    *definition* must have no errors, see `problems`.
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
        """The end of the last result, used as the current time: a state has no clock."""
        self._executed = 0
        self._visits: Counter[str] = Counter()
        self._active: dict[Key, tuple[Track, Step | Wait]] = {}
        self._early: dict[Key, TaskRun] = {}
        """Results that were recorded before the run reached their steps."""
        self._recorded_parallels: set[Key] = set()
        """The Parallel tasks that are among the results."""
        self._joined: dict[Key, TaskRun] = {}
        """The ended Parallel tasks that are not among the results yet."""
        self._end: Progress | None = None
        self._news = News()
        self._root = Track(own_scope(definition), None, None)
        self._follow(self._root, self._root.scope.start)
        self.begun = self._news.told(self._end)
        """The first steps of the run, before any result."""

    @classmethod
    def of(
        cls,
        definition: WorkflowDefinition,
        results: Iterable[TaskRun],
        *,
        steps: int = MAX_STEPS,
        began_at: str | None = None,
    ) -> RunState:
        """Return the state of a run of *definition* after *results*, in order of completion."""
        state = cls(definition, steps=steps, began_at=began_at)
        for run in results:
            state.record(run)
        return state

    def record(self, run: TaskRun) -> Progress:
        """Apply the result *run*; return the changes: new steps and waits, or the run's end.

        A result is ignored if its status is `InProgress`, if the visit has a result already, or if
        the run has ended. A result that comes before the run reaches its step is kept until then.
        """
        self._news = News()
        key = (run.name, run.visit)
        if run.type == "Parallel":
            self._recorded_parallels.add(key)
            self._joined.pop(key, None)
        elif run.status != "InProgress" and self._end is None:
            self._executed += run.steps - 1
            track, step = self._active.pop(key, (None, None))
            if track is not None and step is not None:
                self._time = run.ended_at or self._time
                self._proceed(self._apply_result(track, step, run))
            # Branches run at once: a result may be recorded before the step that leads to it.
            elif run.visit > self._visits[run.name]:
                self._early[key] = run
        return self._news.told(self._end)

    @property
    def remaining_steps(self) -> int:
        """The number of tasks that the run may still execute, tasks of nested runs included."""
        return max(self._budget - self._executed, 0)

    @property
    def progress(self) -> Progress:
        """The complete progress of the run, in the definition's order.

        Its cost grows with the number of running tasks; `record` returns only the changes.
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
        running = list(under_way(self._root))
        active = [self._active[item][1] for item in running if not isinstance(item, Parallel)]
        return Progress(
            "Running",
            steps=tuple(step for step in active if isinstance(step, Step)),
            waits=tuple(step for step in active if isinstance(step, Wait)),
            joined=joined,
            parallels=tuple(item.run for item in running if isinstance(item, Parallel)),
        )

    # Advancing

    def _follow(self, track: Track, name: Any) -> None:
        self._proceed([(track, name)])

    def _proceed(self, moves: list[_Move]) -> None:
        """Make *moves* and all moves that follow from them, in order.

        Afterwards every track has a running task, or has ended. It is a loop and not a recursion,
        because a run may have thousands of moves.
        """
        moves.reverse()
        while moves and self._end is None:
            track, name = moves.pop()
            # An earlier move in this loop, with an early result, may have failed a Parallel around
            # *track*.
            if not any(parallel.has_failed for parallel in around(track)):
                moves.extend(reversed(self._start_visit(track, name)))

    def _start_visit(self, track: Track, name: Any) -> list[_Move]:
        """Start the visit of the task *name* on *track*; return the moves that follow at once."""
        task = track.scope.tasks.get(name)
        if task is None:
            where = track.scope.pointer or "the definition"
            self._fail(track, f"there is no task {name!r} to go to in {where}")
            return []
        self._visits[name] += 1
        if not self._is_affordable(track):
            return []
        visit = self._visits[name]
        pointer = track.scope.pointer_to(name)
        if task.get("type") == "Parallel":
            run = TaskRun(name, visit, "Parallel", "InProgress")
            return self._start_branches(Parallel(run, task, track), branches_of(task, pointer))
        step = Step(
            name,
            visit,
            pointer,
            without_nulls(task),
            track.before,
            self._time,
        )
        early = self._early.pop(step.key, None)
        if early is not None:
            return self._apply_result(track, step, early)
        self._activate(track, step)
        self._news.steps.append(step)
        return []

    def _activate(self, track: Track, step: Step | Wait) -> None:
        self._active[step.key] = track, step
        track.at = step.key

    def _apply_result(
        self,
        track: Track,
        step: Step | Wait,
        run: TaskRun,
    ) -> list[_Move]:
        """Apply *run*, the result of *step*, to *track*; return the moves that follow."""
        if run.status == "Waiting":
            wait = Wait.of(step, run)
            if self._is_affordable(track):  # each wait counts, so that endless waiting ends, too
                self._activate(track, wait)
                self._news.waits.append(wait)
            return []
        return self._move_on(track, step.definition, run)

    def _move_on(
        self,
        track: Track,
        task: Mapping[str, Any],
        run: TaskRun,
    ) -> list[_Move]:
        """Move *track* on from *task*, whose visit has ended with *run*."""
        track.at = None
        if run.status == "Failed":
            return self._route_failure(track, task, run)
        if run.terminate is not None:
            self._terminate(track, task, run)
            return []
        if run.type != "Decision":
            track.before = run.key
        if run.next_task is not None:  # a Decision has no output: the output before it stays
            return [(track, run.next_task)]
        track.output = run.output
        if task.get("end") is True:
            return self._end_track(track)
        if task.get("nextTask") is None:
            self._fail(
                track, f"task {run.name!r} says neither where to go next nor that the run ends"
            )
            return []
        return [(track, task["nextTask"])]

    def _start_branches(self, parallel: Parallel, branches: list[Scope]) -> list[_Move]:
        """Start a track for each of *branches*; return their first moves."""
        parallel.track.at = parallel
        parallel.branches = [
            Track(branch, parallel, parallel.track.output, parallel.track.before)
            for branch in branches
        ]
        parallel.running = len(branches)
        self._news.parallels.append(parallel.run)
        return [
            (branch, branch.scope.start) for branch in parallel.branches
        ] or self._complete_parallel(parallel)

    def _end_track(self, track: Track) -> list[_Move]:
        """Record the end of *track*; the end of the last branch completes its Parallel."""
        parallel = track.parallel
        if parallel is None:
            self._end = Progress("Completed", output=track.output)
            return []
        parallel.running -= 1
        if parallel.running:
            return []
        return self._complete_parallel(parallel)

    def _complete_parallel(self, parallel: Parallel) -> list[_Move]:
        """Complete *parallel*, whose branches have all ended; return the moves that follow."""
        output = {str(branch.scope.start): branch.output for branch in parallel.branches}
        run = TaskRun(
            parallel.run.name,
            parallel.run.visit,
            "Parallel",
            "Completed",
            output=output,
        )
        self._join(run)
        return self._move_on(parallel.track, parallel.task, run)

    def _join(self, run: TaskRun) -> None:
        """Record *run*, the end of a Parallel, unless the results contain the Parallel already."""
        run = replace(run, ended_at=self._time)
        if run.key not in self._recorded_parallels:
            self._joined[run.key] = run
            self._news.joined.append(run)

    # Failures

    def _route_failure(
        self,
        track: Track,
        task: Mapping[str, Any],
        run: TaskRun,
    ) -> list[_Move]:
        """Return the move along the `onError` route that matches the failure *run* of *task*.

        Without a matching route, fail the Parallel tasks around the task, inner ones first, up to a
        Parallel with a matching route; if no Parallel has one, end the run as failed.
        """
        reason = (run.error or {}).get("message") or "it failed and does not say why"
        error = f"task {run.name!r} failed: {reason}"
        failed: list[Parallel] = []
        current = track
        failure = run
        while (target := error_route(task, failure.error)) is None:
            parallel = current.parallel
            if parallel is None:
                self._end_failed(failed, error, run)
                return []
            failure = replace(parallel.run, status="Failed", error=_branch_error(error, run))
            self._join(failure)
            failed.append(parallel)
            current = parallel.track
            task = parallel.task
        if failed:
            self._stop_branches(failed[-1], failed)
        current.at = None
        current.output = failed_output(failure.error)
        current.before = failure.key
        return [(current, target)]

    def _stop_branches(self, parallel: Parallel, failed: Collection[Parallel]) -> None:
        """Stop everything that is running in *parallel*, except the Parallel tasks in *failed*."""
        ended = {id(inner) for inner in failed}
        parallel.has_failed = True
        for branch in parallel.branches:
            for item in reversed(list(under_way(branch))):
                if not isinstance(item, Parallel):
                    del self._active[item]
                    self._news.stopped.append(item)
                elif id(item) not in ended:
                    self._news.stopped.append(item.run.key)

    # Ends of the whole run

    def _fail(self, track: Track, error: str) -> None:
        """End the run as failed because of the definition or the budget; no route can match."""
        failed = list(around(track))
        for parallel in failed:
            self._join(replace(parallel.run, status="Failed", error=_branch_error(error)))
        self._end_failed(failed, error)

    def _end_failed(
        self,
        failed: list[Parallel],
        error: str,
        cause: TaskRun | None = None,
    ) -> None:
        self._end = Progress(
            "Failed",
            parallels=self._parallels_to_stop(failed),
            error=error,
            cause=cause,
        )

    def _terminate(self, track: Track, task: Mapping[str, Any], run: TaskRun) -> None:
        """End the run, as a Terminate asks."""
        has_output = run.output is not None or task.get("workflowOutput") is not None
        failed = run.terminate == "Failed"
        self._end = Progress(
            "Failed" if failed else "Completed",
            parallels=self._parallels_to_stop([]),
            output=run.output if has_output else track.output,
            error=f"task {run.name!r} ended the run as Failed" if failed else None,
            cause=run if failed else None,
        )

    def _parallels_to_stop(self, failed: list[Parallel]) -> tuple[TaskRun, ...]:
        """Return the Parallel tasks that the end of the run stops, without *failed*."""
        failures = {id(parallel) for parallel in failed}
        parallels = [item for item in under_way(self._root) if isinstance(item, Parallel)]
        return tuple(parallel.run for parallel in parallels if id(parallel) not in failures)

    def _is_affordable(self, track: Track) -> bool:
        """Count one more executed task; end the run if the budget is exceeded."""
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
    """Return the error of a Parallel with a failed branch, as JSON.

    It has the fields of *cause*'s error, so that routes match on its class and expressions can read
    its result.
    """
    inner = dict(cause.error or {}) if cause is not None else {}
    task = {"task": cause.name} if cause is not None else {}
    return {
        **inner,
        "error": "BranchFailed",
        "message": f"a branch failed: {error}",
        **task,
    }
