"""The reference of an endpoint for a page: its description as rows and sanitised HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from httptask._schema.views import View, Views
from httptask.designer._kinds import type_of
from httptask.designer._markdown import rendered
from httptask.model.api import Endpoint, MediaType
from httptask.settings import READ_ONLY, requested_value

MOST_ROWS = 200
_DEEPEST = 8

_SCHEME_DETAILS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "apiKey": lambda scheme: f"{scheme.get('in', '')} {scheme.get('name', '')}".strip(),
    "http": lambda scheme: str(scheme.get("scheme", "")),
    "openIdConnect": lambda scheme: str(scheme.get("openIdConnectUrl", "")),
    "oauth2": lambda scheme: (
        ", ".join(scheme.get("flows", {})) if isinstance(scheme.get("flows"), Mapping) else ""
    ),
}
"""Type of security scheme -> a function for the detail to show (OpenAPI: Security Scheme
Object).
"""


def reference(endpoint: Endpoint) -> dict[str, Any]:
    """Return `{"item", "target", "servers", "docs", "security", "responses"}` of *endpoint*."""
    views = Views({"$defs": endpoint.definitions})
    docs: dict[str, Any] = {
        "html": rendered(endpoint.description),
        "source": endpoint.source,
        "parameters": [
            {
                "in": parameter.location,
                "name": parameter.name,
                "required": parameter.required,
                "type": type_of(views, parameter.schema),
                "description": rendered(parameter.description),
                **({"deprecated": True} if parameter.deprecated else {}),
            }
            for parameter in endpoint.parameters
        ],
    }
    body = endpoint.request_body
    if body is not None:
        described = {"required": body.required, "description": rendered(body.description)}
        docs["body"] = described | {"content": _requested(endpoint, body.content)}
    return {
        "item": _item(endpoint),
        "target": endpoint.target,
        "servers": [server.to_json() | {"address": server.address} for server in endpoint.servers],
        "docs": docs,
        "security": _security(endpoint),
        "responses": [
            {
                "status": status,
                "description": rendered(response.description),
                "headers": [
                    _header(views, name, header) for name, header in response.headers.items()
                ],
                "content": _content(views, response.content),
            }
            for status, response in endpoint.responses.items()
        ],
    }


def _item(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "provider": endpoint.provider,
        "api": endpoint.api.to_json(),
        "method": endpoint.method,
        "path": endpoint.path,
        "title": endpoint.title,
        **({"operationId": endpoint.operation_id} if endpoint.operation_id else {}),
        "tags": list(endpoint.tags),
        "deprecated": endpoint.deprecated,
    }


def _header(views: Views, name: str, header: Mapping[str, Any]) -> dict[str, Any]:
    described = header.get("description", "")
    return {
        "name": name,
        "type": type_of(views, header.get("schema", {})),
        "description": rendered(described if isinstance(described, str) else ""),
    }


def _content(views: Views, content: Mapping[str, MediaType]) -> list[dict[str, Any]]:
    return [
        {"mediaType": name, "rows": _rows(views, media_type.schema)}
        for name, media_type in content.items()
    ]


def _requested(endpoint: Endpoint, content: Mapping[str, MediaType]) -> list[dict[str, Any]]:
    """Return *content* without the fields that a request does not send."""
    schemas = {
        name: requested_value(media_type.schema, endpoint.definitions)
        for name, media_type in content.items()
    }
    return [
        {"mediaType": name, "rows": _rows(Views(schema), schema)}
        for name, schema in schemas.items()
    ]


def _rows(views: Views, schema: Any) -> list[dict[str, Any]]:
    """Return the fields of *schema* as rows, at most the first `MOST_ROWS`."""
    rows: list[dict[str, Any]] = []
    for row in _below(views, schema, 0, frozenset()):
        if len(rows) == MOST_ROWS:
            return [*rows, {"depth": 0, "name": "…", "more": True}]
        rows.append(row)
    return rows


def _below(
    views: Views,
    schema: Any,
    depth: int,
    above: frozenset[str],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the fields below *schema*; *above* are the names of enclosing
    definitions.
    """
    view = views.view(schema)
    if (
        depth > _DEEPEST or view.definitions & above
    ):  # a recursive schema, which is shown further up
        return
    above = above | view.definitions
    for name, child in view.properties.items():
        if child == READ_ONLY:
            continue
        inner = views.view(child)
        description = inner.keywords.get("description")
        yield {
            "depth": depth,
            "name": name,
            "type": type_of(views, child),
            "required": name in view.required,
            "description": rendered(description[:4_000]) if isinstance(description, str) else "",
        }
        yield from _below(views, child, depth + 1, above)
    for inner in _inside(view):
        yield from _below(views, inner, depth, above)


def _inside(view: View) -> Iterator[Any]:
    """Yield the schemas in *view* that are not named properties: items, other members, options."""
    if "items" in view.keywords:
        yield view.keywords["items"]
    if isinstance(view.others, Mapping):
        yield view.others
    for options in view.unions:
        yield from options[:10]


def _security(endpoint: Endpoint) -> dict[str, Any]:
    alternatives = endpoint.security or ()
    return {
        "known": endpoint.security is not None,
        "optional": any(not alternative for alternative in alternatives) or endpoint.security == (),
        "alternatives": [
            [_scheme(endpoint, name, scopes) for name, scopes in alternative.items()]
            for alternative in alternatives
            if alternative
        ],
    }


def _scheme(endpoint: Endpoint, name: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    scheme = endpoint.security_schemes.get(name, {})
    scheme_type = str(scheme.get("type", ""))
    detail = _SCHEME_DETAILS.get(scheme_type)
    described = scheme.get("description", "")
    return {
        "scheme": name,
        "type": scheme_type,
        "detail": detail(scheme) if detail is not None else "",
        "scopes": list(scopes),
        "description": rendered(described if isinstance(described, str) else ""),
    }
