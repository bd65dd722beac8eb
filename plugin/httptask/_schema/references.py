"""Resolve a `$ref` within its document. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from httptask._core.pointers import child, parts

_SCHEMAS_BY_NAME = frozenset(
    ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
)
"""Keywords whose value has schemas under any names, `default` among them."""

_NO_SCHEMAS = frozenset(("const", "enum", "default", "example", "examples"))
"""Keywords whose value is data."""
_ANCHORS = ("$anchor", "$dynamicAnchor")
_MOST_VISITED = 20_000
"""The number of values among which an anchor is looked for."""


def resolved(root: Any, reference: Any) -> Any:
    """Return the schema in *root* at *reference*; None if there is none.

    A reference is `#`, and a JSON Pointer or the name of an anchor (JSON Schema Core, section
    8.2.2).
    """
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    fragment = unquote(reference[1:])
    if fragment and not fragment.startswith("/"):
        return _anchored(root, fragment)
    schema = root
    for token in parts(fragment):
        schema = child(schema, token)
    return schema


def _anchored(root: Any, name: str) -> Any:
    """Return the schema in *root* with the anchor *name*; None if there is none."""
    pending = [root]
    visited = 0
    while pending and visited < _MOST_VISITED:
        visited += 1
        value = pending.pop()
        if isinstance(value, Mapping):
            if any(value.get(keyword) == name for keyword in _ANCHORS):
                return value
            for keyword, inner in value.items():
                if keyword in _SCHEMAS_BY_NAME and isinstance(inner, Mapping):
                    pending += inner.values()
                elif keyword not in _NO_SCHEMAS:
                    pending.append(inner)
        elif isinstance(value, list):
            pending += value
    return None
