"""Select the body's schema by its media type, if each media type has its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_FORMS = "#/properties/body/anyOf/"


def condition(index: int, media_types: list[str]) -> dict[str, Any]:
    """Return a condition of JSON Schema: these *media_types* as `Content-Type` select a form of the
    body.

    *index* is the form's position in the `anyOf` of the body.
    """
    named = {"properties": {"Content-Type": {"enum": media_types}}, "required": ["Content-Type"]}
    return {
        "if": {"properties": {"headers": named}, "required": ["headers"]},
        "then": {"properties": {"body": {"$ref": f"{_FORMS}{index}"}}},
    }


def for_media_type(schema: Mapping[str, Any], media_type: str | None) -> Mapping[str, Any]:
    """Return the settings *schema* with the body narrowed to the form for *media_type*.

    Problems of the body are then reported by this form alone. Returns *schema* itself if
    *media_type* selects no form.
    """
    index = next((index for index, names in _forms(schema) if media_type in names), None)
    if index is None:
        return schema
    properties = schema["properties"]
    body = {key: value for key, value in properties["body"].items() if key != "anyOf"}
    form = {**body, "allOf": [properties["body"]["anyOf"][index]]}
    # The conditions that select a form by the media type are answered now.
    remaining = [part for part in schema["allOf"] if _chosen(part) is None]
    narrowed = {
        **schema,
        "properties": {**properties, "body": form},
        "allOf": remaining,
    }
    if not remaining:
        del narrowed["allOf"]
    return narrowed


def _forms(schema: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Yield each form of the body: its index, and the media types that select it."""
    body = schema.get("properties", {}).get("body")
    if not isinstance(body, Mapping) or "anyOf" not in body or "allOf" in body:
        return
    for part in schema.get("allOf", ()):
        index = _chosen(part)
        if index is not None:
            headers = part["if"]["properties"]["headers"]
            yield index, headers["properties"]["Content-Type"]["enum"]


def _chosen(part: Any) -> int | None:
    """Return the index of the form that *part* of a settings schema selects, or None."""
    then = None
    if isinstance(part, Mapping):
        then = part.get("then")
    form = None
    if isinstance(then, Mapping):
        form = then.get("properties", {}).get("body")
    reference = None
    if isinstance(form, Mapping):
        reference = form.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_FORMS):
        return None
    index = reference.removeprefix(_FORMS)
    if index.isdecimal():
        return int(index)
    return None
