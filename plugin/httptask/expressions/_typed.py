"""What can be told of an expression before it is evaluated, over data of a known type."""

from __future__ import annotations

from dataclasses import dataclass

from httptask._schema.value_types import ANY, ValueType


@dataclass(frozen=True, slots=True)
class MissingName:
    """A name, or an index, that an expression looks up where there is none."""

    path: str
    """The query of the value that lacks it: `$.input`."""
    name: str | int
    value: ValueType
    """What stands at the path."""
    is_certain: bool = False
    """Nothing can stand there; false: nothing is documented to."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A way from the root of the data down that an expression reads."""

    steps: tuple[str | int, ...]
    is_needed: bool = False
    """The expression has no value where there is nothing."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What can be told of one expression."""

    type: ValueType = ANY
    """The type of its value, if it has one."""
    missing: tuple[MissingName, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedExpression:
    """An expression in a text, and what can be told of it."""

    written: str
    """As it stands in the text, with `${` and `}`."""
    typed: Typed


@dataclass(frozen=True, slots=True)
class TypedText:
    """A text with the expressions in it."""

    expressions: tuple[TypedExpression, ...]
    is_whole: bool
    """The text is wholly one expression, whose value keeps its type."""
