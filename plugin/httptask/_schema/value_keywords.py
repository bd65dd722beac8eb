"""Read the types, the names of members and the items that the keywords of one schema describe.

See JSON Schema 2020-12: Core, section 10.3, and Validation, section 6.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask._schema.views import json_type

NUMERIC = frozenset(("integer", "number"))
"""The types of numbers. In a set of types, `number` stands for numbers with a fraction only."""
TYPES = NUMERIC | {"string", "boolean", "null", "array", "object"}

_OF_OBJECTS = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties")
_OF_ARRAYS = ("items", "prefixItems", "additionalItems", "unevaluatedItems")
SAYING_ITSELF = frozenset((*_OF_OBJECTS, *_OF_ARRAYS, "type", "enum", "const"))
"""Keywords that directly describe a value or what is in it."""
NOT_FOLLOWED = frozenset(("if", "dependentSchemas", "$dynamicRef", "$recursiveRef"))
"""Keywords whose schemas may describe more, but are not read."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an object's members, as one schema describes them."""

    listed: Mapping[str, Any]
    """Name -> schema, of the names that are listed."""
    others: Any = None
    """The schema of names that are not listed, or None if there is no such schema."""
    is_open: bool = False
    """Whether names that are not listed are allowed, with any value."""


def names_of(schema: Mapping[str, Any]) -> Names:
    """Return the names of an object's members that *schema* describes."""
    properties = schema.get("properties")
    listed: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    if schema.get("patternProperties") or "enum" in schema or "const" in schema:
        return Names(listed, is_open=True)
    if "additionalProperties" in schema:
        others = schema["additionalProperties"]
        if others in (True, {}):
            return Names(listed, is_open=True)
        return Names(listed, others)
    unevaluated = schema.get("unevaluatedProperties")
    # A schema in `unevaluatedProperties` counts as open: we do not work out for which names it is.
    return Names(listed, False if unevaluated is False else None, unevaluated not in (None, False))


def items_of(schema: Mapping[str, Any]) -> tuple[Sequence[Any], Any]:
    """Return (schemas of the first items of an array, schema of all further items)."""
    first = schema.get("prefixItems")
    further = schema.get("items", schema.get("unevaluatedItems", True))
    if isinstance(further, list):  # a tuple in drafts before 2020-12
        first = further
        further = schema.get("additionalItems", True)
    return (first if isinstance(first, list) else []), further


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types, out of `TYPES`, that the keywords of *schema* allow."""
    types = TYPES
    names = schema.get("type")
    if isinstance(names, str):
        names = [names]
    if isinstance(names, list):
        valid = {name for name in names if isinstance(name, str) and name in TYPES}
        types = frozenset(valid | NUMERIC if "number" in valid else valid) or TYPES
    if "const" in schema:
        types &= {json_type(schema["const"])}
    values = schema.get("enum")
    if isinstance(values, list):
        types &= {json_type(value) for value in values}
    return types
