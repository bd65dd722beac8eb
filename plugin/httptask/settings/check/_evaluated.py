"""Find the names of an object that a schema evaluates (JSON Schema 2020-12, Core, section 11.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from httptask._schema.patterns import PatternError, search
from httptask.settings.check._checking import current, is_valid


def matches(pattern: str, text: str) -> bool | None:
    """Say whether *text* matches *pattern*; None if this cannot be decided, or not in time."""
    try:
        return search(pattern, text, current.get().budget)
    except PatternError:
        return True  # such a pattern is not enforced


def evaluated_names(
    validator: Any,
    instance: Mapping[str, Any],
    schema: Any,
    *,
    inner: bool = False,
) -> set[str]:
    """Return the names of *instance* that *schema* or one of its parts evaluates (2020-12, Core,
    section 11.3).
    """
    if not isinstance(schema, Mapping):
        return set()
    if "additionalProperties" in schema or (inner and "unevaluatedProperties" in schema):
        return set(instance)
    names = set(schema.get("properties", {}))
    for pattern in schema.get("patternProperties", ()):
        names |= {name for name in instance if matches(pattern, name) is not False}
    for part in _parts(validator, instance, schema):
        names |= evaluated_names(validator, instance, part, inner=True)
    return names


def _parts(
    validator: Any,
    instance: Mapping[str, Any],
    schema: Mapping[str, Any],
) -> Iterator[Any]:
    """Yield the subschemas of *schema* that apply to the same *instance*, satisfied or not.

    Violations are reported by those subschemas themselves.
    """
    forms = current.get().forms
    if "$ref" in schema:
        yield forms.resolved(schema["$ref"])
    yield from schema.get("allOf", ())
    yield from (
        part for name, part in schema.get("dependentSchemas", {}).items() if name in instance
    )
    for keyword in ("oneOf", "anyOf"):
        if keyword in schema:
            chosen = forms.chosen(schema, keyword, instance)
            if chosen is not None:
                yield chosen
                continue
            satisfied = [
                part
                for part in schema[keyword]
                if is_valid(validator.evolve(schema=part), instance)
            ]
            # If no alternative is satisfied, each may have been meant: its names are not unknown.
            yield from satisfied or schema[keyword]
    if "if" in schema:
        holds = is_valid(validator.evolve(schema=schema["if"]), instance)
        yield from [schema["if"]] if holds else []
        yield schema.get("then" if holds else "else", True)
