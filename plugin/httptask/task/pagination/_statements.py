"""Statements of a page that no setting reads: that more items exist than can be read.

Search APIs cap their total (Elasticsearch counts to 10,000 and says `"relation": "gte"`), or give
only the first thousand items. Such a list is read to the end of what the API gives, and is not
complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from httptask._core.numbers import without_point
from httptask.expressions import Query
from httptask.model.pagination import Pagination
from httptask.settings import is_number_of_pages, is_page_size, is_sign_of_end
from httptask.task._queries import reads_headers

_PUNCTUATION = re.compile(r"[^a-z0-9]+")
AT_LEAST = re.compile(r"\s*(?:>=?\s*([0-9]{1,15})|([0-9]{1,15})\s*\+)\s*")
"""A total in text that is a lower bound: `10000+`, `>10000`."""
_RELATIONS = ("gte", "gt", ">=", ">", "at_least")
_NOT_EXACT = ("exhaustivenbhits", "istotalexact", "totalexact", "countexact")
"""Members beside a total that say, with false, that it is not exact."""
_ESTIMATED = ("totalisestimated", "istotalestimated", "estimated", "totaliscapped", "totalcapped")
"""Members beside a total that say, with true, that it is not exact."""
_UNREAD = ("incompleteresults", "hasmore", "hasnextpage", "hasmoreitems", "hasmoreresults")
"""Members that say, with true, that the list goes on."""
_TOTALS = (
    *("totalcount", "totalresults", "totalitems", "totalhits", "totalrecords", "totalelements"),
    *("nbhits", "numfound", "resultcount"),
)
"""Members that hold the number of items in the whole list."""
_OF_PART = re.compile("filter|match", re.IGNORECASE)
"""A total that the author chose for the items of a filter: `recordsFiltered`. Another is larger."""
_WRAPPERS = (
    *("meta", "metadata", "paging", "pagination", "page", "pageinfo", "responsemetadata"),
    "links",
)
"""Members whose object is about the pages."""


def is_at_least(query: Query, value: Any, body: Any) -> bool:
    """Say whether *value*, the total at *query* in *body*, is only a lower bound: by its own form,
    or by the members beside it.
    """
    if isinstance(value, str) and AT_LEAST.fullmatch(value):
        return True
    steps = query.steps or ()
    parent = Query.of_steps(steps[:-1]).value(body) if steps and not reads_headers(query) else None
    if not isinstance(parent, Mapping):
        return False
    for name, member in _members(parent):
        if name.endswith("relation") and member in _RELATIONS:
            return True
        if (name in _NOT_EXACT and member is False) or (name in _ESTIMATED and member is True):
            return True
    return False


def contradiction(
    pagination: Pagination,
    body: Any,
    read_count: int | None,
) -> str | None:
    """Return why the list is not complete, although it ends with the page *body*; None: nothing
    says so.

    The members of *body*, and of its objects about the pages, are examined. The total that a
    setting reads ends no list before as many items came, so that a larger number is another one.
    *read_count* is the number of items so far; None: unknown.
    """
    if not isinstance(body, Mapping):
        return None
    is_of_part = pagination.total is not None and _OF_PART.search(pagination.total) is not None
    for path, holder in about_pages(body):
        for name, member in holder.items():
            if pagination.more is None and plain_name(name) in _UNREAD and member is True:
                return f"{path}.{name} of the last page is true: the list goes on"
            count = _count(member) if not is_of_part and _is_total(path, name) else None
            if count is not None and read_count is not None and count > read_count:
                return (
                    f"{path}.{name} is {count:,}, and {read_count:,} items came: the API gives no"
                    " more, or the list ended too early"
                )
    return None


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the members of a page say beside its total."""

    size: int | None
    """The number of items on a full page."""
    is_clear: bool
    """Whether they show that no page follows, or that the total is not the number of pages."""


def page_facts(body: Any, total: int) -> PageFacts:
    """Return what the page *body* says beside its *total*."""
    size = None
    is_clear = False
    for _, holder in about_pages(body) if isinstance(body, Mapping) else ():
        for name, member in holder.items():
            count = _count(member)
            if count and is_page_size(name):
                size = count
            is_clear |= isinstance(member, bool) and is_sign_of_end(name, member)
            is_clear |= count is not None and count != total and is_number_of_pages(name)
    return PageFacts(size, is_clear)


def about_pages(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the object of *body*, and of its objects about the pages."""
    yield "$", body
    for name, member in body.items():
        if plain_name(name) in _WRAPPERS and isinstance(member, Mapping):
            yield f"$.{name}", member


def _is_total(path: str, name: str) -> bool:
    """Say whether *name* holds a number of items; `total` only in an object about the pages."""
    plain = plain_name(name)
    return plain in _TOTALS or (plain == "total" and path != "$")


def _count(value: Any) -> int | None:
    value = without_point(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def _members(holder: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, member in holder.items():
        yield plain_name(name), member


def plain_name(name: Any) -> str:
    return _PUNCTUATION.sub("", str(name).lower())
