"""The outline of a page: names on the path to its items, to tell an empty page from an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.json_types import type_name
from httptask.expressions import Query
from httptask.task._told_errors import error_in

Outline = tuple[frozenset[str], ...]
"""The names in the body, and in each object on the path to its items."""

_POSITION_NAME = re.compile(
    "prev|next|first|last|page|cursor|token|link|offset|delta|sync", re.IGNORECASE
)
"""Names that only some pages have: links to other pages, and tokens that end a list."""


def outline_of(body: Any, query: Query) -> Outline:
    """Return the outline of the page *body*, along *query*, which selects its items."""
    return tuple(
        frozenset(value) for value in _values_on_path(body, query) if isinstance(value, Mapping)
    )


def why_no_page(body: Any, query: Query, first: Outline | None) -> str | None:
    """Return why *body*, without a list at *query*, is not an empty page; None for an empty page.

    An empty page may lack the list, or have no body. HTML is not a page, and neither is an object
    with names that the *first* page does not have, because servers report errors so, with a 200.
    Names of links and tokens do not count. *first* None: unknown, names are not compared.
    """
    for depth, value in enumerate(_values_on_path(body, query)):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            where = "its body" if depth == 0 else "what stands on the way to its items"
            return f"{where} is {type_name(value)}, and there is nothing at {query.text}"
        if first is not None and depth < len(first) and (new := _new_names(value, first[depth])):
            names = ", ".join(sorted(new)[:5])
            return (
                f"there is nothing at {query.text}, and it has names the first page lacks: {names}"
            )
    return None


def error_told(body: Any, query: Query) -> str | None:
    """Return the error that *body*, a 200 without items at *query*, reports; None without one.

    An example is `error: ratelimited`.
    """
    errors = (error_in(value) for value in _values_on_path(body, query))
    return next(filter(None, errors), None)


def _new_names(value: Mapping[str, Any], known: frozenset[str]) -> set[str]:
    """Return the names in *value* that are not *known*, except names of links and tokens."""
    return {name for name in value if name not in known and not _POSITION_NAME.search(name)}


def _values_on_path(body: Any, query: Query) -> Iterator[Any]:
    """Yield *body*, and each value on the path of *query* to its items."""
    yield body
    for step in (query.steps or ())[:-1]:
        if not isinstance(body, Mapping) or step not in body:
            return
        body = body[step]
        yield body
