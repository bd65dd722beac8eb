"""`oneOf` and `anyOf`: which form of a value is meant, and what is wrong by that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from httptask.expressions import holds_expression
from httptask.settings.check._checking import Errors, current, missing, refusals
from httptask.settings.check._forms import Choice


def one_of(validator: Any, forms: list[Any], instance: Any, schema: Any) -> Errors:
    """Check *instance* by `oneOf`."""
    return _alternatives(validator, "oneOf", forms, instance, schema)


def any_of(validator: Any, forms: list[Any], instance: Any, schema: Any) -> Errors:
    """Check *instance* by `anyOf`."""
    return _alternatives(validator, "anyOf", forms, instance, schema)


def _alternatives(
    validator: Any, keyword: str, forms: list[Any], instance: Any, schema: Any
) -> Errors:
    """Check *instance* against the one of *forms* that its tag chooses; against all of them where
    there is none.
    """
    check = current.get()
    choice = check.forms.choice(schema, keyword)
    if choice is not None and isinstance(instance, Mapping):
        chosen = choice.form(instance)
        if chosen is not None:
            yield from validator.descend(instance, chosen)
            return
        if choice.refuses(instance):
            yield _unknown_tag(choice, instance)
            return
    wrong: list[list[ValidationError]] = []
    fitting: list[list[ValidationError]] = []
    for index, form in enumerate(forms):
        errors = list(validator.descend(instance, form, schema_path=index))
        (wrong if refusals(errors) else fitting).append(errors)
        is_decided = len(fitting) > 1 if keyword == "oneOf" else not errors
        if is_decided:
            break
    # Two forms may fit only because what tells them apart is an expression that has no value yet.
    is_open = check.expressions and holds_expression(instance)
    if fitting and (keyword == "anyOf" or len(fitting) == 1 or is_open):
        yield from min(fitting, key=len)  # the form with the fewest warnings is meant
    elif fitting:
        yield AmbiguousError("more than one form fits")
    else:
        likely = choice.likely(instance, wrong) if choice is not None else wrong
        # What has the type of one form alone is meant to be that one.
        alike = [errors for errors in likely if not any(_is_type(error) for error in errors)]
        if len(likely) == 1 or len(alike) == 1:
            yield from (alike or likely)[0]
        else:
            yield ValidationError(
                "no form fits", context=[error for errors in likely for error in refusals(errors)]
            )


def _is_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


class AmbiguousError(ValidationError):
    """A value that fits more than one of the forms of which exactly one may fit."""


def _unknown_tag(choice: Choice, instance: Mapping[str, Any]) -> ValidationError:
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
