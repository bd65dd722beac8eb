"""A value being checked: what the keywords know of it, and what they say of it."""

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
"""Of matching, for all the patterns of one check: the event loop may not be blocked for longer than
a tenth of a second.
"""

Errors = Iterator[ValidationError]


class AdviceError(ValidationError):
    """Something that a value should not be. It refuses nothing: whatever asks whether a value is
    valid passes over it.
    """


class MissingError(ValidationError):
    """A property that is required and not there."""

    name = ""


class UncheckedPatternError(AdviceError):
    """A pattern that takes too long."""


@dataclass(slots=True)
class Check:
    """One value being checked against one schema."""

    forms: Forms
    expressions: bool
    budget: Budget
    is_silent: bool = False
    """Whether nothing is advised."""
    is_unchecked: bool = False
    """Whether it was said already that a pattern takes too long: once is enough."""
    references: float = math.inf
    """References that may still be followed."""

    @classmethod
    def begun(cls, forms: Forms, *, expressions: bool, references: float = math.inf) -> Check:
        """Return a check with the time that is left to those it is one of, see `one_budget`."""
        budget = _shared.get() or Budget(_SECONDS_OF_PATTERNS)
        return cls(forms, expressions, budget, references=references)


current: ContextVar[Check] = ContextVar("current")
"""The check under way: jsonschema hands nothing of its caller's on to keywords."""
_shared: ContextVar[Budget | None] = ContextVar("_shared", default=None)


@contextmanager
def one_budget() -> Iterator[None]:
    """Let all checks inside share the time for patterns that one has."""
    token = _shared.set(_shared.get() or Budget(_SECONDS_OF_PATTERNS))
    try:
        yield
    finally:
        _shared.reset(token)


def refusals(errors: Iterable[ValidationError]) -> list[ValidationError]:
    """Return *errors* without what is only advised against."""
    return [error for error in errors if not isinstance(error, AdviceError)]


def is_valid(validator: Any, instance: Any) -> bool:
    """Say whether *validator* refuses nothing of *instance*: jsonschema's own `is_valid` takes
    advice for a refusal.
    """
    return next(
        (False for error in validator.iter_errors(instance) if not isinstance(error, AdviceError)),
        True,
    )


class TooManyReferencesError(Exception):
    """A schema was applied too often: its references lead to it along many ways."""


def missing(name: str, **details: Any) -> MissingError:
    """Return the error that the property *name* is missing."""
    error = MissingError("it is required", **details)
    error.name = name
    return error
