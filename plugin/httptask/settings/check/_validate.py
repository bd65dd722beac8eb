"""Validation with jsonschema: all problems at once, in sentences for a person, expressions
allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from referencing import Registry

from httptask._core.strict_json import number
from httptask.errors import Problem
from httptask.settings.check._forms import Forms
from httptask.settings.check._keywords import Check, Relaxed, Strict, current
from httptask.settings.check._sentences import converted, explained

_MOST_KEPT = 512
"""Validators kept; one belongs to each schema in use."""
_LONGEST_REASON = 120


def schema_problems(
    schema: Mapping[str, Any], value: Any, pointer: str = "", *, expressions: bool = False
) -> list[Problem]:
    """Return everything in *value* that does not satisfy *schema*, in document order.

    *pointer* is where *value* stands. With *expressions*, a string that is wholly `${…}` may stand
    wherever any value may: it is checked again, without this, after evaluation. *schema* must not
    change afterwards: its validator is kept.
    """
    try:
        validator, forms = _validator(schema, expressions)
        token = current.set(Check.begun(forms, expressions=expressions))
        try:
            problems = [
                each for error in validator.iter_errors(value) for each in explained(error, pointer)
            ]
        finally:
            current.reset(token)
    except RecursionError:
        return [Problem.of("too-deep", pointer, what="value")]
    except Exception as error:  # noqa: BLE001 - a schema is a stranger's: a broken $ref, an unknown type, a bad pattern
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        return [Problem.of("schema-unusable", pointer, reason=reason)]
    return list(dict.fromkeys(problems))


_kept: dict[tuple[int, bool], tuple[Mapping[str, Any], tuple[Any, Forms]]] = {}


def _validator(schema: Mapping[str, Any], expressions: bool) -> tuple[Any, Forms]:
    key = (id(schema), expressions)
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        # The schema is kept beside its validator: as long as it lives, its id is its own.
        made = (Relaxed if expressions else Strict)(
            schema, registry=Registry()
        )  # an empty registry fetches nothing
        kept = _kept.setdefault(key, (schema, (made, Forms(schema))))
    return kept[1]


def typed(text: str, schema: Any) -> Any:
    """Parse *text* as the type *schema* names (`"42"` becomes 42); return it unchanged if it does
    not parse.
    """
    kinds = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    literal = converted(
        text, [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "array"]
    )
    try:
        return text if literal is None else json.loads(literal, parse_float=number)
    except ValueError:  # more digits than Python converts
        return text
