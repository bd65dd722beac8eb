"""Serialising parameters by style: one table, with a row for each style.

The styles are in OpenAPI 3.2, section "Style Values", and the algorithm in RFC 6570, section 3.2.1.
Where the specifications leave a choice:

- null is written as an empty value, not as the word `null`, and not left out;
- an empty array or object is RFC 6570's undefined value: the parameter is not written;
- `label` follows OpenAPI 3.0.4 and later: without `explode`, items are joined by `,`; before, they
  were joined by `.`;
- `deepObject` nests as PHP, Rack and qs read it and Stripe documents it: `a[b][c]=1`; an array of
  plain values is `a[]=1&a[]=2`, an array of arrays or objects is indexed, `a[0][b]=1`; a plain
  value is `a=1`;
- a value that contains the delimiter unescaped is refused: the server would split it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from httptask._core.strict_json import Number, decimal_of, number_text
from httptask.building._escaping import Encode, UnwritableError

Pair = tuple[str | None, str]
"""A name and a value, both escaped; the name is None when the value is written without a name."""

_DEEPEST = 64
_BRACKET = re.compile(r"[\[\]]")


@dataclass(frozen=True, slots=True)
class Style:
    """One row of the table."""

    locations: tuple[str, ...]
    """The locations in which the style is allowed.

    Swagger 2.0 allows its `ssv`, `tsv` and `pipes` in paths and headers, too.
    """
    named: tuple[str, ...]
    """The locations in which the parameter's name is written before its value."""
    between: str
    """The delimiter of members without `explode`."""
    apart: str
    """The delimiter of members with `explode`."""
    start: str = ""
    """The text before everything else."""
    empty: str = "="
    """The text between a name and an empty value."""
    explode: bool = False
    """The default of `explode`, from OpenAPI."""
    nested: bool = False
    """Whether the names of members are written in brackets: `name[member]`."""


_NAMED = ("query", "cookie")
_DELIMITED = ("query", "path", "header")
STYLES: dict[str, Style] = {
    "simple": Style(("path", "header"), (), ",", ","),
    "label": Style(("path",), (), ",", ".", start="."),
    "matrix": Style(("path",), ("path",), ",", ";", start=";", empty=""),
    # In a cookie "&" is hardly what a server expects; OpenAPI 3.2 has the style cookie for that.
    "form": Style(_NAMED, _NAMED, ",", "&", explode=True),
    "spaceDelimited": Style(_DELIMITED, _NAMED, " ", "&"),
    "pipeDelimited": Style(_DELIMITED, _NAMED, "|", "&"),
    # Swagger 2.0's tsv; OpenAPI 3 has no name for this style.
    "tabDelimited": Style(_DELIMITED, _NAMED, "\t", "&"),
    "deepObject": Style(("query",), _NAMED, "", "&", nested=True),
    "cookie": Style(("cookie",), _NAMED, ",", "; ", explode=True),
}
DEFAULTS = {
    "path": "simple",
    "query": "form",
    "header": "simple",
    "cookie": "form",
}
"""Location -> the default style."""


def written(
    name: str,
    value: Any,
    location: str,
    style: str,
    explode: bool | None,
    encode: Encode,
    item_delimiters: Sequence[str] = (),
) -> str:
    """Serialise *value* of the parameter *name* for *location*, with all delimiters.

    Returns "" when nothing is to be sent. *explode* None means the style's default.
    *item_delimiters* are the delimiters of arrays within the array, the outer ones first (Swagger
    2.0, Items Object). Raises `UnwritableError`.
    """
    row, named_values = _expanded(
        name,
        value,
        location,
        style,
        explode,
        encode,
        item_delimiters,
    )
    if not named_values:
        return ""
    if len(named_values) == 1 and not isinstance(value, list | dict):
        key, text = named_values[0]
        if key is None:
            return row.start + text
        _check(key, "=")
        if text:
            return f"{row.start}{key}={text}"
        return row.start + key + row.empty
    texts = []
    for key, text in named_values:
        _check(key or "", "=")
        texts.append(text if key is None else f"{key}={text}" if text else key + row.empty)
    if (row.explode if explode is None else explode) and isinstance(value, list | dict):
        for text in texts:
            # A delimiter inside an item would split it for the server, which cannot tell the two
            # apart.
            _check(text, row.apart)
    return row.start + row.apart.join(texts)


def pairs(
    name: str,
    value: Any,
    style: str,
    explode: bool | None,
    encode: Encode,
    item_delimiters: Sequence[str] = (),
) -> Iterator[tuple[str, str]]:
    """Serialise *value* of the form field *name* by *style*, and yield escaped names and values.

    Raises `UnwritableError`.
    """
    for key, text in _expanded(name, value, "query", style, explode, encode, item_delimiters)[1]:
        yield key or "", text


def _expanded(
    name: str,
    value: Any,
    location: str,
    style: str,
    explode: bool | None,
    encode: Encode,
    item_delimiters: Sequence[str],
) -> tuple[Style, list[Pair]]:
    """Return the row of *style*, and the names and texts of *value*, to be joined by the caller.

    A scalar gives one pair; an array or object gives a pair for each member with `explode` or
    nested names, else one pair with the joined members.
    """
    row = STYLES.get(style)
    if row is None:
        raise UnwritableError("unwritable-style", found=style, known=sorted(STYLES))
    if location not in row.locations:
        style_names = sorted(name for name, other in STYLES.items() if location in other.locations)
        raise UnwritableError(
            "unwritable-style-in",
            found=style,
            location=location,
            known=style_names,
        )
    key = encode(name) if location in row.named else None
    if not isinstance(value, list | dict):
        return row, [(key, encode(scalar(value)))]
    if not value:
        return row, []
    if row.nested:
        return row, [(encode(path), encode(scalar(item))) for path, item in _bracketed(name, value)]
    # The comma is part of RFC 6570's syntax; other delimiters are not valid in a URL: escape them.
    delimiters = [
        delimiter if delimiter == "," else encode(delimiter)
        for delimiter in (row.between, *item_delimiters)
    ]
    inner = delimiters[1:]
    if row.explode if explode is None else explode:
        members = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        names = (
            (key if member_name is None else encode(member_name), item)
            for member_name, item in members
        )
        return row, [(own_name, _item(item, encode, inner)) for own_name, item in names]
    flat = value
    if isinstance(value, dict):
        flat = [part for pair in value.items() for part in pair]
    return row, [(key, _item(flat, encode, delimiters))]


def _item(
    value: Any,
    encode: Encode,
    delimiters: Sequence[str],
    outer: Sequence[str] = (),
) -> str:
    """Serialise *value*; an array is joined by the first of *delimiters*, arrays in it by the rest.

    *outer* are the delimiters of the arrays around *value*: a text must not contain any of them.
    Nested arrays may have the same delimiter (Swagger 2.0 describes csv in csv).
    """
    if isinstance(value, list) and delimiters:
        first, *inner = delimiters
        return first.join(_item(item, encode, inner, (*outer, first)) for item in value)
    text = encode(scalar(value))
    for delimiter in outer:
        _check(text, delimiter)
    return text


def _bracketed(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield each plain value in *value* with its full name, `name[member]…`."""
    if depth > _DEEPEST:
        raise UnwritableError("unwritable-depth", limit=_DEEPEST)
    if isinstance(value, dict):
        for key, item in value.items():
            if not key or _BRACKET.search(key):
                raise UnwritableError("unwritable-name-in-brackets", name=key)
            yield from _bracketed(f"{name}[{key}]", item, depth + 1)
    elif isinstance(value, list):
        has_only_scalars = not any(isinstance(item, list | dict) for item in value)
        # `expand[]` may be the described name.
        repeated = name if name.endswith("[]") else f"{name}[]"
        for index, item in enumerate(value):
            item_name = repeated if has_only_scalars else f"{name}[{index}]"
            yield from _bracketed(item_name, item, depth + 1)
    else:
        yield name, value


def _check(text: str, delimiter: str) -> None:
    if delimiter in text:
        plain = unquote(delimiter)
        plain_text = text if plain == delimiter else unquote(text)  # escaped like the delimiter
        raise UnwritableError("unwritable-delimiter", found=plain_text[:60], delimiter=plain)


def scalar(value: Any) -> str:
    """Return *value* as text: strings unchanged, numbers and booleans as in JSON, null as "".

    A whole number is written without fraction and exponent: for expressions, 3 and 3.0 are equal.
    Raises `UnwritableError` for other values.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(decimal_of(value)))
    if isinstance(value, Number):
        try:
            return number_text(value)
        except ValueError as error:  # NaN, infinity, or more digits than Python writes
            raise UnwritableError("unwritable-number", pythonMessage=str(error)) from error
    raise UnwritableError("unwritable-nested")
