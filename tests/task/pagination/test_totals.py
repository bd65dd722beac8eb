"""Totals that count pages, the items on a page, or other items: nothing is cut short in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from httptask.model.pagination import Pages
from httptask.task import HttpTask
from lists import Asked, cut, items, list_server, page
from tasks import call, http, runtime

PAGE = {"mode": "page", "parameter": {"in": "query", "name": "at"}, "items": "$.data"}
OFFSET = PAGE | {"mode": "offset"}

both_modes = pytest.mark.parametrize("mode", [PAGE, OFFSET], ids=["page", "offset"])


def read(
    setting: dict[str, Any],
    count: int,
    size: int,
    more: Callable[[int], dict[str, Any]],
    *headers: tuple[str, str],
) -> tuple[list[Any], Pages]:
    """Return the items and the summary of a list of *count* items, *size* a page, whose page n has
    the members *more(n)*, too.
    """

    def answer(asked: Asked) -> bytes:
        at = int(asked.query["at"])
        number = at if setting["mode"] == "page" else -(-at // size) + 1
        return page({"data": cut(items(count), size, number), **more(number)}, *headers)

    with list_server(answer) as server:
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    return result.body, result.pages


@both_modes
@pytest.mark.parametrize("name", ["pages", "total"])
@pytest.mark.parametrize(("count", "size", "pages"), [(15, 3, 5), (95, 5, 19), (33, 1, 33)])
def test_a_number_of_pages_ends_no_list(
    mode: Any, name: str, count: int, size: int, pages: int
) -> None:
    """Whatever it is called: where more items came than it says, it is no number of items."""
    setting = mode | {"total": f"$.{name}"}
    collected, summary = read(setting, count, size, lambda _: {name: pages})
    assert collected == items(count)
    assert summary.complete


@both_modes
@pytest.mark.parametrize(
    ("query", "member"),
    [
        ("$.pages", {"pages": 10}),
        ("$.meta.total_pages", {"meta": {"total_pages": 10}}),
        ("$.lastPage", {"lastPage": "10"}),
        ("$.page.pageCount", {"page": {"pageCount": 10}}),
    ],
)
def test_a_number_of_pages_that_equals_a_page_ends_no_list(
    mode: Any, query: str, member: dict[str, Any]
) -> None:
    """Ten pages of ten items: the name tells that the number is of pages."""
    collected, summary = read(mode | {"total": query}, 100, 10, lambda _: member)
    assert collected == items(100)
    assert (summary.complete, summary.stopped_by, summary.note) == (True, "empty", None)


def test_a_number_of_pages_does_not_end_a_list_at_an_empty_page() -> None:
    """With `"onEmpty": "continue"`, the list goes on to `maxPages`."""
    kept = {1: items(10), 2: [], 3: items(20)[10:], 4: items(30)[20:]}

    def answer(asked: Asked) -> bytes:
        return page({"data": kept.get(int(asked.query["at"]), []), "pages": 4})

    setting = PAGE | {"total": "$.pages", "onEmpty": "continue", "step": 1}
    setting |= {"maxPages": 6, "atLimit": "keep"}
    with list_server(answer) as server:
        result = call(http(server.url, pagination=setting))
    pages = result.pages
    assert pages is not None
    assert (result.body, pages.stopped_by, pages.complete) == (items(30), "maxPages", False)


def test_a_number_of_pages_in_a_header_ends_no_list() -> None:
    """The name of a header tells it, too."""
    setting = PAGE | {"total": "$.headers['X-Total-Pages']"}
    collected, summary = read(setting, 100, 10, lambda _: {}, ("X-Total-Pages", "10"))
    assert (len(collected), summary.complete) == (100, True)


@both_modes
@pytest.mark.parametrize(
    ("query", "count", "size", "total"),
    [("$.total", 100, 10, 10), ("$.total", 391, 10, 40), ("$.total", 25, 10, 10)],
    ids=["pages-as-the-size", "pages-as-a-multiple", "items-on-the-page"],
)
def test_a_total_that_may_be_another_number_is_noted(
    mode: Any, query: str, count: int, size: int, total: int
) -> None:
    """Where only full pages make up the total, nothing shows what it counts."""
    more = {query[2:]: total}
    setting = mode | {"total": query, "size": {"name": "limit", "value": size}}
    collected, summary = read(setting, count, size, lambda _: more)
    assert (len(collected), summary.stopped_by) == (total, "total")
    assert f"{query} is {total}, and as many items came with full pages" in str(summary.note)
    assert "it cannot be told whether" in str(summary.note)


@both_modes
@pytest.mark.parametrize(
    ("more", "count", "told"),
    [
        ({"total": "$.total", "size": {"name": "limit", "value": 10}}, 3, {"total": 3}),
        ({"total": "$.total"}, 25, {"total": 25}),
        ({"total": "$.total"}, 0, {"total": 0}),
        ({"total": "$.totalCount"}, 20, {"totalCount": 20}),
        ({"total": "$.meta['total_items']"}, 10, {"meta": {"total_items": 10}}),
        ({"total": "$.count"}, 20, {"count": 20}),
        ({"total": "$.hits.total.value"}, 20, {"hits": {"total": {"value": 20}}}),
        # One page, of which nobody knows whether it is full.
        ({"total": "$.total"}, 3, {"total": 3}),
        ({"total": "$.total"}, 10, {"total": 10}),
        ({"total": "$.total"}, 20, {"total": 20, "last_page": 2}),
        ({"total": "$.total"}, 20, {"total": 20, "hasMore": False}),
        ({"total": "$.total"}, 20, {"total": 20, "meta": {"isLast": True}}),
        ({"total": "$.meta.total"}, 3, {"meta": {"total": 3, "per_page": 15, "last_page": 1}}),
        ({"total": "$.meta.total"}, 3, {"meta": {"total": 3, "per_page": 15}}),
        ({"total": "$.headers['X-Total-Count']"}, 20, {}),
        ({"total": "$.headers['Content-Range']"}, 20, {}),
    ],
)
def test_a_total_that_is_clear_needs_no_note(
    mode: Any, more: dict[str, Any], count: int, told: dict[str, Any]
) -> None:
    """A last page that is shorter, or a name that says what is counted."""
    headers = [("X-Total-Count", str(count)), ("Content-Range", f"items 0-9/{count}")]
    collected, summary = read(mode | more, count, 10, lambda _: told, *headers)
    assert collected == items(count)
    assert (summary.complete, summary.note, summary.cursor) == (True, None, None)


@both_modes
def test_another_total_that_is_larger_is_noted(mode: Any) -> None:
    """The one that the author names is reached, and the API says that there are more."""
    told = {"total": 10, "total_items": 100}
    collected, summary = read(mode | {"total": "$.total"}, 100, 10, lambda _: told)
    assert (len(collected), summary.complete) == (10, False)
    assert "$.total_items is 100, and 10 items came" in str(summary.note)
    rest, _ = read(mode | {"resume": summary.cursor}, 100, 10, lambda _: {})
    assert collected + rest == items(100)


def test_a_total_of_a_filter_is_smaller_than_another() -> None:
    """The author chose the number of items that match."""
    told = {"matchingCount": 15, "total_count": 4000}
    _, summary = read(PAGE | {"total": "$.matchingCount"}, 15, 10, lambda _: told)
    assert (summary.complete, summary.note) == (True, None)


def test_a_total_that_shrinks_below_what_came_ends_the_list_with_a_note() -> None:
    """Items were deleted: the newest total counts, and the note says that it is new."""
    told = {1: {"total": 30}, 2: {"total": 18}}
    collected, summary = read(PAGE | {"total": "$.total"}, 30, 10, told.__getitem__)
    assert (len(collected), summary.stopped_by) == (20, "total")
    assert "the total was 30 before, and is 18" in str(summary.note)


@both_modes
@pytest.mark.parametrize("total", [0, 3])
def test_an_empty_page_behind_a_wrong_total_is_no_complete_end(mode: Any, total: int) -> None:
    """With `"onEmpty": "continue"` nothing but a total ends the list: one that is too small cannot
    tell whether the list goes on.
    """
    setting = mode | {"total": "$.total", "onEmpty": "continue", "step": 10}
    setting = setting if mode is OFFSET else {**setting, "step": 1}
    collected, summary = read(setting, 20, 10, lambda _: {"total": total})
    assert (collected, summary.complete) == (items(20), False)
    assert summary.cursor is not None


@pytest.mark.parametrize(
    ("total", "is_warned"),
    [
        ("$.pages", True),
        ("$.meta.total_pages", True),
        ("$.lastPage", True),
        ("$['pageCount']", True),
        ("$.headers['X-Total-Pages']", True),
        ("$.headers['X-Total-Count']", False),
        ("$.page.total", False),
        ("$.pages.count", False),
        ("$.totals[?@.kind == 'pages'].value", False),
    ],
)
def test_a_total_that_is_named_like_a_number_of_pages_is_warned_of(
    total: str, is_warned: bool
) -> None:
    """A warning, so that the task still runs."""
    definition = http("https://api.acme.example/things", pagination=PAGE | {"total": total})
    with runtime() as shared:
        problems = HttpTask(definition, runtime=shared).problems()
    expected = [("pagination-total", "/pagination/total", "warning")] if is_warned else []
    assert [(one.code, one.pointer, one.severity) for one in problems] == expected
