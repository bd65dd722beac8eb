"""What every part of a reading shares: the version, the references, the schemas, the notes."""

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
"""Letters of a wrong value that a note repeats."""
LARGEST_EXAMPLE = 64 * 1024
"""Letters of JSON text of the largest example that is kept."""


@dataclass(frozen=True, slots=True)
class Context:
    """One reading's shared parts."""

    version: Version
    references: References
    schemas: Schemas
    notes: Notes
    repeats: Repeats

    def followed(self, value: Any, place: str, *, severity: str = "error") -> tuple[Any, str]:
        """Return *value*, at *place*, with references followed; None when they lead nowhere, which
        is noted.

        *severity* is that of the note: what a request is made of is lost, unless the caller knows
        better.
        """
        try:
            return self.references.followed(value, place)
        except LookupError as error:
            self.notes.add("missing", str(error.args[0]), place, severity)
            return None, place

    def mapping(
        self, value: Any, place: str, what: str, *, severity: str = "error"
    ) -> tuple[Mapping[str, Any], str]:
        """Return the object that *value*, at *place*, is or refers to, and its place; an empty one
        for all else.

        What is no object is noted, unless it is None. A description of several files may have a
        reference wherever it has an object, though OpenAPI lists the places where one may stand.
        """
        found, at = self.followed(value, place, severity=severity)
        if isinstance(found, OBJECT):
            return found, at
        if found is not None:
            self.notes.add("skipped", f"{what} is no object", at)
        return {}, at

    def word(self, raw: Mapping[str, Any], name: str, words: Collection[str], place: str) -> Any:
        """Return the field *name* of *raw*, at *place*, as the one of *words* that it is but for
        its case, which is noted.

        What is none of them is returned as it is: the caller knows what follows from it.
        """
        value = raw.get(name)
        if not isinstance(value, str) or value in words:
            return value
        known = {word.lower(): word for word in words}
        meant: str = known.get(value.strip().lower(), value)
        if meant != value:
            self.notes.add("guessed", f"{name}: {value[:SHOWN]!r} is taken for {meant!r}", place)
        return meant

    def media_type(self, raw: Any, place: str) -> MediaType:
        """Return the Media Type Object *raw*, which stands at *place*."""
        return self.repeats.read("media type", raw, place, self._media_type)

    def _media_type(self, raw: Any, place: str) -> MediaType:
        value, at = self.mapping(raw, place, "a media type")
        schema: Mapping[str, Any] = {}
        if "schema" in value:
            schema = self.schemas.schema(value["schema"], f"{at}/schema")
        elif "itemSchema" in value:  # OpenAPI 3.2, section 4.14: the items of a stream
            schema = {
                "type": "array",
                "items": self.schemas.schema(value["itemSchema"], f"{at}/itemSchema"),
            }
        encoding = value.get("encoding")
        return MediaType(
            schema=schema,
            encoding=(
                self._encoding(encoding, f"{at}/encoding") if isinstance(encoding, Mapping) else {}
            ),
            examples=self.examples(value, at, schema),
        )

    def _encoding(self, raw: Mapping[str, Any], place: str) -> dict[str, Mapping[str, Any]]:
        encodings: dict[str, Mapping[str, Any]] = {}
        for name, value in raw.items():
            if not isinstance(value, Mapping):
                continue
            kept: dict[str, Any] = {
                key: value[key]
                for key, kind in _ENCODING.items()
                if isinstance(value.get(key), kind)
            }
            if "style" in kept:
                kept["style"] = self.word(value, "style", _FORM_STYLES, pointer_of([name], place))
            if "headers" in value:
                kept["headers"] = self.headers(
                    value["headers"], pointer_of([name, "headers"], place)
                )
            encodings[name] = kept
        return encodings

    def headers(self, raw: Any, place: str) -> dict[str, Mapping[str, Any]]:
        """Return the Header Objects of *raw*, at *place*, as header -> `{"description"?,
        "required"?, "schema"}`.
        """
        found: dict[str, Mapping[str, Any]] = {}
        headers, place = self.mapping(raw, place, "headers", severity="warning")
        for name, item in headers.items():
            value, at = self.followed(item, pointer_of([name], place), severity="warning")
            if not isinstance(value, Mapping):
                if value is not None:
                    self.notes.add("skipped", "a header that is no object", at)
                continue
            header: dict[str, Any] = {"schema": self._header_schema(value, at)}
            if flag(value, "required"):
                header["required"] = True
            if text := text_of(value, "description"):
                header["description"] = text
            found[name] = header
        return found

    def _header_schema(self, raw: Mapping[str, Any], place: str) -> Mapping[str, Any]:
        if "schema" in raw:
            return self.schemas.schema(raw["schema"], f"{place}/schema")
        content = raw.get("content")
        if isinstance(content, Mapping) and content:
            name, value = next(iter(content.items()))
            return self.media_type(value, pointer_of(["content", name], place)).schema
        inline = {
            key: each for key, each in raw.items() if key not in _HEADER_FIELDS
        }  # Swagger 2.0
        return self.schemas.schema(inline, place) if inline else {}

    def target(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the definition that the converted *schema* refers to, or *schema* when it refers
        to none.
        """
        name = definition_name(schema.get("$ref"))
        found: Mapping[str, Any] = self.schemas.definitions[name] if name is not None else schema
        return found

    def examples(
        self, raw: Mapping[str, Any], place: str, schema: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """Return the values of `example` and `examples` of *raw*, at *place*, in the type that
        *schema* asks for.

        A text may be how a value is sent (XML, an array with commas): it stays where it is plainly
        nothing else, and where the description says so.
        """
        found = list(self._listed_examples(raw, place))
        types = self.target(schema).get("type") if found and schema else None
        if types is None:
            return tuple(value for value, _ in found)
        names = [types] if isinstance(types, str) else types
        values: list[Any] = []
        for value, at in found:
            new = value
            if not fits(value, names):
                new = as_type(value, names, self.references.written(value, at))
            if at.endswith("/serializedValue"):
                new = value
            if new is MISFIT and not isinstance(value, str):
                self.notes.add(
                    "skipped", f"an example that is no {' or '.join(names)} is left out", at
                )
                continue
            if new is not MISFIT and new is not value:
                self.notes.add("guessed", f"an example is written as {' or '.join(names)}", at)
            values.append(value if new is MISFIT else new)
        return tuple(values)

    def _listed_examples(self, raw: Mapping[str, Any], place: str) -> Iterator[tuple[Any, str]]:
        found = [(raw["example"], f"{place}/example")] if raw.get("example") is not None else []
        named = raw.get("examples")
        if isinstance(named, list):
            found += [(value, f"{place}/examples/{index}") for index, value in enumerate(named)]
        elif isinstance(named, Mapping):
            for name, item in named.items():
                value, at = self.followed(
                    item, pointer_of(["examples", name], place), severity="warning"
                )
                # OpenAPI 3.2, section 4.19: the value as data, or as it is sent.
                for key in ("value", "dataValue", "serializedValue"):
                    if isinstance(value, Mapping) and key in value:
                        found.append((value[key], f"{at}/{key}"))
                        break
        for value, at in found:
            if self._is_small(value, place):
                yield value, at

    def _is_small(self, example: Any, place: str) -> bool:
        if (
            isinstance(example, str | int | float | bool | None)
            and len(str(example)) <= LARGEST_EXAMPLE
        ):
            return True
        if len(json.dumps(example)) <= LARGEST_EXAMPLE:
            return True
        self.notes.add("skipped", f"an example of more than {LARGEST_EXAMPLE // 1024} KiB", place)
        return False


_FORM_STYLES = ("form", "spaceDelimited", "pipeDelimited", "deepObject")
"""OpenAPI 3.2, section 4.15.1.2."""
_ENCODING = {"contentType": str, "style": str, "explode": bool, "allowReserved": bool}
_HEADER_FIELDS = frozenset(
    ("description", "required", "style", "explode", "content", "example", "examples", "deprecated")
)


def is_array(schema: Mapping[str, Any]) -> bool:
    """Say whether the converted *schema* describes an array, or null instead."""
    return schema.get("type") in ("array", ["array"], ["array", "null"], ["null", "array"])


def flag(raw: Mapping[str, Any], name: str) -> bool:
    """Return the boolean *name* of *raw*; the text `true` is one, too, as descriptions have it."""
    value = raw.get(name)
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def text_of(raw: Mapping[str, Any], name: str) -> str:
    """Return the text *name* of *raw*, without the spaces around it; "" when there is none."""
    value = raw.get(name)
    return value.strip() if isinstance(value, str) else ""
