"""Check the query values in the text of a URL like those in `query`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask.errors import Problem
from httptask.expressions import has_expression
from httptask.settings.check._validate import typed

_UNCHECKED = object()
"""A query value whose structure cannot be read from its text: an array, an object, a union."""

_PLAIN = ("string", "integer", "number", "boolean")


def query_in_url(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    expressions: bool,
) -> dict[str, Any]:
    """Return the query values in the URL's text that are not in `query`, parsed by *schema*.

    With *expressions*, text that contains an expression is left out; it is checked after
    evaluation.
    """
    url = settings.get("url")
    query = settings.get("query", {})
    if not isinstance(url, str) or "?" not in url or not isinstance(query, Mapping):
        return {}
    group = schema.get("properties", {}).get("query")
    documented = group.get("properties", {}) if isinstance(group, Mapping) else {}
    values: dict[str, Any] = {}
    for name, text in parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True):
        is_open = expressions and (has_expression(name) or has_expression(text))
        # What `query` sets replaces the text of the URL, so that text is never sent.
        if name in query or is_open:
            continue
        parameter = _but_for_empty(documented.get(name))
        if isinstance(parameter, Mapping) and parameter.get("type") in _PLAIN:
            values[name] = typed(text, parameter)
        # Lists and objects: how their text is split depends on the style, so only their names
        # count.
        elif name in documented or name.partition("[")[0] in documented:
            values[name] = _UNCHECKED
        else:
            values[name] = text
    return values


def _but_for_empty(schema: Any) -> Any:
    """Return the *schema* of a parameter without the alternative for `allowEmptyValue`
    (OpenAPI).
    """
    alternatives: Any = schema.get("anyOf", ()) if isinstance(schema, Mapping) else ()
    allows_empty = len(alternatives) == 2 and alternatives[1] == {"const": ""}
    return alternatives[0] if allows_empty else schema


def letting_through(schema: Mapping[str, Any], in_url: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *schema* changed to accept any value for each `_UNCHECKED` member of *in_url*."""
    anything = {name: True for name, value in in_url.items() if value is _UNCHECKED}
    if not anything:
        return schema
    properties = schema["properties"]
    query = properties["query"]
    query = {**query, "properties": {**query.get("properties", {}), **anything}}
    return {**schema, "properties": {**properties, "query": query}}


def pointed_at_url(problem: Problem, in_url: Mapping[str, Any], base: str) -> Problem:
    """Return *problem* with its pointer at the URL, if it concerns one of the values *in_url*."""
    tokens = parts(problem.pointer[len(base) :])
    if len(tokens) < 2 or tokens[0] != "query" or tokens[1] not in in_url:
        return problem
    return replace(problem.with_params(inUrl=tokens[1]), pointer=pointer_of(["url"], base))
