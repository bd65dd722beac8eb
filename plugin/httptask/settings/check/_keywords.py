"""Keywords of JSON Schema 2020-12 that differ from the jsonschema package's own.

Patterns follow ECMA-262 and have a time limit. Decimals are compared exactly. A read-only field, or
text in a wrong format, is an `AdviceError`: a warning that does not make a value invalid.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from httptask.expressions import has_expression, holds_expression, is_expression
from httptask.settings.check._alternatives import any_of, one_of
from httptask.settings.check._checking import (
    AdviceError,
    Errors,
    TooManyReferencesError,
    UncheckedPatternError,
    current,
    is_valid,
    missing,
    refusals,
)
from httptask.settings.check._evaluated import evaluated_names, matches
from httptask.settings.check._formats import is_plainly_none
from httptask.settings.check._scalars import plainly_takes

# References


def _reference(
    validator: Any,
    reference: Any,
    instance: Any,
    schema: Any,
) -> Any:
    # A few schemas that refer to each other twice can be followed along more paths than there is
    # time.
    check = current.get()
    check.references -= 1
    if check.references < 0:
        raise TooManyReferencesError
    return Draft202012Validator.VALIDATORS["$ref"](validator, reference, instance, schema)


# Patterns


def _pattern(
    validator: Any,
    pattern: str,
    instance: Any,
    schema: Any,
) -> Errors:
    """Check `pattern`. A pattern that takes too long is reported once for each check."""
    if isinstance(instance, str):
        matching = matches(pattern, instance)
        if matching is None:
            check = current.get()
            if not check.is_unchecked and not check.is_silent:
                check.is_unchecked = True
                yield UncheckedPatternError("it takes too long")
        elif not matching:
            yield ValidationError("it does not match")


def _pattern_properties(
    validator: Any,
    schemas: Mapping[str, Any],
    instance: Any,
    schema: Any,
) -> Errors:
    if isinstance(instance, Mapping):
        for pattern, child in schemas.items():
            for name, value in instance.items():
                if matches(pattern, name):
                    yield from _below(validator, value, child, name)


def _properties(
    validator: Any,
    schemas: Mapping[str, Any],
    instance: Any,
    schema: Any,
) -> Errors:
    if isinstance(instance, Mapping):
        for name, child in schemas.items():
            if name in instance:
                yield from _below(validator, instance[name], child, name)


def _below(
    validator: Any,
    value: Any,
    schema: Any,
    name: str,
) -> Errors:
    """Check *value*, the property *name* of an object.

    Unlike jsonschema, give an error by the schema `false` the path of the property.
    """
    if schema is False:
        yield ValidationError(
            "nothing may stand here",
            validator="None",
            path=[name],
            instance=value,
        )
    elif not plainly_takes(schema, value):
        yield from validator.descend(
            value,
            schema,
            path=name,
            schema_path=name,
        )


# Numbers and objects


def _multiple_of(
    validator: Any,
    divisor: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    """Check `multipleOf` with exact decimals."""
    # A number is the decimal as written (JSON Schema 2020-12, Validation, section 6.2.1), so 19.99
    # is a multiple of 0.01.
    if isinstance(instance, float) and not math.isfinite(instance):
        return
    if any(
        isinstance(number, Decimal) and abs(number.adjusted()) > _MOST_EXPONENT
        for number in (instance, divisor)
    ):
        return  # its digits would fill the memory
    if (
        validator.is_type(instance, "number")
        and (_exact(instance) / _exact(divisor)).denominator != 1
    ):
        yield ValidationError("it is no multiple")


_MOST_EXPONENT = 20_000
"""The largest exponent of a decimal that is expanded for an exact quotient."""


def _exact(number: Any) -> Fraction:
    if isinstance(number, float):
        return Fraction(repr(number))
    return Fraction(number)


def _enum(
    validator: Any,
    values: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    # Text only equals text. For other values jsonschema distinguishes 1 from true.
    if isinstance(instance, str) and isinstance(values, list) and instance in values:
        return
    yield from Draft202012Validator.VALIDATORS["enum"](validator, values, instance, schema) or ()


def _required(
    validator: Any,
    names: Iterable[str],
    instance: Any,
    schema: Any,
) -> Errors:
    if isinstance(instance, Mapping):
        for name in names:
            if name not in instance:
                yield missing(name)


def _dependent_required(
    validator: Any,
    dependencies: Mapping[str, Any],
    instance: Any,
    schema: Any,
) -> Errors:
    if isinstance(instance, Mapping):
        for present, names in dependencies.items():
            if present in instance:
                for name in names:
                    if name not in instance:
                        yield missing(name, validator_value=present)


def _property_names(
    validator: Any,
    names: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    """Check `propertyNames`. Unlike jsonschema, give the error the path of the name."""
    for name in instance if isinstance(instance, Mapping) else ():
        wrong = refusals(validator.descend(name, names))
        if wrong:
            yield ValidationError(
                "its name is not allowed",
                context=wrong,
                path=[name],
                instance=name,
            )


def _additional_properties(
    validator: Any,
    further_schema: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    """Check `additionalProperties`, with patterns that have a time limit."""
    if not isinstance(instance, Mapping):
        return
    properties = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name, value in instance.items():
        # A name that may match a pattern, but cannot be matched in time, is accepted.
        if name not in properties and all(matches(pattern, name) is False for pattern in patterns):
            yield from _other(validator, further_schema, name, value)


def _unevaluated_properties(
    validator: Any,
    further_schema: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    """Check `unevaluatedProperties`, with patterns that have a time limit."""
    if not isinstance(instance, Mapping):
        return
    evaluated = evaluated_names(validator, instance, schema)
    for name, value in instance.items():
        if name not in evaluated:
            yield from _other(validator, further_schema, name, value)


def _other(
    validator: Any,
    further_schema: Any,
    name: str,
    value: Any,
) -> Errors:
    if further_schema is False:
        yield ValidationError("its name is unknown", path=[name], instance=value)
    else:
        yield from validator.descend(value, further_schema, path=name)


def _unevaluated_items(
    validator: Any,
    items: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    check = current.get()
    was_silent, check.is_silent = (
        check.is_silent,
        True,
    )  # jsonschema's own check takes any error for a refusal
    try:
        errors = list(
            Draft202012Validator.VALIDATORS["unevaluatedItems"](validator, items, instance, schema)
            or ()
        )
    finally:
        check.is_silent = was_silent
    yield from errors


# Advice


def _read_only(
    validator: Any,
    value: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    if value is True and not current.get().is_silent:
        yield AdviceError("it is read-only")


def _format(
    validator: Any,
    name: Any,
    instance: Any,
    schema: Any,
) -> Errors:
    if is_plainly_none(instance, name) and not current.get().is_silent:
        yield AdviceError("it has another format")


# Keywords around others


Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


def _outermost(check_keyword: Keyword) -> Keyword:
    """Return *check_keyword*, whose subschemas apply to the same value, changed to remember the
    outermost schema of that value.
    """

    def remembering(
        validator: Any,
        value: Any,
        instance: Any,
        schema: Any,
    ) -> Errors:
        check = current.get()
        before = check.outermost
        if before is None or before[0] is not instance:
            check.outermost = (instance, schema)
        try:
            yield from check_keyword(validator, value, instance, schema) or ()
        finally:
            check.outermost = before

    return remembering


# Expressions


def _allowing_expressions(keyword: str, check: Keyword) -> Keyword:
    """Return the function *check* of *keyword*, changed to accept expressions."""
    # While part of a string or container is an expression, nothing is known about its *content*.
    about_content = keyword in _ABOUT_CONTENT

    @functools.wraps(check)
    def relaxed(
        validator: Any,
        value: Any,
        instance: Any,
        schema: Any,
    ) -> Iterable[ValidationError] | None:
        if isinstance(instance, str):
            if is_expression(instance) or (about_content and has_expression(instance)):
                return ()
        elif about_content and holds_expression(
            _asked_of(value, instance) if keyword == "if" else instance
        ):
            return ()
        return check(validator, value, instance, schema)

    return relaxed


_ABOUT_CONTENT = frozenset(
    (
        "const",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "format",
        "uniqueItems",
        "contains",
        "not",
        "if",
    )
)


def _asked_of(condition: Any, instance: Any) -> Any:
    """Return the part of *instance* that the `if` schema *condition* tests: only the properties it
    names, if it has no other keywords.
    """
    if (
        not isinstance(instance, Mapping)
        or not isinstance(condition, Mapping)
        or not condition.keys() <= _OF_PROPERTIES
    ):
        return instance
    named = condition.get("properties", {})
    return {
        name: _asked_of(child, instance[name]) for name, child in named.items() if name in instance
    }


_OF_PROPERTIES = frozenset(("properties", "required"))


_extend: Any = validators.extend  # its stub has no types
Strict: Any = _extend(
    Draft202012Validator,
    {
        "$ref": _outermost(_reference),
        "additionalProperties": _additional_properties,
        "allOf": _outermost(Draft202012Validator.VALIDATORS["allOf"]),
        "anyOf": _outermost(any_of),
        "dependentRequired": _dependent_required,
        "dependentSchemas": _outermost(Draft202012Validator.VALIDATORS["dependentSchemas"]),
        "enum": _enum,
        "format": _format,
        "if": _outermost(Draft202012Validator.VALIDATORS["if"]),
        "multipleOf": _multiple_of,
        "oneOf": _outermost(one_of),
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "properties": _properties,
        "propertyNames": _property_names,
        "readOnly": _read_only,
        "required": _required,
        "unevaluatedItems": _unevaluated_items,
        "unevaluatedProperties": _unevaluated_properties,
    },
)
Relaxed: Any = _extend(
    Strict,
    {
        name: _allowing_expressions(name, check)
        for name, check in Strict.VALIDATORS.items()
        if name != "readOnly"  # which applies to an expression as well
    },
)
Strict.is_valid = Relaxed.is_valid = is_valid  # what `not`, `if` and `contains` ask
