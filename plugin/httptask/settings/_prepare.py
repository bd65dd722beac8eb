"""Prefilled settings: what the description itself gives, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._json import pointer
from httptask.model.api import Endpoint
from httptask.settings._derive import settings_schema

_NOTHING = object()


def prepare(endpoint: Endpoint, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a task for *endpoint* whose settings hold only documented defaults and constants.

    Nothing is invented: a required value without a documented default is left out, for its author to fill. Required
    objects stand as empty objects, so that there is a place to fill it in. Without a documented server the URL is the bare
    path. *schema* is the settings schema, derived when absent.
    """
    schema = schema or settings_schema(endpoint)
    required = schema.get("required", ())
    request = {"url": endpoint.path}
    for name, child in schema["properties"].items():
        # A group that is not required is made for its defaults' sake only where that asks nothing more of the author.
        value = _prefilled(child, required=name in required or not _requires(child))
        if value is not _NOTHING and (value or name in required):
            request[name] = value
    order = ("url", "method", "pathParameters", "query", "headers", "cookies", "body")
    return {
        "type": "Http",
        "description": endpoint.title,
        "endpoint": endpoint.id,
        "httpRequest": {name: request[name] for name in order if name in request},
        "end": True,
    }


def still_to_fill(schema: Mapping[str, Any], request: Mapping[str, Any], base: str = "") -> list[tuple[str, str]]:
    """Return what *schema* requires and *request* lacks, as (JSON Pointer below *base*, what is expected)."""
    return list(_missing(schema, request, base))


def _missing(schema: Mapping[str, Any], value: Mapping[str, Any], base: str) -> Iterator[tuple[str, str]]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        child = properties.get(name, {})
        place = pointer([name], base)
        if name not in value:
            yield place, _expectation(child)
        elif isinstance(value[name], Mapping):
            yield from _missing(child, value[name], place)


def _expectation(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {len(schema['enum'])} values"
    kind = schema.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _requires(schema: Any) -> bool:
    return isinstance(schema, Mapping) and bool(schema.get("required"))


def _prefilled(schema: Any, *, required: bool) -> Any:
    """Return the documented value of *schema*, or `_NOTHING`. An object is made when it is *required* or documented."""
    if not isinstance(schema, Mapping):
        return _NOTHING
    for keyword in ("const", "default"):
        if keyword in schema:
            return copy.deepcopy(schema[keyword])
    properties = schema.get("properties")
    if not properties or not required:
        # Inside an optional object even a documented default would make the object, and what it requires, appear.
        return _NOTHING
    names = set(schema.get("required", ()))
    values = {name: _prefilled(child, required=name in names) for name, child in properties.items()}
    return {name: value for name, value in values.items() if value is not _NOTHING}
