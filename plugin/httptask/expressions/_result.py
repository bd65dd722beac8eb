"""What an expression may yield: JSON, within a size."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from httptask._core.strict_json import Number, dump, number_text

DEEPEST = 500
"""Nesting of a result. More than that, other parts of a program fail to read or write."""


TOO_DEEP = "it calls itself too deeply, or its data is nested too deeply"

MOST_KNOWN = 200
"""Names in an error's `known`."""


SHORTHAND = re.compile(
    r"[A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF][0-9A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF]*"
)
"""RFC 9535, section 2.5.1.1, `member-name-shorthand`."""


class RefusedError(ValueError):
    """Why an expression has no usable result: a sentence, and the *known* names where a name was
    wrong.
    """

    def __init__(self, message: str, known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.known = tuple(known)


class NoSuchNameError(LookupError):
    """A name that does not exist: a sentence, and the *known* names at that place."""

    def __init__(self, message: str, known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.known = tuple(known)


_CHARACTERS = 64
"""Characters of text that count as one value."""

_BITS = 256
"""Bits of an integer that count as one value."""


def plain(value: Any) -> Any:
    """Return *value*, data of a run or a part of it, as JSON has it: `$.tasks` may be a mapping
    that copies nothing.
    """
    if isinstance(value, dict):
        tasks = value.get("tasks")
        if isinstance(tasks, Mapping) and not isinstance(tasks, dict):
            return {**value, "tasks": dict(tasks)}
        return value
    return dict(value) if isinstance(value, Mapping) else value


def is_small(value: Any, most: int) -> bool:
    """Say whether the JSON *value* consists of at most *most* values; a long text or integer counts
    as several.
    """
    left, waiting = most, [[value]]
    while waiting:
        items = waiting.pop()
        left -= len(items)
        for item in items:
            kind = type(item)
            if kind is str:
                left -= len(item) // _CHARACTERS
            elif kind is int:
                left -= item.bit_length() // _BITS
            elif kind is dict:
                waiting.append(item.values())
            elif kind is list:
                waiting.append(item)
        if left < 0:
            return False
    return True


def check(value: Any, limit: int) -> None:
    """Raise `RefusedError` when *value* is not JSON, or larger than *limit* bytes as JSON without
    spaces in UTF-8.
    """
    left, waiting = limit, [([value], 0)]
    while waiting:
        items, depth = waiting.pop()
        for item in items:
            left -= _text_size(item, left) if type(item) is str else _own_size(item, left)
            if left < 0:
                raise RefusedError(f"its result is larger than {limit} bytes as JSON; select less")
            if not isinstance(item, dict | list):
                continue
            if depth >= DEEPEST:
                raise RefusedError(f"its result is nested deeper than {DEEPEST}")
            if isinstance(item, dict):
                left -= _size_of_names(item, left)
            waiting.append((list(item.values()) if isinstance(item, dict) else item, depth + 1))


def _size_of_names(item: dict[Any, Any], left: int) -> int:
    size = 0
    for name in item:
        if not isinstance(name, str):
            raise RefusedError(f"its result is not JSON: an object's name is {_kind(name)}")
        size += _text_size(name, left - size)
    return size


def as_text(value: Any) -> str:
    """Return the JSON *value* as it is inserted into text.

    A string as it is, a whole number in full, anything else as JSON without spaces.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Number) and not isinstance(value, bool):
        return number_text(value)
    return dump(value, compact=True)


def sentence(error: BaseException) -> str:
    """Return what *error* says; a `KeyError` without the quotes Python puts around it."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__


def known_in(error: BaseException) -> tuple[str, ...]:
    """Return the names *error* says are known, if it says so in a field `known`."""
    known = getattr(error, "known", ())
    return (
        tuple(str(name) for name in known[:MOST_KNOWN]) if isinstance(known, tuple | list) else ()
    )


def _own_size(item: Any, left: int) -> int:
    """Return the bytes of *item* as JSON, without those of the values and names in it."""
    if isinstance(item, str):
        return _text_size(item, left)
    if item is None or item is True:
        return 4
    if item is False:
        return 5
    if isinstance(item, dict):
        return 2 + max(0, 2 * len(item) - 1)  # braces, colons, commas
    if isinstance(item, list):
        return 2 + max(0, len(item) - 1)
    if isinstance(item, int):
        return _digits(item)
    if isinstance(item, Decimal) and item.is_finite():
        return len(number_text(item))
    if not isinstance(item, float):
        raise RefusedError(f"its result is not JSON: it holds {_kind(item)}")
    if not math.isfinite(item):
        raise RefusedError(
            f"its result is not JSON: it holds {item}, and JSON has only finite numbers"
        )
    return len(repr(item))


def _text_size(text: str, left: int) -> int:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return len(text) + 2
    # No text has fewer bytes than characters: a hopeless one need not be written out.
    return (
        len(text)
        if len(text) > left
        else len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    )


def _digits(number: int) -> int:
    try:
        return len(int.__repr__(number))
    except ValueError:  # Python refuses to write so many digits
        raise RefusedError(
            "its result is not JSON that others can read: it holds a number of thousands of digits"
        ) from None


def _kind(value: Any) -> str:
    return f"a Python {type(value).__name__}"
