"""The steps of the conversion that need several keywords of a schema at once.

They rewrite keywords of old versions, and repair schemas that allow no value.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from httptask._core import pointers
from httptask.importers.openapi.schemas._rule import LinkedPath, Walk, shown
from httptask.importers.openapi.schemas._types import TYPES, as_boolean, fits, is_number, meant
from httptask.importers.openapi.schemas._values import MISFIT, as_type, mend_default, mend_examples

Schema = dict[str, Any]
Step = Callable[[Walk, Schema, Schema, LinkedPath], None]
"""Takes the raw schema, the converted schema and their path. Changes the converted one in place."""


def types_of(schema: Schema) -> list[str]:
    """Return the types that *schema* names, or all types if it names none."""
    written = schema.get("type")
    if isinstance(written, str):
        return [written]
    if isinstance(written, list):
        return written
    return sorted(TYPES)


def _type_as_format(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # `type: date` means a string with the format `date`.
    written = raw["type"]
    if isinstance(written, str) and written not in TYPES:
        type_and_format = meant(written)
        if type_and_format is not None and type_and_format[1] is not None:
            schema.setdefault("format", type_and_format[1])


def _exclusive_bounds(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # In OpenAPI 3.0 (JSON Schema draft 4, section 5.1) they are booleans that make `minimum` or
    # `maximum` exclusive.
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        flag = schema.get(exclusive)
        if isinstance(flag, bool):
            del schema[exclusive]
            if flag and bound in schema:
                schema[exclusive] = schema.pop(bound)


_BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)


def _ordered_bounds(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    """Exchange bounds in the wrong order; make exclusive bounds inclusive if no value is left."""
    for low, high in _BOUNDS:
        if low in schema and high in schema and schema[low] > schema[high]:
            schema[low], schema[high] = schema[high], schema[low]
            walk.note("guessed", f"{low} and {high} allow no value; they are exchanged", path)
    lows = [schema[keyword] for keyword in ("minimum", "exclusiveMinimum") if keyword in schema]
    highs = [schema[keyword] for keyword in ("maximum", "exclusiveMaximum") if keyword in schema]
    excluded = [
        keyword for keyword in ("exclusiveMinimum", "exclusiveMaximum") if keyword in schema
    ]
    if not lows or not highs or not excluded:
        return
    if _has_room(max(lows), min(highs), schema):
        return
    for keyword in excluded:  # making bounds inclusive is the smallest change that allows a value
        value = schema.pop(keyword)
        schema.setdefault(keyword[9:].lower(), value)  # exclusiveMinimum -> minimum
    walk.note(
        "guessed", "the bounds allow no value; the ones that exclude are taken to include", path
    )
    if "minimum" in schema and "maximum" in schema and schema["minimum"] > schema["maximum"]:
        schema["minimum"], schema["maximum"] = schema["maximum"], schema["minimum"]


def _has_room(low: float, high: float, schema: Schema) -> bool:
    """Say whether a number (a whole one for `integer`) fits between *low* and *high*."""
    if "integer" in types_of(schema) and "number" not in types_of(schema):
        first = int(low) if low == int(low) else int(low // 1) + 1
        if schema.get("exclusiveMinimum") == first:
            first += 1
        return first < high or (first == high and schema.get("exclusiveMaximum") != high)
    return low < high or (
        low == high and low not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum"))
    )


def _required_of_properties(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # JSON Schema draft 3, section 5.7, has `required: true` in the schema of the property.
    properties = raw["properties"]
    if not isinstance(properties, dict):
        return
    names = [
        name
        for name, property_schema in properties.items()
        if type(property_schema) is dict
        and "required" in property_schema
        and as_boolean(property_schema["required"]) is True
    ]
    if names:
        schema["required"] = list(dict.fromkeys([*schema.get("required", ()), *names]))
        walk.note("guessed", f"required: {shown(', '.join(names))} say so themselves", path)


_MOST_SEARCHED = 10_000
"""The most searches of patterns in names for one schema."""

_IN_PLACE = frozenset(("$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"))
"""Keywords that apply their schemas to the same value."""


def _possible_names(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # If a required property is not allowed, every object is invalid.
    if schema.get("additionalProperties") is not False or not schema.get("required"):
        return
    described = schema.get("properties", {})
    impossible = [name for name in schema["required"] if name not in described]
    patterns = list(schema.get("patternProperties", {}))
    if len(impossible) * len(patterns) > _MOST_SEARCHED:
        return
    impossible = [
        name
        for name in impossible
        if not any(walk.may_match(pattern, name) for pattern in patterns)
    ]
    if impossible and not schema.keys().isdisjoint(_IN_PLACE):
        # The author means: only the properties of all parts together, which is what
        # `unevaluatedProperties` says (2020-12, Core, section 11.3).
        del schema["additionalProperties"]
        schema["unevaluatedProperties"] = False
        walk.note(
            "guessed",
            "additionalProperties: the properties of the schemas it is made of are allowed, too",
            path,
        )
    elif impossible:
        refused = set(impossible)
        schema["required"] = [name for name in schema["required"] if name not in refused]
        walk.note(
            "guessed",
            f"required: {shown(', '.join(impossible))} may not stand there; it is not required",
            path,
        )


def _lost_patterns(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # If an unusable pattern was left out, the schema must not refuse the names that it allowed.
    before = raw["patternProperties"]
    after = schema.get("patternProperties", {})
    if isinstance(before, dict) and len(after) < len(before):
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            schema.pop(keyword, None)


def _tuples(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # Before JSON Schema 2020-12, a tuple is an array of schemas in `items`, and `additionalItems`
    # is the schema of the further items.
    further_items = schema.pop("additionalItems", None)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if further_items is not None:
            schema["items"] = further_items
        walk.note(
            "guessed",
            "items: an array of schemas is taken for one schema for each item, in order",
            path,
        )


def _dependencies(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    for name, dependency in schema.pop("dependencies", {}).items():
        keyword = "dependentRequired" if isinstance(dependency, list) else "dependentSchemas"
        schema[keyword] = {**schema.get(keyword, {}), name: dependency}


def _example(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    example = schema.pop("example", None)
    if example is not None:
        examples = schema.get("examples", [])
        schema["examples"] = [example, *(value for value in examples if value != example)]


def _comment_on_pattern(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    if isinstance(raw["pattern"], str) and "pattern" not in schema:
        comment = f"Not enforced: pattern {raw['pattern']}"
        schema["$comment"] = f"{schema['$comment']} {comment}" if "$comment" in schema else comment


_ABOUT_VALUES: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: not is_number(value) or value >= bound,
    "maximum": lambda value, bound: not is_number(value) or value <= bound,
    "exclusiveMinimum": lambda value, bound: not is_number(value) or value > bound,
    "exclusiveMaximum": lambda value, bound: not is_number(value) or value < bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "maxLength": lambda value, bound: not isinstance(value, str) or len(value) <= bound,
}
"""Keyword -> whether a value passes it. Such a keyword may refuse all values of an `enum`."""


def _values_of_type(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    """Make `enum` and `const` agree with each other, with the type and with the other keywords."""
    if "enum" in schema and "const" in schema:
        # Compare JSON texts, because 1 and true are equal in Python.
        constant = json.dumps(schema["const"], sort_keys=True)
        if all(json.dumps(value, sort_keys=True) != constant for value in schema["enum"]):
            schema["enum"] = [schema["const"], *schema["enum"]]
            del schema["const"]
            walk.note("guessed", "const is no listed value; it is taken for one of them", path)
    if "enum" in schema:
        values = schema["enum"]
    elif "const" in schema:
        values = [schema["const"]]
    else:
        return
    if "type" in schema:
        values = _fitting(walk, raw, schema, values, path)
    tests: dict[str, Callable[[Any, Any], bool]] = {
        **_ABOUT_VALUES,
        "pattern": lambda value, pattern: (
            not isinstance(value, str) or walk.may_match(pattern, value)
        ),
    }
    for keyword, passes in tests.items():
        if keyword in schema and not any(passes(value, schema[keyword]) for value in values):
            del schema[keyword]
            walk.note("guessed", f"{keyword} refuses every listed value; it is left out", path)


def _fitting(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    values: list[Any],
    path: LinkedPath,
) -> list[Any]:
    """Return *values*, the listed values of *schema*, converted to its types.

    If that is impossible, change *schema* instead. Both cause a note.
    """
    types = types_of(schema)
    if all(fits(value, types) for value in values):
        return values
    keyword = "enum" if "enum" in schema else "const"
    if (
        types == ["array"]
        and keyword == "enum"
        and not any(isinstance(value, list) for value in values)
    ):
        items = schema["items"] if isinstance(schema.get("items"), dict) else {}
        schema["items"] = {
            **items,
            "enum": _in_types(walk, raw, keyword, types_of(items), path) or values,
        }
        del schema["enum"]
        walk.note("guessed", "enum: the listed values are taken for those of the items", path)
        return [[]]
    new = _in_types(walk, raw, keyword, types, path)
    if not any(fits(value, types) for value in new):
        del schema["type"]
        walk.note(
            "guessed",
            f"type: no listed value is of the type {' or '.join(types)}; it is left out",
            path,
        )
        return values
    if len(new) < len(values):
        walk.note(
            "skipped",
            f"enum: listed values that are no {' or '.join(types)} are left out",
            path,
        )
    elif new != values:
        walk.note("guessed", f"enum: the listed values are written as {' or '.join(types)}", path)
    schema[keyword] = new if keyword == "enum" else new[0]
    return new


def _in_types(
    walk: Walk,
    raw: Schema,
    keyword: str,
    types: list[str],
    path: LinkedPath,
) -> list[Any]:
    """Return the values of *keyword* that can be converted to *types*, each once.

    The raw values are converted, because they still have their spellings: the numbers 2.1 and 2.10
    are equal, but not as strings. Null stays in any case, because `_nullable` may allow it later.
    """
    listed = None
    if keyword == "enum" and isinstance(raw[keyword], list):
        listed = raw[keyword]
    keyword_path: LinkedPath = (path, keyword)
    pairs: list[tuple[Any, LinkedPath]] = [(raw[keyword], keyword_path)]
    if listed is not None:
        pairs = [(value, (keyword_path, index)) for index, value in enumerate(listed)]
    result: list[Any] = []
    for value, value_path in pairs:
        new = None
        if value is not None:
            new = as_type(value, types, walk.written(value, value_path))
        # The types, too: in Python, 1 == True.
        is_known = any(new == old and type(new) is type(old) for old in result)
        if new is not MISFIT and not is_known:
            result.append(new)
    return result


ABOUT_ALL = frozenset(
    (
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "xml",
    )
)
"""Annotations. They stay outside when a schema becomes one of several alternatives."""
_ABOUT_NULL = frozenset(("$ref", "allOf", "anyOf", "oneOf", "not", "if", "const"))
"""Keywords besides `type` and `enum` that may refuse null. All others only concern other types."""


def _nullable(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # OpenAPI 3.0.4, section 4.7.24: `nullable` allows null in addition to the type.
    if not (schema.pop("nullable", False) | schema.pop("x-nullable", False)):
        return
    if not _ABOUT_NULL.isdisjoint(schema):
        _or_null(schema)
        return
    if "type" in schema and "null" not in types_of(schema):
        schema["type"] = [*types_of(schema), "null"]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]


def _or_null(schema: Schema) -> None:
    """Change *schema* into a choice between itself and null. Annotations stay outside."""
    inner = {keyword: value for keyword, value in schema.items() if keyword not in ABOUT_ALL}
    if inner.get("type") == "null" or {"type": "null"} in inner.get("anyOf", ()):
        return
    if "discriminator" in schema and list(inner) != ["anyOf"]:
        inner["discriminator"] = schema["discriminator"]  # it belongs beside its alternatives
    for keyword in inner:
        del schema[keyword]
    alternatives = inner["anyOf"] if list(inner) == ["anyOf"] else [inner]
    schema["anyOf"] = [*alternatives, {"type": "null"}]


def _named_alternatives(
    walk: Walk,
    raw: Schema,
    schema: Schema,
    path: LinkedPath,
) -> None:
    # Without a mapping, a discriminating value is the name of a schema (OpenAPI 3.0.3, section
    # 4.7.25). Names change in the conversion, so the mapping must say it.
    discriminator = schema.get("discriminator")
    if not isinstance(discriminator, dict):
        return
    mapping = dict(discriminator.get("mapping", {}))
    for keyword in ("oneOf", "anyOf"):
        written = raw[keyword] if isinstance(raw.get(keyword), list) else ()
        for reference, form in zip(written, schema.get(keyword, ()), strict=False):
            if isinstance(form, dict) and "$ref" in form and form["$ref"] not in mapping.values():
                mapping.setdefault(_implied_tag(str(reference["$ref"])), form["$ref"])
    if mapping:
        schema["discriminator"] = {**discriminator, "mapping": mapping}


def _implied_tag(reference: str) -> str:
    """Return the name of the schema at *reference*: of its pointer, or of its file without one."""
    address, _, pointer = unquote(reference).partition("#")
    return pointers.last(pointer) or posixpath.basename(address).partition(".")[0]


_REFUSING_EMPTY = frozenset(("enum", "const", "minLength", "pattern", "format", *_ABOUT_NULL))


def or_empty(schema: Schema) -> Schema:
    """Return the converted *schema* changed to allow the empty string (`allowEmptyValue`)."""
    if schema.get("type", "string") == "string" and _REFUSING_EMPTY.isdisjoint(schema):
        return schema
    if "enum" in schema and types_of(schema) == ["string"]:
        return {**schema, "enum": list(dict.fromkeys([*schema["enum"], ""]))}
    inner = {keyword: value for keyword, value in schema.items() if keyword not in ABOUT_ALL}
    outer = {keyword: value for keyword, value in schema.items() if keyword in ABOUT_ALL}
    return {**outer, "anyOf": [inner, {"const": ""}]}


STEPS: tuple[tuple[frozenset[str], Step], ...] = tuple(
    (frozenset(keywords), step)
    for keywords, step in (
        (("type",), _type_as_format),
        (("exclusiveMinimum", "exclusiveMaximum"), _exclusive_bounds),
        ((high for _, high in (*_BOUNDS, ("", "exclusiveMaximum"))), _ordered_bounds),
        (("properties",), _required_of_properties),
        (("patternProperties",), _lost_patterns),
        (("additionalProperties",), _possible_names),
        (("items", "additionalItems"), _tuples),
        (("dependencies",), _dependencies),
        (("example",), _example),
        (("pattern",), _comment_on_pattern),
        (("enum", "const"), _values_of_type),
        (("discriminator",), _named_alternatives),
        (("nullable", "x-nullable"), _nullable),
        (("default",), mend_default),
        (("example", "examples"), mend_examples),
    )
)
"""(keywords, step), in the order of execution. A step runs if the raw schema has one of them."""
