"""The sentences about values that do not match their schema, and about schemas that authors write:
see `_sentences`.
"""

from __future__ import annotations

from collections.abc import Mapping

_VALUE = "expected {expected}, found {found}"

SCHEMA: Mapping[str, str] = {
    # A value and its schema (JSON Schema 2020-12)
    "required": (
        "{name!r} is required[ where {where!r} is given][: expected {expected}][; found {instead!r}"
        " instead]"
    ),
    "unknown-name": (
        "unknown name {name!r}[; {known:names}][, ... ({count} in all)]"
        "[; names match {patterns:or}]"
    ),
    "property-names": "{name!r} is not allowed as a name here[: {reason}]",
    "type": _VALUE,
    "enum": _VALUE,
    "const": _VALUE,
    "format": _VALUE,
    "pattern": _VALUE,
    "pattern-unchecked": (
        "matching the pattern {pattern} takes too long; from here on, patterns are not checked"
    ),
    "minimum": _VALUE,
    "maximum": _VALUE,
    "exclusive-minimum": _VALUE,
    "exclusive-maximum": _VALUE,
    "multiple-of": _VALUE,
    "min-length": _VALUE,
    "max-length": _VALUE,
    "min-items": _VALUE,
    "max-items": _VALUE,
    "min-properties": _VALUE,
    "max-properties": _VALUE,
    "unique-items": "the items must be unique[: {found} is item {first} and item {second}]",
    "contains": "expected {expected} of its items to be {items}",
    "items": "expected {expected}[, found {found}]",
    "nothing-allowed": "nothing is allowed here",
    "not": (
        "[expected anything but {unexpected}, found {found}][{names} may not be given {where}]"
    ),
    "ruled-out": "the description does not allow this value here",
    "no-form": ("this matches none of the {count} alternatives[; for the nearest one: {nearest}]"),
    "several-forms": (
        "this matches more than one of the {count} alternatives[ ({names})], and must match exactly"
        " one[: add {what} that only one of them has, or remove one]"
    ),
    "read-only": (
        "this field is read-only: it is meant for responses, and the API may ignore or refuse it in"
        " a request"
    ),
    "other-subtype": (
        "{name!r} is a property of {others:or}, not of {subtype}, which the value of {tag!r}"
        " selects: the API may ignore or refuse it"
    ),
    "too-deep": "the {what} is nested too deeply to be checked",
    "schema-unusable": "the schema of these settings cannot be used: {pythonMessage}",
    "schema-work": (
        "this cannot be checked: there are too many paths through the references of its schema"
    ),
    # A schema that an author wrote
    "schema-size": "this schema contains more than {limit:,} schemas",
    "schema-dialect": (
        "{found!r} is another dialect of JSON Schema; the schema is read as JSON Schema 2020-12"
    ),
    "schema-reference-remote": (
        "{name!r} refers to another document, which is not fetched: copy the target to '$defs', and"
        " refer to it as '#/$defs/…'"
    ),
    "schema-reference-unknown": "there is nothing at {name!r} in this schema",
    "schema-default": "the schema refuses this default: {reason}",
    "schema-loop": (
        "this reference leads back to itself for the same value, so the check would never end"
    ),
    "schema-pattern": "this pattern cannot be read and is ignored: {reason}",
}
