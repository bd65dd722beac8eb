"""Repair compositions that refuse the values they describe.

Two kinds are common. First, `oneOf` with overlapping alternatives: a value that fits two is
refused, though the author only meant a choice. Second, `allOf` with a closed schema
(`additionalProperties: false`): it refuses the properties of the other schemas, though the author
meant the properties of all. Repairs need converted schemas, because they read the targets of
references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
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
"""Takes a message and the path, in the schema that is repaired, of the schema it is about."""

COMPOSED = frozenset(("allOf", "anyOf", "oneOf"))
"""The keywords that make a schema a composition."""
_NULL = {"type": "null"}
_HOLDING_OR_REFERENCE = HOLDING | {"$ref"}
_TESTS = frozenset(("not", "if"))
_MOST_COMPARED = 100
"""The most alternatives that are compared with each other."""
_MOST_PARTS = 64
"""The most parts of one schema, with the targets of references."""
_MOST_STEPS = 500_000
"""The most visits of schemas, with repeated visits, for one description: about a second."""


class Compositions:
    """Repairs compositions. *definition* returns the definition with a name."""

    def __init__(self, definition: Callable[[str], Schema]) -> None:
        self._definition = definition
        self._shapes: dict[str, Shape] = {}
        """Reference to a definition -> its shape."""
        self._limiting: dict[str, bool] = {}
        """Reference to a definition -> whether it limits the properties that it does not name."""
        self._wrong: dict[str, bool] = {}
        """Reference to a definition -> whether `allOf` with this reference alone needs a repair."""
        self._remaining = _MOST_STEPS
        self._noted = False

    def mended(self, schema: Any, note: Note) -> Any:
        """Repair *schema* and its subschemas. Return the same object if nothing needs a repair.

        After `_MOST_STEPS` visits for one description, the remaining schemas stay unchanged, with a
        single note.
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
        """Say whether *schema* itself, without its subschemas, needs a repair.

        Most compositions only annotate a reference. Then its target decides, and the result is
        cached.
        """
        reference = annotated_reference(schema)
        if reference is None:
            return _is_composed(schema) and self._is_wrong(schema)
        is_wrong = self._wrong.get(reference)
        if is_wrong is None:
            is_wrong = self._wrong[reference] = self._is_wrong({"allOf": [{"$ref": reference}]})
        return is_wrong

    def _is_wrong(self, schema: Schema) -> bool:
        """Say whether the composition *schema* refuses values that its parts describe."""
        return (
            self._refusing(schema) is not None
            or self._has_equal_alternatives(schema)
            or self._is_contradictory(schema)
        )

    def _rebuilt(
        self,
        schema: Any,
        note: Note,
        path: Path,
        is_test: bool = False,
    ) -> Any:
        """Repair *schema*, subschemas first. *is_test* says whether it is inside `not` or `if`."""
        if not isinstance(schema, dict):
            return schema

        def rebuilt(inner: Any, steps: Path) -> Any:
            return self._rebuilt(
                inner,
                note,
                (*path, *steps),
                is_test or steps[0] in _TESTS,
            )

        result = replaced_at(schema, rebuilt)
        closing = self._refusing(result)
        if closing is not None:
            for keyword in CLOSING & result.keys():
                del result[keyword]
            for keyword in COMPOSED & result.keys():
                result[keyword] = [self._opened(part, 0) for part in result[keyword]]
            # This keyword knows the properties of all parts (2020-12, Core, section 11.3).
            result["unevaluatedProperties"] = closing
            note(
                "additionalProperties: the properties of all the schemas it is made of are allowed",
                path,
            )
        # Not under `not` and `if`: there, a schema that accepts more makes the whole refuse more.
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
        """Replace the `$ref` of *schema* by its target, to which *change* was applied."""
        name = definition_name(schema.get("$ref"))
        if name is None:
            return schema
        others = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        target: Schema = change(self._definition(name))
        if others:
            return {**others, "allOf": [*others.get("allOf", ()), target]}
        return {**target}

    def _is_contradictory(self, schema: Schema) -> bool:
        return any(True for _ in contradictions(schema, self._made_of))

    # Alternatives

    def _has_equal_alternatives(self, schema: Schema) -> bool:
        """Say whether an alternative of `oneOf` accepts the values of another: both would match."""
        alternatives = schema.get("oneOf", ())
        if not 2 <= len(alternatives) <= _MOST_COMPARED or "anyOf" in schema:
            return False
        shapes = [self._shape(alternative) for alternative in alternatives]
        cores = Cores()
        pairs = permutations(zip(alternatives, shapes, strict=True), 2)
        return any(
            cores.are_same(alternative, other)
            or (shape.takes_null and other_shape.takes_null)
            or (shape.is_plain and accepts(shape, other_shape, cores))
            or is_wider(alternative, other)
            for (alternative, shape), (other, other_shape) in pairs
        )

    def _shape(self, schema: Any) -> Shape:
        """Return the shape of *schema*. Do not change it: shapes of bare references are cached."""
        if not is_bare_reference(schema):
            return self._shaped(schema)
        reference: str = schema["$ref"]
        if reference not in self._shapes:
            self._shapes[reference] = self._shaped(schema)
        return self._shapes[reference]

    def _shaped(self, schema: Any) -> Shape:
        """Compute the shape of *schema* from all its parts."""
        shape = Shape()
        for part in self._made_of(schema):
            if not isinstance(part, dict):
                shape.is_plain = False
                continue
            if "type" in part:
                part_types = set(types_of(part))
                shape.types = part_types if shape.types is None else shape.types & part_types
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
        """Yield *schema* and, recursively, the schemas of its `allOf` and the target of its `$ref`.

        All of them hold for the same value. If there are too many, yield None at the end.
        """
        pending = [schema]
        count = 0
        names = set[str]()
        while pending and count < _MOST_PARTS and self._remaining > 0:
            count += 1
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
        """Return the `unevaluatedProperties` that *schema* needs if its parts refuse each other.

        Parts refuse each other if one does not allow the properties of another. Return None if no
        part does so.
        """
        if COMPOSED.isdisjoint(schema):
            return None
        parts_of_it = [
            schema,
            *(part for keyword in COMPOSED & schema.keys() for part in schema[keyword]),
        ]
        if len(parts_of_it) == 1 or not any(map(self._limits_properties, parts_of_it)):
            return None
        without_composition = {
            keyword: value for keyword, value in schema.items() if keyword not in COMPOSED
        }
        joined = (without_composition, *schema.get("allOf", ()))
        parts = [self._shape(part) for part in joined]
        names = set[str]().union(*(shape.names for shape in parts))
        alternatives = (*schema.get("anyOf", ()), *schema.get("oneOf", ()))
        choices = [self._shape(part) for part in alternatives]
        # A part of `allOf` must allow the properties of all parts and alternatives. An alternative
        # must allow those of the parts, but not those of other alternatives.
        named_by_all = names.union(*(shape.names for shape in choices))
        if any(shape.closed and not named_by_all <= shape.described for shape in parts):
            return False
        if any(shape.closed and not names <= shape.described for shape in choices):
            return False
        for shape in parts:
            for further in shape.others:
                if self._contradicts(shape, further, parts):
                    return further
        return None

    def _limits_properties(self, schema: Any) -> bool:
        """Say whether *schema* or one of its parts limits the properties that it does not name."""
        if not is_bare_reference(schema):
            return any(limits(part) for part in self._made_of(schema))
        reference: str = schema["$ref"]
        is_limiting = self._limiting.get(reference)
        if is_limiting is None:
            is_limiting = any(limits(part) for part in self._made_of(schema))
            self._limiting[reference] = is_limiting
        return is_limiting

    def _contradicts(self, shape: Shape, further: Schema, parts: list[Shape]) -> bool:
        """Say whether *shape* refuses a property of another one of *parts*.

        *further* is the schema of *shape* for properties that *shape* does not name. It refuses a
        property if they have no type in common.
        """
        allowed = widened(types_of(further))
        schemas = (
            part.properties[name]
            for part in parts
            for name in part.properties.keys() - shape.described
        )
        types = (self._shape(schema).types for schema in schemas)
        return any(schema is not None and allowed.isdisjoint(schema) for schema in types)

    def _opened(self, schema: Any, level: int) -> Any:
        """Return *schema* without `CLOSING` keywords, in `allOf` and the target of `$ref`, too."""
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
