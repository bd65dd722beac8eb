"""Endpoint -> settings schema: JSON Schema 2020-12 of what an author may write in `httpRequest`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from httptask._core import packaged
from httptask._http.syntax import FRAMING
from httptask.building import ANY_MEDIA_TYPE, accept, rank
from httptask.model.api import PARAMETER_GROUPS, Endpoint, Parameter, RequestBody
from httptask.settings._requested import requested

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
"""Groups in which undocumented names are always allowed, and what their values may be: any request
may carry headers of its own (tracing, conditions), and no description lists them. An array is a
header that stands more than once."""

_SCALAR: dict[str, Any] = {}
"""What an undocumented value may be where a description is incomplete: anything."""


def settings_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a task's `httpRequest` for *endpoint*.

    One property for each group (`pathParameters`, `query`, `headers`, `cookies`, `body`) the
    endpoint has, beside `url` and `method`. A group is required when something in it is. Names that
    are not documented are refused, so that a misspelt one is found, except in headers and where the
    description itself is known to be incomplete. What a description marks `readOnly` is not
    required and never prefilled; sending it is warned of. Shared and recursive schemas stand in
    `$defs`. Where the media types of a body have schemas of their own, the one that `Content-Type`
    names counts. Where a file may be sent the schema has what the description has, mostly a string:
    a reference `{"$file": {...}}` in its place satisfies it, as `request_problems` knows. The
    result is the caller's own.
    """
    properties: dict[str, Any] = {"url": _url(endpoint), "method": {"const": endpoint.method}}
    required = ["url"] if endpoint.method == "GET" else ["url", "method"]  # an absent method is GET
    keys = {
        (each["in"], str(each.get("name")).lower()) for each in _asked_for(endpoint) if "in" in each
    }
    keys |= {("header", "accept"), ("header", "accept-encoding")}
    for location, group in PARAMETER_GROUPS.items():
        parameters = [
            # What a credential puts there, and what every request has, need not stand in the
            # settings.
            (
                replace(parameter, required=False)
                if (location, parameter.name.lower()) in keys
                else parameter
            )
            for parameter in endpoint.parameters
            if parameter.location == location
            and not (location == "header" and parameter.name.lower() in FRAMING)
        ]
        properties[group] = _group(group, parameters, incomplete=group in endpoint.incomplete)
    properties["pathParameters"]["properties"] |= _server_variables(endpoint)
    for group, name in _further_keys(endpoint):
        known = properties[group]["properties"]
        if name not in known and not (group == "headers" and name.lower() in map(str.lower, known)):
            known[name] = dict(_FURTHER_KEY)
    for parameter in endpoint.parameters:
        if (
            parameter.location == "querystring"
        ):  # the whole query is one value (OpenAPI 3.2, section 4.12.1)
            properties["query"] = _described(parameter)
    if (content_type := _content_type(endpoint)) is not None:
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


@cache
def any_settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings of any request: one whose endpoint's own schema is
    waived, or not known.
    """
    schema: dict[str, Any] = packaged.schema("http-task")["$defs"]["httpRequest"]
    return schema


@cache
def undescribed_settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings of a request without an endpoint: plain names and
    values.
    """
    schema, narrower = any_settings_schema(), packaged.schema("http-task")["$defs"]["undescribed"]
    return {**schema, "properties": {**schema["properties"], **narrower["properties"]}}


def refine(schema: dict[str, Any], endpoint: Endpoint, plugins: PluginManager) -> None:
    """Let *plugins* adjust the settings *schema* of *endpoint*, in place. Raises `PluginError` when
    one fails.
    """
    conditions = schema.pop("allOf", [])  # they refer into the body, which a plugin may replace
    with plugins.blaming("httptask_refine_settings_schema"):
        plugins.hook.httptask_refine_settings_schema(schema=schema, endpoint=endpoint)
    body = schema.get("properties", {}).get("body")
    if conditions and isinstance(body, Mapping) and len(body.get("anyOf", ())) == len(conditions):
        schema["allOf"] = [*schema.get("allOf", []), *conditions]


def _url(endpoint: Endpoint) -> dict[str, Any]:
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
    """Return the schemas of the variables of the servers: places of a URL, as those of the path.
    None of them has to be given.

    The address of a server stands in the URL with the default of each variable: a default here
    would be for a place that is not there. Who writes `{region}` into the URL gives its value
    beside the path's.
    """
    schemas: dict[str, Any] = {}
    for name, variable in endpoint.server_variables.items():
        default = f"; {variable['default']} when absent" if "default" in variable else ""
        said = str(variable.get("description") or f"{{{name}}} in the server's address").rstrip(
            ". "
        )
        options = variable.get("enum")
        kinds: dict[str, Any] = (
            {"enum": list(options)} if options else {"type": ["string", "integer"]}
        )
        schemas[name] = kinds | {"description": said + default}
    return schemas


_FURTHER_KEY = {
    "type": "string",
    "description": "One of several keys that the API asks for at once; a credential is one",
}


def _further_keys(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """Yield group and name of each API key that is asked for together with others: a task's one
    credential is not all of them.
    """
    for scheme in _asked_for(endpoint, together=True):
        if (
            scheme.get("type") == "apiKey"
            and scheme.get("in") in PARAMETER_GROUPS
            and isinstance(scheme.get("name"), str)
        ):
            yield PARAMETER_GROUPS[scheme["in"]], scheme["name"]


def _asked_for(endpoint: Endpoint, *, together: bool = False) -> Iterator[Mapping[str, Any]]:
    """Yield the security schemes that *endpoint* asks for; only those asked for *together* with
    others, if so.
    """
    for each in endpoint.security or ():
        if len(each) > 1 or not together:
            yield from (
                endpoint.security_schemes[name]
                for name in each
                if name in endpoint.security_schemes
            )


def _content_type(endpoint: Endpoint) -> dict[str, Any] | None:
    """Return the schema of the `Content-Type` header, where the description says which media types
    a body may have.

    Its default is the one that is written best from an object: JSON, then a form, multipart, the
    rest.
    """
    names = list(endpoint.request_body.content) if endpoint.request_body is not None else []
    described = any(
        each.location == "header" and each.name.lower() == "content-type"
        for each in endpoint.parameters
    )
    if described or not names or any("*" in name for name in names):
        return None
    return (
        {"enum": names, "default": min(names, key=rank)} if len(names) > 1 else {"const": names[0]}
    )


def _add_accept(headers: dict[str, Any], endpoint: Endpoint) -> None:
    """Let the form's *headers* show the `Accept` that is sent when nobody chooses one, where the
    endpoint says anything of it.
    """
    sent = accept(endpoint)
    name = next((name for name in headers if name.lower() == "accept"), None)
    if name is not None:
        headers[name] = {"default": sent, **headers[name]}
    elif sent != ANY_MEDIA_TYPE:
        choices = [each for each in sent.split(", ") if each != ANY_MEDIA_TYPE]
        headers["Accept"] = {"type": "string", "default": sent} | (
            {"examples": choices} if len(choices) > 1 else {}
        )


def _group(group: str, parameters: list[Parameter], *, incomplete: bool) -> dict[str, Any]:
    required = [parameter.name for parameter in parameters if parameter.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: _described(parameter) for parameter in parameters},
    }
    if required:
        schema["required"] = required
    schema["additionalProperties"] = _OPEN.get(group, _SCALAR if incomplete else False)
    return schema


def _described(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.description and "description" not in schema:
        schema["description"] = parameter.description
    if parameter.deprecated:
        schema["deprecated"] = True
    if parameter.examples and "examples" not in schema:
        schema["examples"] = list(parameter.examples)
    return schema


def _body(endpoint: Endpoint) -> dict[str, Any] | None:
    if endpoint.request_body is None:
        # A page cut before its body cannot say that there is none.
        return (
            {"description": "The description was cut before the body"}
            if "body" in endpoint.incomplete
            else None
        )
    schemas = list(_media_types_by_schema(endpoint.request_body))
    schema: dict[str, Any] = (
        dict(schemas[0][0]) if len(schemas) == 1 else {"anyOf": [dict(each) for each, _ in schemas]}
    )
    if endpoint.request_body.description and "description" not in schema:
        schema["description"] = endpoint.request_body.description
    return schema


def _media_types_by_schema(body: RequestBody) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Return each schema of *body* with the names of the media types that have it."""
    found: list[tuple[Mapping[str, Any], list[str]]] = []
    for name, media_type in body.content.items():
        names = next((names for schema, names in found if schema == media_type.schema), None)
        if names is None:
            found.append((media_type.schema, names := []))
        names.append(name)
    return found


def _by_media_type(schema: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the settings *schema* so that of the schemas of a body the one counts that the
    `Content-Type` header names.
    """
    schemas = (
        _media_types_by_schema(endpoint.request_body) if endpoint.request_body is not None else []
    )
    if len(schemas) < 2:
        return schema
    conditions = []
    for index, (_, names) in enumerate(schemas):
        named = {"properties": {"Content-Type": {"enum": names}}, "required": ["Content-Type"]}
        form = {"$ref": f"#/properties/body/anyOf/{index}"}
        conditions.append(
            {
                "if": {"properties": {"headers": named}, "required": ["headers"]},
                "then": {"properties": {"body": form}},
            }
        )
    return {**schema, "allOf": conditions}
