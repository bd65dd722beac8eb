"""The fields of a response that may concern its pages, each with its JSON Pointer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._schema.subschemas import definition_name
from httptask.expressions import Query
from httptask.settings.paging._names import is_wrapper, plain

_DEEPEST = 4
"""The most names in a path."""
_MOST_LAYERS = 40
"""Schemas that are merged into one field: a description's schema may be recursive."""
_MOST_FIELDS = 400
_OBJECT_KEYWORDS = frozenset(("$ref", "properties", "allOf"))
_MOST_BESIDE = 20
"""Properties of a body in which an envelope is looked for."""


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a response, at any depth."""

    path: tuple[str, ...]
    pointer: str
    """The JSON Pointer of its schema in the endpoint's JSON."""
    types: frozenset[str]
    """Without null; empty if the description does not say."""
    keywords: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name without case and punctuation; "" for the body itself."""
        if self.path:
            return plain(self.path[-1])
        return ""

    @property
    def parent_name(self) -> str:
        """The name of the object that contains it, without case and punctuation; "" for the body's
        own properties.
        """
        if len(self.path) > 1:
            return plain(self.path[-2])
        return ""

    @property
    def query(self) -> str:
        """Its JSONPath over the body."""
        return Query.of_steps(self.path).text

    @property
    def items_query(self) -> str:
        """The JSONPath of its items: its own, or that of each member of a map."""
        return f"{self.query}[*]" if self.is_map else self.query

    @property
    def is_list(self) -> bool:
        """Whether it is an array."""
        return "array" in self.types and self.types <= {"array"}

    @property
    def is_map(self) -> bool:
        """Whether it is an object of objects under any names."""
        member = self.keywords.get("additionalProperties")
        if self.types != {"object"} or "properties" in self.keywords:
            return False
        if not isinstance(member, Mapping) or _OBJECT_KEYWORDS.isdisjoint(member):
            return False
        return bool(member.get("type", "object") == "object")

    @property
    def is_scalar(self) -> bool:
        """Whether it is plainly neither an object nor an array."""
        return bool(self.types) and not self.types & {"object", "array"}

    def may_be(self, *types: str) -> bool:
        """Say whether its value may be of one of *types*."""
        return not self.types or bool(self.types & set(types))

    @property
    def text(self) -> str:
        """Its description, format and first examples, in lower case."""
        words = [self.keywords.get(name) for name in ("description", "format", "example")]
        examples = self.keywords.get("examples")
        words += examples[:1] if isinstance(examples, list) else []
        return " ".join(str(word) for word in words if word is not None)[:2_000].lower()


class Fields:
    """Reads the fields of schemas that share *definitions*."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def of(self, schema: Any, pointer: str) -> list[Field]:
        """Return the body itself, then the fields below it that may concern pages, the shallow ones
        first.

        An object is opened if its name is usual for an envelope, or if all other properties of the
        body are scalars.
        """
        fields: list[Field] = []
        pending: list[tuple[tuple[str, ...], Any, str]] = [((), schema, pointer)]
        envelope: tuple[str, ...] | None = None
        while pending and len(fields) < _MOST_FIELDS:
            path, schema, pointer = pending.pop(0)
            field, properties = self._field(path, schema, pointer)
            fields.append(field)
            if field.is_list or len(path) >= _DEEPEST:
                continue
            if not path:
                envelope = self._envelope(properties)
            if not path or path == envelope or is_wrapper(path[-1]):
                pending += [
                    ((*path, name), child, where) for name, (child, where) in properties.items()
                ]
        return fields

    def _envelope(self, properties: Mapping[str, tuple[Any, str]]) -> tuple[str, ...] | None:
        """Return the path of the only one of the body's *properties* that is no scalar."""
        if len(properties) > _MOST_BESIDE:
            return None
        fields = (self._field((name,), *child)[0] for name, child in properties.items())
        others = [field.path for field in fields if not field.is_scalar]
        if len(others) == 1:
            return others[0]
        return None

    def _field(
        self, path: tuple[str, ...], schema: Any, pointer: str
    ) -> tuple[Field, dict[str, tuple[Any, str]]]:
        """Return the field for *schema*, and its properties: name -> schema and pointer."""
        types: set[str] = set()
        keywords: dict[str, Any] = {}
        properties: dict[str, tuple[Any, str]] = {}
        first_pointer = ""
        for layer, layer_pointer in self._layers(schema, pointer):
            first_pointer = first_pointer or layer_pointer
            layer_types = layer.get("type")
            types.update(
                layer_types
                if isinstance(layer_types, list)
                else [layer_types]
                if layer_types
                else []
            )
            # `items` without `type` is common, and only arrays have items.
            if ("items" in layer and not layer_types) or self._is_some_array(layer):
                types.add("array")
            for name, value in layer.items():
                keywords.setdefault(name, value)
            children = layer.get("properties")
            if isinstance(children, Mapping):
                for name, child in children.items():
                    child_pointer = pointer_of(["properties", name], layer_pointer)
                    properties.setdefault(name, (child, child_pointer))
        if properties:
            types.add("object")
        types.discard("null")
        return Field(path, pointer, frozenset(map(str, types)), keywords), properties

    def _is_some_array(self, layer: Mapping[str, Any]) -> bool:
        """Say whether each of several options of *layer* is an array, whatever its items are."""
        for keyword in ("oneOf", "anyOf"):
            options = layer.get(keyword)
            if isinstance(options, list) and len(options) > 1:
                return all(
                    any(part.get("type") == "array" for part, _ in self._layers(option, ""))
                    for option in options
                )
        return False

    def _layers(self, schema: Any, pointer: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield the schemas that apply to one value, with their pointers, at most
        `_MOST_LAYERS`.
        """
        pending, followed = [(schema, pointer)], set()
        for _ in range(_MOST_LAYERS):
            if not pending:
                return
            layer, layer_pointer = pending.pop(0)
            if not isinstance(layer, Mapping):
                continue
            yield layer, layer_pointer
            name = definition_name(layer.get("$ref"))
            if name is not None and name not in followed:
                followed.add(name)
                pending.append((self._definitions.get(name), pointer_of(["$defs", name])))
            parts = layer.get("allOf")
            if isinstance(parts, list):
                pending += [
                    (part, pointer_of(["allOf", str(index)], layer_pointer))
                    for index, part in enumerate(parts)
                ]
            for keyword in ("oneOf", "anyOf"):
                pending += self._only_option(
                    layer.get(keyword), pointer_of([keyword], layer_pointer)
                )

    def _only_option(self, options: Any, pointer: str) -> list[tuple[Any, str]]:
        """Return the only option besides null.

        Several options are a choice and say nothing certain.
        """
        if not isinstance(options, list):
            return []
        remaining = [
            (option, pointer_of([str(index)], pointer))
            for index, option in enumerate(options)
            if not (isinstance(option, Mapping) and option.get("type") == "null")
        ]
        return remaining if len(remaining) == 1 else []
