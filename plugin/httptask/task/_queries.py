"""The queries of settings: JSONPath over a result's body, or over its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httptask.errors import CodedError, reason
from httptask.expressions import Query

if TYPE_CHECKING:
    from httptask.errors import TaskResult

_HEADERS = "$.headers"


def values_of(query: Query, result: TaskResult) -> list[Any]:
    """Return the values *query* selects: from the headers if it begins with `$.headers`, else from
    the body of *result*.
    """
    if reads_headers(query):
        return _lower(query).values({"headers": dict(result.headers)})
    return query.values(result.body)


def reads_headers(query: Query) -> bool:
    """Say whether *query* selects from the headers of a result."""
    return query.text.startswith(_HEADERS) and query.text[len(_HEADERS) :][:1] in ("", ".", "[")


def _lower(query: Query) -> Query:
    """Return *query* with the header's name in lower case, as in the headers of a result."""
    if query.steps is None or len(query.steps) < 2:
        return query
    first, name, *rest = query.steps
    return Query(query.text, (first, str(name).lower(), *rest))


def refusal_of(text: str) -> dict[str, Any] | None:
    """Return the reason why *text* is not a valid query; None if it is valid."""
    if text.strip().startswith("${"):
        inner = text.strip()[2:].rstrip("}")
        return reason("query-in-braces", query=inner)
    try:
        Query.of(text)
    except CodedError as error:
        return error.reason
    return None
