"""Scalars that a schema plainly allows.

They are most of what expressions yield. To validate a whole request for one number costs more than
to build it, so such values are looked at alone; whatever is not plain is left to the whole check.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from httptask._schema.subschemas import definition_name
from httptask.settings.check._formats import is_plainly_none

ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "$defs", "title", "description", "default", "example")
)
_OF_OBJECTS = ANNOTATIONS | {"examples", "type", "properties", "required", "additionalProperties"}
"""Keywords by which a property is allowed or refused alone, whatever the others are."""
_OF_SCALARS = ANNOTATIONS | {
    *("examples", "type", "enum", "format"),
    *("minimum", "maximum", "minLength", "maxLength"),
    *("items", "minItems", "maxItems"),  # of an array, which no scalar is
}
_TYPES = {
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
}
_MOST_FOLLOWED = 20


def scalar_schema(schema: Any, names: Iterable[str]) -> Mapping[str, Any] | None:
    """Return the schema of the scalar that the property *names* lead to in a value of *schema*.

    None where other keywords than a scalar's own, or its neighbours, may have a say.
    """
    definitions = schema.get("$defs", {}) if isinstance(schema, Mapping) else {}
    for name in names:
        schema = _followed(schema, definitions)
        if not isinstance(schema, Mapping) or not schema.keys() <= _OF_OBJECTS:
            return None
        properties = schema.get("properties", {})
        schema = properties[name] if name in properties else schema.get("additionalProperties", {})
    schema = _followed(schema, definitions)
    if schema is True:
        return {}
    if not isinstance(schema, Mapping) or not schema.keys() <= _OF_SCALARS:
        return None
    return schema


def _followed(schema: Any, definitions: Mapping[str, Any]) -> Any:
    for _ in range(_MOST_FOLLOWED):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        if not schema.keys() - {"$ref"} <= ANNOTATIONS:
            return None
        schema = definitions.get(definition_name(schema["$ref"]) or "")
    return None


def plainly_takes(schema: Any, value: Any) -> bool:
    """Say whether *schema* takes *value* without advice: anything, or this scalar. False decides
    nothing: to ask all keywords one by one costs a hundred times as much.
    """
    if not isinstance(schema, dict):
        return schema is True
    names = schema.keys()
    return names <= ANNOTATIONS or (names <= _OF_SCALARS and plainly_allows(schema, value))


def plainly_allows(schema: Mapping[str, Any], value: Any) -> bool:
    """Say whether *value* is a scalar that *schema*, a `scalar_schema`, allows without advice."""
    names = _TYPES.get(type(value))
    if names is None or (type(value) is float and not math.isfinite(value)):
        return False
    types = schema.get("type", names)
    listed = (types,) if isinstance(types, str) else types
    if not any(name in listed for name in names):
        return False
    if "enum" in schema and not (type(value) is str and value in schema["enum"]):
        return False
    if "format" in schema and is_plainly_none(value, schema["format"]):
        return False
    if type(value) is str:
        low, high, size = schema.get("minLength", 0), schema.get("maxLength"), len(value)
    else:
        size = value
        low, high = schema.get("minimum", value), schema.get("maximum")
    return bool(low <= size and (high is None or size <= high))
