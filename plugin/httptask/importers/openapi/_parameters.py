"""Read parameters in path, query, header and cookie, and Swagger 2.0's parameters for the body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask.importers.openapi._context import SHOWN, Context, flag, is_array, text_of
from httptask.importers.openapi.schemas import as_boolean, or_empty
from httptask.model.api import MediaType, Parameter

LOCATIONS = ("path", "query", "header", "cookie", "querystring")
"""The locations of OpenAPI 3.2, section 4.12.2."""
BODY_LOCATIONS = ("body", "formData")
"""The locations of Swagger 2.0 whose parameters become a request body."""

_STYLES: Mapping[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
    "querystring": (),
}
"""Location -> its styles (OpenAPI 3.2, section 4.12.2.2.1)."""

_COLLECTION_FORMATS: Mapping[str, tuple[str | None, bool]] = {
    "csv": (None, False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
"""Swagger 2.0's `collectionFormat` -> (style, explode). None is the default style.

OpenAPI 3 has no style for tabs. Our `tabDelimited` is named like its other styles.
"""

_ITEM_DELIMITERS = {
    "csv": ",",
    "ssv": " ",
    "tsv": "\t",
    "pipes": "|",
}
"""`collectionFormat` -> the delimiter of an array within an array (Swagger 2.0, Items Object)."""

_NOT_OF_A_SCHEMA = frozenset(
    {
        "name",
        "in",
        "required",
        "description",
        "style",
        "explode",
        "allowReserved",
        "allowEmptyValue",
        "deprecated",
    }
    | {"collectionFormat", "content", "schema", "example", "examples", "$ref"}
)
"""The fields of a parameter that are not keywords of its schema. Swagger 2.0 mixes both."""

_STYLE_DELIMITERS = {
    "form": ",",
    "spaceDelimited": " ",
    "tabDelimited": "\t",
    "pipeDelimited": "|",
}
_MOST_NESTED = 4
"""How many levels of nested arrays are serialised."""
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


class Parameters:
    """Reads the parameters of one description. Equal parameters are read only once."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def listed(self, values: Any, uri: str) -> Iterator[Parameter | tuple[Mapping[str, Any], str]]:
        """Yield the parameters in the array *values*, at *uri*.

        For a `body` or `formData` parameter, yield (raw object, URI) instead.
        """
        values, uri = self._context.followed(values, uri)
        if values is None:
            return
        if not isinstance(values, list):
            self._context.notes.add("skipped", "parameters is no array", uri)
            return
        for index, value in enumerate(values):
            item_uri = f"{uri}/{index}"
            result = self._context.repeats.read("parameter", value, item_uri, self._parameter)
            if isinstance(result, tuple) and "$ref" not in value:
                result = result[0], item_uri  # the cache may have the URI of an equal parameter
            if result is not None:
                yield result

    def _parameter(self, value: Any, uri: str) -> Parameter | tuple[Mapping[str, Any], str] | None:
        """Return the parameter *value*, or (raw object, URI) if it is `body` or `formData`.

        Return None, with a note, if it cannot be read.
        """
        raw, uri = self._context.followed(value, uri)
        if not isinstance(raw, Mapping):
            if raw is not None:  # None: a reference without a target, which has its note already
                self._context.notes.add("skipped", "a parameter that is no object", uri)
            return None
        location = self._context.word(raw, "in", (*LOCATIONS, *BODY_LOCATIONS), uri)
        if location in BODY_LOCATIONS:
            return {**raw, "in": location}, uri
        name = self._name(raw, location, uri)
        if name is None:
            return None
        content, media_type = self._content(raw, uri)
        schema = content.schema
        style, explode = self._style(raw, location, schema, uri)
        if location == "query" and media_type is None and flag(raw, "allowEmptyValue"):
            schema = or_empty(dict(schema))
        return Parameter(
            name=name,
            location=location,
            required=location == "path" or flag(raw, "required"),
            schema=schema,
            description=text_of(raw, "description"),
            style=None if media_type else style,
            explode=None if media_type else explode,
            item_delimiters=self._item_delimiters(raw, style, explode, uri),
            allow_reserved=flag(raw, "allowReserved"),
            media_type=media_type,
            encoding=content.encoding,
            deprecated=flag(raw, "deprecated"),
            examples=content.examples + self._context.examples(raw, uri, schema),
        )

    def _name(self, raw: Mapping[str, Any], location: Any, uri: str) -> str | None:
        """Return the name of *raw*, or None, with a note, if the parameter cannot be sent."""
        name = raw.get("name")
        if location == "querystring" and not isinstance(name, str):
            name = "querystring"
        if not isinstance(name, str) or not name:
            why = "a parameter without a name"
        elif location not in LOCATIONS:
            why = f"the parameter {name!r} is sent in {location!r}, which is no place in a request"
        elif location == "header" and name.lower() in self._context.version.ignored_headers:
            why = f"the header {name!r} is not read as a parameter, as OpenAPI has it"
        else:
            return name
        self._context.notes.add("skipped", why, uri)
        return None

    def _content(self, raw: Mapping[str, Any], uri: str) -> tuple[MediaType, str | None]:
        """Return the schema of *raw*, and its media type or None if a style serialises values."""
        content, content_uri = self._context.mapping(
            raw.get("content"),
            f"{uri}/content",
            "content",
        )
        if content and "schema" not in raw:
            name, value = next(iter(content.items()))
            if len(content) > 1:
                self._context.notes.add(
                    "guessed",
                    f"a parameter of several media types; {name} is taken",
                    content_uri,
                )
            return self._context.media_type(value, pointer_of([name], content_uri)), name
        if "schema" in raw:
            return MediaType(self._context.schemas.schema(raw["schema"], f"{uri}/schema")), None
        # As Swagger 2.0 writes it: the keywords of the schema are fields of the parameter itself.
        inline = {key: value for key, value in raw.items() if key not in _NOT_OF_A_SCHEMA}
        return MediaType(self._context.schemas.schema(inline, uri) if inline else {}), None

    def _item_delimiters(
        self,
        raw: Mapping[str, Any],
        style: str | None,
        explode: bool | None,
        uri: str,
    ) -> tuple[str, ...]:
        if not self._context.version.is_swagger:
            return ()
        return item_delimiters(self._context, raw, style, explode, uri)

    def _style(
        self,
        raw: Mapping[str, Any],
        location: str,
        schema: Mapping[str, Any],
        uri: str,
    ) -> tuple[str | None, bool | None]:
        """Return (style, explode) of the parameter. None is the default."""
        if self._context.version.is_swagger and "style" not in raw:
            if is_array(schema):
                return self._collection_format(raw, location, uri)
            return (None, None)
        notes = self._context.notes
        style = self._context.word(raw, "style", _STYLES[location], uri)
        if style is not None and style not in _STYLES[location]:
            notes.add(
                "guessed",
                f"the style {style!r} is not for a {location} parameter; the default is taken",
                uri,
            )
            style = None
        if style == "deepObject" and is_array(self._context.target(schema)):
            notes.add(
                "guessed",
                "deepObject is not defined for an array; its items are sent as `name[]`",
                uri,
            )
        return style, as_boolean(raw.get("explode"))

    def _collection_format(
        self,
        raw: Mapping[str, Any],
        location: str,
        uri: str,
    ) -> tuple[str | None, bool]:
        """Return (style, explode) of an array in Swagger 2.0. None is the default style."""
        notes = self._context.notes
        collection_format = self._context.word(raw, "collectionFormat", _COLLECTION_FORMATS, uri)
        name = str(collection_format or "csv")
        if name not in _COLLECTION_FORMATS:
            notes.add(
                "guessed",
                f"the collectionFormat {name[:SHOWN]!r} is unknown; csv is taken",
                uri,
            )
        style, explode = _COLLECTION_FORMATS.get(name, _COLLECTION_FORMATS["csv"])
        if location in ("path", "header") and style == "form":
            notes.add(
                "guessed",
                f"the collectionFormat 'multi' is not for a {location}; csv is taken",
                uri,
            )
            return None, False
        return style, explode


def item_delimiters(
    context: Context,
    raw: Mapping[str, Any],
    style: str | None,
    explode: bool | None,
    uri: str,
) -> tuple[str, ...]:
    """Return the delimiters of the arrays nested in the array *raw*, from the outside in.

    Only Swagger 2.0 serialises nested arrays (Items Object). *style* and *explode* are those of the
    outermost array, *raw*.
    """
    delimiters: list[str] = []
    items = raw.get("items")
    items_uri = f"{uri}/items"
    while isinstance(items, Mapping) and is_array(items) and len(delimiters) < _MOST_NESTED:
        collection_format = context.word(items, "collectionFormat", _ITEM_DELIMITERS, items_uri)
        name = str(collection_format or "csv")
        if name not in _ITEM_DELIMITERS:
            context.notes.add(
                "guessed",
                f"the collectionFormat {name[:SHOWN]!r} is not for items; csv is taken",
                items_uri,
            )
        delimiters.append(_ITEM_DELIMITERS.get(name, ","))
        items = items.get("items")
        items_uri = f"{items_uri}/items"
    outermost = () if explode else (_STYLE_DELIMITERS.get(style or "form", ","),)
    all_delimiters = [*outermost, *delimiters]
    if delimiters and len(set(all_delimiters)) < len(all_delimiters):
        context.notes.add(
            "guessed",
            "arrays in each other are sent in one row: they have the same delimiter",
            uri,
        )
    return tuple(delimiters)


def merged(context: Context, *lists: tuple[Iterator[Parameter], str]) -> list[Parameter]:
    """Merge *lists*: a parameter of a later list replaces that of an earlier list.

    The lists are the path item's and the operation's, each with its URI. Name and location identify
    a parameter (OpenAPI, section 4.12); the case of header names does not matter. If one list has a
    parameter twice, the first counts.
    """
    parameters_by_key: dict[tuple[str, str], Parameter] = {}
    for parameters, uri in lists:
        keys_in_list: set[tuple[str, str]] = set()
        for parameter in parameters:
            name = parameter.name.lower() if parameter.location == "header" else parameter.name
            key = (parameter.location, name)
            if key in keys_in_list:
                context.notes.add(
                    "guessed",
                    f"the {parameter.location} parameter {name!r} stands twice; the first counts",
                    uri,
                )
                continue
            keys_in_list.add(key)
            parameters_by_key[key] = parameter
    return list(parameters_by_key.values())


def fitted(
    context: Context,
    parameters: list[Parameter],
    path: str,
    uri: str,
) -> list[Parameter]:
    """Return *parameters* with exactly one path parameter for each `{name}` in *path*.

    Path parameters come first, in the order of *path*. A missing one is added as a string; one that
    *path* does not name is left out. Both cause a note.
    """
    described = {
        parameter.name: parameter for parameter in parameters if parameter.location == "path"
    }
    in_path = []
    for name in dict.fromkeys(_TEMPLATE.findall(path)):
        parameter = described.pop(name, None)
        if parameter is None:
            parameter = _similar(context, described, name, uri)
        in_path.append(parameter)
    for name in described:
        context.notes.add("skipped", f"the path parameter {name!r} has no place in {path}", uri)
    return [*in_path, *(parameter for parameter in parameters if parameter.location != "path")]


def _similar(
    context: Context,
    described: dict[str, Parameter],
    name: str,
    uri: str,
) -> Parameter:
    """Return the parameter that `{name}` in a path probably means, removed from *described*.

    `{id*}`, `{+name}` and `{id:int}` come from template languages of frameworks: the parameter has
    the bare name. Without such a parameter, return a new one that accepts any string.
    """
    bare = re.sub(r"^[+#./;?&]|[*?]$|:.*$", "", name)
    parameter = described.pop(bare, None)
    if parameter is not None:
        context.notes.add("guessed", f"the path's {{{name}}} is the parameter {bare!r}", uri)
        return replace(parameter, name=name)
    context.notes.add("guessed", f"the path's {{{name}}} is not described: any text", uri)
    return Parameter(
        name,
        "path",
        required=True,
        schema={"type": "string"},
    )
