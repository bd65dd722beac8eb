"""Summarise and compare schemas, for the repair of compositions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from httptask._schema.subschemas import replaced
from httptask.importers.openapi.schemas._repairs import ABOUT_ALL, types_of
from httptask.importers.openapi.schemas._types import widened

Schema = dict[str, Any]

CLOSING = frozenset(("additionalProperties", "unevaluatedProperties"))
"""The keywords that may refuse properties that a schema does not name."""
_ANNOTATING = ABOUT_ALL | {"allOf"}
_NOT_CHECKED = frozenset((*ABOUT_ALL, "format", "$comment", "contentEncoding", "contentMediaType"))
UNDERSTOOD = (
    frozenset(
        ("type", "properties", "required", "additionalProperties", "minProperties", "$ref", "allOf")
    )
    | _NOT_CHECKED
)
"""The keywords whose whole meaning is in a `Shape`."""


def _core(schema: Any) -> Any:
    """Return *schema* without keywords that do not decide whether a value is accepted."""
    if not isinstance(schema, dict):
        return schema
    return replaced(
        {keyword: value for keyword, value in schema.items() if keyword not in _NOT_CHECKED}, _core
    )


class Cores:
    """Compares schemas by their JSON text without annotations.

    The text of a schema is computed once, however often the schema is compared.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def are_same(self, left: Any, right: Any) -> bool:
        """Say whether *left* and *right* differ in annotations only.

        Both must live as long as this object, which caches their texts by Python `id`.
        """
        return left is right or self._text(left) == self._text(right)

    def _text(self, schema: Any) -> str:
        text = self._texts.get(id(schema))
        if text is None:
            text = self._texts[id(schema)] = json.dumps(_core(schema), sort_keys=True)
        return text


@dataclass(slots=True)
class Shape:
    """A summary of a schema, with its `allOf` and the target of its `$ref`."""

    types: set[str] | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    is_plain: bool = True
    """Whether the schema says nothing but what these fields say."""
    closed: bool = False
    """Whether the schema refuses all properties that it does not name."""
    others: list[Schema] = field(default_factory=list)
    """Schemas with a type for the properties that the schema does not name."""
    least: int = 0
    """The least number of properties."""
    chosen: set[str] = field(default_factory=set)
    """The names of properties that alternatives (`anyOf`, `oneOf`) describe."""
    takes_null: bool = False
    """Whether null is explicitly allowed."""

    @property
    def described(self) -> set[str]:
        """The names of the properties that the schema describes."""
        return self.properties.keys() | self.chosen

    @property
    def names(self) -> set[str]:
        """The names of the properties that the schema describes or requires."""
        return self.described | self.required


def is_bare_reference(schema: Any) -> bool:
    """Say whether *schema* is a reference and nothing else."""
    return isinstance(schema, dict) and len(schema) == 1 and isinstance(schema.get("$ref"), str)


def annotated_reference(schema: Schema) -> str | None:
    """Return the reference of *schema* if this is an `allOf` of one reference and annotations.

    In OpenAPI 3.0 there is no other way to annotate a reference. Otherwise return None.
    """
    parts = schema.get("allOf")
    if parts is None or not _ANNOTATING.issuperset(schema):
        return None
    reference: str | None = None
    for part in parts:
        if not isinstance(part, dict):
            return None
        if reference is None and is_bare_reference(part):
            reference = part["$ref"]
        elif not ABOUT_ALL.issuperset(part):
            return None
    return reference


def limits(schema: Any) -> bool:
    """Say whether *schema* itself limits the properties that it does not name."""
    if not isinstance(schema, dict) or CLOSING.isdisjoint(schema):
        return False
    return closes(schema) or bool(others_of(schema))


def closes(schema: Any) -> bool:
    """Say whether *schema* refuses all properties that it does not name."""
    if not isinstance(schema, dict) or CLOSING.isdisjoint(schema):
        return False
    is_closed = any(schema.get(keyword) is False for keyword in CLOSING)
    return is_closed and not schema.get("patternProperties")


def others_of(schema: Any) -> list[Schema]:
    """Return [the `additionalProperties` of *schema*] if they are a schema with a type, else []."""
    others = None
    if isinstance(schema, dict):
        others = schema.get("additionalProperties")
    if not isinstance(others, dict) or "type" not in others or schema.get("patternProperties"):
        return []
    return [others]


def accepts(wide: Shape, narrow: Shape, cores: Cores) -> bool:
    """Say whether the plain shape *wide* accepts every value that *narrow* describes."""
    described = narrow.types
    if not described and (narrow.properties or narrow.required):
        described = {"object"}
    types = widened(described or ())
    if wide.types is not None and not (types and types <= widened(wide.types)):
        return False
    if wide.closed and not narrow.names <= wide.described:
        return False
    if wide.least > narrow.least:
        return False
    if not wide.required <= narrow.required:
        return False
    for name, schema in narrow.properties.items():
        if name in wide.properties:
            wide_schema = wide.properties[name]
            if not cores.are_same(wide_schema, schema) and not is_wider(wide_schema, schema):
                return False
    return True


def is_wider(wide: Any, narrow: Any) -> bool:
    """Say whether *wide* only has types, and items with types, that include the types of *narrow*.

    `number` includes `integer`.
    """
    if not isinstance(wide, dict) or not isinstance(narrow, dict) or "type" not in narrow:
        return False
    checked = wide.keys() - _NOT_CHECKED
    if not {"type"} <= checked <= {"type", "items"}:
        return False
    if not set(types_of(narrow)) <= widened(types_of(wide)):
        return False
    return "items" not in wide or is_wider(wide["items"], narrow.get("items"))
