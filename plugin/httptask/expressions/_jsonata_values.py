"""Values of JSONata: null and nothing, sequences, functions, and what is the same as what."""

from __future__ import annotations

from typing import Any

from jsonata.functions import Functions as Library
from jsonata.parser import Parser as LibraryParser
from jsonata.utils import Utils

from httptask._core import strict_json
from httptask.expressions import _numbers

NULL = Utils.NULL_VALUE
"""JSONata's null: None is nothing. In data, and in lists and objects, null may also be None."""

Sequence = Utils.JList
"""The library's list, with its flags."""


def sequence(items: Any = ()) -> Any:
    """Return a sequence of *items*: when it is the result of an expression, one item stands for
    itself.
    """
    made = Sequence(items)
    made.sequence = True
    return made


def is_sequence(value: Any) -> bool:
    """Say whether *value* is a sequence."""
    return type(value) is Sequence and value.sequence


def existing(value: Any) -> Any:
    """Return *value*, which exists: None in a list or an object is null."""
    return NULL if value is None else value


def is_lambda(value: Any) -> bool:
    """Say whether *value* is a function written in JSONata."""
    return isinstance(value, LibraryParser.Symbol) and value._jsonata_lambda


def is_function(value: Any) -> bool:
    """Say whether *value* is a function: written in JSONata, built in, or a regular expression."""
    return is_lambda(value) or Utils.is_function(value) or Library.is_regex(value)


def boolean(value: Any) -> bool:
    """Return what *value* says where yes or no is asked for."""
    kind = type(value)
    if kind is bool:
        return bool(value)
    if isinstance(value, list):
        return any(map(boolean, value))
    if kind is str or kind in _numbers.NUMBERS or isinstance(value, dict):
        return bool(value)
    return False


def same(left: Any, right: Any) -> bool:
    """Say whether the two JSON values are equal, at any depth."""
    kind, other = type(left), type(right)
    if kind in _numbers.NUMBERS:
        return other in _numbers.NUMBERS and _numbers.equal(left, right)
    if kind is str or kind is bool:
        return kind is other and left == right
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(left[key], right[key]) for key in left)
        )
    return existing(left) is existing(right)


def identity(value: Any) -> Any:
    """Return what two values share, and have the same hash, if and only if they are the `same`."""
    kind = type(value)
    if kind in _numbers.NUMBERS:
        return _numbers.identity(value)
    if kind is bool:
        return (bool, value)
    if isinstance(value, list):
        return (list, *map(identity, value))
    if isinstance(value, dict):
        return (dict, frozenset((name, identity(item)) for name, item in value.items()))
    return value if kind is str else (None, id(existing(value)))


def as_json(value: Any) -> Any:
    """Return *value* as JSON that Python's encoder writes; a function is an empty text there."""
    kind = type(value)
    if isinstance(value, float):
        number = float(_numbers.written(value))
        return (
            int(strict_json.decimal_of(number))
            if number.is_integer() and abs(number) < 1e21
            else number
        )
    if kind is str or kind is bool or value is None or kind in _numbers.NUMBERS:
        return value
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return None if value is NULL else ""


def text(value: Any, indent: int | None = None) -> str:
    """Return *value*, which exists, as `$string` and `&` write it."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int:
        return int.__repr__(value)
    if kind in _numbers.NUMBERS:
        return _numbers.to_text(value)
    if kind is Sequence and value.outer_wrapper:
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
