"""Check a query or a form written as pairs: `[["a", "1"], ["b", "2"], ["a", "3"]]`.

Pairs keep their order, and a name may recur. They are checked as the object that has the same names
and values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import FORM, FORM_DATA, essence
from httptask.building import is_pairs
from httptask.expressions import has_expression
from httptask.settings.check._validate import typed

Paths = dict[tuple[str, ...], tuple[str | int, ...]]
"""Path of a value in the object -> its path in the author's pairs."""


def grouped(
    settings: dict[str, Any],
    schema: Mapping[str, Any],
    media_type: str,
    *,
    expressions: bool,
) -> Paths:
    """Replace the pairs in *settings* by objects, in place; return where each value was written.

    In a body, pairs have this meaning only if *media_type* is a form. With *expressions*, a name
    that contains an expression is left out.
    """
    paths: Paths = {}
    names = ["query", *(["body"] if essence(media_type) in (FORM, FORM_DATA) else [])]
    for name in names:
        if not is_pairs(settings.get(name)):
            continue
        described = schema.get("properties", {}).get(name)
        properties = described.get("properties", {}) if isinstance(described, Mapping) else {}
        values: dict[str, list[Any]] = {}
        for index, (key, item) in enumerate(settings[name]):
            if item is None or (expressions and has_expression(key)):
                continue
            items = values.setdefault(key, [])
            paths.setdefault((name, key), (name, index, 1))
            paths[name, key, str(len(items))] = (name, index, 1)
            items.append(item)
        settings[name] = {
            key: _as_described(items, properties.get(key)) for key, items in values.items()
        }
    return paths


def _as_described(items: list[Any], schema: Any) -> Any:
    """Return the values of one name: as an array if *schema* is one, or if there are several."""
    described: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    if described.get("type") == "array":
        items = items[0] if len(items) == 1 and isinstance(items[0], list) else items
        return [
            typed(item, described.get("items")) if isinstance(item, str) else item for item in items
        ]
    if len(items) > 1:
        return items
    if isinstance(items[0], str):
        return typed(items[0], described)
    return items[0]


def as_written(problem_pointer: str, paths: Paths, base: str) -> str:
    """Translate *problem_pointer*, a pointer into an object, into a pointer into the author's
    pairs.

    *base* is the pointer of the request.
    """
    tokens = parts(problem_pointer[len(base) :])
    for length in (3, 2):
        written = paths.get(tokens[:length])
        if written is not None and len(tokens) >= length:
            return pointer_of((*written, *tokens[length:]), base)
    return problem_pointer
