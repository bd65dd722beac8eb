"""Types of expressions, and the names that they read, from the type of the data alone."""

from __future__ import annotations

from dataclasses import dataclass

from httptask._schema.value_types import ANY, ValueType


@dataclass(frozen=True, slots=True)
class MissingName:
    """A lookup of a name or an index that does not exist."""

    path: str
    """The query of the value in which the name is looked up: `$.input`."""
    name: str | int
    value: ValueType
    """The type of the value at the path."""
    is_certain: bool = False
    """True: the name cannot exist; false: the name is only not documented."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A path from the root of the data that an expression reads."""

    steps: tuple[str | int, ...]
    is_needed: bool = False
    """Whether the expression has no value without a value at this path."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The type of one expression, the names that its data lack, and the paths that it reads."""

    type: ValueType = ANY
    """The type of the value, if the expression has a value."""
    missing: tuple[MissingName, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedExpression:
    """An expression in a text, with its `Typed`."""

    written: str
    """As written in the text, with `${` and `}`."""
    typed: Typed


@dataclass(frozen=True, slots=True)
class TypedText:
    """A text with the expressions in it."""

    expressions: tuple[TypedExpression, ...]
    is_whole: bool
    """Whether the text is wholly one expression, so that the value keeps its type."""
