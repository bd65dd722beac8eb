"""An endpoint's reference as text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from httptask._core.strict_json import dump
from httptask._schema.subschemas import definition_name
from httptask.cli._output import in_line
from httptask.model.api import Endpoint, MediaType, Parameter
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
"""Fields of one body that are listed: a reference is read by a person."""
_MOST_VALUES = 100
"""Values of an enumeration that are listed."""

Field = tuple[str, Mapping[str, Any], bool, str]


def reference(endpoint: Endpoint) -> str:
    """Return *endpoint*'s reference as text for a person."""
    return "\n\n".join(section for section in _sections(endpoint) if section)


def _sections(endpoint: Endpoint) -> Iterator[str]:
    deprecated = "  (deprecated)" if endpoint.deprecated else ""
    yield f"{endpoint.method} {in_line(endpoint.path)}{deprecated}"
    api = " ".join(part for part in (endpoint.api.title, endpoint.api.version) if part)
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
    for location, title in _TITLES.items():
        rows = [
            _parameter_row(parameter, endpoint)
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
    for alternative in endpoint.security:
        schemes = [_scheme(name, endpoint.security_schemes.get(name, {})) for name in alternative]
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
    title: str, content: Mapping[str, MediaType], required: str, endpoint: Endpoint, *, skipped: str
) -> Iterator[str]:
    """Yield a section for each different body in *content*, without fields marked *skipped*."""
    shown: dict[str, list[str]] = {}
    for name, media_type in content.items():
        definitions = media_type.schema.get("$defs", endpoint.definitions)
        # Alternatives share fields: equal rows are printed once.
        rows = dict.fromkeys(
            _row(*field, definitions) for field in _fields(media_type.schema, definitions, skipped)
        )
        text = "\n".join(rows) or f"  {_type_name(media_type.schema, definitions)}"
        shown.setdefault(text, []).append(name)
    for text, names in shown.items():
        yield f"{title} ({', '.join(names)}{required})\n{text}"


def _parameter_row(parameter: Parameter, endpoint: Endpoint) -> str:
    return _row(
        parameter.name,
        parameter.schema,
        parameter.required,
        parameter.description,
        endpoint.definitions,
    )


def _row(
    name: str,
    schema: Mapping[str, Any],
    required: bool,
    description: str,
    definitions: Mapping[str, Any],
) -> str:
    lines = [
        f"  {in_line(name)}  {_type_name(schema, definitions)}{', required' if required else ''}"
    ]
    resolved = _resolved(schema, definitions)
    text = description or _description(schema, definitions)
    lines += [f"      {line}" for line in text.splitlines()]
    values = resolved.get("enum")
    if isinstance(values, list):
        more = f", … ({len(values)} in all)" if len(values) > _MOST_VALUES else ""
        shown = ", ".join(dump(value) for value in values[:_MOST_VALUES])
        lines.append(f"      one of: {shown}{more}")
    if "default" in resolved:
        lines.append("      default: " + dump(resolved["default"]))
    return "\n".join(lines)


def _description(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    text = schema.get("description") or _resolved(schema, definitions).get("description")
    return text.strip() if isinstance(text, str) else ""


def _type_name(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    resolved = _resolved(schema, definitions)
    type_name = resolved.get("type")
    if isinstance(type_name, list):
        return " or ".join(map(str, type_name))
    if type_name == "array":
        items = resolved.get("items")
        if isinstance(items, Mapping) and items:
            return f"array of {_type_name(items, definitions)}"
        return "array"
    if isinstance(type_name, str):
        return type_name
    for keyword, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        forms = resolved.get(keyword)
        if isinstance(forms, list) and forms:
            names = dict.fromkeys(
                called(definition_name(_reference(form))) or _simple(form) for form in forms
            )
            return word.join(names)
    return "object" if "properties" in resolved else "any"


def _simple(schema: Any) -> str:
    type_name = schema.get("type", "any") if isinstance(schema, Mapping) else "any"
    return " or ".join(type_name) if isinstance(type_name, list) else str(type_name)


def _reference(schema: Any) -> Any:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        name = definition_name(_reference(schema))
        if name is None:
            break
        schema = definitions.get(name)
    return schema if isinstance(schema, Mapping) else {}


def _fields(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], skipped: str
) -> Iterator[Field]:
    """Yield the fields of *schema* as `a.b[].c`, without those marked *skipped*.

    A recursive field is yielded once.
    """
    fields = (
        field
        for field in _below(schema, definitions, "", ())
        if not _resolved(field[1], definitions).get(skipped)
    )
    return islice(fields, _MOST_FIELDS)


def _below(
    schema: Any, definitions: Mapping[str, Any], prefix: str, above: tuple[str, ...]
) -> Iterator[Field]:
    name = definition_name(_reference(schema))
    if len(above) > _DEEPEST or name in above:
        return
    above = (*above, name or "")
    resolved = _resolved(schema, definitions)
    for keyword in ("allOf", "oneOf", "anyOf"):
        for form in resolved.get(keyword, ()):
            yield from _below(form, definitions, prefix, above)
    if isinstance(resolved.get("items"), Mapping):
        yield from _below(resolved["items"], definitions, prefix + "[]", above)
    required = resolved.get("required", ())
    properties = {**resolved.get("properties", {}), **resolved.get("patternProperties", {})}
    for key, child in properties.items():
        full = f"{prefix}.{key}" if prefix else key
        if isinstance(child, Mapping):
            yield full, child, key in required, ""
            yield from _below(child, definitions, full, above)
