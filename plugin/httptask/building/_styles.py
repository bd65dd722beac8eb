"""How a parameter's value is written on the wire: one table, a row for each style (OpenAPI: Style Values)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

Pairs = list[tuple[str, str]]
"""Name and value, percent-encoded; an empty name is a value that stands alone."""

DEFAULTS = {"path": ("simple", False), "query": ("form", True), "header": ("simple", False), "cookie": ("form", True)}
"""Location -> style and explode when a description gives none."""


class UnwritableError(ValueError):
    """A value that its style has no form for; the message says which."""


def encoded(text: str) -> str:
    """Return *text* with everything but unreserved characters percent-encoded (RFC 3986, section 2.3)."""
    return quote(text, safe="", errors="surrogatepass")


def scalar(value: Any) -> str:
    """Return *value* as text: strings as they are, numbers and booleans as JSON writes them, null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        try:
            return json.dumps(value, allow_nan=False)
        except ValueError as error:  # NaN, infinity, or more digits than Python writes
            raise UnwritableError(f"the number cannot be written: {error}") from error
    raise UnwritableError("an array or object inside another cannot be written in this style")


def written(name: str, value: Any, style: str, explode: bool, encode: Callable[[str], str] = encoded) -> Pairs:
    """Return *value* of the parameter *name* as it is sent. Raises `UnwritableError`."""
    row = STYLES.get(style)
    if row is None:
        raise UnwritableError(f"the style {style!r} is not supported; known: {', '.join(sorted(STYLES))}")
    return row(name, value, explode, encode)


def _simple(name: str, value: Any, explode: bool, encode: Callable[[str], str]) -> Pairs:
    if isinstance(value, list):
        return [("", ",".join(encode(scalar(item)) for item in value))]
    if isinstance(value, dict):
        between = "=" if explode else ","
        return [("", ",".join(f"{encode(key)}{between}{encode(scalar(item))}" for key, item in value.items()))]
    return [("", encode(scalar(value)))]


def _form(name: str, value: Any, explode: bool, encode: Callable[[str], str]) -> Pairs:
    if isinstance(value, list) and explode:
        return [(encode(name), encode(scalar(item))) for item in value]
    if isinstance(value, dict) and explode:
        return [(encode(key), encode(scalar(item))) for key, item in value.items()]
    if isinstance(value, list | dict) and not value:
        return []
    return [(encode(name), _simple(name, value, False, encode)[0][1])]


STYLES: dict[str, Callable[[str, Any, bool, Callable[[str], str]], Pairs]] = {"simple": _simple, "form": _form}
