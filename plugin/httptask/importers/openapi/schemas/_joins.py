"""Find and remove contradictions between schemas that `allOf` or `$ref` joins.

Some descriptions redeclare a property with another enum, type or bound than in the schema they
build on. In JSON Schema, no value fits both. One of the two is meant, but only the server knows
which: so either is accepted, with a note. Contradictions about properties and items count, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from httptask._schema.subschemas import definition_name
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, types_of
from httptask.importers.openapi.schemas._rule import shorter
from httptask.importers.openapi.schemas._types import fits, widened

Schema = dict[str, Any]
Steps = tuple[str, ...]
"""The path to a value inside another: `properties` and a name, or `items`, repeatedly."""
Definition = Callable[[str], Schema]
Parts = Callable[[Any], Iterable[Any]]
"""A function that yields a schema and all schemas for the same value that it refers to or joins."""

_DEEPEST = 64
"""The most levels of nested schemas that are changed."""
_BOUNDS = (
    (("number", "integer"), ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")),
    (("string",), ("minLength",), ("maxLength",)),
    (("array",), ("minItems",), ("maxItems",)),
    (("object",), ("minProperties",), ("maxProperties",)),
)
"""(types, lower bounds, upper bounds): JSON Schema 2020-12, Validation, section 6."""
_BOUNDING = frozenset(keyword for _, lower, upper in _BOUNDS for keyword in (*lower, *upper))
_LIMITING = _BOUNDING | {"enum", "const"}
"""The keywords besides `type` that can contradict each other, or the type."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Keywords of joined schemas that together allow no value."""

    steps: Steps
    """The path from the schema with `allOf` to the value."""
    message: str
    change: Callable[[Schema], Schema]
    """Changes one of the schemas at `steps`, so that it accepts what any of them accepts."""


def contradictions(schema: Schema, parts: Parts) -> Iterator[Contradiction]:
    """Yield the contradictions in *schema* between the schemas that it joins."""
    has_more_than_reference = "$ref" in schema and not ABOUT_ALL.issuperset(
        schema.keys() - {"$ref"}
    )
    if "allOf" not in schema and not has_more_than_reference:
        return
    queued: list[tuple[Steps, list[Any]]] = [((), [schema])]
    compared: set[frozenset[int]] = set()
    while queued:
        steps, declared = queued.pop()
        ordered = chain.from_iterable(
            _in_order(parts(schema_of_value)) for schema_of_value in declared
        )
        joined = [part for part in ordered if isinstance(part, dict)]
        key = frozenset(map(id, joined))
        if key in compared:  # a recursive schema
            continue
        compared.add(key)
        if _may_contradict(joined):
            for keywords in (_enumerations, _types, _bounds):
                yield from keywords(steps, joined)
        queued += (((*steps, *inner), schemas) for inner, schemas in _declared_often(joined))


def without(
    schema: Schema,
    contradiction: Contradiction,
    definition: Definition,
) -> Schema:
    """Return *schema* without *contradiction*."""
    changed: Schema = _Change(contradiction.change, definition).at(schema, contradiction.steps, 0)
    return changed


def _may_contradict(joined: list[Schema]) -> bool:
    """Return False only if *joined* certainly do not contradict each other: a fast check."""
    if not all(map(_LIMITING.isdisjoint, joined)):
        return True
    types = [part["type"] for part in joined if "type" in part]
    return any(type_ != types[0] for type_ in types)


def _in_order(parts: Iterable[Any]) -> list[Any]:
    """Return *parts* in the order of the description. The first stays; the others are reversed."""
    first, *reversed_parts = parts
    return [first, *reversed(reversed_parts)]


def _declared_often(joined: list[Schema]) -> Iterator[tuple[Steps, list[Any]]]:
    """Yield (steps, schemas) of properties, and of the items, that several of *joined* describe."""
    first: dict[str | None, Any] = {}
    """Name of a property, or None for the items -> the first schema for it."""
    often: dict[str | None, dict[int, Any]] = {}
    for part in joined:
        declared: dict[str | None, Any] = {}
        if "items" in part:
            declared[None] = part["items"]
        declared |= part.get("properties") or {}
        for name, schema in declared.items():
            if not isinstance(schema, dict):
                continue
            # By identity: the same schema reached twice is no second description.
            earlier = first.setdefault(name, schema)
            if earlier is not schema:
                often.setdefault(name, {id(earlier): earlier})[id(schema)] = schema
    # In the order of `first`, that of the description.
    for name in first if often else ():
        if name in often:
            steps = ("items",) if name is None else ("properties", name)
            yield steps, list(often[name].values())


# The kinds of contradictions


def _enumerations(steps: Steps, joined: list[Schema]) -> Iterator[Contradiction]:
    """Find `enum`s and `const`s without a common value."""
    if sum(keyword in part for part in joined for keyword in ("enum", "const")) < 2:
        return
    listed = _all_enumerated(joined)
    every = {key: value for values in listed for key, value in values.items()}
    if not _is_contradicted(map(set, listed)):
        return
    values = list(every.values())

    def change(schema: Schema) -> Schema:
        if not any(True for _ in _enumerated(schema)):
            return schema
        return _without_keywords(frozenset(("const",)), schema) | {"enum": values}

    message = f"allOf: no value is in all the enums of {_name(steps)}"
    written = shorter(", ".join(every))
    yield Contradiction(steps, f"{message}; one of any of them is taken: {written}", change)


def _types(steps: Steps, joined: list[Schema]) -> Iterator[Contradiction]:
    """Find types without a common type, and listed values that have none of the common types."""
    typed = [part for part in joined if "type" in part]
    listed = [widened(types_of(part)) for part in typed]
    constants = [value for part in joined for value in _constants(part)]
    allowed = [list(types) for types in set(map(frozenset, listed))]
    has_fitting = any(all(fits(value, types) for types in allowed) for value in constants)
    if not _is_contradicted(listed) and (has_fitting or not constants):
        return
    types = list(dict.fromkeys(name for part in typed for name in types_of(part)))
    for value in () if has_fitting else constants:
        if not fits(value, types):
            types.append(next(name for name in _TYPES if fits(value, [name])))
    message = f"allOf: no value has all the types of {_name(steps)}"

    def change(schema: Schema) -> Schema:
        if "type" in schema:
            return {**schema, "type": types}
        return schema

    yield Contradiction(
        steps,
        f"{message}; one of any of them is taken: {', '.join(types)}",
        change,
    )


_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


def _bounds(steps: Steps, joined: list[Schema]) -> Iterator[Contradiction]:
    """Find lower bounds that are above upper bounds."""
    if all(map(_BOUNDING.isdisjoint, joined)):
        return
    typed = [widened(types_of(part)) for part in joined if "type" in part]
    types = set(_TYPES).intersection(*typed)
    for bounded, lower, upper in _BOUNDS:
        least = _tightest(joined, lower, max)
        most = _tightest(joined, upper, min)
        if least is None or most is None or types.isdisjoint(bounded):
            continue
        (lowest, lower_keyword), (highest, upper_keyword) = least, most
        keywords = lower_keyword, upper_keyword
        # Equal bounds allow one value, unless one of them excludes it.
        is_open = any(keyword.startswith("exclusive") for keyword in keywords)
        if lowest < highest or (lowest == highest and not is_open):
            continue
        yield Contradiction(
            steps,
            f"allOf: no value of {_name(steps)} is within {lower_keyword} {lowest} "
            f"and {upper_keyword} {highest}; neither is checked",
            partial(_without_keywords, frozenset((*lower, *upper))),
        )


def _without_keywords(keywords: frozenset[str], schema: Schema) -> Schema:
    if keywords.isdisjoint(schema):
        return schema
    return {keyword: value for keyword, value in schema.items() if keyword not in keywords}


Bound = tuple[Any, str]
"""(bound, its keyword)."""


def _tightest(
    joined: list[Schema],
    keywords: tuple[str, ...],
    tightest: Any,
) -> Bound | None:
    """Return the strictest bound in *joined* and its keyword; of equal bounds, the exclusive."""
    bounds = [
        (part[keyword], keyword) for part in joined for keyword in keywords if keyword in part
    ]
    if not bounds:
        return None
    bound = tightest(value for value, _ in bounds)
    return bound, min(keyword for value, keyword in bounds if value == bound)


def _is_contradicted(listed: Iterable[set[str]]) -> bool:
    """Say whether the sets in *listed* have nothing but null in common.

    A set with nothing but null is no contradiction: it is meant so.
    """
    sets = list(listed)
    if len(sets) < 2 or any(allowed <= {"null"} for allowed in sets):
        return False
    return set.intersection(*sets) <= {"null"}


def _all_enumerated(joined: Iterable[Schema]) -> list[dict[str, Any]]:
    """Return the `enum`s and `const`s of *joined*, each as JSON text -> value."""
    listing = [part for part in joined if "enum" in part or "const" in part]
    return [values for part in listing for values in _enumerated(part)]


def _enumerated(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the values of *schema*'s own `enum`, and of its `const`, as JSON text -> value."""
    listed = []
    if schema.get("enum") is not None:
        listed.append(schema["enum"])
    if "const" in schema:
        listed.append([schema["const"]])
    for values in listed:
        # By their text: in Python, 1 == True.
        yield {json.dumps(value, sort_keys=True): value for value in values}


def _constants(schema: Schema) -> Iterator[Any]:
    """Yield the values of *schema*'s own `enum` and `const`."""
    yield from schema.get("enum") or ()
    if "const" in schema:
        yield schema["const"]


def _name(steps: Steps) -> str:
    """Return a name of the value at *steps* for notes: `type`, `owner.type`, `tags[]`."""
    names = ""
    keywords = iter(steps)
    for keyword in keywords:
        names += "[]" if keyword == "items" else f".{next(keywords)}"
    if names:
        return shorter(names.removeprefix("."))
    return "its schemas"


class _Change:
    """Applies a change to all schemas for one value.

    Other schemas may use a definition that has to change. So its `$ref` is replaced by a changed
    copy.
    """

    def __init__(self, change: Callable[[Schema], Schema], definition: Definition) -> None:
        self._change = change
        self._definition = definition
        self._written: set[tuple[str, Steps]] = set()

    def at(self, schema: Any, steps: Steps, level: int) -> Any:
        """Return *schema* with the change at *steps*; the same object if nothing changes."""
        if not isinstance(schema, dict) or level > _DEEPEST:
            return schema
        result = self._inside(schema, steps, level) if steps else self._change(schema)
        if "allOf" in result:
            old_parts = result["allOf"]
            parts = [self.at(part, steps, level + 1) for part in old_parts]
            if any(new is not old for new, old in zip(parts, old_parts, strict=True)):
                result = {**result, "allOf": parts}
        return self._written_out(result, steps, level)

    def _inside(self, schema: Schema, steps: Steps, level: int) -> Schema:
        """Apply the change at *steps*, which lead into a property or the items of *schema*."""
        if steps[0] == "items":
            if "items" not in schema:
                return schema
            items = self.at(schema["items"], steps[1:], level + 1)
            if items is schema["items"]:
                return schema
            return {**schema, "items": items}
        properties = schema.get("properties", {})
        if steps[1] not in properties:
            return schema
        inner = self.at(properties[steps[1]], steps[2:], level + 1)
        if inner is properties[steps[1]]:
            return schema
        return {**schema, "properties": {**properties, steps[1]: inner}}

    def _written_out(self, schema: Schema, steps: Steps, level: int) -> Schema:
        """Replace the `$ref` of *schema* by a changed copy of its target, if the target changes."""
        name = definition_name(schema.get("$ref"))
        if name is None:
            return schema
        siblings = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        if (name, steps) in self._written:  # the copy is there already, for the same value
            return siblings
        self._written.add((name, steps))
        target = self._definition(name)
        new = self.at(target, steps, level + 1)
        if new is target:
            self._written.discard((name, steps))
            return schema
        if siblings:
            return {**siblings, "allOf": [*siblings.get("allOf", ()), new]}
        return {**new}
