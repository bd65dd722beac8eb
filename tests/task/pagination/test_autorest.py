"""Lists of AutoRest's test server, which we did not write, read as it is meant to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

import autorest
from tasks import call, failure, http

pytestmark = pytest.mark.npm

VALUES = {"mode": "nextUrl", "items": "$.values", "next": "$.nextLink"}
ODATA = {"mode": "nextUrl", "items": "$.values", "next": "$['odata.nextLink']"}
ALONE = {"mode": "nextUrl", "items": "$.values", "next": "$.none"}
"""A list of one page: what its pages name as next is not to be followed."""


@dataclass(frozen=True, slots=True)
class List:
    """A list of the server, and what is to come of it."""

    path: str
    ids: list[int]
    """The ids of its items, in order."""
    pagination: dict[str, Any] = field(default_factory=lambda: VALUES)
    request: dict[str, Any] = field(default_factory=dict)
    kind: str = "success"
    """How it ends."""
    is_passed: bool = True
    """Whether the server reports that its scenario was passed."""


LISTS = {
    "noitemname": List("noitemname", [1], VALUES | {"items": "$.value"}),
    "nullnextlink": List("nullnextlink", [1], ALONE),
    "emptynextlink": List("emptynextlink", [1], VALUES | {"items": "$.value"}),
    "single": List("single", [1]),
    "single-with-a-body": List("single/getWithBodyParams", [1], request={"body": {"name": "body"}}),
    "client-name": List("itemNameWithXMSClientName", [1]),
    "multiple": List("multiple", list(range(1, 11))),
    "odata": List("multiple/odata", list(range(1, 11)), ODATA),
    "with-a-path": List("multiple/withpath/100", [1, *range(102, 111)]),
    "first-empty": List(
        "firstResponseEmpty/1", [1], VALUES | {"items": "$.value", "onEmpty": "continue"}
    ),
    "only-array": List("multiple", list(range(1, 11)), {"mode": "nextUrl", "next": "$.nextLink"}),
    "retry-first": List(
        "multiple/retryfirst",
        list(range(1, 11)),
        request={"cookies": {"scenario": "PagingMultipleRetryFirst"}},
    ),
    "retry-first-never": List("multiple/retryfirst", [], kind="status", is_passed=False),
    "retry-second": List(
        "multiple/retrysecond",
        [1, 1, *range(3, 11)],
        request={"cookies": {"scenario": "PagingMultipleRetrySecond"}},
    ),
    "retry-second-never": List("multiple/retrysecond", [1], kind="status", is_passed=False),
    "partial": List("customurl/partialnextlink", [1, 2]),
    "partial-path": List("customurl/partialnextlinkop", [1, 2]),
    "escaped": List("multiple/duplicateParams/1", [1], request={"query": {"$filter": "foo"}}),
    "max-page-size": List("maxPageSize", []),
    "failure": List("single/failure", [], kind="status"),
    "second-fails": List("multiple/failure", [1], kind="status"),
    "no-url": List("multiple/failureuri", [1], kind="status"),
    # What the next URL lacks is not put there again: it is followed as it is.
    "fragment": List(
        "multiple/fragment/test_user/",
        [1],
        ODATA,
        {"query": {"api_version": "1.6"}},
        "status",
        is_passed=False,
    ),
    "fragment-with-grouping": List(
        "multiple/fragmentwithgrouping/test_user/",
        [1],
        ODATA,
        {"query": {"api_version": "1.6"}},
        "status",
        is_passed=False,
    ),
    "next-operation": List(
        "multiple/getWithQueryParams",
        [1],
        request={"query": {"requiredQueryParameter": 100, "queryConstant": True}},
        kind="status",
        is_passed=False,
    ),
    "version-to-append": List(
        "apiVersion/append/1", [1], request={"query": {"api-version": "1.0.0"}}, kind="status"
    ),
    "version-to-replace": List(
        "apiVersion/replace/1", [1], request={"query": {"api-version": "1.0.0"}}, kind="status"
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the running server's lists."""
    with autorest.judge(tmp_path_factory.mktemp("coverage")) as url:
        yield f"{url}/paging"


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read(server: str, name: str) -> None:
    """All items in order, or the class of the call that failed with the items before it; and the
    server reports that its scenario was passed.
    """
    before = autorest.passed_count(server.removesuffix("/paging"))
    expected = LISTS[name]
    definition = http(
        f"{server}/{expected.path}", request=expected.request, pagination=expected.pagination
    )
    if expected.kind == "success":
        result = call(definition)
        assert result.pages is not None
        assert result.pages.complete
        collected = result.body
    else:
        error = failure(definition)
        assert error.kind == expected.kind
        assert error.pages is not None
        collected = error.collected
    assert [item["properties"]["id"] for item in collected] == expected.ids
    passed_count = autorest.passed_count(server.removesuffix("/paging"))
    assert (passed_count > before) is expected.is_passed


def test_a_page_that_fails_once_is_tried_again(server: str) -> None:
    """The server answers 500 until its cookie comes: each try of a page is counted."""
    definition = http(
        f"{server}/multiple/retryfirst",
        pagination=VALUES,
        retry={"intervalSeconds": 0, "maxAttempts": 2},
    )
    assert failure(definition).attempts == 2


def test_the_number_of_lists() -> None:
    """No row is lost. Three are of a list that another row reads: without `items`, and without the
    cookie that the server asks for.
    """
    assert len(LISTS) == 27
    assert len({expected.path for expected in LISTS.values()}) == 24
