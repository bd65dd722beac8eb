"""Compare the type of an expression with the type that its setting expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from httptask._schema.value_keywords import NUMERIC
from httptask._schema.value_types import ValueType
from httptask.building import REFERENCE

_WORDS: Mapping[str, str] = {
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_CONVERTING: Mapping[str, tuple[frozenset[str], str]] = {
    "string": (NUMERIC | {"boolean"}, "$string(…)"),
    "integer": (frozenset(("string",)), "$number(…)"),
    "number": (frozenset(("string",)), "$number(…)"),
    "array": (NUMERIC | {"string", "boolean", "object"}, "[…]"),
}
"""Type -> the types that JSONata can convert to it, and the expression that converts."""

_MOST_NAMES = 100
"""The number of names of an object among which its list is looked for."""
_MOST_NESTED = 3
"""The depth to which the items of nested lists are compared."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value whose type does not fit its setting."""

    found: str
    expected: str
    is_certain: bool
    """True: the value has the type in every run. False: the type is only documented, or the misfit
    is about the items of a list, which may be empty.
    """
    item: str | None = None
    """The type of the list's items in words, if an item would fit the setting."""
    convert: str | None = None
    """The JSONata expression that converts the value to the expected type."""
    member: str | None = None
    """The only member of an object that is a list, if a list is expected."""


def misfit(
    actual: ValueType,
    expected: ValueType,
    *,
    takes_files: bool,
) -> Misfit | None:
    """Return why no value of the type *actual* fits the type *expected*; None if a value may fit.

    With *takes_files*, a reference to a file fits as text.
    """
    return _misfit(actual, expected, takes_files, _MOST_NESTED)


def _misfit(
    actual: ValueType,
    expected: ValueType,
    takes_files: bool,
    levels: int,
) -> Misfit | None:
    if actual.is_nothing or expected.is_nothing:
        return None
    if actual.types & expected.types:
        # Some value fits. Only lists are compared further, by their items.
        if actual.types != {"array"} or not levels:
            return None
        inner = _misfit(
            actual.items(),
            expected.items(),
            takes_files,
            levels - 1,
        )
        if inner is None:
            return None
        actual_words = f"an array ({inner.found})"
        expected_words = f"an array ({inner.expected})"
        return Misfit(actual_words, expected_words, is_certain=False)
    if takes_files and may_be_file(actual):
        return None
    # A frequent mistake: a query that may match several values, where one value is expected.
    item = None
    if (
        actual.types == {"array"}
        and _misfit(actual.items(), expected, takes_files, 0) is None
        and actual.items().types <= expected.types
    ):
        item = in_words(actual.items().types)
    member = _only_list(actual) if "array" in expected.types else None
    return Misfit(
        in_words(actual.types),
        in_words(expected.types),
        not actual.is_documented,
        item,
        None if member else _conversion(actual.types, expected.types),
        member,
    )


def _only_list(value_type: ValueType) -> str | None:
    """Return the name of the only documented member that is a list."""
    names = islice(dict.fromkeys(value_type.names()), _MOST_NAMES)
    lists = [name for name in names if value_type.member(name).type.types == {"array"}]
    if len(lists) == 1:
        return lists[0]
    return None


def may_be_file(value_type: ValueType) -> bool:
    """Say whether a value of *value_type* may be a reference to a file."""
    return not value_type.of_types({"object"}).member(REFERENCE).type.is_nothing


def in_words(types: frozenset[str]) -> str:
    """Return *types* as words: `a string or null`."""
    shown = types - {"integer"} if "number" in types else types
    return " or ".join(word for name, word in _WORDS.items() if name in shown)


def _conversion(actual: frozenset[str], expected: frozenset[str]) -> str | None:
    """Return the JSONata expression that converts *actual* to *expected*; None without one."""
    for name, (convertible, expression) in _CONVERTING.items():
        if name in expected and actual - {"null"} <= convertible:
            return expression
    return None
