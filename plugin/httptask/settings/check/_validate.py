"""Validate with jsonschema: report all problems at once, in plain words, and accept expressions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from referencing import Registry

from httptask._core.strict_json import number
from httptask.errors import Problem
from httptask.settings.check._checking import (
    Check,
    MissingError,
    TooManyReferencesError,
    current,
)
from httptask.settings.check._forms import Forms
from httptask.settings.check._keywords import Relaxed, Strict
from httptask.settings.check._sentences import converted, explained

_MOST_KEPT = 512
"""Cached validators, one for each schema in use."""
_LONGEST_REASON = 120


class Validator:
    """Checks values against *schema*, which must not change afterwards.

    With *expressions*, a string that is wholly `${…}` is accepted in place of any value; it is
    checked without this after evaluation. *references* limits how many references are followed for
    one value. A schema may refer to itself and to the metaschemas of JSON Schema.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        expressions: bool = False,
        references: float = math.inf,
    ) -> None:
        self._schema = schema
        self._expressions = expressions
        self._references = references

    @cached_property
    def _compiled(self) -> tuple[Any, Forms]:
        validator_class = Relaxed if self._expressions else Strict
        # An empty registry fetches nothing; jsonschema knows the metaschemas anyway.
        return validator_class(self._schema, registry=Registry()), Forms(self._schema)

    def problems(
        self,
        value: Any,
        pointer: str = "",
        *,
        missing: bool = True,
    ) -> list[Problem]:
        """Return every problem of *value* with the schema, in document order.

        *pointer* is the pointer of *value*. Without *missing*, required values that are absent are
        not reported.
        """
        try:
            validator, forms = self._compiled
            check = Check.begun(forms, expressions=self._expressions, references=self._references)
            token = current.set(check)
            try:
                errors = validator.iter_errors(value)
                problems = [
                    problem
                    for error in errors
                    if missing or not isinstance(error, MissingError)
                    for problem in explained(error, pointer)
                ]
            finally:
                current.reset(token)
        except RecursionError:
            return [Problem.of("too-deep", pointer, what="value")]
        except TooManyReferencesError:
            return [Problem.of("schema-work", pointer)]
        except Exception as error:  # noqa: BLE001 - see below
            # The schema is not ours: it may have a broken $ref, an unknown type, a bad pattern.
            message = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
            return [Problem.of("schema-unusable", pointer, pythonMessage=message)]
        return list(dict.fromkeys(problems))


def schema_problems(
    schema: Mapping[str, Any],
    value: Any,
    pointer: str = "",
    *,
    expressions: bool = False,
    missing: bool = True,
) -> list[Problem]:
    """Return every problem of *value* with *schema*: see `Validator.problems`."""
    return kept_validator(schema, expressions).problems(value, pointer, missing=missing)


_cache: dict[tuple[int, bool], tuple[Mapping[str, Any], Validator]] = {}


def kept_validator(schema: Mapping[str, Any], expressions: bool) -> Validator:
    """Return the cached validator of *schema*, or a new one."""
    key = (id(schema), expressions)
    entry = _cache.get(key)
    if entry is None:
        if len(_cache) >= _MOST_KEPT:
            _cache.pop(next(iter(_cache)), None)
        # The entry holds the schema: were it freed, another schema could get its id.
        entry = _cache.setdefault(key, (schema, Validator(schema, expressions=expressions)))
    return entry[1]


def typed(text: str, schema: Any) -> Any:
    """Parse *text* as the type *schema* names (`"42"` becomes 42); return it unchanged if it does
    not parse.
    """
    types = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    literal = converted(
        text,
        [
            type_name
            for type_name in ([types] if isinstance(types, str) else types)
            if type_name != "array"
        ],
    )
    try:
        if literal is None:
            return text
        return json.loads(literal, parse_float=number)
    except ValueError:  # more digits than Python converts
        return text
