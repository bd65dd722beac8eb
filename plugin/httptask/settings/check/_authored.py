"""A JSON Schema that an author wrote into a document of ours: what is wrong with it as a schema,
and with a value that it describes.

JSON Schema 2020-12. References are local: nothing is fetched. A schema may be hostile; what looking
at it, and checking by it, may cost is bounded.
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
"""Schemas in one schema."""

_MOST_REFERENCES = 50_000
"""References that are followed to check one value."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_KEYWORDS = frozenset(Draft202012Validator.VALIDATORS) | {
    *("$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary"),
    *("contentEncoding", "contentMediaType", "contentSchema", "default", "deprecated"),
    *("description", "else", "examples", "readOnly", "then", "title", "writeOnly"),
    *("definitions", "dependencies", "discriminator", "example", "nullable", "xml"),
}
"""The keywords of JSON Schema 2020-12, and the words that authors of other dialects write."""

_SAME_VALUE = frozenset(
    ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
)
"""Keywords whose schemas are applied to the very value that the schema around them is."""


def schema_document_problems(schema: Any, pointer: str) -> list[Problem]:
    """Return everything wrong with *schema*, which stands at *pointer*, as a JSON Schema 2020-12.

    Its keywords, its references (which must lead to a schema in it, and not back to themselves),
    and, as warnings, patterns that cannot be read and keywords that are most likely misspelt.
    """
    problems = Validator(Draft202012Validator.META_SCHEMA).problems(schema, pointer)
    if problems:
        return problems
    schemas = list(_schemas(schema, pointer))
    if len(schemas) > _MOST_SCHEMAS:
        return [Problem.of("schema-size", pointer, limit=_MOST_SCHEMAS)]
    return [
        *_dialect_problems(schema, pointer),
        *_reference_problems(schema, schemas),
        *(problem for at, one in schemas for problem in _keyword_problems(one, at)),
    ]


def input_problems(schema: Any, value: Any, *, expressions: bool = False) -> list[Problem]:
    """Return everything in *value* that does not satisfy *schema*, which an author wrote, each with
    a JSON Pointer into *value*.

    With *expressions*, those of *value* are not evaluated yet: see `Validator`.
    """
    whole = schema if isinstance(schema, Mapping) else {"allOf": [schema]}
    return Validator(whole, expressions=expressions, references=_MOST_REFERENCES).problems(value)


def _schemas(root: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every schema in *root* that is an object, with its pointer; at most a few too many."""
    pending: list[tuple[str, Any]] = [(pointer, root)]
    count = 0
    while pending and count <= _MOST_SCHEMAS:
        at, schema = pending.pop()
        if isinstance(schema, Mapping):
            count += 1
            yield at, schema
            pending += reversed([(pointer_of(path, at), inner) for path, inner in _inner(schema)])


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the schemas that stand directly in *schema*, each with its path."""
    for keyword, value in schema.items():
        if keyword in IN_ONE:
            yield (keyword,), value
        elif keyword in IN_LIST and isinstance(value, list):
            yield from (((keyword, index), item) for index, item in enumerate(value))
        elif keyword in _BY_NAME and isinstance(value, Mapping):
            yield from (((keyword, name), item) for name, item in value.items())


_BY_NAME = BY_NAME | {"definitions"}
"""`definitions` is how earlier drafts called `$defs`: authors still write it."""


# References


def _reference_problems(
    root: Any, schemas: list[tuple[str, Mapping[str, Any]]]
) -> Iterator[Problem]:
    resource = DRAFT202012.create_resource(root)
    resolver: Any = Registry().with_resource("", resource).resolver_with_root(resource)
    targets: dict[int, Any] = {}
    for at, schema in schemas:
        reference = schema.get("$ref", schema.get("$dynamicRef"))
        if reference is None:
            continue
        where = pointer_of(["$ref" if "$ref" in schema else "$dynamicRef"], at)
        try:
            targets[id(schema)] = resolver.lookup(reference).contents
        except Unresolvable:
            if reference.startswith("#"):
                yield Problem.of("schema-reference-unknown", where, name=reference)
            else:
                yield Problem.of("schema-reference-remote", where, name=reference)
    yield from _loop_problems(schemas, targets)


def _loop_problems(
    schemas: list[tuple[str, Mapping[str, Any]]], targets: Mapping[int, Any]
) -> Iterator[Problem]:
    """Yield a problem for each set of schemas that lead back to themselves for the same value: what
    they check would never end.
    """
    by_id = {id(schema): (at, schema) for at, schema in schemas}

    def leads_to(node: int) -> list[int]:
        schema = by_id[node][1]
        below = [id(one) for path, one in _inner(schema) if path[0] in _SAME_VALUE]
        if node in targets:
            below.append(id(targets[node]))
        return [one for one in below if one in by_id]

    for members in components(by_id, leads_to):
        if len(members) > 1 or members[0] in leads_to(members[0]):
            at, _ = next(by_id[one] for one in members if one in targets)
            yield Problem.of("schema-loop", pointer_of(["$ref"], at))


# Keywords


def _dialect_problems(schema: Any, pointer: str) -> Iterator[Problem]:
    dialect = schema.get("$schema") if isinstance(schema, Mapping) else None
    if isinstance(dialect, str) and dialect.rstrip("#") != _DIALECT:
        yield Problem.of(
            "schema-dialect", pointer_of(["$schema"], pointer), severity="warning", found=dialect
        )


def _keyword_problems(schema: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    for name in schema:
        near = nearest(name, _KEYWORDS) if name not in _KEYWORDS else []
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
                "schema-pattern", pointer_of(path, pointer), severity="warning", reason=error.reason
            )
