"""Adapt a description's schemas to requests: drop read-only fields and unused definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._schema.subschemas import (
    BY_NAME,
    DEFINITION,
    IN_LIST,
    IN_ONE,
    definition_name,
    definition_names,
    replaced,
)
from httptask.model.api import PARAMETER_GROUPS

_NOT_ALWAYS = ("anyOf", "oneOf", "then", "else", "dependentSchemas")
_SAME_VALUE = ("allOf", *_NOT_ALWAYS)
"""Keywords whose subschemas apply to the same value (JSON Schema 2020-12, Core, section 10.2), the
ones in `_NOT_ALWAYS` only to some values.

`not` and `if` are left out: they only test the value, and stay as they are.
"""
_ASKING = frozenset(("not", "if"))
_FIELDS = ("properties", "patternProperties")
_MOST_FOLLOWED = 50
"""Nested references and compositions that are followed in search of `readOnly`."""
_COMPOSED = frozenset((*_SAME_VALUE, "$ref"))
_NULL = {"type": "null"}
_NONE = frozenset[str]()
_VARIANT = ".request"
"""Suffix of a variant: a definition with further read-only fields, marked where it is used."""
READ_ONLY = {"readOnly": True}
"""The schema that replaces a read-only field: any value, with a warning against sending it."""

Names = frozenset[str]


def requested(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings *schema* adapted to requests, with the *definitions* it uses.

    `readOnly` applies to the properties of a value, not to the value as a whole (OpenAPI 3.0.4,
    section 4.7.24): a parameter, or a whole body, is sent even if it is marked. In the result the
    keyword stands only for fields that should not be sent.
    """
    request = _Request(definitions)
    groups = {
        name: (
            replaced(group, request.view)
            if name in PARAMETER_GROUPS.values()
            else request.view(group)
        )
        for name, group in schema["properties"].items()
    }
    result: dict[str, Any] = {**schema, "properties": groups}
    used: dict[str, Any] = {}
    pending = list(definition_names(result))
    while pending:
        name = pending.pop()
        if name not in used:
            used[name] = request.definition(name)
            pending.extend(definition_names(used[name]))
    if used:
        result["$defs"] = dict(sorted(used.items()))
    return result


def requested_value(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *schema* of a body adapted to requests, with the *definitions* it uses."""
    result = requested({"properties": {"body": dict(schema)}}, definitions)
    return {**result["properties"]["body"], "$defs": result.get("$defs", {})}


def called(name: str | None) -> str | None:
    """Return the description's name for the definition *name* of a settings schema."""
    if name is not None:
        return name.removesuffix(_VARIANT)
    return None


@dataclass(frozen=True, slots=True)
class _Fields:
    """The field names in a schema, including those in its references and compositions."""

    read_only: Names
    required: Names
    described: Names
    """The fields for which it has a schema."""


_NO_FIELDS = _Fields(_NONE, _NONE, _NONE)


class _Request:
    """Adapts the schemas of one endpoint to requests."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._fields: dict[str, _Fields] = {}
        self._read_only: dict[str, bool] = {}
        self._variants: dict[tuple[str, Names], str] = {}
        self._variant_of: dict[str, tuple[str, Names]] = {}

    def definition(self, name: str) -> Any:
        """Return the definition *name*, or the variant of that name, adapted to requests."""
        original, read_only = self._variant_of.get(name, (name, _NONE))
        return self.view(self._definitions.get(original, {}), read_only)

    def view(self, schema: Any, read_only: Names = _NONE) -> Any:
        """Return *schema* with each read-only field reduced to `READ_ONLY`.

        *read_only* names further fields, which an enclosing schema marks: one such mark is enough
        (JSON Schema 2020-12, Validation, section 9.4). References are not followed: `definition`
        adapts their targets.
        """
        if not isinstance(schema, dict):
            return schema
        if not _COMPOSED.isdisjoint(schema) and (len(schema) > 1 or "$ref" not in schema):
            read_only |= self._fields_of(schema, 0).read_only
        read_only = read_only.union(
            *(self._read_only_in(schema[keyword]) for keyword in _FIELDS if keyword in schema)
        )
        result = {
            keyword: self._keyword(keyword, value, read_only)
            for keyword, value in schema.items()
            if keyword != "readOnly"
        }
        for keyword in _FIELDS:
            for name in read_only.intersection(result.get(keyword, ())):
                result[keyword][name] = dict(READ_ONLY)
        return result

    def _keyword(self, keyword: str, value: Any, read_only: Names) -> Any:
        """Return the adapted *value* of *keyword* in a schema with these *read_only* fields."""
        if not isinstance(value, dict | list):
            if keyword == "$ref":
                return self._reference(value, read_only)
            return value
        inner = read_only if keyword in _SAME_VALUE else _NONE
        if isinstance(value, list):
            if keyword in IN_LIST:
                return [self.view(part, inner) for part in value]
            if keyword == "required":
                return [name for name in value if name not in read_only]
            return list(value)
        if keyword in BY_NAME:
            return {name: self.view(part, inner) for name, part in value.items()}
        if keyword in IN_ONE and keyword not in _ASKING:
            return self.view(value, inner)
        if keyword == "dependentRequired":
            return {
                name: [dependent for dependent in names if dependent not in read_only]
                for name, names in value.items()
            }
        if keyword == "discriminator":
            return self._discriminator(value, read_only)
        return dict(value)

    def _discriminator(self, value: dict[str, Any], read_only: Names) -> dict[str, Any]:
        """Return the Discriminator Object *value* with adapted references."""
        result = dict(value)
        if isinstance(mapping := value.get("mapping"), dict):
            result["mapping"] = {
                tag: self._reference(target, read_only) for tag, target in mapping.items()
            }
        if "defaultMapping" in value:
            result["defaultMapping"] = self._reference(value["defaultMapping"], read_only)
        return result

    def _reference(self, reference: Any, read_only: Names) -> Any:
        """Return *reference*, or one to the variant of its target for these *read_only* fields."""
        name = definition_name(reference) if read_only else None
        if name is None:
            return reference
        fields = self._fields_named(name, 0)
        key = (name, read_only & (fields.required | fields.described) - fields.read_only)
        if not key[1]:
            return reference
        if key not in self._variants:
            variant = name + _VARIANT
            # A description may have a definition of that name.
            while variant in self._definitions or variant in self._variant_of:
                variant += "_"
            self._variants[key] = variant
            self._variant_of[variant] = key
        return DEFINITION + self._variants[key]

    def _fields_named(self, name: str, level: int) -> _Fields:
        if name not in self._fields:
            # A definition may refer to itself: the entry ends the recursion.
            self._fields[name] = _NO_FIELDS
            self._fields[name] = self._fields_of(self._definitions.get(name), level)
        return self._fields[name]

    def _fields_of(self, schema: Any, level: int) -> _Fields:
        """Return the fields of *schema*, including those of its references and compositions."""
        if not isinstance(schema, dict) or level > _MOST_FOLLOWED:
            return _NO_FIELDS
        properties = schema.get("properties")
        required = schema.get("required")
        declared = _Fields(
            self._read_only_in(properties) if properties else _NONE,
            frozenset(required) if isinstance(required, list) else _NONE,
            frozenset(properties) if isinstance(properties, dict) else _NONE,
        )
        if _COMPOSED.isdisjoint(schema):
            return declared
        joined = [declared, *(self._fields_of(part, level + 1) for part in schema.get("allOf", ()))]
        name = definition_name(schema.get("$ref"))
        if name is not None:
            joined.append(self._fields_named(name, level + 1))
        read_only = {name for part in joined for name in part.read_only}
        all_fields = list(joined)
        for keyword in _NOT_ALWAYS:
            forms = [
                self._fields_of(part, level + 1)
                for part in _parts(keyword, schema.get(keyword))
                if part != _NULL
            ]
            all_fields += forms
            # What one alternative says holds only for that alternative. What all of them say holds.
            if keyword in ("anyOf", "oneOf") and forms:
                read_only |= frozenset.intersection(*(form.read_only for form in forms))
        return _Fields(
            frozenset(read_only),
            frozenset(name for part in all_fields for name in part.required),
            frozenset(name for part in all_fields for name in part.described),
        )

    def _read_only_in(self, fields: Any) -> Names:
        if not isinstance(fields, dict):
            return _NONE
        return frozenset(name for name, field in fields.items() if self._is_read_only(field, 0))

    def _is_read_only(self, schema: Any, level: int) -> bool:
        """Say whether *schema* is read-only: itself, by `$ref` or `allOf`, or in all
        alternatives.
        """
        if not isinstance(schema, dict) or level > _MOST_FOLLOWED:
            return False
        if schema.get("readOnly") is True:
            return True
        if _COMPOSED.isdisjoint(schema):
            return False
        name = definition_name(schema.get("$ref"))
        if name is not None and self._is_named_read_only(name, level + 1):
            return True
        # Of `allOf` one part is enough, of alternatives all are needed: one without the mark may be
        # sent.
        if any(self._is_read_only(part, level + 1) for part in schema.get("allOf", ())):
            return True
        for keyword in ("anyOf", "oneOf"):
            forms = [form for form in schema.get(keyword, ()) if form != _NULL]
            if forms and all(self._is_read_only(form, level + 1) for form in forms):
                return True
        return False

    def _is_named_read_only(self, name: str, level: int) -> bool:
        if name not in self._read_only:
            # A definition may refer to itself: the entry ends the recursion.
            self._read_only[name] = False
            self._read_only[name] = self._is_read_only(self._definitions.get(name), level)
        return self._read_only[name]


def _parts(keyword: str, value: Any) -> Iterable[Any]:
    """Return the subschemas in the *value* of *keyword*."""
    if keyword in IN_LIST:
        return value or ()
    if keyword in BY_NAME:
        return (value or {}).values()
    return (value,)
