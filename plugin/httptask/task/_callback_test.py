"""A test request of a task that waits for a callback: send the request, then wait for the call."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from httptask._core.discretion import DiscreetErrors
from httptask._core.redaction import MASK
from httptask._http.secret_names import is_secret, masked_value
from httptask.errors import Job, TaskError
from httptask.model.job_exchange import JobCall, JobCalls, ReceivedCall
from httptask.sending import watched
from httptask.task._callback import CallbackWait
from httptask.task.completion import UnreadableError, body_of

if TYPE_CHECKING:
    from httptask.engines.callbacks import Callbacks
    from httptask.model.callback import Answer, Received
    from httptask.model.exchange import Exchange
    from httptask.model.task import Inputs
    from httptask.model.workflow import Signal
    from httptask.sending import Delivery
    from httptask.task._http_task import HttpTask

LONGEST_SECONDS = 300.0
"""The longest wait of a test request, in seconds: a person sits in front of the screen."""
_SHOWN_CALLS = 20
"""The number of received calls that the exchange shows: the last calls."""


class CallbackTest:
    """A test request of *task* with *inputs* that waits for a call at the receiver *callbacks*."""

    def __init__(self, task: HttpTask, inputs: Inputs, callbacks: Callbacks) -> None:
        self._redactor = task.runtime.redactor
        self._callbacks = callbacks
        self._received: deque[ReceivedCall] = deque(maxlen=_SHOWN_CALLS)
        # The id is part of the URL: without a run's id, a random one keeps URLs apart.
        run_id = str(inputs.run.get("workflowId") or uuid.uuid4())
        self._gate = callbacks.open(
            (run_id, task.name, 1),
            lambda gate: self._answer,
            keep=_keep,
            note=lambda note: None,
        )
        self.inputs = replace(inputs, run={**inputs.run, **self._gate.names})
        """The task's inputs, with the callback URL."""
        self._wait = CallbackWait.of(task, self.inputs, LONGEST_SECONDS)

    @classmethod
    @contextlib.contextmanager
    def of(
        cls,
        task: HttpTask,
        inputs: Inputs,
        callbacks: Callbacks | None,
    ) -> Iterator[CallbackTest | None]:
        """Yield the test of *task*; None if the task waits for no call or there is no receiver."""
        if callbacks is None or task.plan.refusal or CallbackWait.of(task, inputs) is None:
            yield None
            return
        test = cls(task, inputs, callbacks)
        try:
            with DiscreetErrors(test._redactor.text):
                yield test
        finally:
            callbacks.close(test._gate)
            # The exchange is masked already, and each known secret slows down all masking.
            for token in test._gate.tokens:
                test._redactor.forget(token)

    async def _answer(self, received: Received) -> Answer:
        if self._wait is None:
            raise AssertionError("only a task that waits for a call has a test of it")
        answer = await self._wait.answer(received)
        with contextlib.suppress(UnreadableError):
            self._note(received, answer, body_of(received))
            return answer
        self._note(received, answer, None)
        return answer

    def _note(self, received: Received, answer: Answer, body: Any) -> None:
        """Record the call for the exchange, with secrets masked."""
        headers = tuple(
            (name, MASK if is_secret(name, value, "headers") else self._redactor.text(value))
            for name, value in received.headers.items()
        )
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._received.append(
            ReceivedCall(
                received.method,
                headers,
                masked_value(self._redactor.value(body)),
                now,
                answer.status,
                self._redactor.text(answer.note),
            )
        )

    async def ended(
        self,
        exchange: Exchange,
        delivery: Delivery,
        parameters: Any,
        began: float,
    ) -> Exchange:
        """Wait for the call, and return *exchange* with the job and the received calls.

        *delivery* is the outcome of the request, sent at *began* (seconds since the epoch);
        *parameters* are the evaluated input parameters.
        """
        if delivery.result is None or self._wait is None:
            return exchange
        try:
            wait_outcome = await self._wait.waiting(delivery.result, parameters, began)
            if wait_outcome is None:
                return exchange
            progress = watched.get()
            if progress is not None:
                progress.waits_until = wait_outcome.wait_until
            try:
                signal = await self._signal(wait_outcome.wait_until)
            except asyncio.CancelledError:
                if progress is not None:
                    # The job may go on at the server: who stopped the test must see what was begun.
                    progress.exchange = self._stopped(exchange, progress.stopped["job"], began)
                raise
            final_outcome = await self._wait.ended(wait_outcome.state, signal)
        except TaskError as error:
            message = self._redactor.text(str(error))
            failed = replace(exchange, outcome=error.kind, error=message)
            return self._shown(failed, error.job)
        return self._shown(exchange, Job.from_json(final_outcome.output["job"]))

    async def _signal(self, until: str | None) -> Signal | None:
        """Wait for the signal of a call; None if no signal came before *until* (ISO 8601)."""
        seconds = (datetime.fromisoformat(str(until)) - datetime.now(UTC)).total_seconds()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._gate.wait()
        return None

    def _stopped(
        self,
        exchange: Exchange,
        job: Mapping[str, Any],
        began: float,
    ) -> Exchange:
        """Return *exchange* for a test that was cancelled while it waited; *job* is its record."""
        waited = replace(Job.from_json(job), elapsed_seconds=max(0.0, time.time() - began))
        return self._shown(replace(exchange, outcome="cancelled"), waited)

    def _shown(self, exchange: Exchange, job: Job | None) -> Exchange:
        """Return *exchange* with its *job* and the received calls."""
        sent = exchange.request
        response = exchange.response
        if job is None or sent is None:
            return exchange
        status = response.status_code if response is not None else None
        start = JobCall(1, sent.method, sent.url, status, "success", exchange.elapsed_seconds,
                        purpose="start")  # fmt: skip
        calls = JobCalls(job, (start,), received=tuple(self._received))
        elapsed = max(exchange.elapsed_seconds, job.elapsed_seconds)
        return replace(exchange, job=calls, elapsed_seconds=elapsed)


async def _keep(signal: Signal) -> bool:
    return True
