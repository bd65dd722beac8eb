"""Lists read page by page, from a server on loopback, in each mode."""

from __future__ import annotations

import asyncio
import email
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from httptask.errors import Pages
from httptask.task import HttpTask, _round
from lists import Answer, Asked, asked, cut, items, list_server, page, targets
from tasks import call, failure, http, runtime

QUERY = {"in": "query", "name": "at"}


def by_number(values: list[Any], size: int) -> Answer:
    """Answer pages by their number from 1, and with nothing behind the last one."""
    return lambda asked: page({"data": cut(values, size, int(asked.query["at"]))})


def by_offset(values: list[Any], size: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        offset = int(asked.query["at"])
        return page({"data": values[offset : offset + size]})

    return answer


def by_token(values: list[Any], size: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at", "p1").removeprefix("p"))
        is_last = number * size >= len(values)
        return page(
            {"data": cut(values, size, number), "next": None if is_last else f"p{number + 1}"}
        )

    return answer


def by_url(values: list[Any], size: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at", 1))
        more = {} if number * size >= len(values) else {"next": f"?at={number + 1}&q=a%2Fb"}
        return page({"data": cut(values, size, number), **more})

    return answer


def by_link(values: list[Any], size: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("at", 1))
        link = f'</list?at=1>; rel="first", </list?at={number + 1}>; REL="prefetch next"'
        headers = [] if number * size >= len(values) else [("Link", link)]
        return page(cut(values, size, number), *headers)

    return answer


def by_last_item(values: list[Any], size: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        after = int(asked.query.get("at", 0))
        return page({"data": [value for value in values if value["id"] > after][:size]})

    return answer


MODES: dict[str, tuple[dict[str, Any], Callable[[list[Any], int], Answer]]] = {
    "page": ({"parameter": QUERY}, by_number),
    "offset": ({"parameter": QUERY}, by_offset),
    "cursor": ({"parameter": QUERY, "next": "$.next"}, by_token),
    "nextUrl": ({"next": "$.next"}, by_url),
    "link": ({}, by_link),
    "lastItem": ({"parameter": QUERY, "identity": "$.id"}, by_last_item),
}

each_mode = pytest.mark.parametrize("mode", MODES)


def paged(mode: str, **more: Any) -> dict[str, Any]:
    """Return the setting of *mode*, with *more*."""
    return {"mode": mode, **MODES[mode][0], **more}


@each_mode
def test_all_items_come_in_their_order(mode: str) -> None:
    """A list of 25 in pages of 10 is 25 items, and the summary says that it is whole."""
    with list_server(MODES[mode][1](items(25), 10)) as server:
        result = call(http(f"{server.url}/list", pagination=paged(mode)))
    assert result.body == items(25)
    assert result.pages is not None
    assert result.pages.complete
    assert result.pages.cursor is None
    assert result.pages.items == 25
    assert result.to_json()["pages"]["stoppedBy"] == result.pages.stopped_by


@each_mode
@pytest.mark.parametrize("count", [0, 1, 10, 20])
def test_a_last_full_page_is_an_end_too(mode: str, count: int) -> None:
    """20 items in pages of 10 come once each: the page behind them is empty, or not asked for."""
    with list_server(MODES[mode][1](items(count), 10)) as server:
        result = call(http(f"{server.url}/list", pagination=paged(mode)))
        assert len(server.received) <= -(-count // 10) + 1
    assert result.body == items(count)
    assert result.pages is not None
    assert result.pages.complete


@each_mode
def test_no_item_is_lost_and_none_comes_twice(mode: str) -> None:
    """Whatever the size of a page and of the list."""
    lists: dict[str, tuple[int, int]] = {}
    setting, answer = MODES[mode]

    def served(asked: Asked) -> bytes:
        count, size = lists[asked.path]
        return answer(items(count), size)(asked)

    with list_server(served) as server, runtime() as shared:

        @settings(deadline=None, max_examples=40)
        @given(st.integers(0, 60), st.integers(1, 20))
        def check(count: int, size: int) -> None:
            path = "/list" if mode == "link" else f"/{count}-{size}"
            lists[path] = count, size
            definition = http(server.url + path, pagination={"mode": mode, **setting})
            result = HttpTask(definition, runtime=shared).call()
            assert result.body == items(count)
            assert result.pages is not None
            assert result.pages.complete

        check()


@dataclass(frozen=True, slots=True)
class Told:
    """What a server tells about its list, in headers of each page."""

    total: str
    """`right`, `pages` (their number), `page` (the items on the page), `came` (those so far), `odd`
    (any numbers), or `none`."""
    odd: list[int]
    more: bool
    """Whether it says that more follow."""

    def headers(self, number: int, count: int, size: int) -> bytes:
        """Return the headers of page *number* of a list of *count* items in pages of *size*."""
        came = min(count, number * size)
        total = {
            "right": count,
            "pages": -(-count // size),
            "page": max(0, came - (number - 1) * size),
            "came": came,
            "odd": self.odd[min(number, len(self.odd)) - 1],
            "none": "",
        }[self.total]
        more = f"X-More: {came < count}\r\n" if self.more else ""
        return f"X-Total: {total}\r\n{more}".encode()


TOLD = st.builds(
    Told,
    st.sampled_from(["right", "pages", "page", "came", "odd", "none"]),
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.booleans(),
)


def test_no_total_loses_an_item_in_silence() -> None:
    """Whatever a server says of its list, no item comes twice, and where one is missing after the
    first page the summary says so; a right total loses nothing.
    """
    told: Told
    count = size = number = 0
    answer: Answer

    def served(asked: Asked) -> bytes:
        nonlocal number
        number += 1
        first, rest = answer(asked).split(b"\r\n", 1)
        return first + b"\r\n" + told.headers(number, count, size) + rest

    with list_server(served) as server, runtime() as shared:

        @settings(deadline=None, max_examples=60)
        @example("page", 15, 3, Told("pages", [0], more=False))
        @example("offset", 30, 5, Told("page", [0], more=False))
        @example("page", 30, 5, Told("pages", [0], more=False))
        @given(
            st.sampled_from(["page", "offset", *MODES]),
            st.integers(0, 30),
            st.integers(1, 12),
            TOLD,
        )
        def check(mode: str, list_count: int, page_size: int, said: Told) -> None:
            nonlocal told, count, size, number, answer
            told, count, size, number = said, list_count, page_size, 0
            setting, answer_of = MODES[mode]
            answer = answer_of(items(count), size)
            queries = {"total": "$.headers['X-Total']", "more": "$.headers['X-More']"}
            pagination = {"mode": mode, **setting, **queries}
            task = HttpTask(http(f"{server.url}/list", pagination=pagination), runtime=shared)
            result = task.call()
            pages = result.pages
            assert pages is not None
            assert result.body == items(len(result.body))
            # Of one page alone whose size nobody names, a total that equals its items is believed.
            if len(result.body) < count and pages.count > 1:
                assert not pages.complete or pages.note is not None
            if told.total in ("right", "none"):
                assert (len(result.body), pages.complete) == (count, True)

        check()


@each_mode
def test_it_goes_on_from_the_cursor_of_an_earlier_run(mode: str) -> None:
    """A run that keeps its first two pages, and one that begins at its cursor, have all items."""
    with list_server(MODES[mode][1](items(45), 10)) as server:
        url = f"{server.url}/list"
        first = call(http(url, pagination=paged(mode, maxPages=2, atLimit="keep")))
        assert first.pages is not None
        resumed = paged(mode, resume="${$.cursor}")
        rest = call(http(url, pagination=resumed, inputParameters={"cursor": first.pages.cursor}))
        fresh = call(http(url, pagination=resumed, inputParameters={"cursor": None}))
        empty = call(http(url, pagination=resumed, inputParameters={"cursor": ""}))
    assert empty.body == items(45)
    assert (first.pages.complete, first.pages.stopped_by) == (False, "maxPages")
    assert first.body + rest.body == fresh.body == items(45)


@each_mode
def test_a_failure_carries_what_was_collected(mode: str) -> None:
    """A 500 on the third page stays one, with 20 items, and the cursor brings the others."""
    failing = True
    good = MODES[mode][1](items(35), 10)

    def answer(asked: Asked) -> bytes:
        if failing and len(server.received) == 3:
            return page({"why": "broken"}, status="500 Oops")
        return good(asked)

    with list_server(answer) as server:
        url = f"{server.url}/list"
        error = failure(http(url, pagination=paged(mode)))
        failing = False
        assert error.pages is not None
        rest = call(http(url, pagination=paged(mode, resume=error.pages.cursor)))
    assert error.kind == "status"
    assert error.result is not None
    assert error.result.body == {"why": "broken"}
    assert (error.pages.count, error.pages.items, error.pages.stopped_by) == (2, 20, "error")
    assert error.collected + rest.body == items(35)
    again = type(error).from_json(error.to_json())
    assert isinstance(again, type(error))
    assert (again.pages, again.collected) == (error.pages, error.collected)


@each_mode
def test_429_in_the_middle_is_tried_again(mode: str) -> None:
    """Each page is a call of its own, with the retries of the task."""
    good = MODES[mode][1](items(25), 10)

    def answer(asked: Asked) -> bytes:
        if len(server.received) == 2:
            return page({}, ("Retry-After", "0"), status="429 Too Many Requests")
        return good(asked)

    with list_server(answer) as server:
        definition = http(
            f"{server.url}/list", pagination=paged(mode), retry={"intervalSeconds": 0}
        )
        result = call(definition)
        assert result.body == items(25)
        assert result.attempts == len(server.received)


def test_pages_are_asked_for_with_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """`delaySeconds` is the wait between two pages: before the first one there is none."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(_round, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    with list_server(by_number(items(25), 10)) as server:
        setting = paged("page", delaySeconds=2.5)
        assert call(http(server.url, pagination=setting)).body == items(25)
    assert waits == [2.5, 2.5, 2.5]


@each_mode
def test_a_test_request_reads_two_pages_and_shows_the_third_request(mode: str) -> None:
    """Two requests are made; the third one is shown as it would go out."""
    with list_server(MODES[mode][1](items(45), 10)) as server, runtime() as shared:
        definition = http(f"{server.url}/list", pagination=paged(mode, collect="file"))
        exchange = HttpTask(definition, runtime=shared).test_request()
        assert len(server.received) == 2
        HttpTask(definition, runtime=shared).call()
    assert exchange.outcome == "success"
    assert exchange.pages is not None
    assert exchange.pages.next_request is not None
    assert exchange.pages.next_request.url == server.url + targets(server)[4]
    assert [line.items for line in exchange.pages.calls] == [10, 10]
    first, last = exchange.pages.calls
    assert first.attempts is not None
    assert last.attempts is None
    assert exchange.attempts[-1].hops[-1].request.url == last.url
    travelled = json.loads(json.dumps(exchange.to_json()))
    assert type(exchange).from_json(travelled).to_json() == travelled


# Where the values stand


def test_a_header_asks_for_the_next_page_and_tells_it() -> None:
    """`parameter` in a header, `next` and `total` in headers of the response, in any case."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.headers.get("x-page", 1))
        more = str(number + 1) if number < 3 else ""
        return page(cut(items(25), 10, number), ("X-Next", more), ("Content-Range", "items 0-9/25"))

    setting = {
        "mode": "cursor",
        "next": "$.headers['X-Next']",
        "total": "$.headers.content-range".replace(".content-range", "['Content-Range']"),
        "parameter": {"in": "header", "name": "X-Page"},
    }
    with list_server(answer) as server:
        result = call(http(server.url, request={"headers": {"x-page": "1"}}, pagination=setting))
    assert result.body == items(25)
    assert result.pages is not None
    assert result.pages.complete


def test_a_path_has_the_number() -> None:
    """`in: path`: the placeholder of the URL is filled in for each page."""

    def answer(asked: Asked) -> bytes:
        return page(cut(items(25), 10, int(asked.path.rpartition("/")[2])))

    setting = {"mode": "page", "parameter": {"in": "path", "name": "number"}}
    with list_server(answer) as server:
        assert call(http(f"{server.url}/list/{{number}}", pagination=setting)).body == items(25)
        assert targets(server) == ["/list/1", "/list/2", "/list/3", "/list/4"]


def in_path(asked: Asked) -> str:
    return unquote(asked.path.rpartition("/")[2])


def in_form(asked: Asked) -> str:
    return dict(parse_qsl(asked.body.decode())).get("at", "")


def in_multipart(asked: Asked) -> str:
    header = f"Content-Type: {asked.headers['content-type']}\r\n\r\n"
    message = email.message_from_bytes(header.encode() + asked.body)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.walk()}
    return str(parts["at"].get_payload()) if "at" in parts else ""


@pytest.mark.parametrize(
    ("request_settings", "location", "token_of"),
    [
        ({"pathParameters": {"at": "start"}}, "path", in_path),
        (
            {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": {"q": "x"}},
            "body",
            in_form,
        ),
        (
            {"headers": {"Content-Type": "multipart/form-data"}, "body": {"q": "x"}},
            "body",
            in_multipart,
        ),
    ],
    ids=["path", "form", "multipart"],
)
def test_a_token_arrives_as_the_server_gave_it(
    request_settings: dict[str, Any], location: str, token_of: Callable[[Asked], str]
) -> None:
    """In a path and in both kinds of forms, read by the standard library's decoders."""
    token = "a/b?c#d%41&e=f g"

    def answer(asked: Asked) -> bytes:
        is_last = token_of(asked) == token
        return page({"data": [2 if is_last else 1], "next": None if is_last else token})

    setting = {"mode": "cursor", "next": "$.next", "parameter": {"in": location, "name": "at"}}
    method = "GET" if location == "path" else "POST"
    with list_server(answer) as server:
        url = f"{server.url}/list/{{at}}" if location == "path" else server.url
        request = {"method": method, **request_settings}
        assert call(http(url, request=request, pagination=setting)).body == [1, 2]


def test_a_graphql_connection_is_read_to_its_end() -> None:
    """A cursor in the body, at a JSON Pointer; `hasNextPage` ends it though there is a cursor."""

    def answer(asked: Asked) -> bytes:
        assert asked.method == "POST"
        assert asked.json["query"] == "query($after: String) { things(after: $after) }"
        number = int(asked.json["variables"].get("after") or 0) + 1
        info = {"endCursor": str(number), "hasNextPage": number < 3}
        return page({"data": {"things": {"nodes": cut(items(30), 10, number), "pageInfo": info}}})

    setting = {
        "mode": "cursor",
        "items": "$.data.things.nodes",
        "next": "$.data.things.pageInfo.endCursor",
        "more": "$.data.things.pageInfo.hasNextPage",
        "parameter": {"in": "body", "name": "/variables/after"},
    }
    body = {
        "query": "query($after: String) { things(after: $after) }",
        "variables": {"kind": "a", "after": None},
    }
    with list_server(answer) as server:
        request = {"method": "POST", "body": body}
        result = call(http(server.url, request=request, pagination=setting))
        assert len(server.received) == 3
    assert result.body == items(30)
    assert result.pages == Pages(3, 30, 0, result.pages.bytes, True, "more", None)


@pytest.mark.parametrize("each", [None, "activity"])
@pytest.mark.parametrize("setting", [{"mode": "nextUrl", "next": "$.next"}, {"mode": "link"}])
def test_the_pages_behind_a_post_may_be_got(setting: dict[str, Any], each: str | None) -> None:
    """With `nextMethod`, the next URLs are requested with GET and without a body."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query.get("page", "1"))
        following = f"/list?page={number + 1}" if number < 3 else None
        link = [("Link", f'<{following}>; rel="next"')] if following else []
        return page({"data": cut(items(30), 10, number), "next": following}, *link)

    request = {"method": "POST", "body": {"q": 1}}
    setting = setting | {"items": "$.data", "nextMethod": "GET"} | ({"each": each} if each else {})
    with list_server(answer) as server:
        result = call(http(f"{server.url}/list", request=request, pagination=setting))
        sent = [asked(received) for received in server.received]
    assert result.body == items(30)
    assert [(one.method, bool(one.body)) for one in sent] == [
        ("POST", True),
        ("GET", False),
        ("GET", False),
    ]


def test_size_start_and_step_stand_in_each_request() -> None:
    """`size` asks for pages of 10, `start` and `step` count as the API does."""

    def answer(asked: Asked) -> bytes:
        number = int(asked.query["at"]) // 2 + 1
        return page({"list": cut(items(25), int(asked.query["limit"]), number), "total": 25})

    setting = {
        "mode": "page",
        "parameter": QUERY,
        "size": {"name": "limit", "value": 10},
        "start": 0,
        "step": 2,
        "total": "$.total",
    }
    with list_server(answer) as server:
        request = {"query": {"q": "a b"}}
        result = call(http(server.url, request=request, pagination=setting))
        assert targets(server) == [
            "/?q=a+b&limit=10&at=0".replace("+", "%20"),
            "/?q=a%20b&limit=10&at=2",
            "/?q=a%20b&limit=10&at=4",
        ]
    assert result.body == items(25)
    assert result.pages is not None
    assert result.pages.stopped_by == "total"


def test_whole_numbers_may_be_written_with_a_point() -> None:
    """2.0 is an integer in JSON Schema: of the settings, in the request, and to go on from."""
    numbers = {
        "start": 1.0,
        "step": 1.0,
        "size": {"name": "limit", "value": 10.0},
        "maxItems": 15.0,
        "maxPages": 3.0,
        "maxBytes": 10000.0,
        "atLimit": "keep",
    }
    with list_server(by_number(items(45), 10)) as server:
        first = call(http(server.url, pagination={**paged("page"), **numbers}))
        assert targets(server) == ["/?limit=10&at=1", "/?limit=10&at=2"]
        written = call(http(server.url, request={"query": {"at": 4.0}}, pagination=paged("page")))
        resumed = call(http(server.url, pagination=paged("page", resume="${jsonata: 4.0}")))
    assert first.body == items(15)
    assert written.body == resumed.body == items(45)[30:]


@pytest.mark.parametrize(("url", "query"), [("/", {"at": 3}), ("/", [["at", "3"]]), ("/?at=3", {})])
def test_the_first_page_is_the_one_that_the_settings_name(url: str, query: Any) -> None:
    """Without `start` what stands in `httpRequest` is the first page."""
    with list_server(by_number(items(45), 10)) as server:
        setting = {"mode": "page", "parameter": QUERY}
        result = call(http(server.url + url, request={"query": query}, pagination=setting))
    assert result.body == items(45)[20:]


def test_an_idempotency_key_is_of_one_page() -> None:
    """A server that knows a key would answer with the page before: each page has its own key."""

    def answer(asked: Asked) -> bytes:
        keys.append(asked.headers["idempotency-key"])
        return page(cut(items(25), 10, asked.json["page"]))

    keys: list[str] = []
    setting = {"mode": "page", "parameter": {"in": "body", "name": "page"}}
    with list_server(answer) as server:
        request = {"method": "POST", "body": {}}
        definition = http(server.url, request=request, pagination=setting, idempotencyKey=True)
        assert call(definition).body == items(25)
    assert len(set(keys)) == 4
