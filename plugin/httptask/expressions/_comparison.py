"""Evaluate conditions in the platform's own form, as JavaScript would for the types of JSON.

`==` is stricter: it refuses values of different types, which JavaScript would convert (`1 == '1'`).
As in JavaScript, null and undefined equal each other and nothing else. Integers are exact.
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
    """Return the problem of *condition*, in the platform's form, at *pointer*."""
    try:
        parsed(condition)
    except ConditionError as error:
        return [Problem.of(error.code, pointer, **error.params)]
    return []


def members_compared(condition: str) -> list[str | int]:
    """Return the members of `$` with which the paths in *condition* begin.

    Empty if the condition cannot be parsed, which another check reports.
    """
    return list(dict.fromkeys(path[0] for path, _ in _paths(condition) if path))


def paths_compared(condition: str) -> list[tuple[str | int, ...]]:
    """Return the paths below `$` that *condition* compares with a value.

    Paths that are only tested for truth, or compared with null or undefined, are left out.
    """
    return list(
        dict.fromkeys(path for path, is_only_tested in _paths(condition) if not is_only_tested)
    )


def _paths(condition: str) -> Iterator[tuple[tuple[str | int, ...], bool]]:
    """Yield every path in *condition*, and whether that path is only tested for presence."""
    try:
        pending = [(parsed(condition), True)]
    except ConditionError:
        return
    while pending:
        node, only_tested = pending.pop()
        if isinstance(node, Path):
            yield node.keys, only_tested
        elif isinstance(node, Not):
            pending.append((node.operand, True))
        elif isinstance(node, Comparisons):
            operands = [node.first, *(operand for _, operand in node.others)]
            tests_presence = any(
                isinstance(side, Literal) and _is_nothing(side.value) for side in operands
            )
            pending += [(operand, tests_presence) for operand in reversed(operands)]
        elif isinstance(node, Logic):
            pending += [(operand, True) for operand in reversed(node.operands)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition over the output of the preceding task, ready to be evaluated."""

    text: str
    tree: Node

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse the condition *text*. Raises `ConditionError`, a `ValueError`."""
        return cls(text, parsed(text))

    def holds(self, data: Any, pointer: str = "") -> bool:
        """Say whether the condition, at *pointer*, is true; *data* is `$`.

        Raises `ExpressionError` for a member of null or undefined, and for values that cannot be
        compared.
        """
        return _is_true(self._of(data, pointer))

    def value(self, data: Any) -> Any:
        """Return the value of the condition; *data* is `$`.

        The value is `UNDEFINED` if the condition is a member that does not exist. Raises
        `ExpressionError` as `holds` does.
        """
        value = self._of(data, "")
        if isinstance(value, _Container):
            return value.value
        return value

    def _of(self, data: Any, pointer: str) -> Any:
        try:
            return _value(self.tree, data)
        except RefusedError as error:
            raise ExpressionError.of(
                error.code,
                expression=self.text,
                pointer=pointer,
                **error.params,
            ) from error


@dataclass(frozen=True, slots=True)
class _Container:
    """An object or array. As in JavaScript it equals only itself: the value at the same path."""

    value: Any
    path: tuple[str | int, ...]


def _value(node: Node, data: Any) -> Any:
    """Return the value of *node*; *data* is `$`."""
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
    """Return the member at *path*. As in JavaScript, a member of null or undefined is an error."""
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
        # In JavaScript all member names are strings: `$.list['0']` is `$.list[0]`.
        return _Container(value, tuple(str(key) for key in path.keys))
    return value


_INDEX = re.compile(r"0|[1-9][0-9]*")


def _own_member(value: Any, key: str | int) -> Any:
    """Return the member *key* of *value*, or `UNDEFINED`; strings and arrays have indices and
    `length`.
    """
    if isinstance(value, Mapping):
        return value.get(str(key), UNDEFINED)
    if not isinstance(value, str | list):
        return UNDEFINED
    if key == "length":
        if isinstance(value, list):
            return len(value)
        return len(_units(value)) // 2
    # `int` refuses thousands of digits with an error of its own.
    if not _INDEX.fullmatch(str(key)) or len(str(key)) > _MOST_DIGITS:
        return UNDEFINED
    index = int(key)
    if isinstance(value, list):
        if index < len(value):
            return value[index]
        return UNDEFINED
    # Texts of JavaScript are UTF-16: an index counts code units, and may split a pair.
    unit = _units(value)[2 * index : 2 * index + 2]
    if unit:
        return unit.decode("utf-16-be", "surrogatepass")
    return UNDEFINED


_MOST_DIGITS = 15


def _units(text: str) -> bytes:
    """Return *text* in UTF-16 code units, which JavaScript counts and compares."""
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
    """Evaluate `===`."""
    if isinstance(left, _Container) and isinstance(right, _Container):
        return left.path == right.path
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _are_equal(left: Any, right: Any) -> bool:
    """Evaluate `==`. Raises `RefusedError` where JavaScript would convert one of the values."""
    if _is_nothing(left) or _is_nothing(right):
        return _is_nothing(left) and _is_nothing(right)
    have_same_type = (_is_number(left) and _is_number(right)) or type(left) is type(right)
    if not have_same_type:
        raise RefusedError("condition-types", left=_type(left), right=_type(right))
    return _are_same(left, right)


def _relation(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return an ordering operator: strings by code units, other values as numbers."""

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
    """Convert *value* to a number as JavaScript does before comparing."""
    if value is UNDEFINED:
        return math.nan
    if value is None or isinstance(value, bool):
        return int(value or 0)
    if not isinstance(value, str):
        return value
    # ECMA-262, section 7.1.4.1 (StringToNumber): an empty text is 0, and what is no number is NaN.
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
