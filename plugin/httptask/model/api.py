"""The contents of a description: servers, parameters, bodies, endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._schema.subschemas import definition_name

PARAMETER_GROUPS: dict[str, str] = {
    "path": "pathParameters",
    "query": "query",
    "header": "headers",
    "cookie": "cookies",
}
"""Location of a parameter (OpenAPI's `in`) -> its group in a task's `httpRequest`."""
_HASHED = re.compile(r"#(\w+)(?=/)")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def _referred(value: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *definitions* to which *value* refers, directly or indirectly."""
    referred: dict[str, Any] = {}
    # Not recursive: an untrusted description may be nested deeper than Python's stack.
    pending = [value] if definitions else []
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            name = definition_name(item.get("$ref"))
            if name is not None and name not in referred and name in definitions:
                referred[name] = definitions[name]
                pending.append(referred[name])
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return dict(sorted(referred.items()))


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    """Return those of *fields* whose value is true: not false, not empty."""
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Api:
    """One described HTTP API, as each of its endpoints carries it (OpenAPI: Info Object)."""

    name: str = ""
    """The API's name among the APIs of its provider: `compute`, `ghes-3.8`; "" if it has none."""
    title: str = ""
    """The description's own title: `Compute Engine API`."""
    version: str = ""
    """The version of the API, as described; not of the format."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"name"?, "title"?, "version"?}`."""
        return _set(
            {
                "name": self.name,
                "title": self.title,
                "version": self.version,
            }
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Api:
        """Read what `to_json` wrote."""
        return cls(
            name=value.get("name", ""),
            title=value.get("title", ""),
            version=value.get("version", ""),
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A base address of an API (OpenAPI: Server Object)."""

    url: str
    """An absolute URL, possibly with `{variables}`, without a trailing slash."""
    description: str = ""
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Variable -> `{"default", "enum"?, "description"?}` (OpenAPI: Server Variable Object)."""

    @property
    def address(self) -> str:
        """The URL, with the default of each variable that has one filled in."""
        return _VARIABLE.sub(
            lambda match: str(self.variables.get(match[1], {}).get("default", match[0])), self.url
        )

    def to_json(self) -> dict[str, Any]:
        """Return `{"url", "description"?, "variables"?}`."""
        return {"url": self.url} | _set(
            {"description": self.description, "variables": dict(self.variables)}
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Server:
        """Read what `to_json` wrote."""
        return cls(
            url=value["url"],
            description=value.get("description", ""),
            variables=value.get("variables", {}),
        )


@dataclass(frozen=True, slots=True)
class MediaType:
    """The values of one media type (OpenAPI: Media Type Object)."""

    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema 2020-12 of the value; `{}` is any value."""
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Field of a form or multipart body -> its encoding.

    `{"contentType"?, "headers"?, "style"?, "explode"?, "allowReserved"?, "itemDelimiters"?}`
    """
    examples: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return `{"schema", "encoding"?, "examples"?}`."""
        return {"schema": dict(self.schema)} | _set(
            {"encoding": dict(self.encoding), "examples": list(self.examples)}
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> MediaType:
        """Read what `to_json` wrote."""
        return cls(
            schema=value.get("schema", {}),
            encoding=value.get("encoding", {}),
            examples=tuple(value.get("examples", ())),
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named value outside the body (OpenAPI: Parameter Object)."""

    name: str
    """As sent, brackets included: `filters[trade_id][]`."""
    location: str
    """`path`, `query`, `header`, `cookie` or `querystring`; OpenAPI's and JSON's `in`."""
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema 2020-12 of the value, with its default and enumeration; `{}` is any value."""
    description: str = ""
    style: str | None = None
    """How the value is serialised; None is OpenAPI's default for the location."""
    explode: bool | None = None
    """None is OpenAPI's default for the style."""
    item_delimiters: tuple[str, ...] = ()
    """Delimiters of an array's items, of items of arrays in it, and so on (Swagger: Items
    Object).
    """
    allow_reserved: bool = False
    """Whether RFC 3986's reserved characters are not percent-encoded in the URL."""
    media_type: str | None = None
    """The media type of the value, in place of a style (OpenAPI: `content`): `application/json`."""
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Field of a form -> its encoding, as in `MediaType.encoding`."""
    deprecated: bool = False
    examples: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Parameter Object; unset fields are left out."""
        value: dict[str, Any] = {"name": self.name, "in": self.location}
        value |= _set(
            {
                "required": self.required,
                "description": self.description,
                "deprecated": self.deprecated,
            }
        )
        if self.style is not None:
            value["style"] = self.style
        if self.explode is not None:
            value["explode"] = self.explode
        value |= _set(
            {"itemDelimiters": list(self.item_delimiters), "allowReserved": self.allow_reserved}
        )
        value |= _set({"examples": list(self.examples)})
        if self.media_type is None:
            value["schema"] = dict(self.schema)
        else:
            value["content"] = {self.media_type: MediaType(self.schema, self.encoding).to_json()}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Parameter:
        """Read what `to_json` wrote."""
        # `content` has one media type (OpenAPI 3.0.4, section 4.7.12).
        media_type, content = next(iter(value.get("content", {}).items()), (None, value))
        return cls(
            name=value["name"],
            location=value["in"],
            required=value.get("required", False),
            schema=content.get("schema", {}),
            description=value.get("description", ""),
            style=value.get("style"),
            explode=value.get("explode"),
            item_delimiters=tuple(value.get("itemDelimiters", ())),
            allow_reserved=value.get("allowReserved", False),
            media_type=media_type,
            encoding=content.get("encoding", {}) if media_type is not None else {},
            deprecated=value.get("deprecated", False),
            examples=tuple(value.get("examples", ())),
        )


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body an endpoint takes (OpenAPI: Request Body Object)."""

    content: Mapping[str, MediaType]
    """By media type, in the description's order; `*/*` when the media type is not known."""
    required: bool = False
    description: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Request Body Object; unset fields are left out."""
        value = _set({"required": self.required, "description": self.description})
        value["content"] = {name: media_type.to_json() for name, media_type in self.content.items()}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RequestBody:
        """Read what `to_json` wrote."""
        return cls(
            content={name: MediaType.from_json(item) for name, item in value["content"].items()},
            required=value.get("required", False),
            description=value.get("description", ""),
        )


@dataclass(frozen=True, slots=True)
class Response:
    """A response of an endpoint (OpenAPI: Response Object)."""

    description: str = ""
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Header -> `{"description"?, "required"?, "schema"}`."""
    content: Mapping[str, MediaType] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Response Object; unset fields are left out."""
        content = {name: media_type.to_json() for name, media_type in self.content.items()}
        return _set(
            {
                "description": self.description,
                "headers": dict(self.headers),
                "content": content,
            }
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Response:
        """Read what `to_json` wrote."""
        return cls(
            description=value.get("description", ""),
            headers=value.get("headers", {}),
            content={
                name: MediaType.from_json(item) for name, item in value.get("content", {}).items()
            },
        )


Part = Server | Parameter | RequestBody | Response | Mapping[str, Any]
"""A part of an endpoint that others may share; a mapping is a security scheme."""


def json_of_part(part: Part) -> dict[str, Any]:
    """Return *part* as a JSON object."""
    if isinstance(part, Mapping):
        return dict(part)
    return part.to_json()


def target_of(path: str) -> str:
    """Return the request target for the path template *path*: see `Endpoint.target`."""
    sent = _HASHED.sub(r"{\1}", path).partition("#")[0].replace("${", "{")
    return sent if sent.startswith("/") else f"/{sent}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of an API: method, path template, parameters, body, responses."""

    id: str
    """`<vendor>-<path>-<method>-<hash>`; unique in a catalogue."""
    method: str
    """Upper case."""
    path: str
    """The path template exactly as described, `/project/{project_id}`."""
    provider: str
    """Who offers the API: `procore`."""
    api: Api = Api()
    """The API it belongs to. Provider, API name, path and method together identify the endpoint."""
    title: str = ""
    """One line, for lists."""
    description: str = ""
    """The text from the description. Untrusted."""
    operation_id: str = ""
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    servers: tuple[Server, ...] = ()
    """Empty when the description names none."""
    parameters: tuple[Parameter, ...] = ()
    """In the description's order."""
    request_body: RequestBody | None = None
    responses: Mapping[str, Response] = field(default_factory=dict)
    """By status: `200`, `4XX`, `default`."""
    security: tuple[Mapping[str, tuple[str, ...]], ...] | None = None
    """Alternatives, each security scheme -> scopes (OpenAPI: Security Requirement Object).

    An empty alternative means that no authorisation is needed. None: the description does not say.
    """
    security_schemes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The schemes named in `security` (OpenAPI: Security Scheme Object, as of 3.x)."""
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schemas to which the schemas above refer by `{"$ref": "#/$defs/<name>"}`.

    Names consist of letters, digits, `.`, `_` and `-`. There may be more than this endpoint uses:
    endpoints of one description may share one mapping.
    """
    incomplete: tuple[str, ...] = ()
    """Groups of `httpRequest` that may lack names because the description was cut.

    Undocumented names are allowed in these groups.
    """
    source: str = ""
    """The name of the file or document it was read from."""
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """The operation's extensions about pagination: `x-ms-pageable`."""

    @property
    def target(self) -> str:
        """The path template as it is sent: with a leading slash, and with its query.

        The part after `#` is left out. A `#word` before another segment can only be a placeholder
        and is read as `{word}`; so is `${word}`, JavaScript's spelling.
        """
        return target_of(self.path)

    @property
    def server_variables(self) -> dict[str, Mapping[str, Any]]:
        """The variables of its servers, except those that are also path parameters.

        The first server that has a variable defines it.
        """
        # A path parameter of the same name gives one value to both placeholders.
        path_parameters = {
            parameter.name for parameter in self.parameters if parameter.location == "path"
        }
        variables: dict[str, Mapping[str, Any]] = {}
        for server in self.servers:
            for name in _VARIABLE.findall(server.url):
                if name not in path_parameters:
                    variables.setdefault(name, server.variables.get(name, {}))
        return variables

    def to_json(self, written: Callable[[Part], Any] | None = None) -> dict[str, Any]:
        """Return the endpoint as in `schemas/endpoint.schema.json`; unset fields are left out.

        *written* is for endpoints that share parts: it returns the JSON for a server, a parameter,
        a body or a security scheme. Responses and definitions are then left out.
        """
        json_of = written or json_of_part
        value: dict[str, Any] = {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "provider": self.provider,
        }
        value |= _set(
            {
                "api": self.api.to_json(),
                "title": self.title,
                "description": self.description,
                "operationId": self.operation_id,
                "tags": list(self.tags),
                "deprecated": self.deprecated,
            }
        )
        value["servers"] = list(map(json_of, self.servers))
        value["parameters"] = list(map(json_of, self.parameters))
        if self.request_body is not None:
            value["requestBody"] = json_of(self.request_body)
        if written is None and self.responses:
            value["responses"] = {
                status: response.to_json() for status, response in self.responses.items()
            }
        if self.security is not None:
            value["security"] = [
                {name: list(scopes) for name, scopes in alternative.items()}
                for alternative in self.security
            ]
        schemes = {name: json_of(scheme) for name, scheme in self.security_schemes.items()}
        return value | _set(
            {
                "securitySchemes": schemes,
                "$defs": _referred(value, self.definitions) if written is None else {},
                "incomplete": list(self.incomplete),
                "source": self.source,
                "extensions": dict(self.extensions),
            }
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Endpoint:
        """Read what `to_json` wrote."""
        body = value.get("requestBody")
        security = value.get("security")
        return cls(
            id=value["id"],
            method=value["method"],
            path=value["path"],
            provider=value["provider"],
            api=Api.from_json(value.get("api", {})),
            title=value.get("title", ""),
            description=value.get("description", ""),
            operation_id=value.get("operationId", ""),
            tags=tuple(value.get("tags", ())),
            deprecated=value.get("deprecated", False),
            servers=tuple(Server.from_json(server) for server in value.get("servers", ())),
            parameters=tuple(
                Parameter.from_json(parameter) for parameter in value.get("parameters", ())
            ),
            request_body=RequestBody.from_json(body) if body is not None else None,
            responses={
                name: Response.from_json(item) for name, item in value.get("responses", {}).items()
            },
            security=_security(security),
            security_schemes=value.get("securitySchemes", {}),
            definitions=value.get("$defs", {}),
            incomplete=tuple(value.get("incomplete", ())),
            source=value.get("source", ""),
            extensions=value.get("extensions", {}),
        )


def _security(alternatives: Any) -> tuple[dict[str, tuple[str, ...]], ...] | None:
    """Read the JSON of `Endpoint.security`."""
    if alternatives is None:
        return None
    return tuple(
        {name: tuple(scopes) for name, scopes in alternative.items()}
        for alternative in alternatives
    )


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an import report: something guessed, skipped, missing or cut, and its place."""

    kind: str
    """`guessed`, `skipped`, `missing` or `truncated`."""
    message: str
    line: int | None = None
    """The line in the source, from 1; None: it concerns no single line."""
    pointer: str | None = None
    """The JSON Pointer in a structured description.

    None in a text, or when it concerns no single value.
    """
    severity: str = "warning"
    """`error` if a part of the description could not be read and is missing, else `warning`."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"kind", "message", "severity"?, "line"?, "pointer"?}`; `warning` is left out."""
        value: dict[str, Any] = {"kind": self.kind, "message": self.message}
        if self.severity != "warning":
            value["severity"] = self.severity
        if self.line:
            value["line"] = self.line
        return value | ({"pointer": self.pointer} if self.pointer is not None else {})


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading one source: the endpoints, and notes on everything uncertain."""

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
