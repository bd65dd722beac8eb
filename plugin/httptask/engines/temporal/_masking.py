"""Mask secrets in the results and failures of activities, because histories keep them."""

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
"""Returns a JSON value with secrets masked."""


@contextlib.contextmanager
def masking(names: Mapping[str, str], runtime: Runtime) -> Iterator[Mask]:
    """Yield a function that masks the secrets of *runtime*, and the callback tokens in *names*.

    Afterwards the runtime forgets the tokens: each visit has some, and their list would grow.
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
    """Mask the failures of activities: a server may have echoed a secret.

    The original failure is not kept as the context, because crash reporters read that.
    """
    with DiscreetErrors(mask):
        try:
            yield
        except ApplicationError as error:
            raise _masked_failure(error, mask) from None


def _masked_failure(error: ApplicationError, mask: Mask) -> ApplicationError:
    details = [
        replace(
            detail, error=mask(detail.error), notes=mask(detail.notes), state=mask(detail.state)
        )
        if isinstance(detail, FailedTask)
        else mask(detail)
        for detail in error.details
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
    """Return *outcome* with secrets masked."""
    return replace(
        outcome,
        output=mask(outcome.output),
        input=mask(outcome.input),
        state=mask(outcome.state),
        notes=mask(outcome.notes),
    )
