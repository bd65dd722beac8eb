"""Compositions that refuse what they describe, mended.

Two kinds are common: `oneOf` with alternatives that cannot be told apart, and closed schemas that
others are built upon. Their meaning is clear: `oneOf` of open objects is a choice, and a schema
built on a closed object has the properties of both. They are mended after all schemas are
converted, because the targets of references must be known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from httptask._schema.subschemas import (
    HOLDING,
    Path,
    definition_name,
    replaced,
    replaced_at,
    subschemas,
)
from httptask.importers.openapi.schemas._joins import contradictions, without
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, types_of
from httptask.importers.openapi.schemas._types import widened

Schema = dict[str, Any]
Note = Callable[[str, Path], None]
"""Takes a message, and the path to its subject from the schema that is mended."""

COMPOSED = frozenset(("allOf", "anyOf", "oneOf"))
"""The keywords that make a schema a composition."""
_NULL = {"type": "null"}
_TESTS = frozenset(("not", "if"))
_CLOSING = frozenset(("additionalProperties", "unevaluatedProperties"))
_MOST_COMPARED = 100
"""Alternatives that are compared with each other."""
_MOST_PARTS = 64
"""The most parts of one schema, references followed."""
_MOST_STEPS = 500_000
"""The most visits of schemas, repeated ones included, in one description: about a second."""
_NOT_CHECKED = frozenset((*ABOUT_ALL, "format", "$comment", "contentEncoding", "contentMediaType"))
_UNDERSTOOD = (
    frozenset(
        ("type", "properties", "required", "additionalProperties", "minProperties", "$ref", "allOf")
    )
    | _NOT_CHECKED
)


def _core(schema: Any) -> Any:
    """Return *schema* with only the keywords that decide whether a value is accepted."""
    if not isinstance(schema, dict):
        return schema
    return replaced(
        {keyword: value for keyword, value in schema.items() if keyword not in _NOT_CHECKED}, _core
    )


class _Cores:
    """Compares schemas by the values they accept, as far as their text tells.

    The text of a schema is computed once, however often it is compared.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def are_same(self, one: Any, other: Any) -> bool:
        """Say whether *one* and *other* differ in annotations only.

        Both must live as long as this object, which knows them by their `id`.
        """
        return one is other or self._text(one) == self._text(other)

    def _text(self, schema: Any) -> str:
        text = self._texts.get(id(schema))
        if text is None:
            text = self._texts[id(schema)] = json.dumps(_core(schema), sort_keys=True)
        return text


@dataclass(slots=True)
class _Shape:
    """What a schema says about a value, references and `allOf` included."""

    types: set[str] | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    is_plain: bool = True
    """Whether these fields are all it says."""
    closed: bool = False
    others: list[Schema] = field(default_factory=list)
    """Schemas with a type for properties that it does not name."""
    least: int = 0
    """The least number of properties."""
    chosen: set[str] = field(default_factory=set)
    """The names of properties that only some of its alternatives describe."""
    takes_null: bool = False
    """Whether null is explicitly allowed."""

    @property
    def described(self) -> set[str]:
        """The names of the properties that it describes."""
        return self.properties.keys() | self.chosen

    @property
    def names(self) -> set[str]:
        """The names of the properties that it describes or requires."""
        return self.described | self.required


class Compositions:
    """Mends compositions.

    *definition* returns the definition of a name.
    """

    def __init__(self, definition: Callable[[str], Schema]) -> None:
        self._definition = definition
        self._shapes: dict[str, _Shape] = {}
        """Reference to a definition -> its shape."""
        self._limiting: dict[str, bool] = {}
        """Reference to a definition -> whether it limits the properties that it does not name."""
        self._remaining = _MOST_STEPS
        self._noted = False

    def mended(self, schema: Any, note: Note) -> Any:
        """Return *schema* mended, subschemas included; the same object if there is nothing to mend.

        The work on one description is bounded: when the bound is reached, the remaining schemas
        stay unchanged, which is noted once.
        """
        pending = [schema]
        while pending:
            if self._remaining <= 0:
                if not self._noted:
                    note(
                        "the description has too many compositions: the others stay as they are",
                        (),
                    )
                self._noted = True
                return schema
            part = pending.pop()
            if isinstance(part, dict):
                if _is_composed(part) and self._is_to_be_mended(part):
                    return self._rebuilt(schema, note, ())
                if not HOLDING.isdisjoint(part):
                    pending.extend(subschemas(part))
        return schema

    def _is_to_be_mended(self, schema: Schema) -> bool:
        return (
            self._refusing(schema) is not None
            or self._has_equal_alternatives(schema)
            or self._is_contradictory(schema)
        )

    def _rebuilt(self, schema: Any, note: Note, path: Path, is_test: bool = False) -> Any:
        if not isinstance(schema, dict):
            return schema

        def rebuilt(inner: Any, steps: Path) -> Any:
            return self._rebuilt(inner, note, (*path, *steps), is_test or steps[0] in _TESTS)

        result = replaced_at(schema, rebuilt)
        closing = self._refusing(result)
        if closing is not None:
            for keyword in _CLOSING & result.keys():
                del result[keyword]
            for keyword in COMPOSED & result.keys():
                result[keyword] = [self._opened(part, 0) for part in result[keyword]]
            result["unevaluatedProperties"] = closing  # 2020-12, Core, section 11.3
            note(
                "additionalProperties: the properties of all the schemas it is made of are allowed",
                path,
            )
        # Under `not` and `if`, a schema that accepts more would refuse more.
        for contradiction in () if is_test else list(contradictions(result, self._made_of)):
            result = without(result, contradiction, self._definition)
            note(contradiction.message, path)
        if self._has_equal_alternatives(result):
            result["anyOf"] = result.pop("oneOf")
            note(
                "oneOf: what one of its schemas describes is accepted by another, too; it is enough"
                " that one fits",
                path,
            )
        return result

    def _written_out(self, schema: Schema, change: Callable[[Any], Any]) -> Schema:
        """Return *schema* with its `$ref` replaced by the target, to which *change* is applied."""
        name = definition_name(schema.get("$ref"))
        if name is None:
            return schema
        rest = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        target: Schema = change(self._definition(name))
        return {**rest, "allOf": [*rest.get("allOf", ()), target]} if rest else {**target}

    def _is_contradictory(self, schema: Schema) -> bool:
        return any(True for _ in contradictions(schema, self._made_of))

    # Alternatives

    def _has_equal_alternatives(self, schema: Schema) -> bool:
        alternatives = schema.get("oneOf", ())
        if not 2 <= len(alternatives) <= _MOST_COMPARED or "anyOf" in schema:
            return False
        shapes = [self._shape(alternative) for alternative in alternatives]
        cores = _Cores()
        return any(
            cores.are_same(alternatives[number], alternatives[position])
            or (one.takes_null and other.takes_null)
            or (one.is_plain and _accepts(one, other, cores))
            or _is_wider(alternatives[number], alternatives[position])
            for number, one in enumerate(shapes)
            for position, other in enumerate(shapes)
            if number != position
        )

    def _shape(self, schema: Any) -> _Shape:
        """Return the shape of *schema*; the caller must not change it.

        The shape of a bare reference is cached.
        """
        if not _is_bare_reference(schema):
            return self._shaped(schema)
        reference: str = schema["$ref"]
        if reference not in self._shapes:
            self._shapes[reference] = self._shaped(schema)
        return self._shapes[reference]

    def _shaped(self, schema: Any) -> _Shape:
        shape = _Shape()
        for part in self._made_of(schema):
            if not isinstance(part, dict):
                shape.is_plain = False
                continue
            if "type" in part:
                own = set(types_of(part))
                shape.types = own if shape.types is None else shape.types & own
                shape.takes_null = "null" in shape.types
            shape.properties |= part.get("properties", {})
            shape.required |= set(part.get("required", ()))
            shape.closed |= _closes(part)
            shape.others += _others(part)
            shape.least = max(shape.least, part.get("minProperties", 0))
            for keyword in ("anyOf", "oneOf"):
                shape.takes_null |= _NULL in part.get(keyword, ())
                shape.chosen.update(
                    *(
                        alternative.get("properties", ())
                        for alternative in part.get(keyword, ())
                        if isinstance(alternative, dict)
                    )
                )
            shape.is_plain &= part.get("additionalProperties", True) in (True, False, {})
            shape.is_plain &= _UNDERSTOOD.issuperset(
                key for key, value in part.items() if value is not True and value != {}
            )
        return shape

    def _made_of(self, schema: Any) -> Iterator[Any]:
        """Yield *schema*, and all schemas for the same value that it refers to or has in `allOf`.

        None comes last if there are too many.
        """
        pending, seen, names = [schema], 0, set[str]()
        while pending and seen < _MOST_PARTS and self._remaining > 0:
            seen += 1
            self._remaining -= 1
            part = pending.pop()
            yield part
            if not isinstance(part, dict):
                continue
            if "$ref" in part:
                name = definition_name(part["$ref"])
                if name is not None and name not in names:
                    names.add(name)
                    pending.append(self._definition(name))
            if "allOf" in part:
                pending.extend(part["allOf"])
        if pending:
            yield None

    # Closed schemas

    def _refusing(self, schema: Schema) -> Any:
        """Return the schema for other properties if a part of *schema* refuses another's.

        It holds for all properties that no part describes; False allows none. None means that no
        part refuses a property of another one.
        """
        if COMPOSED.isdisjoint(schema):
            return None
        parts_of_it = [
            schema,
            *(part for keyword in COMPOSED & schema.keys() for part in schema[keyword]),
        ]
        if len(parts_of_it) == 1 or not any(map(self._limits_properties, parts_of_it)):
            return None
        own = {keyword: value for keyword, value in schema.items() if keyword not in COMPOSED}
        parts = [self._shape(part) for part in (own, *schema.get("allOf", ()))]
        names = set[str]().union(*(shape.names for shape in parts))
        choices = [
            self._shape(part) for keyword in ("anyOf", "oneOf") for part in schema.get(keyword, ())
        ]
        named_by_all = names.union(*(shape.names for shape in choices))
        if any(shape.closed and not named_by_all <= shape.described for shape in parts) or any(
            shape.closed and not names <= shape.described for shape in choices
        ):
            return False
        return next(
            (
                other
                for shape in parts
                for other in shape.others
                if self._contradicts(shape, other, parts)
            ),
            None,
        )

    def _limits_properties(self, schema: Any) -> bool:
        """Say whether *schema*, or a part of it, limits the properties that it does not name."""
        if not _is_bare_reference(schema):
            return any(_limits(part) for part in self._made_of(schema))
        reference: str = schema["$ref"]
        is_limiting = self._limiting.get(reference)
        if is_limiting is None:
            is_limiting = any(_limits(part) for part in self._made_of(schema))
            self._limiting[reference] = is_limiting
        return is_limiting

    def _contradicts(self, shape: _Shape, other: Schema, parts: list[_Shape]) -> bool:
        """Say whether one of *parts* has a property that *shape* does not name and *other* refuses.

        It is refused if it has none of the types of *other*.
        """
        allowed = widened(types_of(other))
        schemas = (
            part.properties[name]
            for part in parts
            for name in part.properties.keys() - shape.described
        )
        types = (self._shape(schema).types for schema in schemas)
        return any(schema is not None and allowed.isdisjoint(schema) for schema in types)

    def _opened(self, schema: Any, level: int) -> Any:
        """Return *schema* without what closes it; definitions are written out where it is there."""
        if not isinstance(schema, dict) or level > _MOST_PARTS:
            return schema
        shape = self._shape(schema)
        if not shape.closed and not shape.others:
            return schema
        result = {keyword: value for keyword, value in schema.items() if keyword not in _CLOSING}
        if "allOf" in result:
            result["allOf"] = [self._opened(part, level + 1) for part in result["allOf"]]
        return self._written_out(result, lambda target: self._opened(target, level + 1))


def _is_bare_reference(schema: Any) -> bool:
    return isinstance(schema, dict) and len(schema) == 1 and isinstance(schema.get("$ref"), str)


def _is_composed(schema: Schema) -> bool:
    """Say whether *schema* consists of several schemas."""
    return not COMPOSED.isdisjoint(schema) or ("$ref" in schema and len(schema) > 1)


def _limits(schema: Any) -> bool:
    """Say whether *schema* itself limits the properties that it does not name."""
    if not isinstance(schema, dict) or _CLOSING.isdisjoint(schema):
        return False
    return _closes(schema) or bool(_others(schema))


def _closes(schema: Any) -> bool:
    """Say whether *schema* refuses all properties that it does not name."""
    if not isinstance(schema, dict) or _CLOSING.isdisjoint(schema):
        return False
    is_closed = any(schema.get(keyword) is False for keyword in _CLOSING)
    return is_closed and not schema.get("patternProperties")


def _others(schema: Any) -> list[Schema]:
    """Return the typed schema of *schema* for properties that it does not name, if there is one."""
    others = schema.get("additionalProperties") if isinstance(schema, dict) else None
    if not isinstance(others, dict) or "type" not in others or schema.get("patternProperties"):
        return []
    return [others]


def _accepts(one: _Shape, other: _Shape, cores: _Cores) -> bool:
    """Say whether the plain shape *one* accepts every value that *other* describes."""
    described = other.types or ({"object"} if other.properties or other.required else None)
    if one.types is not None and not (
        described is not None and widened(described) <= widened(one.types)
    ):
        return False
    if one.closed and not other.names <= one.described:
        return False
    if one.least > other.least:
        return False
    return one.required <= other.required and all(
        cores.are_same(one.properties[name], schema) or _is_wider(one.properties[name], schema)
        for name, schema in other.properties.items()
        if name in one.properties
    )


def _is_wider(one: Any, other: Any) -> bool:
    """Say whether *one* has only types, and items with only types, that cover those of *other*.

    `number` covers `integer`.
    """
    if not isinstance(one, dict) or not isinstance(other, dict) or "type" not in other:
        return False
    checked = one.keys() - _NOT_CHECKED
    if not {"type"} <= checked <= {"type", "items"}:
        return False
    if not set(types_of(other)) <= widened(types_of(one)):
        return False
    return "items" not in one or _is_wider(one["items"], other.get("items"))
