"""The state of one check, shared by the keywords, and the errors that they report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from httptask._schema.patterns import Budget
from httptask.settings.check._forms import Forms

_SECONDS_OF_PATTERNS = 0.04
"""The time for all pattern matching of one check: the event loop must not be blocked for longer
than a tenth of a second.
"""

Errors = Iterator[ValidationError]


class AdviceError(ValidationError):
    """A warning about a value. It does not make the value invalid: tests for validity skip it."""


class MissingError(ValidationError):
    """A required property that is missing."""

    name = ""


class OtherSubtypeError(AdviceError):
    """A property that only other alternatives declare, not the one that the tag selects."""

    tag: str
    """The name of the property that selects the alternative."""
    subtype: str
    """The name of the selected alternative."""
    others: list[str]
    """The names of the alternatives that declare the property."""


class UncheckedPatternError(AdviceError):
    """A pattern that takes too long to match."""


@dataclass(slots=True)
class Check:
    """The check of one value against one schema."""

    forms: Forms
    expressions: bool
    budget: Budget
    is_silent: bool = False
    """Whether warnings are suppressed."""
    is_unchecked: bool = False
    """Whether a pattern that takes too long was already reported, which happens only once."""
    references: float = math.inf
    """How many more references may be followed."""
    outermost: tuple[Any, Any] | None = None
    """The value under way and the outermost schema that applies to it; None if no keyword applies
    further schemas to it.
    """

    @classmethod
    def begun(
        cls,
        forms: Forms,
        *,
        expressions: bool,
        references: float = math.inf,
    ) -> Check:
        """Start a check.

        Inside `one_budget` it shares the time for patterns with the other checks there.
        """
        budget = _shared.get() or Budget(_SECONDS_OF_PATTERNS)
        return cls(forms, expressions, budget, references=references)


current: ContextVar[Check] = ContextVar("current")
"""The check under way. jsonschema passes nothing from its caller on to the keywords."""
_shared: ContextVar[Budget | None] = ContextVar("_shared", default=None)


@contextmanager
def one_budget() -> Iterator[None]:
    """Let all checks inside share the time for patterns of a single check."""
    token = _shared.set(_shared.get() or Budget(_SECONDS_OF_PATTERNS))
    try:
        yield
    finally:
        _shared.reset(token)


def refusals(errors: Iterable[ValidationError]) -> list[ValidationError]:
    """Return *errors* without the warnings."""
    return [error for error in errors if not isinstance(error, AdviceError)]


def is_valid(validator: Any, instance: Any) -> bool:
    """Say whether *validator* finds no error in *instance*. jsonschema's own `is_valid` counts
    warnings.
    """
    return next(
        (False for error in validator.iter_errors(instance) if not isinstance(error, AdviceError)),
        True,
    )


class TooManyReferencesError(Exception):
    """More references were followed than allowed: they lead to the same schema along many paths."""


def missing(name: str, **details: Any) -> MissingError:
    """Return the error that the property *name* is missing."""
    error = MissingError("it is required", **details)
    error.name = name
    return error
