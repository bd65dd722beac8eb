"""Bring schemas into a normal form, so that different ways to write the same schema are equal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from httptask._schema.subschemas import BY_NAME, IN_ONE, definition_name

View = dict[str, Any]
"""A schema in the normal form: no `$ref`, no `const`, lists for `type` and `enum`.

`allOf` and `anyOf` only remain if their schemas cannot be merged into the schema itself.
"""

NOTES = frozenset(("default", "deprecated", "readOnly", "writeOnly"))
"""Keywords that do not constrain values, but whose changes are reported."""
_TEXTS = frozenset(
    ("$comment", "$defs", "description", "discriminator", "example", "examples", "title", "xml")
)
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties"), (0,)),
    **dict.fromkeys(("required", "allOf", "prefixItems"), ([],)),
    **dict.fromkeys(BY_NAME | {"dependentRequired"}, ({},)),
    **dict.fromkeys(IN_ONE - {"not", "if", "contains"}, (True, {})),
    "uniqueItems": (False,),
    # `password` only asks forms to hide the value (OpenAPI, data types).
    "format": ("password",),
    "pattern": ("", "^", "$", ".*", "^.*", ".*$", "^.*$", "^.*?$", r"[\s\S]*", r"^[\s\S]*$"),
}
"""Keyword -> the values of the keyword that accept everything."""
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

A keyword accepts all values of other types (JSON Schema 2020-12, Core, section 7.6.1).
"""
_ALL_VALUES = ({"true", "false"}, {"true", "false", "null"}, {"null"})
"""Enumerations, as sets of JSON texts, that list all values of their types: they say nothing."""
_CONDITION = ("if", "then", "else")
_TOGETHER = (
    _CONDITION,
    ("contains", "minContains", "maxContains"),
    ("prefixItems", "items", "unevaluatedItems"),
)
"""Groups of keywords whose meaning depends on each other."""
_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_MOST_ALTERNATIVES = 200


class SchemaViews:
    """The schemas of one endpoint as views, either for its requests or for its responses.

    Requests have no `readOnly` fields, and responses no `writeOnly` fields (OpenAPI 3.0.4, section
    4.7.24).
    """

    def __init__(self, definitions: Mapping[str, Any], *, is_answer: bool) -> None:
        self._definitions = definitions
        self.is_answer = is_answer
        self._mark = "writeOnly" if is_answer else "readOnly"
        self._named: dict[str, View] = {}
        self._shown: dict[int, tuple[Any, View, frozenset[str]]] = {}

    def view(self, schema: Any) -> View:
        """Return the view of *schema*. The schemas inside it are not normalised."""
        return self._entry(schema)[1]

    def absent(self, schema: Any) -> frozenset[str]:
        """Return the names of the fields of *schema* that only exist in the other direction."""
        return self._entry(schema)[2]

    def _entry(self, schema: Any) -> tuple[Any, View, frozenset[str]]:
        entry = self._shown.get(id(schema))
        if entry is None:
            view = _finished(self._with_alternatives(self._merged(schema)))
            fields = view.get("properties", {})
            absent = frozenset(name for name in fields if self._is_marked(fields[name]))
            # Keep the schema alive, so that no other object gets the same Python `id`.
            shown = _without(view, absent)
            entry = (schema, shown, absent)
            self._shown[id(schema)] = entry
        return entry

    def _merged(self, schema: Any) -> View:
        """Merge *schema* with the target of its `$ref` and with its `allOf`, if possible."""
        if schema is False:
            return {"type": []}
        if not isinstance(schema, Mapping):
            return {}
        keywords = {key: value for key, value in schema.items() if key not in _TEXTS}
        parts = keywords.pop("allOf", None)
        views = []
        if isinstance(parts, list):
            views = [self._merged(part) for part in parts]
        name = definition_name(keywords.get("$ref"))
        if name is not None:
            del keywords["$ref"]
            views.insert(0, self._definition(name))
        view = _tidy(keywords)
        for part in views:
            view = _intersection(view, part)
        view = self._with_dependent_names(view)
        # `unevaluated…` equals `additional…` only if no part evaluates names of its own.
        if view.keys().isdisjoint(("anyOf", "oneOf", "if", "allOf", "dependentSchemas")):
            for keyword in ("Properties", "Items"):
                _evaluated(view, keyword)
        return view

    def _with_dependent_names(self, view: View) -> View:
        """Replace schemas in *view* that only require names by `dependentRequired`.

        Such schemas are in `dependentSchemas`, or in the `then` of an `if` (JSON Schema 2020-12,
        Validation, section 6.5.4).
        """
        schemas = view.get("dependentSchemas", {})
        dependent = {key: self._required_alone(schemas[key]) for key in schemas}
        schemas = {key: schemas[key] for key, names in dependent.items() if not names}
        required = self._required_alone(view.get("if"))
        if len(required) == 1 and "else" not in view:
            of_objects = view.get("type") == ["object"]
            names = self._required_alone(view["then"], of_objects=of_objects)
            if names:
                field = required[0]
                dependent[field] = [*dependent.get(field, ()), *names]
                view = {key: view[key] for key in view if key not in _CONDITION}
        dependent = {key: names for key, names in dependent.items() if names}
        view = _tidy({**view, "dependentSchemas": schemas})
        if dependent:
            return _intersection(view, {"dependentRequired": dependent})
        return view

    def _required_alone(self, schema: Any, *, of_objects: bool = True) -> list[str]:
        """Return the names that *schema* requires, or [] if *schema* has any other constraint.

        With *of_objects*, it may also have `type: object`.
        """
        view = self._merged(schema)
        further = {key: view[key] for key in view.keys() - {"required", *NOTES}}
        is_alone = not further or (of_objects and further == {"type": ["object"]})
        if is_alone:
            return list(view.get("required", ()))
        return []

    def _definition(self, name: str) -> View:
        if name not in self._named:
            self._named[name] = {}  # meanwhile: a definition may refer to itself
            self._named[name] = self._merged(self._definitions.get(name))
        return self._named[name]

    def _with_alternatives(self, view: View) -> View:
        """Return *view* with a single `anyOf` in place of `anyOf` and `oneOf`, or without any.

        `anyOf` is dropped if an alternative accepts everything, and merged into *view* if all
        alternatives are lists of values, or if a single one remains, perhaps with null.
        """
        if "oneOf" in view:
            view = dict(view)
            further = []
            if "anyOf" in view:
                further = [{"anyOf": view.pop("anyOf")}]
            view["anyOf"] = view.pop("oneOf")
            if further:
                view["allOf"] = [*view.get("allOf", ()), *further]
        if not isinstance(view.get("anyOf"), list):
            return view
        schemas = list(self._flat(view["anyOf"], 0))[:_MOST_ALTERNATIVES]
        beside = {key: value for key, value in view.items() if key != "anyOf"}
        views = [_finished(self._merged(schema)) for schema in schemas]
        # Drops the choice, not the rest: one alternative that accepts everything decides it.
        if any(not _constraints(option) for option in views):
            return beside
        if all(_is_enumeration(option) for option in views):
            values = [value for option in views for value in option["enum"]]
            return _intersection(beside, _tidy({"enum": values}))
        remaining_options = [
            (schema, option)
            for schema, option in zip(schemas, views, strict=True)
            if option.get("type") not in (["null"], [])
        ]
        has_null = any(option.get("type") == ["null"] for option in views)
        if len(remaining_options) == 1:
            only = remaining_options[0][1]
            if not has_null:
                return _intersection(beside, only)
            if _is_simple(only):
                return _intersection(beside, _or_null(only))
        remaining = [schema for schema, _ in remaining_options]
        if has_null:
            remaining.append({"type": "null"})
        return {**beside, "anyOf": remaining}

    def _flat(self, schemas: list[Any], level: int) -> Iterable[Any]:
        """Yield *schemas*; a schema that is only a choice is replaced by its alternatives."""
        for schema in schemas:
            view = self._merged(schema)
            nested = view.get("anyOf", view.get("oneOf"))
            if len(_constraints(view)) == 1 and isinstance(nested, list) and level < 5:
                yield from self._flat(nested, level + 1)
            else:
                yield schema

    def _is_marked(self, schema: Any) -> bool:
        """Say whether a field with *schema* only exists in the other direction.

        The schema itself, or each of its alternatives except null, is marked so.
        """
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
    """Return *value* as text, to compare JSON values: in Python, 1 == True."""
    return json.dumps(value, sort_keys=True, default=str)


def type_of(value: Any) -> str:
    """Return the JSON type of *value*: `integer` for a whole number."""
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
    # 1.0 is an integer (JSON Schema 2020-12, Validation, section 6.1.1).
    return "integer" if value == int(value) else "number"


def _constraints(view: View) -> View:
    return {keyword: value for keyword, value in view.items() if keyword not in NOTES}


def _tidy(view: View) -> View:
    """Return *view* with lists for `const` and `type`, without keywords that accept everything."""
    if "const" in view:
        view["enum"] = [view.pop("const")]
    if isinstance(view.get("type"), str):
        view["type"] = [view["type"]]
    # `if` alone refuses nothing, and without it `then` and `else` are ignored.
    if "if" not in view or not view.keys() & {"then", "else"}:
        view = {name: value for name, value in view.items() if name not in _CONDITION}
    return {name: value for name, value in view.items() if not _accepts_everything(name, value)}


def _accepts_everything(keyword: str, value: Any) -> bool:
    # Compare the types, too, because 0 == False and 1 == True in Python.
    neutral_values = _NEUTRAL.get(keyword, ())
    return any(value == neutral and type(value) is type(neutral) for neutral in neutral_values)


def _finished(view: View) -> View:
    """Return *view* without keywords that follow from other keywords or have no effect."""
    view = _tidy(dict(view))
    types = view.get("type")
    values = view.get("enum")
    if isinstance(types, list) and "number" in types:
        types = [name for name in types if name != "integer"]
    if isinstance(values, list):
        if isinstance(types, list):
            allowed = _with_integer(types)
            values = [value for value in values if type_of(value) in allowed]
        value_by_key = {key(value): value for value in values}
        view["enum"] = list(value_by_key.values())
        types = list({type_of(value) for value in values})
        if set(value_by_key) in _ALL_VALUES:
            del view["enum"]
    if isinstance(types, list):
        # Null comes last, because sentences say `string or null`.
        types = sorted(set(types), key=lambda name: (name == "null", name))
        view["type"] = types
        _drop_idle_keywords(view, frozenset(types))
        if types == ["integer"]:
            _with_whole_bounds(view)
    return view


def _drop_idle_keywords(view: View, types: frozenset[str]) -> None:
    """Remove the keywords from *view* that constrain none of its *types*."""
    # Without any type the view accepts nothing, and its keywords are left as they are.
    if not types:
        return
    for keyword in list(view):
        constrained_types = TYPES_OF.get(keyword, types)
        if constrained_types.isdisjoint(types):
            del view[keyword]


def _with_whole_bounds(view: View) -> None:
    """Replace the exclusive bounds of an integer *view* by inclusive bounds."""
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
    remaining_dependent = {
        name: [dependent_name for dependent_name in required_names if dependent_name not in names]
        for name, required_names in dependent.items()
        if name not in names
    }
    return _tidy(
        {
            **view,
            "properties": fields,
            "required": required,
            "dependentRequired": remaining_dependent,
        }
    )


def _is_enumeration(view: View) -> bool:
    return "enum" in view and view.keys() <= {"enum", "type", *NOTES}


def _is_simple(view: View) -> bool:
    """Say whether null can be added to the types of *view* without looking at other schemas."""
    return view.keys().isdisjoint(("not", "if", "allOf", "anyOf", "oneOf", "$ref"))


def _or_null(view: View) -> View:
    result = dict(view)
    if "type" in view:
        result["type"] = [*view["type"], "null"]
    if "enum" in view:
        result["enum"] = [*view["enum"], None]
    return result


def _evaluated(view: View, keyword: str) -> None:
    """Replace `unevaluated…` in *view* by `additional…` or `items`.

    They mean the same if no other schema is applied to the same value.
    """
    plain = "items" if keyword == "Items" else f"additional{keyword}"
    value = view.pop(f"unevaluated{keyword}", None)
    if value is not None:
        view.setdefault(plain, value)


def _intersection(left: View, right: View) -> View:
    """Return the view of the values that *left* and *right* both accept.

    Keywords that cannot be merged into one schema go to `allOf`.
    """
    # In one step, so that each side sees the other as it was before.
    left, right = _with_further_fields(left, right), _with_further_fields(right, left)
    result = dict(left)
    apart = []
    for names in _TOGETHER:
        group = {name: right[name] for name in names if name in right}
        own_group = {name: left[name] for name in names if name in left}
        differ = own_group and group and own_group != group
        # A single keyword depends on no other, and can be merged below.
        if differ and len(own_group | group) > 1:
            apart.append(group)
            right = {name: value for name, value in right.items() if name not in group}
    for keyword, value in right.items():
        if keyword not in result or keyword in NOTES:
            result.setdefault(keyword, value)
        elif keyword in _JOINS:
            result[keyword] = _JOINS[keyword](result[keyword], value)
        elif key(result[keyword]) != key(value):
            apart.append({keyword: value})
    if apart:
        result["allOf"] = [*result.get("allOf", ()), *apart]
    return result


def _with_further_fields(view: View, other: View) -> View:
    """Apply the `additionalProperties` of *other* to the fields that only *view* describes."""
    further = other.get("additionalProperties")
    fields = view.get("properties")
    if further is None or not isinstance(fields, Mapping) or "patternProperties" in other:
        return view
    described = other.get("properties", {})
    if further is False:
        allowed_fields = {name: fields[name] for name in fields if name in described}
        return {**view, "properties": allowed_fields}
    merged_fields = {
        name: field if name in described else _all_of(field, further)
        for name, field in fields.items()
    }
    return {**view, "properties": merged_fields}


def _all_of(left: Any, right: Any) -> Any:
    """Return a schema of the values that *left* and *right* both accept."""
    if left is False or right is False:
        return False
    if key(left) == key(right):
        return left
    return {"allOf": [left, right]}


def _by_name(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: _all_of(left[name], right[name]) for name in left if name in right}
    return {
        **left,
        **right,
        **shared,
    }


def _shared_types(left: list[str], right: list[str]) -> list[str]:
    """Return the types that both lists allow. `number` includes `integer`."""
    shared = _with_integer(left) & _with_integer(right)
    return sorted(shared)


def _with_integer(types: list[str]) -> set[str]:
    if "number" in types:
        return {*types, "integer"}
    return set(types)


def _shared_values(left: list[Any], right: list[Any]) -> list[Any]:
    keys = set(map(key, right))
    return [value for value in left if key(value) in keys]


def _all_names(left: list[str], right: list[str]) -> list[str]:
    return list(dict.fromkeys((*left, *right)))


def _all_dependent_names(
    left: Mapping[str, list[str]],
    right: Mapping[str, list[str]],
) -> dict[str, list[str]]:
    names = dict.fromkeys((*left, *right))
    return {name: _all_names(left.get(name, []), right.get(name, [])) for name in names}


def _all_schemas(left: list[Any], right: list[Any]) -> list[Any]:
    further = [schema for schema in right if schema not in left]
    return [*left, *further]


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _shared_types,
    "enum": _shared_values,
    "required": _all_names,
    "dependentRequired": _all_dependent_names,
    "allOf": _all_schemas,
    "uniqueItems": lambda left, right: left or right,
    **dict.fromkeys(_LARGER, lambda left, right: max(left, right)),
    **dict.fromkeys(_SMALLER, lambda left, right: min(left, right)),
    **dict.fromkeys(BY_NAME, _by_name),
    **dict.fromkeys(("additionalProperties", "items", "propertyNames"), _all_of),
}
"""Keyword -> a function that merges two of its values into one that accepts what both accept."""
