"""What a description says: servers, parameters, bodies, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARAMETER_GROUPS: dict[str, str] = {
    "path": "pathParameters",
    "query": "query",
    "header": "headers",
    "cookie": "cookies",
}
"""Where a parameter is sent (OpenAPI's `in`) -> the group of a task's `httpRequest` that holds its value."""


@dataclass(frozen=True, slots=True)
class Server:
    """A base address of an API (OpenAPI: Server Object)."""

    url: str
    """An absolute URL, possibly with `{variables}`, without a trailing slash."""
    description: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return `{"url", "description"?}`."""
        return {"url": self.url} | ({"description": self.description} if self.description else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Server:
        """Read what `to_json` wrote."""
        return cls(url=value["url"], description=value.get("description", ""))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named value outside the body (OpenAPI: Parameter Object)."""

    name: str
    """As sent, brackets included: `filters[trade_id][]`."""
    location: str
    """`path`, `query`, `header` or `cookie`; OpenAPI's and JSON's `in`."""
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema 2020-12 of the value; `{}` is any value. Defaults and enumerations stand here."""
    description: str = ""
    style: str | None = None
    """How the value is serialised; None is OpenAPI's default for the location."""
    explode: bool | None = None
    """None is OpenAPI's default for the style."""

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Parameter Object; unset fields are left out."""
        value: dict[str, Any] = {"name": self.name, "in": self.location}
        if self.required:
            value["required"] = True
        if self.description:
            value["description"] = self.description
        if self.style is not None:
            value["style"] = self.style
        if self.explode is not None:
            value["explode"] = self.explode
        value["schema"] = dict(self.schema)
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Parameter:
        """Read what `to_json` wrote."""
        return cls(
            name=value["name"],
            location=value["in"],
            required=value.get("required", False),
            schema=value.get("schema", {}),
            description=value.get("description", ""),
            style=value.get("style"),
            explode=value.get("explode"),
        )


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body an endpoint takes (OpenAPI: Request Body Object)."""

    content: Mapping[str, Mapping[str, Any]]
    """Media type -> JSON Schema 2020-12 of the value; `{}` is any value. `*/*` when the media type is not known."""
    required: bool = False
    description: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Request Body Object; unset fields are left out."""
        value: dict[str, Any] = {"required": True} if self.required else {}
        if self.description:
            value["description"] = self.description
        value["content"] = {media_type: {"schema": dict(schema)} for media_type, schema in self.content.items()}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RequestBody:
        """Read what `to_json` wrote."""
        return cls(
            content={media_type: item.get("schema", {}) for media_type, item in value["content"].items()},
            required=value.get("required", False),
            description=value.get("description", ""),
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of an API: method, path template, parameters and body."""

    id: str
    """`<vendor>-<path>-<method>-<hash>`; unique in a catalogue."""
    method: str
    """Upper case."""
    path: str
    """The path template exactly as described, `/project/{project_id}`."""
    provider: str
    """Who offers the API: `procore`."""
    title: str = ""
    """One line for a list."""
    description: str = ""
    """The description's own words. Untrusted text."""
    servers: tuple[Server, ...] = ()
    """Empty when the description names none."""
    parameters: tuple[Parameter, ...] = ()
    """In the description's order."""
    request_body: RequestBody | None = None
    incomplete: tuple[str, ...] = ()
    """Groups of `httpRequest` the description may not list in full (a cut page): undocumented names are allowed there."""
    source: str = ""
    """The name of the file or document it was read from."""

    def to_json(self) -> dict[str, Any]:
        """Return the endpoint as `schemas/endpoint.schema.json` has it; unset fields are left out."""
        value: dict[str, Any] = {"id": self.id, "method": self.method, "path": self.path, "provider": self.provider}
        if self.title:
            value["title"] = self.title
        if self.description:
            value["description"] = self.description
        value["servers"] = [server.to_json() for server in self.servers]
        value["parameters"] = [parameter.to_json() for parameter in self.parameters]
        if self.request_body is not None:
            value["requestBody"] = self.request_body.to_json()
        if self.incomplete:
            value["incomplete"] = list(self.incomplete)
        if self.source:
            value["source"] = self.source
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Endpoint:
        """Read what `to_json` wrote."""
        body = value.get("requestBody")
        return cls(
            id=value["id"],
            method=value["method"],
            path=value["path"],
            provider=value["provider"],
            title=value.get("title", ""),
            description=value.get("description", ""),
            servers=tuple(Server.from_json(server) for server in value.get("servers", ())),
            parameters=tuple(Parameter.from_json(parameter) for parameter in value.get("parameters", ())),
            request_body=RequestBody.from_json(body) if body is not None else None,
            incomplete=tuple(value.get("incomplete", ())),
            source=value.get("source", ""),
        )


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an import report: what was guessed, skipped or missing, and where."""

    kind: str
    """`guessed`, `skipped`, `missing` or `truncated`."""
    message: str
    line: int | None = None
    """The line of the source, from 1; None when it concerns no single line."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"kind", "message", "line"?}`."""
        return {"kind": self.kind, "message": self.message} | ({"line": self.line} if self.line else {})


@dataclass(frozen=True, slots=True)
class Reading:
    """What an importer made of one source: the endpoints, and a report of everything it was not sure of."""

    source: str
    importer: str
    endpoints: tuple[Endpoint, ...]
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report; endpoints are named by id, method and path."""
        return {
            "source": self.source,
            "importer": self.importer,
            "endpoints": [
                {
                    "id": endpoint.id,
                    "method": endpoint.method,
                    "path": endpoint.path,
                    "parameters": len(endpoint.parameters),
                    "hasBody": endpoint.request_body is not None,
                }
                for endpoint in self.endpoints
            ],
            "notes": [note.to_json() for note in self.notes],
        }
