"""What of a description's schemas counts in a request: not what is read-only, and no definition that is not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._subschemas import BY_NAME, DEFINITION, IN_LIST, IN_ONE, definition_name, definition_names, replaced
from httptask.model.api import PARAMETER_GROUPS

_SAME_VALUE = ("allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas")
"""Keywords whose schemas are about the same value (JSON Schema 2020-12, section 10.2 of Core), but those that only ask:
`not` and `if` stay as they are."""
_ASKING = frozenset(("not", "if"))
_FIELDS = ("properties", "patternProperties")
_MOST_FOLLOWED = 50
"""References and compositions in each other that are looked through for `readOnly`."""
_COMPOSED = frozenset((*_SAME_VALUE, "$ref"))
_NULL = {"type": "null"}
_NONE = frozenset[str]()

Names = frozenset[str]


def requested(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings *schema* as it counts in a request, with those of *definitions* in its `$defs` that it uses.

    `readOnly` speaks of the properties of a value, not of the value (OpenAPI 3.0.4, section 4.7.24): a parameter, or a body
    as a whole, is sent whatever it says.
    """
    request = _Request(definitions)
    groups = {
        name: replaced(group, request.view) if name in PARAMETER_GROUPS.values() else request.view(group)
        for name, group in schema["properties"].items()
    }
    result: dict[str, Any] = {**schema, "properties": groups}
    used: dict[str, Any] = {}
    waiting = list(definition_names(result))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = request.definition(name)
            waiting.extend(definition_names(used[name]))
    if used:
        result["$defs"] = dict(sorted(used.items()))
    return result


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a schema, with all it is made of, says of the fields of an object."""

    read_only: Names
    required: Names


_NO_FIELDS = _Fields(_NONE, _NONE)


class _Request:
    """Looks at the schemas of one endpoint as they count in a request."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._fields: dict[str, _Fields] = {}
        self._read_only: dict[str, bool] = {}
        self._variants: dict[tuple[str, Names], str] = {}
        self._variant_of: dict[str, tuple[str, Names]] = {}

    def definition(self, name: str) -> Any:
        """Return the definition *name*, or the variant of one that a view refers to."""
        original, read_only = self._variant_of.get(name, (name, _NONE))
        return self.view(self._definitions.get(original, {}), read_only)

    def view(self, schema: Any, read_only: Names = _NONE) -> Any:
        """Return *schema* without what is read-only: its own such fields, and those named in *read_only*, which a schema that
        it is a part of knows. What it refers to is left to be looked at by itself.
        """
        if not isinstance(schema, dict):
            return schema
        if not _COMPOSED.isdisjoint(schema) and (len(schema) > 1 or "$ref" not in schema):
            read_only |= self._fields_of(schema, 0).read_only
        own = {keyword: self._read_only_in(schema[keyword]) for keyword in _FIELDS if keyword in schema}
        read_only = read_only.union(*own.values())
        result = {keyword: self._keyword(keyword, value, read_only) for keyword, value in schema.items()}
        for keyword, names in own.items():
            for name in names:
                # Nothing is accepted (OpenAPI 3.0.4, section 4.7.24: "SHOULD NOT be sent as part of the request").
                result[keyword][name] = {"readOnly": True, "not": {}}
        return result

    def _keyword(self, keyword: str, value: Any, read_only: Names) -> Any:
        if not isinstance(value, dict | list):
            return self._reference(value, read_only) if keyword == "$ref" else value
        inner = read_only if keyword in _SAME_VALUE else _NONE
        if isinstance(value, list):
            if keyword in IN_LIST:
                return [self.view(each, inner) for each in value]
            return [name for name in value if name not in read_only] if keyword == "required" else list(value)
        if keyword in BY_NAME:
            return {name: self.view(each, inner) for name, each in value.items()}
        if keyword in IN_ONE and keyword not in _ASKING:
            return self.view(value, inner)
        if keyword == "dependentRequired":
            return {name: [each for each in names if each not in read_only] for name, names in value.items()}
        return dict(value)

    def _reference(self, reference: Any, read_only: Names) -> Any:
        """Return *reference*, or one to a variant of its target that does not require what is *read_only* where it stands."""
        name = definition_name(reference) if read_only else None
        if name is None:
            return reference
        fields = self._fields_named(name, 0)
        key = (name, read_only & fields.required - fields.read_only)
        if not key[1]:
            return reference
        if key not in self._variants:
            variant = f"{name}.request"
            while variant in self._definitions or variant in self._variant_of:
                variant += "_"
            self._variants[key] = variant
            self._variant_of[variant] = key
        return DEFINITION + self._variants[key]

    def _fields_named(self, name: str, level: int) -> _Fields:
        if name not in self._fields:
            self._fields[name] = _NO_FIELDS  # where a definition leads back to itself
            self._fields[name] = self._fields_of(self._definitions.get(name), level)
        return self._fields[name]

    def _fields_of(self, schema: Any, level: int) -> _Fields:
        """Return the fields of *schema*, with all that it refers to, or is composed of, for the same value."""
        if not isinstance(schema, dict) or level > _MOST_FOLLOWED:
            return _NO_FIELDS
        properties, required = schema.get("properties"), schema.get("required")
        read_only = self._read_only_in(properties) if properties else _NONE
        names = frozenset(required) if isinstance(required, list) else _NONE
        if _COMPOSED.isdisjoint(schema):
            return _Fields(read_only, names)
        parts = [
            self._fields_of(each, level + 1) for keyword in _SAME_VALUE for each in _parts(keyword, schema.get(keyword))
        ]
        if (name := definition_name(schema.get("$ref"))) is not None:
            parts.append(self._fields_named(name, level + 1))
        return _Fields(
            read_only.union(*(part.read_only for part in parts)), names.union(*(part.required for part in parts))
        )

    def _read_only_in(self, fields: Any) -> Names:
        if not isinstance(fields, dict):
            return _NONE
        return frozenset(name for name, field in fields.items() if self._is_read_only(field, 0))

    def _is_read_only(self, schema: Any, level: int) -> bool:
        """Say whether a field of *schema* is: by itself, by what it refers to or joins, or by all its alternatives."""
        if not isinstance(schema, dict) or level > _MOST_FOLLOWED:
            return False
        if schema.get("readOnly") is True:
            return True
        if _COMPOSED.isdisjoint(schema):
            return False
        name = definition_name(schema.get("$ref"))
        if name is not None and self._is_named_read_only(name, level + 1):
            return True
        if any(self._is_read_only(each, level + 1) for each in schema.get("allOf", ())):
            return True
        for keyword in ("anyOf", "oneOf"):
            forms = [each for each in schema.get(keyword, ()) if each != _NULL]
            if forms and all(self._is_read_only(each, level + 1) for each in forms):
                return True
        return False

    def _is_named_read_only(self, name: str, level: int) -> bool:
        if name not in self._read_only:
            self._read_only[name] = False  # where a definition leads back to itself
            self._read_only[name] = self._is_read_only(self._definitions.get(name), level)
        return self._read_only[name]


def _parts(keyword: str, value: Any) -> Iterable[Any]:
    """Return the schemas that are the *value* of *keyword*."""
    if keyword in IN_LIST:
        return value or ()
    return (value or {}).values() if keyword in BY_NAME else (value,)
