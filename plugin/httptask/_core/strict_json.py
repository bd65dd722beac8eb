"""JSON, read strictly (RFC 8259) and written digit for digit."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

Number = int | float | Decimal
"""A JSON number: a `Decimal` where a double would change its digits."""

_FEW = 16
"""Characters of a decimal with at most 15 digits: a double keeps them (IEEE 754, DBL_DIG)."""
_EXPONENT_BELOW, _EXPONENT_FROM = 1e-6, 1e21
_TINY = 1e-300
"""Doubles below this size keep fewer digits."""
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonError(ValueError):
    """Text that is not JSON (RFC 8259): *message*, *line* and *column* from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


def no_constant(constant: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, for `json`'s *parse_constant* (RFC 8259, section 6)."""
    raise ValueError(f"{constant} is not JSON; use a number, a string or null")


def finite(number: str) -> float:
    """Return the value of *number*, for `json`'s *parse_float*.

    Raises `ValueError` if no double is so large.
    """
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"the number {number[:40]} is too large")
    return value


def number(text: str) -> Number:
    """Return the decimal *text* without changing a digit, for `json`'s *parse_float*.

    A double where its shortest form is the same number; otherwise an integer or a `Decimal`. Raises
    `ValueError` when the number is too large, or has an exponent that no `Decimal` has.
    """
    value = float(text)
    if (len(text) <= _FEW and _TINY < abs(value) < math.inf) or repr(value) == text:
        return value
    if math.isinf(value):
        raise ValueError(f"the number {text[:40]} is too large")
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:40]} is too small; write it as a string") from None
    if exact == decimal_of(value):
        return value
    return int(exact) if exact == exact.to_integral_value() else exact


def decimal_of(value: float) -> Decimal:
    """Return the shortest decimal whose nearest double is *value*."""
    return Decimal(repr(value))


_DEEPEST = 1_000
"""Levels of nesting that are read, the same in every version of Python."""


def parse(text: str | bytes, *, unique_names: bool = True) -> Any:
    """Return the value of JSON *text*.

    Stricter than `json.loads`: `NaN` and `Infinity` are refused, and so is an object with the same
    name twice (RFC 8259, section 4: names should be unique) unless *unique_names* is false. Every
    digit of a number is kept, as `number` says. Raises `JsonError`.
    """
    text = _decoded(text).removeprefix("\ufeff")
    duplicates: list[str] = []
    refused: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            duplicates.extend(sorted(name for name, count in counts.items() if count > 1))
        return value

    def exact(decimal: str) -> Number:
        try:
            return number(decimal)
        except ValueError:
            refused.append(decimal)
            raise

    try:
        value = json.loads(
            text,
            object_pairs_hook=unique if unique_names else None,
            parse_constant=no_constant,
            parse_float=exact,
        )
    except json.JSONDecodeError as error:
        raise JsonError(_sentence(error, text), error.lineno, error.colno) from error
    except RecursionError as error:
        raise JsonError("nested too deeply to be read", 1, 1) from error
    except ValueError as error:  # a constant, or an integer of more digits than Python converts
        raise JsonError(str(error), *_position_of_refused(text, refused)) from error
    if duplicates:
        line, column = _position_of_second(text, duplicates[0])
        raise JsonError(
            f"the name {duplicates[0]!r} stands twice in one object; one would be lost",
            line,
            column,
        )
    if is_too_deep(value, text):
        raise JsonError("nested too deeply to be read", 1, 1)
    return value


def is_too_deep(value: Any, text: str) -> bool:
    """Say whether *value*, whose JSON is *text*, is nested deeper than `parse` reads.

    Python 3.11 stops at about this depth by itself; later ones read and write on, to what nothing
    else can walk.
    """
    return text.count("[") + text.count("{") > _DEEPEST and deeper_than(value, _DEEPEST)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - text.rfind(b"\n", 0, error.start)
        raise JsonError("the text is not UTF-8", line, column) from error


def dump(
    value: Any, *, indent: int | None = None, compact: bool = False, ascii_only: bool = False
) -> str:
    """Return *value* as JSON text, a `Decimal` digit for digit; with *compact* without spaces.

    Non-ASCII characters stand as themselves unless *ascii_only*; lone surrogates are escaped.
    Raises `ValueError` for numbers that JSON has not, and `TypeError` for other values.
    """
    decimals = _Decimals()
    text = json.dumps(
        value,
        ensure_ascii=ascii_only,
        indent=indent,
        separators=(",", ":") if compact else None,
        allow_nan=False,
        default=decimals,
    )
    if not ascii_only:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate has no UTF-8
            return dump(value, indent=indent, compact=compact, ascii_only=True)
    return decimals.put_into(text)


def decimal_text(value: Decimal) -> str:
    """Return *value* as JSON writes it. Raises `ValueError` for NaN and infinity."""
    if not value.is_finite():
        raise ValueError(f"{value} is not JSON")
    return str(value).lower()


def number_text(value: Number) -> str:
    """Return *value* as it stands in text: as ECMAScript writes it (ECMA-262, Number::toString).

    Whole numbers have no fraction, and only doubles below a millionth and from 10**21 have an
    exponent. Integers are always written in full, and a `Decimal` with its digits. Raises
    `ValueError` for what is not finite, and for integers of more digits than Python writes.
    """
    if isinstance(value, Decimal):
        return decimal_text(value)
    if not isinstance(value, float):
        return int.__repr__(value)
    text = float.__repr__(value)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not JSON")
    if "e" not in text:
        return text.removesuffix(".0") if value else "0"
    if _EXPONENT_BELOW <= abs(value) < _EXPONENT_FROM:
        return format(decimal_of(value), "f")
    return re.sub(r"(?<=e[+-])0+", "", text)


class _Decimals:
    """Writes every `Decimal` of a value, which `json` cannot.

    A token that nobody can guess stands for each until the text is complete.
    """

    def __init__(self) -> None:
        self._token = ""

    def __call__(self, value: Any) -> str:
        """Return the token for *value*; for `json`'s *default*."""
        if not isinstance(value, Decimal):
            raise TypeError(f"a Python {type(value).__name__} is not JSON serializable")
        self._token = self._token or secrets.token_hex()
        return self._token + decimal_text(value)

    def put_into(self, text: str) -> str:
        """Return *text* with the numbers in place of their tokens."""
        return re.sub(f'"{self._token}([^"]*)"', r"\1", text) if self._token else text


def deeper_than(value: Any, depth: int) -> bool:
    """Say whether the JSON *value* is nested more than *depth* levels deep.

    It is walked level by level: no depth overflows the stack.
    """
    level = [value]
    for _ in range(depth + 1):
        below: list[Any] = []
        for parent in level:
            if isinstance(parent, dict):
                below += parent.values()
            elif isinstance(parent, list):
                below += parent
        if not below:
            return False
        level = below
    return True


def _sentence(error: json.JSONDecodeError, text: str) -> str:
    if not text.strip():
        return "the file is empty; JSON was expected"
    character = text[error.pos : error.pos + 1]
    message = error.msg[0].lower() + error.msg[1:]
    return f"{message}, found {character!r}" if character.strip() else message


def _position_of_refused(text: str, numbers: list[str]) -> tuple[int, int]:
    """Return line and column of the first of *numbers*, else of a constant or a long integer."""
    if numbers:
        match = next((token for token in TOKEN.finditer(text) if token[0] == numbers[0]), None)
    else:
        match = re.search(r"(?<![\w\"])-?(?:NaN|Infinity)\b|(?<!\d)\d{4000,}", text)
    return _line_and_column(text, match.start() if match else 0)


def _position_of_second(text: str, name: str) -> tuple[int, int]:
    written = re.escape(json.dumps(name, ensure_ascii=False))
    matches = [match.start() for match in re.finditer(written + r"\s*:", text)]
    return _line_and_column(text, matches[1] if len(matches) > 1 else 0)


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    """Return line and column, from 1, of the index *position*."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
