"""The walk over paths and operations: one for every version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import TOKEN
from httptask.importers._slug import endpoint_id
from httptask.importers._title import TITLE_LENGTH, title_of, without_markup
from httptask.importers.openapi._bodies import Bodies
from httptask.importers.openapi._context import Context, flag, text_of
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
        """Yield every operation, and before it what had to be guessed for it."""
        nothing = True
        paths, paths_place = self._context.mapping(self._root.get("paths"), "#/paths", "paths")
        for path in paths:
            if path.startswith("x-"):
                continue
            place = pointer_of([path], paths_place)
            item, at = self._context.followed(paths[path], place)
            if isinstance(item, OBJECT):
                known: set[str] = set()
                for method, operation, where in self._operations(item, at):
                    if method in known:
                        self._context.notes.add(
                            "skipped", f"a second operation {method}; the first counts", where
                        )
                        continue
                    known.add(method)
                    nothing = False
                    endpoint = self._endpoint(path, item, at, method, operation, where)
                    yield from self._context.notes.taken()
                    yield endpoint
            elif item is not None:
                self._context.notes.add("skipped", "a path item that is no object", place)
        if nothing:
            self._context.notes.add("missing", "no operation is described", "#", "error")

    def _operations(
        self, item: Mapping[str, Any], place: str
    ) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        for name, operation in item.items():
            if name in _PATH_ITEM_FIELDS or name.startswith("x-"):
                continue
            where = pointer_of([name], place)
            if name.lower() not in self._context.version.methods:
                self._context.notes.add(
                    "skipped", f"{name!r} is no operation in {self._context.version.name}", where
                )
                continue
            if not name.islower():
                self._context.notes.add(
                    "guessed", f"{name!r} is taken for the method {name.lower()}", where
                )
            yield from self._operation(name.upper(), operation, where)
        # OpenAPI 3.2, section 4.9.1
        further, more = self._context.mapping(
            item.get("additionalOperations"),
            f"{place}/additionalOperations",
            "additionalOperations",
        )
        for name, operation in further.items():
            where = pointer_of([name], more)
            if not TOKEN.fullmatch(name):
                self._context.notes.add("skipped", f"{name!r} is no method", where)
                continue
            if name != name.upper():
                self._context.notes.add(
                    "guessed", f"the method {name!r} is sent in upper case", where
                )
            yield from self._operation(name.upper(), operation, where)

    def _operation(
        self, method: str, raw: Any, place: str
    ) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        operation, at = self._context.followed(raw, place)
        if isinstance(operation, OBJECT):
            yield method, operation, at
        elif operation is not None:
            self._context.notes.add("skipped", "an operation that is no object", place)

    def _endpoint(
        self,
        path: str,
        item: Mapping[str, Any],
        item_place: str,
        method: str,
        operation: Mapping[str, Any],
        place: str,
    ) -> Endpoint:
        parameters, parts = self._split(item, item_place, operation, place)
        title, description = self._texts(operation, item, method, path)
        security = self._root_security
        if operation.get("security") is not None:
            security = self._security.requirements(operation["security"], f"{place}/security")
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
            servers=self._servers_of(operation, place, item, item_place),
            request_body=self._request_body(operation, parts, place),
            responses=self._bodies.responses(
                operation.get("responses"), operation, f"{place}/responses"
            ),
            security=security,
            security_schemes=self._security.schemes(security),
            definitions=self._context.schemas.definitions,
            source=self._source,
            parameters=self._fitted(parameters, path, place),
        )

    def _fitted(self, parameters: list[Parameter], path: str, place: str) -> tuple[Parameter, ...]:
        target = target_of(path)
        if not path.startswith("/"):
            self._context.notes.add(
                "guessed", f"the path {path!r} does not start with '/'; one is put in front", place
            )
        if "#" in path:
            self._context.notes.add("guessed", f"a path with '#': {target} is sent", place)
        elif "?" in path:
            self._context.notes.add(
                "guessed", "the query in the path is sent with every request", place
            )
        return tuple(fitted(self._context, parameters, target, place))

    def _split(
        self, item: Mapping[str, Any], item_place: str, operation: Mapping[str, Any], place: str
    ) -> tuple[list[Parameter], Parts]:
        parts: Parts = []

        def plain(values: Any, where: str) -> Iterator[Parameter]:
            for each in self._parameters.listed(values, where):
                if isinstance(each, Parameter):
                    yield each
                else:
                    parts.append(each)

        common = (
            plain(item.get("parameters"), f"{item_place}/parameters"),
            f"{item_place}/parameters",
        )
        own = (plain(operation.get("parameters"), f"{place}/parameters"), f"{place}/parameters")
        return merged(self._context, common, own), list(
            {(raw["in"], str(raw.get("name"))): (raw, at) for raw, at in parts}.values()
        )

    def _request_body(
        self, operation: Mapping[str, Any], parts: Parts, place: str
    ) -> RequestBody | None:
        if operation.get("requestBody") is not None:
            if parts:
                self._context.notes.add(
                    "skipped",
                    "parameters in 'body' or 'formData' beside a request body; that counts",
                    parts[0][1],
                )
            return self._bodies.request(operation["requestBody"], f"{place}/requestBody")
        if parts and not self._context.version.is_swagger:
            self._context.notes.add(
                "guessed",
                "parameters in 'body' or 'formData' are taken for the request body",
                parts[0][1],
            )
        return self._bodies.request_of_parameters(parts, operation)

    def _servers_of(
        self, operation: Mapping[str, Any], place: str, item: Mapping[str, Any], item_place: str
    ) -> tuple[Server, ...]:
        if self._identity.servers:
            return self._identity.servers
        for value, at in ((operation, place), (item, item_place)):
            if value.get("servers"):
                return self._servers.of(value["servers"], f"{at}/servers")
        if operation.get("schemes") and self._context.version.is_swagger:
            return self._servers.of_swagger(operation["schemes"])
        return self._root_servers

    def _texts(
        self, operation: Mapping[str, Any], item: Mapping[str, Any], method: str, path: str
    ) -> tuple[str, str]:
        summary = text_of(operation, "summary") or text_of(item, "summary")
        description = text_of(operation, "description") or text_of(item, "description")
        title = (
            title_of(without_markup(summary))
            or title_of(without_markup(description))
            or text_of(operation, "operationId")[:TITLE_LENGTH]
        )
        if summary and title != summary.rstrip(".") and summary not in description:
            description = f"{summary}\n\n{description}".strip()  # what the title cuts is not lost
        return title or f"{method} {path}"[:TITLE_LENGTH], description


def _strings(values: Any) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []
