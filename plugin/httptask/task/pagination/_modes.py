"""The modes of pagination: how a page names the next page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from httptask._core.json_types import shown
from httptask._http.links import links
from httptask.errors import RedirectError
from httptask.expressions import Query
from httptask.model.pagination import Pagination
from httptask.sending import target_of
from httptask.settings import is_about_pages, is_number_of_items
from httptask.task.pagination._page import Page


@dataclass(frozen=True, slots=True)
class TotalName:
    """What the name of the value that `total` selects says about it."""

    is_about_pages: bool
    """It concerns pages, and is not the number of items."""
    is_number_of_items: bool
    """It can only be the number of items in the whole list."""

    @classmethod
    def of(cls, query: Query | None) -> TotalName:
        """Return what the last name in *query* says; a query with a filter has none.

        For `total.value`, as in Elasticsearch, the last two names together.
        """
        steps = (query.steps if query is not None else None) or ()
        name = ".".join(map(str, steps[-2:] if steps[-1:] == ("value",) else steps[-1:]))
        return cls(is_about_pages(name), is_number_of_items(name))


@dataclass(frozen=True)
class Queries:
    """The queries of *pagination*, each compiled once."""

    pagination: Pagination

    @cached_property
    def items(self) -> Query | None:
        """Selects the items of a page."""
        return _query(self.pagination.items)

    @cached_property
    def next(self) -> Query | None:
        """Selects the next URL or token."""
        return _query(self.pagination.next)

    @cached_property
    def total(self) -> Query | None:
        """Selects the number of items in the list."""
        return _query(self.pagination.total)

    @cached_property
    def total_name(self) -> TotalName:
        """What the name of the total says about it."""
        return TotalName.of(self.total)

    @cached_property
    def more(self) -> Query | None:
        """Selects whether there are more items."""
        return _query(self.pagination.more)

    @cached_property
    def identity(self) -> Query | None:
        """Selects the identity in an item, by which duplicates are found."""
        return _query(self.pagination.identity)


def _query(text: str | None) -> Query | None:
    if text is None:
        return None
    return Query.of(text)


Following = Callable[[Queries, Page, Sequence[Any]], Any]
"""Takes the queries, a page and its items; returns the cursor of the next page, None without one.

Raises `PaginationError`.
"""


def _next_url(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    token = page.token(queries.next) if queries.next is not None else None
    if token is None:
        return None
    if not isinstance(token, str):
        raise page.error(
            f"'next' is {shown(token)}, which is no URL: the modes cursor and page take a token or"
            " a number"
        )
    return _resolved(page, token)


def _link(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    header = page.result.headers.get("link")
    if not isinstance(header, str):
        return None
    has_next = False
    for link in links(header):
        if "next" in link.relations and _is_about(page, link.parameter("anchor")):
            return _resolved(page, link.target)
        has_next = has_next or ("rel", "next") in link.parameters
    if not has_next and _NAMES_NEXT.search(header):
        raise page.error(f"its Link header names a next page, and cannot be read: {header[:200]}")
    return None


_NAMES_NEXT = re.compile(r"\brel\s*=[^,;<>]*(?<![\w/:.-])next(?![\w/:.-])", re.IGNORECASE)
"""A `rel` that contains the word `next`, however the value is quoted."""


def _is_about(page: Page, anchor: str | None) -> bool:
    """Say whether a link with *anchor* is about *page* itself (RFC 8288, section 3.2)."""
    if anchor is None:
        return True
    try:
        return target_of(page.url, anchor) == target_of(page.url, "")
    except RedirectError:
        return False


def _resolved(page: Page, reference: str) -> str:
    """Return the absolute URL of *reference* (RFC 3986, section 5)."""
    try:
        return target_of(page.url, reference.strip(), "a next page")
    except RedirectError as error:
        raise page.error(error.message) from None


def _cursor(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    parameter = queries.pagination.parameter
    if queries.next is not None:
        return page.token(queries.next, parameter)
    return None


def _page(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    return page.cursor + (queries.pagination.step or 1)


def _offset(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    pagination = queries.pagination
    step = pagination.step or page.count or pagination.size_value
    if step is None:
        return None
    return page.cursor + step


def _last_item(queries: Queries, page: Page, items: Sequence[Any]) -> Any:
    """Return the token in the page at `next`, else the identity of the last item."""
    if not page.count:
        return None
    token = None
    parameter = queries.pagination.parameter
    if queries.next is not None:
        token = page.token(queries.next, parameter)
    elif queries.identity is not None and items:
        item = Page(page.number, None, _of_item(page, items[-1]), page.url)
        token = item.token(queries.identity, parameter)
    if token is None and queries.next is None and not items:
        raise page.error("'items' selects none of its items, and the last one has the next token")
    if token is None:
        query = queries.next or queries.identity
        text = query.text if query is not None else ""
        raise page.error(f"its last item has no value at {text}, which the next request needs")
    return token


def _of_item(page: Page, item: Any) -> Any:
    return replace(page.result, body=item)


FOLLOWING: Mapping[str, Following] = {
    "nextUrl": _next_url,
    "link": _link,
    "cursor": _cursor,
    "page": _page,
    "offset": _offset,
    "lastItem": _last_item,
}
"""Mode -> the function that returns the next cursor."""

BY_URL = ("nextUrl", "link")
"""The modes whose cursor is a URL."""

BY_ITEMS = ("page", "offset", "lastItem")
"""The modes in which a page names no next page: only its items show whether it is the last page."""
