"""The places of a form: the groups of the settings, and what lies below each place, as far as
somebody wants to see.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from httptask._schema.subschemas import definition_name
from httptask._schema.views import Schema, View, Views
from httptask.designer._kinds import BINARY_MEDIA, MOST_OF_ONE, OF_TYPE, kind_of, types_of
from httptask.model.api import Endpoint
from httptask.settings import called

GROUPS = {
    "pathParameters": "Path",
    "headers": "Headers",
    "query": "Query",
    "cookies": "Cookies",
    "body": "Body",
}
"""The groups of a form, in its order, and what they are called."""
_IS_A_NAME = re.compile(r"[^\W\d_]{2}")
"""A definition may be called by a number: because a tool that put a description's files together
called it so.
"""
_CARRIES_FILES = re.compile(rf"multipart/|[*]|text/|{BINARY_MEDIA.pattern}")
_MAY_BE_FILE = frozenset(("any", "string", "file", "object", "map"))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the form."""

    view: View
    kind: str
    """A kind of field, or `raw`."""
    path: tuple[str | int, ...]
    """The steps from the root: the link to it."""
    above: frozenset[str]
    """The definitions around it."""
    name: str | None = None
    """The property it is."""
    required: bool = False
    title: str | None = None
    """What it is called, where its schema is not the one to say."""

    @property
    def recursive(self) -> bool:
        """Whether it comes through a definition that is around it already."""
        return bool(self.view.definitions & self.above)

    def fresh(self) -> Place:
        """Return the place as the root of an answer of its own."""
        return Place(
            self.view, self.kind, self.path, frozenset(), self.name, self.required, self.title
        )


class Places:
    """The places of a settings *schema*; *endpoint*, where it is known, says which media types a
    body has.
    """

    def __init__(self, endpoint: Endpoint | None, schema: Mapping[str, Any]) -> None:
        self._endpoint = endpoint
        self._schema = schema
        self.views = Views(schema)

    def groups(self) -> Iterator[Place]:
        """Give the groups of the settings that the schema has."""
        required = self._schema.get("required", ())
        for name in GROUPS:
            if name not in self._schema.get("properties", {}):
                continue
            view = self.views.view(self._schema["properties"][name])
            kind = kind_of(view)
            if name == "body" and self._takes_file and kind in _MAY_BE_FILE and not view.properties:
                kind = "file"
            yield Place(view, kind, (name,), frozenset(), required=name in required)

    def properties(self, without: Collection[str]) -> Iterator[Place]:
        """Give the properties of the schema itself, as places; none of *without*."""
        for name, schema in self._schema.get("properties", {}).items():
            if name not in without:
                view = self.views.view(schema)
                yield Place(view, kind_of(view), (name,), frozenset(), name=name)

    @cached_property
    def _media_types(self) -> list[str]:
        body = self._endpoint.request_body if self._endpoint is not None else None
        return list(body.content) if body is not None else []

    @cached_property
    def _takes_file(self) -> bool:
        return bool(self._media_types) and all(map(BINARY_MEDIA.match, self._media_types))

    @cached_property
    def carries_files(self) -> bool:
        """Whether a file can be sent as it is: a body of JSON or of a form is text, through and
        through.
        """
        return self._endpoint is None or any(map(_CARRIES_FILES.match, self._media_types))

    # Down the tree

    def children(self, place: Place) -> Iterator[Place]:
        """Give the places directly below *place*."""
        below = BELOW.get(place.kind)
        if below is not None:
            for steps, schema, more in below(self, place):
                yield self._at(place, steps, schema, **more)

    def step(self, place: Place, steps: deque[str]) -> Place:
        """Return the place below *place* that the first of *steps* name, and take these. Raises
        `LookupError`.
        """
        at = len(place.path)
        for child in self.children(place):
            own = [str(step) for step in child.path[at:]]
            if own == list(steps)[: len(own)]:
                for _ in own:
                    steps.popleft()
                return child
        raise LookupError("/".join(steps))

    def _at(self, above: Place, steps: tuple[str | int, ...], schema: Schema, **more: Any) -> Place:
        view = self.views.view(schema)
        return Place(
            view, kind_of(view), above.path + steps, above.above | above.view.definitions, **more
        )

    def label(self, option: Schema, view: View) -> str | None:
        """Return what an option is called: its title, or its definition's name."""
        title = view.keywords.get("title", "").strip()
        parts = option.get("allOf") if isinstance(option, Mapping) else None
        name = called(self.views.peek(parts[0] if isinstance(parts, list) and parts else option)[1])
        return title or (name if name is not None and _IS_A_NAME.search(name) else None)

    def media_type(self, place: Place, index: int) -> str | None:
        """Return the media types whose body is the option *index* of the body, where that is what
        options are for.
        """
        body = self._endpoint.request_body if self._endpoint is not None else None
        if place.path != ("body",) or body is None:
            return None
        schemas: list[tuple[Any, list[str]]] = []
        for name, media_type in body.content.items():
            same = next((names for schema, names in schemas if schema == media_type.schema), None)
            if same is None:
                schemas.append((media_type.schema, [name]))
            else:
                same.append(name)
        return (
            ", ".join(schemas[index][1]) if 1 < len(schemas) == len(place.view.unions[0]) else None
        )

    def options(self, view: View) -> list[Schema]:
        """Return the schemas a union chooses from, each with what holds whichever is chosen."""
        if (
            view.options is None
        ):  # one list for all who ask: views are kept by their schema's identity
            rest = _rest(view)
            if view.unions:
                view.options = [self._option(view, option, rest) for option in view.unions[0]]
            else:
                kinds = sorted(types_of(view), key=list(OF_TYPE).index)
                view.options = [{**rest, "type": kind} for kind in kinds]
        return view.options

    def _option(self, view: View, option: Schema, rest: dict[str, Any]) -> Schema:
        parts_of_it = [option, *([rest] if rest else [])]
        said = view.keywords.get("discriminator", {})
        name = said.get("propertyName")
        if isinstance(name, str) and name in (own := self.views.view(option)).properties:
            values = self.views.view(own.properties[name]).values
            told = _told_by(said, self.views.peek(option)[1])
            if told is not None and (values is None or (len(values) > 1 and told in values)):
                parts_of_it.append({"properties": {name: {"const": told}}})
        return {"allOf": parts_of_it} if len(parts_of_it) > 1 else option


# Below each kind: (steps, schema, what else is known)

_Below = Iterator[tuple[tuple[str | int, ...], Schema, dict[str, Any]]]


def _below_object(places: Places, place: Place) -> _Below:
    view = place.view
    unknown = view.others if isinstance(view.others, Mapping) else {}
    names = {name: view.properties.get(name, unknown) for name in view.required} | view.properties
    for name, schema in list(names.items())[:MOST_OF_ONE]:
        child = places.views.view(schema)
        if not child.impossible:  # what is read-only is never sent
            yield ("fields", name), schema, {"name": name, "required": name in view.required}
    if view.others is True or isinstance(view.others, Mapping):
        yield ("extra",), view.others, {}
    elif view.patterns:
        yield ("extra",), next(iter(view.patterns.values())), {}


def _below_map(places: Places, place: Place) -> _Below:
    view = place.view
    if view.options is None:  # kept, because views are by their schema's identity
        schemas = [
            *view.patterns.values(),
            *([view.others] if isinstance(view.others, Mapping) else []),
        ]
        different = [
            schema for index, schema in enumerate(schemas) if schema not in schemas[:index]
        ]
        view.options = [{"anyOf": different}] if len(different) > 1 else different or [{}]
    yield ("values",), view.options[0], {}


def _below_array(places: Places, place: Place) -> _Below:
    keywords = place.view.keywords
    for index, schema in enumerate(keywords.get("prefixItems", [])[:MOST_OF_ONE]):
        yield ("prefix", index), schema, {}
    items = keywords.get("items", {})
    if items is not False:
        yield ("items",), items, {}


def _below_union(places: Places, place: Place) -> _Below:
    for index, schema in enumerate(places.options(place.view)[:MOST_OF_ONE]):
        view = places.views.view(schema)
        if view.impossible:
            continue
        title = places.media_type(place, index) if place.view.unions else None
        yield ("options", index), schema, {"title": title or places.label(schema, view)}


BELOW: dict[str, Callable[[Places, Place], _Below]] = {
    "object": _below_object,
    "map": _below_map,
    "array": _below_array,
    "union": _below_union,
}


def _told_by(discriminator: Any, definition: str | None) -> str | None:
    """Return the value that *discriminator* gives to the option that is *definition* (OpenAPI:
    Discriminator Object).
    """
    mapping = discriminator.get("mapping")
    if definition is None:
        return None
    if isinstance(mapping, Mapping):
        names = [name for name, target in mapping.items() if definition_name(target) == definition]
        if names:
            return str(names[0]) if len(names) == 1 else None
    return definition  # without a mapping, the value is the schema's name


_OF_THE_WHOLE = frozenset(
    ("title", "description", "default", "examples", "deprecated", "discriminator")
)


def _rest(view: View) -> dict[str, Any]:
    """Return what *view* says beside its first choice, as a schema."""
    rest: dict[str, Any] = {
        name: value for name, value in view.keywords.items() if name not in _OF_THE_WHOLE
    }
    if view.unions and view.types is not None:
        rest["type"] = sorted(view.types)
    if view.properties:
        rest["properties"] = view.properties
    if view.required:
        rest["required"] = list(view.required)
    if view.patterns:
        rest["patternProperties"] = view.patterns
    if isinstance(view.others, Mapping) or view.others is True:
        rest["additionalProperties"] = view.others
    if len(view.unions) > 1:
        rest["allOf"] = [{"anyOf": options} for options in view.unions[1:]]
    return rest
