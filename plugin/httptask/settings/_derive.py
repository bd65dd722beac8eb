"""Derive an endpoint's settings schema: JSON Schema 2020-12 of a task's `httpRequest`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._http.syntax import FRAMING
from httptask.building import ALWAYS_SENT, ANY_MEDIA_TYPE, accept, rank
from httptask.model.api import PARAMETER_GROUPS, Endpoint, Parameter, RequestBody
from httptask.settings._body_form import condition
from httptask.settings._request_schema import requested

if TYPE_CHECKING:
    from httptask.plugins import PluginManager

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_OPEN: dict[str, Any] = {
    "headers": {
        "type": ["string", "number", "boolean", "array"],
        "items": {"type": ["string", "number", "boolean"]},
        "minItems": 1,
    }
}
"""Groups in which undocumented names are always allowed -> the schema of their values.

Any request may carry further headers (tracing, conditions), and no description lists them. An array
stands for a header that is sent several times.
"""

_ANYTHING: dict[str, Any] = {}
"""The schema of undocumented values in a group that the description does not list in full."""


def settings_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a task's `httpRequest` for *endpoint*.

    The schema has the properties `url` and `method`, and one for each group that the endpoint has:
    `pathParameters`, `query`, `headers`, `cookies`, `body`. A group is required if something in it
    is. Undocumented names are refused, so that misspelt ones are reported, except in headers and in
    groups that the description does not list in full. Fields marked `readOnly` are neither required
    nor prefilled; sending one causes a warning. Shared and recursive schemas are in `$defs`. If the
    media types of a body have different schemas, `Content-Type` selects one. A file that may be
    sent keeps the description's schema, usually a string; `request_problems` also accepts a
    reference `{"$file": {...}}` in its place. The caller may change the result.
    """
    properties: dict[str, Any] = {"url": _url(endpoint), "method": {"const": endpoint.method}}
    required = ["url"] if endpoint.method == "GET" else ["url", "method"]  # an absent method is GET
    for location, group in PARAMETER_GROUPS.items():
        parameters = _parameters_in(location, endpoint)
        properties[group] = _group(group, parameters, incomplete=group in endpoint.incomplete)
    properties["pathParameters"]["properties"] |= _server_variables(endpoint)
    _add_further_keys(properties, endpoint)
    for parameter in endpoint.parameters:
        # The whole query is one value (OpenAPI 3.2, section 4.12.1).
        if parameter.location == "querystring":
            properties["query"] = _described(parameter)
    content_type = _content_type(endpoint)
    if content_type is not None:
        properties["headers"]["properties"].setdefault("Content-Type", content_type)
    _add_accept(properties["headers"]["properties"], endpoint)
    required += [group for group in PARAMETER_GROUPS.values() if properties[group].get("required")]
    body = _body(endpoint)
    if body is not None:
        properties["body"] = body
        if endpoint.request_body is not None and endpoint.request_body.required:
            required.append("body")
    schema = {
        "$schema": DIALECT,
        "title": endpoint.title or f"{endpoint.method} {endpoint.path}",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return _by_media_type(requested(schema, endpoint.definitions), endpoint)


def _parameters_in(location: str, endpoint: Endpoint) -> list[Parameter]:
    """Return the endpoint's parameters in *location* that settings may hold.

    Parameters that a credential supplies, and headers that every request has, are made optional.
    """
    optional = {("header", name.lower()) for name in ALWAYS_SENT}
    for scheme in _asked_for(endpoint):
        if "in" in scheme:
            optional.add((scheme["in"], str(scheme.get("name")).lower()))
    parameters = []
    for parameter in endpoint.parameters:
        name = parameter.name.lower()
        if parameter.location != location or (location == "header" and name in FRAMING):
            continue
        # The credential supplies it when the request is sent: an author must not have to write it.
        is_optional = (location, name) in optional
        parameters.append(replace(parameter, required=False) if is_optional else parameter)
    return parameters


@cache
def any_settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of any request's settings, for an unknown or waived endpoint."""
    schema: dict[str, Any] = packaged.schema("http-task")["$defs"]["httpRequest"]
    return schema


@cache
def undescribed_settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of settings without an endpoint: plain names and values."""
    schema = any_settings_schema()
    narrower = packaged.schema("http-task")["$defs"]["undescribed"]
    return {**schema, "properties": {**schema["properties"], **narrower["properties"]}}


def refine(schema: dict[str, Any], endpoint: Endpoint, plugins: PluginManager) -> None:
    """Let *plugins* adjust the settings *schema* of *endpoint* in place.

    Raises `PluginError` if a plugin fails.
    """
    conditions = schema.pop("allOf", [])  # they refer into the body, which a plugin may replace
    with plugins.blaming("httptask_refine_settings_schema"):
        plugins.hook.httptask_refine_settings_schema(schema=schema, endpoint=endpoint)
    body = schema.get("properties", {}).get("body")
    if conditions and isinstance(body, Mapping) and len(body.get("anyOf", ())) == len(conditions):
        schema["allOf"] = [*schema.get("allOf", []), *conditions]


def _url(endpoint: Endpoint) -> dict[str, Any]:
    """Return the schema of the URL, with the addresses of the servers as default and examples."""
    schema: dict[str, Any] = {
        "type": "string",
        "description": f"The server's address followed by {endpoint.target}",
    }
    if endpoint.servers:
        schema["default"] = endpoint.servers[0].address + endpoint.target
    if len(endpoint.servers) > 1:
        schema["examples"] = [server.address + endpoint.target for server in endpoint.servers[1:]]
    return schema


def _server_variables(endpoint: Endpoint) -> dict[str, Any]:
    """Return the schemas of the servers' variables, all optional; they join the path parameters.

    None has a `default`: the prefilled URL already contains each variable's default. An author who
    writes `{region}` into the URL gives its value in `pathParameters`.
    """
    schemas: dict[str, Any] = {}
    for name, variable in endpoint.server_variables.items():
        default = f"; {variable['default']} when absent" if "default" in variable else ""
        description = str(
            variable.get("description") or f"{{{name}}} in the server's address"
        ).rstrip(". ")
        options = variable.get("enum")
        values: dict[str, Any] = (
            {"enum": list(options)} if options else {"type": ["string", "integer"]}
        )
        schemas[name] = values | {"description": description + default}
    return schemas


_FURTHER_KEY = {
    "type": "string",
    "description": "One of several keys that the API asks for at once; a credential is one",
}


def _add_further_keys(properties: dict[str, Any], endpoint: Endpoint) -> None:
    """Add the API keys that are required together to the groups in *properties*, unless documented
    there.

    A task's one credential supplies only one of them.
    """
    for scheme in _asked_for(endpoint, together=True):
        location = scheme.get("in")
        name = scheme.get("name")
        is_key = scheme.get("type") == "apiKey" and location in PARAMETER_GROUPS
        if not is_key or not isinstance(name, str):
            continue
        group = PARAMETER_GROUPS[str(location)]
        documented = properties[group]["properties"]
        if group == "headers":
            is_documented = name.lower() in map(str.lower, documented)
        else:
            is_documented = name in documented
        if not is_documented:
            documented[name] = dict(_FURTHER_KEY)


def _asked_for(endpoint: Endpoint, *, together: bool = False) -> Iterator[Mapping[str, Any]]:
    """Yield the security schemes that *endpoint* requires.

    With *together*, only those in requirements that name several schemes.
    """
    for requirement in endpoint.security or ():
        if len(requirement) > 1 or not together:
            yield from (
                endpoint.security_schemes[name]
                for name in requirement
                if name in endpoint.security_schemes
            )


def _content_type(endpoint: Endpoint) -> dict[str, Any] | None:
    """Return the schema of the `Content-Type` header; None if the media types are not listed.

    Its default is the media type that suits an object best: JSON, then a form, multipart, the rest.
    """
    names = []
    if endpoint.request_body is not None:
        names = list(endpoint.request_body.content)
    described = any(
        parameter.location == "header" and parameter.name.lower() == "content-type"
        for parameter in endpoint.parameters
    )
    if described or not names or any("*" in name for name in names):
        return None
    if len(names) > 1:
        return {"enum": names, "default": min(names, key=rank)}
    return {"const": names[0]}


def _add_accept(headers: dict[str, Any], endpoint: Endpoint) -> None:
    """Give the schema of *headers* the `Accept` that the endpoint implies, if any."""
    sent = accept(endpoint)
    name = next((name for name in headers if name.lower() == "accept"), None)
    if name is not None:
        headers[name] = {"default": sent, **headers[name]}
    elif sent != ANY_MEDIA_TYPE:
        choices = [media_type for media_type in sent.split(", ") if media_type != ANY_MEDIA_TYPE]
        headers["Accept"] = {"type": "string", "default": sent} | (
            {"examples": choices} if len(choices) > 1 else {}
        )


def _group(
    group: str,
    parameters: list[Parameter],
    *,
    incomplete: bool,
) -> dict[str, Any]:
    """Return the schema of one *group*.

    Undocumented names are allowed if *incomplete*, or by `_OPEN`.
    """
    required = [parameter.name for parameter in parameters if parameter.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: _described(parameter) for parameter in parameters},
    }
    if required:
        schema["required"] = required
    schema["additionalProperties"] = _OPEN.get(group, _ANYTHING if incomplete else False)
    return schema


def _described(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of *parameter* with its description and examples, unless the schema has its
    own.
    """
    schema = dict(parameter.schema)
    if parameter.description and "description" not in schema:
        schema["description"] = parameter.description
    if parameter.deprecated:
        schema["deprecated"] = True
    if parameter.examples and "examples" not in schema:
        schema["examples"] = list(parameter.examples)
    return schema


def _body(endpoint: Endpoint) -> dict[str, Any] | None:
    """Return the schema of the body; None without one. Different schemas become an `anyOf`."""
    if endpoint.request_body is None:
        # A page cut before its body cannot say that there is none.
        if "body" in endpoint.incomplete:
            return {"description": "The description was cut before the body"}
        return None
    schemas = list(_media_types_by_schema(endpoint.request_body))
    schema: dict[str, Any] = (
        dict(schemas[0][0])
        if len(schemas) == 1
        else {"anyOf": [dict(alternative) for alternative, _ in schemas]}
    )
    if endpoint.request_body.description and "description" not in schema:
        schema["description"] = endpoint.request_body.description
    return schema


def _media_types_by_schema(body: RequestBody) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Return each schema of *body* with the names of the media types that have it."""
    groups: list[tuple[Mapping[str, Any], list[str]]] = []
    for name, media_type in body.content.items():
        names = next((names for schema, names in groups if schema == media_type.schema), None)
        if names is None:
            groups.append((media_type.schema, names := []))
        names.append(name)
    return groups


def _by_media_type(schema: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the settings *schema* with conditions: `Content-Type` selects the body's schema."""
    schemas = []
    if endpoint.request_body is not None:
        schemas = _media_types_by_schema(endpoint.request_body)
    if len(schemas) < 2:
        return schema
    conditions = [condition(index, names) for index, (_, names) in enumerate(schemas)]
    return {**schema, "allOf": conditions}
