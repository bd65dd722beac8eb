"""Lists of which an API gives only the first items: they are never complete."""

from __future__ import annotations

from typing import Any

import pytest

from httptask.model.pagination import Pages
from lists import Asked, items, list_server, page
from tasks import call, http

OFFSET = {"mode": "offset", "parameter": {"in": "query", "name": "from"}, "items": "$.data"}
CURSOR = {
    "mode": "cursor",
    "parameter": {"in": "query", "name": "from"},
    "next": "$.next",
    "items": "$.data",
}


def read(setting: dict[str, Any], told: Any, given: int = 20) -> tuple[int, Pages]:
    """Return the number of items, and the summary, of a list that gives *given* items, ten a page,
    and tells *told* on each page.
    """

    def answer(asked: Asked) -> bytes:
        start = int(asked.query.get("from") or 0)
        following = start + 10 if start + 10 < given else None
        return page({"data": items(given)[start : start + 10], "next": following, **told})

    with list_server(answer) as server:
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    return len(result.body), result.pages


CAPPED: list[Any] = [
    ({"total": "$.hits.total.value"}, {"hits": {"total": {"value": 20, "relation": "gte"}}}),
    ({"total": "$.total"}, {"total": 20, "total_relation": "gte"}),
    ({"total": "$.total"}, {"total": "20+"}),
    ({"total": "$.total"}, {"total": ">20"}),
    ({"total": "$.nbHits"}, {"nbHits": 20, "exhaustiveNbHits": False}),
    ({"total": "$.total"}, {"total": 20, "total_is_estimated": True}),
    ({"total": "$.total"}, {"total": 400}),
]


@pytest.mark.parametrize(("setting", "told"), CAPPED)
@pytest.mark.parametrize("mode", [OFFSET, CURSOR])
def test_a_capped_total_is_no_end(mode: Any, setting: Any, told: Any) -> None:
    """Twenty items are what the API gives, and it says that there are at least as many: the list is
    read to its end, and not complete.
    """
    count, pages = read(mode | setting, told)
    assert count == 20
    assert not pages.complete
    if told != {"total": 400}:
        assert "the list has at least 20 items, and 20 came" in str(pages.note)
    assert pages.stopped_by in ("empty", "next")


def test_more_items_than_the_lower_bound_are_no_contradiction() -> None:
    """An end without a next page stays incomplete where the server says `more`, without that note."""
    setting = CURSOR | {"total": "$.total", "more": "$.more"}
    count, pages = read(setting, {"total": "5+", "more": True})
    assert (count, pages.complete) == (20, False)
    assert "at least 5" not in str(pages.note)


def test_until_ends_a_list_whatever_the_server_says() -> None:
    """The author decides, so the list is complete."""
    setting = OFFSET | {"until": "${jsonata: $count($.body.data) > 0}"}
    count, pages = read(setting, {"has_more": True})
    assert (count, pages.stopped_by, pages.complete) == (10, "until", True)


@pytest.mark.parametrize("told", [told for _, told in CAPPED[:6]])
def test_items_beyond_a_capped_total_come(told: Any) -> None:
    """The number is a lower bound: reading goes on behind it, and the end is one."""
    setting = next(setting for setting, other in CAPPED if other == told)
    count, pages = read(OFFSET | setting, told, given=35)
    assert (count, pages.complete, pages.stopped_by) == (35, True, "empty")


@pytest.mark.parametrize(
    "told",
    [
        {"hits": {"total": {"value": 20, "relation": "eq"}}},
        {"hits": {"total": {"value": 20}}},
    ],
)
def test_an_exact_total_is_the_end(told: Any) -> None:
    """No page is asked for behind it."""
    count, pages = read(OFFSET | {"total": "$.hits.total.value"}, told)
    assert (count, pages.complete, pages.stopped_by) == (20, True, "total")


@pytest.mark.parametrize(
    ("told", "note"),
    [
        ({"total_count": 4000}, "$.total_count is 4,000, and 20 items came"),
        ({"meta": {"total": 4000}}, "$.meta.total is 4,000, and 20 items came"),
        ({"incomplete_results": True}, "$.incomplete_results of the last page is true"),
        ({"pagination": {"has_more": True}}, "$.pagination.has_more of the last page is true"),
    ],
)
@pytest.mark.parametrize("mode", [OFFSET, CURSOR])
def test_what_no_setting_reads_may_say_that_the_list_goes_on(
    mode: Any, told: Any, note: str
) -> None:
    """A search that gives the first thousand items says how many there are."""
    count, pages = read(mode, told)
    assert (count, pages.complete) == (20, False)
    assert note in str(pages.note)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({}, {"total_count": 20, "incomplete_results": False}),
        ({}, {"total": 4000}),
        ({}, {"price": {"total": 4000}}),
        ({}, {"meta": {"total": "4000 EUR"}}),
        ({"items": "$.data[?@.id < 15]"}, {"total_count": 4000}),
    ],
)
def test_a_number_that_may_count_other_things_says_nothing(setting: Any, told: Any) -> None:
    """A total beside the items may be a sum, and a filter leaves items out."""
    _, pages = read(CURSOR | setting, told)
    assert (pages.complete, pages.note) == (True, None)


def pages_of(setting: dict[str, Any], told: dict[str, Any], *headers: tuple[str, str]) -> Pages:
    """Return the summary of a list of 15 items, ten a page, whose pages have the members *told* and
    the *headers*.
    """

    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at") or 1)
        return page({"data": items(15)[(number - 1) * 10 : number * 10], **told}, *headers)

    with list_server(answer) as server:
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    assert len(result.body) == 15
    return result.pages


BY_NUMBER = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}


@pytest.mark.parametrize(
    ("told", "headers", "where"),
    [
        ({"next": "https://a.example/?at=9"}, [], "$.next"),
        ({"links": {"next": {"href": "/?at=9"}}}, [], "$.links.next"),
        ({"_links": {"next": {"href": "/?at=9"}}}, [], "$._links.next"),
        ({"links": [{"rel": "next", "href": "?at=9"}]}, [], "$.links"),
        ({"@odata.nextLink": "?at=9"}, [], "$.@odata.nextLink"),
        ({}, [("Link", '</a?at=9>; rel="next"')], "the Link header"),
    ],
)
def test_a_link_to_a_next_page_contradicts_the_end(
    told: dict[str, Any], headers: list[tuple[str, str]], where: str
) -> None:
    """The mode reads no links, so the list ends by its items; it is not called complete."""
    summary = pages_of(BY_NUMBER, told, *headers)
    assert (summary.complete, summary.stopped_by) == (False, "empty")
    assert f"{where} of the last page links to a next page, which the mode page" in str(
        summary.note
    )


@pytest.mark.parametrize(
    ("told", "headers"),
    [
        ({"next": None}, []),
        ({"next": ""}, []),
        ({"next": 4}, []),
        ({"next": "a token"}, []),
        ({"next": "?at=3"}, []),
        ({"previous": "/?at=1"}, [("Link", '</?at=1>; rel="prev"')]),
        ({}, [("Link", '</?at=9>; rel="next"; anchor="/another"')]),
    ],
    ids=["null", "empty", "number", "token", "the last page itself", "previous", "of another"],
)
def test_what_leads_nowhere_contradicts_no_end(
    told: dict[str, Any], headers: list[tuple[str, str]]
) -> None:
    """No URL, the URL of the last page itself, or a link of another relation or resource."""
    summary = pages_of(BY_NUMBER, told, *headers)
    assert (summary.complete, summary.note) == (True, None)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ("", None),
        (" ", None),
        (
            "see below",
            (
                "page 1: $.headers['x-more'] ('more') is 'see below', neither true nor false,"
                " and was ignored"
            ),
        ),
    ],
)
def test_a_header_that_says_nothing_ends_no_list(more: str, note: str | None) -> None:
    """The list is read to its empty page, and a text that is neither true nor false is named."""
    setting = BY_NUMBER | {"more": "$.headers['x-more']"}
    summary = pages_of(setting, {}, ("X-More", more))
    assert (summary.complete, summary.stopped_by) == (True, "empty")
    assert summary.note == note


def test_an_unread_header_hides_no_contradiction() -> None:
    """Both are noted: the header that was ignored, and the link of the last page."""
    setting = BY_NUMBER | {"more": "$.headers['x-more']"}
    summary = pages_of(setting, {"next": "https://a.example/?at=9"}, ("X-More", "see below"))
    assert summary.complete is False
    assert summary.note is not None
    assert "'see below', neither true nor false" in summary.note
    assert "links to a next page" in summary.note


def test_empty_text_in_the_body_ends_no_list() -> None:
    """It says as little as an empty header."""
    summary = pages_of(BY_NUMBER | {"more": "$.more"}, {"more": ""})
    assert (summary.complete, summary.stopped_by) == (True, "empty")
