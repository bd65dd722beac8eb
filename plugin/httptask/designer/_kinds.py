"""The kind of form field for a schema: its bounds, and the words for its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from httptask._core.strict_json import dump
from httptask._http.secret_names import is_secret_name
from httptask._schema.views import Schema, View, Views, json_type

MOST_OF_ONE = 2_000
"""Maximum number of fields in one object, and of values in one list."""

_PROSE = re.compile(
    r"(?i)(^|[-_.])(body|comment|content|description|html|markdown|message|notes?|summary|text)s?$"
)
"""Names of properties whose text often has several lines."""
BINARY_MEDIA = re.compile(
    r"application/(octet-stream|pdf|zip|gzip|x-tar|x-gzip|vnd\.[^;]*(?<![+]json)(?<![+]xml)$)"
    r"|image/|audio/|video/|font/"
)
"""Media types whose content is a file."""


# Kinds


OF_TYPE = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}
"""JSON type -> kind of field."""
_HINTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("array", frozenset(("items", "prefixItems", "minItems", "maxItems", "uniqueItems"))),
    ("object", frozenset(("propertyNames", "minProperties", "maxProperties"))),
    (
        "string",
        frozenset(("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType")),
    ),
    (
        "number",
        frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
    ),
)
"""Kind -> keywords that only constrain this type: a schema with one of them implies the type."""
_FORMATS = {
    "binary": "string",
    "byte": "string",
    "date": "string",
    "date-time": "string",
    "email": "string",
    "uri": "string",
}
"""Format -> the kind that it implies in a schema without a type."""


def types_of(view: View) -> frozenset[str]:
    """Return the types of the values of *view*; empty: any type.

    `integer` is left out beside `number`. Without `type`, other keywords imply the type.
    """
    types = view.types
    if types is None:
        if view.properties or view.patterns or view.required or view.others not in (None, True):
            return frozenset(("object",))
        for kind, hints in _HINTS:
            if not hints.isdisjoint(view.keywords):
                return frozenset((kind,))
        format_name = view.keywords.get("format")
        if format_name in _FORMATS:
            return frozenset((_FORMATS[format_name],))
        return frozenset()
    if "number" in types:
        return types - {"integer"}
    return types


def kind_of(view: View) -> str:
    """Return the kind of field for *view*; `raw` if no kind can express it."""
    view.kind = view.kind or _derived_kind(view)
    return view.kind


def _derived_kind(view: View) -> str:
    """Return the kind of field for *view*: by its values, its unions, else its types."""
    if view.broken:
        return "raw"
    if view.values is not None:
        booleans = {value for value in view.values if isinstance(value, bool)}
        if len(view.values) == 2 and booleans == {True, False}:
            return "boolean"
        return "const" if len(view.values) == 1 and not view.nullable else "enum"
    if view.unions:
        return "union"
    types = types_of(view)
    if not types:
        return "const" if view.nullable and view.types is not None else "any"
    if len(types) > 1:
        return "any" if types <= _SCALARS or _is_unconstrained(view) else "union"
    kind = OF_TYPE.get(next(iter(types)), "any")
    if kind == "object" and not view.properties and not view.required:
        return "object" if view.others is False and not view.patterns else "map"
    if kind == "string" and encoding_of(view) is not None:
        return "file"
    return kind


def _is_unconstrained(view: View) -> bool:
    """Say whether *view* describes its arrays and objects by their type alone."""
    describes_fields = (
        view.properties or view.required or view.patterns or isinstance(view.others, Mapping)
    )
    describes_items = "prefixItems" in view.keywords or (
        "items" in view.keywords and not _takes_anything_typed(view)
    )
    return not describes_fields and not describes_items


def _takes_anything_typed(view: View) -> bool:
    """Say whether *view* accepts every string, number and boolean, and lists of these.

    The schema of undocumented headers is an example.
    """
    items = view.keywords["items"]
    types = items.get("type", ()) if isinstance(items, Mapping) else ()
    return (
        {"string", "number", "boolean"} <= types_of(view)
        and isinstance(items, Mapping)
        and items.keys() == {"type"}
        and _SCALARS.issuperset([types] if isinstance(types, str) else types)
    )


_SCALARS = frozenset(("string", "number", "integer", "boolean"))


def encoding_of(view: View) -> str | None:
    """Return how the settings hold a file's content: `upload`, `base64`, or None for no file."""
    keywords = view.keywords
    if keywords.get("format") == "binary" or keywords.get("contentEncoding") == "binary":
        return "upload"
    if keywords.get("format") in ("byte", "base64") or keywords.get(
        "contentEncoding", ""
    ).startswith("base64"):
        return "base64"
    if BINARY_MEDIA.match(keywords.get("contentMediaType", "")):
        return "upload"
    return None


# Words for people


def type_text(views: Views, view: View, kind: str) -> str:
    """Return the type of *view* in a few words: `integer`, `list of string`, `one of 20`."""
    text = _TYPE_TEXT.get(kind)
    if text is not None:
        return text(views, view)
    return _plain_text(view, kind)


def type_of(views: Views, schema: Schema) -> str:
    """Return `type_text` of *schema*."""
    view = views.view(schema)
    return type_text(views, view, kind_of(view))


def _one_of(count: int, noun: str) -> str:
    return f"one of {count} {noun}".rstrip()


def _text_of_array(views: Views, view: View) -> str:
    below = views.view(view.keywords.get("items", {}))
    kind = kind_of(below)
    if kind in ("any", "raw") and not types_of(below):
        return "list"
    return "list of " + _text_below(below, kind)


def _text_of_map(views: Views, view: View) -> str:
    if isinstance(view.others, Mapping) and (below := views.view(view.others)):
        return "map of " + _text_below(below, kind_of(below))
    return "object"


def _text_below(view: View, kind: str) -> str:
    if kind in ("array", "map"):
        return kind + "s"
    return _plain_text(view, kind)


def _plain_text(view: View, kind: str) -> str:
    """Return the type of *view* in a few words, without the types inside it."""
    if kind == "number":
        if types_of(view) == {"integer"}:
            return "integer"
        return "number"
    if kind == "string":
        name = view.keywords.get("format", "")
        return name if 0 < len(name) <= 30 else "string"
    if kind == "enum":
        return _one_of(len(view.values or ()), "")
    if kind == "const":
        if view.values:
            return "always " + dump(view.values[0])[:60]
        return "null"
    if kind == "any":
        types = sorted(types_of(view), key=_TYPES.index)
        return " or ".join(types) or "any value"
    return {"raw": "JSON", "union": "one of several forms"}.get(kind, kind)


_TYPE_TEXT: dict[str, Callable[[Views, View], str]] = {
    "array": _text_of_array,
    "map": _text_of_map,
    "union": lambda views, view: _one_of(
        len(view.unions[0] if view.unions else types_of(view)), "forms"
    ),
}


# Members of a field, by kind


def add_members(field: dict[str, Any], view: View, kind: str) -> None:
    """Add the members for its *kind* to *field*, which already has its name."""
    fill = _MEMBERS.get(kind)
    if fill is not None:
        fill(view, field)


def is_secret(view: View, name: str | None, group: str) -> bool:
    """Say whether the text *name* in this *group* of the settings is a secret."""
    return view.keywords.get("format") == "password" or (
        name is not None and is_secret_name(name, group)
    )


def _copied(names: Mapping[str, str]) -> Callable[[View, dict[str, Any]], None]:
    """Return a function that copies bounds from a view to a field; *names* maps keyword to
    member.
    """

    def fill(view: View, field: dict[str, Any]) -> None:
        keywords = view.keywords
        field.update(
            {new: keywords[old] for old, new in names.items() if _is_bound(keywords.get(old))}
        )

    return fill


def _is_bound(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool) and value != ""


_string_bounds = _copied(
    {"format": "format", "pattern": "pattern", "minLength": "minimum", "maxLength": "maximum"}
)
_number_bounds = _copied(
    {name: name for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")}
    | {"multipleOf": "step"}
)
_array_bounds = _copied({"minItems": "minimum", "maxItems": "maximum"})
_map_bounds = _copied({"minProperties": "minimum", "maxProperties": "maximum"})


def _string(view: View, field: dict[str, Any]) -> None:
    """Add the bounds of a string, and whether it has several lines, by its name or its length."""
    _string_bounds(view, field)
    longest = field.get("maximum", 0)
    prose = (
        bool(_PROSE.search(field.get("name", "")))
        and "format" not in field
        and not 0 < longest <= 100
    )
    if (prose or longest > 200) and not field.get("secret"):
        field["multiline"] = True


def _number(view: View, field: dict[str, Any]) -> None:
    field["integer"] = types_of(view) == {"integer"}
    _number_bounds(view, field)


def _array(view: View, field: dict[str, Any]) -> None:
    _array_bounds(view, field)
    if view.keywords.get("uniqueItems") is True:
        field["unique"] = True


def _map(view: View, field: dict[str, Any]) -> None:
    """Add the bounds of a map, and which keys it allows."""
    _map_bounds(view, field)
    names = view.keywords.get("propertyNames", {})
    pattern = names.get("pattern", next(iter(view.patterns)) if len(view.patterns) == 1 else None)
    if isinstance(names.get("enum"), list):
        field["keys"] = {
            "kind": "enum",
            "type": "name",
            "values": names["enum"][:MOST_OF_ONE],
        }
    elif isinstance(pattern, str):
        field["keys"] = {
            "kind": "string",
            "type": "name",
            "pattern": pattern,
        }


def _enum(view: View, field: dict[str, Any]) -> None:
    field["values"] = (view.values or [])[:MOST_OF_ONE]
    if view.labels:
        field["labels"] = view.labels[:MOST_OF_ONE]


def _const(view: View, field: dict[str, Any]) -> None:
    field["value"] = view.values[0] if view.values else None


def _file(view: View, field: dict[str, Any]) -> None:
    field["encoding"] = encoding_of(view) or "upload"
    if "contentMediaType" in view.keywords:
        field["accept"] = view.keywords["contentMediaType"]


def _any(view: View, field: dict[str, Any]) -> None:
    types = types_of(view)
    if types:
        field["types"] = sorted(types | ({"null"} if view.nullable else set()), key=_TYPES.index)


_TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")

_MEMBERS: dict[str, Callable[[View, dict[str, Any]], None]] = {
    "string": _string,
    "number": _number,
    "array": _array,
    "map": _map,
    "enum": _enum,
    "const": _const,
    "file": _file,
    "any": _any,
}


# JSON


def json_of(view: View, kind: str) -> str:
    """Return the JSON type of the values of *view*; `any` if there may be several.

    Integers are `number`.
    """
    if kind in ("enum", "const"):
        types = {json_type(value) for value in view.values or ()}
        if len(types) == 1:
            return OF_TYPE.get(next(iter(types)), "any")
        return "any"
    return _JSON_OF.get(kind, "any")


_JSON_OF = {
    **{kind: kind for kind in ("object", "array", "string", "number", "boolean")},
    "map": "object",
    "file": "string",
}
"""Kind -> the JSON type of its value."""
