"""Conditions: values that are wholly one expression, whose result is true or false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from httptask.errors import Problem
from httptask.expressions._template import is_expression


def condition_problems(
    condition: Any,
    pointer: str,
    check: Callable[[Any, str], Sequence[Problem]],
) -> list[Problem]:
    """Return the problems of *condition* at *pointer*.

    *check* returns the problems of an expression at a pointer. Without a `jsonata:` prefix, every
    problem gets a hint that JSONata can compare values.
    """
    if isinstance(condition, str) and not is_expression(condition):
        return [Problem.of("condition", pointer, found=condition)]
    problems = list(check(condition, pointer))
    if "jsonata:" in str(condition):
        return problems
    return [problem.with_params(hint="jsonata-compares") for problem in problems]
