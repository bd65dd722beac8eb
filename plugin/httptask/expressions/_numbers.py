"""Arithmetic for expressions, exact where JavaScript's doubles are not.

Integers are exact, however large. So are calculations with a `Decimal`, which stands for a number
whose digits a double would change. Everything else is a double, except that whole doubles beyond
2**53 count as the integers as which they are written.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import cmp_to_key
from typing import Any

from httptask._core.strict_json import Number, decimal_of, number, number_text
from httptask.expressions._result import RefusedError


class Calculated(float):
    """A double that was calculated: it may have surplus digits, such as the last of 0.1 + 0.2."""

    __slots__ = ()


NUMBERS = frozenset((int, float, Calculated, Decimal))
"""The types of numbers, without bool."""

EXACT = 2**53
"""All whole numbers up to this number are exact as doubles."""

_MOST_DIGITS = 1000
"""Digits of an exact result with a fraction.

Without a limit, repeated products grow without end.
"""
_LARGEST_WHOLE = Decimal(10) ** 21
"""A whole double from here on stays a double, since ECMAScript writes it with an exponent."""

_FAILURES = [Inexact, InvalidOperation, DivisionByZero, Overflow]
_ALL_DIGITS = Context(prec=_MOST_DIGITS, traps=_FAILURES)
_QUOTIENT = Context(prec=40, traps=[InvalidOperation, DivisionByZero, Overflow])


def is_number(value: Any) -> bool:
    """Say whether *value* is a number."""
    return type(value) in NUMBERS


def whole_as_int(value: Number) -> Number:
    """Return *value*; a whole double within `EXACT` becomes an integer.

    Raises `OverflowError` if *value* is not finite.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OverflowError("it is too large for a double")
        if -EXACT <= value <= EXACT and value.is_integer():
            return int(value)
    return value


def _calculated(value: float) -> Number:
    result = whole_as_int(value)
    if type(result) is int:
        return result
    return Calculated(result)


def add(left: Number, right: Number) -> Number:
    """Return the sum."""
    if type(left) is int and type(right) is int:
        return left + right
    return _result(operator.add, _ALL_DIGITS.add, left, right)


def subtract(left: Number, right: Number) -> Number:
    """Return the difference."""
    if type(left) is int and type(right) is int:
        return left - right
    return _result(operator.sub, _ALL_DIGITS.subtract, left, right)


def multiply(left: Number, right: Number) -> Number:
    """Return the product."""
    if type(left) is int and type(right) is int:
        return left * right
    return _result(operator.mul, _ALL_DIGITS.multiply, left, right)


def remainder(left: Number, right: Number) -> Number:
    """Return the remainder of *left* by *right*, with the sign of *left* as in ECMAScript."""
    if type(left) is int and type(right) is int:
        magnitude = abs(left) % abs(right)
        return -magnitude if left < 0 else magnitude
    if right == 0:
        raise ZeroDivisionError("division by zero")
    return _result(math.fmod, _ALL_DIGITS.remainder, left, right)


def divide(left: Number, right: Number) -> Number:
    """Return the quotient: exact if its decimal digits end, otherwise the nearest double."""
    if type(left) is int and type(right) is int:
        quotient, modulus = divmod(left, right)
        if not modulus:
            return quotient
        # Both are exact as doubles, so one division rounds correctly. Larger ones would round
        # twice.
        if -EXACT <= left <= EXACT and -EXACT <= right <= EXACT:
            return _calculated(left / right)
    if right == 0:
        raise ZeroDivisionError("division by zero")
    if not (_is_exact(left) or _is_exact(right)):
        return _calculated(float(left) / float(right))
    # The flag tells whether the digits ended; it stays set from earlier divisions.
    _QUOTIENT.clear_flags()
    result = _QUOTIENT.divide(_decimal(left), _decimal(right))
    if _QUOTIENT.flags[Inexact]:
        return _calculated(float(result))
    return _from_decimal(result)


def negate(value: Number) -> Number:
    """Return *value* with the other sign."""
    if isinstance(value, Decimal):
        return value.copy_negate()
    return whole_as_int(-value)


def absolute(value: Number) -> Number:
    """Return *value* without its sign."""
    if isinstance(value, Decimal):
        return value.copy_abs()
    return abs(value)


def total(values: Iterable[Number]) -> Number:
    """Return the sum of *values*, added from the left."""
    result: Number = 0
    for value in values:
        # Sum two integers without a call: most data are integers.
        if type(result) is int and type(value) is int:
            result = result + value
        else:
            result = add(result, value)
    return result


def compare(left: Number, right: Number) -> int:
    """Return -1, 0 or 1: *left* is less than, equal to or greater than *right*, as decimals."""
    if type(left) is not type(right):
        left, right = _comparable(left, right)
    return (left > right) - (left < right)


def equal(left: Number, right: Number) -> bool:
    """Say whether *left* and *right* are the same decimal number."""
    if type(left) is type(right):
        return left == right
    return compare(left, right) == 0


def largest(values: Iterable[Number]) -> Number:
    """Return the largest of *values*, which must not be empty."""
    return max(values, key=_KEY)


def smallest(values: Iterable[Number]) -> Number:
    """Return the smallest of *values*, which must not be empty."""
    return min(values, key=_KEY)


_KEY = cmp_to_key(compare)


def identity(value: Number) -> Any:
    """Return a key that is equal for two numbers if and only if the numbers are equal.

    Equal keys have the same hash.
    """
    if isinstance(value, float) and _is_beyond(value):
        return _decimal(value)
    return value


def floor(value: Number) -> Number:
    """Return the largest integer that is not greater than *value*."""
    return math.floor(_decimal(value) if _is_exact(value) else value)


def ceil(value: Number) -> Number:
    """Return the smallest integer that is not less than *value*."""
    return math.ceil(_decimal(value) if _is_exact(value) else value)


def rounded(value: Number, places: int) -> Number:
    """Return *value* rounded to *places* digits after the point, half to the even digit.

    Negative *places* round before the point.
    """
    decimal = _decimal(value)
    if places >= -int(decimal.as_tuple().exponent):  # it has no more digits than that
        return whole_as_int(float(value) if isinstance(value, float) else value)
    if decimal.adjusted() < -places - 1:
        return 0
    with_all_digits = Context(prec=decimal.adjusted() + places + 2, traps=[InvalidOperation])
    return _from_decimal(decimal.quantize(Decimal(1).scaleb(-places), context=with_all_digits))


def root(value: Number) -> Number:
    """Return the square root: exact for squares of integers, otherwise the nearest double."""
    if isinstance(value, int):
        whole = math.isqrt(value)
        if whole * whole == value:
            return whole
    return _calculated(math.sqrt(value))


def power(base: Number, exponent: Number) -> Number:
    """Return *base* to the power of *exponent*, exactly for integers, else the nearest double."""
    exponent = whole_as_int(exponent)
    if isinstance(whole_as_int(base), int) and isinstance(exponent, int) and exponent >= 0:
        base = int(base)
        # Estimated before: the power itself could take all memory.
        if abs(base) > 1 and (abs(base).bit_length() - 1) * exponent >= _MOST_BITS:
            raise OverflowError("it is too large for a double")
        return int(base**exponent)
    if isinstance(base, Decimal) and isinstance(exponent, int) and 0 <= exponent <= _MOST_DIGITS:
        return _from_decimal(_exactly(_ALL_DIGITS.power, base, Decimal(exponent)))
    result = float(base) ** float(exponent)
    # A root of a negative number.
    if isinstance(result, complex):
        raise RefusedError("expression-number-root")
    return _calculated(result)


_MOST_BITS = 1024
"""Bits of a power, as many as the largest double has."""


def from_text(text: str) -> Number:
    """Parse *text* as a JSON number. Raises `ValueError` if *text* is no number."""
    if any(mark in text for mark in ".eE"):
        return number(text)
    return int(text)


def to_text(value: Number) -> str:
    """Return *value* as ECMAScript writes it, but with all digits of integers and decimals.

    A calculated double has 15 digits, as in JSONata: further digits are not certain.
    """
    return number_text(whole_as_int(written(value)))


def written(value: Number) -> Number:
    """Return *value*, rounded to 15 digits if it was calculated."""
    if type(value) is Calculated:
        return float(f"{value:.15g}")
    return value


def _result(
    as_doubles: Callable[[float, float], float],
    exactly: Callable[[Decimal, Decimal], Decimal],
    left: Number,
    right: Number,
) -> Number:
    """Calculate with doubles, or with decimals if the result must be exact and doubles would
    not be.
    """
    if not (_is_exact(left) or _is_exact(right)):
        result = as_doubles(left, right)  # type: ignore[arg-type]  # neither is a Decimal
        if -EXACT < result < EXACT or not (_is_whole(left) and _is_whole(right)):
            return _calculated(result)
    elif isinstance(left, float) and isinstance(right, float):
        has_fraction = not (left.is_integer() and right.is_integer())
        if has_fraction:  # only calculations with integers have to be exact
            return _calculated(as_doubles(left, right))
    return _from_decimal(_exactly(exactly, _decimal(left), _decimal(right)))


def _exactly(
    calculate: Callable[[Decimal, Decimal], Decimal],
    left: Decimal,
    right: Decimal,
) -> Decimal:
    try:
        return calculate(left, right)
    except (Inexact, InvalidOperation):
        raise RefusedError("expression-digits", limit=_MOST_DIGITS) from None


def _is_exact(value: Number) -> bool:
    """Say whether arithmetic with *value* has to be exact, since a double would lose digits."""
    return isinstance(value, Decimal) or not -EXACT <= value <= EXACT


def _is_beyond(value: float) -> bool:
    return not -EXACT <= value <= EXACT


def _is_whole(value: Number) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _decimal(value: Number) -> Decimal:
    if isinstance(value, float):
        return decimal_of(value)
    return Decimal(value)


def _from_decimal(value: Decimal) -> Number:
    """Return *value* as an integer or a double that equals it exactly, else unchanged."""
    nearest = float(value)
    if math.isinf(nearest):
        if value == value.to_integral_value():
            raise OverflowError("it is too large for a double")
        return value
    if value == value.to_integral_value() and abs(value) < _LARGEST_WHOLE:
        return int(value)
    if value == decimal_of(nearest):
        return whole_as_int(nearest)
    if value == value.to_integral_value():
        return int(value)
    return value


def _comparable(left: Number, right: Number) -> tuple[Any, Any]:
    """Return *left* and *right* in types that Python compares as decimals.

    Python compares doubles by their binary value.
    """
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return _decimal(left), _decimal(right)
    return identity(left), identity(right)
