"""The names on the way to a page's items: by them a page without items is told from an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.json_types import type_name
from httptask.expressions import Query
from httptask.task._told_errors import error_in

Outline = tuple[frozenset[str], ...]
"""The names of the body, and of each object on the way to its items."""

_WHERE_IT_IS = re.compile(
    "prev|next|first|last|page|cursor|token|link|offset|delta|sync", re.IGNORECASE
)
"""Names that a first page may well lack: of the page before it, and of what a list ends with."""


def outline_of(body: Any, query: Query) -> Outline:
    """Return the names that the page *body* has on the way of *query*, which selects its items."""
    return tuple(frozenset(value) for value in _way(body, query) if isinstance(value, Mapping))


def why_no_page(body: Any, query: Query, first: Outline | None) -> str | None:
    """Return why *body*, which has no list at *query*, is no page without items; None if it is.

    A list without items may be left out, and a body, too. A page of HTML is none, and neither is an
    object with names that the *first* page has not: servers tell errors so, with a 200. Names of
    links and tokens do not count. None: the first page is not known.
    """
    for depth, value in enumerate(_way(body, query)):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            where = "its body" if depth == 0 else "what stands on the way to its items"
            return f"{where} is {type_name(value)}, and there is nothing at {query.text}"
        if first is not None and depth < len(first) and (new := _new(value, first[depth])):
            names = ", ".join(sorted(new)[:5])
            return (
                f"there is nothing at {query.text}, and it has names the first page lacks: {names}"
            )
    return None


def error_told(body: Any, query: Query) -> str | None:
    """Return what *body*, which has no items at *query*, tells of an error, with a 200; None if it
    tells of none: `error: ratelimited`.
    """
    told = (error_in(value) for value in _way(body, query))
    return next(filter(None, told), None)


def _new(value: Mapping[str, Any], known: frozenset[str]) -> set[str]:
    """Return the names in *value* that are not *known*, but for those of where the page is."""
    return {name for name in value if name not in known and not _WHERE_IT_IS.search(name)}


def _way(body: Any, query: Query) -> Iterator[Any]:
    """Yield *body*, and what stands at each name on the way to the items in it."""
    yield body
    for step in (query.steps or ())[:-1]:
        if not isinstance(body, Mapping) or step not in body:
            return
        body = body[step]
        yield body
