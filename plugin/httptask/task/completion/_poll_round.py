"""The round of calls that waits for a job: the request that starts the job, polls, the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask.errors import CompletionError, Problem, SettingsError, StatusError, TaskError
from httptask.expressions import Query, has_expression
from httptask.sending import retry_after_of
from httptask.task._round import FIRST, NextCall, is_lost
from httptask.task.completion._links import (
    ATTACHED,
    GOOGLE,
    LOCATION,
    NAMED,
    OPERATION,
    OWN,
    later_link,
)
from httptask.task.completion._report import JobReport, late_error
from httptask.task.completion._start import Expressions, FirstAnswer, job_of, result_url
from httptask.task.completion._state import LONGEST_STATE, JobState
from httptask.task.completion._verdicts import (
    DONE,
    FAILED,
    RUNNING,
    Verdict,
    check_no_error,
    is_provisioned,
    reason_of,
    verdict_of,
)

if TYPE_CHECKING:
    from httptask.errors import TaskResult
    from httptask.model.completion import Completion
    from httptask.model.exchange import OutgoingRequest, SentRequest
    from httptask.sending import Delivery

_TESTED = 2
"""The number of polls of a test request."""
_NOT_YET = 3
"""The number of first polls that may be answered with 404 or 410: APIs often accept a job a moment
before they can find it.
"""
_OK = 200
_GONE = (404, 410)
_FAILURES = 5
"""The number of consecutive failed polls that end the wait."""
_SHORTEST = 1.0
"""The shortest wait after a `Retry-After`, in seconds, for servers that send `Retry-After: 0`."""

_STILL_RUNS = "; it may still run: attach to job.url"

_LOST_POLL = "the process that made it was lost"


class PollRound:
    """Starts a job, and polls it until it ends.

    *expressions* evaluates the expressions of *completion*, the setting at *pointer*; *mask* masks
    secrets. *attached* is the URL of a job to wait for instead of starting one; *state* is the
    `state` of an earlier round, to continue it. A test request makes two polls, if their waits fit
    into *test_seconds*; None: no test request. With *hands_on_start*, another round continues as
    soon as the job is started.
    """

    part = None  # a job has one result, so that nothing is collected in parts

    is_slow = False

    def __init__(
        self,
        completion: Completion,
        *,
        expressions: Expressions,
        mask: Callable[[str], str],
        attached: Any = None,
        state: Mapping[str, Any] | None = None,
        test_seconds: float | None = None,
        hands_on_start: bool = False,
        pointer: str = "",
    ) -> None:
        self._hands_on_start = hands_on_start
        self._completion = completion
        self._polling = completion.poll
        self._expressions = expressions
        self._pointer = pointer
        self._test_seconds = test_seconds
        status = completion.poll.status
        self._query = Query.of(status) if status is not None else None
        self._state = JobState.from_json(state) if state is not None else None
        self._is_lost = is_lost(state)
        self._attached = None if attached == "" else attached
        self._purpose = "start"
        self._waited = 0.0
        self._request: OutgoingRequest | None = None
        self._calls = 0
        before = (state or {}).get("attempts", 0)
        self._report = JobReport(mask, before, self._state.elapsed if self._state else 0.0)
        self._last: Delivery | None = None
        """The delivery of the last call that was not a cancellation."""
        self._absent: TaskError | None = None
        """The error about the value that `until` did not find in the last poll."""
        self._stopped_by: str | None = None
        self._error: TaskError | None = None
        self._changed: dict[str, Any] = {}
        """Fields of the result that `poll.result` replaces."""
        self.preview: NextCall | None = None
        """The poll that would follow the last poll of a test request."""

    @property
    def state(self) -> dict[str, Any] | None:
        """The state of the job, as JSON; None before there is a job."""
        if self._state is None:
            return None
        return {**self._state.to_json(), "attempts": self._report.attempts}

    def handed_on(self, wait_seconds: float, longest_wait_seconds: float) -> Any:
        """Return the state if the wait is too long for this process, or the job was just started.

        `stopped` holds the fields of the error in case the run is stopped during the wait.
        """
        state = self.state
        if state is None:
            return None
        # The only call of this round was the start, and the next one is the first poll.
        was_start = self._calls == 1 and self._purpose == "poll" and not state["polls"]
        if wait_seconds <= longest_wait_seconds and not (self._hands_on_start and was_start):
            return None
        return {**state, "stopped": {"attempts": state["attempts"], **self.stopped()}}

    # From call to call

    def first(self, settings: Mapping[str, Any]) -> NextCall:
        """Return the request that starts the job, or the next poll of a job already started."""
        if self._state is None and self._attached is not None:
            self._state = self._attached_job(self._attached)
        if self._state is None:
            return FIRST
        if self._is_lost and self._state.elapsed >= self._polling.timeout_seconds:
            raise self._lost_at_deadline(self._state)
        return self._poll(self._state)

    def _lost_at_deadline(self, state: JobState) -> TaskError:
        """Return the error of a job whose last poll was lost with its process.

        Another poll might lose its process, too, without end. The job is not cancelled: the lost
        process may have done that already, or the job may have ended.
        """
        error = late_error(state, self._polling.timeout_seconds, None, _LOST_POLL)
        error.message += _STILL_RUNS
        error.job = state.job("deadline")
        error.mask(self._report.mask)
        return error

    def _attached_job(self, url: Any) -> JobState:
        """Return the state of the job at *url*. Raises `SettingsError`."""
        problem = None
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            problem_pointer = pointer_of(["attach"], self._pointer)
            expected = "an absolute URL: job.url of an earlier run"
            shown = self._report.mask(repr(url)[:60])
            problem = Problem.of("type", problem_pointer, expected=expected, found=shown)
        elif self._polling.result == "original":
            problem_pointer = pointer_of(["poll", "result"], self._pointer)
            problem = Problem.of("completion-attached", problem_pointer)
        if problem is not None:
            raise SettingsError([problem])
        return JobState(str(url), ATTACHED)

    def asks(self, request: OutgoingRequest, settings: Mapping[str, Any]) -> None:
        """Record the next call, *request*."""
        self._request = request
        self._calls += 1

    async def following(self, delivery: Delivery) -> NextCall | None:
        """Return the call that follows the call with *delivery*; None: the round has ended."""
        purpose = self._purpose
        if purpose == "cancel":
            self._note(delivery)
            self._note_cancelled(delivery.error)
            return None
        self._last = delivery
        try:
            if purpose == "start":
                return await self._started(delivery)
            if purpose == "poll":
                return await self._polled(delivery)
        except TaskError as error:
            return self._fail(error, "error")
        self._note(delivery)
        if delivery.error is not None:
            self._stopped_by = "error"
        return None

    async def _started(self, delivery: Delivery) -> NextCall | None:
        """Process the response to the first request: it names a job, or is the result itself."""
        result = delivery.result
        request = self._request
        self._note(delivery)
        if delivery.error is not None or result is None or request is None:
            return None
        answer = FirstAnswer(result, delivery.url, request.method, request.url)
        self._state = await job_of(answer, self._completion, self._query, self._expressions)
        if self._state is None:
            return None
        return await self._after(delivery, result, self._first_verdict(result))

    def _first_verdict(self, result: TaskResult) -> Verdict:
        """Return the verdict of the first response on the job; without a state, it is running."""
        polling = self._polling
        convention = self._job.convention
        has_names = bool(polling.done or polling.failed)
        if convention == OPERATION:  # the body is the resource, not the operation
            is_done = result.status_code == _OK and is_provisioned(result.body)
            return Verdict(DONE if is_done else RUNNING)
        # The body may be an envelope around the URL, whose "success" is not that of the job.
        if convention == NAMED and not has_names:
            return Verdict(RUNNING)
        try:
            verdict = verdict_of(result, convention, polling, self._query)
        except CompletionError:
            return Verdict(RUNNING)
        is_open = not verdict.is_certain or verdict.state is None
        if is_open:
            return Verdict(RUNNING, verdict.state)
        return verdict

    async def _polled(self, delivery: Delivery) -> NextCall | None:
        """Process the response of a poll."""
        state = self._job
        result = delivery.result
        error = delivery.error
        self._state = state = replace(state, polls=state.polls + 1)
        if error is not None or result is None:
            self._note(delivery)
            return self._unanswered(error)
        link = later_link(result, delivery.url, state.convention)
        if link is not None:
            state = replace(state, url=link.url, convention=link.convention)
        location = result_url(result, delivery.url, state.convention, state.method)
        self._state = replace(
            state,
            is_seen=True,
            failures=0,
            location=location or state.location,
        )
        try:
            verdict = await self._verdict(result, delivery.url)
        except TaskError:
            self._note(delivery)
            raise
        self._note(delivery, verdict.state)
        return await self._after(delivery, result, verdict)

    def _unanswered(self, error: TaskError | None) -> NextCall | None:
        """Return the poll that follows a poll that failed with *error*; None: give the job up."""
        state = self._job
        is_not_yet = (
            isinstance(error, StatusError)
            and error.status_code in _GONE
            and not state.is_seen
            and state.convention != ATTACHED
            and state.polls < _NOT_YET
        )
        self._state = state = replace(state, failures=state.failures + 1)
        may_go_on = error is not None and error.retryable and state.failures < _FAILURES
        if not is_not_yet and not may_go_on:
            self._stopped_by = "error"
            return None
        return self._wait(error.retry_after if error is not None else None, str(error))

    async def _verdict(self, result: TaskResult, url: str) -> Verdict:
        """Return the verdict of *result*, the response of a poll from *url*, on the job."""
        polling = self._polling
        query = self._query
        until = polling.until
        if until is not None:
            truth = await self._expressions.truth(until, "poll/until", result.to_json())
            self._absent = truth.absent
            state_verdict = verdict_of(result, NAMED, polling, query)
            if truth.holds:
                self._stopped_by = "until"
                return Verdict(DONE, state_verdict.state)
            if not polling.done:  # without `done`, only `until` ends the job successfully
                outcome = FAILED if state_verdict.outcome == FAILED else RUNNING
                return Verdict(outcome, state_verdict.state)
        polled = self._request.url if self._request is not None else url
        is_redirected = url.partition("?")[0] != polled.partition("?")[0]
        convention = self._job.convention
        verdict = verdict_of(result, convention, polling, query, is_redirected=is_redirected)
        if verdict.outcome == DONE and verdict.state is None and not is_redirected:
            check_no_error(result)
        return verdict

    async def _after(
        self,
        delivery: Delivery,
        result: TaskResult,
        verdict: Verdict,
    ) -> NextCall | None:
        """Return the call after *result*, whose verdict on the job is *verdict*."""
        self._state = self._job.seen(verdict.state)
        if verdict.outcome == RUNNING:
            return self._wait(retry_after_of(result.headers))
        if verdict.outcome == FAILED:
            reason = reason_of(result.body)
            details = f": {reason}" if reason else ""
            message = f"the job ended in the state {self._job.status!r}{details}"
            return self._fail(CompletionError(message), "failed")
        self._stopped_by = self._stopped_by or "done"
        result_setting = self._polling.result
        if result_setting == "location":
            return self._result_call()
        if result_setting == "original":
            first = self._job.original or {}
            names = {"status_code": "statusCode", "reason_phrase": "reasonPhrase"}
            names |= {name: name for name in ("headers", "body", "url")}
            self._changed = {field: first[name] for field, name in names.items()}
        elif has_expression(result_setting):
            value = replace(result, job=self._job.job(self._stopped_by)).to_json()
            body = await self._expressions.evaluate(result_setting, "poll/result", value)
            self._changed = {"body": body}
        return None

    def _result_call(self) -> NextCall | None:
        """Return the call that gets the result of a finished job.

        None: the response of the last poll is the result, or the round has failed.
        """
        state = self._job
        if state.location is not None:
            self._purpose = "result"
            self._waited = 0.0
            return self._call(state.location)
        if state.convention in (LOCATION, OWN):
            return None
        message = "the job is done, and no answer named where its result is (Location)"
        return self._fail(CompletionError(message), "done")

    def _wait(self, asked_for: float | None, last: str = "") -> NextCall | None:
        """Return the next poll, with its wait; at the deadline, return the cancellation, or None.

        *asked_for* is the server's `Retry-After` in seconds; *last* is the error of the last poll.
        """
        state = self._job
        polling = self._polling
        wait = polling.wait_seconds(state.polls)
        if asked_for is not None:
            # `Retry-After: 0` in each answer must not make a loop without a pause.
            wait = max(asked_for, min(_SHORTEST, polling.interval_seconds))
        if self._test_seconds is not None:
            is_late = self._report.elapsed + wait > self._test_seconds
            if is_late or state.polls >= _TESTED:
                self._stopped_by = "testRequest"
                self.preview = self._poll(state)
                return None
        left = polling.timeout_seconds - state.elapsed
        if left <= 0 or (asked_for is not None and wait > left):
            return self._late(asked_for if left > 0 else None, last)
        return self._poll(state, min(wait, left))

    def _late(self, asked_for: float | None, last: str) -> NextCall | None:
        """End the round at the deadline; return the call that cancels the job, or None."""
        if not last and self._absent is not None:
            last = f"poll.until has no value: {self._absent}"
        error = late_error(self._job, self._polling.timeout_seconds, asked_for, last)
        self._fail(error, "deadline")
        cancellation = self.cancellation()
        if cancellation is None:
            error.message += _STILL_RUNS
        return cancellation

    def _poll(self, state: JobState, wait_seconds: float = 0.0) -> NextCall:
        self._purpose = "poll"
        self._waited = wait_seconds
        is_own = state.convention == OWN and state.method not in ("PUT", "PATCH")
        # A request that asks for its own result is repeated as it is; everything else is a GET.
        method = None if is_own else "GET"
        return self._call(state.url, wait_seconds, method)

    def cancellation(self) -> NextCall | None:
        """Return the call that cancels the running job; None without `cancel`, or without a job.

        Its default is DELETE, or POST to `…:cancel` for Google's operations (AIP-151).
        """
        cancel = self._completion.cancel
        state = self._state
        # A job that went past its deadline still runs, and is what `cancel` is for.
        has_ended = self._stopped_by not in (None, "deadline")
        if cancel is None or state is None or has_ended or self._purpose == "cancel":
            return None
        self._purpose = "cancel"
        self._waited = 0.0
        method = cancel.method
        url = state.cancel_url or state.url
        if method is None:
            is_google = state.convention == GOOGLE and state.cancel_url is None
            method, url = ("POST", f"{url}:cancel") if is_google else ("DELETE", url)
        return self._call(url, method=method)

    def _note_cancelled(self, error: TaskError | None) -> None:
        """Add the outcome of the cancellation to the message of the deadline's error."""
        if self._error is None:
            return
        if error is None:
            self._error.message += "; it was cancelled"
        else:
            reason = self._report.mask(str(error))
            self._error.message += f"; it could not be cancelled ({reason}){_STILL_RUNS}"

    def _call(
        self,
        url: str,
        wait_seconds: float = 0.0,
        method: str | None = "GET",
    ) -> NextCall:
        return NextCall(
            url=url,
            method=method,
            wait_seconds=wait_seconds,
            number=self._calls + 1,
            is_judged=False,
        )

    # The end

    @property
    def _job(self) -> JobState:
        if self._state is None:
            raise AssertionError("there is a job")
        return self._state

    def _note(self, delivery: Delivery, state: str | None = None) -> None:
        """Add the call with *delivery*, and the *state* in its response, to the record."""
        if self._request is not None:
            shown = self._report.mask(state)[:LONGEST_STATE] if state is not None else None
            about = self._purpose, shown, self._waited
            self._report.note(self._calls, self._request, delivery, *about)

    def _fail(self, error: TaskError, stopped_by: str) -> NextCall | None:
        """Record *error* as the end of the round; return None, for `return self._fail(…)`."""
        error.mask(self._report.mask)
        self._error = error
        self._stopped_by = stopped_by
        return None

    def stopped(self) -> dict[str, Any]:
        """Return the job, as a field for the error of a run that is stopped during the round."""
        if self._state is None:
            return {}
        return {"job": self._state.job("cancelled").to_json()}

    def ended(self, delivery: Delivery, shown: SentRequest | None = None) -> Delivery:
        """Return the delivery of the whole round: the result of the job, or its failure.

        *delivery* is that of the last call, *shown* the request of `preview`.
        """
        last = self._last or delivery
        if self._state is None and self._error is None:
            return last  # there was no job: the first response is the result, or the error
        job = self._state.job(self._stopped_by) if self._state is not None else None
        error = self._error or last.error
        return self._report.delivery(last, error, job, shown, self._changed)

    def failed(self, error: TaskError, delivery: Delivery | None) -> Delivery:
        """Return the delivery of a round whose next call could not be made because of *error*.

        *delivery* is that of the last call; raise *error* if no call was made.
        """
        if self._purpose == "cancel" and delivery is not None:
            self._note_cancelled(error)
            return self.ended(delivery)
        self._fail(error, "error")
        if delivery is not None:
            return self.ended(delivery)
        if self._state is not None:
            error.job = self._state.job("error")
        raise error

    def close(self) -> None:
        """Do nothing: the round holds no files."""
