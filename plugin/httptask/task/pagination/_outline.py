"""The names on the way to a page's items: by them a page without items is told from an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from httptask._core.json_types import type_name
from httptask._core.strict_json import dump
from httptask.expressions import Query

Outline = tuple[frozenset[str], ...]
"""The names of the body, and of each object on the way to its items."""

_OK = 200

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


_ERROR = re.compile("(?:error|fault|exception)(?:s|codes?|messages?|details?|description)?")
"""Names of what went wrong, without punctuation and in lower case."""
_OUTCOME = ("ok", "success", "issuccess", "successful", "issuccessful")
_STATE = ("status", "state", "result", "outcome")
_FAILED = ("error", "fail", "failed", "failure")
_NOTHING = ("", "0", "200", "ok", "none", "null", "false", "no", "success", "no error", "noerror")


def error_told(body: Any, query: Query) -> str | None:
    """Return what *body*, which has no items at *query*, tells of an error, with a 200; None if it
    tells of none: `error: ratelimited`.
    """
    for value in _way(body, query):
        members = value.items() if isinstance(value, Mapping) else ()
        for name, member in members:
            if _is_error(str(name), member):
                return f"{name}: {dump(member, compact=True)[:200]}"
    return None


def _is_error(name: str, value: Any) -> bool:
    word = "".join(filter(str.isalnum, name)).lower()
    if _ERROR.fullmatch(word):
        return _says_something(value)
    if word in _OUTCOME:
        return value is False
    return word in _STATE and isinstance(value, str) and value.strip().lower() in _FAILED


def _says_something(value: Any) -> bool:
    """Say whether *value*, that of an error, is one: not null, 0 or OK, nor an object of these."""
    if isinstance(value, Mapping):
        return any(map(_says_something, value.values()))
    if isinstance(value, list):
        return any(map(_says_something, value))
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    return bool(value) and value != _OK


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
