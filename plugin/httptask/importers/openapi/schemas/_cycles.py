"""Definitions that refer to each other in circles: which of those circles no validator, or no
instance, would survive.

Recursion is normal: a tree has children that are trees. Two kinds are not: a schema that refers to
itself for the *same* value, on which a validator never ends, and one that *requires* a part of its
own kind, for which there is no finite instance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from httptask._schema.graph import components
from httptask._schema.subschemas import DEFINITION, definition_name

Schema = dict[str, Any]

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_IN_PLACE = frozenset((*_LISTS, *_SINGLE, "$ref", "dependentSchemas"))
"""Keywords that apply schemas to the same value."""
_NEEDING = frozenset((*_LISTS, "$ref", "required", "minItems"))
"""Keywords by which an instance needs another schema's."""


class Cycles:
    """Breaks the circles among definitions, each once, whichever definition is asked for first.

    *converted* returns a definition as it was converted, *add* registers another one under a name
    like the given one and returns its name, *note* reports what was changed about a definition.
    """

    def __init__(
        self,
        converted: Callable[[str], Schema],
        add: Callable[[str], str],
        note: Callable[[str, str], None],
    ) -> None:
        self._converted = converted
        self._add = add
        self._note = note
        self._ending: dict[str, Schema] = {}
        self._finite: dict[str, Schema] = {}

    def broken(self, name: str) -> Schema:
        """Return the definition *name*, on which a validator ends, and which has a finite instance
        if that is all it lacks.
        """
        if name not in self._finite:
            schema = self._validated(name)
            if self._finite.keys() >= set(_needed(schema)):  # no way leads back here
                self._finite[name] = schema
                return schema
            for members in components(
                [name], lambda each: _needed(self._validated(each)), self._finite
            ):
                schemas = {each: self._validated(each) for each in members}
                self._finite |= (
                    self._with_instances(schemas) if _is_circle(schemas, _needed) else schemas
                )
        return self._finite[name]

    # The same value

    def _validated(self, name: str) -> Schema:
        if name not in self._ending:
            schema = self._converted(name)
            if self._ending.keys() >= set(in_place(schema)):  # no way leads back here
                self._ending[name] = schema
                return schema
            for members in components(
                [name], lambda each: in_place(self._converted(each)), self._ending
            ):
                schemas = {each: self._converted(each) for each in members}
                self._ending |= self._unwound(schemas) if _is_circle(schemas, in_place) else schemas
        return self._ending[name]

    def _unwound(self, schemas: dict[str, Schema]) -> dict[str, Schema]:
        schemas = self._with_bases(schemas)
        for name, targets in _back_edges(schemas):
            schemas[name] = _pruned(schemas[name], targets)
            self._note(
                "a schema that is itself again, for the same value; that reference is left out",
                name,
            )
        return schemas

    def _with_bases(self, schemas: dict[str, Schema]) -> dict[str, Schema]:
        # `Pet: {oneOf: [Cat, Dog]}` with `Cat: {allOf: [Pet, …]}` means: a cat has what all pets
        # have.
        bases = {}
        for name, schema in schemas.items():
            base = {
                keyword: value
                for keyword, value in schema.items()
                if keyword not in ("oneOf", "anyOf")
                or schemas.keys().isdisjoint(in_place({keyword: value}))
            }
            if len(base) < len(schema):
                bases[name] = base
        used = {
            target
            for schema in schemas.values()
            for target in _conjunctive(schema)
            if target in bases
        }
        names = {name: self._add(name) for name in bases if name in used}
        if names:
            everything = {**schemas, **{names[name]: bases[name] for name in names}}
            schemas = {name: _redirected(schema, names) for name, schema in everything.items()}
            for name in names:
                self._note(
                    "its alternatives are built on it; they take what it says beside its"
                    " alternatives",
                    name,
                )
        return schemas

    # A finite instance

    def _with_instances(self, schemas: dict[str, Schema]) -> dict[str, Schema]:
        finite: set[str] = set()
        for name in schemas:
            _grow(finite, schemas)
            if name not in finite:
                relaxed = _relaxed(schemas[name], finite, schemas)
                if relaxed != schemas[name]:
                    schemas[name] = relaxed
                    self._note(
                        "what it requires contains itself without end; that part is not required",
                        name,
                    )
        return schemas


def _is_circle(schemas: Mapping[str, Schema], edges: Callable[[Schema], Iterable[str]]) -> bool:
    return len(schemas) > 1 or any(name in edges(schema) for name, schema in schemas.items())


def _back_edges(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, set[str]]]:
    """Yield each definition whose references close a circle, with those references' names, depth
    first.
    """
    open_, closed = set[str](), set[str]()
    for start in schemas:
        waiting = [(start, False)]
        while waiting:
            name, left = waiting.pop()
            if left:
                open_.discard(name)
                closed.add(name)
            elif name not in open_ and name not in closed:
                open_.add(name)
                waiting.append((name, True))
                targets = [target for target in in_place(schemas[name]) if target in schemas]
                closing = {target for target in targets if target in open_}
                if closing:
                    yield name, closing
                waiting.extend((target, False) for target in targets if target not in closing)


def in_place(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that *schema* applies to the same value it is applied to
    itself.
    """
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, dict) or _IN_PLACE.isdisjoint(each):
            continue
        if (name := definition_name(each.get("$ref"))) is not None:
            yield name
        for keyword in _LISTS:
            waiting.extend(each.get(keyword, ()))
        waiting.extend(each.get(keyword) for keyword in _SINGLE)
        waiting.extend(each.get("dependentSchemas", {}).values())


def _conjunctive(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if (name := definition_name(each.get("$ref"))) is not None:
                yield name
            waiting.extend(each.get("allOf", ()))


def _redirected(schema: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    if (name := definition_name(schema.get("$ref"))) in names and name is not None:
        result["$ref"] = DEFINITION + names[name]
    if "allOf" in schema:
        result["allOf"] = [_redirected(each, names) for each in schema["allOf"]]
    return result


def _pruned(schema: Schema, names: Collection[str]) -> Schema:
    """Return *schema* without its references, for the same value, to the definitions *names*."""
    result = dict(schema)
    if definition_name(schema.get("$ref")) in names:
        del result["$ref"]
    if "allOf" in schema:
        result["allOf"] = [
            _pruned(each, names) if isinstance(each, dict) else each for each in schema["allOf"]
        ]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            result[keyword] = [each for each in schema[keyword] if not _refers(each, names)]
    for keyword in _LISTS:
        if not result.get(keyword, True):
            del result[keyword]
    for keyword in _SINGLE:
        if _refers(schema.get(keyword), names):
            del result[keyword]
    if "dependentSchemas" in schema:
        dependent = schema["dependentSchemas"]
        result["dependentSchemas"] = {
            key: each for key, each in dependent.items() if not _refers(each, names)
        }
    return result


def _refers(schema: Any, names: Collection[str]) -> bool:
    return any(name in names for name in in_place(schema))


# Instances


def _is_object(schema: Schema) -> bool:
    return (
        schema.get("type", "object") == "object" and "enum" not in schema and "const" not in schema
    )


def _parts(schema: Schema) -> Iterator[Any]:
    """Yield the schemas of what every instance of *schema* holds."""
    if _is_object(schema):
        properties = schema.get("properties", {})
        yield from (properties[name] for name in schema.get("required", ()) if name in properties)
    if schema.get("type") == "array" and schema.get("minItems", 0) > 0:
        first = schema.get("prefixItems", [])
        yield from first[: schema["minItems"]]
        if len(first) < schema["minItems"] and "items" in schema:
            yield schema["items"]


def _needed(schema: Schema) -> Iterator[str]:
    """Yield the names of the definitions of which an instance of *schema* may need one."""
    waiting: list[Any] = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and not _NEEDING.isdisjoint(each):
            if (name := definition_name(each.get("$ref"))) is not None:
                yield name
            for keyword in _LISTS:
                waiting.extend(each.get(keyword, ()))
            waiting.extend(_parts(each))


def _grow(finite: set[str], schemas: Mapping[str, Schema]) -> None:
    """Add to *finite* the names of those of *schemas* that have an instance made of what is known
    to have one.
    """
    growing = True
    while growing:
        found = [
            name
            for name in schemas
            if name not in finite and _has_instance(schemas[name], finite, schemas)
        ]
        finite.update(found)
        growing = bool(found)


def _has_instance(schema: Any, finite: Collection[str], schemas: Mapping[str, Schema]) -> bool:
    if not isinstance(schema, dict):
        return True
    name = definition_name(schema.get("$ref"))
    if name in schemas and name not in finite:
        return False
    if not all(
        _has_instance(each, finite, schemas) for each in (*schema.get("allOf", ()), *_parts(schema))
    ):
        return False
    return all(
        any(_has_instance(each, finite, schemas) for each in schema[keyword])
        for keyword in ("anyOf", "oneOf")
        if keyword in schema
    )


def _relaxed(schema: Any, finite: Collection[str], schemas: Mapping[str, Schema]) -> Any:
    """Return *schema* without requiring what has no instance."""
    if not isinstance(schema, dict) or _has_instance(schema, finite, schemas):
        return schema
    result = dict(schema)
    properties = schema.get("properties", {})
    if _is_object(schema) and "required" in schema:
        result["required"] = [
            name
            for name in schema["required"]
            if _has_instance(properties.get(name), finite, schemas)
        ]
    if schema.get("minItems") and not all(
        _has_instance(each, finite, schemas) for each in _parts({"type": "array", **schema})
    ):
        del result["minItems"]
    for keyword in _LISTS:
        if keyword in schema:
            result[keyword] = [_relaxed(each, finite, schemas) for each in schema[keyword]]
    return result
