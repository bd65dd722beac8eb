"""The results that an expression may yield: JSON, of limited size."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from httptask._core.strict_json import Number, dump, number_text
from httptask.errors import CodedError

DEEPEST = 500
"""Levels of nesting in a result. Other parts of a program cannot read or write more."""

MOST_KNOWN = 200
"""Names in an error's `known`."""

MOST_LISTED = 10
"""How many of these names the sentence lists: see the format `members` of the sentences."""


SHORTHAND = re.compile(
    r"[A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF][0-9A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF]*"
)
"""RFC 9535, section 2.5.1.1, `member-name-shorthand`."""


class RefusedError(CodedError):
    """The reason why an expression has no usable result.

    The param `known` lists the existing names if a name was wrong.
    """


class NoSuchNameError(RefusedError, LookupError):
    """The expression looks for a name or an index that the data lack.

    Nothing else is wrong: over other data it may have a result.
    """

    is_certain = True
    """True: the name cannot exist; false: the name is only not expected."""


def refusal(error: BaseException) -> RefusedError:
    """Return *error*, which a language raised, as a `RefusedError`.

    A `RefusedError` is returned unchanged. The error of a plugin keeps its message.
    """
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, LookupError | ValueError):
        kind = NoSuchNameError if isinstance(error, LookupError) else RefusedError
        with suppress(Exception):  # converting a plugin's error to text may itself fail
            return kind(
                "expression-failed", languageMessage=_sentence(error), known=_known_in(error)
            )
    return RefusedError("expression-error", pythonMessage=described(error))


def described(error: BaseException) -> str:
    """Return the class and message of an unforeseen *error*."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001 - a plugin's
        return name


class Expected(dict[str, Any]):
    """In the shape of a document: an object whose names are expected.

    Another name is probably, but not certainly, a mistake.
    """


class ExpectedList(list[Any]):
    """In the shape of a document: a list that may be replaced by a reference to a file.

    A name looked up in the list is probably a mistake, unless it is the name of the reference.
    """

    name = "$file"


_CHARACTERS = 64
"""Characters of text that count as one value."""

_BITS = 256
"""Bits of an integer that count as one value."""


def with_dicts(value: Any) -> Any:
    """Return *value*, the data of a run or part of it, with mappings replaced by dictionaries.

    `$.tasks` may be a mapping that copies nothing.
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        tasks = value.get("tasks")
        if isinstance(tasks, Mapping) and not isinstance(tasks, dict):
            return {**value, "tasks": dict(tasks)}
        return value
    if isinstance(value, Mapping):
        return dict(value)
    return value


_SCALARS = frozenset((str, int, bool, type(None)))
_SHORT = 512
PLAIN_SIZE = 6 * _SHORT + 2
"""The size of the largest plain value, in bytes of JSON."""


def is_plain(value: Any) -> bool:
    """Say whether *value* is a short text or integer, a boolean or null. Most results are."""
    if isinstance(value, str):
        return len(value) <= _SHORT
    if isinstance(value, int):
        return -_LARGE < value < _LARGE
    return value is None


_LARGE = 1 << 64


def is_small(value: Any, most: int) -> bool:
    """Say whether the JSON *value* consists of at most *most* values.

    A long text or integer counts as several values.
    """
    remaining = most
    pending: list[Any] = [[value]]
    while pending:
        parent = pending.pop()
        remaining -= len(parent)
        # The containers themselves are queued, not views of them: thousands of new objects would
        # trigger the garbage collector, which would then traverse the whole value as well.
        for item in parent.values() if type(parent) is dict else parent:
            item_type = type(item)
            if item_type is str:
                remaining -= len(item) // _CHARACTERS
            elif item_type is int:
                remaining -= item.bit_length() // _BITS
            elif item_type is dict or item_type is list:
                pending.append(item)
        if remaining < 0:
            return False
    return True


_MOST_NAMES = 1000
"""The number of names whose sizes are remembered: the objects of a list have the same names."""


def check(value: Any, limit: int, most: float = math.inf) -> bool:
    """Raise `RefusedError` if *value* is not JSON or too large.

    *limit* is in bytes of JSON without spaces, in UTF-8. Return False if *value* has more than
    *most* values, counted as by `is_small`; it is then not checked to its end.
    """
    most_bytes = min(limit, most * _CHARACTERS)
    remaining = most_bytes + 2  # the brackets of the list around it do not count
    names: dict[str, int] = {}
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        next_level: list[Any] = []
        for parent in level:
            most -= len(parent)
            if most < 0:
                return False
            remaining -= max(2, len(parent) + 1)  # brackets and commas
            items: Iterable[Any] = parent
            if isinstance(parent, dict):
                remaining -= _size_of_names(parent, remaining, names)
                items = parent.values()
            for item in items:
                if isinstance(item, (dict, list)):
                    next_level.append(item)
                else:
                    remaining -= _scalar_size(item, remaining)
            if remaining < 0:
                if most_bytes < limit:
                    return False
                raise RefusedError("expression-result-size", limit=limit)
        if not next_level:
            return True
        level = next_level
    raise RefusedError("expression-result-depth", limit=DEEPEST)


def _size_of_names(item: dict[Any, Any], remaining: float, known: dict[str, int]) -> int:
    """Return the size of the names in *item* as JSON, each with its colon.

    *known* are the sizes of names of other objects; they are added to.
    """
    size = 0
    for name in item:
        own_size = known.get(name)
        if own_size is None:
            if not isinstance(name, str):
                raise RefusedError("expression-result-name", found=_type_name(name))
            own_size = _text_size(name, remaining - size) + 1
            if len(known) < _MOST_NAMES:
                known[name] = own_size
        size += own_size
    return size


def as_text(value: Any) -> str:
    """Return the JSON *value* as it is inserted into text.

    A string stays as it is, a number is written with all its digits, anything else as JSON without
    spaces.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Number) and not isinstance(value, bool):
        return number_text(value)
    return dump(value, compact=True)


def _sentence(error: BaseException) -> str:
    """Return the message of *error*, without the quotes that Python adds for a `KeyError`."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__


def _known_in(error: BaseException) -> list[str] | None:
    """Return the names in the field `known` of *error*, if it has any."""
    names = getattr(error, "known", ())
    if not isinstance(names, tuple | list):
        return None
    return [str(name) for name in names[:MOST_KNOWN]] or None


def _scalar_size(item: Any, remaining: float) -> int:
    """Return the size of *item*, which is neither list nor object, as JSON."""
    if isinstance(item, str):
        return _text_size(item, remaining)
    if item is None or item is True:
        return 4
    if item is False:
        return 5
    if isinstance(item, int):
        return _digits(item)
    if isinstance(item, Decimal) and item.is_finite():
        return len(number_text(item))
    if not isinstance(item, float):
        raise RefusedError("expression-result-type", found=_type_name(item))
    if not math.isfinite(item):
        raise RefusedError("expression-result-not-finite", found=str(item))
    return len(repr(item))


def _text_size(text: str, remaining: float) -> int:
    """Return the size of *text* as JSON, or a lower bound if that exceeds *remaining*."""
    # A text has at least as many bytes as characters, so a long text need not be read.
    if len(text) > remaining:
        return len(text)
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return len(text) + 2
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _digits(number: int) -> int:
    try:
        return len(int.__repr__(number))
    except ValueError:  # Python refuses to write so many digits
        raise RefusedError("expression-result-digits") from None


def _type_name(value: Any) -> str:
    return f"a Python {type(value).__name__}"
