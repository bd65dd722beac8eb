"""The steps that look at several keywords of a schema at once, and mend what allows no value."""

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
"""Takes the raw and the converted schema and their path; mends the converted one in place."""


def types_of(schema: Schema) -> list[str]:
    """Return the types that *schema* names, or all types if it names none."""
    written = schema.get("type")
    if isinstance(written, str):
        return [written]
    return written if isinstance(written, list) else sorted(TYPES)


def _type_as_format(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # `type: date` is a string of the format `date`.
    written = raw["type"]
    if isinstance(written, str) and written not in TYPES:
        type_and_format = meant(written)
        if type_and_format is not None and type_and_format[1] is not None:
            schema.setdefault("format", type_and_format[1])


def _exclusive_bounds(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # OpenAPI 3.0 (JSON Schema draft 4, section 5.1): a boolean that is about `minimum` or
    # `maximum`.
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


def _ordered_bounds(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    for low, high in _BOUNDS:
        if low in schema and high in schema and schema[low] > schema[high]:
            schema[low], schema[high] = schema[high], schema[low]
            walk.note("guessed", f"{low} and {high} allow no value; they are exchanged", path)
    lows = [schema[keyword] for keyword in ("minimum", "exclusiveMinimum") if keyword in schema]
    highs = [schema[keyword] for keyword in ("maximum", "exclusiveMaximum") if keyword in schema]
    excluded = [
        keyword for keyword in ("exclusiveMinimum", "exclusiveMaximum") if keyword in schema
    ]
    if not lows or not highs or not excluded or _has_room(max(lows), min(highs), schema):
        return
    for keyword in excluded:  # the least change that lets a value in
        value = schema.pop(keyword)
        schema.setdefault(keyword[9:].lower(), value)
    walk.note(
        "guessed", "the bounds allow no value; the ones that exclude are taken to include", path
    )
    if "minimum" in schema and "maximum" in schema and schema["minimum"] > schema["maximum"]:
        schema["minimum"], schema["maximum"] = schema["maximum"], schema["minimum"]


def _has_room(low: float, high: float, schema: Schema) -> bool:
    if "integer" in types_of(schema) and "number" not in types_of(schema):
        first = int(low) if low == int(low) else int(low // 1) + 1
        if schema.get("exclusiveMinimum") == first:
            first += 1
        return first < high or (first == high and schema.get("exclusiveMaximum") != high)
    return low < high or (
        low == high and low not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum"))
    )


def _required_of_properties(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # JSON Schema draft 3, section 5.7: `required: true` stands in the property.
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
"""Pattern searches in names for one schema."""

_IN_PLACE = frozenset(("$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"))
"""Keywords whose schemas describe the same value."""


def _possible_names(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # A required name that is not allowed makes every object invalid.
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
        # It means: no property but those that all parts together name (2020-12, Core, section
        # 11.3).
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


def _lost_patterns(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # A schema that lost a pattern must not refuse the names that the pattern allowed.
    before, after = raw["patternProperties"], schema.get("patternProperties", {})
    if isinstance(before, dict) and len(after) < len(before):
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            schema.pop(keyword, None)


def _tuples(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # JSON Schema before 2020-12: an array of schemas, and `additionalItems` for those after.
    rest = schema.pop("additionalItems", None)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if rest is not None:
            schema["items"] = rest
        walk.note(
            "guessed",
            "items: an array of schemas is taken for one schema for each item, in order",
            path,
        )


def _dependencies(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    for name, dependency in schema.pop("dependencies", {}).items():
        keyword = "dependentRequired" if isinstance(dependency, list) else "dependentSchemas"
        schema[keyword] = {**schema.get(keyword, {}), name: dependency}


def _example(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    example = schema.pop("example", None)
    if example is not None:
        others = schema.get("examples", [])
        schema["examples"] = [example, *(other for other in others if other != example)]


def _comment_on_pattern(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
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
"""Keyword that may refuse every value of an `enum` -> the test whether a value passes it."""


def _values_of_type(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    if "enum" in schema and "const" in schema:
        # As JSON text: for Python, 1 and true are equal.
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
    walk: Walk, raw: Schema, schema: Schema, values: list[Any], path: LinkedPath
) -> list[Any]:
    """Return *values*, which *schema* lists, in its types.

    Where they do not fit, *schema* is changed, with a note.
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
            "skipped", f"enum: listed values that are no {' or '.join(types)} are left out", path
        )
    elif new != values:
        walk.note("guessed", f"enum: the listed values are written as {' or '.join(types)}", path)
    schema[keyword] = new if keyword == "enum" else new[0]
    return new


def _in_types(
    walk: Walk, raw: Schema, keyword: str, types: list[str], path: LinkedPath
) -> list[Any]:
    """Return the values of *keyword*, without repetition, converted to *types* where possible.

    The raw values are converted, because of the texts 2.1 and 2.10 only one would remain as
    numbers. Null is left out here: `_nullable` may allow it.
    """
    listed = raw[keyword] if keyword == "enum" and isinstance(raw[keyword], list) else None
    keyword_path: LinkedPath = (path, keyword)
    pairs: list[tuple[Any, LinkedPath]] = [(raw[keyword], keyword_path)]
    if listed is not None:
        pairs = [(value, (keyword_path, index)) for index, value in enumerate(listed)]
    result: list[Any] = []
    for value, value_path in pairs:
        new = None if value is None else as_type(value, types, walk.written(value, value_path))
        if new is not MISFIT and not any(new == old and type(new) is type(old) for old in result):
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
"""Annotations: they stay outside when the schema becomes one of two alternatives."""
_ABOUT_NULL = frozenset(("$ref", "allOf", "anyOf", "oneOf", "not", "if", "const"))
"""Keywords, beside `type` and `enum`, that may refuse null; others are about one other type."""


def _nullable(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # OpenAPI 3.0.4, section 4.7.24: null is allowed beside the type.
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
    """Make *schema* a choice between null and what it was; annotations stay outside."""
    inner = {keyword: value for keyword, value in schema.items() if keyword not in ABOUT_ALL}
    if inner.get("type") == "null" or {"type": "null"} in inner.get("anyOf", ()):
        return
    if "discriminator" in schema and list(inner) != ["anyOf"]:
        inner["discriminator"] = schema["discriminator"]  # it stays beside its alternatives
    for keyword in inner:
        del schema[keyword]
    alternatives = inner["anyOf"] if list(inner) == ["anyOf"] else [inner]
    schema["anyOf"] = [*alternatives, {"type": "null"}]


def _named_alternatives(walk: Walk, raw: Schema, schema: Schema, path: LinkedPath) -> None:
    # A discriminating value is a schema's name, unless the mapping has another value for it
    # (OpenAPI 3.0.3, section 4.7.25).
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
    """Return the name of the schema at *reference*: a file that is one as a whole has its own."""
    address, _, pointer = unquote(reference).partition("#")
    return pointers.last(pointer) or posixpath.basename(address).partition(".")[0]


_REFUSING_EMPTY = frozenset(("enum", "const", "minLength", "pattern", "format", *_ABOUT_NULL))


def or_empty(schema: Schema) -> Schema:
    """Return the converted *schema* so that it allows the empty string, too.

    This is `allowEmptyValue` of OpenAPI 3.2.
    """
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
"""Keywords and a step, in the order of the steps: one of them in the raw schema calls the step."""
