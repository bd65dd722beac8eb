"""Parameters: path, query, header and cookie values, and the fields of a body where Swagger 2.0
lists them as parameters.
"""

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
"""OpenAPI 3.2, section 4.12.2; `body` and `formData` of Swagger 2.0 become a request body."""
BODY_LOCATIONS = ("body", "formData")

_STYLES: Mapping[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
    "querystring": (),
}
"""OpenAPI 3.2, section 4.12.2.2.1."""

_COLLECTION_FORMATS: Mapping[str, tuple[str | None, bool]] = {
    "csv": (None, False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
"""Swagger 2.0's `collectionFormat` -> style and explode. OpenAPI 3 has no tabs; the name follows
the others.
"""

_ITEM_DELIMITERS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
"""Swagger 2.0, Items Object: what `collectionFormat` puts between the items of an array in an
array.
"""

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
"""Fields of a parameter beside which, in Swagger 2.0, the keywords of its schema stand."""

_STYLE_DELIMITERS = {"form": ",", "spaceDelimited": " ", "tabDelimited": "\t", "pipeDelimited": "|"}
_MOST_NESTED = 4
"""Arrays in each other that are written."""
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


class Parameters:
    """Reads the parameters of one description; those that are named and referred to often, once."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def listed(
        self, values: Any, place: str
    ) -> Iterator[Parameter | tuple[Mapping[str, Any], str]]:
        """Yield each of *values*, at *place*: a parameter, or for a part of the body its raw value
        and its place.
        """
        values, place = self._context.followed(values, place)
        if values is None:
            return
        if not isinstance(values, list):
            self._context.notes.add("skipped", "parameters is no array", place)
            return
        for index, value in enumerate(values):
            at = f"{place}/{index}"
            read = self._context.repeats.read("parameter", value, at, self._read)
            if isinstance(read, tuple) and "$ref" not in value:
                read = read[0], at  # an equal one may have been read elsewhere
            if read is not None:
                yield read

    def _read(self, value: Any, place: str) -> Parameter | tuple[Mapping[str, Any], str] | None:
        raw, place = self._context.followed(value, place)
        notes = self._context.notes
        if not isinstance(raw, Mapping):
            if raw is not None:  # a dangling reference was noted already
                notes.add("skipped", "a parameter that is no object", place)
            return None
        location = self._context.word(raw, "in", (*LOCATIONS, *BODY_LOCATIONS), place)
        if location in BODY_LOCATIONS:
            return {**raw, "in": location}, place
        name = raw.get("name")
        if location == "querystring" and not isinstance(name, str):
            name = "querystring"
        if not isinstance(name, str) or not name:
            notes.add("skipped", "a parameter without a name", place)
            return None
        if location not in LOCATIONS:
            notes.add(
                "skipped",
                f"the parameter {name!r} is sent in {location!r}, which is no place in a request",
                place,
            )
            return None
        if location == "header" and name.lower() in self._context.version.ignored_headers:
            notes.add(
                "skipped",
                f"the header {name!r} is not read as a parameter, as OpenAPI has it",
                place,
            )
            return None
        content, media_type = self._content(raw, place)
        schema = content.schema
        style, explode = self._style(raw, location, schema, place)
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
            item_delimiters=self._item_delimiters(raw, style, explode, place),
            allow_reserved=flag(raw, "allowReserved"),
            media_type=media_type,
            encoding=content.encoding,
            deprecated=flag(raw, "deprecated"),
            examples=content.examples + self._context.examples(raw, place, schema),
        )

    def _content(self, raw: Mapping[str, Any], place: str) -> tuple[MediaType, str | None]:
        """Return what the value is, and the media type it is written as; None when it is written by
        a style.
        """
        content = raw.get("content")
        if isinstance(content, Mapping) and content and "schema" not in raw:
            name, value = next(iter(content.items()))
            if len(content) > 1:
                self._context.notes.add(
                    "guessed",
                    f"a parameter of several media types; {name} is taken",
                    f"{place}/content",
                )
            return self._context.media_type(value, pointer_of(["content", name], place)), name
        if "schema" in raw:
            return MediaType(self._context.schemas.schema(raw["schema"], f"{place}/schema")), None
        inline = {key: value for key, value in raw.items() if key not in _NOT_OF_A_SCHEMA}
        return MediaType(self._context.schemas.schema(inline, place) if inline else {}), None

    def _item_delimiters(
        self, raw: Mapping[str, Any], style: str | None, explode: bool | None, place: str
    ) -> tuple[str, ...]:
        if not self._context.version.is_swagger:
            return ()
        return item_delimiters(self._context, raw, style, explode, place)

    def _style(
        self, raw: Mapping[str, Any], location: str, schema: Mapping[str, Any], place: str
    ) -> tuple[str | None, bool | None]:
        notes = self._context.notes
        if self._context.version.is_swagger and "style" not in raw:
            if not is_array(schema):
                return None, None
            written = str(
                self._context.word(raw, "collectionFormat", _COLLECTION_FORMATS, place) or "csv"
            )
            if written not in _COLLECTION_FORMATS:
                notes.add(
                    "guessed",
                    f"the collectionFormat {written[:SHOWN]!r} is unknown; csv is taken",
                    place,
                )
            own, apart = _COLLECTION_FORMATS.get(written, _COLLECTION_FORMATS["csv"])
            if location in ("path", "header") and own == "form":
                notes.add(
                    "guessed",
                    f"the collectionFormat 'multi' is not for a {location}; csv is taken",
                    place,
                )
                own, apart = None, False
            return own, apart
        style = self._context.word(raw, "style", _STYLES[location], place)
        if style is not None and style not in _STYLES[location]:
            notes.add(
                "guessed",
                f"the style {style!r} is not for a {location} parameter; the default is taken",
                place,
            )
            style = None
        if style == "deepObject" and is_array(self._context.target(schema)):
            notes.add(
                "guessed",
                "deepObject is not defined for an array; its items are sent as `name[]`",
                place,
            )
        return style, as_boolean(raw.get("explode"))


def item_delimiters(
    context: Context, raw: Mapping[str, Any], style: str | None, explode: bool | None, place: str
) -> tuple[str, ...]:
    """Return what is between the items of each array in the array *raw*, the outer ones first.

    Only Swagger 2.0 writes arrays in an array (Items Object). *style* and *explode* are those of
    the outermost.
    """
    delimiters: list[str] = []
    items = raw.get("items")
    path = f"{place}/items"
    while isinstance(items, Mapping) and is_array(items) and len(delimiters) < _MOST_NESTED:
        written = str(context.word(items, "collectionFormat", _ITEM_DELIMITERS, path) or "csv")
        if written not in _ITEM_DELIMITERS:
            context.notes.add(
                "guessed",
                f"the collectionFormat {written[:SHOWN]!r} is not for items; csv is taken",
                path,
            )
        delimiters.append(_ITEM_DELIMITERS.get(written, ","))
        items, path = items.get("items"), f"{path}/items"
    outermost = () if explode else (_STYLE_DELIMITERS.get(style or "form", ","),)
    every = [*outermost, *delimiters]
    if delimiters and len(set(every)) < len(every):
        context.notes.add(
            "guessed",
            "arrays in each other are sent in one row: they have the same delimiter",
            place,
        )
    return tuple(delimiters)


def merged(context: Context, *lists: tuple[Iterator[Parameter], str]) -> list[Parameter]:
    """Return the parameters of *lists* (of the path, then of the operation; each with its place),
    the later ones first in right.

    A parameter's name and location are its identity (OpenAPI, section 4.12); header names have no
    case. Of two in one list the first counts.
    """
    found: dict[tuple[str, str], Parameter] = {}
    for parameters, place in lists:
        seen: set[tuple[str, str]] = set()
        for parameter in parameters:
            name = parameter.name.lower() if parameter.location == "header" else parameter.name
            key = (parameter.location, name)
            if key in seen:
                context.notes.add(
                    "guessed",
                    f"the {parameter.location} parameter {name!r} stands twice; the first counts",
                    place,
                )
                continue
            seen.add(key)
            found[key] = parameter
    return list(found.values())


def fitted(context: Context, parameters: list[Parameter], path: str, place: str) -> list[Parameter]:
    """Return *parameters* with a path parameter for every `{name}` of *path*, in its order, and
    none for any other name.
    """
    described = {
        parameter.name: parameter for parameter in parameters if parameter.location == "path"
    }
    names = list(dict.fromkeys(_TEMPLATE.findall(path)))
    found = []
    for name in names:
        parameter = described.pop(name, None)
        if parameter is None:
            # `{id*}`, `{+name}` and `{id:int}` are template languages of frameworks; the parameter
            # has the bare name.
            bare = re.sub(r"^[+#./;?&]|[*?]$|:.*$", "", name)
            near = described.pop(bare, None)
            if near is not None:
                parameter = replace(near, name=name)
                context.notes.add(
                    "guessed", f"the path's {{{name}}} is the parameter {bare!r}", place
                )
            else:
                parameter = Parameter(name, "path", required=True, schema={"type": "string"})
                context.notes.add(
                    "guessed", f"the path's {{{name}}} is not described: any text", place
                )
        found.append(parameter)
    for name in described:
        context.notes.add("skipped", f"the path parameter {name!r} has no place in {path}", place)
    return [*found, *(parameter for parameter in parameters if parameter.location != "path")]
