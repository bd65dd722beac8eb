"""Lists that are read from the middle: `total` counts the items before it, too."""

from __future__ import annotations

from typing import Any

import pytest

from lists import Answer, Asked, cut, items, list_server, page, targets
from tasks import call, http

ALL = items(25)


def by_page(asked: Asked) -> bytes:
    size = int(asked.query.get("limit", 10))
    return page({"data": cut(ALL, size, int(asked.query["at"])), "total": len(ALL)})


def by_offset(origin: int) -> Answer:
    def answer(asked: Asked) -> bytes:
        name = next(name for name in asked.query if name != "limit")
        offset = int(asked.query[name]) - origin
        return page({"data": ALL[offset : offset + 10], "total": len(ALL)})

    return answer


def read(
    answer: Answer, mode: str, name: str = "at", written: Any = None, **setting: Any
) -> tuple[list[int], int, bool]:
    """Return the ids of the items, the number of requests, and whether it says that it is whole."""
    parameter = {"in": "query", "name": name}
    pagination = {"mode": mode, "parameter": parameter, "total": "$.total", **setting}
    request = {} if written is None else {"query": {name: written}}
    with list_server(answer) as server:
        result = call(http(server.url, request=request, pagination=pagination))
        assert result.pages is not None
        ids = [item["id"] for item in result.body]
        return ids, len(targets(server)), result.pages.complete


@pytest.mark.parametrize("written", [5, "5", None])
def test_an_offset_that_is_written_counts_as_read(written: Any) -> None:
    """20 items behind the first five are two pages, and the list is whole."""
    start = {"start": 5} if written is None else {}
    ids, requests, is_complete = read(by_offset(0), "offset", written=written, **start)
    assert (ids, requests, is_complete) == (list(range(6, 26)), 2, True)


def test_an_offset_from_1_loses_no_item() -> None:
    """A list that begins with 1 has nothing before it, and its last item may stand alone."""
    ids, requests, is_complete = read(by_offset(1), "offset", written=1)
    assert (ids, requests, is_complete) == (list(range(1, 26)), 3, True)


@pytest.mark.parametrize("origin", [0, 1])
def test_an_index_may_count_from_1(origin: int) -> None:
    """`startIndex` does in SCIM (RFC 7644, section 3.4.2.4): no item is lost, either way."""
    ids, _, is_complete = read(by_offset(origin), "offset", "startIndex", written=5 + origin)
    assert (ids, is_complete) == (list(range(6, 26)), True)
    ids, _, is_complete = read(by_offset(origin), "offset", "startIndex", written=14 + origin)
    assert (ids, is_complete) == (list(range(15, 26)), True)


@pytest.mark.parametrize("size", [{}, {"size": {"name": "limit", "value": 10}}])
@pytest.mark.parametrize("resumes", [False, True])
def test_a_page_that_is_written_counts_as_read(size: dict[str, Any], *, resumes: bool) -> None:
    """From page 2 of 3, the two pages that are left are read and no third one is asked for."""
    setting = {**size, "resume": 2} if resumes else size
    ids, requests, is_complete = read(by_page, "page", written=None if resumes else 2, **setting)
    assert (ids, requests, is_complete) == (list(range(11, 26)), 2, True)


def test_a_last_page_that_is_written_is_whole() -> None:
    """A short page may be one of a smaller size: the empty one behind it says that it was not."""
    size = {"size": {"name": "limit", "value": 10}}
    ids, requests, is_complete = read(by_page, "page", written=3, **size)
    assert (ids, requests, is_complete) == (list(range(21, 26)), 2, True)


def test_a_server_that_caps_a_page_loses_nothing() -> None:
    """Ten items come where a hundred were asked for: the pages before had ten, too."""

    def answer(asked: Asked) -> bytes:
        return page({"data": cut(ALL, 10, int(asked.query["at"])), "total": len(ALL)})

    size = {"size": {"name": "limit", "value": 100}}
    ids, _, is_complete = read(answer, "page", written=2, **size)
    assert (ids, is_complete) == (list(range(11, 26)), True)


@pytest.mark.parametrize(
    ("written", "is_complete"), [(None, False), ("", False), ("*", False), ("p7", True)]
)
def test_a_token_that_is_written_begins_somewhere(written: Any, *, is_complete: bool) -> None:
    """Where it begins is not known: fewer items than the total are no sign of missing ones. Of a
    list from its beginning they are.
    """
    _, _, says_complete = read(
        lambda _: page({"data": ALL[:3], "total": 25}), "cursor", written=written, next="$.next"
    )
    assert says_complete is is_complete


def test_a_total_that_only_a_page_before_says_counts() -> None:
    """The last page has no total, and 15 items are missing: the list is not whole."""
    pages = {"0": {"data": ALL[:10], "total": 25}, "10": {"data": []}}
    _, _, is_complete = read(lambda asked: page(pages[asked.query["at"]]), "offset")
    assert not is_complete
