"""What JSON calls the type of a value."""

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
    """Return what JSON calls the values of *python_type*, one of `dict`, `list`, `str`, `bool` and
    `int`.
    """
    return "an integer" if python_type is int else _NAMES[python_type]


def type_name(value: Any) -> str:
    """Return the JSON type of *value* with its article, `an object`; Python's name for others."""
    if type(value) in _NAMES:
        return _NAMES[type(value)]
    return "a number" if isinstance(value, Number) else type(value).__name__
