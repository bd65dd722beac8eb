"""What is wrong with a value, in sentences for a person."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import relevance

from httptask._json import Number, dump, number_text
from httptask._json import pointer as pointer_of
from httptask._nearest import nearest
from httptask.errors import Problem
from httptask.settings._formats import described
from httptask.settings._keywords import AmbiguousError, MissingError, UncheckedPatternError, current

_MOST_NAMED = 10
"""Alternatives that are listed."""
_MOST_COMPARED = 1_000
"""Items of an array of which two that are equal are looked for."""


class FileText(str):
    """Text in the place of a file, whose content nobody has read."""

    __slots__ = ()


def explained(error: Any, base: str = "") -> Iterator[Problem]:
    """Yield what *error*, of jsonschema, says about a value at the JSON Pointer *base*."""
    place = pointer_of(error.absolute_path, base)
    if isinstance(error, UncheckedPatternError):
        pattern = _short(str(error.validator_value))
        why = f"checking this against the pattern {pattern} takes too long; from here on patterns are not checked"
        yield Problem(place, why, severity="warning", keyword="pattern")
    elif isinstance(error, MissingError):
        yield _missing(error, place)
    elif isinstance(error, AmbiguousError):
        yield _ambiguous(error, place)
    else:
        yield from _SENTENCES.get(str(error.validator), _other)(error, place)


def _problem(error: Any, place: str, message: str, suggestion: str | None = None) -> Problem:
    return Problem(place, message, suggestion, keyword=error.validator, wanted=error.validator_value)


def _other(error: Any, place: str) -> Iterator[Problem]:
    yield _problem(error, place, _short(error.message))


# Objects


def _missing(error: MissingError, place: str) -> Problem:
    name = error.name
    instance: Any = error.instance
    properties = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    expected = _expected(properties.get(name, {}))
    message = f"{name!r} is required" + (f": expected {expected}" if expected else "")
    if error.validator == "dependentRequired":
        message = f"{name!r} is required where {error.validator_value!r} is given"
    near = nearest(name, [key for key in instance if key not in properties])
    message += f"; found {near[0]!r} instead" if near else ""
    return Problem(place, message, keyword="required", wanted=name)


def _unknown_name(error: Any, place: str) -> Iterator[Problem]:
    name = str(error.absolute_path[-1])
    known = list(current.get().forms.properties(error.schema))
    near = nearest(name, known)
    listed = f"known names: {_listing(known)}" if known else "no names are known here"
    message = f"unknown name {name!r}" + ("" if near else f"; {listed}")
    yield _problem(error, place, message, near[0] if near else None)


def _name(error: Any, place: str) -> Iterator[Problem]:
    why = next(iter(explained(error.context[0])), None)
    yield _problem(error, place, f"{error.instance!r} cannot be a name here: {why.message if why else error.message}")


# One value


def _type(error: Any, place: str) -> Iterator[Problem]:
    wanted = error.validator_value
    message = f"expected {_expected({'type': wanted})}, found {found(error.instance)}"
    yield _problem(error, place, message, converted(error.instance, wanted))


def _enum(error: Any, place: str) -> Iterator[Problem]:
    values: list[Any] = list(error.validator_value)
    texts = [value for value in values if isinstance(value, str)]
    near = nearest(error.instance, texts) if isinstance(error.instance, str) else []
    message = f"expected one of {_listing(values)}, found {found(error.instance)}"
    yield _problem(error, place, message, json.dumps(near[0], ensure_ascii=False) if near else None)


def _const(error: Any, place: str) -> Iterator[Problem]:
    yield _problem(error, place, f"expected {_shown(error.validator_value)}, found {found(error.instance)}")


def _false(error: Any, place: str) -> Iterator[Problem]:
    yield _problem(error, place, "nothing may stand here")


def _not(error: Any, place: str) -> Iterator[Problem]:
    wanted = error.validator_value
    if isinstance(wanted, Mapping) and isinstance(wanted.get("required"), list) and isinstance(error.instance, Mapping):
        names = " and ".join(map(repr, wanted["required"]))
        message = f"{names} may not be given" + (" together" if len(wanted["required"]) > 1 else " here")
    elif isinstance(wanted, Mapping) and ("enum" in wanted or "const" in wanted or "type" in wanted):
        message = f"expected anything but {_expected(wanted)}, found {found(error.instance)}"
    else:
        message = "this is what the description rules out here"
    yield _problem(error, place, message)


def _bound(words: str) -> Callable[[Any, str], Iterator[Problem]]:
    def explain(error: Any, place: str) -> Iterator[Problem]:
        wanted = words.format(_shown(error.validator_value))
        yield _problem(error, place, f"expected {wanted}, found {found(error.instance)}")

    return explain


def _count(words: str, noun: str) -> Callable[[Any, str], Iterator[Problem]]:
    def explain(error: Any, place: str) -> Iterator[Problem]:
        wanted, count = error.validator_value, len(error.instance)
        message = f"expected {words} {_counted(wanted, noun)}, found {count or 'none'}"
        yield _problem(error, place, message)

    return explain


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _unique(error: Any, place: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, item in enumerate(error.instance[:_MOST_COMPARED]):
        key = json.dumps(item, sort_keys=True, default=str)
        if key in seen:
            message = f"no item may stand here twice: {_shown(item)} is item {seen[key] + 1} and item {index + 1}"
            yield _problem(error, place, message)
            return
        seen[key] = index
    yield _problem(error, place, "no item may stand here twice")


def _contains(error: Any, place: str) -> Iterator[Problem]:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    expected = _expected(schema.get("contains")) or "as described"
    low, high = schema.get("minContains", 1), schema.get("maxContains")
    counts = f"at least {low}" + (f" and at most {high}" if high is not None else "")
    yield _problem(error, place, f"expected {counts} of its items to be {expected}")


def _items(error: Any, place: str) -> Iterator[Problem]:
    if error.validator_value is False and isinstance(error.schema, Mapping):
        known = len(error.schema.get("prefixItems", ()))
        yield _problem(error, place, f"expected at most {_counted(known, 'item')}, found {len(error.instance)}")
    else:
        yield _problem(error, place, "expected no more items than are described")


# Alternatives


def _ambiguous(error: AmbiguousError, place: str) -> Problem:
    alternatives: Any = error.validator_value
    names = current.get().forms.names(alternatives)
    listed = f" ({', '.join(names)})" if len(names) == len(alternatives) <= _MOST_NAMED else ""
    message = (
        f"this fits more than one of the {len(alternatives)} forms{listed} of which it has to be exactly one: "
        "give a field that only one of them has, or leave one out"
    )
    return _problem(error, place, message)


def _no_form(error: Any, place: str) -> Iterator[Problem]:
    base = place.removesuffix(pointer_of(error.absolute_path))
    firsts = [problem for sub in error.context for problem in explained(sub, base)]
    if len(set(firsts)) == 1 and firsts[0].pointer == place:  # all of them say the same
        yield firsts[0]
        return
    # The form that fails deepest is the one its author most likely meant.
    nearest_form = min(error.context, key=relevance)
    why = next(explained(nearest_form, base), None)
    message = f"this is none of the {len(error.validator_value)} forms that are allowed here"
    if why is not None:
        where = f"{why.pointer.removeprefix(place)}: " if why.pointer != place else ""
        hint = f" (did you mean {why.suggestion}?)" if why.suggestion else ""
        message += f"; to be the nearest of them: {where}{why.message}{hint}"
    yield _problem(error, place, message)


# Advice


def _read_only(error: Any, place: str) -> Iterator[Problem]:
    message = "this field is read-only: it stands in responses, and the API may ignore or refuse it in a request"
    yield Problem(place, message, severity="warning", keyword="readOnly")


def _format(error: Any, place: str) -> Iterator[Problem]:
    message = f"expected {described(error.validator_value)}, found {found(error.instance)}"
    yield Problem(place, message, severity="warning", keyword="format", wanted=error.validator_value)


_SENTENCES: dict[str, Callable[[Any, str], Iterator[Problem]]] = {
    "additionalProperties": _unknown_name,
    "unevaluatedProperties": _unknown_name,
    "propertyNames": _name,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "anyOf": _no_form,
    "oneOf": _no_form,
    "None": _false,
    "not": _not,
    "minimum": _bound("a number of at least {}"),
    "maximum": _bound("a number of at most {}"),
    "exclusiveMinimum": _bound("a number greater than {}"),
    "exclusiveMaximum": _bound("a number less than {}"),
    "multipleOf": _bound("a multiple of {}"),
    "pattern": _bound("text that matches {}"),
    "minLength": _count("at least", "character"),
    "maxLength": _count("at most", "character"),
    "minItems": _count("at least", "item"),
    "maxItems": _count("at most", "item"),
    "minProperties": _count("at least", "field"),
    "maxProperties": _count("at most", "field"),
    "uniqueItems": _unique,
    "contains": _contains,
    "minContains": _contains,
    "maxContains": _contains,
    "items": _items,
    "unevaluatedItems": _items,
    "readOnly": _read_only,
    "format": _format,
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


def found(value: Any) -> str:
    """Return what *value* is, for a person."""
    if isinstance(value, FileText):
        return "a file"
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


def converted(value: Any, kinds: Any) -> str | None:
    """Return *value* as one of *kinds*, when it is plainly that in another spelling: "42" for an integer."""
    wanted = {kinds} if isinstance(kinds, str) else set(kinds)
    if isinstance(value, FileText):
        return None
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
