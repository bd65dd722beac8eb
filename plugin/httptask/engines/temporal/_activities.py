"""The activities: one runs an HTTP task, one a task of any other type, two handle items, and one
cancels the job of a stopped task.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from httptask._core.strict_json import dump
from httptask.engines._compiled import awaits_callback
from httptask.engines._outcome import cut_off_error, stopped_error, unkept_outputs
from httptask.engines._outputs import FileOutputs
from httptask.engines._task import TaskRunner
from httptask.engines.temporal._arguments import (
    FailedTask,
    HttpTaskArguments,
    HttpTaskOutcome,
    ListedItems,
    TaskProgress,
)
from httptask.engines.temporal._large import THRESHOLD
from httptask.engines.temporal._masking import Mask, masked, masked_failures, masking
from httptask.engines.temporal._task_inputs import compiled_task, inputs_of, step_of
from httptask.engines.temporal._types import (
    CANCEL_ACTIVITY,
    HTTP_ACTIVITY,
    PINNED_ACTIVITY,
    TASK_ACTIVITY,
    WORKFLOW,
    is_unrepeatable,
)
from httptask.errors import (
    EngineError,
    HttpTaskError,
    PluginError,
    Problem,
    SettingsError,
    TaskError,
    UnknownEndpointError,
)
from httptask.model.for_each import ForEach
from httptask.model.workflow import Signal, TaskOutcome
from httptask.sending import EngineAttempt, Progress, watched
from httptask.task import HttpTask, Runtime, cut_off_state, item_source, lost_state

if TYPE_CHECKING:
    from httptask.engines.callbacks import SignedUrls

__all__ = ["Activities", "activities", "http_task"]


_UNKEPT_SECONDS = 10.0
"""How long to wait before a file that could not be written is written again, in seconds."""

_MOST_COLLECTED = 256 * 1024
"""The number of characters of collected pages that heartbeats carry."""

_BEAT_SECONDS = 1.0
"""The longest time between two heartbeats. Their answers tell an activity that it is cancelled."""


class Activities:
    """The activities of a worker.

    All tasks share *runtime*; None: each call makes a new one. *urls* makes the callback URLs of
    tasks; None: tasks that wait for a callback fail.
    """

    def __init__(self, runtime: Runtime | None = None, urls: SignedUrls | None = None) -> None:
        self.runtime = runtime
        self._urls = urls

    @property
    def functions(self) -> Sequence[Callable[..., Any]]:
        """All activities, for a worker."""
        return [
            *(self.http_task, self.pinned_task, self.run_task),
            *(self.list_items, self.write_lines, self.cancel_job),
        ]

    @activity.defn(name=HTTP_ACTIVITY)
    async def http_task(self, arguments: HttpTaskArguments) -> HttpTaskOutcome:
        """Run the HTTP task of *arguments*: one attempt of its request, which Temporal repeats.

        Raises an `ApplicationError` whose type is the class of the error, and whose details hold
        the error as JSON. It is non-retryable if another attempt would not help, or `retry` does
        not allow one.
        """
        async with self._opened() as runtime:
            with self._masking(arguments, runtime) as (names, mask):
                outcome = await _HttpCall(arguments, runtime, names, mask).outcome()
                return masked(outcome, mask)

    @activity.defn(name=PINNED_ACTIVITY)
    async def pinned_task(self, arguments: HttpTaskArguments) -> HttpTaskOutcome:
        """Run the HTTP task of *arguments* with a pin, so that nothing is sent."""
        return await self.http_task(arguments)

    @activity.defn(name=TASK_ACTIVITY)
    async def run_task(self, arguments: HttpTaskArguments) -> HttpTaskOutcome:
        """Run the task of *arguments*, of a plugin's type or one that evaluates expressions."""
        async with self._opened() as runtime:
            _check_type(arguments, runtime)
            with self._masking(arguments, runtime) as (names, mask):
                outcome = await self._task_outcome(arguments, runtime, names, mask)
                return masked(outcome, mask)

    @contextlib.contextmanager
    def _masking(
        self,
        arguments: HttpTaskArguments,
        runtime: Runtime,
    ) -> Iterator[tuple[Mapping[str, str], Mask]]:
        """Yield the `swf:` names of the task's callback URL, and a function that masks secrets.

        There are no names if the task waits for no callback. Failures of the block are masked, too.
        """
        names = self._callback_names(arguments, runtime)
        with masking(names, runtime) as mask, masked_failures(mask):
            yield names, mask

    def _callback_names(self, arguments: HttpTaskArguments, runtime: Runtime) -> Mapping[str, str]:
        """Return the `swf:` names of the task's callback URL. Raises `ApplicationError` without
        URLs.
        """
        info = activity.info()
        definition = arguments.definition
        task_type = runtime.plugins.named("httptask_task_types").get(str(definition.get("type")))
        # Only our workflow has the update that receives calls.
        if info.workflow_type != WORKFLOW or not awaits_callback(task_type, definition):
            return {}
        if self._urls is None:
            message = (
                f"a worker of the task queue {info.task_queue!r} has no URL that an API could call:"
                " start every worker with --callback-url, what the APIs reach --callbacks HOST:PORT"
                " of one of them by"
            )
            refusal = SettingsError([Problem.of("completion-receiver", arguments.pointer)])
            raise _failed({**refusal.to_json(), "message": message})
        item = () if arguments.item is None else (arguments.item["index"],)
        visit = (info.workflow_id or "", arguments.name, arguments.visit, *item)
        return self._urls.names(info.namespace, visit)

    async def _task_outcome(
        self,
        arguments: HttpTaskArguments,
        runtime: Runtime,
        names: Mapping[str, str],
        mask: Mask,
    ) -> HttpTaskOutcome:
        """Run the task with heartbeats. A local activity is short, and sends none."""
        runner = TaskRunner(compiled_task(arguments, runtime), runtime, can_wait=True)
        signal = Signal.from_json(arguments.signal) if arguments.signal is not None else None
        progress = Progress()
        watched.set(progress)
        inputs = inputs_of(arguments, names)
        step = step_of(arguments)
        keeper = _Keeper(mask)
        work = runner.run(step, inputs, arguments.state, signal)
        is_repeatable = runner.is_repeatable(step)
        outcome = await (
            work
            if activity.info().is_local
            else _with_heartbeats(work, progress, arguments, keeper, is_repeatable=is_repeatable)
        )
        if isinstance(outcome, TaskOutcome):
            return _activity_outcome(outcome, progress)
        raise _failed(outcome, progress)

    @activity.defn(name=CANCEL_ACTIVITY)
    async def cancel_job(self, arguments: HttpTaskArguments) -> None:
        """Cancel the job in the state of *arguments*, whose task was stopped during a wait."""
        async with self._opened() as runtime:
            with self._masking(arguments, runtime):
                try:
                    task = await _http_task_of(arguments, runtime)
                    await task.acancel_job(inputs_of(arguments), arguments.state)
                except HttpTaskError as error:
                    raise _failed(error.to_json()) from None

    @activity.defn(name="httptask_items")
    async def list_items(self, arguments: HttpTaskArguments) -> ListedItems:
        """Return the items of the task of *arguments*, which has `forEach`."""
        setting = ForEach.of_task(arguments.definition)
        if setting is None:
            raise AssertionError("only a task with forEach has items")
        async with self._opened() as runtime:
            try:
                source = await item_source(
                    setting,
                    inputs_of(arguments),
                    runtime,
                    arguments.pointer,
                )
                items = [await source.item(index) for index in range(source.count)]
            except HttpTaskError as error:
                raise _failed(error.to_json()) from None
        return ListedItems(items, source.is_file)

    @activity.defn(name="httptask_lines")
    async def write_lines(self, listed: ListedItems) -> Any:
        """Write the outputs of items to a file of JSON lines, and return its reference."""
        async with self._opened() as runtime:
            try:
                with contextlib.closing(FileOutputs(len(listed.items), runtime)) as outputs:
                    for index, output in enumerate(listed.items):
                        outputs.put(index, output)
                    return await outputs.value()
            except OSError as error:  # another worker's disk may have room, or this one's soon
                unkept = {**unkept_outputs(error), "maybeDelivered": True}
                raise _failed(unkept, delay=_UNKEPT_SECONDS) from None

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[Runtime]:
        if self.runtime is not None:
            yield self.runtime
            return
        async with Runtime() as runtime:
            yield runtime


class _Keeper:
    """Sends the state of a task of several calls in heartbeats, for another worker to continue."""

    def __init__(self, mask: Mask, state: Any = None) -> None:
        self._mask = mask
        self._keeps = True
        """Whether states are sent. False after the first one with a secret: it would be masked, and
        a task cannot continue from a masked state.
        """
        self.is_left = False
        """Whether another worker will continue."""
        self.is_sent = False
        """Whether the current call may have sent a request that must not be sent twice."""
        self.state = state
        self._parts: list[Any] = list((state or {}).get("parts", ()))
        self._size = len(dump(self._parts))

    async def keep(self, state: Any, part: Any) -> None:
        """Send *state* with all collected parts, at once: this worker may be lost any moment.

        *part* is what the last call added. If the parts are too large for a heartbeat, no state is
        sent, and another worker would start the task again.
        """
        self.is_sent = False
        self._keeps = self._keeps and self._mask([state, part]) == [state, part]
        if part is not None and self._keeps:
            self._size += len(dump(part))
            if self._size <= _MOST_COLLECTED:
                self._parts.append(part)
        if self._size > _MOST_COLLECTED or not self._keeps:
            self.state = None
            self._parts.clear()
        else:
            self.state = {**state, "parts": list(self._parts)} if self._parts else state
        activity.heartbeat(TaskProgress(self.state))

    async def sends(self) -> None:
        """Record that a request is sent which must not be sent twice.

        It is not told in a heartbeat, which may arrive too late: the state before the request says
        the same.
        """
        self.is_sent = True

    def note_unsent(self) -> None:
        """Do nothing."""


class _HttpCall:
    """One run of the activity `http_task`."""

    def __init__(
        self,
        arguments: HttpTaskArguments,
        runtime: Runtime,
        names: Mapping[str, str],
        mask: Mask,
    ) -> None:
        self._arguments = arguments
        self._runtime = runtime
        self._names = names
        info = activity.info()
        # Both times are from the server's clock, as are the timers of workflows. This worker's
        # clock may differ.
        waited = info.started_time - info.scheduled_time
        self._ahead = info.started_time - datetime.now(UTC)
        before = arguments.attempt + info.attempt - 2
        seconds = max(waited.total_seconds(), 0.0) if before else 0.0
        self._attempt = EngineAttempt(before, seconds + arguments.seconds_before)
        details = info.heartbeat_details
        earlier = TaskProgress.from_json(details[0]).state if details else None
        self._state = arguments.state if earlier is None else earlier
        if info.attempt > 1 and is_unrepeatable(self._state):
            self._cut_off()
        elif info.attempt > 1 and self._state is not None:
            self._state = lost_state(self._state)
        self._keeper = _Keeper(mask, self._state)
        self._progress = Progress(keeper=self._keeper)

    async def outcome(self) -> HttpTaskOutcome:
        """Run the task, and return its outcome. Raises `ApplicationError` if it fails."""
        progress = self._progress
        watched.set(progress)
        try:
            outcome = await self._watched()
        except TaskError as error:
            raise self._failure(error) from None
        except UnknownEndpointError as error:
            raise _failed(
                {**error.to_json(), "message": _missing_endpoint_message(error)}
            ) from None
        except HttpTaskError as error:
            raise _failed(error.to_json()) from None
        if outcome.wait_until is not None:
            until = datetime.fromisoformat(outcome.wait_until) + self._ahead
            outcome = replace(outcome, wait_until=until.isoformat())
        return _activity_outcome(outcome, progress)

    async def _watched(self) -> TaskOutcome:
        """Run the task with heartbeats. A local activity is short, and sends none."""
        if activity.info().is_local:
            return await self._run()
        try:
            return await _with_heartbeats(
                self._run(),
                self._progress,
                self._arguments,
                self._keeper,
                was_tried=self._attempt.before > 0 and self._arguments.pin is None,
            )
        except ApplicationError:
            # The worker is being stopped. No other one may make the call that was under way.
            if not (self._keeper.is_left and self._keeper.is_sent) or self._keeper.state is None:
                raise
            self._state = self._keeper.state
            self._cut_off()
            return await self._run()

    def _cut_off(self) -> None:
        """Let the task end where it is: its next call may have been made."""
        reason = cut_off_error(step_of(self._arguments))["message"]
        self._state = cut_off_state(self._state, reason)

    async def _run(self) -> TaskOutcome:
        """Run the task, from the state of an earlier attempt if there is one."""
        arguments = self._arguments
        task = await _http_task_of(arguments, self._runtime)
        longest = arguments.longest_wait_seconds
        signal = arguments.signal
        return await task.arun(
            inputs_of(arguments, self._names),
            arguments.visit,
            self._state,
            Signal.from_json(signal) if signal is not None else None,
            # With a pin, the task makes all attempts itself, without waits.
            engine_attempt=self._attempt if arguments.pin is None else None,
            longest_wait_seconds=math.inf if longest is None else longest,
            page_by_page=bool(arguments.page_by_page),
            hands_on_start=bool(arguments.hands_on_start),
        )

    def _failure(self, error: TaskError) -> ApplicationError:
        """Return the failure of the activity for *error*, with the time of the next attempt."""
        delay = error.next_attempt_seconds
        longest = self._arguments.longest_wait_seconds
        if delay is not None and longest is not None and delay > longest:
            return _failed(error.to_json(), self._progress, later=delay)
        return _failed(error.to_json(), self._progress, delay)


async def _http_task_of(arguments: HttpTaskArguments, runtime: Runtime) -> HttpTask:
    """Return the task of *arguments*. Raises `UnknownEndpointError`."""
    endpoint = arguments.definition.get("endpoint")
    if isinstance(endpoint, str):
        await runtime.endpoints.load(endpoint)
        runtime.endpoint(endpoint)
    return HttpTask(
        arguments.definition,
        name=arguments.name,
        pointer=arguments.pointer,
        runtime=runtime,
    )


T = TypeVar("T")


async def _with_heartbeats(
    work: Coroutine[Any, Any, T],
    progress: Progress,
    arguments: HttpTaskArguments,
    keeper: _Keeper,
    *,
    is_repeatable: bool = True,
    was_tried: bool = False,
) -> T:
    """Await *work*, and send heartbeats. If the activity is cancelled, cancel *work*.

    *is_repeatable* False: the work of a plugin that does not say what it has done, and may not be
    begun again. The failure of a cancelled activity says whether a request may have been delivered:
    by this attempt, or, if it *was_tried* before, by an earlier one.
    """
    task = asyncio.create_task(work)
    try:
        while True:
            done, _ = await asyncio.wait([task], timeout=_BEAT_SECONDS)
            if done:
                return task.result()
            activity.heartbeat(TaskProgress(keeper.state))
    except asyncio.CancelledError:
        is_handed_back = activity.is_worker_shutdown() and not _is_cancelled()
        keeper.is_left = is_handed_back
        task.cancel()
        await asyncio.wait([task])
        if is_handed_back:
            is_cut_off = progress.maybe_delivered or not is_repeatable
            raise _handed_back(progress, arguments, keeper.state, is_cut_off=is_cut_off) from None
        if activity.cancellation_details() is None:
            raise _failed(_unkept_state(progress, was_tried=was_tried)) from None
        raise _failed(_stopped(progress, was_tried=was_tried)) from None


def _is_cancelled() -> bool:
    details = activity.cancellation_details()
    return details is not None and details.cancel_requested


def _stopped(progress: Progress, *, was_tried: bool = False) -> dict[str, Any]:
    is_maybe_delivered = progress.maybe_delivered or was_tried
    error = stopped_error(progress.attempt, is_maybe_delivered=is_maybe_delivered)
    return {**error, **progress.stopped}


def _unkept_state(progress: Progress, *, was_tried: bool = False) -> dict[str, Any]:
    """Return, as JSON, the error of a task that ends because a heartbeat could not be sent.

    The SDK then cancels the activity, although nobody asked for that, and gives no details.
    """
    stopped = _stopped(progress, was_tried=was_tried)
    error = EngineError(
        "the worker could not keep the state of the task for other workers: a state of more than"
        f" {THRESHOLD // 1024} kB is kept in the folder of files; see that the folder of"
        " HTTPTASK_FILES or --files can be written, and its bucket"
    ).to_json()
    return {**stopped, **error, "kind": "task", "retryable": False}


def _handed_back(
    progress: Progress,
    arguments: HttpTaskArguments,
    state: Any,
    *,
    is_cut_off: bool,
) -> ApplicationError:
    """Return the failure by which a stopping worker hands a task on to another worker.

    *is_cut_off*: the task may have acted already, so that another worker may not begin it again.
    """
    error = cut_off_error(step_of(arguments)) if is_cut_off else _stopped(progress)
    details = FailedTask(error, state=state, is_handed_back=True)
    return ApplicationError(
        "its worker was stopped",
        details,
        type="HandedBack",
        next_retry_delay=timedelta(milliseconds=1),  # 0 would mean the delay of the retry policy
        category=ApplicationErrorCategory.BENIGN,
    )


def _failed(
    error: Mapping[str, Any],
    progress: Progress | None = None,
    delay: float | None = None,
    *,
    later: float | None = None,
) -> ApplicationError:
    """Return the failure of an activity for *error*, as JSON, with the notes of *progress*.

    Temporal makes another attempt after *delay* seconds, or the workflow starts another activity
    after *later* seconds; both None: no other attempt.
    """
    noted = progress or Progress()
    return ApplicationError(
        str(error["message"]),
        FailedTask(
            dict(error), list(noted.notes) or None, noted.pinned or None, next_attempt_seconds=later
        ),
        type=str(error["error"]),
        non_retryable=delay is None,
        next_retry_delay=None if delay is None else timedelta(seconds=max(delay, 0.001)),
        category=ApplicationErrorCategory.BENIGN,  # expected: no error in the worker's log
    )


def _check_type(arguments: HttpTaskArguments, runtime: Runtime) -> None:
    """Raise `ApplicationError` if no plugin of this worker brings the type of the task."""
    name = arguments.definition.get("type")
    if name not in runtime.plugins.named("httptask_task_types"):
        message = (
            f"a worker of the task queue {activity.info().task_queue!r} has no task type {name!r};"
            " install the plugin that brings it on every worker"
        )
        raise _failed(PluginError(message).to_json() | {"kind": "task", "retryable": False})


def _missing_endpoint_message(error: UnknownEndpointError) -> str:
    """Return the message for an endpoint that this worker's catalogue lacks."""
    queue = activity.info().task_queue
    return (
        f"a worker of the task queue {queue!r} has no endpoint {error.endpoint_id!r} in its"
        " catalogue; give its workers the catalogue that the definition was checked with"
        " (HTTPTASK_CATALOGUE)"
    )


def _activity_outcome(outcome: TaskOutcome, progress: Progress) -> HttpTaskOutcome:
    """Return *outcome* as the result of an activity, with the notes of *progress*."""
    return HttpTaskOutcome(
        output=outcome.output,
        input=outcome.input,
        next_task=outcome.next_task,
        terminate=outcome.terminate,
        wait_until=outcome.wait_until,
        awaits_signal=outcome.awaits_signal or None,
        state=outcome.state,
        definition=outcome.definition,
        notes=list(progress.notes) or None,
        pinned=progress.pinned or None,
    )


_UNSHARED = Activities()


@activity.defn(name=HTTP_ACTIVITY)
async def http_task(arguments: HttpTaskArguments) -> HttpTaskOutcome:
    """Run the HTTP task of *arguments*. Your own workflows call this activity.

    In a worker with `HttpTaskPlugin`, all tasks share connections and tokens. Without it, in a test
    environment for example, each call makes its own.
    """
    return await _UNSHARED.http_task(arguments)


activities: Sequence[Callable[..., Any]] = [http_task, *_UNSHARED.functions[1:]]
"""The activities without a shared runtime, for test environments, which run no plugins."""
