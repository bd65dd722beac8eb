"""Type checking of conditions in the platform's own syntax, over the previous task's output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from httptask._schema.value_types import ANY, ValueType, any_of, typed_by
from httptask.expressions import MissingName, has_expression, paths_compared
from httptask.workflow._condition_members import Arrival, last_before
from httptask.workflow._definition import Scope
from httptask.workflow.typing._data import TypedData
from httptask.workflow.typing._outputs import FAILED

_LENGTH = "length"
"""A property that JavaScript's arrays and strings have."""
_MOST_DIGITS = 10
"""The digits of an index; a longer number is only a name."""


def previous_output(
    decision: str,
    scope: Scope,
    arrivals: Mapping[str, Sequence[Arrival]],
    data: TypedData,
) -> ValueType:
    """Return the type of `$` in the conditions of *decision*: the output of the task before.

    *arrivals* are the routes of *scope*. The types over all routes are combined.
    """
    types: list[ValueType] = []
    for arrival in last_before(decision, scope.start, arrivals):
        if arrival is None:
            if scope.depth:
                return ANY  # the output before the Parallel: not examined
            types.append(data.input)
        else:
            name, _, has_failed = arrival
            types.append(typed_by(FAILED) if has_failed else data.completed(name))
    return any_of(types)


def missing_members(condition: Any, output: ValueType) -> Iterator[MissingName]:
    """Yield the members that *condition* compares and the type *output* does not have."""
    if not isinstance(condition, str) or has_expression(condition):
        return
    for keys in paths_compared(condition):
        value = output
        path = "$"
        for key in keys:
            if key == _LENGTH and value.types & {"array", "string"}:
                break
            member = _member(value, key)
            if member.is_nothing:
                if not value.is_nothing:
                    yield MissingName(path, key, value)
                break
            value = member
            path += f"[{key}]" if isinstance(key, int) else f".{key}"


def _member(value: ValueType, key: str | int) -> ValueType:
    """Return the type of the member *key*; as in JavaScript, `'0'` is an index, too."""
    member = value.member(str(key)).type
    if not str(key).isdecimal() or len(str(key)) > _MOST_DIGITS:
        return member
    characters = ANY
    if "string" not in value.types:
        characters = value.item(int(key))
    return any_of([member, characters])
