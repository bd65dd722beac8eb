"""Takes secrets out of what leaves an activity: a history keeps it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from temporalio.exceptions import ApplicationError

from httptask._core.discretion import DiscreetErrors
from httptask._core.redaction import Redactor
from httptask.engines.temporal._arguments import FailedTask, HttpTaskOutcome
from httptask.model.callback import TOKENS

if TYPE_CHECKING:
    from httptask.task import Runtime

Mask = Callable[[Any], Any]
"""Returns a JSON value without secrets."""


@contextlib.contextmanager
def masking(names: Mapping[str, str], runtime: Runtime) -> Iterator[Mask]:
    """Yield what takes the secrets out of a value: those that *runtime* knows, and the tokens in
    *names* of a callback URL. They are forgotten then: each visit has its own.
    """
    tokens = [names[name] for name in TOKENS if name in names]
    if not tokens:
        yield runtime.redactor.value
        return
    own = Redactor(tokens)
    try:
        yield lambda value: own.value(runtime.redactor.value(value))
    finally:
        for token in tokens:
            runtime.redactor.forget(token)


@contextlib.contextmanager
def masked_failures(mask: Mask) -> Iterator[None]:
    """Take the secrets out of the failures of activities: a server may have echoed one. The failure
    as it was is not their context: crash reporters look there.
    """
    with DiscreetErrors(mask):
        try:
            yield
        except ApplicationError as error:
            raise _masked_failure(error, mask) from None


def _masked_failure(error: ApplicationError, mask: Mask) -> ApplicationError:
    details = [
        replace(one, error=mask(one.error), notes=mask(one.notes), state=mask(one.state))
        if isinstance(one, FailedTask)
        else mask(one)
        for one in error.details
    ]
    return ApplicationError(
        mask(error.message),
        *details,
        type=error.type,
        non_retryable=error.non_retryable,
        next_retry_delay=error.next_retry_delay,
        category=error.category,
    )


def masked(outcome: HttpTaskOutcome, mask: Mask) -> HttpTaskOutcome:
    """Return *outcome* without secrets."""
    return replace(
        outcome,
        output=mask(outcome.output),
        input=mask(outcome.input),
        state=mask(outcome.state),
        notes=mask(outcome.notes),
    )
