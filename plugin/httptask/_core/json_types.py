"""The names of JSON types, and JSON values, for messages."""

from __future__ import annotations

from typing import Any

from httptask._core.strict_json import Number

_NAMES: dict[type, str] = {
    bool: "a boolean",
    dict: "an object",
    list: "an array",
    str: "a string",
    type(None): "null",
}


def name_of(python_type: type) -> str:
    """Return the JSON name, with its article, of *python_type*: `dict`, `list`, `str`, `bool` or
    `int`.
    """
    return "an integer" if python_type is int else _NAMES[python_type]


def type_name(value: Any) -> str:
    """Return the name of the JSON type of *value* with its article, such as `an object`.

    For a value that is not JSON, return the name of its Python type.
    """
    if type(value) in _NAMES:
        return _NAMES[type(value)]
    if isinstance(value, Number):
        return "a number"
    return type(value).__name__


def shown(value: Any) -> str:
    """Return *value* for a message: a scalar, cut to 80 characters, or the name of its type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return repr(value)[:80]
    return type_name(value)
