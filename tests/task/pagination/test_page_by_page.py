"""A list that is read by one call a page, each in a process of its own perhaps, is the same list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

import servers
from httptask.engines.temporal._pages import PagedList
from httptask.engines.temporal._tasks import Ran
from httptask.errors import TaskError
from httptask.model.task import Inputs
from httptask.model.workflow import Step, TaskOutcome
from httptask.sending import Progress, watched
from httptask.task import HttpTask, Runtime
from lists import Asked, asked, cut, items, list_server, page
from tasks import http, runtime, store

AT = {"in": "query", "name": "at"}
PAGE = {"mode": "page", "parameter": AT, "items": "$.data"}
CURSOR = {"mode": "cursor", "parameter": AT, "next": "$.next"}


def numbered(count: int, size: int = 2, **members: Any) -> Callable[[Asked], bytes]:
    def answer(request: Asked) -> bytes:
        number = int(request.query.get("at", "1"))
        return page({"data": cut(items(count), size, number), **members})

    return answer


def by_token(*pages: list[Any], last: Any = None) -> Callable[[Asked], bytes]:
    def answer(request: Asked) -> bytes:
        number = int(request.query.get("at", "0"))
        token = str(number + 1) if number + 1 < len(pages) else last
        return page({"data": pages[number], "next": token})

    return answer


def failing(request: Asked) -> bytes:
    number = int(request.query.get("at", "1"))
    if number == 3:
        return page({"no": "more"}, status="500 Internal Server Error")
    return page({"data": cut(items(9), 2, number)})


def without_a_list(request: Asked) -> bytes:
    """Answer the third page with an error and a 200."""
    if request.query.get("at") == "3":
        return page({"reason": "gone"})
    return page({"data": cut(items(9), 2, int(request.query.get("at", "1")))})


def linked(request: Asked) -> bytes:
    number = int(request.query.get("p", "1"))
    link = () if number == 3 else (("Link", f'</list?p={number + 1}>; rel="next"'),)
    return page([{"id": number}], *link)


_LAST = {"1": {"last": False}}

LISTS: dict[str, tuple[dict[str, Any], Callable[[Asked], bytes]]] = {
    "a total": (PAGE | {"total": "$.total"}, numbered(5, total=5)),
    "a total of more than there is": (PAGE | {"total": "$.total"}, numbered(5, total=9)),
    "an end without items": ({"mode": "page", "parameter": AT}, numbered(6)),
    "a list where the first page has it": (CURSOR, by_token([1, 2], [3], [4.50])),
    "links": ({"mode": "link"}, linked),
    "an offset": (
        {"mode": "offset", "parameter": AT, "items": "$.data"},
        lambda request: page({"data": items(5)[int(request.query["at"]) :][:2]}),
    ),
    "a delay": (CURSOR | {"delaySeconds": 0.001}, by_token([1], [2])),
    "pages": (CURSOR | {"collect": "pages"}, by_token([1], [2])),
    "the same items in two pages": (
        CURSOR | {"identity": "$.id", "items": "$.data"},
        by_token(items(3), items(5)[2:], items(6)[4:]),
    ),
    "until has no value": (PAGE | {"until": "${$.body.last}", "maxPages": 2}, numbered(9)),
    "until has a value on the first page": (
        PAGE | {"until": "${$.body.last}", "maxPages": 3},
        lambda request: page({"data": [request.target], **_LAST.get(request.query["at"], {})}),
    ),
    "too many items": (PAGE | {"maxItems": 3}, numbered(9)),
    "too many items are kept": (PAGE | {"maxItems": 3, "atLimit": "keep"}, numbered(9)),
    "too many bytes": (PAGE | {"maxBytes": 60}, numbered(9)),
    "a page that fails": (PAGE, failing),
    "a page that is none": (PAGE, without_a_list),
    "a token that comes again": (CURSOR, by_token([1], [2], [3], last="1")),
    "a total that one page says": (
        PAGE | {"total": "$.total"},
        lambda request: page(
            {"data": cut(items(4), 2, int(request.query["at"]))}
            | ({"total": 4} if request.query["at"] == "1" else {})
        ),
    ),
    "another list in a later page": (
        CURSOR,
        lambda request: page(
            {"data": [1], "next": "1"} if "at" not in request.query else {"data": [2], "else": [3]}
        ),
    ),
    "an end before the start": (
        {"mode": "offset", "parameter": AT, "items": "$.data", "total": "$.total", "resume": "2"},
        lambda request: page({"data": items(5)[int(request.query["at"]) :][:2], "total": 5}),
    ),
    "an end behind the second page": (
        PAGE | {"total": "$.total", "resume": "2"},
        numbered(5, total=5),
    ),
    "a page without content": (
        PAGE | {"more": "$.more"},
        lambda request: (
            servers.response(b"", status="204 No Content")
            if request.query["at"] == "2"
            else page({"data": [request.target], "more": request.query["at"] == "1"})
        ),
    ),
    "the same page again": (PAGE, lambda _: page({"data": items(2)})),
}


def whole(task: HttpTask) -> dict[str, Any]:
    try:
        return task.call().to_json()
    except TaskError as error:
        return error.to_json()


async def in_steps(task: HttpTask, runtimes: Callable[[], Runtime]) -> tuple[dict[str, Any], int]:
    """Read each page with a new task, as another process does. Return also how many there were."""
    pages, count = PagedList(Step("A", 1, "", task.definition)), 0
    while True:
        count += 1
        state = json.loads(json.dumps(pages.to_json()["state"]))
        watched.set(Progress())
        async with runtimes() as shared:
            step = HttpTask(task.definition, name="A", runtime=shared)
            outcome: TaskOutcome | dict[str, Any]
            try:
                outcome = await step.arun(Inputs(), 1, state, page_by_page=True)
            except TaskError as error:
                outcome = error.to_json()
        ran = Ran(outcome)
        if pages.take(ran) is None:
            ended = (await pages.whole(ran)).outcome
            return (ended.output if isinstance(ended, TaskOutcome) else ended), count


def compared(value: Any) -> Any:
    """Return the JSON *value* without what differs each time."""
    if isinstance(value, dict):
        rest = {name: one for name, one in value.items() if name != "elapsedSeconds"}
        return {name: compared(one) for name, one in rest.items()}
    return [compared(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("setting", "answer"), LISTS.values(), ids=LISTS)
def test_pages_apart_come_to_the_same_end(
    setting: dict[str, Any], answer: Callable[[Asked], bytes]
) -> None:
    """Items, counts, error and what it collected; the same requests, with the same keys."""
    with list_server(answer) as server:
        task = http(f"{server.url}/list", pagination=setting, idempotencyKey=True)
        with runtime() as shared:
            at_once = whole(HttpTask(task, name="A", runtime=shared))
        sent, server.received[:] = list(server.received), []
        apart, count = asyncio.run(in_steps(HttpTask(task, name="A"), runtime))
        sent_apart = list(server.received)
    assert compared(apart) == compared(at_once)
    assert [asked(one).target for one in sent_apart] == [asked(one).target for one in sent]
    assert count == len(sent) > 1


def test_a_cursor_with_a_secret_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server echoes the key in its next URLs: one call reads on to the end."""
    store(monkeypatch, key={"type": "apiKey", "in": "query", "name": "key", "key": "s3cret-value"})

    def answer(request: Asked) -> bytes:
        number = int(request.query.get("at", "1"))
        following = f"/list?key=s3cret-value&at={number + 1}" if number < 3 else None
        return page({"data": [number], "next": following})

    with list_server(answer) as server:
        setting = {"mode": "nextUrl", "next": "$.next"}
        task = http(f"{server.url}/list", credentials="key", pagination=setting)
        ended, count = asyncio.run(in_steps(HttpTask(task, name="A"), runtime))
        sent = len(server.received)
    assert (ended["body"], count, sent) == ([1, 2, 3], 1, 3)
