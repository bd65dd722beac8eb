"""Walk over the paths and operations of a description. The walk is the same for every version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import TOKEN
from httptask._visible import one_line
from httptask.importers._slug import endpoint_id
from httptask.importers._title import TITLE_LENGTH, title_of, title_of_request, without_markup
from httptask.importers.openapi._bodies import Bodies
from httptask.importers.openapi._context import Context, flag, text_of
from httptask.importers.openapi._extensions import paging_extensions
from httptask.importers.openapi._identity import Identity
from httptask.importers.openapi._parameters import Parameters, fitted, merged
from httptask.importers.openapi._references import OBJECT
from httptask.importers.openapi._security import Security
from httptask.importers.openapi._servers import Servers
from httptask.model.api import Endpoint, Note, Parameter, RequestBody, Server, target_of

_PATH_ITEM_FIELDS = frozenset(
    ("$ref", "summary", "description", "servers", "parameters", "additionalOperations")
)

Parts = list[tuple[Mapping[str, Any], str]]
"""Raw `body` and `formData` parameters, each with its URI."""


class Operations:
    """Yields the endpoints of one description."""

    def __init__(
        self,
        context: Context,
        root: Mapping[str, Any],
        identity: Identity,
        servers: tuple[Server, ...],
        source: str,
    ) -> None:
        self._context = context
        self._root = root
        self._identity = identity
        self._source = source
        self._servers = Servers(context, root)
        self._root_servers = servers
        self._parameters = Parameters(context)
        self._bodies = Bodies(context, root)
        self._security = Security(context, root)
        self._root_security = self._security.requirements(root.get("security"), "#/security")

    def endpoints(self) -> Iterator[Endpoint | Note]:
        """Yield the endpoint of every operation, each after its notes."""
        is_empty = True
        paths, paths_uri = self._context.mapping(self._root.get("paths"), "#/paths", "paths")
        for path in paths:
            # Extensions may stand beside the paths (OpenAPI, Specification Extensions).
            if path.startswith("x-"):
                continue
            item_uri = pointer_of([path], paths_uri)
            item, target_uri = self._context.followed(paths[path], item_uri)
            if isinstance(item, OBJECT):
                methods: set[str] = set()
                for method, operation, operation_uri in self._operations(item, target_uri):
                    if method in methods:
                        self._context.notes.add(
                            "skipped",
                            f"a second operation {method}; the first counts",
                            operation_uri,
                        )
                        continue
                    methods.add(method)
                    is_empty = False
                    endpoint = self._endpoint(
                        path, item, target_uri, method, operation, operation_uri
                    )
                    yield from self._context.notes.taken()
                    yield endpoint
            elif item is not None:
                self._context.notes.add("skipped", "a path item that is no object", item_uri)
        if is_empty:
            self._context.notes.add("missing", "no operation is described", "#", "error")

    def _operations(
        self,
        item: Mapping[str, Any],
        uri: str,
    ) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        """Yield (method, operation, its URI) of the operations in the path item *item*."""
        for name, operation in item.items():
            if name in _PATH_ITEM_FIELDS or name.startswith("x-"):
                continue
            operation_uri = pointer_of([name], uri)
            if name.lower() not in self._context.version.methods:
                self._context.notes.add(
                    "skipped",
                    f"{name!r} is no operation in {self._context.version.name}",
                    operation_uri,
                )
                continue
            if not name.islower():
                self._context.notes.add(
                    "guessed",
                    f"{name!r} is taken for the method {name.lower()}",
                    operation_uri,
                )
            yield from self._operation(name.upper(), operation, operation_uri)
        # OpenAPI 3.2, section 4.9.1
        additional, additional_uri = self._context.mapping(
            item.get("additionalOperations"),
            f"{uri}/additionalOperations",
            "additionalOperations",
        )
        for name, operation in additional.items():
            operation_uri = pointer_of([name], additional_uri)
            if not TOKEN.fullmatch(name):
                self._context.notes.add("skipped", f"{name!r} is no method", operation_uri)
                continue
            if name != name.upper():
                self._context.notes.add(
                    "guessed",
                    f"the method {name!r} is sent in upper case",
                    operation_uri,
                )
            yield from self._operation(name.upper(), operation, operation_uri)

    def _operation(
        self,
        method: str,
        raw: Any,
        uri: str,
    ) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        operation, target_uri = self._context.followed(raw, uri)
        if isinstance(operation, OBJECT):
            yield method, operation, target_uri
        elif operation is not None:
            self._context.notes.add("skipped", "an operation that is no object", uri)

    def _endpoint(
        self,
        path: str,
        item: Mapping[str, Any],
        item_uri: str,
        method: str,
        operation: Mapping[str, Any],
        uri: str,
    ) -> Endpoint:
        parameters, parts = self._split(item, item_uri, operation, uri)
        title, description = self._texts(operation, item, method, path)
        security = self._root_security
        if operation.get("security") is not None:
            security = self._security.requirements(operation["security"], f"{uri}/security")
        return Endpoint(
            id=endpoint_id(self._identity.vendor, path, method),
            method=method,
            path=path,
            provider=self._identity.provider,
            api=self._identity.api,
            title=title,
            description=description,
            operation_id=text_of(operation, "operationId"),
            tags=tuple(_strings(operation.get("tags"))),
            deprecated=flag(operation, "deprecated"),
            servers=self._servers_of(operation, uri, item, item_uri),
            request_body=self._request_body(operation, parts, uri),
            responses=self._bodies.responses(
                operation.get("responses"), operation, f"{uri}/responses"
            ),
            security=security,
            security_schemes=self._security.schemes(security),
            definitions=self._context.schemas.definitions,
            source=self._source,
            extensions=paging_extensions(operation, self._root),
            parameters=self._fitted(parameters, path, uri),
        )

    def _fitted(
        self,
        parameters: list[Parameter],
        path: str,
        uri: str,
    ) -> tuple[Parameter, ...]:
        target = target_of(path)
        if not path.startswith("/"):
            self._context.notes.add(
                "guessed",
                f"the path {path!r} does not start with '/'; one is put in front",
                uri,
            )
        if "#" in path:
            self._context.notes.add("guessed", f"a path with '#': {target} is sent", uri)
        elif "?" in path:
            self._context.notes.add(
                "guessed", "the query in the path is sent with every request", uri
            )
        return tuple(fitted(self._context, parameters, target, uri))

    def _split(
        self,
        item: Mapping[str, Any],
        item_uri: str,
        operation: Mapping[str, Any],
        uri: str,
    ) -> tuple[list[Parameter], Parts]:
        """Return the parameters of *operation*, and the parts of its body (see `Parts`).

        Parameters of the operation override those of the path item *item*.
        """
        parts: Parts = []

        def without_parts(values: Any, list_uri: str) -> Iterator[Parameter]:
            for parameter in self._parameters.listed(values, list_uri):
                if isinstance(parameter, Parameter):
                    yield parameter
                else:
                    parts.append(parameter)

        of_item = (
            without_parts(item.get("parameters"), f"{item_uri}/parameters"),
            f"{item_uri}/parameters",
        )
        of_operation = (
            without_parts(operation.get("parameters"), f"{uri}/parameters"),
            f"{uri}/parameters",
        )
        # `merged` also runs the two generators, which fill *parts*.
        parameters = merged(self._context, of_item, of_operation)
        # The later one wins: an operation's own part replaces that of its path.
        part_by_name: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
        for raw, part_uri in parts:
            part_by_name[raw["in"], str(raw.get("name"))] = (raw, part_uri)
        return parameters, list(part_by_name.values())

    def _request_body(
        self,
        operation: Mapping[str, Any],
        parts: Parts,
        uri: str,
    ) -> RequestBody | None:
        if operation.get("requestBody") is not None:
            if parts:
                self._context.notes.add(
                    "skipped",
                    "parameters in 'body' or 'formData' beside a request body; that counts",
                    parts[0][1],
                )
            return self._bodies.request(operation["requestBody"], f"{uri}/requestBody")
        if parts and not self._context.version.is_swagger:
            self._context.notes.add(
                "guessed",
                "parameters in 'body' or 'formData' are taken for the request body",
                parts[0][1],
            )
        return self._bodies.request_of_parameters(parts, operation)

    def _servers_of(
        self,
        operation: Mapping[str, Any],
        uri: str,
        item: Mapping[str, Any],
        item_uri: str,
    ) -> tuple[Server, ...]:
        """Return the servers that the user named, or of the operation, path item or description."""
        if self._identity.servers:
            return self._identity.servers
        for owner, owner_uri in ((operation, uri), (item, item_uri)):
            if owner.get("servers"):
                return self._servers.of(owner["servers"], f"{owner_uri}/servers")
        if operation.get("schemes") and self._context.version.is_swagger:
            return self._servers.of_swagger(operation["schemes"])
        return self._root_servers

    def _texts(
        self,
        operation: Mapping[str, Any],
        item: Mapping[str, Any],
        method: str,
        path: str,
    ) -> tuple[str, str]:
        """Return the title and the description of an operation."""
        summary = text_of(operation, "summary") or text_of(item, "summary")
        description = text_of(operation, "description") or text_of(item, "description")
        title = (
            title_of(without_markup(summary))
            or title_of(without_markup(description))
            or one_line(text_of(operation, "operationId"))[:TITLE_LENGTH]
        )
        if summary and title != summary.rstrip(".") and summary not in description:
            description = f"{summary}\n\n{description}".strip()  # the title is only a part of it
        return title or title_of_request(method, path), description


def _strings(values: Any) -> list[str]:
    if isinstance(values, list):
        return [value for value in values if isinstance(value, str)]
    return []
