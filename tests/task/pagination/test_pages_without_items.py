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


NO_CONTENT = servers.response(status="204 No Content")
EMPTY = servers.response(b"", servers.JSON)
LINK = ("Link", "</2>; rel=next")


@pytest.mark.parametrize("body", [NO_CONTENT, EMPTY])
@pytest.mark.parametrize(
    ("setting", "first"),
    [
        (CURSOR, page({"data": items(1), "next": "p1"})),
        ({"mode": "nextUrl", "next": "$.next"}, page({"data": items(1), "next": "/2"})),
        ({"mode": "link"}, page(items(1), LINK)),
    ],
)
def test_a_page_without_a_body_that_was_named_is_no_end(
    setting: dict[str, Any], first: bytes, body: bytes
) -> None:
    """The page before says that there is one: it is named, with what came before."""
    answers = [first, body]
    with list_server(lambda _: answers.pop(0)) as server:
        error = failure(http(f"{server.url}/1", pagination=setting))
    assert (error.kind, error.collected) == ("pagination", items(1))
    assert str(error).startswith("page 2: ")
    assert error.pages is not None
    assert (error.pages.complete, error.pages.stopped_by) == (False, "error")
    assert error.pages.cursor is not None


def test_a_204_behind_the_last_page_is_an_end() -> None:
    """Where pages are counted, only it says that the list has ended; also before the first one."""
    for count in (1, 0):
        answers = [page({"data": items(1)})] * count + [NO_CONTENT]
        with list_server(lambda _, answers=answers: answers.pop(0)) as server:
            result = call(http(server.url, pagination=PAGE))
        assert result.body == items(count)
        assert result.pages is not None
        assert (result.pages.complete, result.pages.stopped_by) == (True, "empty")


@pytest.mark.parametrize("known", [{"total": 3}, {"more": True}])
def test_a_204_where_there_should_be_more_is_not_complete(known: dict[str, Any]) -> None:
    """The page before says that there is more: the list ends there, and says that it is not whole."""
    answers = [page({"data": items(1), **known}), NO_CONTENT]
    setting = {**PAGE, "items": "$.data", "total": "$.total", "more": "$.more"}
    with list_server(lambda _: answers.pop(0)) as server:
        result = call(http(server.url, pagination=setting))
    assert result.pages is not None
    assert (result.body, result.pages.complete) == (items(1), False)


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_body_with_a_200_is_no_end(count: int) -> None:
    """It may have been cut off, whatever the mode."""
    answers = [page({"data": items(1)})] * count + [EMPTY]
    with list_server(lambda _: answers.pop(0)) as server:
        error = failure(http(server.url, pagination=PAGE))
    assert (error.kind, error.collected) == ("pagination", items(count))
    assert str(error).startswith(f"page {count + 1}: its body is empty, with the status 200")


def test_a_page_of_json_lines_without_a_line_is_an_end() -> None:
    """No items are no bytes there, and an item a line is a list."""
    lines = ("Content-Type", "application/x-ndjson")
    answers = [servers.response(body, lines) for body in (b'{"id": 1}\n{"id": 2}\n', b"")]
    with list_server(lambda _: answers.pop(0)) as server:
        result = call(http(server.url, pagination=PAGE))
    assert result.pages is not None
    assert (result.body, result.pages.complete) == (items(2), True)


@pytest.mark.parametrize("setting", [PAGE, {**PAGE, "items": "$.data"}])
def test_json_that_is_called_text_is_told(setting: dict[str, Any]) -> None:
    """The error says which setting reads it, and with that it is read."""
    text = ("Content-Type", "text/plain")
    pages = {
        "1": servers.response(b'{"data": [1]}', text),
        "2": servers.response(b'{"data": []}', text),
    }
    with list_server(lambda asked: pages[asked.query["at"]]) as server:
        error = failure(http(server.url, pagination=setting))
        result = call(http(server.url, pagination=setting, responseBody="json"))
    assert error.kind == "pagination"
    assert str(error).startswith("page 1: its body was read as text, and looks like JSON: ")
    assert result.body == [1]


def test_an_author_may_know_how_a_list_ends() -> None:
    """With `until` a page without a body, or with an error in it, is the last one."""
    ends = {
        "${jsonata: statusCode = 204}": NO_CONTENT,
        "${$.body[?@ == 'none left']}": page({"data": None, "error": "none left"}),
    }
    for until, last in ends.items():
        answers = [page({"data": items(1), "next": "p1"}), last]
        with list_server(lambda _, answers=answers: answers.pop(0)) as server:
            result = call(
                http(server.url, pagination={**CURSOR, "items": "$.data", "until": until})
            )
        assert result.pages is not None
        assert (result.body, result.pages.stopped_by) == (items(1), "until")


@pytest.mark.parametrize("mode", [CURSOR, PAGE])
@pytest.mark.parametrize(
    ("items_at", "body", "told"),
    [
        ("$.data", {"data": None, "error": "rate limited"}, 'error: "rate limited"'),
        ("$.data", {"data": [], "errors": [{"code": 7}]}, 'errors: [{"code":7}]'),
        ("$.data[*]", {"Error": {"code": 7}}, 'Error: {"code":7}'),
        ("$.data", {"data": None, "error_code": 429}, "error_code: 429"),
        ("$.data", {"data": None, "success": False}, "success: false"),
        ("$.data", {"data": None, "status": "fail"}, 'status: "fail"'),
        ("$.data.rows", {"data": None, "errors": [{"message": "x"}]}, 'errors: [{"message":"x"}]'),
        ("$.data.rows", {"data": {"rows": None, "fault": "x"}}, 'fault: "x"'),
        (None, {"data": [], "error": "rate limited"}, 'error: "rate limited"'),
    ],
)
def test_a_first_page_that_tells_of_an_error_is_no_empty_list(
    mode: dict[str, Any], items_at: str | None, body: Any, told: str
) -> None:
    """An error with a 200 is one, though its list is null or empty."""
    setting = mode if items_at is None else {**mode, "items": items_at}
    with list_server(lambda _: page(body)) as server:
        error = failure(http(server.url, pagination=setting))
    assert (error.kind, error.collected) == ("pagination", [])
    assert str(error) == f"page 1: it has no items, and tells of an error ({told})"


@pytest.mark.parametrize(
    "more",
    [
        {"error": None},
        {"errors": [], "success": True},
        {"error": {"code": 0, "message": ""}},
        {"errorCode": "0", "errorMessage": "OK"},
        {"status": "success"},
        {"error_count": 3},
    ],
)
def test_an_empty_list_that_names_errors_without_one_is_empty(more: dict[str, Any]) -> None:
    """null, 0, false and OK are no errors."""
    for value in ([], None):
        with list_server(lambda _, value=value: page({"data": value, **more})) as server:
            result = call(http(server.url, pagination={**CURSOR, "items": "$.data"}))
        assert result.body == []
        assert result.pages is not None
        assert result.pages.complete
