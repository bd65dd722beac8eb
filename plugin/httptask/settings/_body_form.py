"""The form of a body whose media type is known, where each media type has a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_FORMS = "#/properties/body/anyOf/"


def condition(index: int, media_types: list[str]) -> dict[str, Any]:
    """Return the condition by which *media_types*, as `Content-Type`, choose a form of the body.

    *index* is that of the form in the `anyOf` of the body.
    """
    named = {"properties": {"Content-Type": {"enum": media_types}}, "required": ["Content-Type"]}
    return {
        "if": {"properties": {"headers": named}, "required": ["headers"]},
        "then": {"properties": {"body": {"$ref": f"{_FORMS}{index}"}}},
    }


def for_media_type(schema: Mapping[str, Any], media_type: str | None) -> Mapping[str, Any]:
    """Return the settings *schema* with the form that the body has as *media_type*; *schema* itself
    where that chooses none.

    What is wrong with such a body is never told by another form of it.
    """
    index = next((index for index, names in _forms(schema) if media_type in names), None)
    if index is None:
        return schema
    properties = schema["properties"]
    body = {key: value for key, value in properties["body"].items() if key != "anyOf"}
    form = {**body, "allOf": [properties["body"]["anyOf"][index]]}
    others = [part for part in schema["allOf"] if _chosen(part) is None]
    narrowed = {**schema, "properties": {**properties, "body": form}, "allOf": others}
    if not others:
        del narrowed["allOf"]
    return narrowed


def _forms(schema: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Yield the index of each form of the body, with the media types that choose it."""
    body = schema.get("properties", {}).get("body")
    if not isinstance(body, Mapping) or "anyOf" not in body or "allOf" in body:
        return
    for part in schema.get("allOf", ()):
        if (index := _chosen(part)) is not None:
            headers = part["if"]["properties"]["headers"]
            yield index, headers["properties"]["Content-Type"]["enum"]


def _chosen(part: Any) -> int | None:
    """Return the index of the form that *part* of a settings schema chooses, or None."""
    then = part.get("then") if isinstance(part, Mapping) else None
    form = then.get("properties", {}).get("body") if isinstance(then, Mapping) else None
    reference = form.get("$ref") if isinstance(form, Mapping) else None
    if not isinstance(reference, str) or not reference.startswith(_FORMS):
        return None
    index = reference.removeprefix(_FORMS)
    return int(index) if index.isdecimal() else None
