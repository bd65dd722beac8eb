"""Filter the problems that a schema finds in the body of an `httpRequest`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from httptask._http.media_types import FORM, carries_files, essence, is_json
from httptask.errors import Problem
from httptask.settings.check._validate import Validator

_ABOUT_FORMS = ("no-form", "several-forms")
_ABOUT_STRUCTURE = ("type", *_ABOUT_FORMS)
"""Codes saying that text is not the expected structure.

A body sent as text keeps only other problems.
"""


def but_for_forms(problems: list[Problem], pointer: str) -> Iterator[Problem]:
    """Drop "none of the forms fits" for the body when a more specific problem about it is reported.

    *pointer* is that of the body.
    """
    is_specific = any(
        problem.pointer.startswith(pointer) and problem.code not in _ABOUT_FORMS
        for problem in problems
    )
    for problem in problems:
        if not (is_specific and problem.pointer == pointer and problem.code in _ABOUT_FORMS):
            yield problem


def with_null_hints(
    problems: Iterable[Problem],
    schema: Mapping[str, Any],
    pointer: str,
) -> Iterator[Problem]:
    """Add a hint on sending null to the problem that a body is missing, if the body may be null.

    A null in settings, even one that an expression yields, only means an absent field. *schema* is
    the settings schema; *pointer* is that of the settings.
    """
    for problem in problems:
        is_of_body = problem.code == "required" and problem.params.get("name") == "body"
        if is_of_body and problem.pointer == pointer and _may_be_null(schema):
            problem = problem.with_params(hint="null-body")
        yield problem


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    body = {"$defs": schema.get("$defs", {}), "allOf": [schema["properties"]["body"]]}
    return not Validator(body).problems(None)


def but_for_text(
    problems: Iterable[Problem],
    settings: Mapping[str, Any],
    media_type: str,
    pointer: str,
    *,
    is_named: bool,
) -> Iterator[Problem]:
    """Drop "text is not the structure" for a body of text that is sent unchanged, such as XML.

    Text for JSON is a value and is checked. Text for a form is sent unchanged only as `{"$text":
    "a=1&b=2"}`; otherwise a hint says so. *is_named* says whether the settings name the media type;
    *pointer* is that of the body.
    """
    is_text = isinstance(settings.get("body"), str)
    is_form = essence(media_type) == FORM or carries_files(media_type)
    is_value = is_json(media_type) or not (is_named or "*" not in media_type)
    for problem in problems:
        if not (is_text and problem.pointer == pointer and problem.code in _ABOUT_STRUCTURE):
            yield problem
        elif is_form:
            yield problem.with_params(hint="encoded-text")
        elif is_value:
            yield problem
