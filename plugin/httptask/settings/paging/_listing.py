"""Read an endpoint as a list that may come in pages: its parameters, its response, its items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import FORM, FORM_DATA, JSON, essence, reading_of
from httptask.model.api import Endpoint, Response
from httptask.model.pagination import Evidence
from httptask.settings.paging._fields import Field, Fields
from httptask.settings.paging._names import (
    ASIDE_ENDS,
    ASIDE_FIELDS,
    ASIDE_START,
    LIST_FIELDS,
    PATH_PARAMETERS,
    is_wrapper,
    plain,
    plain_header,
)

_PLAIN = ("string", "integer", "number", "boolean")
_LOCATIONS = ("query", "header")
_NAMES = re.compile(r"[^.\[\]]+")
_FILTERS = ("filter", "filters", "fields", "where", "sort", "range")
_IGNORED = re.compile(
    r"(?:deprecated\b[^.]*|(?:this )?(?:parameter|field) is )?"
    r"\bignored\b(?!,? (?:if|when|unless|for|in|with)\b)"
)
"""The beginning of the description of a parameter that never has an effect."""
_DEEPEST_ITEMS = 3
"""The most names in the path to the items; a deeper list belongs to something else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A parameter, or a property of an object body, that a request can set."""

    location: str
    """`query`, `header`, `body` or `path`."""
    written: str
    """Its name, spelt as in the description."""
    field: Field

    @property
    def name(self) -> str:
        """Its name without case and punctuation."""
        if self.location == "header":
            return plain_header(self.written)
        return plain(self.written)

    @property
    def last_name(self) -> str:
        """The last of its names if it is written as a member of an object: `currentpage` for
        `searchCriteria[currentPage]`. Names of filters and ranges are not split.
        """
        first, *others = _NAMES.findall(self.written) or [""]
        is_inside = others and not plain(first).endswith(_FILTERS)
        if is_inside:
            return plain(others[-1])
        return self.name

    @property
    def setting(self) -> dict[str, str]:
        """Its place, as in the `parameter` of a `pagination`."""
        return {"in": self.location, "name": self.written}

    @property
    def evidence(self) -> Evidence:
        """It as evidence for a pagination."""
        noun = "field" if self.location == "body" else "parameter"
        text = f"the {self.location} {noun} {self.written}"
        return Evidence("request", self.field.pointer, text)


@dataclass(frozen=True, slots=True)
class Listing:
    """The parts of an endpoint that concern pages: what it accepts, and what it returns."""

    endpoint: Endpoint
    parameters: tuple[Asked, ...]
    fields: tuple[Field, ...]
    """The response body itself, then its fields; empty if it is not JSON."""
    headers: Mapping[str, tuple[str, Mapping[str, Any]]]
    """Plain name of a response header -> its name, its Header Object."""
    response_pointer: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> Listing:
        """Read *endpoint*."""
        reader = Fields(endpoint.definitions)
        status, response = _successful(endpoint)
        pointer = pointer_of(["responses", status])
        fields: list[Field] = []
        for name, media_type in response.content.items():
            if _is_json(name):
                schema_pointer = pointer_of(["content", name, "schema"], pointer)
                fields = reader.of(media_type.schema, schema_pointer)
                break
        headers = {plain(name): (name, header) for name, header in response.headers.items()}
        parameters = tuple(_asked(endpoint, reader))
        return cls(endpoint, parameters, tuple(fields), headers, pointer)

    def parameters_named(self, names: Iterable[str]) -> list[Asked]:
        """Return the parameters with one of *names*, then those with one as their last name."""
        by_name = [parameter for parameter in self.parameters if parameter.name in names]
        by_last_name = [parameter for parameter in self.parameters if parameter.last_name in names]
        return by_name + [parameter for parameter in by_last_name if parameter not in by_name]

    def parameter(self, names: Iterable[str]) -> Asked | None:
        """Return the first parameter with one of *names*; see `parameters_named`."""
        return next(iter(self.parameters_named(names)), None)

    def field(self, names: Iterable[str], *types: str) -> Field | None:
        """Return the shallowest field that has one of *names* and may have one of *types*.

        Without *types*, a field of any type counts.
        """
        for field in self.fields[1:]:
            if field.name in names and (not types or field.may_be(*types)):
                return field
        return None

    def header(self, names: Iterable[str]) -> str | None:
        """Return the plain name of the first response header that is one of *names*."""
        return next((name for name in self.headers if name in names), None)

    def header_query(self, name: str) -> str:
        """Return the JSONPath of the response header with the plain *name*."""
        return f"$.headers['{self.headers[name][0].lower()}']"

    def header_evidence(self, name: str) -> Evidence:
        """Return the response header with the plain *name* as evidence for a pagination."""
        written = self.headers[name][0]
        pointer = pointer_of(["headers", written], self.response_pointer)
        return Evidence("response", pointer, f"the response's header {written}")

    @property
    def has_body(self) -> bool:
        """Whether the description says anything about the body of the response."""
        return bool(_successful(self.endpoint)[1].content)

    @property
    def items(self) -> Field | None:
        """The array of the items, or None if none can be told.

        It is the body itself, the only array, an array with a usual name, or one named like the
        resource.
        """
        if not self.fields:
            return None
        if self.fields[0].is_list:
            return self.fields[0]
        lists = [
            field for field in self.fields if field.is_list and len(field.path) <= _DEEPEST_ITEMS
        ]
        arrays = [
            field for field in lists if field.name not in ASIDE_FIELDS or self._is_resource(field)
        ]
        arrays = [field for field in arrays if not _is_mostly_aside(field)] or arrays
        if not arrays and len(lists) == 1 and self._is_mentioned(lists[0]):
            return lists[0]
        # The least deep first: a list inside an item is a field of that item, not the list of
        # items.
        for depth in sorted({len(field.path) for field in arrays}):
            level = [field for field in arrays if len(field.path) == depth]
            if len(level) == 1:
                return level[0]
            resource = [field for field in level if self._is_resource(field)]
            mentioned = [field for field in level if self._is_mentioned(field)]
            named = [field for name in LIST_FIELDS for field in level if field.name == name]
            ending = [field for field in level if self._ends_with_resource(field)]
            for candidates in (resource, named[:1], mentioned, ending):
                if len(candidates) == 1:
                    return candidates[0]
        return None

    @property
    def map_of_items(self) -> Field | None:
        """The object whose members are the items: the only map, with a usual name of a list."""
        maps = [field for field in self.fields if field.is_map and len(field.path) == 1]
        if len(maps) == 1 and maps[0].name in LIST_FIELDS:
            return maps[0]
        return None

    def is_inside_resource(self, field: Field) -> bool:
        """Say whether *field* is in an object of an unusual name, beside other properties."""
        is_nested = len(field.path) > 1 and not is_wrapper(field.path[0])
        return is_nested and sum(len(other.path) == 1 for other in self.fields) > 1

    def is_of_items(self, field: Field) -> bool:
        """Say whether *field* is the list that a request asks for, judged by its name or its items.

        A list of plain values under an unusual name is rather a part of one resource.
        """
        inside = field.keywords.get("items")
        is_plain = isinstance(inside, Mapping) and inside.get("type") in _PLAIN
        return not field.path or self.is_called(field) or not is_plain

    def is_called(self, field: Field) -> bool:
        """Say whether *field* has the name of the list that was asked for, or a usual one."""
        is_named = self._is_resource(field) or self._is_mentioned(field)
        return is_named or field.name in LIST_FIELDS

    @property
    def _resource(self) -> str:
        """The plain name of the resource: the path's last fixed segment, without an extension, and
        without an action such as `:search`.
        """
        segments = [part for part in self.endpoint.path.split("/") if part and "{" not in part]
        if segments:
            return plain(re.sub(r"\.\w+$|:\w+$", "", segments[-1]))
        return ""

    def _is_resource(self, field: Field) -> bool:
        """Say whether *field* is named like the resource."""
        resource = self._resource
        return bool(resource) and field.name.rstrip("s") == resource.rstrip("s")

    def _ends_with_resource(self, field: Field) -> bool:
        """Say whether the name of *field* ends with the resource: `jobMessages` of `/messages`."""
        resource = self._resource
        return len(resource) > 3 and field.name.endswith(resource)

    def _is_mentioned(self, field: Field) -> bool:
        """Say whether the path or the operation's id mentions the name of *field*."""
        words = plain(self.endpoint.path + self.endpoint.operation_id)
        return len(field.name) > 3 and re.sub(r"(ids?|list|s)$", "", field.name) in words


def response_evidence(field: Field, noun: str = "") -> Evidence:
    """Return *field* of a response as evidence for a pagination."""
    text = f"the response's {field.query}" if field.path else "the response, a list"
    return Evidence("response", field.pointer, f"{text}{noun}")


def _is_mostly_aside(field: Field) -> bool:
    """Say whether a list with the name of *field* mostly stands beside the items."""
    return field.name.endswith(ASIDE_ENDS) or field.name.startswith(ASIDE_START)


def _successful(endpoint: Endpoint) -> tuple[str, Response]:
    """Return the status and the response for success: 200, else 2XX, 206, the default."""
    for status in ("200", "2XX", "206", "default"):
        if status in endpoint.responses:
            return status, endpoint.responses[status]
    return "200", Response()


def _is_json(name: str) -> bool:
    media_type = essence(name)
    return media_type in ("*/*", "application/*") or reading_of(media_type) == JSON


def _is_object(name: str) -> bool:
    """Say whether the body of a request of the media type *name* is written as an object."""
    return _is_json(name) or essence(name) in (FORM, FORM_DATA)


def _asked(endpoint: Endpoint, reader: Fields) -> Iterable[Asked]:
    """Yield the properties of a JSON body, else of a form, then the parameters.

    The order decides if both have a token: the one in the body is used.
    """
    content = {} if endpoint.request_body is None else endpoint.request_body.content
    for media_name in sorted(filter(_is_object, content), key=_is_json, reverse=True)[:1]:
        schema_pointer = pointer_of(["requestBody", "content", media_name, "schema"])
        for field in reader.of(content[media_name].schema, schema_pointer):
            if len(field.path) == 1:
                yield Asked("body", field.path[0], field)
    for index, parameter in enumerate(endpoint.parameters):
        is_in_path = parameter.location == "path" and plain(parameter.name) in PATH_PARAMETERS
        if parameter.location in _LOCATIONS or is_in_path:
            pointer = pointer_of(["parameters", str(index)])
            field = reader.of(parameter.schema, pointer)[0]
            described = {"description": parameter.description, **field.keywords}
            if parameter.description:
                described["description"] = parameter.description
            field = Field(
                (parameter.name,),
                pointer,
                field.types,
                described,
            )
            if not _IGNORED.match(field.text):
                yield Asked(parameter.location, parameter.name, field)
