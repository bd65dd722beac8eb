"""Check `oneOf` and `anyOf`: find the form that is meant, and report its problems only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from httptask.expressions import holds_expression
from httptask.settings.check._checking import (
    Errors,
    OtherSubtypeError,
    current,
    missing,
    refusals,
)
from httptask.settings.check._evaluated import evaluated_names
from httptask.settings.check._forms import Choice


def one_of(
    validator: Any,
    forms: list[Any],
    instance: Any,
    schema: Any,
) -> Errors:
    """Check *instance* by `oneOf`."""
    return _alternatives(validator, "oneOf", forms, instance, schema)


def any_of(
    validator: Any,
    forms: list[Any],
    instance: Any,
    schema: Any,
) -> Errors:
    """Check *instance* by `anyOf`."""
    return _alternatives(validator, "anyOf", forms, instance, schema)


def _alternatives(
    validator: Any,
    keyword: str,
    forms: list[Any],
    instance: Any,
    schema: Any,
) -> Errors:
    """Check *instance* against the form that its tag selects; against all *forms* if there is no
    tag.

    A tag is the property whose value tells the forms apart: see `Choice`.
    """
    check = current.get()
    choice = check.forms.choice(schema, keyword)
    if choice is not None and isinstance(instance, Mapping):
        chosen = choice.form(instance)
        if chosen is not None:
            yield from validator.descend(instance, chosen)
            if chosen is not choice.default:  # an unknown tag may stand for any subtype
                yield from _of_other_subtypes(validator, choice, chosen, instance)
            return
        if choice.refuses(instance):
            yield _unknown_tag(choice, instance)
            return
    refused: list[list[ValidationError]] = []
    accepted: list[list[ValidationError]] = []
    for index, form in enumerate(forms):
        errors = list(validator.descend(instance, form, schema_path=index))
        (refused if refusals(errors) else accepted).append(errors)
        is_decided = len(accepted) > 1 if keyword == "oneOf" else not errors
        if is_decided:
            break
    # Several forms may fit because the property that tells them apart is still an expression.
    is_open = check.expressions and holds_expression(instance)
    if accepted and (keyword == "anyOf" or len(accepted) == 1 or is_open):
        yield from min(accepted, key=len)  # the form with the fewest warnings is probably meant
    elif accepted:
        yield AmbiguousError("more than one form fits")
    else:
        likely = refused
        if choice is not None:
            likely = choice.likely(instance, refused)
        # If the value has the type of one form only, that form is meant.
        same_type = [errors for errors in likely if not any(_is_type(error) for error in errors)]
        if len(likely) == 1 or len(same_type) == 1:
            yield from (same_type or likely)[0]
        else:
            yield ValidationError(
                "no form fits", context=[error for errors in likely for error in refusals(errors)]
            )


def _of_other_subtypes(
    validator: Any,
    choice: Choice,
    chosen: Any,
    instance: Mapping[str, Any],
) -> Errors:
    """Warn of the names in *instance* that only other alternatives than *chosen* declare."""
    check = current.get()
    if check.is_silent or check.outermost is None:
        return
    forms = check.forms
    others = [form for form in choice.forms.values() if form is not chosen]
    candidates = [
        name for name in instance if any(name in forms.properties(form) for form in others)
    ]
    if not candidates:
        return
    # What surrounds the choice, or joins it by `allOf`, may declare the name as well.
    _, outermost = check.outermost
    # Alternatives without a tag are tried for this: their own warnings would begin it again.
    check.is_silent = True
    try:
        evaluated = evaluated_names(validator, instance, outermost, inner=True)
    finally:
        check.is_silent = False
    for name in candidates:
        if name not in evaluated:
            error = OtherSubtypeError("another alternative declares it", path=[name])
            error.tag = choice.property
            error.subtype = choice.label(chosen, forms)
            declaring = [form for form in others if name in forms.properties(form)]
            error.others = list(dict.fromkeys(choice.label(form, forms) for form in declaring))
            yield error


def _is_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


class AmbiguousError(ValidationError):
    """A value that fits several forms where exactly one may fit."""


def _unknown_tag(choice: Choice, instance: Mapping[str, Any]) -> ValidationError:
    """Return the error that *instance* has a tag of no form, or no tag."""
    tags = choice.listed
    if choice.property in instance:
        value = instance[choice.property]
        return ValidationError(
            "no form has this tag",
            validator="enum",
            validator_value=tags,
            instance=value,
            path=[choice.property],
        )
    return missing(
        choice.property,
        validator="required",
        schema={"properties": {choice.property: {"enum": tags}}},
    )
