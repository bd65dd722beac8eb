"""Whether a condition holds of a result: `until`, `when`, `successCondition`."""

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
    """Why it does not hold."""
    absent: ExpressionError | None = None
    """What the condition looks for and is not there, as an error; None where it had a value."""


async def truth_of(
    condition: Any, result: Any, evaluator: Evaluator, *, pointer: str, run: Mapping[str, Any]
) -> Truth:
    """Return whether *condition*, which stands at *pointer*, holds of the JSON of a *result*.

    What it looks for may not be there, in this result: then it does not hold. Raises
    `ExpressionError` where it cannot be evaluated, and where it is neither true nor false: no other
    result would help.
    """
    try:
        value = await evaluator.evaluate(condition, result, pointer=pointer, run=run)
    except ExpressionError as error:
        error.maybe_delivered = True
        if error.is_absent:
            return Truth(False, str(error), error)
        raise
    if value is True or (isinstance(value, list) and value):
        return Truth(True)
    if value is False or value is None or isinstance(value, list):
        return Truth(False, f"it gave {_shown(value)}")
    refusal = ExpressionError.of(
        "condition-result", expression=str(condition), pointer=pointer, found=_shown(value)
    )
    refusal.maybe_delivered = True
    raise refusal


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "an empty list"
    return type_name(value) if isinstance(value, str | dict) else dump(value)
