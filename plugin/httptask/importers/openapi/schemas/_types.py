"""The types of JSON Schema: their names in other languages, and the values that have them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
"""The types of JSON Schema (2020-12, Core, section 4.2.1)."""

_MEANT: dict[str, tuple[str | None, str | None]] = {
    **dict.fromkeys(
        ("any", "anytype", "none", "*", "mixed", "unknown", "anyvalue", ""), (None, None)
    ),
    **dict.fromkeys(
        ("int", "short", "bigint", "biginteger", "uint", "numeric integer", "smallint"),
        ("integer", None),
    ),
    **dict.fromkeys(("int64", "long", "uint64"), ("integer", "int64")),
    **dict.fromkeys(("int32", "uint32", "int16", "uint16", "int8", "uint8"), ("integer", "int32")),
    **dict.fromkeys(
        ("decimal", "numeric", "num", "bigdecimal", "money", "currency", "percent"),
        ("number", None),
    ),
    "float": ("number", "float"),
    "double": ("number", "double"),
    **dict.fromkeys(("bool", "true", "false", "boolan", "booleen"), ("boolean", None)),
    **dict.fromkeys(
        ("str", "text", "char", "varchar", "sting", "strng", "characters"), ("string", None)
    ),
    "date": ("string", "date"),
    **dict.fromkeys(("datetime", "date-time", "date_time", "timestamp"), ("string", "date-time")),
    "time": ("string", "time"),
    **dict.fromkeys(("uuid", "guid"), ("string", "uuid")),
    **dict.fromkeys(("uri", "url"), ("string", "uri")),
    "email": ("string", "email"),
    "password": ("string", "password"),
    **dict.fromkeys(("byte", "base64"), ("string", "byte")),
    **dict.fromkeys(("file", "binary", "stream", "blob"), ("string", "binary")),
    **dict.fromkeys(("list", "set", "collection", "tuple"), ("array", None)),
    **dict.fromkeys(
        ("map", "dict", "dictionary", "hash", "obj", "json", "struct", "hashmap"), ("object", None)
    ),
    **dict.fromkeys(("nil", "undefined"), ("null", None)),
}
"""Type name of another language, in lower case -> (type, format). None as the type is any type."""


def meant(written: str) -> tuple[str | list[str] | None, str | None] | None:
    """Return (type or types, format) that the type name *written* clearly means, or None.

    `Int` is an integer, `date` a string of that format, `string|null` two types, `any` no type.
    """
    name = written.strip().lower()
    if name in TYPES:
        return name, None
    if name in _MEANT:
        return _MEANT[name]
    if name.endswith("[]") or re.match(r"(array|list)\b\W", name):
        return "array", None
    names = re.split(r"\s*(?:[|,/]|\bor\b)\s*", name.strip("[]"))
    names = [part for part in names if part]
    if len(names) < 2:
        return None
    types = []
    for part in names:
        meaning = meant(part)
        # One part that is not clear makes the whole unclear.
        if meaning is None or not isinstance(meaning[0], str):
            return None
        types.append(meaning[0])
    return list(dict.fromkeys(types)), None


def is_number(value: Any) -> bool:
    """Say whether *value* is a JSON number. In Python, a boolean is an `int`, too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def widened(types: Iterable[str]) -> set[str]:
    """Return *types*, with `integer` if `number` is among them."""
    names = set(types)
    if "number" in names:
        return names | {"integer"}
    return names


def fits(value: Any, types: list[str]) -> bool:
    """Say whether *value* has one of *types*."""
    return any(_IS[name](value) for name in types)


def as_number(value: Any) -> int | float | None:
    """Return *value* as a number: a number itself, or a string with one; None for all others.

    Infinities and NaN are not JSON numbers.
    """
    if isinstance(value, str) and re.fullmatch(
        r"\s*[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?\s*", value
    ):
        value = float(value) if re.search(r"[.eE]", value) else int(value)
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    number: int | float = value
    return number


_BOOLEANS = {"true": True, "false": False}


def as_boolean(value: Any) -> bool | None:
    """Return *value* as a boolean: a boolean itself, or the string of one; None for all others."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _BOOLEANS.get(value.strip().lower())
    return None
