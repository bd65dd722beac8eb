"""Decide quickly about scalars that a schema plainly allows.

Most expressions yield scalars. Validating a whole request for one number costs more than building
the request, so such values are checked alone; every other value goes through the whole check.
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
"""Keywords under which a property can be checked without looking at the other properties."""
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
    """Return the schema of the scalar at the property path *names* in a value of *schema*.

    None if other keywords, or other properties, may affect the scalar.
    """
    definitions = schema.get("$defs", {}) if isinstance(schema, Mapping) else {}
    for name in names:
        schema = _followed(schema, definitions)
        # An unknown keyword may be a condition on the scalar: then the whole has to be checked.
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
    """Follow the references of *schema*; None if it has other keywords beside `$ref`."""
    for _ in range(_MOST_FOLLOWED):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        if not schema.keys() - {"$ref"} <= ANNOTATIONS:
            return None
        schema = definitions.get(definition_name(schema["$ref"]) or "")
    return None


def plainly_takes(schema: Any, value: Any) -> bool:
    """Say whether *schema* plainly accepts *value*, without even a warning.

    True for any value if *schema* has no constraints, and for a scalar that it allows. False does
    not mean refused: the full validation decides, at a hundred times the cost.
    """
    if not isinstance(schema, dict):
        return schema is True
    names = schema.keys()
    return names <= ANNOTATIONS or (names <= _OF_SCALARS and plainly_allows(schema, value))


def plainly_allows(schema: Mapping[str, Any], value: Any) -> bool:
    """Say whether *value* is a scalar that *schema*, a `scalar_schema`, allows without warning."""
    names = _TYPES.get(type(value))
    if names is None or (type(value) is float and not math.isfinite(value)):
        return False
    types = schema.get("type", names)
    listed = types
    if isinstance(types, str):
        listed = (types,)
    if not any(name in listed for name in names):
        return False
    if "enum" in schema and not (type(value) is str and value in schema["enum"]):
        return False
    if "format" in schema and is_plainly_none(value, schema["format"]):
        return False
    if type(value) is str:
        low = schema.get("minLength", 0)
        high = schema.get("maxLength")
        size = len(value)
    else:
        size = value
        low = schema.get("minimum", value)
        high = schema.get("maximum")
    return bool(low <= size and (high is None or size <= high))
