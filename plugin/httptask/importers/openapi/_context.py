"""The state and the helpers that all readers of one description share."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._schema.subschemas import definition_name
from httptask.importers.openapi._notes import Notes
from httptask.importers.openapi._references import OBJECT, References
from httptask.importers.openapi._repeats import Repeats
from httptask.importers.openapi._versions import Version
from httptask.importers.openapi.schemas import MISFIT, Schemas, as_type, fits
from httptask.model.api import MediaType

SHOWN = 40
"""How many letters of a wrong value a note quotes."""
_EXPANDED = 8
LARGEST_EXAMPLE = 64 * 1024
"""The most letters of JSON text of an example. Larger examples are left out."""


@dataclass(frozen=True, slots=True)
class Context:
    """The shared state of reading one description."""

    version: Version
    references: References
    schemas: Schemas
    notes: Notes
    repeats: Repeats

    def followed(
        self,
        value: Any,
        uri: str,
        *,
        severity: str = "error",
    ) -> tuple[Any, str]:
        """Follow references from *value*, at *uri*; return (target, its URI).

        If a reference has no target, return None as the target and add a note with *severity*: by
        default an error, because a part of the request is lost.
        """
        try:
            return self.references.followed(value, uri)
        except LookupError as error:
            self.notes.add("missing", str(error.args[0]), uri, severity)
            return None, uri

    def mapping(
        self,
        value: Any,
        uri: str,
        name: str,
        *,
        severity: str = "error",
    ) -> tuple[Mapping[str, Any], str]:
        """Return the object *value*, at *uri*, or the object that it refers to, and its URI.

        If that is not an object, return an empty one; add a note, unless it is None. References are
        followed everywhere, although OpenAPI allows them only in some places: descriptions in
        several files have them for any object. *name* is the name of the object in the note.
        """
        target, target_uri = self.followed(value, uri, severity=severity)
        if isinstance(target, OBJECT):
            return target, target_uri
        if target is not None:
            self.notes.add("skipped", f"{name} is no object", target_uri)
        return {}, target_uri

    def expanded(
        self,
        value: Any,
        uri: str,
        levels: int = _EXPANDED,
    ) -> tuple[Any, str]:
        """Replace all references in *value*, at *uri*, by their targets; return (value, its URI).

        Use this for small values without schemas: servers, security requirements and schemes. It
        stops after *levels* levels, so that circles end.
        """
        value, uri = self.followed(value, uri)
        if isinstance(value, list) and levels:
            items = enumerate(value)
            return [
                self.expanded(item, f"{uri}/{index}", levels - 1)[0] for index, item in items
            ], uri
        if isinstance(value, OBJECT) and levels:
            members = {
                name: self.expanded(item, pointer_of([name], uri), levels - 1)[0]
                for name, item in value.items()
            }
            return members, uri
        return value, uri

    def word(
        self,
        raw: Mapping[str, Any],
        name: str,
        words: Collection[str],
        uri: str,
    ) -> Any:
        """Return the field *name* of *raw*, at *uri*, with the capital letters it has in *words*.

        A difference in case causes a note. A value that is not in *words* is returned unchanged;
        the caller decides what to do with it.
        """
        value = raw.get(name)
        if not isinstance(value, str) or value in words:
            return value
        by_lower_case = {word.lower(): word for word in words}
        corrected: str = by_lower_case.get(value.strip().lower(), value)
        if corrected != value:
            self.notes.add("guessed", f"{name}: {value[:SHOWN]!r} is taken for {corrected!r}", uri)
        return corrected

    def media_type(self, raw: Any, uri: str) -> MediaType:
        """Read the Media Type Object *raw*, at *uri*. Equal objects are read only once."""
        return self.repeats.read("media type", raw, uri, self._media_type)

    def _media_type(self, raw: Any, uri: str) -> MediaType:
        value, uri = self.mapping(raw, uri, "a media type")
        schema: Mapping[str, Any] = {}
        if "schema" in value:
            schema = self.schemas.schema(value["schema"], f"{uri}/schema")
        elif "itemSchema" in value:  # OpenAPI 3.2, section 4.14: the items of a stream
            schema = {
                "type": "array",
                "items": self.schemas.schema(value["itemSchema"], f"{uri}/itemSchema"),
            }
        return MediaType(
            schema=schema,
            encoding=self._encoding(
                *self.mapping(value.get("encoding"), f"{uri}/encoding", "encoding")
            ),
            examples=self.examples(value, uri, schema),
        )

    def _encoding(self, raw: Mapping[str, Any], uri: str) -> dict[str, Mapping[str, Any]]:
        encodings: dict[str, Mapping[str, Any]] = {}
        for name, item in raw.items():
            value, item_uri = self.mapping(item, pointer_of([name], uri), "an encoding")
            encoding: dict[str, Any] = {
                key: value[key]
                for key, value_type in _ENCODING.items()
                if isinstance(value.get(key), value_type)
            }
            if "style" in encoding:
                encoding["style"] = self.word(value, "style", _FORM_STYLES, item_uri)
            if "headers" in value:
                encoding["headers"] = self.headers(value["headers"], f"{item_uri}/headers")
            encodings[name] = encoding
        return encodings

    def headers(self, raw: Any, uri: str) -> dict[str, Mapping[str, Any]]:
        """Return name -> header of the map of Header Objects *raw*, at *uri*.

        A header is `{"description"?, "required"?, "schema"}`.
        """
        headers_by_name: dict[str, Mapping[str, Any]] = {}
        headers, uri = self.mapping(raw, uri, "headers", severity="warning")
        for name, item in headers.items():
            value, header_uri = self.followed(item, pointer_of([name], uri), severity="warning")
            if not isinstance(value, Mapping):
                if value is not None:
                    self.notes.add("skipped", "a header that is no object", header_uri)
                continue
            header: dict[str, Any] = {"schema": self._header_schema(value, header_uri)}
            if flag(value, "required"):
                header["required"] = True
            description = text_of(value, "description")
            if description:
                header["description"] = description
            headers_by_name[name] = header
        return headers_by_name

    def _header_schema(self, raw: Mapping[str, Any], uri: str) -> Mapping[str, Any]:
        if "schema" in raw:
            return self.schemas.schema(raw["schema"], f"{uri}/schema")
        content, content_uri = self.mapping(raw.get("content"), f"{uri}/content", "content")
        if content:
            # There must be one media type only (OpenAPI 3.0.4, section 4.7.21).
            name, value = next(iter(content.items()))
            return self.media_type(value, pointer_of([name], content_uri)).schema
        # In Swagger 2.0, the keywords of the schema are those of the header itself.
        inline = {key: item for key, item in raw.items() if key not in _HEADER_FIELDS}
        if inline:
            return self.schemas.schema(inline, uri)
        return {}

    def target(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the definition that the converted *schema* refers to, or else *schema* itself."""
        name = definition_name(schema.get("$ref"))
        target: Mapping[str, Any] = schema
        if name is not None:
            target = self.schemas.definitions[name]
        return target

    def examples(
        self,
        raw: Mapping[str, Any],
        uri: str,
        schema: Mapping[str, Any] | None = None,
    ) -> tuple[Any, ...]:
        """Return `example` and `examples` of *raw*, at *uri*, as values of the type of *schema*.

        A string that can be read as a value of this type is converted. Other strings stay, because
        they may be the serialised form of a value (XML, an array with commas); `serializedValue`
        always stays.
        """
        documented = list(self._listed_examples(raw, uri))
        types = None
        if documented and schema:
            types = self.target(schema).get("type")
        if types is None:
            return tuple(value for value, _ in documented)
        names = [types] if isinstance(types, str) else types
        values: list[Any] = []
        for value, value_uri in documented:
            typed = value
            if not fits(value, names):
                typed = as_type(value, names, self.references.written(value, value_uri))
            if value_uri.endswith("/serializedValue"):
                typed = value
            if typed is MISFIT and not isinstance(value, str):
                self.notes.add(
                    "skipped",
                    f"an example that is no {' or '.join(names)} is left out",
                    value_uri,
                )
                continue
            if typed is not MISFIT and typed is not value:
                self.notes.add(
                    "guessed",
                    f"an example is written as {' or '.join(names)}",
                    value_uri,
                )
            values.append(value if typed is MISFIT else typed)
        return tuple(values)

    def _listed_examples(self, raw: Mapping[str, Any], uri: str) -> Iterator[tuple[Any, str]]:
        """Yield (value, URI) of `example` and `examples`: an array, or a map of Example Objects."""
        examples: list[tuple[Any, str]] = []
        if raw.get("example") is not None:
            examples.append((raw["example"], f"{uri}/example"))
        named = raw.get("examples")
        if isinstance(named, list):
            examples += [(value, f"{uri}/examples/{index}") for index, value in enumerate(named)]
        elif isinstance(named, Mapping):
            for name, item in named.items():
                value, example_uri = self.followed(
                    item,
                    pointer_of(["examples", name], uri),
                    severity="warning",
                )
                # OpenAPI 3.2, section 4.19: the value as data, or in its serialised form.
                for key in ("value", "dataValue", "serializedValue"):
                    if isinstance(value, Mapping) and key in value:
                        examples.append((value[key], f"{example_uri}/{key}"))
                        break
        for value, example_uri in examples:
            if self._is_small(value, uri):
                yield value, example_uri

    def _is_small(self, example: Any, uri: str) -> bool:
        # Most examples are scalars, and need not be written as JSON to be measured.
        is_scalar = isinstance(example, str | int | float | bool | None)
        if is_scalar and len(str(example)) <= LARGEST_EXAMPLE:
            return True
        if len(json.dumps(example)) <= LARGEST_EXAMPLE:
            return True
        self.notes.add("skipped", f"an example of more than {LARGEST_EXAMPLE // 1024} KiB", uri)
        return False


_FORM_STYLES = ("form", "spaceDelimited", "pipeDelimited", "deepObject")
"""OpenAPI 3.2, section 4.15.1.2."""
_ENCODING = {
    "contentType": str,
    "style": str,
    "explode": bool,
    "allowReserved": bool,
}
_HEADER_FIELDS = frozenset(
    ("description", "required", "style", "explode", "content", "example", "examples", "deprecated")
)


def is_array(schema: Mapping[str, Any]) -> bool:
    """Say whether the converted *schema* is an array, which may be nullable."""
    return schema.get("type") in ("array", ["array"], ["array", "null"], ["null", "array"])


def flag(raw: Mapping[str, Any], name: str) -> bool:
    """Return the boolean field *name* of *raw*. The string `true` counts as true, too."""
    value = raw.get(name)
    if isinstance(value, str):
        return value.strip().lower() == "true"
    return value is True


def text_of(raw: Mapping[str, Any], name: str) -> str:
    """Return the string field *name* of *raw* without surrounding spaces; "" if it is no string."""
    value = raw.get(name)
    if isinstance(value, str):
        return value.strip()
    return ""
