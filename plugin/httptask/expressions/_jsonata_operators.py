"""JSONata's operators: arithmetic, comparisons, text, ranges, and the order for sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonata.jexception import JException

from httptask.expressions import _numbers
from httptask.expressions._jsonata_values import same, sequence, text

_LONGEST_RANGE = 10_000_000
"""Items of `[first..last]`, the same limit as JSONata's."""


def comes_after(expr: Any, left: list[Any], right: list[Any]) -> bool:
    """Say whether an item with the sort keys *left* comes after an item with the keys *right*."""
    for term, first, second in zip(expr.terms, left, right, strict=True):
        if first is None or second is None:
            if (first is None) != (second is None):
                return first is None  # nothing comes last
            continue
        if not (_is_comparable(first) and _is_comparable(second)):
            raise JException("T2008", expr.position, first, second)
        if isinstance(first, str) != isinstance(second, str):
            raise JException("T2007", expr.position, first, second)
        order = _order(first, second)
        if order:
            if term.descending:
                return order < 0
            return order > 0
    return False


def _order(left: Any, right: Any) -> int:
    """Return -1, 0 or 1 for two texts or two numbers: *left* is less, equal or greater."""
    if isinstance(left, str):
        return int(left > right) - int(left < right)
    return _numbers.compare(left, right)


def _is_comparable(value: Any) -> bool:
    return type(value) is str or type(value) in _numbers.NUMBERS


def _calculated(operator: str, left: Any, right: Any) -> Any:
    for code, value in (("T2001", left), ("T2002", right)):
        if value is not None and type(value) not in _numbers.NUMBERS:
            raise JException(code, -1, operator, value)
    if left is None or right is None:
        return None
    return _ARITHMETIC[operator](left, right)


_ARITHMETIC = {
    "+": _numbers.add,
    "-": _numbers.subtract,
    "*": _numbers.multiply,
    "/": _numbers.divide,
    "%": _numbers.remainder,
}


def _compared(operator: str, left: Any, right: Any) -> Any:
    if not (left is None or _is_comparable(left)) or not (right is None or _is_comparable(right)):
        raise JException("T2010", -1, operator)
    if left is None or right is None:
        return None
    if isinstance(left, str) != isinstance(right, str):
        raise JException("T2009", -1, left, right, operator)
    return _ORDERS[operator](_order(left, right))


_ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _equal(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    return same(left, right) is (operator == "=")


def _is_in(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    return any(same(item, left) for item in (right if isinstance(right, list) else [right]))


def _joined(operator: str, left: Any, right: Any) -> str:
    return ("" if left is None else text(left)) + ("" if right is None else text(right))


def _range(operator: str, left: Any, right: Any) -> Any:
    for code, value in (("T2003", left), ("T2004", right)):
        if value is not None and not _is_whole_number(value):
            raise JException(code, -1, value)
    if left is None or right is None:
        return None
    size = right - left + 1
    if size > _LONGEST_RANGE:
        raise JException("D2014", -1, size)
    return sequence(range(int(left), int(right) + 1))


def _is_whole_number(value: Any) -> bool:
    return _numbers.is_number(value) and isinstance(_numbers.whole_as_int(value), int)


OPERATORS: dict[str, Callable[[str, Any, Any], Any]] = {
    **dict.fromkeys(_ARITHMETIC, _calculated),
    **dict.fromkeys(_ORDERS, _compared),
    "=": _equal,
    "!=": _equal,
    "in": _is_in,
    "&": _joined,
    "..": _range,
}
"""Sign -> function. It is called with the sign and the two operands."""
