"""What each keyword of a Schema Object becomes in JSON Schema 2020-12: one small function for each,
one table for each dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from httptask.importers.openapi.schemas._patterns import Pattern
from httptask.importers.openapi.schemas._types import TYPES, as_boolean, as_number, meant

Place = tuple[Any, Any]
"""Where a value stands: the place of what holds it, and its name or index. The outermost: None and
a place as text.
"""

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""What a rule returns for a keyword that is left out."""


class Walk(Protocol):
    """What a rule may ask of the conversion it is part of."""

    def schema(self, raw: Any, place: Place) -> Any:
        """Return the Schema Object *raw*, at *place*, converted; the very same object when nothing
        had to change.
        """
        ...

    def named(self, reference: str, place: Place) -> str | None:
        """Return `#/$defs/<name>` for what *reference* points at, None for nothing, which is
        noted.
        """
        ...

    def pattern(self, written: str) -> Pattern:
        """Return what becomes of the pattern *written*."""
        ...

    def written(self, value: Any, place: Place) -> str:
        """Return the text of *value*, a number or a boolean, as it stands at *place* in the
        description.
        """
        ...

    def may_match(self, pattern: str, text: str) -> bool:
        """Say whether the usable *pattern* matches *text*, or takes too long to be sure."""
        ...

    def note(self, kind: str, message: str, place: Place) -> None:
        """Report what was guessed or skipped at *place*."""
        ...


Rule = Callable[[Walk, Any, Place], Any]
"""Returns what becomes of a keyword's value at a place: the very same value, another, or
`ABSENT`.
"""


def guessed(walk: Walk, place: Place, what: str) -> None:
    """Note that *what* was guessed about the keyword at *place*."""
    walk.note("guessed", f"{place[1]}: {what}", place)


def left_out(walk: Walk, place: Place, why: str) -> Any:
    """Note that the keyword at *place* is left out, *why*; return `ABSENT`."""
    walk.note("skipped", f"{place[1]} is left out: {why}", place)
    return ABSENT


def shown(value: Any) -> str:
    """Return *value* for a message: short."""
    is_scalar = isinstance(value, str | int | float | bool | None)
    return shorter(repr(value if is_scalar else type(value).__name__))


def shorter(text: str) -> str:
    """Return *text*, or its beginning, for a message."""
    return text if len(text) <= 60 else text[:57] + "…"


# Annotations and simple values


def _kept(walk: Walk, value: Any, place: Place) -> Any:
    return value


def _dropped(walk: Walk, value: Any, place: Place) -> Any:
    return ABSENT


def _text(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, str):
        return value
    return ABSENT if value is None else left_out(walk, place, f"{shown(value)} is no text")


def _flag(walk: Walk, value: Any, place: Place) -> Any:
    if value is True or value is False:
        return value
    if value is None:
        return ABSENT
    flag = as_boolean(value)
    if flag is None:
        return left_out(walk, place, f"{shown(value)} is neither true nor false")
    guessed(walk, place, f"{shown(value)} is taken for {str(flag).lower()}")
    return flag


def _number(walk: Walk, value: Any, place: Place) -> Any:
    number = as_number(value)
    if number is None:
        return ABSENT if value is None else left_out(walk, place, f"{shown(value)} is no number")
    if isinstance(value, str):
        guessed(walk, place, f"the text {shown(value)} is taken for a number")
        return number
    return value


def _exclusive(walk: Walk, value: Any, place: Place) -> Any:
    # A boolean belongs to `minimum` or `maximum` (OpenAPI 3.0, JSON Schema draft 4); a later step
    # joins the two.
    flag = as_boolean(value)
    return flag if flag is not None else _number(walk, value, place)


def _positive(walk: Walk, value: Any, place: Place) -> Any:
    number = _number(walk, value, place)
    return (
        number
        if number is ABSENT or number > 0
        else left_out(walk, place, f"{shown(value)} is not above zero")
    )


def _count(walk: Walk, value: Any, place: Place) -> Any:
    if type(value) is int and value >= 0:
        return value
    number = _number(walk, value, place)
    if number is ABSENT:
        return ABSENT
    if number < 0 or number != int(number):
        return left_out(walk, place, f"{shown(value)} is no count")
    return int(number)


def _values(walk: Walk, value: Any, place: Place) -> Any:
    if value is None:
        return ABSENT
    if not isinstance(value, list):
        if isinstance(value, dict):
            return left_out(walk, place, "it is no array")
        guessed(walk, place, "one value is taken for an array of it")
        return [value]
    if not value:
        return left_out(walk, place, "an empty one allows no value")
    unique: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for item in value:
        if isinstance(item, dict | list):
            unique.append(item)
        elif (type(item), item) not in seen:
            seen.add((type(item), item))
            unique.append(item)
    return value if len(unique) == len(value) else unique


def _examples(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, list):
        return value
    # An object is OpenAPI's own map of Example Objects, misplaced.
    named = value.values() if isinstance(value, dict) else [value]
    found = [
        item["value"] if isinstance(item, dict) and "value" in item else item
        for item in named
        if item is not None
    ]
    return found or ABSENT


def _pattern(walk: Walk, value: Any, place: Place) -> Any:
    if not isinstance(value, str):
        return ABSENT if value is None else left_out(walk, place, f"{shown(value)} is no text")
    pattern = walk.pattern(value)
    if pattern.text is None:
        return left_out(walk, place, f"{shown(value)} is not enforced, {pattern.why}")
    if pattern.why:
        guessed(walk, place, pattern.why)
        return pattern.text
    return value


def _format(walk: Walk, value: Any, place: Place) -> Any:
    return ABSENT if value == "" else _text(walk, value, place)


# Types


def _type(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, str):
        return value if value in TYPES else _named_type(walk, value, place)
    if value is None:
        return ABSENT
    if not isinstance(value, list):
        return left_out(walk, place, f"{shown(value)} is no type")
    if (
        value
        and all(isinstance(each, str) and each in TYPES for each in value)
        and len(set(value)) == len(value)
    ):
        return value
    found: list[str] = []
    for each in value:
        named = (
            "null"
            if each is None
            else _named_type(walk, each, place)
            if isinstance(each, str)
            else ABSENT
        )
        if named is ABSENT:
            return left_out(walk, place, f"{shown(each)} is among its types")
        found.extend([named] if isinstance(named, str) else named)
    return list(dict.fromkeys(found)) or ABSENT


def _named_type(walk: Walk, value: str, place: Place) -> Any:
    if value in TYPES:
        return value
    known = meant(value)
    if known is None:
        return left_out(walk, place, f"the type {shown(value)} is unknown")
    types, _ = known
    if value != "file":  # Swagger 2.0 has that one
        guessed(walk, place, f"{shown(value)} is taken for {types or 'any type'}")
    return types if types is not None else ABSENT


# Schemas in schemas


def _schema(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, dict | bool):
        return walk.schema(value, place)
    return ABSENT if value is None else left_out(walk, place, f"{shown(value)} is no schema")


def _additional(walk: Walk, value: Any, place: Place) -> Any:
    flag = as_boolean(value)
    return _schema(walk, value if flag is None else flag, place)


def _items(walk: Walk, value: Any, place: Place) -> Any:
    # An array of schemas is a tuple, before 2020-12; a later step renames it.
    return (
        _schema_list(walk, value, place) if isinstance(value, list) else _schema(walk, value, place)
    )


def _schema_list(walk: Walk, value: Any, place: Place) -> Any:
    if value is None:
        return ABSENT
    if isinstance(value, dict):
        guessed(walk, place, "one schema is taken for an array of it")
        value = [value]
    if not isinstance(value, list):
        return left_out(walk, place, f"{shown(value)} is no array of schemas")
    if not value:
        return left_out(walk, place, "it is empty")
    changed: list[Any] | None = None
    for index, raw in enumerate(value):
        new = walk.schema(raw, (place, index))
        if new is not raw:
            if changed is None:
                changed = list(value)
            changed[index] = new
    return value if changed is None else changed


def _schema_map(walk: Walk, value: Any, place: Place) -> Any:
    if not isinstance(value, dict):
        return ABSENT if value is None else left_out(walk, place, "it is no object")
    changed: dict[str, Any] | None = None
    for name, raw in value.items():
        new = walk.schema(raw, (place, name))
        if new is not raw:
            if changed is None:
                changed = dict(value)
            changed[name] = new
    return value if changed is None else changed


def _pattern_map(walk: Walk, value: Any, place: Place) -> Any:
    schemas = _schema_map(walk, value, place)
    if schemas is ABSENT:
        return ABSENT
    patterns = {name: walk.pattern(name) for name in schemas}
    if not any(pattern.why for pattern in patterns.values()):
        return schemas
    for name, pattern in patterns.items():
        if pattern.why:
            kind, done = (
                ("skipped", "is left out") if pattern.text is None else ("guessed", "is changed")
            )
            walk.note(kind, f"the pattern {shown(name)} {done}: {pattern.why}", place)
    return {
        pattern.text: schemas[name]
        for name, pattern in patterns.items()
        if pattern.text is not None
    }


# Names of properties


def _required(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, str) and as_boolean(value) is None:
        guessed(walk, place, "one name is taken for an array of it")
        return [value]
    if not isinstance(value, list):
        # A boolean is draft 3's, about the property it stands in; the schema around it has seen
        # that.
        return (
            ABSENT
            if value is None or as_boolean(value) is not None
            else left_out(walk, place, "it is no array")
        )
    if all(isinstance(name, str) for name in value):
        return value if len(set(value)) == len(value) else list(dict.fromkeys(value))
    walk.note("skipped", f"{place[1]}: what is no name of a property is left out", place)
    return list(dict.fromkeys(name for name in value if isinstance(name, str)))


def _dependent_names(walk: Walk, value: Any, place: Place) -> Any:
    if not isinstance(value, dict):
        return ABSENT if value is None else left_out(walk, place, "it is no object")
    found = {name: _required(walk, names, (place, name)) for name, names in value.items()}
    if all(found[name] is names for name, names in value.items()):
        return value
    return {name: names for name, names in found.items() if names is not ABSENT}


def _dependencies(walk: Walk, value: Any, place: Place) -> Any:
    # Draft 7 and before: names or a schema. A later step gives each its own keyword.
    if not isinstance(value, dict):
        return ABSENT if value is None else left_out(walk, place, "it is no object")
    found = {
        name: (_required if isinstance(each, list | str) else _schema)(walk, each, (place, name))
        for name, each in value.items()
    }
    return {name: each for name, each in found.items() if each is not ABSENT}


# OpenAPI's own


def _discriminator(walk: Walk, value: Any, place: Place) -> Any:
    if isinstance(value, str):  # Swagger 2.0: the property's name
        return {"propertyName": value}
    if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str):
        return ABSENT if value is None else left_out(walk, place, "it names no property")
    kept = {
        name: item
        for name, item in value.items()
        if name == "propertyName" or name.startswith("x-")
    }
    mapping = value.get("mapping")
    if isinstance(mapping, dict):
        kept["mapping"] = {
            each: _mapped(walk, target, ((place, "mapping"), each))
            for each, target in mapping.items()
            if isinstance(target, str)
        }
    default = value.get("defaultMapping")  # OpenAPI 3.2, section 4.25
    if isinstance(default, str):
        kept["defaultMapping"] = _mapped(walk, default, (place, "defaultMapping"))
    return kept


def _mapped(walk: Walk, target: str, place: Place) -> str:
    # "if it is a valid schema name, it is one" (OpenAPI 3.1, section 4.8.25)
    plain = not any(mark in target for mark in "#/") and "." not in target
    return walk.named(f"#/components/schemas/{target}" if plain else target, place) or target


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
    # What has done its work when references are resolved: the result stands in another document.
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
"""Keyword -> the type of the values that its rule keeps, in every dialect: it need not be asked."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the Schema Objects of one version of OpenAPI are written."""

    name: str
    rules: Mapping[str, Rule]
    """Keyword -> what becomes of it. Keywords that are not here are carried as they are; `x-…` and
    `$…` are not carried.
    """
    beside_reference: frozenset[str] | None
    """The keywords that count beside `$ref`; None: all. Before 3.1 they are ignored; the ones that
    only annotate are kept.
    """
    has_identifiers: bool
    """Whether `$id`, `$anchor` and `$dynamicRef` mean something."""
    foreign: frozenset[str] = frozenset()
    """Keywords of other versions, which are read, but noted."""


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
    # The last two are no annotations; but what they say is plain, and ignoring it would refuse what
    # the author allows.
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
