"""The task type `Wait`: the run continues after some seconds, or at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._core.json_types import type_name
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import Number, dump
from httptask.errors import Problem, SettingsError
from httptask.model.workflow import TaskOutcome

if TYPE_CHECKING:
    from httptask.protocols import TaskCall, TaskCheck

LONGEST = 10 * 366 * 24 * 3600
"""The longest wait, in seconds: ten years."""

_FIELDS = ("seconds", "until")


class Wait:
    """Waits for `seconds`, or `until` a time; either may be an expression.

    The end is computed when the visit begins, from `${swf:now}`, and stored in the visit's state,
    so that a replay, or an engine in another process, waits until the same time.
    """

    name = "Wait"
    is_repeatable = True

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of a task of this type."""
        schema: Mapping[str, Any] = packaged.schema("workflow-definition")["$defs"][self.name]
        return schema

    def problems(self, check: TaskCheck) -> Sequence[Problem]:
        """Return a problem if both fields or neither are set, and the problems of the fields."""
        from httptask.expressions import has_expression

        names = [name for name in _FIELDS if name in check.definition]
        problems = []
        if len(names) != 1:
            problems = [Problem.of("wait-end", check.pointer)]
        for name in names:
            problems += check.services.expression_problems(
                check.definition[name], pointer_of([name], check.pointer)
            )
        until = check.definition.get("until")
        if isinstance(until, str) and not has_expression(until):
            try:
                _time(until, pointer_of(["until"], check.pointer))
            except SettingsError as error:
                problems += error.problems
        return problems

    async def run(self, call: TaskCall) -> TaskOutcome:
        """Return an outcome that waits; called again at the end, complete with `{"until": ...}`.

        Raises `SettingsError` if an expression does not yield a valid time.
        """
        if call.state is not None:
            return TaskOutcome(output=call.state)
        name = next(name for name in _FIELDS if name in call.definition)
        pointer = pointer_of([name], call.pointer)
        value = await call.services.evaluate(call.definition[name], call.inputs.document(), pointer)
        if name == "until":
            end = _time(value, pointer)
        else:
            began = call.inputs.run.get("now")
            start = datetime.fromisoformat(began) if began else datetime.now(UTC)
            end = start + timedelta(seconds=_seconds(value, pointer))
        until = end.isoformat().replace("+00:00", "Z")
        return TaskOutcome(wait_until=until, state={"until": until})


def _seconds(value: Any, pointer: str) -> float:
    is_number = isinstance(value, Number) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= LONGEST:
        raise _refused(value, pointer, f"seconds, a number from 0 to {LONGEST}")
    return float(value)


def _time(value: Any, pointer: str) -> datetime:
    try:
        time = datetime.fromisoformat(value.upper() if _RFC_3339.fullmatch(value) else "")
    except (TypeError, ValueError):  # not a string, another format, or a leap second
        expected = "a time with its offset, such as 2030-01-31T12:00:00Z (RFC 3339)"
        raise _refused(value, pointer, expected) from None
    return time


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _refused(value: Any, pointer: str, expected: str) -> SettingsError:
    shown = dump(value)[:100] if isinstance(value, str | int | float) else type_name(value)
    return SettingsError([Problem.of("type", pointer, expected=expected, found=shown)])
