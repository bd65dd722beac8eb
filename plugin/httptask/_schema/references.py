"""Where a `$ref` leads inside the document that it stands in; nothing is fetched."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from httptask._core.pointers import child, parts


def resolved(root: Any, reference: Any) -> Any:
    """Return the schema in *root* that *reference* points at by a JSON Pointer; None: none."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    schema = root
    for token in parts(unquote(reference[1:])):
        schema = child(schema, token)
    return schema
