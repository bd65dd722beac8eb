"""A page without its list: an empty one, or an error that would end the list in silence."""

from __future__ import annotations

from typing import Any

import pytest

import servers
from lists import items, list_server, page
from tasks import call, failure, http

QUERY = {"in": "query", "name": "at"}
CURSOR = {"mode": "cursor", "parameter": QUERY, "next": "$.next"}
PAGE = {"mode": "page", "parameter": QUERY}
HTML = servers.response(b"<html>Sign in</html>", ("Content-Type", "text/html"))


@pytest.mark.parametrize("items_at", ["$.data", "$.data[*]"])
def test_a_page_of_html_in_the_middle_is_no_end(items_at: str) -> None:
    """What follows it would be lost in silence: the page is named, with what came before."""
    pages = {"1": page({"data": items(1)}), "2": HTML}
    with list_server(lambda asked: pages[asked.query["at"]]) as server:
        error = failure(http(server.url, pagination={**PAGE, "items": items_at}))
    assert (error.kind, error.collected) == ("pagination", items(1))
    assert str(error).startswith("page 2: its body is a string, and there is nothing at ")


@pytest.mark.parametrize(
    ("items_at", "first", "second", "name"),
    [
        ("$.data", {"data": [1]}, {"error": "ratelimited"}, "error"),
        ("$.data", {"ok": True, "data": [1]}, {"ok": False, "error": "ratelimited"}, "error"),
        ("$.data.rows", {"data": {"rows": [1]}}, {"data": None, "errors": [{}]}, "errors"),
        ("$.data.rows", {"data": {"rows": [1]}}, {"data": {"fault": "x"}}, "fault"),
        (None, {"data": [1]}, {"message": "try later"}, "message"),
    ],
)
def test_an_error_with_a_200_in_the_middle_is_no_end(
    items_at: str | None, first: Any, second: Any, name: str
) -> None:
    """A later page without the list is an empty one only without names that the first one lacks."""
    bodies = {"1": first, "2": second}
    with list_server(lambda asked: page(bodies[asked.query["at"]])) as server:
        setting = PAGE if items_at is None else {**PAGE, "items": items_at}
        error = failure(http(server.url, pagination=setting))
    assert (error.kind, error.collected) == ("pagination", [1])
    assert str(error).startswith("page 2: ")
    assert f"lacks: {name}" in str(error)


def test_a_later_page_may_leave_its_empty_list_out() -> None:
    """JSON of Protocol Buffers has no empty lists, and Go's are null: the names that are left are
    those of before, or of where the page is.
    """
    first = {"kind": "list", "data": [1], "next": "p1"}
    for last in ({}, {"kind": "list"}, {"data": None, "prev": "p0"}, {"nextSyncToken": "s"}):
        with list_server(lambda asked, last=last: page(last if asked.query else first)) as server:
            result = call(http(server.url, pagination={**CURSOR, "items": "$.data"}))
        assert result.body == [1]
        assert result.pages is not None
        assert result.pages.complete
