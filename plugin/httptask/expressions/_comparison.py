"""Conditions in the platform's own form, evaluated as JavaScript does, for the types that JSON has.

`==` is stricter: values of unlike types are refused, as JavaScript would convert them (`1 == '1'`);
null and undefined are equal to each other and to nothing else, as there. Integers are exact.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from httptask._core.json_types import type_name
from httptask._core.strict_json import Number
from httptask.errors import ExpressionError, Problem
from httptask.expressions._comparison_syntax import (
    SPACES,
    UNDEFINED,
    Comparisons,
    ConditionError,
    Literal,
    Logic,
    Node,
    Not,
    Path,
    Undefined,
    parsed,
)
from httptask.expressions._result import RefusedError


def comparison_problems(condition: str, pointer: str) -> list[Problem]:
    """Return the problem of *condition*, of the platform's form, which stands at *pointer*."""
    try:
        parsed(condition)
    except ConditionError as error:
        return [Problem.of(error.code, pointer, **error.params)]
    return []


def members_compared(condition: str) -> list[str | int]:
    """Return the members of `$` that *condition*, of the platform's form, begins its paths with.

    Empty where it cannot be read, which is a problem of its own.
    """
    return list(dict.fromkeys(path[0] for path, _ in _paths(condition) if path))


def paths_compared(condition: str) -> list[tuple[str | int, ...]]:
    """Return the members of `$`, one inside the other, that *condition*, of the platform's form,
    compares; without those that it only asks for, and those that are compared with nothing.
    """
    return list(dict.fromkeys(path for path, is_asked in _paths(condition) if not is_asked))


def _paths(condition: str) -> Iterator[tuple[tuple[str | int, ...], bool]]:
    """Yield the paths in *condition*, and whether it only asks if something is there."""
    try:
        pending = [(parsed(condition), True)]
    except ConditionError:
        return
    while pending:
        node, is_asked = pending.pop()
        if isinstance(node, Path):
            yield node.keys, is_asked
        elif isinstance(node, Not):
            pending.append((node.operand, True))
        elif isinstance(node, Comparisons):
            operands = [node.first, *(operand for _, operand in node.others)]
            asks = any(isinstance(one, Literal) and _is_nothing(one.value) for one in operands)
            pending += [(operand, asks) for operand in reversed(operands)]
        elif isinstance(node, Logic):
            pending += [(operand, True) for operand in reversed(node.operands)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition over the output of the task before, ready to be evaluated."""

    text: str
    tree: Node

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the condition *text*. Raises `ConditionError`, a `ValueError`."""
        return cls(text, parsed(text))

    def holds(self, data: Any, pointer: str = "") -> bool:
        """Say whether the condition, which stands at *pointer*, is true for *data*, which is `$`.

        Raises `ExpressionError` for a member of null or undefined, and for values that cannot be
        compared.
        """
        return _is_true(self._of(data, pointer))

    def value(self, data: Any) -> Any:
        """Return the value of the condition for *data*, which is `$`; `UNDEFINED` where a member is
        not there. Raises `ExpressionError` as `holds` does.
        """
        value = self._of(data, "")
        return value.value if isinstance(value, _Container) else value

    def _of(self, data: Any, pointer: str) -> Any:
        try:
            return _value(self.tree, data)
        except RefusedError as error:
            raise ExpressionError.of(
                error.code, expression=self.text, pointer=pointer, **error.params
            ) from error


@dataclass(frozen=True, slots=True)
class _Container:
    """An object or array, which is equal to itself only: that is, to what stands at its path."""

    value: Any
    path: tuple[str | int, ...]


def _value(node: Node, data: Any) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Path):
        return _member(node, data)
    if isinstance(node, Not):
        return not _is_true(_value(node.operand, data))
    if isinstance(node, Comparisons):
        value = _value(node.first, data)
        for sign, operand in node.others:
            value = _OPERATORS[sign](value, _value(operand, data))
        return value
    value = None
    for operand in node.operands:
        value = _value(operand, data)
        if _is_true(value) is not node.is_and:
            break
    return value


def _is_true(value: Any) -> bool:
    return isinstance(value, _Container) or (value is not UNDEFINED and bool(value))


# Members


def _member(path: Path, data: Any) -> Any:
    value = data
    for count, key in enumerate(path.keys):
        if value is None or value is UNDEFINED:
            raise RefusedError(
                "condition-no-member",
                path=_written(path.keys[:count]),
                found="null" if value is None else "undefined",
                name=key,
            )
        value = _own_member(value, key)
    if isinstance(value, Mapping | list):
        # JavaScript's members have names only: `$.list['0']` is `$.list[0]`.
        return _Container(value, tuple(str(key) for key in path.keys))
    return value


_INDEX = re.compile(r"0|[1-9][0-9]*")


def _own_member(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(str(key), UNDEFINED)
    if not isinstance(value, str | list):
        return UNDEFINED
    if key == "length":
        return len(value) if isinstance(value, list) else len(_units(value)) // 2
    if not _INDEX.fullmatch(str(key)) or len(str(key)) > _MOST_DIGITS:
        return UNDEFINED
    index = int(key)
    if isinstance(value, list):
        return value[index] if index < len(value) else UNDEFINED
    unit = _units(value)[2 * index : 2 * index + 2]
    return unit.decode("utf-16-be", "surrogatepass") if unit else UNDEFINED


_MOST_DIGITS = 15


def _units(text: str) -> bytes:
    """Return *text* in the units that JavaScript counts and compares."""
    return text.encode("utf-16-be", "surrogatepass")


def _written(keys: tuple[str | int, ...]) -> str:
    parts = (f".{key}" if str(key).isidentifier() else f"[{key!r}]" for key in keys)
    return "$" + "".join(parts)


# Comparing


def _type(value: Any) -> str:
    if isinstance(value, Undefined):
        return "undefined"
    return type_name(value.value if isinstance(value, _Container) else value)


def _is_nothing(value: Any) -> bool:
    return value is None or value is UNDEFINED


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _are_same(left: Any, right: Any) -> bool:
    """`===`."""
    if isinstance(left, _Container) and isinstance(right, _Container):
        return left.path == right.path
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _are_equal(left: Any, right: Any) -> bool:
    """`==`. Raises `RefusedError` where JavaScript would convert one of the two."""
    if _is_nothing(left) or _is_nothing(right):
        return _is_nothing(left) and _is_nothing(right)
    alike = (_is_number(left) and _is_number(right)) or type(left) is type(right)
    if not alike:
        raise RefusedError("condition-types", left=_type(left), right=_type(right))
    return _are_same(left, right)


def _relation(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        for value in (left, right):
            if isinstance(value, _Container):
                raise RefusedError("condition-order", found=_type(value))
        if isinstance(left, str) and isinstance(right, str):
            return compare(_units(left), _units(right))
        return compare(_as_number(left), _as_number(right))

    return holds


_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def _as_number(value: Any) -> Any:
    """Return the number that JavaScript makes of *value* to compare it."""
    if value is UNDEFINED:
        return math.nan
    if value is None or isinstance(value, bool):
        return int(value or 0)
    if not isinstance(value, str):
        return value
    text = value.strip(SPACES)
    if not text:
        return 0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if not _OTHER_BASE.fullmatch(text):
        return math.nan
    try:
        return float(int(text, 0))
    except OverflowError:
        return math.inf


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "===": _are_same,
    "!==": lambda left, right: not _are_same(left, right),
    "==": _are_equal,
    "!=": lambda left, right: not _are_equal(left, right),
    "<": _relation(operator.lt),
    ">": _relation(operator.gt),
    "<=": _relation(operator.le),
    ">=": _relation(operator.ge),
}
