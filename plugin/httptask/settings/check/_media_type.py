"""Choose the media type of a body if its author names none, once for both checking and sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httptask._http.media_types import essence, is_json
from httptask.building import chosen, is_reference, is_text, rank, writable
from httptask.errors import Problem
from httptask.expressions import has_expression, is_expression
from httptask.model.api import Endpoint, MediaType
from httptask.settings.check._files import Unread
from httptask.settings.check._pairs import grouped
from httptask.settings.check._validate import schema_problems


def content_type_of(settings: Mapping[str, Any]) -> str | None:
    """Return the `Content-Type` in *settings*; None if there is none."""
    headers = settings.get("headers")
    values = headers.items() if isinstance(headers, Mapping) else ()
    content_type = next(
        (
            value
            for name, value in values
            if isinstance(name, str) and name.lower() == "content-type"
        ),
        None,
    )
    return content_type if isinstance(content_type, str) else None


def offered(endpoint: Endpoint | None) -> Mapping[str, MediaType]:
    """Return the media types that *endpoint* describes for its body."""
    if endpoint is not None and endpoint.request_body is not None:
        return endpoint.request_body.content
    return {}


def content_type_as_offered(settings: dict[str, Any], endpoint: Endpoint | None) -> dict[str, Any]:
    """Return *settings* with `Content-Type` spelt as *endpoint* spells it, if only parameters
    differ.

    Parameters of a media type are a charset or a boundary (RFC 9110, section 8.3.1).
    """
    content_type = content_type_of(settings)
    if content_type is None or "Content-Type" not in settings["headers"]:
        return settings
    equal_names = (name for name in offered(endpoint) if essence(name) == essence(content_type))
    headers = {**settings["headers"], "Content-Type": next(equal_names, content_type)}
    return {**settings, "headers": headers}


def decided(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
    *,
    expressions: bool = False,
) -> str | None:
    """Return the media type for the body of *settings*, which are normalised and name none.

    Candidates are the media types of *endpoint* that can carry the value and whose schema, in the
    settings schema *schema*, the value fits. If it fits several, JSON comes first, then a form,
    multipart, XML, the rest. If it fits none, the one with the fewest problems is taken. None if
    the schemas decide nothing: there is only one, or a file brings its own type.
    """
    content = offered(endpoint)
    body = settings.get("body")
    if (
        "body" not in settings
        or content_type_of(settings) is not None
        or is_reference(body)
        or is_text(body)
    ):
        return None
    if "allOf" not in schema or (expressions and isinstance(body, str) and is_expression(body)):
        return None
    has_files = bool(Unread.of(settings, {"body"}).files)
    names = sorted(
        (name for name in content if writable(body, name)),
        key=lambda name: rank(name, files=has_files),
    )
    if not names:
        return None
    readable = Unread.of(settings, {"body"}).stood_in({"body": body})
    problem_counts = {
        name: len(_problems(readable, schema, name, expressions=expressions)) for name in names
    }
    # `names` are in order of rank, and `min` takes the first of equals.
    best = min(names, key=lambda name: problem_counts[name])
    return chosen(body, {best: content[best]})


def _problems(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    name: str,
    *,
    expressions: bool,
) -> list[Problem]:
    """Return the problems that the schema of the media type *name* finds in the body of
    *settings*.
    """
    if isinstance(settings["body"], str) and not is_json(name):
        return []  # the author has already encoded the text in the media type
    named = {**settings, "headers": {"Content-Type": name}}
    grouped(named, schema, name, expressions=expressions)
    problems = schema_problems(schema, named, expressions=expressions)
    return [
        problem
        for problem in problems
        if problem.pointer.startswith("/body") and problem.severity == "error"
    ]


def with_media_type(
    request: dict[str, Any],
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
    *,
    expressions: bool = False,
) -> dict[str, Any]:
    """Return *request* (normalised settings) with the `Content-Type` that `decided` chooses."""
    name = decided(request, schema, endpoint, expressions=expressions)
    headers = request.get("headers", {})
    if name is None or not isinstance(headers, Mapping):
        return request
    return {**request, "headers": {**headers, "Content-Type": name}}


def foreseen(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    endpoint: Endpoint | None,
) -> str | None:
    """Return the media type as which the body of *settings* (normalised) will be sent.

    None if there is no body, if no media type can carry it, or if an expression decides.
    """
    if "body" not in settings:
        return None
    named = content_type_of(
        with_media_type(dict(settings), schema, endpoint, expressions=True)
        if endpoint
        else settings
    )
    if named is not None:
        return None if has_expression(named) else named
    body = settings["body"]
    content = offered(endpoint)
    if isinstance(body, str) and is_expression(body):
        if len(content) == 1:
            return next(iter(content))
        return None
    try:
        return chosen(body, content)
    except ValueError:  # no media type can carry the body: another check reports this
        return None
