"""The JSON Schema of a credential: what it may hold, and what of it is secret (`writeOnly`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem
from httptask.model.credential import concealed

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def schema_of(scheme: Any) -> Mapping[str, Any]:
    """Return the JSON Schema of a credential of *scheme*: its `credential_schema`, or one made of
    its `fields`.
    """
    given = getattr(scheme, "credential_schema", None)
    if isinstance(given, Mapping):
        return given
    properties: dict[str, Any] = {}
    required = []
    for name, kind in scheme.fields.items():
        properties[name] = {"type": "string"}
        if not kind.endswith("text"):
            properties[name]["writeOnly"] = True
        if not kind.startswith("optional"):
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def credential_problems(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each thing that is wrong with *fields*. No value stands in it."""
    from jsonschema import Draft202012Validator

    errors = sorted(Draft202012Validator(schema).iter_errors(fields), key=lambda e: list(e.path))
    return list(dict.fromkeys(problem for error in errors for problem in _problems(error)))


def missing_fields(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Return the names of what *fields* must have by *schema*, and do not."""
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(schema).iter_errors(fields)
    missing = [
        name
        for error in errors
        if error.validator == "required" and not error.absolute_path
        for name in error.validator_value
        if name not in fields
    ]
    return list(dict.fromkeys(missing))


def _problems(error: ValidationError) -> Iterator[Problem]:
    at = list(error.absolute_path)
    value: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    description = schema.get("description") if isinstance(schema, Mapping) else None
    if error.validator == "required":
        for name in value:
            if name not in instance:
                yield _problem("credential-field-missing", [*at, name], description=description)
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = schema.get("properties", {})
        for name in instance:
            if name not in known:
                near = nearest(name, known)
                yield _problem(
                    "credential-field-unknown", [*at, name], near=near[0] if near else None
                )
    elif error.validator == "type":
        yield _problem(
            "credential-field-type", at, types=[value] if isinstance(value, str) else [*value]
        )
    elif error.validator in ("enum", "const"):
        allowed = value if isinstance(value, list) else [value]
        yield _problem("credential-field-choice", at, known=[str(one) for one in allowed])
    else:
        yield _problem(
            "credential-field-unfit", at, keyword=str(error.validator), description=description
        )


def _problem(code: str, path: Sequence[str | int], **params: Any) -> Problem:
    """Return the problem *code* of the field at *path*, which it names: one at the top by its name,
    one below by its pointer, and the whole credential by "".
    """
    pointer = pointer_of(path)
    field = str(path[0]) if len(path) == 1 else pointer
    return Problem.of(code, pointer, field=field, **params)


def with_secrets(schema: Any, value: Any) -> Any:
    """Return *value* with what *schema* marks as `writeOnly` as secrets, and the rest in clear."""
    if not isinstance(schema, Mapping):
        return value
    if schema.get("writeOnly"):
        return concealed(value)
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        return {
            name: with_secrets(properties.get(name, others), child) for name, child in value.items()
        }
    if isinstance(value, list):
        return [with_secrets(schema.get("items"), child) for child in value]
    return value


def with_kept_secrets(schema: Any, given: Mapping[str, Any], before: Any) -> dict[str, Any]:
    """Return *given* with the secrets of *before* where it has none; None in *given* is nothing.

    A form never gets the secrets that it edits: what it leaves out is kept.
    """
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    old = before if isinstance(before, Mapping) else {}
    kept = {name: value for name, value in given.items() if value is not None}
    for name, child in properties.items():
        if name in given:
            if isinstance(given[name], Mapping) and not child.get("writeOnly"):
                kept[name] = with_kept_secrets(child, given[name], old.get(name))
        elif name in old and child.get("writeOnly"):
            kept[name] = old[name]
    return kept


def without_secrets(schema: Any, value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what of *value* a form may show, and JSON Pointers to the secrets that are set."""
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    shown: dict[str, Any] = {}
    secrets: list[str] = []
    for name, child in value.items():
        known = properties.get(name)
        if known is None or known.get("writeOnly"):  # of what is not known nobody can say
            secrets.append(pointer_of([name]))
        elif isinstance(child, Mapping):
            shown[name], below = without_secrets(known, child)
            secrets += [pointer_of([name]) + pointer for pointer in below]
        else:
            shown[name] = child
    return shown, secrets
