"""Parsing JSON strictly (RFC 8259), and writing it with every digit of its numbers."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

Number = int | float | Decimal
"""A JSON number: a `Decimal` if a double would change its digits."""

_FEW = 16
"""The most characters of a decimal with 15 digits, which a double keeps (IEEE 754, DBL_DIG)."""
_EXPONENT_BELOW, _EXPONENT_FROM = 1e-6, 1e21
_TINY = 1e-300
"""Below this, doubles keep fewer digits."""
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonError(ValueError):
    """The text is not JSON (RFC 8259). *line* and *column* count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


def no_constant(constant: str) -> NoReturn:
    """Raise `ValueError` for `NaN` and `Infinity` (RFC 8259, section 6).

    This is a *parse_constant* for `json`.
    """
    raise ValueError(f"{constant} is not JSON; use a number, a string or null")


def finite(number: str) -> float:
    """Parse *number* as a double. Raises `ValueError` if it is too large for a double.

    This is a *parse_float* for `json`.
    """
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"the number {number[:40]} is too large")
    return value


def number(text: str) -> Number:
    """Parse the decimal *text* without changing a digit.

    The result is a double if its shortest form is the same number, else an integer or a `Decimal`.
    Raises `ValueError` if the number is too large, or has an exponent that no `Decimal` can have.
    This is a *parse_float* for `json`.
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
    if exact == exact.to_integral_value():
        return int(exact)
    return exact


def decimal_of(value: float) -> Decimal:
    """Return the shortest decimal whose nearest double is *value*."""
    return Decimal(repr(value))


_DEEPEST = 1_000
"""The most levels of nesting that `parse` accepts, the same in every version of Python."""


def parse(text: str | bytes, *, unique_names: bool = True) -> Any:
    """Parse the JSON *text*. Raises `JsonError`.

    It is stricter than `json.loads`: `NaN` and `Infinity` are refused, and so are objects with the
    same name twice (RFC 8259, section 4: names should be unique) unless *unique_names* is false.
    Every digit of a number is kept: see `number`.
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
    except ValueError as error:  # a constant, or an integer with more digits than Python converts
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
    """Say whether *value*, parsed from the JSON *text*, is nested deeper than `parse` accepts.

    Python 3.11 itself stops at about this depth. Later versions parse deeper values, which most
    code cannot process.
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
    value: Any,
    *,
    indent: int | None = None,
    compact: bool = False,
    ascii_only: bool = False,
) -> str:
    """Serialise *value* as JSON, a `Decimal` with all of its digits; with *compact* without spaces.

    Characters outside ASCII are escaped only with *ascii_only*, or if there is a lone surrogate.
    Raises `ValueError` for NaN and infinity, and `TypeError` for values that JSON does not have.
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
        except UnicodeEncodeError:  # a lone surrogate cannot be encoded in UTF-8: escape it
            return dump(
                value,
                indent=indent,
                compact=compact,
                ascii_only=True,
            )
    return decimals.put_into(text)


def decimal_text(value: Decimal) -> str:
    """Serialise *value* as a JSON number. Raises `ValueError` for NaN and infinity."""
    if not value.is_finite():
        raise ValueError(f"{value} is not JSON")
    return str(value).lower()


def number_text(value: Number) -> str:
    """Return *value* as text, as ECMAScript converts numbers (ECMA-262, Number::toString).

    Whole numbers have no fraction, and only doubles below a millionth or from 10**21 have an
    exponent. Integers are written in full, and a `Decimal` with all of its digits. Raises
    `ValueError` for NaN and infinity, and for integers with more digits than Python writes.
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
    """Helps `json` to write the `Decimal`s in a value.

    `json` writes each as a string that begins with a random token; at the end these strings are
    replaced by the numbers.
    """

    def __init__(self) -> None:
        self._token = ""

    def __call__(self, value: Any) -> str:
        """Return a string with the token for *value*. This is a *default* for `json`."""
        if not isinstance(value, Decimal):
            raise TypeError(f"a Python {type(value).__name__} is not JSON serializable")
        self._token = self._token or secrets.token_hex()
        return self._token + decimal_text(value)

    def put_into(self, text: str) -> str:
        """Return *text* with the strings with the token replaced by numbers."""
        if self._token:
            return re.sub(f'"{self._token}([^"]*)"', r"\1", text)
        return text


def deeper_than(value: Any, depth: int) -> bool:
    """Say whether the JSON *value* is nested more than *depth* levels deep.

    The value is searched level by level, so no depth overflows the stack.
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
    """Return the line and column of the first of *numbers*, else of a constant or a long
    integer.
    """
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
    """Return the line and column, from 1, of the index *position* in *text*."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
