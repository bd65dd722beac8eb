"""What the round of a job ends in: its result or its failure, and the record of its calls."""

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
    """Notes the calls of a round. *mask* masks secrets."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self.mask = mask
        self._record = CallRecord(JobCall)
        self._began = time.perf_counter()
        self._attempts = 0

    @property
    def elapsed(self) -> float:
        """The seconds since it began."""
        return time.perf_counter() - self._began

    def note(self, number: int, request: OutgoingRequest, delivery: Delivery, *about: Any) -> None:
        """Add the call *number*: *request* ended in *delivery*.

        *about* are its purpose, the state that was seen, and the wait before it.
        """
        error, result = delivery.error, delivery.result
        if error is not None:
            self._attempts += error.attempts
        elif result is not None:
            self._attempts += result.attempts
        self._record.add(number, request, self.mask(request.url), delivery, *about)

    def result(self, result: TaskResult, job: Job | None, **changed: Any) -> TaskResult:
        """Return *result* as that of the whole round, with what is *changed* in it."""
        return replace(
            result, attempts=self._attempts, elapsed_seconds=self.elapsed, job=job, **changed
        )

    def delivery(
        self,
        last: Delivery,
        error: TaskError | None,
        job: Job | None,
        shown: SentRequest | None,
        changed: Mapping[str, Any],
    ) -> Delivery:
        """Return the *last* call's delivery as that of the round, which *error* ended if it is
        given. *shown* is a poll that is not made; *changed* is changed in the result.
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
            error.exchange, error.job, error.result = exchange, job, result
            error.maybe_delivered = True
            error.attempts, error.elapsed_seconds = self._attempts, self.elapsed
        return replace(last, exchange=exchange, error=error, result=result)


def late_error(
    state: JobState, seconds: float, asked_for: float | None, last: str
) -> CompletionError:
    """Return the error of a job that did not end within *seconds*.

    *asked_for* is the wait that its server asks for, *last* why the last poll had no answer.
    """
    seen = ", ".join(map(repr, state.states))
    shown = f"; states seen: {seen}" if seen else "; no answer named a state"
    if last:
        shown += f"; the last poll: {last}"
    if asked_for is not None:
        shown += f"; the server asks to wait {asked_for:.15g} s more"
    message = (
        f"the job did not end within {seconds:g} s (poll.timeoutSeconds), in {state.polls}"
        f" polls{shown}"
    )
    return CompletionError(message, retry_after=asked_for)
