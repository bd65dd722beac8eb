"""Compositions that refuse what they describe, mended.

Two kinds are common: `oneOf` with alternatives that cannot be told apart, and closed schemas that
others are built upon. Their meaning is clear: `oneOf` of open objects is a choice, and a schema
built on a closed object has the properties of both. They are mended after all schemas are
converted, because the targets of references must be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from httptask._schema.subschemas import (
    HOLDING,
    Path,
    definition_name,
    replaced_at,
    subschemas,
)
from httptask.importers.openapi.schemas._joins import contradictions, without
from httptask.importers.openapi.schemas._repairs import types_of
from httptask.importers.openapi.schemas._shapes import (
    CLOSING,
    UNDERSTOOD,
    Cores,
    Shape,
    accepts,
    annotated_reference,
    closes,
    is_bare_reference,
    is_wider,
    limits,
    others_of,
)
from httptask.importers.openapi.schemas._types import widened

Schema = dict[str, Any]
Note = Callable[[str, Path], None]
"""Takes a message, and the path to its subject from the schema that is mended."""

COMPOSED = frozenset(("allOf", "anyOf", "oneOf"))
"""The keywords that make a schema a composition."""
_NULL = {"type": "null"}
_HOLDING_OR_REFERENCE = HOLDING | {"$ref"}
_TESTS = frozenset(("not", "if"))
_MOST_COMPARED = 100
"""Alternatives that are compared with each other."""
_MOST_PARTS = 64
"""The most parts of one schema, references followed."""
_MOST_STEPS = 500_000
"""The most visits of schemas, repeated ones included, in one description: about a second."""


class Compositions:
    """Mends compositions.

    *definition* returns the definition of a name.
    """

    def __init__(self, definition: Callable[[str], Schema]) -> None:
        self._definition = definition
        self._shapes: dict[str, Shape] = {}
        """Reference to a definition -> its shape."""
        self._limiting: dict[str, bool] = {}
        """Reference to a definition -> whether it limits the properties that it does not name."""
        self._wrong: dict[str, bool] = {}
        """Reference to a definition -> whether a composition of it alone is to be mended."""
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
            if isinstance(part, dict) and not _HOLDING_OR_REFERENCE.isdisjoint(part):
                if self._is_to_be_mended(part):
                    return self._rebuilt(schema, note, ())
                pending.extend(subschemas(part))
        return schema

    def _is_to_be_mended(self, schema: Schema) -> bool:
        """Say whether *schema* itself is to be mended.

        Most compositions only annotate a reference: its target decides, and is looked at once.
        """
        reference = annotated_reference(schema)
        if reference is None:
            return _is_composed(schema) and self._is_wrong(schema)
        is_wrong = self._wrong.get(reference)
        if is_wrong is None:
            is_wrong = self._wrong[reference] = self._is_wrong({"allOf": [{"$ref": reference}]})
        return is_wrong

    def _is_wrong(self, schema: Schema) -> bool:
        """Say whether the composition *schema* refuses what its parts describe."""
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
            for keyword in CLOSING & result.keys():
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
        cores = Cores()
        return any(
            cores.are_same(alternatives[number], alternatives[position])
            or (one.takes_null and other.takes_null)
            or (one.is_plain and accepts(one, other, cores))
            or is_wider(alternatives[number], alternatives[position])
            for number, one in enumerate(shapes)
            for position, other in enumerate(shapes)
            if number != position
        )

    def _shape(self, schema: Any) -> Shape:
        """Return the shape of *schema*; the caller must not change it.

        The shape of a bare reference is cached.
        """
        if not is_bare_reference(schema):
            return self._shaped(schema)
        reference: str = schema["$ref"]
        if reference not in self._shapes:
            self._shapes[reference] = self._shaped(schema)
        return self._shapes[reference]

    def _shaped(self, schema: Any) -> Shape:
        shape = Shape()
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
            shape.closed |= closes(part)
            shape.others += others_of(part)
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
            shape.is_plain &= UNDERSTOOD.issuperset(
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
        if not is_bare_reference(schema):
            return any(limits(part) for part in self._made_of(schema))
        reference: str = schema["$ref"]
        is_limiting = self._limiting.get(reference)
        if is_limiting is None:
            is_limiting = any(limits(part) for part in self._made_of(schema))
            self._limiting[reference] = is_limiting
        return is_limiting

    def _contradicts(self, shape: Shape, other: Schema, parts: list[Shape]) -> bool:
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
        result = {keyword: value for keyword, value in schema.items() if keyword not in CLOSING}
        if "allOf" in result:
            result["allOf"] = [self._opened(part, level + 1) for part in result["allOf"]]
        return self._written_out(result, lambda target: self._opened(target, level + 1))


def _is_composed(schema: Schema) -> bool:
    """Say whether *schema* consists of several schemas."""
    return not COMPOSED.isdisjoint(schema) or ("$ref" in schema and len(schema) > 1)
