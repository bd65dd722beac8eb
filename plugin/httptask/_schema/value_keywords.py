"""What the keywords of one schema say of a value: its types, its names, its items.

JSON Schema 2020-12: Core, section 10.3, and Validation, section 6.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask._schema.views import json_type

NUMERIC = frozenset(("integer", "number"))
"""`number` is one with a fraction, next to `integer`."""
TYPES = NUMERIC | {"string", "boolean", "null", "array", "object"}

_OF_OBJECTS = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties")
_OF_ARRAYS = ("items", "prefixItems", "additionalItems", "unevaluatedItems")
SAYING_ITSELF = frozenset((*_OF_OBJECTS, *_OF_ARRAYS, "type", "enum", "const"))
"""Keywords that say themselves what a value is, or what is in it."""
NOT_FOLLOWED = frozenset(("if", "dependentSchemas", "$dynamicRef", "$recursiveRef"))
"""Keywords whose schemas may say more."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one schema says of the names of an object."""

    listed: Mapping[str, Any]
    """Those it has a schema for."""
    others: Any = None
    """The schema of names that are not listed; None: it has none."""
    is_open: bool = False
    """Names that are not listed are plainly allowed."""


def names_of(schema: Mapping[str, Any]) -> Names:
    """Return what the keywords of *schema* say of the names of an object."""
    properties = schema.get("properties")
    listed: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    if schema.get("patternProperties") or "enum" in schema or "const" in schema:
        return Names(listed, is_open=True)
    if "additionalProperties" in schema:
        others = schema["additionalProperties"]
        return Names(listed, is_open=True) if others in (True, {}) else Names(listed, others)
    unevaluated = schema.get("unevaluatedProperties")
    # Which names a schema of unevaluated ones is for, is not followed.
    return Names(listed, False if unevaluated is False else None, unevaluated not in (None, False))


def items_of(schema: Mapping[str, Any]) -> tuple[Sequence[Any], Any]:
    """Return the schemas of the first items of an array, and that of all others."""
    first = schema.get("prefixItems")
    others = schema.get("items", schema.get("unevaluatedItems", True))
    if isinstance(others, list):  # as in drafts before 2020-12
        first, others = others, schema.get("additionalItems", True)
    return (first if isinstance(first, list) else []), others


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types that the keywords of *schema* allow, as in `TYPES`."""
    types = TYPES
    names = schema.get("type")
    if isinstance(names, str):
        names = [names]
    if isinstance(names, list):
        known = {name for name in names if isinstance(name, str) and name in TYPES}
        types = frozenset(known | NUMERIC if "number" in known else known) or TYPES
    if "const" in schema:
        types &= {json_type(schema["const"])}
    values = schema.get("enum")
    if isinstance(values, list):
        types &= {json_type(value) for value in values}
    return types
