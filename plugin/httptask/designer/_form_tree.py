"""A form as a tree of nodes: the groups of the settings, and their fields.

Children are made on demand, because a schema may be recursive.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from httptask._schema.subschemas import definition_name
from httptask._schema.views import Schema, View, Views, json_type
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
"""The groups of a form in order, and their titles."""
_IS_A_NAME = re.compile(r"[^\W\d_]{2}")
"""Tools that bundle the files of a description may name definitions by numbers alone.

Such a name means nothing to a person.
"""
_CARRIES_FILES = re.compile(rf"multipart/|[*]|text/|{BINARY_MEDIA.pattern}")
SCALARS = ("string", "number", "integer", "boolean")
"""JSON types whose values are typed in one box, in the order in which they are named."""
_MAY_BE_FILE = frozenset(("any", "string", "file", "object", "map"))


@dataclass(frozen=True, slots=True)
class Node:
    """A field of the form, or a group of fields."""

    view: View
    kind: str
    """A kind of field; `raw` if no kind can express the schema."""
    path: tuple[str | int, ...]
    """The steps from the root; a stub's link consists of them."""
    above: frozenset[str]
    """The names of the enclosing definitions."""
    name: str | None = None
    """The name of the property; None for other nodes."""
    required: bool = False
    title: str | None = None
    """The title, if it does not come from the schema."""

    @property
    def recursive(self) -> bool:
        """Whether it belongs to a definition that already encloses it."""
        return bool(self.view.definitions & self.above)

    def fresh(self) -> Node:
        """Return the node as the root of a new response, without enclosing definitions."""
        return Node(
            self.view,
            self.kind,
            self.path,
            frozenset(),
            self.name,
            self.required,
            self.title,
        )


class FormTree:
    """The nodes of a settings *schema*.

    *endpoint*, if known, tells the media types of a body.
    """

    def __init__(self, endpoint: Endpoint | None, schema: Mapping[str, Any]) -> None:
        self._endpoint = endpoint
        self._schema = schema
        self.views = Views(schema)

    def groups(self) -> Iterator[Node]:
        """Yield the groups of the settings that the schema has."""
        required = self._schema.get("required", ())
        for name in GROUPS:
            if name not in self._schema.get("properties", {}):
                continue
            view = self.views.view(self._schema["properties"][name])
            kind = kind_of(view)
            if name == "body" and self._takes_file and kind in _MAY_BE_FILE and not view.properties:
                kind = "file"
            yield Node(view, kind, (name,), frozenset(), required=name in required)

    def properties(self, without: Collection[str]) -> Iterator[Node]:
        """Yield the properties of the schema itself as nodes, except those in *without*."""
        for name, schema in self._schema.get("properties", {}).items():
            if name not in without:
                view = self.views.view(schema)
                yield Node(view, kind_of(view), (name,), frozenset(), name=name)

    @cached_property
    def _media_types(self) -> list[str]:
        body = self._endpoint.request_body if self._endpoint is not None else None
        if body is not None:
            return list(body.content)
        return []

    @cached_property
    def _takes_file(self) -> bool:
        return bool(self._media_types) and all(map(BINARY_MEDIA.match, self._media_types))

    @cached_property
    def carries_files(self) -> bool:
        """Whether a file can be sent unchanged.

        A body of JSON or of a form is all text.
        """
        return self._endpoint is None or any(map(_CARRIES_FILES.match, self._media_types))

    # Down the tree

    def children(self, node: Node) -> Iterator[Node]:
        """Yield the nodes directly below *node*."""
        below = BELOW.get(node.kind)
        if below is not None:
            for steps, schema, members in below(self, node):
                yield self._at(node, steps, schema, **members)

    def step(self, node: Node, steps: deque[str]) -> Node:
        """Return the node below *node* for the first of *steps*, and remove these steps.

        Raises `LookupError`.
        """
        depth = len(node.path)
        for child in self.children(node):
            own = [str(step) for step in child.path[depth:]]
            if own == list(steps)[: len(own)]:
                for _ in own:
                    steps.popleft()
                return child
        raise LookupError("/".join(steps))

    def _at(
        self,
        above: Node,
        steps: tuple[str | int, ...],
        schema: Schema,
        **members: Any,
    ) -> Node:
        view = self.views.view(schema)
        kind = "any" if self.scalar_types(view) else kind_of(view)
        return Node(view, kind, above.path + steps, above.above | above.view.definitions, **members)

    def scalar_types(self, view: View) -> list[str]:
        """Return the types of a union whose options are all scalars, so that one box can hold them.

        Empty for any other view.
        """
        if not view.unions or kind_of(view) != "union":
            return []
        types: set[str] = set()
        for option in map(self.views.view, self.options(view)):
            if option.keywords.get("format") == "password":
                return []
            kind = kind_of(option)
            if kind in ("enum", "const"):
                types |= {json_type(value) for value in option.values or (None,)}
            else:
                types |= types_of(option) if kind in ("string", "number", "boolean") else {kind}
        if types <= set(SCALARS):
            return [name for name in SCALARS if name in types]
        return []

    def scalar_options(self, node: Node) -> list[Node]:
        """Return the first `MOST_OF_ONE` options of *node*, a union of scalars."""
        options = enumerate(self.options(node.view)[:MOST_OF_ONE])
        return [self._at(node, ("options", index), schema) for index, schema in options]

    def label(self, option: Schema, view: View) -> str | None:
        """Return the name of an option: its title, or the name of its definition."""
        title = view.keywords.get("title", "").strip()
        parts = option.get("allOf") if isinstance(option, Mapping) else None
        name = called(self.views.peek(parts[0] if isinstance(parts, list) and parts else option)[1])
        return title or (name if name is not None and _IS_A_NAME.search(name) else None)

    def media_type(self, node: Node, index: int) -> str | None:
        """Return the media types for option *index* of the body, separated by commas.

        None if the options do not correspond to media types.
        """
        body = self._endpoint.request_body if self._endpoint is not None else None
        if node.path != ("body",) or body is None:
            return None
        schemas: list[tuple[Any, list[str]]] = []
        for name, media_type in body.content.items():
            # Media types of equal schemas share one option of the body's union, as in the settings
            # schema.
            same = next((names for schema, names in schemas if schema == media_type.schema), None)
            if same is None:
                schemas.append((media_type.schema, [name]))
            else:
                same.append(name)
        if 1 < len(schemas) == len(node.view.unions[0]):
            return ", ".join(schemas[index][1])
        return None

    def options(self, view: View) -> list[Schema]:
        """Return the schemas of a union's options, each joined with the keywords beside the
        union.
        """
        # One list for all callers, because views are cached by the identity of their schema.
        if view.options is None:
            rest = _rest(view)
            if view.unions:
                view.options = [self._option(view, option, rest) for option in view.unions[0]]
            else:
                kinds = sorted(types_of(view), key=list(OF_TYPE).index)
                view.options = [{**rest, "type": kind} for kind in kinds]
        return view.options

    def _option(self, view: View, option: Schema, rest: dict[str, Any]) -> Schema:
        """Return *option* joined with *rest*, and with a constant for its discriminator."""
        schemas = [option, *([rest] if rest else [])]
        discriminator = view.keywords.get("discriminator", {})
        name = discriminator.get("propertyName")
        if isinstance(name, str) and name in (own := self.views.view(option)).properties:
            values = self.views.view(own.properties[name]).values
            value = _discriminator_value(discriminator, self.views.peek(option)[1])
            is_open = values is None or (len(values) > 1 and value in values)
            if value is not None and is_open:
                schemas.append({"properties": {name: {"const": value}}})
        if len(schemas) > 1:
            return {"allOf": schemas}
        return option


# The children of each kind of node: (steps, schema, further members of the node)

_Below = Iterator[tuple[tuple[str | int, ...], Schema, dict[str, Any]]]


def _below_object(tree: FormTree, node: Node) -> _Below:
    """Yield the children of an object: its documented and required names, then one for other
    names.
    """
    view = node.view
    further = view.others if isinstance(view.others, Mapping) else {}
    names = {name: view.properties.get(name, further) for name in view.required} | view.properties
    for name, schema in list(names.items())[:MOST_OF_ONE]:
        child = tree.views.view(schema)
        if not child.impossible:  # a read-only field is never sent
            yield ("fields", name), schema, {"name": name, "required": name in view.required}
    if view.others is True or isinstance(view.others, Mapping):
        yield ("extra",), view.others, {}
    elif view.patterns:
        yield ("extra",), next(iter(view.patterns.values())), {}


def _below_map(tree: FormTree, node: Node) -> _Below:
    """Yield the child of a map: the schema of its values, an `anyOf` if there are several."""
    view = node.view
    if view.options is None:  # cached, because views are cached by the identity of their schema
        schemas = [
            *view.patterns.values(),
            *([view.others] if isinstance(view.others, Mapping) else []),
        ]
        different = [
            schema for index, schema in enumerate(schemas) if schema not in schemas[:index]
        ]
        view.options = [{"anyOf": different}] if len(different) > 1 else different or [{}]
    yield ("values",), view.options[0], {}


def _below_array(tree: FormTree, node: Node) -> _Below:
    keywords = node.view.keywords
    for index, schema in enumerate(keywords.get("prefixItems", [])[:MOST_OF_ONE]):
        yield ("prefix", index), schema, {}
    items = keywords.get("items", {})
    if items is not False:
        yield ("items",), items, {}


def _below_union(tree: FormTree, node: Node) -> _Below:
    for index, schema in enumerate(tree.options(node.view)[:MOST_OF_ONE]):
        view = tree.views.view(schema)
        if view.impossible:
            continue
        title = tree.media_type(node, index) if node.view.unions else None
        yield ("options", index), schema, {"title": title or tree.label(schema, view)}


BELOW: dict[str, Callable[[FormTree, Node], _Below]] = {
    "object": _below_object,
    "map": _below_map,
    "array": _below_array,
    "union": _below_union,
}


def _discriminator_value(discriminator: Any, definition: str | None) -> str | None:
    """Return the value that *discriminator* maps to the option *definition*; None for several
    values.

    OpenAPI: Discriminator Object.
    """
    mapping = discriminator.get("mapping")
    if definition is None:
        return None
    if isinstance(mapping, Mapping):
        names = [name for name, target in mapping.items() if definition_name(target) == definition]
        if names:
            if len(names) == 1:
                return str(names[0])
            return None
    return definition  # without a mapping, the value is the schema's name


_NOT_OF_OPTIONS = frozenset(
    ("title", "description", "default", "examples", "deprecated", "discriminator")
)
"""Keywords that describe a union as a whole, not its options."""


def _rest(view: View) -> dict[str, Any]:
    """Return *view* without its first choice, as a schema."""
    schema: dict[str, Any] = {
        name: value for name, value in view.keywords.items() if name not in _NOT_OF_OPTIONS
    }
    if view.unions and view.types is not None:
        schema["type"] = sorted(view.types)
    if view.properties:
        schema["properties"] = view.properties
    if view.required:
        schema["required"] = list(view.required)
    if view.patterns:
        schema["patternProperties"] = view.patterns
    if isinstance(view.others, Mapping) or view.others is True:
        schema["additionalProperties"] = view.others
    if len(view.unions) > 1:
        schema["allOf"] = [{"anyOf": options} for options in view.unions[1:]]
    return schema
