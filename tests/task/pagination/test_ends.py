"""Where a list ends, and what is made of a list that does not: never a loop, nothing lost silently."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from httptask._core.shared_files import SharedFiles
from httptask.errors import PaginationError, TaskError
from httptask.model.task import Inputs
from httptask.sending import Progress, watched
from httptask.task import HttpTask, _round
from lists import Asked, asked, cut, items, list_server, page, targets
from tasks import call, exchange, failure, http, runtime, store

QUERY = {"in": "query", "name": "at"}
CURSOR = {"mode": "cursor", "parameter": QUERY, "next": "$.next"}
PAGE = {"mode": "page", "parameter": QUERY}


def tokens(*pages: tuple[list[Any], Any]) -> Any:
    """Answer the pages of *pages*, items and the token of the next one, by their tokens p1, p2."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at", "p0")[1:])
        found, token = pages[number]
        return page({"data": found, "next": token})

    return answer


# Rounds


@pytest.mark.parametrize("token", ["p0", "p1"])
def test_a_cursor_that_comes_again_is_no_loop(token: str) -> None:
    """The third page's request was made before: the class `pagination` names the page."""
    with list_server(tokens(([1], "p1"), ([2], "p2"), ([3], token))) as server:
        request = {"query": {"at": "p0"}}
        error = failure(http(server.url, request=request, pagination=CURSOR))
        assert len(server.received) == 3
    assert isinstance(error, PaginationError)
    assert error.page == 4
    assert error.kind == "pagination"
    assert f"at={token}" in str(error)
    assert error.pages is not None
    assert (error.pages.count, error.pages.stopped_by) == (3, "error")
    assert error.collected == [1, 2, 3]


def test_a_next_url_that_leads_back_is_no_loop() -> None:
    """The URL of the first page, written otherwise, is the same request."""
    with list_server(lambda _: page({"data": [1], "next": "/list#top"})) as server:
        error = failure(
            http(f"{server.url}/list", pagination={"mode": "nextUrl", "next": "$.next"})
        )
    assert (error.kind, len(server.received)) == ("pagination", 1)


def test_a_server_that_ignores_the_page_is_no_loop() -> None:
    """The same items again: the second page is refused, and nothing of it is collected."""
    with list_server(lambda _: page({"data": items(10)})) as server:
        error = failure(http(server.url, pagination=PAGE))
        assert len(server.received) == 2
    assert (error.kind, error.collected) == ("pagination", items(10))
    assert "page 2" in str(error)
    assert "'at'" in str(error)


# Tokens


@pytest.mark.parametrize("end", [None, "", "  ", False, "absent"])
@pytest.mark.parametrize("setting", [CURSOR, {"mode": "nextUrl", "next": "$.next"}])
def test_a_token_that_is_none_is_the_end(end: Any, setting: dict[str, Any]) -> None:
    """null, empty, blank, false and absent are no tokens."""

    def answer(asked: Asked) -> bytes:
        more = {} if end == "absent" else {"next": end}
        return page({"data": [1], **more})

    with list_server(answer) as server:
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    assert (result.body, result.pages.complete, result.pages.stopped_by) == ([1], True, "next")


@pytest.mark.parametrize(
    ("token", "reason"),
    [({"href": "/2"}, "$.next.href"), (["p1"], "is an array"), (True, "is true, and")],
)
def test_a_token_that_is_no_text_is_an_error(token: Any, reason: str) -> None:
    """An object says which of its names may be meant; other values are named as in JSON."""
    with list_server(lambda _: page({"data": [1], "next": token})) as server:
        error = failure(http(server.url, pagination=CURSOR | {"items": "$.data"}))
    assert (error.kind, error.collected) == ("pagination", [])
    assert error.pages is not None
    assert error.pages.cursor is None
    assert reason in str(error)


def test_a_number_and_an_odd_text_are_tokens() -> None:
    """A token is written into the query as it is, escaped."""
    with list_server(
        lambda asked: page({"data": [asked.query.get("at")], "next": follow.pop(0)})
    ) as server:
        follow: list[Any] = [7, "a+b/c=&x ${$.y}", None]
        assert call(http(server.url, pagination=CURSOR)).body == [None, "7", "a+b/c=&x ${$.y}"]
        assert targets(server)[2] == "/?at=a%2Bb%2Fc%3D%26x%20%24%7B%24.y%7D"


@pytest.mark.parametrize(
    "link",
    ["</2>; rel='next'", "</2>;rel=next", '</1>; rel=prev, <2>; title="a, b"; REL = "last NEXT"'],
)
def test_a_link_is_read_however_it_is_quoted(link: str) -> None:
    """With single quotes, too, which RFC 8288 does not have."""
    with list_server(
        lambda asked: page([1], ("Link", link)) if asked.path == "/1" else page([2])
    ) as server:
        assert call(http(f"{server.url}/1", pagination={"mode": "link"})).body == [1, 2]


@pytest.mark.parametrize(
    "link",
    ["/2; rel=next", "</2>; rel=“next”", "<../2?a=<b>>; rel=next", "</2>; rel='last next'"],
)
def test_a_link_that_cannot_be_read_is_no_end(link: str) -> None:
    """It names a next page, and the list would be cut short in silence."""
    header = ("Link", link.encode().decode("latin-1"))
    with list_server(lambda _: page([1], header)) as server:
        error = failure(http(server.url, pagination={"mode": "link"}))
    assert (error.kind, error.collected) == ("pagination", [])
    assert str(error).startswith("page 1: its Link header names a next page, and cannot be read: ")


@pytest.mark.parametrize(
    "link",
    [
        "</1>; rel=prev",
        '</2>; rel="http://acme.example/next"',
        '</2>; rel=next; anchor="/other"',
        '</1>; rel="prev"; rel=next',
        '</2>; rel="next-page"',
    ],
)
def test_other_links_are_the_end(link: str) -> None:
    """Of a relation that only has the word in it, of another context, with a second `rel`."""
    with list_server(lambda _: page([1], ("Link", link))) as server:
        assert call(http(f"{server.url}/1", pagination={"mode": "link"})).body == [1]


@pytest.mark.parametrize(
    ("location", "token", "part"),
    [
        ("header", "a\nb", "line break"),
        ("header", "\x00", "control character"),
        ("path", "..", "the path segment"),
        ("path", ".", "the path segment"),
    ],
)
def test_a_token_that_no_request_can_have_names_its_page(
    location: str, token: str, part: str
) -> None:
    """It is no fault of the settings: the class is `pagination`, and what came before is there."""

    def answer(asked: Asked) -> bytes:
        return page({"data": [1], "next": token})

    request = {"pathParameters": {"at": "first"}} if location == "path" else {}
    setting = {**CURSOR, "parameter": {"in": location, "name": "at"}}
    with list_server(answer) as server:
        url = f"{server.url}/{{at}}" if location == "path" else server.url
        error = failure(http(url, request=request, pagination=setting))
        assert len(server.received) == 1
    assert (error.kind, error.collected) == ("pagination", [1])
    assert str(error).startswith("page 2: what page 1 says does not fit: ")
    assert part in str(error)
    assert error.pages is not None
    assert error.pages.cursor == token


# Empty and short pages


def test_an_empty_page_in_the_middle_is_the_end_unless_told_otherwise() -> None:
    """`stop` ends there, but not in silence; `continue` reads on."""
    pages = ([1], "p1"), ([], "p2"), ([2], None)
    with list_server(tokens(*pages)) as server:
        stopped = call(http(server.url, pagination=CURSOR))
        whole = call(http(server.url, pagination={**CURSOR, "onEmpty": "continue"}))
        rest = call(http(server.url, pagination={**CURSOR, "resume": "p2"}))
    assert stopped.pages is not None
    assert (stopped.body, stopped.pages.complete) == ([1], False)
    assert (stopped.pages.stopped_by, stopped.pages.cursor) == ("empty", "p2")
    assert whole.body == stopped.body + rest.body == [1, 2]
    assert whole.pages is not None
    assert whole.pages.complete


def test_a_short_page_is_not_the_end() -> None:
    """A server may filter a page after it cut it."""
    pages = [[1, 2, 3], [4], [5, 6, 7], []]
    with list_server(lambda asked: page(pages[int(asked.query["at"]) - 1])) as server:
        setting = {**PAGE, "size": {"name": "limit", "value": 3}}
        assert call(http(server.url, pagination=setting)).body == [1, 2, 3, 4, 5, 6, 7]


def test_a_server_that_caps_the_size_of_a_page_loses_nothing() -> None:
    """An offset grows by the items that came, not by those that were asked for."""

    def answer(asked: Asked) -> bytes:
        offset = int(asked.query["at"])
        return page(items(25)[offset : offset + 4])

    with list_server(answer) as server:
        setting = {"mode": "offset", "parameter": QUERY, "size": {"name": "limit", "value": 10}}
        assert call(http(server.url, pagination=setting)).body == items(25)


# Items that a query selects

KINDS = [{"id": number, "kind": "a" if number in (12, 25) else "b"} for number in range(1, 26)]


@pytest.mark.parametrize("more", [{}, {"total": "$.total"}])
@pytest.mark.parametrize("mode", ["page", "offset", "cursor", "lastItem"])
def test_a_page_of_which_no_item_is_selected_is_not_empty(mode: str, more: dict[str, Any]) -> None:
    """A filter leaves out all items of the first page: the list goes on, by the items that there are,
    and is complete.
    """

    def answer(asked: Asked) -> bytes:
        at = int(asked.query.get("at", 0))
        start = 10 * (at - 1) if mode == "page" else at
        data = KINDS[start : start + 10]
        following = start + 10 if start + 10 < len(KINDS) else None
        return page({"data": data, "next": following, "total": len(KINDS)})

    following = {"next": "$.data[-1].id"} if mode == "lastItem" else {}
    following = {"next": "$.next"} if mode == "cursor" else following
    setting = {"mode": mode, "parameter": QUERY, **following, **more}
    with list_server(answer) as server:
        result = call(
            http(server.url, pagination={**setting, "items": "$.data[?@.kind == 'a'].id"})
        )
        assert len(server.received) <= 4
    assert result.body == [12, 25]
    assert result.pages is not None
    assert (result.pages.complete, result.pages.note) == (True, None)


def test_a_last_item_that_is_not_selected_asks_for_nothing() -> None:
    """By `identity` the item has to be there: the error says so, and nothing is lost in silence."""
    setting = {"mode": "lastItem", "parameter": QUERY, "identity": "$.id"}
    with list_server(lambda _: page({"data": KINDS[:10]})) as server:
        error = failure(http(server.url, pagination={**setting, "items": "$.data[?@.kind == 'a']"}))
    assert error.kind == "pagination"
    assert "'items' selects none of its items" in str(error)


# Totals


@pytest.mark.parametrize(
    ("totals", "count", "complete"),
    [
        ([25, 25, 25], 25, True),
        ([15, 25, 25], 25, True),
        ([25, 20, 20], 20, True),
        ([40, 40, 40, 40], 25, False),
        ([None, "25", 25], 25, True),
    ],
    ids=["as-it-is", "grows", "shrinks", "says-too-much", "as-text"],
)
def test_the_total_of_the_last_page_counts(totals: list[Any], count: int, complete: bool) -> None:
    """A list may change while it is read; items that are missing are said."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"])
        return page({"data": cut(items(25), 10, number), "total": totals[number - 1]})

    with list_server(answer) as server:
        result = call(http(server.url, pagination={**PAGE, "items": "$.data", "total": "$.total"}))
    assert result.body == items(25)[:count]
    assert result.pages is not None
    assert result.pages.complete is complete


@pytest.mark.parametrize("totals", [(25, 24, 24), (25, 26, 25), (None, 25, 30)])
@pytest.mark.parametrize("mode", ["page", "offset"])
def test_a_total_that_changes_is_noted(mode: str, totals: tuple[Any, ...]) -> None:
    """Items that moved to a page that was read are lost, and nobody can see which."""

    def answer(asked: Asked) -> bytes:
        at = int(asked.query["at"])
        number = at if mode == "page" else -(-at // 10) + 1
        total = totals[min(number, len(totals)) - 1]
        return page({"data": cut(items(30), 10, number), "total": total})

    with list_server(answer) as server:
        setting = {"mode": mode, "parameter": QUERY, "items": "$.data", "total": "$.total"}
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    first, changed = (totals[0], totals[1]) if totals[0] else totals[1:]
    number = 2 if totals[0] else 3
    assert result.pages.note is not None
    assert f"page {number}: the total was {first} before, and is {changed}" in result.pages.note


def test_an_offset_that_leaves_items_out_is_noted() -> None:
    """The server gives ten items at a time, and the offset grows by a hundred."""
    with list_server(lambda asked: page(items(250)[int(asked.query["at"]) :][:10])) as server:
        setting = {"mode": "offset", "parameter": QUERY, "step": 100}
        result = call(http(server.url, pagination=setting))
        whole = call(http(server.url, pagination={**setting, "step": 10}))
    assert result.pages is not None
    assert result.pages.note is not None
    assert result.pages.note.startswith("page 1 had 10 items, and the offset grew by 100 (step)")
    assert whole.pages is not None
    assert (whole.pages.items, whole.pages.note) == (250, None)


@pytest.mark.parametrize(
    ("more", "stopped_by"),
    [
        ([{"total": 3}] * 4, "empty"),
        ([{"total": 0}] * 4, "empty"),
        (
            [
                {"total": 10, "more": True},
                {"total": 10, "more": True},
                {"total": 10, "more": False},
            ],
            "more",
        ),
        ([{"total": 10, "more": True}, {"total": 20, "more": True}, {"total": 25}], "total"),
    ],
    ids=["of-pages", "not-counted", "of-the-page", "grows"],
)
@pytest.mark.parametrize("mode", ["page", "offset"])
def test_a_total_that_counts_something_else_loses_nothing(
    mode: str, more: list[dict[str, Any]], stopped_by: str
) -> None:
    """The number of pages, 0 for not counted, the number of items on the page: where a page has more
    items, or says that more follow, the list is read on.
    """

    def answer(asked: Asked) -> bytes:
        at = int(asked.query["at"])
        number = at if mode == "page" else -(-at // 10) + 1
        return page({"data": cut(items(25), 10, number), **more[number - 1]})

    with list_server(answer) as server:
        queries = {"items": "$.data", "total": "$.total", "more": "$.more"}
        result = call(http(server.url, pagination={"mode": mode, "parameter": QUERY, **queries}))
    assert result.body == items(25)
    assert result.pages is not None
    assert (result.pages.complete, result.pages.stopped_by) == (True, stopped_by)


def test_an_end_of_the_authors_before_the_total_is_not_complete() -> None:
    """`until` ends the list, and the server says that items are missing."""
    with list_server(lambda _: page({"data": items(10), "total": 25})) as server:
        setting = {**PAGE, "items": "$.data", "total": "$.total", "until": "${jsonata: true}"}
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    assert (result.pages.complete, result.pages.stopped_by) == (False, "until")


def test_no_next_page_where_more_are_said_to_follow_is_not_complete() -> None:
    """The page has neither a token nor the last items."""
    with list_server(lambda _: page({"data": items(1), "next": None, "more": True})) as server:
        result = call(http(server.url, pagination={**CURSOR, "items": "$.data", "more": "$.more"}))
    assert result.pages is not None
    assert (result.pages.complete, result.pages.stopped_by) == (False, "next")


def test_until_ends_the_list_with_its_page() -> None:
    """`until` is an expression over a page's result."""
    with list_server(lambda asked: page(cut(items(50), 10, int(asked.query["at"])))) as server:
        setting = {**PAGE, "until": "${jsonata: $max(body.id) >= 20}"}
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    assert (result.body, result.pages.stopped_by) == (items(20), "until")


# Doubles


def test_doubles_are_dropped_and_counted() -> None:
    """Items that moved to the next page while the list was read come once."""
    pages = [items(10), items(19)[9:], items(25)[17:], []]
    with list_server(lambda asked: page(pages[int(asked.query["at"]) - 1])) as server:
        result = call(http(server.url, pagination={**PAGE, "identity": "$.id"}))
    assert result.body == items(25)
    assert result.pages is not None
    assert (result.pages.items, result.pages.duplicates) == (25, 3)


def test_with_doubles_the_total_does_not_end_the_list_too_early() -> None:
    """25 of 25 came, one of them twice: the last one is on the next page."""

    def answer(asked: Asked) -> bytes:
        pages = [items(10), items(19)[9:], items(24)[19:], items(25)[24:]]
        return page({"data": pages[int(asked.query["at"]) - 1], "total": 25})

    with list_server(answer) as server:
        setting = {**PAGE, "identity": "$.id", "total": "$.total"}
        assert call(http(server.url, pagination=setting)).body == items(25)


def test_an_item_without_identity_is_an_error() -> None:
    """It says which item of which page."""
    with list_server(lambda _: page([{"id": 1}, {"no": 2}])) as server:
        error = failure(http(server.url, pagination={**PAGE, "identity": "$.id"}))
    assert (error.kind, error.collected) == ("pagination", [])
    assert "item 2" in str(error)


# Pages that are no lists


@pytest.mark.parametrize(
    ("body", "setting", "part"),
    [
        ({"data": {"a": 1}}, {"items": "$.data"}, "$.data is an object"),
        ({"rows": [1]}, {"items": "$.data"}, "$.rows"),
        ({"a": [1], "b": [2]}, {}, "$.a, $.b"),
        ({"a": 1}, {}, "without a list"),
        ("text", {}, "a string"),
        ([1], {"more": "$[0]", "total": "$[0]"}, None),
        (
            {"data": [1], "total": {}},
            {"items": "$.data", "total": "$.total"},
            "'total' is an object, and should be a number of items",
        ),
        (
            {"data": [1], "more": "perhaps"},
            {"items": "$.data", "more": "$.more"},
            "'more' is 'perhaps', and should be true or false",
        ),
    ],
)
def test_a_path_that_is_no_list_is_an_error(
    body: Any, setting: dict[str, Any], part: str | None
) -> None:
    """The error names the page, and where there are lists."""
    with list_server(lambda asked: page(body if asked.query["at"] == "1" else [])) as server:
        definition = http(server.url, pagination={**PAGE, **setting})
        if part is None:
            assert call(definition).body == [1]
            return
        error = failure(definition)
    assert error.kind == "pagination"
    assert str(error).startswith("page 1: ")
    assert part in str(error)


def test_items_may_be_left_out_where_a_query_says_so() -> None:
    """`$.data[*]` of a page without `data` is no item."""
    with list_server(lambda _: page({"kind": "list"})) as server:
        result = call(http(server.url, pagination={**PAGE, "items": "$.data[*]"}))
    assert (result.body, result.pages is not None) == ([], True)


def test_the_only_array_of_the_first_page_stays_the_list() -> None:
    """Another one on a later page does not change what the items are."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"])
        more = {"warnings": ["slow"]} if number > 1 else {"a": 1}
        return page({"rows": cut(items(15), 10, number), **more})

    with list_server(answer) as server:
        assert call(http(server.url, pagination=PAGE)).body == items(15)


# Bounds


@pytest.mark.parametrize(
    ("bound", "kept", "cursor"),
    [({"maxPages": 2}, 20, 3), ({"maxItems": 15}, 15, 2), ({"maxBytes": 300}, 20, 3)],
    ids=["maxPages", "maxItems", "maxBytes"],
)
def test_a_bound_is_never_reached_in_silence(bound: dict[str, int], kept: int, cursor: int) -> None:
    """`fail` is an error with all there is; `keep` says that it is not whole."""
    with list_server(lambda asked: page(cut(items(50), 10, int(asked.query["at"])))) as server:
        error = failure(http(server.url, pagination={**PAGE, **bound}))
        result = call(http(server.url, pagination={**PAGE, **bound, "atLimit": "keep"}))
    (name,) = bound
    assert isinstance(error, PaginationError)
    assert name in str(error)
    assert error.pages == result.pages
    assert error.collected == result.body == items(50)[:kept]
    assert result.pages is not None
    assert (result.pages.complete, result.pages.stopped_by) == (False, name)
    assert result.pages.cursor == cursor


def test_doubles_do_not_reach_the_bound_of_items() -> None:
    """Where doubles are dropped, the items that are kept count: the second page has five new ones."""
    pages = [items(10), items(20), []]
    with list_server(lambda asked: page(pages[int(asked.query["at"]) - 1])) as server:
        setting = {**PAGE, "identity": "$.id", "maxItems": 15, "atLimit": "keep"}
        result = call(http(server.url, pagination=setting))
        whole = call(http(server.url, pagination={**setting, "maxItems": 20}))
    assert result.pages is not None
    assert (result.body, result.pages.duplicates) == (items(15), 10)
    assert (result.pages.complete, result.pages.stopped_by) == (False, "maxItems")
    assert result.pages.cursor == 2
    assert whole.pages is not None
    assert (whole.body, whole.pages.complete) == (items(20), True)


def test_a_bound_that_is_just_enough_is_not_reached() -> None:
    """20 of 20 items are whole."""
    with list_server(lambda asked: page(cut(items(20), 10, int(asked.query["at"])))) as server:
        result = call(http(server.url, pagination={**PAGE, "maxItems": 20}))
    assert result.pages is not None
    assert result.pages.complete


def test_an_offset_goes_on_right_behind_the_last_item() -> None:
    """`maxItems` within a page: the cursor is exact."""
    with list_server(lambda asked: page(items(50)[int(asked.query["at"]) :][:10])) as server:
        setting = {"mode": "offset", "parameter": QUERY, "maxItems": 15, "atLimit": "keep"}
        first = call(http(server.url, pagination=setting))
        assert first.pages is not None
        setting = {"mode": "offset", "parameter": QUERY, "resume": first.pages.cursor}
        assert first.body + call(http(server.url, pagination=setting)).body == items(50)


# What is collected


def test_pages_are_collected_whole() -> None:
    """`collect: pages` is a list of bodies."""
    with list_server(tokens(([1], "p1"), ([2], None))) as server:
        result = call(http(server.url, pagination={**CURSOR, "collect": "pages"}))
    assert result.body == [{"data": [1], "next": "p1"}, {"data": [2], "next": None}]


def test_a_file_has_an_item_a_line(tmp_path: Path) -> None:
    """`collect: file` is a reference to a file of JSON lines, also where the list fails."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"])
        if number == 3:
            return page({}, status="500 Oops")
        return page([{"text": "ä\u2028\n", "number": number}])

    with list_server(answer) as server:
        definition = http(server.url, pagination={**PAGE, "collect": "file"})
        kept = call(
            http(
                server.url,
                pagination={**definition["pagination"], "maxPages": 2, "atLimit": "keep"},
            ),
            files=tmp_path,
        )
        error = failure(definition, files=tmp_path)
    lines = Path(kept.body["$file"]["path"]).read_text("utf-8").split("\n")
    assert [json.loads(line) for line in lines if line] == [
        {"text": "ä\u2028\n", "number": number} for number in (1, 2)
    ]
    assert kept.body["$file"]["mediaType"] == "application/jsonl"
    assert error.collected == kept.body
    assert [one.name for one in tmp_path.iterdir()] == [Path(kept.body["$file"]["path"]).name]


def test_a_file_that_nobody_is_given_is_removed(tmp_path: Path) -> None:
    """The settings of the second page cannot be made into a request: the list ends, and a run that
    is stopped leaves nothing in the folder.
    """

    async def stopped() -> None:
        task = HttpTask(http(server.url, pagination={**PAGE, "collect": "file"}), runtime=shared)
        running = asyncio.create_task(task.acall(Inputs()))
        while len(server.received) < 2:  # noqa: ASYNC110 - another thread receives
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await shared.aclose_connections()

    def answer(asked: Asked) -> bytes:
        if asked.query["at"] == "2":
            released.wait(5)
        return page(items(3))

    released = threading.Event()
    with list_server(answer) as server, runtime(files=tmp_path) as shared:
        asyncio.run(stopped())
        released.set()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_list_is_an_empty_file(tmp_path: Path) -> None:
    """There is a file, whatever there is to read."""
    with list_server(lambda _: page([])) as server:
        body = call(http(server.url, pagination={**PAGE, "collect": "file"}), files=tmp_path).body
    assert Path(body["$file"]["path"]).read_bytes() == b""


@pytest.mark.parametrize("bucket", [None, "s3://b"])
@pytest.mark.parametrize("collect", ["items", "file"])
def test_a_list_ends_in_a_thread_only_where_a_bucket_gets_a_file(
    collect: str, bucket: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop does not wait for a bucket, also where no item came; what stays on this
    machine needs no thread.
    """
    kept_in: list[str] = []

    def keep(shared: SharedFiles, path: Path, content: Path | bytes) -> None:
        kept_in.append(threading.current_thread().name)

    monkeypatch.setattr(SharedFiles, "_store", MemoryStore())
    monkeypatch.setattr(SharedFiles, "keep", keep)
    if bucket is None or collect == "items":
        monkeypatch.setattr(_round, "in_thread", None)
    with list_server(lambda _: page([])) as server:
        definition = http(server.url, pagination={**PAGE, "collect": collect})
        call(definition, files=tmp_path, bucket=bucket)
    expected = "MainThread" if bucket is None else "httptask"
    assert kept_in == ([expected] if collect == "file" else [])


# Other origins


def test_another_origin_gets_no_credential_and_no_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    """A next URL on another origin is followed without what is secret, by its own egress rules."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})
    with list_server(lambda _: page({"data": [2]})) as other:
        follow = f"{other.url}/more?key=s3cret-value&at=2"
        with list_server(lambda _: page({"data": [1], "next": follow})) as server:
            request = {
                "cookies": {"session": "s1"},
                "headers": {"X-Auth-Token": "t1", "X-Kind": "k"},
            }
            definition = http(
                server.url,
                request=request,
                credentials="key",
                pagination={"mode": "nextUrl", "next": "$.next"},
            )
            result = call(definition)
            sent = asked(server.received[0])
        received = asked(other.received[0])
    assert result.body == [1, 2]
    assert sent.query == {"key": "s3cret-value"}
    assert sent.headers["cookie"] == "session=s1"
    assert received.target == "/more?at=2"
    assert "s3cret" not in str(other.received) + str(received.headers)
    assert not received.headers.keys() & {"cookie", "x-auth-token", "authorization"}
    assert received.headers["x-kind"] == "k"


def test_on_its_own_origin_a_key_stands_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A next URL that repeats the key of the query does not double it."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})

    def answer(asked: Asked) -> bytes:
        more = {} if "at" in asked.query else {"next": f"{asked.target}&at=2"}
        return page({"data": [1], **more})

    with list_server(answer) as server:
        setting = {"mode": "nextUrl", "next": "$.next"}
        call(http(server.url, credentials="key", pagination=setting))
        assert targets(server) == ["/?key=s3cret-value", "/?at=2&key=s3cret-value"]


def test_a_body_does_not_leave_its_origin() -> None:
    """A next URL elsewhere would take the body along: it is refused, with what was collected."""
    with (
        list_server(lambda _: page([])) as other,
        list_server(lambda _: page({"data": [1], "next": other.url})) as server,
    ):
        request = {"method": "POST", "body": {"q": 1}}
        setting = {"mode": "nextUrl", "next": "$.next"}
        error = failure(http(server.url, request=request, pagination=setting))
        assert other.received == []
    assert (error.kind, error.collected) == ("redirect", [1])


@pytest.mark.parametrize(
    "follow", ["ftp://acme.example/", "https://user:secret@acme.example/", "http://["]
)
def test_a_next_url_that_cannot_be_followed_is_an_error(follow: str) -> None:
    """The page that named it is named."""
    with list_server(lambda _: page({"data": [1], "next": follow})) as server:
        error = failure(http(server.url, pagination={"mode": "nextUrl", "next": "$.next"}))
    assert error.kind == "pagination"
    assert str(error).startswith("page 1: a next page")


@pytest.mark.parametrize("mode", ["nextUrl", "link"])
def test_https_does_not_fall_back_to_http(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A next URL with http, on a page that came with https, is refused, and nothing is sent."""
    setting = {"mode": mode, **({"next": "$.next"} if mode == "nextUrl" else {})}
    with list_server(lambda _: page([])) as plain:
        body, link = {"data": [1], "next": plain.url}, ("Link", f'<{plain.url}>; rel="next"')
        with list_server(lambda _: page(body, link), with_tls=True) as server:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
            task = http(server.url, pagination=setting)
            error = failure(task, allow=["localhost", "127.0.0.1"])
        assert plain.received == []
    assert error.kind == "pagination"
    assert f"page 1: a next page from https to http is not followed: {plain.url}" in str(error)


def test_egress_rules_look_at_each_page() -> None:
    """A next URL to a network that nobody opened is refused, and what was collected is there."""
    follow = "http://10.0.0.1/list"
    with list_server(lambda _: page({"data": [1], "next": follow})) as server:
        error = failure(http(server.url, pagination={"mode": "nextUrl", "next": "$.next"}))
    assert (error.kind, error.collected) == ("blocked", [1])
    assert error.pages is not None
    assert error.pages.cursor == follow


# In the exchange


def test_an_exchange_is_bounded_however_many_pages_there_are() -> None:
    """The first three pages are whole, of the others there is a line, of the very many none."""
    with list_server(
        lambda asked: page([int(asked.query["at"])] if int(asked.query["at"]) <= 250 else {"a": 1})
    ) as server:
        error = failure(http(server.url, pagination={**PAGE, "maxPages": 1000}))
    assert error.kind == "pagination"
    assert error.exchange is not None
    pages = error.exchange.pages
    assert pages is not None
    assert pages.summary.count == 250
    assert [call.number for call in pages.calls] == [*range(1, 101), *range(152, 252)]
    assert pages.omitted == 51
    assert [call.number for call in pages.calls if call.attempts is not None] == [1, 2, 3]
    assert error.exchange.outcome == "pagination"


def test_secrets_are_masked_in_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the lines nor the cursor nor the request that is shown have one."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})

    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at", 1))
        return page({"data": [1], "next": f"/s3cret-value/?at={number + 1}&key=s3cret-value"})

    with list_server(answer) as server:
        setting = {"mode": "nextUrl", "next": "$.next"}
        made = exchange(http(server.url, credentials="key", pagination=setting))
    assert made.pages is not None
    assert made.pages.next_request is not None
    assert "s3cret" not in json.dumps(made.to_json())


def test_secrets_are_masked_in_the_error_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page says of the next one may have one, and stands in the message."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})
    link = ("Link", "/list?key=s3cret-value; rel=next")
    with list_server(lambda _: page([1], link)) as server:
        error = failure(http(server.url, credentials="key", pagination={"mode": "link"}))
    assert error.kind == "pagination"
    assert "cannot be read: /list?key=" in str(error)
    assert "s3cret" not in str(error)


# Elsewhere


def test_a_round_goes_on_in_another_process() -> None:
    """The state that the progress has is JSON, and a new visit begins there."""
    stops = True

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"])
        return (
            page({}, status="500 Oops")
            if stops and number == 3
            else page(cut(items(35), 10, number))
        )

    async def run(state: Any) -> Any:
        progress = Progress()
        watched.set(progress)
        with_state = HttpTask(http(server.url, pagination=PAGE), runtime=shared)
        try:
            return await with_state.arun(Inputs(), 1, state)
        except TaskError:
            return progress.round_state
        finally:
            await shared.aclose_connections()

    with list_server(answer) as server, runtime() as shared:
        state = json.loads(json.dumps(asyncio.run(run(None))))
        stops = False
        outcome = asyncio.run(run(state))
    assert state["number"] == 3
    assert outcome.output["body"] == items(35)[20:]
    assert outcome.output["pages"]["count"] == 5
    assert outcome.output["pages"]["items"] == 35
