"""Break the cycles among definitions that make validators loop or allow no finite instance.

Most recursion is fine: a tree has children that are trees. Two kinds of cycle are not. A schema
that refers to itself for the *same* value makes a validator loop for ever. A schema that *requires*
a property or item described by itself has no finite instance.
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
"""Keywords that apply their schemas to the same value."""
_NEEDING = frozenset((*_LISTS, "$ref", "required", "minItems"))
"""Keywords that can make an instance of one schema need an instance of another."""


class Cycles:
    """Breaks each cycle among definitions once, when any of its definitions is read.

    *converted* returns a converted definition. *add* takes the name of a definition, registers a
    variant under a similar name, and returns this name. *note* takes a message and the name of a
    definition.
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
        """Name -> definition without cycles for the same value: validators end."""
        self._finite: dict[str, Schema] = {}
        """Name -> definition that has a finite instance, too."""

    def broken(self, name: str) -> Schema:
        """Return the definition *name*, with changes so that validators end and it has an instance.

        The instance is finite. Only cycles are broken: for other reasons, there may be no instance.
        """
        if name not in self._finite:
            schema = self._validated(name)
            if self._finite.keys() >= set(_needed(schema)):  # all targets are done: no cycle
                self._finite[name] = schema
                return schema
            for members in components(
                [name], lambda member: _needed(self._validated(member)), self._finite
            ):
                schemas = {member: self._validated(member) for member in members}
                self._finite |= (
                    self._with_instances(schemas) if _is_circle(schemas, _needed) else schemas
                )
        return self._finite[name]

    # The same value

    def _validated(self, name: str) -> Schema:
        """Return the definition *name* without cycles that apply it to the same value."""
        if name not in self._ending:
            schema = self._converted(name)
            if self._ending.keys() >= set(in_place(schema)):  # all targets are done: no cycle
                self._ending[name] = schema
                return schema
            for members in components(
                [name], lambda member: in_place(self._converted(member)), self._ending
            ):
                schemas = {member: self._converted(member) for member in members}
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
        """Let the alternatives of a definition refer to a variant of it without alternatives.

        `Pet: {oneOf: [Cat, Dog], …}` and `Cat: {allOf: [Pet, …]}` mean that a cat has the
        properties that all pets have.
        """
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
            _add_finite(finite, schemas)
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
    if len(schemas) > 1:
        return True
    return any(name in edges(schema) for name, schema in schemas.items())


def _back_edges(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, set[str]]]:
    """Yield each definition with references that close a cycle, and their targets, depth first."""
    open_ = set[str]()
    closed = set[str]()
    for start in schemas:
        pending = [(start, False)]
        while pending:
            name, is_done = pending.pop()
            if is_done:
                open_.discard(name)
                closed.add(name)
            elif name not in open_ and name not in closed:
                open_.add(name)
                # Visited again after its targets: the order of a depth-first search without
                # recursion.
                pending.append((name, True))
                targets = [target for target in in_place(schemas[name]) if target in schemas]
                closing = {target for target in targets if target in open_}
                if closing:
                    yield name, closing
                pending.extend((target, False) for target in targets if target not in closing)


def in_place(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that *schema* applies to its own value, not to a part."""
    pending = [schema]
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or _IN_PLACE.isdisjoint(part):
            continue
        name = definition_name(part.get("$ref"))
        if name is not None:
            yield name
        for keyword in _LISTS:
            pending.extend(part.get(keyword, ()))
        pending.extend(part.get(keyword) for keyword in _SINGLE)
        pending.extend(part.get("dependentSchemas", {}).values())


def _conjunctive(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that every instance of *schema* must fit."""
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            name = definition_name(part.get("$ref"))
            if name is not None:
                yield name
            pending.extend(part.get("allOf", ()))


def _redirected(schema: Any, names: Mapping[str, str]) -> Any:
    """Return *schema* with its references, also in `allOf`, renamed by *names*: old -> new."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    name = definition_name(schema.get("$ref"))
    if name in names and name is not None:
        result["$ref"] = DEFINITION + names[name]
    if "allOf" in schema:
        result["allOf"] = [_redirected(part, names) for part in schema["allOf"]]
    return result


def _pruned(schema: Schema, names: Collection[str]) -> Schema:
    """Return *schema* without references that apply the definitions *names* to its own value."""
    result = dict(schema)
    if definition_name(schema.get("$ref")) in names:
        del result["$ref"]
    if "allOf" in schema:
        result["allOf"] = [
            _pruned(part, names) if isinstance(part, dict) else part for part in schema["allOf"]
        ]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            result[keyword] = [part for part in schema[keyword] if not _refers(part, names)]
    for keyword in _LISTS:
        if not result.get(keyword, True):
            del result[keyword]
    for keyword in _SINGLE:
        if _refers(schema.get(keyword), names):
            del result[keyword]
    if "dependentSchemas" in schema:
        dependent = schema["dependentSchemas"]
        result["dependentSchemas"] = {
            key: part for key, part in dependent.items() if not _refers(part, names)
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
    """Yield the schemas of the properties and items that every instance of *schema* has."""
    if _is_object(schema):
        properties = schema.get("properties", {})
        yield from (properties[name] for name in schema.get("required", ()) if name in properties)
    if schema.get("type") == "array" and schema.get("minItems", 0) > 0:
        first = schema.get("prefixItems", [])
        yield from first[: schema["minItems"]]
        if len(first) < schema["minItems"] and "items" in schema:
            yield schema["items"]


def _needed(schema: Schema) -> Iterator[str]:
    """Yield the names of the definitions of which *schema* may need an instance."""
    pending: list[Any] = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, dict) and not _NEEDING.isdisjoint(part):
            name = definition_name(part.get("$ref"))
            if name is not None:
                yield name
            for keyword in _LISTS:
                pending.extend(part.get(keyword, ()))
            pending.extend(_parts(part))


def _add_finite(finite: set[str], schemas: Mapping[str, Schema]) -> None:
    """Add to *finite* the names of *schemas* that have an instance if those in *finite* have one.

    Repeat until nothing is added.
    """
    growing = True
    while growing:
        added = [
            name
            for name in schemas
            if name not in finite and _has_instance(schemas[name], finite, schemas)
        ]
        finite.update(added)
        growing = bool(added)


def _has_instance(
    schema: Any,
    finite: Collection[str],
    schemas: Mapping[str, Schema],
) -> bool:
    """Say whether *schema* has a finite instance if the definitions in *finite* have one."""
    if not isinstance(schema, dict):
        return True
    name = definition_name(schema.get("$ref"))
    if name in schemas and name not in finite:
        return False
    demands = (*schema.get("allOf", ()), *_parts(schema))
    if not all(_has_instance(part, finite, schemas) for part in demands):
        return False
    return all(
        any(_has_instance(part, finite, schemas) for part in schema[keyword])
        for keyword in ("anyOf", "oneOf")
        if keyword in schema
    )


def _relaxed(
    schema: Any,
    finite: Collection[str],
    schemas: Mapping[str, Schema],
) -> Any:
    """Return *schema* so that it no longer requires properties and items without an instance."""
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
        _has_instance(part, finite, schemas) for part in _parts({"type": "array", **schema})
    ):
        del result["minItems"]
    for keyword in _LISTS:
        if keyword in schema:
            result[keyword] = [_relaxed(part, finite, schemas) for part in schema[keyword]]
    return result
