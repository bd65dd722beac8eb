"""Prefilled settings: only values that the description itself gives."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.subschemas import definition_name, parts_of
from httptask.model.api import Endpoint
from httptask.settings._body_form import for_media_type
from httptask.settings._derive import settings_schema
from httptask.settings.check import schema_problems

_NOTHING = object()


def prepare(endpoint: Endpoint, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a task for *endpoint* with the constants and required defaults of its description.

    No value is invented. A required value without a documented default is left out, for its author
    to fill in; so is a default that violates its own schema. The default of an optional field is
    left to the server: a form can show it from the schema, but it is not sent. Required objects
    appear as empty objects, so that there is something to fill in. An optional body is left out
    together with its `Content-Type`, since some servers refuse one without the other. Without a
    documented server the URL is the bare path. *schema* is the settings schema; by default it is
    derived.
    """
    schema = schema or settings_schema(endpoint)
    required = schema.get("required", ())
    request: dict[str, Any] = {"url": endpoint.target}
    for name, child in schema["properties"].items():
        if name == "body" and name not in required:
            continue
        shape = _Shape.of(child, schema.get("$defs", {}))
        # An optional group is made for its constants only if it does not require the author to add
        # more.
        is_made = name in required or not shape.required
        value = _prefilled(shape, required=is_made)
        if value is not _NOTHING and (value or name in required):
            request[name] = value
    _set_content_type(request, schema)
    # Missing values are expected here, and no reason to drop a value that is present.
    for problem in schema_problems(schema, request, missing=False):
        if problem.severity == "error" or problem.code == "read-only":
            _drop(request, parts(problem.pointer))
    order = ("url", "method", "pathParameters", "query", "headers", "cookies", "body")
    return {
        "type": "Http",
        "description": endpoint.title,
        "endpoint": endpoint.id,
        "httpRequest": {name: request[name] for name in order if name in request},
        "end": True,
    }


def _set_content_type(request: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Set `Content-Type` in the prefilled *request* to the documented media type; remove it
    without a body.

    If the description itself requires a `Content-Type` header, its prefilled value stays.
    """
    required = schema.get("required", ())
    group = _Shape.of(schema, schema.get("$defs", {})).child("headers")
    name = next((header for header in group.properties if header.lower() == "content-type"), None)
    if name is None or name in group.required:
        return
    headers = {
        header: value for header, value in request.get("headers", {}).items() if header != name
    }
    # Without a body there is no content whose type could be told (RFC 9110, section 8.3).
    if "body" in request or "body" in required:
        headers |= _but_nothing({name: group.child(name).documented(required=True)})
    request.pop("headers", None)
    if headers or "headers" in required:
        request["headers"] = headers


def _drop(settings: dict[str, Any], path: Sequence[str]) -> None:
    """Remove the scalar at *path* from *settings*.

    Objects stay, so that their missing fields are reported.
    """
    holder: Any = settings
    for step in path[:-1]:
        holder = holder.get(step) if isinstance(holder, dict) else None
    if path and isinstance(holder, dict) and not isinstance(holder.get(path[-1], {}), dict):
        del holder[path[-1]]


def still_to_fill(
    schema: Mapping[str, Any],
    request: Mapping[str, Any],
    base: str = "",
) -> list[tuple[str, str]]:
    """Return what *schema* requires and *request* lacks: (JSON Pointer below *base*, expectation).

    An optional body that has required fields is included, with its media type: many descriptions
    forget to say that a body is required.
    """
    headers = _Shape.of(schema, schema.get("$defs", {})).child("headers")
    content_type = request.get("headers", {}).get("Content-Type")
    if content_type is None:
        content_type = headers.child("Content-Type").keywords.get("default")
    schema = for_media_type(schema, content_type)
    shape = _Shape.of(schema, schema.get("$defs", {}))
    return [*_missing_below(shape, request, base), *_optional_body(shape, request, base)]


_WHOLE = ("array", "string")
"""Types of a body that is given as a whole: an array, a text, a file."""


def _optional_body(
    shape: _Shape,
    request: Mapping[str, Any],
    base: str,
) -> Iterator[tuple[str, str]]:
    """Yield the optional body that *request* lacks, if it has required fields or is of `_WHOLE`."""
    if "body" not in shape.properties or "body" in shape.required or "body" in request:
        return
    body = shape.child("body")
    alternatives = (*body.keywords.get("anyOf", ()), *body.keywords.get("oneOf", ()))
    forms = [body, *(_Shape.of(form, body.definitions) for form in alternatives)]
    required_form = next((form for form in forms if form.required), None)
    if required_form is None:
        required_form = (
            forms[1] if alternatives else body
        )  # the first alternative, for the media type reported below
        if required_form.keywords.get("type") not in _WHOLE:
            return
    names = f"; with it {', '.join(required_form.required)}" if required_form.required else ""
    yield pointer_of(["body"], base), f"optional: {required_form.expectation()}{names}"
    media_type = shape.child("headers").child("Content-Type")
    documented = media_type.documented(required=True)
    if documented is not _NOTHING and "Content-Type" not in request.get("headers", {}):
        yield pointer_of(["headers", "Content-Type"], base), f"optional, with a body: {documented}"


def _missing_below(
    shape: _Shape,
    value: Mapping[str, Any],
    base: str,
) -> Iterator[tuple[str, str]]:
    """Yield the required values that are missing in *value*, at any depth."""
    for name in shape.required:
        child = shape.child(name)
        pointer = pointer_of([name], base)
        if name not in value:
            yield pointer, child.expectation()
        elif isinstance(value[name], Mapping):
            yield from _missing_below(child, value[name], pointer)


def _prefilled(shape: _Shape, *, required: bool, depth: int = 0) -> Any:
    """Return the documented value of *shape*, or `_NOTHING`.

    An object without a documented value is made only if it is *required*.
    """
    documented = shape.documented(required=required)
    if documented is not _NOTHING:
        return copy.deepcopy(documented)
    if not shape.properties or not required or depth > _DEEPEST:
        # Inside an optional object even a constant would bring the object into the request, and
        # with it all that the object requires.
        return _NOTHING
    return _but_nothing(
        {
            name: _prefilled(shape.child(name), required=name in shape.required, depth=depth + 1)
            for name in shape.properties
        }
    )


def _but_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not _NOTHING}


def _holds_null(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_null, value.values() if isinstance(value, dict) else value))
    return value is None


_DEEPEST = 20
"""Levels of required objects that are made, and of schemas merged into one shape.

A schema may be recursive.
"""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a schema says about all its values, with `$ref` and `allOf` followed.

    This is not a `View`. A view is for a form and offers everything that may be needed: it collects
    constants from alternatives and branches, and merges two constants into one list. Here a
    constant counts only if it holds for every value.
    """

    definitions: Mapping[str, Any]
    properties: Mapping[str, Any]
    required: tuple[str, ...]
    constants: tuple[Any, ...]
    """Every `const` in it. If there are several, no value satisfies the schema."""
    only: tuple[Any, ...]
    """The value of each `enum` with a single entry: OpenAPI 3.0 has no `const` and writes it so."""
    keywords: Mapping[str, Any]

    @classmethod
    def of(cls, schema: Any, definitions: Mapping[str, Any]) -> _Shape:
        """Return the shape of *schema*, whose references point into *definitions*."""
        properties: dict[str, Any] = {}
        required: dict[str, None] = {}
        keywords: dict[str, Any] = {}
        constants: list[Any] = []
        only: list[Any] = []

        def target(reference: Any) -> Any:
            name = definition_name(reference)
            if name is None:
                return None
            return definitions.get(name)

        for part in parts_of(schema, target, _DEEPEST):
            # The outer schema comes first, and its words win over those of what it refers to.
            properties = {**part.get("properties", {}), **properties}
            required |= dict.fromkeys(part.get("required", ()))
            keywords = {**part, **keywords}
            constants += [part["const"]] if "const" in part else []
            only += part["enum"] if len(part.get("enum", ())) == 1 else []
        return cls(
            definitions,
            properties,
            tuple(required),
            tuple(constants),
            tuple(only),
            keywords,
        )

    def documented(self, *, required: bool) -> Any:
        """Return the value that the description gives, or `_NOTHING`.

        A value that contains a null does not count: nobody has set it. A constant always counts.
        The default and a single-entry `enum` count only for a *required* value, which its author
        would have to write; for an optional value the default says what happens without it.
        """
        values = [*self.constants]
        if required:
            values += self.only
            if "default" in self.keywords:
                values.append(self.keywords["default"])
        return next((value for value in values if not _holds_null(value)), _NOTHING)

    def child(self, name: str) -> _Shape:
        """Return the shape of the property *name*."""
        return _Shape.of(self.properties.get(name), self.definitions)

    def expectation(self) -> str:
        """Return what a person has to enter here, in a few words."""
        if "enum" in self.keywords:
            return f"one of {len(self.keywords['enum'])} values"
        types = self.keywords.get("type", "object" if self.properties else "any value")
        if isinstance(types, list):
            return " or ".join(types)
        return str(types)
