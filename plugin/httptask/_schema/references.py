"""Resolve a `$ref` within its document. Nothing is fetched."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from httptask._core.pointers import child, parts


def resolved(root: Any, reference: Any) -> Any:
    """Return the schema in *root* at *reference*, `#` and a JSON Pointer; None if there is none."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    schema = root
    for token in parts(unquote(reference[1:])):
        schema = child(schema, token)
    return schema
