"""Format an endpoint's reference for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any

from httptask._core.strict_json import dump
from httptask._schema.views import Schema, Views
from httptask._visible import in_line
from httptask.model.api import Endpoint, MediaType
from httptask.settings import called, requested_value, suggested_pagination

_TITLES = {
    "path": "Path parameters",
    "header": "Request headers",
    "query": "Query parameters",
    "querystring": "Query string",
    "cookie": "Cookies",
}
_DEEPEST = 30
_MOST_FIELDS = 1_000
"""Fields listed for one body: a person reads the reference."""
_MOST_VALUES = 100
"""Values listed for an enumeration."""

_TYPES = ("string", "integer", "number", "boolean", "array", "object")


def reference(endpoint: Endpoint) -> str:
    """Return *endpoint*'s reference as text for a person."""
    return "\n\n".join(section for section in _sections(endpoint) if section)


def _sections(endpoint: Endpoint) -> Iterator[str]:
    """Yield the sections of the reference; some may be empty."""
    deprecated = "  (deprecated)" if endpoint.deprecated else ""
    yield f"{endpoint.method} {in_line(endpoint.path)}{deprecated}"
    api = " ".join(filter(None, (endpoint.api.title, endpoint.api.version)))
    lines = {
        "id": endpoint.id,
        "provider": endpoint.provider,
        "api": api,
        "tags": ", ".join(endpoint.tags),
    }
    yield "\n".join(f"{name}: {in_line(value)}" for name, value in lines.items() if value)
    yield endpoint.description
    suggestion = suggested_pagination(endpoint)
    if suggestion is not None:
        yield f"Pages can be read {suggestion.sentence}"
    yield "Servers\n" + ("\n".join(_servers(endpoint)) or "  none described")
    yield _security(endpoint)
    views = Views({"$defs": endpoint.definitions})
    for location, title in _TITLES.items():
        rows = [
            _row(views, parameter.name, parameter.schema, parameter.required, parameter.description)
            for parameter in endpoint.parameters
            if parameter.location == location
        ]
        yield f"{title}\n" + "\n".join(rows) if rows else ""
    if endpoint.request_body is not None:
        required = ", required" if endpoint.request_body.required else ""
        requested = {}
        for name, media_type in endpoint.request_body.content.items():
            schema = requested_value(media_type.schema, endpoint.definitions)
            requested[name] = replace(media_type, schema=schema)
        yield from _bodies("Request body", requested, required, endpoint, skipped="readOnly")
    for status, response in endpoint.responses.items():
        title = f"Response {status}"
        if response.description:
            title += f": {response.description}"
        if response.content:
            yield from _bodies(title, response.content, "", endpoint, skipped="writeOnly")
        else:
            yield title
    if endpoint.incomplete:
        yield (
            f"The description was cut: {', '.join(endpoint.incomplete)} may have more than is"
            " listed here."
        )


def _servers(endpoint: Endpoint) -> Iterator[str]:
    for server in endpoint.servers:
        description = f"  {server.description}" if server.description else ""
        yield in_line(f"  {server.url}{description}")
        for name, variable in server.variables.items():
            values = f", one of: {', '.join(variable['enum'])}" if "enum" in variable else ""
            default = variable.get("default", "not described")
            yield in_line(f"      {{{name}}} is {default}{values}")


def _security(endpoint: Endpoint) -> str:
    if not endpoint.security:
        return ""
    lines = []
    described = endpoint.security_schemes
    for alternative in endpoint.security:
        schemes = [_scheme(name, described.get(name, {})) for name in alternative]
        lines.append("  " + (in_line(" and ".join(schemes)) or "none"))
    return "Security, one of\n" + "\n".join(lines)


def _scheme(name: str, scheme: Mapping[str, Any]) -> str:
    scheme_type = scheme.get("type", "unknown")
    if scheme_type == "apiKey":
        return f"{name} (key in the {scheme.get('in')} {scheme.get('name')!r})"
    if "scheme" in scheme:
        return f"{name} ({scheme_type} {scheme['scheme']})"
    return f"{name} ({scheme_type})"


def _bodies(
    title: str,
    content: Mapping[str, MediaType],
    required: str,
    endpoint: Endpoint,
    *,
    skipped: str,
) -> Iterator[str]:
    """Yield a section for each different body in *content*, without fields marked *skipped*."""
    names_by_text: dict[str, list[str]] = {}
    for name, media_type in content.items():
        views = Views({"$defs": media_type.schema.get("$defs", endpoint.definitions)})
        fields = islice(_fields(views, media_type.schema, skipped), _MOST_FIELDS)
        # Alternatives may share fields, so equal rows are printed once.
        rows = dict.fromkeys(_row(views, *field) for field in fields)
        text = "\n".join(rows) or f"  {_type_name(views, media_type.schema)}"
        names_by_text.setdefault(text, []).append(name)
    for text, names in names_by_text.items():
        yield f"{title} ({', '.join(names)}{required})\n{text}"


def _row(
    views: Views,
    name: str,
    schema: Schema,
    required: bool,
    description: str = "",
) -> str:
    """Return the lines of a parameter or field: name, type, description, values, default."""
    view = views.view(schema)
    lines = [in_line(f"  {name}  {_type_name(views, schema)}{', required' if required else ''}")]
    text = description or view.keywords.get("description", "").strip()
    lines += [f"      {line}" for line in text.splitlines()]
    if view.values is not None:
        values = [*view.values, *([None] if view.nullable else [])]
        more = f", … ({len(values)} in all)" if len(values) > _MOST_VALUES else ""
        shown = ", ".join(dump(value) for value in values[:_MOST_VALUES])
        lines.append(f"      one of: {shown}{more}")
    if "default" in view.keywords:
        lines.append("      default: " + dump(view.keywords["default"]))
    return "\n".join(lines)


def _type_name(views: Views, schema: Schema, depth: int = 0) -> str:
    """Return the types of *schema*; for a choice, the names or types of its options."""
    view = views.view(schema)
    types = [name for name in _TYPES if view.types is not None and name in view.types]
    if "number" in types:
        types.remove("integer")
    if view.unions and not types and depth < _DEEPEST:
        names = (_option_name(views, option, depth) for option in view.unions[0])
        types = list(dict.fromkeys(names))
    elif types == ["array"] and depth < _DEEPEST:
        items = view.keywords.get("items")
        types = [f"array of {_type_name(views, items, depth + 1)}" if items else "array"]
    if not types and (view.properties or view.patterns):
        types = ["object"]
    if not types and not view.nullable:
        return "any"
    if view.nullable:
        types.append("null")
    return " or ".join(types)


def _option_name(views: Views, option: Schema, depth: int) -> str:
    name = called(views.peek(option)[1])
    if name is not None:
        return name
    return _type_name(views, option, depth + 1)


def _fields(
    views: Views,
    schema: Schema,
    skipped: str,
    prefix: str = "",
    above: frozenset[str] = frozenset(),
    depth: int = 0,
) -> Iterator[tuple[str, Schema, bool]]:
    """Yield each field of *schema* as `a.b[].c`, its schema, and whether it is required.

    Fields marked *skipped* are left out. A recursive field is yielded once.
    """
    view = views.view(schema)
    if depth > _DEEPEST or above & view.definitions:
        return
    above |= view.definitions
    deeper = partial(
        _fields,
        views,
        skipped=skipped,
        above=above,
        depth=depth + 1,
    )
    for option in chain.from_iterable(view.unions):
        yield from deeper(option, prefix=prefix)
    items = view.keywords.get("items")
    if isinstance(items, Mapping):
        yield from deeper(items, prefix=f"{prefix}[]")
    for key, child in {**view.properties, **view.patterns}.items():
        if not isinstance(child, Mapping):
            continue
        full = f"{prefix}.{key}" if prefix else key
        own = views.view(child)
        if not (own.impossible if skipped == "readOnly" else own.keywords.get("writeOnly")):
            yield full, child, key in view.required
        yield from deeper(child, prefix=full)
