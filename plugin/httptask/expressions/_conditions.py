"""Conditions: values that are wholly one expression, and say yes or no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from httptask.errors import Problem
from httptask.expressions._template import is_expression


def condition_problems(
    condition: Any, at: str, check: Callable[[Any, str], Sequence[Problem]]
) -> list[Problem]:
    """Return what is wrong with *condition*, which stands at *at*; *check* says what is wrong with
    an expression there.

    Other languages are refused, not guessed at.
    """
    if isinstance(condition, str) and not is_expression(condition):
        return [Problem.of("condition", at, found=condition)]
    problems = list(check(condition, at))
    if "jsonata:" in str(condition):
        return problems
    return [each.with_params(hint="jsonata-compares") for each in problems]
