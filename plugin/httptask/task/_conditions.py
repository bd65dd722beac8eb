"""Evaluate a condition over a result: `until`, `when`, `successCondition`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask._core.json_types import type_name
from httptask._core.strict_json import dump
from httptask.errors import ExpressionError

if TYPE_CHECKING:
    from httptask.expressions import Evaluator


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether a condition holds."""

    holds: bool
    why_not: str = ""
    """Why the condition does not hold; "" if it holds."""
    absent: ExpressionError | None = None
    """The error that names the value missing from the result; None if nothing was missing."""


async def truth_of(
    condition: Any,
    result: Any,
    evaluator: Evaluator,
    *,
    pointer: str,
    run: Mapping[str, Any],
) -> Truth:
    """Evaluate *condition*, at *pointer*, over the JSON of a *result*.

    A list counts as true if it has an item; null, an empty list and a missing value as false.
    Raises `ExpressionError` if the condition cannot be evaluated, or yields any other value:
    another result would not help.
    """
    try:
        value = await evaluator.evaluate(condition, result, pointer=pointer, run=run)
    except ExpressionError as error:
        # The result exists, so the request was sent: whatever fails now comes after it.
        error.maybe_delivered = True
        if error.is_absent:
            return Truth(False, str(error), error)
        raise
    if value is True or (isinstance(value, list) and value):
        return Truth(True)
    if value is False or value is None or isinstance(value, list):
        return Truth(False, f"it gave {_shown(value)}")
    refusal = ExpressionError.of(
        "condition-result",
        expression=str(condition),
        pointer=pointer,
        found=_shown(value),
    )
    refusal.maybe_delivered = True
    raise refusal


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "an empty list"
    if isinstance(value, str | dict):
        return type_name(value)
    return dump(value)
