"""Turn jsonschema's errors into problems that a person understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import relevance

from httptask._core.nearest import by_nearness, nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import Number, dump, number_text
from httptask._http.syntax import REQUEST_FIELDS
from httptask._schema.views import json_type
from httptask.errors import Problem
from httptask.settings.check._alternatives import AmbiguousError
from httptask.settings.check._checking import (
    MissingError,
    OtherSubtypeError,
    UncheckedPatternError,
    current,
)
from httptask.settings.check._formats import described
from httptask.settings.check._scalars import ANNOTATIONS

_MOST_NAMED = 10
"""Alternatives listed in a sentence."""
_MOST_NAMES = 10
"""The number of known names that a problem lists beside an unknown one."""
_MOST_LISTED = 30
"""Names and values listed in a sentence."""
_LONGEST_PLAIN = 200
"""Characters of a text that a program gets along with the sentence."""
_MOST_COMPARED = 1_000
"""Items of an array that are compared in search of two equal ones."""


class FileText(str):
    """The text that stands for a file while settings are checked. The file's content is unknown."""

    __slots__ = ()


def explained(error: Any, base: str = "") -> Iterator[Problem]:
    """Yield the problems in jsonschema's *error* about a value at the pointer *base*."""
    pointer = pointer_of(error.absolute_path, base)
    if isinstance(error, UncheckedPatternError):
        pattern = _short(str(error.validator_value))
        yield Problem.of("pattern-unchecked", pointer, severity="warning", pattern=pattern)
    elif isinstance(error, OtherSubtypeError):
        yield _other_subtype(error, pointer)
    elif isinstance(error, MissingError):
        yield _missing(error, pointer)
    elif isinstance(error, AmbiguousError):
        yield _ambiguous(error, pointer)
    else:
        yield from PROBLEMS[str(error.validator)](error, pointer)


# Objects


def _missing(error: MissingError, pointer: str) -> Problem:
    """Report a missing property, with the misspelt name that may be meant for it."""
    name = error.name
    instance: Any = error.instance
    properties = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    # Standard headers are not taken for misspelt names of other headers.
    others = REQUEST_FIELDS if pointer.endswith("/headers") else frozenset()
    unknown = [key for key in instance if key not in properties and key.lower() not in others]
    near = nearest(name, unknown)
    params: dict[str, Any] = {"name": name, "instead": near[0] if near else None}
    if error.validator == "dependentRequired":
        params["where"] = error.validator_value
    else:
        params["expected"] = _expected_with(properties.get(name, {})) or None
    return Problem.of("required", pointer, **params)


def _unknown_name(error: Any, pointer: str) -> Iterator[Problem]:
    """Report an unknown name, with the name that is probably meant, else with the known names."""
    name = str(error.absolute_path[-1])
    names = list(current.get().forms.properties(error.schema))
    near = nearest(name, names)
    if near:
        yield Problem.of(
            "unknown-name",
            pointer,
            suggestion=near[0],
            name=name,
        )
    else:
        count = None
        if len(names) > _MOST_NAMES:
            count = len(names)
        patterns = list(error.schema.get("patternProperties", {})) or None
        known = None if patterns and not names else by_nearness(name, names, _MOST_NAMES)
        yield Problem.of(
            "unknown-name",
            pointer,
            name=name,
            known=known,
            count=count,
            patterns=patterns and [_shown(pattern) for pattern in patterns[:_MOST_LISTED]],
        )


def _name(error: Any, pointer: str) -> Iterator[Problem]:
    why = next(iter(explained(error.context[0])), None)
    yield Problem.of(
        "property-names",
        pointer,
        name=error.instance,
        reason=why.reason() if why else None,
    )


# One value


def _type(error: Any, pointer: str) -> Iterator[Problem]:
    types = error.validator_value
    params: dict[str, Any] = {
        "expected": _expected({"type": types}),
        "found": found(error.instance),
    }
    types = [types] if isinstance(types, str) else list(types)
    suggestion = converted(error.instance, types, error.schema.get("items"))
    yield Problem.of(
        "type",
        pointer,
        suggestion=suggestion,
        types=types,
        **params,
    )


def _enum(error: Any, pointer: str) -> Iterator[Problem]:
    values: list[Any] = list(error.validator_value)
    texts = [value for value in values if isinstance(value, str)]
    near = []
    if isinstance(error.instance, str):
        near = nearest(error.instance, texts)
    suggestion = None
    if near:
        suggestion = json.dumps(near[0], ensure_ascii=False)
    params: dict[str, Any] = {"expected": _one_of(values), "found": found(error.instance)}
    allowed = [plain for value in values[:_MOST_LISTED] if (plain := _plain(value)) is not None]
    count = None
    if len(values) > len(allowed):
        count = len(values)
    yield Problem.of(
        "enum",
        pointer,
        suggestion=suggestion,
        allowed=allowed,
        count=count,
        **params,
    )


def _const(error: Any, pointer: str) -> Iterator[Problem]:
    params: dict[str, Any] = {
        "expected": _shown(error.validator_value),
        "found": found(error.instance),
    }
    yield Problem.of(
        "const",
        pointer,
        allowed=_plain(error.validator_value),
        **params,
    )


def _false(_: Any, pointer: str) -> Iterator[Problem]:
    yield Problem.of("nothing-allowed", pointer)


def _not(error: Any, pointer: str) -> Iterator[Problem]:
    """Report a value that `not` excludes, with the names or values that it excludes if they
    are plain.
    """
    excluded = error.validator_value
    params: dict[str, Any] = {}
    if isinstance(excluded, Mapping):
        if isinstance(excluded.get("required"), list) and isinstance(error.instance, Mapping):
            names = excluded["required"]
            params = {
                "names": " and ".join(map(repr, names)),
                "where": "together" if len(names) > 1 else "here",
            }
        elif _is_said(excluded):
            params = {"unexpected": _expected(excluded), "found": found(error.instance)}
    yield Problem.of("not" if params else "ruled-out", pointer, **params)


def _bound(
    code: str,
    words: str,
    name: str = "limit",
) -> Callable[[Any, str], Iterator[Problem]]:
    def explain(error: Any, pointer: str) -> Iterator[Problem]:
        expected = words.format(_shown(error.validator_value))
        params: dict[str, Any] = {"expected": expected, "found": found(error.instance)}
        params[name] = _plain(error.validator_value)
        yield Problem.of(code, pointer, **params)

    return explain


def _count(code: str, words: str, noun: str) -> Callable[[Any, str], Iterator[Problem]]:
    def explain(error: Any, pointer: str) -> Iterator[Problem]:
        limit = error.validator_value
        count = len(error.instance)
        expected = f"{words} {_counted(limit, noun)}"
        yield Problem.of(
            code,
            pointer,
            expected=expected,
            found=count or "none",
            limit=limit,
        )

    return explain


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _unique(error: Any, pointer: str) -> Iterator[Problem]:
    index_by_key: dict[str, int] = {}
    for index, item in enumerate(error.instance[:_MOST_COMPARED]):
        key = _key(item)
        if key in index_by_key:
            yield Problem.of(
                "unique-items",
                pointer,
                found=_shown(item),
                first=index_by_key[key] + 1,
                second=index + 1,
            )
            return
        index_by_key[key] = index
    yield Problem.of("unique-items", pointer)


def _key(value: Any) -> str:
    """Return a text that is the same for equal values (2020-12, Core, section 4.2.2): for 1
    and 1.0.
    """
    if isinstance(value, Mapping):
        members = sorted(f"{json.dumps(name)}:{_key(item)}" for name, item in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_key, value))}]"
    if isinstance(value, Number) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, default=str)


def _contains(error: Any, pointer: str) -> Iterator[Problem]:
    """Report an array with too few or too many matching items."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    contained = schema.get("contains")
    items = _expected(contained) if _is_said(contained) else "as described"
    low = schema.get("minContains", 1)
    high = schema.get("maxContains")
    if low == high:
        expected = f"exactly {low}"
    else:
        bounds = [f"at least {low}" if low else "", "" if high is None else f"at most {high}"]
        expected = " and ".join(filter(None, bounds))
    yield Problem.of("contains", pointer, expected=expected, items=items)


def _items(error: Any, pointer: str) -> Iterator[Problem]:
    if error.validator_value is False and isinstance(error.schema, Mapping):
        count = len(error.schema.get("prefixItems", ()))
        expected = f"at most {_counted(count, 'item')}"
        yield Problem.of(
            "items",
            pointer,
            expected=expected,
            found=str(len(error.instance)),
        )
    else:
        yield Problem.of("items", pointer, expected="no more items than are described")


# Alternatives


def _ambiguous(error: AmbiguousError, pointer: str) -> Problem:
    alternatives: Any = error.validator_value
    names = current.get().forms.names(alternatives)
    are_listed = len(names) == len(alternatives) <= _MOST_NAMED
    return Problem.of(
        "several-forms",
        pointer,
        count=len(alternatives),
        names=list(names) if are_listed else None,
        what="a field" if isinstance(error.instance, Mapping) else None,
    )


def _no_form(error: Any, pointer: str) -> Iterator[Problem]:
    """Report a value that fits no alternative, with the problem of the alternative that is
    nearest.
    """
    base = pointer.removesuffix(pointer_of(error.absolute_path))
    firsts = [problem for sub in error.context for problem in explained(sub, base)]
    if len(set(firsts)) == 1 and firsts[0].pointer == pointer:  # all of them say the same
        yield firsts[0]
        return
    # The form that fails deepest is the one its author most likely meant.
    nearest_form = min(error.context, key=relevance)
    why = next(explained(nearest_form, base), None)
    yield Problem.of(
        "no-form",
        pointer,
        count=len(error.validator_value),
        nearest=None if why is None else why.reason(pointer),
    )


# Advice


def _other_subtype(error: OtherSubtypeError, pointer: str) -> Problem:
    return Problem.of(
        "other-subtype",
        pointer,
        severity="warning",
        name=error.absolute_path[-1],
        others=error.others[:_MOST_NAMED],
        subtype=error.subtype,
        tag=error.tag,
    )


def _read_only(_: Any, pointer: str) -> Iterator[Problem]:
    yield Problem.of("read-only", pointer, severity="warning")


def _format(error: Any, pointer: str) -> Iterator[Problem]:
    params: dict[str, Any] = {
        "expected": described(error.validator_value),
        "found": found(error.instance),
    }
    yield Problem.of("format", pointer, severity="warning", **params)


PROBLEMS: dict[str, Callable[[Any, str], Iterator[Problem]]] = {
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
    "minimum": _bound("minimum", "a number of at least {}"),
    "maximum": _bound("maximum", "a number of at most {}"),
    "exclusiveMinimum": _bound("exclusive-minimum", "a number greater than {}"),
    "exclusiveMaximum": _bound("exclusive-maximum", "a number less than {}"),
    "multipleOf": _bound("multiple-of", "a multiple of {}"),
    "pattern": _bound("pattern", "text that matches {}", "pattern"),
    "minLength": _count("min-length", "at least", "character"),
    "maxLength": _count("max-length", "at most", "character"),
    "minItems": _count("min-items", "at least", "item"),
    "maxItems": _count("max-items", "at most", "item"),
    "minProperties": _count("min-properties", "at least", "field"),
    "maxProperties": _count("max-properties", "at most", "field"),
    "uniqueItems": _unique,
    "contains": _contains,
    "minContains": _contains,
    "maxContains": _contains,
    "items": _items,
    "unevaluatedItems": _items,
    "readOnly": _read_only,
    "format": _format,
}
"""Keyword -> the function that turns its errors into problems; "None" is the schema `false`."""

_ARTICLES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def _is_said(schema: Any) -> bool:
    """Say whether `_expected` expresses every requirement of *schema*."""
    asks = schema.keys() - ANNOTATIONS if isinstance(schema, Mapping) else set()
    return bool(asks) and (asks <= {"type"} or not asks.isdisjoint(("enum", "const")))


def _expected(schema: Any) -> str:
    """Return the expected value or type of *schema*, for a person; "" if it names none."""
    if not isinstance(schema, Mapping):
        return ""
    if "const" in schema:
        return _shown(schema["const"])
    if "enum" in schema:
        return _one_of(schema["enum"])
    types = schema.get("type", [])
    return " or ".join(
        _ARTICLES.get(type_name, type_name)
        for type_name in ([types] if isinstance(types, str) else types)
    )


def _expected_with(schema: Any) -> str:
    """Return `_expected` with the names that an object requires, since "an object" alone says
    little.
    """
    expected = _expected(schema)
    names = None
    if expected == _ARTICLES["object"]:
        names = schema.get("required")
    if not isinstance(names, list) or not names:
        return expected
    more = f", ... ({len(names)} in all)" if len(names) > _MOST_NAMED else ""
    return f"{expected} with {', '.join(map(repr, names[:_MOST_NAMED]))}{more}"


def found(value: Any) -> str:
    """Return a short description of *value* for a person."""
    if isinstance(value, FileText):
        return "a file"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"the {'string' if isinstance(value, str) else 'number'} {_shown(value)}"


def _plain(value: Any) -> Any:
    """Return *value* for a program, if it is a number or a short text; else None."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_PLAIN else None
    if isinstance(value, Number) and not isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, int | float):
        return value
    return None


def _may_be_item(value: Any, items: Any) -> bool:
    """Say whether *items*, a schema, may allow *value*, judged by its `type` alone."""
    types = items.get("type", ()) if isinstance(items, Mapping) else ()
    allowed = {types} if isinstance(types, str) else set(types)
    if "number" in allowed:
        allowed.add("integer")
    return not allowed or json_type(value) in allowed


def _shown(value: Any) -> str:
    try:
        return _short(dump(value))
    except (TypeError, ValueError):
        return _short(repr(value))


def _short(text: str) -> str:
    if len(text) <= 120:
        return text
    return text[:117] + "..."


def _one_of(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return _shown(values[0])
    shown = ", ".join(_shown(value) for value in values[:_MOST_LISTED])
    more = f", ... ({len(values)} in all)" if len(values) > _MOST_LISTED else ""
    return f"one of {shown}{more}"


def converted(value: Any, types: Any, items: Any = None) -> str | None:
    """Return *value* as JSON of one of *types* if it plainly is another spelling of it ("42" for an
    integer), else None.

    A value is put into a list only if *items*, the schema of the items, allows its type.
    """
    allowed = {types} if isinstance(types, str) else set(types)
    if isinstance(value, FileText):
        return None
    if isinstance(value, str):
        # Not "007": such texts are identifiers, and lose their zeros as numbers.
        if allowed & {"integer", "number"} and re.fullmatch(r"-?(0|[1-9]\d*)", value):
            return value
        if "number" in allowed and re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", value):
            return value
        if "boolean" in allowed and value in ("true", "false"):
            return value
    elif isinstance(value, Number) and not isinstance(value, bool) and "string" in allowed:
        return json.dumps(number_text(value))
    if "array" in allowed and not isinstance(value, list) and _may_be_item(value, items):
        return f"[{_shown(value)}]"
    return None
