"""JSONata's functions: the library's where they can be used, ours otherwise, and `$parse`.

Ours exist where the library's lose digits, nulls, the order of items or groups.
"""

from __future__ import annotations

import decimal
import functools
import re
from collections.abc import Callable
from typing import Any

from jsonata.functions import Functions as Library
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata as LibraryJsonata

from httptask._core import strict_json
from httptask.expressions import _numbers
from httptask.expressions._jsonata_calls import Function, arity, called, with_position
from httptask.expressions._jsonata_matching import contains, match, replace, split
from httptask.expressions._jsonata_values import (
    NULL,
    boolean,
    clone,
    existing,
    identity,
    is_function,
    is_sequence,
    sequence,
    text,
)
from httptask.expressions._result import RefusedError

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_IN_ANOTHER_BASE = re.compile(r"0[xX][0-9A-Fa-f]{1,1000}|0[oO][0-7]{1,1000}|0[bB][01]{1,1000}")
"""Numbers in another base, up to 1000 digits, far more than a double has.

Calculating with longer numbers takes time, and Python limits only decimal digits by itself.
"""
_MANY_DIGITS = 1000
"""Precision while a number is formatted."""


# Numbers


def _sum(values: Any) -> Any:
    return None if values is None else _numbers.total(values)


def _max(values: Any) -> Any:
    return _numbers.largest(values) if values else None


def _min(values: Any) -> Any:
    return _numbers.smallest(values) if values else None


def _average(values: Any) -> Any:
    if values:
        return _numbers.divide(_numbers.total(values), len(values))
    return None


def _number(value: Any) -> Any:
    """Implement `$number`: parse JSON numbers, and numbers in another base."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    if _DECIMAL.fullmatch(value):
        return _numbers.whole_as_int(_numbers.from_text(value))
    if _IN_ANOTHER_BASE.fullmatch(value):
        return int(value, 0)
    raise JException("D3030", -1, value)


def _round(value: Any, precision: Any = None) -> Any:
    if value is None:
        return None
    return _numbers.rounded(value, int(precision or 0))


def _sqrt(value: Any) -> Any:
    if value is None:
        return None
    if value < 0:
        raise JException("D3060", -1, value)
    return _numbers.root(value)


def _power(base: Any, exponent: Any) -> Any:
    if base is None:
        return None
    if exponent is None:
        raise JException("D3061", -1, base, exponent)
    return _numbers.power(base, exponent)


def _format_number(value: Any, picture: Any, options: Any = None) -> Any:
    with decimal.localcontext(decimal.Context(prec=_MANY_DIGITS)):
        if value is None:
            return None
        return Library.format_number(value, picture, options)


def _format_base(value: Any, radix: Any = None) -> Any:
    if value is None:
        return None
    base = 10 if radix is None else int(radix)
    if not 2 <= base <= 36:
        raise JException("D3100", -1, base)
    return Library.base_repr(int(_numbers.rounded(value, 0)), base).lower()


def _format_integer(value: Any, picture: Any) -> Any:
    """Implement `$formatInteger`. Large numbers in words would lose digits and are refused."""
    if value is None or picture is None:
        return None
    whole: Any = _numbers.floor(value)
    if abs(whole) > _numbers.EXACT and not any(sign.isdigit() for sign in picture):
        raise RefusedError("expression-format-integer", found=str(whole))
    return Library.format_integer(whole, picture)


def _base64_decoded(value: Any) -> Any:
    # Characters after the padding are ignored; Python's releases treat them differently.
    if isinstance(value, str):
        value = value[: re.search(r"=+|\Z", value).end()]  # type: ignore[union-attr]
    return Library.base64decode(value)


def _type(value: Any) -> Any:
    if _numbers.is_number(value):
        return "number"
    if is_function(value):
        return "function"
    return Library.type(value)


def _if_any(calculate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else calculate(value)


# Texts


def _string(value: Any, prettify: Any = None) -> Any:
    if value is None:
        return None
    return text(value, 2 if prettify else None)


def _parse(value: Any) -> Any:
    """Parse *value* as JSON text."""
    if value is None:
        return None
    if not value.strip():
        raise RefusedError("expression-parse-empty")
    try:
        parsed = strict_json.parse(value, unique_names=False)
    except strict_json.JsonError as error:
        raise RefusedError("expression-parse", jsonMessage=str(error)) from error
    return existing(parsed)


# Arrays and objects


def _map(values: Any, function: Any) -> Any:
    if values is None:
        return None
    call = with_position(function)
    results = (call(existing(value), index, values) for index, value in enumerate(values))
    return sequence(result for result in results if result is not None)


def _filter(values: Any, function: Any) -> Any:
    if values is None:
        return None
    call = with_position(function)
    return sequence(
        existing(value)
        for index, value in enumerate(values)
        if boolean(call(existing(value), index, values))
    )


def _single(values: Any, function: Any = None) -> Any:
    if values is None:
        return None
    chosen = values if function is None else _filter(values, function)
    if len(chosen) != 1:
        raise JException("D3138" if chosen else "D3139", -1)
    return existing(chosen[0])


def _reduce(values: Any, function: Any, start: Any = None) -> Any:
    """Implement `$reduce`. Without *start*, the first item is the start."""
    if values is None:
        return None
    count = arity(function)
    if count < 2:
        raise JException("D3050", -1)
    first = 1 if start is None and values else 0
    result = existing(values[0]) if first else start
    apply = LibraryJsonata.CURRENT.jsonata.apply
    for index in range(first, len(values)):
        args = [result, existing(values[index]), index, values]
        result = apply(function, args[:count], NULL, None)
    return result


def _sift(value: Any, function: Any) -> Any:
    if value is None:
        return None
    call = with_position(function)
    return {
        name: item for name, item in value.items() if boolean(call(existing(item), name, value))
    } or None


def _each(value: Any, function: Any) -> Any:
    if value is None:
        return None
    call = with_position(function)
    results = (call(existing(item), name, value) for name, item in value.items())
    return sequence(result for result in results if result is not None)


class _Sorted:
    """An item to sort. *comparator* says whether its first argument comes after its second."""

    __slots__ = ("comparator", "item")

    def __init__(self, comparator: Callable[[Any, Any], bool], item: Any) -> None:
        self.comparator = comparator
        self.item = item

    def __lt__(self, other: _Sorted) -> bool:
        # Python's sort only asks whether a later item is less than an earlier item, so the order of
        # equal items stays.
        return self.comparator(other.item, self.item)


def in_order(values: Any, comparator: Callable[[Any, Any], bool]) -> list[Any]:
    """Return *values* in the order of *comparator*.

    *comparator* says whether its first argument comes after its second.
    """
    return [entry.item for entry in sorted(_Sorted(comparator, value) for value in values)]


def _sort(values: Any, function: Any = None) -> Any:
    """Implement `$sort`. Without *function*, only texts or only numbers can be sorted."""
    if values is None or len(values) <= 1:
        return values
    if function is not None:
        return in_order(
            map(existing, values), lambda earlier, later: boolean(called(function, earlier, later))
        )
    if all(type(value) is str for value in values):
        return sorted(values)
    if all(type(value) in _numbers.NUMBERS for value in values):
        return sorted(values, key=functools.cmp_to_key(_numbers.compare))
    raise JException("D3070", -1)


def _distinct(values: Any) -> Any:
    if not isinstance(values, list) or len(values) <= 1:
        return values
    first: dict[Any, Any] = {}
    for value in values:
        first.setdefault(identity(value), value)
    if is_sequence(values):
        return sequence(first.values())
    return list(first.values())


def _zip(*arrays: Any) -> Any:
    if any(array is None for array in arrays):
        return []
    return [list(items) for items in zip(*arrays, strict=False)]


def _count(values: Any) -> Any:
    return 0 if values is None else len(values)


def _lookup(value: Any, name: Any) -> Any:
    if name is None:
        return None
    return Library.lookup(value, name)


def _not(value: Any) -> Any:
    return None if value is None else not boolean(value)


_IMPLEMENTED: dict[str, tuple[str, Callable[..., Any]]] = {
    "sum": ("<a<n>:n>", _sum),
    "max": ("<a<n>:n>", _max),
    "min": ("<a<n>:n>", _min),
    "average": ("<a<n>:n>", _average),
    "number": ("<(nsb)-:n>", _number),
    "abs": ("<n-:n>", _if_any(_numbers.absolute)),
    "floor": ("<n-:n>", _if_any(_numbers.floor)),
    "ceil": ("<n-:n>", _if_any(_numbers.ceil)),
    "round": ("<n-n?:n>", _round),
    "sqrt": ("<n-:n>", _sqrt),
    "power": ("<n-n:n>", _power),
    "formatNumber": ("<n-so?:s>", _format_number),
    "formatBase": ("<n-n?:s>", _format_base),
    "formatInteger": ("<n-s:s>", _format_integer),
    "string": ("<x-b?:s>", _string),
    "parse": ("<s-:x>", _parse),
    "lowercase": ("<s-:s>", _if_any(str.lower)),
    "contains": ("<s-(sf):b>", contains),
    "match": ("<s-f<s:o>n?:a<o>>", match),
    "split": ("<s-(sf)n?:a<s>>", split),
    "replace": ("<s-(sf)(sf)n?:s>", replace),
    "map": ("<af>", _map),
    "filter": ("<af>", _filter),
    "single": ("<af?>", _single),
    "reduce": ("<afj?:j>", _reduce),
    "sift": ("<o-f?:o>", _sift),
    "each": ("<o-f:a>", _each),
    "sort": ("<af?:a>", _sort),
    "distinct": ("<x:x>", _distinct),
    "zip": ("<a+>", _zip),
    "count": ("<a:n>", _count),
    "lookup": ("<x-s:x>", _lookup),
    "not": ("<x-:b>", _not),
    "boolean": ("<x-:b>", _if_any(boolean)),
    "type": ("<x:s>", _type),
    "clone": ("<(oa)-:o>", _if_any(clone)),
}

_FROM_LIBRARY: dict[str, tuple[str, Callable[..., Any]]] = {
    "substring": ("<s-nn?:s>", Library.substring),
    "substringBefore": ("<s-s:s>", Library.substring_before),
    "substringAfter": ("<s-s:s>", Library.substring_after),
    "uppercase": ("<s-:s>", Library.uppercase),
    "length": ("<s-:n>", Library.length),
    "trim": ("<s-:s>", Library.trim),
    "pad": ("<s-ns?:s>", Library.pad),
    "join": ("<a<s>s?:s>", Library.join),
    "parseInteger": ("<s-s:n>", Library.parse_integer),
    "keys": ("<x-:a<s>>", Library.keys),
    "append": ("<xx:a>", Library.append),
    "exists": ("<x:b>", Library.exists),
    "spread": ("<x-:a<o>>", Library.spread),
    "merge": ("<a<o>:o>", Library.merge),
    "reverse": ("<a:a>", Library.reverse),
    "error": ("<s?:x>", Library.error),
    "assert": ("<bs?:x>", Library.assert_fn),
    "base64encode": ("<s-:s>", Library.base64encode),
    "base64decode": ("<s-:s>", _base64_decoded),
    "encodeUrlComponent": ("<s-:s>", Library.encode_url_component),
    "encodeUrl": ("<s-:s>", Library.encode_url),
    "decodeUrlComponent": ("<s-:s>", Library.decode_url_component),
    "decodeUrl": ("<s-:s>", Library.decode_url),
    "toMillis": ("<s-s?:n>", Library.datetime_to_millis),
    "fromMillis": ("<n-s?s?:s>", Library.datetime_from_millis),
}

_DEFINITIONS = _FROM_LIBRARY | _IMPLEMENTED
SIGNATURES = {name: signature for name, (signature, _) in _DEFINITIONS.items()}
"""The signature of every function, by name, as the documentation of JSONata writes it."""

FUNCTIONS = {name: Function(name, *definition) for name, definition in _DEFINITIONS.items()}
"""Every function that an expression can call, by name. Impure functions are missing."""
