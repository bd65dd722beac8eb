"""Convert each keyword of a Schema Object to JSON Schema 2020-12.

Each keyword has a rule, which is a small function. A dialect is a table of rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask.importers.openapi.schemas import _containers
from httptask.importers.openapi.schemas._rule import (
    ABSENT,
    LinkedPath,
    Rule,
    Walk,
    guessed,
    left_out,
    shown,
)
from httptask.importers.openapi.schemas._types import TYPES, as_boolean, as_number, meant

# Annotations and simple values


def _kept(walk: Walk, value: Any, path: LinkedPath) -> Any:
    return value


def _dropped(walk: Walk, value: Any, path: LinkedPath) -> Any:
    return ABSENT


def _text(walk: Walk, value: Any, path: LinkedPath) -> Any:
    if isinstance(value, str):
        return value
    if value is None:
        return ABSENT
    return left_out(walk, path, f"{shown(value)} is no text")


def _flag(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a boolean, also as a string."""
    if value is True or value is False:
        return value
    if value is None:
        return ABSENT
    flag = as_boolean(value)
    if flag is None:
        return left_out(walk, path, f"{shown(value)} is neither true nor false")
    guessed(walk, path, f"{shown(value)} is taken for {str(flag).lower()}")
    return flag


def _number(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a number, also as a string."""
    number = as_number(value)
    if number is None:
        if value is None:
            return ABSENT
        return left_out(walk, path, f"{shown(value)} is no number")
    if isinstance(value, str):
        guessed(walk, path, f"the text {shown(value)} is taken for a number")
        return number
    return value


def _exclusive(walk: Walk, value: Any, path: LinkedPath) -> Any:
    # A boolean belongs to `minimum` or `maximum` (OpenAPI 3.0, JSON Schema draft 4); the step
    # `_exclusive_bounds` joins the two.
    flag = as_boolean(value)
    if flag is not None:
        return flag
    return _number(walk, value, path)


def _positive(walk: Walk, value: Any, path: LinkedPath) -> Any:
    number = _number(walk, value, path)
    if number is ABSENT or number > 0:
        return number
    return left_out(walk, path, f"{shown(value)} is not above zero")


def _count(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a whole number from 0, also as a string or with a fraction of zero."""
    if type(value) is int and value >= 0:
        return value
    number = _number(walk, value, path)
    if number is ABSENT:
        return ABSENT
    if number < 0 or number != int(number):
        return left_out(walk, path, f"{shown(value)} is no count")
    return int(number)


def _values(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept an array, without repetitions. A single value is taken for an array of it."""
    if _containers.is_reference(value):
        value = _containers.values(walk, value, path)
    if value is None:
        return ABSENT
    if not isinstance(value, list):
        if isinstance(value, dict):
            return left_out(walk, path, "it is no array")
        guessed(walk, path, "one value is taken for an array of it")
        return [value]
    if not value:
        return left_out(walk, path, "an empty one allows no value")
    unique: list[Any] = []
    distinct: set[tuple[type, Any]] = set()  # with the type, because 1 == True in Python
    for item in value:
        if isinstance(item, dict | list):
            unique.append(item)
        elif (type(item), item) not in distinct:
            distinct.add((type(item), item))
            unique.append(item)
    if len(unique) == len(value):
        return value
    return unique


def _examples(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept an array, or OpenAPI's map of Example Objects, which becomes an array."""
    if isinstance(value, list):
        return value
    # An object is OpenAPI's map of Example Objects, which does not belong in a schema.
    named = value.values() if isinstance(value, dict) else [value]
    examples = [
        item["value"] if isinstance(item, dict) and "value" in item else item
        for item in named
        if item is not None
    ]
    return examples or ABSENT


def _pattern(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a pattern, converted to ECMA-262 if necessary."""
    if not isinstance(value, str):
        if value is None:
            return ABSENT
        return left_out(walk, path, f"{shown(value)} is no text")
    pattern = walk.pattern(value)
    if pattern.text is None:
        return left_out(walk, path, f"{shown(value)} is not enforced, {pattern.why}")
    if pattern.why:
        guessed(walk, path, pattern.why)
        return pattern.text
    return value


def _format(walk: Walk, value: Any, path: LinkedPath) -> Any:
    if value == "":
        return ABSENT
    return _text(walk, value, path)


# Types


def _type(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a type or an array of types. Names of other languages are translated."""
    if isinstance(value, str):
        if value in TYPES:
            return value
        return _named_type(walk, value, path)
    if value is None:
        return ABSENT
    if not isinstance(value, list):
        return left_out(walk, path, f"{shown(value)} is no type")
    if _are_types(value):
        return value
    return _type_list(walk, value, path)


def _are_types(names: list[Any]) -> bool:
    """Say whether *names* are types of JSON Schema, each only once."""
    if not names or not all(isinstance(name, str) and name in TYPES for name in names):
        return False
    return len(set(names)) == len(names)


def _type_list(walk: Walk, names: list[Any], path: LinkedPath) -> Any:
    """Translate the types in *names*; leave the keyword out if one of them is unknown."""
    types: list[str] = []
    for name in names:
        json_types: Any = ABSENT
        if name is None:
            json_types = "null"
        elif isinstance(name, str):
            json_types = _named_type(walk, name, path)
        if json_types is ABSENT:
            return left_out(walk, path, f"{shown(name)} is among its types")
        types.extend([json_types] if isinstance(json_types, str) else json_types)
    return list(dict.fromkeys(types)) or ABSENT


def _named_type(walk: Walk, value: str, path: LinkedPath) -> Any:
    if value in TYPES:
        return value
    type_and_format = meant(value)
    if type_and_format is None:
        return left_out(walk, path, f"the type {shown(value)} is unknown")
    types, _ = type_and_format
    if value != "file":  # `file` needs no note: Swagger 2.0 has this type
        guessed(walk, path, f"{shown(value)} is taken for {types or 'any type'}")
    return types if types is not None else ABSENT


# Schemas in schemas


def _schema(walk: Walk, value: Any, path: LinkedPath) -> Any:
    if isinstance(value, dict | bool):
        return walk.schema(value, path)
    if value is None:
        return ABSENT
    return left_out(walk, path, f"{shown(value)} is no schema")


def _additional(walk: Walk, value: Any, path: LinkedPath) -> Any:
    flag = as_boolean(value)
    return _schema(walk, value if flag is None else flag, path)


def _items(walk: Walk, value: Any, path: LinkedPath) -> Any:
    # Before 2020-12 an array of schemas describes a tuple; the step `_tuples` renames it.
    if isinstance(value, list):
        return _schema_list(walk, value, path)
    return _schema(walk, value, path)


def _schema_list(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Convert an array of schemas. A single schema is taken for an array of it."""
    if value is None:
        return ABSENT
    if _containers.is_reference(value):
        schemas = _containers.schemas(walk, value, path)
        value = schemas if isinstance(schemas, list) else value
    if isinstance(value, dict):
        guessed(walk, path, "one schema is taken for an array of it")
        value = [value]
    if not isinstance(value, list):
        return left_out(walk, path, f"{shown(value)} is no array of schemas")
    if not value:
        return left_out(walk, path, "it is empty")
    changed: list[Any] | None = None
    for index, raw in enumerate(value):
        new = walk.schema(raw, (path, index))
        if new is not raw:
            if changed is None:
                changed = list(value)
            changed[index] = new
    return value if changed is None else changed


def _schema_map(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Convert a map of schemas. Copy it only if one of them changes."""
    if _containers.is_reference(value):
        value = _containers.schemas(walk, value, path)
    if not isinstance(value, dict):
        if value is None:
            return ABSENT
        return left_out(walk, path, "it is no object")
    changed: dict[str, Any] | None = None
    for name, raw in value.items():
        new = walk.schema(raw, (path, name))
        if new is not raw:
            if changed is None:
                changed = dict(value)
            changed[name] = new
    return value if changed is None else changed


def _pattern_map(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Convert `patternProperties`, without the patterns that cannot be enforced."""
    schemas = _schema_map(walk, value, path)
    if schemas is ABSENT:
        return ABSENT
    patterns = {name: walk.pattern(name) for name in schemas}
    if not any(pattern.why for pattern in patterns.values()):
        return schemas
    usable = {}
    for name, pattern in patterns.items():
        if pattern.text is not None:
            usable[pattern.text] = schemas[name]
        if pattern.why and pattern.text is None:
            walk.note("skipped", f"the pattern {shown(name)} is left out: {pattern.why}", path)
        elif pattern.why:
            walk.note("guessed", f"the pattern {shown(name)} is changed: {pattern.why}", path)
    return usable


# Names of properties


def _required(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept an array of names, or a single name."""
    if _containers.is_reference(value):
        value = _containers.values(walk, value, path)
    if isinstance(value, str) and as_boolean(value) is None:
        guessed(walk, path, "one name is taken for an array of it")
        return [value]
    if not isinstance(value, list):
        # A boolean is JSON Schema draft 3: the property itself is required. The step
        # `_required_of_properties` of the schema with the property reads it.
        if value is None or as_boolean(value) is not None:
            return ABSENT
        return left_out(walk, path, "it is no array")
    if all(isinstance(name, str) for name in value):
        if len(set(value)) == len(value):
            return value
        return list(dict.fromkeys(value))
    walk.note("skipped", f"{path[1]}: what is no name of a property is left out", path)
    return list(dict.fromkeys(name for name in value if isinstance(name, str)))


def _dependent_names(walk: Walk, value: Any, path: LinkedPath) -> Any:
    if not isinstance(value, dict):
        if value is None:
            return ABSENT
        return left_out(walk, path, "it is no object")
    dependent = {name: _required(walk, names, (path, name)) for name, names in value.items()}
    if all(dependent[name] is names for name, names in value.items()):
        return value
    return {name: names for name, names in dependent.items() if names is not ABSENT}


def _dependencies(walk: Walk, value: Any, path: LinkedPath) -> Any:
    # Until draft 7, the values are arrays of names or schemas. The step `_dependencies` splits them
    # into `dependentRequired` and `dependentSchemas`.
    if not isinstance(value, dict):
        if value is None:
            return ABSENT
        return left_out(walk, path, "it is no object")
    dependencies = {}
    for name, dependency in value.items():
        rule = _required if isinstance(dependency, list | str) else _schema
        converted = rule(walk, dependency, (path, name))
        if converted is not ABSENT:
            dependencies[name] = converted
    return dependencies


# OpenAPI's own


def _discriminator(walk: Walk, value: Any, path: LinkedPath) -> Any:
    """Accept a Discriminator Object; convert the references in its mapping."""
    if isinstance(value, str):  # Swagger 2.0 has only the name of the property
        return {"propertyName": value}
    if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str):
        if value is None:
            return ABSENT
        return left_out(walk, path, "it names no property")
    discriminator = {
        name: item
        for name, item in value.items()
        if name == "propertyName" or name.startswith("x-")
    }
    mapping = value.get("mapping")
    if isinstance(mapping, dict):
        discriminator["mapping"] = {
            tag: _mapped(walk, target, ((path, "mapping"), tag))
            for tag, target in mapping.items()
            if isinstance(target, str)
        }
    default = value.get("defaultMapping")  # OpenAPI 3.2, section 4.25
    if isinstance(default, str):
        discriminator["defaultMapping"] = _mapped(walk, default, (path, "defaultMapping"))
    return discriminator


def _mapped(walk: Walk, target: str, path: LinkedPath) -> str:
    # "if it is a valid schema name, it is one" (OpenAPI 3.1, section 4.8.25)
    is_name = not any(mark in target for mark in "#/.")
    reference = f"#/components/schemas/{target}" if is_name else target
    return walk.named(reference, path) or target


_COMMON: dict[str, Rule] = {
    # Annotations
    **dict.fromkeys(
        ("title", "description", "$comment", "contentEncoding", "contentMediaType"), _text
    ),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _flag),
    **dict.fromkeys(("default", "example", "const", "xml"), _kept),
    "examples": _examples,
    "discriminator": _discriminator,
    "contentSchema": _schema,
    # Any value
    "type": _type,
    "enum": _values,
    "format": _format,
    **dict.fromkeys(("nullable", "x-nullable"), _flag),
    # Numbers
    **dict.fromkeys(("minimum", "maximum"), _number),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _exclusive),
    "multipleOf": _positive,
    # Counts
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _count),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _count),
    "pattern": _pattern,
    # Arrays
    "items": _items,
    "prefixItems": _schema_list,
    "additionalItems": _additional,
    "contains": _schema,
    "unevaluatedItems": _additional,
    # Objects
    "properties": _schema_map,
    "patternProperties": _pattern_map,
    "additionalProperties": _additional,
    "unevaluatedProperties": _additional,
    "propertyNames": _schema,
    "required": _required,
    "dependentRequired": _dependent_names,
    "dependentSchemas": _schema_map,
    "dependencies": _dependencies,
    # Schemas about the same value
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _schema_list),
    **dict.fromkeys(("not", "if", "then", "else"), _schema),
    # Identifiers are dropped: references are resolved, and the result is another document.
    **dict.fromkeys(
        ("$id", "id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"),
        _dropped,
    ),
    **dict.fromkeys(("$defs", "definitions", "$ref", "$dynamicRef", "$recursiveRef"), _dropped),
    "externalDocs": _dropped,
}


KEPT: dict[str, type] = {
    **dict.fromkeys(
        ("title", "description", "$comment", "contentEncoding", "contentMediaType"), str
    ),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), bool),
    **dict.fromkeys(("nullable", "x-nullable"), bool),
}
"""Keyword -> a type. Values of this type stay in every dialect, and the rule is not called."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the Schema Objects of one version of OpenAPI are read."""

    name: str
    rules: Mapping[str, Rule]
    """Keyword -> its rule. Keywords without a rule stay, except `x-…` and `$…`."""
    beside_reference: frozenset[str] | None
    """The keywords that count beside `$ref`. None means all.

    Before 3.1, OpenAPI ignores keywords beside `$ref`. We keep the annotations.
    """
    has_identifiers: bool
    """Whether `$id`, `$anchor` and `$dynamicRef` have a meaning."""
    foreign: frozenset[str] = frozenset()
    """Keywords of other versions that are read all the same, with a note."""


_ANNOTATIONS = frozenset(
    (
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "nullable",
        "x-nullable",
    )
    # The last two are not annotations. But their meaning is clear, and without them the schema
    # would refuse a null that the author allows.
)

SWAGGER_2 = Dialect("Swagger 2.0", _COMMON, _ANNOTATIONS, has_identifiers=False)
OPENAPI_3_0 = Dialect("OpenAPI 3.0", _COMMON, _ANNOTATIONS, has_identifiers=False)
OPENAPI_3_1 = Dialect(
    "OpenAPI 3.1",
    _COMMON,
    None,
    has_identifiers=True,
    foreign=frozenset(("nullable", "x-nullable", "dependencies", "additionalItems")),
)
"""OpenAPI 3.1 and 3.2: JSON Schema 2020-12 with OpenAPI's base vocabulary."""
