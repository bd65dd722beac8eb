"""What a description says: servers, parameters, bodies, endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask._schema.subschemas import definition_name

PARAMETER_GROUPS: dict[str, str] = {
    "path": "pathParameters",
    "query": "query",
    "header": "headers",
    "cookie": "cookies",
}
"""Where a parameter is sent (OpenAPI's `in`) -> the group of a task's `httpRequest` that holds its
value.
"""
_HASHED = re.compile(r"#(\w+)(?=/)")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def _referred(value: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *definitions* that *value* refers to anywhere, and those that they do: the
    others are other endpoints'.
    """
    found: dict[str, Any] = {}
    waiting = [value] if definitions else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            name = definition_name(item.get("$ref"))
            if name is not None and name not in found and name in definitions:
                found[name] = definitions[name]
                waiting.append(found[name])
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return dict(sorted(found.items()))


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    """Return those of *fields* that say something: neither false nor empty."""
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Api:
    """One described HTTP API, as each of its endpoints carries it (OpenAPI: Info Object)."""

    name: str = ""
    """Which of its provider's APIs it is: `compute`, `ghes-3.8`; "" when the description does not
    say.
    """
    title: str = ""
    """The description's own title: `Compute Engine API`."""
    version: str = ""
    """The version of the API, as described; not of the format."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"name"?, "title"?, "version"?}`."""
        return _set({"name": self.name, "title": self.title, "version": self.version})

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
        """The URL with the default of each variable that has one in its place."""
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
    """What one media type carries (OpenAPI: Media Type Object)."""

    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema 2020-12 of the value; `{}` is any value."""
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Field of a form or multipart body -> `{"contentType"?, "headers"?, "style"?, "explode"?,
    "allowReserved"?, "itemDelimiters"?}`."""
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
    """JSON Schema 2020-12 of the value; `{}` is any value. Defaults and enumerations stand here."""
    description: str = ""
    style: str | None = None
    """How the value is serialised; None is OpenAPI's default for the location."""
    explode: bool | None = None
    """None is OpenAPI's default for the style."""
    item_delimiters: tuple[str, ...] = ()
    """What is between the items of an array in the array, of one in that, and so on (Swagger 2.0:
    Items Object).
    """
    allow_reserved: bool = False
    """Whether RFC 3986's reserved characters stand in the URL as they are."""
    media_type: str | None = None
    """The media type a value is serialised as, instead of by a style (OpenAPI: `content`):
    `application/json`.
    """
    encoding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """With a form as its media type: field -> how it is written, as `MediaType.encoding` has it."""
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
    """What an endpoint answers (OpenAPI: Response Object)."""

    description: str = ""
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Header -> `{"description"?, "required"?, "schema"}`."""
    content: Mapping[str, MediaType] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return an OpenAPI Response Object; unset fields are left out."""
        content = {name: media_type.to_json() for name, media_type in self.content.items()}
        return _set(
            {"description": self.description, "headers": dict(self.headers), "content": content}
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


def target_of(path: str) -> str:
    """Return the path template *path* as it is sent: see `Endpoint.target`."""
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
    """The API it is part of; provider, API's name, path and method together are its identity."""
    title: str = ""
    """One line for a list."""
    description: str = ""
    """The description's own words. Untrusted text."""
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
    """Alternatives, each security scheme -> scopes (OpenAPI: Security Requirement Object); an empty
    one means that none is needed. None: the description does not say."""
    security_schemes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The schemes that `security` names (OpenAPI: Security Scheme Object, as of 3.x)."""
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schemas that the schemas above name by `{"$ref": "#/$defs/<name>"}`; names hold letters,
    digits, `.`, `_`, `-`. It may hold more than this endpoint uses: endpoints of one description
    may share one mapping."""
    incomplete: tuple[str, ...] = ()
    """Groups of `httpRequest` the description may not list in full (a cut page): undocumented names
    are allowed there.
    """
    source: str = ""
    """The name of the file or document it was read from."""

    @property
    def target(self) -> str:
        """The path template as it is sent: with a leading slash and its query, without what follows
        `#`.

        A `#word` that other segments follow is a place to fill in, `{word}`: nothing else can be
        meant. Nor by `${word}`, JavaScript's for `{word}`.
        """
        return target_of(self.path)

    @property
    def server_variables(self) -> dict[str, Mapping[str, Any]]:
        """The variables of its servers, but for those of which the path has its own: those of the
        first server that has one.
        """
        own = {parameter.name for parameter in self.parameters if parameter.location == "path"}
        found: dict[str, Mapping[str, Any]] = {}
        for server in self.servers:
            for name in _VARIABLE.findall(server.url):
                if name not in own:
                    found.setdefault(name, server.variables.get(name, {}))
        return found

    def to_json(self, *, shared: bool = True) -> dict[str, Any]:
        """Return the endpoint as `schemas/endpoint.schema.json` has it; unset fields are left out.

        *shared* False leaves out what it may share with other endpoints: its parameters, responses
        and definitions.
        """
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
        value["servers"] = [server.to_json() for server in self.servers]
        parameters = self.parameters if shared else ()
        responses = self.responses if shared else {}
        value["parameters"] = [parameter.to_json() for parameter in parameters]
        if self.request_body is not None:
            value["requestBody"] = self.request_body.to_json()
        value |= _set({"responses": {status: each.to_json() for status, each in responses.items()}})
        if self.security is not None:
            value["security"] = [
                {name: list(scopes) for name, scopes in each.items()} for each in self.security
            ]
        return value | _set(
            {
                "securitySchemes": {
                    name: dict(scheme) for name, scheme in self.security_schemes.items()
                },
                "$defs": _referred(value, self.definitions) if shared else {},
                "incomplete": list(self.incomplete),
                "source": self.source,
            }
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Endpoint:
        """Read what `to_json` wrote."""
        body, security = value.get("requestBody"), value.get("security")
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
            security=(
                tuple({name: tuple(scopes) for name, scopes in each.items()} for each in security)
                if security is not None
                else None
            ),
            security_schemes=value.get("securitySchemes", {}),
            definitions=value.get("$defs", {}),
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
    pointer: str | None = None
    """The JSON Pointer of the place in a structured description; None in a text, or when it
    concerns no single place.
    """
    severity: str = "warning"
    """`error` where a part of what is described could not be read, and is not there; else
    `warning`.
    """

    def to_json(self) -> dict[str, Any]:
        """Return `{"kind", "message", "severity"?, "line"?, "pointer"?}`; a severity of `warning`
        is left out.
        """
        value: dict[str, Any] = {"kind": self.kind, "message": self.message}
        if self.severity != "warning":
            value["severity"] = self.severity
        if self.line:
            value["line"] = self.line
        return value | ({"pointer": self.pointer} if self.pointer is not None else {})


@dataclass(frozen=True, slots=True)
class Reading:
    """What an importer made of one source: the endpoints, and a report of everything it was not
    sure of.
    """

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
