"""Find the schemas inside a schema, and the definitions that it refers to.

See JSON Schema 2020-12: Core, sections 10 and 11, and Validation, section 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from httptask._core.pointers import unescaped

Path = tuple[str | int, ...]
"""The steps from a schema to a value in it."""

IN_ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
    }
    | {"unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords with a schema as their value."""
IN_LIST = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
"""Keywords with an array of schemas."""
BY_NAME = frozenset(("$defs", "dependentSchemas", "patternProperties", "properties"))
"""Keywords with an object: name -> schema."""
HOLDING = IN_ONE | IN_LIST | BY_NAME
"""All keywords with schemas."""

DEFINITION = "#/$defs/"
"""The beginning of a reference to a definition."""


def subschemas(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas directly in *schema*, not those inside them."""
    for keyword, value in schema.items():
        if keyword in IN_ONE:
            yield value
        elif keyword in IN_LIST and isinstance(value, list):
            yield from value
        elif keyword in BY_NAME and isinstance(value, Mapping):
            yield from value.values()


def replaced(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return *schema* with each schema directly in it replaced by the result of *change*."""
    return replaced_at(schema, lambda inner, _: change(inner))


def replaced_at(schema: Mapping[str, Any], change: Callable[[Any, Path], Any]) -> dict[str, Any]:
    """Like `replaced`, but *change* also gets the path from *schema* to the schema in it."""
    result = dict(schema)
    for keyword, value in schema.items():
        if keyword in IN_ONE:
            result[keyword] = change(value, (keyword,))
        elif keyword in IN_LIST and isinstance(value, list):
            result[keyword] = [change(item, (keyword, index)) for index, item in enumerate(value)]
        elif keyword in BY_NAME and isinstance(value, Mapping):
            result[keyword] = {name: change(item, (keyword, name)) for name, item in value.items()}
    return result


def definition_name(reference: Any) -> str | None:
    """Return the name of the definition that *reference* points to, or None if it is no such."""
    if not isinstance(reference, str) or not reference.startswith(DEFINITION):
        return None
    return unescaped(unquote(reference[len(DEFINITION) :]))


def referenced_definition(schema: Any) -> str | None:
    """Return the name of the definition if *schema* is nothing but a reference to one, or None."""
    is_reference = isinstance(schema, Mapping) and len(schema) == 1
    if is_reference:
        return definition_name(schema.get("$ref"))
    return None


def parts_of(
    schema: Any,
    target: Callable[[Any], Any],
    most: int,
) -> Iterator[Mapping[str, Any]]:
    """Yield *schema* and, recursively, the target of its `$ref` and the schemas in its `allOf`.

    All of them hold for the same value. Outer schemas come first, and at most *most* are visited.
    *target* returns the target of a `$ref`'s value, or None if there is none.
    """
    pending = [schema]
    while pending and most > 0:
        most -= 1
        part = pending.pop(0)
        if not isinstance(part, Mapping):
            continue
        yield part
        if "$ref" in part:
            pending.append(target(part["$ref"]))
        if isinstance(part.get("allOf"), list):
            pending += part["allOf"]


def definition_names(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that *schema* refers to anywhere, with repetitions."""
    pending = [schema]
    while pending:
        inner = pending.pop()
        if isinstance(inner, Mapping):
            discriminator = inner.get("discriminator")
            default = None
            if isinstance(discriminator, Mapping):
                default = discriminator.get("defaultMapping")
            for reference in (inner.get("$ref"), default):
                name = definition_name(reference)
                if name is not None:
                    yield name
            pending.extend(subschemas(inner))
