"""A task that waits for a callback: which calls end the wait, and the outcome of the task."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.redaction import MASK
from httptask.credentials import resolve
from httptask.errors import (
    CompletionError,
    CredentialError,
    Job,
    Problem,
    SettingsError,
    SignalledError,
    TaskError,
)
from httptask.expressions import Query, has_expression
from httptask.model.callback import CALLBACK_TOKEN, CALLBACK_URL, TOKENS, Answer, Received
from httptask.model.completion import is_callback
from httptask.model.task import TaskResult
from httptask.model.workflow import Signal, TaskOutcome
from httptask.sending import watched
from httptask.task._evaluation import parameters_of
from httptask.task._rounds import Expressions
from httptask.task.completion import (
    DONE,
    FAILED,
    RUNNING,
    UnreadableError,
    Verdict,
    body_of,
    called_verdict,
    failure_reason,
    signature_refusal,
)

if TYPE_CHECKING:
    from httptask.model.completion import Completion
    from httptask.model.task import Inputs
    from httptask.task._http_task import HttpTask

_PLACEHOLDER = {
    CALLBACK_URL: "https://callback.invalid/callbacks/TOKEN",
    CALLBACK_TOKEN: "TOKEN",
}
"""The values of both names where a request is only shown. The top-level domain `invalid` never
resolves (RFC 6761, section 6.4).
"""
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization")
"""Headers of a call that hold the caller's secrets, and are left out of the result."""


def with_placeholder(inputs: Inputs, definition: Any) -> Inputs:
    """Return *inputs* with a placeholder for the callback URL, for a request that is only shown.

    *inputs* are returned unchanged if the task of *definition* waits for no callback, or if they
    have a callback URL.
    """
    awaits = isinstance(definition, Mapping) and is_callback(definition.get("completion"))
    if not awaits or CALLBACK_URL in inputs.run:
        return inputs
    return replace(inputs, run={**inputs.run, **_PLACEHOLDER})


class CallbackWait:
    """The wait of one visit of *task*, started with *inputs*, for a callback.

    *longest* limits the wait of a test request, in seconds.
    """

    def __init__(
        self,
        task: HttpTask,
        inputs: Inputs,
        completion: Completion,
        longest: float = math.inf,
    ) -> None:
        self._task = task
        self._inputs = inputs
        self._completion = completion
        self._setting = completion.poll
        self._seconds = min(self._setting.timeout_seconds, longest)
        self._setting_pointer = pointer_of(["completion"], task.pointer)
        self._expressions = Expressions(task, inputs, self._setting_pointer)
        # The call may arrive in a process that never sent the request, and repeat a token there.
        for name in TOKENS:
            if name in inputs.run:
                task.runtime.redactor.add(str(inputs.run[name]))

    @classmethod
    def of(
        cls,
        task: HttpTask,
        inputs: Inputs,
        longest: float = math.inf,
    ) -> CallbackWait | None:
        """Return the wait of *task*; None if the task waits for no callback."""
        completion = task.plan.completion
        if completion is None or not completion.is_called_back:
            return None
        return cls(task, inputs, completion, longest)

    async def prepare(self) -> None:
        """Check, before anything is sent, that a callback can be received and verified.

        Raises a `TaskError`.
        """
        if not self._inputs.run.get(CALLBACK_URL):
            raise SettingsError(
                [Problem.of("completion-receiver", f"{self._setting_pointer}/mode")]
            )
        verify = self._completion.verify
        if verify is not None:
            await resolve(verify.credential, self._task.runtime.plugins)

    # Calls

    async def answer(self, received: Received) -> Answer:
        """Return the answer to the call *received*; if the answer has a signal, the wait ends."""
        refusal = await self._refusal(received)
        if refusal is not None:
            return refusal
        try:
            body = body_of(received)
        except UnreadableError as error:
            return Answer(error.status, str(error), note=f"a callback was refused: {error}")
        headers = {
            name: value for name, value in received.headers.items() if name not in _SECRET_HEADERS
        }
        signal = Signal(body, headers=headers)
        try:
            verdict = await self._verdict(signal)
        except TaskError:  # the task evaluates the signal again, and fails with this error then
            return Answer(202, signal=signal)
        if verdict.outcome in (DONE, FAILED):
            return Answer(202, signal=signal)
        shown = self._task.runtime.redactor.text(verdict.state or "")[:100]
        state = f"with the state {shown!r} " if verdict.state is not None else ""
        return Answer(202, note=f"a callback {state}did not end the wait")

    async def _refusal(self, received: Received) -> Answer | None:
        """Return the answer that refuses *received*; None if its signature is right.

        The answer is 503 if the credential to verify with cannot be resolved, else 401.
        """
        verify = self._completion.verify
        if verify is None:
            return None
        try:
            credential = await resolve(verify.credential, self._task.runtime.plugins)
            # Before it is compared: the messages of a refusal must not quote it.
            for secret in credential.secrets():
                self._task.runtime.redactor.add(secret)
            reason = signature_refusal(received, verify, credential)
        except CredentialError as error:
            note = f"a callback could not be verified: {error}"
            return Answer(503, "it cannot be verified now", note=note)
        if reason is None:
            return None
        return Answer(401, reason, note=f"a callback was refused: {reason}")

    @cached_property
    def _query(self) -> Query | None:
        status = self._setting.status
        if status is not None:
            return Query.of(status)
        return None

    async def _verdict(self, signal: Signal) -> Verdict:
        """Return the state of the job according to the call in *signal*."""
        headers = signal.headers or {}
        call = TaskResult(200, "OK", headers, signal.output, "")
        if self._setting.until is None:
            return called_verdict(call, self._setting, self._query)
        until = self._setting.until
        truth = await self._expressions.truth(until, "callback/until", _call(signal))
        if truth.holds:
            return Verdict(DONE)
        verdict = called_verdict(call, self._setting, self._query)
        if verdict.outcome == FAILED or (verdict.outcome == DONE and self._setting.done):
            return verdict
        return Verdict(RUNNING, verdict.state)

    # The task

    async def waiting(
        self,
        result: TaskResult,
        parameters: Any,
        began: float,
    ) -> TaskOutcome | None:
        """Return the outcome that makes the engine wait; None if `when` does not hold.

        *result* is the response to the request; without a wait, *result* is the result of the task.
        *began* is the time of the request (seconds since the epoch).
        """
        when = self._completion.when
        if when is not None:
            truth = await self._expressions.truth(when, "when", result.to_json())
            if not truth.holds:
                return None
        stored_result = result if self._setting.result == "original" else replace(result, body=None)
        progress = watched.get()
        stopped = {"job": self._job(began, None, "cancelled").to_json()}
        if progress is not None:  # the error of a run that is stopped during the wait reports these
            progress.maybe_delivered = True
            progress.stopped = stopped
        return TaskOutcome(
            input=parameters,
            awaits_signal=True,
            wait_until=self._until(began),
            state={"began": began, "answer": stored_result.to_json(), "stopped": stopped},
        )

    def _until(self, began: float) -> str:
        """Return the end of the wait, in ISO 8601."""
        end = datetime.fromtimestamp(0, UTC) + timedelta(seconds=began + self._seconds)
        return end.isoformat(timespec="milliseconds")

    async def ended(self, state: Mapping[str, Any], signal: Signal | None) -> TaskOutcome:
        """Return the outcome of the task after the wait; *signal* None: the wait timed out.

        *state* is from the outcome of `waiting`. Raises a `TaskError` if the job failed or did not
        end in time.
        """
        began = float(state["began"])
        first = TaskResult.from_json(state["answer"])
        try:
            if signal is None:
                is_test = self._seconds < self._setting.timeout_seconds
                limit_name = (
                    "a test request waits no longer" if is_test else "callback.timeoutSeconds"
                )
                raise CompletionError(
                    f"no callback ended the job within {self._seconds:g} s ({limit_name});"
                    f" {self._shown_url} was waited for"
                )
            if signal.error is not None:
                raise SignalledError(signal.error)
            result = await self._result(began, first, signal)
        except TaskError as error:
            error.maybe_delivered = True
            error.result = error.result or first
            stopped_by = "deadline" if signal is None else "failed"
            # An error from reading the result may already name the job it is about.
            error.job = error.job or self._job(began, None, stopped_by)
            error.attempts = first.attempts
            error.elapsed_seconds = max(0.0, time.time() - began)
            raise
        parameters = await parameters_of(self._task.plan, self._inputs)
        return TaskOutcome(output=result.to_json(), input=parameters)

    async def _result(
        self,
        began: float,
        first: TaskResult,
        signal: Signal,
    ) -> TaskResult:
        """Return the result of a job that *signal* ended.

        *first* is the response to the request. Raises `CompletionError` if the job failed.
        """
        is_call = signal.headers is not None
        # A person who completes the task by hand has judged the job already.
        verdict = await self._verdict(signal) if is_call else Verdict(DONE)
        result_setting = self._setting.result
        result = (
            first
            if result_setting == "original"
            else replace(first, headers=signal.headers or {}, body=signal.output)
        )
        stopped_by = "callback" if is_call else "signal"
        result = replace(
            result,
            elapsed_seconds=max(0.0, time.time() - began),
            job=self._job(began, verdict.state, stopped_by),
        )
        if verdict.outcome == FAILED:
            reason = failure_reason(signal.output)
            details = f": {reason}" if reason else ""
            error = CompletionError(f"the job ended in the state {verdict.state!r}{details}")
            error.result, error.job = result, self._job(began, verdict.state, "failed")
            raise error
        if has_expression(result_setting):
            data = _call(signal)
            body = await self._expressions.evaluate(result_setting, "callback/result", data)
            result = replace(result, body=body)
        return result

    def _job(self, began: float, status: str | None, stopped_by: str) -> Job:
        """Return the record of the job, for results and errors."""
        states = (status,) if status is not None else ()
        elapsed = max(0.0, time.time() - began)
        return Job(self._shown_url, status, states, 0, stopped_by, elapsed)

    @property
    def _shown_url(self) -> str:
        """The callback URL with its token masked."""
        run = self._inputs.run
        return str(run.get(CALLBACK_URL, "the callback URL")).replace(
            str(run.get(CALLBACK_TOKEN)), MASK
        )


def _call(signal: Signal) -> dict[str, Any]:
    """Return the document that expressions over a call read."""
    return {"headers": dict(signal.headers or {}), "body": signal.output}
