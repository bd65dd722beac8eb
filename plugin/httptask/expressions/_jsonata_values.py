"""JSONata's values: null and nothing, sequences, functions, and equality."""

from __future__ import annotations

import functools
from typing import Any

from jsonata.functions import Functions as Library
from jsonata.parser import Parser as LibraryParser
from jsonata.utils import Utils

from httptask._core import strict_json
from httptask.expressions import _equality, _numbers

NULL = Utils.NULL_VALUE
"""JSONata's null; None stands for nothing.

In data, lists and objects, None also stands for null.
"""

Sequence = Utils.JList
"""The library's list, with its flags."""


def sequence(items: Any = ()) -> Any:
    """Return a sequence of *items*. As a result, a sequence of one item becomes the item."""
    result = Sequence(items)
    result.sequence = True
    return result


def is_sequence(value: Any) -> bool:
    """Say whether *value* is a sequence."""
    return type(value) is Sequence and value.sequence


def existing(value: Any) -> Any:
    """Return *value*, or `NULL` for None, which stands for null in a list or an object."""
    return NULL if value is None else value


def is_lambda(value: Any) -> bool:
    """Say whether *value* is a function written in JSONata."""
    return isinstance(value, LibraryParser.Symbol) and value._jsonata_lambda


def is_function(value: Any) -> bool:
    """Say whether *value* is a function: written in JSONata, built in, or a regular expression."""
    return is_lambda(value) or Utils.is_function(value) or Library.is_regex(value)


def boolean(value: Any) -> bool:
    """Convert *value* to a Boolean, as JSONata's `$boolean` does."""
    value_type = type(value)
    if value_type is bool:
        return bool(value)
    if isinstance(value, list):
        return any(map(boolean, value))
    if value_type is str or value_type in _numbers.NUMBERS or isinstance(value, dict):
        return bool(value)
    return False


same = functools.partial(_equality.same, null=NULL)
"""Say whether two JSON values are equal, at any depth."""


def identity(value: Any) -> Any:
    """Return a hashable key that two values share if and only if they are the `same`."""
    value_type = type(value)
    if value_type in _numbers.NUMBERS:
        return _numbers.identity(value)
    if value_type is bool:
        return (bool, value)
    if isinstance(value, list):
        return (list, *map(identity, value))
    if isinstance(value, dict):
        return (dict, frozenset((name, identity(item)) for name, item in value.items()))
    if value_type is str:
        return value
    return (None, id(existing(value)))


def as_json(value: Any) -> Any:
    """Return *value* as JSON for Python's encoder. A function becomes an empty text."""
    value_type = type(value)
    if isinstance(value, float):
        number = float(_numbers.written(value))
        # From 1e21 on ECMAScript writes an exponent (ECMA-262, section 6.1.6.1.20).
        if number.is_integer() and abs(number) < 1e21:
            return int(strict_json.decimal_of(number))
        return number
    if value_type is str or value_type is bool or value is None or value_type in _numbers.NUMBERS:
        return value
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return None if value is NULL else ""


def text(value: Any, indent: int | None = None) -> str:
    """Return *value*, which must not be None, as written by `$string` and `&`."""
    value_type = type(value)
    if value_type is str:
        return str(value)
    if value_type is int:
        return int.__repr__(value)
    if value_type in _numbers.NUMBERS:
        return _numbers.to_text(value)
    if value_type is Sequence and value.outer_wrapper:
        return text(existing(value[0]), indent)
    if is_function(value):
        return ""
    return strict_json.dump(as_json(value), indent=indent, compact=indent is None)


def clone(value: Any) -> Any:
    """Return a copy of *value* that shares no list or object with it."""
    if isinstance(value, dict):
        return {name: clone(item) for name, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value
