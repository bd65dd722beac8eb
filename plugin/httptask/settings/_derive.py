"""Endpoint -> settings schema: JSON Schema 2020-12 of what an author may write in `httpRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.model.api import PARAMETER_GROUPS, Endpoint, Parameter

if TYPE_CHECKING:
    from httptask.plugins import PluginManager

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_OPEN: dict[str, Any] = {"headers": {"type": ["string", "number", "boolean"]}}
"""Groups in which undocumented names are always allowed, and what their values may be: any request may carry headers
of its own (tracing, conditions), and no description lists them."""

_SCALAR: dict[str, Any] = {}
"""What an undocumented value may be where a description is incomplete: anything."""


def settings_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a task's `httpRequest` for *endpoint*.

    One property for each group (`pathParameters`, `query`, `headers`, `cookies`, `body`) the endpoint has, beside `url` and
    `method`. A group is required when something in it is. Names that are not documented are refused, so that a misspelt one
    is found, except in headers and where the description itself is known to be incomplete. The result is the caller's own.
    """
    properties: dict[str, Any] = {"url": _url(endpoint), "method": {"const": endpoint.method}}
    required = ["url"] if endpoint.method == "GET" else ["url", "method"]  # an absent method is GET
    for location, group in PARAMETER_GROUPS.items():
        parameters = [parameter for parameter in endpoint.parameters if parameter.location == location]
        properties[group] = _group(group, parameters, incomplete=group in endpoint.incomplete)
        if properties[group].get("required"):
            required.append(group)
    body = _body(endpoint)
    if body is not None:
        properties["body"] = body
        if endpoint.request_body is not None and endpoint.request_body.required:
            required.append("body")
    return {
        "$schema": DIALECT,
        "title": endpoint.title or f"{endpoint.method} {endpoint.path}",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def refine(schema: dict[str, Any], endpoint: Endpoint, plugins: PluginManager) -> None:
    """Let *plugins* adjust the settings *schema* of *endpoint*, in place. Raises `PluginError` when one fails."""
    with plugins.blaming("httptask_refine_settings_schema"):
        plugins.hook.httptask_refine_settings_schema(schema=schema, endpoint=endpoint)


def _url(endpoint: Endpoint) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "description": f"The server's address followed by {endpoint.path}"}
    if endpoint.servers:
        schema["default"] = endpoint.servers[0].url + endpoint.path
    if len(endpoint.servers) > 1:
        schema["examples"] = [server.url + endpoint.path for server in endpoint.servers[1:]]
    return schema


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
    return schema


def _body(endpoint: Endpoint) -> dict[str, Any] | None:
    if endpoint.request_body is None:
        # A page cut before its body cannot say that there is none.
        return {"description": "The description was cut before the body"} if "body" in endpoint.incomplete else None
    schemas: list[Mapping[str, Any]] = []
    for schema in endpoint.request_body.content.values():
        if schema not in schemas:
            schemas.append(schema)
    schema = dict(schemas[0]) if len(schemas) == 1 else {"anyOf": [dict(each) for each in schemas]}
    if endpoint.request_body.description and "description" not in schema:
        schema["description"] = endpoint.request_body.description
    return schema
