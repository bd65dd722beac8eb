"""A JSON Schema as a person fills it in: references followed, `allOf` merged, choices apart.

A form asks less than a validator: it has to offer every value that may be needed, not to refuse the
others. So keywords that only refuse (`not`, `if`, `contains`, a second pattern) are left to the
validation, and the members they name are offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from httptask._schema.subschemas import definition_name

_MOST_MERGED = 400
"""Schemas merged into one view: more than anybody nests, and a bound for a stranger's."""
_MOST_FOLLOWED = 20
"""References to references that are followed to look at one option."""

_MOST_OPTIONS = 500
"""Options of one choice: more of them are no choice for a person."""
_MOST_COMPARED = 50
"""Options among which equal ones are offered once."""

Schema = Any
"""A JSON Schema: an object, or true, or false."""

_TYPES = frozenset(("string", "integer", "number", "boolean", "null", "array", "object"))


@dataclass(slots=True)
class View:
    """The values that a schema allows. Made by `Views.view`; not to be changed afterwards."""

    keywords: dict[str, Any] = field(default_factory=dict)
    """Annotations and bounds: the outermost annotation and the tightest bound count."""
    types: frozenset[str] | None = None
    """The allowed types without null; None: any."""
    nullable: bool = False
    """The schema names null among what is allowed."""
    properties: dict[str, Schema] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, Schema] = field(default_factory=dict)
    """Name pattern -> schema (`patternProperties`)."""
    others: Schema = None
    """The schema of further properties (`additionalProperties`); None: the schema has none."""
    unions: list[list[Schema]] = field(default_factory=list)
    """Choices that are still open: each a list of at least two schemas (`oneOf`, `anyOf`)."""
    values: list[Any] | None = None
    """The only values (`enum`, `const`), null left out."""
    labels: list[str] = field(default_factory=list)
    """Labels of the values, if the schema has any."""
    options: list[Schema] | None = None
    """The form's: the options of a choice, or the values of a map; None until they are derived."""
    kind: str = ""
    """The form's: the kind of field; empty until it is derived."""
    definitions: frozenset[str] = frozenset()
    """The definitions it came through. A schema inside that leads to one of them is recursive."""
    broken: bool = False
    """The schema holds something that no value satisfies or no form can show."""
    impossible: bool = False
    """No value is allowed, or none that should be sent: a read-only field."""


class Views:
    """Makes views of the schemas of one document; *schema* is its root, `$defs` included."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        definitions = schema.get("$defs")
        self._definitions: Mapping[str, Any] = (
            definitions if isinstance(definitions, Mapping) else {}
        )
        self._kept: dict[int, tuple[Schema, View]] = {}

    def view(self, schema: Schema) -> View:
        """Return the view of *schema*. Never raises, and always ends, whatever a stranger wrote."""
        kept = self._kept.get(id(schema))
        if kept is None:
            # The schema is kept too: otherwise its id could become that of another one.
            kept = self._kept[id(schema)] = (schema, _Merging(self).run(schema))
        return kept[1]

    def definition(self, name: str) -> Schema:
        """Return the definition called *name*; None when there is none."""
        return self._definitions.get(name)

    def peek(self, schema: Schema) -> tuple[Mapping[str, Any], str | None]:
        """Return the schema behind plain references, and the name of the last definition."""
        name = None
        for _ in range(_MOST_FOLLOWED):
            if not isinstance(schema, Mapping):
                break
            following = definition_name(schema.get("$ref"))
            if following is None:
                return schema, name
            name, schema = following, self.definition(following)
        return {}, name


class _Merging:
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
                # The first member is merged first: the outermost annotation counts.
                pending.extend(reversed(list(self._members(current))))

    def _members(self, schema: Mapping[str, Any]) -> Iterator[Schema]:
        """Add the keywords of *schema* to the view, and yield the schemas that hold as well."""
        if "$ref" in schema:
            name = definition_name(schema["$ref"])
            target = self._views.definition(name) if name is not None else None
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
        """Add a choice to the view: as a union if more than one option remains.

        Yields the only option, if there is one.
        """
        if not isinstance(options, list):
            return
        remaining: list[Schema] = []
        peeked: list[Mapping[str, Any]] = []
        for option in options:
            own, _ = self._views.peek(option)
            if option is False or _allows_nothing(own):
                continue
            if _is_null(own):
                self._into.nullable = True
            elif len(remaining) >= _MOST_OPTIONS:
                break
            elif len(remaining) > _MOST_COMPARED or option not in remaining:
                remaining.append(option)
                peeked.append(own)
        if not remaining:
            if self._into.nullable:  # null is the only option
                self._into.types = frozenset()
            return
        if len(remaining) == 1:
            yield remaining[0]
        elif all("const" in own or _has_one_value(own) for own in peeked):
            self._constants(peeked)
        elif not all(own.keys() <= _ONLY_DEMANDS for own in peeked):
            self._into.unions.append(remaining)

    def _constants(self, options: list[Mapping[str, Any]]) -> None:
        """Add a choice between constants to the view: an enumeration, labelled by their titles."""
        values = [option["const"] if "const" in option else option["enum"][0] for option in options]
        _take_enum(self._into, values)
        labels = [option.get("title", option.get("description")) for option in options]
        if any(isinstance(label, str) for label in labels):
            self._into.labels = [
                label if isinstance(label, str) else json.dumps(value, ensure_ascii=False)
                for label, value in zip(labels, values, strict=True)
            ]


def _is_null(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None]:
        return True
    return "const" in schema and schema["const"] is None


def _has_one_value(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("enum"), list) and len(schema["enum"]) == 1


def _allows_nothing(schema: Mapping[str, Any]) -> bool:
    return "not" in schema and schema["not"] in ({}, True)


_ONLY_DEMANDS = frozenset(
    ("required", "not", "title", "description", "minProperties", "maxProperties", "$comment")
)
"""Keywords of an option that only demands some of the known fields."""

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
"""Keywords of which the outermost counts, and the types of their values.

A value of another type is a stranger's mistake, and left out.
"""


# What each keyword adds. Annotations of the outer schema stand already; bounds get tighter.


def _take_type(into: View, value: Any) -> None:
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
    if not isinstance(values, list):
        return
    if None in values:
        into.nullable = True
    values = [value for value in values if value is not None]
    if into.values is None:
        into.values = values
        return
    as_json = {json.dumps(value, sort_keys=True) for value in values}
    both = [value for value in into.values if json.dumps(value, sort_keys=True) in as_json]
    into.broken = into.broken or not both
    into.values, into.labels = both or into.values, []


def _take_properties(into: View, value: Any) -> None:
    if not isinstance(value, Mapping):
        return
    for name, child in value.items():
        old = into.properties.get(name)
        into.properties[name] = child if old is None or old == child else {"allOf": [old, child]}


def _take_branch(into: View, value: Any) -> None:
    """Offer the properties of a condition's branch: which branch holds, the validation checks."""
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
        into.required.update(dict.fromkeys(name for name in value if isinstance(name, str)))


def _take_patterns(into: View, value: Any) -> None:
    if isinstance(value, Mapping):
        into.patterns.update(value)


def _take_others(into: View, value: Any) -> None:
    if not isinstance(into.others, Mapping):
        into.others = value


def _take_items(into: View, value: Any) -> None:
    old = into.keywords.get("items")
    into.keywords["items"] = value if old is None or old == value else {"allOf": [old, value]}


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
    """Drop values of another type, unless all are: then the type is what is wrong."""
    if into.types is None or into.values is None:
        return
    fitting = [value for value in into.values if json_type(value) in into.types]
    if fitting and len(fitting) < len(into.values):
        into.values, into.labels = fitting, []


def json_type(value: Any) -> str:
    """Return the JSON Schema type of *value*; a whole number is an `integer`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float | Decimal):
        return "integer" if value == int(value) else "number"
    types = {str: "string", int: "integer", dict: "object", list: "array", type(None): "null"}
    return types.get(type(value), "object")
