"""Equality of JSON values, as JSONPath and JSONata compare them."""

from __future__ import annotations

from itertools import repeat
from typing import Any

from httptask.expressions import _numbers


def same(left: Any, right: Any, null: Any = None) -> bool:
    """Say whether two JSON values are equal, at any depth.

    *null* is another value that the language uses for null, beside None.
    """
    left_type = type(left)
    right_type = type(right)
    if left_type in _numbers.NUMBERS:
        return right_type in _numbers.NUMBERS and _numbers.equal(left, right)
    # By type: Python's 1 == True, JSON's does not.
    if left_type is str or left_type is bool:
        return left_type is right_type and bool(left == right)
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(map(same, left, right, repeat(null)))
    if isinstance(left, dict):
        if not isinstance(right, dict) or left.keys() != right.keys():
            return False
        return all(same(value, right[name], null) for name, value in left.items())
    return (null if left is None else left) is (null if right is None else right)
