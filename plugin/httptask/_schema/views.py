"""Views: JSON Schemas simplified for forms. References are followed, `allOf` is merged.

A form needs less than a validator: it must offer every value that may be needed, but it need not
refuse the others. So keywords that only refuse values (`not`, `if`, `contains`, a second pattern)
are left to the validation, and the properties in them are offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from httptask._schema.subschemas import definition_name

_MOST_MERGED = 400
"""The most schemas that are merged into one view. Real schemas have fewer; hostile ones may not."""
_MOST_FOLLOWED = 20
"""The most references in a chain that are followed to peek at one option."""

_MOST_OPTIONS = 500
"""The most options of one choice. Nobody can choose among more."""
_MOST_COMPARED = 50
"""Duplicates are removed among so many options."""

Schema = Any
"""A JSON Schema: an object, or true, or false."""

_TYPES = frozenset(("string", "integer", "number", "boolean", "null", "array", "object"))


@dataclass(slots=True)
class View:
    """The values that a schema allows. Made by `Views.view`; do not change it afterwards."""

    keywords: dict[str, Any] = field(default_factory=dict)
    """Annotations and bounds: the outermost annotations and the tightest bounds."""
    types: frozenset[str] | None = None
    """The allowed types, without null. None means any type."""
    nullable: bool = False
    """Whether the schema explicitly allows null."""
    properties: dict[str, Schema] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, Schema] = field(default_factory=dict)
    """Name pattern -> schema (`patternProperties`)."""
    others: Schema = None
    """The schema of further properties (`additionalProperties`), or None if there is none."""
    unions: list[list[Schema]] = field(default_factory=list)
    """The choices (`oneOf`, `anyOf`): each is a list of at least two schemas."""
    values: list[Any] | None = None
    """The only allowed values (`enum`, `const`), without null."""
    labels: list[str] = field(default_factory=list)
    """The labels of `values`, if the schema has any."""
    options: list[Schema] | None = None
    """Set by the form: the options of a choice, or the schema of a map's values. First None."""
    kind: str = ""
    """Set by the form: the kind of field. First empty."""
    definitions: frozenset[str] = frozenset()
    """The definitions that were merged. A schema inside that refers to one of them is recursive."""
    broken: bool = False
    """Whether the schema has a part that no value satisfies or no form can show."""
    impossible: bool = False
    """Whether no value is allowed, or none should be sent because the field is read-only."""


class Views:
    """Makes views of the schemas in one document. *schema* is its root, with `$defs`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        definitions = schema.get("$defs")
        self._definitions: Mapping[str, Any] = (
            definitions if isinstance(definitions, Mapping) else {}
        )
        self._kept: dict[int, tuple[Schema, View]] = {}

    def view(self, schema: Schema) -> View:
        """Return the view of *schema*. Never raises and always ends, also for hostile schemas."""
        cached = self._kept.get(id(schema))
        if cached is None:
            # Keep the schema alive, too: otherwise another object could get the same Python `id`.
            cached = self._kept[id(schema)] = (schema, _Merging(self).run(schema))
        return cached[1]

    def definition(self, name: str) -> Schema:
        """Return the definition *name*, or None if there is none."""
        return self._definitions.get(name)

    def peek(self, schema: Schema) -> tuple[Mapping[str, Any], str | None]:
        """Follow the `$ref` of *schema*; return the target, and the name of the last definition.

        Return an empty schema if there is no target.
        """
        name = None
        for _ in range(_MOST_FOLLOWED):
            if not isinstance(schema, Mapping):
                break
            following = definition_name(schema.get("$ref"))
            if following is None:
                return schema, name
            name = following
            schema = self.definition(following)
        return {}, name


class _Merging:
    """Merges one schema with those that hold for the same value into a view."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._into = View()
        self._seen: set[str] = set()
        self._remaining = _MOST_MERGED

    def run(self, schema: Schema) -> View:
        into = self._into
        self._add(schema)
        into.definitions = frozenset(self._seen)
        if into.types is not None and not into.types and not into.nullable:
            into.broken = True
        if into.values is not None:
            _only_possible_values(into)
        return into

    def _add(self, schema: Schema) -> None:
        pending = [schema]
        while pending:
            current = pending.pop()
            self._remaining -= 1
            if self._remaining < 0:
                self._into.broken = True
                return
            if current is False:
                self._into.impossible = True
            elif isinstance(current, Mapping):
                # Reversed, so that the first is merged first: the outermost annotation counts.
                pending.extend(reversed(list(self._members(current))))

    def _members(self, schema: Mapping[str, Any]) -> Iterator[Schema]:
        """Add the keywords of *schema* to the view; yield the schemas for the same value in it."""
        if "$ref" in schema:
            name = definition_name(schema["$ref"])
            target = None
            if name is not None:
                target = self._views.definition(name)
            if target is None:
                self._into.broken = True
            elif name not in self._seen:
                self._seen.add(str(name))
                yield target
        for keyword, value in schema.items():
            take = _TAKE.get(keyword)
            if take is not None:
                take(self._into, value)
            elif keyword in ("oneOf", "anyOf"):
                yield from self._choice(value)
            elif keyword == "allOf" and isinstance(value, list):
                yield from value
            elif isinstance(value, _KEPT.get(keyword, ())):
                self._into.keywords.setdefault(keyword, value)

    def _choice(self, options: Any) -> Iterator[Schema]:
        """Add a choice to the view: as a union, or as values if the options are constants.

        Impossible options, null and duplicates are removed. If one option remains, yield it.
        """
        if not isinstance(options, list):
            return
        remaining: list[Schema] = []
        schemas: list[Mapping[str, Any]] = []
        for option in options:
            schema, _ = self._views.peek(option)
            if option is False or _allows_nothing(schema):
                continue
            if _is_null(schema):
                self._into.nullable = True
            elif len(remaining) >= _MOST_OPTIONS:
                break
            elif len(remaining) > _MOST_COMPARED or option not in remaining:
                remaining.append(option)
                schemas.append(schema)
        if not remaining:
            if self._into.nullable:  # null is the only option
                self._into.types = frozenset()
            return
        if len(remaining) == 1:
            yield remaining[0]
        elif all("const" in schema or _has_one_value(schema) for schema in schemas):
            self._constants(schemas)
        elif not all(schema.keys() <= _ONLY_DEMANDS for schema in schemas):
            self._into.unions.append(remaining)

    def _constants(self, options: list[Mapping[str, Any]]) -> None:
        """Add a choice between constants to the view, as values with the titles as labels."""
        values = [option["const"] if "const" in option else option["enum"][0] for option in options]
        _take_enum(self._into, values)
        labels = [option.get("title", option.get("description")) for option in options]
        if any(isinstance(label, str) for label in labels):
            self._into.labels = [
                label if isinstance(label, str) else json.dumps(value, ensure_ascii=False)
                for label, value in zip(labels, values, strict=True)
            ]


def _is_null(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") in ("null", ["null"]):
        return True
    if schema.get("enum") == [None]:
        return True
    return "const" in schema and schema["const"] is None


def _has_one_value(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("enum"), list) and len(schema["enum"]) == 1


def _allows_nothing(schema: Mapping[str, Any]) -> bool:
    return "not" in schema and schema["not"] in ({}, True)


_ONLY_DEMANDS = frozenset(
    ("required", "not", "title", "description", "minProperties", "maxProperties", "$comment")
)
"""Keywords of an option that only requires some of the known properties, which is no choice."""

_KEPT: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(
        ("title", "description", "format", "pattern", "contentEncoding", "contentMediaType"), str
    ),
    **dict.fromkeys(("deprecated", "uniqueItems", "writeOnly"), bool),
    **dict.fromkeys(("discriminator", "propertyNames"), Mapping),
    **dict.fromkeys(("examples", "prefixItems"), list),
    "multipleOf": (int, float),
    "default": object,
}
"""Keyword of which the outermost counts -> the type of its value.

A value of another type is an error in the schema, and ignored.
"""


# The functions for single keywords. Outer schemas come first: their annotations are there already,
# and bounds become tighter.


def _take_type(into: View, value: Any) -> None:
    """Restrict the types of *into* to *value*."""
    names = value if isinstance(value, list) else [value]
    types = {name for name in names if isinstance(name, str) and name in _TYPES}
    if not types:
        return
    if "null" in types:
        into.nullable = True
    types.discard("null")
    if "number" in types:
        types.add("integer")
    into.types = frozenset(types) if into.types is None else into.types & types


def _take_enum(into: View, values: Any) -> None:
    """Keep the values of *into* that are in *values*; if none is, keep all and mark it broken."""
    if not isinstance(values, list):
        return
    if None in values:
        into.nullable = True
    values = [value for value in values if value is not None]
    if into.values is None:
        into.values = values
        return
    as_json = {json.dumps(value, sort_keys=True) for value in values}
    common = [value for value in into.values if json.dumps(value, sort_keys=True) in as_json]
    into.broken = into.broken or not common
    into.values = common or into.values
    into.labels = []


def _joined(old: Any, new: Any) -> Any:
    """Return a schema of the values that both accept; *new* if *old* is None or the same."""
    if old is None or old == new:
        return new
    return {"allOf": [old, new]}


def _take_properties(into: View, value: Any) -> None:
    if not isinstance(value, Mapping):
        return
    for name, child in value.items():
        old = into.properties.get(name)
        into.properties[name] = _joined(old, child)


def _take_branch(into: View, value: Any) -> None:
    """Offer the properties in a branch of a condition. The validation checks which one holds."""
    if isinstance(value, Mapping):
        for name, child in _properties(value):
            into.properties.setdefault(name, child)


def _take_branches(into: View, value: Any) -> None:
    for branch in value.values() if isinstance(value, Mapping) else ():
        _take_branch(into, branch)


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        yield from properties.items()


def _take_required(into: View, value: Any) -> None:
    if isinstance(value, list):
        names = (name for name in value if isinstance(name, str))
        into.required.update(dict.fromkeys(names))


def _take_patterns(into: View, value: Any) -> None:
    if isinstance(value, Mapping):
        into.patterns.update(value)


def _take_others(into: View, value: Any) -> None:
    if not isinstance(into.others, Mapping):
        into.others = value


def _take_items(into: View, value: Any) -> None:
    old = into.keywords.get("items")
    into.keywords["items"] = _joined(old, value)


def _take_const(into: View, value: Any) -> None:
    _take_enum(into, [value])


def _take_not(into: View, value: Any) -> None:
    if value in ({}, True):
        into.impossible = True


def _take_read_only(into: View, value: Any) -> None:
    if value is True:
        into.impossible = True


def _tighter(keyword: str, pick: Any) -> Any:
    def take(into: View, value: Any) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            old = into.keywords.get(keyword)
            into.keywords[keyword] = value if old is None else pick(old, value)

    return take


_TAKE = {
    "type": _take_type,
    "enum": _take_enum,
    "const": _take_const,
    "properties": _take_properties,
    "required": _take_required,
    "patternProperties": _take_patterns,
    "additionalProperties": _take_others,
    "unevaluatedProperties": _take_others,
    "items": _take_items,
    "then": _take_branch,
    "else": _take_branch,
    "dependentSchemas": _take_branches,
    "not": _take_not,
    "readOnly": _take_read_only,
    **{
        name: _tighter(name, max)
        for name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
    },
    **{
        name: _tighter(name, min)
        for name in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
    },
}


def _only_possible_values(into: View) -> None:
    """Drop values of other types. If all are of other types, keep them: the type is wrong."""
    if into.types is None or into.values is None:
        return
    fitting = [value for value in into.values if json_type(value) in into.types]
    if fitting and len(fitting) < len(into.values):
        into.values = fitting
        into.labels = []


def json_type(value: Any) -> str:
    """Return the JSON Schema type of *value*. A whole number is an `integer`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float | Decimal):
        return "integer" if value == int(value) else "number"
    types = {
        str: "string",
        int: "integer",
        dict: "object",
        list: "array",
        type(None): "null",
    }
    return types.get(type(value), "object")
