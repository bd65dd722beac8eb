"""Run one task from a workflow: by an activity, or several consecutive ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)
from temporalio.exceptions import (
    TimeoutError as ActivityTimeoutError,
)

from httptask.engines._outcome import (
    checked_outcome,
    cut_off_error,
    due,
    stopped_error,
    unexpected_failure,
)
from httptask.engines.temporal._arguments import (
    PINS_APART,
    HttpTaskArguments,
    HttpTaskOutcome,
    ListedItems,
    RunArguments,
)
from httptask.engines.temporal._types import (
    CANCEL_ACTIVITY,
    HTTP,
    HTTP_ACTIVITY,
    LOCAL,
    PINNED_ACTIVITY,
    TASK_ACTIVITY,
    is_unrepeatable,
    reads_page_by_page,
    starts_job,
)
from httptask.errors import HttpTaskError
from httptask.expressions import only
from httptask.model import policy
from httptask.model.workflow import TaskOutcome
from httptask.task import cut_off_state, lost_state

if TYPE_CHECKING:
    from httptask.model.for_each import ForEach
    from httptask.model.task import Inputs
    from httptask.model.workflow import Signal, Step

LONGEST_WAIT = 60.0
"""In seconds. During a longer wait, a timer of the workflow waits instead of an activity."""

_LOST_WORKERS = 10
"""The number of further workers that get a repeatable task after a worker was lost. A lost worker
is no attempt of the task's `retry`; but a task that crashes every worker must end.
"""

_MARGIN = timedelta(seconds=10)
"""Added to the deadline of a task, which the activity enforces itself."""

_LONGEST = timedelta(days=365)
"""The deadline of activities for tasks of several calls: each call has a deadline itself."""

_LOCAL_SECONDS = 60
"""The deadline of tasks that only evaluate expressions, whose time is limited anyway."""

_AT_ONCE = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=_LOST_WORKERS)
_ONCE = RetryPolicy(maximum_attempts=1)

_OF_PINNED = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=1_000,
)
"""The activity of a task with a pin makes the attempts of `retry` itself. Workers of older versions
lack it, so wait some hours for a newer one.
"""

_OF_UNBEGUN = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=60),
    maximum_attempts=_LOST_WORKERS,
)
"""How often, and after which intervals, a task that must not be repeated is given to another worker
if a worker could not begin it. The workflow applies it, because Temporal cannot tell these failures
from others.
"""

_ENDS_IN_DOUBT = "httptask-ends-in-doubt"
"""The id of a change of the workflow, in Temporal's terms: a task that must not be repeated ends
after a failure that may have come after its request. Before, another activity followed.
"""

_CANCELS_JOBS = "httptask-cancels-jobs"
"""The id of another change: the job of a task that is stopped during a wait is cancelled."""

_POLLS_ON = "httptask-polls-on"
"""The id of another change: a job is polled on if a worker was lost before its first heartbeat."""

_STOPS_AT_ONCE = "httptask-stops-at-once"
"""The id of another change: a task that is stopped during an activity ends after it, also if the
activity ends before its worker learns of that, and so is not cancelled.
"""

_SENDS_PAGES_ONCE = "httptask-sends-pages-once"
"""The id of another change: after a worker is lost, a task of several calls ends if its next call
must not be sent twice. Before, it went on with that call.
"""

_STOPS_AFTER_LOSS = "httptask-stops-after-loss"
"""The id of another change: the job of a task that is stopped is cancelled although the worker that
polled it was lost, also if the task may be repeated.
"""

_TO_CANCEL = timedelta(seconds=30)
"""How long a stopped run waits for a job to be cancelled. The request has a third of it."""

_MISSING_ACTIVITY = "NotFoundError"
"""The type of the SDK's failure if a worker lacks the activity."""

_UNREGISTERED = "is not registered on this"
"""A part of its message. A storage of large values may raise an error with the same name."""

_UNREAD_ARGUMENTS = "Failed decoding arguments"
"""The message of the SDK's failure if a worker cannot read the arguments of an activity."""


class StoppedTaskError(Exception):
    """A running task was stopped; *error*, as JSON, says whether a request may have arrived.

    *state* is where its last activity left it, if no activity was running it then.
    """

    def __init__(self, error: dict[str, Any], state: Any = None) -> None:
        super().__init__(error["message"])
        self.error = error
        self.state = state


def stopped_between(
    state: Any,
    failure: Mapping[str, Any] | None = None,
    *,
    is_sent: bool,
) -> dict[str, Any]:
    """Return the error, as JSON, of a task that is stopped while no activity is running it.

    *state* is where its last activity left it, *failure* the error of that activity. *is_sent*: a
    server may have got a request.
    """
    known = failure or {}
    maybe = is_sent or bool(known.get("maybeDelivered"))
    details = state.get("stopped", {}) if isinstance(state, Mapping) else {}
    return {**stopped_error(known.get("attempts") or 0, is_maybe_delivered=maybe), **details}


def is_being_stopped() -> bool:
    """Say whether the current asyncio task was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _must_stop() -> bool:
    """Say whether the current task was stopped during an activity that was not cancelled.

    The SDK waits for the activity, and drops the cancellation if the activity ends otherwise.
    """
    return is_being_stopped() and workflow.patched(_STOPS_AT_ONCE)


def _is_end(outcome: TaskOutcome) -> bool:
    """Say whether a task with *outcome* has ended: no wait and no nested run follow."""
    return not outcome.is_waiting and outcome.definition is None


class Ran(NamedTuple):
    """The result of running a task."""

    outcome: TaskOutcome | dict[str, Any]
    """The outcome, or the error as JSON."""
    notes: tuple[str, ...] = ()
    pinned: int = 0
    """The number of requests that pins answered."""

    @property
    def error(self) -> dict[str, Any]:
        """The error as JSON; {} if the task has not failed."""
        if isinstance(self.outcome, TaskOutcome):
            return {}
        return self.outcome


class ActivityRunner:
    """Runs the tasks of the run of *arguments*; *facts* are those of its definition's tasks."""

    def __init__(self, arguments: RunArguments, facts: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._facts = facts

    async def run(
        self,
        step: Step,
        inputs: Inputs,
        state: Any = None,
        signal: Signal | None = None,
    ) -> Ran:
        """Run the task of *step* once, with the attempts that its `retry` allows.

        Return the outcome, or the error as JSON, and notes. Raises `StoppedTaskError` if the run is
        stopped during the task.
        """
        arguments = self._task(step, inputs, state, signal)
        try:
            activity_outcome = await self._run_activities(step, arguments)
            outcome = _outcome(activity_outcome)
            checked_outcome(outcome, step.definition["type"])
            if not _is_end(outcome) and _must_stop():
                is_sent = step.definition["type"] == HTTP and arguments.pin is None
                error = stopped_between(outcome.state, is_sent=is_sent)
                raise StoppedTaskError(error, outcome.state)
        except FailureError as error:
            if is_cancelled_exception(error):  # a local activity
                raise StoppedTaskError(stopped_error(0, is_maybe_delivered=False)) from None
            sends = arguments.pin is None and step.definition["type"] not in LOCAL
            failed = _failure(error, step, sends=sends)
            if is_being_stopped():
                raise StoppedTaskError(failed.error) from None
            return failed
        except (TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            return Ran(unexpected_failure(step.definition["type"], reason))
        return Ran(outcome, tuple(activity_outcome.notes or ()), activity_outcome.pinned or 0)

    async def items(self, step: Step, inputs: Inputs, setting: ForEach) -> ListedItems:
        """Return the items of *step*, whose task has the `forEach` *setting*."""
        reads = self._fact(step, "reads_for_items")
        arguments = HttpTaskArguments(
            dict(step.definition),
            step.name,
            run=dict(inputs.run),
            pointer=step.pointer,
            **_read(inputs, reads),
        )
        try:
            listed: ListedItems = await workflow.execute_local_activity(
                "httptask_items",
                arguments,
                result_type=ListedItems,
                start_to_close_timeout=timedelta(seconds=_LOCAL_SECONDS),
                retry_policy=_AT_ONCE,
                summary=f"items of {step.name}",
            )
        except FailureError as error:
            raise _error_of(error, step) from None
        return listed

    async def cancel_job(self, step: Step, inputs: Inputs, state: Any) -> None:
        """Let a worker cancel the job in *state*, if *step* was stopped and its task says so.

        It is tried once, and a failure is ignored: the error of *step* names the job.
        """
        setting = step.definition.get("completion")
        cancels = isinstance(setting, Mapping) and setting.get("cancel") is not None
        if state is None or not cancels or not workflow.patched(_CANCELS_JOBS):
            return
        with contextlib.suppress(FailureError):
            await workflow.execute_activity(
                CANCEL_ACTIVITY,
                self._task(step, inputs, state, None),
                schedule_to_close_timeout=_TO_CANCEL,
                retry_policy=_ONCE,
                summary=f"cancel the job of {step.name}"[:200],
            )

    def awaits_callback(self, step: Step) -> bool:
        """Say whether the task of *step* waits for a callback."""
        return bool(self._fact(step, "awaits_callback"))

    def judging(self, step: Step, inputs: Inputs) -> HttpTaskArguments:
        """Return the arguments with which callbacks of the task of *step* are judged.

        They do not contain the data of other tasks, which are not needed.
        """
        environment = inputs.environment
        return HttpTaskArguments(
            dict(step.definition),
            step.name,
            run=dict(inputs.run),
            environment=environment.to_json() if environment is not None else None,
            pointer=step.pointer,
            visit=step.visit,
        )

    def _task(
        self,
        step: Step,
        inputs: Inputs,
        state: Any,
        signal: Signal | None,
    ) -> HttpTaskArguments:
        """Return the arguments of the activity, with only the data that the task reads."""
        reads = self._fact(step, "reads")
        needs_previous = reads is None or self._fact(step, "reads_previous")
        environment = inputs.environment
        item = inputs.item
        pin = _pin(inputs)
        return HttpTaskArguments(
            dict(step.definition),
            step.name,
            run=dict(inputs.run),
            environment=environment.to_json() if environment is not None else None,
            previous=inputs.previous if needs_previous else None,
            item=item.to_json() if item is not None else None,
            pointer=step.pointer,
            visit=step.visit,
            state=state,
            signal=signal.to_json() if signal is not None else None,
            longest_wait_seconds=LONGEST_WAIT,
            pin=pin,
            page_by_page=reads_page_by_page(step.definition) or None,
            hands_on_start=(pin is None and starts_job(step.definition)) or None,
            **_read(inputs, reads),
        )

    async def _run_activities(self, step: Step, arguments: HttpTaskArguments) -> HttpTaskOutcome:
        """Run the activities of one task until one succeeds, or no other may follow."""
        task_type = step.definition["type"]
        summary = _summary(step, arguments)
        done: HttpTaskOutcome
        if task_type in LOCAL:
            done = await workflow.execute_local_activity(
                TASK_ACTIVITY,
                arguments,
                result_type=HttpTaskOutcome,
                start_to_close_timeout=timedelta(seconds=_LOCAL_SECONDS),
                retry_policy=_AT_ONCE,
                summary=summary,
            )
            return done
        # Repeating sends nothing if a pin answers, or if the task continues after its callback.
        is_called = arguments.state is not None and self.awaits_callback(step)
        is_unsent = task_type == HTTP and (arguments.pin is not None or is_called)
        may_repeat = is_unsent or bool(self._fact(step, "may_repeat"))
        began = workflow.time()
        unbegun = 0
        failure: dict[str, Any] = {}
        notes: list[str] = []
        while True:
            scheduled_at = workflow.time()
            try:
                done = await self._activity(step, arguments, summary, may_repeat=may_repeat)
                notes += done.notes or ()
                following = _after_start(done, arguments)
                if following is None:
                    return replace(done, notes=notes) if notes else done
            except FailureError as error:
                if is_cancelled_exception(error):
                    seconds = workflow.time() - scheduled_at
                    is_sent = may_repeat and self._may_have_failed(step, arguments, seconds)
                    raise self._stopped(arguments, failure, is_sent=is_sent) from None
                state = _state_in_doubt(error, arguments)
                if state is not None and workflow.patched(_SENDS_PAGES_ONCE):
                    raise await self._cut_off(
                        step, replace(arguments, state=state), error
                    ) from None
                following = _following(error, arguments, may_repeat=may_repeat, unbegun=unbegun)
                if following is None:
                    stopped = self._stopped_after_loss(error, arguments, failure)
                    if stopped is not None:
                        raise stopped from None
                    raise
                unbegun += _is_unbegun(error)
                failure = _error_in(error) or failure
            delay, arguments = following
            if _must_stop():
                raise self._stopped(arguments, failure)
            try:
                await workflow.sleep(delay)
            except asyncio.CancelledError:
                raise self._stopped(arguments, failure) from None
            seconds = workflow.time() - began
            arguments = replace(arguments, seconds_before=seconds)

    def _stopped_after_loss(
        self, error: FailureError, arguments: HttpTaskArguments, failure: Mapping[str, Any]
    ) -> StoppedTaskError | None:
        """Return the exception of a task that is being stopped and whose worker was lost.

        It is as if the task were stopped between two activities, so that its job is cancelled.
        None: *error*, the failure of its last activity, is another end.
        """
        cause = _cause(error)
        if not isinstance(cause, ActivityTimeoutError) or not is_being_stopped():
            return None
        state = _member(cause.last_heartbeat_details, "state") or arguments.state
        if state is None or not workflow.patched(_STOPS_AFTER_LOSS):
            return None
        return self._stopped(replace(arguments, state=state), failure)

    async def _cut_off(
        self, step: Step, arguments: HttpTaskArguments, lost: FailureError
    ) -> FailureError:
        """Return the failure of a task whose worker was *lost* during a call not to be repeated.

        The task itself says what it collected before the state in *arguments*; it sends nothing.
        """
        state = cut_off_state(arguments.state, cut_off_error(step)["message"])
        try:
            # In this worker, because an older one would make the call.
            await workflow.execute_local_activity(
                HTTP_ACTIVITY,
                replace(arguments, state=state),
                result_type=HttpTaskOutcome,
                start_to_close_timeout=timedelta(seconds=_LOCAL_SECONDS),
                retry_policy=_AT_ONCE,
                summary=_summary(step, arguments),
            )
        except FailureError as error:
            if (_error_in(error) or {}).get("maybeDelivered"):
                return error
        return lost

    def _may_have_failed(self, step: Step, arguments: HttpTaskArguments, seconds: float) -> bool:
        """Say whether a cancelled activity, which no worker had then, may have failed before.

        After a failure, Temporal waits before its next attempt. *seconds* have passed since the
        activity was scheduled: a lost worker is not noticed before its heartbeats are missed.
        """
        if arguments.pin is not None:
            return False  # nothing is sent
        has_retry = policy.RetryPolicy.of_task(step.definition).max_attempts > 1
        return has_retry or seconds >= self._arguments.heartbeat_seconds

    @staticmethod
    def _stopped(
        arguments: HttpTaskArguments, failure: Mapping[str, Any], *, is_sent: bool = False
    ) -> StoppedTaskError:
        """Return the exception of a task that is stopped while no worker runs its activity.

        *failure* is the error of its last activity, {} for none.
        """
        state = arguments.state
        error = stopped_between(state, failure, is_sent=is_sent or state is not None)
        return StoppedTaskError(error, state)

    async def _activity(
        self,
        step: Step,
        arguments: HttpTaskArguments,
        summary: str,
        *,
        may_repeat: bool,
    ) -> HttpTaskOutcome:
        is_http = step.definition["type"] == HTTP
        is_pinned = arguments.pin is not None and self._arguments.format >= PINS_APART
        for_http = PINNED_ACTIVITY if is_pinned else HTTP_ACTIVITY
        done: HttpTaskOutcome = await workflow.execute_activity(
            for_http if is_http else TASK_ACTIVITY,
            arguments,
            result_type=HttpTaskOutcome,
            start_to_close_timeout=_deadline(step.definition) if is_http else _LONGEST,
            heartbeat_timeout=timedelta(seconds=self._arguments.heartbeat_seconds),
            retry_policy=_policy(step.definition, arguments) if may_repeat else _ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=summary,
        )
        return done

    def _fact(self, step: Step, name: str) -> Any:
        return self._facts.get(step.pointer, {}).get(name)


def _pin(inputs: Inputs) -> dict[str, Any] | None:
    pin = inputs.pin
    item = inputs.item
    if pin is None:
        return None
    return (pin if item is None else pin.of_item(item.index)).to_json()


def _read(inputs: Inputs, reads: Any) -> dict[str, Any]:
    """Return the parts of *inputs* at the paths *reads*; None: everything."""
    document = {
        "input": inputs.input,
        "tasks": inputs.tasks,
        "variables": inputs.variables,
    }
    if reads is None:
        tasks = {name: dict(ends) for name, ends in inputs.tasks.items()}
        return {
            **document,
            "tasks": tasks,
            "variables": dict(inputs.variables),
        }
    part = only(document, {tuple(names) for names in reads})
    tasks = {name: ends or {} for name, ends in (part["tasks"] or {}).items()}
    return {
        **part,
        "tasks": tasks,
        "variables": part["variables"] or {},
    }


def _summary(step: Step, arguments: HttpTaskArguments) -> str:
    """Return the activity's name in Temporal's user interface: task, visit, item, page."""
    details = f", visit {step.visit}" if step.visit > 1 else ""
    if arguments.item is not None:
        details += f" [{arguments.item['index']}]"
    if arguments.page_by_page:
        details += f", page {(arguments.state or {}).get('number', 1)}"
    return f"{step.name}{details}"[:200]


def _deadline(definition: Mapping[str, Any]) -> timedelta:
    """Return the deadline of an activity for the HTTP task *definition*."""
    if definition.get("pagination") is not None or definition.get("completion") is not None:
        return _LONGEST
    seconds = policy.Timeouts.of_task(definition).total
    return min(timedelta(seconds=min(seconds, _LONGEST.total_seconds())), _LONGEST) + _MARGIN


def _policy(definition: Mapping[str, Any], arguments: HttpTaskArguments) -> RetryPolicy:
    """Return the retry policy of a repeatable task.

    Each failure of the activity says whether another attempt follows, and after which delay. The
    intervals here apply only after a lost worker.
    """
    if arguments.pin is not None:
        return _OF_PINNED
    retry = policy.RetryPolicy.of_task(definition)
    return RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=max(float(retry.backoff_rate), 1.0),
        maximum_interval=timedelta(seconds=60),
        maximum_attempts=retry.max_attempts + _LOST_WORKERS,
    )


def _following(
    error: FailureError,
    arguments: HttpTaskArguments,
    *,
    may_repeat: bool,
    unbegun: int = 0,
) -> tuple[float, HttpTaskArguments] | None:
    """Return the seconds before another activity for the task, and its arguments; None: no other.

    Within an activity, Temporal makes the attempts of a repeatable task; another activity follows
    only after a long wait. A task that must not be repeated has one attempt per activity. Another
    one may follow if the failure did no harm: the server refused the request, or nothing was sent.
    *unbegun* workers before could not begin the task.
    """
    cause = _cause(error)
    details = cause.details if isinstance(cause, ApplicationError) else ()
    attempts = (_error_in(error) or {}).get("attempts") or arguments.attempt
    seconds = _member(details, "next_attempt_seconds")
    if seconds is not None:
        return float(seconds), replace(arguments, attempt=attempts + 1)
    if may_repeat:
        return None
    if isinstance(cause, ActivityTimeoutError):
        # The state in the lost worker's last heartbeat, or in the result of the activity before:
        # with it, a started job is only polled.
        state = _member(cause.last_heartbeat_details, "state")
        if state is None and starts_job(arguments.definition) and workflow.patched(_POLLS_ON):
            state = arguments.state
        if state is None:
            return None
        return (1.0, replace(arguments, state=lost_state(state)))
    if not isinstance(cause, ApplicationError) or cause.non_retryable:
        return None
    if _member(details, "is_handed_back"):
        state = _member(details, "state")
        may_have_sent = (_error_in(error) or {}).get("maybeDelivered") and state is None
        if may_have_sent:
            return None
        return (0.0, replace(arguments, state=state))
    # Our failures say whether the task may go on. Any other may have come after the request: the
    # result of the activity could not be written, for example.
    if _error_in(error) is None and workflow.patched(_ENDS_IN_DOUBT):
        return _after_unbegun(unbegun, arguments) if _is_unbegun(error) else None
    delay = cause.next_retry_delay or timedelta(seconds=1)
    return delay.total_seconds(), replace(arguments, attempt=attempts + 1)


def _state_in_doubt(error: FailureError, arguments: HttpTaskArguments) -> Any:
    """Return the state from which a lost worker may have made a call that must not be repeated.

    It is that of its last heartbeat, or that of *arguments*. None: *error* is no loss of a worker,
    or the next call may be repeated.
    """
    cause = _cause(error)
    if not isinstance(cause, ActivityTimeoutError):
        return None
    state = _member(cause.last_heartbeat_details, "state") or arguments.state
    return state if is_unrepeatable(state) else None


def _after_start(
    done: HttpTaskOutcome, arguments: HttpTaskArguments
) -> tuple[float, HttpTaskArguments] | None:
    """Return the seconds before the polls of a job that *done* has started, and their arguments.

    None: it has started none, or the first poll is so late that the visit waits for it.
    """
    if not arguments.hands_on_start or arguments.state is not None or done.wait_until is None:
        return None
    seconds = (due(done.wait_until) - workflow.now()).total_seconds()
    if seconds > LONGEST_WAIT:
        return None
    return max(seconds, 0.0), replace(arguments, state=done.state)


def _after_unbegun(
    unbegun: int, arguments: HttpTaskArguments
) -> tuple[float, HttpTaskArguments] | None:
    """Return what follows after one more than *unbegun* workers could not begin the task."""
    if unbegun + 1 >= _OF_UNBEGUN.maximum_attempts:
        return None
    longest = _OF_UNBEGUN.maximum_interval or _OF_UNBEGUN.initial_interval
    delay = min(_OF_UNBEGUN.initial_interval * _OF_UNBEGUN.backoff_coefficient**unbegun, longest)
    return delay.total_seconds(), arguments


def _is_unbegun(error: FailureError) -> bool:
    """Say whether a worker failed with *error* before it began the activity: nothing was sent."""
    cause = _cause(error)
    if not isinstance(cause, ApplicationError) or cause.details:
        return False
    is_missing = cause.type == _MISSING_ACTIVITY and _UNREGISTERED in cause.message
    return is_missing or (not cause.type and cause.message == _UNREAD_ARGUMENTS)


def _cause(error: FailureError) -> BaseException | None:
    """Return the cause of an activity's failure; *error* itself for a local activity."""
    if isinstance(error, ActivityError):
        return error.cause
    return error


def _error_in(error: FailureError) -> dict[str, Any] | None:
    """Return the error of the task in a failure of ours, as JSON; None for any other failure."""
    cause = _cause(error)
    return _member(cause.details, "error") if isinstance(cause, ApplicationError) else None


def _member(details: Sequence[Any], name: str) -> Any:
    """Return the member *name* of the first of an activity's *details*; None without one."""
    detail = details[0] if details else None
    if isinstance(detail, Mapping):
        return detail.get(name)
    return None


def _outcome(done: HttpTaskOutcome) -> TaskOutcome:
    return TaskOutcome(
        output=done.output,
        input=done.input,
        next_task=done.next_task,
        terminate=done.terminate,
        wait_until=done.wait_until,
        state=done.state,
        definition=done.definition,
        awaits_signal=bool(done.awaits_signal),
    )


def _failure(error: FailureError, step: Step, *, sends: bool) -> Ran:
    """Return the error of a failed activity for *step*, as JSON, with its notes.

    *sends*: the activity may send a request.
    """
    cause = _cause(error)
    if isinstance(cause, ApplicationError):
        failure = _member(cause.details, "error")
        if failure is not None:
            notes, pinned = (_member(cause.details, name) for name in ("notes", "pinned"))
            return Ran(dict(failure), tuple(notes or ()), pinned or 0)
    if isinstance(cause, ActivityTimeoutError):
        return Ran(cut_off_error(step))
    message = _message(cause) if isinstance(cause, ApplicationError) else str(cause or error)
    is_in_doubt = sends and isinstance(cause, ApplicationError) and not _is_unbegun(error)
    if is_in_doubt and workflow.patched(_ENDS_IN_DOUBT):  # before, of the class `task`
        return Ran(cut_off_error(step, f"its worker failed: {message}"))
    advice = ""
    if isinstance(cause, ApplicationError) and cause.type == _MISSING_ACTIVITY:
        advice = "; upgrade the workers of the task queue, some of which are of an older version"
    return Ran(
        {
            "error": "TaskTypeFailed",
            "message": f"the worker could not run it: {message}{advice}",
            "kind": "task",
            "retryable": False,
        }
    )


def _message(error: ApplicationError) -> str:
    """Return the message of *error*, with that of its cause, which has the reason."""
    cause = error.cause
    return f"{error.message}: {cause.message}" if isinstance(cause, FailureError) else error.message


async def written_lines(step: Step, values: list[Any]) -> Any:
    """Let a worker write *values*, outputs of *step*, to a file; return its reference.

    Raises `HttpTaskError` if no worker could.
    """
    try:
        return await workflow.execute_activity(
            "httptask_lines",
            ListedItems(values),
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=_AT_ONCE,
            summary=f"outputs of {step.name}",
        )
    except FailureError as error:
        raise _error_of(error, step) from None


def _error_of(error: FailureError, step: Step) -> BaseException:
    """Return what a failed activity for all items or pages of *step* raises in the workflow."""
    if is_cancelled_exception(error):
        return asyncio.CancelledError()
    return HttpTaskError.from_json(_failure(error, step, sends=False).error)
