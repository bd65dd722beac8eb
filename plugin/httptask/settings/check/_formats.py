"""Formats of JSON Schema and OpenAPI, and tests for values that plainly violate them.

The formats are those of JSON Schema 2020-12, Validation, section 7.3, and of OpenAPI's registry. A
format is an annotation, and descriptions often name a wrong one. So a mismatch is a warning, and
values in doubt pass.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from httptask._core.strict_json import Number
from httptask._schema.patterns import translated

_LONGEST = 10_000
"""Characters. Longer texts are not checked."""


def is_plainly_none(value: Any, name: Any) -> bool:
    """Say whether *value* plainly violates the format *name*.

    False if the format does not apply to the type of *value*.
    """
    if isinstance(value, str):
        test = None
        if isinstance(name, str):
            test = _TEXTS.get(name)
        return test is not None and len(value) <= _LONGEST and not _passes(test, value)
    if isinstance(value, Number) and not isinstance(value, bool) and name in _NUMBERS:
        low, high = _NUMBERS[name]
        return not low <= value <= high
    return False


def described(name: str) -> str:
    """Return a description of the format *name* for a person."""
    return _EXAMPLES.get(name, name)


def _passes(test: Callable[[str], Any], text: str) -> bool:
    """Say whether *text* passes *test*; an error is a failure."""
    try:
        return test(text) is not False
    except (ValueError, OverflowError):
        return False


def _matching(pattern: str) -> Callable[[str], Any]:
    compiled = re.compile(pattern, re.ASCII | re.IGNORECASE)
    return lambda text: compiled.fullmatch(text) is not None


_ZONE = r"(?:z|[+-]\d\d:\d\d)"
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d+)?"


def _without_leap_second(text: str) -> str:
    # RFC 3339, section 5.7: a minute may have a 61st second. Python's clocks have none.
    return re.sub(r"(:\d\d):60", r"\1:59", text.upper())


def _date(text: str) -> Any:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return date.fromisoformat(text)
    return False


def _date_time(text: str) -> Any:
    """Return false, or raise `ValueError`, for a text that is plainly no date and time."""
    # Accepted: a time without its zone, or a space for the `T` (RFC 3339, section 5.6). Many
    # servers take both.
    if not re.fullmatch(rf"\d{{4}}-\d\d-\d\d[t ]{_CLOCK}{_ZONE}?", text, re.ASCII | re.IGNORECASE):
        return False
    return datetime.fromisoformat(_without_leap_second(text))


def _time(text: str) -> Any:
    if not re.fullmatch(rf"{_CLOCK}{_ZONE}?", text, re.ASCII | re.IGNORECASE):
        return False
    return time.fromisoformat(_without_leap_second(text))


def _hostname(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63 and _LABEL.fullmatch(label) for label in labels
    )


_LABEL = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")


def _uri(text: str) -> bool:
    return bool(urlsplit(text).scheme) and _reference(text)


def _reference(text: str) -> bool:
    """Say whether *text* has only characters of a URI reference.

    Raises `ValueError` for a bad host.
    """
    urlsplit(text)
    return (
        re.search(r'[\x00-\x20\x7f<>"\\^`{|}]', text) is None
        and re.search(r"%(?![0-9A-Fa-f]{2})", text) is None
    )


def _base64(text: str) -> Any:
    is_url_safe = re.search(r"[-_]", text) is not None  # RFC 4648, section 5
    alphabet_end = b"-_" if is_url_safe else None
    return base64.b64decode("".join(text.split()), altchars=alphabet_end, validate=True)


def _pointer(text: str) -> bool:
    return re.fullmatch(r"(/([^~/]|~[01])*)*", text) is not None


_DURATION = r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)"

_INDEX = r"(0|[1-9]\d*)"
_VARIABLE = r"(\w|%[0-9a-f]{2})(\.?(\w|%[0-9a-f]{2}))*(\*|:[1-9]\d{0,3})?"
_TEMPLATE = rf"([^{{}}]|\{{[+#./;?&=,!@|]?{_VARIABLE}(,{_VARIABLE})*\}})*"
"""RFC 6570, section 2."""

_EMAIL = _matching(r"[^\s@<>]+@[^\s@<>]+|\"[^\"]+\"@[^\s@<>]+")
_INTEGER = _matching(r"[+-]?\d+")
_DECIMAL = r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?"
_DOUBLE = _matching(rf"{_DECIMAL}|nan|[+-]?inf(inity)?")

_TEXTS: dict[str, Callable[[str], Any]] = {
    "date": _date,
    "date-time": _date_time,
    "time": _time,
    "duration": _matching(_DURATION),
    "uuid": uuid.UUID,
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "hostname": _hostname,
    "idn-hostname": _hostname,
    "uri": _uri,
    "iri": _uri,
    "uri-reference": _reference,
    "iri-reference": _reference,
    "json-pointer": _pointer,
    "relative-json-pointer": _matching(rf"{_INDEX}([+-]{_INDEX})?(#|(/([^~/]|~[01])*)*)"),
    "uri-template": _matching(_TEMPLATE),
    "regex": translated,
    "byte": _base64,
    "base64url": _matching(r"[\w-]*={0,2}"),
    "int32": _INTEGER,
    "int64": _INTEGER,
    "float": _DOUBLE,
    "double": _DOUBLE,
    "decimal": _matching(_DECIMAL),
}
"""Format -> a test that returns false, or raises `ValueError`, for text that violates it."""
_FLOAT = (2 - 2**-23) * 2**127
"""The largest finite number of IEEE 754's binary32."""
_NUMBERS: dict[str, tuple[float, float]] = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "float": (-_FLOAT, _FLOAT),
}
"""Format -> its smallest and its largest number."""
_EXAMPLES = {
    "date": "a date such as 2026-02-28",
    "date-time": "a date and time such as 2026-02-28T09:30:00Z",
    "time": "a time such as 09:30:00Z",
    "duration": "a duration such as P3DT4H",
    "uuid": "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    "email": "an email address",
    "idn-email": "an email address",
    "ipv4": "an IPv4 address such as 192.0.2.1",
    "ipv6": "an IPv6 address such as 2001:db8::1",
    "hostname": "a host name",
    "idn-hostname": "a host name",
    "uri": "an absolute URI such as https://example.com/a",
    "iri": "an absolute IRI such as https://example.com/a",
    "uri-reference": "a URI",
    "iri-reference": "an IRI",
    "json-pointer": "a JSON Pointer such as /a/0",
    "relative-json-pointer": "a relative JSON Pointer such as 1/a",
    "uri-template": "a URI template such as /things/{id}",
    "regex": "a regular expression",
    "byte": "base64",
    "base64url": "base64 with - and _",
    "decimal": "a decimal number",
    **{name: f"a whole number from {low} to {high}" for name, (low, high) in _NUMBERS.items()},
    "float": "a number that 32 bits hold",
    "double": "a number",
}
