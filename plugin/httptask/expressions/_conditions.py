"""Conditions: values that are wholly one expression, and say yes or no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from httptask.errors import Problem
from httptask.expressions._template import is_expression


def condition_problems(condition: Any, at: str, check: Callable[[Any, str], Sequence[Problem]]) -> list[Problem]:
    """Return what is wrong with *condition*, which stands at *at*; *check* says what is wrong with an expression there.

    Other languages are refused, not guessed at.
    """
    if isinstance(condition, str) and not is_expression(condition):
        message = f"the condition {condition!r} is not an expression; write it as ${{…}} or ${{jsonata: …}}"
        return [Problem(at, message)]
    hint = "" if "jsonata:" in str(condition) else "; a comparison is JSONata: ${jsonata: …}"
    return [replace(each, message=each.message + hint) for each in check(condition, at)]
