"""The JSON Schema of a credential: its fields, and which of them are secret (`writeOnly`)."""

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
    """Return the JSON Schema of *scheme*'s credentials: its `credential_schema`, or one made from
    its `fields`.
    """
    own_schema = getattr(scheme, "credential_schema", None)
    if isinstance(own_schema, Mapping):
        return own_schema
    properties: dict[str, Any] = {}
    required = []
    for name, field_kind in scheme.fields.items():
        properties[name] = {"type": "string"}
        if not field_kind.endswith("text"):
            properties[name]["writeOnly"] = True
        if not field_kind.startswith("optional"):
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def credential_problems(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of *fields* by *schema*. They contain no values of the fields."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(fields), key=lambda error: list(error.path))
    # Several branches of a schema may report the same problem.
    problems: dict[Problem, None] = {}
    for error in errors:
        problems |= dict.fromkeys(_problems(error))
    return list(problems)


def missing_fields(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that *schema* requires and *fields* lacks."""
    from jsonschema import Draft202012Validator

    missing: dict[str, None] = {}  # an ordered set: several rules may require the same field
    for error in Draft202012Validator(schema).iter_errors(fields):
        if error.validator == "required" and not error.absolute_path:
            for name in error.validator_value:
                if name not in fields:
                    missing[name] = None
    return list(missing)


def _problems(error: ValidationError) -> Iterator[Problem]:
    """Yield the problems for one validation *error*, without any value of a field."""
    path = list(error.absolute_path)
    value: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    description = schema.get("description") if isinstance(schema, Mapping) else None
    if error.validator == "required":
        for name in value:
            if name not in instance:
                yield _problem("credential-field-missing", [*path, name], description=description)
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = schema.get("properties", {})
        for name in instance:
            if name not in known:
                near = nearest(name, known)
                yield _problem(
                    "credential-field-unknown",
                    [*path, name],
                    near=near[0] if near else None,
                )
    elif error.validator == "type":
        yield _problem(
            "credential-field-type",
            path,
            types=[value] if isinstance(value, str) else [*value],
        )
    elif error.validator in ("enum", "const"):
        allowed = value if isinstance(value, list) else [value]
        known_choices = [str(choice) for choice in allowed]
        yield _problem("credential-field-choice", path, known=known_choices)
    else:
        yield _problem(
            "credential-field-unfit",
            path,
            keyword=str(error.validator),
            description=description,
        )


def _problem(code: str, path: Sequence[str | int], **params: Any) -> Problem:
    """Return the problem *code* of the field at *path*.

    The param `field` is the name of a top-level field, the JSON Pointer of a nested field, or ""
    for the whole credential.
    """
    pointer = pointer_of(path)
    field = str(path[0]) if len(path) == 1 else pointer
    return Problem.of(code, pointer, field=field, **params)


def with_secrets(schema: Any, value: Any) -> Any:
    """Return *value* with the parts that *schema* marks as `writeOnly` converted to `Secret`s."""
    if not isinstance(schema, Mapping):
        return value
    if schema.get("writeOnly"):
        return concealed(value)
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        # Fields without a name in the schema may be secret by the schema of all others.
        others = schema.get("additionalProperties")
        return {
            name: with_secrets(properties.get(name, others), child) for name, child in value.items()
        }
    if isinstance(value, list):
        return [with_secrets(schema.get("items"), child) for child in value]
    return value


def with_kept_secrets(
    schema: Any,
    submitted: Mapping[str, Any],
    before: Any,
) -> dict[str, Any]:
    """Return *submitted* with missing secrets taken from *before*, the stored fields.

    A form never receives stored secrets, so a secret that it leaves out stays. None in *submitted*
    removes a field.
    """
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    old = before if isinstance(before, Mapping) else {}
    merged = {name: value for name, value in submitted.items() if value is not None}
    for name, child in properties.items():
        if name in submitted:
            if isinstance(submitted[name], Mapping) and not child.get("writeOnly"):
                merged[name] = with_kept_secrets(child, submitted[name], old.get(name))
        elif name in old and child.get("writeOnly"):
            merged[name] = old[name]
    return merged


def without_secrets(schema: Any, value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the parts of *value* that a form may show, and the JSON Pointers of its secrets."""
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    shown: dict[str, Any] = {}
    secrets: list[str] = []
    for name, child in value.items():
        field_schema = properties.get(name)
        if field_schema is None or field_schema.get("writeOnly"):  # an unknown field may be secret
            secrets.append(pointer_of([name]))
        elif isinstance(child, Mapping):
            shown[name], below = without_secrets(field_schema, child)
            secrets += [pointer_of([name]) + pointer for pointer in below]
        else:
            shown[name] = child
    return shown, secrets
