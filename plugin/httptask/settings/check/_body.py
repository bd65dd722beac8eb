"""Which of the problems that a schema finds in the body of an `httpRequest` are reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from httptask._http.media_types import FORM, carries_files, essence, is_json
from httptask.errors import Problem
from httptask.settings.check._validate import Validator

_ABOUT_FORMS = ("no-form", "several-forms")
_ABOUT_STRUCTURE = ("type", *_ABOUT_FORMS)
"""Codes that say that text is no structure; what a description says of text itself is checked."""


def but_for_forms(problems: list[Problem], pointer: str) -> Iterator[Problem]:
    """Drop "none of the forms" for the body when a more specific problem about it is reported.

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
    problems: Iterable[Problem], schema: Mapping[str, Any], pointer: str
) -> Iterator[Problem]:
    """Say with a missing body that may be null how null is sent: a null of the settings, from an
    expression too, is an absent field.

    *schema* is that of the settings, which stand at *pointer*.
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
    """Drop "text is no structure" for a body whose text is sent as it is: XML, say.

    JSON's text is a value and is checked. Text of a form is sent as it is only where its author
    says so: `{"$text": "a=1&b=2"}`. *is_named* says whether the settings name the media type;
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
