"""Check a JSON Schema that an author wrote into a document, and values against such a schema.

JSON Schema 2020-12. References are local: nothing is fetched. A schema may be hostile, so the work
of reading it and of checking by it is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from httptask._core.nearest import nearest
from httptask._core.pointers import Path
from httptask._core.pointers import pointer as pointer_of
from httptask._schema.graph import components
from httptask._schema.patterns import PatternError, compiled
from httptask._schema.subschemas import BY_NAME, IN_LIST, IN_ONE
from httptask.errors import Problem
from httptask.settings.check._validate import Validator

_MOST_SCHEMAS = 20_000
"""Schemas within one schema."""

_MOST_REFERENCES = 50_000
"""References followed while one value is checked."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_KEYWORDS = frozenset(Draft202012Validator.VALIDATORS) | {
    *("$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary"),
    *("contentEncoding", "contentMediaType", "contentSchema", "default", "deprecated"),
    *("description", "else", "examples", "readOnly", "then", "title", "writeOnly"),
    *("definitions", "dependencies", "discriminator", "example", "nullable", "xml"),
}
"""The keywords of JSON Schema 2020-12, and keywords of other dialects that authors may use."""

_SAME_VALUE = frozenset(
    ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
)
"""Keywords whose subschemas apply to the same value as the schema around them."""


def schema_document_problems(schema: Any, pointer: str) -> list[Problem]:
    """Return every problem in *schema*, which stands at *pointer*, as a JSON Schema 2020-12.

    Checked are its keywords and its references, which must lead to a schema within it and not form
    a loop. Patterns that cannot be read and keywords that are probably misspelt cause warnings.
    """
    problems = Validator(Draft202012Validator.META_SCHEMA).problems(schema, pointer)
    # The checks below rely on keywords of the right types.
    if problems:
        return problems
    schemas = list(_schemas(schema, pointer))
    if len(schemas) > _MOST_SCHEMAS:
        return [Problem.of("schema-size", pointer, limit=_MOST_SCHEMAS)]
    return [
        *_dialect_problems(schema, pointer),
        *_reference_problems(schema, schemas),
        *(
            problem
            for schema_pointer, subschema in schemas
            for problem in _keyword_problems(subschema, schema_pointer)
        ),
    ]


def input_problems(
    schema: Any,
    value: Any,
    *,
    expressions: bool = False,
) -> list[Problem]:
    """Return every problem of *value* with *schema*, which an author wrote; pointers point into
    *value*.

    With *expressions*, strings in *value* may be expressions that are not evaluated yet: see
    `Validator`.
    """
    whole = schema
    if not isinstance(schema, Mapping):
        whole = {"allOf": [schema]}
    return Validator(whole, expressions=expressions, references=_MOST_REFERENCES).problems(value)


def _schemas(root: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every schema in *root* that is an object, with its pointer.

    Stops after one more than `_MOST_SCHEMAS`.
    """
    pending: list[tuple[str, Any]] = [(pointer, root)]
    count = 0
    while pending and count <= _MOST_SCHEMAS:
        schema_pointer, schema = pending.pop()
        if isinstance(schema, Mapping):
            count += 1
            yield schema_pointer, schema
            # A stack, reversed: the schemas come in the order in which they are written.
            pending += reversed(
                [(pointer_of(path, schema_pointer), inner) for path, inner in _inner(schema)]
            )


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the direct subschemas of *schema*, each with its path."""
    for keyword, value in schema.items():
        if keyword in IN_ONE:
            yield (keyword,), value
        elif keyword in IN_LIST and isinstance(value, list):
            yield from (((keyword, index), item) for index, item in enumerate(value))
        elif keyword in _BY_NAME and isinstance(value, Mapping):
            yield from (((keyword, name), item) for name, item in value.items())


_BY_NAME = BY_NAME | {"definitions"}
"""Earlier drafts called `$defs` `definitions`, and authors still write it."""


# References


def _reference_problems(
    root: Any,
    schemas: list[tuple[str, Mapping[str, Any]]],
) -> Iterator[Problem]:
    """Yield the references that lead nowhere, to another document, or back to themselves."""
    resource = DRAFT202012.create_resource(root)
    resolver: Any = Registry().with_resource("", resource).resolver_with_root(resource)
    targets: dict[int, Any] = {}
    for schema_pointer, schema in schemas:
        reference = schema.get("$ref", schema.get("$dynamicRef"))
        if reference is None:
            continue
        pointer = pointer_of(["$ref" if "$ref" in schema else "$dynamicRef"], schema_pointer)
        try:
            targets[id(schema)] = resolver.lookup(reference).contents
        except Unresolvable:
            if reference.startswith("#"):
                yield Problem.of("schema-reference-unknown", pointer, name=reference)
            else:
                yield Problem.of("schema-reference-remote", pointer, name=reference)
    yield from _loop_problems(schemas, targets)


def _loop_problems(
    schemas: list[tuple[str, Mapping[str, Any]]],
    targets: Mapping[int, Any],
) -> Iterator[Problem]:
    """Yield a problem for each loop of schemas that refer to each other for the same value.

    Checking a value against such a loop would never end.
    """
    by_id = {id(schema): (pointer, schema) for pointer, schema in schemas}

    def leads_to(node: int) -> list[int]:
        schema = by_id[node][1]
        targeted = [id(target) for path, target in _inner(schema) if path[0] in _SAME_VALUE]
        if node in targets:
            targeted.append(id(targets[node]))
        return [target for target in targeted if target in by_id]

    for members in components(by_id, leads_to):
        if len(members) > 1 or members[0] in leads_to(members[0]):
            pointer, _ = next(by_id[target] for target in members if target in targets)
            yield Problem.of("schema-loop", pointer_of(["$ref"], pointer))


# Keywords


def _dialect_problems(schema: Any, pointer: str) -> Iterator[Problem]:
    dialect = None
    if isinstance(schema, Mapping):
        dialect = schema.get("$schema")
    if isinstance(dialect, str) and dialect.rstrip("#") != _DIALECT:
        yield Problem.of(
            "schema-dialect",
            pointer_of(["$schema"], pointer),
            severity="warning",
            found=dialect,
        )


def _keyword_problems(schema: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Yield warnings of keywords in *schema* that are probably misspelt, and of unreadable
    patterns.
    """
    for name in schema:
        # Unknown keywords are allowed (2020-12, Core, section 6.5): only a likely slip is reported.
        near = []
        if name not in _KEYWORDS:
            near = nearest(name, _KEYWORDS)
        if near:
            yield Problem.of(
                "name-ignored",
                pointer_of([name], pointer),
                severity="warning",
                suggestion=near[0],
                name=name,
            )
    patterns: dict[Path, str] = {
        ("patternProperties", name): name for name in schema.get("patternProperties", ())
    }
    if "pattern" in schema:
        patterns["pattern",] = schema["pattern"]
    for path, pattern in patterns.items():
        try:
            compiled(pattern)
        except PatternError as error:
            yield Problem.of(
                "schema-pattern",
                pointer_of(path, pointer),
                severity="warning",
                reason=error.reason,
            )
