"""What conditions of the platform's form compare: members of the output of the task before."""

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
_MOST_DIGITS = 10


def previous_output(
    decision: str, scope: Scope, arrivals: Mapping[str, Sequence[Arrival]], data: TypedData
) -> ValueType:
    """Return the type of `$` in conditions of the task *decision* of *scope*: what the task puts
    out that ran last on a way to it.
    """
    types: list[ValueType] = []
    for arrival in last_before(decision, scope.start, arrivals):
        if arrival is None:
            if scope.depth:
                return ANY  # what came before the Parallel
            types.append(data.input)
        else:
            name, _, has_failed = arrival
            types.append(typed_by(FAILED) if has_failed else data.completed(name))
    return any_of(types)


def missing_members(condition: Any, output: ValueType) -> Iterator[MissingName]:
    """Yield the members that *condition* compares, and that *output* is not documented to have."""
    if not isinstance(condition, str) or has_expression(condition):
        return
    for keys in paths_compared(condition):
        value, path = output, "$"
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
    """Return what stands under *key*; in JavaScript `'0'` is an index, too."""
    member = value.member(str(key)).type
    if not str(key).isdecimal() or len(str(key)) > _MOST_DIGITS:
        return member
    characters = ANY if "string" in value.types else value.item(int(key))
    return any_of([member, characters])
