"""Schemas as plain constraints: what different ways to write the same schema have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from httptask._schema.subschemas import BY_NAME, IN_ONE, definition_name

View = dict[str, Any]
"""A schema in a normal form: no `$ref`, no `const`, lists for `type` and `enum`.

It has `allOf` and `anyOf` only for what cannot be written as constraints of the schema itself.
"""

NOTES = frozenset(("default", "deprecated", "readOnly", "writeOnly"))
"""Keywords that constrain no value; users of an API are told of a change nevertheless."""
_TEXTS = frozenset(
    ("$comment", "$defs", "description", "discriminator", "example", "examples", "title", "xml")
)
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties"), (0,)),
    **dict.fromkeys(("required", "allOf", "prefixItems"), ([],)),
    **dict.fromkeys(BY_NAME | {"dependentRequired"}, ({},)),
    **dict.fromkeys(IN_ONE - {"not", "if", "contains"}, (True, {})),
    "uniqueItems": (False,),
    "format": ("password",),
    "pattern": ("", "^", "$", ".*", "^.*", ".*$", "^.*$", "^.*?$", r"[\s\S]*", r"^[\s\S]*$"),
}
"""Keyword -> its values that accept everything."""
_KEYWORDS: Mapping[str, str] = {
    "number": "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf",
    "string": "minLength maxLength pattern",
    "array": (
        "items prefixItems unevaluatedItems minItems maxItems uniqueItems contains minContains"
        " maxContains"
    ),
    "object": (
        "properties patternProperties additionalProperties unevaluatedProperties"
        " propertyNames required minProperties maxProperties dependentSchemas dependentRequired"
    ),
}
TYPES_OF: Mapping[str, frozenset[str]] = {
    keyword: frozenset((name, "integer")) if name == "number" else frozenset((name,))
    for name, keywords in _KEYWORDS.items()
    for keyword in keywords.split()
}
"""Keyword -> the types whose values it constrains.

It accepts values of other types (JSON Schema 2020-12, Core, section 7.6.1).
"""
_ALL_VALUES = ({"true", "false"}, {"true", "false", "null"}, {"null"})
"""The values of types that have no others."""
_CONDITION = ("if", "then", "else")
_TOGETHER = (
    _CONDITION,
    ("contains", "minContains", "maxContains"),
    ("prefixItems", "items", "unevaluatedItems"),
)
"""Keywords that mean something only with each other."""
_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_MOST_ALTERNATIVES = 200


class SchemaViews:
    """The schemas of one endpoint as views, as they count in its requests or in its responses.

    A `readOnly` field is no part of a request, and a `writeOnly` one none of a response (OpenAPI
    3.0.4, section 4.7.24).
    """

    def __init__(self, definitions: Mapping[str, Any], *, is_answer: bool) -> None:
        self._definitions = definitions
        self.is_answer = is_answer
        self._mark = "writeOnly" if is_answer else "readOnly"
        self._named: dict[str, View] = {}
        self._shown: dict[int, tuple[Any, View, frozenset[str]]] = {}

    def view(self, schema: Any) -> View:
        """Return the view of *schema*. The schemas inside it stay as they were written."""
        return self._entry(schema)[1]

    def absent(self, schema: Any) -> frozenset[str]:
        """Return the names of the fields that *schema* has for the other direction only."""
        return self._entry(schema)[2]

    def _entry(self, schema: Any) -> tuple[Any, View, frozenset[str]]:
        entry = self._shown.get(id(schema))
        if entry is None:
            view = _finished(self._with_alternatives(self._merged(schema)))
            fields = view.get("properties", {})
            absent = frozenset(name for name in fields if self._is_marked(fields[name]))
            # The schema is kept, so that no other one can have its id.
            entry = self._shown[id(schema)] = (schema, _without(view, absent), absent)
        return entry

    def _merged(self, schema: Any) -> View:
        """Return *schema* joined with its `$ref` and `allOf`, as far as one schema can be."""
        if schema is False:
            return {"type": []}
        if not isinstance(schema, Mapping):
            return {}
        own = {key: value for key, value in schema.items() if key not in _TEXTS}
        parts = own.pop("allOf", None)
        views = [self._merged(part) for part in parts] if isinstance(parts, list) else []
        name = definition_name(own.get("$ref"))
        if name is not None:
            del own["$ref"]
            views.insert(0, self._definition(name))
        view = _tidy(own)
        for part in views:
            view = _both(view, part)
        view = self._with_dependent_names(view)
        if view.keys().isdisjoint(("anyOf", "oneOf", "if", "allOf", "dependentSchemas")):
            for keyword in ("Properties", "Items"):
                _evaluated(view, keyword)
        return view

    def _with_dependent_names(self, view: View) -> View:
        """Return *view* with `dependentRequired` in place of schemas that only require names.

        Such a schema stands in `dependentSchemas`, or in the `then` of an `if` (JSON Schema
        2020-12, Validation, section 6.5.4).
        """
        schemas = view.get("dependentSchemas", {})
        dependent = {key: self._required_alone(schemas[key]) for key in schemas}
        schemas = {key: schemas[key] for key, names in dependent.items() if not names}
        given = self._required_alone(view.get("if"))
        if len(given) == 1 and "else" not in view:
            names = self._required_alone(view["then"], of_objects=view.get("type") == ["object"])
            if names:
                dependent[given[0]] = [*dependent.get(given[0], ()), *names]
                view = {key: view[key] for key in view if key not in _CONDITION}
        dependent = {key: names for key, names in dependent.items() if names}
        view = _tidy({**view, "dependentSchemas": schemas})
        return _both(view, {"dependentRequired": dependent}) if dependent else view

    def _required_alone(self, schema: Any, *, of_objects: bool = True) -> list[str]:
        """Return the names that *schema* requires, or none if it says anything else.

        With *of_objects* it may also say that the value is an object.
        """
        view = self._merged(schema)
        further = {key: view[key] for key in view.keys() - {"required", *NOTES}}
        is_alone = not further or (of_objects and further == {"type": ["object"]})
        return list(view.get("required", ())) if is_alone else []

    def _definition(self, name: str) -> View:
        if name not in self._named:
            self._named[name] = {}  # for a definition that is made of itself
            self._named[name] = self._merged(self._definitions.get(name))
        return self._named[name]

    def _with_alternatives(self, view: View) -> View:
        """Return *view* with one `anyOf` in place of `anyOf` and `oneOf`, or without any.

        There is none when an alternative accepts everything, when all are lists of values, or when
        one remains beside null.
        """
        if "oneOf" in view:
            view = dict(view)
            further = [{"anyOf": view.pop("anyOf")}] if "anyOf" in view else []
            view["anyOf"] = view.pop("oneOf")
            if further:
                view["allOf"] = [*view.get("allOf", ()), *further]
        if not isinstance(view.get("anyOf"), list):
            return view
        schemas = list(self._flat(view["anyOf"], 0))[:_MOST_ALTERNATIVES]
        rest = {key: value for key, value in view.items() if key != "anyOf"}
        views = [_finished(self._merged(schema)) for schema in schemas]
        if any(not _constraints(option) for option in views):
            return rest
        if all(_is_enumeration(option) for option in views):
            values = [value for option in views for value in option["enum"]]
            return _both(rest, _tidy({"enum": values}))
        others = [
            (schema, option)
            for schema, option in zip(schemas, views, strict=True)
            if option.get("type") not in (["null"], [])
        ]
        has_null = any(option.get("type") == ["null"] for option in views)
        if len(others) == 1:
            only = others[0][1]
            if not has_null:
                return _both(rest, only)
            if _is_simple(only):
                return _both(rest, _or_null(only))
        remaining = [schema for schema, _ in others]
        if has_null:
            remaining.append({"type": "null"})
        return {**rest, "anyOf": remaining}

    def _flat(self, schemas: list[Any], level: int) -> Iterable[Any]:
        """Yield *schemas* with the alternatives of nested alternatives in their place."""
        for schema in schemas:
            view = self._merged(schema)
            nested = view.get("anyOf", view.get("oneOf"))
            if len(_constraints(view)) == 1 and isinstance(nested, list) and level < 5:
                yield from self._flat(nested, level + 1)
            else:
                yield schema

    def _is_marked(self, schema: Any) -> bool:
        """Say whether a field is for the other direction: itself, or in every alternative."""
        view = self._merged(schema)
        if view.get(self._mark) is True:
            return True
        for keyword in ("anyOf", "oneOf"):
            views = [self._merged(part) for part in view.get(keyword) or ()]
            forms = [form for form in views if form.get("type") != ["null"]]
            if forms and all(form.get(self._mark) is True for form in forms):
                return True
        return False


def key(value: Any) -> str:
    """Return a text that is equal for equal JSON values only: 1 == True in Python, not in JSON."""
    return json.dumps(value, sort_keys=True, default=str)


def type_of(value: Any) -> str:
    """Return the JSON type of *value*; `integer` for a whole number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "array"
    return "integer" if value == int(value) else "number"


def _constraints(view: View) -> View:
    return {keyword: value for keyword, value in view.items() if keyword not in NOTES}


def _tidy(view: View) -> View:
    """Return *view* with lists for `const` and `type`, without what accepts everything."""
    if "const" in view:
        view["enum"] = [view.pop("const")]
    if isinstance(view.get("type"), str):
        view["type"] = [view["type"]]
    if "if" not in view or not view.keys() & {"then", "else"}:
        view = {name: value for name, value in view.items() if name not in ("if", "then", "else")}
    return {name: value for name, value in view.items() if not _accepts_everything(name, value)}


def _accepts_everything(keyword: str, value: Any) -> bool:
    # The type counts, because 0 == False and 1 == True in Python.
    return any(
        value == neutral and type(value) is type(neutral) for neutral in _NEUTRAL.get(keyword, ())
    )


def _finished(view: View) -> View:
    """Return *view* without the keywords that follow from its others."""
    view = _tidy(dict(view))
    types, values = view.get("type"), view.get("enum")
    if isinstance(types, list) and "number" in types:
        types = [name for name in types if name != "integer"]
    if isinstance(values, list):
        if isinstance(types, list):
            allowed = {*types, "integer"} if "number" in types else set(types)
            values = [value for value in values if type_of(value) in allowed]
        view["enum"] = list({key(value): value for value in values}.values())
        types = list({type_of(value) for value in values})
        if {key(value) for value in values} in _ALL_VALUES:
            del view["enum"]
    if isinstance(types, list):
        view["type"] = types = sorted(set(types), key=lambda name: (name == "null", name))
        all_types = frozenset(types)
        for keyword in list(view):
            if TYPES_OF.get(keyword, all_types).isdisjoint(all_types) and all_types:
                del view[keyword]
        if types == ["integer"]:
            _with_whole_bounds(view)
    return view


def _with_whole_bounds(view: View) -> None:
    """Write the exclusive bounds of the integers in *view* as inclusive ones."""
    for exclusive, bound, step in (
        ("exclusiveMinimum", "minimum", 1),
        ("exclusiveMaximum", "maximum", -1),
    ):
        if isinstance(view.get(exclusive), int) and bound not in view:
            view[bound] = view.pop(exclusive) + step


def _without(view: View, names: frozenset[str]) -> View:
    """Return *view* without the fields *names*."""
    if not names:
        return view
    fields = {name: value for name, value in view["properties"].items() if name not in names}
    required = [name for name in view.get("required", ()) if name not in names]
    dependent = view.get("dependentRequired", {})
    return _tidy(
        {
            **view,
            "properties": fields,
            "required": required,
            "dependentRequired": {
                name: [other for other in others if other not in names]
                for name, others in dependent.items()
                if name not in names
            },
        }
    )


def _is_enumeration(view: View) -> bool:
    return "enum" in view and view.keys() <= {"enum", "type", *NOTES}


def _is_simple(view: View) -> bool:
    """Say whether *view* only constrains its types, so that null can be added to these."""
    return view.keys().isdisjoint(("not", "if", "allOf", "anyOf", "oneOf", "$ref"))


def _or_null(view: View) -> View:
    result = dict(view)
    if "type" in view:
        result["type"] = [*view["type"], "null"]
    if "enum" in view:
        result["enum"] = [*view["enum"], None]
    return result


def _evaluated(view: View, keyword: str) -> None:
    """Write `unevaluated…` of *view* as `additional…` or `items`.

    They mean the same where no other schema is applied in place.
    """
    plain = "items" if keyword == "Items" else f"additional{keyword}"
    if (value := view.pop(f"unevaluated{keyword}", None)) is not None:
        view.setdefault(plain, value)


def _both(one: View, other: View) -> View:
    """Return the view of the values that both accept.

    Keywords that one schema cannot express together stay apart, in `allOf`.
    """
    one, other = _spread(one, other), _spread(other, one)
    result, apart = dict(one), []
    for names in _TOGETHER:
        group = {name: other[name] for name in names if name in other}
        own = {name: one[name] for name in names if name in one}
        differ = own and group and own != group
        if differ and len(own | group) > 1:
            apart.append(group)
            other = {name: value for name, value in other.items() if name not in group}
    for keyword, value in other.items():
        if keyword not in result or keyword in NOTES:
            result.setdefault(keyword, value)
        elif keyword in _JOINS:
            result[keyword] = _JOINS[keyword](result[keyword], value)
        elif key(result[keyword]) != key(value):
            apart.append({keyword: value})
    if apart:
        result["allOf"] = [*result.get("allOf", ()), *apart]
    return result


def _spread(view: View, other: View) -> View:
    """Return *view* with `additionalProperties` of *other* joined to the fields it lacks."""
    further, fields = other.get("additionalProperties"), view.get("properties")
    if further is None or not isinstance(fields, Mapping) or "patternProperties" in other:
        return view
    described = other.get("properties", {})
    if further is False:
        return {**view, "properties": {name: fields[name] for name in fields if name in described}}
    return {
        **view,
        "properties": {
            name: field if name in described else _all_of(field, further)
            for name, field in fields.items()
        },
    }


def _all_of(one: Any, other: Any) -> Any:
    """Return the schema of the values that both accept."""
    if one is False or other is False:
        return False
    return one if key(one) == key(other) else {"allOf": [one, other]}


def _by_name(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: _all_of(one[name], other[name]) for name in one if name in other}
    return {**one, **other, **shared}


def _shared_types(one: list[str], other: list[str]) -> list[str]:
    """Return the types that both lists allow; `integer` is one of the numbers."""
    wide = [{*types, "integer"} if "number" in types else set(types) for types in (one, other)]
    return sorted(wide[0] & wide[1])


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _shared_types,
    "enum": lambda one, other: [value for value in one if key(value) in set(map(key, other))],
    "required": lambda one, other: list(dict.fromkeys((*one, *other))),
    "dependentRequired": lambda one, other: {
        name: list(dict.fromkeys((*one.get(name, ()), *other.get(name, ()))))
        for name in one | other
    },
    "allOf": lambda one, other: [*one, *(schema for schema in other if schema not in one)],
    "uniqueItems": lambda one, other: one or other,
    **dict.fromkeys(_LARGER, lambda one, other: max(one, other)),
    **dict.fromkeys(_SMALLER, lambda one, other: min(one, other)),
    **dict.fromkeys(BY_NAME, _by_name),
    **dict.fromkeys(("additionalProperties", "items", "propertyNames"), _all_of),
}
"""Keyword -> how two of its values join into one that accepts what both accept."""
