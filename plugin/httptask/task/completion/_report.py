"""The report of a job's round: its result or error, and the record of its calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask.errors import CompletionError
from httptask.model.job_exchange import JobCall, JobCalls
from httptask.task._record import CallRecord

if TYPE_CHECKING:
    from httptask.errors import Job, TaskError, TaskResult
    from httptask.model.exchange import OutgoingRequest, SentRequest
    from httptask.sending import Delivery
    from httptask.task.completion._state import JobState


class JobReport:
    """Records the calls of a round. *mask* masks secrets.

    The rounds that this one continues made *attempts*, and took *seconds*.
    """

    def __init__(self, mask: Callable[[str], str], attempts: int = 0, seconds: float = 0.0) -> None:
        self.mask = mask
        self.attempts = attempts
        """The attempts of all calls."""
        self._record = CallRecord(JobCall)
        self._seconds = seconds
        self._began = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """The seconds since the job's first round began."""
        return self._seconds + time.perf_counter() - self._began

    def note(
        self,
        number: int,
        request: OutgoingRequest,
        delivery: Delivery,
        *about: Any,
    ) -> None:
        """Add the call *number*: *request* ended in *delivery*.

        *about* are the purpose of the call, the state in its response, and the wait before it.
        """
        error = delivery.error
        result = delivery.result
        if error is not None:
            self.attempts += error.attempts
        elif result is not None:
            self.attempts += result.attempts
        self._record.add(number, request, self.mask(request.url), delivery, *about)

    def result(self, result: TaskResult, job: Job | None, **changed: Any) -> TaskResult:
        """Return *result* as the result of the whole round, with the fields *changed*."""
        return replace(
            result,
            attempts=self.attempts,
            elapsed_seconds=self.elapsed,
            job=job,
            **changed,
        )

    def delivery(
        self,
        last: Delivery,
        error: TaskError | None,
        job: Job | None,
        shown: SentRequest | None,
        changed: Mapping[str, Any],
    ) -> Delivery:
        """Return *last*, the last call's delivery, as the delivery of the whole round.

        *error* is the error of the round, if it failed; *shown* is the request of a poll that is
        not sent; *changed* are fields to replace in the result.
        """
        exchange = last.exchange
        if exchange is None and error is not None and last.make_exchange is not None:
            exchange = last.make_exchange()
        if exchange is not None and job is not None:
            masked = replace(job, url=self.mask(job.url))
            exchange = replace(exchange, job=JobCalls(masked, *self._record.listed(), shown))
        if exchange is not None and error is not None:
            exchange = replace(exchange, outcome=error.kind, error=self.mask(str(error)))
        result = last.result
        if result is not None:
            result = self.result(result, job, **changed)
        if error is not None:
            error.exchange = exchange
            error.job = job
            error.result = result
            # The job was started by the first call, however the round ended.
            error.maybe_delivered = True
            error.attempts = self.attempts
            error.elapsed_seconds = self.elapsed
        return replace(
            last,
            exchange=exchange,
            error=error,
            result=result,
        )


def late_error(
    state: JobState,
    seconds: float,
    asked_for: float | None,
    last: str,
) -> CompletionError:
    """Return the error of a job that did not end within *seconds*.

    *asked_for* is the server's `Retry-After` in seconds, *last* the error of the last poll.
    """
    state_names = ", ".join(map(repr, state.states))
    details = f"; states seen: {state_names}" if state_names else "; no answer named a state"
    if last:
        details += f"; the last poll: {last}"
    if asked_for is not None:
        details += f"; the server asks to wait {asked_for:.15g} s more"
    message = (
        f"the job did not end within {seconds:g} s (poll.timeoutSeconds), in {state.polls}"
        f" polls{details}"
    )
    return CompletionError(message, retry_after=asked_for)
