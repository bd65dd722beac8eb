"""Find the link to a next page in a page whose mode reads no links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from httptask._http.links import links
from httptask.errors import RedirectError
from httptask.sending import target_of
from httptask.task.pagination._statements import about_pages, plain_name

if TYPE_CHECKING:
    from httptask.task.pagination._page import Page

_NEXT = (
    *("next", "nextlink", "nexturl", "nexturi", "nexthref", "nextpage", "nextpageurl"),
    *("nextpagelink", "odatanextlink"),
)
"""Members whose URL is that of the next page."""
_TARGETS = ("href", "url", "uri")
"""Members of a link that is an object, as in HAL: `"next": {"href": "…"}`."""
_URL_STARTS = ("http://", "https://", "/", "?", "./")
"""The starts of a URL reference. A token or a number names no page by itself."""


def unread_next_link(page: Page) -> str | None:
    """Return where *page* links to a next page; None: nowhere.

    A link to the page itself leads to no next one.
    """
    header = page.result.headers.get("link")
    for link in links(header) if isinstance(header, str) else ():
        is_of_page = "next" in link.relations and link.parameter("anchor") is None
        if is_of_page and _leads_on(page, link.target):
            return "the Link header"
    if isinstance(page.result.body, Mapping):
        for path, reference in _next_links(page.result.body):
            if _leads_on(page, reference):
                return path
    return None


def _next_links(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path and the URL reference of each link to a next page in *body*."""
    for path, holder in about_pages(body):
        for name, member in holder.items():
            if plain_name(name) in _NEXT:
                yield from ((f"{path}.{name}", reference) for reference in _references(member))
            elif plain_name(name) == "links" and isinstance(member, list):  # objects with a `rel`
                for link in member:
                    if isinstance(link, Mapping) and link.get("rel") == "next":
                        yield from ((f"{path}.{name}", item) for item in _references(link))


def _references(link: Any) -> Iterator[str]:
    """Yield the URL references of *link*, which is one itself or an object that contains one."""
    members = [link.get(name) for name in _TARGETS] if isinstance(link, Mapping) else [link]
    for member in members:
        if isinstance(member, str) and member.startswith(_URL_STARTS):
            yield member


def _leads_on(page: Page, reference: str) -> bool:
    """Say whether *reference* is the URL of another page than *page*."""
    try:
        return target_of(page.url, reference.strip()) != target_of(page.url, "")
    except RedirectError:
        return True
