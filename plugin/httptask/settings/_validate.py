"""Validation with jsonschema: all problems at once, in sentences for a person, expressions allowed."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError, relevance
from referencing import Registry

from httptask._json import Number, dump, number, number_text
from httptask._json import pointer as pointer_of
from httptask._nearest import nearest
from httptask.errors import Problem
from httptask.expressions import has_expression, is_expression

_MOST_KEPT = 512
"""Validators kept; one belongs to each schema in use."""


def schema_problems(
    schema: Mapping[str, Any], value: Any, pointer: str = "", *, expressions: bool = False
) -> list[Problem]:
    """Return everything in *value* that does not satisfy *schema*, in document order.

    *pointer* is where *value* stands. With *expressions*, a string that is wholly `${…}` may stand wherever any value may:
    it is checked again, without this, after evaluation. *schema* must not change afterwards: its validator is kept.
    """
    try:
        errors = list(_validator(schema, expressions).iter_errors(value))
        problems = [problem for error in errors for problem in _explained(error, pointer)] if errors else []
    except RecursionError:
        return [Problem(pointer, "the value is nested too deeply to be checked")]
    except Exception as error:  # noqa: BLE001 - a schema is a stranger's: a broken $ref, an unknown type, a bad pattern
        said = f"{type(error).__name__}: {error}"
        return [Problem(pointer, f"the schema of these settings cannot be used: {_short(said)}")]
    return list(dict.fromkeys(problems))


_kept: dict[tuple[int, bool], tuple[Mapping[str, Any], Any]] = {}


def _validator(schema: Mapping[str, Any], expressions: bool) -> Any:
    key = (id(schema), expressions)
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        # The schema is kept beside its validator: as long as it lives, its id is its own.
        made = (_Relaxed if expressions else _Strict)(schema, registry=Registry())  # an empty registry fetches nothing
        kept = _kept.setdefault(key, (schema, made))
    return kept[1]


# Expressions


Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    # Descriptions write ECMA-262; what Python cannot compile is not enforced.
    try:
        matches = not isinstance(instance, str) or re.search(pattern, instance)
    except re.error:
        return
    if not matches:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _multiple_of(validator: Any, divisor: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, Decimal):
        yield from Draft202012Validator.VALIDATORS["multipleOf"](validator, divisor, instance, schema) or ()
    elif _ALL_DIGITS.remainder(instance, Decimal(str(divisor))):
        yield ValidationError(f"{instance} is not a multiple of {divisor}")


_ALL_DIGITS = Context(prec=20_000)
"""For the quotient of the largest double and the smallest, and any number somebody writes."""


def _allowing_expressions(keyword: str, check: Keyword) -> Keyword:
    # What a keyword says about the *content* of a string or container cannot be known while part of it is an expression.
    about_content = keyword in _ABOUT_CONTENT

    @functools.wraps(check)
    def relaxed(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError] | None:
        if isinstance(instance, str):
            if is_expression(instance) or (about_content and has_expression(instance)):
                return ()
        elif about_content and _holds_expression(_asked_of(value, instance) if keyword == "if" else instance):
            return ()
        return check(validator, value, instance, schema)

    return relaxed


_ABOUT_CONTENT = frozenset(
    ("const", "enum", "pattern", "minLength", "maxLength", "format", "uniqueItems", "contains", "not", "if", "oneOf")
)


def _asked_of(condition: Any, instance: Any) -> Any:
    """Return what of *instance* the `if` schema *condition* is about: only the properties it names, where it asks for no more."""
    if (
        not isinstance(instance, Mapping)
        or not isinstance(condition, Mapping)
        or not condition.keys() <= _OF_PROPERTIES
    ):
        return instance
    named = condition.get("properties", {})
    return {name: _asked_of(each, instance[name]) for name, each in named.items() if name in instance}


_OF_PROPERTIES = frozenset(("properties", "required"))


def _holds_expression(value: Any) -> bool:
    if isinstance(value, str):
        return has_expression(value)
    if isinstance(value, Mapping):
        return any(_holds_expression(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_expression(item) for item in value)
    return False


_extend: Any = validators.extend  # its stub has no types
_Strict: Any = _extend(Draft202012Validator, {"pattern": _pattern, "multipleOf": _multiple_of})
_Relaxed: Any = _extend(
    _Strict, {name: _allowing_expressions(name, check) for name, check in _Strict.VALIDATORS.items() if name != "$ref"}
)


# Sentences


def _explained(error: Any, base: str) -> Iterator[Problem]:
    explain = _SENTENCES.get(str(error.validator), _as_it_is)
    yield from explain(error, pointer_of(error.absolute_path, base))


def _as_it_is(error: Any, place: str) -> Iterator[Problem]:
    yield Problem(place, _short(error.message))


def _required(error: Any, place: str) -> Iterator[Problem]:
    # One error for each missing name; jsonschema names it only in its sentence.
    properties = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    for name in error.validator_value:
        if name not in error.instance and error.message.startswith(repr(name)):
            expected = _expected(properties.get(name, {}))
            message = f"{name!r} is required" + (f": expected {expected}" if expected else "")
            near = nearest(name, [key for key in error.instance if key not in properties])
            yield Problem(place, message + (f"; found {near[0]!r} instead" if near else ""))


def _additional(error: Any, place: str) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    patterns = error.schema.get("patternProperties", {})
    for name in error.instance:
        if name in known or any(re.search(pattern, name) for pattern in patterns):
            continue
        near = nearest(name, known)
        listed = f"known names: {_listing(known)}" if known else "no names are known here"
        message = f"unknown name {name!r}" + ("" if near else f"; {listed}")
        yield Problem(pointer_of([name], place), message, suggestion=near[0] if near else None)


def _type(error: Any, place: str) -> Iterator[Problem]:
    expected = _expected({"type": error.validator_value})
    yield Problem(
        place,
        f"expected {expected}, found {_found(error.instance)}",
        suggestion=_converted(error.instance, error.validator_value),
    )


def _enum(error: Any, place: str) -> Iterator[Problem]:
    values: list[Any] = list(error.validator_value)
    near = nearest(error.instance, [value for value in values if isinstance(value, str)]) if _is_text(error) else []
    message = f"expected one of {_listing(values)}, found {_found(error.instance)}"
    yield Problem(place, message, suggestion=json.dumps(near[0], ensure_ascii=False) if near else None)


def _is_text(error: Any) -> bool:
    return isinstance(error.instance, str)


def _const(error: Any, place: str) -> Iterator[Problem]:
    yield Problem(place, f"expected {_shown(error.validator_value)}, found {_found(error.instance)}")


def _forms(error: Any, place: str) -> Iterator[Problem]:
    if not error.context:
        yield Problem(place, "fits more than one of the allowed forms")
        return
    # The form that fails deepest is the one its author most likely meant.
    nearest_form = min(error.context, key=relevance)
    base = place.removesuffix(pointer_of(error.absolute_path))
    explained = next(_explained(nearest_form, base), None)
    why = f"; the nearest form says {explained.pointer or 'here'}: {explained.message}" if explained else ""
    yield Problem(place, f"fits none of the {len(error.validator_value)} allowed forms{why}")


def _not(error: Any, place: str) -> Iterator[Problem]:
    if isinstance(error.schema, Mapping) and error.schema.get("readOnly") is True:
        yield Problem(place, "this field is read-only: it stands in responses and is never sent")
    else:
        yield from _as_it_is(error, place)


def _false(error: Any, place: str) -> Iterator[Problem]:
    yield Problem(place, "nothing is allowed here")


def _bound(words: str) -> Callable[[Any, str], Iterator[Problem]]:
    def explain(error: Any, place: str) -> Iterator[Problem]:
        found = (
            f"one of {len(error.instance)}" if isinstance(error.instance, list | Mapping) else _found(error.instance)
        )
        yield Problem(place, f"expected {words.format(error.validator_value)}, found {found}")

    return explain


_SENTENCES: dict[str, Callable[[Any, str], Iterator[Problem]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "anyOf": _forms,
    "oneOf": _forms,
    "None": _false,
    "not": _not,
    "minimum": _bound("a number of at least {}"),
    "maximum": _bound("a number of at most {}"),
    "exclusiveMinimum": _bound("a number greater than {}"),
    "exclusiveMaximum": _bound("a number less than {}"),
    "minLength": _bound("at least {} characters"),
    "maxLength": _bound("at most {} characters"),
    "minItems": _bound("an array of at least {}"),
    "maxItems": _bound("an array of at most {}"),
    "minProperties": _bound("an object with at least {} of its names"),
    "pattern": _bound("text that matches {}"),
}

_ARTICLES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def _expected(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return ""
    if "const" in schema:
        return _shown(schema["const"])
    if "enum" in schema:
        return f"one of {_listing(schema['enum'])}"
    kinds = schema.get("type", [])
    return " or ".join(_ARTICLES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _found(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"the {'string' if isinstance(value, str) else 'number'} {_shown(value)}"


def _shown(value: Any) -> str:
    try:
        return _short(dump(value))
    except (TypeError, ValueError):
        return _short(repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."


def _listing(values: Sequence[Any], most: int = 30) -> str:
    shown = ", ".join(_shown(value) for value in values[:most])
    return shown + (f", ... ({len(values)} in all)" if len(values) > most else "")


def typed(text: str, schema: Any) -> Any:
    """Return the value *text* plainly is for *schema*, `42` for an integer; the text itself when it is nothing else."""
    kinds = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    converted = _converted(text, [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "array"])
    try:
        return text if converted is None else json.loads(converted, parse_float=number)
    except ValueError:  # more digits than Python converts
        return text


def _converted(value: Any, kinds: Any) -> str | None:
    """Return *value* as one of *kinds*, when it is plainly that in another spelling: "42" for an integer."""
    wanted = {kinds} if isinstance(kinds, str) else set(kinds)
    if isinstance(value, str):
        if wanted & {"integer", "number"} and re.fullmatch(r"-?(0|[1-9]\d*)", value):
            return value
        if "number" in wanted and re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", value):
            return value
        if "boolean" in wanted and value in ("true", "false"):
            return value
    elif isinstance(value, Number) and not isinstance(value, bool) and "string" in wanted:
        return json.dumps(number_text(value))
    if "array" in wanted and not isinstance(value, list):
        return f"[{_shown(value)}]"
    return None
