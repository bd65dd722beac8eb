"""Conditions: values that are wholly one expression, whose result is true or false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from httptask.errors import Problem
from httptask.expressions._template import is_expression


def condition_problems(
    condition: Any, at: str, check: Callable[[Any, str], Sequence[Problem]]
) -> list[Problem]:
    """Return the problems of *condition*, which stands at the pointer *at*.

    *check* returns the problems of an expression there. Without a `jsonata:` prefix, each problem
    gets a hint that JSONata can compare values.
    """
    if isinstance(condition, str) and not is_expression(condition):
        return [Problem.of("condition", at, found=condition)]
    problems = list(check(condition, at))
    if "jsonata:" in str(condition):
        return problems
    return [problem.with_params(hint="jsonata-compares") for problem in problems]
